"""The log as lists: what a question finds for a person, what is like a new report, and everything for an export.

A list never shows what its reader may not see: every query takes a `Sight`. Its cost grows with the page shown, not
with the log: each status is read newest first along its own index, and no further than the page and the count need.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import ColumnElement, Text, cast, exists, false, func, or_, select, true, union_all
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from storage import models
from storage.case import Case
from storage.models import table
from storage.vocabulary import (
    OPEN,
    WORKING,
    ChallengeId,
    DistrictId,
    Field,
    Kind,
    MessageState,
    Outcome,
    PersonId,
    Rung,
    SchoolId,
    Status,
    Urgency,
    Visibility,
)

Condition = ColumnElement[bool]
Row = TypeVar("Row", bound=SQLModel)

challenges: Final = table(models.Challenge)
words: Final = table(models.Words)
reporters: Final = table(models.Reporter)
steps: Final = table(models.Step)
helpers: Final = table(models.Helper)
events: Final = table(models.Event)
messages: Final = table(models.Message)

COUNTED: Final = 200  # matches counted; more than these are "over 200"
SEARCHED: Final = (Field.WHAT, Field.AFFECTED, Field.TRIED, Field.EVIDENCE, Field.SCOPE, Field.OPTIONS, Field.STEP,
                   Field.NOTE, Field.DECISION, Field.RESOLUTION)  # fmt: skip
NOT_WORKED: Final = frozenset({Kind.UNDONE, Kind.SNOOZED, Kind.DATES_MOVED})
UNSETTLED: Final = WORKING | {Status.REPORTED}


class Sight(Protocol):
    """What the reader may see, beside what they take part in (`handlers.rules.access.Sight`)."""

    @property
    def person_id(self) -> PersonId: ...
    @property
    def nothing(self) -> bool: ...
    @property
    def everything_open(self) -> bool: ...
    @property
    def restricted_too(self) -> bool: ...
    @property
    def school_ids(self) -> Collection[SchoolId]: ...
    @property
    def stands_in_about(self) -> Collection[PersonId]: ...
    @property
    def not_about(self) -> PersonId: ...


class Question(Protocol):
    """What is looked for (`handlers.rules.asking.Question`). All that is set must hold."""

    @property
    def states(self) -> Collection[Status]: ...
    @property
    def owned_by_me(self) -> bool: ...
    @property
    def reported_by_me(self) -> bool: ...
    @property
    def overdue(self) -> bool: ...
    @property
    def waiting(self) -> bool: ...
    @property
    def new(self) -> bool: ...
    @property
    def school_id(self) -> SchoolId | None: ...
    @property
    def type(self) -> str | None: ...
    @property
    def owner_id(self) -> PersonId | None: ...
    @property
    def older_than_days(self) -> int | None: ...
    @property
    def since(self) -> date | None: ...
    @property
    def text(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Line:
    """One challenge in a list."""

    id: ChallengeId
    number: int
    title: str
    """What is in the way, on one line; empty where it was redacted."""
    status: Status
    outcome: Outcome | None
    type: str | None
    urgency: Urgency
    school_id: SchoolId | None
    owner_id: PersonId
    owned_since: datetime
    taken_at: datetime | None
    understood_at: datetime | None
    reported_at: datetime
    next_at: datetime | None
    decide_by: date | None
    review_on: date | None
    visibility: Visibility


@dataclass(frozen=True, slots=True)
class Found:
    """A page of a list: newest first, or soonest first where that was asked for."""

    lines: tuple[Line, ...]
    total: int
    """How many there are, counted up to COUNTED (or to the end of this page, where that is further)."""
    more: bool
    """There are lines after this page."""


@dataclass(frozen=True, slots=True)
class Late:
    """What was given to somebody before these instants should be sorted, or taken, by now: school days count."""

    unsorted: datetime
    untaken: datetime


async def find(
    connection: AsyncConnection,
    district_id: DistrictId,
    question: Question,
    sight: Sight,
    *,
    today: date,
    zone: tzinfo,
    limit: int = 20,
    offset: int = 0,
    for_others: bool = False,
    late: Late | None = None,
    soonest: bool = False,
) -> Found:
    """What answers the question and its reader may see. `zone`: in which its days begin and end.

    `late`: for a question after what is overdue. `for_others`: to be put before people who may see less, so nothing that
    is restricted. `soonest`: what is due first comes first, instead of what is newest.
    """
    conditions = [_seen_by(sight), *_asked(question, sight.person_id, today, zone, late)]
    if for_others:
        conditions.append(challenges.c.visibility != Visibility.RESTRICTED)
    return await _page(connection, district_id, question.states, conditions, limit, offset, soonest=soonest)


# ------------------------------------------------------------------------------------------------------------- a page


_SHOWN: Final = (
    challenges.c.id,
    challenges.c.number,
    challenges.c.status,
    challenges.c.outcome,
    challenges.c.type,
    challenges.c.urgency,
    challenges.c.school_id,
    challenges.c.owner_id,
    challenges.c.owned_since,
    challenges.c.taken_at,
    challenges.c.understood_at,
    challenges.c.reported_at,
    challenges.c.next_at,
    challenges.c.decide_by,
    challenges.c.review_on,
    challenges.c.visibility,
)


def is_taken_back(said: ColumnElement[Any]) -> Condition:
    """Whether what has this id was said in an act that was undone: the ids are random, and stand in a list of the
    challenge."""
    return cast(challenges.c.retracted_ids, Text).like("%" + said + "%")


_STANDS: Final[Condition] = ~is_taken_back(words.c.id)

_WHAT: Final = (
    select(words.c.text)
    .where(
        words.c.district_id == challenges.c.district_id,
        words.c.challenge_id == challenges.c.id,
        words.c.field == Field.WHAT,
        _STANDS,
    )
    .order_by(words.c.said_at.desc(), words.c.id.desc())
    .limit(1)
    .correlate(challenges)
    .scalar_subquery()
    .label("what")
)


async def _page(
    connection: AsyncConnection,
    district_id: DistrictId,
    states: Collection[Status],
    conditions: Sequence[Condition],
    limit: int,
    offset: int,
    *,
    soonest: bool,
) -> Found:
    """One query: each status along its index, newest first, no further than needed; of those the page, with its words."""
    reach = max(COUNTED, offset + limit)
    branches = [
        select(
            select(challenges.c.number, challenges.c.next_at)
            .where(challenges.c.district_id == district_id, challenges.c.status == status, *conditions)
            .order_by(challenges.c.number.desc())
            .limit(reach + 1)
            .subquery()
        )
        for status in sorted(states)
    ]
    if not branches:
        return Found((), 0, more=False)
    matching = union_all(*branches).subquery()

    def order(of: Any) -> list[Any]:
        return [*([of.next_at.asc().nulls_last()] if soonest else []), of.number.desc()]

    page = (
        select(matching.c.number, func.count().over().label("total"))
        .order_by(*order(matching.c))
        .limit(limit)
        .offset(offset)
        .subquery()
    )
    rows = await connection.execute(
        select(*_SHOWN, _WHAT, page.c.total)
        .join(page, challenges.c.number == page.c.number)
        .where(challenges.c.district_id == district_id)
        .order_by(*order(challenges.c))
    )
    lines, total = [], 0
    for row in rows.mappings():
        values = dict(row)
        total = values.pop("total")
        lines.append(Line(title=" ".join((values.pop("what") or "").split()), **values))
    return Found(tuple(lines), min(total, reach), more=total > offset + len(lines))


def _seen_by(sight: Sight) -> Condition:
    """What `access.may(SEE)` says, as SQL; a test holds the two together."""
    if sight.nothing:
        return false()
    me = sight.person_id
    seen = [
        challenges.c.owner_id == me,
        _among(reporters, reporters.c.person_id == me),
        _among(helpers, helpers.c.person_id == me),
    ]
    is_open = challenges.c.visibility == Visibility.OPEN
    if sight.everything_open:
        seen.append(is_open)
    else:
        taking_part = [
            challenges.c.school_id.in_(sorted(sight.school_ids)),
            _among(steps, steps.c.owner_id == me),
            _among(reporters, reporters.c.colleague_id == me),
        ]
        seen.append(is_open & or_(*taking_part))
    if sight.restricted_too:
        seen.append(challenges.c.visibility == Visibility.RESTRICTED)
        seen.append(is_open)
    if sight.stands_in_about:
        seen.append(challenges.c.conduct_of_id.in_(sorted(sight.stands_in_about)))
    return challenges.c.conduct_of_id.is_distinct_from(sight.not_about) & or_(*seen)


def _asked(question: Question, me: PersonId, today: date, zone: tzinfo, late: Late | None) -> list[Condition]:
    wanted: list[tuple[object, Condition]] = [
        (question.owned_by_me, challenges.c.owner_id == me),
        (question.owner_id, challenges.c.owner_id == question.owner_id),
        (question.reported_by_me, _among(reporters, reporters.c.person_id == me)),
        (question.school_id, challenges.c.school_id == question.school_id),
        (question.type, challenges.c.type == question.type),
        (question.overdue, _overdue(today, late)),
        (question.waiting, _WAITING),
        (question.new, _NEW),
    ]
    conditions = [condition for asked, condition in wanted if asked]
    if question.older_than_days is not None:
        conditions.append(challenges.c.reported_at < _midnight(today - timedelta(days=question.older_than_days), zone))
    if question.since is not None:
        conditions.append(challenges.c.reported_at >= _midnight(question.since, zone))
    if question.text:
        holds = words.c.text.icontains(question.text, autoescape=True)
        conditions.append(_among(words, words.c.field.in_(SEARCHED), holds, _STANDS))
    return conditions


def _overdue(today: date, late: Late | None) -> Condition:
    """A date has passed: to sort it, to take it, for the decision, of an open step, or to look again. While it rests, no
    clock runs."""
    late_step = _among(steps, steps.c.done_at.is_(None), steps.c.due_on < today)
    undecided = (challenges.c.decide_by < today) & challenges.c.understood_at.is_(None)
    running = challenges.c.review_on.is_(None) & challenges.c.asked_at.is_(None)
    at_work = challenges.c.status.in_(sorted(UNSETTLED))
    again = challenges.c.status.in_(sorted(OPEN)) & (challenges.c.review_on < today)
    idle: Condition = false()
    if late is not None:
        unsorted = (challenges.c.status == Status.REPORTED) & (challenges.c.owned_since < late.unsorted)
        given = challenges.c.status.in_([Status.WITH_SCHOOL, Status.ASSIGNED]) & challenges.c.taken_at.is_(None)
        idle = unsorted | (given & (challenges.c.owned_since < late.untaken))
    return (at_work & running & (undecided | late_step | idle)) | again


_WAITING: Final[Condition] = or_(
    challenges.c.status.in_([Status.WAITING_OUTSIDE, Status.AWAITING_CONFIRMATION]),
    challenges.c.asked_at.is_not(None),
    challenges.c.review_on.is_not(None),
)
"""On somebody else, or on a day: an outside party, an answer, a confirmation, the end of a pause."""

_NEW: Final[Condition] = or_(
    challenges.c.status == Status.REPORTED,
    challenges.c.status.in_([Status.WITH_SCHOOL, Status.ASSIGNED]) & challenges.c.taken_at.is_(None),
)
"""Not sorted yet, or nobody has taken it up yet."""


def _among(of: Any, *conditions: Condition) -> Condition:
    """The challenge has a row there for which these hold.

    OFFSET 0 keeps PostgreSQL from joining whole tables: one look per challenge, and no further than the page needs.
    """
    mine = select(of.c.challenge_id).where(of.c.district_id == challenges.c.district_id, *conditions)
    return mine.where(of.c.challenge_id == challenges.c.id).limit(1).offset(0).correlate(challenges).exists()


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)


# ------------------------------------------------------------------------------------------------------- for an export


@dataclass(frozen=True, slots=True)
class Entry:
    """One challenge with all that belongs to it, and its history, oldest first."""

    case: Case
    history: Sequence[models.Event]


async def entries(
    connection: AsyncConnection, district_id: DistrictId, *, restricted_too: bool, at_once: int = 500
) -> AsyncIterator[Entry]:
    """Every challenge of the district by number, read in batches of so many."""
    after = 0
    of_district = challenges.c.district_id == district_id
    visible = true() if restricted_too else challenges.c.visibility == Visibility.OPEN
    while batch := await _rows(
        connection,
        models.Challenge,
        select(challenges)
        .where(of_district, challenges.c.number > after, visible)
        .order_by(challenges.c.number)
        .limit(at_once),
    ):
        after = batch[-1].number
        ids = [each.id for each in batch]
        spoken = await _belonging(connection, models.Words, district_id, ids, words.c.said_at, words.c.id)
        raised = await _belonging(connection, models.Reporter, district_id, ids, reporters.c.position)
        planned = await _belonging(connection, models.Step, district_id, ids, steps.c.position)
        helping = await _belonging(connection, models.Helper, district_id, ids, helpers.c.since)
        told = await _belonging(connection, models.Event, district_id, ids, events.c.seq)
        for each in batch:
            case = Case(
                each,
                reporters=raised.get(each.id, []),
                steps=planned.get(each.id, []),
                helpers=helping.get(each.id, []),
                words=[said for said in spoken.get(each.id, []) if said.id not in each.retracted_ids],
            )
            yield Entry(case, told.get(each.id, []))


async def worked_on(
    connection: AsyncConnection, district_id: DistrictId, by: Collection[PersonId], since: datetime, now: datetime
) -> frozenset[ChallengeId]:
    """The challenges on which one of these people has recorded something from `since` until `now` that was not undone.

    Not what Clearway did by itself, what somebody does to their own reminders, nor what follows from a closed day. What a
    reporter does whose name is hidden does not count either: it would say that one of these people raised it.
    """
    hidden = exists().where(
        reporters.c.district_id == events.c.district_id,
        reporters.c.challenge_id == events.c.challenge_id,
        reporters.c.person_id == events.c.actor_id,
        reporters.c.confidential,
    )
    wanted = (
        select(events.c.id, events.c.challenge_id, events.c.kind, events.c.data)
        .where(
            events.c.district_id == district_id,
            events.c.challenge_id.is_not(None),
            events.c.actor_id.in_(sorted(by)),
            events.c.at >= since,
            events.c.at <= now,
            ~hidden,
        )
        .order_by(events.c.seq)
    )
    found = (await connection.execute(wanted)).all()
    undone = {each for row in found if row.kind is Kind.UNDONE for each in row.data["undone"]}
    return frozenset(row.challenge_id for row in found if row.kind not in NOT_WORKED and row.id not in undone)


async def count_restricted(connection: AsyncConnection, district_id: DistrictId) -> int:
    statement = (
        select(func.count())
        .select_from(challenges)
        .where(challenges.c.district_id == district_id, challenges.c.visibility == Visibility.RESTRICTED)
    )
    return (await connection.execute(statement)).scalar_one()


async def _belonging(
    connection: AsyncConnection, model: type[Row], district_id: DistrictId, ids: Sequence[ChallengeId], *order: Any
) -> Mapping[ChallengeId, list[Row]]:
    of = table(model)
    statement = select(of).where(of.c.district_id == district_id, of.c.challenge_id.in_(ids)).order_by(*order)
    found: dict[ChallengeId, list[Row]] = {}
    for row in await _rows(connection, model, statement):
        found.setdefault(row.challenge_id, []).append(row)  # type: ignore[attr-defined]  # all these tables have it
    return found


async def _rows(connection: AsyncConnection, model: type[Row], statement: Any) -> list[Row]:
    return [model(**row._mapping) for row in await connection.execute(statement)]


# ------------------------------------------------------------------------------------------------------ for an agenda


ON_TABLE: Final = 300
"""So many at most are read for one agenda: no meeting goes through more."""


@dataclass(frozen=True, slots=True)
class Table:
    """Whose agenda it is: the venues of the process (None: the whole log), of a school's team its schools; or also all
    that these lead."""

    venues: tuple[str, ...] | None
    school_ids: tuple[SchoolId, ...] | None = None
    owner_ids: tuple[PersonId, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One challenge on an agenda."""

    line: Line
    rung: Rung
    late: bool
    """A decision, a step or a review of it was due before that day."""
    due: bool = False
    """One of these is due by the day until which it was asked for."""


