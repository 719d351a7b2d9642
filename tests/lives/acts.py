"""What random people do: they report, write, press what they see, fill forms well or badly, and get in each other's way.

All chance comes from the `Dice` of the step, so that a life can be lived again.
"""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar

from sqlalchemy import select

from handlers.cards.model import Button, Card, Choice, Choices, DateField, Form, NumberField, TextField
from handlers.request import Inbound, Reply, Source
from handlers.rules import versions
from scheduling.calendar import Calendar
from storage import actions, occurrences
from storage.case import Case
from storage.models import Absence, Event, Ledger, table
from storage.vocabulary import DistrictId, Door, PersonId, Status
from tests.lives.edge import buttons
from tests.lives.life import HERE, WRITES, Life, Who

Item = TypeVar("Item")

GHOSTS: Final = frozenset({PersonId("p-016"), PersonId("p-024"), PersonId("p-027")})
"""They report with their name for the coordinator only, and do nothing else: nobody else ever reads it."""
SUPERINTENDENT: Final = PersonId("p-001")
TEACHERS: Final = ("p-015", "p-019", "p-023", "p-031", "p-036", "p-016", "p-024", "p-027")

IN_THE_WAY: Final = (
    "Three lesson calendars contradict each other in week two",
    "Our coach covers classes, so there is no coaching",
    "The data platform loses our screening results",
    "There is no money for substitutes on training days",
    "Nobody knows which form counts",
)
WILD: Final = (
    "",
    "   ",
    "x" * 3_001,
    "<@U0LB001> <!channel> *bold* [link](https://example.org) =1+1",
    "Maya R. in 3rd grade has an IEP and was suspended twice",
    "Our aide left and Maya R. in 3rd grade sits alone all day",
    "A student told me she wants to kill herself",
    "’¿\u202e\u0000\n\n— 🙂 \ud83d",
    "{who} {0} %s",
)
SAID: Final = (
    "Good morning!",
    "open",
    "overdue at birch",
    "thank you so much",
    "We celebrated today: all rooms use it!",
)


