"""When somebody hears of an action item: before its date, on it, and then ever more softly, and never not at all."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.rules import actions as rules
from handlers.rules.actions import Facts, Goal, Question, Which
from scheduling.calendar import Calendar
from storage.directory import Team
from storage.process import Cadence
from storage.vocabulary import PersonId, TeamId
from tests.scheduling.calendars import CALENDAR as PLAIN
from tests.scheduling.calendars import calendars

CADENCE = Cadence(before_due=1, after_due=1, nudge_open=5)


@settings(deadline=None, max_examples=100)
@given(
    calendars(),
    st.dates(date(2026, 7, 1), date(2027, 7, 1)),
    st.integers(0, 60),
    st.integers(0, 3),
    st.lists(st.integers(0, 30), min_size=8, max_size=8),
)
def test_it_is_never_silent_nor_twice_on_a_day_and_grows_softer(
    calendar: Calendar, begins: date, until: int, before_due: int, outages: list[int]
) -> None:
    """Whatever the calendar is, and however late the loop comes."""
    cadence = Cadence(before_due=before_due, after_due=1, nudge_open=5)
    since = calendar.at(begins, calendar.hours.opens)
    due_on = begins + timedelta(days=until)
    reminded, asks, asked_at = False, 0, None
    done: list[tuple[date, Goal]] = []
    now = since
    for outage in outages:
        due = rules.due(Facts(due_on, since, reminded, asks, asked_at), calendar, cadence, calendar.today(now))
        now = max(now, due.at) + timedelta(days=outage)
        # What is done late is looked at anew: nobody is reminded of a date that has come.
        due = rules.due(Facts(due_on, since, reminded, asks, asked_at), calendar, cadence, calendar.today(now))
        if due.at > now:
            continue
        assert calendar.is_school_day(calendar.today(due.at))
        done.append((calendar.today(now), due.goal))
        if due.goal is Goal.REMIND:
            assert not reminded
            assert calendar.today(now) < calendar.school_days_after(due_on, 0)
            reminded = True
        else:
            assert calendar.today(now) >= due_on
            asks, asked_at = asks + 1, calendar.message_time(now, None)
    assert asks
    asked = [day for day, goal in done if goal is Goal.ASK]
    assert asked == sorted(set(asked))
    assert [goal for _, goal in done if goal is Goal.REMIND] in ([], [Goal.REMIND])


@pytest.mark.parametrize(
    ("due_on", "days"),
    [
        pytest.param("2026-10-20", ["2026-10-19 remind", "2026-10-20 ask", "2026-10-21 ask", "2026-10-23 ask", "2026-10-28 ask", "2026-11-04 ask", "2026-11-11 ask"], id="the gaps grow to a week, over a closed day"),
        pytest.param("2026-10-14", ["2026-10-14 ask", "2026-10-15 ask"], id="no time for a reminder"),
        pytest.param("2026-10-13", ["2026-10-14 ask", "2026-10-15 ask"], id="due on the day on which it was agreed"),
    ],
)  # fmt: skip
def test_the_days_of_one_that_nobody_answers(due_on: str, days: list[str]) -> None:
    calendar = PLAIN
    since = calendar.at(date(2026, 10, 13), calendar.hours.opens)
    facts = Facts(date.fromisoformat(due_on), since, False, 0, None)
    found = []
    for _ in days:
        due = rules.due(facts, calendar, CADENCE, date(2026, 10, 13))
        day = calendar.today(due.at)
        found.append(f"{day} {due.goal}")
        asked = due.goal is Goal.ASK
        facts = Facts(facts.due_on, since, True, facts.asks + asked, due.at if asked else None)
    assert found == days


LEAD, WATCHER = PersonId("lead"), PersonId("watcher")


@pytest.mark.parametrize(
    ("asks", "away", "hear"),
    [
        pytest.param(0, False, [], id="the owner alone"),
        pytest.param(1, False, [], id="still"),
        pytest.param(2, False, [LEAD], id="who leads the meeting, after two"),
        pytest.param(4, False, [LEAD, WATCHER], id="and the coordinator, after four"),
        pytest.param(40, False, [LEAD, WATCHER], id="and it stays there"),
        pytest.param(0, True, [LEAD], id="at once where the owner is away"),
    ],
)
def test_who_hears_beside_its_owner(asks: int, away: bool, hear: list[PersonId]) -> None:
    assert rules.above([LEAD, WATCHER], asks, 2, away=away) == hear


DIT, CEDAR, BIRCH = (
    Team(TeamId("dit"), "District Implementation Team"),
    Team(TeamId("slt-cedar"), "Cedar Flats School Leadership Team"),
    Team(TeamId("slt-birch"), "Birchmont School Leadership Team"),
)


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        pytest.param("", Question(), id="mine, unless somebody says otherwise"),
        pytest.param("Overdue", Question(Which.OVERDUE), id="overdue"),
        pytest.param("of dit", Question(Which.TEAM, DIT), id="a team by its id"),
        pytest.param("cedar flats", Question(Which.TEAM, CEDAR), id="a team by a part of its name"),
        pytest.param("all page 2", Question(Which.ALL, page=2), id="the next page"),
        pytest.param("of school", None, id="two teams of that name"),
        pytest.param("of nobody", None, id="no such team"),
    ],
)
def test_what_is_asked_for(words: str, asked: Question | None) -> None:
    assert rules.parse(words, [DIT, CEDAR, BIRCH]) == asked
    if asked:
        assert rules.parse(asked.spelt(), [DIT, CEDAR, BIRCH]) == asked
