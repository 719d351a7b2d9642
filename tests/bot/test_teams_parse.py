"""What Teams sends, and what we make of it. The payloads are as recorded, with names changed."""

import json
import string
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.teams import forms
from bot.teams.incoming import BrokenActivityError
from bot.teams.parse import bot_of, form_of, is_personal, parse, tenant_of, wanted
from bot.teams.words import Said, words_of
from handlers.cards.model import Choices, DateField, Form, NumberField, Option, Press, TextField
from handlers.request import Identity, Inbound, Source
from storage.vocabulary import Door, Platform

Json = dict[str, Any]

TENANT = "0d9b645f-597b-41f0-a2a3-ef103fbd91bb"
APP = "c9e8c047-2a74-40a2-b28a-b162d5f5327c"
BOT = f"28:{APP}"
DANA = "29:1XJKJMvc5GBtc2JwZq0oj8tHZmzrQgFmB39ATiQWA85gQtHieVkKilBZ9XHoq9j7Zaqt7CZ-NJWi7me2kHTL3Bw"
DIRECTORY = "7faf8ab2-3d56-4244-b585-20c8a42ed2b8"
WHO = Identity(Platform.TEAMS, TENANT, DANA, directory_id=DIRECTORY)
CHAT = "a:17I0kl9EkpE1O9PH5TWrzrLNwnWWcfrU7QZjKR0WSfOpzbfcAg2IaydGElSo10tVr4C7Fc6GtieTJX663WuJCc1u"
CHANNEL = "19:253b1f341670408fb6fe51050b6e5ceb@thread.tacv2"
GROUP = "19:6decf54d86d945e4b3924b63a9161a78@thread.v2"
ID, ROOT = "1790000000002", "1790000000001"

COMMON: Json = {
    "timestamp": "2026-10-12T14:05:00.007Z",
    "localTimestamp": "2026-10-12T10:05:00.007-04:00",
    "channelId": "msteams",
    "serviceUrl": "https://smba.trafficmanager.net/amer/",
    "from": {"id": DANA, "name": "Dana Lee", "aadObjectId": DIRECTORY},
    "recipient": {"id": BOT, "name": "Clearway"},
    "locale": "en-US",
    "localTimezone": "America/Detroit",
}
CLIENT = {"locale": "en-US", "country": "US", "platform": "Web", "timezone": "America/Detroit", "type": "clientInfo"}
PERSONAL: Json = COMMON | {
    "conversation": {"conversationType": "personal", "tenantId": TENANT, "id": CHAT},
    "entities": [CLIENT],
    "channelData": {"tenant": {"id": TENANT}, "legacy": {"replyToId": "1:1EsE"}},
}
IN_CHANNEL: Json = COMMON | {
    "conversation": {
        "isGroup": True,
        "conversationType": "channel",
        "tenantId": TENANT,
        "id": f"{CHANNEL};messageid={ROOT}",
    },
    "channelData": {
        "teamsChannelId": CHANNEL,
        "teamsTeamId": "19:team@thread.tacv2",
        "channel": {"id": CHANNEL},
        "team": {"id": "19:team@thread.tacv2", "aadGroupId": "3606f714-ec2e-41b3-9ad1-6afb331bd35d"},
        "tenant": {"id": TENANT},
    },
}
IN_GROUP: Json = COMMON | {
    "conversation": {"isGroup": True, "conversationType": "groupChat", "tenantId": TENANT, "id": GROUP},
    "channelData": {"tenant": {"id": TENANT}},
}


def said(text: str = "The copier is broken", at: Json = PERSONAL, marked: str = "", **more: Any) -> Json:
    attachments = [{"contentType": "text/html", "content": marked}] if marked else []
    return at | {
        "type": "message",
        "id": ID,
        "textFormat": "plain",
        "text": text,
        "attachments": attachments,
        "entities": [CLIENT],
        **more,
    }


def mention(name: str = "Clearway", account: str = BOT) -> Json:
    return {"type": "mention", "mentioned": {"id": account, "name": name}, "text": f"<at>{name}</at>"}


