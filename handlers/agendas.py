"""What an occurrence shows: its agenda, the superintendent's page to read before, and what messages about it say."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from handlers import actions, acts, calendars
from handlers.cards import meetings as cards
from handlers.cards.model import Button, Card, Press
from handlers.cards.text import Voice
from handlers.occurrences import A_BELL, as_it_was, break_until, doing, everybody, leads, over_at
from handlers.rules import access, kinds, presence
from handlers.rules import routines as rules
from handlers.telling import Told
from scheduling import recurrence
from storage import feedback, log, occurrences
from storage.directory import COACH, SUPERINTENDENT, Directory, Person, Routine
from storage.feedback import Found
from storage.models import Event, Occurrence
from storage.store import Store
from storage.vocabulary import (
    ChallengeId,
    Kind,
    MeetingRole,
    OccurrenceStatus,
    Outcome,
    PersonId,
    RoutineKind,
    SchoolId,
    Status,
    TeamId,
)

ON_AGENDA: Final = 8  # lines of each part of an agenda: a page, not the log
A_TERM: Final = timedelta(days=120)  # so long a review of a school's data without an answer is named
A_MONTH: Final = timedelta(days=31)  # before the first meeting on record, whose successes are told
UNHELD_SHOWN: Final = 3
RISKS: Final = 3  # of what is overdue or urgent, on a page
RUNS: Final = frozenset({MeetingRole.FACILITATOR, MeetingRole.RECORDER})
"""Who does this has the meeting in hand while it is on, also for who leads the team and is away (R-17)."""


async def agenda(store: Store, row: Occurrence, routine: Routine, reader: Person | None, now: datetime) -> cards.Agenda:
    """What it is about, as this reader may see it; None reads it in a room (R-14 to R-19). Action items come first (R-66).

    Its standing item *Implementation challenges* is from the log, in its order: confirm or reopen, overdue, due before
    the next meeting, new, decisions for leaders, addressed since the last one. None of it where the team does not use
    the process.
    """
    directory = store.directory
    team = directory.teams.get(row.team_id) if row.team_id else None
    check_in = rules.is_check_in(routine, directory)
    last = await occurrences.before(store.connection, store.district_id, routine.id, row.team_id, row.starts_at)
    since = last.starts_at if last else None
    calendar = acts.calendar(store)
    told: tuple[Found, ...] = ()
    if reader and routine.poll:
        lately = await feedback.lately(store.connection, row, cards.TREND)
        told = tuple(each for each in lately if rules.poll_is_over(each, calendar, now))
    unheld = await occurrences.unheld(store.connection, row, since, UNHELD_SHOWN, now)
    found = cards.Agenda(
        today=acts.today(store, now),
        unheld=tuple((each.day, each.status) for each in reversed(unheld)),
        actions=await actions.on_agenda(store, row, reader, since, now),
        kept=rules.keeps_challenges(routine, row.team_id, directory),
        promises=team.agreements if team else (),
        doing=doing(store, row),
        lines=routine.agenda or kinds.TEMPLATES[routine.kind].agenda,
        own_lines=bool(routine.agenda),
        place=routine.place,
        feedback=told,
        comments=await _comments(store, row, routine, reader, told, now),
        drafts=_drafts(directory, acts.today(store, now)) if check_in else (),
        pressed=check_in,
        schools=await _at_their_schools(store, routine, reader, now),
        reviews=await _unanswered(store, now) if routine.log_review and reader else (),
        unplanned=await _unplanned(store, row, routine, reader, since, now) if reader else None,
    )
    if not found.kept:
        return found
    sight = _sight(store, reader, now)
    found = replace(found, limited=sight is not None and not sight.everything_open)
    items = await log.for_agenda(
        store.connection,
        store.district_id,
        sight,
        _table(routine, row.team_id, directory),
        since or calendar.at(row.planned_on - A_MONTH, routine.start),
        row.day,
        await _until(store, row, routine),
    )
    if check_in:
        parts = [(_led_by(item, directory), item) for item in items]
        head = await _headline(store, row, routine, last, sight, parts, now) if sight else None
        decides = frozenset(
            item.line.id
            for name, item in parts
            if name == "top" and reader and decides_on(store, row, routine, reader, item.line.owner_id, now)
        )
        return replace(found, headline=head, decides=decides, parts=_parts(parts))
    return replace(found, parts=_parts((_part_of(item, since), item) for item in items))


async def _headline(
    store: Store, row: Occurrence, routine: Routine, last: Occurrence | None, sight: log.Sight,
    parts: Sequence[tuple[str, log.Item]], now: datetime,
) -> cards.Headline:  # fmt: skip
    """The figures of the superintendent's page, time and risks, as its reader may see them (R-63).

    They are of the whole log, and overdue is what the answer to `/challenges overdue` has. `last`: the check-in since
    which they are compared; without one they are of a month, and compared with nothing.
    """
    calendar, late = acts.calendar(store), acts.late(store, now)
    since = last.starts_at if last else calendar.at(row.planned_on - A_MONTH, routine.start)
    before = await occurrences.before(store.connection, store.district_id, routine.id, row.team_id, since)
    asked = (store.connection, store.district_id, sight)
    today = acts.today(store, now)
    figures = await log.figures(
        *asked, today=today, late=late, since=since, before=before.starts_at if before else since - A_MONTH
    )
    overdue, urgent = await log.standing_out(*asked, today=today, late=late, most=RISKS)
    waiting = [item.line for name, item in parts if name == "top"]
    return cards.Headline(
        figures=figures,
        since=calendar.today(since),
        compared=last is not None,
        compared_twice=before is not None,
        overdue=overdue,
        urgent=urgent,
        waits=min(waiting, key=lambda each: each.owned_since, default=None),
    )


async def following(store: Store, row: Occurrence, routine: Routine, after: datetime) -> datetime | None:
    """When this team meets next of this routine, after that instant: as it is planned, else as its rule says."""
    rows = await occurrences.since(store.connection, store.district_id, [routine.id], after)
    theirs = [each for each in rows if each.team_id == row.team_id and each.id != row.id and each.starts_at > after]
    coming = (each.starts_at for each in theirs if each.status in occurrences.TO_COME)
    if (planned := min(coming, default=None)) is not None:
        return planned
    off = {each.starts_at for each in theirs}
    by_rule = recurrence.occurrences(recurrence.parse(routine.rule), routine.start, acts.calendar(store), after)
    return next((each for each in by_rule if each not in off), None)


async def _until(store: Store, row: Occurrence, routine: Routine) -> date | None:
    """The day of the next one: what is due by then is said in this one."""
    at = await following(store, row, routine, row.starts_at)
    return acts.calendar(store).today(at) if at else None


async def _comments(
    store: Store, row: Occurrence, routine: Routine, reader: Person | None, told: Sequence[Found], now: datetime
) -> tuple[str, ...]:
    """What was written of the last one: for who steers it, and only once enough have answered (R-19)."""
    if not told or told[0].answers < cards.ENOUGH or reader is None or not steers(store, row, routine, reader, now):
        return ()
    return tuple(await feedback.words(store.connection, store.district_id, told[0].occurrence_id))


async def to_walk(
    store: Store, row: Occurrence, routine: Routine, reader: Person, now: datetime
) -> tuple[list[log.Item], list[log.Item]]:
    """The open challenges that are gone through in it, in the order of its agenda: those to come, and those done (R-15).

    In a review of the log they are all that are open, else those of the team's agenda.
    """
    table = log.Table(None) if routine.log_review else _table(routine, row.team_id, store.directory)
    sight, until = _sight(store, reader, now), await _until(store, row, routine)
    items = await log.for_agenda(store.connection, store.district_id, sight, table, None, row.day, until)
    order = list(cards.PARTS)
    last = await occurrences.before(store.connection, store.district_id, routine.id, row.team_id, row.starts_at)
    since = last.starts_at if last else None
    items.sort(key=lambda each: order.index(_part_of(each, since)))
    walked = set(row.walked_ids)
    return [each for each in items if each.line.id not in walked], [each for each in items if each.line.id in walked]


def _sight(store: Store, reader: Person | None, now: datetime) -> log.Sight | None:
    return access.sight(reader, store.directory, acts.today(store, now)) if reader else None


def _parts(sorted_: Iterable[tuple[str, log.Item]]) -> tuple[cards.Part, ...]:
    """In the order in which they are gone through; of each its first lines."""
    parts: dict[str, list[log.Item]] = {each: [] for each in cards.PARTS}
    for name, item in sorted_:
        parts[name].append(item)
    return tuple(
        cards.Part(
            name,
            tuple(each.line for each in items[:ON_AGENDA]),
            len(items),
            frozenset(each.line.id for each in items if each.late and name != "overdue"),
        )
        for name, items in parts.items()
        if items
    )


def _led_by(item: log.Item, directory: Directory) -> str:
    """The part of the superintendent's page: what only they can decide, oldest first, and what other leaders have
    (R-63, R-65)."""
    owner = directory.people.get(item.line.owner_id)
    if item.line.status is Status.CLOSED:
        return "addressed" if item.line.outcome is Outcome.CONFIRMED else "unconfirmed"
    return "top" if owner and owner.role == SUPERINTENDENT else "led"


def _drafts(directory: Directory, today: date) -> tuple[tuple[str, int | None], ...]:
    """Versions of the process that wait for approval, and for how many days."""
    return tuple((version, (today - dated).days if dated else None) for version, dated in directory.waiting(today))


async def _at_their_schools(
    store: Store, routine: Routine, reader: Person | None, now: datetime
) -> tuple[cards.AtSchool, ...]:
    """What is open at each school of a coach: one prompt with both for who has two (R-64)."""
    if routine.kind is not RoutineKind.COACH_CHECK_IN or reader is None or reader.role != COACH:
        return ()
    table = log.Table(None, reader.school_ids)
    today = acts.today(store, now)
    items = await log.for_agenda(store.connection, store.district_id, _sight(store, reader, now), table, None, today)
    lines = {each: tuple(item.line for item in items if item.line.school_id == each) for each in reader.school_ids}
    return tuple(cards.AtSchool(each, found[:ON_AGENDA], len(found)) for each, found in lines.items())


async def _unplanned(
    store: Store, row: Occurrence, routine: Routine, reader: Person, since: datetime | None, now: datetime
) -> Press | None:
    """For who steers a session without planning time before it, since the last one: a press by which there is some (R-67).

    Whatever planning time there is of the district counts: the same people plan for all of its teams.
    """
    if not kinds.is_session(routine) or row.starts_at <= now or not steers(store, row, routine, reader, now):
        return None
    planning = [each for each in store.directory.routines if each.kind is RoutineKind.PLANNING]
    running = {each.id for each in planning if each.running}
    of_planning = [each.id for each in planning]
    found = await occurrences.since(store.connection, store.district_id, of_planning, since or row.starts_at - A_MONTH)
    for each in found:
        counts = each.status is OccurrenceStatus.HELD or (
            each.status in occurrences.TO_COME and each.routine_id in running
        )
        if counts and each.starts_at < row.starts_at:
            return None
    today = acts.today(store, now)
    mine = (each for each in planning if each.running and rules.may_steer(each, reader, store.directory, today))
    there = next(mine, None)
    return Press("routine.show", item=there.id) if there else Press("routine.new.form", item=routine.id)


async def _unanswered(store: Store, now: datetime) -> tuple[TeamId, ...]:
    """The teams of the schools whose last review has no answer to what the district needs to do (R-69)."""
    since = now - A_TERM
    mine = [each.id for each in store.directory.routines if each.kind is RoutineKind.SCHOOL_REVIEW]
    return await occurrences.unanswered(store.connection, store.district_id, mine, since, now) if mine else ()


def _table(routine: Routine, team_id: TeamId, directory: Directory) -> log.Table:
    """The venues of the process that this is: a team's own and the routine's, of a school's team that of its schools."""
    schools = tuple(each.id for each in directory.schools.values() if team_id and each.team_id == team_id)
    if schools:
        return log.Table((recurrence.SCHOOL_TEAM,), schools)
    if rules.is_check_in(routine, directory):
        leaders = tuple(each.id for each in directory.people.values() if presence.is_executive(each))
        return log.Table((routine.id.replace("-", "_"),), owner_ids=leaders)
    return log.Table((*filter(None, (team_id,)), routine.id.replace("-", "_")))


