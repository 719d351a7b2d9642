"""Occurrences of routines: planned, prepared, told of, and afterwards asked about, each at its time.

A routine runs when somebody who may speak for it has started it: nobody is written to for having been imported.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from handlers import acts
from handlers.rules import kinds
from handlers.rules import routines as rules
from handlers.rules.routines import Duty
from handlers.telling import tell, tell_rooms
from scheduling import recurrence
from scheduling.calendar import Calendar
from storage import occurrences, people
from storage.directory import Person, Routine
from storage.models import Event, Occurrence, Record, Timer
from storage.store import Store
from storage.vocabulary import (
    Kind,
    Lane,
    MeetingRole,
    MessageKind,
    OccurrenceStatus,
    PersonId,
    TeamId,
    TimerKind,
    new_id,
)

A_BELL: Final = timedelta(minutes=5)
"""So long after its end people are told that a break is over: later it is no news."""


async def plan(store: Store, routine: Routine, now: datetime) -> None:
    """What stands becomes what the rule names, with its times; each change is told to those who had heard of it."""
    calendar = acts.calendar(store)
    today = calendar.today(now)
    rule = recurrence.parse(routine.rule)
    by = rule.by if isinstance(rule, recurrence.Shifted) else 0  # it counts from a day that may be of the month before
    since, _ = rule.period(calendar.school_days_before(today, by) if by > 0 else today)
    stands = await occurrences.of_routine(store.connection, store.district_id, routine.id, since)
    units = rules.units(routine, store.directory)
    for row in stands:
        if row.team_id not in units and row.status in occurrences.TO_COME and row.starts_at > now:
            await _drop(store, routine, row, now)
    for team_id in units:
        mine = {each.id: each for each in stands if each.team_id == team_id}
        for row in mine.values():
            if row.status in occurrences.TO_COME and row.starts_at > now:
                await _who_is_out(store, routine, row, now)
        # What was moved, and then dropped, is planned anew: only the last of them says what became of it.
        last = _last(mine.values())
        changes = rules.changes(routine, calendar, today, [_standing(each, mine, now) for each in last.values()])
        for row_id in changes.drop:
            await _drop(store, routine, mine.pop(row_id), now)
        taken = await _go(store, routine, mine, changes, now)
        for row in mine.values():
            if row.status in occurrences.TO_COME and row.starts_at > now:
                if row.rule != routine.rule:
                    await occurrences.change(store.connection, row, rule=routine.rule)
                await _retime(store, routine, row, now)
                await _who_is_new(store, routine, row, now)
        for each in changes.add:
            if each.day and calendar.at(each.day, routine.start) <= now:
                continue  # it began before it was started, or was given this hour
            if each.day in taken.values():
                continue  # somebody has moved another there: it is for both, unless that goes away again
            again = last.get(each.planned_on)
            if each.day is None and again is not None:
                continue
            new = await add(store, routine, team_id, each.planned_on, each.day, now, in_place_of=again)
            if each.day:
                taken[new.id] = each.day
    store.set_timer(TimerKind.ROUTINE, routine.id, calendar.morning_after(now, 1))
    proposed = await occurrences.proposed(store.connection, store.district_id, routine.id)
    store.set_timer(TimerKind.PROPOSAL, routine.id, rules.proposes_at(calendar, now, proposed))


def _last(rows: Collection[Occurrence]) -> dict[date, Occurrence]:
    """Of each day that a rule has named, what is in no other's place by now; `rows`: those of one team."""
    replaced = {each.in_place_of for each in rows}
    return {each.planned_on: each for each in rows if each.id not in replaced}


def _standing(row: Occurrence, others: Mapping[str, Occurrence], now: datetime) -> rules.Standing:
    before = others.get(row.in_place_of)
    instead = bool(row.in_place_of) and not (before and before.dropped)
    begun = row.starts_at <= now
    return rules.Standing(
        row.id, row.planned_on, row.day, row.status, begun, instead, row.chosen, row.dropped, row.rule
    )


