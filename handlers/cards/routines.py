"""Routines and their occurrences: lists, agendas, what is asked and told of them, and their forms."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from handlers.cards import actions as action_cards
from handlers.cards import lists
from handlers.cards.forms import open_form
from handlers.cards.model import (
    Button,
    Buttons,
    Card,
    Choices,
    DateField,
    Element,
    Form,
    Heading,
    Items,
    Note,
    Option,
    Press,
    Quote,
    Text,
    TextField,
)
from handlers.cards.text import Typed, Voice, Who, phrases
from storage import log
from storage.directory import Person, Routine
from storage.models import Event, Occurrence, Record
from storage.vocabulary import Kind, OccurrenceStatus, PersonId, RecordField, Rung, TeamId

PARTS: Final = MappingProxyType(
    {
        "top": "Decisions that only the superintendent can take",
        "led": "With other leaders",
        "confirm": "To confirm, or to open again",
        "overdue": "Overdue",
        "due": "Due before the next meeting",
        "new": "New",
        "leaders": "Decisions for leaders",
        "open": "Also open",
        "unconfirmed": "Closed, not confirmed",
        "addressed": "Addressed since the last meeting",
    }
)
"""The parts of the standing item, in the order in which they are gone through."""
SAID: Final = MappingProxyType(
    {
        RecordField.AGENDA: "On the agenda:",
        RecordField.NOTES: "Notes and decisions:",
        RecordField.REASON: "Why:",
    }
)
LEADERS: Final = frozenset({Rung.EXECUTIVE_LEADER, Rung.SUPERINTENDENT})


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an agenda: its first lines, and how many there are."""

    name: str
    lines: tuple[log.Line, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Agenda:
    """The standing item. `kept`: the team is one that keeps it (R-14)."""

    kept: bool
    parts: tuple[Part, ...]
    drafts: tuple[tuple[str, int | None], ...] = ()
    """Versions of the process that wait for approval, and for how many days."""
    pressed: bool = False
    """Each line can be opened in place: it is read to decide."""
    actions: action_cards.Section = field(default_factory=action_cards.Section)
    """What comes first."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One routine in a list: when it comes up next, and whether the reader may start or stop it."""

    routine: Routine
    at: datetime | None
    steers: bool


def name(voice: Voice, routine: Routine, team_id: TeamId = TeamId("")) -> str:  # noqa: B008  # a plain string
    """What a routine, or a team's part of it, is called: by its teams, else by its people."""
    ids = (team_id,) if team_id else routine.team_ids
    teams = [voice.directory.teams[each].name for each in ids if each in voice.directory.teams]
    if teams:
        return teams[0] if len(teams) == 1 else voice("{team} and others", team=teams[0])
    people = [voice("{who}", who=Who(PersonId(each))) for each in routine.person_ids]
    return voice("Check-in: {people}", people=", ".join(people)) if people else voice.label(routine.id)


# --------------------------------------------------------------------------------------------------------- lists


def all_of(voice: Voice, listed: Sequence[Listed]) -> Card:
    title = voice("Routines")
    if not listed:
        return Card(title, (Text(voice("You belong to no routine that Clearway knows.")),), summary=title)
    body: list[Element] = []
    for each in listed:
        routine = each.routine
        state = voice("Clearway runs it") if routine.running else voice("not run by Clearway")
        when = voice("next {when}", when=each.at) if each.at else voice("no date to come")
        body.append(
            Text(
                voice(
                    "{name}: {rule}, {state}; {when}",
                    name=name(voice, routine),
                    rule=routine.rule,
                    state=state,
                    when=when,
                )
            )
        )
        if each.steers:
            action, label = ("routine.stop", voice("Stop")) if routine.running else ("routine.start", voice("Start"))
            spelt = voice("{do}: {name}", do=label, name=lists.short(name(voice, routine), 40))
            body.append(Buttons((Button(spelt, Press(action, item=routine.id)),)))
    note = voice(
        "Of what it runs, Clearway plans the dates, sends the agenda, asks whether it took place, and keeps the record."
    )
    return Card(title, (*body, Note(note)), summary=title)


def runs(voice: Voice, routine: Routine, coming: Sequence[Occurrence]) -> Card:
    """The answer to who starts or stops one."""
    if not routine.running:
        said = voice("Clearway plans and asks nothing more of it. What is planned stands.")
        return Card(name(voice, routine), (Text(said),), summary=said)
    said = voice("Clearway runs it from now on. Whoever leads it gets each agenda first.")
    lines = tuple(
        voice("{name}: {when}", name=name(voice, routine, each.team_id), when=each.starts_at) for each in coming
    )
    return Card(name(voice, routine), (Text(said), *((Items(lines),) if lines else ())), summary=said)


def next_ones(voice: Voice, coming: Sequence[tuple[Occurrence, Routine]]) -> Card:
    title = voice("Your next meetings")
    if not coming:
        hint = voice("None that Clearway runs. {command} shows them all.", command=Typed("/clearway routines"))
        return Card(title, (Text(hint),), summary=hint)
    return Card(title, tuple(_each(voice, coming)), summary=title)


def on_home(voice: Voice, coming: Sequence[tuple[Occurrence, Routine]]) -> tuple[Element, ...]:
    """The next ones, on Home; nothing where there are none."""
    return (Heading(voice("Your next meetings")), *_each(voice, coming)) if coming else ()


def _each(voice: Voice, coming: Sequence[tuple[Occurrence, Routine]]) -> Iterator[Element]:
    for row, routine in coming:
        yield Text(voice("{name}: {when}", name=name(voice, routine, row.team_id), when=row.starts_at))
        yield Buttons((Button(voice("Show {day}", day=row.day), Press("meeting.show", item=row.id)),))


# ------------------------------------------------------------------------------------------------------ one of them


def whole(
    voice: Voice, row: Occurrence, routine: Routine, agenda: Agenda | None, said: Sequence[Record], *,
    now: datetime, steers: bool, following: datetime | None,
) -> Card:  # fmt: skip
    """One occurrence as it stands: when, its agenda while it is to come, and its record when it is over."""
    title = _title(voice, row, routine)
    body: list[Element] = [Text(_status(voice, row, now))]
    body += _record(voice, row, said)
    if agenda is not None:
        body += _agenda(voice, agenda)
    if row.status not in {OccurrenceStatus.PLANNED, OccurrenceStatus.PREPARED} and following:
        body.append(Note(voice("Next: {when}", when=following)))
    if steers and (buttons := tuple(_buttons(voice, row, now))):
        body.append(Buttons(buttons))
    return Card(title, tuple(body), summary=f"{title}. {_status(voice, row, now)}")


def news(
    voice: Voice, row: Occurrence, routine: Routine, event: Event, agenda: Agenda | None, said: Sequence[Record], *,
    steers: bool,
) -> Card:  # fmt: skip
    """What a message tells of an occurrence."""
    title = _title(voice, row, routine)
    intro = _intro(voice, row, event)
    body: list[Element] = [Text(intro), *_record(voice, row, said)]
    if agenda is not None:
        body += _agenda(voice, agenda)
    if steers and event.kind in {Kind.OCCURRENCE_PREPARED, Kind.OCCURRENCE_ASKED}:
        body.append(Buttons(tuple(_buttons(voice, row, event.at))))
    return Card(title, tuple(body), summary=f"{title}. {intro}")


def in_room(voice: Voice, row: Occurrence, routine: Routine, event: Event, agenda: Agenda | None) -> Card:
    """The same in a room, where anybody may read: what is on, and none of the words that were said of it."""
    title, intro = _title(voice, row, routine), _intro(voice, row, event)
    body: list[Element] = [Text(intro)]
    if agenda is not None:
        body += _agenda(voice, agenda)
    if event.kind is Kind.OCCURRENCE_HELD:
        body.append(Note(voice("Those who belong there have its notes.")))
    return Card(title, tuple(body), summary=f"{title}. {intro}")


def past(voice: Voice, row: Occurrence, routine: Routine) -> Card:
    title = _title(voice, row, routine)
    said = voice("This agenda is past.")
    return Card(title, (Text(said),), summary=f"{title}. {said}")


def _title(voice: Voice, row: Occurrence, routine: Routine) -> str:
    return voice("{name}, {when}", name=name(voice, routine, row.team_id), when=row.starts_at)


def _status(voice: Voice, row: Occurrence, now: datetime) -> str:
    match row.status:
        case OccurrenceStatus.HELD:
            return voice("It took place.")
        case OccurrenceStatus.MISSED:
            return voice("It did not take place.")
        case OccurrenceStatus.MOVED:
            return voice("It was moved.")
        case OccurrenceStatus.CANCELLED:
            return voice("It was cancelled.")
        case _ if row.starts_at <= now:
            return voice("Whether it took place is not on record yet.")
        case _:
            return voice(phrases("It takes {n} minute.", "It takes {n} minutes.", n=row.minutes))


def _intro(voice: Voice, row: Occurrence, event: Event) -> str:
    to = event.data.get("to")
    day = date.fromisoformat(to) if to else None
    match event.kind:
        case Kind.OCCURRENCE_PREPARED if row.day != row.planned_on:
            return voice(
                "This is what it is about so far. It is on {day}, because there is no school on {planned}. Everybody else "
                "gets it the school day before.",
                day=row.day,
                planned=row.planned_on,
            )
        case Kind.OCCURRENCE_PREPARED:
            return voice("This is what it is about so far. Everybody else gets it the school day before.")
        case Kind.OCCURRENCE_INVITED:
            return voice("This is what it is about.")
        case Kind.OCCURRENCE_ADDED_TO:
            return voice("Something was added to its agenda.")
        case Kind.OCCURRENCE_ASKED:
            return voice("Did it take place? One press is enough.")
        case Kind.OCCURRENCE_HELD:
            return voice("It took place. This is its record, by {who}.", who=Who(event.actor_id or PersonId("")))
        case Kind.OCCURRENCE_MISSED if day:
            return voice("It did not take place. It is now to be on {day}.", day=day)
        case Kind.OCCURRENCE_MISSED:
            return voice("It did not take place, and has no other date in its month or week yet.")
        case Kind.OCCURRENCE_MOVED if event.data.get("why") == "closed" and day:
            return voice("There is no school that day any more, so it is moved to {day}.", day=day)
        case Kind.OCCURRENCE_MOVED if day:
            return voice("It is moved to {day}.", day=day)
        case Kind.OCCURRENCE_CANCELLED if event.data.get("why") == "closed":
            return voice("There is no school that day any more, and no other school day left for it.")
        case Kind.OCCURRENCE_CANCELLED if day:
            return voice("It is cancelled. In its place there is one on {day}.", day=day)
        case _:
            return voice("It is cancelled, and has no other date in its month or week.")


def _record(voice: Voice, row: Occurrence, said: Sequence[Record]) -> Iterator[Element]:
    for each in said:
        if each.text:
            yield Text(voice(SAID[each.field]))
            yield Quote(each.text, voice("{who}", who=Who(each.author_id)))
    if row.attended_ids:
        there = ", ".join(voice("{who}", who=Who(PersonId(each))) for each in row.attended_ids)
        yield Note(voice("There: {names}", names=there))


def _agenda(voice: Voice, agenda: Agenda) -> Iterator[Element]:
    yield from action_cards.on_agenda(voice, agenda.actions)
    if not agenda.kept:
        return
    yield Heading(voice("Implementation challenges"))
    if not agenda.parts:
        yield Text(voice("None this time."))
    for part in agenda.parts:
        yield Text(voice("{part}: {n}", part=voice(PARTS[part.name]), n=part.total))
        lines = tuple(
            voice("{n}: {title}", n=each.number, title=lists.short(each.title or voice("(taken out)"), 90))
            for each in part.lines
        )
        if agenda.pressed:
            for each, line in zip(part.lines, lines, strict=True):
                yield Text(line)
                yield Buttons((Button(voice("Show {n}", n=each.number), Press("show", each.id)),))
        else:
            yield Items(lines)
        if part.total > len(lines):
            yield Note(voice(phrases("And {n} more.", "And {n} more.", n=part.total - len(lines))))
    if agenda.drafts:
        yield Text(voice("Drafts of the process that wait for approval:"))
        yield Items(
            tuple(
                voice(phrases("{version}, for {n} day", "{version}, for {n} days", n=days, version=version))
                if days is not None
                else version
                for version, days in agenda.drafts
            )
        )


def _buttons(voice: Voice, row: Occurrence, now: datetime) -> Iterator[Button]:
    if row.status not in {OccurrenceStatus.PLANNED, OccurrenceStatus.PREPARED}:
        return
    if row.starts_at <= now:
        yield Button(voice("It took place"), Press("meeting.held.form", item=row.id), "primary", opens_form=True)
        yield Button(voice("It did not"), Press("meeting.missed.form", item=row.id), opens_form=True)
        return
    yield Button(voice("Add to the agenda"), Press("meeting.add.form", item=row.id), opens_form=True)
    if row.invited_at is None and row.status is OccurrenceStatus.PREPARED:
        yield Button(voice("Send it now"), Press("meeting.send", item=row.id), "primary")
    yield Button(voice("Move it"), Press("meeting.move.form", item=row.id), opens_form=True)
    yield Button(voice("Cancel it"), Press("meeting.cancel.form", item=row.id), opens_form=True)


# ---------------------------------------------------------------------------------------------------------- forms


def held_form(voice: Voice, row: Occurrence, there: Sequence[Person]) -> Form:
    options = tuple(Option(each.id, each.name, voice.role(each.role)) for each in there[:100])
    inside = tuple(each.id for each in there[:100] if not each.external)
    return open_form(
        voice,
        voice("It took place"),
        voice("Save"),
        Press("meeting.held", item=row.id),
        (
            Choices("there", voice("Who was there?"), options, inside),
            TextField(
                "notes",
                voice("Notes and decisions (optional)"),
                multiline=True,
                hint=voice("Everybody who belongs there gets them."),
            ),
        ),
    )


def add_form(voice: Voice, row: Occurrence, *, check_in: bool) -> Form:
    hint = voice("A headline from the data, time and risks, wins: in a few lines.") if check_in else ""
    words = TextField("words", voice("What else is to be on it?"), multiline=True, required=True, hint=hint)
    return open_form(voice, voice("Add to the agenda"), voice("Save"), Press("meeting.add", item=row.id), (words,))


def missed_form(voice: Voice, row: Occurrence, latest: date) -> Form:
    return open_form(
        voice,
        voice("It did not take place"),
        voice("Save"),
        Press("meeting.missed", item=row.id),
        (_why(voice), _new_date(voice, latest)),
    )


def cancel_form(voice: Voice, row: Occurrence, latest: date) -> Form:
    return open_form(
        voice,
        voice("Cancel it"),
        voice("Cancel the meeting"),
        Press("meeting.cancel", item=row.id),
        (_why(voice), _new_date(voice, latest)),
    )


def move_form(voice: Voice, row: Occurrence) -> Form:
    day = DateField(
        "day", voice("To which day?"), required=True, hint=voice("A closed day becomes the next school day.")
    )
    return open_form(voice, voice("Move it"), voice("Move it"), Press("meeting.move", item=row.id), (day, _why(voice)))


def _why(voice: Voice) -> TextField:
    return TextField("reason", voice("Why?"), multiline=True, required=True, hint=voice("Those who come read it."))


def _new_date(voice: Voice, latest: date) -> DateField:
    return DateField("day", voice("On which day instead?"), hint=voice("A school day until {day}.", day=latest))
