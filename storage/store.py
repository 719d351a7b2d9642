"""The door to one district: reads its log, and collects what a request changes until `flush` writes it.

Every change to a challenge goes through `record`, which writes the line of history with it: nothing is overwritten
without a trace (invariant 5). A writing transaction holds the district's ledger from its first statement, so that
writers in one district follow each other, whatever the database (see docs/decisions/0003).
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, Final, TypeVar, cast

from sqlalchemy import Connection, Date, Select, and_, bindparam, delete, insert, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from storage import ledger, models
from storage.case import Case
from storage.columns import UtcDateTime, Word
from storage.directory import Directory
from storage.models import table
from storage.sealing import Seal
from storage.vocabulary import (
    ENDED,
    ChallengeId,
    DistrictId,
    Door,
    EventId,
    Field,
    Kind,
    Lane,
    MessageKind,
    MessageState,
    PersonId,
    Platform,
    Status,
    TimerKind,
    WordsId,
    new_id,
)

Row = TypeVar("Row", bound=SQLModel)

challenges: Final = table(models.Challenge)
words: Final = table(models.Words)
reporters: Final = table(models.Reporter)
steps: Final = table(models.Step)
helpers: Final = table(models.Helper)
events: Final = table(models.Event)
ledgers: Final = table(models.Ledger)
timers: Final = table(models.Timer)
messages: Final = table(models.Message)
posted: Final = table(models.PostedCard)
inbox: Final = table(models.InboxKey)
drafts: Final = table(models.Draft)
items: Final = table(models.ActionItem)

DATED: Final = (TimerKind.FOLLOW_UP, TimerKind.ROUTINE, TimerKind.OCCURRENCE, TimerKind.ACTION_ITEM, TimerKind.PLAN)
"""The timers whose dates hang on people, the calendar or the rules."""
AN_ACT: Final = 400  # lines of history: far more than one request records
STANDING: Final = frozenset(
    {
        Field.STEP,
        Field.NOTE,
        Field.DECISION,
        Field.QUESTION,
        Field.ANSWER,
        Field.COMMENT,
        Field.TALK,
        Field.REASON,
    }
)
"""Of these fields every saying stands; of the others the latest."""


@dataclass(frozen=True, slots=True)
class Came:
    """Where the present act came from; every event carries it."""

    door: Door
    platform: Platform | None = None


@dataclass(slots=True)
class _Pending:
    inserts: dict[str, list[SQLModel]] = field(default_factory=lambda: defaultdict(list))
    changed: dict[int, tuple[SQLModel, set[str]]] = field(default_factory=dict)
    events: list[models.Event] = field(default_factory=list)
    removed: list[SQLModel] = field(default_factory=list)
    timers: dict[tuple[TimerKind, str], datetime | None] = field(default_factory=dict)
    cases: dict[ChallengeId, Case] = field(default_factory=dict)


class Store:
    """One district, in one transaction. Not shared between tasks."""

    def __init__(
        self,
        connection: AsyncConnection | None,
        directory: Directory,
        ledger_key: bytes,
        head: models.Ledger | None,
        came: Came,
        seal: Seal,
        public_url: str = "",
    ) -> None:
        """`head`: the locked ledger of a writing transaction, None in a reading one. `seal` keeps held drafts.

        `public_url`: where pages of ours are reached from outside; empty where they are not.

        Without a connection there is no more to it than the directory.
        """
        self._seal = seal
        self.public_url = public_url
        self._connection = connection
        self.directory = directory
        self.came = came
        self._ledger_key = ledger_key
        self._head = head
        self._act = new_id() if head else ""  # the events of one request belong together: they are undone together
        self._pending = _Pending()
        self.late = False
        """What is being done was due long ago (an outage): nobody is to be told of it singly."""

    @property
    def connection(self) -> AsyncConnection:
        if self._connection is None:
            raise RuntimeError("This store was opened without a transaction")
        return self._connection

    @property
    def district_id(self) -> DistrictId:
        return self.directory.district_id

    # -- writing -----------------------------------------------------------------------------------------------------

    def next_number(self) -> int:
        """The number under which people will know the next challenge of this district."""
        head = self._writing()
        head.number += 1
        return head.number

    def add(self, row: Row) -> Row:
        """A new row, written at `flush`. Events and words go through `record`."""
        self._writing()
        self._pending.inserts[table(type(row)).name].append(row)
        return row

    def remove(self, row: SQLModel) -> None:
        """A row that an undone act had added goes again; the history keeps both acts."""
        self._writing()
        self._pending.removed.append(row)

    def change(self, row: SQLModel, **values: Any) -> dict[str, list[Any]]:
        """Sets columns of a row that was read, and returns what changed: {column: [before, after]} in plain values."""
        self._writing()
        changes = {}
        for name, value in values.items():
            before = getattr(row, name)
            if before != value:
                changes[name] = [plain(before), plain(value)]
                setattr(row, name, value)
        if changes and not any(row is each for each in self._pending.inserts[table(type(row)).name]):
            _, columns = self._pending.changed.setdefault(id(row), (row, set()))
            columns.update(changes)
        return changes

    def record(
        self,
        case: Case | None,
        kind: Kind,
        *,
        by: PersonId | None,
        at: datetime,
        said: Mapping[Field, str] | None = None,
        about: str | None = None,
        spoken: Iterable[models.Words] = (),
        also: Iterable[tuple[SQLModel, Mapping[str, Any]]] = (),
        data: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> models.Event:
        """One line of history, and the change that it tells.

        `by`: who did it, None for Clearway itself. `said`: the words that came with it, which belong to `about` (a
        step, a reporter) where given. `spoken`: words that stand there already, with rows of their own. `also`: other
        rows of the case and their new values. `changes`: new values of the challenge. Former values stand in the event.
        """
        told: dict[str, dict[str, list[Any]]] = {}
        if case is not None:
            self._touch(case)
            if by is not None:
                changes.setdefault("updated_at", at)
            if by == case.challenge.owner_id:
                changes.setdefault("owner_acted_at", at)
            if own := self.change(case.challenge, **changes):
                told["challenge"] = own
        for row, values in also:
            if other := self.change(row, **values):
                told[label(row)] = other
        event = models.Event(
            district_id=self.district_id,
            seq=0,
            kind=kind,
            challenge_id=case.id if case else None,
            actor_id=by,
            at=at,
            door=self.came.door,
            platform=self.came.platform,
            process_id=case.challenge.process_id if case else None,
            data=({"changes": told} if told else {}) | {"act": self._act} | dict(data or {}),
        )
        new = [*spoken, *(self._say(case, said, about, by, at) if said and case is not None else ())]
        if new:
            event.words = {each.id: self.digest(each) for each in new}
        self._pending.events.append(event)
        return event

    def _say(
        self, case: Case, said: Mapping[Field, str], about: str | None, by: PersonId | None, at: datetime
    ) -> Iterable[models.Words]:
        for part, text_ in said.items():
            if text_:
                row = models.Words(
                    district_id=self.district_id,
                    challenge_id=case.id,
                    field=part,
                    about=about,
                    author_id=by,
                    said_at=at,
                    text=text_,
                )
                case.words.append(self.add(row))
                yield row

    def mark(self, text_: str) -> str:
        """A keyed digest: equal for equal texts within this district, and no word of them."""
        return ledger.words_digest(self._ledger_key, "mark", text_)

    def digest(self, row: models.Words) -> str:
        """What the history holds of some words."""
        return ledger.words_digest(self._ledger_key, row.id, row.text or "")

    def _touch(self, case: Case) -> None:
        if case.id not in self._pending.cases:
            self._pending.cases[case.id] = case
            self.change(case.challenge, version=case.challenge.version + 1)

    @property
    def touched(self) -> list[Case]:
        """The cases that this transaction has recorded something about."""
        return list(self._pending.cases.values())

    @property
    def recorded(self) -> list[models.Event]:
        """What this transaction has recorded so far, in order."""
        return list(self._pending.events)

    def set_timer(self, kind: TimerKind, about: str, at: datetime | None) -> None:
        """Look at it again at this instant; None: no longer. The timer is one per kind and subject."""
        self._writing()
        self._pending.timers[kind, about] = at

    async def forget_messages(self, event_ids: Iterable[EventId]) -> int:
        """What was to be told of these events and has not been sent is no longer told (an act was undone); how much."""
        forgotten = await self.connection.execute(
            update(messages)
            .where(
                messages.c.district_id == self.district_id,
                messages.c.event_id.in_(list(event_ids)),
                messages.c.state == "pending",
                messages.c.leased_until.is_(None),
            )
            .values(state="dropped", reason="undone")
        )
        return forgotten.rowcount

    async def move_digest(
        self,
        person_id: PersonId,
        to: Callable[[datetime], datetime],
        *,
        challenge_id: ChallengeId | None = None,
        kinds: Collection[MessageKind] = tuple(MessageKind),
    ) -> None:
        """What waits for this person's digests goes `to` another instant than was planned; of one challenge, or all."""
        waiting = (
            messages.c.district_id == self.district_id,
            messages.c.person_id == person_id,
            messages.c.room_id.is_(None),
            messages.c.state == MessageState.PENDING,
            messages.c.lane == Lane.DIGEST,
            messages.c.unknown_since.is_(None),
            messages.c.leased_until.is_(None),
            messages.c.kind.in_(sorted(kinds)),
            messages.c.challenge_id == challenge_id if challenge_id else true(),
        )
        for at in list(await self.connection.scalars(select(messages.c.send_at).where(*waiting).distinct())):
            moved = update(messages).where(*waiting, messages.c.send_at == at).values(send_at=to(at))
            await self.connection.execute(moved)

    async def last_reminder(
        self, person_id: PersonId, challenge_id: ChallengeId, kinds: Collection[MessageKind]
    ) -> models.Message | None:
        """The last message of these kinds to this person about a challenge, sent or still to be."""
        mine = (
            messages.c.district_id == self.district_id,
            messages.c.person_id == person_id,
            messages.c.challenge_id == challenge_id,
            messages.c.kind.in_(sorted(kinds)),
            messages.c.state.in_([MessageState.PENDING, MessageState.SENT]),
        )
        wanted = select(messages).where(*mine).order_by(messages.c.created_at.desc(), messages.c.id.desc()).limit(1)
        found = await self._rows(models.Message, wanted)
        return found[0] if found else None

    async def look_at_digests(self, challenge_id: ChallengeId, now: datetime) -> None:
        """Every digest that has named a challenge is drawn anew: it is no longer for everybody to see."""
        named, first = messages.alias(), messages.alias()
        naming = (
            select(first.c.id)
            .join(named, _same_digest(first, named))
            .where(named.c.district_id == self.district_id, named.c.challenge_id == challenge_id)
        )
        await self.connection.execute(
            update(posted)
            .where(
                posted.c.district_id == self.district_id,
                posted.c.challenge_id.is_(None),
                posted.c.message_id.in_(naming),
            )
            .values(stale_at=now)
        )

    async def look_at_agendas(self, now: datetime, concerning: ChallengeId | None = None) -> None:
        """Every agenda that stands somewhere is drawn anew: what was on it may not be for all its readers any more.

        `concerning`: the challenge that it is about; the action items that concern it are looked at, too, since whoever
        has one may not see it any more.
        """
        about = select(messages.c.id).where(
            messages.c.district_id == self.district_id,
            messages.c.kind.in_([MessageKind.OCCURRENCE, MessageKind.ROOM_NEWS]),
            messages.c.challenge_id.is_(None),
            messages.c.item_id.is_not(None),
        )
        mine = (posted.c.district_id == self.district_id, posted.c.message_id.in_(about))
        await self.connection.execute(update(posted).where(*mine).values(stale_at=now))
        if concerning is None:
            return
        theirs = select(items.c.id).where(items.c.district_id == self.district_id, items.c.challenge_id == concerning)
        about_it = list(await self.connection.scalars(theirs))
        await self.look_at_item(about_it, now)
        due = (
            timers.c.district_id == self.district_id,
            timers.c.kind == TimerKind.ACTION_ITEM,
            timers.c.about.in_(about_it),
            timers.c.due_at > now,
        )
        await self.connection.execute(update(timers).where(*due).values(due_at=now))

    async def look_at_item(self, item_ids: Collection[str], now: datetime) -> None:
        """Every card and digest that shows one of these action items, plans or versions of the process, and the agendas
        of these occurrences, are drawn anew."""
        await self._look_at_items(now, messages.c.item_id.in_(sorted(item_ids)))

    async def _look_at_items(self, now: datetime, about: Any) -> None:
        kinds = [MessageKind.ACTION_ITEM, MessageKind.PLAN, MessageKind.VERSION]
        kinds += [MessageKind.OCCURRENCE, MessageKind.ROOM_NEWS]
        named, first = messages.alias(), messages.alias()
        these = select(messages.c.id).where(
            messages.c.district_id == self.district_id, messages.c.kind.in_(kinds), about
        )
        with_them = (
            select(first.c.id)
            .join(named, _same_digest(first, named))
            .where(named.c.district_id == self.district_id, named.c.id.in_(these))
        )
        shown = posted.c.message_id.in_(these) | posted.c.message_id.in_(with_them)
        mine = (posted.c.district_id == self.district_id, posted.c.challenge_id.is_(None), shown)
        await self.connection.execute(update(posted).where(*mine).values(stale_at=now))

    async def digest_of(self, message: models.Message) -> list[models.Message]:
        """All that went out in one digest with this message."""
        named, first = messages.alias(), messages.alias()
        return await self._rows(
            models.Message,
            select(named)
            .join(first, _same_digest(first, named))
            .where(first.c.district_id == self.district_id, first.c.id == message.id)
            .order_by(named.c.created_at, named.c.id),
        )

    async def flush(self, now: datetime) -> None:
        """Writes all that was collected: rows, changes, history, timers; and marks the cards that show old news."""
        pending, self._pending = self._pending, _Pending()
        head = self._writing()
        for event in pending.events:
            head.seq += 1
            event.seq = head.seq
            head.head = event.digest = ledger.event_digest(self._ledger_key, head.head, ledger.says(event))
        if pending.events:
            pending.inserts["event"].extend(pending.events)
        todo = list(self._statements(pending, head, now))

        def write(connection: Connection) -> None:
            for statement, values in todo:
                connection.execute(statement, values)

        await self.connection.run_sync(write)  # at once: each way to the database and back has its price

    def _statements(self, pending: "_Pending", head: models.Ledger, now: datetime) -> Iterator[tuple[Any, Any]]:
        """What is written, in its order: statements, each with its values."""
        for each in INSERT_ORDER:
            if rows := pending.inserts.get(each.name):
                yield self._insert(each.name), [_values(row) for row in rows]
        for row, columns in pending.changed.values():
            changed = {name: getattr(row, name) for name in columns}
            yield _where_key(update(table(type(row))), row).values(changed), None
        for row in pending.removed:
            yield _where_key(delete(table(type(row))), row), None
        yield from self._timer_statements(pending.timers)
        moved = {"to_number": head.number, "to_seq": head.seq, "to_head": head.head}
        yield _MOVE_HEAD, {"of_district": self.district_id} | moved
        new = {id(row) for row in pending.inserts["challenge"]}
        known = [each for each, case in pending.cases.items() if id(case.challenge) not in new]
        if known:
            of_these = (posted.c.district_id == self.district_id) & posted.c.challenge_id.in_(known)
            yield update(posted).where(of_these).values(stale_at=now), None

    @asynccontextmanager
    async def savepoint(self, now: datetime) -> AsyncIterator[None]:
        """A part of the transaction that is flushed when the block ends, or leaves no trace when it raises."""
        head = self._writing()
        before = head.number, head.seq, head.head
        try:
            async with self.connection.begin_nested():
                yield
                await self.flush(now)
        except BaseException:
            self._pending = _Pending()
            head.number, head.seq, head.head = before
            raise

    @asynccontextmanager
    async def imagined(self) -> AsyncIterator[None]:
        """Whatever is done in this block, and flushed in it, leaves no trace: to see what would happen."""
        head = self._writing()
        before = head.number, head.seq, head.head
        directory, late = self.directory, self.late
        nested = await self.connection.begin_nested()
        try:
            yield
        finally:
            await nested.rollback()
            self._pending = _Pending()
            head.number, head.seq, head.head = before
            self.directory, self.late = directory, late

    def _insert(self, name: str) -> Any:
        if name != "message":
            return _INSERTS[name]
        return _TELL_ONCE[self.connection.dialect.name]

    def _timer_statements(self, wanted: Mapping[tuple[TimerKind, str], datetime | None]) -> Iterator[tuple[Any, Any]]:
        for (kind, about), at in wanted.items():
            if at is None:
                mine = (timers.c.district_id == self.district_id) & (timers.c.kind == kind) & (timers.c.about == about)
                yield delete(timers).where(mine), None
        rows = [
            {"district_id": self.district_id, "id": new_id(), "kind": kind, "about": about, "due_at": at, "attempts": 0}
            for (kind, about), at in wanted.items()
            if at is not None
        ]
        if rows:
            yield _SET_TIMER[self.connection.dialect.name], rows

    def _writing(self) -> models.Ledger:
        if self._head is None:
            raise RuntimeError("This store was opened for reading")
        return self._head

    # -- reading one challenge ---------------------------------------------------------------------------------------

    async def case(self, challenge_id: ChallengeId) -> Case | None:
        """The challenge with all that belongs to it; None when this district has none of that id."""
        row = await self._one(models.Challenge, select(challenges).where(challenges.c.id == challenge_id))
        return await self._whole(row) if row else None

    async def case_numbered(self, number: int) -> Case | None:
        row = await self._one(models.Challenge, select(challenges).where(challenges.c.number == number))
        return await self._whole(row) if row else None

    async def cases(self, challenge_ids: Iterable[ChallengeId]) -> list[Case]:
        """Several, read together, in the order asked for; those that are not there are left out."""
        ids = list(challenge_ids)
        if not ids:
            return []
        mine = (challenges.c.district_id == self.district_id, challenges.c.id.in_(set(ids)))
        found = {each.id: each for each in await self._rows(models.Challenge, select(challenges).where(*mine))}
        raised = await self._belonging(models.Reporter, found, reporters.c.position)
        planned = await self._belonging(models.Step, found, steps.c.position)
        helping = await self._belonging(models.Helper, found, helpers.c.since)
        said = await self._belonging(models.Words, found, words.c.said_at, words.c.id)
        cases = {
            row.id: self._pending.cases.get(row.id)
            or Case(row, raised[row.id], planned[row.id], helping[row.id], standing(said[row.id], row.retracted_ids))
            for row in found.values()
        }
        return [cases[each] for each in ids if each in cases]

    async def _belonging(
        self, model: type[Row], of: Collection[ChallengeId], *order: Any
    ) -> Mapping[ChallengeId, list[Row]]:
        """The rows that belong to each of these challenges."""
        rows = table(model)
        wanted = select(rows).where(rows.c.district_id == self.district_id, rows.c.challenge_id.in_(of))
        found: Mapping[ChallengeId, list[Row]] = {each: [] for each in of}
        for row in await self._rows(model, wanted.order_by(*order)):
            found[row.challenge_id].append(row)  # type: ignore[attr-defined]  # all these tables have it
        return found

    async def _whole(self, row: models.Challenge) -> Case:
        if row.id in self._pending.cases:
            return self._pending.cases[row.id]
        mine = {"challenge_id": row.id, "district_id": self.district_id}
        said = await self._rows(models.Words, _WORDS_OF, mine)
        return Case(
            challenge=row,
            reporters=await self._rows(models.Reporter, _REPORTERS_OF, mine),
            steps=await self._rows(models.Step, _STEPS_OF, mine),
            helpers=await self._rows(models.Helper, _HELPERS_OF, mine),
            words=standing(said, row.retracted_ids),
        )

    async def history(self, challenge_id: ChallengeId) -> list[models.Event]:
        """Its events, oldest first."""
        return await self._rows(
            models.Event,
            select(events)
            .where(events.c.district_id == self.district_id, events.c.challenge_id == challenge_id)
            .order_by(events.c.seq),
        )

    async def beside(self, kinds: Collection[Kind], since: datetime) -> list[models.Event]:
        """The events of these kinds that are of no challenge, from this instant on, oldest first."""
        return await self._rows(
            models.Event,
            select(events)
            .where(
                events.c.district_id == self.district_id,
                events.c.challenge_id.is_(None),
                events.c.kind.in_(sorted(kinds)),
                events.c.at >= since,
            )
            .order_by(events.c.seq),
        )

    async def act_of(self, event: models.Event) -> list[models.Event]:
        """All that was recorded in one request with this event, oldest first: the lines of an act stand together."""
        near = select(events).where(
            events.c.district_id == self.district_id, events.c.seq.between(event.seq - AN_ACT, event.seq + AN_ACT)
        )
        found: list[models.Event] = await self._rows(models.Event, near.order_by(events.c.seq))
        return [each for each in found if each.data.get("act") == event.data.get("act")]

    async def event(self, event_id: EventId) -> models.Event | None:
        return await self._one(models.Event, select(events).where(events.c.id == event_id))

    def first_break(self, before: str, page: Sequence[models.Event]) -> models.Event | None:
        """The first event of a page whose digest is not what the chain says. `before`: the digest ahead of the page."""
        return ledger.first_break(self._ledger_key, before, page)

    async def words_of(self, event: models.Event) -> list[models.Words]:
        """The words that came with an event, redacted ones included."""
        if not event.words:
            return []
        return await self._rows(
            models.Words,
            select(words)
            .where(words.c.district_id == self.district_id, words.c.id.in_([WordsId(each) for each in event.words]))
            .order_by(words.c.said_at),
        )

    # -- small reads -------------------------------------------------------------------------------------------------

    def hold(self, person_id: PersonId, words: Mapping[str, Any], lapses_at: datetime) -> str:
        """Keeps words that wait for their author's consent, sealed; returns the id of the draft."""
        draft = models.Draft(district_id=self.district_id, person_id=person_id, sealed="", lapses_at=lapses_at)
        draft.sealed = self._seal.seal(dict(words), purpose=self._draft_purpose(draft.id))
        self.add(draft)
        self.set_timer(TimerKind.DRAFT_LAPSES, draft.id, lapses_at)
        return draft.id

    async def held(self, draft_id: str, person_id: PersonId) -> dict[str, Any] | None:
        """The words of a draft, for their author only; None when it has lapsed, was used, or is another's."""
        draft = await self._one(models.Draft, select(drafts).where(drafts.c.id == draft_id))
        if draft is None or draft.person_id != person_id:
            return None
        return cast("dict[str, Any]", self._seal.open(draft.sealed, purpose=self._draft_purpose(draft_id)))

    async def keep_in(self, draft_id: str, person_id: PersonId, words: Mapping[str, Any]) -> None:
        """More words go into a draft; it lapses when it would have."""
        mine = (drafts.c.district_id == self.district_id, drafts.c.id == draft_id, drafts.c.person_id == person_id)
        sealed = self._seal.seal(dict(words), purpose=self._draft_purpose(draft_id))
        await self.connection.execute(update(drafts).where(*mine).values(sealed=sealed))

    async def held_for(self, person_id: PersonId) -> dict[str, dict[str, Any]]:
        """The words of all drafts of this person, by the draft's id; the oldest first."""
        mine = select(drafts).where(drafts.c.district_id == self.district_id, drafts.c.person_id == person_id)
        found = await self._rows(models.Draft, mine.order_by(drafts.c.lapses_at, drafts.c.id))
        return {each.id: self._seal.open(each.sealed, purpose=self._draft_purpose(each.id)) for each in found}

    async def draft_author(self, draft_id: str) -> PersonId | None:
        draft = await self._one(models.Draft, select(drafts).where(drafts.c.id == draft_id))
        return draft.person_id if draft else None

    def _draft_purpose(self, draft_id: str) -> str:
        return f"draft:{self.district_id}:{draft_id}"

    async def waiting_for(self, person_id: PersonId) -> list[tuple[ChallengeId, int]]:
        """The challenges, with their numbers, in which a question, or the ask whether it was addressed, waits for this
        reporter."""
        statement = (
            select(challenges.c.id, challenges.c.number)
            .join(
                reporters,
                (reporters.c.district_id == challenges.c.district_id) & (reporters.c.challenge_id == challenges.c.id),
            )
            .where(
                challenges.c.district_id == self.district_id,
                reporters.c.person_id == person_id,
                or_(
                    challenges.c.asked_at.is_not(None) & challenges.c.status.notin_(sorted(ENDED)),
                    (challenges.c.status == Status.AWAITING_CONFIRMATION)
                    & reporters.c.asked_at.is_not(None)
                    & reporters.c.answer.is_(None),
                ),
            )
            .order_by(challenges.c.number)
        )
        return [(ChallengeId(row.id), int(row.number)) for row in await self.connection.execute(statement)]

    async def look_again(self, now: datetime) -> None:
        """People, the calendar or the rules have changed: every open challenge's dates are worked out anew, at once, and
        those of every routine."""
        await self.connection.execute(
            update(timers)
            .where(timers.c.district_id == self.district_id, timers.c.kind.in_(DATED), timers.c.due_at > now)
            .values(due_at=now)
        )

    async def reported_by(self, person_id: PersonId) -> list[ChallengeId]:
        """The challenges that this person raised or joined, the latest last."""
        statement = (
            select(reporters.c.challenge_id)
            .where(reporters.c.district_id == self.district_id, reporters.c.person_id == person_id)
            .order_by(reporters.c.joined_at, reporters.c.challenge_id)
        )
        return list(await self.connection.scalars(statement))

    async def open_with(self, person_id: PersonId) -> list[ChallengeId]:
        """The open challenges that this person leads or has an open step of: what a leaver leaves behind."""
        has_a_step = select(steps.c.challenge_id).where(
            steps.c.district_id == self.district_id, steps.c.owner_id == person_id, steps.c.done_at.is_(None)
        )
        mine = (
            select(challenges.c.id)
            .where(
                challenges.c.district_id == self.district_id,
                (challenges.c.owner_id == person_id) | challenges.c.id.in_(has_a_step),
                challenges.c.status.notin_(sorted(ENDED)),
            )
            .order_by(challenges.c.number)
        )
        return [ChallengeId(row.id) for row in await self.connection.execute(mine)]

    async def promised(self, person_id: PersonId, limit: int) -> list[ChallengeId]:
        """The open challenges of others in which this person has an open step, the first due first."""
        theirs = (steps.c.district_id == challenges.c.district_id) & (steps.c.challenge_id == challenges.c.id)
        found = (
            select(challenges.c.id)
            .join(steps, theirs)
            .where(
                steps.c.district_id == self.district_id,
                steps.c.owner_id == person_id,
                steps.c.done_at.is_(None),
                challenges.c.owner_id != person_id,
                challenges.c.status.notin_(sorted(ENDED)),
            )
            .order_by(steps.c.due_on, challenges.c.number)
            .limit(limit)
        )
        return list(dict.fromkeys(await self.connection.scalars(found)))

    async def due_days(self) -> list[tuple[ChallengeId, date]]:
        """The days on which something is due in the open challenges: a decision not yet taken up, or an open step."""
        is_open = (challenges.c.district_id == self.district_id, challenges.c.status.notin_(sorted(ENDED)))
        decisions = select(challenges.c.id, challenges.c.decide_by).where(
            *is_open, challenges.c.decide_by.is_not(None), challenges.c.understood_at.is_(None)
        )
        theirs = (steps.c.district_id == challenges.c.district_id) & (steps.c.challenge_id == challenges.c.id)
        of_steps = (
            select(challenges.c.id, steps.c.due_on).join(steps, theirs).where(*is_open, steps.c.done_at.is_(None))
        )
        rows = await self.connection.execute(decisions.union_all(of_steps))
        return [(ChallengeId(challenge_id), day) for challenge_id, day in rows]

    async def drop_draft(self, draft_id: str, person_id: PersonId) -> None:
        """Its author's words go; nobody else's draft is touched."""
        mine = (drafts.c.district_id == self.district_id, drafts.c.id == draft_id, drafts.c.person_id == person_id)
        dropped = await self.connection.execute(delete(drafts).where(*mine).returning(drafts.c.id))
        if dropped.first() is not None:
            self.set_timer(TimerKind.DRAFT_LAPSES, draft_id, None)

    async def posted_at(self, platform: Platform, conversation_id: str, post_id: str) -> models.PostedCard | None:
        """The card of ours that stands there, if it is one of this district."""
        return await self._one(
            models.PostedCard,
            select(posted).where(
                posted.c.platform == platform, posted.c.conversation_id == conversation_id, posted.c.post_id == post_id
            ),
        )

    async def message(self, message_id: str) -> models.Message | None:
        return (await self.messages([message_id])).get(message_id)

    async def messages(self, message_ids: Collection[str]) -> dict[str, models.Message]:
        """Those that are there, by their ids."""
        these = select(messages).where(messages.c.district_id == self.district_id, messages.c.id.in_(message_ids))
        return {each.id: each for each in await self._rows(models.Message, these)}

    async def waiting(self, person_id: PersonId) -> list[models.Message]:
        """What the outbox has for this person, the next to be sent first."""
        theirs = select(messages).where(
            messages.c.district_id == self.district_id,
            messages.c.person_id == person_id,
            messages.c.room_id.is_(None),
            messages.c.state == MessageState.PENDING,
        )
        return await self._rows(
            models.Message, theirs.order_by(messages.c.send_at, messages.c.created_at, messages.c.id)
        )

    async def set_messages(self, these: Collection[models.Message], **values: Any) -> None:
        """Columns of messages, at once."""
        of_these = messages.c.id.in_([each.id for each in these])
        await self.connection.execute(
            update(messages).where(messages.c.district_id == self.district_id, of_these).values(values)
        )

    async def next_timer(
        self, until: datetime, subjects: Mapping[TimerKind, Collection[str] | None]
    ) -> models.Timer | None:
        """The first timer that falls due by an instant, of these kinds; of a kind with subjects, about one of them."""
        wanted = [
            (timers.c.kind == kind) if about is None else (timers.c.kind == kind) & timers.c.about.in_(about)
            for kind, about in subjects.items()
        ]
        first = select(timers).where(timers.c.due_at <= until, or_(*wanted)).order_by(timers.c.due_at, timers.c.id)
        return await self._one(models.Timer, first.limit(1))

    async def part_in(self, person_id: PersonId) -> list[ChallengeId]:
        """The open challenges that somebody leads, has raised, helps with, has a step in, or is to ask a reporter of."""
        mine = challenges.c.owner_id == person_id
        for each, column in (
            (reporters, reporters.c.person_id),
            (reporters, reporters.c.colleague_id),
            (helpers, helpers.c.person_id),
            (steps, steps.c.owner_id),
        ):
            has = select(each.c.challenge_id).where(each.c.district_id == self.district_id, column == person_id)
            mine = mine | challenges.c.id.in_(has)
        found = select(challenges.c.id).where(
            challenges.c.district_id == self.district_id, mine, challenges.c.status.notin_(sorted(ENDED))
        )
        return list(await self.connection.scalars(found))

    async def drafts_of(self, person_id: PersonId) -> list[str]:
        """Which words of theirs are held."""
        theirs = select(drafts.c.id).where(drafts.c.district_id == self.district_id, drafts.c.person_id == person_id)
        return list(await self.connection.scalars(theirs))

    async def remember(self, key: str, at: datetime) -> bool:
        """Takes an inbox key: True when the intent is new, False when it was handled already (design 1.7)."""
        statement = _REMEMBER[self.connection.dialect.name]
        taken = await self.connection.execute(statement, {"district_id": self.district_id, "key": key, "at": at})
        return taken.first() is not None

    async def outcome_of(self, key: str) -> ChallengeId | None:
        """The challenge that came of an intent handled before."""
        row = await self._one(models.InboxKey, select(inbox).where(inbox.c.key == key))
        return row.challenge_id if row else None

    async def came_of(self, key: str, challenge_id: ChallengeId) -> None:
        known = {"of_district": self.district_id, "of_key": key, "came": challenge_id}
        await self.connection.execute(_CAME_OF, known)

    async def rows(self, statement: Select[Any], values: Mapping[str, Any] | None = None) -> list[Any]:
        """Rows of a query of one of the query files of this package, as named tuples."""
        return list((await self.connection.execute(statement, values or {})).all())

    async def _rows(
        self, model: type[Row], statement: Select[Any], values: Mapping[str, Any] | None = None
    ) -> list[Row]:
        result = await self.connection.execute(statement, values or {})
        return [model(**row._mapping) for row in result]

    async def _one(self, model: type[Row], statement: Select[Any]) -> Row | None:
        of = table(model)
        result = await self.connection.execute(statement.where(of.c.district_id == self.district_id))
        row = result.first()
        return model(**row._mapping) if row else None


