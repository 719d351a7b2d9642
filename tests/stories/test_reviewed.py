"""What a careful reading of a year with Clearway has found: each of these would have gone wrong unseen."""

from datetime import date, timedelta
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select, text, update

from handlers.district import importer
from handlers.telling import tell
from storage import models, people
from storage.database import Database
from storage.models import Absence, Event, table
from storage.store import Came
from storage.vocabulary import (
    Authority,
    DistrictId,
    Door,
    Kind,
    Lane,
    MessageKind,
    Outcome,
    PersonId,
    Rung,
    Status,
)
from tests.world import FILE, SEAL, World, detroit, world

WORDS = "No substitutes for training days at our school."
DISTRICT_WIDE = {"Where may the power to remove it sit?": "In the district"}
STAFFING = {"Type": "Staffing"} | DISTRICT_WIDE
FUNDING = {"Type": "Funding"} | DISTRICT_WIDE
SCOPE = "How big is it? Who is hit, and where?"
HIDDEN = {"Your name": ["Show my name to the coordinator only"]}


async def raised(story: World, by: str = "p-023", **more: Any) -> None:
    """Staffing, district-wide: it goes to Ramon (HR), p-004."""
    teacher = await story.person(by)
    await teacher.report(WORDS, values=STAFFING | more)


async def understood(story: World) -> Any:
    owner = await story.person("p-004")
    await owner.click("I understand it")
    await owner.submit({SCOPE: "Six schools."})
    return owner


async def planned(story: World, due: str, by: str = "Yolanda Breck") -> Any:
    owner = await understood(story)
    await owner.click("Plan steps")
    await owner.submit(
        {"Step 1: what will be done?": "Hire somebody.", "Step 1: by when?": due, "Step 1: by whom?": by}
    )
    return owner


async def resolved(story: World, **more: Any) -> None:
    await raised(story, **more)
    owner = await understood(story)
    await owner.click("Resolved")
    await owner.submit({"What was done?": "A substitute is hired."})


async def away(story: World, person_id: str, first: str, last: str, delegate: str | None = None) -> None:
    async with story.made.districts.open(story.district_id, Came(Door.OPERATOR), write=True) as store:
        absence = Absence(
            district_id=story.district_id, person_id=PersonId(person_id), from_on=date.fromisoformat(first),
            to_on=date.fromisoformat(last), delegate_id=PersonId(delegate) if delegate else None,
        )  # fmt: skip
        await people.add_absence(store.connection, absence)
        await store.look_again(story.clock.now())
        await store.flush(story.clock.now())
    await story.settle()


async def days_pass(story: World, to: str) -> None:
    """The audit goes round each day, and has nothing to mend."""
    while story.clock.at < detroit(to):
        await story.wait_until(min(detroit(to), story.clock.at + timedelta(days=1)))
        assert await story.made.loops.run_audit() == []


async def of_kind(story: World, *kinds: Kind, number: int = 1) -> list[Event]:
    return [each for each in await story.history(number) if each.kind in kinds]


# ------------------------------------------------------------------------------------------------------ who leads it


async def test_a_superintendent_without_a_mark_keeps_what_came_up(database: Database) -> None:
    async with world(database, "slack") as story:
        of = table(models.Person)
        async with database.district(story.district_id) as connection:
            unmarked = update(of).where(of.c.district_id == story.district_id, of.c.id == "p-001")
            await connection.execute(unmarked.values(executive_leader=False))
            await people.bump_revision(connection, story.district_id)
        await raised(story)
        await days_pass(story, "2026-11-20 17:00")
        challenge = (await story.case()).challenge
        assert (challenge.owner_id, challenge.rung) == ("p-001", Rung.SUPERINTENDENT)
        assert not await of_kind(story, Kind.REPAIRED)
        await story.promises_hold()


