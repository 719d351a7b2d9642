"""What is due, across districts: claim it, act on it outside any transaction, mark what came of it.

Ids and times only, on a connection opened by `Database.queue()`. Any number of processes may do this at once; what a
crashed one had claimed comes back by itself when its lease ends (storage/leases.py). Every mark returns whether the
lease was still ours, and does nothing where it was not.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol, cast

from sqlalchemy import (
    Select,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    text,
    tuple_,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import many, models
from storage.columns import UtcDateTime
from storage.leases import LEASE as LEASE
from storage.leases import NOW, UNTIL, Line, claim, claiming, held, holding, mark, mark_each, soonest, take
from storage.many import insert_many
from storage.models import table
from storage.vocabulary import (
    ChallengeId,
    DistrictId,
    EventId,
    Lane,
    MessageKind,
    MessageState,
    PersonId,
    Platform,
    TimerKind,
    new_id,
)

SETTLED: Final = timedelta(seconds=3)  # every request is committed or rolled back within 2 s (design 1.6)

timers: Final = table(models.Timer)
messages: Final = table(models.Message)
posted: Final = table(models.PostedCard)
deliveries: Final = table(models.Delivery)
drafts: Final = table(models.Draft)


# ------------------------------------------------------------------------------------------------------------- timers


@dataclass(frozen=True, slots=True)
class ClaimedTimer:
    district_id: DistrictId
    kind: TimerKind
    id: str
    about: str
    due_at: datetime
    attempts: int
    """This one included."""
    leased_until: datetime


_TIMERS: Final = Line(timers, at="due_at")
_CLAIM_TIMERS: Final = claiming(_TIMERS, ClaimedTimer)


async def claim_timers(connection: AsyncConnection, now: datetime, limit: int) -> list[ClaimedTimer]:
    """Up to `limit` timers that are due, the longest due first; fair across districts."""
    claimed = await claim(connection, _CLAIM_TIMERS[connection.dialect.name], ClaimedTimer, now, limit)
    return sorted(claimed, key=lambda each: each.due_at)


async def still_ours(connection: AsyncConnection, claimed: Sequence[ClaimedTimer]) -> list[ClaimedTimer]:
    """Those that nobody has claimed, moved or ended since. Asked inside the transaction that acts on them."""
    if not claimed:
        return []
    key = tuple_(timers.c.district_id, timers.c.id)
    wanted = key.in_([(each.district_id, each.id) for each in claimed])
    rows = await connection.execute(select(timers.c.id, timers.c.leased_until).where(wanted))
    leases = {row.id: row.leased_until for row in rows}
    return [each for each in claimed if leases.get(each.id) == each.leased_until]


async def postpone_timer(connection: AsyncConnection, timer: ClaimedTimer, until: datetime) -> bool:
    """After a failure: nobody tries again before `until`. Its date stays, so that it shows as overdue."""
    return await mark(connection, timers, [timer], leased_until=until)


# ------------------------------------------------------------------------------------------------------------- outbox


class Planned(Protocol):
    """What decides when a message may go: of a claimed one, or of its row."""

    @property
    def district_id(self) -> DistrictId: ...
    @property
    def id(self) -> str: ...
    @property
    def lane(self) -> Lane: ...
    @property
    def person_id(self) -> PersonId: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def send_at(self) -> datetime: ...
    @property
    def unknown_since(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class ClaimedMessage:
    district_id: DistrictId
    id: str
    kind: MessageKind
    lane: Lane
    person_id: PersonId
    room_id: str | None
    challenge_id: ChallengeId | None
    event_id: EventId | None
    item_id: str | None
    created_at: datetime
    send_at: datetime
    attempts: int
    """This one included."""
    unknown_since: datetime | None
    """An attempt before this one may have arrived: look first."""
    repeated: bool
    leased_until: datetime


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a card stands, and which version of its challenge it shows."""

    workspace_id: str
    conversation_id: str
    post_id: str
    shown: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """A card that went out: the messages that it tells (one, or all of one digest), and where it stands."""

    messages: Sequence[ClaimedMessage]
    platform: Platform
    place: Posted | None
    """None where it cannot be edited: a mail."""
    at: datetime
    """When it was tried."""


