"""One effect per intent, however often and however concurrently it arrives (design 1.7)."""

import asyncio
from datetime import timedelta

from storage import registrations
from storage.database import Database
from tests.storage.stores import HERE, NOW, THERE, two_districts, writing


async def test_of_ten_at_once_exactly_one_is_the_first(database: Database) -> None:
    await two_districts(database)

    async def arrive() -> bool:
        async with writing(database) as store:
            return await store.remember("T1/C1/17.4", NOW)

    answers = await asyncio.gather(*(arrive() for _ in range(10)))

    assert sorted(answers) == [False] * 9 + [True]


async def test_each_district_has_its_own_keys(database: Database) -> None:
    await two_districts(database)
    for each in (HERE, THERE):
        async with writing(database, each) as store:
            assert await store.remember("T1/C1/17.4", NOW)


async def test_old_keys_are_forgotten_and_new_ones_are_kept(database: Database) -> None:
    await two_districts(database)
    async with writing(database) as store:
        await store.remember("old", NOW - timedelta(days=8))
        await store.remember("new", NOW)
    async with database.queue() as connection:
        assert await registrations.forget_old_keys(connection, NOW - timedelta(days=7)) == 1

    async with writing(database) as store:
        assert [await store.remember(each, NOW) for each in ("old", "new")] == [True, False]
