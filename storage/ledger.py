"""The chain of events: each holds a keyed digest of what it says and of the one before it.

A changed, removed or swapped line breaks the chain from there on. The words of people are in it only by their own
digest, so that redacting them does not break it. Tamper-evident, not tamper-proof: who holds the key can rewrite it.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from storage.models import Event


def words_digest(key: bytes, words_id: str, words: str) -> str:
    return hmac.digest(key, f"{words_id}\n{words}".encode(), hashlib.sha256).hex()


def event_digest(key: bytes, before: str, said: Mapping[str, Any]) -> str:
    """The digest of one event. `before`: that of the event before it ("" for the first)."""
    body = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hmac.digest(key, f"{before}\n{body}".encode(), hashlib.sha256).hex()


def says(event: Event) -> dict[str, Any]:
    """What an event says, as plain values, in one spelling for every database."""
    return {
        "district": event.district_id,
        "seq": event.seq,
        "id": event.id,
        "kind": str(event.kind),
        "challenge": event.challenge_id,
        "actor": event.actor_id,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "door": str(event.door),
        "platform": str(event.platform) if event.platform else None,
        "process": event.process_id,
        "data": event.data,
        "words": event.words,
    }


def first_break(key: bytes, before: str, events: Sequence[Event]) -> Event | None:
    """The first event, in order of `seq`, whose digest is not what the chain says; None when all is whole."""
    for event in events:
        if not hmac.compare_digest(event.digest, event_digest(key, before, says(event))):
            return event
        before = event.digest
    return None
