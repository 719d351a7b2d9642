"""Reminders put off: the form, and what it says goes on."""

from datetime import date

from handlers.cards.forms import open_form
from handlers.cards.model import DateField, Form, Press, TextField, Words
from handlers.cards.text import Voice
from storage.case import Case


def form(voice: Voice, case: Case, first: date, latest: date) -> Form:
    return open_form(
        voice,
        voice("Remind me later"),
        voice("Save"),
        Press("snooze", case.id, version=case.challenge.version),
        (
            TextField("reason", voice("Why? It stands in the history."), multiline=True, required=True),
            DateField(
                "until",
                voice("When shall I remind you again?"),
                first,
                required=True,
                hint=voice("At the latest on {day}.", day=latest),
            ),
            Words(goes_on(voice)),
        ),
    )


def goes_on(voice: Voice) -> str:
    return voice(
        "Only your own reminders wait. Its dates stay as they are, those who raised it hear of it as before, and it goes up "
        "the ladder as if you had been reminded. To let the challenge itself rest, use “Pause until”."
    )
