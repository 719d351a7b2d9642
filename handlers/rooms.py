"""The rooms of teams: where a team wants to hear from us, what is posted there, and a room that takes nothing any more.

Whoever is in a room reads what is posted there. So nothing is that not all staff may see, and no words about a person.
"""

from datetime import datetime

from handlers import acts
from handlers.cards import rooms as cards
from handlers.cards.model import Card
from handlers.cards.text import Voice
from handlers.request import Reply, Request
from handlers.rules import access, presence
from handlers.telling import Told, tell, tell_rooms
from storage import people, rooms
from storage.case import Case
from storage.directory import Directory, Room, Team
from storage.models import Event
from storage.store import Store
from storage.vocabulary import Kind, Lane, MessageKind, Outcome, Status, Visibility

OFF = "off"


async def here(store: Store, request: Request, now: datetime) -> Reply:
    """`/clearway here <team>`, typed in a channel or group chat: what is for the team is posted there from now on.

    `here off` ends it. For the coordinator, executive leaders, and who leads the team.
    """
    if request.source.direct or not request.source.conversation_id:
        raise acts.refuse("This is our own chat. Please type that in the channel or group chat of the team.")
    actor, today = request.actor, acts.today(store, now)
    place = request.platform, request.workspace_id, request.source.conversation_id
    watches = actor.id in access.coordinators(store.directory, today) or presence.is_executive(actor)
    mine = [each for each in store.directory.teams.values() if watches or each.lead_id == actor.id]
    if not mine:
        raise acts.refuse("Only the coordinator, and who leads a team, can say where the team is posted to.")
    asked = " ".join(request.text.split()[1:])
    if asked.lower() == OFF:
        gone = await rooms.unlink(store.connection, store.district_id, place)
        if gone:
            await _changed(store)
            store.record(None, Kind.ROOM_UNLINKED, by=actor.id, at=now, data={"platform": request.platform})
        return Reply(card=cards.off(request.voice, posted=bool(gone)))
    team = _named(asked, mine)
    if team is None:
        return Reply(card=cards.which(request.voice, asked, mine))
    await rooms.link(store.connection, store.district_id, team.id, place, actor.id, now)
    await _changed(store)
    event = store.record(
        None, Kind.ROOM_LINKED, by=actor.id, at=now, data={"team": team.id, "platform": request.platform}
    )
    tell_rooms(store, team.id, event, now, only=request.platform, lane=Lane.OWN_ACT)
    return Reply(card=cards.linked(request.voice, team))


async def _changed(store: Store) -> None:
    await people.bump_revision(store.connection, store.district_id)
    store.directory, _ = await people.load_directory(store.connection, store.district_id)


def _named(asked: str, teams: list[Team]) -> Team | None:
    """By its id, by its name, or by a part of the name that no other has; the one team of who leads but one."""
    said = asked.lower()
    if not said:
        return teams[0] if len(teams) == 1 else None
    exact = [each for each in teams if said in {each.id.lower(), each.name.lower()}]
    near = exact or [each for each in teams if said in each.name.lower()]
    return near[0] if len(near) == 1 else None


async def compose(store: Store, message: Told) -> Card | None:
    """What a message says in its room; None where it is old news, or not for everybody any more."""
    found = await _about(store, message)
    if found is None:
        return None
    voice, room, event, case = found
    if event.kind is Kind.ROOM_LINKED:
        return cards.hello(voice, room)
    return cards.addressed(voice, case) if case is not None and _is_addressed(case) and _is_open(case) else None


async def redraw(store: Store, message: Told) -> Card | None:
    """What stands in a room already, as it is now: what was restricted since goes from it."""
    found = await _about(store, message)
    if found is None:
        return None
    voice, _, _, case = found
    if case is None:
        return None
    if not _is_open(case):
        return cards.taken_out(voice)
    return cards.addressed(voice, case) if _is_addressed(case) else cards.open_again(voice, case)


async def _about(store: Store, message: Told) -> tuple[Voice, Room, Event, Case | None] | None:
    room = room_of(store.directory, message.room_id)
    event = await store.event(message.event_id) if message.event_id else None
    if room is None or event is None:
        return None
    case = await store.case(message.challenge_id) if message.challenge_id else None
    return Voice(store.directory, platform=room.platform), room, event, case


def room_of(directory: Directory, room_id: str | None) -> Room | None:
    return next((each for each in directory.rooms if each.id == room_id), None)


def _is_addressed(case: Case) -> bool:
    return case.challenge.status is Status.CLOSED and case.challenge.outcome is Outcome.CONFIRMED


def _is_open(case: Case) -> bool:
    return case.challenge.visibility is Visibility.OPEN


async def lost(store: Store, room_id: str, reason: str, now: datetime) -> None:
    """A room takes nothing from us any more: who asked for it, and the coordinator, hear so once."""
    room = room_of(store.directory, room_id)
    if room is None or not await rooms.mark_lost(store.connection, store.district_id, room_id, now):
        return
    await _changed(store)
    data = {"team": room.team_id, "platform": room.platform, "reason": reason}
    event = store.record(None, Kind.ROOM_LOST, by=None, at=now, data=data)
    watcher = presence.coordinator(store.directory, acts.today(store, now))
    tell(store, [room.linked_by, watcher.id], MessageKind.INFORM, event, now)
