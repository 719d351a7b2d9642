"""Versions of the written process: what is to come, what it says and changes, and the buttons by which it is decided."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from handlers.cards import written
from handlers.cards.forms import open_form
from handlers.cards.model import Button, Buttons, Card, Element, Form, Heading, Note, Press, Quote, Text, TextField
from handlers.cards.text import Phrase, Voice, Who, phrase, phrases
from handlers.rules import versions as rules
from handlers.rules.versions import TO_COME, Move
from storage.directory import Directory, ProcessVersion
from storage.models import Remark
from storage.vocabulary import PersonId, ProcessStatus

BUTTONS: Final = {
    Move.APPROVE: ("version.approve", "Approve it", "primary"),
    Move.RETURN: ("version.return.form", "Return it with a comment", "plain"),
    Move.ENACT: ("version.enact", "Bring it into force", "primary"),
    Move.SUBMIT: ("version.submit", "Submit it for approval", "primary"),
    Move.PRACTISE: ("version.practised", "We have practised it", "plain"),
    Move.TAKE_BACK: ("version.take_back", "Take it back", "plain"),
}
"""The action, label and style of each move. All carry the digest of the text that they stand under."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A version as its reader may have it: what they can do with it now, and what was said when it was returned."""

    version: ProcessVersion
    moves: tuple[Move, ...]
    said: Remark | None
    today: date


def key(voice: Voice, version: ProcessVersion) -> str:
    """The version, and the text that was shown of it."""
    return f"{version.id}/{rules.shown(version, voice.directory.in_force)}"


# --------------------------------------------------------------------------------------------------------- lists


def listed(voice: Voice, to_come: Sequence[ProcessVersion], directory: Directory, today: date) -> Iterator[Element]:
    """Below the process in force: its whole text, and the versions to come."""
    whole = Button(voice("The whole text"), Press("version.text", item=f"{directory.in_force.id}/1"))
    yield Buttons((whole,))
    if not to_come:
        return
    yield Heading(voice("Versions to come"))
    for each in to_come:
        yield Text(voice(state(each, today)))
        yield Buttons((read(voice, each),))
    here = {each.version for each in to_come}
    for label, _ in directory.waiting(today):
        if label not in here:
            yield Note(
                voice("{version} waits for approval, and its text is not here: it comes with the file.", version=label)
            )


def on_home(voice: Voice, waiting: Sequence[ProcessVersion], today: date) -> Iterator[Element]:
    """What waits for this leader, on Home; nothing where nothing does."""
    if waiting:
        yield Heading(voice("Waits for your approval"))
    for each in waiting:
        yield Text(voice(state(each, today)))
        yield Buttons((read(voice, each),))


def read(voice: Voice, version: ProcessVersion) -> Button:
    """Opens it in place."""
    return Button(voice("Read {version}", version=version.version), Press("version.show", item=f"{version.id}/1"))


def state(version: ProcessVersion, today: date) -> Phrase:
    """How it stands, since when, and by whom."""
    name, day = version.version, version.dated or today
    by = version.submitted_by
    match version.status:
        case ProcessStatus.SUBMITTED if by and day >= today:
            return phrase(
                "Version {version} waits for approval since today. {who} submitted it.", version=name, who=Who(by)
            )
        case ProcessStatus.SUBMITTED if by:
            return phrases(
                "Version {version} waits for approval, for {n} day. {who} submitted it.",
                "Version {version} waits for approval, for {n} days. {who} submitted it.",
                n=(today - day).days, version=name, who=Who(by),
            )  # fmt: skip
        case ProcessStatus.SUBMITTED:
            return phrase("Version {version} waits for approval.", version=name)
        case ProcessStatus.APPROVED:
            return phrase("Version {version} is approved, and not in force yet.", version=name)
        case ProcessStatus.IN_FORCE if version.approved_by and version.dated:
            return phrase(
                "Version {version} is in force since {day}. {who} approved it.",
                version=name, day=day, who=Who(version.approved_by),
            )  # fmt: skip
        case ProcessStatus.IN_FORCE:
            return phrase("Version {version} is in force.", version=name)
        case ProcessStatus.REPLACED:
            return phrase("Version {version} was replaced on {day}.", version=name, day=day)
        case ProcessStatus.PRACTISED:
            return phrase("Version {version} was practised, and is not submitted yet.", version=name)
        case _:
            return phrase("Version {version} is a draft.", version=name)


# -------------------------------------------------------------------------------------------------------- one of them


