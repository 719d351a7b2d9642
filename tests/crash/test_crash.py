"""At each point of bot.crash the plug is pulled. After a restart it is as if nothing had happened."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from sqlalchemy import select

from bot import cli, crash
from handlers.district import importer
from storage import models
from storage.database import Database
from storage.leases import LEASE
from storage.models import table
from storage.vocabulary import MessageState
from tests.crash import stage
from tests.crash.stage import LARKSPUR, SEAL
from tests.lives.life import FILE

ROOT: Final = Path(__file__).parents[2]
PULLED: Final = 137
WHEN: Final = re.compile(r"\b[0-9a-f]{20}\b|\d{1,2}:\d\d")
"""What differs between two runs of the same days: random ids, and minutes."""


@dataclass(frozen=True)
class Begun:
    """A database in which the first intents are done, with the paper on which their cards stand."""

    new: Callable[[], AbstractContextManager[str]]
    paper: Path

    @contextmanager
    def copy(self, folder: Path) -> Iterator[tuple[str, Path]]:
        paper = Path(shutil.copy(self.paper, folder / f"{uuid4().hex}.jsonl"))
        with self.new() as url:
            yield url, paper


@dataclass(frozen=True)
class Told:
    """What the record and the people's chats say at the end, without what differs from run to run."""

    events: Counter[tuple[Any, ...]]
    messages: Counter[tuple[Any, ...]]
    chats: Counter[tuple[str, str]]


async def begin(url: str, paper: Path) -> None:
    database = Database(url)
    await importer.import_district(database, SEAL, FILE.read_text(encoding="utf-8"), now=stage.BEGAN)
    await database.close()
    async with stage.process(url, paper, stage.BEGAN) as (made, clock):
        await stage.do(made, clock, stage.BEFORE)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def begun(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Begun]:
    folder = tmp_path_factory.mktemp("crash")
    paper = folder / "begun.jsonl"
    if request.param == "sqlite":
        file = Path(shutil.copy(request.getfixturevalue("sqlite_template"), folder / "begun.db"))
        asyncio.run(begin(f"sqlite:///{file}", paper))

        @contextmanager
        def copy() -> Iterator[str]:
            yield f"sqlite:///{shutil.copy(file, folder / f'{uuid4().hex}.db')}"

        yield Begun(copy, paper)
    else:
        postgres = request.getfixturevalue("postgres")
        with postgres.copy() as url:
            asyncio.run(begin(url, paper))
            name = Path(url.split("?")[0]).name
            yield Begun(lambda: postgres.database(template=name), paper)


@pytest.fixture(scope="module")
def undisturbed(begun: Begun, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The same days, with nobody near the plug."""
    with begun.copy(tmp_path_factory.mktemp("undisturbed")) as (url, paper):
        asyncio.run(stage.work(url, paper, stage.BEGAN))
        told = asyncio.run(what_is_told(url, paper))
    assert max(deliveries(paper).values()) == 1
    return told


def pull_the_plug(url: str, paper: Path, point: str) -> tuple[set[str], datetime]:
    """Runs until the plug is pulled there; returns what was acknowledged, and when it happened."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.crash.stage", url, str(paper)],
        env=os.environ | {"CLEARWAY_CRASH_AT": point},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == PULLED, f"It ended with {ended.returncode}: {ended.stderr}"
    lines = [each.split(" ", 1) for each in ended.stdout.splitlines() if each.startswith(("acknowledged ", "clock "))]
    acknowledged = {value for what, value in lines if what == "acknowledged"}
    at = [datetime.fromisoformat(value) for what, value in lines if what == "clock"]
    return acknowledged, max(at, default=stage.BEGAN)


@pytest.mark.parametrize("point", crash.POINTS)
def test_after_a_pulled_plug_all_is_as_if_nothing_had_happened(
    begun: Begun, undisturbed: Told, tmp_path: Path, point: str
) -> None:
    with begun.copy(tmp_path) as (url, paper):
        acknowledged, at = pull_the_plug(url, paper, point)
        assert acknowledged <= asyncio.run(keys(url))

        asyncio.run(stage.work(url, paper, at + LEASE + timedelta(minutes=1)))

        told = asyncio.run(what_is_told(url, paper))
        assert told.events == undisturbed.events
        assert told.messages == undisturbed.messages
        assert told.chats == undisturbed.chats
        assert max(deliveries(paper).values()) == 1
        assert not asyncio.run(breaches(url, paper))


@pytest.mark.parametrize("point", ["outbox: after send", "outbox: before mark"])
def test_what_cannot_be_found_is_sent_once_more_and_marked_so(begun: Begun, tmp_path: Path, point: str) -> None:
    with begun.copy(tmp_path) as (url, paper):
        _, at = pull_the_plug(url, paper, point)

        asyncio.run(stage.work(url, paper, at + LEASE + timedelta(minutes=1), finds=False))

        twice = {each for each, count in deliveries(paper).items() if count > 1}
        assert twice
        assert max(deliveries(paper).values()) == 2
        assert twice <= asyncio.run(repeated(url))
        assert not asyncio.run(breaches(url, paper))


def test_every_point_is_in_its_place() -> None:
    code = "\n".join(
        each.read_text(encoding="utf-8") for each in (ROOT / "bot").rglob("*.py") if each.name != "crash.py"
    )
    assert set(re.findall(r'crash\.at\("([^"]+)"\)', code)) == set(crash.POINTS)


# ------------------------------------------------------------------------------------------------------- what is told


def deliveries(paper: Path) -> Counter[str]:
    """How often each message arrived, by the id that went with it."""
    return Counter(each["delivery"] for each in stage.read(paper) if "delivery" in each)


async def keys(url: str) -> set[str]:
    """The intents that the database remembers."""
    of = table(models.InboxKey)
    return {row.key for row in await rows(url, select(of.c.key))}


async def repeated(url: str) -> set[str]:
    of = table(models.Message)
    return {row.id for row in await rows(url, select(of.c.id).where(of.c.repeated))}


async def rows(url: str, statement: Any) -> list[Any]:
    database = Database(url)
    async with database.district(LARKSPUR, write=False) as connection:
        found = list(await connection.execute(statement))
    await database.close()
    return found


async def what_is_told(url: str, paper: Path) -> Told:
    event, message, challenge = table(models.Event), table(models.Message), table(models.Challenge)
    numbers = {row.id: row.number for row in await rows(url, select(challenge.c.id, challenge.c.number))}
    events = await rows(url, select(event.c.challenge_id, event.c.kind, event.c.actor_id))
    messages = await rows(
        url, select(message.c.challenge_id, message.c.kind, message.c.person_id, message.c.lane, message.c.state)
    )
    assert {row.state for row in messages} <= {MessageState.SENT, MessageState.DROPPED, MessageState.PENDING}
    chats: dict[str, tuple[str, str]] = {}
    for each in stage.read(paper):
        post = each.get("edited") or each["post"]
        chats[post] = (each.get("to") or chats[post][0], WHEN.sub("…", str(each["card"])))
    return Told(
        Counter((numbers.get(row.challenge_id), row.kind, row.actor_id) for row in events),
        Counter((numbers.get(row.challenge_id), *row[1:]) for row in messages),
        Counter(chats.values()),
    )


async def breaches(url: str, paper: Path) -> list[Any]:
    async with stage.process(url, paper, stage.ON_MONDAY) as (made, _):
        return await cli.promises_of(made)
