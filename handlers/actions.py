"""Action items: what meetings agree that somebody does. Captured, followed up until done, first on the next agenda (R-66).

One open item has exactly one timer; what falls due reads the present state, like everything else.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from handlers import acts
from handlers.cards import actions as cards
from handlers.cards import names
from handlers.cards.model import Button, Buttons, Card, Element, Option
from handlers.cards.text import Voice, Who, phrase
from handlers.errors import FormError, NotFoundError
from handlers.request import Reply, Request
from handlers.rules import access, lanes, presence
from handlers.rules import actions as rules
from handlers.rules.actions import Goal, Question, Which
from handlers.telling import Told, tell
from scheduling.calendar import Calendar
from storage import actions, occurrences, plans
from storage.case import Case
from storage.directory import Directory, Person, Routine, Team
from storage.models import ActionItem, Event, Occurrence, Plan, Saying, Timer
from storage.store import Store, plain
from storage.vocabulary import (
    ActionStatus,
    ChallengeId,
    Kind,
    Lane,
    MessageKind,
    OccurrenceStatus,
    PersonId,
    RecordField,
    TeamId,
    TimerKind,
    Urgency,
)

LOOKS_BACK: Final = timedelta(days=60)  # over the meetings for which an item can be added without their card
MOST_MEETINGS: Final = 20
TOOK_PLACE: Final = frozenset({*occurrences.TO_COME, OccurrenceStatus.HELD})
"""Meetings that may have agreed on something."""


# ------------------------------------------------------------------------------------------------------- what falls due


async def on_due(store: Store, timer: Timer, now: datetime) -> None:
    """An item's date has come: one thing is done, and its timer is set to the next."""
    row = await actions.item(store.connection, store.district_id, timer.about)
    if row is None or row.status is not ActionStatus.OPEN:
        store.set_timer(TimerKind.ACTION_ITEM, timer.about, None)
        return
    if not await mend(store, row, now) and not await _off_a_closed_day(store, row, now):
        due = _due(store, row, now)
        if due.at <= now:
            await _prompt(store, row, due.goal, now)
    _settle(store, row, now)


def _settle(store: Store, row: ActionItem, now: datetime) -> None:
    """The one timer of an open item; none of one that has ended."""
    is_open = row.status is ActionStatus.OPEN
    store.set_timer(TimerKind.ACTION_ITEM, row.id, max(_due(store, row, now).at, now) if is_open else None)


def _due(store: Store, row: ActionItem, now: datetime) -> rules.Due:
    cadence = store.directory.in_force.process.cadence_school_days
    facts = rules.Facts(row.due_on, row.since, row.reminded_at is not None, row.asks, row.asked_at)
    return rules.due(facts, acts.calendar(store), cadence, acts.today(store, now))


async def mend(store: Store, row: ActionItem, now: datetime) -> bool:
    """What somebody has who has left, or who may not see it any more, goes to who leads the meeting; True when it did."""
    directory, today = store.directory, acts.today(store, now)
    about = await facts_of(store, row, now)
    owner = directory.people.get(row.owner_id)
    if (
        presence.is_active(directory, row.owner_id, today)
        and owner
        and access.sees_item(owner, about, directory, today)
    ):
        return False
    to = _higher(about, directory, today)
    if not to:
        return False
    data = {"from": row.owner_id}
    event = await _record(store, row, Kind.ACTION_GIVEN_BACK, now, data=data, **_with(to[0], now))
    _tell(store, row, event, to[:1], now)
    return True


async def left(store: Store, person_id: PersonId, now: datetime) -> None:
    """Somebody has left: what they were to do goes to who leads the meetings."""
    for row in await actions.open_items(store.connection, store.district_id, owner_id=person_id):
        await mend(store, row, now)
        _settle(store, row, now)


async def mend_all(store: Store, now: datetime) -> None:
    """Every open item of the district has an active owner and a timer."""
    for row in await actions.open_items(store.connection, store.district_id):
        await mend(store, row, now)
        _settle(store, row, now)


async def _off_a_closed_day(store: Store, row: ActionItem, now: datetime) -> bool:
    """A day was closed on which it was due: it is due on the next school day, and its owner hears."""
    day = acts.calendar(store).school_days_after(row.due_on, 0)
    if day == row.due_on:
        return False
    event = await _record(store, row, Kind.ACTION_PUT_OFF, now, due_on=day, reminded_at=None)
    _tell(store, row, event, [row.owner_id], now)
    return True


