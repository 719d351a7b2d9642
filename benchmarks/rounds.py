"""Measures: in each round every server has its turns, and the order in which they have them changes with the round."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from benchmarks import load
from benchmarks.load import Sample
from benchmarks.stage import Stage
from benchmarks.targets import CONNECTIONS, JOBS, Job, Measured

MADE_READY: Final = {"help": 8_000, "report": 3_000}
"""Requests for each second of a turn: more than any server answers."""
WARM_UP_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is measured."""

    rounds: int
    turn_s: float
    stored: int
    """How many challenges the database holds that holds many."""


PACE: Final = Pace(rounds=11, turn_s=0.6, stored=100_000)
QUICK: Final = Pace(rounds=3, turn_s=0.3, stored=10_000)


async def measure(stage: Stage, pace: Pace, after_round: Callable[[int], None]) -> Measured:
    measured: defaultdict[tuple[str, int], list[Sample]] = defaultdict(list)
    for job in JOBS.values():
        await _turn(stage, job, max(CONNECTIONS), WARM_UP_S)
    for number in range(pace.rounds):
        await asyncio.to_thread(stage.restore)
        for name in list(JOBS)[:: 1 if number % 2 == 0 else -1]:
            for connections in CONNECTIONS:
                measured[name, connections].append(await _turn(stage, JOBS[name], connections, pace.turn_s))
        after_round(number + 1)
    return measured


async def _turn(stage: Stage, job: Job, connections: int, seconds: float) -> Sample:
    many = int(MADE_READY[job.asks] * seconds)
    requests = stage.requests.helps(many) if job.asks == "help" else stage.requests.reports(many)

    def good(body: bytes) -> bool:
        return job.answer in body if job.answer else not body

    port = stage.servers[job.server].port
    return await load.run(port, requests, connections=connections, seconds=seconds, good=good)
