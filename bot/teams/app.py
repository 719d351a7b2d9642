"""Teams' way in: activities with a token that is Microsoft's, for every registration; and its way out."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine
from math import inf
from typing import Any, Final

import aiohttp
import structlog
from aiohttp import web

from bot.teams import pages
from bot.teams.adapter import Adapter, Answer, Local
from bot.teams.cloud import LOOPBACK, Hosts
from bot.teams.connector import Connector, Pace
from bot.teams.incoming import BrokenActivityError
from bot.teams.listeners import Desk, Gateway, Json, Result
from bot.teams.options import TeamsOptions, TeamsRegistration
from bot.teams.parse import tenant_of
from bot.teams.profiles import TeamsProfiles
from bot.teams.signin import SignIn
from bot.teams.tab import Tab
from bot.teams.tokens import Claims, Keys, KeysUnavailableError, NotTrustedError, Tokens
from bot.teams.transport import TeamsTransport
from bot.teams.ways import Ways
from handlers.request import Identity
from scheduling.clock import Clock, SystemClock

__all__ = ["TeamsOptions", "TeamsRegistration", "TeamsRoom"]

log = structlog.get_logger()

PATH: Final = "/api/messages"
ANSWER_WITHIN_S: Final = 4.5  # Teams waits for five, https://learn.microsoft.com/microsoftteams/platform/messaging-extensions/how-to/action-commands/respond-to-task-module-submit
RETRIED_WITHIN_S: Final = 20.0  # a message that we did not take may come once more; after that its author is told
PAUSE_S: Final = 1.0  # between two tries to show an answer, where Teams does not say how long


class TeamsRoom:
    """All our Teams apps: what they hear goes to the gateway, and `transport` and `profiles` speak through them."""

    def __init__(
        self,
        options: TeamsOptions,
        gateway: Gateway,
        *,
        clock: Clock | None = None,
        on_learned: Callable[[TeamsRegistration], Awaitable[None]] | None = None,
        on_conversation: Callable[[Identity, str], Awaitable[None]] | None = None,
        answer_within_s: float = ANSWER_WITHIN_S,
        retried_within_s: float = RETRIED_WITHIN_S,
        pause_s: float = PAUSE_S,
    ) -> None:
        """`on_learned`: a registration knows its connector now. `on_conversation`: somebody's personal chat is this."""
        self.options = options
        self.gateway = gateway
        self.answer_within_s = answer_within_s
        self.retried_within_s = retried_within_s
        self.pause_s = pause_s
        self.ways = Ways(self._connectors_of)
        self.transport = TeamsTransport(self.ways)
        self.profiles = TeamsProfiles(self.ways)
        self._on_learned = on_learned
        self._on_conversation = on_conversation
        self._hosts = Hosts(options.allowed_hosts)
        self._keys = Keys(options.cloud.metadata_url, self._open)
        tenants: dict[str, set[str]] = defaultdict(set)
        for each in options.registrations:
            tenants[each.app_id.lower()].add(each.workspace_id.lower())
        self._tokens = Tokens(
            options.cloud.issuer, dict(tenants), self._keys, hosts=self._hosts, clock=clock or SystemClock()
        )
        self._adapter = Adapter(self._check, self._hear)
        self._tab = Tab(gateway, SignIn(options.registrations, options.cloud, self._open, clock or SystemClock()))
        self._desks = {
            (each.app_id.lower(), each.workspace_id.lower()): self._desk(each, self._hosts)
            for each in options.registrations
        }
        self._session: aiohttp.ClientSession | None = None
        self._work: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Opens the session that everything shares, and fetches Microsoft's keys before anybody waits for them."""
        timeout = self.options.timeout_s
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=timeout / 2), cookie_jar=aiohttp.DummyCookieJar()
        )
        if self.options.registrations:
            self.later(self._keys.refresh())
        if self.options.insecure_local:
            log.warning("teams.insecure_local")

    async def idle(self) -> None:
        """Returns when everything that was left to show after an answer has been shown."""
        while self._work:
            await asyncio.wait(self._work)

    async def close(self) -> None:
        """Tells those who still wait to be heard, then finishes what is left to show."""
        for desk in self._desks.values():
            desk.untaken.close()
        await self.idle()
        if self._session is not None:
            await self._session.close()

    def routes(self) -> list[web.RouteDef]:
        return [web.post(PATH, self.handler), *self._tab.routes(), *pages.routes()]

    async def handler(self, request: web.Request) -> web.Response:
        """One activity. 401: not from Microsoft, or not for us. 400: no activity. 503: not now, and nothing is lost."""
        header = request.headers.get("Authorization", "")
        if not header and self.options.insecure_local and _is_local(request):
            header = Local()
        try:
            said = json.loads(await request.read())
        except (ValueError, RecursionError):
            return web.Response(status=400)
        if request.content_type != "application/json" or not isinstance(said, dict):
            return web.Response(status=400)
        if not isinstance(said.get("type"), str):
            return web.Response(status=400)
        try:
            answer = await self._adapter.process(header, said)
        except NotTrustedError as refused:
            log.info("teams.refused", reason=refused.reason)
            return web.Response(status=401)
        except KeysUnavailableError:
            return web.Response(status=503)
        except BrokenActivityError as broken:
            log.warning("teams.broken", part=str(broken))
            return web.Response(status=400)
        return (
            web.json_response(answer.body, status=answer.status) if answer.body else web.Response(status=answer.status)
        )

    def later(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        """Work for after the answer; `idle` and `close` wait for it."""
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._work.discard(task)
        if not task.cancelled() and (error := task.exception()):  # nobody waits for it who could tell
            log.error("teams.failed", error=type(error).__name__, exc_info=error)

    async def learned(self, registration: TeamsRegistration) -> None:
        if self._on_learned is not None and registration.id:
            await self._on_learned(registration)

    async def conversing(self, identity: Identity, conversation_id: str) -> None:
        if self._on_conversation is not None:
            await self._on_conversation(identity, conversation_id)

    # ------------------------------------------------------------------------------------------------ registrations

    async def _check(self, header: str, said: Json) -> Claims:
        if isinstance(header, Local):
            return Claims("", str(said.get("serviceUrl") or ""), inf)
        return await self._tokens.check(header, body=said)

    async def _hear(self, claims: Claims, said: Json) -> Answer:
        return await self._desk_of(claims, said).hear(said)

    def _desk_of(self, claims: Claims, said: Json) -> Desk:
        which = claims.app_id, tenant_of(said)
        if which not in self._desks and not claims.app_id:
            local = TeamsRegistration(
                app_id="", workspace_id=tenant_of(said), password="", service_url=claims.service_url
            )
            self._desks[which] = self._desk(local, Hosts(LOOPBACK))
        return self._desks[which]

    def _desk(self, registration: TeamsRegistration, hosts: Hosts) -> Desk:
        connector = Connector(
            registration,
            self._open,
            cloud=self.options.cloud,
            hosts=hosts,
            pace=Pace(self.options.per_conversation),
            tenant_pace=Pace(self.options.per_tenant),
        )
        return Desk(self, registration, connector)

    def _connectors_of(self, workspace_id: str) -> list[Connector]:
        return [desk.connector for (_, tenant), desk in self._desks.items() if tenant == workspace_id.lower()]

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("The room has not been started")
        return self._session


def _is_local(request: web.Request) -> bool:
    """Whether it comes from this machine, and from no web page: those have an origin, or cannot send JSON."""
    name = request.host.rpartition(":")[0] if not request.host.endswith("]") and ":" in request.host else request.host
    passed_on = any(each in request.headers for each in ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"))
    here = request.remote in LOOPBACK and name.strip("[]") in LOOPBACK
    return here and not passed_on and "Origin" not in request.headers
