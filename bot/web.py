"""The one HTTP server: the rooms of the platforms, and whether we are up and ready."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

import structlog
from aiohttp import web

from bot.loops import FRESH, Loops
from scheduling.clock import Clock
from storage import schema
from storage.database import Database

MOST_BYTES = 1_000_000  # of a request; Slack's views are at most 250 kB

log = structlog.get_logger()

Close = Callable[[web.Application], Awaitable[None]]
Rooms = Mapping[str, Callable[[], Awaitable[bool]]]
NO_ROOMS: Final[Rooms] = MappingProxyType({})


def application(
    routes: Iterable[web.RouteDef],
    database: Database,
    loops: Loops,
    clock: Clock,
    *,
    beats: bool = True,
    rooms: Rooms = NO_ROOMS,
) -> web.Application:
    """The server's app. `beats`: whether this deployment has a heartbeat that must be fresh for us to be ready.

    `rooms`: the platforms that we must be connected to for that, each with what tells whether we are.
    """
    app = web.Application(client_max_size=MOST_BYTES)
    app.add_routes(list(routes))
    health = Health(database, loops, clock, beats=beats, rooms=rooms)
    app.add_routes([web.get("/healthz", health.alive), web.get("/readyz", health.ready)])
    return app


class Health:
    def __init__(self, database: Database, loops: Loops, clock: Clock, *, beats: bool, rooms: Rooms) -> None:
        self._database = database
        self._loops = loops
        self._clock = clock
        self._beats = beats
        self._rooms = rooms

    async def alive(self, _: web.Request) -> web.Response:
        """The process is up."""
        return web.json_response({"alive": True})

    async def ready(self, _: web.Request) -> web.Response:
        """The database answers and is migrated, the heartbeat is fresh, no promise stands broken, and we are heard."""
        checks: dict[str, bool] = {"database": False, "migrations": False, "heartbeat": False, "promises": False}
        try:
            async with self._database.queue(write=False) as connection:
                checks["migrations"] = await schema.is_at_head(connection)
            checks["database"] = True
            checks["heartbeat"] = not self._beats or await self._loops.is_fresh(self._clock.now(), *FRESH)
            checks["promises"] = await self._loops.breaches() == 0
            checks |= {name: await connected() for name, connected in self._rooms.items()}
        except Exception as error:
            log.warning("not ready", error=type(error).__name__)
        ready = all(checks.values())
        return web.json_response({"ready": ready, **checks}, status=200 if ready else 503)
