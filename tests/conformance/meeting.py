"""What people do in and around the meetings that Clearway runs, and with what comes of them."""

from handlers.district import importer
from storage.vocabulary import Kind, PersonId, Platform, ProcessStatus
from tests.conformance.steps import (
    COLLEAGUE,
    COORDINATOR,
    OWNER,
    PRINCIPAL,
    SCOPE,
    SUPERINTENDENT,
    looks_at,
    on_record,
    people,
    seen,
)
from tests.conformance.table import Chapter
from tests.world import FILE, SEAL, Actor, World, detroit

MEETING = Chapter("Meet: agendas, minutes, and what comes of them")

DIT = "District Implementation Team"
FIRST = "Tue, Oct 13, 2026"
MEMBER = "p-005"


async def _started(story: World) -> Actor:
    lead = await story.person(COORDINATOR)
    await lead.command("/clearway routines")
    await lead.click(f"Start: {DIT}")
    return lead


@MEETING.shows("Have a team's meeting run: its agenda, whether it took place, and its record")
async def run_a_routine(story: World) -> None:
    await on_record(story)
    lead, member = await _started(story), await story.person(MEMBER)
    await story.wait_until(detroit("2026-10-13 12:00"))
    assert "1: No substitutes for training days at our school." in seen(member)
    await lead.click("It took place")
    await lead.submit({"Notes and decisions (optional)": "Theo asks the board."})
    await story.wait_until(detroit("2026-10-14 09:00"))
    assert "It took place" in seen(member)


@MEETING.shows("Make a routine of your own in chat: its days, who comes, and what it is for")
async def make_a_routine(story: World) -> None:
    coordinator = await story.person(COORDINATOR)
    await coordinator.command("/clearway routines")
    await coordinator.click("New routine")
    await coordinator.submit(
        {
            "Name": "Data hour",
            "What is it?": "A meeting",
            "Which teams? Each meets by itself.": [DIT],
            "On which days?": "every Friday",
            "At what time?": "2 pm",
        }
    )
    assert "Data hour" in seen(coordinator)
    assert "Data hour" in [each.name for each in (await story.directory()).routines]


@MEETING.shows("Put something on the agenda beforehand, and write a note while it is on")
async def agenda_and_notes(story: World) -> None:
    lead, member = await _started(story), await story.person(MEMBER)
    await looks_at(member, FIRST)
    await member.click("Add to the agenda")
    await member.submit({"What else is to be on it?": "Bus times on training days."})
    await story.wait_until(detroit("2026-10-13 08:35"))
    await looks_at(lead, FIRST)
    assert "Bus times on training days." in seen(lead)
    await looks_at(member, FIRST)
    await member.click("Add a note")
    await member.submit({"Your note": "The coaches ask for a shared calendar."})
    await looks_at(lead, FIRST)
    assert "The coaches ask for a shared calendar." in seen(lead)


@MEETING.shows("Go through the log one by one in the meeting, and write down what is decided")
async def go_through_the_log(story: World) -> None:
    await on_record(story)
    lead = await _started(story)
    await story.wait_until(detroit("2026-10-13 08:35"))
    await looks_at(lead, FIRST)
    await lead.click("Go through the log")
    await lead.click("Write down a decision")
    await lead.submit({"What was decided?": "Two floating substitutes."})
    assert "All is gone through: 1 challenge." in seen(lead)
    assert "Two floating substitutes." in str((await story.case()).words)


@MEETING.shows("Call a break, and hear when it is over")
async def take_a_break(story: World) -> None:
    lead = await _started(story)
    await story.wait_until(detroit("2026-10-13 08:45"))
    await looks_at(lead, FIRST)
    await lead.click("Take a break")
    await lead.submit()
    assert "Break until 8:55" in seen(lead)
    await story.wait_until(detroit("2026-10-13 08:55"))
    assert "break is over" in lead.last_card.text


@MEETING.shows("Move a meeting, with a reason; those who come hear")
async def move_a_meeting(story: World) -> None:
    lead, member = await _started(story), await story.person(MEMBER)
    await looks_at(lead, FIRST)
    await lead.click("Move it")
    await lead.submit({"To which day?": "2026-10-15", "Why?": "The board room is taken."})
    assert "It is moved to Thu, Oct 15, 2026." in member.last_card.text


