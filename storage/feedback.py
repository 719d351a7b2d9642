"""How people found an occurrence: what they say, and apart from it who has said something."""

from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import Any, Final

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models
from storage.models import table
from storage.vocabulary import DistrictId

feedback: Final = table(models.Feedback)
occurrences: Final = table(models.Occurrence)


@dataclass(frozen=True, slots=True)
class Found:
    """What was said of one occurrence. Means from 1, not at all, to 4, very."""

    occurrence_id: str
    answers: int
    useful: float
    respectful: float
    asked: int
    """How many were there, and so were asked."""
    ended_at: datetime | None


async def add(
    connection: AsyncConnection, of: models.Occurrence, *, useful: int, respectful: int, text: str | None
) -> None:
    """One answer, of nobody. Its id is random as a whole: those of other rows begin with the time.

    All of that occurrence are written anew, by these ids, so that neither their order in the table nor the transaction
    that wrote them says who was first.
    """
    mine = (feedback.c.district_id == of.district_id, feedback.c.occurrence_id == of.id)
    rows = [dict(row._mapping) for row in await connection.execute(select(feedback).where(*mine))]
    new = {"district_id": of.district_id, "id": token_hex(11), "occurrence_id": of.id}
    rows.append(new | {"useful": useful, "respectful": respectful, "text": text})
    await connection.execute(delete(feedback).where(*mine))
    await connection.execute(insert(feedback), sorted(rows, key=lambda each: str(each["id"])))


async def lately(connection: AsyncConnection, of: models.Occurrence, most: int) -> list[Found]:
    """What was said of the last ones of its routine and team that took place before it, the latest first."""
    before = (occurrences.c.team_id == of.team_id, occurrences.c.starts_at < of.starts_at)
    return await _found(connection, of, most, occurrences.c.routine_id == of.routine_id, *before)


async def found(connection: AsyncConnection, of: models.Occurrence) -> Found | None:
    """What was said of this one; None where nobody has said anything."""
    return next(iter(await _found(connection, of, 1, occurrences.c.id == of.id)), None)


async def _found(connection: AsyncConnection, of: models.Occurrence, most: int, *which: Any) -> list[Found]:
    columns = [occurrences.c[name] for name in ("id", "starts_at", "ended_at", "attended_ids")]
    last = select(*columns).where(occurrences.c.district_id == of.district_id, *which).subquery()
    said = (
        select(
            feedback.c.occurrence_id,
            func.count().label("answers"),
            func.avg(feedback.c.useful).label("useful"),
            func.avg(feedback.c.respectful).label("respectful"),
        )
        .where(feedback.c.district_id == of.district_id, feedback.c.occurrence_id.in_(select(last.c.id)))
        .group_by(feedback.c.occurrence_id)
        .subquery()
    )
    wanted = select(last, said).join(said, said.c.occurrence_id == last.c.id).order_by(last.c.starts_at.desc())
    return [
        Found(row.id, row.answers, float(row.useful), float(row.respectful), len(row.attended_ids), row.ended_at)
        for row in await connection.execute(wanted.limit(most))
    ]


async def words(connection: AsyncConnection, district_id: DistrictId, occurrence_id: str) -> list[str]:
    """What was written, in an order that says nothing of who was first."""
    mine = (feedback.c.district_id == district_id, feedback.c.occurrence_id == occurrence_id)
    found = await connection.scalars(select(feedback.c.text).where(*mine, feedback.c.text.is_not(None)))
    return sorted(found)
