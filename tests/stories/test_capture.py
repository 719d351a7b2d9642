"""Raising a challenge: every door makes the same entry and one receipt, however often it arrives."""

import asyncio
from datetime import timedelta
from typing import Final

import pytest

from bot.gateway import LIMIT_S
from storage import people
from storage.case import Case
from storage.database import Database
from storage.vocabulary import Door, Kind, Status
from tests.fakes.slack import SlackPerson
from tests.stories.platforms import IN_CHAT
from tests.world import PATIENCE_S, World, detroit, world

WORDS = "No substitutes for training days at our school."


OF_ITS_OWN = {"id", "number", "version", "door", "updated_at", "owner_acted_at", "next_at"}
"""What tells one entry from the next, whatever they say; the clock stands still."""


def entry(case: Case) -> dict[str, object]:
    """All that a log entry says, but for its door and link."""
    told = case.challenge.model_dump(exclude=OF_ITS_OWN)
    told |= {"words": [(each.field, each.text) for each in case.words], "steps": len(case.steps)}
    return told | {"reporters": [(each.person_id, each.confidential, each.answer) for each in case.reporters]}


SORTS: Final = {
    "type", "amount_usd", "status", "owner_id", "authority", "why", "venue", "outside_id", "informed_ids", "dit_aware_at",
    "decide_by", "rung",
}  # fmt: skip
"""What a form suggests from the words and its sender confirms by sending it, and what follows from that. A message is
recorded as it stands, untyped (design §3): the coordinator sorts it."""


