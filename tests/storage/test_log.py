"""Lists of the log: what they find, what they never show, and what they cost, on both databases."""

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from handlers.rules import access
from handlers.rules.access import Action, sight
from handlers.rules.asking import STATES, Question
from storage import log
from storage.case import Case
from storage.database import Database
from storage.directory import Directory
from storage.models import Words
from storage.vocabulary import (
    DistrictId,
    Field,
    Outcome,
    PersonId,
    ProcessId,
    Status,
    Visibility,
    WordsId,
    new_id,
)
from tests.builders import DISTRICT, MAPLE, NOW, OAK, PEOPLE, TODAY, away, case, district, save_case, save_district

DIRECTORY = district()
ZONE = ZoneInfo(DIRECTORY.timezone)
ALL = Question(states=frozenset(Status))
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[AsyncConnection]:
    async with database.district(DISTRICT) as connection:
        await save_district(connection, DIRECTORY)
        yield connection


async def numbers(
    connection: AsyncConnection, question: Question, person: str = "coordinator", directory: Directory = DIRECTORY
) -> list[int]:
    return [line.number for line in (await found(connection, question, person, directory)).lines]


async def found(
    connection: AsyncConnection,
    question: Question,
    person: str = "coordinator",
    directory: Directory = DIRECTORY,
    **paging: Any,
) -> log.Found:
    seen = sight(directory.person(PersonId(person)), directory, TODAY)
    paging = {"limit": 500} | paging
    return await log.find(connection, DISTRICT, question, seen, today=TODAY, zone=ZONE, **paging)


# ----------------------------------------------------------------------------------------------------------- questions


async def test_a_line_says_what_a_list_needs(connection: AsyncConnection) -> None:
    built = case(
        "First words",
        number=7,
        status=Status.CLOSED,
        outcome=Outcome.CONFIRMED,
        type="time",
        decide_by=TOMORROW,
        next_at=NOW,
    )
    later = Words(
        district_id=DISTRICT,
        challenge_id=built.id,
        id=WordsId(new_id()),
        field=Field.WHAT,
        said_at=NOW + timedelta(hours=1),
        text="Later words\nthat stand",
    )
    built.words.append(later)
    await save_case(connection, built)

    (line,) = (await found(connection, ALL)).lines

    assert line.number == 7
    assert line.title == "Later words that stand"
    assert (line.status, line.outcome, line.type) == (Status.CLOSED, Outcome.CONFIRMED, "time")
    assert (line.school_id, line.owner_id, line.visibility) == (MAPLE, "coordinator", Visibility.OPEN)
    assert (line.reported_at, line.next_at, line.decide_by) == (NOW, NOW, TOMORROW)


