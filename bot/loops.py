"""What beats: timers that fall due, the outbox, the audit of the promises, upkeep."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import crash
from bot.dispatcher import Dispatcher
from bot.districts import Districts
from handlers import audit, registry
from scheduling import timers
from scheduling.clock import Clock
from scheduling.heartbeat import FINISHES_WITHIN_S, Heartbeat, Loop
from storage import queue, registrations
from storage.store import Came, Store
from storage.vocabulary import DistrictId, Door

TIMERS: Final = "timers"
OUTBOX: Final = "outbox"
AUDIT: Final = "audit"
UPKEEP: Final = "upkeep"

KEYS_KEPT: Final = timedelta(days=14)  # Slack re-delivers for minutes; an operator may replay an outage of days
A_WHILE: Final = timedelta(seconds=1)
HEART: Final = (TIMERS, OUTBOX)
"""The loops that keep the promises; the audit looks at what they have left."""
FRESH: Final = {TIMERS: timedelta(minutes=2), OUTBOX: timedelta(minutes=5), AUDIT: timedelta(minutes=10)}
"""A beat older than this has stopped. One round takes as long as a slow platform, or a long history, takes."""

READ_WHOLE_EVERY: Final = timedelta(days=1)  # the history, from its first line; in between what is new of it
WHILE_BROKEN: Final = timedelta(hours=1)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Reading:
    """What this process has read of one district's history."""

    whole_at: datetime
    """When it was last read from its first line."""
    mark: audit.Mark
    broken: tuple[audit.Breach, ...]


