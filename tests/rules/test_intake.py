"""Guesses about a message: sure ones only, and never one that drops a report."""

import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.rules import intake
from handlers.rules.intake import Seems, guess_money, seems, suggest_tags, suggest_type

MESSAGES = yaml.safe_load((Path(__file__).parents[1] / "data" / "challenges.yaml").read_text())["items"]
SUBKINDS = {"success": Seems.SUCCESS, "work_order": Seems.WORK_ORDER, "personnel_complaint": Seems.PERSONNEL}
TYPES = tuple(intake.TYPES)
TAGS = tuple(intake.TAGS)


# -------------------------------------------------------------------------------------------------- what it seems to be


@pytest.mark.parametrize("message", MESSAGES, ids=[each["id"] for each in MESSAGES])
def test_the_messages_of_the_fictional_district(message: dict[str, Any]) -> None:
    expected = message["expected"]

    assert seems(message["text"]) is SUBKINDS.get(expected.get("subkind"), Seems.CHALLENGE)


@pytest.mark.parametrize(
    "text",
    [
        "hi",
        "Hello!",
        "thanks!",
        "Thank you so much :)",
        "ok 👍",
        "👍",
        "Good morning",
        "got it, thanks!!",
        "...",
        "¡Gracias!",
        "hola",
        "k",
    ],
)
def test_a_bare_greeting(text: str) -> None:
    assert seems(text) is Seems.GREETING


@pytest.mark.parametrize(
    "text",
    [
        "Shout-out to the front office, registration went smoothly!",
        "Kudos to our custodians for the gym",
        "Great job 3rd grade team, all check-ins done 🎉",
        "So proud of our bus drivers this week",
        "Congratulations to the math team!!",
    ],
)
def test_praise(text: str) -> None:
    assert seems(text) is Seems.SUCCESS


@pytest.mark.parametrize(
    "text",
    [
        "Kudos to the K team but we still have no kits",
        "Great job everyone, however nobody can score the screener",
        "Way to go, another form changed and nobody told us",
        "Shout out to the office. We need three subs.",
        "hi, the kits never came",
        "thanks for nothing, still no subs",
        "ok so who can say yes to the stipends?",
    ],
)
def test_praise_or_a_greeting_with_a_but_is_a_challenge(text: str) -> None:
    assert seems(text) is Seems.CHALLENGE


@pytest.mark.parametrize(
    "text",
    [
        "toilet in the 2nd floor bathroom is clogged again",
        "Light bulb burned out in room 8",
        "the projector in 214 won't turn on",
        "Ceiling is leaking by the gym door",
        "no heat, thermostat in the library is stuck",
        "copier is jammed",
        "door lock broken at the east entrance",
    ],
)
def test_a_work_order(text: str) -> None:
    assert seems(text) is Seems.WORK_ORDER


@pytest.mark.parametrize(
    "text",
    [
        "The copier has been broken for months so we can't print the screener",
        "projectors are broken in half of the rooms, so no SEL lesson with video",
        "The heater schedule means our team has no room for the tier 1 meeting and it is broken",
        "Every building has a leaking roof and the district has no budget for it",
        "the upload is broken",
        "our referral process is broken",
    ],
)
def test_what_breaks_the_work_is_a_challenge(text: str) -> None:
    assert seems(text) is Seems.CHALLENGE


@pytest.mark.parametrize(
    "text",
    [
        "Ms. Arbor yells at staff in every meeting",
        "someone should write her up, Mrs. Arbor is rude",
        "Coach Denton is lazy and never shows up",
        "My principal is rude and refuses to listen to any of us",
        "Our secretary makes inappropriate comments to everybody",
    ],
)
def test_a_complaint_about_one_person(text: str) -> None:
    assert seems(text) is Seems.PERSONNEL


@pytest.mark.parametrize(
    "text",
    [
        "Mr. Arbor needs to sign the PO and he is away until May",
        "Ms. Arbor refuses to release us for coaching",
        "Principals refuse to send anyone to the training",
        "We need Dr. Arbor to answer, three emails and nothing",
        "a student was rude and refuses to work, Mr. Arbor has no plan for tier 2",
        "My principal says wait and see",
        "parents are rude on the phone because the bus is late",
        "the HR policy on harassment is out of date",
    ],
)
def test_needing_somebody_is_no_complaint(text: str) -> None:
    assert seems(text) is Seems.CHALLENGE


@pytest.mark.parametrize(
    "text",
    [
        "how do I teach expectation lessons?",
        "Any ideas for morning meeting with kinders?",
        "What's a good way to teach transitions?",
        "How can I get my kids to line up quietly?",
    ],
)
def test_a_question_about_teaching(text: str) -> None:
    assert seems(text) is Seems.CLASSROOM_QUESTION


