"""Follow-up until resolved: prompts, digests, the ladder, pauses, outages, people who come and go."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from scheduling.calendar import Calendar
from storage.database import Database
from storage.vocabulary import Authority, Kind, Rung, Status
from tests.stories.platforms import IN_CHAT, ON_SLACK, ON_TEAMS
from tests.world import World, detroit, world

DISTRICT_WIDE = {"Where may the power to remove it sit?": "In the district"}
STAFFING = {"Type": "Staffing"} | DISTRICT_WIDE


async def report(
    story: World, by: str = "p-023", text: str = "No substitutes for training days.", **values: object
) -> None:
    teacher = await story.person(by)
    await teacher.report(text, values=STAFFING | values)


async def prompts(story: World) -> list[str]:
    """The school days on which somebody was prompted, and by what."""
    zone = ZoneInfo("America/Detroit")
    return [
        f"{each.at.astimezone(zone):%m-%d} {each.kind}"
        for each in await story.history()
        if each.kind in {Kind.PROMPTED, Kind.ESCALATED}
    ]


@IN_CHAT
async def test_unanswered_prompts_soften_then_climb_to_the_top_and_never_stop(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        await report(story)
        await story.wait_until(detroit("2026-11-20 17:00"))

        challenge = (await story.case()).challenge
        assert (challenge.owner_id, challenge.rung) == ("p-001", Rung.SUPERINTENDENT)
        assert challenge.authority is Authority.EXECUTIVE
        seen = await prompts(story)
        assert seen[0] == "10-08 prompted"  # one school day after it should have been taken
        climbs = [each for each in seen if each.endswith("escalated")]
        assert len(climbs) >= 3
        await story.wait_until(detroit("2027-06-01 12:00"))
        later = [datetime.fromisoformat(f"2026-{each[:5]}") for each in await prompts(story)]
        assert len(later) > len(seen) + 10  # it goes on through the year
        owner = await story.person("p-001")
        await owner.look()
        await story.promises_hold()


@ON_TEAMS
async def test_a_high_urgency_challenge_climbs_after_one_unanswered_prompt(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await report(story, Urgency="High")
        challenge = (await story.case()).challenge
        assert challenge.decide_by == date(2026, 10, 8)  # two school days
        await story.wait_until(detroit("2026-10-13 17:00"))
        seen = await prompts(story)
        first_climb = next(index for index, each in enumerate(seen) if each.endswith("escalated"))
        assert first_climb == 1


@ON_SLACK
async def test_one_digest_gathers_everything_of_the_morning(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        for number in range(4):
            await report(story, text=f"Something is in the way, number {number}.")
        owner = await story.person("p-004")
        before = len(owner.cards)
        assert before == 3  # the daily budget of single messages; the fourth waits for the digest
        await story.wait_until(detroit("2026-10-08 09:00"))
        digests = [each for each in owner.cards if each.title.startswith("Your digest for")]
        singles = [each for each in owner.cards[before:] if each not in digests]
        assert len(digests) == 1
        assert all(f"Challenge {number}" in digests[0].text for number in range(1, 5))
        assert len(singles) <= 1  # the fourth, the morning after, alone in its digest
        await story.promises_hold()


@ON_TEAMS
async def test_steps_fall_on_school_days_and_are_asked_about_before_and_after(
    database: Database, platform: str
) -> None:
    async with world(database, platform, at="2026-11-17 09:00") as story:
        await report(story)
        owner, helper = await story.person("p-004"), await story.person("p-021")
        await owner.click("I understand it")
        await owner.submit({"How big is it? Who is hit, and where?": "Six schools."})
        await owner.click("Plan steps")
        await owner.submit(
            {
                "Step 1: what will be done?": "Hire two substitutes.",
                "Step 1: by when?": "2026-11-26",
                "Step 1: by whom?": "Yolanda Breck",
            }
        )
        step = (await story.case()).open_steps[0]
        assert step.due_on == date(2026, 11, 30)  # Thanksgiving moves to Monday
        assert step.owner_id == "p-021"

        await story.wait_until(detroit("2026-11-24 17:00"))  # the school day before
        assert any("a step for you" in each.title or "a step for you" in each.text for each in helper.cards)
        await helper.click("Step 1 is done")
        assert not (await story.case()).open_steps
        assert (await story.case()).challenge.status is Status.IN_PROGRESS  # done is not yet gone
        await story.promises_hold()


@ON_SLACK
async def test_a_pause_lasts_until_its_date_and_no_longer(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await report(story)
        owner, teacher = await story.person("p-004"), await story.person("p-023")
        await owner.click("Pause until")
        await owner.submit(
            {
                "Why? Those who raised it will read this.": "The board meets then.",
                "When should it be looked at again?": "2026-11-12",
            }
        )
        await story.wait_until(detroit("2026-11-11 17:00"))
        assert await prompts(story) == []
        await story.wait_until(detroit("2026-11-13 09:00"))
        assert (await story.case()).challenge.review_on is None
        assert any(each.kind is Kind.RESUMED for each in await story.history())
        assert any("look at it again" in str(each) for each in owner.cards)
        assert any("paused" in str(each) for each in teacher.cards)
        await story.promises_hold()


@ON_TEAMS
async def test_after_three_weeks_down_there_is_one_catch_up_and_no_burst(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        for number in range(3):
            await report(story, text=f"Something is in the way, number {number}.")
        owner = await story.person("p-004")
        had = len(owner.cards)

        story.clock.at = detroit("2026-10-28 10:00")  # nothing ran in between
        await story.settle()
        await story.wait_until(detroit("2026-10-29 09:00"))

        assert len(owner.cards) == had + 1
        assert owner.last_card.title.startswith("Your digest for")
        assert await prompts(story) == ["10-28 prompted"]
        await story.promises_hold()


async def test_a_leaver_owns_nothing_the_next_day(database: Database) -> None:
    async with world(database, "slack") as story:
        await report(story)
        owner = await story.person("p-004")
        assert (await story.case()).challenge.owner_id == "p-004"
        await owner.driver.leave()
        await story.settle()

        challenge = (await story.case()).challenge
        assert challenge.owner_id == "p-002"
        assert "has left" in str(challenge.why)
        leader = await story.person("p-002")
        assert "a challenge for you" in leader.last_card.title
        await story.promises_hold()


@ON_SLACK
async def test_leave_moves_what_is_held_to_the_delegate_within_limits(database: Database, platform: str) -> None:
    async with world(database, platform, at="2026-10-08 09:00") as story:
        teacher = await story.person("p-023")
        funding = {"Type": "Funding"} | DISTRICT_WIDE
        await teacher.report("Stipends have no decision.", values=funding | {"Money asked for, in dollars": "4800"})
        assert (await story.case()).challenge.owner_id == "p-003"

        await story.wait_until(detroit("2026-10-13 09:00"))  # away from Monday, October 12
        challenge = (await story.case()).challenge
        assert (challenge.owner_id, challenge.authority) == ("p-009", Authority.DELEGATE)

        await teacher.report("A van for the coaches.", values=funding | {"Money asked for, in dollars": "12000"})
        assert (await story.case(2)).challenge.owner_id == "p-001"  # above the delegate's limit
        assert "above the limit" in teacher.last_card.text
        await story.promises_hold()


@ON_TEAMS
async def test_the_coordinator_puts_in_a_substitute(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        coordinator, substitute, teacher = [await story.person(each) for each in ("p-010", "p-011", "p-023")]
        await coordinator.command("/clearway help")
        await coordinator.click("I am away")
        await coordinator.submit(
            {"First day": "2026-10-06", "Last day": "2026-10-16", "Who stands in for you?": "Bea Thornquist"}
        )
        assert substitute.last_card.title == "You stand in"

        await teacher.dm("Nobody knows who orders the posters for the hallway.")
        assert (await story.case()).challenge.owner_id == "p-011"
        await substitute.click("Sort it")
        await substitute.submit({"Type": "Materials", "Where may the power to remove it sit?": "In the district"})
        assert (await story.case()).challenge.owner_id == "p-005"
        await story.promises_hold()


@ON_SLACK
@pytest.mark.parametrize("at", ["2026-10-30 10:00", "2027-03-12 10:00"])
async def test_a_change_of_clocks_leaves_school_mornings_where_they_are(
    database: Database, at: str, platform: str
) -> None:
    async with world(database, platform, at=at) as story:
        await report(story)
        zone = ZoneInfo("America/Detroit")
        await story.wait_until(story.clock.at + timedelta(days=14))
        times = {f"{each.at.astimezone(zone):%H:%M}" for each in await story.history() if each.kind is Kind.PROMPTED}
        assert times == {"07:30"}
        days = [each.at.astimezone(zone).date() for each in await story.history() if each.kind is Kind.PROMPTED]
        calendar = Calendar.of(await story.directory())
        assert all(calendar.is_school_day(day) for day in days)
        assert all(later > earlier for earlier, later in pairwise(days))


@ON_TEAMS
async def test_school_first_then_sent_up_with_what_was_tried(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher, principal = await story.person("p-016"), await story.person("p-013")
        await teacher.report(
            "Our team has ten minutes for data.",
            values={"Type": "Time", "Where may the power to remove it sit?": "In our school", "Urgency": "Low"},
        )
        held = (await story.case()).challenge
        assert (held.status, held.owner_id, held.venue, held.dit_aware_at) == (Status.WITH_SCHOOL, "p-013", "slt", None)

        await story.wait_until(detroit("2026-10-08 12:00"))
        await principal.click("Send up")
        await principal.submit({"What has your school tried?": "We moved the announcements to e-mail."})
        up = (await story.case()).challenge
        assert (up.status, up.owner_id) == (Status.ASSIGNED, "p-002")
        assert up.dit_aware_at == story.clock.at
        leader = await story.person("p-002")
        assert "We moved the announcements to e-mail." in leader.last_card.text
        await story.promises_hold()


@ON_SLACK
async def test_a_decline_is_an_executive_leaders_and_stays_dated(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await report(story)
        owner = await story.person("p-004")  # an executive leader, as it happens
        await owner.click("I understand it")
        await owner.submit({"How big is it? Who is hit, and where?": "One school."})
        await owner.click("Decline")
        await owner.submit(
            {
                "Why? Those who raised it will read this.": "No money before July.",
                "When should it be looked at again?": "2027-01-12",
            }
        )
        declined = (await story.case()).challenge
        assert (declined.status, declined.review_on) == (Status.DECLINED, date(2027, 1, 12))
        await story.wait_until(detroit("2027-01-12 12:00"))
        assert (await story.case()).challenge.status is Status.ASSIGNED
        await story.promises_hold()
