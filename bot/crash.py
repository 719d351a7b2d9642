"""Named points at which a test kills the process, to prove that nothing acknowledged is lost and nothing is done twice.

One stands before and one after each step of a running server that others can see: every commit of a request and of the
loops, every send, every edit. Without points are what an operator does at a terminal, one transaction that is run
again by hand, and what a start writes down of its own settings.

`CLEARWAY_CRASH_AT` names a point ("before outbox: send"); without it `at` does nothing.
"""

import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, TypeVar

STEPS: Final = (
    # what people ask for
    "request: commit",
    "district: chosen",
    "newcomer: commit",
    "newcomer: answered",
    "newcomer: settled",
    "workspace: revoked",
    # what falls due
    "timer: claimed",
    "timer: commit",
    "timer: postponed",
    # what goes out, and what came of it
    "outbox: claimed",
    "outbox: send",
    "outbox: sent",
    "outbox: dropped",
    "outbox: planned",
    "outbox: later",
    "outbox: unknown",
    "outbox: repeated",
    "outbox: unreachable",
    "outbox: undeliverable",
    "card: edit",
    "card: fresh",
    "card: later",
    "card: gone",
    # what watches over it
    "audit: commit",
    "upkeep: commit",
    "loop: beat",
)
POINTS: Final = tuple(f"{side} {step}" for step in STEPS for side in ("before", "after"))

Opened = TypeVar("Opened")

_armed: str = os.environ.get("CLEARWAY_CRASH_AT", "")


def arm(point: str) -> None:
    """The same as the environment's name, for a process that is told later."""
    global _armed
    _armed = point


def at(point: str) -> None:
    """Ends the process on the spot, as a pulled plug would, if this is the point that was named."""
    if point == _armed:
        os._exit(137)


@asynccontextmanager
async def around(step: str, transaction: AbstractAsyncContextManager[Opened]) -> AsyncIterator[Opened]:
    """A transaction, with a point just before its commit and one just after."""
    async with transaction as opened:
        yield opened
        at(f"before {step}")
    at(f"after {step}")
