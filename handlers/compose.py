"""A message becomes a card when it is sent: for its reader, from the present state. Old news is dropped (None)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from handlers import actions, acts, agendas, drafts, plans, rooms, routines, versions
from handlers.cards import accounts as account_cards
from handlers.cards import challenge as cards
from handlers.cards import digests as digest_cards
from handlers.cards import drafts as draft_cards
from handlers.cards import lists, names
from handlers.cards import rooms as room_cards
from handlers.cards.digests import Line
from handlers.cards.model import Button, Buttons, Card, Link, Press
from handlers.cards.text import Label, Phrase, Voice, Who, from_json, phrase
from handlers.rules import access, lanes
from handlers.rules.access import Action
from handlers.rules.cadence import Goal
from handlers.telling import Told
from storage.case import Case
from storage.directory import Person
from storage.models import Event, Message, PostedCard, Words
from storage.queue import ClaimedCard
from storage.store import Store
from storage.vocabulary import (
    ENDED,
    ChallengeId,
    EventId,
    Field,
    Kind,
    MessageKind,
    PersonId,
    Platform,
    Status,
    StepId,
    TeamId,
    Urgency,
)


async def compose(store: Store, message: Told, now: datetime, *, by_mail: bool = False) -> Card | None:
    """The card of one message, or None where it is old news, or no longer theirs to see.

    `by_mail`: an agenda is as it may stand where nobody knows who reads.
    """
    if message.room_id is not None:
        return await rooms.compose(store, message, now)
    if message.kind is MessageKind.OCCURRENCE:
        return await agendas.compose(store, message, now, by_mail=by_mail)
    if message.kind is MessageKind.ROUTINE:
        return await routines.compose(store, message, now)
    if message.kind is MessageKind.VERSION:
        return await versions.compose(store, message, now)
    if message.kind is MessageKind.ACTION_ITEM:
        return await actions.compose(store, message, now)
    if message.kind is MessageKind.PLAN:
        return await plans.compose(store, message, now)
    reader = store.directory.people.get(message.person_id)
    if reader is None or not reader.here_on(acts.today(store, now)):
        return None
    voice = Voice(store.directory, reader)
    event = await store.event(message.event_id) if message.event_id else None
    if message.kind is MessageKind.DRAFT_LAPSED:
        return draft_cards.lapsed(voice, dict(event.data) if event else {})
    if message.kind is MessageKind.DRAFT_HELD:
        return await drafts.still_held(store, voice, message.item_id or "", reader.id)
    if message.challenge_id is None:
        return _about_no_challenge(voice, message, event)
    case = await store.case(message.challenge_id)
    if case is None or event is None:
        return None
    return await _card(store, voice, reader, case, message, event, now)


TOLD: Final = frozenset({Field.REASON, Field.COMMENT, Field.RESOLUTION, Field.TALK, Field.NOTE, Field.ANSWER})
"""The words that are said for others to read."""


async def _words_with(store: Store, case: Case, event: Event, history: Sequence[Event]) -> list[Words]:
    """What was said in the act that an event belongs to: the reason, the comment, the note."""
    act = [each for each in history if each.data.get("act") == event.data.get("act")]
    said = [words for each in act for words in await store.words_of(each)]
    return [each for each in said if each.field in TOLD and each.id not in case.challenge.retracted_ids]


async def _card(
    store: Store, voice: Voice, reader: Person, case: Case, message: Told, event: Event, now: datetime
) -> Card | None:
    if not still_news(message, case) or _is_put_off(message, case, acts.today(store, now)):
        return None
    history = await store.history(case.id)
    seen = cards.view(store.directory, case, voice, reader, now, history)
    title, intro = headline(seen, message, event)
    if not seen.may(Action.SEE):
        heard = access.may_hear(reader, seen.facts, store.directory, seen.today)
        return cards.for_outsider(seen, voice(intro), title=voice(title, n=case.number)) if heard else None
    quotes = await _words_with(store, case, event, history)
    reminds = message.kind in lanes.REMINDERS
    return cards.card(seen, voice(intro), title=voice(title, n=case.number), quotes=quotes, reminds=reminds)


def still_news(message: Told, case: Case) -> bool:
    """Whether it still has a point, as the challenge stands now (a receipt and an update always have)."""
    challenge = case.challenge
    mine = challenge.owner_id == message.person_id
    match message.kind:
        case MessageKind.TRIAGE:
            return challenge.status is Status.REPORTED and mine
        case MessageKind.ASSIGNMENT | MessageKind.NUDGE | MessageKind.REVIEW:
            return challenge.status not in ENDED and (mine or message.kind is MessageKind.NUDGE)
        case MessageKind.STEP:
            step = case.step(StepId(message.item_id)) if message.item_id else None
            return challenge.status not in ENDED and (step is None or step.done_at is None)
        case MessageKind.QUESTION:
            return challenge.asked_at is not None
        case MessageKind.CONFIRMATION:
            reporter = case.reporter(message.person_id)
            asked = challenge.status in {Status.AWAITING_CONFIRMATION, Status.RESOLVED}
            return asked and reporter is not None and reporter.answer is None
        case MessageKind.COLLEAGUE_ASK:
            reporter = case.reporter(PersonId(message.item_id or ""))
            return challenge.status is Status.AWAITING_CONFIRMATION and bool(reporter and reporter.answer is None)
        case MessageKind.DECISION:
            return challenge.status is Status.AWAITING_CONFIRMATION
        case MessageKind.ESCALATION:
            return challenge.status not in ENDED
        case _:
            return True


def headline(seen: cards.View, message: Told, event: Event) -> tuple[str, Phrase]:
    """The title (safe on a locked screen) and the first sentence of a message."""
    case = seen.case
    who = phrase("{name}", name=seen.name(event.actor_id))
    match message.kind:
        case MessageKind.RECEIPT if event.kind is Kind.JOINED:
            return "Challenge {n}: you joined", phrase("You are now one of those who raised this.")
        case MessageKind.RECEIPT:
            if event.actor_id != message.person_id:
                return "Challenge {n} is recorded for you", phrase("{who} entered this for you.", who=who)
            return "Challenge {n} is recorded", phrase("Thank you. Nothing you report here is lost.")
        case MessageKind.TRIAGE:
            return "Challenge {n}: please sort it", phrase("This came in and needs a type and an owner.")
        case MessageKind.ASSIGNMENT if event.kind is Kind.REOPENED:
            return "Challenge {n} is open again", phrase("Those who raised it say that it is not gone.")
        case MessageKind.ASSIGNMENT:
            return "Challenge {n}: a challenge for you", seen.discreet(
                from_json(event.data["why"])
            ) if "why" in event.data else phrase("It is with you.")
        case MessageKind.INFORM:
            return "Challenge {n}: for your information", phrase("The process has you informed of this.")
        case MessageKind.QUESTION:
            return "Challenge {n}: a question for you", phrase(
                "{who} asks: {question}", who=Who(case.challenge.owner_id), question=case.said(Field.QUESTION) or "–"
            )
        case MessageKind.ANSWERED:
            return "Challenge {n}: your question is answered", phrase(
                "{who} has answered: {answer}", who=who, answer=case.said(Field.ANSWER) or "–"
            )
        case MessageKind.NUDGE:
            if event.data.get("goal") == "answer":
                return "Challenge {n}: no answer yet", phrase(
                    "A question to those who raised it has no answer yet. Can you help?"
                )
            return PROMPTS.get(_first_of_all(case, str(event.data.get("goal"))), HOW_IT_STANDS)
        case MessageKind.STEP:
            return "Challenge {n}: a step for you", phrase("You have a step in this.")
        case MessageKind.ESCALATION:
            mine = case.challenge.owner_id == message.person_id
            return "Challenge {n} came up to you" if mine else "Challenge {n} needs your help", seen.discreet(
                from_json(event.data["why"])
            ) if "why" in event.data else phrase("It needs a decision.")
        case MessageKind.CONFIRMATION:
            return "Challenge {n}: was it addressed?", phrase(
                "{who} says it is resolved. Was it addressed sufficiently?", who=Who(case.challenge.owner_id)
            )
        case MessageKind.COLLEAGUE_ASK:
            return "Challenge {n}: please ask", phrase(
                "{name} has not answered whether this was addressed. Please ask, and press “Enter a talk”.",
                name=seen.name(PersonId(message.item_id or "")),
            )
        case MessageKind.DECISION:
            return "Challenge {n}: your decision", phrase(
                "Somebody who raised this has not answered after every ask. Close it as not confirmed, or keep it open."
            )
        case MessageKind.REVIEW:
            return "Challenge {n}: look at it again", phrase("The day has come to look at it again.")
        case MessageKind.UNDELIVERABLE:
            return "Challenge {n}: a message did not arrive", phrase(
                "{who} could not be reached. Please tell them, or reassign it.",
                who=Who(PersonId(message.item_id or "")),
            )
        case MessageKind.BREACH:
            return "Challenge {n} needs you", phrase(
                "Clearway found it without an owner or a date, and could not mend it."
            )
        case _ if event.kind is Kind.TOLD:
            return "Challenge {n}: how it stands", phrase(
                "It is still open. {state} {next}", state=cards.state_line(seen), next=cards.next_line(seen)
            )
        case _ if event.kind is Kind.DECIDED and (decided := _decided(case, event)):
            return "Challenge {n}: a decision", phrase(
                "“{decision}” was decided at {meeting}.", decision=lists.short(decided, 300),
                meeting=names.meeting(seen.voice, event.data["meeting"]),
            )  # fmt: skip
        case _ if event.kind in RESTS and case.challenge.review_on and (reason := case.said(Field.REASON)):
            return "Challenge {n}: news", phrase(
                "{what}, until {day}: “{reason}”", what=capital(cards.event_line(seen, event)),
                day=case.challenge.review_on, reason=lists.short(reason, 200),
            )  # fmt: skip
        case _ if event.kind is Kind.REDIRECTED:
            return "Challenge {n}: sent to the right desk", phrase(
                "It is for {desk}, and not for this process.", desk=desk(seen, event)
            )
        case _:
            return "Challenge {n}: news", phrase("{what}.", what=capital(cards.event_line(seen, event)))


HOW_IT_STANDS: Final = (
    "Challenge {n}: how does it stand?",
    phrase("One press is enough: progress, still blocked, or resolved."),
)
PROMPTS: Final[Mapping[str, tuple[str, Phrase]]] = MappingProxyType(
    {
        Goal.SORT: ("Challenge {n}: please sort it", phrase("Until it has a type and an owner, nobody can begin.")),
        Goal.TAKE: ("Challenge {n}: is it yours?", phrase("One press is enough: “I'll take it”, or “Not mine”.")),
        Goal.DECIDE: (
            "Challenge {n}: your decision is due",
            phrase("Press “I understand it”: how big it is, and what could be done. Or ask a question."),
        ),
    }
)
"""What a prompt asks for, by its goal."""
RESTS: Final = frozenset({Kind.PAUSED, Kind.WAITING, Kind.DECLINED})
"""What those who raised it read with its reason, and the date on which it is looked at again."""


def _decided(case: Case, event: Event) -> str | None:
    """What a meeting has decided; None where the words were taken back, or out."""
    return next((each.text for each in case.all_said(Field.DECISION) if each.id in event.words), None)


def _first_of_all(case: Case, goal: str) -> str:
    """What is wanted of whoever has it: before it is sorted, or taken up, nothing else can be."""
    challenge = case.challenge
    if challenge.status is Status.REPORTED:
        return Goal.SORT
    if challenge.status in {Status.WITH_SCHOOL, Status.ASSIGNED} and challenge.taken_at is None:
        return Goal.TAKE
    return goal


def capital(sentence: str) -> str:
    """A line of the history as a sentence of its own."""
    return sentence[:1].upper() + sentence[1:]


def desk(seen: cards.View, event: Event) -> Phrase:
    """Where a redirected challenge belongs: the desk, and who sits at it."""
    name = str(event.data.get("desk") or "")
    version = seen.directory.version(seen.case.challenge.process_id)
    person = seen.directory.people.get(PersonId(version.process.desks.get(name, "")))
    if person is None:
        return phrase("{desk}", desk=Label(name or "another desk"))
    return phrase("{desk} ({who})", desk=Label(name), who=Who(person.id))


def _about_no_challenge(voice: Voice, message: Told, event: Event | None) -> Card | None:
    if event is None:
        return None
    if event.kind is Kind.SUBSTITUTED and event.actor_id:
        said = voice(
            "You stand in for {who} from {first} to {last}. What they hold comes to you on the first day.",
            who=Who(event.actor_id),
            first=date.fromisoformat(event.data["from"]),
            last=date.fromisoformat(event.data["to"]),
        )
        return cards.plain(voice, voice("You stand in"), said)
    if event.kind is Kind.BACK and event.actor_id:
        said = voice(
            "{who} is back. What you have not begun on goes back to them; the rest stays with you.",
            who=Who(event.actor_id),
        )
        return cards.plain(voice, voice("You do not stand in any more"), said)
    if event.kind is Kind.UNDONE and event.actor_id and event.data.get("away"):
        said = voice("{who} is away after all, as they had said. You stand in for them.", who=Who(event.actor_id))
        return cards.plain(voice, voice("You stand in"), said)
    if event.kind is Kind.UNDONE and event.actor_id:
        said = voice("{who} is not away after all. You do not stand in for them.", who=Who(event.actor_id))
        return cards.plain(voice, voice("You do not stand in"), said)
    if event.kind is Kind.ACCOUNT_LINKED:
        return account_cards.linked(voice, Platform(event.data["platform"]), event.id)
    if event.kind is Kind.ACCOUNT_UNLINKED:
        said = voice("An account that said it was {who} is not theirs, they say. It was taken away from them.",
                     who=Who(event.data["person"]))  # fmt: skip
        return cards.plain(voice, voice("An account was not who it said"), said)
    if event.kind is Kind.ROOM_LOST:
        return room_cards.lost(voice, TeamId(event.data["team"]), Platform(event.data["platform"]))
    if message.kind is MessageKind.UNDELIVERABLE:
        return cards.plain(
            voice,
            voice("A message did not arrive"),
            voice("{who} could not be reached on any account.", who=Who(PersonId(message.item_id or ""))),
        )
    if message.kind is MessageKind.BREACH:
        return cards.plain(
            voice,
            voice("Clearway needs you"),
            voice("The audit found something it could not mend. Please tell whoever runs Clearway."),
        )
    return None


async def digest(
    store: Store, messages: Sequence[Told], now: datetime, day: date | None = None
) -> tuple[Card | None, set[str]]:
    """One card for everything that waits for one person, or its first page; and which messages had a point.

    `day`: on which it was sent, where it stands already.
    """
    found, told = await lines(store, messages, now)
    reader = store.directory.people[messages[0].person_id]
    if not found:
        return None, told
    return digest_cards.page(Voice(store.directory, reader), found, day or acts.today(store, now)), told


async def rest_of_digest(store: Store, last: Message, now: datetime) -> Card:
    """What stands in a digest behind the line that tells of `last`, as it is now: the next page."""
    together = await store.digest_of(last)
    case = await store.case(last.challenge_id) if last.challenge_id else None
    behind = _place(last, await store.event(last.event_id) if last.event_id else None, case)
    found, _ = await lines(store, together, now) if together else ([], set())
    rest = [each for each in found if each.place > behind]
    voice = Voice(store.directory, store.directory.people[last.person_id])
    if not rest:
        return _nothing_waits(voice)
    return digest_cards.page(voice, rest, sent_on(store, last, now), first=False)


def sent_on(store: Store, message: Message, now: datetime) -> date:
    """The day of the digest that a message went out with."""
    return acts.today(store, message.ended_at or now)


async def lines(store: Store, messages: Sequence[Told], now: datetime) -> tuple[list[Line], set[str]]:
    """What a digest tells, one line for each challenge, the most pressing first; and which messages had a point.

    Several messages about one challenge become one line: the most pressing, and behind it what a meeting has decided.
    """
    reader = store.directory.people[messages[0].person_id]
    if not reader.here_on(acts.today(store, now)):
        return [], set()
    voice = Voice(store.directory, reader)
    found: dict[str, Line] = {}
    told: set[str] = set()
    decided: dict[str, str] = {}
    events = {each.id: await store.event(each.event_id) if each.event_id else None for each in messages}

    def happened(message: Told) -> tuple[datetime, int]:
        event = events[message.id]
        return message.created_at, event.seq if event else 0

    for message in sorted(messages, key=happened):
        event = events[message.id]
        case = await store.case(message.challenge_id) if message.challenge_id else None
        place = _place(message, event, case)
        if case is None or event is None:
            if beside := await _beside(store, voice, message, event, place, now):
                told.add(message.id)
                about, line = beside
                found[about] = line
            continue
        seen = cards.view(store.directory, case, voice, reader, now)
        if not access.may_hear(reader, seen.facts, store.directory, seen.today) or not still_news(message, case):
            continue
        if _is_put_off(message, case, seen.today):
            continue
        told.add(message.id)
        title, intro = headline(seen, message, event)
        if event.kind is Kind.DECIDED:
            decided[case.id] = voice(intro)
        if case.id in found and found[case.id].place.weight < place.weight:
            continue
        text = voice(
            "{title} – {about}. {why}",
            title=voice(title, n=case.number),
            about=lists.short(case.title, 90).rstrip("."),
            why=capital(voice(intro)),
        ).replace("…. ", "… ")
        buttons = cards.line_buttons(seen, reminds=message.kind in lanes.REMINDERS)
        found[case.id] = Line(place, text, buttons, mailable=access.may_be_mailed(seen.facts))
    pressing = sorted(found.items(), key=lambda each: each[1].place)
    return [_with_decision(voice, line, decided.get(about, "")) for about, line in pressing], told


def _with_decision(voice: Voice, line: Line, decided: str) -> Line:
    """A line that asks something of its reader, and what was decided on the same challenge."""
    if decided in line.text:
        return line
    return replace(line, text=voice("{line} {decision}", line=line.text, decision=decided))


async def _beside(
    store: Store, voice: Voice, message: Told, event: Event | None, place: digest_cards.Place, now: datetime
) -> tuple[str, Line] | None:
    """The line of a message that is about no challenge, and what it is about: of several about one thing the last."""
    item, about = message.item_id or "", message.id
    mailable = message.kind not in lanes.CHAT_ONLY
    buttons: tuple[Button, ...]
    match message.kind:
        case MessageKind.OCCURRENCE:
            card, buttons = await agendas.in_digest(store, message, now)
        case MessageKind.ROUTINE:
            card = await routines.compose(store, message, now)
            buttons = (Button(voice("Show"), Press("routine.show", item=item)),)
        case MessageKind.VERSION:  # answered under its very text, docs/decisions/0019
            about, card = f"version {item}", await versions.compose(store, message, now)
            buttons = (Button(voice("Show"), Press("version.show", item=f"{item}/1")),)
        case MessageKind.ACTION_ITEM:
            about, mailable = f"item {item}", await actions.may_be_mailed(store, item)
            card, buttons = await actions.in_digest(store, message, now)
        case MessageKind.PLAN:
            about = f"plan {item}"
            card, buttons = await plans.in_digest(store, message, now)
        case MessageKind.DRAFT_HELD:
            card, buttons = await drafts.still_held(store, voice, item, message.person_id), ()
        case MessageKind.DRAFT_LAPSED:
            card, buttons = draft_cards.lapsed(voice, dict(event.data) if event else {}), ()
        case _:
            card = _about_no_challenge(voice, message, event)
            buttons = (
                tuple(each for part in card.body if isinstance(part, Buttons) for each in part.items) if card else ()
            )
    if card is None:
        return None
    links = [each for each in card.body if isinstance(each, Link)] if message.kind is MessageKind.OCCURRENCE else []
    # Each with its meeting, for those who hear it read among the links of other lines.
    named = tuple(replace(each, label=voice("{label}: {what}", label=each.label, what=card.title)) for each in links)
    return about, Line(place, card.fallback(), buttons, named, mailable)


def is_agenda(message: Told) -> bool:
    """Whether its card is about an occurrence or an action item, by itself: it was no line of a digest."""
    alone = (
        message.kind in {MessageKind.OCCURRENCE, MessageKind.ACTION_ITEM, MessageKind.PLAN}
        or message.room_id is not None
    )
    return alone and message.item_id is not None and message.challenge_id is None


async def redraw_agenda(store: Store, message: Message, now: datetime) -> Card | None:
    """One that stands already; in a digest with others its line has no words of any challenge."""
    if message.room_id is None and len(await store.digest_of(message)) > 1:
        return await redraw_digest(store, await store.digest_of(message), now)
    if message.kind is MessageKind.ACTION_ITEM:
        return await actions.redraw(store, message, now)
    if message.kind is MessageKind.PLAN:
        return await plans.redraw(store, message, now)
    return await agendas.redraw(store, message, now)


async def redraw_version(store: Store, message: Message, now: datetime) -> Card | None:
    """A card about a version of the process, or the digest that one was in."""
    together = await store.digest_of(message)
    return (
        await redraw_digest(store, together, now) if len(together) > 1 else await versions.redraw(store, message, now)
    )


async def redraw_digest(store: Store, messages: Sequence[Message], now: datetime) -> Card | None:
    """A digest that stands already, with what is still its reader's to see and still news."""
    if not messages:
        return None
    reader = store.directory.people.get(messages[0].person_id)
    card, _ = await digest(store, messages, now, sent_on(store, messages[0], now)) if reader else (None, set())
    return card if card is not None or reader is None else _nothing_waits(Voice(store.directory, reader))


