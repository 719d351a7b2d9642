"""Who somebody is, by Slack's account of them."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.profiles import Profile
from bot.slack.transport import ask, code_of
from bot.transport import TryLaterError, UndeliverableError
from handlers.request import Identity

NOBODY: Final = frozenset({"users_not_found", "missing_scope"})
PATIENCE_S: Final = 0.9  # somebody waits: with a transaction of two seconds the answer still comes within Slack's three


class SlackProfiles:
    """Implements `bot.profiles.Profiles`."""

    def __init__(self, client_of: Callable[[str], AsyncWebClient | None], *, patience_s: float = PATIENCE_S) -> None:
        self._client_of = client_of
        self._patience_s = patience_s

    async def look_up(self, identity: Identity) -> Profile | None:
        client = self._client_of(identity.workspace_id)
        if client is None:
            return None
        try:
            async with asyncio.timeout(self._patience_s):
                found = await ask(client.users_info(user=identity.user_id, include_locale=True), again=True)
        except TimeoutError as slow:
            raise TryLaterError("slow") from slow
        except UndeliverableError:
            return None
        user = found["user"]
        if user.get("deleted"):
            return None
        told = user.get("profile", {})
        homes = {user.get("team_id") or identity.workspace_id, *user.get("enterprise_user", {}).get("teams", ())}
        return Profile(
            name=told.get("real_name") or user.get("real_name") or told.get("display_name") or user.get("name", ""),
            guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
            foreign=bool(user.get("is_stranger")) or identity.workspace_id not in homes,
            bot=bool(user.get("is_bot")) or identity.user_id == "USLACKBOT",
            timezone=user.get("tz"),
            locale=user.get("locale"),
            email="" if _unconfirmed(user) else str(told.get("email") or ""),  # only with the scope users:read.email
        )

    async def find(self, workspace_id: str, email: str) -> str | None:
        """Needs the optional scope users:read.email; without it nobody is found."""
        client = self._client_of(workspace_id)
        if client is None:
            return None
        try:
            async with asyncio.timeout(self._patience_s):
                found = await client.users_lookupByEmail(email=email)
        except TimeoutError as slow:
            raise TryLaterError("slow") from slow
        except SlackApiError as refusal:
            if code_of(refusal) in NOBODY:
                return None
            raise TryLaterError(code_of(refusal)) from refusal
        except aiohttp.ClientError as failure:
            raise TryLaterError(type(failure).__name__) from failure
        user = found["user"]
        return None if _unconfirmed(user) else str(user["id"])


def _unconfirmed(user: Mapping[str, Any]) -> bool:
    """They never showed that their address is theirs. Slack does not always say.

    https://docs.slack.dev/reference/objects/user-object
    """
    return user.get("is_email_confirmed") is False
