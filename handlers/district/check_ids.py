"""Ids in a district file: each is given once, and whatever is referred to is there."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from handlers.district.model import DistrictFile, Entry
from handlers.district.notes import Mistake
from handlers.district.parsing import VERSIONS
from handlers.district.reader import Path
from storage.directory import COACH, COORDINATOR, PRINCIPAL, SUPERINTENDENT

Reference = tuple[Path, str]
"""Where an id is named, and the id."""


def given_once(file: DistrictFile) -> Iterator[Mistake]:
    sections: dict[Path, Mapping[int, Entry]] = {
        ("schools",): file.schools,
        ("people",): file.people,
        ("teams",): file.teams,
        ("routines",): file.routines,
        VERSIONS: file.versions,
    }
    for path, entries in sections.items():
        first: dict[str, int] = {}
        for n, entry in entries.items():
            name = str(getattr(entry, "id", None) or getattr(entry, "version", ""))
            if name in first:
                line = file.document.line((*path, first[name]))
                yield file.mistake((*path, n), f'"{name}" is taken by the entry in line {line}: give this one another')
            first.setdefault(name, n)
    for n, person in file.people.items():
        if person.id in {PRINCIPAL, COACH}:
            yield file.mistake(("people", n), f'"{person.id}" means whoever has that role: choose another id')


def all_there(file: DistrictFile) -> Iterator[Mistake]:
    known = {section: file.given(section) for section in ("schools", "people", "teams")}
    for section, path, wanted in _references(file):
        if wanted not in known[section]:
            yield file.mistake(path, _no_such(wanted, section, known[section]))
    roles = file.given("people", "role") | {PRINCIPAL, COACH, COORDINATOR, SUPERINTENDENT}
    for path, wanted in _people_or_roles(file):
        if wanted not in known["people"] | roles:
            yield file.mistake(
                path, _no_such(wanted, "people", known["people"] | roles) + '; a role such as "principal" will do'
            )


def _references(file: DistrictFile) -> Iterator[tuple[str, Path, str]]:
    """Every id that the file refers to: the section that must have it, where it is named, and the id."""

    def refer(section: str, within: Path, **fields: str | Iterable[str] | None) -> Iterator[tuple[str, Path, str]]:
        for name, value in fields.items():
            if isinstance(value, str):
                yield section, (*within, name), value
            elif value is not None:
                for n, each in enumerate(value):
                    yield section, (*within, name, n), each

    for n, school in file.schools.items():
        yield from refer("teams", ("schools", n), slt=school.slt)
    for n, person in file.people.items():
        yield from refer("schools", ("people", n), school=person.school, schools=person.schools)
        yield from refer("people", ("people", n), successor=person.successor)
        for m, leave in enumerate(person.leave):
            yield from refer("people", file.leave(n, m), delegate=leave.delegate, above_limit=leave.above_limit)
    for n, team in file.teams.items():
        here: Path = ("teams", n)
        yield from refer("schools", here, school=team.school)
        yield from refer("people", here, lead=team.lead, members=team.members, observers=team.observers)
        yield from refer(
            "people", here, facilitator=team.facilitator, recorder=team.recorder, timekeeper=team.timekeeper
        )
        yield from refer("people", (*here, "backups"), **team.backups)
    for n, routine in file.routines.items():
        yield from refer("teams", ("routines", n), team=routine.team, teams=routine.teams)
        yield from refer("people", ("routines", n), people=routine.people)
    for n, version in file.versions.items():
        signed = {"approved_by": version.approved_by, "submitted_by": version.submitted_by}
        yield from refer("people", (*VERSIONS, n), **signed)
    for n, row in enumerate(file.process.authority_matrix):
        decider = None if row.decider == PRINCIPAL else row.decider
        yield from refer("people", ("authority_matrix", n), decider=decider, outside=row.outside)
    officers = {"foia_coordinator": file.district.foia_coordinator, "records_officer": file.district.records_officer}
    yield from refer("people", ("district",), **officers)


def _people_or_roles(file: DistrictFile) -> Iterator[Reference]:
    process: Path = ("process_document",)
    for n, rule in enumerate(file.process.inform):
        for m, who in enumerate(rule.who):
            yield (*process, "inform", n, "who", m), who
    for desk, who in file.process.desks.items():
        yield (*process, "desks", desk), who
    yield (*process, "confirmation", "then"), file.process.confirmation.then


def _no_such(wanted: str, section: str, known: Iterable[str]) -> str:
    like = get_close_matches(wanted, sorted(known), n=1, cutoff=0.6)
    return (
        f'{section} has no "{wanted}": '
        + (f'did you mean "{like[0]}"? Else ' if like else "")
        + "add it, or mend the id"
    )
