"""The district of a story is imported once by each process: after that its rows are written as the import left them.

The import reads, checks and compares a file, and has tests of its own; for a story that takes as long as telling it.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Table, insert, select
from sqlmodel import SQLModel

from handlers.district import importer
from storage.database import Database
from storage.models import District, Person, table
from storage.sealing import Seal
from storage.vocabulary import DistrictId

Rows = list[tuple[Table, list[dict[str, Any]]]]

_left: Final[dict[tuple[str, datetime], Rows]] = {}


async def imported(database: Database, seal: Seal, district_id: DistrictId, text: str, *, now: datetime) -> None:
    """Brings the district of this file into a database in which it is not yet. `seal`: the same one each time."""
    if rows := _left.get((text, now)):
        async with database.district(district_id) as connection:
            for of, its in rows:
                await connection.execute(insert(of), its)
        return
    await importer.import_district(database, seal, text, now=now)
    _left[text, now] = await _rows(database, district_id)


async def _rows(database: Database, district_id: DistrictId) -> Rows:
    """All of the district; what is referred to comes before what refers to it."""
    found: Rows = []
    async with database.district(district_id, write=False) as connection:
        for of in SQLModel.metadata.sorted_tables:
            whose = of.c.id if of is table(District) else of.c.get("district_id")
            if whose is not None:
                rows = await connection.execute(select(of).where(whose == district_id))
                found.append((of, [dict(row._mapping) for row in rows]))
    return [(of, _successors_first(rows) if of is table(Person) else rows) for of, rows in found if rows]


def _successors_first(people: list[dict[str, Any]]) -> list[dict[str, Any]]:
    placed: list[dict[str, Any]] = []
    while people:
        there = {None, *(each["id"] for each in placed)}
        ready = [each for each in people if each["successor_id"] in there]
        placed += ready
        people = [each for each in people if each not in ready]
    return placed
