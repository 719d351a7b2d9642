"""A whole Clearway for a story: the real application, a real database, a clock that the story moves, and its people.

On Slack and Teams people act through signed HTTP requests, on the console through its pages; what they see is what the
platform was given. `wait_until` is the only way in which time passes.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import yaml
from aiohttp.test_utils import TestServer
from sqlalchemy import Text, cast, select

from bot import cli, practice, wiring
from bot.console.app import ConsoleRoom
from bot.console.rooms import Rooms, direct
from bot.console.transport import ConsoleTransport
from bot.slack.app import SlackRegistration
from bot.teams.cloud import PUBLIC
from bot.teams.options import TeamsOptions, TeamsRegistration
from bot.wiring import Clearway
from storage import queue, registrations
from storage.case import Case
from storage.database import Database
from storage.directory import Directory
from storage.models import ConsolePost, Event, table
from storage.sealing import Seal
from storage.store import Came
from storage.vocabulary import DistrictId, Door, PersonId, Platform
from tests import expected
from tests.fakes.console import ConsolePerson
from tests.fakes.slack import FakeSlack, SlackPerson
from tests.fakes.slack.server import Post, Workspace
from tests.fakes.teams import FakeTeams, TeamsPerson, Tenant
from tests.imported import imported

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


class NotOfferedError(Exception):
    """A platform has no such thing to do."""


@dataclass
class World:
    """One district, and where its people are."""

    made: Clearway
    clock: StoryClock
    platform: str
    """Where those are whom `platforms` does not name."""
    platforms: Mapping[str, str] = field(default_factory=dict)
    district_id: DistrictId = DISTRICT
    slack: FakeSlack | None = None
    workspace: Workspace | None = None
    teams: FakeTeams | None = None
    tenant: Tenant | None = None
    url: str = ""
    people: dict[str, "Actor"] = field(default_factory=dict)
    cut: bool = False
    """The line is cut at times, so a card may stand somewhere that we never heard of."""
    waits: bool = False
    """Nothing is sent or shown at the moment."""
    looked: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    """What stood in the direct chat of each person on the console when they last looked."""

    # -- time --------------------------------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Everything that can happen now has happened, and everything that can be shown has been."""
        for room in (self.made.slack, self.made.teams):
            if room:
                await room.idle()
        while not self.waits and await self.made.loops.run_timers() + await self.made.loops.run_outbox():
            pass

    @contextmanager
    def nothing_shown(self) -> Iterator[None]:
        """What is to be sent or edited waits: people still see what was."""
        self.waits = True
        yield
        self.waits = False

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
        """On the console pages are as fresh as when they were last opened. Who would see the same again does not look."""
        on_console = {name: each for name, each in self.people.items() if isinstance(each.driver, ConsolePerson)}
        stands = await self._stands() if on_console else {}
        for person_id, each in on_console.items():
            chat = stands.get(direct(person_id), [])
            if each.driver.at != each.driver.chat or self.looked.get(person_id) != chat:
                await each.look()
                self.looked[person_id] = chat

    async def _stands(self) -> dict[str, list[tuple[Any, ...]]]:
        """What stands in each room of the console."""
        of, found = table(ConsolePost).c, defaultdict(list)
        wanted = select(of.room, of.id, of.position, of.text, cast(of.card, Text)).order_by(of.id)
        async with self.made.database.district(self.district_id, write=False) as connection:
            for room, *post in await connection.execute(wanted.where(of.district_id == self.district_id)):
                found[room].append(tuple(post))
        return found

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

    def on(self, person_id: str) -> str:
        """The platform that somebody uses in this story."""
        return self.platforms.get(person_id, self.platform)

    async def person(self, person_id: str) -> "Actor":
        """Somebody of the district, at their own phone or browser."""
        if person_id not in self.people:
            directory = await self.directory()
            named = directory.people[PersonId(person_id)]
            self.people[person_id] = Actor(self, self._driver(person_id, named.name))
            if self.on(person_id) == Platform.CONSOLE:
                await self.people[person_id].look()
        return self.people[person_id]

    def _driver(self, person_id: str, name: str) -> "Driver":
        match self.on(person_id):
            case Platform.SLACK:
                assert self.workspace is not None
                return SlackPerson(self.workspace, name, slack_account(person_id))
            case Platform.TEAMS:
                assert self.tenant is not None
                return TeamsPerson(self.tenant, name, teams_account(person_id))
            case _:
                return ConsolePerson(self.url, person_id)

    async def nothing_else_came(self) -> None:
        """No message but those that are to be expected, and each of them once."""
        async with self.made.database.queue(write=False) as connection:
            everywhere = await registrations.district_ids(connection)
        posts = list(self._unasked()) if everywhere == [self.district_id] and not self.cut else []
        for district_id in everywhere:
            async with self.made.districts.open(district_id, Came(Door.OPERATOR)) as store:
                wrong = await expected.unexpected(store, posts)
            assert not wrong, "\n".join(wrong)

    def _unasked(self) -> Iterator[tuple[str, str]]:
        """Where each card stands that came to somebody without being the answer to what they did."""
        for post in self.workspace.posts if self.workspace else ():
            ours = post.user == post.workspace.bot_user_id and not post.deleted
            if ours and (post.metadata is not None or not self._acted(post)):
                yield post.channel, post.ts
        for said in self.tenant.messages if self.tenant else ():
            if said.author == self.tenant.bot_id and not said.answers and not said.deleted:
                yield said.conversation.id, said.id

    def _acted(self, post: Post) -> bool:
        """Whether it may answer somebody of this story; strangers to the district act in ways of their own."""
        account = post.only_for or post.channel.removeprefix("D")
        return account in map(slack_account, self.people) or not account.startswith("U0LB")

    async def close(self) -> None:
        for each in self.people.values():
            if isinstance(each.driver, ConsolePerson):
                await each.driver.close()
        for fake in (self.slack, self.teams):
            if fake:
                fake.check()


