"""What Slack takes: the shapes and limits of messages and views, as its reference gives them.

Only what Clearway uses is described: anything else is a fault, so that nothing goes out that was not thought of.
https://docs.slack.dev/reference/block-kit, https://docs.slack.dev/reference/views
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

Check = Callable[[Any, str], Iterator[str]]

UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
MARKUP = re.compile(r"[<>]|&(?!(?:amp|lt|gt);)")


def text(most: int, least: int = 1) -> Check:
    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield f"{at}: not a text"
        elif not least <= len(value) <= most:
            yield f"{at}: {len(value)} characters, not {least} to {most}"
        elif UNSEEN.search(value):
            yield f"{at}: has characters that nobody sees"

    return check


def flag(value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield f"{at}: not true or false"


def integer(least: int, most: int) -> Check:
    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, int) or not least <= value <= most:
            yield f"{at}: {value!r} is not {least} to {most}"

    return check


def exactly(*values: Any) -> Check:
    def check(value: Any, at: str) -> Iterator[str]:
        if value not in values:
            yield f"{at}: {value!r} is none of {values}"

    return check


def web_address(value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, str) or len(value) > 3000 or urlsplit(value).scheme not in {"http", "https"}:
        yield f"{at}: {value!r} is no web address"


def matching(pattern: str) -> Check:
    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            yield f"{at}: {value!r} is not {pattern}"

    return check


def several(each: Check, most: int, least: int = 1) -> Check:
    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            yield f"{at}: not a list of {least} to {most}"
            return
        for n, one in enumerate(value):
            yield from each(one, f"{at}[{n}]")

    return check


def shape(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    known = {**required, **(optional or {})}

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{at}: not an object"
            return
        yield from (f"{at}: lacks {name}" for name in required if name not in value)
        for name, part in value.items():
            if name in known:
                yield from known[name](part, f"{at}.{name}")
            else:
                yield f"{at}: {name} is unknown"

    return check


def kinds(**shapes: Check) -> Check:
    def check(value: Any, at: str) -> Iterator[str]:
        kind = value.get("type") if isinstance(value, dict) else None
        if kind in shapes:
            yield from shapes[kind](value, f"{at}<{kind}>")
        else:
            yield f"{at}: type {kind!r} is not used here"  # mrkdwn among others: people's words could format

    return check


KIND = {"type": text(50)}
BLOCK_ID = {"block_id": text(255)}


def plain(most: int) -> Check:
    return kinds(plain_text=shape({**KIND, "text": text(most), "emoji": exactly(False)}))


OPTION = shape({"text": plain(75), "value": text(150)}, {"description": plain(75)})
GROUP = shape({"label": plain(75), "options": several(OPTION, 100)})
CONFIRM = shape(
    {"title": plain(100), "text": plain(300), "confirm": plain(30), "deny": plain(30)},
    {"style": exactly("primary", "danger")},
)
BUTTON = shape(
    {**KIND, "action_id": text(255), "text": plain(75), "value": text(2000)},
    {"style": exactly("primary", "danger"), "confirm": CONFIRM, "accessibility_label": text(75)},
)
STYLE = shape({}, {"bold": flag, "italic": flag})
RUN = kinds(
    text=shape({**KIND, "text": text(4000)}, {"style": STYLE}),
    link=shape({**KIND, "url": web_address, "text": text(3000)}, {"style": STYLE}),
)
SECTION = kinds(rich_text_section=shape({**KIND, "elements": several(RUN, 1000)}))
RICH = kinds(
    rich_text_section=shape({**KIND, "elements": several(RUN, 1000)}),
    rich_text_quote=shape({**KIND, "elements": several(RUN, 1000)}),
    rich_text_list=shape({**KIND, "style": exactly("bullet"), "elements": several(SECTION, 1000)}),
)
ACTION = {**KIND, "action_id": text(255)}
MENU = {"options": several(OPTION, 100), "option_groups": several(GROUP, 100), "initial_option": OPTION}
INPUT = kinds(
    plain_text_input=shape(
        ACTION,
        {
            "initial_value": text(3000),
            "multiline": flag,
            "max_length": integer(1, 3000),
            "placeholder": plain(150),
        },
    ),
    number_input=shape({**ACTION, "is_decimal_allowed": exactly(False)}, {"initial_value": matching(r"\d+")}),
    datepicker=shape(ACTION, {"initial_date": matching(r"\d{4}-\d\d-\d\d")}),
    static_select=shape(ACTION, MENU),
    external_select=shape({**ACTION, "min_query_length": integer(0, 10)}, {"initial_option": OPTION}),
    checkboxes=shape({**ACTION, "options": several(OPTION, 10)}, {"initial_options": several(OPTION, 10)}),
    multi_static_select=shape(
        ACTION,
        {
            "options": several(OPTION, 100),
            "option_groups": several(GROUP, 100),
            "initial_options": several(OPTION, 100),
        },
    ),
)
STILL = {
    "header": shape({**KIND, "text": plain(150)}, BLOCK_ID),
    "section": shape({**KIND, "text": plain(3000)}, BLOCK_ID),
    "context": shape({**KIND, "elements": several(plain(3000), 10)}, BLOCK_ID),
    "divider": shape(KIND, BLOCK_ID),
    "rich_text": shape({**KIND, "elements": several(RICH, 1000)}, BLOCK_ID),
    "actions": shape({**KIND, "elements": several(kinds(button=BUTTON), 25)}, BLOCK_ID),
}
BLOCK = kinds(**STILL)
FIELD = kinds(
    **STILL,
    input=shape({**KIND, **BLOCK_ID, "label": plain(2000), "element": INPUT, "optional": flag}, {"hint": plain(2000)}),
)
MODAL = shape(
    {**KIND, "title": plain(24), "blocks": several(FIELD, 100)},
    {"submit": plain(24), "close": plain(24), "callback_id": text(255), "private_metadata": text(3000)},
)
HOME = shape({**KIND, "blocks": several(BLOCK, 100)}, {"private_metadata": text(3000)})


def faults_of_message(message: Mapping[str, Any]) -> list[str]:
    """What Slack, or our own promise that people's words never format, would find wrong with a message."""
    said = message.get("text")
    faults = list(text(40_000)(said, "text"))
    if isinstance(said, str) and MARKUP.search(said):
        faults.append("text: has markup, or a character of it that is not escaped")
    blocks = message.get("blocks", [])
    faults += several(BLOCK, 50)(blocks, "blocks")
    if len(json.dumps(blocks, ensure_ascii=False)) > 13_200:
        faults.append("blocks: msg_blocks_too_long")
    return faults + _faults_between(blocks)


