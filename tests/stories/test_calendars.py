"""Meetings in people's own calendars, as two readers that know nothing of each other understand them."""

import re
from datetime import UTC, datetime

import aiohttp
import icalendar
import vobject

from storage.database import Database
from tests.conformance.steps import COORDINATOR, looks_at, people, seen
from tests.stories.platforms import IN_CHAT, ON_SLACK, ON_TEAMS
from tests.stories.test_routines import DIT, started
from tests.world import Actor, World, detroit, world

Seen = dict[str, tuple[datetime, int, str, str]]
"""By UID: when it begins, its sequence, its status, its name."""


async def fetch(address: str, **headers: str) -> tuple[int, str, str]:
    async with aiohttp.ClientSession() as session, session.get(address, headers=headers) as answer:
        return answer.status, await answer.text(), answer.headers.get("ETag", "")


async def address_of(story: World, actor: Actor, button: str = "Make an address: All of your meetings") -> str:
    story.made.districts.public_url = story.url
    await actor.command("/clearway calendar")
    await actor.click(button)
    found = re.findall(r"http://127\.0\.0\.1:\d+/calendar/[\w-]{40,}\.ics", seen(actor))
    return str(found[-1])


def by_icalendar(text: str) -> Seen:
    found: Seen = {}
    for each in icalendar.Calendar.from_ical(text).walk("VEVENT"):
        begins = each.decoded("dtstart").astimezone(UTC)
        found[str(each["uid"])] = (begins, int(each["sequence"]), str(each["status"]), str(each["summary"]))
    return found


def by_vobject(text: str) -> Seen:
    found: Seen = {}
    for each in vobject.readOne(text).contents.get("vevent", []):
        begins = each.dtstart.value.astimezone(UTC)
        found[each.uid.value] = (begins, int(each.sequence.value), each.status.value, each.summary.value)
    return found


async def read(address: str) -> Seen:
    status, text, _ = await fetch(address)
    assert status == 200
    assert "BEGIN:VTIMEZONE" in text
    assert by_icalendar(text) == by_vobject(text)
    return by_icalendar(text)


