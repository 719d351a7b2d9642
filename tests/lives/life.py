"""Two districts in one Clearway: their people, their platform, their time. The same people ids, but not the same people.

Everything goes the way it goes in earnest: `Inbound` through the gateway, timers, outbox and audit by the loops.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import yaml
from sqlalchemy import select, update
from structlog.processors import format_exc_info
from structlog.testing import capture_logs

from bot import practice, wiring
from bot.gateway import EVENTS, NotCommittedError
from bot.wiring import Clearway
from handlers import audit, registry
from handlers.cards.model import Card
from handlers.district import importer
from handlers.district.exporter import export_district
from handlers.request import Identity, Inbound, Reply, Source
from storage import models, people, queue
from storage.case import Case
from storage.database import Database
from storage.directory import Directory
from storage.models import table
from storage.sealing import Seal
from storage.store import Came, Store
from storage.vocabulary import ChallengeId, DistrictId, Door, PersonId, Platform
from tests.lives.edge import Edge, LifeClock

SEAL: Final = Seal([Seal.new_key()])
FILE: Final = Path(practice.FILE)
LARKSPUR: Final = DistrictId("larkspur-bend")
JUNIPER: Final = DistrictId("juniper-falls")
HERE: Final = (LARKSPUR, JUNIPER)
ZONE: Final = ZoneInfo("America/Detroit")
BEGAN: Final = datetime(2026, 10, 6, 9, tzinfo=ZONE)

WRITES: Final = frozenset(name for name, entry in registry.ACTIONS.items() if entry.writes)
MOST_STOPS: Final = 2_000  # of the clock on its way
PATIENCE_S: Final = 30.0  # the limit of two seconds has a test of its own
REDELIVERED: Final = 6  # times, while the database is busy: as often as a platform would


def elsewhere(text: str) -> str:
    """The same district file for another district: its people have the same ids, and other accounts."""
    for here, there in (
        ("larkspur-bend", "juniper-falls"),
        ("Larkspur Bend Community Schools", "Juniper Falls Public Schools"),
        ("T0LARKSPUR", "T0JUNIPER"),
        ("0000000000aa", "0000000000bb"),
        ("U0LB", "U0JF"),
        ("U0EX", "U0JX"),
        ("29:lb", "29:jf"),
    ):
        text = text.replace(here, there)
    return text


async def settle_in(url: str) -> None:
    """Writes both districts into an empty database."""
    database = Database(url)
    text = FILE.read_text(encoding="utf-8")
    for each in (text, elsewhere(text)):
        await importer.import_district(database, SEAL, each, now=BEGAN)
    await database.close()


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody in one of the districts."""

    district: DistrictId
    id: PersonId

    @property
    def identity(self) -> Identity:
        return Identity(Platform.CONSOLE, self.district, self.id)

    def __str__(self) -> str:
        return f"{self.id}@{self.district}"


async def nobody_looks() -> None:
    pass


