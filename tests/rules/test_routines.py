"""When an occurrence of a routine is planned, prepared, told of and asked about: for any rule, calendar and zone."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from handlers.rules import routines as rules
from handlers.rules.routines import ASKS, Duty, Facts
from scheduling import recurrence
from scheduling.calendar import Calendar
from storage.directory import Person, Routine
from storage.vocabulary import OccurrenceStatus
from tests.scheduling.calendars import PEOPLE, calendars
from tests.scheduling.test_recurrence import WORDS

START = time(8, 30)


def routine(words: str) -> Routine:
    return Routine("r", words, START, 60, running=True)


def looked_at(
    stands: dict[str, rules.Standing], words: str, calendar: Calendar, today: date
) -> tuple[dict[str, rules.Standing], rules.Changes]:
    """What stands after somebody has looked, and what they had to change. What is past took place."""
    found = {
        id: replace(each, begun=True, status=OccurrenceStatus.HELD)
        if each.status in rules.TO_COME and each.day < today
        else each
        for id, each in stands.items()
    }
    changes = rules.changes(routine(words), calendar, today, list(found.values()))
    for each in changes.drop:
        found[each] = replace(found[each], status=OccurrenceStatus.CANCELLED, dropped=True)
    for each, day in [*changes.follow, *changes.together]:
        assert found[each].rule != words  # by the same calendar
        others = {one.day for one in found.values() if one.status in rules.TO_COME and one.id != each}
        if day >= today and day not in others:
            found[each] = replace(found[each], day=day)
        elif each in dict(changes.together):
            found[each] = replace(found[each], status=OccurrenceStatus.CANCELLED, dropped=True)
    found = {each.id: replace(each, rule=words) for each in found.values()}
    for each in changes.add:
        status = OccurrenceStatus.PLANNED if each.day else OccurrenceStatus.CANCELLED
        new = rules.Standing(
            f"{len(found)} {each.day}", each.planned_on, each.day or each.planned_on, status, begun=False,
            instead=False, chosen=False, dropped=False, rule=words,
        )  # fmt: skip
        found[new.id] = new
    return found, changes


@settings(deadline=None, max_examples=60)
@given(WORDS, calendars(), st.dates(date(2026, 7, 1), date(2027, 7, 1)), st.lists(st.integers(1, 90), max_size=8))
def test_planning_again_and_again_loses_and_doubles_nothing(
    words: str, calendar: Calendar, begins: date, gaps: list[int]
) -> None:
    """However seldom or often somebody looks."""
    stands: dict[str, rules.Standing] = {}
    today = begins
    for gap in [0, *gaps]:
        today += timedelta(days=gap)
        stands, changes = looked_at(stands, words, calendar, today)
        assert not changes.drop
        days = [each.planned_on for each in stands.values()]
        assert len(days) == len(set(days))
        assert {each.planned_on for each in rules.named(routine(words), calendar, today)} <= set(days)


@settings(deadline=None, max_examples=60)
@given(WORDS, WORDS, calendars(), st.dates(date(2026, 7, 1), date(2027, 7, 1)), st.integers(0, 30))
def test_a_routine_that_is_changed_names_its_new_days_and_no_old_ones(
    words: str, others: str, calendar: Calendar, begins: date, later: int
) -> None:
    stands, _ = looked_at({}, words, calendar, begins)
    today = begins + timedelta(days=later)
    changed, changes = looked_at(stands, others, calendar, today)
    until = today + rules.AHEAD + timedelta(days=31)  # what stands a little further on is named as well
    named = {each.planned_on for each in rules.named(routine(others), calendar, today, until)}
    to_come = [each for each in changed.values() if each.status in rules.TO_COME and not each.begun]
    assert {each.planned_on for each in to_come} <= named
    rule = recurrence.parse(others)
    if rules.keeps_one(rule):
        taken = [each for each in changed.values() if each.status in {*rules.TO_COME, OccurrenceStatus.HELD}]
        since = rule.period(today)[0]
        periods = [rule.period(each.planned_on) for each in taken if each.planned_on >= since]
        new = [rule.period(each.planned_on) for each in changes.add]
        assert all(periods.count(each) <= 1 for each in new)
    back, _ = looked_at(changed, words, calendar, today)
    assert {each.planned_on for each in back.values() if each.status in rules.TO_COME and not each.begun} <= {
        each.planned_on for each in rules.named(routine(words), calendar, today, until)
    }
    assert looked_at(back, words, calendar, today)[1] == rules.Changes((), ())


@settings(deadline=None, max_examples=60)
@given(WORDS, calendars(), st.dates(date(2026, 7, 1), date(2027, 7, 1)))
def test_each_time_that_a_rule_names_has_one_meeting_on_a_school_day_or_there_is_none_in_its_period(
    words: str, calendar: Calendar, today: date
) -> None:
    rule = recurrence.parse(words)
    found = list(rules.named(routine(words), calendar, today))
    assert len({each.planned_on for each in found}) == len(found)
    for each in found:
        first, last = rule.period(each.planned_on)
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        if each.day is None:
            assert not any(map(calendar.is_school_day, days))
            continue
        assert each.day in days
        assert calendar.is_message_day(each.day, urgent=isinstance(rule, recurrence.Listed))
        starts = calendar.at(each.day, START).astimezone(calendar.zone)
        assert (starts.date(), starts.time()) == (each.day, START)
        if calendar.is_message_day(each.planned_on):
            assert each.day == each.planned_on


@settings(deadline=None, max_examples=60)
@given(WORDS, calendars(), st.dates(date(2026, 7, 1), date(2027, 7, 1)), st.integers(5, 240))
def test_its_duties_come_in_their_order_and_whether_it_took_place_is_asked_until_it_is_known(
    words: str, calendar: Calendar, begins: date, minutes: int
) -> None:
    first = next(iter(rules.named(routine(words), calendar, begins)), None)
    assume(first is not None and first.day is not None)
    assert first is not None
    assert first.day is not None
    starts = calendar.at(first.day, START)
    status, invited, asks, asked_at = OccurrenceStatus.PLANNED, False, 0, None
    done: list[tuple[Duty, datetime]] = []
    now = calendar.at(begins, time(3, 30))
    for _ in range(7):
        due = rules.due(
            Facts(status, first.day, starts, minutes, invited, asks, asked_at), routine(words), calendar, None
        )
        if due is None:
            break
        now = max(now, due.at)
        done.append((due.duty, now))
        match due.duty:
            case Duty.PREPARE:
                status = OccurrenceStatus.PREPARED
            case Duty.INVITE:
                invited = True
            case Duty.ASK | Duty.CLIMB:
                asks, asked_at = asks + 1, now
    assert [duty for duty, _ in done] == [Duty.PREPARE, Duty.INVITE, *[Duty.ASK] * ASKS, *[Duty.CLIMB] * 3]
    assert [at for _, at in done] == sorted(at for _, at in done)
    for duty, at in done:
        if duty in {Duty.ASK, Duty.CLIMB}:
            assert at > starts
            assert calendar.is_school_day(calendar.today(at))
        elif at > calendar.at(begins, time(3, 30)):
            assert at <= starts


@settings(deadline=None, max_examples=80)
@given(WORDS, calendars(), st.dates(date(2026, 7, 1), date(2027, 7, 1)), st.integers(-40 * 24, 40 * 24), PEOPLE)
def test_what_is_moved_stays_in_its_week_or_month_on_an_open_day_of_which_all_hear_in_time(
    words: str, calendar: Calendar, day: date, hours: int, person: Person | None
) -> None:
    now = calendar.at(day, START) + timedelta(hours=hours)
    people = [person] if person else []
    earliest = rules.may_begin(people, calendar, now)
    to = rules.moved_to(routine(words), day, calendar, earliest)
    first, last = recurrence.parse(words).period(day)
    if calendar.is_message_day(day):
        assert to == day
        return
    span = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    fit = [each for each in span if calendar.is_school_day(each) and calendar.at(each, START) >= earliest]
    assert to == next((each for each in fit if each > day), max(fit, default=None))
    for each in people:
        if to:
            assert calendar.at(to, START) >= calendar.message_time(now, each) + rules.NOTICE
            assert calendar.at(to, START) >= calendar.digest_time(now, each)