class Loops:
    """The loops of one process, each callable by itself: the practice workspace and the tests drive them by hand."""

    def __init__(self, districts: Districts, clock: Clock, dispatcher: Dispatcher) -> None:
        self._districts = districts
        self._database = districts.database
        self._clock = clock
        self._dispatcher = dispatcher
        self._whole: dict[DistrictId, Reading] = {}
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
        at_once = 1 if self._database.is_sqlite else timers.DISTRICTS_AT_ONCE  # there is one writer anyway
        while not self.heartbeat.stopping:
            now = self._clock.now()
            claimed = await timers.run_due(self._queue, self._open, registry.run_timer, now, at_once=at_once)
            if not claimed:
                break
            total += claimed
        return total

    def _queue(self, step: str) -> AbstractAsyncContextManager[AsyncConnection]:
        return crash.around(step, self._database.queue())

    def _open(self, district_id: DistrictId) -> AbstractAsyncContextManager[Store]:
        return crash.around("timer: commit", self._districts.open(district_id, Came(Door.TIMER), write=True))

    async def run_outbox(self) -> int:
        """Everything that may be sent now; returns how much there was, when it is sent."""
        total = 0
        while (claimed := await self._dispatcher.run_once()) or self._dispatcher.full:
            total += claimed
            await self._dispatcher.finish()
        return total

    async def stop(self) -> None:
        """Nothing comes round any more; returns when what was under way has ended, or was cut off."""
        await asyncio.gather(self.heartbeat.stop(), self._dispatcher.finish(FINISHES_WITHIN_S))
        await self._dispatcher.cut_off()  # what the last round has begun meanwhile, and not ended

    async def run_audit(self) -> list[audit.Breach]:
        """Checks every district's promises, mends what it can, tells the coordinator of the rest, and returns that."""
        left: list[audit.Breach] = []
        now = self._clock.now()
        for district_id, found in (await self.found(now)).items():
            if found:
                left += await self._mend(district_id, found, now)
        return left

    async def found(self, now: datetime, *, whole: bool = False) -> dict[DistrictId, list[audit.Breach]]:
        """What does not hold in each district, mended by nobody. `whole`: the history is read from its first line."""
        fresh = await self.is_fresh(now)
        async with self._database.queue(write=False) as connection:
            ids = await registrations.district_ids(connection)
        found = {}
        for district_id in ids:
            try:
                found[district_id] = await self._found(district_id, now, heart_fresh=fresh, whole=whole)
            except Exception as error:  # whatever is wrong with one district, the others are looked at
                log.exception("audit.failed", district=district_id)
                says = f"the audit could not be finished ({type(error).__name__})"
                found[district_id] = [audit.Breach(district_id, "checked", None, says)]
        return found

    async def _found(
        self, district_id: DistrictId, now: datetime, *, heart_fresh: bool, whole: bool
    ) -> list[audit.Breach]:
        async with self._districts.open(district_id, Came(Door.TIMER)) as store:
            found = [each async for each in audit.check(store, now, heart_fresh=heart_fresh)]
            read = self._whole.get(district_id)
            every = WHILE_BROKEN if read and read.broken else READ_WHOLE_EVERY
            if whole or read is None or now - read.whole_at >= every:
                broken, mark = await audit.check_history(store)
                read = Reading(now, mark, tuple(broken))
            else:
                broken, mark = await audit.check_history(store, read.mark)
                read = Reading(read.whole_at, mark, tuple(dict.fromkeys([*read.broken, *broken])))
            self._whole[district_id] = read
        return [*found, *read.broken]

    async def _mend(self, district_id: DistrictId, found: list[audit.Breach], now: datetime) -> list[audit.Breach]:
        left = []
        try:
            opened = self._districts.open(district_id, Came(Door.TIMER), write=True)
            async with crash.around("audit: commit", opened) as store:
                for breach in found:
                    mended = await self._mended(store, breach, now)
                    if not mended:
                        left.append(breach)
                        async with store.savepoint(now):
                            await audit.report(store, breach, now)
                    log.warning(
                        "promise.broken", district=district_id, promise=breach.promise, number=breach.number,
                        mended=mended,
                    )  # fmt: skip
        except Exception:
            log.exception("audit.failed", district=district_id)
            return found  # nothing was committed
        return left

    @staticmethod
    async def _mended(store: Store, breach: audit.Breach, now: datetime) -> bool:
        """Whether it is right now. What did not help leaves no trace, and the others are not left for it."""
        try:
            async with store.savepoint(now):
                await audit.mend(store, breach, now)
                registry.settle(store, now)
        except audit.NotMendedError:
            return False
        except Exception:
            log.exception("audit.failed", district=breach.district_id)
            return False
        return True

    def forget(self) -> None:
        """What was found of a database that is no more (the practice workspace starts over)."""
        self._whole.clear()

    async def is_fresh(self, now: datetime, *loops: str) -> bool:
        """Whether these loops (the heart, where none is named) have been going round, in this process or another."""
        async with self._database.queue(write=False) as connection:
            beats = {each.loop: each.at for each in await registrations.beats(connection)}
        return all(each in beats and now - beats[each] < FRESH[each] for each in loops or HEART)

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
        while not self.heartbeat.stopping and await self._dispatcher.run_once():
            await self._beat(OUTBOX)  # it goes round, however much there is to send
        await self._beat(OUTBOX)
        soonest = await self._until_next()
        # What is due of a district whose platform keeps us waiting stays due until it has room.
        return max(soonest, A_WHILE) if soonest is not None and self._dispatcher.full else soonest

    async def _audit(self) -> timedelta | None:
        left = await self.run_audit()
        await self._beat(AUDIT, len(left))
        return None

    async def _upkeep(self) -> timedelta | None:
        async with self._queue("upkeep: commit") as connection:
            await registrations.forget_old_keys(connection, self._clock.now() - KEYS_KEPT)
        await self._beat(UPKEEP)
        return None

    async def _beat(self, loop: str, breaches: int = 0) -> None:
        async with self._queue("loop: beat") as connection:
            await registrations.beat(connection, loop, self._clock.now(), breaches)

    async def _until_next(self) -> timedelta | None:
        async with self._database.queue(write=False) as connection:
            due = await queue.next_due(connection)
        return None if due is None else max(due - self._clock.now(), timedelta(0))
