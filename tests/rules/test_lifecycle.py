"""The life of a challenge, as one table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.errors import StaleError
from handlers.rules import lifecycle
from handlers.rules.lifecycle import NEXT, Move
from storage.vocabulary import ENDED, OPEN, WORKING, Status


@given(st.sampled_from(list(Status)), st.sampled_from(list(Move)))
def test_a_move_either_leads_somewhere_or_is_refused_with_a_sentence(status: Status, move: Move) -> None:
    if lifecycle.may(status, move):
        assert lifecycle.after(status, move) in Status
    else:
        with pytest.raises(StaleError):
            lifecycle.after(status, move)


def test_of_what_has_ended_only_a_closed_challenge_opens_again_or_is_confirmed_late() -> None:
    moves = {(status, move) for status, move in NEXT if status in ENDED}
    assert moves == {(Status.CLOSED, Move.REOPEN), (Status.CLOSED, Move.CONFIRM)}


def test_closing_goes_through_resolved() -> None:
    before_closed = {status for (status, _), then in NEXT.items() if then is Status.CLOSED}
    assert before_closed == {Status.RESOLVED, Status.AWAITING_CONFIRMATION, Status.CLOSED}
    before_resolved = {status for (status, _), then in NEXT.items() if then is Status.RESOLVED}
    assert Status.ASSIGNED not in before_resolved  # understanding comes first
    assert before_resolved <= WORKING


def test_every_status_can_be_reached_and_every_open_one_can_be_left() -> None:
    reached = {Status.REPORTED, *NEXT.values()}
    assert reached == set(Status)
    assert {status for status, _ in NEXT} >= OPEN


def test_nothing_can_be_resolved_before_it_is_understood() -> None:
    with pytest.raises(StaleError, match="understand"):
        lifecycle.after(Status.ASSIGNED, Move.RESOLVE)
