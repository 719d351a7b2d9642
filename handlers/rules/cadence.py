"""What happens next to a challenge, and when: every dated duty that follows from how it stands (invariants 2 and 3).

One function, `agenda`, gives them all; the follow-up timer of a challenge is set to the first, and the card "what
happens next" is drawn from the same list. There is no state in which it is empty while a challenge is open.

School days and hours are the district's; instants are UTC. After an outage each duty is done once, late: all dates
count from what was really done, not from what should have been.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from handlers.rules import presence
from scheduling import recurrence
from scheduling.calendar import Calendar
from storage.case import Case
from storage.directory import COORDINATOR, Directory
from storage.models import Reporter, Step
from storage.process import Process
from storage.vocabulary import ENDED, WORKING, Authority, PersonId, SchoolId, Status, Urgency

A_YEAR: Final = timedelta(days=366)
"""How far ahead anything is dated: no form takes a later day, so nothing rests longer without being looked at."""


MOST_SILENT: Final = 20
"""School days, about a month, after which those who raised something open hear of it again."""
CONFIDANT_WAIT: Final = timedelta(days=31)
"""So long a silent reporter who told only the coordinator who they are waits for them to be back."""


class Duty(StrEnum):
    """What is due."""

    TELL = "tell"
    """Those who raised it hear how it stands, though nothing has moved."""
    PROMPT = "prompt"
    """The owner is prompted; after enough unanswered prompts the challenge climbs instead."""
    STEP = "step"
    """The owner of a step is prompted about it."""
    ASK_AGAIN = "ask_again"
    """The reporter has not answered the owner's question."""
    REVIEW = "review"
    """The pause, the wait or the decline has reached its date."""
    COVER = "cover"
    """The owner goes on leave: it moves to whoever may act for them, or up."""
    RETURN = "return"
    """Who was away is back: what somebody else holds for them goes back, unless they have begun on it."""
    CONFIRM = "confirm"
    """The reporters are asked whether it was addressed sufficiently."""
    REMIND = "remind"
    COLLEAGUE = "colleague"
    """The coach (or the coordinator) is asked to ask the reporter."""
    DECIDE = "decide"
    """Somebody must decide after silence."""


class Goal(StrEnum):
    """What the owner is prompted towards."""

    SORT = "sort"
    TAKE = "take"
    DECIDE = "decide"
    UPDATE = "update"
    STEP = "step"
    MOVE = "move"
    """Nothing in particular is due; it is open, and so it is looked at."""


@dataclass(frozen=True, slots=True)
class Due:
    """One duty and its instant. `item`: the step or reporter it is about; `by`: the date it is about, if any."""

    at: datetime
    duty: Duty
    person_id: PersonId
    item: str = ""
    goal: Goal = Goal.MOVE
    by: date | None = None


def agenda(
    case: Case, directory: Directory, process: Process, calendar: Calendar, today: date, now: datetime | None = None
) -> list[Due]:
    """Every duty that follows from the present state, soonest first. Empty only when the challenge has ended.

    `today` says who is still in post; an instant may lie in the past, and is then due at once. `now`: where it is early
    in the morning, what comes with that morning is still to come.
    """
    early = now is not None and now < calendar.morning_of(today)
    begun = today - timedelta(days=1) if early else today  # the last day whose morning has come
    found = _duties(case, directory, process, calendar, today, begun)
    return sorted(found, key=lambda due: (due.at, due.duty, due.item))


def _duties(
    case: Case, directory: Directory, process: Process, calendar: Calendar, today: date, begun: date
) -> Iterator[Due]:
    challenge = case.challenge
    if challenge.status in ENDED:
        return
    if challenge.status in {Status.RESOLVED, Status.AWAITING_CONFIRMATION}:
        yield from _confirmation(case, directory, process, calendar, today)
        return
    if challenge.review_on is not None:
        yield Due(
            calendar.morning_of(calendar.school_days_after(challenge.review_on, 0)),
            Duty.REVIEW,
            challenge.owner_id,
            by=challenge.review_on,
        )
        return
    # A question to the reporters stops the owner's own clock, and nobody else's.
    yield _owner_prompt(case, process, calendar) if challenge.asked_at is None else _asked(case, process, calendar)
    yield from _leave(case, directory, calendar, begun)
    yield from _return(case, directory, calendar, begun)
    for step in case.open_steps:
        if step.owner_id != challenge.owner_id:
            yield _step_prompt(step, process, calendar)
    if challenge.asked_at is None and any(
        each.person_id != challenge.owner_id for each in silent(case, directory, today)
    ):
        yield Due(calendar.morning_of(told_by(case, process, calendar)), Duty.TELL, challenge.owner_id)


