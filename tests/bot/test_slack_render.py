"""Cards and forms as Block Kit: whatever people write, nothing of it formats, and no limit of Slack is passed."""

import json
from dataclasses import replace
from datetime import date
from typing import Any, get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.slack import render
from bot.slack.parse import parse
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
    Press,
    Quote,
    Text,
    TextField,
    Words,
)
from handlers.request import Identity, Inbound, Source
from storage.vocabulary import Door, Platform
from tests.fakes.slack.limits import faults_of_message, faults_of_view
from tests.fakes.slack.shown import read_card

# ------------------------------------------------------------------------------------------------------- any card at all

wild = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="<>&@!#*_~`:|/\n ab\u202e\u200b\u200d\x00\ud800", max_size=80),
    st.sampled_from(
        ["<!channel>", "<@U1>", "*bold*", ":tada:", "<https://evil.example|Payroll>", "&lt;!here&gt;", "", " "]
    ),
    st.builds(lambda piece, n: piece * n, st.text(min_size=1, max_size=12), st.integers(1, 900)),
)
ids = st.text(alphabet="abcdef0123456789.-_", min_size=1, max_size=40)
presses = st.builds(Press, ids, ids, ids, st.integers(0, 10_000))
buttons = st.builds(Button, wild, presses, st.sampled_from(["plain", "primary", "danger"]), st.booleans(), wild)
elements: st.SearchStrategy[Element] = st.one_of(
    st.builds(Text, wild),
    st.builds(Heading, wild),
    st.builds(Quote, wild, wild),
    st.builds(Note, wild),
    st.builds(Facts, st.lists(st.tuples(wild, wild), max_size=8).map(tuple)),
    st.builds(Items, st.lists(wild, max_size=8).map(tuple)),
    st.builds(Link, wild, st.one_of(wild, st.just("https://larkspur-bend.slack.com/archives/C1/p1"))),
    st.builds(Divider),
    st.builds(Buttons, st.lists(buttons, max_size=12).map(tuple)),
)
cards = st.builds(Card, wild, st.lists(elements, max_size=70).map(tuple), wild)
offered = st.lists(st.builds(Option, ids, wild, wild), max_size=150, unique_by=lambda each: each.value).map(tuple)


def some_field(name: str) -> st.SearchStrategy[FormField]:
    named = st.just(name)
    return st.one_of(
        st.builds(TextField, named, wild, wild, wild, wild, st.booleans(), st.booleans(), st.integers(1, 9000)),
        st.builds(NumberField, named, wild, st.one_of(wild, st.just("250")), wild, st.booleans()),
        st.builds(DateField, named, wild, st.none() | st.dates(), wild, st.booleans()),
        st.builds(Choice, named, wild, offered, ids, wild, st.booleans(), st.sampled_from(["", "people"])),
        st.builds(Choices, named, wild, offered, st.lists(ids, max_size=3).map(tuple), wild),
        st.builds(Words, wild, st.sampled_from(["plain", "warning"])),
    )


forms = st.integers(0, 12).flatmap(
    lambda n: st.builds(
        Form,
        wild,
        wild,
        presses,
        st.tuples(*(some_field(f"field{each}") for each in range(n))),
        st.dictionaries(ids, ids, max_size=4),
    )
)


@given(cards)
@example(Card("x" * 200, tuple(Text("y" * 3500) for _ in range(60))))
def test_no_card_breaks_a_limit_or_formats(card: Card) -> None:
    assert faults_of_message(render.message(card)) == []
    assert faults_of_view(render.modal(card)) == []
    assert faults_of_view(render.home(card)) == []


@given(forms, st.sampled_from(["", "1790000000.abcd"]))
def test_no_form_breaks_a_limit(form: Form, fresh: str) -> None:
    assert faults_of_view(render.view(form, opened_by=OPENED, fresh=fresh)) == []


@given(wild)
def test_words_stand_only_where_slack_interprets_nothing(words: str) -> None:
    """In every element and every field: as plain text or as the text of a rich text, never as markup, never as a link."""
    card = Card(words, (Text(words), Heading(words), Quote(words, words), Note(words), Facts(((words, words),)),
                        Items((words,)), Link(words, words), Buttons((Button(words, Press("x"), confirm=words),))))  # fmt: skip
    form = Form(words, words, Press("x"), (TextField("t", words, words, words, words), Words(words, "warning"),
                                           Choices("c", words, (Option("o", words, words),), hint=words)))  # fmt: skip
    payload = json.dumps([render.blocks(card), render.modal(card), render.view(form)])
    used = {each["type"] for each in _objects(json.loads(payload))}
    harmless = {"header", "section", "context", "rich_text", "rich_text_section", "rich_text_quote", "rich_text_list"}
    harmless |= {"actions", "button", "plain_text", "text", "modal", "input", "plain_text_input", "checkboxes"}
    links = [each for each in _objects(json.loads(payload)) if each["type"] == "link"]
    assert used - {"link"} <= harmless
    assert all(each["url"] == words for each in links)  # the address is the renderer's caller's, and a web address
    assert not links or words.startswith(("https://", "http://"))


