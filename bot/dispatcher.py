"""The outbox reaches people: claim, compose, send, mark; and cards that show old news are edited in place.

Never a network call inside a transaction. A send whose outcome is unknown is looked for; where the platform cannot tell
it is repeated, once. What cannot be delivered, or was never heard of after that, becomes the coordinator's task.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import crash
from bot.districts import Districts
from bot.marks import Arrived, Marks
from bot.transport import (
    BLIND,
    ON_PAPER,
    Address,
    CannotTellError,
    OutcomeUnknownError,
    Place,
    Transport,
    TryLaterError,
    UndeliverableError,
)
from handlers import compose, mail, registry, telling, undelivered
from handlers import rooms as team_rooms
from handlers.cards.model import Card
from handlers.rules import lanes
from scheduling.calendar import Calendar
from scheduling.clock import Clock
from storage import queue, registrations, rooms
from storage.models import Message
from storage.queue import ClaimedCard, ClaimedMessage, Posted, Sent
from storage.registrations import AccountRow
from storage.store import Came, Store
from storage.vocabulary import DistrictId, Door, Lane, MessageKind, PersonId, Platform

BATCH: Final = 800
BATCH_OF_ONE: Final = 100
"""So many of one district are claimed at once: what somebody waits for there waits no longer than these take."""
PATIENT_TRIES: Final = 3
PATIENT_FOR_S: Final = 600.0
"""So often, and for so long a pause, an account is waited for before the person's other one is tried."""
AT_ONCE: Final = 64  # in flight: most of the time they wait for a platform
OF_ONE_DISTRICT: Final = 8  # of them; platforms count by workspace, and no district takes the places of the others
TRANSACTIONS: Final = 8  # of these at once: requests keep the rest of the pool
MARKED_WITHIN_S: Final = 5.0  # what has arrived is marked, although its sender was cut off
MAILS_AT_ONCE: Final = 2  # a mail server takes its time, and those in chat do not wait for it
MAILS_FOR: Final = timedelta(seconds=15)
"""So long after it was claimed a mail is begun; what has not had its turn by then goes with the next round."""
NEXT_ROUND_S: Final = 10.0
ROUND_S: Final = 5.0
"""So long a round waits for what it has begun. What a slow platform or mail server keeps longer goes on beside the next
rounds, and nobody else's message waits for it, unless it keeps half a batch of readers."""
BEGUN_WITHIN: Final = queue.LEASE / 2
"""So long after it was claimed a send is begun: what a slow platform has kept waiting is left to the next round, before
its lease ends and somebody else takes it for one that may have arrived."""
FIRST_WAIT: Final = timedelta(seconds=5)
LONGEST_WAIT: Final = timedelta(hours=1)
GIVE_UP_AFTER: Final = timedelta(days=3)
MOST_FAILURES: Final = 10  # of ours, with the waits between them: an hour and a half
TRIED_AGAIN_AFTER: Final = timedelta(days=1)  # an account that took nothing: they may have let us in again
LOOK_AGAIN: Final = timedelta(seconds=30)  # after an unknown outcome: what was under way has landed by then
REPEAT_AFTER: Final = timedelta(minutes=5)
"""The same, where nobody can look and there is one repetition: it is not spent on a platform that is still down."""

log = structlog.get_logger()