def told(case: Case) -> tuple[datetime, int]:
    """Since when those who raised it have heard nothing new, and how often they were told so since."""
    challenge, since = case.challenge, last_act(case)
    if challenge.told_at is None or challenge.told_at <= since:
        return since, 0
    return challenge.told_at, challenge.told_times or 0


def told_by(case: Case, process: Process, calendar: Calendar) -> date:
    """The school day on which those who raised it hear how it stands, at the latest: every change is told them, and
    while nothing moves they hear so after growing gaps (invariant 2, R-40)."""
    since, times = told(case)
    gap = min(process.cadence_school_days.nudge_open * (times + 1), MOST_SILENT)
    return calendar.school_days_after(calendar.today(since), gap)


# ------------------------------------------------------------------------------------------------------------ the owner


def goals(case: Case, process: Process, calendar: Calendar) -> list[tuple[date, Goal]]:
    """By when the owner should have done what, as the challenge stands."""
    challenge = case.challenge
    targets = process.response_targets_school_days

    def after(instant: datetime, school_days: int) -> date:
        return calendar.school_days_after(calendar.today(instant), school_days)

    found: list[tuple[date, Goal]] = []
    if challenge.status is Status.REPORTED:
        found.append((after(challenge.owned_since, targets.assign), Goal.SORT))
    elif challenge.status in WORKING and challenge.taken_at is None:
        found.append((after(challenge.owned_since, targets.acknowledge), Goal.TAKE))
    waits = challenge.status is Status.REPORTED or challenge.status in WORKING
    if waits and challenge.understood_at is None and challenge.decide_by is not None:
        # Also while it waits to be sorted: until somebody has it who decides, nobody will.
        found.append((max(challenge.decide_by, calendar.today(challenge.owned_since)), Goal.DECIDE))
    if challenge.status in WORKING:
        if challenge.owner_acted_at is None or challenge.owner_acted_at < challenge.owned_since:
            found.append((after(challenge.owned_since, targets.first_update), Goal.UPDATE))
        found.extend((step.due_on, Goal.STEP) for step in case.open_steps)
    return sorted(found)


def last_act(case: Case) -> datetime:
    """When whoever leads it last did anything, or was given it. What others do does not count: notes are no answer."""
    challenge = case.challenge
    return max(challenge.owned_since, challenge.owner_acted_at or challenge.owned_since)


def _owner_prompt(case: Case, process: Process, calendar: Calendar) -> Due:
    """The next prompt to the owner: before and after a date; else after growing gaps, none longer than `nudge_open`.

    That goes for a plan with a date to come, too: how far away a step is dated does not silence anything.
    """
    challenge = case.challenge
    cadence = process.cadence_school_days
    start = last_act(case)
    last = calendar.today(max(start, challenge.prompted_at) if challenge.prompted_at else start)
    quiet_until = calendar.school_days_after(last, 1)  # at most one prompt about a challenge on a school day

    options: list[tuple[date, Goal, date | None]] = [
        (calendar.school_days_after(last, cadence.nudge_open), Goal.MOVE, None)
    ]
    softer = min(challenge.unanswered * cadence.after_due, cadence.nudge_open)
    for by, goal in goals(case, process, calendar):
        if challenge.unanswered:  # then only what has passed counts, and the gaps grow
            late = calendar.school_days_after(by, cadence.after_due)
            options.append((max(late, quiet_until, calendar.school_days_after(last, softer)), goal, by))
            continue
        before = calendar.school_days_before(by, cadence.before_due)
        late = calendar.school_days_after(by, cadence.after_due)
        if goal not in {Goal.TAKE, Goal.UPDATE} and before >= quiet_until:
            options.append((before, goal, by))
        options.append((max(late, quiet_until), goal, by))
    day, goal, target = min(options, key=lambda option: (option[0], option[1] is Goal.MOVE))
    return Due(calendar.morning_of(day), Duty.PROMPT, challenge.owner_id, goal=goal, by=target)


