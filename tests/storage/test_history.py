"""A history that can only grow, and a chain that shows where somebody changed it all the same."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import ledger, models
from storage.database import Database
from storage.models import table
from storage.vocabulary import ChallengeId, Field, Kind, Platform, Status, TimerKind
from tests import builders
from tests.storage.stores import HERE, KEY, NOW, TEACHER, THERE, put, two_districts, writing

events = table(models.Event)
words = table(models.Words)


async def a_history(database: Database) -> ChallengeId:
    """Three events in one district, and one in the other."""
    await two_districts(database)
    built = builders.case(district_id=HERE)
    async with database.district(HERE) as connection:
        await builders.save_case(connection, built)
    for kind in (Kind.REPORTED, Kind.ASSIGNED, Kind.NOTED):
        async with writing(database) as store:
            case = await store.case(built.id)
            store.record(case, kind, by=TEACHER, at=NOW, said={Field.NOTE: f"A note on {kind}."})
    async with writing(database, THERE) as store:
        store.record(None, Kind.IMPORTED, by=None, at=NOW)
    return built.id


async def read(connection: AsyncConnection) -> list[models.Event]:
    rows = await connection.execute(select(events).where(events.c.district_id == HERE).order_by(events.c.seq))
    return [models.Event(**row._mapping) for row in rows]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(update(events).values(actor_id="elsewhere"), id="an event is not changed"),
        pytest.param(delete(events), id="an event is not removed"),
        pytest.param(delete(words), id="words are not removed"),
        pytest.param(update(words).values(text="Something else."), id="words are not rewritten"),
        pytest.param(update(words).values(text=None), id="words do not go without a date"),
        pytest.param(
            update(words).values(text=None, redacted_at=NOW, author_id="elsewhere"),
            id="redacting changes nothing else",
        ),
        pytest.param(update(words).values(redacted_at=NOW), id="redacted words are gone"),
    ],
)
async def test_the_history_only_grows(database: Database, change: object) -> None:
    await a_history(database)
    with pytest.raises(IntegrityError, match="only grows"):
        async with database.district(HERE) as connection:
            await connection.execute(change)  # type: ignore[call-overload]


async def test_the_tables_of_the_history_are_not_emptied(database: Database) -> None:
    if database.is_sqlite:
        return  # knows no TRUNCATE
    for name in ("event", "words"):
        with pytest.raises(IntegrityError, match="only grows"):
            async with database.engine.begin() as connection:
                await connection.execute(text(f"TRUNCATE {name}"))


async def test_words_are_redacted_once_and_the_chain_holds(database: Database) -> None:
    await a_history(database)
    redact = update(words).values(text=None, redacted_at=NOW)
    async with database.district(HERE) as connection:
        await connection.execute(redact.where(words.c.district_id == HERE))
        history = await read(connection)

    assert ledger.first_break(KEY, "", history) is None
    with pytest.raises(IntegrityError, match="only grows"):
        async with database.district(HERE) as connection:
            await connection.execute(update(words).values(text=None, redacted_at=NOW + timedelta(days=1)))


async def test_what_is_recorded_is_numbered_and_chained(database: Database) -> None:
    challenge_id = await a_history(database)
    async with writing(database) as store:
        case = await store.case(challenge_id)
        assert case
        store.record(case, Kind.RESOLVED, by=TEACHER, at=NOW, status=Status.RESOLVED)
    async with database.district(HERE) as connection:
        history = await read(connection)
        head = (await connection.execute(select(table(models.Ledger)))).first()

    assert [each.seq for each in history] == [1, 2, 3, 4]
    assert history[-1].data["changes"] == {"challenge": {"status": ["reported", "resolved"]}}
    assert head is not None
    assert (head.seq, head.head) == (4, history[-1].digest)
    assert ledger.first_break(KEY, "", history) is None
    assert ledger.first_break(b"another key", "", history) is history[0]


async def test_a_changed_byte_is_named(database: Database) -> None:
    await a_history(database)
    off = "DROP TRIGGER event_not_changed" if database.is_sqlite else "ALTER TABLE event DISABLE TRIGGER only_grows"
    async with database.district(HERE) as connection:
        await connection.execute(text(off))
        await connection.execute(update(events).where(events.c.seq == 2).values(actor_id="teachet"))
        broken = ledger.first_break(KEY, "", await read(connection))

    assert broken is not None
    assert broken.seq == 2


async def test_an_event_that_was_taken_out_is_noticed(database: Database) -> None:
    await a_history(database)
    off = "DROP TRIGGER event_not_removed" if database.is_sqlite else "ALTER TABLE event DISABLE TRIGGER only_grows"
    async with database.district(HERE) as connection:
        await connection.execute(text(off))
        await connection.execute(delete(events).where(events.c.district_id == HERE, events.c.seq == 2))
        broken = ledger.first_break(KEY, "", await read(connection))

    assert broken is not None
    assert broken.seq == 3


async def test_a_recorded_change_makes_the_posted_cards_stale_and_sets_the_timer(database: Database) -> None:
    challenge_id = await a_history(database)
    card = models.PostedCard(
        district_id=HERE,
        message_id="m",
        person_id=TEACHER,
        challenge_id=challenge_id,
        platform=Platform.SLACK,
        workspace_id="T1",
        conversation_id="D1",
        post_id="1.0",
        posted_at=NOW,
    )
    async with database.district(HERE) as connection:
        await put(connection, card)
    async with writing(database) as store:
        store.record(await store.case(challenge_id), Kind.NOTED, by=TEACHER, at=NOW)
        store.set_timer(TimerKind.FOLLOW_UP, challenge_id, NOW + timedelta(days=1))

    async with database.district(HERE) as connection:
        assert await connection.scalar(select(table(models.PostedCard).c.stale_at)) == NOW
        assert await connection.scalar(select(table(models.Timer).c.due_at)) == NOW + timedelta(days=1)
