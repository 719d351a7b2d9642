"""A district as it is now: read whole from its tables, cached by its revision; people who come, leave and are away.

Every write here raises the district's revision, so that every process reads the new picture with its next request.
"""

import secrets
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, and_, bindparam, delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models, rooms
from storage.directory import (
    Absence,
    CalendarFacts,
    Closure,
    Directory,
    Person,
    ProcessVersion,
    Routine,
    School,
    Summer,
    Team,
)
from storage.models import table
from storage.occurrences import TO_COME
from storage.process import Process
from storage.sealing import Seal
from storage.vocabulary import (
    DistrictId,
    MeetingRole,
    OccurrenceStatus,
    PersonId,
    Platform,
    ProcessStatus,
    SchoolId,
    TeamId,
)

districts: Final = table(models.District)
ledgers: Final = table(models.Ledger)
schools: Final = table(models.School)
people: Final = table(models.Person)
accounts: Final = table(models.Account)
absences: Final = table(models.Absence)
preferences: Final = table(models.Preference)
teams: Final = table(models.Team)
routines: Final = table(models.Routine)
processes: Final = table(models.Process)
occurrences: Final = table(models.Occurrence)

DISTRICTS_CACHED: Final = 256


class UnknownDistrictError(LookupError):
    """No district of this id, or not one that this connection may see."""


class Head(NamedTuple):
    """What a transaction in a district begins with."""

    revision: int
    ledger: models.Ledger


# --------------------------------------------------------------------------------------------------------- reading


async def revision_and_ledger(connection: AsyncConnection, district_id: DistrictId, *, lock: bool) -> Head:
    """The district's revision and its ledger, in one statement; raises UnknownDistrictError.

    With `lock` the transaction holds the ledger to its end, so that writers in one district follow each other. The
    district's row is locked with it, or a writer that had to wait would read the revision from before its wait.
    """
    found = await connection.execute(_HEAD_LOCKED if lock else _HEAD, {"district_id": district_id})
    if (row := found.first()) is None:
        raise UnknownDistrictError(district_id)
    ledger = models.Ledger(district_id=district_id, number=row.number, seq=row.seq, head=row.head)
    return Head(row.revision, ledger)


_HEAD: Final = (
    select(districts.c.revision, ledgers.c.number, ledgers.c.seq, ledgers.c.head)
    .join_from(districts, ledgers, districts.c.id == ledgers.c.district_id)
    .where(districts.c.id == bindparam("district_id"))
)
_HEAD_LOCKED: Final = _HEAD.with_for_update(of=(districts, ledgers), key_share=True)  # SQLite has one writer anyway


async def add_closure(connection: AsyncConnection, district_id: DistrictId, closure: Closure) -> None:
    """There is no school on these days, as somebody has said; an import of the district's file keeps it."""
    calendar = await calendar_of(connection, district_id)
    calendar["closed"] = [*(calendar.get("closed") or ()), _written(closure)]
    await set_calendar(connection, district_id, calendar)


async def take_back_closure(
    connection: AsyncConnection, district_id: DistrictId, closure: Closure, today: date
) -> None:
    """There is school on these days after all, from today on; the days that are past stay as they were."""
    calendar = await calendar_of(connection, district_id)
    mine = _written(closure)
    passed = replace(closure, to_on=today - timedelta(days=1))
    stays = [_written(passed)] if passed.to_on >= passed.from_on else []
    others = [each for each in calendar.get("closed") or () if _is_not(each, mine)]
    await set_calendar(connection, district_id, {**calendar, "closed": [*others, *stays]})


def _written(closure: Closure) -> dict[str, Any]:
    return {"name": closure.name, "from": closure.from_on.isoformat(), "to": closure.to_on.isoformat(), SAID: True}


def _is_not(entry: Mapping[str, Any], said: Mapping[str, Any]) -> bool:
    return any(entry.get(each) != said[each] for each in ("from", "to", SAID))


async def calendar_of(connection: AsyncConnection, district_id: DistrictId) -> dict[str, Any]:
    """The calendar as the section of a district file has it."""
    return dict(await connection.scalar(select(districts.c.calendar).where(districts.c.id == district_id)) or {})