@given(st.text(alphabet="ab \n", max_size=400), st.integers(5, 40))
def test_a_text_in_pieces_is_all_there(text: str, most: int) -> None:
    parts = render.pieces(text, most)
    assert all(0 < len(part) <= most for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def _objects(payload: Any) -> Any:
    if isinstance(payload, dict):
        if "type" in payload:
            yield payload
        for each in payload.values():
            yield from _objects(each)
    elif isinstance(payload, list):
        for each in payload:
            yield from _objects(each)


# ------------------------------------------------------------------------------------------------------------ one card


def test_a_card_reads_as_it_was_meant() -> None:
    card = Card(
        "Challenge 42",
        (
            Quote("The copier is *broken*", "Dana Lee"),
            Facts((("Owner", "Sam Lee"), ("By", "Dec 4"))),
            Heading("Steps"),
            Items(("Order toner", "Call the firm")),
            Divider(),
            Link("The message", "https://larkspur-bend.slack.com/archives/C1/p1"),
            Note("Only you see this."),
            Buttons((Button("I'll take it", Press("take", "c42", version=3), "primary"),)),
        ),
        summary="Challenge 42 is yours: decide by Dec 4.",
    )
    shown = read_card(render.message(card))
    assert shown.title == "Challenge 42"
    assert shown.text.splitlines() == [
        "> The copier is *broken*",
        "— Dana Lee",
        "Owner: Sam Lee",
        "By: Dec 4",
        "Steps",
        "• Order toner",
        "• Call the firm",
        "The message <https://larkspur-bend.slack.com/archives/C1/p1>",
        "Only you see this.",
    ]
    assert shown.buttons == ("I'll take it",)
    assert shown.notification == "Challenge 42 is yours: decide by Dec 4."


@pytest.mark.parametrize(
    ("summary", "text"),
    [
        ("", "Challenge 42"),
        ("Ask <!channel> & <@U1>", "Ask &lt;!channel&gt; &amp; &lt;@U1&gt;"),
        ("Two\nlines \u202eand a trick", "Two lines and a trick"),
    ],
)
def test_the_notification_is_escaped_and_of_one_line(summary: str, text: str) -> None:
    assert render.message(Card("Challenge 42", summary=summary))["text"] == text


def test_what_does_not_fit_is_counted_and_its_buttons_stay() -> None:
    card = Card("All", (*(Text(f"Line {n}") for n in range(80)), Buttons((Button("More", Press("log.more")),))))
    shown = read_card(render.message(card))
    assert len(shown.blocks) == render.MAX_BLOCKS
    assert shown.text.splitlines()[-1] == render.MORE.format(n=33)
    assert shown.buttons == ("More",)


def test_a_long_text_is_split_and_not_cut() -> None:
    words = " ".join(f"word{n}" for n in range(1000))
    shown = read_card(render.message(Card("Long", (Text(words),))))
    assert len(shown.blocks) == 4
    assert shown.text.split() == words.split()


def test_a_short_title_of_a_window_is_not_said_twice() -> None:
    assert render.modal(Card("Thank you", (Text("Done"),)))["blocks"][0]["type"] == "section"
    long = render.modal(Card("A title that is longer than a window has room for", (Text("Done"),)))
    assert long["title"]["text"] == "A title that is longer…"
    assert long["blocks"][0]["text"]["text"] == "A title that is longer than a window has room for"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "slack://x", "//evil.example", ""])
def test_only_web_addresses_become_links(url: str) -> None:
    block = render.blocks(Card("", (Link("Payroll", url),)))[0]
    assert block["elements"][0]["elements"] == [{"type": "text", "text": "Payroll"}]


def test_invisible_characters_go_and_joiners_stay() -> None:
    assert render.clean("a\u202eb\u200bc\x07\ud800\u2066") == "abc"
    assert render.clean("می\u200cخواهم 👩\u200d🏫\r\nx\u2028y\tz") == "می\u200cخواهم 👩\u200d🏫\nx\ny\tz"


# ------------------------------------------------------------------------------------------------------------- buttons


def test_buttons_with_one_action_have_ids_of_their_own() -> None:
    two = Buttons((Button("Yes", Press("answer", "c1", "yes")), Button("No", Press("answer", "c1", "no"))))
    drawn = render.blocks(Card("", (two,)))[0]["elements"]
    assert [each["action_id"] for each in drawn] == ["answer", "answer#2"]
    assert [each["value"] for each in drawn] == ["c1|yes|0", "c1|no|0"]


def test_a_button_that_would_be_dear_asks_first() -> None:
    (drawn,) = render.blocks(Card("", (Buttons((Button("Withdraw", Press("withdraw"), "danger", confirm="Sure?"),)),)))[
        0
    ]["elements"]
    assert drawn["style"] == drawn["confirm"]["style"] == "danger"
    assert drawn["confirm"]["text"]["text"] == "Sure?"
    assert drawn["confirm"]["confirm"]["text"] == "Withdraw"


def test_a_label_that_is_too_long_is_read_aloud_as_it_is_shown() -> None:
    (drawn,) = render.blocks(Card("", (Buttons((Button("x" * 90, Press("a")),)),)))[0]["elements"]
    assert drawn["text"]["text"] == drawn["accessibility_label"] == "x" * 74 + "…"


