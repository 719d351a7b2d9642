"""One occurrence of a routine as people use it: shown, added to, sent, held, missed, moved, cancelled."""

from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final

from handlers import acts, agendas
from handlers.cards import routines as cards
from handlers.cards.text import phrase
from handlers.errors import FormError, NotFoundError
from handlers.occurrences import add as plan_one
from handlers.occurrences import end, everybody, leads, set_timer, tell_of
from handlers.request import Reply, Request
from handlers.routines import known
from handlers.rules import presence
from handlers.rules import routines as rules
from handlers.telling import tell_rooms
from scheduling import recurrence
from storage import occurrences
from storage.directory import Person, Routine
from storage.models import Occurrence, Record
from storage.store import Store
from storage.vocabulary import Kind, Lane, OccurrenceStatus, PersonId, RecordField, new_id

ENDED: Final = MappingProxyType(
    {
        OccurrenceStatus.MISSED: Kind.OCCURRENCE_MISSED,
        OccurrenceStatus.MOVED: Kind.OCCURRENCE_MOVED,
        OccurrenceStatus.CANCELLED: Kind.OCCURRENCE_CANCELLED,
    }
)


async def show(store: Store, request: Request, now: datetime) -> Reply:
    """`/clearway meeting`: the next ones of this person; or one of them, by a button."""
    if request.item:
        row, routine = await _occurrence(store, request, now, steer=False)
        return Reply(card=await agendas.whole(store, request.voice, request.actor, row, routine, now))
    return Reply(card=cards.next_ones(request.voice, (await next_of(store, request.actor, now))[:6]))


async def next_of(store: Store, actor: Person, now: datetime) -> list[tuple[Occurrence, Routine]]:
    """The meetings to come of this person; and then those of which they have not said yet whether they took place."""
    directory, today = store.directory, acts.today(store, now)
    mine = [each.id for each in directory.routines if each.running and rules.may_see(each, actor, directory, today)]
    theirs = []
    for row in await occurrences.to_come(store.connection, store.district_id, mine) if mine else ():
        routine = known(store, row.routine_id)
        there = rules.invited(routine, row.team_id, directory, row.day)
        if leads(store, routine, row, now).id == actor.id or (
            row.starts_at > now and actor.id in {each.id for each in there}
        ):
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
    to = [each for each in everybody(store, routine, row, now) if each != request.actor.id] if row.invited_at else []
    tell_of(store, row, Kind.OCCURRENCE_ADDED_TO, to, now, by=request.actor.id, said=said)
    return Reply(card=await agendas.whole(store, request.voice, request.actor, row, routine, now))


async def send(store: Store, request: Request, now: datetime) -> Reply:
    """The agenda goes to everybody now, and not only on the school day before."""
    row, routine = await _to_come(store, request, now)
    if row.invited_at is None:
        await occurrences.change(
            store.connection, row, status=OccurrenceStatus.PREPARED, invited_at=now, version=row.version + 1
        )
        to = [each for each in everybody(store, routine, row, now) if each != request.actor.id]
        event = tell_of(store, row, Kind.OCCURRENCE_INVITED, to, now, by=request.actor.id, lane=Lane.SINGLE)
        tell_rooms(store, row.team_id, event, now, item=row.id)
        set_timer(store, routine, row, now)
    return Reply(card=await agendas.whole(store, request.voice, request.actor, row, routine, now))


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
    await end(store, row, OccurrenceStatus.HELD, now, attended_ids=attended)
    to = [each for each in everybody(store, routine, row, now) if each != request.actor.id]
    event = tell_of(store, row, Kind.OCCURRENCE_HELD, to, now, by=request.actor.id, said=said)
    tell_rooms(store, row.team_id, event, now, item=row.id)
    return Reply(card=await agendas.whole(store, request.voice, request.actor, row, routine, now))


async def missed_form(store: Store, request: Request, now: datetime) -> Reply:
    row, routine = await _asked_about(store, request, now)
    return Reply(form=cards.missed_form(request.voice, row, _latest(routine, row)))


