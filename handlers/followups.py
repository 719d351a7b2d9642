"""Follow-up until resolved: what happens to a challenge when its timer falls due, and when it is looked at next.

`settle` keeps invariant 2: whatever a request or a timer changed, each open challenge it touched has a timer at the
first date of its agenda. `on_due` does what that date asks for, reading the present state.
"""

from datetime import date, datetime
from typing import Any, Final

from handlers import acts, moves, owners
from handlers.cards.text import Phrase, Who, phrase, phrases, to_json
from handlers.rules import access, cadence, lanes, presence, routing
from handlers.rules.cadence import Duty
from handlers.rules.lifecycle import Move
from handlers.telling import tell
from scheduling.calendar import Calendar
from storage.case import Case
from storage.directory import COORDINATOR, Directory
from storage.models import Challenge, Helper, Reporter, Step, Timer
from storage.store import Store, unplain
from storage.vocabulary import (
    ENDED,
    Authority,
    ChallengeId,
    Kind,
    Lane,
    MessageKind,
    PersonId,
    Status,
    StepId,
    TimerKind,
    Urgency,
)


def settle(store: Store, now: datetime) -> None:
    """Sets the follow-up timer of every challenge that was touched; called before each commit."""
    calendar = acts.calendar(store)
    today = calendar.today(now)
    for case in store.touched:
        process = acts.process_of(store, case)
        agenda = cadence.agenda(case, store.directory, process, calendar, today, now)
        # What is due already is looked at again at once, but by the loop, not here.
        next_at = max(agenda[0].at, now) if agenda else None
        store.change(case.challenge, next_at=next_at)
        store.set_timer(TimerKind.FOLLOW_UP, case.id, next_at)


async def on_due(store: Store, timer: Timer, now: datetime) -> None:
    """A challenge's date has come. One duty is done; the others, if due, follow by the timer that `settle` sets."""
    case = await store.case(ChallengeId(timer.about))
    if case is None or case.challenge.status in ENDED:
        store.set_timer(TimerKind.FOLLOW_UP, timer.about, None)
        return
    calendar = acts.calendar(store)
    today = calendar.today(now)
    if mend(store, case, now) or await give_back(store, case, now):
        return
    agenda = cadence.agenda(case, store.directory, acts.process_of(store, case), calendar, today, now)
    due = agenda[0]
    if due.at > now:
        store.set_timer(TimerKind.FOLLOW_UP, case.id, due.at)
        store.change(case.challenge, next_at=due.at)
        return
    match due.duty:
        case Duty.TELL:
            _tell_reporters(store, case, now)
        case Duty.PROMPT:
            _prompt_owner(store, case, due, now)
        case Duty.STEP:
            _prompt_step(store, case, due, now)
        case Duty.ASK_AGAIN:
            _ask_again(store, case, now)
        case Duty.REVIEW:
            _review(store, case, now)
        case Duty.COVER:
            pass  # mend has looked: nobody else is there
        case Duty.RETURN:
            pass  # give_back has looked: it is not theirs, or they are away again
        case Duty.CONFIRM:
            _ask_for_confirmation(store, case, now)
        case Duty.REMIND:
            _remind(store, case, _reporter(case, due), now)
        case Duty.COLLEAGUE:
            _ask_colleague(store, case, _reporter(case, due), now)
        case Duty.DECIDE:
            _ask_for_decision(store, case, now)


def mend(store: Store, case: Case, now: datetime) -> bool:
    """What somebody holds who has left or is away goes to whoever may act; True when anything moved."""
    moved = mend_owner(store, case, now)
    return mend_steps(store, case, now) or moved