def called(text: str = "<at>Clearway</at> the copier is broken", at: Json = IN_CHANNEL, **more: Any) -> Json:
    return said(text, at, **{"entities": [mention(), CLIENT], **more})


def heard(activity: Json) -> Inbound:
    inbound = parse(json.loads(json.dumps(activity)), app_id=APP)
    assert inbound is not None
    return inbound


# ----------------------------------------------------------------------------------------------------------- messages


def test_a_message_in_the_personal_chat_is_said_to_us() -> None:
    assert heard(said()) == Inbound(
        WHO,
        "message.direct",
        Door.DIRECT_MESSAGE,
        key=f"message:{TENANT}:{CHAT}:{ID}",
        text="The copier is broken",
        source=Source(CHAT, ID, direct=True),
        app_id=APP,
    )


def test_a_mention_in_a_channel_says_where_it_stands() -> None:
    link = (
        f"https://teams.microsoft.com/l/message/{CHANNEL}/{ID}?tenantId={TENANT}"
        f"&groupId=3606f714-ec2e-41b3-9ad1-6afb331bd35d&parentMessageId={ROOT}"
    )
    assert heard(called()) == Inbound(
        WHO,
        "message.mention",
        Door.MENTION,
        key=f"message:{TENANT}:{CHANNEL}:{ID}",
        text="the copier is broken",
        source=Source(CHANNEL, ID, ROOT, link),
        app_id=APP,
    )


def test_the_first_message_of_a_thread_is_in_no_thread() -> None:
    assert heard(called(id=ROOT)).source.thread_id == ""


def test_a_mention_in_a_group_chat_has_its_link() -> None:
    inbound = heard(called(at=IN_GROUP))
    context = "%7B%22contextType%22%3A%22chat%22%7D"
    link = f"https://teams.microsoft.com/l/message/{GROUP}/{ID}?tenantId={TENANT}&context={context}"
    assert (inbound.action, inbound.source) == ("message.mention", Source(GROUP, ID, link=link))