async def _go(
    store: Store, routine: Routine, mine: dict[str, Occurrence], changes: rules.Changes, now: datetime
) -> dict[str, date]:
    """What is to be on another day goes there, where there is none yet; of those that fall together one is there.

    `mine` has it afterwards as it stands then. Returned: the days on which there is one, by its id.
    """
    pairs = dict(changes.together)
    taken = {id: row.day for id, row in mine.items() if row.status in occurrences.TO_COME and id not in pairs}
    for row_id, day in changes.follow:
        taken.pop(row_id)
        row = mine[row_id] if day in taken.values() else await _follow(store, routine, mine[row_id], day, now)
        mine[row.id], taken[row.id] = row, row.day
    for row_id, day in changes.together:
        row = mine[row_id]
        if day in taken.values() and _hear_in_time(store, routine, _heard(store, routine, row, now), day, now):
            await _drop(store, routine, row, now, why="together", to=day)
        else:
            row = await _follow(store, routine, row, day, now)
            mine[row.id], taken[row.id] = row, row.day
    return taken


def _hear_in_time(store: Store, routine: Routine, hear: Collection[PersonId], day: date, now: datetime) -> bool:
    """Before it begins on that day."""
    people = [store.directory.people[each] for each in hear if each in store.directory.people]
    calendar = acts.calendar(store)
    return calendar.at(day, routine.start) >= rules.may_begin(people, calendar, now)


async def take_out(store: Store, routine: Routine, now: datetime) -> None:
    """A routine is one of the district's no more, so nothing of it comes up. Who has heard of one hears that."""
    for row in await occurrences.to_come(store.connection, store.district_id, [routine.id]):
        if row.starts_at > now:
            await _drop(store, routine, row, now, why="removed")
    store.set_timer(TimerKind.ROUTINE, routine.id, None)
    store.set_timer(TimerKind.PROPOSAL, routine.id, None)


def as_it_was(row: Occurrence, event: Event | None = None) -> Routine:
    """The routine of an occurrence, where the district has it no more: what there still is to call it by."""
    team_ids = (row.team_id,) if row.team_id else ()
    people = tuple(PersonId(each) for each in (event.data.get("people", ()) if event else ()))
    return Routine(row.routine_id, "", time(), row.minutes, team_ids, people)


async def _drop(
    store: Store, routine: Routine, row: Occurrence, now: datetime, *, why: str = "changed", to: date | None = None
) -> None:
    """Its routine names that day no more. Who has heard of it hears that, too. `to`: the day of that with which it falls
    together."""
    heard = _heard(store, routine, row, now)
    await end(store, row, OccurrenceStatus.CANCELLED, now, dropped=True)
    data: dict[str, Any] = {"from": row.day.isoformat(), "why": why} | ({"to": to.isoformat()} if to else {})
    if why == "removed":
        data["people"] = list(routine.person_ids)
    event = tell_of(store, row, Kind.OCCURRENCE_CANCELLED, heard, now, data=data, before=row.starts_at)
    if row.invited_at:
        tell_rooms(store, row.team_id, event, now, item=row.id)


async def _follow(store: Store, routine: Routine, row: Occurrence, day: date, now: datetime) -> Occurrence:
    """Its rule is another, or there are other school days now between it and the day from which it is counted: so it is
    on another day. Where nobody would hear in time it stays. Returned: the one that stands then.

    Of what was to be on a day that is closed now everybody hears, and else who has heard of it.
    """
    starts_at = acts.calendar(store).at(day, routine.start)
    closed = not acts.calendar(store).is_message_day(row.day, urgent=True)
    hear = everybody(store, routine, row, now) if closed else _heard(store, routine, row, now)
    if day == row.day or not _hear_in_time(store, routine, hear, day, now):
        return row
    if not hear:
        await occurrences.change(store.connection, row, day=day, starts_at=starts_at, version=row.version + 1)
        set_timer(store, routine, row, now)
        await store.look_at_item([row.id], now)
        return row
    begins = min(row.starts_at, starts_at)
    await end(store, row, OccurrenceStatus.MOVED, now)
    new = await add(store, routine, row.team_id, row.planned_on, day, now, in_place_of=row, heard=hear)
    why = "counted" if rules.is_planned_by(row.rule, routine) else "changed"
    data = {"from": row.day.isoformat(), "why": why, "to": day.isoformat(), "new": new.id}
    event = tell_of(store, row, Kind.OCCURRENCE_MOVED, hear, now, data=data, before=begins - rules.NOTICE)
    if row.invited_at or closed:
        tell_rooms(store, row.team_id, event, now, item=row.id)
    return new


