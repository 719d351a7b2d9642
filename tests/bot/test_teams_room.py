"""The Teams room over HTTP, through botbuilder's own adapter: who gets in, what people see, what happens when things fail."""

import asyncio
import json
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from bot import settings, wiring
from bot.settings import SettingsError
from bot.teams.app import TeamsRoom
from bot.teams.incoming import BrokenActivityError
from bot.teams.listeners import Desk
from bot.teams.options import TeamsOptions, TeamsRegistration
from bot.teams.profiles import TeamsProfiles
from bot.teams.ways import Ways
from bot.transport import Address
from handlers.cards.model import Button, Buttons, Card, Form, Option, Press, TextField
from handlers.request import Found, Identity, Reply
from scheduling.clock import SystemClock
from storage import models, registrations
from storage.database import Database
from storage.sealing import Seal
from storage.vocabulary import Door, Platform
from tests.bot.slack_stand import RECEIPT, REPORT, SENTENCE, StubGateway
from tests.bot.teams_stand import Stand, options, registration, teams_stand
from tests.fakes.teams import FakeTeams, Shown, TeamsPerson
from tests.fakes.teams.keys import signing_key

NO_CHAT = "I cannot write to you in a chat of our own yet."
MORE = Form("Say more", "Send", Press("details", "c42"), (TextField("more", "What else?"),))
TAKE = Button("Take it", Press("take", "c42", version=3))
DETAILS = Button("Add details", Press("details.form", "c42", version=3), opens_form=True)
POSTED = Card("Challenge 42", (Buttons((TAKE, DETAILS)),))


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    async with teams_stand() as made:
        yield made


async def posted(stand: Stand, dana: TeamsPerson, card: Card = POSTED) -> Shown:
    """A card that the outbox has sent to somebody."""
    await stand.room.transport.send(Address(Platform.TEAMS, dana.tenant.id, dana.user_id), card, delivery_id="d-1")
    return dana.last_card


# ------------------------------------------------------------------------------------------------- who is let in


def hello(dana: TeamsPerson, **other: Any) -> dict[str, Any]:
    """What somebody wrote, as Teams sends it; None in `other` leaves a part out."""
    message = {
        "type": "message",
        "id": "1790000000000",
        "channelId": "msteams",
        "serviceUrl": dana.teams.service_url,
        "from": {"id": dana.user_id, "name": dana.name, "aadObjectId": dana.account.directory_id},
        "recipient": {"id": dana.tenant.bot_id, "name": "Clearway"},
        "conversation": {"id": dana.chat.id, "conversationType": "personal", "tenantId": dana.tenant.id},
        "channelData": {"tenant": {"id": dana.tenant.id}},
        "text": "hello",
        "textFormat": "plain",
    } | other
    return {name: value for name, value in message.items() if value is not None}


def in_seconds(seconds: int) -> int:
    return int((SystemClock().now() + timedelta(seconds=seconds)).timestamp())


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"iss": "https://login.microsoftonline.com"}, id="another issuer"),
        pytest.param({"iss": None}, id="no issuer"),
        pytest.param({"aud": "another-app"}, id="another app"),
        pytest.param({"aud": None}, id="no audience"),
        pytest.param({"exp": in_seconds(-301)}, id="expired"),
        pytest.param({"exp": None}, id="never expires"),
        pytest.param({"exp": "soon"}, id="expires at a word"),
        pytest.param({"nbf": in_seconds(3600)}, id="not yet valid"),
        pytest.param({"serviceurl": None}, id="no service address"),
        pytest.param({"serviceurl": "https://smba.trafficmanager.net/amer/"}, id="another service address"),
    ],
)
async def test_a_token_with_a_wrong_claim_is_refused_unheard(stand: Stand, claims: dict[str, Any]) -> None:
    dana = stand.person()
    answer = await dana.deliver(hello(dana), **claims)
    assert (answer.status, stand.gateway.heard) == (401, [])


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(lambda said: "", id="no token"),
        pytest.param(lambda said: "rubbish", id="rubbish"),
        pytest.param(lambda said: "a.b.c", id="three letters"),
        pytest.param(lambda said: signing_key(7).sign(said), id="a key that Microsoft does not publish"),
        pytest.param(lambda said: signing_key(7).sign(said, kid="key-1"), id="another key under a known name"),
        pytest.param(lambda said: jwt.encode(said, "s" * 32, "HS256", {"kid": "key-1"}), id="a shared secret"),
        pytest.param(lambda said: jwt.encode(said, None, "none", {"kid": "key-1"}), id="no signature"),
        pytest.param(lambda said: signing_key().sign(said)[:-4] + "AAAA", id="an altered signature"),
    ],
)
async def test_what_microsoft_did_not_sign_is_refused_unheard(
    stand: Stand, token: Callable[[dict[str, Any]], str]
) -> None:
    dana = stand.person()
    said = {"iss": "https://api.botframework.com", "aud": dana.tenant.app_id, "serviceurl": stand.teams.service_url}
    answer = await dana.deliver(hello(dana), token=token(said | {"exp": in_seconds(600)}))
    assert (answer.status, stand.gateway.heard) == (401, [])


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"serviceUrl": None}, id="no service address"),
        pytest.param({"serviceUrl": "http://169.254.169.254/"}, id="another service address"),
        pytest.param({"channelId": None}, id="no channel"),
        pytest.param({"channelId": "emulator"}, id="another channel"),
        pytest.param({"channelData": {"tenant": {"id": "another"}}}, id="a foreign tenant"),
        pytest.param({"channelData": None, "conversation": {"id": "a:1"}}, id="no tenant"),
        pytest.param({"channelData": []}, id="a list for a tenant"),
    ],
)
async def test_an_activity_that_does_not_fit_its_token_is_refused_unheard(stand: Stand, other: dict[str, Any]) -> None:
    dana = stand.person()
    answer = await dana.deliver(hello(dana, **other))
    assert (answer.status, stand.gateway.heard, stand.learned, stand.chats) == (401, [], [], [])
    assert stand.teams.called("token") == []


