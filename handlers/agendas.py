"""What an occurrence shows: its agenda, the superintendent's page to read before, and what messages about it say."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from handlers import acts
from handlers.cards import routines as cards
from handlers.cards.model import Card
from handlers.cards.text import Voice
from handlers.occurrences import leads
from handlers.rules import access, presence
from handlers.rules import routines as rules
from handlers.telling import Told
from scheduling import recurrence
from storage import log, occurrences
from storage.directory import SUPERINTENDENT, Directory, Person, Routine
from storage.models import Occurrence
from storage.store import Store
from storage.vocabulary import Kind, Outcome, Status, TeamId

ON_AGENDA: Final = 8  # lines of each part of an agenda: a page, not the log
A_MONTH: Final = timedelta(days=31)  # before the first meeting on record, whose successes are told


async def agenda(store: Store, row: Occurrence, routine: Routine, reader: Person | None, now: datetime) -> cards.Agenda:
    """The standing item *Implementation challenges* of a team's agenda, from the log, as this reader may see it (R-14).

    In its order: confirm or reopen, overdue, due before the next meeting, new, decisions for leaders, addressed since
    the last one. None of it where the team does not use the process.
    """
    directory = store.directory
    team = directory.teams.get(row.team_id) if row.team_id else None
    if team is not None and not team.uses_process:
        return cards.Agenda(False, ())
    calendar = acts.calendar(store)
    last = await occurrences.before(store.connection, store.district_id, routine.id, row.team_id, row.starts_at)
    following = recurrence.next_occurrence(routine, calendar, row.starts_at)
    since = last.starts_at if last else None
    items = await log.for_agenda(
        store.connection,
        store.district_id,
        access.sight(reader, directory, calendar.today(now)) if reader else None,
        _table(routine, row.team_id, directory),
        since or calendar.at(row.planned_on - A_MONTH, routine.start),
    )
    until = calendar.today(following) if following else None
    if rules.is_check_in(routine, directory):
        return _pre_read(items, directory, calendar.today(now))
    parts: dict[str, list[log.Line]] = {each: [] for each in cards.PARTS}
    for item in items:
        parts[_part_of(item, calendar.today(row.starts_at), until, since)].append(item.line)
    return cards.Agenda(
        True,
        tuple(cards.Part(name, tuple(found[:ON_AGENDA]), len(found)) for name, found in parts.items() if found),
    )


def _pre_read(items: Sequence[log.Item], directory: Directory, today: date) -> cards.Agenda:
    """One page for the superintendent: what only they can decide, oldest first, what other leaders have, and what waits
    for their approval, with its age (R-63, R-65)."""
    parts: dict[str, list[log.Line]] = {"top": [], "led": [], "unconfirmed": [], "addressed": []}
    for item in sorted(items, key=lambda each: each.line.number):
        owner = directory.people.get(item.line.owner_id)
        if item.line.status is Status.CLOSED:
            parts["addressed" if item.line.outcome is Outcome.CONFIRMED else "unconfirmed"].append(item.line)
        elif owner and owner.role == SUPERINTENDENT:
            parts["top"].append(item.line)
        else:
            parts["led"].append(item.line)
    drafts = [(version, (today - dated).days if dated else None) for version, dated in directory.submitted]
    found = tuple(cards.Part(name, tuple(lines[:ON_AGENDA]), len(lines)) for name, lines in parts.items() if lines)
    return cards.Agenda(True, found, tuple(drafts), pressed=True)


def _table(routine: Routine, team_id: TeamId, directory: Directory) -> log.Table:
    """The venue of the process that this is: a team's own, of a school's team that of its schools, else the routine's."""
    schools = tuple(each.id for each in directory.schools.values() if team_id and each.team_id == team_id)
    if schools:
        return log.Table(recurrence.SCHOOL_TEAM, schools)
    if rules.is_check_in(routine, directory):
        leaders = tuple(each.id for each in directory.people.values() if presence.is_executive(each))
        return log.Table(routine.id.replace("-", "_"), owner_ids=leaders)
    return log.Table(team_id or routine.id.replace("-", "_"))


