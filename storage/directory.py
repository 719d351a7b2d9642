"""A district as it is now, read whole and immutable: its people, schools, teams, calendar and process versions.

Rules work on this picture. It is cached by the district's revision, which every change to any of it raises.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cached_property, wraps
from types import MappingProxyType
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from storage.process import Process
from storage.vocabulary import (
    DistrictId,
    MeetingRole,
    PersonId,
    Platform,
    ProcessId,
    ProcessStatus,
    RoutineKind,
    SchoolId,
    TeamId,
)

COORDINATOR = "district_coordinator"
SUPERINTENDENT = "superintendent"
PRINCIPAL = "principal"
COACH = "school_coach"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in one district."""

    id: PersonId
    name: str
    role: str = "staff"
    school_ids: tuple[SchoolId, ...] = ()
    authority: frozenset[str] = frozenset()
    """Challenge types this person may decide on alone."""
    spend_limit_usd: int | None = None
    """The largest single commitment they may approve alone; None: none."""
    executive_leader: bool = False
    dit_liaison: bool = False
    external: bool = False
    """Of another organization: never an owner."""
    left_on: date | None = None
    """The last day in post; from the day after, they own nothing."""
    successor_id: PersonId | None = None
    timezone: str | None = None
    locale: str | None = None
    message_from: time | None = None
    message_to: time | None = None
    digest_at: time | None = None
    """When they want their daily digest, in their zone; None: at the hour of the process."""
    email: str = ""
    """Their address, as the district's file has it."""
    mail_copy: bool = False
    """They want the daily digest by e-mail, too."""

    def here_on(self, day: date) -> bool:
        """Still in post on this day (leave does not count)."""
        return self.left_on is None or day <= self.left_on


