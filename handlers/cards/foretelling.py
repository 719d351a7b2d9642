"""What will be sent to somebody next."""

from dataclasses import dataclass
from datetime import datetime

from handlers.cards import lists
from handlers.cards.model import Button, Buttons, Card, Element, Heading, Items, Note, Press, Text
from handlers.cards.text import Voice

LONGEST = 160  # characters of a line: it says what is to come, not all of it


@dataclass(frozen=True, slots=True)
class Coming:
    """One card that will come: when, whether it is the daily digest, and its lines or its title."""

    at: datetime
    digest: bool
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Foretold:
    coming: tuple[Coming, ...]
    until: datetime
    """So far it is known; what comes after depends on what comes before."""


def foretold(voice: Voice, found: Foretold) -> Card:
    title = voice("What I will send you next")
    body: list[Element] = []
    for each in found.coming:
        head = voice("{at}: your daily digest", at=each.at) if each.digest else voice("{at}: by itself", at=each.at)
        body.append(Heading(head))
        body.append(Items(tuple(lists.short(line, LONGEST) for line in each.lines)))
    if found.coming:
        said = voice("Next: {at}", at=found.coming[0].at)
        body.append(Text(voice("That is all until {until}, as things are now.", until=found.until)))
    else:
        said = voice("Nothing until {until}, as things are now.", until=found.until)
        body.append(Text(said))
    body.append(Note(voice("What you and others do changes it; what somebody sends you then comes as well.")))
    body.append(Buttons((Button(voice("My settings"), Press("settings.form"), opens_form=True),)))
    return Card(title, tuple(body), summary=f"{title}. {said}")
