"""Ids and codes in a district file: each is given once, what is referred to is there, and no code is a slip."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from handlers.cards import labels
from handlers.district.model import DistrictFile, Entry
from handlers.district.notes import Mistake, Note
from handlers.district.parsing import VERSIONS
from handlers.district.reader import Path
from handlers.district.slips import slip_of
from storage.directory import COACH, COORDINATOR, PRINCIPAL, SUPERINTENDENT

KEPT: Final = (
    ("communication_links", "designee", "people"),
    ("supports", "school", "schools"),
    ("dca", "administrator", "people"),
)
"""References in sections that are only kept: the section, the field, and the section that must have it."""
POSTS: Final = frozenset({PRINCIPAL, COACH, COORDINATOR, SUPERINTENDENT})
"""Roles that the process gives a part to."""


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
    known = {section: file.given(section) for section in ("schools", "people", "teams", "strategic_plan")}
    for section, path, wanted in _references(file):
        if wanted not in known[section]:
            yield file.mistake(path, _no_such(wanted, section, known[section]))
    for path, wanted, roles in _people_or_roles(file):
        if wanted not in known["people"] | roles:
            says = _no_such(wanted, "people", known["people"] | roles)
            yield file.mistake(path, f"{says}; a role such as {_listed(roles)} will do")


def roles(file: DistrictFile) -> Iterator[Note]:
    """A role that is another spelling or a slip of one we know would leave its post empty."""
    own: dict[str, Path] = {}
    named: list[tuple[Path, str]] = [(("people", n, "role"), person.role) for n, person in file.people.items()]
    for n, routine in file.routines.items():
        named += [(("routines", n, "roles", m), role) for m, role in enumerate(routine.roles)]
    for path, role in named:
        if meant := slip_of(role, labels.ROLES):
            yield file.mistake(path, f'"{role}" is no role that Clearway knows: did you mean "{meant}"?')
        elif role not in labels.ROLES:
            own.setdefault(role, path)
    if own:
        says = "roles of your own, shown as they stand here; no rule of the process speaks of them: "
        yield file.finding(next(iter(own.values())), says + ", ".join(own))


def codes(file: DistrictFile) -> Iterator[Mistake]:
    """Other words with a fixed spelling: a slip of one of them would pass for a word of the district's own."""
    named: dict[Path, tuple[str, ...]] = {
        ("process_document", "desks"): ("work_order", "personnel_complaint", "classroom_question"),
        **{("teams", n, "backups"): ("facilitator", "recorder", "timekeeper") for n in file.teams},
    }
    words: list[tuple[Path, object, tuple[str, ...]]] = [
        (("teams", n, "level"), team.level, ("district", "school")) for n, team in file.teams.items()
    ]
    for path, known in named.items():
        within = file.document.at(path)
        words += [((*path, name), name, known) for name in within] if isinstance(within, dict) else []
    for path, word, known in words:
        if isinstance(word, str) and (meant := slip_of(word, known)):
            yield file.mistake(path, f'Clearway does not know "{word}": did you mean "{meant}"?')


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
        if file.given("strategic_plan"):
            yield from refer("strategic_plan", here, plan_goal=team.plan_goal)
    for n, routine in file.routines.items():
        yield from refer("teams", ("routines", n), team=routine.team, teams=routine.teams)
        yield from refer("people", ("routines", n), people=routine.people)
    for n, version in file.versions.items():
        signed = {"approved_by": version.approved_by, "submitted_by": version.submitted_by}
        yield from refer("people", (*VERSIONS, n), **signed)
    for n, row in file.matrix_rows():
        decider = None if row.get("decider") == PRINCIPAL else row.get("decider")
        yield from refer("people", ("authority_matrix", n), decider=decider, outside=row.get("outside"))
    for section, field, wanted in KEPT:
        entries = file.document.at((section,))
        for n, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict) and isinstance(entry.get(field), str):
                yield from refer(wanted, (section, n), **{field: entry[field]})
    officers = {"foia_coordinator": file.district.foia_coordinator, "records_officer": file.district.records_officer}
    yield from refer("people", ("district",), **officers)


def _people_or_roles(file: DistrictFile) -> Iterator[tuple[Path, str, frozenset[str]]]:
    """Where a person or a role is named: the place, the name, and the roles that mean somebody there."""
    process: Path = ("process_document",)
    for n, rule in enumerate(file.process.inform):
        for m, who in enumerate(rule.who):
            yield (*process, "inform", n, "who", m), who, frozenset({PRINCIPAL})
    for desk, who in file.process.desks.items():
        yield (*process, "desks", desk), who, frozenset({COACH})
    yield (*process, "confirmation", "then"), file.process.confirmation.then, POSTS | file.given("people", "role")


def _no_such(wanted: str, section: str, known: Iterable[str]) -> str:
    if section == "people" and wanted in labels.ROLES:
        return f'"{wanted}" is a role, not a person: write the id of whoever is meant'
    like = get_close_matches(wanted, sorted(known), n=1, cutoff=0.6)
    return (
        f'{section} has no "{wanted}": '
        + (f'did you mean "{like[0]}"? Else ' if like else "")
        + "add it, or mend the id"
    )


def _listed(roles: Iterable[str]) -> str:
    return " or ".join(f'"{each}"' for each in sorted(set(roles) & POSTS))
