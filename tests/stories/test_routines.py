"""Team routines: started by who speaks for them, then planned, prepared, told of, asked about and recorded."""

from datetime import date

from sqlalchemy import delete, select

from handlers import agendas
from handlers.cards.text import Voice
from handlers.district import importer
from handlers.errors import UserError
from handlers.registry import act
from handlers.request import Request
from handlers.rules import routines as rules
from storage import occurrences
from storage.database import Database
from storage.models import Event, Message, Occurrence, Timer, table
from storage.store import Came
from storage.vocabulary import Door, Kind, OccurrenceStatus, PersonId, Platform
from tests.conformance.steps import COORDINATOR, SCOPE, STAFFING, looks_at, on_record, people, seen
from tests.stories.platforms import EVERYWHERE, IN_CHAT, ON_CONSOLE, ON_SLACK, ON_TEAMS
from tests.world import FILE, SEAL, Actor, World, detroit, world

DIT = "District Implementation Team"
START = f"Start: {DIT}"
MEMBER = "p-005"


async def started(story: World) -> Actor:
    """The coordinator, who leads the DIT, has started its monthly meeting."""
    lead = await story.person(COORDINATOR)
    await lead.command("/clearway routines")
    await lead.click(START)
    return lead


async def planned(story: World, database: Database, routine: str = "dit-monthly") -> list[Occurrence]:
    async with database.district(story.district_id, write=False) as connection:
        return await occurrences.to_come(connection, story.district_id, [routine])


async def all_of(story: World, database: Database) -> list[tuple[OccurrenceStatus, date]]:
    of = occurrences.occurrences
    async with database.district(story.district_id, write=False) as connection:
        rows = await connection.execute(of.select().order_by(of.c.day, of.c.status))
        return [(row.status, row.day) for row in rows]


