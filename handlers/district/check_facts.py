"""The facts of a district file: dates, hours, accounts, posts, teams and meetings. Do they make sense together?"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from difflib import get_close_matches
from functools import cache
from itertools import takewhile
from typing import Final
from zoneinfo import available_timezones

from babel import Locale
from babel.core import UnknownLocaleError

from handlers.district.model import DistrictFile, PersonEntry, RoutineEntry, Span, TeamEntry
from handlers.district.notes import Mistake, Note
from handlers.district.reader import Path
from handlers.rules import routines as routine_rules
from scheduling import recurrence
from scheduling.calendar import LONGEST_CLOSURE, LONGEST_SUMMER, Calendar
from storage.directory import COACH, COORDINATOR, PRINCIPAL, SUPERINTENDENT
from storage.people import calendar_facts

SHOWN: Final = 5
"""How many dates a finding lists before it only counts them."""


# ------------------------------------------------------------------------------------------------ zones and dates


def zones_and_languages(file: DistrictFile) -> Iterator[Mistake]:
    named: dict[Path, str | None] = {("district", "timezone"): file.district.timezone}
    spoken: dict[Path, str | None] = {("district", "locale"): file.district.locale}
    for n, person in file.people.items():
        named["people", n, "timezone"] = person.timezone
        spoken["people", n, "locale"] = person.locale
    for path, zone in named.items():
        if zone and not _zone(zone):
            like = _nearest_zone(zone)
            hint = f'did you mean "{like}"?' if like else "name it like America/Detroit or America/Chicago"
            yield file.mistake(path, f'"{zone}" is no time zone: {hint}')
    for path, locale in spoken.items():
        if locale and not _is_locale(locale):
            yield file.mistake(path, f'"{locale}" is no language: write "en" for English, "es" for Spanish')


def _zone(name: str) -> bool:
    """Only names that mean the same on every machine: not "localtime"."""
    return name in _zones()


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime", "Factory"}


def _nearest_zone(name: str) -> str | None:
    """The zone of the place that the name ends with, or nearly so."""
    places = {zone.rpartition("/")[2].casefold(): zone for zone in sorted(_zones()) if zone.startswith(AREAS)}
    place = "_".join(name.rpartition("/")[2].casefold().split())
    return next((places[each] for each in get_close_matches(place, places, n=1, cutoff=0.8)), None)


AREAS: Final = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")


def _is_locale(code: str) -> bool:
    try:
        return bool(Locale.parse(code.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        return False


def dates_in_order(file: DistrictFile) -> Iterator[Note]:
    calendar = file.calendar
    spans: list[tuple[Path, Span, timedelta | None]] = [
        *((("calendar", "closed", n), each, LONGEST_CLOSURE) for n, each in enumerate(calendar.closed)),
        *((("calendar", "benchmark_windows", n), each, None) for n, each in enumerate(calendar.benchmark_windows)),
        *((("calendar", "dca_windows", n), each, None) for n, each in enumerate(calendar.dca_windows)),
        *((file.leave(n, m), each, None) for n, who in file.people.items() for m, each in enumerate(who.leave)),
    ]
    if calendar.summer:
        spans.append((("calendar", "summer"), calendar.summer, LONGEST_SUMMER))
    for path, span, longest in spans:
        if span.last < span.first:
            yield file.mistake(path, f"it ends ({span.last}) before it begins ({span.first}): mend one of the dates")
        elif longest and span.last - span.first > longest:
            yield file.mistake(path, f"it is longer than {longest.days} days: mend one of the dates")
    first, last = calendar.first_student_day, calendar.last_student_day
    if first and last and last <= first:
        yield file.mistake(
            ("calendar", "last_student_day"), f"the year ends ({last}) before it begins ({first}): mend one"
        )
    if calendar.summer is None:
        yield file.finding(
            ("calendar",), "no summer is given, so every weekday after the last student day is a school day"
        )


# --------------------------------------------------------------------------------------------------------- people


def accounts(file: DistrictFile) -> Iterator[Note]:
    platforms = file.district.platforms
    if platforms.slack and platforms.teams and platforms.slack.primary and platforms.teams.primary:
        yield file.mistake(("district", "platforms"), "only one platform can be primary: make the other one false")
    first: dict[tuple[str, str], int] = {}
    for n, person in file.people.items():
        for platform, account, there in (
            ("slack", person.slack, platforms.slack),
            ("teams", person.teams, platforms.teams),
        ):
            if account is None:
                continue
            if there is None and not file.document.at(("district", "platforms", platform)):
                cure = f"add {platform} to district.platforms, or delete the account here"
                yield file.mistake(("people", n, platform), f"the district has no {platform} workspace: {cure}")
            if (platform, account) in first:
                other = file.people[first[platform, account]]
                yield file.mistake(("people", n, platform), f"{account} is the account of {other.name}, too: mend one")
            first.setdefault((platform, account), n)
    addresses: dict[str, int] = {}
    for n, person in file.people.items():
        if person.email and addresses.setdefault(person.email.casefold(), n) != n:
            other = file.people[addresses[person.email.casefold()]]
            says = f"{person.email} is the address of {other.name}, too: neither is recognized by it"
            yield file.finding(("people", n, "email"), says)
    if silent := [
        person.name for person in file.people.values() if not (person.slack or person.teams or person.left_on)
    ]:
        yield file.finding(("people",), f"without a chat account, so Clearway cannot reach them: {', '.join(silent)}")


def posts(file: DistrictFile) -> Iterator[Note]:
    for role in (SUPERINTENDENT, COORDINATOR):
        holders = [person for person in file.people.values() if person.role == role and not person.external]
        if not holders:
            if file.understood(("people",), file.people):
                yield file.mistake(("people",), f"nobody inside the district has the role {role}: give it to somebody")
        elif all(person.left_on for person in holders):
            yield file.finding(("people",), f"everybody with the role {role} leaves, and nobody follows")
        elif len([person for person in holders if not person.left_on]) > 1:
            yield file.finding(("people",), f"several have the role {role}: the first, {holders[0].name}, is asked")
    for n, school in file.schools.items():
        for role, without in (
            (PRINCIPAL, "what the principal decides climbs the ladder"),
            (COACH, "others ask in the end"),
        ):
            if not any(
                school.id in who.school_ids and who.role == role and not who.left_on for who in file.people.values()
            ):
                yield file.finding(("schools", n), f"it has no {role.replace('_', ' ')}: {without}")


def persons(file: DistrictFile) -> Iterator[Note]:
    known = {person.id: person for person in file.people.values()}
    for n, person in file.people.items():
        path: Path = ("people", n)
        if person.external and (person.executive_leader or person.dit_liaison):
            yield file.mistake(
                path, "somebody outside the district cannot lead in it: mend external, or the other field"
            )
        if person.message_from and person.message_to and person.message_to <= person.message_from:
            yield file.mistake(
                (*path, "message_to"), "their hours end before they begin: mend message_from or message_to"
            )
        unknown = [each for each in person.authority if each not in file.process.types]
        if unknown and "types" not in file.broken:
            says = f"{', '.join(unknown)}: not among the types of the process; add the type there, or delete it here"
            yield file.mistake((*path, "authority"), says)
        if _follows_itself(person, known):
            yield file.mistake(
                (*path, "successor"), "the line of successors comes back to where it began: mend one of them"
            )
        if person.left_on and not person.successor:
            yield file.finding(
                (*path, "left_on"), f"{person.name} leaves and nobody follows: what is theirs climbs the ladder"
            )
        if person.successor and not person.left_on:
            yield file.finding((*path, "successor"), f"{person.name} has a successor, but no last day (left_on)")
        for m, leave in enumerate(person.leave):
            for role, substitute in (("delegate", leave.delegate), ("above_limit", leave.above_limit)):
                yield from _substitute(file, (*file.leave(n, m), role), person, known.get(substitute or ""))


def _substitute(file: DistrictFile, path: Path, person: PersonEntry, substitute: PersonEntry | None) -> Iterator[Note]:
    if substitute is None:
        return
    if substitute.id == person.id:
        yield file.mistake(path, "nobody stands in for themselves: name somebody else")
    elif substitute.external:
        yield file.mistake(
            path, f"{substitute.name} is outside the district and cannot decide in it: name somebody inside"
        )
    elif substitute.left_on:
        yield file.finding(path, f"{substitute.name} leaves on {substitute.left_on}")


def _follows_itself(person: PersonEntry, known: Mapping[str, PersonEntry]) -> bool:
    seen: set[str] = set()
    step: PersonEntry | None = person
    while step and step.id not in seen:
        seen.add(step.id)
        step = known.get(step.successor or "")
    return step is not None and step.id == person.id


# --------------------------------------------------------------------------------------------- teams and meetings


def teams(file: DistrictFile) -> Iterator[Note]:
    for n, team in file.teams.items():
        lacks = []
        if _uses_process(file, team) and not team.standing_item:
            lacks.append("challenges are not a standing item of its agenda")
        if not team.measures:
            lacks.append("it has no measures")
        if lacks:
            yield file.finding(("teams", n), f"{team.name}: {', and '.join(lacks)}")


def _uses_process(file: DistrictFile, team: TeamEntry) -> bool:
    """It says so, or the process names it where challenges are discussed."""
    of_school = any(each.slt == team.id for each in file.schools.values())
    venues = file.process.venues
    return team.uses_process or team.id in venues or (of_school and recurrence.SCHOOL_TEAM in venues)


def routines(file: DistrictFile) -> Iterator[Note]:
    for n, routine in file.routines.items():
        path: Path = ("routines", n)
        try:
            rule = recurrence.parse(routine.rule)
        except ValueError as error:
            yield file.mistake((*path, "rule"), str(error))
            continue
        if not (routine.team_ids or routine.people or routine.roles):
            yield file.finding(path, "no team, no people and no roles: nobody is invited")
        here = {each.role for each in file.people.values() if not each.external and each.left_on is None}
        nobody = [each for each in routine.roles if each not in here]
        if nobody:
            yield file.finding((*path, "roles"), f"nobody has the role {' or '.join(nobody)} now")
        yield from _outside_hours(file, path, routine, rule)
        if moved := list(_moved(file, rule)):
            more = f", and {len(moved) - SHOWN} more" if len(moved) > SHOWN else ""
            yield file.finding((*path, "rule"), f"it meets closed days: {', '.join(moved[:SHOWN])}{more}")
    for venue in file.process.venues:
        if not _meets(file, venue):
            path = ("process_document", "venues")
            yield file.finding(path, f'no routine for "{venue}": Clearway cannot say when it meets')


def _outside_hours(file: DistrictFile, path: Path, routine: RoutineEntry, rule: recurrence.Rule) -> Iterator[Note]:
    """It is held all the same: but whoever is there then is not written to, and school may be over."""
    calendar, hours = calendar_of(file), file.process.message_hours
    first, last = file.calendar.first_student_day, file.calendar.last_student_day
    days = (first, last) if first and last else None
    found = routine_rules.outside_hours(rule, routine.start, routine.minutes, calendar, days)
    if found is None:
        return
    if not found.half_days:
        kept = f"{hours.opens:%H:%M} to {hours.closes:%H:%M}"
        yield file.finding((*path, "start"), f"it is not within the hours in which people are written to, {kept}")
        return
    half = [str(each) for each in found.half_days]
    more = f", and {len(half) - SHOWN} more" if len(half) > SHOWN else ""
    named = ", ".join(half[:SHOWN])
    yield file.finding(
        (*path, "start"), f"it meets half days, and is not over by {hours.half_day_until:%H:%M}: {named}{more}"
    )


def _moved(file: DistrictFile, rule: recurrence.Rule) -> Iterator[str]:
    first, last = file.calendar.first_student_day, file.calendar.last_student_day
    if first is None or last is None or isinstance(rule, recurrence.Daily):
        return
    calendar = calendar_of(file)
    year = takewhile(lambda each: each[0] <= last, recurrence.planned(rule, calendar, first))
    for day, held_on in year:
        if day >= first and held_on != day:
            yield f"{day} (held on {held_on})" if held_on else f"{day} (not held)"


def calendar_of(file: DistrictFile) -> Calendar:
    """The calendar that the file makes."""
    facts = calendar_facts(file.calendar.model_dump(mode="json", by_alias=True))
    zone = file.district.timezone if _zone(file.district.timezone) else "UTC"
    return Calendar.made_of(zone, facts, file.process.message_hours)


def _meets(file: DistrictFile, venue: str) -> bool:
    def met(team: str | None) -> bool:
        return any(team in routine.team_ids for routine in file.routines.values())

    if venue == "slt":
        return bool(file.schools) and all(met(school.slt) for school in file.schools.values())
    return met(venue) or any(routine.id == venue.replace("_", "-") for routine in file.routines.values())
