"""Meetings in people's own calendars: a secret address for each person, and for each team, that can be ended.

No words of anybody go there: a calendar may be shared, searched and kept by others. It says which meeting, and when.
"""

import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from icalendar import Calendar as ICalendar
from icalendar import Event as IEvent

from handlers import acts, zones
from handlers.cards import calendars as cards
from handlers.cards import names
from handlers.cards.text import Voice
from handlers.request import Reply, Request
from handlers.rules import routines as rules
from storage import feeds, occurrences
from storage.directory import Directory, Person, Routine
from storage.feeds import Feed
from storage.models import Occurrence
from storage.store import Store
from storage.vocabulary import Kind, OccurrenceStatus, PersonId, TeamId

LOOKS_BACK: Final = timedelta(days=90)
LINGERS: Final = timedelta(days=1)  # so long after it began one meeting can still be fetched
MINE: Final = TeamId("")


async def show(store: Store, request: Request, now: datetime) -> Reply:
    """`/clearway calendar`: which addresses somebody has, and buttons to make and to end them."""
    _needs_an_address(request)
    teams = _teams(request.actor, store.directory)
    known = await feeds.of_person(store.connection, store.district_id, request.actor.id)
    return Reply(card=cards.addresses(request.voice, [(MINE, ""), *teams], known))


async def make(store: Store, request: Request, now: datetime) -> Reply:
    """A new address, shown this once; an earlier one ends."""
    _needs_an_address(request)
    feed = _feed(store, request)
    secret = secrets.token_urlsafe(32)
    await feeds.make(store.connection, feed, secret, now)
    store.record(None, Kind.FEED_MADE, by=request.actor.id, at=now, data={"team": feed.team_id})
    return Reply(card=cards.made(request.voice, f"{request.public_url.rstrip('/')}/calendar/{secret}.ics"))


async def end(store: Store, request: Request, now: datetime) -> Reply:
    """One ends, and with one's own the addresses on one's invitations; those alone where there is no other."""
    feed = _feed(store, request)
    had = await feeds.end(store.connection, feed, now)
    if not had and not feed.team_id:
        await feeds.end_of_none(store.connection, feed, now)
    if had or not feed.team_id:
        store.record(None, Kind.FEED_ENDED, by=request.actor.id, at=now, data={"team": feed.team_id})
    return Reply(card=cards.ended(request.voice))


def _needs_an_address(request: Request) -> None:
    if not request.public_url:
        raise acts.refuse(
            "Calendars cannot reach this Clearway yet: whoever runs it must set CLEARWAY_PUBLIC_URL to its address."
        )


def _feed(store: Store, request: Request) -> Feed:
    team_id = TeamId(request.item)
    if team_id and all(team_id != each for each, _ in _teams(request.actor, store.directory)):
        raise acts.refuse("That is not a team of yours.")
    return Feed(store.district_id, request.actor.id, team_id)


def _teams(actor: Person, directory: Directory) -> list[tuple[TeamId, str]]:
    return [
        (each.id, each.name)
        for each in directory.teams.values()
        if actor.id == each.lead_id or actor.id in each.member_ids
    ]


# ----------------------------------------------------------------------------------------------------------- the feed


async def feed(store: Store, of: Feed, now: datetime) -> bytes | None:
    """The calendar as a file (RFC 5545); None where its reader has left, or is not of the team any more."""
    directory = store.directory
    reader = directory.people.get(of.person_id)
    if reader is None or not reader.here_on(acts.today(store, now)):
        return None
    if of.team_id and all(of.team_id != each for each, _ in _teams(reader, directory)):
        return None
    mine = [each.id for each in directory.routines if _may_have(each, of, reader)]
    since = now - LOOKS_BACK
    rows = await occurrences.since(store.connection, store.district_id, mine, since) if mine else []
    voice = Voice(directory, reader)
    calendar = _begun(voice, since)
    calendar.add("x-wr-calname", cards.calendar_name(voice, of.team_id))
    for row, routine in _of_reader(rows, directory, of):
        calendar.add_component(_event(voice, row, routine))
    return _written(calendar)


