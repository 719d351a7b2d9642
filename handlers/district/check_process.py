"""The written process in a district file: does each part speak of what the others name?"""

from collections.abc import Iterator
from difflib import get_close_matches

from handlers.district.model import DistrictFile, PersonEntry
from handlers.district.notes import Mistake, Note
from handlers.district.parsing import VERSIONS
from handlers.district.reader import Path
from storage.directory import PRINCIPAL
from storage.vocabulary import ProcessStatus, Rung, Scope

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
        if "versions" not in file.document.data.get("process_document", {}):
            continue
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
    process = file.process
    wanted: list[tuple[Path, str | None, str, tuple[str, ...]]] = []
    for n, row in enumerate(process.authority_matrix):
        wanted.append((("authority_matrix", n, "type"), row.type, "types", process.types))
        wanted.append((("authority_matrix", n, "when"), row.when, "tags", process.tags))
    rules = process.venue_rules
    for kind in rules.type:
        wanted.append(((*PROCESS, "venue_rules", "type", kind), kind, "types", process.types))
    for where, venues in (("scope", rules.scope), ("type", rules.type)):
        for each, venue in venues.items():
            wanted.append(((*PROCESS, "venue_rules", where, str(each)), venue, "venues", process.venues))
    wanted.append(((*PROCESS, "venue_rules", "default"), rules.default, "venues", process.venues))
    for path, word, among, listed in wanted:
        if word is not None and word not in listed:
            like = get_close_matches(word, listed, n=1)
            hint = f'did you mean "{like[0]}"? Else ' if like else ""
            yield file.mistake(
                path, f'"{word}" is not among the {among} of the process: {hint}add it there, or mend it here'
            )
    for n, rule in enumerate(process.inform):
        about, _, word = rule.when.partition(" ")
        known = {"csi": ("school",), "scope": tuple(Scope), "type": process.types}
        if word not in known.get(about, ()):
            cure = 'write "csi school", "scope" and a scope, or "type" and a type of the process'
            yield file.mistake((*PROCESS, "inform", n, "when"), f'"{rule.when}" is never so: {cure}')


def listed_once(file: DistrictFile) -> Iterator[Mistake]:
    lists = {"types": file.process.types, "tags": file.process.tags, "venues": file.process.venues}
    for name, words in lists.items():
        for n, word in enumerate(words):
            if word in words[:n]:
                yield file.mistake((*PROCESS, name, n), f'"{word}" is listed twice: delete one')


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


def filled_up(file: DistrictFile) -> Iterator[Note]:
    if file.from_starter:
        yield file.finding(PROCESS, f"taken from the starter process: {', '.join(file.from_starter)}")
    for path in file.unknown:
        yield file.finding(path, "Clearway does not know this; it is kept and exported as it is")
