"""Quiet by default (invariant 9): budgets, hours, one digest a day, whatever comes and whenever."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.rules import cadence, lanes
from scheduling.calendar import Calendar
from storage.vocabulary import Lane, MessageKind, Status, Urgency
from tests import builders

DIRECTORY: Final = builders.district()
CALENDAR: Final = Calendar.of(DIRECTORY)
START: Final = CALENDAR.at(datetime(2026, 10, 5).date(), time(0))  # noqa: DTZ001  # a day
TEACHER: Final = replace(next(iter(DIRECTORY.people.values())), timezone=None, message_from=None, message_to=None)
BUDGET: Final = 3


@dataclass
class Row:
    """A message of the outbox."""

    kind: MessageKind
    urgency: Urgency
    created_at: datetime
    lane: Lane = Lane.SINGLE
    at: datetime = START
    sent_at: datetime | None = None


def live(rows: list[Row], person: lanes.Person) -> None:
    """All of them, planned as `tell` does and sent as the dispatcher does, until none waits."""
    for row in rows:
        plan = lanes.plan(lanes.lane(row.kind, row.urgency), person, CALENDAR, row.created_at)
        row.lane, row.at = plan.lane, plan.at
    for _ in range(20 * len(rows)):
        waiting = [each for each in rows if each.sent_at is None]
        if not waiting:
            return
        now = min(each.at for each in waiting)
        day = CALENDAR.today(now)
        had = [each for each in rows if each.sent_at and CALENDAR.today(each.sent_at) == day]
        digest_gone = any(each.lane is Lane.DIGEST for each in had)
        for row in (each for each in waiting if each.at <= now):
            singles = sum(each.lane is Lane.SINGLE and each.sent_at is not None for each in had if each is not row)
            plan = lanes.plan(
                row.lane, person, CALENDAR, now, sent_today=singles, budget=BUDGET, due=True, had_digest=digest_gone
            )
            if plan.at > now or plan.lane is not row.lane:
                row.lane, row.at = plan.lane, plan.at
            else:
                row.sent_at = now
                had.append(row)
    raise AssertionError("Something is put off for ever")


KINDS = st.sampled_from(sorted(set(MessageKind) - {MessageKind.DIGEST_COPY}))
ROWS = st.builds(
    Row, KINDS, st.sampled_from(Urgency), st.integers(0, 60 * 24 * 21).map(lambda each: START + timedelta(minutes=each))
)
HOURS = st.one_of(st.none(), st.integers(7, 16).map(lambda each: time(each, 30)))


@given(st.lists(ROWS, min_size=1, max_size=40), HOURS)
def test_nobody_gets_more_than_their_budget_nor_a_second_digest_and_all_of_it_comes(
    rows: list[Row], hour: time | None
) -> None:
    person = replace(TEACHER, digest_at=hour)
    live(rows, person)

    singles = Counter(CALENDAR.today(each.sent_at) for each in rows if each.lane is Lane.SINGLE and each.sent_at)
    assert max(singles.values(), default=0) <= BUDGET
    digests = {each.sent_at for each in rows if each.lane is Lane.DIGEST and each.sent_at}
    assert len({CALENDAR.today(each) for each in digests}) == len(digests)
    for each in rows:
        assert each.sent_at is not None
        own = each.lane is Lane.OWN_ACT
        assert own or not CALENDAR.is_quiet(each.sent_at, person, urgent=each.lane is Lane.URGENT)
        assert each.sent_at - each.created_at <= timedelta(days=14)


@pytest.mark.parametrize(
    ("kind", "lane"),
    [
        (MessageKind.ASSIGNMENT, Lane.SINGLE),
        (MessageKind.QUESTION, Lane.SINGLE),
        (MessageKind.CONFIRMATION, Lane.SINGLE),
        (MessageKind.ESCALATION, Lane.SINGLE),
        (MessageKind.NUDGE, Lane.DIGEST),
        (MessageKind.STEP, Lane.DIGEST),
        (MessageKind.UPDATE, Lane.DIGEST),
        (MessageKind.RECEIPT, Lane.OWN_ACT),
    ],
)
def test_what_comes_singly(kind: MessageKind, lane: Lane) -> None:
    assert lanes.lane(kind, Urgency.MEDIUM) is lane
    wanted = lane if lane is Lane.OWN_ACT or kind is MessageKind.UPDATE else Lane.URGENT
    assert lanes.lane(kind, Urgency.HIGH) is wanted


@pytest.mark.parametrize(
    ("changes", "latest"),
    [
        pytest.param({}, "2026-10-19", id="two weeks"),
        pytest.param({"decide_by": datetime(2026, 10, 9).date()}, "2026-10-09", id="not past what is promised"),  # noqa: DTZ001
        pytest.param({"decide_by": datetime(2026, 10, 2).date()}, "2026-10-19", id="what is late already"),  # noqa: DTZ001
        pytest.param({"urgency": Urgency.HIGH}, None, id="nothing urgent"),
        pytest.param({"review_on": datetime(2026, 11, 2).date()}, None, id="it rests"),  # noqa: DTZ001
        pytest.param({"status": Status.RESOLVED}, None, id="there are no reminders"),
    ],
)
def test_until_when_reminders_may_be_put_off(changes: dict[str, object], latest: str | None) -> None:
    case = builders.case(**{"status": Status.ASSIGNED, "urgency": Urgency.MEDIUM} | changes)
    day = cadence.may_put_off(case, case.challenge.owner_id, CALENDAR, CALENDAR.today(START))
    assert (day.isoformat() if day else None) == latest
    others = next(each for each in DIRECTORY.people if each != case.challenge.owner_id)
    assert cadence.may_put_off(case, others, CALENDAR, CALENDAR.today(START)) is None
