"""A whole Clearway for a story: the real application, a real database, a clock that the story moves, and its people.

On Slack people act through signed HTTP requests against the real Bolt app, on the console through its pages; what they
see is what the platform was given. `wait_until` is the only way in which time passes.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from aiohttp.test_utils import TestServer

from bot import cli, practice, wiring
from bot.console.app import ConsoleRoom
from bot.console.rooms import Rooms
from bot.console.transport import ConsoleTransport
from bot.slack.app import SlackRegistration
from bot.wiring import Clearway
from handlers.district import importer
from storage import queue
from storage.case import Case
from storage.database import Database
from storage.directory import Directory
from storage.models import Event
from storage.sealing import Seal
from storage.store import Came
from storage.vocabulary import DistrictId, Door, PersonId, Platform
from tests.fakes.console import ConsolePerson
from tests.fakes.slack import FakeSlack, SlackPerson
from tests.fakes.slack.server import Workspace

DISTRICT: Final = DistrictId("larkspur-bend")
FILE: Final = Path(practice.FILE)
SEAL: Final = Seal([Seal.new_key()])
MOST_ROUNDS: Final = 10_000
PATIENCE_S: Final = 30.0
LATE: Final = timedelta(milliseconds=40)  # a loop never wakes on the very instant


def detroit(written: str) -> datetime:
    """An instant by the district's clock: "2026-10-06 09:00"."""
    return datetime.fromisoformat(written).replace(tzinfo=ZoneInfo("America/Detroit"))


class StoryClock:
    """Stands still until the story moves it."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


@dataclass
class World:
    """One district on one platform."""

    made: Clearway
    clock: StoryClock
    platform: str
    district_id: DistrictId = DISTRICT
    slack: FakeSlack | None = None
    workspace: Workspace | None = None
    url: str = ""
    people: dict[str, "Actor"] = field(default_factory=dict)

    # -- time --------------------------------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Everything that can happen now has happened, and everything that can be shown has been."""
        if self.made.slack:
            await self.made.slack.idle()
        while await self.made.loops.run_timers() + await self.made.loops.run_outbox():
            pass

    async def wait_until(self, to: datetime) -> None:
        """Lets time pass; what falls due on the way happens in its order, at its time."""
        for _ in range(MOST_ROUNDS):
            await self.settle()
            due = await self.next_due()
            if due is None or due > to:
                break
            self.clock.at = max(due, self.clock.at) + LATE
        else:
            raise AssertionError("Time does not pass: something is due again and again")
        self.clock.at = max(to, self.clock.at)
        await self.settle()
        await self.everybody_looks()

    async def everybody_looks(self) -> None:
        """On the console pages are as fresh as when they were last opened."""
        for each in self.people.values():
            await each.look()

    async def next_due(self) -> datetime | None:
        async with self.made.database.queue(write=False) as connection:
            return await queue.next_due(connection)

    # -- the record --------------------------------------------------------------------------------------------------

    async def case(self, number: int = 1, district_id: DistrictId | None = None) -> Case:
        async with self.made.districts.open(district_id or self.district_id, Came(Door.OPERATOR)) as store:
            case = await store.case_numbered(number)
        assert case is not None, f"There is no challenge {number}"
        return case

    async def history(self, number: int = 1) -> list[Event]:
        case = await self.case(number)
        async with self.made.districts.open(self.district_id, Came(Door.OPERATOR)) as store:
            return await store.history(case.id)

    async def count(self) -> int:
        async with self.made.districts.open(self.district_id, Came(Door.OPERATOR)) as store:
            numbers = 0
            while await store.case_numbered(numbers + 1):
                numbers += 1
        return numbers

    async def directory(self) -> Directory:
        async with self.made.districts.open(self.district_id, Came(Door.OPERATOR)) as store:
            return store.directory

    async def promises_hold(self) -> None:
        """Every invariant that the audit knows, history included."""
        breaches = await cli.promises_of(self.made)
        assert not breaches, "\n".join(str(each) for each in breaches)

    # -- people ------------------------------------------------------------------------------------------------------

    async def person(self, person_id: str) -> "Actor":
        """Somebody of the district, at their own phone or browser."""
        if person_id not in self.people:
            directory = await self.directory()
            named = directory.people[PersonId(person_id)]
            if self.workspace:
                account = f"U0LB{person_id.removeprefix('p-')}"
                self.people[person_id] = Actor(self, SlackPerson(self.workspace, named.name, account))
            else:
                self.people[person_id] = Actor(self, ConsolePerson(self.url, person_id))
                await self.people[person_id].look()
        return self.people[person_id]

    async def close(self) -> None:
        for each in self.people.values():
            if isinstance(each.driver, ConsolePerson):
                await each.driver.close()
        if self.slack:
            self.slack.check()


