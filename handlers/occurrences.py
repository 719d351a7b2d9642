"""Occurrences of routines: planned, prepared, told of, and afterwards asked about, each at its time.

A routine runs when somebody who may speak for it has started it: nobody is written to for having been imported.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from handlers import acts
from handlers.rules import presence
from handlers.rules import routines as rules
from handlers.rules.routines import Duty
from handlers.telling import tell, tell_rooms
from scheduling import recurrence
from scheduling.calendar import Calendar
from storage import occurrences
from storage.directory import Person, Routine
from storage.models import Event, Occurrence, Record, Timer
from storage.store import Store
from storage.vocabulary import Kind, Lane, MessageKind, OccurrenceStatus, PersonId, TeamId, TimerKind, new_id


async def plan_on_due(store: Store, timer: Timer, now: datetime) -> None:
    """A routine's timer: what it names next is planned, and it is looked at again on the next school morning."""
    routine = store.directory.routine(timer.about)
    if routine is None or not routine.running:
        store.set_timer(TimerKind.ROUTINE, timer.about, None)
        return
    await plan(store, routine, now)


async def plan(store: Store, routine: Routine, now: datetime) -> None:
    calendar = acts.calendar(store)
    today = calendar.today(now)
    for team_id in rules.units(routine):
        after = await occurrences.last_planned(store.connection, store.district_id, routine.id, team_id)
        for each in rules.plan(routine, calendar, today, after):
            if each.day and calendar.at(each.day, routine.start) <= now:
                continue  # begun before anybody started it
            await add(store, routine, team_id, each.planned_on, each.day, now)
    store.set_timer(TimerKind.ROUTINE, routine.id, calendar.morning_after(now, 1))


async def add(
    store: Store, routine: Routine, team_id: TeamId, planned_on: date, day: date | None, now: datetime,
    in_place_of: Occurrence | None = None,
) -> Occurrence:  # fmt: skip
    """One more, on a day to come; with no day it is cancelled at once: its week or month has no school day left."""
    calendar = acts.calendar(store)
    new = Occurrence(
        district_id=store.district_id,
        id=new_id(),
        routine_id=routine.id,
        team_id=team_id,
        planned_on=planned_on,
        day=day or planned_on,
        starts_at=calendar.at(day or planned_on, routine.start),
        minutes=routine.minutes,
        status=OccurrenceStatus.PLANNED if day else OccurrenceStatus.CANCELLED,
        ended_at=None if day else now,
        in_place_of=in_place_of.id if in_place_of else "",
        planned_at=now,
        sequence=in_place_of.sequence + in_place_of.version if in_place_of else 0,
    )
    new.root_id = in_place_of.root_id if in_place_of else new.id
    await occurrences.add(store.connection, new)
    set_timer(store, routine, new, now)
    return new


def set_timer(store: Store, routine: Routine, row: Occurrence, now: datetime) -> None:
    calendar = acts.calendar(store)
    lead = leads(store, routine, row, now)
    due = rules.due(facts_of(row), recurrence.parse(routine.rule), calendar, lead)
    store.set_timer(TimerKind.OCCURRENCE, row.id, max(due.at, now) if due else None)


async def on_due(store: Store, timer: Timer, now: datetime) -> None:
    """An occurrence's date has come: one thing is done, and its timer is set to the next."""
    row = await occurrences.occurrence(store.connection, store.district_id, timer.about)
    routine = store.directory.routine(row.routine_id) if row else None
    if row is None or routine is None or not routine.running or row.status not in occurrences.TO_COME:
        store.set_timer(TimerKind.OCCURRENCE, timer.about, None)
        return
    calendar = acts.calendar(store)
    if now < row.starts_at and await _off_a_closed_day(store, routine, row, calendar, now):
        return
    lead = leads(store, routine, row, now)
    due = rules.due(facts_of(row), recurrence.parse(routine.rule), calendar, lead)
    if due is not None and due.at <= now:
        await _do(store, routine, row, due.duty, lead, now)
    set_timer(store, routine, row, now)


