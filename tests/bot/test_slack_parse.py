"""What Slack sends, and what we make of it. The payloads are as recorded, with names changed."""

from dataclasses import replace
from typing import Any

import pytest

from bot.slack.parse import parse, readable
from handlers.request import Identity, Inbound, Source
from storage.vocabulary import Door, Platform

URL = "https://larkspur-bend.slack.com/"
DANA = Identity(Platform.SLACK, "T1", "U1")
AT_HOME = replace(DANA, home_workspace_id="T1")


def read(body: dict[str, Any]) -> Inbound | None:
    return parse(body, bot_user_id="UBOT", workspace_url=URL)


def heard(body: dict[str, Any]) -> Inbound:
    inbound = read(body)
    assert inbound is not None
    return inbound


# ---------------------------------------------------------------------------------------------------------- commands

COMMAND = {
    "token": "x",
    "team_id": "T1",
    "team_domain": "larkspur-bend",
    "channel_id": "C1",
    "channel_name": "general",
    "user_id": "U1",
    "user_name": "dana",
    "command": "/challenge",
    "text": " The copier &amp; the printer ",
    "api_app_id": "A1",
    "is_enterprise_install": "false",
    "response_url": "https://hooks.slack.com/commands/T1/1/x",
    "trigger_id": "1.2.x",
}


@pytest.mark.parametrize(
    ("command", "action", "key"),
    [("/challenge", "challenge.form", "command:1.2.x"), ("/challenges", "log.ask", ""), ("/clearway", "home.ask", "")],
)
def test_each_command_asks_its_own(command: str, action: str, key: str) -> None:
    assert read(COMMAND | {"command": command}) == Inbound(
        DANA,
        action,
        Door.COMMAND,
        key=key,
        text="The copier & the printer",
        source=Source(conversation_id="C1"),
        app_id="A1",
    )


def test_the_command_of_another_app_is_not_ours() -> None:
    assert read(COMMAND | {"command": "/giphy"}) is None


# ---------------------------------------------------------------------------------------------------------- shortcuts

PERSON = {
    "team": {"id": "T1", "domain": "larkspur-bend"},
    "user": {"id": "U1", "username": "dana", "team_id": "T1"},
    "api_app_id": "A1",
    "trigger_id": "1.2.x",
    "is_enterprise_install": False,
    "enterprise": None,
}
MESSAGE_SHORTCUT = PERSON | {
    "type": "message_action",
    "callback_id": "report_message",
    "message_ts": "1790000000.000100",
    "response_url": "https://hooks.slack.com/app/T1/1/x",
    "channel": {"id": "C1", "name": "general"},
    "message": {"type": "message", "user": "U2", "ts": "1790000000.000100", "text": "Ask <@U9> about &lt;it&gt;"},
}


def test_the_shortcut_on_a_message_names_its_author_and_link_but_reports_for_whom_pressed_it() -> None:
    assert read(MESSAGE_SHORTCUT) == Inbound(
        AT_HOME,
        "challenge.form",
        Door.MESSAGE_SHORTCUT,
        key="shortcut:1.2.x",
        text="Ask a colleague about <it>",
        source=Source("C1", "1790000000.000100", "", f"{URL}archives/C1/p1790000000000100", "U2"),
        app_id="A1",
    )


def test_the_link_is_made_from_the_domain_until_the_address_is_known() -> None:
    inbound = parse(MESSAGE_SHORTCUT)
    assert inbound is not None
    assert inbound.source.link == "https://larkspur-bend.slack.com/archives/C1/p1790000000000100"


def test_the_link_of_a_reply_names_its_thread() -> None:
    threaded = MESSAGE_SHORTCUT["message"] | {"thread_ts": "1780000000.000200"}  # type: ignore[operator]
    source = heard(MESSAGE_SHORTCUT | {"message": threaded}).source
    assert source.thread_id == "1780000000.000200"
    assert source.link == f"{URL}archives/C1/p1790000000000100?thread_ts=1780000000.000200&cid=C1"


