"""A random life as hypothesis lives it: in each step somebody acts, time passes, or something goes wrong."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, AsyncExitStack, ExitStack
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar, cast

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from storage.vocabulary import DistrictId
from tests.lives import acts
from tests.lives.acts import Dice, Pens
from tests.lives.edge import Weather
from tests.lives.life import HERE, LARKSPUR, WRITES, ZONE, Life, Who, life
from tests.lives.promises import Promises

Result = TypeVar("Result")
NewDatabase = Callable[[], AbstractContextManager[str]]
"""The URL of a database into which both districts have settled."""

DICE: Final = st.integers(0, 9_999).map(Dice)
DISTRICTS: Final = st.sampled_from((LARKSPUR, *HERE))
BEGINNINGS: Final = (
    "2026-10-06 09:00",
    "2026-10-30 15:00",  # the clocks go back on Sunday
    "2026-11-24 10:00",  # Thanksgiving
    "2026-12-18 14:00",  # winter break
    "2027-03-12 08:00",  # the clocks go forward on Sunday
    "2027-06-09 11:00",  # summer
)

A_WHILE: Final = (
    timedelta(minutes=2),
    timedelta(minutes=11),
    timedelta(hours=3),
    timedelta(hours=17),
    timedelta(days=1),
    timedelta(days=3),
    timedelta(days=8),
    timedelta(days=15),
)


Step = TypeVar("Step", bound=Callable[..., None])
STEPS: Final[dict[str, frozenset[str]]] = {}
"""Every kind of step that there is, and what is drawn for it."""


def step(**drawn: Any) -> Callable[[Step], Step]:
    """A rule that a test can ask for by its name, too."""

    def named(does: Step) -> Step:
        STEPS[does.__name__] = frozenset(drawn)
        return cast("Step", rule(**drawn)(does))

    return named


class Lives(RuleBasedStateMachine):
    """Two districts whose people, calendar, network and server do as they like."""

    most_challenges = 3
    """In a district: many hands on few things."""

    def __init__(self, new_database: NewDatabase) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._runner = self._stack.enter_context(asyncio.Runner())
        self._url = self._stack.enter_context(new_database())
        self._alive = AsyncExitStack()
        self.pens = Pens()
        self.outside = False
        self.life: Life
        self.promises: Promises

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        return self._runner.run(coroutine)

    def act(self, coroutine: Coroutine[Any, Any, Any], *, outside: bool = False) -> None:
        """One step, and all that follows from it at this moment."""
        self.outside = self.outside or outside
        self.run(coroutine)
        self.life.clock.move(self.life.clock.at + timedelta(seconds=4))
        self.run(self.life.settle())

    @initialize(at=st.sampled_from(BEGINNINGS), finds=st.booleans(), dice=DICE)
    def begin(self, at: str, finds: bool, dice: Dice) -> None:
        began = datetime.fromisoformat(at).replace(tzinfo=ZONE)
        self.life = self.run(self._alive.enter_async_context(life(self._url, began, finds=finds)))
        self.promises = Promises(self.life, self.pens)
        self.act(self.report_both(dice), outside=True)

    async def report_both(self, dice: Dice) -> None:
        for each in HERE:
            await acts.report(self.life, self.pens, acts.somebody(each, dice), dice)

    # -- people ------------------------------------------------------------------------------------------------------

    @step(where=DISTRICTS, dice=DICE)
    def report(self, where: DistrictId, dice: Dice) -> None:
        self.act(self.one_more(acts.report, acts.somebody(where, dice), dice))

    async def one_more(self, how: Callable[..., Coroutine[Any, Any, Any]], who: Who, dice: Dice) -> None:
        """A report by some door; where there are many challenges already, somebody looks at one of those."""
        if await self.life.count(who.district) < self.most_challenges or dice.maybe(10):
            await how(self.life, self.pens, who, dice)
        else:
            await acts.look_and_press(self.life, self.pens, who.district, dice)

    @step(where=DISTRICTS, dice=DICE)
    def write(self, where: DistrictId, dice: Dice) -> None:
        self.act(self.one_more(acts.write, acts.somebody(where, dice), dice))

    @step(where=DISTRICTS, dice=DICE)
    def look_and_press(self, where: DistrictId, dice: Dice) -> None:
        self.act(self.several(acts.look_and_press, where, dice))

    async def several(self, what: Callable[..., Coroutine[Any, Any, None]], where: DistrictId, dice: Dice) -> None:
        for _ in range(dice.randint(1, 4)):
            await what(self.life, self.pens, where, dice)
            await self.life.settle()

    @step(where=DISTRICTS, dice=DICE)
    def work_through(self, where: DistrictId, dice: Dice) -> None:
        self.act(acts.work_through(self.life, self.pens, where, dice))

    @step(where=DISTRICTS, dice=DICE)
    def silence(self, where: DistrictId, dice: Dice) -> None:
        """Something is resolved, and then nobody says a word for weeks, or almost nobody."""
        self.act(self.nobody_answers(where, dice), outside=True)

    async def nobody_answers(self, where: DistrictId, dice: Dice) -> None:
        await acts.work_through(self.life, self.pens, where, dice)
        await self.life.pass_time(self.life.clock.at + timedelta(days=dice.randint(14, 35)))
        await acts.look_and_press(self.life, self.pens, where, dice)

    @step(where=DISTRICTS, dice=DICE)
    def reporters_answer(self, where: DistrictId, dice: Dice) -> None:
        self.act(acts.reporters_answer(self.life, self.pens, where, dice))

    @step(where=DISTRICTS, dice=DICE)
    def links_a_room(self, where: DistrictId, dice: Dice) -> None:
        who = acts.anybody(where, dice) if dice.maybe(20) else Who(where, acts.PersonId("p-010"))
        self.act(acts.links_a_room(self.life, self.pens, who, dice))

    @step(where=DISTRICTS, dice=DICE)
    def meets(self, where: DistrictId, dice: Dice) -> None:
        self.act(acts.meets(self.life, self.pens, where, dice))

    @step(where=DISTRICTS, dice=DICE)
    def drafts(self, where: DistrictId, dice: Dice) -> None:
        self.act(acts.drafts(self.life, self.pens, where, dice))

    @step(where=DISTRICTS, dice=DICE)
    def press_old(self, where: DistrictId, dice: Dice) -> None:
        who, _ = (
            dice.one(self.life.answers) if self.life.answers and dice.maybe(50) else (acts.somebody(where, dice), None)
        )
        self.act(acts.press_old(self.life, self.pens, who, dice))

    @step(where=DISTRICTS, dice=DICE)
    def enter(self, where: DistrictId, dice: Dice) -> None:
        who = acts.anybody(where, dice) if dice.maybe(20) else Who(where, acts.PersonId("p-010"))
        self.act(self.one_more(acts.enter, who, dice))

    # -- several at once, again and again, where they should not -----------------------------------------------------

    @step(where=DISTRICTS, dice=DICE)
    def race(self, where: DistrictId, dice: Dice) -> None:
        self.act(acts.race(self.life, self.pens, where, dice))

    @step(where=DISTRICTS, dice=DICE, at_once=st.booleans())
    def again(self, where: DistrictId, dice: Dice, at_once: bool) -> None:
        self.act(acts.again(self.life, self.pens, where, dice, at_once=at_once))

    @step(where=DISTRICTS, dice=DICE)
    def poke(self, where: DistrictId, dice: Dice) -> None:
        """Anybody, any action, any challenge: also those of the other district."""
        self.act(self.poke_around(where, dice))

    async def poke_around(self, where: DistrictId, dice: Dice) -> None:
        for _ in range(4):
            ids = await self.life.ids(dice.one(HERE))
            action = dice.one(sorted(WRITES - {"person.left"}))
            who = Who(where, acts.SUPERINTENDENT) if dice.maybe(20) else acts.anybody(where, dice)
            await acts.poke(self.life, self.pens, who, dice.one(ids) if ids else "", action, dice)

    @step(where=DISTRICTS, dice=DICE)
    def try_everything(self, where: DistrictId, dice: Dice) -> None:
        self.act(self.everything_by_one(where, dice))

    async def everything_by_one(self, where: DistrictId, dice: Dice) -> None:
        case = await acts.any_case(self.life, where, dice)
        if case is not None:
            who = Who(where, acts.involved(case, dice))
            await acts.try_everything(self.life, self.pens, who, case.id, dice)

    # -- the world ---------------------------------------------------------------------------------------------------

    @step(where=DISTRICTS, dice=DICE)
    def goes_away(self, where: DistrictId, dice: Dice) -> None:
        if dice.maybe(60):
            self.act(acts.goes_away(self.life, where, dice), outside=True)
        else:
            self.act(acts.is_away(self.life, self.pens, acts.anybody(where, dice), dice), outside=True)

    @step(where=DISTRICTS, dice=DICE)
    def leaves(self, where: DistrictId, dice: Dice) -> None:
        self.act(acts.leaves(self.life, where, dice), outside=True)

    @step(where=DISTRICTS, dice=DICE)
    def is_closed(self, where: DistrictId, dice: Dice) -> None:
        self.act(acts.is_closed(self.life, where, dice), outside=True)

    @step(weather=st.lists(st.sampled_from(Weather), min_size=1, max_size=6), where=DISTRICTS, dice=DICE)
    def something_breaks(self, weather: list[Weather], where: DistrictId, dice: Dice) -> None:
        """The line for the next few cards; and at times somebody's account, which may come back later."""
        self.life.edge.weather.extend(weather)
        if dice.maybe(30):
            who = acts.anybody(where, dice)
            self.life.edge.gone ^= {(who.district, who.id)}
        if dice.maybe(20):  # and at times Clearway is taken out of all channels
            self.life.edge.gone ^= {(where, "")}
        if dice.maybe(30):
            self.act(self.life.restart())

    @step(a_while=st.sampled_from(A_WHILE))
    def time_passes(self, a_while: timedelta) -> None:
        self.act(self.life.pass_time(self.life.clock.at + a_while), outside=True)

    @step(a_while=st.sampled_from(A_WHILE))
    def outage(self, a_while: timedelta) -> None:
        """Nothing runs for a while; then everything comes at once."""
        self.life.clock.move(self.life.clock.at + a_while)
        self.act(self.life.restart(), outside=True)

    # -- what holds --------------------------------------------------------------------------------------------------

    @invariant()
    def promises_hold(self) -> None:
        outside, self.outside = self.outside, False
        self.run(self.promises.hold(outside=outside))

    def teardown(self) -> None:
        try:
            if hasattr(self, "life"):
                self.run(self.at_the_end())
        finally:
            self.run(self._alive.aclose())
            self._stack.close()

    async def at_the_end(self) -> None:
        """Whatever has happened, what is still to be said is said, and the districts have not met."""
        await self.promises.districts_do_not_meet()
