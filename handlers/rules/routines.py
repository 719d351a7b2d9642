"""What a routine asks for and when: its meetings planned, prepared, told of, and afterwards asked about (R-14 to R-16).

Whether a meeting took place is asked, never assumed. All of it is computed from dates; `now` is an argument.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import chain, takewhile
from typing import Final

from handlers.rules import access, kinds, presence
from scheduling import recurrence
from scheduling.calendar import DAY, Calendar
from storage.directory import COORDINATOR, SUPERINTENDENT, Directory, Person, Routine, Team
from storage.feedback import Found
from storage.occurrences import TO_COME
from storage.vocabulary import MeetingRole, OccurrenceStatus, PersonId, RoutineKind, TeamId

AHEAD: Final = timedelta(days=60)
"""So far ahead meetings stand in the calendar of their people."""
SETTLES: Final = timedelta(minutes=15)
"""After its end, before anybody is asked whether it took place."""
LEAD: Final = {recurrence.Monthly: 5, recurrence.Listed: 5, recurrence.Shifted: 5, recurrence.Weekly: 2}
"""School days before a meeting on which who leads it gets its agenda to look over (R-16: agenda call)."""
IN_SPRING: Final = 4
"""The month in which the dates of the next school year are proposed."""
UNTIL_JUNE: Final = 6
A_YEAR: Final = timedelta(days=365)
A_SCHOOL_YEAR: Final = timedelta(days=300)
STILL_GOOD: Final = 5
"""So many school days an agenda holds that people have of a meeting which is moved."""
PLANS: Final = 3
"""School days before a session on which planning time is proposed (R-67)."""
POLLED: Final = 3
"""School days after that of a meeting's record on which people may still say how it was."""
OFF: Final = (OccurrenceStatus.CANCELLED, OccurrenceStatus.MISSED)
"""Its week or month has had its one, and somebody has said that there is to be none."""
A_CALL: Final = 5
"""With so many school days to go, or more, its people are asked what is to be on the agenda (R-16)."""
NOTICE: Final = timedelta(hours=2)
"""So long before it begins, at least, people hear that a meeting is moved to a day."""
ASKS: Final = 2
"""So often who leads it is asked whether it took place; then the coordinator is."""
FRESH: Final = 3
"""So many school days after it that question comes by itself; later it is a line of the digest."""
AGAIN: Final = 5
"""After so many school days the coordinator is asked once more, until it is on record: in the digest."""


class Duty(StrEnum):
    """What a meeting's date asks for."""

    PREPARE = "prepare"
    """Who leads it gets the agenda, while there is time to change it."""
    INVITE = "invite"
    """Everybody else gets it, the school day before."""
    ROLES = "roles"
    """On its morning: is everybody there who does something in it?"""
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
    roles_checked: bool = True

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes)


def due(facts: Facts, routine: Routine, calendar: Calendar, lead: Person | None) -> Due | None:
    """What comes next of a meeting, and when; None when nothing does."""
    match facts.status:
        case OccurrenceStatus.PLANNED:
            by_rule = LEAD.get(type(recurrence.parse(routine.rule)), 1)
            before = calendar.school_days_before(facts.day, routine.lead_days or by_rule)
            return Due(min(calendar.morning_of(before), facts.starts_at), Duty.PREPARE)
        case OccurrenceStatus.PREPARED if not facts.invited:
            before = calendar.school_days_before(facts.day, 1)
            return Due(min(calendar.morning_of(before), facts.starts_at), Duty.INVITE)
        case OccurrenceStatus.PREPARED if not facts.roles_checked:
            return Due(min(calendar.morning_of(facts.day), facts.starts_at), Duty.ROLES)
        case OccurrenceStatus.PREPARED if facts.asks == 0:
            return Due(calendar.message_time(facts.ends_at + SETTLES, lead), Duty.ASK)
        case OccurrenceStatus.PREPARED if facts.asked_at:
            duty = Duty.ASK if facts.asks < ASKS else Duty.CLIMB
            return Due(calendar.morning_after(facts.asked_at, 1 if facts.asks <= ASKS else AGAIN), duty)
        case _:
            return None


@dataclass(frozen=True, slots=True)
class Planned:
    """One meeting that the rule names: the day that it names, and the day on which it is held, None where none is."""

    planned_on: date
    day: date | None


