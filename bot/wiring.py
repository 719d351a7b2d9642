"""Builds every object of a running Clearway, once, and takes it down again."""

import errno
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from bot import accounts, astray, calendars
from bot.dispatcher import Dispatcher
from bot.districts import Districts
from bot.email.credentials import MailServer
from bot.email.transport import EmailTransport
from bot.gateway import Gateway
from bot.loops import Loops
from bot.settings import Settings, SettingsError
from bot.slack.app import SlackRegistration, SlackRoom
from bot.teams.cloud import LOOPBACK, cloud_at
from bot.teams.credentials import LOOPBACK_ONLY, NOT_WITH_REGISTRATIONS
from bot.teams.options import TeamsOptions, TeamsRegistration
from bot.web import application
from scheduling.clock import Clock, SystemClock
from storage import registrations
from storage.database import Database
from storage.models import Registration
from storage.sealing import Seal
from storage.vocabulary import Platform

if TYPE_CHECKING:
    from bot.teams.app import TeamsRoom

log = structlog.get_logger()


@dataclass(slots=True)
class Clearway:
    """A whole Clearway in one process: what listens, what beats, what sends."""

    database: Database
    districts: Districts
    clock: Clock
    gateway: Gateway
    dispatcher: Dispatcher
    loops: Loops
    slack: SlackRoom | None = None
    teams: "TeamsRoom | None" = None

    def web(self, *more: web.RouteDef, beats: bool = True) -> web.Application:
        """The HTTP server's app, with the routes of every platform that is set up."""
        rooms = [each for each in (self.slack, self.teams) if each]
        routes = [
            *(route for room in rooms for route in room.routes()),
            *calendars.routes(self.districts, self.clock),
            *more,
        ]
        connected = {"slack": self.slack.ready} if self.slack else {}
        return application(routes, self.database, self.loops, self.clock, beats=beats, rooms=connected)


def build(
    database: Database,
    seal: Seal,
    *,
    clock: Clock | None = None,
    console: bool = False,
    slack: Iterable[SlackRegistration] = (),
    slack_api_url: str = "https://slack.com/api/",
    teams: TeamsOptions | None = None,
    public_url: str = "",
    mail: MailServer | None = None,
) -> Clearway:
    """Everything wired together, nothing started. `console`: the practice workspace's people, on the console only."""
    clock = clock or SystemClock()
    districts = Districts(database, seal)
    gateway = Gateway(districts, clock, {}, console=console)
    dispatcher = Dispatcher(districts, clock, {}, only=Platform.CONSOLE if console else None)
    loops = Loops(districts, clock, dispatcher)
    gateway.wake = loops.wake
    districts.public_url = public_url
    made = Clearway(database, districts, clock, gateway, dispatcher, loops)
    if mail:
        dispatcher.transports[Platform.EMAIL] = EmailTransport(mail)
        gateway.mails = True
    known = list(slack)
    if known:
        made.slack = SlackRoom(
            known,
            gateway,
            api_url=slack_api_url,
            on_learned=_remember(database),
            on_introduced=astray.slack_warning(database),
        )
        gateway.profiles[Platform.SLACK] = made.slack.profiles
        dispatcher.transports[Platform.SLACK] = made.slack.transport
    if teams:
        from bot.teams.app import TeamsRoom  # brings Microsoft's SDK, which a start without Teams need not wait for

        made.teams = TeamsRoom(
            teams,
            gateway,
            clock=clock,
            on_learned=_remember_connector(database),
            on_conversation=accounts.remembering(districts, gateway.profiles),
        )
        gateway.profiles[Platform.TEAMS] = made.teams.profiles
        dispatcher.transports[Platform.TEAMS] = made.teams.transport
    return made


def _remember(database: Database):  # type: ignore[no-untyped-def]  # an async callback, typed by SlackRoom
    async def learned(registration: SlackRegistration) -> None:
        """The app id and the workspace that a first request, or Slack itself, told us."""
        async with database.queue() as connection:
            await registrations.update_registration(
                connection,
                registration.id,
                app_id=registration.app_id,
                workspace_id=registration.workspace_id,
                bot_user_id=registration.bot_user_id,
            )

    return learned


def _remember_connector(database: Database):  # type: ignore[no-untyped-def]  # an async callback, typed by TeamsRoom
    async def learned(registration: TeamsRegistration) -> None:
        """The connector of its tenant's region, that an activity named."""
        async with database.queue() as connection:
            await registrations.update_registration(connection, registration.id, service_url=registration.service_url)

    return learned


