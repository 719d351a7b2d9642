"""Action items: what meetings have agreed that somebody does, and what was said of it.

All of it belongs to one district, and goes through the connection of its store.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models
from storage.models import ActionItem, Saying, table
from storage.vocabulary import ActionStatus, ChallengeId, DistrictId, PersonId, TeamId

items: Final = table(models.ActionItem)
sayings: Final = table(models.Saying)


async def item(connection: AsyncConnection, district_id: DistrictId, item_id: str) -> ActionItem | None:
    """None when this district has none of that id."""
    wanted = select(items).where(items.c.district_id == district_id, items.c.id == item_id)
    row = (await connection.execute(wanted)).first()
    return ActionItem(**row._mapping) if row else None


async def open_items(
    connection: AsyncConnection,
    district_id: DistrictId,
    *,
    owner_id: PersonId | None = None,
    meets: tuple[str, TeamId] | None = None,
    team_id: TeamId | None = None,
    plan_id: str | None = None,
    challenge_id: ChallengeId | None = None,
    due_before: date | None = None,
) -> list[ActionItem]:
    """Those that are not done, the longest due first: of one owner; of a meeting (see `_of`), or a team; of a private plan;
    or that concern a challenge."""
    wanted = select(items).where(items.c.district_id == district_id, items.c.status == ActionStatus.OPEN)
    if owner_id is not None:
        wanted = wanted.where(items.c.owner_id == owner_id)
    if meets is not None:
        wanted = wanted.where(_of(meets))
    if team_id is not None:
        wanted = wanted.where(items.c.team_id == team_id)
    if plan_id is not None:
        wanted = wanted.where(items.c.plan_id == plan_id)
    if challenge_id is not None:
        wanted = wanted.where(items.c.challenge_id == challenge_id)
    if due_before is not None:
        wanted = wanted.where(items.c.due_on < due_before)
    return await _items(connection, wanted.order_by(items.c.due_on, items.c.added_at, items.c.id))


def _of(meets: tuple[str, TeamId]) -> ColumnElement[bool]:
    """What a meeting (its routine, and its team) has before it: of a team whatever it agreed on, in any of its routines."""
    routine_id, team_id = meets
    return items.c.team_id == team_id if team_id else (items.c.routine_id == routine_id) & (items.c.team_id == "")


async def ended_since(
    connection: AsyncConnection, district_id: DistrictId, meets: tuple[str, TeamId], since: datetime
) -> list[ActionItem]:
    """What was done or dropped of a meeting's items from this instant on."""
    wanted = select(items).where(items.c.district_id == district_id, _of(meets), items.c.ended_at >= since)
    return await _items(connection, wanted.order_by(items.c.ended_at, items.c.id))


async def of_occurrence(connection: AsyncConnection, district_id: DistrictId, occurrence_id: str) -> list[ActionItem]:
    """What was agreed in one meeting, whatever became of it."""
    wanted = select(items).where(items.c.district_id == district_id, items.c.occurrence_id == occurrence_id)
    return await _items(connection, wanted.order_by(items.c.added_at, items.c.id))


async def all_of(connection: AsyncConnection, district_id: DistrictId) -> list[ActionItem]:
    """Every one that a meeting of the district has agreed on, ended ones included, the first first."""
    wanted = select(items).where(items.c.district_id == district_id, items.c.plan_id.is_(None))
    return await _items(connection, wanted.order_by(items.c.added_at, items.c.id))


async def _items(connection: AsyncConnection, wanted: Any) -> list[ActionItem]:
    return [ActionItem(**row._mapping) for row in await connection.execute(wanted)]


async def add(connection: AsyncConnection, new: ActionItem) -> None:
    await connection.execute(insert(items), {each.name: getattr(new, each.name) for each in items.columns})


async def change(connection: AsyncConnection, row: ActionItem, **values: Any) -> None:
    """Sets columns of it, here and in the row."""
    for name, value in values.items():
        setattr(row, name, value)
    mine = (items.c.district_id == row.district_id, items.c.id == row.id)
    await connection.execute(update(items).where(*mine).values(values))


async def say(connection: AsyncConnection, new: Saying) -> None:
    await connection.execute(insert(sayings), {each.name: getattr(new, each.name) for each in sayings.columns})


async def said(
    connection: AsyncConnection, district_id: DistrictId, item_ids: Collection[str]
) -> Mapping[str, list[Saying]]:
    """What was said of each of these items, oldest first."""
    wanted = (
        select(sayings)
        .where(sayings.c.district_id == district_id, sayings.c.item_id.in_(sorted(item_ids)))
        .order_by(sayings.c.said_at, sayings.c.id)
    )
    found: dict[str, list[Saying]] = defaultdict(list)
    for row in await connection.execute(wanted) if item_ids else ():
        found[row.item_id].append(Saying(**row._mapping))
    return found