def mend_owner(store: Store, case: Case, now: datetime) -> bool:
    """Where the owner has left or is away: it moves to whoever may act for them, with the reason. True when it moved.

    That is a successor or a stand-in within limits; where there is none, it goes on or up at once. Only where nobody
    above is there either does somebody keep it through their leave.
    """
    challenge = case.challenge
    directory = store.directory
    today = acts.today(store, now)
    working = moves.is_unsettled(challenge.status) or challenge.status is Status.DECLINED
    owner = directory.people[challenge.owner_id]
    if presence.is_active(directory, owner.id, today):
        absence = directory.absence(owner.id, today)
        if not working or absence is None or challenge.review_on is not None:
            return False
        barred = moves.facts_of(case).barred - {owner.id}
        stand = presence.standing_in(directory, owner.id, today, amount_usd=challenge.amount_usd, barred=barred)
        watcher = presence.coordinator(directory, today)
        if challenge.authority is Authority.TRIAGE and stand.person is None and watcher.id not in {owner.id, *barred}:
            stand = presence.Stand(watcher, Authority.TRIAGE, stand.reason)
        if stand.person is None:
            why = stand.reason or phrase("{who} is away", who=Who(owner.id))
            return moves.pass_on(store, case, now, why=why)
        reason = phrase("{why}, so to {who}.", why=stand.reason, who=Who(stand.person.id))
        _give_on(
            store,
            case,
            stand.person.id,
            challenge.authority if challenge.authority is Authority.TRIAGE else Authority.DELEGATE,
            reason,
            now,
        )
        return True
    has_left = phrase("{who} has left", who=Who(owner.id))
    if working:
        return moves.pass_on(store, case, now, why=has_left)
    # Resolved already: somebody must hold it while the reporters are asked, and their answers need not start anew.
    barred = moves.facts_of(case).barred
    leader = presence.executive_leader(directory, today, barred=barred) or presence.coordinator(directory, today)
    reason = phrase("{why}, so to {next}.", why=has_left, next=Who(leader.id))
    authority = Authority.EXECUTIVE if presence.is_executive(leader) else Authority.NAMED
    store.record(
        case, Kind.REPAIRED, by=None, at=now, data={"to": leader.id, "authority": authority}, owner_id=leader.id, authority=authority,
        why=to_json(reason),
    )  # fmt: skip
    return True


async def give_back(store: Store, case: Case, now: datetime) -> bool:
    """What somebody holds for one who was away goes back to them, now that they are there; True when it did.

    What a stand-in has begun on stays with them. What is to be sorted is the coordinator's, whoever has looked at it.
    """
    challenge, directory, today = case.challenge, store.directory, acts.today(store, now)
    if not moves.is_unsettled(challenge.status) or challenge.review_on is not None or challenge.rung in moves.RAISED:
        return False
    barred = moves.facts_of(case).barred
    if challenge.authority is Authority.TRIAGE:
        watcher = presence.coordinator(directory, today)
        owner = directory.people[challenge.owner_id]
        held = owner.role != COORDINATOR and watcher.role == COORDINATOR and watcher.id not in {owner.id, *barred}
        if held:
            asked = {name: getattr(challenge, name) for name in ("asked_at", "asked_times")}
            reason = phrase("{who} is back, and sorts it.", who=Who(watcher.id))
            moves.give(
                store, case, Kind.HANDED_BACK, now, by=None, owner_id=watcher.id, authority=Authority.TRIAGE, reason=reason,
                move=Move.TO_TRIAGE, **asked,
            )  # fmt: skip
        return held
    if challenge.authority is not Authority.DELEGATE or challenge.owner_acted_at is not None:
        return False
    before = await _before_the_leave(store, case)
    who = PersonId(str(before.get("owner_id") or ""))
    facts, version = moves.facts_of(case), directory.version(challenge.process_id)
    if not before:  # it came to them at once: it is whose the process says it is
        route = routing.route(facts, directory, version, today)
        if route.authority is Authority.MATRIX and _has_stood_in(directory, challenge.owner_id, route.owner_id):
            moves.send(
                store, case, Kind.HANDED_BACK, now, by=None, because=phrase("{who} is back", who=Who(route.owner_id))
            )
            return True
        return False
    there = presence.is_active(directory, who, today) and directory.absence(who, today) is None
    authority = before.pop("authority", challenge.authority)
    if not there or who in barred or not routing.holds_authority(facts, who, authority, directory, version, today):
        return False
    before.pop("owner_id")
    move = Move.TO_SCHOOL if challenge.status is Status.WITH_SCHOOL else Move.ASSIGN
    reason = phrase("{who} is back, and has it again.", who=Who(who))
    moves.give(
        store, case, Kind.HANDED_BACK, now, by=None, owner_id=who, authority=authority, reason=reason, move=move, **before
    )  # fmt: skip
    return True


KEPT: Final = ("owner_id", "authority", "status", "taken_at", "understood_at", "understood_by_id")
"""What somebody who is back finds as they left it."""


