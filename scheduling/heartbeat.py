"""The heartbeat: which loop beats how often. APScheduler keeps the time; the database is the truth about what is due.

A loop runs at its interval, at once when it is woken, and at the next due time when it says one. It never runs twice at
once, and a wake that comes while it runs makes it go round again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, cast

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from scheduling.clock import SystemClock

SOONEST: Final = timedelta(milliseconds=50)  # between two rounds that were both asked for at once
FINISHES_WITHIN_S: Final = 15.0  # a round, once we stop; who stops a service kills it after 30 s or more

log = structlog.get_logger()


@dataclass(slots=True)
class Loop:
    """One loop. `run` does one round, and returns after how long it would like the next, None for its interval."""

    name: str
    every: timedelta
    run: Callable[[], Awaitable[timedelta | None]]
    running: bool = field(default=False, init=False)
    wanted: bool = field(default=False, init=False)


class Heartbeat:
    """Beats a handful of loops in this process. Others may beat the same loops in theirs."""

    def __init__(self, *loops: Loop) -> None:
        self._loops = {each.name: each for each in loops}
        # Ticks only: no store that others could share, no pickles, nothing dropped for being late.
        self._scheduler = AsyncIOScheduler(
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}, timezone="UTC"
        )
        self._clock = SystemClock()  # the wall's: how soon a loop comes round is not the district's time
        self._rounds: set[asyncio.Task[object]] = set()
        self.stopping = False
        """A round that has more to do leaves it to the next process."""

    def start(self) -> None:
        for loop in self._loops.values():
            self._scheduler.add_job(
                self._beat,
                IntervalTrigger(seconds=loop.every.total_seconds(), timezone="UTC"),
                args=[loop],
                id=loop.name,
                next_run_time=self._clock.now(),
            )
        self._scheduler.start()

    async def stop(self, within_s: float = FINISHES_WITHIN_S) -> None:
        """No loop comes round any more. Returns when the rounds under way have ended, cut off after `within_s`.

        Cut off in the middle of a transaction, a round still has its connection to give back: it is waited for too.
        """
        if not self._scheduler.running:
            return
        self.stopping = True
        self._scheduler.pause()
        if rounds := set(self._rounds):
            _, late = await asyncio.wait(rounds, timeout=within_s)
            for each in late:
                log.warning("loop.cut_off", round=each.get_name(), after_s=within_s)
                each.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._scheduler.shutdown(wait=False)

    def pause(self) -> None:
        """No loop comes round until `resume`; one that runs is not stopped."""
        if self._scheduler.running:
            self._scheduler.pause()

    def resume(self) -> None:
        if self._scheduler.running:
            self._scheduler.resume()

    def wake(self, *names: str) -> None:
        """There is work: these loops (all, without names) come round at once."""
        for loop in self._loops.values():
            if names and loop.name not in names:
                continue
            loop.wanted = True
            if not loop.running:
                self._come_round(loop, SOONEST)

    async def go_round(self) -> None:
        """One round of every loop, here and now, whatever the time."""
        for loop in self._loops.values():
            await loop.run()

    def _come_round(self, loop: Loop, after: timedelta) -> None:
        if self._scheduler.running:
            wait = min(max(after, SOONEST), loop.every)
            self._scheduler.modify_job(loop.name, next_run_time=self._clock.now() + wait)

    async def _beat(self, loop: Loop) -> None:
        if self.stopping:
            return
        loop.running, loop.wanted = True, False
        wish: timedelta | None = None
        here = cast("asyncio.Task[object]", asyncio.current_task())
        here.set_name(loop.name)
        self._rounds.add(here)
        try:
            wish = await loop.run()
        except Exception:
            log.exception("loop.failed", loop=loop.name)
        finally:
            loop.running = False
            self._rounds.discard(here)
        if loop.wanted:
            self._come_round(loop, SOONEST)
        elif wish is not None:
            self._come_round(loop, wish)
