"""What a process does whose plug may be pulled: a few days of intents, timers, messages and edits, always the same.

The platform has a bad week: it refuses, forgets to answer, loses people and cards, always in the same way. What reaches
people stands in a file, as it would with a platform: it outlives the process.

Run as a program it is told on its standard input what to do, and does it in a process of its own each time, which it
forks: the code is loaded once. It tells each intent when it is acknowledged, how late it is, and how the process ended.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import delete, insert, select
from structlog.testing import capture_logs

from bot import crash, wiring
from bot.profiles import Profile
from bot.transport import Address, CannotTellError, OutcomeUnknownError, Place, TryLaterError, UndeliverableError
from bot.wiring import Clearway
from handlers.cards.model import Card, to_json
from handlers.request import Identity, Inbound, Source
from storage import models
from storage.database import Database
from storage.models import table
from storage.sealing import Seal
from storage.store import Came
from storage.vocabulary import DistrictId, Door, Platform, TimerKind, new_id
from tests.lives.edge import LifeClock
from tests.lives.life import LARKSPUR, ZONE, refused

KEY: Final = "bm90IGEgc2VjcmV0LCBvbmx5IGZvciB0aGUgdGVzdHM="
SEAL: Final = Seal([KEY])
TEACHER, COACH, LEADER, STAFFING, COORDINATOR = "p-019", "p-018", "p-002", "p-004", "p-010"
TECHNOLOGY, PRINCIPAL = "p-006", "p-013"
DISTRICT_WIDE: Final = {"type": "staffing", "scope": "district", "school": "birch"}
TENANT: Final = "00000000-0000-4000-8000-0000000000aa"
ON_TEAMS: Final = Identity(Platform.TEAMS, TENANT, "29:new")
ON_SLACK: Final = Identity(Platform.SLACK, "T0LARKSPUR", "U0LB013")
ADDRESS: Final = "nadine@larkspur.example"


@dataclass(frozen=True, slots=True)
class Intent:
    """Something that somebody does; `about` is the number of a challenge."""

    key: str
    by: str | Identity
    action: str
    about: int = 0
    fields: tuple[tuple[str, Any], ...] = ()
    text: str = ""
    item: str = ""


def intent(
    key: str, by: str | Identity, action: str, about: int = 0, text: str = "", item: str = "", **fields: Any
) -> Intent:
    return Intent(key, by, action, about, tuple(fields.items()), text, item)


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
    # One more than the teacher's messages of a day: the last waits for the digest, and is old news by then.
    *(intent(f"q{n}", LEADER, "question", 2, question=f"Which calendar is number {n}?") for n in range(4)),
    intent("q4", TEACHER, "answer", 2, answer="That of the district."),
    intent("k10", LEADER, "still_blocked", 2),
    intent("k11", STAFFING, "resolve", 1, resolution="A substitute is hired."),
    intent("k12", ON_TEAMS, "message.direct", text="No substitutes on Fridays."),
    intent("k13", ON_TEAMS, "account.mine"),
    intent("k14", ON_SLACK, "district.choose", item=LARKSPUR),
    intent("k15", ON_SLACK, "registration.revoked"),
)
FRIDAY: Final = (
    intent("k16", COACH, "answer", 3, answer="Since August."),
    intent("k17", COACH, "yes", 1),
    intent("k18", TEACHER, "yes", 1),
)
PATIENCE_S: Final = 30.0  # the limit of two seconds has a test of its own
BEGAN: Final = datetime(2026, 10, 6, 9, tzinfo=ZONE)
MORNINGS: Final = tuple(datetime(2026, 10, day, 7, 45, tzinfo=ZONE) for day in (7, 9, 12))
"""Of Wednesday, Friday and Monday, at the hour of the digest."""
ON_FRIDAY, ON_MONDAY = MORNINGS[1:]
FRIDAY_NIGHT: Final = datetime(2026, 10, 9, 22, tzinfo=ZONE)


@dataclass(frozen=True, slots=True)
class Pulled:
    """At which point the plug is pulled, and since when somebody has a hand at it."""

    point: str = ""
    since: datetime = BEGAN


_pulled = Pulled()


@dataclass
class Paper:
    """A platform that writes down what reaches it. `finds`: whether it can say that a card arrived."""

    file: Path
    finds: bool = True

    async def send(self, to: Address, card: Card, *, delivery_id: str) -> Place:
        tried = any(delivery_id in (each.get("delivery"), each.get("tried")) for each in read(self.file))
        if to.user_id == TECHNOLOGY:
            raise UndeliverableError("account_gone")
        if not tried and to.user_id in {COACH, COORDINATOR}:
            self._write(tried=delivery_id)
            raise TryLaterError("busy") if to.user_id == COACH else OutcomeUnknownError("lost")
        post = new_id()
        self._write(delivery=delivery_id, to=to.user_id, post=post, card=to_json(card))
        if not tried and to.user_id == STAFFING:
            raise OutcomeUnknownError("cut")
        return _place(to.user_id, post)

    async def edit(self, place: Place, card: Card) -> None:
        if place.conversation_id == f"@{LEADER}":
            raise UndeliverableError("message_not_found")
        if place.conversation_id == f"@{COACH}" and not any(
            each.get("tried") == place.post_id for each in read(self.file)
        ):
            self._write(tried=place.post_id)
            raise TryLaterError("busy")
        self._write(edited=place.post_id, card=to_json(card))

    async def find(self, to: Address, *, delivery_id: str) -> Place | None:
        if not self.finds:
            raise CannotTellError
        posts = [each["post"] for each in read(self.file) if each.get("delivery") == delivery_id]
        return _place(to.user_id, posts[-1]) if posts else None

    def _write(self, **line: Any) -> None:
        with self.file.open("a", encoding="utf-8") as paper:
            paper.write(json.dumps(line) + "\n")


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(each) for each in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def _place(user_id: str, post: str) -> Place:
    return Place(Platform.CONSOLE, LARKSPUR, f"@{user_id}", post)


class People:
    """What Slack and Teams say of people: whoever is new on Teams has the address of somebody on Slack."""

    async def look_up(self, identity: Identity) -> Profile:
        return Profile("Nadine Okafor-Stahl", email=ADDRESS)

    async def find(self, workspace_id: str, email: str) -> str | None:
        return ON_SLACK.user_id if workspace_id == ON_SLACK.workspace_id else None


async def spoil(database: Database) -> None:
    """What a server finds that has seen better days: a timer is missing, a draft is sealed with a key that was lost."""
    timer, draft, challenge = table(models.Timer), table(models.Draft), table(models.Challenge)
    lost = {"district_id": LARKSPUR, "id": "lost", "person_id": TEACHER, "sealed": "lost", "lapses_at": FRIDAY_NIGHT}
    due = {
        "district_id": LARKSPUR,
        "id": "lost",
        "kind": TimerKind.DRAFT_LAPSES,
        "about": "lost",
        "due_at": FRIDAY_NIGHT,
    }
    async with database.district(DistrictId(LARKSPUR)) as connection:
        second = await connection.scalar(select(challenge.c.id).where(challenge.c.number == 2))
        await connection.execute(delete(timer).where(timer.c.about == second))
        await connection.execute(insert(draft), lost)
        await connection.execute(insert(timer), due | {"attempts": 0})


@asynccontextmanager
async def process(
    url: str, paper: Path, at: datetime, *, finds: bool = True
) -> AsyncIterator[tuple[Clearway, LifeClock]]:
    """A whole Clearway, as a process has it; what it logs is nobody's."""
    clock = LifeClock(at)
    database = Database(url, pool_size=5)
    made = wiring.build(database, SEAL, clock=clock, console=True)
    made.dispatcher.transports[Platform.CONSOLE] = Paper(paper, finds)
    made.gateway.limit_s = PATIENCE_S
    made.gateway.profiles |= dict.fromkeys((Platform.SLACK, Platform.TEAMS), People())
    with capture_logs():
        yield made, clock
    await database.close()