async def _before_the_leave(store: Store, case: Case) -> dict[str, Any]:
    """How it stood with the one for whom its owner holds it; empty where it did not come from somebody who went away."""
    owner_id = str(case.challenge.owner_id)
    for event in reversed(await store.history(case.id)):
        changed = event.data.get("changes", {}).get("challenge", {})
        if changed.get("owner_id", [None, None])[1] == owner_id and event.kind is not Kind.HANDED_BACK:
            if event.kind is not Kind.REPAIRED:
                return {}
            return {name: unplain(Challenge, name, changed[name][0]) for name in KEPT if name in changed}
    return {}


def _has_stood_in(directory: Directory, stand_in: PersonId, person_id: PersonId) -> bool:
    """Whether the one has stood in for the other."""
    leaves = (each for each in directory.absences if each.person_id == person_id)
    return any(stand_in in {each.delegate_id, each.above_limit_id} for each in leaves)


def left_steps(store: Store, case: Case, now: datetime) -> list[Step]:
    """The open steps of people who are no longer there."""
    today = acts.today(store, now)
    return [each for each in case.open_steps if not presence.is_active(store.directory, each.owner_id, today)]


def mend_steps(store: Store, case: Case, now: datetime) -> bool:
    """The open steps of somebody who has left go to whoever leads it now; True when any did."""
    lead = case.challenge.owner_id
    left = [each for each in left_steps(store, case, now) if each.owner_id != lead]
    if not left:
        return False
    event = store.record(
        case,
        Kind.STEPS_MOVED,
        by=None,
        at=now,
        also=[(each, {"owner_id": lead}) for each in left],
        data={"to": lead, "steps": [each.id for each in left]},
    )
    for each in left:
        tell(store, [lead], MessageKind.STEP, event, now, case=case, item=each.id, lane=Lane.DIGEST)
    return True


async def move_dates(store: Store, was: Calendar, now: datetime) -> None:
    """A day was closed on which something is due: it is due on the next school day, and those concerned hear (R-30).

    `was`: the calendar before. What was never due on a school day stays as it is.
    """
    calendar = acts.calendar(store)

    def moved(day: date) -> date:
        closed = was.is_school_day(day) and not calendar.is_school_day(day)
        return calendar.school_days_after(day, 0) if closed else day

    due = await store.due_days()
    for case in await store.cases(dict.fromkeys(each for each, day in due if moved(day) != day)):
        decide_by, taken_up = case.challenge.decide_by, case.challenge.understood_at is not None
        event = store.record(
            case,
            Kind.DATES_MOVED,
            by=None,
            at=now,
            also=[(each, {"due_on": moved(each.due_on)}) for each in case.open_steps],
            decide_by=decide_by if decide_by is None or taken_up else moved(decide_by),
        )
        moves.tell_involved(store, case, event, now)


def _give_on(store: Store, case: Case, to: PersonId, authority: Authority, reason: Phrase, now: datetime) -> None:
    if authority is Authority.TRIAGE:
        move = Move.TO_TRIAGE
    else:
        move = Move.TO_SCHOOL if case.challenge.status is Status.WITH_SCHOOL else Move.ASSIGN
    moves.give(store, case, Kind.REPAIRED, now, by=None, owner_id=to, authority=authority, reason=reason, move=move)


def _tell_reporters(store: Store, case: Case, now: datetime) -> None:
    """Nothing has moved: they hear that it is not forgotten, with whom it is, and when they hear again."""
    _, times = cadence.told(case)
    event = store.record(case, Kind.TOLD, by=None, at=now, told_at=now, told_times=times + 1)
    hear = [each.person_id for each in case.reporters if each.person_id != case.challenge.owner_id]
    tell(store, hear, MessageKind.UPDATE, event, now, case=case)


def _reporter(case: Case, due: cadence.Due) -> Reporter:
    reporter = case.reporter(PersonId(due.item))
    assert reporter is not None  # noqa: S101  # the agenda was made of this case
    return reporter