async def set_calendar(connection: AsyncConnection, district_id: DistrictId, calendar: Mapping[str, Any]) -> None:
    """In place of the whole calendar there was."""
    await connection.execute(update(districts).where(districts.c.id == district_id).values(calendar=dict(calendar)))
    await bump_revision(connection, district_id)


SAID: Final = "said"
"""Marks a closure that somebody has said in chat: it stands in no file yet."""
APPLIED: Final = "applied"
"""In a calendar: when a school calendar was applied to it, over which calendar of the district's file."""


async def load_directory(connection: AsyncConnection, district_id: DistrictId) -> tuple[Directory, str]:
    """The whole picture, and the sealed key of the district's ledger; raises UnknownDistrictError."""
    district = (await connection.execute(select(districts).where(districts.c.id == district_id))).first()
    if district is None:
        raise UnknownDistrictError(district_id)

    async def rows(statement: Select[Any]) -> list[Any]:
        return list((await connection.execute(statement)).all())

    versions = await rows(_all(processes, district_id))
    wishes = {row.person_id: row for row in await rows(_preferences(district_id))}
    found = Directory(
        district_id=district.id,
        name=district.name,
        timezone=district.timezone,
        revision=district.revision,
        locale=district.locale,
        word=district.word,
        fictional=district.fictional,
        people=_by_id(_person(row, wishes.get(row.id)) for row in await rows(_all(people, district_id))),
        schools=_by_id(_school(row) for row in await rows(_all(schools, district_id))),
        teams=_by_id(_team(row) for row in await rows(_all(teams, district_id))),
        absences=tuple(_absence(row) for row in await rows(_absences(district_id))),
        routines=tuple(_routine(row) for row in await rows(_all(routines, district_id))),
        rooms=tuple(rooms.of_row(row) for row in await rows(_rooms(district_id))),
        calendar=calendar_facts(district.calendar),
        moved=_moved(await rows(_off_their_day(district_id))),
        versions=_by_id(_version(row) for row in versions if row.rules is not None),
        submitted=tuple((row.version, row.dated) for row in versions if row.status is ProcessStatus.SUBMITTED),
    )
    return found, district.ledger_key


def _all(of: Any, district_id: DistrictId) -> Select[Any]:
    return select(of).where(of.c.district_id == district_id).order_by(of.c.position, of.c.id)


def _off_their_day(district_id: DistrictId) -> Select[Any]:
    """Meetings to come that are in the place of another, and those cancelled that nothing is in the place of."""
    other = occurrences.alias()
    replaced = exists().where(other.c.district_id == district_id, other.c.in_place_of == occurrences.c.id)
    moved = occurrences.c.status.in_(TO_COME) & (occurrences.c.in_place_of != "")
    cancelled = (occurrences.c.status == OccurrenceStatus.CANCELLED) & occurrences.c.dropped.is_(False) & ~replaced
    columns = (occurrences.c[each] for each in ("routine_id", "team_id", "planned_on", "day", "status"))
    return select(*columns).where(occurrences.c.district_id == district_id, moved | cancelled)


def _moved(rows: Sequence[Any]) -> Mapping[tuple[str, TeamId], Mapping[date, date | None]]:
    found: defaultdict[tuple[str, TeamId], dict[date, date | None]] = defaultdict(dict)
    for row in rows:
        found[row.routine_id, row.team_id][row.planned_on] = row.day if row.status in TO_COME else None
    return MappingProxyType(found)


def _absences(district_id: DistrictId) -> Select[Any]:
    """Those of the file first: what somebody entered later is the better known."""
    of_district = select(absences).where(absences.c.district_id == district_id)
    return of_district.order_by(absences.c.from_file.desc(), absences.c.position, absences.c.id)


def _preferences(district_id: DistrictId) -> Select[Any]:
    return select(preferences).where(preferences.c.district_id == district_id)


def _rooms(district_id: DistrictId) -> Select[Any]:
    of = rooms.rooms
    return select(of).where(of.c.district_id == district_id).order_by(of.c.team_id, of.c.platform)


def _by_id(items: Any) -> Mapping[Any, Any]:
    return MappingProxyType({each.id: each for each in items})


