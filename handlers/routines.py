"""Routines: their occurrences are planned, prepared, told of, and afterwards asked about; and what people do with them.

A routine runs when somebody who may speak for it has started it: nobody is written to for having been imported.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from handlers import acts
from handlers.cards import routines as cards
from handlers.cards.model import Card
from handlers.cards.text import Voice, phrase
from handlers.errors import FormError, NotFoundError
from handlers.request import Reply, Request
from handlers.rules import access, presence
from handlers.rules import routines as rules
from handlers.rules.routines import Duty
from handlers.telling import Told, tell, tell_rooms
from scheduling import recurrence
from scheduling.calendar import Calendar
from storage import log, occurrences, people
from storage.directory import SUPERINTENDENT, Directory, Person, Routine
from storage.models import Event, Occurrence, Record, Timer
from storage.store import Store
from storage.vocabulary import (
    Kind,
    Lane,
    MessageKind,
    OccurrenceStatus,
    Outcome,
    PersonId,
    RecordField,
    Status,
    TeamId,
    TimerKind,
    new_id,
)

ON_AGENDA: Final = 8  # lines of each part of an agenda: a page, not the log
A_MONTH: Final = timedelta(days=31)  # before the first meeting on record, whose successes are told


# ------------------------------------------------------------------------------------------------- what falls due


async def plan_on_due(store: Store, timer: Timer, now: datetime) -> None:
    """A routine's timer: what it names next is planned, and it is looked at again on the next school morning."""
    routine = routine_of(store.directory, timer.about)
    if routine is None or not routine.running:
        store.set_timer(TimerKind.ROUTINE, timer.about, None)
        return
    await _plan(store, routine, now)


async def _plan(store: Store, routine: Routine, now: datetime) -> None:
    calendar = acts.calendar(store)
    today = calendar.today(now)
    for team_id in rules.units(routine):
        after = await occurrences.last_planned(store.connection, store.district_id, routine.id, team_id)
        for each in rules.plan(routine, calendar, today, after):
            if each.day and calendar.at(each.day, routine.start) <= now:
                continue  # begun before anybody started it
            await _add(store, routine, team_id, each.planned_on, each.day, now)
    store.set_timer(TimerKind.ROUTINE, routine.id, calendar.morning_after(now, 1))


