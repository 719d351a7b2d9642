"""The practice workspace: the real application, a fictional district, a clock that moves, and a guide."""

import asyncio
import webbrowser
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from aiohttp import web

from bot import wiring
from bot.console.app import ConsoleRoom
from bot.console.practice import GuideStep
from bot.console.rooms import Rooms
from bot.console.transport import ConsoleTransport
from bot.wiring import Clearway
from handlers.cards.text import Voice, Who, phrase
from handlers.district import importer
from scheduling.calendar import Calendar
from scheduling.clock import MovableClock
from storage import queue, registrations, schema
from storage.database import Database
from storage.directory import SUPERINTENDENT, Directory, Person
from storage.models import Event
from storage.sealing import Seal
from storage.store import Came
from storage.vocabulary import DistrictId, Door, Kind, Platform

DISTRICT: Final = DistrictId("larkspur-bend")
FILE: Final = Path(__file__).parent.parent / "handlers" / "district" / "larkspur-bend.yaml"
OPENS: Final = (date(2026, 10, 6), time(8, 0))
"""A Tuesday morning of the fictional school year, with meetings, leave and holidays ahead."""
IN_THE_DRAFT: Final = (("assign: 5", "assign: 3"), ("daily_message_budget: 3", "daily_message_budget: 2"))
"""What is other in the next version of the process, which waits there as a draft: to be read, submitted and approved."""
MOST_ROUNDS: Final = 5_000  # stops of one move of the clock: far more than a year of a district has


class Steering:
    """Moves the practice clock; everything that falls due on the way happens in its order, at its time."""

    def __init__(self, made: Clearway, clock: MovableClock) -> None:
        self._made = made
        self._clock = clock

    async def move(self, to: datetime) -> None:
        for _ in range(MOST_ROUNDS):
            await self._settle()
            due = await self.next_due()
            if due is None or due > to:
                break
            self._set(max(due, self._clock.now()))
        self._set(max(to, self._clock.now()))
        await self._settle()
        async with self._made.database.queue() as connection:
            await registrations.set_practice_ahead(connection, self._clock.ahead)

    async def next_due(self) -> datetime | None:
        async with self._made.database.queue(write=False) as connection:
            return await queue.next_due(connection, cards=False)

    def _set(self, to: datetime) -> None:
        self._clock.ahead += to - self._clock.now() + timedelta(milliseconds=1)

    async def _settle(self) -> None:
        while await self._made.loops.run_timers() + await self._made.loops.run_outbox():
            pass


class Guide:
    """Teacher → executive leader → superintendent → teacher, in five minutes; ticked off from the record itself."""

    def __init__(self, made: Clearway, district_id: DistrictId) -> None:
        self._made = made
        self._district_id = district_id

    async def __call__(self) -> Sequence[GuideStep]:
        async with self._made.districts.open(self._district_id, Came(Door.OPERATOR)) as store:
            directory = store.directory
            cast = _cast(directory)
            if cast is None:
                return []
            teacher, leader, top = cast
            steps = _steps(Voice(directory), teacher, leader, top, [])
            for challenge_id in await store.reported_by(teacher.id):
                told = _steps(Voice(directory), teacher, leader, top, await store.history(challenge_id))
                if all(each.done for each in told):
                    return told  # done once is done, whatever is reported after that
                steps = told
        return steps


def _cast(directory: Directory) -> tuple[Person, Person, Person] | None:
    """A teacher, the executive leader who is liaison, the superintendent: whoever plays them in this district."""
    teachers = [each for each in directory.people.values() if each.role == "teacher" and len(each.school_ids) == 1]
    leader = next((each for each in directory.people.values() if each.dit_liaison), None)
    top = next(iter(directory.with_role(SUPERINTENDENT)), None)
    return (teachers[0], leader, top) if teachers and leader and top else None


def _steps(voice: Voice, teacher: Person, leader: Person, top: Person, history: Sequence[Event]) -> list[GuideStep]:
    def did(kind: Kind, person: Person) -> bool:
        return any(each.kind is kind and each.actor_id == person.id for each in history)

    reported = bool(history)
    asked = any(each.kind in {Kind.CONFIRMATION_ASKED, Kind.CONFIRMED} for each in history)
    return [
        GuideStep(
            voice(
                phrase(
                    "Be {who}, a teacher. Write: /challenge Three lesson calendars contradict each other in week 2. "
                    "In the form choose the type “Alignment” and “In the district”, then press Send.",
                    who=Who(teacher.id),
                )
            ),
            teacher.id,
            reported,
        ),
        GuideStep(
            voice(
                phrase(
                    "Be {who}. The challenge has come to you, with the reason. Press “I'll take it”.",
                    who=Who(leader.id),
                )
            ),
            leader.id,
            did(Kind.TAKEN, leader),
        ),
        GuideStep(
            voice(
                phrase(
                    "Still {who}: you find that only the superintendent can settle it. Press “Not mine”.",
                    who=Who(leader.id),
                )
            ),
            leader.id,
            did(Kind.HANDED_ON, leader),
        ),
        GuideStep(
            voice(
                phrase("Be {who}, the superintendent. Press “I understand it” and say how big it is.", who=Who(top.id))
            ),
            top.id,
            did(Kind.UNDERSTOOD, top),
        ),
        GuideStep(
            voice(phrase("Still {who}: press “Resolved” and say what was done.", who=Who(top.id))),
            top.id,
            did(Kind.RESOLVED, top),
        ),
        GuideStep(
            voice("Move the clock “To the next thing due”, until those who raised it are asked (ten school days)."),
            None,
            asked,
        ),
        GuideStep(
            voice(phrase("Be {who} again. Was it addressed? Press “Yes, it was addressed”.", who=Who(teacher.id))),
            teacher.id,
            did(Kind.CONFIRMED, teacher),
        ),
    ]


