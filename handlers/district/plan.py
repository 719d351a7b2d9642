"""What a district shall be, from its file and from what is there.

People whom the file no longer has are marked as having left, never deleted; people who joined by writing stay. What
was changed elsewhere since the file was last read stays, too, unless the file itself changed it.

The rules belong to the version in force, and a version's rules never change: other rules under the same label become a
draft, and a label that the file newly calls in force replaces the former one. What was decided of a version in chat
stays, unless the file says something new of it. Running challenges keep their version.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import count
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from sqlmodel import SQLModel

from handlers.district import rows
from handlers.district.model import SECTIONS, DistrictFile, PersonEntry, VersionEntry
from handlers.district.notes import Mistake
from handlers.district.parsing import VERSIONS
from handlers.rules import kinds
from storage import models, snapshot
from storage.people import APPLIED, SAID
from storage.process import Process
from storage.snapshot import Snapshot
from storage.vocabulary import DistrictId, PersonId, Platform, ProcessId, ProcessStatus, SchoolId, new_id

Row = TypeVar("Row", bound=SQLModel)
Placed = TypeVar("Placed", models.Person, models.Process)

REPLACED: Final = ProcessStatus.REPLACED

AFTER_INSTALLATION: Final = frozenset({"initial_implementation", "full_implementation"})
"""Phases of a district in which nothing more is expected that belongs to installation (R-52)."""
FROM_FILE: Final = frozenset({Platform.SLACK, Platform.TEAMS})
"""The platforms whose workspaces and accounts a file gives."""


@dataclass(frozen=True, slots=True)
class Undone:
    """What was decided in chat of a version of the process, and what the file makes of it since it says something new."""

    id: ProcessId
    version: str
    was: ProcessStatus
    becomes: ProcessStatus


@dataclass(slots=True)
class Plan:
    """What the district shall be."""

    after: Snapshot
    left: list[PersonId] = field(default_factory=list)
    draft: str | None = None
    undone: list[Undone] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    """What cannot be, given what is there."""
    stopped: list[str] = field(default_factory=list)
    """The routines that end with installation."""


def plan(file: DistrictFile, before: Snapshot | None, in_use: set[SchoolId], *, now: datetime, ledger_key: str) -> Plan:
    """What the district of a sound file shall be, given what is there. `in_use`: schools that the log refers to."""
    planned = Plan(Snapshot(_district(file, before, now, ledger_key)))
    after = planned.after
    before = before or Snapshot(after.district)
    district_id = after.district.id
    if before.district.fictional != after.district.fictional:
        planned.mistakes.append(
            file.mistake(
                ("fictional",), "a made-up district cannot become a real one, nor the reverse: give it another id"
            )
        )
    after.workspaces = [each for each in before.workspaces if each.platform not in FROM_FILE]
    after.workspaces += [
        models.Workspace(district_id=district_id, platform=platform, workspace_id=workspace)
        for platform, workspace in _workspaces(file).items()
    ]
    at = file.document.at
    after.schools = [rows.school(each, at(("schools", n)), n, district_id) for n, each in file.schools.items()]
    after.teams = _teams(file, before, district_id)
    after.routines = _routines(file, before, district_id)
    _end_of_installation(file, before, planned)
    for school in before.schools:
        if school.id in in_use and school.id not in file.given("schools"):
            says = f'challenges of the log belong to the school "{school.id}": keep it in the file'
            planned.mistakes.append(file.mistake(("schools",), says))
    _people(file, before, planned, now)
    _accounts(file, before, planned)
    after.absences = _absences(file, before, district_id)
    _versions(file, before, planned, now)
    return planned


def _teams(file: DistrictFile, before: Snapshot, district_id: DistrictId) -> list[models.Team]:
    """Those of the file. What was said in chat of an agenda stands as long as the entry says of that what it said before."""
    stands = {each.id: each for each in before.teams}
    found = []
    for n, entry in file.teams.items():
        row = rows.team(entry, file.document.at(("teams", n)), n, district_id)
        was = stands.get(row.id)
        if was and was.kept.get("standing_item") == row.kept.get("standing_item"):
            row.standing_item = was.standing_item
        found.append(row)
    return found


def _routines(file: DistrictFile, before: Snapshot, district_id: DistrictId) -> list[models.Routine]:
    """Those of the file; and those that were made in chat.

    An entry that says what it said before leaves its routine as it stands, which may have been changed in chat since.
    """
    stands = {each.id: each for each in before.routines}
    found = []
    for n, entry in file.routines.items():
        written = file.document.at(("routines", n))
        was = stands.pop(entry.id, None)
        row = rows.routine(entry, written, n, district_id)
        if was and was.kept == written:
            row = models.Routine(**vars(was) | {"position": n})
        elif was:
            row.running = was.running if entry.running is None else row.running
            row.year_proposed = was.year_proposed
        found.append(row)
    made_in_chat = (each for each in stands.values() if not each.kept)
    return [
        *found,
        *(models.Routine(**vars(each) | {"position": len(found) + n}) for n, each in enumerate(made_in_chat)),
    ]


def _end_of_installation(file: DistrictFile, before: Snapshot, planned: Plan) -> None:
    """With the first phase after it, what belongs to installation is stopped; somebody may start it again (R-52)."""
    phase_was = (before.district.kept.get("district") or {}).get("phase")
    if file.district.phase in AFTER_INSTALLATION and phase_was not in AFTER_INSTALLATION:
        for row in planned.after.routines:
            if row.running and row.kind in kinds.OF_INSTALLATION:
                row.running = False
                planned.stopped.append(row.id)


def _district(file: DistrictFile, before: Snapshot | None, now: datetime, ledger_key: str) -> models.District:
    entry, data = file.district, file.document.data
    return models.District(
        id=DistrictId(entry.id),
        name=entry.name,
        timezone=entry.timezone,
        locale=entry.locale,
        word=entry.word,
        fictional=file.whole.fictional,
        revision=before.district.revision if before else 1,
        ledger_key=before.district.ledger_key if before else ledger_key,
        calendar=_calendar(data.get("calendar", {}), before),
        kept={name: value for name, value in data.items() if name not in SECTIONS or name == "district"},
        created_at=before.district.created_at if before else now,
    )


def _calendar(of_file: dict[str, Any], before: Snapshot | None) -> dict[str, Any]:
    """The calendar of the file, and what somebody has said in chat since the file was written (a snow day).

    Where a school calendar was applied since, and the file says what it said then, the one that was applied stays.
    """
    was = before.district.calendar if before else {}
    if applied := was.get(APPLIED):
        mark = mark_of_calendar(of_file)
        if mark in {applied["over"], mark_of_calendar(was)}:
            return was
    closed = list(of_file.get("closed") or ())
    known = {(each.get("from"), each.get("to")) for each in closed}
    said = [
        each for each in was.get("closed") or () if each.get(SAID) and (each.get("from"), each.get("to")) not in known
    ]
    return {**of_file, "closed": [*closed, *said]} if said else of_file


def mark_of_calendar(section: Mapping[str, Any]) -> str:
    """Equal for equal calendars of a file, whatever was said in chat or applied besides."""
    written = {name: value for name, value in section.items() if name != APPLIED}
    written["closed"] = [each for each in section.get("closed") or () if not each.get(SAID)]
    return hashlib.sha256(json.dumps(written, sort_keys=True).encode()).hexdigest()[:16]


def _workspaces(file: DistrictFile) -> dict[Platform, str]:
    platforms = file.district.platforms
    found = {}
    if platforms.slack:
        found[Platform.SLACK] = platforms.slack.workspace_id
    if platforms.teams:
        found[Platform.TEAMS] = platforms.teams.tenant_id
    return found


def _people(file: DistrictFile, before: Snapshot, planned: Plan, now: datetime) -> None:
    """Those of the file, then those who joined by writing, and those who were in the file once."""
    known = {row.id: row for row in before.people}
    found = []
    for n, entry in file.people.items():
        row = rows.person(entry, file.document.at(("people", n)), n, planned.after.district.id)
        found.append(_with_present_facts(row, known.pop(row.id, None)))
    for row in known.values():
        if not row.joined and row.left_on is None:
            last_day = _today(file, now)
            row = _copy(row, left_on=last_day, kept=row.kept | {"left_on": last_day.isoformat()})
            planned.left.append(row.id)
        found.append(row)
    planned.after.people = _numbered(found)


def _with_present_facts(row: models.Person, known: models.Person | None) -> models.Person:
    """The file's person, but with what was changed elsewhere since: only what the file itself changed comes from it."""
    if known is None:
        return row
    written = known.kept or {"id": known.id, "name": known.name, "joined": True}
    as_read = rows.person(PersonEntry.model_validate(written), known.kept, known.position, known.district_id)
    elsewhere = {
        name: getattr(known, name)
        for name in snapshot.columns(row)
        if getattr(row, name) == getattr(as_read, name) != getattr(known, name)
    }
    return _copy(row, **elsewhere)


