"""A challenge's whole life: raised in chat, routed, followed up, closed by who raised it."""

from operator import itemgetter

from bot import practice
from storage.database import Database
from storage.vocabulary import Outcome, Status
from tests.stories.platforms import EVERYWHERE
from tests.world import detroit, world

SCHEDULE = "Three lesson calendars contradict each other in week 2."


@EVERYWHERE
async def test_teacher_to_leader_to_superintendent_to_teacher(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher, leader, top = [await story.person(each) for each in ("p-019", "p-002", "p-001")]

        await teacher.report(
            SCHEDULE, values={"Type": "Alignment", "Where may the power to remove it sit?": "In the district"}
        )
        receipt = teacher.last_card
        assert receipt.title == "Challenge 1 is recorded"
        assert "Theo Brackenridge" in receipt.text
        assert "process 1.0, rule 22" in receipt.text

        assert leader.last_card.title == "Challenge 1: a challenge for you"
        await leader.click("I'll take it")
        await leader.click("Not mine")
        await leader.submit({"Why is it not yours? (optional)": "Only the superintendent can settle it."})
        assert (await story.case()).challenge.owner_id == "p-001"

        await top.look()
        await top.click("I'll take it")
        await top.click("I understand it")
        await top.submit({"How big is it? Who is hit, and where?": "All kindergarten rooms of Birchmont."})
        await top.click("Resolved")
        await top.submit({"What was done?": "There is one calendar now; the other two are withdrawn."})
        assert (await story.case()).challenge.status is Status.RESOLVED

        await story.wait_until(detroit("2026-10-21 12:00"))
        await teacher.look()
        assert teacher.last_card.title == "Challenge 1: was it addressed?"
        await teacher.click("Yes, it was addressed")

        closed = (await story.case()).challenge
        assert (closed.status, closed.outcome) == (Status.CLOSED, Outcome.CONFIRMED)
        await story.promises_hold()


async def test_the_guide_does_not_forget_what_was_done(database: Database) -> None:
    async with world(database, "console") as story:
        guide = practice.Guide(story.made, story.district_id)
        teacher, leader, top = [await story.person(str(each.person_id)) for each in itemgetter(0, 1, 3)(await guide())]
        await teacher.report(
            SCHEDULE, values={"Type": "Alignment", "Where may the power to remove it sit?": "In the district"}
        )
        await leader.click("I'll take it")
        await leader.click("Not mine")
        await leader.submit({"Why is it not yours? (optional)": "Only the superintendent can settle it."})
        await top.look()
        await top.click("I understand it")
        await top.submit({"How big is it? Who is hit, and where?": "All kindergarten rooms."})
        await top.click("Resolved")
        await top.submit({"What was done?": "There is one calendar now."})
        await story.wait_until(detroit("2026-10-21 12:00"))
        await teacher.look()
        assert [each.done for each in await guide()] == [True] * 6 + [False]
        await teacher.click("Yes, it was addressed")
        assert all(each.done for each in await guide())

        await teacher.report("No paper in our building.")
        assert all(each.done for each in await guide())
