"""The command: measures, prints a table, and ends with 1 when a target is missed.

python -m benchmarks [--quick] [--only slack|teams|digests] [--size PART] [--due N] [--database sqlite|postgresql] [--json FILE]
"""

import asyncio
import json
import os
import platform
import statistics
import sys
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from benchmarks import digests, teams
from benchmarks.rounds import PACE, QUICK, Pace, measure
from benchmarks.stage import stage
from benchmarks.targets import Measured, Outcome, outcomes
from bot import logs

KINDS: Final = ("sqlite", "postgresql")
LIBRARIES: Final = ("aiohttp", "slack-bolt", "sqlalchemy", "sqlmodel", "aiosqlite", "psycopg")
COLUMNS: Final = "{:<42}{:>6}{:>10}{:>10}{:>8}  {:<14}{:<8}{}"


async def main() -> int:
    options = _options()
    pace = QUICK if options.quick else PACE
    found: dict[str, tuple[Measured, list[Outcome]]] = {}
    for kind in (options.database or KINDS) if options.only in {None, "slack"} else ():
        measured = await _measured(kind, pace)
        found[f"Slack, {kind}"] = measured, list(outcomes(measured, kind))
        _show(f"Slack, {kind}", found[f"Slack, {kind}"][1])
    if options.only in {None, "teams"}:
        on_teams = await teams.measure(pace, lambda number: _tell(f"Teams: round {number} of {pace.rounds}"))
        found["Teams"] = {}, teams.outcomes(on_teams)
        _tell("Teams: done\n")
        _show("Teams", found["Teams"][1])
    legs: digests.Found = {}
    if options.only == "digests":  # minutes to load, and not among those that stand for every change
        legs = await digests.measure(digests.sized(options.size, options.due, pace.rounds), _tell)
        _tell("digests: done\n")
        found["Digests"] = {}, list(digests.outcomes(legs))
        _show("Digests, postgresql", found["Digests"][1])
    if options.json:
        options.json.write_text(
            json.dumps(_written(found, pace) | {"digests": digests.as_json(legs)}, indent=1) + "\n", encoding="utf-8"
        )
    missed = [each for _, results in found.values() for each in results if not each.met]
    print(f"\n{len(missed)} missed" if missed else "\nEvery target is met.")
    return 1 if missed else 0


async def _measured(kind: str, pace: Pace) -> Measured:
    begun = time.perf_counter()
    _tell(f"{kind}: getting ready")
    async with stage(kind, many=pace.stored) as staged:
        measured = await measure(staged, pace, lambda number: _tell(f"{kind}: round {number} of {pace.rounds}"))
        await staged.check()
    _tell(f"{kind}: {time.perf_counter() - begun:.0f} s\n")
    return measured


def _show(kind: str, results: Sequence[Outcome]) -> None:
    """As soon as it is known: what comes after it may fail."""
    print(f"\n{kind}\n{_table(results)}", flush=True)


def _tell(line: str) -> None:
    """One line that is written over, for who waits at a terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)


def _options() -> Any:
    parser = ArgumentParser(prog="python -m benchmarks", description="Clearway's speed beside a bare Bolt app.")
    parser.add_argument("--quick", action="store_true", help="few short rounds, little stored: a look, no verdict")
    parser.add_argument("--database", choices=KINDS, action="append", help="only this kind")
    parser.add_argument("--only", choices=("slack", "teams", "digests"), help="only this platform, or the digests")
    parser.add_argument("--size", type=float, default=1.0, metavar="PART", help="of the districts of --only digests")
    parser.add_argument("--due", type=int, default=1_000, help="how many meetings are due in a turn of --only digests")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every round there")
    return parser.parse_args()


def _table(results: Sequence[Outcome]) -> str:
    head = COLUMNS.format("what", "conns", "ours", "beside", "ratio", "min–max", "wanted", "")
    return "\n".join([head, *map(_line, results)])


def _line(each: Outcome) -> str:
    spread = f"{min(each.ratios):.2f}–{max(each.ratios):.2f}"
    figures = (f"{figure:.0f}" if figure >= 100 else f"{figure:.1f}" for figure in (each.figure, each.beside))
    return COLUMNS.format(
        each.what, each.connections, *figures, f"{each.ratio:.2f}", spread, each.wanted, "" if each.met else "MISSED"
    )


def _written(found: dict[str, tuple[Measured, list[Outcome]]], pace: Pace) -> dict[str, Any]:
    return {
        "pace": asdict(pace),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()},
        "libraries": {name: version(name) for name in LIBRARIES},
        "databases": {
            kind: {
                "jobs": [_job(name, connections, samples) for (name, connections), samples in measured.items()],
                "outcomes": [asdict(each) | {"ratio": each.ratio} for each in results],
            }
            for kind, (measured, results) in found.items()
        },
    }


def _job(name: str, connections: int, samples: Sequence[Any]) -> dict[str, Any]:
    rounds = [
        {
            "answered": each.answered,
            "refused": each.refused,
            "per_second": round(each.per_second, 1),
            "p50_ms": round(each.percentile(0.5) * 1000, 3),
            "p99_ms": round(each.percentile(0.99) * 1000, 3),
        }
        for each in samples
    ]
    middle = statistics.median(each["per_second"] for each in rounds)
    return {"job": name, "connections": connections, "per_second": middle, "rounds": rounds}


if __name__ == "__main__":
    logs.configure("json")
    sys.exit(asyncio.run(main()))
