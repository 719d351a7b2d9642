"""A district file taken into a real database: whole or not at all, and twice as good as once."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from handlers.district.importer import ImportResult, import_district
from handlers.district.notes import DistrictFileError
from scheduling.calendar import Calendar
from storage import ledger, models, people, snapshot
from storage.database import Database
from storage.directory import Absence, Directory
from storage.models import table
from storage.sealing import Seal, UnsealError
from storage.snapshot import Snapshot
from storage.store import Came, Store
from storage.vocabulary import DistrictId, Door, Kind, PersonId, Platform, ProcessStatus, SchoolId
from tests import builders
from tests.handlers.district_files import EXAMPLE_TEXT, LARKSPUR, NOW, SEAL, SMALL, TEXT, changed, line_of

GUEST = "  - {id: guest, name: Kit Farrow, role: isd_consultant, external: true, slack: U6}\n"
NEW_RULES = ("  tags: [grants]", "  tags: [grants]\n  daily_message_budget: 2")
NEW_LABEL = ('version: "1.0"', 'version: "1.1"')


async def take(database: Database, *changes: tuple[str, str]) -> ImportResult:
    return await import_district(database, SEAL, changed(*changes), now=NOW)


async def stands(database: Database, district_id: DistrictId = SMALL) -> Snapshot:
    async with database.district(district_id, write=False) as connection:
        return await snapshot.read(connection, district_id)


async def directory(database: Database, district_id: DistrictId = SMALL) -> Directory:
    async with database.district(district_id, write=False) as connection:
        return (await people.load_directory(connection, district_id))[0]


async def joins(database: Database, user: str = "U77", **own: Any) -> PersonId:
    """Somebody writes from the workspace before the file knows them."""
    row = models.Person(district_id=SMALL, id=PersonId("joined-1"), name="Nell Okafor", joined=True, **own)
    account = models.Account(
        district_id=SMALL,
        platform=Platform.SLACK,
        workspace_id="T0ALDER",
        user_id=user,
        person_id=row.id,
        preferred=True,
        conversation_id="D1",
    )
    async with database.district(SMALL) as connection:
        await people.add_person(connection, row, account)
    return row.id


# ------------------------------------------------------------------------------------------------ the file as it is


async def test_the_practice_district_is_there_after_its_import(database: Database) -> None:
    result = await import_district(database, SEAL, EXAMPLE_TEXT, now=NOW)
    assert (result.created, result.changed, result.revision, result.in_force) == (True, True, 1, "1.0")
    found = await directory(database, LARKSPUR)
    assert (len(found.people), len(found.schools), len(found.teams), len(found.routines)) == (42, 6, 13, 7)
    assert found.fictional
    assert found.people[PersonId("p-018")].school_ids == ("birch", "dunmore")
    assert found.people[PersonId("p-020")].left_on == date(2026, 11, 6)
    assert found.schools[SchoolId("lbms")].channels == ("LBMS Staff/General",)
    assert found.absence(PersonId("p-003"), date(2026, 10, 20)) == Absence(
        PersonId("p-003"), date(2026, 10, 12), date(2026, 12, 4), PersonId("p-009"), 10_000, PersonId("p-001")
    )
    assert [each.version for each in found.versions.values()] == ["1.0"]  # the file gives the rules of no other
    assert found.in_force.process.message_hours.digest_at == time(7, 45)
    assert Calendar.of(found).next_school_day(date(2026, 12, 18)) == date(2027, 1, 4)


async def test_accounts_are_of_the_workspaces_that_the_file_names(database: Database) -> None:
    await take(database)
    found = await stands(database)
    assert {(each.platform, each.workspace_id) for each in found.workspaces} == {
        (Platform.SLACK, "T0ALDER"),
        (Platform.TEAMS, "00000000-0000-4000-8000-000000000001"),
    }
    preferred = {each.user_id: each.preferred for each in found.accounts}
    assert preferred["U1"]  # the primary platform of somebody on both
    assert not preferred["29:1"]
    assert preferred["29:4"]  # the only one


async def test_a_second_import_changes_nothing(database: Database) -> None:
    first = await import_district(database, SEAL, EXAMPLE_TEXT, now=NOW)
    before = await stands(database, LARKSPUR)
    second = await import_district(database, SEAL, EXAMPLE_TEXT, now=NOW + timedelta(days=9))
    assert (second.created, second.changed, second.revision) == (False, False, first.revision)
    assert not snapshot.difference(before, await stands(database, LARKSPUR))
    assert len(await history(database, LARKSPUR)) == 1


async def test_the_same_in_other_words_changes_no_rule(database: Database) -> None:
    await take(database)
    result = await take(
        database, ('from: "07:30"', 'from: "7:30"'), ("types: [staffing, funding]", "types: [ 'staffing', funding]")
    )
    assert result.draft is None
    assert not result.changed


async def test_a_file_with_mistakes_changes_nothing(database: Database) -> None:
    with pytest.raises(DistrictFileError) as refused:
        await take(database, ("timezone: America/Detroit", "timezone: Michigan"), ("decider: money", "decider: nobody"))
    assert len(refused.value.mistakes) == 2
    with pytest.raises(people.UnknownDistrictError):
        await stands(database)


async def test_an_import_that_fails_on_its_way_leaves_nothing_behind(database: Database) -> None:
    await take(database)
    other_keys = Seal([Seal.new_key()])
    with pytest.raises(UnsealError):
        await import_district(database, other_keys, changed(("Alder Falls Schools", "Alder Springs Schools")), now=NOW)
    found = await stands(database)
    assert (found.district.name, found.district.revision) == ("Alder Falls Schools", 1)


async def test_another_district_is_not_touched(database: Database) -> None:
    await import_district(database, SEAL, EXAMPLE_TEXT, now=NOW)
    before = await stands(database, LARKSPUR)
    await take(database)
    await take(
        database, NEW_RULES, NEW_LABEL, (GUEST, ""), (", outside: guest", ""), ("[guest, principal]", "[principal]")
    )
    assert not snapshot.difference(before, await stands(database, LARKSPUR))


# ---------------------------------------------------------------------------------------------------- what it tells


async def history(database: Database, district_id: DistrictId = SMALL) -> list[models.Event]:
    of = table(models.Event)
    async with database.district(district_id, write=False) as connection:
        rows = await connection.execute(select(of).where(of.c.district_id == district_id).order_by(of.c.seq))
        return [models.Event(**row._mapping) for row in rows]


async def test_what_changed_is_a_line_of_history_without_words(database: Database) -> None:
    await take(database)
    result = await take(
        database, ("spend_limit_usd: 5000", "spend_limit_usd: 9000"), ("Signe Bell", "Signe Bell-Reyes")
    )
    assert (dict(result.added), dict(result.updated), result.revision) == ({}, {"person": 1}, 2)
    first, second = await history(database)
    assert (first.kind, first.door, first.actor_id, first.at) == (Kind.IMPORTED, Door.OPERATOR, None, NOW)
    assert second.data["changes"] == {"person:money": {"spend_limit_usd": [5000, 9000], "name": None, "kept": None}}


async def test_the_chain_of_events_is_whole(database: Database) -> None:
    await take(database)
    await take(database, ("spend_limit_usd: 5000", "spend_limit_usd: 9000"))
    async with database.district(SMALL, write=False) as connection:
        found, sealed = await people.load_directory(connection, SMALL)
        head = await people.revision_and_ledger(connection, SMALL, lock=False)
        key = people.open_ledger_key(SEAL, sealed, SMALL)
        store = Store(connection, found, key, None, Came(Door.OPERATOR), SEAL)
        told = [await store.event(each.id) for each in await history(database)]
    assert ledger.first_break(key, "", [each for each in told if each]) is None
    assert (head.ledger.seq, head.ledger.head) == (2, told[-1].digest if told[-1] else "")


# ------------------------------------------------------------------------------------------------- people come and go


GONE = ((GUEST, ""), (", outside: guest", ""), ("[guest, principal]", "[principal]"))


async def test_who_is_no_longer_in_the_file_has_left_and_is_not_deleted(database: Database) -> None:
    await take(database)
    result = await take(database, *GONE)
    assert result.left == ("guest",)
    assert (await directory(database)).people[PersonId("guest")].left_on == date(2026, 10, 12)
    assert not (await take(database, *GONE)).changed


async def test_who_is_in_the_file_again_is_back(database: Database) -> None:
    await take(database)
    await take(database, *GONE)
    await take(database)
    assert (await directory(database)).people[PersonId("guest")].left_on is None


async def test_who_joined_by_writing_stays(database: Database) -> None:
    await take(database)
    joined = await joins(database)
    assert not (await take(database)).changed
    found = await stands(database)
    assert next(each for each in found.people if each.id == joined).left_on is None
    assert next(each for each in found.accounts if each.person_id == joined).conversation_id == "D1"


async def test_the_account_of_somebody_who_joined_is_not_given_to_another(database: Database) -> None:
    await take(database)
    joined = await joins(database)
    newcomer = (GUEST, GUEST + "  - {id: nell, name: Nell Okafor, role: teacher, school: creek, slack: U77}\n")
    with pytest.raises(DistrictFileError) as refused:
        await take(database, newcomer)
    (mistake,) = refused.value.mistakes
    assert mistake.line == line_of("id: nell", changed(newcomer))
    assert f'the account of "{joined}", whom the file does not have: give this entry that id' in mistake.says


async def test_who_joined_becomes_a_person_of_the_file_under_their_id(database: Database) -> None:
    await take(database)
    joined = await joins(database, timezone="America/Chicago")
    await take(
        database,
        (GUEST, GUEST + f"  - {{id: {joined}, name: Nell Okafor-Lee, role: teacher, school: creek, slack: U77}}\n"),
    )
    found = await stands(database)
    row = next(each for each in found.people if each.id == joined)
    assert (row.joined, row.name, row.role, row.timezone) == (False, "Nell Okafor-Lee", "teacher", "America/Chicago")
    assert [each.conversation_id for each in found.accounts if each.person_id == joined] == ["D1"]


async def test_an_account_that_changed_is_replaced_and_another_platforms_is_left_alone(database: Database) -> None:
    await take(database)
    console = models.Account(
        district_id=SMALL, platform=Platform.CONSOLE, workspace_id=SMALL, user_id="coord", person_id=PersonId("coord")
    )
    async with database.district(SMALL) as connection:
        await connection.execute(insert(table(models.Account)), console.model_dump())
    await take(database, ("slack: U2}", "slack: U22}"))
    found = [(each.platform, each.user_id) for each in (await stands(database)).accounts if each.person_id == "coord"]
    assert sorted(found) == [(Platform.CONSOLE, "coord"), (Platform.SLACK, "U22")]


async def test_accounts_can_be_exchanged(database: Database) -> None:
    await take(database)
    await take(database, ("slack: U2}", "slack: U0}"), ("slack: U3}", "slack: U2}"), ("slack: U0}", "slack: U3}"))
    found = {each.user_id: each.person_id for each in (await stands(database)).accounts}
    assert (found["U2"], found["U3"]) == ("head", "coord")


# -------------------------------------------------------------------------------- present facts that changed elsewhere


async def test_what_people_said_since_is_not_undone_by_the_same_file(database: Database) -> None:
    await take(database)
    async with database.district(SMALL) as connection:
        await people.leave(connection, SMALL, PersonId("coach"), date(2026, 10, 9))
        await people.add_absence(
            connection,
            models.Absence(
                district_id=SMALL, person_id=PersonId("head"), from_on=date(2026, 10, 14), to_on=date(2026, 10, 15)
            ),
        )
    assert not (await take(database)).changed
    await take(database, ("name: Max Delaney", "name: Max Delaney-Ruiz"))
    found = await directory(database)
    coach = found.people[PersonId("coach")]
    assert (coach.name, coach.left_on) == ("Max Delaney-Ruiz", date(2026, 10, 9))
    assert found.absence(PersonId("head"), date(2026, 10, 14)) is not None
    await take(database, ("name: Max Delaney,", "name: Max Delaney-Ruiz, left_on: 2026-10-30,"))
    assert (await directory(database)).people[PersonId("coach")].left_on == date(2026, 10, 30)


LEAVE = ", leave: {from: 2026-10-12, to: 2026-10-16, delegate: sup}"


async def test_leave_of_the_file_goes_with_the_file(database: Database) -> None:
    await take(database)
    await take(database, (LEAVE, ""))
    assert (await directory(database)).absences == ()


async def test_leave_that_the_person_entered_before_the_file_is_one_leave(database: Database) -> None:
    await take(database, (LEAVE, ""))
    entered = models.Absence(
        district_id=SMALL,
        person_id=PersonId("money"),
        from_on=date(2026, 10, 12),
        to_on=date(2026, 10, 16),
        delegate_id=PersonId("sup"),
    )
    async with database.district(SMALL) as connection:
        await people.add_absence(connection, entered)
    await take(database)
    assert len((await directory(database)).absences) == 1


async def test_the_same_leave_written_twice_is_one_leave(database: Database) -> None:
    span = "{from: 2026-10-12, to: 2026-10-16, delegate: sup}"
    await take(database, (span, f"[{span}, {span}]"))
    assert len((await directory(database)).absences) == 1


async def test_what_was_entered_last_holds(database: Database) -> None:
    await take(database)
    entered = models.Absence(
        district_id=SMALL,
        person_id=PersonId("money"),
        from_on=date(2026, 10, 13),
        to_on=date(2026, 10, 13),
        delegate_id=PersonId("head"),
    )
    async with database.district(SMALL) as connection:
        await people.add_absence(connection, entered)
    found = (await directory(database)).absence(PersonId("money"), date(2026, 10, 13))
    assert found is not None
    assert found.delegate_id == "head"


# --------------------------------------------------------------------------------------------------- schools and such


async def test_a_school_that_the_log_refers_to_stays_in_the_file(database: Database) -> None:
    await take(database)
    version = (await directory(database)).in_force.id
    case = builders.case(
        school_id=SchoolId("creek"), owner_id=PersonId("head"), process_id=version, district_id=SMALL, reporters=()
    )
    async with database.district(SMALL) as connection:
        await builders.save_case(connection, case)
    without = [
        ("  - {id: creek, name: Creek School, slt: slt-creek}\n", "  []\n"),
        (", school: creek, authority", ", authority"),
    ]
    without += [(", school: creek, teams", ", teams"), ("school: creek, lead", "lead")]
    with pytest.raises(DistrictFileError, match=r'challenges of the log belong to the school "creek"'):
        await take(database, *without)


async def test_what_the_file_drops_is_gone_where_nothing_needs_it(database: Database) -> None:
    await take(database)
    slt = '  - {id: slt-monthly, teams: [slt-creek], rule: third Wednesday, start: "15:30", minutes: 45}\n'
    result = await take(database, (slt, ""), ("0001}", "0002}"))
    assert dict(result.removed) == {"routine": 1, "workspace": 1, "account": 2}
    assert dict(result.added) == {"workspace": 1, "account": 2}


async def test_a_made_up_district_does_not_become_a_real_one(database: Database) -> None:
    await take(database)
    with pytest.raises(DistrictFileError, match="cannot become a real one"):
        await take(database, ("fictional: true\n", ""))


# ----------------------------------------------------------------------------------------------- versions of the process


async def versions(database: Database) -> dict[str, ProcessStatus]:
    return {each.version: each.status for each in (await stands(database)).processes}


async def test_other_rules_under_the_same_label_are_a_draft(database: Database) -> None:
    await take(database)
    result = await take(database, NEW_RULES)
    assert (result.draft, result.in_force) == ("1.0-draft-1", "1.0")
    found = await directory(database)
    assert found.in_force.process.daily_message_budget == 3
    assert {each.version: each.process.daily_message_budget for each in found.versions.values()} == {
        "1.0": 3,
        "1.0-draft-1": 2,
    }


async def test_what_to_paste_brings_the_draft_into_force(database: Database) -> None:
    await take(database)
    draft = await take(database, NEW_RULES)
    versions_there = TEXT[TEXT.index("process_document:") : TEXT.index("  types: [")].strip()
    assert '- {version: "1.1", status: in_force, date: 2026-10-12, approved_by: sup}' in draft.to_paste
    result = await take(database, NEW_RULES, (versions_there, draft.to_paste))
    assert (result.in_force, result.draft, result.to_paste) == ("1.1", None, "")
    assert (await directory(database)).in_force.process.daily_message_budget == 2


async def test_two_districts_with_one_workspace_are_warned_of_and_taken(database: Database) -> None:
    assert (await take(database)).warnings == ()
    other = await take(database, ("id: alder-falls", "id: birch-falls"))
    assert [each.partition(",")[0] for each in other.warnings] == [
        "the Slack workspace T0ALDER belongs to alder-falls",
        "the Teams tenant 00000000-0000-4000-8000-000000000001 belongs to alder-falls",
    ]
    assert other.changed


async def test_the_same_draft_is_not_made_twice(database: Database) -> None:
    await take(database)
    first = await take(database, NEW_RULES)
    second = await take(database, NEW_RULES)
    assert (second.draft, second.changed, second.revision) == ("1.0-draft-1", False, first.revision)
    third = await take(database, ("  tags: [grants]", "  tags: [grants]\n  daily_message_budget: 1"))
    assert third.draft == "1.0-draft-2"
    assert (await take(database)).draft is None


async def test_a_new_label_in_force_replaces_the_former_and_running_challenges_keep_theirs(database: Database) -> None:
    await take(database)
    former = (await directory(database)).in_force
    result = await take(database, NEW_RULES, NEW_LABEL)
    assert (result.in_force, result.draft) == ("1.1", None)
    assert await versions(database) == {
        "0.9": ProcessStatus.PRACTISED,
        "1.0": ProcessStatus.REPLACED,
        "1.1": ProcessStatus.IN_FORCE,
    }
    found = await directory(database)
    assert found.in_force.process.daily_message_budget == 2
    assert found.version(former.id).process == former.process
    assert not (await take(database, NEW_RULES, NEW_LABEL)).changed


async def test_a_version_that_was_practised_comes_into_force(database: Database) -> None:
    await take(database)
    await take(
        database,
        NEW_RULES,
        ('version: "0.9", status: practised', 'version: "0.9", status: in_force, approved_by: sup'),
        ('version: "1.0", status: in_force', 'version: "1.0", status: approved'),
    )
    assert await versions(database) == {"0.9": ProcessStatus.IN_FORCE, "1.0": ProcessStatus.REPLACED}


async def test_a_version_that_was_in_force_never_gets_other_rules(database: Database) -> None:
    await take(database)
    await take(database, NEW_RULES, NEW_LABEL)
    assert (await take(database)).in_force == "1.0"  # back to the former version, with its rules
    await take(database, NEW_RULES, NEW_LABEL)
    with pytest.raises(DistrictFileError, match=r"version 1\.0 was in force with other rules"):
        await take(database, ("  tags: [grants]", "  tags: [grants]\n  daily_message_budget: 7"))


async def test_a_district_without_a_written_process_begins_with_the_starter(database: Database) -> None:
    text = TEXT[: TEXT.index("process_document:")]
    bare = "\n".join(line for line in text.splitlines() if "decider" not in line and "authority_matrix" not in line)
    result = await import_district(database, SEAL, bare.replace("authority: [funding]", "authority: []"), now=NOW)
    assert result.in_force == "starter"
    assert len((await directory(database)).in_force.process.types) == 12
