"""What beats: timers that fall due, the outbox, the audit of the promises, upkeep."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import date, datetime, timedelta
from typing import Final

import structlog

from bot import crash
from bot.dispatcher import Dispatcher
from bot.districts import Districts
from handlers import audit, registry
from scheduling import timers
from scheduling.clock import Clock
from scheduling.heartbeat import Heartbeat, Loop
from storage import queue, registrations
from storage.store import Came, Store
from storage.vocabulary import DistrictId, Door

TIMERS: Final = "timers"
OUTBOX: Final = "outbox"
AUDIT: Final = "audit"
UPKEEP: Final = "upkeep"

KEYS_KEPT: Final = timedelta(days=14)  # Slack re-delivers for minutes; an operator may replay an outage of days
FRESH: Final = timedelta(minutes=2)  # a heartbeat older than this has stopped

log = structlog.get_logger()


class Loops:
    """The loops of one process, each callable by itself: the practice workspace and the tests drive them by hand."""

    def __init__(self, districts: Districts, clock: Clock, dispatcher: Dispatcher) -> None:
        self._districts = districts
        self._database = districts.database
        self._clock = clock
        self._dispatcher = dispatcher
        self._whole: dict[DistrictId, audit.Mark] = {}
        """How far each district's history was found whole by this process."""
        self._told: dict[str, date] = {}
        """When the coordinator was last told of a breach."""
        self.heartbeat = Heartbeat(
            Loop(TIMERS, timedelta(seconds=20), self._timers),
            Loop(OUTBOX, timedelta(seconds=20), self._outbox),
            Loop(AUDIT, timedelta(minutes=1), self._audit),
            Loop(UPKEEP, timedelta(hours=1), self._upkeep),
        )

    def wake(self) -> None:
        """Something was committed: there may be something to send, or a timer that is due at once."""
        self.heartbeat.wake(TIMERS, OUTBOX)

    # -- one round of each -------------------------------------------------------------------------------------------

    async def run_timers(self) -> int:
        """Everything that is due now; returns how many timers were claimed."""
        total = 0
        while claimed := await timers.run_due(self._database, self._open, registry.run_timer, self._clock.now()):
            total += claimed
        return total

    @asynccontextmanager
    async def _open(self, district_id: DistrictId) -> AsyncIterator[Store]:
        async with self._districts.open(
            district_id, Came(Door.TIMER), write=True, before_commit=lambda: crash.at("timer: before commit")
        ) as store:
            yield store
        crash.at("timer: after commit")

    async def run_outbox(self) -> int:
        """Everything that may be sent now; returns how much there was."""
        total = 0
        while claimed := await self._dispatcher.run_once():
            total += claimed
        return total

    async def run_audit(self) -> list[audit.Breach]:
        """Checks every district's promises, mends what it can, tells the coordinator of the rest, and returns that."""
        left: list[audit.Breach] = []
        now = self._clock.now()
        fresh = await self.is_fresh(now)
        async with self._database.queue(write=False) as connection:
            ids = await registrations.district_ids(connection)
        for district_id in ids:
            async with self._districts.open(district_id, Came(Door.TIMER)) as store:
                found = [each async for each in audit.check(store, now, heart_fresh=fresh)]
                mark = self._whole.get(district_id, audit.BEGINNING)
                broken, self._whole[district_id] = await audit.check_history(store, mark)
                found += [broken] if broken else []
            if found:
                left += await self._mend(district_id, found, now)
        return left

    async def _mend(self, district_id: DistrictId, found: list[audit.Breach], now: datetime) -> list[audit.Breach]:
        left = []
        async with self._districts.open(district_id, Came(Door.TIMER), write=True) as store:
            for breach in found:
                mended = False
                with suppress(Exception):  # what cannot be mended is told below; the others are not left for it
                    async with store.savepoint(now):
                        mended = await audit.mend(store, breach, now)
                        registry.settle(store, now)
                async with store.savepoint(now):
                    if not mended and self._told.get(str(breach)) != now.date():  # once a day, until it is mended
                        self._told[str(breach)] = now.date()
                        await audit.report(store, breach, now)
                log.warning(
                    "promise.broken", district=district_id, promise=breach.promise, number=breach.number, mended=mended
                )
                if not mended:
                    left.append(breach)
        return left

    def forget(self) -> None:
        """What was found of a database that is no more (the practice workspace starts over)."""
        self._whole.clear()
        self._told.clear()

    async def is_fresh(self, now: datetime) -> bool:
        """Whether the timers have been running, in this process or another."""
        async with self._database.queue(write=False) as connection:
            beats = {each.loop: each.at for each in await registrations.beats(connection)}
        return TIMERS in beats and now - beats[TIMERS] < FRESH

    async def breaches(self) -> int:
        """How many promises the last audit found broken and could not mend."""
        async with self._database.queue(write=False) as connection:
            return sum(each.breaches for each in await registrations.beats(connection))

    # -- as the heartbeat calls them ---------------------------------------------------------------------------------

    async def _timers(self) -> timedelta | None:
        done = await self.run_timers()
        await self._beat(TIMERS)
        if done:
            self.heartbeat.wake(OUTBOX)
        return await self._until_next()

    async def _outbox(self) -> timedelta | None:
        await self.run_outbox()
        await self._beat(OUTBOX)
        return await self._until_next()

    async def _audit(self) -> timedelta | None:
        left = await self.run_audit()
        await self._beat(AUDIT, len(left))
        return None

    async def _upkeep(self) -> timedelta | None:
        async with self._database.queue() as connection:
            await registrations.forget_old_keys(connection, self._clock.now() - KEYS_KEPT)
        await self._beat(UPKEEP)
        return None

    async def _beat(self, loop: str, breaches: int = 0) -> None:
        async with self._database.queue() as connection:
            await registrations.beat(connection, loop, self._clock.now(), breaches)

    async def _until_next(self) -> timedelta | None:
        async with self._database.queue(write=False) as connection:
            due = await queue.next_due(connection)
        return None if due is None else max(due - self._clock.now(), timedelta(0))
