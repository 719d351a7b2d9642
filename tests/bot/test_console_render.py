"""Whatever people write, the console shows it as text: it never becomes a tag, an attribute or a link."""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.console.render import Here, Renderer
from handlers.cards.model import Card, Choice, DateField, Element, Form, FormField, Link, NumberField, Option, TextField
from handlers.cards.text import Voice
from tests import builders
from tests.bot.console_stand import EVERY_ELEMENT, EVERY_FIELD
from tests.fakes.console import Node, filled, read

SAY = Voice(builders.district())
RENDERER = Renderer(Here(SAY, token="token", person_id="teacher", base="/console/as/teacher", room="@teacher"))

ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onclick='alert(1)",
    "</textarea><b>out</b>",
    "</option></select><b>out</b>",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt; &amp;",
    "javascript:alert(1)",
)
words = st.one_of(st.sampled_from(ATTACKS), st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))


def swapped(part: Any, text: Callable[[str], str]) -> Any:
    """The same card or form with every text replaced."""
    if isinstance(part, str):
        return text(part)
    if isinstance(part, tuple):
        return tuple(swapped(each, text) for each in part)
    if is_dataclass(part) and not isinstance(part, type):
        kept = {"style", "tone", "search", "name"}  # ours, never anybody's words
        return replace(
            part,
            **{each.name: swapped(getattr(part, each.name), text) for each in fields(part) if each.name not in kept},
        )
    return part


def shape(node: Node) -> Iterator[str]:
    """The tags and attribute names of a page, without any text."""
    for each in node.elements:
        yield f"{each.tag} {' '.join(each.attrs)}"


def values(node: Node) -> set[str]:
    return {text for each in node.elements for text in (*each.attrs.values(), each.raw)} | {node.raw}


@given(words)
def test_no_words_change_the_shape_of_a_card(text: str) -> None:
    plain = read(RENDERER.card(swapped(EVERY_ELEMENT, lambda was: "x" if was else ""), "p1"))
    shown = read(RENDERER.card(swapped(EVERY_ELEMENT, lambda was: text if was else ""), "p1"))
    if not text.startswith(("http://", "https://", "/console/")):  # where an address is, there is a link
        assert list(shape(shown)) == list(shape(plain))
    assert any(text in each for each in values(shown))


@given(words)
def test_no_words_change_the_shape_of_a_form(text: str) -> None:
    def form(said: str) -> Node:
        changed = swapped(EVERY_FIELD, lambda was: said if was else "")
        return read(RENDERER.form(changed, {}, {"what": said}, {"owner": said}))

    def quiet(node: Node) -> list[str]:
        return [each.removesuffix(" checked").removesuffix(" selected") for each in shape(node)]

    assert quiet(form(text)) == quiet(form("x"))


@given(words)
def test_what_was_typed_comes_back_as_it_was(text: str) -> None:
    given_ = {"what": f"\n{text}\n", "room": text}
    sent = filled(read(RENDERER.form(EVERY_FIELD, given_, {}, {})))
    assert sent["field.what"] == f"\r\n{text}\r\n"
    assert sent["field.room"] == text


@pytest.mark.parametrize("item", EVERY_ELEMENT.body, ids=lambda item: type(item).__name__)
def test_every_element_is_shown(item: Element) -> None:
    assert read(RENDERER.element(item)).children


@pytest.mark.parametrize(
    "item", EVERY_FIELD.fields, ids=lambda item: f"{type(item).__name__}-{getattr(item, 'name', '')}"
)
def test_every_field_is_shown(item: FormField) -> None:
    assert read(RENDERER.field(item, {})).children


def test_only_addresses_of_the_web_and_of_the_console_are_links() -> None:
    def target(url: str) -> str:
        return next((each.attrs["href"] for each in read(RENDERER.element(Link("Here", url))).all("a")), "")

    assert target("https://example.org/a") == "https://example.org/a"
    assert target("javascript:alert(1)") == ""
    assert target("//elsewhere.example") == ""


def test_a_link_to_a_post_opens_it_for_whoever_looks() -> None:
    shown = read(RENDERER.element(Link("The message", "/console/to/abc")))
    assert shown.one("a").attrs["href"] == "/console/as/teacher/to/abc"


def test_a_button_sends_what_it_presses_and_where() -> None:
    card = read(RENDERER.card(EVERY_ELEMENT, "p1"))
    form = next(each for each in card.all("form") if each.one("button").text == "I'll take it")
    assert form.attrs["action"] == "/console/as/teacher/press"
    assert dict(filled(form)) == {
        "token": "token",
        "room": "@teacher",
        "post": "p1",
        "action": "take",
        "challenge": "c42",
        "item": "",
        "version": "3",
    }


def test_a_button_that_asks_first_is_behind_its_question() -> None:
    asked = read(RENDERER.card(EVERY_ELEMENT, "p1")).one("details")
    assert asked.one("summary").text == "Decline…"
    assert asked.one("p").text == "Decline it for this year?"
    assert asked.one("button").text == "Decline"


def test_every_control_has_a_label_and_its_hint_and_error_are_tied_to_it() -> None:
    shown = read(RENDERER.form(EVERY_FIELD, {}, {"what": "Please say it.", "tags": "One only."}, {}))
    ids = {each.attrs["id"] for each in shown.elements if "id" in each.attrs}
    labelled = {each.attrs["for"] for each in shown.all("label")}
    for each in shown.elements:
        if each.tag in {"input", "select", "textarea"} and each.attrs.get("type") != "hidden":
            assert each.attrs["id"] in labelled
        assert set(each.attrs.get("aria-describedby", "").split()) <= ids
    assert shown.one("textarea").attrs["aria-describedby"].split() == ["hint-what", "error-what"]
    assert shown.one("textarea").attrs["aria-invalid"] == "true"


@pytest.mark.parametrize(
    ("item", "typed", "sent"),
    [
        pytest.param(TextField("a", "A", "before"), {}, "before", id="the value it came with"),
        pytest.param(TextField("a", "A", "before"), {"a": ""}, "", id="emptied"),
        pytest.param(NumberField("a", "A", "5"), {"a": "about 20"}, "about 20", id="not a number"),
        pytest.param(DateField("a", "A", date(2026, 10, 30)), {}, "2026-10-30", id="a date"),
        pytest.param(Choice("a", "A", (Option("x", "X"), Option("y", "Y")), "y"), {}, "y", id="one of few"),
        pytest.param(Choice("a", "A", (Option("x", "X"),), "x", search="people"), {"a": ""}, "", id="one of many, taken back"),
    ],
)  # fmt: skip
def test_a_field_keeps_what_was_typed(item: FormField, typed: dict[str, str], sent: str) -> None:
    assert filled(read(RENDERER.field(item, typed)))["field.a"] == sent


def test_a_choice_that_nobody_must_make_can_be_left_open() -> None:
    few = Choice("a", "A", (Option("x", "X"), Option("y", "Y")))
    assert filled(read(RENDERER.field(few, {})))["field.a"] == ""
    assert [each.text for each in read(RENDERER.field(replace(few, required=True), {})).all("label")] == ["X", "Y"]


def test_an_empty_card_is_its_title() -> None:
    assert read(RENDERER.card(Card("Nothing to do"), "p1")).text == "Nothing to do"


def test_a_form_is_its_fields() -> None:
    assert RENDERER.form(Form("Empty", "Send", EVERY_FIELD.press, ()), {}, {}, {}) == ""
