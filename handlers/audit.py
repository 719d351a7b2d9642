"""The promises, checked on the live record (design §1): what is broken is mended where it can be, and named.

`clearway audit` runs it on demand, the heartbeat all the time. It reads what is open, in pages; a closed challenge can
break no promise but those of the history, which `check_history` reads whole, or from where it stopped.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final

from handlers import actions, acts, followups, moves, plans
from handlers.cards.text import Who, phrase
from handlers.rules import cadence, presence, routing
from handlers.telling import tell
from storage import audit, versions
from storage import plans as private
from storage.leases import LEASE
from storage.models import Challenge, Event
from storage.store import Store, plain
from storage.vocabulary import ENDED, ChallengeId, Kind, MessageKind, Outcome, PersonId, Status, TimerKind

PAGE = 200  # challenges read at a time
LATE: Final = 2 * LEASE  # what falls due is done in this time, also where whoever had it has died


FARTHEST: Final = cadence.A_YEAR + timedelta(days=120)
"""No date is later: the latest that a form takes, and a summer."""


class NotMendedError(Exception):
    """A breach that cannot be put right here: whatever was tried is to leave no trace."""


@dataclass(frozen=True, slots=True)
class Breach:
    """One promise that does not hold."""

    district_id: str
    promise: str
    """Which of the invariants: "owned", "dated", "late" (dated, but not acted upon), "answered" (to be told, and not),
    "confirmed", "runs" (routines, versions of the process), "agreed" (action items), "history"; or "checked", where the
    audit itself fails."""
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
        elif row.timer_at != row.next_at or row.timer_at > now + FARTHEST:
            says = (
                f"its timer is at {row.timer_at.isoformat(timespec='minutes')}, which is not when it is to be looked at"
            )
            yield Breach(store.district_id, "dated", row.number, says, row.id)
        elif heart_fresh and row.timer_at + LATE < now:
            says = f"its timer has been overdue since {row.timer_at.isoformat(timespec='minutes')}"
            yield Breach(store.district_id, "late", row.number, says, row.id)
    async for step in audit.step_owners(store.connection, store.district_id):
        if not presence.is_active(store.directory, step.owner_id, acts.today(store, now)):
            says = f"a step is with somebody ({step.owner_id}) who is not active in the district"
            yield Breach(store.district_id, "owned", step.number, says, step.id)
    waiting, since = await audit.waiting(store.connection, store.district_id, now - LATE, now)
    if heart_fresh and since is not None:
        says = f"messages ({waiting}) were to be sent and have not been, the first since {since.isoformat(timespec='minutes')}"
        yield Breach(store.district_id, "answered", None, says)
    for kind, about in await audit.routines_without_dates(store.connection, store.district_id):
        yield Breach(store.district_id, "runs", None, f"the {kind} {about} has no timer")
    for version_id in await versions.without_a_timer(store.connection, store.district_id):
        yield Breach(store.district_id, "runs", None, f"the version {version_id} waits for approval and has no timer")
    for says in [each async for each in _of_items(store, now)]:
        yield Breach(store.district_id, "agreed", None, says)
    async for ended in audit.wrongly_ended(store.connection, store.district_id):
        says = "closed as confirmed, but a reporter has not said yes"
        if ended.outcome is Outcome.NOT_CONFIRMED:
            says = "closed as not confirmed, but a silent reporter has not had every ask"
        yield Breach(store.district_id, "confirmed", ended.number, says, ended.id)


async def _of_items(store: Store, now: datetime) -> AsyncIterator[str]:
    """Every open action item has an active owner and a date."""
    today = acts.today(store, now)
    for item_id, owner_id in await audit.item_owners(store.connection, store.district_id):
        if not presence.is_active(store.directory, owner_id, today):
            yield f"the action item {item_id} is with somebody ({owner_id}) who is not active in the district"
    for item_id in await audit.items_without_dates(store.connection, store.district_id):
        yield f"the action item {item_id} has no timer"
    for plan_id in await private.without_timer(store.connection, store.district_id):
        yield f"the plan {plan_id} has no timer"


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


async def mend(store: Store, breach: Breach, now: datetime) -> None:
    """Puts one breach right where it can be: a missing timer is set, a missing owner found. Else NotMendedError.

    A timer that is there and late is not mended by setting it anew: whatever keeps it from running must be seen.
    """
    if breach.promise == "runs":
        for kind, about in await audit.routines_without_dates(store.connection, store.district_id):
            store.set_timer(kind, about, now)
        for version_id in await versions.without_a_timer(store.connection, store.district_id):
            store.set_timer(TimerKind.VERSION, version_id, now)
        return
    if breach.promise == "agreed":
        await plans.mend_all(store, now)
        await actions.mend_all(store, now)
        owners = await audit.item_owners(store.connection, store.district_id)
        if not all(presence.is_active(store.directory, each, acts.today(store, now)) for _, each in owners):
            raise NotMendedError
        return
    case = await store.case(breach.challenge_id) if breach.challenge_id else None
    if case is None or case.challenge.status in ENDED:
        raise NotMendedError
    match breach.promise:
        case "owned":
            why = phrase("{who} has no authority for it any more", who=Who(case.challenge.owner_id))
            if owned(store, case.challenge, now) and not followups.mend_owner(store, case, now):
                moves.pass_on(store, case, now, why=why)
            followups.mend_steps(store, case, now)
            if owned(store, case.challenge, now) or followups.left_steps(store, case, now):
                raise NotMendedError
        case "dated":
            store.record(case, Kind.REPAIRED, by=None, at=now, data={"promise": "dated", "to": case.challenge.owner_id})
        case _:
            raise NotMendedError


async def report(store: Store, breach: Breach, now: datetime) -> None:
    """Tells the coordinator what could not be mended; once a day, until it is, whoever finds it."""
    case = await store.case(breach.challenge_id) if breach.challenge_id else None
    calendar = acts.calendar(store)
    today = calendar.today(now)
    midnight = calendar.at(today, time(0))
    if await audit.was_told(store.connection, store.district_id, breach.promise, breach.challenge_id, midnight):
        return
    event = store.record(case, Kind.REPAIRED, by=None, at=now, data={"promise": breach.promise, "mended": False})
    who = presence.coordinator(store.directory, today)
    tell(store, [who.id], MessageKind.BREACH, event, now, case=case)


# -------------------------------------------------------------------------------------------------------- the history

Mark = tuple[int, str]
"""How far the history was found whole: the number of a line, and its digest."""

BEGINNING: Final[Mark] = (0, "")
STANDS: Final = ("status", "outcome", "owner_id", "authority", "visibility")
"""The columns of a challenge that are compared with what its history says."""
UNTOUCHED: Final = {"outcome": None, "visibility": "open"}
"""How they stand before the history says otherwise; the line of the report has the others."""


@dataclass(slots=True)
class Told:
    """What the history has told so far, as it was read line by line."""

    district_id: str
    stands: dict[ChallengeId, dict[str, object]] = field(default_factory=dict)
    """How each challenge stands after what was read of it."""
    gone: set[str] = field(default_factory=set)
    """The words of which only a digest is left."""
    redacted: set[str] = field(default_factory=set)
    """The words that were taken out by a recorded act."""

    def hear(self, event: Event) -> Iterator[Breach]:
        """One more line; where it begins from another state than the lines before it left, something was changed."""
        if event.kind is Kind.REDACTED:
            self.redacted.update(event.data.get("redacted", ()))
        if event.challenge_id is None:
            return
        changes = event.data.get("changes", {}).get("challenge", {})
        stands = self.stands.setdefault(event.challenge_id, {})
        if event.kind is Kind.REPORTED and "stands" in event.data:
            stands.update(UNTOUCHED | event.data["stands"])
        for name in STANDS:
            if name in changes:
                before, after = changes[name]
                if stands.get(name, before) != before:
                    says = (
                        f"line {event.seq} begins with {name} {before}, and the lines before it end with {stands[name]}"
                    )
                    yield Breach(self.district_id, "history", None, says, event.challenge_id)
                stands[name] = after


async def check_history(store: Store, since: Mark = BEGINNING) -> tuple[list[Breach], Mark]:
    """The history from where a former check ended: nothing was changed, swapped or taken out, nothing is missing at its
    end, the words are the ones that were said, and the challenges stand as it says.

    What is broken, and how far it is whole. A broken chain ends the reading.
    """
    told = Told(store.district_id)
    found: list[Breach] = []
    last, before = since
    head = await audit.head(store.connection, store.district_id)  # read first: others may write on meanwhile
    async for page in audit.events_after(store.connection, store.district_id, last, head[0]):
        broken = store.first_break(before, page)
        if broken is not None:
            says = f"the chain of events breaks at line {broken.seq}"
            return [*found, Breach(store.district_id, "history", None, says)], (last, before)
        found += await _said_otherwise(store, page, told)
        found += [breach for event in page for breach in told.hear(event)]
        last, before = page[-1].seq, page[-1].digest
    if (last, before) != head:
        return [*found, Breach(store.district_id, "history", None, f"lines are missing after line {last}")], BEGINNING
    if unexplained := told.gone - told.redacted:
        says = f"words ({len(unexplained)}) were taken out, and no recorded act says so"
        found.append(Breach(store.district_id, "history", None, says))
    found += [each async for each in _stand_otherwise(store, told, head[0])]
    return found, (last, before)


async def _said_otherwise(store: Store, page: Sequence[Event], told: Told) -> list[Breach]:
    """Words that are not what was said: of another text, author or challenge, or no longer there."""
    found = []
    words = await audit.words_named(
        store.connection, store.district_id, {each for event in page for each in event.words}
    )
    for event in page:
        for words_id, digest in event.words.items():
            row = words.get(words_id)
            if row is not None and row.text is None:
                told.gone.add(words_id)
            elif (
                row is None
                or store.digest(row) != digest
                or (row.challenge_id, row.author_id) != (event.challenge_id, event.data.get("author", event.actor_id))
            ):
                says = f"the words of line {event.seq} are not what was said"
                found.append(Breach(store.district_id, "history", None, says, event.challenge_id))
    return found


async def _stand_otherwise(store: Store, told: Told, last: int) -> AsyncIterator[Breach]:
    """Challenges that stand otherwise than their history, read up to line `last`, says."""
    known = list(told.stands)
    for start in range(0, len(known), PAGE):
        ids = known[start : start + PAGE]
        rows = await audit.as_they_stand(store.connection, store.district_id, ids)
        for each in ids:
            row, stands = rows.get(each), told.stands[each]
            differs = [name for name, value in stands.items() if row and plain(getattr(row, name)) != value]
            if row is not None and not differs:
                continue
            if await audit.has_moved(store.connection, store.district_id, each, last):
                continue  # while it was read; the next reading sees it
            says = (
                f"its {', '.join(differs)} was changed without a line of history" if row else "it is not there any more"
            )
            yield Breach(store.district_id, "history", row.number if row else None, says, each)