async def _who_is_out(store: Store, routine: Routine, row: Occurrence, now: datetime) -> None:
    """Somebody has heard that they are to be there, and does not belong there any more: they hear that, before anything
    else becomes of it."""
    known = row.invited_ids or []
    there = everybody(store, routine, row, now)
    out = [PersonId(each) for each in known if each not in there and each != row.lead_id]
    if not out:
        return
    ids = [each for each in known if each not in out]
    await occurrences.change(store.connection, row, invited_ids=ids, version=row.version + 1)
    data = {"from": row.day.isoformat(), "why": "without", "people": list(out)}
    tell_of(store, row, Kind.OCCURRENCE_CANCELLED, out, now, data=data, before=row.starts_at)


async def _who_is_new(store: Store, routine: Routine, row: Occurrence, now: datetime) -> None:
    """Somebody belongs there since everybody has its agenda, so they get it; who was out meanwhile, and has not heard of
    that, has it."""
    known = row.invited_ids
    if known is None:
        return
    new = [each for each in belonging(store, routine, row) if each not in known]
    know = [each for each in new if await occurrences.knows(store.connection, row, each)]
    without = [each for each in new if each not in know] if row.invited_at else []
    if not know and not without:
        return
    ids = [*known, *know, *without]
    await occurrences.change(store.connection, row, invited_ids=ids, version=row.version + 1)
    if without:
        tell_of(store, row, Kind.OCCURRENCE_INVITED, without, now, before=row.starts_at)


async def _retime(store: Store, routine: Routine, row: Occurrence, now: datetime) -> None:
    """It begins when its routine begins now, and takes as long."""
    starts_at = acts.calendar(store).at(row.day, routine.start)
    if (starts_at, routine.minutes) == (row.starts_at, row.minutes) or starts_at <= now:
        return
    heard = _heard(store, routine, row, now) if starts_at != row.starts_at else []
    await occurrences.change(
        store.connection, row, starts_at=starts_at, minutes=routine.minutes, version=row.version + 1
    )
    set_timer(store, routine, row, now)
    await store.look_at_item([row.id], now)
    event = tell_of(store, row, Kind.OCCURRENCE_RETIMED, heard, now, before=row.starts_at)
    if row.invited_at and heard:
        tell_rooms(store, row.team_id, event, now, item=row.id)


def _heard(store: Store, routine: Routine, row: Occurrence, now: datetime) -> list[PersonId]:
    """Who knows of it."""
    if row.invited_ids is not None:
        return [PersonId(each) for each in row.invited_ids if each in store.directory.people]
    if row.invited_at or (row.lead_id and rules.calls(routine, store.directory)):  # from before that was on record
        return everybody(store, routine, row, now)
    return [PersonId(row.lead_id)] if row.lead_id else []


async def add(
    store: Store, routine: Routine, team_id: TeamId, planned_on: date, day: date | None, now: datetime,
    in_place_of: Occurrence | None = None, *, chosen: bool = False, heard: Collection[PersonId] = (),
) -> Occurrence:  # fmt: skip
    """One more, on a day to come; with no day it is cancelled at once: its week or month has no school day left.

    `chosen`: somebody has said that it is to be on that day. `heard`: who hears of it by what follows.
    """
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
        rule=routine.rule,
        status=OccurrenceStatus.PLANNED if day else OccurrenceStatus.CANCELLED,
        ended_at=None if day else now,
        dropped=day is None,  # once a day of its week or month is open again, it is planned anew
        in_place_of=in_place_of.id if in_place_of else "",
        planned_at=now,
        sequence=in_place_of.sequence + in_place_of.version if in_place_of else 0,
        chosen=chosen or bool(in_place_of and in_place_of.chosen and not in_place_of.dropped),
    )
    new.root_id = in_place_of.root_id if in_place_of else new.id
    new.invited_ids = list(heard) or None
    if (
        in_place_of
        and not in_place_of.dropped
        and day
        and calendar.school_days_between(calendar.today(now), day) <= rules.STILL_GOOD
    ):
        # They have its agenda, and hear of its new day: the same does not come twice.
        new.status = OccurrenceStatus.PREPARED if in_place_of.lead_id else OccurrenceStatus.PLANNED
        new.lead_id, new.invited_at, new.roles = in_place_of.lead_id, in_place_of.invited_at, in_place_of.roles
        if in_place_of.invited_at and in_place_of.invited_ids is not None:
            new.invited_ids = in_place_of.invited_ids
    await occurrences.add(store.connection, new)
    set_timer(store, routine, new, now)
    return new


