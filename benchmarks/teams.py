"""Measures Teams: "help" in people's own chats, and messages that nobody has asked for, beside the SDK as shipped."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Final

from aiohttp import ClientSession

from benchmarks.orders import Order, Slack
from benchmarks.rounds import Pace
from benchmarks.stage import databases, district, process
from benchmarks.targets import CONNECTIONS, Outcome, ratio_of
from benchmarks.teams_bots import PROACTIVE
from benchmarks.teams_side import Side, Writers
from storage.sealing import Seal

TENANT: Final = "00000000-0000-4000-8000-0000000000aa"
APP: Final = "11111111-1111-4111-8111-111111111111"
PEOPLE: Final = tuple(f"29:lb{n:03}" for n in (*range(1, 8), *range(29, 38)))
"""One for each connection: everybody has one chat of their own with the bot."""
HELP: Final = b"Clearway: help"
NO_SLACK: Final = Slack("", "", "", "", "", "", "")

OURS: Final = "teams"
SHIPPED: Final = "teams, as shipped"
CHECKING: Final = "teams, checking"
AT_LEAST: Final[Mapping[tuple[str, str], float]] = {
    ("help", SHIPPED): 5.0,
    ("help", CHECKING): 0.35,
    ("proactive", SHIPPED): 30.0,
}
"""Ours, divided by the other in the same round: messages per second."""
PROACTIVE_EACH: Final[Mapping[str, int]] = {OURS: 2_000, SHIPPED: 60}
"""So many in a turn: about as long for each."""
AT_ONCE: Final = 16

Measured = Mapping[tuple[str, str, int], Sequence[float]]


@asynccontextmanager
async def stage() -> AsyncIterator[tuple[dict[str, int], Writers]]:
    """The port of each server, and the people who write."""
    async with AsyncExitStack() as undo:
        places = undo.enter_context(databases("sqlite"))
        side = Side(APP, TENANT, "secret")
        teams = await side.start()
        seal_key = Seal.new_key()
        url = await district(places.migrated(), seal_key)
        ours = Order(OURS, NO_SLACK, url, seal_key, teams=teams)
        writers = Writers(side, teams, PEOPLE)
        ports = {OURS: await undo.enter_async_context(process(ours))}
        reply = await writers.one_reply(ports[OURS])
        for each in (SHIPPED, CHECKING):
            ports[each] = await undo.enter_async_context(process(replace(ours, subject=each, reply=reply)))
        yield ports, writers


async def measure(pace: Pace, after_round: Callable[[int], None]) -> Measured:
    measured: defaultdict[tuple[str, str, int], list[float]] = defaultdict(list)
    async with stage() as (ports, writers), ClientSession() as session:
        for name in ports:  # warm
            await writers.run(ports[name], connections=max(CONNECTIONS), seconds=pace.turn_s, good=HELP)
        for number in range(pace.rounds):
            for name in list(ports)[:: 1 if number % 2 == 0 else -1]:
                for connections in CONNECTIONS:
                    turn = await writers.run(ports[name], connections=connections, seconds=pace.turn_s, good=HELP)
                    measured["help", name, connections].append(turn.per_second)
                if count := PROACTIVE_EACH.get(name):
                    wanted = f"http://127.0.0.1:{ports[name]}{PROACTIVE}?count={count}&at_once={AT_ONCE}"
                    async with session.post(wanted) as answer:
                        took = (await answer.json())["seconds"]
                    measured["proactive", name, AT_ONCE].append(count / took)
            after_round(number + 1)
    return measured


def outcomes(measured: Measured) -> list[Outcome]:
    found = []
    for (what, beside), least in AT_LEAST.items():
        for connections in CONNECTIONS if what == "help" else (AT_ONCE,):
            first, second = measured[what, OURS, connections], measured[what, beside, connections]
            found.append(ratio_of(f"{what} : {beside}", connections, first, second, least))
    return found
