"""Cards and forms as data. Every platform renders these; none adds its own.

All text here is plain: it was said by a Voice or written by a person, and renderers never let it format, link or
mention. Buttons carry a registry action and ids, nothing else, and are authorised again when pressed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

# ---------------------------------------------------------------------------------------------------------- cards


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph of ours."""

    body: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside a card, above a group of elements."""

    body: str


@dataclass(frozen=True, slots=True)
class Quote:
    """Somebody's own words, set off as such."""

    body: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """Small print."""

    body: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Labels with values."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list, one line each."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A link of ours, to a message or a page. The address is never a person's own words."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Divider:
    pass


@dataclass(frozen=True, slots=True)
class Press:
    """What a button does: an action of the registry, about a challenge and perhaps one item of it."""

    action: str
    challenge_id: str = ""
    item: str = ""
    version: int = 0
    """The version of the challenge that the card showed: one press per person, card version and action counts."""


@dataclass(frozen=True, slots=True)
class Button:
    label: str
    press: Press
    style: Literal["plain", "primary", "danger"] = "plain"
    opens_form: bool = False
    """The action opens a form first; platforms open it at once, outside any transaction."""
    confirm: str = ""
    """A question to answer before it counts, where a slip would be dear."""


@dataclass(frozen=True, slots=True)
class Buttons:
    items: tuple[Button, ...]


Element = Text | Heading | Quote | Note | Facts | Items | Link | Divider | Buttons


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Card:
    """What stands in a chat. `title` is also the notification: it must be safe on a locked screen."""

    title: str
    body: tuple[Element, ...] = ()
    summary: str = ""
    """The whole card as a few plain sentences, for screen readers and phones; made from the body where empty."""

    def fallback(self) -> str:
        """The text for notifications and for those who cannot see the card."""
        return self.summary or self.title


# ---------------------------------------------------------------------------------------------------------- forms


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class TextField:
    name: str
    label: str
    value: str = ""
    hint: str = ""
    placeholder: str = ""
    multiline: bool = False
    required: bool = False
    most: int = 3000  # characters, https://docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element


@dataclass(frozen=True, slots=True)
class NumberField:
    name: str
    label: str
    value: str = ""
    hint: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class DateField:
    name: str
    label: str
    value: date | None = None
    hint: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several. Up to 100 options; longer lists (people) are searched: see `search`."""

    name: str
    label: str
    options: tuple[Option, ...]
    value: str = ""
    hint: str = ""
    required: bool = False
    search: str = ""
    """A registry search ("people") that offers options as somebody types; `options` are then the first ones."""


@dataclass(frozen=True, slots=True)
class Choices:
    """Any number of several; also a single yes-or-no box, as one option."""

    name: str
    label: str
    options: tuple[Option, ...]
    values: tuple[str, ...] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph between the fields."""

    body: str
    tone: Literal["plain", "warning"] = "plain"


FormField = TextField | NumberField | DateField | Choice | Choices | Words


@dataclass(frozen=True, slots=True)
class Form:
    """A form. `press` is the action that its submission calls; `carry` are ids and codes that go with it."""

    title: str
    """At most 24 characters on Slack; the renderer shortens it."""
    submit: str
    press: Press
    fields: tuple[FormField, ...]
    carry: Mapping[str, str] = field(default_factory=dict)


def to_json(part: Any) -> Any:
    """A card or form as JSON, for the console's posts and for tests."""
    if isinstance(part, tuple | list):
        return [to_json(each) for each in part]
    if isinstance(part, date):
        return part.isoformat()
    if hasattr(part, "__dataclass_fields__"):
        return {"is": type(part).__name__} | {name: to_json(getattr(part, name)) for name in part.__dataclass_fields__}
    if isinstance(part, Mapping):
        return dict(part)
    return part


_KINDS: Mapping[str, type] = {
    each.__name__: each
    for each in (
        *(Card, Text, Heading, Quote, Note, Facts, Items, Link, Divider, Press, Button, Buttons),
        *(Form, TextField, NumberField, DateField, Choice, Choices, Words, Option),
    )
}


def card_from_json(stored: Mapping[str, Any]) -> Card:
    """The card that `to_json` wrote."""
    card = _from_json(stored)
    if not isinstance(card, Card):
        raise TypeError("Not a card")
    return card


def form_from_json(stored: Mapping[str, Any]) -> Form:
    """The form that `to_json` wrote."""
    form = _from_json(stored)
    if not isinstance(form, Form):
        raise TypeError("Not a form")
    return form


def _from_json(stored: Any) -> Any:
    if isinstance(stored, list):
        return tuple(_from_json(each) for each in stored)
    if isinstance(stored, Mapping) and "is" in stored:
        values = {name: _from_json(value) for name, value in stored.items() if name != "is"}
        if stored["is"] == "DateField" and values["value"]:
            values["value"] = date.fromisoformat(values["value"])
        return _KINDS[stored["is"]](**values)
    return stored
