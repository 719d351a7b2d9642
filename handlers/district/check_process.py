"""The written process in a district file: does each part speak of what the others name?"""

from collections.abc import Iterator
from datetime import date
from difflib import get_close_matches

from handlers.district import parsing
from handlers.district.model import DistrictFile, PersonEntry
from handlers.district.notes import Finding, Mistake, Note
from handlers.district.parsing import VERSIONS
from handlers.district.reader import Path
from handlers.district.versions import new_version
from storage.directory import PRINCIPAL
from storage.process import Process
from storage.vocabulary import ProcessStatus, Rung, Scope, Urgency

PROCESS: Path = ("process_document",)


def versions(file: DistrictFile) -> Iterator[Note]:
    in_force = [(n, each) for n, each in file.versions.items() if each.status is ProcessStatus.IN_FORCE]
    known = {person.id: person for person in file.people.values()}
    if not in_force and file.understood(VERSIONS, file.versions):
        yield file.mistake(VERSIONS, "none is in force: give the one that holds the status in_force")
    for n, version in in_force[1:]:
        first = in_force[0][1].version
        yield file.mistake((*VERSIONS, n, "status"), f"{version.version} and {first} cannot both be in force: mend one")
    for n, version in in_force[:1]:
        if version.version == parsing.starter_version().version:
            continue  # nobody approved it yet, and the district has no other
        approver = known.get(version.approved_by or "")
        if version.approved_by is None:
            yield file.mistake(
                (*VERSIONS, n), "in force, but nobody approved it: add approved_by, or give it another status"
            )
        elif approver and not approver.executive_leader:
            yield file.finding((*VERSIONS, n, "approved_by"), f"{approver.name} is no executive leader")
        if version.rules is not None:
            cure = "its rules are those of the file: delete this field"
            yield file.mistake((*VERSIONS, n, "rules"), cure)


def named_words(file: DistrictFile) -> Iterator[Mistake]:
    """Types, tags and venues are those that the process lists."""
    process, rules = file.process, file.process.venue_rules
    lists = {"types": process.types, "tags": process.tags, "venues": process.venues}
    where: Path = (*PROCESS, "venue_rules")
    wanted: list[tuple[Path, str | None, str]] = [
        *((("authority_matrix", n, "type"), row.get("type"), "types") for n, row in file.matrix_rows()),
        *((("authority_matrix", n, "when"), row.get("when"), "tags") for n, row in file.matrix_rows()),
        *(((*where, "type", kind), kind, "types") for kind in rules.type),
        *(((*where, "type", kind), venue, "venues") for kind, venue in rules.type.items()),
        *(((*where, "scope", str(scope)), venue, "venues") for scope, venue in rules.scope.items()),
        ((*where, "default"), rules.default, "venues"),
    ]
    for path, word, among in wanted:
        known = word is None or word in lists[among]
        broken = file.broken - {"authority_matrix"}  # whose rows are read as they stand
        if not known and not broken & {among, str(path[0]), str(path[1])}:
            like = get_close_matches(word or "", lists[among], n=1)
            hint = f'did you mean "{like[0]}"? Else ' if like else ""
            yield file.mistake(
                path, f'"{word}" is not among the {among} of the process: {hint}add it there, or mend it here'
            )
    for n, rule in enumerate(process.inform):
        about, _, word = rule.when.partition(" ")
        if word not in _conditions(process).get(about, ()):
            cure = 'write "csi school", "scope" and a scope, "urgency" and a level, or "type" and a type of the process'
            yield file.mistake((*PROCESS, "inform", n, "when"), f'"{rule.when}" is never so: {cure}')


def _conditions(process: Process) -> dict[str, tuple[str, ...]]:
    """What an inform rule may hang on."""
    return {"csi": ("school",), "scope": tuple(Scope), "urgency": tuple(Urgency), "type": process.types}


def listed_once(file: DistrictFile) -> Iterator[Mistake]:
    lists = {"types": file.process.types, "tags": file.process.tags, "venues": file.process.venues}
    for name, words in lists.items():
        for n, word in enumerate(words):
            if word in words[:n]:
                yield file.mistake((*PROCESS, name, n), f'"{word}" is listed twice: delete one')


