"""When meetings come up, from rules in words."""

import re
from datetime import date, datetime, time, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling import recurrence
from scheduling.calendar import Calendar
from scheduling.recurrence import Daily, Listed, Monthly, Shifted, Weekly
from storage.directory import Directory, Routine, School, Team
from storage.vocabulary import SchoolId, TeamId
from tests.builders import OAK, district
from tests.scheduling.calendars import CALENDAR, EXAMPLE_FILE, INSTANTS, calendars, detroit

START = time(8, 30)
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = range(5)


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("second Tuesday", Monthly((2,), TUESDAY)),
        ("Third  thursday ", Monthly((3,), THURSDAY)),
        ("2nd tuesday of the month", Monthly((2,), TUESDAY)),
        ("last Friday", Monthly((-1,), FRIDAY)),
        ("the last Friday of each month", Monthly((-1,), FRIDAY)),
        ("on the first and third Thursday", Monthly((1, 3), THURSDAY)),
        ("first and third Thursday", Monthly((1, 3), THURSDAY)),
        ("first, second and last Monday", Monthly((1, 2, -1), MONDAY)),
        ("every Monday", Weekly(MONDAY)),
        ("every Monday from 2026-09-14", Weekly(MONDAY, 1, date(2026, 9, 14))),
        ("every other Wednesday from 2026-09-09", Weekly(WEDNESDAY, 2, date(2026, 9, 9))),
        ("every day", Daily()),
        ("daily", Daily()),
        ("every two weeks on Wednesday from 2026-09-09", Weekly(WEDNESDAY, 2, date(2026, 9, 9))),
        ("3 school days after second Tuesday", Shifted(3, Monthly((2,), TUESDAY))),
        ("1 school day after each last Friday", Shifted(1, Monthly((-1,), FRIDAY))),
        ("10 school days before 2027-06-30", Shifted(-10, Listed((date(2027, 6, 30),)))),
        ("2026-10-13, 2026-09-08", Listed((date(2026, 9, 8), date(2026, 10, 13)))),
    ],
)
def test_rules_in_words(words: str, rule: recurrence.Rule) -> None:
    assert recurrence.parse(words) == rule


@pytest.mark.parametrize(
    ("words", "cure"),
    [
        ("secnd Tuesday", 'write it like "second Tuesday"'),
        ("every second Tuesday", 'write it like "second Tuesday"'),  # could be either
        ("", "write it like"),
        ("every other Wednesday", 'add "from"'),
        ("every other Wednesday from 2026-09-10", "2026-09-10 is a Thursday; give the date of a Wednesday"),
        ("every other Wednesday from September", "such as 2026-09-08"),
        ("2026-09-08, 2026-13-01", "2026-13-01 is not a date"),
        ("3 school days after every day", "does not say from which days it counts"),
        ("0 school days after first Monday", "does not say from which days it counts"),
        ("3 school days after my birthday", "is not a rule that Clearway knows"),
        ("9999-12-31", "9999-12-31 is not a date"),
    ],
)
def test_what_is_no_rule_is_told_with_its_cure(words: str, cure: str) -> None:
    with pytest.raises(ValueError, match=re.escape(cure)):
        recurrence.parse(words)


def days(words: str, after: str, n: int) -> list[str]:
    found = recurrence.occurrences(recurrence.parse(words), START, CALENDAR, detroit(after))
    return [str(CALENDAR.today(each)) for each in islice(found, n)]


def test_the_meetings_of_the_year_are_those_the_district_published() -> None:
    published = EXAMPLE_FILE.document.data["expected_dates_dit_monthly"]
    routine = next(each for each in EXAMPLE_FILE.routines.values() if each.id == "dit-monthly")
    assert days(routine.rule, "2026-08-01 00:00", 11) == [*published, "2027-09-14"]


@pytest.mark.parametrize(
    ("words", "after", "then"),
    [
        pytest.param("second Tuesday", "2026-09-08 08:29", "2026-09-08", id="later that morning"),
        pytest.param("second Tuesday", "2026-09-08 08:30", "2026-10-13", id="it has begun: the next"),
        pytest.param("every Monday", "2026-09-01 12:00", "2026-09-08", id="Labor Day: the day after"),
        pytest.param("every Monday", "2026-12-15 12:00", "2027-01-04", id="not in a week without school"),
        pytest.param("first Thursday", "2027-03-20 12:00", "2027-04-05", id="closed: the next in that month"),
        pytest.param(
            "last Friday", "2027-03-20 12:00", "2027-03-25", id="closed to the end of the month: the last before"
        ),
        pytest.param("last Friday", "2026-11-20 12:00", "2026-11-30", id="after Thanksgiving, still in the month"),
        pytest.param("second Tuesday", "2027-06-10 12:00", "2027-09-14", id="no meetings in summer"),
        pytest.param("2027-07-20", "2026-09-01 12:00", "2027-07-20", id="but those that are listed"),
        pytest.param("every Saturday", "2026-09-14 12:00", "2026-09-18", id="a weekend: the school day before"),
        pytest.param("every day", "2026-09-03 12:00", "2026-09-08", id="every school day"),
        pytest.param("fifth Monday", "2026-09-01 12:00", "2026-11-30", id="not in months without one"),
        pytest.param("every other Wednesday from 2026-09-09", "2026-09-09 12:00", "2026-09-23", id="every other week"),
        pytest.param(
            "every other Wednesday from 2026-09-09", "2026-01-01 12:00", "2026-09-09", id="not before it begins"
        ),
    ],
)
def test_the_next_time(words: str, after: str, then: str) -> None:
    assert days(words, after, 1) == [then]


