"""What the audit finds on the record itself: a history that somebody has changed, and promises that do not hold."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, text, update

from handlers import audit, followups, owners
from handlers.capture import Report, capture
from storage import models
from storage.case import Case
from storage.database import Database
from storage.models import table
from storage.sealing import Seal
from storage.store import Came, Store
from storage.vocabulary import (
    Authority,
    Door,
    EventId,
    Field,
    Kind,
    MessageKind,
    Outcome,
    PersonId,
    Scope,
    Status,
    Visibility,
)
from tests import builders
from tests.builders import NOW
from tests.storage.stores import HERE, KEY, TEACHER, message, put, two_districts, writing

challenges, words, messages = table(models.Challenge), table(models.Words), table(models.Message)
OWNER, DEPUTY = PersonId("materials"), PersonId("deputy")
LATER = NOW + timedelta(hours=1)


async def a_life(database: Database) -> Case:
    """Raised, taken and planned: one step of the owner's, one of somebody else's."""
    await two_districts(database)
    report = Report("The kits are missing.", affected="Six rooms", type="materials", scope=Scope.DISTRICT)
    async with writing(database) as store:
        case = await capture(store, TEACHER, report, NOW)
        store.record(case, Kind.TAKEN, by=OWNER, at=NOW, taken_at=NOW)
        steps = [
            owners.add_step(store, case, says, date(2026, 10, 20), who, OWNER, NOW)
            for says, who in (("Order the kits.", OWNER), ("Count the kits.", DEPUTY))
        ]
        store.record(
            case, Kind.PLANNED, by=OWNER, at=NOW, spoken=[said for _, said in steps], status=Status.PLANNED,
            data={"added": [label for label, _ in steps]},
        )  # fmt: skip
        followups.settle(store, NOW)
    return case


@asynccontextmanager
async def reading(database: Database, **changes: Any) -> AsyncIterator[Store]:
    async with database.district(HERE, write=False) as connection:
        directory = builders.district(district_id=HERE, **changes)
        yield Store(connection, directory, KEY, None, Came(Door.OPERATOR), Seal([Seal.new_key()]))


async def history(database: Database, since: audit.Mark = audit.BEGINNING) -> tuple[list[str], audit.Mark]:
    async with reading(database) as store:
        found, mark = await audit.check_history(store, since)
    return [each.says for each in found], mark


async def promises(database: Database, *, at: Any = NOW, **changes: Any) -> list[tuple[str, str]]:
    async with reading(database, **changes) as store:
        return [(each.promise, each.says) async for each in audit.check(store, at, heart_fresh=True)]


async def behind_its_back(database: Database, *statements: Any) -> None:
    """What somebody with the database in their hands can do."""
    async with database.district(HERE) as connection:
        for name in ("event", "words"):
            if database.is_sqlite:
                found = text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :name")
                for (trigger,) in (await connection.execute(found, {"name": name})).all():
                    await connection.execute(text(f'DROP TRIGGER "{trigger}"'))
            else:
                await connection.execute(text(f"ALTER TABLE {name} DISABLE TRIGGER USER"))
        for each in statements:
            await connection.execute(each)


async def test_a_history_that_nobody_touched_is_whole(database: Database) -> None:
    case = await a_life(database)
    found, mark = await history(database)
    assert found == []
    async with writing(database) as store:
        again = await store.case(case.id)
        store.record(again, Kind.NOTED, by=TEACHER, at=NOW, said={Field.NOTE: "Any news?"})
    assert await history(database, mark) == ([], (mark[0] + 1, (await history(database))[1][1]))


STEP = words.c.field == Field.STEP


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        pytest.param(update(words).where(words.c.field == Field.WHAT).values(text="All is well."), "the words of line 1 are not what was said", id="words rewritten"),
        pytest.param(update(words).where(STEP, words.c.text == "Count the kits.").values(text="None."), "the words of line 4 are not what was said", id="a step rewritten"),
        pytest.param(update(words).where(words.c.field == Field.WHAT).values(author_id="elsewhere"), "the words of line 1 are not what was said", id="said by somebody else"),
        pytest.param(delete(words).where(STEP, words.c.text == "Count the kits."), "the words of line 4 are not what was said", id="words taken away"),
        pytest.param(update(words).where(words.c.field == Field.AFFECTED).values(text=None, redacted_at=NOW), "words (1) were taken out, and no recorded act says so", id="words taken out by no act"),
        pytest.param(update(challenges).values(status=Status.CLOSED), "its status was changed without a line of history", id="closed"),
        pytest.param(update(challenges).values(outcome=Outcome.CONFIRMED), "its outcome was changed without a line of history", id="confirmed"),
        pytest.param(update(challenges).values(owner_id="elsewhere", authority=Authority.NAMED), "its owner_id, authority was changed without a line of history", id="another owner"),
        pytest.param(update(challenges).values(visibility=Visibility.RESTRICTED), "its visibility was changed without a line of history", id="hidden"),
    ],
)  # fmt: skip
async def test_what_was_changed_behind_its_back_is_named(database: Database, statement: Any, says: str) -> None:
    await a_life(database)
    await behind_its_back(database, statement)
    assert (await history(database))[0] == [says]


async def test_a_change_that_was_built_upon_since_is_named_by_its_line(database: Database) -> None:
    case = await a_life(database)
    await behind_its_back(database, update(challenges).values(status=Status.IN_PROGRESS))
    async with writing(database) as store:
        again = await store.case(case.id)
        store.record(again, Kind.RESOLVED, by=OWNER, at=NOW, status=Status.RESOLVED)
    assert (await history(database))[0] == [
        "line 5 begins with status in_progress, and the lines before it end with planned"
    ]


async def test_words_that_were_taken_out_by_a_recorded_act_are_no_breach(database: Database) -> None:
    case = await a_life(database)
    gone = next(each for each in case.words if each.field is Field.AFFECTED)
    async with writing(database) as store:
        redact = update(words).where(words.c.district_id == HERE, words.c.id == gone.id)
        await store.connection.execute(redact.values(text=None, redacted_at=NOW))
        store.record(await store.case(case.id), Kind.REDACTED, by=TEACHER, at=NOW, data={"redacted": [gone.id]})
    assert (await history(database))[0] == []


# ------------------------------------------------------------------------------------------------------- the promises


async def test_a_step_of_somebody_who_has_left_is_named_and_goes_to_who_leads(database: Database) -> None:
    case = await a_life(database)
    people = [replace(each, left_on=date(2026, 10, 9)) if each.id == DEPUTY else each for each in builders.PEOPLE]
    assert await promises(database) == []
    found = await promises(database, people=people)
    assert found == [("owned", "a step is with somebody (deputy) who is not active in the district")]

    async with writing(database) as store:
        store.directory = builders.district(people, district_id=HERE)
        breach = audit.Breach(HERE, "owned", case.number, "", case.id)
        await audit.mend(store, breach, NOW)
        followups.settle(store, NOW)
    async with reading(database) as store:
        again = await store.case(case.id)
        last = (await store.history(case.id))[-1]
    assert again is not None
    assert [each.owner_id for each in again.open_steps] == [OWNER, OWNER]
    assert (last.kind, last.data["to"]) == (Kind.STEPS_MOVED, OWNER)
    assert [change["owner_id"] for label, change in last.data["changes"].items() if "step" in label] == [
        [DEPUTY, OWNER]
    ]
    assert await promises(database, people=people) == []


@pytest.mark.parametrize(
    ("send_at", "leased_for", "late"),
    [
        pytest.param(NOW, None, True, id="nobody has it in hand"),
        pytest.param(NOW, timedelta(minutes=-30), True, id="whoever had it in hand has died"),
        pytest.param(NOW, timedelta(minutes=3), False, id="somebody has it in hand"),
        pytest.param(LATER - timedelta(minutes=9), None, False, id="due a moment ago"),
        pytest.param(LATER + timedelta(hours=1), None, False, id="to be tried again later"),
    ],
)
async def test_a_message_that_nobody_sends_is_a_broken_promise(
    database: Database, send_at: Any, leased_for: timedelta | None, late: bool
) -> None:
    await two_districts(database)
    held = None if leased_for is None else LATER + leased_for
    async with database.district(HERE) as connection:
        await put(connection, message(send_at=send_at, district_id=HERE, leased_until=held))
    found = await promises(database, at=LATER)
    assert [promise for promise, _ in found] == (["answered"] if late else [])
    async with reading(database) as store:
        assert not [each async for each in audit.check(store, LATER, heart_fresh=False)]


async def test_what_cannot_be_mended_is_told_once_a_day_whoever_finds_it(database: Database) -> None:
    case = await a_life(database)
    breach = audit.Breach(HERE, "late", case.number, "its timer has been overdue since then", case.id)
    other = audit.Breach(HERE, "history", None, "the chain of events breaks at line 2")
    for at in (NOW, NOW + timedelta(hours=3), NOW + timedelta(hours=23)):
        async with writing(database) as store:
            for each in (breach, other):
                with pytest.raises(audit.NotMendedError):
                    await audit.mend(store, each, at)
                await audit.report(store, each, at)
            followups.settle(store, at)
    async with database.district(HERE) as connection:
        told = (await connection.execute(messages.select().where(messages.c.kind == MessageKind.BREACH))).all()
    assert sorted((each.person_id, each.challenge_id is None) for each in told) == [
        ("coordinator", False), ("coordinator", False), ("coordinator", True), ("coordinator", True),
    ]  # fmt: skip
    assert len({EventId(each.event_id) for each in told}) == 4


async def test_a_timer_that_was_put_off_behind_its_back_is_named_and_set_right(database: Database) -> None:
    case = await a_life(database)
    assert await promises(database) == []
    async with database.district(HERE) as connection:
        of = table(models.Timer)
        await connection.execute(
            update(of).where(of.c.about == case.id).values(due_at=datetime(2099, 1, 1, tzinfo=UTC))
        )
    [(promise, says)] = await promises(database)
    assert (promise, says) == (
        "dated",
        "its timer is at 2099-01-01T00:00+00:00, which is not when it is to be looked at",
    )
    async with writing(database) as store:
        await audit.mend(store, audit.Breach(HERE, "dated", case.number, "", case.id), NOW)
        followups.settle(store, NOW)
    assert await promises(database) == []


async def test_a_silence_that_was_decided_before_every_ask_is_named(database: Database) -> None:
    case = await a_life(database)
    closed = {"status": Status.CLOSED, "outcome": Outcome.NOT_CONFIRMED, "closed_at": NOW}
    async with database.district(HERE) as connection:
        await connection.execute(update(challenges).where(challenges.c.id == case.id).values(**closed))
    says = "closed as not confirmed, but a silent reporter has not had every ask"
    assert [each for each in await promises(database) if each[0] == "confirmed"] == [("confirmed", says)]
    async with database.district(HERE) as connection:
        of = table(models.Reporter)
        await connection.execute(update(of).where(of.c.challenge_id == case.id).values(colleague_asked_at=NOW))
    assert [each for each in await promises(database) if each[0] == "confirmed"] == []