def named(routine: Routine, calendar: Calendar, today: date, until: date | None = None) -> Iterator[Planned]:
    """The meetings to come that the rule names, as far ahead as we plan, or until that day."""
    rule, last = recurrence.parse(routine.rule), until or today + AHEAD
    found = (Planned(day, held_on) for day, held_on in recurrence.planned(rule, calendar, today))
    for each in takewhile(lambda each: (each.day or each.planned_on) <= last, found):
        if (each.day or each.planned_on) >= today:
            yield each


def year(calendar: Calendar, today: date) -> tuple[date, date]:
    """What is left of the school year: until its last day, where the calendar has one to come, else a year."""
    last = calendar.facts.last_day
    return today, last if last and last >= today else today + A_YEAR


def next_year(calendar: Calendar, today: date) -> tuple[date, date]:
    """The school year after this one, from the end of its summer on; the days on which it is closed may not be known."""
    _, last = year(calendar, today)
    summer = calendar.facts.summer
    first = max(last, summer.to_on if summer and summer.to_on > last else last) + DAY
    return first, first + A_SCHOOL_YEAR


def proposes_at(calendar: Calendar, now: datetime, proposed: int) -> datetime:
    """When the dates of the next school year are proposed: on the first school morning of April, while its calendar is
    being made; where that is past, until June, at once. `proposed`: in which year's spring they were last."""
    today = calendar.today(now)
    this_year = proposed < today.year and today.month <= UNTIL_JUNE
    first = date(today.year if this_year else today.year + 1, IN_SPRING, 1)
    day = first if calendar.is_school_day(first) else calendar.next_school_day(first)
    return max(calendar.morning_of(day), now)


@dataclass(frozen=True, slots=True)
class Standing:
    """What planning looks at in an occurrence of one team that there is already."""

    id: str
    planned_on: date
    day: date
    status: OccurrenceStatus
    begun: bool
    instead: bool
    """It is in the place of another, by somebody's choice or because a day was closed."""
    chosen: bool
    """Somebody has said on which day it is to be."""
    dropped: bool
    rule: str
    """By which it was planned."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What has to be done for what stands to be what the rule names."""

    add: tuple[Planned, ...]
    drop: tuple[str, ...]
    """Ids of those that the rule names no more."""
    follow: tuple[tuple[str, date], ...] = ()
    """Ids of those that are to be on another day, and that day: the rule is another, or counts other school days now.
    In this order none goes where another is that goes away."""
    together: tuple[tuple[str, date], ...] = ()
    """Ids of those that count to the same day as another, and that day: where that one is there, it is for both."""


def changes(routine: Routine, calendar: Calendar, today: date, stands: Collection[Standing]) -> Changes:
    """Each week or month keeps its one: what was moved by hand stays where it is, and what took place took place.

    `stands`: those of one team, from the beginning of the present period on, whatever became of them.
    """
    rule = recurrence.parse(routine.rule)
    counted = counts(routine.rule)
    to_come = [each for each in stands if each.status in TO_COME and not each.begun]
    # What stands is named also where it would be past by now: by a calendar with other days it was not.
    first = min([today, *(each.planned_on for each in to_come)])
    last = max([today + AHEAD, *(each.planned_on for each in to_come)])
    named = [
        Planned(*each)
        for each in takewhile(
            lambda each: min(each[0], each[1] or each[0]) <= last, recurrence.planned(rule, calendar, first)
        )
    ]
    days = {each.planned_on: each.day for each in named}
    anew = {each.id for each in to_come if not is_planned_by(each.rule, routine)}
    free = [each for each in to_come if not (each.chosen if counted or each.id in anew else each.instead)]
    other = {each.id: by_count(routine, each.planned_on, calendar) for each in free if each.planned_on not in days}
    together = tuple(
        (each.id, count.day)
        for each in sorted(free, key=lambda each: each.planned_on)
        if (count := other.get(each.id)) and count.together and count.day
    )
    drop = tuple(each for each in other if each not in dict(together))
    goes = [
        (each, day) for each in free
        if (day := days.get(each.planned_on)) and day != each.day and (counted or each.id in anew)
    ]  # fmt: skip
    later = sorted(((day, each.id) for each, day in goes if day > each.day), reverse=True)
    sooner = sorted((day, each.id) for each, day in goes if day < each.day)
    follow = tuple((id, day) for day, id in [*later, *sooner])
    known = {each.planned_on for each in stands if not each.dropped and each.id not in drop}
    has_its_one = {
        rule.period(each.planned_on)
        for each in stands
        if each.id not in drop and each.planned_on not in days
        and (
            each.status in {*TO_COME, OccurrenceStatus.HELD}
            or (each.status in OFF and not each.dropped and is_planned_by(each.rule, routine))
        )
    }  # fmt: skip
    single = keeps_one(rule)
    add = tuple(
        each for each in named
        if today <= (each.day or each.planned_on) <= today + AHEAD and each.planned_on not in known
        and not (single and rule.period(each.planned_on) in has_its_one) and each.day not in dict(together).values()
    )  # fmt: skip
    return Changes(add, drop, follow, together)