@given(presses)
def test_a_press_comes_back_as_it_went_out(press: Press) -> None:
    (drawn,) = render.blocks(Card("", (Buttons((Button("Go", press),)),)))[0]["elements"]
    body = {
        "type": "block_actions",
        "user": {"id": "U1", "team_id": "T1"},
        "team": {"id": "T1"},
        "actions": [drawn],
        "container": {"type": "message", "message_ts": "1.0", "channel_id": "D1"},
    }
    inbound = parse(body)
    assert inbound is not None
    assert Press(inbound.action, inbound.challenge_id, inbound.item, inbound.version) == press


def test_ids_that_are_no_ids_are_our_mistake() -> None:
    with pytest.raises(ValueError, match="ids only"):
        render.blocks(Card("", (Buttons((Button("x", Press("a", "c" * 2001)),)),)))
    with pytest.raises(ValueError, match="ids and codes only"):
        render.view(Form("x", "y", Press("a"), (), carry={"text": "w" * 3000}))


# --------------------------------------------------------------------------------------------------------------- forms

OPENED = Inbound(
    Identity(Platform.SLACK, "T1", "U1"),
    "challenge.form",
    Door.MESSAGE_SHORTCUT,
    source=Source("C1", "1.0", "", "https://larkspur-bend.slack.com/archives/C1/p10", "U2"),
)


def test_each_kind_of_field_has_its_element() -> None:
    few, many = (
        tuple(Option(f"o{n}", f"Option {n}") for n in range(10)),
        tuple(Option(f"o{n}", f"Option {n}") for n in range(101)),
    )
    fields: tuple[FormField, ...] = (
        TextField("what", "What", "typed", "a hint", "for example", multiline=True, required=True),
        NumberField("amount", "Dollars", "250"),
        DateField("by", "By", date(2026, 12, 4)),
        Choice("type", "Type", few, "o3"),
        Choice("school", "School", many, "o100"),
        Choice("who", "Who", few[:1], "o0", search="people"),
        Choices("tags", "Tags", few, ("o1",)),
        Choices("more", "More", many[:11]),
        Words("You see this."),
        Words("Careful.", "warning"),
        Choice("none", "Nothing to choose", ()),
    )
    assert {type(each) for each in fields} == set(get_args(FormField))
    blocks = render.view(Form("Report", "Send", Press("report"), fields))["blocks"]
    assert [block["element"]["type"] for block in blocks if block["type"] == "input"] == [
        "plain_text_input", "number_input", "datepicker", "static_select", "static_select", "external_select",
        "checkboxes", "multi_static_select",
    ]  # fmt: skip
    by_name = {block["block_id"]: block for block in blocks if block["type"] == "input"}
    assert by_name["what"]["optional"] is False
    assert by_name["amount"]["optional"] is True
    assert by_name["type"]["element"]["initial_option"]["value"] == "o3"
    assert [group["label"]["text"] for group in by_name["school"]["element"]["option_groups"]] == [
        "Option 0 – Option 99", "Option 100 – Option 100",
    ]  # fmt: skip
    assert by_name["who"]["element"]["action_id"] == "people.search"


def test_a_form_remembers_what_it_is_about_and_where_it_was_opened() -> None:
    view = render.view(
        Form("Report", "Send", Press("report", "c1", "i", 2), (), carry={"draft": "d1"}), opened_by=OPENED
    )
    state: dict[str, Any] = {"values": {}}
    body = {
        "type": "view_submission",
        "user": {"id": "U1"},
        "team": {"id": "T1"},
        "view": view | {"id": "V1", "state": state},
    }
    inbound = parse(body)
    assert inbound is not None
    assert (inbound.action, inbound.challenge_id, inbound.item, inbound.version) == ("report", "c1", "i", 2)
    assert (inbound.carry, inbound.door, inbound.source) == ({"draft": "d1"}, OPENED.door, OPENED.source)


def test_a_form_in_place_of_another_has_blocks_of_its_own() -> None:
    form = Form("Report", "Send", Press("report"), (TextField("what", "What"), DateField("by", "By")))
    first, second = render.view(form), render.view(form, fresh="h2")
    assert [block["block_id"] for block in first["blocks"]] == ["what", "by"]
    assert [block["block_id"] for block in second["blocks"]] == ["what~h2", "by~h2"]
    assert render.errors({"by": "Another day, please."}, second) == {"by~h2": "Another day, please."}


def test_errors_of_no_field_stand_at_the_first() -> None:
    form = Form("Report", "Send", Press("report"), (Words("Hello"), TextField("what", "What"), DateField("by", "By")))
    assert render.errors({"": "One.", "elsewhere": "Two."}, render.view(form)) == {"what": "One. Two."}
    assert render.errors({"": "One."}, render.view(replace(form, fields=(Words("Hello"),)))) == {}


def test_a_search_offers_a_hundred_at_most() -> None:
    found = render.options(Option(f"p{n}", f"Person {n}") for n in range(130))
    assert len(found) == 100
