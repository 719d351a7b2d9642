"""The heartbeat stops as it should: what is under way ends, and nothing of it is left behind."""

import asyncio
from datetime import timedelta

from scheduling.heartbeat import Heartbeat, Loop
from storage import registrations
from storage.database import Database


def loop(name: str, run) -> Loop:  # type: ignore[no-untyped-def]
    return Loop(name, timedelta(hours=1), run)


async def test_a_round_under_way_is_finished_before_the_heart_stands_still() -> None:
    begun, may_end, done = asyncio.Event(), asyncio.Event(), []

    async def work() -> None:
        begun.set()
        await may_end.wait()
        done.append("committed")

    heart = Heartbeat(loop("work", work))
    heart.start()
    await begun.wait()
    stopping = asyncio.create_task(heart.stop())
    await asyncio.sleep(0)
    assert heart.stopping
    assert not stopping.done()
    may_end.set()
    await stopping
    assert done == ["committed"]


async def test_no_round_begins_once_it_stops() -> None:
    rounds = 0

    async def work() -> None:
        nonlocal rounds
        rounds += 1

    heart = Heartbeat(loop("work", work))
    heart.start()
    await heart.stop()
    before = rounds
    heart.wake()
    await asyncio.sleep(0.2)
    assert rounds == before


async def test_a_round_without_end_is_cut_off_and_gives_its_connection_back(database: Database) -> None:
    """Left to itself in the middle of a transaction, it held up the end of the process for ever."""
    begun = asyncio.Event()

    async def work() -> None:
        async with database.queue() as connection:
            await registrations.beats(connection)
            begun.set()
            await asyncio.Event().wait()

    heart = Heartbeat(loop("work", work))
    heart.start()
    await begun.wait()
    await heart.stop(within_s=0.01)
    assert database.writer.pool.checkedout() == 0  # type: ignore[attr-defined]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_to_stop_what_never_started_is_nothing() -> None:
    async def work() -> None:
        raise AssertionError

    await Heartbeat(loop("work", work)).stop()
