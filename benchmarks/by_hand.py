"""A bare Bolt app that records the report form by hand: the same reads and the same rows, in one Core transaction.

What somebody would write who wants nothing but speed. There are no rules in it: who owns the challenge, why, whom it
is told and when it is looked at again are copied from one report that the real application has captured. On SQLite it
is one synchronous writer that stops the event loop (several that compete for the lock soon find it locked); on
PostgreSQL a pool of psycopg's asynchronous connections.
"""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from aiohttp import web
from slack_bolt.async_app import AsyncAck
from sqlalchemy import Connection, Select, Table, bindparam, create_engine, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from benchmarks.bare import bolt, served
from benchmarks.orders import DISTRICT, Order, clock
from storage import models
from storage.database import Database, prepare_sqlite, sync_url
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

MINE: Final = {"district": DISTRICT}
ENTER: Final = text("SELECT set_config('clearway.district', :district, true)")
HEAD: Final = (
    select(districts.c.revision, ledgers.c.number, ledgers.c.seq, ledgers.c.head)
    .join_from(districts, ledgers, districts.c.id == ledgers.c.district_id)
    .where(districts.c.id == bindparam("district"))
    .with_for_update(of=(districts, ledgers), key_share=True)
)
REMEMBER: Final = {
    name: make(inbox).on_conflict_do_nothing(index_elements=["district_id", "key"]).returning(inbox.c.key)
    for name, make in (("sqlite", sqlite_insert), ("postgresql", postgres_insert))
}
ADD: Final = {of: insert(of) for of in (challenges, reporters, words, events, messages, timers)}
MOVE_HEAD: Final = (
    update(ledgers)
    .where(ledgers.c.district_id == bindparam("district"))
    .values(number=bindparam("to_number"), seq=bindparam("to_seq"), head=bindparam("to_head"))
)
TEXTS: Final = (Field.WHAT, Field.AFFECTED, Field.TRIED)


@dataclass(frozen=True, slots=True)
class Report:
    """What the form says, and who sent it."""

    key: str
    person_id: str
    said: Mapping[Field, str]
    at: datetime


@asynccontextmanager
async def application(order: Order) -> AsyncIterator[web.Application]:
    async with _transactions(order.database_url) as in_transaction:
        hand = await in_transaction(lambda connection: Hand.learn(connection, order.seal_key))
        time = clock()

        async def on_report(ack: AsyncAck, body: Mapping[str, Any]) -> None:
            view, person_id = body["view"], hand.people[body["user"]["id"]]
            said = {name: next(iter(typed.values())).get("value") for name, typed in view["state"]["values"].items()}
            words_said = {part: said[part] for part in TEXTS if said.get(part)}
            report = Report(f"form:{view['id']}:{view['hash']}", person_id, words_said, time.now())
            await in_transaction(lambda connection: hand.record(connection, report))
            await ack("")

        app = bolt(order.slack)
        app.view("report")(on_report)
        yield served(app)


@asynccontextmanager
async def _transactions(url: str) -> AsyncIterator[Callable[[Callable[[Connection], Any]], Awaitable[Any]]]:
    """Runs a function in a transaction of its own."""
    database = Database(url)
    writer = create_engine(sync_url(url)) if database.is_sqlite else None
    if writer:
        prepare_sqlite(writer)

    async def in_transaction(work: Callable[[Connection], Any]) -> Any:
        if writer:
            with writer.begin() as connection:
                return work(connection)
        async with database.engine.begin() as asynchronous:
            return await asynchronous.run_sync(work)

    yield in_transaction
    if writer:
        writer.dispose()
    await database.close()


