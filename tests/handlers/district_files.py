"""A small district file, and how tests change it."""

from datetime import UTC, datetime
from typing import Final

from handlers.district import EXAMPLE
from handlers.district.check import Checked, check
from storage.sealing import Seal
from storage.vocabulary import DistrictId

EXAMPLE_TEXT: Final = EXAMPLE.read_text("utf-8")
LARKSPUR: Final = DistrictId("larkspur-bend")
SMALL: Final = DistrictId("alder-falls")
NOW: Final = datetime(2026, 10, 12, 14, 0, tzinfo=UTC)
SEAL: Final = Seal([Seal.new_key()])

TEXT: Final = """\
fictional: true
district:
  id: alder-falls
  name: Alder Falls Schools
  timezone: America/Detroit
  platforms: {slack: {workspace_id: T0ALDER, primary: true}, teams: {tenant_id: 00000000-0000-4000-8000-000000000001}}
calendar:
  first_student_day: 2026-08-31
  last_student_day: 2027-06-11
  closed:
    - {name: Labor Day, from: 2026-09-04, to: 2026-09-07}
  half_days: [2026-10-23]
  summer: {from: 2027-06-14, to: 2027-08-20}
schools:
  - {id: creek, name: Creek School, slt: slt-creek}
people:
  - {id: sup, name: Ada Prentiss, role: superintendent, executive_leader: true, authority: [funding], slack: U1, teams: 29:1}
  - {id: coord, name: Robin Calloway, role: district_coordinator, slack: U2}
  - {id: head, name: Ivy Thornton, role: principal, school: creek, authority: [staffing], slack: U3}
  - {id: coach, name: Max Delaney, role: school_coach, school: creek, teams: 29:4}
  - {id: money, name: Signe Bell, role: director_business_finance, authority: [funding], spend_limit_usd: 5000, slack: U5, leave: {from: 2026-10-12, to: 2026-10-16, delegate: sup}}
  - {id: guest, name: Kit Farrow, role: isd_consultant, external: true, slack: U6}
authority_matrix:
  - {type: staffing, scope: school, decider: principal}
  - {type: funding, scope: district, decider: money}
  - {type: funding, scope: district, when: grants, decider: sup, outside: guest}
teams:
  - {id: dit, name: Implementation Team, lead: coord, members: [coord, sup], measures: [days], uses_process: true, standing_item: true}
  - {id: slt-creek, name: Creek Team, level: school, school: creek, lead: head, members: [head, coach], measures: [days], standing_item: true}
routines:
  - {id: dit-monthly, team: dit, rule: second Tuesday, start: "08:30", minutes: 60, log_review: true}
  - {id: slt-monthly, teams: [slt-creek], rule: third Wednesday, start: "15:30", minutes: 45}
process_document:
  versions:
    - {version: "0.9", status: practised, date: 2026-05-12}
    - {version: "1.0", status: in_force, date: 2026-08-20, approved_by: sup}
  types: [staffing, funding]
  tags: [grants]
  venues: [slt, dit]
  venue_rules: {scope: {school: slt}, type: {funding: dit}, default: dit}
  inform:
    - {when: csi school, who: [guest, principal]}
  desks: {work_order: money, classroom_question: school_coach}
  message_hours: {from: "07:30", to: "16:30", half_day_until: "12:00", digest_at: "07:45"}
"""


def changed(*changes: tuple[str, str], text: str = TEXT) -> str:
    """The file with each of these words replaced by others; they must be there."""
    for words, others in changes:
        assert words in text, words
        text = text.replace(words, others, 1)
    return text


def line_of(words: str, text: str = TEXT) -> int:
    """The line in which the words stand first."""
    return text[: text.index(words)].count("\n") + 1


def checked(*changes: tuple[str, str]) -> Checked:
    return check(changed(*changes))
