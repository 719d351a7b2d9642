"""The way out to Teams: what a refusal means, how fast we may be, and where a token of ours may go."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from bot.teams.cloud import Hosts
from bot.teams.connector import Connector, Pace
from bot.teams.options import PER_CONVERSATION, PER_TENANT
from bot.teams.profiles import TeamsProfiles
from bot.teams.transport import TeamsTransport
from bot.teams.ways import Ways
from bot.transport import Address, OutcomeUnknownError, Place, TryLaterError, UndeliverableError
from handlers.cards.model import Button, Buttons, Card, Press, Text
from handlers.request import Identity
from storage.vocabulary import Platform
from tests.bot.teams_stand import options, registration
from tests.fakes.teams import FakeTeams, TeamsPerson, Tenant

CARD = Card("Challenge 42", (Text("The heating is off."), Buttons((Button("Show", Press("show", "c42", version=3)),))))


@dataclass
class Out:
    """What goes out for one registration."""

    teams: FakeTeams
    tenant: Tenant
    connector: Connector
    transport: TeamsTransport
    profiles: TeamsProfiles
    session: aiohttp.ClientSession
    dana: TeamsPerson
    hasty: Callable[[], None]
    """From now on nobody waits for more than a moment."""

    def address(self, **other: Any) -> Address:
        return Address(Platform.TEAMS, self.tenant.id, self.dana.user_id, **other)

    async def send(self, card: Card = CARD, **other: Any) -> Place:
        return await self.transport.send(self.address(**other), card, delivery_id="d-1")


@pytest.fixture
async def out() -> AsyncIterator[Out]:
    moment = aiohttp.ClientTimeout(total=0.05)
    async with FakeTeams() as teams, aiohttp.ClientSession() as session, aiohttp.ClientSession(timeout=moment) as hasty:
        tenant = teams.tenant()
        dana = TeamsPerson(tenant, "Dana Lee")
        sessions = [session]
        known = options(teams)
        connector = Connector(
            registration(tenant), lambda: sessions[-1], cloud=known.cloud, hosts=Hosts(known.allowed_hosts)
        )

        ways = Ways(lambda workspace_id: [connector] if workspace_id == tenant.id else [])
        transport, profiles = TeamsTransport(ways), TeamsProfiles(ways, patience_s=30)
        yield Out(teams, tenant, connector, transport, profiles, session, dana, lambda: sessions.append(hasty))
        teams.check()


def made(teams: FakeTeams, tenant: Tenant, session: aiohttp.ClientSession, **more: Any) -> Connector:
    known = {"cloud": options(teams).cloud, "hosts": Hosts([teams.host])}
    return Connector(registration(tenant), lambda: session, **{**known, **more})


# -------------------------------------------------------------------------------------------------------- what arrives


async def test_a_card_reaches_somebody_who_never_wrote_and_is_edited_in_place(out: Out) -> None:
    place = await out.send()

    assert place == Place(Platform.TEAMS, out.tenant.id, out.dana.chat.id, out.tenant.messages[-1].id)
    assert out.dana.last_card.title == "Challenge 42"
    [created] = out.teams.called("create")
    assert created["members"] == [{"id": out.dana.user_id}]
    assert created["tenantId"] == out.tenant.id

    await out.transport.edit(place, Card("Challenge 42 is closed"))
    assert [each.title for each in out.dana.cards] == ["Challenge 42 is closed"]


async def test_a_known_conversation_needs_no_creation(out: Out) -> None:
    await out.send(conversation_id=out.dana.chat.id)
    assert out.teams.called("create") == []


async def test_somebody_may_be_named_by_their_id_in_the_directory(out: Out) -> None:
    named = replace(out.address(), user_id=out.dana.account.directory_id)
    place = await out.transport.send(named, CARD, delivery_id="d-1")
    assert place.conversation_id == out.dana.chat.id
    assert out.dana.last_card.title == "Challenge 42"


async def test_a_card_asks_what_it_shows_now_also_after_it_was_edited(out: Out) -> None:
    place = await out.send()
    assert out.dana.last_card.card["refresh"]["action"]["verb"] == "card.refresh"
    await out.transport.edit(place, CARD)
    assert out.dana.last_card.card["refresh"]["action"]["verb"] == "card.refresh"


async def test_nobody_can_look_for_a_message(out: Out) -> None:
    assert await out.transport.find(out.address(), delivery_id="d-1") is None


async def test_where_we_are_not_set_up_nobody_is_reached(out: Out) -> None:
    with pytest.raises(UndeliverableError, match="not_installed"):
        await out.transport.send(replace(out.address(), workspace_id="elsewhere"), CARD, delivery_id="d-1")


async def test_a_message_without_an_id_cannot_be_edited(out: Out) -> None:
    with pytest.raises(UndeliverableError):
        await out.transport.edit(Place(Platform.TEAMS, out.tenant.id, out.dana.chat.id, ""), CARD)


async def test_a_place_cannot_lead_to_another_path(out: Out) -> None:
    with pytest.raises(UndeliverableError):
        await out.transport.edit(Place(Platform.TEAMS, out.tenant.id, "../../v3/conversations", "a/b?c#d"), CARD)


# ------------------------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"blocked": True}, "MessageWritesBlocked"),
        ({"installed": False}, "BotNotInConversationRoster"),
    ],
)
async def test_somebody_who_will_not_hear_from_us_is_not_reached(out: Out, how: dict[str, Any], reason: str) -> None:
    for name, value in how.items():
        setattr(out.dana.account, name, value)
    with pytest.raises(UndeliverableError) as refused:
        await out.send()
    assert refused.value.reason == reason


async def test_somebody_who_is_gone_is_not_reached(out: Out) -> None:
    chat = out.dana.chat.id
    out.dana.account.gone = True
    for known in ("", chat):  # to the chat that is gone with them, and then to a new one: there is nobody of that name
        with pytest.raises(UndeliverableError, match="BadArgument"):
            await out.send(conversation_id=known)


@pytest.mark.parametrize(
    ("call", "status"),
    [
        *(("send", status) for status in (412, 429, 503)),
        *((call, status) for call in ("create", "token") for status in (412, 429, 500, 502, 503, 504)),
    ],
)
async def test_what_teams_could_not_do_is_tried_again(out: Out, call: str, status: int) -> None:
    out.teams.fail(call, status=status)
    with pytest.raises(TryLaterError) as refused:
        await out.send()
    assert refused.value.after_s is None
    await out.send()
    assert len(out.dana.cards) == 1


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_card_over_which_teams_broke_down_may_have_arrived(out: Out, status: int, done: bool) -> None:
    out.teams.fail("send", status=status, done=done)
    with pytest.raises(OutcomeUnknownError, match="ServiceError"):
        await out.send()
    assert len(out.dana.cards) == done


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_an_edit_over_which_teams_broke_down_is_tried_again(out: Out, status: int) -> None:
    place = await out.send()
    out.teams.fail("edit", status=status)
    with pytest.raises(TryLaterError):
        await out.transport.edit(place, CARD)


@pytest.mark.parametrize(("written", "seconds"), [(7, 7), (0.5, 0.5), (90_000, 3600), ("soon", None), ("nan", None)])
async def test_it_says_how_long_to_wait(out: Out, written: Any, seconds: float | None) -> None:
    out.teams.fail("send", status=429, retry_after=written)
    with pytest.raises(TryLaterError) as refused:
        await out.send()
    assert refused.value.after_s == seconds
    assert not refused.value.whole, "others may be written to in the meantime"


async def test_a_cut_line_leaves_a_question_after_a_post_and_none_after_an_edit(out: Out) -> None:
    place = await out.send()
    for failure in ({"cut": True}, {"cut": True, "done": True}, {"hang": True}):
        if "hang" in failure:
            out.hasty()
        out.teams.fail("send", **failure)
        with pytest.raises(OutcomeUnknownError):
            await out.send(conversation_id=out.dana.chat.id)
        out.teams.fail("edit", times=2, **failure)  # the client itself repeats what may be repeated, once
        with pytest.raises(TryLaterError):
            await out.transport.edit(place, CARD)
        out.teams.fail("create", **failure)
        with pytest.raises(TryLaterError):  # it is the same conversation each time
            await out.send()


async def test_what_nobody_listens_to_has_not_left(out: Out) -> None:
    out.connector.service_url = "http://127.0.0.1:1/"
    unheard = made(out.teams, out.tenant, out.session, hosts=Hosts(["127.0.0.1:1"]))
    unheard.service_url = "http://127.0.0.1:1/"
    with pytest.raises(TryLaterError, match="unreachable"):
        await unheard.send(out.dana.chat.id, {"type": "message"})


async def test_a_message_that_is_gone_is_not_edited(out: Out) -> None:
    place = await out.send()
    out.tenant.messages[-1].deleted = True
    with pytest.raises(UndeliverableError, match="ActivityNotFoundInConversation"):
        await out.transport.edit(place, CARD)


async def test_our_own_mistake_is_kept_until_mended(out: Out) -> None:
    out.teams.fail("send", status=400, code="BadSyntax")
    with pytest.raises(TryLaterError, match="BadSyntax"):
        await out.send()


async def test_what_is_too_large_goes_shortened(out: Out) -> None:
    out.teams.fail("send", status=413, code="MessageSizeTooBig")
    place = await out.send()
    assert out.dana.last_card.title == "Challenge 42"
    assert out.dana.last_card.buttons == ("Show",)
    assert "This did not fit whole." in out.dana.last_card.text

    out.teams.fail("edit", status=413, code="MessageSizeTooBig")
    await out.transport.edit(place, CARD)
    assert "This did not fit whole." in out.dana.last_card.text


# ------------------------------------------------------------------------------------------- two apps in one tenant


@dataclass
class Two:
    """Two apps of ours, which know one person by the same id. What is written goes by whichever they have."""

    teams: FakeTeams
    first: TeamsPerson
    second: TeamsPerson
    """The same person, as the one and as the other app knows them."""
    connectors: tuple[Connector, Connector]
    transport: TeamsTransport
    profiles: TeamsProfiles

    def anew(self) -> None:
        """As after a restart."""
        ways = Ways(lambda _: self.connectors)
        self.transport, self.profiles = TeamsTransport(ways), TeamsProfiles(ways, patience_s=30)

    async def send(self, conversation_id: str | None = None) -> Place:
        to = Address(Platform.TEAMS, self.first.tenant.id, self.first.user_id, conversation_id)
        return await self.transport.send(to, CARD, delivery_id="d-1")

    def chats(self) -> tuple[list[str], list[str]]:
        """The titles of the cards in the chats with the one and with the other."""
        return [each.title for each in self.first.cards], [each.title for each in self.second.cards]


@pytest.fixture
async def two() -> AsyncIterator[Two]:
    async with FakeTeams() as teams, aiohttp.ClientSession() as session:
        tenants = teams.tenant(), teams.tenant(app_id="c1ea4a7e-0000-4000-8000-000000000002")
        first, second = (TeamsPerson(each, "Dana Lee") for each in tenants)
        connectors = made(teams, tenants[0], session), made(teams, tenants[1], session)
        ways = Ways(lambda _: connectors)
        yield Two(teams, first, second, connectors, TeamsTransport(ways), TeamsProfiles(ways, patience_s=30))
        teams.check()


TITLE = "Challenge 42"
EDITED = Card("Challenge 42 is closed")


async def test_who_has_only_the_second_app_is_reached_by_it_and_from_then_on_at_once(two: Two) -> None:
    two.first.account.installed = False
    place = await two.send()
    assert (two.chats(), place.conversation_id) == (([], [TITLE]), two.second.chat.id)
    two.first.account.installed = True
    await two.send()
    assert two.chats() == ([], [TITLE, TITLE])
    assert [each["bot"]["id"] for each in two.teams.called("create")] == [
        two.first.tenant.bot_id,
        two.second.tenant.bot_id,
        two.second.tenant.bot_id,
    ]


async def test_who_had_the_one_app_and_has_the_other_now_is_written_to_there(two: Two) -> None:
    place = await two.send()
    two.first.account.blocked = True
    two.anew()
    moved = await two.send(place.conversation_id)
    assert (two.chats(), moved.conversation_id) == (([TITLE], [TITLE]), two.second.chat.id)


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_card_is_edited_by_the_app_that_sent_it(two: Two, restarted: bool) -> None:
    two.first.account.installed = False
    place = await two.send()
    if restarted:
        two.anew()
    for _ in range(2):
        await two.transport.edit(place, EDITED)
    assert two.chats() == ([], [EDITED.title])


@pytest.mark.parametrize("restarted", [False, True])
async def test_what_the_app_in_the_chat_is_told_counts_and_not_what_the_other_is(two: Two, restarted: bool) -> None:
    two.first.account.installed = False
    place = await two.send()
    if restarted:
        two.anew()
    two.second.account.blocked = True
    with pytest.raises(UndeliverableError, match="MessageWritesBlocked") as refused:
        await two.transport.edit(place, EDITED)
    assert not refused.value.gone
    with pytest.raises(UndeliverableError, match="MessageWritesBlocked"):
        await two.send()
    two.second.account.blocked, two.second.tenant.messages[-1].deleted = False, True
    with pytest.raises(UndeliverableError, match="ActivityNotFoundInConversation") as refused:
        await two.transport.edit(place, EDITED)
    assert refused.value.gone


@pytest.mark.parametrize(("failure", "error"), [({"status": 503}, TryLaterError), ({"cut": True}, OutcomeUnknownError)])
async def test_what_may_pass_or_may_have_arrived_is_not_sent_by_the_other(
    two: Two, failure: dict[str, Any], error: type[Exception]
) -> None:
    two.teams.fail("send", **failure)
    with pytest.raises(error):
        await two.send()
    assert two.chats() == ([], [])


async def test_who_has_only_the_second_app_is_looked_up_by_it(two: Two) -> None:
    two.first.account.installed = False
    profile = await two.profiles.look_up(identity(two.second))
    assert profile is not None
    assert profile.name == "Dana Lee"


# ------------------------------------------------------------------------------------------------------- our own token


async def test_a_token_is_fetched_once_however_many_wait(out: Out) -> None:
    await asyncio.gather(*(out.connector.send(out.dana.chat.id, message()) for _ in range(5)))
    assert len(out.teams.called("token")) == 1


def message() -> dict[str, Any]:
    return {"type": "message", "textFormat": "plain", "text": "hello"}


async def test_a_token_is_fetched_anew_before_it_runs_out(out: Out) -> None:
    out.teams.token_lives_s = 299
    await out.connector.send(out.dana.chat.id, message())
    await out.connector.send(out.dana.chat.id, message())
    assert len(out.teams.called("token")) == 2


async def test_a_token_that_is_no_longer_taken_is_replaced_at_once(out: Out) -> None:
    await out.connector.send(out.dana.chat.id, message())
    out.teams.revoke_tokens()
    await out.connector.send(out.dana.chat.id, message())
    assert len(out.teams.called("token")) == 2
    assert len(out.tenant.messages) == 2


async def test_a_secret_that_is_refused_rests_the_tenant(out: Out) -> None:
    wrong = Connector(
        registration(out.tenant, password="old"),
        lambda: out.session,
        cloud=options(out.teams).cloud,
        hosts=Hosts([out.teams.host]),
    )
    with pytest.raises(TryLaterError) as refused:
        await wrong.send(out.dana.chat.id, message())
    assert (refused.value.reason, refused.value.after_s, refused.value.whole) == ("invalid_client", 3600, True)


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b'{"access_token": 1}', b'{"access_token": ""}', b""])
async def test_a_login_that_is_no_login_is_tried_again(out: Out, answer: bytes) -> None:
    async def log_in(_: web.Request) -> web.Response:
        return web.Response(body=answer)

    app = web.Application()
    app.add_routes([web.post("/{anything:.*}", log_in)])
    server = TestServer(app)
    await server.start_server()
    elsewhere = replace(options(out.teams).cloud, login_url=f"http://127.0.0.1:{server.port}")
    with pytest.raises(TryLaterError, match="login_http_200"):
        await made(out.teams, out.tenant, out.session, cloud=elsewhere).send(out.dana.chat.id, message())
    await server.close()


async def test_the_secret_goes_nowhere_without_https(out: Out) -> None:
    open_net = replace(options(out.teams).cloud, login_url="http://login.example/")
    with pytest.raises(TryLaterError, match="login_not_secure"):
        await made(out.teams, out.tenant, out.session, cloud=open_net).send(out.dana.chat.id, message())


def test_the_secret_does_not_show() -> None:
    tenant = FakeTeams().tenant()
    assert tenant.password not in repr(registration(tenant))


# ------------------------------------------------------------------------------------------------ where a token may go


@dataclass
class Eavesdropper:
    """A host that is none of Microsoft's."""

    url: str
    heard: list[web.Request]


