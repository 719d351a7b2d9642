"""What could not be delivered becomes a visible task: the coordinator hears of it, or an executive leader."""

from datetime import datetime

from handlers import acts
from handlers.rules import presence
from handlers.telling import tell
from storage.queue import ClaimedMessage
from storage.store import Store
from storage.vocabulary import Kind, MessageKind


async def surface(store: Store, message: ClaimedMessage, reason: str, now: datetime) -> None:
    """Records that somebody could not be reached, and tells who watches over it. Nothing is told of its own failure."""
    case = await store.case(message.challenge_id) if message.challenge_id else None
    event = store.record(
        case,
        Kind.UNDELIVERABLE,
        by=None,
        at=now,
        data={"person": message.person_id, "kind": message.kind, "reason": reason},
    )
    if message.kind is MessageKind.UNDELIVERABLE:
        return
    today = acts.today(store, now)
    watcher = presence.coordinator(store.directory, today)
    if watcher.id == message.person_id:
        leader = presence.executive_leader(store.directory, today, barred=[watcher.id])
        watcher = leader or watcher
    tell(store, [watcher.id], MessageKind.UNDELIVERABLE, event, now, case=case, item=message.person_id)