@pytest.mark.parametrize(
    ("activity", "why"),
    [
        (said("Lunch?", IN_CHANNEL), "talk in a channel"),
        (said("<at>Sam</at> lunch?", IN_GROUP, entities=[mention("Sam", "29:sam")]), "a mention of somebody else"),
        (said("Clearway is down", IN_GROUP), "our name, and no mention"),
        (said(**{"from": {"id": BOT}}), "ourselves"),
        (said(**{"from": {"id": "28:another"}}), "another bot"),
        (said(**{"from": None}), "nobody"),
        (PERSONAL | {"type": "typing"}, "somebody types"),
        (PERSONAL | {"type": "event", "name": "application/vnd.microsoft.readReceipt", "value": {}}, "it was read"),
        (PERSONAL | {"type": "invoke", "name": "signin/verifyState", "value": {"state": "1"}}, "no request of ours"),
        (PERSONAL | {"type": "invoke", "name": "task/fetch", "value": {"data": {"other": 1}}}, "no button of ours"),
        ({}, "nothing"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_is_not_for_us_gets_no_reply(activity: Json, why: str) -> None:
    assert parse(activity, app_id=APP) is None


def test_what_is_clearly_a_command_is_one() -> None:
    inbound = heard(called("<at>Clearway</at> /challenges overdue at Cedar"))
    assert (inbound.action, inbound.door, inbound.text, inbound.key) == (
        "log.ask",
        Door.COMMAND,
        "overdue at Cedar",
        "",
    )
    assert inbound.source == Source(CHANNEL, thread_id=ROOT)


@pytest.mark.parametrize("words", ["challenges with the bus schedule make us late", "report cards are late", "/lunch"])
def test_what_may_be_a_report_is_a_message(words: str) -> None:
    assert heard(said(words)).action == "message.direct"


# --------------------------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<at>Clearway</at> the copier", "the copier"),
        ("<at>Clearway</at>: the copier", "the copier"),
        (" <at>Clearway</at> <at>Clearway</at>, the copier", "the copier"),
        ("the copier <at>Clearway</at>", "the copier"),
        ("can <at>Clearway</at> help?", "can Clearway help?"),
        ("<at>Clearway</at>", ""),
        ("the Clearway <at>Clearway</at> bot", "the Clearway Clearway bot"),
        ("<at>Clearway</at> 5 &lt; 6 &amp;&amp; 7 > 6", "5 < 6 && 7 > 6"),
        ("<at>Clearway</at>&nbsp;the copier\r\nand the fax\r\n", "the copier\nand the fax"),
        ("<at>Clearway</at> <b>bold</b> <br/>break", "<b>bold</b>\nbreak"),
        ("<at>Clearway</at> and <at>nobody</at>", "and nobody"),
    ],
)
def test_the_mention_that_calls_us_is_not_part_of_the_words(text: str, words: str) -> None:
    assert heard(called(text, entities=[mention()] * text.count("<at>Clearway"))).text == words


def test_our_mention_is_known_by_its_account_and_not_by_its_name() -> None:
    """Somebody may be called as we are, and we may be called otherwise."""
    both = [mention("Clearway", "29:carl"), mention("The Way", BOT)]
    inbound = heard(called("<at>Clearway</at> asks <at>The Way</at>", entities=both))
    assert inbound.text == "Clearway asks"
    assert parse(called("<at>Clearway</at> hi", entities=[mention("Clearway", "29:carl")])) is None


def test_two_of_one_name_are_told_apart_by_their_order() -> None:
    both = [mention("Clearway", "29:carl"), mention("Clearway", BOT)]
    assert heard(called("<at>Clearway</at> hi <at>Clearway</at>", entities=both)).text == "Clearway hi"


SPAN = '<span itemscope="" itemtype="http://schema.skype.com/Mention" itemid="{n}">{name}</span>'


@pytest.mark.parametrize(
    ("marked", "words"),
    [
        ("<p>The copier</p><p>and the fax</p>", "The copier\n\nand the fax"),
        ("<div><div>a&nbsp;b<br>c</div>\n</div>", "a b\nc"),
        ("<p>text &lt;data&gt; &amp;amp;</p>", "text <data> &amp;"),
        ("<ul><li>toner</li><li>paper</li></ul>", "- toner\n- paper"),
        ("<p>so <strong>very</strong> <em>late</em></p>", "so very late"),
        ('<p>hi <emoji id="smile" alt="🙂" title="Smile"></emoji></p>', "hi 🙂"),
        ('<p><img itemtype="http://schema.skype.com/Emoji" alt="😀" src="x"> <img alt="image" src="y"></p>', "😀"),
        ('<a href="https://a.example/b">https://a.example/b</a>', "https://a.example/b"),
        ('<a href="https://a.example/b">the plan</a>', "the plan (https://a.example/b)"),
        ('<a href="javascript:x">the plan</a>', "the plan"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("<p>one</p><script>two</script><attachment id='1'></attachment>three", "one\nthree"),
        ("5 < 6 > 4 <3", "5 < 6 > 4 <3"),
        ("<p>not closed <a href='https://a.example'>here", "not closed here (https://a.example)"),
        (f"{SPAN.format(n=0, name='Clearway')}&nbsp;the copier", "the copier"),
        (f"<p><span style='x'>{SPAN.format(n=0, name='Clearway')}</span> the copier</p>", "the copier"),
        (f"ask <b>{SPAN.format(n=0, name='Clearway')}</b> today", "ask Clearway today"),
    ],
)
def test_marks_become_what_somebody_would_read(marked: str, words: str) -> None:
    entities = [mention()] if "Mention" in marked else []
    assert heard(said("mere text", marked=marked, entities=entities)).text == words


def test_the_mere_text_counts_where_the_marked_one_lacks_a_mention() -> None:
    activity = called("<at>Clearway</at> the copier", marked="<p>&lt;at&gt;Clearway&lt;/at&gt; the copier</p>")
    assert heard(activity).text == "the copier"


def test_a_mention_of_somebody_else_is_their_name() -> None:
    marked = f"<p>{SPAN.format(n=0, name='Clearway')} ask {SPAN.format(n=1, name='Sam Lee')}</p>"
    activity = called(marked=marked, entities=[mention(), mention("Sam Lee", "29:sam")])
    assert heard(activity).text == "ask Sam Lee"


QUOTE = (
    '<blockquote itemscope="" itemtype="http://schema.skype.com/Reply" itemid="1790000000001">\r\n'
    '<strong itemprop="mri" itemid="28:x">Clearway</strong><span itemprop="time" itemid="1790000000001"></span>\r\n'
    '<p itemprop="preview">Challenge 42 <blockquote>inner</blockquote></p>\r\n</blockquote>\r\n<p>Done since Monday</p>'
)
QUOTED = {"type": "quotedReply", "quotedReply": {"messageId": ROOT, "senderId": BOT, "preview": "Challenge 42"}}


@pytest.mark.parametrize(
    "activity",
    [
        said("Done since Monday", marked=QUOTE),
        said(f'<quoted messageId="{ROOT}"/>\nDone since Monday'),
        said(f'<quoted messageId="{ROOT}"/>\nDone since Monday', marked=QUOTE, entities=[QUOTED]),
        said("Done since Monday", entities=[QUOTED]),
    ],
    ids=["as a blockquote", "as a mark", "as all of them", "as an entity"],
)
def test_a_reply_says_to_which_message_and_not_its_words(activity: Json) -> None:
    inbound = heard(activity)
    assert (inbound.door, inbound.source.thread_id, inbound.text) == (Door.THREAD, ROOT, "Done since Monday")


@pytest.mark.parametrize(
    "text",
    [
        *("<" * 100_000, "<at>" * 50_000, "<p " + 'a="' * 50_000, "<p a='" * 20_000, "<b>" * 50_000, " " * 100_000),
        *("<a href='https://x'>" * 10_000, "<at>Clearway</at>" * 20_000, "<blockquote itemtype='/Reply'>" * 10_000),
    ],
    ids=lambda each: each[:16],
)
def test_no_text_takes_long_to_read(text: str) -> None:
    heard(called(text, marked=text))


# -------------------------------------------------------------------------------------------------- edits and reactions


def test_an_edited_message_brings_its_new_words() -> None:
    edited = said("No, the fax", **{"type": "messageUpdate"})
    edited["channelData"] = edited["channelData"] | {"eventType": "editMessage"}
    inbound = heard(edited)
    key = f"message:{TENANT}:{CHAT}:{ID}"
    assert (inbound.action, inbound.text, inbound.door) == ("message.edited", "No, the fax", Door.DIRECT_MESSAGE)
    assert inbound.carry == {"message_key": key}
    assert inbound.key == f"{key}:message.edited:2026-10-12T14:05:00.007Z"


def test_a_deleted_message_is_named_by_its_key() -> None:
    deleted = IN_CHANNEL | {"type": "messageDelete", "id": ID}
    deleted["channelData"] = deleted["channelData"] | {"eventType": "softDeleteMessage"}
    inbound = heard(deleted)
    assert (inbound.action, inbound.text) == ("message.deleted", "")
    assert inbound.carry == {"message_key": f"message:{TENANT}:{CHANNEL}:{ID}"}


@pytest.mark.parametrize("event", ["undeleteMessage", "", "channelRenamed"])
def test_other_changes_of_messages_are_not_ours(event: str) -> None:
    changed = said("x", **{"type": "messageUpdate"})
    changed["channelData"] = changed["channelData"] | {"eventType": event}
    assert parse(changed) is None


def test_edits_of_ordinary_talk_are_not_ours() -> None:
    changed = said("x", IN_CHANNEL, **{"type": "messageUpdate"})
    changed["channelData"] = changed["channelData"] | {"eventType": "editMessage"}
    assert parse(changed) is None


def test_a_reaction_on_a_card_asks_to_see_it() -> None:
    reacted = PERSONAL | {
        "type": "messageReaction",
        "id": "f:1",
        "replyToId": ROOT,
        "reactionsAdded": [{"type": "like"}],
    }
    assert heard(reacted) == Inbound(WHO, "show", Door.EMOJI, source=Source(CHAT, ROOT, direct=True), app_id=APP)
    assert parse(reacted | {"reactionsAdded": [], "reactionsRemoved": [{"type": "like"}]}) is None


# -------------------------------------------------------------------------------------------- they come, and they go


@pytest.mark.parametrize(
    ("more", "action"),
    [
        ({"type": "installationUpdate", "action": "add"}, "account.back"),
        ({"type": "installationUpdate", "action": "add-upgrade"}, "account.back"),
        ({"type": "installationUpdate", "action": "remove"}, "account.gone"),
        ({"type": "conversationUpdate", "membersAdded": [{"id": DANA}, {"id": BOT}]}, "account.back"),
        ({"type": "conversationUpdate", "membersRemoved": [{"id": BOT}]}, "account.gone"),
    ],
)
def test_who_has_us_and_who_has_us_no_longer(more: Json, action: str) -> None:
    inbound = heard(PERSONAL | {"id": "f:5", **more})
    assert (inbound.action, inbound.identity, inbound.door) == (action, WHO, Door.OPERATOR)
    assert inbound.key == f"event:f:5:{action}"


@pytest.mark.parametrize(
    "activity",
    [
        IN_CHANNEL | {"type": "installationUpdate", "action": "remove"},
        IN_GROUP | {"type": "conversationUpdate", "membersRemoved": [{"id": BOT}]},
        PERSONAL | {"type": "conversationUpdate", "membersAdded": [{"id": DANA}]},
        PERSONAL | {"type": "conversationUpdate", "topicName": "New"},
        PERSONAL | {"type": "installationUpdate", "action": "other"},
    ],
)
def test_what_happens_elsewhere_makes_nobody_unreachable(activity: Json) -> None:
    assert parse(activity) is None


# --------------------------------------------------------------------------------------------------- message extension

PAYLOAD: Json = {
    "linkToMessage": f"https://teams.microsoft.com/l/message/{CHANNEL}/{ID}",
    "id": ID,
    "replyToId": None,
    "createdDateTime": "2026-10-12T14:05:00.002Z",
    "lastModifiedDateTime": None,
    "deleted": False,
    "subject": None,
    "summary": None,
    "importance": "normal",
    "locale": "en-us",
    "body": {
        "contentType": "html",
        "content": '<div><div><at id="0">Clearway</at> - ask <at id="1">Sam</at></div>\n</div>',
    },
    "from": {
        "device": None,
        "conversation": None,
        "user": {"userIdentityType": "aadUser", "id": "b130c271-d2eb-45f9-83ab-9eb3fe3788bc", "displayName": "Olo"},
        "application": None,
    },
    "reactions": [],
    "mentions": [
        {"id": 0, "mentionText": "Clearway", "mentioned": {"user": None, "application": {"id": APP}}},
        {"id": 1, "mentionText": "Sam", "mentioned": {"user": {"id": "aad-sam"}, "application": None}},
    ],
    "attachments": [],
}


def extension(command: str, at: Json = IN_CHANNEL, **more: Any) -> Json:
    context = {
        "commandId": command,
        "commandContext": "message",
        "requestId": "fe50f49e",
        "context": {"theme": "default"},
    }
    return at | {"type": "invoke", "name": "composeExtension/fetchTask", "id": "f:1", "value": context | more}


def test_the_action_on_a_message_names_its_author_and_link_but_reports_for_whom_picked_it() -> None:
    assert heard(extension("report_message", messagePayload=PAYLOAD)) == Inbound(
        WHO,
        "challenge.form",
        Door.MESSAGE_SHORTCUT,
        key="shortcut:fe50f49e",
        text="- ask Sam",
        source=Source(CHANNEL, ID, ROOT, PAYLOAD["linkToMessage"], "b130c271-d2eb-45f9-83ab-9eb3fe3788bc"),
        app_id=APP,
    )


def test_a_message_of_mere_text_is_read_as_it_is() -> None:
    body = {"contentType": "text", "content": "5 < 6 &amp; <b>"}
    assert heard(extension("report_message", messagePayload=PAYLOAD | {"body": body})).text == "5 < 6 &amp; <b>"


def test_in_a_chat_of_others_teams_does_not_say_which() -> None:
    nowhere = {name: value for name, value in IN_GROUP.items() if name != "conversation"}
    inbound = heard(extension("report_message", nowhere, messagePayload=PAYLOAD))
    assert inbound.source == Source("", ID, "", PAYLOAD["linkToMessage"], "b130c271-d2eb-45f9-83ab-9eb3fe3788bc")
    assert heard(extension("report", nowhere)).source == Source()


def test_a_link_that_is_none_is_made_by_us() -> None:
    inbound = heard(extension("report_message", messagePayload=PAYLOAD | {"linkToMessage": "javascript:x"}))
    assert inbound.source.link.startswith(f"https://teams.microsoft.com/l/message/{CHANNEL}/{ID}?")


def test_the_action_beside_the_box_brings_nothing_but_who() -> None:
    inbound = heard(extension("report", PERSONAL))
    assert (inbound.action, inbound.door, inbound.text) == ("challenge.form", Door.GLOBAL_SHORTCUT, "")
    assert parse(extension("another")) is None


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ([{"name": "words", "value": " overdue "}], "overdue"),
        ([{"name": "initialRun", "value": "true"}], ""),
        ([], ""),
    ],
)
def test_a_search_in_the_box_asks_for_challenges(parameters: list[Json], text: str) -> None:
    value = {"commandId": "challenges", "parameters": parameters, "queryOptions": {"skip": 0, "count": 25}}
    query = IN_GROUP | {"type": "invoke", "name": "composeExtension/query", "value": value}
    asked = heard(query)
    assert asked == Inbound(WHO, "log.find", Door.GLOBAL_SHORTCUT, text=text, app_id=APP, source=asked.source)
    assert (asked.source.conversation_id, asked.source.direct) == (IN_GROUP["conversation"]["id"], False)
    assert parse(query | {"value": value | {"commandId": "another"}}) is None


