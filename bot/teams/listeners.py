"""One registration of Teams, and what it does with each kind of activity: one listener for each.

A listener asks the gateway, and returns what Teams gets back at once. What is left to show after that is work of its
own, whose failures are logged. Teams has no private messages beside those of a personal chat: that is where answers go.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final, Protocol, TypeVar

import structlog

from bot.gateway import NotCommittedError
from bot.teams import forms, render
from bot.teams.adapter import Answer
from bot.teams.connector import Connector
from bot.teams.filled import Filled
from bot.teams.incoming import part, string
from bot.teams.options import TeamsRegistration
from bot.teams.parse import form_of, is_personal, parse, wanted
from bot.teams.profiles import TeamsProfiles
from bot.teams.untaken import Untaken
from bot.teams.ways import Ways
from bot.transport import OutcomeUnknownError, TryLaterError, UndeliverableError
from handlers.cards.model import Buttons, Card, Form, Note
from handlers.request import Identity, Inbound, Reply
from storage.vocabulary import Door

log = structlog.get_logger()

Json = Mapping[str, Any]
Result = TypeVar("Result")
Listener = Callable[[Json, Inbound], Awaitable[Answer]]

REMEMBERED: Final = 1_000  # messages whose answer we have shown, and answers to forms: either may come again
CHATS: Final = 10_000  # personal chats that are remembered
NOTED_AGAIN_S: Final = 60.0  # a chat that is in use is written down anew: it may have been closed to us in between
TRIES: Final = 4  # to show an answer, where Teams says "not now"
MOST_WAIT_S: Final = 5.0  # before one of them
FAILURES: Final = (TryLaterError, UndeliverableError, OutcomeUnknownError)

DONE: Final = "✓"
NOT_OURS: Final = "That is no longer in use here. Write “help” to see what there is."
NO_CHAT: Final = (
    "I cannot write to you in a chat of our own yet. Please add Clearway to your Teams apps, open its chat, and ask me "
    "there."
)


class Gateway(Protocol):
    """What this room asks of `bot.gateway`."""

    async def handle(self, inbound: Inbound) -> Reply: ...


class Room(Protocol):
    """What a registration asks of the room it is in."""

    gateway: Gateway
    profiles: TeamsProfiles
    ways: Ways
    answer_within_s: float
    retried_within_s: float
    pause_s: float

    def later(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]: ...

    async def learned(self, registration: TeamsRegistration) -> None: ...

    async def conversing(self, identity: Identity, conversation_id: str) -> None: ...


class Desk:
    """One registration: its connector, and the listeners."""

    def __init__(self, room: Room, registration: TeamsRegistration, connector: Connector) -> None:
        self.room = room
        self.registration = registration
        self.connector = connector
        self.untaken = Untaken()
        self._answered: OrderedDict[str, None] = OrderedDict()
        self._replies: OrderedDict[str, Reply] = OrderedDict()
        """To forms, by their key."""
        self._chats: OrderedDict[str, tuple[str, float]] = OrderedDict()
        """By user: their personal chat, and when it was written down."""
        self._urls = {registration.service_url}
        self._on: Mapping[str, Listener] = {
            "message": self.on_message,
            "messageUpdate": self.on_event,
            "messageDelete": self.on_event,
            "messageReaction": self.on_reaction,
            "installationUpdate": self.on_membership,
            "conversationUpdate": self.on_membership,
            "adaptiveCard/action": self.on_press,
            "task/fetch": self.on_opening,
            "task/submit": self.on_sending,
            "composeExtension/fetchTask": self.on_opening,
            "composeExtension/submitAction": self.on_sending,
            "composeExtension/query": self.on_query,
            "application/search": self.on_search,
        }

    async def hear(self, said: Json) -> Answer:
        """Takes one verified activity. BrokenActivityError where it is none as Teams sends them."""
        invoked = said["type"] == "invoke"
        kind = said.get("name") if invoked else said["type"]
        listener = self._on.get(kind) if isinstance(kind, str) else None
        inbound = parse(said, app_id=self.registration.app_id)
        self._learn(str(said.get("serviceUrl", "")))
        if listener is None:
            return Answer(501 if invoked else 200)  # as the SDK answers to what nobody listens for
        if inbound is None:
            return Answer(200, _nothing(str(kind)))
        identity = inbound.identity
        self.room.profiles.seen(identity.workspace_id, identity.user_id, said)
        # Their id is one that Teams has for this app alone.
        chat = [_where(said)] if is_personal(said) else []
        self.room.ways.worked(self.connector, identity.workspace_id, identity.user_id, *chat)
        answer = await listener(said, inbound)
        self._note_chat(said, inbound)  # after it: who just joined has an account by now
        return answer

    # ---------------------------------------------------------------------------------------------------- listeners

    async def on_message(self, said: Json, inbound: Inbound) -> Answer:
        """Words; or a press or a form, from a client that cannot wait for an answer to it."""
        if isinstance(said.get("value"), Mapping):
            return await self.on_old_press(said, inbound)
        return await self.on_event(said, inbound)

    async def on_event(self, said: Json, inbound: Inbound) -> Answer:
        """503: not committed. Teams may deliver it once more; if it does not, or in vain, the author is told."""
        key = inbound.key
        if self.untaken.is_told(key):
            return Answer()
        again = self.untaken.comes_again(key)
        try:
            reply = await self.room.gateway.handle(inbound)
        except NotCommittedError as failure:
            tell = partial(self._show, Reply(render.sentence(failure.sentence)), said, inbound)
            if inbound.door is Door.COMMAND:  # nobody waits for a second delivery of what can be typed again
                tell()
                return Answer()
            if again or not self.untaken.wait(key, tell, self.room.retried_within_s):
                self.untaken.tell(key, tell)
                return Answer()
            return Answer(503)
        self._show(reply, said, inbound)
        return Answer()

    async def on_press(self, said: Json, inbound: Inbound) -> Answer:
        """Action.Execute: what was pressed is answered with the card as it stands now; what there is to say beside it
        comes as a message."""
        by = self._by()
        filled = form_of(said)
        try:
            reply = await self.room.gateway.handle(inbound)
        except NotCommittedError as failure:
            if filled is None:
                return Answer(200, render.told(failure.sentence))
            reply = Reply(errors={"": failure.sentence})
        if filled is not None:
            return self._filled(filled, self._same(inbound, reply), said, inbound)
        if inbound.action == render.REFRESH:
            return Answer(200, self._as_it_stands(reply.card, inbound) if reply.card else render.told(DONE))
        beside = _said(reply)
        if not is_personal(said) and not await self._reaches(reply, said, inbound, by):
            return Answer(200, render.told(NO_CHAT))
        self._show(reply, said, inbound, again=True)
        if card := await self._redrawn(said, inbound, by):
            return Answer(200, self._as_it_stands(card, inbound))
        return Answer(200, render.told(beside.fallback() if beside else DONE))  # Teams takes no empty answer

    async def on_old_press(self, said: Json, inbound: Inbound) -> Answer:
        """The same from a client that knows Action.Submit alone: the card is edited where it stands."""
        by = self._by()
        filled = form_of(said)
        try:
            reply = await self.room.gateway.handle(inbound)
        except NotCommittedError as failure:
            reply = Reply(errors={"": failure.sentence})
        if filled is not None:
            self.room.later(self._replace(said, self._after(filled, self._same(inbound, reply), inbound)))
            return Answer()
        self._show(reply, said, inbound, again=True)
        if card := await self._redrawn(said, inbound, by):
            self.room.later(self._replace(said, render.message(card)))
        return Answer()

    async def on_opening(self, said: Json, inbound: Inbound) -> Answer:
        """A dialog is to open: for a form, or for what there is to say instead."""
        reply = await self._answer(inbound)
        if reply.form is not None:
            return Answer(200, forms.dialog(reply.form, opened_by=inbound))
        return Answer(200, render.dialog_card(_said(reply) or render.sentence(NOT_OURS)))

    async def on_sending(self, said: Json, inbound: Inbound) -> Answer:
        """A dialog was sent: it keeps what was typed and shows errors, turns into something else, or closes."""
        filled = form_of(said)
        try:
            reply = await self.room.gateway.handle(inbound)
        except NotCommittedError as failure:
            reply = Reply(errors={"": failure.sentence})
        reply = self._same(inbound, reply)
        if reply.errors and filled is not None:
            again = forms.dialog(filled.form, opened_by=inbound, errors=reply.errors, once=filled.once)
            return Answer(200, again)
        if reply.form is not None:
            return Answer(200, forms.dialog(reply.form, opened_by=inbound))
        card = _said(reply)
        return Answer(200, render.dialog_card(card) if card else None)  # without a body it closes

    async def on_search(self, said: Json, inbound: Inbound) -> Answer:
        skip, top = wanted(said)
        reply = await self._answer(inbound)
        return Answer(200, forms.options(reply.options, skip=skip, top=top))

    async def on_query(self, said: Json, inbound: Inbound) -> Answer:
        """A search in the box to write in."""
        reply = await self._answer(inbound)
        none = _said(reply)
        return Answer(200, render.results(reply.found, none.fallback() if none else ""))

    async def on_reaction(self, said: Json, inbound: Inbound) -> Answer:
        """Whoever reacts to a card of ours is shown its challenge; nothing is ever recorded of it."""
        shown = await self._answer(replace(inbound, action=render.REFRESH))
        if about := _challenge_of(shown.card):
            shown = await self._answer(replace(inbound, challenge_id=about))
        self._show(shown, said, inbound, again=True)
        return Answer()

    async def on_membership(self, said: Json, inbound: Inbound) -> Answer:
        if inbound.action == "account.gone":
            self._chats.pop(inbound.identity.user_id, None)
        try:
            await self.room.gateway.handle(inbound)
        except NotCommittedError:
            return Answer(503)
        return Answer()

    # ------------------------------------------------------------------------------------------------------ answers

    def _by(self) -> float:
        return asyncio.get_running_loop().time() + self.room.answer_within_s

    async def _answer(self, inbound: Inbound) -> Reply:
        try:
            return await self.room.gateway.handle(inbound)
        except NotCommittedError as failure:
            return Reply(render.sentence(failure.sentence))

    async def _redrawn(self, said: Json, inbound: Inbound, by: float) -> Card | None:
        """The card that was pressed, as it would be sent now; None where it may stay as it is, or time is short."""
        if not (inbound.challenge_id and inbound.source.message_id and is_personal(said)):
            return None
        now = Inbound(
            inbound.identity,
            render.REFRESH,
            Door.BUTTON,
            challenge_id=inbound.challenge_id,
            source=inbound.source,
            app_id=inbound.app_id,
        )
        try:
            async with asyncio.timeout_at(by):
                return (await self.room.gateway.handle(now)).card
        except (NotCommittedError, TimeoutError):
            return None

    def _as_it_stands(self, card: Card, inbound: Inbound) -> Json:
        return render.in_place(card, reader=inbound.identity.user_id)

    def _same(self, inbound: Inbound, reply: Reply) -> Reply:
        """The answer to a form, as it was when the same came before: a repeat of it is not to say less."""
        if reply.card or reply.form:
            self._replies[inbound.key] = reply
            if len(self._replies) > REMEMBERED:
                self._replies.popitem(last=False)
        elif not reply.errors:
            return self._replies.get(inbound.key, reply)
        return reply

    def _filled(self, filled: Filled, reply: Reply, said: Json, inbound: Inbound) -> Answer:
        """A form that stands in the chat: with its errors, or with what came of it in its place, for good."""
        if reply.errors:
            return Answer(
                200, forms.form_in_place(filled.form, opened_by=inbound, errors=reply.errors, once=filled.once)
            )
        if reply.form is not None:
            return Answer(200, forms.form_in_place(reply.form, opened_by=inbound))
        card = reply.card or _done(filled.form)
        self.room.later(self._replace(said, render.message(card)))
        return Answer(200, render.in_place(card))

    def _after(self, filled: Filled, reply: Reply, inbound: Inbound) -> dict[str, Any]:
        """The same as the message that takes the form's place."""
        if reply.errors:
            return forms.form_message(filled.form, opened_by=inbound, errors=reply.errors, once=filled.once)
        if reply.form is not None:
            return forms.form_message(reply.form, opened_by=inbound)
        return render.message(reply.card or _done(filled.form))

    # -------------------------------------------------------------------------------------------- what comes after it

    def _show(self, reply: Reply, said: Json, inbound: Inbound, *, again: bool = False) -> None:
        """Puts the answer before who is to have it, once for each message; `again`: the same act may come anew."""
        message = _message(reply, inbound)
        if message and self._first(_activity_key(said) if again or not inbound.key else inbound.key):
            self.room.later(self._tell(message, said, inbound))

    async def _tell(self, message: Json, said: Json, inbound: Inbound) -> None:
        """In the chat between them and us. Where there is none, a sentence says so where they wrote, and nothing more."""
        if not await self._put(message, said, inbound) and not is_personal(said):
            await self._whisper(said)

    async def _reaches(self, reply: Reply, said: Json, inbound: Inbound, by: float) -> bool:
        """Whether the answer to a press before others has a chat to go to, as far as there is time to find out."""
        message = _message(reply, inbound)
        if message is None or not self._first(_activity_key(said)):
            return True
        putting = self.room.later(self._put(message, said, inbound))
        done, _ = await asyncio.wait({putting}, timeout=max(by - asyncio.get_running_loop().time(), 0.0))
        return not done or putting.result()

    async def _put(self, message: Json, said: Json, inbound: Inbound) -> bool:
        """False where there is no chat with this person."""
        try:
            quoting = {"replyToId": said.get("id")} if is_personal(said) else {}
            await self._send(await self._chat(said, inbound), {**message, **quoting})
        except UndeliverableError as refused:
            log.info("teams.no_chat", action=inbound.action, reason=refused.reason)
            return False
        except FAILURES as failure:
            log.warning("teams.not_told", action=inbound.action, reason=failure.reason)
        return True

    async def _chat(self, said: Json, inbound: Inbound) -> str:
        if is_personal(said):
            return _where(said)
        user = inbound.identity.user_id
        return self._chats[user][0] if user in self._chats else await self.connector.create(user)

    async def _whisper(self, said: Json) -> None:
        """Others read it: it tells nothing of what was asked."""
        try:
            await self._send(_where(said), {**render.plainly(NO_CHAT), "replyToId": said.get("id")})
        except FAILURES as failure:
            log.warning("teams.not_told", action="", reason=failure.reason)

    async def _replace(self, said: Json, message: Json) -> None:
        """What was pressed, edited where it stands; a message of its own where it no longer does."""
        conversation, post = _where(said), string(said, "replyToId")
        try:
            if post:
                await self.connector.update(conversation, post, message)
                return
        except UndeliverableError:
            pass
        except FAILURES as failure:
            log.warning("teams.not_edited", reason=failure.reason)
            return
        try:
            await self._send(conversation, message)
        except FAILURES as failure:
            log.warning("teams.not_told", action="", reason=failure.reason)

    async def _send(self, conversation: str, message: Json) -> None:
        for left in reversed(range(TRIES)):
            try:
                await self.connector.send(conversation, message)
                return
            except TryLaterError as refused:
                wait = self.room.pause_s if refused.after_s is None else refused.after_s
                if not left or wait > MOST_WAIT_S:
                    raise
                await asyncio.sleep(wait)

    def _first(self, key: str) -> bool:
        """Whether this has not been answered yet: Teams may deliver it again after our answer."""
        if key in self._answered:
            return False
        self._answered[key] = None
        if len(self._answered) > REMEMBERED:
            self._answered.popitem(last=False)
        return True

    # ------------------------------------------------------------------------------------------------ what we learn

    def _learn(self, service_url: str) -> None:
        """Where the connector of this tenant is: it may name another in the course of time."""
        self.connector.service_url = service_url
        if service_url not in self._urls:
            self._urls.add(service_url)
            self.registration = replace(self.registration, service_url=service_url)
            self.room.later(self.room.learned(self.registration))

    def _note_chat(self, said: Json, inbound: Inbound) -> None:
        """Where this person can be reached without asking Teams for it."""
        if not is_personal(said) or not (chat := _where(said)) or inbound.action == "account.gone":
            return
        identity, now = inbound.identity, asyncio.get_running_loop().time()
        known, noted_at = self._chats.get(identity.user_id, ("", 0.0))
        if chat != known or now - noted_at > NOTED_AGAIN_S:
            self._chats[identity.user_id] = chat, now
            self._chats.move_to_end(identity.user_id)
            if len(self._chats) > CHATS:
                self._chats.popitem(last=False)
            self.room.later(self.room.conversing(identity, chat))


