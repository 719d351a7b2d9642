"""The log, whole, for people without chat, for review and for the record: every entry, as CSV or JSON.

The columns are fixed: those of the written process, with the reason for each. A confidential reporter is named in none
of them. Some are still empty, because nothing is kept of them yet; they keep their place, so that a file of today and
one of next year can be laid side by side.
"""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Final

from handlers import actions
from handlers.cards.text import Voice, from_json
from scheduling import recurrence
from scheduling.calendar import Calendar
from storage import log
from storage.case import Case
from storage.models import Event, Step, Words
from storage.store import Store
from storage.vocabulary import ENDED, Answer, Field, Kind, PersonId

CONFIDENTIAL: Final = "confidential"
REDACTED: Final = "[redacted]"
FORMULA: Final = tuple("=+-@\t\r\n\0＝＋－＠")
"""What a spreadsheet takes for the beginning of a formula, https://owasp.org/www-community/attacks/CSV_Injection."""


async def export_log(store: Store, fmt: str, *, now: datetime, restricted_too: bool = False) -> str:
    """The whole log as text. `fmt`: "csv" (RFC 4180) or "json". What is left out is counted in it."""
    rows = [row async for row in rows_for_export(store, now=now, restricted_too=restricted_too)]
    left_out = 0 if restricted_too else await log.count_restricted(store.connection, store.district_id)
    if fmt == "json":
        agreed = await actions.for_export(store, restricted_too=restricted_too)
        return _as_json(store, rows, agreed, left_out, now)
    return _table([column.name for column in COLUMNS], rows, left_out)


async def export_actions(store: Store, *, restricted_too: bool = False) -> str:
    """The action items of meetings as CSV: a table of their own, because those of the log are of the written process."""
    rows = await actions.for_export(store, restricted_too=restricted_too)
    left_out = 0 if restricted_too else len(await actions.for_export(store, restricted_too=True)) - len(rows)
    return _table(actions.EXPORTED, rows, left_out)


async def rows_for_export(
    store: Store, *, now: datetime, restricted_too: bool = False
) -> AsyncIterator[dict[str, Any]]:
    """One entry after the other, by number, as plain values: text, numbers, ISO dates, lists and mappings of these."""
    voice, calendar = Voice(store.directory), Calendar.of(store.directory)
    async for entry in log.entries(store.connection, store.district_id, restricted_too=restricted_too):
        told = _Told(entry.case, entry.history, voice, calendar, now)
        yield {column.name: column.value(told) for column in COLUMNS}


def _as_json(
    store: Store,
    rows: Sequence[Mapping[str, Any]],
    agreed: Sequence[Mapping[str, Any]],
    left_out: int,
    now: datetime,
) -> str:
    whole = {
        "district": store.directory.name,
        "written_at": now.isoformat(),
        "columns": {column.name: column.why for column in COLUMNS},
        "left_out": {"restricted": left_out},
        "entries": rows,
        "action_items": agreed,
    }
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def _table(names: Sequence[str], rows: Iterable[Mapping[str, Any]], left_out: int) -> str:
    file = io.StringIO()
    sheet = csv.writer(file)  # the dialect "excel" is RFC 4180: commas, doubled quotes, CRLF
    sheet.writerow(names)
    sheet.writerows([cell(row[name]) for name in names] for row in rows)
    if left_out:
        sheet.writerow([f"Left out: {left_out} restricted", *[""] * (len(names) - 1)])
    return file.getvalue()


def cell(value: Any) -> str:
    """A value as a spreadsheet may hold it: readable, and never a formula."""
    text = _readable(value)
    return f"'{text}" if text.startswith(FORMULA) and not isinstance(value, int) else text


def _readable(value: Any) -> str:
    match value:
        case None:
            return ""
        case list():
            return "; ".join(map(_readable, value))
        case dict():
            return ", ".join(f"{name.replace('_', ' ')}: {_readable(each)}" for name, each in value.items() if each)
        case _:
            return str(value)


# ------------------------------------------------------------------------------------------------- what is told of one


