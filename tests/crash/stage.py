"""What a process does whose plug may be pulled: a few days of intents, timers, messages and edits, always the same.

Run as a program it tells each intent on its standard output when it is acknowledged, and how late it is. What reaches
people stands in a file, as it would with a platform: it outlives the process.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from bot import wiring
from bot.transport import Address, Place
from bot.wiring import Clearway
from handlers.cards.model import Card, to_json
from handlers.request import Identity, Inbound, Source
from storage.database import Database
from storage.sealing import Seal
from storage.store import Came
from storage.vocabulary import DistrictId, Door, Platform, new_id
from tests.lives.edge import LifeClock
from tests.lives.life import LARKSPUR, ZONE, refused

KEY: Final = "bm90IGEgc2VjcmV0LCBvbmx5IGZvciB0aGUgdGVzdHM="
SEAL: Final = Seal([KEY])
TEACHER, COACH, LEADER, STAFFING, COORDINATOR = "p-019", "p-018", "p-002", "p-004", "p-010"
DISTRICT_WIDE: Final = {"type": "staffing", "scope": "district", "school": "birch"}


@dataclass(frozen=True, slots=True)
class Intent:
    """Something that somebody does; `about` is the number of a challenge."""

    key: str
    by: str
    action: str
    about: int = 0
    fields: tuple[tuple[str, Any], ...] = ()
    text: str = ""


def intent(key: str, by: str, action: str, about: int = 0, text: str = "", **fields: Any) -> Intent:
    return Intent(key, by, action, about, tuple(fields.items()), text)


BEFORE: Final = (
    intent("k1", TEACHER, "report", what="Our coach covers classes.", **DISTRICT_WIDE),
    intent("k2", TEACHER, "report", what="Three calendars contradict each other.", type="alignment", scope="district"),
    intent("k3", STAFFING, "take", 1),
    intent("k4", COACH, "me_too", 1, what="Eleven visits were cancelled."),
)
"""Done before the plug is pulled: their cards stand in people's chats."""

TUESDAY: Final = (
    intent("k5", COACH, "report", what="Nobody trains the new aides.", urgency="high", **DISTRICT_WIDE),
    intent("k6", STAFFING, "understand", 1, scope="One coach, four cycles."),
    intent("k7", TEACHER, "message.direct", text="The rosters do not load."),
    intent("k8", STAFFING, "question", 3, question="Since when?"),
    intent("k9", COORDINATOR, "sort", 4, type="data_systems", scope="district"),
    intent("k10", LEADER, "still_blocked", 2),
    intent("k11", STAFFING, "resolve", 1, resolution="A substitute is hired."),
)
FRIDAY: Final = (
    intent("k12", COACH, "answer", 3, answer="Since August."),
    intent("k13", COACH, "yes", 1),
    intent("k14", TEACHER, "yes", 1),
)
BEGAN: Final = datetime(2026, 10, 6, 9, tzinfo=ZONE)
ON_FRIDAY: Final = datetime(2026, 10, 9, 12, tzinfo=ZONE)
ON_MONDAY: Final = datetime(2026, 10, 12, 12, tzinfo=ZONE)


@dataclass
class Paper:
    """A platform that writes down what reaches it. `finds`: whether it can say that a card arrived."""

    file: Path
    clock: LifeClock
    finds: bool = True

    async def send(self, to: Address, card: Card, *, delivery_id: str) -> Place:
        post = new_id()
        self._write(delivery=delivery_id, to=to.user_id, post=post, card=to_json(card))
        return _place(to.user_id, post)

    async def edit(self, place: Place, card: Card) -> None:
        self._write(edited=place.post_id, card=to_json(card))

    async def find(self, to: Address, *, delivery_id: str) -> Place | None:
        posts = [each["post"] for each in read(self.file) if each.get("delivery") == delivery_id]
        return _place(to.user_id, posts[-1]) if posts and self.finds else None

    def _write(self, **line: Any) -> None:
        with self.file.open("a", encoding="utf-8") as paper:
            paper.write(json.dumps(line) + "\n")


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(each) for each in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def _place(user_id: str, post: str) -> Place:
    return Place(Platform.CONSOLE, LARKSPUR, f"@{user_id}", post)


@asynccontextmanager
async def process(
    url: str, paper: Path, at: datetime, *, finds: bool = True
) -> AsyncIterator[tuple[Clearway, LifeClock]]:
    """A whole Clearway, as a process has it."""
    clock = LifeClock(at)
    database = Database(url, pool_size=5)
    made = wiring.build(database, SEAL, clock=clock, console=True)
    made.dispatcher.transports[Platform.CONSOLE] = Paper(paper, clock, finds)
    try:
        yield made, clock
    finally:
        await database.close()


async def inbound(made: Clearway, wanted: Intent) -> Inbound:
    challenge_id = ""
    if wanted.about:
        async with made.districts.open(DistrictId(LARKSPUR), Came(Door.OPERATOR)) as store:
            case = await store.case_numbered(wanted.about)
        assert case is not None, f"{wanted.key} is about challenge {wanted.about}, which is not there"
        challenge_id = case.id
    return Inbound(
        Identity(Platform.CONSOLE, LARKSPUR, wanted.by),
        wanted.action,
        Door.DIRECT_MESSAGE if wanted.text else Door.BUTTON,
        key=wanted.key,
        challenge_id=challenge_id,
        text=wanted.text,
        fields=dict(wanted.fields),
        source=Source(f"@{wanted.by}", wanted.key, direct=True),
    )


async def do(made: Clearway, clock: LifeClock, intents: Sequence[Intent]) -> None:
    """Each in its turn, with all that follows from it."""
    for each in intents:
        reply = await made.gateway.handle(await inbound(made, each))
        assert not refused(reply), f"{each.key}: {reply}"
        tell("acknowledged", each.key)
        await settle(made, clock)


async def settle(made: Clearway, clock: LifeClock) -> None:
    """What can happen now happens; a few seconds later the cards that were under way have been looked at again."""
    for _ in range(2):
        tell("clock", clock.at.isoformat())
        while await made.loops.run_timers() + await made.loops.run_outbox():
            pass
        clock.move(clock.at + timedelta(seconds=4))


async def wait(made: Clearway, clock: LifeClock, to: datetime) -> None:
    """School mornings and digest hours come and go."""
    day = clock.at.astimezone(ZONE).date()
    while day <= to.date():
        for hour, minute in ((7, 30), (7, 45), (12, 0)):
            clock.move(min(to, datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE)))
            await settle(made, clock)
        day += timedelta(days=1)


async def work(url: str, paper: Path, at: datetime, *, finds: bool = True) -> None:
    """From Tuesday to Monday. Whatever was done before is handed in once more: it has no second effect."""
    async with process(url, paper, at, finds=finds) as (made, clock):
        await do(made, clock, (*BEFORE, *TUESDAY))
        await wait(made, clock, ON_FRIDAY)
        await do(made, clock, FRIDAY)
        await wait(made, clock, ON_MONDAY)


def tell(what: str, value: str) -> None:
    if __name__ == "__main__":
        sys.stdout.write(f"{what} {value}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], Path(sys.argv[2]), BEGAN))
