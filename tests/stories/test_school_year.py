"""The district's own school calendar is looked at, and then taken in: in one act, again and again."""

from datetime import date

import pytest
from sqlalchemy import select

from handlers.district import exporter, importer, school_year
from handlers.district.notes import DistrictFileError
from storage.database import Database
from storage.models import Event, Message, Occurrence, Timer, table
from storage.vocabulary import Kind
from tests.conformance.steps import COORDINATOR, on_record, seen
from tests.stories.platforms import IN_CHAT, ON_SLACK, ON_TEAMS
from tests.stories.test_closures import FIRST, days
from tests.stories.test_routines import DIT, MEMBER, started
from tests.world import FILE, SEAL, World, detroit, world

YEAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Larkspur Bend//EN
{events}
END:VCALENDAR
"""
EVENTS = {
    "First Day of School": ("20260831", "20260901"),
    "Last Day of School (half day)": ("20270611", "20270612"),
    "No School - Regional Fair": ("20261012", "20261014"),
    "Thanksgiving Break": ("20261125", "20261128"),
    "Winter Break": ("20261221", "20270102"),
    "Spring Break": ("20270329", "20270403"),
    "No School: Teacher Workday": ("20261103", "20261104"),
    "Picture Day": ("20261020", "20261021"),
}


def calendar(**more: tuple[str, str]) -> str:
    events = {**EVENTS, **{name.replace("_", " "): each for name, each in more.items()}}
    text = "\n".join(
        f"BEGIN:VEVENT\nUID:{name}\nDTSTART;VALUE=DATE:{begins}\nDTEND;VALUE=DATE:{ends}\nSUMMARY:{name}\nEND:VEVENT"
        for name, (begins, ends) in events.items()
    )
    return YEAR.format(events=text)


async def take(story: World, database: Database, text: str, *, apply: bool = True) -> school_year.Change:
    return await school_year.take(database, SEAL, story.district_id, text, now=story.clock.now(), apply=apply)


async def everything(story: World, database: Database) -> list[object]:
    async with database.district(story.district_id, write=False) as connection:
        return [
            list(
                await connection.execute(
                    select(of).where(of.c.district_id == story.district_id).order_by(*of.primary_key)
                )
            )
            for of in map(table, (Event, Message, Occurrence, Timer))
        ]


@IN_CHAT
async def test_a_school_calendar_is_looked_at_and_then_taken_in(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await on_record(story)
        member, lead = await story.person(MEMBER), await started(story)
        await lead.command("/clearway closed")
        await lead.submit({FIRST: "2026-12-03", "Why? (optional)": "The boiler"})
        due = (await story.case()).challenge.decide_by
        assert due == date(2026, 10, 13)
        before, revision = await everything(story, database), (await story.directory()).revision

        looked = await take(story, database, calendar(), apply=False)
        assert await everything(story, database) == before
        assert (await story.directory()).revision == revision
        told = "\n".join(school_year.told(looked, applied=False))
        assert "would be closed:\n  Mon 2026-10-12 to Tue 2026-10-13 (No School - Regional Fair)\n" in told
        assert "  Tue 2026-11-03 (Election Day)\n" in told  # staff work: a day for messages
        assert "  Mon 2027-01-18 (Martin Luther King Jr. Day)\n" in told
        assert f"  {DIT}: Tue 2026-10-13 08:30 -> Wed 2026-10-14 08:30" in told
        assert "  challenge 1: Tue 2026-10-13 -> Wed 2026-10-14" in told
        assert "left out: line 46: “Picture Day”" in told
        assert "no half days" not in told

        applied = await take(story, database, calendar())
        assert applied == looked
        await story.settle()
        assert await days(story, database) == [date(2026, 10, 14), date(2026, 11, 10)]
        assert (await story.case()).challenge.decide_by == date(2026, 10, 14)
        await story.wait_until(detroit("2026-10-07 09:00"))
        assert "moved to Wed, Oct 14, 2026" in seen(member)
        facts = (await story.directory()).calendar
        assert any(each.said and each.from_on == date(2026, 12, 3) for each in facts.closures)

        taken = await everything(story, database)
        again = await take(story, database, calendar())
        assert not again.any
        assert await everything(story, database) == taken
        async with database.district(story.district_id, write=False) as connection:
            of = table(Event)
            [event] = list(await connection.execute(select(of).where(of.c.kind == Kind.CALENDAR_IMPORTED)))
        assert event.data["closed"] == ["2026-10-12", "2026-10-13"]
        assert "Fair" not in str(event.data)

        # The district's file as it was keeps the calendar that was applied; one that was changed since counts.
        applied_now = (await story.directory()).calendar
        same = await importer.import_district(database, SEAL, FILE.read_text("utf-8"), now=story.clock.now())
        assert (await story.directory()).calendar == applied_now
        assert "clearway district calendar" in same.warnings[0]
        exported = await exporter.export_district(database, story.district_id)
        assert "applied" not in exported
        kept = await importer.import_district(database, SEAL, exported, now=story.clock.now())
        assert kept.warnings == ()
        assert (await story.directory()).calendar == applied_now
        changed = FILE.read_text("utf-8").replace("last_student_day: 2027-06-11", "last_student_day: 2027-06-10", 1)
        assert (await importer.import_district(database, SEAL, changed, now=story.clock.now())).changed
        assert date(2026, 10, 12) not in {each.from_on for each in (await story.directory()).calendar.closures}
        await story.settle()
        await story.promises_hold()


@ON_TEAMS
async def test_a_day_that_opens_again_is_offered_to_who_leads_what_had_moved_off_it(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        lead = await started(story)
        fair = calendar()
        await take(story, database, fair)
        await story.settle()
        without = fair.replace("No School - Regional Fair", "Regional Fair")
        opened = await take(story, database, without)
        assert [str(each.first) for each in opened.opened] == ["2026-10-12"]
        assert [each.was for each in opened.offered] == [detroit("2026-10-14 08:30")]
        await story.settle()
        assert await days(story, database) == [date(2026, 10, 14), date(2026, 11, 10)]
        await lead.click("Back to Tue, Oct 13, 2026")
        assert await days(story, database) == [date(2026, 10, 13), date(2026, 11, 10)]


@ON_SLACK
async def test_a_calendar_with_a_mistake_changes_nothing(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await story.person(COORDINATOR)
        before = await everything(story, database)
        for text in (calendar().replace("20261221", "20261399"), "closed: []\n", "BEGIN:VCALENDAR\n"):
            with pytest.raises(DistrictFileError):
                await take(story, database, text)
        assert await everything(story, database) == before