def test_the_global_shortcut_brings_nothing_but_who() -> None:
    body = PERSON | {"type": "shortcut", "callback_id": "report"}
    expected = Inbound(AT_HOME, "challenge.form", Door.GLOBAL_SHORTCUT, key="shortcut:1.2.x", app_id="A1")
    assert read(body) == expected
    assert read(body | {"callback_id": "another"}) is None


# ----------------------------------------------------------------------------------------------------------- messages


def event(**event: Any) -> dict[str, Any]:
    return {
        "type": "event_callback",
        "token": "x",
        "team_id": "T1",
        "api_app_id": "A1",
        "event": event,
        "event_id": "Ev1",
        "event_time": 1790000000,
        "authorizations": [
            {"enterprise_id": None, "team_id": "T1", "user_id": "UBOT", "is_bot": True, "is_enterprise_install": False}
        ],
        "is_ext_shared_channel": False,
    }


def said(text: str = "The copier is broken", **more: Any) -> dict[str, Any]:
    known = {"type": "message", "user": "U1", "text": text, "ts": "1.000001", "team": "T1", "channel": "D1"}
    return event(**{**known, "channel_type": "im", "event_ts": "1.000001", **more})


def in_channel(text: str, **more: Any) -> dict[str, Any]:
    return said(text, channel="C1", channel_type="channel", **more)


def test_a_direct_message_is_recorded_as_it_stands() -> None:
    assert read(said()) == Inbound(
        AT_HOME,
        "message.direct",
        Door.DIRECT_MESSAGE,
        key="message:T1:D1:1.000001",
        text="The copier is broken",
        source=Source("D1", "1.000001", "", f"{URL}archives/D1/p1000001", direct=True),
        app_id="A1",
    )


@pytest.mark.parametrize("subtype", ["file_share", "thread_broadcast", "me_message"])
def test_words_with_a_file_are_words(subtype: str) -> None:
    assert heard(said(subtype=subtype)).action == "message.direct"


def test_a_reply_in_a_thread_says_whose() -> None:
    inbound = heard(said(thread_ts="0.5"))
    assert (inbound.door, inbound.source.thread_id) == (Door.THREAD, "0.5")
    assert heard(said(thread_ts="1.000001")).door is Door.DIRECT_MESSAGE  # the head of its own thread


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(said(bot_id="B1"), id="a bot"),
        pytest.param(said(user="UBOT"), id="ourselves"),
        pytest.param(said(user=None), id="nobody"),
        pytest.param(said(subtype="channel_join"), id="somebody joined"),
        pytest.param(said(subtype="bot_message"), id="an old bot"),
        pytest.param(in_channel("Lunch?"), id="talk in a channel"),
        pytest.param(in_channel("Ask <@U9>"), id="a mention of somebody else"),
        pytest.param(event(type="app_home_opened", tab="messages", user="U1"), id="the tab of messages"),
        pytest.param(event(type="user_change", user={"id": "U1", "deleted": False}), id="a new picture"),
        pytest.param(event(type="tokens_revoked", tokens={"oauth": ["U1"], "bot": []}), id="a token we do not have"),
        pytest.param(event(type="reaction_added", user="U1"), id="an event we did not ask for"),
        pytest.param({"type": "view_closed", "view": {"id": "V1"}}, id="a closed form"),
        pytest.param({}, id="nothing"),
    ],
)
def test_what_is_not_said_to_us_gets_no_reply(body: dict[str, Any]) -> None:
    assert read(body) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<@UBOT> the copier is broken", "the copier is broken"),
        ("<@UBOT|clearway>: the copier", "the copier"),
        (" <@UBOT> <@UBOT>, the copier", "the copier"),
        ("the copier is broken <@UBOT>", "the copier is broken"),
        ("can <@UBOT> help <@U9>?", "can Clearway help a colleague?"),
        ("<@UBOT>", ""),
    ],
)
def test_the_mention_that_calls_us_is_not_part_of_the_words(text: str, words: str) -> None:
    inbound = heard(event(type="app_mention", user="U1", text=text, ts="1.000001", channel="C1", team="T1"))
    assert (inbound.action, inbound.door, inbound.text) == ("message.mention", Door.MENTION, words)


