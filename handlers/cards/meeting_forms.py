"""Forms around a meeting: who was there, what was decided, another date, how it was."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Final

from handlers.cards.forms import open_form
from handlers.cards.meetings import line_of, shows
from handlers.cards.model import Choice, Choices, DateField, Form, FormField, Option, Press, TextField, Words
from handlers.cards.text import Voice, phrases
from handlers.rules import kinds
from handlers.rules.routines import Doing
from storage import log
from storage.directory import Person, Routine
from storage.models import Occurrence, Record
from storage.vocabulary import MeetingRole, PersonId

MOST_THERE: Final = 100  # options of a menu
SCALE: Final = ("1", "2", "3", "4")
BREAKS: Final = ("5", "10", "15", "20", "30", "45", "60")
"""So many minutes a break may take."""
A_BREAK: Final = "10"


def held_form(
    voice: Voice, row: Occurrence, routine: Routine, there: Sequence[Person], came: Collection[PersonId]
) -> Form:  # fmt: skip
    """`came`: those of whom it is thought that they were there, so that only who was not has to be taken out."""
    options = tuple(Option(each.id, each.name, voice.role(each.role)) for each in there[:MOST_THERE])
    inside = tuple(each.id for each in there[:MOST_THERE] if each.id in came and not each.external)
    meets = kinds.meets(routine)
    hint = ""
    if routine.quorum:
        hint = voice(phrases("It counts when {n} was there.", "It counts when {n} were there.", n=routine.quorum))
    if len(there) > MOST_THERE:
        left = len(there) - MOST_THERE
        many = phrases(
            "There is no room for {n} more: name them in the notes.",
            "There is no room for {n} more: name them in the notes.",
            n=left,
        )
        hint = f"{voice(many)} {hint}".strip()
    attended = Choices(
        "there",
        voice("Who was there?"),
        options,
        inside,
        hint=hint,
    )
    asked = tuple(
        TextField(each.name, each.words if each.own else voice(each.words), multiline=True)
        for each in kinds.questions(routine)
    )
    notes = TextField(
        "notes",
        voice("Notes and decisions (optional)"),
        multiline=True,
        hint=voice("Everybody who belongs there gets them."),
    )
    title = voice("It took place") if meets else voice("It is done")
    fields: tuple[FormField, ...] = (attended, *asked, notes) if meets else (*asked, notes)
    return open_form(voice, title, voice("Save"), Press("meeting.held", item=row.id), fields)


def note_form(voice: Voice, row: Occurrence) -> Form:
    words = TextField("words", voice("Your note"), multiline=True, required=True)
    return open_form(voice, voice("Add a note"), voice("Save"), Press("meeting.note", item=row.id), (words,))


def break_form(voice: Voice, row: Occurrence) -> Form:
    lengths = tuple(Option(each, voice(phrases("{n} minute", "{n} minutes", n=int(each)))) for each in BREAKS)
    hint = voice("You hear when it is over, and so does the team's room, if Clearway writes there.")
    minutes = Choice("minutes", voice("How long?"), lengths, A_BREAK, required=True, hint=hint)
    return Form(voice("Take a break"), voice("Start"), Press("meeting.break", item=row.id), (minutes,))


def decide_form(voice: Voice, row: Occurrence, line: log.Line | None) -> Form:
    """`line`: the challenge that it is about; None where it is about none."""
    about = (Words(line_of(voice, line)),) if line else ()
    hint = voice("It stands in the minutes, which everybody who belongs there gets.")
    if line:
        hint = voice("It stands in the minutes and on the challenge, and those concerned get it.")
    words = TextField("words", voice("What was decided?"), multiline=True, required=True, hint=hint)
    press = Press("meeting.decide", line.id, row.id) if line else Press("meeting.decide", item=row.id)
    return open_form(voice, voice("A decision"), voice("Save"), press, (*about, words))


def roles_form(voice: Voice, row: Occurrence, doing: Sequence[Doing], there: Sequence[Person]) -> Form:
    options = tuple(Option(each.id, each.name, voice.role(each.role)) for each in there[:100] if not each.external)
    does = {each.role: each.person_id for each in doing}
    known = {each.value for each in options}
    fields = tuple(
        Choice(str(role), voice.label(role), options, does[role] if does.get(role) in known else "")
        for role in MeetingRole
    )
    return Form(voice("Who does what"), voice("Save"), Press("meeting.roles", item=row.id), fields)


def poll_form(voice: Voice, row: Occurrence, from_on: date) -> Form:
    """Two questions and room for words; one of them asks how people were spoken of (R-19). `from_on`: it shows then."""
    labels = (voice("1: not at all"), voice("2: a little"), voice("3: mostly"), voice("4: very"))
    options = tuple(Option(value, label) for value, label in zip(SCALE, labels, strict=True))
    return open_form(
        voice,
        voice("How was it?"),
        voice("Send"),
        Press("meeting.poll", item=row.id),
        (
            Choice("useful", voice("Was it worth your time?"), options, required=True),
            Choice(
                "respectful",
                voice("Were all kinds of people spoken of with respect, and for their strengths?"),
                options,
                required=True,
            ),
            TextField("words", voice("What should be different? (optional)"), multiline=True),
            Words(voice("Your name is not kept with it. {shows}", shows=shows(from_on))),
        ),
    )


MOST_LINES: Final = 8
"""So many lines of one's own, the latest, can be changed in one form."""


def lines_form(voice: Voice, row: Occurrence, lines: Sequence[Record]) -> Form:
    hint = voice("Empty: it is taken out.")
    fields = tuple(
        TextField(each.id, voice("Line {n}", n=n), each.text or "", multiline=True, hint=hint)
        for n, each in enumerate(lines, start=1)
    )
    press = Press("meeting.lines", item=row.id)
    return open_form(voice, voice("Change what you added"), voice("Save"), press, fields)


def add_form(voice: Voice, row: Occurrence, *, check_in: bool) -> Form:
    hint = voice("A headline from the data, time and risks, wins: in a few lines.") if check_in else ""
    words = TextField("words", voice("What else is to be on it?"), multiline=True, required=True, hint=hint)
    return open_form(voice, voice("Add to the agenda"), voice("Save"), Press("meeting.add", item=row.id), (words,))


def missed_form(voice: Voice, row: Occurrence, routine: Routine, latest: date | None) -> Form:
    """`latest`: the last day on which it can still be; None where Clearway does not run it."""
    return open_form(
        voice,
        voice("It did not take place") if kinds.meets(routine) else voice("It is not done"),
        voice("Save"),
        Press("meeting.missed", item=row.id),
        (_why(voice), *_new_date(voice, latest)),
    )


def cancel_form(voice: Voice, row: Occurrence, latest: date | None) -> Form:
    return open_form(
        voice,
        voice("Cancel it"),
        voice("Cancel it"),
        Press("meeting.cancel", item=row.id),
        (_why(voice), *_new_date(voice, latest)),
    )


def move_form(voice: Voice, row: Occurrence) -> Form:
    day = DateField(
        "day", voice("To which day?"), required=True, hint=voice("A closed day becomes the next school day.")
    )
    return open_form(voice, voice("Move it"), voice("Move it"), Press("meeting.move", item=row.id), (day, _why(voice)))


def _why(voice: Voice) -> TextField:
    return TextField("reason", voice("Why?"), multiline=True, required=True, hint=voice("Those who come read it."))


def _new_date(voice: Voice, latest: date | None) -> Iterator[DateField]:
    if latest:
        yield DateField("day", voice("On which day instead?"), hint=voice("A school day until {day}.", day=latest))
