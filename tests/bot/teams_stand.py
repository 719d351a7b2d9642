"""The Teams room between a fake Microsoft and a gateway that answers as it is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web

from bot.teams.app import TeamsRoom
from bot.teams.cloud import cloud_at
from bot.teams.options import TeamsOptions, TeamsRegistration
from handlers.request import Identity
from tests.bot.slack_stand import StubGateway
from tests.fakes.teams import FakeTeams, TeamsPerson, Tenant


@dataclass
class Stand:
    teams: FakeTeams
    tenant: Tenant
    gateway: StubGateway
    room: TeamsRoom
    learned: list[TeamsRegistration] = field(default_factory=list)
    chats: list[tuple[Identity, str]] = field(default_factory=list)

    def person(self, name: str = "Dana Lee", **account: Any) -> TeamsPerson:
        return TeamsPerson(self.tenant, name, **account)


def registration(tenant: Tenant, **known: Any) -> TeamsRegistration:
    told = {"app_id": tenant.app_id, "workspace_id": tenant.id, "password": tenant.password, "id": tenant.app_id}
    return TeamsRegistration(**{**told, **known})


def options(teams: FakeTeams, *tenants: Tenant, **more: Any) -> TeamsOptions:
    """Set up for the fake: its keys, its login, its host."""
    cloud = replace(cloud_at(teams.openid_metadata_url), login_url=teams.login_url, service_url=teams.service_url)
    registrations = tuple(registration(each) for each in tenants)
    return TeamsOptions(**{"registrations": registrations, "cloud": cloud, "allowed_hosts": (teams.host,), **more})


@asynccontextmanager
async def teams_stand(*, times: dict[str, float] | None = None, **more: Any) -> AsyncIterator[Stand]:
    """`times`: how long the room waits for this and that; `more`: other options."""
    learned: list[TeamsRegistration] = []
    chats: list[tuple[Identity, str]] = []

    async def learn(told: TeamsRegistration) -> None:
        learned.append(told)

    async def converse(identity: Identity, conversation_id: str) -> None:
        chats.append((identity, conversation_id))

    async with FakeTeams() as teams:
        tenant, gateway = teams.tenant(), StubGateway()
        quick = {"pause_s": 0.01, "retried_within_s": 60, **(times or {})}
        room = TeamsRoom(options(teams, tenant, **more), gateway, on_learned=learn, on_conversation=converse, **quick)
        await room.start()
        app = web.Application()
        app.add_routes(room.routes())
        await teams.serve(app)
        teams.idle = teams.settle = room.idle
        try:
            yield Stand(teams, tenant, gateway, room, learned, chats)
            teams.check()
        finally:
            await room.close()