async def test_another_tenants_bot_opens_no_door(stand: Stand) -> None:
    there = stand.teams.tenant("00000000-0000-4000-8000-0000000000bb", "c1ea4a7e-0000-4000-8000-000000000002")
    ann = TeamsPerson(there, "Ann Other")
    assert (await ann.deliver(hello(ann))).status == 401
    assert (await ann.deliver(hello(ann), aud=stand.tenant.app_id)).status == 401
    assert stand.gateway.heard == []


async def test_each_district_is_heard_by_its_own_registration() -> None:
    async with FakeTeams() as teams:
        here = teams.tenant()
        there = teams.tenant("00000000-0000-4000-8000-0000000000bb", "c1ea4a7e-0000-4000-8000-000000000002")
        gateway = StubGateway()
        async with served(teams, options(teams, here, there), gateway):
            dana, ann = TeamsPerson(here, "Dana Lee"), TeamsPerson(there, "Ann Other")
            gateway.on["message.direct"] = Reply(RECEIPT)
            await dana.dm("hello")
            await ann.dm("hello")

            assert [(each.identity.workspace_id, each.app_id) for each in gateway.heard] == [
                (here.id, here.app_id),
                (there.id, there.app_id),
            ]
            assert [said["client_id"] for said in teams.called("token")] == [here.app_id, there.app_id]
            assert (await ann.deliver(hello(ann), aud=here.app_id)).status == 401


@asynccontextmanager
async def served(
    teams: FakeTeams, setup: TeamsOptions, gateway: StubGateway, *, host: str = "127.0.0.1"
) -> AsyncIterator[TeamsRoom]:
    room = TeamsRoom(setup, gateway)
    await room.start()
    app = web.Application()
    app.add_routes(room.routes())
    await teams.serve(app)
    teams.idle = room.idle
    yield room
    await room.close()
    teams.check()


async def post(stand: Stand, body: bytes, **headers: str) -> int:
    headers = {
        "Authorization": f"Bearer {stand.teams.token(stand.tenant)}",
        "Content-Type": "application/json",
    } | headers
    async with stand.teams.session.post(stand.teams.messages_url, data=body, headers=headers) as response:
        return response.status


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="broken"),
        pytest.param(b"\xff", id="no text"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b"{}", id="no kind"),
        pytest.param(b'{"type": 1}', id="a number for a kind"),
        pytest.param(b"[" * 100_000, id="brackets without end"),
    ],
)
async def test_what_is_no_activity_is_a_bad_request(stand: Stand, body: bytes) -> None:
    assert await post(stand, body) == 400


async def test_an_activity_is_json(stand: Stand) -> None:
    body = json.dumps(hello(stand.person())).encode()
    assert await post(stand, body, **{"Content-Type": "text/plain"}) == 400
    assert await post(stand, body, **{"Content-Type": "application/json; charset=utf-8"}) == 200


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"from": "somebody"}, id="a word for a person"),
        pytest.param({"from": {}}, id="nobody"),
        pytest.param({"text": ["hello"]}, id="a list for words"),
        pytest.param({"id": None}, id="no id"),
        pytest.param({"value": {"clearway": []}}, id="a list for a press"),
        pytest.param({"value": {"clearway": {"form": "AAAA"}}}, id="a form that is none"),
        pytest.param({"value": {"clearway": {"do": 1}}}, id="a number for an action"),
        pytest.param({"type": "invoke", "name": "task/submit", "value": "x"}, id="a word for a value"),
        pytest.param({"type": "invoke", "name": 5}, id="a number for a name"),
        pytest.param(
            {"type": "invoke", "name": "adaptiveCard/action", "value": {"action": 1}}, id="a number for an action"
        ),
    ],
)
async def test_a_broken_activity_is_a_bad_request_and_never_our_failure(stand: Stand, other: dict[str, Any]) -> None:
    dana = stand.person()
    answer = await dana.deliver(hello(dana, **other))
    assert (answer.status in {200, 400}, stand.gateway.heard) == (True, [])


