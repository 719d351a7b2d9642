"""What a careful reader found on Teams, and would have found again."""

from datetime import timedelta

from sqlalchemy import insert

from bot.transport import Address, Place, TryLaterError
from handlers.cards.model import Card
from handlers.request import Identity, Inbound
from storage import models
from storage.database import Database
from storage.models import table
from storage.vocabulary import Door, PersonId, Platform
from tests.world import World, world

WORDS = "No substitutes for training days at our school."
STAFFING = {"Type": "Staffing", "Where may the power to remove it sit?": "In the district"}


async def home_in_the_tab(story: World, person_id: str) -> Card:
    """What the tab shows to whoever has it open: it knows them by their id in the directory alone."""
    account = (await story.person(person_id)).driver.account
    tenant = (await story.person(person_id)).driver.tenant.id
    who = Identity(Platform.TEAMS, tenant, "", directory_id=account.directory_id)
    reply = await story.made.gateway.handle(Inbound(who, "home.show", Door.HOME))
    assert reply.card is not None
    return reply.card


async def test_the_tab_shows_each_person_their_own_home(database: Database) -> None:
    async with world(database, "teams") as story:
        teacher, coordinator = await story.person("p-028"), await story.person("p-010")
        for each in (teacher, coordinator):
            await each.dm("help")
        assert "To be sorted" in str(await home_in_the_tab(story, "p-010"))
        assert "To be sorted" not in str(await home_in_the_tab(story, "p-028"))
        assert "To be sorted" in str(await home_in_the_tab(story, "p-010"))


class LockedOut:
    """A platform that takes nothing until somebody mends our token."""

    async def send(self, to: Address, card: Card, *, delivery_id: str) -> Place:
        raise TryLaterError("invalid_auth", 3600.0)

    async def edit(self, place: Place, card: Card) -> None:
        raise TryLaterError("invalid_auth", 3600.0)

    async def find(self, to: Address, *, delivery_id: str) -> Place | None:
        return None


class Taken(LockedOut):
    """A platform that takes everything."""

    def __init__(self) -> None:
        self.cards: list[str] = []

    async def send(self, to: Address, card: Card, *, delivery_id: str) -> Place:
        self.cards.append(card.title)
        return Place(Platform.TEAMS, to.workspace_id, "a:chat", delivery_id)

    async def edit(self, place: Place, card: Card) -> None:
        return None


async def test_who_is_on_both_hears_on_the_other_while_one_takes_nothing(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        other = Taken()
        story.made.dispatcher.transports |= {Platform.SLACK: LockedOut(), Platform.TEAMS: other}
        async with database.queue() as connection:
            row = {
                "district_id": story.district_id,
                "platform": Platform.TEAMS,
                "workspace_id": "tenant",
                "linked": True,
            }
            more = {"user_id": "29:ramon", "person_id": PersonId("p-004"), "preferred": False}
            await connection.execute(insert(table(models.Account)), row | more)
        await teacher.report(WORDS, values=STAFFING)
        await story.wait_until(story.clock.at + timedelta(minutes=1))
        assert "Challenge 1: a challenge for you" in other.cards
