"""What will Clearway send somebody next? It is done in advance, by the very handlers that will do it, and then undone.

So what is foretold and what is sent cannot differ, as long as nobody does anything: timers run in their order, what they
put into the outbox is planned, dropped and gathered into digests by the rules of the dispatcher. Instants are UTC.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from handlers import acts
from handlers import compose as composing
from handlers.cards import foretelling as cards
from handlers.cards.foretelling import Coming, Foretold
from handlers.request import Reply, Request
from handlers.rules import access, presence
from handlers.rules import actions as rules
from handlers.rules import routines as meetings
from handlers.telling import when
from storage import actions, occurrences, plans
from storage.directory import COACH, Person
from storage.models import ActionItem, Message, Timer
from storage.store import Store
from storage.vocabulary import Lane, MessageKind, MessageState, TimerKind

Run = Callable[[Store, Timer, datetime], Awaitable[None]]
"""Does what has fallen due."""

AHEAD: Final = timedelta(days=31)
MOST_COMING: Final = 4  # occasions, one digest each: what is further away will have changed by then
MOST_TIMERS: Final = 40
MOST_S: Final = 1.0
"""So many dates are gone through at most, for so long: somebody waits for the answer, and so does whoever wants to write."""
A_MOMENT: Final = timedelta(seconds=1)  # nothing is done on the very instant at which it falls due


@dataclass(slots=True)
class _Clock:
    """What the time is in what is imagined."""

    now: datetime

    def reach(self, due: datetime) -> datetime:
        self.now = max(self.now, due + A_MOMENT)
        return self.now


async def show(store: Store, request: Request, now: datetime, *, run: Run) -> Reply:
    """`/clearway next`: what this person will get, and when, as things are now."""
    found = await foretell(store, request.actor, now, run=run)
    return Reply(card=cards.foretold(request.voice, found))


async def foretell(store: Store, person: Person, now: datetime, *, run: Run, within_s: float = MOST_S) -> Foretold:
    """The next messages to this person, by what is known now; a store for writing, which is left as it was.

    It says how far it has looked, which is less where that takes longer than `within_s` seconds.
    """
    time = asyncio.get_running_loop().time
    ends = time() + within_s
    until, clock, coming = now + AHEAD, _Clock(now), list[Coming]()
    subjects = await _subjects(store, person, now)
    ran = 0
    async with store.imagined():
        while len(coming) < MOST_COMING:
            timer = await store.next_timer(until, subjects)
            waiting = await store.waiting(person.id)
            if waiting and (timer is None or waiting[0].send_at < timer.due_at):
                if waiting[0].send_at > until:
                    break
                coming += await _send(store, waiting, clock.reach(waiting[0].send_at))
            elif timer is None:
                break
            elif ran == MOST_TIMERS or time() > ends:
                return Foretold(tuple(coming), timer.due_at)
            else:
                ran += 1
                at = clock.reach(timer.due_at)
                async with store.savepoint(at):
                    await run(store, timer, at)
        else:
            return Foretold(tuple(coming), coming[-1].at)
    return Foretold(tuple(coming), until)


async def _subjects(store: Store, person: Person, now: datetime) -> Mapping[TimerKind, Collection[str] | None]:
    """What may bring them a message when it falls due: of most people, what they have a part in; what climbs may come to
    whoever has any authority, stands in for somebody, or is a coach. Of private plans those on which they are named, and
    of the versions of the process, none to whom does not decide about them. A routine's own timer plans what is months
    away."""
    directory, today = store.directory, acts.today(store, now)
    of_kind: dict[TimerKind, Collection[str] | None] = dict.fromkeys(set(TimerKind) - {TimerKind.ROUTINE})
    stands_in = {each.delegate_id for each in directory.absences} | {each.above_limit_id for each in directory.absences}
    watches = presence.is_executive(person) or presence.is_coordinator(directory, person.id, today)
    if not (
        watches or person.id in stands_in or access.has_authority(person, directory, today) or person.role == COACH
    ):
        of_kind[TimerKind.FOLLOW_UP] = await store.part_in(person.id)
    running = await plans.running(store.connection, store.district_id)
    named = of_kind[TimerKind.PLAN] = [each.id for each in running if person.id in each.named_ids]
    if not (watches or person.id in stands_in):
        of_kind[TimerKind.ACTION_ITEM] = await _items(store, person, named, today)
    if not presence.is_executive(person):
        of_kind[TimerKind.VERSION] = ()
    of_kind[TimerKind.DRAFT_LAPSES] = await store.drafts_of(person.id)
    if not presence.is_coordinator(directory, person.id, today):
        of_kind[TimerKind.PROPOSAL] = ()
    if not watches:
        theirs = [each.id for each in directory.routines if person.id in meetings.belong(each, directory, today)]
        rows = await occurrences.to_come(store.connection, store.district_id, theirs) if theirs else []
        of_kind[TimerKind.OCCURRENCE] = [each.id for each in rows]
    return of_kind


async def _items(store: Store, person: Person, named: Collection[str], today: date) -> list[str]:
    """The action items that they have, or answer for: of a meeting that they lead, of a private plan on which they are
    `named`, or concerning what they have a part in."""
    part = set(await store.part_in(person.id))

    def theirs(row: ActionItem) -> bool:
        if row.owner_id == person.id or row.plan_id in named or row.challenge_id in part:
            return True
        return not row.plan_id and rules.leads(row.routine_id, row.team_id, store.directory, today).id == person.id

    return [each.id for each in await actions.open_items(store.connection, store.district_id) if theirs(each)]


async def _send(store: Store, waiting: Sequence[Message], now: datetime) -> list[Coming]:
    """What the dispatcher would do now with what waits for one person."""
    due = [each for each in waiting if each.send_at <= now]
    singles = [[each] for each in due if each.lane is not Lane.DIGEST]
    digest = [each for each in due if each.lane is Lane.DIGEST]
    sent = []
    for together in (*sorted(singles, key=lambda each: each[0].created_at), *([digest] if digest else [])):
        first = together[0]
        plan = await when(store, first, now)
        if plan is not None and (plan.at > now or plan.lane is not first.lane):
            await store.set_messages(together, send_at=plan.at, lane=plan.lane)
            continue
        said = await _said(store, together, now) if plan else ()
        state = MessageState.SENT if said else MessageState.DROPPED
        await store.set_messages(together, state=state, ended_at=now)
        if said:
            sent.append(Coming(now, first.lane is Lane.DIGEST, said))
    return sent


async def _said(store: Store, together: Sequence[Message], now: datetime) -> tuple[str, ...]:
    """The lines of a digest, or the title of what comes by itself; nothing where it would be old news."""
    if together[0].kind is MessageKind.DIGEST_COPY:
        return ()
    if len(together) > 1:
        found, _ = await composing.lines(store, together, now)
        return tuple(each.text for each in found)
    card = await composing.compose(store, together[0], now)
    return (card.title,) if card else ()