@IN_CHAT
async def test_a_calendar_sees_meetings_moves_and_cancellations(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead = await started(story)
        address = await address_of(story, lead)
        first = await read(address)
        assert sorted((when, status, name) for when, _, status, name in first.values()) == [
            (detroit("2026-10-13 08:30"), "CONFIRMED", DIT),
            (detroit("2026-11-10 08:30"), "CONFIRMED", DIT),  # the clocks have changed between them
        ]

        await looks_at(lead, "Tue, Oct 13, 2026")
        await lead.click("Move it")
        await lead.submit({"To which day?": "2026-10-15", "Why?": "The board room is taken by Hal Quist."})
        moved = await read(address)
        assert moved.keys() == first.keys()
        [uid] = [each for each in moved if moved[each] != first[each]]
        assert moved[uid][0] == detroit("2026-10-15 08:30")
        assert moved[uid][1] > first[uid][1]

        await looks_at(lead, "Thu, Oct 15, 2026")
        await lead.click("Cancel it")
        await lead.submit({"Why?": "Half of us are away."})
        cancelled = await read(address)
        assert cancelled[uid][2] == "CANCELLED"
        assert cancelled[uid][1] > moved[uid][1]
        _, text, _ = await fetch(address)
        assert "Quist" not in text  # no words of anybody


@ON_TEAMS
async def test_an_address_is_secret_can_be_ended_and_made_anew(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead = await started(story)
        address = await address_of(story, lead)
        status, _, tag = await fetch(address)
        assert (status, (await fetch(address, **{"If-None-Match": tag}))[0]) == (200, 304)
        assert (await fetch(address.replace(".ics", "x.ics")))[0] == 404
        assert (await fetch(f"{story.url}/calendar/short.ics"))[0] == 404

        again = await address_of(story, lead, "Make a new address: All of your meetings")
        assert again != address
        assert ((await fetch(address))[0], (await fetch(again))[0]) == (404, 200)
        await lead.command("/clearway calendar")
        await lead.click("End it: All of your meetings")
        assert (await fetch(again))[0] == 404


@ON_SLACK
async def test_a_team_has_a_calendar_of_its_own_for_who_belongs_to_it(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await started(story)
        member, teacher = await people(story, "p-005", "p-023")
        address = await address_of(story, member, f"Make an address: {DIT}")
        assert len(await read(address)) == 2
        story.made.districts.public_url = story.url
        await teacher.command("/clearway calendar")
        assert DIT not in str(teacher.answer)


async def test_without_an_address_of_our_own_nobody_is_given_one_that_leads_nowhere(database: Database) -> None:
    async with world(database, "slack") as story:
        lead = await story.person(COORDINATOR)
        await lead.command("/clearway calendar")
        assert "CLEARWAY_PUBLIC_URL" in str(lead.answer)


@ON_TEAMS
async def test_an_invitation_has_its_meeting_as_a_file_that_a_calendar_does_not_double(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        story.made.districts.public_url = story.url
        lead = await started(story)
        whole = await read(await address_of(story, lead))
        member, stranger = await people(story, "p-005", "p-023")
        await story.wait_until(detroit("2026-10-12 09:00"))
        await looks_at(member, "Tue, Oct 13, 2026")
        assert "Add to my calendar" in seen(member)
        address = one_address(member)
        status, text, _ = await fetch(address)
        assert status == 200
        [(uid, event)] = by_icalendar(text).items()
        assert by_vobject(text) == by_icalendar(text)
        assert uid in whole
        assert event[0] == detroit("2026-10-13 08:30")
        assert event[1] == (await read(await address_of(story, lead)))[uid][1]  # the same as the feed has
        assert "METHOD:PUBLISH" in text

        for wrong in (address.replace("/p-005/", "/p-023/"), address[:-8] + "0000.ics", address.replace(uid[:5], "x")):
            assert (await fetch(wrong))[0] == 404
        assert (await fetch(address.replace("larkspur-bend", "nowhere")))[0] == 404

        await looks_at(lead, "Tue, Oct 13, 2026")
        await lead.click("Move it")
        await lead.submit({"To which day?": "2026-10-15", "Why?": "The board room is taken by Hal Quist."})
        _, text, _ = await fetch(address)
        assert by_icalendar(text)[uid][0] == detroit("2026-10-15 08:30")
        assert "Quist" not in text
        await member.command("/clearway calendar")
        await member.click("End the addresses on my invitations")  # who has no other can end these, too
        assert (await fetch(address))[0] == 404
        await looks_at(member, "Thu, Oct 15, 2026")
        address = one_address(member)
        assert (await fetch(address))[0] == 200
        await address_of(story, member)  # ends nothing: there was none before
        assert (await fetch(address))[0] == 200
        await address_of(story, member, "Make a new address: All of your meetings")
        assert (await fetch(address))[0] == 404
        assert "Add to my calendar" not in seen(stranger)
        await story.wait_until(detroit("2026-10-20 09:00"))
        assert (await fetch(one_address(member)))[0] == 404  # it is over


def one_address(actor: Actor) -> str:
    """Where the last link to a meeting's file leads."""
    raw = str([getattr(each, "blocks", None) or getattr(each, "card", None) for each in actor.everything()])
    return str(re.findall(r"http://127\.0\.0\.1:\d+/calendar(?:/[\w.-]+){5}\.ics", raw)[-1])


@ON_SLACK
async def test_who_only_takes_the_notes_has_it_in_their_calendar(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        await started(story)
        recorder = await story.person("p-011")  # of the DIT they are no member
        assert await read(await address_of(story, recorder))


@ON_SLACK
async def test_an_entry_says_where_it_is(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        lead = await started(story)
        await lead.command("/clearway routines")
        await lead.click("Show: District Implementation Team")
        await lead.click("Change it")
        await lead.submit({"Where, or by which link? (optional)": "Board room, 2nd floor"})
        _, text, _ = await fetch(await address_of(story, lead))
        places = {str(each.get("location")) for each in icalendar.Calendar.from_ical(text).walk("VEVENT")}
        assert places == {"Board room, 2nd floor"}
        assert by_icalendar(text) == by_vobject(text)
