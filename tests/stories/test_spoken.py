"""Commands in the words of a direct message: done, or answered with what would have been; and nothing reported is lost."""

import pytest

from storage.database import Database
from storage.vocabulary import Door
from tests.world import World, detroit, world

WORDS = "No substitutes for training days at our school."
PLATFORMS = ("slack", "console")
STUDENT = "Jayden Tolliver in my 4th grade class has no aide"


async def nothing_recorded(story: World) -> bool:
    return await story.count() == 0


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_slash_and_a_slip_are_answered_with_what_would_have_been(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher = await story.person("p-023")
        await teacher.dm(WORDS)
        await teacher.dm("/chalenges reported")
        card = teacher.reply_to_message
        assert card.title == "I did not understand “/chalenges”"
        assert "/challenges reported" in card.text
        assert await story.count() == 1

        await teacher.click("/challenges reported", card)
        assert WORDS in str(teacher.answer)
        await teacher.click("Report it anyway", card)
        assert await story.count() == 2
        assert (await story.case(2)).title == "/chalenges reported"
        await story.promises_hold()


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("words", ["challenges reported", "/challenges reported", "Challenges: reported"])
async def test_a_question_in_words_is_answered_like_the_command(database: Database, platform: str, words: str) -> None:
    async with world(database, platform) as story:
        teacher = await story.person("p-023")
        await teacher.dm(WORDS)
        if platform == "slack" or not words.startswith("/"):
            await teacher.dm(words)
            assert teacher.reply_to_message.title == "Challenges: reported"
        else:
            await teacher.command(words)
            assert teacher.answer.title == "Challenges: reported"
        assert await story.count() == 1
        await story.promises_hold()


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_sentence_that_begins_like_a_command_is_recorded(database: Database, platform: str) -> None:
    sentences = [
        "Challenges with the bus schedule make us late",
        "Challenge is that nobody covers my room",
        "Report cards are due the week of benchmark testing",
        "Help us get substitutes for training days",
        "Clearway sends the digest too late for the early shift",
    ]
    async with world(database, platform) as story:
        teacher = await story.person("p-023")
        for n, each in enumerate(sentences, 1):
            await teacher.dm(each)
            assert (await story.case(n)).title == each
        await story.promises_hold()


async def test_words_to_report_open_the_form_with_them_in_it(database: Database) -> None:
    async with world(database, "console") as story:
        teacher = await story.person("p-023")
        await teacher.dm(f"challenge {WORDS}")
        assert await nothing_recorded(story)
        await teacher.submit()
        case = await story.case()
        assert (case.title, case.challenge.door) == (WORDS, Door.COMMAND)
        await story.wait_until(detroit("2026-10-08 12:00"))
        assert "Nothing was recorded" not in teacher.titles()  # the words that were kept went with the form
        await story.promises_hold()


async def test_where_no_form_can_be_opened_after_a_message_a_button_opens_it(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        await teacher.dm(f"report {WORDS}")
        card = teacher.last_card
        assert card.title == "Report this?"
        assert WORDS in card.text
        assert await nothing_recorded(story)
        await teacher.click("Fill in the form", card)
        await teacher.submit({"What has your team tried?": "Swapped duties"})
        assert (await story.case()).title == WORDS
        await story.wait_until(detroit("2026-10-08 12:00"))
        assert "Nothing was recorded" not in teacher.titles()

        await teacher.dm("challenge two kits are missing")
        await teacher.click("Report it as it stands", teacher.last_card)
        assert (await story.case(2)).title == "two kits are missing"

        await teacher.dm("challenge")
        await teacher.click("Open the form", teacher.last_card)
        await teacher.submit({"What is in the way?": "The portal is down."})
        assert await story.count() == 3
        await story.promises_hold()


async def test_whoever_leaves_the_form_alone_hears_that_nothing_was_recorded(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        await teacher.dm(f"report {WORDS}")
        await story.wait_until(detroit("2026-10-07 12:00"))
        assert teacher.last_card.title == "Nothing was recorded"
        await story.promises_hold()


@pytest.mark.parametrize("words", ["challenge {}", "/chalenge {}", "challenges {}"])
async def test_no_command_is_a_way_around_the_question_about_a_student(database: Database, words: str) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        await teacher.dm(words.format(STUDENT))
        assert teacher.last_card.title == "Before this is recorded"
        assert await nothing_recorded(story)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("help", "Clearway: help"),
        ("clearway", "Home"),
        ("Clearway process", "District Process"),
        ("?", "Clearway: help"),
    ],
)
async def test_help_home_and_the_process_in_words(database: Database, platform: str, words: str, title: str) -> None:
    async with world(database, platform) as story:
        teacher = await story.person("p-023")
        await teacher.dm(words)
        assert teacher.reply_to_message.title.startswith(title)
        assert await nothing_recorded(story)


async def test_a_reply_to_a_card_concerns_the_card_whatever_it_says(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        await teacher.dm(WORDS)
        await teacher.reply("challenges mine", teacher.last_card)
        assert teacher.last_card.title != "Challenges: mine"
        assert "challenges mine" in str([each.data for each in await story.history()]) or len(await story.history()) > 2


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_question_that_is_no_command_is_answered_and_can_be_reported(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher = await story.person("p-023")
        await teacher.dm("Which challenges are waiting?")
        card = teacher.reply_to_message
        assert card.title == "Challenges: waiting"
        assert await nothing_recorded(story)
        await teacher.click("Report it as a challenge", card)
        assert (await story.case()).title == "Which challenges are waiting?"
        await story.promises_hold()


async def test_a_mention_asks_like_a_direct_message_and_only_who_asks_sees_the_answer(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        await teacher.driver.mention("challenges mine", "cedar-flats-staff")
        await story.settle()
        assert teacher.driver.ephemerals[-1].title == "Challenges: mine"
        assert await nothing_recorded(story)
