"""The shape of the tables: brings a database to the form this code knows, and tells which form it has."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from time import sleep
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import sync_url

MIGRATIONS: Final = Path(__file__).with_name("migrations")
ONE_AT_A_TIME: Final = 0x636C6561  # "clea": the advisory lock of upgrades, on PostgreSQL
WAIT_FOR_OTHER_MS: Final = 60_000  # on SQLite, for another process that is upgrading
TRY_AGAIN_MS: Final = 50


class NewerDatabaseError(Exception):
    """The database was brought to a form that this version of the code does not know."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"The database is at revision {revision}, which this version of Clearway does not know: a newer Clearway "
            f"has used it. Install that version (or a later one), or go back to a backup from before it."
        )
        self.revision = revision


def head() -> str:
    """The revision that this code works with."""
    return _revisions()[0]


def current(url: str) -> str | None:
    """The revision of the database; None while it is empty. Creates nothing."""
    if (file := _sqlite_file(url)) and not file.exists():
        return None
    with _transaction(url, write=False) as connection:
        return _revision_of(connection)


def upgrade(url: str) -> None:
    """Brings the database to `head()`, whole or not at all. Processes that start at once wait for each other.

    Raises NewerDatabaseError, before anything is touched, when a newer version of the code has used it.
    """
    if file := _sqlite_file(url):
        file.parent.mkdir(parents=True, exist_ok=True)
    with _transaction(url) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
        if _known(_revision_of(connection)) != head():
            command.upgrade(_config(connection), "head")
            _keep_references_whole(connection)


async def is_at_head(connection: AsyncConnection) -> bool:
    """Whether the database has the form this code works with. The queue's role may ask."""
    return await connection.run_sync(_revision_of) == head()


def draft(url: str, says: str) -> None:
    """For developers: writes the next migration from what the models have and the database at `url` lacks."""
    with _transaction(url) as connection:
        command.revision(_config(connection), says, autogenerate=True, rev_id=f"{len(_revisions()) + 1:04}")


@cache
def _revisions() -> tuple[str, ...]:
    """Newest first."""
    return tuple(each.revision for each in ScriptDirectory(str(MIGRATIONS)).walk_revisions())


def _known(revision: str | None) -> str | None:
    if revision is not None and revision not in _revisions():
        raise NewerDatabaseError(revision)
    return revision


def _revision_of(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _sqlite_file(url: str) -> Path | None:
    database = make_url(url)
    return Path(database.database or "") if database.get_backend_name() == "sqlite" else None


@contextmanager
def _transaction(url: str, *, write: bool = True) -> Iterator[Connection]:
    """One transaction for everything. On SQLite a writing one holds the file's lock from its first moment."""
    engine = create_engine(sync_url(url), poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        begin = "BEGIN IMMEDIATE" if write else "BEGIN"
        event.listen(engine, "connect", _open_to_write if write else _open)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    with engine.begin() as connection:
        yield connection


def _open(connection: Any, _: object) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={WAIT_FOR_OTHER_MS}")


def _open_to_write(connection: Any, _: object) -> None:
    """References are off, because altering a table copies it and drops the old one; they are checked at the end.

    Write-ahead logging is on for good. At that one statement SQLite does not wait for others, so we do.
    """
    _open(connection, _)
    connection.execute("PRAGMA foreign_keys=OFF")
    for left in range(WAIT_FOR_OTHER_MS // TRY_AGAIN_MS, -1, -1):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if not left:
                raise
            sleep(TRY_AGAIN_MS / 1000)


def _keep_references_whole(connection: Connection) -> None:
    if connection.dialect.name == "sqlite" and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
        raise RuntimeError(f"The upgrade would leave references to nothing, so it was undone: {broken[:5]}")