def test_a_search_in_a_form_asks_for_its_set() -> None:
    value = {"queryText": " sam ", "queryOptions": {"skip": 15, "top": 15}, "dataset": "people.search"}
    search = PERSONAL | {"type": "invoke", "name": "application/search", "value": value}
    asked = heard(search)
    assert asked == Inbound(WHO, "people.search", Door.BUTTON, text="sam", app_id=APP, source=asked.source)
    assert (asked.source.conversation_id, asked.source.direct) == (PERSONAL["conversation"]["id"], True)
    assert wanted(search) == (15, 15)
    assert wanted(search | {"value": {}}) == (0, 15)
    assert wanted(search | {"value": {"queryOptions": {"skip": -1, "top": 10**9}}}) == (0, 15)
    assert parse(search | {"value": value | {"dataset": "npm"}}) is None
    assert heard(search | {"conversation": {}}).source == Source()  # in a window of its own


# --------------------------------------------------------------------------------------------------- presses and forms

DATA = {"clearway": {"do": "take", "about": "c42", "item": "s|1", "version": 7}}


def execute(data: Json, at: Json = PERSONAL, **more: Any) -> Json:
    action = {"type": "Action.Execute", "id": "", "title": "I'll take it", "verb": "take", "data": data}
    value = {"action": action, "trigger": "manual"}
    return at | {
        "type": "invoke",
        "name": "adaptiveCard/action",
        "id": "f:1",
        "replyToId": ROOT,
        "value": value,
        **more,
    }


