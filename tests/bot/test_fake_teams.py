"""Our own Teams: it refuses what Microsoft's would, and people in it do what Teams would send."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import jwt
import pytest
from aiohttp import web

from tests.fakes.teams import FakeTeams, ShownForm, TeamsPerson, Tenant
from tests.fakes.teams.server import SCOPE

Json = dict[str, Any]


def text_card(*elements: Json, **more: Any) -> Json:
    body = [{"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": "Dana Lee has it."}]}, *elements]
    said = "Dana Lee has it."
    return {"type": "AdaptiveCard", "version": "1.5", "fallbackText": said, "speak": said, "body": body, **more}


def message(card: Json) -> Json:
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "summary": "Dana Lee has it.", "attachments": [attachment]}


def button(title: str, do: str, **more: Any) -> Json:
    data = {"clearway": {"do": do, "about": "c42"}}
    submit = {"type": "Action.Submit", "title": title, "data": data}
    return {"type": "Action.Execute", "title": title, "verb": do, "data": data, "fallback": submit, **more}


@dataclass
class Stand:
    """The fake, one person, and an app that answers as it is told."""

    teams: FakeTeams
    tenant: Tenant
    dana: TeamsPerson
    heard: list[Json] = field(default_factory=list)
    answers: list[Json] = field(default_factory=list)
    token: str = ""

    async def hear(self, request: web.Request) -> web.Response:
        self.heard.append(await request.json())
        return web.json_response(self.answers.pop(0)) if self.answers else web.Response()

    async def log_in(self, tenant: Tenant | None = None, *, at: str = "", **other: str) -> tuple[int, Json]:
        tenant = tenant or self.tenant
        form = {
            "grant_type": "client_credentials",
            "client_id": tenant.app_id,
            "client_secret": tenant.password,
            "scope": SCOPE,
        }
        url = f"{self.teams.login_url}/{at or tenant.id}/oauth2/v2.0/token"
        async with self.teams.session.post(url, data=form | other) as answer:
            said = await answer.json()
        self.token = said.get("access_token", "")
        return answer.status, said

    async def call(self, method: str, path: str, body: Json | None = None) -> tuple[int, Json]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        url = f"{self.teams.service_url}v3/conversations{path}"
        async with self.teams.session.request(method, url, json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def create(self, member: str) -> tuple[int, Json]:
        known = {"tenantId": self.tenant.id, "channelData": {"tenant": {"id": self.tenant.id}}}
        return await self.call("POST", "", {"bot": {"id": self.tenant.bot_id}, "members": [{"id": member}], **known})

    async def send(self, card: Json) -> str:
        status, said = await self.call("POST", f"/{self.dana.chat.id}/activities", message(card))
        assert status == 201
        return str(said["id"])


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    async with FakeTeams() as teams:
        tenant = teams.tenant()
        made = Stand(teams, tenant, TeamsPerson(tenant, "Dana Lee", "29:dana"))
        app = web.Application()
        app.router.add_post("/api/messages", made.hear)
        await teams.serve(app)
        await made.log_in()
        yield made


# ----------------------------------------------------------------------------------------------------------- the server


async def test_it_gives_tokens_to_its_own_apps_only(stand: Stand) -> None:
    other = stand.teams.tenant("00000000-0000-4000-8000-0000000000bb", "c1ea4a7e-0000-4000-8000-000000000002")
    assert (await stand.log_in())[0] == 200
    assert (await stand.log_in(other))[0] == 200
    assert (await stand.log_in(client_secret="another"))[0] == 401
    assert (await stand.log_in(at=other.id))[0] == 400
    stand.teams.check()
    assert (await stand.log_in(scope="https://graph.microsoft.com/.default"))[0] == 400
    assert stand.teams.violations


async def test_a_call_without_a_token_is_a_mistake_and_one_with_an_old_token_is_none(stand: Stand) -> None:
    stand.teams.revoke_tokens()
    assert (await stand.create("29:dana"))[0] == 401
    stand.teams.check()
    stand.token = ""
    assert (await stand.create("29:dana"))[0] == 401
    assert stand.teams.violations


async def test_a_chat_is_the_same_each_time_by_either_id(stand: Stand) -> None:
    status, made = await stand.create("29:dana")
    assert (status, made["id"]) == (201, stand.dana.chat.id)
    assert (await stand.create(stand.dana.account.directory_id))[1] == made
    assert (await stand.create("29:nobody"))[0] == 400
    assert (await stand.create("00000000-0000-4000-8000-00000000ffff"))[0] == 404


async def test_who_has_not_installed_or_has_blocked_the_bot_cannot_be_reached(stand: Stand) -> None:
    stand.dana.account.installed = False
    status, said = await stand.create("29:dana")
    assert (status, said["error"]["code"]) == (403, "BotNotInConversationRoster")
    stand.dana.account.installed = True
    await stand.create("29:dana")
    await stand.dana.block()
    status, said = await stand.call("POST", f"/{stand.dana.chat.id}/activities", message(text_card()))
    assert (status, "MessageWritesBlocked" in said["message"]) == (403, True)


async def test_messages_are_kept_edited_and_deleted(stand: Stand) -> None:
    await stand.create("29:dana")
    sent = await stand.send(text_card(button_row("Take it", "take")))
    assert list(stand.dana.last_card.buttons) == ["Take it"]
    path = f"/{stand.dana.chat.id}/activities/{sent}"
    assert await stand.call("PUT", path, message(text_card())) == (200, {"id": sent})
    assert not stand.dana.last_card.buttons
    assert stand.dana.last_card.post.edits == 1
    assert (await stand.call("DELETE", path))[0] == 200
    assert stand.dana.cards == []
    assert (await stand.call("PUT", path, message(text_card())))[0] == 404


async def test_a_bot_changes_its_own_messages_only_and_those_of_its_tenant(stand: Stand) -> None:
    theirs = await stand.dana.dm("Hello")
    assert (await stand.call("PUT", f"/{stand.dana.chat.id}/activities/{theirs.id}", message(text_card())))[0] == 403
    other = stand.teams.tenant("00000000-0000-4000-8000-0000000000bb", "c1ea4a7e-0000-4000-8000-000000000002")
    await stand.log_in(other)
    assert (await stand.call("POST", f"/{stand.dana.chat.id}/activities", message(text_card())))[0] == 404


async def test_an_answer_in_a_channel_stands_in_its_thread(stand: Stand) -> None:
    asked = await stand.dana.mention("Who has it?", "General")
    channel = asked.conversation.id
    await stand.call("POST", f"/{channel};messageid={asked.id}/activities", message(text_card()))
    await stand.call("POST", f"/{channel}/activities/{asked.id}", message(text_card()))
    assert [each.root for each in stand.dana.in_channel()] == [asked.id, asked.id]
    assert stand.dana.cards == []


async def test_the_limits_of_a_thread_hold_where_they_are_wanted(stand: Stand) -> None:
    await stand.create("29:dana")
    path = f"/{stand.dana.chat.id}/activities"
    for _ in range(10):
        assert (await stand.call("POST", path, message(text_card())))[0] == 201
    stand.teams.throttles = True
    assert (await stand.call("POST", path, message(text_card())))[0] == 429


async def test_failures_come_as_ordered_before_or_after_the_work(stand: Stand) -> None:
    await stand.create("29:dana")
    path = f"/{stand.dana.chat.id}/activities"
    stand.teams.fail("send", status=502)
    assert (await stand.call("POST", path, message(text_card())))[0] == 502
    assert stand.dana.cards == []
    stand.teams.fail("send", status=504, done=True)
    assert (await stand.call("POST", path, message(text_card())))[0] == 504
    assert len(stand.dana.cards) == 1


async def test_members_are_told_page_by_page_and_guests_are_named_as_such(stand: Stand) -> None:
    TeamsPerson(stand.tenant, "Gus Guest", "29:gus", guest=True)
    channel = stand.tenant.channel("General")
    status, gus = await stand.call("GET", f"/{channel.id}/members/29:gus")
    assert (status, gus["userRole"], gus["tenantId"]) == (200, "guest", stand.tenant.id)
    assert (await stand.call("GET", f"/{channel.id}/members/29:nobody"))[0] == 404
    first = (await stand.call("GET", f"/{channel.id}/pagedmembers?pageSize=1"))[1]
    more = await stand.call(
        "GET", f"/{channel.id}/pagedmembers?pageSize=1&continuationToken={first['continuationToken']}"
    )
    assert [each["name"] for each in (*first["members"], *more[1]["members"])] == ["Dana Lee", "Gus Guest"]
    assert "continuationToken" not in more[1]


async def test_a_call_that_nobody_thought_of_fails_the_test(stand: Stand) -> None:
    assert (await stand.call("GET", "/19:team@thread.tacv2/members"))[0] == 404
    with pytest.raises(AssertionError, match="nothing of ours calls this"):
        stand.teams.check()


async def test_activities_come_with_a_token_that_its_keys_verify(stand: Stand) -> None:
    async with stand.teams.session.get(stand.teams.openid_metadata_url) as found:
        keys = (await found.json())["jwks_uri"]
    async with stand.teams.session.get(keys) as found:
        published = {each["kid"]: jwt.PyJWK(each) for each in (await found.json())["keys"]}
    token = stand.teams.token(stand.tenant)
    key = published[jwt.get_unverified_header(token)["kid"]]
    said = jwt.decode(
        token, key, algorithms=["RS256"], audience=stand.tenant.app_id, issuer="https://api.botframework.com"
    )
    assert said["serviceurl"] == stand.teams.service_url
    stand.teams.rotate_keys(keep=False)
    assert jwt.get_unverified_header(stand.teams.token(stand.tenant))["kid"] not in published


# -------------------------------------------------------------------------------------------------------- its people


def button_row(*labels: str) -> Json:
    pairs = zip(labels[::2], labels[1::2], strict=True)
    return {"type": "ActionSet", "actions": [button(label, do) for label, do in pairs]}


async def test_words_arrive_as_teams_sends_them(stand: Stand) -> None:
    await stand.dana.dm("The printer is broken & loud")
    said = stand.heard[-1]
    assert (said["type"], said["text"], said["channelId"]) == ("message", "The printer is broken & loud", "msteams")
    assert said["conversation"] == {
        "conversationType": "personal",
        "tenantId": stand.tenant.id,
        "id": stand.dana.chat.id,
    }
    assert said["attachments"][0]["content"] == "<p>The printer is broken &amp; loud</p>"
    assert said["channelData"]["tenant"]["id"] == stand.tenant.id
    await stand.dana.mention("the printer again", "General")
    said = stand.heard[-1]
    assert said["text"] == "<at>Clearway</at> the printer again"
    assert said["entities"][-1]["mentioned"]["id"] == stand.tenant.bot_id
    assert said["conversation"]["id"] == f"19:general@thread.tacv2;messageid={said['id']}"


async def test_ordinary_talk_does_not_arrive(stand: Stand) -> None:
    await stand.dana.say("Lunch was great", "General")
    assert stand.heard == []


async def test_a_press_sends_what_stands_in_the_button_and_in_the_fields(stand: Stand) -> None:
    await stand.create("29:dana")
    fields = {"type": "Input.Text", "id": "field.note", "label": "Note"}
    sent = await stand.send(text_card(fields, {"type": "ActionSet", "actions": [button("Save", "progress")]}))
    await stand.dana.fill({"Note": "It goes on."})
    stand.answers = [{"statusCode": 200, "type": "application/vnd.microsoft.card.adaptive", "value": text_card()}]
    await stand.dana.click("Save")
    said = stand.heard[-1]
    assert (said["name"], said["replyToId"], said["value"]["trigger"]) == ("adaptiveCard/action", sent, "manual")
    assert said["value"]["action"]["verb"] == "progress"
    assert said["value"]["action"]["data"] == {
        "clearway": {"do": "progress", "about": "c42"},
        "field.note": "It goes on.",
    }
    assert not stand.dana.last_card.buttons  # the answer stands in its place, for this person


async def test_an_old_client_sends_a_message_and_one_that_asks_first_sends_what_says_yes(stand: Stand) -> None:
    await stand.create("29:dana")
    inner = text_card({"type": "ActionSet", "actions": [button("Withdraw", "withdraw")]})
    await stand.send(
        text_card(
            button_row("Take it", "take"), actions=[{"type": "Action.ShowCard", "title": "Withdraw", "card": inner}]
        )
    )
    await stand.dana.click("Take it", old_client=True)
    assert (stand.heard[-1]["type"], stand.heard[-1]["value"]["clearway"]["do"]) == ("message", "take")
    assert "text" not in stand.heard[-1]
    stand.answers = [{"statusCode": 200, "type": "application/vnd.microsoft.activity.message", "value": "Done."}]
    await stand.dana.click("Withdraw")
    assert stand.heard[-1]["value"]["action"]["verb"] == "withdraw"
    assert stand.dana.last_answer.text == "Done."


def opened(stand: Stand) -> ShownForm:
    assert stand.dana.form is not None
    return stand.dana.form


def dialog(*elements: Json) -> Json:
    send = {"type": "Action.Submit", "title": "Send", "data": {"clearway": {"form": "x", "once": "y"}}}
    content = text_card(*elements, actions=[send])
    card = {"contentType": "application/vnd.microsoft.card.adaptive", "content": content}
    return {
        "task": {"type": "continue", "value": {"title": "Report", "height": "medium", "width": "medium", "card": card}}
    }


async def test_a_dialog_is_filled_shows_what_is_wrong_and_closes(stand: Stand) -> None:
    what = {"type": "Input.Text", "id": "field.what", "label": "What?", "isRequired": True, "errorMessage": "Please."}
    kind = {
        "type": "Input.ChoiceSet",
        "id": "field.type",
        "label": "Type",
        "isMultiSelect": True,
        "choices": [{"title": "Time", "value": "time"}, {"title": "Staffing", "value": "staffing"}],
    }
    wrong = {
        "type": "RichTextBlock",
        "id": "field.what.error",
        "inlines": [{"type": "TextRun", "text": "Too short.", "color": "Attention"}],
    }
    stand.answers = [dialog(what, kind), dialog(what | {"value": "x"}, wrong, kind), {}]
    await stand.dana.shortcut()
    assert stand.heard[-1]["name"] == "composeExtension/fetchTask"
    assert opened(stand).labels == ("What?", "Type")
    with pytest.raises(AssertionError, match="empty"):
        await stand.dana.submit({})
    await stand.dana.submit({"What?": "x", "Type": ["Time", "Staffing"]})
    sent = stand.heard[-1]["value"]["data"]
    assert (sent["field.what"], sent["field.type"]) == ("x", "time,staffing")
    assert stand.heard[-1]["name"] == "composeExtension/submitAction"
    assert opened(stand).errors == {"What?": "Too short."}
    assert opened(stand).values["What?"] == "x"
    await stand.dana.submit({"What?": "Longer."})
    assert stand.dana.dialog is None


async def test_a_reply_quotes_the_message_as_teams_does(stand: Stand) -> None:
    await stand.create("29:dana")
    sent = await stand.send(text_card())
    await stand.dana.reply("Thank you", stand.dana.last_card)
    said = stand.heard[-1]
    assert said["text"] == f'<quoted messageId="{sent}"/>\nThank you'
    assert said["entities"][-1]["quotedReply"]["messageId"] == sent


async def test_an_edit_and_a_deletion_are_told(stand: Stand) -> None:
    said = await stand.dana.dm("First words")
    await stand.dana.edit(said, "Other words")
    assert (stand.heard[-1]["type"], stand.heard[-1]["id"], stand.heard[-1]["text"]) == (
        "messageUpdate",
        said.id,
        "Other words",
    )
    await stand.dana.delete(said)
    assert (stand.heard[-1]["type"], "text" in stand.heard[-1]) == ("messageDelete", False)
    assert stand.heard[-1]["channelData"]["eventType"] == "softDeleteMessage"


async def test_a_double_click_is_two_presses_and_a_delivery_again_is_one(stand: Stand) -> None:
    await stand.create("29:dana")
    await stand.send(text_card(button_row("Take it", "take")))
    told = {"statusCode": 200, "type": "application/vnd.microsoft.activity.message", "value": "Done."}
    stand.answers = [told, told, told]
    await stand.dana.click("Take it", copies=2)
    first, second = stand.heard[-2:]
    assert first["id"] != second["id"]
    assert first["value"] == second["value"]
    await stand.dana.redeliver()
    assert stand.heard[-1]["id"] == first["id"]