def _nothing_waits(voice: Voice) -> Card:
    return cards.plain(voice, voice("Your digest"), voice("Nothing of this waits for you any more."))


def _is_put_off(message: Told, case: Case, today: date) -> bool:
    """Whether its reader wants to be reminded of it later: it comes again, with the digest of that day (snoozes.py)."""
    if message.kind not in lanes.REMINDERS or case.challenge.urgency is Urgency.HIGH:
        return False
    until = case.put_off_until(message.person_id)
    return until is not None and until > today


WEIGHTS = {
    MessageKind.DECISION: 0,
    MessageKind.ESCALATION: 1,
    MessageKind.CONFIRMATION: 1,
    MessageKind.QUESTION: 1,
    MessageKind.ASSIGNMENT: 1,
    MessageKind.TRIAGE: 1,
    MessageKind.STEP: 2,
    MessageKind.NUDGE: 2,
    MessageKind.REVIEW: 2,
    MessageKind.ACTION_ITEM: 2,
    MessageKind.COLLEAGUE_ASK: 2,
    MessageKind.UNDELIVERABLE: 3,
    MessageKind.UPDATE: 7,
    MessageKind.INFORM: 8,
}
"""What is most pressing stands first in a digest."""


SOFT: Final = MappingProxyType({Kind.NOTED: 8, Kind.TOLD: 9})
"""Of the news of a challenge, what gives way to what was decided or done: somebody's note, and that it stands still."""