async def _prompt(store: Store, row: ActionItem, goal: Goal, now: datetime) -> None:
    """Its owner is reminded or asked, in their digest; and when that moves nothing, others hear with them."""
    directory, today = store.directory, acts.today(store, now)
    data = {"goal": goal, "to": row.owner_id, "asks": row.asks}
    if goal is Goal.REMIND:
        event = await _record(store, row, Kind.ACTION_PROMPTED, now, data=data, reminded_at=now)
        _tell(store, row, event, [row.owner_id], now)
        return
    higher = _higher(await facts_of(store, row, now), directory, today)
    climb_after = directory.in_force.process.climb_after(Urgency.MEDIUM)
    away = directory.absence(row.owner_id, today) is not None
    hear = rules.above(higher, row.asks, climb_after, away=away)
    # It counts from when they get to read it: after an outage that may be the next morning.
    read_at = lanes.plan(Lane.DIGEST, directory.people[row.owner_id], acts.calendar(store), now).at
    changes: dict[str, Any] = {"asks": row.asks + 1, "asked_at": read_at}
    event = await _record(store, row, Kind.ACTION_PROMPTED, now, data=data, **changes)
    _tell(store, row, event, [row.owner_id, *hear], now)


def _higher(about: access.ItemFacts, directory: Directory, today: date) -> list[PersonId]:
    """Who answers for it after its owner: who leads the meeting, then the coordinator, else an executive leader; of what
    they may not see, who leads the challenge."""
    if about.private:
        ways = [about.lead_id, *sorted(about.member_ids)]
        return [each for each in dict.fromkeys(ways) if each != about.owner_id and each in about.member_ids][:1]
    leader = presence.executive_leader(directory, today)
    ways = [about.lead_id, presence.coordinator(directory, today).id, *([leader.id] if leader else [])]
    ways += [about.challenge.owner_id] if about.challenge else []
    found = [
        each
        for each in dict.fromkeys(ways)
        if each != about.owner_id
        and presence.is_active(directory, each, today)
        and access.sees_item(directory.people[each], replace(about, owner_id=each), directory, today)
    ]
    return found[:2]


# ------------------------------------------------------------------------------------------------ what people do with it


async def show_all(store: Store, request: Request, now: datetime) -> Reply:
    """`/clearway actions [overdue | all | of a team]`; or the same by a button, which holds the words."""
    directory, today = store.directory, acts.today(store, now)
    words = request.item or " ".join(request.text.split()[1:])
    teams = _teams(request.actor, directory, today)
    question = rules.parse(words, teams)
    if question is None:
        return Reply(card=cards.not_understood(request.voice, words, [each.id for each in teams]))
    rows = await actions.open_items(
        store.connection,
        store.district_id,
        owner_id=request.actor.id if question.which is Which.MINE else None,
        team_id=question.team.id if question.team else None,
        due_before=today if question.which is Which.OVERDUE else None,
    )
    found = await _seen(store, request.actor, rows, now)
    mine = [each for each in teams if request.actor.id == each.lead_id or request.actor.id in each.member_ids]
    ask = [Question(Which.MINE), Question(Which.OVERDUE), *(Question(Which.TEAM, each) for each in mine[:3])]
    adds = bool(await _meetings(store, request.actor, now))
    others = [each for each in ask if each != question]
    return Reply(card=cards.listed(request.voice, question, found, others, adds=adds))


def _teams(actor: Person, directory: Directory, today: date) -> list[Team]:
    """Those of which somebody may see the items."""
    watches = presence.is_executive(actor) or actor.id in access.coordinators(directory, today)
    theirs = directory.teams.values()
    return [each for each in theirs if watches or actor.id == each.lead_id or actor.id in each.member_ids]


async def show(store: Store, request: Request, now: datetime) -> Reply:
    row, item = await _item(store, request, now)
    return Reply(card=await _whole(store, request.voice, row, item))


async def add_form(store: Store, request: Request, now: datetime) -> Reply:
    """For one meeting, from its card; or for one of the last ones."""
    options: list[Option] = []
    plan = await _private(store, request, now)
    if request.item and plan is None:
        await _meeting(store, request.actor, request.item, now)
    elif plan is None:
        options = [
            Option(row.id, _meeting_name(store, request.voice, row))
            for row in await _meetings(store, request.actor, now)
        ]
        if not options:
            raise acts.refuse("There is no meeting yet that Clearway runs, that has begun, and that you belong to.")
    named = await _named(store, plan.id, now) if plan else None
    calendar = acts.calendar(store)
    today = acts.today(store, now)
    form = cards.add_form(request.voice, options, request.item, request.actor.id, calendar, today, named)
    return Reply(form=form)


