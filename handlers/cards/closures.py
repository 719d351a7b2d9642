"""The school is closed, or open after all: the form, and its answers."""

from collections.abc import Sequence
from datetime import date

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
    Note,
    Option,
    Press,
    Text,
    TextField,
    Words,
)
from handlers.cards.text import Voice
from storage.directory import Closure, Routine
from storage.models import Occurrence


def form(voice: Voice, today: date, said: Sequence[Closure]) -> Form:
    """`said`: what can be taken back."""
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
            DateField("from", voice("First day without school"), None if said else today, required=not said),
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


def closed(voice: Voice, closure: Closure, again: date) -> Card:
    when = _when(voice, closure)
    said = voice("There is no school: {when}. What was due then is due from {again} on.", when=when, again=again)
    quiet = voice("Nobody gets a message from me on a closed day. Those whose dates have moved hear after it.")
    slip = Button(
        voice("Take it back"),
        Press("closure.back", item=item_of(closure)),
        confirm=voice("Is there school after all: {when}?", when=when),
    )
    return Card(voice("School is closed"), (Text(said), Text(quiet), Buttons((slip,))), summary=said)


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
