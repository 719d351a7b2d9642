"""Writes a district as a file that reads back as the same district: every section, in the order of our example.

What came from a file is written as it stood there, with what has changed since written over it.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, TypeVar

import yaml

from handlers.district import EXAMPLE, reader, rows
from handlers.district.model import DistrictEntry, PersonEntry, RoutineEntry, SchoolEntry, TeamEntry
from handlers.district.reader import Path
from handlers.district.rows import Written
from storage import models, snapshot
from storage.database import Database
from storage.people import APPLIED
from storage.snapshot import Snapshot
from storage.store import plain
from storage.vocabulary import DistrictId, Platform, ProcessStatus

HEADER: Final = "# {name}, as Clearway has it. To check changes: clearway district check FILE\n"
FICTIONAL: Final = "# FICTIONAL DATA: everybody and everything in this file is invented.\n"

Row = TypeVar("Row", models.School, models.Person, models.Team, models.Routine)


async def export_district(database: Database, district_id: DistrictId) -> str:
    """The district's file, as YAML; raises storage.people.UnknownDistrictError."""
    async with database.district(district_id, write=False) as connection:
        return to_yaml(await snapshot.read(connection, district_id))


def to_yaml(found: Snapshot) -> str:
    head = HEADER.format(name=found.district.name) + (FICTIONAL if found.district.fictional else "")
    return "\n".join([head, *(dump(name, value) for name, value in _ordered(sections(found), ()).items())])


# --------------------------------------------------------------------------------------------------- rows as entries


def sections(found: Snapshot) -> Written:
    """The file as plain values."""
    in_force = next(each for each in found.processes if each.status is ProcessStatus.IN_FORCE)
    process = dict(in_force.rules or {})
    matrix = process.pop("authority_matrix", [])
    process["versions"] = [_version(each) for each in found.processes]
    district = found.district
    whole = district.kept | ({"fictional": True} if district.fictional else {})
    return whole | {
        "district": _district(district),
        "calendar": {name: value for name, value in district.calendar.items() if name != APPLIED},
        "schools": [_school(each) for each in found.schools],
        "people": [_person(each, found) for each in found.people],
        "authority_matrix": matrix,
        "teams": [_team(each) for each in found.teams],
        "routines": [_routine(each) for each in found.routines],
        "process_document": process,
    }


def _district(district: models.District) -> Written:
    written = dict(
        district.kept.get("district") or {"id": district.id, "name": district.name, "timezone": district.timezone}
    )
    as_read = DistrictEntry.model_validate(written)
    for name in ("name", "timezone", "locale", "word"):
        if getattr(district, name) != getattr(as_read, name):
            written[name] = getattr(district, name)
    return written


def _school(row: models.School) -> Written:
    written = row.kept or {"id": row.id, "name": row.name}
    as_read = rows.school(SchoolEntry.model_validate(written), row.kept, row.position, row.district_id)
    return _changed_since(written, as_read, row, name="name", csi="csi", team_id="slt")


def _team(row: models.Team) -> Written:
    written = row.kept or {"id": row.id, "name": row.name}
    as_read = rows.team(TeamEntry.model_validate(written), row.kept, row.position, row.district_id)
    names = {"name": "name", "level": "level", "school_id": "school", "lead_id": "lead", "member_ids": "members"}
    return _changed_since(written, as_read, row, **names, uses_process="uses_process", standing_item="standing_item")


def _routine(row: models.Routine) -> Written:
    written = row.kept or {"id": row.id, "rule": row.rule, "start": row.start}
    as_read = rows.routine(RoutineEntry.model_validate(written), row.kept, row.position, row.district_id)
    same = ("rule", "start", "minutes", "log_review", "running", "name", "kind", "place", "agenda", "questions")
    names = {each: each for each in (*same, "quorum", "poll")}
    others = {"team_ids": "teams", "person_ids": "people", "person_roles": "roles", "lead_days": "lead_school_days"}
    return _changed_since(written, as_read, row, **names, **others)


SAME_NAME: Final = (
    *("name", "role", "authority", "spend_limit_usd", "executive_leader", "dit_liaison", "external"),
    *("left_on", "timezone", "locale", "message_from", "message_to", "joined"),
)


