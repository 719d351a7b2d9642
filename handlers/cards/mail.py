"""What a mail says beside its card: that it cannot be answered, where it can, and how the copy is turned off."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from handlers.cards.accounts import NAMES
from handlers.cards.model import Buttons, Card, Element, Link, Note, Text
from handlers.cards.text import Typed, Voice, phrases
from storage.vocabulary import Platform


def digest(voice: Voice, said: Sequence[tuple[str, tuple[Link, ...]]], private: int, day: date) -> Card:
    """All lines at once, each with where it leads. `private`: how many may stand in chat only."""
    title = voice("Your digest for {day}", day=day)
    body: list[Element] = []
    for text, links in said:
        body += [Text(text), *links]
    if private:
        more = phrases(
            "There is {n} thing to see in chat only.", "There are {n} things to see in chat only.", n=private
        )
        body.append(Text(voice(more)))
    return Card(title, tuple(body))


def see_in_chat(voice: Voice) -> Card:
    """In place of what must not leave the chat: not even its number."""
    said = voice("There is something for you to see. It stands in chat only, where nobody else can read it.")
    return Card(voice("Something for you to see in chat"), (Text(said),))


def without_account(voice: Voice, card: Card, chats: Sequence[Platform]) -> Card:
    """For somebody whom we know no chat account of."""
    labels = [each.label for item in card.body if isinstance(item, Buttons) for each in item.items]
    asked = voice("There you can press: {labels}.", labels=", ".join(dict.fromkeys(labels))) if labels else ""
    how = voice("Nobody reads answers to this e-mail. To answer, write to Clearway in {where}, from your own account.",
                where=_several(voice, chats))  # fmt: skip
    why = voice("You get it by e-mail because Clearway knows no chat account of yours.")
    return _with(card, " ".join(filter(None, (how, asked))), why)


def as_copy(voice: Voice, card: Card, chats: Sequence[Platform]) -> Card:
    """For somebody who has it in chat as well."""
    how = voice("This is a copy of your daily digest. Answer each line in {where}, where it has its buttons.",
                where=_several(voice, chats))  # fmt: skip
    off = voice("To turn the copy off, type {command} there.", command=Typed("/clearway settings"))
    return _with(card, how, off)


def _with(card: Card, *notes: str) -> Card:
    said = tuple(each for each in card.body if not isinstance(each, Buttons))
    return replace(card, body=(*said, *(Note(each) for each in notes)))


def _several(voice: Voice, chats: Sequence[Platform]) -> str:
    names = [NAMES[each] for each in chats]
    if len(names) == 2:
        return voice("{one} or {other}", one=names[0], other=names[1])
    return names[0] if names else voice("chat")