def _copy(row: Row, **changes: Any) -> Row:
    return type(row)(**{name: getattr(row, name) for name in snapshot.columns(row)} | changes)


def _numbered(some: list[Placed]) -> list[Placed]:
    return [_copy(row, position=n) for n, row in enumerate(some)]


def _today(file: DistrictFile, now: datetime) -> date:
    return now.astimezone(ZoneInfo(file.district.timezone)).date()


def _accounts(file: DistrictFile, before: Snapshot, planned: Plan) -> None:
    """The file's accounts for its people. Other platforms, people it does not have, and accounts that somebody has
    confirmed to be theirs, stay; so does the platform that a person has chosen to hear from us on."""
    listed = file.given("people")
    known = {(each.platform, each.workspace_id, each.user_id): each for each in before.accounts}
    mine: dict[tuple[Platform, str, str], models.Account] = {}
    workspaces = _workspaces(file)
    prefers = {each.person_id: each.platform for each in before.accounts if each.preferred}
    for n, entry in file.people.items():
        named = {Platform.SLACK: entry.slack, Platform.TEAMS: entry.teams}
        has = {platform: user for platform, user in named.items() if user}
        for platform, user in has.items():
            identity = (platform, workspaces[platform], user)
            old = known.get(identity)
            same = old is not None and old.person_id == entry.id
            if old and old.person_id not in listed:
                says = (
                    f'{user} is the account of "{old.person_id}", whom the file does not have: give this entry that id'
                )
                planned.mistakes.append(file.mistake(("people", n, str(platform)), says))
            mine[identity] = models.Account(
                district_id=planned.after.district.id,
                platform=platform,
                workspace_id=workspaces[platform],
                user_id=user,
                person_id=PersonId(entry.id),
                preferred=platform is prefers.get(PersonId(entry.id), _preferred(file, has)),
                conversation_id=old.conversation_id if old and same else None,
                unreachable_since=old.unreachable_since if old and same else None,
                directory_id=old.directory_id if old and same else None,
                mail=old.mail if old and same else None,
                linked=old.linked if old and same else False,
            )
    others = [each for name, each in known.items() if name not in mine]
    stay = [each for each in others if each.linked or each.platform not in FROM_FILE or each.person_id not in listed]
    planned.after.accounts = [*mine.values(), *stay]


