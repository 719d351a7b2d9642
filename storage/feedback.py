"""How people found an occurrence: what they say, and apart from it who has said something."""

from dataclasses import dataclass
from secrets import token_hex
from typing import Final

from sqlalchemy import func, insert, select
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


async def add(
    connection: AsyncConnection, of: models.Occurrence, *, useful: int, respectful: int, text: str | None
) -> None:
    """One answer, of nobody. Its id is random as a whole: those of other rows begin with the time."""
    row = {"district_id": of.district_id, "id": token_hex(11), "occurrence_id": of.id}
    await connection.execute(insert(feedback), row | {"useful": useful, "respectful": respectful, "text": text})


async def lately(connection: AsyncConnection, of: models.Occurrence, most: int) -> list[Found]:
    """What was said of the last ones of its routine and team that took place before it, the latest first."""
    last = (
        select(occurrences.c.id, occurrences.c.starts_at)
        .where(
            occurrences.c.district_id == of.district_id,
            occurrences.c.routine_id == of.routine_id,
            occurrences.c.team_id == of.team_id,
            occurrences.c.starts_at < of.starts_at,
        )
        .subquery()
    )
    wanted = (
        select(last.c.id, func.count(), func.avg(feedback.c.useful), func.avg(feedback.c.respectful))
        .join(feedback, (feedback.c.occurrence_id == last.c.id) & (feedback.c.district_id == of.district_id))
        .group_by(last.c.id, last.c.starts_at)
        .order_by(last.c.starts_at.desc())
        .limit(most)
    )
    return [Found(id, n, float(useful), float(kind)) for id, n, useful, kind in await connection.execute(wanted)]


async def words(connection: AsyncConnection, district_id: DistrictId, occurrence_id: str) -> list[str]:
    """What was written, in an order that says nothing of who was first."""
    mine = (feedback.c.district_id == district_id, feedback.c.occurrence_id == occurrence_id)
    found = await connection.scalars(select(feedback.c.text).where(*mine, feedback.c.text.is_not(None)))
    return sorted(found)
