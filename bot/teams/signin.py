"""Who looks at the tab: the token that Teams gives a page of ours for the person who has it open (single sign-on).

https://learn.microsoft.com/microsoftteams/platform/tabs/how-to/authentication/tab-sso-overview
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

import aiohttp
import jwt

from bot.teams.cloud import Cloud
from bot.teams.options import TeamsRegistration
from bot.teams.tokens import ALGORITHM, BROKEN, LEEWAY_S, MOST_CHARACTERS, Keys, NotTrustedError
from handlers.request import Identity
from scheduling.clock import Clock
from storage.vocabulary import Platform

VERSION: Final = "2.0"
"""Of the tokens: the app's registration asks for these (`requestedAccessTokenVersion`)."""


class SignIn:
    """Checks the tokens of the tab, for every registration."""

    def __init__(
        self,
        registrations: Sequence[TeamsRegistration],
        cloud: Cloud,
        session: Callable[[], aiohttp.ClientSession],
        clock: Clock,
    ) -> None:
        self._login = cloud.login_url.rstrip("/")
        self._clock = clock
        self._jws = jwt.PyJWS(algorithms=[ALGORITHM])
        self._apps = {each.app_id.lower(): each.workspace_id.lower() for each in registrations}
        self._keys = {
            tenant: Keys(f"{self._login}/{tenant}/v2.0/.well-known/openid-configuration", session)
            for tenant in self._apps.values()
        }

    async def who(self, header: str) -> tuple[Identity, str]:
        """The person, and the app that they have open. NotTrustedError for whatever is not a good token of theirs.

        They are known by their id in the directory: the one by which Teams names them in a chat is not in it.
        """
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.isascii() or not 0 < len(token) <= MOST_CHARACTERS:
            raise NotTrustedError("no token")
        try:
            kid = self._jws.get_unverified_header(token)["kid"]
            unverified = json.loads(jwt.PyJWS().decode(token, options={"verify_signature": False}))
            app = app_of(str(unverified["aud"]))
            tenant = self._apps[app]
        except BROKEN as broken:
            raise NotTrustedError("malformed") from broken
        key = await self._keys[tenant].get(kid) if isinstance(kid, str) else None
        if key is None:
            raise NotTrustedError("unknown key")
        try:
            said = json.loads(self._jws.decode(token, key.public, algorithms=[ALGORITHM]))
        except BROKEN as broken:
            raise NotTrustedError("signature") from broken
        return self._identity(said, tenant), app

    def _identity(self, said: Any, tenant: str) -> Identity:
        now = self._clock.now().timestamp()
        match said:
            case {
                "iss": str(issuer),
                "tid": str(theirs),
                "oid": str(directory_id),
                "exp": int() | float() as expires,
                "ver": version,
            } if version == VERSION and not isinstance(expires, bool):
                pass
            case _:
                raise NotTrustedError("claims")
        if issuer != f"{self._login}/{tenant}/v2.0" or theirs.lower() != tenant or not directory_id:
            raise NotTrustedError("tenant")
        begins = said.get("nbf", now)
        if not isinstance(begins, int | float) or begins - LEEWAY_S > now:
            raise NotTrustedError("not yet")
        if expires + LEEWAY_S <= now:
            raise NotTrustedError("expired")
        return Identity(Platform.TEAMS, tenant, "", directory_id=directory_id.lower())


def app_of(audience: str) -> str:
    """The app that a token is for: by its id, or by the address that the app's manifest gives (`api://host/botid-ID`)."""
    return audience.rpartition("/")[2].removeprefix("botid-").lower()