def _part_of(item: log.Item, since: datetime | None) -> str:
    line = item.line
    if line.status is Status.CLOSED:
        return "addressed" if line.outcome is Outcome.CONFIRMED else "unconfirmed"
    if line.status in {Status.RESOLVED, Status.AWAITING_CONFIRMATION}:
        return "confirm"
    if item.rung in cards.LEADERS:  # also what has climbed there for being late: it says so on its line
        return "leaders"
    if item.late:
        return "overdue"
    if item.due:
        return "due"
    return "new" if since is None or line.reported_at > since else "open"


async def whole(
    store: Store, voice: Voice, reader: Person, row: Occurrence, routine: Routine, now: datetime, *,
    pause: Event | None = None,
) -> Card:  # fmt: skip
    """One occurrence as it stands, for who looks at it. `pause`: the break that was called or ended just now."""
    on = await agenda(store, row, routine, reader, now) if row.status in occurrences.TO_COME else None
    next_at = await following(store, row, routine, max(now, row.starts_at))
    record = await _record(store, row, routine, reader, now)
    may = _may(store, row, routine, reader, now)
    file = await calendars.address_of(store, row, reader)
    until = await break_until(store, row, now, pause)
    stands = await _stands(store, row)
    instead = stands if stands.id != row.id else None
    card = cards.whole(
        voice, row, routine, on, record, now=now, may=may, following=next_at, file=file, pause=until, instead=instead
    )
    return await actions.with_agreed(store, card, row, reader, now)