@pytest.fixture
async def eavesdropper() -> AsyncIterator[Eavesdropper]:
    heard: list[web.Request] = []

    async def listen(request: web.Request) -> web.Response:
        heard.append(request)
        return web.json_response({"id": "1"})

    app = web.Application()
    app.add_routes([web.route("*", "/{anything:.*}", listen)])
    server = TestServer(app)
    await server.start_server()
    yield Eavesdropper(f"http://127.0.0.1:{server.port}/", heard)
    await server.close()


@pytest.mark.parametrize(
    "url",
    [
        "{eavesdropper}",
        "http://169.254.169.254/",
        "https://smba.trafficmanager.net.evil.example/",
        "http://{host}@evil.example/",
    ],
)
async def test_a_stored_reference_to_a_foreign_host_is_refused_before_we_even_log_in(
    out: Out, eavesdropper: Eavesdropper, url: str
) -> None:
    stored = url.format(eavesdropper=eavesdropper.url, host=out.teams.host)
    edited = Connector(
        registration(out.tenant, service_url=stored),
        lambda: out.session,
        cloud=options(out.teams).cloud,
        hosts=Hosts([out.teams.host]),
    )
    for call in (edited.send("a:1", message()), edited.update("a:1", "1", message()), edited.create("29:1")):
        with pytest.raises(TryLaterError, match="host_not_allowed"):
            await call
    assert eavesdropper.heard == []
    assert out.teams.called("token") == []