class Actor:
    """One person, with the same verbs on every platform."""

    def __init__(self, world: World, driver: SlackPerson | ConsolePerson) -> None:
        self.world = world
        self.driver = driver

    async def _then(self) -> None:
        await self.world.settle()
        await self.world.everybody_looks()

    async def command(self, line: str) -> None:
        await self.driver.command(line)
        await self._then()

    async def report(self, text: str, **fields: Any) -> None:
        """`/challenge text`, and the form is sent; `fields` by label are filled before."""
        await self.driver.command(f"/challenge {text}")
        await self.submit(fields.pop("values", None) or fields)

    async def dm(self, text: str) -> None:
        await self.driver.dm(text)
        await self._then()

    async def click(self, label: str, card: Any = None) -> None:
        if isinstance(self.driver, ConsolePerson):
            await self.driver.look()
        await self.driver.click(label, card)
        await self._then()

    async def submit(self, values: Mapping[str, Any] | None = None) -> None:
        await self.driver.submit(values or {})
        await self._then()

    async def reply(self, text: str, card: Any) -> None:
        await self.driver.reply(text, card)
        await self._then()

    async def look(self) -> None:
        if isinstance(self.driver, ConsolePerson):
            await self.driver.look()

    @property
    def cards(self) -> list[Any]:
        """Clearway's cards in the direct chat, oldest first."""
        return list(self.driver.cards)

    @property
    def last_card(self) -> Any:
        return self.cards[-1]

    def titles(self) -> list[str]:
        return [each.title for each in self.cards]

    @property
    def answer(self) -> Any:
        """The private answer to what they did last."""
        if isinstance(self.driver, ConsolePerson):
            return self.driver.ephemerals[-1]
        return self.driver.last_answer

    @property
    def reply_to_message(self) -> Any:
        """The private answer to a direct message: on Slack it is a message, too."""
        return self.driver.ephemerals[-1] if isinstance(self.driver, ConsolePerson) else self.cards[-1]

    @property
    def form(self) -> Any:
        return self.driver.form


@asynccontextmanager
async def world(database: Database, platform: str, *, at: str = "2026-10-06 09:00") -> AsyncIterator[World]:
    """A district on a platform, at an instant by its own clock."""
    clock = StoryClock(detroit(at))
    await importer.import_district(
        database, SEAL, FILE.read_text(encoding="utf-8"), now=clock.now()
    )  # small, and only here
    async with AsyncExitStack() as stack:
        if platform == "slack":
            slack = await stack.enter_async_context(FakeSlack())
            workspace = slack.workspace("T0LARKSPUR")
            directory = None
            registration = SlackRegistration(
                app_id=workspace.app_id,
                workspace_id=workspace.team_id,
                bot_user_id=workspace.bot_user_id,
                bot_token=workspace.bot_token,
                signing_secret=workspace.signing_secret,
                workspace_url=workspace.url,
            )
            made = wiring.build(database, SEAL, clock=clock, slack=[registration], slack_api_url=slack.api_url)
            assert made.slack is not None
            await made.slack.start()
            stack.push_async_callback(made.slack.close)
            story = World(made, clock, platform, slack=slack, workspace=workspace)
            async with made.districts.open(DISTRICT, Came(Door.OPERATOR)) as store:
                directory = store.directory
            for person in directory.people.values():
                if not person.external:
                    workspace.user(f"U0LB{person.id.removeprefix('p-')}", person.name, team_id=workspace.team_id)
            slack.settle = story.settle
            await slack.serve(made.web())
        else:
            made = wiring.build(database, SEAL, clock=clock, console=True)
            rooms = Rooms(database, DISTRICT, clock)
            made.dispatcher.transports[Platform.CONSOLE] = ConsoleTransport(rooms)
            story = World(made, clock, platform)

            async def directory_now() -> Directory:
                return await story.directory()

            async def nothing() -> None:
                """Stories do not start over."""

            room = ConsoleRoom(
                gateway=made.gateway,
                rooms=rooms,
                directory=directory_now,
                clock=clock,
                steering=StorySteering(story),
                guide=practice.Guide(made, DISTRICT),
                start_over=nothing,
            )
            app = made.web(*room.routes())
            app.on_shutdown.append(room.close)
            server = TestServer(app)
            await server.start_server()
            stack.push_async_callback(server.close)
            story.url = f"http://127.0.0.1:{server.port}"
        # The limits of two and three seconds have tests of their own; here a busy machine must not change a story.
        made.gateway.limit_s = PATIENCE_S
        if made.slack:
            made.slack.answer_within_s = PATIENCE_S
        stack.push_async_callback(story.close)
        yield story
        await story.settle()


@dataclass
class StorySteering:
    """The console's clock buttons, on the story's clock."""

    world: World

    async def move(self, to: datetime) -> None:
        await self.world.wait_until(to)

    async def next_due(self) -> datetime | None:
        return await self.world.next_due()
