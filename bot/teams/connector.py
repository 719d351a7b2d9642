"""Microsoft's Bot Connector, over one shared session: a token that is kept, hosts that may have it, a pace that it takes.

What it refuses becomes one of the three errors of `bot.transport`.
"""

import asyncio
import json
import re
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

import aiohttp
import structlog
from yarl import URL

from bot.teams.cloud import PUBLIC, Cloud, Hosts, host_of, is_secure
from bot.teams.options import PER_CONVERSATION, PER_TENANT, THREAD, TeamsRegistration, Windows
from bot.transport import OutcomeUnknownError, TryLaterError, UndeliverableError

log = structlog.get_logger()

Json = dict[str, Any]
CONVERSATIONS: Final = 10_000  # whose pace is remembered

AGAIN: Final = frozenset({412, 429})
"""Of these the page that `_meaning` names says: try again. So it says of 5xx."""
NOT_TAKEN: Final = 503
"""Of 5xx the one that says that nothing was done: behind each of the others, say a gateway's, it may have been."""
EARLY_S: Final = 300.0  # before a token expires, a new one is fetched
REINSTATED_AFTER_S: Final = 3600.0  # when to try again with a secret that was refused: somebody has to mend it
MOST_WAIT_S: Final = 3600.0
SECONDS: Final = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)
PAGE: Final = 500  # members at a time,
# https://learn.microsoft.com/microsoftteams/platform/resources/team-chat-member-api-changes


class TooBigError(TryLaterError):
    """The message is larger than Teams takes: a smaller one may go."""


class Pace:
    """So many in so many seconds, for each conversation: who would be too quick is told how long to wait."""

    def __init__(self, windows: Windows = PER_CONVERSATION, *, now: Callable[[], float] | None = None) -> None:
        self._windows = windows
        self._most = max((most for most, _ in windows), default=0)
        self._now = now
        self._sent: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, conversation: str) -> float:
        """Seconds until one more may go; where that is none, it counts as gone."""
        now = self._now() if self._now else asyncio.get_running_loop().time()
        sent = self._sent.get(conversation)
        if sent is None:
            sent = self._sent[conversation] = deque(maxlen=self._most)
            if len(self._sent) > CONVERSATIONS:
                self._sent.popitem(last=False)
        waits = [sent[-most] + seconds - now for most, seconds in self._windows if len(sent) >= most]
        if (longest := max(waits, default=0.0)) > 0:
            return longest
        self._sent.move_to_end(conversation)
        sent.append(now)
        return 0.0


class Login:
    """Our own token for one registration: kept until shortly before it expires, fetched once however many wait."""

    def __init__(
        self, registration: TeamsRegistration, cloud: Cloud, session: Callable[[], aiohttp.ClientSession]
    ) -> None:
        self._registration = registration
        self._cloud = cloud
        self._session = session
        self._token = ""
        self._until = float("-inf")
        self._asking = asyncio.Lock()

    async def token(self) -> str:
        """TryLaterError where there is none to be had at the moment."""
        if not self._good():
            async with self._asking:
                if not self._good():
                    await self._fetch()
        return self._token

    def refused(self, token: str) -> None:
        """The connector did not take it: the next one is fetched anew."""
        if token == self._token:
            self._until = float("-inf")

    def _good(self) -> bool:
        return asyncio.get_running_loop().time() < self._until

    async def _fetch(self) -> None:
        known = self._registration
        url = f"{self._cloud.login_url.rstrip('/')}/{quote(known.workspace_id, safe='')}/oauth2/v2.0/token"
        if not is_secure(url):
            raise TryLaterError("login_not_secure", REINSTATED_AFTER_S)
        form = {
            "grant_type": "client_credentials",
            "client_id": known.app_id,
            "client_secret": known.password,
            "scope": self._cloud.scope,
        }
        try:
            async with self._session().post(URL(url, encoded=True), data=form, allow_redirects=False) as answer:
                said = _said(await answer.read())
                status, headers = answer.status, answer.headers
        except (aiohttp.ClientError, TimeoutError) as failure:
            raise TryLaterError("login_unreachable") from failure
        match said:
            case {"access_token": str(token), "expires_in": int() | float() as lives} if (
                status == 200 and token.isascii()
            ):
                self._token, self._until = token, asyncio.get_running_loop().time() + lives - EARLY_S
                return
        if status in {400, 401, 403}:
            reason = str(said.get("error", "")) or f"http_{status}"
            log.error("teams.locked_out", code=reason, tenant=known.workspace_id)
            raise TryLaterError(reason, REINSTATED_AFTER_S)
        raise TryLaterError(f"login_http_{status}", _after(headers))


