"""Versions of the written process: submitted, and approved or returned by an executive leader on the very text (R-43).

The version in force stays in force until then. A button carries the digest of the text that it stood under: what was
changed meanwhile is not approved. What is open keeps the version that it came in under (invariant 10).
"""

from datetime import date, datetime
from typing import Any, Final

from handlers import acts
from handlers.cards import versions as cards
from handlers.cards.model import Card
from handlers.cards.text import Phrase, Voice, Who, phrase
from handlers.district.versions import next_label
from handlers.errors import ForbiddenError, NotFoundError
from handlers.request import Reply, Request
from handlers.rules import access, presence
from handlers.rules import versions as rules
from handlers.rules.versions import NEXT, Move
from handlers.telling import Told, tell
from storage import people, versions
from storage.directory import Directory, Person, ProcessVersion
from storage.models import Event, Message, Remark, Timer
from storage.store import Store
from storage.vocabulary import Kind, Lane, MessageKind, PersonId, ProcessId, ProcessStatus, TimerKind, new_id

MADE_BY_IMPORT: Final = "-draft-"
"""In the label of a draft that came of changed rules in a file; it gets one of its own when it is submitted."""
KINDS: Final = {
    Move.PRACTISE: Kind.VERSION_PRACTISED,
    Move.SUBMIT: Kind.VERSION_SUBMITTED,
    Move.TAKE_BACK: Kind.VERSION_TAKEN_BACK,
    Move.RETURN: Kind.VERSION_RETURNED,
    Move.APPROVE: Kind.VERSION_APPROVED,
    Move.ENACT: Kind.VERSION_IN_FORCE,
}


# -------------------------------------------------------------------------------------------------------------- reading


async def show(store: Store, request: Request, now: datetime) -> Reply:
    """What a version changes against the one in force."""
    version, page = _asked(store, request, now)
    return Reply(card=cards.one(request.voice, await _seen(store, version, request.actor, now), page=page))


async def text(store: Store, request: Request, now: datetime) -> Reply:
    """The whole text of a version."""
    version, page = _asked(store, request, now)
    return Reply(card=cards.text(request.voice, await _seen(store, version, request.actor, now), page=page))


def to_come(actor: Person, directory: Directory, today: date) -> list[ProcessVersion]:
    """The versions that are not in force yet, for who works on them."""
    return [
        each
        for each in directory.versions.values()
        if each.status in rules.TO_COME and rules.may_read(actor, each, directory, today)
    ]


def waiting_for(actor: Person, directory: Directory, today: date) -> list[ProcessVersion]:
    """Those that wait for this person's approval."""
    return [
        each
        for each in directory.versions.values()
        if each.status is ProcessStatus.SUBMITTED and rules.may(actor, Move.APPROVE, each, directory, today)
    ]


def _asked(store: Store, request: Request, now: datetime) -> tuple[ProcessVersion, int]:
    version_id, _, page = request.item.partition("/")
    version = store.directory.versions.get(ProcessId(version_id))
    if version is None or not rules.may_read(request.actor, version, store.directory, acts.today(store, now)):
        raise NotFoundError(phrase("There is no such version of the process that you can see."))
    return version, acts.number(page) or 1


async def _seen(store: Store, version: ProcessVersion, reader: Person, now: datetime) -> cards.Seen:
    today = acts.today(store, now)
    moves = tuple(
        each
        for each in cards.BUTTONS
        if rules.possible(version.status, each) and rules.may(reader, each, version, store.directory, today)
    )
    said = await versions.last_said(store.connection, store.district_id, version.id)
    return cards.Seen(version, moves, said, today)


# ------------------------------------------------------------------------------------------------- what is done with it


async def practised(store: Store, request: Request, now: datetime) -> Reply:
    """It was tried on cases (R-44)."""
    return await _do(store, request, Move.PRACTISE, now)


async def submit(store: Store, request: Request, now: datetime) -> Reply:
    """It waits for an executive leader, and each of them hears of it by itself."""
    version = _version(store, request, Move.SUBMIT, now)
    if stale := await _not_now(store, request, version, Move.SUBMIT, now):
        return stale
    label = None
    if MADE_BY_IMPORT in version.version:
        taken = await versions.labels(store.connection, store.district_id)
        label = next_label(store.directory.in_force.version, taken)
    event = await _moves(store, version, Move.SUBMIT, request.actor.id, now, label, submitted_by=request.actor.id)
    version = store.directory.versions[version.id]
    to = sorted(rules.leaders(version, store.directory, acts.today(store, now)))
    tell(store, to, MessageKind.VERSION, event, now, item=version.id, lane=Lane.SINGLE)
    store.set_timer(TimerKind.VERSION, version.id, _in_a_week(store, now))
    return await _answer(store, request, version, now)


