"""Whom no message reaches any more: that is a visible task of the coordinator, or of an executive leader."""

from collections.abc import Collection, Sequence
from datetime import datetime

from handlers import acts
from handlers.rules import presence
from handlers.telling import tell
from storage import people
from storage.case import Case
from storage.directory import Person
from storage.queue import ClaimedMessage, is_told_of
from storage.store import Store
from storage.vocabulary import ChallengeId, Kind, Lane, MessageKind, PersonId, Platform


async def surface(
    store: Store, messages: Sequence[ClaimedMessage], reason: str, now: datetime, *, running: Collection[Platform]
) -> None:
    """Records which messages to one person could not be delivered, and tells who watches over it.

    Where no account of theirs takes anything any more, all that they hold surfaces. Nothing is told of its own failure,
    nor again at each meeting of somebody whom nothing reaches. `running`: the platforms that this Clearway is on.
    """
    told: set[ChallengeId] = set()
    watcher = _watcher(store, messages[0].person_id, now)
    known = await is_told_of(store.connection, store.district_id, watcher.id, messages[0].person_id)
    for each in messages:
        case = await store.case(each.challenge_id) if each.challenge_id else None
        of_meeting = each.kind is MessageKind.OCCURRENCE
        _record(store, case, each.person_id, reason, now, kind=each.kind, silent=known and of_meeting)
        known = True
        if case is not None and each.kind is not MessageKind.UNDELIVERABLE:
            told.add(case.id)
    await surface_held(store, messages[0].person_id, reason, now, running=running, but=told)


async def surface_held(
    store: Store,
    person_id: PersonId,
    reason: str,
    now: datetime,
    *,
    running: Collection[Platform],
    but: Collection[ChallengeId] = (),
    even_none: bool = False,
) -> None:
    """Where no account of theirs takes anything any more: every open challenge that they hold surfaces, once.

    `even_none`: that they are out of reach is told also where they hold nothing.
    """
    since = await people.out_of_reach_since(store.connection, store.district_id, person_id, running)
    if since is None:
        return
    held = await store.cases(await store.open_with(person_id))
    for case in held:
        if case.id not in but and not await _is_told(store, case, person_id, since):
            _record(store, case, person_id, reason, now)
    if even_none and not held:
        _record(store, None, person_id, reason, now)


async def _is_told(store: Store, case: Case, person_id: PersonId, since: datetime) -> bool:
    return any(
        event.kind is Kind.UNDELIVERABLE and event.data.get("person") == person_id and event.at >= since
        for event in await store.history(case.id)
    )


def _watcher(store: Store, person_id: PersonId, now: datetime) -> Person:
    """Who is told that somebody is out of reach: the coordinator; of the coordinator, an executive leader."""
    today = acts.today(store, now)
    watcher = presence.coordinator(store.directory, today)
    if watcher.id == person_id:
        watcher = presence.executive_leader(store.directory, today, barred=[person_id]) or watcher
    return watcher


def _record(
    store: Store, case: Case | None, person_id: PersonId, reason: str, now: datetime, *,
    kind: MessageKind | str = "", silent: bool = False,
) -> None:  # fmt: skip
    """`silent`: it stands in the history, and who watches over it knows already."""
    data = {"person": person_id, "kind": kind, "reason": reason}
    event = store.record(case, Kind.UNDELIVERABLE, by=None, at=now, data=data)
    if kind is MessageKind.UNDELIVERABLE or silent:
        return
    watcher = _watcher(store, person_id, now)
    lane = Lane.DIGEST if kind in {MessageKind.INFORM, MessageKind.UPDATE} else None  # nobody waits for what it told
    tell(store, [watcher.id], MessageKind.UNDELIVERABLE, event, now, case=case, item=person_id, lane=lane)