def set_timer(store: Store, routine: Routine, row: Occurrence, now: datetime) -> None:
    calendar = acts.calendar(store)
    lead = leads(store, routine, row, now)
    due = rules.due(facts_of(row), routine, calendar, lead)
    store.set_timer(TimerKind.OCCURRENCE, row.id, max(due.at, now) if due else None)


async def on_due(store: Store, timer: Timer, now: datetime) -> None:
    """An occurrence's date has come: one thing is done, and its timer is set to the next."""
    row = await occurrences.occurrence(store.connection, store.district_id, timer.about)
    routine = store.directory.routine(row.routine_id) if row else None
    if row is None or routine is None or not routine.running or row.status not in occurrences.TO_COME:
        store.set_timer(TimerKind.OCCURRENCE, timer.about, None)
        return
    calendar = acts.calendar(store)
    if now < row.starts_at and await off_a_closed_day(store, routine, row, calendar, now):
        return
    lead = leads(store, routine, row, now)
    due = rules.due(facts_of(row), routine, calendar, lead)
    if due is not None and due.at <= now:
        await _do(store, routine, row, due.duty, lead, now)
    set_timer(store, routine, row, now)


async def _do(store: Store, routine: Routine, row: Occurrence, duty: Duty, lead: Person, now: datetime) -> None:
    past = now >= row.starts_at  # after an outage: no invitation to what is past
    match duty:
        case Duty.PREPARE:
            await occurrences.change(
                store.connection, row, status=OccurrenceStatus.PREPARED, lead_id=lead.id, version=row.version + 1
            )
            if not past:
                invited_on = acts.calendar(store).school_days_before(row.day, 1)
                in_time = acts.today(store, now) < invited_on and rules.calls(routine, store.directory)
                called = others(store, routine, row, lead) if in_time else []
                await occurrences.change(store.connection, row, invited_ids=[lead.id, *called])
                tell_of(store, row, Kind.OCCURRENCE_PREPARED, [lead.id, *called], now, before=row.starts_at)
        case Duty.INVITE:
            roles = {str(each.role): each.person_id for each in doing(store, row)}
            ids = everybody(store, routine, row, now)
            await occurrences.change(
                store.connection, row, invited_at=now, invited_ids=ids, roles=roles, version=row.version + 1
            )
            if not past:
                invited = await without_agenda(store, routine, row, now)
                event = tell_of(store, row, Kind.OCCURRENCE_INVITED, invited, now, before=row.starts_at)
                tell_rooms(store, row.team_id, event, now, item=row.id)
        case Duty.ROLES:
            await occurrences.change(store.connection, row, roles_checked=True)
            if not past:
                await _stand_in(store, row, now)
        case Duty.ASK | Duty.CLIMB:
            today = acts.today(store, now)
            asked = rules.asked_last(lead, store.directory, today) if duty is Duty.CLIMB else lead
            calendar = acts.calendar(store)
            # After an outage all that is long past comes in one digest.
            by_itself = row.asks <= rules.ASKS and calendar.school_days_between(row.day, today) <= rules.FRESH
            read_at = (calendar.message_time if by_itself else calendar.digest_time)(now, asked)
            await occurrences.change(
                store.connection, row, asks=row.asks + 1, asked_at=read_at, version=row.version + 1
            )
            tell_of(store, row, Kind.OCCURRENCE_ASKED, [asked.id], now, lane=Lane.SINGLE if by_itself else None)


async def _stand_in(store: Store, row: Occurrence, now: datetime) -> None:
    """Somebody who was to do something is away since: who does it for them hears before it begins."""
    for each in doing(store, row):
        if row.roles.get(each.role) != each.person_id:
            await gives(store, row, each.role, each.person_id, now)


