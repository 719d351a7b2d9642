"""A district written as a file: what came in comes out, and what changed since."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
import yaml

from handlers.district.check import check
from handlers.district.exporter import export_district
from handlers.district.importer import import_district
from storage import models, occurrences, people, registrations, schema
from storage.database import Database
from storage.vocabulary import DistrictId, PersonId, Platform
from tests.handlers.district_files import EXAMPLE_TEXT, LARKSPUR, NOW, SEAL, SMALL, TEXT, changed


@pytest.fixture
async def fresh(tmp_path: Path) -> AsyncIterator[Database]:
    """Another, empty database: SQLite, whatever the first one is."""
    url = f"sqlite:///{tmp_path / 'fresh.db'}"
    schema.upgrade(url)
    database = Database(url)
    yield database
    await database.close()


@pytest.mark.parametrize("text", [EXAMPLE_TEXT, TEXT], ids=["the practice district", "the small district"])
async def test_what_is_exported_makes_the_same_district_elsewhere(
    database: Database, fresh: Database, text: str
) -> None:
    district_id = DistrictId(check(text).file.district.id)
    await import_district(database, SEAL, text, now=NOW)
    exported = await export_district(database, district_id)
    assert (await import_district(fresh, SEAL, exported, now=NOW)).created
    assert await export_district(fresh, district_id) == exported


async def test_every_section_and_field_of_the_practice_district_survives(database: Database) -> None:
    await import_district(database, SEAL, EXAMPLE_TEXT, now=NOW)
    exported = await export_district(database, LARKSPUR)
    assert yaml.safe_load(exported) == yaml.safe_load(EXAMPLE_TEXT)
    assert exported.splitlines()[1].startswith("# FICTIONAL DATA")


async def test_an_export_taken_back_changes_nothing(database: Database) -> None:
    await import_district(database, SEAL, EXAMPLE_TEXT, now=NOW)
    assert not (await import_district(database, SEAL, await export_district(database, LARKSPUR), now=NOW)).changed


async def test_ids_of_microsofts_directory_in_capitals_are_one_with_those_in_small_letters(database: Database) -> None:
    """They are kept as Microsoft sends them, and the file as its author wrote it."""
    tenant, person = "00000000-0000-4000-8000-00000000000A", "AAAAAAAA-0000-4000-8000-000000000004"
    text = TEXT.replace("00000000-0000-4000-8000-000000000001", tenant).replace("teams: 29:4", f"teams: {person}")
    await import_district(database, SEAL, text, now=NOW)
    async with database.queue(write=False) as connection:
        [account] = await registrations.accounts(connection, Platform.TEAMS, tenant.lower(), person.lower())
    assert account == (SMALL, "coach")
    exported = await export_district(database, SMALL)
    assert yaml.safe_load(exported)["district"]["platforms"]["teams"]["tenant_id"] == tenant
    assert person in exported
    assert not (await import_district(database, SEAL, exported, now=NOW)).changed
    lower = exported.replace(tenant, tenant.lower()).replace(person, person.lower())
    await import_district(database, SEAL, lower, now=NOW)
    assert person.lower() in await export_district(database, SMALL)
    async with database.queue(write=False) as connection:
        assert [account] == await registrations.accounts(connection, Platform.TEAMS, tenant.lower(), person.lower())


async def test_sections_of_their_own_survive(database: Database) -> None:
    own = "bake_sale: {cakes: 3, 'yes': 'no', on: 2026-11-02, at: '07:30', 10: [1.5, null, '', 'Ωmega']}\n"
    await import_district(database, SEAL, TEXT + own, now=NOW)
    assert own.split(": ", 1)[0] in await export_district(database, SMALL)
    assert check(await export_district(database, SMALL)).file.document.data["bake_sale"] == {
        "cakes": 3,
        "yes": "no",
        "on": "2026-11-02",
        "at": "07:30",
        "10": [1.5, None, "", "Ωmega"],
    }


async def test_what_changed_since_the_import_is_written_over_it(database: Database, fresh: Database) -> None:
    await import_district(database, SEAL, TEXT, now=NOW)
    joined = models.Person(district_id=SMALL, id=PersonId("joined-1"), name="Nell Okafor", joined=True, locale="es")
    account = models.Account(
        district_id=SMALL, platform=Platform.SLACK, workspace_id="T0ALDER", user_id="U77", person_id=joined.id
    )
    away = models.Absence(
        district_id=SMALL, person_id=PersonId("money"), from_on=date(2026, 12, 1), to_on=date(2026, 12, 2)
    )
    async with database.district(SMALL) as connection:
        await people.add_person(connection, joined, account)
        await people.add_absence(connection, away)
        await people.leave(connection, SMALL, PersonId("coach"), date(2026, 10, 30))
    exported = await export_district(database, SMALL)
    file = check(exported).sound()
    entries = {each.id: each for each in file.people.values()}
    assert entries["joined-1"].joined
    assert (entries["joined-1"].slack, entries["joined-1"].locale) == ("U77", "es")
    assert [str(each.first) for each in entries["money"].leave] == ["2026-10-12", "2026-12-01"]
    assert entries["coach"].left_on == date(2026, 10, 30)
    await import_district(fresh, SEAL, exported, now=NOW)
    assert await export_district(fresh, SMALL) == exported


async def test_versions_keep_their_rules(database: Database, fresh: Database) -> None:
    """A draft, and one that running challenges still follow."""
    new_rules = ("  tags: [grants]", "  tags: [grants]\n  daily_message_budget: 2")
    await import_district(database, SEAL, TEXT, now=NOW)
    await import_district(database, SEAL, changed(new_rules), now=NOW)
    await import_district(database, SEAL, changed(new_rules, ('version: "1.0"', 'version: "1.1"')), now=NOW)
    exported = await export_district(database, SMALL)
    await import_district(fresh, SEAL, exported, now=NOW)
    assert await export_district(fresh, SMALL) == exported
    async with fresh.district(SMALL, write=False) as connection:
        found, _ = await people.load_directory(connection, SMALL)
    assert {each.version: each.process.daily_message_budget for each in found.versions.values()} == {
        "1.1": 2,
        "1.0": 3,
        "1.0-draft-1": 2,
    }


async def test_there_is_no_file_of_a_district_that_is_not_there(database: Database) -> None:
    with pytest.raises(people.UnknownDistrictError):
        await export_district(database, DistrictId("nowhere"))


async def test_the_roles_of_a_routine_are_written_as_they_stand(database: Database, fresh: Database) -> None:
    await import_district(database, SEAL, changed(("minutes: 45}", "minutes: 45, roles: [principal]}")), now=NOW)
    async with database.district(SMALL) as connection:
        roles = {"person_roles": ["school_coach", "principal"]}
        await occurrences.change_routine(connection, SMALL, "slt-monthly", roles)
    exported = await export_district(database, SMALL)
    entries = {each.id: each for each in check(exported).sound().routines.values()}
    assert entries["slt-monthly"].roles == ("school_coach", "principal")
    await import_district(fresh, SEAL, exported, now=NOW)
    assert await export_district(fresh, SMALL) == exported