# SQLite knows its partial index by the very words it was made with, so they are not bound.
_MESSAGES: Final = Line(
    messages,
    at="send_at",
    live=lambda row: row.state == literal_column("'pending'"),
    lanes=(Lane.OWN_ACT, Lane.URGENT, Lane.SINGLE, Lane.DIGEST),
    together=lambda row: case((row.lane == Lane.DIGEST, row.person_id), else_=row.id),
)
_VANISHED: Final = case(  # a mark ends the lease: whoever let it run out may have sent the message
    (messages.c.leased_until.is_not(None), func.coalesce(messages.c.unknown_since, NOW)),
    else_=messages.c.unknown_since,
)
_CLAIM_MESSAGES: Final = claiming(_MESSAGES, ClaimedMessage, unknown_since=_VANISHED)
_CLAIM_REST_OF_DIGESTS: Final = {
    dialect: take(
        messages,
        select(messages.c.district_id, messages.c.id).where(
            _MESSAGES.due(messages.c),
            messages.c.lane == Lane.DIGEST,
            tuple_(messages.c.district_id, messages.c.person_id).in_(many.keys(dialect)),
        ),
        ClaimedMessage,
        unknown_since=_VANISHED,
    )
    for dialect in ("sqlite", "postgresql")
}
_ON_ITS_WAY: Final = or_(
    # Of those in somebody's hands now, the earlier ones count as sent: no two of them slip through together.
    (messages.c.leased_until > bindparam("now", type_=UtcDateTime))
    & (
        tuple_(messages.c.created_at, messages.c.id)
        < tuple_(bindparam("created_at", type_=UtcDateTime), bindparam("message"))
    ),
    (messages.c.unknown_since >= bindparam("since", type_=UtcDateTime)) & (messages.c.id != bindparam("message")),
)
_SENT: Final = (messages.c.state == MessageState.SENT) & (messages.c.ended_at >= bindparam("since", type_=UtcDateTime))
_SENT_SINCE: Final = select(
    func.count().filter(
        messages.c.lane == Lane.SINGLE, or_(_SENT, (messages.c.state == MessageState.PENDING) & _ON_ITS_WAY)
    ),
    func.count().filter(messages.c.lane == Lane.DIGEST, _SENT),
).where(
    messages.c.district_id == bindparam("district"),
    messages.c.person_id == bindparam("person"),
    messages.c.room_id.is_(None),
    messages.c.state.in_([MessageState.SENT, MessageState.PENDING]),
)


async def claim_messages(
    connection: AsyncConnection,
    now: datetime,
    limit: int,
    of_one: int | None = None,
    but: Collection[DistrictId] = (),
) -> list[ClaimedMessage]:
    """Up to `limit` cards' worth of messages that may be sent, and up to `of_one` of one district, none of those in
    `but`; the rest of a digest comes with its first message.

    Fair across districts; within one, answers to one's own act and urgent messages go first. What comes back because
    its claimer vanished is marked as of unknown outcome. What happened first comes first, however often it is claimed.
    """
    statement = _CLAIM_MESSAGES[connection.dialect.name]
    claimed = await claim(connection, statement, ClaimedMessage, now, limit, of_one, but)
    readers = {(each.district_id, each.person_id) for each in claimed if each.lane is Lane.DIGEST}
    if readers:
        rest = _CLAIM_REST_OF_DIGESTS[connection.dialect.name]
        claimed += await claim(connection, rest, ClaimedMessage, now, keys=many.as_keys(sorted(readers)))
    return sorted(claimed, key=lambda each: (each.created_at, each.id))


async def mark_sent(connection: AsyncConnection, sent: Sequence[Sent], now: datetime) -> list[bool]:
    """These cards went out, as is known `now`. Of each: whether its messages were all still ours; if not, nothing more is
    written of it.

    A card about one challenge is looked at once more when every transaction has ended that could not see it stand
    there: what moved while it travelled is then shown.
    """
    if connection.dialect.name == many.POSTGRESQL:
        marked = await _sent_in_one_go(connection, sent, now)
        if marked is None:
            return [True] * len(sent)
    else:
        ended = {"state": MessageState.SENT, "leased_until": None, "ended_at": now, "reason": None}
        claimed = [message for each in sent for message in each.messages]
        marked = await mark_each(connection, messages, claimed, **ended)
    ours = [all((one.district_id, one.id, one.leased_until) in marked for one in each.messages) for each in sent]
    stand = [each for each, is_ours in zip(sent, ours, strict=True) if is_ours]
    lines = [line for each in stand for line in _attempts(each.messages, each.at, each.platform, "sent")]
    await insert_many(connection, deliveries, lines)
    await insert_many(connection, posted, [_card(each, each.place, now) for each in stand if each.place])
    return ours


