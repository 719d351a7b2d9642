"""What a second reading of the whole has found: clocks that stood still or ran on, people who did not hear, slips."""

from typing import Any

import pytest

from handlers.request import Identity, Inbound, Source
from storage.database import Database
from storage.store import Came
from storage.vocabulary import Authority, Door, Kind, Outcome, Platform, Status
from tests.stories.platforms import IN_CHAT
from tests.stories.test_newcomers import TENANT, newcomer, shared
from tests.stories.test_reviewed import (
    HIDDEN,
    SCOPE,
    STAFFING,
    WORDS,
    away,
    days_pass,
    of_kind,
    planned,
    raised,
    resolved,
    understood,
)
from tests.world import Actor, World, detroit, world

CRISIS = "A student told me he wants to kill himself tonight"


async def add_details(teacher: Actor, text: str) -> None:
    await teacher.command("/challenges 1")
    await teacher.click("Add details")
    await teacher.submit({"What is in the way?": text})


# ------------------------------------------------------------------------------------------------------------ clocks


async def test_a_correction_while_the_work_goes_on_is_confirmed_anew_and_takes_nothing_away(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story)
        teacher, owner = await story.person("p-023"), await planned(story, "2026-11-20")
        await story.wait_until(detroit("2026-10-20 10:00"))
        await add_details(teacher, f"{WORDS} It is Tuesdays, too.")
        challenge = (await story.case()).challenge
        assert (challenge.status, challenge.understood_at) == (Status.PLANNED, None)
        assert challenge.decide_by is not None
        assert challenge.decide_by.isoformat() > "2026-10-20"
        await owner.command("/challenges overdue")
        assert "Nothing" in str(owner.answer) or WORDS not in str(owner.answer)

        await owner.command("/challenges 1")
        await owner.click("I understand it")
        await owner.submit({SCOPE: "Six schools, two days."})
        challenge = (await story.case()).challenge
        assert (challenge.status, challenge.owner_id) == (Status.PLANNED, "p-004")
        assert challenge.understood_at is not None
        await story.promises_hold()


