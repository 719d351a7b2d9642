"""The Slack room, by signed HTTP and by socket: what gets in, what people see, and what happens when things fail."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from slack_sdk.signature import Clock

from bot.slack.app import SlackRoom, SlackStartError
from bot.transport import Address, TryLaterError
from handlers.cards.model import Button, Buttons, Card, Form, Option, Press, TextField, Words
from handlers.request import Reply
from storage.vocabulary import Door, Platform
from tests.bot.slack_stand import RECEIPT, REPORT, SENTENCE, Stand, StubGateway, registration, slack_stand
from tests.fakes.slack import FakeSlack, Shown, SlackPerson
from tests.fakes.slack.person import Sent, sign


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    async with slack_stand() as made:
        yield made


@pytest.fixture(params=["http", "socket"])
async def any_stand(request: pytest.FixtureRequest) -> AsyncIterator[Stand]:
    async with slack_stand(socket=request.param == "socket") as made:
        yield made


# ------------------------------------------------------------------------------------------------- who is let in

HELLO = Sent(
    "events_api",
    {
        "type": "event_callback",
        "api_app_id": "ACLEARWAY",
        "team_id": "TLARKSPUR",
        "event_id": "Ev1",
        "event": {"type": "message", "channel_type": "im", "channel": "D1", "user": "U1", "text": "hello", "ts": "1.1"},
    },
)


async def post(stand: Stand, body: str, headers: dict[str, str]) -> int:
    headers = {"Content-Type": "application/json", **headers}
    async with stand.slack.session.post(stand.slack.events_url, data=body.encode(), headers=headers) as response:
        return response.status


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda body, secret, now: (body, sign("another secret", body)), id="another app's secret"),
        pytest.param(lambda body, secret, now: (body, sign(secret, body, timestamp=now - 301)), id="five minutes old"),
        pytest.param(lambda body, secret, now: (body, sign(secret, body, timestamp=now + 90)), id="from the future"),
        pytest.param(lambda body, secret, now: (body + " ", sign(secret, body)), id="altered body"),
        pytest.param(lambda body, secret, now: (body, {}), id="no headers"),
        pytest.param(lambda body, secret, now: (body, {"X-Slack-Request-Timestamp": str(now)}), id="no signature"),
        pytest.param(
            lambda body, secret, now: (body, {"X-Slack-Signature": sign(secret, body)["X-Slack-Signature"]}),
            id="no timestamp",
        ),
        pytest.param(
            lambda body, secret, now: (body, sign(secret, body) | {"X-Slack-Request-Timestamp": "soon"}),
            id="timestamp is no number",
        ),
        pytest.param(lambda body, secret, now: (body, sign(secret, body, signature="v0=ü")), id="signature not ASCII"),
        pytest.param(
            lambda body, secret, now: ("ssl_check=1&token=x", sign("no", "")), id="a certificate check, unsigned"
        ),
        pytest.param(
            lambda body, secret, now: (body.replace("ACLEARWAY", "AOTHER"), sign("no", "")), id="an app we do not know"
        ),
        pytest.param(lambda body, secret, now: ("{", sign(secret, "{")), id="broken JSON"),
        pytest.param(lambda body, secret, now: ("payload=[1]", sign(secret, "payload=[1]")), id="a list for a payload"),
        pytest.param(lambda body, secret, now: ("[" * 100_000, sign(secret, "[" * 100_000)), id="brackets without end"),
    ],
)
async def test_what_slack_did_not_sign_is_refused_unread(stand: Stand, spoil: Any) -> None:
    body, _ = HELLO.encoded()
    spoilt, headers = spoil(body, stand.workspace.signing_secret, int(Clock().now()))

    assert await post(stand, spoilt, headers) == 401
    assert stand.gateway.heard == []


async def test_no_word_in_a_body_gets_it_past_the_signature() -> None:
    async with slack_stand(app_id="ACLEARWAY") as stand:
        body = "ssl_check=1&token=x&api_app_id=ACLEARWAY"
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert await post(stand, body, form | sign("another secret", body)) == 401


async def test_a_clock_a_little_ahead_is_no_reason_to_refuse(stand: Stand) -> None:
    body, _ = HELLO.encoded()
    ahead = sign(stand.workspace.signing_secret, body, timestamp=int(Clock().now()) + 30)
    assert await post(stand, body, ahead) == 200
    assert stand.gateway.actions == ["message.direct"]


async def test_slack_may_verify_the_address_once_it_signs(stand: Stand) -> None:
    body = '{"type": "url_verification", "challenge": "c-1", "token": "t"}'
    headers = {"Content-Type": "application/json", **sign(stand.workspace.signing_secret, body)}
    async with stand.slack.session.post(stand.slack.events_url, data=body, headers=headers) as response:
        assert (response.status, await response.json()) == (200, {"challenge": "c-1"})
    assert await post(stand, body, sign("another secret", body)) == 401


async def test_the_app_id_is_learned_from_a_verified_request_only(stand: Stand) -> None:
    body, _ = HELLO.encoded()
    forged = body.replace("ACLEARWAY", "AFORGED")
    await post(stand, forged, sign("another secret", forged))
    assert [each.app_id for each in stand.learned] == [""]  # at the start: the workspace, by auth.test

    await stand.person().dm("hello")
    assert stand.learned[-1].app_id == "ACLEARWAY"
    assert stand.learned[-1].workspace_id == "TLARKSPUR"
    assert stand.learned[-1].bot_user_id == stand.workspace.bot_user_id


async def test_each_workspace_is_heard_by_its_own_registration() -> None:
    async with FakeSlack() as slack:
        here, there = slack.workspace(), slack.workspace("TCEDAR", "cedar-falls", "AOTHER")
        gateway = StubGateway()
        room = SlackRoom(
            [registration(each, app_id=each.app_id) for each in (here, there)], gateway, api_url=slack.api_url
        )
        await room.start()
        stand = Stand(slack, there, gateway, room, "")
        app = web.Application()
        app.add_routes(room.routes())
        await slack.serve(app)
        await stand.person().dm("hello")
        assert [each.identity.workspace_id for each in gateway.heard] == ["TCEDAR"]
        # One app's secret does not open another app's door.
        there.signing_secret = here.signing_secret
        await stand.person("Ann").dm("hello")
        assert len(gateway.heard) == 1
        await room.close()


async def test_a_token_that_slack_refuses_stops_the_start_with_the_cure() -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace()
        room = SlackRoom([registration(workspace, bot_token="xoxb-old")], StubGateway(), api_url=slack.api_url)
        with pytest.raises(SlackStartError, match=r"invalid_auth.*SLACK_BOT_TOKEN"):
            await room.start()


async def test_a_registration_that_is_known_starts_although_slack_is_down() -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace()
        slack.fail("auth.test", status=503)
        known = registration(workspace, workspace_id="TLARKSPUR", bot_user_id=workspace.bot_user_id)
        room = SlackRoom([known], StubGateway(), api_url=slack.api_url)
        await room.start()
        await room.close()


async def test_a_token_that_slack_refuses_stops_a_known_registration_too() -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace()
        known = registration(workspace, bot_token="xoxb-old", workspace_id="TLARKSPUR", bot_user_id="UBOT")
        with pytest.raises(SlackStartError, match=r"invalid_auth"):
            await SlackRoom([known], StubGateway(), api_url=slack.api_url).start()


async def test_one_refused_token_of_several_does_not_stop_the_others() -> None:
    async with FakeSlack() as slack:
        here = slack.workspace()
        rooms = [registration(here), registration(here, bot_token="xoxb-old", workspace_id="TGONE")]
        room = SlackRoom(rooms, StubGateway(), api_url=slack.api_url)
        await room.start()
        assert not await room.ready()
        await room.close()


async def test_it_starts_while_slack_cannot_be_reached_and_is_ready_once_it_is_introduced() -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace()
        introduced = asyncio.Event()

        async def met(workspace_ids: Sequence[str]) -> None:
            assert workspace_ids[0] == "TLARKSPUR"
            introduced.set()

        slack.fail("auth.test", times=3, status=503)
        room = SlackRoom([registration(workspace)], StubGateway(), api_url=slack.api_url, on_introduced=met)
        room.ask_again_s = (0.01,)
        await room.start()
        assert not await room.ready()
        with pytest.raises(TryLaterError):  # it may be a workspace of ours: nothing is given up
            await room.transport.send(Address(Platform.SLACK, "TLARKSPUR", "U1"), RECEIPT, delivery_id="d")
        await asyncio.wait_for(introduced.wait(), 10)
        assert await room.ready()
        await room.close()


async def test_an_app_level_token_that_slack_refuses_stops_the_start_with_the_cure() -> None:
    async with FakeSlack() as slack:
        room = SlackRoom([registration(slack.workspace(), app_token="xapp-old")], StubGateway(), api_url=slack.api_url)
        await room.start()
        with pytest.raises(SlackStartError, match=r"app-level token \(invalid_auth\).*SLACK_APP_TOKEN"):
            await room.start_socket_mode()
        assert not await room.ready()
        await room.close()


async def test_a_socket_that_slack_does_not_give_yet_is_asked_for_again() -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace()
        slack.fail("apps.connections.open", times=3, status=503)
        room = SlackRoom([registration(workspace, app_token=workspace.app_token)], StubGateway(), api_url=slack.api_url)
        room.ask_again_s = (0.01,)
        await room.start()
        await room.start_socket_mode()
        assert not await room.ready()
        await asyncio.wait_for(workspace.linked.wait(), 10)
        for _ in range(500):
            if await room.ready():
                break
            await asyncio.sleep(0.01)
        assert await room.ready()
        await room.close()


def test_secrets_do_not_show_in_the_registration() -> None:
    shown = repr(registration(FakeSlack().workspace(), app_token="xapp-secret"))
    assert "xoxb" not in shown
    assert "secret" not in shown


async def test_the_environment_of_a_later_install_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"):
        monkeypatch.setenv(name, "x")
    async with slack_stand() as stand:
        await stand.person().dm("hello")
        assert stand.gateway.actions == ["message.direct"]


# ------------------------------------------------------------------------------------------------------ what people see


async def test_a_command_opens_the_form_and_what_is_typed_arrives(any_stand: Stand) -> None:
    dana, gateway = any_stand.person(), any_stand.gateway
    gateway.on["challenge.form"] = lambda asked: Reply(
        form=replace(REPORT, fields=(TextField("what", "What is in the way?", value=asked.text), *REPORT.fields[1:]))
    )
    gateway.on["people.search"] = Reply(options=(Option("p-1", "Sam Lee"), Option("p-2", "Priya Rao")))

    await dana.command("/challenge No <paper> & no toner")
    assert dana.form is not None
    assert dana.form.values["What is in the way?"] == "No <paper> & no toner"
    await dana.submit(
        {"Dollars": 250, "Type": "Staffing", "Whom does it concern?": "Priya Rao", "Who sees your name": ["yes"]}
    )

    assert dana.window is None
    sent = gateway.heard[-1]
    assert (sent.action, sent.door, sent.carry) == ("report", Door.COMMAND, {"draft": "d1"})
    assert sent.fields == {
        "what": "No <paper> & no toner",
        "amount": "250",
        "type": "staffing",
        "about": "p-2",
        "confidential": ["yes"],
    }
    assert gateway.heard[1].text == "Priya Rao"
    assert sent.key.startswith("form:")


async def test_a_question_is_answered_privately_in_the_acknowledgement(any_stand: Stand) -> None:
    dana = any_stand.person()
    any_stand.gateway.on["log.ask"] = Reply(RECEIPT)
    await dana.command("/challenges overdue")
    assert dana.last_answer.title == "Challenge 42"
    assert dana.last_answer.buttons == ("Add details",)
    assert any_stand.gateway.heard[-1].text == "overdue"
    assert any_stand.slack.called("response_url") == []


async def test_the_shortcut_on_a_message_carries_its_link_through_the_form(any_stand: Stand) -> None:
    ann, dana, gateway = any_stand.person("Ann"), any_stand.person(), any_stand.gateway
    gateway.on["challenge.form"] = lambda asked: Reply(
        form=replace(REPORT, fields=(TextField("what", "What", value=asked.text),))
    )
    talk = await ann.say("The copier is <broken>")
    assert gateway.heard == []

    await dana.report_message(talk)
    await dana.submit()
    sent = gateway.heard[-1]
    assert sent.fields == {"what": "The copier is <broken>"}
    assert (sent.door, sent.source.link, sent.source.author_id) == (Door.MESSAGE_SHORTCUT, talk.link, ann.user_id)


async def test_the_global_shortcut_opens_the_form(any_stand: Stand) -> None:
    dana = any_stand.person()
    any_stand.gateway.on["challenge.form"] = Reply(form=REPORT)
    await dana.shortcut()
    assert dana.form is not None
    await dana.submit({"What is in the way?": "Heat"})
    assert any_stand.gateway.heard[-1].door is Door.GLOBAL_SHORTCUT


async def test_errors_stand_at_their_fields_and_keep_what_was_typed(any_stand: Stand) -> None:
    dana, gateway = any_stand.person(), any_stand.gateway
    gateway.on["challenge.form"] = Reply(form=REPORT)
    gateway.on["report"] = Reply(errors={"amount": "A whole number, please.", "nowhere": "And one more thing."})
    await dana.command("/challenge")
    await dana.submit({"What is in the way?": "Heat", "Dollars": 3})
    assert dana.form is not None
    assert dana.form.errors == {"Dollars": "A whole number, please.", "What is in the way?": "And one more thing."}
    assert dana.form.values["What is in the way?"] == "Heat"

    gateway.on["report"] = Reply(RECEIPT)
    first = gateway.heard[-1].key
    await dana.submit()
    assert gateway.heard[-1].key == first  # still the same intent
    assert dana.window is not None
    assert dana.window.title == "Challenge 42"


async def test_a_form_in_answer_to_a_form_shows_its_own_values_and_counts_anew(any_stand: Stand) -> None:
    dana, gateway = any_stand.person(), any_stand.gateway
    gateway.on["challenge.form"] = Reply(form=REPORT)
    rewritten = TextField("what", "What is in the way?", value="A student needs help")
    gateway.on["report"] = Reply(form=Form("Say it safely", "Use this", Press("draft.own", item="d1"), (rewritten,)))
    await dana.command("/challenge")
    await dana.submit({"What is in the way?": "Jo Smith needs help"})
    assert dana.form is not None
    assert dana.form.title == "Say it safely"
    assert dana.form.values == {"What is in the way?": "A student needs help"}
    first = gateway.heard[-1]

    await dana.submit()
    second = gateway.heard[-1]
    assert (second.action, second.item, second.door) == ("draft.own", "d1", Door.COMMAND)
    assert second.fields == {"what": "A student needs help"}
    assert second.key != first.key


async def test_an_error_of_a_form_without_fields_is_told_above_it(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    gateway.on["home.ask"] = Reply(form=Form("Sure?", "Yes", Press("close", "c1"), (Words("It will be closed."),)))
    gateway.on["close"] = Reply(errors={"": "It is closed already."})
    await dana.command("/clearway")
    await dana.submit()
    assert dana.window is not None
    assert dana.window.text == "It is closed already."


async def test_a_button_opens_its_form_or_shows_its_card_where_it_was_pressed(any_stand: Stand) -> None:
    dana, gateway = any_stand.person(), any_stand.gateway
    gateway.on["message.direct"] = Reply(
        Card(
            "Yours",
            (Buttons((Button("Take", Press("take", "c1", version=3)), Button("Plan", Press("plan.form", "c1")))),),
        )
    )
    gateway.on["take"] = Reply(Card("Thank you"))
    gateway.on["plan.form"] = Reply(form=Form("Plan", "Save", Press("plan", "c1"), (TextField("step", "Step"),)))
    await dana.dm("hello")
    assert dana.last_card.title == "Yours"

    await dana.click("Take")
    assert dana.last_answer.title == "Thank you"
    assert dana.last_card.title == "Yours"
    pressed = gateway.heard[-1]
    assert (pressed.action, pressed.challenge_id, pressed.version, pressed.door) == ("take", "c1", 3, Door.BUTTON)
    assert pressed.source.message_id == dana.last_card.post.ts
    assert pressed.source.direct

    await dana.click("Plan")
    await dana.submit({"Step": "Order paper"})
    assert gateway.heard[-1].action == "plan"
    assert gateway.heard[-1].source.message_id == dana.last_card.post.ts


async def test_home_is_published_and_its_buttons_answer_in_a_window(any_stand: Stand) -> None:
    dana, gateway = any_stand.person(), any_stand.gateway
    gateway.on["home.show"] = Reply(Card("Today", (Buttons((Button("Show 42", Press("show", "c42", version=1)),)),)))
    gateway.on["show"] = Reply(RECEIPT)
    gateway.on["details.form"] = Reply(
        form=Form("Details", "Add", Press("details", "c42"), (TextField("what", "What"),))
    )
    await dana.open_home()
    assert dana.home is not None
    assert dana.home.title == "Today"

    await dana.click("Show 42")
    assert gateway.heard[-1].door is Door.HOME
    assert dana.window is not None
    assert "Dana Lee has it." in dana.window.text

    await dana.click("Add details")  # inside a window, a form goes on top of it
    assert dana.form is not None
    await dana.submit({"What": "More"})
    assert dana.window.title == "Challenge 42"


PAGE = Card(
    "Page",
    (
        Buttons(
            (
                Button("Next", Press("next", "p")),
                Button("Change", Press("change", "p")),
                Button("Do", Press("do", "p")),
            )
        ),
    ),
)


def walks_in(stand: Stand) -> SlackPerson:
    stand.gateway.on["home.show"] = stand.gateway.on["next"] = Reply(PAGE)
    stand.gateway.on["change"] = Reply(form=Form("Change", "Save", Press("save", "p"), (TextField("what", "What"),)))
    stand.gateway.on["do"] = Reply(Card("It is recorded"))
    return stand.person()


async def test_however_much_is_pressed_in_a_window_there_is_an_answer(any_stand: Stand) -> None:
    """Slack stacks no more than three."""
    dana, gateway = walks_in(any_stand), any_stand.gateway
    gateway.on["save"] = lambda inbound: Reply(Card(f"Saved {inbound.fields['what']}", PAGE.body))
    await dana.open_home()
    for n in range(5):
        await dana.click("Change")
        assert dana.form is not None
        assert not dana.form.values["What"]
        await dana.submit({"What": str(n)})
        assert dana.window is not None
        assert dana.window.title == f"Saved {n}"
        await dana.click("Next", copies=2)
        assert dana.window.title == "Page"
    assert not dana.cards
    gateway.on["save"] = Reply(errors={"": "It is saved already."})
    gateway.on["change"] = Reply(form=Form("Sure?", "Yes", Press("save", "p"), (Words("It will be changed."),)))
    await dana.click("Change")
    await dana.submit()
    assert dana.window.text == "It is saved already."


async def presses_fast(dana: SlackPerson, *labels: str) -> None:
    """On what stands there: each has its own trigger and time."""
    bodies = [dana._pressed(label, None) for label in labels]
    at = float(dana.slack.new_ts())
    for n, (body, button) in enumerate(bodies):
        action = {"type": "button", "block_id": "b", "action_ts": f"{at + n / 5:.6f}", **button}
        await dana._interact(body | {"type": "block_actions", "actions": [action], **dana._triggered()}, 1)


@pytest.mark.parametrize("deep", [0, 1, 2, 3])
async def test_a_double_click_opens_one_window(any_stand: Stand, deep: int) -> None:
    dana = walks_in(any_stand)
    await dana.open_home()
    for _ in range(deep):
        await dana.click("Next")
    for _ in range(2):  # and opens it again, when it was closed
        await presses_fast(dana, "Change", "Change")
        assert dana.form is not None
        assert len(dana.workspace.windows[dana.user_id]) == min(deep + 1, 3)
        if deep == 3:
            return
        await dana.close_form()
        assert not dana.cards


@pytest.mark.parametrize("deep", [2, 3])
async def test_what_finds_no_window_is_shown_beside_them(any_stand: Stand, deep: int) -> None:
    dana = walks_in(any_stand)
    await dana.open_home()
    for _ in range(deep):
        await dana.click("Next")
    await presses_fast(dana, "Next", "Do")
    assert "It is recorded" in [each.title for each in dana.cards]


async def test_a_mention_is_answered_for_the_eyes_of_its_author(any_stand: Stand) -> None:
    dana, ann, gateway = any_stand.person(), any_stand.person("Ann"), any_stand.gateway
    gateway.on["message.mention"] = Reply(RECEIPT)
    await dana.mention("the copier is broken")
    assert dana.last_answer.title == "Challenge 42"
    assert ann.ephemerals == []
    assert gateway.heard[-1].text == "the copier is broken"


async def test_where_we_cannot_whisper_we_write_directly(stand: Stand) -> None:
    dana = stand.person()
    stand.workspace.channel("elsewhere", with_bot=False)
    stand.gateway.on["message.mention"] = Reply(RECEIPT)
    await dana.mention("the copier is broken", "elsewhere")
    assert dana.last_card.title == "Challenge 42"


async def test_a_reply_in_a_thread_is_answered_in_the_thread(stand: Stand) -> None:
    dana = stand.person()
    stand.gateway.on["message.direct"] = Reply(RECEIPT)
    await dana.dm("the copier is broken")
    card = dana.last_card
    await dana.reply("and it is Monday", card)
    assert stand.gateway.heard[-1].door is Door.THREAD
    assert dana.last_card.post.thread_ts == card.post.ts


async def test_a_form_cannot_answer_a_message_but_talk_gets_no_reply_either(stand: Stand) -> None:
    dana = stand.person()
    await dana.say("Lunch?")
    await dana.mention("{bot}", also_message=True)
    assert [each.action for each in stand.gateway.heard] == ["message.mention", "message.mention"]
    assert len({each.key for each in stand.gateway.heard}) == 1
    assert dana.news() == []


async def test_somebody_who_left_is_not_written_to(stand: Stand) -> None:
    dana = stand.person()
    stand.gateway.on["person.left"] = Reply(RECEIPT)
    await dana.leave()
    assert stand.gateway.actions == ["person.left"]
    assert stand.slack.called("chat.postMessage") == []


# ------------------------------------------------------------------------------------------------------ once, and once only


async def test_the_same_thing_has_the_same_key_however_often_it_comes(any_stand: Stand) -> None:
    dana, gateway = any_stand.person(), any_stand.gateway
    await dana.dm("the copier is broken", copies=10)
    await dana.redeliver(1)
    await dana.redeliver(None)
    assert len(gateway.heard) == 12
    assert len({each.key for each in gateway.heard}) == 1

    gateway.heard.clear()
    gateway.on["message.direct"] = Reply(Card("Yours", (Buttons((Button("Take", Press("take", "c1", version=3)),)),)))
    await dana.dm("hello")
    await dana.click("Take")
    await dana.click("Take", copies=10)
    assert len({each.key for each in gateway.heard if each.action == "take"}) == 1

    gateway.heard.clear()
    gateway.on["challenge.form"] = Reply(form=REPORT)
    await dana.command("/challenge", copies=10)
    await dana.submit({"What is in the way?": "Heat"}, copies=10)
    assert len({each.key for each in gateway.heard if each.action == "report"}) == 1
    assert dana.window is None
    assert dana.ephemerals == []


async def test_a_message_that_comes_again_is_not_answered_again(any_stand: Stand) -> None:
    dana = any_stand.person()
    any_stand.gateway.on["message.direct"] = Reply(RECEIPT)
    await dana.dm("hello", copies=10)
    await dana.redeliver()
    assert len(dana.cards) == 1


# ------------------------------------------------------------------------------------------------------ when things fail


async def test_what_was_not_committed_is_said_in_the_form_which_keeps_what_was_typed(any_stand: Stand) -> None:
    dana, gateway = any_stand.person(), any_stand.gateway
    gateway.on["challenge.form"] = Reply(form=REPORT)
    await dana.command("/challenge")
    gateway.down = 1
    await dana.submit({"What is in the way?": "Heat"})
    assert dana.form is not None
    assert dana.form.errors == {"What is in the way?": SENTENCE}
    assert dana.form.values["What is in the way?"] == "Heat"

    await dana.submit()
    assert dana.form is None


async def test_a_command_a_button_and_home_say_so_too(any_stand: Stand) -> None:
    dana, gateway = any_stand.person(), any_stand.gateway
    gateway.down = 1
    await dana.command("/challenge heat")
    assert dana.last_answer.text == SENTENCE

    gateway.on["message.direct"] = Reply(RECEIPT)
    await dana.dm("hello")
    gateway.down = 1
    await dana.click("Add details")
    assert [each.text for each in dana.ephemerals] == [SENTENCE, SENTENCE]

    gateway.down = 1
    await dana.open_home()
    assert dana.home is not None
    assert dana.home.text == SENTENCE
    assert dana.answers[0].status == 200

    gateway.down = 1
    await dana.shortcut()
    assert dana.window is not None
    assert dana.window.text == SENTENCE


async def test_a_button_may_answer_with_what_is_wrong(any_stand: Stand) -> None:
    dana, gateway = any_stand.person(), any_stand.gateway
    gateway.on |= {
        "message.direct": Reply(RECEIPT),
        "details.form": Reply(errors={"what": "Say a little more, please."}),
    }
    await dana.dm("hello")
    await dana.click("Add details")
    assert dana.last_answer.text == "Say a little more, please."


async def test_an_event_is_delivered_again_until_the_last_time(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    gateway.down = 3
    await dana.dm("the copier is broken")
    assert dana.answers[0].status == 503
    for retry in (1, 2):
        await dana.redeliver(retry)
        assert dana.answers[0].status == 503
    assert dana.cards == []
    await dana.redeliver(3)
    assert dana.answers[0].status == 200
    assert dana.cards == []
    assert len({each.key for each in gateway.heard}) == 1

    gateway.down = 4
    await dana.dm("and again")
    for retry in (1, 2, 3):
        await dana.redeliver(retry)
    assert dana.answers[0].status == 200
    assert [each.text for each in dana.cards] == [SENTENCE]


async def test_over_a_socket_an_event_that_was_not_committed_is_not_acknowledged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.fakes.slack.person.PATIENCE_S", 0.2)
    async with slack_stand(socket=True) as stand:
        dana, stand.gateway.down = stand.person(), 1
        await dana.dm("the copier is broken")
        assert dana.answers[0].status == 0
        await dana.redeliver(1)
        assert dana.answers[0].status == 200


@pytest.mark.parametrize("method", ["/challenge heat", "shortcut", "click"])
@pytest.mark.parametrize(
    "failure",
    [{"error": "expired_trigger_id"}, {"status": 500}, {"cut": True}, {"hang": True}],
    ids=lambda each: next(iter(each)),
)
async def test_a_form_that_cannot_be_opened_is_admitted(method: str, failure: dict[str, Any]) -> None:
    async with slack_stand(answer_within_s=0.1) as stand:
        dana, gateway = stand.person(), stand.gateway
        gateway.on["challenge.form"] = gateway.on["details.form"] = Reply(form=REPORT)
        gateway.on["message.direct"] = Reply(RECEIPT)
        await dana.dm("hello")
        stand.slack.fail("views.open", **failure)

        if method == "shortcut":
            await dana.shortcut()
        elif method == "click":
            await dana.click("Add details")
        else:
            await dana.command(method)

        assert dana.answers[0].status == 200
        told: Shown = dana.last_card if method == "shortcut" else dana.last_answer
        assert told.text.startswith("The form could not be opened just now. Please try again in a minute. (Reference ")


@pytest.mark.parametrize("failing", ["response_url", "chat.postMessage", "chat.postEphemeral", "views.publish"])
async def test_what_fails_after_the_acknowledgement_is_not_raised(stand: Stand, failing: str) -> None:
    dana, gateway = stand.person(), stand.gateway
    gateway.on |= {each: Reply(RECEIPT) for each in ("message.direct", "message.mention", "home.show", "details.form")}
    await dana.dm("hello")
    stand.slack.fail(failing, status=500)
    match failing:
        case "response_url":
            await dana.click("Add details")
        case "chat.postMessage":
            await dana.dm("hello again")
        case "chat.postEphemeral":
            await dana.mention("hello")
        case _:
            await dana.open_home()
    assert dana.answers[0].status == 200


async def test_a_workspace_that_we_are_not_installed_in_is_told_so(stand: Stand) -> None:
    other = stand.slack.workspace("TELSEWHERE", "elsewhere", stand.workspace.app_id)
    other.signing_secret = stand.workspace.signing_secret
    await stand.person().dm("hello")  # now the app id is known
    stranger = Stand(stand.slack, other, stand.gateway, stand.room, "").person("Zed")
    answer = await stranger.deliver(
        Sent(
            "slash_commands",
            {"command": "/challenge", "team_id": "TELSEWHERE", "user_id": "UZ", "api_app_id": "ACLEARWAY"},
        )
    )
    assert answer.body == {"text": "Clearway is not set up for this workspace. Please ask your district coordinator."}
    assert stand.gateway.actions == ["message.direct"]


async def test_an_empty_secret_opens_no_door() -> None:
    async with slack_stand(signing_secret="") as stand:
        body, _ = HELLO.encoded()
        assert await post(stand, body, sign("x", body)) == 401
        assert stand.gateway.heard == []


async def test_it_says_whether_its_sockets_stand() -> None:
    async with slack_stand(socket=True) as stand:
        for _ in range(100):
            if await stand.room.connected():
                break
            await asyncio.sleep(0.01)
        assert await stand.room.connected()
    async with slack_stand() as stand:
        assert await stand.room.connected()


async def test_an_answer_that_slack_puts_off_is_told_all_the_same() -> None:
    """It may be the district's crisis text: nobody writes a second time to hear it."""
    async with slack_stand() as stand:
        stand.room.again_after_s = (0.0, 0.0)
        stand.gateway.on["message.direct"] = Reply(RECEIPT)
        stand.slack.fail("chat.postMessage", times=2, status=503, error="service_unavailable")
        dana = stand.person()
        await dana.dm("Somebody is in danger.")
        assert [each.title for each in dana.cards] == [RECEIPT.title]


async def test_an_answer_that_may_have_arrived_is_not_told_twice() -> None:
    async with slack_stand() as stand:
        stand.room.again_after_s = (0.0, 0.0)
        stand.gateway.on["message.direct"] = Reply(RECEIPT)
        stand.slack.fail("chat.postMessage", cut=True, done=True)
        dana = stand.person()
        await dana.dm("The roster does not load.")
        assert [each.title for each in dana.cards] == [RECEIPT.title]
