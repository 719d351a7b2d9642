"""The school is closed on a day that the calendar does not know: a snow day, by one button; and open again after a slip.

Dates move off a closed day: decisions, steps, prompts and meetings. Those concerned hear when there is school again.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from handlers import acts, agendas, followups, meetings, moves, occurrences
from handlers.cards import closures as cards
from handlers.cards.text import phrase
from handlers.errors import FormError
from handlers.request import Reply, Request
from handlers.rules import access, presence
from handlers.rules import routines as rules
from handlers.telling import tell, tell_rooms
from scheduling.calendar import DAY, Calendar
from storage import occurrences as rows
from storage import people
from storage.directory import Closure, Routine
from storage.models import Occurrence
from storage.store import Store
from storage.vocabulary import (
    ENDED,
    Kind,
    Lane,
    MessageKind,
    OccurrenceStatus,
    PersonId,
    TimerKind,
)

LONGEST: Final = timedelta(days=13)  # a longer closure is for the district's file, where others look it over
AHEAD: Final = timedelta(days=366)


async def form(store: Store, request: Request, now: datetime) -> Reply:
    """`/clearway closed`."""
    _may(store, request, now)
    today = acts.today(store, now)
    first = today if acts.calendar(store).is_school_day(today) else None
    return Reply(form=cards.form(request.voice, first, _said(store, today)))


async def close(store: Store, request: Request, now: datetime) -> Reply:
    """From a day to a day, today or later: the calendar has it from now on, and keeps it through imports.

    Or what was said before is taken back.
    """
    _may(store, request, now)
    if back := request.fields.get("back"):
        if not _is_as_offered(request, acts.today(store, now)):
            raise FormError({"from": phrase("Please do one at a time: leave this empty to take something back.")})
        return await _take_back(store, request, [str(each) for each in back], now)
    today = acts.today(store, now)
    first, last = acts.day_field(request.fields, "from"), acts.day_field(request.fields, "to")
    errors = {}
    if first is None or not today <= first <= today + AHEAD:
        errors["from"] = phrase("Please pick the first day, today or later.")
    last = last or first
    if first and last and last < first:
        errors["to"] = phrase("The last day is before the first one. Leave it empty for a single day.")
    elif first and last and last > first + LONGEST:
        errors["to"] = phrase(
            "Please pick a last day within two weeks; a longer closure goes into the district's file."
        )
    if errors or first is None or last is None:
        raise FormError(errors)
    name = acts.clean(store, request, "name")["name"] or request.say("Closed")
    was = acts.calendar(store)
    if not any(was.is_school_day(each) for each in _days(first, last)):
        raise FormError({"from": phrase("There is no school then already.")})
    closure = Closure(name, first, last, said=True)
    await people.add_closure(store.connection, store.district_id, closure)
    data = {"from": first.isoformat(), "to": last.isoformat()}
    store.record(None, Kind.SCHOOL_CLOSED, by=request.actor.id, at=now, data=data)
    await take_effect(store, was, now)
    again = acts.calendar(store).next_school_day(last)
    dates = len({each.challenge_id for each in store.recorded if each.kind is Kind.DATES_MOVED})
    moved = await _moved(store, request, now)
    return Reply(card=cards.closed(request.voice, closure, again, dates=dates, moved=moved))


async def _moved(store: Store, request: Request, now: datetime) -> list[cards.Moved]:
    """The meetings that are on another day since, as far as who closed it sees them; the soonest first."""
    told = [each for each in store.recorded if each.kind in {Kind.OCCURRENCE_MOVED, Kind.OCCURRENCE_CANCELLED}]
    known = await rows.some(store.connection, store.district_id, {each.data["occurrence"] for each in told})
    today, found = acts.today(store, now), []
    for event in told:
        row = known[event.data["occurrence"]]
        routine = store.directory.routine(row.routine_id)
        if routine is not None and rules.may_see(routine, request.actor, store.directory, today):
            to = event.data.get("to")
            found.append(cards.Moved(row, routine, date.fromisoformat(to) if to else None))
    return sorted(found, key=lambda each: each.row.starts_at)


async def take_back(store: Store, request: Request, now: datetime) -> Reply:
    """It was said by mistake: there is school on those days after all."""
    _may(store, request, now)
    return await _take_back(store, request, [request.item], now)


async def take_effect(store: Store, was: Calendar, now: datetime) -> None:
    """The calendar in the database is another one: from now on all dates follow it, and what is on a day that is closed
    now moves. `was`: the one before."""
    store.directory, _ = await people.load_directory(store.connection, store.district_id)
    await store.look_again(now)
    for each in store.directory.routines:
        if each.running and rules.counts(each.rule):
            await occurrences.plan(store, each, now)  # before what it finds closed is moved for that
        elif each.running:
            store.set_timer(TimerKind.ROUTINE, each.id, now)
    await followups.move_dates(store, was, now)
    running = [each.id for each in store.directory.routines if each.running]
    calendar = acts.calendar(store)
    for row in await rows.to_come(store.connection, store.district_id, running) if running else ():
        routine = store.directory.routine(row.routine_id)
        if routine is not None and now < row.starts_at:
            await occurrences.off_a_closed_day(store, routine, row, calendar, now)


def _may(store: Store, request: Request, now: datetime) -> None:
    watches = request.actor.id in access.coordinators(store.directory, acts.today(store, now))
    if not watches and not presence.is_executive(request.actor):
        raise acts.refuse("Only the coordinator or an executive leader can say that the school is closed.")


def _is_as_offered(request: Request, today: date) -> bool:
    """Nobody has filled in days to close: the form offers today by itself, whatever else it is opened for."""
    first, last = acts.day_field(request.fields, "from"), acts.day_field(request.fields, "to")
    return first in {None, today} and last is None


def _said(store: Store, today: date) -> list[Closure]:
    """What was said in chat and is not over yet: it can be taken back."""
    return [each for each in store.directory.calendar.closures if each.said and each.to_on >= today]


def _days(first: date, last: date) -> Iterable[date]:
    return (first + DAY * n for n in range((last - first).days + 1))


# ----------------------------------------------------------------------------------------------------- taking it back


async def _take_back(store: Store, request: Request, named: Sequence[str], now: datetime) -> Reply:
    today, was = acts.today(store, now), acts.calendar(store)
    closures = [each for each in _said(store, today) if cards.item_of(each) in named]
    if not closures:
        raise acts.refuse(
            "That is not closed by a word said here any more; what the district's file says is changed there."
        )
    for each in closures:
        await people.take_back_closure(store.connection, store.district_id, each, today)
        data = {"from": each.from_on.isoformat(), "to": each.to_on.isoformat()}
        store.record(None, Kind.SCHOOL_OPENED, by=request.actor.id, at=now, data=data)
    await take_effect(store, was, now)
    await _tell_of_dates(store, closures, request.actor.id, now)
    offered = await offer_back(store, was, request.actor.id, now)
    theirs = [
        (row, routine, day) for row, routine, day in offered if agendas.steers(store, row, routine, request.actor, now)
    ]
    return Reply(card=cards.opened(request.voice, closures, theirs))


async def _tell_of_dates(store: Store, closures: Collection[Closure], by: PersonId, now: datetime) -> None:
    """Those who were told that a challenge's dates have moved hear that they may have been told for nothing."""
    spans = [(each.from_on.isoformat(), each.to_on.isoformat()) for each in closures]
    for closed in await store.beside({Kind.SCHOOL_CLOSED}, now - AHEAD):
        if (closed.data.get("from"), closed.data.get("to")) not in spans:
            continue
        act = await store.act_of(closed)
        moved = dict.fromkeys(each.challenge_id for each in act if each.kind is Kind.DATES_MOVED and each.challenge_id)
        for case in await store.cases(moved):
            if case.challenge.status not in ENDED:
                event = store.record(case, Kind.SCHOOL_OPENED, by=by, at=now)
                moves.tell_involved(store, case, event, now)