@dataclass(frozen=True, slots=True)
class Count:
    """Where a meeting is by a rule that counts school days."""

    day: date | None
    """None where that is beyond the summer."""
    together: bool
    """With another of it, on the same day."""


def by_count(routine: Routine, planned_on: date, calendar: Calendar) -> Count | None:
    """Where it is by the count from that day; None where the rule does not count from it (any more)."""
    rule = recurrence.parse(routine.rule)
    if not isinstance(rule, recurrence.Shifted) or next(iter(rule.days(planned_on)), None) != planned_on:
        return None
    found = takewhile(lambda each: each[0] <= planned_on, recurrence.planned(rule, calendar, planned_on))
    return Count(rule.counted(planned_on, calendar), planned_on not in {each for each, _ in found})


def is_planned_by(rule: str, routine: Routine) -> bool:
    """Whether that is the rule of the routine, in these words or in others; as it is of what has none on record."""
    return not rule or recurrence.parse(rule) == recurrence.parse(routine.rule)


def counts(rule: str) -> bool:
    """Whether its days are so many school days from others: they follow the calendar until somebody has chosen one."""
    return isinstance(recurrence.parse(rule), recurrence.Shifted)


def keeps_one(rule: recurrence.Rule) -> bool:
    """Whether a week or a month has at most one of it."""
    rule = rule.of if isinstance(rule, recurrence.Shifted) else rule
    return isinstance(rule, recurrence.Weekly) or (isinstance(rule, recurrence.Monthly) and len(rule.nth) == 1)


def period(routine: Routine, planned_on: date, day: date) -> tuple[date, date]:
    """The week or month for which the rule names a meeting, with that in which it stands, where it was moved to another."""
    own, other = (recurrence.parse(routine.rule).period(each) for each in (planned_on, day))
    return min(own[0], other[0]), max(own[1], other[1])


def moved_to(
    routine: Routine, day: date, calendar: Calendar, earliest: datetime, taken: Collection[date] = ()
) -> date | None:  # fmt: skip
    """Where a meeting goes whose day is closed now: to the next school day of the week or month in which it stands, else
    to the last one before; None where none is left on which it begins at `earliest` or later (see `may_begin`).

    `taken`: on these days there is another of it.
    """
    if calendar.is_message_day(day):
        return day
    first, last = recurrence.parse(routine.rule).period(day)
    later = (day + DAY * n for n in range(1, (last - day).days + 1))
    before = (day - DAY * n for n in range(1, (day - first).days + 1))
    others = (each for each in chain(later, before) if calendar.is_school_day(each) and each not in taken)
    return next((each for each in others if calendar.at(each, routine.start) >= earliest), None)


def may_begin(people: Iterable[Person], calendar: Calendar, now: datetime) -> datetime:
    """The soonest at which a meeting may begin of whose move these people are told now: each has time to read it, and
    who has had too many messages that day has it with the next digest."""
    told = ((calendar.message_time(now, each) + NOTICE, calendar.digest_time(now, each)) for each in people)
    return max(chain.from_iterable(told), default=now + NOTICE)


def planning_for(session: Routine, name: str, who: PersonId) -> Routine:
    """Planning time with this person before each such session; a rule that itself counts days says none before it."""
    no_rule = isinstance(recurrence.parse(session.rule), recurrence.Shifted | recurrence.Daily)
    rule = "" if no_rule else f"{PLANS} school days before {session.rule}"
    return Routine("", rule, session.start, 60, person_ids=(who,), name=name, kind=RoutineKind.PLANNING)


@dataclass(frozen=True, slots=True)
class Outside:
    """When a routine is not within the hours in which people are written to, and school may be over."""

    half_days: tuple[date, ...] = ()
    """On these half days only; none where it is on every day."""


