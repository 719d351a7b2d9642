"""Whatever people, time and the network do: the promises hold after every step."""

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.lives.machine import Lives, NewDatabase


def test_the_promises_hold_in_every_life(new_database: NewDatabase, lives: settings) -> None:
    run_state_machine_as_test(lambda: Lives(new_database), settings=lives)
