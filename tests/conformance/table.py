"""The table: capabilities in chapters, the stories that show them, and what a platform cannot do, with its reason."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from storage.vocabulary import Platform
from tests.world import World

Story = Callable[[World], Awaitable[None]]


@dataclass(frozen=True)
class Capability:
    name: str
    sentence: str
    """What a person can do."""
    story: Story
    at: str
    """When the story begins, by the district's clock."""
    both: bool = False
    """Clearway is on Slack and on Teams."""


GAPS: Final[Mapping[str, Mapping[Platform, str]]] = {
    "insert_a_challenge": {
        Platform.SLACK: "Slack has no search of an app's own things in the box where one writes.",
        Platform.CONSOLE: "The console has rooms to practise in, and no colleagues to send things to.",
    },
    "link_to_a_direct_message": {
        Platform.TEAMS: "Teams has no link to a message of the chat between a person and an app. The card has its words; "
        "a report from a channel or a group chat has a link.",
    },
    "account_switched_off": {
        Platform.TEAMS: "Teams tells an app nothing of it. Clearway notices it with the first message that does not arrive, "
        "and tells the coordinator; who has left is written into the district file.",
        Platform.CONSOLE: "The practice console has no accounts that could be switched off.",
    },
    "react_to_a_card": {
        Platform.SLACK: "To hear of reactions, an app on Slack must ask for a right that Clearway does without "
        "(`reactions:read`). “Show” on the card does the same.",
        Platform.CONSOLE: "Posts in the console have no reactions. “Show” on the card does the same.",
    },
}
"""What a platform cannot do, and why. The suite fails where one of these is none."""


def is_gap(capability: str, platform: Platform) -> bool:
    return platform in GAPS.get(capability, {})


class Chapter:
    """Capabilities that belong together, in the order in which they are read."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.capabilities: list[Capability] = []

    def shows(self, sentence: str, *, at: str = "2026-10-06 09:00", both: bool = False) -> Callable[[Story], Story]:
        def registered(story: Story) -> Story:
            self.capabilities.append(Capability(story.__name__, sentence, story, at, both))
            return story

        return registered
