"""Takes a district file into the database: the whole file or none of it, and the same file twice changes nothing."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from handlers import acts, closures, occurrences
from handlers.district.check import check
from handlers.district.model import DistrictFile
from handlers.district.notes import DistrictFileError, Finding
from handlers.district.plan import Plan, Undone, mark_of_calendar, plan
from handlers.district.versions import to_paste, today
from handlers.rules import access
from handlers.rules import versions as rules
from handlers.telling import tell
from scheduling.calendar import Calendar
from storage import models, people, registrations, snapshot, versions
from storage.database import Database
from storage.directory import Directory
from storage.models import Event
from storage.people import APPLIED
from storage.sealing import Seal
from storage.snapshot import Difference, Snapshot
from storage.store import Came, Store, plain
from storage.vocabulary import DistrictId, Door, Kind, Lane, MessageKind, PersonId, Platform, TimerKind


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did."""

    district_id: DistrictId
    name: str
    revision: int
    created: bool
    changed: bool
    added: Mapping[str, int]
    """How many rows, by kind ("person")."""
    updated: Mapping[str, int]
    removed: Mapping[str, int]
    left: tuple[PersonId, ...]
    """Those whom the file no longer has."""
    in_force: str
    """The version in force after the import."""
    draft: str | None
    """The draft that holds the file's rules, where they are not those in force under the same label."""
    findings: tuple[Finding, ...]
    to_paste: str = ""
    """With a draft: what to write into the file so that its rules take effect."""
    warnings: tuple[str, ...] = ()
    """What the file does together with those of other districts."""


class _OnlyLookedError(Exception):
    """Ends the transaction of a preview."""


@dataclass(frozen=True, slots=True)
class _Done:
    planned: Plan
    before: Snapshot | None
    difference: Difference
    directory: Directory


async def import_district(
    database: Database, seal: Seal, text: str, *, now: datetime, apply: bool = True
) -> ImportResult:
    """Creates the district of this file, or brings it to what the file says, in one transaction; without `apply` it is
    all done, looked at, and rolled back.

    Raises DistrictFileError with every mistake, and then changes nothing.
    """
    checked = check(text, now)
    file = checked.sound()
    district_id = DistrictId(file.district.id)
    done: list[_Done] = []
    with suppress(_OnlyLookedError):
        async with database.district(district_id) as connection:
            done.append(await _import(connection, seal, file, now))
            if not apply:
                raise _OnlyLookedError
    planned, before, difference, directory = done[0].planned, done[0].before, done[0].difference, done[0].directory
    return ImportResult(
        district_id=district_id,
        name=directory.name,
        revision=directory.revision,
        created=before is None,
        changed=bool(difference),
        added=_counted(difference.added),
        updated=_counted(row for row, _ in difference.changed),
        removed=_counted(difference.removed),
        left=tuple(planned.left),
        in_force=directory.in_force.version,
        draft=planned.draft,
        findings=checked.findings,
        to_paste=to_paste(file, today(file, now), [each.version for each in planned.after.processes])
        if planned.draft
        else "",
        warnings=(
            *_of_calendar(file.document.data.get("calendar") or {}, planned.after.district.calendar),
            *_replaced_calendar(before, planned.after),
            *_older(file, directory.in_force.version),
            *_stopped(planned),
            *_undone(planned.undone),
            *await _shared(database, district_id, planned.after.workspaces),
        ),
    )


async def _import(connection: AsyncConnection, seal: Seal, file: DistrictFile, now: datetime) -> _Done:
    district_id = DistrictId(file.district.id)
    try:
        head = await people.revision_and_ledger(connection, district_id, lock=True)
    except people.UnknownDistrictError:
        head = people.Head(0, models.Ledger(district_id=district_id))
    before = await snapshot.read(connection, district_id) if head.revision else None
    in_use = await snapshot.schools_in_use(connection, district_id) if before else set()
    planned = plan(file, before, in_use, now=now, ledger_key=people.new_ledger_key(seal, district_id))
    if planned.mistakes:
        raise DistrictFileError(tuple(sorted(planned.mistakes)))
    difference = snapshot.difference(before, planned.after)
    was = (await people.load_directory(connection, district_id))[0] if before else None
    if difference:
        await snapshot.write(connection, district_id, difference)
    directory, sealed = await people.load_directory(connection, district_id)
    if difference:
        key = people.open_ledger_key(seal, sealed, district_id)
        store = Store(connection, directory, key, head.ledger, Came(Door.OPERATOR), seal)
        if was:
            await _end_removed(store, was, difference, now)
            await _plan_changed(store, difference, now)
        for row in difference.added:
            if isinstance(row, models.Absence):
                await occurrences.look_again_who_does_what(store, row.person_id, row.from_on, row.to_on, now)
        await closures.take_effect(store, Calendar.of(was or directory), now)
        for version_id in await versions.without_a_timer(connection, district_id):
            store.set_timer(TimerKind.VERSION, version_id, acts.calendar(store).morning_after(now, rules.A_WEEK))
        event = store.record(None, Kind.IMPORTED, by=None, at=now, data=_told(difference))
        await _tell_of(store, planned.undone, event, now)
        await store.flush(now)
    return _Done(planned, before, difference, directory)