async def _record(store: Store, row: Occurrence, routine: Routine, reader: Person, now: datetime) -> cards.Record:
    """What was said of it and gone through in it, as far as the reader may see it."""
    said = await occurrences.said(store.connection, row)
    ids = [ChallengeId(each) for each in (*row.walked_ids, *(row.left_ids if row.ended_at else ()))]
    ids += [each.challenge_id for each in said if each.challenge_id]
    sight = _sight(store, reader, now)
    found = await feedback.found(store.connection, row) if routine.poll and row.ended_at else None
    seen = {
        each.line.id: each.line for each in await log.items(store.connection, store.district_id, sight, ids, row.day)
    }
    return cards.Record(
        said=tuple(each for each in said if each.challenge_id is None or each.challenge_id in seen),
        of=seen,
        walked=tuple(seen[each] for each in map(ChallengeId, row.walked_ids) if each in seen),
        left=tuple(seen[each] for each in map(ChallengeId, row.left_ids) if each in seen) if row.ended_at else (),
        schools_without=_without(store.directory, row) if routine.kind is RoutineKind.COACH_CHECK_IN else (),
        found=found if found and rules.poll_is_over(found, acts.calendar(store), now) else None,
    )


async def left(store: Store, row: Occurrence, routine: Routine, reader: Person, now: datetime) -> tuple[log.Line, ...]:
    """What was not gone through in it, as far as the reader may see it."""
    return (await _record(store, row, routine, reader, now)).left