async def test_leave_without_a_stand_in_goes_up_on_its_first_morning(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story)
        await away(story, "p-004", "2026-10-08", "2026-11-06")
        await story.wait_until(detroit("2026-10-07 17:00"))
        assert (await story.case()).challenge.owner_id == "p-004"
        await story.wait_until(detroit("2026-10-08 08:00"))
        challenge = (await story.case()).challenge
        assert (challenge.owner_id, challenge.authority) == ("p-002", Authority.EXECUTIVE)
        leader = await story.person("p-002")
        assert "Ramon Ibarra-Keough is away until" in leader.last_card.text
        await story.promises_hold()


async def test_whom_the_coordinator_named_goes_on_leave_and_the_process_says_who_is_next(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story)
        coordinator = await story.person("p-010")
        await coordinator.command("/challenges 1")
        await coordinator.click("Reassign")
        await coordinator.submit({"Who takes it?": "Bea Thornquist", "Why? It stands in the log.": "She knows it."})
        await away(story, "p-011", "2026-10-06", "2026-10-16")
        challenge = (await story.case()).challenge
        assert (challenge.owner_id, challenge.authority) == ("p-004", Authority.MATRIX)
        owner = await story.person("p-004")
        assert "Bea Thornquist is away until" in owner.last_card.text
        assert "Staffing in the district goes to Ramon" in owner.last_card.text
        await story.promises_hold()


async def test_money_above_the_stand_ins_limit_goes_to_whoever_may_approve_it(database: Database) -> None:
    async with world(database, "slack", at="2026-10-08 09:00") as story:
        await away(story, "p-001", "2026-10-12", "2026-10-16")  # whom the leave names for what is above the limit
        teacher = await story.person("p-023")
        await teacher.report("A van for the coaches.", values=FUNDING | {"Money asked for, in dollars": "12000"})
        assert (await story.case()).challenge.owner_id == "p-003"
        await story.wait_until(detroit("2026-10-12 08:00"))
        challenge = (await story.case()).challenge
        assert (challenge.owner_id, challenge.authority) == ("p-002", Authority.EXECUTIVE)
        assert "above the limit" in str(challenge.why)
        await story.promises_hold()


async def test_what_came_up_goes_on_up_when_its_lead_goes_on_leave(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story)
        owner, leader = await story.person("p-004"), await story.person("p-002")
        for _ in range(2):
            await owner.click("Still blocked")
        await away(story, "p-002", "2026-10-06", "2026-10-30")
        challenge = (await story.case()).challenge
        assert (challenge.owner_id, challenge.rung) == ("p-001", Rung.SUPERINTENDENT)
        await away(story, "p-001", "2026-10-06", "2026-10-09")
        assert (await story.case()).challenge.owner_id == "p-001"  # nobody is above: it stays, and does not go down
        assert leader.last_card is not None
        await story.promises_hold()


async def test_a_rest_that_ends_during_a_leave_ends_with_somebody_who_is_there(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story)
        owner = await story.person("p-004")
        await owner.click("Pause until")
        await owner.submit({"Why? Those who raised it will read this.": "The board meets then.",
                            "When should it be looked at again?": "2026-10-20"})  # fmt: skip
        await away(story, "p-004", "2026-10-12", "2026-11-06")
        await story.wait_until(detroit("2026-10-20 08:00"))
        assert (await story.case()).challenge.owner_id == "p-002"
        await story.promises_hold()


async def test_a_leavers_steps_go_to_whoever_leads_it(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story)
        owner = await planned(story, "2026-10-20")
        helper = await story.person("p-021")
        assert [each.owner_id for each in (await story.case()).open_steps] == ["p-021"]
        await helper.driver.leave()
        await story.settle()
        assert [each.owner_id for each in (await story.case()).open_steps] == ["p-004"]
        moved = (await of_kind(story, Kind.STEPS_MOVED))[-1]
        assert [change["owner_id"] for label, change in moved.data["changes"].items() if label != "challenge"] == [
            ["p-021", "p-004"]
        ]
        await story.wait_until(detroit("2026-10-07 09:00"))
        assert any("a step for you" in each.title for each in owner.cards)
        await story.promises_hold()


# ---------------------------------------------------------------------------------------------------- whose clock


