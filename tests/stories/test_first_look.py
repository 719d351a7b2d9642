"""What somebody ran into who opened it for the first time, and held a meeting with it on a phone."""

from bot import practice
from handlers.district.importer import import_district
from storage.database import Database
from tests.conformance.steps import COORDINATOR, TEACHER, looks_at, on_record, people, seen
from tests.stories.platforms import ON_SLACK, ON_TEAMS
from tests.stories.test_actions import shut
from tests.stories.test_meetings import RECORDER
from tests.stories.test_routines import DIT, MEMBER, started
from tests.stories.test_versions import submitted
from tests.world import FILE, SEAL, detroit, world

OCTOBER = f"{DIT}: Tue, Oct 13, 8:30"


@ON_TEAMS
async def test_an_agenda_in_a_chat_leads_to_what_it_is_now(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await on_record(story)
        await on_record(story, words="Three lesson calendars contradict each other in week 2.")
        lead = await started(story)
        await lead.click("Show Tue, Oct 13, 2026")  # what was started can be opened
        member, recorder = await people(story, MEMBER, RECORDER)

        await story.wait_until(detroit("2026-10-12 09:00"))
        invited = member.last_card
        # Who records for the district's team sees what it sees, though not one of its members.
        assert "2: Three lesson calendars contradict each other in week 2." in seen(recorder)

        await story.wait_until(detroit("2026-10-13 08:35"))
        await member.click("Show it as it is now", invited)
        assert "It is on now." in seen(member)
        await lead.command("/clearway meeting")
        assert f"{OCTOBER} AM. It is on now." in lead.answer.text
        await lead.click("Show Tue, Oct 13, 2026")
        await lead.click("Go through the log")
        await lead.click("Gone through, next")
        await lead.click("Gone through, next")
        await looks_at(lead, "Tue, Oct 13, 2026")
        assert "Gone through: 1, 2" in seen(lead)  # and not only what was decided on

        await story.wait_until(detroit("2026-10-13 11:00"))
        await lead.command("/clearway meeting")
        assert f"{OCTOBER} AM. Did it take place?" in lead.answer.text


@ON_SLACK
async def test_what_waits_for_approval_has_waited_for_as_long_as_it_has(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead = await submitted(story, database)
        await lead.command("/clearway routines")
        await lead.click("Start: Check-in: Casey Lindqvist-Amara, Dr. Ma…")
        await lead.click("Show Thu, Nov 5, 2026")
        shown = seen(lead)
        assert "1.2, since today" in shown
        assert "for -" not in shown  # the file has one that is to be submitted in November
        await lead.command("/clearway process")
        assert "1.1 waits for approval" not in seen(lead)


@ON_SLACK
async def test_a_routine_whose_days_are_not_understood(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead = await story.person(COORDINATOR)
        await lead.command("/clearway routines")
        await lead.click("New routine")
        asked = {"Which teams? Each meets by itself.": ["SEL Committee"], "At what time?": "15:00"}
        await lead.submit({**asked, "On which days?": "every other Wednesday"})
        assert "Please add the date of the first one" in str(lead.form.errors)
        await lead.submit({**asked, "On which days?": "the last Friday of the month"})
        assert "the last Friday of the month, 3:00" in seen(lead)


@ON_SLACK
async def test_everything_is_opened_by_a_button_for_who_does_not_type(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher = await story.person(TEACHER)
        await teacher.open_home()
        await teacher.click("All I can do here")
        await teacher.click("Meetings")
        assert "Your next meetings" in seen(teacher)
        await shut(teacher)
        await teacher.command("/clearway meetins")
        assert "clearway meeting" in teacher.answer.text


async def test_the_practice_workspace_has_a_draft_to_submit_and_approve(database: Database) -> None:
    text = FILE.read_text(encoding="utf-8")
    for each in (text, practice.with_a_draft(text)):
        result = await import_district(database, SEAL, each, now=detroit("2026-10-06 08:00"))
    assert result.draft is not None


@ON_SLACK
async def test_who_sees_a_part_of_the_log_reads_of_no_others_that_there_are_none(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead, principal = await story.person(COORDINATOR), await story.person("p-021")
        await lead.command("/clearway routines")
        await lead.click("Start: Administrative Team")
        await looks_at(principal, "Thu, Oct 15, 2026")
        assert "None that you can see." in seen(principal)
        assert "None this time." not in seen(principal)