class Hand:
    """Records reports like the one that it has learned from."""

    def __init__(self, key: bytes, people: Mapping[str, str], rows: Mapping[Table, list[Row]]) -> None:
        self.people = people
        """Who is who on Slack: known from the start, as a cached identity is."""
        self._key = key
        [self._challenge], [self._reporter], [self._timer] = rows[challenges], rows[reporters], rows[timers]
        self._reported, self._assigned = sorted(rows[events], key=lambda row: int(row["seq"]))
        self._messages = rows[messages]

    @staticmethod
    def learn(connection: Connection, seal_key: str) -> "Hand":
        """Reads the one report that the real application has captured."""
        _enter(connection)
        sealed = connection.scalar(select(districts.c.ledger_key).where(districts.c.id == DISTRICT))
        on_slack = connection.execute(_all(accounts).where(accounts.c.platform == Platform.SLACK))
        rows = {of: [dict(row._mapping) for row in connection.execute(_all(of))] for of in ADD}
        rows[events] = [row for row in rows[events] if row["challenge_id"]]  # the first says: imported
        key = open_ledger_key(Seal([seal_key]), str(sealed), DISTRICT)
        return Hand(key, {row.user_id: row.person_id for row in on_slack}, rows)

    def record(self, connection: Connection, report: Report) -> None:
        _enter(connection)
        ledger = connection.execute(HEAD, MINE).one()
        challenge_id = new_id()
        known = {"district_id": DISTRICT, "key": report.key, "at": report.at, "challenge_id": challenge_id}
        if connection.execute(REMEMBER[connection.dialect.name], known).first() is None:
            return
        mine = {"district_id": DISTRICT, "challenge_id": challenge_id}
        at_now = dict.fromkeys(("reported_at", "dit_aware_at", "owned_since", "updated_at"), report.at)
        by = {"author_id": report.person_id, "said_at": report.at, "about": None}
        said = [mine | by | {"id": new_id(), "field": part, "text": spoken} for part, spoken in report.said.items()]
        happened = mine | {"at": report.at}
        reported = self._reported | happened | {"seq": ledger.seq + 1, "id": new_id(), "actor_id": report.person_id}
        reported["words"] = {each["id"]: self._digest(f"{each['id']}\n{each['text']}") for each in said}
        reported["digest"] = self._chained(ledger.head, reported)
        assigned = self._assigned | happened | {"seq": ledger.seq + 2, "id": new_id()}
        assigned["digest"] = self._chained(reported["digest"], assigned)
        outbox = [self._message(each, report, reported, assigned) for each in self._messages]
        number = ledger.number + 1

        connection.execute(ADD[challenges], self._challenge | at_now | {"id": challenge_id, "number": number})
        raised = {"person_id": report.person_id, "joined_at": report.at}
        connection.execute(ADD[reporters], self._reporter | mine | raised)
        connection.execute(ADD[words], said)
        connection.execute(ADD[events], [reported, assigned])
        connection.execute(ADD[messages], outbox)
        connection.execute(ADD[timers], self._timer | {"id": new_id(), "about": challenge_id})
        moved = {"to_number": number, "to_seq": assigned["seq"], "to_head": assigned["digest"]}
        connection.execute(MOVE_HEAD, MINE | moved)

    def _message(self, example: Row, report: Report, reported: Row, assigned: Row) -> Row:
        """The receipt goes at once to who reported it; of the others the example says to whom and when."""
        receipt = example["kind"] is MessageKind.RECEIPT
        event = reported if receipt else assigned
        about = {"id": new_id(), "challenge_id": event["challenge_id"], "event_id": event["id"]}
        about |= {"created_at": report.at} | ({"person_id": report.person_id, "send_at": report.at} if receipt else {})
        message = example | about
        message["once"] = f"{message['kind']}:{message['person_id']}:{event['id']}"
        return message

    def _digest(self, said: str) -> str:
        return hmac.digest(self._key, said.encode(), hashlib.sha256).hex()

    def _chained(self, before: str, event: Row) -> str:
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
        return self._digest(f"{before}\n{body}")


def _enter(connection: Connection) -> None:
    """For PostgreSQL's row-level policies."""
    if connection.dialect.name == "postgresql":
        connection.execute(ENTER, MINE)


def _all(of: Table) -> Select[Any]:
    return select(of).where(of.c.district_id == DISTRICT)
