"""Draws docs/lifecycle.md from the table in handlers/rules/lifecycle.py.

    python -m docs.draw_lifecycle > docs/lifecycle.md

A test fails while the page and the table differ. The sentences are kept here: a state or a move without one is an
error, so that a new one cannot go undescribed.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from handlers.rules.lifecycle import NEXT, Move
from storage.vocabulary import ENDED, WORKING, Status

BUSY: Final = WORKING | {Status.REPORTED}
"""Somebody is to sort it or to work on it."""

STATES: Final[Mapping[Status, str]] = {
    Status.REPORTED: "The coordinator is to sort it: its type, and where the power to remove it sits.",
    Status.WITH_SCHOOL: "The school tries first, led by its principal. The district's clock has not started.",
    Status.ASSIGNED: "A named person with the authority to remove it has it.",
    Status.UNDERSTOOD: "The owner has confirmed how big it is and what could be done.",
    Status.PLANNED: "There are steps, each with an owner and a date.",
    Status.IN_PROGRESS: "Something has moved: a step is done, or the owner has reported progress.",
    Status.WAITING_OUTSIDE: "Somebody outside the district must act. The inside owner keeps it, with a review date.",
    Status.RESOLVED: "The owner says that it is removed. The reporters have not been asked yet.",
    Status.AWAITING_CONFIRMATION: "The reporters have been asked whether it was addressed sufficiently.",
    Status.DECLINED: "An executive leader has said no for now. It is looked at again on its review date.",
    Status.CLOSED: "Closed, and recorded as confirmed or as not confirmed. The two are never counted together.",
    Status.WITHDRAWN: "Its only reporter has taken it back.",
    Status.REDIRECTED: "It was no challenge of this process. The reporters were told where it belongs.",
    Status.MERGED: "It has joined another challenge, with its reporters.",
}
MOVES: Final[Mapping[Move, str]] = {
    Move.ASSIGN: "It goes to a named person: sorted, handed on, sent up, climbed, or back from a decline on its review date",
    Move.TO_SCHOOL: "It goes to the principal of its school, who tries first",
    Move.TO_TRIAGE: "It goes to the coordinator to be sorted, because no rule fits or nobody can take it",
    Move.UNDERSTAND: "The owner presses “I understand it”",
    Move.PLAN: "The owner plans steps",
    Move.START: "A step is done, or the owner reports progress",
    Move.WAIT: "The owner presses “Waiting outside”",
    Move.RESUME: "The review date has come, or somebody presses “Resume now”",
    Move.RESOLVE: "The owner presses “Resolved”",
    Move.ASK: "The school days that the process prescribes have passed, and the reporters are asked",
    Move.CONFIRM: "Every reporter has said yes",
    Move.CLOSE: "After silence: whoever decides closes it as not confirmed",
    Move.ADD_STEP: "A reporter says “partly”, and what is missing becomes a step",
    Move.REOPEN: "A reporter says no, also after it was closed, or whoever decides after silence keeps it open",
    Move.DECLINE: "An executive leader declines it, with a reason and a review date",
    Move.WITHDRAW: "Its only reporter withdraws it",
    Move.REDIRECT: "The coordinator sends it to another desk",
    Move.MERGE: "The coordinator joins it with another challenge",
}
WAYS_OUT: Final = (Move.DECLINE, Move.WITHDRAW, Move.REDIRECT, Move.MERGE)
BEGINNINGS: Final = (Status.REPORTED, Status.WITH_SCHOOL, Status.ASSIGNED)
"""Where a new challenge stands, by what its report says; see handlers/capture.py."""
HANDING_ON: Final = (Move.ASSIGN, Move.TO_SCHOOL, Move.TO_TRIAGE)
"""Possible from almost everywhere: the first picture has them only where a challenge begins."""


def page() -> str:
    """The whole page, as Markdown."""
    return "\n".join([INTRODUCTION, *_the_way(), "", OUT, *_the_ways_out(), "", *_states(), "", *_moves(), "", *END])


INTRODUCTION: Final = """\
# The life of a challenge

