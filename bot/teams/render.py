"""Cards, forms and answers as Adaptive Cards: value in, JSON out.

People's words stand in the runs of a RichTextBlock, in which Teams interprets nothing. A TextBlock and a FactSet read
Markdown, links and mentions (https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format),
so a TextBlock holds only headings in which there is nothing to read, and a FactSet is not used.
"""

import html
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, Final, Literal, assert_never
from weakref import WeakKeyDictionary

from microsoft_teams.cards.core import (
    Action,
    ActionSet,
    AdaptiveCard,
    CardElement,
    Container,
    ExecuteAction,
    OpenUrlAction,
    RefreshDefinition,
    RichTextBlock,
    ShowCardAction,
    SubmitAction,
    TeamsCardProperties,
    TextBlock,
    TextRun,
)

from bot.teams.text import MAX_TEXT, MOMENT, clean, harmless, is_tame, mere, pieces, shorten
from handlers.cards.model import (
    Button,
    Buttons,
    Card,
    Divider,
    Element,
    Facts,
    Heading,
    Items,
    Link,
    Note,
    Press,
    Quote,
    Text,
)
from handlers.request import Found

Json = dict[str, Any]
Place = Literal["chat", "dialog"]
"""Where a card stands. In a dialog Teams knows Action.Submit alone, and no action that opens another dialog,
https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-actions"""

VERSION: Final = "1.5"  # the newest that Teams shows everywhere,
# https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-reference#support-for-adaptive-cards
CARD: Final = "application/vnd.microsoft.card.adaptive"
PREVIEW: Final = "application/vnd.microsoft.card.thumbnail"  # an Adaptive Card cannot be one (the same page)
MAX_BYTES: Final = 80_000  # of a message as UTF-16, refused from about 100 KB: "within 80 KB to guarantee",
# https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages; the answer to an invoke may
# be 80 KB, too, https://github.com/MicrosoftDocs/msteams-docs/issues/4135
MAX_ACTIONS: Final = 6  # side by side; Teams shows no more of them,
# https://github.com/microsoft/AdaptiveCards/blob/main/samples/HostConfig/microsoft-teams-light.json
MAX_RESULTS: Final = 25  # of a search in the box to write in,
# https://learn.microsoft.com/microsoftteams/platform/messaging-extensions/how-to/search-commands/respond-to-search

# What follows is no limit of Teams, but of what a person reads.
ROW: Final = 46  # letters of buttons side by side, and as many more as their edges take
EDGE: Final = 5
ROWS: Final = 8  # rows of buttons that stay under a card from which something had to be left out
MAX_HEADER: Final = 150
MAX_LABEL: Final = 300
MAX_BUTTON: Final = 60  # "always on a single line, and truncated" (the page of VERSION); the whole label is its tooltip
MAX_SUMMARY: Final = 300
MAX_SPELT: Final = 1500  # of the card as mere text
MAX_DATA: Final = 500  # of what a button sends
MAX_URL: Final = 2000

ROOM: Final = MAX_BYTES - 6 * MAX_SUMMARY
"""For a card in a message."""
MORE: Final = "There is more than fits here ({n} more parts). Write “challenges” and the number to see all of it."
NAME: Final = "Clearway"
OURS: Final = "clearway"
"""Under this name stands what our buttons and forms send."""
REFRESH: Final = "card.refresh"
ANYBODY: Final = "*"
"""In place of a reader, for a chat in which there is only one: Teams then asks for whoever is in it,
https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/universal-actions-for-adaptive-cards/work-with-universal-actions-for-adaptive-cards"""


# --------------------------------------------------------------------------------------------------------- messages


def message(said: Card, *, reader: str = "") -> Json:
    """A card as a message: the body of an activity. `reader`: the id ("29:...") of the only one who reads it there."""
    if reader:
        return _activity(said, card(said, reader=reader))
    if (known := _MESSAGES.get(said)) is None:
        _MESSAGES[said] = known = _activity(said, card(said))
    return dict(known)


_MESSAGES: Final[WeakKeyDictionary[Card, Json]] = WeakKeyDictionary()
"""The messages of cards that are kept as they are, as help is."""


def sentence(said: str) -> Card:
    """One sentence as a card."""
    return Card("", (Text(said),), summary=said)


