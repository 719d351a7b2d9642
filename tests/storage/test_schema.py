"""Migrations: from empty, whole or not at all, by several processes at once, and equal to the models."""

import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, NullPool, create_engine, inspect, text
from sqlmodel import SQLModel

from storage import models, schema
from storage.database import Database, sync_url


def on(url: str) -> Connection:
    return create_engine(sync_url(url), poolclass=NullPool).connect()


def test_an_empty_database_is_brought_to_the_head(blank_url: str) -> None:
    before = schema.current(blank_url)
    schema.upgrade(blank_url)

    assert before is None
    assert schema.current(blank_url) == schema.head()
    with on(blank_url) as connection:
        assert {*inspect(connection).get_table_names()} == {*SQLModel.metadata.tables, "alembic_version"}


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    schema.upgrade(database_url)

    assert schema.current(database_url) == schema.head()


def test_asking_for_the_revision_creates_nothing(tmp_path: Path) -> None:
    assert schema.current(f"sqlite:///{tmp_path / 'none.db'}") is None
    assert not any(tmp_path.iterdir())


def test_a_new_file_gets_its_folder_whatever_its_name(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'the 50% share' / 'clearway.db'}"

    schema.upgrade(url)

    assert schema.current(url) == schema.head()


def test_the_models_and_the_migrations_do_not_drift(database_url: str) -> None:
    assert models.QUEUE  # the models are loaded
    with on(database_url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_a_newer_database_is_refused_and_left_as_it_is(database_url: str) -> None:
    with on(database_url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit()

    with pytest.raises(schema.NewerDatabaseError, match=r"revision 9999.*newer Clearway"):
        schema.upgrade(database_url)

    assert schema.current(database_url) == "9999"


def test_an_upgrade_that_fails_leaves_nothing_behind(blank_url: str) -> None:
    with on(blank_url) as connection:
        connection.execute(text("CREATE TABLE words (id integer)"))
        connection.commit()

    with pytest.raises(Exception, match="words"):
        schema.upgrade(blank_url)

    with on(blank_url) as connection:
        assert inspect(connection).get_table_names() == ["words"]


async def test_the_queue_can_tell_whether_the_database_is_at_the_head(database: Database) -> None:
    async with database.queue(write=False) as connection:
        assert await schema.is_at_head(connection)


STARTS: Final = """
import asyncio, sys
from storage import schema
from storage.database import Database

async def open_the_queue():
    database = Database(sys.argv[1])
    async with database.queue() as connection:
        assert await schema.is_at_head(connection)
    await database.close()

print("ready", flush=True)
sys.stdin.readline()
schema.upgrade(sys.argv[1])
asyncio.run(open_the_queue())
"""


def test_processes_that_start_at_once_wait_for_each_other(blank_url: str) -> None:
    command = [sys.executable, "-W", "error", "-c", STARTS, blank_url]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    started: list[Any] = [
        subprocess.Popen(command, text=True, cwd=schema.MIGRATIONS.parents[1], **pipes) for _ in range(3)
    ]
    for each in started:
        each.stdout.readline()  # so that they meet
    for each in started:
        each.stdin.write("go\n")
        each.stdin.flush()

    said = [each.communicate(timeout=60)[1] for each in started]

    assert said == [""] * 3
    assert [each.returncode for each in started] == [0] * 3
    assert schema.current(blank_url) == schema.head()
