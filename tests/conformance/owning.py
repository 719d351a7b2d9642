"""What the owner of a challenge can do."""

from datetime import date

from storage.vocabulary import Kind, Rung, Status
from tests.conformance.steps import (
    LEADER,
    OWNER,
    PRINCIPAL,
    SCOPE,
    TEACHER,
    WHEN,
    WHY,
    on_record,
    people,
    resolved,
    seen,
)
from tests.conformance.table import Chapter
from tests.world import World, detroit

OWNING = Chapter("With a challenge that is yours to remove")


@OWNING.shows("Get one card with the whole brief, and take it with one press")
async def take(story: World) -> None:
    await on_record(story)
    owner = await story.person(OWNER)
    assert owner.last_card.title == "Challenge 1: a challenge for you"
    await owner.click("I'll take it")
    assert (await story.case()).challenge.taken_at is not None
    assert "I'll take it" not in owner.last_card.buttons


@OWNING.shows("Confirm how big it is, and the options")
async def understand(story: World) -> None:
    await on_record(story)
    owner = await story.person(OWNER)
    await owner.click("I understand it")
    await owner.submit({SCOPE: "Six schools."})
    assert (await story.case()).challenge.status is Status.UNDERSTOOD


@OWNING.shows("Plan steps, each with a person and a date; a day without school moves", at="2026-11-17 09:00")
async def plan_steps(story: World) -> None:
    await on_record(story)
    owner = await story.person(OWNER)
    await owner.click("I understand it")
    await owner.submit({SCOPE: "Six schools."})
    await owner.click("Plan steps")
    await owner.submit(
        {
            "Step 1: what will be done?": "Hire two.",
            "Step 1: by when?": "2026-11-26",
            "Step 1: by whom?": "Yolanda Breck",
        }
    )
    step = (await story.case()).open_steps[0]
    assert (step.due_on, step.owner_id) == (date(2026, 11, 30), PRINCIPAL)


@OWNING.shows("Be told of a step that is yours, and say that it is done", at="2026-11-17 09:00")
async def finish_a_step(story: World) -> None:
    await plan_steps(story)
    helper = await story.person(PRINCIPAL)
    await story.wait_until(detroit("2026-11-24 17:00"))
    assert "a step for you" in seen(helper)
    await helper.click("Step 1 is done")
    case = await story.case()
    assert (case.challenge.status, case.open_steps) == (Status.IN_PROGRESS, [])


@OWNING.shows("Say how it stands")
async def progress(story: World) -> None:
    teacher, owner = await people(story, TEACHER, OWNER)
    await on_record(story)
    await owner.click("Progress")
    await owner.submit({"How does it stand?": "Two people have applied."})
    assert "Two people have applied." in [each.text for each in (await story.case()).words]
    await story.wait_until(detroit("2026-10-07 09:00"))
    assert "Two people have applied." in seen(teacher)


@OWNING.shows("Say that you are still blocked: the next level is brought in")
async def still_blocked(story: World) -> None:
    await on_record(story)
    owner = await story.person(OWNER)
    await owner.click("Still blocked")
    case = await story.case()
    assert (case.challenge.owner_id, case.challenge.rung) == (OWNER, Rung.COORDINATOR)
    assert Kind.ESCALATED in [each.kind for each in await story.history()]


@OWNING.shows("Say that it is not yours: it goes to somebody else with authority")
async def not_mine(story: World) -> None:
    await on_record(story)
    owner = await story.person(OWNER)
    await owner.click("Not mine")
    await owner.submit({"Why is it not yours? (optional)": "It is about the calendar."})
    assert (await story.case()).challenge.owner_id == LEADER


@OWNING.shows("Send it up from the school to the district, with what the school has tried")
async def send_up(story: World) -> None:
    teacher, principal, leader = await people(story, "p-016", "p-013", LEADER)
    await teacher.report(
        "Our team has ten minutes for data.",
        values={"Type": "Time", "Where may the power to remove it sit?": "In our school"},
    )
    assert (await story.case()).challenge.status is Status.WITH_SCHOOL
    await principal.click("Send up")
    await principal.submit({"What has your school tried?": "We moved the announcements to e-mail."})
    assert (await story.case()).challenge.owner_id == LEADER
    assert "We moved the announcements to e-mail." in leader.last_card.text


@OWNING.shows("Wait on somebody outside, until a date")
async def wait_outside(story: World) -> None:
    await on_record(story)
    owner = await story.person(OWNER)
    await owner.click("I understand it")
    await owner.submit({SCOPE: "Six schools."})
    await owner.click("Waiting outside")
    await owner.submit({WHY: "The state decides.", WHEN: "2026-11-12"})
    challenge = (await story.case()).challenge
    assert (challenge.status, challenge.review_on) == (Status.WAITING_OUTSIDE, date(2026, 11, 12))


@OWNING.shows("Pause it until a date, with a reason, and take it up again")
async def pause_and_resume(story: World) -> None:
    await on_record(story)
    owner = await story.person(OWNER)
    await owner.click("Pause until")
    await owner.submit({WHY: "The board meets then.", WHEN: "2026-11-12"})
    assert (await story.case()).challenge.review_on == date(2026, 11, 12)
    await owner.click("Resume now")
    assert (await story.case()).challenge.review_on is None


@OWNING.shows("Decline it for now, with a reason and a date (executive leaders)")
async def decline(story: World) -> None:
    await on_record(story)
    owner = await story.person(OWNER)
    await owner.click("I understand it")
    await owner.submit({SCOPE: "Six schools."})
    await owner.click("Decline")
    await owner.submit({WHY: "No money before July.", WHEN: "2027-01-12"})
    assert (await story.case()).challenge.status is Status.DECLINED


@OWNING.shows("Say that it is resolved, and what was done")
async def resolve(story: World) -> None:
    await resolved(story)
    case = await story.case()
    assert case.challenge.status is Status.RESOLVED
    assert "A substitute is hired." in [each.text for each in case.words]
