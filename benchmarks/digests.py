"""One morning minute of many districts: what is due is worked out and written, and the digests are claimed and marked.

A digest has LINES lines: the invitation that was written in that minute, and what has waited for it since yesterday.

Beside it the same rows are written by set-based SQL, by a superuser whom no row-level policy looks at, for all districts at
once, without rules: whom to tell is read from the teams, a digest of the history is any text of its length. What is due is
leased by one statement and marked by another, as nothing may be sent that another process could be sending.

The due of each turn are in districts of their own, so that nothing has to be taken away between the turns.
"""

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import psycopg
from sqlalchemy import make_url

from benchmarks.targets import Outcome
from bot import practice, wiring
from bot.dispatcher import AT_ONCE, BATCH, BATCH_OF_ONE
from bot.marks import Arrived, Marks
from bot.wiring import Clearway
from handlers.district.check import check
from storage import models, people, queue
from storage.database import Database
from storage.models import table
from storage.queue import LEASE, ClaimedMessage, Posted, Sent
from storage.registrations import AccountRow
from storage.sealing import Seal
from storage.vocabulary import (
    DistrictId,
    Lane,
    MessageKind,
    MessageState,
    OccurrenceStatus,
    PersonId,
    Platform,
    ProcessStatus,
    TimerKind,
)
from tests.databases import TestRun, conninfo

MORNING: Final = datetime(2026, 10, 12, 11, 30, tzinfo=UTC)  # 7:30 in Detroit: the hour at which invitations are due
DIGESTS: Final = timedelta(minutes=15)  # after that the digests go out, at 7:45
MEETS: Final = date(2026, 10, 13)
INVITED: Final = 9
"""The people of each team, with who leads it: so many messages come of one invitation."""
LINES: Final = 5
"""Messages in each digest."""
MOST: Final = 3.0  # times the raw SQL of the same rows: of the digests
GROWS: Final = 0.15  # of the time, for a tenth of what is due


@dataclass(frozen=True, slots=True)
class Size:
    """How much is stored, and how much of it is due in one turn."""

    districts: int = 13_000
    people: int = 500_000
    routines: int = 200_000
    due: int = 1_000
    rounds: int = 5


def sized(part: float, due: int, rounds: int) -> Size:
    """A part of the districts, each as large as in the whole."""
    whole = Size()
    districts, some, routines = (max(1, int(each * part)) for each in (whole.districts, whole.people, whole.routines))
    return Size(districts, some, routines, due, min(rounds, whole.rounds))


def as_json(found: "Found") -> list[dict[str, Any]]:
    """Every round, for whoever wants to look closer: seconds."""
    return [{"side": side, "all": whole, "rounds": rounds} for (side, whole), rounds in found.items()]


class MovedClock:
    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


# ---------------------------------------------------------------------------------------------------------- what stands


@dataclass(frozen=True, slots=True)
class Turn:
    """One measurement: who does it, and how many meetings are due. Each has a second of its own."""

    number: int
    side: str
    """ "ours" or "raw"."""
    due: int
    first: int
    """The number of the first district in which something is due."""

    @property
    def at(self) -> datetime:
        return MORNING + timedelta(seconds=self.number)


