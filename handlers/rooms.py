"""The rooms of teams: where a team wants to hear from us, what is posted there, and a room that takes nothing any more.

Whoever is in a room reads what is posted there. So nothing is that is restricted or about somebody's conduct, and nobody
is named who raised it.
"""

from datetime import datetime

from handlers import acts, agendas
from handlers.cards import rooms as cards
from handlers.cards.model import Card
from handlers.cards.text import Voice
from handlers.request import Reply, Request
from handlers.rules import access, presence
from handlers.telling import Told, tell, tell_rooms
from storage import people, rooms
from storage.case import Case
from storage.directory import Directory, Room, Team
from storage.store import Store
from storage.vocabulary import Kind, Lane, MessageKind, Outcome, Platform, Status

OFF = "off"


async def here(store: Store, request: Request, now: datetime) -> Reply:
    """`/clearway here <team>`, typed in a channel or group chat: what is for the team is posted there from now on.

    `here off` ends it. For the coordinator, executive leaders, and who leads the team.
    """
    if request.source.direct or not request.source.conversation_id:
        raise acts.refuse("This is our own chat. Please type that in the channel or group chat of the team.")
    actor, today = request.actor, acts.today(store, now)
    watches = actor.id in access.coordinators(store.directory, today) or presence.is_executive(actor)
    mine = [each for each in store.directory.teams.values() if watches or each.lead_id == actor.id]
    if not mine:
        raise acts.refuse(
            "Only the coordinator, an executive leader, and who leads a team can say where the team is posted to."
        )
    asked = " ".join(request.text.split()[1:])
    if asked.lower().split()[:1] == [OFF]:
        return await _off(store, request, mine, now)
    team = _named(asked, mine)
    if team is None:
        return Reply(card=cards.which(request.voice, asked, mine))
    await rooms.link(store.connection, store.district_id, team.id, _place(request), actor.id, now)
    await _changed(store)
    data = {"team": team.id, "platform": request.platform}
    event = store.record(None, Kind.ROOM_LINKED, by=actor.id, at=now, data=data)
    tell_rooms(store, team.id, event, now, only=request.platform, lane=Lane.OWN_ACT)
    return Reply(card=cards.linked(request.voice, team))


async def _off(store: Store, request: Request, mine: list[Team], now: datetime) -> Reply:
    """Ends it for those teams of this room that the person may speak for."""
    here = [each for each in store.directory.rooms if _place_of(each) == _place(request)]
    ending = [each for each in here if any(each.team_id == team.id for team in mine)]
    for each in ending:
        await rooms.unlink(store.connection, store.district_id, each.id)
        data = {"team": each.team_id, "platform": each.platform}
        store.record(None, Kind.ROOM_UNLINKED, by=request.actor.id, at=now, data=data)
    if ending:
        await _changed(store)
    still = [each.team_id for each in here if each not in ending]
    return Reply(card=cards.off(request.voice, [each.team_id for each in ending], still))


def _place(request: Request) -> tuple[Platform, str, str]:
    return request.platform, request.workspace_id, request.source.conversation_id


def _place_of(room: Room) -> tuple[Platform, str, str]:
    return room.platform, room.workspace_id, room.conversation_id


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


async def compose(store: Store, message: Told, now: datetime) -> Card | None:
    """What a message says in its room; None where it is old news, or must not stand there any more."""
    room = room_of(store.directory, message.room_id)
    event = await store.event(message.event_id) if message.event_id else None
    if room is None or event is None:
        return None
    voice = Voice(store.directory, platform=room.platform)
    if event.kind is Kind.ROOM_LINKED:
        return cards.hello(voice, room)
    if message.item_id is not None:
        return await agendas.compose(store, message, now)
    case = await store.case(message.challenge_id) if message.challenge_id else None
    if case is None or not _is_addressed(case) or not access.may_be_posted(access.facts(case)):
        return None
    return cards.addressed(voice, case)


def redraw(store: Store, platform: Platform, case: Case) -> Card:
    """What stands in a room of this platform already, as it is now: what must not stand there any more goes from it.

    Whether the room is linked still is no matter: what was posted there, people can read there.
    """
    voice = Voice(store.directory, platform=platform)
    if not access.may_be_posted(access.facts(case)):
        return cards.taken_out(voice)
    return cards.addressed(voice, case) if _is_addressed(case) else cards.not_any_more(voice, case)


def room_of(directory: Directory, room_id: str | None) -> Room | None:
    return next((each for each in directory.rooms if each.id == room_id), None)


def _is_addressed(case: Case) -> bool:
    return case.challenge.status is Status.CLOSED and case.challenge.outcome is Outcome.CONFIRMED


async def not_posted(store: Store, message: Told, now: datetime, refused: str) -> None:
    """A room did not take it, so it comes to who had asked for that room, as any news does.

    `refused`: why the room takes nothing any more, of which they and the coordinator hear once; "" where that is not so.
    """
    today = acts.today(store, now)
    watcher = presence.coordinator(store.directory, today)
    asker = store.directory.people.get(message.person_id)
    heir = asker if asker and asker.here_on(today) else watcher
    room = room_of(store.directory, message.room_id)
    if room and refused and await rooms.mark_lost(store.connection, store.district_id, room.id, now):
        await _changed(store)
        data = {"team": room.team_id, "platform": room.platform, "reason": refused}
        lost = store.record(None, Kind.ROOM_LOST, by=None, at=now, data=data)
        tell(store, [heir.id, watcher.id], MessageKind.INFORM, lost, now)
    event = await store.event(message.event_id) if message.event_id else None
    case = await store.case(message.challenge_id) if message.challenge_id else None
    if event is not None and case is not None:
        tell(store, [heir.id], MessageKind.UPDATE, event, now, case=case, item=message.room_id)