def _where(said: Json) -> str:
    """The conversation, and in a channel the thread of it."""
    return string(part(said, "conversation"), "id")


def _activity_key(said: Json) -> str:
    return f"{said.get('type')}:{said.get('id')}:{said.get('replyToId')}"


def _said(reply: Reply) -> Card | None:
    """What there is to say where no form is open that could show errors."""
    return reply.card or (render.sentence(" ".join(reply.errors.values())) if reply.errors else None)


def _message(reply: Reply, inbound: Inbound) -> Json | None:
    """The answer as a message; a form stands in one where no dialog can be opened."""
    if reply.form is not None:
        return forms.form_message(reply.form, opened_by=inbound)
    card = _said(reply)
    return render.message(card) if card else None


def _done(form: Form) -> Card:
    """What stands in place of a form that was sent, where nothing else is said: it is not to be sent again."""
    return Card(form.title, (Note(f"✓ {form.submit}"),))


def _nothing(kind: str) -> Json | None:
    """What there is to answer to an invoke that is not of a card or form of ours."""
    match kind:
        case "task/fetch" | "composeExtension/fetchTask":
            return render.dialog_card(render.sentence(NOT_OURS))
        case "adaptiveCard/action":
            return render.told(NOT_OURS)
        case "application/search":
            return forms.options(())
        case "composeExtension/query":
            return render.results(())
        case _:
            return None


def _challenge_of(card: Card | None) -> str:
    """The challenge that a card is about, by its buttons; "" where it is about none, or several."""
    if card is None:
        return ""
    about = {each.press.challenge_id for row in card.body if isinstance(row, Buttons) for each in row.items}
    return about.pop() if len(about) == 1 else ""
