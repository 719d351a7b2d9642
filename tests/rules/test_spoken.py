"""Commands in words: what does what a command does, what is only like one, and what is a report."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.rules import spoken
from handlers.rules.spoken import FORM, HELP, HOME, LOG, Command, Nearly
from tests.builders import PROCESS, TODAY, district

DIRECTORY = district()


def said(text: str) -> Command | Nearly | None:
    return spoken.command_in(text, DIRECTORY, PROCESS.types, TODAY)


@pytest.mark.parametrize(
    ("text", "action", "words"),
    [
        # the log, with and without the slash
        ("challenges", LOG, ""),
        ("Challenges", LOG, ""),
        ("challenges mine", LOG, "mine"),
        ("Challenges overdue!", LOG, "overdue!"),
        ("challenges: waiting", LOG, "waiting"),
        ("challenges at Maple Street Elementary overdue", LOG, "at Maple Street Elementary overdue"),
        ("challenges type staffing older than 30 days", LOG, "type staffing older than 30 days"),
        ('challenges "no kits"', LOG, '"no kits"'),
        ("challenges help", LOG, "help"),
        ("challenge 42", LOG, "42"),
        ("/challenges", LOG, ""),
        ("/challenges mine", LOG, "mine"),
        ("/Challenges with subs again", LOG, "with subs again"),  # with a slash it is a command, whatever follows
        ("/ challenges mine", LOG, "mine"),
        # the report form
        ("challenge", FORM, ""),
        ("Report", FORM, ""),
        ("report!", FORM, ""),
        ("challenge no subs again on Friday", FORM, "no subs again on Friday"),
        ("Challenge our copier eats the permission slips", FORM, "our copier eats the permission slips"),
        ("report no subs again on Friday", FORM, "no subs again on Friday"),
        ("/challenge", FORM, ""),
        ("/challenge with subs again", FORM, "with subs again"),
        ("/report no subs", FORM, "no subs"),
        ("/challenge\nno subs\non Friday", FORM, "no subs\non Friday"),
        # Home and help
        ("clearway", HOME, ""),
        ("Clearway help", HOME, "help"),
        ("clearway, process", HOME, "process"),
        ("clearway away", HOME, "away"),
        ("/clearway", HOME, ""),
        ("/clearway meeting", HOME, "meeting"),
        ("help", HELP, ""),
        ("Help!", HELP, ""),
        ("?", HELP, ""),
        ("/help", HELP, ""),
        ("/help me with this", HELP, ""),
    ],
)
def test_a_command(text: str, action: str, words: str) -> None:
    assert said(text) == Command(action, words)


@pytest.mark.parametrize("text", ["show me all my challenges", "Which challenges are waiting?", "overdue challenges"])
def test_a_question_that_begins_otherwise_may_also_be_a_report(text: str) -> None:
    assert said(text) == Command(LOG, text, sure=False)


@pytest.mark.parametrize(
    ("text", "action", "words", "would_have_been"),
    [
        ("/chalenges mine", LOG, "mine", "/challenges mine"),
        ("/chalanges mien", LOG, "mine", "/challenges mine"),
        ("/challnge no subs", FORM, "no subs", "/challenge no subs"),
        ("/raport no subs", FORM, "no subs", "/challenge no subs"),
        ("/clearwy process", HOME, "process", "/clearway process"),
        ("/hlep", HELP, "", "/clearway help"),
        ("/overdue", LOG, "overdue", "/challenges overdue"),
        ("/mine at maple", LOG, "mine at maple", "/challenges mine at maple"),
        ("chalenges mine", LOG, "mine", "/challenges mine"),
        ("challenges overdu", LOG, "overdue", "/challenges overdue"),
        ("Challenges mien opn", LOG, "mine open", "/challenges mine open"),
        ("clearway proces", HOME, "process", "/clearway process"),
        ("/remind me tomorrow", None, "", "/challenge"),
        ("/s of course", None, "", "/challenges"),
        ("clearway broken", None, "", "/clearway help"),
    ],
)
def test_what_is_like_a_command_is_answered_with_what_would_have_been(
    text: str, action: str | None, words: str, would_have_been: str
) -> None:
    found = said(text)
    assert isinstance(found, Nearly)
    assert found.meant == (Command(action, words) if action else None)
    assert would_have_been in found.would_have_been


@pytest.mark.parametrize(
    "text",
    [
        "Challenges with the bus schedule make us late",
        "challenges with subs again today",
        "Challenges: nobody covers lunch, and the kits are late",
        "Challenges at lunch again",
        "Challenges open up every time we start a new unit",
        "Challenge with the bus schedule",
        "Challenge: our copier eats the permission slips",
        "Challenge - no subs again",
        "challenge getting subs for training days",
        "Challenge is that nobody covers my room",
        "Report cards are due the week of benchmark testing",
        "report: no subs again on Friday",
        "Reporting takes an hour a day",
        "Reported this twice already",
        "Help us get subs for training days",
        "help me",
        "Clearway sends the digest too late for us",
        "Changes mine our planning time",
        "10 teachers have no kits",
        "/10 of our rooms have no heat",
        "// no subs",
        "/ no subs again",
        "and/or nobody knows which form to use",
        "No subs. challenges mine",
        "overdue",
        "42",
        "",
        "   ",
        "🙂",
    ],
)
def test_what_is_for_somebody_to_read(text: str) -> None:
    assert said(text) is None


def test_many_words_after_the_word_are_a_report() -> None:
    assert said("challenge " + "nobody knows what to do " * 9) is None


def test_the_districts_own_word_is_a_command_too() -> None:
    barriers = district(word="barrier")
    assert spoken.command_in("barriers overdue", barriers) == Command(LOG, "overdue")
    assert spoken.command_in("barrier no subs", barriers) == Command(FORM, "no subs")
    assert spoken.command_in("Barriers to attendance are growing", barriers) is None


@settings(deadline=None)
@given(
    st.one_of(
        st.text(),
        st.lists(
            st.sampled_from(
                [
                    "/",
                    "challenge",
                    "challenges",
                    "/challenges",
                    "/chalenge",
                    "report",
                    "clearway",
                    "help",
                    "mine",
                    "with",
                    "overdue",
                    "42",
                    "at",
                    "maple",
                    ":",
                    "'x",
                ]
            ),
            max_size=6,
        ).map(" ".join),
    )
)
def test_whatever_is_said_has_an_answer(text: str) -> None:
    found = said(text)
    if isinstance(found, Nearly):
        assert found.said
        assert found.would_have_been
    if isinstance(found, Command) and found.action == LOG and "/" not in text:
        assert said(f"challenges {found.text}") or not found.sure
