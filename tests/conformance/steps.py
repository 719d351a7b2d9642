"""Steps that many stories begin with."""

from collections.abc import Mapping
from typing import Any, Final

from tests.world import Actor, World

TEACHER: Final = "p-023"
COLLEAGUE: Final = "p-022"
"""The coach of the same school."""
PRINCIPAL: Final = "p-021"
OWNER: Final = "p-004"
LEADER: Final = "p-002"
SUPERINTENDENT: Final = "p-001"
COORDINATOR: Final = "p-010"

WORDS: Final = "No substitutes for training days at our school."
WHAT: Final = "What is in the way?"
SCOPE: Final = "How big is it? Who is hit, and where?"
WHY: Final = "Why? Those who raised it will read this."
WHEN: Final = "When should it be looked at again?"
STAFFING: Final[Mapping[str, Any]] = {"Type": "Staffing", "Where may the power to remove it sit?": "In the district"}
CONFIDENTIAL: Final[Mapping[str, Any]] = {"Your name": ["Show my name to the coordinator only"]}


async def people(story: World, *ids: str) -> list[Actor]:
    return [await story.person(each) for each in ids]


async def on_record(story: World, by: str = TEACHER, words: str = WORDS, **values: Any) -> Actor:
    """Somebody has raised a challenge about staffing, which is with the director of human resources."""
    teacher = await story.person(by)
    await teacher.report(words, values={**STAFFING, **values})
    return teacher


async def resolved(story: World, **values: Any) -> list[Actor]:
    """It was understood and resolved, and ten school days have passed: the teacher is asked. Teacher and owner."""
    teacher, owner = await people(story, TEACHER, OWNER)
    await on_record(story, **values)
    await owner.click("I understand it")
    await owner.submit({SCOPE: "One school."})
    await owner.click("Resolved")
    await owner.submit({"What was done?": "A substitute is hired."})
    return [teacher, owner]


async def looks_at(actor: Actor, day: str) -> None:
    """Somebody opens the meeting of that day ("Tue, Oct 13, 2026")."""
    await actor.command("/clearway meeting")
    await actor.click(f"Show {day}")


def seen(actor: Actor) -> str:
    """All that somebody has before them: cards, answers, an open window."""
    return "\n".join(str(each) for each in actor.everything())