async def add(store: Store, request: Request, now: datetime) -> Reply:
    """Somebody will do something, by a school day. Its owner hears in their digest; before, where that is too late."""
    plan = await _private(store, request, now)
    occurrence_id = request.item or str(request.fields.get("meeting") or "")
    if not occurrence_id:
        raise FormError({"meeting": phrase("Please pick the meeting that agreed on it.")})
    meeting = await _meeting(store, request.actor, occurrence_id, now) if plan is None else None
    words = acts.required(request, "words", "Please write what is to be done.")
    acts.clean(store, request, "words")
    owner_id = _owner_field(store, request, now)
    due_on = _due_field(store, request, now)
    await _among_the_named(store, owner_id, plan.id if plan else None, now)
    case = await _concerned(store, request, owner_id, now) if plan is None else None
    row = ActionItem(
        district_id=store.district_id, occurrence_id=meeting.id if meeting else None, plan_id=plan.id if plan else None,
        routine_id=meeting.routine_id if meeting else "", team_id=meeting.team_id if meeting else TeamId(""),
        challenge_id=case.id if case else None, owner_id=owner_id, due_on=due_on, added_at=now, since=now,
    )  # fmt: skip
    await actions.add(store.connection, row)
    event = await _record(
        store, row, Kind.ACTION_ADDED, now, by=request.actor.id, words={RecordField.ACTION: words}, version=1,
        data={"to": owner_id, "due_on": due_on.isoformat(), "challenge": row.challenge_id},
    )  # fmt: skip
    urgent = case is not None and case.challenge.urgency is Urgency.HIGH
    lane = Lane.URGENT if urgent else Lane.SINGLE if _too_late(store, row, now) else Lane.DIGEST
    _tell(store, row, event, [owner_id], now, lane=lane)
    _settle(store, row, now)
    item = await _as_seen(store, request.actor, row, now)
    said = request.say("It is on record, and will be followed up.")
    return Reply(card=await _whole(store, request.voice, row, item, said))


def _too_late(store: Store, row: ActionItem, now: datetime) -> bool:
    """Whether it is due before its owner would read of it in their next digest."""
    calendar = acts.calendar(store)
    return calendar.today(calendar.digest_time(now, store.directory.people[row.owner_id])) > row.due_on


async def _concerned(store: Store, request: Request, owner_id: PersonId, now: datetime) -> Case | None:
    """The challenge that an item concerns; FormError where who adds it, or who is to do it, may not see that one."""
    typed = str(request.fields.get("challenge") or "").strip().removeprefix("#")
    if not typed:
        return None
    number, today = acts.number(typed), acts.today(store, now)
    case = await store.case_numbered(number) if number else None
    facts = access.facts(case) if case else None
    if case is None or not access.may(request.actor, access.Action.SEE, facts, store.directory, today):
        raise FormError({"challenge": phrase("There is no challenge {number} that you can see.", number=typed)})
    await _may_have(store, owner_id, case, now)
    return case


async def _may_have(store: Store, owner_id: PersonId, case: Case | None, now: datetime) -> None:
    """FormError where somebody is to do what they may not see."""
    if case is None or access.may_be_posted(access.facts(case)):
        return
    owner = store.directory.people[owner_id]
    if not access.may(owner, access.Action.SEE, access.facts(case), store.directory, acts.today(store, now)):
        said = phrase(
            "{who} cannot see challenge {n}. The coordinator can admit them; or somebody else does it.",
            who=Who(owner_id),
            n=case.number,
        )
        raise FormError({"owner": said})


async def _among_the_named(store: Store, owner_id: PersonId, plan_id: str | None, now: datetime) -> None:
    """FormError where what is of a private plan would go to somebody who is not named on it."""
    named = await _named(store, plan_id, now)
    if named is not None and owner_id not in {each.id for each in named}:
        raise FormError({"owner": phrase("Only somebody who is named on the plan can do it.")})


async def done(store: Store, request: Request, now: datetime) -> Reply:
    """It is done; who belongs to the meeting hears so at the next one."""
    row, item = await _mine(store, request, now)
    ended: dict[str, Any] = {"status": ActionStatus.DONE, "ended_at": now, "ended_by_id": request.actor.id}
    event = await _record(store, row, Kind.ACTION_DONE, now, by=request.actor.id, **ended)
    _tell(store, row, event, [row.owner_id], now)
    return await _answer(store, request, row, item, now)


async def later_form(store: Store, request: Request, now: datetime) -> Reply:
    _, item = await _mine(store, request, now)
    return Reply(form=cards.later_form(request.voice, item, acts.calendar(store), acts.today(store, now)))