Driver = SlackPerson | TeamsPerson | ConsolePerson


class Actor:
    """One person, with the same verbs on every platform."""

    def __init__(self, world: World, driver: Driver) -> None:
        self.world = world
        self.driver: Any = driver

    async def _then(self) -> None:
        await self.world.settle()
        await self.world.everybody_looks()

    def _offered(self, verb: str) -> Any:
        """What the driver does for it, where its platform has such a thing."""
        if not hasattr(self.driver, verb):
            raise NotOfferedError(f"Nobody can {verb} there")
        return getattr(self.driver, verb)

    # -- what they do ------------------------------------------------------------------------------------------------

    async def command(self, line: str, *, channel: str = "") -> None:
        await self.driver.command(line, **({"channel": channel} if channel else {}))
        await self._then()

    async def report(self, text: str, **fields: Any) -> None:
        """`/challenge text`, and the form is sent; `fields` by label are filled before."""
        await self.driver.command(f"/challenge {text}")
        await self.submit(fields.pop("values", None) or fields)

    async def dm(self, text: str) -> Any:
        post = await self.driver.dm(text)
        await self._then()
        return post

    async def mention(self, text: str, channel: str) -> Any:
        post = await self.driver.mention(text, channel)
        await self._then()
        return post

    async def say(self, text: str, channel: str) -> Any:
        """Ordinary talk among colleagues."""
        return await self.driver.say(text, channel)

    async def report_message(self, post: Any) -> None:
        """Picks the entry in the menu of somebody's message."""
        await self.driver.report_message(post)
        await self._then()

    async def shortcut(self) -> None:
        """Picks the app's entry where it stands beside all messages."""
        await self.driver.shortcut()
        await self._then()

    async def edit(self, post: Any, text: str) -> None:
        await self.driver.edit(post, text)
        await self._then()

    async def delete(self, post: Any) -> None:
        await self.driver.delete(post)
        await self._then()

    async def react(self, card: Any) -> None:
        await self._offered("react")(card)
        await self._then()

    async def leave(self) -> None:
        """Their account is switched off, and the platform tells of it."""
        await self._offered("leave")()
        await self._then()

    async def query(self, words: str) -> list[Any]:
        """Searches while writing to somebody, to insert what is found."""
        return list(await self._offered("query")(words))

    async def find(self, label: str, words: str) -> str:
        """Types into a field of the form that is searched; what is offered."""
        return str(await self.driver.find(label, words))

    async def open_home(self) -> None:
        await self.driver.open_home()
        await self._then()

    async def click(self, label: str, card: Any = None, *, copies: int = 1) -> None:
        if isinstance(self.driver, ConsolePerson):
            await self.driver.look()
        await self.driver.click(label, card, copies=copies)
        await self._then()

    async def submit(self, values: Mapping[str, Any] | None = None, *, copies: int = 1) -> None:
        await self.driver.submit(values or {}, copies=copies)
        await self._then()

    async def reply(self, text: str, card: Any) -> None:
        await self.driver.reply(text, card)
        await self._then()

    async def redeliver(self) -> None:
        """The platform sends the last thing that they did once more."""
        await self.driver.redeliver()
        await self._then()

    async def look(self) -> None:
        if not isinstance(self.driver, SlackPerson):
            await self.driver.look()

    # -- what they see -----------------------------------------------------------------------------------------------

    async def reads(self, channel: str) -> str:
        """What anybody can read in a channel."""
        if isinstance(self.driver, ConsolePerson):
            await self.driver.open(channel)
            return self.driver.view.text
        if isinstance(self.driver, TeamsPerson):
            return str([each.activity for each in self.driver.in_channel(channel)])
        workspace = self.driver.workspace
        posts = [each for each in workspace.posts if each.channel == workspace.channel(channel).id]
        return str([each.as_json() for each in posts if each.only_for is None])

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
        return self.driver.last_answer

    @property
    def reply_to_message(self) -> Any:
        """The private answer to a direct message: on Slack it is a message, too."""
        return self.cards[-1] if isinstance(self.driver, SlackPerson) else self.driver.last_answer

    @property
    def form(self) -> Any:
        return self.driver.form

    @property
    def home(self) -> Any:
        return self.driver.home

    def everything(self) -> list[Any]:
        """All that Clearway has shown them, and shows them now."""
        window = getattr(self.driver, "window", None)
        return [*self.cards, *self.driver.ephemerals, *([window] if window else [])]