async def test_every_door_of_slack_makes_one_equal_entry_and_one_receipt(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        slack = teacher.driver
        said = await slack.say(WORDS, "cedar-flats-staff")
        assert await story.count() == 0  # ordinary talk gets no reply

        await slack.command(f"/challenge {WORDS}")
        await teacher.submit()
        await slack.report_message(said)
        await teacher.submit()
        await slack.shortcut()
        await teacher.submit({"What is in the way?": WORDS})
        await teacher.dm(WORDS)
        await slack.mention(WORDS, "cedar-flats-staff")
        await story.settle()

        cases = [await story.case(number) for number in range(1, 6)]
        assert [each.challenge.door for each in cases] == [
            Door.COMMAND,
            Door.MESSAGE_SHORTCUT,
            Door.GLOBAL_SHORTCUT,
            Door.DIRECT_MESSAGE,
            Door.MENTION,
        ]
        assert [entry(each) for each in cases] == [entry(cases[0])] * 5
        links = [each.reporters[0].link for each in cases]
        assert [bool(link) for link in links] == [False, True, False, True, True]
        assert links[1] == said.link
        assert [each.title for each in teacher.cards] == [f"Challenge {n} is recorded" for n in range(1, 6)]
        assert teacher.cards[3].buttons[:2] == ("Add details", "Not a report")
        await story.promises_hold()


async def test_words_that_say_more_make_equal_entries_by_all_forms_and_by_all_messages(database: Database) -> None:
    words = "No subs again on Friday, we would need $4,800 for a pool. Please keep my name out of it."
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        said = await teacher.say(words, "cedar-flats-staff")
        await teacher.report(words)
        await teacher.report_message(said)
        await teacher.submit()
        await teacher.dm(words)
        await teacher.mention(words, "cedar-flats-staff")
        command, shortcut, direct, mention = [entry(await story.case(n)) for n in range(1, 5)]
        assert command == shortcut
        assert direct == mention
        assert (command["type"], command["amount_usd"]) == ("staffing", 4800)
        assert command["reporters"] == direct["reporters"] == [("p-023", True, None)]
        assert {name for name, value in command.items() if direct[name] != value} <= SORTS


async def test_every_door_of_the_console_makes_one_equal_entry(database: Database) -> None:
    async with world(database, "console") as story:
        teacher = await story.person("p-023")
        console = teacher.driver
        said = await console.say(WORDS, "#cedar-flats-staff")

        await console.command(f"/challenge {WORDS}")
        await teacher.submit()
        await console.report_message(said)
        await teacher.submit()
        await console.shortcut()
        await teacher.submit({"What is in the way?": WORDS})
        await teacher.dm(WORDS)
        await console.mention(WORDS, "#cedar-flats-staff")
        await story.settle()

        cases = [await story.case(number) for number in range(1, 6)]
        assert [entry(each) for each in cases] == [entry(cases[0])] * 5
        await teacher.look()
        assert [each.title for each in teacher.cards] == [f"Challenge {n} is recorded" for n in range(1, 6)]
        await story.promises_hold()


async def effects(story: World) -> tuple[int, list[str]]:
    teacher = await story.person("p-023")
    await teacher.look()
    return await story.count(), teacher.titles()


async def test_one_effect_however_often_and_however_concurrently_it_arrives(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        slack = teacher.driver

        await slack.dm(WORDS, copies=10)
        await slack.redeliver(1)
        await slack.redeliver(None)
        assert await effects(story) == (1, ["Challenge 1 is recorded"])

        await slack.mention(WORDS, "cedar-flats-staff", also_message=True, copies=3)
        assert await effects(story) == (2, ["Challenge 1 is recorded", "Challenge 2 is recorded"])

        await slack.command(f"/challenge {WORDS}")
        await slack.submit({}, copies=10)
        assert (await effects(story))[0] == 3

        coordinator = await story.person("p-010")
        await coordinator.click("Sort it")
        await coordinator.driver.submit(
            {"Type": "Staffing", "Where may the power to remove it sit?": "In the district"}, copies=5
        )
        owner = await story.person("p-004")
        await owner.driver.click("I'll take it", copies=10)
        await owner.driver.click("Still blocked", copies=10)
        kinds = [each.kind for each in await story.history(3)]
        assert (kinds.count(Kind.SORTED), kinds.count(Kind.TAKEN), kinds.count(Kind.ESCALATED)) == (1, 1, 1)
        await story.promises_hold()


@IN_CHAT
async def test_a_report_is_refused_inside_the_form_and_keeps_what_was_typed(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher = await story.person("p-023")
        await teacher.command("/challenge")
        await teacher.submit({"What is in the way?": WORDS, "Money asked for, in dollars": "99999999999"})

        assert list(teacher.form.errors) == ["Money asked for, in dollars"]
        assert teacher.form.values["What is in the way?"] == WORDS
        assert await story.count() == 0
        await teacher.submit({"Money asked for, in dollars": "4800"})
        assert (await story.case()).challenge.amount_usd == 4800


@pytest.mark.parametrize("platform", ["slack"])
async def test_a_locked_database_gives_a_sentence_and_nothing_is_half_done(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher = await story.person("p-023")
        await teacher.command(f"/challenge {WORDS}")

        async with database.district(story.district_id) as connection:
            if not database.is_sqlite:
                await people.revision_and_ledger(connection, story.district_id, lock=True)
            story.slack.settle = None
            story.made.gateway.limit_s = LIMIT_S
            await teacher.driver.submit({})
            assert "nothing was recorded" in str(teacher.form.errors)
            assert teacher.form.values["What is in the way?"] == WORDS
            await teacher.driver.dm("The printer of the training room is gone.")
            assert teacher.driver.answers[0].status == 503

        story.slack.settle = story.settle
        story.made.gateway.limit_s = PATIENCE_S
        await teacher.driver.redeliver(1)  # Slack delivers it again, and now it is taken
        assert await story.count() == 1
        await story.promises_hold()


@IN_CHAT
async def test_not_a_report_takes_a_message_back_and_add_details_finds_its_owner(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        teacher = await story.person("p-023")
        await teacher.dm("Lunch was great today, the new menu is a hit with everybody.")
        assert (await story.case()).challenge.status is Status.REPORTED
        await teacher.click("Not a report")
        assert (await story.case()).challenge.status is Status.WITHDRAWN

        await teacher.dm(WORDS)
        await teacher.click("Add details")
        await teacher.submit({"Type": "Staffing", "Where may the power to remove it sit?": "In the district"})
        sorted_ = (await story.case(2)).challenge
        assert (sorted_.status, sorted_.owner_id) == (Status.ASSIGNED, "p-004")
        await story.promises_hold()


@IN_CHAT
async def test_a_reply_in_the_thread_of_a_card_is_a_note_on_that_challenge(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher = await story.person("p-015")
        await teacher.report(
            "Two SEL kits are missing.",
            values={"Type": "Materials", "Where may the power to remove it sit?": "In the district"},
        )
        await teacher.reply("One box came today, still short one section.", teacher.last_card)

        case = await story.case()
        assert await story.count() == 1
        assert [each.text for each in case.words if each.field == "note"] == [
            "One box came today, still short one section."
        ]
        assert case.challenge.status is Status.ASSIGNED
        await story.promises_hold()


async def test_unknown_staff_join_guests_and_outsiders_are_refused(database: Database) -> None:
    async with world(database, "slack") as story:
        assert story.workspace is not None
        newcomer = SlackPerson(story.workspace, "Nia Newcomer", "UNEW")
        await newcomer.dm(WORDS)
        assert newcomer.last_card.title == "Challenge 1 is recorded"
        assert any(each.name == "Nia Newcomer" for each in (await story.directory()).people.values())

        guest = SlackPerson(story.workspace, "Gus Guest", "UGUEST", is_restricted=True)
        await guest.command("/challenges all")
        assert "district staff" in guest.last_answer.title
        stranger = SlackPerson(story.workspace, "Sam Stranger", "USTRANGER", team_id="TELSEWHERE")
        await stranger.dm(WORDS)
        assert await story.count() == 1
        outside = SlackPerson(story.workspace, "Gwen Ostrander", "U0EX038")
        await outside.dm(WORDS)
        assert await story.count() == 1
        await story.promises_hold()


@IN_CHAT
async def test_the_receipt_comes_at_any_hour_but_the_owner_is_told_in_hours(database: Database, platform: str) -> None:
    async with world(database, platform, at="2026-10-09 22:30") as story:  # a Friday night
        teacher, owner = await story.person("p-023"), await story.person("p-004")
        await teacher.report(
            WORDS, values={"Type": "Staffing", "Where may the power to remove it sit?": "In the district"}
        )
        assert teacher.titles() == ["Challenge 1 is recorded"]
        assert owner.titles() == []

        await story.wait_until(detroit("2026-10-12 07:29"))
        assert owner.titles() == []
        await story.wait_until(detroit("2026-10-12 07:31"))
        assert owner.titles() == ["Challenge 1: a challenge for you"]


@IN_CHAT
async def test_a_slip_is_undone_within_ten_minutes_and_not_after_somebody_acted(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        teacher, owner = await story.person("p-023"), await story.person("p-004")
        await teacher.report(
            WORDS, values={"Type": "Staffing", "Where may the power to remove it sit?": "In the district"}
        )
        before = entry(await story.case())
        await owner.click("Still blocked")
        assert (await story.case()).helpers
        await owner.click("Undo")
        assert entry(await story.case()) == before
        assert not (await story.case()).helpers
        kinds = [each.kind for each in await story.history()]
        assert kinds[-2:] == [Kind.ESCALATED, Kind.UNDONE]

        await owner.click("I'll take it")
        undo = owner.answer
        await teacher.reply("It happened again today.", teacher.cards[0])
        await owner.click("Undo", undo)
        assert "cannot be undone" in owner.answer.text
        assert (await story.case()).challenge.taken_at is not None

        await owner.click("Still blocked")
        story.clock.at += timedelta(minutes=11)
        await owner.click("Undo")
        assert "ten minutes" in owner.answer.text
        await story.promises_hold()


@IN_CHAT
async def test_a_question_stops_the_clock_until_it_is_answered(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher, owner = await story.person("p-023"), await story.person("p-004")
        await teacher.report(
            WORDS, values={"Type": "Staffing", "Where may the power to remove it sit?": "In the district"}
        )
        due = (await story.case()).challenge.decide_by
        await owner.click("Question")
        await owner.submit({"Your question to those who raised it": "Which days?"})
        assert teacher.last_card.title == "Challenge 1: a question for you"

        await story.wait_until(detroit("2026-10-08 15:00"))
        assert not [each for each in await story.history() if each.kind is Kind.PROMPTED]
        await teacher.click("Answer")
        await teacher.submit({"Your answer": "Tuesdays and Fridays."})
        case = await story.case()
        assert case.challenge.asked_at is None
        assert case.challenge.decide_by > due  # as many school days later as it stood still
        assert owner.last_card.title == "Challenge 1: your question is answered"
        await story.promises_hold()


@IN_CHAT
async def test_a_bare_message_while_a_question_waits_is_asked_about(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher, owner = await story.person("p-023"), await story.person("p-004")
        await teacher.report(
            WORDS, values={"Type": "Staffing", "Where may the power to remove it sit?": "In the district"}
        )
        await owner.click("Question")
        await owner.submit({"Your question to those who raised it": "Which days?"})
        await teacher.dm("Tuesdays and Fridays, every week.")
        assert await story.count() == 1
        await teacher.click("It is about challenge 1")
        assert (await story.case()).challenge.asked_at is None
        assert owner.last_card.title == "Challenge 1: your question is answered"
        await story.promises_hold()


async def test_ten_people_at_once_get_ten_numbers(database: Database) -> None:
    async with world(database, "slack") as story:
        staff = [await story.person(f"p-{number:03}") for number in range(13, 20)]
        await asyncio.gather(*(each.driver.dm(WORDS) for each in staff))
        await story.settle()
        assert await story.count() == len(staff)
        await story.promises_hold()
