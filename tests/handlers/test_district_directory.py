"""The picture of a district: read whole, cached by its revision, raised by every change."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from handlers.district.importer import import_district
from storage import models, people
from storage.database import Database
from storage.sealing import UnsealError
from storage.vocabulary import DistrictId, PersonId
from tests.handlers.district_files import LARKSPUR, NOW, SEAL, SMALL, TEXT

OTHER = TEXT.replace("alder-falls", "birch-falls").replace("T0ALDER", "T0BIRCH").replace("0001}", "0002}")


@pytest.fixture(autouse=True)
async def imported(database: Database) -> None:
    await import_district(database, SEAL, TEXT, now=NOW)


def somebody(name: str = "new") -> models.Person:
    return models.Person(district_id=SMALL, id=PersonId(name), name="Nell Okafor", joined=True)


def absence() -> models.Absence:
    return models.Absence(
        district_id=SMALL, person_id=PersonId("head"), from_on=date(2026, 11, 2), to_on=date(2026, 11, 2)
    )


WRITES: dict[str, Callable[[AsyncConnection], Awaitable[object]]] = {
    "somebody joins": lambda connection: people.add_person(connection, somebody()),
    "somebody is away": lambda connection: people.add_absence(connection, absence()),
    "somebody leaves": lambda connection: people.leave(connection, SMALL, PersonId("head"), date(2026, 11, 2)),
    "anything else": lambda connection: people.bump_revision(connection, SMALL),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
async def test_every_change_raises_the_revision(
    database: Database, write: Callable[[AsyncConnection], Awaitable[object]]
) -> None:
    async with database.district(SMALL) as connection:
        await write(connection)
    async with database.district(SMALL, write=False) as connection:
        assert (await people.revision_and_ledger(connection, SMALL, lock=False)).revision == 2


async def test_who_joins_comes_after_all_others(database: Database) -> None:
    async with database.district(SMALL) as connection:
        await people.add_person(connection, somebody())
        found, _ = await people.load_directory(connection, SMALL)
    assert list(found.people)[-1] == "new"


async def test_what_is_cached_is_read_again_when_the_revision_has_risen(database: Database) -> None:
    cache = people.DirectoryCache()
    async with database.district(SMALL) as connection:
        first = await cache.get(connection, SMALL, 1)
        assert await cache.get(connection, SMALL, 1) is first
        await people.add_person(connection, somebody())
    async with database.district(SMALL) as connection:
        second, _ = await cache.get(connection, SMALL, 2)
    assert (first[0].revision, second.revision) == (1, 2)
    assert "new" in second.people


async def test_the_cache_keeps_the_districts_last_used(database: Database) -> None:
    await import_district(database, SEAL, OTHER, now=NOW)
    cache = people.DirectoryCache(most=1)
    async with database.district(SMALL, write=False) as connection:
        first = await cache.get(connection, SMALL, 1)
    async with database.district(DistrictId("birch-falls"), write=False) as connection:
        other, _ = await cache.get(connection, DistrictId("birch-falls"), 1)
    async with database.district(SMALL, write=False) as connection:
        assert await cache.get(connection, SMALL, 1) is not first
    assert other.district_id == "birch-falls"


async def test_a_district_that_is_not_there(database: Database) -> None:
    async with database.district(LARKSPUR) as connection:
        with pytest.raises(people.UnknownDistrictError):
            await people.load_directory(connection, LARKSPUR)
        with pytest.raises(people.UnknownDistrictError):
            await people.revision_and_ledger(connection, LARKSPUR, lock=True)


async def test_a_ledgers_key_opens_for_its_own_district_only(database: Database) -> None:
    async with database.district(SMALL, write=False) as connection:
        _, sealed = await people.load_directory(connection, SMALL)
    assert len(people.open_ledger_key(SEAL, sealed, SMALL)) >= 32
    with pytest.raises(UnsealError):
        people.open_ledger_key(SEAL, sealed, LARKSPUR)


async def test_a_writer_that_had_to_wait_reads_the_revision_from_after_its_wait(database: Database) -> None:
    async def next_writer() -> int:
        async with database.district(SMALL) as connection:
            return (await people.revision_and_ledger(connection, SMALL, lock=True)).revision

    async with database.district(SMALL) as connection:
        await people.revision_and_ledger(connection, SMALL, lock=True)
        waiting = asyncio.create_task(next_writer())
        while not (database.is_sqlite or await _somebody_waits(database)):
            pass
        await people.add_person(connection, somebody())
    assert await waiting == 2


async def _somebody_waits(database: Database) -> bool:
    async with database.engine.connect() as connection:
        return bool((await connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted"))).scalar_one())
