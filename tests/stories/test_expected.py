"""What every story checks at its end: nobody got a message who is nothing to its challenge, and none came twice."""

import pytest
from sqlalchemy import delete

from storage.database import Database
from storage.models import Delivery, Message, PostedCard, table
from storage.store import Came
from storage.vocabulary import Door, Lane, MessageKind, PersonId
from tests.conformance.steps import on_record
from tests.stories.platforms import IN_CHAT
from tests.world import World, world


async def strays(story: World, person_id: str, kind: MessageKind) -> str:
    """Somebody is told of challenge 1 for no reason; what the check says of it, after which it is gone again."""
    case = await story.case()
    async with story.made.districts.open(story.district_id, Came(Door.TIMER), write=True) as store:
        [event, *_] = await store.history(case.id)
        now = story.clock.now()
        stray = Message(
            district_id=story.district_id, once="stray", kind=kind, lane=Lane.SINGLE, person_id=PersonId(person_id),
            challenge_id=case.id, event_id=event.id, created_at=now, send_at=now,
        )  # fmt: skip
        store.add(stray)
        await store.flush(now)
    await story.settle()
    with pytest.raises(AssertionError) as found:
        await story.nothing_else_came()
    async with story.made.database.queue() as connection:
        await connection.execute(delete(table(PostedCard)).where(table(PostedCard).c.message_id == stray.id))
        await connection.execute(delete(table(Delivery)).where(table(Delivery).c.message_id == stray.id))
        await connection.execute(delete(table(Message)).where(table(Message).c.id == stray.id))
    return str(found.value)


@IN_CHAT
async def test_a_message_to_somebody_who_is_nothing_to_it_is_found(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await on_record(story)
        assert "update of challenge 1 went to p-006" in await strays(story, "p-006", MessageKind.UPDATE)
        story.cut = True  # it stands there, and is none of ours any more