async def test_redacted_words_leave_an_empty_title(connection: AsyncConnection) -> None:
    built = case()
    built.words[0].text = None
    await save_case(connection, built)

    assert (await found(connection, ALL)).lines[0].title == ""


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        pytest.param({}, "abcdefgh", id="open by default"),
        pytest.param({"states": STATES["closed"]}, "i", id="closed"),
        pytest.param({"states": STATES["resolved"]}, "h", id="resolved"),
        pytest.param({"states": STATES["all"]}, "abcdefghi", id="all"),
        pytest.param({"states": frozenset()}, "", id="no state at all"),
        pytest.param({"owned_by_me": True}, "abcdefgh", id="mine"),
        pytest.param({"owner_id": PersonId("materials"), "states": STATES["all"]}, "i", id="owner"),
        pytest.param({"reported_by_me": True}, "b", id="reported by me"),
        pytest.param({"type": "time"}, "a", id="type"),
        pytest.param({"school_id": OAK}, "c", id="school"),
        pytest.param({"overdue": True}, "def", id="overdue"),
        pytest.param({"waiting": True}, "fgh", id="waiting"),
        pytest.param({"new": True}, "abcd", id="new"),
        pytest.param({"older_than_days": 30}, "a", id="older"),
        pytest.param({"older_than_days": 29, "type": "funding"}, "", id="older, and of another type"),
        pytest.param({"since": TODAY}, "bcdefgh", id="since"),
        pytest.param({"text": "SCREENER"}, "ab", id="text"),
        pytest.param({"text": "100%"}, "c", id="text with a percent sign"),
        pytest.param({"text": "1_0"}, "", id="an underscore is no wildcard"),
        pytest.param({"text": "binders"}, "e", id="text of a step"),
        pytest.param({"text": "no such words"}, "", id="text that is nowhere"),
    ],
)
async def test_what_a_question_finds(connection: AsyncConnection, asked: dict[str, Any], kept: str) -> None:
    cases = {
        "a": case("Nobody can score the screener", type="time", reported_at=NOW - timedelta(days=31)),
        "b": case("No kits", reporters=["coordinator"], said=[(Field.NOTE, "The screener too")]),
        "c": case("The roof: 100% wet", school_id=OAK, status=Status.ASSIGNED),
        "d": case("Undecided", status=Status.WITH_SCHOOL, decide_by=YESTERDAY),
        "e": case("A late step", taken_at=NOW, status=Status.PLANNED, steps=[("Buy binders", "deputy", YESTERDAY)]),
        "f": case("Look again", status=Status.DECLINED, review_on=YESTERDAY),
        "g": case("Asked, so its clock stands", status=Status.UNDERSTOOD, asked_at=NOW, decide_by=YESTERDAY),
        "h": case(
            "Ask them", status=Status.AWAITING_CONFIRMATION, decide_by=YESTERDAY, steps=[("x", "deputy", YESTERDAY)]
        ),
        "i": case(
            "Done",
            status=Status.CLOSED,
            owner_id=PersonId("materials"),
            reported_at=NOW - timedelta(days=3),
            decide_by=YESTERDAY,
        ),
    }
    await save_case(connection, *cases.values())

    shown = await numbers(connection, replace(Question(), **asked))

    assert "".join(sorted(name for name, each in cases.items() if each.number in shown)) == kept


async def test_what_is_due_today_or_done_in_time_is_not_overdue(connection: AsyncConnection) -> None:
    done = case(status=Status.PLANNED, steps=[("x", "deputy", YESTERDAY)])
    done.steps[0].done_at = NOW
    await save_case(
        connection,
        done,
        case(status=Status.ASSIGNED, decide_by=TODAY),
        case(status=Status.UNDERSTOOD, decide_by=YESTERDAY, understood_at=NOW),
        case(status=Status.IN_PROGRESS, review_on=TOMORROW, steps=[("x", "deputy", YESTERDAY)]),
    )

    assert await numbers(connection, Question(overdue=True)) == []


async def test_days_are_those_of_the_district(connection: AsyncConnection) -> None:
    late_evening = datetime(2026, 10, 2, 3, 30, tzinfo=UTC)  # still October 1 in Detroit
    await save_case(connection, case(reported_at=late_evening))

    assert len(await numbers(connection, Question(since=date(2026, 10, 1)))) == 1
    assert len(await numbers(connection, Question(since=date(2026, 10, 2)))) == 0


async def test_another_district_is_never_shown(database: Database) -> None:
    other = replace(DIRECTORY, district_id=DistrictId("elsewhere"), versions={})
    theirs = case("screener", number=1, district_id=other.district_id, process_id=ProcessId("theirs"))
    async with database.district(other.district_id) as connection:
        await save_district(connection, replace(other, versions={ProcessId("theirs"): DIRECTORY.in_force}))
        await connection.execute(text("UPDATE process SET id = 'theirs' WHERE district_id = 'elsewhere'"))
        await save_case(connection, theirs)
    async with database.district(DISTRICT) as connection:
        await save_district(connection, DIRECTORY)
        await save_case(connection, case("ours", number=1))

        assert [line.title for line in (await found(connection, ALL)).lines] == ["ours"]
        assert await numbers(connection, replace(ALL, text="screener")) == []
        assert [each.case.title async for each in log.entries(connection, DISTRICT, restricted_too=True)] == ["ours"]


# --------------------------------------------------------------------------------------------------------------- sight


