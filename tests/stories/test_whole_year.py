"""A whole school year of a district's meetings, as its people live it; and every message of it: who, when, why, and no
other.

Two routines run: the District Implementation Team on the second Tuesday at 8:30, and the superintendent's check-in on the
first Thursday at 15:00. There are breaks, both changes of the clocks, a snow day, an outage of three weeks, a recorder
who is away, a check-in that nobody held, and a month whose meeting is cancelled.
"""

from collections import defaultdict
from datetime import datetime
from typing import Final

from sqlalchemy import select

from storage.database import Database
from storage.models import Event, Message, Occurrence, table
from storage.vocabulary import MessageState
from tests.conformance.steps import COORDINATOR, looks_at
from tests.stories.platforms import EVERYWHERE
from tests.world import Actor, World, detroit, world

DIT, CHECK_IN = "dit-monthly", "sup-check-in"
SUPERINTENDENT, LIAISON, RECORDER, BACKUP = "p-001", "p-002", "p-011", "p-012"
TEAM: Final = (
    "p-002",
    "p-005",
    "p-006",
    "p-007",
    "p-009",
    "p-011",
    "p-013",
    "p-014",
    "p-022",
    "p-028",
    "p-030",
    "p-035",
)
GROUPS: Final = {
    "the team": TEAM,
    "lead and team": (*TEAM, COORDINATOR),
    "team and backup": (*TEAM, BACKUP),
    "those who were there": ("p-005", "p-006", "p-007"),
}
NAMES: Final = {
    COORDINATOR: "coordinator",
    SUPERINTENDENT: "superintendent",
    LIAISON: "liaison",
    RECORDER: "recorder",
    BACKUP: "backup",
}
DIT_NAME: Final = "District Implementation Team"
MEETINGS: Final = {DIT: "DIT", CHECK_IN: "check-in"}
THERE: Final = {"Who was there?": ["Leticia Wainscott", "Jonah Prescod", "Adaeze Fenn"]}
"""Three of the team: they are asked how it was."""


def who(ids: list[str]) -> str:
    """To whom, as one says it."""
    for name, group in GROUPS.items():
        if sorted(ids) == sorted(group):
            return name
    return ", ".join(sorted(NAMES.get(each, each) for each in ids))


async def sent(story: World, database: Database) -> list[str]:
    """Every message of the year, a line for each instant and reason: what, of which meeting, and to whom."""
    message, event, met = table(Message), table(Event), table(Occurrence)
    async with database.district(story.district_id, write=False) as connection:
        days = {row.id: row for row in await connection.execute(select(met))}
        rows = await connection.execute(
            select(message, event.c.kind.label("why"))
            .join(event, (event.c.id == message.c.event_id) & (event.c.district_id == message.c.district_id))
            .where(message.c.state != MessageState.DROPPED)
            .order_by(message.c.ended_at, event.c.seq)
        )
        found = list(rows)
    people: dict[tuple[datetime, str], list[str]] = defaultdict(list)
    for row in found:
        at = row.ended_at.astimezone(detroit("2026-09-01 09:00").tzinfo).replace(second=0, microsecond=0)
        about = days.get(row.item_id)
        what = f"{MEETINGS[about.routine_id]} {about.day:%m-%d}" if about else MEETINGS.get(row.item_id, "")
        why = str(row.why).removeprefix("occurrence_").removeprefix("routine_")
        people[at, f"{why} {what}".strip()].append(row.person_id)
    return [f"{at:%m-%d %H:%M} {what}: {who(people[at, what])}" for at, what in sorted(people)]


@EVERYWHERE
async def test_a_school_year(database: Database, platform: str) -> None:
    on_teams = dict.fromkeys(("p-028", "p-030", "p-035"), "teams") if platform == "slack" else None
    async with world(database, platform, at="2026-09-01 09:00", platforms=on_teams) as story:
        lead = await story.person(COORDINATOR)
        await begins(lead)
        await autumn(story, lead)
        await winter(story, lead)
        await spring(story, lead)
        await story.wait_until(detroit("2027-08-01 09:00"))  # in summer there is nothing
        assert await sent(story, database) == YEAR.split("\n")
        await story.promises_hold()


