"""What stands in the rooms of the console: the channels, and each person's direct chat with Clearway.

For Slack and Teams this is the platform's side; here it is ours. A change rings the bell, and open pages look again.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from handlers.cards.model import Card, card_from_json, to_json
from scheduling.clock import Clock
from storage import models
from storage.database import Database
from storage.models import table
from storage.vocabulary import DistrictId, PersonId, new_id

posts: Final = table(models.ConsolePost)


def direct(person_id: str) -> str:
    """The room of the direct chat between a person and Clearway."""
    return f"@{person_id}"


@dataclass(frozen=True, slots=True)
class Post:
    """One message in a room: somebody's words, or a card of Clearway's."""

    id: str
    position: int
    room: str
    at: datetime
    text: str = ""
    card: Card | None = None
    author_id: PersonId | None = None
    """None: Clearway."""
    thread_id: str | None = None
    only_for_id: PersonId | None = None
    """A private answer: nobody else sees it, and its reader can put it away."""
    edited_at: datetime | None = None


class Bell:
    """Rings when something in the rooms has changed. Listeners hear that it rang, and look for themselves what changed."""

    def __init__(self) -> None:
        self._listening: set[asyncio.Event] = set()

    def ring(self) -> None:
        for heard in self._listening:
            heard.set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[asyncio.Event]:
        heard = asyncio.Event()
        self._listening.add(heard)
        try:
            yield heard
        finally:
            self._listening.discard(heard)


class Rooms:
    """The rooms of one district."""

    def __init__(self, database: Database, district_id: DistrictId, clock: Clock) -> None:
        self.bell = Bell()
        self.district_id = district_id
        self._database = database
        self._clock = clock
        self._insert = sqlite_insert if database.is_sqlite else postgres_insert
        self._read: dict[tuple[PersonId, str], int] = defaultdict(int)
        """How far each person has read each room. It is kept in memory only: after a restart everything is new again."""

    # -- writing -----------------------------------------------------------------------------------------------------

    async def say(
        self, room: str, author_id: PersonId, text: str, *, post_id: str, at: datetime, thread_id: str | None = None
    ) -> None:
        """Somebody's own words, said `at` that instant. The same `post_id` twice is one post."""
        await self._put(post_id, room=room, at=at, author_id=author_id, text=text, thread_id=thread_id)

    async def tell(self, room: str, card: Card, *, delivery_id: str) -> str:
        """A card of the outbox; returns the id of its post."""
        post_id = new_id()
        await self._put(post_id, room=room, delivery_id=delivery_id, **_written(card))
        return post_id

    async def answer(
        self, room: str, person_id: PersonId, card: Card, *, post_id: str, thread_id: str | None = None
    ) -> None:
        """A private answer to somebody's own act. The same one again takes the place of the former, at the end."""
        await self._put(
            post_id, again=True, room=room, only_for_id=person_id, thread_id=thread_id, **_written(card)
        )  # fmt: skip

    async def edit(self, room: str, post_id: str, card: Card) -> bool:
        """Replaces a card where it stands; False when it is no longer there."""
        change = self._mine(update(posts).where(posts.c.id == post_id, posts.c.room == room))
        return await self._change(change.values(edited_at=self._clock.now(), **_written(card)))

    async def reword(self, author_id: PersonId, post_id: str, text: str) -> None:
        """Somebody edits their own post."""
        change = self._mine(update(posts).where(posts.c.id == post_id, posts.c.author_id == author_id))
        await self._change(change.values(text=text, edited_at=self._clock.now()))

    async def take_back(self, author_id: PersonId, post_id: str) -> None:
        """Somebody deletes their own post."""
        await self._change(self._mine(delete(posts).where(posts.c.id == post_id, posts.c.author_id == author_id)))

    async def put_away(self, person_id: PersonId, post_id: str) -> None:
        """Removes a private answer, for its reader."""
        await self._change(self._mine(delete(posts).where(posts.c.id == post_id, posts.c.only_for_id == person_id)))

    async def _put(self, post_id: str, *, again: bool = False, **values: Any) -> None:
        last = self._mine(select(func.coalesce(func.max(posts.c.position), 0) + 1)).scalar_subquery()
        values = {"at": self._clock.now(), "position": last} | values
        put = self._insert(posts).values(district_id=self.district_id, id=post_id, **values)
        key = [posts.c.district_id, posts.c.id]
        put = put.on_conflict_do_update(index_elements=key, set_=values) if again else put.on_conflict_do_nothing()
        await self._change(put)

    async def _change(self, statement: Any) -> bool:
        """Whether there was anything to change."""
        async with self._database.district(self.district_id) as connection:
            done = await connection.execute(statement)
        self.bell.ring()
        return bool(done.rowcount)

    # -- reading -----------------------------------------------------------------------------------------------------

    async def post(self, post_id: str) -> Post | None:
        found = await self._rows(self._mine(select(posts)).where(posts.c.id == post_id))
        return _post(found[0]) if found else None

    async def delivered(self, room: str, delivery_id: str) -> str | None:
        """The post of this delivery of the outbox; None when it never arrived."""
        same = (posts.c.room == room, posts.c.delivery_id == delivery_id)
        found = await self._rows(self._mine(select(posts.c.id)).where(*same))
        return str(found[0].id) if found else None

    async def seen_by(self, person_id: PersonId, room: str, *, since: int = 0, most: int = 200) -> list[Post]:
        """The last `most` posts of a room that this person may see, after the position `since`, in the order of time."""
        theirs = or_(posts.c.only_for_id.is_(None), posts.c.only_for_id == person_id)
        wanted = self._mine(select(posts)).where(posts.c.room == room, posts.c.position > since, theirs)
        latest = await self._rows(wanted.order_by(posts.c.position.desc(), posts.c.id.desc()).limit(most))
        return sorted(map(_post, latest), key=lambda post: (post.at, post.position, post.id))

    def read(self, person_id: PersonId, room: str, position: int) -> None:
        """They have seen the room up to here."""
        self._read[person_id, room] = max(position, self._read[person_id, room])

    def forget(self) -> None:
        """Nothing has been read yet: the workspace started over."""
        self._read.clear()
        self.bell.ring()

    async def unread(self, person_id: PersonId) -> Mapping[str, int]:
        """How many posts by others this person has not seen yet, by room."""
        theirs = (or_(posts.c.room == direct(person_id), posts.c.room.like("#%")), posts.c.only_for_id.is_(None))
        by_others = or_(posts.c.author_id.is_(None), posts.c.author_id != person_id)
        standing = self._mine(select(posts.c.room, posts.c.position)).where(*theirs, by_others)
        counts: dict[str, int] = defaultdict(int)
        for row in await self._rows(standing):
            counts[row.room] += row.position > self._read[person_id, row.room]
        return counts

    async def waiting(self) -> Mapping[PersonId, int]:
        """How many cards each person has not seen yet in their direct chat."""
        cards = (posts.c.room.like("@%"), posts.c.author_id.is_(None), posts.c.only_for_id.is_(None))
        standing = self._mine(select(posts.c.room, posts.c.position)).where(*cards)
        counts: dict[PersonId, int] = defaultdict(int)
        for row in await self._rows(standing):
            person_id = PersonId(row.room[1:])
            counts[person_id] += row.position > self._read[person_id, row.room]
        return counts

    def _mine(self, statement: Any) -> Any:
        return statement.where(posts.c.district_id == self.district_id)

    async def _rows(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        async with self._database.district(self.district_id, write=False) as connection:
            found: Sequence[Row[Any]] = (await connection.execute(statement)).all()
            return found


def _written(card: Card) -> dict[str, Any]:
    return {"text": card.fallback(), "card": to_json(card)}


def _post(row: Row[Any]) -> Post:
    return Post(
        id=row.id,
        position=row.position,
        room=row.room,
        at=row.at,
        text=row.text,
        card=card_from_json(row.card) if row.card else None,
        author_id=row.author_id,
        thread_id=row.thread_id,
        only_for_id=row.only_for_id,
        edited_at=row.edited_at,
    )
