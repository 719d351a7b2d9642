"""Somebody writes from a second platform: one person, asked once, and nothing that they wrote is lost."""

from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select

from bot.newcomers import Newcomers
from bot.profiles import Profile
from handlers.cards.model import Button, Buttons, Card
from handlers.district import importer
from handlers.request import Identity, Inbound, Reply, Source
from storage import models, registrations
from storage.database import Database
from storage.models import table
from storage.store import Came
from storage.vocabulary import Door, Kind, PersonId, Platform
from tests.lives.life import JUNIPER, elsewhere
from tests.world import FILE, SEAL, World, detroit, world

TENANT = "00000000-0000-4000-8000-0000000000aa"
ADDRESS = "nadine.okafor-stahl@larkspur.example"
KNOWN = "p-013"  # on Slack alone, as the district's file has it
WORDS = "Nobody can score the screener at our school."


@dataclass
class Directory:
    """What the platforms say of people."""

    profiles: dict[str, Profile] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)

    async def look_up(self, identity: Identity) -> Profile | None:
        return self.profiles.get(identity.user_id)

    async def find(self, workspace_id: str, email: str) -> str | None:
        return self.addresses.get(email)


def newcomer(story: World, *, email: str = ADDRESS) -> Identity:
    """Somebody on Teams, whom the file does not name; Slack knows one of its people by that address."""
    teams = Directory({"29:new": Profile("Nadine Okafor-Stahl", email=email, directory_id="aad-13")})
    slack = Directory(addresses={ADDRESS: "U0LB013"})
    story.made.gateway.profiles |= {Platform.TEAMS: teams, Platform.SLACK: slack}
    return Identity(Platform.TEAMS, TENANT, "29:new", directory_id="aad-13")


async def writes(story: World, who: Identity, text: str = WORDS, message: str = "m1") -> Reply:
    source = Source("a:chat", message, direct=True)
    key = f"message:{message}"
    reply = await story.made.gateway.handle(
        Inbound(who, "message.direct", Door.DIRECT_MESSAGE, key=key, text=text, source=source)
    )
    await story.settle()
    return reply


async def presses(story: World, who: Identity, card: Card | None, label: str) -> Reply:
    assert card is not None
    buttons: list[Button] = [each for part in card.body if isinstance(part, Buttons) for each in part.items]
    press = next(each.press for each in buttons if each.label == label)
    reply = await story.made.gateway.handle(Inbound(who, press.action, Door.BUTTON, item=press.item))
    await story.settle()
    return reply


async def accounts(story: World, person_id: str) -> set[tuple[Any, ...]]:
    of = table(models.Account)
    async with story.made.database.queue(write=False) as connection:
        rows = await connection.execute(select(of.c.platform, of.c.user_id).where(of.c.person_id == person_id))
        return {tuple(row) for row in rows}


async def joined(story: World) -> list[str]:
    return [each.name for each in (await story.directory()).people.values() if each.id.startswith("j-")]


async def test_somebody_known_from_another_platform_is_asked_once_and_their_words_are_kept(database: Database) -> None:
    async with world(database, "slack") as story:
        who = newcomer(story)
        asked = await writes(story, who)
        assert asked.card is not None
        assert asked.card.title == "Are you Nadine Okafor-Stahl?"
        assert await story.count() == 0
        assert (await writes(story, who)).card is None  # delivered again: asked already

        await presses(story, who, asked.card, "Yes, that is me")
        assert await joined(story) == []
        assert await accounts(story, KNOWN) == {("slack", "U0LB013"), ("teams", "29:new")}
        case = await story.case()
        assert case.title == WORDS
        assert [each.person_id for each in case.reporters] == [KNOWN]

        await writes(story, who, "And the rosters do not load.", "m2")
        assert await story.count() == 2
        again = await presses(story, who, asked.card, "Yes, that is me")
        assert again.card is not None
        assert again.card.title == "That is settled already"
        assert await story.count() == 2
        await story.promises_hold()


async def test_what_they_wrote_is_kept_until_it_is_on_record(database: Database) -> None:
    async with world(database, "slack") as story:
        who = newcomer(story)
        asked = await writes(story, who)
        # The answer is taken, and the server goes down before it gets to what they wrote.
        door = Newcomers(story.made.districts, story.clock, story.made.gateway.profiles)
        await door.answer(Inbound(who, "account.mine", Door.BUTTON, item=await draft(story)))
        assert await story.count() == 0

        await presses(story, who, asked.card, "Yes, that is me")
        assert (await story.case()).title == WORDS
        settled = await presses(story, who, asked.card, "Yes, that is me")
        assert settled.card is not None
        assert settled.card.title == "That is settled already"
        assert await story.count() == 1