MOST_PUT_OFF: Final = 10
"""School days, two weeks, for which somebody may put off their reminders of one challenge."""


def may_put_off(case: Case, person_id: PersonId, calendar: Calendar, today: date) -> date | None:
    """The latest day until when this person may put off their reminders; None where they may not.

    Only whose reminders they are: who leads it, or has an open step. Not where it is urgent, nor past the next date that
    they have promised. It is their reminder alone that waits: the dates stay, and it climbs as if they had read it.
    """
    challenge = case.challenge
    at_work = challenge.status is Status.REPORTED or challenge.status in WORKING
    if not at_work or challenge.review_on is not None or challenge.urgency is Urgency.HIGH:
        return None
    leads = challenge.owner_id == person_id
    steps = [each.due_on for each in case.open_steps if leads or each.owner_id == person_id]
    if not leads and not steps:
        return None
    promised = [
        *steps,
        *([challenge.decide_by] if leads and challenge.decide_by and not challenge.understood_at else []),
    ]
    to_come = [each for each in promised if each > today]
    return min([calendar.school_days_after(today, MOST_PUT_OFF), *to_come])


def _leave(case: Case, directory: Directory, calendar: Calendar, begun: date) -> Iterator[Due]:
    """The first day of the owner's next leave: that morning it goes to whoever may act for them, or up at once.

    The duty names whoever stands in, or the owner where nobody does.
    """
    owner_id = case.challenge.owner_id
    for absence in directory.absences:
        if absence.person_id == owner_id and absence.from_on <= begun + A_YEAR:
            first = calendar.school_days_after(absence.from_on, 0)
            if begun < first <= absence.to_on:
                stand = presence.standing_in(directory, owner_id, first, amount_usd=case.challenge.amount_usd)
                by = stand.person.id if stand.person else owner_id
                yield Due(calendar.morning_of(first), Duty.COVER, by, by=absence.from_on)


def _return(case: Case, directory: Directory, calendar: Calendar, begun: date) -> Iterator[Due]:
    """The first school morning after the leave of whoever this may be held for."""
    challenge = case.challenge
    for absence in directory.absences:
        sorts = challenge.authority is Authority.TRIAGE and directory.people[absence.person_id].role == COORDINATOR
        stands_in = challenge.owner_id in {absence.delegate_id, absence.above_limit_id}
        holds = challenge.authority is Authority.DELEGATE and stands_in and challenge.owner_acted_at is None
        if (sorts or holds) and absence.person_id != challenge.owner_id and absence.to_on <= begun + A_YEAR:
            back = calendar.school_days_after(absence.to_on, 1)
            if begun < back:
                yield Due(calendar.morning_of(back), Duty.RETURN, absence.person_id, by=back)


def _step_prompt(step: Step, process: Process, calendar: Calendar) -> Due:
    cadence = process.cadence_school_days
    before = calendar.school_days_before(step.due_on, cadence.before_due)
    late = calendar.school_days_after(step.due_on, cadence.after_due)
    if step.prompted_on is None:
        day = before
    elif step.prompted_on < late:
        day = late
    else:
        gap = min(step.prompts * cadence.after_due, cadence.nudge_open)
        day = calendar.school_days_after(step.prompted_on, max(gap, 1))
    return Due(calendar.morning_of(day), Duty.STEP, step.owner_id, item=step.id, goal=Goal.STEP, by=step.due_on)


def _asked(case: Case, process: Process, calendar: Calendar) -> Due:
    """The owner's clock stands still; the reporter, and then the coordinator, are asked again, never endlessly late."""
    challenge = case.challenge
    wait = process.confirmation.remind_after_school_days
    since = calendar.today(max(filter(None, (challenge.asked_at, challenge.prompted_at))))
    day = calendar.school_days_after(
        since, wait if challenge.asked_times < 3 else process.cadence_school_days.nudge_open
    )
    return Due(calendar.morning_of(day), Duty.ASK_AGAIN, challenge.owner_id)


# ------------------------------------------------------------------------------------------------------ confirmation


def silent(case: Case, directory: Directory, today: date) -> list[Reporter]:
    """The reporters who have not answered and can still be asked: those who have left count as silent for good."""
    return [each for each in case.reporters if each.answer is None and directory.people[each.person_id].here_on(today)]


