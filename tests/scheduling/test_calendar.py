"""School days and message hours: tables from a real-looking year, and what holds for any calendar, zone and number."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.calendar import Calendar
from storage.directory import CalendarFacts, Person
from storage.process import NIGHT_FROM, NIGHT_UNTIL
from storage.vocabulary import PersonId
from tests.builders import PROCESS, district
from tests.scheduling.calendars import CALENDAR, DAYS, INSTANTS, MINUTES, PEOPLE, calendars, detroit

N = st.integers(0, 60)


def somebody(**own: object) -> Person:
    return replace(Person(PersonId("p"), "Somebody"), **own)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------------------ days


@pytest.mark.parametrize(
    ("day", "is_one"),
    [
        pytest.param("2026-09-03", True, id="a Thursday"),
        pytest.param("2026-09-05", False, id="a Saturday"),
        pytest.param("2026-09-07", False, id="Labor Day"),
        pytest.param("2026-10-23", True, id="a half day"),
        pytest.param("2026-12-30", False, id="in the winter break"),
        pytest.param("2027-06-11", True, id="the last student day"),
        pytest.param("2027-07-06", False, id="in summer"),
        pytest.param("2027-08-23", True, id="after the summer, when the next year is not entered yet"),
        pytest.param("2026-07-06", False, id="in the summer before, which is not stated"),
        pytest.param("2028-07-06", False, id="in a summer that is not stated yet"),
        pytest.param("2026-05-20", True, id="in the year before, which is not stated"),
    ],
)
def test_school_days(day: str, is_one: bool) -> None:
    assert CALENDAR.is_school_day(date.fromisoformat(day)) is is_one


@pytest.mark.parametrize(
    ("last_day", "day", "is_one"),
    [
        pytest.param("2027-06-11", "2027-06-14", True, id="no summer is stated: the work goes on"),
        pytest.param(None, "2027-06-14", True, id="nothing is stated"),
    ],
)
def test_without_a_summer_every_weekday_counts(last_day: str | None, day: str, is_one: bool) -> None:
    facts = CalendarFacts(last_day=date.fromisoformat(last_day) if last_day else None)
    assert Calendar.made_of("UTC", facts, CALENDAR.hours).is_school_day(date.fromisoformat(day)) is is_one


def test_the_days_between_the_last_student_day_and_the_stated_summer_belong_to_it() -> None:
    early = replace(CALENDAR.facts, last_day=date(2027, 6, 4))
    assert not Calendar.made_of("America/Detroit", early, CALENDAR.hours).is_school_day(date(2027, 6, 8))


def test_a_school_year_that_begins_in_august_is_no_summer() -> None:
    early = replace(CALENDAR.facts, first_day=date(2026, 8, 10))
    assert Calendar.made_of("America/Detroit", early, CALENDAR.hours).is_school_day(date(2026, 8, 12))


@pytest.mark.parametrize(
    ("day", "n", "then"),
    [
        pytest.param("2026-09-03", 0, "2026-09-03", id="the day itself"),
        pytest.param("2026-09-05", 0, "2026-09-08", id="none on a Saturday, and Monday is Labor Day"),
        pytest.param("2026-09-03", 1, "2026-09-08", id="over a long weekend"),
        pytest.param("2026-09-05", 1, "2026-09-08", id="the first after a Saturday"),
        pytest.param("2026-12-14", 10, "2027-01-11", id="ten school days over the winter break"),
        pytest.param("2027-06-11", 1, "2027-08-23", id="over the summer"),
    ],
)
def test_school_days_after(day: str, n: int, then: str) -> None:
    assert CALENDAR.school_days_after(date.fromisoformat(day), n) == date.fromisoformat(then)


@pytest.mark.parametrize(
    ("day", "n", "then"),
    [
        pytest.param("2026-09-08", 0, "2026-09-08", id="the day itself"),
        pytest.param("2026-09-07", 0, "2026-09-03", id="on Labor Day, the Thursday before"),
        pytest.param("2026-09-08", 1, "2026-09-03", id="over a long weekend"),
        pytest.param("2027-01-04", 2, "2026-12-17", id="over the winter break"),
    ],
)
def test_school_days_before(day: str, n: int, then: str) -> None:
    assert CALENDAR.school_days_before(date.fromisoformat(day), n) == date.fromisoformat(then)


@settings(deadline=None)
@given(calendars(), DAYS, N)
def test_what_comes_out_is_a_school_day(calendar: Calendar, day: date, n: int) -> None:
    after, before = calendar.school_days_after(day, n), calendar.school_days_before(day, n)
    assert calendar.is_school_day(after)
    assert calendar.is_school_day(before)
    assert before <= day <= after


@settings(deadline=None)
@given(calendars(), DAYS, DAYS, N)
def test_later_days_and_more_days_come_out_no_earlier(calendar: Calendar, one: date, other: date, n: int) -> None:
    day, later = sorted((one, other))
    assert calendar.school_days_after(day, n) <= calendar.school_days_after(later, n)
    assert calendar.school_days_after(later, n) <= calendar.school_days_after(later, n + 1)


@settings(deadline=None)
@given(calendars(), DAYS, st.integers(1, 60))
def test_counting_undoes_adding(calendar: Calendar, day: date, n: int) -> None:
    after = calendar.school_days_after(day, n)
    assert calendar.school_days_between(day, after) == n
    assert calendar.school_days_between(after, day) == -n
    assert calendar.school_days_between(day, day) == 0
    start = calendar.school_days_after(day, 0)
    assert calendar.school_days_before(calendar.school_days_after(start, n), n) == start


# -------------------------------------------------------------------------------------------------------- instants


@pytest.mark.parametrize(
    ("asked", "school_days", "due"),
    [
        pytest.param("2026-09-11 15:00", 1, "2026-09-14 07:30", id="Friday afternoon, then Monday"),
        pytest.param("2026-11-24 09:00", 1, "2026-11-30 07:30", id="over Thanksgiving"),
        pytest.param("2026-10-30 09:00", 1, "2026-11-02 07:30", id="over the change of clocks in autumn"),
        pytest.param("2027-03-12 09:00", 1, "2027-03-15 07:30", id="over the change of clocks in spring"),
        pytest.param("2026-09-14 23:30", 1, "2026-09-15 07:30", id="late, when it is tomorrow in UTC"),
        pytest.param("2026-09-14 09:00", 0, "2026-09-14 07:30", id="today, though it is past"),
    ],
)
def test_the_next_school_morning(asked: str, school_days: int, due: str) -> None:
    assert CALENDAR.morning_after(detroit(asked), school_days) == detroit(due)


@pytest.mark.parametrize(
    ("day", "closes"),
    [
        pytest.param("2026-10-22", "2026-10-22 16:30", id="a whole day"),
        pytest.param("2026-10-23", "2026-10-23 12:00", id="a half day"),
    ],
)
def test_the_end_of_a_day(day: str, closes: str) -> None:
    assert CALENDAR.end_of(date.fromisoformat(day)) == detroit(closes)


@pytest.mark.parametrize(
    ("day", "clock", "instant"),
    [
        pytest.param("2027-03-14", "02:30", "2027-03-14T07:30Z", id="does not exist: 03:30"),
        pytest.param("2026-11-01", "01:30", "2026-11-01T08:30Z", id="exists twice: 03:30"),
        pytest.param("2026-09-14", "01:00", "2026-09-14T07:30Z", id="any other night, too"),
        pytest.param("2026-09-14", "00:15", "2026-09-14T04:15Z", id="shortly after midnight it is safe"),
        pytest.param("2026-11-01", "08:00", "2026-11-01T13:00Z", id="the morning after the change"),
    ],
)
def test_wall_clock_times_in_the_night(day: str, clock: str, instant: str) -> None:
    assert CALENDAR.at(date.fromisoformat(day), time.fromisoformat(clock)) == datetime.fromisoformat(instant)


@settings(deadline=None)
@given(calendars(), DAYS, MINUTES)
def test_nothing_is_ever_scheduled_while_clocks_change(calendar: Calendar, day: date, clock: time) -> None:
    instant = calendar.at(day, clock)
    assert instant.tzinfo is UTC
    assert not NIGHT_FROM <= instant.astimezone(calendar.zone).time() < NIGHT_UNTIL


# -------------------------------------------------------------------------------------- when a person may be messaged


@pytest.mark.parametrize(
    ("now", "then"),
    [
        pytest.param("2026-09-14 10:00", "2026-09-14 10:00", id="within hours, now"),
        pytest.param("2026-09-14 07:30", "2026-09-14 07:30", id="when they open, now"),
        pytest.param("2026-09-14 06:00", "2026-09-14 07:30", id="early, when they open"),
        pytest.param("2026-09-14 16:30", "2026-09-15 07:30", id="when they close, tomorrow"),
        pytest.param("2026-09-11 20:00", "2026-09-14 07:30", id="Friday night, Monday"),
        pytest.param("2026-10-23 12:00", "2026-10-26 07:30", id="a half day closes at noon"),
        pytest.param("2026-10-30 20:00", "2026-11-02 07:30", id="over the change of clocks in autumn"),
        pytest.param("2027-03-12 20:00", "2027-03-15 07:30", id="over the change of clocks in spring"),
        pytest.param("2026-12-18 20:00", "2027-01-04 07:30", id="over the winter break"),
        pytest.param("2027-06-21 10:00", "2027-08-23 07:30", id="in summer, not before it ends"),
    ],
)
def test_message_time(now: str, then: str) -> None:
    assert CALENDAR.message_time(detroit(now), None) == detroit(then)
    assert CALENDAR.is_quiet(detroit(now), None) is (now != then)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        pytest.param("2027-06-21 10:00", "2027-06-21 10:00", id="on a weekday of the summer, now"),
        pytest.param("2027-06-19 10:00", "2027-06-21 07:30", id="not on its Saturdays"),
        pytest.param("2027-06-21 20:00", "2027-06-22 07:30", id="not at night"),
        pytest.param("2026-12-22 10:00", "2027-01-04 07:30", id="not on closed days"),
    ],
)
def test_high_urgency_reaches_people_in_summer(now: str, then: str) -> None:
    assert CALENDAR.message_time(detroit(now), None, urgent=True) == detroit(then)


@pytest.mark.parametrize(
    ("person", "now", "then"),
    [
        pytest.param(somebody(message_from=time(9)), "2026-09-14 08:00", "2026-09-14 09:00", id="later mornings"),
        pytest.param(somebody(message_to=time(14)), "2026-09-14 15:00", "2026-09-15 07:30", id="earlier ends"),
        pytest.param(somebody(message_from=time(5)), "2026-09-14 06:00", "2026-09-14 07:30", id="never wider"),
        pytest.param(
            somebody(timezone="America/Chicago"), "2026-09-14 07:45", "2026-09-14 08:30", id="an hour to the west"
        ),
        pytest.param(
            somebody(timezone="America/Los_Angeles"),
            "2026-10-30 20:00",
            "2026-11-02 10:30",
            id="their zone changes, too",
        ),
        pytest.param(somebody(timezone="Asia/Tokyo"), "2026-09-14 10:00", "2026-09-14 10:00", id="too far: ours"),
        pytest.param(
            somebody(timezone="Nowhere/Land"), "2026-09-14 10:00", "2026-09-14 10:00", id="no such zone: ours"
        ),
        pytest.param(
            somebody(message_from=time(18), message_to=time(20)),
            "2026-09-14 10:00",
            "2026-09-14 10:00",
            id="never: ours",
        ),
        pytest.param(
            somebody(message_from=time(13)), "2026-10-23 08:00", "2026-10-26 13:00", id="afternoons, not on a half day"
        ),
    ],
)
def test_a_persons_own_hours_narrow_the_districts(person: Person, now: str, then: str) -> None:
    assert CALENDAR.message_time(detroit(now), person) == detroit(then)


@pytest.mark.parametrize(
    ("person", "now", "then"),
    [
        pytest.param(None, "2026-09-14 07:00", "2026-09-14 07:45", id="this morning"),
        pytest.param(None, "2026-09-14 07:45", "2026-09-14 07:45", id="at this very moment"),
        pytest.param(None, "2026-09-14 07:46", "2026-09-15 07:45", id="it has gone: tomorrow"),
        pytest.param(None, "2026-10-30 12:00", "2026-11-02 07:45", id="over the change of clocks"),
        pytest.param(somebody(message_from=time(9)), "2026-09-14 07:00", "2026-09-14 09:00", id="not before they open"),
        pytest.param(
            somebody(timezone="America/Chicago"),
            "2026-09-14 07:00",
            "2026-09-14 08:45",
            id="by the clock of their zone",
        ),
    ],
)
def test_digest_time(person: Person | None, now: str, then: str) -> None:
    assert CALENDAR.digest_time(detroit(now), person) == detroit(then)


@settings(deadline=None)
@given(calendars(), INSTANTS, PEOPLE, st.booleans())
def test_nobody_is_messaged_in_quiet_hours(
    calendar: Calendar, now: datetime, person: Person | None, urgent: bool
) -> None:
    then = calendar.message_time(now, person, urgent)
    day = calendar.today(then)
    assert then >= now
    assert calendar.message_time(then, person, urgent) == then
    assert not calendar.is_quiet(then, person, urgent)
    assert calendar.is_message_day(day, urgent=urgent)
    assert calendar.morning_of(day) <= then < calendar.end_of(day)
    assert not NIGHT_FROM <= then.astimezone(calendar.zone).time() < NIGHT_UNTIL


@settings(deadline=None)
@given(calendars(), INSTANTS, PEOPLE)
def test_the_digest_comes_within_hours_once_a_day(calendar: Calendar, now: datetime, person: Person | None) -> None:
    first = calendar.digest_time(now, person)
    second = calendar.digest_time(first + timedelta(microseconds=1), person)
    assert first >= now
    assert not calendar.is_quiet(first, person)
    assert calendar.digest_time(first, person) == first
    assert calendar.today(second) > calendar.today(first)


@settings(deadline=None)
@given(INSTANTS)
def test_high_urgency_never_waits_longer(now: datetime) -> None:
    assert CALENDAR.message_time(now, None, urgent=True) <= CALENDAR.message_time(now, None)


def test_a_closure_without_end_is_cut() -> None:
    closed = replace(CALENDAR.facts.closures[0], to_on=date(2099, 12, 31))
    calendar = Calendar.made_of("America/Detroit", replace(CALENDAR.facts, closures=(closed,)), CALENDAR.hours)
    assert calendar.next_school_day(date(2026, 9, 10)) == date(2027, 9, 6)


def test_the_same_facts_make_the_same_calendar_and_others_another() -> None:
    summery = district(calendar=CALENDAR.facts)
    later = PROCESS.model_copy(update={"message_hours": PROCESS.message_hours.model_copy(update={"opens": time(9)})})
    assert Calendar.of(summery) is Calendar.of(district(calendar=CALENDAR.facts))
    assert Calendar.of(summery) is not Calendar.of(district())
    assert Calendar.of(district(process=later)).hours.opens == time(9)
    assert Calendar.of(summery).zone == ZoneInfo("America/Detroit")