def outside_hours(
    rule: recurrence.Rule, start: time, minutes: int, calendar: Calendar, days: tuple[date, date] | None
) -> Outside | None:
    """It is held all the same, but who is there then is not written to. None where it is within the hours. `days`: the
    first and the last that are looked at for half days; None where the calendar does not know them."""
    hours, ends = calendar.hours, start.hour * 60 + start.minute + minutes

    def after(clock: time) -> bool:
        return ends > clock.hour * 60 + clock.minute

    if start < hours.opens or after(hours.closes):
        return Outside()
    if days is None or not after(hours.half_day_until) or isinstance(rule, recurrence.Daily):
        return None
    named = takewhile(lambda each: each[0] <= days[1], recurrence.planned(rule, calendar, days[0]))
    half = tuple(held_on for _, held_on in named if held_on and calendar.is_half_day(held_on))
    return Outside(half) if half else None


def poll_ends(ended_at: datetime, calendar: Calendar) -> datetime:
    """How long people may say how it was: before the next one's agenda goes out, of what is every week, too (R-19)."""
    last = calendar.school_days_after(calendar.today(ended_at), POLLED)
    return calendar.at(last + DAY, time(0))


def poll_is_over(found: Found, calendar: Calendar, now: datetime) -> bool:
    """Nobody says any more how it was. Before that it is shown to nobody: what one more answer changes would tell it."""
    return found.answers >= found.asked or (found.ended_at is not None and poll_ends(found.ended_at, calendar) <= now)


def is_check_in(routine: Routine, directory: Directory) -> bool:
    """With the superintendent: its agenda is the pre-read of what only leaders can settle (R-63)."""
    people = (directory.people.get(each) for each in routine.person_ids)
    by_name = any(each is not None and each.role == SUPERINTENDENT for each in people)
    return not routine.team_ids and (by_name or SUPERINTENDENT in routine.person_roles)


def calls(routine: Routine, directory: Directory) -> bool:
    """Whether its people are asked in time what is to be on the agenda: not of what they meet for every week, nor the
    superintendent, for whom somebody prepares it."""
    by_rule = LEAD.get(type(recurrence.parse(routine.rule)), 1)
    return kinds.meets(routine) and not is_check_in(routine, directory) and (routine.lead_days or by_rule) >= A_CALL


def uses_process(team: Team, directory: Directory) -> bool:
    """Challenges come before it: it says so itself, or the process in force names it where they are discussed (R-14)."""
    venues = directory.in_force.process.venues
    of_school = any(each.team_id == team.id for each in directory.schools.values())
    return team.uses_process or team.id in venues or (of_school and recurrence.SCHOOL_TEAM in venues)


def keeps_challenges(routine: Routine, team_id: TeamId, directory: Directory) -> bool:
    """Whether *Implementation challenges* is on the agenda every time: of a team that uses the process, of what the
    process names, of the superintendent's check-in and where the log is reviewed."""
    team = directory.teams.get(team_id) if team_id else None
    named = routine.log_review or routine.id.replace("-", "_") in directory.in_force.process.venues
    uses = uses_process(team, directory) if team else is_check_in(routine, directory)
    return kinds.meets(routine) and (named or uses)


def lacking(directory: Directory) -> tuple[Team, ...]:
    """Teams that use the process, whose own agenda lacks the standing item, and who get none from Clearway (R-14)."""
    met = {
        each for routine in directory.routines if routine.running and kinds.meets(routine) for each in routine.team_ids
    }
    teams = (each for each in directory.teams.values() if each.id not in met and not each.standing_item)
    return tuple(each for each in teams if uses_process(each, directory))


def units(routine: Routine, directory: Directory) -> tuple[TeamId, ...]:
    """Each team of a routine meets by itself, as long as the district has it; without a team, its people do."""
    return tuple(each for each in routine.team_ids if each in directory.teams) if routine.team_ids else (TeamId(""),)


def invited(routine: Routine, team_id: TeamId, directory: Directory, day: date) -> list[Person]:
    """Who belongs there, and is in post that day: the members of the team, who does something in its meetings, the people
    of the routine, and everybody who has one of its roles; to the team of a school, those of that school."""
    team = directory.teams.get(team_id) if team_id else None
    if team_id and team is None:  # a team that the file does not have any more
        return []
    doing = (roles[0] for roles in team.roles.values() if roles) if team and kinds.meets(routine) else ()
    of_team = (*([team.lead_id] if team.lead_id else []), *team.member_ids, *doing) if team else ()
    schools = [each.id for each in directory.schools.values() if team and each.team_id == team.id]
    schools += [team.school_id] if team and team.school_id else []
    by_role = (
        each.id
        for role in routine.person_roles
        for school_id in schools or (None,)
        for each in directory.with_role(role, school_id)
    )
    found = (directory.people.get(PersonId(each)) for each in dict.fromkeys([*of_team, *routine.person_ids, *by_role]))
    return [each for each in found if each and each.here_on(day)]


