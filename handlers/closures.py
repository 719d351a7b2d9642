"""The school is closed on a day that the calendar does not know: a snow day, by one button.

Dates move off it: decisions, steps, prompts and meetings. Those concerned hear when there is school again.
"""

from datetime import datetime, timedelta

from handlers import acts, followups
from handlers.cards import closures as cards
from handlers.cards.text import phrase
from handlers.errors import FormError
from handlers.request import Reply, Request
from handlers.rules import access, presence
from storage import people
from storage.directory import Closure
from storage.store import Store
from storage.vocabulary import Kind

LONGEST = timedelta(days=13)  # a longer closure is for the district's file, where others look it over
AHEAD = timedelta(days=366)


async def form(store: Store, request: Request, now: datetime) -> Reply:
    """`/clearway closed`."""
    _may(store, request, now)
    return Reply(form=cards.form(request.voice, acts.today(store, now)))


async def close(store: Store, request: Request, now: datetime) -> Reply:
    """From a day to a day, today or later: the calendar has it from now on, and keeps it through imports."""
    _may(store, request, now)
    today = acts.today(store, now)
    first, last = acts.day_field(request.fields, "from"), acts.day_field(request.fields, "to")
    errors = {}
    if first is None or not today <= first <= today + AHEAD:
        errors["from"] = phrase("Please pick the first day, today or later.")
    last = last or first
    if first and last and not first <= last <= first + LONGEST:
        errors["to"] = phrase(
            "Please pick a last day within two weeks; a longer closure goes into the district's file."
        )
    if errors or first is None or last is None:
        raise FormError(errors)
    name = acts.clean(store, request, "name")["name"] or request.say("Closed")
    calendar = acts.calendar(store)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    closing = [each for each in days if calendar.is_school_day(each)]
    if not closing:
        raise FormError({"from": phrase("There is no school then already.")})
    was = calendar
    await people.add_closure(store.connection, store.district_id, Closure(name, first, last))
    store.directory, _ = await people.load_directory(store.connection, store.district_id)
    data = {"from": first.isoformat(), "to": last.isoformat()}
    store.record(None, Kind.SCHOOL_CLOSED, by=request.actor.id, at=now, data=data)
    await store.look_again(now)
    await followups.move_dates(store, was, now)
    return Reply(card=cards.closed(request.voice, first, last, acts.calendar(store).next_school_day(last)))


def _may(store: Store, request: Request, now: datetime) -> None:
    watches = request.actor.id in access.coordinators(store.directory, acts.today(store, now))
    if not watches and not presence.is_executive(request.actor):
        raise acts.refuse("Only the coordinator or an executive leader can say that the school is closed.")