class Dice(random.Random):
    """The chance of one step."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._seed = seed

    def __repr__(self) -> str:
        return f"Dice({self._seed})"

    def one(self, items: Sequence[Item]) -> Item:
        return items[self.randrange(len(items))]

    def maybe(self, percent: int) -> bool:
        return self.randrange(100) < percent


class Pens:
    """Marks everything that somebody writes, so that it is known wherever it turns up."""

    def __init__(self) -> None:
        self.authors: dict[str, Who] = {}

    def words(self, who: Who, dice: Dice) -> str:
        mark = f"zq{len(self.authors)}qz"
        self.authors[mark] = who
        return f"{dice.one(IN_THE_WAY)} {mark}."


# ------------------------------------------------------------------------------------------------------------- forms


async def fill(life: Life, pens: Pens, who: Who, form: Form, dice: Dice) -> dict[str, Any]:
    """What somebody types: mostly what is asked for, at times nothing, at times what no form would offer."""
    temper = dice.one(("well",) * 8 + ("empty", "wild"))
    today = Calendar.of(await life.directory(who.district)).today(life.clock.at)
    fields: dict[str, Any] = {}
    for field in form.fields:
        match field:
            case TextField(name="numbers" | "into") as field:
                count = await life.count(who.district)
                wild = dice.one(("", "0", "999", "twelve", "1, 2", "#1"))
                fields[field.name] = wild if temper == "wild" else str(dice.randint(1, max(count, 1)))
                if field.name == "numbers" and temper == "well" and dice.maybe(70):
                    fields[field.name] = field.value
            case TextField() as field:
                kept = bool(field.value) and dice.maybe(50)
                fields[field.name] = {
                    "well": field.value if kept else pens.words(who, dice),
                    "empty": "",
                    "wild": dice.one(WILD),
                }[temper]
                if temper == "well" and not field.required and field.name != "what" and dice.maybe(40):
                    fields[field.name] = ""
            case NumberField() as field:
                well = dice.one(("", "", "900", "4,800", "$12000", "30000"))
                fields[field.name] = dice.one(("lots", "-3", "0", "1e9", "4.5")) if temper == "wild" else well
            case DateField() as field:
                day = field.value or today + timedelta(days=dice.randint(0 if temper == "empty" else 1, 40))
                wild = dice.one(
                    ("soon", (today - timedelta(days=3)).isoformat(), (today + timedelta(days=500)).isoformat())
                )
                fields[field.name] = wild if temper == "wild" else "" if temper == "empty" else day.isoformat()
            case Choice() as field:
                offered = [
                    each.value
                    for each in field.options
                    if each.value not in GHOSTS or field.name in {"caller", "reporter"}
                ]
                if field.value and dice.maybe(60):
                    offered = [field.value]
                if not field.required and not field.name.startswith(("type", "scope")) and dice.maybe(60):
                    offered = [""]
                fields[field.name] = dice.one(offered) if offered and temper == "well" else ""
                if temper == "wild":
                    fields[field.name] = dice.one(("nobody", "high", *offered))
            case Choices() as field:
                chosen = [each.value for each in field.options if dice.maybe(40)]
                fields[field.name] = [] if temper == "empty" else ["nonsense"] if temper == "wild" else chosen
    if "confidential" in fields and GHOSTS & {who.id, fields.get("caller")}:
        fields["confidential"] = ["confidential"]
    return fields


async def submit(life: Life, pens: Pens, who: Who, form: Form, dice: Dice, *, door: Door = Door.BUTTON) -> Reply:
    """Fills a form and sends it; what comes back as a form is filled again."""
    for _ in range(3):
        fields = await fill(life, pens, who, form, dice)
        reply = await life.send(who, submission(life, who, form, fields, door=door))
        if reply.form is None:
            break
        form = reply.form
    return reply


def submission(life: Life, who: Who, form: Form, fields: dict[str, Any], *, door: Door = Door.BUTTON) -> Inbound:
    press = form.press
    return life.inbound(
        who,
        press.action,
        challenge_id=press.challenge_id,
        item=press.item,
        version=press.version,
        fields=fields,
        carry=form.carry,
        door=door,
    )


# ---------------------------------------------------------------------------------------------------------- reporting


async def report(life: Life, pens: Pens, who: Who, dice: Dice) -> Reply:
    """`/challenge`, a shortcut, or the button of another desk."""
    door = dice.one((Door.COMMAND, Door.MESSAGE_SHORTCUT, Door.GLOBAL_SHORTCUT))
    text = pens.words(who, dice) if dice.maybe(70) else ""
    opened = await life.send(who, life.inbound(who, "challenge.form", text=text, door=door, key=""))
    if opened.form is None:
        return opened
    return await submit(life, pens, who, opened.form, dice, door=door)


async def write(life: Life, pens: Pens, who: Who, dice: Dice) -> Reply:
    """A direct message or a mention; at times a reply under one of the cards that stand there."""
    said = dice.one((*SAID, *WILD)) if dice.maybe(30) else pens.words(who, dice)
    if dice.maybe(20):
        said = f"Maya R. in 3rd grade has an IEP. {said}"
    life.forms += 1
    stands = life.edge.cards_of(who.district, who.id)
    thread = dice.one(stands)[0] if stands and (dice.maybe(50) or who.id in GHOSTS) else None
    if thread is None and who.id in GHOSTS:
        return Reply()  # a message has no box for "my name to the coordinator only"
    direct = thread is not None or dice.maybe(60)
    room = f"@{who.id}" if direct else "#staff"
    source = Source(room, str(life.forms), thread.post_id if thread else "", direct=direct)
    inbound = life.inbound(
        who,
        "message.direct" if direct else "message.mention",
        text=said,
        source=source,
        door=Door.THREAD if thread else Door.DIRECT_MESSAGE if direct else Door.MENTION,
        key=f"message:{who.district}:{room}:{life.forms}",
    )
    reply = await life.send(who, inbound)
    asked = list(buttons(reply.card)) if reply.card else []
    if asked and dice.maybe(70):
        await press(life, pens, who, dice.one(asked), dice)
    if dice.maybe(30):
        again = dice.one(("message.edited", "message.deleted"))
        text = pens.words(who, dice) if again == "message.edited" else ""
        carry = {"message_key": inbound.key}
        await life.send(
            who, life.inbound(who, again, text=text, source=source, carry=carry, key=f"{inbound.key}:{again}")
        )
    return reply


async def enter(life: Life, pens: Pens, who: Who, dice: Dice) -> Reply:
    """Somebody called the coordinator."""
    opened = await life.send(who, life.inbound(who, "enter.form", key=""))
    return await submit(life, pens, who, opened.form, dice) if opened.form else opened


async def is_away(life: Life, pens: Pens, who: Who, dice: Dice) -> Reply:
    """They say so themselves. Ghosts do not: whoever stands in for them would read their name."""
    if who.id in GHOSTS:
        return Reply()
    opened = await life.send(who, life.inbound(who, "substitute.form", key=""))
    return await submit(life, pens, who, opened.form, dice) if opened.form else opened


# ----------------------------------------------------------------------------------------------------------- pressing


async def links_a_room(life: Life, pens: Pens, who: Who, dice: Dice) -> Reply:
    """In a channel of two, for one of two teams; or not any more."""
    said = dice.one(("here dit", "here cabinet", "here dit", "here off", "here", "here nobody"))
    source = Source(dice.one(("#dit", "#office")), direct=dice.maybe(5))
    key = f"command:{dice.randint(0, 9_999_999)}"
    return await life.send(who, life.inbound(who, "room.here", text=said, source=source, door=Door.COMMAND, key=key))


async def meets(life: Life, pens: Pens, district_id: DistrictId, dice: Dice) -> None:
    """A routine is started or stopped, or something is done with one of its occurrences, whether it may be or not."""
    if dice.maybe(40):
        await agrees(life, pens, district_id, dice)
        return
    who = anybody(district_id, dice) if dice.maybe(20) else Who(district_id, PersonId("p-010"))
    routine = dice.one(("dit-monthly", "cabinet-weekly", "sup-check-in", "slt-monthly", "coach-check-in"))
    async with life.reading(district_id) as store:
        rows = await occurrences.to_come(store.connection, district_id, [each.id for each in store.directory.routines])
    if not rows or dice.maybe(20):
        action = dice.one(("routine.start", "routine.start", "routine.stop"))
        await life.send(who, life.inbound(who, action, item=routine))
        return
    row = dice.one(rows[:4])
    day = (life.clock.at + timedelta(days=dice.randint(-2, 20))).date().isoformat()
    fields = {
        "reason": pens.words(who, dice),
        "notes": pens.words(who, dice),
        "there": ["p-010"],
        "day": day,
        "words": pens.words(who, dice),
        "minutes": "10",
    }
    action = dice.one(
        (
            "meeting.add",
            "meeting.send",
            "meeting.held",
            "meeting.missed",
            "meeting.move",
            "meeting.cancel",
            "meeting.break",
            "meeting.break.end",
            "meeting.show",
        )
    )
    await life.send(
        who,
        life.inbound(
            who, action, item=row.id, fields=fields if action not in {"meeting.show", "meeting.send"} else None
        ),
    )


async def drafts(life: Life, pens: Pens, district_id: DistrictId, dice: Dice) -> None:
    """Something is done with a version of the process, whether it may be or not; at times there is one more draft."""
    async with life.reading(district_id) as store:
        known, in_force = list(store.directory.versions.values()), store.directory.in_force
    if len(known) < 2 or dice.maybe(20):
        await life.new_draft(district_id)
        return
    version = dice.one(known[-3:])
    who = Who(district_id, PersonId(dice.one(("p-010", "p-001", "p-002", "p-004"))))
    who = anybody(district_id, dice) if dice.maybe(10) else who
    moves = ("submit", "approve", "submit", "approve", "return", "take_back", "practised", "enact", "show", "text")
    action = f"version.{dice.one(moves)}"
    shown = "0" * 64 if dice.maybe(10) else versions.shown(version, in_force)
    fields = {"comment": pens.words(who, dice)} if action == "version.return" else None
    await life.send(who, life.inbound(who, action, item=f"{version.id}/{shown}", fields=fields))


async def agrees(life: Life, pens: Pens, district_id: DistrictId, dice: Dice) -> None:
    """An action item is added to a meeting that has begun, or something is done with one, whether it may be or not."""
    since = life.clock.at - timedelta(days=60)
    async with life.reading(district_id) as store:
        met = [
            each
            for each in await occurrences.since(
                store.connection, district_id, [each.id for each in store.directory.routines], since
            )
            if each.starts_at <= life.clock.at
        ]
        items = await actions.all_of(store.connection, district_id)
    staff = [f"p-{n:03}" for n in range(1, 38) if PersonId(f"p-{n:03}") not in GHOSTS]
    fields = {
        "words": pens.words(Who(district_id, PersonId("p-010")), dice),
        "notes": "",
        "reason": "It is for somebody else.",
        "owner": dice.one(staff),
        "due": (life.clock.at + timedelta(days=dice.randint(-1, 15))).date().isoformat(),
        "challenge": dice.one(("", "", "1", "2")),
    }
    if met and (not items or dice.maybe(30)):
        who = Who(district_id, PersonId("p-010"))
        await life.send(who, life.inbound(who, "action.add", item=dice.one(met).id, fields=fields))
    elif items:
        item = dice.one(items)
        who = dice.one(
            (anybody(district_id, dice), Who(district_id, PersonId("p-010")), Who(district_id, item.owner_id))
        )
        action = dice.one(("show", "done", "later", "refuse", "hand", "drop", "reopen"))
        asked = life.inbound(who, f"action.{action}", item=item.id, version=item.version, fields=fields)
        await life.send(who, asked)


async def press(life: Life, pens: Pens, who: Who, button: Button, dice: Dice) -> Reply:
    """A press, and the form that it opens."""
    pressed = button.press
    inbound = life.inbound(
        who, pressed.action, challenge_id=pressed.challenge_id, item=pressed.item, version=pressed.version
    )
    if not pressed.action.endswith(".form"):
        return await life.send(who, inbound)
    opened = await life.send(who, inbound)
    return await submit(life, pens, who, opened.form, dice) if opened.form else opened


async def show(life: Life, who: Who, challenge_id: str) -> Card | None:
    """The challenge as they see it now."""
    return (await life.send(who, life.inbound(who, "show", challenge_id=challenge_id, key=""))).card


def involved(case: Case, dice: Dice) -> PersonId:
    """Somebody who has to do with it, mostly."""
    reporters = [each.person_id for each in case.reporters]
    steps = [each.owner_id for each in case.steps]
    others = (
        [each.person_id for each in case.helpers]
        + steps
        + [each.colleague_id for each in case.reporters if each.colleague_id]
    )
    chance = dice.randrange(100)
    if chance < 45 or not reporters:
        return case.challenge.owner_id
    if chance < 70:
        return dice.one(reporters)
    if chance < 85:
        return PersonId("p-010")
    return dice.one(others) if others and chance < 95 else PersonId(f"p-0{dice.randint(1, 42):02}")


async def look_and_press(life: Life, pens: Pens, district_id: DistrictId, dice: Dice) -> None:
    """Somebody looks at a challenge and presses one of its buttons; often the one that was pressed least so far."""
    case = await any_case(life, district_id, dice)
    if case is None:
        return
    who = Who(district_id, involved(case, dice))
    card = await show(life, who, case.id)
    found = list(buttons(card)) if card else []
    dice.shuffle(found)
    if found:
        rare = min(found, key=lambda each: life.done[each.press.action.removesuffix(".form")])
        await press(life, pens, who, rare if dice.maybe(50) else found[0], dice)


async def press_old(life: Life, pens: Pens, who: Who, dice: Dice) -> None:
    """A press on whatever stands in their chat, however old, or on an answer that they got."""
    cards = [card for _, card in life.edge.cards_of(who.district, who.id)]
    cards += [card for whose, card in life.answers if whose == who][-4:]
    found = [each for card in cards for each in buttons(card)]
    if found:
        await press(life, pens, who, dice.one(found), dice)


async def work_through(life: Life, pens: Pens, district_id: DistrictId, dice: Dice) -> None:
    """The owner does what an owner does, as far as it goes today."""
    case = await any_case(life, district_id, dice)
    if case is None:
        return
    who = Who(district_id, case.challenge.owner_id)
    for wanted in ("sort", "take", "understand", "plan", "step_done", "progress", "resolve"):
        if wanted in {"plan", "step_done", "progress"} and dice.maybe(60):
            continue
        card = await show(life, who, case.id)
        found = [each for each in buttons(card) if each.press.action.removesuffix(".form") == wanted] if card else []
        if found:
            await press(life, pens, who, found[0], dice)


async def reporters_answer(life: Life, pens: Pens, district_id: DistrictId, dice: Dice) -> None:
    """Those who raised it answer whatever they are asked."""
    liked = {Status.RESOLVED, Status.AWAITING_CONFIRMATION} if dice.maybe(70) else None
    case = await any_case(life, district_id, dice, liked)
    if case is None:
        return
    for reporter in case.reporters:
        who = Who(district_id, reporter.person_id)
        card = await show(life, who, case.id)
        wanted = {"answer.form", dice.one(("yes", "yes", "yes", "partly.form", "no.form"))}
        found = [each for each in buttons(card) if each.press.action in wanted] if card else []
        if found:
            await press(life, pens, who, found[0], dice)


async def any_case(life: Life, district_id: DistrictId, dice: Dice, liked: set[Status] | None = None) -> Case | None:
    """Any challenge; where some status is liked, one that has it, if there is one."""
    count = await life.count(district_id)
    numbers = list(range(1, count + 1))
    dice.shuffle(numbers)
    found: Case | None = None
    for number in numbers:
        found = await life.case(district_id, number)
        if found is not None and (liked is None or found.challenge.status in liked):
            break
    return found


# ------------------------------------------------------------------------------------------- getting in the way of it


async def poke(life: Life, pens: Pens, who: Who, challenge_id: str, action: str, dice: Dice) -> None:
    """A made-up press: any action, by anybody, about anything, with whatever fields."""
    life.forms += 1
    fields: dict[str, Any] = {
        "what": pens.words(who, dice),
        "reason": pens.words(who, dice),
        "owner": dice.one(("p-004", "p-038", "nobody", "")),
        "type": dice.one(("staffing", "policy", "nonsense")),
        "scope": dice.one(("district", "school", "nowhere")),
        "urgency": dice.one(("high", "quickly", "")),
        "outcome": dice.one(("yes", "no", "perhaps")),
        "into": "1",
        "numbers": dice.one(("", "1", "2, 1")),
        "until": (life.today() + timedelta(days=9)).isoformat(),
        "comment": pens.words(who, dice),
    }
    if who.id in GHOSTS:
        fields["confidential"] = ["confidential"]
        if action.startswith("message."):
            return
    await life.send(
        who,
        life.inbound(who, action, challenge_id=challenge_id, item=dice.one(("", "nothing")), fields=fields, text="?"),
    )


async def try_everything(life: Life, pens: Pens, who: Who, challenge_id: str, dice: Dice) -> None:
    """One person presses everything there is, on one challenge."""
    for action in sorted(WRITES - {"person.left"}):
        await poke(life, pens, who, challenge_id, action, dice)


async def again(life: Life, pens: Pens, district_id: DistrictId, dice: Dice, *, at_once: bool) -> None:
    """One intent, delivered again and again, or ten times at once: it has one effect."""
    case = await any_case(life, district_id, dice)
    who = somebody(district_id, dice) if case is None or dice.maybe(30) else Who(district_id, involved(case, dice))
    inbound = await some_intent(life, pens, who, case, dice)
    if inbound is None:
        return
    before = await last_line(life, district_id)
    if at_once:
        await life.send_at_once([(who, inbound)] * 10)
    else:
        for _ in range(3):
            await life.send(who, inbound)
    new = await lines_after(life, district_id, before)
    assert len({each.at for each in new}) <= 1, f"{inbound.action} had two effects: {[str(each.kind) for each in new]}"


async def some_intent(life: Life, pens: Pens, who: Who, case: Case | None, dice: Dice) -> Inbound | None:
    """A report, or a press of a button of this challenge; a form is filled."""
    if case is None or dice.maybe(30):
        opened = await life.send(who, life.inbound(who, "challenge.form", door=Door.COMMAND, key=""))
        form = opened.form
    else:
        card = await show(life, who, case.id)
        found = list(buttons(card)) if card else []
        if not found:
            return None
        pressed = dice.one(found).press
        inbound = life.inbound(
            who, pressed.action, challenge_id=pressed.challenge_id, item=pressed.item, version=pressed.version
        )
        if not pressed.action.endswith(".form"):
            return inbound
        form = (await life.send(who, inbound)).form
    return submission(life, who, form, await fill(life, pens, who, form, dice)) if form else None


async def race(life: Life, pens: Pens, district_id: DistrictId, dice: Dice) -> None:
    """Several people press different buttons of one challenge in the same moment; some press theirs twice."""
    case = await any_case(life, district_id, dice)
    if case is None:
        return
    inbounds: list[tuple[Who, Inbound]] = []
    for _ in range(dice.randint(2, 4)):
        who = Who(district_id, involved(case, dice))
        inbound = await some_intent(life, pens, who, case, dice)
        if inbound is not None:
            inbounds += [(who, inbound)] * dice.randint(1, 2)
    dice.shuffle(inbounds)
    await life.send_at_once(inbounds)


async def last_line(life: Life, district_id: DistrictId) -> int:
    """The number of the last line of the district's history."""
    of = table(Ledger)
    async with life.reading(district_id) as store:
        return int(await store.connection.scalar(select(of.c.seq).where(of.c.district_id == district_id)) or 0)


