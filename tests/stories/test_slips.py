"""What was said by a slip, or too early, is taken back where it stands."""

from typing import Any

from handlers import log as record
from storage.database import Database
from storage.store import Came
from storage.vocabulary import Door, PersonId, Status
from tests.world import World, detroit, world

WORDS = "No substitutes for training days at our school."
STAFFING = {"Type": "Staffing", "Where may the power to remove it sit?": "In the district"}
AWAY = {"Who stands in for you?": "Bea Thornquist", "First day": "2026-10-06", "Last day": "2026-10-09"}


async def is_away(story: World, **more: str) -> Any:
    owner = await story.person("p-004")
    await owner.command("/clearway away")
    await owner.submit(AWAY | more)
    return owner


async def test_an_absence_is_undone_and_what_had_moved_comes_back(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher, stand_in = await story.person("p-023"), await story.person("p-011")
        await teacher.report(WORDS, values=STAFFING)
        owner = await is_away(story)
        assert (await story.case()).challenge.owner_id == PersonId("p-011")
        assert "You stand in" in str(stand_in.titles())

        await owner.click("Undo")
        assert (await story.case()).challenge.owner_id == PersonId("p-004")
        assert "You do not stand in" in str(stand_in.titles())
        await story.promises_hold()


async def test_an_absence_is_undone_only_at_once_and_only_once(database: Database) -> None:
    async with world(database, "slack") as story:
        owner = await is_away(story, **{"First day": "2026-10-13", "Last day": "2026-10-14"})
        before = len((await story.directory()).absences)
        await story.wait_until(detroit("2026-10-06 09:11"))
        await owner.click("Undo")
        assert "more than ten minutes" in str(owner.driver.window)
        assert len((await story.directory()).absences) == before


async def test_a_digest_that_has_named_a_challenge_no_longer_does_when_it_is_restricted(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher, coordinator = await story.person("p-023"), await story.person("p-010")
        readers = [
            await story.person(each.id) for each in (await story.directory()).people.values() if not each.external
        ]
        for words in ("The first thing in the way.", "The second thing in the way."):
            await teacher.report(
                words, values={"Type": "Training", "Where may the power to remove it sit?": "In the district"}
            )
        await story.wait_until(detroit("2026-10-07 09:00"))
        named = [
            each
            for each in readers
            if each.driver.name != "Ellie Marsh"
            and any("first thing" in str(card) and "second thing" in str(card) for card in each.cards)
        ]
        owner = (await story.case(1)).challenge.owner_id
        others = [each for each in named if each not in (coordinator, await story.person(owner))]
        assert others
        await coordinator.command("/challenges 1")
        await coordinator.click("Who can see it")
        await coordinator.submit(
            {"Challenge 1": ["Only the coordinator, the owner, those who raised it and those admitted"]}
        )
        await story.settle()
        for each in others:
            assert not any("first thing" in str(card) for card in each.cards)
            assert any("second thing" in str(card) for card in each.cards)


async def test_a_step_of_a_restricted_challenge_goes_to_nobody_who_cannot_see_it(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher, owner, coordinator = [await story.person(each) for each in ("p-023", "p-004", "p-010")]
        await teacher.report(WORDS, values=STAFFING)
        await coordinator.command("/challenges 1")
        await coordinator.click("Who can see it")
        await coordinator.submit(
            {"Challenge 1": ["Only the coordinator, the owner, those who raised it and those admitted"]}
        )
        await owner.click("I understand it")
        await owner.submit({"How big is it? Who is hit, and where?": "One school."})
        await owner.click("Plan steps")
        step = {"Step 1: what will be done?": "Hire somebody.", "Step 1: by when?": "2026-10-20"}
        await owner.submit(step | {"Step 1: by whom?": "Walt Grummond"})
        assert "cannot see this challenge" in str(owner.form.errors)


async def test_words_that_were_undone_stand_in_no_list_search_or_export(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        await teacher.report(WORDS, values=STAFFING)
        await teacher.click("Add details")
        await teacher.submit({"What is in the way?": "WRONG WORDS written by a slip."})
        await teacher.click("Undo")

        await teacher.command("/challenges reported")
        assert WORDS in str(teacher.answer)
        assert "WRONG" not in str(teacher.answer)
        await teacher.command('/challenges "by a slip"')
        assert "WRONG" not in str(teacher.answer)
        async with story.made.districts.open(story.district_id, Came(Door.OPERATOR)) as store:
            for form in ("csv", "json"):
                exported = await record.export_log(store, form, now=story.clock.now())
                assert WORDS in exported
                assert "WRONG" not in exported


async def test_who_joined_by_a_slip_is_no_longer_one_of_those_who_raised_it(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher, colleague = await story.person("p-023"), await story.person("p-022")
        await teacher.report(WORDS, values=STAFFING)
        await colleague.command("/challenges 1")
        await colleague.click("Me too")
        await colleague.submit({})
        assert len((await story.case()).reporters) == 2
        await colleague.click("Undo")
        assert [each.person_id for each in (await story.case()).reporters] == ["p-023"]


async def test_what_was_entered_for_the_wrong_caller_is_taken_back(database: Database) -> None:
    async with world(database, "slack") as story:
        coordinator, caller = await story.person("p-010"), await story.person("p-023")
        await coordinator.command("/clearway")
        await coordinator.click("Enter for a caller")
        await coordinator.submit({"Who called?": "Ellie Marsh", "What is in the way?": WORDS})
        await coordinator.click("Undo")
        assert (await story.case()).challenge.status is Status.WITHDRAWN
        await story.wait_until(detroit("2026-10-07 09:00"))
        assert "withdrawn" in str(caller.cards[-1]).lower()


async def test_several_that_were_given_to_the_wrong_person_come_back(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher, coordinator = await story.person("p-023"), await story.person("p-010")
        for _ in range(2):
            await teacher.report(WORDS, values=STAFFING)
        owner = (await story.case(1)).challenge.owner_id
        await coordinator.command("/challenges 1")
        await coordinator.click("Reassign")
        await coordinator.submit(
            {
                "Who takes it?": "Bea Thornquist",
                "Why? It stands in the log.": "A slip.",
                "Which challenges? One number, or several": "1, 2",
            }
        )
        assert {(await story.case(n)).challenge.owner_id for n in (1, 2)} == {"p-011"}
        await coordinator.click("Undo")
        assert {(await story.case(n)).challenge.owner_id for n in (1, 2)} == {owner}
        await story.promises_hold()


async def test_what_is_promised_goes_along_when_two_are_joined(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher, owner, coordinator = [await story.person(each) for each in ("p-023", "p-004", "p-010")]
        for _ in range(2):
            await teacher.report(WORDS, values=STAFFING)
        await owner.command("/challenges 2")
        await owner.click("I understand it")
        await owner.submit({"How big is it? Who is hit, and where?": "One school."})
        await owner.click("Plan steps")
        step = {
            "Step 1: what will be done?": "Hire somebody.",
            "Step 1: by when?": "2026-10-20",
            "Step 1: by whom?": "Bea Thornquist",
        }
        await owner.submit(step)
        await coordinator.command("/challenges 2")
        await coordinator.click("Join with another")
        await coordinator.submit({"Which challenge does it join? Its number": "1"})
        into = await story.case(1)
        assert [(into.words_of(each), each.owner_id) for each in into.open_steps] == [("Hire somebody.", "p-011")]
        await story.promises_hold()