def _person(row: Any, wish: Any) -> Person:
    return Person(
        id=row.id,
        name=row.name,
        role=row.role,
        school_ids=tuple(SchoolId(each) for each in row.school_ids),
        authority=frozenset(row.authority),
        spend_limit_usd=row.spend_limit_usd,
        executive_leader=row.executive_leader,
        dit_liaison=row.dit_liaison,
        external=row.external,
        left_on=row.left_on,
        successor_id=row.successor_id,
        timezone=row.timezone,
        locale=row.locale,
        message_from=time.fromisoformat(row.message_from) if row.message_from else None,
        message_to=time.fromisoformat(row.message_to) if row.message_to else None,
        digest_at=time.fromisoformat(wish.digest_at) if wish and wish.digest_at else None,
        email=str((row.kept or {}).get("email") or ""),
        mail_copy=bool(wish and wish.mail_copy),
    )


def _school(row: Any) -> School:
    channels = tuple(row.kept[each] for each in ("slack_channel", "teams_channel") if row.kept.get(each))
    return School(id=row.id, name=row.name, csi=row.csi, team_id=row.team_id, channels=channels)


def _team(row: Any) -> Team:
    return Team(
        id=row.id,
        name=row.name,
        level=row.level,
        school_id=row.school_id,
        lead_id=row.lead_id,
        member_ids=tuple(PersonId(each) for each in row.member_ids),
        uses_process=row.uses_process,
        standing_item=row.standing_item,
        roles=MappingProxyType(
            {MeetingRole(role): tuple(PersonId(each) for each in ids) for role, ids in row.roles.items()}
        ),
        agreements=tuple(row.agreements),
    )


def _absence(row: Any) -> Absence:
    return Absence(
        person_id=row.person_id,
        from_on=row.from_on,
        to_on=row.to_on,
        delegate_id=row.delegate_id,
        delegate_limit_usd=row.delegate_limit_usd,
        above_limit_id=row.above_limit_id,
    )


def _routine(row: Any) -> Routine:
    return Routine(
        id=row.id,
        rule=row.rule,
        start=time.fromisoformat(row.start),
        minutes=row.minutes,
        team_ids=tuple(TeamId(each) for each in row.team_ids),
        person_ids=tuple(PersonId(each) for each in row.person_ids),
        person_roles=tuple(row.person_roles),
        log_review=row.log_review,
        running=row.running,
        name=row.name,
        kind=row.kind,
        place=row.place,
        lead_days=row.lead_days,
        agenda=tuple(row.agenda),
        questions=tuple(row.questions),
        quorum=row.quorum,
        poll=row.poll,
    )


def _version(row: Any) -> ProcessVersion:
    return ProcessVersion(
        id=row.id,
        version=row.version,
        status=row.status,
        process=Process.model_validate(row.rules),
        dated=row.dated,
        submitted_by=row.kept.get("submitted_by"),
        approved_by=row.kept.get("approved_by"),
    )


def calendar_facts(stored: Mapping[str, Any]) -> CalendarFacts:
    """The calendar section of a district file, as its JSON stands in the district's row."""
    summer = stored.get("summer")
    return CalendarFacts(
        first_day=_day(stored.get("first_student_day")),
        last_day=_day(stored.get("last_student_day")),
        closures=tuple(
            Closure(each.get("name") or "", *_span(each), said=bool(each.get(SAID)))
            for each in stored.get("closed") or ()
        ),
        half_days=frozenset(date.fromisoformat(each) for each in stored.get("half_days") or ()),
        summer=Summer(*_span(summer)) if summer else None,
    )


def _span(stored: Mapping[str, str]) -> tuple[date, date]:
    return date.fromisoformat(stored["from"]), date.fromisoformat(stored["to"])


def _day(stored: str | None) -> date | None:
    return date.fromisoformat(stored) if stored else None


class DirectoryCache:
    """The directories last used, one per district. One per process; every task of it may use it."""

    def __init__(self, most: int = DISTRICTS_CACHED) -> None:
        self._most = most
        self._known: OrderedDict[DistrictId, tuple[Directory, str]] = OrderedDict()

    async def get(self, connection: AsyncConnection, district_id: DistrictId, revision: int) -> tuple[Directory, str]:
        """The directory at this revision, and the sealed key of its ledger.

        Only for what is committed: after a write of its own, a transaction calls `load_directory`. What it wrote may
        yet be rolled back, and its revision be given to another.
        """
        known = self._known.get(district_id)
        if known is None or known[0].revision != revision:
            known = await load_directory(connection, district_id)
            self._known[district_id] = known
        self._known.move_to_end(district_id)
        while len(self._known) > self._most:
            self._known.popitem(last=False)
        return known

    def peek(self, district_id: DistrictId) -> Directory | None:
        """The directory at the revision last asked for, whatever the revision is now."""
        known = self._known.get(district_id)
        return known[0] if known else None


