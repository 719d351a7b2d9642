"""What was sent is marked together: the sends that end while one transaction is being written share the next."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from scheduling.clock import Clock
from storage import queue, registrations
from storage.queue import Sent
from storage.registrations import AccountRow

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Arrived:
    """A card that a platform took."""

    sent: Sent
    account: AccountRow
    conversation_id: str
    """Where that account is to be found from now on."""
    copied: bool = False
    """Its reader wants it by e-mail, too."""

    @property
    def tells_of_account(self) -> bool:
        """Whether we know the account otherwise."""
        return self.account.conversation_id != self.conversation_id or self.account.unreachable_since is not None


class Marks:
    """Writes what arrived, for all tasks of one process. Nobody waits for company: who comes alone writes alone."""

    def __init__(self, open_queue: Callable[[str], AbstractAsyncContextManager[AsyncConnection]], clock: Clock) -> None:
        self._open_queue = open_queue
        self._clock = clock
        self._waiting: list[tuple[Arrived, asyncio.Future[None]]] = []
        self._writing = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None
        """The turn that has not begun: it takes along whoever comes until then."""
        self._turns: set[asyncio.Task[None]] = set()

    async def write(self, arrived: Arrived) -> None:
        """Returns when it is committed; raises what the database raised, and then its lease ends by itself.

        It is written also where nobody waits for that any more.
        """
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrived, written))
        if self._next is None or self._next.done():
            self._next = asyncio.create_task(self._turn())
            self._turns.add(self._next)
            self._next.add_done_callback(self._turns.discard)
        await written

    async def finish(self, within_s: float | None = None) -> None:
        """Returns when all of it is written; what is not by then is cut off."""
        while self._turns and within_s is None:
            await asyncio.wait(self._turns)
        if self._turns:
            _, late = await asyncio.wait(set(self._turns), timeout=within_s)
            for each in late:
                each.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _turn(self) -> None:
        async with self._writing:
            self._next = None
            together, self._waiting = self._waiting, []
            await self._write(together)

    async def _write(self, together: list[tuple[Arrived, asyncio.Future[None]]]) -> None:
        try:
            await self._commit([arrived for arrived, _ in together])
        except asyncio.CancelledError:
            for _, written in together:
                written.cancel()
            raise
        except Exception as error:
            if len(together) > 1:  # one of them spoils it for all
                for each in together:
                    await self._write([each])
            elif not together[0][1].done():
                together[0][1].set_exception(error)
            else:  # whoever waited was cut off
                log.exception("outbox.not_marked")
        else:
            for _, written in together:
                if not written.done():  # whoever waited was cut off
                    written.set_result(None)

    async def _commit(self, together: list[Arrived]) -> None:
        now = self._clock.now()
        async with self._open_queue("outbox: sent") as connection:
            ours = await queue.mark_sent(connection, [each.sent for each in together], now)
            for each, is_ours in zip(together, ours, strict=True):
                if is_ours and each.copied:
                    await queue.add_copy(connection, each.sent.messages, now)
                if each.tells_of_account:
                    await registrations.set_conversation(connection, each.account, each.conversation_id)
