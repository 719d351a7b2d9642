"""What is compared with what, and what has to come out."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.load import Sample


@dataclass(frozen=True, slots=True)
class Job:
    """What one server is asked to do in its turns."""

    server: str
    asks: str
    """`help` or `report`."""
    answer: bytes = b""
    """What stands in the body of a good answer; empty: nothing does."""


HELP: Final = b"Clearway: help"

JOBS: Final[Mapping[str, Job]] = {
    "help, bare": Job("acknowledging", "help"),
    "help": Job("real", "help", HELP),
    "help, 5 actions": Job("real, 5 actions", "help", HELP),
    "help, 200 actions": Job("real, 200 actions", "help", HELP),
    "report, by hand": Job("by hand", "report"),
    "report": Job("real", "report"),
    "report, much stored": Job("real, much stored", "report"),
}

AT_LEAST: Final[Mapping[tuple[str, str], float]] = {
    ("help", "help, bare"): 0.7,
    ("help, 5 actions", "help, bare"): 0.7,
    ("help, 200 actions", "help, bare"): 0.7,
    ("report", "report, by hand"): 0.5,
    ("report, much stored", "report"): 0.9,
}
"""Requests per second of the first, divided by those of the second in the same round."""

TAIL_AT_MOST: Final[Mapping[str, float]] = {"help": 5.0, "report": 5.0}
"""On SQLite, at the most connections: the 99th percentile of the latency, divided by the median."""

CONNECTIONS: Final = (1, 16)

Measured = Mapping[tuple[str, int], Sequence[Sample]]
"""By job and number of connections: the samples, one of each round."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One comparison."""

    what: str
    connections: int
    figure: float
    """The median of the rounds: requests per second, or the 99th percentile in milliseconds."""
    beside: float
    """The same of what it is compared with, or the median latency in milliseconds."""
    ratios: Sequence[float]
    """Of the rounds, in order."""
    wanted: str
    met: bool

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)


def outcomes(measured: Measured, kind: str) -> Iterator[Outcome]:
    for (ours, beside), least in AT_LEAST.items():
        for connections in CONNECTIONS:
            yield _speed(measured, ours, beside, connections, least)
    if kind == "sqlite":
        for job, most in TAIL_AT_MOST.items():
            yield _tail(measured, job, max(CONNECTIONS), most)


def _speed(measured: Measured, ours: str, beside: str, connections: int, least: float) -> Outcome:
    first = [each.per_second for each in measured[ours, connections]]
    second = [each.per_second for each in measured[beside, connections]]
    return ratio_of(f"{ours} : {beside}", connections, first, second, least)


def ratio_of(what: str, connections: int, first: Sequence[float], second: Sequence[float], least: float) -> Outcome:
    """How many times as much per second the first does, round by round."""
    ratios = [a / b for a, b in zip(first, second, strict=True)]
    met = statistics.median(ratios) >= least
    return Outcome(what, connections, statistics.median(first), statistics.median(second), ratios, f"≥ {least}", met)


def _tail(measured: Measured, job: str, connections: int, most: float) -> Outcome:
    slow = [each.percentile(0.99) * 1000 for each in measured[job, connections]]
    usual = [each.percentile(0.5) * 1000 for each in measured[job, connections]]
    ratios = [a / b for a, b in zip(slow, usual, strict=True)]
    met = statistics.median(ratios) <= most
    what = f"{job}, ms: p99 : p50"
    return Outcome(what, connections, statistics.median(slow), statistics.median(usual), ratios, f"≤ {most}", met)