async def draft(story: World) -> str:
    of = table(models.Draft)
    async with story.made.database.queue(write=False) as connection:
        return str(await connection.scalar(select(of.c.id)))


async def test_the_answer_may_come_by_another_door_than_the_words(database: Database) -> None:
    """A command of Slack does not say where its author belongs; a press does."""
    async with world(database, "slack") as story:
        who = newcomer(story)
        asked = await writes(story, who)
        await presses(story, replace(who, home_workspace_id=TENANT), asked.card, "Yes, that is me")
        assert (await story.case()).title == WORDS


async def test_who_says_no_is_somebody_of_their_own(database: Database) -> None:
    async with world(database, "slack") as story:
        who = newcomer(story)
        asked = await writes(story, who)
        await presses(story, who, asked.card, "No, that is somebody else")
        assert await joined(story) == ["Nadine Okafor-Stahl"]
        assert await accounts(story, KNOWN) == {("slack", "U0LB013")}
        assert (await story.case()).title == WORDS


async def test_nobody_is_asked_for_their_name_alone(database: Database) -> None:
    async with world(database, "slack") as story:
        who = newcomer(story, email="somebody.else@larkspur.example")
        await writes(story, who)
        assert await joined(story) == ["Nadine Okafor-Stahl"]
        assert (await story.case()).title == WORDS


async def test_only_who_was_asked_can_answer(database: Database) -> None:
    async with world(database, "slack") as story:
        who = newcomer(story)
        asked = await writes(story, who)
        other = Identity(Platform.TEAMS, TENANT, "29:other")
        refused = await presses(story, other, asked.card, "Yes, that is me")
        assert refused.card is not None
        assert refused.card.title == "That is settled already"
        assert await accounts(story, KNOWN) == {("slack", "U0LB013")}
        assert await story.count() == 0


async def test_who_we_knew_hears_of_it_there_and_can_take_it_back(database: Database) -> None:
    async with world(database, "slack") as story:
        known = await story.person(KNOWN)
        who = newcomer(story)
        asked = await writes(story, who)
        await presses(story, who, asked.card, "Yes, that is me")
        await story.wait_until(detroit("2026-10-07 09:00"))
        assert "One more account is yours" in str([each.title for each in known.cards])
        await known.click("That was not me")
        assert await accounts(story, KNOWN) == {("slack", "U0LB013")}
        async with story.made.database.district(story.district_id, write=False) as connection:
            of = table(models.Event)
            kinds = set(await connection.scalars(select(of.c.kind)))
        assert Kind.ACCOUNT_UNLINKED in kinds


async def test_words_that_wait_for_that_answer_lapse_with_a_word_to_who_we_know(database: Database) -> None:
    async with world(database, "slack") as story:
        known = await story.person(KNOWN)
        await writes(story, newcomer(story))
        await story.wait_until(detroit("2026-10-08 12:00"))
        assert await story.count() == 0
        assert "another account with your address" in str(known.cards[-1])


async def test_the_platform_says_that_an_account_is_gone_and_the_other_is_used(database: Database) -> None:
    async with world(database, "slack") as story:
        who = newcomer(story)
        asked = await writes(story, who)
        await presses(story, who, asked.card, "Yes, that is me")
        gone = Inbound(who, "account.gone", Door.OPERATOR, key="event:1")
        await story.made.gateway.handle(gone)
        async with story.made.database.queue(write=False) as connection:
            of = table(models.Account)
            rows = await connection.execute(
                select(of.c.platform, of.c.unreachable_since).where(of.c.person_id == PersonId(KNOWN))
            )
            lost = {row.platform: row.unreachable_since is not None for row in rows}
        assert lost == {Platform.SLACK: False, Platform.TEAMS: True}


async def test_the_districts_file_taken_in_anew_leaves_what_people_have_settled(database: Database) -> None:
    async with world(database, "slack") as story:
        who = newcomer(story)
        asked = await writes(story, who)
        await presses(story, who, asked.card, "Yes, that is me")
        form = await story.made.gateway.handle(Inbound(who, "home.ask", Door.COMMAND, text="settings"))
        assert form.form is not None
        await story.made.gateway.handle(
            Inbound(who, form.form.press.action, Door.COMMAND, key="form:1", fields={"platform": "teams"})
        )
        again = await importer.import_district(database, SEAL, FILE.read_text(encoding="utf-8"), now=story.clock.now())
        assert not again.changed
        assert await accounts(story, KNOWN) == {("slack", "U0LB013"), ("teams", "29:new")}
        async with story.made.database.queue(write=False) as connection:
            theirs = await registrations.accounts_of(connection, story.district_id, PersonId(KNOWN))
        assert [each.platform for each in theirs] == [Platform.TEAMS, Platform.SLACK]


