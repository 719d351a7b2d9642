"""Reminders that people do not resent: when and where they want them, by e-mail too, put off with a reason, and foretold."""

import asyncio
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from bot import dispatcher
from bot.email.transport import EmailTransport
from bot.transport import Address, Place
from handlers import foretelling, registry
from handlers.cards.foretelling import Foretold
from handlers.cards.model import Card
from handlers.district import importer
from handlers.telling import tell
from storage.database import Database
from storage.models import Delivery, Event, Message, table
from storage.store import Came
from storage.vocabulary import Door, Kind, Lane, MessageKind, MessageState, PersonId, Platform, Rung
from tests.conformance.steps import SCOPE, looks_at, on_record, people, seen
from tests.fakes.mail import FakeMail, fake_mail
from tests.stories.platforms import EVERYWHERE, IN_CHAT
from tests.world import FILE, SEAL, Actor, World, detroit, with_accounts, world

OWNER, TEACHER, COORDINATOR = "p-004", "p-023", "p-010"
ON_ONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
STAFFING = {"Type": "Staffing", "Where may the power to remove it sit?": "In the district"}
WHEN = "When shall your daily digest come?"
COPY = "Shall the digest also come by e-mail?"
MAIL = {
    OWNER: "ramon@larkspur.example.org",
    "p-005": "leticia@larkspur.example.org",
    TEACHER: "ellie@larkspur.example.org",
}


async def imported(story: World, database: Database, without_chat: tuple[str, ...] = ()) -> None:
    """The district's file, in which some have an address, and some of them no account."""
    file = yaml.safe_load(with_accounts(FILE.read_text("utf-8"), story.platform, {}))
    for person in file["people"]:
        if person["id"] in MAIL:
            person["email"] = MAIL[person["id"]]
        if person["id"] in without_chat:
            person.pop("slack", None)
            person.pop("teams", None)
    await importer.import_district(database, SEAL, yaml.safe_dump(file, allow_unicode=True), now=story.clock.now())


def mails(story: World, fake: FakeMail) -> None:
    story.made.dispatcher.transports[Platform.EMAIL] = EmailTransport(fake.server)
    story.made.gateway.mails = True


async def choose(person: Actor, **values: Any) -> None:
    await person.command("/clearway settings")
    await person.submit(values.pop("values", values))


async def sent(story: World, person_id: str, since: datetime) -> list[Any]:
    """What somebody was sent since then; but that somebody else is out of reach nobody can foretell."""
    of = table(Message)
    async with story.made.database.district(story.district_id, write=False) as connection:
        rows = await connection.execute(
            select(of)
            .where(
                of.c.district_id == story.district_id, of.c.person_id == person_id, of.c.state == MessageState.SENT,
                of.c.ended_at > since, of.c.room_id.is_(None), of.c.kind.not_in([MessageKind.DIGEST_COPY, MessageKind.UNDELIVERABLE]),
            )
            .order_by(of.c.ended_at, of.c.created_at)
        )  # fmt: skip
        return list(rows)


# ----------------------------------------------------------------------------------------------------- the hour of it


