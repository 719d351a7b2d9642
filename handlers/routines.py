"""Routines as people steer them: what recurs, started and stopped.

What then falls due of them is in `occurrences`, and what is done with one occurrence in `meetings`.
"""

from datetime import datetime

from handlers import acts, occurrences
from handlers.cards import routines as cards
from handlers.cards.text import phrase
from handlers.errors import NotFoundError
from handlers.request import Reply, Request
from handlers.rules import routines as rules
from scheduling import recurrence
from storage import occurrences as rows
from storage import people
from storage.directory import Routine
from storage.store import Store
from storage.vocabulary import Kind


async def show_all(store: Store, request: Request, now: datetime) -> Reply:
    """`/clearway routines`: what recurs, when next, and whether Clearway runs it."""
    today = acts.today(store, now)
    calendar = acts.calendar(store)
    lines = []
    for each in store.directory.routines:
        if not rules.may_see(each, request.actor, store.directory, today):
            continue
        coming = await rows.to_come(store.connection, store.district_id, [each.id])
        at = next((row.starts_at for row in coming if row.starts_at > now), None)
        at = at or recurrence.next_occurrence(each, calendar, now)
        lines.append(cards.Listed(each, at, rules.may_steer(each, request.actor, store.directory, today)))
    return Reply(card=cards.all_of(request.voice, lines))


async def start(store: Store, request: Request, now: datetime) -> Reply:
    """From now on Clearway plans, prepares and asks after it."""
    routine = _steered(store, request, now)
    if isinstance(recurrence.parse(routine.rule), recurrence.Daily):
        raise acts.refuse("That is every day. Clearway runs what people meet for less often.")
    return await _run(store, request, routine, True, now)


async def stop(store: Store, request: Request, now: datetime) -> Reply:
    """Nothing of it is planned or asked any more; what is planned stands, and waits."""
    return await _run(store, request, _steered(store, request, now), False, now)


async def _run(store: Store, request: Request, routine: Routine, running: bool, now: datetime) -> Reply:
    if await rows.set_running(store.connection, store.district_id, routine.id, running):
        await people.bump_revision(store.connection, store.district_id)
        store.directory, _ = await people.load_directory(store.connection, store.district_id)
        kind = Kind.ROUTINE_STARTED if running else Kind.ROUTINE_STOPPED
        store.record(None, kind, by=request.actor.id, at=now, data={"routine": routine.id})
        routine = known(store, routine.id)
        if running:
            await occurrences.plan(store, routine, now)
            for row in await rows.to_come(store.connection, store.district_id, [routine.id]):
                occurrences.set_timer(store, routine, row, now)
    coming = await rows.to_come(store.connection, store.district_id, [routine.id])
    return Reply(card=cards.runs(request.voice, routine, [each for each in coming if each.starts_at > now][:4]))


def known(store: Store, routine_id: str) -> Routine:
    routine = store.directory.routine(routine_id)
    if routine is None:
        raise NotFoundError(phrase("There is no such routine that you can see."))
    return routine


def _steered(store: Store, request: Request, now: datetime) -> Routine:
    routine = known(store, request.item)
    if not rules.may_steer(routine, request.actor, store.directory, acts.today(store, now)):
        raise acts.refuse("Only the coordinator, an executive leader, and who leads the team can do that.")
    return routine
