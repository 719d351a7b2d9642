"""Takes a district's school calendar in: what it would change is shown before, and changed in one act.

Of the days that it covers, from today on, the calendar counts; but what somebody has said in chat stays closed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from handlers import closures
from handlers.cards import names
from handlers.cards.text import Voice
from handlers.district import school_calendar
from handlers.district.calendar_words import Sort
from handlers.district.notes import DistrictFileError, Finding, Mistake
from handlers.district.plan import mark_of_calendar
from handlers.district.school_calendar import SchoolCalendar
from scheduling.calendar import DAY, LONGEST_CLOSURE, Calendar
from storage import occurrences, people
from storage.database import Database
from storage.directory import Directory, Routine
from storage.models import Occurrence
from storage.people import APPLIED, SAID
from storage.sealing import Seal
from storage.store import Came, Store
from storage.vocabulary import DistrictId, Door, Kind

Section = dict[str, Any]
"""The `calendar` of a district's file."""


class Days(NamedTuple):
    """From a day to a day, and what it is called."""

    first: date
    last: date
    name: str = ""


class Moved(NamedTuple):
    """A meeting that moves: its name, when it was, and when it is; None where no day is left for it."""

    name: str
    was: datetime
    to: datetime | None


class Due(NamedTuple):
    """What is due of a challenge on a day that is closed now, and when it is due instead."""

    number: int
    was: date
    to: date


@dataclass(frozen=True, slots=True)
class Change:
    """What a school calendar changes, or would change."""

    name: str
    zone: ZoneInfo
    covers: tuple[date, date]
    closed: Sequence[Days] = ()
    opened: Sequence[Days] = ()
    half: Sequence[date] = ()
    whole: Sequence[date] = ()
    """No half days any more."""
    dates: Mapping[str, tuple[str, str]] | None = None
    """The fields of the calendar with one value ("first_student_day"): before and after."""
    staff: Sequence[Days] = ()
    """Students have no school, staff are at work: these stay days for messages and meetings."""
    moved: Sequence[Moved] = ()
    due: Sequence[Due] = ()
    offered: Sequence[Moved] = ()
    """Meetings whose old day is open again: whoever leads them may move them back there."""
    left_out: Sequence[Finding] = ()

    @property
    def any(self) -> bool:
        return bool(self.closed or self.opened or self.half or self.whole or self.dates)


class _OnlyLookedError(Exception):
    """Nothing is kept of what was tried."""


async def take(
    database: Database, seal: Seal, district_id: DistrictId, text: str, *, now: datetime, apply: bool
) -> Change:
    """What this calendar changes, in one transaction; without `apply` it is all done, looked at, and rolled back.

    Raises DistrictFileError with every mistake, and storage.people.UnknownDistrictError.
    """
    async with database.district(district_id, write=False) as connection:
        directory, _ = await people.load_directory(connection, district_id)
    calendar = Calendar.of(directory)  # a file can take long to read: nobody who writes waits for it
    read = school_calendar.read(text, calendar.zone, calendar.today(now))
    found: list[Change] = []
    try:
        async with database.district(district_id) as connection:
            head = await people.revision_and_ledger(connection, district_id, lock=True)
            directory, sealed = await people.load_directory(connection, district_id)
            key = people.open_ledger_key(seal, sealed, district_id)
            store = Store(connection, directory, key, head.ledger, Came(Door.OPERATOR), seal)
            found.append(await _change(store, read, now))
            await store.flush(now)
            if not apply:
                raise _OnlyLookedError
    except _OnlyLookedError:
        pass
    return found[0]


