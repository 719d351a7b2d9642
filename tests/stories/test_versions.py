"""The written process is submitted, read, and approved or returned by an executive leader, in one tap on the very text."""

from copy import deepcopy
from datetime import timedelta

import yaml
from sqlalchemy import select

from handlers.district import importer
from handlers.district.exporter import export_district
from storage.database import Database
from storage.models import Event, Message, table
from storage.vocabulary import Kind, Lane, ProcessStatus
from tests.conformance.steps import COORDINATOR, LEADER, SUPERINTENDENT, looks_at, on_record, people, seen
from tests.stories.platforms import EVERYWHERE, IN_CHAT, ON_SLACK, ON_TEAMS
from tests.world import FILE, SEAL, Actor, World, detroit, world

DECIDER = "p-004"  # human resources: an executive leader, too
BUDGET = ("daily_message_budget: 3", "daily_message_budget: 2")
TIME = "response_targets_school_days: {acknowledge: 1, assign: 5"
TARGETS = (TIME, TIME.replace("assign: 5", "assign: 3"))


async def takes(story: World, database: Database, *changes: tuple[str, str]) -> importer.ImportResult:
    """Whoever runs Clearway imports the file with changed rules."""
    text = FILE.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    return await importer.import_district(database, SEAL, text, now=story.clock.now() + timedelta(seconds=1))


async def submitted(story: World, database: Database, *changes: tuple[str, str]) -> Actor:
    """Changed rules were imported, and the coordinator submits them."""
    await takes(story, database, *(changes or (BUDGET, TARGETS)))
    coordinator = await story.person(COORDINATOR)
    await coordinator.command("/clearway process")
    await coordinator.click("Read 1.0-draft-1")
    await coordinator.click("Submit it for approval")
    return coordinator


async def statuses(story: World) -> dict[str, ProcessStatus]:
    return {each.version: each.status for each in (await story.directory()).versions.values()}


async def told(story: World, database: Database, *kinds: Kind) -> list[Event]:
    of = table(Event)
    async with database.district(story.district_id, write=False) as connection:
        rows = await connection.execute(select(of).where(of.c.kind.in_(kinds)).order_by(of.c.seq))
        return [Event(**row._mapping) for row in rows]