async def inbound(made: Clearway, wanted: Intent) -> Inbound:
    challenge_id, item = "", wanted.item
    async with made.districts.open(DistrictId(LARKSPUR), Came(Door.OPERATOR)) as store:
        if wanted.about:
            case = await store.case_numbered(wanted.about)
            assert case is not None, f"{wanted.key} is about challenge {wanted.about}, which is not there"
            challenge_id = case.id
        if wanted.action == "account.mine":  # the question stands in their chat, with the id of what is kept
            of = table(models.Draft)
            item = await store.connection.scalar(select(of.c.id).where(of.c.person_id == PRINCIPAL)) or ""
    console = wanted.by if isinstance(wanted.by, Identity) else Identity(Platform.CONSOLE, LARKSPUR, wanted.by)
    return Inbound(
        console,
        wanted.action,
        Door.DIRECT_MESSAGE if wanted.text else Door.BUTTON,
        key=wanted.key,
        challenge_id=challenge_id,
        item=item,
        text=wanted.text,
        fields=dict(wanted.fields),
        source=Source(f"@{console.user_id}", wanted.key, direct=True),
    )


async def do(made: Clearway, clock: LifeClock, intents: Sequence[Intent]) -> None:
    """Each in its turn, with all that follows from it."""
    for each in intents:
        reply = await made.gateway.handle(await inbound(made, each))
        assert not refused(reply), f"{each.key}: {reply}"
        tell("acknowledged", each.key)
        await settle(made, clock)


