"""Each of these went wrong once."""

from contextlib import suppress
from datetime import date, timedelta

from sqlalchemy import text

from handlers.request import Identity, Inbound
from storage import people
from storage.database import Database
from storage.models import Absence
from storage.store import Came
from storage.vocabulary import Authority, Door, Field, Kind, Outcome, PersonId, Platform, Rung, Status
from tests.stories.platforms import IN_CHAT, ON_SLACK, ON_TEAMS
from tests.world import World, detroit, world

WORDS = "No substitutes for training days at our school."
DISTRICT_WIDE = {"Where may the power to remove it sit?": "In the district"}
STAFFING = {"Type": "Staffing"} | DISTRICT_WIDE
SCOPE = "How big is it? Who is hit, and where?"
TODAY = date(2026, 10, 6)


async def away(
    story: World, person_id: str, *, delegate: str | None = None, days: int = 3, first: date = TODAY
) -> None:
    async with story.made.districts.open(story.district_id, Came(Door.OPERATOR), write=True) as store:
        absence = Absence(
            district_id=story.district_id, person_id=PersonId(person_id), from_on=first,
            to_on=first + timedelta(days=days), delegate_id=PersonId(delegate) if delegate else None,
        )  # fmt: skip
        await people.add_absence(store.connection, absence)
        await store.look_again(story.clock.now())
        await store.flush(story.clock.now())
    await story.settle()


async def resolved(story: World, by: str = "p-004", **values: object) -> None:
    teacher = await story.person("p-023")
    await teacher.report(WORDS, values=STAFFING | values)
    owner = await story.person(by)
    await owner.click("I understand it")
    await owner.submit({SCOPE: "One school."})
    await owner.click("Resolved")
    await owner.submit({"What was done?": "A substitute is hired."})