async def for_agenda(
    connection: AsyncConnection,
    district_id: DistrictId,
    sight: Sight | None,
    table_: Table,
    closed_since: datetime | None,
    day: date,
    until: date | None = None,
) -> list[Item]:
    """What is discussed at a table on a day and is open, or was closed since then, confirmed or not; oldest first.

    `sight`: of who reads it; None for a room, which gets nothing that must not stand there. `closed_since`: None where
    what was closed is of no interest. `until`: the next time it is discussed, where something may be due before. At most
    ON_TABLE.
    """
    there: Condition = challenges.c.venue.in_(table_.venues) if table_.venues is not None else true()
    if table_.owner_ids:
        there = there | challenges.c.owner_id.in_(table_.owner_ids)
    here = [challenges.c.district_id == district_id, there]
    if table_.school_ids is not None:
        here.append(challenges.c.school_id.in_(sorted(table_.school_ids)))
    wanted: Condition = challenges.c.status.in_(sorted(OPEN))
    if closed_since is not None:
        wanted = wanted | (challenges.c.status == Status.CLOSED) & (challenges.c.closed_at >= closed_since)
    return await _items(connection, [*here, _shown_to(sight), wanted], day, until)


async def items(
    connection: AsyncConnection, district_id: DistrictId, sight: Sight | None, ids: Sequence[ChallengeId], day: date
) -> list[Item]:
    """Those of these that the reader may see, as they stand now; oldest first."""
    mine = [challenges.c.district_id == district_id, challenges.c.id.in_(sorted(ids)), _shown_to(sight)]
    return await _items(connection, mine, day) if ids else []


