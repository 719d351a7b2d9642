"""What a page sends is what the gateway gets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict

from bot.console import parse
from bot.console.parse import BrokenFormError, Opened, Typed
from handlers.cards.model import Choice, Option
from handlers.request import Identity, Source
from storage.vocabulary import Door, Platform
from tests.bot.console_stand import EVERY_FIELD

TESS = Identity(Platform.CONSOLE, "maple-hollow", "teacher")
POST = "0123456789abcdef012345"


def sent(**values: str) -> MultiDict[str]:
    return MultiDict(values)


def said(text: str, room: str = "@teacher", thread: str = "") -> Typed:
    return Typed(room, text, POST, thread)


def test_what_is_typed_loses_the_line_ends_of_browsers_and_the_space_around_it() -> None:
    assert parse.typed(sent(room="#dit", post=POST, text=" one\r\ntwo \r\n")) == Typed("#dit", "one\ntwo", POST)


@pytest.mark.parametrize("post", ["", "short", "0123456789ABCDEF012345", "../../../../etc/passwd"])
def test_an_id_that_is_not_of_ours_is_refused(post: str) -> None:
    with pytest.raises(BrokenFormError):
        parse.typed(sent(room="#dit", post=post, text="hello"))


def test_a_direct_message() -> None:
    came = parse.message(TESS, said("The bus is late.\nAgain."), "/console/to/p")
    assert (came.action, came.door, came.text) == ("message.direct", Door.DIRECT_MESSAGE, "The bus is late.\nAgain.")
    assert came.key == f"message:maple-hollow:@teacher:{POST}"
    assert came.source == Source("@teacher", POST, link="/console/to/p", direct=True)


def test_a_reply_in_a_thread_of_the_direct_chat() -> None:
    came = parse.message(TESS, said("Since Monday.", thread="card"), "")
    assert (came.action, came.door, came.source.thread_id) == ("message.direct", Door.THREAD, "card")


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("@Clearway the bus is late", "the bus is late"),
        ("@clearway, the bus is late", "the bus is late"),
        ("The bus is late, @Clearway.", "The bus is late, @Clearway."),
        ("Write to bus@clearway.example", None),
        ("Clearway is new here", None),
    ],
)
def test_a_mention_in_a_channel_is_heard_and_other_talk_is_not(text: str, heard: str | None) -> None:
    post = said(text, "#dit")
    assert post.heard == (heard is not None)
    if heard is not None:
        came = parse.message(TESS, post, "")
        assert (came.action, came.door, came.text) == ("message.mention", Door.MENTION, heard)
        assert not came.source.direct


def test_what_becomes_of_a_message_names_the_message() -> None:
    told = parse.message(TESS, said("The bus is late"), "")
    edited, deleted = parse.edited(TESS, said("Every day"), "e1"), parse.deleted(TESS, said("The bus is late"))
    assert (edited.action, edited.text, edited.carry) == ("message.edited", "Every day", {"message_key": told.key})
    assert (deleted.action, deleted.text, deleted.carry) == ("message.deleted", "", {"message_key": told.key})
    assert len({told.key, edited.key, deleted.key}) == 3


@pytest.mark.parametrize(
    ("text", "action", "words"),
    [
        ("/challenge", "challenge.form", ""),
        ("/challenge  no subs\nat all", "challenge.form", "no subs\nat all"),
        ("/Challenges overdue", "log.ask", "overdue"),
        ("/clearway help", "home.ask", "help"),
        ("/challenge\nno subs", "challenge.form", "no subs"),
    ],
)
def test_a_command_in_any_composer(text: str, action: str, words: str) -> None:
    for room in ("@teacher", "#dit"):
        typed = said(text, room)
        assert typed.command
        came = parse.command(TESS, typed)
        assert (came.action, came.door, came.text, came.key) == (action, Door.COMMAND, words, "")


@pytest.mark.parametrize("text", ["challenge accepted", "/challenged", "see /challenges", "/", ""])
def test_other_words_are_no_command(text: str) -> None:
    assert not said(text).command


def test_the_message_shortcut_takes_the_words_and_says_whose_they_are() -> None:
    came = parse.message_shortcut(TESS, "#maple-staff", POST, "coach", "@Clearway no kits", "/console/to/p")
    assert (came.action, came.door, came.text) == ("challenge.form", Door.MESSAGE_SHORTCUT, "no kits")
    assert came.source == Source("#maple-staff", POST, link="/console/to/p", author_id="coach")


def test_a_button_is_keyed_by_person_challenge_item_version_and_action() -> None:
    came = parse.press(
        TESS, sent(action="step_done", challenge="c42", item="s1", version="3", post=POST, room="@teacher"), "@teacher"
    )
    assert came.key == "button:c42:s1:3:step_done"
    assert (came.door, came.challenge_id, came.item, came.version) == (Door.BUTTON, "c42", "s1", 3)
    assert came.source == Source("@teacher", POST, direct=True)


def test_a_button_of_a_card_without_version_counts_once_for_each_post() -> None:
    came = parse.press(TESS, sent(action="log.more", challenge="", version="0", post=POST), "@teacher")
    assert came.key == f"button:::0:log.more:{POST}"


@pytest.mark.parametrize(
    "broken", [{"action": ""}, {"version": "-1"}, {"version": "x"}, {"version": "9" * 30}, {"version": "²"}]
)
def test_a_button_that_none_of_our_cards_has_is_refused(broken: dict[str, str]) -> None:
    with pytest.raises(BrokenFormError):
        parse.press(TESS, MultiDict({"action": "take", "version": "1"} | broken), "@teacher")


def test_a_form_comes_back_as_it_went_out() -> None:
    opened = Opened(
        POST, EVERY_FIELD, "#dit", Door.MESSAGE_SHORTCUT, Source("#dit", "m1", link="/l", author_id="coach")
    )
    assert parse.opened(POST, sent(spec=opened.to_json())) == opened


@pytest.mark.parametrize(
    "spec", ["", "{}", "[]", "null", '{"form": {"is": "Card", "title": "x"}}', '{"form": {"is": "os"}}']
)
def test_a_form_that_we_did_not_make_is_refused(spec: str) -> None:
    with pytest.raises(BrokenFormError):
        parse.opened(POST, sent(spec=spec))


@given(st.text())
def test_no_form_data_breaks_the_parser(spec: str) -> None:
    with pytest.raises(BrokenFormError):
        parse.opened(POST, sent(spec=spec))


def test_a_submitted_form_has_its_press_its_fields_its_carry_and_where_it_was_opened() -> None:
    opened = Opened(POST, EVERY_FIELD, "#dit", Door.COMMAND, Source("#dit"))
    page = MultiDict({"field.what": "No room", "field.by": "2026-10-30", "field.scope": "school"})
    page.extend([("field.tags", "buses"), ("field.tags", "labor"), ("field.unknown", "x")])
    came = parse.submission(TESS, opened, parse.answers(EVERY_FIELD, page))
    assert (came.action, came.challenge_id, came.item, came.version) == ("report", "c42", "item-1", 3)
    assert (came.key, came.door, came.source) == (f"form:{POST}", Door.COMMAND, Source("#dit"))
    assert came.fields == {
        "what": "No room",
        "scope": "school",
        "type": "",
        "owner": "",
        "tags": ["buses", "labor"],
        "amount": "",
        "by": "2026-10-30",
        "room": "",
    }
    assert came.carry == {"door": "command"}


def test_words_typed_into_a_search_are_looked_for_before_the_form_goes_in() -> None:
    assert parse.lookup(EVERY_FIELD, sent(**{"search.owner": "", "searched.owner": ""})) is None
    wanted = parse.lookup(EVERY_FIELD, sent(**{"search.owner": "Ivy", "searched.owner": ""}))
    assert wanted is not None
    assert wanted.words == "Ivy"
    came = parse.search(TESS, EVERY_FIELD, wanted)
    assert (came.action, came.text, came.challenge_id) == ("people.search", "Ivy", "c42")
    assert parse.lookup(EVERY_FIELD, sent(**{"search.owner": "Ivy", "searched.owner": "Ivy"})) is None
    assert parse.lookup(EVERY_FIELD, sent(**{"search.owner": "Ivy", "searched.owner": "Ivy", "find": "owner"}))


def test_what_is_chosen_stays_on_offer_after_a_search() -> None:
    wanted = parse.lookup(EVERY_FIELD, sent(find="owner"))
    assert wanted is not None
    found = (Option("coach", "Max Delaney"),)
    offered = parse.offering(EVERY_FIELD, wanted, found, "principal").fields
    (field,) = (each for each in offered if isinstance(each, Choice) and each.search)
    assert [each.value for each in field.options] == ["principal", "coach"]
