"""Reminders put off by whose they are: until a day, with a reason (R-32).

It is the reminder alone that waits. The dates of the challenge stay, those who raised it hear as they would have, and it
goes up the ladder as if the reminders had been read: nobody's silence becomes somebody else's wait.
"""

from datetime import date, datetime

from handlers import acts
from handlers.cards import challenge as cards
from handlers.cards import snoozes
from handlers.cards.text import phrase
from handlers.errors import FormError
from handlers.request import Reply, Request
from handlers.rules import cadence, lanes
from handlers.rules.access import Action
from storage.case import Case
from storage.directory import Person
from storage.models import Message
from storage.store import Store
from storage.vocabulary import EventId, Field, Kind, Lane, MessageState, Urgency


async def form(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.SEE, now)
    latest = _latest(store, request, case, now)
    first = acts.calendar(store).next_school_day(acts.today(store, now))
    return Reply(form=snoozes.form(request.voice, case, min(first, latest), latest))


async def snooze(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.SEE, now)
    latest = _latest(store, request, case, now)
    acts.required(request, "reason", "Please say in a sentence why: it stands in the history.")
    texts = acts.clean(store, request, "reason")
    day = acts.school_day_field(store, request.fields, "until", now)
    if day is None or not acts.today(store, now) < day <= latest:
        raise FormError({"until": phrase("Please pick a day after today, at the latest {day}.", day=latest)})
    actor, challenge = request.actor, case.challenge
    event = store.record(
        case, Kind.SNOOZED, by=actor.id, at=now, said={Field.SNOOZE: texts["reason"]}, data={"until": day.isoformat()},
        put_off={**challenge.put_off, actor.id: day.isoformat()},
        updated_at=challenge.updated_at, owner_acted_at=challenge.owner_acted_at,  # it is no act on the challenge
    )  # fmt: skip
    calendar = acts.calendar(store)

    def later(at: datetime) -> datetime:
        return lanes.put_off(at, actor, calendar, day).at

    await store.move_digest(actor.id, later, challenge_id=case.id, kinds=lanes.REMINDERS)
    await _again(store, case, actor, event.id, later(now), now)
    await store.look_at_digests(case.id, now)
    said = request.voice("I remind you of challenge {n} again on {day}, with your digest.", n=case.number, day=day)
    return Reply(card=cards.plain(request.voice, request.voice("Put off"), said, snoozes.goes_on(request.voice)))


async def _again(store: Store, case: Case, actor: Person, put_off: EventId, at: datetime, now: datetime) -> None:
    """What they were reminded of already comes once more on that day, if it is still so; what waits comes by itself.

    What is on its way just now was not moved: it may be read yet, and else finds itself put off when it is composed.
    """
    last = await store.last_reminder(actor.id, case.id, lanes.REMINDERS)
    waits = last is not None and last.state is MessageState.PENDING
    if last is None or (waits and last.leased_until is None and last.unknown_since is None):
        return
    store.add(
        Message(
            district_id=store.district_id,
            once=f"{last.kind}:{actor.id}:{put_off}",
            kind=last.kind,
            lane=Lane.DIGEST,
            person_id=actor.id,
            challenge_id=case.id,
            event_id=last.event_id,
            item_id=last.item_id,
            created_at=now,
            send_at=at,
        )
    )


def _latest(store: Store, request: Request, case: Case, now: datetime) -> date:
    latest = cadence.may_put_off(case, request.actor.id, acts.calendar(store), acts.today(store, now))
    if latest is None and case.challenge.urgency is Urgency.HIGH:
        raise acts.refuse("Challenge {n} is of high urgency: its reminders cannot be put off.", n=case.number)
    if latest is None:
        raise acts.refuse("You get no reminders of challenge {n} that could be put off.", n=case.number)
    return latest