_CARD: Final = (
    "district_id, id, message_id, person_id, challenge_id, platform, workspace_id, conversation_id, post_id, shown, "
    "posted_at, stale_at, attempts"
)
_SENT_IN_ONE_GO: Final = text(
    f"""
    WITH line AS MATERIALIZED (
        SELECT * FROM json_to_recordset(CAST(:lines AS json))
            AS line(d text, m text, until timestamptz, id text, platform text, at timestamptz)
    ), changed AS (
        UPDATE message SET state = 'sent', leased_until = NULL, ended_at = :now, reason = NULL
        FROM line
        WHERE message.district_id = line.d AND message.id = line.m AND message.leased_until = line.until
        RETURNING line.d, line.m, line.until
    ), whole AS (
        SELECT count(*) = (SELECT count(*) FROM line) AS is_ours FROM changed
    ), noted AS (
        INSERT INTO delivery (district_id, id, message_id, platform, at, outcome)
        SELECT d, line.id, m, platform, at, 'sent' FROM line, whole WHERE is_ours
    ), stands AS (
        INSERT INTO postedcard ({_CARD})
        SELECT {_CARD} FROM json_populate_recordset(NULL::postedcard, CAST(:cards AS json)), whole WHERE is_ours
    )
    SELECT is_ours, CASE WHEN NOT is_ours THEN (SELECT json_agg(json_build_array(d, m, until)) FROM changed) END
    FROM whole
    """  # noqa: S608  # names of our own
).bindparams(bindparam("now", type_=UtcDateTime))


async def _sent_in_one_go(
    connection: AsyncConnection, sent: Sequence[Sent], now: datetime
) -> set[tuple[DistrictId, str, datetime]] | None:
    """None where every lease was still ours, and all is written; else those that are marked, as `mark_each` names them:
    nothing more is written then."""
    lines = []
    for each in sent:
        at = each.at.isoformat()
        for one in each.messages:
            until = one.leased_until.isoformat()
            line = {
                "d": one.district_id,
                "m": one.id,
                "until": until,
                "id": new_id(),
                "platform": each.platform,
                "at": at,
            }
            lines.append(line)
    cards = [_card(each, each.place, now) for each in sent if each.place]
    given = {"lines": json.dumps(lines), "cards": json.dumps(cards, default=str), "now": now}
    is_ours, marked = (await connection.execute(_SENT_IN_ONE_GO, given)).one()
    if is_ours:
        return None
    return {(DistrictId(each), id, datetime.fromisoformat(until)) for each, id, until in marked or ()}


def _card(sent: Sent, place: Posted, now: datetime) -> dict[str, Any]:
    first = sent.messages[0]
    about = first.challenge_id if len(sent.messages) == 1 else None
    return {
        "district_id": first.district_id,
        "id": new_id(),
        "message_id": first.id,
        "person_id": first.person_id,
        "challenge_id": about,
        "platform": sent.platform,
        "workspace_id": place.workspace_id,
        "conversation_id": place.conversation_id,
        "post_id": place.post_id,
        "shown": place.shown,
        "posted_at": now,
        "stale_at": now + SETTLED if about else None,
        "attempts": 0,
    }


async def mark_dropped(
    connection: AsyncConnection, dropped: Sequence[ClaimedMessage], now: datetime, reason: str
) -> bool:
    """Old news: not sent, and never will be."""
    return await _end(connection, dropped, now, MessageState.DROPPED, reason)


async def mark_undeliverable(
    connection: AsyncConnection,
    lost: Sequence[ClaimedMessage],
    now: datetime,
    reason: str,
    platform: Platform | None = None,
) -> bool:
    """No account of the person takes it, or it was tried long enough."""
    ours = await _end(connection, lost, now, MessageState.UNDELIVERABLE, reason)
    if ours:
        await note_attempt(connection, lost, now, platform, reason)
    return ours


async def mark_later(
    connection: AsyncConnection,
    refused: Sequence[ClaimedMessage],
    now: datetime,
    send_at: datetime,
    outcome: str = "later",
    platform: Platform | None = None,
) -> bool:
    """Nothing was delivered; it is tried again at `send_at`. Where this was to be the one repetition, it was not."""
    before = refused[0].repeated
    ours = await mark(connection, messages, refused, leased_until=None, send_at=send_at, repeated=before)
    if ours:
        await note_attempt(connection, refused, now, platform, outcome)
    return ours


