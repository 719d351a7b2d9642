"""Days that are closed in chat, and open again: what moves, who hears of it in time, and what can be taken back."""

from datetime import date

from handlers.district import importer
from storage.database import Database
from storage.vocabulary import OccurrenceStatus
from tests.conformance.steps import COORDINATOR, looks_at, on_record, people, seen
from tests.stories.platforms import IN_CHAT, ON_SLACK, ON_TEAMS
from tests.stories.test_routines import DIT, MEMBER, all_of, planned, started
from tests.world import FILE, SEAL, Actor, World, detroit, world

FIRST = "First day without school"
LAST = "Last day, if there is more than one"
BACK = "Or take back: there is school after all"


async def asks_to_close(actor: Actor) -> None:
    if getattr(actor.driver, "dialog", None):  # Teams shows the answer to an earlier form in its window
        await actor.driver.close_form()
    await actor.command("/clearway closed")


async def days(story: World, database: Database) -> list[date]:
    return [each.day for each in await planned(story, database)]


@IN_CHAT
async def test_nobody_hears_of_a_meeting_only_after_it_was_moved_to(database: Database, platform: str) -> None:
    """Said before dawn of the snow day: people hear on the next morning, too late for 8:30 on that day."""
    async with world(database, platform, at="2026-10-12 15:00") as story:
        member, lead = await story.person(MEMBER), await started(story)
        await story.wait_until(detroit("2026-10-13 05:30"))
        await asks_to_close(lead)
        await lead.submit({FIRST: "2026-10-13"})
        assert "District Implementation Team: from Tue, Oct 13, 2026 to Thu, Oct 15, 2026" in seen(lead)
        await story.settle()
        assert (await days(story, database))[:2] == [date(2026, 10, 15), date(2026, 11, 10)]
        await story.wait_until(detroit("2026-10-14 08:30"))
        assert "moved to Thu, Oct 15, 2026" in seen(member)


@ON_TEAMS
async def test_a_closure_for_later_never_moves_a_meeting_to_what_is_past_by_then(
    database: Database, platform: str
) -> None:
    """The last Friday of a month that has no other day left: an earlier day, but none before people have heard."""
    async with world(database, platform, at="2026-10-29 15:00") as story:
        lead = await started(story)
        await looks_at(lead, "Tue, Nov 10, 2026")
        await lead.click("Move it")
        await lead.submit({"To which day?": "2026-11-30", "Why?": "The board room is taken."})
        await story.wait_until(detroit("2026-11-24 17:00"))  # 25 to 27 November are closed
        await asks_to_close(lead)
        await lead.submit({FIRST: "2026-11-30"})
        assert "District Implementation Team: cancelled on Mon, Nov 30, 2026, and whoever leads it is asked" in seen(
            lead
        )
        await story.settle()
        found = await all_of(story, database)
        assert (OccurrenceStatus.CANCELLED, date(2026, 11, 30)) in found
        assert date(2026, 11, 24) not in [day for _, day in found]
        await story.wait_until(detroit("2026-12-01 08:00"))
        assert "no other school day left for it" in seen(lead)
        await lead.click("Give it another date")
        await lead.submit({"On which day instead?": "2026-12-02"})
        assert date(2026, 12, 2) in await days(story, database)
        await story.promises_hold()


@IN_CHAT
async def test_a_snow_day_is_one_press_also_while_a_later_closure_stands(database: Database, platform: str) -> None:
    async with world(database, platform, at="2026-10-12 15:00") as story:
        lead = await started(story)
        await asks_to_close(lead)
        await lead.submit({FIRST: "2026-10-30", "Why? (optional)": "The boiler"})
        await story.settle()
        await story.wait_until(detroit("2026-10-13 05:30"))
        await asks_to_close(lead)
        await lead.submit()
        assert "There is no school: Tue, Oct 13, 2026." in seen(lead)

        await story.wait_until(detroit("2026-10-14 09:00"))  # a school day, which the form offers to close
        await asks_to_close(lead)
        await lead.submit({FIRST: "2026-10-15", BACK: ["Fri, Oct 30, 2026 (The boiler)"]})
        assert "one at a time" in str(lead.form.errors)
        await lead.submit({FIRST: "2026-10-14", BACK: ["Fri, Oct 30, 2026 (The boiler)"]})
        assert "There is school after all: Fri, Oct 30, 2026." in seen(lead)
        calendar = (await story.directory()).calendar
        assert [each.from_on for each in calendar.closures if each.said] == [date(2026, 10, 13)]
        await story.promises_hold()