def _person(row: models.Person, found: Snapshot) -> Written:
    written = row.kept or {"id": row.id, "name": row.name}
    entry = PersonEntry.model_validate(written)
    as_read = rows.person(entry, row.kept, row.position, row.district_id)
    names = {each: each for each in SAME_NAME}
    written = _changed_since(written, as_read, row, **names, successor_id="successor", school_ids="schools")
    away = [each for each in found.absences if each.person_id == row.id and each.from_on <= each.to_on]
    was_away = [rows.absence(row.id, each, row.district_id) for each in entry.leave]
    if [rows.says(each) for each in away] != [rows.says(each) for each in was_away]:
        written["leave"] = [_leave(each) for each in away]
    workspaces = {(each.platform, each.workspace_id) for each in found.workspaces}
    for platform, account in ((Platform.SLACK, entry.slack), (Platform.TEAMS, entry.teams)):
        theirs = [
            each.user_id
            for each in found.accounts
            if each.person_id == row.id and each.platform is platform and (platform, each.workspace_id) in workspaces
        ]
        if account not in theirs:
            written |= {str(platform): theirs[0] if theirs else None}
    return {name: value for name, value in written.items() if value is not None or name in row.kept}


def _leave(row: models.Absence) -> Written:
    said = {
        "from": row.from_on.isoformat(),
        "to": row.to_on.isoformat(),
        "delegate": row.delegate_id,
        "delegate_limit_usd": row.delegate_limit_usd,
        "above_limit": row.above_limit_id,
    }
    return {name: value for name, value in said.items() if value is not None}


def _version(row: models.Process) -> Written:
    written = {"version": row.version} | row.kept | {"status": str(row.status)}
    if row.dated:
        written["date"] = row.dated.isoformat()
    if row.status is not ProcessStatus.IN_FORCE and row.rules is not None:
        written["rules"] = row.rules
    return written


INSTEAD_OF: Final = {"schools": "school", "teams": "team"}
"""Lists that say the same as one entry by itself."""


def _changed_since(written: Written, as_read: Row, row: Row, **names: str) -> Written:
    """What was written, with the columns whose value is another now under their names in the file."""
    written = dict(written)
    for column, name in names.items():
        now = plain(getattr(row, column))
        if now != plain(getattr(as_read, column)):
            written[name] = now
            written.pop(INSTEAD_OF.get(name, ""), None)
    return written


# ------------------------------------------------------------------------------------------------- values as YAML


@cache
def _places() -> Mapping[Path, int]:
    """The order of the fields in our example, by where they stand."""
    document, _ = reader.read(EXAMPLE.read_text("utf-8"))
    places: dict[Path, int] = {}
    for path in document.lines:
        places.setdefault(tuple(step for step in path if isinstance(step, str)), len(places))
    return places


def _ordered(value: Any, path: Path) -> Any:
    """The same, with its fields as in our example and others by name: the databases keep no order."""
    if isinstance(value, list):
        return [_ordered(each, path) for each in value]
    if not isinstance(value, dict):
        return value
    last = len(_places())
    names = sorted(value, key=lambda name: (_places().get((*path, name), last), name))
    return {name: _ordered(value[name], (*path, name)) for name in names}


class _Dumper(yaml.SafeDumper):
    """Writes one line for an entry of plain values, and dates as dates; quotes what other readers would mistake."""

    yaml_implicit_resolvers: Any = {  # noqa: RUF012  # the library's own name for it
        first: [(tag, pattern) for tag, pattern in known if tag != "tag:yaml.org,2002:timestamp"]
        for first, known in yaml.SafeDumper.yaml_implicit_resolvers.items()
    }

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        """Names of digits are written without quotes, as their author wrote them."""
        plainly = [
            (int(name) if name.isdecimal() and str(int(name)) == name else name, mapping[name]) for name in mapping
        ]
        return super().represent_mapping(tag, plainly, flow_style)


_Dumper.add_representer(dict, _Dumper.represent_dict)


def dump(name: str, value: Any) -> str:
    # None: entries of plain values on one line each; at the top every field has a line of its own.
    style = None if value and isinstance(value, dict | list) else False
    told = {name: value}
    return yaml.dump(told, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=style, width=10_000)
