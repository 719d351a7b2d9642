"""The grammar of `/challenges`: every word is understood, or named with what would have been."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from handlers.rules.asking import EXAMPLES, FLAGS, STATES, NotUnderstood, Question, fully_understood, parse, spell
from storage.directory import Person, School
from storage.vocabulary import OPEN, PersonId, SchoolId, Status
from tests.builders import MAPLE, OAK, PEOPLE, PROCESS, TODAY, district

DIRECTORY = district(
    [
        *PEOPLE,
        Person(PersonId("jose"), "José Núñez"),
        Person(PersonId("twin-1"), "Sam Lee"),
        Person(PersonId("twin-2"), "Sam Lee"),
        Person(PersonId("newton"), "Al Newton"),
    ]
)
TYPES = PROCESS.types
RESOLVED, CLOSED = STATES["resolved"], STATES["closed"]


def ask(words: str) -> Question | NotUnderstood:
    return parse(words, DIRECTORY, TYPES, TODAY)  # a Monday


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("", {}),
        ("open", {}),
        ("mine", {"owned_by_me": True}),
        ("my challenges", {"owned_by_me": True}),
        ("reported", {"reported_by_me": True, "states": STATES["all"]}),
        ("reported by me", {"reported_by_me": True, "states": STATES["all"]}),
        ("overdue", {"overdue": True}),
        ("Overdue!", {"overdue": True}),
        ("waiting", {"waiting": True}),
        ("new", {"new": True}),
        ("help", {"help": True}),
        ("resolved", {"states": RESOLVED}),
        ("closed", {"states": CLOSED}),
        ("resolved closed", {"states": RESOLVED | CLOSED}),
        ("all", {"states": frozenset(Status)}),
        ("at maple", {"school_id": MAPLE}),
        ("at Maple Street Elementary overdue", {"school_id": MAPLE, "overdue": True}),
        ("overdue at oak ridge mine", {"school_id": OAK, "overdue": True, "owned_by_me": True}),
        ('at "Oak Ridge Middle School" new', {"school_id": OAK, "new": True}),
        ("at ridge", {"school_id": OAK}),
        ("type staffing", {"type": "staffing"}),
        ("type data systems", {"type": "data_systems"}),
        ("type data_systems open", {"type": "data_systems"}),
        ("type fund", {"type": "funding"}),
        ("owner nora", {"owner_id": "materials"}),
        ("owner QUILL overdue", {"owner_id": "materials", "overdue": True}),
        ("owner tess harlow", {"owner_id": "teacher"}),
        ("owner harlow-finch", {"owner_id": "namesake"}),
        ("owner jose nunez", {"owner_id": "jose"}),
        ("owner NÚÑEZ", {"owner_id": "jose"}),
        ("owner al new", {"owner_id": "newton", "new": True}),
        ("owner twin-2", {"owner_id": "twin-2"}),
        ("owner gus hale", {"owner_id": "gone"}),
        ("owner me", {"owned_by_me": True}),
        ("older than 30 days", {"older_than_days": 30}),
        ("older than 2 weeks overdue", {"older_than_days": 14, "overdue": True}),
        ("older than 45", {"older_than_days": 45}),
        ("older than 10d", {"older_than_days": 10}),
        ("since 2026-10-01", {"since": date(2026, 10, 1)}),
        ("since Oct 1", {"since": date(2026, 10, 1)}),
        ("since October 1st, 2025 closed", {"since": date(2025, 10, 1), "states": CLOSED}),
        ("since sept 9", {"since": date(2026, 9, 9)}),
        ("since 10/1", {"since": date(2026, 10, 1)}),
        ("since 12/1", {"since": date(2025, 12, 1)}),
        ("since 2/29", {"since": date(2024, 2, 29)}),
        ("since 10/1/26", {"since": date(2026, 10, 1)}),
        ("since may", {"since": date(2026, 5, 1)}),
        ("since today", {"since": TODAY}),
        ("since yesterday", {"since": date(2026, 10, 11)}),
        ("since friday", {"since": date(2026, 10, 9)}),
        ("since last monday", {"since": date(2026, 10, 5)}),
        ('"screening kits"', {"text": "screening kits"}),
        ("“screening kits” at maple", {"text": "screening kits", "school_id": MAPLE}),
        ('"not closed', {"text": "not closed"}),
        ("42", {"number": 42}),
        ("#42", {"number": 42}),
        ("show challenge 42 please", {"number": 42}),
        ("page 3 overdue", {"page": 3, "overdue": True}),
        ("next", {"page": 2}),
        ("show me the overdue challenges at maple", {"overdue": True, "school_id": MAPLE}),
    ],
)
def test_words_are_understood(words: str, asked: dict[str, Any]) -> None:
    assert ask(words) == replace(Question(), **asked)


@pytest.mark.parametrize(
    ("words", "word", "one_of_these"),
    [
        ("overdu", "overdu", "overdue"),
        ("open colsed", "colsed", "closed"),
        ("maple", "maple", "at Maple Street Elementary"),
        ("staffing", "staffing", "type staffing"),
        ("quill", "quill", "owner Nora Quill"),
        ("at nowhere", "at nowhere", "at Oak Ridge Middle School"),
        ("at", "at", "at Maple Street Elementary"),
        ("type nonsense", "type nonsense", "type staffing"),
        ("owner", "owner", "owner Leo Vance"),
        ("owner tess", "tess", "owner Tess Harlow-Finch"),
        ("owner sam lee", "sam lee", "owner twin-1"),
        ("owner kit farrow", "owner kit", "owner Leo Vance"),
        ("older than moss", "older", "older than 30 days"),
        ("older than 999999 days", "older", "older than 30 days"),
        ("since whenever", "since whenever", "since Oct 1"),
        ("since 2026-13-40", "since 2026-13-40", "since 10/1"),
        ("page zero", "page", "page 2"),
        ("0", "0", "42"),
        ("42 closed", "closed", "42"),
        ("mine 42", "mine", "42"),
        ("99999999999", "99999999999", "42"),
        ("xyzzy", "xyzzy", EXAMPLES[0]),
    ],
)
def test_what_is_not_understood_is_named_with_what_would_have_been(words: str, word: str, one_of_these: str) -> None:
    answer = ask(words)

    assert isinstance(answer, NotUnderstood)
    assert answer.word == word
    assert one_of_these in answer.would_have_been


def test_an_ambiguous_name_lists_the_candidates() -> None:
    assert ask("owner harlow") == NotUnderstood("harlow", ("owner Tess Harlow", "owner Tess Harlow-Finch"))


def test_a_school_whose_name_holds_words_of_the_grammar_can_be_quoted() -> None:
    schools = {SchoolId("x"): School(SchoolId("x"), "Open Door New Academy"), OAK: School(OAK, "Open Court")}
    directory = district(schools=schools)

    answer = parse('mine at "open door new academy" closed', directory, TYPES, TODAY)

    assert answer == Question(states=CLOSED, owned_by_me=True, school_id=SchoolId("x"))


@pytest.mark.parametrize(
    "text",
    [
        "challenges",
        "challenges overdue",
        "show me all my challenges",
        "Which challenges are waiting?",
        "challenges older than 30 days",
        "/challenges closed since Oct 1",
        "challenge 42",
        "challenges mine",
    ],
)
def test_a_message_that_is_a_question(text: str) -> None:
    assert fully_understood(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "challenges with subs again today",
        "overdue",
        "42",
        "all",
        "my challenge is that nobody covers my room",
        "new challenge",
        "we have challenges at lunch",
        "challenges at maple",  # no directory is given, so no name can be known
        "open",
    ],
)
def test_a_message_that_is_not(text: str) -> None:
    assert not fully_understood(text)


def test_with_the_directory_names_are_known_and_so_is_the_districts_word() -> None:
    assert fully_understood("challenges at maple overdue", DIRECTORY, TYPES, TODAY)
    assert fully_understood("barriers overdue", district(word="barrier"))
    assert not fully_understood("challenges at lunch again", DIRECTORY, TYPES, TODAY)


some_words = st.lists(
    st.one_of(
        st.sampled_from([*STATES, *FLAGS, *"at type owner older than since page next days last me the".split()]),  # noqa: SIM905
        st.sampled_from(
            ["maple", "oak", "tess", "harlow", "staffing", "data", '"', "“", "42", "#7", "oct", "1st", "10/1"]
        ),
        st.text(max_size=8),
        st.integers(-5, 10**20).map(str),
    ),
    max_size=12,
).map(" ".join)


@settings(deadline=None)
@given(st.one_of(some_words, st.text()))
@example("since 0000-00-00")
@example("page \u0663")
@example('at " "')
@example("\ud83d \x00")
def test_no_words_raise_and_what_is_understood_can_be_said_again(words: str) -> None:
    answer = ask(words)

    if isinstance(answer, Question):
        assert ask(spell(answer, DIRECTORY)) == answer
    else:
        assert answer.would_have_been
    fully_understood(words, DIRECTORY, TYPES, TODAY)


questions = st.builds(
    Question,
    states=st.sampled_from([OPEN, RESOLVED, CLOSED, RESOLVED | CLOSED, OPEN | CLOSED, frozenset(Status)]),
    owned_by_me=st.booleans(),
    reported_by_me=st.booleans(),
    overdue=st.booleans(),
    waiting=st.booleans(),
    new=st.booleans(),
    school_id=st.sampled_from([None, *DIRECTORY.schools]),
    type=st.sampled_from([None, *TYPES]),
    owner_id=st.sampled_from([None, *(each.id for each in DIRECTORY.people.values() if not each.external)]),
    older_than_days=st.none() | st.integers(1, 3650),
    since=st.none() | st.dates(date(2000, 1, 1), TODAY),
    text=st.none() | st.text("abc %_'é", min_size=1).map(lambda text: " ".join(text.split())).filter(bool),
    number=st.none() | st.integers(1, 2**31 - 1),
    page=st.integers(1, 10_000),
    help=st.booleans(),
)


@settings(deadline=None)
@given(questions)
def test_every_question_has_words_that_parse_back_to_it(question: Question) -> None:
    if question.number is not None:  # it asks for that challenge, and for nothing else
        question = Question(number=question.number)
    assert ask(spell(question, DIRECTORY)) == question
