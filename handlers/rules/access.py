"""Who may see and do what: the one function that every door asks (design §4).

A person plays parts in a challenge (its owner, a reporter, the coordinator, ...); a table says which parts each action
needs. Access is *who*, not *when*: whether a move is possible as the challenge stands is `lifecycle`'s to say.

`Sight` says the same of lists as `may(SEE)` says of one challenge; a test holds the two together.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from handlers.cards.text import Who, phrase
from handlers.errors import ForbiddenError, NotFoundError
from handlers.rules import presence
from storage.case import Case
from storage.directory import COACH, COORDINATOR, PRINCIPAL, Directory, Person, Team, once
from storage.vocabulary import PersonId, SchoolId, Status, Visibility


class Action(StrEnum):
    """What can be done."""

    SEE = "see"
    SEE_REPORTER = "see_reporter"
    """The name and link of every reporter; for one of them, ask `may_know`."""
    REPORT = "report"
    JOIN = "join"
    """ "Me too"."""
    NOTE = "note"
    DETAIL = "detail"
    TAKE = "take"
    UNDERSTAND = "understand"
    HAND_ON = "hand_on"
    """ "Not mine"."""
    ASK = "ask"
    ANSWER = "answer"
    PLAN = "plan"
    STEP_DONE = "step_done"
    PROGRESS = "progress"
    ESCALATE = "escalate"
    """ "Still blocked"."""
    RESOLVE = "resolve"
    SEND_UP = "send_up"
    WAIT = "wait"
    PAUSE = "pause"
    DECLINE = "decline"
    CONFIRM = "confirm"
    TALK = "talk"
    """Enter a follow-up talk for a reporter."""
    DECIDE = "decide"
    """After silence: close it, not confirmed, or keep it open."""
    TRIAGE = "triage"
    REASSIGN = "reassign"
    RESTRICT = "restrict"
    MERGE = "merge"
    REDIRECT = "redirect"
    WITHDRAW = "withdraw"
    """Take back one's own last act; whose act it was is not asked here."""
    ENTER_FOR = "enter_for"
    """Report for a caller."""
    SUBSTITUTE = "substitute"
    MOVE_PROCESS = "move_process"
    EXPORT = "export"
    IMPORT = "import"


class Part(StrEnum):
    """What somebody is to a challenge, or to the district."""

    STAFF = "staff"
    """Of the district, and in post."""
    VIEWER = "viewer"
    OWNER = "owner"
    HELPER = "helper"
    STEP_OWNER = "step_owner"
    REPORTER = "reporter"
    SOLE_REPORTER = "sole_reporter"
    COLLEAGUE = "colleague"
    """Was asked to ask a reporter."""
    ASKER = "asker"
    """May have talked with a reporter: the coordinator; and, where a reporter's name is known, the school's coach and
    principal, the district team, and those who help or have a step. Never who leads it: nobody confirms their own work."""
    SCHOOL_TEAM = "school_team"
    """The school's principal and leadership team."""
    COORDINATOR = "coordinator"
    SORTER = "sorter"
    """The executive leader to whom it climbed before it was sorted."""
    EXECUTIVE = "executive"
    DECIDER = "decider"
    """Decides after silence (invariant 4)."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What access looks at."""

    number: int
    status: Status
    owner_id: PersonId
    reporter_ids: frozenset[PersonId] = frozenset()
    confidential_ids: frozenset[PersonId] = frozenset()
    """The reporters whose name and link are the coordinator's only."""
    helper_ids: frozenset[PersonId] = frozenset()
    step_owner_ids: frozenset[PersonId] = frozenset()
    colleague_ids: frozenset[PersonId] = frozenset()
    """Who was asked to ask a reporter."""
    informed_ids: frozenset[PersonId] = frozenset()
    """Whom the process has informed."""
    school_id: SchoolId | None = None
    visibility: Visibility = Visibility.OPEN
    conduct_of_id: PersonId | None = None


def facts(case: Case) -> Facts:
    challenge = case.challenge
    return Facts(
        number=challenge.number,
        status=challenge.status,
        owner_id=challenge.owner_id,
        reporter_ids=frozenset(each.person_id for each in case.reporters),
        confidential_ids=frozenset(each.person_id for each in case.reporters if each.confidential),
        helper_ids=frozenset(each.person_id for each in case.helpers),
        step_owner_ids=frozenset(each.owner_id for each in case.steps),
        colleague_ids=frozenset(each.colleague_id for each in case.reporters if each.colleague_id),
        informed_ids=frozenset(PersonId(each) for each in challenge.informed_ids),
        school_id=challenge.school_id,
        visibility=challenge.visibility,
        conduct_of_id=challenge.conduct_of_id,
    )


