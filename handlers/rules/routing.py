"""Who has the authority to remove a challenge, and why, in words (R-21 to R-25).

The matrix of the written process names a decider; present facts (leave, vacancies, limits, conflicts of interest) may
make the ladder climb. It never skips a rung that could act, and it never ends with nobody: what has no rule goes to
the coordinator, who sorts it.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from handlers.cards.text import At, Dollars, Label, Phrase, Who, phrase
from handlers.rules import presence
from scheduling.calendar import Calendar
from storage.directory import COORDINATOR, PRINCIPAL, Directory, ProcessVersion
from storage.process import MatrixRow
from storage.vocabulary import Authority, PersonId, Rung, SchoolId, Scope, Urgency


@dataclass(frozen=True, slots=True)
class Facts:
    """What routing looks at."""

    type: str | None
    scope: Scope | None
    school_id: SchoolId | None = None
    tags: tuple[str, ...] = ()
    amount_usd: int | None = None
    urgency: Urgency = Urgency.MEDIUM
    barred: frozenset[PersonId] = frozenset()
    """Who may not have it: whom it is about, and who said "not mine"; those who ask for money, for that money."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a challenge goes."""

    owner_id: PersonId
    authority: Authority
    reason: Phrase
    venue: str
    inform: tuple[PersonId, ...] = ()
    outside_id: PersonId | None = None
    rung: Rung = Rung.OWNER

    @property
    def is_triage(self) -> bool:
        return self.authority is Authority.TRIAGE


def route(facts: Facts, directory: Directory, version: ProcessVersion, day: date) -> Route:
    """The named person who can remove it, by this version of the process and today's people."""
    venue = venue_of(facts, version)
    inform = tuple(informed(facts, directory, version, day))

    def to_triage(why: Phrase) -> Route:
        who = presence.coordinator(directory, day)
        if who.id in facts.barred:
            who = presence.executive_leader(directory, day, barred=facts.barred) or who
        reason = phrase("{why}, so {who} sorts it.", why=why, who=Who(who.id))
        return Route(who.id, Authority.TRIAGE, reason, venue, inform)

    if facts.type is None:
        return to_triage(phrase("It has no type yet"))
    if facts.scope is None:
        return to_triage(phrase("It is not yet known where the power to remove it sits"))
    found = matching_row(facts, version)
    if found is None:
        return to_triage(
            phrase(
                "The process (version {version}) has no rule for {type} {where}",
                version=version.version,
                type=Label(facts.type),
                where=WHERE[facts.scope],
            )
        )
    number, row = found
    decider = presence.principal(directory, facts.school_id, day) if row.decider == PRINCIPAL else None
    if row.decider == PRINCIPAL and facts.school_id is None:
        return to_triage(phrase("It is not yet known which school it is about"))
    decider_id = decider.id if decider else PersonId(row.decider)
    rule = _rule(row, number, decider_id, version)
    if row.decider == PRINCIPAL and decider is None:
        stand = presence.Stand(
            None, Authority.MATRIX, phrase("{school} has no principal now", school=At(facts.school_id or SchoolId("")))
        )
    else:
        stand = presence.standing_in(directory, decider_id, day, amount_usd=facts.amount_usd, barred=facts.barred)
    outside = PersonId(row.outside) if row.outside else None
    if stand.person:
        reason = phrase("{rule}.", rule=rule)
        if stand.reason:
            reason = phrase("{rule}; {but}, so to {who}.", rule=rule, but=stand.reason, who=Who(stand.person.id))
        return Route(stand.person.id, stand.authority, reason, venue, inform, outside)
    barred = facts.barred | {decider_id}
    up = _who_may_approve(directory, day, facts.amount_usd, barred)
    if up is None:
        return to_triage(phrase("{rule}; {but}, and nobody above may decide it", rule=rule, but=stand.reason))
    person_id, rung, note = up
    reason = phrase("{rule}; {but}, so it goes up to {who}.", rule=rule, but=stand.reason, who=Who(person_id))
    if note:
        reason = phrase("{reason} {note}", reason=reason, note=note)
    return Route(person_id, Authority.EXECUTIVE, reason, venue, inform, outside, rung)