def _same_digest(first: Any, other: Any) -> Any:
    """Messages of one digest have one reader, and were sent at one instant."""
    return and_(
        first.c.district_id == other.c.district_id,
        first.c.person_id == other.c.person_id,
        first.c.ended_at == other.c.ended_at,
        first.c.lane == Lane.DIGEST,
        other.c.lane == Lane.DIGEST,
        other.c.state == MessageState.SENT,
    )


def label(row: SQLModel) -> str:
    """How an event names a row of a case: "reporter:p-001", "step:4f…"."""
    of = table(type(row))
    keys = [key.name for key in of.primary_key.columns if key.name not in {"district_id", "challenge_id"}]
    return ":".join([of.name, *(str(getattr(row, key)) for key in keys)])


def _where_key(statement: Any, row: SQLModel) -> Any:
    for key in table(type(row)).primary_key.columns:
        statement = statement.where(key == getattr(row, key.name))
    return statement


def plain(value: Any) -> Any:
    """A column's value as JSON has it."""
    match value:
        case Enum():
            return str(value.value)
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case _:
            return value


def unplain(model: type[SQLModel], column: str, value: Any) -> Any:
    """The value of a column as it was, from what `plain` made of it."""
    kind = table(model).c[column].type
    match value:
        case str() if isinstance(kind, Word):
            return kind.kind(value)
        case str() if isinstance(kind, UtcDateTime):
            return datetime.fromisoformat(value)
        case str() if isinstance(kind, Date):
            return date.fromisoformat(value)
        case _:
            return value