Offer = tuple[Occurrence, Routine, date]
"""A meeting as it stands now, and the day on which it could be again."""


async def offer_back(store: Store, was: Calendar, by: PersonId | None, now: datetime) -> list[Offer]:
    """There is school on days that `was` had closed. What had moved off them stays where it is: those who come hear that,
    and whoever leads it may move it back."""
    calendar = acts.calendar(store)
    offers = []
    for row, routine, day in await _moved_off(store, now):
        if was.is_message_day(day, urgent=True) or not calendar.is_school_day(day):
            continue
        lead, *others = occurrences.everybody(store, routine, row, now)
        data = {"from": row.day.isoformat(), "to": day.isoformat()}
        begins = calendar.at(day, routine.start)
        event = occurrences.tell_of(
            store, row, Kind.OCCURRENCE_MAY_RETURN, others, now, by=by, data=data, before=begins
        )
        tell(store, [lead], MessageKind.OCCURRENCE, event, now, item=row.id, lane=Lane.SINGLE)
        offers.append((row, routine, day))
    return offers


async def _gone(store: Store, now: datetime) -> list[Occurrence]:
    running = [each.id for each in store.directory.routines if each.running]
    return await rows.gone_from(store.connection, store.district_id, running, now) if running else []


async def _latest(store: Store, row: Occurrence) -> Occurrence:
    """The one in whose place there is no other."""
    return (await rows.of_root(store.connection, store.district_id, row.routine_id, row.root_id))[-1]


