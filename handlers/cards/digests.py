"""The daily digest, page by page: as many whole lines as every platform takes, each with what can be done about it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate, takewhile
from typing import Final

from handlers.cards.model import Button, Buttons, Card, Element, Link, Press, Text
from handlers.cards.text import Voice, phrases

ROOM: Final = 11_000
"""Characters of a page as it is sent: of the 12 000 that Slack takes, what its title and its last button leave. In Teams,
which has room for three times as many, nothing takes three times what it does in Slack."""
BLOCKS: Final = 46
"""Of the 50 that Slack takes, beside those two."""
SIDE_BY_SIDE: Final = 5  # buttons in a block of ours on Slack
OF_ONE_BLOCK: Final = 1_500
"""A longer text stands in several blocks: none has more than 3 000 characters, and where words end it has fewer."""
WHOLE: Final = 60
"""A longer label is sent once more, for those who hear it read."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a line stands among the others: the most pressing first, then in the order in which things happened."""

    weight: int
    at: datetime
    seq: int
    message_id: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a digest: what it says, and what can be done about it there."""

    place: Place
    text: str
    buttons: tuple[Button, ...] = ()
    links: tuple[Link, ...] = ()
    mailable: bool = True
    """Whether its words may go by e-mail."""


def page(voice: Voice, found: Sequence[Line], day: date, *, first: bool = True) -> Card:
    """As many of these lines as fit, every one to be answered in place; a button shows the others. `day`: of the digest.

    `first`: it is the digest itself, and no later page of it.
    """
    shown = found[: _most(found)]
    body: list[Element] = []
    for line in shown:
        body += [Text(line.text), *line.links]
        if line.buttons:
            body.append(Buttons(line.buttons))
    if rest := len(found) - len(shown):
        label = voice(phrases("Show the other one", "Show the other {n}", n=rest))
        # Not the number of a page: lines that are settled go, and what follows is still to begin where this page ends.
        body.append(Buttons((Button(label, Press("digest.more", item=shown[-1].place.message_id)),)))
    title = voice("Your digest for {day}", day=day)
    count = voice(phrases("{n} line in your digest", "{n} lines in your digest", n=len(found)))
    return Card(title, tuple(body), summary=f"{title}: {count}" if first else title)


def _most(found: Sequence[Line]) -> int:
    """How many of the lines surely fit on one page, on every platform; one in any case."""
    size = accumulate(map(_size, found))
    blocks = accumulate(map(_blocks, found))
    fitting = takewhile(lambda taken: taken[0] <= ROOM and taken[1] <= BLOCKS, zip(size, blocks, strict=True))
    return max(1, sum(1 for _ in fitting))


def _blocks(line: Line) -> int:
    return 1 + len(line.text) // OF_ONE_BLOCK + len(line.links) - (-len(line.buttons) // SIDE_BY_SIDE)


def _size(line: Line) -> int:
    """Characters that a line takes at most, with what stands around its words where it is sent."""
    return 100 * _blocks(line) + _spelt(line.text) + sum(map(_of_link, line.links)) + sum(_of_buttons(line.buttons))


def _of_link(link: Link) -> int:
    return 150 + _spelt(link.label) + _spelt(link.url)


def _of_buttons(buttons: Sequence[Button]) -> Iterator[int]:
    for each in buttons:
        label, press = _spelt(each.label), each.press
        ids = len(press.action) + len(press.challenge_id) + len(press.item)
        confirm = 310 + 2 * label + _spelt(each.confirm) if each.confirm else 0
        yield 170 + label * (2 if len(each.label) > WHOLE else 1) + ids + confirm


def _spelt(said: str) -> int:
    """The characters of a text where it is sent: marks are spelt out, and what Teams could take for a date is parted."""
    return len(json.dumps("\n".join(said.splitlines()), ensure_ascii=False)) + 12 * said.count("{{")
