"""A page of a digest has whole lines, as many as fit, and every platform shows all that is on it."""

from datetime import date
from itertools import product
from typing import Any

import pytest

from bot.slack import render as slack
from bot.teams import render as teams
from handlers.cards import digests
from handlers.cards.digests import Line, Place
from handlers.cards.model import Button, Buttons, Card, Link, Press, Text
from handlers.cards.text import Voice
from tests.bot.teams_cards import DISTRICT
from tests.builders import NOW
from tests.fakes.slack.limits import faults_of_message as faults_on_slack
from tests.fakes.teams.limits import faults_of_message as faults_on_teams

DAY = date(2026, 10, 13)
ID = "0" * 32
WORDS = {
    "short": "How does it stand?",
    "a word that is a page": "x" * 3000,
    "lines": "No subs.\n\n" * 250,
    "marks": '"\\' * 1500,
    "other lines": "\u2028\x85" * 1000,
    "wide": "\U0001f600" * 2500,
    "accents": "é" * 700,
    "what Teams makes a date of": "{{DATE(" * 400,
    "tags": "&<" * 1200,
}
LABELS = ["Open 42", "Show: " + "w" * 90, '"' * 80, "\U0001f600" * 70]


def found(words: str, label: str, buttons: int, links: int, confirm: str = "") -> list[Line]:
    return [
        Line(
            Place(1, NOW, n, f"{n:032}"),
            f"{n}. {words}",
            tuple(
                Button(label, Press("meeting.missed.form", ID, ID, 1234), "primary", opens_form=True, confirm=asked)
                for asked in ([confirm] + [""] * 4)[:buttons]  # one of them at most asks whether it is meant
            ),
            (Link("Add to my calendar", f"https://clearway.example.org/calendar/{'x' * 200}.ics"),) * links,
        )
        for n in range(60)
    ]


def texts(card: Card) -> list[str]:
    return [each.body for each in card.body if isinstance(each, Text)]


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
@pytest.mark.parametrize(("label", "buttons"), [*product(LABELS, [5]), *product(LABELS[:2], [0, 1])])
@pytest.mark.parametrize(("links", "confirm"), [(0, ""), (1, "Are you sure? " * 20)])
def test_all_of_a_page_is_shown_on_every_platform(
    words: str, label: str, buttons: int, links: int, confirm: str
) -> None:
    card = digests.page(Voice(DISTRICT), found(words, label, buttons, links, confirm), DAY)
    on_slack: Any = slack.message(card)
    on_teams: Any = teams.message(card)
    assert faults_on_slack(on_slack) == []
    assert faults_on_teams(on_teams) == []
    for drawn in (on_slack, on_teams):
        assert "more than fits here" not in str(drawn)
        assert str(drawn).count("meeting.missed.form") >= buttons * len(texts(card))


def test_pages_follow_each_other_without_a_gap() -> None:
    rest = found("How does it stand?", "Open 42", 4, 0)
    shown: list[str] = []
    pages = 0
    while rest:
        pages += 1
        card = digests.page(Voice(DISTRICT), rest, DAY)
        shown += texts(card)
        rest = rest[len(texts(card)) :]
        more = Button(f"Show the other {len(rest)}", Press("digest.more", item=f"{len(shown) - 1:032}"))
        assert not rest or card.body[-1] == Buttons((more,))
    assert shown == [f"{n}. How does it stand?" for n in range(60)]
    assert 3 < pages < 10  # neither a line each, nor more than anybody reads
