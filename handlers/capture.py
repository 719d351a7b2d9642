"""The one way into the log: a report is recorded and routed, and whom it concerns is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handlers import acts, moves
from handlers.cards.text import phrase, to_json
from handlers.errors import FormError
from handlers.request import Request
from handlers.rules import cadence, presence, routing
from handlers.telling import tell
from storage.case import Case
from storage.directory import Person
from storage.models import Challenge, Event, Reporter, Words
from storage.process import Process
from storage.store import Store
from storage.vocabulary import (
    ChallengeId,
    Door,
    Field,
    Kind,
    Lane,
    MessageKind,
    Origin,
    PersonId,
    SchoolId,
    Scope,
    Status,
    Urgency,
    new_id,
)


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody reports, whatever the door: words, and what they chose to say besides."""

    what: str
    affected: str = ""
    tried: str = ""
    type: str | None = None
    scope: Scope | None = None
    school_id: SchoolId | None = None
    tags: tuple[str, ...] = ()
    urgency: Urgency = Urgency.MEDIUM
    amount_usd: int | None = None
    confidential: bool = False
    link: str = ""


def read_report(store: Store, request: Request, texts: Mapping[str, str], process: Process | None = None) -> Report:
    """The form's fields as a report; FormError beside each one that needs another look.

    `process`: the rules that the challenge runs under; those in force for a new one.
    """
    process = process or store.directory.in_force.process
    fields = request.fields
    if not texts["what"]:
        raise FormError({"what": phrase("Please say in a sentence what is in the way.")})
    for name, text in texts.items():
        if len(text) > acts.MOST:
            raise FormError({name: acts.too_long(text)})
    type_ = str(fields.get("type") or "")
    school = SchoolId(str(fields.get("school") or ""))
    if type_ and type_ not in process.types:
        raise FormError({"type": acts.NO_SUCH_TYPE})
    if school and school not in store.directory.schools:
        raise FormError({"school": acts.NO_SUCH_SCHOOL})
    scope = fields.get("scope")
    urgency = fields.get("urgency")
    return Report(
        what=texts["what"],
        affected=texts["affected"],
        tried=texts["tried"],
        type=type_ or None,
        scope=Scope(scope) if scope in set(Scope) else None,
        school_id=school or None,
        tags=tuple(tag for tag in fields.get("tags") or () if tag in process.tags),
        urgency=Urgency(urgency) if urgency in set(Urgency) else Urgency.MEDIUM,
        amount_usd=acts.money_field(fields, "amount"),
        confidential="confidential" in (fields.get("confidential") or []),
        link=request.carry.get("link", ""),
    )


def own_school(person: Person) -> SchoolId | None:
    """The person's school, where they have just one."""
    return person.school_ids[0] if len(person.school_ids) == 1 else None


def origin_of(scope: Scope | None) -> Origin:
    """Where it comes from, until somebody says otherwise: from outside, where the power to remove it sits outside."""
    return Origin.EXTERNAL if scope is Scope.EXTERNAL else Origin.INTERNAL


def sorted_as(store: Store, case: Case, report: Report, origin: Origin | None = None) -> dict[str, Any]:
    """What a challenge that waits to be sorted is from now on, and what follows from that: the same by whichever door.

    What the report leaves open stays as it was. What a school can remove has not yet come to the DIT's attention.
    """
    challenge = case.challenge
    scope = report.scope or challenge.scope
    school = report.school_id or challenge.school_id
    to_come = challenge.status is Status.REPORTED and scope is Scope.SCHOOL
    return {
        "type": report.type or challenge.type,
        "scope": scope,
        "origin": origin or (origin_of(scope) if scope is not challenge.scope else challenge.origin),
        "school_id": school,
        "tags": list(report.tags) or challenge.tags,
        "urgency": report.urgency,
        "amount_usd": report.amount_usd or challenge.amount_usd,
        "dit_aware_at": None if to_come else challenge.dit_aware_at,
        "decide_by": cadence.decide_by(
            report.urgency, school, store.directory, acts.process_of(store, case), acts.calendar(store),
            challenge.reported_at,
        ),
    }  # fmt: skip


