"""One occurrence of a routine: its agenda, what is asked and told of it, and its forms."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from handlers.cards import actions as action_cards
from handlers.cards import lists, names, versions
from handlers.cards.challenge import View
from handlers.cards.model import (
    Button,
    Buttons,
    Card,
    Element,
    Facts,
    Heading,
    Items,
    Link,
    Note,
    Press,
    Quote,
    Text,
)
from handlers.cards.text import At, Phrase, Voice, Who, phrase, phrases
from handlers.rules import kinds
from handlers.rules.routines import Doing, counts
from storage import log
from storage.directory import Routine
from storage.feedback import Found
from storage.models import Event, Occurrence
from storage.models import Record as Said
from storage.occurrences import TO_COME
from storage.vocabulary import (
    ChallengeId,
    Kind,
    MeetingRole,
    OccurrenceStatus,
    PersonId,
    RecordField,
    RoutineKind,
    Rung,
    SchoolId,
    TeamId,
)

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
UNHELD: Final = MappingProxyType(
    {
        OccurrenceStatus.MISSED: "It did not take place on {days}, and there was no other date.",
        OccurrenceStatus.CANCELLED: "Cancelled, without another date: {days}.",
    }
)
UNSAID: Final = "Not on record whether it took place: {days}."
NOTHING: Final[Mapping[ChallengeId, str]] = MappingProxyType({})
LEFT_SHOWN: Final = 20
NAMED: Final = 40
"""So many of those who were there are named in its record."""
TOLD: Final = frozenset({"addressed", "unconfirmed", "leaders"})
LEADERS: Final = frozenset({Rung.EXECUTIVE_LEADER, Rung.SUPERINTENDENT})
DOES: Final = MappingProxyType(
    {
        MeetingRole.FACILITATOR: "{who} facilitates",
        MeetingRole.RECORDER: "{who} records",
        MeetingRole.TIMEKEEPER: "{who} keeps the time",
    }
)
YOU_DO: Final = MappingProxyType(
    {
        MeetingRole.FACILITATOR: "You facilitate it this time.",
        MeetingRole.RECORDER: "You record it this time.",
        MeetingRole.TIMEKEEPER: "You keep the time this time.",
    }
)
COMMENTS: Final = 6
TREND: Final = 4
"""So many of the last ones show how people found them."""
ENOUGH: Final = 3
"""So many must have answered before it shows: of fewer, everybody knows who it was (R-19)."""
QUICK: Final = frozenset(
    {"meeting.held.form", "meeting.missed.form", "meeting.poll.form", "meeting.add.form", "meeting.send"}
    | {"meeting.back", "meeting.again.form"}
)
"""What a line of a digest can be answered with."""
MOST_QUICK: Final = 3


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an agenda: its first lines, and how many there are."""

    name: str
    lines: tuple[log.Line, ...]
    total: int
    late: frozenset[ChallengeId] = frozenset()
    """What is late among them, where that is not what the part is of."""