def _preferred(file: DistrictFile, has: Mapping[Platform, str]) -> Platform:
    """The district's primary platform, or the only one that the person is on."""
    platforms = file.district.platforms
    primary = Platform.TEAMS if platforms.teams and platforms.teams.primary else Platform.SLACK
    return primary if primary in has else next(iter(has))


def _absences(file: DistrictFile, before: Snapshot, district_id: DistrictId) -> list[models.Absence]:
    """The file's, and those that people entered. One that is there already stays as it is."""
    entered = [each for each in before.absences if not each.from_file]
    from_file = {rows.says(each): each for each in before.absences if each.from_file}
    theirs = {rows.says(each) for each in entered}  # and, further down, those of the file that were taken already
    found: list[models.Absence] = []
    for entry in file.people.values():
        for leave in entry.leave:
            row = rows.absence(PersonId(entry.id), leave, district_id)
            if rows.says(row) in theirs:
                continue
            theirs.add(rows.says(row))
            old = from_file.get(rows.says(row))
            row.id, row.position = old.id if old else row.id, len(found)
            found.append(row)
    return [*found, *entered]


# ------------------------------------------------------------------------------------------ versions of the process


HELD: Final = frozenset({ProcessStatus.IN_FORCE, ProcessStatus.REPLACED})
"""Challenges may run under these: their rules never change."""