def plainly(said: str) -> Json:
    """One sentence as a message without a card, for a thread that others read."""
    return {"type": "message", "textFormat": "plain", "text": shorten(said, MAX_TEXT) or NAME}


def card(said: Card, *, reader: str = "", place: Place = "chat") -> Json:
    """A card as Adaptive Card. Where it is about one challenge, it is drawn anew whenever `reader` comes to see it."""
    made = AdaptiveCard(
        version=VERSION,
        fallback_text=harmless(_spelt(said)),
        speak=html.escape(_summary(said), quote=False),
        refresh=_refreshed(said, reader) if reader else None,
        msteams=TeamsCardProperties(width="full"),
    )
    made.body = [*title_of(said.title), *body(said.body, place)] or [*element(Text(said.fallback() or NAME), place)]
    drawn = dumped(made)
    if not fits(drawn):
        drawn["body"] = _within(drawn["body"], ROOM - size_of(drawn | {"body": []}))
    return drawn


def _refreshed(said: Card, reader: str) -> RefreshDefinition | None:
    about = {each.press.challenge_id for each in _presses(said) if each.press.version and each.press.challenge_id}
    if len(about) != 1:
        return None
    again = ExecuteAction(title=NAME, verb=REFRESH, data=_data(Press(REFRESH, about.pop())))
    return RefreshDefinition(action=again, user_ids=None if reader == ANYBODY else [reader])


def _activity(said: Card, drawn: Json) -> Json:
    return {"type": "message", "summary": _summary(said), "attachments": [attached(drawn)]}


def attached(drawn: Json) -> Json:
    return {"contentType": CARD, "content": drawn}


def body(items: Iterable[Element], place: Place = "chat") -> list[CardElement]:
    """What a card has in it. A button stands closer to the line above it, to which it belongs, than to what follows."""
    drawn: list[Any] = []  # the types have no word for what all elements have
    divided = False
    for item in items:
        if isinstance(item, Divider):
            divided = bool(drawn)
            continue
        for each in element(item, place):
            if drawn and isinstance(drawn[-1], ActionSet) and not isinstance(each, ActionSet):
                each.spacing = "Large"
            elif drawn and isinstance(each, ActionSet) and isinstance(item, Buttons) and len(item.items) == 1:
                each.spacing = "Small"
            if divided:
                each.separator, each.spacing = True, "Medium"
                divided = False
            drawn.append(each)
    return drawn


def element(item: Element, place: Place = "chat") -> Iterator[Any]:
    match item:
        case Text(said):
            yield from (rich(runs(part)) for part in pieces(said))
        case Heading(said):
            yield from _heading(said, size="Medium")
        case Quote(said, by):
            words = [rich(runs(part)) for part in pieces(said) or ["–"]]
            signed = [rich(runs(f"— {shorten(by, MAX_HEADER)}", is_subtle=True), "Small")] if clean(by) else []
            yield from (_box(each) for each in words[:-1])
            yield _box(words[-1], *signed)
        case Note(said):
            yield from (rich(runs(part, size="Small", is_subtle=True), "Small") for part in pieces(said))
        case Facts(pairs):
            for n, (label, value) in enumerate(pairs):
                first, *others = pieces(value) or ["–"]
                named = runs(f"{shorten(label, MAX_HEADER) or '–'}: ", weight="Bolder")
                yield rich([*named, *runs(first)], "Small" if n else "Default")
                yield from (rich(runs(other), "Small") for other in others)
        case Items(lines):
            listed = (part for line in lines for part in pieces(line))
            yield from (rich(runs(f"• {part}"), "Small") for part in listed)
        case Link(label, url):
            yield rich(_link(label, url))
        case Divider():  # a line above what follows, see `body`
            return
        case Buttons(items):
            rows = _rows([_button(each, place) for each in items])
            yield from (ActionSet(actions=row, spacing="Small" if n else None) for n, row in enumerate(rows))
        case _:
            assert_never(item)


def title_of(said: str) -> Iterator[CardElement]:
    return _heading(said, size="Large")


