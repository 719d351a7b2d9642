"""The edge of a random life: a clock that only moves when told, and a platform with good and bad days."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bot.transport import Address, CannotTellError, OutcomeUnknownError, Place, TryLaterError, UndeliverableError
from handlers.cards.model import Button, Buttons, Card

TICK: Final = timedelta(milliseconds=1)
MOST_READINGS: Final = 20_000  # between two moves of the clock: far more than a quiet district ever needs


class LifeClock:
    """Ticks a millisecond with each reading, so that no two acts share an instant; else it stands still."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._readings = 0

    def now(self) -> datetime:
        self._readings += 1
        assert self._readings < MOST_READINGS, "Time stands still: something is due again and again"
        self.at += TICK
        return self.at

    def move(self, to: datetime) -> None:
        self.at = max(self.at, to)
        self._readings = 0


class Weather(StrEnum):
    """What comes of one send or edit."""

    FAIR = "fair"
    LATER = "later"
    """Refused for now."""
    RESTING = "resting"
    """Refused for now, and the platform says for how long."""
    LOST = "lost"
    """The line was cut, and it did not arrive."""
    CUT = "cut"
    """The line was cut, and it arrived."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One send: when, to whom, of which message (the first of a digest), and whether it arrived."""

    at: datetime
    to: Address
    card: Card
    delivery_id: str
    arrived: bool


@dataclass
class Edge:
    """A platform that records all that reaches it. `finds`: whether it can say that a card arrived."""

    clock: LifeClock
    finds: bool = True
    weather: deque[Weather] = field(default_factory=deque)
    """Of the sends to come; fair when there is none."""
    gone: set[tuple[str, str]] = field(default_factory=set)
    """Workspace and user of the accounts that take nothing any more; of all its channels, where the user is "" """
    attempts: list[Attempt] = field(default_factory=list)
    standing: dict[Place, tuple[Address, Card]] = field(default_factory=dict)
    """Each card as it stands now."""
    shown: list[tuple[Address, Card]] = field(default_factory=list)
    """What was sent or edited since somebody last looked."""
    _arrived: dict[str, Place] = field(default_factory=dict)

    async def send(self, to: Address, card: Card, *, delivery_id: str) -> Place:
        weather = self.weather.popleft() if self.weather else Weather.FAIR
        if (to.workspace_id, to.user_id) in self.gone:
            self._note(to, card, delivery_id, arrived=False)
            raise UndeliverableError("account_gone")
        arrived = weather in {Weather.FAIR, Weather.CUT}
        self._note(to, card, delivery_id, arrived=arrived)
        if arrived:
            room = f"@{to.user_id}" if to.user_id else to.conversation_id or ""
            place = Place(to.platform, to.workspace_id, room, str(len(self.standing) + 1))
            self.standing[place] = (to, card)
            self._arrived[delivery_id] = place
        if weather is Weather.FAIR:
            return place
        if weather is Weather.LATER:
            raise TryLaterError("busy")
        if weather is Weather.RESTING:
            raise TryLaterError("ratelimited", after_s=30)
        raise OutcomeUnknownError("cut")

    async def edit(self, place: Place, card: Card) -> None:
        weather = self.weather.popleft() if self.weather else Weather.FAIR
        to, _ = self.standing[place]
        if (to.workspace_id, to.user_id) in self.gone:
            raise UndeliverableError("account_gone")
        if weather in {Weather.FAIR, Weather.CUT}:
            self.standing[place] = (to, card)
            self.shown.append((to, card))
        if weather is Weather.LATER:
            raise TryLaterError("busy")
        if weather is Weather.RESTING:
            raise TryLaterError("ratelimited", after_s=30)
        if weather is not Weather.FAIR:
            raise OutcomeUnknownError("cut")

    async def find(self, to: Address, *, delivery_id: str) -> Place | None:
        if not self.finds:
            raise CannotTellError
        return self._arrived.get(delivery_id)

    def _note(self, to: Address, card: Card, delivery_id: str, *, arrived: bool) -> None:
        self.attempts.append(Attempt(self.clock.now(), to, card, delivery_id, arrived))
        if arrived:
            self.shown.append((to, card))

    def look(self) -> list[tuple[Address, Card]]:
        """What was shown since the last look."""
        seen, self.shown = self.shown, []
        return seen

    def cards_of(self, workspace_id: str, user_id: str) -> list[tuple[Place, Card]]:
        """The cards that stand in somebody's direct chat, oldest first."""
        theirs = (workspace_id, user_id)
        return [(place, card) for place, (to, card) in self.standing.items() if (to.workspace_id, to.user_id) == theirs]


def buttons(card: Card) -> Iterator[Button]:
    for element in card.body:
        if isinstance(element, Buttons):
            yield from element.items