def turns(size: Size) -> list[Turn]:
    """In each round both sides, with all that is due and with a tenth of it; the order turns around with each round."""
    found: list[Turn] = []
    first = 0
    for number in range(size.rounds + 1):  # the first warms up, and is not counted
        kinds = [("raw", size.due), ("ours", size.due), ("raw", size.due // 10), ("ours", size.due // 10)]
        for side, due in kinds[:: 1 if number % 2 == 0 else -1]:
            found.append(Turn(len(found), side, due, first))
            first = (first + due) % size.districts
    return found


def load(connection: psycopg.Connection[Any], size: Size, seal: Seal, planned: Iterable[Turn]) -> None:
    """Everything, by COPY."""
    rules = check(practice.FILE.read_text(encoding="utf-8"), MORNING).sound().rules
    each_people, each_routines = size.people // size.districts, size.routines // size.districts
    ids = [DistrictId(f"d{n:05}") for n in range(size.districts)]
    _copy(connection, models.District, (_district(each, seal) for each in ids))
    _copy(connection, models.Ledger, ({"district_id": each} for each in ids))
    _copy(connection, models.Person, (_person(d, n) for d in ids for n in range(each_people)))
    _copy(connection, models.Account, (_account(d, n) for d in ids for n in range(each_people)))
    _copy(connection, models.Team, (_team(d, n, each_people) for d in ids for n in range(3)))
    _copy(connection, models.Routine, (_routine(d, n) for d in ids for n in range(each_routines)))
    _copy(
        connection, models.Process, ({"district_id": d, "version": "1.0", "status": ProcessStatus.IN_FORCE, "rules": rules} for d in ids)
    )  # fmt: skip
    due = list(_due(planned, ids, each_routines))
    later = MORNING + timedelta(days=20)
    _copy(connection, models.Occurrence, (_occurrence(*each) for each in due))
    _copy(connection, models.Timer, ({"district_id": d, "kind": TimerKind.OCCURRENCE, "about": about, "due_at": at} for d, _, about, at in due))  # fmt: skip
    _copy(connection, models.Message, (line for d, r, about, at in due for line in _waiting(d, r, about, at, each_people)))  # fmt: skip
    _copy(connection, models.Timer, ({"district_id": d, "kind": TimerKind.ROUTINE, "about": f"r{n}", "due_at": later + timedelta(minutes=n)} for d in ids for n in range(each_routines)))  # fmt: skip
    connection.commit()
    connection.autocommit = True
    connection.execute("VACUUM ANALYZE")


def _due(
    planned: Iterable[Turn], ids: list[DistrictId], routines: int
) -> Iterator[tuple[DistrictId, str, str, datetime]]:
    taken: dict[DistrictId, int] = {}
    for turn in planned:
        for n in range(turn.due):
            district_id = ids[(turn.first + n) % len(ids)]
            nth = taken[district_id] = taken.get(district_id, -1) + 1
            yield district_id, f"r{nth % routines}", f"o{nth:04}", turn.at


def _district(district_id: DistrictId, seal: Seal) -> dict[str, Any]:
    key = people.new_ledger_key(seal, district_id)
    return {"id": district_id, "name": f"District {district_id}", "timezone": "America/Detroit", "ledger_key": key, "created_at": MORNING}  # fmt: skip


def _person(district_id: DistrictId, n: int) -> dict[str, Any]:
    roles = {0: "superintendent", 1: "district_coordinator"}
    return {
        "district_id": district_id, "id": f"p{n:03}", "position": n, "name": f"Somebody {n}",
        "role": roles.get(n, "teacher"), "executive_leader": n == 0,
    }  # fmt: skip


def _account(district_id: DistrictId, n: int) -> dict[str, Any]:
    return {
        "district_id": district_id, "platform": Platform.SLACK, "workspace_id": f"T{district_id}", "user_id": f"U{n:03}",
        "person_id": f"p{n:03}", "preferred": True, "conversation_id": f"D{n:03}",
    }  # fmt: skip


def _team(district_id: DistrictId, n: int, of: int) -> dict[str, Any]:
    _, *members = _invited(n, of)
    return {"district_id": district_id, "id": f"t{n}", "position": n, "name": f"Team {n}", "lead_id": "p001", "member_ids": members}  # fmt: skip


def _invited(n: int, of: int) -> list[PersonId]:
    """Who belongs to the nth team of a district with so many people; who leads it comes first."""
    others = INVITED - 1
    return [PersonId("p001"), *(PersonId(f"p{2 + (n * others + each) % (of - 2):03}") for each in range(others))]


def _waiting(district_id: DistrictId, routine_id: str, about: str, at: datetime, of: int) -> Iterator[dict[str, Any]]:
    """What the digests of those who are invited hold besides."""
    for reader in _invited(int(routine_id[1:]) % 3, of):
        for n in range(LINES - 1):
            yield {
                "district_id": district_id, "once": f"reminder:{reader}:{about}:{n}", "kind": MessageKind.NUDGE,
                "lane": Lane.DIGEST, "person_id": reader, "created_at": MORNING - timedelta(hours=20), "send_at": at + DIGESTS,
            }  # fmt: skip


def _routine(district_id: DistrictId, n: int) -> dict[str, Any]:
    return {
        "district_id": district_id, "id": f"r{n}", "position": n, "rule": "second Tuesday", "start": "08:30", "minutes": 60,
        "team_ids": [f"t{n % 3}"], "running": True,
    }  # fmt: skip


def _occurrence(district_id: DistrictId, routine_id: str, about: str, _at: datetime) -> dict[str, Any]:
    n = int(routine_id[1:])
    return {
        "district_id": district_id, "id": about, "routine_id": routine_id, "team_id": f"t{n % 3}",
        "planned_on": MEETS, "day": MEETS, "starts_at": MORNING + timedelta(hours=25), "minutes": 60,
        "status": OccurrenceStatus.PREPARED, "planned_at": MORNING - timedelta(days=30), "root_id": about, "in_place_of": about,
    }  # fmt: skip


def _copy(connection: psycopg.Connection[Any], model: type[Any], rows: Iterable[Mapping[str, Any]]) -> None:
    """Rows by COPY, with what the model says where they say nothing."""
    of = table(model)
    fields = model.model_fields
    fixed = {name: None if each.is_required() else each.default for name, each in fields.items()}
    made = {name: each.default_factory for name, each in fields.items() if each.default_factory}
    names = list(of.c.keys())
    with connection.cursor() as cursor, cursor.copy(f"COPY {of.name} ({', '.join(names)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(
                [_plain(row.get(n, made[n]() if n in made and n not in row else fixed.get(n))) for n in names]
            )


def _plain(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


# ------------------------------------------------------------------------------------------------------------ both sides


RAW_WRITE: Final = """
WITH due AS (
    SELECT t.district_id, t.id, t.about, o.routine_id, o.starts_at, m.member_ids || jsonb_build_array(m.lead_id) AS invited,
           row_number() OVER (PARTITION BY t.district_id ORDER BY t.id) AS nth, substr(md5(random()::text), 1, 22) AS event_id
    FROM timer t
    JOIN occurrence o ON o.district_id = t.district_id AND o.id = t.about
    JOIN team m ON m.district_id = o.district_id AND m.id = o.team_id
    WHERE t.due_at <= %(now)s AND t.kind = 'occurrence'
), timed AS (
    UPDATE timer t SET due_at = due.starts_at + interval '70 minutes', leased_until = NULL, attempts = 0
    FROM due WHERE t.district_id = due.district_id AND t.id = due.id
), changed AS (
    UPDATE occurrence o SET invited_at = %(now)s, version = version + 1
    FROM due WHERE o.district_id = due.district_id AND o.id = due.about
), happened AS (
    INSERT INTO event (district_id, seq, id, kind, at, door, data, words, digest)
    SELECT due.district_id, l.seq + due.nth, due.event_id, 'occurrence_invited', %(now)s, 'timer',
           jsonb_build_object('occurrence', due.about, 'routine', due.routine_id, 'act', due.event_id), '{}', md5(due.about) || md5(due.id)
    FROM due JOIN ledger l ON l.district_id = due.district_id
), headed AS (
    UPDATE ledger l SET seq = l.seq + n.many, head = md5(l.head) || md5(l.district_id)
    FROM (SELECT district_id, count(*) AS many FROM due GROUP BY district_id) n WHERE l.district_id = n.district_id
)
INSERT INTO message (district_id, id, once, kind, lane, person_id, event_id, item_id, state, created_at, send_at, attempts, repeated)
SELECT due.district_id, substr(md5(random()::text), 1, 22), 'occurrence:' || who || ':' || due.event_id || ':' || due.about,
       'occurrence', 'digest', who, due.event_id, due.about, 'pending', %(now)s, %(send)s, 0, false
FROM due, jsonb_array_elements_text(due.invited) who
"""  # nothing is put into it

RAW_CLAIM: Final = """
UPDATE message SET leased_until = %(until)s, attempts = attempts + 1
WHERE state = 'pending' AND lane = 'digest' AND send_at <= %(now)s AND (leased_until IS NULL OR leased_until <= %(now)s)
"""

RAW_MARK: Final = """
WITH sent AS (
    UPDATE message SET state = 'sent', leased_until = NULL, ended_at = %(now)s
    WHERE state = 'pending' AND lane = 'digest' AND leased_until = %(until)s
    RETURNING district_id, id, person_id
), noted AS (
    INSERT INTO delivery (district_id, id, message_id, platform, at, outcome)
    SELECT district_id, substr(md5(random()::text), 1, 22), id, 'slack', %(now)s, 'sent' FROM sent
)
INSERT INTO postedcard (district_id, id, message_id, person_id, platform, workspace_id, conversation_id, post_id, shown, posted_at, attempts)
SELECT district_id, substr(md5(random()::text), 1, 22), min(id), person_id, 'slack', 'T', 'D' || person_id, 'P', 0, %(now)s, 0
FROM sent GROUP BY district_id, person_id
"""

Legs = dict[str, float]
"""Seconds of each leg."""


class Raw:
    """Set-based SQL, as a superuser."""

    def __init__(self, admin: psycopg.Connection[Any]) -> None:
        self._admin = admin

    async def take(self, turn: Turn) -> Legs:
        return await asyncio.to_thread(self._take, turn)

    def _take(self, turn: Turn) -> Legs:
        write = {"now": turn.at, "send": turn.at + DIGESTS}
        return {
            "written": _timed(lambda: self._admin.execute(RAW_WRITE, write)),
            "marked": _timed(lambda: self._digests(turn.at + DIGESTS)),
        }

    def _digests(self, now: datetime) -> None:
        both = {"now": now, "until": now + LEASE}
        self._admin.execute(RAW_CLAIM, both)
        self._admin.execute(RAW_MARK, both)


def _timed(work: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


class Ours:
    """The loops of the real application, but for the platform: what is sent goes nowhere, and at once."""

    def __init__(self, made: Clearway, clock: MovedClock) -> None:
        self._made = made
        self._clock = clock

    async def take(self, turn: Turn) -> Legs:
        self._clock.at = turn.at
        begun = time.perf_counter()
        await self._made.loops.run_timers()
        written = time.perf_counter()
        self._clock.at = turn.at + DIGESTS
        claiming = await self._mark()
        return {"written": written - begun, "marked": time.perf_counter() - written, "claiming": claiming}

    async def _mark(self) -> float:
        """Claimed as the dispatcher does, a card for each person, and marked as it marks what arrived: so many are on
        their way at once. How long the claiming took, in seconds."""
        now, database, claiming = self._clock.now(), self._made.database, 0.0
        marks, places = Marks(lambda _: database.queue(), self._clock), asyncio.Semaphore(AT_ONCE)

        async def send(district_id: DistrictId, person_id: PersonId, messages: list[ClaimedMessage]) -> None:
            async with places:
                at = (Platform.SLACK, f"T{district_id}", f"U{person_id[1:]}", True, f"D{person_id[1:]}", None)
                account = AccountRow(district_id, person_id, *at)
                sent = Sent(messages, Platform.SLACK, Posted("T", f"D{person_id}", "P"), now)
                await marks.write(Arrived(sent, account, f"D{person_id[1:]}"))

        while True:
            begun = time.perf_counter()
            async with database.queue() as connection:
                claimed = await queue.claim_messages(connection, now, BATCH, BATCH_OF_ONE)
            claiming += time.perf_counter() - begun
            if not claimed:
                return claiming
            theirs: dict[tuple[DistrictId, PersonId], list[ClaimedMessage]] = {}
            for each in claimed:
                theirs.setdefault((each.district_id, each.person_id), []).append(each)
            async with asyncio.TaskGroup() as group:
                for reader, messages in theirs.items():
                    group.create_task(send(*reader, messages))


# -------------------------------------------------------------------------------------------------------------- measured


@asynccontextmanager
async def _staged(
    size: Size, tell: Callable[[str], None]
) -> AsyncIterator[tuple["Raw", "Ours", psycopg.Connection[Any]]]:
    run = TestRun()
    try:
        if isinstance(run.postgres, str):
            raise SystemExit(run.postgres)
        with run.postgres.copy() as url:
            seal = Seal([Seal.new_key()])
            admin_url = make_url(run.postgres.admin).set(database=make_url(url).database)
            with psycopg.connect(conninfo(admin_url)) as admin:
                tell("digests: loading")
                await asyncio.to_thread(load, admin, size, seal, turns(size))
                clock = MovedClock(MORNING)
                made = wiring.build(Database(url), seal, clock=clock)
                yield Raw(admin), Ours(made, clock), admin
                await made.database.close()
    finally:
        run.close()


Found = dict[tuple[str, bool], list[Legs]]
"""By side, and whether all was due or a tenth: the legs of each round."""


async def measure(size: Size, tell: Callable[[str], None]) -> Found:
    found: Found = {}
    async with _staged(size, tell) as (raw, ours, admin):
        for turn in turns(size):
            tell(f"digests: turn {turn.number + 1} of {4 * (size.rounds + 1)}")
            side = raw if turn.side == "raw" else ours
            legs = await side.take(turn)
            _check(admin, turn)
            if turn.number >= 4:
                found.setdefault((turn.side, turn.due == size.due), []).append(legs)
    return found


def _check(admin: psycopg.Connection[Any], turn: Turn) -> None:
    """Each turn has left the rows that it was to leave."""
    of_turn = {"at": turn.at, "sent": MessageState.SENT, "lane": Lane.DIGEST}
    row = admin.execute(
        "SELECT count(*), count(DISTINCT event_id) FROM message WHERE created_at = %(at)s AND state = %(sent)s AND lane = %(lane)s",
        of_turn,
    ).fetchone()
    assert row == (turn.due * INVITED, turn.due), f"{turn} has left {row}"
    left = {
        "digests": "SELECT count(*) FROM postedcard WHERE posted_at = %(ended)s",
        "lines": "SELECT count(*) FROM message WHERE ended_at = %(ended)s",
        "deliveries": "SELECT count(*) FROM delivery WHERE at = %(ended)s",
    }
    found = {name: _one(admin.execute(query, {"ended": turn.at + DIGESTS})) for name, query in left.items()}
    wanted = {"lines": turn.due * INVITED * LINES, "deliveries": turn.due * INVITED * LINES}
    assert found == found | wanted, f"{turn} has left {found}"


def _one(cursor: psycopg.Cursor[Any]) -> int:
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def outcomes(found: Found) -> Iterator[Outcome]:
    """Ours beside raw, and what a tenth of the due costs of the whole: of the digests, and of the invitations before them.

    The digests have a target. What the timers write has none: districts are worked on one by one (docs/performance.md).
    """

    def figures(side: str, whole: bool, leg: str) -> list[float]:
        return [1000 * each[leg] for each in found[side, whole]]

    for leg, what in (("marked", "digests"), ("written", "invitations")):
        ours, raw = figures("ours", True, leg), figures("raw", True, leg)
        yield at_most(f"{what}, ms : raw SQL", ours, raw, MOST if leg == "marked" else math.inf)
        yield at_most(f"{what}, ms: a tenth due : all", figures("ours", False, leg), ours, GROWS)


def at_most(what: str, first: list[float], second: list[float], most: float) -> Outcome:
    ratios = [a / b for a, b in zip(first, second, strict=True)]
    middle = sorted(ratios)[len(ratios) // 2]
    figure, beside = (sorted(each)[len(each) // 2] for each in (first, second))
    wanted = "no target" if math.isinf(most) else f"≤ {most}"
    return Outcome(what, 1, figure, beside, ratios, wanted, middle <= most)