def test_a_press_says_what_about_what_and_where() -> None:
    assert heard(execute(DATA)) == Inbound(
        WHO,
        "take",
        Door.BUTTON,
        key="button:c42:s|1:7:take",
        challenge_id="c42",
        item="s|1",
        version=7,
        source=Source(CHAT, ROOT, direct=True),
        app_id=APP,
    )


def test_an_older_client_presses_by_a_message() -> None:
    by_message = PERSONAL | {"type": "message", "id": ID, "replyToId": ROOT, "value": DATA}
    assert heard(by_message) == heard(execute(DATA))


@pytest.mark.parametrize("name", ["task/fetch", "task/submit", "composeExtension/submitAction"])
def test_a_button_may_open_a_dialog_or_stand_in_one(name: str) -> None:
    value = {"data": DATA | {"msteams": {"type": "task/fetch"}}, "context": {"theme": "default"}, "commandId": "report"}
    assert heard(execute(DATA, name=name, value=value)) == heard(execute(DATA))


def test_without_a_version_the_message_counts() -> None:
    assert heard(execute({"clearway": {"do": "log.more", "item": "open"}})).key == f"button::open:0:log.more:{ROOT}"


def test_a_card_that_draws_itself_anew_does_nothing() -> None:
    again = heard(execute({"clearway": {"do": "card.refresh", "about": "c42"}}))
    assert (again.action, again.challenge_id, again.key) == ("card.refresh", "c42", "")