@dataclass
class Life:
    """One Clearway with its database, its clock and its platform, while it lives."""

    url: str
    clock: LifeClock
    edge: Edge
    logs: list[Any]
    database: Database = field(init=False)
    made: Clearway = field(init=False)
    done: Counter[str] = field(default_factory=Counter)
    """How often an action was asked for and not refused."""
    asked: Counter[str] = field(default_factory=Counter)
    answers: list[tuple[Who, Card]] = field(default_factory=list)
    """The cards that people got in answer to their own acts, oldest first."""
    replies: list[tuple[Who, Reply]] = field(default_factory=list)
    """All that people got in answer since somebody last looked."""
    forms: int = 0
    versions: int = 1
    drafts: int = 0
    look: Callable[[], Awaitable[None]] = nobody_looks
    """Called whenever something may have reached people."""

    def start(self) -> None:
        self.database = Database(self.url, pool_size=5)
        self.made = wiring.build(self.database, SEAL, clock=self.clock, console=True)
        self.made.dispatcher.transports[Platform.CONSOLE] = self.edge
        self.made.gateway.limit_s = PATIENCE_S

    async def restart(self) -> None:
        """The process ends and another begins: only the database remembers."""
        await self.database.close()
        self.start()

    # -- acting ------------------------------------------------------------------------------------------------------

    async def handle(self, inbound: Inbound) -> Reply:
        """What the platform does: it delivers again while the database is too busy to take it."""
        for _ in range(REDELIVERED):
            try:
                return await self.made.gateway.handle(inbound)
            except NotCommittedError as error:
                if "busy" not in error.sentence:
                    raise
        raise AssertionError(f"{inbound.action} was never taken")

    async def send(self, who: Who, inbound: Inbound) -> Reply:
        reply = await self.handle(inbound)
        self.note(who, inbound.action, reply)
        self.replies.append((who, reply))
        await self.look()
        return reply

    async def send_at_once(self, inbounds: Sequence[tuple[Who, Inbound]]) -> None:
        """All in the same moment: who may see what is then a matter of who came first."""
        replies = await asyncio.gather(*(self.handle(inbound) for _, inbound in inbounds))
        for (who, inbound), reply in zip(inbounds, replies, strict=True):
            self.note(who, inbound.action, reply)

    def note(self, who: Who, action: str, reply: Reply) -> None:
        self.asked[action] += 1
        if not refused(reply):
            self.done[action] += 1
        if reply.card:
            self.answers.append((who, reply.card))

    def inbound(
        self,
        who: Who,
        action: str,
        *,
        challenge_id: str = "",
        item: str = "",
        version: int = 0,
        text: str = "",
        fields: Mapping[str, Any] | None = None,
        carry: Mapping[str, str] | None = None,
        source: Source = Source(),  # noqa: B008  # frozen
        door: Door = Door.BUTTON,
        key: str | None = None,
    ) -> Inbound:
        """As a platform would name it: a press by who pressed what in which version, a form by itself."""
        if key is None and fields is not None:
            self.forms += 1
            key = f"form:{self.forms}"
        if key is None and action in EVENTS:
            key = f"event:{who}:{action}"
        return Inbound(
            who.identity,
            action,
            door,
            key=f"button:{who}:{challenge_id}:{item}:{version}:{action}" if key is None else key,
            challenge_id=challenge_id,
            item=item,
            version=version,
            text=text,
            fields=fields or {},
            carry=carry or {},
            source=source,
        )

    # -- time --------------------------------------------------------------------------------------------------------

    async def settle(self) -> int:
        """Everything that can happen now has happened; returns how many timers there were."""
        total = 0
        while True:
            ran = await self.made.loops.run_timers()
            total += ran
            sent = await self.made.loops.run_outbox()
            await self.look()
            if not ran + sent:
                return total

    async def pass_time(self, to: datetime) -> None:
        """What falls due on the way happens in its order, at its time; the audit goes round whenever a day has begun."""
        audited = self.today()
        for _ in range(MOST_STOPS):
            if audited != self.today():
                audited = self.today()
                await self.made.loops.run_audit()
            await self.settle()
            due = await self.next_due()
            if due is None or due > to:
                break
            self.clock.move(due)
        else:
            raise AssertionError("Time does not pass: something is due again and again")
        self.clock.move(to)
        await self.settle()

    async def next_due(self) -> datetime | None:
        async with self.database.queue(write=False) as connection:
            return await queue.next_due(connection, cards=False)

    def today(self) -> date:
        return self.clock.at.astimezone(ZONE).date()

    # -- what others do to the record --------------------------------------------------------------------------------

    async def is_away(self, absence: models.Absence) -> None:
        async with self.database.district(absence.district_id) as connection:
            await people.add_absence(connection, absence)

    async def left(self, who: Who, last_day: date, successor: PersonId | None) -> None:
        async with self.database.district(who.district) as connection:
            await people.leave(connection, who.district, who.id, last_day, successor)

    async def new_rules(self, district_id: DistrictId) -> None:
        """One more version of the written process is in force."""
        self.versions += 1
        replaced = '{version: "1.0", status: replaced, date: 2026-08-20}'
        in_force = f'{{version: "{self.versions}.0", status: in_force'
        text = FILE.read_text(encoding="utf-8")
        text = text.replace('{version: "1.0", status: in_force', f"{replaced}\n    - {in_force}")
        text = text if district_id == LARKSPUR else elsewhere(text)
        await importer.import_district(self.database, SEAL, text, now=self.clock.now())

    async def new_draft(self, district_id: DistrictId, status: str = "draft") -> str:
        """A draft of the written process, which differs in one rule, comes with a file; returns its label."""
        self.drafts += 1
        file = yaml.safe_load(await export_district(self.database, district_id))
        document = file["process_document"]
        own = {name: value for name, value in document.items() if name != "versions"}
        rules = own | {"authority_matrix": file["authority_matrix"], "daily_message_budget": 1 + self.drafts % 5}
        label = f"plan {self.drafts}"
        document["versions"].append({"version": label, "status": status, "rules": deepcopy(rules)})  # YAML would point
        text = yaml.safe_dump(file, allow_unicode=True, sort_keys=False)
        await importer.import_district(self.database, SEAL, text, now=self.clock.now())
        return label

    async def is_closed(self, district_id: DistrictId, first: date, last: date) -> None:
        of = table(models.District)
        async with self.database.district(district_id) as connection:
            calendar = await connection.scalar(select(of.c.calendar).where(of.c.id == district_id))
            assert calendar is not None
            more = {"name": "Snow", "from": first.isoformat(), "to": last.isoformat()}
            calendar = calendar | {"closed": [*calendar["closed"], more]}
            await connection.execute(update(of).where(of.c.id == district_id).values(calendar=calendar))
            await people.bump_revision(connection, district_id)

    # -- the record --------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def reading(self, district_id: DistrictId) -> AsyncIterator[Store]:
        async with self.made.districts.open(district_id, Came(Door.OPERATOR)) as store:
            yield store

    async def directory(self, district_id: DistrictId) -> Directory:
        async with self.reading(district_id) as store:
            return store.directory

    async def case(self, district_id: DistrictId, number: int) -> Case | None:
        async with self.reading(district_id) as store:
            return await store.case_numbered(number)

    async def count(self, district_id: DistrictId) -> int:
        """How many challenges the district has."""
        of = table(models.Ledger)
        async with self.reading(district_id) as store:
            return int(await store.connection.scalar(select(of.c.number).where(of.c.district_id == district_id)) or 0)

    async def ids(self, district_id: DistrictId) -> list[ChallengeId]:
        of = table(models.Challenge)
        async with self.reading(district_id) as store:
            wanted = select(of.c.id).where(of.c.district_id == district_id).order_by(of.c.number)
            return list(await store.connection.scalars(wanted))

    async def breaches(self) -> list[audit.Breach]:
        """What the audit finds, with nothing mended."""
        now = self.clock.now()
        found = []
        for district_id in HERE:
            async with self.reading(district_id) as store:
                found += [each async for each in audit.check(store, now, heart_fresh=True)]
                broken, _ = await audit.check_history(store)
                found += broken
        return found


def refused(reply: Reply) -> bool:
    """Whether the answer says that it was not done."""
    return bool(reply.errors) or (
        reply.card is not None and reply.card.title in {"That did not work", "This is for district staff"}
    )


@asynccontextmanager
async def life(url: str, at: datetime, *, finds: bool = True) -> AsyncIterator[Life]:
    """A life in a database into which the districts have settled; errors that only reach the log are kept in `logs`."""
    clock = LifeClock(at)
    with capture_logs(processors=[format_exc_info]) as logs:
        made = Life(url, clock, Edge(clock, finds=finds), logs)
        made.start()
        try:
            yield made
        finally:
            await made.database.close()
