"""Who may come in, and what keeps the server going: accounts, workspaces, our apps, heartbeats.

Ids, times and ciphertext only, on a connection opened by `Database.queue()`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, Select, Table, and_, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models
from storage.models import table
from storage.vocabulary import DistrictId, PersonId, Platform

districts: Final = table(models.District)
workspaces: Final = table(models.Workspace)
account: Final = table(models.Account)
choices: Final = table(models.ChosenDistrict)
inbox: Final = table(models.InboxKey)
registration: Final = table(models.Registration)
beating: Final = table(models.Beat)
practice: Final = table(models.PracticeClock)


def _insert(connection: AsyncConnection, of: Table) -> Any:
    """The insert of this database, which can say what happens on a conflict."""
    return postgres_insert(of) if connection.dialect.name == "postgresql" else sqlite_insert(of)


async def district_ids(connection: AsyncConnection) -> list[DistrictId]:
    """Every district of this server."""
    return list(await connection.scalars(select(districts.c.id).order_by(districts.c.id)))


async def real_district_ids(connection: AsyncConnection) -> list[DistrictId]:
    """Those that are not made up. For the practice workspace: on PostgreSQL the loops may not ask."""
    return list(await connection.scalars(select(districts.c.id).where(districts.c.fictional.is_(False))))


# ----------------------------------------------------------------------------------------------------------- identity


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account of a person, and whether and where they can be reached on it."""

    district_id: DistrictId
    person_id: PersonId
    platform: Platform
    workspace_id: str
    user_id: str
    preferred: bool
    conversation_id: str | None
    unreachable_since: datetime | None
    directory_id: str | None = None
    mail: str | None = None
    linked: bool = False


async def accounts(
    connection: AsyncConnection, platform: Platform, workspace_id: str, user_id: str, directory_id: str = ""
) -> list[tuple[DistrictId, PersonId]]:
    """Whom this account belongs to: one person in each district.

    A district's file may name an account by either id: the platform's own, or that of the organization's directory.
    """
    ids = [user_id, directory_id] if directory_id else [user_id]
    theirs = (
        or_(account.c.user_id.in_(ids), account.c.directory_id == directory_id)
        if directory_id
        else (account.c.user_id == user_id)
    )
    rows = await connection.execute(
        select(account.c.district_id, account.c.person_id)
        .where(account.c.platform == platform, account.c.workspace_id == workspace_id, theirs)
        .order_by(account.c.district_id, account.c.user_id != user_id)
    )
    found: dict[DistrictId, PersonId] = {}
    for row in rows:
        found.setdefault(row.district_id, row.person_id)
    return list(found.items())


async def accounts_of(connection: AsyncConnection, district_id: DistrictId, person_id: PersonId) -> list[AccountRow]:
    """The person's accounts, the preferred one first."""
    rows = await connection.execute(
        select(account)
        .where(account.c.district_id == district_id, account.c.person_id == person_id)
        .order_by(
            account.c.preferred.desc(),
            account.c.platform,
            account.c.workspace_id,
            account.c.user_id,
        )
    )
    return [AccountRow(**row._mapping) for row in rows]


async def admitted(connection: AsyncConnection, platform: Platform, workspace_id: str) -> list[DistrictId]:
    """The districts that admit people of this workspace or tenant."""
    return list(
        await connection.scalars(
            select(workspaces.c.district_id)
            .where(workspaces.c.platform == platform, workspaces.c.workspace_id == workspace_id)
            .order_by(workspaces.c.district_id)
        )
    )


async def workspaces_of(connection: AsyncConnection, district_id: DistrictId) -> list[tuple[Platform, str]]:
    """The workspaces and tenants that a district admits."""
    rows = await connection.execute(
        select(workspaces.c.platform, workspaces.c.workspace_id)
        .where(workspaces.c.district_id == district_id)
        .order_by(workspaces.c.platform, workspaces.c.workspace_id)
    )
    return [(row.platform, row.workspace_id) for row in rows]


async def chosen(
    connection: AsyncConnection, platform: Platform, workspace_id: str, user_id: str, conversation_id: str
) -> DistrictId | None:
    """The district that somebody in several has named for this conversation."""
    return await connection.scalar(
        select(choices.c.district_id)
        .where(_choice(platform, workspace_id, user_id, conversation_id))
        .order_by(choices.c.chosen_at.desc())
        .limit(1)
    )


async def chosen_last(
    connection: AsyncConnection, platform: Platform, workspace_id: str, user_id: str
) -> DistrictId | None:
    """The district that somebody in several has named last, in any conversation."""
    return await connection.scalar(
        select(choices.c.district_id)
        .where(choices.c.platform == platform, choices.c.workspace_id == workspace_id, choices.c.user_id == user_id)
        .order_by(choices.c.chosen_at.desc())
        .limit(1)
    )


async def choose_district(
    connection: AsyncConnection,
    platform: Platform,
    workspace_id: str,
    user_id: str,
    conversation_id: str,
    district_id: DistrictId,
    now: datetime,
) -> None:
    """Their answer; it replaces an earlier one."""
    await connection.execute(delete(choices).where(_choice(platform, workspace_id, user_id, conversation_id)))
    row = {
        "district_id": district_id,
        "platform": platform,
        "workspace_id": workspace_id,
        "user_id": user_id,
        "conversation_id": conversation_id,
        "chosen_at": now,
    }
    statement = _insert(connection, choices)
    answer = statement.on_conflict_do_update(
        index_elements=list(choices.primary_key.columns), set_={"chosen_at": statement.excluded.chosen_at}
    )
    await connection.execute(answer, row)