def _shown_to(sight: Sight | None) -> Condition:
    if sight is not None:
        return _seen_by(sight)
    return (challenges.c.visibility == Visibility.OPEN) & challenges.c.conduct_of_id.is_(None)


async def _items(
    connection: AsyncConnection, where: Sequence[Condition], day: date, until: date | None = None, most: int = ON_TABLE
) -> list[Item]:
    late = _overdue(day, None).label("late")
    due = (_overdue(until + timedelta(days=1), None) if until else false()).label("due")
    shown = (*_SHOWN, _WHAT, challenges.c.rung, late, due)
    wanted = select(*shown).where(*where).order_by(challenges.c.number).limit(most)
    found = []
    for row in (await connection.execute(wanted)).mappings():
        values = dict(row)
        rung, title = values.pop("rung"), " ".join((values.pop("what") or "").split())
        late_, due_ = bool(values.pop("late")), bool(values.pop("due"))
        found.append(Item(Line(title=title, **values), rung, late_, due_))
    return found


# ------------------------------------------------------------------------------------------------- for a page of figures


@dataclass(frozen=True, slots=True)
class Figures:
    """How many challenges there are that the reader may see, now and at two instants before."""

    open: int
    open_then: int
    """Of those that were open at the later of the two instants."""
    overdue: int
    urgent: int
    """Open, and of high urgency."""
    unheard: int
    """Open, and a message about it could not be delivered to somebody since the later instant."""
    addressed: int
    """Closed and confirmed since the later instant."""
    addressed_then: int
    """The same between the two."""