async def shared(story: World) -> None:
    """A second district is taken in that admits people of the same tenant."""
    text = elsewhere(FILE.read_text(encoding="utf-8")).replace("0000000000bb", "0000000000aa")
    await importer.import_district(story.made.database, SEAL, text, now=story.clock.now())


async def test_where_several_districts_share_a_tenant_a_newcomer_is_asked_which_is_theirs(database: Database) -> None:
    async with world(database, "slack") as story:
        await shared(story)
        who = newcomer(story, email="somebody.else@larkspur.example")
        asked = await writes(story, who)
        assert asked.card is not None
        assert asked.card.title == "Which district is this about?"
        assert await joined(story) == []
        await presses(story, who, asked.card, "Juniper Falls Public Schools")
        await writes(story, who, message="m2")
        async with story.made.districts.open(JUNIPER, Came(Door.OPERATOR)) as store:
            there = await store.case_numbered(1)
        assert there is not None
        assert there.title == WORDS
        assert await joined(story) == []
        await writes(story, who, "And the rosters do not load.", "m3")  # they belong to one: nothing is asked again
        assert await story.count() == 0
        await story.promises_hold()


async def test_who_is_asked_twice_is_known_where_they_said(database: Database) -> None:
    """First which district, then whether they are the one whom that district knows."""
    async with world(database, "slack") as story:
        await shared(story)
        who = newcomer(story)
        which = await writes(story, who)
        await presses(story, who, which.card, "Larkspur Bend Community Schools")
        asked = await writes(story, who, message="m2")
        assert asked.card is not None
        assert asked.card.title == "Are you Nadine Okafor-Stahl?"
        await presses(story, who, asked.card, "Yes, that is me")
        assert [each.person_id for each in (await story.case()).reporters] == [KNOWN]
        await story.promises_hold()


async def test_a_guest_is_not_asked_which_district_is_theirs(database: Database) -> None:
    async with world(database, "slack") as story:
        await shared(story)
        who = newcomer(story)
        story.made.gateway.profiles[Platform.TEAMS].profiles["29:new"] = Profile("A guest", guest=True)  # type: ignore[attr-defined]
        refused = await writes(story, who)
        assert refused.card is not None
        assert refused.card.title == "This is for district staff"


async def test_all_that_they_write_before_they_answer_is_taken_in(database: Database) -> None:
    """Asked once: whichever of the cards they answer, nothing of it is lost, and nothing lapses afterwards."""
    async with world(database, "slack") as story:
        who = newcomer(story)
        first = await writes(story, who)
        second = await writes(story, who, "And the rosters do not load.", "m2")
        assert second.card == first.card
        await presses(story, who, first.card, "Yes, that is me")
        assert [(await story.case(n)).title for n in (1, 2)] == [WORDS, "And the rosters do not load."]
        settled = await presses(story, who, second.card, "No, that is somebody else")
        assert settled.card is not None
        assert settled.card.title == "That is settled already"
        assert await joined(story) == []
        known = await story.person(KNOWN)
        await story.wait_until(detroit("2026-10-08 12:00"))
        assert not [each for each in known.cards if each.title == "Nothing was recorded"]
        await story.promises_hold()


async def test_who_only_asks_leaves_nothing_behind(database: Database) -> None:
    async with world(database, "slack") as story:
        who, known = newcomer(story), await story.person(KNOWN)
        for n, text in enumerate(("mine", "open", "overdue")):
            asked = await story.made.gateway.handle(Inbound(who, "log.ask", Door.COMMAND, key=f"c{n}", text=text))
            assert asked.card is not None
            assert asked.card.title == "Are you Nadine Okafor-Stahl?"
        found = await story.made.gateway.handle(Inbound(who, "log.find", Door.COMMAND, text="rosters"))
        assert found.card is not None
        assert found.card.title == "Clearway does not know you yet"
        await story.wait_until(detroit("2026-10-08 12:00"))
        assert not [each for each in known.cards if each.title == "Nothing was recorded"]
