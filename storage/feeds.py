"""Who may read which calendar without signing in: by a secret in its address, of which only a digest is kept."""

import hashlib
import secrets
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models
from storage.models import table
from storage.vocabulary import DistrictId, PersonId, TeamId

feeds: Final = table(models.Feed)


class Feed(NamedTuple):
    """A person's own calendar, or that of a team, as this person reads it."""

    district_id: DistrictId
    person_id: PersonId
    team_id: TeamId


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


async def make(connection: AsyncConnection, feed: Feed, secret: str, now: datetime) -> None:
    """A new one in place of an earlier one, which ends."""
    await end(connection, feed, now)
    row = models.Feed(**feed._asdict(), digest=digest_of(secret), made_at=now)
    await connection.execute(insert(feeds), {each.name: getattr(row, each.name) for each in feeds.columns})


async def end(connection: AsyncConnection, feed: Feed, now: datetime) -> bool:
    """Nobody reads it any more; whether there was one."""
    mine = (
        feeds.c.district_id == feed.district_id,
        feeds.c.person_id == feed.person_id,
        feeds.c.team_id == feed.team_id,
        feeds.c.ended_at.is_(None),
    )
    return (await connection.execute(update(feeds).where(*mine).values(ended_at=now))).rowcount > 0


async def end_of_none(connection: AsyncConnection, feed: Feed, now: datetime) -> None:
    """As if an address had been made and ended that nobody ever had: what is counted by `ended` begins anew."""
    row = models.Feed(**feed._asdict(), digest=digest_of(secrets.token_urlsafe(32)), made_at=now, ended_at=now)
    await connection.execute(insert(feeds), {each.name: getattr(row, each.name) for each in feeds.columns})


async def by_secret(connection: AsyncConnection, secret: str) -> Feed | None:
    """Across districts, on a connection of the queue; None where there is none, or it has ended."""
    wanted = select(feeds.c.district_id, feeds.c.person_id, feeds.c.team_id).where(
        feeds.c.digest == digest_of(secret), feeds.c.ended_at.is_(None)
    )
    row = (await connection.execute(wanted)).first()
    return Feed(*row) if row else None


async def of_person(connection: AsyncConnection, district_id: DistrictId, person_id: PersonId) -> list[TeamId]:
    """Which of theirs can be read now: "" is their own, else a team's."""
    wanted = select(feeds.c.team_id).where(
        feeds.c.district_id == district_id, feeds.c.person_id == person_id, feeds.c.ended_at.is_(None)
    )
    return list(await connection.scalars(wanted))


async def ended(connection: AsyncConnection, district_id: DistrictId, person_id: PersonId) -> int:
    """How many addresses of all of their meetings this person has ended so far, also by a new one."""
    theirs = (feeds.c.district_id == district_id, feeds.c.person_id == person_id, feeds.c.team_id == "")
    count = select(func.count()).where(*theirs, feeds.c.ended_at.is_not(None))
    return int((await connection.execute(count)).scalar_one())