def _heading(said: str, *, size: Literal["Medium", "Large"]) -> Iterator[CardElement]:
    """A heading for screen readers, too, where its words are tame: only a TextBlock can be one, and it reads Markdown."""
    for part in pieces(said):
        if is_tame(part):
            yield TextBlock(text=part, size=size, weight="Bolder", style="heading", wrap=True)
        else:
            yield rich(runs(part, size=size, weight="Bolder"))


def _summary(said: Card) -> str:
    """What stands on a locked screen."""
    return shorten(" ".join(clean(said.fallback()).split()), MAX_SUMMARY) or NAME


def _spelt(said: Card) -> str:
    """All words of the card, for a client that cannot show it."""
    lines = [said.title, *chain.from_iterable(_words(each) for each in said.body)]
    return shorten("\n".join(filter(None, map(clean, lines))), MAX_SPELT) or NAME


def _words(item: Element) -> Iterator[str]:
    match item:
        case Text(said) | Heading(said) | Quote(said) | Note(said):
            yield said
        case Facts(pairs):
            yield from (f"{label}: {value}" for label, value in pairs)
        case Items(lines):
            yield from lines
        case Link() | Divider() | Buttons():
            return
        case _:
            assert_never(item)


def _presses(said: Card) -> Iterator[Button]:
    return (button for each in said.body if isinstance(each, Buttons) for button in each.items)


def _within(drawn: list[Json], room: int) -> list[Json]:
    """What Teams takes of it. What does not fit is counted in a last note; the buttons under it stay."""
    sizes = [size_of(each) + 4 for each in drawn]
    tail = len(drawn)
    while tail > max(len(drawn) - ROWS, 0) and drawn[tail - 1]["type"] == "ActionSet":
        if sum(sizes[tail - 1 :]) > room // 2:
            break
        tail -= 1
    room -= sum(sizes[tail:]) + 4 * MAX_LABEL
    kept = 0
    while kept < tail and room >= sizes[kept]:
        room -= sizes[kept]
        kept += 1
    return [*drawn[:kept], *map(dumped, element(Note(MORE.format(n=tail - kept)))), *drawn[tail:]]


def fits(drawn: Json) -> bool:
    """Whether Teams takes the card, with what stands around it."""
    spelt = json.dumps(drawn, ensure_ascii=False)
    return 4 * len(spelt) <= ROOM or len(spelt.encode("utf-16-le")) <= ROOM  # no character has more than four bytes


def size_of(drawn: Any) -> int:
    """Bytes, counted as Teams counts them."""
    return len(json.dumps(drawn, ensure_ascii=False).encode("utf-16-le"))


def dumped(drawn: CardElement) -> Json:
    return drawn.model_dump(exclude_none=True)


# ----------------------------------------------------------------------------------------------------------- texts


def runs(text: str, **style: Any) -> list[TextRun]:
    """The words in the fewest runs in which nothing is read out of them."""
    return [TextRun(text=part, **style) for part in MOMENT.split(text) if part]


def rich(runs: Sequence[CardElement], spacing: Literal["Default", "Small"] = "Default") -> RichTextBlock:
    """A paragraph. The reader of Markdown never comes here."""
    return RichTextBlock(inlines=list(runs), spacing=None if spacing == "Default" else spacing)


def _box(*items: CardElement) -> Container:
    """Set off by its ground; the quotation is a region of its own for those who cannot see that."""
    return Container(items=list(items), style="emphasis", spacing="Small")


def _link(label: str, url: str) -> list[TextRun]:
    words = shorten(label, MAX_HEADER) or shorten(url, MAX_HEADER) or "–"
    if not url.startswith(("https://", "http://")) or len(url) > MAX_URL or not url.isprintable() or " " in url:
        return runs(words)
    return runs(words, underline=True, select_action=OpenUrlAction(title=mere(words, MAX_HEADER), url=url))


# --------------------------------------------------------------------------------------------------------- buttons


def _button(item: Button, place: Place) -> Action:
    """What the button does; where a slip would be dear, a question comes first, with a button that does it.

    Teams has no window that asks before an action, so the question opens below the button, and a second press on it
    closes the question again.
    """
    if not item.confirm:
        return _doing(item, place)
    question = element(Text(shorten(item.confirm, MAX_LABEL)), place)
    inner = AdaptiveCard(body=[*question, ActionSet(actions=[_doing(item, place)])], version=VERSION)
    return ShowCardAction(**_labelled(item.label), card=inner)