def _place(message: Told, event: Event | None, case: Case | None) -> digest_cards.Place:
    """Where the line of a message stands in a digest. It is the same whatever becomes of it."""
    weight = WEIGHTS.get(message.kind, 5) if case is None or event is None else _weight(message, event)
    return digest_cards.Place(weight, message.created_at, event.seq if event else 0, message.id)


def _weight(message: Told, event: Event) -> int:
    """How pressing a message about a challenge is in a digest: the lower, the more."""
    # That a date has moved is what everybody must read, whatever else is asked about it.
    if event.kind in {Kind.DATES_MOVED, Kind.SCHOOL_OPENED}:
        return 0
    if message.kind is MessageKind.UPDATE and event.kind in SOFT:
        return SOFT[event.kind]
    return WEIGHTS.get(message.kind, 9)


@dataclass(frozen=True, slots=True)
class About:
    """A challenge as it is now, and all that has happened to it."""

    case: Case
    history: Sequence[Event]

    async def event(self, store: Store, event_id: EventId | None) -> Event | None:
        """One of its history, or of another challenge that has become one with it."""
        mine = next((each for each in self.history if each.id == event_id), None)
        return mine or (await store.event(event_id) if event_id else None)


async def about(store: Store, challenge_id: ChallengeId) -> About | None:
    case = await store.case(challenge_id)
    return About(case, await store.history(case.id)) if case else None


async def redraw(
    store: Store, posted: ClaimedCard | PostedCard, message: Told | None, now: datetime, known: About
) -> Card | None:
    """A card that stands already, drawn anew for its reader and the present state; None where it may stay as it is.

    `known`: what the card is about.
    """
    if message is None:
        return None
    if message.room_id is not None:
        return rooms.redraw(store, posted.platform, known.case)
    reader = store.directory.people.get(posted.person_id)
    event = await known.event(store, message.event_id)
    if reader is None or event is None:
        return None
    case, history = known.case, known.history
    seen = cards.view(store.directory, case, Voice(store.directory, reader), reader, now, history)
    voice = seen.voice
    title, intro = headline(seen, message, event)
    if not seen.may(Action.SEE) and access.may_hear(reader, seen.facts, store.directory, seen.today):
        return cards.for_outsider(seen, voice(intro), title=voice(title, n=case.number))
    if not still_news(message, case):  # what it asked is settled: say what is true now instead
        return cards.card(seen, "", title=voice("Challenge {n}", n=case.number))
    quotes = await _words_with(store, case, event, history)
    reminds = message.kind in lanes.REMINDERS
    return cards.card(seen, voice(intro), title=voice(title, n=case.number), quotes=quotes, reminds=reminds)
