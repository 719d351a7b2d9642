"""The written process as people meet it: who uses it, where things are discussed, under which version they run."""

from datetime import timedelta

from handlers.district import importer
from storage.database import Database
from storage.vocabulary import Effect, Kind, Status
from tests.world import FILE, SEAL, world

WORDS = "No substitutes for training days at our school."
STAFFING = {"Type": "Staffing", "Where may the power to remove it sit?": "In the district"}


async def test_anybody_can_ask_who_uses_the_process(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        await teacher.command("/clearway people")
        said = str(teacher.answer)
        assert "District Implementation Team" in said
        assert "Ramon Ibarra-Keough" in said
        await teacher.command("/clearway process")
        assert "Where it is discussed" in str(teacher.answer)


async def test_where_it_is_discussed_stands_on_its_card_and_is_moved_with_a_reason(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher, coordinator = await story.person("p-023"), await story.person("p-010")
        await teacher.report(WORDS, values=STAFFING)
        assert "District Implementation Team, next on Tue, Oct 13" in str(teacher.last_card)
        await coordinator.command("/challenges 1")
        await coordinator.click("Move where it is discussed")
        await coordinator.submit(
            {"Which team discusses it?": "Executive Cabinet", "Why? It stands in the log.": "Money."}
        )
        assert (await story.case()).challenge.venue == "cabinet"
        moved = (await story.history())[-1]
        assert (moved.kind, moved.actor_id) == (Kind.VENUE_MOVED, "p-010")


async def test_a_challenge_stays_under_its_version_until_the_coordinator_moves_it(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher, coordinator = await story.person("p-023"), await story.person("p-010")
        await teacher.report(WORDS, values=STAFFING)
        was = (await story.case()).challenge.process_id
        replaced = '{version: "1.0", status: replaced, date: 2026-08-20}'
        newer = FILE.read_text(encoding="utf-8").replace(
            '{version: "1.0", status: in_force', f'{replaced}\n    - {{version: "2.0", status: in_force'
        )
        await importer.import_district(database, SEAL, newer, now=story.clock.now() + timedelta(minutes=1))
        assert (await story.directory()).in_force.version == "2.0"
        assert (await story.case()).challenge.process_id == was
        await coordinator.command("/challenges 1")
        await coordinator.click("Move to the rules in force")
        await coordinator.submit({"Why? It stands in the log.": "The new rules are better."})
        assert (await story.case()).challenge.process_id == (await story.directory()).in_force.id
        assert Kind.PROCESS_MOVED in [each.kind for each in await story.history()]
        await story.promises_hold()


async def test_nothing_is_declined_before_it_is_understood(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher, leader = await story.person("p-023"), await story.person("p-001")
        await teacher.report(
            WORDS, values={"Type": "Policy", "Where may the power to remove it sit?": "In the district"}
        )
        assert (await story.case()).challenge.owner_id == "p-001"
        assert "Decline" not in str(leader.last_card)
        await leader.click("I understand it")
        await leader.submit({"How big is it? Who is hit, and where?": "One school."})
        await leader.click("Decline")
        await leader.submit(
            {
                "When should it be looked at again?": "2027-01-12",
                "Why? Those who raised it will read this.": "Not this year.",
            }
        )


async def test_the_word_shown_is_the_districts(database: Database) -> None:
    async with world(database, "slack") as story:
        own = FILE.read_text(encoding="utf-8").replace("  timezone:", "  word: barrier\n  timezone:", 1)
        await importer.import_district(database, SEAL, own, now=story.clock.now())
        teacher = await story.person("p-023")
        await teacher.report(WORDS, values=STAFFING)
        assert teacher.last_card.title == "Barrier 1 is recorded"
        await teacher.command("/clearway help")
        assert "/challenges mine" in str(teacher.answer)


async def test_a_step_can_be_done_while_nothing_has_changed(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher, owner = await story.person("p-023"), await story.person("p-004")
        await teacher.report(WORDS, values=STAFFING)
        await owner.click("I understand it")
        await owner.submit({"How big is it? Who is hit, and where?": "One school."})
        await owner.click("Plan steps")
        await owner.submit({"Step 1: what will be done?": "Hire somebody.", "Step 1: by when?": "2026-10-20"})
        await owner.click("Step 1 is done")
        await owner.click("It is the same")
        case = await story.case()
        assert (case.open_steps, case.challenge.effect, case.challenge.status) == ([], Effect.SAME, Status.IN_PROGRESS)
        assert "It is the same" in str(owner.cards)
        await story.promises_hold()
