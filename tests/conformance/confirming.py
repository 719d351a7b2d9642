"""Whether it was addressed: those who raised it say so."""

from storage.vocabulary import Kind, Outcome, Status
from tests.conformance.steps import COLLEAGUE, COORDINATOR, TEACHER, people, resolved, seen
from tests.conformance.table import Chapter
from tests.world import World, detroit

CONFIRMING = Chapter("Say whether it was addressed")

STILL = "What is still in the way? (optional)"


@CONFIRMING.shows("Be asked, ten school days after it is resolved, and say yes: it is closed")
async def yes(story: World) -> None:
    teacher, _ = await resolved(story)
    await story.wait_until(detroit("2026-10-21 12:00"))
    assert teacher.last_card.title == "Challenge 1: was it addressed?"
    await teacher.click("Yes, it was addressed")
    challenge = (await story.case()).challenge
    assert (challenge.status, challenge.outcome) == (Status.CLOSED, Outcome.CONFIRMED)


@CONFIRMING.shows("Say partly: what is missing becomes the next step")
async def partly(story: World) -> None:
    teacher, _ = await resolved(story)
    await teacher.click("Partly")
    await teacher.submit({"What is still missing? It becomes the next step.": "No cover for Fridays."})
    case = await story.case()
    assert case.challenge.status is Status.IN_PROGRESS
    assert [case.words_of(each) for each in case.open_steps] == ["No cover for Fridays."]


@CONFIRMING.shows("Say no: it is opened again")
async def no(story: World) -> None:
    teacher, owner = await resolved(story)
    await teacher.click("No")
    await teacher.submit({STILL: "Pulled again today."})
    assert (await story.case()).challenge.status is Status.ASSIGNED
    assert "Pulled again today." in seen(owner)


@CONFIRMING.shows("Say later that it is not gone: it is opened again")
async def not_gone(story: World) -> None:
    teacher, _ = await resolved(story)
    await teacher.click("Yes, it was addressed")
    await teacher.click("It is not gone")
    await teacher.submit({STILL: "It came back."})
    assert (await story.case()).challenge.status is Status.ASSIGNED


@CONFIRMING.shows("Enter a talk that you had with who raised it; its answer counts")
async def talk(story: World) -> None:
    await resolved(story)
    await story.wait_until(detroit("2026-10-29 12:00"))
    coach = await story.person(COLLEAGUE)
    await coach.command("/challenges 1")
    await coach.click("Enter a talk")
    await coach.submit(
        {
            "With whom?": "Ellie Marsh",
            "Do they say it was addressed sufficiently?": "No",
            "What was said?": "She still has no coaching.",
        }
    )
    assert (await story.case()).challenge.status is Status.ASSIGNED
    assert Kind.TALKED in [each.kind for each in await story.history()]


@CONFIRMING.shows("Decide after silence: close it, not confirmed, or keep it open (the coordinator)")
async def decide_after_silence(story: World) -> None:
    await resolved(story)
    _, coordinator = await people(story, TEACHER, COORDINATOR)
    await story.wait_until(detroit("2026-11-03 17:00"))
    assert coordinator.last_card.title == "Challenge 1: your decision"
    assert "Keep it open" in coordinator.last_card.buttons
    await coordinator.click("Close, not confirmed")
    await coordinator.submit({"What makes you close it without an answer?": "The coach is back to coaching."})
    challenge = (await story.case()).challenge
    assert (challenge.status, challenge.outcome) == (Status.CLOSED, Outcome.NOT_CONFIRMED)