async def later(store: Store, request: Request, now: datetime) -> Reply:
    """Still working on it: it has another date, on or after the present one, or today."""
    row, item = await _mine(store, request, now)
    texts = acts.clean(store, request, "notes")
    changes = {"due_on": _due_field(store, request, now)} | _with(row.owner_id, now)
    event = await _record(
        store, row, Kind.ACTION_PUT_OFF, now, by=request.actor.id, words={RecordField.NOTES: texts["notes"]}, **changes
    )
    _tell(store, row, event, [row.owner_id], now)
    return await _answer(store, request, row, item, now)


async def refuse_form(store: Store, request: Request, now: datetime) -> Reply:
    row, item = await _own(store, request, now)
    to = await _back_to(store, row, now)
    return Reply(form=cards.refuse_form(request.voice, item, to))


async def refuse(store: Store, request: Request, now: datetime) -> Reply:
    """Its owner cannot do it: it goes to who leads the meeting, with the reason; and from them to the coordinator."""
    row, item = await _own(store, request, now)
    reason = acts.required(request, "reason", "Please say in a sentence why: who gets it reads this.")
    acts.clean(store, request, "reason")
    to = await _back_to(store, row, now)
    event = await _record(
        store, row, Kind.ACTION_GIVEN_BACK, now, by=request.actor.id, words={RecordField.REASON: reason},
        data={"from": row.owner_id}, **_with(to, now),
    )  # fmt: skip
    _tell(store, row, event, [to], now)
    return await _answer(store, request, row, item, now)


async def _back_to(store: Store, row: ActionItem, now: datetime) -> PersonId:
    to = _higher(await facts_of(store, row, now), store.directory, acts.today(store, now))
    if not to:
        raise acts.refuse("Nobody else is there who answers for it. Please hand it on to whoever can do it.")
    return to[0]


async def hand_form(store: Store, request: Request, now: datetime) -> Reply:
    row, item = await _mine(store, request, now)
    named = await _named(store, row.plan_id, now)
    return Reply(form=cards.hand_form(request.voice, item, acts.today(store, now), named))


async def hand(store: Store, request: Request, now: datetime) -> Reply:
    """Somebody else does it, by the same date."""
    row, item = await _mine(store, request, now)
    texts = acts.clean(store, request, "notes")
    to = _owner_field(store, request, now)
    if to == row.owner_id:
        raise FormError({"owner": phrase("They have it already; please pick somebody else.")})
    await _among_the_named(store, to, row.plan_id, now)
    await _may_have(store, to, await _case(store, row), now)
    event = await _record(
        store, row, Kind.ACTION_HANDED_ON, now, by=request.actor.id, words={RecordField.NOTES: texts["notes"]},
        data={"from": row.owner_id}, **_with(to, now),
    )  # fmt: skip
    lane = Lane.SINGLE if _too_late(store, row, now) else Lane.DIGEST
    _tell(store, row, event, [to], now, lane=lane)
    return await _answer(store, request, row, item, now)


async def drop_form(store: Store, request: Request, now: datetime) -> Reply:
    _, item = await _steered(store, request, now)
    return Reply(form=cards.drop_form(request.voice, item))


async def drop(store: Store, request: Request, now: datetime) -> Reply:
    """Nobody needs to do it any more, for a reason: for who leads the meeting to say, and said at the next one."""
    row, item = await _steered(store, request, now)
    reason = acts.required(request, "reason", "Please say in a sentence why: it stands in the record.")
    acts.clean(store, request, "reason")
    ended: dict[str, Any] = {"status": ActionStatus.DROPPED, "ended_at": now, "ended_by_id": request.actor.id}
    said = {RecordField.REASON: reason}
    event = await _record(store, row, Kind.ACTION_DROPPED, now, by=request.actor.id, words=said, **ended)
    _tell(store, row, event, [row.owner_id], now)
    return await _answer(store, request, row, item, now)


async def reopen(store: Store, request: Request, now: datetime) -> Reply:
    """It is not done after all, or was ended by a slip."""
    row, item = await _item(store, request, now)
    if not (item.mine or item.steers):
        raise acts.refuse(OF_A_PLAN if row.plan_id else WHOSE, who=Who(row.owner_id))
    if row.status is ActionStatus.OPEN:
        raise acts.refuse("It is open.")
    changes: dict[str, Any] = {"status": ActionStatus.OPEN, "ended_at": None, "ended_by_id": None}
    event = await _record(
        store, row, Kind.ACTION_REOPENED, now, by=request.actor.id, **changes, **_with(row.owner_id, now)
    )
    _tell(store, row, event, [row.owner_id], now)
    await mend(store, row, now)
    return await _answer(store, request, row, item, now)