def words_given(file: DistrictFile) -> Iterator[Mistake]:
    """What people are to read or to choose is not empty."""
    process = file.process
    said: dict[Path, str] = {("student_crisis_text",): process.student_crisis_text, ("name",): process.name}
    for name, listed in {"types": process.types, "tags": process.tags, "venues": process.venues}.items():
        said |= {(name, n): word for n, word in enumerate(listed)}
    for path, text in said.items():
        if not text.strip():
            yield file.mistake((*PROCESS, *path), "is empty: write some words")


def ladder(file: DistrictFile) -> Iterator[Mistake]:
    rungs = file.process.ladder
    in_order = [rung for rung in Rung if rung in rungs]
    if list(rungs) != in_order or in_order[:1] != [Rung.OWNER] or in_order[-1:] != [Rung.SUPERINTENDENT]:
        cure = (
            "begin with owner, end with superintendent, each once: owner, coordinator, executive_leader, superintendent"
        )
        yield file.mistake((*PROCESS, "ladder"), f"a challenge could not climb it: {cure}")


def matrix(file: DistrictFile) -> Iterator[Note]:
    """Each case has one row, and its decider may decide it."""
    if file.broken & {"authority_matrix", "types"}:
        return
    people = {person.id: person for person in file.people.values()}
    first: dict[tuple[str, Scope, str | None], int] = {}
    for n, row in enumerate(file.process.authority_matrix):
        path: Path = ("authority_matrix", n)
        case = (row.type, row.scope, row.when)
        if case in first:
            line = file.document.line(("authority_matrix", first[case]))
            yield file.mistake(
                path, f"the row in line {line} is about the same case: keep one, or give one a tag (when)"
            )
        first.setdefault(case, n)
        decider, outside = people.get(row.decider), people.get(row.outside or "")
        if decider and decider.external:
            cure = "name somebody inside, and put them under outside"
            yield file.mistake(
                (*path, "decider"), f"{decider.name} is outside the district and cannot own a challenge: {cure}"
            )
        if outside and not outside.external:
            yield file.mistake(
                (*path, "outside"), f"{outside.name} is inside the district: mark them external, or mend this"
            )
        for each in _deciders(file, row.decider, decider):
            if row.type not in each.authority:
                says = f"{each.name} decides on {row.type} here, but their own authority does not have it"
                yield file.finding((*path, "decider"), says)
            if each.left_on:
                yield file.finding(
                    (*path, "decider"), f"{each.name} leaves on {each.left_on}: after that the ladder climbs"
                )
    decided = {row.type for row in file.process.authority_matrix}
    if nobodys := [kind for kind in file.process.types if kind not in decided]:
        says = f"nobody decides on {', '.join(nobodys)}: the coordinator will sort these"
        yield file.finding((*PROCESS, "types"), says)


def _deciders(file: DistrictFile, named: str, decider: PersonEntry | None) -> list[PersonEntry]:
    if named != PRINCIPAL:
        return [decider] if decider else []
    return [each for each in file.people.values() if each.role == PRINCIPAL and each.school_ids and not each.left_on]


def on_the_day(file: DistrictFile, day: date) -> Iterator[Finding]:
    """What hangs on the day of the import."""
    for n, version in file.versions.items():
        if version.status is ProcessStatus.IN_FORCE and version.dated and version.dated > day:
            says = (
                f"{version.dated} is still to come, but a version in force counts from its import on: import the file on "
                "that day, or give the version the status approved until then"
            )
            yield file.finding((*VERSIONS, n, "date"), says)
    if not file.document.at(VERSIONS):
        says = (
            f"no versions, so the rules stand under the label {parsing.starter_version().version}. Rules that you change "
            "after the import count only under a version of their own: once they are approved, add "
            f"`versions: [{new_version(file, day)}]` here"
        )
        yield file.finding(PROCESS, says)


def filled_up(file: DistrictFile) -> Iterator[Note]:
    if "student_crisis_text" in file.from_starter:
        says = (
            "student_crisis_text is not given, so whoever writes of a student in danger gets the general words of the "
            "starter process: write your district's own, with whom to call"
        )
        yield file.finding(PROCESS, says)
    if file.from_starter:
        yield file.finding(PROCESS, f"taken from the starter process: {', '.join(file.from_starter)}")
    for path in file.unknown:
        yield file.finding(path, "Clearway does not know this; it is kept and exported as it is")
