"""How codes read to people: roles, types, desks."""

import pytest

from handlers.cards import labels
from handlers.cards.text import Role, Voice, from_json, phrase, to_json
from handlers.district.check import check
from tests import builders
from tests.handlers.district_files import EXAMPLE_TEXT

SAY = Voice(builders.district())


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("isd_consultant", "ISD consultant"),
        ("dit_member", "DIT member"),
        ("director_business_finance", "Director of business and finance"),
        ("school_coach", "School coach"),
        ("staff", "Staff"),
        # A district's own
        ("Bus Dispatcher", "Bus Dispatcher"),
        ("SRO", "SRO"),
        ("lead for grades K-2", "lead for grades K-2"),
        ("reading_recovery_lead", "Reading recovery lead"),
        ("regional_esl_lead", "Regional ESL lead"),
        ("{n} hats", "{n} hats"),
        ("", ""),
    ],
)
def test_a_role_in_words(code: str, words: str) -> None:
    assert SAY.role(code) == words
    assert SAY("{role}", role=Role(code)) == words
    assert SAY(from_json(to_json(phrase("{role}", role=Role(code))))) == words


def test_every_role_of_the_practice_district_has_words_of_its_own() -> None:
    assert not {each.role for each in check(EXAMPLE_TEXT).file.people.values()} - set(labels.ROLES)


@pytest.mark.parametrize("code", labels.ROLES)
def test_no_role_shows_that_it_is_a_code(code: str) -> None:
    words = labels.ROLES[code]
    assert "_" not in words
    assert words[0].isupper()
    assert not [each for each in words.split() if each.casefold() in labels.SHORT_FORMS and not each.isupper()]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("data_systems", "Data systems"),
        ("it_support", "IT support"),
        ("related-service staff", "Related-service staff"),
        ("what it takes", "What it takes"),
        ("braces {too}", "Braces {too}"),
    ],
)
def test_a_type_or_a_tag_in_words(code: str, words: str) -> None:
    assert SAY.label(code) == words
