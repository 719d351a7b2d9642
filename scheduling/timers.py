"""Runs what has fallen due: claims timers, and calls their handlers in batches by kind and district, a savepoint each.

Districts do not wait for one another: the batches of a few of them run at once.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import queue
from storage.models import Timer
from storage.queue import ClaimedTimer
from storage.store import Store
from storage.vocabulary import DistrictId

BATCH: Final = 100  # claimed at a time
IN_ONE: Final = 20  # timers in one transaction: a click that comes meanwhile waits no longer than these take
DISTRICTS_AT_ONCE: Final = 4  # each with a connection: requests keep the rest of the pool
BACK_OFF: Final = (timedelta(seconds=30), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))

log = structlog.get_logger()

Queue = Callable[[str], AbstractAsyncContextManager[AsyncConnection]]
"""A writing transaction on the queue; what it is for is said with it."""
Open = Callable[[DistrictId], AbstractAsyncContextManager[Store]]
Run = Callable[[Store, Timer, datetime], Awaitable[None]]


async def run_due(
    open_queue: Queue,
    open_district: Open,
    run: Run,
    now: datetime,
    limit: int = BATCH,
    *,
    at_once: int = DISTRICTS_AT_ONCE,
) -> int:
    """Claims up to `limit` due timers and runs them, of so many districts `at_once`; returns how many were claimed.

    A timer whose handler fails is tried again later and later, and stands in the log each time; the others of its
    batch are not touched by it.
    """
    async with open_queue("timer: claimed") as connection:
        claimed = await queue.claim_timers(connection, now, limit)
    districts: dict[DistrictId, dict[str, list[ClaimedTimer]]] = defaultdict(lambda: defaultdict(list))
    for timer in claimed:
        districts[timer.district_id][timer.kind].append(timer)
    places = asyncio.Semaphore(at_once)

    async def run_all(district_id: DistrictId, kinds: Mapping[str, list[ClaimedTimer]]) -> None:
        async with places:
            for timers in kinds.values():
                for start in range(0, len(timers), IN_ONE):
                    await _run_batch(open_queue, open_district, run, district_id, timers[start : start + IN_ONE], now)

    async with asyncio.TaskGroup() as group:
        for district_id, kinds in districts.items():
            group.create_task(run_all(district_id, kinds))
    return len(claimed)


async def _run_batch(
    open_queue: Queue,
    open_district: Open,
    run: Run,
    district_id: DistrictId,
    timers: list[ClaimedTimer],
    now: datetime,
) -> None:
    failed: list[ClaimedTimer] = []
    try:
        async with open_district(district_id) as store:
            for timer in await queue.still_ours(store.connection, timers):
                try:
                    async with store.savepoint(now):
                        await run(store, _timer(timer), now)
                except Exception:
                    log.exception("timer.failed", kind=timer.kind, about=timer.about, attempts=timer.attempts)
                    failed.append(timer)
    except Exception:
        log.exception("timers.failed", district=district_id, count=len(timers))
        failed = timers
    if failed:
        async with open_queue("timer: postponed") as connection:
            for timer in failed:
                wait = BACK_OFF[min(timer.attempts, len(BACK_OFF)) - 1]
                await queue.postpone_timer(connection, timer, now + wait)


def _timer(claimed: ClaimedTimer) -> Timer:
    return Timer(
        district_id=claimed.district_id,
        id=claimed.id,
        kind=claimed.kind,
        about=claimed.about,
        due_at=claimed.due_at,
        leased_until=claimed.leased_until,
        attempts=claimed.attempts,
    )