FORM = Form(
    "Report",
    "Send",
    Press("report", "c1", "i", 2),
    (TextField("what", "What"), Choices("tags", "Tags", (Option("a", "A"), Option("b", "B"))), DateField("by", "By"), NumberField("n", "N")),
    {"draft": "d1"},
)  # fmt: skip
OPENED = replace(heard(extension("report_message", messagePayload=PAYLOAD)))


def sent(typed: Json, name: str = "task/submit") -> Json:
    dialog = forms.dialog(FORM, opened_by=OPENED, once="o1")
    data = dialog["task"]["value"]["card"]["content"]["actions"][0]["data"] | typed
    return execute({}, name=name, value={"data": data, "context": {"theme": "default"}})


def test_a_form_comes_with_its_values_and_where_it_was_opened() -> None:
    typed = {
        "field.what": " The copier ",
        "field.tags": "a,b",
        "field.by": "2026-12-01",
        "field.n": "250",
        "other": "x",
    }
    assert heard(sent(typed)) == Inbound(
        WHO,
        "report",
        Door.MESSAGE_SHORTCUT,
        key="form:o1",
        challenge_id="c1",
        item="i",
        version=2,
        fields={"what": "The copier", "tags": ["a", "b"], "by": "2026-12-01", "n": "250"},
        carry={"draft": "d1"},
        source=OPENED.source,
        app_id=APP,
    )


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ({"field.tags": "a,unknown,"}, {"tags": ["a"]}),
        ({"field.by": "tomorrow"}, {"by": "tomorrow"}),
        ({"field.by": ""}, {"by": ""}),
        ({"field.n": 12.5}, {"n": "12.5"}),
        ({"field.n": -3}, {"n": "-3"}),
        ({"field.what": None}, {"what": ""}),
        ({"field.what": "a\r\nb"}, {"what": "a\nb"}),
    ],
)
def test_what_clients_make_of_a_field_is_put_right(typed: Json, fields: Json) -> None:
    assert heard(sent(typed)).fields == {"what": "", "tags": [], "by": "", "n": ""} | fields


