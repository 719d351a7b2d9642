"""Action items: captured in a meeting, followed up like everything else, first on the next agenda until done (R-66)."""

from datetime import date
from typing import Any

from sqlalchemy import delete

from handlers import actions as handler
from handlers import log
from handlers.district import importer
from storage import actions
from storage.database import Database
from storage.models import ActionItem, Message, Timer, table
from storage.store import Came
from storage.vocabulary import ActionStatus, Door, Lane, MessageKind
from tests.conformance.steps import COORDINATOR, looks_at, on_record, people, seen
from tests.fakes.slack import SlackPerson
from tests.stories.platforms import EVERYWHERE, ON_SLACK, ON_TEAMS
from tests.stories.test_routines import DIT, DIT_ENTRY, MEMBER, imports, makes, started
from tests.world import FILE, SEAL, Actor, World, detroit, world

WHAT = "What is to be done?"
WHO = "Who does it?"
BY = "By when?"
CONCERNS = "Which challenge does it concern? Its number (optional)"
MEMO = "Write to the board about substitutes."
SHOW = "Show: Write to the board about subs…"
DONE = "Done: Write to the board about subs…"


async def met(story: World) -> Actor:
    """The DIT has met, on the second Tuesday of October; the coordinator, who leads it, is asked whether it did."""
    lead = await started(story)
    await story.wait_until(detroit("2026-10-13 11:00"))
    return lead


async def agreed(story: World, by: Actor, *, words: str = MEMO, due: str = "2026-10-20", **fields: Any) -> None:
    """Somebody adds an item to that meeting, for a member of it unless they say otherwise."""
    await by.command("/clearway actions")
    await by.click("Add an action item")
    directory = await story.directory()
    named = {WHO: directory.people[MEMBER].name, "Which meeting agreed on it?": f"{DIT}, Tue, Oct 13, 2026"}  # type: ignore[index]
    await by.submit({**named, WHAT: words, BY: due, **fields})


async def shut(actor: Actor) -> None:
    """Whoever types something new has closed the windows before."""
    while isinstance(actor.driver, SlackPerson) and actor.driver.window:
        await actor.driver.close_form()


async def items(story: World) -> list[ActionItem]:
    async with story.made.districts.open(story.district_id, Came(Door.OPERATOR)) as store:
        return await actions.all_of(store.connection, story.district_id)