def anything(chance: random.Random) -> Case:
    """A challenge in any state, with any people."""
    somebody = [each.id for each in PEOPLE]

    def some(most: int) -> list[str]:
        return chance.sample(somebody, chance.randint(0, most))

    reporters = some(2)
    built = case(
        "Secret words",
        reporters=reporters,
        confidential=reporters[:1],
        helpers=some(2),
        steps=[("Do it", each, TODAY) for each in some(2)],
        owner_id=chance.choice(somebody),
        status=chance.choice(list(Status)),
        school_id=chance.choice([None, MAPLE, OAK]),
        visibility=chance.choice(list(Visibility)),
        conduct_of_id=chance.choice([None, None, *somebody]),
    )
    for each in built.reporters:
        each.colleague_id = chance.choice([None, *somebody])
    return built


async def test_lists_show_exactly_what_may_be_seen(connection: AsyncConnection) -> None:
    chance = random.Random(7)
    cases = [anything(chance) for _ in range(250)]
    await save_case(connection, *cases)
    directories = [
        DIRECTORY,
        district(absences=[away("coordinator", delegate="deputy")]),
        district(absences=[away("coordinator"), away("liaison")]),
        district(people=[replace(each, left_on=YESTERDAY) if each.id == "coordinator" else each for each in PEOPLE]),
    ]
    for directory in directories:
        for person in directory.people.values():
            may_see = [
                each.number for each in cases if access.may(person, Action.SEE, access.facts(each), directory, TODAY)
            ]

            shown = await numbers(connection, ALL, person.id, directory)
            searched = await numbers(connection, replace(ALL, text="secret"), person.id, directory)

            assert sorted(shown) == sorted(searched) == sorted(may_see), person


# ---------------------------------------------------------------------------------------------------------------- cost


async def test_pages_are_newest_first_and_counted_up_to_a_bound(connection: AsyncConnection) -> None:
    states = [Status.REPORTED, Status.ASSIGNED, Status.CLOSED]
    await save_case(connection, *(case(number=n, status=states[n % 3]) for n in range(1, 226)))

    first = await found(connection, ALL, limit=10)
    middle = await found(connection, ALL, limit=10, offset=210)
    last = await found(connection, ALL, limit=10, offset=220)
    beyond = await found(connection, ALL, limit=10, offset=300)

    assert [line.number for line in first.lines] == list(range(225, 215, -1))
    assert (first.total, first.more) == (log.COUNTED, True)
    assert [line.number for line in middle.lines] == list(range(15, 5, -1))
    assert [line.number for line in last.lines] == [5, 4, 3, 2, 1]
    assert (last.total, last.more) == (225, False)
    assert (beyond.lines, beyond.more) == ((), False)


async def test_a_list_is_one_query_however_long_it_is(connection: AsyncConnection) -> None:
    await save_case(connection, *(case(steps=[("x", "deputy", TODAY)]) for _ in range(30)))
    statements: list[str] = []
    event.listen(connection.sync_connection, "before_cursor_execute", lambda *given: statements.append(given[2]))

    await found(connection, Question(overdue=True, text="copier"), "teacher")

    assert len(statements) == 1


async def test_a_list_walks_along_the_index_of_each_status(connection: AsyncConnection) -> None:
    statements: list[tuple[str, Any]] = []
    event.listen(
        connection.sync_connection, "before_cursor_execute", lambda *given: statements.append((given[2], given[3]))
    )
    await found(connection, Question())
    statement, values = statements[0]

    if connection.dialect.name == "sqlite":
        explain = "EXPLAIN QUERY PLAN"
    else:  # a table this small would be read whole
        explain = "EXPLAIN"
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        await connection.execute(text("SET LOCAL enable_bitmapscan = off"))
    plan = "\n".join(str(row[-1]) for row in await connection.exec_driver_sql(f"{explain} {statement}", values))

    assert plan.count("ix_challenge_list") == len(Question().states)


async def test_an_export_reads_batches_and_leaves_restricted_ones_out(connection: AsyncConnection) -> None:
    await save_case(
        connection, *(case(number=n) for n in range(1, 8)), case(number=8, visibility=Visibility.RESTRICTED)
    )

    open_ones = [each.case.number async for each in log.entries(connection, DISTRICT, restricted_too=False, at_once=3)]
    every_one = [each.case.number async for each in log.entries(connection, DISTRICT, restricted_too=True, at_once=3)]

    assert open_ones == [1, 2, 3, 4, 5, 6, 7]
    assert every_one == [1, 2, 3, 4, 5, 6, 7, 8]
    assert await log.count_restricted(connection, DISTRICT) == 1