def matching_row(facts: Facts, version: ProcessVersion) -> tuple[int, MatrixRow] | None:
    """The row that applies, with its number from 1; the most specific wins: one with a tag before one without."""
    rows = [
        (number, row)
        for number, row in enumerate(version.process.authority_matrix, start=1)
        if row.type == facts.type and row.scope == facts.scope and (row.when is None or row.when in facts.tags)
    ]
    return min(rows, key=lambda each: (each[1].when is None, each[0]), default=None)


def _rule(row: MatrixRow, number: int, decider_id: PersonId, version: ProcessVersion) -> Phrase:
    """What the row says, in words: "Funding in the district goes to Signe Okonjo-Bell (process 1.0, rule 3)"."""
    params = {"type": Label(row.type), "who": Who(decider_id), "version": version.version, "number": number}
    if row.decider == PRINCIPAL:
        if decider_id == PRINCIPAL:
            return phrase(
                "{type} that a school can remove goes to its principal (process {version}, rule {number})", **params
            )
        return phrase(
            "{type} that a school can remove goes to its principal, {who} (process {version}, rule {number})", **params
        )
    if row.when:
        return phrase("{type} with “{tag}” goes to {who} (process {version}, rule {number})", tag=row.when, **params)
    return phrase("{type} {where} goes to {who} (process {version}, rule {number})", where=WHERE[row.scope], **params)


WHERE: Final[Mapping[Scope, Phrase]] = {
    Scope.SCHOOL: phrase("in the school"),
    Scope.DISTRICT: phrase("in the district"),
    Scope.EXTERNAL: phrase("outside the district"),
}


def _who_may_approve(
    directory: Directory, day: date, amount_usd: int | None, barred: Collection[PersonId]
) -> tuple[PersonId, Rung, Phrase | None] | None:
    """The next up who may approve it: the executive leader who is liaison, else the superintendent."""
    leader = presence.executive_leader(directory, day, barred=barred)
    top = presence.superintendent(directory, day, barred=barred)
    for person, rung in ((leader, Rung.EXECUTIVE_LEADER), (top, Rung.SUPERINTENDENT)):
        if person and (amount_usd is None or (person.spend_limit_usd or 0) >= amount_usd):
            return person.id, (Rung.SUPERINTENDENT if top and person.id == top.id else rung), None
    if top and amount_usd is not None:
        board = phrase("{amount} needs the board's approval.", amount=Dollars(amount_usd))
        return top.id, Rung.SUPERINTENDENT, board
    return None


def venue_of(facts: Facts, version: ProcessVersion) -> str:
    """Where it is discussed: by scope first, then by type, else the default venue (R-13)."""
    rules = version.process.venue_rules
    if facts.scope and facts.scope in rules.scope:
        return rules.scope[facts.scope]
    if facts.type and facts.type in rules.type:
        return rules.type[facts.type]
    return rules.default


def informed(facts: Facts, directory: Directory, version: ProcessVersion, day: date) -> Iterator[PersonId]:
    """Who else hears, besides reporters, owner and coordinator; nobody twice, nobody who is barred."""
    seen: set[PersonId] = set()
    for rule in version.process.inform:
        if not _applies(rule.when, facts, directory):
            continue
        for who in rule.who:
            named = (
                presence.principal(directory, facts.school_id, day)
                if who == PRINCIPAL
                else directory.people.get(PersonId(who))
            )
            if named and named.here_on(day) and named.id not in seen | facts.barred:
                seen.add(named.id)
                yield named.id


def _applies(when: str, facts: Facts, directory: Directory) -> bool:
    subject, _, value = when.partition(" ")
    school = directory.schools.get(facts.school_id) if facts.school_id else None
    match subject:
        case "csi":
            return school is not None and school.csi
        case "scope":
            return facts.scope == value
        case "type":
            return facts.type == value
        case "urgency":
            return facts.urgency == value
        case _:
            return False


# ---------------------------------------------------------------------------------------------------------- the ladder


@dataclass(frozen=True, slots=True)
class Up:
    """The next rung: who leads from now on, who is brought in, and why."""

    rung: Rung
    lead_id: PersonId
    brought_in_id: PersonId | None
    reason: Phrase