@IN_CHAT
async def test_a_digest_goes_out_although_the_clock_is_a_moment_late(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher, owner = await story.person("p-023"), await story.person("p-004")
        await teacher.report(WORDS, values=STAFFING)
        await owner.click("I'll take it")
        had = len(teacher.cards)
        await story.wait_until(detroit("2026-10-07 07:44"))
        assert len(teacher.cards) == had
        story.clock.at = detroit("2026-10-07 07:45") + timedelta(milliseconds=300)
        await story.settle()
        assert len(teacher.cards) == had + 1


@ON_TEAMS
async def test_the_audit_leaves_a_stand_in_of_somebody_named_alone(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher, coordinator = await story.person("p-023"), await story.person("p-010")
        await teacher.report(WORDS, values=STAFFING)
        await coordinator.command("/challenges 1")
        await coordinator.click("Reassign")
        await coordinator.submit({"Who takes it?": "Bea Thornquist", "Why? It stands in the log.": "She knows it."})
        await away(story, "p-011", delegate="p-012")
        given = (await story.case()).challenge
        assert (given.owner_id, given.authority) == ("p-012", Authority.DELEGATE)
        assert await story.made.loops.run_audit() == []
        assert (await story.case()).challenge.owner_id == "p-012"
        await story.promises_hold()


async def test_who_declined_and_left_takes_nothing_along(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher, leader = await story.person("p-016"), await story.person("p-002")
        await teacher.report(
            "Ten minutes for data.", values={"Type": "Time", "Where may the power to remove it sit?": "In our school"}
        )
        owner = await story.person((await story.case()).challenge.owner_id)
        await owner.click("I understand it")
        await owner.submit({SCOPE: "One grade."})
        await leader.command("/challenges 1")
        await leader.click("Decline")
        await leader.submit(
            {
                "Why? Those who raised it will read this.": "Not this year.",
                "When should it be looked at again?": "2027-01-12",
            }
        )
        assert (await story.case()).said(Field.REASON) == "Not this year."
        await leader.driver.leave()
        await story.settle()
        directory = await story.directory()
        assert directory.people[PersonId("p-002")].left_on is not None
        assert (await story.case()).challenge.owner_id != "p-002"
        assert await story.made.loops.run_audit() == []
        await story.promises_hold()


@ON_SLACK
async def test_a_day_without_executives_leaves_it_on_its_rung(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher = await story.person("p-015")
        await teacher.report("Kits are missing.", values={"Type": "Materials"} | DISTRICT_WIDE)
        await away(story, "p-002")
        await away(story, "p-001")
        owner = await story.person("p-005")
        for _ in range(2):
            await owner.click("Still blocked")
        challenge = (await story.case()).challenge
        assert (challenge.owner_id, challenge.rung) == ("p-005", Rung.COORDINATOR)
        await story.wait_until(detroit("2026-11-06 17:00"))
        assert (await story.case()).challenge.owner_id == "p-001"  # they are back, and it went on up
        await story.promises_hold()


@ON_TEAMS
async def test_not_mine_never_goes_down_the_ladder(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher, owner, leader = [await story.person(each) for each in ("p-015", "p-005", "p-002")]
        await teacher.report("Kits are missing.", values={"Type": "Materials"} | DISTRICT_WIDE)
        await owner.click("Still blocked")
        await owner.click("Still blocked")
        assert (await story.case()).challenge.owner_id == "p-002"
        await leader.click("Not mine")
        await leader.submit({})
        assert (await story.case()).challenge.owner_id == "p-001"
        await story.promises_hold()


@ON_SLACK
async def test_the_coordinator_never_confirms_their_own_work_nor_decides_on_it(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        teacher, coordinator = await story.person("p-019"), await story.person("p-010")
        await teacher.report(
            "Nobody told us of the new form.",
            values={"Type": "Communication", "Your name": ["Show my name to the coordinator only"]} | DISTRICT_WIDE,
        )
        assert (await story.case()).challenge.owner_id == "p-010"
        await coordinator.click("I understand it")
        await coordinator.submit({SCOPE: "One school."})
        await coordinator.click("Resolved")
        await coordinator.submit({"What was done?": "They are on the list now."})
        await coordinator.command("/challenges 1")
        await coordinator.click("Who can see it")
        await coordinator.submit(
            {"Challenge 1": ["Only the coordinator, the owner, those who raised it and those admitted"]}
        )

        await story.wait_until(detroit("2026-10-28 12:00"))
        # The name is the coordinator's only, who may not ask about their own work: so nobody is asked to ask.
        assert (await story.case()).reporters[0].colleague_id is None
        with suppress(AssertionError):
            await coordinator.click("Enter a talk")
        assert (await story.case()).challenge.outcome is None
        await story.wait_until(detroit("2026-11-04 12:00"))
        leader = await story.person("p-002")
        await leader.click("Close, not confirmed")
        await leader.submit({"What makes you close it without an answer?": "No word from anybody."})
        assert (await story.case()).challenge.outcome is Outcome.NOT_CONFIRMED
        await story.promises_hold()


@ON_TEAMS
async def test_a_talk_with_a_confidential_reporter_can_be_entered_by_the_coordinator(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        await resolved(story, **{"Your name": ["Show my name to the coordinator only"]})
        await story.wait_until(detroit("2026-10-28 12:00"))
        coordinator = await story.person("p-010")
        await coordinator.click("Enter a talk")
        await coordinator.submit(
            {
                "With whom?": "Ellie Marsh",
                "Do they say it was addressed sufficiently?": "Yes",
                "What was said?": "All is well.",
            }
        )
        closed = (await story.case()).challenge
        assert (closed.status, closed.outcome) == (Status.CLOSED, Outcome.CONFIRMED)
        await story.promises_hold()


async def test_a_reopened_challenge_goes_to_somebody_who_is_still_there(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher, owner = await story.person("p-023"), await story.person("p-004")
        await resolved(story)
        await teacher.click("Yes, it was addressed")
        await owner.driver.leave()
        await teacher.click("It is not gone")
        await teacher.submit({"What is still in the way? (optional)": "Pulled again today."})
        challenge = (await story.case()).challenge
        assert (challenge.status, challenge.owner_id) == (Status.ASSIGNED, "p-002")
        leader = await story.person("p-002")
        await leader.look()
        assert any("Pulled again today." in each.text for each in leader.cards)
        await story.promises_hold()


@ON_SLACK
async def test_nobody_passes_on_more_money_than_they_may_approve(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        principal = await story.person("p-021")
        await principal.command("/clearway away")
        fields = {
            "First day": "2026-10-06",
            "Last day": "2026-10-16",
            "Who stands in for you?": "Denny Kowalczyk-Reyes",
        }
        await principal.submit(fields | {"Up to how many dollars may they approve?": "900000"})
        assert "your own limit" in str(principal.form.errors)
        await principal.submit({"Up to how many dollars may they approve?": "1000"})
        assert principal.form is None


@ON_TEAMS
async def test_what_joins_another_keeps_its_facts_and_wakes_nobody_at_night(database: Database, platform: str) -> None:
    async with world(database, platform, at="2026-10-06 15:00") as story:
        for who, text in (("p-023", "The coach covers classes."), ("p-015", "Our coach is pulled, too.")):
            person = await story.person(who)
            await person.report(text, values=STAFFING | {"Who is hit, and how many?": f"As {who} sees it."})
        coordinator, other = await story.person("p-010"), await story.person("p-015")
        story.clock.at = detroit("2026-10-06 22:00")
        had = len(other.cards)
        await coordinator.command("/challenges 2")
        await coordinator.click("Join with another")
        await coordinator.submit({"Which challenge does it join? Its number": "1"})
        assert len(other.cards) == had
        joined = next(each for each in await story.history() if each.kind is Kind.JOINED)
        assert joined.actor_id == "p-010"
        assert any("As p-015 sees it." in (each.text or "") for each in (await story.case()).words)
        await story.promises_hold()


@ON_SLACK
async def test_undone_words_stand_no_longer_and_an_undone_step_is_kept_in_the_history(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        teacher, owner = await story.person("p-023"), await story.person("p-004")
        await teacher.report(WORDS, values=STAFFING)
        await owner.click("Progress")
        await owner.submit({"How does it stand?": "Written by mistake."})
        await owner.command("/challenges 1")
        event = next(each for each in await story.history() if each.kind is Kind.NOTED)
        await press_undo(story, "p-004", event.id)
        assert not any(each.text == "Written by mistake." for each in (await story.case()).words)
        undone = (await story.history())[-1]
        assert undone.kind is Kind.UNDONE

        await owner.click("I understand it")
        await owner.submit({SCOPE: "One school."})
        await owner.click("Plan steps")
        await owner.submit({"Step 1: what will be done?": "Hire somebody.", "Step 1: by when?": "2026-10-20"})
        planned = next(each for each in await story.history() if each.kind is Kind.PLANNED)
        await press_undo(story, "p-004", planned.id)
        case = await story.case()
        assert (case.steps, case.challenge.status) == ([], Status.UNDERSTOOD)
        kept = (await story.history())[-1].data["removed"]
        assert [each["due_on"] for each in kept.values()] == ["2026-10-20"]
        await story.promises_hold()


async def press_undo(story: World, person_id: str, event_id: str) -> None:
    """The undo button of an answer, wherever it stands."""
    case = await story.case()
    identity = Identity(Platform.SLACK, "T0LARKSPUR", f"U0LB{person_id[2:]}")
    reply = await story.made.gateway.handle(Inbound(identity, "undo", Door.BUTTON, challenge_id=case.id, item=event_id))
    assert reply.card is not None
    assert reply.card.title == "Undone", reply.card
    await story.settle()


async def test_anothers_draft_cannot_be_dropped_and_a_held_one_not_sent_raw(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-016")
        await teacher.dm("Jaxon Tillery in 4B threw a chair again. Nobody here can score the screener.")
        async with database.queue(write=False) as connection:
            draft = (await connection.execute(text("SELECT id FROM draft"))).scalar_one()
        other = Identity(Platform.SLACK, "T0LARKSPUR", "U0LB023")
        form = {"what": "Nothing to do with it.", "urgency": "medium"}
        await story.made.gateway.handle(Inbound(other, "report", Door.COMMAND, fields=form, carry={"draft": draft}))
        own = Identity(Platform.SLACK, "T0LARKSPUR", "U0LB016")
        refused = await story.made.gateway.handle(Inbound(own, "draft.report", Door.BUTTON, item=draft))
        assert refused.card is not None
        assert "student information" in refused.card.fallback()
        assert await story.count() == 1  # the other's own report
        await teacher.click("Send it like this")
        assert await story.count() == 2


@ON_TEAMS
async def test_a_refusal_in_a_form_keeps_what_was_typed(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher, owner, coordinator = [await story.person(each) for each in ("p-023", "p-004", "p-010")]
        await teacher.report(WORDS, values=STAFFING)
        await owner.click("I understand it")
        await coordinator.command("/challenges 1")
        await coordinator.click("Reassign")
        await coordinator.submit({"Who takes it?": "Bea Thornquist", "Why? It stands in the log.": "She knows it."})
        await owner.submit({SCOPE: "A long and careful answer."})
        assert owner.form is not None
        assert owner.form.errors
        assert owner.form.values[SCOPE] == "A long and careful answer."


@ON_SLACK
async def test_numbers_that_are_none_are_answered_with_a_sentence(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher, coordinator = await story.person("p-023"), await story.person("p-010")
        await teacher.report(WORDS, values=STAFFING)
        await coordinator.command("/challenges 1")
        await coordinator.click("Join with another")
        for typed in ("²", "99999999999999999999", "one"):
            await coordinator.submit({"Which challenge does it join? Its number": typed})
            assert "number" in str(coordinator.form.errors)


@ON_TEAMS
async def test_report_it_anyway_loses_no_word(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher = await story.person("p-019")
        await teacher.dm("heater in rm 114 is making that noise again")
        assert await story.count() == 0
        assert "Walt Grummond" in str(teacher.reply_to_message)
        await teacher.click("Report it anyway")
        assert (await story.case()).title == "heater in rm 114 is making that noise again"