async def _do(store: Store, routine: Routine, row: Occurrence, duty: Duty, lead: Person, now: datetime) -> None:
    past = now >= row.starts_at  # after an outage: no invitation to what is past
    calendar = acts.calendar(store)
    lane = Lane.SINGLE if calendar.digest_time(now, None) >= row.starts_at else None  # the digest would come too late
    match duty:
        case Duty.PREPARE:
            await occurrences.change(store.connection, row, status=OccurrenceStatus.PREPARED, version=row.version + 1)
            if not past:
                tell_of(store, row, Kind.OCCURRENCE_PREPARED, [lead.id], now, lane=lane)
        case Duty.INVITE:
            await occurrences.change(store.connection, row, invited_at=now, version=row.version + 1)
            if not past:
                event = tell_of(store, row, Kind.OCCURRENCE_INVITED, others(store, routine, row, lead), now, lane=lane)
                tell_rooms(store, row.team_id, event, now, item=row.id)
        case Duty.ASK | Duty.CLIMB:
            asked = lead
            if duty is Duty.CLIMB:
                asked = presence.coordinator(store.directory, acts.today(store, now))
            read_at = calendar.message_time(now, asked)
            await occurrences.change(
                store.connection, row, asks=row.asks + 1, asked_at=read_at, version=row.version + 1
            )
            tell_of(store, row, Kind.OCCURRENCE_ASKED, [asked.id], now, lane=Lane.SINGLE)


def tell_of(
    store: Store, row: Occurrence, kind: Kind, to: Collection[PersonId], now: datetime, *, by: PersonId | None = None,
    data: dict[str, Any] | None = None, said: Sequence[Record] = (), lane: Lane | None = None,
) -> Event:  # fmt: skip
    """One line of history about an occurrence, and whom it is told."""
    about: dict[str, Any] = {"occurrence": row.id, "routine": row.routine_id} | (data or {})
    if said:  # the history holds a digest of the words, as of a challenge's
        about["said"] = {each.id: store.mark(f"{each.id}\n{each.text}") for each in said}
    event = store.record(None, kind, by=by, at=now, data=about)
    tell(store, to, MessageKind.OCCURRENCE, event, now, item=row.id, lane=lane)
    return event


def others(store: Store, routine: Routine, row: Occurrence, lead: Person) -> list[PersonId]:
    """Everybody of the district who belongs there, but who leads it and has it already."""
    found = rules.invited(routine, row.team_id, store.directory, row.day)
    return [each.id for each in found if not each.external and each.id != lead.id]


def everybody(store: Store, routine: Routine, row: Occurrence, now: datetime) -> list[PersonId]:
    lead = leads(store, routine, row, now)
    return [lead.id, *others(store, routine, row, lead)]


async def _off_a_closed_day(store: Store, routine: Routine, row: Occurrence, calendar: Calendar, now: datetime) -> bool:
    """A day was closed on which it was to be: it moves within its week or month, or is cancelled; those concerned hear."""
    if calendar.is_message_day(row.day, urgent=True):
        return False
    to = rules.moved_to(routine, row.day, row.planned_on, calendar)
    to = to if to and calendar.at(to, routine.start) > now else None
    await end(store, row, OccurrenceStatus.MOVED if to else OccurrenceStatus.CANCELLED, now)
    data: dict[str, Any] = {"from": row.day.isoformat(), "why": "closed"}
    if to:
        new = await add(store, routine, row.team_id, row.planned_on, to, now, in_place_of=row)
        data |= {"to": to.isoformat(), "new": new.id}
    kind = Kind.OCCURRENCE_MOVED if to else Kind.OCCURRENCE_CANCELLED
    event = tell_of(store, row, kind, everybody(store, routine, row, now), now, data=data)
    tell_rooms(store, row.team_id, event, now, item=row.id)
    return True


async def end(store: Store, row: Occurrence, status: OccurrenceStatus, now: datetime, **more: Any) -> None:
    await occurrences.change(store.connection, row, status=status, ended_at=now, version=row.version + 1, **more)
    store.set_timer(TimerKind.OCCURRENCE, row.id, None)


def facts_of(row: Occurrence) -> rules.Facts:
    return rules.Facts(
        row.status, row.day, row.starts_at, row.minutes, row.invited_at is not None, row.asks, row.asked_at
    )


def leads(store: Store, routine: Routine, row: Occurrence, now: datetime) -> Person:
    """Who answers for it today."""
    return rules.leads(routine, row.team_id, store.directory, acts.today(store, now))
