"""All chapters in the order in which they are read, and the page that is drawn from what their stories find."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from storage.vocabulary import Platform
from tests.conformance.asking import ASKING, CARDS
from tests.conformance.confirming import CONFIRMING
from tests.conformance.meeting import MEETING
from tests.conformance.owning import OWNING
from tests.conformance.raising import DOORS, WITH_IT
from tests.conformance.table import GAPS, Capability, is_gap
from tests.conformance.watching import WATCHING

__all__ = ["CAPABILITIES", "GAPS", "PAGE", "Capability", "declared", "is_gap", "page"]

Proven = Mapping[tuple[str, Platform], bool]
"""By the name of a capability and a platform: whether its story was possible there."""

CHAPTERS: Final = (DOORS, WITH_IT, OWNING, CONFIRMING, MEETING, WATCHING, ASKING, CARDS)
CAPABILITIES: Final = [each for chapter in CHAPTERS for each in chapter.capabilities]

PAGE: Final = Path(__file__).parents[2] / "docs" / "capabilities.md"
NAMES: Final = {Platform.SLACK: "Slack", Platform.TEAMS: "Teams", Platform.CONSOLE: "Practice console"}
INTRO: Final = """# What people can do, and where

Everything that a person does with Clearway, on each platform. Every line was shown by a story that does it there, step
by step, with the same words and presses (`tests/conformance`). A number stands for a reason, which is below.

This page is drawn from those stories by `make docs`; a test keeps it equal to what they find.
"""


def declared() -> Proven:
    """What each platform is said to do."""
    return {(each.name, where): not is_gap(each.name, where) for each in CAPABILITIES for where in NAMES}


def page(proven: Proven) -> str:
    """The page of the documentation, from what the stories found."""
    reasons: list[str] = []
    parts = [INTRO]
    for chapter in CHAPTERS:
        parts.append(f"\n## {chapter.title}\n\n")
        rows = [["", *NAMES.values()], ["---"] * (len(NAMES) + 1)]
        rows += [_row(each, proven, reasons) for each in chapter.capabilities]
        parts += [f"| {' | '.join(row)} |\n" for row in rows]
    parts.append("\n## Why not everywhere\n\n")
    parts += [f"{number}. {reason}\n" for number, reason in enumerate(reasons, 1)]
    return "".join(parts)


def _row(capability: Capability, proven: Proven, reasons: list[str]) -> list[str]:
    return [capability.sentence, *(_cell(capability, platform, proven, reasons) for platform in NAMES)]


def _cell(capability: Capability, platform: Platform, proven: Proven, reasons: list[str]) -> str:
    if proven[capability.name, platform]:
        return "yes"
    reason = GAPS[capability.name][platform]
    if reason not in reasons:
        reasons.append(reason)
    return f"no ({reasons.index(reason) + 1})"
