"""The way out to the console: a card of the outbox becomes a post in somebody's direct chat."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError

from bot.console.rooms import Rooms, direct
from bot.transport import Address, OutcomeUnknownError, Place, UndeliverableError
from handlers.cards.model import Card
from storage.vocabulary import Platform


class ConsoleTransport:
    """Delivers to the rooms of one district."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    async def send(self, to: Address, card: Card, *, delivery_id: str) -> Place:
        room = self._room(to)
        async with _cut_line():
            return self._place(room, await self._rooms.tell(room, card, delivery_id=delivery_id))

    async def edit(self, place: Place, card: Card) -> None:
        async with _cut_line():
            if not await self._rooms.edit(place.conversation_id, place.post_id, card):
                raise UndeliverableError("post_gone")

    async def find(self, to: Address, *, delivery_id: str) -> Place | None:
        room = self._room(to)
        async with _cut_line():
            post_id = await self._rooms.delivered(room, delivery_id)
        return self._place(room, post_id) if post_id else None

    def _room(self, to: Address) -> str:
        if to.workspace_id != self._rooms.district_id:
            raise UndeliverableError("other_workspace")
        return direct(to.user_id) if to.user_id else to.conversation_id or ""

    def _place(self, room: str, post_id: str) -> Place:
        return Place(Platform.CONSOLE, self._rooms.district_id, room, post_id)


@asynccontextmanager
async def _cut_line() -> AsyncIterator[None]:
    """A database that fails us may or may not have written: `find` will tell."""
    try:
        yield
    except DBAPIError as error:
        raise OutcomeUnknownError(type(error).__name__) from error