async def test_a_reporters_notes_are_no_answer_of_the_owner(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story)
        teacher = await story.person("p-023")
        for day in ("07", "08", "09", "12"):
            await story.wait_until(detroit(f"2026-10-{day} 10:00"))
            await teacher.reply("Is there any news?", teacher.cards[0])
        await story.wait_until(detroit("2026-10-13 10:00"))
        assert len(await of_kind(story, Kind.NOTED)) == 4
        assert [f"{each.at:%m-%d} {each.kind}" for each in await of_kind(story, Kind.PROMPTED, Kind.ESCALATED)] == [
            "10-08 prompted", "10-09 prompted", "10-13 escalated",
        ]  # fmt: skip
        assert (await story.case()).challenge.owner_acted_at is None
        await story.promises_hold()


async def test_a_question_stops_nobody_elses_steps(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story)
        owner, helper = await planned(story, "2026-10-13"), await story.person("p-021")
        await owner.click("Question")
        await owner.submit({"Your question to those who raised it": "Which days?"})
        await story.wait_until(detroit("2026-10-14 17:00"))
        prompted = await of_kind(story, Kind.PROMPTED)
        assert [each.data["to"] for each in prompted if each.data["goal"] == "step"] == ["p-021", "p-021"]
        assert not [each for each in prompted if each.data.get("to") == "p-004"]
        assert any("a step for you" in each.title for each in helper.cards)
        await story.promises_hold()


async def test_a_step_far_away_is_refused_beyond_a_year_and_silences_nothing_within(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story)
        owner = await planned(story, "9999-12-31", "Ramon Ibarra-Keough")
        for day in ("9999-12-31", "2027-10-08"):
            await owner.submit({"Step 1: by when?": day})
            assert "within a year" in str(owner.form.errors)
        await owner.submit({"Step 1: by when?": "2027-10-07"})
        assert owner.form is None
        await story.wait_until(detroit("2026-10-28 17:00"))
        asked = await of_kind(story, Kind.PROMPTED, Kind.ESCALATED)
        assert [f"{each.at:%m-%d}" for each in asked] == ["10-13", "10-20", "10-27"]
        await story.promises_hold()


async def test_a_rest_and_a_leave_are_no_longer_than_a_year(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story)
        owner = await story.person("p-004")
        await owner.click("Pause until")
        await owner.submit({"Why? Those who raised it will read this.": "Later.",
                            "When should it be looked at again?": "9999-12-31"})  # fmt: skip
        assert "within a year" in str(owner.form.errors)
        await owner.command("/clearway away")
        await owner.submit({"First day": "9999-12-30", "Last day": "9999-12-31",
                            "Who stands in for you?": "Bea Thornquist"})  # fmt: skip
        assert "within a year" in str(owner.form.errors)


async def test_a_day_that_is_closed_late_moves_what_was_due_on_it(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story)
        await raised(story, by="p-015")
        due = (await story.case(2)).challenge.decide_by
        assert due == date(2026, 10, 13)
        owner = await planned(story, due.isoformat())
        teacher, colleague, helper = [await story.person(each) for each in ("p-023", "p-015", "p-021")]
        await story.wait_until(detroit("2026-10-12 15:00"))
        snow = FILE.read_text(encoding="utf-8").replace(
            "    - {name: Thanksgiving", f"    - {{name: Snow, from: {due}, to: {due}}}\n    - {{name: Thanksgiving"
        )
        for more in ("", "\n# a word that changes nothing\n", "\nnotes: [something else]\n"):
            await importer.import_district(database, SEAL, snow + more, now=story.clock.now())
            await story.settle()
        planned_on, other = (1, 2) if (await story.case(1)).steps else (2, 1)
        assert [each.due_on for each in (await story.case(planned_on)).open_steps] == [date(2026, 10, 14)]
        assert (await story.case(other)).challenge.decide_by == date(2026, 10, 14)
        assert (await story.case(planned_on)).challenge.decide_by == due  # the decision was taken up already
        for number in (1, 2):
            assert len(await of_kind(story, Kind.DATES_MOVED, number=number)) == 1
        await story.wait_until(detroit("2026-10-14 09:00"))
        for person in (owner, teacher, colleague, helper):
            assert any("day was closed" in str(each) for each in person.cards), person.driver
        await story.promises_hold()


