"""The life of a version of the written process, as one table, and who may do what with it (R-43).

draft → practised → submitted → approved → in force → replaced. The coordinator drafts and submits; executive leaders
approve, or return it with a comment. Two pairs of eyes: nobody approves what they have submitted themselves, as long as
there is another executive leader in post. In a district with a single one the process would else never change; the
history then says that both were the same.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from handlers.rules import access, presence
from storage.directory import Directory, Person, ProcessVersion
from storage.vocabulary import PersonId, ProcessStatus

A_WEEK: Final = (
    5  # school days between reminders that it waits, each in a digest: nobody approves faster for being nagged
)


class Move(StrEnum):
    """What can be done with a version."""

    PRACTISE = "practise"
    """It was tried on cases."""
    SUBMIT = "submit"
    TAKE_BACK = "take_back"
    RETURN = "return"
    APPROVE = "approve"
    ENACT = "enact"
    """It comes into force. Approving in chat does this at once; a file may name one that is approved and not in force."""
    REPLACE = "replace"
    """Another came into force."""


class Right(StrEnum):
    """Whose it is to do."""

    COORDINATOR = "coordinator"
    LEADER = "leader"
    """An executive leader in post, but who submitted it."""
    NOBODY = "nobody"
    """It follows from something else."""


S = ProcessStatus
NEXT: Final[Mapping[tuple[ProcessStatus, Move], ProcessStatus]] = MappingProxyType(
    {
        (S.DRAFT, Move.PRACTISE): S.PRACTISED,
        (S.DRAFT, Move.SUBMIT): S.SUBMITTED,
        (S.PRACTISED, Move.SUBMIT): S.SUBMITTED,
        (S.SUBMITTED, Move.TAKE_BACK): S.DRAFT,
        (S.SUBMITTED, Move.RETURN): S.DRAFT,
        (S.SUBMITTED, Move.APPROVE): S.APPROVED,
        (S.APPROVED, Move.ENACT): S.IN_FORCE,
        (S.IN_FORCE, Move.REPLACE): S.REPLACED,
    }
)
NEEDS: Final[Mapping[Move, Right]] = MappingProxyType(
    {
        Move.PRACTISE: Right.COORDINATOR,
        Move.SUBMIT: Right.COORDINATOR,
        Move.TAKE_BACK: Right.COORDINATOR,
        Move.RETURN: Right.LEADER,
        Move.APPROVE: Right.LEADER,
        Move.ENACT: Right.LEADER,
        Move.REPLACE: Right.NOBODY,
    }
)
TO_COME: Final = frozenset({S.DRAFT, S.PRACTISED, S.SUBMITTED, S.APPROVED})
"""Not in force yet: shown to those who work on the process."""


def possible(status: ProcessStatus, move: Move) -> bool:
    return (status, move) in NEXT


def may(actor: Person, move: Move, version: ProcessVersion, directory: Directory, today: date) -> bool:
    """Whether this is theirs to do, whatever the status."""
    match NEEDS[move]:
        case Right.COORDINATOR:
            return actor.id in access.coordinators(directory, today)
        case Right.LEADER:
            return actor.id in leaders(version, directory, today)
        case Right.NOBODY:
            return False


def leaders(version: ProcessVersion, directory: Directory, today: date) -> frozenset[PersonId]:
    """The executive leaders who may decide about it."""
    in_post = {
        each.id
        for each in directory.people.values()
        if presence.is_executive(each) and presence.is_active(directory, each.id, today)
    }
    return frozenset(in_post - {version.submitted_by} or in_post)


def may_read(actor: Person, version: ProcessVersion, directory: Directory, today: date) -> bool:
    """What is in force, or was: everybody. What is to come: the district team, who work on it."""
    if version.status not in TO_COME:
        return True
    return actor.id in access.district_team(directory, today) and presence.is_active(directory, actor.id, today)


OF_EACH: Final = 32
"""So many hexadecimal digits of each text's digest go with a press."""


def shown(version: ProcessVersion, in_force: ProcessVersion) -> str:
    """What a card has shown of a version: its very text, and the one in force whose differences it told."""
    return version.process.digest()[:OF_EACH] + in_force.process.digest()[:OF_EACH]