@EVERYWHERE
async def test_a_draft_is_read_and_approved_in_one_tap_and_takes_effect_at_once(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        await on_record(story)
        former = (await story.directory()).in_force
        coordinator, top = await people(story, COORDINATOR, SUPERINTENDENT)
        await submitted(story, database)
        assert (await statuses(story))["1.2"] is ProcessStatus.SUBMITTED  # 1.1 is taken by the file
        assert (await story.directory()).in_force.version == "1.0"

        card = top.last_card
        assert card.title == "Process, version 1.2"
        for said in (
            "Version 1.2 waits for approval since today. Casey Lindqvist-Amara submitted it.",
            "Now: Sorted within 3 school days. Before: Sorted within 5 school days",
            "Now: Nobody gets more than 2 single messages in a day.",
            "As before: What it is for",
        ):
            assert said in str(card)
        await top.click("Approve it")
        now = await story.directory()
        assert (now.in_force.version, now.in_force.process.daily_message_budget) == ("1.2", 2)
        assert await statuses(story) == {"1.0": ProcessStatus.REPLACED, "1.2": ProcessStatus.IN_FORCE}
        assert "Version 1.2 is in force since" in seen(coordinator)

        assert (await story.case(1)).challenge.process_id == former.id
        await on_record(story, words="The copier at our school has no toner.")
        assert (await story.case(2)).challenge.process_id == now.in_force.id
        [asked, approved] = await told(story, database, Kind.VERSION_SUBMITTED, Kind.VERSION_APPROVED)
        assert (asked.actor_id, approved.actor_id) == (COORDINATOR, SUPERINTENDENT)
        assert asked.data["digest"] == approved.data["digest"] == now.in_force.process.digest()
        await story.promises_hold()


@IN_CHAT
async def test_it_comes_back_with_a_comment_is_changed_and_is_submitted_again(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        coordinator, top, other = await people(story, COORDINATOR, SUPERINTENDENT, LEADER)
        await submitted(story, database)
        await top.click("Return it with a comment")
        await top.submit({"What is to be changed?": "Two messages are too few; leave it at three."})
        assert (await statuses(story))["1.2"] is ProcessStatus.DRAFT
        assert "Two messages are too few" in coordinator.last_card.text
        assert "Approve it" not in other.last_card.buttons
        assert "is a draft" in other.last_card.text  # what they were shown says what became of it

        export = await export_district(database, story.district_id)
        changed = export.replace("daily_message_budget: 2", "daily_message_budget: 3")
        assert changed != export
        await importer.import_district(database, SEAL, changed, now=story.clock.now() + timedelta(minutes=1))
        await coordinator.command("/clearway process")
        await coordinator.click("Read 1.2")
        assert "Two messages are too few" in seen(coordinator)
        await coordinator.click("Submit it for approval")
        assert "single message" not in other.last_card.text
        await other.click("Approve it")
        now = (await story.directory()).in_force.process
        assert (now.daily_message_budget, now.response_targets_school_days.assign) == (3, 3)


@ON_SLACK
async def test_a_text_that_was_changed_meanwhile_is_not_approved_and_a_second_press_hears_what_was_decided(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        coordinator, top, other = await people(story, COORDINATOR, SUPERINTENDENT, LEADER)
        await submitted(story, database)
        with story.nothing_shown():
            shown, others = top.last_card, other.last_card
            export = await export_district(database, story.district_id)
            changed = export.replace("daily_message_budget: 2", "daily_message_budget: 9")
            await importer.import_district(database, SEAL, changed, now=story.clock.now() + timedelta(minutes=1))
            await top.click("Approve it", shown)
            assert "Its text has changed since you were shown it, so nothing was decided." in seen(top)
            assert "Nobody gets more than 9 single messages" in seen(top)
            assert (await story.directory()).in_force.version == "1.0"
            await top.click("Approve it")
            assert (await story.directory()).in_force.process.daily_message_budget == 9
            await other.click("Approve it", others)
            assert "Something was done with it since you were shown this" in seen(other)
            assert "is in force since" in seen(other)
        await story.settle()
        assert len(await told(story, database, Kind.VERSION_APPROVED)) == 1
        assert "is in force since" in coordinator.last_card.text  # when it can be sent


@ON_SLACK
async def test_a_file_that_undoes_what_was_decided_in_chat_says_so_and_tells_those_who_decide(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        top = await story.person(SUPERINTENDENT)
        await submitted(story, database)
        file = yaml.safe_load(await export_district(database, story.district_id))
        [entry] = [each for each in file["process_document"]["versions"] if each["version"] == "1.2"]
        entry["status"] = "draft"
        entry["rules"]["daily_message_budget"] = 4
        del entry["submitted_by"]
        text, later = yaml.safe_dump(file, allow_unicode=True), story.clock.now() + timedelta(minutes=1)

        only_looked = await importer.import_district(database, SEAL, text, now=later, apply=False)
        assert only_looked.changed
        assert (await statuses(story))["1.2"] is ProcessStatus.SUBMITTED
        done = await importer.import_district(database, SEAL, text, now=later)
        for warnings in (only_looked.warnings, done.warnings):
            assert "version 1.2 of the process was changed in chat" in " ".join(warnings)
        await story.wait_until(later)
        assert "says something else of it than was decided in chat" in top.last_card.text
        assert (await statuses(story))["1.2"] is ProcessStatus.DRAFT
        assert [each.submitted_by for each in (await story.directory()).versions.values() if each.version == "1.2"] == [
            COORDINATOR
        ]
        again = await importer.import_district(database, SEAL, text, now=later)
        assert not again.changed
        await story.promises_hold()


@ON_TEAMS
async def test_what_was_read_against_another_version_in_force_is_read_again(database: Database, platform: str) -> None:
    """Two versions wait. The one that was approved first is not undone by a press that never said so."""
    async with world(database, platform) as story:
        top = await story.person(SUPERINTENDENT)
        coordinator = await submitted(story, database)
        file = yaml.safe_load(await export_district(database, story.district_id))
        document = file["process_document"]
        rules = {name: value for name, value in document.items() if name != "versions"}
        rules |= {"authority_matrix": file["authority_matrix"], "daily_message_budget": 5}
        document["versions"].append({"version": "1.3", "status": "draft", "rules": deepcopy(rules)})
        text = yaml.safe_dump(file, allow_unicode=True, sort_keys=False)
        await importer.import_district(database, SEAL, text, now=story.clock.now() + timedelta(minutes=1))
        await coordinator.command("/clearway process")
        await coordinator.click("Read 1.3")
        await coordinator.click("Submit it for approval")
        [first, second] = [each for each in top.cards if "Approve it" in each.buttons]
        with story.nothing_shown():
            await top.click("Approve it", first)
            assert (await story.directory()).in_force.version == "1.2"
            await top.click("Approve it", second)
            assert "Another version has come into force since you were shown it." in seen(top)
            assert (await story.directory()).in_force.version == "1.2"
        await story.settle()
        assert "Now: Sorted within 5 school days. Before: Sorted within 3 school days" in str(top.last_card)
        await top.click("Approve it")
        assert (await story.directory()).in_force.version == "1.3"


@ON_TEAMS
async def test_only_executive_leaders_approve_and_who_waits_is_reminded_once_a_week(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        teacher, member, leader = await people(story, "p-023", "p-005", DECIDER)
        coordinator = await submitted(story, database)
        assert "Approve it" not in seen(coordinator)
        await teacher.command("/clearway process")
        assert "Read 1.2" not in seen(teacher)
        await teacher.click("The whole text")
        assert "Sorted within 5 school days" in seen(teacher)
        await member.command("/clearway process")  # of the district team: reads it, and decides nothing
        await member.click("Read 1.2")
        assert "The whole text" in seen(member)
        assert "Approve it" not in seen(member)
        await leader.open_home()
        assert "Waits for your approval" in str(leader.home)

        await story.wait_until(detroit("2026-10-28 12:00"))
        of = table(Message)
        async with database.queue(write=False) as connection:
            rows = (await connection.execute(select(of).where(of.c.kind == "version", of.c.person_id == DECIDER))).all()
        assert sorted(each.lane for each in rows) == [Lane.DIGEST] * 3 + [Lane.SINGLE]
        assert "for 21 days" in leader.last_card.text or "for 22 days" in leader.last_card.text
        await coordinator.command("/clearway process")
        await coordinator.click("Read 1.2")
        await coordinator.click("Take it back")
        await story.wait_until(detroit("2026-11-20 12:00"))
        assert "Approve it" not in seen(leader)
        assert len(await told(story, database, Kind.VERSION_WAITS)) == 3


@ON_SLACK
async def test_the_file_of_before_does_not_undo_what_was_approved_in_chat(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await submitted(story, database)
        top = await story.person(SUPERINTENDENT)
        await top.click("Approve it")
        for changes in ((), (BUDGET, TARGETS)):  # the file as it was; and with the rules that were approved since
            result = await takes(story, database, *changes)
            assert (result.in_force, result.draft) == ("1.2", None)
            assert "an executive leader has approved 1.2 in chat since" in result.warnings[0]
        other = await takes(story, database, ("daily_message_budget: 3", "daily_message_budget: 7"))
        assert (other.in_force, other.draft) == ("1.2", "1.0-draft-1")

        export = await export_district(database, story.district_id)
        assert 'version: "1.2", status: in_force' in export.replace("'", '"')
        assert f"approved_by: {SUPERINTENDENT}" in export
        again = await importer.import_district(database, SEAL, export, now=story.clock.now() + timedelta(minutes=1))
        assert (again.in_force, again.draft, again.warnings) == ("1.2", None, ())


@ON_TEAMS
async def test_before_the_check_in_a_draft_that_waits_is_opened_in_place(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        coordinator = await submitted(story, database)
        await coordinator.command("/clearway routines")
        await coordinator.click("Start: Check-in: Casey Lindqvist-Amara, Dr. Ma…")
        await looks_at(coordinator, "Thu, Nov 5, 2026")
        assert "1.2, since today" in seen(coordinator)
        await coordinator.click("Read 1.2")
        assert "Now: Sorted within 3 school days" in seen(coordinator)
