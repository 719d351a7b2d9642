"""The life of a challenge, as one table. docs/lifecycle.md is drawn from it; a test keeps the two equal.

Escalation, prompts, questions and decisions are events: they change who holds a challenge or what is known of it,
not where it stands.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from handlers.cards.text import Label, Typed, phrase
from handlers.errors import StaleError
from storage.vocabulary import OPEN, WORKING, Status


class Move(StrEnum):
    """What can happen to a challenge so that it stands elsewhere."""

    ASSIGN = "assign"
    """To a named person with authority; also when it is handed on, sent up or climbs to another lead."""
    TO_SCHOOL = "to_school"
    """To the school's own principal and leadership team first (R-03)."""
    TO_TRIAGE = "to_triage"
    """Back to the coordinator to be sorted: there is no rule, or nobody to take it."""
    UNDERSTAND = "understand"
    PLAN = "plan"
    START = "start"
    WAIT = "wait"
    RESUME = "resume"
    RESOLVE = "resolve"
    ASK = "ask"
    """The reporters are asked whether it was addressed sufficiently."""
    CONFIRM = "confirm"
    CLOSE = "close"
    """Closed, not confirmed: decided after silence."""
    ADD_STEP = "add_step"
    """A reporter said "partly"."""
    REOPEN = "reopen"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    REDIRECT = "redirect"
    MERGE = "merge"


def _rows(moves: Mapping[Move, tuple[Iterable[Status], Status]]) -> dict[tuple[Status, Move], Status]:
    return {(status, move): then for move, (froms, then) in moves.items() for status in froms}


_UNDERSTOOD: Final = frozenset({Status.UNDERSTOOD, Status.PLANNED, Status.IN_PROGRESS, Status.WAITING_OUTSIDE})
_ANSWERABLE: Final = frozenset({Status.RESOLVED, Status.AWAITING_CONFIRMATION})
_UNSETTLED: Final = WORKING | {Status.REPORTED}

NEXT: Final[Mapping[tuple[Status, Move], Status]] = MappingProxyType(
    _rows(
        {
            Move.ASSIGN: (_UNSETTLED | {Status.DECLINED}, Status.ASSIGNED),
            Move.TO_SCHOOL: (_UNSETTLED, Status.WITH_SCHOOL),
            Move.TO_TRIAGE: (_UNSETTLED | {Status.DECLINED}, Status.REPORTED),
            Move.UNDERSTAND: ({Status.WITH_SCHOOL, Status.ASSIGNED, Status.UNDERSTOOD}, Status.UNDERSTOOD),
            Move.PLAN: ({Status.UNDERSTOOD, Status.PLANNED}, Status.PLANNED),
            Move.START: ({Status.UNDERSTOOD, Status.PLANNED, Status.IN_PROGRESS}, Status.IN_PROGRESS),
            Move.WAIT: (_UNDERSTOOD, Status.WAITING_OUTSIDE),
            Move.RESUME: ({Status.WAITING_OUTSIDE}, Status.IN_PROGRESS),
            Move.RESOLVE: (_UNDERSTOOD, Status.RESOLVED),
            Move.ASK: ({Status.RESOLVED}, Status.AWAITING_CONFIRMATION),
            Move.CONFIRM: (_ANSWERABLE | {Status.CLOSED}, Status.CLOSED),
            Move.CLOSE: ({Status.AWAITING_CONFIRMATION}, Status.CLOSED),
            Move.ADD_STEP: (_ANSWERABLE, Status.IN_PROGRESS),
            Move.REOPEN: (_ANSWERABLE | {Status.CLOSED}, Status.ASSIGNED),
            Move.DECLINE: (_UNDERSTOOD | {Status.DECLINED}, Status.DECLINED),
            Move.WITHDRAW: (OPEN, Status.WITHDRAWN),
            Move.REDIRECT: (_UNSETTLED, Status.REDIRECTED),
            Move.MERGE: (_UNSETTLED | _ANSWERABLE, Status.MERGED),
        }
    )
    | {
        # More steps may be planned while the work goes on: that does not take it back to "planned".
        (Status.IN_PROGRESS, Move.PLAN): Status.IN_PROGRESS,
        (Status.WAITING_OUTSIDE, Move.PLAN): Status.WAITING_OUTSIDE,
        # What those who raised it have corrected is confirmed anew, while the work goes on.
        (Status.PLANNED, Move.UNDERSTAND): Status.PLANNED,
        (Status.IN_PROGRESS, Move.UNDERSTAND): Status.IN_PROGRESS,
        (Status.WAITING_OUTSIDE, Move.UNDERSTAND): Status.WAITING_OUTSIDE,
    }
)


def may(status: Status, move: Move) -> bool:
    return (status, move) in NEXT


def after(status: Status, move: Move) -> Status:
    """The status that follows `move`, or StaleError when the challenge has already moved on."""
    if (status, move) in NEXT:
        return NEXT[status, move]
    if move in {Move.PLAN, Move.START, Move.WAIT, Move.RESOLVE} and status in {Status.ASSIGNED, Status.WITH_SCHOOL}:
        raise StaleError(
            phrase('First confirm that you understand how big it is and what could be done: press "I understand it".')
        )
    raise StaleError(
        phrase("That is no longer open to you: this challenge is now “{status}”. Type {command} and its number to see what you can do.",
               status=Label(status), command=Typed("/challenges"))
    )  # fmt: skip
