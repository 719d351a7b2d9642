"""Who may come in: accounts across districts, the choice between them, our apps; and the heartbeats."""

import asyncio
from datetime import timedelta

import pytest

from storage import models, registrations
from storage.database import Database
from storage.vocabulary import DistrictId, PersonId, Platform
from tests.storage.stores import HERE, NOW, TEACHER, THERE, put, two_districts

SLACK, TEAMS = Platform.SLACK, Platform.TEAMS


def account(
    user_id: str,
    platform: Platform = SLACK,
    district_id: DistrictId = HERE,
    person_id: PersonId = TEACHER,
    *,
    preferred: bool = False,
) -> models.Account:
    return models.Account(
        district_id=district_id,
        platform=platform,
        workspace_id="W1",
        user_id=user_id,
        person_id=person_id,
        preferred=preferred,
    )


async def test_an_account_belongs_to_one_person_in_each_district(database: Database) -> None:
    await two_districts(database)
    async with database.queue() as connection:
        await put(
            connection, account("U1"), account("U1", district_id=THERE, person_id=PersonId("coach")), account("U2")
        )

        assert await registrations.accounts(connection, SLACK, "W1", "U1") == [(THERE, "coach"), (HERE, "teacher")]
        assert await registrations.accounts(connection, TEAMS, "W1", "U1") == []
        assert await registrations.accounts(connection, SLACK, "W2", "U1") == []


async def test_the_preferred_account_comes_first_whether_it_can_be_reached_or_not(database: Database) -> None:
    await two_districts(database)
    async with database.queue() as connection:
        await put(connection, account("U1"), account("U2", TEAMS, preferred=True), account("U3"))
        first, *_ = await registrations.accounts_of(connection, HERE, TEACHER)
        await registrations.mark_unreachable(connection, first, NOW)
        await registrations.mark_unreachable(connection, first, NOW + timedelta(days=1))
        theirs = await registrations.accounts_of(connection, HERE, TEACHER)

        assert [each.user_id for each in theirs] == ["U2", "U1", "U3"]
        assert theirs[0].unreachable_since == NOW

        await registrations.set_conversation(connection, first, "D7")
        again, *_ = await registrations.accounts_of(connection, HERE, TEACHER)
        assert (again.user_id, again.conversation_id, again.unreachable_since) == ("U2", "D7", None)


async def test_a_workspace_may_be_admitted_by_several_districts(database: Database) -> None:
    await two_districts(database)
    async with database.queue() as connection:
        await put(
            connection,
            *(models.Workspace(district_id=each, platform=SLACK, workspace_id="W1") for each in (HERE, THERE)),
        )

        assert await registrations.admitted(connection, SLACK, "W1") == [THERE, HERE]
        assert await registrations.admitted(connection, SLACK, "W2") == []
        assert await registrations.district_ids(connection) == [THERE, HERE]


async def test_the_latest_choice_of_a_district_holds_for_its_conversation(database: Database) -> None:
    await two_districts(database)
    who = (SLACK, "W1", "U1")
    async with database.queue() as connection:
        for each in (HERE, THERE, THERE):
            await registrations.choose_district(connection, *who, "D1", each, NOW)

        assert await registrations.chosen(connection, *who, "D1") == THERE
        assert await registrations.chosen(connection, *who, "D2") is None


async def test_the_registration_of_the_environment_follows_it_and_keeps_what_it_learned(database: Database) -> None:
    async with database.queue() as connection:
        first = await registrations.seed_registration(connection, SLACK, "sealed", NOW)
        await registrations.update_registration(connection, first.id, app_id="A1", workspace_id="W1")
        again = await registrations.seed_registration(connection, SLACK, "sealed anew", NOW + timedelta(days=1))
        await registrations.seed_registration(connection, TEAMS, "other", NOW, app_id="guid")

        assert (again.id, again.app_id, again.secrets, again.created_at) == (first.id, "A1", "sealed anew", NOW)
        assert [each.id for each in await registrations.registrations(connection, SLACK)] == [first.id]
        assert len(await registrations.registrations(connection)) == 2


async def test_processes_that_start_at_once_seed_one_registration(database: Database) -> None:
    async def start() -> str:
        async with database.queue() as connection:
            return (await registrations.seed_registration(connection, SLACK, "sealed", NOW)).id

    assert len(set(await asyncio.gather(*(start() for _ in range(4))))) == 1


async def test_an_app_that_was_installed_before_is_adopted_as_the_seed(database: Database) -> None:
    installed = models.Registration(platform=SLACK, app_id="A1", workspace_id="W1", secrets="old", created_at=NOW)
    async with database.queue() as connection:
        await registrations.insert_registration(connection, installed)
        seeded = await registrations.seed_registration(connection, SLACK, "new", NOW, app_id="A1", workspace_id="W1")

    assert (seeded.id, seeded.secrets, seeded.seeded) == (installed.id, "new", True)


async def test_the_latest_beat_of_each_loop_is_kept(database: Database) -> None:
    async with database.queue() as connection:
        await registrations.beat(connection, "timers", NOW)
        await registrations.beat(connection, "audit", NOW, breaches=2)
        await registrations.beat(connection, "timers", NOW + timedelta(seconds=5))
        beats = {each.loop: (each.at, each.breaches) for each in await registrations.beats(connection)}

    assert beats == {"audit": (NOW, 2), "timers": (NOW + timedelta(seconds=5), 0)}


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(days=21, seconds=7)])
async def test_the_practice_clock_stays_where_it_was_moved_to(database: Database, ahead: timedelta) -> None:
    async with database.queue() as connection:
        assert await registrations.practice_ahead(connection) == timedelta()
        for each in (timedelta(hours=1), ahead):
            await registrations.set_practice_ahead(connection, each)

        assert await registrations.practice_ahead(connection) == ahead