async def set_conversation(
    connection: AsyncConnection, to: AccountRow, conversation_id: str, directory_id: str = ""
) -> None:
    """The direct conversation with them is open: they can be reached there. `directory_id`: who they are there, where
    the platform has said so."""
    known = {"directory_id": directory_id} if directory_id else {}
    await connection.execute(
        update(account).where(_is(to)).values(conversation_id=conversation_id, unreachable_since=None, **known)
    )


async def set_mail(connection: AsyncConnection, to: AccountRow, mark: str | None) -> None:
    """The digest of the address that the platform has verified for this account."""
    await connection.execute(update(account).where(_is(to)).values(mail=mark))


async def mark_unreachable(connection: AsyncConnection, to: AccountRow, now: datetime) -> None:
    """The platform will not take anything for this account; the instant of the first refusal stays."""
    await connection.execute(
        update(account).where(_is(to), account.c.unreachable_since.is_(None)).values(unreachable_since=now)
    )


async def mark_all_unreachable(
    connection: AsyncConnection, platform: Platform, workspace_id: str, now: datetime
) -> int:
    """Our app is gone from a workspace; how many accounts can no longer be reached. A message that arrives ends it."""
    lost = await connection.execute(
        update(account)
        .where(
            account.c.platform == platform,
            account.c.workspace_id == workspace_id,
            account.c.unreachable_since.is_(None),
        )
        .values(unreachable_since=now)
    )
    return lost.rowcount


def _is(to: AccountRow) -> Any:
    return and_(
        account.c.district_id == to.district_id,
        account.c.platform == to.platform,
        account.c.workspace_id == to.workspace_id,
        account.c.user_id == to.user_id,
    )


def _choice(platform: Platform, workspace_id: str, user_id: str, conversation_id: str) -> Any:
    return and_(
        choices.c.platform == platform,
        choices.c.workspace_id == workspace_id,
        choices.c.user_id == user_id,
        choices.c.conversation_id == conversation_id,
    )


async def forget_old_keys(connection: AsyncConnection, before: datetime) -> int:
    """Drops the inbox keys of intents handled before this instant; how many there were."""
    return (await connection.execute(delete(inbox).where(inbox.c.at < before))).rowcount


# --------------------------------------------------------------------------------------------- our apps at the platforms


async def registrations(connection: AsyncConnection, platform: Platform | None = None) -> list[models.Registration]:
    """Our apps (at one platform), oldest first."""
    wanted: Select[Any] = select(registration).order_by(registration.c.created_at, registration.c.id)
    if platform:
        wanted = wanted.where(registration.c.platform == platform)
    return [_registration(row) for row in await connection.execute(wanted)]


async def insert_registration(connection: AsyncConnection, new: models.Registration) -> None:
    await connection.execute(insert(registration), _values(new))


async def update_registration(connection: AsyncConnection, registration_id: str, **values: Any) -> None:
    """What was learned (`app_id`, `workspace_id`, `bot_user_id`, `service_url`), or new `secrets`, sealed."""
    await connection.execute(update(registration).where(registration.c.id == registration_id).values(values))


async def delete_registration(connection: AsyncConnection, registration_id: str) -> None:
    """Forgets this app and its secrets."""
    await connection.execute(delete(registration).where(registration.c.id == registration_id))


async def seed_registration(
    connection: AsyncConnection,
    platform: Platform,
    secrets: str,
    now: datetime,
    *,
    app_id: str = "",
    workspace_id: str = "",
) -> models.Registration:
    """The one registration of this platform that follows the environment: made at the first start, its secrets
    (sealed) replaced at each. What it has learned since stays, unless an id is given anew."""
    known = {name: value for name, value in {"app_id": app_id, "workspace_id": workspace_id}.items() if value}
    seeded = and_(registration.c.platform == platform, registration.c.seeded)
    found = (
        await connection.execute(
            update(registration).where(seeded).values(secrets=secrets, **known).returning(registration)
        )
    ).first()
    if found is None:
        new = models.Registration(platform=platform, secrets=secrets, seeded=True, created_at=now, **known)
        statement = _insert(connection, registration)
        adopted = statement.on_conflict_do_update(  # another process was quicker, or the app was installed before
            index_elements=["platform", "app_id", "workspace_id"],
            set_={"secrets": statement.excluded.secrets, "seeded": True},
        )
        found = (await connection.execute(adopted.returning(registration), _values(new))).one()
    return _registration(found)


def _values(row: models.Registration) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in registration.columns}


def _registration(row: Row[Any]) -> models.Registration:
    return models.Registration(**row._mapping)


# --------------------------------------------------------------------------------------------------- heart and clock


async def beat(connection: AsyncConnection, loop: str, now: datetime, breaches: int = 0) -> None:
    """This loop has gone round; `breaches`: promises that it found broken and could not mend."""
    statement = _insert(connection, beating)
    again = statement.on_conflict_do_update(
        index_elements=["loop"],
        set_={"at": statement.excluded.at, "breaches": statement.excluded.breaches},
    )
    await connection.execute(again, {"loop": loop, "at": now, "breaches": breaches})


async def beats(connection: AsyncConnection) -> list[models.Beat]:
    """When each loop last went round, in any process."""
    return [models.Beat(**row._mapping) for row in await connection.execute(select(beating).order_by(beating.c.loop))]


async def practice_ahead(connection: AsyncConnection) -> timedelta:
    """How far the practice workspace has moved its clock."""
    return timedelta(seconds=await connection.scalar(select(func.max(practice.c.ahead_s))) or 0)


async def set_practice_ahead(connection: AsyncConnection, ahead: timedelta) -> None:
    """Moves it, in whole seconds."""
    statement = _insert(connection, practice)
    moved = statement.on_conflict_do_update(index_elements=["id"], set_={"ahead_s": statement.excluded.ahead_s})
    await connection.execute(moved, {"id": 1, "ahead_s": int(ahead.total_seconds())})
