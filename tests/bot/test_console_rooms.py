"""The rooms keep what was said, show each person theirs, and take the outbox's cards."""

import asyncio
from datetime import timedelta

import pytest

from bot.console.rooms import Rooms, direct
from bot.console.transport import ConsoleTransport
from bot.transport import Address, Place, Transport, UndeliverableError
from handlers.cards.model import Card
from storage.database import Database
from storage.vocabulary import PersonId, Platform
from tests import builders
from tests.bot.console_stand import EVERY_ELEMENT, NOW, StillClock

TESS, IVY, MAX = PersonId("teacher"), PersonId("principal"), PersonId("coach")
HELLO = Card("Hello", summary="Hello to you.")


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
async def rooms(database: Database, clock: StillClock) -> Rooms:
    async with database.district(builders.DISTRICT) as connection:
        await builders.save_district(connection, builders.district())
    return Rooms(database, builders.DISTRICT, clock)


@pytest.fixture
def transport(rooms: Rooms) -> Transport:
    return ConsoleTransport(rooms)


def address(person_id: str, workspace_id: str = builders.DISTRICT) -> Address:
    return Address(Platform.CONSOLE, workspace_id, person_id)


async def test_the_same_post_twice_is_one(rooms: Rooms) -> None:
    for _ in range(2):
        await rooms.say("#dit", TESS, "Hello", post_id="p1", at=NOW)
    assert [each.text for each in await rooms.seen_by(IVY, "#dit")] == ["Hello"]


async def test_posts_stand_in_the_order_in_which_they_were_said(rooms: Rooms, clock: StillClock) -> None:
    clock.at = NOW + timedelta(seconds=1)
    await rooms.tell(direct(TESS), HELLO, delivery_id="d1")  # the receipt was quicker than the room
    await rooms.say(direct(TESS), TESS, "Hello", post_id="p1", at=NOW)
    assert [each.text for each in await rooms.seen_by(TESS, direct(TESS))] == ["Hello", "Hello to you."]


async def test_only_the_last_posts_are_read(rooms: Rooms) -> None:
    for n in range(5):
        await rooms.say("#dit", TESS, str(n), post_id=f"p{n}", at=NOW)
    assert [each.text for each in await rooms.seen_by(IVY, "#dit", most=2)] == ["3", "4"]
    assert [each.text for each in await rooms.seen_by(IVY, "#dit", since=4)] == ["4"]


async def test_a_card_comes_back_as_it_was_told(rooms: Rooms) -> None:
    await rooms.tell(direct(TESS), EVERY_ELEMENT, delivery_id="d1")
    (post,) = await rooms.seen_by(TESS, direct(TESS))
    assert post.card == EVERY_ELEMENT
    assert post.author_id is None


async def test_a_private_answer_is_seen_by_its_reader_only_and_can_be_put_away(rooms: Rooms) -> None:
    await rooms.answer("#dit", TESS, HELLO, post_id="a1")
    assert not await rooms.seen_by(IVY, "#dit")
    await rooms.put_away(IVY, "a1")
    assert await rooms.seen_by(TESS, "#dit")
    await rooms.put_away(TESS, "a1")
    assert not await rooms.seen_by(TESS, "#dit")


async def test_the_same_answer_again_takes_the_place_of_the_former(rooms: Rooms) -> None:
    await rooms.answer("#dit", TESS, Card("First"), post_id="a1")
    await rooms.say("#dit", IVY, "In between", post_id="p1", at=NOW)
    await rooms.answer("#dit", TESS, Card("Second"), post_id="a1")
    assert [each.text for each in await rooms.seen_by(TESS, "#dit")] == ["In between", "Second"]


async def test_unread_posts_are_counted_until_they_are_read(rooms: Rooms) -> None:
    await rooms.tell(direct(TESS), HELLO, delivery_id="d1")
    await rooms.say("#dit", IVY, "One", post_id="p1", at=NOW)
    await rooms.say("#dit", TESS, "Two", post_id="p2", at=NOW)
    assert await rooms.unread(TESS) == {direct(TESS): 1, "#dit": 1}
    assert await rooms.waiting() == {TESS: 1}
    rooms.read(TESS, "#dit", 3)
    rooms.read(TESS, direct(TESS), 1)
    assert not any((await rooms.unread(TESS)).values())
    rooms.forget()
    assert any((await rooms.unread(TESS)).values())


async def test_another_district_has_rooms_of_its_own(rooms: Rooms, database: Database, clock: StillClock) -> None:
    other = builders.district(district_id="oak-hollow")
    async with database.district(other.district_id) as connection:
        await builders.save_district(connection, other)
    elsewhere = Rooms(database, other.district_id, clock)
    await rooms.say("#dit", TESS, "Ours", post_id="p1", at=NOW)
    await elsewhere.say("#dit", TESS, "Theirs", post_id="p1", at=NOW)
    assert [each.text for each in await elsewhere.seen_by(TESS, "#dit")] == ["Theirs"]
    assert [each.text for each in await rooms.seen_by(TESS, "#dit")] == ["Ours"]


async def test_the_bell_rings_at_each_change(rooms: Rooms) -> None:
    async with rooms.bell.listening() as heard:
        assert not heard.is_set()
        await rooms.say("#dit", TESS, "Hello", post_id="p1", at=NOW)
        async with asyncio.timeout(1):
            await heard.wait()


# -- the outbox's way out ----------------------------------------------------------------------------------------------


async def test_a_delivery_is_sent_found_and_edited_in_place(
    rooms: Rooms, transport: Transport, clock: StillClock
) -> None:
    place = await transport.send(address("teacher"), HELLO, delivery_id="d1")
    assert place == Place(Platform.CONSOLE, builders.DISTRICT, "@teacher", place.post_id)
    assert await transport.find(address("teacher"), delivery_id="d1") == place
    clock.at = NOW + timedelta(hours=1)
    await transport.edit(place, Card("Changed"))
    (post,) = await rooms.seen_by(TESS, "@teacher")
    assert (post.text, post.at, post.edited_at) == ("Changed", NOW, NOW + timedelta(hours=1))


async def test_what_was_never_delivered_is_not_found(transport: Transport) -> None:
    await transport.send(address("principal"), HELLO, delivery_id="d1")
    assert await transport.find(address("teacher"), delivery_id="d1") is None
    assert await transport.find(address("principal"), delivery_id="d2") is None


async def test_a_card_that_is_gone_cannot_be_edited(transport: Transport) -> None:
    place = await transport.send(address("teacher"), HELLO, delivery_id="d1")
    with pytest.raises(UndeliverableError):
        await transport.edit(Place(place.platform, place.workspace_id, "@principal", place.post_id), HELLO)


async def test_nothing_is_delivered_to_another_district(transport: Transport) -> None:
    with pytest.raises(UndeliverableError):
        await transport.send(address("teacher", "oak-hollow"), HELLO, delivery_id="d1")