def _of(*parts: Part) -> frozenset[Part]:
    return frozenset(parts)


NEEDS: Final[Mapping[Action, frozenset[Part]]] = MappingProxyType(
    {
        Action.SEE: _of(Part.VIEWER),
        Action.SEE_REPORTER: _of(Part.VIEWER),
        Action.REPORT: _of(Part.STAFF),
        Action.JOIN: _of(Part.VIEWER),
        Action.NOTE: _of(Part.VIEWER),
        # the reporters
        Action.DETAIL: _of(Part.REPORTER, Part.COORDINATOR),
        Action.ANSWER: _of(Part.REPORTER, Part.COORDINATOR),
        Action.CONFIRM: _of(Part.REPORTER),
        Action.WITHDRAW: _of(Part.SOLE_REPORTER),
        # the owner
        Action.TAKE: _of(Part.OWNER),
        Action.UNDERSTAND: _of(Part.OWNER),
        Action.HAND_ON: _of(Part.OWNER),
        Action.ASK: _of(Part.OWNER),
        Action.PLAN: _of(Part.OWNER),
        Action.ESCALATE: _of(Part.OWNER),
        Action.RESOLVE: _of(Part.OWNER),
        Action.WAIT: _of(Part.OWNER),
        Action.PAUSE: _of(Part.OWNER, Part.COORDINATOR),
        Action.SEND_UP: _of(Part.OWNER, Part.SCHOOL_TEAM, Part.COORDINATOR),
        Action.STEP_DONE: _of(Part.OWNER, Part.STEP_OWNER, Part.HELPER, Part.COORDINATOR),
        Action.PROGRESS: _of(Part.OWNER, Part.STEP_OWNER, Part.HELPER, Part.COORDINATOR),
        # those who watch over the process
        Action.DECLINE: _of(Part.EXECUTIVE),
        Action.TALK: _of(Part.COLLEAGUE, Part.ASKER),
        Action.DECIDE: _of(Part.DECIDER),
        Action.TRIAGE: _of(Part.COORDINATOR, Part.SORTER),
        Action.REASSIGN: _of(Part.COORDINATOR),
        Action.RESTRICT: _of(Part.COORDINATOR),
        Action.MERGE: _of(Part.COORDINATOR),
        Action.REDIRECT: _of(Part.COORDINATOR),
        Action.MOVE_PROCESS: _of(Part.COORDINATOR),
        Action.ENTER_FOR: _of(Part.COORDINATOR),
        Action.SUBSTITUTE: _of(Part.COORDINATOR),
        Action.EXPORT: _of(Part.COORDINATOR),
        Action.IMPORT: _of(Part.COORDINATOR),
    }
)

ABOUT_NONE: Final = frozenset(
    {Action.REPORT, Action.ENTER_FOR, Action.SUBSTITUTE, Action.EXPORT, Action.IMPORT}
)  # fmt: skip
"""Actions that need no challenge. All others need one that the person may see."""


def may(actor: Person, action: Action, facts: Facts | None, directory: Directory, today: date) -> bool:
    """Whether this person may do this (to this challenge) today. Outsiders and leavers may do nothing."""
    if not _inside(actor, today):
        return False
    needs = NEEDS[action]
    if action in ABOUT_NONE:
        return Part.STAFF in needs or actor.id in coordinators(directory, today)
    if facts is None or not _sees(actor, facts, directory, today):
        return False
    if action is Action.SEE_REPORTER:
        return all(may_know(actor, each, facts, directory, today) for each in facts.confidential_ids)
    return Part.VIEWER in needs or not needs.isdisjoint(parts(actor, facts, directory, today))


def may_know(actor: Person, reporter_id: PersonId, facts: Facts, directory: Directory, today: date) -> bool:
    """Whether this person may be shown a reporter's name and link: a confidential one, the coordinator only."""
    if not _inside(actor, today) or not _sees(actor, facts, directory, today):
        return False
    open_to_all = reporter_id not in facts.confidential_ids
    return open_to_all or actor.id == reporter_id or actor.id in confidants(directory, today, facts.conduct_of_id)


def may_hear(person: Person, facts: Facts, directory: Directory, today: date) -> bool:
    """Whether a message about it may go to this person: who may see it, and of an open one, whom the process informs.

    The implementation facilitator hears of the challenges of a CSI school (R-85) without being of the district.
    """
    if may(person, Action.SEE, facts, directory, today):
        return True
    informed = person.id in facts.informed_ids and facts.visibility is Visibility.OPEN
    return informed and person.here_on(today) and person.id != facts.conduct_of_id