async def _add(
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
    _set_timer(store, routine, new, now)
    return new


def _set_timer(store: Store, routine: Routine, row: Occurrence, now: datetime) -> None:
    calendar = acts.calendar(store)
    lead = rules.leads(routine, row.team_id, store.directory, acts.today(store, now))
    due = rules.due(facts_of(row), recurrence.parse(routine.rule), calendar, lead)
    store.set_timer(TimerKind.OCCURRENCE, row.id, max(due.at, now) if due else None)


async def on_due(store: Store, timer: Timer, now: datetime) -> None:
    """An occurrence's date has come: one thing is done, and its timer is set to the next."""
    row = await occurrences.occurrence(store.connection, store.district_id, timer.about)
    routine = routine_of(store.directory, row.routine_id) if row else None
    if row is None or routine is None or not routine.running or row.status not in occurrences.TO_COME:
        store.set_timer(TimerKind.OCCURRENCE, timer.about, None)
        return
    calendar = acts.calendar(store)
    if now < row.starts_at and await _off_a_closed_day(store, routine, row, calendar, now):
        return
    lead = rules.leads(routine, row.team_id, store.directory, acts.today(store, now))
    due = rules.due(facts_of(row), recurrence.parse(routine.rule), calendar, lead)
    if due is not None and due.at <= now:
        await _do(store, routine, row, due.duty, lead, now)
    _set_timer(store, routine, row, now)


async def _do(store: Store, routine: Routine, row: Occurrence, duty: Duty, lead: Person, now: datetime) -> None:
    past = now >= row.starts_at  # after an outage: no invitation to what is past
    calendar = acts.calendar(store)
    lane = Lane.SINGLE if calendar.digest_time(now, None) >= row.starts_at else None  # the digest would come too late
    match duty:
        case Duty.PREPARE:
            await occurrences.change(store.connection, row, status=OccurrenceStatus.PREPARED, version=row.version + 1)
            if not past:
                _tell(store, row, Kind.OCCURRENCE_PREPARED, [lead.id], now, lane=lane)
        case Duty.INVITE:
            await occurrences.change(store.connection, row, invited_at=now, version=row.version + 1)
            if not past:
                event = _tell(store, row, Kind.OCCURRENCE_INVITED, _others(store, routine, row, lead), now, lane=lane)
                tell_rooms(store, row.team_id, event, now, item=row.id)
        case Duty.ASK | Duty.CLIMB:
            asked = lead
            if duty is Duty.CLIMB:
                asked = presence.coordinator(store.directory, acts.today(store, now))
            read_at = calendar.message_time(now, asked)
            await occurrences.change(
                store.connection, row, asks=row.asks + 1, asked_at=read_at, version=row.version + 1
            )
            _tell(store, row, Kind.OCCURRENCE_ASKED, [asked.id], now, lane=Lane.SINGLE)


def _tell(
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


def _others(store: Store, routine: Routine, row: Occurrence, lead: Person) -> list[PersonId]:
    """Everybody of the district who belongs there, but who leads it and has it already."""
    found = rules.invited(routine, row.team_id, store.directory, row.day)
    return [each.id for each in found if not each.external and each.id != lead.id]


def _everybody(store: Store, routine: Routine, row: Occurrence, now: datetime) -> list[PersonId]:
    lead = rules.leads(routine, row.team_id, store.directory, acts.today(store, now))
    return [lead.id, *_others(store, routine, row, lead)]


async def _off_a_closed_day(store: Store, routine: Routine, row: Occurrence, calendar: Calendar, now: datetime) -> bool:
    """A day was closed on which it was to be: it moves within its week or month, or is cancelled; those concerned hear."""
    if calendar.is_message_day(row.day, urgent=True):
        return False
    to = rules.moved_to(routine, row.day, row.planned_on, calendar)
    to = to if to and calendar.at(to, routine.start) > now else None
    await _ends(store, row, OccurrenceStatus.MOVED if to else OccurrenceStatus.CANCELLED, now)
    data: dict[str, Any] = {"from": row.day.isoformat(), "why": "closed"}
    if to:
        new = await _add(store, routine, row.team_id, row.planned_on, to, now, in_place_of=row)
        data |= {"to": to.isoformat(), "new": new.id}
    kind = Kind.OCCURRENCE_MOVED if to else Kind.OCCURRENCE_CANCELLED
    _tell(store, row, kind, _everybody(store, routine, row, now), now, data=data)
    return True


async def _ends(store: Store, row: Occurrence, status: OccurrenceStatus, now: datetime, **more: Any) -> None:
    await occurrences.change(store.connection, row, status=status, ended_at=now, version=row.version + 1, **more)
    store.set_timer(TimerKind.OCCURRENCE, row.id, None)


def facts_of(row: Occurrence) -> rules.Facts:
    return rules.Facts(
        row.status, row.day, row.starts_at, row.minutes, row.invited_at is not None, row.asks, row.asked_at
    )


def routine_of(directory: Directory, routine_id: str) -> Routine | None:
    return next((each for each in directory.routines if each.id == routine_id), None)


# ---------------------------------------------------------------------------------------------- what people do with it


async def show_all(store: Store, request: Request, now: datetime) -> Reply:
    """`/clearway routines`: what recurs, when next, and whether Clearway runs it."""
    today = acts.today(store, now)
    calendar = acts.calendar(store)
    lines = []
    for each in store.directory.routines:
        if not _may_see(each, request.actor, store.directory, today):
            continue
        coming = await occurrences.to_come(store.connection, store.district_id, [each.id])
        at = next((row.starts_at for row in coming if row.starts_at > now), None)
        at = at or recurrence.next_occurrence(each, calendar, now)
        lines.append(cards.Listed(each, at, _may_steer(each, request.actor, store.directory, today)))
    return Reply(card=cards.all_of(request.voice, lines))


async def start(store: Store, request: Request, now: datetime) -> Reply:
    """From now on Clearway plans, prepares and asks after it."""
    routine = _steered(store, request, now)
    if isinstance(recurrence.parse(routine.rule), recurrence.Daily):
        raise acts.refuse("That is every day. Clearway runs what people meet for less often.")
    return await _run(store, request, routine, True, now)


async def stop(store: Store, request: Request, now: datetime) -> Reply:
    """Nothing of it is planned or asked any more; what is planned stands, and waits."""
    return await _run(store, request, _steered(store, request, now), False, now)


async def _run(store: Store, request: Request, routine: Routine, running: bool, now: datetime) -> Reply:
    if await occurrences.set_running(store.connection, store.district_id, routine.id, running):
        await people.bump_revision(store.connection, store.district_id)
        store.directory, _ = await people.load_directory(store.connection, store.district_id)
        kind = Kind.ROUTINE_STARTED if running else Kind.ROUTINE_STOPPED
        store.record(None, kind, by=request.actor.id, at=now, data={"routine": routine.id})
        routine = _known(store, routine.id)
        if running:
            await _plan(store, routine, now)
            for row in await occurrences.to_come(store.connection, store.district_id, [routine.id]):
                _set_timer(store, routine, row, now)
    coming = await occurrences.to_come(store.connection, store.district_id, [routine.id])
    return Reply(card=cards.runs(request.voice, routine, [each for each in coming if each.starts_at > now][:4]))


async def show(store: Store, request: Request, now: datetime) -> Reply:
    """`/clearway meeting`: the next ones of this person; or one of them, by a button."""
    if request.item:
        row, routine = await _occurrence(store, request, now, steer=False)
        return Reply(card=await _whole(store, request.voice, request.actor, row, routine, now))
    return Reply(card=cards.next_ones(request.voice, (await next_of(store, request.actor, now))[:6]))


async def next_of(store: Store, actor: Person, now: datetime) -> list[tuple[Occurrence, Routine]]:
    """The meetings to come of this person; and then those of which they have not said yet whether they took place."""
    directory, today = store.directory, acts.today(store, now)
    mine = [each.id for each in directory.routines if each.running and _may_see(each, actor, directory, today)]
    theirs = []
    for row in await occurrences.to_come(store.connection, store.district_id, mine) if mine else ():
        routine = _known(store, row.routine_id)
        leads = _leads(store, routine, row, now) == actor.id
        there = rules.invited(routine, row.team_id, directory, row.day)
        if leads or (row.starts_at > now and actor.id in {each.id for each in there}):
            theirs.append((row, routine))
    return sorted(theirs, key=lambda each: (each[0].starts_at <= now, each[0].starts_at))


async def add_form(store: Store, request: Request, now: datetime) -> Reply:
    row, routine = await _to_come(store, request, now)
    return Reply(form=cards.add_form(request.voice, row, check_in=rules.is_check_in(routine, store.directory)))


async def add(store: Store, request: Request, now: datetime) -> Reply:
    """Words of one's own on the agenda, for all who get it."""
    row, routine = await _to_come(store, request, now)
    words = acts.required(request, "words", "Please write what is to be on it.")
    acts.clean(store, request, "words")
    said = await _say(store, row, {RecordField.AGENDA: words}, request.actor.id, now)
    await occurrences.change(store.connection, row, version=row.version + 1)
    to = [each for each in _everybody(store, routine, row, now) if each != request.actor.id] if row.invited_at else []
    _tell(store, row, Kind.OCCURRENCE_ADDED_TO, to, now, by=request.actor.id, said=said)
    return Reply(card=await _whole(store, request.voice, request.actor, row, routine, now))


async def send(store: Store, request: Request, now: datetime) -> Reply:
    """The agenda goes to everybody now, and not only on the school day before."""
    row, routine = await _to_come(store, request, now)
    if row.invited_at is None:
        await occurrences.change(
            store.connection, row, status=OccurrenceStatus.PREPARED, invited_at=now, version=row.version + 1
        )
        to = [each for each in _everybody(store, routine, row, now) if each != request.actor.id]
        event = _tell(store, row, Kind.OCCURRENCE_INVITED, to, now, by=request.actor.id, lane=Lane.SINGLE)
        tell_rooms(store, row.team_id, event, now, item=row.id)
        _set_timer(store, routine, row, now)
    return Reply(card=await _whole(store, request.voice, request.actor, row, routine, now))


async def held_form(store: Store, request: Request, now: datetime) -> Reply:
    row, routine = await _asked_about(store, request, now)
    there = rules.invited(routine, row.team_id, store.directory, row.day)
    return Reply(form=cards.held_form(request.voice, row, there))


async def held(store: Store, request: Request, now: datetime) -> Reply:
    """It took place: who was there, what was decided and noted. Everybody who belongs there gets that within the day."""
    row, routine = await _asked_about(store, request, now)
    texts = acts.clean(store, request, "notes")
    there = {each.id for each in rules.invited(routine, row.team_id, store.directory, row.day)}
    attended = [each for each in (request.fields.get("there") or []) if each in there]
    said = await _say(store, row, {RecordField.NOTES: texts["notes"]}, request.actor.id, now)
    await _ends(store, row, OccurrenceStatus.HELD, now, attended_ids=attended)
    to = [each for each in _everybody(store, routine, row, now) if each != request.actor.id]
    event = _tell(store, row, Kind.OCCURRENCE_HELD, to, now, by=request.actor.id, said=said)
    tell_rooms(store, row.team_id, event, now, item=row.id)
    return Reply(card=await _whole(store, request.voice, request.actor, row, routine, now))


async def missed_form(store: Store, request: Request, now: datetime) -> Reply:
    row, routine = await _asked_about(store, request, now)
    return Reply(form=cards.missed_form(request.voice, row, _latest(routine, row)))


async def missed(store: Store, request: Request, now: datetime) -> Reply:
    """It did not take place: that shows, and the coordinator hears; a new date in the same week or month may be given."""
    row, routine = await _asked_about(store, request, now)
    reason = acts.required(request, "reason", "Please say in a sentence why: it stands in the record.")
    acts.clean(store, request, "reason")
    to = _new_day(store, request, routine, row, now)
    said = await _say(store, row, {RecordField.REASON: reason}, request.actor.id, now)
    await _ends(store, row, OccurrenceStatus.MISSED, now)
    data: dict[str, Any] = {"from": row.day.isoformat()}
    if to:
        new = await _add(store, routine, row.team_id, row.planned_on, to, now, in_place_of=row)
        data |= {"to": to.isoformat(), "new": new.id}
    watcher = presence.coordinator(store.directory, acts.today(store, now))
    hear = [watcher.id, *(_everybody(store, routine, row, now) if to else ())]
    _tell(store, row, Kind.OCCURRENCE_MISSED, hear, now, by=request.actor.id, data=data, said=said)
    return Reply(card=await _whole(store, request.voice, request.actor, row, routine, now))


async def move_form(store: Store, request: Request, now: datetime) -> Reply:
    row, _ = await _to_come(store, request, now)
    return Reply(form=cards.move_form(request.voice, row))


async def move(store: Store, request: Request, now: datetime) -> Reply:
    """To another school day, with a reason; everybody who belongs there hears at once."""
    row, routine = await _to_come(store, request, now)
    reason = acts.required(request, "reason", "Please say in a sentence why: those who come will read it.")
    acts.clean(store, request, "reason")
    to = acts.school_day_field(store, request.fields, "day", now)
    if to is None or to == row.day or acts.calendar(store).at(to, routine.start) <= now:
        raise FormError({"day": phrase("Please pick another day, which is still to come.")})
    said = await _say(store, row, {RecordField.REASON: reason}, request.actor.id, now)
    await _ends(store, row, OccurrenceStatus.MOVED, now)
    new = await _add(store, routine, row.team_id, row.planned_on, to, now, in_place_of=row)
    data = {"from": row.day.isoformat(), "to": to.isoformat(), "new": new.id}
    hear = _everybody(store, routine, row, now)
    event = _tell(
        store, row, Kind.OCCURRENCE_MOVED, hear, now, by=request.actor.id, data=data, said=said, lane=Lane.SINGLE
    )
    tell_rooms(store, row.team_id, event, now, item=row.id)
    return Reply(card=await _whole(store, request.voice, request.actor, new, routine, now))


async def cancel_form(store: Store, request: Request, now: datetime) -> Reply:
    row, routine = await _to_come(store, request, now)
    return Reply(form=cards.cancel_form(request.voice, row, _latest(routine, row)))


async def cancel(store: Store, request: Request, now: datetime) -> Reply:
    """It will not take place, with a reason; a new date in the same week or month is asked for (R-16)."""
    row, routine = await _to_come(store, request, now)
    reason = acts.required(request, "reason", "Please say in a sentence why: those who come will read it.")
    acts.clean(store, request, "reason")
    to = _new_day(store, request, routine, row, now)
    said = await _say(store, row, {RecordField.REASON: reason}, request.actor.id, now)
    await _ends(store, row, OccurrenceStatus.CANCELLED, now)
    data: dict[str, Any] = {"from": row.day.isoformat()}
    if to:
        new = await _add(store, routine, row.team_id, row.planned_on, to, now, in_place_of=row)
        data |= {"to": to.isoformat(), "new": new.id}
    hear = _everybody(store, routine, row, now)
    event = _tell(
        store, row, Kind.OCCURRENCE_CANCELLED, hear, now, by=request.actor.id, data=data, said=said, lane=Lane.SINGLE
    )
    tell_rooms(store, row.team_id, event, now, item=row.id)
    return Reply(card=await _whole(store, request.voice, request.actor, row, routine, now))


def _new_day(store: Store, request: Request, routine: Routine, row: Occurrence, now: datetime) -> date | None:
    """A date in its place, in the same week or month; FormError where it is not."""
    to = acts.school_day_field(store, request.fields, "day", now)
    if to is None:
        return None
    first, last = recurrence.parse(routine.rule).period(row.planned_on)
    if not first <= to <= last:
        raise FormError({"day": phrase("Please pick a school day from {first} to {last}.", first=first, last=last)})
    if acts.calendar(store).at(to, routine.start) <= now:
        raise FormError({"day": phrase("That is past by now; please pick a later day.")})
    return to


def _latest(routine: Routine, row: Occurrence) -> date:
    return recurrence.parse(routine.rule).period(row.planned_on)[1]


async def _say(
    store: Store, row: Occurrence, words: dict[RecordField, str], by: PersonId, now: datetime
) -> list[Record]:
    said = [
        Record(
            district_id=store.district_id, id=new_id(), occurrence_id=row.id, field=field, author_id=by, said_at=now,
            text=text,
        )
        for field, text in words.items()
        if text
    ]  # fmt: skip
    for each in said:
        await occurrences.say(store.connection, each)
    return said


# ------------------------------------------------------------------------------------------------------- who may do it


def _may_steer(routine: Routine, actor: Person, directory: Directory, today: date) -> bool:
    """The coordinator, executive leaders, and who leads every team of it."""
    if actor.external or not actor.here_on(today):
        return False
    if actor.id in access.coordinators(directory, today) or presence.is_executive(actor):
        return True
    teams = [directory.teams[each] for each in routine.team_ids if each in directory.teams]
    return bool(teams) and all(each.lead_id == actor.id for each in teams)


def _may_see(routine: Routine, actor: Person, directory: Directory, today: date) -> bool:
    if _may_steer(routine, actor, directory, today):
        return True
    teams = [directory.teams[each] for each in routine.team_ids if each in directory.teams]
    belongs = actor.id in routine.person_ids or any(
        actor.id == each.lead_id or actor.id in each.member_ids for each in teams
    )
    return belongs and not actor.external and actor.here_on(today)


def _known(store: Store, routine_id: str) -> Routine:
    routine = routine_of(store.directory, routine_id)
    if routine is None:
        raise NotFoundError(phrase("There is no such routine that you can see."))
    return routine


def _sees(store: Store, row: Occurrence, routine: Routine, actor: Person, now: datetime) -> bool:
    """One of it: who belongs to that team, not to any other of the routine; who leads it; and who may steer all of it."""
    today = acts.today(store, now)
    if _may_steer(routine, actor, store.directory, today) or _leads(store, routine, row, now) == actor.id:
        return True
    there = rules.invited(routine, row.team_id, store.directory, max(row.day, today))
    return not actor.external and actor.id in {each.id for each in there}


def _steered(store: Store, request: Request, now: datetime) -> Routine:
    routine = _known(store, request.item)
    if not _may_steer(routine, request.actor, store.directory, acts.today(store, now)):
        raise acts.refuse("Only the coordinator, an executive leader, and who leads the team can do that.")
    return routine


async def _occurrence(store: Store, request: Request, now: datetime, *, steer: bool) -> tuple[Occurrence, Routine]:
    row = await occurrences.occurrence(store.connection, store.district_id, request.item)
    routine = routine_of(store.directory, row.routine_id) if row else None
    today = acts.today(store, now)
    if row is None or routine is None or not _sees(store, row, routine, request.actor, now):
        raise NotFoundError(phrase("There is no such meeting that you can see."))
    leads = _leads(store, routine, row, now) == request.actor.id
    if steer and not leads and not _may_steer(routine, request.actor, store.directory, today):
        raise acts.refuse("Only who leads it, the coordinator or an executive leader can do that.")
    return row, routine


def _leads(store: Store, routine: Routine, row: Occurrence, now: datetime) -> PersonId:
    return rules.leads(routine, row.team_id, store.directory, acts.today(store, now)).id


async def _to_come(store: Store, request: Request, now: datetime) -> tuple[Occurrence, Routine]:
    row, routine = await _occurrence(store, request, now, steer=True)
    if row.status not in occurrences.TO_COME or row.starts_at <= now:
        raise acts.refuse("It has begun, or is over; say whether it took place instead.")
    return row, routine


async def _asked_about(store: Store, request: Request, now: datetime) -> tuple[Occurrence, Routine]:
    row, routine = await _occurrence(store, request, now, steer=True)
    if row.starts_at > now:
        raise acts.refuse("It is still to come.")
    if row.status not in occurrences.TO_COME:
        raise acts.refuse("That is on record already.")
    return row, routine


# ------------------------------------------------------------------------------------------------------- what it shows


async def agenda(store: Store, row: Occurrence, routine: Routine, reader: Person | None, now: datetime) -> cards.Agenda:
    """The standing item *Implementation challenges* of a team's agenda, from the log, as this reader may see it (R-14).

    In its order: confirm or reopen, overdue, due before the next meeting, new, decisions for leaders, addressed since
    the last one. None of it where the team does not use the process.
    """
    directory = store.directory
    team = directory.teams.get(row.team_id) if row.team_id else None
    if team is not None and not team.uses_process:
        return cards.Agenda(False, ())
    calendar = acts.calendar(store)
    last = await occurrences.before(store.connection, store.district_id, routine.id, row.team_id, row.starts_at)
    following = recurrence.next_occurrence(routine, calendar, row.starts_at)
    since = last.starts_at if last else None
    items = await log.for_agenda(
        store.connection,
        store.district_id,
        access.sight(reader, directory, calendar.today(now)) if reader else None,
        _table(routine, row.team_id, directory),
        since or calendar.at(row.planned_on - A_MONTH, routine.start),
    )
    until = calendar.today(following) if following else None
    if rules.is_check_in(routine, directory):
        return _pre_read(items, directory, calendar.today(now))
    parts: dict[str, list[log.Line]] = {each: [] for each in cards.PARTS}
    for item in items:
        parts[_part_of(item, calendar.today(row.starts_at), until, since)].append(item.line)
    return cards.Agenda(
        True,
        tuple(cards.Part(name, tuple(found[:ON_AGENDA]), len(found)) for name, found in parts.items() if found),
    )


def _pre_read(items: Sequence[log.Item], directory: Directory, today: date) -> cards.Agenda:
    """One page for the superintendent: what only they can decide, oldest first, what other leaders have, and what waits
    for their approval, with its age (R-63, R-65)."""
    parts: dict[str, list[log.Line]] = {"top": [], "led": [], "unconfirmed": [], "addressed": []}
    for item in sorted(items, key=lambda each: each.line.number):
        owner = directory.people.get(item.line.owner_id)
        if item.line.status is Status.CLOSED:
            parts["addressed" if item.line.outcome is Outcome.CONFIRMED else "unconfirmed"].append(item.line)
        elif owner and owner.role == SUPERINTENDENT:
            parts["top"].append(item.line)
        else:
            parts["led"].append(item.line)
    drafts = [(version, (today - dated).days if dated else None) for version, dated in directory.submitted]
    found = tuple(cards.Part(name, tuple(lines[:ON_AGENDA]), len(lines)) for name, lines in parts.items() if lines)
    return cards.Agenda(True, found, tuple(drafts), pressed=True)


def _table(routine: Routine, team_id: TeamId, directory: Directory) -> log.Table:
    """The venue of the process that this is: a team's own, of a school's team that of its schools, else the routine's."""
    schools = tuple(each.id for each in directory.schools.values() if team_id and each.team_id == team_id)
    if schools:
        return log.Table(recurrence.SCHOOL_TEAM, schools)
    if rules.is_check_in(routine, directory):
        leaders = tuple(each.id for each in directory.people.values() if presence.is_executive(each))
        return log.Table(routine.id.replace("-", "_"), owner_ids=leaders)
    return log.Table(team_id or routine.id.replace("-", "_"))


def _part_of(item: log.Item, day: date, until: date | None, since: datetime | None) -> str:
    line = item.line
    if line.status is Status.CLOSED:
        return "addressed" if line.outcome is Outcome.CONFIRMED else "unconfirmed"
    if line.status in {Status.RESOLVED, Status.AWAITING_CONFIRMATION}:
        return "confirm"
    if line.decide_by and line.decide_by < day and line.understood_at is None:
        return "overdue"
    if line.decide_by and until and line.decide_by <= until and line.understood_at is None:
        return "due"
    if since is None or line.reported_at > since:
        return "new"
    return "leaders" if item.rung in cards.LEADERS else "open"


async def _whole(store: Store, voice: Voice, reader: Person, row: Occurrence, routine: Routine, now: datetime) -> Card:
    said = await occurrences.said(store.connection, row)
    today = acts.today(store, now)
    steers = reader.id == _leads(store, routine, row, now) or _may_steer(routine, reader, store.directory, today)
    on = await agenda(store, row, routine, reader, now) if row.status in occurrences.TO_COME else None
    following = recurrence.next_occurrence(routine, acts.calendar(store), max(now, row.starts_at))
    return cards.whole(voice, row, routine, on, said, now=now, steers=steers, following=following)


async def compose(store: Store, message: Told, now: datetime, *, by_mail: bool = False) -> Card | None:
    """What a message about an occurrence says; None where it is old news."""
    row = await occurrences.occurrence(store.connection, store.district_id, message.item_id or "")
    event = await store.event(message.event_id) if message.event_id else None
    routine = routine_of(store.directory, row.routine_id) if row else None
    if row is None or event is None or routine is None:
        return None
    if event.kind in {Kind.OCCURRENCE_PREPARED, Kind.OCCURRENCE_INVITED} and (
        row.status not in occurrences.TO_COME or row.starts_at <= now
    ):
        return None
    if event.kind is Kind.OCCURRENCE_ASKED and row.status not in occurrences.TO_COME:
        return None
    said = await occurrences.said(store.connection, row)
    on = None
    if message.room_id is not None:
        room = next((each for each in store.directory.rooms if each.id == message.room_id), None)
        if room is None:
            return None
        voice = Voice(store.directory, platform=room.platform)
        if event.kind is Kind.OCCURRENCE_INVITED:
            on = await agenda(store, row, routine, None, now)
        return cards.in_room(voice, row, routine, event, on)
    reader = store.directory.people.get(message.person_id)
    if reader is None or not reader.here_on(acts.today(store, now)):
        return None
    if not _sees(store, row, routine, reader, now):  # not of the team any more
        return None
    if event.kind in {Kind.OCCURRENCE_PREPARED, Kind.OCCURRENCE_INVITED}:
        on = await agenda(store, row, routine, None if by_mail else reader, now)
    steers = reader.id == _leads(store, routine, row, now) or _may_steer(
        routine, reader, store.directory, acts.today(store, now)
    )
    return cards.news(Voice(store.directory, reader), row, routine, event, on, said, steers=steers)


async def redraw(store: Store, message: Told, now: datetime) -> Card | None:
    """What stands there already, with what its reader may see of it now; of what is past, without its agenda."""
    card = await compose(store, message, now)
    if card is not None:
        return card
    row = await occurrences.occurrence(store.connection, store.district_id, message.item_id or "")
    reader = store.directory.people.get(message.person_id)
    routine = routine_of(store.directory, row.routine_id) if row else None
    if row is None or routine is None or reader is None:
        return None
    return cards.past(Voice(store.directory, reader), row, routine)
