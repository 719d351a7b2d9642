"""Who is there today: posts, leave, delegates, successors and stand-ins, as present facts."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from handlers.cards.text import Dollars, Phrase, Who, phrase
from storage.directory import COACH, COORDINATOR, PRINCIPAL, SUPERINTENDENT, Directory, Person, once
from storage.vocabulary import Authority, PersonId, SchoolId


@dataclass(frozen=True, slots=True)
class Stand:
    """Who acts for somebody today, and why; `person` is None where nobody may."""

    person: Person | None
    authority: Authority
    reason: Phrase | None = None
    """Why it is not the one who was asked for."""


def is_executive(person: Person) -> bool:
    """An executive leader: marked as one, or the superintendent, who is one without a mark."""
    return person.executive_leader or person.role == SUPERINTENDENT


def is_active(directory: Directory, person_id: PersonId, day: date) -> bool:
    """An active person inside the district: may own (leave does not count)."""
    person = directory.people.get(person_id)
    return person is not None and not person.external and person.here_on(day)


def standing_in(
    directory: Directory,
    person_id: PersonId,
    day: date,
    *,
    amount_usd: int | None = None,
    barred: Collection[PersonId] = (),
    authority: Authority = Authority.MATRIX,
) -> Stand:
    """Who acts for this person on this day: they themselves, a successor, or a delegate within limits (R-23, R-24).

    `barred`: those who may not have it (a conflict of interest, or "not mine"). With an amount, only somebody whose
    limit covers it will do.
    """
    person = directory.people.get(person_id)
    if person is None or person.external:
        return Stand(None, authority, phrase("nobody inside the district holds that post"))
    if not person.here_on(day):
        successor = directory.people.get(person.successor_id) if person.successor_id else None
        if successor is None:
            return Stand(None, authority, phrase("{who} has left and the post is vacant", who=Who(person.id)))
        found = standing_in(
            directory,
            successor.id,
            day,
            amount_usd=amount_usd,
            barred={*barred, person_id},
            authority=Authority.SUCCESSOR,
        )
        return found if found.reason else Stand(
            found.person, found.authority, phrase("{who} has left", who=Who(person.id))
        )  # fmt: skip
    if person_id in barred:
        return Stand(None, authority, phrase("it is not for {who}", who=Who(person.id)))
    absence = directory.absence(person_id, day)
    if absence is None:
        if amount_usd is not None and (person.spend_limit_usd or 0) < amount_usd:
            return Stand(None, authority, over_limit(person.id, person.spend_limit_usd, amount_usd))
        return Stand(person, authority)

    away = phrase("{who} is away until {until}", who=Who(person.id), until=absence.to_on)
    delegate = directory.people.get(absence.delegate_id) if absence.delegate_id else None
    if delegate and amount_usd is not None and absence.delegate_limit_usd is not None:
        limit = absence.delegate_limit_usd
        if person.spend_limit_usd is not None:  # nobody passes on more than they have
            limit = min(limit, person.spend_limit_usd)
        if limit < amount_usd:
            higher = absence.above_limit_id
            if higher and higher not in barred and _free(directory, higher, day):
                reason = phrase(
                    "{away}; {amount} is above the limit of the stand-in", away=away, amount=Dollars(amount_usd)
                )
                return Stand(directory.people[higher], Authority.DELEGATE, reason)
            return Stand(None, authority, over_limit(delegate.id, limit, amount_usd))
    elif delegate and amount_usd is not None and (delegate.spend_limit_usd or 0) < amount_usd:
        return Stand(None, authority, over_limit(delegate.id, delegate.spend_limit_usd, amount_usd))
    if delegate and delegate.id not in barred and _free(directory, delegate.id, day):
        return Stand(delegate, Authority.DELEGATE, away)
    return Stand(None, authority, away)


def over_limit(person_id: PersonId, limit_usd: int | None, amount_usd: int) -> Phrase:
    if not limit_usd:
        return phrase("{who} may not approve money alone", who=Who(person_id))
    return phrase(
        "{amount} is above the limit of {who} ({limit})",
        amount=Dollars(amount_usd),
        who=Who(person_id),
        limit=Dollars(limit_usd),
    )


def _free(directory: Directory, person_id: PersonId, day: date) -> bool:
    return is_active(directory, person_id, day) and directory.absence(person_id, day) is None


@once
def coordinator(directory: Directory, day: date) -> Person:
    """Who watches over the process today: the coordinator, their substitute, else the next executive leader.

    There is always somebody: the import refuses a district without a superintendent.
    """
    for person in directory.with_role(COORDINATOR):
        found = standing_in(directory, person.id, day)
        if found.person:
            return found.person
    return executive_leader(directory, day) or _somebody_in_charge(directory, day)


def executive_leader(directory: Directory, day: date, *, barred: Collection[PersonId] = ()) -> Person | None:
    """The executive leader who is liaison to the DIT, else the superintendent; None when neither can act."""
    for person in directory.people.values():
        leads = is_executive(person) and person.dit_liaison
        if leads and person.id not in barred and _free(directory, person.id, day):
            return person
    return superintendent(directory, day, barred=barred)


def superintendent(directory: Directory, day: date, *, barred: Collection[PersonId] = ()) -> Person | None:
    """The superintendent, or their delegate while they are away."""
    for person in directory.with_role(SUPERINTENDENT):
        found = standing_in(directory, person.id, day, barred=barred)
        if found.person:
            return found.person
    return None


def _somebody_in_charge(directory: Directory, day: date) -> Person:
    """Everybody in charge is away with nobody in their place: it waits with one of them, rather than with nobody."""
    posts = (COORDINATOR, SUPERINTENDENT)
    for role in posts:
        for person in directory.with_role(role):
            if person.here_on(day):
                return person
    leaders = [each for each in directory.people.values() if is_executive(each) and each.here_on(day)]
    if leaders:
        return leaders[0]
    return next(person for role in reversed(posts) for person in directory.with_role(role))


def principal(directory: Directory, school_id: SchoolId | None, day: date) -> Person | None:
    """The principal in post at this school, away or not."""
    if school_id is None:
        return None
    return next((each for each in directory.with_role(PRINCIPAL, school_id) if each.here_on(day)), None)


def coach(directory: Directory, school_id: SchoolId | None, day: date) -> Person | None:
    """The school's coach, if in post and not away today."""
    if school_id is None:
        return None
    return next((each for each in directory.with_role(COACH, school_id) if _free(directory, each.id, day)), None)


def is_coordinator(directory: Directory, person_id: PersonId, day: date) -> bool:
    """Acts as coordinator today: holds the post (even while a substitute stands in), or stands in for them."""
    person = directory.people.get(person_id)
    if person is None or person.external or not person.here_on(day):
        return False
    return person.role == COORDINATOR or coordinator(directory, day).id == person_id
