"""The time zone of a calendar, as RFC 5545 has it: the rule of each change of clocks, and not a list of all of them.

Some calendars read nothing else. The rules are those of the machine's own data, of the years that are asked for.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

HOUR: Final = timedelta(hours=1)
DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True, slots=True)
class Change:
    """One change of clocks: the instant, and the offsets before and after it."""

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def wall(self) -> datetime:
        """What clocks show when it comes: by the offset before it, as the standard wants it."""
        return (self.at + self.before).replace(tzinfo=None)

    @property
    def rule(self) -> tuple[int, str]:
        """In which month, and on which of its days: "2SU", or "-1SU" for the last."""
        day = self.wall
        last = day.day + 7 > monthrange(day.year, day.month)[1]
        return day.month, f"{-1 if last else (day.day - 1) // 7 + 1}{DAYS[day.weekday()]}"


def timezone(zone: ZoneInfo, year: int) -> Any | None:
    """The VTIMEZONE component, good from this year on; None where the changes of this year and the next follow no rule
    of a day in a month."""
    changes, following = _changes(zone, year), _changes(zone, year + 1)
    if [each.rule for each in changes] != [each.rule for each in following]:
        return None
    component: Any = Timezone()
    component.add("tzid", zone.key)
    if not changes:
        offset = datetime(year, 1, 1, tzinfo=zone).utcoffset() or timedelta()
        component.add_component(
            _part(TimezoneStandard(), zone, datetime(year, 1, 1, tzinfo=zone).replace(tzinfo=None), offset, offset)
        )
    for each in changes:
        is_summer = bool(each.at.astimezone(zone).dst())
        kind: Any = TimezoneDaylight() if is_summer else TimezoneStandard()
        part = _part(kind, zone, each.wall, each.before, each.after, at=each.at)
        month, day = each.rule
        part.add("rrule", {"freq": "yearly", "bymonth": month, "byday": day})
        component.add_component(part)
    return component


def _part(
    part: Any, zone: ZoneInfo, wall: datetime, before: timedelta, after: timedelta, *, at: datetime | None = None
) -> Any:
    part.add("dtstart", wall)
    part.add("tzoffsetfrom", before)
    part.add("tzoffsetto", after)
    part.add("tzname", (at or wall.replace(tzinfo=zone)).astimezone(zone).tzname() or zone.key)
    return part


@lru_cache(maxsize=256)  # calendars ask again and again
def _changes(zone: ZoneInfo, year: int) -> tuple[Change, ...]:
    """Of one year, to the hour: no zone that is in use changes at another."""
    at, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    before = at.astimezone(zone).utcoffset() or timedelta()
    found: list[Change] = []
    while at < end:
        after = at.astimezone(zone).utcoffset() or timedelta()
        if after != before:
            found.append(Change(at, before, after))
            before = after
        at += HOUR
    return tuple(found)
