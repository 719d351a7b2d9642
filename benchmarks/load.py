"""A load generator over loopback: a few connections, each of which sends its next request when the last is answered.

Bounded in count and in time. It parses as little HTTP as it can: what it costs is taken from the other core.
"""

import asyncio
import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

END_OF_HEAD: Final = b"\r\n\r\n"
LENGTH: Final = b"content-length:"
PATIENCE_S: Final = 20.0  # for the answers that are still out when the time is up


class WrongAnswerError(Exception):
    """A server does not do what is asked, so that its speed means nothing."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one server did in one turn."""

    answered: int
    refused: int
    """Answered otherwise: as when the machine is so busy that a report is not committed in time, and says so."""
    seconds: float
    latencies_s: Sequence[float]
    """Of those answered well; sorted."""

    @property
    def per_second(self) -> float:
        return self.answered / self.seconds

    def percentile(self, share: float) -> float:
        """The latency within which this share of the requests was answered, in seconds."""
        return self.latencies_s[min(int(share * len(self.latencies_s)), len(self.latencies_s) - 1)]


async def run(
    port: int, requests: Sequence[bytes], *, connections: int, seconds: float, good: Callable[[bytes], bool]
) -> Sample:
    """Sends the requests, each once, until they are used up or the time is.

    `good`: whether this is the body of the answer that was wanted. WrongAnswerError when no answer was.
    """
    turn = _Turn(iter(requests), good)
    loop = asyncio.get_running_loop()
    lines = [(await loop.create_connection(lambda: _Line(turn), "127.0.0.1", port))[1] for _ in range(connections)]
    with _no_collecting():
        begun = time.perf_counter()
        turn.until = begun + seconds
        for line in lines:
            line.send()
        try:
            async with asyncio.timeout(seconds + PATIENCE_S):
                await asyncio.gather(*(line.done for line in lines))
        finally:
            for line in lines:
                line.close()
    if not turn.latencies_s:
        raise WrongAnswerError(f"Not one good answer, but {turn.refused[:1]}")
    return Sample(len(turn.latencies_s), len(turn.refused), turn.last - begun, sorted(turn.latencies_s))


@dataclass(slots=True)
class _Turn:
    """What the connections of one run share."""

    requests: Iterator[bytes]
    good: Callable[[bytes], bool]
    until: float = 0.0
    last: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    refused: list[bytes] = field(default_factory=list)


class _Line(asyncio.Protocol):
    """One connection that is kept alive; `done` when it has nothing left to send."""

    def __init__(self, turn: _Turn) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turn = turn
        self._got = bytearray()
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send(self) -> None:
        self._sent = time.perf_counter()
        request = next(self._turn.requests, None) if self._sent < self._turn.until else None
        if request is not None:
            self._transport.write(request)
        elif not self.done.done():
            self.done.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, found, body = self._got.partition(END_OF_HEAD)
        if not found or len(body) < _length(head):
            return
        now = time.perf_counter()
        if not head.startswith(b"HTTP/1.1 200"):
            self._fail(head.decode(errors="replace").splitlines()[0])
            return
        if self._turn.good(bytes(body)):
            self._turn.latencies_s.append(now - self._sent)
        else:
            self._turn.refused.append(bytes(body))
        self._turn.last = now
        self._got.clear()
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("The server hung up")

    def close(self) -> None:
        self._transport.close()

    def _fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(WrongAnswerError(why))


def _length(head: bytes | bytearray) -> int:
    _, found, rest = head.lower().partition(LENGTH)
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Rubbish is collected between the turns, not within one: this process is not what is measured."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
