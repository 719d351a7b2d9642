"""Bare Bolt apps, served as ours is: what a command costs when nothing is done but to acknowledge it."""

import logging

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from benchmarks.orders import PATH, Order, Slack


def bolt(slack: Slack) -> AsyncApp:
    """A Bolt app with no listener yet, and with every setting of ours: none of what Bolt does is done by one only."""
    logger = logging.getLogger("benchmarks.bolt")
    logger.setLevel(logging.ERROR)
    known = AuthorizeResult(
        enterprise_id=None, team_id=slack.team_id, bot_token=slack.bot_token, bot_user_id=slack.bot_user_id
    )

    async def authorize() -> AuthorizeResult:
        return known

    return AsyncApp(
        name="bare",
        logger=logger,
        process_before_response=True,
        signing_secret=slack.signing_secret,
        client=AsyncWebClient(base_url=slack.api_url, retry_handlers=[], logger=logger),
        authorize=authorize,
        ssl_check_enabled=False,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )


def served(app: AsyncApp) -> web.Application:
    """On aiohttp's server, by Bolt's own adapter."""

    async def handler(request: web.Request) -> web.StreamResponse:
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    server = web.Application()
    server.add_routes([web.post(PATH, handler)])
    return server


def acknowledging(order: Order) -> web.Application:
    """One listener, which only acknowledges."""
    app = bolt(order.slack)

    async def acknowledge(ack: AsyncAck) -> None:
        await ack()

    app.command("/clearway")(acknowledge)
    return served(app)
