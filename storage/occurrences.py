"""The occurrences of routines: what is planned, what took place, and what was said of it.

All of it belongs to one district, and goes through the connection of its store.
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Select, delete, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models
from storage.log import challenges, is_taken_back
from storage.models import table
from storage.vocabulary import (
    DistrictId,
    Kind,
    MessageKind,
    MessageState,
    OccurrenceStatus,
    PersonId,
    RecordField,
    TeamId,
)

occurrences: Final = table(models.Occurrence)
routines: Final = table(models.Routine)
records: Final = table(models.Record)
_TAKEN_BACK: Final = exists().where(
    challenges.c.district_id == records.c.district_id,
    challenges.c.id == records.c.challenge_id,
    is_taken_back(records.c.id),
)
messages: Final = table(models.Message)
events: Final = table(models.Event)

TO_COME: Final = (OccurrenceStatus.PLANNED, OccurrenceStatus.PREPARED)
"""Not over yet, or not yet known whether it took place."""


async def _all(connection: AsyncConnection, wanted: Select[Any]) -> list[models.Occurrence]:
    return [models.Occurrence(**row._mapping) for row in await connection.execute(wanted)]


async def occurrence(
    connection: AsyncConnection, district_id: DistrictId, occurrence_id: str
) -> models.Occurrence | None:
    """None when this district has none of that id."""
    wanted = select(occurrences).where(occurrences.c.district_id == district_id, occurrences.c.id == occurrence_id)
    return next(iter(await _all(connection, wanted)), None)


async def is_told(
    connection: AsyncConnection, row: models.Occurrence, person_id: PersonId, kind: Kind, since: datetime
) -> bool:
    """Whether somebody gets this since then, of a meeting or of the one in whose place it is."""
    about = (
        select(messages.c.id)
        .join(events, (events.c.district_id == messages.c.district_id) & (events.c.id == messages.c.event_id))
        .where(
            messages.c.district_id == row.district_id,
            messages.c.person_id == person_id,
            messages.c.kind == MessageKind.OCCURRENCE,
            messages.c.item_id.in_([row.id, row.in_place_of]),
            messages.c.send_at >= since,
            events.c.kind == kind,
        )
    )
    return bool(await connection.scalar(select(exists(about))))


async def knows(connection: AsyncConnection, row: models.Occurrence, person_id: PersonId) -> bool:
    """Whether somebody hears that they are to be there, or has heard it, and not since then that they are not expected any
    more; once everybody has its agenda, whether they have that."""
    tells = {Kind.OCCURRENCE_INVITED}
    if row.invited_at is None:
        tells |= {Kind.OCCURRENCE_PREPARED, Kind.OCCURRENCE_MOVED}
    one = (occurrences.c.district_id == row.district_id) & (occurrences.c.root_id == row.root_id)
    about = (
        select(events.c.kind, events.c.data, messages.c.state)
        .join(events, (events.c.district_id == messages.c.district_id) & (events.c.id == messages.c.event_id))
        .where(
            messages.c.district_id == row.district_id,
            messages.c.person_id == person_id,
            messages.c.kind == MessageKind.OCCURRENCE,
            messages.c.item_id.in_(select(occurrences.c.id).where(one)),
            events.c.kind.in_(sorted(tells | {Kind.OCCURRENCE_CANCELLED})),
            *((messages.c.created_at >= row.invited_at,) if row.invited_at else ()),
        )
        .order_by(messages.c.created_at, messages.c.id)
    )
    knows = False
    for kind, data, state in await connection.execute(about):
        if kind in tells:
            knows = knows or state in {MessageState.PENDING, MessageState.SENT}
        elif data.get("why") == "without" and state is MessageState.SENT:
            knows = False
    return knows


async def has_had_any(connection: AsyncConnection, row: models.Occurrence, person_id: PersonId) -> bool:
    """Whether anything about a meeting, or about what it is in the place of, was ever sent to somebody."""
    one = (occurrences.c.district_id == row.district_id) & (occurrences.c.root_id == row.root_id)
    about = select(messages.c.id).where(
        messages.c.district_id == row.district_id,
        messages.c.person_id == person_id,
        messages.c.kind == MessageKind.OCCURRENCE,
        messages.c.state == MessageState.SENT,
        messages.c.item_id.in_(select(occurrences.c.id).where(one)),
    )
    return bool(await connection.scalar(select(exists(about))))


async def some(
    connection: AsyncConnection, district_id: DistrictId, ids: Collection[str]
) -> dict[str, models.Occurrence]:  # fmt: skip
    """Those of these ids that there are, by id."""
    wanted = select(occurrences).where(occurrences.c.district_id == district_id, occurrences.c.id.in_(sorted(ids)))
    return {each.id: each for each in await _all(connection, wanted)} if ids else {}


async def of_routine(
    connection: AsyncConnection, district_id: DistrictId, routine_id: str, since: date
) -> list[models.Occurrence]:
    """Those whose rule names a day from then on, or that are to come; the last planned first."""
    wanted = (
        select(occurrences)
        .where(
            occurrences.c.district_id == district_id,
            occurrences.c.routine_id == routine_id,
            (occurrences.c.planned_on >= since) | occurrences.c.status.in_(TO_COME),
        )
        .order_by(occurrences.c.planned_at.desc(), occurrences.c.id.desc())
    )
    return await _all(connection, wanted)


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
    return await _all(connection, wanted)


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
    return next(iter(await _all(connection, wanted)), None)


async def unheld(
    connection: AsyncConnection, of: models.Occurrence, since: datetime | None, most: int, now: datetime
) -> list[models.Occurrence]:
    """Of the same routine and team, before it and since then: what was missed or cancelled and has no other date, and
    what is over without a word of whether it took place. The latest first, so many at most.

    What its rule names no more was never to take place, so it is none of them.
    """
    later = occurrences.alias()
    replaced = exists().where(
        later.c.district_id == occurrences.c.district_id,
        later.c.root_id == occurrences.c.root_id,
        later.c.sequence > occurrences.c.sequence,
        ~later.c.dropped,
    )
    ended = occurrences.c.status.in_((OccurrenceStatus.MISSED, OccurrenceStatus.CANCELLED))
    unsaid = occurrences.c.status.in_(TO_COME) & (occurrences.c.starts_at < now)
    wanted = (
        select(occurrences)
        .where(
            occurrences.c.district_id == of.district_id,
            occurrences.c.routine_id == of.routine_id,
            occurrences.c.team_id == of.team_id,
            ended | unsaid,
            ~occurrences.c.dropped,
            occurrences.c.starts_at < of.starts_at,
            *([occurrences.c.starts_at > since] if since else ()),
            ~replaced,
        )
        .order_by(occurrences.c.starts_at.desc())
        .limit(most + 1)  # the latest may be on now
    )
    found = await _all(connection, wanted)
    return [each for each in found if each.status not in TO_COME or each.ends_at <= now][:most]


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
    return await _all(connection, wanted)


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
    return await _all(connection, wanted)


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
    return await _all(connection, wanted)


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
    """What was recorded of an occurrence, oldest first; and what was put on the agenda of the one whose place it has.

    Without what was decided on a challenge and taken back there as a slip, and without lines of the agenda in whose place
    their author has put others, or none.
    """
    here = (occurrences.c.district_id == of.district_id) & (occurrences.c.root_id == of.root_id)
    same = records.c.occurrence_id.in_(select(occurrences.c.id).where(here))
    wanted = (
        select(records)
        .where(
            records.c.district_id == of.district_id,
            (records.c.occurrence_id == of.id) | (same & (records.c.field == RecordField.AGENDA)),
            ~_TAKEN_BACK,
        )
        .order_by(records.c.said_at, records.c.id)
    )
    found = [models.Record(**row._mapping) for row in await connection.execute(wanted)]
    lines = [each for each in found if each.field is RecordField.AGENDA]
    gone = {each.question for each in lines} | {each.id for each in lines if each.question and each.text == ""}
    return [each for each in found if each.id not in gone]


async def saying(connection: AsyncConnection, district_id: DistrictId, record_id: str) -> models.Record | None:
    """One thing that was said of an occurrence; None when this district has none of that id."""
    wanted = select(records).where(records.c.district_id == district_id, records.c.id == record_id)
    row = (await connection.execute(wanted)).first()
    return models.Record(**row._mapping) if row else None


async def unanswered(
    connection: AsyncConnection, district_id: DistrictId, routine_ids: Collection[str], since: datetime, now: datetime
) -> tuple[TeamId, ...]:
    """The teams whose last one of these routines, begun since then, has no answer on record."""
    answered = exists().where(
        records.c.district_id == district_id,
        records.c.occurrence_id == occurrences.c.id,
        records.c.field == RecordField.ANSWER,
    )
    wanted = (
        select(occurrences.c.team_id, answered)
        .where(
            occurrences.c.district_id == district_id,
            occurrences.c.routine_id.in_(sorted(routine_ids)),
            occurrences.c.status.in_((*TO_COME, OccurrenceStatus.HELD, OccurrenceStatus.MISSED)),
            occurrences.c.starts_at > since,
            occurrences.c.starts_at <= now,
        )
        .order_by(occurrences.c.starts_at)
    )
    last: dict[TeamId, bool] = dict((await connection.execute(wanted)).tuples().all())
    return tuple(team for team, has_one in sorted(last.items()) if not has_one)


# --------------------------------------------------------------------------------------------- routines made in chat

Values = dict[str, Any]
"""Columns of a routine."""


async def made_in_chat(connection: AsyncConnection, district_id: DistrictId) -> frozenset[str]:
    """The routines that stand in no district file."""
    mine = select(routines.c.id, routines.c.kept).where(routines.c.district_id == district_id)
    return frozenset(row.id for row in await connection.execute(mine) if not row.kept)


async def add_routine(
    connection: AsyncConnection, district_id: DistrictId, routine_id: str, position: int, values: Values
) -> None:
    row = models.Routine(district_id=district_id, id=routine_id, position=position, **values)
    await connection.execute(insert(routines), {each.name: getattr(row, each.name) for each in routines.columns})


async def change_routine(
    connection: AsyncConnection, district_id: DistrictId, routine_id: str, values: Values
) -> frozenset[str]:
    """Sets these columns; which of them are other than they were."""
    mine = (routines.c.district_id == district_id, routines.c.id == routine_id)
    row = (await connection.execute(select(routines).where(*mine))).mappings().one()
    changes = {name: value for name, value in values.items() if row[name] != value}
    if changes:
        await connection.execute(update(routines).where(*mine).values(changes))
    return frozenset(changes)


async def has_any(connection: AsyncConnection, district_id: DistrictId, routine_id: str) -> bool:
    """Whether anything of it was ever planned."""
    mine = exists().where(occurrences.c.district_id == district_id, occurrences.c.routine_id == routine_id)
    return bool(await connection.scalar(select(mine)))


async def remove_routine(connection: AsyncConnection, district_id: DistrictId, routine_id: str) -> None:
    await connection.execute(delete(routines).where(routines.c.district_id == district_id, routines.c.id == routine_id))


async def proposed(connection: AsyncConnection, district_id: DistrictId, routine_id: str) -> int:
    """In whose spring its dates of the next school year were shown; 0 where never."""
    mine = (routines.c.district_id == district_id, routines.c.id == routine_id)
    return await connection.scalar(select(routines.c.year_proposed).where(*mine)) or 0


async def set_proposed(connection: AsyncConnection, district_id: DistrictId, routine_id: str, year: int) -> None:
    mine = (routines.c.district_id == district_id, routines.c.id == routine_id)
    await connection.execute(update(routines).where(*mine).values(year_proposed=year))