async def settle(made: Clearway, clock: LifeClock) -> None:
    """What can happen now happens; and before anybody does anything else what was refused is tried again, and the
    cards that were under way are looked at again."""
    for later_s in (40, 4):
        it_is(clock)
        while await made.loops.run_timers() + await made.loops.run_outbox():
            pass
        clock.move(clock.at + timedelta(seconds=later_s))


async def wait(made: Clearway, clock: LifeClock, to: datetime) -> None:
    """School mornings come and go, and every loop goes round."""
    for morning in MORNINGS:
        if clock.at < morning <= to:
            clock.move(morning)
            it_is(clock)
            await made.loops.heartbeat.go_round()
            await settle(made, clock)


async def work(url: str, paper: Path, at: datetime, *, finds: bool = True, again: bool = True) -> None:
    """From Tuesday to Monday. `again`: what was done before is handed in once more; it has no second effect."""
    async with process(url, paper, at, finds=finds) as (made, clock):
        it_is(clock)
        await made.loops.run_audit()
        await do(made, clock, (*(BEFORE if again else ()), *TUESDAY))
        await wait(made, clock, ON_FRIDAY)
        await do(made, clock, FRIDAY)
        await wait(made, clock, ON_MONDAY)


def it_is(clock: LifeClock) -> None:
    tell("clock", clock.at.isoformat())
    if clock.at >= _pulled.since:
        crash.arm(_pulled.point)


def tell(what: str, value: str) -> None:
    if __name__ == "__main__":
        sys.stdout.write(f"{what} {value}\n")
        sys.stdout.flush()


def main() -> None:
    for line in sys.stdin:
        told = json.loads(line)
        process_id = os.fork()
        if not process_id:
            global _pulled
            _pulled = Pulled(told["point"], datetime.fromisoformat(told["since"]))
            at = datetime.fromisoformat(told["at"])
            asyncio.run(work(told["url"], Path(told["paper"]), at, finds=told["finds"], again=False))
            os._exit(0)
        _, status = os.waitpid(process_id, 0)
        tell("ended", str(os.waitstatus_to_exitcode(status)))


if __name__ == "__main__":
    main()
