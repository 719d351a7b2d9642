"""What somebody new to it ran into, in the first weeks."""

from datetime import date
from zoneinfo import ZoneInfo

from storage.database import Database
from storage.vocabulary import Authority, Kind
from tests.stories.test_mended import WORDS, away
from tests.world import World, detroit, world

ZONE = ZoneInfo("America/Detroit")


async def days(story: World, *kinds: Kind) -> list[str]:
    """On which days such things happened."""
    return [f"{each.at.astimezone(ZONE):%m-%d}" for each in await story.history() if each.kind in kinds]


async def test_what_is_urgent_and_not_sorted_is_asked_about_before_its_decision_is_due(database: Database) -> None:
    async with world(database, "slack", at="2026-10-21 09:00") as story:
        teacher = await story.person("p-023")
        await teacher.report(WORDS, values={"Urgency": "High"})
        challenge = (await story.case()).challenge
        assert (challenge.authority, challenge.decide_by) == (Authority.TRIAGE, date(2026, 10, 23))
        await story.wait_until(detroit("2026-10-26 17:00"))
        assert await days(story, Kind.PROMPTED, Kind.ESCALATED) == ["10-22", "10-26"]


async def test_who_sorts_instead_has_no_more_time_for_it(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        await teacher.report(WORDS)
        came_in = (await story.case()).challenge.owned_since
        await away(story, "p-010", delegate="p-012", first=date(2026, 10, 9))
        await story.wait_until(detroit("2026-10-09 12:00"))
        challenge = (await story.case()).challenge
        assert (challenge.owner_id, challenge.owned_since) == ("p-012", came_in)
        await story.wait_until(detroit("2026-10-12 12:00"))
        assert await days(story, Kind.PROMPTED) == ["10-12"]  # the day before it should be sorted
