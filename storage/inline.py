"""SQLite's writer, in the thread of the event loop.

A statement of ours takes SQLite some ten microseconds, and a way to a thread and back some hundred: a report is a dozen
statements. So what writes does not leave the loop. Only one thing can take long, the wait for another process that
writes, and that is slept through here: once a transaction has begun, nothing of it waits for anybody.

This is as much of aiosqlite's interface as SQLAlchemy's dialect for it calls. What reads goes through aiosqlite itself: a
search through a large log must not stop the loop.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Self

BEGIN: Final = "BEGIN IMMEDIATE"
FIRST_WAIT_S: Final = 0.002
LONGEST_WAIT_S: Final = 0.05

Parameters = Sequence[Any] | Mapping[str, Any]


class Cursor:
    """Every method answers at once, but for the beginning of a transaction."""

    def __init__(self, cursor: sqlite3.Cursor, wait_s: float) -> None:
        self._cursor = cursor
        self._wait_s = wait_s

    async def __aenter__(self) -> Self:
        return self

    @property
    def description(self) -> Any:
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._cursor.lastrowid

    async def execute(self, statement: str, parameters: Parameters = ()) -> Self:
        if statement == BEGIN:
            await self._begin()
        else:
            self._cursor.execute(statement, parameters)
        return self

    async def executemany(self, statement: str, parameters: Iterable[Parameters]) -> Self:
        self._cursor.executemany(statement, parameters)
        return self

    async def fetchall(self) -> list[Any]:
        return self._cursor.fetchall()

    async def close(self) -> None:
        self._cursor.close()

    async def _begin(self) -> None:
        """Raises sqlite3.OperationalError ("database is locked") when another process writes for longer than we wait."""
        clock = asyncio.get_running_loop().time
        until, pause = clock() + self._wait_s, FIRST_WAIT_S
        while True:
            try:
                self._cursor.execute(BEGIN)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or clock() + pause > until:
                    raise
            else:
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_WAIT_S)


class Connection:
    """One connection to a file. Its transactions are begun and ended by statements."""

    def __init__(self, file: str, wait_s: float) -> None:
        """`wait_s`: how long to wait for another process that writes, in seconds."""
        self._connection: sqlite3.Connection | None = sqlite3.connect(file, timeout=wait_s, isolation_level=None)
        self._wait_s = wait_s

    def cursor(self) -> Cursor:
        return Cursor(self._open.cursor(), self._wait_s)

    async def commit(self) -> None:
        self._open.commit()

    async def rollback(self) -> None:
        self._open.rollback()

    async def create_function(self, name: str, arguments: int, function: Callable[..., Any], **options: Any) -> None:
        self._open.create_function(name, arguments, function, **options)

    async def close(self) -> None:
        self.stop()

    def stop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise ValueError("no active connection")  # as aiosqlite says it: the dialect knows it by these words
        return self._connection
