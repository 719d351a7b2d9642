"""Every action of the registry that writes is done at least once, as people do it: none is out of the random lives' reach."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import select

from bot.profiles import Profile
from handlers.cards.model import Press
from handlers.request import Identity, Inbound, Reply, Source
from handlers.rules.versions import shown
from storage import actions, occurrences, plans
from storage.models import Event, Occurrence, table
from storage.vocabulary import (
    Door,
    Effect,
    Kind,
    OccurrenceStatus,
    Outcome,
    PersonId,
    Platform,
    RecordField,
    Status,
)
from tests.lives.acts import Pens
from tests.lives.edge import buttons
from tests.lives.life import BEGAN, LARKSPUR, WRITES, Life, Who, life, refused
from tests.lives.machine import NewDatabase
from tests.lives.promises import Promises

TEACHER, COACH, PRINCIPAL, LEADER, HR, TECHNOLOGY, COORDINATOR, SUPERINTENDENT, COUNSELOR = (
    Who(LARKSPUR, PersonId(each))
    for each in ("p-019", "p-018", "p-017", "p-002", "p-004", "p-006", "p-010", "p-001", "p-020")
)
ABOUT_A_STUDENT: Final = "My student Maya Rodriguez has an IEP and sits alone."
ON_SLACK: Final = Who(LARKSPUR, PersonId("p-013"))
ON_TEAMS: Final = Identity(Platform.TEAMS, "00000000-0000-4000-8000-0000000000aa", "29:new")
ADDRESS: Final = "nadine@larkspur.example"


class Platforms:
    """What Slack and Teams say: whoever is new on Teams has the address of somebody on Slack."""

    async def look_up(self, identity: Identity) -> Profile:
        return Profile("Nadine Okafor-Stahl", email=ADDRESS)

    async def find(self, workspace_id: str, email: str) -> str | None:
        return "U0LB013" if email == ADDRESS else None


@dataclass
class Tour:
    """Somebody does something, and it works."""

    life: Life
    promises: Promises
    said: int = 0

    async def does(self, who: Who, action: str, number: int = 0, *, item: str = "", **fields: Any) -> Reply:
        case = await self.life.case(LARKSPUR, number) if number else None
        version = case.challenge.version if case else 0
        challenge_id = case.id if case else ""
        inbound = self.life.inbound(
            who, action, challenge_id=challenge_id, item=item, version=version, fields=fields or None
        )
        return await self.send(who, inbound)

    async def writes(self, who: Who, text: str, action: str = "message.direct", **carry: str) -> Reply:
        self.said += 1
        direct = action != "message.mention"
        source = Source(f"@{who.id}" if direct else "#staff", str(self.said), link="https://chat/1", direct=direct)
        door = Door.DIRECT_MESSAGE if direct else Door.MENTION
        key = f"message:{self.said}"
        return await self.send(
            who, self.life.inbound(who, action, text=text, source=source, door=door, key=key, carry=carry)
        )

    async def presses(self, who: Who, reply: Reply, action: str, **fields: Any) -> Reply:
        """A button of an answer that they got; of a form, what it would send."""
        assert reply.card is not None
        press = next(each.press for each in buttons(reply.card) if each.press.action.removesuffix(".form") == action)
        return await self.send(who, self._pressed(who, press, action, fields))

    def _pressed(self, who: Who, press: Press, action: str, fields: dict[str, Any]) -> Inbound:
        return self.life.inbound(
            who, action, challenge_id=press.challenge_id, item=press.item, version=press.version, fields=fields or None
        )

    async def send(self, who: Who, inbound: Inbound) -> Reply:
        reply = await self.life.send(who, inbound)
        assert not refused(reply), f"{inbound.action}: {reply}"
        await self.life.settle()
        await self.promises.hold(outside=inbound.action in {"person.left", "substitute"})
        return reply

    async def planned(self) -> list[Occurrence]:
        async with self.life.reading(LARKSPUR) as store:
            return await occurrences.to_come(store.connection, LARKSPUR, ["dit-monthly"])

    async def lines(self, occurrence_id: str) -> list[str]:
        """The ids of what somebody has put on the agenda of a meeting."""
        async with self.life.reading(LARKSPUR) as store:
            row = await occurrences.occurrence(store.connection, LARKSPUR, occurrence_id)
            assert row is not None
            said = await occurrences.said(store.connection, row)
        return [each.id for each in said if each.field is RecordField.AGENDA]

    async def links_a_room(self, text: str) -> None:
        source = Source("#dit")
        key = f"command:{text}"
        await self.send(
            COORDINATOR,
            self.life.inbound(COORDINATOR, "room.here", text=text, source=source, door=Door.COMMAND, key=key),
        )

    async def links(self) -> str:
        """Somebody writes from a second account, and says that it is theirs; the id of the event."""
        self.life.made.gateway.profiles |= dict.fromkeys((Platform.SLACK, Platform.TEAMS), Platforms())
        said = Inbound(
            ON_TEAMS, "message.direct", Door.DIRECT_MESSAGE, key="message:teams", text="No substitutes on Fridays."
        )
        asked = await self.life.handle(said)
        assert asked.card is not None
        press = next(each.press for each in buttons(asked.card) if each.press.action == "account.mine")
        await self.life.handle(Inbound(ON_TEAMS, press.action, Door.BUTTON, item=press.item))
        await self.life.settle()
        await self.promises.hold(outside=False)
        async with self.life.reading(LARKSPUR) as store:
            of = table(Event)
            linked = await store.connection.scalar(select(of.c.id).where(of.c.kind == Kind.ACCOUNT_LINKED))
        return str(linked)

    async def days(self, days: int) -> None:
        await self.life.pass_time(self.life.clock.at + timedelta(days=days))
        await self.promises.hold(outside=True)

    def day(self, after: int) -> str:
        return (self.life.today() + timedelta(days=after)).isoformat()

    async def status(self, number: int) -> Status:
        case = await self.life.case(LARKSPUR, number)
        assert case is not None
        return case.challenge.status


async def work(tour: Tour) -> None:
    """From a report to two noes, a partly, a talk and a silence."""
    does = tour.does
    it = await tour.life.count(LARKSPUR) + 1
    staffing = {"type": "staffing", "scope": "district", "school": "birch"}
    await does(TEACHER, "report", what="Our coach covers classes.", **staffing)
    await does(COACH, "me_too", it, what="Eleven visits were cancelled.")
    taken = await does(HR, "take", it)
    await tour.presses(HR, taken, "undo")
    await does(HR, "take", it)
    await does(HR, "snooze", it, reason="The board sits first.", until=tour.day(1))
    await does(HR, "next.show")
    await does(HR, "question", it, question="Since when?")
    unsure = await tour.writes(TEACHER, "Since Labor Day.")
    await tour.presses(TEACHER, unsure, "draft.answer")
    await does(HR, "question", it, question="How often?")
    unsure = await tour.writes(TEACHER, "And the rosters do not load.")
    await tour.presses(TEACHER, unsure, "draft.report")
    await does(COACH, "answer", it, answer="Twice a week.")
    await does(HR, "understand", it, scope="One coach, four cycles.")
    await does(HR, "plan", it, step1="Ask the substitutes' office", due1=tour.day(5), owner1="p-004")
    case = await tour.life.case(LARKSPUR, it)
    assert case is not None
    await does(HR, "step_done", it, item=case.steps[0].id)
    await does(HR, "effect", it, item=Effect.BETTER)
    await does(HR, "progress", it, note="They look for somebody.")
    await does(HR, "wait", it, reason="The agency must answer.", until=tour.day(9))
    await does(HR, "resume", it)
    await does(HR, "pause", it, reason="Until the fair.", until=tour.day(9))
    await does(HR, "resume", it)
    await does(HR, "resolve", it, resolution="A substitute is hired.")
    await does(COACH, "partly", it, comment="No cover for Fridays.")
    await does(HR, "resolve", it, resolution="Fridays are covered.")
    await does(COACH, "no", it, comment="Pulled again today.")
    await does(HR, "understand", it, scope="Still the same coach.")
    await does(HR, "still_blocked", it)
    await does(HR, "resolve", it, resolution="Now it holds.")
    await does(TEACHER, "yes", it)
    await tour.days(40)
    await does(COORDINATOR, "keep_open", it)
    case = await tour.life.case(LARKSPUR, it)
    assert case is not None
    owner = Who(LARKSPUR, case.challenge.owner_id)
    await does(owner, "understand", it, scope="The same.")
    await does(owner, "resolve", it, resolution="It holds since a month.")
    await does(COORDINATOR, "talk", it, reporter="p-018", outcome="yes", said="She says that it is gone.")
    await tour.days(40)
    await does(COORDINATOR, "close", it, reason="Nobody has heard otherwise.")
    case = await tour.life.case(LARKSPUR, it)
    assert case is not None
    assert case.challenge.outcome is Outcome.NOT_CONFIRMED


async def other_ways(tour: Tour) -> None:
    """Handed on, declined, sent up, sorted, joined, redirected, withdrawn; words that were held."""
    does = tour.does
    first = await tour.life.count(LARKSPUR) + 1
    await does(TEACHER, "report", what="Three calendars contradict each other.", type="alignment", scope="district")
    await does(LEADER, "not_mine", first)
    await does(SUPERINTENDENT, "understand", first, scope="Three calendars, all schools.")
    await does(SUPERINTENDENT, "decline", first, reason="Not this year.", until=tour.day(60))
    await does(TEACHER, "report", what="Lunch duty takes our planning.", type="time", scope="school", school="birch")
    await does(PRINCIPAL, "send_up", first + 1, tried="We have swapped duties.")
    await tour.writes(TEACHER, "The rosters do not load in room 12.")
    key = f"message:{tour.said}"
    await does(TEACHER, "details", first + 2, what="The rosters do not load.", affected="All of grade 1.")
    await tour.writes(TEACHER, "The rosters never load.", "message.edited", message_key=key)
    await tour.writes(TEACHER, "", "message.deleted", message_key=key)
    await tour.writes(COACH, "Our rosters never load either.", "message.mention")
    await does(COORDINATOR, "sort", first + 2, type="data_systems", scope="district")
    await does(COORDINATOR, "reassign", first + 2, owner="p-006", reason="She knows the platform.")
    await does(COORDINATOR, "venue", first + 2, venue="cabinet", reason="It is about money.")
    await tour.life.new_rules(LARKSPUR)
    await does(COORDINATOR, "process", first + 2, reason="The new rules are better.")
    await does(COORDINATOR, "restrict", first + 2, restricted=["restricted"], admit="p-002")
    await does(COORDINATOR, "restrict", first + 2, restricted=[])
    await does(COORDINATOR, "merge", first + 3, into=str(first + 2))
    await does(COORDINATOR, "enter", caller="p-019", what="The roof leaks in room 4.")
    await does(COORDINATOR, "redirect", first + 4, desk="work_order", reason="The building office takes it.")
    await does(TEACHER, "report", what="Nobody trains the new aides.")
    await does(TEACHER, "withdraw", first + 5)

    held = await tour.writes(TEACHER, ABOUT_A_STUDENT)
    await tour.presses(TEACHER, held, "draft.safe")
    held = await tour.writes(TEACHER, ABOUT_A_STUDENT)
    await tour.presses(TEACHER, held, "draft.own", what="There is no aide for group work.")
    held = await tour.writes(TEACHER, ABOUT_A_STUDENT)
    await tour.presses(TEACHER, held, "draft.drop")

    away = {"from": tour.day(1), "to": tour.day(9), "delegate": "p-011", "limit": ""}
    await does(COORDINATOR, "substitute", **away)
    await does(COORDINATOR, "back")
    await does(COUNSELOR, "person.left")


async def accounts(tour: Tour) -> None:
    """Somebody has two accounts, removes us from one, has us back, prefers one, and has lost the other to nobody."""
    linked = await tour.links()
    await tour.does(ON_SLACK, "settings", platform="teams")
    await tour.links_a_room("here dit")
    await tour.does(ON_SLACK, "account.unlink", item=linked)
    await tour.does(ON_SLACK, "account.gone")
    await tour.does(ON_SLACK, "account.back")


async def meetings(tour: Tour) -> None:
    """A team's meeting is moved, cancelled, held; another is missed; and then the routine is stopped."""
    does = tour.does
    await does(COORDINATOR, "routine.start", item="dit-monthly")
    await does(COORDINATOR, "routine.standing", item="slt-dunmore")
    [first, *_] = await tour.planned()
    await does(COORDINATOR, "meeting.add", item=first.id, words="The new bell times.")
    [line] = await tour.lines(first.id)
    await does(COORDINATOR, "meeting.lines", item=first.id, **{line: "The new bell times, and the buses."})
    await does(COORDINATOR, "meeting.note", item=first.id, words="Bring the calendars.")
    await does(COORDINATOR, "meeting.roles", item=first.id, recorder="p-005")
    await does(COORDINATOR, "meeting.send", item=first.id)
    await does(COORDINATOR, "meeting.move", item=first.id, day=tour.day(2), reason="The board room is taken.")
    [first, *_] = await tour.planned()
    await does(COORDINATOR, "meeting.cancel", item=first.id, reason="Half of us are away.", day=tour.day(3))
    [first, *_] = await tour.planned()
    await tour.life.pass_time(first.starts_at + timedelta(minutes=30))
    await does(COORDINATOR, "meeting.break", item=first.id, minutes="15")
    await does(COORDINATOR, "meeting.break.end", item=first.id)
    await does(COORDINATOR, "meeting.break", item=first.id, minutes="15")
    await tour.days(5)
    [first, second, *_] = await tour.planned()
    await does(COORDINATOR, "report", what="No substitutes for training days.", type="staffing", origin="internal")
    await does(COORDINATOR, "meeting.walked", 1, item=first.id)
    await does(COORDINATOR, "meeting.decide", 1, item=first.id, words="Two floating substitutes.")
    await does(COORDINATOR, "meeting.held", item=first.id, there=["p-010", "p-005"], notes="Two decisions.")
    await does(COORDINATOR, "meeting.poll", item=first.id, useful="4", respectful="4", words="Less talk.")
    await agreed(tour, first.id)
    await private(tour)
    await tour.life.pass_time(second.starts_at + timedelta(hours=4))
    await does(COORDINATOR, "meeting.missed", item=second.id, reason="Nobody had called it.")
    [third, *_] = await tour.planned()
    await does(COORDINATOR, "closure", **{"from": f"{third.day}", "to": "", "name": "Snow"})
    [moved, *_] = await tour.planned()
    await does(COORDINATOR, "closure.back", item=f"{third.day}:{third.day}")
    await does(COORDINATOR, "meeting.back", item=moved.id)
    [third, *_] = await tour.planned()
    for first_day in (1, 15):  # the whole of its month: it has no day left
        begins = third.day.replace(day=first_day)
        await does(
            COORDINATOR, "closure", **{"from": f"{begins}", "to": f"{begins + timedelta(days=13)}", "name": "Ice"}
        )
    async with tour.life.reading(LARKSPUR) as store:
        since = third.starts_at - timedelta(days=40)
        rows = await occurrences.gone_from(store.connection, LARKSPUR, ["dit-monthly"], since)
    [gone] = [row for row in rows if row.root_id == third.root_id and row.status is OccurrenceStatus.CANCELLED]
    await does(COORDINATOR, "meeting.again", item=gone.id, day=tour.day(70))
    await does(COORDINATOR, "routine.stop", item="dit-monthly")
    tour.life.made.districts.public_url = "https://clearway.example"
    await does(COORDINATOR, "calendar.make", item="dit")
    await does(COORDINATOR, "calendar.end", item="dit")
    await does(COORDINATOR, "closure", **{"from": tour.day(1), "to": tour.day(4), "name": "Snow"})


