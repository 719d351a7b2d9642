"""Many keys, or many rows, in one statement: however many there are, it goes to the database and back once.

On PostgreSQL a way there and back costs more than a row does. On SQLite there is no such way, and a statement for each
row costs nothing more.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import Select, Table, Text, TextClause, bindparam, cast, column, func, insert, select, text
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.ext.asyncio import AsyncConnection

POSTGRESQL: Final = "postgresql"


def keys(dialect: str) -> Select[Any]:
    """Pairs of texts, for `tuple_(one, other).in_(…)`: those in the parameter `keys`, which `as_keys` makes."""
    given = bindparam("keys", type_=Text)
    if dialect == POSTGRESQL:
        pair = func.json_array_elements(cast(given, JSON)).table_valued(column("value", JSON), name="pair").c.value
        return select(pair[0].astext, pair[1].astext)
    pair = func.json_each(given).table_valued("value", name="pair").c.value
    return select(func.json_extract(pair, "$[0]"), func.json_extract(pair, "$[1]"))


def as_keys(pairs: Iterable[tuple[str, str]]) -> str:
    return json.dumps(list(pairs))


def texts(dialect: str, name: str) -> Select[Any]:
    """Texts, for `column.in_(…)`: those in the parameter of that name, a list as JSON."""
    given = bindparam(name, type_=Text)
    if dialect == POSTGRESQL:
        each = func.json_array_elements_text(cast(given, JSON)).table_valued(column("value", Text), name="each")
    else:
        each = func.json_each(given).table_valued(column("value", Text), name="each")
    return select(each.c.value)


async def insert_many(connection: AsyncConnection, into: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """New rows, with the same columns each: plain values, codes and instants."""
    if not rows:
        return
    if connection.dialect.name == POSTGRESQL:
        await connection.execute(_from_json(into, tuple(rows[0])), {"rows": json.dumps(rows, default=str)})
    else:
        await connection.execute(insert(into), rows)


@cache
def _from_json(into: Table, columns: tuple[str, ...]) -> TextClause:
    names = ", ".join(f'"{each}"' for each in columns)
    rows = f"json_populate_recordset(NULL::{into.name}, CAST(:rows AS json))"
    return text(f"INSERT INTO {into.name} ({names}) SELECT {names} FROM {rows}")  # noqa: S608  # names of our own