async def figures(
    connection: AsyncConnection, district_id: DistrictId, sight: Sight, *,
    today: date, late: Late, since: datetime, before: datetime,
) -> Figures:  # fmt: skip
    """What is open now and was at `since`, what of it stands out, and what was addressed since then and since `before`."""
    open_: Condition = challenges.c.status.in_(sorted(OPEN))
    lost = (messages.c.state == MessageState.UNDELIVERABLE) & (messages.c.ended_at >= since)
    confirmed = (challenges.c.status == Status.CLOSED) & (challenges.c.outcome == Outcome.CONFIRMED)
    counted: dict[str, Condition] = {
        "open": open_,
        "open_then": (challenges.c.reported_at < since) & (open_ | (challenges.c.closed_at >= since)),
        "overdue": _overdue(today, late),
        "urgent": open_ & (challenges.c.urgency == Urgency.HIGH),
        "unheard": open_ & _among(messages, lost),
        "addressed": confirmed & (challenges.c.closed_at >= since),
        "addressed_then": confirmed & (challenges.c.closed_at < since),
    }
    wanted = select(*(func.count().filter(each).label(name) for name, each in counted.items())).where(
        challenges.c.district_id == district_id, _seen_by(sight), open_ | (challenges.c.closed_at >= before)
    )
    return Figures(**(await connection.execute(wanted)).mappings().one())


async def standing_out(
    connection: AsyncConnection, district_id: DistrictId, sight: Sight, *, today: date, late: Late, most: int
) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """What is overdue, and what is open and of high urgency: of each the oldest that the reader may see."""
    mine = [challenges.c.district_id == district_id, _seen_by(sight)]
    urgent = challenges.c.status.in_(sorted(OPEN)) & (challenges.c.urgency == Urgency.HIGH)
    overdue = await _items(connection, [*mine, _overdue(today, late)], today, most=most)
    pressing = await _items(connection, [*mine, urgent], today, most=most)
    return tuple(each.line for each in overdue), tuple(each.line for each in pressing)