@dataclass(frozen=True, slots=True)
class AtSchool:
    """What is open at one school."""

    school_id: SchoolId
    lines: tuple[log.Line, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Headline:
    """What the superintendent's page says before anything else, and of time and risks (R-63)."""

    figures: log.Figures
    since: date
    compared: bool
    """On that day there was a check-in: the reader has its figures in mind."""
    compared_twice: bool
    """And one before that."""
    overdue: tuple[log.Line, ...]
    urgent: tuple[log.Line, ...]
    waits: log.Line | None
    """What only the superintendent can decide, and has been with them longest."""


@dataclass(frozen=True, slots=True)
class Agenda:
    """What it is about. `kept`: the team is one that keeps the standing item (R-14)."""

    kept: bool
    today: date
    """What is due until it takes place is not late yet where somebody reads of it before."""
    parts: tuple[Part, ...] = ()
    drafts: tuple[tuple[str, int | None], ...] = ()
    """Versions of the process that wait for approval, and for how many days."""
    pressed: bool = False
    """What only the reader can decide can be opened in place: it is read to decide."""
    decides: frozenset[ChallengeId] = frozenset()
    """On these the reader may write down a decision already: for it the page was sent."""
    promises: tuple[str, ...] = ()
    """What its people have promised each other."""
    limited: bool = False
    """The reader sees a part of the log: of it there may be more."""
    doing: tuple[Doing, ...] = ()
    lines: tuple[str, ...] = ()
    """What stands on it every time: as the district has written it where `own_lines`, else message ids."""
    own_lines: bool = False
    place: str = ""
    headline: Headline | None = None
    feedback: tuple[Found, ...] = ()
    """How the last ones were found, the latest first."""
    schools: tuple[AtSchool, ...] = ()
    comments: tuple[str, ...] = ()
    """What was written of the last one, for who steers it."""
    actions: action_cards.Section = field(default_factory=action_cards.Section)
    """What comes first."""
    unheld: tuple[tuple[date, OccurrenceStatus], ...] = ()
    """Since the last one that took place: those that did not, or of which that is not on record, and what became of each
    (R-15)."""
    reviews: tuple[TeamId, ...] = ()
    """Teams of schools whose last review has no answer to what the district needs to do."""
    unplanned: Press | None = None
    """It is a session, and there is no planning time before it (R-67): where there can be some."""


@dataclass(frozen=True, slots=True)
class Record:
    """What was said of it and gone through in it, as its reader may see it."""

    said: tuple[Said, ...]
    of: Mapping[ChallengeId, log.Line]
    """The challenges that it is about, as they stand now."""
    walked: tuple[log.Line, ...] = ()
    left: tuple[log.Line, ...] = ()
    schools_without: tuple[SchoolId, ...] = ()
    found: Found | None = None
    """How people found it, once nobody says any more how it was (R-18: a poll is of the minutes)."""


@dataclass(frozen=True, slots=True)
class May:
    """What the reader may do with it: all of it, or put something on its agenda and into its notes; `decides`: write
    down what was decided while it is on."""

    steers: bool
    belongs: bool
    decides: bool = False


# ------------------------------------------------------------------------------------------------------- as it stands


def whole(
    voice: Voice, row: Occurrence, routine: Routine, agenda: Agenda | None, record: Record, *,
    now: datetime, may: May, following: datetime | None, file: str = "", pause: datetime | None = None,
    instead: Occurrence | None = None,
) -> Card:  # fmt: skip
    """One occurrence as it stands: when, its agenda while it is to come, and its record when it is over. `pause`: until
    when it has a break. `instead`: the one that is in its place."""
    title = _title(voice, row, routine)
    status = _status(voice, row, routine, now)
    body: list[Element] = [Text(status)]
    if pause:
        body.append(Text(voice("Break until {time}.", time=voice.clock(pause))))
    body += _record(voice, row, record, raises=routine.kind is RoutineKind.SCHOOL_REVIEW)
    if agenda is not None:
        body += _agenda(voice, row, agenda)
    if may.steers and row.invited_at and row.status in TO_COME and now < row.starts_at:
        body.append(Note(voice("Everybody who comes has this agenda, or gets it with their next digest.")))
    body += _in_calendar(voice, file)
    if instead and instead.status in TO_COME:
        body.append(Note(voice("It is on {when} now.", when=instead.starts_at)))
        body.append(Buttons((Button(voice("Show"), Press("meeting.show", item=instead.id)),)))
    elif row.status not in TO_COME and following:
        body.append(Note(voice("Next: {when}", when=following)))
    buttons = list(_buttons(voice, row, routine, agenda, may, now, on_break=pause is not None, instead=instead))
    me = voice.person.id if voice.person else None
    mine = any(each.field is RecordField.AGENDA and each.author_id == me and each.text for each in record.said)
    if mine and row.status in TO_COME and now < row.starts_at:
        press = Press("meeting.lines.form", item=row.id)
        buttons.append(Button(voice("Change what I added"), press, opens_form=True))
    if buttons:
        body.append(Buttons(tuple(buttons)))
    return Card(title, tuple(body), summary=f"{title}. {status}")


def news(
    voice: Voice, row: Occurrence, routine: Routine, event: Event, agenda: Agenda | None, record: Record, *,
    may: May, doing: Sequence[Doing] = (), file: str = "",
) -> Card:  # fmt: skip
    """What a message tells of an occurrence. `file`: where a calendar gets it."""
    title = _title(voice, row, routine)
    intro = _intro(voice, row, routine, event, may)
    if event.kind is Kind.OCCURRENCE_INVITED:  # also where there is room for one line only
        me = voice.person.id if voice.person else None
        where = [voice("Where: {place}", place=routine.place)] if agenda is None and routine.place else []
        intro = " ".join([intro, *(voice(YOU_DO[each.role]) for each in doing if each.person_id == me), *where])
    body: list[Element] = [Text(intro)]
    answers = _answers(voice, row, routine, event, agenda, may)
    if event.kind is Kind.OCCURRENCE_POLLED:
        note = Note(voice("Nobody sees who says what. It takes half a minute."))
        return Card(title, (Text(intro), Buttons(answers), note), summary=f"{title}. {intro}")
    if event.kind is Kind.OCCURRENCE_PREPARED and not may.steers:
        return Card(title, (Text(intro), Buttons(answers)), summary=f"{title}. {intro}")
    body += _record(voice, row, record, raises=routine.kind is RoutineKind.SCHOOL_REVIEW)
    if agenda is not None:
        body += _agenda(voice, row, agenda)
    if event.kind in {Kind.OCCURRENCE_PREPARED, Kind.OCCURRENCE_INVITED}:
        body += _in_calendar(voice, file)
    if answers:
        body.append(Buttons(answers))
    if event.kind in {Kind.OCCURRENCE_PREPARED, Kind.OCCURRENCE_INVITED}:
        body.append(Buttons((_as_it_is(voice, row),)))
    return Card(title, tuple(body), summary=f"{title}. {intro}")


def _answers(
    voice: Voice, row: Occurrence, routine: Routine, event: Event, agenda: Agenda | None, may: May
) -> tuple[Button, ...]:
    """What can be said at once to what a message tells of it."""
    match event.kind:
        case Kind.OCCURRENCE_POLLED:
            poll = Press("meeting.poll.form", item=row.id)
            return (Button(voice("Say how it was"), poll, "primary", opens_form=True),)
        case Kind.OCCURRENCE_PREPARED if not may.steers:
            add = Press("meeting.add.form", item=row.id)
            return (Button(voice("Add to the agenda"), add, "primary", opens_form=True),)
        case Kind.OCCURRENCE_PREPARED | Kind.OCCURRENCE_ASKED:
            return tuple(_buttons(voice, row, routine, agenda, may, event.at))
        case Kind.OCCURRENCE_MOVED if event.data.get("new"):
            return (Button(voice("Show it as it is now"), Press("meeting.show", item=event.data["new"])),)
        case Kind.OCCURRENCE_MAY_RETURN if may.steers:
            return (back_button(voice, row, date.fromisoformat(event.data["to"])),)
        case Kind.OCCURRENCE_CANCELLED if may.steers and event.data.get("why") == "closed":
            return (again_button(voice, row),)
        case _:
            return ()


def line_buttons(voice: Voice, row: Occurrence, routine: Routine, event: Event, may: May) -> tuple[Button, ...]:
    """The answers to its line of a digest; each with its name, for those who hear it read."""
    name = lists.short(names.routine(voice, routine, row.team_id), 40)
    if event.kind is Kind.OCCURRENCE_ASKED:  # after an outage there may be several of one team
        name = voice("{day}: {name}", day=voice.short_day(row.day), name=lists.short(name, 30))
    quick = [each for each in _answers(voice, row, routine, event, None, may) if each.press.action in QUICK][
        :MOST_QUICK
    ]
    shown = [*quick, Button(voice("Show"), Press("meeting.show", item=row.id))]
    return tuple(lists.named(voice, each, name) for each in shown)


def in_room(voice: Voice, row: Occurrence, routine: Routine, event: Event, agenda: Agenda | None) -> Card:
    """The same in a room, where anybody may read: what is on, and none of the words that were said of it."""
    title, intro = _title(voice, row, routine), _intro(voice, row, routine, event, May(False, False))
    body: list[Element] = [Text(intro)]
    if agenda is not None:
        body += _agenda(voice, row, agenda)
    if event.kind is Kind.OCCURRENCE_HELD:
        body.append(Note(voice("Those who belong there have its notes.")))
    return Card(title, tuple(body), summary=f"{title}. {intro}")


def bell(voice: Voice, row: Occurrence, routine: Routine) -> Card:
    """A break is over: on a locked screen, too."""
    title, said = _title(voice, row, routine), voice("The break is over.")
    return Card(title, (Text(said),), summary=f"{said} {title}")


def past(voice: Voice, row: Occurrence, routine: Routine, now: datetime) -> Card:
    """What stands where it was asked about, or invited to, and that is settled: what became of it."""
    title = _title(voice, row, routine)
    said = _status(voice, row, routine, now)
    return Card(title, (Text(said), Buttons((_as_it_is(voice, row),))), summary=f"{title}. {said}")


def _as_it_is(voice: Voice, row: Occurrence) -> Button:
    """What stands in a chat is as old as it is: the agenda has grown since, the meeting is on, or has its record."""
    return Button(voice("Show it as it is now"), Press("meeting.show", item=row.id))


def _title(voice: Voice, row: Occurrence, routine: Routine) -> str:
    return voice("{name}, {when}", name=names.routine(voice, routine, row.team_id), when=row.starts_at)


def _status(voice: Voice, row: Occurrence, routine: Routine, now: datetime) -> str:
    match row.status:
        case OccurrenceStatus.HELD:
            return voice("It took place.") if kinds.meets(routine) else voice("It is done.")
        case OccurrenceStatus.MISSED:
            return voice("It did not take place.") if kinds.meets(routine) else voice("It was not done.")
        case OccurrenceStatus.MOVED:
            return voice("It was moved.")
        case OccurrenceStatus.CANCELLED:
            return voice("It was cancelled.")
        case _ if kinds.meets(routine) and row.starts_at <= now < row.ends_at:
            return voice("It is on now.")
        case _ if row.starts_at <= now:
            return voice("Whether it took place is not on record yet.")
        case _ if not kinds.meets(routine):
            return voice("It is still to come.")
        case _:
            return voice(phrases("It takes {n} minute.", "It takes {n} minutes.", n=row.minutes))


def _off_its_day(row: Occurrence, routine: Routine) -> bool:
    """It was planned on another day than its rule names, because that is closed; what is counted names none itself."""
    return row.day != row.planned_on and not row.in_place_of and not counts(routine.rule)


def _intro(voice: Voice, row: Occurrence, routine: Routine, event: Event, may: May) -> str:
    to = event.data.get("to")
    day = date.fromisoformat(to) if to else None
    match event.kind:
        case Kind.OCCURRENCE_PREPARED if not kinds.meets(routine):
            return voice("It comes up soon.")
        case Kind.OCCURRENCE_PREPARED if not may.steers:
            return voice("Is there something for its agenda? You get it the school day before.")
        case Kind.OCCURRENCE_PREPARED if _off_its_day(row, routine):
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
        case Kind.OCCURRENCE_HELD if not kinds.meets(routine):
            return voice("It is done. This is its record, by {who}.", who=Who(event.actor_id or PersonId("")))
        case Kind.OCCURRENCE_MISSED if not kinds.meets(routine) and day:
            return voice("It was not done. It is now to be on {day}.", day=day)
        case Kind.OCCURRENCE_MISSED if not kinds.meets(routine):
            return voice("It was not done, and has no other date in its month or week yet.")
        case Kind.OCCURRENCE_ADDED_TO if not kinds.meets(routine):
            return voice("Somebody has added something to it.")
        case Kind.OCCURRENCE_ADDED_TO:
            return voice("Something was added to its agenda.")
        case Kind.OCCURRENCE_ASKED if not kinds.meets(routine):
            return voice("Is it done?")
        case Kind.OCCURRENCE_ASKED:
            return voice("Did it take place?")
        case Kind.OCCURRENCE_POLLED:
            return voice("How was it?")
        case Kind.OCCURRENCE_RETIMED:
            return voice("It begins at another time: {when}.", when=row.starts_at)
        case Kind.OCCURRENCE_ROLES if voice.person and event.data["who"] == voice.person.id:
            return voice(YOU_DO[MeetingRole(event.data["role"])])
        case Kind.OCCURRENCE_ROLES:
            return voice("This time: {does}.", does=_role(voice, event))
        case Kind.OCCURRENCE_HELD:
            return voice("It took place. This is its record, by {who}.", who=Who(event.actor_id or PersonId("")))
        case Kind.OCCURRENCE_MISSED if day:
            return voice("It did not take place. It is now to be on {day}.", day=day)
        case Kind.OCCURRENCE_MISSED:
            return voice("It did not take place, and has no other date in its month or week yet.")
        case Kind.OCCURRENCE_MOVED if event.data.get("why") == "closed" and day:
            return voice("There is no school that day any more, so it is moved to {day}.", day=day)
        case Kind.OCCURRENCE_MOVED if event.data.get("why") == "counted" and day:
            return voice("The school days from which it is counted have changed, so it is moved to {day}.", day=day)
        case Kind.OCCURRENCE_MOVED if event.data.get("why") == "changed" and day:
            return voice("The days on which people meet were changed, so it is moved to {day}.", day=day)
        case Kind.OCCURRENCE_MOVED if day:
            return voice("It is moved to {day}.", day=day)
        case Kind.OCCURRENCE_CANCELLED if event.data.get("why") == "together" and day:
            return voice(
                "The school days from which it is counted have changed: it falls together with the one on {day}.",
                day=day,
            )
        case Kind.OCCURRENCE_CANCELLED if event.data.get("why") == "changed":
            return voice("It is not on this day any more: the days on which people meet were changed.")
        case Kind.OCCURRENCE_CANCELLED if event.data.get("why") == "without":
            return voice("You are not expected there any more: others come to it now.")
        case Kind.OCCURRENCE_CANCELLED if event.data.get("why") == "removed":
            return voice("It will not take place: it is not one of the district's routines any more.")
        case Kind.OCCURRENCE_CANCELLED if event.data.get("why") == "closed":
            return voice(
                "There is no school that day any more, and no other school day left for it. Whoever leads it is asked for "
                "another date."
            )
        case Kind.OCCURRENCE_MAY_RETURN if day and row.status is OccurrenceStatus.CANCELLED:
            return voice(
                "There is school on {day} after all. It stays cancelled unless whoever leads it says so.", day=day
            )
        case Kind.OCCURRENCE_MAY_RETURN if day:
            return voice(
                "There is school on {day} after all. It stays on {stays} unless whoever leads it moves it back.",
                day=day,
                stays=row.day,
            )
        case Kind.OCCURRENCE_CANCELLED if day:
            return voice("It is cancelled. In its place there is one on {day}.", day=day)
        case _:
            return voice("It is cancelled, and has no other date in its month or week.")


def _record(voice: Voice, row: Occurrence, record: Record, *, raises: bool) -> Iterator[Element]:
    """`raises`: what was answered may be what the district needs to do, and becomes a challenge by a button (R-69)."""
    decided = [each for each in record.said if each.field is RecordField.DECISION and each.text]
    if decided:
        yield Heading(voice("Decisions"))
    for each in decided:
        if about := record.of.get(each.challenge_id) if each.challenge_id else None:
            yield Text(voice("Decided on {n}:", n=about.number))
        yield Quote(each.text or "", voice("{who}", who=Who(each.author_id)))
    for each in record.said:
        if each.text and each.field is not RecordField.DECISION:
            if each.field is RecordField.ANSWER:
                yield Text(each.question)
            else:
                yield Text(voice(SAID[each.field]))
            yield Quote(each.text, voice("{who}", who=Who(each.author_id)))
            if each.field is RecordField.ANSWER and raises:
                press = Press("meeting.raise.form", item=each.id)
                yield Buttons((Button(voice("Report it as a challenge"), press, opens_form=True),))
    if record.walked:
        numbers = ", ".join(str(each.number) for each in record.walked)
        yield Text(voice("Gone through: {numbers}", numbers=numbers))
    if record.left:
        yield Text(voice(phrases("Not gone through: {n}", "Not gone through: {n}", n=len(record.left))))
        yield Items(tuple(line_of(voice, each) for each in record.left[:LEFT_SHOWN]))
        if len(record.left) > LEFT_SHOWN:
            yield Buttons((_rest_of_left(voice, row, len(record.left) - LEFT_SHOWN, 2),))
    if row.attended_ids:
        there = ", ".join(voice("{who}", who=Who(PersonId(each))) for each in row.attended_ids[:NAMED])
        more = len(row.attended_ids) - NAMED
        if more > 0:
            there = voice(phrases("{names} and {n} more", "{names} and {n} more", names=there, n=more))
        yield Note(voice("There: {names}", names=there))
    if record.found and record.found.answers >= ENOUGH:
        yield Text(voice("How it was: {how}", how=_how(record.found)))
    if record.schools_without:
        names = ", ".join(voice("{school}", school=At(each)) for each in record.schools_without)
        yield Note(voice("No coach was there of: {names}", names=names))


def _rest_of_left(voice: Voice, row: Occurrence, n: int, page: int) -> Button:
    label = voice(phrases("Show the other one", "Show the other {n}", n=n))
    return Button(label, Press("meeting.left", item=f"{row.id} {page}"))


def left(voice: Voice, row: Occurrence, routine: Routine, lines: Sequence[log.Line], page: int) -> Card:
    """A page of what was not gone through, each by its name (R-15)."""
    title = _title(voice, row, routine)
    said = voice(phrases("Not gone through: {n}", "Not gone through: {n}", n=len(lines)))
    first, after = (page - 1) * LEFT_SHOWN, page * LEFT_SHOWN
    rest = len(lines) - after
    more = (Buttons((_rest_of_left(voice, row, rest, page + 1),)),) if rest > 0 else ()
    named = Items(tuple(line_of(voice, each) for each in lines[first:after]))
    return Card(title, (Text(said), named, *more), summary=f"{title}. {said}")


def line_of(voice: Voice, line: log.Line) -> str:
    return voice("{n}: {title}", n=line.number, title=lists.short(line.title or voice("(taken out)"), 90))


def _agenda(voice: Voice, row: Occurrence, agenda: Agenda) -> Iterator[Element]:
    seen_on = min(row.day, agenda.today)
    if agenda.unplanned:
        yield Text(voice("No planning time is set before it."))
        opens = agenda.unplanned.action.endswith(".form")
        yield Buttons((Button(voice("Set planning time"), agenda.unplanned, opens_form=opens),))
    if agenda.headline:
        yield from _headline(voice, agenda.headline, limited=agenda.limited)
    yield from _unheld(voice, agenda.unheld)
    if agenda.place:
        yield Text(voice("Where: {place}", place=agenda.place))
    if agenda.promises:
        yield Text(voice("What we have promised each other:"))
        yield Items(agenda.promises)
    if agenda.doing:
        yield Note("; ".join(_does(voice, each) for each in agenda.doing))
    if agenda.lines:
        yield Items(tuple(each if agenda.own_lines else voice(each) for each in agenda.lines))
    yield from action_cards.on_agenda(voice, agenda.actions)
    yield from _found(voice, agenda.feedback)
    yield from (Quote(lists.short(each, 300)) for each in agenda.comments[:COMMENTS])
    for school in agenda.schools:
        yield Text(voice("Open at {school}: {n}", school=At(school.school_id), n=school.total))
        yield from _lines(voice, seen_on, school.lines, school.total)
    if agenda.reviews:
        teams = ", ".join(voice.directory.teams[each].name for each in agenda.reviews if each in voice.directory.teams)
        yield Text(voice("Their review has no answer yet to what the district needs to do: {teams}", teams=teams))
    if agenda.headline:
        yield from _risks(voice, agenda.headline, seen_on)
    if not agenda.kept:
        return
    yield Heading(voice("Implementation challenges"))
    if not agenda.parts:
        yield Text(voice("None that you can see.") if agenda.limited else voice("None this time."))
    for part in agenda.parts:
        yield Text(voice("{part}: {n}", part=voice(PARTS[part.name]), n=part.total))
        pressed = agenda.pressed and part.name == "top"
        decides = dict.fromkeys(agenda.decides, row.id)
        yield from _lines(voice, seen_on, part.lines, part.total, pressed=pressed, late=part.late, decides=decides)
    if any(part.name in TOLD for part in agenda.parts):
        yield Note(
            voice("Who tells whom? Clearway tells those who raised them. Agree here on who tells everybody else.")
        )
    if agenda.drafts:
        yield Text(voice("Drafts of the process that wait for approval:"))
        yield Items(tuple(_draft(voice, version, days) for version, days in agenda.drafts))
        waiting = {version for version, _ in agenda.drafts}
        here = [each for each in voice.directory.versions.values() if each.version in waiting]
        if agenda.pressed and here:
            yield Buttons(tuple(versions.read(voice, each) for each in here))


def _headline(voice: Voice, of: Headline, *, limited: bool) -> Iterator[Element]:
    """`limited`: the figures are of a part of the log."""
    n = of.figures
    yield Heading(voice("Where we stand"))
    if of.compared and n.open < n.open_then:
        yield Text(voice("Less is open than at the check-in on {day}.", day=of.since))
    elif of.compared and n.open > n.open_then:
        yield Text(voice("More is open than at the check-in on {day}.", day=of.since))
    elif of.compared:
        yield Text(voice("As much is open as at the check-in on {day}.", day=of.since))
    open_ = voice("Open: {n}", n=n.open)
    if of.compared:
        open_ = voice("Open: {n}; on {day}: {then}", n=n.open, day=of.since, then=n.open_then)
    addressed = voice("Addressed since {day}: {n}", n=n.addressed, day=of.since)
    if of.compared_twice:
        addressed = voice(
            "Addressed since {day}: {n}; from the check-in before until then: {then}",
            n=n.addressed,
            day=of.since,
            then=n.addressed_then,
        )
    yield Items((open_, voice("Overdue: {n}", n=n.overdue), addressed))
    if limited:
        yield Note(voice("Only what you can see is counted."))


def _risks(voice: Voice, of: Headline, seen_on: date) -> Iterator[Element]:
    yield Heading(voice("Time and risks"))
    n = of.figures
    if not n.overdue and not n.urgent and not n.unheard and of.waits is None:
        yield Text(voice("Nothing is overdue, urgent, undelivered or waiting."))
    if of.waits:
        since = of.waits.owned_since.astimezone(voice.zone).date()
        yield Text(
            voice(
                "Waiting longest for the superintendent, since {day}: {what}", day=since, what=line_of(voice, of.waits)
            )
        )
    if n.overdue:
        yield Text(voice("Overdue: {n}", n=n.overdue))
        yield from _lines(voice, seen_on, of.overdue, n.overdue)
    if n.urgent:
        yield Text(voice("High urgency: {n}", n=n.urgent))
        yield from _lines(voice, seen_on, of.urgent, n.urgent)
    if n.unheard:
        yield Text(
            voice("Challenges about which somebody could not be reached since {day}: {n}", day=of.since, n=n.unheard)
        )


def _unheld(voice: Voice, unheld: Sequence[tuple[date, OccurrenceStatus]]) -> Iterator[Text]:
    """A month without one shows, whatever the reason (R-15)."""
    days: dict[str, list[str]] = {}
    for day, status in unheld:
        days.setdefault(UNHELD.get(status, UNSAID), []).append(voice("{day}", day=day))
    yield from (Text(voice(said, days="; ".join(named))) for said, named in days.items())


def _draft(voice: Voice, version: str, days: int | None) -> str:
    if days is None:
        return version
    if days == 0:
        return voice("{version}, since today", version=version)
    return voice(phrases("{version}, for {n} day", "{version}, for {n} days", n=days, version=version))


def _lines(
    voice: Voice, seen_on: date, lines: Sequence[log.Line], total: int, *,
    pressed: bool = False, late: Collection[ChallengeId] = (), decides: Mapping[ChallengeId, str] = NOTHING,
) -> Iterator[Element]:  # fmt: skip
    """`seen_on`: the day of which they say what is late. `late`: these are, whatever a line says by itself. `decides`: on
    these the reader may write down a decision, in the meeting of that id."""
    said = [
        voice("Overdue: {line}", line=line) if each.id in late else line
        for each in lines
        for line in [lists.line(voice, each, seen_on)]
    ]
    if not pressed and lines:
        yield Items(tuple(said))
    elif pressed:
        for each, line in zip(lines, said, strict=True):
            yield Text(line)
            buttons = [Button(voice("Show {n}", n=each.number), Press("show", each.id))]
            if meeting := decides.get(each.id):
                press = Press("meeting.decide.form", each.id, meeting)
                buttons.append(Button(voice("Decide {n}", n=each.number), press, opens_form=True))
            yield Buttons(tuple(buttons))
    if total > len(lines):
        yield Note(voice(phrases("And {n} more.", "And {n} more.", n=total - len(lines))))


def _role(voice: Voice, event: Event) -> str:
    return voice(DOES[MeetingRole(event.data["role"])], who=Who(PersonId(event.data["who"])))


def _does(voice: Voice, doing: Doing) -> str:
    said = voice(DOES[doing.role], who=Who(doing.person_id))
    if doing.instead_of is None:
        return said
    return voice("{does} (for {who})", does=said, who=Who(doing.instead_of))


def _how(found: Found) -> Phrase:
    return phrases(
        "useful {useful} of 4, respectful of everybody {respectful} of 4 ({n} answer).",
        "useful {useful} of 4, respectful of everybody {respectful} of 4 ({n} answers).",
        n=found.answers,
        useful=f"{found.useful:.1f}",
        respectful=f"{found.respectful:.1f}",
    )


def _found(voice: Voice, feedback: Sequence[Found]) -> Iterator[Element]:
    """How the last one was found, and those before it: the trend (R-19)."""
    told = [each for each in feedback if each.answers >= ENOUGH]
    if not told:
        return
    last, *before = told
    yield Text(voice("How the last one was: {how}", how=_how(last)))
    if before:
        useful = ", ".join(f"{each.useful:.1f}" for each in before)
        respectful = ", ".join(f"{each.respectful:.1f}" for each in before)
        yield Note(
            voice("Before that: useful {useful}; respectful {respectful}.", useful=useful, respectful=respectful)
        )


def _in_calendar(voice: Voice, file: str) -> Iterator[Element]:
    if file:
        yield Link(voice("Add to my calendar"), file)


def back_button(voice: Voice, row: Occurrence, day: date) -> Button:
    """To its old day, which is no closed day any more."""
    return Button(voice("Back to {day}", day=day), Press("meeting.back", item=row.id))


def again_button(voice: Voice, row: Occurrence) -> Button:
    return Button(voice("Give it another date"), Press("meeting.again.form", item=row.id), opens_form=True)


def _buttons(
    voice: Voice, row: Occurrence, routine: Routine, agenda: Agenda | None, may: May, now: datetime, *,
    on_break: bool = False, instead: Occurrence | None = None,
) -> Iterator[Button]:  # fmt: skip
    me = voice.person.id if voice.person else PersonId("")
    if row.status is OccurrenceStatus.HELD and routine.poll and me in row.attended_ids and me not in row.polled_ids:
        yield Button(voice("Say how it was"), Press("meeting.poll.form", item=row.id), "primary", opens_form=True)
    if row.status is OccurrenceStatus.HELD and may.belongs:
        yield Button(voice("Add a note"), Press("meeting.note.form", item=row.id), opens_form=True)
    if row.status is OccurrenceStatus.CANCELLED and may.steers and not row.dropped and routine.running and not instead:
        yield again_button(voice, row)
    if row.status not in TO_COME or not may.belongs:
        return
    meets = kinds.meets(routine)
    if row.starts_at <= now:
        if may.steers:
            done, undone = ("It took place", "It did not") if meets else ("It is done", "It is not")
            yield Button(voice(done), Press("meeting.held.form", item=row.id), "primary", opens_form=True)
            yield Button(voice(undone), Press("meeting.missed.form", item=row.id), opens_form=True)
    else:
        if meets:
            yield Button(voice("Add to the agenda"), Press("meeting.add.form", item=row.id), opens_form=True)
        if may.steers and row.invited_at is None and row.status is OccurrenceStatus.PREPARED:
            yield Button(voice("Send it now"), Press("meeting.send", item=row.id), "primary")
    if meets and (agenda is None or agenda.kept or routine.log_review):
        label = voice("Go through the log") if routine.log_review else voice("Go through the challenges")
        yield Button(label, Press("meeting.walk", item=row.id))
    if meets:
        yield Button(voice("Add a note"), Press("meeting.note.form", item=row.id), opens_form=True)
    if meets and may.decides and row.starts_at <= now:
        yield Button(voice("Write down a decision"), Press("meeting.decide.form", item=row.id), opens_form=True)
    if on_break:
        yield Button(voice("End the break"), Press("meeting.break.end", item=row.id))
    elif meets and row.starts_at <= now < row.ends_at:
        yield Button(voice("Take a break"), Press("meeting.break.form", item=row.id), opens_form=True)
    if may.steers and meets and now < row.ends_at:
        yield Button(voice("Who does what"), Press("meeting.roles.form", item=row.id), opens_form=True)
    if may.steers and row.starts_at > now:
        if routine.running:
            yield Button(voice("Move it"), Press("meeting.move.form", item=row.id), opens_form=True)
        yield Button(voice("Cancel it"), Press("meeting.cancel.form", item=row.id), opens_form=True)


# ------------------------------------------------------------------------------------------------- gone through


def walk(
    voice: Voice, row: Occurrence, routine: Routine, item: log.Item, seen: View, gone: int, total: int,
    decided: int | None, *, walks: bool, decides: bool,
) -> Card:  # fmt: skip
    """One challenge while the log is gone through: where it stands, with whom, its steps, and what is next (R-15).

    `seen`: the challenge as its reader may see it. `decided`: the number of the one on which something was just decided.
    `walks`: the reader goes through the log for all; `decides`: and writes down decisions by now.
    """
    title = voice("{at} of {total}: challenge {n}", at=gone + 1, total=total, n=item.line.number)
    line = lists.line(voice, item.line, row.day)
    facts = [(voice("Urgency"), voice.label(item.line.urgency))]
    if item.line.type:
        facts.insert(0, (voice("Type"), voice.label(item.line.type)))
    if item.line.next_at:
        facts.append((voice("Looked at next"), voice.day(item.line.next_at.astimezone(voice.zone).date())))
    buttons = []
    if walks:
        looked = Press("meeting.walked", item.line.id, row.id)
        buttons.append(Button(voice("Gone through, next"), looked, "primary"))
    if decides:
        decide = Press("meeting.decide.form", item.line.id, row.id)
        buttons.append(Button(voice("Write down a decision"), decide, opens_form=True))
    buttons.append(Button(voice("Show {n}", n=item.line.number), Press("show", item.line.id)))
    soon = voice("Something of it is due before the next meeting.") if item.due else ""
    if item.late:
        soon = voice("Something of it is overdue.")
    steps = [lists.step(voice, seen.case, each, seen.name(each.owner_id)) for each in seen.case.open_steps]
    body = (
        Note(_title(voice, row, routine)),
        *_written_down(voice, decided),
        Text(line),
        *((Text(soon),) if soon else ()),
        *map(Text, steps),
    )
    return Card(title, (*body, Facts(tuple(facts)), Buttons(tuple(buttons))), summary=line)


def _written_down(voice: Voice, decided: int | None) -> tuple[Element, ...]:
    if decided is None:
        return ()
    return (Note(voice("Written down on challenge {n}. A slip is taken back there.", n=decided)),)


def walked_through(voice: Voice, row: Occurrence, routine: Routine, gone: int, decided: int | None) -> Card:
    title = _title(voice, row, routine)
    said = (
        voice(phrases("All is gone through: {n} challenge.", "All is gone through: {n} challenges.", n=gone))
        if gone
        else voice("Nothing is open here that you can see.")
    )
    body = (*_written_down(voice, decided), Text(said), Buttons((_as_it_is(voice, row),)))
    return Card(title, body, summary=f"{title}. {said}")


def shows(from_on: date) -> Phrase:
    """When it shows what people have said: all of it at once, so that no answer can be told from the others."""
    return phrase("It shows once all have answered, or from {day} on, if at least three have.", day=from_on)


def thanks(voice: Voice, row: Occurrence, routine: Routine, from_on: date) -> Card:
    title = _title(voice, row, routine)
    said = voice("Thank you. {shows}", shows=shows(from_on))
    return Card(title, (Text(said),), summary=said)


def gives(voice: Voice, row: Occurrence, routine: Routine, doing: Sequence[Doing]) -> Card:
    title = _title(voice, row, routine)
    lines = tuple(_does(voice, each) for each in doing)
    return Card(title, (Items(lines),) if lines else (), summary=title)
