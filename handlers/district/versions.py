"""What to write into a file so that changed rules take effect: a version of their own, as an example to paste."""

import re
from collections.abc import Collection
from datetime import date, datetime

from handlers.district.check_facts import calendar_of
from handlers.district.model import DistrictFile
from storage.directory import SUPERINTENDENT


def today(file: DistrictFile, now: datetime) -> date:
    """The day in the district's zone; where that is a mistake, in UTC."""
    return calendar_of(file).today(now)


def to_paste(file: DistrictFile, day: date, taken: Collection[str] = ()) -> str:
    """The lines of the file that bring its rules into force. `taken`: labels that stand for other rules."""
    lines = ["process_document:", "  versions:"]
    if file.in_force and file.document.at(("process_document", "versions")):
        former = file.in_force.version
        lines.append(f'    - {{version: "{former}", status: replaced}}   # there already: change its status only')
    return "\n".join([*lines, f"    - {new_version(file, day, taken)}"])


def new_version(file: DistrictFile, day: date, taken: Collection[str] = ()) -> str:
    """The entry of the next version, approved on that day by whoever has approved the last, or leads the district."""
    former = file.in_force.version if file.in_force else ""
    label = next_label(former, {*taken, *(each.version for each in file.versions.values())})
    return f'{{version: "{label}", status: in_force, date: {day}, approved_by: {_approver(file)}}}'


def next_label(former: str, taken: Collection[str]) -> str:
    """The label after `former`: "1.1" after "1.0", or the first after it that is not taken."""
    found = re.fullmatch(r"(\d+)\.(\d+)", former)
    major, minor = (int(found[1]), int(found[2]) + 1) if found else (1, 0)
    while f"{major}.{minor}" in taken:
        minor += 1
    return f"{major}.{minor}"


def _approver(file: DistrictFile) -> str:
    if file.in_force and file.in_force.approved_by:
        return file.in_force.approved_by
    leaders = [each for each in file.people.values() if each.executive_leader and not each.left_on]
    leaders.sort(key=lambda each: each.role != SUPERINTENDENT)
    return leaders[0].id if leaders else "PERSON-ID"