async def capture(
    store: Store,
    reporter_id: PersonId,
    report: Report,
    now: datetime,
    *,
    door: Door | str | None = None,
    entered_by: PersonId | None = None,
) -> Case:
    """Records a report, routes it, tells whom it concerns. The one way in, for every door.

    `entered_by`: the coordinator, where they enter it for a caller.
    """
    directory = store.directory
    version = directory.in_force
    calendar = acts.calendar(store)
    came_by = Door(door) if door else store.came.door
    facts = routing.Facts(
        report.type,
        report.scope,
        report.school_id,
        report.tags,
        report.amount_usd,
        report.urgency,
        frozenset({reporter_id}) if report.amount_usd else frozenset(),
    )
    route = routing.route(facts, directory, version, calendar.today(now))
    to_school = moves.stays_in_school(facts, route)
    challenge = Challenge(
        district_id=store.district_id,
        id=ChallengeId(new_id()),
        number=store.next_number(),
        status=Status.REPORTED if route.is_triage else Status.WITH_SCHOOL if to_school else Status.ASSIGNED,
        type=report.type,
        origin=origin_of(report.scope),
        scope=report.scope,
        urgency=report.urgency,
        tags=list(report.tags),
        school_id=report.school_id,
        amount_usd=report.amount_usd,
        venue=route.venue,
        owner_id=route.owner_id,
        authority=route.authority,
        why=to_json(route.reason),
        rung=route.rung,
        outside_id=route.outside_id,
        informed_ids=sorted(route.inform),
        process_id=version.id,
        door=came_by,
        reported_at=now,
        dit_aware_at=None if to_school else now,
        owned_since=now,
        updated_at=now,
        decide_by=cadence.decide_by(report.urgency, report.school_id, directory, version.process, calendar, now),
    )
    store.add(challenge)
    case = Case(challenge)
    reporter = Reporter(
        district_id=store.district_id,
        challenge_id=challenge.id,
        person_id=reporter_id,
        confidential=report.confidential,
        link=report.link or None,
        joined_at=now,
    )
    case.reporters.append(store.add(reporter))
    reported = store.record(
        case,
        Kind.REPORTED,
        by=entered_by or reporter_id,
        at=now,
        said={Field.WHAT: report.what, Field.AFFECTED: report.affected, Field.TRIED: report.tried},
        data={
            "type": report.type,
            "scope": report.scope,
            "school": report.school_id,
            "urgency": report.urgency,
            "for": reporter_id if entered_by else None,
            "confidential": report.confidential,
            "stands": {"status": challenge.status, "owner_id": route.owner_id, "authority": route.authority},
        },
    )
    # For a caller it is not the answer to an act of their own: it waits for their hours.
    lane = Lane.SINGLE if entered_by else None
    tell(store, [reporter_id], MessageKind.RECEIPT, reported, now, case=case, lane=lane)
    announce(store, case, route, reported, now)
    return case


def announce(store: Store, case: Case, route: routing.Route, event: Event, now: datetime) -> None:
    """Tells the owner, whom the process informs, and of high urgency the coordinator."""
    kind = MessageKind.TRIAGE if route.is_triage else MessageKind.ASSIGNMENT
    assigned = store.record(
        case,
        Kind.ASSIGNED,
        by=None,
        at=now,
        data={
            "to": route.owner_id,
            "authority": route.authority,
            "why": to_json(route.reason),
            "informed": list(route.inform),
        },
    )
    # The coordinator who reports, or enters for a caller, and is the one to sort it, is not told of their own act.
    if not (route.is_triage and route.owner_id == event.actor_id):
        tell(store, [route.owner_id], kind, assigned, now, case=case)
    hear = list(route.inform)
    if case.challenge.urgency is Urgency.HIGH:
        hear.append(presence.coordinator(store.directory, acts.today(store, now)).id)
    tell(store, [each for each in hear if each != route.owner_id], MessageKind.INFORM, assigned, now, case=case)


def brought(store: Store, case: Case, text: str, author_id: PersonId, now: datetime) -> list[Words]:
    """A note by whoever said it, also where somebody else brings it along."""
    if not text:
        return []
    words = Words(
        district_id=store.district_id,
        challenge_id=case.id,
        field=Field.NOTE,
        author_id=author_id,
        said_at=now,
        text=text,
    )
    case.words.append(store.add(words))
    return [words]


def join(
    store: Store,
    case: Case,
    person_id: PersonId,
    text: str,
    now: datetime,
    *,
    confidential: bool,
    link: str = "",
    by: PersonId | None = None,
    came_from: int | None = None,
) -> Event:
    """Adds a reporter to a challenge, with their facts, and sends them their receipt.

    `by`: who did it for them; `came_from`: the number of the challenge that they raised, where it has joined this one.
    """
    reporter = Reporter(
        district_id=store.district_id,
        challenge_id=case.id,
        person_id=person_id,
        position=len(case.reporters),
        confidential=confidential,
        link=link or None,
        joined_at=now,
    )
    case.reporters.append(store.add(reporter))
    # Whoever comes after every ask has not been asked: nobody decides before that (invariant 4).
    anew: dict[str, Any] = (
        {} if case.challenge.decision_asked_at is None else {"decision_asked_at": None, "unanswered": 0}
    )
    data: dict[str, Any] = {"added": [f"reporter:{person_id}"], "confidential": confidential}
    if came_from is not None:
        data |= {"number": came_from, "author": person_id}
    event = store.record(
        case, Kind.JOINED, by=by or person_id, at=now, spoken=brought(store, case, text, person_id, now), data=data,
        **anew,
    )  # fmt: skip
    tell(store, [person_id], MessageKind.RECEIPT, event, now, case=case, lane=Lane.SINGLE if by else None)
    return event