def next_up(
    rung: Rung,
    owner_id: PersonId,
    directory: Directory,
    version: ProcessVersion,
    day: date,
    *,
    barred: Collection[PersonId] = (),
) -> Up:
    """One rung up the ladder (invariant 1): at the coordinator's rung the owner stays and the coordinator is brought
    in; above it the lead moves to the executive leader, then to the superintendent, where it stays, dated."""
    ladder = version.process.ladder
    here = ladder.index(rung) if rung in ladder else 0
    for above in ladder[here + 1 :]:
        if above is Rung.COORDINATOR:
            coordinator = presence.coordinator(directory, day)
            if coordinator.id != owner_id and coordinator.id not in barred:
                reason = phrase("{who} is brought in to help it move", who=Who(coordinator.id))
                return Up(above, owner_id, coordinator.id, reason)
        if above is Rung.EXECUTIVE_LEADER:
            leader = presence.executive_leader(directory, day, barred={*barred, owner_id})
            if leader:
                reason = phrase("{who} takes the lead, as executive leader", who=Who(leader.id))
                return Up(above, leader.id, None, reason)
        if above is Rung.SUPERINTENDENT:
            top = presence.superintendent(directory, day, barred=barred)
            if top and top.id != owner_id:
                reason = phrase("{who} takes the lead, as superintendent", who=Who(top.id))
                return Up(above, top.id, None, reason)
    coordinator = presence.coordinator(directory, day)
    helps = coordinator.id if coordinator.id != owner_id and coordinator.id not in barred else None
    top = presence.superintendent(directory, day)
    if top and top.id == owner_id:
        return Up(
            ladder[-1], owner_id, helps, phrase("it stays with {who}, at the top of the ladder", who=Who(owner_id))
        )
    # Nobody above is there today: it keeps its rung, and the next unanswered prompts try again.
    return Up(rung, owner_id, helps, phrase("nobody above {who} is there now", who=Who(owner_id)))


def holds_authority(
    facts: Facts, owner_id: PersonId, authority: Authority, directory: Directory, version: ProcessVersion, day: date
) -> bool:
    """Invariant 1: the owner is active and inside, and holds it by the matrix, as delegate within limits, as executive
    leader, by the coordinator's recorded choice, or as coordinator while it waits to be sorted."""
    if not presence.is_active(directory, owner_id, day):
        return False
    if authority is Authority.NAMED or presence.is_executive(directory.people[owner_id]):
        return True
    if authority is Authority.TRIAGE:
        return presence.is_coordinator(directory, owner_id, day) or _sorted_until_now(owner_id, directory, day)
    if authority is not Authority.MATRIX and owner_id in _stand_ins(directory):
        return True  # for whoever held it before; it stays with them until it moves
    return route(facts, directory, version, day).owner_id == owner_id or _by_row(
        facts, owner_id, directory, version, day
    )


def _sorted_until_now(owner_id: PersonId, directory: Directory, day: date) -> bool:
    """Stood in for a coordinator, who is back: what is to be sorted goes back on their first school morning."""
    calendar = Calendar.of(directory)
    return any(
        each.delegate_id == owner_id
        and directory.people[each.person_id].role == COORDINATOR
        and each.to_on < day <= calendar.school_days_after(each.to_on, 1)
        for each in directory.absences
    )


def _stand_ins(directory: Directory) -> set[PersonId | None]:
    away = {each for absence in directory.absences for each in (absence.delegate_id, absence.above_limit_id)}
    return away | {each.successor_id for each in directory.people.values()}


def _by_row(facts: Facts, owner_id: PersonId, directory: Directory, version: ProcessVersion, day: date) -> bool:
    """The decider of the row keeps it through their own leave, as does a delegate after it, until it moves."""
    found = matching_row(facts, version)
    if found is None:
        return False
    row = found[1]
    decider = (
        presence.principal(directory, facts.school_id, day)
        if row.decider == PRINCIPAL
        else directory.people.get(PersonId(row.decider))
    )
    if decider is None:
        return False
    delegates = {each.delegate_id for each in directory.absences if each.person_id == decider.id}
    return owner_id in {decider.id, decider.successor_id} | delegates