@EVERYWHERE
async def test_a_month_of_a_team(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await on_record(story)
        member = await story.person(MEMBER)
        lead = await started(story)
        assert [each.day for each in await planned(story, database)] == [date(2026, 10, 13), date(2026, 11, 10)]

        await story.wait_until(detroit("2026-10-07 08:00"))  # the agenda call, with the day's digest
        assert "This is what it is about so far." in seen(lead)
        assert "This is what it is about" not in seen(member)
        await story.wait_until(detroit("2026-10-13 08:00"))
        assert f"{DIT}, Tue, Oct 13, 8:30" in seen(member)

        await story.wait_until(detroit("2026-10-13 12:00"))
        assert "Did it take place?" in lead.last_card.text
        assert "Did it take place?" not in seen(member)
        await lead.click("It took place")
        await lead.submit({"Notes and decisions (optional)": "Theo asks the board for two substitutes."})
        assert "It took place." in seen(lead)
        await story.wait_until(detroit("2026-10-14 08:00"))
        assert "It took place" in seen(member)

        await lead.command("/clearway meeting")
        assert "Nov 10" in str(lead.answer)
        assert (await all_of(story, database))[0] == (OccurrenceStatus.HELD, date(2026, 10, 13))
        await story.promises_hold()


@IN_CHAT
async def test_the_standing_item_is_there_also_when_there_is_nothing(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead = await started(story)
        await looks_at(lead, "Tue, Oct 13, 2026")
        assert "Implementation challenges" in seen(lead)
        assert "None this time." in seen(lead)
        await on_record(story)
        await looks_at(lead, "Tue, Oct 13, 2026")
        assert "1: No substitutes for training days at our school." in seen(lead)


@ON_TEAMS
async def test_nobody_is_asked_for_what_nobody_has_started(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead, member = await people(story, COORDINATOR, MEMBER)
        await story.wait_until(detroit("2026-11-12 12:00"))
        assert await planned(story, database) == []
        assert (lead.cards, member.cards) == ([], [])


@ON_SLACK
async def test_only_who_speaks_for_a_team_starts_its_routine(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        member, principal = await people(story, MEMBER, "p-021")
        await member.command("/clearway routines")
        assert DIT in str(member.answer)
        assert START not in member.answer.buttons
        await principal.command("/clearway routines")
        assert DIT not in str(principal.answer)


@ON_TEAMS
async def test_a_meeting_is_moved_with_its_reason_and_those_who_come_hear(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead, member = await started(story), await story.person(MEMBER)
        await looks_at(lead, "Tue, Oct 13, 2026")
        await lead.click("Move it")
        await lead.submit({"To which day?": "2026-10-15", "Why?": "The board room is taken."})
        assert "It is moved to Thu, Oct 15, 2026." in member.last_card.text
        assert "The board room is taken." in member.last_card.text
        assert [each.day for each in await planned(story, database)] == [date(2026, 10, 15), date(2026, 11, 10)]
        await story.wait_until(detroit("2026-10-15 12:00"))
        assert "Did it take place?" in lead.last_card.text


@ON_SLACK
async def test_what_is_cancelled_has_a_date_in_the_same_month_or_says_that_it_has_none(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead, member = await started(story), await story.person(MEMBER)
        await looks_at(lead, "Tue, Oct 13, 2026")
        await lead.click("Cancel it")
        await lead.submit({"Why?": "Half of us are away.", "On which day instead?": "2026-11-03"})
        assert "Oct 31" in str(lead.form.errors)
        await lead.submit({"Why?": "Half of us are away.", "On which day instead?": "2026-10-20"})
        assert "In its place there is one on Tue, Oct 20, 2026." in member.last_card.text
        assert (OccurrenceStatus.CANCELLED, date(2026, 10, 13)) in await all_of(story, database)
        assert [each.day for each in await planned(story, database)] == [date(2026, 10, 20), date(2026, 11, 10)]


@ON_TEAMS
async def test_a_missed_one_shows_and_who_does_not_say_is_asked_again_and_then_the_coordinator(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        coordinator, lead = await people(story, COORDINATOR, "p-002")
        await lead.command("/clearway routines")
        await lead.click("Start: Administrative Team")  # third Thursday; Theo leads it
        await story.wait_until(detroit("2026-10-15 16:00"))
        assert "Did it take place?" in lead.last_card.text
        await story.wait_until(detroit("2026-10-19 12:00"))
        assert sum("Did it take place?" in each.text for each in lead.cards) == 2
        assert "Did it take place?" in coordinator.last_card.text
        await coordinator.click("It did not")
        await coordinator.submit({"Why?": "Nobody had called it."})
        assert (OccurrenceStatus.MISSED, date(2026, 10, 15)) in await all_of(story, database)
        assert sum("Did it take place?" in each.text for each in lead.cards) == 0  # what asked says what became of it
        assert sum("It did not take place." in each.text for each in lead.cards) >= 2
        await story.wait_until(detroit("2026-11-02 12:00"))
        assert sum("Did it take place?" in each.text for each in lead.cards) == 0  # it is on record


@ON_SLACK
async def test_a_day_that_is_closed_moves_it_and_a_day_for_which_no_other_is_left_cancels_it(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead, member = await started(story), await story.person(MEMBER)
        snow = "closed:\n    - {name: Snow, from: 2026-10-13, to: 2026-10-14}"
        file = FILE.read_text(encoding="utf-8").replace("closed:", snow, 1)
        await importer.import_district(database, SEAL, file, now=story.clock.now())
        await story.settle()
        assert [each.day for each in await planned(story, database)] == [date(2026, 10, 15), date(2026, 11, 10)]
        await story.wait_until(detroit("2026-10-07 09:00"))
        assert "There is no school that day any more, so it is moved to Thu, Oct 15, 2026." in seen(member)
        assert lead.cards


@ON_TEAMS
async def test_after_an_outage_nobody_is_invited_to_what_is_past(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead, member = await started(story), await story.person(MEMBER)
        story.clock.at = detroit("2026-10-28 09:00")
        await story.wait_until(detroit("2026-10-29 12:00"))
        assert "This is what it is about" not in seen(member)
        assert "Did it take place?" in seen(lead)
        kinds = {each.kind for each in await history(story, database)}
        assert Kind.OCCURRENCE_INVITED not in kinds


async def history(story: World, database: Database) -> list[object]:

    of = table(Event)
    async with database.district(story.district_id, write=False) as connection:
        return list(await connection.execute(select(of).where(of.c.challenge_id.is_(None))))


@ON_SLACK
async def test_the_superintendent_reads_one_page_before_the_check_in_and_decides_from_it(
    database: Database, platform: str
) -> None:
    """First Thursday, 15:00: five school days before, the coordinator has it, puts a headline on it, and sends it."""
    async with world(database, platform, at="2026-11-23 09:00") as story:
        await on_record(story)
        coordinator, top, leader = await people(story, COORDINATOR, "p-001", "p-004")
        await leader.click("Not mine")
        await leader.submit({"Why is it not yours? (optional)": "It needs a change of policy."})
        second = await story.person("p-002")
        await second.click("Not mine")
        await second.submit({"Why is it not yours? (optional)": "It is for the top."})
        assert (await story.case()).challenge.owner_id == "p-001"

        await coordinator.command("/clearway routines")
        await coordinator.click("Start: Check-in: Casey Lindqvist-Amara, Dr. Ma…")
        await story.wait_until(detroit("2026-11-24 09:00"))
        assert "Decisions that only the superintendent can take: 1" in seen(coordinator)
        assert "1.1, for" in seen(coordinator)
        assert "Check-in" not in seen(top)
        await looks_at(coordinator, "Thu, Dec 3, 2026")
        await coordinator.click("Add to the agenda")
        await coordinator.submit({"What else is to be on it?": "Reading scores are up in four schools."})
        await coordinator.click("Send it now")
        assert "Reading scores are up in four schools." in top.last_card.text
        await top.click("Show 1")
        await top.click("I understand it")
        await top.submit({SCOPE: "The policy is changed."})
        assert (await story.case()).challenge.status == "understood"


TEAMS = "Which teams? Each meets by itself."
SCHOOL_TEAM = "Cedar Flats School Leadership Team"
CHECK_IN = "Start: Check-in: Casey Lindqvist-Amara, Dr. Ma…"


async def for_the_top(story: World) -> None:
    """A challenge has come to the superintendent."""
    await on_record(story)
    leader, second = await people(story, "p-004", "p-002")
    for each in (leader, second):
        await each.click("Not mine")
        await each.submit({"Why is it not yours? (optional)": "It needs a change of policy."})


@ON_SLACK
async def test_the_page_before_the_check_in_begins_with_figures_and_has_time_and_risks(
    database: Database, platform: str
) -> None:
    async with world(database, platform, at="2026-10-26 09:00") as story:
        await for_the_top(story)
        coordinator, top, teacher = await people(story, COORDINATOR, "p-001", "p-019")
        await coordinator.command("/clearway routines")
        await coordinator.click(CHECK_IN)
        await story.wait_until(detroit("2026-11-04 09:00"))
        for words in ("Open: 1", "Addressed since Mon, Oct 5, 2026: 0", "Time and risks", "Waiting longest for the"):
            assert words in seen(top), words
        assert "than at the check-in" not in seen(top)
        await story.wait_until(detroit("2026-11-05 16:30"))
        await coordinator.click("It took place", coordinator.last_card)
        await coordinator.submit()

        await teacher.report("The roof leaks.", values={**STAFFING, "Urgency": "High"})
        await story.wait_until(detroit("2026-12-02 09:00"))
        page = seen(top)
        for words in ("More is open than at the check-in on Thu, Nov 5, 2026.", "Open: 2; on Thu, Nov 5, 2026: 1"):
            assert words in page, words
        assert "Overdue: 2" in page
        assert "High urgency: 1" in page
        await top.command("/challenges overdue")
        assert "Show 1" in seen(top)
        assert "Show 2" in seen(top)  # the figure is that of the list


@EVERYWHERE
async def test_the_superintendent_decides_from_the_page_before_the_check_in(database: Database, platform: str) -> None:
    async with world(database, platform, at="2026-11-23 09:00") as story:
        await for_the_top(story)
        coordinator, top = await people(story, COORDINATOR, "p-001")
        await coordinator.command("/clearway routines")
        await coordinator.click(CHECK_IN)
        await story.wait_until(detroit("2026-11-24 09:00"))
        await looks_at(coordinator, "Thu, Dec 3, 2026")
        assert "Decide 1" not in seen(coordinator)
        await looks_at(top, "Thu, Dec 3, 2026")
        assert "Decide 1" not in seen(top)  # it is still looked over
        await looks_at(coordinator, "Thu, Dec 3, 2026")
        await coordinator.click("Send it now")
        assert "Decide 1" not in seen(coordinator)  # it is not theirs
        await top.click("Decide 1", top.last_card)
        await top.submit({"What was decided?": "Two floating substitutes, from my budget."})
        case = await story.case()
        assert "Two floating substitutes, from my budget." in str(case.words)
        assert [each.kind for each in await story.history()].count(Kind.DECIDED) == 1
        await looks_at(coordinator, "Thu, Dec 3, 2026")
        assert "Two floating substitutes, from my budget." in seen(coordinator)
        assert "Decided on 1:" in seen(coordinator)
        await story.promises_hold()


@ON_TEAMS
async def test_a_time_that_is_written_with_the_days_is_understood(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead = await story.person(COORDINATOR)
        await makes(lead, name="Prep hour", teams=[DIT], rule="second Tuesday at 9 am", start="10:00")
        assert "With the days you say another time." in str(lead.form.errors)
        await lead.submit({"At what time?": "9:00"})
        made = (await story.directory()).routine("prep-hour")
        assert made is not None
        assert (made.rule, f"{made.start:%H:%M}") == ("second Tuesday", "09:00")


@ON_TEAMS
async def test_a_time_outside_the_hours_is_taken_and_said(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead = await story.person(COORDINATOR)
        await makes(lead, name="Night hour", teams=[DIT], rule="second Tuesday", start="9 pm")
        assert "not within the hours in which people are written to" in seen(lead)
        await makes(lead, name="Day hour", teams=[DIT], rule="second Tuesday", start="9 am")
        await lead.click("Change it")
        await lead.submit({"At what time?": "2:30 am"})
        assert seen(lead).count("not within the hours") >= 1
        await lead.click("Start it")
        assert "Clearway runs it from now on." in seen(lead)


@ON_TEAMS
async def test_what_has_climbed_to_the_top_is_a_decision_for_leaders_also_when_it_is_late(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        await for_the_top(story)
        lead = await started(story)
        await story.wait_until(detroit("2026-11-09 12:00"))
        await looks_at(lead, "Tue, Nov 10, 2026")
        page = seen(lead)
        assert "Decisions for leaders: 1" in page
        assert "Overdue: 1: No substitutes" in page


@ON_SLACK
async def test_who_leads_a_team_gets_how_it_was_without_asking_for_it(database: Database, platform: str) -> None:
    """Any team that uses the process has all of the routine in one step (R-78)."""
    async with world(database, platform) as story:
        principal = await story.person("p-021")
        await principal.command("/clearway routines")
        await principal.click("New routine")
        await principal.submit({"On which days?": "third Monday", "At what time?": "3:15 pm", TEAMS: [SCHOOL_TEAM]})
        assert "third Monday, 3:15" in seen(principal)
        [made] = [each for each in (await story.directory()).routines if each.rule == "third Monday"]
        assert made.poll
        assert not made.log_review


@ON_TEAMS
async def test_home_names_the_next_meetings_and_a_lost_date_is_found_and_set_anew(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead = await started(story)
        await lead.open_home()
        assert f"{DIT}: Tue, Oct 13, 8:30" in str(lead.home)
        of = table(Timer)
        async with database.queue() as connection:
            await connection.execute(delete(of).where(of.c.kind.in_(["routine", "occurrence"])))
        assert await story.made.loops.run_audit() == []
        await story.wait_until(detroit("2026-10-13 12:00"))
        assert "Did it take place?" in lead.last_card.text


@ON_SLACK
async def test_a_snow_day_moves_what_is_due_and_stays_through_an_import(database: Database, platform: str) -> None:
    async with world(database, platform, at="2026-10-12 15:00") as story:
        teacher = await on_record(story)
        member = await story.person(MEMBER)
        lead = await started(story)
        before = (await story.case()).challenge.decide_by
        await lead.command("/clearway closed")
        await lead.submit({"First day without school": "2026-10-01"})
        assert "today or later" in str(lead.form.errors)
        await lead.submit({"First day without school": "2026-10-13", "Why? (optional)": "Snow"})
        assert "There is no school: Tue, Oct 13, 2026." in seen(lead)
        assert next(each.day for each in await planned(story, database)) == date(2026, 10, 14)
        await story.wait_until(detroit("2026-10-13 20:00"))
        assert await sent_on(database, story, date(2026, 10, 13)) == []
        await story.wait_until(detroit("2026-10-14 08:00"))
        assert "moved to Wed, Oct 14, 2026" in seen(member)
        assert before is not None
        assert (await story.case()).challenge.decide_by is not None

        file = FILE.read_text(encoding="utf-8").replace("name: Jonah Prescod", "name: Jonah Prescod-Hale", 1)
        await importer.import_district(database, SEAL, file, now=story.clock.now())
        closed = (await story.directory()).calendar.closures
        assert [each.name for each in closed if each.from_on == date(2026, 10, 13)] == ["Snow"]
        await teacher.command("/clearway closed")
        assert "Only the coordinator or an executive leader" in str(teacher.answer)


async def sent_on(database: Database, story: World, day: date) -> list[object]:
    of = table(Message)
    async with database.district(story.district_id, write=False) as connection:
        rows = await connection.execute(select(of.c.kind, of.c.ended_at, of.c.lane).where(of.c.state == "sent"))
        return [row for row in rows if row.ended_at.astimezone(detroit("2026-10-13 09:00").tzinfo).date() == day]


@ON_TEAMS
async def test_what_is_restricted_goes_from_every_agenda_that_stands_somewhere(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        await on_record(story)
        member = await story.person(MEMBER)
        lead = await started(story)
        await lead.command("/clearway here dit", channel="dit")
        await looks_at(lead, "Tue, Oct 13, 2026")
        await lead.click("Add to the agenda")
        await lead.submit({"What else is to be on it?": "The new bell times, as Hal Quist has them."})
        await story.wait_until(detroit("2026-10-12 09:00"))
        assert "No substitutes for training days" in await lead.reads("dit")
        assert "No substitutes for training days" in member.last_card.text
        assert "Hal Quist has them" in member.last_card.text
        assert "Hal Quist has them" not in await lead.reads("dit")  # whoever is in the room reads it
        await lead.command("/challenges 1")
        await lead.click("Who can see it")
        await lead.submit({"Challenge 1": ["Only the coordinator, the owner, those who raised it and those admitted"]})
        assert "No substitutes for training days" not in await lead.reads("dit")
        assert "No substitutes for training days" not in member.last_card.text
        assert "This is what it is about." in member.last_card.text


@ON_SLACK
async def test_a_member_of_one_team_reads_nothing_of_another_of_the_same_routine(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        coordinator, principal, stranger = await people(story, COORDINATOR, "p-021", "p-019")
        await coordinator.command("/clearway routines")
        await coordinator.click("Start: Alder Creek School Leadership Team and…")
        rows = await planned(story, database, "slt-monthly")
        [theirs] = [each for each in rows if each.team_id == "slt-cedar" and each.day == date(2026, 10, 21)]
        async with story.made.districts.open(story.district_id, Came(Door.OPERATOR)) as store:
            routine = store.directory.routine("slt-monthly")
            assert routine is not None
            sees = {
                each: agendas.sees(store, theirs, routine, store.directory.people[PersonId(each)], story.clock.now())
                for each in ("p-010", "p-021", "p-023", "p-019")
            }
        assert sees == {"p-010": True, "p-021": True, "p-023": True, "p-019": False}
        await stranger.command("/clearway meeting")
        assert "Cedar" not in str(stranger.answer)
        await principal.command("/clearway meeting")
        assert "Cedar Flats School Leadership Team" in str(principal.answer)


async def imports(story: World, database: Database, was: str, becomes: str) -> importer.ImportResult:
    """The district's file is imported, with one thing in it changed."""
    file = FILE.read_text(encoding="utf-8")
    assert was in file
    return await importer.import_district(database, SEAL, file.replace(was, becomes, 1), now=story.clock.now())


DIT_ENTRY = '  - {id: dit-monthly, team: dit, rule: second Tuesday, start: "08:30", minutes: 120, log_review: true}\n'


@ON_TEAMS
async def test_a_routine_that_the_file_has_no_more_ends_what_was_planned_of_it(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead, member = await started(story), await story.person(MEMBER)
        await story.wait_until(detroit("2026-10-12 10:00"))
        assert "This is what it is about." in seen(member)
        await imports(story, database, DIT_ENTRY, "")
        await story.settle()
        assert await planned(story, database) == []
        assert "It was cancelled." in seen(member)  # on the invitation that they have
        await story.wait_until(detroit("2026-10-13 08:00"))
        for each in (lead, member):
            assert "not one of the district's routines any more" in seen(each)
        await story.wait_until(detroit("2026-10-13 12:00"))
        assert "Did it take place?" not in seen(lead)
        await story.promises_hold()


@ON_SLACK
async def test_a_day_that_the_file_closes_moves_its_meeting_at_once(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await started(story)
        await story.wait_until(detroit("2026-10-12 10:00"))
        await imports(story, database, "closed:", "closed:\n    - {name: Snow, from: 2026-10-13, to: 2026-10-13}")
        assert [each.day for each in await planned(story, database)][:2] == [date(2026, 10, 14), date(2026, 11, 10)]


@ON_TEAMS
async def test_what_clearway_does_not_run_gets_no_other_date(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead = await started(story)
        await lead.command("/clearway routines")
        await lead.click(f"Stop: {DIT}")
        first, second = await planned(story, database)
        day = "2026-10-20"

        async def presses(action: str, item: Occurrence, **fields: str) -> str:
            """What stands before them from before it was stopped."""
            async with story.made.districts.open(story.district_id, Came(Door.OPERATOR), write=True) as store:
                actor = store.directory.people[PersonId(COORDINATOR)]
                voice, said = Voice(store.directory, actor), {"reason": "We are done.", **fields}
                asked = Request(actor, voice, action, Door.BUTTON, Platform.TEAMS, item=item.id, fields=said)
                try:
                    await act(store, asked, story.clock.now())
                    await store.flush(story.clock.now())
                except UserError as error:
                    return voice(error.phrase)
                return ""

        assert "Clearway does not run it at the moment." in await presses("meeting.move", first, day=day)
        assert "leave this empty" in await presses("meeting.cancel", first, day=day)
        assert await presses("meeting.cancel", first) == ""  # that promises nothing
        assert "Clearway does not run it at the moment." in await presses("meeting.again", first, day=day)
        assert [each.id for each in await planned(story, database)] == [second.id]


@ON_SLACK
async def test_with_the_end_of_installation_sessions_and_their_planning_are_stopped(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        session = (
            '  - {id: learning-day, kind: whole_day, team: dit, rule: third Monday, start: "08:30", running: true}\n'
        )
        await imports(story, database, DIT_ENTRY, DIT_ENTRY + session)
        await story.settle()
        assert await planned(story, database, "learning-day")
        file = FILE.read_text(encoding="utf-8").replace(DIT_ENTRY, DIT_ENTRY + session, 1)
        later = file.replace("phase: installation", "phase: full_implementation", 1)
        for told in (True, False):  # once: whoever starts it again keeps it
            found = await importer.import_district(database, SEAL, later, now=story.clock.now())
            assert any("learning-day" in each for each in found.warnings) is told
        assert not (await story.directory()).routine("learning-day").running
        lead = await story.person(COORDINATOR)
        await story.wait_until(detroit("2026-10-20 09:00"))
        assert not any("Oct 19" in each.text for each in lead.cards)


async def makes(lead: Actor, **values: str | list[str]) -> None:
    await lead.command("/clearway routines")
    await lead.click("New routine")
    labels = {
        "name": "Name",
        "teams": "Which teams? Each meets by itself.",
        "roles": "Everybody of which roles?",
        "rule": "On which days?",
        "start": "At what time?",
    }
    await lead.submit({labels[each]: value for each, value in values.items()})


@IN_CHAT
async def test_a_routine_for_everybody_who_has_a_role(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead, principal, teacher = await people(story, COORDINATOR, "p-021", "p-023")
        await makes(lead, name="Principals' hour", roles=["Principal"], rule="second Wednesday", start="3 pm")
        assert "second Wednesday, 3:00" in seen(lead)
        await lead.click("Start it")
        await story.wait_until(detroit("2026-10-13 09:00"))
        assert "Principals' hour" in seen(principal)
        assert "Principals' hour" not in seen(teacher)
        assert [each.lead_id for each in await planned(story, database, "principals-hour")][:1] == [COORDINATOR]
        await principal.command("/clearway meeting")
        assert "Principals' hour" in str(principal.answer)
        await teacher.command("/clearway meeting")
        assert "Principals' hour" not in str(teacher.answer)

        # Whoever has the role by then comes: from the next import on, somebody else has it, too.
        await imports(story, database, "role: teacher, grade: 4, school: cedar", "role: principal, school: cedar")
        await story.settle()
        await teacher.command("/clearway meeting")
        assert "Principals' hour" in str(teacher.answer)
        await lead.command("/clearway routines")
        await lead.click("Show: Principals' hour")
        await lead.click("Change it")
        await lead.submit({"At what time?": "2 pm"})  # who comes stays
        [routine] = [each for each in (await story.directory()).routines if each.id == "principals-hour"]
        assert routine.person_roles == ("principal",)
        await story.promises_hold()


@ON_SLACK
async def test_with_the_team_of_a_school_a_role_is_that_of_its_school(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead = await story.person(COORDINATOR)
        was = "id: slt-monthly, "
        await imports(story, database, was, was + "people: [p-010], roles: [school_coach], ")
        await lead.command("/clearway routines")
        await lead.click("Start: Alder Creek School Leadership Team and…")
        directory = await story.directory()
        routine = directory.routine("slt-monthly")
        assert routine is not None
        coaches = {each.id: each.school_ids for each in directory.with_role("school_coach")}
        assert len({each for schools in coaches.values() for each in schools}) > 1
        for row in await planned(story, database, "slt-monthly"):
            school_id = directory.teams[row.team_id].school_id
            there = {each.id for each in rules.invited(routine, row.team_id, directory, row.day)}
            assert PersonId("p-010") in there
            theirs = {each for each, schools in coaches.items() if school_id in schools}
            members = set(directory.teams[row.team_id].member_ids)
            assert there & coaches.keys() == theirs | (members & coaches.keys())


@ON_SLACK
async def test_who_leads_a_team_names_no_roles_and_keeps_those_that_are_named(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        principal = await story.person("p-021")
        was = "id: slt-monthly, teams: [slt-alder, slt-birch, slt-cedar, slt-dunmore, slt-lbms, slt-lbhs], "
        await imports(story, database, was, "id: slt-monthly, team: slt-cedar, roles: [school_coach], ")
        await principal.command("/clearway routines")
        await principal.click("Show: Cedar Flats School Leadership Team")
        await principal.click("Change it")
        assert "Everybody of which roles?" not in principal.form.labels
        await principal.submit({"At what time?": "2 pm"})
        [routine] = [each for each in (await story.directory()).routines if each.id == "slt-monthly"]
        assert (routine.start.hour, routine.person_roles) == (14, ("school_coach",))


async def closes(lead: Actor, first: str, last: str = "") -> None:
    await lead.command("/clearway closed")
    await lead.submit(
        {"First day without school": first} | ({"Last day, if there is more than one": last} if last else {})
    )


@IN_CHAT
async def test_what_is_counted_in_school_days_follows_a_closure_in_between(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead, member = await people(story, COORDINATOR, "p-021")
        team = "District Implementation Team"
        rule = "3 school days after second Tuesday"
        await makes(lead, name="Follow-up hour", teams=[team], roles=["Principal"], rule=rule, start="3 pm")
        await lead.click("Start it")
        assert [each.day for each in await planned(story, database, "follow-up-hour")][:1] == [date(2026, 10, 16)]
        await closes(lead, "2026-10-14")  # nobody has heard of it yet
        await story.settle()
        [first, *_] = await planned(story, database, "follow-up-hour")
        assert (first.day, first.version, first.in_place_of) == (date(2026, 10, 19), 2, "")

        await story.wait_until(detroit("2026-10-14 09:00"))
        assert "Follow-up hour" in seen(member)
        await closes(lead, "2026-10-15")
        await story.settle()
        [first, *_] = await planned(story, database, "follow-up-hour")
        assert (first.day, first.in_place_of != "") == (date(2026, 10, 20), True)
        await story.wait_until(detroit("2026-10-16 09:00"))
        assert "The school days from which it is counted have changed, so it is moved to Tue, Oct 20, 2026." in seen(
            member
        )

        # Somebody has chosen its day: there it stays.
        await looks_at(lead, "Tue, Oct 20, 2026")
        await lead.click("Move it")
        await lead.submit({"To which day?": "2026-10-22", "Why?": "The room is taken"})
        await closes(lead, "2026-10-19")
        await story.settle()
        [first, *_] = await planned(story, database, "follow-up-hour")
        assert (first.day, first.chosen) == (date(2026, 10, 22), True)
        await story.promises_hold()


@ON_SLACK
async def test_what_was_moved_into_the_next_month_and_is_cancelled_has_a_date_in_its_own(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead = await started(story)
        await looks_at(lead, "Tue, Oct 13, 2026")
        await lead.click("Move it")
        await lead.submit({"To which day?": "2026-11-05", "Why?": "The board meets"})
        await looks_at(lead, "Thu, Nov 5, 2026")
        await lead.click("Cancel it")
        values = {"On which day instead?": "2026-12-02", "Why?": "Half of us are away"}
        await lead.submit(values)
        assert "Oct 1" in str(lead.form.errors)
        await lead.submit({"On which day instead?": "2026-10-28"})
        assert [each.day for each in await planned(story, database)][:1] == [date(2026, 10, 28)]
        await story.promises_hold()


@IN_CHAT
async def test_a_venue_of_the_process_has_the_item_and_a_team_that_lacks_it_is_named_until_it_has(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead = await story.person(COORDINATOR)
        was = "days to resolve challenge], uses_process: true, standing_item: true"
        becomes = "days to resolve challenge], uses_process: false, standing_item: false"
        await imports(story, database, was, becomes)
        await lead.command("/clearway routines")
        assert "their own agenda lacks “Implementation challenges”: District Implementation Team, Dunmore" in seen(lead)
        await lead.click("On their agenda now: Dunmore School Leadership Team")
        assert "On their agenda now: Dunmore School Leadership Team" not in lead.answer.buttons
        await lead.command("/clearway routines")
        assert "lacks “Implementation challenges”: District Implementation Team." in seen(lead)
        await lead.click(START)
        await lead.command("/clearway routines")
        assert "lacks “Implementation challenges”" not in str(lead.answer)
        await looks_at(lead, "Tue, Oct 13, 2026")
        assert "Implementation challenges" in seen(lead)

        # What was said in chat stays, whatever else of that team is changed in the file.
        await imports(story, database, "name: Dunmore School Leadership Team", "name: Dunmore Leadership Team")
        await lead.command("/clearway routines")
        assert "lacks “Implementation challenges”" not in str(lead.answer)
        await story.promises_hold()


@IN_CHAT
async def test_the_dates_of_the_next_school_year_are_foretold_and_proposed_in_spring(
    database: Database, platform: str
) -> None:
    async with world(database, platform, at="2027-03-15 09:00") as story:
        lead = await started(story)
        await makes(lead, name="Data days", teams=[DIT], rule="2027-03-17, 2027-05-12", start="3 pm")
        await lead.click("Start it")
        await lead.command("/clearway next")
        assert "Dates: Data days" in str(lead.answer)
        assert f"Dates: {DIT}" in str(lead.answer)
        foretold = str(lead.answer)
        await story.wait_until(detroit("2027-03-31 12:00"))
        assert "Dates: Data days" not in seen(lead).replace(foretold, "")
        await story.wait_until(detroit("2027-04-05 09:00"))
        assert f"Dates: {DIT}" in lead.last_card.text
        assert "Its days are a list, and none of them is in the next school year." in lead.last_card.text
        await story.promises_hold()


@ON_SLACK
async def test_after_an_outage_in_spring_the_dates_are_proposed_all_the_same(database: Database, platform: str) -> None:
    async with world(database, platform, at="2027-03-15 09:00") as story:
        lead = await started(story)
        story.clock.at = detroit("2027-05-05 09:00")
        await story.wait_until(detroit("2027-05-07 09:00"))
        assert f"Dates: {DIT}" in seen(lead)
        before = seen(lead).count(f"Dates: {DIT}")
        await story.wait_until(detroit("2027-05-14 09:00"))
        assert seen(lead).count(f"Dates: {DIT}") == before
        await story.promises_hold()


@IN_CHAT
async def test_after_an_outage_all_meetings_that_are_past_are_asked_about_in_one_digest(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead = await story.person(COORDINATOR)
        await makes(lead, name="Data hour", teams=[DIT], rule="every Monday", start="3 pm")
        await lead.click("Start it")
        await story.wait_until(detroit("2026-10-09 12:00"))
        before = len(lead.cards)
        story.clock.at = detroit("2026-11-04 09:00")
        await story.wait_until(detroit("2026-11-04 16:00"))  # that of Monday, by itself
        assert ["Nov 2" in each.title for each in lead.cards[before:]] == [True]
        await story.wait_until(detroit("2026-11-05 08:00"))
        digest = lead.last_card
        for day in ("Oct 12", "Oct 19", "Oct 26"):
            assert f"It did not: {day}: Data hour" in digest.buttons
        await lead.click("It did not: Oct 19: Data hour", digest)
        await lead.submit({"Why?": "Nobody was there."})
        assert (OccurrenceStatus.MISSED, date(2026, 10, 19)) in await all_of(story, database)
        await story.promises_hold()


@ON_SLACK
async def test_what_has_nothing_on_record_can_be_taken_out_and_what_has_cannot(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead = await story.person(COORDINATOR)
        await makes(lead, name="Data hour", teams=[DIT], rule="every Monday", start="3 pm")
        await makes(lead, name="Bus hour", teams=[DIT], rule="every Tuesday", start="3 pm")
        await lead.click("Start it")
        for name, offered in (("Bus hour", False), ("Data hour", True)):
            await lead.command("/clearway routines")
            await lead.click(f"Show: {name}")
            assert ("Take it out" in seen(lead).rpartition(f"\n{name}\n")[2]) is offered
        await lead.click("Take it out")
        assert [each.id for each in (await story.directory()).routines if each.id.endswith("hour")] == ["bus-hour"]


@ON_TEAMS
async def test_what_is_raised_is_discussed_when_people_do_meet(database: Database, platform: str) -> None:
    """The next one was moved by hand, and the one after it is cancelled."""
    async with world(database, platform) as story:
        lead = await started(story)
        await looks_at(lead, "Tue, Oct 13, 2026")
        await lead.click("Move it")
        await lead.submit({"To which day?": "2026-10-15", "Why?": "The board room is taken."})
        teacher = await on_record(story)
        assert "next on Thu, Oct 15" in str(teacher.last_card)
        await looks_at(lead, "Tue, Nov 10, 2026")
        await lead.click("Cancel it")
        await lead.submit({"Why?": "Half of us are away"})
        await story.wait_until(detroit("2026-10-16 09:00"))
        await teacher.command("/challenges 1")
        assert "next on Tue, Dec 8" in seen(teacher)
        await story.promises_hold()


@ON_CONSOLE
async def test_what_is_no_number_is_not_taken_for_none(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead = await story.person(COORDINATOR)
        await makes(lead, name="Hour", teams=[DIT], rule="second Wednesday", start="3 pm")
        await lead.click("What is on it")
        days, quorum = "Prepared how many school days before?", "It counts when so many were there"
        for said in ({days: "three", quorum: "-2"}, {days: "2.5", quorum: "999"}):
            await lead.submit(said)
            assert "Please give 1 to 60 school days" in str(lead.form.errors)
            assert "Please give a whole number up to" in str(lead.form.errors)
            assert lead.form.values[quorum] == said[quorum]
        await lead.submit({days: "3", quorum: ""})
        [routine] = [each for each in (await story.directory()).routines if each.id == "hour"]
        assert (routine.lead_days, routine.quorum) == (3, 0)


@ON_TEAMS
async def test_nobody_facilitates_or_records_what_nobody_meets_for(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead, keeper, recorder = await people(story, COORDINATOR, "p-014", "p-011")
        await lead.command("/clearway routines")
        await lead.click("New routine")
        reminder = {
            "What is it?": "A reminder: nobody meets",
            "Name": "Update the data",
            "On which days?": "second Friday",
        }
        await lead.submit({**reminder, "Which teams? Each meets by itself.": [DIT], "At what time?": "9:00"})
        await lead.click("Start it")
        await story.wait_until(detroit("2026-10-08 12:00"))
        assert "Update the data" in seen(keeper)
        assert "Update the data" not in seen(recorder)  # who is of no team: there is nothing to write down
        await keeper.command("/clearway away")
        days = {"First day": "2026-10-09", "Last day": "2026-10-09"}
        await keeper.submit({**days, "Who stands in for you?": "Theo Brackenridge"})
        await looks_at(lead, "Fri, Oct 9, 2026")
        await story.wait_until(detroit("2026-10-09 12:00"))
        await lead.click("It is done")
        await lead.submit({"What was done?": "All of it."})
        [backup] = await people(story, "p-018")
        for each in (lead, keeper, recorder, backup):
            for words in ("facilitate", "records", "record it", "keep the time", "keeps the time"):
                assert words not in seen(each), words
        await story.promises_hold()