async def test_the_district_has_as_long_as_it_takes_once_a_school_has_sent_it_up(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        where = {"Type": "Scheduling", "Where may the power to remove it sit?": "In our school"}
        await teacher.report("There is no block for interventions.", values=where)
        principal = await story.person((await story.case()).challenge.owner_id)
        await story.wait_until(detroit("2026-10-27 10:00"))
        case = await story.case()
        before = case.challenge.decide_by
        principal = await story.person(case.challenge.owner_id)
        await principal.command("/challenges 1")
        await principal.click("Send up")
        await principal.submit({"What has your school tried?": "Two schedules."})
        challenge = (await story.case()).challenge
        assert before is not None
        assert challenge.decide_by is not None
        assert before.isoformat() < "2026-10-27" < challenge.decide_by.isoformat()


async def test_a_question_without_an_answer_does_not_stop_the_clock_for_good(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story)
        owner = await story.person("p-004")
        await owner.click("Question")
        await owner.submit({"Your question to those who raised it": "Which days?"})
        await days_pass(story, "2026-12-18 17:00")
        assert await of_kind(story, Kind.UNANSWERED)
        assert await of_kind(story, Kind.ESCALATED)  # the owner has done nothing since either
        assert (await story.case()).challenge.asked_at is None
        await story.promises_hold()


async def test_where_nobody_is_left_to_answer_the_clock_runs_on(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story)
        owner = await story.person("p-004")
        await owner.click("Question")
        await owner.submit({"Your question to those who raised it": "Which days?"})
        gone = Inbound(Identity(Platform.SLACK, "T0LARKSPUR", "U0LB023"), "person.left", Door.OPERATOR, key="gone")
        await story.made.gateway.handle(gone)
        await days_pass(story, "2026-10-16 17:00")
        assert await of_kind(story, Kind.UNANSWERED)
        await story.promises_hold()


async def test_the_coordinator_can_answer_for_who_does_not(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story)
        owner, coordinator = await story.person("p-004"), await story.person("p-010")
        await owner.click("Question")
        await owner.submit({"Your question to those who raised it": "Which days?"})
        await coordinator.command("/challenges 1")
        await coordinator.click("Answer")
        await coordinator.submit({"Your answer": "Tuesdays, she says."})
        assert (await story.case()).challenge.asked_at is None
        assert owner.last_card.title == "Challenge 1: your question is answered"
        await story.promises_hold()


# -------------------------------------------------------------------------------------------------- who hears, and when


@IN_CHAT
async def test_those_who_raised_it_hear_by_the_day_that_their_receipt_names(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher = await story.person("p-023")
        await teacher.report(WORDS, values=STAFFING)
        assert "by Tue, Oct 13, 2026 at the latest how it stands" in teacher.cards[0].text
        owner = await story.person("p-004")
        await owner.click("I'll take it")
        await story.wait_until(detroit("2026-10-07 09:00"))
        assert "Ramon Ibarra-Keough took it" in teacher.last_card.text
        before = len(teacher.cards)
        await story.wait_until(detroit("2026-10-13 09:00"))
        assert len(teacher.cards) > before
        assert "It is still open" in teacher.last_card.text
        await story.promises_hold()


async def test_nobody_who_raised_something_waits_months_without_a_word(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story)
        teacher = await story.person("p-023")
        await story.wait_until(detroit("2026-11-20 17:00"))  # it has come to the top by then, and stays there
        heard = len(teacher.cards)
        await story.wait_until(detroit("2027-03-20 17:00"))
        assert len(teacher.cards) >= heard + 3
        assert len(await of_kind(story, Kind.TOLD)) < 12  # and not every week
        await story.promises_hold()


async def test_who_joins_after_every_ask_is_asked_before_anybody_decides(database: Database) -> None:
    async with world(database, "slack") as story:
        await resolved(story)
        coordinator, colleague = await story.person("p-010"), await story.person("p-024")
        await story.wait_until(detroit("2026-11-30 17:00"))
        assert (await story.case()).challenge.decision_asked_at is not None
        await colleague.command("/challenges 1")
        await colleague.click("Me too")
        await colleague.submit({})
        await coordinator.command("/challenges 1")
        assert "Close, not confirmed" not in coordinator.answer.buttons
        await story.wait_until(detroit("2026-12-02 17:00"))
        joined = (await story.case()).reporter("p-024")  # type: ignore[arg-type]
        assert joined is not None
        assert joined.asked_at is not None
        await colleague.click("Yes, it was addressed")
        await story.wait_until(detroit("2026-12-04 17:00"))
        await coordinator.command("/challenges 1")
        await coordinator.click("Close, not confirmed")
        await coordinator.submit({"What makes you close it without an answer?": "Nobody has said otherwise."})
        assert (await story.case()).challenge.outcome is Outcome.NOT_CONFIRMED
        await story.promises_hold()


async def test_a_silent_confidential_reporter_is_asked_once_the_coordinator_is_back(database: Database) -> None:
    async with world(database, "slack") as story:
        await resolved(story, **HIDDEN)
        await away(story, "p-010", "2026-10-20", "2026-11-06", "p-011")
        await days_pass(story, "2026-11-20 17:00")
        kinds = [each.kind for each in await story.history()]
        assert Kind.NOBODY_ASKED not in kinds
        [asked] = await of_kind(story, Kind.COLLEAGUE_ASKED)
        assert (asked.data["asked"], f"{asked.at:%m-%d}" > "11-06") == ("p-010", True)
        await story.promises_hold()


async def test_after_an_outage_nobody_is_written_to_singly(database: Database) -> None:
    """High urgency, confirmations and what already waited to be sent: one digest for each person, and no burst."""
    async with world(database, "slack") as story:
        urgent = STAFFING | {"Urgency": "High"}
        teacher, owner, coordinator = (
            await story.person("p-023"),
            await story.person("p-004"),
            await story.person("p-010"),
        )
        for n in range(3):
            await teacher.report(f"{WORDS} {n}", values=urgent)
        for n in range(3, 6):
            await teacher.report(f"{WORDS} {n}", values=STAFFING)
            await owner.click("I understand it")
            await owner.submit({SCOPE: "One school."})
            await owner.click("Resolved")
            await owner.submit({"What was done?": "Done."})
        await story.settle()
        seen = {each: len(each.cards) for each in (teacher, owner, coordinator)}
        story.clock.at = detroit("2026-10-28 10:00")  # nothing has run for three weeks
        await story.settle()
        assert {each: len(each.cards) for each in seen} == seen
        await story.wait_until(detroit("2026-10-29 09:30"))
        assert {each: len(each.cards) - before for each, before in seen.items()} == dict.fromkeys(seen, 1)
        await story.promises_hold()


# --------------------------------------------------------------------------------------------------------- the decline


async def test_a_decline_says_why_to_all_who_worked_on_it_and_whose_decision_it_was(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story)
        teacher, owner, leader = await story.person("p-023"), await understood(story), await story.person("p-002")
        await leader.command("/challenges 1")
        await leader.click("Decline")
        await leader.submit(
            {
                "Why? Those who raised it will read this.": "No money before July.",
                "When should it be looked at again?": "2026-12-01",
            }
        )
        challenge = (await story.case()).challenge
        assert (challenge.owner_id, challenge.authority) == ("p-002", Authority.EXECUTIVE)
        await leader.command("/challenges 1")
        assert "has declined it for now" in str(leader.answer)
        await story.wait_until(detroit("2026-10-07 09:00"))
        for each in (teacher, owner):
            assert "No money before July." in each.last_card.text
            assert "Dec 1, 2026" in each.last_card.text
        await story.promises_hold()


# --------------------------------------------------------------------------------------------------------------- slips


async def test_what_was_sorted_wrongly_is_sorted_anew(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story)
        coordinator = await story.person("p-010")
        await coordinator.command("/challenges 1")
        await coordinator.click("Sort it anew")
        await coordinator.submit({"Type": "Funding", "Urgency": "High", "Money asked for, in dollars": "4800"})
        challenge = (await story.case()).challenge
        assert (challenge.type, challenge.urgency, challenge.amount_usd) == ("funding", "high", 4800)
        await story.promises_hold()


async def test_an_undo_is_theirs_also_where_they_see_it_no_longer(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story)
        coordinator, owner = await story.person("p-010"), await story.person("p-004")
        await coordinator.command("/challenges 1")
        await coordinator.click("Who can see it")
        only = "Only the coordinator, the owner, those who raised it and those admitted"
        await coordinator.submit({"Challenge 1": [only]})
        await owner.click("Not mine")
        await owner.submit({})
        assert (await story.case()).challenge.owner_id != "p-004"
        await owner.click("Undo")
        assert (await story.case()).challenge.owner_id == "p-004"
        await story.promises_hold()


@IN_CHAT
async def test_the_undo_of_a_form_stands_on_the_card_for_ten_minutes(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await raised(story)
        owner = await understood(story)
        await owner.click("Resolved")
        await owner.submit({"What was done?": "A substitute is hired."})
        card = next(each for each in reversed(owner.cards) if "Undo" in each.buttons)
        await owner.click("Undo", card)
        assert (await story.case()).challenge.status is Status.UNDERSTOOD
        await story.promises_hold()


async def test_two_that_were_joined_by_a_slip_come_apart_again(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story)
        await raised(story, by="p-015")
        coordinator = await story.person("p-010")
        await planned(story, "2026-11-20")
        before = [await story.case(n) for n in (1, 2)]
        await coordinator.command("/challenges 2")
        await coordinator.click("Join with another")
        await coordinator.submit({"Which challenge does it join? Its number": "1"})
        assert (await story.case(2)).challenge.status is Status.MERGED
        await coordinator.click("Undo")
        after = [await story.case(n) for n in (1, 2)]
        for was, now in zip(before, after, strict=True):
            assert (now.challenge.status, now.challenge.owner_id) == (was.challenge.status, was.challenge.owner_id)
            assert [each.person_id for each in now.reporters] == [each.person_id for each in was.reporters]
            assert [each.text for each in now.words] == [each.text for each in was.words]
            assert len(now.steps) == len(was.steps)
        assert after[1].challenge.merged_into_id is None
        await story.promises_hold()


async def test_who_was_admitted_can_be_taken_out_again(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story)
        coordinator, admitted = await story.person("p-010"), await story.person("p-006")
        only = "Only the coordinator, the owner, those who raised it and those admitted"
        await coordinator.command("/challenges 1")
        await coordinator.click("Who can see it")
        await coordinator.submit({"Challenge 1": [only], "Admit somebody": "Jonah Prescod"})
        await admitted.command("/challenges 1")
        assert WORDS in str(admitted.answer)
        await coordinator.command("/challenges 1")
        await coordinator.click("Who can see it")
        await coordinator.submit({"Who helps, or was admitted": []})
        await admitted.command("/challenges 1")
        assert "There is no challenge 1 that you can see" in str(admitted.answer)
        assert (await story.case()).helpers == []
        await coordinator.click("Undo")
        assert [each.person_id for each in (await story.case()).helpers] == ["p-006"]
        await admitted.command("/challenges 1")
        assert WORDS in str(admitted.answer)
        await story.promises_hold()


async def test_a_yes_that_comes_after_the_silence_was_decided_still_counts(database: Database) -> None:
    async with world(database, "slack") as story:
        await resolved(story)
        teacher, coordinator = await story.person("p-023"), await story.person("p-010")
        await story.wait_until(detroit("2026-11-30 17:00"))
        await coordinator.command("/challenges 1")
        await coordinator.click("Close, not confirmed")
        await coordinator.submit({"What makes you close it without an answer?": "Nobody has said otherwise."})
        closed = (await story.case()).challenge
        await teacher.command("/challenges 1")
        await teacher.click("Yes, it was addressed")
        challenge = (await story.case()).challenge
        assert (challenge.outcome, challenge.closed_at) == (Outcome.CONFIRMED, closed.closed_at)
        await story.promises_hold()


async def test_what_is_held_of_a_message_goes_with_it(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        post = await teacher.dm("Jaxon Tillery in my 4th period was pulled out again, so no subs.")
        assert await story.count() == 0
        await teacher.delete(post)
        before = len(teacher.cards)
        await story.wait_until(detroit("2026-10-08 12:00"))
        assert len(teacher.cards) == before


# -------------------------------------------------------------------------------------------------------- safe, by any door


@pytest.mark.parametrize("door", ["command", "message", "shortcut"])
async def test_a_name_that_is_to_be_kept_back_is_by_every_door(database: Database, door: str) -> None:
    words = "No subs on Fridays. Pls dont put my name on this."
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        match door:
            case "command":
                await teacher.report(words)
            case "message":
                await teacher.dm(words)
            case _:
                await teacher.report_message(await teacher.say(words, "cedar-flats-staff"))
                await teacher.submit({})
        assert (await story.case()).reporters[0].confidential


async def test_who_takes_the_tick_away_means_it(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        await teacher.command("/challenge No subs on Fridays. In confidence: it is Tuesdays, too.")
        await teacher.submit({"Your name": []})
        assert not (await story.case()).reporters[0].confidential


async def said(story: World, who: Identity, key: str) -> Any:
    source = Source("a:chat", key, direct=True)
    return await story.made.gateway.handle(
        Inbound(who, "message.direct", Door.DIRECT_MESSAGE, key=f"message:{key}", text=CRISIS, source=source)
    )


async def test_the_crisis_text_comes_before_any_question(database: Database) -> None:
    """To somebody whom we know elsewhere, to a guest, and to an outsider: and nothing of it is kept."""
    async with world(database, "slack") as story:
        who = newcomer(story)
        outside = Identity(Platform.SLACK, "T0LARKSPUR", "U0EX038")
        for n, each in enumerate((who, outside)):
            told = await said(story, each, f"m{n}")
            assert told.card is not None
            assert told.card.title == "Someone may be in danger"
            assert "Report" not in str(told.card.body)
        await shared(story)
        told = await said(story, Identity(Platform.TEAMS, TENANT, "29:new"), "m9")
        assert told.card is not None
        assert told.card.title == "Someone may be in danger"
        async with story.made.districts.open(story.district_id, Came(Door.OPERATOR)) as store:
            assert await store.held_for("p-013") == {}  # type: ignore[arg-type]
        assert await story.count() == 0


async def test_a_message_that_becomes_a_crisis_when_it_is_edited_gets_the_text(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        post = await teacher.dm("No subs on Fridays again.")
        await teacher.edit(post, CRISIS)
        assert "Someone may be in danger" in str([each.title for each in teacher.cards])


async def test_a_question_that_went_unanswered_is_known_to_whoever_has_it_next(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story)
        owner, coordinator = await story.person("p-004"), await story.person("p-010")
        await owner.click("Question")
        await owner.submit({"Your question to those who raised it": "Which days?"})
        await coordinator.command("/challenges 1")
        await coordinator.click("Reassign")
        await coordinator.submit({"Who takes it?": "Bea Thornquist", "Why? It stands in the log.": "She knows."})
        named = await story.person("p-011")
        assert "Asked before, and not answered" in named.last_card.text
        assert "Which days?" in named.last_card.text
        await story.promises_hold()


# ------------------------------------------------------------------------------------------------- what is late, and whose


async def test_what_nobody_has_sorted_or_taken_in_time_is_overdue(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story)
        teacher, coordinator = await story.person("p-023"), await story.person("p-010")
        await teacher.dm("The rosters do not load.")
        await coordinator.command("/challenges overdue")
        assert WORDS not in str(coordinator.answer)
        await story.wait_until(detroit("2026-10-16 17:00"))
        assert "Challenge 2: please sort it" in coordinator.titles()
        owner = await story.person("p-004")
        assert "Challenge 1: is it yours?" in str([(each.title, each.text) for each in owner.cards])
        await coordinator.command("/challenges overdue")
        assert WORDS in str(coordinator.answer)
        assert "The rosters do not load." in str(coordinator.answer)
        await story.promises_hold()


async def test_the_coordinator_reads_which_name_was_told_in_confidence(database: Database) -> None:
    async with world(database, "slack") as story:
        await raised(story, **HIDDEN)
        teacher, coordinator = await story.person("p-023"), await story.person("p-010")
        for each in (teacher, coordinator):
            await each.command("/challenges 1")
        assert "Ellie Marsh (in confidence" in str(coordinator.answer)
        assert "(in confidence" not in str(teacher.answer)


async def test_a_direct_message_is_linked_for_its_author_alone(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher, coordinator = await story.person("p-023"), await story.person("p-010")
        await teacher.dm(WORDS)
        for each in (teacher, coordinator):
            await each.command("/challenges 1")
        assert "The message it came from" in str(teacher.answer)
        assert "The message it came from" not in str(coordinator.answer)
