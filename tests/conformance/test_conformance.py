"""Each capability, shown on each platform; and each declared gap is really one."""

from collections.abc import Callable

import pytest

from storage.database import Database
from storage.vocabulary import Platform
from tests.conformance.capabilities import CAPABILITIES, GAPS, PAGE, Capability, declared, is_gap, page
from tests.world import NotOfferedError, world

RUNS = [
    pytest.param(Platform.SLACK, "sqlite", id="slack"),
    pytest.param(Platform.TEAMS, "postgresql", id="teams"),
    pytest.param(Platform.CONSOLE, "sqlite", id="console"),
]
"""Each once: Slack and Teams on the database that tests/stories does not have them on."""


OTHER = {Platform.SLACK: Platform.TEAMS, Platform.TEAMS: Platform.SLACK}
BOTH = "p-040"  # somebody of whom no story tells


@pytest.mark.parametrize("capability", CAPABILITIES, ids=lambda each: each.name)
@pytest.mark.parametrize(("platform", "database_url"), RUNS, indirect=["database_url"])
async def test_a_person_can(
    database: Database, platform: Platform, capability: Capability, record_property: Callable[[str, object], None]
) -> None:
    record_property("capability", capability.name)  # for the page, which is drawn from what is found here
    record_property("platform", platform.value)
    also = {BOTH: OTHER[platform]} if capability.both and platform in OTHER else {}
    async with world(database, platform, at=capability.at, platforms=also) as story:
        if is_gap(capability.name, platform):
            with pytest.raises(NotOfferedError):
                await capability.story(story)
            return
        await capability.story(story)
        await story.promises_hold()


def test_the_page_says_what_was_found() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(declared()), "Run make docs"


def test_every_gap_is_of_a_capability_and_has_a_reason() -> None:
    names = [each.name for each in CAPABILITIES]
    assert len(names) == len(set(names))
    assert GAPS.keys() <= set(names)
    assert all(reason.endswith(".") for reasons in GAPS.values() for reason in reasons.values())