# ----------------------------------------------------------------------------------------------------------------------


def slack_account(person_id: str) -> str:
    return f"U0LB{person_id.removeprefix('p-')}"


def teams_account(person_id: str) -> str:
    return f"29:lb{person_id.removeprefix('p-')}"


@asynccontextmanager
async def world(
    database: Database,
    platform: str,
    *,
    at: str = "2026-10-06 09:00",
    platforms: Mapping[str, str] | None = None,
) -> AsyncIterator[World]:
    """A district, at an instant by its own clock.

    Its people are on one platform, and also on the other where the file says so. Those whom `platforms` names are there
    and nowhere else.
    """
    clock, platforms = StoryClock(detroit(at)), platforms or {}
    file = _with_accounts(platform, tuple(platforms.items()))
    await imported(database, SEAL, DISTRICT, file, now=clock.now())
    async with AsyncExitStack() as stack:
        made = _on_console if platform == Platform.CONSOLE else _in_chat
        story = await made(stack, database, clock, platform, platforms)
        # The limits of two and three seconds have tests of their own; here a busy machine must not change a story.
        story.made.gateway.limit_s = PATIENCE_S
        stack.push_async_callback(story.close)
        yield story
        await story.settle()
        await story.nothing_else_came()


async def _in_chat(
    stack: AsyncExitStack, database: Database, clock: StoryClock, platform: str, platforms: Mapping[str, str]
) -> World:
    """On Slack, on Teams, or on both at the same time."""
    used = {platform, *platforms.values()}
    slack = await stack.enter_async_context(FakeSlack()) if Platform.SLACK in used else None
    teams = await stack.enter_async_context(FakeTeams(clock)) if Platform.TEAMS in used else None
    workspace = slack.workspace("T0LARKSPUR") if slack else None
    tenant = teams.tenant() if teams else None
    made = wiring.build(
        database,
        SEAL,
        clock=clock,
        slack=[_slack_registration(workspace)] if workspace else [],
        slack_api_url=slack.api_url if slack else "",
        teams=_teams_options(teams, tenant) if teams and tenant else None,
    )
    story = World(made, clock, platform, platforms, slack=slack, workspace=workspace, teams=teams, tenant=tenant)
    for person in (await story.directory()).people.values():
        if workspace and not person.external:
            workspace.user(slack_account(person.id), person.name, team_id=workspace.team_id)
        if tenant and not person.external:
            tenant.user(teams_account(person.id), person.name)
    for room in (made.slack, made.teams):
        if room:
            await room.start()
            stack.push_async_callback(room.close)
            room.answer_within_s = PATIENCE_S
    if teams and made.teams:
        teams.idle, made.teams.pause_s = made.teams.idle, 0.0
    for fake in (slack, teams):
        if fake:
            fake.settle = story.settle
            story.url = await fake.serve(made.web(), story.url)
    return story