async def slack_registrations(
    database: Database, seal: Seal, settings: Settings, clock: Clock
) -> list[SlackRegistration]:
    """Slack's apps: the rows of the database; the environment seeds the first, and is followed at each start."""
    if settings.slack_bot_token:
        secrets = {
            "bot_token": settings.slack_bot_token.get_secret_value(),
            "signing_secret": settings.slack_signing_secret.get_secret_value() if settings.slack_signing_secret else "",
        }
        async with database.queue() as connection:
            await registrations.seed_registration(
                connection, Platform.SLACK, seal.seal(secrets, purpose="registration"), clock.now()
            )
    async with database.queue(write=False) as connection:
        rows = await registrations.registrations(connection, Platform.SLACK)
    # The one that the environment seeded follows it, also where it does not name Slack any more.
    return [_slack(each, seal, settings) for each in rows if settings.slack_bot_token or not each.seeded]


def _slack(row: Registration, seal: Seal, settings: Settings) -> SlackRegistration:
    secrets = seal.open(row.secrets, purpose="registration")
    token = settings.slack_app_token.get_secret_value() if row.seeded and settings.slack_app_token else None
    return SlackRegistration(
        app_id=row.app_id,
        workspace_id=row.workspace_id,
        bot_user_id=row.bot_user_id,
        bot_token=secrets["bot_token"],
        signing_secret=secrets["signing_secret"],
        app_token=token,
        id=row.id,
    )


async def teams_options(database: Database, seal: Seal, settings: Settings, clock: Clock) -> TeamsOptions:
    """Teams' apps: the rows of the database; the environment seeds the first, and is followed at each start."""
    if settings.microsoft_app_id and settings.microsoft_app_password:
        sealed = seal.seal({"password": settings.microsoft_app_password.get_secret_value()}, purpose="registration")
        async with database.queue() as connection:
            await registrations.seed_registration(
                connection,
                Platform.TEAMS,
                sealed,
                clock.now(),
                app_id=settings.microsoft_app_id,
                workspace_id=settings.microsoft_app_tenant_id,
            )
    async with database.queue(write=False) as connection:
        stored = await registrations.registrations(connection, Platform.TEAMS)
    rows = [each for each in stored if settings.microsoft_app_id or not each.seeded]
    return TeamsOptions(
        registrations=tuple(_teams(each, seal) for each in rows if each.app_id and each.workspace_id),
        cloud=cloud_at(settings.microsoft_openid_metadata_url),
        allowed_hosts=settings.teams_allowed_service_hosts,
        insecure_local=settings.teams_insecure_local,
    )


def _teams(row: Registration, seal: Seal) -> TeamsRegistration:
    return TeamsRegistration(
        app_id=row.app_id,
        workspace_id=row.workspace_id,
        password=seal.open(row.secrets, purpose="registration")["password"],
        service_url=row.service_url,
        id=row.id,
    )


class CannotListenError(Exception):
    """Nobody can be heard at that host and port. `why`: as the machine says it."""

    def __init__(self, cause: OSError) -> None:
        self.why = cause.strerror or str(cause)
        self.no_such_host = isinstance(cause, socket.gaierror) or cause.errno == errno.EADDRNOTAVAIL
        super().__init__(self.why)


@asynccontextmanager
async def running(
    made: Clearway, app: web.Application | None, host: str, port: int, *, worker: bool = True
) -> AsyncIterator[int]:
    """Serves and beats until the block ends; yields the port. What was under way is finished before it returns.

    Raises CannotListenError.
    """
    rooms = [each for each in (made.slack, made.teams) if each]
    runner: web.AppRunner | None = None
    try:
        if app is not None and made.teams and made.teams.options.insecure_local and host not in LOOPBACK:
            raise SettingsError(LOOPBACK_ONLY)
        if app is not None and made.teams and made.teams.options.insecure_local and made.teams.options.registrations:
            raise SettingsError(NOT_WITH_REGISTRATIONS)
        for room in rooms:
            await room.start()
        if app is not None:
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            site = web.TCPSite(runner, host, port)
            try:
                await site.start()
            except OSError as cause:
                raise CannotListenError(cause) from cause
            port = runner.addresses[0][1]
            if made.slack:
                await made.slack.start_socket_mode()
        if worker:
            made.loops.heartbeat.start()
        yield port
    finally:
        await made.loops.stop()
        if runner is not None:
            await runner.cleanup()
        for room in rooms:
            await room.close()
        await made.database.close()