def _with(owner_id: PersonId, now: datetime) -> dict[str, Any]:
    """Somebody has it from now on: they are reminded and asked anew."""
    return {"owner_id": owner_id, "since": now, "reminded_at": None, "asks": 0, "asked_at": None}


async def _answer(store: Store, request: Request, row: ActionItem, item: cards.Item, now: datetime) -> Reply:
    """The item as it stands now; of what they may not see any more, only that."""
    _settle(store, row, now)
    about = await facts_of(store, row, now)
    if not access.sees_item(request.actor, about, store.directory, acts.today(store, now)):
        return Reply(card=cards.gone(request.voice))
    item = await _as_seen(store, request.actor, row, now)
    return Reply(card=await _whole(store, request.voice, row, item))


async def _record(
    store: Store, row: ActionItem, kind: Kind, now: datetime, *, by: PersonId | None = None,
    words: Mapping[RecordField, str] | None = None, data: Mapping[str, Any] | None = None, **changes: Any,
) -> Event:  # fmt: skip
    """One line of history about an item, with its former and new values; and what shows it is drawn anew."""
    changes.setdefault("version", row.version + 1)
    was = {name: plain(getattr(row, name)) for name in changes}
    await actions.change(store.connection, row, **changes)
    changed = {name: [was[name], plain(getattr(row, name))] for name in changes if was[name] != plain(changes[name])}
    about: dict[str, Any] = {
        "item": row.id,
        "of": row.occurrence_id or row.plan_id,
        "changes": {"action_item": changed},
    }
    said = {}
    for field, text in (words or {}).items():
        if text and by is not None:
            new = Saying(
                district_id=store.district_id, item_id=row.id, field=field, author_id=by, said_at=now, text=text
            )
            await actions.say(store.connection, new)
            said[new.id] = store.mark(f"{new.id}\n{text}")  # the history holds a digest of the words
    if said:
        about["said"] = said
    event = store.record(None, kind, by=by, at=now, data=about | dict(data or {}))
    of_team = [each.id for each in store.directory.routines if row.team_id and row.team_id in each.team_ids]
    coming = await occurrences.to_come(store.connection, store.district_id, [row.routine_id, *of_team])
    agendas = [each.id for each in coming if each.team_id == row.team_id and each.starts_at > now]
    await store.look_at_item([row.id, *agendas], now)
    return event


def _tell(
    store: Store, row: ActionItem, event: Event, to: Collection[PersonId], now: datetime, *, lane: Lane = Lane.DIGEST
) -> None:
    tell(store, to, MessageKind.ACTION_ITEM, event, now, item=row.id, lane=lane)


def _owner_field(store: Store, request: Request, now: datetime) -> PersonId:
    to = acts.person_field(store, request.fields, "owner", now)
    if to is None or store.directory.people[to].external:
        raise FormError({"owner": phrase("Please pick who does it: somebody of the district.")})
    return to


def _due_field(store: Store, request: Request, now: datetime) -> date:
    day = acts.school_day_field(store, request.fields, "due", now)
    if day is None:
        raise FormError({"due": phrase("Please pick a day.")})
    return day


# --------------------------------------------------------------------------------------------------------- who may do it

OF_A_PLAN: Final = "Only {who}, who has it, and who keeps the plan can do that."
WHOSE: Final = "Only {who}, who has it, who leads the meeting, the coordinator or an executive leader can do that."


async def facts_of(store: Store, row: ActionItem, now: datetime) -> access.ItemFacts:
    """What access looks at, as it is now."""
    return (await _facts_of_all(store, [row], now))[0]


async def _facts_of_all(store: Store, rows: Sequence[ActionItem], now: datetime) -> list[access.ItemFacts]:
    """The same of each of these, in their order, read together."""
    directory, today = store.directory, acts.today(store, now)
    cases = await _cases(store, rows)
    of_plans = {each.plan_id for each in rows if each.plan_id}
    private = await plans.some(store.connection, store.district_id, of_plans)
    found = []
    for row in rows:
        if row.plan_id:
            plan = private.get(row.plan_id)
            named = _active(store, plan.named_ids if plan else (), now)
            keeper = plan.keeper_id if plan else row.owner_id
            about = access.ItemFacts(row.owner_id, keeper, frozenset(each.id for each in named), private=True)
        else:
            case = cases.get(row.challenge_id or "")
            about = access.ItemFacts(
                row.owner_id,
                rules.leads(row.routine_id, row.team_id, directory, today).id,
                rules.members(row.routine_id, row.team_id, directory, today),
                access.facts(case) if case else None,
            )
        found.append(about)
    return found


