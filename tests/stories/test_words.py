"""What people write in their own words: no guess drops it, no answer is taken for something else."""

import pytest

from storage.database import Database
from storage.vocabulary import Field, Status
from tests.world import World, detroit, world

WORDS = "No substitutes for training days at our school."
WHERE = "Where may the power to remove it sit?"
STAFFING = {"Type": "Staffing", WHERE: "In the district"}
SCOPE = "How big is it? Who is hit, and where?"
LAST_SPRING = "A student attempted suicide last spring and we still have no counselor. The post is vacant since."
CRISIS = "Call the building office and follow the crisis card now"
NOBODY = {"If nobody is in danger": ["Nobody is in danger now; this is about the work"]}


async def to_be_confirmed(story: World) -> None:
    teacher, owner = await story.person("p-023"), await story.person("p-004")
    await teacher.report(WORDS, values=STAFFING)
    await owner.click("I understand it")
    await owner.submit({SCOPE: "One school."})
    await owner.click("Resolved")
    await owner.submit({"What was done?": "A substitute is hired."})
    await story.wait_until(detroit("2026-10-26 09:00"))
    assert (await story.case()).challenge.status is Status.AWAITING_CONFIRMATION


async def test_what_looks_like_a_crisis_can_be_reported_all_the_same_and_no_word_is_lost(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        await teacher.report("", values={"What is in the way?": LAST_SPRING} | STAFFING)
        assert CRISIS in str(teacher.form)
        assert await story.count() == 0
        await teacher.submit({})
        assert await story.count() == 0
        await teacher.submit(NOBODY)
        case = await story.case()
        assert (case.title, case.challenge.type) == (LAST_SPRING, "staffing")


async def test_the_button_under_a_districts_crisis_text_leads_to_a_report(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        await teacher.dm(LAST_SPRING)
        assert CRISIS in str(teacher.last_card)
        await teacher.click("Report a challenge anyway")
        assert CRISIS in str(teacher.form)
        await teacher.submit({"What is in the way?": LAST_SPRING} | NOBODY)
        assert (await story.case()).title == LAST_SPRING


@pytest.mark.parametrize("words", [LAST_SPRING, "My student Maya Rodriguez has an IEP and sits alone."])
async def test_who_writes_of_a_student_in_a_channel_is_told_that_it_still_stands_there(
    database: Database, words: str
) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        still = "Your message still stands in the channel"
        await teacher.dm(words)
        assert still not in teacher.last_card.text
        await teacher.driver.mention(words, "cedar-flats-staff")
        assert still in teacher.answer.text
        assert await story.count() == 0


async def test_a_bare_no_while_a_question_waits_is_no_greeting(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher, owner = await story.person("p-023"), await story.person("p-004")
        await teacher.report(WORDS, values=STAFFING)
        await owner.click("Question")
        await owner.submit({"Your question to those who raised it": "Is it every week?"})
        await teacher.dm("No")
        await teacher.click("It is about challenge 1")
        assert (await story.case()).said(Field.ANSWER) == "No"


async def test_words_about_what_is_to_be_confirmed_are_noted_and_the_answer_is_asked_for(database: Database) -> None:
    async with world(database, "slack") as story:
        await to_be_confirmed(story)
        teacher = await story.person("p-023")
        await teacher.dm("No, it is still happening.")
        assert await story.count() == 1
        await teacher.click("It is about challenge 1")
        await teacher.click("No")
        await teacher.submit({"What is still in the way? (optional)": "It happened again today."})
        case = await story.case()
        assert "No, it is still happening." in [each.text for each in case.all_said(Field.NOTE)]
        assert case.challenge.refusals == 1


async def test_a_reply_in_the_thread_of_ones_own_message_concerns_what_came_of_it(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        own = await teacher.driver.dm(WORDS)
        await story.settle()
        await teacher.reply("It happened again on Tuesday.", own)
        assert await story.count() == 1
        assert "It happened again on Tuesday." in [each.text for each in (await story.case()).all_said(Field.NOTE)]


async def test_held_words_are_asked_about_once_more_before_they_lapse(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-016")
        await teacher.dm("Jaxon Tillery in 4B threw a chair again. Nobody here can score the screener.")
        first = len(teacher.cards)
        await story.wait_until(detroit("2026-10-06 13:00"))
        assert len(teacher.cards) == first + 1
        assert teacher.last_card.title == "Before this is recorded"
        assert "Jaxon" not in str(teacher.last_card)
        await teacher.click("Send it like this", teacher.last_card)
        assert await story.count() == 1


async def test_who_asks_for_confidence_in_a_message_gets_it_from_the_start(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        await teacher.dm("Our principal cancels every team meeting. Please dont put my name on this.")
        assert [each.confidential for each in (await story.case()).reporters] == [True]
