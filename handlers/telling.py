"""Telling people: the messages of an event, put into the outbox in the same transaction."""

from collections.abc import Iterable
from datetime import datetime, time
from typing import Protocol

from handlers.rules import access, lanes
from scheduling.calendar import Calendar
from storage.case import Case
from storage.models import Event, Message
from storage.queue import Planned, had_today
from storage.store import Store
from storage.vocabulary import (
    ChallengeId,
    EventId,
    Lane,
    MessageKind,
    PersonId,
    Platform,
    TeamId,
    Urgency,
)


class Told(Protocol):
    """What composing looks at in a message of the outbox: a claimed one, or its row."""

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> MessageKind: ...
    @property
    def person_id(self) -> PersonId: ...
    @property
    def room_id(self) -> str | None: ...
    @property
    def challenge_id(self) -> ChallengeId | None: ...
    @property
    def event_id(self) -> EventId | None: ...
    @property
    def item_id(self) -> str | None: ...
    @property
    def created_at(self) -> datetime: ...


def tell(
    store: Store,
    people: Iterable[PersonId],
    kind: MessageKind,
    event: Event,
    now: datetime,
    *,
    case: Case | None = None,
    item: str | None = None,
    lane: Lane | None = None,
    before: datetime | None = None,
) -> None:
    """Each of these people once, by the lane of this kind, at the earliest moment in their hours.

    `before`: when it is to be read at the latest. It comes by itself to those whose next digest is no sooner than that.

    Left out: who did it (they have their own answer), who has left, and who may not see the challenge. The card is
    composed when it is sent; here only ids are written.
    """
    directory = store.directory
    calendar = Calendar.of(directory)
    today = calendar.today(now)
    urgency = case.challenge.urgency if case else Urgency.MEDIUM
    wanted = lane or lanes.lane(kind, urgency)
    if store.late and wanted is not Lane.OWN_ACT:
        wanted = Lane.DIGEST
    for person_id in dict.fromkeys(people):
        person = directory.people.get(person_id)
        own_act = person_id == event.actor_id
        if person is None or (own_act and wanted is not Lane.OWN_ACT) or not person.here_on(today):
            continue
        if case is not None and not access.may_hear(person, access.facts(case), directory, today):
            continue
        # A receipt for what somebody else did for them does not answer their own act: it keeps to their hours.
        theirs = wanted if own_act or wanted is not Lane.OWN_ACT else Lane.SINGLE
        if before and theirs is Lane.DIGEST and not store.late and calendar.digest_time(now, person) >= before:
            theirs = Lane.SINGLE
        plan = lanes.plan(theirs, person, calendar, now)
        soft = plan.lane is Lane.DIGEST and urgency is not Urgency.HIGH
        if (
            case is not None
            and soft
            and kind in lanes.REMINDERS
            and (until := case.put_off_until(person_id))
            and until > today
        ):
            plan = lanes.put_off(plan.at, person, calendar, until)
        store.add(
            Message(
                district_id=store.district_id,
                once=":".join(filter(None, (kind, person_id, event.id, item))),
                kind=kind,
                lane=plan.lane,
                person_id=person_id,
                challenge_id=case.id if case else event.challenge_id,
                event_id=event.id,
                item_id=item,
                created_at=now,
                send_at=plan.at,
            )
        )


def tell_rooms(
    store: Store,
    team_id: TeamId | None,
    event: Event,
    now: datetime,
    *,
    case: Case | None = None,
    only: Platform | None = None,
    item: str | None = None,
    lane: Lane = Lane.SINGLE,
) -> None:
    """Each room of this team once, within the district's hours; on `only` one platform where that is given.

    Nothing is posted of what must not stand there. What a room does not take goes to who had asked for it.
    """
    if case is not None and not access.may_be_posted(access.facts(case)):
        return
    at = now if lane is Lane.OWN_ACT else Calendar.of(store.directory).message_time(now, None)
    for room in store.directory.rooms:
        if room.team_id != team_id or (only is not None and room.platform is not only):
            continue
        store.add(
            Message(
                district_id=store.district_id,
                once=":".join((MessageKind.ROOM_NEWS, room.id, event.id)),
                kind=MessageKind.ROOM_NEWS,
                lane=lane,
                person_id=room.linked_by,
                room_id=room.id,
                challenge_id=case.id if case else None,
                event_id=event.id,
                item_id=item,
                created_at=now,
                send_at=at,
            )
        )


async def when(store: Store, message: Planned, now: datetime) -> lanes.Plan | None:
    """When a message of the outbox may go to its reader, as things are now; None for a reader who is not there.

    Who sends and who foretells both ask this. It asks on the connection that is open: whoever holds one and waits for
    another may wait for ever.
    """
    reader = store.directory.people.get(message.person_id)
    if reader is None:
        return None
    calendar = Calendar.of(store.directory)
    had = await had_today(store.connection, message, now, calendar.at(calendar.today(now), time(0)))
    known = message.unknown_since is None  # what may have arrived is looked for as it was sent
    return lanes.plan(
        message.lane,
        reader,
        calendar,
        now,
        sent_today=had.singles,  # what was sent since has counted it, so one that did arrive is not put off
        budget=store.directory.in_force.process.daily_message_budget,
        due=True,
        late=known and now - message.send_at > lanes.LATE_AFTER,
        had_digest=known and had.digest,
    )