class Dispatcher:
    """One of any number of identical ones; what each claims is its own for a lease."""

    def __init__(
        self,
        districts: Districts,
        clock: Clock,
        transports: Mapping[Platform, Transport],
        *,
        only: Platform | None = None,
    ) -> None:
        """`only`: in practice everybody is reached on this one platform, whatever accounts the file gives them."""
        self._districts = districts
        self._database = districts.database
        self._clock = clock
        self.transports = dict(transports)
        self._only = only
        self._resting: dict[tuple[Platform, str], datetime] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._places: dict[DistrictId, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(OF_ONE_DISTRICT))
        self._transactions = asyncio.Semaphore(TRANSACTIONS)
        self._marks = Marks(self._queue, clock)
        self._mail_slots = asyncio.Semaphore(MAILS_AT_ONCE)
        self._under_way: dict[asyncio.Task[None], DistrictId] = {}
        self._lines: WeakValueDictionary[tuple[DistrictId, PersonId], asyncio.Lock] = WeakValueDictionary()

    async def run_once(self, limit: int = BATCH) -> int:
        """Sends what may be sent now and edits what shows old news; returns how much there was to do.

        What takes longer than ROUND_S is still under way then; but no more is claimed while too much is.
        """
        while len(self._under_way) > limit // 2:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
        now = self._clock.now()
        async with self._queue("outbox: claimed") as connection:
            full = self.full
            claimed = await queue.claim_messages(connection, now, limit, BATCH_OF_ONE, full)
            stale = await queue.claim_stale(connection, now, BATCH_OF_ONE, full)
        singles = [each for each in claimed if each.lane is not Lane.DIGEST]
        # A digest that may have arrived is looked for as it was; what came since waits for one of its own.
        digests: dict[tuple[DistrictId, PersonId, datetime | None], list[ClaimedMessage]] = defaultdict(list)
        for each in claimed:
            if each.lane is Lane.DIGEST:
                digests[each.district_id, each.person_id, each.unknown_since].append(each)
        # One after the other for each person, so that what happened first is also read first.
        people: dict[tuple[DistrictId, PersonId], list[Sequence[ClaimedMessage]]] = defaultdict(list)
        for each in singles:
            people[each.district_id, each.person_id].append([each])
        for (district_id, person_id, _), together in digests.items():
            people[district_id, person_id].append(together)
        challenges: dict[tuple[DistrictId, str], list[ClaimedCard]] = defaultdict(list)
        for card in stale:
            challenges[card.district_id, card.challenge_id or card.id].append(card)
        begun = {asyncio.create_task(self._to_one_person(who, theirs)): who[0] for who, theirs in people.items()}
        begun |= {asyncio.create_task(self._edit_all(cards)): of[0] for of, cards in challenges.items()}
        await self._for_a_while(begun)
        return len(claimed) + len(stale)

    @property
    def full(self) -> frozenset[DistrictId]:
        """Districts whose platform keeps us waiting: as much of theirs is under way as may be at once, or more."""
        busy = Counter(self._under_way.values())
        return frozenset(each for each, many in busy.items() if many >= OF_ONE_DISTRICT)

    async def _for_a_while(self, begun: dict[asyncio.Task[None], DistrictId]) -> None:
        if not begun:
            return
        self._under_way |= begun
        for each in begun:
            each.add_done_callback(lambda task: self._under_way.pop(task, None))
        try:
            done, _ = await asyncio.wait(begun, timeout=ROUND_S)
        except asyncio.CancelledError:
            await self.cut_off(list(begun))
            raise
        for each in done:
            each.result()  # what they do not mend themselves is heard of

    async def finish(self, within_s: float | None = None) -> None:
        """Returns when what is under way now has ended; `within_s`: what is not done by then is cut off. What others begin
        meanwhile is left alone."""
        if self._under_way:
            _, late = await asyncio.wait(set(self._under_way), timeout=within_s)
            await self.cut_off(late)

    async def cut_off(self, late: Collection[asyncio.Task[None]] | None = None) -> None:
        """Ends what is under way, or these of it. In the middle of a transaction it still has its connection to give
        back."""
        late = list(self._under_way if late is None else late)
        for each in late:
            each.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        await self._marks.finish(MARKED_WITHIN_S)

    @asynccontextmanager
    async def _queue(self, step: str) -> AsyncIterator[AsyncConnection]:
        """A transaction that marks what came of something. `step`: its name in bot/crash.py."""
        async with self._transactions, crash.around(step, self._database.queue()) as connection:
            yield connection

    @asynccontextmanager
    async def _open(self, district_id: DistrictId, step: str = "") -> AsyncIterator[Store]:
        """A district: to read, or to write in a transaction whose `step` is named in bot/crash.py."""
        opened = self._districts.open(district_id, Came(Door.TIMER), write=bool(step))
        async with self._transactions, crash.around(step, opened) if step else opened as store:
            yield store

    async def _to_one_person(
        self, who: tuple[DistrictId, PersonId], theirs: Sequence[Sequence[ClaimedMessage]]
    ) -> None:
        line = self._lines.setdefault(who, asyncio.Lock())  # behind what an earlier round has not got rid of yet
        async with line:
            for messages in theirs:
                async with self._places[messages[0].district_id], self._slots:
                    try:
                        await self._send_in_time(messages)
                    except Exception:
                        # A bug in marking: the lease ends by itself, and it is tried again.
                        log.exception("outbox.failed", kind=messages[0].kind, attempts=messages[0].attempts)

    # -- sending -----------------------------------------------------------------------------------------------------

    async def _send_in_time(self, messages: Sequence[ClaimedMessage]) -> None:
        first = messages[0]
        if self._clock.now() <= first.leased_until - queue.LEASE + BEGUN_WITHIN:
            await self._send(messages)
            return
        async with self._queue("outbox: planned") as connection:
            await queue.replan(connection, messages, first.send_at, first.lane)

    async def _send(self, messages: Sequence[ClaimedMessage]) -> None:
        now = self._clock.now()
        try:
            later, card, told, shown = await self._composed(messages, now)
        except Exception:  # a bug of ours in one of them
            log.exception("outbox.failed", kind=messages[0].kind, attempts=messages[0].attempts)
            await self._without_what_fails(messages, now)
            return
        if later is not None:
            async with self._queue("outbox: planned") as connection:
                await queue.replan(connection, messages, later.at, later.lane)
            return
        old = [each for each in messages if card is None or each.id not in told]
        if old:
            async with self._queue("outbox: dropped") as connection:
                await queue.mark_dropped(connection, old, now, "old news")
        if card is not None:
            await self._deliver([each for each in messages if each.id in told], card, shown, now)

    async def _composed(
        self, messages: Sequence[ClaimedMessage], now: datetime, *, a_line: bool = False
    ) -> tuple[lanes.Plan | None, Card | None, set[str], int]:
        """When they go, where that is not now; else the card, which of them it tells, and the version that it shows.

        `a_line`: as of a digest, however few they are. What has failed before is composed in any case, to see whether it
        can be: what waits for another day would be tried once a day, and be heard of after more than a week.
        """
        first = messages[0]
        async with self._open(first.district_id) as store:
            if first.kind is MessageKind.DIGEST_COPY:
                return *await mail.copy(store, first, now, self._chats()), 0
            plan = await (self._room_plan(store, first, now) if first.room_id else telling.when(store, first, now))
            later = plan if plan is not None and (plan.at > now or plan.lane is not first.lane) else None
            if later and all(each.attempts == 1 for each in messages):
                return later, None, set(), 0
            if a_line or len(messages) > 1:  # a digest of one is the card itself: it can be answered in place
                return later, *await compose.digest(store, messages, now), 0
            card = await compose.compose(store, first, now)
            case = await store.case(first.challenge_id) if first.challenge_id else None
            return later, card, {first.id}, case.challenge.version if case else 0

    async def _without_what_fails(self, messages: Sequence[ClaimedMessage], now: datetime) -> None:
        """What no card can be made of waits longer and longer, then is the coordinator's task; a digest goes without it."""
        sound = [each for each in messages if len(messages) > 1 and await self._makes_a_line(each, now)]
        if len(sound) == len(messages):  # each by itself, but not together
            sound = []
        for each in messages:
            if each in sound:
                continue
            if each.attempts >= MOST_FAILURES:
                await self._give_up([each], "not composed", now)
            else:
                async with self._queue("outbox: later") as connection:
                    await queue.mark_later(connection, [each], now, now + _wait(each.attempts), "not composed")
        if sound:
            await self._send(sound)

    async def _makes_a_line(self, message: ClaimedMessage, now: datetime) -> bool:
        try:
            await self._composed([message], now, a_line=True)
        except Exception:
            log.exception("outbox.failed", kind=message.kind, attempts=message.attempts)
            return False
        return True

    @staticmethod
    async def _room_plan(store: Store, message: ClaimedMessage, now: datetime) -> lanes.Plan:
        """A room is nobody's, and has the hours of the district."""
        quiet = message.lane is not Lane.OWN_ACT
        return lanes.Plan(Calendar.of(store.directory).message_time(now, None) if quiet else now, message.lane)

    async def _deliver(self, messages: Sequence[ClaimedMessage], card: Card, shown: int, now: datetime) -> None:
        """Tries the person's accounts in turn, and marks what came of it.

        An account that takes nothing for the moment is waited for; where that goes on, the next one is tried.
        """
        first = messages[0]
        reasons = []
        put_off: list[tuple[AccountRow, TryLaterError]] = []
        for account in await self._where(first, now):
            transport = self.transports.get(account.platform)
            if transport is None:  # a platform that is not set up here, or not any more
                continue
            shown_there: Card | None = card
            if account.platform in ON_PAPER and first.kind is not MessageKind.DIGEST_COPY:
                shown_there = await self._on_paper(messages, now)
            if shown_there is None:
                async with self._queue("outbox: dropped") as connection:
                    await queue.mark_dropped(connection, messages, now, "old news")
                return
            try:
                if account.platform in ON_PAPER:
                    async with self._by_mail(account, first):
                        place = await self._put(transport, account, first, messages, shown_there)
                else:
                    self._rests(account, now)
                    place = await self._put(transport, account, first, messages, shown_there)
            except UndeliverableError as error:
                reasons.append((account, error.reason))
                async with self._queue("outbox: unreachable") as connection:
                    await queue.note_attempt(connection, messages, now, account.platform, error.reason)
                    await registrations.mark_unreachable(connection, account, now)
                continue
            except TryLaterError as error:
                put_off.append((account, error))
                if _may_still_come(first, error):
                    break
                continue
            except OutcomeUnknownError:
                wait = REPEAT_AFTER if account.platform in BLIND else LOOK_AGAIN
                async with self._queue("outbox: unknown") as connection:
                    await queue.mark_unknown(connection, messages, now, now + wait, account.platform)
                return
            except CannotTellError:  # it went out twice and was never heard of: there is no third time
                await self._give_up(messages, "unknown", now)
                return
            copied = (
                first.lane is Lane.DIGEST and account.platform not in ON_PAPER and await self._wants_copy(first, now)
            )
            stands = Posted(place.workspace_id, place.conversation_id, place.post_id, shown)
            sent = Sent(messages, place.platform, None if place.platform in ON_PAPER else stands, now)
            await self._marks.write(Arrived(sent, account, place.conversation_id, copied))
            return
        if put_off:
            await self._later(messages, *put_off[0], now)
            return
        reason = reasons[-1][1] if reasons else "no account"
        await self._give_up(messages, reason, now, refused=bool(reasons))

    async def _where(self, message: ClaimedMessage, now: datetime) -> list[AccountRow]:
        """The accounts of its reader, in the order in which to try them; or the room that it is for, as an account that
        is nobody's: none where that was lost or unlinked."""
        if message.kind is MessageKind.DIGEST_COPY:
            return await self._mailbox(message.district_id, message.person_id, now)
        if message.room_id is None:
            return await self._accounts(message.district_id, message.person_id, now)
        async with self._transactions, self._database.queue(write=False) as connection:
            room = await rooms.room(connection, message.district_id, message.room_id)
        if room is None or room.lost_at is not None:
            return []
        at = (room.platform, room.workspace_id, "", False, room.conversation_id, None)
        return [AccountRow(message.district_id, message.person_id, *at)]

    def _running(self) -> frozenset[Platform]:
        return frozenset(self.transports)

    def _rests(self, account: AccountRow, now: datetime) -> None:
        """Raises TryLaterError while the platform has asked for a pause in all of that workspace."""
        resting = self._resting.get((account.platform, account.workspace_id), now)
        if resting > now:
            raise TryLaterError("resting", (resting - now).total_seconds(), whole=False)

    @asynccontextmanager
    async def _by_mail(self, account: AccountRow, first: ClaimedMessage) -> AsyncIterator[None]:
        """A mail's turn; for as long as it waits and takes, what goes to a chat has its slot and its district's place."""
        place = self._places[first.district_id]
        self._slots.release()
        place.release()
        try:
            async with self._mail_slots:
                now = self._clock.now()
                self._rests(account, now)  # the one before may have found that the server is down
                if now > first.leased_until - queue.LEASE + MAILS_FOR:
                    raise TryLaterError("busy", NEXT_ROUND_S, whole=False)
                try:
                    yield
                except TryLaterError as error:  # the next one in turn is told
                    self._rest(account, error, now)
                    raise
        finally:
            await place.acquire()
            await self._slots.acquire()

    def _rest(self, account: AccountRow, error: TryLaterError, now: datetime) -> None:
        if error.after_s is not None and error.whole:
            until = now + max(timedelta(seconds=error.after_s), timedelta(seconds=1))
            self._resting[account.platform, account.workspace_id] = until

    async def _put(
        self,
        transport: Transport,
        account: AccountRow,
        first: ClaimedMessage,
        messages: Sequence[ClaimedMessage],
        card: Card,
    ) -> Place:
        to = Address(account.platform, account.workspace_id, account.user_id, account.conversation_id)
        if first.unknown_since is not None:
            try:
                found = await self._look(transport, to, first)
                if found is not None:
                    return found
            except CannotTellError:
                if first.repeated:
                    raise
                async with self._queue("outbox: repeated") as connection:
                    await queue.mark_repeated(connection, messages)
        crash.at("before outbox: send")
        place = await transport.send(to, card, delivery_id=first.id)
        crash.at("after outbox: send")
        return place

    @staticmethod
    async def _look(transport: Transport, to: Address, message: ClaimedMessage) -> Place | None:
        """Where the card of an earlier attempt stands; None where it is known not to have arrived."""
        found = await transport.find(to, delivery_id=message.id)
        if found is None and to.platform in BLIND:
            raise CannotTellError
        return found

    async def _accounts(self, district_id: DistrictId, person_id: PersonId, now: datetime) -> list[AccountRow]:
        """In the order in which to try them: what has refused us within a day comes last, then the preferred first."""
        if self._only is not None:
            return [AccountRow(district_id, person_id, self._only, district_id, person_id, True, None, None)]
        async with self._transactions, self._database.queue(write=False) as connection:
            theirs = await registrations.accounts_of(connection, district_id, person_id)
        if not any(each.platform in self.transports for each in theirs):  # nobody to be found in chat
            theirs += await self._mailbox(district_id, person_id, now)
        return sorted(theirs, key=lambda each: _has_refused(each, now))

    async def _mailbox(self, district_id: DistrictId, person_id: PersonId, now: datetime) -> list[AccountRow]:
        """The address that the district's file has for them, as an account; none where this Clearway sends no e-mail."""
        if Platform.EMAIL not in self.transports:
            return []
        async with self._open(district_id) as store:
            address = mail.address_of(store, person_id, now)
        return (
            [AccountRow(district_id, person_id, Platform.EMAIL, "", address, False, address, None)] if address else []
        )

    async def _wants_copy(self, message: ClaimedMessage, now: datetime) -> bool:
        """Whether its reader has asked for their digest by e-mail, too."""
        if Platform.EMAIL not in self.transports or message.room_id is not None:
            return False
        async with self._open(message.district_id) as store:
            reader = store.directory.people.get(message.person_id)
            return bool(reader and reader.mail_copy and mail.address_of(store, reader.id, now))

    async def _on_paper(self, messages: Sequence[ClaimedMessage], now: datetime) -> Card | None:
        """The same as a mail: without what must not leave the chat."""
        async with self._open(messages[0].district_id) as store:
            return await mail.compose(store, messages, now, self._chats())

    def _chats(self) -> frozenset[Platform]:
        """Where what stands in a mail can be answered."""
        return self._running() - ON_PAPER

    async def _later(
        self, messages: Sequence[ClaimedMessage], account: AccountRow, error: TryLaterError, now: datetime
    ) -> None:
        first = messages[0]
        if now - first.created_at > GIVE_UP_AFTER and first.attempts > 10:
            await self._give_up(messages, error.reason, now)
            return
        wait = _wait(first.attempts)
        if error.after_s is not None:
            wait = max(timedelta(seconds=error.after_s), timedelta(seconds=1))
        self._rest(account, error, now)
        async with self._queue("outbox: later") as connection:
            await queue.mark_later(connection, messages, now, now + wait, error.reason, account.platform)

    async def _give_up(
        self, messages: Sequence[ClaimedMessage], reason: str, now: datetime, *, refused: bool = False
    ) -> None:
        """It becomes a task of the coordinator; the task and the end of the message are written together.

        What a room does not take comes to who had asked for it. `refused`: the platform will never take it there.
        """
        first = messages[0]
        log.warning("outbox.undeliverable", kind=first.kind, reason=reason)
        async with self._open(first.district_id, "outbox: undeliverable") as store:
            if await queue.mark_undeliverable(store.connection, messages, now, reason):
                if first.kind is MessageKind.DIGEST_COPY:
                    pass  # they have had it in chat
                elif first.room_id:
                    await team_rooms.not_posted(store, first, now, reason if refused else "")
                else:
                    await undelivered.surface(store, messages, reason, now, running=self._running())
                registry.settle(store, now)
                await store.flush(now)

    # -- editing -----------------------------------------------------------------------------------------------------

    async def _edit_all(self, stale: Sequence[ClaimedCard]) -> None:
        """The cards of one challenge, which is read once for all of them; or one digest."""
        try:
            async with self._slots:
                drawn, version = await self._drawn(stale)
                for each in stale:
                    if each not in drawn:
                        await self._put_off(each)
            async with asyncio.TaskGroup() as group:
                edits = [(each, group.create_task(self._guarded_edit(each, *how))) for each, how in drawn.items()]
            fresh = [each for each, edit in edits if edit.result()]
            if fresh:
                async with self._slots, self._queue("card: fresh") as connection:
                    await queue.mark_fresh(connection, fresh, version)
        except Exception:  # the leases end by themselves, and it is tried again
            log.exception("card.failed", attempts=stale[0].attempts)

    async def _drawn(
        self, stale: Sequence[ClaimedCard]
    ) -> tuple[dict[ClaimedCard, tuple[Message | None, Card | None]], int | None]:
        """Each with what it should show, None where it may stay as it is; and the version that they then show.

        Left out: those of which no card can be made.
        """
        now, drawn = self._clock.now(), {}
        async with self._open(stale[0].district_id) as store:
            challenge_id = stale[0].challenge_id
            about = await compose.about(store, challenge_id) if challenge_id else None
            messages = await store.messages([each.message_id for each in stale])
            for each in stale:
                message, card = messages.get(each.message_id), None
                try:
                    if message is not None and compose.is_agenda(message):
                        card = await compose.redraw_agenda(store, message, now)
                    elif message is not None and message.kind is MessageKind.VERSION:
                        card = await compose.redraw_version(store, message, now)
                    elif challenge_id is None:
                        of_one = await store.digest_of(message) if message else []
                        card = await compose.redraw_digest(store, of_one, now)
                    elif about is not None and about.case.challenge.version != each.shown:
                        card = await compose.redraw(store, each, message, now, about)
                except Exception:  # a bug of ours in this card: a press on it is still told what is true now
                    log.exception("card.failed", attempts=each.attempts)
                    continue
                drawn[each] = message, card
        return drawn, about.case.challenge.version if about else None

    async def _put_off(self, card: ClaimedCard) -> None:
        """What no card can be made of waits longer and longer, then stays as it stands until its challenge moves."""
        async with self._queue("card: later") as connection:
            if card.attempts >= MOST_FAILURES:
                await queue.mark_fresh(connection, [card], card.shown)
            else:
                await queue.mark_stale_later(connection, card, self._clock.now() + _wait(card.attempts))

    async def _guarded_edit(self, claimed: ClaimedCard, message: Message | None, card: Card | None) -> bool:
        """Whether it shows now what it should; if not, what becomes of it is marked."""
        transport = self.transports.get(claimed.platform)
        if card is None or transport is None:
            return True
        async with self._places[claimed.district_id], self._slots:
            try:
                return await self._edit(transport, claimed, message, card)
            except Exception:  # a bug of ours
                log.exception("card.failed", attempts=claimed.attempts)
                await self._put_off(claimed)
                return False

    async def _edit(self, transport: Transport, claimed: ClaimedCard, message: Message | None, card: Card) -> bool:
        now = self._clock.now()
        place = Place(claimed.platform, claimed.workspace_id, claimed.conversation_id, claimed.post_id)
        try:
            crash.at("before card: edit")
            await transport.edit(place, card)
            crash.at("after card: edit")
        except UndeliverableError as refused:
            if refused.gone or message is None or message.room_id or claimed.attempts >= MOST_FAILURES:
                async with self._queue("card: gone") as connection:
                    await queue.forget_card(connection, claimed)
            else:
                await self._not_let_in(claimed, message.person_id, refused.reason, now)
            return False
        except (TryLaterError, OutcomeUnknownError) as error:
            after = getattr(error, "after_s", None)
            wait = timedelta(seconds=after) if after else _wait(claimed.attempts)
            async with self._queue("card: later") as connection:
                await queue.mark_stale_later(connection, claimed, now + wait)
            return False
        return True

    async def _not_let_in(self, claimed: ClaimedCard, person_id: PersonId, reason: str, now: datetime) -> None:
        """They take nothing from us there any more, as we learn when a card is edited. The card waits for them."""
        theirs = await self._accounts(claimed.district_id, person_id, now)
        async with self._queue("card: later") as connection:
            for each in theirs:
                if (each.platform, each.workspace_id) == (claimed.platform, claimed.workspace_id):
                    await registrations.mark_unreachable(connection, each, now)
            await queue.mark_stale_later(connection, claimed, now + TRIED_AGAIN_AFTER)
        async with self._open(claimed.district_id, "outbox: undeliverable") as store:
            await undelivered.surface_held(store, person_id, reason, now, running=self._running())
            registry.settle(store, now)
            await store.flush(now)


def _has_refused(account: AccountRow, now: datetime) -> bool:
    return account.unreachable_since is not None and now - account.unreachable_since < TRIED_AGAIN_AFTER


def _wait(attempts: int) -> timedelta:
    """Before the next attempt: twice as long each time, up to a limit."""
    return min(FIRST_WAIT * (1 << min(attempts, 12)), LONGEST_WAIT)


def _may_still_come(message: ClaimedMessage, error: TryLaterError) -> bool:
    """Whether to wait for this account. What may have arrived there is never sent to another."""
    soon = message.attempts <= PATIENT_TRIES and (error.after_s or 0.0) <= PATIENT_FOR_S
    return soon or message.unknown_since is not None