@dataclass(frozen=True)
class _Told:
    """One challenge, as it may be told outside: names instead of ids, days instead of instants."""

    case: Case
    history: Sequence[Event]
    voice: Voice
    calendar: Calendar
    now: datetime

    @cached_property
    def hidden(self) -> frozenset[PersonId]:
        """The reporters whose name is the coordinator's only."""
        return frozenset(each.person_id for each in self.case.reporters if each.confidential)

    def name(self, person_id: PersonId | None) -> str | None:
        person = self.voice.directory.people.get(person_id) if person_id else None
        return person.name if person else person_id

    def who(self, person_id: PersonId | None) -> str | None:
        """Who said or did something: not, where they are a confidential reporter."""
        return CONFIDENTIAL if person_id in self.hidden else self.name(person_id)

    def day(self, instant: datetime | None) -> str | None:
        return self.calendar.today(instant).isoformat() if instant else None

    def said(self, part: Field) -> str | None:
        return next((_text(each) for each in reversed(self.case.words) if each.field is part), None)

    def words_of(self, event: Event) -> str | None:
        return " ".join(_text(each) for each in self.case.words if each.id in event.words) or None

    @cached_property
    def undone(self) -> frozenset[str]:
        """The acts that were taken back as slips: they stand in the history, and count for nothing."""
        return frozenset(each for event in self.history for each in event.data.get("undone") or ())

    def events(self, *kinds: Kind) -> list[Event]:
        return [each for each in self.history if each.kind in kinds and each.id not in self.undone]

    @property
    def joined(self) -> int | None:
        merged = self.events(Kind.MERGED)
        return merged[-1].data.get("number") if merged else None

    def act(self, event: Event) -> dict[str, Any]:
        return {"on": self.day(event.at), "by": self.who(event.actor_id)}

    @property
    def school(self) -> str | None:
        school_id = self.case.challenge.school_id
        return self.voice.directory.schools[school_id].name if school_id else None

    @property
    def links(self) -> list[str]:
        return [each.link for each in self.case.reporters if each.link and not each.confidential]

    @property
    def assigned(self) -> list[str | None]:
        """The lead owner first, then those who help."""
        return [self.name(self.case.challenge.owner_id), *(self.name(each.person_id) for each in self.case.helpers)]

    @property
    def authority(self) -> str:
        """Why the owner may hold it; without the reason in words where that would name a confidential reporter."""
        challenge = self.case.challenge
        telling = challenge.why and not self.hidden & set(_people_in(challenge.why)) - {challenge.owner_id}
        return f"{challenge.authority}: {self.voice(from_json(challenge.why))}" if telling else str(challenge.authority)

    @property
    def next_at_venue(self) -> str | None:
        challenge = self.case.challenge
        if challenge.status in ENDED:
            return None
        directory = self.voice.directory
        return self.day(
            recurrence.next_at_venue(challenge.venue, challenge.school_id, directory, self.calendar, self.now)
        )

    @property
    def decision(self) -> Event | None:
        """The latest: to act on it by steps (those that a reporter's "partly" adds are none), or to decline it."""
        decided = [
            each
            for each in self.events(Kind.PLANNED, Kind.DECLINED)
            if each.actor_id not in {reporter.person_id for reporter in self.case.reporters}
            or each.actor_id == self.case.challenge.owner_id
        ]
        return decided[-1] if decided else None

    def step(self, step: Step) -> dict[str, Any]:
        text = next((_text(each) for each in self.case.words if each.id == step.words_id), None)
        return {
            "step": text,
            "owner": self.name(step.owner_id),
            "due_on": step.due_on.isoformat(),
            "done_on": self.day(step.done_at),
        }

    @property
    def notes(self) -> list[dict[str, Any]]:
        """What was noted, and what meetings have decided, in order."""
        kept = [each for each in self.case.words if each.field in {Field.NOTE, Field.DECISION}]
        return [
            {"on": self.day(each.said_at), "by": self.who(each.author_id), str(each.field): _text(each)}
            for each in kept
        ]

    @property
    def talks(self) -> list[dict[str, Any]]:
        """Each answer of a reporter and each follow-up talk, in order: when, with whom, how, what was said."""
        return [self.talk(each) for each in self.events(Kind.CONFIRMED, Kind.PARTLY, Kind.REFUSED, Kind.TALKED)]

    def talk(self, event: Event) -> dict[str, Any]:
        how: Mapping[str, Any] = event.data.get("talk") or {}
        answer = event.data.get("answer")
        return {
            "on": how.get("on") or self.day(event.at),
            "with": self.who(event.data.get("reporter")),
            "by": self.who(how.get("by") or event.actor_id),
            "how": how.get("how") or str(event.door),
            "said": self.words_of(event),
            "answer": str(Answer(answer)) if answer else None,
        }

    @property
    def informed(self) -> list[dict[str, Any]]:
        """Whom the process had informed, and when first."""
        first: dict[PersonId, str | None] = {}
        for event in self.history:
            for person_id in event.data.get("informed") or ():
                first.setdefault(person_id, self.day(event.at))
        return [{"who": self.name(person_id), "on": on} for person_id, on in first.items()]


def _text(words: Words) -> str:
    return REDACTED if words.text is None else words.text


def _people_in(stored: Any) -> Iterable[PersonId]:
    """Whom a stored phrase names, its inner phrases included."""
    if isinstance(stored, Mapping):
        if isinstance(person := stored.get("person"), str):
            yield PersonId(person)
        for inner in stored.values():
            yield from _people_in(inner)


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


# ------------------------------------------------------------------------------------------------------------ columns


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    why: str
    value: Callable[[_Told], Any]