def one(voice: Voice, seen: Seen, *, page: int = 1, intro: str = "") -> Card:
    """What a version changes, part by part, with the buttons under the last page: who presses has had it all before
    them. Of the version in force, its whole text."""
    version, in_force = seen.version, voice.directory.in_force
    if version.status not in TO_COME:
        return text(voice, seen, page=page, intro=intro)
    head = _head(voice, seen, page, intro)
    head.append(Note(voice("This is what it changes against version {version}, in force.", version=in_force.version)))
    pages = written.changed_pages(voice, version.process, in_force.process)
    return _paged(voice, seen, "version.show", head, pages, page)


def text(voice: Voice, seen: Seen, *, page: int = 1, intro: str = "") -> Card:
    """The whole text of a version."""
    pages = written.whole_pages(voice, seen.version.process)
    return _paged(voice, seen, "version.text", _head(voice, seen, page, intro), pages, page)


def _head(voice: Voice, seen: Seen, page: int, intro: str) -> list[Element]:
    if page > 1:
        return []
    head: list[Element] = [Text(intro)] if intro else []
    head.append(Text(voice(state(seen.version, seen.today))))
    if seen.said and seen.said.text and seen.version.status in TO_COME:
        head.append(Text(voice("It was returned:")))
        head.append(Quote(seen.said.text, voice("{who}", who=Who(seen.said.author_id))))
    return head


def stands(voice: Voice, seen: Seen, why: str = "") -> Card:
    """In place of a card of which nothing is asked any more: what became of it. `why`: it comes by itself."""
    title = voice("Process, version {version}", version=seen.version.version)
    head = _head(voice, seen, 1, why)
    return Card(
        title,
        (*head, Buttons((read(voice, seen.version),))),
        summary=" ".join(filter(None, (f"{title}.", why, voice(state(seen.version, seen.today))))),
    )


def _paged(
    voice: Voice, seen: Seen, action: str, head: Sequence[Element], pages: Sequence[tuple[Element, ...]], page: int
) -> Card:
    version = seen.version
    page = min(max(page, 1), len(pages))
    title = voice("Process, version {version}", version=version.version)
    if len(pages) > 1:
        title = voice("{title}: page {page} of {pages}", title=title, page=page, pages=len(pages))
    buttons: list[Button] = []
    if page < len(pages):
        buttons.append(Button(voice("Next page"), Press(action, item=f"{version.id}/{page + 1}"), "primary"))
    else:
        buttons += [_move(voice, version, each) for each in seen.moves]
    if action != "version.text":
        buttons.append(Button(voice("The whole text"), Press("version.text", item=f"{version.id}/1")))
    elif version.status in TO_COME:
        buttons.append(Button(voice("What it changes"), Press("version.show", item=f"{version.id}/1")))
    body = (*head, *pages[page - 1], *((Buttons(tuple(buttons)),) if buttons else ()))
    return Card(title, body, summary=f"{title}. {voice(state(version, seen.today))}")


def _move(voice: Voice, version: ProcessVersion, move: Move) -> Button:
    action, label, style = BUTTONS[move]
    return Button(
        voice(label), Press(action, item=key(voice, version)), "primary" if style == "primary" else "plain",
        opens_form=action.endswith(".form"),
    )  # fmt: skip


def return_form(voice: Voice, version: ProcessVersion) -> Form:
    comment = TextField(
        "comment",
        voice("What is to be changed?"),
        multiline=True,
        required=True,
        hint=voice("Whoever submitted it reads this."),
    )
    return open_form(
        voice, voice("Return it"), voice("Return it"), Press("version.return", item=key(voice, version)), (comment,)
    )


def decided(voice: Voice, version: ProcessVersion, said: Remark | None, today: date, by: PersonId | None) -> Card:
    """To who submitted it, or asked for it: what was decided."""
    title = voice("Process, version {version}", version=version.version)
    body: list[Element] = []
    if version.status is ProcessStatus.IN_FORCE:
        body += [
            Text(voice(state(version, today))),
            Text(voice("What comes in from now on runs under it. What is open keeps the version it came in under.")),
        ]
    else:
        what = phrase("{who} has returned it.", who=Who(by)) if by else phrase("It was returned.")
        body.append(Text(voice(what)))
        if said and said.text:
            body.append(Quote(said.text, voice("{who}", who=Who(said.author_id))))
        body.append(Text(voice("It can be changed in the file and submitted again. The version in force stays.")))
    body.append(Buttons((read(voice, version),)))
    return Card(title, tuple(body), summary=f"{title}. {voice(state(version, today))}")