def _part_of(item: log.Item, day: date, until: date | None, since: datetime | None) -> str:
    line = item.line
    if line.status is Status.CLOSED:
        return "addressed" if line.outcome is Outcome.CONFIRMED else "unconfirmed"
    if line.status in {Status.RESOLVED, Status.AWAITING_CONFIRMATION}:
        return "confirm"
    if line.decide_by and line.decide_by < day and line.understood_at is None:
        return "overdue"
    if line.decide_by and until and line.decide_by <= until and line.understood_at is None:
        return "due"
    if since is None or line.reported_at > since:
        return "new"
    return "leaders" if item.rung in cards.LEADERS else "open"


async def whole(store: Store, voice: Voice, reader: Person, row: Occurrence, routine: Routine, now: datetime) -> Card:
    said = await occurrences.said(store.connection, row)
    on = await agenda(store, row, routine, reader, now) if row.status in occurrences.TO_COME else None
    following = recurrence.next_occurrence(routine, acts.calendar(store), max(now, row.starts_at))
    return cards.whole(
        voice, row, routine, on, said, now=now, steers=steers(store, row, routine, reader, now), following=following
    )


async def compose(store: Store, message: Told, now: datetime) -> Card | None:
    """What a message about an occurrence says; None where it is old news."""
    row = await occurrences.occurrence(store.connection, store.district_id, message.item_id or "")
    event = await store.event(message.event_id) if message.event_id else None
    routine = store.directory.routine(row.routine_id) if row else None
    if row is None or event is None or routine is None:
        return None
    if event.kind in {Kind.OCCURRENCE_PREPARED, Kind.OCCURRENCE_INVITED} and (
        row.status not in occurrences.TO_COME or row.starts_at <= now
    ):
        return None
    if event.kind is Kind.OCCURRENCE_ASKED and row.status not in occurrences.TO_COME:
        return None
    said = await occurrences.said(store.connection, row)
    on = None
    if message.room_id is not None:
        room = next((each for each in store.directory.rooms if each.id == message.room_id), None)
        if room is None:
            return None
        voice = Voice(store.directory, platform=room.platform)
        if event.kind is Kind.OCCURRENCE_INVITED:
            on = await agenda(store, row, routine, None, now)
        return cards.in_room(voice, row, routine, event, on)
    reader = store.directory.people.get(message.person_id)
    if reader is None or not reader.here_on(acts.today(store, now)):
        return None
    if not sees(store, row, routine, reader, now):  # not of the team any more
        return None
    if event.kind in {Kind.OCCURRENCE_PREPARED, Kind.OCCURRENCE_INVITED}:
        on = await agenda(store, row, routine, reader, now)
    may = steers(store, row, routine, reader, now)
    return cards.news(Voice(store.directory, reader), row, routine, event, on, said, steers=may)


async def redraw(store: Store, message: Told, now: datetime) -> Card | None:
    """What stands there already, with what its reader may see of it now; of what is past, without its agenda."""
    card = await compose(store, message, now)
    if card is not None:
        return card
    row = await occurrences.occurrence(store.connection, store.district_id, message.item_id or "")
    reader = store.directory.people.get(message.person_id)
    routine = store.directory.routine(row.routine_id) if row else None
    if row is None or routine is None or reader is None:
        return None
    return cards.past(Voice(store.directory, reader), row, routine)


def sees(store: Store, row: Occurrence, routine: Routine, actor: Person, now: datetime) -> bool:
    """Who belongs to that team, not to any other of the routine; who leads it; and who may steer all of it."""
    return rules.sees(routine, row.team_id, row.day, actor, store.directory, acts.today(store, now))


def steers(store: Store, row: Occurrence, routine: Routine, actor: Person, now: datetime) -> bool:
    """Who leads it, and who may steer all of it."""
    today = acts.today(store, now)
    return leads(store, routine, row, now).id == actor.id or rules.may_steer(routine, actor, store.directory, today)
