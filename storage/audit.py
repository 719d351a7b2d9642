"""What the audit reads: the open challenges with their timers, closed ones that should not be, the chain of events."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models
from storage.models import table
from storage.vocabulary import (
    ENDED,
    Answer,
    Authority,
    ChallengeId,
    DistrictId,
    Outcome,
    PersonId,
    ProcessId,
    SchoolId,
    Scope,
    Status,
    TimerKind,
    Urgency,
)

challenges: Final = table(models.Challenge)
timers: Final = table(models.Timer)
reporters: Final = table(models.Reporter)
events: Final = table(models.Event)
ledgers: Final = table(models.Ledger)

EVENTS_READ: Final = 1_000  # at a time


@dataclass(frozen=True, slots=True)
class Open:
    """An open challenge, as the audit looks at it; ids and codes, no words."""

    id: ChallengeId
    number: int
    status: Status
    type: str | None
    scope: Scope | None
    school_id: SchoolId | None
    tags: list[str]
    amount_usd: int | None
    urgency: Urgency
    owner_id: PersonId
    authority: Authority
    refused_ids: list[PersonId]
    conduct_of_id: PersonId | None
    process_id: ProcessId
    timer_at: datetime | None


_COLUMNS: Final = [challenges.c[name] for name in Open.__dataclass_fields__ if name != "timer_at"]


async def open_challenges(connection: AsyncConnection, district_id: DistrictId, page: int) -> AsyncIterator[Open]:
    """Every open challenge with its follow-up timer, by number, read a page at a time."""
    last = 0
    while True:
        statement = (
            select(*_COLUMNS, timers.c.due_at.label("timer_at"))
            .select_from(challenges)
            .outerjoin(
                timers,
                and_(
                    timers.c.district_id == challenges.c.district_id,
                    timers.c.kind == TimerKind.FOLLOW_UP,
                    timers.c.about == challenges.c.id,
                ),
            )
            .where(
                challenges.c.district_id == district_id,
                challenges.c.status.notin_(sorted(ENDED)),
                challenges.c.number > last,
            )
            .order_by(challenges.c.number)
            .limit(page)
        )
        rows = [Open(**row._mapping) for row in await connection.execute(statement)]
        for row in rows:
            yield row
        if len(rows) < page:
            return
        last = rows[-1].number


async def wrongly_ended(connection: AsyncConnection, district_id: DistrictId) -> AsyncIterator[Any]:
    """Challenges closed as confirmed of which a reporter has not said yes (invariant 4)."""
    not_yes = exists().where(
        reporters.c.district_id == challenges.c.district_id,
        reporters.c.challenge_id == challenges.c.id,
        reporters.c.answer.is_(None) | (reporters.c.answer != Answer.YES),
    )
    statement = select(challenges.c.id, challenges.c.number).where(
        challenges.c.district_id == district_id,
        challenges.c.status == Status.CLOSED,
        challenges.c.outcome == Outcome.CONFIRMED,
        not_yes,
    )
    for row in await connection.execute(statement):
        yield row


async def events_after(
    connection: AsyncConnection, district_id: DistrictId, after_seq: int, last_seq: int
) -> AsyncIterator[list[models.Event]]:
    """The district's events after one line and up to another, in order, a page at a time."""
    while True:
        statement = (
            select(events)
            .where(events.c.district_id == district_id, events.c.seq > after_seq, events.c.seq <= last_seq)
            .order_by(events.c.seq)
            .limit(EVENTS_READ)
        )
        page = [models.Event(**row._mapping) for row in await connection.execute(statement)]
        if not page:
            return
        yield page
        after_seq = page[-1].seq


async def head(connection: AsyncConnection, district_id: DistrictId) -> tuple[int, str]:
    """Where the chain ends, as the ledger says: the last line's number and digest."""
    row = (await connection.execute(select(ledgers).where(ledgers.c.district_id == district_id))).one()
    return row.seq, row.head