def may_be_posted(facts: Facts) -> bool:
    """Whether it may stand where nobody knows who reads: nothing restricted, and nothing about somebody's conduct."""
    return facts.visibility is Visibility.OPEN and facts.conduct_of_id is None


def may_be_mailed(facts: Facts) -> bool:
    """Whether its words may go by e-mail, which others may keep and forward: nothing that somebody told in confidence,
    either."""
    return may_be_posted(facts) and not facts.confidential_ids


def require(
    actor: Person,
    action: Action,
    facts: Facts | None,
    directory: Directory,
    today: date,
    *,
    number: int | None = None,
) -> None:
    """Raises unless `may`. `number`: the one that was asked for, where it was asked for by number.

    What is hidden and what does not exist get the same NotFoundError; a ForbiddenError says who can.
    """
    if may(actor, action, facts, directory, today):
        return
    if not _inside(actor, today):
        raise ForbiddenError(
            phrase("Only staff of the district can do this. Please ask the person you work with there.")
        )
    if action not in ABOUT_NONE and (facts is None or not _sees(actor, facts, directory, today)):
        if number is None:
            raise NotFoundError(phrase("There is no such challenge that you can see."))
        raise NotFoundError(phrase("There is no challenge {number} that you can see.", number=number))
    about = facts.conduct_of_id if facts else None
    watches = presence.coordinator(directory, today).id
    watchers = coordinators(directory, today, about)
    raise ForbiddenError(
        phrase(
            WHO_CAN[action],
            owner=Who(facts.owner_id if facts else watches),
            coordinator=Who(watches if watches in watchers else min(watchers, default=watches)),
            decider=Who(min(deciders(facts, directory, today)) if facts else watches),
        )
    )


_THE_OWNER: Final = "Only {owner}, who leads this challenge, can do that. {coordinator} can give it to somebody else."
_THE_COORDINATOR: Final = "Only the coordinator can do that. Please ask {coordinator}."
_WHO_WORK_ON_IT: Final = "Only those who work on this challenge can do that: {owner} leads it."
_WHO_RAISED_IT: Final = "Only those who raised this challenge can do that. Your own words are welcome as a note."

WHO_CAN: Final[Mapping[Action, str]] = MappingProxyType(
    dict.fromkeys(NEEDS, _THE_COORDINATOR)
    | dict.fromkeys((each for each, needs in NEEDS.items() if Part.OWNER in needs), _THE_OWNER)
    | dict.fromkeys((each for each, needs in NEEDS.items() if Part.REPORTER in needs), _WHO_RAISED_IT)
    | {
        Action.STEP_DONE: _WHO_WORK_ON_IT,
        Action.PROGRESS: _WHO_WORK_ON_IT,
        Action.SEND_UP: "Only the school's leadership team can send this up. Please ask {owner}, who leads it.",
        Action.WITHDRAW: "Only who raised a challenge alone can withdraw it; here others count on it. "
        "If it is gone for you, say so when you are asked.",
        Action.DECLINE: "Only an executive leader can decline a challenge. If it cannot be moved, press Still blocked.",
        Action.TALK: "A talk is entered by whoever had it: the coordinator, the school's coach or principal, the "
        "district team, or who works on it, but not by who leads it. Please tell {coordinator} what was said.",
        Action.DECIDE: "Only {decider} can decide this after silence. Those who raised it can still answer.",
        Action.SEE_REPORTER: "Who raised this is known to the coordinator only.",
    }
)
"""What a person reads who may see a challenge but not do this to it."""


# --------------------------------------------------------------------------------------------------------------- parts


