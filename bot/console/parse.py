"""What people do on the console's pages, as what the gateway understands. Pure: form data in, `Inbound` out."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Final

from multidict import MultiMapping

from handlers.cards.model import Choice, Choices, Form, Option, Press, Words, form_from_json, to_json
from handlers.request import Identity, Inbound, Source, press_key
from storage.vocabulary import Door

COMMANDS: Final[Mapping[str, str]] = {
    "/challenge": "challenge.form",
    "/challenges": "log.ask",
    "/clearway": "home.ask",
}
OPENS_FORM: Final = "challenge.form"
ONE_TIME: Final = re.compile(r"[0-9a-f]{22}")
"""The shape of the ids that our pages carry, so that the same act sent twice is one."""
MENTION: Final = re.compile(r"(?<![\w@])@clearway\b", re.IGNORECASE)
LEADING_MENTION: Final = re.compile(r"^@clearway\b[\s,:]*", re.IGNORECASE)

Sent = MultiMapping[str]
Answers = Mapping[str, str | list[str]]
"""What was typed and chosen in a form: field name -> text, or the chosen values of a Choices."""


class BrokenFormError(ValueError):
    """The form data is not of one of our pages."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody wrote in the composer of a room, or of a thread in it."""

    room: str
    text: str
    post_id: str
    thread_id: str = ""

    @property
    def direct(self) -> bool:
        return self.room.startswith("@")

    @property
    def command(self) -> str:
        """The command that it begins with, if it does."""
        first = self.text.split(maxsplit=1)[0].lower() if self.text else ""
        return first if first in COMMANDS else ""

    @property
    def heard(self) -> bool:
        """Whether it is said to Clearway; the rest is talk among people."""
        return self.direct or bool(MENTION.search(self.text))


@dataclass(frozen=True, slots=True)
class Opened:
    """A form before somebody, and where it was opened.

    It goes into the page whole and comes back with the answers: what was typed outlives a restart of the server.
    """

    id: str
    form: Form
    room: str
    door: Door
    source: Source = field(default_factory=Source)

    def to_json(self) -> str:
        return json.dumps(
            {"form": to_json(self.form), "room": self.room, "door": self.door, "source": asdict(self.source)}
        )


def text(sent: Sent, name: str) -> str:
    """One field, with line ends as people typed them rather than as browsers send them."""
    return sent.get(name, "").replace("\r\n", "\n").replace("\r", "\n")


def one_time(written: str) -> str:
    """An id that one of our pages carried."""
    if not ONE_TIME.fullmatch(written):
        raise BrokenFormError("id")
    return written


# ------------------------------------------------------------------------------------------------------- what is said


def typed(sent: Sent) -> Typed:
    post_id = one_time(sent.get("post", ""))
    return Typed(sent.get("room", ""), text(sent, "text").strip(), post_id, sent.get("thread", ""))


def command(who: Identity, said: Typed) -> Inbound:
    """A command, in whichever composer. It is no post, only its author sees the answer, and to repeat it is harmless."""
    return Inbound(
        identity=who,
        action=COMMANDS[said.command],
        door=Door.COMMAND,
        text=said.text[len(said.command) :].strip(),
        source=Source(conversation_id=said.room, thread_id=said.thread_id, direct=said.direct),
    )


def message(who: Identity, said: Typed, link: str) -> Inbound:
    """A post that is said to Clearway; `link` leads to it."""
    if not said.direct:
        door = Door.MENTION
    else:
        door = Door.THREAD if said.thread_id else Door.DIRECT_MESSAGE
    return Inbound(
        identity=who,
        action="message.direct" if said.direct else "message.mention",
        door=door,
        key=f"message:{who.workspace_id}:{said.room}:{said.post_id}",
        text=LEADING_MENTION.sub("", said.text).strip(),
        source=Source(
            conversation_id=said.room,
            message_id=said.post_id,
            thread_id=said.thread_id,
            link=link,
            direct=said.direct,
        ),
    )


def edited(who: Identity, now_said: Typed, once: str) -> Inbound:
    """What was said to Clearway reads otherwise now. `once`: the id of this edit."""
    return _changed(who, now_said, "message.edited", once)


def deleted(who: Identity, was_said: Typed) -> Inbound:
    return _changed(who, replace(was_said, text=""), "message.deleted", "gone")


