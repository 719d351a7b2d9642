"""What goes by e-mail: the cards of the outbox without what must not leave the chat, and without buttons.

Of anything restricted, about somebody's conduct, or told in confidence a mail says only that there is something to see
in chat; so it does of words that are held. Nobody can answer a mail: it says where they can.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from handlers import actions, acts
from handlers import compose as composing
from handlers.cards import mail as cards
from handlers.cards.model import Card
from handlers.cards.text import Voice
from handlers.rules import access, lanes
from handlers.telling import Told
from scheduling.calendar import Calendar
from storage.queue import ClaimedMessage
from storage.store import Store
from storage.vocabulary import Lane, MessageKind, PersonId, Platform


def address_of(store: Store, person_id: PersonId, now: datetime) -> str:
    """Where they can be reached by e-mail; "" where nowhere, or they are not in post any more."""
    person = store.directory.people.get(person_id)
    return person.email if person and person.here_on(acts.today(store, now)) else ""


async def compose(
    store: Store, messages: Sequence[ClaimedMessage], now: datetime, chats: Collection[Platform]
) -> Card | None:
    """One message, or those of one digest, for a reader without a chat account; None where it is old news.

    `chats`: where it could be answered.
    """
    first = messages[0]
    reader = store.directory.people.get(first.person_id)
    if reader is None:
        return None
    voice = Voice(store.directory, reader)
    today = acts.today(store, now)
    card = await (
        _digest(store, voice, messages, now, today) if len(messages) > 1 else _single(store, voice, first, now)
    )
    return card and cards.without_account(voice, card, sorted(chats))


async def _single(store: Store, voice: Voice, message: Told, now: datetime) -> Card | None:
    card = await composing.compose(store, message, now, by_mail=True)
    case = await store.case(message.challenge_id) if message.challenge_id else None
    private = message.kind in lanes.CHAT_ONLY or (case is not None and not access.may_be_mailed(access.facts(case)))
    if message.kind is MessageKind.ACTION_ITEM:
        private = not await actions.may_be_mailed(store, message.item_id or "")
    return cards.see_in_chat(voice) if card and private else card


async def _digest(store: Store, voice: Voice, messages: Sequence[Told], now: datetime, day: date) -> Card | None:
    found, _ = await composing.lines(store, messages, now)
    said = [(each.text, each.links) for each in found if each.mailable]
    return cards.digest(voice, said, len(found) - len(said), day) if found else None


async def copy(
    store: Store, message: ClaimedMessage, now: datetime, chats: Collection[Platform]
) -> tuple[lanes.Plan | None, Card | None, set[str]]:
    """A digest once more, for a reader who has had it in chat: when it goes, if not now; the card, and what it tells."""
    reader = store.directory.people.get(message.person_id)
    if reader is None or not reader.mail_copy or now - message.created_at > lanes.LATE_AFTER:
        return None, None, set()
    at = Calendar.of(store.directory).message_time(now, reader)
    if at > now:
        return lanes.Plan(at, Lane.URGENT), None, set()
    first = await store.message(message.item_id or "")
    of_digest = await store.digest_of(first) if first else []
    voice = Voice(store.directory, reader)
    day = composing.sent_on(store, first, now) if first else acts.today(store, now)
    card = await _digest(store, voice, of_digest, now, day) if of_digest else None
    if card is None:
        return None, None, set()
    return None, cards.as_copy(voice, card, sorted(chats)), {message.id}
