"""The occurrences of routines: what is planned, what took place, and what was said of it.

All of it belongs to one district, and goes through the connection of its store.
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models
from storage.models import table
from storage.vocabulary import DistrictId, OccurrenceStatus, RecordField, TeamId

occurrences: Final = table(models.Occurrence)
routines: Final = table(models.Routine)
records: Final = table(models.Record)

TO_COME: Final = (OccurrenceStatus.PLANNED, OccurrenceStatus.PREPARED)
"""Not over yet, or not yet known whether it took place."""


async def occurrence(
    connection: AsyncConnection, district_id: DistrictId, occurrence_id: str
) -> models.Occurrence | None:
    """None when this district has none of that id."""
    wanted = select(occurrences).where(occurrences.c.district_id == district_id, occurrences.c.id == occurrence_id)
    row = (await connection.execute(wanted)).first()
    return models.Occurrence(**row._mapping) if row else None


async def last_planned(
    connection: AsyncConnection, district_id: DistrictId, routine_id: str, team_id: TeamId
) -> date | None:
    """The last day of the rule for which there is an occurrence, whatever became of it."""
    last = select(func.max(occurrences.c.planned_on)).where(
        occurrences.c.district_id == district_id,
        occurrences.c.routine_id == routine_id,
        occurrences.c.team_id == team_id,
    )
    found: date | None = await connection.scalar(last)
    return found


async def to_come(
    connection: AsyncConnection, district_id: DistrictId, routine_ids: Collection[str]
) -> list[models.Occurrence]:
    """Those of these routines that are planned or prepared, the soonest first."""
    wanted = (
        select(occurrences)
        .where(
            occurrences.c.district_id == district_id,
            occurrences.c.routine_id.in_(sorted(routine_ids)),
            occurrences.c.status.in_(TO_COME),
        )
        .order_by(occurrences.c.starts_at, occurrences.c.id)
    )
    return [models.Occurrence(**row._mapping) for row in await connection.execute(wanted)]


async def before(
    connection: AsyncConnection, district_id: DistrictId, routine_id: str, team_id: TeamId, at: datetime
) -> models.Occurrence | None:
    """The last one before this instant that took place."""
    wanted = (
        select(occurrences)
        .where(
            occurrences.c.district_id == district_id,
            occurrences.c.routine_id == routine_id,
            occurrences.c.team_id == team_id,
            occurrences.c.status == OccurrenceStatus.HELD,
            occurrences.c.starts_at < at,
        )
        .order_by(occurrences.c.starts_at.desc())
        .limit(1)
    )
    row = (await connection.execute(wanted)).first()
    return models.Occurrence(**row._mapping) if row else None


async def since(
    connection: AsyncConnection, district_id: DistrictId, routine_ids: Collection[str], at: datetime
) -> list[models.Occurrence]:
    """All of these routines from this instant on, whatever became of them; those in the place of others after these."""
    wanted = (
        select(occurrences)
        .where(
            occurrences.c.district_id == district_id,
            occurrences.c.routine_id.in_(sorted(routine_ids)),
            occurrences.c.starts_at >= at,
        )
        .order_by(occurrences.c.planned_at, occurrences.c.sequence, occurrences.c.id)
    )
    return [models.Occurrence(**row._mapping) for row in await connection.execute(wanted)]


async def gone_from(
    connection: AsyncConnection, district_id: DistrictId, routine_ids: Collection[str], after: datetime
) -> list[models.Occurrence]:
    """Those of these routines that were moved or cancelled, and would have begun after this instant."""
    wanted = (
        select(occurrences)
        .where(
            occurrences.c.district_id == district_id,
            occurrences.c.routine_id.in_(sorted(routine_ids)),
            occurrences.c.starts_at > after,
            occurrences.c.status.in_((OccurrenceStatus.MOVED, OccurrenceStatus.CANCELLED)),
        )
        .order_by(occurrences.c.starts_at, occurrences.c.id)
    )
    return [models.Occurrence(**row._mapping) for row in await connection.execute(wanted)]


async def of_root(
    connection: AsyncConnection, district_id: DistrictId, routine_id: str, root_id: str
) -> list[models.Occurrence]:
    """One meeting with all that it was moved from, the latest last."""
    wanted = (
        select(occurrences)
        .where(
            occurrences.c.district_id == district_id,
            occurrences.c.routine_id == routine_id,
            occurrences.c.root_id == root_id,
        )
        .order_by(occurrences.c.sequence, occurrences.c.planned_at)
    )
    return [models.Occurrence(**row._mapping) for row in await connection.execute(wanted)]


async def add(connection: AsyncConnection, new: models.Occurrence) -> None:
    await connection.execute(insert(occurrences), {each.name: getattr(new, each.name) for each in occurrences.columns})


async def change(connection: AsyncConnection, row: models.Occurrence, **values: Any) -> None:
    """Sets columns of it, here and in the row."""
    for name, value in values.items():
        setattr(row, name, value)
    mine = (occurrences.c.district_id == row.district_id, occurrences.c.id == row.id)
    await connection.execute(update(occurrences).where(*mine).values(values))


async def set_running(connection: AsyncConnection, district_id: DistrictId, routine_id: str, running: bool) -> bool:
    """Whether Clearway runs this routine; whether that is news."""
    mine = (routines.c.district_id == district_id, routines.c.id == routine_id, routines.c.running.is_not(running))
    changed = await connection.execute(update(routines).where(*mine).values(running=running))
    return changed.rowcount > 0


async def say(connection: AsyncConnection, new: models.Record) -> None:
    await connection.execute(insert(records), {each.name: getattr(new, each.name) for each in records.columns})


async def said(connection: AsyncConnection, of: models.Occurrence) -> list[models.Record]:
    """What was recorded of an occurrence, oldest first; and what was put on the agenda of the one whose place it has."""
    here = (occurrences.c.district_id == of.district_id) & (occurrences.c.root_id == of.root_id)
    same = records.c.occurrence_id.in_(select(occurrences.c.id).where(here))
    wanted = (
        select(records)
        .where(
            records.c.district_id == of.district_id,
            (records.c.occurrence_id == of.id) | (same & (records.c.field == RecordField.AGENDA)),
        )
        .order_by(records.c.said_at, records.c.id)
    )
    return [models.Record(**row._mapping) for row in await connection.execute(wanted)]
