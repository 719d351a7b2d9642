"""Wherever a life stands, time alone brings it on: nothing loops, nothing stops, and an outage ends without a burst."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Final

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import select

from handlers.rules.lifecycle import Move, may
from scheduling.calendar import Calendar
from storage import models
from storage.case import Case
from storage.models import Event, table
from storage.store import Store
from storage.vocabulary import ENDED, DistrictId, Kind, Lane, Rung, Status
from tests.lives.life import HERE, ZONE
from tests.lives.machine import Lives, NewDatabase

WEEKS: Final = 8  # of nothing but time
SOFT_AFTER: Final = 6  # asks without an answer, the gaps are as long as they get
DUTIES: Final = 4  # at most, of one challenge on one day: a prompt, steps, somebody stands in
BY_DATE: Final = frozenset(
    {Kind.PROMPTED, Kind.REMINDED, Kind.COLLEAGUE_ASKED, Kind.CONFIRMATION_ASKED, Kind.DECISION_ASKED, Kind.RESUMED}
)
"""What happens because a date came: on school days."""


class Patience(Lives):
    """A short life, after which nobody does anything any more."""

    most_challenges = 2

    async def at_the_end(self) -> None:
        await super().at_the_end()
        await self.weather_clears()
        before, since = {each: seen.seq for each, seen in self.promises.seen.items()}, self.life.clock.at
        await self.life.pass_time(self.life.clock.at + timedelta(weeks=WEEKS))
        await self.promises.hold(outside=True)
        for district_id, seq in before.items():
            async with self.life.reading(district_id) as store:
                of = table(models.Challenge)
                for challenge_id in await store.connection.scalars(
                    select(of.c.id).where(of.c.district_id == district_id, of.c.status.notin_(sorted(ENDED)))
                ):
                    case = await store.case(challenge_id)
                    assert case is not None
                    new = [each for each in await store.history(challenge_id) if each.seq > seq]
                    self.nothing_loops(store, case, new)
                    self.nothing_stops(store, case, new, since)
                    self.it_climbs(store, case, new, since)

    async def weather_clears(self) -> None:
        self.life.edge.weather.clear()
        self.life.edge.gone.clear()
        await self.life.settle()

    def nothing_loops(self, store: Store, case: Case, new: Sequence[Event]) -> None:
        """A bounded number of duties a day, on school days only."""
        calendar = Calendar.of(store.directory)
        days = Counter(calendar.today(each.at) for each in new if each.actor_id is None)
        busy = {day: count for day, count in days.items() if count > DUTIES + len(case.steps)}
        assert not busy, f"{case.number}: {busy}"
        idle = [each for each in new if each.kind in BY_DATE and not calendar.is_school_day(calendar.today(each.at))]
        assert not idle, f"{case.number}: {idle[0].kind} on {idle[0].at.astimezone(ZONE)}"

    def nothing_stops(self, store: Store, case: Case, new: Sequence[Event], since: datetime) -> None:
        """It was asked about in the last fortnight of school days, and is to be asked about in the next; ever more softly.

        A summer is long and has no school days: then it may be that nobody was asked since the weeks began. What is
        resolved rests for as many school days as the process gives it before those who raised it are asked.
        """
        calendar = Calendar.of(store.directory)
        challenge = case.challenge
        if challenge.review_on is not None:
            return
        process = store.directory.version(challenge.process_id).process
        cadence, most = process.cadence_school_days, process.cadence_school_days.nudge_open
        if challenge.status is Status.RESOLVED:
            most = max(most, process.response_targets_school_days.follow_up_after_resolution)
        asks = [each for each in new if each.kind in {Kind.PROMPTED, Kind.DECISION_ASKED}]
        assert challenge.next_at is not None
        last, today = calendar.today(asks[-1].at if asks else since), self.life.today()
        silent = calendar.school_days_between(last, today)
        assert silent <= most, f"{case.number} ({challenge.status}) was forgotten for {silent} school days"
        ahead = calendar.school_days_between(today, calendar.today(challenge.next_at))
        assert ahead <= most, f"{case.number} ({challenge.status}) is looked at only in {ahead} school days"
        moved = max((each.seq for each in new if each.kind not in BY_DATE), default=0)
        days = [calendar.today(each.at) for each in asks if each.seq > moved and "step" not in each.data]
        gaps = [calendar.school_days_between(*each) for each in pairwise(days)]
        softly = len(gaps) < SOFT_AFTER or gaps[-1] == cadence.nudge_open
        assert softly, f"{case.number} is asked about and asked about: {gaps}"

    def it_climbs(self, store: Store, case: Case, new: Sequence[Event], since: datetime) -> None:
        """What nobody answers about goes up, rung by rung, to the superintendent."""
        challenge = case.challenge
        rests = challenge.review_on is not None or challenge.asked_at is not None or case.open_steps
        settled = challenge.status is Status.DECLINED or not may(challenge.status, Move.ASSIGN)
        if rests or settled or challenge.rung is Rung.SUPERINTENDENT:
            return
        calendar = Calendar.of(store.directory)
        process = store.directory.version(challenge.process_id).process
        most = (process.climb_after(challenge.urgency) + 2) * process.cadence_school_days.nudge_open
        since = max([since, *(each.at for each in new if each.kind not in BY_DATE - {Kind.RESUMED})])
        stood = calendar.school_days_between(calendar.today(since), self.life.today())
        assert stood <= most, (
            f"{case.number} ({challenge.status}) has stood at {challenge.rung} for {stood} school days"
        )


class Outages(Lives):
    """A short life, after which nothing runs for three weeks."""

    most_challenges = 2

    async def at_the_end(self) -> None:
        await super().at_the_end()
        self.life.edge.weather.clear()
        self.life.edge.gone.clear()
        await self.life.pass_time(self.life.clock.at + timedelta(days=1))  # what was delayed has arrived
        await self.promises.hold(outside=True)
        calendars = {each: Calendar.of(await self.life.directory(each)) for each in HERE}
        calendar = calendars[HERE[0]]
        back = calendar.next_school_day(self.life.today() + timedelta(weeks=3))
        lines = {each: seen.seq for each, seen in self.promises.seen.items()}
        attempts = len(self.life.edge.attempts)

        self.life.clock.move(datetime.combine(back, time(9, 40), ZONE))
        await self.life.restart()
        await self.life.pass_time(datetime.combine(back, time(23), ZONE))
        await self.promises.hold(outside=True)

        for district_id in HERE:
            async with self.life.reading(district_id) as store:
                await self.one_catch_up(store, district_id, lines[district_id], attempts)

    async def one_catch_up(self, store: Store, district_id: DistrictId, seq: int, attempts: int) -> None:
        """Each person gets one digest and no more single messages than on any day; each challenge is looked at once."""
        of = table(models.Message)
        rows = await store.connection.execute(select(of.c.id, of.c.lane).where(of.c.district_id == district_id))
        lanes = {row.id: row.lane for row in rows}
        got = Counter(
            (each.to.user_id, lanes[each.delivery_id])
            for each in self.life.edge.attempts[attempts:]
            if each.to.workspace_id == district_id
        )
        budget = store.directory.in_force.process.daily_message_budget
        most = {Lane.DIGEST: 1, Lane.SINGLE: budget, Lane.URGENT: 2 * self.most_challenges, Lane.OWN_ACT: 0}
        over = {each: count for each, count in got.items() if count > most[each[1]]}
        assert not over, f"A burst: {over}"

        event = table(models.Event)
        new = await store.connection.execute(
            select(event.c.challenge_id, event.c.kind).where(event.c.district_id == district_id, event.c.seq > seq)
        )
        caught_up = Counter((row.challenge_id, row.kind) for row in new if row.kind in BY_DATE)
        assert all(count <= DUTIES for count in caught_up.values()), f"A burst: {caught_up}"


def test_time_alone_brings_every_challenge_on(new_database: NewDatabase, lives: settings) -> None:
    run_state_machine_as_test(lambda: Patience(new_database), settings=shorter(lives))


def test_an_outage_of_three_weeks_ends_in_one_catch_up(new_database: NewDatabase, lives: settings) -> None:
    run_state_machine_as_test(lambda: Outages(new_database), settings=shorter(lives))


def shorter(lives: settings) -> settings:
    """Each life is followed by weeks: there are fewer of them."""
    return settings(lives, max_examples=max(lives.max_examples // 3, 1), stateful_step_count=10)
