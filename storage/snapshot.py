"""The standing rows of a district, read whole and written as a difference: what a district file is about."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from itertools import groupby
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from storage import models
from storage.models import table
from storage.people import UnknownDistrictError, bump_revision
from storage.vocabulary import DistrictId, SchoolId


@dataclass(slots=True)
class Snapshot:
    """One district: its own row, its people and their accounts, its schools, teams, routines, process versions."""

    district: models.District
    workspaces: list[models.Workspace] = field(default_factory=list)
    schools: list[models.School] = field(default_factory=list)
    people: list[models.Person] = field(default_factory=list)
    accounts: list[models.Account] = field(default_factory=list)
    absences: list[models.Absence] = field(default_factory=list)
    teams: list[models.Team] = field(default_factory=list)
    routines: list[models.Routine] = field(default_factory=list)
    processes: list[models.Process] = field(default_factory=list)

    def rows(self) -> Iterator[SQLModel]:
        """All of them; what is referred to comes before what refers to it."""
        yield self.district
        for each in fields(self)[1:]:
            yield from getattr(self, each.name)


MODELS: Final[tuple[type[SQLModel], ...]] = (
    models.Workspace,
    models.School,
    models.Person,
    models.Account,
    models.Absence,
    models.Team,
    models.Routine,
    models.Process,
)
"""In the order of a snapshot's fields."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What turns one snapshot into another."""

    added: tuple[SQLModel, ...]
    changed: tuple[tuple[SQLModel, dict[str, tuple[Any, Any]]], ...]
    """The row as it shall be, and {column: (before, after)}."""
    removed: tuple[SQLModel, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


async def read(connection: AsyncConnection, district_id: DistrictId) -> Snapshot:
    """The district's rows, each kind in its order; raises UnknownDistrictError."""
    of = table(models.District)
    row = (await connection.execute(select(of).where(of.c.id == district_id))).first()
    if row is None:
        raise UnknownDistrictError(district_id)
    found = Snapshot(models.District(**row._mapping))
    for name, model in zip([each.name for each in fields(found)][1:], MODELS, strict=True):
        of = table(model)
        order = [of.c[each] for each in ("position", "id", "platform", "workspace_id", "user_id") if each in of.c]
        rows = await connection.execute(select(of).where(of.c.district_id == district_id).order_by(*order))
        setattr(found, name, [model(**each._mapping) for each in rows])
    return found


async def schools_in_use(connection: AsyncConnection, district_id: DistrictId) -> set[SchoolId]:
    """The schools that challenges of the log belong to."""
    of = table(models.Challenge)
    found = await connection.execute(select(of.c.school_id).where(of.c.district_id == district_id).distinct())
    return {each for each in found.scalars() if each is not None}


def difference(before: Snapshot | None, after: Snapshot) -> Difference:
    """What to write so that `before` becomes `after`. The revision is not compared: it follows from the writing."""
    known = {key(row): row for row in before.rows()} if before else {}
    wanted = {key(row): row for row in after.rows()}
    changed = ((row, _changes(known[name], row)) for name, row in wanted.items() if name in known)
    return Difference(
        added=tuple(row for name, row in wanted.items() if name not in known),
        changed=tuple((row, changes) for row, changes in changed if changes),
        removed=tuple(row for name, row in reversed(known.items()) if name not in wanted),
    )


async def write(connection: AsyncConnection, district_id: DistrictId, what: Difference) -> None:
    """Writes a difference. A new district gets its ledger, one that was there before a higher revision."""
    for row in what.removed:
        await connection.execute(delete(table(type(row))).where(*_is(row)))
    for model, rows in groupby(what.added, type):
        await connection.execute(insert(table(model)), [_values(row) for row in rows])
        if model is models.District:
            await connection.execute(insert(table(models.Ledger)), [_values(models.Ledger(district_id=district_id))])
    for row in what.added:
        if isinstance(row, models.Person) and row.successor_id:
            await _update(connection, row, ["successor_id"])
    for row, changes in what.changed:
        await _update(connection, row, changes)
    if what and not any(isinstance(row, models.District) for row in what.added):
        await bump_revision(connection, district_id)


def key(row: SQLModel) -> tuple[str, ...]:
    """A row's table and primary key, without the district."""
    of = table(type(row))
    return (of.name, *(str(getattr(row, each.name)) for each in of.primary_key if each.name != "district_id"))


def columns(row: SQLModel) -> list[str]:
    return table(type(row)).c.keys()


def _changes(before: SQLModel, after: SQLModel) -> dict[str, tuple[Any, Any]]:
    both = {name: (getattr(before, name), getattr(after, name)) for name in columns(after) if name != "revision"}
    return {name: (was, shall) for name, (was, shall) in both.items() if was != shall}


def _values(row: SQLModel) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in columns(row)}
    if isinstance(row, models.Person):
        values["successor_id"] = None  # who may stand further down: they are linked when all are there
    return values


async def _update(connection: AsyncConnection, row: SQLModel, columns: Iterable[str]) -> None:
    await connection.execute(
        update(table(type(row))).where(*_is(row)).values({name: getattr(row, name) for name in columns})
    )


def _is(row: SQLModel) -> list[ColumnElement[bool]]:
    return [each == getattr(row, each.name) for each in table(type(row)).primary_key]
