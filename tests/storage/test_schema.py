"""Migrations: from empty, whole or not at all, by several processes at once, and equal to the models."""

import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, NullPool, column, create_engine, insert, inspect, select, table, text
from sqlmodel import SQLModel

from storage import models, schema
from storage.database import Database, sync_url
from storage.vocabulary import OccurrenceStatus
from tests import builders
from tests.builders import NOW


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


def put_then(connection: Connection, *rows: Any) -> None:
    """Rows with the columns that there are at that revision."""
    for row in rows:
        of = models.table(type(row))
        there = {each["name"] for each in inspect(connection).get_columns(of.name)}
        then = table(of.name, *(column(each.name, each.type) for each in of.c if each.name in there))
        connection.execute(insert(then).values({each.name: getattr(row, each.name) for each in then.c}))
    connection.commit()


def test_a_meeting_that_was_moved_before_stays_where_it_was_moved_to(blank_url: str) -> None:
    with schema._transaction(blank_url) as connection:
        command.upgrade(schema._config(connection), "0014")
    day = NOW.date()
    when: dict[str, Any] = {"planned_on": day, "day": day, "starts_at": NOW, "planned_at": NOW, "minutes": 60}
    mine: dict[str, Any] = {"district_id": builders.DISTRICT, "routine_id": "r", "status": OccurrenceStatus.PLANNED}
    with on(blank_url) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT set_config('clearway.district', '{builders.DISTRICT}', false)"))
        put_then(
            connection,
            models.District(id=builders.DISTRICT, name="", timezone="America/Detroit", ledger_key="", created_at=NOW),
            models.Occurrence(**mine, **when, id="first"),
            models.Occurrence(**mine, **when, id="moved", in_place_of="before"),
        )
    schema.upgrade(blank_url)
    of = models.table(models.Occurrence)
    with on(blank_url) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT set_config('clearway.district', '{builders.DISTRICT}', false)"))
        assert {each.id: each.chosen for each in connection.execute(select(of.c.id, of.c.chosen))} == {
            "first": False,
            "moved": True,
        }


@pytest.mark.parametrize(
    ("updated_at", "acted_at"),
    [
        pytest.param(NOW, None, id="nobody had done anything yet"),
        pytest.param(NOW + timedelta(days=2), NOW + timedelta(days=2), id="somebody had"),
    ],
)
def test_owners_keep_the_clock_that_they_had(blank_url: str, updated_at: datetime, acted_at: datetime | None) -> None:
    with schema._transaction(blank_url) as connection:
        command.upgrade(schema._config(connection), "0002")
    with on(blank_url) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT set_config('clearway.district', '{builders.DISTRICT}', false)"))
        directory, built = builders.district(), builders.case(owned_since=NOW, updated_at=updated_at)
        mine: dict[str, Any] = {"district_id": builders.DISTRICT}
        owner, version = directory.people[built.challenge.owner_id], directory.in_force
        school = directory.schools[builders.MAPLE]
        put_then(
            connection,
            models.District(id=builders.DISTRICT, name="", timezone=directory.timezone, ledger_key="", created_at=NOW),
            models.Person(**mine, id=owner.id, name=owner.name),
            models.School(**mine, id=school.id, name=school.name),
            models.Process(**mine, id=version.id, version=version.version, status=version.status),
            built.challenge,
        )

    schema.upgrade(blank_url)

    of = models.table(models.Challenge)
    with on(blank_url) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT set_config('clearway.district', '{builders.DISTRICT}', false)"))
        assert connection.execute(select(of.c.owner_acted_at)).scalar_one() == acted_at


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
