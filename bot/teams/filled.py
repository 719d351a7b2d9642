"""A form that comes back: what was typed and chosen in it, beside the form itself as `forms` packed it."""

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, get_args
from urllib.parse import unquote

from pydantic import TypeAdapter

from bot.teams.forms import FIELD, one_of_many
from bot.teams.incoming import BrokenActivityError, Payload, needed, part, string
from bot.teams.render import OURS
from handlers.cards.model import (
    Choice,
    Choices,
    DateField,
    Form,
    FormField,
    NumberField,
    Option,
    Press,
    TextField,
    Words,
)
from handlers.request import Source
from storage.vocabulary import Door

MOST_NUMBER: Final = 10**15
MOST_FORM: Final = 1_000_000  # bytes of a form that comes back: no sender decides how much we unpack

_FIELDS: Final[Mapping[str, TypeAdapter[Any]]] = {each.__name__: TypeAdapter(each) for each in get_args(FormField)}
_PRESS: Final = TypeAdapter(Press)
_CARRY: Final = TypeAdapter(dict[str, str])
_SOURCE: Final = TypeAdapter(Source)
_BROKEN: Final = (ValueError, TypeError, KeyError, AttributeError, RecursionError, zlib.error, binascii.Error)


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it was sent."""

    form: Form
    """With what was typed and chosen in it: to be shown again, if something is wrong with it."""
    fields: Mapping[str, str | list[str]]
    """The same as handlers take it."""
    once: str
    """What names the intent: the same for every copy of the form that was open somewhere."""
    door: Door
    source: Source | None
    """Where it was opened from, where that is known."""


def is_form(data: Payload) -> bool:
    """Whether what was sent comes from a form of ours, and not from a button."""
    return "form" in part(data, OURS)


def filled(data: Payload) -> Filled:
    kept = part(data, OURS)
    bare = unpacked(string(kept, "form"))
    form = replace(bare, fields=tuple(_filled(each, data) for each in bare.fields))
    values = {each.name: _value(each, data) for each in form.fields if not isinstance(each, Words)}
    came = part(kept, "from")
    try:
        door = Door(string(kept, "door") or Door.BUTTON)
        source = _SOURCE.validate_python(dict(came)) if came else None
    except _BROKEN as error:
        raise BrokenActivityError("from") from error
    return Filled(form, values, needed("once", string(kept, "once")), door, source)


def unpacked(form: str) -> Form:
    """The form that `forms.packed` packed."""
    try:
        opened = zlib.decompressobj()
        spelt = json.loads(opened.decompress(base64.urlsafe_b64decode(form.encode("ascii")), MOST_FORM).decode())
        if opened.unconsumed_tail or not opened.eof:
            raise BrokenActivityError("form")
        return Form(
            string(spelt, "title"),
            string(spelt, "submit"),
            _PRESS.validate_python(spelt["press"]),
            tuple(_FIELDS[each["is"]].validate_python(each) for each in spelt["fields"]),
            _CARRY.validate_python(spelt["carry"]),
        )
    except _BROKEN as error:
        raise BrokenActivityError("form") from error


def _filled(item: FormField, data: Payload) -> FormField:
    match item:
        case Words():
            return item
        case Choice() if item.search:
            value, _, label = _typed(item.name, data).partition("|")
            chosen = Option(unquote(value), label or unquote(value))
            known = not chosen.value or any(each.value == chosen.value for each in item.options)
            return replace(item, value=chosen.value, options=item.options if known else (chosen, *item.options))
        case Choices():
            names = {one_of_many(each.value): each.value for each in item.options}
            chosen_ones = _typed(item.name, data).split(",")
            return replace(item, values=tuple(names[each] for each in chosen_ones if each in names))
        case DateField():
            return replace(item, value=_day(_typed(item.name, data)))
        case _:
            return replace(item, value=_typed(item.name, data))


def _value(item: TextField | NumberField | DateField | Choice | Choices, data: Payload) -> str | list[str]:
    match item:
        case Choices():
            return list(item.values)
        case DateField():
            return item.value.isoformat() if item.value else _typed(item.name, data)
        case _:
            return item.value


def _typed(name: str, data: Payload) -> str:
    """What stands in an input. Teams leaves an empty one out, and some of its clients send numbers as numbers."""
    match data.get(f"{FIELD}{name}"):
        case None:
            return ""
        case str(typed):
            return typed.replace("\r\n", "\n").replace("\r", "\n").strip()
        case int(number) | float(number) if not isinstance(number, bool) and abs(number) < MOST_NUMBER:
            return str(int(number)) if number == int(number) else str(number)
        case _:
            raise BrokenActivityError(name)


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed[:10])
    except ValueError:
        return None