async def missed(store: Store, request: Request, now: datetime) -> Reply:
    """It did not take place: that shows, and the coordinator hears; a new date in the same week or month may be given."""
    row, routine = await _asked_about(store, request, now)
    to = _new_day(store, request, routine, row, now)
    watcher = presence.coordinator(store.directory, acts.today(store, now))
    hear = [watcher.id, *(everybody(store, routine, row, now) if to else ())]
    return await _ends(store, request, row, routine, OccurrenceStatus.MISSED, to, hear, now)


async def move_form(store: Store, request: Request, now: datetime) -> Reply:
    row, _ = await _to_come(store, request, now)
    return Reply(form=cards.move_form(request.voice, row))


async def move(store: Store, request: Request, now: datetime) -> Reply:
    """To another school day, with a reason; everybody who belongs there hears at once."""
    row, routine = await _to_come(store, request, now)
    to = acts.school_day_field(store, request.fields, "day", now)
    if to is None or to == row.day or acts.calendar(store).at(to, routine.start) <= now:
        raise FormError({"day": phrase("Please pick another day, which is still to come.")})
    hear = everybody(store, routine, row, now)
    return await _ends(store, request, row, routine, OccurrenceStatus.MOVED, to, hear, now, lane=Lane.SINGLE)


async def cancel_form(store: Store, request: Request, now: datetime) -> Reply:
    row, routine = await _to_come(store, request, now)
    return Reply(form=cards.cancel_form(request.voice, row, _latest(routine, row)))


async def cancel(store: Store, request: Request, now: datetime) -> Reply:
    """It will not take place, with a reason; a new date in the same week or month is asked for (R-16)."""
    row, routine = await _to_come(store, request, now)
    to = _new_day(store, request, routine, row, now)
    hear = everybody(store, routine, row, now)
    return await _ends(store, request, row, routine, OccurrenceStatus.CANCELLED, to, hear, now, lane=Lane.SINGLE)


async def _ends(
    store: Store, request: Request, row: Occurrence, routine: Routine, status: OccurrenceStatus, to: date | None,
    hear: list[PersonId], now: datetime, *, lane: Lane | None = None,
) -> Reply:  # fmt: skip
    """It is missed, moved or cancelled, with its reason; where there is a day for it, another comes in its place.

    `hear`: the people who hear of it; so do the rooms of its team, without the reason.
    """
    reason = acts.required(request, "reason", "Please say in a sentence why: those who hear of it will read it.")
    acts.clean(store, request, "reason")
    said = await _say(store, row, {RecordField.REASON: reason}, request.actor.id, now)
    await end(store, row, status, now)
    data: dict[str, Any] = {"from": row.day.isoformat()}
    new = await plan_one(store, routine, row.team_id, row.planned_on, to, now, in_place_of=row) if to else None
    if new:
        data |= {"to": new.day.isoformat(), "new": new.id}
    event = tell_of(store, row, ENDED[status], hear, now, by=request.actor.id, data=data, said=said, lane=lane)
    if new or status is not OccurrenceStatus.MISSED:  # a room is for what it can act on
        tell_rooms(store, row.team_id, event, now, item=row.id)
    shown = new if new and status is OccurrenceStatus.MOVED else row
    return Reply(card=await agendas.whole(store, request.voice, request.actor, shown, routine, now))


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


async def _occurrence(store: Store, request: Request, now: datetime, *, steer: bool) -> tuple[Occurrence, Routine]:
    row = await occurrences.occurrence(store.connection, store.district_id, request.item)
    routine = store.directory.routine(row.routine_id) if row else None
    if row is None or routine is None or not agendas.sees(store, row, routine, request.actor, now):
        raise NotFoundError(phrase("There is no such meeting that you can see."))
    if steer and not agendas.steers(store, row, routine, request.actor, now):
        raise acts.refuse("Only who leads it, the coordinator or an executive leader can do that.")
    return row, routine


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