async def _change(store: Store, read: school_calendar.SchoolCalendar, now: datetime) -> Change:
    directory, was = store.directory, Calendar.of(store.directory)
    today = was.today(now)
    if read.covers is None:
        raise DistrictFileError(
            (Mistake(1, f"No day off, half day, first or last day is in it. {_some(read.left_out)}"),)
        )
    before = await people.calendar_of(store.connection, store.district_id)
    after = merged(before, read, today)
    change = Change(
        directory.name,
        was.zone,
        read.covers,
        staff=[Days(each.first, each.last, each.name) for each in read.of(Sort.STAFF) if each.last >= today],
        left_out=read.left_out,
    )
    if after == before:
        return change
    await people.set_calendar(store.connection, store.district_id, after)
    await closures.take_effect(store, was, now)
    becomes = Calendar.of(store.directory)
    first, last = max(read.covers[0], today), read.covers[1]
    span = [first + DAY * n for n in range((last - first).days + 1)]
    closed = [each for each in span if was.is_school_day(each) and not becomes.is_school_day(each)]
    opened = [each for each in span if becomes.is_school_day(each) and not was.is_school_day(each)]
    half, whole = (_half_days(one) - _half_days(other) for one, other in ((after, before), (before, after)))
    store.record(
        None,
        Kind.CALENDAR_IMPORTED,
        by=None,
        at=now,
        data={
            name: [each.isoformat() for each in days]
            for name, days in (("covers", read.covers), ("closed", closed), ("opened", opened), ("half", sorted(half)))
        },
    )
    moved, due = await _moved(store), _due(store)
    offered = await closures.offer_back(store, was, None, now)
    return replace(
        change,
        closed=_grouped(closed, becomes),
        opened=_grouped(opened, was),
        half=sorted(half),
        whole=sorted(whole),
        dates=_dates(before, after),
        moved=moved,
        due=due,
        offered=[
            Moved(_name(store.directory, routine, row), row.starts_at, becomes.at(day, routine.start))
            for row, routine, day in offered
        ],
    )


def _some(left: Sequence[Finding]) -> str:
    return "; ".join(str(each) for each in left[:5])


# ------------------------------------------------------------------------------------------- the calendar that comes of it


def merged(before: Section, read: SchoolCalendar, today: date) -> Section:
    """The calendar with what was read, for the days from today on that this covers; the same where nothing changes.

    Where it names no day off at all, or no half day, those that are known stay.
    """
    assert read.covers is not None  # noqa: S101  # whoever calls has looked
    first, last = max(read.covers[0], today), read.covers[1]
    after = dict(before)
    if read.of(Sort.CLOSED):
        ours = list(before.get("closed") or ())
        new = [
            {"name": each.name, "from": max(each.first, first).isoformat(), "to": each.last.isoformat()}
            for each in read.of(Sort.CLOSED)
            if each.last >= first
        ]
        kept = [part for each in ours for part in ([each] if each.get(SAID) else _outside(each, first, last))]
        closed = sorted([*kept, *new], key=lambda each: (each["from"], each["to"]))
        if _closed_days(closed) != _closed_days(ours):
            after["closed"] = closed
    if read.of(Sort.HALF):
        half = {day for each in read.of(Sort.HALF) for day in each.days() if day.weekday() < 5 and day >= first}
        half |= {day for day in _half_days(before) if not first <= day <= last}
        half -= {day for day in _closed_days(after.get("closed") or ()) if day >= first}
        if half != _half_days(before):
            after["half_days"] = [day.isoformat() for day in sorted(half)]
    for sort, name in ((Sort.FIRST, "first_student_day"), (Sort.LAST, "last_student_day")):
        for each in read.of(sort):
            after[name] = each.first.isoformat()
    for each in read.of(Sort.SUMMER):
        after["summer"] = {**(before.get("summer") or {}), "from": each.first.isoformat(), "to": each.last.isoformat()}
    begins, ends = after.get("first_student_day"), after.get("last_student_day")
    if begins and ends and ends <= begins:  # of another year: it is not known any more
        after.pop("last_student_day" if read.of(Sort.FIRST) else "first_student_day")
    if after == before:
        return before
    over = (before.get(APPLIED) or {}).get("over") or mark_of_calendar(before)
    return {**after, APPLIED: {"over": over, "on": today.isoformat()}}


def _outside(entry: Mapping[str, Any], first: date, last: date) -> Iterable[Mapping[str, Any]]:
    """The parts of a closure before and after these days."""
    begins, ends = date.fromisoformat(entry["from"]), date.fromisoformat(entry["to"])
    if ends < first or begins > last:
        yield entry
        return
    if begins < first:
        yield {**entry, "to": (first - DAY).isoformat()}
    if ends > last:
        yield {**entry, "from": (last + DAY).isoformat()}


def _closed_days(closed: Iterable[Mapping[str, Any]]) -> set[date]:
    spans = ((date.fromisoformat(each["from"]), date.fromisoformat(each["to"])) for each in closed)
    days = (begins + DAY * n for begins, ends in spans for n in range(min(ends - begins, LONGEST_CLOSURE).days + 1))
    return {day for day in days if day.weekday() < 5}


def _half_days(section: Section) -> set[date]:
    return {date.fromisoformat(each) for each in section.get("half_days") or ()}


# ---------------------------------------------------------------------------------------------------- what is told of it


