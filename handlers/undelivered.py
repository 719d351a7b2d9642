"""Whom no message reaches any more: that is a visible task of the coordinator, or of an executive leader."""

from collections.abc import Collection, Sequence
from datetime import datetime

from handlers import acts
from handlers.rules import presence
from handlers.telling import tell
from storage import people
from storage.case import Case
from storage.queue import ClaimedMessage
from storage.store import Store
from storage.vocabulary import ChallengeId, Kind, MessageKind, PersonId


async def surface(store: Store, messages: Sequence[ClaimedMessage], reason: str, now: datetime) -> None:
    """Records which messages to one person could not be delivered, and tells who watches over it.

    Where no account of theirs takes anything any more, so does all that they hold. Nothing is told of its own failure.
    """
    told: set[ChallengeId] = set()
    for each in messages:
        case = await store.case(each.challenge_id) if each.challenge_id else None
        _record(store, case, each.person_id, reason, now, kind=each.kind)
        if case is not None and each.kind is not MessageKind.UNDELIVERABLE:
            told.add(case.id)
    person_id = messages[0].person_id
    since = await people.out_of_reach_since(store.connection, store.district_id, person_id)
    if since is not None:
        await surface_held(store, person_id, reason, now, since=since, but=told)


async def surface_held(
    store: Store, person_id: PersonId, reason: str, now: datetime, *, since: datetime, but: Collection[ChallengeId] = ()
) -> int:
    """The same for every open challenge with somebody who is out of reach, once for each; returns how many they hold.

    `since`: when they were last heard to be in reach; what was told after it is not told again.
    """
    held = await store.cases(await store.open_with(person_id))
    for case in held:
        if case.id not in but and not await _is_told(store, case, person_id, since):
            _record(store, case, person_id, reason, now)
    return len(held)


async def surface_nothing_held(store: Store, person_id: PersonId, reason: str, now: datetime) -> None:
    """Somebody is out of reach who holds nothing at the moment."""
    _record(store, None, person_id, reason, now)


async def _is_told(store: Store, case: Case, person_id: PersonId, since: datetime) -> bool:
    return any(
        event.kind is Kind.UNDELIVERABLE and event.data.get("person") == person_id and event.at >= since
        for event in await store.history(case.id)
    )


def _record(
    store: Store, case: Case | None, person_id: PersonId, reason: str, now: datetime, *, kind: MessageKind | str = ""
) -> None:
    data = {"person": person_id, "kind": kind, "reason": reason}
    event = store.record(case, Kind.UNDELIVERABLE, by=None, at=now, data=data)
    if kind is MessageKind.UNDELIVERABLE:
        return
    today = acts.today(store, now)
    watcher = presence.coordinator(store.directory, today)
    if watcher.id == person_id:
        watcher = presence.executive_leader(store.directory, today, barred=[person_id]) or watcher
    tell(store, [watcher.id], MessageKind.UNDELIVERABLE, event, now, case=case, item=person_id)
