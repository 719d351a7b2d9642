"""What stands in a database before it is measured: the one example, or as many challenges as years of use leave."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    Text,
    case,
    create_engine,
    delete,
    func,
    insert,
    literal,
    null,
    select,
    text,
    true,
    type_coerce,
    update,
)
from sqlalchemy.pool import NullPool

from benchmarks.orders import BEGINS, DISTRICT
from storage import models
from storage.columns import UtcDateTime
from storage.database import sync_url
from storage.models import table
from storage.vocabulary import MessageState, Outcome, Status, new_id

SPAN: Final = timedelta(days=3 * 365)
OPEN_EACH: Final = 50
"""One in so many is still open."""
INSIDE: Final = 37
"""The people of the fictional district who are inside it: p-001 to p-037."""

ledgers: Final = table(models.Ledger)
challenges: Final = table(models.Challenge)
reporters: Final = table(models.Reporter)
words: Final = table(models.Words)
events: Final = table(models.Event)
messages: Final = table(models.Message)
timers: Final = table(models.Timer)
inbox: Final = table(models.InboxKey)

copies: Final = Table(
    "copies",
    MetaData(),
    Column("n", Integer),
    Column("id", Text),
    Column("at", UtcDateTime),
    Column("owner", Text),
    Column("reporter", Text),
    Column("open", Integer),
    prefixes=["TEMPORARY"],
)


def _id_of(row: Any) -> Any:
    """An id for the copy of a row, made when the copy was, as ids are: of the example's for the example."""
    made_of = func.md5(copies.c.id + row)
    return func.substr(copies.c.id, 1, 8, type_=Text) + func.substr(made_of, 1, 14, type_=Text)


def _if_open(value: Any, otherwise: Any) -> Any:
    return case((copies.c.open == 1, value), else_=otherwise)


MINE: Final = {"challenge_id": copies.c.id}
COPIED: Final[Mapping[Table, Mapping[str, Any]]] = {
    challenges: {
        "id": copies.c.id,
        "number": challenges.c.number + copies.c.n,
        "owner_id": copies.c.owner,
        "status": _if_open(challenges.c.status, literal(Status.CLOSED.value)),
        "outcome": _if_open(null(), literal(Outcome.CONFIRMED.value)),
        "closed_at": _if_open(null(), copies.c.at),
        "next_at": _if_open(challenges.c.next_at, null()),
        **dict.fromkeys(("reported_at", "dit_aware_at", "owned_since", "updated_at"), copies.c.at),
    },
    reporters: MINE | {"person_id": copies.c.reporter, "joined_at": copies.c.at},
    words: MINE | {"id": _id_of(words.c.id), "author_id": copies.c.reporter, "said_at": copies.c.at},
    events: MINE | {"id": _id_of(events.c.id), "seq": events.c.seq + 2 * copies.c.n, "at": copies.c.at},
    messages: MINE
    | {
        "id": _id_of(messages.c.id),
        "once": type_coerce(messages.c.kind, Text) + ":" + messages.c.person_id + ":" + _id_of(messages.c.event_id),
        "event_id": _id_of(messages.c.event_id),
        "state": literal(MessageState.SENT.value),
        **dict.fromkeys(("created_at", "send_at", "ended_at"), copies.c.at),
    },
    timers: {"id": _id_of(timers.c.id), "about": copies.c.id},
}
"""Each table with a report's rows, and what of the example's row is another in the copy."""


def fill(url: str, many: int) -> None:
    """Copies the example so many times: over three years and everybody in the district, one in fifty still open."""
    with _connected(url) as connection:
        copies.create(connection)
        connection.execute(insert(copies), [_copy(n, many) for n in range(1, many + 1)])
        for of, changed in COPIED.items():
            values = [changed.get(column.name, column) for column in of.columns]
            rows = select(*values).select_from(of).join(copies, copies.c.open == 1 if of is timers else true())
            if of is events:  # the first says that the district was imported
                rows = rows.where(events.c.challenge_id.is_not(None))
            connection.execute(insert(of).from_select([column.name for column in of.columns], rows))
        connection.execute(update(ledgers).values(number=ledgers.c.number + many, seq=ledgers.c.seq + 2 * many))
        copies.drop(connection)
    _upkeep(url, "ANALYZE")


def _copy(n: int, many: int) -> dict[str, Any]:
    at = BEGINS - SPAN + SPAN / many * (n - 1)
    return {
        "n": n,
        "id": new_id(at.timestamp()),
        "at": at,
        "owner": f"p-{1 + n % INSIDE:03}",
        "reporter": f"p-{1 + n * 7 % INSIDE:03}",
        "open": int(n % OPEN_EACH == 0),
    }


class Kept:
    """How much a database held when it was made ready; `restore` takes away what was added since."""

    def __init__(self, url: str) -> None:
        self.url = url
        with _connected(url) as connection:
            connection.execute(delete(inbox))
            self._ledger = connection.execute(select(ledgers)).one()
            self._rows = _counted(connection)

    def restore(self) -> None:
        ledger = self._ledger
        added = select(challenges.c.id).where(challenges.c.district_id == DISTRICT, challenges.c.number > ledger.number)
        with _connected(self.url) as connection, _history_open(connection):
            for of in (messages, events, reporters, words):
                connection.execute(delete(of).where(of.c.district_id == DISTRICT, of.c.challenge_id.in_(added)))
            connection.execute(delete(timers).where(timers.c.district_id == DISTRICT, timers.c.about.in_(added)))
            connection.execute(delete(inbox))
            connection.execute(delete(challenges).where(challenges.c.id.in_(added)))
            connection.execute(update(ledgers).values(number=ledger.number, seq=ledger.seq, head=ledger.head))
        _upkeep(self.url, "VACUUM" if self.url.startswith("postgresql") else "PRAGMA wal_checkpoint(TRUNCATE)")

    def added_by_each(self) -> dict[str, float]:
        """How many rows of each table a report has added since."""
        with _connected(self.url) as connection:
            now = _counted(connection)
        reports = now["challenge"] - self._rows["challenge"]
        return {name: (rows - self._rows[name]) / reports for name, rows in now.items()}


@contextmanager
def _history_open(connection: Connection) -> Iterator[None]:
    """Without the triggers that let the history only grow, for as long as the block lasts."""
    if connection.dialect.name == "postgresql":
        for of in (events, words):
            connection.exec_driver_sql(f"ALTER TABLE {of.name} DISABLE TRIGGER USER")
        yield
        for of in (events, words):
            connection.exec_driver_sql(f"ALTER TABLE {of.name} ENABLE TRIGGER USER")
        return
    triggers = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
    for trigger in triggers:
        connection.exec_driver_sql(f"DROP TRIGGER {trigger.name}")
    yield
    for trigger in triggers:
        connection.exec_driver_sql(trigger.sql)


def _counted(connection: Connection) -> dict[str, int]:
    return {of.name: connection.scalar(select(func.count()).select_from(of)) or 0 for of in (*COPIED, inbox)}


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    """A transaction in the district, from this process."""
    engine = create_engine(sync_url(url), poolclass=NullPool)
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.connection.create_function("md5", 1, _md5, deterministic=True)
        else:
            connection.execute(text("SELECT set_config('clearway.district', :district, true)"), {"district": DISTRICT})
        yield connection


def _md5(said: str) -> str:
    return hashlib.md5(said.encode(), usedforsecurity=False).hexdigest()


def _upkeep(url: str, statement: str) -> None:
    engine = create_engine(sync_url(url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
