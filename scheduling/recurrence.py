"""When meetings recur: rules in the words of the district's file, and the days they fall on.

A meeting is never held on a closed day: it moves to the next school day of the same week or month, else to the last
one before; where there is none it falls away. There are no meetings in summer but those whose dates are listed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import count, islice
from types import MappingProxyType
from typing import Final

from scheduling.calendar import DAY, Calendar
from storage.directory import Directory, Routine, Team
from storage.vocabulary import RoutineKind, SchoolId, TeamId

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LAST: Final = -1
SCHOOL_TEAM: Final = "slt"
"""The venue that is another team for each school: its leadership team."""
NTH: Final[Mapping[str, int]] = MappingProxyType(
    {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": LAST}
    | {"1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5}
)
FALL_TOGETHER: Final = timedelta(days=60)
"""Longer than any closure: so far apart days may be from which one school day is counted."""
EXAMPLES: Final = (
    'write it like "second Tuesday", "first and third Thursday", "last Friday", "every Monday", '
    '"every other Wednesday from 2026-09-09", "every day", a list of dates: "2026-09-08, 2026-10-13", or so many school '
    'days from any of these: "3 school days after second Tuesday", "5 school days before 2027-06-30"'
)


@dataclass(frozen=True, slots=True)
class Monthly:
    """On the first, second, … or last such weekday of every month that has one."""

    nth: tuple[int, ...]
    weekday: int

    def days(self, since: date) -> Iterator[date]:
        for month in count(since.year * 12 + since.month - 1):
            first, last = _month(date(month // 12, month % 12 + 1, 1))
            days = [first + DAY * n for n in range((last - first).days + 1)]
            such = [day for day in days if day.weekday() == self.weekday]
            chosen = {such[-1] if n == LAST else such[n - 1] for n in self.nth if n <= len(such)}
            yield from sorted(day for day in chosen if day >= since)

    def period(self, day: date) -> tuple[date, date]:
        return _month(day)


@dataclass(frozen=True, slots=True)
class Weekly:
    """On one weekday, every week or every other week, from a date on if there is one."""

    weekday: int
    every: int = 1
    first: date | None = None

    def days(self, since: date) -> Iterator[date]:
        if self.first and self.first > since:
            since = self.first
        since += DAY * ((self.weekday - since.weekday()) % 7)
        weeks_in = (since - self.first).days // 7 if self.first else 0
        since += timedelta(weeks=-weeks_in % self.every)
        return (since + timedelta(weeks=self.every * n) for n in count())

    def period(self, day: date) -> tuple[date, date]:
        monday = day - DAY * day.weekday()
        return monday, monday + DAY * 6


@dataclass(frozen=True, slots=True)
class Daily:
    """On every school day."""

    def days(self, since: date) -> Iterator[date]:
        return (since + DAY * n for n in count())

    def period(self, day: date) -> tuple[date, date]:
        return day, day


@dataclass(frozen=True, slots=True)
class Listed:
    """On these dates, in order."""

    dates: tuple[date, ...]

    def days(self, since: date) -> Iterator[date]:
        return (day for day in self.dates if day >= since)

    def period(self, day: date) -> tuple[date, date]:
        return _month(day)


@dataclass(frozen=True, slots=True)
class Shifted:
    """So many school days after each day of another rule, or before it where `by` is below zero."""

    by: int
    of: Monthly | Weekly | Listed

    def days(self, since: date) -> Iterator[date]:
        return self.of.days(since)

    def period(self, day: date) -> tuple[date, date]:
        return self.of.period(day)

    def counted(self, day: date, calendar: Calendar) -> date | None:
        """So many school days from that day, closed days not counted; None where that is beyond the summer, unless that
        very day is listed."""
        count = calendar.school_days_after if self.by > 0 else calendar.school_days_before
        found = count(day, abs(self.by))
        first, last = min(day, found), max(day, found)
        listed = isinstance(self.of, Listed)
        beyond = not listed and any(calendar.in_summer(first + DAY * n) for n in range((last - first).days))
        return None if beyond else found


Rule = Monthly | Weekly | Daily | Listed | Shifted


# ------------------------------------------------------------------------------------------------ the rule, in words


@lru_cache(maxsize=1024)
def parse(words: str) -> Rule:
    """The rule that the words say. ValueError, with a sentence that names the cure, when they say none."""
    said = re.sub(r"^(on )?(the )?", "", " ".join(words.lower().split()))
    said = re.sub(r"^every (two|2) weeks (on )?", "every other ", said)
    if re.fullmatch(r"daily|every (school )?day", said):
        return Daily()
    if re.fullmatch(r"[\d\-, ]+", said):
        return Listed(tuple(sorted({_date(each, words) for each in re.split(r"[, ]+", said.strip(" ,"))})))
    if weekly := re.fullmatch(rf"every (other )?({'|'.join(WEEKDAYS)})(?: from (\S+))?", said):
        return _weekly(words, bool(weekly[1]), weekly[2], weekly[3])
    if shifted := re.fullmatch(r"(\d{1,2}) school days? (after|before) (?:each )?(.+)", said):
        return _shifted(words, int(shifted[1]), shifted[2], shifted[3])
    nth = "|".join(NTH)
    of_month = r"(?: of (?:the|each|every) month)?"
    if monthly := re.fullmatch(rf"((?:{nth})(?:(?:,| and|, and) (?:{nth}))*) ({'|'.join(WEEKDAYS)}){of_month}", said):
        which = re.findall(nth, monthly[1])
        return Monthly(tuple(NTH[each] for each in which), WEEKDAYS.index(monthly[2]))
    raise ValueError(f'"{words}" is not a rule that Clearway knows: {EXAMPLES}')


def _shifted(words: str, by: int, which: str, of: str) -> Shifted:
    anchor = parse(of)
    if by == 0 or isinstance(anchor, Daily | Shifted):
        raise ValueError(f'"{words}" does not say from which days it counts: {EXAMPLES}')
    return Shifted(by if which == "after" else -by, anchor)


def _weekly(words: str, other: bool, weekday: str, since: str | None) -> Weekly:
    first = _date(since, words) if since else None
    if other and first is None:
        raise ValueError(f'"{words}" does not say in which week it begins: add "from" and the date of the first one')
    if first and first.weekday() != WEEKDAYS.index(weekday):
        falls_on = WEEKDAYS[first.weekday()].capitalize()
        raise ValueError(f'"{words}": {first} is a {falls_on}; give the date of a {weekday.capitalize()}')
    return Weekly(WEEKDAYS.index(weekday), 2 if other else 1, first)


def _date(said: str, words: str) -> date:
    if re.fullmatch(r"20\d\d-\d\d-\d\d", said):
        try:
            return date.fromisoformat(said)
        except ValueError:
            pass
    raise ValueError(f'"{words}": {said} is not a date; write year, month and day, such as 2026-09-08')


# -------------------------------------------------------------------------------------------------- when it comes up


def planned(rule: Rule, calendar: Calendar, since: date) -> Iterator[tuple[date, date | None]]:
    """Each day that the rule names, and the day on which it is held: another where that is closed, None where none is.

    From the week or month of `since` on, in order; without end unless the dates are listed. Of what is so many school
    days from another day, that other day is named.
    """
    if isinstance(rule, Shifted):
        yield from _counted(rule, calendar, since)
        return
    begins, _ = rule.period(since)
    for day in rule.days(begins):
        if isinstance(rule, Listed) or not calendar.in_summer(day):
            yield day, _held_on(day, rule, calendar)


def _counted(rule: Shifted, calendar: Calendar, since: date) -> Iterator[tuple[date, date | None]]:
    """Days that are closed one after the other count to the same day, on which there is one meeting for all of them."""
    begins = calendar.school_days_before(since, rule.by) if rule.by > 0 else since
    before = None
    for day in rule.days(begins - FALL_TOGETHER):
        if isinstance(rule.of, Listed) or not calendar.in_summer(day):
            held_on = rule.counted(day, calendar)
            if day >= begins and (held_on is None or held_on != before):
                yield day, held_on
            before = held_on


def _held_on(day: date, rule: Rule, calendar: Calendar) -> date | None:
    if calendar.is_message_day(day, urgent=isinstance(rule, Listed)):  # a listed date holds in summer, too
        return day
    first, last = rule.period(day)
    later, earlier = calendar.next_school_day(day), calendar.school_days_before(day, 1)
    return later if later <= last else earlier if earlier >= first else None


def occurrences(rule: Rule, start: time, calendar: Calendar, after: datetime) -> Iterator[datetime]:
    """When it begins, each time after `after`, in order; without end unless the dates are listed."""
    latest = after
    for _, day in planned(rule, calendar, calendar.today(after)):
        if day and (instant := calendar.at(day, start)) > latest:
            yield (latest := instant)


def next_occurrence(routine: Routine, calendar: Calendar, after: datetime) -> datetime | None:
    """When the routine comes up next, after `after`; None when its dates are past."""
    return next(occurrences(parse(routine.rule), routine.start, calendar, after), None)


def next_at_venue(
    venue: str, school_id: SchoolId | None, directory: Directory, calendar: Calendar, after: datetime
) -> datetime | None:
    """When a venue of the process meets next: the routine of that team ("slt": of the school's), or of that name.

    None when the district has entered no routine for it.
    """
    return _soonest(
        _routines_at(venue, school_id, directory), directory, calendar, after, _team_id(venue, school_id, directory)
    )


def _routines_at(venue: str, school_id: SchoolId | None, directory: Directory) -> list[Routine]:
    team = _team_id(venue, school_id, directory)
    met = [each for each in directory.routines if each.kind is not RoutineKind.REMINDER]  # of which nobody meets
    of_team = [each for each in met if team in each.team_ids]
    return of_team or [each for each in met if each.id == venue.replace("_", "-")]


def team_of(venue: str, school_id: SchoolId | None, directory: Directory) -> Team | None:
    """The team at a venue of the process ("slt": the school's leadership team); None where no team has it."""
    team_id = _team_id(venue, school_id, directory)
    return directory.teams.get(team_id) if team_id else None


def _team_id(venue: str, school_id: SchoolId | None, directory: Directory) -> TeamId | None:
    school = directory.schools.get(school_id) if school_id else None
    return (school.team_id if school else None) if venue == SCHOOL_TEAM else TeamId(venue)


def next_dit(directory: Directory, calendar: Calendar, after: datetime) -> datetime | None:
    """When the team at the default venue of the process meets next: the DIT, whatever the district calls it."""
    venue = directory.in_force.process.venue_rules.default
    return next_at_venue(venue, None, directory, calendar, after)


def next_log_review(directory: Directory, calendar: Calendar, after: datetime) -> datetime | None:
    """When the log is reviewed next."""
    return _soonest([each for each in directory.routines if each.log_review], directory, calendar, after)


def _soonest(
    routines: list[Routine], directory: Directory, calendar: Calendar, after: datetime, team_id: TeamId | None = None
) -> datetime | None:
    """When one of these comes up next, with what was moved or cancelled; of a team, or of the first that each names."""
    found: list[datetime] = []
    for each in routines:
        own = each.team_ids[0] if each.team_ids else TeamId("")
        moved = directory.moved.get((each.id, team_id if team_id in each.team_ids else own), {})
        found += [at for day in moved.values() if day and (at := calendar.at(day, each.start)) > after]
        rule = parse(each.rule)
        by_rule = (
            calendar.at(day, each.start)
            for planned_on, day in planned(rule, calendar, calendar.today(after))
            if day and planned_on not in moved
        )
        found += islice((at for at in by_rule if at > after), 1)
    return min(found, default=None)


def _month(day: date) -> tuple[date, date]:
    first = day.replace(day=1)
    return first, (first + DAY * 31).replace(day=1) - DAY
