"""Meetings whose day is counted in school days, when days are closed and opened around them."""

from datetime import date

from storage.database import Database
from tests.conformance.steps import CONFIDENTIAL, COORDINATOR, looks_at, on_record, people, seen
from tests.stories.platforms import ON_SLACK, ON_TEAMS
from tests.stories.test_routines import DIT, DIT_ENTRY, MEMBER, all_of, closes, imports, makes, planned, started
from tests.world import Actor, World, detroit, world

TEAMS = "Which teams? Each meets by itself."
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


async def moves(lead: Actor, which: str, to: str) -> None:
    await looks_at(lead, which)
    await lead.click("Move it")
    await lead.submit({"To which day?": to, "Why?": "The room is taken."})


@ON_TEAMS
async def test_it_does_not_fall_together_with_one_that_somebody_moved_away(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead, member = await counted(story, "2 school days before every Friday"), await story.person(MEMBER)
        await moves(lead, "Wed, Oct 14, 2026", "2026-10-12")
        await closes(lead, "2026-10-16", "2026-10-22")
        await story.wait_until(detroit("2026-10-07 16:00"))
        assert {date(2026, 10, 12), date(2026, 10, 14)} <= {*await days(story, database)}
        assert date(2026, 10, 21) not in await days(story, database)
        assert "falls together" not in seen(member) + seen(lead)

        # On that day there is another now.
        await looks_at(lead, "Mon, Oct 12, 2026")
        await lead.click("Move it")
        await lead.submit({"To which day?": "2026-10-14", "Why?": "The room is free again."})
        assert "There is one of it on that day already" in str(lead.form.errors)
        await story.promises_hold()


@ON_SLACK
async def test_of_what_falls_together_on_a_day_that_nothing_is_on_one_is_there(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead = await counted(story, "2 school days before every Friday")
        await looks_at(lead, "Wed, Oct 14, 2026")
        await lead.click("Cancel it")
        await lead.submit({"Why?": "Half of us are away"})
        before = await days(story, database)
        await closes(lead, "2026-10-16", "2026-10-29")
        await story.settle()
        gone = {date(2026, 10, 21), date(2026, 10, 28)}
        assert await days(story, database) == sorted(
            [date(2026, 10, 14), *(each for each in before if each not in gone)]
        )
        await story.promises_hold()


@ON_TEAMS
async def test_it_goes_to_no_day_to_which_somebody_has_moved_another(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead = await counted(story, "2 school days before every Friday")
        await moves(lead, "Wed, Oct 28, 2026", "2026-10-20")
        await closes(lead, "2026-10-22")
        await story.settle()
        found = await days(story, database)
        assert (found.count(date(2026, 10, 20)), found.count(date(2026, 10, 21))) == (1, 1)
        await story.promises_hold()


@ON_SLACK
async def test_a_rule_that_counts_no_more_from_the_same_days_is_followed(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead, member = await counted(story), await story.person(MEMBER)
        await story.wait_until(detroit("2026-10-12 09:00"))
        assert "Prep hour, Fri, Oct 16" in seen(member)  # what is to be on its agenda?
        await closes(lead, "2026-11-13")  # it is on another day by the calendar, which nobody has chosen
        await story.settle()
        for rule, found in (
            ("second Tuesday", [date(2026, 10, 13), date(2026, 11, 10)]),
            ("2 school days after second Tuesday", [date(2026, 10, 15), date(2026, 11, 12)]),
        ):
            await lead.command("/clearway routines")
            await lead.click("Show: Prep hour")
            await lead.click("Change it")
            await lead.submit({"On which days?": rule})
            assert (await days(story, database))[:2] == found
        await story.wait_until(detroit("2026-10-13 09:00"))
        assert "It is moved to Thu, Oct 15, 2026" in seen(member) or "moved to Thu, Oct 15" in seen(member)
        await story.promises_hold()


@ON_TEAMS
async def test_so_is_one_that_the_file_changes(database: Database, platform: str) -> None:
    was = "rule: second Tuesday, start"
    async with world(database, platform) as story:
        await started(story)
        for rule, day in (
            (AFTER, date(2026, 10, 16)),
            ("second Tuesday", date(2026, 10, 13)),
            ("first Tuesday", date(2026, 11, 4)),  # that of November is a closed day
        ):
            await imports(story, database, was, f"rule: {rule}, start")
            await story.settle()
            [first, *_] = await planned(story, database)
            assert first.day == day
        await story.promises_hold()


async def changes(lead: Actor, name: str, **values: str | list[str]) -> None:
    await lead.command("/clearway routines")
    await lead.click(f"Show: {name}")
    await lead.click("Change it")
    labels = {"rule": "On which days?", "roles": "Everybody of which roles?", "teams": TEAMS}
    await lead.submit({labels[each]: value for each, value in values.items()})


@ON_SLACK
async def test_what_was_moved_and_then_dropped_is_planned_again(database: Database, platform: str) -> None:
    """Whether its rule goes there and back, days are closed and opened, or its team is out and in again."""
    async with world(database, platform) as story:
        lead = await counted(story, "second Tuesday")
        await closes(lead, "2026-10-13")
        await story.settle()
        await changes(lead, "Prep hour", rule="third Thursday")
        await changes(lead, "Prep hour", rule="second Tuesday")
        assert (await days(story, database))[0] == date(2026, 10, 14)
        await changes(lead, "Prep hour", teams=["Cedar Flats School Leadership Team"])
        await changes(lead, "Prep hour", teams=[DIT])
        assert (await days(story, database))[0] == date(2026, 10, 14)
        await story.promises_hold()


@ON_TEAMS
async def test_what_fell_together_is_there_again_once_the_days_are_open(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead = await counted(story, "2 school days before every Friday")
        before = await days(story, database)
        await closes(lead, "2026-10-21")
        await story.settle()
        await closes(lead, "2026-10-16", "2026-10-22")
        await story.settle()
        assert len(await days(story, database)) == len(before) - 1
        await opens(lead, "Wed, Oct 21, 2026 (Closed)")
        await opens(lead, "Fri, Oct 16, 2026 to Thu, Oct 22, 2026 (Closed)")
        await story.settle()
        assert await days(story, database) == before
        await story.promises_hold()


@ON_TEAMS
async def test_a_routine_that_is_in_the_file_again_has_all_of_its_meetings(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead = await started(story)
        await closes(lead, "2026-10-13")
        await story.settle()
        await imports(story, database, DIT_ENTRY, "")
        await imports(story, database, DIT_ENTRY, DIT_ENTRY.replace("log_review", "running: true, log_review"))
        await story.settle()
        [first, *_] = await planned(story, database)
        assert first.day == date(2026, 10, 14)
        await story.promises_hold()


@ON_SLACK
async def test_a_rule_that_is_changed_names_no_day_on_which_another_stands(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead = await counted(story, "every Monday")
        await moves(lead, "Mon, Oct 12, 2026", "2026-10-22")
        await changes(lead, "Prep hour", rule="every Thursday")
        await story.wait_until(detroit("2026-10-07 09:00"))
        found = await days(story, database)
        assert len(found) == len(set(found))
        assert {date(2026, 10, 8), date(2026, 10, 22), date(2026, 10, 29)} <= {*found}
        await story.promises_hold()


@ON_TEAMS
async def test_what_was_moved_and_then_cancelled_by_hand_is_not_planned_again(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead = await counted(story, "second Tuesday")
        await moves(lead, "Tue, Oct 13, 2026", "2026-10-28")
        await changes(lead, "Prep hour", rule="third Thursday")
        await looks_at(lead, "Wed, Oct 28, 2026")
        await lead.click("Cancel it")
        await lead.submit({"Why?": "Half of us are away"})
        await story.wait_until(detroit("2026-10-07 09:00"))
        assert await days(story, database) == [date(2026, 11, 19)]
        await story.promises_hold()


@ON_TEAMS
async def test_what_was_closed_while_it_did_not_run_moves_when_it_is_started(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead = await counted(story, "second Tuesday")
        await lead.command("/clearway routines")
        await lead.click("Stop: Prep hour")
        await closes(lead, "2026-10-13")
        await story.settle()
        await lead.command("/clearway routines")
        await lead.click("Start: Prep hour")
        assert await days(story, database) == [date(2026, 10, 14), date(2026, 11, 10)]
        await story.promises_hold()


@ON_TEAMS
async def test_a_rule_that_is_changed_while_one_was_moved_names_one_in_a_month(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead = await counted(story)
        await moves(lead, "Fri, Oct 16, 2026", "2026-10-28")
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
        await hour(lead, "second Wednesday")
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


async def hour(lead: Actor, rule: str) -> None:
    """Of all principals, at 3 pm."""
    await makes(lead, name="Hour", roles=["Principal"], rule=rule, start="3 pm")
    await lead.click("Start it")


async def comes(lead: Actor, *roles: str) -> None:
    await changes(lead, "Hour", roles=list(roles))


@ON_TEAMS
async def test_who_is_out_and_in_again_before_hearing_of_it_has_one_agenda(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead, principal = await people(story, COORDINATOR, "p-021")
        await hour(lead, "second Wednesday")
        await story.wait_until(detroit("2026-10-13 15:30"))
        agendas = seen(principal).count("Hour, Wed, Oct 14")
        assert agendas
        await comes(lead, "School coach")
        await comes(lead, "Principal", "School coach")
        await story.wait_until(detroit("2026-10-14 12:00"))
        assert seen(principal).count("Hour, Wed, Oct 14") == agendas
        assert "not expected" not in seen(principal)
        await story.promises_hold()


@ON_SLACK
async def test_who_heard_of_another_day_hears_that_they_are_not_expected_on_it(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead, principal, coach = await people(story, COORDINATOR, "p-021", "p-022")
        await hour(lead, "second Wednesday")
        await story.wait_until(detroit("2026-10-13 09:00"))
        await moves(lead, "Wed, Oct 14, 2026", "2026-10-28")
        await comes(lead, "School coach")
        await story.wait_until(detroit("2026-10-15 12:00"))
        assert "You are not expected there any more" in seen(principal)
        assert "not expected" not in seen(coach)
        await story.wait_until(detroit("2026-10-28 09:00"))
        assert "Hour, Wed, Oct 28" in seen(coach)
        await story.promises_hold()


@ON_SLACK
async def test_each_hears_of_what_they_know_when_days_and_people_change_at_once(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead, principal, coach = await people(story, COORDINATOR, "p-021", "p-022")
        await hour(lead, "3 school days after second Tuesday")
        await story.wait_until(detroit("2026-10-12 09:00"))
        assert "Hour, Fri, Oct 16" in seen(principal)  # what is to be on its agenda?
        await changes(lead, "Hour", rule="5 school days after second Tuesday", roles=["School coach"])
        await story.wait_until(detroit("2026-10-13 09:00"))
        assert "You are not expected there any more" in seen(principal)
        assert "Oct 20" not in seen(principal)
        assert "moved" not in seen(coach)
        assert "counted have changed" not in seen(lead)
        assert "The days on which people meet were changed, so it is moved to Tue, Oct 20, 2026" in seen(lead)
        await story.wait_until(detroit("2026-10-20 09:00"))
        assert "Hour, Tue, Oct 20" in seen(coach)
        await story.promises_hold()


@ON_TEAMS
async def test_who_had_heard_of_a_day_that_is_dropped_hears_it_though_others_come_now(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead, principal, coach = await people(story, COORDINATOR, "p-021", "p-022")
        await hour(lead, "second Tuesday")
        await story.wait_until(detroit("2026-10-07 09:00"))
        assert "Hour, Tue, Oct 13" in seen(principal)
        await changes(lead, "Hour", rule="third Thursday", roles=["School coach"])
        await story.wait_until(detroit("2026-10-08 09:00"))
        assert "You are not expected there any more" in seen(principal)
        assert "not on this day any more" not in seen(coach)
        await story.promises_hold()


@ON_SLACK
async def test_out_in_and_out_again_before_the_invitation(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead, principal = await people(story, COORDINATOR, "p-021")
        await hour(lead, "second Wednesday")
        await story.wait_until(detroit("2026-10-08 09:00"))
        assert "Hour, Wed, Oct 14" in seen(principal)
        await comes(lead, "School coach")
        await comes(lead, "Principal", "School coach")
        await story.wait_until(detroit("2026-10-09 09:00"))
        assert "not expected" not in seen(principal)
        await comes(lead, "School coach")
        await story.wait_until(detroit("2026-10-13 09:00"))
        assert "You are not expected there any more" in seen(principal)
        await story.promises_hold()


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