def _without(directory: Directory, row: Occurrence) -> tuple[SchoolId, ...]:
    """The schools none of whose coaches was there (R-64)."""
    if row.status is not OccurrenceStatus.HELD:
        return ()
    came = (directory.people.get(PersonId(each)) for each in row.attended_ids)
    there = {school for each in came if each for school in each.school_ids}
    return tuple(each for each in directory.schools if each not in there)


async def _stands(store: Store, row: Occurrence) -> Occurrence:
    """The one in whose place there is no other."""
    if row.status in occurrences.TO_COME:
        return row
    return (await occurrences.of_root(store.connection, store.district_id, row.routine_id, row.root_id))[-1]


async def _about(store: Store, row: Occurrence, event: Event) -> Occurrence | None:
    """What a message is about: an agenda that moved along is that of the meeting as it stands; None where the news is
    overtaken, and who gets it hears of what came after."""
    if event.kind in {Kind.OCCURRENCE_PREPARED, Kind.OCCURRENCE_INVITED} and row.status is OccurrenceStatus.MOVED:
        stands = await _stands(store, row)
        has_own = [each.data["occurrence"] for each in await store.beside({event.kind}, event.at)]
        return row if stands.id in has_own or stands.status is OccurrenceStatus.PLANNED else stands
    if event.kind in {Kind.OCCURRENCE_MOVED, Kind.OCCURRENCE_CANCELLED} and event.data.get("new"):
        stands = await _stands(store, row)
        is_last = stands.id == event.data["new"] and stands.status is not OccurrenceStatus.CANCELLED
        return row if is_last else None
    if event.kind is Kind.OCCURRENCE_MAY_RETURN and row.status is OccurrenceStatus.MOVED:
        return None
    return row


