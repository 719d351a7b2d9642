"""Cards as e-mail: all of their words, in text and in HTML, and nothing that people write formats, links or adds a header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.email import render
from handlers.cards.model import Button, Buttons, Card, Divider, Facts, Heading, Items, Link, Note, Press, Quote, Text

CARD = Card(
    "Challenge 42: news",
    (
        Text("Dana has taken it."),
        Heading("Steps"),
        Quote("No <b>sub</b> & no bus\nsince Monday", "Ida"),
        Facts((("Who has it", "Dana"),)),
        Items(("one", "two")),
        Link("The message", "https://chat.example.org/m?a=1&b=2"),
        Link("Bad", "javascript:alert(1)"),
        Divider(),
        Buttons((Button("Progress", Press("progress.form")),)),
        Note("Small print."),
    ),
)


def test_as_text() -> None:
    assert render.text(CARD) == (
        "Challenge 42: news\n\nDana has taken it.\n\nSteps\n-----\n\n> No <b>sub</b> & no bus\n> since Monday\n> – Ida\n\n"
        "Who has it: Dana\n\n- one\n- two\n\nThe message: https://chat.example.org/m?a=1&b=2\n\n-----\n\nSmall print.\n"
    )


def test_as_html() -> None:
    shown = render.html(CARD)
    assert "No &lt;b&gt;sub&lt;/b&gt; &amp; no bus<br>since Monday<br>– Ida" in shown
    assert '<a href="https://chat.example.org/m?a=1&amp;b=2">The message</a>' in shown
    assert "javascript" not in shown
    assert "Progress" not in shown


WORDS = st.text(max_size=40)


@given(WORDS, WORDS, WORDS)
def test_no_words_of_people_are_markup_or_headers(title: str, body: str, by: str) -> None:
    card = Card(title, (Text(body), Quote(body, by), Facts(((by, body),)), Items((body,)), Note(by)))
    plain = Card("t", (Text("x"), Quote("x", "x" if by else ""), Facts((("x", "x"),)), Items(("x",)), Note("x")))
    try:
        mail = render.message(card, sender="a@b.example", to="c@d.example", delivery_id="d")
        mail.as_bytes()
    except ValueError:
        pytest.fail("words of people broke a mail")
    assert mail.keys() == render.message(plain, sender="a@b.example", to="c@d.example", delivery_id="d").keys()
    tags = render.html(card).replace("<br>", "").count("<")
    assert tags == render.html(plain).replace("<br>", "").count("<")