<!-- Drawn from handlers/rules/lifecycle.py by `python -m docs.draw_lifecycle > docs/lifecycle.md`. Do not edit. -->

Where a challenge stands is one word, and what may happen to it from there is one table:
[handlers/rules/lifecycle.py](../handlers/rules/lifecycle.py). This page is drawn from that table.

A prompt, a question, a climb up the ladder and a decision are events. They change who holds a challenge, or what is
known of it, and not where it stands. Who may make a move is another table: `NEEDS` in
[handlers/rules/access.py](../handlers/rules/access.py).

## The way through

A challenge can go to somebody else from almost every state. The picture shows that only at the beginning, so that it
stays readable; the table at the end of the page has every move.
"""
OUT: Final = """\
## Off the way

"Busy" stands for every state in which somebody sorts it or works on it.
"""
END: Final = (
    "Confirmed means that every reporter has said yes. A reporter who has left, or does not answer, has not said yes:",
    "such a challenge can only be closed as not confirmed, by whoever decides after silence",
    "([process.md](process.md#after-resolved)).",
)


def _the_way() -> Iterator[str]:
    """The first picture: from the report to the end, without the ways out."""
    edges: dict[tuple[str, str], list[Move]] = defaultdict(list)
    for (status, move), then in NEXT.items():
        beginning = move in HANDING_ON and status not in {Status.REPORTED, Status.WITH_SCHOOL}
        if status is not then and move not in WAYS_OUT and not beginning:
            edges[status, then].append(move)
    yield from _picture([*(("[*]", each, "") for each in BEGINNINGS), *_labelled(edges), (Status.CLOSED, "[*]", "")])


def _the_ways_out() -> Iterator[str]:
    """The second picture: what ends a challenge early, or puts it aside."""
    edges: dict[tuple[str, str], list[Move]] = defaultdict(list)
    for move in WAYS_OUT:
        froms = {status for (status, made) in NEXT if made is move}
        then = next(then for (_, made), then in NEXT.items() if made is move)
        if froms >= BUSY:
            edges["busy", then].append(move)
            froms -= BUSY
        for status in froms - {then}:
            edges[status, then].append(move)
    for move in HANDING_ON:
        if back := NEXT.get((Status.DECLINED, move)):
            edges[Status.DECLINED, back].append(move)
    yield from _picture(_labelled(edges))


def _labelled(edges: Mapping[tuple[str, str], list[Move]]) -> list[tuple[str, str, str]]:
    order = {name: n for n, name in enumerate(["busy", *Status])}
    found = [(before, then, " or ".join(_words(each) for each in moves)) for (before, then), moves in edges.items()]
    return sorted(found, key=lambda edge: (order[edge[0]], order[edge[1]]))


def _picture(edges: list[tuple[str, str, str]]) -> Iterator[str]:
    yield "```mermaid"
    yield "stateDiagram-v2"
    named = dict.fromkeys(name for before, then, _ in edges for name in (before, then) if name != "[*]")
    for name in named:
        yield f"    {name}: {_words(name)}"
    for before, then, label in edges:
        yield f"    {before} --> {then}{': ' + label if label else ''}"
    yield "```"


def _states() -> Iterator[str]:
    yield "## Where it can stand"
    yield ""
    yield "| state | code | what it means | open or ended |"
    yield "| --- | --- | --- | --- |"
    for status in Status:
        yield f"| {_words(status)} | `{status}` | {STATES[status]} | {'ended' if status in ENDED else 'open'} |"


def _moves() -> Iterator[str]:
    yield "## What can happen"
    yield ""
    yield "| move | from | to | when |"
    yield "| --- | --- | --- | --- |"
    for move in Move:
        targets: dict[Status, list[str]] = defaultdict(list)
        for status in Status:
            if then := NEXT.get((status, move)):
                targets[then].append(_words(status))
        for target, froms in targets.items():
            yield f"| `{move}` | {', '.join(froms)} | {_words(target)} | {MOVES[move]} |"


def _words(code: str) -> str:
    return code.replace("_", " ")


if __name__ == "__main__":
    sys.stdout.write(page() + "\n")