@pytest.mark.parametrize(
    "text",
    [
        "How are we supposed to teach SEL with one kit for 5 rooms?",
        "How do we teach the lessons without the kits?",
        "Which calendar am I to teach?",
        "How do I get my students into the system when the upload won't work?",
        "who can say yes to $4,800?",
    ],
)
def test_a_question_that_names_an_obstacle_is_a_challenge(text: str) -> None:
    assert seems(text) is Seems.CHALLENGE


def test_danger_comes_first() -> None:
    assert seems("thanks! also a student has a gun in the gym") is Seems.CRISIS


@pytest.mark.parametrize("text", ["necesitamos suplentes en todas las escuelas", "我们没有代课老师", "asdf"])
def test_what_is_not_understood_is_a_challenge(text: str) -> None:
    assert seems(text) is Seems.CHALLENGE


# --------------------------------------------------------------------------------------------------------- suggestions


@pytest.mark.parametrize(
    "message", [each for each in MESSAGES if "type" in each["expected"]], ids=lambda message: message["id"]
)
def test_a_suggested_type_is_one_a_fair_reader_might_pick(message: dict[str, Any]) -> None:
    expected = message["expected"]

    assert suggest_type(message["text"], TYPES) in {None, expected["type"], *expected.get("also_ok", ())}
    assert set(suggest_tags(message["text"], TAGS)) <= set(expected.get("tags", ()))


@pytest.mark.parametrize(
    ("text", "type"),
    [
        ("Three vacancies and no subs since August", "staffing"),
        ("we get 20 minutes a week, not enough time to look at anything", "time"),
        ("The grant money for the stipends is gone", "funding"),
        ("Code of conduct says automatic, and the handbook agrees", "policy"),
        ("the workbooks and kits never arrived", "materials"),
        ("None of us was trained, the workshop was full", "training"),
        ("The roster upload fails, code invalid", "data_systems"),
        ("Lunch duty clashes with check-in at the same time", "scheduling"),
        ("The union filed a grievance about the contract", "contracts"),
        ("Mixed signals from the superintendent, is it a priority", "leadership"),
        ("nobody told us the form changed, we found out late", "communication"),
        ("Two initiatives contradict each other", "alignment"),
        ("things are hard", None),
        ("", None),
    ],
)
def test_a_type_is_suggested_where_the_words_are_clear(text: str, type: str | None) -> None:
    assert suggest_type(text, TYPES) == type


def test_two_types_alike_suggest_none() -> None:
    assert suggest_type("no subs and no kits", TYPES) is None


def test_only_the_districts_own_types_are_suggested_and_its_new_ones_by_their_name() -> None:
    assert suggest_type("no subs today", ["time", "funding"]) is None
    assert suggest_type("The student transport contract is late", ["student_transport", "time"]) == "student_transport"


def test_tags_are_suggested_by_their_words() -> None:
    assert suggest_tags("the nurse and the SLP are shared by four buildings", TAGS) == ("related-service staff",)
    assert suggest_tags("we lost coverage since Labor Day", TAGS) == ()
    assert suggest_tags("the night shift has no key", ["night shift"]) == ("night shift",)


@pytest.mark.parametrize(
    ("text", "dollars"),
    [
        ("Who can say yes to $4,800?", 4800),
        ("it costs $1.2k or $ 900", 1200),
        ("about 5 thousand dollars", 5000),
        ("$19.99 each", 20),
        ("12,500 dollars", 12_500),
        ("$2 million", 2_000_000),
        ("$5K", 5000),
        ("45 min a week, 3 rooms, 2026", None),
        ("$0", None),
        ("$999999999999", None),
        ("", None),
    ],
)
def test_money_is_guessed(text: str, dollars: int | None) -> None:
    assert guess_money(text) == dollars


@settings(deadline=None)
@given(st.text())
def test_any_text_gets_an_answer(text: str) -> None:
    assert seems(text) in Seems
    assert suggest_type(text, TYPES) in {None, *TYPES}
    assert guess_money(text) is None or 0 < guess_money(text) <= intake.MOST_DOLLARS


@pytest.mark.parametrize(
    "piece", ["a", "$1,", "$", "how do i ", "Mr. A is rude ", "é", "sub ", "1,000", "thanks ", "Aa bb "]
)
def test_no_text_takes_long(piece: str) -> None:
    text = (piece * (100_000 // len(piece) + 1))[:100_000]
    started = time.perf_counter()

    seems(text)
    suggest_type(text, TYPES)
    suggest_tags(text, TAGS)
    guess_money(text)

    assert time.perf_counter() - started < 5  # about 0.3 s