def all_asked(case: Case, directory: Directory, today: date) -> bool:
    """Whether every reporter who is silent, and can be asked, has had every ask that the process prescribes (R-37)."""
    return all(each.colleague_asked_at is not None for each in silent(case, directory, today))


def _coordinator_back(directory: Directory, calendar: Calendar, today: date) -> datetime | None:
    """The morning on which the coordinator is back, who alone may know a confidential reporter and ask them; None where
    one is there, or none comes back within `CONFIDANT_WAIT`."""
    posts = [each.id for each in directory.with_role(COORDINATOR) if presence.is_active(directory, each.id, today)]
    away = [directory.absence(each, today) for each in posts]
    back = min((each.to_on for each in away if each), default=None)
    if None in away or back is None or back > today + CONFIDANT_WAIT:
        return None
    return calendar.morning_of(calendar.school_days_after(back, 1))


def _confirmation(case: Case, directory: Directory, process: Process, calendar: Calendar, today: date) -> Iterator[Due]:
    """Ask, remind once, a colleague asks, then somebody decides (R-37)."""
    challenge = case.challenge
    rules = process.confirmation

    def morning(instant: datetime, school_days: int) -> datetime:
        return calendar.morning_of(calendar.school_days_after(calendar.today(instant), school_days))

    resolved_at = challenge.resolved_at or challenge.updated_at
    if challenge.status is Status.RESOLVED:
        wait = process.response_targets_school_days.follow_up_after_resolution
        yield Due(morning(resolved_at, wait), Duty.CONFIRM, challenge.owner_id)
        return
    if challenge.decision_asked_at is not None:
        last = max(filter(None, (challenge.decision_asked_at, challenge.prompted_at)))
        gap = (
            min(challenge.unanswered * process.cadence_school_days.after_due, process.cadence_school_days.nudge_open)
            if challenge.unanswered
            else rules.decide_within_school_days
        )
        by = calendar.school_days_after(calendar.today(challenge.decision_asked_at), rules.decide_within_school_days)
        yield Due(morning(last, max(gap, 1)), Duty.DECIDE, challenge.owner_id, by=by)
        return
    asking = silent(case, directory, today)
    ready = []
    for each in asking:
        if each.asked_at is None:
            yield Due(morning(resolved_at, 1), Duty.REMIND, each.person_id, each.person_id)
        elif each.reminded_at is None:
            yield Due(
                morning(each.asked_at, rules.remind_after_school_days), Duty.REMIND, each.person_id, each.person_id
            )
        elif each.colleague_asked_at is None:
            at = morning(each.reminded_at, rules.then_after_school_days)
            if each.confidential and (back := _coordinator_back(directory, calendar, today)):
                at = max(at, back)
            yield Due(at, Duty.COLLEAGUE, each.person_id, each.person_id)
        else:
            wait = rules.then_after_school_days if each.colleague_id else 0  # for nobody's answer nobody waits
            ready.append(morning(each.colleague_asked_at, wait))
    if len(ready) == len(asking):  # everybody who can be asked has had every ask: now somebody decides
        yield Due(max(ready, default=morning(resolved_at, 1)), Duty.DECIDE, challenge.owner_id)


# ------------------------------------------------------------------------------------------------------------- targets


def decide_by(
    urgency: Urgency,
    school_id: SchoolId | None,
    directory: Directory,
    process: Process,
    calendar: Calendar,
    since: datetime,
) -> date:
    """When a decision is due, from the urgency targets; where a target has several dates the earliest wins.

    Meeting dates come from the routines. Where the process sets none, or no meeting is on the calendar, it is the
    target for assigning plus that for a first update.
    """
    targets = process.response_targets_school_days
    target = process.urgency_targets.get(urgency)
    today = calendar.today(since)
    options: list[date] = []
    if target and target.school_days is not None:
        options.append(calendar.school_days_after(today, target.school_days))
    if target and target.by:
        earliest = (
            calendar.school_days_after(today, target.at_least_school_days) if target.at_least_school_days else None
        )
        after = calendar.at(earliest, process.message_hours.opens) if earliest else since
        meeting = (
            recurrence.next_dit(directory, calendar, after)
            if target.by == "next_dit"
            else recurrence.next_log_review(directory, calendar, after)
        )
        if meeting:
            options.append(calendar.today(meeting))
    return min(options, default=calendar.school_days_after(today, targets.assign + targets.first_update))