def parts(actor: Person, facts: Facts, directory: Directory, today: date) -> frozenset[Part]:
    """What a person of the district who may see a challenge is to it today."""
    watches = actor.id in coordinators(directory, today, facts.conduct_of_id)
    reports = actor.id in facts.reporter_ids
    leads = actor.id == facts.owner_id
    meets = actor.role in {COACH, PRINCIPAL} and _of_school(actor, facts)
    meets = meets or actor.id in district_team(directory, today) | facts.helper_ids | facts.step_owner_ids
    confided = actor.id in confidants(directory, today, facts.conduct_of_id)
    knows = confided or facts.reporter_ids > facts.confidential_ids  # at least one of the reporters
    plays = {
        Part.STAFF: True,
        Part.VIEWER: True,
        Part.OWNER: leads,
        Part.HELPER: actor.id in facts.helper_ids,
        Part.STEP_OWNER: actor.id in facts.step_owner_ids,
        Part.REPORTER: reports,
        Part.SOLE_REPORTER: reports and len(facts.reporter_ids) == 1,
        Part.COLLEAGUE: actor.id in facts.colleague_ids and knows and not leads,
        Part.ASKER: (watches or meets) and knows and not leads,
        Part.SCHOOL_TEAM: _in_school_team(actor, facts, directory),
        Part.COORDINATOR: watches,
        Part.SORTER: leads and presence.is_executive(actor) and facts.status is Status.REPORTED,
        Part.EXECUTIVE: presence.is_executive(actor),
        Part.DECIDER: actor.id in deciders(facts, directory, today),
    }
    return frozenset(part for part, true in plays.items() if true)


@once
def coordinators(directory: Directory, today: date, conduct_of: PersonId | None = None) -> frozenset[PersonId]:
    """Who watches over the process today: those in the post, and whoever stands in for them.

    `conduct_of`: whom a challenge is about; they watch over all but that one, and where nobody else is left, the next
    executive leader does.
    """
    posts = {each.id for each in directory.with_role(COORDINATOR)} | {presence.coordinator(directory, today).id}
    found = {each for each in posts - {conduct_of} if presence.is_active(directory, each, today)}
    if not found and (leader := _leader(directory, today, {conduct_of} if conduct_of else set())):
        found = {leader}
    return frozenset(found)


@once
def confidants(directory: Directory, today: date, conduct_of: PersonId | None = None) -> frozenset[PersonId]:
    """Who may know a confidential reporter: those who watch over the process by their post, as a coordinator or as an
    executive leader. Anybody else who stands in for the coordinator does all but that."""
    watching = (directory.people[each] for each in coordinators(directory, today, conduct_of))
    return frozenset(each.id for each in watching if each.role == COORDINATOR or presence.is_executive(each))


def deciders(facts: Facts, directory: Directory, today: date) -> frozenset[PersonId]:
    """Who decides after silence: the coordinator; the liaison to the DIT where the coordinator owns or raised it.

    Where the liaison does so too, the next executive leader; only where all do, the coordinator after all: a decision
    never waits for nobody.
    """
    watchers = coordinators(directory, today, facts.conduct_of_id)
    involved = facts.reporter_ids | {facts.owner_id}
    if watchers.isdisjoint(involved):
        return watchers
    barred = involved | watchers | ({facts.conduct_of_id} if facts.conduct_of_id else set())
    leader = _leader(directory, today, barred)
    return frozenset({leader}) if leader else watchers


@once
def district_team(directory: Directory, today: date) -> frozenset[PersonId]:
    """Who sees every open challenge: the team at the default venue, executive leaders, coordinators, and deciders."""
    process = directory.in_force.process
    team = next((each for each in directory.teams.values() if each.id == process.venue_rules.default), None)
    members = {*team.member_ids, *([team.lead_id] if team.lead_id else []), *_doing(team)} if team else set()
    leaders = {each.id for each in directory.people.values() if presence.is_executive(each)}
    named = {PersonId(each) for each in matrix_deciders(directory) - {PRINCIPAL}}
    return frozenset(members | leaders | named | coordinators(directory, today))


def _doing(team: Team) -> set[PersonId]:
    """Who facilitates, records or keeps the time in its meetings, or stands in for that: they work with what it sees."""
    return {each for people in team.roles.values() for each in people}


@once
def matrix_deciders(directory: Directory) -> frozenset[str]:
    """Whom the process in force names as deciders: people and roles."""
    return frozenset(row.decider for row in directory.in_force.process.authority_matrix)


def has_authority(person: Person, directory: Directory, today: date) -> bool:
    """Whether challenges may come to this person to be removed: then they are shown how to deal with one."""
    named = not matrix_deciders(directory).isdisjoint({person.id, person.role})
    stands_in = any(each.delegate_id == person.id and each.to_on >= today for each in directory.absences)
    return _inside(person, today) and (named or stands_in or presence.is_executive(person))


def _leader(directory: Directory, today: date, barred: set[PersonId] | frozenset[PersonId]) -> PersonId | None:
    """The liaison to the DIT, else the superintendent, else any executive leader in post."""
    if leader := presence.executive_leader(directory, today, barred=barred):
        return leader.id
    others = (each for each in directory.people.values() if presence.is_executive(each) and each.id not in barred)
    return next((each.id for each in others if presence.is_active(directory, each.id, today)), None)


