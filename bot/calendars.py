"""Calendars ask for their meetings here: `GET /calendar/<secret>.ics`, and for one of them by the address that stands on
its invitation. Whoever has the address is let in, and nobody else."""

import hashlib
from typing import Final

from aiohttp import web

from bot.districts import Districts
from handlers import calendars
from scheduling.clock import Clock
from storage import feeds
from storage.people import UnknownDistrictError
from storage.store import Came
from storage.vocabulary import DistrictId, Door

PATH: Final = "/calendar/{secret}.ics"
MEETING: Final = "/calendar/{district}/{routine}/{meeting}/{person}/{signed}.ics"
SHORTEST: Final = 32  # characters of a secret: less is a guess, and is not looked up
HEADERS: Final = {"Cache-Control": "private, max-age=900", "X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}


def routes(districts: Districts, clock: Clock) -> list[web.RouteDef]:
    async def calendar(request: web.Request) -> web.Response:
        secret = request.match_info["secret"]
        found = None
        if len(secret) >= SHORTEST:
            async with districts.database.queue(write=False) as connection:
                found = await feeds.by_secret(connection, secret)
        if found is None:
            raise web.HTTPNotFound
        async with districts.open(found.district_id, Came(Door.OPERATOR)) as store:
            body = await calendars.feed(store, found, clock.now())
        return _answer(request, body)

    async def meeting(request: web.Request) -> web.Response:
        part = request.match_info
        try:
            async with districts.open(DistrictId(part["district"]), Came(Door.OPERATOR)) as store:
                body = await calendars.meeting(
                    store, part["routine"], part["meeting"], part["person"], part["signed"], clock.now()
                )
        except UnknownDistrictError:
            body = None
        return _answer(request, body)

    return [web.get(PATH, calendar), web.get(MEETING, meeting)]


def _answer(request: web.Request, body: bytes | None) -> web.Response:
    if body is None:
        raise web.HTTPNotFound
    headers = {**HEADERS, "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"'}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type="text/calendar", charset="utf-8", headers=headers)
