"""What we learn of an account while its owner writes to us: where they can be reached, and by what they may be known."""

from collections.abc import Awaitable, Callable, Mapping

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.districts import Districts
from bot.profiles import Profiles
from bot.transport import TryLaterError
from handlers.request import Identity
from storage import registrations
from storage.registrations import AccountRow
from storage.store import Came, Store
from storage.vocabulary import Door, Platform

log = structlog.get_logger()


def mail_mark(store: Store, email: str) -> str | None:
    """A keyed digest of an address: equal for equal ones, whatever their capitals. None for no address."""
    return store.mark(f"mail:{email.casefold()}") if email else None


def remembering(
    districts: Districts, profiles: Mapping[Platform, Profiles]
) -> Callable[[Identity, str], Awaitable[None]]:
    """What to call when somebody has written to us in their own chat: messages then reach them there, unasked."""

    missed: set[Identity] = set()
    """Of whose accounts the platform did not tell us when we asked."""

    async def conversing(identity: Identity, conversation_id: str) -> None:
        async with districts.database.queue(write=False) as connection:
            theirs = await _accounts(connection, identity)
        news = [each for each in theirs if _is_news(each, identity, conversation_id)]
        if news:
            async with districts.database.queue() as connection:
                for each in news:
                    await registrations.set_conversation(connection, each, conversation_id, identity.directory_id)
        unmarked = [each for each in theirs if each.mail is None and (each in news or identity in missed)]
        missed.discard(identity)
        if unmarked and not await _mark(districts, profiles, identity, unmarked):
            missed.add(identity)

    return conversing


async def _accounts(connection: AsyncConnection, identity: Identity) -> list[AccountRow]:
    """Theirs in this workspace, by either id."""
    where = identity.platform, identity.workspace_id
    people = await registrations.accounts(connection, *where, identity.user_id, identity.directory_id)
    return [
        row
        for district_id, person_id in people
        for row in await registrations.accounts_of(connection, district_id, person_id)
        if (row.platform, row.workspace_id) == where
        and (
            row.user_id in {identity.user_id, identity.directory_id}
            or (row.directory_id and row.directory_id == identity.directory_id)
        )
    ]


def _is_news(row: AccountRow, identity: Identity, conversation_id: str) -> bool:
    return (
        row.conversation_id != conversation_id
        or row.unreachable_since is not None
        or (row.directory_id or "") != identity.directory_id
    )


async def _mark(
    districts: Districts, profiles: Mapping[Platform, Profiles], identity: Identity, rows: list[AccountRow]
) -> bool:
    """Notes the address of an account that a district's file gave: by it they are recognized on another platform, too.

    Teams finds nobody by an address, so it is asked for it here. False: it could not say, and is to be asked again.
    """
    try:
        profile = await profiles[identity.platform].look_up(identity)
    except TryLaterError as error:
        log.info("account.not_looked_up", reason=error.reason)
        return False
    if profile is None or not profile.email:
        return True
    for row in rows:
        async with districts.open(row.district_id, Came(Door.DIRECT_MESSAGE, identity.platform)) as store:
            mark = mail_mark(store, profile.email)
        async with districts.database.queue() as connection:
            await registrations.set_mail(connection, row, mark)
    return True