def test_a_message_and_its_mention_meet_in_one_key() -> None:
    mention = heard(event(type="app_mention", user="U1", text="<@UBOT> hi", ts="1.000001", channel="C1", team="T1"))
    message = heard(in_channel("<@UBOT> hi"))
    assert mention == message
    assert mention.key == "message:T1:C1:1.000001"
    assert mention.source.link == f"{URL}archives/C1/p1000001"


def test_an_edited_message_brings_its_new_words() -> None:
    now = {
        "type": "message",
        "user": "U1",
        "text": "No, the fax",
        "ts": "1.000001",
        "edited": {"ts": "2.0", "user": "U1"},
    }
    changed = said(subtype="message_changed", ts="2.000002", message=now, previous_message=now | {"text": "The copier"})
    inbound = heard(changed)
    assert (inbound.action, inbound.text, inbound.source.message_id) == ("message.edited", "No, the fax", "1.000001")
    assert inbound.carry == {"message_key": "message:T1:D1:1.000001"}
    assert inbound.key == "message:T1:D1:1.000001:message.edited:2.000002"


@pytest.mark.parametrize("change", [{}, {"attachments": [{"title": "A preview"}]}, {"bot_id": "B1", "text": "ours"}])
def test_a_preview_is_no_edit(change: dict[str, Any]) -> None:
    before = {"type": "message", "user": "U1", "text": "See <https://a.example>", "ts": "1.000001"}
    changed = said(subtype="message_changed", ts="2.0", message=before | change, previous_message=before)
    assert read(changed) is None


@pytest.mark.parametrize(
    "change",
    [
        {"subtype": "message_deleted", "deleted_ts": "1.000001"},
        {"subtype": "message_changed", "message": {"subtype": "tombstone", "user": "USLACKBOT", "ts": "1.000001"}},
    ],
    ids=["deleted", "deleted with replies under it"],
)
def test_a_deleted_message_is_named_by_its_key(change: dict[str, Any]) -> None:
    before = {"type": "message", "user": "U1", "text": "The copier", "ts": "1.000001"}
    inbound = heard(said(**change, ts="2.0", previous_message=before))
    assert (inbound.action, inbound.identity.user_id, inbound.text) == ("message.deleted", "U1", "")
    assert inbound.carry == {"message_key": "message:T1:D1:1.000001"}


def test_edits_of_ordinary_talk_are_not_ours() -> None:
    before = {"type": "message", "user": "U1", "text": "Lunch?", "ts": "1.000001"}
    talk: dict[str, Any] = {"channel": "C1", "channel_type": "channel", "ts": "2.0", "previous_message": before}
    assert read(said(subtype="message_changed", message=before | {"text": "Lunch!"}, **talk)) is None
    assert read(said(subtype="message_deleted", **talk)) is None


@pytest.mark.parametrize(
    ("more", "home"),
    [
        pytest.param({"user_team": "T9"}, "T9", id="from a shared channel"),
        pytest.param({"user_team": "E1"}, "T1", id="from our own organization"),
        pytest.param({"source_team": "E9"}, "E9", id="from another organization"),
        pytest.param({"team": None}, "", id="Slack does not say"),
    ],
)
def test_it_says_where_the_person_belongs(more: dict[str, Any], home: str) -> None:
    body = said(**more)
    body["authorizations"][0]["enterprise_id"] = "E1"
    body["team_id"] = "T9"  # in a shared channel, the workspace of whoever wrote
    identity = heard(body).identity
    assert (identity.workspace_id, identity.home_workspace_id) == ("T1", home)