async def routines(tour: Tour) -> None:
    """One is made in chat, changed, given an agenda of its own, and taken out."""
    does = tour.does
    fields = {"kind": "meeting", "teams": ["sel"], "rule": "third Monday", "start": "3:15 pm", "minutes": "45"}
    await does(COORDINATOR, "routine.new", name="Lessons", **fields)
    await does(COORDINATOR, "routine.edit", item="lessons", name="Lessons", **fields | {"rule": "last Friday"})
    await does(COORDINATOR, "routine.agenda", item="lessons", agenda="Dates", questions="What is ready?", quorum="2")
    await does(COORDINATOR, "routine.remove", item="lessons")


async def versions(tour: Tour) -> None:
    """A draft of the process is practised, submitted, taken back, returned, and approved; a file has one more."""

    async def does(who: Who, action: str, label: str, **fields: Any) -> None:
        async with tour.life.reading(LARKSPUR) as store:
            version = next(each for each in store.directory.versions.values() if each.version == label)
            in_force = store.directory.in_force
        await tour.does(who, action, item=f"{version.id}/{shown(version, in_force)}", **fields)

    label = await tour.life.new_draft(LARKSPUR)
    await does(COORDINATOR, "version.practised", label)
    await does(COORDINATOR, "version.submit", label)
    await does(COORDINATOR, "version.take_back", label)
    await does(COORDINATOR, "version.submit", label)
    await does(SUPERINTENDENT, "version.return", label, comment="Two messages are enough.")
    await does(COORDINATOR, "version.submit", label)
    await does(LEADER, "version.approve", label)
    label = await tour.life.new_draft(LARKSPUR, "approved")
    await does(SUPERINTENDENT, "version.enact", label)