def _changed(who: Identity, said: Typed, action: str, once: str) -> Inbound:
    told = message(who, said, "")
    return replace(told, action=action, key=f"{told.key}:{action}:{once}", carry={"message_key": told.key})


# --------------------------------------------------------------------------------------------------- what is pressed


def home(who: Identity) -> Inbound:
    return Inbound(identity=who, action="home.show", door=Door.HOME)


def global_shortcut(who: Identity, room: str) -> Inbound:
    return Inbound(who, OPENS_FORM, Door.GLOBAL_SHORTCUT, source=Source(conversation_id=room))


def message_shortcut(who: Identity, room: str, post_id: str, author_id: str, words: str, link: str) -> Inbound:
    """ "Report as a challenge", on what somebody wrote: who presses it reports."""
    source = Source(conversation_id=room, message_id=post_id, link=link, author_id=author_id)
    return Inbound(who, OPENS_FORM, Door.MESSAGE_SHORTCUT, text=LEADING_MENTION.sub("", words).strip(), source=source)


def press(who: Identity, sent: Sent, room: str) -> Inbound:
    """A button of a card. A card without a version (a list, Home) counts each post of it by itself."""
    pressed = Press(
        sent.get("action", ""), sent.get("challenge", ""), sent.get("item", ""), _number(sent.get("version", ""))
    )
    if not pressed.action:
        raise BrokenFormError("action")
    post_id = sent.get("post", "")
    return Inbound(
        identity=who,
        action=pressed.action,
        door=Door.BUTTON,
        key=press_key(pressed, post_id),
        challenge_id=pressed.challenge_id,
        item=pressed.item,
        version=pressed.version,
        source=Source(conversation_id=room, message_id=post_id, direct=room.startswith("@")),
    )


def _number(written: str) -> int:
    if not written.isascii() or not written.isdigit() or len(written) > 9:
        raise BrokenFormError("version")
    return int(written)


# ------------------------------------------------------------------------------------------------------------- forms


def opened(form_id: str, sent: Sent) -> Opened:
    """The form that comes back, as it went out."""
    try:
        spec = json.loads(sent.get("spec", ""))
        return Opened(
            form_id, form_from_json(spec["form"]), str(spec["room"]), Door(spec["door"]), Source(**spec["source"])
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BrokenFormError("spec") from error


def answers(form: Form, sent: Sent) -> dict[str, str | list[str]]:
    found: dict[str, str | list[str]] = {}
    for each in form.fields:
        match each:
            case Words():
                continue
            case Choices(name):
                found[name] = sent.getall(f"field.{name}", [])
            case _:
                found[each.name] = text(sent, f"field.{each.name}")
    return found


def submission(who: Identity, filled: Opened, given: Answers) -> Inbound:
    pressed = filled.form.press
    return Inbound(
        identity=who,
        action=pressed.action,
        door=filled.door,
        key=f"form:{filled.id}",
        challenge_id=pressed.challenge_id,
        item=pressed.item,
        version=pressed.version,
        fields=given,
        carry=filled.form.carry,
        source=filled.source,
    )


@dataclass(frozen=True, slots=True)
class Lookup:
    """Somebody looks for an option that is not among those offered."""

    field: Choice
    words: str


def lookup(form: Form, sent: Sent) -> Lookup | None:
    """The search to run before the form can go in: one was pressed, or its words were typed and not yet looked for."""
    for each in form.fields:
        if isinstance(each, Choice) and each.search:
            words = text(sent, f"search.{each.name}").strip()
            if sent.get("find") == each.name or words != sent.get(f"searched.{each.name}", ""):
                return Lookup(each, words)
    return None


def search(who: Identity, form: Form, wanted: Lookup) -> Inbound:
    about = form.press.challenge_id
    return Inbound(who, f"{wanted.field.search}.search", Door.BUTTON, challenge_id=about, text=wanted.words)


def offering(form: Form, wanted: Lookup, found: tuple[Option, ...], chosen: str) -> Form:
    """The form with what was found in place of the former options; what is chosen stays on offer."""
    kept = tuple(each for each in wanted.field.options if each.value == chosen and chosen)
    options = kept + tuple(each for each in found if each not in kept)
    return replace(
        form, fields=tuple(replace(each, options=options) if each == wanted.field else each for each in form.fields)
    )