def _active(store: Store, ids: Collection[str], now: datetime) -> list[Person]:
    today = acts.today(store, now)
    people = [PersonId(each) for each in ids if presence.is_active(store.directory, PersonId(each), today)]
    return [store.directory.people[each] for each in people]


async def _named(store: Store, plan_id: str | None, now: datetime) -> list[Person] | None:
    """Who is named on the private plan of an item; None where it is of none."""
    plan = await plans.plan(store.connection, store.district_id, plan_id) if plan_id else None
    return _active(store, plan.named_ids, now) if plan else None


async def _private(store: Store, request: Request, now: datetime) -> Plan | None:
    """The private plan of the request, for whoever is named on it."""
    plan = await plans.plan(store.connection, store.district_id, request.item) if request.item else None
    if plan is None or plan.ended_at or not access.sees_plan(request.actor, plan.named_ids, acts.today(store, now)):
        return None
    return plan


async def _cases(store: Store, rows: Sequence[ActionItem]) -> dict[str, Case]:
    """The challenges that these items concern, by id, read together."""
    ids = dict.fromkeys(ChallengeId(each.challenge_id) for each in rows if each.challenge_id)
    return {each.id: each for each in await store.cases(ids)}


async def _case(store: Store, row: ActionItem) -> Case | None:
    return await store.case(ChallengeId(row.challenge_id)) if row.challenge_id else None


async def _item(store: Store, request: Request, now: datetime) -> tuple[ActionItem, cards.Item]:
    """The one of the request; NotFoundError where there is none that they may see."""
    row = await actions.item(store.connection, store.district_id, request.item)
    if row is None or not (found := await _seen(store, request.actor, [row], now)):
        raise NotFoundError(phrase("There is no such action item that you can see."))
    return row, found[0]


async def _mine(store: Store, request: Request, now: datetime) -> tuple[ActionItem, cards.Item]:
    """An open one that they have, or answer for."""
    row, item = await _item(store, request, now)
    if row.status is not ActionStatus.OPEN:
        raise acts.refuse("That has ended already: {who} said so.", who=Who(row.ended_by_id or row.owner_id))
    if not (item.mine or item.steers):
        raise acts.refuse(OF_A_PLAN if row.plan_id else WHOSE, who=Who(row.owner_id))
    return row, item


async def _own(store: Store, request: Request, now: datetime) -> tuple[ActionItem, cards.Item]:
    row, item = await _mine(store, request, now)
    if not item.mine:
        raise acts.refuse("It is with {who} now, and not with you.", who=Who(row.owner_id))
    return row, item


async def _steered(store: Store, request: Request, now: datetime) -> tuple[ActionItem, cards.Item]:
    row, item = await _mine(store, request, now)
    if not item.steers:
        raise acts.refuse(
            OF_A_PLAN
            if row.plan_id
            else "Only who leads the meeting, the coordinator or an executive leader can do that.",
            who=Who(row.owner_id),
        )
    return row, item


async def _meeting(store: Store, actor: Person, occurrence_id: str, now: datetime) -> Occurrence:
    """A meeting that has begun, for who belongs to it, leads it, or watches over all of them."""
    row = await occurrences.occurrence(store.connection, store.district_id, occurrence_id)
    if row is None or not _belongs(actor, row, store.directory, acts.today(store, now)):
        raise NotFoundError(phrase("There is no such meeting that you can see."))
    if row.status not in TOOK_PLACE:
        raise acts.refuse("That meeting did not take place, so it agreed on nothing.")
    if row.starts_at > now:
        raise acts.refuse("It is still to come.")
    return row


def _belongs(actor: Person, row: Occurrence, directory: Directory, today: date) -> bool:
    lead = rules.leads(row.routine_id, row.team_id, directory, today)
    members = rules.members(row.routine_id, row.team_id, directory, today)
    return access.sees_item(actor, access.ItemFacts(lead.id, lead.id, members), directory, today)


async def _meetings(store: Store, actor: Person, now: datetime) -> list[Occurrence]:
    """Those of the last weeks for which somebody may add an item, the latest first."""
    today = acts.today(store, now)
    routines = [each.id for each in store.directory.routines]
    rows = await occurrences.since(store.connection, store.district_id, routines, now - LOOKS_BACK)
    found = [
        each
        for each in rows
        if each.starts_at <= now and each.status in TOOK_PLACE and _belongs(actor, each, store.directory, today)
    ]
    return sorted(found, key=lambda each: each.starts_at, reverse=True)[:MOST_MEETINGS]


# --------------------------------------------------------------------------------------------------------- what it shows


