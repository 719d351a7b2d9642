"""A store of one district on a real database, as the gateway opens it, and rows for the queue."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models
from storage.database import Database
from storage.models import table
from storage.people import revision_and_ledger
from storage.sealing import Seal
from storage.store import Came, Store
from storage.vocabulary import DistrictId, Door, Lane, MessageKind, PersonId, TimerKind, new_id
from tests import builders

HERE = DistrictId("larch")
THERE = DistrictId("alder")
KEY = b"the key of a made-up ledger"
NOW = builders.NOW
TEACHER = PersonId("teacher")


async def two_districts(database: Database) -> None:
    for each in (HERE, THERE):
        async with database.district(each) as connection:
            await builders.save_district(connection, builders.district(district_id=each))


@asynccontextmanager
async def writing(database: Database, district_id: DistrictId = HERE) -> AsyncIterator[Store]:
    """A writing transaction, flushed when the block ends."""
    async with database.district(district_id) as connection:
        head = await revision_and_ledger(connection, district_id, lock=True)
        directory = builders.district(district_id=district_id)
        store = Store(connection, directory, KEY, head.ledger, Came(Door.BUTTON), Seal([Seal.new_key()]))
        yield store
        await store.flush(NOW)


async def put(connection: AsyncConnection, *rows: Any) -> None:
    for row in rows:
        of = table(type(row))
        await connection.execute(insert(of), {column.name: getattr(row, column.name) for column in of.columns})


async def only(connection: AsyncConnection, model: Any, row_id: str) -> Any:
    """The row of this id."""
    of = table(model)
    return (await connection.execute(select(of).where(of.c.id == row_id))).one()


def timer(
    about: str = "", *, due_at: datetime = NOW, district_id: DistrictId = HERE, leased_until: datetime | None = None
) -> models.Timer:
    return models.Timer(
        district_id=district_id,
        kind=TimerKind.FOLLOW_UP,
        about=about or new_id(),
        due_at=due_at,
        leased_until=leased_until,
    )


def message(
    to: PersonId = TEACHER,
    lane: Lane = Lane.SINGLE,
    *,
    send_at: datetime = NOW,
    district_id: DistrictId = HERE,
    **values: Any,
) -> models.Message:
    return models.Message(
        district_id=district_id,
        once=new_id(),
        kind=MessageKind.NUDGE,
        lane=lane,
        person_id=to,
        created_at=NOW,
        send_at=send_at,
        **values,
    )
