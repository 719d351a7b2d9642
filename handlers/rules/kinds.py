"""What each kind of routine has on its agenda and asks afterwards, where its district says nothing else (R-64 to R-70).

All of it is message ids, said by a Voice; what a district has written itself is words, and shown as written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from storage.directory import Routine
from storage.vocabulary import RoutineKind

STUCK: Final = "Is anything stuck?"
DISTRICT_HELP: Final = "What does the district need to do?"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked after it. `words`: a message id, or the district's own words where `own`."""

    name: str
    words: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    agenda: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    meets: bool = True
    """People meet, and were there or not."""


TEMPLATES: Final[Mapping[RoutineKind, Template]] = MappingProxyType(
    {
        RoutineKind.MEETING: Template(),
        RoutineKind.COACH_CHECK_IN: Template(
            ("What is open at each school", STUCK, "What helps, for others to take along"),
            (Question("stuck", STUCK),),
        ),
        RoutineKind.PLANNING: Template(
            ("The next session: what it is to bring about", "Who does what before it"),
            (Question("ready", "What is ready, and what is missing?"),),
        ),
        RoutineKind.PLAN_REVIEW: Template(
            ("Activities whose date has passed", "Activities that come next", "What changes in the plan"),
            (
                Question("moved", "What has moved since last time?"),
                Question("late", "What is late, and why?"),
            ),
        ),
        RoutineKind.SCHOOL_REVIEW: Template(
            ("What the data say", DISTRICT_HELP),
            (Question("help", DISTRICT_HELP),),
        ),
        RoutineKind.DATA_ANALYSIS: Template(
            ("Successes", "The problem, in one statement", "What contributes to it", "The plan"),
            (
                Question("success", "Successes: what went well?"),
                Question("what", "The problem: what is it?"),
                Question("who", "The problem: who has it?"),
                Question("where", "The problem: where?"),
                Question("when", "The problem: when?"),
                Question("why", "The problem: why do you think so?"),
                Question("factors", "What contributes to it?"),
                Question("plan", "What is the plan?"),
            ),
        ),
        RoutineKind.WHOLE_DAY: Template(
            ("In the morning: learning", "In the afternoon: the team works with it"),
            (
                Question("learned", "What was learned in the morning?"),
                Question("work", "What did the team work on in the afternoon?"),
            ),
        ),
        RoutineKind.REMINDER: Template(questions=(Question("done", "What was done?"),), meets=False),
    }
)

STATEMENT: Final = ("what", "who", "where", "when", "why")
"""A problem statement says all of these (R-70)."""


def questions(routine: Routine) -> tuple[Question, ...]:
    """What is asked after it: what the district has written, else what its kind asks."""
    if routine.questions:
        return tuple(Question(f"q{n}", words, own=True) for n, words in enumerate(routine.questions))
    return TEMPLATES[routine.kind].questions


def missing(routine: Routine, answers: Mapping[str, str]) -> tuple[str, ...]:
    """The parts of the problem statement that a plan lacks (R-70: a plan without one is refused)."""
    if routine.kind is not RoutineKind.DATA_ANALYSIS or routine.questions or not answers.get("plan"):
        return ()
    return tuple(each for each in STATEMENT if not answers.get(each))


OF_INSTALLATION: Final = frozenset({RoutineKind.PLANNING, RoutineKind.WHOLE_DAY})
"""What a district does while it installs, and not for good: sessions, and planning them (R-52)."""


def is_session(routine: Routine) -> bool:
    """People learn in it, so that somebody plans it before (R-67)."""
    return routine.kind is RoutineKind.WHOLE_DAY


def meets(routine: Routine) -> bool:
    return TEMPLATES[routine.kind].meets
