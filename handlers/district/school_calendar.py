"""Reads a school calendar, as a district publishes it: iCalendar (RFC 5545), or YAML as in the district's file.

Everything wrong is named by its line. What is not about whole days of the whole district is named, and left out.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import Calendar as ICalendar

from handlers.district import parsing, reader
from handlers.district.calendar_words import (
    AROUND_HOLIDAYS,
    BREAKS,
    FOR_SOME,
    HOLIDAYS,
    NOT_MEANT,
    PERHAPS,
    SAYS,
    TURNS,
    Sort,
)
from handlers.district.notes import DistrictFileError, Finding, Mistake
from scheduling.calendar import DAY, LONGEST_CLOSURE, LONGEST_SUMMER

LOOKS_AHEAD: Final = timedelta(days=731)  # of what recurs without an end
MOST_TIMES: Final = 800  # of one event that recurs: more than the school days of four years
SHORTEST_SUMMER: Final = timedelta(days=13)
LONGEST_NAME: Final = 60  # characters of what a closure is called
YEARS: Final = range(2000, 2101)
"""What a school calendar can be of: anything else is a slip of whoever wrote it, or of their program."""


class Span(NamedTuple):
    """Days from the first to the last, and what the calendar calls them."""

    first: date
    last: date
    name: str
    line: int

    def days(self) -> Iterator[date]:
        return (self.first + DAY * n for n in range((self.last - self.first).days + 1))


@dataclass(frozen=True, slots=True)
class SchoolCalendar:
    """What a calendar says of whole days of the whole district."""

    days: Mapping[Sort, tuple[Span, ...]]
    left_out: tuple[Finding, ...] = ()

    def of(self, sort: Sort) -> tuple[Span, ...]:
        return self.days.get(sort, ())

    @property
    def covers(self) -> tuple[date, date] | None:
        """From the first day that it says something of to the last: of these days it is the one that counts. None where
        it says nothing."""
        spans = [each for sort, spans in self.days.items() if sort is not Sort.SUMMER for each in spans]
        return (min(each.first for each in spans), max(each.last for each in spans)) if spans else None


def read(text: str, zone: ZoneInfo, today: date) -> SchoolCalendar:
    """Raises DistrictFileError with every mistake."""
    text = text.removeprefix("\ufeff")
    if text.lstrip()[:15].upper() == "BEGIN:VCALENDAR":
        return _Reading(zone, today).read(text)
    return _of_yaml(text)


# ------------------------------------------------------------------------------------------------------------- YAML


def _of_yaml(text: str) -> SchoolCalendar:
    document, mistakes = reader.read(text)
    if not document.data:
        raise DistrictFileError(
            tuple(mistakes)
            or (Mistake(1, 'This is no calendar: it begins with BEGIN:VCALENDAR, or has fields such as "closed:"'),)
        )
    entry, wrong, unknown = parsing.calendar_alone(document)
    if mistakes or wrong:
        raise DistrictFileError(tuple(sorted({*mistakes, *wrong})))
    path: reader.Path = ("calendar",) if "calendar" in document.data else ()
    days: dict[Sort, tuple[Span, ...]] = {}

    def one(day: date, *where: str | int) -> Span:
        return Span(day, day, "", document.line((*path, *where)))

    days[Sort.CLOSED] = tuple(
        Span(each.first, each.last, each.name or "Closed", document.line((*path, "closed", n)))
        for n, each in enumerate(entry.closed)
    )
    days[Sort.HALF] = tuple(one(day, "half_days", n) for n, day in enumerate(entry.half_days))
    days[Sort.FIRST] = (one(entry.first_student_day, "first_student_day"),) if entry.first_student_day else ()
    days[Sort.LAST] = (one(entry.last_student_day, "last_student_day"),) if entry.last_student_day else ()
    if entry.summer:
        days[Sort.SUMMER] = (Span(entry.summer.first, entry.summer.last, "", document.line((*path, "summer"))),)
    _sound(days)
    left = tuple(
        Finding(document.line(each), f"{document.called(each)}: Clearway does not know it") for each in unknown
    )
    return SchoolCalendar({sort: spans for sort, spans in days.items() if spans}, left)


# -------------------------------------------------------------------------------------------------------- iCalendar


@dataclass(slots=True)
class _Event:
    """One VEVENT, with the line on which each of its properties stands."""

    line: int
    lines: dict[str, int] = field(default_factory=dict)

    def at(self, name: str) -> int:
        return self.lines.get(name, self.line)


@dataclass(slots=True)
class _Reading:
    zone: ZoneInfo
    today: date
    mistakes: list[Mistake] = field(default_factory=list)
    left: list[Finding] = field(default_factory=list)
    days: dict[Sort, list[Span]] = field(default_factory=lambda: defaultdict(list))

    def read(self, text: str) -> SchoolCalendar:
        marked, events = self._marked(text)
        self._stop()
        try:
            calendar: Any = ICalendar.from_ical(marked)
        except ValueError as error:
            raise DistrictFileError((Mistake(1, f"This cannot be read as a calendar: {error}"),)) from error
        found = [(events[int(each[MARK])], each) for each in calendar.walk("VEVENT")]
        changed: dict[str, set[date]] = defaultdict(set)  # by UID: the times that have an entry of their own
        for _, each in found:
            if "RECURRENCE-ID" in each and not isinstance(each["RECURRENCE-ID"], list):
                changed[str(each.get("UID"))].add(self._day(each["RECURRENCE-ID"].dt, whole=self._is_whole(each)))
        for where, each in found:
            self._event(where, each, set() if "RECURRENCE-ID" in each else changed[str(each.get("UID"))])
        self._stop()
        one_year = self._one_year()
        days = {sort: tuple(sorted(set(spans))) for sort, spans in one_year.items() if spans}
        _sound(days)
        return SchoolCalendar(days, tuple(sorted(self.left)))

    def _stop(self) -> None:
        if self.mistakes:
            raise DistrictFileError(tuple(sorted(set(self.mistakes))))

    def _marked(self, text: str) -> tuple[str, dict[int, _Event]]:
        """The text with the line of each event inside it, and where its properties stand."""
        lines, events = [], {}
        inside: list[tuple[str, int]] = []
        event: _Event | None = None
        for n, written in enumerate(text.split("\n"), 1):
            line = written.rstrip("\r")
            if line.upper().startswith(MARK):
                continue
            lines.append(line)
            name, _, value = line.partition(":")
            name = name.partition(";")[0].strip().upper()
            if line[:1] in {" ", "\t"} or not line.strip():
                continue
            if name == "BEGIN":
                inside.append((value.strip().upper(), n))
                if inside[-1][0] == "VEVENT":
                    event = events[n] = _Event(n)
                    lines.append(f"{MARK}:{n}")
            elif name == "END":
                if not inside or inside[-1][0] != value.strip().upper():
                    self.mistakes.append(
                        Mistake(n, f"{line.strip()}: nothing of that name was begun, or something in it is not ended")
                    )
                    return "", {}
                inside.pop()
                event = event if any(each == "VEVENT" for each, _ in inside) else None
            elif event is not None and inside[-1][0] == "VEVENT":
                event.lines.setdefault(name, n)
        if inside:
            self.mistakes.append(
                Mistake(inside[-1][1], f"BEGIN:{inside[-1][0]} is never ended: the file may be cut off")
            )
        return "\r\n".join(lines), events

    def _event(self, where: _Event, event: Any, changed: set[date]) -> None:
        title = " ".join(str(event.get("SUMMARY") or "").split())
        if str(event.get("STATUS") or "").upper() == "CANCELLED":
            return
        sorts, why = sort_of(title, _categories(event.get("CATEGORIES")))
        if str(event.get("STATUS") or "").upper() == "TENTATIVE" and sorts:
            sorts, why = (), "it is tentative"
        if not sorts:
            self._leave(where, title, why)
            return
        wrong = [name for name, _ in event.errors if name in DATED]
        for name in wrong:
            self.mistakes.append(
                Mistake(where.at(name), f"{named(title)}: {name} cannot be understood: {_value(event, name)}")
            )
        if wrong:
            return
        if twice := [each for each in ONCE if isinstance(event.get(each), list)]:
            self.mistakes.append(Mistake(where.line, f"{named(title)} has {twice[0]} more than once"))
            return
        if "DTSTART" not in event:
            self.mistakes.append(Mistake(where.line, f"{named(title)} has no day: DTSTART is missing"))
            return
        far = [name for name, each in _named_dates(event) if each.year not in YEARS]
        for name in far:
            self.mistakes.append(
                Mistake(where.at(name), f"{named(title)}: {name} is of a year that no school calendar is of")
            )
        if far:
            return
        start, end = self._span(event)
        if end < start:
            self.mistakes.append(Mistake(where.at("DTEND"), f"{named(title)} ends before it begins"))
            return
        starts = self._starts(where, event, title, changed)
        for sort in sorts:
            if sort is Sort.CLOSED and start == end and _only_turns(title):
                self._leave(
                    where,
                    title,
                    "it says when a break turns, and not which days it has: make it one event of all its days",
                )
                continue
            if sort is Sort.SUMMER and end - start < SHORTEST_SUMMER:
                self._leave(where, title, "it does not say from when to when the summer is")
                continue
            self.days[sort] += [Span(day, day + (end - start), title[:LONGEST_NAME], where.line) for day in starts]

    def _leave(self, where: _Event, title: str, why: str) -> None:
        self.left.append(Finding(where.line, f"{named(title)}: {why}"))

    def _span(self, event: Any) -> tuple[date, date]:
        """The first day and the last: the end of an event is not part of it."""
        begins = event["DTSTART"].dt
        until = event["DTEND"].dt if "DTEND" in event else None
        if until is None and "DURATION" in event:
            until = begins + event["DURATION"].dt
        if not isinstance(begins, datetime):
            until = self._wall(until).date() if until is not None else begins + DAY
            return begins, until if until <= begins else until - DAY
        until = until if until is not None else begins
        if not isinstance(until, datetime):
            until = datetime.combine(until, time(), begins.tzinfo)
        if all(_is_midnight_utc(each) for each in (begins, until)) and until > begins:
            return begins.date(), until.date() - DAY  # whole days, as some programs write them
        first, last = self._wall(begins), self._wall(until)
        if last > first and last.time() == time():
            last -= timedelta(microseconds=1)
        return first.date(), last.date()

    def _is_whole(self, event: Any) -> bool:
        """Whether it is of whole days, which are written as midnights of UTC."""
        begins = event["DTSTART"].dt if "DTSTART" in event and not isinstance(event["DTSTART"], list) else None
        if not isinstance(begins, datetime) or not _is_midnight_utc(begins) or isinstance(event.get("DTEND"), list):
            return False
        until = (
            event["DTEND"].dt if "DTEND" in event else begins + event["DURATION"].dt if "DURATION" in event else None
        )
        return isinstance(until, datetime) and _is_midnight_utc(until) and until > begins

    def _day(self, instant: date, *, whole: bool) -> date:
        """The day that is meant. `whole`: of an event of whole days, where a midnight of UTC is that day everywhere."""
        if whole and isinstance(instant, datetime) and _is_midnight_utc(instant):
            return instant.date()
        return self._wall(instant).date()

    def _wall(self, instant: date) -> datetime:
        """What clocks in the district show then; a day is its midnight, a time without a zone is the district's."""
        if not isinstance(instant, datetime):
            return datetime.combine(instant, time())
        return (instant.astimezone(self.zone) if instant.tzinfo else instant).replace(tzinfo=None)

    def _starts(self, where: _Event, event: Any, title: str, changed: set[date]) -> list[date]:
        """The first day of each time that it comes up."""
        first, _ = self._span(event)
        whole = self._is_whole(event)
        more = {self._day(each, whole=whole) for each in _dates(event.get("RDATE"))}
        without = {self._day(each, whole=whole) for each in _dates(event.get("EXDATE"))} | changed
        days = {first, *more}
        if rule := event.get("RRULE"):
            days |= set(self._recurs(where, rule, title, first, whole=whole))
        return sorted(days - without)

    def _recurs(self, where: _Event, rule: Any, title: str, first: date, *, whole: bool) -> list[date]:
        parts = {name: list(values) for name, values in rule.items()}
        if (
            str(parts.get("FREQ", [""])[0]).upper() not in {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
            or parts.keys() & CLOCK
        ):
            self.mistakes.append(Mistake(where.at("RRULE"), f"{named(title)} recurs within a day: that is no day off"))
            return []
        if any(each < 1 for each in parts.get("INTERVAL", ())):  # such a rule never comes to its second day
            self.mistakes.append(Mistake(where.at("RRULE"), f"{named(title)}: INTERVAL of RRULE is 1 or more"))
            return []
        until = parts.pop("UNTIL", [None])[0]
        text = ";".join(f"{name}={','.join(map(_plain, values))}" for name, values in parts.items())
        latest = datetime.combine(max(self.today, first) + LOOKS_AHEAD, time())
        if until is not None:
            latest = min(latest, datetime.combine(self._day(until, whole=whole), time()))
        ends = "" if "COUNT" in parts else f";UNTIL={latest:%Y%m%dT%H%M%S}"
        try:
            times = rrulestr(text + ends, dtstart=datetime.combine(first, time()))
            return [each.date() for each in islice(times, MOST_TIMES) if each <= latest]
        except (ValueError, TypeError, OverflowError):
            self.mistakes.append(Mistake(where.at("RRULE"), f"{named(title)}: RRULE cannot be understood: {text}"))
            return []

    def _one_year(self) -> dict[Sort, list[Span]]:
        """Where there are the first or last days of several years: those of the year that is on, or comes next."""
        lasts = sorted(self.days[Sort.LAST])
        last = next((each for each in lasts if each.last >= self.today), lasts[-1] if lasts else None)
        firsts = [each for each in sorted(self.days[Sort.FIRST]) if last is None or each.first < last.last]
        if last is not None:
            firsts = [each for each in firsts if last.last - each.first <= LONGEST_CLOSURE]
        first = firsts[0] if firsts else None
        summers = sorted(self.days[Sort.SUMMER])
        summer = next((each for each in summers if each.last >= self.today), None)
        kept = {Sort.FIRST: first, Sort.LAST: last, Sort.SUMMER: summer}
        for sort, one in kept.items():
            for each in self.days[sort]:
                if each != one and (one is None or each.first != one.first):
                    self.left.append(Finding(each.line, f"{named(each.name)}, {each.first}: of another school year"))
        return dict(self.days) | {sort: [one] if one else [] for sort, one in kept.items()}


MARK: Final = "X-CLEARWAY-LINE"
DATED: Final = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
ONCE: Final = ("DTSTART", "DTEND", "DURATION", "RRULE", "RECURRENCE-ID")
CLOCK: Final = frozenset({"BYHOUR", "BYMINUTE", "BYSECOND"})


def _categories(listed: Any) -> list[str]:
    lists = listed if isinstance(listed, list) else [listed]
    return [str(each) for some in lists for each in getattr(some, "cats", ())]


def _value(event: Any, name: str) -> str:
    value = event.get(name)
    return str(value) if value is not None else "it is empty"


def _plain(value: Any) -> str:
    return str(value.to_ical().decode()) if hasattr(value, "to_ical") else str(value)


def _dates(listed: Any) -> list[date]:
    lists = listed if isinstance(listed, list) else [listed] if listed is not None else []
    found = [each.dt for some in lists for each in getattr(some, "dts", ())]
    return [each[0] if isinstance(each, tuple) else each for each in found]


def _named_dates(event: Any) -> Iterator[tuple[str, date]]:
    for name in ("DTSTART", "DTEND", "RECURRENCE-ID"):
        if name in event:
            yield name, event[name].dt
    for name in ("RDATE", "EXDATE"):
        yield from ((name, each) for each in _dates(event.get(name)))


def _is_midnight_utc(instant: datetime) -> bool:
    return instant.utcoffset() == timedelta() and instant.time() == time()


def _sound(days: Mapping[Sort, Sequence[Span]]) -> None:
    """Raises DistrictFileError for what no calendar can mean."""
    mistakes = []
    for sort, spans in days.items():
        longest = LONGEST_SUMMER if sort is Sort.SUMMER else LONGEST_CLOSURE
        for each in spans:
            if each.last < each.first:
                mistakes.append(
                    Mistake(each.line, f"{named(each.name)} ends ({each.last}) before it begins ({each.first})")
                )
            elif each.last - each.first > longest:
                mistakes.append(Mistake(each.line, f"{named(each.name)} is longer than {longest.days} days"))
    for first in days.get(Sort.FIRST, ()):
        for last in days.get(Sort.LAST, ()):
            if last.first <= first.first:
                mistakes.append(Mistake(last.line, f"the year ends ({last.first}) before it begins ({first.first})"))
    if mistakes:
        raise DistrictFileError(tuple(sorted(set(mistakes))))


# ------------------------------------------------------------------------------------------------- what a title says


def named(title: str) -> str:
    """How a note names an event."""
    return f"“{title[:80]}”" if title else "an event without a title"


NOT_KNOWN: Final = "nothing in it says that a day is off, half or the first or last one"
ONLY_SOME: Final = "it is not for the whole district"
NOT_SURE: Final = "it is not sure to be"


def sort_of(title: str, categories: Sequence[str] = ()) -> tuple[tuple[Sort, ...], str]:
    """What the days of an event are, by the words of its title, else of its categories; or why it is left out."""
    sorts, why = _by_words(title)
    if why == NOT_KNOWN and categories:
        sorts, said = _by_words(" ; ".join(categories))
        why = why if said else ""
    return sorts, why


def _by_words(title: str) -> tuple[tuple[Sort, ...], str]:
    plain = _spoken(title)
    for each in NOT_MEANT:
        plain = plain.replace(f" {each} ", " ")
    found = [sort for sort, words in SAYS.items() if _has(plain, words)]
    turns = not TURNS.isdisjoint(plain.split())
    if turns:  # "the last day of school before winter break"
        found = [each for each in found if each not in {Sort.FIRST, Sort.LAST} or not _around(plain)]
    if _has(plain, BREAKS) or _is_holiday(plain):
        found.append(Sort.CLOSED)
    if not found:
        return (), NOT_KNOWN
    if _has(plain, FOR_SOME):
        return (), ONLY_SOME
    if _has(plain, PERHAPS):
        return (), NOT_SURE
    ends = [each for each in found if each in {Sort.FIRST, Sort.LAST}]
    rest = next((each for each in found if each in {Sort.SUMMER, Sort.HALF, Sort.STAFF, Sort.CLOSED}), None)
    if ends and rest is not Sort.HALF:  # "last day of school, no school after it": the day itself has school
        rest = None
    return (*ends, *((rest,) if rest else ())), ""


def _around(plain: str) -> bool:
    return bool({"before", "after", "again", "back", "antes", "despues"} & set(plain.split()))


def _only_turns(title: str) -> bool:
    plain = _spoken(title)
    return not TURNS.isdisjoint(plain.split()) and not _has(plain, SAYS[Sort.CLOSED]) and not _is_holiday(plain)


def _is_holiday(plain: str) -> bool:
    return " ".join(each for each in plain.split() if each not in AROUND_HOLIDAYS) in HOLIDAYS


def _has(plain: str, words: Sequence[str]) -> bool:
    return any(f" {each} " in plain for each in words)


def _spoken(title: str) -> str:
    """In small letters, without accents and punctuation, between blanks."""
    bare = "".join(each for each in unicodedata.normalize("NFKD", title) if not unicodedata.combining(each))
    words = re.sub(r"[^\w½]+", " ", re.sub(r"['’`´]", "", bare.casefold())).replace("_", " ")
    return f" {' '.join(words.split())} "
