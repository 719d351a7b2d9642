"""What moves a challenge: to an owner, up the ladder, to its end, back open. Each writes its event and tells people.

Handlers, the follow-up and the audit's repairs all move challenges by these, so that there is one way for each.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from handlers import acts
from handlers.cards.text import Phrase, phrase, to_json
from handlers.rules import cadence, lifecycle, routing
from handlers.rules.lifecycle import Move
from handlers.telling import tell, tell_rooms
from scheduling.recurrence import team_of
from storage.case import Case
from storage.models import Event, Helper
from storage.store import Store
from storage.vocabulary import (
    WORKING,
    Authority,
    Field,
    Kind,
    MessageKind,
    Outcome,
    PersonId,
    Rung,
    Scope,
    Status,
    Urgency,
)

NO_CHANGES: Final[Mapping[str, Any]] = MappingProxyType({})
FRESH: Final[dict[str, Any]] = {
    "taken_at": None,
    "owner_acted_at": None,
    "understood_at": None,
    "understood_by_id": None,
    "unanswered": 0,
    "prompted_at": None,
    "asked_at": None,
    "asked_times": 0,
    "review_on": None,
}
"""How a challenge stands for somebody who has only just been given it."""
RAISED: Final = frozenset({Rung.EXECUTIVE_LEADER, Rung.SUPERINTENDENT})
"""On these rungs it has come up to whoever leads it, and does not go down again."""


def facts_of(case: Case, changes: Mapping[str, Any] = NO_CHANGES) -> routing.Facts:
    """What routing looks at, with what is about to change.

    Whom it is about is barred, who said "not mine", and who asks for money, for that money.
    """

    def now(name: str) -> Any:
        return changes.get(name, getattr(case.challenge, name))

    barred = {PersonId(each) for each in now("refused_ids")}
    if now("conduct_of_id"):
        barred.add(now("conduct_of_id"))
    if now("amount_usd"):
        barred |= {each.person_id for each in case.reporters}
    return routing.Facts(
        now("type"),
        now("scope"),
        now("school_id"),
        tuple(now("tags")),
        now("amount_usd"),
        now("urgency"),
        frozenset(barred),
    )


def stays_in_school(facts: routing.Facts, route: routing.Route) -> bool:
    """The school first, then the district (R-03); what is urgent does not wait for that."""
    return facts.scope is Scope.SCHOOL and facts.urgency is not Urgency.HIGH and not route.is_triage


def send(
    store: Store,
    case: Case,
    kind: Kind,
    now: datetime,
    *,
    by: PersonId | None,
    said: Mapping[Field, str] | None = None,
    because: Phrase | None = None,
    **changes: Any,
) -> Event:
    """Sends a challenge to whoever has the authority now, by its facts (with these changes), its version of the
    process and today's people. `because`: why it moves at all, where the reason of the process does not say so."""
    directory = store.directory
    version = directory.version(case.challenge.process_id)
    facts = facts_of(case, changes)
    route = routing.route(facts, directory, version, acts.today(store, now))
    aware = changes.get("dit_aware_at", case.challenge.dit_aware_at)
    move = Move.ASSIGN
    if route.is_triage:
        move = Move.TO_TRIAGE
    elif aware is None and stays_in_school(facts, route) and case.challenge.status is not Status.DECLINED:
        move = Move.TO_SCHOOL
    return give(
        store,
        case,
        kind,
        now,
        by=by,
        said=said,
        owner_id=route.owner_id,
        authority=route.authority,
        reason=phrase("{why}. {then}", why=because, then=route.reason) if because else route.reason,
        move=move,
        informed=route.inform,
        **changes,
        venue=route.venue,
        outside_id=route.outside_id,
        rung=route.rung,
    )