async def test_a_redirect_is_not_followed(out: Out, eavesdropper: Eavesdropper) -> None:
    async def elsewhere(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": eavesdropper.url})

    app = web.Application()
    app.add_routes([web.route("*", "/{anything:.*}", elsewhere)])
    server = TestServer(app)
    await server.start_server()
    sent_on = made(out.teams, out.tenant, out.session, hosts=Hosts([f"127.0.0.1:{server.port}"]))
    sent_on.service_url = f"http://127.0.0.1:{server.port}/"
    with pytest.raises(TryLaterError, match="http_307"):
        await sent_on.send("a:1", message())
    assert eavesdropper.heard == []
    await server.close()


# ------------------------------------------------------------------------------------------------------------- the pace


class Moving:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def test_seven_in_a_second_and_eight_in_two() -> None:
    now = Moving()
    pace = Pace(now=now)
    assert [pace.wait("a") for _ in range(7)] == [0.0] * 7
    assert pace.wait("a") == pytest.approx(1.0)
    assert pace.wait("b") == 0.0, "each conversation has its own"

    now.at += 1.0
    assert pace.wait("a") == 0.0
    assert pace.wait("a") == pytest.approx(1.0), "the eighth in two seconds was that one"


def test_sixty_in_half_a_minute_and_eighteen_hundred_in_an_hour() -> None:
    now = Moving()
    pace = Pace(now=now)
    sent = 0
    while (wait := pace.wait("a")) == 0.0:
        sent += 1
        now.at += 0.4
    assert (sent, wait) == (60, pytest.approx(30 - 60 * 0.4))

    now.at += wait
    while (wait := pace.wait("a")) < 30:
        now.at += wait
        sent += not wait
    assert sent == 1800
    assert now.at - 1000 < 3600


@given(st.lists(st.floats(0, 40), max_size=200))
def test_however_they_come_no_window_holds_more_than_it_may(pauses: list[float]) -> None:
    now, sent = Moving(), []
    pace = Pace(now=now)
    for pause in pauses:
        now.at += pause
        if pace.wait("a") == 0.0:
            sent.append(now.at)
    for most, seconds in PER_CONVERSATION:
        for n in range(len(sent) - most):
            assert sent[n + most] - sent[n] >= seconds - 1e-6


async def test_who_would_be_too_quick_is_told_before_anything_is_sent(out: Out) -> None:
    for _ in range(7):
        await out.send(conversation_id=out.dana.chat.id)
    with pytest.raises(TryLaterError) as refused:
        await out.send(conversation_id=out.dana.chat.id)
    assert refused.value.after_s is not None
    assert 0 < refused.value.after_s <= 1
    assert not refused.value.whole
    assert len(out.teams.called("send")) == 7

    sam = TeamsPerson(out.tenant, "Sam Lee")
    to_sam = Address(Platform.TEAMS, out.tenant.id, sam.user_id, sam.chat.id)
    await out.transport.send(to_sam, CARD, delivery_id="d-2")


async def test_a_whole_tenant_has_its_pace_too(out: Out) -> None:
    still = Moving()
    paced = made(out.teams, out.tenant, out.session, tenant_pace=Pace(PER_TENANT, now=still))
    people = [TeamsPerson(out.tenant, f"Person {n}") for n in range(31)]
    for each in people[:30]:
        await paced.send(each.chat.id, message())
    with pytest.raises(TryLaterError) as refused:
        await paced.send(people[30].chat.id, message())
    assert refused.value.whole
    still.at += 1
    await paced.send(people[30].chat.id, message())


async def test_the_threads_of_a_channel_share_its_pace(out: Out) -> None:
    channel = out.tenant.channel("General")
    for n in range(7):
        await out.connector.send(f"{channel.id};messageid={n}", message())
    with pytest.raises(TryLaterError, match="paced"):
        await out.connector.send(f"{channel.id};messageid=9", message())


async def test_within_our_pace_teams_is_never_too_quick(out: Out) -> None:
    out.teams.throttles = True
    came = await asyncio.gather(
        *(out.connector.send(out.dana.chat.id, message()) for _ in range(12)), return_exceptions=True
    )
    assert [str(each) for each in came if isinstance(each, Exception)] == ["paced"] * 5


# ---------------------------------------------------------------------------------------------------------- who it is


def identity(person: TeamsPerson, **other: Any) -> Identity:
    return Identity(Platform.TEAMS, person.tenant.id, person.user_id, **other)


def heard(person: TeamsPerson, **more: Any) -> dict[str, Any]:
    """An activity of theirs, as far as it matters here."""
    info = {"type": "clientInfo", "timezone": "America/Detroit"}
    return {"conversation": {"id": person.chat.id}, "locale": "es-MX", "entities": [info], **more}


async def test_somebody_we_heard_is_looked_up_where_we_heard_them(out: Out) -> None:
    out.profiles.seen(out.tenant.id, out.dana.user_id, heard(out.dana))
    profile = await out.profiles.look_up(identity(out.dana))

    assert profile is not None
    assert (profile.name, profile.email) == ("Dana Lee", "dana.lee@larkspur-bend.example")
    assert profile.directory_id == out.dana.account.directory_id
    assert (profile.timezone, profile.locale) == ("America/Detroit", "es-MX")
    assert (profile.guest, profile.foreign, profile.bot) == (False, False, False)
    assert out.teams.called("create") == []


async def test_somebody_we_never_heard_is_looked_up_in_their_own_chat(out: Out) -> None:
    profile = await out.profiles.look_up(identity(out.dana))
    assert profile is not None
    assert profile.name == "Dana Lee"


async def test_a_guest_is_known_as_one(out: Out) -> None:
    visitor = TeamsPerson(out.tenant, "Zed Visitor", guest=True)
    other = TeamsPerson(out.tenant, "Ann Other", mail="ann_elsewhere.example#EXT#@larkspur.onmicrosoft.com")
    for each in (visitor, other):
        profile = await out.profiles.look_up(identity(each))
        assert profile is not None
        assert profile.guest


async def test_nobody_is_nobody(out: Out) -> None:
    out.dana.account.gone = True
    assert await out.profiles.look_up(identity(out.dana)) is None
    assert await out.profiles.look_up(replace(identity(out.dana), workspace_id="elsewhere")) is None
    assert await out.profiles.find(out.tenant.id, "dana.lee@larkspur-bend.example") is None


async def test_nobody_waits_long_for_a_look_up(out: Out) -> None:
    out.profiles.seen(out.tenant.id, out.dana.user_id, heard(out.dana))
    out.teams.fail("member", hang=True)
    hasty = TeamsProfiles(Ways(lambda _: [out.connector]), patience_s=0.01)
    with pytest.raises(TryLaterError, match="slow"):
        await hasty.look_up(identity(out.dana))


@pytest.mark.parametrize("failure", [{"status": 500}, {"cut": True}, {"status": 429}])
async def test_who_cannot_be_looked_up_just_now_is_looked_up_later(out: Out, failure: dict[str, Any]) -> None:
    out.profiles.seen(out.tenant.id, out.dana.user_id, heard(out.dana))
    out.teams.fail("member", times=2, **failure)
    with pytest.raises(TryLaterError):
        await out.profiles.look_up(identity(out.dana))


ANYTHING = (
    st.none() | st.integers() | st.text(max_size=70) | st.lists(st.none() | st.dictionaries(st.text(), st.text()))
)


@given(st.dictionaries(st.sampled_from(["conversation", "entities", "locale"]), ANYTHING))
def test_whatever_a_client_says_of_itself_does_no_harm(said: dict[str, Any]) -> None:
    TeamsProfiles(Ways(lambda _: ())).seen("t", "u", said)
    TeamsProfiles(Ways(lambda _: ())).seen("t", "u", {"conversation": {"id": "a:1"}, **said})


async def test_all_members_of_a_conversation_can_be_had_page_by_page(out: Out) -> None:
    for n in range(7):
        TeamsPerson(out.tenant, f"Person {n}")
    channel = out.tenant.channel("General")
    small = made(out.teams, out.tenant, out.session)
    names = [each["name"] async for each in small.members(channel.id, page=3)]
    assert sorted(names) == sorted(["Dana Lee", *(f"Person {n}" for n in range(7))])
    assert len(out.teams.called("members")) == 3


async def test_a_chat_that_is_gone_is_made_anew(out: Out) -> None:
    """It was with another bot of ours, say: what we know of a chat is never the last word on a person."""
    place = await out.send(conversation_id="a:of-a-bot-that-is-gone")
    assert place.conversation_id == out.dana.chat.id
    assert out.dana.last_card.title == "Challenge 42"
