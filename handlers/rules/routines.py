"""What a routine asks for and when: its meetings planned, prepared, told of, and afterwards asked about (R-14 to R-16).

Whether a meeting took place is asked, never assumed. All of it is computed from dates; `now` is an argument.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import chain, takewhile
from typing import Final

from handlers.rules import presence
from scheduling import recurrence
from scheduling.calendar import DAY, Calendar
from storage.directory import COORDINATOR, SUPERINTENDENT, Directory, Person, Routine
from storage.vocabulary import OccurrenceStatus, PersonId, TeamId

AHEAD: Final = timedelta(days=60)
"""So far ahead meetings stand in the calendar of their people."""
SETTLES: Final = timedelta(minutes=15)
"""After its end, before anybody is asked whether it took place."""
LEAD: Final = {recurrence.Monthly: 5, recurrence.Listed: 5, recurrence.Weekly: 2}
"""School days before a meeting on which who leads it gets its agenda to look over (R-16: agenda call)."""
NOTICE: Final = timedelta(hours=2)
"""So long before it begins, at least, people hear that a meeting is moved to a day."""
ASKS: Final = 2
"""So often who leads it is asked whether it took place; then the coordinator is."""


class Duty(StrEnum):
    """What a meeting's date asks for."""

    PREPARE = "prepare"
    """Who leads it gets the agenda, while there is time to change it."""
    INVITE = "invite"
    """Everybody else gets it, the school day before."""
    ASK = "ask"
    """Did it take place?"""
    CLIMB = "climb"
    """Who leads it has not said: the coordinator is asked."""


@dataclass(frozen=True, slots=True)
class Due:
    at: datetime
    duty: Duty


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules look at in a meeting."""

    status: OccurrenceStatus
    day: date
    starts_at: datetime
    minutes: int
    invited: bool
    asks: int
    """How often somebody was asked whether it took place."""
    asked_at: datetime | None

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes)


def due(facts: Facts, rule: recurrence.Rule, calendar: Calendar, lead: Person | None) -> Due | None:
    """What comes next of a meeting, and when; None when nothing does."""
    match facts.status:
        case OccurrenceStatus.PLANNED:
            before = calendar.school_days_before(facts.day, LEAD.get(type(rule), 1))
            return Due(min(calendar.morning_of(before), facts.starts_at), Duty.PREPARE)
        case OccurrenceStatus.PREPARED if not facts.invited:
            before = calendar.school_days_before(facts.day, 1)
            return Due(min(calendar.morning_of(before), facts.starts_at), Duty.INVITE)
        case OccurrenceStatus.PREPARED if facts.asks == 0:
            return Due(calendar.message_time(facts.ends_at + SETTLES, lead), Duty.ASK)
        case OccurrenceStatus.PREPARED if facts.asks <= ASKS and facts.asked_at:
            duty = Duty.ASK if facts.asks < ASKS else Duty.CLIMB
            return Due(calendar.morning_after(facts.asked_at, 1), duty)
        case _:
            return None


@dataclass(frozen=True, slots=True)
class Planned:
    """One meeting that the rule names: the day that it names, and the day on which it is held, None where none is."""

    planned_on: date
    day: date | None


def plan(routine: Routine, calendar: Calendar, today: date, after: date | None) -> Iterator[Planned]:
    """The meetings to come that are not planned yet: those that the rule names after `after`, as far ahead as we plan."""
    rule = recurrence.parse(routine.rule)
    since = max(today, after + DAY) if after else today
    named = takewhile(lambda each: each[0] <= today + AHEAD, recurrence.planned(rule, calendar, since))
    for day, held_on in named:
        if day >= since and (held_on is None or held_on >= today):
            yield Planned(day, held_on)


def moved_to(routine: Routine, day: date, calendar: Calendar, earliest: datetime) -> date | None:
    """Where a meeting goes whose day is closed now: to the next school day of the week or month in which it stands, else
    to the last one before; None where none is left on which it begins at `earliest` or later (see `may_begin`)."""
    if calendar.is_message_day(day):
        return day
    first, last = recurrence.parse(routine.rule).period(day)
    later = (day + DAY * n for n in range(1, (last - day).days + 1))
    before = (day - DAY * n for n in range(1, (day - first).days + 1))
    others = (each for each in chain(later, before) if calendar.is_school_day(each))
    return next((each for each in others if calendar.at(each, routine.start) >= earliest), None)


def may_begin(people: Iterable[Person], calendar: Calendar, now: datetime) -> datetime:
    """The soonest at which a meeting may begin of whose move these people are told now: each has time to read it, and
    who has had too many messages that day has it with the next digest."""
    told = ((calendar.message_time(now, each) + NOTICE, calendar.digest_time(now, each)) for each in people)
    return max(chain.from_iterable(told), default=now + NOTICE)


def is_check_in(routine: Routine, directory: Directory) -> bool:
    """With the superintendent: its agenda is the pre-read of what only leaders can settle (R-63)."""
    people = (directory.people.get(each) for each in routine.person_ids)
    return not routine.team_ids and any(each is not None and each.role == SUPERINTENDENT for each in people)


def units(routine: Routine) -> tuple[TeamId, ...]:
    """Each team of a routine meets by itself; without a team, its people do."""
    return routine.team_ids or (TeamId(""),)


def invited(routine: Routine, team_id: TeamId, directory: Directory, day: date) -> list[Person]:
    """Who belongs there, and is in post that day: the members of the team, or the people of the routine."""
    team = directory.teams.get(team_id) if team_id else None
    if team_id and team is None:  # a team that the file does not have any more
        return []
    ids = [*([team.lead_id] if team and team.lead_id else []), *team.member_ids] if team else list(routine.person_ids)
    found = (directory.people.get(PersonId(each)) for each in dict.fromkeys(ids))
    return [each for each in found if each and each.here_on(day)]


def leads(routine: Routine, team_id: TeamId, directory: Directory, day: date) -> Person:
    """Who answers for a meeting: who leads the team and is there, else the coordinator."""
    team = directory.teams.get(team_id) if team_id else None
    watcher = presence.coordinator(directory, day)
    if team and team.lead_id and presence.is_active(directory, team.lead_id, day):
        lead = directory.people[team.lead_id]
        return lead if directory.absence(lead.id, day) is None else watcher
    if team is None and not any(
        directory.people[each].role == COORDINATOR for each in routine.person_ids if each in directory.people
    ):
        inside = [each for each in invited(routine, team_id, directory, day) if not each.external]
        return inside[0] if inside else watcher
    return watcher
