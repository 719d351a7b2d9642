"""A meeting gone through: the call for its agenda, who does what, the log one by one, its minutes, and how it was."""

from sqlalchemy import select

from handlers.telling import tell
from storage import occurrences
from storage.database import Database
from storage.models import Event, Feedback, Record, table
from storage.store import Came
from storage.vocabulary import Door, Kind, Lane, MessageKind, PersonId, TeamId
from tests.conformance.steps import CONFIDENTIAL, COORDINATOR, looks_at, on_record, people, seen
from tests.stories.platforms import EVERYWHERE, IN_CHAT, ON_SLACK, ON_TEAMS
from tests.stories.test_routines import DIT, MEMBER, imports, planned, started
from tests.world import Actor, World, detroit, world

RECORDER, BACKUP = "p-011", "p-012"
HOW = {
    "Was it worth your time?": "4: very",
    "Were all kinds of people spoken of with respect, and for their strengths?": "3: mostly",
}


@EVERYWHERE
async def test_a_meeting_from_its_call_to_its_minutes(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await on_record(story)
        lead = await started(story)
        member, owner, recorder = await people(story, MEMBER, "p-004", RECORDER)

        await story.wait_until(detroit("2026-10-07 09:00"))  # everybody is asked for its agenda
        assert "Is there something for its agenda?" in seen(member)
        await looks_at(member, "Tue, Oct 13, 2026")
        await member.click("Add to the agenda")
        await member.submit({"What else is to be on it?": "Bus times on training days."})
        await story.wait_until(detroit("2026-10-12 09:00"))
        assert "Bus times on training days." in seen(recorder)
        assert "You record it this time" not in seen(member)
        assert "You record it this time." in seen(recorder)

        await story.wait_until(detroit("2026-10-13 08:35"))  # it has begun
        await looks_at(lead, "Tue, Oct 13, 2026")
        await lead.click("Go through the log")
        assert "1 of 1: challenge 1" in seen(lead)
        await looks_at(recorder, "Tue, Oct 13, 2026")  # who is of no team, but writes its minutes
        assert "1: No substitutes for training days at our school." in seen(recorder)
        await lead.click("Write down a decision")
        await lead.submit({"What was decided?": "Two floating substitutes from November on."})
        assert "Written down on challenge 1." in seen(lead)
        assert "All is gone through: 1 challenge." in seen(lead)
        assert "Two floating substitutes from November on." in str((await story.case()).words)

        await looks_at(recorder, "Tue, Oct 13, 2026")
        await recorder.click("Add a note")
        await recorder.submit({"Your note": "The coaches ask for a shared calendar."})
        await looks_at(lead, "Tue, Oct 13, 2026")
        await lead.click("It took place")
        await lead.submit()
        await story.wait_until(detroit("2026-10-14 08:00"))
        minutes = await record_of(member)
        for words in ("Decided on 1:", "Two floating substitutes", "shared calendar", "Gone through: 1"):
            assert words in minutes, words
        assert "Not gone through" not in seen(member)
        assert "Two floating substitutes" in seen(owner)  # who leads the challenge hears of the decision
        await story.promises_hold()


async def record_of(actor: Actor) -> str:
    """What somebody reads who opens the line of their digest."""
    await actor.click(f"Show: {DIT}", actor.last_card)
    return seen(actor)


@IN_CHAT
async def test_what_was_not_gone_through_is_named(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await on_record(story)
        second = await story.person("p-019")
        await second.report("The reading data cannot be opened.")
        lead = await started(story)
        await story.wait_until(detroit("2026-10-13 08:35"))
        await looks_at(lead, "Tue, Oct 13, 2026")
        await lead.click("Go through the log")
        assert "1 of 2: challenge" in seen(lead)
        first = 2 if "1 of 2: challenge 2" in seen(lead) else 1
        await lead.click("Gone through, next")
        assert "2 of 2: challenge" in seen(lead)
        await looks_at(lead, "Tue, Oct 13, 2026")
        await lead.click("It took place")
        await lead.submit()
        assert f"Gone through: {first}" in seen(lead)
        assert "Not gone through: 1" in seen(lead)
        assert f"{3 - first}: " in seen(lead)


@ON_TEAMS
async def test_what_was_worked_on_while_it_was_on_was_gone_through(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await on_record(story)
        teacher, member = await people(story, "p-019", MEMBER)
        for words in ("The reading data cannot be opened.", "The bus is late each Monday.", "The key is lost."):
            await teacher.report(words)
        await member.report("Nobody knows who orders paper.", values=CONFIDENTIAL)
        lead = await started(story)
        await story.wait_until(detroit("2026-10-13 08:35"))
        await looks_at(lead, "Tue, Oct 13, 2026")
        await lead.click("Go through the log")
        await lead.click("Show 1")
        await lead.click("Reassign")
        await lead.submit({"Who takes it?": "Bea Thornquist", "Why? It stands in the log.": "She knows it."})
        await lead.command("/challenges 2")
        await lead.click("Progress")
        await lead.submit({"How does it stand?": "We have looked at it together."})
        await lead.command("/challenges 3")
        await lead.click("Progress")
        await lead.submit({"How does it stand?": "Meant for another one."})
        await lead.click("Undo")
        await teacher.command("/challenges 4")
        await teacher.click("Add details")  # by somebody who is not of the team
        await teacher.submit({"What shows it? Numbers, dates, examples": "Since spring."})
        await member.command("/challenges 5")
        await member.click("Add details")  # it would say who has raised it
        await member.submit({"What shows it? Numbers, dates, examples": "White paper, mostly."})
        await looks_at(lead, "Tue, Oct 13, 2026")
        await lead.click("It took place")
        await lead.submit()
        assert "Gone through: 1, 2" in seen(lead)
        left = seen(lead).rpartition("Not gone through: 3")[2]
        for words in ("3: The bus is late", "4: The key is lost", "5: Nobody knows"):
            assert words in left
        await story.promises_hold()


@ON_SLACK
async def test_who_facilitates_for_who_is_away_goes_through_the_log_and_so_does_who_records(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        await on_record(story)
        await (await story.person("p-019")).report("The reading data cannot be opened.")
        lead = await started(story)
        facilitator, recorder, member = await people(story, MEMBER, RECORDER, "p-006")
        await lead.command("/clearway away")
        days = {"First day": "2026-10-12", "Last day": "2026-10-14"}
        await lead.submit({**days, "Who stands in for you?": "Theo Brackenridge"})
        await story.wait_until(detroit("2026-10-13 08:35"))
        for each in (facilitator, recorder, member):
            await looks_at(each, "Tue, Oct 13, 2026")
            await each.click("Go through the log")
        assert "You facilitate it this time." in seen(facilitator)
        for button in ("Gone through, next", "Write down a decision"):
            assert button not in seen(member)
            assert button in seen(recorder)
        await facilitator.click("Gone through, next")
        assert "2 of 2: challenge" in seen(facilitator)
        await facilitator.click("Write down a decision")
        await facilitator.submit({"What was decided?": "The vendor is called in."})
        assert "All is gone through: 2 challenges." in seen(facilitator)
        await recorder.click("Gone through, next")  # that was done meanwhile
        assert "All is gone through: 2 challenges." in seen(recorder)
        await story.promises_hold()


@ON_TEAMS
async def test_who_records_is_away_and_their_backup_hears_before_it_begins(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead = await started(story)
        recorder, backup, member = await people(story, RECORDER, BACKUP, MEMBER)
        await story.wait_until(detroit("2026-10-12 10:00"))
        assert "You record it this time." in seen(recorder)
        await recorder.command("/clearway away")
        await recorder.submit(
            {"First day": "2026-10-13", "Last day": "2026-10-13", "Who stands in for you?": "Odell Marchetti"}
        )
        assert "You record it" not in seen(backup)
        await story.wait_until(detroit("2026-10-13 08:15"))
        assert "You record it this time." in backup.last_card.text
        await looks_at(lead, "Tue, Oct 13, 2026")
        assert "Odell Marchetti records (for Bea Thornquist)" in seen(lead)
        await lead.click("Who does what")
        await lead.submit({"Timekeeper": "Leticia Wainscott"})
        assert "You keep the time this time." in member.last_card.text


@ON_TEAMS
async def test_what_was_put_on_its_agenda_is_no_news_once_it_has_begun(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead = await started(story)
        member, other = await people(story, MEMBER, "p-006")
        for at, words in (("2026-10-08 10:00", "Bus times."), ("2026-10-13 08:10", "The bells.")):
            await story.wait_until(detroit(at))
            await looks_at(member, "Tue, Oct 13, 2026")
            await member.click("Add to the agenda")
            await member.submit({"What else is to be on it?": words})
        await story.wait_until(detroit("2026-10-13 12:00"))
        assert "Something was added to its agenda." in seen(lead)  # of what was added in time
        await lead.click("It took place")
        await lead.submit()
        await story.wait_until(detroit("2026-10-15 09:00"))
        for each in (lead, other):
            assert "Something was added to its agenda." not in seen(each)
        assert "It took place." in seen(other)
        await story.promises_hold()


@ON_SLACK
async def test_who_falls_ill_on_the_morning_is_replaced_before_it_begins(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead = await started(story)
        recorder, backup = await people(story, RECORDER, BACKUP)
        await story.wait_until(detroit("2026-10-13 08:05"))  # it was looked whether everybody is there
        assert "You record it" not in seen(backup)
        await recorder.command("/clearway away")
        days = {"First day": "2026-10-13", "Last day": "2026-10-14"}
        await recorder.submit({**days, "Who stands in for you?": "Theo Brackenridge"})
        await story.wait_until(detroit("2026-10-13 08:10"))
        assert seen(backup).count("You record it this time.") == 1
        await looks_at(lead, "Tue, Oct 13, 2026")
        assert "Odell Marchetti records (for Bea Thornquist)" in seen(lead)
        await story.promises_hold()


@ON_SLACK
async def test_who_the_file_says_is_away_on_the_morning_is_replaced_too(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await started(story)
        backup = await story.person(BACKUP)
        await story.wait_until(detroit("2026-10-13 08:05"))
        name = "name: Bea Thornquist, "
        await imports(story, database, name, name + "leave: {from: 2026-10-13, to: 2026-10-14, delegate: p-009}, ")
        await story.wait_until(detroit("2026-10-13 08:10"))
        assert seen(backup).count("You record it this time.") == 1


@ON_TEAMS
async def test_who_stands_in_can_have_been_there_and_who_is_away_is_not_taken_to_have_been(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead = await started(story)
        recorder, backup, keeper, away = await people(story, RECORDER, BACKUP, "p-018", "p-009")
        for each in (recorder, away):
            await each.command("/clearway away")
            days = {"First day": "2026-10-13", "Last day": "2026-10-13"}
            await each.submit({**days, "Who stands in for you?": "Odell Marchetti"})
        await story.wait_until(detroit("2026-10-13 12:00"))
        await lead.click("It took place")
        await lead.submit()  # as it stands
        async with database.district(story.district_id, write=False) as connection:
            row = await occurrences.before(
                connection, story.district_id, "dit-monthly", TeamId("dit"), story.clock.now()
            )  # fmt: skip
        assert row is not None
        assert BACKUP in row.attended_ids
        assert not {RECORDER, "p-009", "p-018"} & {*row.attended_ids}
        await story.wait_until(detroit("2026-10-14 08:00"))
        assert "How was it?" in seen(backup)
        for each in (recorder, keeper, away):
            assert "How was it?" not in seen(each)
        await story.promises_hold()


@ON_TEAMS
async def test_a_backup_who_came_though_nobody_was_away_has_the_minutes_and_is_asked(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead = await started(story)
        backup = await story.person(BACKUP)
        await story.wait_until(detroit("2026-10-13 12:00"))
        await lead.click("It took place")
        await lead.submit({"Who was there?": ["Leticia Wainscott", "Odell Marchetti"]})
        await story.wait_until(detroit("2026-10-14 08:00"))
        assert "How was it?" in seen(backup)
        await record_of(backup)
        assert "There: Leticia Wainscott, Odell Marchetti" in seen(backup)
        await story.promises_hold()


@ON_SLACK
async def test_how_it_was_is_said_without_a_name_and_shows_all_at_once_when_it_is_over(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead = await started(story)
        voters = await people(story, "p-005", "p-006", "p-007", "p-011", "p-009")
        *three, silent, absent = voters
        await story.wait_until(detroit("2026-10-13 12:00"))
        await lead.click("It took place")
        names = ["Leticia Wainscott", "Jonah Prescod", "Adaeze Fenn", "Bea Thornquist"]
        await lead.submit({"Who was there?": names})
        await story.wait_until(detroit("2026-10-14 08:00"))
        assert "How was it?" not in seen(absent)
        for n, each in enumerate(three):
            assert "How was it?" in seen(each)
            await each.click(f"Show: {DIT}", each.last_card)
            await each.click("Say how it was")
            await each.submit(answers := {**HOW, "What should be different? (optional)": f"Less talk, {n}"})
            assert "once all have answered, or from Sat, Oct 17, 2026 on" in seen(each)
        await looks_at(lead, "Tue, Nov 10, 2026")
        assert "useful 4.0 of 4" not in seen(lead)  # one more answer, and what it changed would have said whose it was
        await story.wait_until(detroit("2026-10-19 09:00"))
        await silent.click(f"Show: {DIT}", silent.cards[-1])
        assert "How it was: useful 4.0 of 4" in seen(silent)  # it is of the minutes
        await looks_at(lead, "Tue, Nov 10, 2026")
        assert "How the last one was: useful 4.0 of 4" in seen(lead)
        async with story.made.districts.database.district(story.district_id, write=False) as connection:
            rows = list(await connection.execute(select(table(Feedback))))
            events = [str(row) for row in await connection.execute(select(table(Event)))]
        assert [each.id for each in rows] == sorted(each.id for each in rows)  # and not by who was first
        assert sorted(each.text for each in rows) == ["Less talk, 0", "Less talk, 1", "Less talk, 2"]
        assert not any("Less talk" in each or ("polled" in each and "p-005" in each) for each in events)
        assert answers


@ON_TEAMS
async def test_a_routine_is_made_changed_and_taken_out_in_chat(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead = await story.person(COORDINATOR)
        member = await story.person("p-019")
        await lead.command("/clearway routines")
        assert "Dunmore School Leadership Team" in seen(lead)  # its agenda lacks the item
        await lead.click("New routine")
        values = {
            "What is it?": "A data analysis",
            "Which teams? Each meets by itself.": ["SEL Committee"],
            "On which days?": "every blue moon",
            "At what time?": "25:00",
        }
        await lead.submit(values)
        assert "Clearway does not know that rule" in str(lead.form.errors)
        assert "such as 8:30 or 3:30 pm" in str(lead.form.errors)
        await lead.submit({"On which days?": "2026-09-01, 2026-09-15", "At what time?": "3:15 pm"})
        assert "None of these days is still to come." in str(lead.form.errors)
        await lead.submit({"On which days?": "third Monday"})
        assert "third Monday, 3:15" in seen(lead)
        await lead.click("Start it")
        rows = await planned(story, database, "routine")
        assert [str(each.day) for each in rows] == ["2026-10-19", "2026-11-16"]
        await lead.command("/clearway routines")
        await lead.click("Show: SEL Committee: data analysis")
        await lead.click("Dates of the year")
        assert "Mon, Oct 19, 2026" in seen(lead)
        assert "Tue, Jan 19, 2027 (for Mon, Jan 18, 2027)" in seen(lead)
        await story.wait_until(detroit("2026-10-12 09:00"))
        assert "Is there something for its agenda?" in seen(member)

        await lead.command("/clearway routines")
        await lead.click("Show: SEL Committee: data analysis")
        await lead.click("Change it")
        await lead.submit({"On which days?": "third Tuesday"})  # what else stands in the form stays
        rows = await planned(story, database, "routine")
        assert [str(each.day) for each in rows] == ["2026-10-20", "2026-11-17"]
        await story.wait_until(detroit("2026-10-13 09:00"))
        assert "the days on which people meet were changed" in seen(member)
        async with story.made.districts.database.district(story.district_id, write=False) as connection:
            kinds = [each.kind for each in await connection.execute(select(table(Event)))]
        assert Kind.ROUTINE_CHANGED in kinds
        await story.promises_hold()


@ON_SLACK
async def test_a_plan_without_a_problem_statement_is_refused_and_few_do_not_count(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead = await story.person(COORDINATOR)
        await lead.command("/clearway routines")
        await lead.click("New routine")
        await lead.submit(
            {
                "What is it?": "A data analysis",
                "Which teams? Each meets by itself.": ["District Implementation Team"],
                "On which days?": "2026-10-08",
                "At what time?": "9:00",
            }
        )
        await lead.click("What is on it")
        await lead.submit({"It counts when so many were there": "2"})
        await lead.click("Start it")
        await story.wait_until(detroit("2026-10-08 12:00"))
        await lead.click("It took place")
        await lead.submit({"Who was there?": ["Leticia Wainscott"], "What is the plan?": "Small groups."})
        assert "A plan needs its problem statement first" in str(lead.form.errors)
        statement = {
            "The problem: what is it?": "Reading stalls",
            "The problem: who has it?": "Grade 4",
            "The problem: where?": "Two schools",
            "The problem: when?": "Since spring",
            "The problem: why do you think so?": "Screening",
        }
        await lead.submit(statement)
        assert "It counts when 2 were there" in str(lead.form.errors)
        await lead.submit({"Who was there?": ["Leticia Wainscott", "Jonah Prescod"]})
        assert "Small groups." in seen(lead)
        async with story.made.districts.database.district(story.district_id, write=False) as connection:
            said = [each.question for each in await connection.execute(select(table(Record)))]
        assert "What is the plan?" in said


@ON_TEAMS
async def test_people_whom_the_form_does_not_offer_stay_and_who_leads_a_team_says_nothing_of_the_log(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead, principal = await people(story, COORDINATOR, "p-021")
        await lead.command("/clearway routines")
        [show] = [each for each in lead.answer.buttons if each.startswith("Show: Check-in: Malik")]
        await lead.click(show)
        await lead.click("Change it")
        await lead.submit({"How many minutes?": "45"})
        routine = (await story.directory()).routine("if-call")
        assert routine is not None
        assert (routine.minutes, set(routine.person_ids)) == (45, {"p-039", "p-010", "p-021"})
        await principal.command("/clearway routines")
        await principal.click("New routine")
        assert "The log" not in principal.form.labels
        assert "Which teams? Each meets by itself." in principal.form.labels


@ON_TEAMS
async def test_a_month_without_a_school_day_has_its_meeting_once_there_is_one(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead = await story.person(COORDINATOR)
        for first, last in (("2026-10-06", "2026-10-19"), ("2026-10-20", "2026-10-31")):
            await lead.command("/clearway closed")
            dates = {"First day without school": first, "Last day, if there is more than one": last}
            await lead.submit({**dates, "Why? (optional)": "The boiler has burst"})
        story.clock.at = detroit("2026-10-06 10:00")
        await started(story)
        assert [str(each.day) for each in await planned(story, database)] == ["2026-11-10"]
        await lead.command("/clearway closed")
        await lead.submit(
            {
                "Or take back: there is school after all": [
                    "Tue, Oct 20, 2026 to Sat, Oct 31, 2026 (The boiler has burst)"
                ]
            }
        )
        assert [str(each.day) for each in await planned(story, database)] == ["2026-10-20", "2026-11-10"]
        await story.promises_hold()


async def on_now(story: World, *, at: str = "2026-10-13 09:00") -> Actor:
    """The DIT meets, and who leads it looks at it."""
    lead = await started(story)
    await story.wait_until(detroit(at))
    await looks_at(lead, "Tue, Oct 13, 2026")
    return lead


@EVERYWHERE
async def test_a_break_ends_with_a_bell_for_who_called_it_and_in_the_room(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead = await on_now(story)
        member = await story.person(MEMBER)
        await lead.click("Take a break")
        await lead.submit({"How long?": "15 minutes"})
        assert "Break until 9:15" in seen(lead)
        await story.wait_until(detroit("2026-10-13 09:14"))
        assert "The break is over." not in seen(lead)
        await story.wait_until(detroit("2026-10-13 09:16"))
        assert lead.last_card.text.count("The break is over.") == 1
        assert "The break is over." not in seen(member)

        await looks_at(lead, "Tue, Oct 13, 2026")
        await lead.click("Take a break")
        await lead.submit()
        await lead.click("End the break")  # everybody is back
        assert "Break until" not in str(lead.answer)
        bells = seen(lead).count("The break is over.")
        await story.wait_until(detroit("2026-10-13 09:40"))
        assert seen(lead).count("The break is over.") == bells


@ON_TEAMS
async def test_a_bell_after_an_outage_is_no_news(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead = await on_now(story)
        await lead.click("Take a break")
        await lead.submit({"How long?": "5 minutes"})
        story.clock.at = detroit("2026-10-13 09:20")
        await story.wait_until(detroit("2026-10-13 09:30"))
        assert "The break is over." not in seen(lead)


@ON_SLACK
async def test_the_room_of_the_team_hears_that_a_break_is_over(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead = await started(story)
        await lead.command("/clearway here dit", channel="dit")
        await story.wait_until(detroit("2026-10-13 09:00"))
        await looks_at(lead, "Tue, Oct 13, 2026")
        await lead.click("Take a break")
        await lead.submit()
        await story.wait_until(detroit("2026-10-13 09:11"))
        assert "The break is over." in await lead.reads("dit")


@ON_TEAMS
async def test_a_session_that_nobody_plans_says_so_until_there_is_planning_time(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead = await story.person(COORDINATOR)
        await lead.command("/clearway routines")
        await lead.click("New routine")
        await lead.submit(
            {
                "What is it?": "A whole day: learning, then work",
                "Which teams? Each meets by itself.": [DIT],
                "Name": "Learning day",
                "On which days?": "third Thursday",
                "At what time?": "8:30 am",
                "How many minutes?": "420",
            }
        )
        await lead.click("Start it")
        await story.wait_until(detroit("2026-10-08 09:00"))
        assert "No planning time is set before it." in seen(lead)
        await looks_at(lead, "Thu, Oct 15, 2026")
        await lead.click("Set planning time")
        await lead.submit()
        assert "3 school days before third Thursday" in seen(lead)
        await lead.click("Start it")
        await lead.command("/clearway meeting")
        assert "Mon, Oct 12, 2026" in str(lead.answer)
        await lead.click("Show Thu, Oct 15, 2026")
        assert "No planning time" not in str(lead.answer)


@IN_CHAT
async def test_a_decision_reads_as_one_and_whoever_raised_it_hears(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher, (owner,) = await on_record(story), await people(story, "p-004")
        lead = await on_now(story)
        await lead.click("Go through the log")
        await lead.click("Write down a decision")
        await lead.submit({"What was decided?": "Two floating substitutes."})
        told = f"“Two floating substitutes.” was decided at {DIT} on Tue, Oct 13, 2026"
        await story.wait_until(detroit("2026-10-14 08:00"))
        for each in (teacher, owner):  # also where the same digest would say that it stands still
            assert told in str(each.last_card), each
            await each.command("/challenges 1")
            assert f"Decided at {DIT} on Tue, Oct 13, 2026:" in str(each.answer)
            assert f"it was decided at {DIT} on Tue, Oct 13, 2026" in str(each.answer)
            assert "added a note" not in str(each.answer)
        await lead.command('/challenges "floating substitutes"')
        assert "Show 1" in str(lead.answer)
        await story.promises_hold()


@IN_CHAT
async def test_a_decision_that_is_taken_back_is_not_in_the_minutes(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher, (owner, member) = await on_record(story), await people(story, "p-004", "p-025")
        lead = await on_now(story)
        await lead.click("Go through the log")
        await lead.click("Write down a decision")
        await lead.submit({"What was decided?": "Fourteen floating substitutes."})
        await lead.command("/challenges 1")
        await lead.click("Undo")
        assert "stands as it did before" in str(lead.answer)
        await lead.command("/clearway meeting")
        assert "Decisions" not in str(lead.answer)
        await lead.click("Go through the log")
        await lead.click("Write down a decision")
        await lead.submit({"What was decided?": "Four floating substitutes."})
        await looks_at(lead, "Tue, Oct 13, 2026")
        assert "Decided on 1:" in seen(lead)  # it went through the challenge once more
        await story.wait_until(detroit("2026-10-15 17:00"))
        for each in (teacher, owner, member):
            assert "Fourteen" not in str(each.everything()), each
        assert "Four floating substitutes" in str(owner.everything())
        await story.promises_hold()


@IN_CHAT
async def test_nobody_decides_before_it_begins_nor_who_only_belongs_there(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await on_record(story)
        member, lead = await story.person(MEMBER), await started(story)
        await story.wait_until(detroit("2026-10-07 09:00"))
        for each in (member, lead):
            await looks_at(each, "Tue, Oct 13, 2026")
            await each.click("Go through the log")
            assert "Write down a decision" not in seen(each)
        await story.wait_until(detroit("2026-10-13 09:00"))
        for each in (member, lead):
            await looks_at(each, "Tue, Oct 13, 2026")
            await each.click("Go through the log")
        assert "Write down a decision" not in seen(member)
        await lead.click("Write down a decision")
        await lead.submit({"What was decided?": "Two floating substitutes."})
        assert [each.kind for each in await story.history()].count(Kind.DECIDED) == 1
        await story.promises_hold()


@IN_CHAT
async def test_a_meeting_that_the_coordinator_missed_is_heard_of_by_an_executive_leader(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        (leader,) = await people(story, "p-002")  # who speaks for the executive leaders in the DIT
        lead = await on_now(story, at="2026-10-13 12:00")
        await lead.click("It did not")
        await lead.submit({"Why?": "The heating was out."})
        await story.wait_until(detroit("2026-10-15 12:00"))
        assert "It did not take place, and has no other date" in seen(leader)
        assert "The heating was out." in seen(leader)
        await story.wait_until(detroit("2026-11-09 12:00"))
        await looks_at(lead, "Tue, Nov 10, 2026")
        assert "It did not take place on Tue, Oct 13, 2026, and there was no other date." in seen(lead)


@ON_TEAMS
async def test_a_month_without_a_review_shows_whatever_became_of_it(database: Database, platform: str) -> None:
    """October is cancelled by hand, of November nobody says whether it took place, and a changed rule is no missed month."""
    async with world(database, platform) as story:
        lead = await started(story)
        await looks_at(lead, "Tue, Oct 13, 2026")
        await lead.click("Cancel it")
        await lead.submit({"Why?": "The data are not there yet."})
        await story.wait_until(detroit("2026-11-09 12:00"))
        await looks_at(lead, "Tue, Nov 10, 2026")
        assert "Cancelled, without another date: Tue, Oct 13, 2026." in seen(lead)
        assert "Not on record" not in seen(lead)
        await story.wait_until(detroit("2026-12-07 12:00"))
        await looks_at(lead, "Tue, Dec 8, 2026")
        assert "Not on record whether it took place: Tue, Nov 10, 2026." in seen(lead)

        await lead.command("/clearway routines")
        await lead.click(f"Show: {DIT}")
        await lead.click("Change it")
        await lead.submit({"On which days?": "third Tuesday"})
        await looks_at(lead, "Tue, Dec 15, 2026")
        assert "Cancelled, without another date: Tue, Oct 13, 2026; Tue, Dec 8, 2026" not in seen(lead)
        await story.promises_hold()


@ON_SLACK
async def test_what_is_moved_to_the_coaches_is_on_their_agenda(database: Database, platform: str) -> None:
    """The process names a check-in by its routine, and its routine a team of another name."""
    async with world(database, platform) as story:
        await on_record(story)
        (coordinator,) = await people(story, COORDINATOR)
        await coordinator.command("/clearway routines")
        await coordinator.click("Start: School Coach Network")
        await coordinator.command("/challenges 1")
        await coordinator.click("Move where it is discussed")
        await coordinator.submit(
            {"Which team discusses it?": "Coach check-in", "Why? It stands in the log.": "Coaches first."}
        )
        assert (await story.case()).challenge.venue == "coach_check_in"
        await looks_at(coordinator, "Wed, Oct 7, 2026")
        await coordinator.click("Go through the challenges")
        assert "1 of 1: challenge 1" in seen(coordinator)


@ON_SLACK
async def test_who_has_a_later_digest_hears_in_time(database: Database, platform: str) -> None:
    """The invitation that a digest would bring too late comes by itself, by the hour of each reader."""
    async with world(database, platform, at="2026-10-12 09:00") as story:
        member = await story.person(MEMBER)
        await member.command("/clearway settings")
        await member.submit({"When shall your daily digest come?": "3:00\u202fPM"})
        await story.wait_until(detroit("2026-10-12 15:30"))
        await started(story)
        await story.wait_until(detroit("2026-10-13 08:29"))
        assert "Tue, Oct 13, 8:30" in seen(member)


@ON_SLACK
async def test_what_is_decided_beside_the_log_stands_under_decisions_and_who_is_ill_is_replaced(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead = await on_now(story)
        recorder, member = await people(story, RECORDER, MEMBER)
        await lead.click("Who does what")  # the facilitator has called in sick
        await lead.submit({"Facilitator": "Leticia Wainscott"})
        assert "You facilitate it this time." in member.last_card.text
        await looks_at(member, "Tue, Oct 13, 2026")
        said = (
            (lead, "We meet in the library."),
            (recorder, "The minutes go to the board."),
            (member, "We begin at nine."),
        )
        for each, words in said:
            await looks_at(each, "Tue, Oct 13, 2026")
            await each.click("Write down a decision")
            await each.submit({"What was decided?": words})
            assert words in seen(each).rsplit("Decisions", 1)[1]
        await story.wait_until(detroit("2026-10-13 12:00"))
        await lead.click("It took place")
        await lead.submit({"Notes and decisions (optional)": "All came."})
        [minutes] = [str(each) for each in lead.everything() if "All came." in str(each)]
        decisions, notes = minutes.split("Decisions", 1)[1].split("Notes and decisions:", 1)
        for _, words in said:
            assert words in decisions
            assert words not in notes
        assert "Who does what" not in minutes
        await story.promises_hold()


@ON_SLACK
async def test_home_shows_what_is_on_then_what_is_unanswered_and_then_what_is_next(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead = await started(story)
        await lead.command("/clearway routines")
        await lead.click("Start: Check-in: Casey Lindqvist-Amara, Dr. Ma…")
        await story.wait_until(detroit("2026-11-10 09:00"))  # nobody has said of October's whether it took place
        on, unanswered, coming = "Nov 10, 8:30 AM. It is on now.", "Did it take place?", "Thu, Dec 3"
        await lead.command("/clearway meeting")
        await lead.open_home()
        for each in (str(lead.answer), str(lead.home).split("Your next meetings")[1]):
            assert -1 < each.find(on) < each.find(unanswered) < each.find(coming), each


@ON_SLACK
async def test_who_records_it_reads_that_also_among_other_lines(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await started(story)
        recorder = await story.person("p-011")
        await story.wait_until(detroit("2026-10-12 07:00"))
        async with story.made.districts.open(story.district_id, Came(Door.TIMER), write=True) as store:
            event = store.record(None, Kind.IMPORTED, by=None, at=story.clock.now(), data={})
            tell(store, [PersonId("p-011")], MessageKind.BREACH, event, story.clock.now(), lane=Lane.DIGEST)
            await store.flush(story.clock.now())
        await story.wait_until(detroit("2026-10-12 12:00"))
        assert "District Implementation Team" in str(recorder.last_card)
        assert "You record it this time." in str(recorder.last_card)


@ON_SLACK
async def test_all_that_was_not_gone_through_is_named_page_by_page(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher = await story.person("p-019")
        for n in range(23):
            await teacher.report(f"There is no key to the room {100 + n}.")
        lead = await started(story)
        await story.wait_until(detroit("2026-10-13 08:35"))
        await looks_at(lead, "Tue, Oct 13, 2026")
        await lead.click("Go through the log")
        await lead.click("Gone through, next")
        await looks_at(lead, "Tue, Oct 13, 2026")
        await lead.click("It took place")
        await lead.submit()
        record = seen(lead).rpartition("Not gone through: 22")[2]
        assert [f"• {each + 1}: There is no key" in record for each in range(23)].count(True) == 20
        await lead.click("Show the other 2")
        rest = seen(lead).rpartition("Not gone through: 22")[2]
        named = [each for each in range(23) if f"• {each + 1}: There is no key" in rest]
        assert named == [21, 22]
        assert f"• {named[0] + 1}: There is no key" not in record
        await story.promises_hold()


@IN_CHAT
async def test_a_step_that_is_due_before_the_next_meeting_is_on_the_agenda_as_due(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        await on_record(story)
        lead, owner = await started(story), await story.person("p-004")
        await owner.click("I understand it")
        await owner.submit({"How big is it? Who is hit, and where?": "Six schools."})
        await owner.click("Plan steps")
        step = {
            "Step 1: what will be done?": "Hire two.",
            "Step 1: by when?": "2026-11-06",
            "Step 1: by whom?": "Yolanda Breck",
        }
        await owner.submit(step)
        await looks_at(lead, "Tue, Oct 13, 2026")
        assert "Due before the next meeting: 1" in seen(lead)
        await story.wait_until(detroit("2026-10-13 08:35"))
        await looks_at(lead, "Tue, Oct 13, 2026")
        await lead.click("Go through the log")
        assert "Something of it is due before the next meeting." in seen(lead)
        assert "Step 1: Hire two. (Yolanda Breck, by Fri, Nov 6, 2026)" in seen(lead)

        await looks_at(lead, "Tue, Oct 13, 2026")  # the next one is earlier than the step is due
        await lead.command("/clearway meeting")
        await lead.click("Show Tue, Nov 10, 2026")
        await lead.click("Move it")
        await lead.submit({"To which day?": "2026-11-04", "Why?": "The board meets"})
        await looks_at(lead, "Tue, Oct 13, 2026")
        assert "Due before the next meeting" not in str(lead.answer)
        await story.promises_hold()


@IN_CHAT
async def test_whoever_put_something_on_an_agenda_changes_it_until_it_begins(database: Database, platform: str) -> None:
    """Each their own lines: to read otherwise, or taken out. What was said before stays on record."""
    async with world(database, platform) as story:
        lead, member = await started(story), await story.person(MEMBER)
        for actor, words in ((member, "The buses."), (lead, "FUOR schools wait."), (lead, "A second line.")):
            await looks_at(actor, "Tue, Oct 13, 2026")
            await actor.click("Add to the agenda")
            await actor.submit({"What else is to be on it?": words})
        await lead.click("Change what I added")
        assert "The buses." not in str(lead.form.values)
        await lead.submit({"Line 1": "Four schools wait.", "Line 2": ""})
        await looks_at(member, "Tue, Oct 13, 2026")
        assert "Four schools wait." in seen(member)
        assert "FUOR" not in seen(member)
        assert "A second line." not in seen(member)
        await looks_at(lead, "Tue, Oct 13, 2026")
        await lead.click("Change what I added")
        assert lead.form.values["Line 1"] == "Four schools wait."
        assert "Line 2" not in lead.form.labels
        async with database.district(story.district_id, write=False) as connection:
            texts = [each.text for each in await connection.execute(select(table(Record)))]
        assert {"FUOR schools wait.", "A second line."} <= {*texts}
        await story.promises_hold()