async def agreed(tour: Tour, meeting_id: str) -> None:
    """A meeting has agreed on something: it is put off, handed on, given back, done, not done after all, and dropped."""
    does, other = tour.does, Who(LARKSPUR, PersonId("p-005"))
    due = tour.day(9)
    await does(COORDINATOR, "action.add", item=meeting_id, words="Write to the board.", owner="p-010", due=due)
    async with tour.life.reading(LARKSPUR) as store:
        [item] = await actions.all_of(store.connection, LARKSPUR)
    await does(COORDINATOR, "action.later", item=item.id, due=tour.day(12), notes="Half of it is written.")
    await does(COORDINATOR, "action.hand", item=item.id, owner="p-005")
    await tour.days(3)
    await does(other, "action.refuse", item=item.id, reason="The board has its own form.")
    await does(COORDINATOR, "action.done", item=item.id)
    await does(COORDINATOR, "action.reopen", item=item.id)
    await does(COORDINATOR, "action.drop", item=item.id, reason="The board has decided.")


async def private(tour: Tour) -> None:
    """A plan is made, looked at, shown to others, and ended."""
    does = tour.does
    fields = {"kind": "support", "person": "p-021", "goal": "Two walkthroughs a month.", "named": ["p-005"]}
    await does(COORDINATOR, "plan.make", review=tour.day(3), **fields)
    async with tour.life.reading(LARKSPUR) as store:
        [plan] = await plans.running(store.connection, LARKSPUR)
    await does(COORDINATOR, "action.add", item=plan.id, words="Walk through.", owner="p-005", due=tour.day(4))
    await does(COORDINATOR, "plan.review", item=plan.id, review=tour.day(9), notes="It goes well.")
    await does(COORDINATOR, "plan.named", item=plan.id, named=["p-014"])
    await does(COORDINATOR, "plan.end", item=plan.id)


async def travel(url: str, way: Callable[[Tour], Awaitable[None]]) -> frozenset[str]:
    """What was done on the way."""
    async with life(url, BEGAN) as alive:
        await way(Tour(alive, Promises(alive, Pens())))
        return frozenset(alive.done)


def test_every_action_has_been_done(new_database: NewDatabase) -> None:
    done: set[str] = set()
    for way in (work, other_ways, accounts, meetings, routines, versions):
        with new_database() as url:
            done |= asyncio.run(travel(url, way))
    assert done >= WRITES