@MEETING.shows("Give somebody an action item; they say that it is done")
async def action_item(story: World) -> None:
    lead, member = await _started(story), await story.person(MEMBER)
    await story.wait_until(detroit("2026-10-13 11:00"))
    await lead.click("Add an action item")
    name = (await story.directory()).people[PersonId(MEMBER)].name
    values = {"What is to be done?": "Write to the board.", "Who does it?": name, "By when?": "2026-10-20"}
    await lead.submit(values)
    await member.command("/clearway actions")
    await member.click("Done: Write to the board.")
    await looks_at(lead, FIRST)
    assert "Write to the board" in seen(lead)


@MEETING.shows("Keep a plan of support that only those named on it see")
async def private_plan(story: World) -> None:
    coach, other, principal = await people(story, COLLEAGUE, "p-014", PRINCIPAL)
    named = (await story.directory()).people
    await coach.command("/clearway plans")
    await coach.click("Make a plan")
    await coach.submit(
        {
            "What is it?": "How somebody is supported",
            "For whom?": named[PersonId(PRINCIPAL)].name,
            "What is to come of it?": "Two walkthroughs a month.",
            "Who sees it, beside its keeper?": named[PersonId("p-014")].name,
            "When should it be looked at next?": "2026-10-14",
        }
    )
    for each in (other, principal):
        await each.command("/clearway plans")
    assert "Support plan" in seen(other)
    assert "Support plan" not in seen(principal)


@MEETING.shows("Send the superintendent one page before the check-in", at="2026-11-23 09:00")
async def check_in(story: World) -> None:
    coordinator, top = await people(story, COORDINATOR, SUPERINTENDENT)
    await coordinator.command("/clearway routines")
    await coordinator.click("Start: Check-in: Casey Lindqvist-Amara, Dr. Ma…")
    await story.wait_until(detroit("2026-11-24 09:00"))
    assert "Check-in" not in seen(top)
    await looks_at(coordinator, "Thu, Dec 3, 2026")
    await coordinator.click("Send it now")
    assert "Drafts that wait" in top.last_card.text or "Check-in" in top.last_card.title


@MEETING.shows("Have a closed day said by one button: what falls on it moves, and those concerned hear")
async def closed_day(story: World) -> None:
    await _started(story)
    coordinator, member = await people(story, COORDINATOR, MEMBER)
    await story.wait_until(detroit("2026-10-13 06:30"))
    await coordinator.command("/clearway closed")
    await coordinator.submit({"First day without school": "2026-10-13"})
    await story.wait_until(detroit("2026-10-14 08:30"))
    assert "moved to Thu, Oct 15, 2026" in seen(member)


@MEETING.shows("Submit the written process; an executive leader approves it in one tap")
async def approve_the_process(story: World) -> None:
    coordinator, top = await people(story, COORDINATOR, SUPERINTENDENT)
    changed = FILE.read_text("utf-8").replace("daily_message_budget: 3", "daily_message_budget: 2")
    await importer.import_district(story.made.database, SEAL, changed, now=story.clock.now())
    await coordinator.command("/clearway process")
    await coordinator.click("Read 1.0-draft-1")
    await coordinator.click("Submit it for approval")
    await top.click("Approve it")
    states = {each.version: each.status for each in (await story.directory()).versions.values()}
    assert states == {"1.0": ProcessStatus.REPLACED, "1.2": ProcessStatus.IN_FORCE}


@MEETING.shows("Put a reminder off, with a reason, and read what comes next")
async def put_off(story: World) -> None:
    await on_record(story)
    owner = await story.person(OWNER)
    await owner.click("I understand it")
    await owner.submit({SCOPE: "One school."})
    await story.wait_until(detroit("2026-10-13 10:00"))
    await owner.click("Remind me later")
    await owner.submit(
        {"Why? It stands in the history.": "I am in training.", "When shall I remind you again?": "2026-10-16"}
    )
    assert Kind.SNOOZED in [each.kind for each in await story.history()]
    await owner.command("/clearway next")
    assert "Oct 16" in seen(owner)


@MEETING.shows("Choose when the daily digest comes")
async def choose_the_hour(story: World) -> None:
    owner = await story.person(OWNER)
    await owner.command("/clearway settings")
    three = "15:00" if story.platform == Platform.CONSOLE else "3:00\u202fPM"
    await owner.submit({"When shall your daily digest come?": three})
    await on_record(story)
    await story.wait_until(detroit("2026-10-08 14:59"))
    had = len(owner.cards)
    await story.wait_until(detroit("2026-10-08 15:01"))
    assert len(owner.cards) == had + 1


@MEETING.shows("Get your meetings into your own calendar, by a secret address that you can end")
async def calendar(story: World) -> None:
    lead = await _started(story)
    story.made.districts.public_url = story.url
    await lead.command("/clearway calendar")
    await lead.click("Make an address: All of your meetings")
    assert ".ics" in seen(lead)