class Connector:
    """The conversations of one registration."""

    def __init__(
        self,
        registration: TeamsRegistration,
        session: Callable[[], aiohttp.ClientSession],
        *,
        cloud: Cloud = PUBLIC,
        hosts: Hosts | None = None,
        pace: Pace | None = None,
        tenant_pace: Pace | None = None,
    ) -> None:
        self.registration = registration
        self.service_url = registration.service_url or cloud.service_url
        self._session = session
        self._hosts = hosts or Hosts()
        self._pace = pace or Pace()
        self._tenant_pace = tenant_pace or Pace(PER_TENANT)
        self._login = Login(registration, cloud, session)

    async def send(self, conversation: str, activity: Mapping[str, Any]) -> str:
        """Posts a message; its id, "" where Teams does not tell."""
        self._keep_pace(conversation)
        said = await self._call("POST", f"v3/conversations/{_part(conversation)}/activities", activity)
        return str(said.get("id") or "")

    async def update(self, conversation: str, message: str, activity: Mapping[str, Any]) -> None:
        """Replaces a message where it stands."""
        self._keep_pace(conversation)
        path = f"v3/conversations/{_part(conversation)}/activities/{_part(message)}"
        await self._call("PUT", path, {**activity, "id": message})

    async def create(self, member: str) -> str:
        """The conversation with one person, by the id that Teams has for them or by that of their directory.

        It is the same one each time.
        """
        known = self.registration
        asked = {
            "isGroup": False,
            "bot": {"id": known.bot_id},
            "members": [{"id": member}],
            "tenantId": known.workspace_id,
            "channelData": {"tenant": {"id": known.workspace_id}},
        }
        self._keep_pace(member)
        said = await self._call("POST", "v3/conversations", asked, again=True, gone=frozenset({400}))
        conversation = said.get("id")
        if not isinstance(conversation, str) or not conversation:
            raise TryLaterError("no_conversation")
        return conversation

    async def member(self, conversation: str, user: str) -> Json:
        """What Teams tells of one person in a conversation. UndeliverableError where they are not in it."""
        path = f"v3/conversations/{_part(conversation)}/members/{_part(user)}"
        return await self._call("GET", path, gone=frozenset({400}))

    async def members(self, conversation: str, *, page: int = PAGE) -> AsyncIterator[Json]:
        """Everybody in a conversation, so many at a time."""
        more = ""
        while True:
            path = f"v3/conversations/{_part(conversation)}/pagedmembers?pageSize={page}"
            said = await self._call("GET", f"{path}&continuationToken={_part(more)}" if more else path)
            for each in said.get("members") or ():
                yield each
            more = said.get("continuationToken") or ""
            if not more:
                return

    def _keep_pace(self, conversation: str) -> None:
        thread = conversation.partition(THREAD)[0]  # of a channel: its conversation has the pace
        if (wait := self._pace.wait(thread)) > 0:
            raise TryLaterError("paced", wait, whole=False)
        if (wait := self._tenant_pace.wait("")) > 0:
            raise TryLaterError("paced", wait)

    async def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        again: bool = False,
        gone: frozenset[int] = frozenset(),
    ) -> Json:
        """`again`: it may be repeated without harm. `gone`: what else means that there is nobody to reach.

        OutcomeUnknownError where a post may have been done, and repeating it would do it twice.
        """
        once = method == "POST" and not again
        if not self._hosts.allow(self.service_url):
            log.error("teams.host_not_allowed", host=host_of(self.service_url), cure="TEAMS_ALLOWED_SERVICE_HOSTS")
            raise TryLaterError("host_not_allowed", REINSTATED_AFTER_S)
        url = URL(f"{self.service_url.rstrip('/')}/{path}", encoded=True)
        sent = None if body is None else json.dumps(body).encode()
        for fresh in (False, True):
            token = await self._token()
            headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
            try:
                async with self._session().request(
                    method, url, data=sent, headers=headers, allow_redirects=False
                ) as answer:
                    status, answered, said = answer.status, answer.headers, _said(await answer.read())
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as failure:
                raise TryLaterError("unreachable") from failure  # nothing had left yet
            except (aiohttp.ClientError, TimeoutError) as failure:
                raise (OutcomeUnknownError if once else TryLaterError)(type(failure).__name__) from failure
            if status < 300:
                return said
            if status != 401 or fresh or not token:
                break
            self._login.refused(token)
        if once and status >= 500 and status != NOT_TAKEN:
            raise OutcomeUnknownError(_code(said) or f"http_{status}")
        raise _meaning(status, _code(said), answered, gone)

    async def _token(self) -> str:
        """None is sent where there is no password: a local client, let in without tokens."""
        return await self._login.token() if self.registration.password else ""


def _meaning(
    status: int, code: str, headers: Mapping[str, str], gone: frozenset[int]
) -> TryLaterError | UndeliverableError:
    """What a refusal means, https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/conversation-messages#status-code-responses"""
    reason = code or f"http_{status}"
    if status in {403, 404} or status in gone:
        return UndeliverableError(reason, gone=status != 403)
    if status == 401:
        log.error("teams.locked_out", code=reason)
        return TryLaterError(reason, REINSTATED_AFTER_S)
    if status == 413:
        log.error("teams.too_big")
        return TooBigError(reason, whole=False)
    if status not in AGAIN and status < 500:
        log.error("teams.refused", code=code, status=status)  # most likely a mistake of ours: keep it until mended
    return TryLaterError(reason, _after(headers), whole=False)


def _after(headers: Mapping[str, str]) -> float | None:
    """Seconds, as `Retry-After` has them; None where it has none."""
    written = headers.get("Retry-After", "")
    return min(float(written), MOST_WAIT_S) if SECONDS.fullmatch(written) else None


def _said(answer: bytes) -> Json:
    try:
        said = json.loads(answer or b"{}")
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _code(said: Json) -> str:
    """The connector's word for what was wrong: never its message, which may quote what was sent."""
    match said:
        case {"error": {"code": str(code)}} | {"code": str(code)} | {"error": str(code)}:
            pass
        case {"errorCode": _, "message": str(message)}:  # the chat service below it, passed on as it stands
            code = str(_said(message.encode()).get("subCode", ""))
        case _:
            code = ""
    return code if code.isidentifier() else ""


def _part(of_path: str) -> str:
    return quote(of_path, safe="")
