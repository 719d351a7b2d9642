"""Meetings whose day is counted in school days, when days are closed and opened around them."""

from datetime import date

from storage.database import Database
from tests.conformance.steps import CONFIDENTIAL, COORDINATOR, looks_at, on_record, people, seen
from tests.stories.platforms import ON_SLACK, ON_TEAMS
from tests.stories.test_routines import DIT, MEMBER, all_of, closes, makes, planned
from tests.world import Actor, World, detroit, world

AFTER = "3 school days after second Tuesday"


async def counted(story: World, rule: str = AFTER, start: str = "3 pm") -> Actor:
    lead = await story.person(COORDINATOR)
    await makes(lead, name="Prep hour", teams=[DIT], rule=rule, start=start)
    await lead.click("Start it")
    return lead


async def days(story: World, database: Database) -> list[date]:
    return [each.day for each in await planned(story, database, "prep-hour")]


async def opens(lead: Actor, closure: str) -> None:
    await lead.command("/clearway closed")
    await lead.submit({"Or take back: there is school after all": [closure]})


@ON_TEAMS
async def test_who_was_told_of_one_day_is_told_of_the_next(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead, member = await counted(story), await story.person(MEMBER)
        await closes(lead, "2026-11-13")
        await story.wait_until(detroit("2026-10-07 09:00"))
        assert "moved to Mon, Nov 16, 2026" in seen(member)
        await closes(lead, "2026-11-11")
        await story.wait_until(detroit("2026-10-08 09:00"))
        assert date(2026, 11, 17) in await days(story, database)
        assert "moved to Tue, Nov 17, 2026" in seen(member)
        assert "because there is no school on" not in seen(lead)  # its rule names no day that could be closed
        await story.promises_hold()


@ON_TEAMS
async def test_a_closure_taken_back_brings_it_back_by_one_message(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead, member = await counted(story), await story.person(MEMBER)
        await closes(lead, "2026-11-13")
        await story.settle()
        await opens(lead, "Fri, Nov 13, 2026 (Closed)")
        await story.wait_until(detroit("2026-10-08 09:00"))
        assert date(2026, 11, 13) in await days(story, database)
        assert "moved to Fri, Nov 13, 2026" in seen(member)
        assert "after all" not in seen(member)
        await story.promises_hold()


@ON_SLACK
async def test_the_last_one_of_a_school_year_stays_in_it(database: Database, platform: str) -> None:
    async with world(database, platform, at="2027-06-01 09:00") as story:
        lead = await counted(story)
        assert await days(story, database) == [date(2027, 6, 11)]
        await closes(lead, "2027-06-11")
        await story.settle()
        assert await days(story, database) == [date(2027, 6, 10)]
        await story.promises_hold()


@ON_TEAMS
async def test_two_that_fall_together_are_one(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead, member = await counted(story, "2 school days before every Friday"), await story.person(MEMBER)
        before = await days(story, database)
        await closes(lead, "2026-10-16", "2026-10-22")
        await story.wait_until(detroit("2026-10-07 09:00"))
        assert await days(story, database) == [each for each in before if each != date(2026, 10, 21)]
        assert "moved to" not in seen(member)  # nobody had heard of it
        await story.promises_hold()


@ON_TEAMS
async def test_it_does_not_fall_together_with_one_that_has_taken_place(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead = await counted(story, "2 school days before every Friday")
        await story.wait_until(detroit("2026-10-15 09:00"))
        await closes(lead, "2026-10-16", "2026-10-22")
        await story.wait_until(detroit("2026-10-23 09:00"))
        assert (await days(story, database)).count(date(2026, 10, 23)) == 1
        assert "were changed" not in seen(lead)
        await story.promises_hold()


@ON_TEAMS
async def test_a_rule_that_is_changed_while_one_was_moved_names_one_in_a_month(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead = await counted(story)
        await looks_at(lead, "Fri, Oct 16, 2026")
        await lead.click("Move it")
        await lead.submit({"To which day?": "2026-10-28", "Why?": "The room is taken."})
        await lead.command("/clearway routines")
        await lead.click("Show: Prep hour")
        await lead.click("Change it")
        await lead.submit({"On which days?": "3 school days after third Tuesday"})
        assert await days(story, database) == [date(2026, 10, 28), date(2026, 11, 20)]
        await lead.command("/clearway routines")
        await lead.click("Show: Prep hour")
        await lead.click("Dates of the year")
        dates = seen(lead).partition("Dates: Prep hour")[2]
        assert "Wed, Oct 28, 2026" in dates
        assert "Oct 23" not in dates
        await story.promises_hold()


@ON_SLACK
async def test_who_comes_newly_is_invited_and_who_is_out_hears_that(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead, principal, coach = await people(story, COORDINATOR, "p-021", "p-022")
        await makes(lead, name="Hour", roles=["Principal"], rule="second Wednesday", start="3 pm")
        await lead.click("Start it")
        await story.wait_until(detroit("2026-10-13 09:00"))
        assert "Hour, Wed, Oct 14" in seen(principal)
        assert "Hour, Wed, Oct 14" not in seen(coach)
        await lead.command("/clearway routines")
        await lead.click("Show: Hour")
        await lead.click("Change it")
        await lead.submit({"Everybody of which roles?": ["School coach"]})
        await story.wait_until(detroit("2026-10-14 09:00"))
        assert "You are not expected there any more" in seen(principal)
        assert "Hour, Wed, Oct 14" in seen(coach)
        await story.wait_until(detroit("2026-10-14 16:30"))
        assert "Did it take place?" in lead.last_card.text
        await lead.click("It took place")
        there = lead.form.values["Who was there?"]
        assert any("Casey Lindqvist-Amara" in each for each in there)  # who leads it, though of no such role
        await lead.submit({"Who was there?": []})
        assert "Please tick who was there" in str(lead.form.errors)
        await story.promises_hold()
        assert await all_of(story, database)


@ON_TEAMS
async def test_a_step_of_who_reported_in_confidence_names_nobody_while_the_log_is_walked(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        await on_record(story, **CONFIDENTIAL)
        lead, leader, owner = await people(story, COORDINATOR, "p-002", "p-004")
        await owner.click("I understand it")
        await owner.submit({"How big is it? Who is hit, and where?": "Six schools."})
        await owner.click("Plan steps")
        step = {"Step 1: what will be done?": "Hire two.", "Step 1: by when?": "2026-11-06"}
        await owner.submit({**step, "Step 1: by whom?": "Ellie Marsh"})
        await lead.command("/clearway routines")
        await lead.click(f"Start: {DIT}")
        await story.wait_until(detroit("2026-10-13 08:35"))
        await looks_at(leader, "Tue, Oct 13, 2026")
        await leader.click("Go through the log")
        assert "Step 1: Hire two. (a reporter, by Fri, Nov 6, 2026)" in seen(leader)
        assert "Ellie Marsh" not in seen(leader)
        await story.promises_hold()