def _prompt_owner(store: Store, case: Case, due: cadence.Due, now: datetime) -> None:
    """A prompt, or a rung up after as many unanswered ones as the process allows."""
    challenge = case.challenge
    process = acts.process_of(store, case)
    at_the_top = challenge.rung is process.ladder[-1]  # where it stays, dated, and is asked about ever more softly
    if challenge.unanswered >= process.climb_after(challenge.urgency) and not at_the_top:
        moves.climb(store, case, now, by=None, why=_unanswered(challenge.unanswered))
        return
    # The first prompt may come singly where it is urgent; all others are soft: they wait for the morning digest. So do
    # those in between where there is a plan, and nothing of it is due.
    on_plan = due.goal is cadence.Goal.MOVE and bool(case.open_steps)
    urgent = challenge.urgency is Urgency.HIGH and challenge.unanswered == 0 and not on_plan and not store.late
    lane = Lane.URGENT if urgent else Lane.DIGEST
    owner = store.directory.people[challenge.owner_id]
    event = store.record(
        case, Kind.PROMPTED, by=None, at=now, data={"goal": due.goal, "by": due.by.isoformat() if due.by else None, "to": challenge.owner_id},
        # It counts from when they get to read it: after an outage that may be the next morning.
        prompted_at=lanes.plan(lane, owner, acts.calendar(store), now).at, unanswered=challenge.unanswered + 1,
    )  # fmt: skip
    tell(store, [challenge.owner_id], MessageKind.NUDGE, event, now, case=case, lane=lane)


def _unanswered(n: int) -> Phrase:
    return phrases("No answer to {n} prompt", "No answer to {n} prompts", n=n)


def _prompt_step(store: Store, case: Case, due: cadence.Due, now: datetime) -> None:
    step = case.step(StepId(due.item))
    if step is None:
        return
    event = store.record(
        case, Kind.PROMPTED, by=None, at=now, data={"goal": due.goal, "step": step.id, "to": step.owner_id},
        also=[(step, {"prompted_on": acts.today(store, now), "prompts": step.prompts + 1})],
    )  # fmt: skip
    tell(store, [step.owner_id], MessageKind.STEP, event, now, case=case, item=step.id, lane=Lane.DIGEST)


def _ask_again(store: Store, case: Case, now: datetime) -> None:
    """The reporter is reminded of the question; then the coordinator is brought in to get the answer. Where nobody is
    there to answer, or nobody does after all that, the owner's clock runs again: nothing stands still for good."""
    challenge, today = case.challenge, acts.today(store, now)
    times = challenge.asked_times + 1
    if times > MOST_ASKS or not any(store.directory.people[each.person_id].here_on(today) for each in case.reporters):
        event = store.record(case, Kind.UNANSWERED, by=None, at=now, **owners.clock_again(store, case, now))
        watcher = presence.coordinator(store.directory, today)
        tell(store, [challenge.owner_id, watcher.id], MessageKind.UPDATE, event, now, case=case)
        return
    event = store.record(
        case, Kind.PROMPTED, by=None, at=now, data={"goal": "answer"}, prompted_at=now, asked_times=times
    )  # fmt: skip
    tell(
        store,
        [each.person_id for each in case.reporters],
        MessageKind.QUESTION,
        event,
        now,
        case=case,
        lane=Lane.DIGEST,
    )
    if times > 2:
        coordinator = presence.coordinator(store.directory, today)
        tell(store, [coordinator.id], MessageKind.NUDGE, event, now, case=case, lane=Lane.DIGEST)


MOST_ASKS: Final = 6
"""Times that a question is asked: with the gaps between them, about a month."""


def _review(store: Store, case: Case, now: datetime) -> None:
    """The pause, the wait or the decline is over: it is looked at again, by whoever may act now."""
    event = store.record(case, Kind.RESUMED, by=None, at=now, owned_since=now, **owners.awake(case, now))
    tell(store, [case.challenge.owner_id], MessageKind.REVIEW, event, now, case=case)
    tell(store, [each.person_id for each in case.reporters], MessageKind.UPDATE, event, now, case=case)
    mend_owner(store, case, now)  # who keeps a rest for their own may be away when it ends


def _ask_for_confirmation(store: Store, case: Case, now: datetime) -> None:
    """Each reporter who is still here is asked: was it addressed sufficiently?"""
    today = acts.today(store, now)
    asking = cadence.silent(case, store.directory, today)
    event = store.record(
        case,
        Kind.CONFIRMATION_ASKED,
        by=None,
        at=now,
        also=[(each, {"asked_at": now}) for each in asking],
        data={"asked": [each.person_id for each in asking]},
        status=Status.AWAITING_CONFIRMATION,
        prompted_at=None,
        unanswered=0,
    )
    tell(store, [each.person_id for each in asking], MessageKind.CONFIRMATION, event, now, case=case)


