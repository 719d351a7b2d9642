"""What somebody new to it ran into, in the first weeks."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from handlers import log as record
from handlers.cards import lists
from storage.database import Database
from storage.store import Came
from storage.vocabulary import Authority, Door, Field, Kind
from tests.stories.test_mended import DISTRICT_WIDE, SCOPE, STAFFING, WORDS, away, resolved
from tests.world import World, detroit, world

ZONE = ZoneInfo("America/Detroit")


async def days(story: World, *kinds: Kind) -> list[str]:
    """On which days such things happened."""
    return [f"{each.at.astimezone(ZONE):%m-%d}" for each in await story.history() if each.kind in kinds]


async def test_what_is_urgent_and_not_sorted_is_asked_about_before_its_decision_is_due(database: Database) -> None:
    async with world(database, "slack", at="2026-10-21 09:00") as story:
        teacher = await story.person("p-023")
        await teacher.report(WORDS, values={"Urgency": "High"})
        challenge = (await story.case()).challenge
        assert (challenge.authority, challenge.decide_by) == (Authority.TRIAGE, date(2026, 10, 23))
        await story.wait_until(detroit("2026-10-26 17:00"))
        assert await days(story, Kind.PROMPTED, Kind.ESCALATED) == ["10-22", "10-26"]


async def test_who_sorts_instead_has_no_more_time_for_it(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        await teacher.report(WORDS)
        came_in = (await story.case()).challenge.owned_since
        await away(story, "p-010", delegate="p-012", first=date(2026, 10, 9))
        await story.wait_until(detroit("2026-10-09 12:00"))
        challenge = (await story.case()).challenge
        assert (challenge.owner_id, challenge.owned_since) == ("p-012", came_in)
        await story.wait_until(detroit("2026-10-12 12:00"))
        assert await days(story, Kind.PROMPTED) == ["10-12"]  # the day before it should be sorted


async def test_what_somebody_held_goes_back_on_the_morning_of_the_return(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher, owner = await story.person("p-023"), await story.person("p-004")
        for number in range(3):
            await teacher.report(f"{WORDS} {number}", values=STAFFING)
        await owner.click("I understand it")  # the last of them
        await owner.submit({SCOPE: "One school."})
        await teacher.report("Nobody knows what type this is.")
        await away(story, "p-004", delegate="p-012", first=date(2026, 10, 8), days=1)
        await away(story, "p-010", delegate="p-012", first=date(2026, 10, 8), days=1)
        day = detroit("2026-10-08 08:00")
        for hour in range(0, 24 * 5, 8):  # over the leave, the weekend and the return
            await story.wait_until(day + timedelta(hours=hour))
            assert await story.made.loops.run_audit() == []
            if hour == 0:
                assert [(await story.case(n)).challenge.owner_id for n in (1, 2, 3, 4)] == ["p-012"] * 4
                stand_in = await story.person("p-012")
                await stand_in.command("/challenges 1")
                await stand_in.click("I'll take it")
        held = [(await story.case(n)).challenge for n in (1, 2, 3, 4)]
        assert [each.owner_id for each in held] == ["p-012", "p-004", "p-004", "p-010"]
        assert [each.authority for each in held][1:] == [Authority.MATRIX, Authority.MATRIX, Authority.TRIAGE]
        assert held[2].understood_at is not None  # as it was left
        assert "is back" in str(held[1].why)
        assert await days(story, Kind.HANDED_BACK) == []
        back = [each for each in await story.history(2) if each.kind is Kind.HANDED_BACK]
        assert [f"{each.at.astimezone(ZONE):%m-%d %H:%M}" for each in back] == ["10-12 07:30"]
        await story.promises_hold()


async def test_home_says_that_somebody_is_away_and_they_come_back_sooner(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher, owner = await story.person("p-023"), await story.person("p-004")
        for number in range(2):
            await teacher.report(f"{WORDS} {number}", values=STAFFING)
        await owner.command("/clearway away")
        await owner.submit(
            {"Who stands in for you?": "Bea Thornquist", "First day": "2026-10-06", "Last day": "2026-10-30"}
        )
        stand_in = await story.person("p-011")
        assert (await story.case(2)).challenge.owner_id == "p-011"
        await stand_in.command("/challenges 1")
        await stand_in.click("I'll take it")
        await owner.command("/clearway away")  # other days
        await owner.submit(
            {"Who stands in for you?": "Bea Thornquist", "First day": "2026-10-08", "Last day": "2026-10-09"}
        )
        left = [each for each in (await story.directory()).absences if each.person_id == "p-004"]
        assert [(each.from_on.day, each.to_on.day) for each in left] == [(6, 7), (8, 9)]
        await owner.click("Undo")
        await owner.open_home()
        assert "You are away until Fri, Oct 30" in str(owner.home)
        await owner.click("I am back")
        assert [(await story.case(n)).challenge.owner_id for n in (1, 2)] == ["p-011", "p-004"]
        assert await story.made.loops.run_audit() == []
        await owner.open_home()
        assert "You are away" not in str(owner.home)
        await owner.click("Undo")
        assert (await story.case(2)).challenge.owner_id == "p-011"
        await owner.open_home()
        assert "You are away until Fri, Oct 30" in str(owner.home)
        await story.promises_hold()


async def test_not_mine_never_goes_down_from_the_top(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher, top, coordinator = [await story.person(each) for each in ("p-023", "p-001", "p-010")]
        await teacher.report("The visitor rule.", values={"Type": "Policy"} | DISTRICT_WIDE)
        assert (await story.case()).challenge.owner_id == "p-001"
        await top.click("Not mine")
        await top.submit()
        given = (await story.case()).challenge
        assert (given.owner_id, given.authority) == ("p-010", Authority.TRIAGE)
        assert "Nobody is above you, so" in str(top.everything())
        assert "nobody is above them" in str(coordinator.last_card)
        await coordinator.click("Reassign")
        await coordinator.submit({"Who takes it?": "Bea Thornquist", "Why? It stands in the log.": "She knows it."})
        assert (await story.case()).challenge.owner_id == "p-011"
        await story.promises_hold()


async def test_what_is_asked_and_saved_is_answered_as_it_is(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher, coordinator = await story.person("p-023"), await story.person("p-010")
        await teacher.report(WORDS, values=STAFFING)
        await teacher.report("Nobody knows what type this is.")
        await coordinator.command("/challenges 1 2")
        assert "I did not understand “2”" in str(coordinator.answer)
        await coordinator.command("/challenges page 99")
        assert "There is one page." in str(coordinator.answer)
        await coordinator.command("/challenges unsorted")
        assert "Show 2" in str(coordinator.answer)
        assert "Show 1" not in str(coordinator.answer)
        await coordinator.open_home()
        to_be_sorted = str(coordinator.home).split("To be sorted")[1].split("Waiting for an answer")[0]
        assert WORDS not in to_be_sorted
        assert "Nobody knows" in to_be_sorted

        before = len(await story.history())
        await coordinator.command("/challenges 1")
        await coordinator.click("Who can see it")
        await coordinator.submit()
        assert "Nothing has changed" in str(coordinator.everything())
        assert len(await story.history()) == before

        await coordinator.command("/challenges 1")
        await coordinator.click("Reassign")
        named = {"Who takes it?": "Bea Thornquist", "Why? It stands in the log.": "She knows it."}
        await coordinator.submit({"Which challenges? One number, or several": "1 and 2"} | named)
        assert [(await story.case(n)).challenge.owner_id for n in (1, 2)] == ["p-011", "p-011"]


async def test_what_was_undone_is_in_no_column_of_the_export(database: Database) -> None:
    async with world(database, "slack") as story:
        await resolved(story)
        teacher = await story.person("p-023")
        await story.wait_until(detroit("2026-10-21 12:00"))
        await teacher.click("Yes, it was addressed")
        await teacher.click("Undo")
        await teacher.click("Yes, it was addressed")
        async with story.made.districts.open(story.district_id, Came(Door.OPERATOR)) as store:
            rows = [row async for row in record.rows_for_export(store, now=story.clock.now())]
        assert [len(rows[0][name]) for name in ("follow_up", "closed", "reopened")] == [1, 1, 0]


async def test_two_that_are_joined_name_each_other_and_keep_who_said_what(database: Database) -> None:
    async with world(database, "slack") as story:
        for who, text in (("p-023", "The coach covers classes."), ("p-015", "Our coach is pulled, too.")):
            await (await story.person(who)).report(text, values=STAFFING)
        coordinator, other = await story.person("p-010"), await story.person("p-015")
        await coordinator.command("/challenges 2")
        await coordinator.click("Join with another")
        await coordinator.submit({"Which challenge does it join? Its number": "1"})
        note = next(iter((await story.case()).all_said(Field.NOTE)))
        assert (note.author_id, note.text) == ("p-015", "Our coach is pulled, too.")
        await coordinator.command("/challenges 1")
        assert "joined challenge 2 to it, which" in str(coordinator.answer)
        await other.command("/challenges 2")
        assert "joined it with challenge 1" in str(other.answer)
        await other.click("Show the challenge that it joined")
        assert "Challenge 1" in str(other.everything()[-1])
        async with story.made.districts.open(story.district_id, Came(Door.OPERATOR)) as store:
            rows = [row async for row in record.rows_for_export(store, now=story.clock.now())]
        assert [row["joined"] for row in rows] == [None, 1]
        await story.promises_hold()


async def test_cards_and_history_say_what_was_done(database: Database) -> None:
    async with world(database, "slack") as story:
        await resolved(story)
        teacher, owner, coordinator = [await story.person(each) for each in ("p-023", "p-004", "p-010")]
        await story.wait_until(detroit("2026-10-21 12:00"))
        await teacher.click("Partly")
        assert teacher.form.title == "Partly: challenge 1"
        await teacher.submit({"What is still missing? It becomes the next step.": "The second school."})
        await teacher.command("/challenges 1")
        assert "added a step: what is still missing" in str(teacher.answer)
        assert "planned steps" not in str(teacher.answer)
        await owner.command("/challenges 1")
        await owner.click("Still blocked")
        await teacher.command("/challenges 1")
        assert "was brought in to help, and Ramon Ibarra-Keough still leads" in str(teacher.answer)
        await owner.command("/challenges 1")
        await owner.click("Resolved")
        await owner.submit({"What was done?": "Both have one."})
        await teacher.command("/challenges 1")
        await teacher.click("Yes, it was addressed")
        assert "challenge 1 is closed" in str(teacher.everything())
        await teacher.command("/challenges 1")
        assert "unless you say that it is not gone" in str(teacher.answer)

        await coordinator.command("/clearway")
        await coordinator.click("Enter for a caller")
        await coordinator.submit({"Who called?": "Ellie Marsh", "What is in the way?": "No keys."})
        await coordinator.command("/challenges 2")
        assert "entered it for Ellie Marsh" in str(coordinator.answer)
        await teacher.command("/clearway help")
        assert "/clearway away" in str(teacher.answer)


def test_a_text_is_cut_with_one_ellipsis() -> None:
    assert lists.short("No substitutes. Again.", 16) == "No substitutes…"
    assert lists.short("No substitutes", 16) == "No substitutes"