async def compose(store: Store, message: Told, now: datetime, *, by_mail: bool = False) -> Card | None:
    """What a message about an occurrence says; None where it is old news."""
    row = await occurrences.occurrence(store.connection, store.district_id, message.item_id or "")
    event = await store.event(message.event_id) if message.event_id else None
    routine = store.directory.routine(row.routine_id) if row else None
    if row is not None and event is not None and routine is None and event.kind is Kind.OCCURRENCE_CANCELLED:
        return _without_routine(store, message, row, event, now)
    row = await _about(store, row, event) if row and event else None
    if row is None or event is None or routine is None:
        return None
    if event.kind in {Kind.OCCURRENCE_PREPARED, Kind.OCCURRENCE_INVITED} and (
        row.status not in occurrences.TO_COME or row.starts_at <= now
    ):
        return None
    if event.kind is Kind.OCCURRENCE_ADDED_TO and row.starts_at <= now:  # it stands on the agenda that is before them
        return None
    if event.kind is Kind.OCCURRENCE_ASKED and row.status not in occurrences.TO_COME:
        return None
    if event.kind is Kind.OCCURRENCE_BREAK and now > over_at(event) + A_BELL:
        return None
    on = None
    if message.room_id is not None:
        room = next((each for each in store.directory.rooms if each.id == message.room_id), None)
        if room is None:
            return None
        voice = Voice(store.directory, platform=room.platform)
        if event.kind is Kind.OCCURRENCE_BREAK:
            return cards.bell(voice, row, routine)
        if event.kind is Kind.OCCURRENCE_INVITED:
            on = await agenda(store, row, routine, None, now)
        return cards.in_room(voice, row, routine, event, on)
    reader = store.directory.people.get(message.person_id)
    if reader is None or not reader.here_on(acts.today(store, now)):
        return None
    if _is_news(event) and not await occurrences.has_had_any(store.connection, row, reader.id):
        return None  # they have not heard of it
    if event.kind is Kind.OCCURRENCE_CANCELLED and event.data.get("why") == "without":
        expected = reader.id in everybody(store, routine, row, now)
        return None if expected else cards.in_room(Voice(store.directory, reader), row, routine, event, None)
    if not sees(store, row, routine, reader, now):  # not of the team any more
        return None
    if event.kind is Kind.OCCURRENCE_BREAK:
        return cards.bell(Voice(store.directory, reader), row, routine)
    if event.kind in {Kind.OCCURRENCE_PREPARED, Kind.OCCURRENCE_INVITED}:
        on = None if by_mail else await agenda(store, row, routine, reader, now)
    if event.kind is Kind.OCCURRENCE_ROLES and event.data["who"] not in {each.person_id for each in doing(store, row)}:
        return None
    if event.kind is Kind.OCCURRENCE_POLLED and reader.id in row.polled_ids:
        return None
    # What leaves the chat says when a meeting is, and nothing of what is on it or was said: others may read it there.
    record = cards.Record((), {}) if by_mail else await _record(store, row, routine, reader, now)
    may = _may(store, row, routine, reader, now)
    file = await calendars.address_of(store, row, reader)
    does = doing(store, row)
    card = cards.news(Voice(store.directory, reader), row, routine, event, on, record, may=may, doing=does, file=file)
    return card if by_mail else await actions.with_agreed(store, card, row, reader, now)


def _is_news(event: Event) -> bool:
    """Only to those who know of the meeting: its routine, the calendar or its people have changed."""
    by_itself = event.kind is Kind.OCCURRENCE_CANCELLED and event.data.get("why") in ("changed", "together", "without")
    return by_itself or event.kind is Kind.OCCURRENCE_RETIMED


