"""Closing and opening days around meetings, through the store: none is lost, none is there twice, each on a school day.

Any rule, any zone; days are closed and opened while time passes and timers run, in every order that hypothesis finds.
"""

import asyncio
import shutil
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import wiring
from bot.wiring import Clearway
from handlers import acts, calendars, closures
from handlers.district import importer
from handlers.rules.routines import AHEAD
from scheduling import recurrence
from scheduling.calendar import Calendar
from storage import occurrences, people, queue, schema
from storage.database import Database
from storage.directory import Closure
from storage.feeds import Feed
from storage.models import Occurrence
from storage.occurrences import TO_COME
from storage.store import Came, Store
from storage.vocabulary import DistrictId, Door, Kind, OccurrenceStatus, PersonId, TeamId
from tests.stories.test_calendars import by_icalendar, by_vobject
from tests.world import SEAL, StoryClock

DISTRICT = DistrictId("maple-hollow")
FILE = """\
district: {{id: maple-hollow, name: Maple Hollow Schools, timezone: {zone}}}
calendar:
  first_student_day: 2026-08-31
  last_student_day: 2027-06-11
  closed: [{{name: Winter break, from: 2026-12-21, to: 2027-01-01}}]
  summer: {{from: 2027-06-14, to: 2027-08-20}}
schools: [{{id: oak, name: Oak Street Elementary}}]
people:
  - {{id: ada, name: Ada Prentiss, role: superintendent, executive_leader: true}}
  - {{id: robin, name: Robin Calloway, role: district_coordinator, timezone: America/Chicago}}
  - {{id: leo, name: Leo Vance, role: principal, school: oak, message_from: "10:00"}}
teams:
  - {{id: dit, name: District Implementation Team, lead: robin, members: [ada, leo], uses_process: true, standing_item: true}}
  - {{id: slt, name: Oak Team, lead: leo, members: [ada]}}
routines:
  - {{id: met, teams: [dit, slt], rule: {rule}, start: "{start}", minutes: 60, running: true}}
process_document:
  student_crisis_text: "Call your building office now. In an emergency call 911."
"""
ZONES = ("America/Detroit", "America/Anchorage", "Pacific/Honolulu", "America/Nuuk", "Australia/Lord_Howe", "UTC")
RULES = (
    "second Tuesday", "last Friday", "first and third Thursday", "fifth Monday", "every Monday",
    "3 school days after second Tuesday", "1 school day after every Monday", "4 school days before last Friday",
    "every other Wednesday from 2026-09-09", '"2026-10-13, 2026-11-27, 2026-12-01, 2027-01-29"',
)  # fmt: skip
STARTS = (time(7, 30), time(8, 30), time(15))
FIRST = date(2026, 9, 1)


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("moving") / "blank.db"
    schema.upgrade(f"sqlite:///{file}")
    return file


ACTS = st.one_of(
    st.tuples(st.just("wait"), st.integers(1, 24), st.integers(0, 23)),
    st.tuples(st.just("close"), st.integers(0, 45), st.integers(0, 8)),
    st.tuples(st.just("open"), st.integers(0, 9), st.just(0)),
)


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    rule=st.sampled_from(RULES),
    zone=st.sampled_from(ZONES),
    start=st.sampled_from(STARTS),
    said=st.lists(ACTS, min_size=4, max_size=8),
)
def test_moving_closures_around_loses_and_doubles_no_meeting(
    blank: Path, rule: str, zone: str, start: time, said: Sequence[tuple[str, int, int]]
) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "now.db"
        shutil.copy(blank, file)
        text = FILE.format(rule=rule, zone=zone, start=f"{start:%H:%M}")
        asyncio.run(_lives(f"sqlite:///{file}", text, zone, rule.strip('"'), start, said))


async def _lives(url: str, text: str, zone: str, rule: str, start: time, said: Sequence[tuple[str, int, int]]) -> None:
    database = Database(url)
    clock = StoryClock(datetime.combine(FIRST, time(7), ZoneInfo(zone)))
    made = wiring.build(database, SEAL, clock=clock)
    try:
        await importer.import_district(database, SEAL, text, now=clock.now())
        await _pass(made, clock, clock.now())
        polled: dict[str, Any] = {}
        for act, n, more in [*said, ("wait", 9, 12)]:
            match act:
                case "wait":
                    to = clock.now().astimezone(ZoneInfo(zone)).date() + timedelta(days=n)
                    await _pass(made, clock, datetime.combine(to, time(more), ZoneInfo(zone)))
                case "close" | "open":
                    async with made.districts.open(DISTRICT, Came(Door.OPERATOR), write=True) as store:
                        await _said(store, act, n, more, clock.now())
                        await store.flush(clock.now())
                    await _pass(made, clock, clock.now())
            async with made.districts.open(DISTRICT, Came(Door.OPERATOR)) as store:
                await _is_whole(store, recurrence.parse(rule), start, clock.now())
                polled = await _is_in_calendars(store, clock.now(), polled)
        assert await made.loops.run_audit() == []
    finally:
        await database.close()


async def _pass(made: Clearway, clock: StoryClock, to: datetime) -> None:
    """Time passes, and what falls due on the way is done at its time; nothing is sent."""
    while True:
        while await made.loops.run_timers():
            pass
        async with made.database.queue(write=False) as connection:
            due = await queue.next_due(connection)
        if due is None or due > to:
            break
        if due <= clock.at:  # a message, which nobody sends here
            due = clock.at + timedelta(hours=6)
            if due > to:
                break
        clock.at = due
    clock.at = max(clock.at, to)
    while await made.loops.run_timers():
        pass


