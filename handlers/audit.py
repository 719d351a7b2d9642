"""The promises, checked on the live record (design §1): what is broken is mended where it can be, and named.

`clearway audit` runs it on demand, the heartbeat all the time. It reads what is open, in pages; a closed challenge can
break no promise but those of the history, which `check_history` reads from where it stopped.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from handlers import acts, followups, moves
from handlers.cards.text import Who, phrase
from handlers.rules import presence, routing
from handlers.telling import tell
from storage import audit
from storage.leases import LEASE
from storage.models import Challenge
from storage.store import Store
from storage.vocabulary import ENDED, ChallengeId, Kind, MessageKind, PersonId, Status

PAGE = 200  # challenges read at a time


@dataclass(frozen=True, slots=True)
class Breach:
    """One promise that does not hold."""

    district_id: str
    promise: str
    """Which of the invariants: "owned", "dated", "late" (dated, but not acted upon), "confirmed", "history"."""
    number: int | None
    says: str
    challenge_id: ChallengeId | None = None

    def __str__(self) -> str:
        about = f" challenge {self.number}:" if self.number is not None else ""
        return f"{self.district_id}: {self.promise}:{about} {self.says}"


async def check(store: Store, now: datetime, *, heart_fresh: bool) -> AsyncIterator[Breach]:
    """Every promise of this district that does not hold now. `heart_fresh`: whether the loops have been running."""
    async for row in audit.open_challenges(store.connection, store.district_id, PAGE):
        for says in owned(store, row, now):
            yield Breach(store.district_id, "owned", row.number, says, row.id)
        if row.timer_at is None:
            yield Breach(store.district_id, "dated", row.number, "it has no timer", row.id)
        elif heart_fresh and row.timer_at + 2 * LEASE < now:
            says = f"its timer has been overdue since {row.timer_at.isoformat(timespec='minutes')}"
            yield Breach(store.district_id, "late", row.number, says, row.id)
    async for ended in audit.wrongly_ended(store.connection, store.district_id):
        yield Breach(
            store.district_id,
            "confirmed",
            ended.number,
            "closed as confirmed, but a reporter has not said yes",
            ended.id,
        )


def owned(store: Store, row: audit.Open | Challenge, now: datetime) -> list[str]:
    """Invariant 1, of one open challenge."""
    directory = store.directory
    today = acts.today(store, now)
    owner = directory.people.get(row.owner_id)
    if owner is None:
        return ["its owner is not in the directory"]
    if not presence.is_active(directory, row.owner_id, today):
        return [f"its owner ({row.owner_id}) is not active in the district"]
    if row.owner_id == row.conduct_of_id:
        return ["its owner is the one it is about"]
    if row.status in {Status.RESOLVED, Status.AWAITING_CONFIRMATION}:
        return []
    facts = routing.Facts(
        row.type,
        row.scope,
        row.school_id,
        tuple(row.tags),
        row.amount_usd,
        row.urgency,
        frozenset(PersonId(each) for each in row.refused_ids),
    )
    version = directory.version(row.process_id)
    if not routing.holds_authority(facts, row.owner_id, row.authority, directory, version, today):
        return [f"its owner ({row.owner_id}) holds no authority for it ({row.authority})"]
    return []


async def mend(store: Store, breach: Breach, now: datetime) -> bool:
    """Puts one breach right where it can be: a missing timer is set, a missing owner found. True when it was.

    A timer that is there and late is not mended by setting it anew: whatever keeps it from running must be seen.
    """
    case = await store.case(breach.challenge_id) if breach.challenge_id else None
    if case is None or case.challenge.status in ENDED:
        return False
    if breach.promise == "owned":
        if not owned(store, case.challenge, now):
            return True  # somebody was quicker
        why = phrase("{who} has no authority for it any more", who=Who(case.challenge.owner_id))
        return followups.mend_owner(store, case, now) or moves.pass_on(store, case, now, why=why)
    if breach.promise == "dated":
        store.record(case, Kind.REPAIRED, by=None, at=now, data={"promise": "dated", "to": case.challenge.owner_id})
        return True
    return False


async def report(store: Store, breach: Breach, now: datetime) -> None:
    """Tells the coordinator what could not be mended."""
    case = await store.case(breach.challenge_id) if breach.challenge_id else None
    event = store.record(case, Kind.REPAIRED, by=None, at=now, data={"promise": breach.promise, "mended": False})
    who = presence.coordinator(store.directory, acts.today(store, now))
    tell(store, [who.id], MessageKind.BREACH, event, now, case=case)


Mark = tuple[int, str]
"""How far the history was found whole: the number of a line, and its digest."""

BEGINNING: Final[Mark] = (0, "")


async def check_history(store: Store, since: Mark = BEGINNING) -> tuple[Breach | None, Mark]:
    """The chain of events from where a former check ended, and that nothing is missing at its end.

    The first break, or None; and how far it is whole.
    """
    last, before = since
    head = await audit.head(store.connection, store.district_id)  # read first: others may write on meanwhile
    async for page in audit.events_after(store.connection, store.district_id, last, head[0]):
        broken = store.first_break(before, page)
        if broken is not None:
            says = f"the chain of events breaks at line {broken.seq}"
            return Breach(store.district_id, "history", None, says), (last, before)
        last, before = page[-1].seq, page[-1].digest
    if (last, before) != head:
        return Breach(store.district_id, "history", None, f"lines are missing after line {last}"), BEGINNING
    return None, (last, before)