async def mark_unknown(
    connection: AsyncConnection,
    unheard: Sequence[ClaimedMessage],
    now: datetime,
    send_at: datetime,
    platform: Platform | None = None,
) -> bool:
    """It may have arrived; at `send_at` somebody looks, before sending again."""
    since = func.coalesce(messages.c.unknown_since, literal(now, UtcDateTime))
    ours = await mark(connection, messages, unheard, leased_until=None, send_at=send_at, unknown_since=since)
    if ours:
        await note_attempt(connection, unheard, now, platform, "unknown")
    return ours


async def mark_repeated(connection: AsyncConnection, again: Sequence[ClaimedMessage]) -> bool:
    """Written before a second send without knowing whether the first arrived, so that there is never a third."""
    return await mark(connection, messages, again, repeated=True)


async def replan(connection: AsyncConnection, planned: Sequence[ClaimedMessage], send_at: datetime, lane: Lane) -> bool:
    """Untried, and not now: outside the person's hours, or over their daily budget."""
    untried = messages.c.attempts - 1
    return await mark(connection, messages, planned, leased_until=None, attempts=untried, send_at=send_at, lane=lane)


async def note_attempt(
    connection: AsyncConnection,
    tried: Sequence[ClaimedMessage],
    now: datetime,
    platform: Platform | None,
    outcome: str,
) -> None:
    """A line of deliveries for each. The marks write theirs; this one is for an account after which another is tried."""
    await insert_many(connection, deliveries, _attempts(tried, now, platform, outcome))


def _attempts(
    tried: Sequence[ClaimedMessage], now: datetime, platform: Platform | None, outcome: str
) -> list[dict[str, Any]]:
    line = {"platform": platform, "at": now, "outcome": outcome}
    return [{"district_id": each.district_id, "id": new_id(), "message_id": each.id, **line} for each in tried]


class Had(NamedTuple):
    """What somebody has had since their day began."""

    singles: int
    """Messages that count in the daily budget, with those that are on their way before this one."""
    digest: bool


async def had_today(connection: AsyncConnection, message: Planned, now: datetime, since: datetime) -> Had:
    """What the reader of this message was sent since an instant (their midnight)."""
    asked = {"district": message.district_id, "person": message.person_id, "since": since}
    of_this = {"message": message.id, "created_at": message.created_at, "now": now}
    singles, digests = (await connection.execute(_SENT_SINCE, asked | of_this)).one()
    return Had(singles, digests > 0)


async def is_told_of(
    connection: AsyncConnection, district_id: DistrictId, watcher_id: PersonId, person_id: PersonId
) -> bool:
    """Whether this watcher was told that a message to somebody did not arrive, and none has since."""
    theirs = messages.c.district_id == district_id
    told_at = await connection.scalar(
        select(func.max(messages.c.created_at)).where(
            theirs,
            messages.c.person_id == watcher_id,
            messages.c.kind == MessageKind.UNDELIVERABLE,
            messages.c.item_id == person_id,
            messages.c.state != MessageState.DROPPED,
        )
    )
    if told_at is None:
        return False
    arrived = select(messages.c.id).where(
        theirs,
        messages.c.person_id == person_id,
        messages.c.room_id.is_(None),
        messages.c.state == MessageState.SENT,
        messages.c.ended_at > told_at,
    )
    return not await connection.scalar(select(exists(arrived)))


async def add_copy(connection: AsyncConnection, digest: Sequence[ClaimedMessage], now: datetime) -> None:
    """The digest that has just been sent is to come by e-mail, too. Said in the transaction that marks it as sent."""
    first = digest[0]
    copy = models.Message(
        district_id=first.district_id,
        once=f"{MessageKind.DIGEST_COPY}:{first.person_id}:{first.id}",
        kind=MessageKind.DIGEST_COPY,
        lane=Lane.URGENT,  # at once, within their hours; it does not count in the budget
        person_id=first.person_id,
        item_id=first.id,
        created_at=now,
        send_at=now,
    )
    await connection.execute(insert(messages), {each.name: getattr(copy, each.name) for each in messages.columns})


async def _end(
    connection: AsyncConnection,
    claimed: Sequence[ClaimedMessage],
    now: datetime,
    state: MessageState,
    reason: str | None = None,
) -> bool:
    return await mark(connection, messages, claimed, state=state, leased_until=None, ended_at=now, reason=reason)


DATED: Final = frozenset({TimerKind.OCCURRENCE, TimerKind.ACTION_ITEM, TimerKind.PLAN, TimerKind.VERSION})
TOLD: Final = frozenset({MessageKind.OCCURRENCE, MessageKind.ACTION_ITEM, MessageKind.PLAN, MessageKind.VERSION})