async def look_again_who_does_what(
    store: Store, person_id: PersonId, first: date, last: date, now: datetime
) -> None:  # fmt: skip
    """Somebody is away on these days, also when that is said on the very morning, after it was looked whether everybody is
    there: who does something for them hears before it begins (R-17)."""
    running = [each.id for each in store.directory.routines if each.running]
    for row in await occurrences.to_come(store.connection, store.district_id, running) if running else ():
        if first <= row.day <= last and now < row.starts_at and row.roles_checked and person_id in row.roles.values():
            await occurrences.change(store.connection, row, roles_checked=False)
            routine = store.directory.routine(row.routine_id)
            if routine is not None:
                set_timer(store, routine, row, now)


async def gives(
    store: Store, row: Occurrence, role: MeetingRole, to: PersonId, now: datetime, *, by: PersonId | None = None
) -> None:
    """Somebody does something in it this time, and hears so; and so does who was to do it."""
    before = next((each.person_id for each in doing(store, row) if each.role is role), None)
    await occurrences.change(store.connection, row, roles={**row.roles, str(role): to}, version=row.version + 1)
    data = {"role": str(role), "who": to}
    event = tell_of(store, row, Kind.OCCURRENCE_ROLES, [to], now, by=by, data=data, lane=Lane.SINGLE)
    if before and before != to and row.invited_at:
        tell(store, [before], MessageKind.OCCURRENCE, event, now, item=row.id)


def doing(store: Store, row: Occurrence) -> tuple[rules.Doing, ...]:
    """Who does what in it."""
    routine = store.directory.routine(row.routine_id)
    return rules.doing(routine, row.team_id, row.roles, store.directory, row.day)


def tell_of(
    store: Store, row: Occurrence, kind: Kind, to: Collection[PersonId], now: datetime, *, by: PersonId | None = None,
    data: dict[str, Any] | None = None, said: Sequence[Record] = (), lane: Lane | None = None,
    before: datetime | None = None,
) -> Event:  # fmt: skip
    """One line of history about an occurrence, and whom it is told; `before`: as of `telling.tell`."""
    about: dict[str, Any] = {"occurrence": row.id, "routine": row.routine_id} | (data or {})
    if said:  # the history holds a digest of the words, as of a challenge's
        about["said"] = {each.id: store.mark(f"{each.id}\n{each.text}") for each in said}
    event = store.record(None, kind, by=by, at=now, data=about)
    tell(store, to, MessageKind.OCCURRENCE, event, now, item=row.id, lane=lane, before=before)
    return event


def others(store: Store, routine: Routine, row: Occurrence, lead: Person) -> list[PersonId]:
    """Everybody of the district who belongs there, or does something in it, but who leads it and has it already."""
    found = [*belonging(store, routine, row), *(does.person_id for does in doing(store, row))]
    return [each for each in dict.fromkeys(found) if each != lead.id]


def belonging(store: Store, routine: Routine, row: Occurrence) -> list[PersonId]:
    """Everybody of the district who is invited."""
    there = rules.invited(routine, row.team_id, store.directory, row.day)
    return [each.id for each in there if not each.external]


def everybody(store: Store, routine: Routine, row: Occurrence, now: datetime) -> list[PersonId]:
    lead = leads(store, routine, row, now)
    return [lead.id, *others(store, routine, row, lead)]


async def without_agenda(store: Store, routine: Routine, row: Occurrence, now: datetime) -> list[PersonId]:
    """Who gets its agenda when everybody does: so does who leads it and has had it before, as it is by now, but not a
    second time on one school day, or from one to the next."""
    hear = everybody(store, routine, row, now)
    if not row.lead_id:
        return hear
    calendar, lead_id = acts.calendar(store), PersonId(row.lead_id)
    since = calendar.at(calendar.school_days_before(calendar.today(now), 1), time())
    has_it = not kinds.meets(routine) or await occurrences.is_told(
        store.connection, row, lead_id, Kind.OCCURRENCE_PREPARED, since
    )
    return [each for each in hear if not (has_it and each == lead_id)]


