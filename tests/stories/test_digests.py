"""The daily digest: every line is answered where it stands, one that cannot be made is heard of soon, and what was put off
while it was on its way comes on its day."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from handlers.telling import tell
from storage import queue
from storage.database import Database
from storage.models import Message, table
from storage.store import Came
from storage.vocabulary import ActionStatus, Door, Kind, Lane, MessageKind, MessageState, PersonId
from tests.conformance.steps import COORDINATOR, SCOPE, TEACHER, on_record, people, seen
from tests.fakes.mail import fake_mail
from tests.stories.platforms import EVERYWHERE, IN_CHAT
from tests.stories.test_actions import DONE, MEMO, agreed, items, met, shut
from tests.stories.test_calendars import fetch, one_address
from tests.stories.test_reminders import COPY, MAIL, OWNER, UNTIL, choose, imported, mails
from tests.stories.test_routines import DIT, MEMBER, planned
from tests.world import Actor, World, detroit, world

ON_ONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ASK = "Ask the union."


@EVERYWHERE
async def test_every_line_is_answered_where_it_stands(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        member, other = await people(story, MEMBER, "p-013")
        lead = await met(story)
        await agreed(story, lead)
        await shut(lead)
        await agreed(story, lead, words=ASK)
        await shut(lead)
        await member.command("/clearway plans")
        await member.click("Make a plan")
        await member.submit(
            {"What is it?": "What somebody will learn", "What is to come of it?": "To chair.", NEXT: "2026-10-20"}
        )
        await shut(member)
        await story.wait_until(detroit("2026-10-20 09:00"))
        digest = member.last_card
        assert digest.title == "Your digest for Tue, Oct 20, 2026"
        assert "Show: a private plan" in digest.buttons
        assert MEMO not in seen(other)  # they read what they have promised, and not what others have

        await member.click(DONE, digest)
        await member.click("Still working on it: Ask the union.", _digest(member))
        await member.submit({"By when now?": "2026-10-28"})
        done, waits = sorted(await items(story), key=lambda each: each.status)
        assert (done.status, waits.status, str(waits.due_on)) == (ActionStatus.DONE, ActionStatus.OPEN, "2026-10-28")
        await member.click("Looked at: a private plan", _digest(member))
        await member.submit({"When should it be looked at next?": "2026-12-01"})
        await story.wait_until(detroit("2026-10-20 12:00"))
        assert "Nothing of this waits for you any more." in seen(member)

        await agreed(story, lead, words="Book the room.", due="2026-11-03", **{"Who does it?": await _name(story)})
        await story.wait_until(detroit("2026-11-03 09:00"))  # the agenda call comes in the same digest
        answers = _digest(lead).buttons
        assert f"Add to the agenda: {DIT}" in answers
        assert "Done: Book the room." in answers
        await story.promises_hold()


NEXT = "When should it be looked at next?"


def _digest(actor: Actor) -> Any:
    """Their last one, as it stands now."""
    return next(each for each in reversed(actor.cards) if each.title.startswith("Your digest"))


async def _name(story: World) -> str:
    return (await story.directory()).people[PersonId(COORDINATOR)].name


@EVERYWHERE
async def test_what_does_not_fit_on_one_page_is_on_the_next(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        for number in range(MANY):
            await on_record(story, words=f"Something is in the way, number {number}. " + "Nobody can tell why. " * 20)
        owner, teacher = await people(story, OWNER, TEACHER)
        await story.wait_until(detroit("2026-10-07 09:00"))
        digest = _digest(owner)
        singly = sum(each.startswith("Challenge") for each in owner.titles())
        pages = await _pages(owner, digest)
        assert len(pages) > 1
        assert [each for page in pages for each in _named(page)] == [str(n + 1) for n in range(singly, MANY)]
        for page in pages:
            assert [each for each in page.buttons if each.startswith("Open")] == [f"Open {n}" for n in _named(page)]
        more = next(each for each in digest.buttons if each.startswith("Show the other"))
        if platform != "console":  # where pages of others do not open at all
            await teacher.click(more, digest)
            assert "There is no such digest of yours." in seen(teacher)

        await owner.click(f"I'll take it ({MANY})", pages[-1])
        assert (await story.case(MANY)).challenge.taken_at is not None
        assert f"I'll take it ({MANY})" not in (await _pages(owner, _digest(owner)))[-1].buttons
        await story.promises_hold()


MANY = 24


def _named(page: Any) -> list[str]:
    return re.findall(r"Challenge (\d+): a challenge for you", page.text)


async def _pages(actor: Actor, first: Any) -> list[Any]:
    """A digest and all pages that follow it."""
    pages = [first]
    while more := next((each for each in pages[-1].buttons if each.startswith("Show the other")), None):
        await actor.click(more, pages[-1])
        pages.append([each for each in actor.driver.ephemerals if each.title.startswith("Your digest")][-1])
        assert len(pages) < MANY
    return pages


@IN_CHAT
async def test_a_digest_keeps_the_day_on_which_it_came(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        member = await story.person(MEMBER)
        lead = await met(story)
        for words in (MEMO, ASK, "Book the room."):
            await agreed(story, lead, words=words)
            await shut(lead)
        await story.wait_until(detroit("2026-10-14 09:00"))
        first = _digest(member)
        assert first.title == "Your digest for Wed, Oct 14, 2026"
        assert ASK in first.text
        await story.wait_until(detroit("2026-10-16 09:00"))
        await member.command("/clearway actions")
        await member.click(f"Done: {ASK}")
        await story.wait_until(detroit("2026-10-16 09:30"))
        [drawn] = [each for each in member.cards if each.title.startswith("Your digest")]
        assert drawn.title == first.title
        assert ASK not in drawn.text


@IN_CHAT
async def test_an_invitation_among_others_can_be_put_into_a_calendar(database: Database, platform: str) -> None:
    async with fake_mail() as fake, world(database, platform) as story:
        story.made.districts.public_url = story.url
        await imported(story, database)
        mails(story, fake)
        owner, coordinator = await people(story, OWNER, COORDINATOR)
        await choose(owner, values={COPY: ["yes"]})
        await coordinator.command("/clearway routines")
        await coordinator.click("Start: Executive Cabinet")
        await story.wait_until(detroit("2026-10-08 12:00"))
        for number in range(6):
            await on_record(story, words=f"Something is in the way, number {number}.")
        await story.wait_until(detroit("2026-10-09 09:00"))
        digest = _digest(owner)
        assert digest.title == "Your digest for Fri, Oct 9, 2026"
        assert "Add to my calendar: Executive Cabinet, Mon, Oct 12, 9:00" in digest.text
        address = one_address(owner)
        assert (await fetch(address))[0] == 200
        mail = fake.to(MAIL[OWNER])[-1]
        assert mail.subject == digest.title
        assert address in mail.text
        assert "Implementation challenges" not in digest.text + mail.text


@ON_ONE
async def test_what_no_line_can_be_made_of_is_heard_of_within_hours(database: Database) -> None:
    async with world(database, "slack") as story:
        await met(story)
        [row, *_] = await planned(story, database)
        async with story.made.districts.open(story.district_id, Came(Door.TIMER), write=True) as store:
            now = story.clock.now()
            broken = store.record(None, Kind.OCCURRENCE_ROLES, by=None, at=now, data={"occurrence": row.id})
            tell(store, [PersonId(OWNER)], MessageKind.OCCURRENCE, broken, now, item=row.id, lane=Lane.DIGEST)
            await store.flush(now)
        await on_record(story, words="One thing is in the way.")
        for number in range(5):  # over the budget, so that there is a digest beside it
            await on_record(story, words=f"Something is in the way, number {number}.")
        await story.wait_until(detroit("2026-10-14 09:00"))
        assert any(each.startswith("Your digest") for each in (await story.person(OWNER)).titles())
        await story.wait_until(detroit("2026-10-14 12:00"))
        of = table(Message)
        async with database.district(story.district_id, write=False) as connection:
            [lost] = await connection.execute(of.select().where(of.c.event_id == broken.id))
        assert (lost.state, lost.reason) == (MessageState.UNDELIVERABLE, "not composed")


@ON_ONE
async def test_what_is_put_off_while_it_is_on_its_way_comes_on_its_day(database: Database) -> None:
    async with world(database, "slack") as story:
        await on_record(story)
        owner = await story.person(OWNER)
        await owner.click("I understand it")
        await owner.submit({SCOPE: "Two schools."})
        await story.wait_until(detroit("2026-10-13 10:00"))
        await owner.command("/challenges 1")
        of = table(Message)
        async with database.district(story.district_id) as connection:  # as if it were in somebody's hands just now
            last = (await connection.execute(of.select().where(of.c.kind == MessageKind.NUDGE))).all()[-1]
            await connection.execute(
                update(of)
                .where(of.c.id == last.id)
                .values(
                    state=MessageState.PENDING, leased_until=story.clock.now() + queue.LEASE, ended_at=None,
                    send_at=story.clock.now() - timedelta(seconds=1),
                )
            )  # fmt: skip
        await owner.click("Remind me later", owner.last_card)
        await owner.submit({"Why? It stands in the history.": "The board sits tonight.", UNTIL: "2026-10-14"})
        cards = len(owner.cards)
        await story.wait_until(detroit("2026-10-14 07:44"))
        assert len(owner.cards) == cards  # what was claimed finds itself put off
        await story.wait_until(detroit("2026-10-14 08:00"))
        assert "Remind me later" in owner.last_card.buttons