async def on_agenda(
    store: Store, row: Occurrence, reader: Person | None, since: datetime | None, now: datetime
) -> cards.Section:
    """The first part of a meeting's agenda: what is not done, and what ended since the last one (`since`; of the last
    weeks, where none is on record). Without a reader, as in a room, only how many are open."""
    meets = (row.routine_id, row.team_id)
    rows = await actions.open_items(store.connection, store.district_id, meets=meets)
    if reader is None:
        cases = await _cases(store, rows)
        concerned = [cases.get(each.challenge_id or "") for each in rows]
        return cards.Section(hidden=sum(each is None or access.may_be_posted(access.facts(each)) for each in concerned))
    ended = await actions.ended_since(store.connection, store.district_id, meets, since or now - LOOKS_BACK)
    return cards.Section(tuple(await _seen(store, reader, rows, now)), tuple(await _seen(store, reader, ended, now)))


async def with_agreed(store: Store, card: Card, row: Occurrence, reader: Person, now: datetime) -> Card:
    """The card of a meeting that has begun: with what it has agreed on, and a button to add to that."""
    if row.starts_at > now or row.status not in TOOK_PLACE:
        return card
    voice = Voice(store.directory, reader)
    rows = await actions.of_occurrence(store.connection, store.district_id, row.id)
    more: list[Element] = list(cards.agreed(voice, await _seen(store, reader, rows, now)))
    more.append(Buttons((cards.add_button(voice, row.id),)))
    return replace(card, body=(*card.body, *more))


async def concerning(store: Store, voice: Voice, case: Case, reader: Person, now: datetime) -> tuple[Element, ...]:
    """What is open that concerns a challenge, as this reader may see it."""
    rows = await actions.open_items(store.connection, store.district_id, challenge_id=case.id)
    return tuple(cards.concerning(voice, await _seen(store, reader, rows, now)))


async def of_plan(store: Store, plan_id: str, reader: Person, now: datetime) -> list[cards.Item]:
    """What is open in a private plan, for whoever is named on it."""
    rows = await actions.open_items(store.connection, store.district_id, plan_id=plan_id)
    return await _seen(store, reader, rows, now)


async def of_plan_changed(store: Store, plan_id: str, now: datetime) -> None:
    """Others are named on a plan now: what somebody has in it who is not any more goes to its keeper."""
    for row in await actions.open_items(store.connection, store.district_id, plan_id=plan_id):
        await mend(store, row, now)
        _settle(store, row, now)


async def end_of_plan(store: Store, plan_id: str, by: PersonId | None, now: datetime) -> None:
    """A plan ends, and what is still open in it with it. Nobody is told: those named know."""
    for row in await actions.open_items(store.connection, store.district_id, plan_id=plan_id):
        ended: dict[str, Any] = {"status": ActionStatus.DROPPED, "ended_at": now, "ended_by_id": by}
        await _record(store, row, Kind.ACTION_DROPPED, now, by=by, **ended)
        _settle(store, row, now)


async def on_home(store: Store, voice: Voice, actor: Person, now: datetime) -> tuple[Element, ...]:
    rows = await actions.open_items(store.connection, store.district_id, owner_id=actor.id)
    return cards.on_home(voice, await _seen(store, actor, rows, now))


async def _seen(store: Store, reader: Person, rows: Sequence[ActionItem], now: datetime) -> list[cards.Item]:
    """Those of them that this reader may see, as they see them."""
    directory, calendar = store.directory, acts.calendar(store)
    today = calendar.today(now)
    said = await actions.said(store.connection, store.district_id, [each.id for each in rows])
    found = []
    for row, about in zip(rows, await _facts_of_all(store, rows, now), strict=True):
        if not access.sees_item(reader, about, directory, today):
            continue
        concerns = about.challenge
        known = concerns is not None and access.may(reader, access.Action.SEE, concerns, directory, today)
        found.append(
            cards.Item(
                row,
                tuple(said.get(row.id, ())),
                late=row.status is ActionStatus.OPEN and row.due_on < today,
                mine=row.owner_id == reader.id,
                steers=access.steers_item(reader, about, directory, today),
                challenge=concerns.number if concerns and known else None,
            )
        )
    return found


async def _as_seen(store: Store, reader: Person, row: ActionItem, now: datetime) -> cards.Item:
    return (await _seen(store, reader, [row], now))[0]


async def _whole(store: Store, voice: Voice, row: ActionItem, item: cards.Item, intro: str = "") -> Card:
    if row.occurrence_id is None:
        return cards.whole(voice, item, voice("A private plan"), intro)
    meeting = await occurrences.occurrence(store.connection, store.district_id, row.occurrence_id)
    return cards.whole(voice, item, _meeting_name(store, voice, meeting) if meeting else "", intro)


