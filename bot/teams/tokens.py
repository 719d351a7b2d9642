"""Which requests are Microsoft's: a token signed with its keys, for an app of ours, its tenant and this very activity.

Our own code, because the SDK's takes tokens that never expire, activities of any tenant and bodies without a service
address, and answers 500 to many a broken token. Whatever is wrong with one is NotTrustedError here.
"""

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import aiohttp
import jwt
import structlog
from jwt.algorithms import RSAAlgorithm

from bot.teams.cloud import Hosts, host_of, is_secure
from bot.teams.incoming import BrokenActivityError
from bot.teams.parse import tenant_of
from scheduling.clock import Clock, SystemClock

log = structlog.get_logger()

CHANNEL: Final = "msteams"
ALGORITHM: Final = "RS256"
LEEWAY_S: Final = 300.0  # between the clocks, as Microsoft's own page on authentication has it
KEYS_KEPT_S: Final = 86_400.0  # it changes its keys rarely, and says: look once a day
KEYS_KEPT_MOST_S: Final = 5 * 86_400.0  # where they cannot be fetched anew; the SDK keeps them as long
ASK_AGAIN_S: Final = 60.0  # after a key that we do not know, or a failure: a stranger cannot make us ask more often
TIMEOUT_S: Final = 5.0
MOST_CHARACTERS: Final = 16_384  # of a header; Microsoft's have about a thousand
REMEMBERED: Final = 1_000  # tokens: the connector uses one for about an hour
BROKEN: Final = (jwt.PyJWTError, ValueError, TypeError, LookupError, AttributeError, RecursionError, OverflowError)


class NotTrustedError(Exception):
    """Not Microsoft's, or not for us: 401. The reason is for the log, and quotes nothing that was sent."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class KeysUnavailableError(Exception):
    """Microsoft's keys could not be fetched, so that nobody can tell: 503."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says."""

    app_id: str
    """The app of ours that it is for."""
    service_url: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class Key:
    public: Any
    endorsements: frozenset[str]


def elapsed_s() -> float:
    """A clock that only goes forward: seconds, from no particular moment."""
    return asyncio.get_running_loop().time()


class Keys:
    """Microsoft's published keys: fetched off the path of most requests, and kept for a day."""

    def __init__(
        self,
        metadata_url: str,
        session: Callable[[], aiohttp.ClientSession],
        *,
        timeout_s: float = TIMEOUT_S,
        elapsed: Callable[[], float] = elapsed_s,
    ) -> None:
        self._metadata_url = metadata_url
        self._session = session
        self._elapsed = elapsed
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._known: Mapping[str, Key] = {}
        self._fetched_at = self._asked_at = float("-inf")
        self._asking = asyncio.Lock()
        self.fetches = 0

    async def get(self, kid: str) -> Key | None:
        """The key of that name; None where there is none, even after having asked once more."""
        if self._elapsed() - self._fetched_at > KEYS_KEPT_S:
            await self.refresh()
        elif kid not in self._known and self._elapsed() - self._asked_at >= ASK_AGAIN_S:
            await self.refresh()
            self._asked_at = self._elapsed()  # of a look that was made: a stranger who asks on puts off no other
        if self._elapsed() - self._fetched_at > KEYS_KEPT_MOST_S:
            raise KeysUnavailableError
        return self._known.get(kid)

    async def refresh(self) -> None:
        """Fetches them, unless somebody just did in vain; keeps what it has where they cannot be had."""
        before = self.fetches
        async with self._asking:
            if self.fetches != before or self._elapsed() - self._asked_at < ASK_AGAIN_S:
                return
            try:
                self._known = await self._fetch()
            except (aiohttp.ClientError, TimeoutError, *BROKEN) as failure:
                log.error(
                    "teams.no_keys",
                    error=type(failure).__name__,
                    says=f"The keys that Microsoft signs with cannot be fetched from {self._metadata_url}, so that nobody on "
                    "Teams is heard until they can. Is the way out to it open?",
                )
                self._asked_at = self._elapsed()
                return
            self._fetched_at = self._elapsed()
            self.fetches += 1

    async def _fetch(self) -> dict[str, Key]:
        document = await self._get(self._metadata_url)
        published = await self._get(str(document["jwks_uri"]))
        return {each["kid"]: _key(each) for each in published["keys"] if each.get("kty") == "RSA" and each.get("kid")}

    async def _get(self, url: str) -> Any:
        if not is_secure(url):
            raise ValueError("keys are fetched over https only")
        async with self._session().get(url, timeout=self._timeout, allow_redirects=False) as answer:
            if answer.status != 200:
                raise ValueError(f"status {answer.status}")
            return json.loads(await answer.read())