async def _said(store: Store, act: str, n: int, more: int, now: datetime) -> None:
    was = acts.calendar(store)
    today = was.today(now)
    known = [each for each in store.directory.calendar.closures if each.said and each.to_on >= today]
    if act == "close":
        first = today + timedelta(days=n)
        closure = Closure("Closed", first, first + timedelta(days=more), said=True)
        if any((each.from_on, each.to_on) == (closure.from_on, closure.to_on) for each in known):
            return
        await people.add_closure(store.connection, DISTRICT, closure)
    elif known:
        await people.take_back_closure(store.connection, DISTRICT, known[n % len(known)], today)
    await closures.take_effect(store, was, now)
    if act == "open":
        await closures.offer_back(store, was, None, now)


async def _is_whole(store: Store, rule: recurrence.Rule, start: time, now: datetime) -> None:
    calendar = Calendar.of(store.directory)
    today, counted = calendar.today(now), isinstance(rule, recurrence.Shifted)
    rows = await occurrences.since(store.connection, DISTRICT, ["met"], now - timedelta(days=1000))
    told = {
        event.data["occurrence"]: event.data
        for event in await store.beside({Kind.OCCURRENCE_MOVED, Kind.OCCURRENCE_CANCELLED}, now - timedelta(days=1000))
    }
    roots: dict[str, list[Occurrence]] = defaultdict(list)
    for row in rows:
        roots[row.root_id].append(row)
    for team_id in ("dit", "slt"):
        mine = [row for row in rows if row.team_id == team_id]
        assert set(Counter(row.planned_on for row in mine if not row.in_place_of).values()) <= {1}
        last = [row for row in mine if not any(other.in_place_of == row.id for other in mine)]
        # What was dropped for another of it stands nowhere; what has no school day left says so.
        planned = Counter(row.planned_on for row in last if not row.dropped or row.planned_at == row.ended_at)
        assert set(planned.values()) <= {1}
        for day in rule.days(FIRST + timedelta(days=1)):
            if day > today + AHEAD - timedelta(days=35):  # until the next school morning, at the latest
                break
            if isinstance(rule, recurrence.Listed) or not calendar.in_summer(day):
                assert planned[day] == 1 or (counted and any(planned[each] for each in _near(day))), day
    to_come = Counter((row.team_id, row.day) for row in rows if row.status in TO_COME and row.starts_at > now)
    assert set(to_come.values()) <= {1}
    for line in roots.values():
        stands = [row for row in line if not any(other.in_place_of == row.id for other in line)]
        [row] = stands
        assert len({each.sequence for each in line}) == len(line)
        assert {each.status for each in line if each is not row and not each.dropped} <= {OccurrenceStatus.MOVED}
        if counted:
            _follows_the_count(row, rule, calendar, start, now)
        else:
            first, last = rule.period(row.planned_on)
            assert first <= row.day <= last
        assert row.starts_at == calendar.at(row.day, start)
        if row.status in TO_COME and row.starts_at > now:
            assert calendar.is_message_day(row.day, urgent=True)
        if row.status is OccurrenceStatus.CANCELLED and row.day == row.planned_on:  # there is a reason
            assert row.planned_at == row.ended_at or told[row.id]["why"] == "closed" or (counted and row.dropped)
        for each in line:
            if each is not row and not each.dropped:
                assert told[each.id]["why"] in ({"closed", "counted"} if counted else {"closed"})
                after = next(other for other in line if other.in_place_of == each.id)
                assert each.ended_at is not None
                assert after.starts_at > each.ended_at


def _near(day: date) -> list[date]:
    """Days from which what is counted may fall on the same day, where those between are closed."""
    return [day + timedelta(days=n) for n in range(-28, 29)]


def _follows_the_count(row: Occurrence, rule: recurrence.Rule, calendar: Calendar, start: time, now: datetime) -> None:
    """It is on the day that is so many school days from its own, or that came too soon for anybody to hear of it."""
    if row.status not in TO_COME or row.starts_at <= now:
        return
    assert isinstance(rule, recurrence.Shifted)
    day = rule.counted(row.planned_on, calendar)
    assert day is not None
    soon = calendar.school_days_after(calendar.today(now), 2)
    assert row.day == day or day <= soon, (row.planned_on, row.day, day)


async def _is_in_calendars(store: Store, now: datetime, before: dict[str, Any]) -> dict[str, Any]:
    """Two readers that know nothing of each other see what we computed; and a client that polls sees what has changed."""
    file = await calendars.feed(store, Feed(DISTRICT, PersonId("leo"), TeamId("")), now)
    assert file is not None
    seen = by_icalendar(file.decode())
    assert seen == by_vobject(file.decode())
    rows = await occurrences.since(store.connection, DISTRICT, ["met"], now - calendars.LOOKS_BACK)
    latest = {row.root_id: row for row in sorted(rows, key=lambda each: each.sequence)}
    off = {OccurrenceStatus.CANCELLED, OccurrenceStatus.MISSED}
    assert {uid.split("@")[0]: each[:3] for uid, each in seen.items()} == {
        root: (row.starts_at, row.version + row.sequence, "CANCELLED" if row.status in off else "CONFIRMED")
        for root, row in latest.items()
    }
    for uid, each in seen.items():
        if uid in before and (each[0], each[2]) != (before[uid][0], before[uid][2]):
            assert each[1] > before[uid][1]
    return seen
