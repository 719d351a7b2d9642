"""Adaptive Cards as somebody reads them: words, buttons, fields."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Json = dict[str, Any]

TITLED: Final = ("Large", "Bolder")


@dataclass(frozen=True)
class Shown:
    """A card where it stands now."""

    title: str
    text: str
    """All that can be read, top to bottom, without the title."""
    buttons: tuple[str, ...]
    notification: str
    """What stands on a locked screen, and what a screen reader says."""
    card: Json = field(repr=False)
    post: Any = field(default=None, repr=False, compare=False)
    """The message or dialog that it is, to press its older buttons or reply to it."""

    def __str__(self) -> str:
        return "\n".join(filter(None, (self.title, self.text, *(f"[{label}]" for label in self.buttons))))


@dataclass(frozen=True)
class ShownForm:
    """The form that is open."""

    title: str
    submit: str
    labels: tuple[str, ...]
    values: dict[str, Any]
    """By label: what stands in each field; of several choices, the labels of the chosen ones."""
    errors: dict[str, str]
    """By label."""
    text: str
    """The words between the fields, and the hints."""
    required: tuple[str, ...] = ()


def read_card(card: Mapping[str, Any], notification: str = "", title: str = "", post: Any = None) -> Shown:
    body = card.get("body", [])
    lines = [line for each in body for line in words_of(each)]
    if not title and body and _is_title(body[0]):
        title, lines = lines[0], lines[1:]
    labels = tuple(action["title"] for action in actions_of(card))
    return Shown(title, "\n".join(lines), labels, notification, dict(card), post)


def _is_title(element: Mapping[str, Any]) -> bool:
    parts = element["inlines"] if element["type"] == "RichTextBlock" else [element]
    return all(isinstance(each, Mapping) and (each.get("size"), each.get("weight")) == TITLED for each in parts)


def words_of(element: Mapping[str, Any]) -> Iterator[str]:
    """Its lines, top to bottom; those of fields are only what stands around them."""
    match element["type"]:
        case "TextBlock":
            yield from element["text"].splitlines()
        case "RichTextBlock":
            yield from "".join(_run(each) for each in element["inlines"]).splitlines()
        case "FactSet":
            yield from (f"{each['title']}: {each['value']}" for each in element["facts"])
        case _:
            for each in inner(element):
                yield from words_of(each)


def _run(run: str | Mapping[str, Any]) -> str:
    if isinstance(run, str):
        return run
    url = (run.get("selectAction") or {}).get("url")
    return f"{run['text']} <{url}>" if url else str(run["text"])


def inner(element: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The elements that stand in it."""
    for name in ("body", "items", "columns", "rows", "cells"):
        inside: Sequence[Any] = element.get(name) or ()
        yield from (each for each in inside if isinstance(each, Mapping))


def everything_in(element: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for each in inner(element):
        yield each
        yield from everything_in(each)


def inputs_of(card: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [each for each in everything_in(card) if str(each["type"]).startswith("Input.")]


def actions_of(card: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Its buttons, in their order: those in its text, then those below."""
    for each in everything_in(card):
        yield from each.get("actions") or ()
    yield from card.get("actions") or ()


def is_form(card: Mapping[str, Any]) -> bool:
    return bool(inputs_of(card))