def _key(published: Mapping[str, Any]) -> Key:
    public = RSAAlgorithm.from_jwk({name: published[name] for name in ("kty", "n", "e")})
    return Key(public, frozenset(published.get("endorsements") or ()))


class KeyRing(Protocol):
    """Where the keys are."""

    fetches: int
    """How often the keys were replaced: what was verified with older ones is verified anew."""

    async def get(self, kid: str) -> Key | None: ...


class Tokens:
    """Checks what comes with each request. A good token is remembered by its digest until it expires."""

    def __init__(
        self,
        issuer: str,
        tenants: Mapping[str, Collection[str]],
        keys: KeyRing,
        *,
        hosts: Hosts | None = None,
        clock: Clock | None = None,
        remembered: int = REMEMBERED,
    ) -> None:
        """`tenants`: the ids of our apps, in small letters, and the tenants that each is for."""
        self._issuer = issuer
        self._tenants = tenants
        self._keys = keys
        self._hosts = hosts or Hosts()
        self._clock = clock or SystemClock()
        self._jws = jwt.PyJWS(algorithms=[ALGORITHM])
        self._verified: OrderedDict[bytes, Claims] = OrderedDict()
        self._verified_with = 0
        self._remembered = remembered

    async def check(self, header: str, *, body: Mapping[str, Any]) -> Claims:
        """What the token of an `Authorization` header says, if it is Microsoft's and belongs to this activity.

        NotTrustedError otherwise, and KeysUnavailableError where nobody can tell at the moment.
        """
        claims = await self._verify(header)
        if body.get("channelId") != CHANNEL:
            raise NotTrustedError("channel")
        service_url = body.get("serviceUrl")
        if not isinstance(service_url, str) or service_url != claims.service_url:
            raise NotTrustedError("service_url")
        try:
            tenant = tenant_of(body)
        except BrokenActivityError as broken:
            raise NotTrustedError("tenant") from broken
        if not tenant or tenant not in self._tenants.get(claims.app_id, ()):
            raise NotTrustedError("tenant")
        return claims

    async def _verify(self, header: str) -> Claims:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.isascii() or not 0 < len(token) <= MOST_CHARACTERS:
            raise NotTrustedError("no token")
        if self._verified_with != self._keys.fetches:
            self._verified.clear()
            self._verified_with = self._keys.fetches
        digest = hashlib.sha256(token.encode()).digest()
        claims = self._verified.get(digest)
        if claims is None:
            claims = await self._read(token)
            self._verified[digest] = claims
            if len(self._verified) > self._remembered:
                self._verified.popitem(last=False)
        if claims.expires_at + LEEWAY_S <= self._clock.now().timestamp():
            self._verified.pop(digest, None)
            raise NotTrustedError("expired")
        return claims

    async def _read(self, token: str) -> Claims:
        try:
            header = self._jws.get_unverified_header(token)
            kid = header["kid"]
        except BROKEN as broken:
            raise NotTrustedError("malformed") from broken
        if header.get("alg") != ALGORITHM or not isinstance(kid, str):
            raise NotTrustedError("algorithm")
        key = await self._keys.get(kid)
        if key is None:
            raise NotTrustedError("unknown key")
        if CHANNEL not in key.endorsements:
            raise NotTrustedError("endorsement")
        try:
            said = json.loads(self._jws.decode(token, key.public, algorithms=[ALGORITHM]))
        except BROKEN as broken:
            raise NotTrustedError("signature") from broken
        return self._claims(said)

    def _claims(self, said: Any) -> Claims:
        now = self._clock.now().timestamp()
        match said:
            case {
                "iss": self._issuer,
                "aud": str(app),
                "exp": int() | float() as expires,
                "serviceurl": str(url),
            }:
                pass
            case {"iss": self._issuer}:
                raise NotTrustedError("claims")
            case _:
                raise NotTrustedError("issuer")
        if not _is_instant(expires):
            raise NotTrustedError("claims")
        begins = said.get("nbf", now)
        if not _is_instant(begins) or begins - LEEWAY_S > now:
            raise NotTrustedError("not yet")
        if app.lower() not in self._tenants:
            raise NotTrustedError("audience")
        if not self._hosts.allow(url):
            log.error("teams.host_not_allowed", host=host_of(url), cure="TEAMS_ALLOWED_SERVICE_HOSTS")
            raise NotTrustedError("host")
        return Claims(app.lower(), url, float(expires))


def _is_instant(number: Any) -> bool:
    """A number of seconds within reason: neither True, nor NaN, nor more digits than a float has."""
    return isinstance(number, int | float) and not isinstance(number, bool) and abs(number) < 1e15