async def lines_after(life: Life, district_id: DistrictId, seq: int) -> list[Event]:
    of = table(Event)
    async with life.reading(district_id) as store:
        rows = await store.connection.execute(
            select(of).where(of.c.district_id == district_id, of.c.seq > seq).order_by(of.c.seq)
        )
        return [Event(**row._mapping) for row in rows]


async def goes_away(life: Life, district_id: DistrictId, dice: Dice) -> None:
    """The office enters somebody's leave."""
    anybody = [f"p-0{n:02}" for n in range(1, 38)]
    first = life.today() + timedelta(days=dice.randint(0, 10))
    others = [PersonId(each) for each in anybody if each not in GHOSTS]
    await life.is_away(
        Absence(
            district_id=district_id,
            person_id=PersonId(dice.one((*anybody[:10], *anybody))),
            from_on=first,
            to_on=first + timedelta(days=dice.randint(0, 30)),
            delegate_id=dice.one((None, dice.one(others))),
            delegate_limit_usd=dice.one((None, 1_000, 20_000)),
            above_limit_id=dice.one((None, dice.one(others))),
        )
    )


async def leaves(life: Life, district_id: DistrictId, dice: Dice) -> None:
    """Somebody leaves the district; the superintendent stays, as a district must have one."""
    who = Who(district_id, PersonId(f"p-0{dice.randint(2, 37):02}"))
    if dice.maybe(50):
        await life.send(who, life.inbound(who, "person.left", door=Door.OPERATOR))
    else:
        successor = PersonId(f"p-0{dice.randint(2, 37):02}")
        last_day = life.today() + timedelta(days=dice.randint(-1, 5))
        await life.left(who, last_day, successor if dice.maybe(50) and successor not in {*GHOSTS, who.id} else None)


async def is_closed(life: Life, district_id: DistrictId, dice: Dice) -> None:
    first = life.today() + timedelta(days=dice.randint(0, 12))
    await life.is_closed(district_id, first, first + timedelta(days=dice.randint(0, 4)))


def anybody(district_id: DistrictId, dice: Dice) -> Who:
    return Who(district_id, PersonId(f"p-0{dice.randint(1, 42):02}"))


def somebody(district_id: DistrictId, dice: Dice) -> Who:
    """Likely a teacher."""
    return Who(district_id, PersonId(dice.one(TEACHERS))) if dice.maybe(70) else anybody(district_id, dice)


def elsewhere(district_id: DistrictId) -> DistrictId:
    return next(each for each in HERE if each != district_id)
