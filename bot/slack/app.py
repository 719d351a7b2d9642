"""Slack's way in: signed HTTP requests, or a socket, for every registration; and its way out."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from itertools import chain, repeat
from typing import Any, Final, cast

import aiohttp
import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import Clock
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.listeners import Desk, Gateway, SlackRegistration, SlackStartError, reason_of
from bot.slack.parse import workspace_of
from bot.slack.profiles import SlackProfiles
from bot.slack.transport import SlackTransport
from bot.transport import TryLaterError

__all__ = ["SlackRegistration", "SlackRoom", "SlackStartError"]

SLACK: Final = "https://slack.com/api/"
PATH: Final = "/slack/events"
AHEAD_S: Final = 60  # a clock may be this much ahead of ours; Bolt would allow five minutes, and refuses what is older
ANSWER_WITHIN_S: Final = 2.7  # Slack waits for three, https://docs.slack.dev/interactivity/handling-user-interaction
AGAIN_AFTER_S: Final = (1.0, 5.0, 30.0)  # an answer that Slack did not take, say, a district's crisis text
TIMEOUT_S: Final = 10.0  # of a call to Slack that nobody is waiting for
CONNECTED_WITHIN_S: Final = 30.0  # a socket; after that its address is stale, and we ask for another
ASK_AGAIN_S: Final = (1.0, 5.0, 15.0, 60.0)  # while Slack cannot be reached, and so on every minute

log = structlog.get_logger()


class Socket(AsyncSocketModeHandler):
    """Bolt's, whose requests are under way where others can see it: who stops waits for them."""

    def __init__(self, bolt: AsyncApp, token: str, under_way: set[asyncio.Task[None]], **options: Any) -> None:
        super().__init__(bolt, token, **options)
        self._under_way = under_way

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        here = cast("asyncio.Task[None]", asyncio.current_task())
        self._under_way.add(here)
        try:
            await super().handle(client, req)
        finally:
            self._under_way.discard(here)


