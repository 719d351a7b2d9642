"""Which requests are Microsoft's: every claim that is wrong or missing, keys that change, and whatever strangers send."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from bot.teams.cloud import PUBLIC, US_GOVERNMENT, Hosts, cloud_at, is_secure
from bot.teams.parse import tenant_of
from bot.teams.tokens import Claims, Key, Keys, KeysUnavailableError, NotTrustedError, Tokens
from tests.fakes.teams.keys import SigningKey, signing_key

APP = "c1ea4a7e-0000-4000-8000-000000000001"
TENANT = "00000000-0000-4000-8000-0000000000aa"
URL = "https://smba.trafficmanager.net/amer/"
NOW = datetime(2026, 10, 6, 13, 0, tzinfo=UTC)
BODY = {"channelId": "msteams", "serviceUrl": URL, "channelData": {"tenant": {"id": TENANT}}}
HEAD = {"alg": "RS256", "typ": "JWT", "kid": "key-1"}
RS256 = jwt.get_algorithm_by_name("RS256")
ENDORSED = ("msteams", "webchat")


class Still:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at


class Ring:
    """Keys as if they had been fetched."""

    def __init__(self, **known: Key) -> None:
        self.known = {name.replace("_", "-"): key for name, key in known.items()}
        self.fetches = 1
        self.asked: list[str] = []

    async def get(self, kid: str) -> Key | None:
        self.asked.append(kid)
        return self.known.get(kid)


def public(key: SigningKey, *endorsements: str) -> Key:
    return Key(key.private.public_key(), frozenset(endorsements or ENDORSED))


def said(**other: Any) -> dict[str, Any]:
    """The claims of a good token; None in `other` leaves one out."""
    at = int(NOW.timestamp())
    good = {"iss": PUBLIC.issuer, "aud": APP, "serviceurl": URL, "nbf": at - 60, "exp": at + 3600, **other}
    return {name: value for name, value in good.items() if value is not None}


def bearer(token: str) -> str:
    return f"Bearer {token}"


def good(**other: Any) -> str:
    return bearer(signing_key().sign(said(**other)))


def made(ring: Ring | None = None, clock: Still | None = None, **more: Any) -> Tokens:
    ring = ring or Ring(key_1=public(signing_key()))
    return Tokens(PUBLIC.issuer, {APP: {TENANT}}, ring, clock=clock or Still(), **more)


def b64(value: Any) -> str:
    written = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(written).rstrip(b"=").decode()


def signed(head: Any, claims: Any) -> str:
    """Signed with the right key, whatever stands in it."""
    text = f"{b64(head)}.{b64(claims)}"
    return f"{text}.{b64(RS256.sign(text.encode(), signing_key().private))}"


def hs256_with_public_key() -> str:
    """The old trick: the public key, which everybody has, taken as a shared secret."""
    pem = signing_key().private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = f"{b64({'alg': 'HS256', 'typ': 'JWT', 'kid': 'key-1'})}.{b64(said())}"
    return f"{text}.{b64(hmac.digest(pem, text.encode(), 'sha256'))}"


# ------------------------------------------------------------------------------------------------------- what is good


async def test_a_good_token_says_for_which_app_it_is() -> None:
    claims = await made().check(good(), body=BODY)
    assert claims == Claims(APP, URL, NOW.timestamp() + 3600)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"exp": NOW.timestamp() - 299}, id="expired less than five minutes ago"),
        pytest.param({"nbf": NOW.timestamp() + 299}, id="valid in less than five minutes"),
        pytest.param({"nbf": None}, id="no beginning"),
        pytest.param({"aud": APP.upper()}, id="the app id in capitals"),
    ],
)
async def test_what_is_within_reason_is_taken(other: dict[str, Any]) -> None:
    assert (await made().check(good(**other), body=BODY)).app_id == APP


async def test_the_tenant_of_a_conversation_does_where_there_is_no_other() -> None:
    body = {"channelId": "msteams", "serviceUrl": URL, "conversation": {"tenantId": TENANT.upper()}}
    assert await made().check(good(), body=body)


async def test_a_token_is_verified_once_and_remembered_until_it_expires() -> None:
    ring, clock = Ring(key_1=public(signing_key())), Still()
    checking = made(ring, clock)
    for _ in range(3):
        await checking.check(good(), body=BODY)
    assert ring.asked == ["key-1"]

    clock.at += timedelta(hours=1, minutes=4)
    await checking.check(good(), body=BODY)
    clock.at += timedelta(minutes=2)
    with pytest.raises(NotTrustedError, match="expired"):
        await checking.check(good(), body=BODY)


async def test_what_was_verified_is_verified_anew_when_the_keys_change() -> None:
    ring = Ring(key_1=public(signing_key()))
    checking = made(ring)
    await checking.check(good(), body=BODY)
    ring.known, ring.fetches = {}, 2
    with pytest.raises(NotTrustedError, match="unknown key"):
        await checking.check(good(), body=BODY)


async def test_only_so_many_tokens_are_remembered() -> None:
    ring = Ring(key_1=public(signing_key()))
    checking = made(ring, remembered=2)
    for n in (1, 2, 3, 3, 1):
        await checking.check(good(jti=str(n)), body=BODY)
    assert len(ring.asked) == 4


# ---------------------------------------------------------------------------------------------------- what is refused


def without(name: str) -> dict[str, Any]:
    return {other: value for other, value in BODY.items() if other != name}


OTHER = signing_key(2)


@pytest.mark.parametrize(
    ("header", "body"),
    [
        pytest.param("", BODY, id="no header"),
        pytest.param("Bearer", BODY, id="no token"),
        pytest.param("Bearer ", BODY, id="an empty token"),
        pytest.param(f"Basic {good()[7:]}", BODY, id="another scheme"),
        pytest.param(f"{good()} {good()}", BODY, id="two tokens"),
        pytest.param("Bearer rubbish", BODY, id="rubbish"),
        pytest.param("Bearer a.b.c", BODY, id="three letters"),
        pytest.param("Bearer ü.ü.ü", BODY, id="not ASCII"),
        pytest.param(good() + "x" * 20_000, BODY, id="far too long"),
        pytest.param(good()[:-8] + "AAAAAAAA", BODY, id="another signature"),
        pytest.param(good().rpartition(".")[0] + ".", BODY, id="no signature"),
        pytest.param(bearer(OTHER.sign(said(), kid="key-1")), BODY, id="another key under a known name"),
        pytest.param(bearer(OTHER.sign(said())), BODY, id="a key that nobody knows"),
        pytest.param(bearer(signed({"alg": "RS256"}, said())), BODY, id="no key named"),
        pytest.param(bearer(jwt.encode(said(), "s" * 32, "HS256", {"kid": "key-1"})), BODY, id="a shared secret"),
        pytest.param(bearer(signed({**HEAD, "kid": 1}, said())), BODY, id="a number for a key"),
        pytest.param(bearer(hs256_with_public_key()), BODY, id="the public key as a shared secret"),
        pytest.param(bearer(jwt.encode(said(), None, "none", {"kid": "key-1"})), BODY, id="no algorithm"),
        pytest.param(
            bearer(jwt.encode(said(), signing_key().private, "RS384", {"kid": "key-1"})), BODY, id="another algorithm"
        ),
        pytest.param(bearer(signed({**HEAD, "crit": ["exp"]}, said())), BODY, id="a critical header"),
        pytest.param(good(iss="https://login.microsoftonline.com"), BODY, id="another issuer"),
        pytest.param(good(iss=US_GOVERNMENT.issuer), BODY, id="another cloud"),
        pytest.param(good(iss=None), BODY, id="no issuer"),
        pytest.param(good(aud="c1ea4a7e-0000-4000-8000-000000000002"), BODY, id="another app"),
        pytest.param(good(aud=[APP]), BODY, id="several audiences"),
        pytest.param(good(aud=None), BODY, id="no audience"),
        pytest.param(good(aud=""), BODY, id="an empty audience"),
        pytest.param(good(exp=NOW.timestamp() - 301), BODY, id="expired"),
        pytest.param(good(exp=None), BODY, id="never expires"),
        pytest.param(good(exp="soon"), BODY, id="expires at a word"),
        pytest.param(good(exp=True), BODY, id="expires at true"),
        pytest.param(good(exp=float("nan")), BODY, id="expires at no number"),
        pytest.param(good(exp=10**400), BODY, id="expires after the end of numbers"),
        pytest.param(good(nbf=NOW.timestamp() + 3600), BODY, id="not yet valid"),
        pytest.param(good(nbf=[]), BODY, id="valid from a list"),
        pytest.param(good(nbf=-(10**400)), BODY, id="valid from before the beginning of numbers"),
        pytest.param(good(serviceurl=None), BODY, id="no service address in the token"),
        pytest.param(good(serviceurl="https://smba.trafficmanager.net/emea/"), BODY, id="another service address"),
        pytest.param(good(), {**BODY, "serviceUrl": "https://evil.example/"}, id="another service address in the body"),
        pytest.param(good(), without("serviceUrl"), id="no service address in the body"),
        pytest.param(good(), {**BODY, "serviceUrl": 1}, id="a number for a service address"),
        pytest.param(good(), {**BODY, "channelId": "webchat"}, id="another channel"),
        pytest.param(good(), without("channelId"), id="no channel"),
        pytest.param(good(), {**BODY, "channelData": {"tenant": {"id": "another"}}}, id="a foreign tenant"),
        pytest.param(good(), without("channelData"), id="no tenant"),
        pytest.param(good(), {**BODY, "channelData": {"tenant": {"id": ""}}}, id="an empty tenant"),
        pytest.param(good(), {**BODY, "channelData": {"tenant": TENANT}}, id="a tenant without an id"),
        pytest.param(
            good(),
            {**BODY, "channelData": {"tenant": {"id": "another"}}, "conversation": {"tenantId": TENANT}},
            id="two tenants",
        ),
    ],
)
async def test_what_is_not_microsofts_or_not_for_us_is_refused(header: str, body: dict[str, Any]) -> None:
    with pytest.raises(NotTrustedError):
        await made().check(header, body=body)


async def test_a_key_that_is_not_endorsed_for_teams_does_not_count() -> None:
    with pytest.raises(NotTrustedError, match="endorsement"):
        await made(Ring(key_1=public(signing_key(), "webchat"))).check(good(), body=BODY)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/",
        "https://evil.example/",
        "http://127.0.0.1:3978/",
        "https://smba.trafficmanager.net@evil/",
    ],
)
async def test_a_service_on_a_host_that_is_not_microsofts_is_refused_although_signed(url: str) -> None:
    with pytest.raises(NotTrustedError, match="host"):
        await made().check(good(serviceurl=url), body={**BODY, "serviceUrl": url})


async def test_a_stand_in_may_be_allowed() -> None:
    url = "http://127.0.0.1:3978/"
    allowing = made(hosts=Hosts(["127.0.0.1:3978"]))
    assert await allowing.check(good(serviceurl=url), body={**BODY, "serviceUrl": url})


async def test_each_app_is_for_its_own_tenants() -> None:
    other_app, other_tenant = APP.replace("1", "2"), TENANT.replace("a", "b")
    theirs = {**BODY, "channelData": {"tenant": {"id": other_tenant}}}
    checking = Tokens(
        PUBLIC.issuer, {APP: {TENANT}, other_app: {other_tenant}}, Ring(key_1=public(signing_key())), clock=Still()
    )
    assert (await checking.check(good(aud=other_app), body=theirs)).app_id == other_app
    for token, body in ((good(), theirs), (good(aud=other_app), BODY)):
        with pytest.raises(NotTrustedError, match="tenant"):
            await checking.check(token, body=body)


# --------------------------------------------------------------------------------------------- whatever strangers send

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PLAUSIBLE = {
    "iss": PUBLIC.issuer,
    "aud": APP,
    "serviceurl": URL,
    "exp": NOW.timestamp() + 60,
    "nbf": NOW.timestamp(),
}
CLAIMS = st.fixed_dictionaries({}, optional={name: st.just(value) | JSON for name, value in PLAUSIBLE.items()})
PARTS = st.fixed_dictionaries(
    {}, optional={"alg": st.just("RS256") | JSON, "kid": st.just("key-1") | JSON, "crit": JSON}
)
BODIES = st.fixed_dictionaries({}, optional={name: st.just(value) | JSON for name, value in BODY.items()})


def refused_or_good(header: str, body: dict[str, Any]) -> None:
    """Nothing but an answer or a refusal; and what is answered is good in every point."""
    try:
        claims = asyncio.run(made().check(header, body=body))
    except NotTrustedError:
        return
    assert (claims.app_id, claims.service_url) == (APP, body["serviceUrl"])
    assert tenant_of(body) == TENANT


@given(st.text(max_size=200))
def test_any_header_is_refused(header: str) -> None:
    refused_or_good(header, BODY)


@given(st.text(alphabet="abcAB019-_.=/+ \x00ü", max_size=80))
def test_anything_for_a_token_is_refused(token: str) -> None:
    refused_or_good(bearer(token), BODY)


@given(PARTS | JSON, CLAIMS | JSON, st.binary(max_size=20))
def test_any_header_and_claims_without_a_signature_are_refused(part: Any, claims: Any, signature: bytes) -> None:
    token = f"{b64(part)}.{b64(claims)}.{b64(signature)}"
    with pytest.raises(NotTrustedError):
        asyncio.run(made().check(bearer(token), body=BODY))


@given(CLAIMS, BODIES)
def test_any_signed_claims_and_any_body_are_refused_or_good(claims: dict[str, Any], body: dict[str, Any]) -> None:
    refused_or_good(bearer(signed(HEAD, claims)), body)


@given(st.binary(max_size=60))
def test_any_signed_bytes_are_refused(payload: bytes) -> None:
    with pytest.raises(NotTrustedError):
        asyncio.run(made().check(bearer(signed(HEAD, payload)), body=BODY))


def test_brackets_without_end_are_refused() -> None:
    deep = b"[" * 8_000
    with pytest.raises(NotTrustedError):
        asyncio.run(made().check(bearer(f"{b64(deep)}.e30.e30"), body=BODY))


# ---------------------------------------------------------------------------------------------------------- the keys


class Publisher:
    """A server with a key set, whose answers a test chooses."""

    def __init__(self) -> None:
        self.keys = [signing_key()]
        self.fetched = 0
        self.answer: Callable[[], web.Response] | None = None
        self.silent = False
        self.closing = asyncio.Event()
        self.url = ""

    async def metadata(self, request: web.Request) -> web.Response:
        self.fetched += 1
        if self.silent:
            await self.closing.wait()
        return self.answer() if self.answer else web.json_response({"jwks_uri": f"{self.url}/keys"})

    async def key_set(self, request: web.Request) -> web.Response:
        return web.json_response({"keys": [{"kty": "EC", "kid": "key-9"}, *(each.published() for each in self.keys)]})


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    made = Publisher()
    app = web.Application()
    app.add_routes([web.get("/metadata", made.metadata), web.get("/keys", made.key_set)])
    server = TestServer(app)
    await server.start_server()
    made.url = f"http://127.0.0.1:{server.port}"
    yield made
    made.closing.set()
    await server.close()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


@pytest.fixture
def keys(publisher: Publisher, session: aiohttp.ClientSession) -> Keys:
    return Keys(f"{publisher.url}/metadata", lambda: session)


async def test_keys_are_fetched_once_however_many_ask(publisher: Publisher, keys: Keys) -> None:
    found = await asyncio.gather(*(keys.get("key-1") for _ in range(20)))
    assert all(found)
    assert publisher.fetched == 1


async def test_a_new_key_is_looked_for_at_once_but_not_again_and_again(publisher: Publisher, keys: Keys) -> None:
    assert await keys.get("key-1")
    publisher.keys.append(signing_key(2))
    assert await keys.get("key-2")
    assert publisher.fetched == 2

    for n in range(10):
        assert await keys.get(f"made-up-{n}") is None
    assert publisher.fetched == 2


async def test_a_stranger_who_asks_on_does_not_keep_a_new_key_out(
    publisher: Publisher, session: aiohttp.ClientSession
) -> None:
    at = 1000.0
    keys = Keys(f"{publisher.url}/metadata", lambda: session, elapsed=lambda: at)
    await keys.get("key-1")
    await keys.get("made-up")
    publisher.keys.append(signing_key(2))
    for _ in range(4):  # more often than once a minute
        at += 20
        await keys.get("made-up")
    assert await keys.get("key-2")


async def test_keys_are_looked_for_once_a_day(publisher: Publisher, session: aiohttp.ClientSession) -> None:
    at = 1000.0
    keys = Keys(f"{publisher.url}/metadata", lambda: session, elapsed=lambda: at)
    await keys.get("key-1")
    at += 86_399
    await keys.get("key-1")
    assert publisher.fetched == 1
    at += 2
    await keys.get("key-1")
    assert publisher.fetched == 2

    publisher.answer = lambda: web.Response(status=500)
    at += 2 * 86_400
    assert await keys.get("key-1"), "older keys are better than none"
    assert publisher.fetched == 3
    assert await keys.get("key-1")
    assert publisher.fetched == 3
    at += 4 * 86_400
    with pytest.raises(KeysUnavailableError):
        await keys.get("key-1")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda: web.Response(status=500), id="broken"),
        pytest.param(lambda: web.Response(text="<html>"), id="a page"),
        pytest.param(lambda: web.json_response([]), id="a list"),
        pytest.param(lambda: web.json_response({}), id="no address"),
        pytest.param(lambda: web.json_response({"jwks_uri": "http://keys.example/"}), id="keys without https"),
        pytest.param(lambda: web.Response(status=302, headers={"Location": "/keys"}), id="a redirect"),
    ],
)
async def test_where_keys_cannot_be_had_nobody_can_tell(
    publisher: Publisher, keys: Keys, answer: Callable[[], web.Response]
) -> None:
    publisher.answer = answer
    checking = Tokens(PUBLIC.issuer, {APP: {TENANT}}, keys, clock=Still())
    with pytest.raises(KeysUnavailableError):
        await checking.check(good(), body=BODY)
    with pytest.raises(NotTrustedError):  # what is broken in itself needs no keys
        await checking.check("Bearer rubbish", body=BODY)


async def test_a_publisher_that_does_not_answer_is_not_waited_for(
    publisher: Publisher, session: aiohttp.ClientSession
) -> None:
    publisher.silent = True
    with pytest.raises(KeysUnavailableError):
        await Keys(f"{publisher.url}/metadata", lambda: session, timeout_s=0.05).get("key-1")


# -------------------------------------------------------------------------------------------------- clouds and hosts


def test_a_government_cloud_is_known_by_where_its_keys_are() -> None:
    assert cloud_at("") == PUBLIC
    assert cloud_at(US_GOVERNMENT.metadata_url) == US_GOVERNMENT
    stand_in = cloud_at("http://127.0.0.1:8000/metadata")
    assert (stand_in.issuer, stand_in.metadata_url) == (PUBLIC.issuer, "http://127.0.0.1:8000/metadata")


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://smba.trafficmanager.net/amer/", True),
        ("https://SMBA.trafficmanager.net/teams", True),
        ("https://europe.botframework.com", True),
        ("https://smba.infra.gov.teams.microsoft.us/teams", True),
        ("http://smba.trafficmanager.net/amer/", False),
        ("https://smba.trafficmanager.net:8443/", False),
        ("https://smba.trafficmanager.net.evil.example/", False),
        ("https://evilbotframework.com/", False),
        ("https://botframework.com.evil.example/", False),
        ("https://smba.trafficmanager.net@evil.example/", False),
        ("https://someone:secret@smba.trafficmanager.net/", False),
        ("https://evil.example\\@smba.trafficmanager.net/", False),
        ("https://smba.trafficmanager.net/?to=1", False),
        ("https://smba.trafficmanager.net/#there", False),
        ("https://smba.trafficmanager.net\n.evil.example/", False),
        ("https://smba.trafficmanager.net:99999/", False),
        ("//smba.trafficmanager.net/", False),
        ("http://169.254.169.254/", False),
        ("file:///etc/passwd", False),
        ("", False),
        ("http://127.0.0.1:3978/here", True),
        ("http://127.0.0.1:3979/here", False),
        ("https://teams.example.org/", True),
        ("http://teams.example.org/", False),
        ("https://a.wide.example/", True),
        ("https://wide.example/", False),
    ],
)
def test_a_token_goes_to_allowed_hosts_only(url: str, allowed: bool) -> None:
    assert Hosts(["127.0.0.1:3978", "teams.example.org", "*.wide.example"]).allow(url) is allowed


@given(st.text(max_size=60), st.sampled_from(["", "https://", "http://", "https://smba.trafficmanager.net"]))
def test_any_address_has_an_answer(rest: str, start: str) -> None:
    assert Hosts().allow(start + rest) in {True, False}
    assert is_secure(start + rest) in {True, False}
