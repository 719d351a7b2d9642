"""What seldom happens, and must go well: broken promises, two districts, edited and deleted messages, people outside."""

from datetime import timedelta

import aiohttp
import pytest
from sqlalchemy import text

from handlers.district import importer
from storage.database import Database
from storage.vocabulary import DistrictId, Kind, Status
from tests.fakes.slack import SlackPerson
from tests.stories.platforms import IN_CHAT
from tests.world import FILE, SEAL, World, detroit, with_accounts, world

WORDS = "No substitutes for training days at our school."
STAFFING = {"Type": "Staffing", "Where may the power to remove it sit?": "In the district"}


async def readiness(story: World) -> tuple[int, bool]:
    async with aiohttp.ClientSession() as session, session.get(f"{story.url}/readyz") as answer:
        return answer.status, (await answer.json())["promises"]


@IN_CHAT
async def test_a_lost_timer_is_set_again_before_anybody_notices(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher = await story.person("p-023")
        await teacher.report(WORDS, values=STAFFING)
        async with database.district(story.district_id) as connection:
            await connection.execute(text("DELETE FROM timer"))
        with pytest.raises(AssertionError, match="it has no timer"):
            await story.promises_hold()

        assert await story.made.loops.run_audit() == []  # mended
        await story.promises_hold()
        assert (await story.history())[-1].kind is Kind.REPAIRED


@IN_CHAT
async def test_a_changed_line_of_history_turns_ready_red_and_the_coordinator_is_told_once(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        teacher, coordinator = await story.person("p-023"), await story.person("p-010")
        await teacher.report(WORDS, values=STAFFING)
        await story.made.loops._timers()
        await story.made.loops._audit()
        assert await readiness(story) == (503, True)  # nothing is sent yet
        await story.made.loops._outbox()
        assert await readiness(story) == (200, True)

        async with database.district(story.district_id) as connection:
            if database.is_sqlite:
                names = [
                    row[0]
                    for row in await connection.execute(
                        text("SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='event'")
                    )
                ]
                for name in names:
                    await connection.execute(text(f'DROP TRIGGER "{name}"'))
            else:
                await connection.execute(text("ALTER TABLE event DISABLE TRIGGER USER"))
            await connection.execute(text("UPDATE event SET actor_id = 'p-005' WHERE seq = 2"))
        story.made.loops._whole.clear()  # a process that has just started looks from the beginning
        for _ in range(3):
            await story.made.loops._audit()
        assert await readiness(story) == (503, False)
        await story.wait_until(detroit("2026-10-07 09:00"))
        assert sum("Clearway needs you" in str(each) for each in coordinator.cards) == 1


@IN_CHAT
async def test_somebody_in_two_districts_is_asked_once_per_conversation(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        other = (
            FILE.read_text()
            .replace("id: larkspur-bend", "id: aspen-hill", 1)
            .replace("Larkspur Bend Community Schools", "Aspen Hill Schools", 1)
        )
        other = other.replace("parties: [larkspur-bend,", "parties: [aspen-hill,")
        await importer.import_district(database, SEAL, with_accounts(other, platform, {}), now=story.clock.now())
        teacher = await story.person("p-023")

        await teacher.dm(WORDS)
        assert await story.count() == 0
        assert set(teacher.reply_to_message.buttons) == {"Larkspur Bend Community Schools", "Aspen Hill Schools"}
        await teacher.click("Aspen Hill Schools")
        await teacher.dm(WORDS)
        assert await story.count() == 0
        assert (await story.case(1, DistrictId("aspen-hill"))).title == WORDS
        await teacher.dm("There is no room for the team to meet in.")
        assert (await story.case(2, DistrictId("aspen-hill"))).number == 2
        await story.promises_hold()


async def test_an_edited_message_offers_an_update_and_a_deleted_one_loses_its_link(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        slack = teacher.driver
        assert isinstance(slack, SlackPerson)
        post = await slack.dm(WORDS)
        assert (await story.case()).reporters[0].link
        await slack.edit(post, "No substitutes, and no coach either.")
        assert (await story.case()).title == WORDS  # nothing changes on its own
        assert any("You changed your message" in str(each) for each in [*teacher.cards, *slack.ephemerals])
        await slack.delete(post)
        case = await story.case()
        assert case.reporters[0].link is None
        assert case.title == WORDS  # the record stays
        await story.promises_hold()


async def test_the_facilitator_of_a_csi_school_hears_what_it_is_and_no_names(database: Database) -> None:
    async with world(database, "slack") as story:
        assert story.workspace is not None
        facilitator = SlackPerson(story.workspace, "Malik Sorensen", "U0EX039")
        teacher = await story.person("p-023")
        await teacher.report(WORDS, values=STAFFING)
        await story.wait_until(detroit("2026-10-07 09:00"))
        card = facilitator.last_card
        assert WORDS in card.text
        assert "Ellie Marsh" not in str(card)
        assert card.buttons == ()
        await story.promises_hold()


@IN_CHAT
async def test_the_history_tells_every_former_value_and_sorting_can_be_undone(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        teacher, coordinator = await story.person("p-023"), await story.person("p-010")
        await teacher.dm(WORDS)
        await coordinator.click("Sort it")
        await coordinator.submit({"Type": "Time", "Where may the power to remove it sit?": "In the district"})
        sorted_ = next(each for each in await story.history() if each.kind is Kind.SORTED)
        changes = sorted_.data["changes"]["challenge"]
        assert changes["type"] == [None, "time"]
        assert changes["scope"] == [None, "district"]
        assert changes["owner_id"] == ["p-010", "p-002"]

        await coordinator.click("Undo")
        challenge = (await story.case()).challenge
        assert (challenge.status, challenge.type, challenge.scope, challenge.owner_id) == (
            Status.REPORTED,
            None,
            None,
            "p-010",
        )
        await story.promises_hold()


@IN_CHAT
async def test_at_the_top_even_what_is_urgent_is_asked_about_ever_more_softly(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        teacher = await story.person("p-023")
        await teacher.report(WORDS, values=STAFFING | {"Urgency": "High"})
        await story.wait_until(detroit("2026-10-23 17:00"))
        assert (await story.case()).challenge.owner_id == "p-001"
        escalations = [each for each in await story.history() if each.kind is Kind.ESCALATED]
        await story.wait_until(story.clock.at + timedelta(days=40))
        assert [each for each in await story.history() if each.kind is Kind.ESCALATED] == escalations
        prompts = [each.at.date() for each in await story.history() if each.kind is Kind.PROMPTED]
        assert (prompts[-1] - prompts[-2]).days >= 5
        await story.promises_hold()


@pytest.mark.parametrize("words", ["challenges overdue", "challenges mine", "challenges at Cedar Flats"])
async def test_a_question_in_a_direct_message_is_answered_and_not_recorded(database: Database, words: str) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        await teacher.dm(words)
        assert await story.count() == 0
        assert "Challenges" in str(teacher.last_card.title)
        await teacher.dm("Challenges with substitutes again today, nobody came.")
        assert await story.count() == 1
