"""Whatever people, time and the network do: the promises hold after every step."""

from collections import Counter

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.lives.machine import STEPS, Lives, NewDatabase


def test_the_promises_hold_in_every_life(new_database: NewDatabase, lives: settings) -> None:
    lived: Counter[str] = Counter()
    run_state_machine_as_test(lambda: Lives(new_database, lived), settings=lives)
    assert set(lived) == STEPS, "There are steps to which no life has come"