# ------------------------------------------------------------------------------------------------------- other events


def test_home_is_shown_when_it_opens() -> None:
    inbound = heard(event(type="app_home_opened", user="U1", channel="D1", tab="home"))
    assert inbound == Inbound(DANA, "home.show", Door.HOME, app_id="A1")


def test_somebody_left() -> None:
    left = {"id": "U1", "team_id": "T1", "deleted": True}
    expected = Inbound(AT_HOME, "person.left", Door.OPERATOR, key="event:Ev1", app_id="A1")
    assert read(event(type="user_change", user=left)) == expected


@pytest.mark.parametrize("gone", [{"type": "app_uninstalled"}, {"type": "tokens_revoked", "tokens": {"bot": ["UBOT"]}}])
def test_we_were_removed(gone: dict[str, Any]) -> None:
    inbound = heard(event(**gone))
    assert (inbound.action, inbound.identity) == ("registration.revoked", replace(DANA, user_id=""))


# --------------------------------------------------------------------------------------------------- buttons and forms

BUTTON = {
    "action_id": "take",
    "block_id": "x",
    "type": "button",
    "text": {"type": "plain_text", "text": "I'll take it", "emoji": False},
    "value": "c42|s|1|7",
    "action_ts": "3.0",
}
PRESS = PERSON | {
    "type": "block_actions",
    "container": {"type": "message", "message_ts": "2.0", "channel_id": "D1", "is_ephemeral": False},
    "channel": {"id": "D1", "name": "directmessage"},
    "message": {"type": "message", "user": "UBOT", "bot_id": "B1", "ts": "2.0", "thread_ts": "1.0"},
    "state": {"values": {}},
    "response_url": "https://hooks.slack.com/actions/T1/1/x",
    "actions": [BUTTON],
}


def test_a_button_says_what_about_what_and_where() -> None:
    assert read(PRESS) == Inbound(
        AT_HOME,
        "take",
        Door.BUTTON,
        key="button:c42:s|1:7:take",
        challenge_id="c42",
        item="s|1",
        version=7,
        source=Source("D1", "2.0", "1.0", direct=True),
        app_id="A1",
    )


def test_the_second_button_of_an_action_is_the_same_action() -> None:
    assert heard(PRESS | {"actions": [BUTTON | {"action_id": "take#2"}]}).action == "take"


def test_without_a_version_the_place_counts() -> None:
    bare = [BUTTON | {"value": "||0", "action_id": "home.show"}]
    assert heard(PRESS | {"actions": bare}).key == "button:::0:home.show:2.0"
    view = {"id": "V1", "hash": "h1", "type": "home", "private_metadata": "", "blocks": []}
    on_home = PERSON | {
        "type": "block_actions",
        "container": {"type": "view", "view_id": "V1"},
        "view": view,
        "actions": bare,
    }
    inbound = heard(on_home)
    assert (inbound.key, inbound.door, inbound.source) == ("button:::0:home.show:V1:h1", Door.HOME, Source())
    assert heard(on_home | {"view": view | {"hash": "h2"}}).key == "button:::0:home.show:V1:h2"  # drawn anew in place


def test_a_button_under_a_private_answer_has_no_message_of_its_own() -> None:
    container = {"type": "message", "message_ts": "2.0", "channel_id": "C1", "is_ephemeral": True}
    private = {name: part for name, part in PRESS.items() if name not in {"message", "channel"}} | {
        "container": container
    }
    assert heard(private).source == Source("C1", "2.0")


def test_menus_that_are_no_buttons_do_nothing() -> None:
    assert read(PRESS | {"actions": [{"type": "static_select", "action_id": "x"}]}) is None


def option(value: str) -> dict[str, Any]:
    return {"text": {"type": "plain_text", "text": value.title(), "emoji": False}, "value": value}