def _doing(item: Button, place: Place) -> Action:
    data, looks = _data(item.press), _labelled(item.label)
    if item.style != "plain":
        looks["style"] = {"primary": "positive", "danger": "destructive"}[item.style]
    if place == "dialog":
        return SubmitAction(**looks, data=data)
    if item.opens_form:
        return SubmitAction(**looks, data={"msteams": {"type": "task/fetch"}, **data})
    return ExecuteAction(**looks, verb=item.press.action, data=data, fallback=SubmitAction(**looks, data=data))


def _labelled(label: str) -> dict[str, Any]:
    """A label; one that is too long can be read, and is read aloud, as a tooltip."""
    title = mere(label, MAX_BUTTON) or "–"
    return {"title": title} if len(clean(label)) <= MAX_BUTTON else {"title": title, "tooltip": mere(label, MAX_LABEL)}


def _data(press: Press) -> Json:
    """What a press sends: ids and codes only. `parse.press_of` reads it."""
    sent: Json = {"do": press.action, "about": press.challenge_id, "item": press.item, "version": press.version}
    if sum(len(str(value)) for value in sent.values()) > MAX_DATA:
        raise ValueError("A button carries ids only")
    return {OURS: {name: value for name, value in sent.items() if value}}


def _rows(actions: Sequence[Any]) -> Iterator[list[Any]]:
    """As many side by side as a narrow window shows whole: Teams cuts labels that do not fit."""
    row: list[Any] = []
    width = 0
    for action in actions:
        wide = len(action.title) + EDGE
        if row and (width + wide > ROW or len(row) == MAX_ACTIONS):
            yield row
            row, width = [], 0
        row.append(action)
        width += wide
    if row:
        yield row


# ----------------------------------------------------------------------------------------------- answers to an invoke


def answered(kind: str, value: Any) -> Json:
    return {"statusCode": 200, "type": kind, "value": value}


def in_place(said: Card, *, reader: str = "") -> Json:
    """To an Action.Execute: this card in place of the one that was pressed, for who pressed it."""
    return answered(CARD, card(said, reader=reader))


def told(said: str) -> Json:
    """To an Action.Execute: a sentence for the moment; the card stays."""
    return answered("application/vnd.microsoft.activity.message", harmless(shorten(said, MAX_SUMMARY)) or NAME)


def failed(said: str) -> Json:
    """To an Action.Execute: it was not done, and why."""
    value = {"code": "NotDone", "message": harmless(shorten(said, MAX_SUMMARY)) or NAME}
    return {"statusCode": 500, "type": "application/vnd.microsoft.error", "value": value}


def continued(title: str, drawn: Json, height: str) -> Json:
    value = {"title": shorten(title, MAX_HEADER) or NAME, "height": height, "width": "medium"}
    return {"task": {"type": "continue", "value": value | {"card": attached(drawn)}}}


def dialog_card(said: Card) -> Json:
    """To the opening or the sending of a dialog: a card in it."""
    titled = bool(said.body) and len(clean(said.title)) <= MAX_BUTTON
    return continued(said.title, card(replace(said, title="") if titled else said, place="dialog"), "medium")


def dialog_told(said: str) -> Json:
    """To the sending of a dialog: a sentence in its place."""
    return {"task": {"type": "message", "value": harmless(shorten(said, MAX_TEXT)) or NAME}}


def closed() -> None:
    """To the sending of a dialog: it closes. Teams wants an answer without a body for that,
    https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/task-modules/task-modules-bots"""


def results(found: Iterable[Found], none: str = "") -> Json:
    """To a search in the box to write in. What is inserted has nobody's words: a channel reads it."""
    attachments = [
        attached(card(Card(each.title, (Text(each.status), Buttons((Button(each.show, Press("show", each.challenge_id)),)))))) | {"preview": {"contentType": PREVIEW, "content": {"title": harmless(shorten(each.line, MAX_HEADER)) or "–"}}}
        for each in list(found)[:MAX_RESULTS]
    ]  # fmt: skip
    if not attachments:
        return {"composeExtension": {"type": "message", "text": harmless(shorten(none, MAX_SUMMARY)) or NAME}}
    return {"composeExtension": {"type": "result", "attachmentLayout": "list", "attachments": attachments}}
