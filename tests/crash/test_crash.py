"""At each point of bot.crash the plug is pulled. After a restart it is as if nothing had happened."""

import ast
import asyncio
import json
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
from typing import IO, Any, Final
from uuid import uuid4

import pytest
from sqlalchemy import select

from bot import cli, crash
from handlers.district import importer
from storage import models
from storage.database import Database
from storage.leases import LEASE
from storage.models import table
from storage.vocabulary import Lane, MessageState
from tests.crash import stage
from tests.crash.stage import LARKSPUR, SEAL
from tests.lives.life import FILE

ROOT: Final = Path(__file__).parents[2]
RUNNING: Final = [
    *(ROOT / "bot" / f"{each}.py" for each in ("gateway", "newcomers", "dispatcher", "marks", "loops")),
    ROOT / "scheduling" / "timers.py",
]
"""Where a running server commits, sends and edits."""
PULLED: Final = 137
REPEATED: Final = "outbox: repeated"
"""A step only where a platform cannot tell what arrived."""
STEPS: Final = [each for each in crash.STEPS if each != REPEATED]
LEASES: Final = frozenset(
    {
        "request: commit",
        "timer: claimed",
        "timer: commit",
        "outbox: claimed",
        "outbox: send",
        "outbox: sent",
        "card: edit",
    }
)
"""What holds locks and leases is tried on both databases on each run; the rest on one each, in turn."""
THOROUGH: Final = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
WHEN: Final = re.compile(r"\b[0-9a-f]{22}\b|\d{1,2}:\d\d")
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
        await stage.spoil(made.database)


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


@dataclass(frozen=True)
class Ended:
    code: int
    acknowledged: set[str]
    at: datetime

    @property
    def later(self) -> datetime:
        """When whatever the dead process had claimed is anybody's."""
        return self.at + LEASE + timedelta(minutes=1)


@dataclass
class Program:
    """The program of tests/crash/stage.py, told what to do."""

    said: IO[str]
    says: IO[str]

    def ends(self, url: str, paper: Path, at: datetime, point: str, *, finds: bool = True) -> Ended:
        """Runs until the plug is pulled there, or to the end of the days."""
        told = {"url": url, "paper": str(paper), "at": at.isoformat(), "finds": finds}
        told |= {"point": point, "since": (stage.ON_FRIDAY if "timer" in point else stage.BEGAN).isoformat()}
        self.said.write(json.dumps(told) + "\n")
        self.said.flush()
        acknowledged, now = set[str](), at
        for line in self.says:
            what, _, value = line.strip().partition(" ")
            if what == "acknowledged":
                acknowledged.add(value)
            if what == "clock":
                now = datetime.fromisoformat(value)
            if what == "ended":
                return Ended(int(value), acknowledged, now)
        raise AssertionError("The program itself has ended")


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.crash.stage"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        yield Program(running.stdin, running.stdout)
        running.stdin.close()


def on(database: str) -> list[str]:
    """The steps that this run tries on that database."""
    turn = {"sqlite": 0, "postgresql": 1}[database]
    return [each for n, each in enumerate(STEPS) if THOROUGH or each in LEASES or n % 2 == turn]


@pytest.mark.parametrize(
    ("begun", "step"),
    [(database, step) for database in ("sqlite", "postgresql") for step in on(database)],
    indirect=["begun"],
    scope="module",
)
def test_after_a_pulled_plug_all_is_as_if_nothing_had_happened(
    begun: Begun, undisturbed: Told, program: Program, tmp_path: Path, step: str
) -> None:
    """Twice: before the step and, when somebody has started it again, after it."""
    with begun.copy(tmp_path) as (url, paper):
        before = program.ends(url, paper, stage.BEGAN, f"before {step}")
        assert before.code == PULLED, f"It did not come to {step}"
        assert before.acknowledged <= asyncio.run(taken(url))
        after = program.ends(url, paper, before.later, f"after {step}")
        assert after.code == PULLED, f"It did not come to {step} again"
        assert before.acknowledged | after.acknowledged <= asyncio.run(taken(url))

        asyncio.run(stage.work(url, paper, after.later))

        told = asyncio.run(what_is_told(url, paper))
        assert told.events == undisturbed.events
        assert told.messages == undisturbed.messages
        assert told.chats == undisturbed.chats
        assert max(deliveries(paper).values()) == 1
        assert not asyncio.run(breaches(url, paper))