class NotFictionalError(Exception):
    """The practice workspace was pointed at a database that is not its own."""


async def refuse_others(file: Path) -> None:
    """Raises NotFictionalError where the file holds a district that is real, or was made elsewhere. Changes nothing."""
    url = f"sqlite:///{file}"
    if await asyncio.to_thread(schema.current, url) is None:
        return
    database = Database(url)
    try:
        async with database.queue(write=False) as connection:
            districts = await registrations.district_ids(connection)
            real = await registrations.real_district_ids(connection)
    finally:
        await database.close()
    if real:
        raise NotFictionalError(
            f"{file} holds a real district; practice only opens made-up ones. Name another file: --database FILE"
        )
    if districts and not _key_of(file).exists():
        raise NotFictionalError(
            f"{file} was not made by practice: its key, {_key_of(file)}, is not there. Name another file: --database FILE"
        )


@asynccontextmanager
async def workspace(file: Path, port: int) -> AsyncIterator[str]:
    """Serves the practice workspace on this machine until the block ends; yields its address.

    Raises NotFictionalError before it serves anything, and OSError where the port is taken.
    """
    await refuse_others(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    url = f"sqlite:///{file}"
    seal = _own_seal(file)
    await asyncio.to_thread(schema.upgrade, url)
    database = Database(url)
    clock = MovableClock()
    made = wiring.build(database, seal, clock=clock, console=True)
    async with database.queue(write=False) as connection:
        clock.ahead = await registrations.practice_ahead(connection)

    async def first_day() -> None:
        """A new workspace opens on a school morning, whatever the day outside: or nothing would arrive for hours."""
        async with made.districts.open(DISTRICT, Came(Door.OPERATOR)) as store:
            calendar = Calendar.of(store.directory)
        clock.ahead += calendar.at(*OPENS) - clock.now()
        async with database.queue() as connection:
            await registrations.set_practice_ahead(connection, clock.ahead)

    async def fill() -> None:
        text = FILE.read_text(encoding="utf-8")
        result = await importer.import_district(database, seal, text, now=clock.now())
        if result.created:
            await first_day()
            await importer.import_district(database, seal, with_a_draft(text), now=clock.now())

    async def start_over() -> None:
        """Everything as on the first day: the file goes, and is made anew."""
        made.loops.heartbeat.pause()
        try:
            await database.close()
            for each in (file, file.with_name(file.name + "-wal"), file.with_name(file.name + "-shm")):
                each.unlink(missing_ok=True)
            await asyncio.to_thread(schema.upgrade, url)
            clock.ahead = timedelta()
            made.districts.forget()
            made.loops.forget()
            await fill()
        finally:
            made.loops.heartbeat.resume()

    await fill()
    rooms = Rooms(database, DISTRICT, clock)
    made.dispatcher.transports[Platform.CONSOLE] = ConsoleTransport(rooms)

    async def directory() -> Directory:
        async with made.districts.open(DISTRICT, Came(Door.OPERATOR)) as store:
            return store.directory

    room = ConsoleRoom(
        gateway=made.gateway,
        rooms=rooms,
        directory=directory,
        clock=clock,
        steering=Steering(made, clock),
        guide=Guide(made, DISTRICT),
        start_over=start_over,
    )
    app = made.web(*room.routes(), web.get("/", _to_console))
    app.on_shutdown.append(room.close)
    async with wiring.running(made, app, "127.0.0.1", port) as taken:
        made.districts.public_url = f"http://127.0.0.1:{taken}"
        yield f"http://127.0.0.1:{taken}/console/"


def with_a_draft(text: str) -> str:
    """The file of the district with other rules under the same version: importing it keeps them as a draft."""
    for before, after in IN_THE_DRAFT:
        text = text.replace(before, after, 1)
    return text


async def _to_console(_: web.Request) -> web.Response:
    raise web.HTTPFound("/console/")


def _own_seal(file: Path) -> Seal:
    """The practice database's own key, kept beside it: there is nothing in it to protect."""
    key = _key_of(file)
    if not key.exists():
        key.write_text(Seal.new_key())
        key.chmod(0o600)
    return Seal([key.read_text().strip()])


def _key_of(file: Path) -> Path:
    return file.with_suffix(".key")


def show(address: str) -> None:
    """Opens a browser where there is one; a server without a screen has none, and that is no fault."""
    with suppress(webbrowser.Error):
        webbrowser.open(address)