def _meeting_name(store: Store, voice: Voice, row: Occurrence) -> str:
    routine: Routine | None = store.directory.routine(row.routine_id)
    if routine is None:
        return voice.day(row.day)
    return voice("{name}, {day}", name=names.routine(voice, routine, row.team_id), day=row.day)


async def compose(store: Store, message: Told, now: datetime) -> Card | None:
    """What a message about an item says; None where it is old news, or not for its reader to see."""
    row = await actions.item(store.connection, store.district_id, message.item_id or "")
    event = await store.event(message.event_id) if message.event_id else None
    reader = store.directory.people.get(message.person_id)
    if row is None or event is None or reader is None or not reader.here_on(acts.today(store, now)):
        return None
    found = await _seen(store, reader, [row], now)
    if not found or not _still_news(row, event, reader):
        return None
    voice = Voice(store.directory, reader)
    return await _whole(store, voice, row, found[0], cards.intro(voice, found[0], event))


async def in_digest(store: Store, message: Told, now: datetime) -> tuple[Card | None, tuple[Button, ...]]:
    """Its line of a digest, with its words, and the answers beside it."""
    card = await compose(store, message, now)
    row = await actions.item(store.connection, store.district_id, message.item_id or "")
    reader = store.directory.people.get(message.person_id)
    if card is None or row is None or reader is None:
        return None, ()
    voice = Voice(store.directory, reader)
    item = await _as_seen(store, reader, row, now)
    return cards.digest_line(voice, item, card), cards.line_buttons(voice, item)


async def may_be_mailed(store: Store, item_id: str) -> bool:
    """Whether its words may leave the chat: not of a private plan, nor of a challenge that is not for everybody."""
    row = await actions.item(store.connection, store.district_id, item_id)
    case = await _case(store, row) if row else None
    return row is not None and row.plan_id is None and (case is None or access.may_be_mailed(access.facts(case)))


def _still_news(row: ActionItem, event: Event, reader: Person) -> bool:
    match event.kind:
        case Kind.ACTION_DONE:
            return row.status is ActionStatus.DONE
        case Kind.ACTION_DROPPED:
            return row.status is ActionStatus.DROPPED
        case Kind.ACTION_PROMPTED:
            return row.status is ActionStatus.OPEN and row.since <= event.at
        case _:
            return row.status is ActionStatus.OPEN and row.owner_id == reader.id


async def redraw(store: Store, message: Told, now: datetime) -> Card | None:
    """One that stands already, as it is now: settled or not, and with nothing in it that is not for its reader."""
    card = await compose(store, message, now)
    reader = store.directory.people.get(message.person_id)
    row = await actions.item(store.connection, store.district_id, message.item_id or "")
    if card is not None or reader is None or row is None:
        return card
    voice = Voice(store.directory, reader)
    found = await _seen(store, reader, [row], now)
    return await _whole(store, voice, row, found[0]) if found else cards.gone(voice)


# -------------------------------------------------------------------------------------------------------------- outside


EXPORTED: Final = ("what", "owner", "due_on", "status", "meeting", "challenge", "added_on", "ended_on")
"""What is told of each item outside."""


async def for_export(store: Store, *, restricted_too: bool) -> list[dict[str, Any]]:
    """Every item as plain values, ended ones included; those that concern a restricted challenge only where asked for."""
    rows = await actions.all_of(store.connection, store.district_id)
    said = await actions.said(store.connection, store.district_id, [each.id for each in rows])
    cases = await _cases(store, rows)
    met = {each.occurrence_id for each in rows if each.occurrence_id}
    meetings = await occurrences.some(store.connection, store.district_id, met)
    voice, calendar = Voice(store.directory), Calendar.of(store.directory)
    found = []
    for row in rows:
        case = cases.get(row.challenge_id or "")
        if case and not restricted_too and not access.may_be_posted(access.facts(case)):
            continue
        meeting = meetings.get(row.occurrence_id or "")
        found.append(
            {
                "what": next((each.text for each in said.get(row.id, ()) if each.field is RecordField.ACTION), None),
                "owner": voice("{who}", who=Who(row.owner_id)),
                "due_on": row.due_on.isoformat(),
                "status": str(row.status),
                "meeting": _meeting_name(store, voice, meeting) if meeting else None,
                "challenge": case.number if case else None,
                "added_on": calendar.today(row.added_at).isoformat(),
                "ended_on": calendar.today(row.ended_at).isoformat() if row.ended_at else None,
            }
        )
    return found