def faults_of_view(view: Mapping[str, Any]) -> list[str]:
    faults = list(kinds(modal=MODAL, home=HOME)(view, "view"))
    blocks = view.get("blocks", [])
    if any(block.get("type") == "input" for block in blocks) and "submit" not in view:
        faults.append("view: inputs without a submit button")
    if len(json.dumps(view)) > 250_000:
        faults.append("view: view_too_large")
    try:
        View(**view).to_dict()
    except SlackObjectFormationError as fault:
        faults.append(f"view: {fault}")
    return faults + _faults_between(blocks)


def _faults_between(blocks: list[dict[str, Any]]) -> list[str]:
    faults = []
    twice = [name for name, n in Counter(block.get("block_id") for block in blocks).items() if name and n > 1]
    faults += [f"block_id {name!r} stands twice" for name in twice]
    for block in blocks:
        ids = [each.get("action_id") for each in block.get("elements", ()) if "action_id" in each]
        if len(ids) != len(set(ids)):
            faults.append(f"action_ids stand twice: {ids}")
        faults += _faults_of_menu(block.get("element", {}))
        faults += _faults_of_block(json.dumps(block))
    return faults


@lru_cache(maxsize=10_000)
def _faults_of_block(block: str) -> list[str]:
    """What the SDK finds. Many messages share a block, and to read one takes it a millisecond."""
    plain = json.loads(block)
    try:
        parsed = Block.parse(plain)
        if parsed is None:
            return [f"the SDK does not know {plain.get('type')!r}"]
        parsed.to_dict()
    except SlackObjectFormationError as fault:
        return [f"{plain.get('type')}: {fault}"]
    return []


def _faults_of_menu(element: Mapping[str, Any]) -> Iterator[str]:
    kind = element.get("type")
    if kind in {"static_select", "multi_static_select"} and ("options" in element) == ("option_groups" in element):
        yield f"{kind}: needs options or groups, one of them"
    offered = [
        *element.get("options", ()),
        *(each for group in element.get("option_groups", ()) for each in group["options"]),
    ]
    values = [each["value"] for each in offered]
    if len(values) != len(set(values)):
        yield f"{kind}: a value stands twice"
    chosen = [
        *element.get("initial_options", ()),
        *([element["initial_option"]] if "initial_option" in element else []),
    ]
    if kind != "external_select" and any(each not in offered for each in chosen):
        yield f"{kind}: an initial option is none of the options"
    if len(element.get("initial_value", "")) > element.get("max_length", 3000):
        yield f"{kind}: initial value longer than allowed"