# ------------------------------------------------------------------------------------------------- who may know, and say


@pytest.mark.parametrize("person_id", ["p-021", "p-005", "p-002"], ids=["the principal", "of the team", "the liaison"])
async def test_a_talk_is_entered_by_whoever_had_it(database: Database, person_id: str) -> None:
    async with world(database, "slack") as story:
        await resolved(story, School="Cedar Flats Elementary")
        person = await story.person(person_id)
        await person.command("/challenges 1")
        await person.click("Enter a talk")
        await person.submit({"With whom?": "Ellie Marsh", "Do they say it was addressed sufficiently?": "Yes",
                             "What was said?": "Two substitutes came."})  # fmt: skip
        closed = (await story.case()).challenge
        assert (closed.status, closed.outcome) == (Status.CLOSED, Outcome.CONFIRMED)
        await story.promises_hold()


async def test_a_talk_with_a_confidential_reporter_is_the_coordinators_to_enter(database: Database) -> None:
    async with world(database, "slack") as story:
        await resolved(story, School="Cedar Flats Elementary", **HIDDEN)
        for person_id in ("p-021", "p-005", "p-002", "p-004", "p-022"):
            person = await story.person(person_id)
            await person.command("/challenges 1")
            assert "Enter a talk" not in person.answer.buttons
            assert "Ellie Marsh" not in str(person.answer)
        coordinator = await story.person("p-010")
        await coordinator.command("/challenges 1")
        assert "Enter a talk" in coordinator.answer.buttons