class Deaf:
    """A connector that takes everything, and a room around it."""

    service_url = ""
    answer_within_s = retried_within_s = pause_s = 0.0

    def __init__(self) -> None:
        self.gateway = StubGateway()
        self.gateway.on = {action: Reply(RECEIPT) for action in ("message.direct", "take", "card.refresh", "show")}
        self.gateway.on |= {"challenge.form": Reply(form=REPORT), "report": Reply(errors={"what": "More."})}
        self.ways = Ways(lambda _: ())
        self.profiles = TeamsProfiles(self.ways)
        self.work: list[asyncio.Task[Any]] = []

    async def send(self, conversation: str, message: Any) -> str:
        return conversation

    async def update(self, conversation: str, post: str, message: Any) -> None:
        assert conversation + post

    async def create(self, user: str) -> str:
        return user

    def later(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        self.work.append(asyncio.create_task(work))
        return self.work[-1]

    async def learned(self, registration: TeamsRegistration) -> None: ...

    async def conversing(self, identity: Identity, chat: str) -> None: ...


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner, max_size=2),
    max_leaves=5,
)
SENT = st.fixed_dictionaries(
    {},
    optional={
        "clearway": st.sampled_from([{"do": "take", "about": "c42", "version": 3}, {"do": "card.refresh"}]) | JSON,
        "field.what": JSON,
    },
)
VALUE = JSON | st.fixed_dictionaries(
    {},
    optional={
        "data": SENT,
        "action": st.fixed_dictionaries({"data": SENT}) | JSON,
        "commandId": st.sampled_from(["report", "report_message", "challenges"]) | JSON,
        "messagePayload": JSON,
        "dataset": st.just("people.search") | JSON,
        "queryText": JSON,
        "queryOptions": JSON,
    },
)
KINDS = st.sampled_from(["invoke", "message", "messageReaction", "messageUpdate", "installationUpdate", "other"])
PARTS = {
    "name": st.sampled_from(
        ["adaptiveCard/action", "task/fetch", "task/submit", "composeExtension/fetchTask", "composeExtension/submitAction",
         "composeExtension/query", "application/search"]
    ) | JSON,
    "value": VALUE,
    "from": st.just({"id": "29:1"}) | JSON,
    "conversation": st.sampled_from([{"id": "a:1", "conversationType": "personal"}, {"conversationType": "personal"},
                                     {"id": "19:1;messageid=2", "conversationType": "channel"}]) | JSON,
    "channelData": st.just({"tenant": {"id": "t"}}),
    "id": st.just("1") | JSON,
    "replyToId": st.just("2") | JSON,
    "text": st.sampled_from(["hello", "report it", "challenges"]) | JSON,
    "entities": JSON,
    "reactionsAdded": st.just([{"type": "like"}]) | JSON,
    "action": st.sampled_from(["add", "remove"]) | JSON,
}  # fmt: skip


@given(st.fixed_dictionaries({"type": KINDS}, optional=PARTS))
def test_whatever_a_signed_activity_holds_it_is_answered_or_a_bad_request(said: dict[str, Any]) -> None:
    async def hear() -> None:
        deaf: Any = Deaf()
        desk = Desk(deaf, TeamsRegistration("app", "t", "p"), deaf)
        try:
            answer = await desk.hear(said)
            json.dumps(answer.body)
        except BrokenActivityError:
            pass
        for work in deaf.work:
            await work

    asyncio.run(hear())


async def test_where_the_keys_cannot_be_had_nobody_is_heard_and_nothing_is_lost() -> None:
    async with FakeTeams() as teams:
        teams.fail("metadata", times=9, status=500)
        tenant, gateway = teams.tenant(), StubGateway()
        async with served(teams, options(teams, tenant), gateway):
            dana = TeamsPerson(tenant, "Dana Lee")
            assert (await dana.deliver(hello(dana))).status == 503
            assert gateway.heard == []


async def test_a_new_key_of_microsofts_is_taken_at_once(stand: Stand) -> None:
    dana = stand.person()
    await dana.dm("hello")
    stand.teams.rotate_keys()
    await dana.dm("hello again")
    assert [each.text for each in stand.gateway.heard] == ["hello", "hello again"]


async def test_nobody_else_is_answered(stand: Stand) -> None:
    async with stand.teams.session.get(stand.teams.messages_url) as response:
        assert response.status == 405


# --------------------------------------------------------------------------------------- a local client without tokens


async def local(teams: FakeTeams, **headers: str) -> int:
    body = {
        "type": "message",
        "id": "1",
        "channelId": "emulator",
        "serviceUrl": teams.service_url,
        "from": {"id": "user-1"},
        "recipient": {"id": "bot"},
        "conversation": {"id": "a:1", "conversationType": "personal", "tenantId": "local-tenant"},
        "text": "hello",
    }
    async with teams.session.post(teams.messages_url, json=body, headers=headers) as response:
        return response.status


async def test_a_local_client_is_let_in_where_that_is_wanted_and_gets_no_token() -> None:
    async with FakeTeams() as teams:
        gateway = StubGateway()
        gateway.on["message.direct"] = Reply(RECEIPT)
        heard: list[web.Request] = []

        async def listen(request: web.Request) -> web.Response:
            heard.append(request)
            return web.json_response({"id": "1"})

        client = web.Application()
        client.add_routes([web.post("/{anything:.*}", listen)])
        async with TestServer(client) as server, served(teams, TeamsOptions(insecure_local=True), gateway) as room:
            teams.service_url = f"http://127.0.0.1:{server.port}/"
            assert await local(teams) == 200
            await room.idle()
            assert gateway.heard[0].identity == Identity(Platform.TEAMS, "local-tenant", "user-1")
            assert ["Authorization" in each.headers for each in heard] == [False]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Host": "clearway.example.org"}, id="by another name"),
        pytest.param({"Host": "127.0.0.1.evil.example"}, id="by a name that only looks like it"),
        pytest.param({"Origin": "https://evil.example"}, id="from a web page"),
        pytest.param({"Authorization": "Bearer rubbish"}, id="with a broken token"),
        pytest.param({"Authorization": "local"}, id="that calls itself one"),
    ],
)
async def test_a_local_client_is_one_on_this_machine(headers: dict[str, str]) -> None:
    async with FakeTeams() as teams:
        gateway = StubGateway()
        async with served(teams, TeamsOptions(insecure_local=True), gateway):
            assert (await local(teams, **headers), gateway.heard) == (401, [])


async def test_without_that_wish_a_local_client_needs_a_token_like_everybody(stand: Stand) -> None:
    assert await local(stand.teams) == 401


