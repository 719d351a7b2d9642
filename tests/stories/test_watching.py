"""Those who watch over it: sorting, naming, restricting, joining, redirecting, entering for a caller; who sees what."""

import pytest

from storage.database import Database
from storage.vocabulary import Authority, Kind, Status, Visibility
from tests.stories.platforms import EVERYWHERE, IN_CHAT, ON_SLACK, ON_TEAMS
from tests.world import World, detroit, world

WORDS = "No substitutes for training days."
DISTRICT_WIDE = {"Where may the power to remove it sit?": "In the district"}
STAFFING = {"Type": "Staffing"} | DISTRICT_WIDE
REASSIGN = "Which challenges? One number, or several"


async def on_record(story: World, count: int = 1, by: str = "p-023", **values: object) -> None:
    teacher = await story.person(by)
    for number in range(count):
        await teacher.report(f"{WORDS} {number}", values=STAFFING | values)


@EVERYWHERE
async def test_the_coordinator_names_an_owner_for_several_with_a_reason(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await on_record(story, 3)
        coordinator, named = await story.person("p-010"), await story.person("p-011")
        await coordinator.command("/challenges 1")
        await coordinator.click("Reassign")
        filled = {"Who takes it?": "Bea Thornquist", "Why? It stands in the log.": "She ran the last search."}
        await coordinator.submit({REASSIGN: "1, three"} | filled)
        assert list(coordinator.form.errors) == [REASSIGN]
        await coordinator.submit({REASSIGN: "1, 3"})

        owners = [(await story.case(number)).challenge.owner_id for number in (1, 2, 3)]
        assert owners == ["p-011", "p-004", "p-011"]
        assert (await story.case()).challenge.authority is Authority.NAMED
        await named.look()
        assert "Casey Lindqvist-Amara named Bea Thornquist." in named.last_card.text
        await story.promises_hold()


@IN_CHAT
async def test_a_restricted_challenge_is_nowhere_for_those_not_admitted(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await on_record(story)
        coordinator, member, admitted, colleague = [
            await story.person(each) for each in ("p-010", "p-005", "p-006", "p-024")
        ]
        await member.command("/challenges all")
        assert WORDS in member.answer.text

        await coordinator.command("/challenges 1")
        await coordinator.click("Who can see it")
        await coordinator.submit(
            {
                "Challenge 1": ["Only the coordinator, the owner, those who raised it and those admitted"],
                "Admit somebody": "Jonah Prescod",
            }
        )
        assert (await story.case()).challenge.visibility is Visibility.RESTRICTED
        for person in (member, colleague):
            await person.command("/challenges all")
            assert WORDS not in person.answer.text
            await person.command("/challenges 1")
            assert "There is no challenge 1 that you can see" in str(person.answer)
        await admitted.command("/challenges all")
        assert WORDS in admitted.answer.text
        await story.promises_hold()


@ON_TEAMS
async def test_whom_it_is_about_does_not_get_it_and_cannot_see_it(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher, coordinator = await story.person("p-016"), await story.person("p-010")
        await teacher.report(
            "The meetings of our team are called off again and again.",
            values={"Type": "Time", "Where may the power to remove it sit?": "In our school"},
        )
        assert (await story.case()).challenge.owner_id == "p-013"
        await coordinator.command("/challenges 1")
        await coordinator.click("Reassign")
        await coordinator.submit(
            {"Who takes it?": "Casey Lindqvist-Amara", "Why? It stands in the log.": "To sort it anew."}
        )
        async with story.made.districts.open(story.district_id, _operator(), write=True) as store:
            case = await store.case_numbered(1)
            assert case is not None
            store.record(case, Kind.SORTED, by=None, at=story.clock.now(), conduct_of_id="p-013", status=Status.REPORTED,
                         owner_id="p-010", authority=Authority.TRIAGE)  # fmt: skip
            await store.flush(story.clock.now())
        await coordinator.command("/challenges 1")
        await coordinator.click("Sort it")
        await coordinator.submit({})
        challenge = (await story.case()).challenge
        assert (challenge.owner_id, challenge.authority) == ("p-002", Authority.EXECUTIVE)
        principal = await story.person("p-013")
        await principal.command("/challenges all")
        assert "called off" not in principal.answer.text
        await story.promises_hold()


def _operator():  # type: ignore[no-untyped-def]
    from storage.store import Came
    from storage.vocabulary import Door

    return Came(Door.OPERATOR)


@ON_SLACK
async def test_one_challenge_joins_another_with_all_who_raised_it(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await on_record(story, by="p-023")
        await on_record(story, by="p-015")
        coordinator, other = await story.person("p-010"), await story.person("p-015")
        await coordinator.command("/challenges 2")
        await coordinator.click("Join with another")
        await coordinator.submit({"Which challenge does it join? Its number": "1"})
        into, merged = await story.case(1), await story.case(2)
        assert (merged.challenge.status, merged.challenge.merged_into_id) == (Status.MERGED, into.id)
        assert [each.person_id for each in into.reporters] == ["p-023", "p-015"]
        assert other.last_card.title == "Challenge 1: you joined"
        await story.promises_hold()


@ON_TEAMS
async def test_what_is_no_challenge_goes_to_its_desk_and_the_reporter_hears(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher, coordinator = await story.person("p-023"), await story.person("p-010")
        await teacher.dm("The new copier contract never came through for our building, ever.")
        await coordinator.click("Redirect")
        await coordinator.submit(
            {"Where does it belong?": "Work order", "A word to those who raised it": "Walt takes this on."}
        )
        assert (await story.case()).challenge.status is Status.REDIRECTED
        await story.wait_until(detroit("2026-10-07 09:00"))
        assert "Work order (Walt Grummond)" in str(teacher.last_card)
        await story.promises_hold()


@ON_SLACK
async def test_a_challenge_is_entered_for_a_caller_who_gets_every_follow_up(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        coordinator, caller = await story.person("p-010"), await story.person("p-027")
        await coordinator.command("/clearway")
        await coordinator.click("Enter for a caller")
        await coordinator.submit({"Who called?": "Carmen Duque", "What is in the way?": WORDS} | STAFFING)
        case = await story.case()
        assert [each.person_id for each in case.reporters] == ["p-027"]
        assert caller.last_card.title == "Challenge 1 is recorded for you"
        history = await story.history()
        assert history[0].actor_id == "p-010"
        await story.promises_hold()


async def test_a_confidential_reporters_name_is_the_coordinators_only(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-014")
        await teacher.report(
            "Is this still a priority?",
            values={"Type": "Leadership", "Your name": ["Show my name to the coordinator only"]} | DISTRICT_WIDE,
        )
        top, coordinator, member = [await story.person(each) for each in ("p-001", "p-010", "p-005")]
        assert top.last_card.title == "Challenge 1: a challenge for you"
        await top.click("Question")
        await top.submit({"Your question to those who raised it": "What would show it?"})
        await teacher.click("Answer")
        await teacher.submit({"Your answer": "A word from you at the next meeting."})
        for person in (top, member):
            await person.command("/challenges 1")
            assert "Gil Petrosyan" not in str(person.answer)
            assert not any("Gil Petrosyan" in str(each.blocks) + each.notification for each in person.cards)
        await coordinator.command("/challenges 1")
        assert "Gil Petrosyan" in str(coordinator.answer)
        await story.promises_hold()


async def test_what_cannot_be_delivered_becomes_the_coordinators_task(database: Database) -> None:
    async with world(database, "slack") as story:
        assert story.slack is not None
        teacher, coordinator = await story.person("p-023"), await story.person("p-010")
        await teacher.command(f"/challenge {WORDS}")
        story.slack.settle = None
        await teacher.driver.submit(STAFFING)
        story.slack.fail("conversations.open", times=2, error="user_disabled")
        await story.wait_until(detroit("2026-10-07 09:00"))
        story.slack.settle = story.settle
        undelivered = [each for each in await story.history() if each.kind is Kind.UNDELIVERABLE]
        assert undelivered
        assert any("did not arrive" in str(each) for each in coordinator.cards)
        await story.promises_hold()


@ON_TEAMS
@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", True),
        ("mine", False),
        ("reported", True),
        ("type staffing", True),
        ("type funding", False),
        ("at cedar", True),
        ("at alder", False),
        ("owner ramon", True),
        ('"substitutes"', True),
        ('"elephants"', False),
        ("new", True),
        ("closed", False),
        ("overdue", False),
        ("since yesterday", True),
    ],
)
async def test_the_log_answers_in_plain_words(database: Database, words: str, found: bool, platform: str) -> None:
    async with world(database, platform) as story:
        await on_record(story)
        teacher = await story.person("p-023")
        await teacher.command(f"/challenges {words}")
        assert (WORDS in teacher.answer.text) is found, str(teacher.answer)


@ON_SLACK
async def test_what_is_not_understood_is_named_with_what_would_have_been(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher = await story.person("p-023")
        await teacher.command("/challenges frobnicate")
        assert "frobnicate" in teacher.answer.title
        assert "overdue" in teacher.answer.text
        await teacher.command("/clearway help")
        assert ("" if platform == "teams" else "/") + "challenges mine" in teacher.answer.text
        coordinator = await story.person("p-010")
        await coordinator.command("/clearway help")
        assert "The coordinator" in coordinator.answer.text


@EVERYWHERE
async def test_student_information_is_held_and_lapses_unread(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher = await story.person("p-016")
        text = "Jaxon Tillery in 4B threw a chair again. Nobody here can score the screener."
        await teacher.dm(text)
        assert await story.count() == 0
        assert "Nothing is recorded yet" in teacher.reply_to_message.text
        assert "Jaxon" not in str(teacher.reply_to_message)
        await teacher.click("Send it like this")
        case = await story.case()
        assert "Jaxon" not in case.title
        assert "screener" in case.title

        await teacher.dm(text)
        await story.wait_until(detroit("2026-10-07 17:00"))
        assert await story.count() == 1
        assert any("Nothing was recorded" in str(each) for each in teacher.cards)
        await story.promises_hold()


@EVERYWHERE
async def test_a_student_in_danger_gets_the_districts_text_and_nothing_is_stored(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        teacher = await story.person("p-016")
        await teacher.dm("One of my students says she wants to kill herself")
        assert "Call the building office and follow the crisis card now" in teacher.reply_to_message.text
        assert "Nobody is watching this chat" in teacher.reply_to_message.text
        await teacher.command("/challenge a student told me he is going to kill himself tonight")
        assert "Call the building office" in str(teacher.answer)
        assert await story.count() == 0
        await story.promises_hold()