def _slack_registration(workspace: Workspace) -> SlackRegistration:
    return SlackRegistration(
        app_id=workspace.app_id,
        workspace_id=workspace.team_id,
        bot_user_id=workspace.bot_user_id,
        bot_token=workspace.bot_token,
        signing_secret=workspace.signing_secret,
        workspace_url=workspace.url,
    )


def _teams_options(teams: FakeTeams, tenant: Tenant) -> TeamsOptions:
    """As if the connector's address had been learned before. A story's clock stands still, so that pacing has its own tests."""
    known = TeamsRegistration(tenant.app_id, tenant.id, tenant.password, service_url=teams.service_url)
    cloud = replace(PUBLIC, metadata_url=teams.openid_metadata_url, login_url=teams.login_url)
    return TeamsOptions((known,), cloud, (teams.host,), per_conversation=(), per_tenant=())


async def _on_console(
    stack: AsyncExitStack, database: Database, clock: StoryClock, platform: str, platforms: Mapping[str, str]
) -> World:
    made = wiring.build(database, SEAL, clock=clock, console=True)
    rooms = Rooms(database, DISTRICT, clock)
    made.dispatcher.transports[Platform.CONSOLE] = ConsoleTransport(rooms)
    story = World(made, clock, platform, platforms)

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
    return story


@cache
def _with_accounts(platform: str, platforms: tuple[tuple[str, str], ...]) -> str:
    return with_accounts(FILE.read_text(encoding="utf-8"), platform, dict(platforms))


def with_accounts(file: str, platform: str, platforms: Mapping[str, str]) -> str:
    """The district's file, in which everybody has an account where the story has them."""
    if Platform.TEAMS not in {platform, *platforms.values()}:
        return file  # as it stands: those who are on Teams alone write from Slack as newcomers
    district = yaml.safe_load(file)
    for person in district["people"]:
        if person.get("external"):
            continue
        on = platforms.get(person["id"], platform)
        person.setdefault(str(on), teams_account(person["id"]) if on == Platform.TEAMS else slack_account(person["id"]))
        if person["id"] in platforms:  # and nowhere else
            person.pop("slack" if on == Platform.TEAMS else "teams", None)
    return str(yaml.safe_dump(district, allow_unicode=True, sort_keys=False))


@dataclass
class StorySteering:
    """The console's clock buttons, on the story's clock."""

    world: World

    async def move(self, to: datetime) -> None:
        await self.world.wait_until(to)

    async def next_due(self) -> datetime | None:
        return await self.world.next_due()