async def take_back(store: Store, request: Request, now: datetime) -> Reply:
    """It is a draft again; nobody is asked for it any more."""
    return await _do(store, request, Move.TAKE_BACK, now)


async def approve(store: Store, request: Request, now: datetime) -> Reply:
    """One tap on the very text: it is approved, and comes into force at once."""
    version = _version(store, request, Move.APPROVE, now)
    if stale := await _not_now(store, request, version, Move.APPROVE, now):
        return stale
    await _moves(store, version, Move.APPROVE, request.actor.id, now, approved_by=request.actor.id)
    return await _enact(store, request, version, now, request.actor.id)


async def enact(store: Store, request: Request, now: datetime) -> Reply:
    """One that a file calls approved comes into force."""
    version = _version(store, request, Move.ENACT, now)
    if stale := await _not_now(store, request, version, Move.ENACT, now):
        return stale
    return await _enact(store, request, version, now, version.approved_by or request.actor.id)


async def _enact(store: Store, request: Request, version: ProcessVersion, now: datetime, by: PersonId) -> Reply:
    """It is in force from now on, approved by `by`; what else waits is shown against it."""
    former, today = store.directory.in_force, acts.today(store, now)
    replaced = NEXT[former.status, Move.REPLACE]
    await versions.set_status(store.connection, store.district_id, former.id, replaced, today)
    event = await _moves(store, version, Move.ENACT, request.actor.id, now, replaces=former.id, approved_by=by)
    await store.look_again(now)
    await store.look_at_agendas(now)
    await store.look_at_item(list(store.directory.versions), now)
    _tell_those_who_drafted(store, version, event, now)
    return await _answer(store, request, version, now)


async def return_form(store: Store, request: Request, now: datetime) -> Reply:
    version = _version(store, request, Move.RETURN, now)
    if stale := await _not_now(store, request, version, Move.RETURN, now):
        return stale
    return Reply(form=cards.return_form(request.voice, version))


async def give_back(store: Store, request: Request, now: datetime) -> Reply:
    """It is returned with a comment, and is a draft again."""
    version = _version(store, request, Move.RETURN, now)
    comment = acts.required(request, "comment", "Please say what is to be changed: whoever submitted it reads this.")
    acts.clean(store, request, "comment")
    if stale := await _not_now(store, request, version, Move.RETURN, now):
        return stale
    said = Remark(
        district_id=store.district_id, id=new_id(), process_id=version.id, author_id=request.actor.id, said_at=now,
        text=comment,
    )  # fmt: skip
    await versions.say(store.connection, said)
    marks = {said.id: store.mark(f"{said.id}\n{said.text}")}  # the history holds a digest of the words
    event = await _moves(store, version, Move.RETURN, request.actor.id, now, said=marks)
    _tell_those_who_drafted(store, version, event, now)
    return await _answer(store, request, version, now)


async def _do(store: Store, request: Request, move: Move, now: datetime) -> Reply:
    """A move that needs nothing more."""
    version = _version(store, request, move, now)
    if stale := await _not_now(store, request, version, move, now):
        return stale
    await _moves(store, version, move, request.actor.id, now)
    return await _answer(store, request, version, now)


def _version(store: Store, request: Request, move: Move, now: datetime) -> ProcessVersion:
    version, _ = _asked(store, request, now)
    directory, today = store.directory, acts.today(store, now)
    if rules.may(request.actor, move, version, directory, today):
        return version
    if rules.NEEDS[move] is rules.Right.COORDINATOR:
        watches = presence.coordinator(directory, today).id
        raise ForbiddenError(phrase("Only the coordinator can do that. Please ask {who}.", who=Who(watches)))
    if presence.is_executive(request.actor):
        raise ForbiddenError(phrase("You have submitted it yourself: another executive leader decides about it."))
    raise ForbiddenError(phrase("Only an executive leader can approve the process, or return it."))


async def _not_now(store: Store, request: Request, version: ProcessVersion, move: Move, now: datetime) -> Reply | None:
    """How it stands, where it has moved on since the card was shown, or says something else by now."""
    shown = request.item.partition("/")[2]
    why: Phrase | None = None
    if not rules.possible(version.status, move):
        why = phrase("Something was done with it since you were shown this; here is how it stands.")
    elif shown != (now_shown := rules.shown(version, store.directory.in_force)):
        why = phrase("Another version has come into force since you were shown it. This is what it changes now.")
        if not shown.startswith(now_shown[: rules.OF_EACH]):
            why = phrase(
                "Its text has changed since you were shown it, so nothing was decided. This is how it stands now."
            )
    if why is None:
        return None
    seen = await _seen(store, version, request.actor, now)
    return Reply(card=cards.one(request.voice, seen, intro=request.say(why)))


