"""What practice has and work has not: a clock that moves, and a guide for newcomers."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from handlers.cards.text import Voice
from scheduling.calendar import Calendar
from storage.vocabulary import PersonId

FURTHEST: Final = timedelta(days=400)
"""No move of the clock is longer: a whole school year and its summer."""


class Steering(Protocol):
    """Moves the clock of the practice workspace."""

    async def move(self, to: datetime) -> None:
        """Lets everything happen, in order, that is due until then; then it is that time."""
        ...

    async def next_due(self) -> datetime | None:
        """When something happens next, if nobody does anything."""
        ...


@dataclass(frozen=True, slots=True)
class GuideStep:
    """One step of the guide: what to do, as whom, and whether it is done."""

    text: str
    person_id: PersonId | None
    done: bool


Guide = Callable[[], Awaitable[Sequence[GuideStep]]]


@dataclass(frozen=True, slots=True)
class Move:
    """A move of the clock on offer."""

    label: str
    to: datetime


def moves(now: datetime, calendar: Calendar, next_due: datetime | None, say: Voice) -> list[Move]:
    """Each names the instant it goes to, so that pressing it twice moves once."""
    morning = calendar.school_days_after(calendar.today(now), 1)
    at = max(calendar.hours.opens, calendar.hours.digest_at)  # so that the morning's digest is there
    now = now.replace(second=0, microsecond=0)
    week = (now.astimezone(calendar.zone) + timedelta(weeks=1)).astimezone(UTC)  # the same hour, also over a DST change
    offered = [
        Move(say("One hour"), now + timedelta(hours=1)),
        Move(say("Next school day, morning"), calendar.at(morning, at)),
        Move(say("One week"), week),
    ]
    if next_due is not None:
        offered.append(Move(say("To the next thing due"), max(next_due, now)))
    return offered


def destination(written: str, now: datetime) -> datetime:
    """Where a move goes. Raises ValueError for what none of our buttons says."""
    to = datetime.fromisoformat(written)
    if to.tzinfo is None or to - now > FURTHEST:
        raise ValueError(written)
    return max(to.astimezone(UTC), now)