@EVERYWHERE
async def test_from_a_meeting_to_the_next_agenda(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        member = await story.person(MEMBER)
        lead = await met(story)
        assert "Did it take place?" in lead.last_card.text
        await lead.click("Add an action item")
        directory = await story.directory()
        name = directory.people[MEMBER].name  # type: ignore[index]
        await lead.submit({WHAT: MEMO, WHO: name, BY: "2026-10-20"})
        assert MEMO in seen(lead)
        assert MEMO not in seen(member)

        await story.wait_until(detroit("2026-10-14 09:00"))
        assert "An action item for you, by Tue, Oct 20, 2026." in seen(member)
        await story.wait_until(detroit("2026-10-19 09:00"))  # the school day before
        assert "An action item of yours is due on Tue, Oct 20, 2026." in seen(member)
        await member.open_home()
        assert f"{MEMO.rstrip('.')} – you, by Tue, Oct 20, 2026" in str(member.home)
        await story.wait_until(detroit("2026-10-20 09:00"))
        assert "is due today, Tue, Oct 20, 2026. Is it done?" in seen(member)

        await looks_at(lead, "Tue, Nov 10, 2026")
        assert f"{name}, by Tue, Oct 20, 2026" in seen(lead)
        await member.command("/clearway actions")
        await member.click(DONE)
        assert (await items(story))[0].status is ActionStatus.DONE
        assert "Done." in seen(member)
        await looks_at(lead, "Tue, Nov 10, 2026")
        assert "Done since the last meeting:" in seen(lead)
        await story.promises_hold()


@ON_TEAMS
async def test_what_nobody_answers_climbs_and_is_asked_ever_more_softly(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        owner, lead, coordinator = await people(story, MEMBER, "p-002", COORDINATOR)
        await lead.command("/clearway routines")
        await lead.click("Start: Administrative Team")  # third Thursday; Theo leads it
        await story.wait_until(detroit("2026-10-15 16:00"))
        await owner.command("/clearway actions")
        await owner.click("Add an action item")
        await owner.submit({WHAT: MEMO, BY: "2026-10-19"})  # for oneself, and of the only meeting that has begun
        await story.wait_until(detroit("2026-11-04 12:00"))
        [row] = await items(story)
        assert row.status is ActionStatus.OPEN
        assert row.asks == 5
        asked = await told(story, database)
        assert {each for _, each in asked} == {MEMBER, "p-002", COORDINATOR}
        days = [day for day, person in asked if person == MEMBER]
        assert days == sorted(set(days))  # at most one a day
        assert "has not answered how this stands" in seen(lead)
        assert "has not answered how this stands" in seen(coordinator)
        await story.promises_hold()


async def told(story: World, database: Database) -> list[tuple[date, str]]:
    """On which day who was told of an item, always by digest."""
    of = table(Message)
    async with database.district(story.district_id, write=False) as connection:
        rows = list(await connection.execute(of.select().where(of.c.kind == MessageKind.ACTION_ITEM)))
    assert {each.lane for each in rows} == {Lane.DIGEST}
    zone = detroit("2026-10-13 09:00").tzinfo
    return sorted((each.ended_at.astimezone(zone).date(), each.person_id) for each in rows if each.ended_at)


@ON_TEAMS
async def test_still_working_on_it_cannot_do_it_hand_it_on_and_not_needed(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        member, other = await people(story, MEMBER, "p-013")
        lead = await met(story)
        await agreed(story, lead)
        await shut(lead)
        await story.wait_until(detroit("2026-10-20 09:00"))

        await member.command("/clearway actions")
        await member.click(SHOW)
        await member.click("Still working on it")
        await member.submit({"By when now?": "2026-10-01"})
        assert "That day has passed" in str(member.form.errors)
        await member.submit({"By when now?": "2026-10-24", "How does it stand? (optional)": "Half of it is written."})
        assert (await items(story))[0].due_on == date(2026, 10, 26)  # a Saturday becomes the next school day
        await member.click("I cannot do it")
        await member.submit({"Why?": "The board has its own form."})
        assert (await items(story))[0].owner_id == COORDINATOR
        await story.wait_until(detroit("2026-10-21 09:00"))
        assert "cannot do this, so it is with you now." in seen(lead)
        await lead.command("/clearway actions")
        await lead.click(SHOW)
        assert "The board has its own form." in seen(lead)

        await lead.click("Hand it on")
        directory = await story.directory()
        await lead.submit({"To whom?": directory.people["p-013"].name})  # type: ignore[index]
        await story.wait_until(detroit("2026-10-22 09:00"))
        assert "has handed this action item on to you." in seen(other)
        await shut(lead)
        await member.command("/clearway actions of dit")
        assert MEMO.rstrip(".") in str(member.answer)
        assert SHOW not in member.answer.buttons  # it is not theirs any more, nor do they lead
        await lead.command("/clearway actions of dit")
        await lead.click(SHOW)
        await lead.click("Not needed any more")
        await lead.submit({"Why?": "The board has decided."})
        assert (await items(story))[0].status is ActionStatus.DROPPED
        await lead.click("It is not done")
        assert (await items(story))[0].status is ActionStatus.OPEN
        await story.promises_hold()


@ON_SLACK
async def test_what_concerns_a_restricted_challenge_is_seen_by_those_admitted(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        await on_record(story)
        member, outsider = await people(story, MEMBER, "p-019")
        lead = await met(story)
        await agreed(story, lead, **{CONCERNS: "9"})
        assert "There is no challenge 9 that you can see." in str(lead.form.errors)
        await lead.submit({**lead_fields(await story.directory()), CONCERNS: "1"})
        await story.wait_until(detroit("2026-10-14 09:00"))
        assert "Write to the board" in seen(member)
        await outsider.command("/clearway actions all")
        assert "Write to the board" not in str(outsider.answer)
        await outsider.command("/challenges 1")  # open to all: what a meeting agreed on is its people's
        assert "Write to the board" not in str(outsider.answer)

        await lead.command("/challenges 1")
        assert "Write to the board" in str(lead.answer)
        await lead.click("Who can see it")
        await lead.submit({"Challenge 1": ["Only the coordinator, the owner, those who raised it and those admitted"]})
        [row] = await items(story)
        assert row.owner_id == COORDINATOR  # who had it may not see it any more
        assert "Write to the board" not in seen_of_cards(member)
        await member.command("/clearway actions of dit")
        assert "Write to the board" not in str(member.answer)
        await looks_at(member, "Tue, Nov 10, 2026")
        assert "Write to the board" not in str(member.answer)
        await lead.command("/clearway actions")
        await lead.click(SHOW)
        await lead.click("Hand it on")
        await lead.submit({"To whom?": (await story.directory()).people[MEMBER].name})  # type: ignore[index]
        assert "cannot see challenge 1" in str(lead.form.errors)
        async with story.made.districts.open(story.district_id, Came(Door.OPERATOR)) as store:
            assert await handler.for_export(store, restricted_too=False) == []
            [exported] = await handler.for_export(store, restricted_too=True)
            without, whole = [await log.export_actions(store, restricted_too=each) for each in (False, True)]
        assert MEMO in whole
        assert (MEMO in without, "Left out: 1 restricted" in without) == (False, True)
        assert (exported["what"], exported["challenge"]) == (MEMO, 1)
        await story.promises_hold()


def lead_fields(directory: Any) -> dict[str, str]:
    return {
        WHAT: MEMO,
        BY: "2026-10-20",
        WHO: directory.people[MEMBER].name,
        "Which meeting agreed on it?": f"{DIT}, Tue, Oct 13, 2026",
    }


def seen_of_cards(actor: Actor) -> str:
    """What stands in their chat; an answer that was seen once stays with who saw it."""
    return "\n".join(each.text for each in actor.cards)


@ON_SLACK
async def test_what_somebody_had_who_leaves_goes_to_who_leads_and_a_lost_date_is_set_anew(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead = await met(story)
        await agreed(story, lead)
        of = table(Timer)
        async with database.queue() as connection:
            await connection.execute(delete(of).where(of.c.kind == "action_item"))
        [found] = (await story.made.loops.found(story.clock.now())).values()
        assert [each.promise for each in found] == ["agreed"]
        assert await story.made.loops.run_audit() == []
        await story.promises_hold()

        left = "role: director_teaching_learning, left_on: 2026-10-12,"
        file = FILE.read_text(encoding="utf-8").replace("role: director_teaching_learning,", left, 1)
        await importer.import_district(database, SEAL, file, now=story.clock.now())
        await story.settle()
        [row] = await items(story)
        assert row.owner_id == COORDINATOR
        await story.wait_until(detroit("2026-10-14 09:00"))
        assert "cannot have it any more" in seen(lead)
        await story.promises_hold()


@ON_TEAMS
async def test_a_closed_day_and_an_outage(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        member = await story.person(MEMBER)
        lead = await met(story)
        await agreed(story, lead)
        snow = "closed:\n    - {name: Snow, from: 2026-10-20, to: 2026-10-21}"
        file = FILE.read_text(encoding="utf-8").replace("closed:", snow, 1)
        await importer.import_district(database, SEAL, file, now=story.clock.now())
        await story.settle()
        assert (await items(story))[0].due_on == date(2026, 10, 22)
        await story.wait_until(detroit("2026-10-14 09:00"))
        assert "due on Thu, Oct 22, 2026 now" in seen(member)
        story.clock.at = detroit("2026-11-12 05:00")  # three weeks and a day, and nobody was there
        await story.wait_until(detroit("2026-11-12 09:00"))
        assert (await items(story))[0].asks == 1
        assert "was due on Thu, Oct 22, 2026" in seen(member)


@ON_TEAMS
async def test_only_who_belongs_to_the_meeting_adds_and_only_who_has_it_answers(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        member, outsider = await people(story, MEMBER, "p-019")
        await outsider.command("/clearway actions")
        assert "Add an action item" not in outsider.answer.buttons
        lead = await met(story)
        await agreed(story, member)
        await outsider.command("/clearway actions of dit")
        assert "I did not understand “of dit”" in str(outsider.answer)
        assert len(await items(story)) == 1
        await lead.command("/clearway actions overdue")
        assert "None." in str(lead.answer)


@ON_TEAMS
async def test_a_team_has_before_it_what_it_agreed_on_in_any_of_its_routines(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead = await met(story)
        await agreed(story, lead)
        await makes(lead, name="Data hour", teams=[DIT], rule="fourth Tuesday", start="3 pm")
        await lead.click("Start it")
        member = await story.person(MEMBER)
        await looks_at(member, "Tue, Oct 27, 2026")
        assert MEMO.rstrip(".") in seen(member)

        # That routine is no more: its team is still to do it.
        await imports(story, database, DIT_ENTRY, "")
        another = await story.person("p-005")
        await looks_at(another, "Tue, Oct 27, 2026")
        assert MEMO.rstrip(".") in seen(another)
        await member.command("/clearway actions")
        await member.click(DONE)
        await looks_at(another, "Tue, Oct 27, 2026")
        assert "Done since" in seen(another)
        await story.promises_hold()
