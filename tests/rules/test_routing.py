"""Who has the authority to remove a challenge, and why; leave, vacancies, limits and conflicts make the ladder climb."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.cards.text import Voice
from handlers.rules import access, presence, routing
from handlers.rules.routing import Facts
from storage.directory import Absence, Directory
from storage.process import InformRule, MatrixRow
from storage.vocabulary import Authority, PersonId, Rung, Scope, Urgency
from tests.builders import MAPLE, OAK, PEOPLE, PROCESS, TODAY, away, district

FUNDING = Facts("funding", Scope.DISTRICT, MAPLE)
TAGGED = PROCESS.model_copy(
    update={
        "authority_matrix": (
            *PROCESS.authority_matrix,
            MatrixRow(type="materials", scope=Scope.DISTRICT, when="buses or buildings", decider="finance"),
        ),
        "inform": (
            InformRule(when="csi school", who=("outside", "principal")),
            InformRule(when="scope external", who=("coordinator",)),
        ),
    }
)


def route(facts: Facts, directory: Directory, day: date = TODAY) -> routing.Route:
    return routing.route(facts, directory, directory.in_force, day)


def why(facts: Facts, directory: Directory) -> str:
    return Voice(directory)(route(facts, directory).reason)


@pytest.mark.parametrize(
    ("facts", "owner", "authority"),
    [
        pytest.param(
            Facts("staffing", Scope.SCHOOL, MAPLE), "principal", Authority.MATRIX, id="a school's own principal"
        ),
        pytest.param(
            Facts("staffing", Scope.SCHOOL, OAK), "oak-principal", Authority.MATRIX, id="of the school it is about"
        ),
        pytest.param(
            Facts("materials", Scope.DISTRICT, MAPLE), "materials", Authority.MATRIX, id="a row of the matrix"
        ),
        pytest.param(
            Facts("staffing", Scope.DISTRICT, MAPLE), "coordinator", Authority.TRIAGE, id="no rule: the coordinator"
        ),
        pytest.param(Facts(None, Scope.DISTRICT, MAPLE), "coordinator", Authority.TRIAGE, id="no type yet"),
        pytest.param(Facts("materials", None, MAPLE), "coordinator", Authority.TRIAGE, id="no scope yet"),
        pytest.param(Facts("staffing", Scope.SCHOOL), "coordinator", Authority.TRIAGE, id="no school yet"),
    ],
)
def test_the_matrix_names_who_decides(facts: Facts, owner: str, authority: Authority) -> None:
    found = route(facts, district())
    assert (found.owner_id, found.authority) == (owner, authority)


def test_the_most_specific_row_wins() -> None:
    there = district(process=TAGGED)
    assert route(Facts("materials", Scope.DISTRICT, MAPLE, ("buses or buildings",)), there).owner_id == "finance"
    assert route(Facts("materials", Scope.DISTRICT, MAPLE, ("labor agreement",)), there).owner_id == "materials"


def test_the_reason_names_the_rule_the_version_and_the_leave() -> None:
    leave = Absence(
        PersonId("finance"), date(2026, 10, 12), date(2026, 12, 4), PersonId("materials"), 10_000, PersonId("super")
    )
    said = why(FUNDING, district(absences=[leave]))
    assert said == (
        "Funding in the district goes to Signe Okonjo-Bell (process 1.0, rule 3); Signe Okonjo-Bell is away until "
        "Fri, Dec 4, 2026, so to Nora Quill."
    )


@pytest.mark.parametrize(
    ("amount", "owner", "authority"),
    [
        pytest.param(4_800, "materials", Authority.DELEGATE, id="within the delegate's limit"),
        pytest.param(10_000, "materials", Authority.DELEGATE, id="at the limit"),
        pytest.param(10_001, "super", Authority.DELEGATE, id="above it: whom the leave names"),
        pytest.param(30_000, "super", Authority.DELEGATE, id="above everybody's"),
    ],
)
def test_a_delegate_acts_within_limits(amount: int, owner: str, authority: Authority) -> None:
    leave = Absence(PersonId("finance"), TODAY, TODAY, PersonId("materials"), 10_000, PersonId("super"))
    found = route(replace(FUNDING, amount_usd=amount), district(absences=[leave]))
    assert (found.owner_id, found.authority) == (owner, authority)


@pytest.mark.parametrize(
    ("amount", "owner"),
    [(10_000, "materials"), (10_001, "liaison"), (15_001, "super"), (25_001, "super")],
)
def test_an_amount_goes_straight_to_the_next_who_may_approve_it(amount: int, owner: str) -> None:
    there = district()
    found = route(Facts("materials", Scope.DISTRICT, MAPLE, amount_usd=amount), there)
    assert found.owner_id == owner
    if amount > 25_000:
        assert "needs the board's approval" in why(Facts("materials", Scope.DISTRICT, MAPLE, amount_usd=amount), there)


def test_leave_without_a_delegate_a_vacancy_and_a_leaver_climb() -> None:
    assert route(FUNDING, district(absences=[away("finance")])).owner_id == "liaison"
    vacant = district([each for each in PEOPLE if each.id != "principal"])
    assert route(Facts("staffing", Scope.SCHOOL, MAPLE), vacant).owner_id == "liaison"
    left = district([replace(each, left_on=date(2026, 10, 1)) if each.id == "finance" else each for each in PEOPLE])
    assert route(FUNDING, left).owner_id == "liaison"
    followed = district(
        [
            replace(each, left_on=date(2026, 10, 1), successor_id=PersonId("materials"))
            if each.id == "finance"
            else each
            for each in PEOPLE
        ]
    )
    assert (route(FUNDING, followed).owner_id, route(FUNDING, followed).authority) == ("materials", Authority.SUCCESSOR)


def test_a_conflict_of_interest_is_passed_over() -> None:
    found = route(replace(FUNDING, barred=frozenset({PersonId("finance")})), district())
    assert (found.owner_id, found.rung) == ("liaison", Rung.EXECUTIVE_LEADER)
    both = frozenset({PersonId("finance"), PersonId("liaison")})
    assert route(replace(FUNDING, barred=both), district()).owner_id == "super"


def test_who_else_hears() -> None:
    there = district(process=TAGGED)
    assert route(Facts("materials", Scope.DISTRICT, OAK), there).inform == ("outside", "oak-principal")
    assert route(Facts("materials", Scope.DISTRICT, MAPLE), there).inform == ()


@pytest.mark.parametrize(
    ("facts", "venue"),
    [
        (Facts("funding", Scope.SCHOOL, MAPLE), "slt"),
        (Facts("funding", Scope.DISTRICT, MAPLE), "cabinet"),
        (Facts("materials", Scope.DISTRICT, MAPLE), "dit"),
    ],
)
def test_the_venue_goes_by_scope_first_then_type(facts: Facts, venue: str) -> None:
    assert route(facts, district()).venue == venue


def test_the_ladder_brings_in_the_coordinator_then_moves_the_lead_up() -> None:
    there = district()

    def up(rung: Rung, owner: str) -> tuple[Rung, str, str | None]:
        found = routing.next_up(rung, PersonId(owner), there, there.in_force, TODAY)
        return found.rung, found.lead_id, found.brought_in_id

    assert up(Rung.OWNER, "finance") == (Rung.COORDINATOR, "finance", "coordinator")
    assert up(Rung.COORDINATOR, "finance") == (Rung.EXECUTIVE_LEADER, "liaison", None)
    assert up(Rung.COORDINATOR, "liaison") == (Rung.EXECUTIVE_LEADER, "super", None)
    assert up(Rung.EXECUTIVE_LEADER, "liaison") == (Rung.SUPERINTENDENT, "super", None)
    assert up(Rung.SUPERINTENDENT, "super") == (Rung.SUPERINTENDENT, "super", "coordinator")
    assert up(Rung.OWNER, "coordinator")[0] is Rung.EXECUTIVE_LEADER


def test_a_superintendent_leads_without_being_marked_as_an_executive() -> None:
    there = district([replace(each, executive_leader=False) if each.id == "super" else each for each in PEOPLE])
    up = routing.next_up(Rung.EXECUTIVE_LEADER, PersonId("liaison"), there, there.in_force, TODAY)
    assert up.lead_id == "super"
    for authority in (Authority.EXECUTIVE, Authority.MATRIX):
        assert routing.holds_authority(FUNDING, up.lead_id, authority, there, there.in_force, TODAY)
    assert access.has_authority(there.person(PersonId("super")), there, TODAY)


FACTS = st.builds(
    Facts,
    st.sampled_from([None, *PROCESS.types]),
    st.sampled_from([None, *Scope]),
    st.sampled_from([None, MAPLE, OAK]),
    st.sampled_from([(), PROCESS.tags]),
    st.one_of(st.none(), st.integers(1, 100_000)),
    st.sampled_from(list(Urgency)),
    st.frozensets(st.sampled_from([each.id for each in PEOPLE]), max_size=4),
)
INSIDE = [each.id for each in PEOPLE if not each.external]


@st.composite
def districts(draw: st.DrawFn) -> Directory:
    """Anybody may be away, with or without a delegate, or have left; there is always a superintendent in post."""
    leavers = draw(st.sets(st.sampled_from([each for each in INSIDE if each != "super"]), max_size=4))
    people = [replace(each, left_on=date(2026, 9, 1)) if each.id in leavers else each for each in PEOPLE]
    absent = draw(
        st.lists(st.tuples(st.sampled_from(INSIDE), st.one_of(st.none(), st.sampled_from(INSIDE))), max_size=5)
    )
    return district(people, absences=[away(who, delegate=by) for who, by in absent])


@given(FACTS, districts())
def test_it_never_ends_with_nobody_nor_with_somebody_who_is_gone(facts: Facts, there: Directory) -> None:
    found = route(facts, there)
    assert presence.is_active(there, found.owner_id, TODAY)
    assert found.is_triage or found.owner_id not in facts.barred
    assert Voice(there)(found.reason).endswith(".")


@given(
    st.sampled_from(list(Rung)),
    st.sampled_from(INSIDE),
    districts(),
    st.frozensets(st.sampled_from(INSIDE), max_size=3),
)
def test_climbing_never_goes_down_nor_to_nobody(
    rung: Rung, owner: Any, there: Directory, barred: frozenset[PersonId]
) -> None:
    found = routing.next_up(rung, owner, there, there.in_force, TODAY, barred=barred)
    ladder = list(there.in_force.process.ladder)
    assert ladder.index(found.rung) >= ladder.index(rung)
    assert found.lead_id == owner or presence.is_active(there, found.lead_id, TODAY)
