"""A bare Bolt app that records the report form by hand: the same reads and the same rows, in one Core transaction.

What somebody would write who wants nothing but speed, on the same connections (of SQLite's writers one at a time: 16
that compete for its lock soon find it locked). There are no rules in it: who owns the challenge, why, whom it
is told and when it is looked at again are copied from one report that the real application has captured.
"""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from aiohttp import web
from slack_bolt.async_app import AsyncAck
from sqlalchemy import Select, Table, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.bare import bolt, served
from benchmarks.orders import DISTRICT, Order, clock
from storage import models
from storage.database import Database
from storage.models import table
from storage.people import open_ledger_key
from storage.sealing import Seal
from storage.vocabulary import Field, MessageKind, Platform, new_id

Row = dict[str, Any]

districts: Final = table(models.District)
accounts: Final = table(models.Account)
ledgers: Final = table(models.Ledger)
inbox: Final = table(models.InboxKey)
challenges: Final = table(models.Challenge)
reporters: Final = table(models.Reporter)
words: Final = table(models.Words)
events: Final = table(models.Event)
messages: Final = table(models.Message)
timers: Final = table(models.Timer)

HEAD: Final = (
    select(districts.c.revision, ledgers.c.number, ledgers.c.seq, ledgers.c.head)
    .join_from(districts, ledgers, districts.c.id == ledgers.c.district_id)
    .where(districts.c.id == bindparam("district"))
)
MOVE_HEAD: Final = (
    update(ledgers)
    .where(ledgers.c.district_id == bindparam("district"))
    .values(number=bindparam("to_number"), seq=bindparam("to_seq"), head=bindparam("to_head"))
)
TEXTS: Final = (Field.WHAT, Field.AFFECTED, Field.TRIED)


@dataclass(frozen=True, slots=True)
class Example:
    """One report that the real application has captured, row by row."""

    challenge: Row
    reporter: Row
    reported: Row
    assigned: Row
    messages: list[Row]
    timer: Row


@asynccontextmanager
async def application(order: Order) -> AsyncIterator[web.Application]:
    database = Database(order.database_url)
    async with database.district(DISTRICT, write=False) as connection:
        example = await _example(connection)
        people = await _people(connection)
        sealed = await connection.scalar(select(districts.c.ledger_key).where(districts.c.id == DISTRICT))
    key = open_ledger_key(Seal([order.seal_key]), str(sealed), DISTRICT)
    time = clock()
    head = HEAD if database.is_sqlite else HEAD.with_for_update(of=(districts, ledgers), key_share=True)
    make = sqlite_insert if database.is_sqlite else postgres_insert
    remember = make(inbox).on_conflict_do_nothing(index_elements=["district_id", "key"]).returning(inbox.c.key)
    app = bolt(order.slack)

    async def on_report(ack: AsyncAck, body: Mapping[str, Any]) -> None:
        view, person_id, now = body["view"], people[body["user"]["id"]], time.now()
        said = {name: next(iter(typed.values())).get("value") for name, typed in view["state"]["values"].items()}
        challenge_id = new_id()
        async with database.district(DISTRICT) as connection:  # BEGIN, and set_config for the row-level policies
            ledger = (await connection.execute(head, {"district": DISTRICT})).one()
            known = {"district_id": DISTRICT, "key": f"form:{view['id']}:{view['hash']}", "at": now}
            if (await connection.execute(remember, known | {"challenge_id": challenge_id})).first() is not None:
                await _write(connection, example, key, ledger, challenge_id, person_id, said, now)
        await ack("")

    app.view("report")(on_report)
    yield served(app)
    await database.close()


