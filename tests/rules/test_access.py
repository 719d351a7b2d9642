"""Who may see and do what: a table over everybody of a small district, and the rules that have no exception."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.errors import ForbiddenError, NotFoundError
from handlers.rules import access
from handlers.rules.access import ABOUT_NONE, NEEDS, WHO_CAN, Action, Facts, Part
from storage.directory import Directory, Person
from storage.vocabulary import PersonId, Status, Visibility
from tests.builders import MAPLE, OAK, PEOPLE, TODAY, away, case, district

DIRECTORY = district()
EVERYBODY = frozenset(DIRECTORY.people)
INSIDE = EVERYBODY - {"outside", "gone"}
TEAM = frozenset({"super", "liaison", "finance", "materials", "coordinator", "member"})
AT_MAPLE = frozenset({"principal", "coach", "teacher", "colleague"})


def about(**changes: Any) -> Facts:
    """A challenge of Maple Street that the teacher raised and Nora Quill owns."""
    values: dict[str, Any] = {
        "number": 42,
        "status": Status.ASSIGNED,
        "owner_id": PersonId("materials"),
        "reporter_ids": frozenset({PersonId("teacher")}),
        "school_id": MAPLE,
    }
    return Facts(**(values | changes))


def ids(*names: str) -> frozenset[PersonId]:
    return frozenset(PersonId(each) for each in names)


def who_may(action: Action, facts: Facts | None = None, directory: Directory = DIRECTORY) -> frozenset[str]:
    return frozenset(each.id for each in directory.people.values() if access.may(each, action, facts, directory, TODAY))


# -------------------------------------------------------------------------------------------------------------- seeing


@pytest.mark.parametrize(
    ("changes", "seen_by"),
    [
        pytest.param({}, TEAM | AT_MAPLE, id="open: the district team, its school, its people"),
        pytest.param(
            {"school_id": OAK}, TEAM | {"teacher", "namesake", "elsewhere", "oak-principal"}, id="another school"
        ),
        pytest.param({"school_id": None}, TEAM | {"teacher"}, id="no school"),
        pytest.param(
            {"school_id": None, "helper_ids": ids("elsewhere")}, TEAM | {"teacher", "elsewhere"}, id="a helper"
        ),
        pytest.param(
            {"school_id": None, "step_owner_ids": ids("deputy")}, TEAM | {"teacher", "deputy"}, id="of a step"
        ),
        pytest.param(
            {"school_id": None, "colleague_ids": ids("coach")}, TEAM | {"teacher", "coach"}, id="asked to ask"
        ),
        pytest.param({"owner_id": PersonId("deputy")}, TEAM | AT_MAPLE | {"deputy"}, id="an owner from anywhere"),
        pytest.param(
            {"visibility": Visibility.RESTRICTED},
            {"coordinator", "materials", "teacher"},
            id="restricted: coordinator, owner, reporters",
        ),
        pytest.param(
            {"visibility": Visibility.RESTRICTED, "helper_ids": ids("elsewhere"), "step_owner_ids": ids("deputy")},
            {"coordinator", "materials", "teacher", "elsewhere"},
            id="restricted: and who was admitted",
        ),
        pytest.param({"conduct_of_id": PersonId("liaison")}, (TEAM | AT_MAPLE) - {"liaison"}, id="about the liaison"),
        pytest.param(
            {"conduct_of_id": PersonId("materials")}, (TEAM | AT_MAPLE) - {"materials"}, id="about its own owner"
        ),
    ],
)
def test_who_sees_a_challenge(changes: dict[str, Any], seen_by: frozenset[str]) -> None:
    assert who_may(Action.SEE, about(**changes)) == seen_by


def test_a_restricted_challenge_about_the_coordinator_is_watched_over_by_the_liaison() -> None:
    facts = about(visibility=Visibility.RESTRICTED, conduct_of_id=PersonId("coordinator"))

    assert who_may(Action.SEE, facts) == {"liaison", "materials", "teacher"}
    assert who_may(Action.TRIAGE, facts) == {"liaison"}


def test_a_substitute_sees_and_does_what_the_coordinator_does() -> None:
    directory = district(absences=[away("coordinator", delegate="deputy")])
    facts = about(visibility=Visibility.RESTRICTED)

    assert who_may(Action.SEE, facts, directory) == {"coordinator", "deputy", "materials", "teacher"}
    assert who_may(Action.TRIAGE, facts, directory) == {"coordinator", "deputy"}
    assert who_may(Action.SEE, facts) == {"coordinator", "materials", "teacher"}  # once the substitution is over


def test_a_vacant_post_of_coordinator_falls_to_the_liaison() -> None:
    directory = district([each for each in PEOPLE if each.id != "coordinator"])

    assert who_may(Action.TRIAGE, about(), directory) == {"liaison"}


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("person", ["outside", "gone"])
def test_outsiders_and_leavers_may_do_nothing(person: str, action: Action) -> None:
    mine = ids(person)
    facts = about(
        owner_id=PersonId(person), reporter_ids=mine, helper_ids=mine, step_owner_ids=mine, colleague_ids=mine
    )

    assert not access.may(DIRECTORY.person(PersonId(person)), action, facts, DIRECTORY, TODAY)


# --------------------------------------------------------------------------------------------------------------- names


def test_a_confidential_name_is_shown_to_the_coordinator_and_to_themselves_only() -> None:
    facts = about(reporter_ids=ids("teacher", "colleague"), confidential_ids=ids("teacher"))

    knows = {
        each.id
        for each in DIRECTORY.people.values()
        if access.may_know(each, PersonId("teacher"), facts, DIRECTORY, TODAY)
    }
    others = {
        each.id
        for each in DIRECTORY.people.values()
        if access.may_know(each, PersonId("colleague"), facts, DIRECTORY, TODAY)
    }

    assert knows == {"coordinator", "teacher"}
    assert others == TEAM | AT_MAPLE
    assert who_may(Action.SEE_REPORTER, facts) == {"coordinator", "teacher"}


def test_the_process_may_inform_an_outsider_of_an_open_challenge_only() -> None:
    outside = DIRECTORY.person(PersonId("outside"))
    informed = about(informed_ids=ids("outside"))

    assert access.may_hear(outside, informed, DIRECTORY, TODAY)
    assert not access.may_hear(outside, about(), DIRECTORY, TODAY)
    assert not access.may_hear(
        outside, about(informed_ids=ids("outside"), visibility=Visibility.RESTRICTED), DIRECTORY, TODAY
    )
    assert not access.may_hear(
        outside, about(informed_ids=ids("outside"), conduct_of_id=PersonId("outside")), DIRECTORY, TODAY
    )


# --------------------------------------------------------------------------------------------------------------- doing

FULL = about(
    helper_ids=ids("elsewhere"),
    step_owner_ids=ids("deputy"),
    colleague_ids=ids("namesake"),
    reporter_ids=ids("teacher", "colleague"),
)
SEERS = TEAM | AT_MAPLE | {"elsewhere", "deputy", "namesake"}

MATRIX: dict[Action, set[str] | frozenset[str]] = {
    Action.SEE: SEERS,
    Action.SEE_REPORTER: SEERS,
    Action.REPORT: INSIDE,
    Action.JOIN: SEERS,
    Action.NOTE: SEERS,
    Action.DETAIL: {"teacher", "colleague", "coordinator"},
    Action.ANSWER: {"teacher", "colleague", "coordinator"},
    Action.CONFIRM: {"teacher", "colleague"},
    Action.WITHDRAW: set(),  # two raised it: none of them alone
    Action.TAKE: {"materials"},
    Action.UNDERSTAND: {"materials"},
    Action.HAND_ON: {"materials"},
    Action.ASK: {"materials"},
    Action.PLAN: {"materials"},
    Action.ESCALATE: {"materials"},
    Action.RESOLVE: {"materials"},
    Action.WAIT: {"materials"},
    Action.PAUSE: {"materials", "coordinator"},
    Action.SEND_UP: {"materials", "coordinator", "principal", "coach", "teacher"},
    Action.STEP_DONE: {"materials", "coordinator", "deputy", "elsewhere"},
    Action.PROGRESS: {"materials", "coordinator", "deputy", "elsewhere"},
    Action.DECLINE: {"super", "liaison", "finance"},
    Action.TALK: {"namesake", "coach", "principal", "elsewhere", "deputy"} | TEAM - {"materials"},
    Action.DECIDE: {"coordinator"},
    Action.TRIAGE: {"coordinator"},
    Action.REASSIGN: {"coordinator"},
    Action.RESTRICT: {"coordinator"},
    Action.MERGE: {"coordinator"},
    Action.REDIRECT: {"coordinator"},
    Action.MOVE_PROCESS: {"coordinator"},
    Action.ENTER_FOR: {"coordinator"},
    Action.SUBSTITUTE: {"coordinator"},
    Action.EXPORT: {"coordinator"},
    Action.IMPORT: {"coordinator"},
}


def test_every_action_has_a_rule_and_a_sentence() -> None:
    assert set(MATRIX) == set(NEEDS) == set(WHO_CAN) == set(Action)


@pytest.mark.parametrize("action", list(Action))
def test_who_may_do_it(action: Action) -> None:
    assert who_may(action, None if action in ABOUT_NONE else FULL) == MATRIX[action]


def test_who_raised_it_alone_may_withdraw_it() -> None:
    assert who_may(Action.WITHDRAW, about()) == {"teacher"}


def test_a_talk_is_entered_by_whoever_may_have_had_it_and_never_by_who_leads_it() -> None:
    meet = {"coach", "principal"} | TEAM - {"materials"}
    assert who_may(Action.TALK, about()) == meet
    assert who_may(Action.TALK, about(owner_id=PersonId("coach"))) == meet - {"coach"} | {"materials"}
    assert who_may(Action.TALK, about(owner_id=PersonId("coordinator"))) == meet - {"coordinator"} | {"materials"}
    assert who_may(Action.TALK, about(visibility=Visibility.RESTRICTED)) == {"coordinator"}


@pytest.mark.parametrize(
    ("stand_in", "knows"),
    [
        pytest.param("deputy", False, id="any member of staff"),
        pytest.param("finance", True, id="an executive leader"),
    ],
)
def test_who_stands_in_for_the_coordinator_knows_a_confidential_name_only_as_a_leader(
    stand_in: str, knows: bool
) -> None:
    facts = about(confidential_ids=ids("teacher"))
    directory = district(absences=[away("coordinator", delegate=stand_in)])
    person = directory.people[PersonId(stand_in)]
    assert access.may_know(person, PersonId("teacher"), facts, directory, TODAY) is knows
    assert access.may(person, Action.TRIAGE, facts, directory, TODAY)
    assert access.may(person, Action.TALK, facts, directory, TODAY) is knows


def test_only_the_coordinator_enters_a_talk_with_a_confidential_reporter() -> None:
    about_one = {"confidential_ids": ids("teacher"), "colleague_ids": ids("liaison")}
    assert who_may(Action.TALK, about(**about_one)) == {"coordinator"}
    assert who_may(Action.TALK, about(owner_id=PersonId("coordinator"), **about_one)) == set()


@pytest.mark.parametrize(
    ("changes", "decides"),
    [
        pytest.param({}, {"coordinator"}, id="the coordinator"),
        pytest.param({"owner_id": PersonId("coordinator")}, {"liaison"}, id="who owns it, does not"),
        pytest.param({"reporter_ids": ids("coordinator", "teacher")}, {"liaison"}, id="nor who raised it"),
        pytest.param(
            {"owner_id": PersonId("coordinator"), "reporter_ids": ids("liaison")}, {"super"}, id="nor the liaison, then"
        ),
        pytest.param(
            {"owner_id": PersonId("coordinator"), "reporter_ids": ids("liaison", "super")}, {"finance"}, id="and so on"
        ),
        pytest.param({"conduct_of_id": PersonId("coordinator")}, {"liaison"}, id="about the coordinator"),
    ],
)
def test_who_decides_after_silence(changes: dict[str, Any], decides: set[str]) -> None:
    facts = about(**changes)

    assert access.deciders(facts, DIRECTORY, TODAY) == decides
    assert who_may(Action.DECIDE, facts) == decides


# ------------------------------------------------------------------------------------------------------------ refusing


def test_what_is_hidden_and_what_does_not_exist_get_the_same_answer() -> None:
    elsewhere = DIRECTORY.person(PersonId("elsewhere"))
    hidden = about(visibility=Visibility.RESTRICTED)

    with pytest.raises(NotFoundError) as of_hidden:
        access.require(elsewhere, Action.SEE, hidden, DIRECTORY, TODAY, number=42)
    with pytest.raises(NotFoundError) as of_missing:
        access.require(elsewhere, Action.SEE, None, DIRECTORY, TODAY, number=42)

    assert of_hidden.value.phrase == of_missing.value.phrase
    assert of_hidden.value.phrase.msgid.format(number=42) == "There is no challenge 42 that you can see."


def test_a_refusal_says_who_can() -> None:
    colleague = DIRECTORY.person(PersonId("colleague"))

    with pytest.raises(ForbiddenError) as refused:
        access.require(colleague, Action.RESOLVE, about(), DIRECTORY, TODAY)

    assert refused.value.phrase.params["owner"].id == "materials"
    assert "Only {owner}" in refused.value.phrase.msgid


def test_an_outsider_is_refused_politely() -> None:
    with pytest.raises(ForbiddenError, match="Only staff of the district"):
        access.require(DIRECTORY.person(PersonId("outside")), Action.REPORT, None, DIRECTORY, TODAY)


def test_who_may_is_not_refused() -> None:
    access.require(DIRECTORY.person(PersonId("materials")), Action.RESOLVE, about(), DIRECTORY, TODAY)


# ---------------------------------------------------------------------------------------------------- whatever happens

people = st.sampled_from(sorted(DIRECTORY.people))
groups = st.frozensets(people, max_size=3)
challenges = st.builds(
    Facts,
    number=st.just(42),
    status=st.sampled_from(Status),
    owner_id=people,
    reporter_ids=groups,
    helper_ids=groups,
    step_owner_ids=groups,
    colleague_ids=groups,
    school_id=st.sampled_from([None, MAPLE, OAK]),
    visibility=st.sampled_from(Visibility),
    conduct_of_id=st.none() | people,
)
directories = st.sampled_from(
    [
        DIRECTORY,
        district(absences=[away("coordinator", delegate="deputy")]),
        district(absences=[away("coordinator", delegate="liaison"), away("liaison")]),
        district([each for each in PEOPLE if each.id != "coordinator"]),
    ]
)


@settings(deadline=None)
@given(challenges, directories)
def test_whatever_else_they_are_who_it_is_about_sees_and_does_nothing(facts: Facts, directory: Directory) -> None:
    person = directory.people.get(facts.conduct_of_id) if facts.conduct_of_id else None
    if person:
        assert not any(
            access.may(person, action, facts, directory, TODAY) for action in Action if action not in ABOUT_NONE
        )


@settings(deadline=None)
@given(challenges, directories, st.sampled_from(sorted(set(Action) - ABOUT_NONE)))
def test_nobody_does_anything_to_what_they_cannot_see(facts: Facts, directory: Directory, action: Action) -> None:
    for person in directory.people.values():
        if access.may(person, action, facts, directory, TODAY):
            assert access.may(person, Action.SEE, facts, directory, TODAY)


@settings(deadline=None)
@given(challenges, directories)
def test_somebody_always_watches_over_a_challenge_and_somebody_can_decide(facts: Facts, directory: Directory) -> None:
    assert who_may(Action.TRIAGE, facts, directory)
    assert access.deciders(facts, directory, TODAY)
    assert facts.conduct_of_id not in access.deciders(facts, directory, TODAY)


@settings(deadline=None)
@given(challenges, directories)
def test_only_executive_leaders_decline(facts: Facts, directory: Directory) -> None:
    assert who_may(Action.DECLINE, facts, directory) <= {"super", "liaison", "finance"}


def test_facts_are_read_from_a_case() -> None:
    found = access.facts(
        case(reporters=["teacher"], confidential=["colleague"], helpers=["coach"], steps=[("Order", "deputy", TODAY)])
    )

    assert found.reporter_ids == {"teacher", "colleague"}
    assert found.confidential_ids == {"colleague"}
    assert found.helper_ids == {"coach"}
    assert found.step_owner_ids == {"deputy"}
    assert found.school_id == MAPLE


def test_parts_are_what_somebody_plays() -> None:
    teacher: Person = DIRECTORY.person(PersonId("teacher"))

    found = access.parts(teacher, about(), DIRECTORY, TODAY)

    assert found == {Part.STAFF, Part.VIEWER, Part.REPORTER, Part.SOLE_REPORTER, Part.SCHOOL_TEAM}
