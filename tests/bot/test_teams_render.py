"""Cards, forms and answers as Adaptive Cards: nothing people write formats, and no limit of Teams is passed."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any, get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.teams import forms, render, text
from bot.teams.filled import unpacked
from bot.teams.parse import form_of, parse, press_of
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
from tests.fakes.teams import limits

Json = dict[str, Any]
DANA = "29:1Dana"

# ------------------------------------------------------------------------------------------------------- any card at all

wild = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="<>&@!#*_~`:|/\\[](){}\n -+1.ab\u202e\u200b\u200d\x00\ud800", max_size=80),
    st.sampled_from(
        [
            *(
                "<at>Dana</at>",
                "**bold**",
                ":smile:",
                "[Payroll](https://evil.example)",
                "&lt;b&gt;",
                "",
                " ",
                "1. one",
            ),
            *("{{DATE(2026-10-12T08:00:00Z, SHORT)}}", "${title}", "- a\r- b", "www.evil.example", "# Head", "a@b.co"),
        ]
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
    st.builds(Link, wild, st.one_of(wild, st.just("https://teams.microsoft.com/l/message/19:x@thread.tacv2/1"))),
    st.builds(Divider),
    st.builds(Buttons, st.lists(buttons, max_size=12).map(tuple)),
)
cards = st.builds(Card, wild, st.lists(elements, max_size=30).map(tuple), wild)
some_options = st.lists(st.builds(Option, ids, wild, wild), max_size=40, unique_by=lambda each: each.value).map(tuple)


def some_field(name: str) -> st.SearchStrategy[FormField]:
    named = st.just(name)
    return st.one_of(
        st.builds(TextField, named, wild, wild, wild, wild, st.booleans(), st.booleans(), st.integers(1, 3000)),
        st.builds(NumberField, named, wild, st.one_of(wild, st.just("250")), wild, st.booleans()),
        st.builds(DateField, named, wild, st.none() | st.dates(), wild, st.booleans()),
        st.builds(Choice, named, wild, some_options, ids, wild, st.booleans(), st.sampled_from(["", "people"])),
        st.builds(Choices, named, wild, some_options, st.lists(ids, max_size=3).map(tuple), wild),
        st.builds(Words, wild, st.sampled_from(["plain", "warning"])),
    )


some_forms = st.integers(0, 5).flatmap(
    lambda n: st.builds(
        Form,
        wild,
        wild,
        presses,
        st.tuples(*(some_field(f"field{each}") for each in range(n))),
        st.dictionaries(ids, ids, max_size=4),
    )
)


@settings(max_examples=50)
@given(cards)
@example(Card("x" * 200, tuple(Text("y" * 3500) for _ in range(60))))
@example(Card("🏫" * 200, tuple(Quote("👩‍🏫" * 1000, "é" * 300) for _ in range(60)), "🏫" * 1000))
@example(Card("", tuple(Text("\n" * 3000 + "{" * 3000) for _ in range(9))))
@example(Card("", tuple(Text("{{DATE(" * 430) for _ in range(9))))
@example(Card("All", tuple(Buttons((Button("x" * 90, Press("a" * 40, "b" * 40, "c" * 40, 9)),)) for _ in range(150))))
def test_no_card_breaks_a_limit_or_formats(card: Card) -> None:
    limits.check_message(render.message(card))
    limits.check_message(render.message(card, reader=DANA))
    limits.check_answer(render.in_place(card, reader=DANA))
    limits.check_dialog(render.dialog_card(card))


@settings(max_examples=50)
@given(some_forms, st.dictionaries(st.sampled_from(["", "field0", "field1", "elsewhere"]), wild, max_size=3))
def test_no_form_breaks_a_limit_or_formats(form: Form, errors: dict[str, str]) -> None:
    limits.check_dialog(forms.dialog(form, opened_by=OPENED, errors=errors))
    limits.check_message(forms.form_message(form, opened_by=OPENED, errors=errors))
    limits.check_answer(forms.form_in_place(form, opened_by=OPENED, errors=errors))


@given(wild)
def test_words_stand_only_where_teams_interprets_nothing(words: str) -> None:
    """In runs, as they are; where only a mere string can stand, with marks that are none."""
    card = Card(words, (Text(words), Heading(words), Quote(words, words), Note(words), Facts(((words, words),)),
                        Items((words,)), Link(words, words), Buttons((Button(words, Press("x"), confirm=words),))))  # fmt: skip
    form = Form(words, words, Press("x"), (TextField("t", words, words, words, words), Words(words, "warning"),
                                           Choices("c", words, (Option("o", words, words),), hint=words)))  # fmt: skip
    drawn = [render.card(card), render.card(card, place="dialog"), _sheet(forms.dialog(form))]
    for each in _objects(drawn):
        if each["type"] == "TextBlock":
            assert text.is_tame(each["text"])
        if each["type"] == "Action.OpenUrl":
            assert each["url"] == words
            assert words.startswith(("https://", "http://"))
    whole = ["".join(run["text"] for run in each["inlines"]) for each in _objects(drawn) if "inlines" in each]
    assert not text.clean(words) or any(part in said for said in whole for part in text.pieces(words)[:1])


@given(wild)
def test_what_is_harmless_reads_the_same_and_formats_nothing(words: str) -> None:
    made = text.harmless(text.clean(words))
    assert not limits.MARKDOWN.search(made)
    assert len(made) == len(text.clean(words))


@given(st.text(alphabet="ab \n", max_size=400), st.integers(5, 40))
def test_a_text_in_pieces_is_all_there(said: str, most: int) -> None:
    parts = text.pieces(said, most)
    assert all(0 < len(part) <= most for part in parts)
    assert "".join("".join(parts).split()) == "".join(said.split())


def _sheet(dialog: Json) -> Json:
    card: Json = dialog["task"]["value"]["card"]["content"]
    return card


def _objects(payload: Any) -> Iterator[Json]:
    if isinstance(payload, dict):
        if "type" in payload:
            yield payload
        for each in payload.values():
            yield from _objects(each)
    elif isinstance(payload, list):
        for each in payload:
            yield from _objects(each)


# ------------------------------------------------------------------------------------------------------ every element


def run(said: str, **style: Any) -> Json:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": said, **style}]}


def sends(do: str = "take", **more: Any) -> Json:
    return {"clearway": {"do": do, **more}}


SMALL = {"spacing": "Small"}
TAKE = {"title": "I'll take it", "style": "positive", "data": sends(about="c42", version=3)}

EVERY: dict[str, tuple[Element, list[Json]]] = {
    "text": (Text("One\ntwo"), [run("One\ntwo")]),
    "no text": (Text("  "), []),
    "heading": (
        Heading("Steps"),
        [
            {
                "type": "TextBlock",
                "text": "Steps",
                "size": "Medium",
                "weight": "Bolder",
                "wrap": True,
                "style": "heading",
            }
        ],
    ),
    "heading with marks": (Heading("*Steps*"), [run("*Steps*", size="Medium", weight="Bolder")]),
    "quote": (
        Quote("It is *broken*", "Dana Lee"),
        [
            {
                "type": "Container",
                "spacing": "Small",
                "style": "emphasis",
                "items": [run("It is *broken*"), run("— Dana Lee", isSubtle=True) | SMALL],
            }
        ],
    ),
    "note": (Note("Small print"), [run("Small print", size="Small", isSubtle=True) | SMALL]),
    "facts": (
        Facts((("Owner", "Sam"), ("By", ""))),
        [
            {
                "type": "RichTextBlock",
                "inlines": [
                    {"type": "TextRun", "text": "Owner: ", "weight": "Bolder"},
                    {"type": "TextRun", "text": "Sam"},
                ],
            },
            {
                "type": "RichTextBlock",
                **SMALL,
                "inlines": [
                    {"type": "TextRun", "text": "By: ", "weight": "Bolder"},
                    {"type": "TextRun", "text": "–"},
                ],
            },
        ],
    ),
    "items": (Items(("Toner", "Paper")), [run("• Toner") | SMALL, run("• Paper") | SMALL]),
    "link": (
        Link("The message", "https://teams.microsoft.com/l/message/1"),
        [
            run(
                "The message",
                underline=True,
                selectAction={
                    "type": "Action.OpenUrl",
                    "title": "The message",
                    "url": "https://teams.microsoft.com/l/message/1",
                },
            )
        ],
    ),
    "divider": (Divider(), []),
    "a button": (
        Buttons((Button("I'll take it", Press("take", "c42", version=3), "primary"),)),
        [
            {
                "type": "ActionSet",
                "actions": [
                    {"type": "Action.Execute", **TAKE, "verb": "take", "fallback": {"type": "Action.Submit", **TAKE}}
                ],
            }
        ],
    ),
    "a button that opens a form": (
        Buttons((Button("Plan", Press("plan.form", "c42", version=3), opens_form=True),)),
        [
            {
                "type": "ActionSet",
                "actions": [
                    {
                        "type": "Action.Submit",
                        "title": "Plan",
                        "data": {"msteams": {"type": "task/fetch"}, **sends("plan.form", about="c42", version=3)},
                    }
                ],
            }
        ],
    ),
    "a button that asks first": (
        Buttons((Button("Withdraw", Press("withdraw", "c42"), "danger", confirm="Sure?"),)),
        [
            {
                "type": "ActionSet",
                "actions": [
                    {
                        "type": "Action.ShowCard",
                        "title": "Withdraw",
                        "card": {
                            "type": "AdaptiveCard",
                            "version": "1.5",
                            "body": [
                                run("Sure?"),
                                {
                                    "type": "ActionSet",
                                    "actions": [
                                        {
                                            "type": "Action.Execute",
                                            "title": "Withdraw",
                                            "style": "destructive",
                                            "verb": "withdraw",
                                            "data": sends("withdraw", about="c42"),
                                            "fallback": {
                                                "type": "Action.Submit",
                                                "title": "Withdraw",
                                                "style": "destructive",
                                                "data": sends("withdraw", about="c42"),
                                            },
                                        }
                                    ],
                                },
                            ],
                        },
                    }
                ],
            }
        ],
    ),
}


@pytest.mark.parametrize(("element", "drawn"), EVERY.values(), ids=EVERY)
def test_each_element_is_drawn_like_this(element: Element, drawn: list[Json]) -> None:
    assert [each.model_dump(exclude_none=True) for each in render.element(element)] == drawn


def test_the_table_has_every_element() -> None:
    assert {type(element) for element, _ in EVERY.values()} == set(get_args(Element))


# ------------------------------------------------------------------------------------------------------------ one card

CHALLENGE = Card(
    "Challenge 42",
    (
        Quote("The copier is *broken*", "Dana Lee"),
        Divider(),
        Heading("Steps"),
        Note("Only you see this."),
        Buttons((Button("I'll take it", Press("take", "c42", version=3), "primary"),)),
    ),
    summary="Challenge 42 is yours: decide by Dec 4.",
)


def test_a_message_says_in_words_what_its_card_shows() -> None:
    said = render.message(CHALLENGE)
    card = said["attachments"][0]["content"]
    assert said["summary"] == card["speak"] == "Challenge 42 is yours: decide by Dec 4."
    assert "text" not in said
    assert card["fallbackText"] == "Challenge 42\nThe copier is ＊broken＊\nSteps\nOnly you see this."


def test_a_divider_is_a_line_above_what_follows() -> None:
    drawn = render.card(CHALLENGE)["body"]
    assert [each.get("separator") for each in drawn] == [None, None, True, None, None]


def test_the_card_of_a_challenge_is_drawn_anew_for_its_one_reader() -> None:
    refresh = render.message(CHALLENGE, reader=DANA)["attachments"][0]["content"]["refresh"]
    assert refresh["userIds"] == [DANA]
    assert press_of(refresh["action"]["data"]) == Press("card.refresh", "c42")
    assert "refresh" not in render.card(CHALLENGE)


def test_a_list_is_not_drawn_anew() -> None:
    several = Card("All", (Buttons((Button("Show 1", Press("show", "c1")), Button("Show 2", Press("show", "c2")))),))
    assert "refresh" not in render.card(several, reader=DANA)


def test_what_does_not_fit_is_counted_and_its_buttons_stay() -> None:
    lines = tuple(Text(f"Line {n} " + "x" * 700) for n in range(80))
    drawn = render.card(Card("All", (*lines, Buttons((Button("More", Press("log.more")),)))))["body"]
    shown = sum(each["inlines"][0]["text"].startswith("Line") for each in drawn if "inlines" in each)
    assert 20 < shown < 80
    assert drawn[-2]["inlines"][0]["text"] == render.MORE.format(n=80 - shown)
    assert drawn[-1]["actions"][0]["title"] == "More"


def test_a_long_text_is_split_and_not_cut() -> None:
    words = " ".join(f"word{n}" for n in range(1000))
    drawn = render.card(Card("", (Text(words),)))["body"]
    assert len(drawn) == 3
    assert " ".join(each["inlines"][0]["text"] for each in drawn).split() == words.split()


def test_buttons_stand_in_rows_that_a_phone_shows_whole() -> None:
    labels = ["Yes, it was addressed", "Partly", "No", "Enter a talk", "Add details", "What happens next"]
    drawn = render.card(Card("", (Buttons(tuple(Button(each, Press("x")) for each in labels)),)))["body"]
    rows = [[each["title"] for each in row["actions"]] for row in drawn]
    assert rows == [["Yes, it was addressed", "Partly", "No"], ["Enter a talk", "Add details"], ["What happens next"]]


def test_a_label_that_is_too_long_is_whole_in_its_tooltip() -> None:
    (drawn,) = render.card(Card("", (Buttons((Button("x" * 90, Press("a")),)),)))["body"][0]["actions"]
    assert (drawn["title"], drawn["tooltip"]) == ("x" * 59 + "…", "x" * 90)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "msteams://x", "//evil.example", "", "https://a b", "https://\n"]
)
def test_only_web_addresses_become_links(url: str) -> None:
    assert render.card(Card("", (Link("Payroll", url),)))["body"] == [run("Payroll")]


def test_a_date_that_somebody_typed_stays_as_typed() -> None:
    typed = "{{DATE(2026-10-12T08:00:00Z, SHORT)}}"
    (drawn,) = render.card(Card("", (Text(typed),)))["body"]
    assert [each["text"] for each in drawn["inlines"]] == ["{", typed[1:]]


@pytest.mark.parametrize(
    "said",
    ["Challenge 42: what happens next", "Larkspur Bend process, version 1.0", "I did not understand “foo”", "¿Qué?"],
)
def test_our_headings_are_headings(said: str) -> None:
    assert render.card(Card(said))["body"][0]["style"] == "heading"


@pytest.mark.parametrize(
    ("said", "made"),
    [
        ("Sam & Kim (K-8), 8:04", "Sam & Kim (K-8), 8:04"),
        ("<at>Sam</at>", "＜at＞Sam＜/at＞"),
        ("**now**", "＊＊now＊＊"),
        ("1. one\n- two", "1． one\n－ two"),
        ("see maple.org", "see maple．org"),
        ("https://maple", "https：／／maple"),
        ("&lt;b", "＆lt;b"),
        (":smile:", "：smile:"),
    ],
)
def test_marks_are_wide_where_markdown_is_read(said: str, made: str) -> None:
    assert text.harmless(said) == made


def test_invisible_characters_go_and_joiners_stay() -> None:
    assert text.clean("a\u202eb\u200bc\x07\ud800\u2066") == "abc"
    assert text.clean("می\u200cخواهم 👩\u200d🏫\r\nx\u2028y\tz") == "می\u200cخواهم 👩\u200d🏫\nx\ny\tz"


def test_ids_that_are_no_ids_are_our_mistake() -> None:
    with pytest.raises(ValueError, match="ids only"):
        render.card(Card("", (Buttons((Button("x", Press("a", "c" * 501)),)),)))


def test_a_card_that_is_kept_is_drawn_once() -> None:
    first, second = render.message(CHALLENGE), render.message(CHALLENGE)
    assert first["attachments"] is second["attachments"]
    first["replyToId"] = "1"  # whoever sends it may add to it
    assert "replyToId" not in render.message(CHALLENGE)


# ------------------------------------------------------------------------------------------------- presses come back


def pressed(data: Json, name: str = "adaptiveCard/action") -> Json:
    value = {"action": {"type": "Action.Execute", "verb": "x", "data": data}, "trigger": "manual"}
    return {
        "type": "invoke",
        "name": name,
        "id": "f:1",
        "from": {"id": DANA},
        "recipient": {"id": "28:app"},
        "conversation": {"id": "a:1", "conversationType": "personal", "tenantId": "t1"},
        "replyToId": "1790000000001",
        "value": value if name == "adaptiveCard/action" else {"data": data},
    }


@given(presses, st.booleans(), st.booleans())
def test_a_press_comes_back_as_it_went_out(press: Press, opens_form: bool, in_dialog: bool) -> None:
    button = Button("Go", press, opens_form=opens_form)
    (drawn,) = render.card(Card("", (Buttons((button,)),)), place="dialog" if in_dialog else "chat")["body"][0][
        "actions"
    ]
    ways = [pressed(drawn["data"], "task/submit" if in_dialog else "task/fetch")]
    if drawn["type"] == "Action.Execute":
        old = pressed({}) | {"type": "message", "name": None, "value": drawn["fallback"]["data"]}
        ways = [pressed(drawn["data"]), old]
    for way in ways:
        inbound = parse(json.loads(json.dumps(way)))
        assert inbound is not None
        assert Press(inbound.action, inbound.challenge_id, inbound.item, inbound.version) == press


def test_in_a_dialog_a_button_only_sends() -> None:
    every = Card("", (Buttons((Button("Plan", Press("plan.form"), opens_form=True), Button("Undo", Press("undo")))),))
    (row,) = render.card(every, place="dialog")["body"]
    assert [each["type"] for each in row["actions"]] == ["Action.Submit", "Action.Submit"]
    assert all("msteams" not in each["data"] for each in row["actions"])


# --------------------------------------------------------------------------------------------------------------- forms

OPENED = Inbound(
    Identity(Platform.TEAMS, "t1", DANA),
    "challenge.form",
    Door.MESSAGE_SHORTCUT,
    source=Source("19:c@thread.tacv2", "1.0", "", "https://teams.microsoft.com/l/message/x", "aad-2"),
)
FEW = tuple(Option(f"o{n}", f"Option {n}") for n in range(3))
MANY = tuple(Option(f"o{n}", f"Option {n}") for n in range(40))
NONE = {"title": "–", "value": " "}


def titled(options: tuple[Option, ...]) -> list[Json]:
    return [{"title": each.label, "value": each.value} for each in options]


def search_of(options: tuple[Option, ...]) -> list[Json]:
    return [{"title": each.label, "value": f"{each.value}|{each.label}"} for each in options]


NEEDED = {"isRequired": True, "errorMessage": forms.NEEDED}
FIELDS: dict[str, tuple[FormField, list[Json]]] = {
    "a text": (
        TextField("what", "What", "typed", "A hint", "for example", multiline=True, required=True, most=500),
        [
            {
                "type": "Input.Text",
                "id": "field.what",
                "label": "What",
                **NEEDED,
                "isMultiline": True,
                "placeholder": "for example",
                "value": "typed",
                "maxLength": 500,
            },
            run("A hint", size="Small", isSubtle=True) | SMALL,
        ],
    ),
    "a number": (
        NumberField("amount", "Dollars", "250"),
        [{"type": "Input.Number", "id": "field.amount", "label": "Dollars", "value": 250}],
    ),
    "no number": (
        NumberField("amount", "Dollars", "many"),
        [{"type": "Input.Number", "id": "field.amount", "label": "Dollars"}],
    ),
    "a day": (
        DateField("by", "By", date(2026, 12, 4)),
        [{"type": "Input.Date", "id": "field.by", "label": "By", "value": "2026-12-04"}],
    ),
    "a menu": (
        Choice("type", "Type", FEW, "o1"),
        [
            {
                "type": "Input.ChoiceSet",
                "id": "field.type",
                "label": "Type",
                "value": "o1",
                "choices": [NONE, *titled(FEW)],
                "style": "compact",
                "wrap": True,
            }
        ],
    ),
    "options that say more": (
        Choice("urgency", "Urgency", (Option("high", "High", "Stops the work"), Option("low", "Low")), required=True),
        [
            {
                "type": "Input.ChoiceSet",
                "id": "field.urgency",
                "label": "Urgency",
                **NEEDED,
                "choices": [{"title": "High – Stops the work", "value": "high"}, {"title": "Low", "value": "low"}],
                "style": "expanded",
                "wrap": True,
            }
        ],
    ),
    "a search": (
        Choice("who", "Who", MANY, "o39", search="people"),
        [
            {
                "type": "Input.ChoiceSet",
                "id": "field.who",
                "label": "Who",
                "value": "o39|Option 39",
                "choices": search_of((MANY[39], *MANY[:14])),
                "choices.data": {"type": "Data.Query", "dataset": "people.search"},
                "style": "filtered",
                "placeholder": "Who",
            }
        ],
    ),
    "several": (
        Choices("tags", "Tags", (Option("a,b%", "A, B"), Option("c", "C")), ("a,b%", "c")),
        [
            {
                "type": "Input.ChoiceSet",
                "id": "field.tags",
                "label": "Tags",
                "value": "a%2Cb%25,c",
                "choices": [{"title": "A, B", "value": "a%2Cb%25"}, {"title": "C", "value": "c"}],
                "style": "expanded",
                "isMultiSelect": True,
                "wrap": True,
            }
        ],
    ),
    "nothing to choose": (
        Choice("none", "Nothing", ()),
        [
            {
                "type": "RichTextBlock",
                "inlines": [
                    {"type": "TextRun", "text": "Nothing: ", "weight": "Bolder"},
                    {"type": "TextRun", "text": "–"},
                ],
            }
        ],
    ),
    "words": (Words("You see this."), [run("You see this.")]),
    "a warning": (
        Words("Careful.", "warning"),
        [{"type": "Container", "style": "warning", "items": [run("Careful.", weight="Bolder")]}],
    ),
}


@pytest.mark.parametrize(("item", "drawn"), FIELDS.values(), ids=FIELDS)
def test_each_field_is_drawn_like_this(item: FormField, drawn: list[Json]) -> None:
    assert [each.model_dump(exclude_none=True) for each in forms.field(item)] == drawn


def test_the_table_has_every_field() -> None:
    assert {type(item) for item, _ in FIELDS.values()} == set(get_args(FormField))


REPORT = Form(
    "Report a challenge",
    "Send",
    Press("report", "c1", "i", 2),
    (
        Words("Hello"),
        TextField("what", "What is in the way?", multiline=True, required=True),
        Choice("who", "Who?", MANY[:3], search="people"),
        Choices("tags", "Tags", (Option("a,b%", "A, B"), Option("c", "C"))),
        DateField("by", "By"),
        NumberField("amount", "Dollars"),
    ),
    {"draft": "d1"},
)


def test_in_a_dialog_a_form_is_sent_by_submit_and_in_the_chat_by_execute() -> None:
    dialog, chat = _sheet(forms.dialog(REPORT)), forms.form_message(REPORT)["attachments"][0]["content"]
    assert [each["type"] for each in dialog["actions"]] == ["Action.Submit"]
    assert [(each["type"], each["verb"]) for each in chat["actions"]] == [("Action.Execute", "report")]
    assert chat["body"][0]["text"] == "Report a challenge"  # a dialog has its title above it
    assert forms.dialog(REPORT)["task"]["value"]["title"] == "Report a challenge"


def sent(dialog: Json, typed: Json) -> Json:
    return pressed(_sheet(dialog)["actions"][0]["data"] | typed, "task/submit")


def test_a_form_comes_back_with_its_values_and_where_it_was_opened() -> None:
    typed = {
        "field.what": " The copier\r\nis out ",
        "field.who": "p-77|Dana | Lee",
        "field.tags": "a%2Cb%25,c",
        "field.by": "2026-12-04",
        "field.amount": 250.0,
    }
    inbound = parse(sent(forms.dialog(REPORT, opened_by=OPENED, once="o1"), typed))
    assert inbound is not None
    assert (inbound.action, inbound.challenge_id, inbound.item, inbound.version) == ("report", "c1", "i", 2)
    assert (inbound.carry, inbound.door, inbound.source) == ({"draft": "d1"}, OPENED.door, OPENED.source)
    assert inbound.key == "form:o1"
    assert inbound.fields == {
        "what": "The copier\nis out",
        "who": "p-77",
        "tags": ["a,b%", "c"],
        "by": "2026-12-04",
        "amount": "250",
    }


def test_what_is_left_empty_comes_back_empty() -> None:
    inbound = parse(sent(forms.dialog(REPORT), {}))
    assert inbound is not None
    assert inbound.fields == {"what": "", "who": "", "tags": [], "by": "", "amount": ""}


def test_with_an_error_a_form_is_shown_again_as_it_was_filled_in() -> None:
    typed = {"field.what": "typed", "field.who": "p-77|Dana Lee", "field.tags": "c", "field.by": "2026-12-04"}
    first = forms.dialog(REPORT, opened_by=OPENED, once="o1")
    activity = sent(first, typed)
    inbound, again = parse(activity), form_of(activity)
    assert inbound is not None
    assert again is not None
    second = forms.dialog(again.form, opened_by=inbound, errors={"by": "Another day, please."}, once=again.once)
    limits.check_dialog(second)
    values = {each["id"]: each.get("value") for each in _objects(_sheet(second)) if each["type"].startswith("Input.")}
    assert values == {**typed, "field.amount": None}
    assert limits.errors_in(_sheet(second)) == {"field.by": "Another day, please."}
    assert _sheet(second)["actions"][0]["data"]["clearway"]["once"] == "o1"
    after = parse(sent(second, typed))
    assert after == inbound


def test_errors_of_no_field_stand_at_the_first() -> None:
    drawn = _sheet(forms.dialog(REPORT, errors={"": "One.", "elsewhere": "Two."}))
    assert limits.errors_in(drawn) == {"field.what": "One. Two."}
    top = drawn["body"][0]
    assert (top["id"], top["style"]) == ("errors", "attention")
    assert [each["text"] for each in top["items"][0]["inlines"]] == ["What is in the way? ", "One. Two."]


def test_an_error_is_told_even_where_there_is_no_field() -> None:
    drawn = _sheet(forms.dialog(replace(REPORT, fields=(Words("Hello"),)), errors={"": "One."}))
    assert drawn["body"][0]["items"][0]["inlines"] == [{"type": "TextRun", "text": "One."}]


def test_each_form_is_an_intent_of_its_own() -> None:
    first, second = (_sheet(forms.dialog(REPORT))["actions"][0]["data"]["clearway"]["once"] for _ in range(2))
    assert len(first) == 20
    assert first != second


@given(some_forms)
def test_a_packed_form_is_the_same_form_but_for_what_is_typed(form: Form) -> None:
    again = unpacked(forms.packed(form))
    assert forms.packed(again) == forms.packed(form)
    assert [type(each) for each in again.fields] == [type(each) for each in form.fields]
    assert (again.press, again.carry) == (form.press, dict(form.carry))


def test_words_between_the_fields_give_way_to_what_is_typed() -> None:
    long = "🏫" * 3000
    fields = (Words(long), *(TextField(f"t{n}", "Label", long, most=3000) for n in range(6)))
    form = Form("Details", "Save", Press("details"), fields)
    drawn = forms.dialog(form)
    limits.check_dialog(drawn)
    assert [each["value"] for each in _sheet(drawn)["body"] if each["type"] == "Input.Text"] == [long] * 6


# -------------------------------------------------------------------------------------------------- answers to invokes


def test_a_search_offers_as_many_as_teams_shows() -> None:
    found = [Option(f"p{n}", f"Person {n}", "Teacher") for n in range(40)]
    first, second = forms.options(found), forms.options(found, skip=15, top=15)
    limits.check_search(first)
    assert first["value"]["results"][0] == {"title": "Person 0 – Teacher", "value": "p0|Person 0"}
    assert [len(each["value"]["results"]) for each in (first, second)] == [15, 15]
    assert second["value"]["results"][0]["value"] == "p15|Person 15"


FOUND = render.Found("c42", "42: The *copier* <b>", "Challenge 42", "Assigned", "Show 42")


def test_what_is_inserted_has_nobodys_words() -> None:
    answer = render.results([FOUND])
    limits.check_results(answer)
    (attachment,) = answer["composeExtension"]["attachments"]
    assert attachment["preview"]["content"] == {"title": "42: The ＊copier＊ ＜b＞"}
    inserted = json.dumps(attachment["content"], ensure_ascii=False)
    assert "copier" not in inserted
    assert "Assigned" in inserted
    assert press_of(attachment["content"]["body"][-1]["actions"][0]["data"]) == Press("show", "c42")


def test_nothing_found_is_said() -> None:
    answer = render.results([], none="Nothing found.")
    limits.check_results(answer)
    assert answer == {"composeExtension": {"type": "message", "text": "Nothing found."}}


def test_sentences_in_answer() -> None:
    limits.check_answer(render.told("*Done* <at>x</at>"))
    limits.check_answer(render.failed("Not done."))
    limits.check_dialog(render.dialog_told("Thank you."))
    limits.check_message(render.plainly("I have answered in our own chat."))
    assert render.closed() is None


def test_a_short_title_of_a_dialog_is_not_said_twice() -> None:
    short = render.dialog_card(Card("Thank you", (Text("Done"),)))["task"]["value"]
    assert (short["title"], short["card"]["content"]["body"]) == ("Thank you", [run("Done")])
    long = render.dialog_card(Card("A title " * 20, (Text("Done"),)))["task"]["value"]
    assert long["card"]["content"]["body"][0]["text"] == ("A title " * 20).strip()
