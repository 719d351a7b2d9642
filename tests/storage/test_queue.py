"""Claiming and marking: one claimer for each row, fair across districts, and no mark without the lease."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models, queue
from storage.database import Database
from storage.models import table
from storage.queue import LEASE, ClaimedCard, ClaimedMessage, ClaimedTimer, Posted, Sent
from storage.vocabulary import ChallengeId, DistrictId, Kind, Lane, MessageState, PersonId, Platform, TimerKind
from tests import builders
from tests.storage.stores import HERE, NOW, TEACHER, THERE, message, only, put, timer, two_districts, writing

MINUTE = timedelta(minutes=1)
PLACE = Posted("T1", "D1", "17.4", shown=3)
COLLEAGUE = PersonId("colleague")


@pytest.fixture
async def database(database: Database) -> Database:
    await two_districts(database)
    return database


async def plan(database: Database, *rows: models.Timer | models.Message | models.PostedCard) -> None:
    async with database.queue() as connection:
        await put(connection, *rows)


async def claim_timers(database: Database, now: datetime = NOW, limit: int = 10) -> list[ClaimedTimer]:
    async with database.queue() as connection:
        return await queue.claim_timers(connection, now, limit)


async def claim_messages(database: Database, now: datetime = NOW, limit: int = 10) -> list[ClaimedMessage]:
    async with database.queue() as connection:
        return await queue.claim_messages(connection, now, limit)


async def claim_stale(database: Database, now: datetime = NOW, limit: int = 10) -> list[ClaimedCard]:
    async with database.queue() as connection:
        return await queue.claim_stale(connection, now, limit)


async def mark_sent(connection: AsyncConnection, card: Sequence[ClaimedMessage]) -> bool:
    [ours] = await queue.mark_sent(connection, [Sent(card, Platform.SLACK, PLACE, NOW)], NOW)
    return ours


async def row(database: Database, model: type[Any], row_id: str) -> Any:
    async with database.queue(write=False) as connection:
        return await only(connection, model, row_id)


async def next_due(database: Database) -> datetime | None:
    async with database.queue(write=False) as connection:
        return await queue.next_due(connection)


# -- timers ----------------------------------------------------------------------------------------------------------


async def test_what_is_due_is_claimed_and_the_rest_is_left(database: Database) -> None:
    await plan(database, timer("late", due_at=NOW - MINUTE), timer("now"), timer("early", due_at=NOW + MINUTE))

    claimed = await claim_timers(database)

    assert [(each.about, each.attempts, each.leased_until) for each in claimed] == [
        ("late", 1, NOW + LEASE),
        ("now", 1, NOW + LEASE),
    ]
    assert claimed[0].kind is TimerKind.FOLLOW_UP


async def test_a_storm_in_one_district_does_not_starve_another(database: Database) -> None:
    storm = [timer(due_at=NOW - timedelta(hours=1)) for _ in range(30)]
    await plan(database, *storm, timer(district_id=THERE), timer(district_id=THERE))

    claimed = await claim_timers(database, limit=6)

    assert Counter(each.district_id for each in claimed) == {HERE: 4, THERE: 2}


async def test_of_one_district_no_more_are_claimed_than_its_part_even_when_nothing_else_is_due(
    database: Database,
) -> None:
    await plan(database, *(message() for _ in range(5)), message(district_id=THERE))

    async with database.queue() as connection:
        claimed = await queue.claim_messages(connection, NOW, 10, 3)

    assert Counter(each.district_id for each in claimed) == {HERE: 3, THERE: 1}


async def test_two_claimers_at_once_never_get_the_same_row(database: Database) -> None:
    await plan(database, *(timer(district_id=each) for each in (HERE, THERE) for _ in range(20)))

    batches = await asyncio.gather(*(claim_timers(database, limit=15) for _ in range(4)))
    rest = await claim_timers(database, limit=100)

    got = [each.id for batch in (*batches, rest) for each in batch]
    assert len(got) == len(set(got)) == 40


async def test_while_one_claims_another_neither_waits_nor_gets_the_same(database: Database) -> None:
    if database.is_sqlite:
        return  # one writer at a time
    await plan(database, *(timer() for _ in range(10)))
    async with database.queue() as first, database.queue() as second:
        mine = await queue.claim_timers(first, NOW, 4)
        theirs = await queue.claim_timers(second, NOW, 4)

    assert len(mine) == len(theirs) == 4
    assert not {each.id for each in mine} & {each.id for each in theirs}


async def test_what_a_crashed_process_held_comes_back_when_the_lease_ends(database: Database) -> None:
    await plan(database, timer())
    [lost] = await claim_timers(database)

    early = await claim_timers(database, NOW + LEASE - MINUTE)
    [again] = await claim_timers(database, NOW + LEASE)

    assert early == []
    assert (again.id, again.attempts) == (lost.id, 2)


async def test_who_has_lost_the_lease_can_mark_nothing(database: Database) -> None:
    await plan(database, timer())
    [lost] = await claim_timers(database)
    [ours] = await claim_timers(database, NOW + LEASE)

    async with database.queue() as connection:
        assert await queue.still_ours(connection, [lost, ours]) == [ours]
        assert not await queue.postpone_timer(connection, lost, NOW + timedelta(days=1))
        assert await queue.still_ours(connection, []) == []


async def test_a_handler_that_moves_its_timer_ends_the_lease(database: Database) -> None:
    await plan(database, timer("it"))
    [claimed] = await claim_timers(database)
    async with writing(database) as store:
        assert await queue.still_ours(store.connection, [claimed]) == [claimed]
        store.set_timer(TimerKind.FOLLOW_UP, "it", NOW + timedelta(days=1))

    async with database.queue() as connection:
        assert await queue.still_ours(connection, [claimed]) == []
    assert await next_due(database) == NOW + timedelta(days=1)


async def test_a_timer_that_failed_waits_and_keeps_its_date(database: Database) -> None:
    await plan(database, timer())
    [claimed] = await claim_timers(database)
    async with database.queue() as connection:
        assert await queue.postpone_timer(connection, claimed, NOW + MINUTE)

    assert await next_due(database) == NOW + MINUTE
    assert await claim_timers(database) == []
    [again] = await claim_timers(database, NOW + MINUTE)
    assert (again.due_at, again.attempts) == (NOW, 2)


# -- what comes next -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "due"),
    [
        pytest.param([], None, id="nothing is planned"),
        pytest.param([timer(due_at=NOW + MINUTE)], NOW + MINUTE, id="a timer"),
        pytest.param([timer(due_at=NOW + MINUTE), message()], NOW, id="a message before a timer"),
        pytest.param([message(state=MessageState.SENT)], None, id="what was sent is over"),
        pytest.param([timer(leased_until=NOW + LEASE)], NOW + LEASE, id="the end of a lease"),
        pytest.param([timer(leased_until=NOW + LEASE), timer(due_at=NOW + MINUTE)], NOW + MINUTE, id="before it"),
        pytest.param(
            [message(leased_until=NOW + MINUTE), message(send_at=NOW + LEASE)], NOW + MINUTE, id="a lease ends before"
        ),
        pytest.param([message(leased_until=NOW - MINUTE)], NOW, id="a lease that has run out"),
        pytest.param(
            [timer(due_at=NOW + LEASE), timer(due_at=NOW + MINUTE, district_id=THERE)],
            NOW + MINUTE,
            id="in any district",
        ),
    ],
)
async def test_what_falls_due_next(database: Database, rows: Sequence[Any], due: datetime | None) -> None:
    await plan(database, *rows)

    assert await next_due(database) == due


# -- outbox ----------------------------------------------------------------------------------------------------------


async def test_answers_to_ones_own_act_and_urgent_ones_go_first(database: Database) -> None:
    late = NOW - timedelta(hours=1)
    await plan(database, *(message(lane=Lane.SINGLE, send_at=late) for _ in range(5)))
    await plan(database, message(lane=Lane.URGENT), message(lane=Lane.OWN_ACT))

    claimed = await claim_messages(database, limit=2)

    assert {each.lane for each in claimed} == {Lane.OWN_ACT, Lane.URGENT}


@pytest.mark.parametrize("lane", Lane)
async def test_no_lane_is_forgotten(database: Database, lane: Lane) -> None:
    await plan(database, message(lane=lane))

    assert len(await claim_messages(database)) == 1


async def test_a_digest_is_claimed_whole_even_past_the_limit(database: Database) -> None:
    await plan(database, *(message(lane=Lane.DIGEST) for _ in range(7)), message(COLLEAGUE, Lane.DIGEST))
    await plan(database, message(lane=Lane.DIGEST, send_at=NOW + MINUTE), message(lane=Lane.DIGEST, district_id=THERE))

    claimed = await claim_messages(database, limit=3)

    assert Counter((each.district_id, each.person_id) for each in claimed) == {
        (HERE, TEACHER): 7,
        (HERE, COLLEAGUE): 1,
        (THERE, TEACHER): 1,
    }


async def test_two_claimers_at_once_never_split_a_digest(database: Database) -> None:
    people = [TEACHER, COLLEAGUE, PersonId("coach"), PersonId("principal")]
    await plan(database, *(message(each, Lane.DIGEST) for _ in range(5) for each in people))

    batches = await asyncio.gather(*(claim_messages(database, limit=2) for _ in range(3)))

    whole = [Counter(each.person_id for each in batch) for batch in batches]
    assert all(count == 5 for batch in whole for count in batch.values())
    assert sum(len(batch) for batch in whole) == len({person for batch in whole for person in batch})


async def test_a_sent_message_is_ended_delivered_and_has_a_place(database: Database) -> None:
    await plan(database, message(challenge_id=ChallengeId("c1")))
    [claimed] = await claim_messages(database)
    async with database.queue() as connection:
        assert await mark_sent(connection, [claimed])

    sent = await row(database, models.Message, claimed.id)
    assert (sent.state, sent.ended_at, sent.leased_until) == (MessageState.SENT, NOW, None)
    async with database.queue() as connection:
        delivery = (await connection.execute(select(table(models.Delivery)))).one()
        card = (await connection.execute(select(table(models.PostedCard)))).one()
    assert (delivery.message_id, delivery.platform, delivery.outcome) == (claimed.id, Platform.SLACK, "sent")
    assert (card.message_id, card.post_id, card.shown, card.challenge_id) == (claimed.id, "17.4", 3, "c1")


async def test_a_digest_has_one_card_about_no_single_challenge(database: Database) -> None:
    await plan(database, *(message(lane=Lane.DIGEST, challenge_id=ChallengeId(each)) for each in "ab"))
    claimed = await claim_messages(database)
    async with database.queue() as connection:
        assert await mark_sent(connection, claimed)
        [card] = (await connection.execute(select(table(models.PostedCard)))).all()
        deliveries = (await connection.execute(select(table(models.Delivery)))).all()

    assert (card.challenge_id, card.stale_at) == (None, None)
    assert len(deliveries) == 2


async def test_cards_are_marked_together_and_each_by_its_own_lease(database: Database) -> None:
    await plan(database, *(message(lane=Lane.DIGEST) for _ in "ab"))
    lost = await claim_messages(database)
    later = NOW + LEASE
    await plan(database, message(COLLEAGUE, send_at=later), message(COLLEAGUE, send_at=later, district_id=THERE))
    digest, here, there = sorted_by_card(await claim_messages(database, later))
    await plan(database, message(COLLEAGUE, send_at=later + MINUTE))
    [another] = await claim_messages(database, later + MINUTE)

    async with database.queue() as connection:
        cards = [Sent(each, Platform.SLACK, PLACE, later) for each in (lost, digest, here, [another], there)]
        marks = await queue.mark_sent(connection, cards, later)
        posts = (await connection.execute(select(table(models.PostedCard)))).all()
        deliveries = (await connection.execute(select(table(models.Delivery)))).all()

    assert marks == [False, True, True, True, True]
    mine = [*digest, *here, another, *there]
    assert {(each.district_id, each.message_id) for each in deliveries} == {
        (each.district_id, each.id) for each in mine
    }
    assert len(posts) == 4


def sorted_by_card(claimed: Sequence[ClaimedMessage]) -> list[list[ClaimedMessage]]:
    """The digest, and then each single one, by district."""
    digest = [each for each in claimed if each.lane is Lane.DIGEST]
    singles = [[each] for each in claimed if each.lane is not Lane.DIGEST]
    return [digest, *sorted(singles, key=lambda each: each[0].district_id, reverse=True)]


async def test_who_has_lost_the_lease_writes_no_delivery(database: Database) -> None:
    await plan(database, message())
    [lost] = await claim_messages(database)
    [ours] = await claim_messages(database, NOW + LEASE)
    async with database.queue() as connection:
        marks = [
            await mark_sent(connection, [lost]),
            await queue.mark_dropped(connection, [lost], NOW, "old"),
            await queue.mark_later(connection, [lost], NOW, NOW + MINUTE),
            await queue.mark_unknown(connection, [lost], NOW, NOW + MINUTE),
            await queue.mark_undeliverable(connection, [lost], NOW, "gone"),
            await queue.mark_repeated(connection, [lost]),
            await queue.replan(connection, [lost], NOW + MINUTE, Lane.DIGEST),
        ]
        written = (await connection.execute(select(table(models.Delivery)))).all()

    assert not any(marks)
    assert written == []
    assert (await row(database, models.Message, ours.id)).leased_until == ours.leased_until


async def test_a_message_whose_claimer_vanished_may_have_arrived(database: Database) -> None:
    await plan(database, message())
    await claim_messages(database)

    [found] = await claim_messages(database, NOW + LEASE)

    assert found.unknown_since == NOW + LEASE


async def test_a_refused_message_comes_again_later_and_was_not_delivered(database: Database) -> None:
    await plan(database, message())
    [claimed] = await claim_messages(database)
    async with database.queue() as connection:
        await queue.mark_later(connection, [claimed], NOW, NOW + MINUTE, "ratelimited", Platform.SLACK)

    assert await claim_messages(database) == []
    [again] = await claim_messages(database, NOW + MINUTE)
    assert (again.attempts, again.unknown_since) == (2, None)


async def test_a_repetition_that_was_refused_was_none(database: Database) -> None:
    await plan(database, message())
    await claim_messages(database)
    [vanished] = await claim_messages(database, NOW + LEASE)
    async with database.queue() as connection:
        await queue.mark_repeated(connection, [vanished])
        await queue.mark_later(connection, [vanished], NOW + LEASE, NOW + 2 * LEASE)

    [again] = await claim_messages(database, NOW + 2 * LEASE)
    assert (again.unknown_since, again.repeated) == (NOW + LEASE, False)


async def test_an_unheard_outcome_is_remembered_from_the_first_time(database: Database) -> None:
    await plan(database, message())
    for at in (NOW, NOW + MINUTE):
        [claimed] = await claim_messages(database, at)
        async with database.queue() as connection:
            await queue.mark_repeated(connection, [claimed])
            await queue.mark_unknown(connection, [claimed], at, at + MINUTE)

    [claimed] = await claim_messages(database, NOW + 2 * MINUTE)
    assert (claimed.unknown_since, claimed.repeated) == (NOW, True)


async def test_a_message_that_may_not_go_now_waits_untried(database: Database) -> None:
    await plan(database, message())
    [claimed] = await claim_messages(database)
    async with database.queue() as connection:
        assert await queue.replan(connection, [claimed], NOW + MINUTE, Lane.DIGEST)

    [again] = await claim_messages(database, NOW + MINUTE)
    assert (again.lane, again.attempts) == (Lane.DIGEST, 1)


@pytest.mark.parametrize("reason", ["merged", None])
async def test_dropped_and_undeliverable_messages_are_over(database: Database, reason: str | None) -> None:
    await plan(database, message())
    [claimed] = await claim_messages(database)
    async with database.queue() as connection:
        if reason:
            assert await queue.mark_dropped(connection, [claimed], NOW, reason)
        else:
            assert await queue.mark_undeliverable(connection, [claimed], NOW, "account_inactive", Platform.SLACK)

    over = await row(database, models.Message, claimed.id)
    assert (over.state, over.reason) in [
        (MessageState.DROPPED, "merged"),
        (MessageState.UNDELIVERABLE, "account_inactive"),
    ]
    assert await claim_messages(database, NOW + LEASE) == []


async def test_only_single_messages_since_midnight_count_in_the_budget(database: Database) -> None:
    midnight = NOW - timedelta(hours=10)
    sent: dict[str, Any] = {"state": MessageState.SENT, "ended_at": NOW}
    await plan(
        database,
        message(**sent),
        message(**sent | {"ended_at": midnight}),
        message(**sent | {"ended_at": midnight - MINUTE}),
        message(lane=Lane.DIGEST, **sent),
        message(lane=Lane.URGENT, **sent),
        message(COLLEAGUE, **sent),
        message(district_id=THERE, **sent),
        message(),
    )
    async with database.queue() as connection:
        assert await queue.had_today(connection, message(), NOW, midnight) == (2, True)
        assert await queue.had_today(connection, message(PersonId("coach")), NOW, midnight) == (0, False)


async def test_what_another_process_is_sending_now_counts_in_the_budget_too(database: Database) -> None:
    midnight = NOW - timedelta(hours=10)
    before, mine, after = (message(leased_until=NOW + LEASE) for _ in range(3))
    before.created_at, after.created_at = NOW - MINUTE, NOW + MINUTE
    lost = message(unknown_since=NOW - MINUTE)
    await plan(database, before, mine, after, lost)
    async with database.queue() as connection:
        assert (
            await queue.had_today(connection, mine, NOW, midnight)
        ).singles == 2  # what is before it, and the lost one
        assert (await queue.had_today(connection, mine, NOW + LEASE, midnight)).singles == 1  # whoever had it has died


# -- posted cards ----------------------------------------------------------------------------------------------------


def card(stale_at: datetime | None = NOW, district_id: DistrictId = HERE, challenge_id: str = "c") -> models.PostedCard:
    return models.PostedCard(
        district_id=district_id,
        message_id="m",
        person_id=TEACHER,
        challenge_id=ChallengeId(challenge_id),
        platform=Platform.SLACK,
        workspace_id="T1",
        conversation_id="D1",
        post_id="17.4",
        shown=1,
        posted_at=NOW,
        stale_at=stale_at,
    )


async def test_stale_cards_are_claimed_and_fresh_ones_are_not(database: Database) -> None:
    stale = card()
    await plan(database, stale, card(None), card(NOW + MINUTE))

    assert [each.id for each in await claim_stale(database)] == [stale.id]
    assert await claim_stale(database) == []


async def test_an_edited_card_is_fresh(database: Database) -> None:
    await plan(database, card())
    [claimed] = await claim_stale(database)
    async with database.queue() as connection:
        assert await queue.mark_fresh(connection, [claimed], shown=4)

    fresh = await row(database, models.PostedCard, claimed.id)
    assert (fresh.stale_at, fresh.leased_until, fresh.shown, fresh.attempts) == (None, None, 4, 0)
    assert await next_due(database) is None


async def test_a_card_stays_stale_when_its_challenge_moves_during_the_edit(database: Database) -> None:
    built = builders.case(district_id=HERE)
    async with database.district(HERE) as connection:
        await builders.save_case(connection, built)
    await plan(database, card(challenge_id=built.id))
    [claimed] = await claim_stale(database)
    async with writing(database) as store:  # at the very instant of the claim
        store.record(await store.case(built.id), Kind.NOTED, by=TEACHER, at=NOW)
    meanwhile = await claim_stale(database)
    async with database.queue() as connection:
        assert await queue.mark_fresh(connection, [claimed], shown=2)

    [again] = await claim_stale(database)
    assert meanwhile == []
    assert (again.id, again.shown) == (claimed.id, 2)


async def test_a_card_is_looked_at_once_more_after_it_was_sent(database: Database) -> None:
    await plan(database, message(challenge_id=ChallengeId("c")))
    claimed = await claim_messages(database)
    async with database.queue() as connection:
        await mark_sent(connection, claimed)

    async with database.queue(write=False) as connection:
        assert await queue.next_due(connection) == NOW + queue.SETTLED
        assert await queue.next_due(connection, cards=False) is None
    [look] = await claim_stale(database, NOW + queue.SETTLED)
    assert look.shown == PLACE.shown


async def test_a_card_that_could_not_be_edited_waits(database: Database) -> None:
    await plan(database, card())
    [claimed] = await claim_stale(database)
    async with database.queue() as connection:
        assert await queue.mark_stale_later(connection, claimed, NOW + MINUTE)

    assert await next_due(database) == NOW + MINUTE
    [again] = await claim_stale(database, NOW + MINUTE)
    assert again.attempts == 2


async def test_a_card_that_is_gone_is_forgotten_by_its_holder_only(database: Database) -> None:
    await plan(database, card())
    [lost] = await claim_stale(database)
    [ours] = await claim_stale(database, NOW + LEASE)
    async with database.queue() as connection:
        assert not await queue.forget_card(connection, lost)
        assert not await queue.mark_fresh(connection, [lost], shown=9)
        assert not await queue.mark_stale_later(connection, lost, NOW)
        assert await queue.forget_card(connection, ours)

    assert await next_due(database) is None


async def test_a_district_that_is_passed_over_keeps_what_is_due_and_the_others_have_theirs(database: Database) -> None:
    await plan(database, message(), message(district_id=THERE), card(), card(district_id=THERE))
    async with database.queue() as connection:
        claimed = await queue.claim_messages(connection, NOW, 10, but=[HERE])
        stale = await queue.claim_stale(connection, NOW, 10, but=[HERE])
    assert [each.district_id for each in claimed] == [THERE]
    assert [each.district_id for each in stale] == [THERE]
    assert [each.district_id for each in await claim_messages(database)] == [HERE]
    assert [each.district_id for each in await claim_stale(database)] == [HERE]