# --------------------------------------------------------------------------------------------------------- writing


def new_ledger_key(seal: Seal, district_id: DistrictId) -> str:
    """A fresh key for a district's chain of events, sealed for that district."""
    return seal.seal(secrets.token_hex(32), purpose=f"ledger of {district_id}")


def open_ledger_key(seal: Seal, sealed: str, district_id: DistrictId) -> bytes:
    """The key itself; raises storage.sealing.UnsealError."""
    return str(seal.open(sealed, purpose=f"ledger of {district_id}")).encode()


async def set_standing_item(connection: AsyncConnection, district_id: DistrictId, team_id: TeamId) -> None:
    """The challenges stand on each agenda of that team."""
    mine = (teams.c.district_id == district_id, teams.c.id == team_id)
    await connection.execute(update(teams).where(*mine).values(standing_item=True))


async def bump_revision(connection: AsyncConnection, district_id: DistrictId) -> int:
    """Raises the district's revision and returns it: what others have cached is no longer the present."""
    raised = await connection.execute(
        update(districts)
        .where(districts.c.id == district_id)
        .values(revision=districts.c.revision + 1)
        .returning(districts.c.revision)
    )
    return int(raised.scalar_one())


async def add_person(connection: AsyncConnection, person: models.Person, *their: models.Account) -> None:
    """Somebody new, after all others, with their accounts."""
    await _insert_last(connection, people, person)
    for account in their:
        await connection.execute(insert(accounts).values(_values(accounts, account)))
    await bump_revision(connection, person.district_id)


async def add_account(connection: AsyncConnection, account: models.Account) -> None:
    """One more account of somebody."""
    await connection.execute(insert(accounts).values(_values(accounts, account)))


async def remove_account(
    connection: AsyncConnection, district_id: DistrictId, platform: Platform, workspace_id: str, user_id: str
) -> None:
    """The account is nobody's any more."""
    await connection.execute(
        delete(accounts).where(
            accounts.c.district_id == district_id,
            accounts.c.platform == platform,
            accounts.c.workspace_id == workspace_id,
            accounts.c.user_id == user_id,
        )
    )


async def prefer(connection: AsyncConnection, district_id: DistrictId, person_id: PersonId, platform: Platform) -> None:
    """On this platform they want to hear from us."""
    mine = and_(accounts.c.district_id == district_id, accounts.c.person_id == person_id)
    await connection.execute(update(accounts).where(mine).values(preferred=accounts.c.platform == platform))


async def set_preference(connection: AsyncConnection, wish: models.Preference) -> None:
    """How somebody wants to hear from us; it replaces what they said before."""
    mine = and_(preferences.c.district_id == wish.district_id, preferences.c.person_id == wish.person_id)
    await connection.execute(delete(preferences).where(mine))
    await connection.execute(insert(preferences).values(_values(preferences, wish)))
    await bump_revision(connection, wish.district_id)


async def known_as(
    connection: AsyncConnection,
    district_id: DistrictId,
    here: tuple[Platform, str],
    elsewhere: Collection[tuple[Platform, str, str]],
    *,
    directory_id: str,
    mail: str | None,
    address: str,
) -> PersonId | None:
    """Whom somebody new on this platform is known as from another: by the same directory id or verified address.

    `mail`: the digest of the address, as accounts keep it; the district's file may give the address itself. Never by
    name. None where nobody is, where several are, or where that person has an account here already.
    """
    their = await connection.execute(select(accounts).where(accounts.c.district_id == district_id))
    rows = their.all()
    found = {
        row.person_id
        for row in rows
        if (row.platform, row.workspace_id, row.user_id) in elsewhere
        or (mail is not None and row.mail == mail)
        or (directory_id and directory_id in {row.directory_id, row.user_id})
    }
    if address:
        in_file = await connection.execute(
            select(people.c.id, people.c.kept).where(people.c.district_id == district_id)
        )
        found |= {
            row.id for row in in_file if str((row.kept or {}).get("email") or "").casefold() == address.casefold()
        }
    taken = {row.person_id for row in rows if (row.platform, row.workspace_id) == here}
    return next(iter(found)) if len(found) == 1 and not found & taken else None


