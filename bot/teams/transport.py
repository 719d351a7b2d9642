"""The way out to Teams: a card to a person's own chat with the bot, and edited in place."""

from typing import Final

from bot.teams import render
from bot.teams.connector import Connector, TooBigError
from bot.teams.ways import Ways
from bot.transport import Address, Place, UndeliverableError
from handlers.cards.model import Buttons, Card, Note
from storage.vocabulary import Platform

SHORTENED: Final = "This did not fit whole. Write “challenges” and the number to see all of it."


class TeamsTransport:
    """Implements `bot.transport.Transport`, by whichever app of ours reaches the person."""

    def __init__(self, ways: Ways) -> None:
        self._ways = ways

    async def send(self, to: Address, card: Card, *, delivery_id: str) -> Place:
        """Teams keeps nothing with a message that we could find it by: `delivery_id` stays with us."""

        async def by(connector: Connector) -> Place:
            return await self._send(connector, to, card)

        chat = [to.conversation_id] if to.conversation_id else []
        return await self._ways.go(to.workspace_id, [*chat, *self._user(to)], by)

    async def _send(self, connector: Connector, to: Address, card: Card) -> Place:
        conversation = to.conversation_id or await connector.create(to.user_id)
        try:
            post = await self._post(connector, conversation, card)
        except UndeliverableError:
            if not to.user_id:  # a channel or group chat: there is no other
                raise
            fresh = await connector.create(to.user_id) if to.conversation_id else conversation
            if fresh == conversation:
                raise
            conversation = fresh  # the chat that we knew was with another bot of ours, say, before it was made anew
            post = await self._post(connector, conversation, card)
        self._ways.worked(connector, to.workspace_id, *self._user(to), conversation)
        return Place(Platform.TEAMS, to.workspace_id, conversation, post)

    @staticmethod
    def _user(to: Address) -> list[str]:
        return [to.user_id] if to.user_id else []

    @staticmethod
    async def _post(connector: Connector, conversation: str, card: Card) -> str:
        try:
            return await connector.send(conversation, render.message(card, reader=render.ANYBODY))
        except TooBigError:
            return await connector.send(conversation, render.message(shortened(card)))

    async def edit(self, place: Place, card: Card) -> None:
        if not place.post_id:  # Teams did not say where it put it
            raise UndeliverableError("place_unknown")

        async def by(connector: Connector) -> None:
            await self._update(connector, place, card)
            self._ways.worked(connector, place.workspace_id, place.conversation_id)

        await self._ways.go(place.workspace_id, [place.conversation_id], by)

    @staticmethod
    async def _update(connector: Connector, place: Place, card: Card) -> None:
        try:
            shown = render.message(card, reader=render.ANYBODY)
            await connector.update(place.conversation_id, place.post_id, shown)
        except TooBigError:
            await connector.update(place.conversation_id, place.post_id, render.message(shortened(card)))

    async def find(self, to: Address, *, delivery_id: str) -> Place | None:
        """A bot cannot read a chat: nobody can tell."""
        return None


def shortened(card: Card) -> Card:
    """What is left of a card that is larger than Teams takes: what it is about, and its last row of buttons."""
    buttons = tuple(each for each in card.body if isinstance(each, Buttons))[-1:]
    return Card(card.title, (Note(card.fallback()), Note(SHORTENED), *buttons), summary=card.fallback())
