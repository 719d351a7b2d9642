"""What happens next, and when: never nothing while a challenge is open, never in the past for ever, never a burst."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.rules import cadence
from handlers.rules.cadence import Due, Duty, Goal
from scheduling.calendar import Calendar
from storage.case import Case
from storage.directory import Absence
from storage.vocabulary import OPEN, WORKING, PersonId, Status, Urgency
from tests.builders import NOW, away, case, district

DISTRICT_ = district()
PROCESS = DISTRICT_.in_force.process
CALENDAR = Calendar.of(DISTRICT_)
TODAY = CALENDAR.today(NOW)


def agenda(built: Case, today: date = TODAY) -> list[Due]:
    return cadence.agenda(built, DISTRICT_, PROCESS, CALENDAR, today)


def first(built: Case) -> tuple[str, Duty, Goal]:
    due = agenda(built)[0]
    return f"{due.at.astimezone(CALENDAR.zone):%m-%d %H:%M}", due.duty, due.goal


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"status": Status.ASSIGNED}, ("10-14 07:30", Duty.PROMPT, Goal.TAKE), id="one day after it should be taken"),
        pytest.param({"status": Status.ASSIGNED, "unanswered": 1, "prompted_at": NOW + timedelta(days=2)}, ("10-15 07:30", Duty.PROMPT, Goal.TAKE), id="then the next day"),
        pytest.param({"status": Status.ASSIGNED, "unanswered": 3, "prompted_at": NOW + timedelta(days=2)}, ("10-19 07:30", Duty.PROMPT, Goal.TAKE), id="then softer"),
        pytest.param({"status": Status.REPORTED}, ("10-16 07:30", Duty.PROMPT, Goal.SORT), id="the day before it should be sorted"),
        pytest.param({"status": Status.IN_PROGRESS, "taken_at": NOW, "understood_at": NOW, "owner_acted_at": NOW + timedelta(seconds=1)}, ("10-19 07:30", Duty.PROMPT, Goal.MOVE), id="nothing due: after nudge_open"),
        pytest.param({"status": Status.ASSIGNED, "asked_at": NOW}, ("10-15 07:30", Duty.ASK_AGAIN, Goal.MOVE), id="a question waits"),
        pytest.param({"status": Status.IN_PROGRESS, "review_on": date(2026, 10, 24)}, ("10-26 07:30", Duty.REVIEW, Goal.MOVE), id="a pause ends on a school day"),
        pytest.param({"status": Status.RESOLVED, "resolved_at": NOW}, ("10-26 07:30", Duty.CONFIRM, Goal.MOVE), id="ten school days after it is resolved"),
    ],
)  # fmt: skip
def test_the_next_date(changes: dict[str, Any], expected: tuple[str, Duty, Goal]) -> None:
    assert first(case(owner_id=PersonId("materials"), **changes)) == expected


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        pytest.param(date(2026, 10, 15), ("10-14 07:30", Duty.PROMPT, Goal.STEP), id="soon: the day before it"),
        pytest.param(date(2026, 11, 20), ("10-19 07:30", Duty.PROMPT, Goal.MOVE), id="far: as if there were no plan"),
        pytest.param(date(2027, 10, 12), ("10-19 07:30", Duty.PROMPT, Goal.MOVE), id="a year away: just so"),
    ],
)
def test_a_step_to_come_is_asked_about_and_its_date_silences_nothing(
    due: date, expected: tuple[str, Duty, Goal]
) -> None:
    built = case(
        owner_id=PersonId("materials"), status=Status.PLANNED, taken_at=NOW, understood_at=NOW,
        owner_acted_at=NOW + timedelta(seconds=1), steps=[("Order the kits.", "materials", due)],
    )  # fmt: skip
    assert first(built) == expected


def test_what_others_do_is_no_answer_of_the_owner() -> None:
    taken = {"owner_id": PersonId("materials"), "status": Status.ASSIGNED}
    noted = case(**taken, updated_at=NOW + timedelta(days=3))
    assert agenda(noted) == agenda(case(**taken))
    acted = case(**taken, owner_acted_at=NOW + timedelta(days=3), taken_at=NOW + timedelta(days=3))
    assert first(acted) > first(noted)
    assert Goal.UPDATE in {goal for _, goal in cadence.goals(noted, PROCESS, CALENDAR)}
    assert Goal.UPDATE not in {goal for _, goal in cadence.goals(acted, PROCESS, CALENDAR)}


def test_a_question_stops_the_owners_clock_and_nobody_elses() -> None:
    leave = away("materials", from_on=date(2026, 10, 20), to_on=date(2026, 10, 30))
    built = case(
        owner_id=PersonId("materials"), status=Status.PLANNED, asked_at=NOW, taken_at=NOW, understood_at=NOW,
        steps=[("Order the kits.", "deputy", date(2026, 10, 16)), ("Count them.", "materials", date(2026, 10, 16))],
    )  # fmt: skip
    there = district(absences=[leave])
    found = cadence.agenda(built, there, PROCESS, CALENDAR, TODAY)
    assert [(due.duty, due.person_id) for due in found] == [
        (Duty.ASK_AGAIN, "materials"),
        (Duty.STEP, "deputy"),
        (Duty.COVER, "materials"),
    ]


@pytest.mark.parametrize(
    ("leave", "amount", "goes_to"),
    [
        pytest.param(away("materials", delegate="deputy", from_on=date(2026, 10, 24), to_on=date(2026, 10, 30)), None, "deputy", id="to who stands in"),
        pytest.param(away("materials", from_on=date(2026, 10, 24), to_on=date(2026, 10, 30)), None, "materials", id="nobody stands in"),
        pytest.param(away("materials", delegate="deputy", from_on=date(2026, 10, 24), to_on=date(2026, 10, 30)), 900, "materials", id="who stands in may approve no money"),
    ],
)  # fmt: skip
def test_a_leave_is_looked_at_on_its_first_school_day(leave: Absence, amount: int | None, goes_to: str) -> None:
    built = case(owner_id=PersonId("materials"), status=Status.ASSIGNED, amount_usd=amount)
    found = cadence.agenda(built, district(absences=[leave]), PROCESS, CALENDAR, TODAY)
    cover = next(due for due in found if due.duty is Duty.COVER)
    assert (f"{cover.at.astimezone(CALENDAR.zone):%m-%d %H:%M}", cover.person_id) == ("10-26 07:30", goes_to)


def test_a_leave_without_a_school_day_or_dated_beyond_all_years_is_none() -> None:
    weekend = away("materials", from_on=date(2026, 10, 24), to_on=date(2026, 10, 25))
    never = away("materials", from_on=date(9999, 12, 31), to_on=date(9999, 12, 31))
    built = case(owner_id=PersonId("materials"), status=Status.ASSIGNED)
    found = cadence.agenda(built, district(absences=[weekend, never]), PROCESS, CALENDAR, TODAY)
    assert Duty.COVER not in {due.duty for due in found}


def test_those_who_left_count_as_silent_and_somebody_decides() -> None:
    built = case(status=Status.AWAITING_CONFIRMATION, resolved_at=NOW, reporters=["gone"])
    assert [due.duty for due in agenda(built)] == [Duty.DECIDE]


INSTANTS = st.integers(0, 270 * 24 * 60).map(
    lambda minutes: datetime(2026, 9, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
MAYBE = st.one_of(st.none(), INSTANTS)


@given(
    status=st.sampled_from(sorted(OPEN)),
    owned=INSTANTS,
    updated=INSTANTS,
    prompted=MAYBE,
    asked=MAYBE,
    taken=MAYBE,
    understood=MAYBE,
    review=st.one_of(st.none(), st.dates(date(2026, 9, 1), date(2027, 6, 1))),
    decision=MAYBE,
    acted=MAYBE,
    unanswered=st.integers(0, 40),
    urgency=st.sampled_from(list(Urgency)),
    steps=st.lists(st.dates(date(2026, 9, 1), date(2027, 6, 1)), max_size=3),
    answers=st.lists(st.tuples(MAYBE, MAYBE, MAYBE), min_size=3, max_size=3),
)
def test_an_open_challenge_always_has_a_date_in_hours(
    status: Status, owned: datetime, updated: datetime, prompted: datetime | None, asked: datetime | None,
    taken: datetime | None, understood: datetime | None, review: date | None, decision: datetime | None,
    acted: datetime | None, unanswered: int, urgency: Urgency, steps: list[date],
    answers: list[tuple[datetime | None, ...]],
) -> None:  # fmt: skip
    built = case(
        reporters=["teacher", "colleague", "gone"], status=status, owned_since=owned, updated_at=updated,
        prompted_at=prompted, asked_at=asked, taken_at=taken, understood_at=understood, review_on=review,
        decision_asked_at=decision, owner_acted_at=acted, unanswered=unanswered, urgency=urgency, resolved_at=updated,
        decide_by=date(2026, 10, 20), steps=[("A step.", "deputy", due) for due in steps],
    )  # fmt: skip
    for reporter, (asked_at, reminded_at, colleague_at) in zip(built.reporters, answers, strict=True):
        reporter.asked_at, reporter.reminded_at, reporter.colleague_asked_at = asked_at, reminded_at, colleague_at
    found = agenda(built)
    assert found
    assert found == sorted(found, key=lambda due: due.at)
    for due in found:
        local = due.at.astimezone(CALENDAR.zone)
        assert CALENDAR.is_school_day(local.date())
        assert (local.hour, local.minute) == (7, 30)
    if status in WORKING and prompted and review is None and asked is None:
        # At most one prompt to the owner on a school day.
        own = [due for due in found if due.duty is Duty.PROMPT]
        assert all(due.at > prompted for due in own)
        # And never a gap longer than that between open nudges, however far away a step is dated.
        last = CALENDAR.today(max(prompted, cadence.last_act(built)))
        most = CALENDAR.school_days_after(last, PROCESS.cadence_school_days.nudge_open)
        assert all(CALENDAR.today(due.at) <= most for due in own)


def test_the_earliest_target_wins_and_meetings_come_from_the_routines() -> None:
    assert cadence.decide_by(Urgency.HIGH, None, DISTRICT_, PROCESS, CALENDAR, NOW) == date(2026, 10, 14)
    # This district has no routine on its calendar: the targets for assigning and a first update take its place.
    assert cadence.decide_by(Urgency.MEDIUM, None, DISTRICT_, PROCESS, CALENDAR, NOW) == CALENDAR.school_days_after(
        TODAY, 15
    )