COLUMNS: Final = (
    Column("number", "what people call it by", lambda it: it.case.number),
    Column("reported_on", "when it was raised", lambda it: it.day(it.case.challenge.reported_at)),
    Column("dit_aware_on", "the process runs from here", lambda it: it.day(it.case.challenge.dit_aware_at)),
    Column(
        "raised_by",
        "who is asked whether it was addressed; a confidential reporter is not named",
        lambda it: [it.who(each.person_id) for each in it.case.reporters],
    ),
    Column("school", "where it was raised", lambda it: it.school),
    Column("route_in", "how it came in", lambda it: str(it.case.challenge.door)),
    Column("challenge", "what is in the way", lambda it: it.said(Field.WHAT)),
    Column("links", "the messages it came from, but those of confidential reporters", lambda it: it.links),
    Column("type", "part 1 of the process", lambda it: it.case.challenge.type),
    Column("origin", "from inside or outside the district", lambda it: str(it.case.challenge.origin)),
    Column("scope", "where the power to remove it sits", lambda it: _word(it.case.challenge.scope)),
    Column("tags", "what makes a rule more specific", lambda it: list(it.case.challenge.tags)),
    Column("amount_usd", "money asked for", lambda it: it.case.challenge.amount_usd),
    Column("initiative", "the work that it hinders; not kept yet", lambda it: None),
    Column("schools_hit", "which schools it hits; not kept yet", lambda it: None),
    Column("tried", "what the school has tried", lambda it: it.said(Field.TRIED)),
    Column("affected", "who is hit, and how many", lambda it: it.said(Field.AFFECTED)),
    Column("evidence", "its effect, and how we know", lambda it: it.said(Field.EVIDENCE)),
    Column("urgency", "how soon a decision is due", lambda it: str(it.case.challenge.urgency)),
    Column("decide_by", "when a decision is due", lambda it: _iso(it.case.challenge.decide_by)),
    Column("venue", "where it is discussed", lambda it: it.case.challenge.venue),
    Column("venue_next_on", "when it is discussed there next", lambda it: it.next_at_venue),
    Column("assigned_to", "who has it, the lead first", lambda it: it.assigned),
    Column("authority_basis", "why they may decide", lambda it: it.authority),
    Column("accepted_on", "when they took it", lambda it: it.day(it.case.challenge.taken_at)),
    Column("scope_brief", "how big it is, in the owner's words", lambda it: it.said(Field.SCOPE)),
    Column("options", "what could be done", lambda it: it.said(Field.OPTIONS)),
    Column("understood_by", "who confirmed it", lambda it: it.name(it.case.challenge.understood_by_id)),
    Column("understood_on", "when", lambda it: it.day(it.case.challenge.understood_at)),
    Column("decision", "to act by steps, or declined", lambda it: str(it.decision.kind) if it.decision else None),
    Column("decided_by", "who decided", lambda it: it.name(it.decision.actor_id) if it.decision else None),
    Column("decided_on", "when", lambda it: it.day(it.decision.at) if it.decision else None),
    Column("steps", "what is to be done, by whom, by when", lambda it: [it.step(each) for each in it.case.steps]),
    Column("progress", "notes with time and author", lambda it: it.notes),
    Column(
        "effect",
        "what has come of it so far, apart from what was done",
        lambda it: _word(it.case.challenge.effect),
    ),
    Column("status", "where it stands", lambda it: str(it.case.challenge.status)),
    Column("last_acted_on", "the last act of a person on it", lambda it: it.day(it.case.challenge.updated_at)),
    Column("last_reviewed_on", "when the team last went through it; not kept yet", lambda it: None),
    Column("next_look_on", "when it is looked at again", lambda it: it.day(it.case.challenge.next_at)),
    Column("resolved_on", "when the owner said it was removed", lambda it: it.day(it.case.challenge.resolved_at)),
    Column("resolution", "what was done", lambda it: it.said(Field.RESOLUTION)),
    Column("follow_up", "answers and talks: when, with whom, how, what was said", lambda it: it.talks),
    Column("outcome", "confirmed or not confirmed: counted apart", lambda it: _word(it.case.challenge.outcome)),
    Column("joined", "the number of the challenge that it has become part of", lambda it: it.joined),
    Column("closed", "when and by whom", lambda it: [it.act(each) for each in it.events(Kind.CLOSED)]),
    Column("reopened", "when and by whom", lambda it: [it.act(each) for each in it.events(Kind.REOPENED)]),
    Column("informed", "who else was told, and when", lambda it: it.informed),
    Column("plan_goal", "the plan it belongs to; not kept yet", lambda it: None),
    Column(
        "process_version",
        "the rules it ran under",
        lambda it: it.voice.directory.version(it.case.challenge.process_id).version,
    ),
    Column("retention_class", "how long it must be kept; not kept yet", lambda it: None),
    Column("visibility", "who may see it", lambda it: str(it.case.challenge.visibility)),
)


def _word(value: object) -> str | None:
    return str(value) if value else None