@EVERYWHERE
async def test_the_digest_comes_at_the_hour_that_its_reader_has_chosen(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        owner = await story.person(OWNER)
        await choose(owner, values={WHEN: "3:00\u202fPM"} if platform != "console" else {WHEN: "15:00"})
        assert "Your daily digest comes at 3:00" in seen(owner)
        await on_record(story)
        await story.wait_until(detroit("2026-10-08 14:59"))
        had = len(owner.cards)
        await story.wait_until(detroit("2026-10-08 15:01"))
        assert len(owner.cards) == had + 1
        if platform != "slack":
            return

        await importer.import_district(
            database, SEAL, with_accounts(FILE.read_text("utf-8"), platform, {}).replace("Ellie Marsh", "Ellie Marsh-Day"),
            now=story.clock.now(),
        )  # fmt: skip
        assert (await story.directory()).people[
            PersonId(OWNER)
        ].digest_at is not None  # no file says so, no file ends it
        await story.settle()
        [event] = [each for each in await every(story) if each.kind is Kind.PREFERENCES]
        assert event.data["changes"] == {"preference": {"digest_at": [None, "15:00"]}}
        await story.promises_hold()


async def every(story: World) -> list[Any]:
    async with story.made.districts.open(story.district_id, Came(Door.OPERATOR)) as store:
        return await store.rows(select(table(Event)).where(table(Event).c.district_id == story.district_id))


@ON_ONE
async def test_a_later_hour_brings_no_second_digest_that_day(database: Database) -> None:
    async with world(database, "slack") as story:
        for number in range(5):  # over the budget: the rest waits for the digest of the next morning
            await on_record(story, words=f"Something is in the way, number {number}.")
        owner = await story.person(OWNER)
        await story.wait_until(detroit("2026-10-07 10:00"))
        digests = [each for each in owner.titles() if each.startswith("Your digest for")]
        assert len(digests) == 1
        await choose(owner, values={WHEN: "2:00\u202fPM"})
        for number in range(5, 9):
            await on_record(story, words=f"Something is in the way, number {number}.")
        await story.wait_until(detroit("2026-10-08 13:59"))
        assert [each for each in owner.titles() if each.startswith("Your digest for")] == digests
        await story.wait_until(detroit("2026-10-08 14:01"))
        assert len([each for each in owner.titles() if each.startswith("Your digest for")]) == 2


# ------------------------------------------------------------------------------------------------------------ by e-mail


@IN_CHAT
async def test_who_has_no_chat_account_is_reached_by_e_mail(database: Database, platform: str) -> None:
    async with fake_mail() as fake, world(database, platform) as story:
        await imported(story, database, without_chat=(OWNER,))
        mails(story, fake)
        await on_record(story)
        [mail] = fake.to(MAIL[OWNER])
        assert mail.subject == "Challenge 1: a challenge for you"
        assert "No substitutes" in mail.text
        assert "I'll take it" in mail.text.split("There you can press: ")[1]
        assert "<button" not in mail.html

        coordinator = await story.person(COORDINATOR)
        assert "Ramon Ibarra-Keough could not" not in seen(coordinator)
        fake.answers["RCPT"] = "550 no such mailbox"
        await on_record(story, words="Another thing is in the way.")
        await story.wait_until(detroit("2026-10-07 12:00"))
        assert "Ramon Ibarra-Keough could not be reached" in seen(coordinator)
        assert "smtp_550" in str(await outcomes(story))
        await story.promises_hold()


async def outcomes(story: World) -> list[str]:
    async with story.made.database.queue(write=False) as connection:
        rows = await connection.execute(select(table(Delivery).c.outcome, table(Delivery).c.platform))
        return [f"{row.platform}: {row.outcome}" for row in rows]


@ON_ONE
async def test_that_somebody_cannot_be_reached_is_told_once_and_not_at_each_meeting(database: Database) -> None:
    async with world(database, "slack") as story:
        await imported(story, database, without_chat=("p-005",))
        lead = await story.person(COORDINATOR)
        await lead.command("/clearway routines")
        await lead.click("Start: District Implementation Team")
        await story.wait_until(detroit("2026-11-11 09:00"))  # two meetings, each with its call and its agenda
        of = table(Message)
        async with database.district(story.district_id, write=False) as connection:
            theirs = of.c.person_id == "p-005"
            lost = list(await connection.execute(select(of).where(theirs, of.c.reason == "no account")))
            told = list(await connection.execute(select(of).where(of.c.kind == MessageKind.UNDELIVERABLE)))
        assert len(lost) >= 4
        about = [(each.person_id, each.item_id) for each in told]
        assert about.count((COORDINATOR, "p-005")) == 1
        assert len(about) == len(set(about))  # so it is of those who are on another platform


@ON_ONE
async def test_nothing_restricted_or_told_in_confidence_leaves_the_chat(database: Database) -> None:
    words = "Colleagues are afraid to say that the rubric is wrong."
    async with fake_mail() as fake, world(database, "slack") as story:
        await imported(story, database, without_chat=(OWNER,))
        mails(story, fake)
        teacher = await story.person(TEACHER)
        await teacher.report(words, values=STAFFING | {"Your name": ["Show my name to the coordinator only"]})
        [mail] = fake.to(MAIL[OWNER])
        everything = mail.text + mail.html + str(mail.said)
        assert mail.subject == "Something for you to see in chat"
        assert words not in everything
        assert "Ellie" not in everything
        assert "Challenge 1" not in everything


@ON_ONE
async def test_a_mail_about_a_meeting_says_when_it_is_and_nothing_of_what_is_on_it_or_was_said(
    database: Database,
) -> None:
    async with fake_mail() as fake, world(database, "slack") as story:
        await imported(story, database, without_chat=(OWNER,))
        mails(story, fake)
        await on_record(story)
        coordinator, top = await people(story, COORDINATOR, "p-001")
        await coordinator.command("/clearway routines")
        await coordinator.click("Start: Executive Cabinet")
        fake.taken.clear()
        await story.wait_until(detroit("2026-10-12 09:30"))
        await looks_at(top, "Mon, Oct 12, 2026")
        await top.click("Go through the challenges")
        await looks_at(top, "Mon, Oct 12, 2026")
        await top.click("Add a note")
        await top.submit({"Your note": "Two floating substitutes, if the board agrees."})
        await looks_at(top, "Mon, Oct 12, 2026")
        await top.click("It took place")
        await top.submit()
        await story.wait_until(detroit("2026-10-13 10:00"))
        about = [each for each in fake.to(MAIL[OWNER]) if "Executive Cabinet" in each.subject + each.text]
        assert about
        for mail in about:
            assert "Two floating" not in mail.text + mail.html
            assert "Implementation challenges" not in mail.text


@ON_ONE
async def test_a_copy_of_the_digest_leaves_in_chat_what_must_not_leave_it(database: Database) -> None:
    """In chat their owner reads all of it; the mail has the words of one alone, and how many more there are."""
    async with fake_mail() as fake, world(database, "slack") as story:
        await imported(story, database)
        mails(story, fake)
        owner, teacher, coordinator = await people(story, OWNER, TEACHER, COORDINATOR)
        await choose(owner, values={COPY: [f"Yes, to {MAIL[OWNER]}"]})
        await on_record(story, words="Substitutes are not paid in time.")
        await on_record(story, words="A bus is late each morning.")
        in_confidence = {"Your name": ["Show my name to the coordinator only"]}
        await teacher.report("Colleagues fear the new rubric.", values=STAFFING | in_confidence)
        await coordinator.command("/challenges 2")
        await coordinator.click("Who can see it")
        await coordinator.submit(
            {"Challenge 2": ["Only the coordinator, the owner, those who raised it and those admitted"]}
        )
        await story.wait_until(detroit("2026-10-08 10:00"))
        read = next(each for each in reversed(owner.cards) if each.title.startswith("Your digest")).text
        for words in ("Substitutes are not paid", "A bus is late", "Colleagues fear"):
            assert words in read
        mail = fake.to(MAIL[OWNER])[-1]
        everything = mail.text + mail.html + str(mail.said)
        assert "Substitutes are not paid" in everything
        for words in ("A bus is late", "Colleagues fear", "Ellie"):
            assert words not in everything


class SlowMail:
    """A mail server that takes nothing before the chats have had theirs, and two mails are on their way."""

    def __init__(self, chat: asyncio.Event) -> None:
        self.chat, self.two = chat, asyncio.Event()
        self.at_once, self.most, self.sent = 0, 0, 0

    async def send(self, to: Address, card: Card, *, delivery_id: str) -> Place:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        if self.at_once == 2:
            self.two.set()
        await asyncio.wait_for(self.chat.wait(), timeout=10)
        await asyncio.wait_for(self.two.wait(), timeout=10)
        self.at_once, self.sent = self.at_once - 1, self.sent + 1
        return Place(to.platform, to.workspace_id, to.user_id, delivery_id)


@ON_ONE
async def test_a_mail_server_that_takes_its_time_keeps_nobody_in_chat_waiting(database: Database) -> None:
    async with world(database, "slack") as story:
        without = [f"p-0{n}" for n in range(12, 22)]  # more than are sent to at once
        file = yaml.safe_load(with_accounts(FILE.read_text("utf-8"), "slack", {}))
        for person in file["people"]:
            if person["id"] in without:
                person["email"] = f"{person['id']}@larkspur.example.org"
                person.pop("slack", None)
                person.pop("teams", None)
        await importer.import_district(database, SEAL, yaml.safe_dump(file, allow_unicode=True), now=story.clock.now())
        await story.settle()
        owner, chat = await story.person(OWNER), asyncio.Event()
        transports = story.made.dispatcher.transports
        slack, mail = transports[Platform.SLACK], SlowMail(chat)

        class Heard:
            async def send(self, to: Address, card: Card, *, delivery_id: str) -> Place:
                place = await slack.send(to, card, delivery_id=delivery_id)
                chat.set()
                return place

        transports[Platform.EMAIL], transports[Platform.SLACK] = mail, Heard()  # type: ignore[assignment]
        async with story.made.districts.open(story.district_id, Came(Door.TIMER), write=True) as store:
            event = store.record(None, Kind.IMPORTED, by=None, at=story.clock.now(), data={})
            for each in [*without, OWNER]:
                tell(store, [PersonId(each)], MessageKind.BREACH, event, story.clock.now(), lane=Lane.URGENT)
            await store.flush(story.clock.now())
        await story.settle()
        assert owner.last_card.title == "Clearway needs you"
        assert (mail.sent, mail.most) == (len(without), 2)


@ON_ONE
async def test_what_a_slow_platform_keeps_waiting_is_begun_while_its_lease_holds_and_counts_as_untried(
    database: Database,
) -> None:
    """The first send takes three minutes, a lease holds for five: those that waited so long begin with another claim."""
    async with world(database, "slack") as story:
        transports, left = story.made.dispatcher.transports, list[timedelta]()
        slack, of = transports[Platform.SLACK], table(Message)

        class Slow:
            async def send(self, to: Address, card: Card, *, delivery_id: str) -> Place:
                async with database.district(story.district_id, write=False) as connection:
                    until = await connection.scalar(select(of.c.leased_until).where(of.c.id == delivery_id))
                assert until is not None
                left.append(until - story.clock.now())
                if len(left) == 1:
                    story.clock.at += timedelta(minutes=3)
                return await slack.send(to, card, delivery_id=delivery_id)

        transports[Platform.SLACK] = Slow()  # type: ignore[assignment]
        readers = [PersonId(f"p-0{n}") for n in range(10, 22)]  # more than are on their way at once
        async with story.made.districts.open(story.district_id, Came(Door.TIMER), write=True) as store:
            event = store.record(None, Kind.IMPORTED, by=None, at=story.clock.now(), data={})
            tell(store, readers, MessageKind.BREACH, event, story.clock.now(), lane=Lane.URGENT)
            await store.flush(story.clock.now())
        await story.settle()

        assert len(left) == len(readers)
        assert left[8:] == [timedelta(minutes=5)] * 4
        async with database.district(story.district_id, write=False) as connection:
            rows = list(await connection.execute(select(of).where(of.c.event_id == event.id)))
        assert {(each.state, each.attempts, each.repeated) for each in rows} == {(MessageState.SENT, 1, False)}
        assert all(each.unknown_since is None for each in rows)


async def says_to(story: World, *readers: str) -> None:
    """Something urgent is put into the outbox for each of them."""
    async with story.made.districts.open(story.district_id, Came(Door.TIMER), write=True) as store:
        event = store.record(None, Kind.IMPORTED, by=None, at=story.clock.now(), data={})
        ids = [PersonId(each) for each in readers]
        tell(store, ids, MessageKind.BREACH, event, story.clock.now(), lane=Lane.URGENT)
        await store.flush(story.clock.now())


@ON_ONE
async def test_nobody_waits_for_what_a_slow_platform_keeps_and_each_reads_in_order(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "ROUND_S", 0.01)
    async with world(database, "slack") as story:
        sending = story.made.dispatcher
        slack, answers, came = sending.transports[Platform.SLACK], asyncio.Event(), list[str]()

        class Slow:
            """Takes nothing of one person for a while."""

            async def send(self, to: Address, card: Card, *, delivery_id: str) -> Place:
                if to.user_id == "U0LB010":
                    await answers.wait()
                came.append(to.user_id)
                return await slack.send(to, card, delivery_id=delivery_id)

        sending.transports[Platform.SLACK] = Slow()  # type: ignore[assignment]
        await says_to(story, "p-010")
        assert await sending.run_once() == 1
        await says_to(story, "p-010", "p-011")
        while "U0LB011" not in came:
            await sending.run_once()
        assert came == ["U0LB011"]
        answers.set()
        await sending.finish()
        assert came == ["U0LB011", "U0LB010", "U0LB010"]
        async with database.district(story.district_id, write=False) as connection:
            rows = list(await connection.execute(select(table(Message)).order_by(table(Message).c.created_at)))
        assert {(each.state, each.attempts, each.repeated) for each in rows} == {(MessageState.SENT, 1, False)}
        sending.transports[Platform.SLACK] = slack


@ON_ONE
async def test_a_district_whose_platform_hangs_is_given_no_more_until_it_has_room(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "ROUND_S", 0.05)
    async with world(database, "slack") as story:
        sending, begun = story.made.dispatcher, list[str]()
        answers, all_begun = asyncio.Event(), asyncio.Event()
        slack = sending.transports[Platform.SLACK]

        class Hangs:
            async def send(self, to: Address, card: Card, *, delivery_id: str) -> Place:
                begun.append(to.user_id)
                if len(begun) == 8:
                    all_begun.set()
                await answers.wait()
                return await slack.send(to, card, delivery_id=delivery_id)

        sending.transports[Platform.SLACK] = Hangs()  # type: ignore[assignment]
        await says_to(story, *(f"p-0{n}" for n in range(10, 20)))
        assert await sending.run_once() == 10
        await all_begun.wait()
        assert (len(begun), sending.full) == (8, {story.district_id})
        await says_to(story, "p-021", "p-022")
        assert await sending.run_once() == 0  # they wait where others can claim what is theirs
        answers.set()
        assert await story.made.loops.run_outbox() == 2
        assert (len(begun), sending.full) == (12, frozenset())
        sending.transports[Platform.SLACK] = slack


@ON_ONE
async def test_what_is_under_way_at_the_end_is_cut_off_and_looked_for(database: Database) -> None:
    async with world(database, "slack") as story:
        sending, begun = story.made.dispatcher, asyncio.Event()
        slack = sending.transports[Platform.SLACK]

        class Silent:
            async def send(self, *_: Any, **__: Any) -> Place:
                begun.set()
                return await asyncio.get_running_loop().create_future()

        sending.transports[Platform.SLACK] = Silent()  # type: ignore[assignment]
        async with story.made.districts.open(story.district_id, Came(Door.TIMER), write=True) as store:
            event = store.record(None, Kind.IMPORTED, by=None, at=story.clock.now(), data={})
            tell(store, [OWNER], MessageKind.BREACH, event, story.clock.now(), lane=Lane.URGENT)
            await store.flush(story.clock.now())
        asked = asyncio.create_task(sending.run_once())
        await begun.wait()
        await sending.finish(within_s=0.05)
        with pytest.raises(asyncio.CancelledError):
            await asked
        sending.transports[Platform.SLACK] = slack
        await story.wait_until(story.clock.at + timedelta(minutes=30))
        async with database.district(story.district_id, write=False) as connection:
            [row] = await connection.execute(select(table(Message)))
        assert (row.state, row.attempts, row.repeated) == (MessageState.SENT, 2, False)
        assert row.unknown_since is not None


@ON_ONE
async def test_a_copy_of_the_digest_comes_until_it_is_turned_off(database: Database) -> None:
    async with fake_mail() as fake, world(database, "slack") as story:
        await imported(story, database)
        mails(story, fake)
        owner = await story.person(OWNER)
        await choose(owner, values={COPY: [f"Yes, to {MAIL[OWNER]}"]})
        for number in range(5):
            await on_record(story, words=f"Something <b>odd</b> is in the way, number {number}.")
        assert not fake.taken  # only the digest is copied
        await story.wait_until(detroit("2026-10-07 10:00"))
        [mail] = fake.to(MAIL[OWNER])
        assert mail.subject.startswith("Your digest for Wed, Oct 7")
        assert "<b>odd</b>" in mail.text
        assert "&lt;b&gt;odd" in mail.html
        assert "/clearway settings" in mail.text
        await story.wait_until(detroit("2026-10-08 10:00"))
        assert len(fake.taken) == 2

        await choose(owner, values={COPY: []})
        await story.wait_until(detroit("2026-10-14 10:00"))
        assert len(fake.taken) == 2
        fake.answers["END"] = "cut"
        await choose(owner, values={COPY: [f"Yes, to {MAIL[OWNER]}"]})
        await story.wait_until(detroit("2026-10-16 16:00"))
        ids = [each.said["Message-ID"] for each in fake.taken[2:]]
        assert ids  # nobody knows whether it came: it is repeated once, under the same id, and nobody is told of a copy
        assert all(ids.count(each) <= 2 for each in ids)
        assert "Ramon Ibarra-Keough could not" not in seen(await story.person(COORDINATOR))
        await story.promises_hold()


# ---------------------------------------------------------------------------------------------------------- put off


@EVERYWHERE
async def test_a_reminder_is_put_off_and_the_climb_goes_on(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await on_record(story)
        owner = await story.person(OWNER)
        await story.wait_until(detroit("2026-10-08 10:00"))
        assert "is it yours?" in owner.last_card.title
        await owner.click("Remind me later")
        assert "as if you had been reminded" in str(owner.form)
        await owner.submit({"Why? It stands in the history.": "The board sits first.", UNTIL: "2026-11-30"})
        assert "at the latest" in str(owner.form.errors)
        latest = (await story.case()).challenge.decide_by
        assert latest is not None
        await owner.submit({UNTIL: latest.isoformat()})
        case = await story.case()
        assert case.challenge.put_off == {OWNER: latest.isoformat()}
        assert case.challenge.owner_acted_at is None  # it is no act: nobody's clock begins anew
        cards = len(owner.cards)
        await story.wait_until(detroit(f"{latest} 07:44"))
        assert len(owner.cards) == cards
        before = [each.kind for each in await story.history()].count(Kind.PROMPTED)
        assert before >= 2  # the follow-up goes on, and counts
        if platform != "slack":
            return
        await story.wait_until(detroit("2026-11-20 17:00"))
        assert (await story.case()).challenge.rung is Rung.SUPERINTENDENT
        assert "put off their own reminders" in await told(owner)
        await story.promises_hold()


@ON_ONE
async def test_what_is_put_off_comes_again_on_that_day(database: Database) -> None:
    """Nothing else falls due on it: the reminder is there because its reader was told that it would be."""
    async with world(database, "slack") as story:
        await on_record(story)
        owner = await story.person(OWNER)
        await owner.click("I understand it")
        await owner.submit({SCOPE: "Two schools."})
        await story.wait_until(detroit("2026-10-13 10:00"))  # asked how it stands; and not again for a week
        assert "Remind me later" in owner.last_card.buttons
        await owner.click("Remind me later")
        await owner.submit({"Why? It stands in the history.": "The board sits tonight.", UNTIL: "2026-10-14"})
        assert (await story.case()).challenge.put_off == {OWNER: "2026-10-14"}
        cards = len(owner.cards)
        await story.wait_until(detroit("2026-10-14 07:44"))
        assert len(owner.cards) == cards
        await story.wait_until(detroit("2026-10-14 08:00"))
        assert len(owner.cards) == cards + 1
        assert "Remind me later" in owner.last_card.buttons


UNTIL = "When shall I remind you again?"


async def told(person: Actor) -> str:
    await person.command("/challenges 1")
    return str(person.answer)


@ON_ONE
async def test_what_is_urgent_cannot_be_put_off(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher, owner = await people(story, TEACHER, OWNER)
        await teacher.report("No bus for the field trip tomorrow.", values=STAFFING | {"Urgency": "High"})
        await story.wait_until(detroit("2026-10-08 10:00"))
        assert all("Remind me later" not in each.buttons for each in owner.cards)


# ---------------------------------------------------------------------------------------------------------- foretold


async def foretold(story: World, person_id: str, within_s: float = 60.0) -> Foretold:
    opened = story.made.districts.open(story.district_id, Came(Door.COMMAND), write=True)
    async with opened as store:
        person = store.directory.people[PersonId(person_id)]
        return await foretelling.foretell(store, person, story.clock.now(), run=registry.run_timer, within_s=within_s)


@pytest.mark.parametrize("person_id", [TEACHER, OWNER, COORDINATOR])
@ON_ONE
async def test_what_is_foretold_is_what_is_sent(database: Database, person_id: str) -> None:
    async with world(database, "slack") as story:
        lead = await story.person(COORDINATOR)
        await lead.command("/clearway routines")
        await lead.click("Start: District Implementation Team")
        for number in range(4):
            await on_record(story, words=f"Something is in the way, number {number}.")
        owner = await story.person(OWNER)
        await owner.command("/challenges 2")
        await owner.click("I'll take it")
        await owner.command("/challenges 3")
        await owner.click("I understand it")
        await owner.submit({SCOPE: "One school."})
        await owner.command("/challenges 3")
        await owner.click("Resolved")
        await owner.submit({"What was done?": "A substitute is hired."})

        found = await foretold(story, person_id)
        assert found.coming
        start = story.clock.now()
        await story.promises_hold()  # and nothing of it has stayed
        again = await foretold(story, person_id)
        assert sorted(map(str, again.coming)) == sorted(map(str, found.coming))  # of one instant in any order
        in_no_time = await foretold(
            story, person_id, within_s=0.0
        )  # whoever wants to write does not wait for all of it
        assert in_no_time.until <= found.until

        await story.wait_until(found.until - timedelta(seconds=1))
        foreseen: dict[str, set[int]] = {}
        for each in found.coming:
            said = re.findall(r"Challenge (\d+)", " ".join(each.lines))
            foreseen.setdefault(f"{each.at:%m-%d %H:%M}", set()).update(map(int, said))
        came: dict[str, set[int]] = {}
        for row in await sent(story, person_id, start):
            came.setdefault(f"{row.ended_at:%m-%d %H:%M}", set()).update(await numbers(story, [row]))
        assert came == foreseen


async def numbers(story: World, rows: list[Any]) -> list[int]:
    async with story.made.districts.open(story.district_id, Came(Door.OPERATOR)) as store:
        cases = [await store.case(each.challenge_id) for each in rows if each.challenge_id]
        return [each.number for each in cases if each]


@EVERYWHERE
async def test_somebody_asks_what_comes_next(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher, owner = await people(story, TEACHER, OWNER)
        await teacher.command("/clearway next")
        assert "Nothing until" in seen(teacher)
        await on_record(story)
        await owner.open_home()
        await owner.click("What will you send me next?")
        said = seen(owner)
        assert "Thu, Oct 8, 7:45" in said
        assert "Challenge 1: is it yours?" in said
        await owner.command("/clearway next")
        await story.wait_until(detroit("2026-10-08 07:46"))
        assert owner.last_card.title == "Challenge 1: is it yours?"


@ON_ONE
async def test_people_see_what_they_have_promised_and_not_what_everybody_owes(database: Database) -> None:
    async with world(database, "slack") as story:
        for number in range(2):
            await on_record(story, words=f"Something is in the way, number {number}.")
        owner, member = await people(story, OWNER, "p-005")
        await owner.command("/challenges 1")
        await owner.click("I understand it")
        await owner.submit({SCOPE: "One school."})
        await owner.command("/challenges 1")
        await owner.click("Plan steps")
        step = {"Step 1: what will be done?": "Free the calendar.", "Step 1: by when?": "2026-10-20"}
        await owner.submit(step | {"Step 1: by whom?": "Leticia Wainscott"})
        await member.open_home()
        assert "1: Free the calendar. – by Tue, Oct 20, 2026" in str(member.home)
        await story.wait_until(detroit("2026-10-19 08:00"))
        assert "Challenge 1: a step for you" in seen(member)
        assert "number 1" not in seen(member)