def test_only_what_was_sent_by_a_form_is_a_form() -> None:
    filled = form_of(sent({"field.what": "typed"}))
    assert filled is not None
    assert filled.form.fields[0] == TextField("what", "What", "typed")
    assert form_of(execute(DATA)) is None
    assert form_of(said()) is None


# ------------------------------------------------------------------------------------------------- what is no activity


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        ("hello", "activity"),
        ([], "activity"),
        (said(text=5), "text"),
        (said(**{"from": "Dana"}), "from"),
        (said(id=None), "id"),
        (said(conversation={"conversationType": "personal", "id": CHAT}, channelData=None), "tenant"),
        (said(conversation={"conversationType": "personal", "tenantId": TENANT}), "conversation"),
        (said(entities={"type": "mention"}), "entities"),
        (execute({"clearway": "take"}), "clearway"),
        (execute({"clearway": {}}), "do"),
        (execute({"clearway": {"do": "take", "version": "7"}}), "version"),
        (execute({"clearway": {"do": "take", "version": True}}), "version"),
        (execute({"clearway": {"form": "none"}}), "form"),
        (execute(DATA, value=[]), "value"),
        (sent({"field.what": ["x"]}), "what"),
        (sent({"field.n": 10**40}), "n"),
    ],
)
def test_what_is_no_activity_is_refused_by_the_name_of_its_part(broken: Any, named: str) -> None:
    with pytest.raises(BrokenActivityError) as refused:
        parse(broken)
    assert str(refused.value) == named


