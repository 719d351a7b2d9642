"""What the audit reads: the open challenges with their timers, closed ones that should not be, messages that wait, and
the history with what it speaks of."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, exists, func, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models
from storage.models import table
from storage.vocabulary import (
    ENDED,
    ActionStatus,
    Answer,
    Authority,
    ChallengeId,
    DistrictId,
    Kind,
    OccurrenceStatus,
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
steps: Final = table(models.Step)
words: Final = table(models.Words)
messages: Final = table(models.Message)
events: Final = table(models.Event)
people: Final = table(models.Person)
ledgers: Final = table(models.Ledger)
routines: Final = table(models.Routine)
occurrences: Final = table(models.Occurrence)
items: Final = table(models.ActionItem)

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
    next_at: datetime | None
    timer_at: datetime | None


_COLUMNS: Final = [challenges.c[name] for name in Open.__dataclass_fields__ if name != "timer_at"]


async def routines_without_dates(connection: AsyncConnection, district_id: DistrictId) -> list[tuple[TimerKind, str]]:
    """What has no timer and should: routines that run; their occurrences to come, or of which it is not on record yet
    whether they took place. The kind of timer that is missing, and of what."""

    def timer(kind: TimerKind, about: Any) -> Any:
        return exists().where(timers.c.district_id == district_id, timers.c.kind == kind, timers.c.about == about)

    runs = routines.c.running & (routines.c.district_id == district_id)
    idle = select(routines.c.id).where(runs, ~timer(TimerKind.ROUTINE, routines.c.id))
    waiting = (
        select(occurrences.c.id)
        .join(
            routines,
            (routines.c.district_id == occurrences.c.district_id) & (routines.c.id == occurrences.c.routine_id),
        )
        .where(
            runs,
            occurrences.c.status.in_([OccurrenceStatus.PLANNED, OccurrenceStatus.PREPARED]),
            ~timer(TimerKind.OCCURRENCE, occurrences.c.id),
        )
    )
    found = [(TimerKind.ROUTINE, str(each)) for each in await connection.scalars(idle)]
    return found + [(TimerKind.OCCURRENCE, str(each)) for each in await connection.scalars(waiting)]


async def item_owners(connection: AsyncConnection, district_id: DistrictId) -> list[tuple[str, PersonId]]:
    """Every open action item, and who has it."""
    wanted = select(items.c.id, items.c.owner_id).where(
        items.c.district_id == district_id, items.c.status == ActionStatus.OPEN
    )
    return [(each.id, each.owner_id) for each in await connection.execute(wanted.order_by(items.c.id))]


async def items_without_dates(connection: AsyncConnection, district_id: DistrictId) -> list[str]:
    """The open action items that nothing will look at again."""
    timer = exists().where(
        timers.c.district_id == district_id, timers.c.kind == TimerKind.ACTION_ITEM, timers.c.about == items.c.id
    )
    wanted = select(items.c.id).where(items.c.district_id == district_id, items.c.status == ActionStatus.OPEN, ~timer)
    return [str(each) for each in await connection.scalars(wanted.order_by(items.c.id))]


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
    """Challenges closed as confirmed of which a reporter has not said yes, and those closed as not confirmed of which one
    has not had every ask (invariant 4), whoever has left apart."""
    theirs = and_(reporters.c.district_id == challenges.c.district_id, reporters.c.challenge_id == challenges.c.id)
    not_yes = exists().where(theirs, reporters.c.answer.is_(None) | (reporters.c.answer != Answer.YES))
    not_asked = exists().where(
        theirs,
        reporters.c.answer.is_(None),
        reporters.c.colleague_asked_at.is_(None),
        people.c.district_id == reporters.c.district_id,
        people.c.id == reporters.c.person_id,
        people.c.left_on.is_(None),
    )
    statement = select(challenges.c.id, challenges.c.number, challenges.c.outcome).where(
        challenges.c.district_id == district_id,
        challenges.c.status == Status.CLOSED,
        or_(
            and_(challenges.c.outcome == Outcome.CONFIRMED, not_yes),
            and_(challenges.c.outcome == Outcome.NOT_CONFIRMED, not_asked),
        ),
    )
    for row in await connection.execute(statement):
        yield row


async def step_owners(connection: AsyncConnection, district_id: DistrictId) -> AsyncIterator[Any]:
    """Everybody who has an open step in an open challenge: with its id and number."""
    theirs = and_(challenges.c.district_id == steps.c.district_id, challenges.c.id == steps.c.challenge_id)
    statement = (
        select(challenges.c.id, challenges.c.number, steps.c.owner_id)
        .join_from(steps, challenges, theirs)
        .where(
            steps.c.district_id == district_id,
            steps.c.done_at.is_(None),
            challenges.c.status.notin_(sorted(ENDED)),
        )
        .distinct()
        .order_by(challenges.c.number)
    )
    for row in await connection.execute(statement):
        yield row


async def waiting(
    connection: AsyncConnection, district_id: DistrictId, due_before: datetime, now: datetime
) -> tuple[int, datetime | None]:
    """How many messages were to be sent before an instant and are in nobody's hands, and since when the first waits."""
    statement = select(func.count(), func.min(messages.c.send_at)).where(
        messages.c.district_id == district_id,
        messages.c.state == literal_column("'pending'"),
        messages.c.send_at < due_before,
        or_(messages.c.leased_until.is_(None), messages.c.leased_until < now),
    )
    count, since = (await connection.execute(statement)).one()
    return count, since


async def was_told(
    connection: AsyncConnection,
    district_id: DistrictId,
    promise: str,
    challenge_id: ChallengeId | None,
    since: datetime,
) -> bool:
    """Whether the history says since then that this promise does not hold (for this challenge)."""
    statement = select(events.c.data).where(
        events.c.district_id == district_id,
        events.c.challenge_id.is_(None) if challenge_id is None else events.c.challenge_id == challenge_id,
        events.c.kind == Kind.REPAIRED,
        events.c.at >= since,
    )
    told = await connection.scalars(statement)
    return any(each.get("promise") == promise and each.get("mended") is False for each in told)


# -------------------------------------------------------------------------------------------------------- the history


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


async def words_named(
    connection: AsyncConnection, district_id: DistrictId, words_ids: Collection[str]
) -> dict[str, models.Words]:
    """The words of these ids that are there."""
    statement = select(words).where(words.c.district_id == district_id, words.c.id.in_(words_ids))
    return {row.id: models.Words(**row._mapping) for row in await connection.execute(statement)}


async def as_they_stand(
    connection: AsyncConnection, district_id: DistrictId, challenge_ids: Collection[ChallengeId]
) -> dict[ChallengeId, models.Challenge]:
    """The challenges of these ids that are there."""
    statement = select(challenges).where(challenges.c.district_id == district_id, challenges.c.id.in_(challenge_ids))
    return {row.id: models.Challenge(**row._mapping) for row in await connection.execute(statement)}


async def has_moved(
    connection: AsyncConnection, district_id: DistrictId, challenge_id: ChallengeId, after_seq: int
) -> bool:
    """Whether something was recorded of it after a line of history."""
    later = select(events.c.seq).where(
        events.c.district_id == district_id, events.c.challenge_id == challenge_id, events.c.seq > after_seq
    )
    return await connection.scalar(later.limit(1)) is not None


async def head(connection: AsyncConnection, district_id: DistrictId) -> tuple[int, str]:
    """Where the chain ends, as the ledger says: the last line's number and digest."""
    row = (await connection.execute(select(ledgers).where(ledgers.c.district_id == district_id))).one()
    return row.seq, row.head