def _inside(person: Person, today: date) -> bool:
    return not person.external and person.here_on(today)


def _of_school(person: Person, facts: Facts) -> bool:
    return facts.school_id is not None and facts.school_id in person.school_ids


def _in_school_team(person: Person, facts: Facts, directory: Directory) -> bool:
    if person.role == PRINCIPAL and _of_school(person, facts):
        return True
    school = directory.schools.get(facts.school_id) if facts.school_id else None
    team = directory.teams.get(school.team_id) if school and school.team_id else None
    return team is not None and person.id in team.member_ids


def _sees(actor: Person, facts: Facts, directory: Directory, today: date) -> bool:
    """For somebody inside. Whom a challenge is about never does, whatever else they are."""
    if actor.id == facts.conduct_of_id:
        return False
    if actor.id == facts.owner_id or actor.id in facts.reporter_ids | facts.helper_ids:
        return True
    if facts.visibility is Visibility.OPEN and (
        _of_school(actor, facts)
        or actor.id in facts.step_owner_ids | facts.colleague_ids
        or actor.id in district_team(directory, today)
    ):
        return True
    return actor.id in coordinators(directory, today, facts.conduct_of_id)


# -------------------------------------------------------------------------------------------------------- action items


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """What access looks at in an action item."""

    owner_id: PersonId
    lead_id: PersonId
    """Who leads the meeting that it came from."""
    member_ids: frozenset[PersonId]
    """Who belongs to that meeting."""
    challenge: Facts | None = None
    """What it concerns."""
    private: bool = False
    """Of a private plan: its members are those named there, and who leads it keeps the plan."""


def sees_item(actor: Person, item: ItemFacts, directory: Directory, today: date) -> bool:
    """Its owner, who belongs to the meeting, the coordinator and executive leaders; of what concerns a challenge that is
    restricted or about somebody's conduct, those of them who may see that."""
    if not _inside(actor, today):
        return False
    if item.private:
        return actor.id in item.member_ids
    if item.challenge and not may_be_posted(item.challenge) and not _sees(actor, item.challenge, directory, today):
        return False
    return actor.id == item.owner_id or actor.id in item.member_ids or steers_item(actor, item, directory, today)


def steers_item(actor: Person, item: ItemFacts, directory: Directory, today: date) -> bool:
    """Who leads the meeting, the coordinator and executive leaders: they answer for it beside its owner."""
    if item.private:
        return actor.id == item.lead_id
    return actor.id == item.lead_id or presence.is_executive(actor) or actor.id in coordinators(directory, today)


# ------------------------------------------------------------------------------------------------------- private plans


def sees_plan(actor: Person, named_ids: Collection[str], today: date) -> bool:
    """Those named on it, while they are in post, and nobody else: no coordinator, no executive leader, no stand-in, nor
    whom it is for, unless they are named (R-71)."""
    return _inside(actor, today) and actor.id in named_ids


def may_plan(actor: Person, directory: Directory, today: date) -> bool:
    """Who may make a private plan for somebody else: who coaches, leads a school or a team, watches over the process, or
    is an executive leader. Everybody may make a learning plan of their own."""
    leads = any(each.lead_id == actor.id for each in directory.teams.values())
    watches = presence.is_executive(actor) or actor.id in coordinators(directory, today)
    return _inside(actor, today) and (leads or watches or actor.role in {COACH, PRINCIPAL})


# --------------------------------------------------------------------------------------------------------------- lists


@dataclass(frozen=True, slots=True)
class Sight:
    """What a person may see of the log, in a form that a query can use. Beside it they see what they take part in."""

    person_id: PersonId
    nothing: bool = False
    """An outsider, or somebody who has left."""
    everything_open: bool = False
    restricted_too: bool = False
    school_ids: frozenset[SchoolId] = frozenset()
    stands_in_about: frozenset[PersonId] = frozenset()
    """They watch over what is about these people's conduct, because these are the coordinators."""

    @property
    def not_about(self) -> PersonId:
        """Never what is about their own conduct."""
        return self.person_id


def sight(actor: Person, directory: Directory, today: date) -> Sight:
    """What this person may see, for lists."""
    if not _inside(actor, today):
        return Sight(actor.id, nothing=True)
    watchers = coordinators(directory, today)
    about = (each for each in watchers if actor.id in coordinators(directory, today, each) - watchers)
    return Sight(
        actor.id,
        everything_open=actor.id in district_team(directory, today),
        restricted_too=actor.id in watchers,
        school_ids=frozenset(actor.school_ids),
        stands_in_about=frozenset(about),
    )
