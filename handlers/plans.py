"""Private plans: how a leader is supported, and what somebody will learn (R-71, R-72). Seen only by those named.

Nobody else learns that there is one: not from lists, digests, agendas, exports or the history, which holds ids; and not
by a press on a known id.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, Final

from handlers import actions, acts
from handlers.cards import plans as cards
from handlers.cards.model import Button, Card
from handlers.cards.text import Voice, phrase
from handlers.errors import FormError, NotFoundError
from handlers.request import Reply, Request
from handlers.rules import access, lanes, presence
from handlers.telling import Told, tell
from storage import actions as items
from storage import plans
from storage.directory import Person
from storage.models import Event, Plan, Saying, Timer
from storage.store import Store, plain
from storage.vocabulary import Kind, Lane, MessageKind, PersonId, PlanKind, RecordField, TimerKind

SOFTEST: Final = 20
"""School days, about a month, after which those named are asked again at the latest."""


# ------------------------------------------------------------------------------------------------------- what falls due


async def on_due(store: Store, timer: Timer, now: datetime) -> None:
    """Its day has come: those named are asked to look at it, in their digest; ever more softly, until somebody does."""
    row = await plans.plan(store.connection, store.district_id, timer.about)
    if row is None or row.ended_at is not None:
        store.set_timer(TimerKind.PLAN, timer.about, None)
        return
    await mend(store, row, now)
    if row.ended_at is None and _due(store, row) <= now:
        reader = store.directory.people[row.keeper_id]
        read_at = lanes.plan(Lane.DIGEST, reader, acts.calendar(store), now).at
        event = await _record(store, row, Kind.PLAN_PROMPTED, now, asks=row.asks + 1, asked_at=read_at)
        _tell(store, row, event, now)
    _settle(store, row, now)


def _due(store: Store, row: Plan) -> datetime:
    calendar, cadence = acts.calendar(store), store.directory.in_force.process.cadence_school_days
    if row.asks and row.asked_at:
        gap = min(row.asks * cadence.nudge_open, max(SOFTEST, cadence.nudge_open))
        return calendar.morning_of(calendar.school_days_after(calendar.today(row.asked_at), gap))
    return calendar.morning_of(calendar.school_days_after(row.review_on, 0))


def _settle(store: Store, row: Plan, now: datetime) -> None:
    store.set_timer(TimerKind.PLAN, row.id, None if row.ended_at else max(_due(store, row), now))


async def mend(store: Store, row: Plan, now: datetime) -> None:
    """Where its keeper has left, somebody else who is named keeps it; where all have, it ends, and nobody inherits it."""
    today = acts.today(store, now)
    there = [PersonId(each) for each in row.named_ids if presence.is_active(store.directory, PersonId(each), today)]
    if not there:
        await _end(store, row, None, now)
    elif row.keeper_id not in there:
        event = await _record(store, row, Kind.PLAN_NAMED, now, keeper_id=there[0])
        _tell(store, row, event, now, only=there[:1])


async def mend_all(store: Store, now: datetime) -> None:
    """Every plan that has not ended is kept by somebody in post, and has a timer."""
    for row in await plans.running(store.connection, store.district_id):
        await mend(store, row, now)
        _settle(store, row, now)


# ------------------------------------------------------------------------------------------------ what people do with it


async def show_all(store: Store, request: Request, now: datetime) -> Reply:
    """`/clearway plans`: those on which somebody is named."""
    today = acts.today(store, now)
    rows = await plans.running(store.connection, store.district_id)
    mine = [each for each in rows if access.sees_plan(request.actor, each.named_ids, today)]
    return Reply(card=cards.listed(request.voice, mine))


async def show(store: Store, request: Request, now: datetime) -> Reply:
    row = await _plan(store, request, now)
    return Reply(card=await _whole(store, request.voice, row, request.actor, now))


async def make_form(store: Store, request: Request, now: datetime) -> Reply:
    today = acts.today(store, now)
    others = access.may_plan(request.actor, store.directory, today)
    return Reply(form=cards.make_form(request.voice, request.actor, today, for_others=others))


async def make(store: Store, request: Request, now: datetime) -> Reply:
    """A plan for somebody: those named hear nothing yet but in their digest, and see it from now on."""
    goal = acts.required(request, "goal", "Please say in a sentence what is to come of it.")
    texts = acts.clean(store, request, "goal", "support")
    kind = next((each for each in PlanKind if each == request.fields.get("kind")), None)
    person_id = acts.person_field(store, request.fields, "person", now) or request.actor.id
    others = access.may_plan(request.actor, store.directory, acts.today(store, now))
    if kind is None or (kind is PlanKind.SUPPORT and not others):
        raise FormError({"kind": phrase("Please pick one of the list.")})
    if person_id != request.actor.id and not others:
        raise FormError({"kind": phrase("You can make a learning plan of your own.")})
    named = [request.actor.id, *_named_field(store, request, now)]
    if kind is PlanKind.LEARNING and access.sees_plan(
        store.directory.people[person_id], [person_id], acts.today(store, now)
    ):
        named.append(person_id)  # it is theirs
    row = Plan(
        district_id=store.district_id, kind=kind, person_id=person_id, keeper_id=request.actor.id,
        named_ids=list(dict.fromkeys(named)), review_on=_review_field(store, request, now), made_at=now,
    )  # fmt: skip
    await plans.add(store.connection, row)
    words = {RecordField.GOAL: goal, RecordField.SUPPORT: texts["support"]}
    event = await _record(store, row, Kind.PLAN_MADE, now, by=request.actor.id, words=words, version=1)
    _tell(store, row, event, now)
    _settle(store, row, now)
    return Reply(card=await _whole(store, request.voice, row, request.actor, now))


async def review_form(store: Store, request: Request, now: datetime) -> Reply:
    return Reply(form=cards.review_form(request.voice, await _running(store, request, now)))


async def review(store: Store, request: Request, now: datetime) -> Reply:
    """Somebody who is named has looked at it: how it goes, and when it is looked at next."""
    row = await _running(store, request, now)
    texts = acts.clean(store, request, "notes")
    day = _review_field(store, request, now)
    words = {RecordField.NOTES: texts["notes"]}
    await _record(
        store, row, Kind.PLAN_REVIEWED, now, by=request.actor.id, words=words, review_on=day, asks=0, asked_at=None
    )
    _settle(store, row, now)
    return Reply(card=await _whole(store, request.voice, row, request.actor, now))


async def named_form(store: Store, request: Request, now: datetime) -> Reply:
    row, today = await _kept(store, request, now), acts.today(store, now)
    others = (PersonId(each) for each in row.named_ids if each != row.keeper_id)
    there = [store.directory.people[each] for each in others if presence.is_active(store.directory, each, today)]
    return Reply(form=cards.named_form(request.voice, row, there, today))


async def named(store: Store, request: Request, now: datetime) -> Reply:
    """Others see it from now on. What somebody has in it who is not named any more goes to its keeper."""
    row = await _kept(store, request, now)
    now_named = list(dict.fromkeys([row.keeper_id, *_named_field(store, request, now)]))
    before = set(row.named_ids)
    event = await _record(store, row, Kind.PLAN_NAMED, now, by=request.actor.id, named_ids=now_named)
    _tell(store, row, event, now, only=set(now_named) - before)
    await actions.of_plan_changed(store, row.id, now)
    return Reply(card=await _whole(store, request.voice, row, request.actor, now))


async def end(store: Store, request: Request, now: datetime) -> Reply:
    row = await _kept(store, request, now)
    await _end(store, row, request.actor.id, now)
    return Reply(card=await _whole(store, request.voice, row, request.actor, now))


async def _end(store: Store, row: Plan, by: PersonId | None, now: datetime) -> None:
    await actions.end_of_plan(store, row.id, by, now)
    await _record(store, row, Kind.PLAN_ENDED, now, by=by, ended_at=now)
    _settle(store, row, now)


async def _record(
    store: Store, row: Plan, kind: Kind, now: datetime, *, by: PersonId | None = None,
    words: Mapping[RecordField, str] | None = None, **changes: Any,
) -> Event:  # fmt: skip
    """One line of history: ids, dates and digests, nothing of what it says; and what shows it is drawn anew."""
    changes.setdefault("version", row.version + 1)
    was = {name: plain(getattr(row, name)) for name in changes}
    await plans.change(store.connection, row, **changes)
    about: dict[str, Any] = {"plan": row.id, "changes": {"plan": {n: [was[n], plain(changes[n])] for n in changes}}}
    for field, text in (words or {}).items():
        if text and by is not None:
            new = Saying(
                district_id=store.district_id, plan_id=row.id, field=field, author_id=by, said_at=now, text=text
            )
            await items.say(store.connection, new)
            about.setdefault("said", {})[new.id] = store.mark(f"{new.id}\n{text}")
    of_it = await items.open_items(store.connection, store.district_id, plan_id=row.id)
    await store.look_at_item([row.id, *(each.id for each in of_it)], now)
    return store.record(None, kind, by=by, at=now, data=about)


def _tell(store: Store, row: Plan, event: Event, now: datetime, *, only: Collection[str] | None = None) -> None:
    hear = [PersonId(each) for each in row.named_ids if only is None or each in only]
    tell(store, hear, MessageKind.PLAN, event, now, item=row.id, lane=Lane.DIGEST)


def _named_field(store: Store, request: Request, now: datetime) -> list[PersonId]:
    """Anybody in post in the district: those who are ticked, and those who were searched for."""
    today = acts.today(store, now)
    more = [acts.person_field(store, request.fields, each, now) for each in cards.MORE]
    chosen = {*(str(each) for each in request.fields.get("named") or ()), *filter(None, more)}
    people = sorted(store.directory.people.values(), key=lambda each: each.name)
    return [each.id for each in people if each.id in chosen and presence.is_active(store.directory, each.id, today)]


def _review_field(store: Store, request: Request, now: datetime) -> date:
    day = acts.school_day_field(store, request.fields, "review", now)
    if day is None:
        raise FormError({"review": phrase("Please pick a day.")})
    return day


# --------------------------------------------------------------------------------------------------------- who may do it


async def _plan(store: Store, request: Request, now: datetime) -> Plan:
    """For whoever is named on it; to everybody else there is none."""
    row = await plans.plan(store.connection, store.district_id, request.item)
    if row is None or not access.sees_plan(request.actor, row.named_ids, acts.today(store, now)):
        raise NotFoundError(phrase("There is no such plan that you can see."))
    return row


async def _running(store: Store, request: Request, now: datetime) -> Plan:
    row = await _plan(store, request, now)
    if row.ended_at is not None:
        raise acts.refuse("That plan has ended.")
    return row


async def _kept(store: Store, request: Request, now: datetime) -> Plan:
    row = await _running(store, request, now)
    if row.keeper_id != request.actor.id:
        raise acts.refuse("Only who keeps the plan can do that.")
    return row


# --------------------------------------------------------------------------------------------------------- what it shows


async def _whole(store: Store, voice: Voice, row: Plan, reader: Person, now: datetime, intro: str = "") -> Card:
    said = await plans.said(store.connection, row)
    items = await actions.of_plan(store, row.id, reader, now)
    return cards.whole(voice, row, said, items, reader, acts.today(store, now), intro)


async def compose(store: Store, message: Told, now: datetime) -> Card | None:
    """What a message about a plan says to whom is named on it; to nobody else, whoever it was once for."""
    row = await plans.plan(store.connection, store.district_id, message.item_id or "")
    event = await store.event(message.event_id) if message.event_id else None
    reader = store.directory.people.get(message.person_id)
    if row is None or event is None or reader is None or row.ended_at is not None:
        return None
    if not access.sees_plan(reader, row.named_ids, acts.today(store, now)):
        return None
    if event.kind is Kind.PLAN_PROMPTED and row.asks == 0:
        return None  # somebody has looked at it
    voice = Voice(store.directory, reader)
    said = voice("You are named on a private plan.")
    if event.kind is Kind.PLAN_NAMED and "keeper_id" in event.data["changes"]["plan"]:
        said = voice("You keep this private plan from now on: whoever kept it has left.")
    if event.kind is Kind.PLAN_PROMPTED:
        said = voice("A private plan, on which you are named, is to be looked at.")
    return await _whole(store, voice, row, reader, now, said)


async def in_digest(store: Store, message: Told, now: datetime) -> tuple[Card | None, tuple[Button, ...]]:
    """Its line of a digest, and the answers beside it."""
    card = await compose(store, message, now)
    row = await plans.plan(store.connection, store.district_id, message.item_id or "")
    reader = store.directory.people.get(message.person_id)
    if card is None or row is None or reader is None:
        return None, ()
    return card, cards.line_buttons(Voice(store.directory, reader), row)


async def redraw(store: Store, message: Told, now: datetime) -> Card | None:
    """One that stands already; nothing of it stays before whoever is not named any more."""
    card = await compose(store, message, now)
    row = await plans.plan(store.connection, store.district_id, message.item_id or "")
    reader = store.directory.people.get(message.person_id)
    if card is not None or row is None or reader is None:
        return card
    voice = Voice(store.directory, reader)
    if not access.sees_plan(reader, row.named_ids, acts.today(store, now)):
        return cards.gone(voice)
    return await _whole(store, voice, row, reader, now)