def standing(said: Sequence[models.Words], retracted: Collection[str]) -> list[models.Words]:
    """Without what later words of the same field replaced, and what was undone."""
    left = [each for each in said if each.id not in retracted]
    latest = {(each.field, each.about): each.id for each in left}
    return [each for each in left if each.field in STANDING or latest[each.field, each.about] == each.id]


def _values(row: SQLModel) -> dict[str, Any]:
    said = row.__dict__  # past the instrumented attributes, which nothing here needs
    return {name: said.get(name) for name in _COLUMNS[table(type(row)).name]}


INSERT_ORDER: Final = [each for each in SQLModel.metadata.sorted_tables if each.name not in {"event", "message"}] + [
    events,
    messages,
]
_COLUMNS: Final = {each.name: tuple(each.c.keys()) for each in INSERT_ORDER}
_INSERTS: Final = {each.name: insert(each) for each in INSERT_ORDER}
_MOVE_HEAD: Final = (
    update(ledgers)
    .where(ledgers.c.district_id == bindparam("of_district"))
    .values(number=bindparam("to_number"), seq=bindparam("to_seq"), head=bindparam("to_head"))
)
_CAME_OF: Final = (
    update(inbox)
    .where(inbox.c.district_id == bindparam("of_district"), inbox.c.key == bindparam("of_key"))
    .values(challenge_id=bindparam("came"))
)