async def _moved_off(store: Store, now: datetime) -> list[Offer]:
    """What a closed day has moved or cancelled, and nobody has changed since; its old day is still to come."""
    gone = {each.id: each for each in await _gone(store, now)}
    if not gone:
        return []
    since = min(each.ended_at for each in gone.values() if each.ended_at)
    found: list[Offer] = []
    for event in await store.beside({Kind.OCCURRENCE_MOVED, Kind.OCCURRENCE_CANCELLED}, since):
        row = gone.get(event.data.get("occurrence", ""))
        if row is None or event.data.get("why") != "closed":
            continue
        stands = await _latest(store, row)
        routine = store.directory.routine(row.routine_id)
        if routine is None or stands.id not in {row.id, event.data.get("new")}:
            continue
        if stands.status in rows.TO_COME and rules.counts(routine.rule) and not stands.chosen:
            continue  # it follows the count by itself
        if stands.id == row.id or (stands.status in rows.TO_COME and stands.starts_at > now):
            found.append((stands, routine, row.day))
    return found


# ------------------------------------------------------------------------------------------- another date for a meeting


async def move_back(store: Store, request: Request, now: datetime) -> Reply:
    """A meeting that a closed day had moved is on its old day again, on which there is school after all."""
    row, routine = await meetings.occurrence(store, request, now, steer=True)
    day = next((day for each, _, day in await _moved_off(store, now) if each.id == row.id), None)
    if day is None or not acts.calendar(store).is_school_day(day):
        raise acts.refuse("It cannot be moved back any more. It can be moved to another day.")
    return await _place(store, request, row, routine, day, now)


async def again_form(store: Store, request: Request, now: datetime) -> Reply:
    row, routine = await _without_a_date(store, request, now)
    meetings.must_run(routine)
    return Reply(form=cards.again_form(request.voice, row))


async def again(store: Store, request: Request, now: datetime) -> Reply:
    """Another date for a meeting that had none left in its week or month."""
    row, routine = await _without_a_date(store, request, now)
    day = acts.school_day_field(store, request.fields, "day", now)
    if day is None or acts.calendar(store).at(day, routine.start) <= now:
        raise FormError({"day": phrase("Please pick a day which is still to come.")})
    return await _place(store, request, row, routine, day, now)


async def _without_a_date(store: Store, request: Request, now: datetime) -> tuple[Occurrence, Routine]:
    row, routine = await meetings.occurrence(store, request, now, steer=True)
    stands = await _latest(store, row)
    if row.status is not OccurrenceStatus.CANCELLED or stands.id != row.id:
        raise acts.refuse("It has another date already, or is not cancelled.")
    return row, routine


async def _place(store: Store, request: Request, row: Occurrence, routine: Routine, day: date, now: datetime) -> Reply:
    meetings.must_run(routine)
    if row.status is not OccurrenceStatus.CANCELLED:
        await occurrences.end(store, row, OccurrenceStatus.MOVED, now)
    await meetings.must_be_free(store, row, day)
    hear = occurrences.everybody(store, routine, row, now)
    new = await occurrences.add(
        store, routine, row.team_id, row.planned_on, day, now, in_place_of=row, chosen=True, heard=hear
    )
    data = {"from": row.day.isoformat(), "to": day.isoformat(), "new": new.id}
    event = occurrences.tell_of(
        store, row, Kind.OCCURRENCE_MOVED, hear, now, by=request.actor.id, data=data, lane=Lane.SINGLE
    )
    tell_rooms(store, row.team_id, event, now, item=row.id)
    return Reply(card=await agendas.whole(store, request.voice, request.actor, new, routine, now))
