"""The Slack room between a fake Slack and a gateway that answers as it is told."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.gateway import NotCommittedError
from bot.slack.app import SlackRegistration, SlackRoom
from handlers.cards.model import (
    Button,
    Buttons,
    Card,
    Choice,
    Choices,
    Form,
    NumberField,
    Option,
    Press,
    Text,
    TextField,
)
from handlers.request import Inbound, Reply
from tests.fakes.slack import FakeSlack, SlackPerson, Workspace

SENTENCE = "Clearway is very busy, or cannot get at its records just now, so nothing was recorded."
RECEIPT = Card(
    "Challenge 42", (Text("Dana Lee has it."), Buttons((Button("Add details", Press("details.form", "c42")),)))
)
REPORT = Form(
    "Report a challenge",
    "Send",
    Press("report"),
    (
        TextField("what", "What is in the way?", multiline=True, required=True),
        NumberField("amount", "Dollars"),
        Choice("type", "Type", (Option("supplies", "Supplies"), Option("staffing", "Staffing")), value="supplies"),
        Choice("about", "Whom does it concern?", (), search="people"),
        Choices("confidential", "Who sees your name", (Option("yes", "Only the coordinator"),)),
    ),
    carry={"draft": "d1"},
)


class StubGateway:
    """Answers each action as `on` says, and remembers what it was asked."""

    def __init__(self) -> None:
        self.heard: list[Inbound] = []
        self.on: dict[str, Reply | Callable[[Inbound], Reply]] = {}
        self.down = 0
        """How many of the next requests it cannot commit."""

    async def handle(self, inbound: Inbound) -> Reply:
        self.heard.append(inbound)
        if self.down:
            self.down -= 1
            failure = NotCommittedError("A1B2C3", busy=True)
            failure.sentence = SENTENCE
            raise failure
        reply = self.on.get(inbound.action, Reply())
        return reply if isinstance(reply, Reply) else reply(inbound)

    @property
    def actions(self) -> list[str]:
        return [inbound.action for inbound in self.heard]


@dataclass
class Stand:
    slack: FakeSlack
    workspace: Workspace
    gateway: StubGateway
    room: SlackRoom
    url: str
    learned: list[SlackRegistration] = field(default_factory=list)

    def person(self, name: str = "Dana Lee", **account: Any) -> SlackPerson:
        return SlackPerson(self.workspace, name, **account)


def registration(workspace: Workspace, **known: Any) -> SlackRegistration:
    """What an environment tells: a token and a secret, no ids."""
    told = {"app_id": "", "workspace_id": "", "bot_user_id": "", "bot_token": workspace.bot_token}
    return SlackRegistration(**{**told, "signing_secret": workspace.signing_secret, **known})


@asynccontextmanager
async def slack_stand(
    *, socket: bool = False, answer_within_s: float = 2.0, timeout_s: float = 2.0, **known: Any
) -> AsyncIterator[Stand]:
    learned: list[SlackRegistration] = []

    async def learn(told: SlackRegistration) -> None:
        learned.append(told)

    async with FakeSlack() as slack:
        workspace, gateway = slack.workspace(), StubGateway()
        if socket:  # then an operator has no need of a signing secret
            known = {"app_token": workspace.app_token, "signing_secret": "", **known}
        room = SlackRoom(
            [registration(workspace, **known)],
            gateway,
            api_url=slack.api_url,
            on_learned=learn,
            answer_within_s=answer_within_s,
            timeout_s=timeout_s,
        )
        await room.start()
        app = web.Application()
        app.add_routes(room.routes())
        url = await slack.serve(app)
        slack.settle = room.idle
        if socket:
            await room.start_socket_mode()
            await workspace.linked.wait()
        try:
            yield Stand(slack, workspace, gateway, room, url, learned)
            slack.check()
        finally:
            await room.close()
