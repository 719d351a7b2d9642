"""What a server of the benchmarks is told at its start, and the few facts that all of them share."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

from bot.slack.app import PATH as PATH
from scheduling.clock import Clock, MovableClock, SystemClock
from storage.vocabulary import DistrictId

DISTRICT: Final = DistrictId("larkspur-bend")
BEGINS: Final = datetime(2026, 10, 6, 14, 0, tzinfo=UTC)  # a school day in message hours: the same work on any date


@dataclass(frozen=True, slots=True)
class Slack:
    """The made-up workspace that the requests come from, and the app in it."""

    api_url: str
    team_id: str
    app_id: str
    bot_user_id: str
    bot_token: str
    signing_secret: str
    url: str


@dataclass(frozen=True, slots=True)
class Teams:
    """The made-up tenant, the app in it, and where Microsoft's side is."""

    app_id: str
    tenant: str
    secret: str
    url: str


@dataclass(frozen=True, slots=True)
class Order:
    """Which server to be."""

    subject: str
    slack: Slack
    database_url: str = ""
    seal_key: str = ""
    actions: int = 0
    """How many actions are registered; 0: those of the product."""
    teams: Teams | None = None
    reply: str = ""
    """What a bare bot of Teams sends: the very message that ours does."""

    def spelt(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def read(spelt: str) -> "Order":
        told: dict[str, Any] = json.loads(spelt)
        teams = Teams(**told["teams"]) if told["teams"] else None
        return Order(**{**told, "slack": Slack(**told["slack"]), "teams": teams})


def clock() -> Clock:
    """Runs as the wall's does, from that Tuesday on."""
    return MovableClock(BEGINS - SystemClock().now())
