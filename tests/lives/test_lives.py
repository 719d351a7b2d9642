"""Whatever people, time and the network do: the promises hold after every step."""

from datetime import timedelta
from typing import Any, Final

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.lives.acts import Dice
from tests.lives.edge import Weather
from tests.lives.life import LARKSPUR
from tests.lives.machine import BEGINNINGS, STEPS, Lives, NewDatabase

DRAWN: Final[dict[str, Any]] = {
    "where": LARKSPUR,
    "weather": list(Weather),
    "a_while": timedelta(days=3),
    "at_once": True,
}


def test_the_promises_hold_in_every_life(new_database: NewDatabase, lives: settings) -> None:
    run_state_machine_as_test(lambda: Lives(new_database), settings=lives)


def test_a_life_comes_to_every_kind_of_step(new_database: NewDatabase) -> None:
    """One after the other, so that it is no matter of luck whether the random lives had all of them."""
    life = Lives(new_database)
    try:
        life.begin(at=BEGINNINGS[0], finds=True, dice=Dice(1))
        for n, (name, drawn) in enumerate(sorted(STEPS.items())):
            values = DRAWN | {"dice": Dice(n)}
            getattr(life, name)(**{each: values[each] for each in drawn})
            life.promises_hold()
    finally:
        life.teardown()