def _versions(file: DistrictFile, before: Snapshot, planned: Plan, now: datetime) -> None:
    known = {row.version: row for row in before.processes}
    found: list[models.Process] = []
    drafts: list[models.Process] = []
    in_force: set[str] = set()
    for n, entry in file.versions.items():
        old = known.pop(entry.version, None)
        row = _version(file, n, entry, old)
        found.append(row)
        if entry.status is row.status is ProcessStatus.IN_FORCE:
            in_force.add(row.id)
        if old is None:
            continue
        if row.rules is None or _equal(old.rules, row.rules):
            row.rules = old.rules
        elif entry.status is ProcessStatus.IN_FORCE and old.status is row.status and old.status in HELD:
            row.rules = old.rules
            planned.draft, drafts = _draft(file, entry, before, now)
        elif old.status in HELD:
            says = f"version {entry.version} was in force with other rules: give the new rules a new version"
            planned.mistakes.append(file.mistake((*VERSIONS, n), says))
    former = {row.id for row in [*found, *known.values()] if row.status is ProcessStatus.IN_FORCE} - in_force
    every = [*found, *known.values(), *drafts]
    planned.after.processes = _numbered(
        [_with_status(row, REPLACED) if in_force and row.id in former else row for row in every]
    )
    stood = {row.id: row for row in before.processes}
    for row in planned.after.processes:
        was = stood.get(row.id)
        if was and was.status is not row.status and str(was.status) != was.kept.get("status", str(was.status)):
            planned.undone.append(Undone(row.id, row.version, was.status, row.status))


def _version(file: DistrictFile, n: int, entry: VersionEntry, old: models.Process | None) -> models.Process:
    written = file.document.at((*VERSIONS, n)) or {"version": entry.version}
    in_force = entry.status is ProcessStatus.IN_FORCE
    row = models.Process(
        district_id=DistrictId(file.district.id),
        id=old.id if old else ProcessId(new_id()),
        version=entry.version,
        status=entry.status,
        dated=entry.dated,
        rules=file.rules if in_force else entry.rules,
        kept={name: value for name, value in written.items() if name != "rules"},
    )
    if old and _decided_since(entry, old) and (old.status in HELD or _same_rules(row, old)):
        return _copy(row, status=old.status, dated=old.dated, kept=old.kept)
    if old:  # who submitted or approved that in chat stays known: they do not approve it alone now
        in_chat = {name: old.kept[name] for name in SIGNED if name in old.kept}
        row = _copy(row, kept={**in_chat, **row.kept})
    return _with_status(row, REPLACED if old and old.status in HELD and not in_force else entry.status)


SIGNED: Final = ("submitted_by", "approved_by")
"""Of an entry, and of what was decided in chat."""


def _decided_since(entry: VersionEntry, old: models.Process) -> bool:
    """It was submitted, returned, approved or replaced in chat, and the file says of it what it said before."""
    as_read = old.kept.get("status", str(old.status))
    return bool(str(old.status) != as_read == str(entry.status))


def _same_rules(row: models.Process, old: models.Process) -> bool:
    return row.rules is None or _equal(row.rules, old.rules)


def _with_status(row: models.Process, status: ProcessStatus) -> models.Process:
    return _copy(row, status=status, kept=row.kept | {"status": str(status)})


def _draft(
    file: DistrictFile, entry: VersionEntry, before: Snapshot, now: datetime
) -> tuple[str | None, list[models.Process]]:
    """The label of the draft with the file's rules, and the draft itself where there is none yet; None where these are
    the rules in force, under the label that an executive leader has approved since."""
    waiting = (row for row in before.processes if row.status is not REPLACED and _equal(row.rules, file.rules))
    there = sorted(waiting, key=lambda row: row.status is not ProcessStatus.IN_FORCE)
    if there:
        return (None if there[0].status is ProcessStatus.IN_FORCE else there[0].version), []
    taken = {row.version for row in before.processes} | {each.version for each in file.versions.values()}
    label = next(each for each in (f"{entry.version}-draft-{n}" for n in count(1)) if each not in taken)
    dated = _today(file, now)
    row = models.Process(
        district_id=DistrictId(file.district.id),
        version=label,
        status=ProcessStatus.DRAFT,
        dated=dated,
        rules=file.rules,
        kept={"version": label, "date": dated.isoformat()},
    )
    return label, [_with_status(row, ProcessStatus.DRAFT)]


def _equal(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    """The same rules, however they are written."""
    if one is None or other is None:
        return one is other
    return Process.model_validate(one) == Process.model_validate(other)
