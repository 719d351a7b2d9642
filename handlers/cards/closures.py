"""The school is closed: the form, and its answer."""

from datetime import date

from handlers.cards.forms import open_form
from handlers.cards.model import Card, DateField, Form, Press, Text, TextField, Words
from handlers.cards.text import Voice


def form(voice: Voice, today: date) -> Form:
    return open_form(
        voice,
        voice("School is closed"),
        voice("Save"),
        Press("closure"),
        (
            DateField("from", voice("First day without school"), today, required=True),
            DateField("to", voice("Last day, if there is more than one")),
            TextField("name", voice("Why? (optional)"), placeholder=voice("Snow"), most=60),
            Words(
                voice("Decisions, steps, reminders and meetings move to the next school day. The calendar keeps it.")
            ),
        ),
    )


def closed(voice: Voice, first: date, last: date, again: date) -> Card:
    when = voice("{day}", day=first) if first == last else voice("{first} to {last}", first=first, last=last)
    said = voice("There is no school: {when}. What was due then is due from {again} on.", when=when, again=again)
    quiet = voice("Nobody gets a message from me on a closed day. Those whose dates have moved hear after it.")
    return Card(voice("School is closed"), (Text(said), Text(quiet)), summary=said)
