"""Blocks and views as somebody reads them: words, buttons, fields."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Shown:
    """A card where it stands now."""

    title: str
    text: str
    """All that can be read, top to bottom, without the title."""
    buttons: tuple[str, ...]
    notification: str
    """The top-level text: on a locked screen, and for screen readers."""
    blocks: list[dict[str, Any]] = field(repr=False)
    post: Any = field(default=None, repr=False, compare=False)
    """The post or view that it is, to press its older buttons or reply to it."""

    def __str__(self) -> str:
        return "\n".join(filter(None, (self.title, self.text, *(f"[{label}]" for label in self.buttons))))


@dataclass(frozen=True)
class ShownForm:
    """The form that is open."""

    title: str
    submit: str
    labels: tuple[str, ...]
    values: dict[str, Any]
    """By label: what stands in each field."""
    errors: dict[str, str]
    """By label."""
    text: str
    """The words between the fields, and the hints."""
    required: tuple[str, ...] = ()


def read_card(payload: Mapping[str, Any], post: Any = None) -> Shown:
    blocks = payload.get("blocks", [])
    title = payload["title"]["text"] if isinstance(payload.get("title"), dict) else ""
    for block in blocks[:1]:
        if block["type"] == "header":
            title = block["text"]["text"]
    lines = [line for block in blocks for line in words_of(block) if line != title]
    labels = tuple(button["text"]["text"] for button in buttons_of(blocks))
    return Shown(title, "\n".join(lines), labels, payload.get("text", ""), blocks, post)


def buttons_of(blocks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for block in blocks:
        if block["type"] == "actions":
            yield from block["elements"]


def words_of(block: Mapping[str, Any]) -> Iterator[str]:
    match block["type"]:
        case "header" | "section":
            yield block["text"]["text"]
        case "context":
            yield from (each["text"] for each in block["elements"])
        case "rich_text":
            for part in block["elements"]:
                if part["type"] == "rich_text_list":
                    yield from (f"• {_runs(line)}" for line in part["elements"])
                elif part["type"] == "rich_text_quote":
                    yield f"> {_runs(part)}"
                else:
                    yield from _runs(part).splitlines()
        case "input":
            if "hint" in block:
                yield block["hint"]["text"]


def _runs(part: Mapping[str, Any]) -> str:
    return "".join(
        f"{run['text']} <{run['url']}>" if run["type"] == "link" else run["text"] for run in part["elements"]
    )
