"""Cards, forms and Home as Block Kit: value in, JSON out.

Everything a person wrote stands in `plain_text` or as `text` of a rich text, where Slack interprets nothing: it cannot
mention, link or format. No element of ours uses `mrkdwn`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import chain
from typing import Any, Final, assert_never
from weakref import WeakKeyDictionary

from handlers.cards.model import (
    Button,
    Buttons,
    Card,
    Choice,
    Choices,
    DateField,
    Divider,
    Element,
    Facts,
    Form,
    FormField,
    Heading,
    Items,
    Link,
    Note,
    NumberField,
    Option,
    Quote,
    Text,
    TextField,
    Words,
)
from handlers.request import Inbound

Json = dict[str, Any]

MAX_BLOCKS: Final = 50  # per message, https://docs.slack.dev/reference/block-kit/blocks
MAX_VIEW_BLOCKS: Final = 100  # per modal or Home, https://docs.slack.dev/reference/block-kit/blocks
MAX_ALTOGETHER: Final = 12_000  # msg_blocks_too_long from about 13 200, https://github.com/slackapi/bolt-js/issues/2509
MAX_VIEW: Final = 200_000  # 250 kB with what Slack adds, https://docs.slack.dev/reference/views
MAX_TEXT: Final = 3000  # https://docs.slack.dev/reference/block-kit/composition-objects/text-object
MAX_HEADER: Final = 150  # https://docs.slack.dev/reference/block-kit/blocks/header-block
MAX_LABEL: Final = 2000  # of an input, and its hint, https://docs.slack.dev/reference/block-kit/blocks/input-block
MAX_BUTTON: Final = 75  # https://docs.slack.dev/reference/block-kit/block-elements/button-element
MAX_VALUE: Final = 2000  # https://docs.slack.dev/reference/block-kit/block-elements/button-element
MAX_URL: Final = 3000  # https://docs.slack.dev/reference/block-kit/block-elements/button-element
ROW: Final = 5  # buttons side by side; 25 are allowed, https://docs.slack.dev/reference/block-kit/blocks/actions-block
ROWS: Final = 5  # rows of buttons that stay under a card from which something had to be left out
MAX_CONFIRM_TITLE: Final = (
    100  # https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object
)
MAX_CONFIRM_TEXT: Final = 300  # the same page
MAX_CONFIRM_BUTTON: Final = 30  # the same page
MAX_VIEW_TITLE: Final = 24  # and its submit button, https://docs.slack.dev/reference/views/modal-views
MAX_METADATA: Final = 3000  # https://docs.slack.dev/reference/views/modal-views
MAX_OPTIONS: Final = 100  # https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element
MAX_OPTION: Final = (
    75  # its text and description, https://docs.slack.dev/reference/block-kit/composition-objects/option-object
)
MAX_BOXES: Final = 10  # https://docs.slack.dev/reference/block-kit/block-elements/checkboxes-element
MAX_INPUT: Final = 3000  # https://docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element
MAX_PLACEHOLDER: Final = 150  # the same page

MORE: Final = "There is more than fits here ({n} more parts). Type /challenges and the number to see all of it."
NAME: Final = "Clearway"


# --------------------------------------------------------------------------------------------------------- messages


def message(card: Card) -> Json:
    """A card as a message: `text` for notifications and screen readers, and blocks."""
    return {"text": _notification(card), "blocks": blocks(card)}


def answer(card: Card) -> str:
    """A card as the private answer to a command, spelt out as JSON: once, where the card is kept as help is."""
    if (spelt := _ANSWERS.get(card)) is None:
        spelt = json.dumps({"response_type": "ephemeral", "mrkdwn": False, **message(card)})
        _ANSWERS[card] = spelt
    return spelt


_ANSWERS: Final[WeakKeyDictionary[Card, str]] = WeakKeyDictionary()


def modal(card: Card) -> Json:
    """A card as a window that can only be closed."""
    title = clean(card.title) or NAME
    shown = Card("", card.body, card.summary) if len(title) <= MAX_VIEW_TITLE and card.body else card
    return {
        "type": "modal",
        "title": plain(title, MAX_VIEW_TITLE),
        "blocks": blocks(shown, most=MAX_VIEW_BLOCKS),
    }


def home(card: Card) -> Json:
    return {"type": "home", "blocks": blocks(card, most=MAX_VIEW_BLOCKS)}


def sentence(said: str) -> Card:
    """One sentence as a card."""
    return Card("", (Text(said),), summary=said)


def blocks(card: Card, *, most: int = MAX_BLOCKS) -> list[Json]:
    drawn = [*_title(card.title), *chain.from_iterable(element(each) for each in card.body)]
    return _within(drawn, most) or [_section(card.fallback())]


def element(item: Element) -> Iterator[Json]:
    match item:
        case Text(body):
            yield from (_section(part) for part in pieces(body))
        case Heading(body):
            yield from (_rich(_run(part, bold=True)) for part in pieces(body))
        case Quote(body, by):
            *others, last = [{"type": "rich_text_quote", "elements": [_run(part)]} for part in pieces(body) or ["–"]]
            signed = [_runs(_run(f"— {shorten(by, MAX_HEADER)}"))] if clean(by) else []
            yield from ({"type": "rich_text", "elements": [other]} for other in others)
            yield {"type": "rich_text", "elements": [last, *signed]}
        case Note(body):
            yield from ({"type": "context", "elements": [plain(part)]} for part in pieces(body))
        case Facts(pairs):
            yield from (_rich(*chain.from_iterable(group)) for group in _grouped(_fact_lines(pairs)))
        case Items(lines):
            listed = [[_run(part)] for line in lines for part in pieces(line)]
            yield from ({"type": "rich_text", "elements": [_bullets(group)]} for group in _grouped(listed))
        case Link(label, url):
            yield _rich(_link(label, url))
        case Divider():
            yield {"type": "divider"}
        case Buttons(items):
            drawn = list(_buttons(items))
            yield from ({"type": "actions", "elements": drawn[at : at + ROW]} for at in range(0, len(drawn), ROW))
        case _:
            assert_never(item)


def _notification(card: Card) -> str:
    """The only text in which Slack looks for markup: its three control characters are escaped."""
    said = shorten(" ".join(clean(card.fallback()).split()) or NAME, MAX_TEXT)
    return said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _title(title: str) -> list[Json]:
    if not clean(title):
        return []
    if len(clean(title)) <= MAX_HEADER:
        return [{"type": "header", "text": plain(title, MAX_HEADER)}]
    return list(element(Heading(title)))


def _within(drawn: list[Json], most: int) -> list[Json]:
    """The blocks that Slack takes. What does not fit is counted in a last note; the buttons under it stay."""
    in_view = most != MAX_BLOCKS
    room = MAX_VIEW if in_view else MAX_ALTOGETHER
    if len(drawn) <= most and (
        len(json.dumps(drawn)) <= room or _size(drawn, in_view) <= room
    ):  # the first is fast, and larger
        return drawn
    tail = len(drawn)
    while tail > 0 and drawn[tail - 1]["type"] == "actions" and len(drawn) - tail < ROWS:
        tail -= 1
    buttons = drawn[tail:]
    room -= _size(buttons, in_view) + len(MORE) + len(str(len(drawn)))
    kept: list[Json] = []
    for block in drawn[:tail]:
        room -= _size([block], in_view)
        if room < 0 or len(kept) + 1 + len(buttons) >= most:
            break
        kept.append(block)
    return [*kept, *element(Note(MORE.format(n=tail - len(kept)))), *buttons]


def _size(drawn: list[Json], in_view: bool) -> int:
    """Of a message its characters count; of a view what is sent, in which each beyond ASCII is spelt out."""
    return sum(len(json.dumps(block, ensure_ascii=in_view)) for block in drawn)


# ----------------------------------------------------------------------------------------------------------- texts

# Controls, marks that turn the reading direction, and characters without width: nobody needs them, and they can make
# one text look like another. The two joiners stay: Persian words, Indic letters and many emoji are spelt with them.
_UNSEEN: Final[Mapping[int, str | None]] = {
    **dict.fromkeys((0x85, 0x2028, 0x2029), "\n"),
    **dict.fromkeys((*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0x85), *range(0x86, 0xA0), 0xAD, 0x61C, 0x180E)),
    **dict.fromkeys((0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2070), *range(0xD800, 0xE000))),
    **dict.fromkeys((0xFEFF, *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0080))),
}


def clean(text: str) -> str:
    """The text without what cannot be seen."""
    if text.isprintable():  # as most are; nothing of _UNSEEN is
        return text.strip()
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_UNSEEN).strip()


def shorten(text: str, most: int) -> str:
    text = clean(text)
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def pieces(text: str, most: int = MAX_TEXT) -> list[str]:
    """The text in parts that fit, cut between paragraphs, lines or words where that can be; nothing is left out."""
    text, parts = clean(text), []
    while len(text) > most:
        cut = next((at for mark in ("\n\n", "\n", " ") if (at := text.rfind(mark, most // 2, most)) > 0), most)
        parts.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*parts, text] if text else parts


def plain(text: str, most: int = MAX_TEXT) -> Json:
    """A text in which Slack interprets nothing, not even the names of emoji."""
    return {"type": "plain_text", "text": shorten(text, most) or "–", "emoji": False}


def _section(text: str) -> Json:
    return {"type": "section", "text": plain(text)}


def _run(text: str, *, bold: bool = False) -> Json:
    return {"type": "text", "text": text, "style": {"bold": True}} if bold else {"type": "text", "text": text}


def _runs(*runs: Json) -> Json:
    return {"type": "rich_text_section", "elements": list(runs)}


def _rich(*runs: Json) -> Json:
    return {"type": "rich_text", "elements": [_runs(*runs)]}


def _bullets(lines: Sequence[list[Json]]) -> Json:
    return {"type": "rich_text_list", "style": "bullet", "elements": [_runs(*line) for line in lines]}


def _fact_lines(pairs: Iterable[tuple[str, str]]) -> Iterator[list[Json]]:
    for label, value in pairs:
        first, *others = pieces(value, MAX_TEXT - MAX_HEADER - 3) or ["–"]
        yield [_run(f"{shorten(label, MAX_HEADER) or '–'}: ", bold=True), _run(f"{first}\n")]
        yield from ([_run(f"{other}\n")] for other in others)


def _grouped(lines: Iterable[list[Json]]) -> Iterator[list[list[Json]]]:
    """Lines together as far as one text may go."""
    group: list[list[Json]] = []
    size = 0
    for line in lines:
        length = sum(len(run["text"]) for run in line)
        if group and size + length > MAX_TEXT:
            yield group
            group, size = [], 0
        group.append(line)
        size += length
    if group:
        yield group


def _link(label: str, url: str) -> Json:
    words = shorten(label, MAX_HEADER) or shorten(url, MAX_HEADER) or "–"
    if not url.startswith(("https://", "http://")) or len(url) > MAX_URL:
        return _run(words)
    return {"type": "link", "url": url, "text": words}


# --------------------------------------------------------------------------------------------------------- buttons


def _buttons(items: Iterable[Button]) -> Iterator[Json]:
    seen: dict[str, int] = {}
    for item in items:
        count = seen[item.press.action] = seen.get(item.press.action, 0) + 1
        yield _button(item, item.press.action if count == 1 else f"{item.press.action}#{count}")


def _button(item: Button, action_id: str) -> Json:
    press, label = item.press, plain(item.label, MAX_BUTTON)
    value = f"{press.challenge_id}|{press.item}|{press.version}"
    if len(value) > MAX_VALUE:
        raise ValueError("A button carries ids only")
    drawn: Json = {"type": "button", "action_id": action_id, "text": label, "value": value}
    if len(clean(item.label)) > MAX_BUTTON:
        drawn["accessibility_label"] = label["text"]
    if item.style != "plain":
        drawn["style"] = item.style
    if item.confirm:
        drawn["confirm"] = {
            "title": plain(item.label, MAX_CONFIRM_TITLE),
            "text": plain(item.confirm, MAX_CONFIRM_TEXT),
            "confirm": plain(item.label, MAX_CONFIRM_BUTTON),
            "deny": plain("No"),  # the same word in both of our languages
        } | ({"style": "danger"} if item.style == "danger" else {})
    return drawn


# ----------------------------------------------------------------------------------------------------------- forms


def view(form: Form, *, opened_by: Inbound | None = None, fresh: str = "") -> Json:
    """A form as a modal. It remembers its action, its carry, and by which door and message it came to be opened.

    Slack keeps what was typed into a block with the same id. `fresh` (say, the hash of the view that this one replaces)
    makes the blocks new ones, so that a form in answer to a form shows its own values.
    """
    titled = len(clean(form.title)) <= MAX_VIEW_TITLE
    drawn = [
        *([] if titled else _title(form.title)),
        *chain.from_iterable(field(each, fresh) for each in form.fields),
    ]
    return {
        "type": "modal",
        "callback_id": form.press.action,
        "title": plain(form.title or NAME, MAX_VIEW_TITLE),
        "submit": plain(form.submit, MAX_VIEW_TITLE),
        "private_metadata": _metadata(form, opened_by),
        "blocks": _within(drawn, MAX_VIEW_BLOCKS) or [_section(form.title)],
    }


def errors(sentences: Mapping[str, str], shown: Mapping[str, Any]) -> dict[str, str]:
    """Sentences by the block of their field in the view that was submitted; those of no field stand at the first.

    Empty when the form has no field that could hold one.
    """
    ids = [block["block_id"] for block in shown.get("blocks", ()) if block["type"] == "input"]
    placed: dict[str, str] = {}
    for name, said in sentences.items():
        at = next((each for each in ids if each.partition("~")[0] == name), ids[0] if ids else None)
        if at:
            placed[at] = f"{placed[at]} {clean(said)}" if at in placed else clean(said)
    return placed


def options(found: Iterable[Option]) -> list[Json]:
    """The answer to a search."""
    return [_option(each) for each in list(found)[:MAX_OPTIONS]]


def _metadata(form: Form, opened_by: Inbound | None) -> str:
    kept: Json = {
        "do": form.press.action,
        "about": form.press.challenge_id,
        "item": form.press.item,
        "version": form.press.version,
        "carry": dict(form.carry),
    }
    if opened_by is not None:
        kept |= {"door": opened_by.door, "from": {name: at for name, at in asdict(opened_by.source).items() if at}}
    packed = json.dumps({name: value for name, value in kept.items() if value}, separators=(",", ":"))
    if len(packed) > MAX_METADATA:
        raise ValueError("A form carries ids and codes only")
    return packed


def field(item: FormField, fresh: str = "") -> Iterator[Json]:
    match item:
        case TextField():
            most = min(item.most, MAX_INPUT)
            drawn: Json = {"type": "plain_text_input", "action_id": "value", "max_length": most}
            drawn |= {"multiline": True} if item.multiline else {}
            drawn |= {"initial_value": shorten(item.value, most)} if clean(item.value) else {}
            drawn |= {"placeholder": plain(item.placeholder, MAX_PLACEHOLDER)} if clean(item.placeholder) else {}
            yield _input(item, drawn, fresh, required=item.required)
        case NumberField():
            drawn = {"type": "number_input", "action_id": "value", "is_decimal_allowed": False}
            drawn |= {"initial_value": item.value} if item.value.isascii() and item.value.isdigit() else {}
            yield _input(item, drawn, fresh, required=item.required)
        case DateField():
            drawn = {"type": "datepicker", "action_id": "value"}
            drawn |= {"initial_date": item.value.isoformat()} if item.value else {}
            yield _input(item, drawn, fresh, required=item.required)
        case Choice() if item.search:
            drawn = {"type": "external_select", "action_id": f"{item.search}.search", "min_query_length": 0}
            drawn |= _initial(item.options, item.value)
            yield _input(item, drawn, fresh, required=item.required)
        case Choice() if item.options:
            drawn = {"type": "static_select", "action_id": "value", **_menu(item.options)}
            drawn |= _initial(item.options, item.value)
            yield _input(item, drawn, fresh, required=item.required)
        case Choices() if item.options:
            boxes = len(item.options) <= MAX_BOXES
            offered = {"options": [_option(each) for each in item.options]} if boxes else _menu(item.options)
            chosen = [_option(each) for each in item.options if each.value in item.values]
            drawn = {"type": "checkboxes" if boxes else "multi_static_select", "action_id": "value", **offered}
            drawn |= {"initial_options": chosen} if chosen else {}
            yield _input(item, drawn, fresh, required=False)
        case Choice() | Choices():  # Slack has no menu without options
            yield from element(Facts(((item.label, "–"),)))
        case Words(body, tone):
            yield from element(Heading(body) if tone == "warning" else Text(body))
        case _:
            assert_never(item)


def _input(
    item: TextField | NumberField | DateField | Choice | Choices, drawn: Json, fresh: str, *, required: bool
) -> Json:
    block: Json = {
        "type": "input",
        "block_id": f"{item.name}~{fresh}" if fresh else item.name,
        "label": plain(item.label, MAX_LABEL),
        "element": drawn,
        "optional": not required,
    }
    return block | ({"hint": plain(item.hint, MAX_LABEL)} if clean(item.hint) else {})


def _option(item: Option) -> Json:
    drawn = {"text": plain(item.label, MAX_OPTION), "value": item.value}
    return drawn | ({"description": plain(item.hint, MAX_OPTION)} if clean(item.hint) else {})


def _menu(offered: Sequence[Option]) -> Json:
    """The options of a menu; more than a hundred stand in groups, named for their first and last."""
    drawn = [_option(each) for each in offered]
    if len(drawn) <= MAX_OPTIONS:
        return {"options": drawn}
    groups = [drawn[at : at + MAX_OPTIONS] for at in range(0, len(drawn), MAX_OPTIONS)]
    half = (MAX_OPTION - 3) // 2
    return {
        "option_groups": [
            {
                "label": plain(" – ".join(shorten(each["text"]["text"], half) for each in (group[0], group[-1]))),
                "options": group,
            }
            for group in groups
        ]
    }


def _initial(offered: Iterable[Option], value: str) -> Json:
    return next(({"initial_option": _option(each)} for each in offered if each.value == value), {})