def _begun(voice: Voice, since: datetime) -> Any:
    """A calendar with its zone, good from this instant on."""
    calendar: Any = ICalendar()
    calendar.add("prodid", "-//Clearway//Clearway//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    zone = zones.timezone(ZoneInfo(voice.directory.timezone), since.year - 1)
    if zone is not None:
        calendar.add_component(zone)
    return calendar


def _written(calendar: Any) -> bytes:
    calendar.add_missing_timezones()  # where the zone follows no simple rule
    return bytes(calendar.to_ical())


def _may_have(routine: Routine, of: Feed, reader: Person) -> bool:
    """Whether meetings of this routine can be in that calendar at all."""
    if of.team_id:
        return of.team_id in routine.team_ids
    if reader.id in routine.person_ids or routine.person_roles:  # who leads what is for a role may have another
        return True
    return bool(routine.team_ids)  # who does something in one may be of no team


def _of_reader(rows: Iterable[Occurrence], directory: Directory, of: Feed) -> Iterable[tuple[Occurrence, Routine]]:
    """One for each root: where a meeting was moved, or has another in its place, the latest."""
    latest: dict[str, tuple[Occurrence, Routine]] = {}
    for row in rows:
        routine = next((each for each in directory.routines if each.id == row.routine_id), None)
        if routine is None or (of.team_id and row.team_id != of.team_id):
            continue
        if not of.team_id and not _is_theirs(of.person_id, row, routine, directory):
            continue
        before = latest.get(row.root_id)
        if before is None or before[0].sequence < row.sequence:
            latest[row.root_id] = (row, routine)
    return latest.values()


def _is_theirs(person_id: PersonId, row: Occurrence, routine: Routine, directory: Directory) -> bool:
    """Whether they are invited: they belong there, lead it, or do something in it."""
    there = rules.there(routine, row.team_id, directory, row.day)
    doing = rules.doing(routine, row.team_id, row.roles, directory, row.day)
    return person_id in {*(each.id for each in there), *(each.person_id for each in doing)}


# ---------------------------------------------------------------------------------------------------- one meeting alone


async def address_of(store: Store, row: Occurrence, reader: Person) -> str:
    """Where this person's calendar gets one meeting; "" where ours cannot be reached from outside, or it is over.

    The address is signed for this person and meeting, and kept nowhere. It ends with the meeting; when its reader leaves,
    or does not belong there any more; when they end or replace the address of all of their meetings; and when they end those
    of their invitations, where they have no other.
    """
    if not store.public_url or reader.external or row.status not in occurrences.TO_COME:
        return ""
    signed = await _signature(store, row.routine_id, row.root_id, reader.id)
    path = "/".join((store.district_id, row.routine_id, row.root_id, reader.id, signed))
    return f"{store.public_url.rstrip('/')}/calendar/{path}.ics"


async def _signature(store: Store, routine_id: str, root_id: str, person_id: PersonId) -> str:
    ended = await feeds.ended(store.connection, store.district_id, person_id)
    return store.mark("\n".join(("calendar", routine_id, root_id, person_id, str(ended))))


async def meeting(
    store: Store, routine_id: str, root_id: str, person_id: str, signed: str, now: datetime
) -> bytes | None:
    """The file of one meeting, at an address that `address_of` gave; None where it has ended, or is none of ours."""
    directory = store.directory
    reader = directory.people.get(PersonId(person_id))
    routine = next((each for each in directory.routines if each.id == routine_id), None)
    if reader is None or routine is None or not reader.here_on(acts.today(store, now)):
        return None
    expected = await _signature(store, routine_id, root_id, reader.id)
    if not hmac.compare_digest(expected.encode(), signed.encode("utf-8", "replace")):
        return None
    rows = await occurrences.of_root(store.connection, store.district_id, routine_id, root_id)
    if not rows or rows[-1].starts_at < now - LINGERS or not _is_with(reader.id, rows[-1], routine, directory):
        return None
    return one_event(Voice(directory, reader), rows[-1], routine)


def one_event(voice: Voice, row: Occurrence, routine: Routine) -> bytes:
    """One meeting as a file, for who takes no address (an attachment): the same event that stands in the calendars, so
    that a reader who has both sees it once."""
    calendar = _begun(voice, row.starts_at)
    calendar.add_component(_event(voice, row, routine))
    return _written(calendar)


def _is_with(person_id: PersonId, row: Occurrence, routine: Routine, directory: Directory) -> bool:
    """Whether it concerns them: they are invited, or it is theirs to lead."""
    leads = rules.leads(routine, row.team_id, directory, row.day)
    return leads.id == person_id or _is_theirs(person_id, row, routine, directory)


def _event(voice: Voice, row: Occurrence, routine: Routine) -> Any:
    zone = ZoneInfo(voice.directory.timezone)
    event: Any = IEvent()
    event.add("uid", f"{row.root_id}@{row.district_id}.clearway")
    event.add("sequence", row.version + row.sequence)
    event.add("dtstamp", row.ended_at or row.planned_at)
    event.add("dtstart", row.starts_at.astimezone(zone))
    event.add("duration", timedelta(minutes=row.minutes))
    event.add("summary", names.routine(voice, routine, row.team_id))
    if routine.place:
        event.add("location", routine.place)
    off = row.status in {OccurrenceStatus.CANCELLED, OccurrenceStatus.MISSED}
    event.add("status", "CANCELLED" if off else "CONFIRMED")
    return event