async def begins(lead: Actor) -> None:
    await lead.command("/clearway routines")
    await lead.click("Start: District Implementation Team")
    await lead.command("/clearway routines")
    await lead.click("Start: Check-in: Casey Lindqvist-Amara, Dr. Ma…")


async def held(story: World, lead: Actor, day: str, **there: list[str]) -> None:
    """In the afternoon of that day the coordinator is asked, and says that it took place."""
    await story.wait_until(detroit(f"{day} 16:25"))
    await lead.click("It took place")
    await lead.submit(there or {})


async def autumn(story: World, lead: Actor) -> None:
    await held(story, lead, "2026-09-03")
    await held(story, lead, "2026-09-08", **THERE)
    await held(story, lead, "2026-10-01")
    await held(story, lead, "2026-10-13", **THERE)
    # The clocks go back on November 1. Nobody holds the check-in of November 5, nor says so; the liaison is asked at last.
    liaison = await story.person(LIAISON)
    await story.wait_until(detroit("2026-11-09 12:00"))
    await liaison.click("It did not")
    await liaison.submit({"Why?": "Both were at the county."})
    # The recorder is away on the day of the meeting.
    recorder = await story.person(RECORDER)
    await recorder.command("/clearway away")
    await recorder.submit(
        {"First day": "2026-11-10", "Last day": "2026-11-10", "Who stands in for you?": "Odell Marchetti"}
    )
    await held(story, lead, "2026-11-10", **THERE)
    await held(story, lead, "2026-12-03")
    await held(story, lead, "2026-12-08", **THERE)


async def winter(story: World, lead: Actor) -> None:
    await held(story, lead, "2027-01-07")
    await story.wait_until(detroit("2027-01-11 15:00"))
    await lead.command("/clearway closed")
    await lead.submit({"First day without school": "2027-01-12", "Why? (optional)": "Snow"})
    await held(story, lead, "2027-01-13", **THERE)
    await story.wait_until(detroit("2027-02-01 12:00"))
    story.clock.at = detroit("2027-02-22 12:00")  # three weeks without Clearway
    await story.wait_until(detroit("2027-02-23 08:00"))
    digest = lead.last_card
    for button, there in (("Feb 4: Check-in: Casey Lindqvist", {}), ("Feb 9: District Implementation Team", THERE)):
        [label] = [each for each in digest.buttons if each.startswith(f"It took place: {button}")]
        await lead.click(label, digest)
        await lead.submit(there)
    await held(story, lead, "2027-03-04")
    await held(story, lead, "2027-03-09", **THERE)


async def spring(story: World, lead: Actor) -> None:
    # The clocks go forward on March 14. The first Thursday of April is in the spring break: the check-in is on Monday.
    await held(story, lead, "2027-04-05")
    await story.wait_until(detroit("2027-04-07 10:00"))
    await looks_at(lead, "Tue, Apr 13, 2027")
    await lead.click("Cancel it")
    await lead.submit({"Why?": "State testing takes the whole week."})
    await held(story, lead, "2027-05-06")
    await held(story, lead, "2027-05-11", **THERE)
    await held(story, lead, "2027-06-03")
    await held(story, lead, "2027-06-08", **THERE)


