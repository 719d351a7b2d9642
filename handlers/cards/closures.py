"""The school is closed, or open after all: the form, and its answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from handlers.cards import meetings as meeting_cards
from handlers.cards import names
from handlers.cards.forms import open_form, sure
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
    Text,
    TextField,
    Words,
)
from handlers.cards.text import Voice, phrases
from storage.directory import Closure, Routine
from storage.models import Occurrence

MOST: Final = 12
"""So many meetings are named in an answer."""


def form(voice: Voice, first: date | None, said: Sequence[Closure]) -> Form:
    """`first`: the day that it offers to close. `said`: what can be taken back instead."""
    back = Choices(
        "back",
        voice("Or take back: there is school after all"),
        tuple(
            Option(item_of(each), voice("{when} ({name})", when=_when(voice, each), name=each.name))
            for each in said[-9:]
        ),
    )
    return open_form(
        voice,
        voice("School is closed"),
        voice("Save"),
        Press("closure"),
        (
            DateField("from", voice("First day without school"), first, required=not said),
            DateField("to", voice("Last day, if there is more than one")),
            TextField("name", voice("Why? (optional)"), placeholder=voice("Snow"), most=60),
            Words(
                voice("Decisions, steps, reminders and meetings move to the next school day. The calendar keeps it.")
            ),
            *((back,) if said else ()),
            sure(voice),
        ),
    )


def item_of(closure: Closure) -> str:
    """How a button names it."""
    return f"{closure.from_on}:{closure.to_on}"


def _when(voice: Voice, closure: Closure) -> str:
    first, last = closure.from_on, closure.to_on
    return voice("{day}", day=first) if first == last else voice("{first} to {last}", first=first, last=last)


@dataclass(frozen=True, slots=True)
class Moved:
    """A meeting that was on a day which is closed now."""

    row: Occurrence
    routine: Routine
    to: date | None
    """None where no other day is left for it."""


def closed(voice: Voice, closure: Closure, again: date, *, dates: int = 0, moved: Sequence[Moved] = ()) -> Card:
    """`dates`: of how many challenges there is another date now."""
    when = _when(voice, closure)
    said = voice("There is no school: {when}. What was due then is due from {again} on.", when=when, again=again)
    quiet = voice("Nobody gets a message from me on a closed day. Those whose dates have moved hear after it.")
    slip = Button(
        voice("Take it back"),
        Press("closure.back", item=item_of(closure)),
        confirm=voice("Is there school after all: {when}?", when=when),
    )
    lines = [_line(voice, each) for each in moved[:MOST]]
    if len(moved) > MOST:
        lines.append(voice(phrases("{n} more meeting", "{n} more meetings", n=len(moved) - MOST)))
    if dates:
        lines.append(voice(phrases("Dates of {n} challenge", "Dates of {n} challenges", n=dates)))
    what = (Heading(voice("What moves")), Items(tuple(lines))) if lines else ()
    return Card(voice("School is closed"), (Text(said), *what, Text(quiet), Buttons((slip,))), summary=said)


def _line(voice: Voice, moved: Moved) -> str:
    name = names.routine(voice, moved.routine, moved.row.team_id)
    if moved.to is None:
        return voice(
            "{name}: cancelled on {day}, and whoever leads it is asked for another date", name=name, day=moved.row.day
        )
    return voice("{name}: from {day} to {to}", name=name, day=moved.row.day, to=moved.to)


def opened(voice: Voice, closures: Sequence[Closure], offered: Sequence[tuple[Occurrence, Routine, date]]) -> Card:
    """`offered`: the meetings that the reader may move back, each with its old day."""
    when = ", ".join(_when(voice, each) for each in closures)
    said = voice("There is school after all: {when}.", when=when)
    stays = voice(
        "What had moved stays where it is, but for what is counted in school days. Those who were told of it hear that."
    )
    body: list[Element] = [Text(said), Note(stays)]
    for row, routine, day in offered:
        body += [
            Text(voice("{name}: {when}", name=names.routine(voice, routine, row.team_id), when=row.starts_at)),
            Buttons((meeting_cards.back_button(voice, row, day),)),
        ]
    return Card(voice("School is open"), tuple(body), summary=said)


def again_form(voice: Voice, row: Occurrence) -> Form:
    day = DateField(
        "day", voice("On which day instead?"), required=True, hint=voice("A closed day becomes the next school day.")
    )
    return open_form(voice, voice("Another date"), voice("Save"), Press("meeting.again", item=row.id), (day,))