@dataclass(frozen=True, slots=True)
class School:
    id: SchoolId
    name: str
    csi: bool = False
    """Named for comprehensive support (CSI): the implementation facilitator hears of its challenges (R-85)."""
    team_id: TeamId | None = None
    """Its leadership team."""
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Team:
    id: TeamId
    name: str
    level: str = "district"
    school_id: SchoolId | None = None
    lead_id: PersonId | None = None
    member_ids: tuple[PersonId, ...] = ()
    uses_process: bool = False
    standing_item: bool = False
    """The challenges stand on each of its agendas (R-14)."""
    roles: Mapping[MeetingRole, tuple[PersonId, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Who does what in its meetings, and after each their backup (R-17)."""
    agreements: tuple[str, ...] = ()
    """What its members have promised each other (R-18)."""


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody is away for whole days, first and last included. The delegate acts within the limit."""

    person_id: PersonId
    from_on: date
    to_on: date
    delegate_id: PersonId | None = None
    delegate_limit_usd: int | None = None
    above_limit_id: PersonId | None = None

    def covers(self, day: date) -> bool:
        return self.from_on <= day <= self.to_on


@dataclass(frozen=True, slots=True)
class Routine:
    """Something that recurs: a rule in words, as the district's file has it ("second Tuesday")."""

    id: str
    rule: str
    start: time
    minutes: int
    team_ids: tuple[TeamId, ...] = ()
    person_ids: tuple[PersonId, ...] = ()
    person_roles: tuple[str, ...] = ()
    """Everybody who has one of these roles comes, too; to the team of a school, those of that school."""
    log_review: bool = False
    running: bool = False
    name: str = ""
    """Its own name; empty where it is called by its team or people."""
    kind: RoutineKind = RoutineKind.MEETING
    place: str = ""
    """Where it is, or the link by which people join."""
    lead_days: int | None = None
    """School days before it on which who leads it gets the agenda; None: by its rule."""
    agenda: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    quorum: int = 0
    """So many must have been there for it to count as held."""
    poll: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    """A channel or group chat in which a team wants to hear from us."""

    id: str
    team_id: TeamId
    platform: Platform
    workspace_id: str
    conversation_id: str
    linked_by: PersonId
    lost_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Closure:
    name: str
    from_on: date
    to_on: date
    said: bool = False
    """Somebody has said it in chat, and no file: it can be taken back there."""


@dataclass(frozen=True, slots=True)
class Summer:
    from_on: date
    to_on: date


@dataclass(frozen=True, slots=True)
class CalendarFacts:
    """What the district's calendar says; `scheduling.calendar.Calendar` computes with it."""

    first_day: date | None = None
    last_day: date | None = None
    closures: tuple[Closure, ...] = ()
    half_days: frozenset[date] = frozenset()
    summer: Summer | None = None


@dataclass(frozen=True, slots=True)
class ProcessVersion:
    id: ProcessId
    version: str
    status: ProcessStatus
    process: Process
    dated: date | None = None
    """Since when it has this status."""
    submitted_by: PersonId | None = None
    approved_by: PersonId | None = None


@dataclass(frozen=True)
class Directory:
    """The whole picture of one district."""

    district_id: DistrictId
    name: str
    timezone: str
    revision: int
    locale: str = "en"
    word: str = "challenge"
    """What this district calls an implementation challenge ("barrier")."""
    fictional: bool = False
    people: Mapping[PersonId, Person] = field(default_factory=lambda: MappingProxyType({}))
    schools: Mapping[SchoolId, School] = field(default_factory=lambda: MappingProxyType({}))
    teams: Mapping[TeamId, Team] = field(default_factory=lambda: MappingProxyType({}))
    absences: tuple[Absence, ...] = ()
    routines: tuple[Routine, ...] = ()
    rooms: tuple[Room, ...] = ()
    calendar: CalendarFacts = CalendarFacts()
    versions: Mapping[ProcessId, ProcessVersion] = field(default_factory=lambda: MappingProxyType({}))
    moved: Mapping[tuple[str, TeamId], Mapping[date, date | None]] = field(default_factory=lambda: MappingProxyType({}))
    """Of a routine and a team: the meetings that are on another day than their rule says, by the day for which they were
    planned; None where they are cancelled."""
    submitted: tuple[tuple[str, date | None], ...] = ()
    """Versions of the process that wait for approval, and of which day they are; their rules may not be here yet."""

    @cached_property
    def found(self) -> dict[Any, Any]:
        """What `once` has computed of this picture: as the picture never changes, nor does this."""
        return {}

    @cached_property
    def in_force(self) -> ProcessVersion:
        """The version that new challenges open with. Import makes sure there is exactly one."""
        return next(each for each in self.versions.values() if each.status is ProcessStatus.IN_FORCE)

    def version(self, process_id: ProcessId | None) -> ProcessVersion:
        """The version a challenge runs under; the one in force where none is given."""
        return self.versions[process_id] if process_id else self.in_force

    def waiting(self, day: date) -> Iterator[tuple[str, date | None]]:
        """What of `submitted` waits on that day: a file may name what is to be submitted on a day to come."""
        return ((version, dated) for version, dated in self.submitted if dated is None or dated <= day)

    def person(self, person_id: PersonId) -> Person:
        return self.people[person_id]

    def routine(self, routine_id: str) -> Routine | None:
        """None where the district has none of that id (any more)."""
        return next((each for each in self.routines if each.id == routine_id), None)

    def with_role(self, role: str, school_id: SchoolId | None = None) -> Iterator[Person]:
        """People with this role (at this school), whether or not they are here today."""
        for person in self.people.values():
            if person.role == role and (school_id is None or school_id in person.school_ids):
                yield person

    def absence(self, person_id: PersonId, day: date) -> Absence | None:
        """The absence that covers the day; the one entered last, where two do."""
        for absence in reversed(self.absences):
            if absence.person_id == person_id and absence.covers(day):
                return absence
        return None


P = ParamSpec("P")
R = TypeVar("R")


def once(compute: Callable[Concatenate[Directory, P], R]) -> Callable[Concatenate[Directory, P], R]:
    """For a function of a directory and hashable facts: what it gives is computed once for each picture."""

    @wraps(compute)
    def found(directory: Directory, /, *args: P.args, **kwargs: P.kwargs) -> R:
        key = (compute, args, *kwargs.items())
        if key not in directory.found:
            directory.found[key] = compute(directory, *args, **kwargs)
        return cast("R", directory.found[key])

    return found