# The school day before, everybody gets the agenda; who leads it again, but not in the first week, when it was started late.
YEAR: Final = """
09-02 07:45 invited check-in 09-03: superintendent
09-02 07:45 prepared DIT 09-08: lead and team
09-02 07:45 prepared check-in 09-03: coordinator
09-03 07:45 invited DIT 09-08: the team
09-03 15:45 asked check-in 09-03: coordinator
09-03 16:25 held check-in 09-03: superintendent
09-08 10:45 asked DIT 09-08: coordinator
09-09 07:45 held DIT 09-08: the team
09-09 07:45 polled DIT 09-08: those who were there
09-24 07:45 prepared check-in 10-01: coordinator
09-30 07:45 invited check-in 10-01: coordinator, superintendent
10-01 15:45 asked check-in 10-01: coordinator
10-02 07:45 held check-in 10-01: superintendent
10-06 07:45 prepared DIT 10-13: lead and team
10-12 07:45 invited DIT 10-13: lead and team
10-13 10:45 asked DIT 10-13: coordinator
10-14 07:45 held DIT 10-13: the team
10-14 07:45 polled DIT 10-13: those who were there
10-28 07:45 prepared check-in 11-05: coordinator
11-02 07:45 prepared DIT 11-10: lead and team
11-04 07:45 invited check-in 11-05: coordinator, superintendent
11-05 15:45 asked check-in 11-05: coordinator
11-06 07:30 asked check-in 11-05: coordinator
11-09 07:30 asked check-in 11-05: liaison
11-09 07:45 invited DIT 11-10: lead and team
11-09 12:00 substituted: backup
11-10 07:30 roles DIT 11-10: backup
11-10 07:45 missed check-in 11-05: coordinator
11-10 10:45 asked DIT 11-10: coordinator
11-11 07:45 held DIT 11-10: team and backup
11-11 07:45 polled DIT 11-10: those who were there
11-23 07:45 prepared check-in 12-03: coordinator
12-01 07:45 prepared DIT 12-08: lead and team
12-02 07:45 invited check-in 12-03: coordinator, superintendent
12-03 15:45 asked check-in 12-03: coordinator
12-04 07:45 held check-in 12-03: superintendent
12-07 07:45 invited DIT 12-08: lead and team
12-08 10:45 asked DIT 12-08: coordinator
12-09 07:45 held DIT 12-08: the team
12-09 07:45 polled DIT 12-08: those who were there
12-17 07:45 prepared check-in 01-07: coordinator
01-05 07:45 prepared DIT 01-12: lead and team
01-06 07:45 invited check-in 01-07: coordinator, superintendent
01-07 15:45 asked check-in 01-07: coordinator
01-08 07:45 held check-in 01-07: superintendent
01-11 07:45 invited DIT 01-12: lead and team
01-11 15:00 moved DIT 01-12: lead and team
01-13 10:45 asked DIT 01-13: coordinator
01-14 07:45 held DIT 01-13: the team
01-14 07:45 polled DIT 01-13: those who were there
01-28 07:45 prepared check-in 02-04: coordinator
02-23 07:45 asked DIT 02-09: coordinator
02-23 07:45 asked check-in 02-04: coordinator
02-23 08:00 held DIT 02-09: the team
02-23 08:00 held check-in 02-04: superintendent
02-24 07:45 polled DIT 02-09: those who were there
02-25 07:45 prepared check-in 03-04: coordinator
03-02 07:45 prepared DIT 03-09: lead and team
03-03 07:45 invited check-in 03-04: coordinator, superintendent
03-04 15:45 asked check-in 03-04: coordinator
03-05 07:45 held check-in 03-04: superintendent
03-08 07:45 invited DIT 03-09: lead and team
03-09 10:45 asked DIT 03-09: coordinator
03-10 07:45 held DIT 03-09: the team
03-10 07:45 polled DIT 03-09: those who were there
03-19 07:45 prepared check-in 04-05: coordinator
03-25 07:45 invited check-in 04-05: coordinator, superintendent
04-05 07:45 proposed DIT: coordinator
04-05 07:45 proposed check-in: coordinator
04-05 15:45 asked check-in 04-05: coordinator
04-06 07:45 held check-in 04-05: superintendent
04-06 07:45 prepared DIT 04-13: lead and team
04-07 10:00 cancelled DIT 04-13: the team
04-29 07:45 prepared check-in 05-06: coordinator
05-04 07:45 prepared DIT 05-11: lead and team
05-05 07:45 invited check-in 05-06: coordinator, superintendent
05-06 15:45 asked check-in 05-06: coordinator
05-07 07:45 held check-in 05-06: superintendent
05-10 07:45 invited DIT 05-11: lead and team
05-11 10:45 asked DIT 05-11: coordinator
05-12 07:45 held DIT 05-11: the team
05-12 07:45 polled DIT 05-11: those who were there
05-26 07:45 prepared check-in 06-03: coordinator
06-01 07:45 prepared DIT 06-08: lead and team
06-02 07:45 invited check-in 06-03: coordinator, superintendent
06-03 15:45 asked check-in 06-03: coordinator
06-04 07:45 held check-in 06-03: superintendent
06-07 07:45 invited DIT 06-08: lead and team
06-08 10:45 asked DIT 06-08: coordinator
06-09 07:45 held DIT 06-08: the team
06-09 07:45 polled DIT 06-08: those who were there
""".strip()