def leads(routine: Routine, team_id: TeamId, directory: Directory, day: date) -> Person:
    """Who answers for a meeting: who leads the team and is there; without a team, who is named first; else the
    coordinator, as where only roles are named."""
    team = directory.teams.get(team_id) if team_id else None
    watcher = presence.coordinator(directory, day)
    if team and team.lead_id and presence.is_active(directory, team.lead_id, day):
        lead = directory.people[team.lead_id]
        return lead if directory.absence(lead.id, day) is None else watcher
    if team is None and not any(
        directory.people[each].role == COORDINATOR for each in routine.person_ids if each in directory.people
    ):
        named = (directory.people.get(each) for each in routine.person_ids)
        there = (each for each in named if each and each.here_on(day))
        inside = [each for each in there if not each.external and directory.absence(each.id, day) is None]
        return inside[0] if inside else watcher
    return watcher


def there(routine: Routine, team_id: TeamId, directory: Directory, day: date) -> list[Person]:
    """Who is invited, and who leads it where that is nobody of those: what is for a role alone has the coordinator."""
    found = invited(routine, team_id, directory, day)
    lead = leads(routine, team_id, directory, day)
    of_role = bool(routine.person_roles) and not routine.team_ids
    return [lead, *found] if of_role and lead not in found else found


@dataclass(frozen=True, slots=True)
class Doing:
    """Who does something in a meeting for all of it; `instead_of`: whose it would be."""

    role: MeetingRole
    person_id: PersonId
    instead_of: PersonId | None = None


def doing(
    routine: Routine | None, team_id: TeamId, chosen: Mapping[str, str], directory: Directory, day: date
) -> tuple[Doing, ...]:  # fmt: skip
    """Who facilitates, records and keeps the time that day: who was chosen for it, else the team's own, else their
    backup; who is away is passed over (R-17). A role for which nobody is there has no line, and there are none where
    nobody meets. `routine`: None where the district has it no more."""
    if routine is not None and not kinds.meets(routine):
        return ()
    team = directory.teams.get(team_id) if team_id else None
    found = []
    for role in MeetingRole:
        own = team.roles.get(role, ()) if team else ()
        wanted = [*([PersonId(chosen[role])] if role in chosen else []), *own]
        there = [each for each in wanted if presence.is_active(directory, each, day)]
        free = next((each for each in there if directory.absence(each, day) is None), None)
        if free:
            found.append(Doing(role, free, own[0] if own and own[0] != free else None))
    return tuple(found)


def asked_last(lead: Person, directory: Directory, day: date) -> Person:
    """Who is asked when who leads it has not said: the coordinator, of what they lead themselves an executive leader."""
    watcher = presence.coordinator(directory, day)
    if watcher.id != lead.id:
        return watcher
    return presence.executive_leader(directory, day, barred={lead.id}) or watcher


def may_steer(routine: Routine, actor: Person, directory: Directory, today: date) -> bool:
    """The coordinator, executive leaders, and who leads every team of it."""
    if actor.external or not actor.here_on(today):
        return False
    if actor.id in access.coordinators(directory, today) or presence.is_executive(actor):
        return True
    teams = [directory.teams[each] for each in routine.team_ids if each in directory.teams]
    return bool(teams) and all(each.lead_id == actor.id for each in teams)


def may_see(routine: Routine, actor: Person, directory: Directory, today: date) -> bool:
    """Who may steer it, and everybody of the district who belongs there."""
    if may_steer(routine, actor, directory, today):
        return True
    return actor.id in belong(routine, directory, today) and not actor.external and actor.here_on(today)


def belong(routine: Routine, directory: Directory, today: date) -> frozenset[PersonId]:
    """Everybody who may have to do with its meetings: who is invited to one, and who stands in for something in it."""
    there = {each.id for team_id in units(routine, directory) for each in invited(routine, team_id, directory, today)}
    teams = (directory.teams[each] for each in units(routine, directory) if each and kinds.meets(routine))
    return frozenset(there | {each for team in teams for does in team.roles.values() for each in does})


def sees(routine: Routine, team_id: TeamId, day: date, actor: Person, directory: Directory, today: date) -> bool:
    """One occurrence: who belongs to that team, not to any other of the routine; who leads it; who may steer all of it."""
    if may_steer(routine, actor, directory, today) or leads(routine, team_id, directory, today).id == actor.id:
        return True
    there = invited(routine, team_id, directory, max(day, today))
    return not actor.external and actor.id in {each.id for each in there}