async def _write(
    connection: AsyncConnection,
    example: Example,
    key: bytes,
    ledger: Any,
    challenge_id: str,
    person_id: str,
    said: Mapping[str, Any],
    now: datetime,
) -> None:
    mine = {"district_id": DISTRICT, "challenge_id": challenge_id}
    at_now = dict.fromkeys(("reported_at", "dit_aware_at", "owned_since", "updated_at"), now)
    challenge = example.challenge | at_now | {"id": challenge_id, "number": ledger.number + 1}
    spoken = [
        mine
        | {"id": new_id(), "field": part, "about": None, "author_id": person_id, "said_at": now, "text": said[part]}
        for part in TEXTS
        if said.get(part)
    ]
    reported = example.reported | mine | {"seq": ledger.seq + 1, "id": new_id(), "actor_id": person_id, "at": now}
    reported["words"] = {each["id"]: _keyed(key, f"{each['id']}\n{each['text']}") for each in spoken}
    reported["digest"] = _chained(key, ledger.head, reported)
    assigned = example.assigned | mine | {"seq": ledger.seq + 2, "id": new_id(), "at": now}
    assigned["digest"] = _chained(key, reported["digest"], assigned)

    await connection.execute(insert(challenges), challenge)
    await connection.execute(insert(reporters), example.reporter | mine | {"person_id": person_id, "joined_at": now})
    await connection.execute(insert(words), spoken)
    await connection.execute(insert(events), [reported, assigned])
    outbox = [_message(each, mine, person_id, reported, assigned, now) for each in example.messages]
    await connection.execute(insert(messages), outbox)
    await connection.execute(insert(timers), example.timer | {"id": new_id(), "about": challenge_id})
    moved = {"to_number": challenge["number"], "to_seq": assigned["seq"], "to_head": assigned["digest"]}
    await connection.execute(MOVE_HEAD, moved | {"district": DISTRICT})


def _message(example: Row, mine: Row, reporter_id: str, reported: Row, assigned: Row, now: datetime) -> Row:
    """The receipt goes at once to who reported it; of the others the example says to whom and when."""
    receipt = example["kind"] is MessageKind.RECEIPT
    about = {"event_id": (reported if receipt else assigned)["id"], "created_at": now}
    about |= {"person_id": reporter_id, "send_at": now} if receipt else {}
    message = example | mine | about | {"id": new_id()}
    message["once"] = f"{message['kind']}:{message['person_id']}:{message['event_id']}"
    return message


def _keyed(key: bytes, said: str) -> str:
    return hmac.digest(key, said.encode(), hashlib.sha256).hex()


def _chained(key: bytes, before: str, event: Row) -> str:
    """The digest of an event, as storage/ledger.py has it."""
    said = {
        "district": event["district_id"],
        "seq": event["seq"],
        "id": event["id"],
        "kind": event["kind"],
        "challenge": event["challenge_id"],
        "actor": event["actor_id"],
        "at": event["at"].isoformat(timespec="microseconds"),
        "door": event["door"],
        "platform": event["platform"],
        "process": event["process_id"],
        "data": event["data"],
        "words": event["words"],
    }
    body = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return _keyed(key, f"{before}\n{body}")


# ---------------------------------------------------------------------------------------------------- at the start


async def _example(connection: AsyncConnection) -> Example:
    async def rows(of: Table) -> list[Row]:
        return [dict(row._mapping) for row in await connection.execute(_all(of))]

    history = _all(events).where(events.c.challenge_id.is_not(None)).order_by(events.c.seq)
    reported, assigned = (dict(row._mapping) for row in await connection.execute(history))
    [challenge], [reporter], [timer] = await rows(challenges), await rows(reporters), await rows(timers)
    return Example(challenge, reporter, reported, assigned, await rows(messages), timer)


async def _people(connection: AsyncConnection) -> dict[str, str]:
    """Who is who on Slack: known from the start, as a cached identity is."""
    found = await connection.execute(_all(accounts).where(accounts.c.platform == Platform.SLACK))
    return {row.user_id: row.person_id for row in found}


def _all(of: Table) -> Select[Any]:
    return select(of).where(of.c.district_id == DISTRICT)