def _without_routine(
    store: Store, message: Told, row: Occurrence, event: Event, now: datetime
) -> Card | None:  # fmt: skip
    """To those who had heard of it: its routine is taken out, so that nobody belongs there any more."""
    reader = store.directory.people.get(message.person_id)
    room = next((each for each in store.directory.rooms if each.id == message.room_id), None)
    if message.room_id is not None:
        voice = Voice(store.directory, platform=room.platform) if room else None
    else:
        voice = Voice(store.directory, reader) if reader and reader.here_on(acts.today(store, now)) else None
    return cards.in_room(voice, row, as_it_was(row, event), event, None) if voice else None


async def in_digest(store: Store, message: Told, now: datetime) -> tuple[Card | None, tuple[Button, ...]]:
    """Its line of a digest, for which no agenda is read, and the answers beside it."""
    card = await compose(store, message, now, by_mail=True)
    row = await occurrences.occurrence(store.connection, store.district_id, message.item_id or "")
    event = await store.event(message.event_id) if message.event_id else None
    reader = store.directory.people.get(message.person_id)
    routine = store.directory.routine(row.routine_id) if row else None
    row = await _about(store, row, event) if row and event else None
    if card is None or row is None or event is None or reader is None or routine is None:
        return card, ()  # of a routine that is taken out there is nothing to answer
    may = _may(store, row, routine, reader, now)
    return card, cards.line_buttons(Voice(store.directory, reader), row, routine, event, may)


async def redraw(store: Store, message: Told, now: datetime) -> Card | None:
    """What stands there already, with what its reader may see of it now; of what is past, without its agenda."""
    card = await compose(store, message, now)
    if card is not None:
        return card
    row = await occurrences.occurrence(store.connection, store.district_id, message.item_id or "")
    reader = store.directory.people.get(message.person_id)
    if row is None or reader is None:
        return None
    routine = store.directory.routine(row.routine_id) or as_it_was(row)
    return cards.past(Voice(store.directory, reader), row, routine, now)


def sees(store: Store, row: Occurrence, routine: Routine, actor: Person, now: datetime) -> bool:
    """Who belongs to that team, not to any other of the routine, does something in it, or was there; who leads it; and who
    may steer all of it."""
    does = actor.id in {*(each.person_id for each in doing(store, row)), *row.attended_ids} and not actor.external
    return does or rules.sees(routine, row.team_id, row.day, actor, store.directory, acts.today(store, now))


def steers(store: Store, row: Occurrence, routine: Routine, actor: Person, now: datetime) -> bool:
    """Who leads it, and who may steer all of it."""
    today = acts.today(store, now)
    return leads(store, routine, row, now).id == actor.id or rules.may_steer(routine, actor, store.directory, today)


def belongs(store: Store, row: Occurrence, routine: Routine, actor: Person, now: datetime) -> bool:
    """Who leads it, who is of its team or people, and who was there: they put something on its agenda, and add to its notes."""
    there = rules.invited(routine, row.team_id, store.directory, max(row.day, acts.today(store, now)))
    ids = {*(each.id for each in there), *(each.person_id for each in doing(store, row)), *row.attended_ids}
    return steers(store, row, routine, actor, now) or (not actor.external and actor.id in ids)


def decides(store: Store, row: Occurrence, routine: Routine, actor: Person, now: datetime) -> bool:
    """Who steers it, facilitates it this time or takes its notes: they go through the log for all, and write down what was
    decided, once it has begun."""
    run_it = {each.person_id for each in doing(store, row) if each.role in RUNS}
    return steers(store, row, routine, actor, now) or (actor.id in run_it and not actor.external)


def decides_on(
    store: Store, row: Occurrence, routine: Routine, actor: Person, owner_id: PersonId, now: datetime
) -> bool:
    """Whether a decision on a challenge can be written down: while it is on until it is on record, by who decides in it;
    and by the superintendent on what is with them, from the moment that they have the page of their check-in (R-63)."""
    if row.status not in occurrences.TO_COME or not kinds.meets(routine):
        return False
    if row.starts_at <= now:
        return decides(store, row, routine, actor, now)
    page = rules.is_check_in(routine, store.directory) and row.invited_at is not None
    theirs = actor.role == SUPERINTENDENT and actor.id == owner_id
    return page and theirs and belongs(store, row, routine, actor, now)


def _may(store: Store, row: Occurrence, routine: Routine, reader: Person, now: datetime) -> cards.May:
    asked = (store, row, routine, reader, now)
    return cards.May(steers(*asked), belongs(*asked), decides(*asked))