def pass_on(store: Store, case: Case, now: datetime, *, why: Phrase) -> bool:
    """Past a lead who cannot act, to whoever may: by the process, or up the ladder where it has come up already.

    False, and nothing is written, where nobody else is there: then it stays, and is looked at again.
    """
    challenge, directory = case.challenge, store.directory
    version = directory.version(challenge.process_id)
    today, facts = acts.today(store, now), facts_of(case)
    if challenge.rung in RAISED and is_unsettled(challenge.status):
        up = routing.next_up(challenge.rung, challenge.owner_id, directory, version, today, barred=facts.barred)
        if up.lead_id != challenge.owner_id:
            climb(store, case, now, by=None, why=why)
            return True
        if routing.holds_authority(facts, challenge.owner_id, challenge.authority, directory, version, today):
            return False
    route = routing.route(facts, directory, version, today)
    if (route.owner_id, route.authority) == (challenge.owner_id, challenge.authority):
        return False
    # Where the row names whoever cannot act, the reason of the process says so itself.
    because = None if challenge.authority is Authority.MATRIX else why
    send(store, case, Kind.REPAIRED, now, by=None, because=because)
    return True


def give(
    store: Store,
    case: Case,
    kind: Kind,
    now: datetime,
    *,
    by: PersonId | None,
    owner_id: PersonId,
    authority: Authority,
    reason: Phrase,
    move: Move = Move.ASSIGN,
    said: Mapping[Field, str] | None = None,
    informed: tuple[PersonId, ...] = (),
    **changes: Any,
) -> Event:
    """Gives a challenge to a named person, with the reason in words; they, and its reporters, are told."""
    challenge = case.challenge
    same = challenge.owner_id == owner_id and challenge.authority is authority
    told_before = {PersonId(each) for each in challenge.informed_ids}
    aware = changes.get("dit_aware_at", challenge.dit_aware_at)
    if challenge.authority is Authority.TRIAGE is authority and challenge.status is Status.REPORTED:
        # Whoever sorts it instead has the date that it came with, and reads of it today already.
        changes = {"owned_since": challenge.owned_since, "prompted_at": now} | changes
    given = {
        "status": lifecycle.after(challenge.status, move),
        "owner_id": owner_id,
        "authority": authority,
        "why": to_json(reason),
        "owned_since": now,
        "informed_ids": sorted(told_before | set(informed)),
    }
    event = store.record(
        case,
        kind,
        by=by,
        at=now,
        said=said,
        data={"to": owner_id, "authority": authority, "why": to_json(reason), "informed": list(informed)},
        **(FRESH | given | changes | {"dit_aware_at": aware if move is Move.TO_SCHOOL else aware or now}),
    )
    if not same or authority is not Authority.TRIAGE:
        kind_told = MessageKind.TRIAGE if authority is Authority.TRIAGE else MessageKind.ASSIGNMENT
        tell(store, [owner_id], kind_told, event, now, case=case)
    newly = [each for each in informed if each not in told_before | {owner_id}]
    tell(store, newly, MessageKind.INFORM, event, now, case=case)
    tell(store, [each.person_id for each in case.reporters], MessageKind.UPDATE, event, now, case=case)
    return event


def climb(
    store: Store,
    case: Case,
    now: datetime,
    *,
    by: PersonId | None,
    why: Phrase,
    said: Mapping[Field, str] | None = None,
    **also: Any,
) -> Event:
    """One rung up the ladder, never to nobody (R-25): whoever is above hears the history, and it stays dated."""
    challenge = case.challenge
    directory = store.directory
    version = directory.version(challenge.process_id)
    up = routing.next_up(
        challenge.rung,
        challenge.owner_id,
        directory,
        version,
        acts.today(store, now),
        barred=facts_of(case, also).barred,
    )
    reason = phrase("{why}; {then}.", why=why, then=up.reason)
    changes: dict[str, Any] = {"rung": up.rung, "unanswered": 0, "prompted_at": now} | also
    moved = up.lead_id != challenge.owner_id
    former = challenge.owner_id
    if moved:
        changes |= FRESH | {
            "owner_id": up.lead_id,
            "authority": Authority.EXECUTIVE,
            "why": to_json(reason),
            "owned_since": now,
            "dit_aware_at": challenge.dit_aware_at or now,
        }
        if challenge.status in WORKING:
            changes["status"] = lifecycle.after(challenge.status, Move.ASSIGN)
    added = []
    if up.brought_in_id and not case.has_helper(up.brought_in_id):
        added = [f"helper:{up.brought_in_id}"]
        case.helpers.append(
            store.add(
                Helper(district_id=store.district_id, challenge_id=case.id, person_id=up.brought_in_id, since=now)
            )
        )
    event = store.record(
        case,
        Kind.ESCALATED,
        by=by,
        at=now,
        said=said,
        data={"to": up.lead_id, "with": up.brought_in_id, "why": to_json(reason), "added": added},
        **changes,
    )
    above = [up.lead_id] if moved else []
    tell(
        store,
        [*above, *([up.brought_in_id] if up.brought_in_id else [])],
        MessageKind.ESCALATION,
        event,
        now,
        case=case,
    )
    if moved:
        tell(store, [former], MessageKind.UPDATE, event, now, case=case)
    tell(store, [each.person_id for each in case.reporters], MessageKind.UPDATE, event, now, case=case)
    return event


