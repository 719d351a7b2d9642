"""A console that stands by itself: real rooms in a real database, a real server, and a gateway that a test scripts."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.console.app import ConsoleRoom
from bot.console.practice import GuideStep
from bot.console.rooms import Rooms
from handlers.cards.model import (
    Button,
    Buttons,
    Card,
    Choice,
    Choices,
    DateField,
    Divider,
    Facts,
    Form,
    Heading,
    Items,
    Link,
    Note,
    NumberField,
    Option,
    Press,
    Quote,
    Text,
    TextField,
    Words,
)
from handlers.request import Inbound, Reply
from storage.database import Database
from storage.directory import Directory
from storage.vocabulary import PersonId
from tests import builders

NOW = datetime(2026, 10, 12, 14, 5, tzinfo=UTC)

EVERY_ELEMENT = Card(
    "Challenge 42",
    (
        Text("Tess Harlow raised it at Maple Street Elementary.\nYou have it, because the process says so."),
        Quote("The coach covers classes, so there is no coaching.", "Tess Harlow"),
        Facts((("Where it stands", "With its owner"), ("Who has it", "Ivy Thornton"), ("Decision due", "Wed, Oct 14"))),
        Heading("What was tried"),
        Items(("Swapped duties for a week", "Asked for a substitute, twice")),
        Divider(),
        Link("The message it came from", "/console/to/00000000000000000001"),
        Buttons(
            (
                Button("I'll take it", Press("take", "c42", version=3), "primary"),
                Button("Question", Press("ask", "c42", version=3), opens_form=True),
                Button("Decline", Press("decline", "c42", version=3), "danger", confirm="Decline it for this year?"),
            )
        ),
        Note("Next: on Wed, Oct 14 you are asked how it goes."),
    ),
    summary="Challenge 42 is yours: coaching time at Maple Street.",
)

EVERY_FIELD = Form(
    "Report a challenge",
    "Send",
    Press("report", "c42", "item-1", 3),
    (
        TextField("what", "What is in the way?", hint="A sentence is enough.", multiline=True, required=True),
        Choice("scope", "Where is the power to remove it?", (Option("school", "At the school"), Option("district", "In the district", "Rooms, money, people")), "school"),
        Choice("type", "What kind is it?", tuple(Option(each, each.title()) for each in ("staffing", "time", "funding", "policy", "materials", "training", "contracts"))),
        Choice("owner", "Whose should it be?", (Option("principal", "Ivy Thornton"),), search="people"),
        Choices("tags", "Is it about one of these?", (Option("buses", "Buses"), Option("labor", "Labor agreement", "The union's contract"))),
        NumberField("amount", "Money asked for, in dollars"),
        DateField("by", "By when?", date(2026, 10, 30), hint="A school day."),
        TextField("room", "Which room?", placeholder="Room 12"),
        Words("The district team and your school will see this report."),
        Words("No student names, please.", "warning"),
    ),
    {"door": "command"},
)  # fmt: skip


@dataclass
class ScriptedGateway:
    """Answers as a test says, by action, and remembers what came in."""

    answers: dict[str, Reply | Exception | Callable[[Inbound], Reply]] = field(default_factory=dict)
    came: list[Inbound] = field(default_factory=list)

    async def handle(self, inbound: Inbound) -> Reply:
        self.came.append(inbound)
        answer = self.answers.get(inbound.action, Reply())
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Reply) else answer(inbound)

    @property
    def last(self) -> Inbound:
        return self.came[-1]


class StillClock:
    """Stands at one instant until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.at = now

    def now(self) -> datetime:
        return self.at


class MovingClock(StillClock):
    """The same, as the workspace's steering: everything that is due comes at once."""

    due: datetime | None = NOW + timedelta(days=2)

    async def move(self, to: datetime) -> None:
        self.at = to

    async def next_due(self) -> datetime | None:
        return self.due


def made_up_district() -> Directory:
    """The district of the other tests, with a channel for each school and somebody on leave."""
    found = builders.district(absences=[builders.away("finance", to_on=date(2026, 12, 4))])
    labels = {builders.MAPLE: ("#maple-staff",), builders.OAK: ("Oak Staff/General",)}
    schools = {each.id: replace(each, channels=labels[each.id]) for each in found.schools.values()}
    return replace(found, schools=schools)


@dataclass
class Stand:
    """The running console."""

    url: str
    rooms: Rooms
    gateway: ScriptedGateway
    clock: MovingClock
    started_over: list[datetime] = field(default_factory=list)
    steps: Sequence[GuideStep] = (
        GuideStep("Report something that is in the way of your work.", PersonId("teacher"), done=True),
        GuideStep("Open the card that came, and take it.", PersonId("principal"), done=False),
        GuideStep("Move the clock by a week.", None, done=False),
    )


@asynccontextmanager
async def standing(database: Database) -> AsyncIterator[Stand]:
    directory = made_up_district()
    async with database.district(directory.district_id) as connection:
        await builders.save_district(connection, directory)
    gateway, clock = ScriptedGateway(), MovingClock()
    rooms = Rooms(database, directory.district_id, clock)
    stand = Stand("", rooms, gateway, clock)

    async def read() -> Directory:
        return directory

    async def guide() -> Sequence[GuideStep]:
        return stand.steps

    async def start_over() -> None:
        stand.started_over.append(clock.now())

    room = ConsoleRoom(
        gateway=gateway, rooms=rooms, directory=read, clock=clock, steering=clock, guide=guide, start_over=start_over
    )
    app = web.Application()
    app.add_routes(room.routes())
    app.on_shutdown.append(room.close)
    server = TestServer(app)
    await server.start_server()
    stand.url = str(server.make_url("")).rstrip("/")
    try:
        yield stand
    finally:
        await server.close()
        await asyncio.sleep(0)
