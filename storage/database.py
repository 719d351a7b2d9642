"""Connections and transactions, through two doors.

`district(id)` opens a transaction in which only that district's rows exist: on PostgreSQL by a forced row-level
policy, everywhere by the keys of every query. `queue()` opens one across districts that can touch only the queue's
tables: on PostgreSQL it runs under the role `clearway_queue`, which has no right to any table with words.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage import inline
from storage.vocabulary import DistrictId

QUEUE_ROLE: Final = "clearway_queue"
WAIT_FOR_LOCK_MS: Final = 1_500  # under the 2 s in which a request is committed or rolled back (design 1.6)


class Database:
    """One database, SQLite or PostgreSQL. Used the same way; the differences stay in this file."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        """`url`: "sqlite:///clearway.db" or "postgresql://user@host/name"."""
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._one_writer = asyncio.Lock()
        self.engine = _sqlite(self.url, pool_size) if self.is_sqlite else _postgres(self.url, pool_size)
        self.writer = _sqlite_writer(self.url) if self.is_sqlite else self.engine

    @asynccontextmanager
    async def district(self, district_id: DistrictId, *, write: bool = True) -> AsyncIterator[AsyncConnection]:
        """A transaction in one district: committed when the block ends, rolled back when it raises."""
        async with self._transaction(write) as connection:
            if not self.is_sqlite:
                await connection.execute(_ENTER_DISTRICT, {"district": district_id})
            yield connection

    @asynccontextmanager
    async def queue(self, *, write: bool = True) -> AsyncIterator[AsyncConnection]:
        """A transaction on the queue's tables, across districts."""
        async with self._transaction(write) as connection:
            if not self.is_sqlite:
                await connection.execute(_ENTER_QUEUE)
            yield connection

    @asynccontextmanager
    async def _transaction(self, write: bool) -> AsyncIterator[AsyncConnection]:
        if self.is_sqlite and write:
            # SQLite has one writer at a time. Waiting for it in a queue is fair; its own busy loop is not.
            async with self._one_writer, self.writer.begin() as connection:
                yield connection
        elif write:
            async with self.engine.begin() as connection:
                yield connection
        else:
            async with self.engine.connect() as connection:
                connection = await connection.execution_options(clearway_reads_only=True)
                async with connection.begin():
                    yield connection

    async def close(self) -> None:
        """Ends its connections. Whoever uses it again, in this event loop or another one, opens new ones."""
        self._one_writer = asyncio.Lock()
        await self.engine.dispose()
        if self.writer is not self.engine:
            await self.writer.dispose()


_ENTER_DISTRICT: Final = text("SELECT set_config('clearway.district', :district, true)")
_ENTER_QUEUE: Final = text(f"SET LOCAL ROLE {QUEUE_ROLE}")


def sync_url(url: str) -> str:
    """The same database for the synchronous drivers that migrations use."""
    parsed = make_url(url)
    driver = "sqlite" if parsed.get_backend_name() == "sqlite" else "postgresql+psycopg"
    return parsed.set(drivername=driver).render_as_string(hide_password=False)


def _sqlite(url: Any, pool_size: int) -> AsyncEngine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        url.set(drivername="sqlite+aiosqlite"),
        pool_size=pool_size,
        hide_parameters=True,  # no words of people in errors
    )
    prepare_sqlite(engine.sync_engine)
    return engine


def _sqlite_writer(url: Any) -> AsyncEngine:
    async def connect() -> inline.Connection:
        return inline.Connection(url.database, WAIT_FOR_LOCK_MS / 1000)

    engine = create_async_engine(
        url.set(drivername="sqlite+aiosqlite"),
        async_creator=connect,
        pool_size=1,
        max_overflow=0,
        hide_parameters=True,
    )
    prepare_sqlite(engine.sync_engine, waits_itself=True)
    return engine


def prepare_sqlite(engine: Any, *, waits_itself: bool = False) -> None:
    """WAL, foreign keys, and explicit transactions: by default SQLite's driver loses updates and ignores keys.

    `waits_itself`: the connection has explicit transactions already, and waits for a lock by itself (storage/inline.py).
    """

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _: object) -> None:
        if not waits_itself:
            connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            f"busy_timeout={0 if waits_itself else WAIT_FOR_LOCK_MS}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        reads_only = connection.get_execution_options().get("clearway_reads_only", False)
        connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


def _postgres(url: Any, pool_size: int) -> AsyncEngine:
    # A plan made for any district would be wrong for the largest; the wait for a lock is bounded (design 1.6). What takes
    # milliseconds is not worth compiling for tens of them.
    options = f"-c plan_cache_mode=force_custom_plan -c jit=off -c lock_timeout={WAIT_FOR_LOCK_MS}ms -c timezone=UTC"
    return create_async_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=1.5,
        hide_parameters=True,
        connect_args={"options": options, "connect_timeout": 2},
    )