@pytest.mark.parametrize(
    "points",
    [
        ["after outbox: send"],
        ["after outbox: send", "after outbox: send"],
        [f"before {REPEATED}", f"after {REPEATED}"],
    ],
    ids="; ".join,
)
def test_what_cannot_be_found_is_sent_once_more_and_marked_so(
    begun: Begun, program: Program, tmp_path: Path, points: list[str]
) -> None:
    """And no third time, however often the plug is pulled. What was never heard of then is somebody's task."""
    with begun.copy(tmp_path) as (url, paper):
        at = stage.BEGAN
        for point in points:
            ended = program.ends(url, paper, at, point, finds=False)
            assert ended.code == PULLED
            at = ended.later

        asyncio.run(stage.work(url, paper, at, finds=False))

        arrived = deliveries(paper)
        more = {each for each, count in arrived.items() if count > 1}
        assert max(arrived.values()) == 2
        assert more <= asyncio.run(repeated(url))
        assert not asyncio.run(breaches(url, paper))
        message = table(models.Message)
        sent = select(message.c.id).where(message.c.state == MessageState.SENT, message.c.lane != Lane.DIGEST)
        assert {row.id for row in asyncio.run(rows(url, sent))} <= set(arrived)


def test_every_step_has_its_place_and_every_commit_its_step() -> None:
    named: Counter[str] = Counter()
    for file in RUNNING:
        code = ast.parse(file.read_text(encoding="utf-8"))
        calls = [each for each in ast.walk(code) if isinstance(each, ast.Call)]
        for each in calls:
            for word in each.args:
                if isinstance(word, ast.Constant) and isinstance(word.value, str):
                    step = re.sub("^(before|after) ", "", word.value)
                    named[step] += step in crash.STEPS
        guarded = {id(inner) for each in calls if _name(each) == "around" for inner in ast.walk(each)}
        guarded |= {id(each.value) for each in ast.walk(code) if isinstance(each, ast.Assign) and _is(each, "opened")}
        bare = [each.lineno for each in calls if _writes(each) and id(each) not in guarded]
        assert not bare, f"{file.name} commits without a name in lines {bare}"
    assert set(+named) == set(crash.STEPS)


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _is(assigned: ast.Assign, name: str) -> bool:
    return [getattr(each, "id", "") for each in assigned.targets] == [name]


def _writes(call: ast.Call) -> bool:
    """Whether it opens a transaction that may write."""
    write = next((each.value for each in call.keywords if each.arg == "write"), None)
    by_default = {"queue": True, "district": True, "open": False}.get(_name(call))
    return by_default is not None and (by_default if write is None else getattr(write, "value", True))


# ------------------------------------------------------------------------------------------------------- what is told


def deliveries(paper: Path) -> Counter[str]:
    """How often each message arrived, by the id that went with it."""
    return Counter(each["delivery"] for each in stage.read(paper) if "delivery" in each)


async def taken(url: str) -> set[str]:
    """The intents that the database remembers."""
    inbox, account, chosen = table(models.InboxKey), table(models.Account), table(models.ChosenDistrict)
    found = {row.key.removeprefix("newcomer:") for row in await rows(url, select(inbox.c.key))}
    if await rows(url, select(account.c.user_id).where(account.c.user_id == stage.ON_TEAMS.user_id)):
        found.add("k13")
    if await rows(url, select(chosen.c.user_id)):
        found.add("k14")
    if await rows(url, select(account.c.user_id).where(account.c.unreachable_since.is_not(None))):
        found.add("k15")
    return found


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
    chats: dict[str, tuple[str, str]] = {}
    for each in stage.read(paper):
        if "tried" in each:
            continue
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
