"""What was sent is marked together, and also where nobody waits for that any more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.marks import Arrived, Marks
from storage import models
from storage.database import Database
from storage.models import table
from storage.queue import ClaimedMessage, Sent
from storage.registrations import AccountRow
from storage.vocabulary import MessageState, Platform
from tests.storage.stores import NOW, TEACHER, message, two_districts
from tests.storage.test_queue import COLLEAGUE, PLACE, claim_messages, plan


@pytest.fixture
async def database(database: Database) -> Database:
    await two_districts(database)
    return database


class Stands:
    def now(self) -> datetime:
        return NOW


def arrived(claimed: ClaimedMessage) -> Arrived:
    account = AccountRow(claimed.district_id, claimed.person_id, Platform.SLACK, "T", "U", True, "D", None)
    return Arrived(Sent([claimed], Platform.SLACK, PLACE, NOW), account, "D")


def behind_a_gate(database: Database) -> tuple[Marks, asyncio.Event]:
    """Nothing is written before the gate is open."""
    gate = asyncio.Event()

    @asynccontextmanager
    async def queue(_: str) -> AsyncIterator[AsyncConnection]:
        await gate.wait()
        async with database.queue() as connection:
            yield connection

    return Marks(queue, Stands()), gate


async def states(database: Database) -> list[MessageState]:
    async with database.queue() as connection:
        return [each.state for each in await connection.execute(select(table(models.Message)))]


async def test_those_who_come_while_one_is_written_share_the_next_transaction(database: Database) -> None:
    await plan(database, *(message(TEACHER) for _ in range(5)), *(message(COLLEAGUE) for _ in range(5)))
    opened = 0

    @asynccontextmanager
    async def queue(_: str) -> AsyncIterator[AsyncConnection]:
        nonlocal opened
        opened += 1
        async with database.queue() as connection:
            yield connection

    first, *others = await claim_messages(database)
    marks = Marks(queue, Stands())
    await marks.write(arrived(first))  # alone, and at once
    await asyncio.gather(*(marks.write(arrived(each)) for each in others))
    assert opened == 2
    assert await states(database) == [MessageState.SENT] * 10


async def test_what_arrived_is_written_though_whoever_waited_is_cut_off(database: Database) -> None:
    await plan(database, message(TEACHER), message(COLLEAGUE))
    first, second = await claim_messages(database)
    marks, gate = behind_a_gate(database)
    begun = [asyncio.create_task(marks.write(arrived(each))) for each in (first, second)]
    await asyncio.sleep(0)
    for each in begun:
        each.cancel()
    await asyncio.gather(*begun, return_exceptions=True)
    gate.set()
    await marks.finish()
    assert await states(database) == [MessageState.SENT] * 2


async def test_one_that_spoils_it_is_alone_in_that(database: Database) -> None:
    await plan(database, message(TEACHER), message(COLLEAGUE))
    first, second = await claim_messages(database)
    marks = Marks(lambda _: database.queue(), Stands())
    spoilt = Arrived(Sent([second], Platform.SLACK, PLACE, "no instant"), arrived(second).account, "D")  # type: ignore[arg-type]  # a bug
    done = await asyncio.gather(marks.write(arrived(first)), marks.write(spoilt), return_exceptions=True)
    assert done[0] is None
    assert isinstance(done[1], Exception)
    assert sorted(await states(database)) == [MessageState.PENDING, MessageState.SENT]
    with pytest.raises(type(done[1])):
        await marks.write(spoilt)


async def test_a_turn_that_is_cut_off_blocks_no_other(database: Database) -> None:
    await plan(database, message(TEACHER), message(COLLEAGUE))
    first, second = await claim_messages(database)
    marks, gate = behind_a_gate(database)
    stuck = asyncio.create_task(marks.write(arrived(first)))
    await asyncio.sleep(0)
    await marks.finish(within_s=0.01)
    with pytest.raises(asyncio.CancelledError):
        await stuck
    gate.set()
    await marks.write(arrived(second))
    assert sorted(await states(database)) == [MessageState.PENDING, MessageState.SENT]