async def off_a_closed_day(store: Store, routine: Routine, row: Occurrence, calendar: Calendar, now: datetime) -> bool:
    """A day was closed on which it was to be: it moves within its week or month, to where everybody hears in time, or is
    cancelled, and who leads it is asked for another date; those concerned hear. What is counted in school days has been
    counted anew by then (see `plan`)."""
    if calendar.is_message_day(row.day, urgent=True):
        return False
    hear = everybody(store, routine, row, now)
    people_ = [store.directory.people[each] for each in hear]
    others = await occurrences.to_come(store.connection, store.district_id, [routine.id])
    taken = {each.day for each in others if each.team_id == row.team_id}
    earliest = rules.may_begin(people_, calendar, now)
    to = rules.moved_to(routine, row.day, calendar, earliest, taken)
    await end(store, row, OccurrenceStatus.MOVED if to else OccurrenceStatus.CANCELLED, now)
    data: dict[str, Any] = {"from": row.day.isoformat(), "why": "closed"}
    begins = row.starts_at
    if to:
        new = await add(store, routine, row.team_id, row.planned_on, to, now, in_place_of=row, heard=hear)
        data |= {"to": to.isoformat(), "new": new.id}
        begins = min(begins, new.starts_at)
    kind = Kind.OCCURRENCE_MOVED if to else Kind.OCCURRENCE_CANCELLED
    lane = None if to else Lane.SINGLE
    event = tell_of(store, row, kind, hear, now, data=data, lane=lane, before=begins - rules.NOTICE)
    tell_rooms(store, row.team_id, event, now, item=row.id)
    return True


async def end(store: Store, row: Occurrence, status: OccurrenceStatus, now: datetime, **more: Any) -> None:
    await occurrences.change(store.connection, row, status=status, ended_at=now, version=row.version + 1, **more)
    store.set_timer(TimerKind.OCCURRENCE, row.id, None)
    if status in {OccurrenceStatus.MOVED, OccurrenceStatus.CANCELLED}:  # when people meet next is in the picture
        await people.bump_revision(store.connection, store.district_id)
    await store.look_at_item([row.id], now)  # what asked for it, or invited to it, says what became of it


# ------------------------------------------------------------------------------------------------------------ breaks


def is_on(row: Occurrence, now: datetime) -> bool:
    """It has begun, is not over by its time, and nobody has said yet what became of it."""
    return row.status in occurrences.TO_COME and row.starts_at <= now < row.ends_at


async def last_break(store: Store, row: Occurrence) -> Event | None:
    """The last break of a meeting that somebody has called, or ended before its time."""
    breaks = await store.beside({Kind.OCCURRENCE_BREAK}, row.starts_at)
    return next((each for each in reversed(breaks) if each.data["occurrence"] == row.id), None)


def over_at(of: Event) -> datetime:
    """When a break ends."""
    return datetime.fromisoformat(of.data["until"])


async def break_until(store: Store, row: Occurrence, now: datetime, said: Event | None = None) -> datetime | None:
    """Until when a meeting that is on has a break now; None where it has none. `said`: what was said of it just now."""
    if not is_on(row, now):
        return None
    last = said or await last_break(store, row)
    return over_at(last) if last and over_at(last) > now else None


async def ring(store: Store, timer: Timer, now: datetime) -> None:
    """A break is over: who called it hears so, and the room of the team. Nobody does who would hear it late (R-18)."""
    store.set_timer(TimerKind.BREAK, timer.about, None)
    row = await occurrences.occurrence(store.connection, store.district_id, timer.about)
    event = await last_break(store, row) if row else None
    if row is None or event is None or event.actor_id is None or now > over_at(event) + A_BELL:
        return
    if row.status in occurrences.TO_COME:
        tell(store, [event.actor_id], MessageKind.OCCURRENCE, event, now, item=row.id, lane=Lane.OWN_ACT)
        tell_rooms(store, row.team_id, event, now, item=row.id, lane=Lane.OWN_ACT)


# -------------------------------------------------------------------------------------------------- what they stand on


def facts_of(row: Occurrence) -> rules.Facts:
    return rules.Facts(
        status=row.status,
        day=row.day,
        starts_at=row.starts_at,
        minutes=row.minutes,
        invited=row.invited_at is not None,
        asks=row.asks,
        asked_at=row.asked_at,
        roles_checked=row.roles_checked or not row.roles,
    )


def leads(store: Store, routine: Routine, row: Occurrence, now: datetime) -> Person:
    """Who answers for it today."""
    return rules.leads(routine, row.team_id, store.directory, acts.today(store, now))
