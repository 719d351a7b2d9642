"""Every kind of mistake in a district file, with its line and its cure; and what is only worth knowing."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.district import STARTER, exporter
from handlers.district.check import check
from handlers.district.plan import plan
from storage import snapshot
from tests.handlers.district_files import EXAMPLE_TEXT, NOW, TEXT, changed, checked, line_of

PERSON = "  - {id: money, name: Signe Bell, role: director_business_finance"


def test_the_practice_district_has_no_mistakes() -> None:
    assert check(EXAMPLE_TEXT).mistakes == ()


def test_the_small_district_has_neither_mistakes_nor_what_is_worth_knowing_but_the_starter() -> None:
    found = check(TEXT)
    assert found.mistakes == ()
    assert ["starter process" in each.says for each in found.findings] == [True, True]


# What is replaced by what; the words of the line that is wrong; what is said of it.
MISTAKES = [
    pytest.param("U2}", "U2, rol: x}", "rol: x", 'Clearway does not know "rol": did you mean "role"?', id="a slip"),
    pytest.param("schools:", "scools:", "scools:", 'did you mean "schools"?', id="a slip in the name of a section"),
    pytest.param("name: Ivy Thornton, ", "", "id: head", 'lacks "name": add it', id="a field is missing"),
    pytest.param("  name: Alder Falls Schools\n", "", "district:", 'lacks "name"', id="missing in a section"),
    pytest.param("external: true", "external: yes", "id: guest", "must be true or false", id="yes for true"),
    pytest.param("spend_limit_usd: 5000", 'spend_limit_usd: "5000"', "id: money", "a whole number, without quotes", id="a quoted number"),
    pytest.param("spend_limit_usd: 5000", "spend_limit_usd: 25,000", "id: money", "a comma has cut: write the number without commas", id="a limit with a comma"),
    pytest.param("to: 2026-10-16, delegate: sup", "to: 2026-10-16, delegate: sup, delegate_limit_usd: 5,000", "id: money", '"000" is no field', id="a delegate's limit with a comma"),
    pytest.param("decider: money}", "decider: money, up_to_usd: 5,000}", "decider: money", '"000" is no field', id="an amount of a rule with a comma"),
    pytest.param("spend_limit_usd: 5000", 'spend_limit_usd: "5,000"', "id: money", "without quotes or commas", id="a quoted number with a comma"),
    pytest.param("spend_limit_usd: 5000", "spend_limit_usd: -1", "id: money", "greater than or equal to 0", id="a negative limit"),
    pytest.param("first_student_day: 2026-08-31", "first_student_day: 31.8.2026", "31.8.2026", "such as 2026-08-31", id="no date"),
    pytest.param("first_student_day: 2026-08-31", "first_student_day: 3026-08-31", "3026", "such as 2026-08-31", id="a date far off"),
    pytest.param('start: "08:30"', "start: 8 am", "8 am", "such as 07:30", id="no time of day"),
    pytest.param('from: "07:30"', 'from: "17:30"', "message_hours", "must open", id="hours that close before they open"),
    pytest.param('from: "07:30"', 'from: "01:00"', "message_hours", "not before 03:30", id="hours at night"),
    pytest.param('version: "1.0"', "version: 1.0", "version: 1.0", "put it in quotes", id="a version that is a number"),
    pytest.param("status: in_force", "status: force", "status: force", "'in_force'", id="no such status"),
    pytest.param("scope: school, decider", "scope: scholl, decider", "scholl", "'school', 'district' or 'external'", id="no such scope"),
    pytest.param("types: [staffing, funding]", "types: staffing", "types: staffing", "must be a list", id="no list"),
    pytest.param("id: creek,", "id: the creek,", "the creek", "cannot be an id", id="no id"),
    pytest.param("fictional: true", "schema: clearway-district/9", "clearway-district/9", "clearway-district/1", id="another schema"),
    # -- ids
    pytest.param("id: coach,", "id: head,", "name: Max", '"head" is taken by the entry in line', id="a person's id twice"),
    pytest.param("id: slt-creek,", "id: dit,", "name: Creek Team", '"dit" is taken', id="a team's id twice"),
    pytest.param("id: slt-monthly", "id: dit-monthly", "slt-creek], rule", '"dit-monthly" is taken', id="a routine's id twice"),
    pytest.param('version: "0.9"', 'version: "1.0"', "status: in_force", '"1.0" is taken', id="a version twice"),
    pytest.param("id: coach,", "id: principal,", "name: Max", "means whoever has that role", id="a role for an id"),
    pytest.param("school: creek, authority", "school: creak, authority", "creak", 'did you mean "creek"?', id="no such school"),
    pytest.param("slt: slt-creek", "slt: slt-crek", "slt-crek", 'teams has no "slt-crek"', id="no such leadership team"),
    pytest.param("lead: coord", "lead: cord", "lead: cord", 'people has no "cord"', id="no such lead"),
    pytest.param("members: [coord, sup]", "members: [coord, supp]", "supp", 'people has no "supp"', id="no such member"),
    pytest.param("teams: [slt-creek]", "teams: [slt]", "teams: [slt]", 'teams has no "slt"', id="no such team at a meeting"),
    pytest.param("decider: money", "decider: monet", "monet", 'people has no "monet"', id="no such decider"),
    pytest.param("outside: guest", "outside: guess", "guess", 'people has no "guess"', id="no such outsider"),
    pytest.param("delegate: sup", "delegate: sub", "delegate: sub", 'people has no "sub"', id="no such delegate"),
    pytest.param("approved_by: sup", "approved_by: sub", "approved_by: sub", 'people has no "sub"', id="no such approver"),
    pytest.param("[guest, principal]", "[guess, principal]", "guess", "a role such as", id="nobody to inform"),
    pytest.param("work_order: money", "work_order: monet", "monet", 'people has no "monet"', id="no such desk"),
    pytest.param("decider: money", "decider: superintendent", "decider: superintendent", "is a role, not a person", id="a role decides"),
    pytest.param("[guest, principal]", "[guest, superintendent]", "superintendent]", "is a role, not a person", id="a role is informed"),
    # -- codes and shapes
    pytest.param("role: principal", "role: principle", "role: principle", 'did you mean "principal"?', id="a slip in a role"),
    pytest.param("role: school_coach", "role: School Coach", "School Coach", 'did you mean "school_coach"?', id="a role in words"),
    pytest.param("minutes: 45}", "minutes: 45, roles: [principals]}", "principals", 'did you mean "principal"?', id="a slip in a routine's role"),
    pytest.param("role: isd_consultant", "role: ISD-consultants", "ISD-c", 'did you mean "isd_consultant"?', id="several of a role"),
    pytest.param("role: principal", "role: [principal]", "id: head", "must be text", id="a list of roles"),
    pytest.param("role: principal", "role: \"#1\"", "#1", "is no role", id="a role without words"),
    pytest.param("slack: U2}", "slack: u2}", "slack: u2", 'did you mean "U2"?', id="an account in small letters"),
    pytest.param("slack: U2}", "slack: robin@example.org}", "robin@", "is no Slack member ID", id="an address for an account"),
    pytest.param("slack: U2}", "slack: T0ALDER}", "slack: T0", "is no Slack member ID", id="a workspace for an account"),
    pytest.param("slack: U2}", "slack: U2, email: robin}", "email: robin", "is no e-mail address", id="a name for an address"),
    pytest.param("teams: 29:4", "teams: U4", "teams: U4", "is no Teams account", id="a Slack account for Teams"),
    pytest.param("workspace_id: T0ALDER", "workspace_id: alder-falls", "alder-falls, p", "is no Slack workspace ID", id="a name for a workspace"),
    pytest.param("tenant_id: 00000000-0000-4000-8000-000000000001", "tenant_id: alder.example", "alder.example", "is no tenant ID", id="a domain for a tenant"),
    pytest.param("slt: slt-creek}", 'slt: slt-creek, slack_channel: "#Creek Staff"}', "#Creek", "is no Slack channel", id="a channel in capitals"),
    pytest.param("  id: alder-falls\n", "  id: alder-falls\n  state: Michigan\n", "Michigan", "such as MI", id="a state in words"),
    pytest.param("  id: alder-falls\n", "  id: alder-falls\n  phase: instalation\n", "instalation", 'did you mean "installation"?', id="a slip in the phase"),
    pytest.param("  id: alder-falls\n", "  id: alder-falls\n  phase: ready\n", "phase: ready", "write exploration,", id="no such phase"),
    pytest.param("calendar:\n", "calendar:\n  school_year: 2026-28\n", "2026-28", "such as 2026-27", id="two years in a year"),
    pytest.param("calendar:\n", "calendar:\n  dst_changes: [2026-13-01]\n", "2026-13", "must be a date", id="no date of a change of clocks"),
    pytest.param("level: school", "level: shcool", "shcool", 'did you mean "school"?', id="a slip in a level"),
    pytest.param("members: [coord, sup]", "members: [coord, sup], backups: {recoder: sup}", "recoder", 'did you mean "recorder"?', id="a slip in a backup"),
    pytest.param("members: [coord, sup]", "members: [coord, sup], backups: {recorder: supp}", "supp}", 'people has no "supp"', id="no such backup"),
    pytest.param("work_order: money", "work_orders: money", "work_orders", 'did you mean "work_order"?', id="a slip in a desk"),
    pytest.param("work_order: money", "work_order: counselor", "work_order", "is a role, not a person", id="a role that is no desk"),
    pytest.param("types: [staffing, funding]", 'types: [staffing, funding, " "]', "types: [", "is empty", id="a type without words"),
    pytest.param("  tags: [grants]", '  tags: [grants]\n  student_crisis_text: ""', "student_crisis", "is empty", id="no words in a crisis"),
    # -- facts
    pytest.param("timezone: America/Detroit", "timezone: Michigan", "Michigan", "like America/Detroit", id="no such zone"),
    pytest.param("slack: U2}", "slack: U2, timezone: Detroit}", "Detroit}", 'did you mean "America/Detroit"?', id="no such zone of a person"),
    pytest.param("timezone: America/Detroit", "timezone: America/Detriot", "Detriot", 'did you mean "America/Detroit"?', id="a slip in a zone"),
    pytest.param("timezone: America/Detroit", "timezone: localtime", "localtime", "like America/Detroit", id="the zone of some machine"),
    pytest.param("slack: U2}", "slack: U2, locale: klingon}", "klingon", '"es" for Spanish', id="no such language"),
    pytest.param("to: 2026-09-07", "to: 2026-09-03", "Labor Day", "before it begins", id="a closure turned around"),
    pytest.param("to: 2026-09-07", "to: 2028-09-07", "Labor Day", "longer than 366 days", id="a closure of years"),
    pytest.param("to: 2027-08-20", "to: 2027-12-20", "summer", "longer than 120 days", id="an endless summer"),
    pytest.param("to: 2026-10-16", "to: 2026-10-06", "id: money", "before it begins", id="leave turned around"),
    pytest.param("2027-06-11", "2026-06-11", "last_student_day", "the year ends", id="a year turned around"),
    pytest.param("slack: U3", "slack: U2", "slack: U2, name", "is the account of Robin Calloway, too", id="an account twice"),
    pytest.param(", teams: {tenant_id: 00000000-0000-4000-8000-000000000001}", "", "id: coach", "the district has no teams workspace", id="an account nowhere"),
    pytest.param("0001}", "0001, primary: true}", "tenant_id", "only one platform can be primary", id="two primary platforms"),
    pytest.param("role: superintendent", "role: super", "people:", "has the role superintendent", id="no superintendent"),
    pytest.param("role: district_coordinator", "role: staff", "people:", "has the role district_coordinator", id="no coordinator"),
    pytest.param("external: true,", "external: true, executive_leader: true,", "id: guest", "cannot lead", id="an outsider leads"),
    pytest.param("authority: [staffing]", "authority: [stafing]", "stafing", "not among the types", id="authority over no type"),
    pytest.param("delegate: sup", "delegate: guest", "delegate: guest", "cannot decide in it", id="an outsider for delegate"),
    pytest.param("delegate: sup", "delegate: money", "delegate: money", "nobody stands in for themselves", id="their own delegate"),
    pytest.param("slack: U2}", "slack: U2, left_on: 2026-10-01, successor: coord}", "successor: coord", "comes back", id="their own successor"),
    pytest.param(
        "slack: U2}", 'slack: U2, message_from: "12:00", message_to: "09:00"}', "09:00", "end before they begin", id="own hours turned around"
    ),
    pytest.param("rule: second Tuesday", "rule: secnd Tuesday", "secnd", "is not a rule that Clearway knows", id="no rule"),
    pytest.param("rule: second Tuesday", "rule: every other Tuesday", "every other", 'add "from"', id="half a rule"),
    # -- the process
    pytest.param("status: in_force", "status: approved", "versions:", "give the one that holds the status in_force", id="none in force"),
    pytest.param("status: practised", "status: in_force", "approved_by: sup", "cannot both be in force", id="two in force"),
    pytest.param(", approved_by: sup", "", 'version: "1.0"', "nobody approved it", id="in force, not approved"),
    pytest.param("type: funding, scope: district, decider", "type: fundin, scope: district, decider", "fundin,", 'did you mean "funding"?', id="a type that is not listed"),
    pytest.param("when: grants", "when: grant", "when: grant,", "among the tags", id="a tag that is not listed"),
    pytest.param("type: {funding: dit}", "type: {funding: board}", "board", "among the venues", id="a venue that is not listed"),
    pytest.param("type: {funding: dit}", "type: {fun: dit}", "fun: dit", "among the types", id="a venue for no type"),
    pytest.param("default: dit", "default: board", "default: board", "among the venues", id="a default that is not listed"),
    pytest.param("when: csi school", "when: full moon", "full moon", "is never so", id="informed at no time"),
    pytest.param("venues: [slt, dit]", "venues: [slt, dit, slt]", "venues: [", "listed twice", id="a venue twice"),
    pytest.param("when: grants, decider: sup, outside: guest", "decider: sup", "decider: sup}", "is about the same case", id="a case twice"),
    pytest.param("decider: money", "decider: guest", "decider: guest", "cannot own a challenge", id="an outsider decides"),
    pytest.param("outside: guest", "outside: coach", "outside: coach", "is inside the district", id="an insider outside"),
    pytest.param("  tags: [grants]", "  tags: [grants]\n  ladder: [coordinator, owner]", "ladder", "begin with owner", id="a ladder upside down"),
    pytest.param("  tags: [grants]", "  tags: [grants]\n  ladders: []", "ladders", 'did you mean "ladder"?', id="a slip in the process"),
    pytest.param("  tags: [grants]", "  tags: [grants]\n  confirmation: {then: coatch}", "coatch", "did you mean", id="nobody asks in the end"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "others", "where", "says"), MISTAKES)
def test_a_mistake_has_its_line_and_its_cure(words: str, others: str, where: str, says: str) -> None:
    text = changed((words, others))
    line = line_of(where, text) if where in text else line_of(words)
    found = check(text)
    assert [each for each in found.mistakes if each.line == line and says in each.says], [
        str(each) for each in found.mistakes
    ]
    assert len(found.mistakes) <= 4, [str(each) for each in found.mistakes]


@pytest.mark.parametrize(
    ("words", "others", "says"),
    [
        ("plan_goal: SP-3, measures: [lessons", "plan_goal: SP-9, measures: [lessons", 'strategic_plan has no "SP-9": did you mean'),
        ("designee: p-014", "designee: p-140", 'people has no "p-140": did you mean'),
        ("{id: sv-2, school: cedar", "{id: sv-2, school: ceder", 'schools has no "ceder": did you mean "cedar"?'),
        ("administrator: p-040", "administrator: p-400", 'people has no "p-400"'),
        ("{id: tamarack-hollow,", "{id: tamarack hollow,", "cannot be an id"),
        ("name: Yolanda Breck, role: principal", "name: Yolanda Breck, role: princpal", 'did you mean "principal"?'),
        ("slack: U0LB022", "slack: U0LB021", "U0LB021 is the account of Yolanda Breck, too"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_practice_district_has_its_line(words: str, others: str, says: str) -> None:
    found = check(changed((words, others), text=EXAMPLE_TEXT))
    assert [(each.line, says in each.says) for each in found.mistakes] == [(line_of(words, EXAMPLE_TEXT), True)], [
        str(each) for each in found.mistakes
    ]


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines() -> None:
    found = checked(
        ("timezone: America/Detroit", "timezone: Michigan"),
        ("name: Ivy Thornton, ", ""),
        ("decider: money", "decider: nobody"),
        ("rule: second Tuesday", "rule: sometimes"),
    )
    assert [each.says.split(":")[0] for each in found.mistakes] == [
        "district.timezone",
        "people[head]",
        "authority_matrix[2].decider",
        "routines[dit-monthly].rule",
    ]


def test_what_hangs_on_an_entry_with_a_mistake_is_not_told_as_well() -> None:
    found = checked(("name: Ada Prentiss, role: superintendent", "role: superintendent"))
    assert [str(each) for each in found.mistakes] == [f'line {line_of("id: sup")}: people[sup]: lacks "name": add it']


@pytest.mark.parametrize("text", ["{}", "other: 1", "district: 5"])
def test_a_file_without_a_district_cannot_be_taken(text: str) -> None:
    assert any("district" in each.says for each in check(text).mistakes)


# ------------------------------------------------------------------------------------------------------- findings


def test_the_flaws_that_the_practice_district_has_on_purpose_are_findings() -> None:
    found = [each.says for each in check(EXAMPLE_TEXT).findings]
    for words in (
        "Tamika Rowe-Jansen, Ben Ashgrove",
        "Arun Velasco leaves and nobody follows",
        "Administrative Team: it has no measures",
        "Dunmore School Leadership Team: challenges are not a standing item of its agenda, and it has no measures",
        "Culture and Climate Committee: it has no measures",
        "2026-09-07 (held on 2026-09-08), 2026-12-21 (not held)",
    ):
        assert [each for each in found if words in each], words
    assert len(found) == 9


@pytest.mark.parametrize(
    ("words", "others", "says"),
    [
        pytest.param("authority: [funding], spend", "authority: [], spend", "their own authority does not have it", id="a decider without authority"),
        pytest.param("authority: [staffing]", "authority: []", "Ivy Thornton decides on staffing here", id="a principal without authority"),
        pytest.param("role: principal", "role: teacher", "it has no principal", id="a school without principal"),
        pytest.param("role: school_coach", "role: teacher", "it has no school coach", id="a school without coach"),
        pytest.param("slack: U5", "slack: U5, left_on: 2026-10-30", "nobody follows", id="a vacant post"),
        pytest.param("slack: U5", "slack: U5, left_on: 2026-10-30", "after that the ladder climbs", id="a decider who leaves"),
        pytest.param("slack: U2}", "}", "Clearway cannot reach them: Robin Calloway", id="nobody's account"),
        pytest.param("slack: U2}", "slack: U2, email: robin.calloway@alder.example}", None, id="an address"),
        pytest.param(
            "slack: U2}\n  - {", "slack: U2, email: o@alder.example}\n  - {email: O@alder.example, ", "too: neither", id="an address of two"
        ),
        pytest.param("role: director_business_finance", "role: superintendent", "the first, Ada Prentiss, is asked", id="two superintendents"),
        pytest.param(", standing_item: true", "", "not a standing item", id="no standing item"),
        pytest.param("coach], measures: [days], standing_item: true", "coach], measures: [days]", "Creek Team: challenges are not", id="a venue without it"),
        pytest.param("measures: [days], uses", "uses", "it has no measures", id="no measures"),
        pytest.param("rule: second Tuesday", "rule: first Monday", "2026-09-07 (held on 2026-09-08)", id="a meeting on a closed day"),
        pytest.param("teams: [slt-creek], ", "", "nobody is invited", id="a meeting of nobody"),
        pytest.param("teams: [slt-creek], ", "roles: [principal], ", 'no routine for "slt"', id="a meeting of a role"),
        pytest.param("minutes: 45}", "minutes: 45, roles: [school_nurse]}", "nobody has the role school_nurse", id="a role of nobody"),
        pytest.param("minutes: 45}", "minutes: 45, roles: [principal]}", None, id="a role beside a team"),
        pytest.param("teams: [slt-creek], ", "", 'no routine for "slt"', id="a venue without meeting"),
        pytest.param("types: [staffing, funding]", "types: [staffing, funding, time]", "nobody decides on time", id="a type without rule"),
        pytest.param("  summer: {from: 2027-06-14, to: 2027-08-20}\n", "", "no summer is given", id="no summer"),
        pytest.param("executive_leader: true", "dit_liaison: true", "Ada Prentiss is no executive leader", id="approved from below"),
        pytest.param("slack: U2}", "slack: U2, shoe_size: 9}", "kept and exported as it is", id="a field of their own"),
        pytest.param("fictional: true", "bake_sale: {cakes: 3}", "kept and exported as it is", id="a section of their own"),
        pytest.param("role: isd_consultant", "role: Bus Dispatcher", "roles of your own, shown as they stand here; no rule of the process speaks of them: Bus Dispatcher", id="a role of their own"),
        pytest.param("role: isd_consultant", "role: head_school_coach", "of them: head_school_coach", id="a role of their own like one of ours"),
        pytest.param("level: school", "level: grade band", None, id="a level of their own"),
        pytest.param("classroom_question: school_coach", "library: school_coach", None, id="a desk of their own"),
        pytest.param("csi school, who", "urgency high, who", None, id="informed of what is urgent"),
        pytest.param("slack: U2}", "slack: U2, grade: 3}", None, id="a field that is known and not used yet"),
    ],
)  # fmt: skip
def test_a_finding_takes_effect_as_it_stands(words: str, others: str, says: str | None) -> None:
    found = checked((words, others))
    assert found.mistakes == ()
    told = [each for each in found.findings if "starter" not in each.says]
    assert [each for each in told if says in each.says] if says else not told


@pytest.mark.parametrize(
    ("start", "says"),
    [
        ("06:30", "it is not within the hours in which people are written to, 07:30 to 16:30"),
        ("15:45", "it is not within the hours in which people are written to, 07:30 to 16:30"),
        ("11:30", "it meets half days, and is not over by 12:00: 2026-10-23"),
        ("10:00", ""),
    ],
)
def test_a_meeting_outside_the_hours_is_a_finding(start: str, says: str) -> None:
    friday = f'id: dit-monthly, team: dit, rule: fourth Friday, start: "{start}", minutes: 60'
    text = EXAMPLE_TEXT.replace(
        'id: dit-monthly, team: dit, rule: second Tuesday, start: "08:30", minutes: 120', friday, 1
    )
    assert text != EXAMPLE_TEXT
    told = [each.says for each in check(text).findings if "routines[dit-monthly].start" in each.says]
    assert [says in each for each in told] == ([True] if says else [])


def test_a_crisis_text_that_is_not_the_districts_own_is_told_by_itself() -> None:
    told = "write your district's own, with whom to call"
    assert [each for each in check(TEXT).findings if told in each.says]
    own = checked(("  tags: [grants]", '  tags: [grants]\n  student_crisis_text: "Call 555-0100."'))
    assert not [each for each in own.findings if told in each.says]


def test_a_version_in_force_from_a_day_to_come_is_told() -> None:
    later = TEXT.replace("in_force, date: 2026-08-20", "in_force, date: 2026-10-13")
    told = [each for each in check(later, NOW).findings if "is still to come" in each.says]
    assert [each.line for each in told] == [line_of("2026-10-13", later)]
    assert "is still to come" not in str(check(TEXT, NOW).findings)


def test_a_file_without_versions_is_told_how_changed_rules_come_into_force() -> None:
    without = TEXT[: TEXT.index("  versions:")] + TEXT[TEXT.index("  types: [") :]
    told = str(check(without, NOW).findings)
    assert 'versions: [{version: "1.0", status: in_force, date: 2026-10-12, approved_by: sup}]' in told
    assert "no versions" not in str(check(TEXT, NOW).findings)


def test_what_comes_from_the_starter_process_is_told() -> None:
    found = check(TEXT)
    assert found.file.from_starter[:3] == ("name", "response_targets_school_days", "daily_message_budget")
    assert found.file.process.response_targets_school_days.assign == 5


def test_a_part_that_lacks_something_is_filled_up() -> None:
    found = checked(("  tags: [grants]", "  tags: [grants]\n  urgency_targets: {high: {school_days: 1}}"))
    assert found.mistakes == ()
    assert "urgency_targets.medium" in found.file.from_starter
    assert found.file.rules["urgency_targets"]["high"] == {"school_days": 1}


def test_the_starter_process_is_whole_in_itself() -> None:
    """A district that has written nothing begins with it."""
    bare = (
        TEXT[: TEXT.index("process_document:")]
        .replace("authority_matrix:\n", "")
        .replace("authority: [funding]", "authority: []")
    )
    lines = [line for line in bare.splitlines() if "decider" not in line]
    found = check("\n".join(lines))
    assert found.mistakes == ()
    assert len(found.file.process.types) == 12
    assert found.file.in_force is not None
    assert found.file.in_force.version == "starter"
    assert "starter" in STARTER.read_text("utf-8")


JUNK: list[Any] = [
    None,
    "",
    "x",
    "p-1",
    0,
    -1,
    7,
    3.5,
    True,
    [],
    {},
    ["x"],
    [None],
    [[]],
    {"x": 1},
    "2026-09-08",
    "07:30",
    "2026-10-12",
]


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, each in inside:
        yield (*path, step)
        yield from _places(each, (*path, step))


@settings(deadline=None)
@given(st.data())
def test_whatever_stands_in_a_file_is_checked_and_what_passes_makes_a_district(data: st.DataObject) -> None:
    values = deepcopy(check(TEXT).file.document.data)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(list(_places(values))))
        parent = values
        for step in path[:-1]:
            parent = parent[step]
        parent[path[-1]] = deepcopy(data.draw(st.sampled_from(JUNK)))  # what is put in may be changed next
    found = check("\n".join(exporter.dump(name, value) for name, value in values.items()))
    if not found.mistakes:
        planned = plan(found.file, None, set(), now=NOW, ledger_key="")
        again = check(exporter.to_yaml(planned.after))
        assert again.mistakes == ()
        assert not snapshot.difference(
            planned.after, plan(again.file, planned.after, set(), now=NOW, ledger_key="").after
        )


def test_every_mistake_is_named_at_once_also_beside_others() -> None:
    """In one row, in one entry, and in sections that lean on each other."""
    text = EXAMPLE_TEXT
    for right, wrong in (
        ("timezone: America/Detroit", "timezone: America/Detroyt"),
        ("role: principal, school: alder,", "role: princpal, school: oldar, email: nobody,"),
        ("{type: staffing, scope: district, decider: p-004}", "{type: stafing, scope: distrct, decider: leon}"),
        ("{type: time, scope: district, decider: p-002}", "{type: tme, scope: district, decider: p-002}"),
        ("rule: second Tuesday", "rule: second Tusday"),
    ):
        assert right in text, right
        text = text.replace(right, wrong, 1)
    found = "\n".join(str(each) for each in check(text).mistakes)
    for wrong in ("Detroyt", "princpal", "oldar", "nobody", "stafing", "distrct", "leon", "tme", "Tusday"):
        assert wrong in found, f"{wrong} is not among\n{found}"
