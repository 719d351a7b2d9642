"""Sets everything up for one kind of database: the district, the example, and the servers that are compared."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Protocol

from sqlalchemy import make_url

from benchmarks import requests, stored
from benchmarks.load import WrongAnswerError
from benchmarks.orders import BEGINS, PATH, Order, Slack, clock
from benchmarks.requests import Requests
from benchmarks.stored import Kept
from bot import cli, practice, wiring
from handlers.district import importer
from storage import schema
from storage.database import Database
from storage.sealing import Seal
from tests.databases import TestRun
from tests.fakes.slack import FakeSlack, Workspace

TEAM: Final = "T0LARKSPUR"


class Databases(Protocol):
    """Where databases of one kind come from."""

    def migrated(self) -> str:
        """The URL of a new one, without a district."""
        ...

    def copied(self, url: str) -> str:
        """The URL of a copy of one to which nobody is connected."""
        ...


class SqliteFiles:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def migrated(self) -> str:
        url = f"sqlite:///{self._folder / 'example.db'}"
        schema.upgrade(url)
        return url

    def copied(self, url: str) -> str:
        file = self._folder / f"copy-{len(list(self._folder.glob('copy-*.db')))}.db"
        shutil.copy(str(make_url(url).database), file)
        return f"sqlite:///{file}"


class PostgresServer:
    def __init__(self, run: TestRun, undo: ExitStack) -> None:
        if isinstance(run.postgres, str):
            raise SystemExit(run.postgres)
        self._postgres = run.postgres
        self._undo = undo

    def migrated(self) -> str:
        return self._undo.enter_context(self._postgres.copy())

    def copied(self, url: str) -> str:
        return self._undo.enter_context(self._postgres.database(template=make_url(url).database))


@contextmanager
def databases(kind: str) -> Iterator[Databases]:
    with ExitStack() as undo:
        if kind == "sqlite":
            yield SqliteFiles(Path(undo.enter_context(TemporaryDirectory(prefix="clearway-bench-"))))
        else:
            run = TestRun()
            undo.callback(run.close)
            yield PostgresServer(run, undo)


@dataclass(frozen=True, slots=True)
class Server:
    """One of those compared: where it listens, and what it records into."""

    port: int
    kept: Kept


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything is set up."""

    servers: dict[str, Server]
    requests: Requests
    seal: Seal

    def restore(self) -> None:
        """Takes away what was recorded since the beginning, in every database."""
        for server in self.servers.values():
            server.kept.restore()

    async def check(self) -> None:
        """What was measured is what it is called: both ways leave the same rows, and every promise holds in them."""
        by_hand, real = (self.servers[each].kept.added_by_each() for each in ("by hand", "real"))
        if by_hand != real:
            raise WrongAnswerError(f"By hand, each report adds {by_hand}; in the real application {real}")
        for name in ("by hand", "real"):
            made = wiring.build(Database(self.servers[name].kept.url), self.seal, clock=clock())
            breaches = await cli.promises_of(made)
            await made.database.close()
            if breaches:
                raise WrongAnswerError(f"What “{name}” recorded breaks promises: {breaches[:3]}")


@asynccontextmanager
async def stage(kind: str, *, many: int) -> AsyncIterator[Stage]:
    """The servers, each in a process of its own. `many`: how many challenges the one has that has many."""
    async with AsyncExitStack() as undo:
        places = undo.enter_context(databases(kind))
        slack = await undo.enter_async_context(FakeSlack())
        workspace = slack.workspace(TEAM)
        seal_key = Seal.new_key()
        example = Order("real", _known(slack, workspace), await district(places.migrated(), seal_key), seal_key)
        async with process(example) as port:
            slack.events_url = f"http://127.0.0.1:{port}{PATH}"
            report = await requests.captured(workspace)

        async def served(subject: str = "real", *, stored_challenges: int = 0, actions: int = 0) -> Server:
            url = places.copied(example.database_url)
            if stored_challenges:
                await asyncio.to_thread(stored.fill, url, stored_challenges)
            order = replace(example, subject=subject, database_url=url, actions=actions)
            return Server(await undo.enter_async_context(process(order)), Kept(url))

        servers = {
            "acknowledging": await served("acknowledging"),
            "by hand": await served("by hand"),
            "real": await served(),
            "real, 5 actions": await served(actions=5),
            "real, 200 actions": await served(actions=200),
            "real, much stored": await served(stored_challenges=many),
        }
        yield Stage(servers, Requests(example.slack, report), Seal([seal_key]))


async def district(url: str, seal_key: str) -> str:
    """The fictional district, as an operator imports it; returns the URL."""
    database = Database(url)
    text = practice.FILE.read_text(encoding="utf-8")
    await importer.import_district(database, Seal([seal_key]), text, now=BEGINS)
    await database.close()
    return url


def _known(slack: FakeSlack, workspace: Workspace) -> Slack:
    return Slack(
        api_url=slack.api_url,
        team_id=workspace.team_id,
        app_id=workspace.app_id,
        bot_user_id=workspace.bot_user_id,
        bot_token=workspace.bot_token,
        signing_secret=workspace.signing_secret,
        url=workspace.url,
    )


@asynccontextmanager
async def process(order: Order) -> AsyncIterator[int]:
    """The port of a server in a new process, which ends with the block."""
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.server", order.spelt(),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONHASHSEED": "0"},
    )  # fmt: skip
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        said = await server.stdout.readline()
        if not said:
            raise SystemExit(f"The server “{order.subject}” did not start; what it said stands above")
        yield int(said)
    finally:
        server.stdin.close()
        await server.wait()