def _remind(store: Store, case: Case, reporter: Reporter, now: datetime) -> None:
    changes = {"reminded_at": now} if reporter.asked_at else {"asked_at": now}
    event = store.record(
        case, Kind.REMINDED, by=None, at=now, also=[(reporter, changes)], data={"reporter": reporter.person_id}
    )  # fmt: skip
    tell(store, [reporter.person_id], MessageKind.CONFIRMATION, event, now, case=case)


def colleague_for(store: Store, case: Case, reporter: Reporter, now: datetime) -> PersonId | None:
    """Who asks a silent reporter: the school's coach, else the coordinator (R-37).

    The coordinator where the reporter is confidential, or the coach is a reporter, the owner, absent or not admitted,
    or there is no school. A confidential reporter's name goes to nobody else: where the coordinator owns or raised it,
    there is nobody to ask them; while they are away it waits for them (cadence).
    """
    directory = store.directory
    today = acts.today(store, now)
    facts = access.facts(case)
    coordinator = decider(store, case, now)  # never who owns it, nor who raised it, where anybody else is there
    if reporter.confidential:
        part_of_it = coordinator == case.challenge.owner_id or case.reporter(coordinator) is not None
        known = access.may_know(directory.people[coordinator], reporter.person_id, facts, directory, today)
        return coordinator if known and not part_of_it else None
    rule = acts.process_of(store, case).confirmation.then
    coach = presence.coach(directory, case.challenge.school_id, today) if rule == "school_coach" else None
    if (
        coach is None
        or case.reporter(coach.id)
        or coach.id == case.challenge.owner_id
        or not access.may(coach, access.Action.SEE, facts, directory, today)
    ):
        return coordinator
    return coach.id


def _let_in(store: Store, case: Case, person_id: PersonId, now: datetime) -> None:
    """Who is asked something about a restricted challenge must be able to see it."""
    person = store.directory.people[person_id]
    today = acts.today(store, now)
    if not access.may(person, access.Action.SEE, access.facts(case), store.directory, today):
        helper = Helper(district_id=store.district_id, challenge_id=case.id, person_id=person_id, since=now)
        case.helpers.append(store.add(helper))
        store.record(case, Kind.ADMITTED, by=None, at=now, data={"added": [f"helper:{person_id}"], "to": person_id})


def _ask_colleague(store: Store, case: Case, reporter: Reporter, now: datetime) -> None:
    colleague = colleague_for(store, case, reporter, now)
    if colleague is None:
        store.record(
            case, Kind.NOBODY_ASKED, by=None, at=now, also=[(reporter, {"colleague_asked_at": now})], data={"reporter": reporter.person_id},
        )  # fmt: skip
        return
    _let_in(store, case, colleague, now)
    event = store.record(
        case,
        Kind.COLLEAGUE_ASKED,
        by=None,
        at=now,
        also=[(reporter, {"colleague_id": colleague, "colleague_asked_at": now})],
        data={"reporter": reporter.person_id, "asked": colleague},
    )
    tell(store, [colleague], MessageKind.COLLEAGUE_ASK, event, now, case=case, item=reporter.person_id)


def decider(store: Store, case: Case, now: datetime) -> PersonId:
    """Who decides after silence: the coordinator, or the DIT liaison where the coordinator owns or raised it."""
    today = acts.today(store, now)
    deciders = access.deciders(access.facts(case), store.directory, today)
    watching = presence.coordinator(store.directory, today).id
    return watching if watching in deciders else min(deciders)


def _ask_for_decision(store: Store, case: Case, now: datetime) -> None:
    """After every ask the process prescribes: somebody decides; asked again, and higher, until they do."""
    challenge = case.challenge
    who = decider(store, case, now)
    _let_in(store, case, who, now)
    again = challenge.decision_asked_at is not None
    event = store.record(
        case,
        Kind.DECISION_ASKED,
        by=None,
        at=now,
        data={"to": who},
        decision_asked_at=challenge.decision_asked_at or now,
        prompted_at=now if again else None,
        unanswered=challenge.unanswered + 1 if again else 0,
    )
    tell(store, [who], MessageKind.DECISION, event, now, case=case, lane=Lane.DIGEST if again else Lane.SINGLE)
    if challenge.unanswered >= acts.process_of(store, case).climb_after(challenge.urgency):
        leader = presence.executive_leader(store.directory, acts.today(store, now), barred=[who])
        if leader:
            tell(store, [leader.id], MessageKind.ESCALATION, event, now, case=case, lane=Lane.DIGEST)