async def mark_unreachable(
    connection: AsyncConnection, district_id: DistrictId, person_id: PersonId, where: tuple[Platform, str],
    since: datetime | None,
) -> None:  # fmt: skip
    """Whether they can be reached in a workspace, as the platform itself says; None: they can."""
    theirs = and_(
        accounts.c.district_id == district_id,
        accounts.c.person_id == person_id,
        accounts.c.platform == where[0],
        accounts.c.workspace_id == where[1],
    )
    await connection.execute(update(accounts).where(theirs).values(unreachable_since=since))


async def out_of_reach_since(
    connection: AsyncConnection, district_id: DistrictId, person_id: PersonId, running: Collection[Platform]
) -> datetime | None:
    """Since when no account of theirs takes messages, as far as we know; None while one does, or where they have none.

    `running`: the platforms that this Clearway is on.
    """
    theirs = await connection.scalars(
        select(accounts.c.unreachable_since).where(
            accounts.c.district_id == district_id,
            accounts.c.person_id == person_id,
            accounts.c.platform.in_(sorted(running)),
        )
    )
    since = theirs.all()
    return None if not since or None in since else max(since)


async def platforms_of(connection: AsyncConnection, district_id: DistrictId, person_id: PersonId) -> list[Platform]:
    """Where somebody has an account, the preferred platform first."""
    rows = await connection.scalars(
        select(accounts.c.platform)
        .where(accounts.c.district_id == district_id, accounts.c.person_id == person_id)
        .order_by(accounts.c.preferred.desc(), accounts.c.platform)
    )
    return list(dict.fromkeys(rows))


async def remove_absence(connection: AsyncConnection, district_id: DistrictId, absence_id: str) -> bool:
    """Somebody will not be away after all; False where that absence is no longer there."""
    gone = await connection.execute(
        delete(absences).where(absences.c.district_id == district_id, absences.c.id == absence_id)
    )
    await bump_revision(connection, district_id)
    return gone.rowcount == 1


async def absences_of(
    connection: AsyncConnection, district_id: DistrictId, person_id: PersonId, since: date
) -> list[models.Absence]:
    """When somebody is away, from that day on; the one entered last is the last."""
    theirs = _absences(district_id).where(
        absences.c.person_id == person_id, absences.c.to_on >= since, absences.c.to_on >= absences.c.from_on
    )
    return [models.Absence(**row._mapping) for row in await connection.execute(theirs)]


async def end_absence(connection: AsyncConnection, district_id: DistrictId, absence_id: str, to_on: date) -> bool:
    """An absence ends on that day instead; where that is the day before its first, it covers none. False where there is
    no such absence any more. It stays on record, so that who has begun on something keeps the right to it."""
    changed = await connection.execute(
        update(absences).where(absences.c.district_id == district_id, absences.c.id == absence_id).values(to_on=to_on)
    )
    await bump_revision(connection, district_id)
    return changed.rowcount == 1


async def add_absence(connection: AsyncConnection, absence: models.Absence) -> None:
    """Somebody will be away. Where two absences cover a day, the one added last holds."""
    await _insert_last(connection, absences, absence)
    await bump_revision(connection, absence.district_id)


async def leave(
    connection: AsyncConnection,
    district_id: DistrictId,
    person_id: PersonId,
    last_day: date,
    successor_id: PersonId | None = None,
) -> None:
    """Somebody leaves after `last_day`. They stay in the record; nobody is ever deleted by leaving."""
    await connection.execute(
        update(people)
        .where(and_(people.c.district_id == district_id, people.c.id == person_id))
        .values(left_on=last_day, successor_id=successor_id)
    )
    await bump_revision(connection, district_id)


async def _insert_last(connection: AsyncConnection, into: Any, row: models.Person | models.Absence) -> None:
    last = select(func.coalesce(func.max(into.c.position), -1)).where(into.c.district_id == row.district_id)
    row.position = int((await connection.execute(last)).scalar_one()) + 1
    await connection.execute(insert(into).values(_values(into, row)))


def _values(of: Any, row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in of.c.keys()}  # noqa: SIM118  # a column collection iterates columns
