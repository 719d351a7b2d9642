"""The real application, as `clearway run --only web` serves it: acknowledging is measured, delivering is not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from aiohttp import web

from benchmarks.orders import Order, clock
from benchmarks.teams_bots import PROACTIVE, proactive
from bot import wiring
from bot.slack.app import SlackRegistration
from bot.teams.cloud import PUBLIC
from bot.teams.options import TeamsOptions, TeamsRegistration
from bot.transport import Address
from handlers import registry
from handlers.cards.model import Card, Text
from handlers.request import Reply, Request
from storage.database import Database
from storage.sealing import Seal
from storage.store import Store
from storage.vocabulary import Platform

ASKED: Final = ("help", "report", "challenge.form")
"""The actions that the benchmarks ask for."""


@asynccontextmanager
async def serving(order: Order) -> AsyncIterator[int]:
    if order.actions:
        registry.ACTIONS = registered(order.actions)  # type: ignore[misc]  # in this process, for this run
    slack = order.slack
    app = SlackRegistration(
        app_id=slack.app_id,
        workspace_id=slack.team_id,
        bot_user_id=slack.bot_user_id,
        bot_token=slack.bot_token,
        signing_secret=slack.signing_secret,
        workspace_url=slack.url,
    )
    made = wiring.build(
        Database(order.database_url),
        Seal([order.seal_key]),
        clock=clock(),
        slack=[app],
        slack_api_url=slack.api_url,
    )
    async with wiring.running(made, made.web(), "127.0.0.1", 0, worker=False) as port:
        yield port


@asynccontextmanager
async def on_teams(order: Order) -> AsyncIterator[int]:
    """The same on Teams. No pace is kept: what a conversation may take is not what is measured."""
    known = order.teams
    assert known is not None
    registration = TeamsRegistration(known.app_id, known.tenant, known.secret, service_url=f"{known.url}/")
    options = TeamsOptions(
        (registration,),
        cloud=replace(PUBLIC, metadata_url=f"{known.url}/openid", login_url=known.url),
        allowed_hosts=("127.0.0.1",),
        per_conversation=(),
        per_tenant=(),
    )
    made = wiring.build(Database(order.database_url), Seal([order.seal_key]), clock=clock(), teams=options)
    card = Card(
        "Challenge 1: how does it stand?", (Text("One press is enough: progress, still blocked, or resolved."),)
    )

    async def send(conversation: str) -> None:
        assert made.teams is not None
        to = Address(Platform.TEAMS, known.tenant, "29:somebody", conversation)
        await made.teams.transport.send(to, card, delivery_id="1")

    app = made.web(web.post(PROACTIVE, proactive(send)))
    async with wiring.running(made, app, "127.0.0.1", 0, worker=False) as port:
        yield port


def registered(count: int) -> MappingProxyType[str, registry.Entry]:
    """A table of so many actions: those asked for, more of the product's, and made-up ones when these run out."""
    names = [*ASKED, *(each for each in registry.ACTIONS if each not in ASKED)][:count]
    more = {f"made_up.{n}": registry.Entry(_nothing) for n in range(count - len(names))}
    return MappingProxyType({each: registry.ACTIONS[each] for each in names} | more)


async def _nothing(store: Store, request: Request, now: datetime) -> Reply:
    return Reply()