SAMPLES: list[Json] = [
    said(marked=QUOTE, entities=[QUOTED, CLIENT]),
    called(marked=f"<p>{SPAN.format(n=0, name='Clearway')} hi</p>"),
    PERSONAL | {"type": "messageUpdate", "id": ID, "text": "x", "channelData": {"eventType": "editMessage", "tenant": {"id": TENANT}}},
    PERSONAL | {"type": "messageReaction", "replyToId": ROOT, "reactionsAdded": [{"type": "like"}]},
    PERSONAL | {"type": "installationUpdate", "id": "f:1", "action": "remove"},
    PERSONAL | {"type": "conversationUpdate", "id": "f:1", "membersAdded": [{"id": BOT}]},
    extension("report_message", messagePayload=PAYLOAD),
    extension("report"),
    IN_GROUP | {"type": "invoke", "name": "composeExtension/query", "value": {"commandId": "challenges", "parameters": [{"name": "words", "value": "x"}]}},
    PERSONAL | {"type": "invoke", "name": "application/search", "value": {"queryText": "x", "dataset": "people.search", "queryOptions": {"skip": 0, "top": 15}}},
    execute(DATA),
    sent({"field.what": "x", "field.tags": "a", "field.by": "2026-12-01", "field.n": 5}),
    sent({"field.what": "x"}, name="composeExtension/submitAction"),
]  # fmt: skip
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.text(string.punctuation, max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=10,
)


def places(found: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    return [path, *(deep for name, each in inside for deep in places(each, (*path, name)))]


@st.composite
def damaged(draw: st.DrawFn) -> Json:
    """An activity as Teams sends it, with some of its parts lost or replaced."""
    activity = deepcopy(draw(st.sampled_from(SAMPLES)))
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(places(activity)[1:]))
        inside: Any = activity
        for name in way:
            inside = inside[name]
        if draw(st.booleans()) and isinstance(inside, dict):
            del inside[last]
        else:
            inside[last] = draw(anything)
    return activity


def taken(activity: Any) -> None:
    """It is understood, or is nothing to us, or is refused: it is never another exception."""
    for read in (parse, form_of, wanted, words_of, tenant_of, bot_of, is_personal):
        try:
            found = read(activity)
        except BrokenActivityError:
            continue
        assert found is None or isinstance(found, Inbound | Said | tuple | str | bool) or found.form


def test_halves_of_characters_break_nothing() -> None:
    cut = called("<at>Clearway</at> \ud83d", id="\ud83d", conversation=IN_CHANNEL["conversation"] | {"id": "19:\ud83d"})
    assert heard(cut).source.link.startswith("https://teams.microsoft.com/l/message/19:")


@settings(max_examples=300)
@given(damaged())
def test_a_damaged_activity_is_taken_or_refused(activity: Json) -> None:
    taken(activity)


@given(st.dictionaries(st.sampled_from(["type", "name", "value", "from", "conversation", "text"]), anything))
def test_anything_at_all_is_taken_or_refused(activity: Json) -> None:
    taken(activity)
    taken(activity | {"type": "invoke", "name": "adaptiveCard/action"})


@settings(max_examples=300)
@given(st.text("<>/abprst=\"' at&;\n", max_size=300), st.lists(st.sampled_from(["Clearway", "Sam", ""]), max_size=3))
def test_any_text_is_read(text: str, names: list[str]) -> None:
    entities = [mention(name, BOT if name == "Clearway" else "29:x") for name in names]
    found = words_of(said(text, marked=text, entities=entities))
    assert found.text == found.text.strip()