class SlackRoom:
    """All our Slack apps: what they hear goes to the gateway, and `transport` and `profiles` speak through them."""

    def __init__(
        self,
        registrations: Sequence[SlackRegistration],
        gateway: Gateway,
        *,
        api_url: str = SLACK,
        on_learned: Callable[[SlackRegistration], Awaitable[None]] | None = None,
        on_introduced: Callable[[Sequence[str]], Awaitable[None]] | None = None,
        answer_within_s: float = ANSWER_WITHIN_S,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """`on_learned`: a registration knows more than it did. `on_introduced`: Slack says which workspace we are in."""
        self.gateway = gateway
        self.answer_within_s = answer_within_s
        self.again_after_s: Sequence[float] = AGAIN_AFTER_S
        self.ask_again_s: Sequence[float] = ASK_AGAIN_S
        self.transport = SlackTransport(self._client_of)
        self.profiles = SlackProfiles(self._client_of)
        self._desks = [Desk(self, each, api_url) for each in registrations]
        self._on_learned = on_learned
        self._on_introduced = on_introduced
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=timeout_s / 2)
        self._session: aiohttp.ClientSession | None = None
        self._sockets: list[Socket] = []
        self._trying: list[asyncio.Task[None]] = []
        self._work: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Opens the session that everything shares, and learns who we are.

        SlackStartError when Slack refuses our token. While it cannot be reached we go on trying after this returns.
        """
        self._session = aiohttp.ClientSession(timeout=self._timeout)
        for desk in self._desks:
            desk.client.session = self._session
        found = await asyncio.gather(*(desk.introduce() for desk in self._desks), return_exceptions=True)
        failures = [each for each in found if isinstance(each, BaseException)]
        if failures and not (True in found and all(isinstance(each, SlackStartError) for each in failures)):
            await self.close()
            raise failures[0]
        for failure in failures:  # one registration of several: the others are heard
            log.error("slack.refused", says=str(failure))
        for desk in self._desks:
            if not desk.introduced:
                self._trying.append(asyncio.create_task(self._keep_trying(desk.introduce)))

    async def start_socket_mode(self) -> None:
        """Connects those registrations that have an app token; Slack then needs no way in to this server.

        SlackStartError when Slack refuses that token. The rest goes on after this returns.
        """
        for desk in self._desks:
            if token := desk.registration.app_token:
                socket = Socket(desk.bolt, token, self._work, web_client=desk.client)
                self._sockets.append(socket)
                socket.client.wss_uri = await desk.socket_address()
                connecting = partial(self._connect, desk, socket.client)
                self._trying.append(asyncio.create_task(self._keep_trying(connecting, at_once=True)))

    @staticmethod
    async def _connect(desk: Desk, client: SocketModeClient) -> bool:
        """Whether the socket stands. Its address is good for one try: the next one asks for another."""
        client.wss_uri = client.wss_uri or await desk.socket_address()
        if client.wss_uri is None:
            return False
        try:
            async with asyncio.timeout(CONNECTED_WITHIN_S):
                await client.connect()  # type: ignore[no-untyped-call]  # tries until it succeeds
        except TimeoutError as failure:
            client.wss_uri = None
            log.warning("slack.not_connected", workspace=desk.registration.workspace_id, reason=reason_of(failure))
            return False
        return True

    async def _keep_trying(self, done: Callable[[], Awaitable[bool]], *, at_once: bool = False) -> None:
        """Until it is done, whatever comes between."""
        pauses = chain([0.0] if at_once else [], self.ask_again_s, repeat(self.ask_again_s[-1]))
        for pause in pauses:
            await asyncio.sleep(pause)
            try:
                if await done():
                    return
            except SlackStartError as refused:
                log.error("slack.refused", says=str(refused))
            except Exception:  # there is nobody else who would try again
                log.exception("slack.not_started")

    async def connected(self) -> bool:
        """Every socket stands; True where there is none."""
        return all([await socket.client.is_connected() for socket in self._sockets])

    async def ready(self) -> bool:
        """Slack knows us in every workspace, and every socket that shall stand does."""
        return all(desk.introduced for desk in self._desks) and await self.connected()

    async def idle(self) -> None:
        """Returns when everything that was left to show after an acknowledgement has been shown."""
        while self._work:
            await asyncio.wait(self._work)

    async def close(self) -> None:
        """Answers what has come over the sockets, lets go of them, then finishes what is left to show."""
        for trying in self._trying:
            trying.cancel()
        await asyncio.gather(*self._trying, return_exceptions=True)
        await self.idle()
        for socket in self._sockets:
            await socket.close_async()  # type: ignore[no-untyped-call]
        await self.idle()
        if self._session is not None:
            await self._session.close()

    def routes(self) -> list[web.RouteDef]:
        return [web.post(PATH, self.handler)]

    async def handler(self, request: web.Request) -> web.StreamResponse:
        """One signed request of Slack. Whatever is not signed with the secret of its app is refused unread: 401."""
        timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
        signature = request.headers.get("X-Slack-Signature", "")
        if not (timestamp.isascii() and timestamp.isdigit() and signature.isascii()):
            return web.Response(status=401)
        if int(timestamp) > Clock().now() + AHEAD_S:  # the same clock that Bolt verifies by
            return web.Response(status=401)
        try:
            said = await to_bolt_request(request)
        except (ValueError, LookupError, AttributeError, TypeError, RecursionError):  # not what Slack sends
            return web.Response(status=401)
        desk = self._desk_of(said, timestamp, signature)
        if desk is None:
            return web.Response(status=401)
        return await to_aiohttp_response(await desk.bolt.async_dispatch(said))

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Work for after the acknowledgement; `idle` and `close` wait for it."""
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def learned(self, registration: SlackRegistration) -> None:
        if self._on_learned is not None:
            await self._on_learned(registration)

    async def introduced(self, *workspace_ids: str) -> None:
        if self._on_introduced is not None:
            await self._on_introduced(workspace_ids)

    def _desk_of(self, said: AsyncBoltRequest, timestamp: str, signature: str) -> Desk | None:
        """Whose request it claims to be; Bolt then verifies that. Without a known app id, whose secret fits."""
        app_id, workspace = said.body.get("api_app_id", ""), workspace_of(said.body)
        desks = sorted(
            (desk for desk in self._desks if desk.verifier),  # with Socket Mode alone there is no secret
            key=lambda desk: desk.registration.workspace_id != workspace,
        )
        for desk in desks:
            if app_id and desk.registration.app_id == app_id:
                return desk
        for desk in desks:
            unknown = not (app_id and desk.registration.app_id)
            if unknown and desk.verifier and desk.verifier.is_valid(said.raw_body, timestamp, signature):
                return desk
        return None

    def _client_of(self, workspace_id: str) -> AsyncWebClient | None:
        """The client of a workspace; TryLaterError while it may be one of those that Slack has not told us yet."""
        for desk in self._desks:
            if desk.registration.workspace_id == workspace_id:
                return desk.client
        if not all(desk.registration.workspace_id for desk in self._desks):
            raise TryLaterError("not_introduced")
        return None