_ON_CONFLICT: Final[Mapping[str, Any]] = {"sqlite": sqlite_insert, "postgresql": postgres_insert}
_TELL_ONCE: Final = {
    name: make(messages).on_conflict_do_nothing(index_elements=["district_id", "once"])
    for name, make in _ON_CONFLICT.items()
}
_REMEMBER: Final = {
    name: make(inbox).on_conflict_do_nothing(index_elements=["district_id", "key"]).returning(inbox.c.key)
    for name, make in _ON_CONFLICT.items()
}


def _set_timer(make: Any) -> Any:
    statement = make(timers)
    return statement.on_conflict_do_update(
        index_elements=["district_id", "kind", "about"],
        set_={"due_at": statement.excluded.due_at, "leased_until": None, "attempts": 0},
    )


_SET_TIMER: Final = {name: _set_timer(make) for name, make in _ON_CONFLICT.items()}


def _of_challenge(of: Any, *order: Any) -> Select[Any]:
    return cast(
        "Select[Any]",
        select(of)
        .where(of.c.district_id == bindparam("district_id"), of.c.challenge_id == bindparam("challenge_id"))
        .order_by(*order),
    )


_WORDS_OF: Final = _of_challenge(words, words.c.said_at, words.c.id)
_REPORTERS_OF: Final = _of_challenge(reporters, reporters.c.position)
_STEPS_OF: Final = _of_challenge(steps, steps.c.position)
_HELPERS_OF: Final = _of_challenge(helpers, helpers.c.since)