async def test_a_local_clients_service_elsewhere_is_not_called() -> None:
    async with FakeTeams() as teams:
        gateway = StubGateway()
        gateway.on["message.direct"] = Reply(RECEIPT)
        async with served(teams, TeamsOptions(insecure_local=True), gateway) as room:
            teams.service_url = "http://169.254.169.254/"
            assert await local(teams) == 200
            await room.idle()


# ------------------------------------------------------------------------------------------------ what is learned


async def test_the_connector_is_learned_from_the_first_verified_activity_only(stand: Stand) -> None:
    dana = stand.person()
    await dana.deliver(hello(dana), exp=in_seconds(-301))
    assert stand.learned == []
    await dana.dm("hello")
    await dana.dm("hello again")
    assert [each.service_url for each in stand.learned] == [stand.teams.service_url]


async def test_somebodys_chat_is_remembered(stand: Stand) -> None:
    dana = stand.person()
    await dana.mention("hello")
    assert stand.chats == []
    await dana.dm("hello")
    await dana.dm("hello again")
    [(identity, chat)] = stand.chats
    assert (identity.user_id, chat) == (dana.user_id, dana.chat.id)


# ------------------------------------------------------------------------------------------------------ what people see


async def test_a_message_is_answered_where_it_was_written(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    gateway.on["message.direct"] = Reply(RECEIPT)
    await dana.dm("the copier is broken")

    assert dana.answers[0].status == 200
    assert dana.last_answer.title == "Challenge 42"
    [heard] = gateway.heard
    assert (heard.action, heard.door, heard.text) == ("message.direct", Door.DIRECT_MESSAGE, "the copier is broken")
    assert heard.identity.directory_id == dana.account.directory_id


async def test_what_is_said_before_others_is_answered_in_a_chat_of_their_own(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    gateway.on["message.mention"] = Reply(RECEIPT)
    for where in ("General", dana.tenant.group_chat()):
        await dana.mention("the copier is broken", where)
        assert dana.last_answer.title == "Challenge 42"
        assert dana.in_channel(where) == []
    assert len(dana.ephemerals) == 2


async def test_who_has_no_chat_with_us_is_told_how_to_get_one_and_nothing_else(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    dana.account.installed = False
    gateway.on["message.mention"] = Reply(RECEIPT)
    message = await dana.mention("the copier is broken")

    [said] = dana.in_channel("General")
    assert said.text.startswith(NO_CHAT)
    assert said.root == message.id
    assert "42" not in str(said.activity)


async def test_a_form_in_answer_to_words_stands_in_the_chat(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    gateway.on["message.direct"] = gateway.on["message.mention"] = lambda asked: Reply(
        form=replace(REPORT, fields=(TextField("what", "What is in the way?", value=asked.text), *REPORT.fields[1:]))
    )
    gateway.on["people.search"] = Reply(options=(Option("p-1", "Sam Lee"), Option("p-2", "Priya Rao")))
    gateway.on["report"] = Reply(RECEIPT)
    for channel, door in (("", Door.DIRECT_MESSAGE), ("General", Door.MENTION)):
        await dana.command("No <paper> & no toner", channel=channel)
        assert dana.form is not None
        assert dana.form.values["What is in the way?"] == "No <paper> & no toner"
        await dana.submit({"Dollars": 250, "Type": "Staffing", "Whom does it concern?": "Priya Rao"})

        sent = gateway.heard[-1]
        assert (sent.action, sent.door, sent.carry) == ("report", door, {"draft": "d1"})
        assert sent.fields["type"] == "staffing"
        assert sent.fields["about"] == "p-2"
        assert dana.form is None
        assert dana.last_answer.title == "Challenge 42"


async def test_a_command_that_only_asks_is_told_from_its_words(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    gateway.on["log.ask"] = Reply(RECEIPT)
    await dana.command("/challenges overdue", channel="General")
    [heard] = gateway.heard
    assert (heard.action, heard.door, heard.text) == ("log.ask", Door.COMMAND, "overdue")
    assert dana.last_answer.title == "Challenge 42"


async def test_a_form_in_the_chat_keeps_what_was_typed_and_says_what_is_wrong(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    gateway.on |= {"message.direct": Reply(form=REPORT), "report": Reply(errors={"what": "Say a little more."})}
    await dana.command("/challenge")
    await dana.submit({"What is in the way?": "It"})

    assert dana.form is not None
    assert dana.form.errors == {"What is in the way?": "Say a little more."}
    assert dana.form.values["What is in the way?"] == "It"
    first = gateway.heard[-1].key

    gateway.on["report"] = Reply(form=MORE)
    await dana.submit({"What is in the way?": "It rains in"})
    assert gateway.heard[-1].key == first, "a corrected form is the same intent"
    assert dana.form is not None
    assert dana.form.title == "Say more"

    gateway.on["details"] = Reply()
    await dana.submit({"What else?": "On the shelves"})
    assert dana.form is None
    assert dana.last_answer.text == "✓ Send"


async def test_a_button_opens_a_dialog(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    card = await posted(stand, dana)
    gateway.on |= {"details.form": Reply(form=REPORT), "report": Reply(errors={"what": "Say a little more."})}
    await dana.click("Add details", card)
    assert dana.form is not None
    await dana.submit({"What is in the way?": "It"})
    assert dana.form is not None
    assert dana.form.errors == {"What is in the way?": "Say a little more."}
    assert dana.form.values["What is in the way?"] == "It"

    gateway.on["report"] = Reply(form=MORE)
    await dana.submit({"What is in the way?": "It rains in"})
    assert dana.form is not None
    assert dana.form.title == "Say more"
    gateway.on["details"] = Reply(RECEIPT)
    await dana.submit({"What else?": "On the shelves"})
    assert dana.window is not None
    assert dana.window.title == "Challenge 42"

    await dana.click("Add details", card)
    gateway.on["report"] = Reply()
    await dana.submit({"What is in the way?": "It"})
    assert dana.window is None


async def test_a_dialog_may_say_something_instead_of_a_form(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    card = await posted(stand, dana)
    for reply, said in (
        (Reply(RECEIPT), "Challenge 42"),
        (Reply(errors={"": "Only the owner can do that."}), "Only the owner can do that."),
    ):
        gateway.on["details.form"] = reply
        await dana.click("Add details", card)
        assert dana.window is not None
        assert said in str(dana.window)


async def test_a_button_in_a_dialog_works_there(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    card = await posted(stand, dana)
    gateway.on |= {"details.form": Reply(POSTED), "take": Reply(Card("It is yours"))}
    await dana.click("Add details", card)
    await dana.click("Take it")
    assert dana.window is not None
    assert dana.window.title == "It is yours"
    assert gateway.heard[-1].version == 3


async def test_a_press_is_answered_with_the_card_as_it_stands_now(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    card = await posted(stand, dana)
    now = Card("Challenge 42 is yours", (Buttons((replace(TAKE, label="Done"),)),))
    gateway.on |= {"take": Reply(RECEIPT), "card.refresh": Reply(now)}
    await dana.click("Take it", card)

    assert [each.title for each in dana.cards] == ["Challenge 42 is yours"]
    assert dana.last_answer.title == "Challenge 42", "what there is to say beside it is a message"
    press, refresh = gateway.heard
    assert press.key == "button:c42::3:take"
    assert (refresh.action, refresh.source.message_id) == ("card.refresh", card.post.id)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(RECEIPT), "Challenge 42"),
        (Reply(errors={"": "Only the owner can do that."}), "Only the owner can do that."),
        (Reply(), "✓"),
    ],
)
async def test_a_press_that_changes_no_card_is_answered_all_the_same(stand: Stand, reply: Reply, said: str) -> None:
    dana = stand.person()
    card = await posted(stand, dana)
    stand.gateway.on["take"] = reply
    await dana.click("Take it", card)
    assert said in str(dana.last_answer)


async def test_a_press_before_others_is_answered_in_a_chat_of_their_own(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    gateway.on["show"] = Reply(RECEIPT)
    group = dana.tenant.group_chat()
    value = {"action": {"verb": "show", "data": {"clearway": {"do": "show", "about": "c42"}}}}
    conversation = {"id": group.id, "conversationType": "groupChat", "tenantId": dana.tenant.id}
    press = hello(dana, type="invoke", name="adaptiveCard/action", value=value, conversation=conversation, text=None)

    answer = await dana.deliver(press | {"id": "f:1"})
    await stand.room.idle()
    assert answer.body["value"] == "Challenge 42"
    assert [each.title for each in dana.cards] == ["Challenge 42"]

    dana.account.installed = False
    answer = await dana.deliver(press | {"id": "f:2"})
    assert answer.body["value"].startswith(NO_CHAT), "they alone hear it"
    assert dana.in_channel(group) == []


async def test_an_older_client_gets_the_same(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    card = await posted(stand, dana)
    gateway.on |= {"take": Reply(RECEIPT), "card.refresh": Reply(Card("Challenge 42 is yours"))}
    await dana.click("Take it", card, old_client=True)
    assert [each.title for each in dana.cards] == ["Challenge 42 is yours"]
    assert dana.last_answer.title == "Challenge 42"

    gateway.on["message.direct"] = Reply(form=REPORT)
    await dana.command("/challenge")
    form = dana.last_answer
    for reply, left in (
        (Reply(errors={"what": "Say a little more."}), "Say a little more."),
        (Reply(form=MORE), "Say more"),
    ):
        gateway.on["report"] = reply
        sent = {"clearway": next(each for each in form.card["actions"])["data"]["clearway"], "field.what": "It"}
        await dana.deliver(hello(dana, id=f"f:{left}", value=sent, text=None, replyToId=form.post.id))
        await stand.room.idle()
        assert left in str(dana.last_answer)


async def test_what_a_card_shows_is_drawn_anew_when_it_is_looked_at(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    await posted(stand, dana)
    gateway.on["card.refresh"] = Reply(Card("Challenge 42 is closed"))
    await dana.look()
    assert [each.title for each in dana.cards] == ["Challenge 42 is closed"]

    gateway.on["card.refresh"] = Reply()
    await posted(stand, dana)
    await dana.look()
    assert dana.answers[0].status == 200


async def test_the_message_extension_reports_a_colleagues_words(stand: Stand) -> None:
    dana, sam, gateway = stand.person(), stand.person("Sam Lee"), stand.gateway
    gateway.on |= {"challenge.form": Reply(form=REPORT), "report": Reply(RECEIPT)}
    message = await sam.say("The copier eats paper")
    await dana.report_message(message)
    asked = gateway.heard[-1]
    assert (asked.door, asked.text) == (Door.MESSAGE_SHORTCUT, "The copier eats paper")
    assert asked.source.link == message.link
    await dana.submit({"What is in the way?": "The copier"})
    assert dana.window is not None
    assert dana.window.title == "Challenge 42"

    await dana.shortcut()
    assert gateway.heard[-1].door == Door.GLOBAL_SHORTCUT
    assert dana.form is not None


async def test_people_are_searched_for_in_a_form(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    card = await posted(stand, dana)
    gateway.on["details.form"] = Reply(form=REPORT)
    gateway.on["people.search"] = Reply(options=tuple(Option(f"p-{n}", f"Person {n}") for n in range(40)))
    await dana.click("Add details", card)
    found = await dana.find("Whom does it concern?", "per")
    assert len(found) == 15
    assert gateway.heard[-1].text == "per"
    gateway.down = 1
    assert await dana.find("Whom does it concern?", "pers") == []


async def test_a_challenge_is_found_where_somebody_writes(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    found = Found("c42", "42: No substitutes", "Challenge 42", "With the principal", "Show")
    gateway.on["log.find"] = Reply(found=(found,))
    [card] = await dana.query("substitutes")
    assert gateway.heard[-1].text == "substitutes"
    assert "No substitutes" in str(card["preview"])
    assert "No substitutes" not in str(card["content"])

    gateway.on["log.find"] = Reply(Card("Nothing found", summary="Nothing found."))
    assert await dana.query("unicorns") == []
    gateway.down = 1
    assert await dana.query("substitutes") == []


async def test_a_reaction_shows_the_challenge_of_the_card(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    card = await posted(stand, dana)
    gateway.on |= {"card.refresh": Reply(POSTED), "show": Reply(RECEIPT)}
    await dana.react(card)
    assert dana.last_answer.title == "Challenge 42"
    assert [(each.action, each.challenge_id) for each in gateway.heard] == [("card.refresh", ""), ("show", "c42")]

    gateway.heard.clear()
    gateway.on["card.refresh"] = Reply()
    await dana.react(card, "heart")
    assert gateway.actions == ["card.refresh"]


async def test_who_installs_us_or_removes_us_is_noted(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    gateway.on |= {"account.gone": Reply(RECEIPT), "account.back": Reply(RECEIPT)}
    await dana.install()
    await dana.install(action="remove")
    assert gateway.actions == ["account.back", "account.gone"]
    assert dana.ephemerals == []
    gateway.down = 1
    await dana.install()
    assert dana.answers[0].status == 503


async def test_what_is_edited_or_deleted_is_heard(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    message = await dana.dm("The copier")
    gateway.on["message.edited"] = Reply(RECEIPT)
    await dana.edit(message, "The copier and the scanner")
    assert gateway.heard[-1].carry == {"message_key": gateway.heard[0].key}
    assert dana.last_answer.title == "Challenge 42"
    await dana.delete(message)
    assert gateway.actions == ["message.direct", "message.edited", "message.deleted"]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ({"type": "typing"}, 200),
        ({"type": "event", "name": "application/vnd.microsoft.meetingStart"}, 200),
        ({"type": "conversationUpdate", "membersAdded": [{"id": "29:other"}]}, 200),
        ({"type": "invoke", "name": "signin/verifyState", "value": {}}, 501),
        ({"type": "invoke", "name": "adaptiveCard/action", "value": {"action": {"data": {}}}}, 200),
        ({"type": "invoke", "name": "task/fetch", "value": {"data": {}}}, 200),
        ({"type": "invoke", "name": "task/submit", "value": {"data": {}}}, 200),
        ({"type": "invoke", "name": "composeExtension/query", "value": {"commandId": "other"}}, 200),
        ({"type": "invoke", "name": "application/search", "value": {"dataset": "other"}}, 200),
    ],
)
async def test_what_is_not_for_us_does_nothing(stand: Stand, kind: dict[str, Any], status: int) -> None:
    dana = stand.person()
    answer = await dana.deliver(hello(dana, **kind))
    assert (answer.status, stand.gateway.heard) == (status, [])


# ---------------------------------------------------------------------------------------------------- when things fail


async def test_a_message_that_was_not_committed_is_taken_when_it_comes_again(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    gateway.down, gateway.on["message.direct"] = 1, Reply(RECEIPT)
    await dana.dm("the copier is broken")
    assert dana.answers[0].status == 503
    assert dana.ephemerals == []

    await dana.redeliver()
    assert dana.answers[0].status == 200
    assert [each.title for each in dana.ephemerals] == ["Challenge 42"]
    assert len({each.key for each in gateway.heard}) == 1


async def test_when_it_fails_again_its_author_is_told(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    gateway.down = 2
    await dana.dm("the copier is broken")
    await dana.redeliver()
    assert dana.answers[0].status == 200
    assert [each.text for each in dana.ephemerals] == [SENTENCE]

    await dana.redeliver()
    assert len(gateway.heard) == 2, "what its author knows was not taken is not taken after all"
    assert [each.text for each in dana.ephemerals] == [SENTENCE]


async def test_when_it_does_not_come_again_its_author_is_told_too() -> None:
    async with teams_stand(times={"retried_within_s": 0}) as stand:
        dana, stand.gateway.down = stand.person(), 1
        await dana.dm("the copier is broken")
        assert dana.answers[0].status == 503
        assert [each.text for each in dana.ephemerals] == [SENTENCE]


async def test_who_still_waits_when_we_stop_is_told() -> None:
    async with teams_stand(times={"retried_within_s": 60}) as stand:
        dana, stand.gateway.down = stand.person(), 1
        await dana.dm("the copier is broken")
        await stand.room.close()
        assert [each.text for each in dana.ephemerals] == [SENTENCE]


async def test_a_command_says_so_at_once(stand: Stand) -> None:
    dana, stand.gateway.down = stand.person(), 1
    await dana.command("/challenges overdue")
    assert dana.answers[0].status == 200
    assert dana.last_answer.text == SENTENCE


async def test_a_form_keeps_what_was_typed_when_it_was_not_committed(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    card = await posted(stand, dana)
    gateway.on |= {"details.form": Reply(form=REPORT), "message.direct": Reply(form=REPORT), "report": Reply(RECEIPT)}
    for opens in (lambda: dana.click("Add details", card), lambda: dana.command("/challenge")):
        await opens()
        gateway.down = 1
        await dana.submit({"What is in the way?": "It rains in"})
        assert dana.form is not None
        assert dana.form.values["What is in the way?"] == "It rains in"
        assert SENTENCE in dana.form.text
        await dana.submit({})
        assert dana.form is None
        dana.dialog = None


async def test_a_press_a_dialog_and_an_older_client_say_so(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    card = await posted(stand, dana)
    gateway.down = 1
    await dana.click("Take it", card)
    assert dana.last_answer.text == SENTENCE
    gateway.down = 1
    await dana.click("Add details", card)
    assert dana.window is not None
    assert SENTENCE in dana.window.text
    await dana.close_form()
    gateway.down = 1
    await dana.click("Take it", card, old_client=True)
    assert dana.last_answer.text == SENTENCE


async def test_a_message_that_is_delivered_twice_is_answered_once(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    gateway.on |= {"message.direct": Reply(RECEIPT), "log.ask": Reply(RECEIPT)}
    for text in ("the copier is broken", "/challenges"):
        await dana.dm(text, copies=3)
        await dana.redeliver()
        assert [each.status for each in dana.answers] == [200]
    assert len(dana.ephemerals) == 2


async def test_a_form_that_is_sent_twice_says_the_same_twice(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    card = await posted(stand, dana)
    gateway.on |= {"details.form": Reply(form=REPORT), "message.direct": Reply(form=REPORT)}
    replies = iter([Reply(RECEIPT), Reply(), Reply(RECEIPT), Reply()])
    gateway.on["report"] = lambda _: next(replies)
    await dana.click("Add details", card)
    await dana.submit({"What is in the way?": "It"}, copies=2)
    assert all("Challenge 42" in str(each.body) for each in dana.answers)
    await dana.close_form()

    await dana.command("/challenge")
    await dana.submit({"What is in the way?": "It"}, copies=2)
    assert dana.last_answer.title == "Challenge 42"


async def test_an_answer_that_came_too_quickly_is_shown_a_little_later(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    gateway.on["message.direct"] = Reply(RECEIPT)
    stand.teams.fail("send", status=429, retry_after=0.01)
    stand.teams.fail("send", status=503)
    await dana.dm("the copier is broken")
    assert [each.title for each in dana.ephemerals] == ["Challenge 42"]


@pytest.mark.parametrize(
    "failure",
    [{"status": 403}, {"status": 500, "times": 9}, {"cut": True}, {"status": 429, "retry_after": 90}],
    ids=lambda each: "-".join(map(str, each)),
)
async def test_an_answer_that_cannot_be_shown_breaks_nothing(stand: Stand, failure: dict[str, Any]) -> None:
    dana, gateway = stand.person(), stand.gateway
    gateway.on |= {"message.direct": Reply(RECEIPT), "message.mention": Reply(RECEIPT)}
    stand.teams.fail("send", **failure)
    await dana.dm("the copier is broken")
    assert dana.answers[0].status == 200
    stand.teams.fail("create", **failure)
    await dana.mention("the copier is broken")
    assert dana.answers[0].status == 200


async def test_an_answer_that_may_have_arrived_is_not_shown_twice(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    gateway.on["message.direct"] = Reply(RECEIPT)
    stand.teams.fail("send", status=502, done=True)
    await dana.dm("the copier is broken")
    assert [each.title for each in dana.ephemerals] == ["Challenge 42"]


async def test_a_database_that_cannot_write_a_chat_down_breaks_nothing() -> None:
    async def broken(_: Identity, __: str) -> None:
        raise OSError

    async with teams_stand() as stand:
        stand.room._on_conversation = broken
        dana, stand.gateway.on["message.direct"] = stand.person(), Reply(RECEIPT)
        await dana.dm("the copier is broken")
        assert dana.last_answer.title == "Challenge 42"


async def test_a_card_that_cannot_be_edited_is_sent_anew_or_left(stand: Stand) -> None:
    dana, gateway = stand.person(), stand.gateway
    card = await posted(stand, dana)
    gateway.on |= {"take": Reply(), "card.refresh": Reply(Card("Challenge 42 is yours"))}
    stand.teams.fail("edit", status=500)
    await dana.click("Take it", card, old_client=True)
    assert dana.last_card.title == "Challenge 42"

    stand.teams.fail("edit", status=404)
    await dana.click("Take it", card, old_client=True)
    assert dana.last_card.title == "Challenge 42 is yours"


async def test_an_answer_that_takes_too_long_is_given_without_the_card() -> None:
    async with teams_stand(times={"answer_within_s": 0.05}) as stand:
        dana, gateway = stand.person(), stand.gateway
        card = await posted(stand, dana)
        handle = gateway.handle

        async def slow(inbound: Any) -> Reply:
            if inbound.action == "card.refresh":
                await asyncio.Event().wait()
            return await handle(inbound)

        gateway.handle = slow  # type: ignore[method-assign]
        await dana.click("Take it", card)
        assert dana.last_answer.text == "✓"


# --------------------------------------------------------------------------------------------------- setting it up


def env(**other: str) -> dict[str, str]:
    good = {
        "MICROSOFT_APP_ID": "C1EA4A7E-0000-4000-8000-000000000001",
        "MICROSOFT_APP_PASSWORD": "kz~8Q-secret",
        "MICROSOFT_APP_TENANT_ID": "00000000-0000-4000-8000-0000000000AA",
    } | other
    return {name: value for name, value in good.items() if value}


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"MICROSOFT_APP_ID": ""}, "Teams needs MICROSOFT_APP_ID, MICROSOFT_APP_PASSWORD and MICROSOFT_APP_TENANT_ID"),
        ({"MICROSOFT_APP_PASSWORD": ""}, "all three"),
        ({"MICROSOFT_APP_TENANT_ID": ""}, "all three"),
        ({"MICROSOFT_APP_ID": "clearway"}, "MICROSOFT_APP_ID is not the id that Azure shows"),
        ({"MICROSOFT_APP_TENANT_ID": "larkspur.onmicrosoft.com"}, "MICROSOFT_APP_TENANT_ID is not the id"),
        ({"MICROSOFT_APP_PASSWORD": "00000000-0000-4000-8000-0000000000aa"}, "is the id of a client secret"),
        ({"MICROSOFT_APP_PASSWORD": "two words"}, "is no client secret"),
        ({"MICROSOFT_OPENID_METADATA_URL": "http://keys.example/"}, "must begin with https://"),
        ({"TEAMS_ALLOWED_SERVICE_HOSTS": "https://teams.example/"}, "takes names of hosts"),
        ({"CLEARWAY_TEAMS_INSECURE_LOCAL": "1", "CLEARWAY_HOST": "0.0.0.0"}, "loopback address alone"),  # noqa: S104
    ],
)
def test_a_wrong_setting_stops_the_start_with_the_cure(other: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError) as told:
        settings.read(env(**other))
    assert named in str(told.value)
    assert "kz~8Q" not in str(told.value)


async def test_the_environment_seeds_the_first_registration_and_is_followed(database: Database) -> None:
    seal, clock = Seal([Seal.new_key()]), SystemClock()
    for password in ("kz~8Q-secret", "new-secret"):
        found = settings.read(env(MICROSOFT_APP_PASSWORD=password, TEAMS_ALLOWED_SERVICE_HOSTS="127.0.0.1:3978"))
        made = await wiring.teams_options(database, seal, found, clock)
        [known] = made.registrations
        assert (known.app_id, known.workspace_id, known.password) == (
            "c1ea4a7e-0000-4000-8000-000000000001",
            "00000000-0000-4000-8000-0000000000aa",
            password,
        )
        assert made.allowed_hosts == ("127.0.0.1:3978",)
    async with database.queue() as connection:
        await registrations.update_registration(connection, known.id, service_url="https://smba.trafficmanager.net/x/")
    [again] = (await wiring.teams_options(database, seal, found, clock)).registrations
    assert (again.service_url, again.password) == ("https://smba.trafficmanager.net/x/", "new-secret")
    # Where the environment does not name it any more, it is used no longer.
    assert (await wiring.teams_options(database, seal, settings.read({}), clock)).registrations == ()


async def test_without_a_registration_nobody_listens(database: Database) -> None:
    seal = Seal([Seal.new_key()])
    setup = await wiring.teams_options(database, seal, settings.read({}), SystemClock())
    made = wiring.build(database, seal, teams=setup)
    assert made.teams is None
    assert "/api/messages" not in [each.canonical for each in made.web().router.resources()]


async def test_the_insecure_door_is_refused_on_any_but_a_loopback_address(database: Database) -> None:
    made = wiring.build(database, Seal([Seal.new_key()]), teams=TeamsOptions(insecure_local=True))
    with pytest.raises(SettingsError, match="CLEARWAY_TEAMS_INSECURE_LOCAL"):
        async with wiring.running(made, made.web(), "0.0.0.0", 0, worker=False):  # noqa: S104
            pass


async def test_it_runs_beside_the_rest_and_remembers_what_it_learns(database: Database) -> None:
    """The whole of Clearway: what a verified activity tells is in the database, and what it does has one effect."""
    seal = Seal([Seal.new_key()])
    async with FakeTeams() as teams:
        tenant = teams.tenant()
        async with database.queue() as connection:
            row = models.Registration(
                platform=Platform.TEAMS, app_id=tenant.app_id, workspace_id=tenant.id,
                secrets=seal.seal({"password": tenant.password}, purpose="registration"), created_at=SystemClock().now(),
            )  # fmt: skip
            await registrations.insert_registration(connection, row)
        setup = await wiring.teams_options(database, seal, settings.read({}), SystemClock())
        known = options(teams)
        made = wiring.build(database, seal, teams=replace(setup, cloud=known.cloud, allowed_hosts=known.allowed_hosts))
        async with wiring.running(made, made.web(), "127.0.0.1", 0, worker=False) as port:
            teams.messages_url = f"http://127.0.0.1:{port}/api/messages"
            assert made.teams is not None
            teams.idle = made.teams.idle
            dana = TeamsPerson(tenant, "Dana Lee")
            await dana.dm("hello")
            assert dana.answers[0].status == 200
            assert "district staff" in str(dana.last_answer)  # no district admits this tenant
            async with database.queue(write=False) as connection:
                [row] = await registrations.registrations(connection, Platform.TEAMS)
            assert row.service_url == teams.service_url
        teams.check()


def test_secrets_do_not_show() -> None:
    tenant = FakeTeams().tenant()
    assert tenant.password not in repr(TeamsOptions((registration(tenant),)))


def test_what_the_sdk_does_that_python_frowns_upon_is_silenced_by_name() -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        import bot.teams.adapter  # noqa: F401
    assert [str(each.message) for each in seen] == []