def climb_for_authority(store: Store, case: Case, now: datetime, *, by: PersonId | None, why: Phrase) -> None:
    """One level of authority up: past the coordinator's rung, where the owner would stay (invariant 4)."""
    before = case.challenge.owner_id, case.challenge.rung
    climb(store, case, now, by=by, why=why)
    if case.challenge.owner_id == before[0] and case.challenge.rung is not before[1]:
        climb(store, case, now, by=by, why=why)


def tell_involved(store: Store, case: Case, event: Event, now: datetime, *, also: Iterable[PersonId] = ()) -> None:
    """One line to everybody who is part of it: reporters, owner, helpers, the owners of open steps, those informed."""
    people = [
        *also,
        *(each.person_id for each in case.reporters),
        case.challenge.owner_id,
        *(each.person_id for each in case.helpers),
        *(each.owner_id for each in case.open_steps),
        *(PersonId(each) for each in case.challenge.informed_ids),
    ]
    tell(store, people, MessageKind.UPDATE, event, now, case=case)


def close(
    store: Store,
    case: Case,
    outcome: Outcome,
    now: datetime,
    *,
    by: PersonId | None,
    said: Mapping[Field, str] | None = None,
) -> Event:
    """Closes a challenge, confirmed or not; the two are counted apart (invariant 4)."""
    move = Move.CONFIRM if outcome is Outcome.CONFIRMED else Move.CLOSE
    event = store.record(
        case,
        Kind.CLOSED,
        by=by,
        at=now,
        said=said,
        status=lifecycle.after(case.challenge.status, move),
        outcome=outcome,
        closed_at=case.challenge.closed_at or now,  # a yes that comes after it was closed does not move the day
    )
    tell_involved(store, case, event, now)
    if outcome is Outcome.CONFIRMED:
        team = team_of(case.challenge.venue, case.challenge.school_id, store.directory)
        tell_rooms(store, team.id if team else None, event, now, case=case)
    return event


def reopen(store: Store, case: Case, now: datetime, *, by: PersonId | None, refusals: int | None = None) -> Event:
    """Back to its owner; everybody will be asked again when it is resolved anew. `refusals`: with this "no"."""
    challenge = case.challenge
    calendar = acts.calendar(store)
    again = cadence.decide_by(
        challenge.urgency, challenge.school_id, store.directory, acts.process_of(store, case), calendar, now
    )
    event = store.record(
        case,
        Kind.REOPENED,
        by=by,
        at=now,
        also=ask_anew(case),
        status=lifecycle.after(challenge.status, Move.REOPEN),
        outcome=None,
        closed_at=None,
        resolved_at=None,
        decision_asked_at=None,
        decide_by=again,
        owned_since=now,
        refusals=challenge.refusals if refusals is None else refusals,
        **FRESH,
    )
    tell(store, [challenge.owner_id], MessageKind.ASSIGNMENT, event, now, case=case)
    tell(store, [each.person_id for each in case.reporters], MessageKind.UPDATE, event, now, case=case)
    return event


def ask_anew(case: Case) -> list[tuple[Any, dict[str, Any]]]:
    """The reporters' answers and asks, wiped for the next round; the history keeps the former ones."""
    blank: dict[str, Any] = {
        "answer": None,
        "answered_at": None,
        "asked_at": None,
        "reminded_at": None,
        "colleague_id": None,
        "colleague_asked_at": None,
    }
    return [(each, blank) for each in case.reporters]


def is_unsettled(status: Status) -> bool:
    """Somebody is to sort it or to work on it."""
    return status in WORKING or status is Status.REPORTED