async def _tell_of(store: Store, undone: Sequence[Undone], event: Event, now: datetime) -> None:
    """What was decided in chat does not hold any more: who can decide about it hears that, and whoever drafted it."""
    directory, today = store.directory, acts.today(store, now)
    for each in undone:
        version = directory.versions.get(each.id)
        if version is None:  # the rules of that one are not here
            continue
        to = {*rules.leaders(version, directory, today), *access.coordinators(directory, today), version.submitted_by}
        tell(store, sorted(one for one in to if one), MessageKind.VERSION, event, now, item=each.id, lane=Lane.SINGLE)
    await store.look_at_item([each.id for each in undone], now)


async def _end_removed(store: Store, was: Directory, difference: Difference, now: datetime) -> None:
    """What is planned of routines that the file has no more ends, for those who were of them: `was`, not now."""
    directory, store.directory = store.directory, was
    for row in difference.removed:
        if isinstance(row, models.Routine) and (routine := was.routine(row.id)):
            await occurrences.take_out(store, routine, now)
    store.directory = directory


async def _plan_changed(store: Store, difference: Difference, now: datetime) -> None:
    """Routines that are other than they were are planned anew before anything moves off days that are closed now."""
    for row, _ in difference.changed:
        routine = store.directory.routine(row.id) if isinstance(row, models.Routine) else None
        if routine is not None and routine.running:
            await occurrences.plan(store, routine, now)


def _stopped(planned: Plan) -> Iterator[str]:
    if planned.stopped:
        yield (
            "the district is past installation, so Clearway does not run these any more: "
            f"{', '.join(planned.stopped)}. Start those that go on under /clearway routines."
        )


def _older(file: DistrictFile, in_force: str) -> Iterator[str]:
    """An executive leader has approved another version in chat since the file was written."""
    named = file.in_force.version if file.in_force else in_force
    if named != in_force:
        yield (
            f"the file calls version {named} of the process in force, and an executive leader has approved {in_force} in "
            "chat since. That one stays. Export the district to have a file that says so."
        )


def _of_calendar(in_file: Mapping[str, Any], kept: Mapping[str, Any]) -> Iterator[str]:
    """A school calendar was applied since, and the file still has the one of before."""
    applied = kept.get(APPLIED)
    if applied and mark_of_calendar(in_file) != mark_of_calendar(kept):
        yield (
            f"the calendar is the one that `clearway district calendar` applied on {applied['on']}; that of this file has "
            "not changed since, and is left aside. To have both agree, export the district and keep that file."
        )


def _replaced_calendar(before: Snapshot | None, after: Snapshot) -> Iterator[str]:
    """The file has another calendar than it had, so the one that was applied since goes."""
    applied = before.district.calendar.get(APPLIED) if before else None
    if applied and not after.district.calendar.get(APPLIED):
        yield (
            f"the calendar of this file is another than before, and takes the place of the one that `clearway district "
            f"calendar` applied on {applied['on']}. To keep that one, apply it again."
        )


def _undone(undone: Iterable[Undone]) -> Iterator[str]:
    for each in undone:
        yield (
            f"version {each.version} of the process was changed in chat since the last import, and is {each.was} there; by "
            f"this file it is {each.becomes}. Those who can decide about it are told."
        )


async def _shared(
    database: Database, district_id: DistrictId, workspaces: Iterable[models.Workspace]
) -> tuple[str, ...]:
    """One workspace may serve several districts, and somebody may be in several; or an id was copied by mistake."""
    warnings = []
    async with database.queue(write=False) as connection:
        for each in workspaces:
            admit = await registrations.admitted(connection, each.platform, each.workspace_id)
            others = [other for other in admit if other != district_id]
            if others:
                kind = "Teams tenant" if each.platform is Platform.TEAMS else "Slack workspace"
                warnings.append(
                    f"the {kind} {each.workspace_id} belongs to {', '.join(others)}, too. Where it serves several "
                    "districts, that is right: who is in several is asked which one is meant, and whoever is in no file is "
                    f"taken for staff of {admit[0]}. If not, mend the id in one of the files."
                )
    return tuple(warnings)


def _counted(some: Iterable[SQLModel]) -> Counter[str]:
    return Counter(snapshot.key(row)[0] for row in some)


WORDS: Final = frozenset({"name", "word", "kept", "calendar", "rules"})
"""Columns with words in them: the history says that they changed, the words stand in the rows."""


def _told(difference: Difference) -> dict[str, Any]:
    """What the history keeps of an import: ids, codes and dates, with the former values."""
    return {
        "added": [":".join(snapshot.key(row)) for row in difference.added],
        "removed": [":".join(snapshot.key(row)) for row in difference.removed],
        "changes": {
            ":".join(snapshot.key(row)): {
                name: None if name in WORDS else [plain(was), plain(shall)] for name, (was, shall) in changes.items()
            }
            for row, changes in difference.changed
        },
    }