@ON_SLACK
async def test_what_was_moved_by_hand_out_of_its_month_moves_within_the_one_where_it_stands(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead = await started(story)
        await looks_at(lead, "Tue, Oct 13, 2026")
        await lead.click("Move it")
        await lead.submit({"To which day?": "2026-11-05", "Why?": "The data come late."})
        await asks_to_close(lead)
        await lead.submit({FIRST: "2026-11-05", "Why? (optional)": "The boiler"})
        await story.settle()
        assert await days(story, database) == [date(2026, 11, 6), date(2026, 11, 10)]


@ON_TEAMS
async def test_a_closure_that_was_a_slip_is_taken_back_and_the_lead_may_move_the_meeting_back(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        await on_record(story)
        coordinator, member, principal = await people(story, COORDINATOR, MEMBER, "p-021")
        lead = await started(story)
        due = (await story.case()).challenge.decide_by
        assert due is not None
        await asks_to_close(coordinator)
        await coordinator.submit({FIRST: due.isoformat(), LAST: "2026-10-14", "Why? (optional)": "Snow"})
        await story.settle()
        assert await days(story, database) == [date(2026, 10, 15), date(2026, 11, 10)]
        await story.wait_until(detroit("2026-10-07 09:00"))
        assert "moved to Thu, Oct 15, 2026" in seen(member)
        moved = (await story.case()).challenge.decide_by

        await principal.command("/clearway closed")
        assert "Only the coordinator or an executive leader" in str(principal.answer)
        await coordinator.click("Take it back")
        assert "There is school after all" in seen(coordinator)
        assert "What had moved stays where it is" in seen(coordinator)
        assert not (await story.directory()).calendar.closures[-1].said
        assert await days(story, database) == [date(2026, 10, 15), date(2026, 11, 10)]
        assert (await story.case()).challenge.decide_by == moved
        await story.wait_until(detroit("2026-10-08 09:00"))
        assert "There is school on Tue, Oct 13, 2026 after all." in seen(member)
        assert "Back to" not in seen(member)
        owner = await story.person("p-004")
        assert "here is school on that day after all" in seen(owner)

        await lead.click("Back to Tue, Oct 13, 2026")
        assert await days(story, database) == [date(2026, 10, 13), date(2026, 11, 10)]
        assert "moved to Tue, Oct 13, 2026" in member.last_card.text
        await asks_to_close(coordinator)
        await coordinator.submit({FIRST: "2026-10-13"})
        await story.settle()
        assert (await days(story, database))[0] == date(2026, 10, 14)
        await asks_to_close(coordinator)
        await coordinator.submit({FIRST: "", BACK: ["Tue, Oct 13, 2026 (Closed)"]})
        assert "There is school after all" in seen(coordinator)

        await importer.import_district(database, SEAL, FILE.read_text(encoding="utf-8"), now=story.clock.now())
        assert not any(each.said for each in (await story.directory()).calendar.closures)
        await story.settle()
        await story.promises_hold()


@ON_SLACK
async def test_a_meeting_that_a_closure_had_cancelled_may_be_held_after_all(database: Database, platform: str) -> None:
    async with world(database, platform, at="2026-10-27 15:00") as story:
        lead = await started(story)
        await looks_at(lead, "Tue, Nov 10, 2026")
        await lead.click("Move it")
        await lead.submit({"To which day?": "2026-10-30", "Why?": "The data are there."})
        await asks_to_close(lead)
        await lead.submit({FIRST: "2026-10-28", LAST: "2026-10-30"})
        await story.settle()
        assert (OccurrenceStatus.CANCELLED, date(2026, 10, 30)) in await all_of(story, database)
        await lead.click("Take it back")
        await lead.click("Back to Fri, Oct 30, 2026")
        assert date(2026, 10, 30) in await days(story, database)
        assert DIT in seen(lead)


@ON_TEAMS
async def test_after_a_slip_nobody_reads_what_is_not_so_any_more(database: Database, platform: str) -> None:
    """Closed, taken back, and the meeting is back on its day: all within a minute."""
    async with world(database, platform, at="2026-10-06 09:00") as story:
        member, lead = await story.person(MEMBER), await started(story)
        await asks_to_close(lead)
        await lead.submit({FIRST: "2026-10-13"})
        await lead.click("Take it back")
        await lead.click("Back to Tue, Oct 13, 2026")
        assert (await days(story, database))[0] == date(2026, 10, 13)
        await story.wait_until(detroit("2026-10-07 09:00"))
        for actor in (lead, member):
            told = "\n".join(str(each) for each in actor.cards)
            assert "Oct 14" not in told.replace("Wed, Oct 14, 8:30 AM", "")  # which heads that it was moved back
            assert "This is what it is about so far" in told or "Is there something for its agenda?" in told
        await looks_at(member, "Tue, Oct 13, 2026")
        await story.promises_hold()


@ON_TEAMS
async def test_what_was_moved_says_where_it_is(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        member, lead = await story.person(MEMBER), await started(story)
        await looks_at(lead, "Tue, Oct 13, 2026")
        await lead.click("Move it")
        await lead.submit({"To which day?": "2026-10-15", "Why?": "The room is taken."})
        await story.wait_until(detroit("2026-10-07 09:00"))
        await member.click("Show it as it is now")
        assert f"{DIT}, Thu, Oct 15" in seen(member)
        await looks_at(lead, "Thu, Oct 15, 2026")
        await lead.click("Cancel it")
        await lead.submit({"On which day instead?": "2026-10-20", "Why?": "The room is taken again."})
        assert "It is on Tue, Oct 20, 8:30 AM now." in seen(lead)
        assert "Give it another date" not in seen(lead)
        await story.promises_hold()
