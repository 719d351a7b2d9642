"""A time of day as people write it."""

from datetime import time

import pytest

from handlers.cards.text import Voice
from handlers.routines import clock
from tests.builders import district


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("8:30", time(8, 30)),
        ("08:30", time(8, 30)),
        ("15.30", time(15, 30)),
        ("3:30 pm", time(15, 30)),
        ("3:30PM", time(15, 30)),
        ("9 a.m.", time(9, 0)),
        ("12 am", time(0, 0)),
        ("12:15 p.m.", time(12, 15)),
        ("8", None),
        ("25:00", None),
        ("8:75", None),
        ("13 pm", None),
        ("noon", None),
        ("", None),
    ],
)
def test_a_time_in_words(typed: str, meant: time | None) -> None:
    assert clock(typed) == meant


def test_what_a_form_is_filled_with_is_read_again() -> None:
    voice = Voice(district())
    for minutes in range(0, 24 * 60, 5):
        at = time(minutes // 60, minutes % 60)
        assert clock(voice.time_of_day(at)) == at