async def test_where_the_coordinator_leads_it_a_confidential_name_stays_with_them(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher, coordinator, leader = [await story.person(each) for each in ("p-019", "p-010", "p-002")]
        await teacher.report(
            "Nobody told us of the new form.", values={"Type": "Communication"} | DISTRICT_WIDE | HIDDEN
        )
        await coordinator.click("I understand it")
        await coordinator.submit({SCOPE: "One school."})
        await coordinator.click("Resolved")
        await coordinator.submit({"What was done?": "They are on the list now."})
        await story.wait_until(detroit("2026-10-29 12:00"))
        skipped, asked = await of_kind(story, Kind.NOBODY_ASKED), await of_kind(story, Kind.DECISION_ASKED)
        assert [each.data.get("to") for each in (*skipped, *asked)] == [None, "p-002"]
        assert skipped[0].at.date() == asked[0].at.date()  # for nobody's answer nobody waits
        await leader.command("/challenges 1")
        name = (await story.directory()).people[PersonId("p-019")].name
        assert name not in str([*leader.everything(), leader.answer])
        await leader.click("Close, not confirmed", leader.last_card)
        await leader.submit({"What makes you close it without an answer?": "No word from anybody."})
        assert (await story.case()).challenge.outcome is Outcome.NOT_CONFIRMED
        await story.promises_hold()


# ----------------------------------------------------------------------------------------- what is told, and watched


async def nonsense(story: World, to: str) -> None:
    """A message of which no card can be made, as a bug of ours would leave it."""
    now = story.clock.now()
    async with story.made.districts.open(story.district_id, Came(Door.TIMER), write=True) as store:
        case = await store.case_numbered(1)
        event = store.record(case, Kind.NOTED, by=None, at=now, data={"why": {"nobody": "knows this"}})
        tell(store, [PersonId(to)], MessageKind.ESCALATION, event, now, case=case, lane=Lane.DIGEST)
        await store.flush(now)


async def test_what_no_card_can_be_made_of_keeps_nothing_else_and_becomes_a_task(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story)
        coordinator, owner, teacher = [await story.person(each) for each in ("p-010", "p-004", "p-023")]
        await nonsense(story, "p-004")
        await teacher.reply("One more thing.", teacher.cards[0])
        had = len(owner.cards)
        await story.wait_until(detroit("2026-10-07 09:00"))
        assert len(owner.cards) == had + 1  # what else was in the digest
        assert "One more thing." in owner.last_card.text
        async with database.queue(write=False) as connection:
            tries = "SELECT max(attempts) FROM message WHERE kind = 'escalation' AND state = 'pending'"
            assert 0 < (await connection.execute(text(tries))).scalar_one() < 12
        await story.wait_until(detroit("2026-10-08 09:00"))
        assert await of_kind(story, Kind.UNDELIVERABLE)
        assert any("did not arrive" in str(each) for each in coordinator.cards)
        await story.promises_hold()


async def ready(story: World) -> dict[str, bool]:
    assert story.slack is not None
    url = story.slack.events_url.replace("/slack/events", "/readyz")
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return dict(await answer.json())


@pytest.mark.parametrize("stopped", ["timers", "outbox", "audit"])
async def test_ready_wants_every_loop_to_go_round(database: Database, stopped: str) -> None:
    async with world(database, "slack") as story:
        loops = story.made.loops
        rounds = {"timers": loops._timers, "outbox": loops._outbox, "audit": loops._audit}
        for each in rounds.values():
            await each()
        assert (await ready(story))["heartbeat"]
        story.clock.at += timedelta(minutes=11)
        for name, each in rounds.items():
            if name != stopped:
                await each()
        assert not (await ready(story))["heartbeat"]
        await rounds[stopped]()
        assert all((await ready(story)).values())


async def test_one_district_whose_check_fails_ends_nobody_elses(database: Database) -> None:
    async with world(database, "slack") as story:
        other = FILE.read_text().replace("id: larkspur-bend", "id: aspen-hill", 1)
        other = other.replace("Larkspur Bend Community Schools", "Aspen Hill Schools", 1)
        other = other.replace("parties: [larkspur-bend,", "parties: [aspen-hill,").replace("T0LARKSPUR", "T0ASPEN")
        await importer.import_district(database, SEAL, other, now=story.clock.now())
        await raised(story)
        of = table(models.Process)
        async with database.district(DistrictId("aspen-hill")) as connection:
            sound = await connection.scalar(select(of.c.rules).where(of.c.district_id == "aspen-hill"))
            await connection.execute(update(of).where(of.c.district_id == "aspen-hill").values(rules={"types": "none"}))
            await people.bump_revision(connection, DistrictId("aspen-hill"))
        async with database.queue() as connection:
            await connection.execute(text("DELETE FROM timer"))
        found = await story.made.loops.run_audit()
        assert [(each.district_id, each.promise) for each in found] == [("aspen-hill", "checked")]
        assert (await of_kind(story, Kind.REPAIRED))[-1].data["promise"] == "dated"  # this one was mended all the same
        async with database.district(DistrictId("aspen-hill")) as connection:
            await connection.execute(update(of).where(of.c.district_id == "aspen-hill").values(rules=sound))
            await people.bump_revision(connection, DistrictId("aspen-hill"))


async def test_words_changed_behind_its_back_are_found_within_a_day(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story)
        assert await story.made.loops.run_audit() == []
        async with database.district(story.district_id) as connection:
            if database.is_sqlite:
                await connection.execute(text("DROP TRIGGER words_only_redacted"))
            else:
                await connection.execute(text("ALTER TABLE words DISABLE TRIGGER USER"))
            await connection.execute(text("UPDATE words SET text = 'All is well.'"))
        assert await story.made.loops.run_audit() == []  # nothing is new since it looked
        with pytest.raises(AssertionError, match="the words of line 2 are not what was said"):
            await story.promises_hold()
        story.made.loops.forget()
        assert await story.made.loops.run_audit() != []
        assert await story.made.loops.run_audit() != []  # and it stays found


async def test_the_history_is_read_anew_from_its_first_line_once_a_day(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story)
        assert await story.made.loops.run_audit() == []
        of = table(models.Challenge)
        async with database.district(story.district_id) as connection:
            forged = update(of).where(of.c.district_id == story.district_id)
            await connection.execute(forged.values(outcome=Outcome.CONFIRMED))
        assert await story.made.loops.run_audit() == []
        story.clock.at += timedelta(days=1)
        found = await story.made.loops.run_audit()
        assert any("its outcome was changed" in each.says for each in found)
