"""Two doors: nothing of another district through the one, nothing with words through the other.

On PostgreSQL, as the plain role that owns the tables: no query of ours stands between it and another district's rows.
"""

from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from sqlalchemy import inspect, make_url, select, text, update
from sqlalchemy.exc import ProgrammingError
from sqlmodel import SQLModel

from storage import models, schema
from storage.database import Database
from storage.models import table
from storage.vocabulary import PersonId
from tests.databases import Postgres, conninfo
from tests.storage.stores import HERE, THERE, put, timer, two_districts

SERVER_WIDE = {table(each).name for each in models.SERVER_WIDE}
QUEUE = {table(each).name for each in models.QUEUE}
WITH_WORDS = sorted({*SQLModel.metadata.tables} - QUEUE)


@pytest.fixture
async def database(postgres: Postgres) -> AsyncIterator[Database]:
    with postgres.copy() as url:
        database = Database(url)
        await two_districts(database)
        yield database
        await database.close()


async def test_every_table_of_a_district_is_under_a_forced_policy(database: Database) -> None:
    async with database.engine.connect() as connection:
        tables = set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))
        forced = await connection.execute(
            text("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
        )
        policies = await connection.execute(
            text("SELECT tablename FROM pg_policies WHERE policyname = 'own_district' AND with_check IS NOT NULL")
        )
        separated = {row.relname for row in forced} & {row.tablename for row in policies}

    assert sorted(tables - separated) == sorted({*SERVER_WIDE, "alembic_version"})


async def test_the_role_of_the_tests_is_a_plain_one(database: Database) -> None:
    async with database.engine.connect() as connection:
        role = text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert await connection.scalar(role) is False


async def test_who_has_entered_no_district_sees_nothing(database: Database) -> None:
    async with database.district(HERE) as connection:
        await put(connection, timer())
    async with database.engine.connect() as connection:
        for name, each in SQLModel.metadata.tables.items():
            if name not in SERVER_WIDE:
                assert (await connection.execute(select(each))).first() is None, name


async def test_another_district_is_neither_seen_nor_changed(database: Database) -> None:
    people, districts = table(models.Person), table(models.District)
    async with database.district(HERE) as connection:
        seen = set(await connection.scalars(select(people.c.district_id)))
        known = list(await connection.scalars(select(districts.c.id)))
        changed = await connection.execute(update(people).where(people.c.district_id == THERE).values(name="Nobody"))

    assert seen == {HERE}
    assert known == [HERE]
    assert changed.rowcount == 0


async def test_nothing_is_inserted_into_another_district(database: Database) -> None:
    intruder = models.Person(district_id=THERE, id=PersonId("intruder"), name="An Intruder")
    async with database.district(HERE) as connection:
        with pytest.raises(ProgrammingError, match="row-level security"):
            await put(connection, intruder)


async def test_nothing_is_moved_into_another_district(database: Database) -> None:
    people = table(models.Person)
    async with database.district(HERE) as connection:
        with pytest.raises(ProgrammingError, match="row-level security"):
            await connection.execute(update(people).where(people.c.id == "coach").values(district_id=THERE))


async def test_the_next_transaction_on_the_connection_is_in_no_district(database: Database) -> None:
    async with database.engine.connect() as connection:
        async with connection.begin():
            await connection.execute(text("SELECT set_config('clearway.district', :id, true)"), {"id": HERE})
        async with connection.begin():
            assert (await connection.execute(select(table(models.Person)))).first() is None


@pytest.mark.parametrize("name", WITH_WORDS)
async def test_the_queue_may_not_read_what_has_words(database: Database, name: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with database.queue() as connection:
            await connection.execute(text(f"SELECT * FROM {name}"))


async def test_the_queue_works_across_districts_and_knows_their_ids(database: Database) -> None:
    for each in (HERE, THERE):
        async with database.district(each) as connection:
            await put(connection, timer(district_id=each))

    async with database.queue() as connection:
        timers = await connection.scalars(select(table(models.Timer).c.district_id))
        districts = await connection.scalars(select(table(models.District).c.id))
        assert set(timers) == set(districts) == {HERE, THERE}
        await put(connection, timer("more", district_id=THERE))


# -- roles that an administrator made --------------------------------------------------------------------------------


@pytest.fixture
def modest_url(postgres: Postgres) -> Iterator[str]:
    """An empty database of a role that may not create or grant roles."""
    with postgres.database(template=None) as url:
        database = make_url(url).database or ""
        role = f"{database}_modest"
        postgres.run(f"CREATE ROLE {{}} LOGIN NOCREATEROLE PASSWORD '{postgres.password}'", role)
        postgres.run("GRANT {} TO CURRENT_USER", role)
        postgres.run("ALTER DATABASE {} OWNER TO {}", database, role)
        yield make_url(url).set(username=role).render_as_string(hide_password=False)
        postgres.run("ALTER DATABASE {} OWNER TO {}", database, postgres.owner)
        with psycopg.connect(conninfo(make_url(postgres.admin).set(database=database)), autocommit=True) as admin:
            admin.execute(f'DROP OWNED BY "{role}"')
        postgres.run("REVOKE clearway_queue FROM {}", role)
        postgres.run("DROP ROLE {}", role)


def test_who_may_not_grant_the_queue_role_is_told_what_to_ask_for(modest_url: str) -> None:
    with pytest.raises(ProgrammingError, match=r"needs the role clearway_queue[\s\S]*GRANT clearway_queue TO"):
        schema.upgrade(modest_url)

    assert schema.current(modest_url) is None


async def test_a_role_that_inherits_from_the_queue_still_sees_one_district_only(
    postgres: Postgres, modest_url: str
) -> None:
    role = make_url(modest_url).username or ""
    postgres.run("GRANT clearway_queue TO {}", role)  # as before PostgreSQL 16: inherited
    schema.upgrade(modest_url)
    database = Database(modest_url)
    await two_districts(database)
    for each in (HERE, THERE):
        async with database.district(each) as connection:
            await put(connection, timer(district_id=each))

    async with database.district(HERE) as connection:
        assert list(await connection.scalars(select(table(models.Timer).c.district_id))) == [HERE]
    async with database.queue() as connection:
        assert len(list(await connection.scalars(select(table(models.Timer).c.due_at)))) == 2
    await database.close()
