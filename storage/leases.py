"""Rows that fall due and that one process at a time works on: what timers, messages and posted cards share.

A claim is a lease: until it ends nobody else gets the row, and a mark holds only while the lease is the one that was
claimed. Claims are fair: one row of every district, then a second of each, so that no storm starves the others. They
read a bounded part of each district, however much is due in it or stored; so a claim may bring fewer than its limit
while more is due.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Select,
    Table,
    and_,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import many
from storage.columns import UtcDateTime
from storage.vocabulary import DistrictId

LEASE: Final = timedelta(minutes=5)  # longer than any batch takes; a crashed process frees its rows after this
NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
SPARE: Final = 4  # times the limit: what a claim looks at, as others may be taking some of it at the same moment
AT_LEAST: Final = 8  # rows that a claim looks at in each slot, however many slots there are

NOW: Final = bindparam("now", type_=UtcDateTime)
UNTIL: Final = bindparam("until", type_=UtcDateTime)
LIMIT: Final = bindparam("limit", type_=Integer)
OF_ONE: Final = bindparam("of_one", type_=Integer)
"""So many of one district, at most."""

Columns = Any
"""The columns of a table or of an alias of it."""


class Leased(Protocol):
    """What a claim returns: a dataclass whose fields are columns of the table."""

    @property
    def district_id(self) -> DistrictId: ...
    @property
    def id(self) -> str: ...
    @property
    def leased_until(self) -> datetime: ...


Kind = TypeVar("Kind", bound=Leased)


@dataclass(frozen=True)
class Line:
    """A table whose rows wait for their time.

    It has an index on `at`, which finds what is due among all that is stored, and one on district, `lane` where there
    are lanes, and `at`, which finds what is due in one of them.
    """

    of: Table
    at: str
    """The column that says when a row falls due."""
    live: Callable[[Columns], ColumnElement[bool]] = lambda _: true()
    """Which rows wait at all, in the words of the index."""
    lanes: tuple[StrEnum, ...] = ()
    """The values of its column `lane`, the most pressing first."""
    together: Callable[[Columns], ColumnElement[Any]] | None = None
    """Of rows that are equal in this, a claim takes the first one: the same one as another claim at the same moment, so
    that they do not take two. The index then has the id behind `at`, which orders those that fall due together."""

    def due(self, row: Columns) -> ColumnElement[bool]:
        return and_(self.live(row), row[self.at] <= NOW, or_(row.leased_until.is_(None), row.leased_until <= NOW))

    def slots(self, dialect: str) -> CTE:
        """Every lane of a district in which something is due: a slot; none of those that are passed over."""
        some = self.of.alias("some")
        lane = [some.c.lane] if self.lanes else []
        ranks: Any = [(some.c.lane == lane, literal_column(str(n))) for n, lane in enumerate(self.lanes)]
        pressing = case(*ranks) if ranks else literal_column("0")
        wanted = self.due(some.c) & some.c.district_id.not_in(many.texts(dialect, "but"))
        return select(some.c.district_id, *lane, pressing.label("pressing")).where(wanted).distinct().cte("slot")

    def within(self, row: Columns, slot: CTE) -> ColumnElement[bool]:
        in_lane = row.lane == slot.c.lane if self.lanes else true()
        return and_(row.district_id == slot.c.district_id, in_lane)


def claiming(line: Line, kind: type[Any], **values: Any) -> dict[str, Any]:
    """The statement, by dialect, that leases what is due and sets `values` with it."""
    return {dialect: take(line.of, _in_turn(line, dialect), kind, **values) for dialect in ("sqlite", "postgresql")}


def _in_turn(line: Line, dialect: str) -> Select[Any]:
    """The keys of due rows in the order in which they are claimed."""
    slot, one = line.slots(dialect), line.of.alias("one")
    order = [one.c[line.at], *([one.c.id] if line.together else [])]
    many_slots = func.count() * AT_LEAST >= LIMIT * SPARE
    share = select(case((many_slots, AT_LEAST), else_=LIMIT * SPARE // func.nullif(func.count(), 0))).select_from(slot)
    of_slot = select(one).where(line.within(one.c, slot), line.due(one.c)).order_by(*order)
    first = of_slot.limit(share.scalar_subquery())
    if dialect == "postgresql":
        row: Any = first.lateral("row")
        seen = slot.join(row, true())
    else:  # SQLite knows no LATERAL; by the row's own number it cannot but go from slot to row
        row = line.of.alias("row")
        its: Select[Any] = first.with_only_columns(literal_column("one.rowid"))
        seen = slot.join(row, literal_column("row.rowid").in_(its))

    at = row.c[line.at].label("at")
    key = (row.c.district_id, row.c.id)
    alike = line.together(row.c) if line.together else row.c.id
    nth = func.row_number().over(partition_by=(row.c.district_id, alike), order_by=(at, row.c.id))
    waiting = select(*key, at, slot.c.pressing, nth.label("nth")).select_from(seen).subquery("waiting")
    pressing = (waiting.c.pressing, waiting.c.at, waiting.c.id)
    turn = func.row_number().over(partition_by=waiting.c.district_id, order_by=pressing).label("turn")
    turns = select(waiting, turn).where(waiting.c.nth == 1).subquery("turns")
    queued = select(turns).where(turns.c.turn <= OF_ONE).order_by(turns.c.turn, turns.c.at).limit(LIMIT * SPARE)
    queue = queued.subquery("queue")
    return (
        select(line.of.c.district_id, line.of.c.id)
        .join_from(queue, line.of, and_(line.of.c.district_id == queue.c.district_id, line.of.c.id == queue.c.id))
        .where(line.due(line.of.c))
        .order_by(queue.c.turn, queue.c.at)
        .limit(LIMIT)
    )


def take(of: Table, which: Select[Any], kind: type[Any], **values: Any) -> Any:
    """The statement that leases what `which` selects; rows that another process is just taking are left to it."""
    taken = which.with_for_update(of=of, skip_locked=True).cte("taken")
    return (
        update(of)
        .where(of.c.district_id == taken.c.district_id, of.c.id == taken.c.id)
        .values({"leased_until": UNTIL, "attempts": of.c.attempts + 1, **values})
        .returning(*(of.c[each.name] for each in fields(kind)))
    )


async def claim(
    connection: AsyncConnection,
    statement: Any,
    kind: type[Kind],
    now: datetime,
    limit: int = 0,
    of_one: int | None = None,
    but: Collection[DistrictId] = (),
    **values: Any,
) -> list[Kind]:
    """What a statement of `claiming` or `take` leases. `limit`: rows at most, `of_one` of them of one district, none of
    the districts `but`."""
    most = {"limit": limit, "of_one": of_one or limit * SPARE, "but": json.dumps(sorted(but))}
    rows = await connection.execute(statement, {"now": now, "until": now + LEASE, **most, **values})
    return [kind(*row) for row in rows]  # the columns are in the order of its fields


def held(of: Table, dialect: str) -> ColumnElement[bool]:
    """The rows of one claim (its `keys`), as long as they are leased until `until`."""
    return and_(tuple_(of.c.district_id, of.c.id).in_(many.keys(dialect)), of.c.leased_until == UNTIL)


def holding(claimed: Iterable[Leased]) -> Iterator[dict[str, Any]]:
    """The parameters of `held`, for each claim that these are of."""
    claims: dict[datetime, list[Leased]] = defaultdict(list)
    for each in claimed:
        claims[each.leased_until].append(each)
    for until, together in claims.items():
        yield {"until": until, "keys": many.as_keys((each.district_id, each.id) for each in together)}


async def mark_each(
    connection: AsyncConnection, of: Table, claimed: Iterable[Leased], **values: Any
) -> set[tuple[DistrictId, str, datetime]]:
    """Sets columns where the lease is still ours; the districts, ids and leases of those of which it was."""
    ours = update(of).where(held(of, connection.dialect.name)).values(values).returning(of.c.district_id, of.c.id)
    return {
        (row.district_id, row.id, holds["until"])
        for holds in holding(claimed)
        for row in await connection.execute(ours, holds)
    }


async def mark(connection: AsyncConnection, of: Table, claimed: Sequence[Leased], **values: Any) -> bool:
    """Sets columns where the lease is still ours; whether it was, for all of them."""
    return len(await mark_each(connection, of, claimed, **values)) == len(claimed)


def soonest(line: Line) -> list[Select[Any]]:
    """Two looks: when the first row falls due that nobody holds, and when the first lease ends of those before it."""
    row = line.of.alias("row")
    at = row.c[line.at]
    free = select(at).where(line.live(row.c), row.c.leased_until.is_(None)).order_by(at).limit(1).scalar_subquery()
    freed_at = case((row.c.leased_until > at, row.c.leased_until), else_=at)
    before = at < func.coalesce(free, literal(NEVER, UtcDateTime))
    freed = select(func.min(freed_at)).where(line.live(row.c), row.c.leased_until.is_not(None), before)
    return [select(each.label("at")) for each in (free, freed.scalar_subquery())]