def test_it_keeps_its_hour_when_clocks_change() -> None:
    found = recurrence.occurrences(recurrence.parse("every Monday"), START, CALENDAR, detroit("2026-10-20 12:00"))
    assert list(islice(found, 2)) == [detroit("2026-10-26 08:30"), detroit("2026-11-02 08:30")]


def test_listed_dates_come_to_an_end() -> None:
    assert days("2026-09-08, 2026-10-13", "2026-09-08 12:00", 5) == ["2026-10-13"]
    assert days("2026-09-08", "2026-09-08 12:00", 5) == []


NTH = st.lists(
    st.sampled_from(["first", "second", "third", "fourth", "fifth", "last"]), min_size=1, max_size=3, unique=True
)
WORDS = st.one_of(
    st.builds(lambda nth, day: f"{' and '.join(nth)} {day}", NTH, st.sampled_from(recurrence.WEEKDAYS)),
    st.sampled_from(recurrence.WEEKDAYS).map("every {}".format),
    st.dates(date(2026, 1, 1), date(2028, 1, 1)).map(
        lambda day: f"every other {recurrence.WEEKDAYS[day.weekday()]} from {day}"
    ),
    st.lists(st.dates(date(2026, 1, 1), date(2029, 1, 1)), min_size=1, max_size=5).map(
        lambda many: ", ".join(map(str, many))
    ),
    st.just("every day"),
)


@settings(deadline=None)
@given(WORDS.filter(lambda each: each != "every day"), st.integers(1, 30), st.booleans(), calendars(), INSTANTS)
def test_so_many_school_days_from_a_day_is_a_school_day_so_many_school_days_from_it(
    words: str, by: int, after: bool, calendar: Calendar, since: datetime
) -> None:
    rule = recurrence.parse(f"{by} school days {'after' if after else 'before'} {words}")
    today = calendar.today(since)
    for day, held_on in islice(recurrence.planned(rule, calendar, today), 4):
        if held_on is None:  # beyond the summer
            counted = calendar.school_days_after(day, by) if after else calendar.school_days_before(day, by)
            between = range(abs((counted - day).days))
            assert any(calendar.in_summer(min(day, counted) + timedelta(days=n)) for n in between)
            continue
        assert calendar.is_school_day(held_on)
        assert (held_on > day) is after
        if after:
            assert calendar.school_days_between(day, held_on) == by
        else:
            assert calendar.school_days_between(held_on, day) - calendar.is_school_day(day) + 1 == by


@settings(deadline=None)
@given(WORDS, calendars(), INSTANTS)
def test_meetings_come_in_order_on_open_days_of_their_week_or_month(
    words: str, calendar: Calendar, after: datetime
) -> None:
    rule = recurrence.parse(words)
    found = list(islice(recurrence.occurrences(rule, START, calendar, after), 6))
    assert all(each > after for each in found)
    assert all(one < other for one, other in pairwise(found))
    for instant in found:
        assert calendar.is_message_day(calendar.today(instant), urgent=isinstance(rule, Listed))
    for day, held_on in islice(recurrence.planned(rule, calendar, calendar.today(after)), 6):
        first, last = rule.period(day)
        assert held_on is None or first <= held_on <= last
    if not isinstance(rule, Listed):
        assert len(found) == 6


# ---------------------------------------------------------------------------------------------------------- venues


def _routine(name: str, rule: str, *teams: str, log_review: bool = False) -> Routine:
    return Routine(name, rule, START, 60, tuple(TeamId(each) for each in teams), log_review=log_review)


ROUTINES = (
    _routine("dit-monthly", "second Tuesday", "dit", log_review=True),
    _routine("dit-extra", "2026-09-24", "dit"),
    _routine("sup-check-in", "first Thursday"),
    _routine("slt-monthly", "third Wednesday", "slt-maple", "slt-oak"),
    _routine("old", "2026-01-05", "cabinet"),
)
DISTRICT: Directory = district(routines=ROUTINES, calendar=CALENDAR.facts)
AFTER = detroit("2026-09-14 09:00")


@pytest.mark.parametrize(
    ("venue", "school_id", "then"),
    [
        pytest.param("dit", None, "2026-09-24 08:30", id="a team: the soonest of its routines"),
        pytest.param("slt", OAK, "2026-09-16 08:30", id="the leadership team of the school"),
        pytest.param("slt", None, None, id="of no school: none"),
        pytest.param("sup_check_in", None, "2026-10-01 08:30", id="a routine by its name"),
        pytest.param("cabinet", None, None, id="its dates are past"),
        pytest.param("if_call", None, None, id="no routine is entered"),
    ],
)
def test_when_a_venue_meets_next(venue: str, school_id: SchoolId | None, then: str | None) -> None:
    found = recurrence.next_at_venue(venue, school_id, DISTRICT, CALENDAR, AFTER)
    assert found == (detroit(then) if then else None)


def test_the_dit_is_the_team_of_the_default_venue() -> None:
    assert recurrence.next_dit(DISTRICT, CALENDAR, AFTER) == detroit("2026-09-24 08:30")


def test_the_next_log_review() -> None:
    assert recurrence.next_log_review(DISTRICT, CALENDAR, AFTER) == detroit("2026-10-13 08:30")


def test_a_school_without_a_team_meets_nowhere() -> None:
    bare = district(routines=ROUTINES, schools={OAK: School(OAK, "Oak Ridge Middle School")})
    assert recurrence.next_at_venue("slt", OAK, bare, CALENDAR, AFTER) is None


def test_teams_are_found_by_their_id_not_by_their_name() -> None:
    renamed = district(routines=ROUTINES, teams={TeamId("dit"): Team(TeamId("dit"), "Barrier Removal Team")})
    assert recurrence.next_at_venue("dit", None, renamed, CALENDAR, AFTER) == detroit("2026-09-24 08:30")