async def district_of(
    connection: AsyncConnection, district_ids: Sequence[DistrictId], challenge_id: str, item_id: str
) -> DistrictId | None:
    """Which of these districts something is of: a challenge, a held draft, an occurrence, an action item, a plan, a
    version of the process, or a message. None where none of them knows it.

    Each of these has a timer while something falls due of it, and its messages after that; their tables are not behind
    this door.
    """
    looks = (
        [
            select(messages.c.district_id).where(
                messages.c.district_id.in_(district_ids), messages.c.challenge_id == challenge_id
            )
        ]
        if challenge_id
        else []
    )
    if item_id:
        looks.append(select(drafts.c.district_id).where(drafts.c.district_id.in_(district_ids), drafts.c.id == item_id))
        named, *_ = item_id.partition("/")  # of a version, the text that was shown stands behind it
        about = (timers.c.kind.in_(sorted(DATED)), timers.c.about == named)
        looks.append(select(timers.c.district_id).where(timers.c.district_id.in_(district_ids), *about))
        told = (messages.c.kind.in_(sorted(TOLD)), messages.c.item_id == named)
        looks.append(select(messages.c.district_id).where(messages.c.district_id.in_(district_ids), *told))
        itself = messages.c.id == item_id
        looks.append(select(messages.c.district_id).where(messages.c.district_id.in_(district_ids), itself))
    for each in looks:
        if found := await connection.scalar(each.limit(1)):
            return DistrictId(found)
    return None


# ------------------------------------------------------------------------------------------------------- posted cards


@dataclass(frozen=True, slots=True)
class ClaimedCard:
    district_id: DistrictId
    id: str
    message_id: str
    person_id: PersonId
    challenge_id: ChallengeId | None
    platform: Platform
    workspace_id: str
    conversation_id: str
    post_id: str
    shown: int
    attempts: int
    """This one included."""
    leased_until: datetime


_CARDS: Final = Line(posted, at="stale_at", live=lambda row: row.stale_at.is_not(None))
# The lease's end stands in `stale_at` as long as nothing new comes. A change sets its own instant, and that stays.
_CLAIM_STALE: Final = claiming(_CARDS, ClaimedCard, stale_at=UNTIL)


async def claim_stale(
    connection: AsyncConnection, now: datetime, limit: int, but: Collection[DistrictId] = ()
) -> list[ClaimedCard]:
    """Up to `limit` cards that may show old news, none of the districts `but`. Where `shown` is the challenge's version,
    nothing need be edited."""
    return await claim(connection, _CLAIM_STALE[connection.dialect.name], ClaimedCard, now, limit, but=but)


async def mark_fresh(connection: AsyncConnection, cards: Sequence[ClaimedCard], shown: int | None) -> bool:
    """They show this version of their challenge. A card stays stale when something moved since it was claimed.

    `cards`: of one claim and one district. `shown`: None for digests, which are about no challenge.
    """
    moved = case((posted.c.stale_at == cards[0].leased_until, None), else_=posted.c.stale_at)
    known = {} if shown is None else {"shown": shown}
    return await mark(connection, posted, cards, leased_until=None, attempts=0, stale_at=moved, **known)


async def mark_stale_later(connection: AsyncConnection, card: ClaimedCard, until: datetime) -> bool:
    """It could not be edited; nobody tries again before `until`."""
    return await mark(connection, posted, [card], leased_until=until, stale_at=until)


async def forget_card(connection: AsyncConnection, card: ClaimedCard) -> bool:
    """It no longer stands there."""
    [holds] = holding([card])
    gone = await connection.execute(delete(posted).where(held(posted, connection.dialect.name)), holds)
    return gone.rowcount == 1


# ----------------------------------------------------------------------------------------------------------- what next


def _first_of(looks: Sequence[Select[Any]]) -> Select[Any]:
    each = union_all(*looks).subquery()
    return select(func.min(each.c.at))


_PLANNED: Final = [*soonest(_TIMERS), *soonest(_MESSAGES)]
_NEXT_DUE: Final = {False: _first_of(_PLANNED), True: _first_of([*_PLANNED, *soonest(_CARDS)])}


async def next_due(connection: AsyncConnection, *, cards: bool = True) -> datetime | None:
    """When something falls due next, leases counted; None when nothing is planned. It may lie in the past.

    `cards`: count the cards that are to be edited, for which nobody waits.
    """
    return cast("datetime | None", await connection.scalar(_NEXT_DUE[cards]))
