"""Codes that were meant to be others, and codes of a district's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.cards.labels import ROLES
from handlers.district.slips import slip_of


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("principle", "principal"),
        ("Principal", "principal"),
        ("princpal", "principal"),
        ("pirncipal", "principal"),
        ("school couch", "school_coach"),
        ("School-Coach", "school_coach"),
        ("schoolcoach", "school_coach"),
        ("coach_school", "school_coach"),
        ("superintendant", "superintendent"),
        ("district_co-ordinator", "district_coordinator"),
        ("finance_business_director", "director_business_finance"),
        ("counsellor", "counselor"),
        ("isd_consultent", "isd_consultant"),
        ("teachers", "teacher"),
    ],
)
def test_a_slip_of_a_role(written: str, meant: str) -> None:
    assert slip_of(written, ROLES) == meant


@pytest.mark.parametrize(
    "written",
    [
        *("school_coach", "principal"),  # no slip at all
        *("co_principal", "vice_principal", "associate_principal", "lead_teacher", "teacher_aide", "student_teacher"),
        *("head_school_coach", "preschool_coach", "literacy_coach", "data_coach", "esl_teacher", "bus_driver", "dean"),
        *("school_counselor", "hr_director", "athletic_director", "Food Service Manager", "coach", "nurse", "art_lead"),
        *("director_finance", "Director of Finance", "chief_technology_officer", "special_educator", "SRO", "?"),
    ],
)
def test_a_role_of_a_districts_own(written: str) -> None:
    assert slip_of(written, ROLES) is None


@given(st.text(max_size=40))
def test_whatever_is_written_has_an_answer(written: str) -> None:
    assert slip_of(written, ROLES) in {None, *ROLES}


@given(st.sampled_from([each for each in ROLES if len(each) > 7]), st.data())
def test_one_letter_left_out_of_a_long_word_is_still_known(role: str, data: st.DataObject) -> None:
    long = [n for n in range(len(role)) if role[n] != "_" and len(_word_at(role, n)) > 4]
    n = data.draw(st.sampled_from(long))
    assert slip_of(role[:n] + role[n + 1 :], ROLES) is not None


def _word_at(role: str, n: int) -> str:
    return role[: n + 1].rpartition("_")[2] + role[n + 1 :].partition("_")[0]
