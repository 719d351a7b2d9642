"""School days and message hours of one district, computed. It never reads the clock: `now` is an argument.

A school day is a weekday on which the district is not closed. Between the first and the last student day the summer
does not count; outside of them it does, and a summer stated for one year falls on the same dates in the years that
are not entered yet. So there is a next school day from every day, also when nobody has entered next year's calendar.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from storage.directory import CalendarFacts, Directory, Person, once
from storage.process import NIGHT_FROM, NIGHT_UNTIL, Hours

DAY: Final = timedelta(days=1)
LONGEST_CLOSURE: Final = timedelta(days=366)
LONGEST_SUMMER: Final = timedelta(days=120)
"""What is stated longer than these is cut, so that every search for a school day ends. The import refuses it."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The calendar of one district under the process in force. Days are dates in its zone, instants are UTC."""

    zone: ZoneInfo
    facts: CalendarFacts
    hours: Hours
    closed: frozenset[date]
    """Every day of every closure."""

    @staticmethod
    def of(directory: Directory) -> "Calendar":
        """The calendar of the directory; the same facts make the same calendar, computed once."""
        return _of(directory)

    @staticmethod
    @lru_cache(maxsize=512)
    def made_of(timezone: str, facts: CalendarFacts, hours: Hours) -> "Calendar":
        """From its parts; raises what ZoneInfo raises when there is no such zone."""
        closed = frozenset(
            closure.from_on + DAY * n
            for closure in facts.closures
            for n in range(min(closure.to_on - closure.from_on, LONGEST_CLOSURE).days + 1)
        )
        return Calendar(zone=ZoneInfo(timezone), facts=facts, hours=hours, closed=closed)

    # -- days --------------------------------------------------------------------------------------------------------

    def today(self, now: datetime) -> date:
        """The date at this instant in the district's zone."""
        return now.astimezone(self.zone).date()

    def is_school_day(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.closed and not self.in_summer(day)

    def is_half_day(self, day: date) -> bool:
        return day in self.facts.half_days

    def is_message_day(self, day: date, *, urgent: bool = False) -> bool:
        """A school day; for high urgency also a weekday of the summer on which the district is not closed."""
        return self.is_school_day(day) or (urgent and day.weekday() < 5 and day not in self.closed)

    def in_summer(self, day: date) -> bool:
        """Between two school years: from the day after the last student day to the end of the summer stated."""
        facts = self.facts
        if facts.summer is None or (facts.first_day and facts.last_day and facts.first_day <= day <= facts.last_day):
            return False
        begins, ends = facts.summer.from_on, facts.summer.to_on
        if facts.last_day:
            begins = min(begins, facts.last_day + DAY)
        begins = max(begins, ends - LONGEST_SUMMER)
        first, last, this = ((each.month, each.day) for each in (begins, ends, day))
        return first <= this <= last if first <= last else this >= first or this <= last

    def next_school_day(self, day: date) -> date:
        """The first school day after `day`."""
        day += DAY
        while not self.is_school_day(day):
            day += DAY
        return day

    def school_days_after(self, day: date, n: int) -> date:
        """The n-th school day after `day`. With 0, the day itself if it is a school day, else the next one."""
        if n == 0 and self.is_school_day(day):
            return day
        for _ in range(max(n, 1)):
            day = self.next_school_day(day)
        return day

    def school_days_before(self, day: date, n: int) -> date:
        """The n-th school day before `day`. With 0, the day itself if it is a school day, else the one before."""
        if n == 0 and self.is_school_day(day):
            return day
        for _ in range(max(n, 1)):
            day -= DAY
            while not self.is_school_day(day):
                day -= DAY
        return day

    def school_days_between(self, earlier: date, later: date) -> int:
        """How many school days follow `earlier`, up to and with `later`; negative where `later` comes first."""
        if later < earlier:
            return -self.school_days_between(later, earlier)
        days = (earlier + DAY * n for n in range(1, (later - earlier).days + 1))
        return sum(self.is_school_day(day) for day in days)

    # -- instants ----------------------------------------------------------------------------------------------------

    def at(self, day: date, clock: time) -> datetime:
        """The instant of a wall clock time in the district's zone; between 00:30 and 03:30 it is 03:30."""
        return _instant(day, clock, self.zone)

    def morning_of(self, day: date) -> datetime:
        """When message hours open that day, if it is one on which they do."""
        return self.at(day, self.hours.opens)

    def end_of(self, day: date) -> datetime:
        """When message hours close that day: earlier on a half day."""
        half = self.is_half_day(day)
        return self.at(day, min(self.hours.half_day_until, self.hours.closes) if half else self.hours.closes)

    def morning_after(self, now: datetime, school_days: int) -> datetime:
        """Opening time, `school_days` school days after `now`; with 0 that of today, which may be past.

        Days are counted in the district's zone, so a change of clocks moves the UTC instant
        and leaves the wall clock at the opening hour.
        """
        return self.morning_of(self.school_days_after(self.today(now), school_days))

    # -- when a person may be messaged -------------------------------------------------------------------------------

    def message_time(self, now: datetime, person: Person | None, urgent: bool = False) -> datetime:
        """`now` if the person may be messaged now, else when their hours open next."""
        for opens, closes in self._windows(now, person, urgent):
            if now < closes:
                return max(now, opens)
        raise AssertionError("The windows never end")

    def digest_time(self, now: datetime, person: Person | None) -> datetime:
        """When the person's next digest goes out: at the hour that they chose, else that of the process, in their zone
        and within their hours."""
        zone = zone_of(person.timezone if person else None, self.zone)
        hour = (person.digest_at if person else None) or self.hours.digest_at
        for opens, closes in self._windows(now, person, urgent=False):
            wanted = _instant(self.today(opens), hour, zone)
            at = wanted if opens <= wanted < closes else opens
            if at >= now:
                return at
        raise AssertionError("The windows never end")

    def is_quiet(self, now: datetime, person: Person | None, urgent: bool = False) -> bool:
        """Nobody may be messaged now, but in answer to their own act."""
        return self.message_time(now, person, urgent) > now

    def _windows(self, now: datetime, person: Person | None, urgent: bool) -> Iterator[tuple[datetime, datetime]]:
        """From today on, the hours of each day in which the person may be messaged: opening, and first instant after."""
        day = self.today(now)
        while True:
            if self.is_message_day(day, urgent=urgent):
                opens, closes = self._window(day, person)
                if opens < closes:
                    yield opens, closes
            day += DAY

    def _window(self, day: date, person: Person | None) -> tuple[datetime, datetime]:
        """The district's hours, narrowed by the person's own; the district's where the two never meet."""
        opens, closes = self.morning_of(day), self.end_of(day)
        if person is None or not (person.timezone or person.message_from or person.message_to):
            return opens, closes
        zone = zone_of(person.timezone, self.zone)
        own_opens = max(opens, _instant(day, person.message_from or self.hours.opens, zone))
        own_closes = min(self.at(day, self.hours.closes), _instant(day, person.message_to or self.hours.closes, zone))
        if own_opens >= own_closes:
            return opens, closes
        return own_opens, min(own_closes, closes)


@once
def _of(directory: Directory) -> Calendar:
    return Calendar.made_of(directory.timezone, directory.calendar, directory.in_force.process.message_hours)


def _instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    instant = datetime.combine(day, clock, zone).astimezone(UTC)
    # A time that the change of clocks leaves out comes back later; of one that happens twice this is the first.
    if NIGHT_FROM <= clock < NIGHT_UNTIL or NIGHT_FROM <= instant.astimezone(zone).time() < NIGHT_UNTIL:
        instant = datetime.combine(day, NIGHT_UNTIL, zone).astimezone(UTC)
    return instant


def zone_of(name: str | None, otherwise: ZoneInfo) -> ZoneInfo:
    """The zone of this name; what a platform's profile calls a zone need not be one."""
    try:
        return ZoneInfo(name) if name else otherwise
    except (ValueError, OSError, LookupError):
        return otherwise