METADATA = (
    '{"do":"report","about":"c1","item":"i","version":2,"carry":{"draft":"d1"},"door":"message_shortcut",'
    '"from":{"conversation_id":"C1","message_id":"1.0","link":"https://x.example"}}'
)
VIEW = {
    "id": "V1",
    "type": "modal",
    "callback_id": "report",
    "hash": "h1",
    "private_metadata": METADATA,
    "app_installed_team_id": "T1",
    "state": {
        "values": {
            "what": {"value": {"type": "plain_text_input", "value": " The copier "}},
            "amount": {"value": {"type": "number_input", "value": None}},
            "type~h0": {"value": {"type": "static_select", "selected_option": option("supplies")}},
            "school": {"value": {"type": "static_select", "selected_option": None}},
            "about": {"people.search": {"type": "external_select", "selected_option": option("p-1")}},
            "tags": {"value": {"type": "multi_static_select", "selected_options": [option("a"), option("b")]}},
            "sure": {"value": {"type": "checkboxes", "selected_options": []}},
            "by": {"value": {"type": "datepicker", "selected_date": "2026-12-01"}},
            "until": {"value": {"type": "datepicker", "selected_date": None}},
        }
    },
}


def test_a_form_comes_with_its_values_and_where_it_was_opened() -> None:
    assert read(PERSON | {"type": "view_submission", "team": {"id": "T9", "domain": "x"}, "view": VIEW}) == Inbound(
        AT_HOME,
        "report",
        Door.MESSAGE_SHORTCUT,
        key="form:V1:h1",
        challenge_id="c1",
        item="i",
        version=2,
        fields={
            "what": "The copier",
            "amount": "",
            "type": "supplies",
            "school": "",
            "about": "p-1",
            "tags": ["a", "b"],
            "sure": [],
            "by": "2026-12-01",
            "until": "",
        },
        carry={"draft": "d1"},
        source=Source("C1", "1.0", link="https://x.example"),
        app_id="A1",
    )


def test_a_search_knows_the_form_it_is_in() -> None:
    body = PERSON | {"type": "block_suggestion", "action_id": "people.search", "value": "sam &amp; c", "view": VIEW}
    inbound = heard(body)
    assert (inbound.action, inbound.text, inbound.key) == ("people.search", "sam & c", "")
    assert (inbound.challenge_id, inbound.carry) == ("c1", {"draft": "d1"})


def test_an_app_installed_for_an_organization_takes_the_workspace_of_the_person() -> None:
    assert heard(PRESS | {"team": None, "enterprise": {"id": "E1"}}).identity == AT_HOME


# --------------------------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("<@U1>", "a colleague"),
        ("<@U1|dana>", "@dana"),
        ("<#C1|general>", "#general"),
        ("<#C1>", "a channel"),
        ("<#C1|>", "a channel"),
        ("<!here>", "@here"),
        ("<!subteam^S1|@coaches>", "@coaches"),
        ("<!subteam^S1>", "a group"),
        ("<!date^1790000000^{date}|Sep 21>", "Sep 21"),
        ("<https://a.example/b>", "https://a.example/b"),
        ("<https://a.example/b|a.example/b>", "https://a.example/b"),
        ("<https://a.example/b|the plan>", "the plan (https://a.example/b)"),
        ("<mailto:d@a.example|d@a.example>", "d@a.example"),
        ("<tel:555-0100>", "555-0100"),
        ("5 &lt; 6 &amp;&amp; 7 &gt; 6", "5 < 6 && 7 > 6"),
        ("&amp;lt;", "&lt;"),
        ("*bold* :tada: <5 minutes>", "*bold* :tada: <5 minutes>"),
    ],
)
def test_markup_becomes_what_somebody_would_read(markup: str, words: str) -> None:
    assert readable(markup) == words


@pytest.mark.parametrize(
    "text", ["<@" * 50_000, " " * 100_000 + "<@UBOT>", "<https:" + "|" * 100_000, "<@UBOT>" * 10_000]
)
def test_no_text_takes_long_to_read(text: str) -> None:
    heard(said(text))
