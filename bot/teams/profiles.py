"""Who somebody is, by what Teams tells of the members of a conversation."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.profiles import Profile
from bot.teams.connector import Connector
from bot.teams.options import THREAD
from bot.teams.ways import Ways
from bot.transport import OutcomeUnknownError, TryLaterError, UndeliverableError
from handlers.request import Identity

PATIENCE_S: Final = 0.9  # somebody waits: with a transaction of two seconds the answer still comes within Teams' five
SEEN_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Seen:
    """Where somebody was last heard, and what their client said of itself."""

    conversation_id: str
    timezone: str | None = None
    locale: str | None = None


class TeamsProfiles:
    """Implements `bot.profiles.Profiles`."""

    def __init__(self, ways: Ways, *, patience_s: float = PATIENCE_S) -> None:
        self._ways = ways
        self._patience_s = patience_s
        self._seen: OrderedDict[tuple[str, str], Seen] = OrderedDict()

    def seen(self, workspace_id: str, user_id: str, activity: Mapping[str, Any]) -> None:
        """Remembers, of a verified activity, where its author can be looked up."""
        match activity:
            case {"conversation": {"id": str(conversation)}}:
                pass
            case _:
                return
        entities = activity.get("entities")
        told = (each for each in entities if isinstance(each, dict)) if isinstance(entities, list) else ()
        zone = next((each.get("timezone") for each in told if each.get("type") == "clientInfo"), None)
        where = conversation.partition(THREAD)[0]  # of a channel: its members are those of all its threads
        self._seen[workspace_id, user_id] = Seen(where, _word(zone), _word(activity.get("locale")))
        self._seen.move_to_end((workspace_id, user_id))
        if len(self._seen) > SEEN_MOST:
            self._seen.popitem(last=False)

    async def look_up(self, identity: Identity) -> Profile | None:
        seen = self._seen.get((identity.workspace_id, identity.user_id))

        async def by(connector: Connector) -> Mapping[str, Any]:
            return await self._member(connector, identity, seen)

        try:
            async with asyncio.timeout(self._patience_s):
                told = await self._ways.go(identity.workspace_id, [identity.user_id], by)
        except TimeoutError as slow:
            raise TryLaterError("slow") from slow
        except OutcomeUnknownError as unknown:
            raise TryLaterError(unknown.reason) from unknown
        except UndeliverableError:
            return None
        return _profile(told, identity, seen)

    @staticmethod
    async def _member(connector: Connector, identity: Identity, seen: Seen | None) -> Mapping[str, Any]:
        """Where they wrote, we may be no member: a message action works there, too. Then in the chat between us."""
        if seen:
            try:
                return await connector.member(seen.conversation_id, identity.user_id)
            except UndeliverableError:
                pass
        return await connector.member(await connector.create(identity.user_id), identity.user_id)

    async def find(self, workspace_id: str, email: str) -> str | None:
        """A bot may ask for the members of a conversation that it is in, and for nobody else."""
        return None


def _profile(told: Mapping[str, Any], identity: Identity, seen: Seen | None) -> Profile:
    principal, role = str(told.get("userPrincipalName") or ""), str(told.get("userRole") or "user")
    home = str(told.get("tenantId") or identity.workspace_id)
    return Profile(
        name=str(told.get("name") or f"{told.get('givenName') or ''} {told.get('surname') or ''}".strip()),
        guest=role.lower() in {"guest", "anonymous"} or "#ext#" in principal.lower(),
        foreign=home.lower() != identity.workspace_id.lower(),
        bot=str(told.get("id") or identity.user_id).startswith("28:"),
        timezone=seen.timezone if seen else None,
        locale=seen.locale if seen else None,
        directory_id=str(told.get("aadObjectId") or told.get("objectId") or "").lower(),
        email=str(told.get("email") or "").strip().lower(),
    )


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= 64 else None
