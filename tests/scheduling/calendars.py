"""The calendar of the practice district, and any other that hypothesis can think of."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from handlers.district import EXAMPLE
from handlers.district.check import check
from handlers.district.check_facts import calendar_of
from scheduling.calendar import Calendar
from storage.directory import CalendarFacts, Closure, Person, Summer
from storage.process import Hours
from storage.vocabulary import PersonId

EXAMPLE_FILE = check(EXAMPLE.read_text("utf-8")).sound()
CALENDAR = calendar_of(EXAMPLE_FILE)
DETROIT = ZoneInfo("America/Detroit")

ZONES = (
    *("America/Detroit", "America/Chicago", "America/Los_Angeles", "America/Phoenix", "Pacific/Honolulu", "UTC"),
    *("America/Santiago", "America/Havana", "Africa/Cairo", "Asia/Beirut"),  # the clock jumps at midnight
    *("Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Kiritimati", "Europe/Helsinki", "America/Nuuk"),
)


def detroit(wall: str) -> datetime:
    """ "2026-11-02 07:30" in the district, as an instant."""
    return datetime.fromisoformat(wall).replace(tzinfo=DETROIT)


DAYS = st.dates(date(2026, 1, 1), date(2029, 12, 31))
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2029, 12, 31), timezones=st.just(ZoneInfo("UTC")))  # noqa: DTZ001  # the zone is given apart
MINUTES = st.builds(time, st.integers(0, 23), st.integers(0, 59))


def _span(first: date, days: int) -> tuple[date, date]:
    return first, date.fromordinal(first.toordinal() + days)


SPANS = st.builds(_span, DAYS, st.integers(0, 40))


@st.composite
def hours(draw: st.DrawFn) -> Hours:
    opens = draw(st.builds(time, st.integers(4, 14), st.integers(0, 59)))
    later = st.builds(time, st.integers(15, 23), st.integers(0, 59))
    return Hours(opens=opens, closes=draw(later), half_day_until=draw(later), digest_at=draw(MINUTES))


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    year = draw(st.none() | SPANS.map(lambda span: _span(span[0], 280)))
    summer = draw(st.none() | st.builds(_span, DAYS, st.integers(0, 400)))
    facts = CalendarFacts(
        first_day=year[0] if year else None,
        last_day=year[1] if year else None,
        closures=tuple(Closure("closed", *span) for span in draw(st.lists(SPANS, max_size=8))),
        half_days=draw(st.frozensets(DAYS, max_size=8)),
        summer=Summer(*summer) if summer else None,
    )
    return Calendar.made_of(draw(st.sampled_from(ZONES)), facts, draw(hours()))


PEOPLE = st.none() | st.builds(
    Person,
    id=st.just(PersonId("p")),
    name=st.just("Somebody"),
    timezone=st.none() | st.sampled_from(ZONES),
    message_from=st.none() | MINUTES,
    message_to=st.none() | MINUTES,
)
