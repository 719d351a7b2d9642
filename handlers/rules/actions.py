"""What follows from an action item and when: its owner is reminded, asked, and when nothing moves others hear (R-66).

It never stops while the item is open, and grows softer. All of it is computed from dates, in school days.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from handlers.rules import presence
from handlers.rules import routines as meetings
from scheduling.calendar import Calendar
from storage.directory import Directory, Person, Routine, Team
from storage.process import Cadence
from storage.vocabulary import PersonId, TeamId


class Goal(StrEnum):
    """What its owner is written to for."""

    REMIND = "remind"
    """It will be due."""
    ASK = "ask"
    """It is due: is it done?"""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules look at in an open item."""

    due_on: date
    since: datetime
    """When its owner got it, or last answered."""
    reminded: bool
    asks: int
    """Unanswered ones."""
    asked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Due:
    at: datetime
    goal: Goal


def due(facts: Facts, calendar: Calendar, cadence: Cadence, today: date) -> Due:
    """What comes next of an open item, and when; an instant in the past is due at once.

    A reminder before its date, where there is time for one; on the date the question whether it is done; and then again
    after growing gaps, none longer than `nudge_open` school days. `today`: after an outage nobody is reminded of a date
    that has come already.
    """
    due_on = calendar.school_days_after(facts.due_on, 0)
    got = calendar.today(facts.since)
    if facts.asks and facts.asked_at:
        gap = min(facts.asks * cadence.after_due, cadence.nudge_open)
        return Due(calendar.morning_of(calendar.school_days_after(calendar.today(facts.asked_at), gap)), Goal.ASK)
    before = calendar.school_days_before(due_on, cadence.before_due)
    if not facts.reminded and got < before < due_on and today < due_on:
        return Due(calendar.morning_of(before), Goal.REMIND)
    return Due(calendar.morning_of(max(due_on, calendar.school_days_after(got, 1))), Goal.ASK)


def above(higher: Sequence[PersonId], asks: int, climb_after: int, *, away: bool) -> Sequence[PersonId]:
    """Who hears beside the owner that nothing moves, after so many unanswered asks: one more for each `climb_after`.

    `away`: the owner is on leave, so the first of them hears at once.
    """
    return higher[: max(asks // climb_after, int(away))]


def leads(routine_id: str, team_id: TeamId, directory: Directory, day: date) -> Person:
    """Who leads the meeting that an item came from; the coordinator where nobody does, or it is no more."""
    routine = directory.routine(routine_id)
    return meetings.leads(routine, team_id, directory, day) if routine else presence.coordinator(directory, day)


def members(routine_id: str, team_id: TeamId, directory: Directory, day: date) -> frozenset[PersonId]:
    """Who belongs to the meeting; to its team, where it is no more."""
    routine = directory.routine(routine_id)
    if routine is None and team_id:
        routine = Routine(routine_id, "", time(), 0, (team_id,))
    found = meetings.invited(routine, team_id, directory, day) if routine else ()
    return frozenset(each.id for each in found if not each.external)


class Which(StrEnum):
    """Which items somebody asks for."""

    MINE = "mine"
    OVERDUE = "overdue"
    ALL = "all"
    TEAM = "team"


@dataclass(frozen=True, slots=True)
class Question:
    """What `/clearway actions` was asked."""

    which: Which = Which.MINE
    team: Team | None = None
    page: int = 1

    def spelt(self) -> str:
        """Words that ask the same."""
        words = f"of {self.team.id}" if self.team else str(self.which)
        return f"{words} page {self.page}" if self.page > 1 else words


WORDS: Final = MappingProxyType({"": Which.MINE, "mine": Which.MINE, "overdue": Which.OVERDUE, "all": Which.ALL})


def parse(words: str, teams: Sequence[Team]) -> Question | None:
    """The question in words: "overdue", "of dit", "cedar flats"; None where it is none, or names no one team."""
    asked, _, digits = " ".join(words.lower().split()).partition(" page ")
    page = int(digits) if digits.isascii() and digits.isdecimal() and 0 < len(digits) < 5 else 1
    asked = asked.removeprefix("of ").strip()
    if asked in WORDS:
        return Question(WORDS[asked], page=max(page, 1))
    exact = [each for each in teams if asked in {each.id.lower(), each.name.lower()}]
    found = exact or [each for each in teams if asked in each.name.lower()]
    return Question(Which.TEAM, found[0], max(page, 1)) if len(found) == 1 else None