async def _moves(
    store: Store, version: ProcessVersion, move: Move, by: PersonId, now: datetime, label: str | None = None,
    *, said: dict[str, str] | None = None, replaces: ProcessId | None = None, **known: str,
) -> Event:  # fmt: skip
    """Its new status, and the line of history that tells it: by whom, and of which text."""
    was = store.directory.versions[version.id].status
    status = NEXT[was, move]
    today = acts.today(store, now)
    await versions.set_status(store.connection, store.district_id, version.id, status, today, version=label, **known)
    store.directory, _ = await people.load_directory(store.connection, store.district_id)
    data: dict[str, Any] = {
        "version": version.id,
        "digest": version.process.digest(),
        "status": [str(was), str(status)],
    }
    data |= {name: value for name, value in (("said", said), ("replaces", replaces), ("label", label)) if value}
    if status is not ProcessStatus.SUBMITTED:
        store.set_timer(TimerKind.VERSION, version.id, None)
    await store.look_at_item([version.id], now)
    return store.record(None, KINDS[move], by=by, at=now, data=data)


def _tell_those_who_drafted(store: Store, version: ProcessVersion, event: Event, now: datetime) -> None:
    """The coordinator, and who submitted it."""
    to = set(access.coordinators(store.directory, acts.today(store, now))) | {version.submitted_by}
    tell(
        store, sorted(each for each in to if each), MessageKind.VERSION, event, now, item=version.id, lane=Lane.SINGLE
    )  # fmt: skip


async def _answer(store: Store, request: Request, version: ProcessVersion, now: datetime) -> Reply:
    version = store.directory.versions[version.id]
    voice = Voice(store.directory, request.actor, request.platform)
    if version.status is ProcessStatus.IN_FORCE:
        return Reply(card=cards.decided(voice, version, None, acts.today(store, now), request.actor.id))
    return Reply(card=cards.one(voice, await _seen(store, version, request.actor, now)))


# ---------------------------------------------------------------------------------------------------- while it waits


def _in_a_week(store: Store, now: datetime) -> datetime:
    return acts.calendar(store).morning_after(now, rules.A_WEEK)


async def on_due(store: Store, timer: Timer, now: datetime) -> None:
    """It has waited for another week: those who can decide about it read so in their digest."""
    version = store.directory.versions.get(ProcessId(timer.about))
    if version is None or version.status is not ProcessStatus.SUBMITTED:
        store.set_timer(TimerKind.VERSION, timer.about, None)
        return
    event = store.record(
        None, Kind.VERSION_WAITS, by=None, at=now, data={"version": version.id, "digest": version.process.digest()}
    )
    to = sorted(rules.leaders(version, store.directory, acts.today(store, now)))
    tell(store, to, MessageKind.VERSION, event, now, item=version.id)
    store.set_timer(TimerKind.VERSION, version.id, _in_a_week(store, now))


async def compose(store: Store, message: Told, now: datetime) -> Card | None:
    """What a message about a version says; None where it is old news."""
    version, reader = await _about(store, message, now)
    event = await store.event(message.event_id) if message.event_id else None
    if version is None or reader is None or event is None:
        return None
    voice = Voice(store.directory, reader)
    seen = await _seen(store, version, reader, now)
    match event.kind:
        case Kind.VERSION_SUBMITTED | Kind.VERSION_WAITS:
            if version.status is not ProcessStatus.SUBMITTED or Move.APPROVE not in seen.moves:
                return None
            return cards.one(voice, seen)
        case Kind.VERSION_RETURNED if version.status in {ProcessStatus.DRAFT, ProcessStatus.PRACTISED}:
            return cards.decided(voice, version, seen.said, seen.today, event.actor_id)
        case Kind.IMPORTED:
            said = voice(
                "The district's file was taken in anew, and says something else of it than was decided in chat."
            )
            return cards.stands(voice, seen, said)
        case Kind.VERSION_IN_FORCE if version.status is ProcessStatus.IN_FORCE:
            return cards.decided(voice, version, None, seen.today, event.actor_id)
        case _:
            return None


async def redraw(store: Store, message: Message, now: datetime) -> Card | None:
    """What stands there already, as it is now."""
    card = await compose(store, message, now)
    version, reader = await _about(store, message, now)
    if card is not None or version is None or reader is None:
        return card
    seen = await _seen(store, version, reader, now)
    return cards.stands(Voice(store.directory, reader), seen)


async def _about(store: Store, message: Told, now: datetime) -> tuple[ProcessVersion | None, Person | None]:
    directory, today = store.directory, acts.today(store, now)
    version = directory.versions.get(ProcessId(message.item_id or ""))
    reader = directory.people.get(message.person_id)
    if version and reader and reader.here_on(today) and rules.may_read(reader, version, directory, today):
        return version, reader
    return None, None