LINES: Final[Mapping[str, tuple[str, str]]] = {
    "closed": ("would be closed", "closed now"),
    "opened": ("would be open again", "open again"),
    "half": ("would be half days", "half days now"),
    "whole": ("would be half days no more", "half days no more"),
    "staff": ("without students, with staff: they stay days for messages and meetings",) * 2,
    "moved": ("meetings that would move", "meetings that moved; those who come hear of it"),
    "due": ("what is due would be due later", "what is due is due later; those concerned hear of it"),
    "offered": ("meetings that could be moved back", "meetings that whoever leads them may move back"),
}
"""What is told: before it is changed, and after."""


IN_A_LINE: Final = 6


def told(change: Change, *, applied: bool) -> Iterator[str]:
    """The change in words, for whoever runs Clearway: a line for each day and meeting."""
    first, last = change.covers
    yield f"{change.name}: what this calendar says from {_day(first)} to {_day(last)}."
    for each in change.left_out:
        yield f"left out: {each}"
    if not change.any:
        yield "Nothing to change: the calendar is so already."
        return
    for name, (was, becomes) in (change.dates or {}).items():
        yield f"{name}: {becomes} (before: {was})"
    for part, words in LINES.items():
        lines = [_line(each, change.zone) for each in getattr(change, part)]
        if part in {"half", "whole"}:  # many, and short
            lines = [", ".join(lines[n : n + IN_A_LINE]) for n in range(0, len(lines), IN_A_LINE)]
        if lines:
            yield f"{words[applied]}:"
            yield from (f"  {line}" for line in lines)


def _line(of: Days | Moved | Due | date, zone: ZoneInfo) -> str:
    match of:
        case Days(first, last, name):
            days = _day(first) if first == last else f"{_day(first)} to {_day(last)}"
            return f"{days} ({name})" if name else days
        case Moved(name, was, to):
            before = was.astimezone(zone)
            begins = to.astimezone(zone) if to else None
            after = f"{_day(begins)} {begins:%H:%M}" if begins else "cancelled, with a question for another date"
            return f"{name}: {_day(before)} {before:%H:%M} -> {after}"
        case Due(number, was, to):
            return f"challenge {number}: {_day(was)} -> {_day(to)}"
        case _:
            return _day(of)


def _day(day: date) -> str:
    return f"{day:%a %Y-%m-%d}"


def _grouped(days: Iterable[date], calendar: Calendar) -> list[Days]:
    """Days that follow each other, but for weekends, under the name that the calendar has for them."""
    found: list[Days] = []
    for day in days:
        name = next((each.name for each in calendar.facts.closures if each.from_on <= day <= each.to_on), "")
        if (
            found
            and found[-1].name == name
            and all((found[-1].last + DAY * n).weekday() >= 5 for n in range(1, (day - found[-1].last).days))
        ):
            found[-1] = found[-1]._replace(last=day)
        else:
            found.append(Days(day, day, name))
    return found


def _dates(before: Section, after: Section) -> dict[str, tuple[str, str]]:
    def said(section: Section, name: str) -> str:
        value = section.get(name)
        return f"{value['from']} to {value['to']}" if isinstance(value, dict) else str(value or "not known")

    names = ("first_student_day", "last_student_day", "summer")
    both = {name: (said(before, name), said(after, name)) for name in names}
    return {name: values for name, values in both.items() if values[0] != values[1]}


async def _moved(store: Store) -> list[Moved]:
    calendar, found = Calendar.of(store.directory), []
    for event in store.recorded:
        if event.kind not in {Kind.OCCURRENCE_MOVED, Kind.OCCURRENCE_CANCELLED}:
            continue
        row = await occurrences.occurrence(store.connection, store.district_id, event.data["occurrence"])
        routine = store.directory.routine(event.data["routine"])
        if row and routine:
            to = event.data.get("to")
            begins = calendar.at(date.fromisoformat(to), routine.start) if to else None
            found.append(Moved(_name(store.directory, routine, row), row.starts_at, begins))
    return sorted(found, key=lambda each: (each.was, each.name))


def _name(directory: Directory, routine: Routine, row: Occurrence) -> str:
    return names.routine(Voice(directory), routine, row.team_id)


def _due(store: Store) -> list[Due]:
    numbers = {case.id: case.number for case in store.touched}
    found = {
        Due(numbers[event.challenge_id], *(date.fromisoformat(each) for each in values))
        for event in store.recorded
        if event.kind is Kind.DATES_MOVED and event.challenge_id
        for changes in event.data["changes"].values()
        for name, values in changes.items()
        if name in {"decide_by", "due_on"}
    }
    return sorted(found)
