"""What the dispatcher asks of a platform: put this card before that person, edit it, look whether it arrived."""

from dataclasses import dataclass
from typing import Final, Protocol

from handlers.cards.model import Card
from storage.vocabulary import Platform

BLIND: Final = frozenset({Platform.TEAMS, Platform.EMAIL})
"""A bot cannot read a chat there, and nobody a mailbox: whatever arrived, `find` finds nothing."""

ON_PAPER: Final = frozenset({Platform.EMAIL})
"""What was sent there stays as it was, and has no buttons."""


@dataclass(frozen=True, slots=True)
class Address:
    """A person's account on a platform, and the direct conversation with them once it is known; or a room."""

    platform: Platform
    workspace_id: str
    user_id: str
    """Nobody's ("") for a channel or group chat, whose conversation is known."""
    conversation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a card stands."""

    platform: Platform
    workspace_id: str
    conversation_id: str
    post_id: str


class TryLaterError(Exception):
    """The platform did not take it, and said so: nothing was delivered. Try again after `after_s` seconds.

    `whole`: the whole workspace is to rest so long, and not only this conversation.
    """

    def __init__(self, reason: str, after_s: float | None = None, *, whole: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after_s = after_s
        self.whole = whole


class OutcomeUnknownError(Exception):
    """The line was cut after the message had left: it may or may not have arrived."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CannotTellError(Exception):
    """Nobody can find out on this platform whether a card arrived."""


class UndeliverableError(Exception):
    """The platform will never take it for this account: it is gone, blocked, or was never there.

    `gone`: what was to be written to is no more. Else it is there, and takes nothing from us.
    """

    def __init__(self, reason: str, *, gone: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.gone = gone


class Transport(Protocol):
    """One platform's way out. Every call is outside any transaction, and raises the three errors above."""

    async def send(self, to: Address, card: Card, *, delivery_id: str) -> Place:
        """Sends a card to a person's direct conversation, or to a room. `delivery_id` goes with it, so that `find` can tell."""
        ...

    async def edit(self, place: Place, card: Card) -> None:
        """Replaces a card where it stands. UndeliverableError when it is no longer there."""
        ...

    async def find(self, to: Address, *, delivery_id: str) -> Place | None:
        """Where the card of this delivery stands, if it arrived; None when it did not. Else CannotTellError."""
        ...
