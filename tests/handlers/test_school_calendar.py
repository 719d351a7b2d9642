"""School calendars as districts publish them: what their words say, which days they mean, what is wrong, by its line."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.district.calendar_words import Sort
from handlers.district.notes import DistrictFileError
from handlers.district.school_calendar import SchoolCalendar, read, sort_of

DETROIT = ZoneInfo("America/Detroit")
TODAY = date(2026, 8, 1)
CLOSED, STAFF, HALF, FIRST, LAST, SUMMER = Sort

WORDS = {
    "No School": {CLOSED},
    "NO SCHOOL - Labor Day": {CLOSED},
    "Schools Closed (MLK Day)": {CLOSED},
    "Labor Day": {CLOSED},
    "Martin Luther King, Jr. Day": {CLOSED},
    "New Year's Day (observed)": {CLOSED},
    "Day after Thanksgiving": {CLOSED},
    "Winter Break": {CLOSED},
    "Mid-Winter Recess": {CLOSED},
    "Spring Break – No School": {CLOSED},
    "Día festivo: no hay clases": {CLOSED},
    "Vacaciones de Otoño": {CLOSED},
    "No School: Teacher Workday": {STAFF},
    "No School for Students (PD)": {STAFF},
    "Staff Professional Development Day": {STAFF},
    "Records Day - No Students": {STAFF},
    "Early Release": {HALF},
    "1/2 Day – No school in the afternoon": {HALF},
    "½ day": {HALF},
    "Half Day: Professional Development": {HALF},
    "Salida temprana": {HALF},
    "First Day of School": {FIRST},
    "First day for students": {FIRST},
    "Last Day of School (half day)": {LAST, HALF},
    "Último día de clases": {LAST},
    "Summer Break": {SUMMER},
    # left out
    "Board Meeting": set(),
    "No School Board Meeting": set(),
    "Veterans Day": set(),
    "Presidents' Day": set(),
    "Christmas Concert": set(),
    "Thanksgiving Food Drive": set(),
    "Holiday Party": set(),
    "Homework help: lunch break club": set(),
    "Breakfast with the principal": set(),
    "No School - Kindergarten only": set(),
    "Half day for grades 9–12": set(),
    "Pre-K: no school": set(),
    "Snow make-up day, no school if not needed": set(),
    "No school (tentative)": set(),
    "Last day of school before winter recess ends": {CLOSED},
    "First day of school after the break": set(),
    "First Day of Spring": set(),
    "End of first quarter": set(),
    "Parent-Teacher Conferences": set(),
    "": set(),
}


@pytest.mark.parametrize(("title", "sorts"), [pytest.param(*each, id=each[0] or "nothing") for each in WORDS.items()])
def test_what_a_title_says(title: str, sorts: set[Sort]) -> None:
    found, why = sort_of(title)
    assert set(found) == sorts
    assert bool(why) is not bool(sorts)


def test_its_category_says_it_where_the_title_does_not() -> None:
    assert sort_of("Founders", ["No School"]) == ((CLOSED,), "")
    assert sort_of("Founders, kindergarten: no school", ["No School"])[0] == ()


def ics(*events: str) -> str:
    body = "\n".join(f"BEGIN:VEVENT\nUID:{n}\n{each}\nEND:VEVENT" for n, each in enumerate(events))
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{body}\nEND:VCALENDAR\n"


def of(*events: str, sort: Sort = CLOSED, today: date = TODAY) -> list[tuple[str, str]]:
    found = read(ics(*events), DETROIT, today)
    return [(str(each.first), str(each.last)) for each in found.of(sort)]


@pytest.mark.parametrize(
    ("event", "days"),
    [
        pytest.param("DTSTART;VALUE=DATE:20261126", ("2026-11-26", "2026-11-26"), id="a day without an end"),
        pytest.param("DTSTART;VALUE=DATE:20261126\nDTEND;VALUE=DATE:20261128", ("2026-11-26", "2026-11-27"),
                     id="the end is not part of it"),
        pytest.param("DTSTART;VALUE=DATE:20261126\nDTEND;VALUE=DATE:20261126", ("2026-11-26", "2026-11-26"),
                     id="an end that is its day"),
        pytest.param("DTSTART;VALUE=DATE:20261221\nDURATION:P12D", ("2026-12-21", "2027-01-01"), id="a duration"),
        pytest.param("DTSTART:20261126T000000\nDTEND:20261128T000000", ("2026-11-26", "2026-11-27"),
                     id="midnight to midnight, no zone"),
        pytest.param("DTSTART:20261126T000000Z\nDTEND:20261128T000000Z", ("2026-11-26", "2026-11-27"),
                     id="whole days written as Greenwich's"),
        pytest.param("DTSTART:20261126T050000Z\nDTEND:20261128T050000Z", ("2026-11-26", "2026-11-27"),
                     id="the district's midnight written in Greenwich's time"),
        pytest.param("DTSTART;TZID=America/Chicago:20261126T230000\nDTEND;TZID=America/Chicago:20261127T150000",
                     ("2026-11-27", "2026-11-27"), id="by the district's clock"),
        pytest.param("DTSTART;TZID=Eastern Standard Time:20261126T080000\nDURATION:PT7H", ("2026-11-26", "2026-11-26"),
                     id="a zone as Outlook calls it"),
    ],
)  # fmt: skip
def test_which_days_an_event_has(event: str, days: tuple[str, str]) -> None:
    assert of(f"{event}\nSUMMARY:No School") == [days]


def test_what_recurs_has_each_of_its_days_but_those_taken_out_moved_or_beyond_its_end() -> None:
    weekly = (
        "DTSTART;TZID=America/Detroit:20260909T130000\nDURATION:PT2H\nSUMMARY:Early Release\n"
        "RRULE:FREQ=WEEKLY;BYDAY=WE;UNTIL=20261008T035959Z\nEXDATE;TZID=America/Detroit:20260916T130000"
    )
    moved = (
        "DTSTART;TZID=America/Detroit:20260924T130000\nDURATION:PT2H\nSUMMARY:Early Release\n"
        "RECURRENCE-ID;TZID=America/Detroit:20260923T130000"
    )
    text = ics(weekly, moved).replace("UID:1", "UID:0")
    found = [str(each.first) for each in read(text, DETROIT, TODAY).of(HALF)]
    assert found == ["2026-09-09", "2026-09-24", "2026-09-30", "2026-10-07"]


def test_whole_days_written_as_greenwichs_are_those_days_in_every_property() -> None:
    whole = "DTEND:20261124T000000Z\nSUMMARY:Early Release\nRRULE:FREQ=WEEKLY;UNTIL=20261221T000000Z"
    first = f"DTSTART:20261123T000000Z\n{whole}\nEXDATE:20261130T000000Z"
    moved = "DTSTART:20261216T000000Z\nDTEND:20261217T000000Z\nSUMMARY:Early Release\nRECURRENCE-ID:20261214T000000Z"
    text = ics(first, moved).replace("UID:1", "UID:0")
    found = [str(each.first) for each in read(text, DETROIT, TODAY).of(HALF)]
    assert found == ["2026-11-23", "2026-12-07", "2026-12-16", "2026-12-21"]


def test_what_recurs_without_an_end_ends() -> None:
    found = of("DTSTART;VALUE=DATE:20260907\nSUMMARY:Labor Day\nRRULE:FREQ=YEARLY;BYMONTH=9;BYDAY=1MO")
    assert [first for first, _ in found] == ["2026-09-07", "2027-09-06", "2028-09-04"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("hello: world\n", "", id="no calendar"),
        pytest.param("just words", "line 1:", id="no calendar at all"),
        pytest.param(ics("SUMMARY:No School"), "line 4: “No School” has no day", id="no day"),
        pytest.param(ics("SUMMARY:No School\nDTSTART;VALUE=DATE:20261399"), "line 7: “No School”: DTSTART", id="no date"),
        pytest.param(ics("SUMMARY:No School\nDTSTART;VALUE=DATE:20261105\nDTEND;VALUE=DATE:20261101"),
                     "line 8: “No School” ends before it begins", id="backwards"),
        pytest.param(ics("SUMMARY:No School\nDTSTART;VALUE=DATE:20261105\nRRULE:FREQ=SOMETIMES"),
                     "line 8: “No School”: RRULE", id="no rule"),
        pytest.param(ics("SUMMARY:No School\nDTSTART:20261105T080000\nRRULE:FREQ=MINUTELY"),
                     "line 8: “No School” recurs within a day", id="every minute"),
        pytest.param(ics("SUMMARY:No School\nDTSTART;VALUE=DATE:20260905\nRRULE:FREQ=DAILY;INTERVAL=0;BYMONTH=2"),
                     "line 8: “No School”: INTERVAL", id="a rule that stands still"),
        pytest.param(ics("SUMMARY:No School\nDTSTART;VALUE=DATE:99991231"),
                     "line 7: “No School”: DTSTART is of a year", id="the end of time"),
        pytest.param(ics("SUMMARY:Half day\nDTSTART;VALUE=DATE:20261105\nDTEND;VALUE=DATE:21001105"),
                     "line 4: “Half day” is longer than 366 days", id="a half day for decades"),
        pytest.param(ics("SUMMARY:No School\nDTSTART;VALUE=DATE:20261105\nDTEND;VALUE=DATE:20281105"),
                     "line 4: “No School” is longer than 366 days", id="too long"),
        pytest.param(ics("SUMMARY:First day of school\nDTSTART;VALUE=DATE:20270901", "SUMMARY:Last day of school\n"
                         "DTSTART;VALUE=DATE:20270611").replace("20270901", "20270615"), "", id="years of their own"),
        pytest.param(ics("SUMMARY:No School\nDTSTART;VALUE=DATE:20261105").replace("END:VEVENT\n", ""),
                     "line 8: END:VCALENDAR", id="cut off"),
        pytest.param("closed:\n  - {name: Snow, from: 2026-11-05, to: 2026-11-04}\n", "line 2: “Snow” ends", id="yaml"),
        pytest.param("closd: []\nhalf_days: [2026-13-01]\n", "line 1: closd: Clearway does not know", id="yaml, a slip"),
    ],
)  # fmt: skip
def test_every_mistake_is_named_by_its_line(text: str, says: str) -> None:
    if says:
        with pytest.raises(DistrictFileError) as told:
            read(text, DETROIT, TODAY)
        assert any(str(each).startswith(says) for each in told.value.mistakes)
    else:
        assert read(text, DETROIT, TODAY).covers is None or text.startswith("BEGIN")


def test_all_mistakes_are_named_at_once() -> None:
    text = ics("SUMMARY:No School\nDTSTART;VALUE=DATE:20261399", "SUMMARY:No School")
    with pytest.raises(DistrictFileError) as told:
        read(text, DETROIT, TODAY)
    assert [each.line for each in told.value.mistakes] == [7, 9]


def test_the_year_that_is_on_counts_where_there_are_two() -> None:
    ends = [
        f"SUMMARY:{day} day of school\nDTSTART;VALUE=DATE:{when}"
        for day, when in (("Last", "20260612"), ("First", "20260831"), ("Last", "20270611"), ("First", "20270830"))
    ]
    found = read(ics(*ends), DETROIT, date(2026, 10, 6))
    assert [str(each.first) for each in (*found.of(FIRST), *found.of(LAST))] == ["2026-08-31", "2027-06-11"]
    assert len(found.left_out) == 2


def test_a_cancelled_event_is_none_and_a_tentative_one_is_left_out() -> None:
    gone = "SUMMARY:No School\nDTSTART;VALUE=DATE:20261105\nSTATUS:CANCELLED"
    perhaps = "SUMMARY:No School\nDTSTART;VALUE=DATE:20261106\nSTATUS:TENTATIVE"
    found = read(ics(gone, perhaps), DETROIT, TODAY)
    assert found.days == {}
    assert [each.line for each in found.left_out] == [10]


def test_a_break_that_only_begins_is_left_out_with_the_cure() -> None:
    found = read(ics("SUMMARY:Spring Break begins\nDTSTART;VALUE=DATE:20270319"), DETROIT, TODAY)
    assert found.days == {}
    assert "make it one event of all its days" in str(found.left_out[0])


def test_yaml_says_the_same_as_the_section_of_the_district_file() -> None:
    inside = (
        "closed:\n  - {name: Winter break, from: 2026-12-21, to: 2027-01-01}\nhalf_days: [2026-10-23]\n"
        "first_student_day: 2026-08-31\nlast_student_day: 2027-06-11\nsummer: {from: 2027-06-14, to: 2027-08-20}\n"
    )
    section = "calendar:\n" + "".join(f"  {line}\n" for line in inside.splitlines())

    def plain(found: SchoolCalendar) -> dict[Sort, list[tuple[date, date, str]]]:
        return {sort: [each[:3] for each in spans] for sort, spans in found.days.items()}

    found = read(inside, DETROIT, TODAY)
    assert plain(found) == plain(read(section, DETROIT, TODAY))
    assert found.covers == (date(2026, 8, 31), date(2027, 6, 11))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.dates(date(2026, 1, 1), date(2028, 1, 1)), st.integers(1, 20)), min_size=1, max_size=6),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_another_library_writes_is_read_to_the_same_days(spans: list[tuple[date, int]], newline: str) -> None:
    calendar = icalendar.Calendar()
    for n, (first, days) in enumerate(spans):
        event = icalendar.Event()
        event.add("uid", str(n))
        event.add("summary", "Winter Break, for all of the district and whoever else works here; no school " * 2)
        event.add("dtstart", first)
        event.add("dtend", first + timedelta(days=days))
        calendar.add_component(event)
    text = calendar.to_ical().decode().replace("\r\n", newline)
    found = {(each.first, each.last) for each in read(text, DETROIT, TODAY).of(CLOSED)}
    assert found == {(first, first + timedelta(days=days - 1)) for first, days in spans}


def test_a_time_is_a_day_by_the_clock_of_the_district() -> None:
    late = datetime(2026, 11, 5, 3, tzinfo=ZoneInfo("UTC"))  # the evening before, in Detroit
    text = f"DTSTART:{late:%Y%m%dT%H%M%SZ}\nDURATION:PT1H\nSUMMARY:Early dismissal"
    assert of(text, sort=HALF) == [("2026-11-04", "2026-11-04")]
