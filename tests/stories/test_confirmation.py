"""Those who raised it hold the key: yes, partly, no, silence (invariant 4)."""

import pytest

from storage.database import Database
from storage.vocabulary import Authority, Kind, Outcome, Rung, Status
from tests.stories.platforms import EVERYWHERE, IN_CHAT
from tests.world import World, detroit, world

STAFFING = {"Type": "Staffing", "Where may the power to remove it sit?": "In the district"}


async def resolved(story: World, *, confidential: bool = False, school: str = "Cedar Flats Elementary") -> None:
    """Ellie Marsh (teacher, Cedar Flats) raised it; Ramon (HR) has it, understood it, and says it is resolved."""
    teacher, owner = await story.person("p-023"), await story.person("p-004")
    more = {"Your name": ["Show my name to the coordinator only"]} if confidential else {}
    await teacher.report(
        "Our coach covers classes, so there is no coaching.", values=STAFFING | {"School": school} | more
    )
    await owner.click("I understand it")
    await owner.submit({"How big is it? Who is hit, and where?": "One coach, four cycles."})
    await resolve(story)


async def resolve(story: World) -> None:
    owner = await story.person((await story.case()).challenge.owner_id)
    if "I understand it" in owner.last_card.buttons:
        await owner.click("I understand it")
        await owner.submit({"How big is it? Who is hit, and where?": "One coach, four cycles."})
    await owner.click("Resolved")
    await owner.submit({"What was done?": "A substitute is hired."})


@EVERYWHERE
async def test_partly_adds_a_step_and_goes_on(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await resolved(story)
        teacher = await story.person("p-023")

        await teacher.click("Partly")
        await teacher.submit({"What is still missing? It becomes the next step.": "No cover for Fridays."})

        case = await story.case()
        assert case.challenge.status is Status.IN_PROGRESS
        assert [case.words_of(each) for each in case.open_steps] == ["No cover for Fridays."]
        assert case.open_steps[0].owner_id == "p-004"
        assert case.reporters[0].answer is None  # to be asked again
        await story.promises_hold()


@EVERYWHERE
async def test_a_no_reopens_and_a_second_no_goes_one_level_of_authority_up(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await resolved(story)
        teacher = await story.person("p-023")

        await teacher.click("No")
        await teacher.submit({"What is still in the way? (optional)": "Pulled again today."})
        again = (await story.case()).challenge
        assert (again.status, again.owner_id, again.refusals) == (Status.ASSIGNED, "p-004", 1)

        await resolve(story)
        await teacher.click("No")
        await teacher.submit({})
        up = (await story.case()).challenge
        assert (up.status, up.owner_id, up.rung) == (Status.ASSIGNED, "p-002", Rung.EXECUTIVE_LEADER)
        assert up.authority is Authority.EXECUTIVE
        leader = await story.person("p-002")
        await leader.look()
        assert "came up to you" in leader.last_card.title
        await story.promises_hold()


@IN_CHAT
async def test_silence_asks_once_more_then_the_coach_then_the_coordinator_decides(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        await resolved(story)
        teacher, coach, coordinator = [await story.person(each) for each in ("p-023", "p-022", "p-010")]

        await story.wait_until(detroit("2026-10-20 17:00"))
        assert "was it addressed" in teacher.last_card.title  # ten school days after Tuesday, October 6
        asked = len(teacher.cards)
        await story.wait_until(detroit("2026-10-23 17:00"))
        assert len(teacher.cards) == asked + 1  # one reminder, three school days later
        await story.wait_until(detroit("2026-10-28 17:00"))
        kinds = [each.kind for each in await story.history()]
        assert kinds.count(Kind.CONFIRMATION_ASKED) == 1
        assert kinds.count(Kind.REMINDED) == 1
        assert kinds.count(Kind.COLLEAGUE_ASKED) == 1
        assert (await story.case()).reporters[0].colleague_id == "p-022"
        await story.wait_until(detroit("2026-10-29 09:00"))
        assert coach.last_card.title == "Challenge 1: please ask"

        with pytest.raises(AssertionError, match="no button"):
            await coordinator.click("Close, not confirmed")
        await story.wait_until(detroit("2026-11-03 17:00"))
        assert coordinator.last_card.title == "Challenge 1: your decision"
        await coordinator.click("Close, not confirmed")
        await coordinator.submit({"What makes you close it without an answer?": "The coach is back to coaching."})

        closed = (await story.case()).challenge
        assert (closed.status, closed.outcome) == (Status.CLOSED, Outcome.NOT_CONFIRMED)
        await story.promises_hold()


@IN_CHAT
async def test_the_coordinator_asks_where_the_reporter_is_confidential(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await resolved(story, confidential=True)
        await story.wait_until(detroit("2026-10-28 17:00"))

        assert (await story.case()).reporters[0].colleague_id == "p-010"
        for person_id in ("p-004", "p-022", "p-021"):
            person = await story.person(person_id)
            assert not any("Ellie Marsh" in str(each) for each in person.cards)
        await story.promises_hold()


@IN_CHAT
async def test_nobody_decides_before_every_ask_was_made_and_a_late_no_still_reopens(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        await resolved(story)
        teacher, coordinator = await story.person("p-023"), await story.person("p-010")
        await story.wait_until(detroit("2026-11-04 12:00"))
        await coordinator.click("Close, not confirmed")
        await coordinator.submit({"What makes you close it without an answer?": "No word from anybody."})

        await teacher.click("It is not gone")
        await teacher.submit({"What is still in the way? (optional)": "It never changed."})

        assert (await story.case()).challenge.status is Status.ASSIGNED
        await story.promises_hold()


@IN_CHAT
async def test_a_talk_by_phone_is_entered_by_who_had_it_and_its_no_counts(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await resolved(story)
        await story.wait_until(detroit("2026-10-29 12:00"))
        coach = await story.person("p-022")

        await coach.command("/challenges 1")
        await coach.click("Enter a talk")
        await coach.submit(
            {
                "With whom?": "Ellie Marsh",
                "Do they say it was addressed sufficiently?": "No",
                "What was said?": "She still has no coaching.",
            }
        )

        challenge = (await story.case()).challenge
        assert (challenge.status, challenge.refusals) == (Status.ASSIGNED, 1)
        assert any(each.kind is Kind.TALKED and each.actor_id == "p-022" for each in await story.history())
        await story.promises_hold()


@IN_CHAT
async def test_two_reporters_must_both_say_yes(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher, colleague, owner = [await story.person(each) for each in ("p-023", "p-022", "p-004")]
        await teacher.report("Our coach covers classes.", values=STAFFING)
        await colleague.command("/challenges 1")
        await colleague.click("Me too")
        await colleague.submit({"What do you see? (optional)": "Eleven visits cancelled since Labor Day."})
        assert colleague.last_card.title == "Challenge 1: you joined"
        await owner.click("I understand it")
        await owner.submit({"How big is it? Who is hit, and where?": "One coach."})
        await resolve(story)

        await teacher.click("Yes, it was addressed")
        assert (await story.case()).challenge.status is Status.RESOLVED
        await colleague.click("Yes, it was addressed")
        closed = (await story.case()).challenge
        assert (closed.status, closed.outcome) == (Status.CLOSED, Outcome.CONFIRMED)
        assert await story.count() == 1
        await story.promises_hold()
