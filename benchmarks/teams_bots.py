"""Bare bots of Teams: the SDK's CloudAdapter as shipped, and a handler that only checks the token and replies.

Each also sends proactive messages on demand: POST /proactive?count=N&at_once=M answers with the seconds that it took.
"""

import asyncio
import json
import time
import urllib.request
from collections.abc import Awaitable, Callable
from typing import Any, Final

import aiohttp
import jwt
from aiohttp import web

from benchmarks.orders import Order, Teams

MESSAGES: Final = "/api/messages"
PROACTIVE: Final = "/proactive"


def shipped(order: Order) -> web.Application:
    """As the SDK's own samples have it, with the reply that ours sends. Keys and login are told where they are."""
    teams, reply = _known(order), json.loads(order.reply)
    from botbuilder.core import TurnContext
    from botbuilder.integration.aiohttp import CloudAdapter, ConfigurationBotFrameworkAuthentication
    from botbuilder.schema import Activity, ConversationReference
    from botframework.connector.auth import ChannelValidation, MicrosoftAppCredentials

    ChannelValidation.open_id_metadata_endpoint = f"{teams.url}/openid"
    # Its login library speaks to Microsoft alone: here a token is simply there, which makes this side no slower.
    MicrosoftAppCredentials.get_access_token = lambda self, force_refresh=False: "ours"

    class Configuration:
        APP_ID = teams.app_id
        APP_PASSWORD = teams.secret
        APP_TYPE = "MultiTenant"
        APP_TENANTID = teams.tenant

    adapter = CloudAdapter(ConfigurationBotFrameworkAuthentication(Configuration()))

    async def turn(context: TurnContext) -> None:
        if context.activity.type == "message":
            await context.send_activity(Activity().deserialize(reply))

    async def handler(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        activity = Activity().deserialize(body)
        await adapter.process_activity(request.headers.get("Authorization", ""), activity, turn)
        return web.Response(status=200)

    async def send(conversation: str) -> None:
        reference = ConversationReference().deserialize(
            {"conversation": {"id": conversation}, "serviceUrl": f"{teams.url}/", "channelId": "msteams",
             "bot": {"id": f"28:{teams.app_id}"}, "user": {"id": "29:somebody"}}
        )  # fmt: skip

        async def on(context: TurnContext) -> None:
            await context.send_activity(Activity().deserialize(reply))

        await adapter.continue_conversation(reference, on, teams.app_id)

    return _served(handler, send)


def checking(order: Order) -> web.Application:
    """Checks the token as ours must, and posts the reply over a shared session: the least that can be done."""
    teams, body = _known(order), order.reply.encode()
    key = _key(teams)
    headers = {"Authorization": "Bearer ours", "Content-Type": "application/json"}
    sessions: list[aiohttp.ClientSession] = []

    async def close(_: web.Application) -> None:
        for each in sessions:
            await each.close()

    async def post(conversation: str) -> None:
        if not sessions:
            sessions.append(aiohttp.ClientSession())
        url = f"{teams.url}/v3/conversations/{conversation.replace(':', '%3A')}/activities"
        async with sessions[0].post(url, data=body, headers=headers) as answer:
            await answer.read()

    async def handler(request: web.Request) -> web.StreamResponse:
        said = await request.json()
        token = request.headers["Authorization"].removeprefix("Bearer ")
        jwt.decode(
            token, key, algorithms=["RS256"], audience=teams.app_id, issuer="https://api.botframework.com",
            options={"verify_exp": False, "verify_nbf": False},
        )  # fmt: skip
        await post(said["conversation"]["id"])
        return web.Response(status=200)

    app = _served(handler, post)
    app.on_cleanup.append(close)
    return app


def _served(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]], send: Callable[[str], Awaitable[None]]
) -> web.Application:
    app = web.Application()
    app.add_routes([web.post(MESSAGES, handler), web.post(PROACTIVE, proactive(send))])
    return app


def proactive(send: Callable[[str], Awaitable[None]]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handler(request: web.Request) -> web.StreamResponse:
        count, at_once = int(request.query["count"]), int(request.query["at_once"])
        waiting = iter(range(count))

        async def sender() -> None:
            for n in waiting:
                await send(f"a:person-{n}")

        begun = time.perf_counter()
        await asyncio.gather(*(sender() for _ in range(at_once)))
        return web.json_response({"seconds": time.perf_counter() - begun})

    return handler


def _key(teams: Teams) -> Any:
    """The public key, as the measuring process has published it."""
    with urllib.request.urlopen(f"{teams.url}/keys") as answer:  # noqa: S310  # of the benchmark itself, on loopback
        return jwt.PyJWK(json.load(answer)["keys"][0]).key


def _known(order: Order) -> Teams:
    assert order.teams is not None
    return order.teams
