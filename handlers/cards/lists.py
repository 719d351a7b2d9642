"""Lists of challenges, and what was not understood."""

from dataclasses import replace
from datetime import date

from handlers.cards.model import Button, Buttons, Card, Element, Items, Note, Press, Text
from handlers.cards.text import At, Voice, Who, phrases
from handlers.request import Found
from handlers.rules import asking
from storage import log
from storage.case import Case
from storage.models import Step
from storage.vocabulary import ENDED, ChallengeId, Status


def line(voice: Voice, found: log.Line, today: date) -> str:
    """One challenge on one line: what, where it stands, with whom, and what is late of it, or comes next and when."""
    mine = voice.person is not None and voice.person.id == found.owner_id
    return voice(
        "{n}: {title} – {status}, with {who}{where}{when}",
        n=found.number,
        title=short(found.title or voice("(taken out)"), 110),
        status=voice.label(found.outcome or found.status).lower(),
        who=voice("you") if mine else voice("{who}", who=Who(found.owner_id)),
        where=voice(", {school}", school=At(found.school_id)) if found.school_id else "",
        when="" if found.status in ENDED else _when(voice, found, today),
    )


def _when(voice: Voice, found: log.Line, today: date) -> str:
    if found.review_on:
        if found.review_on < today:
            return voice("; late: it was to be looked at again on {day}", day=found.review_on)
        return voice("; looked at again on {day}", day=found.review_on)
    if found.decide_by and found.decide_by < today and found.understood_at is None:
        return voice("; late: its decision was due on {day}", day=found.decide_by)
    since = found.owned_since.astimezone(voice.zone).date()
    if found.status is Status.REPORTED:
        return voice("; to be sorted since {day}", day=since)
    if found.status in {Status.WITH_SCHOOL, Status.ASSIGNED} and found.taken_at is None:
        return voice("; not taken up since {day}", day=since)
    if found.decide_by and found.understood_at is None:
        return voice("; decision due on {day}", day=found.decide_by)
    return (
        voice("; looked after next on {day}", day=found.next_at.astimezone(voice.zone).date()) if found.next_at else ""
    )


def found_line(voice: Voice, found: log.Line, today: date) -> Found:
    return _found(voice, found.id, found.number, found.outcome or found.status, line(voice, found, today), today)


def found_case(voice: Voice, case: Case, today: date) -> Found:
    challenge = case.challenge
    said = voice("{n}: {title}", n=case.number, title=short(case.title or voice("(taken out)"), 110))
    return _found(voice, case.id, case.number, challenge.outcome or challenge.status, said, today)


def _found(voice: Voice, challenge_id: ChallengeId, number: int, status: str, said: str, today: date) -> Found:
    """What is inserted stays in the conversation as it is: it says of which day it is true."""
    return Found(
        challenge_id,
        said,
        voice("Challenge {n}", n=number),
        voice("Where it stood on {day}: {status}", day=today, status=voice.label(status).lower()),
        voice("Show {n}", n=number),
    )


def nothing_found(voice: Voice) -> Card:
    said = voice("No challenge that you may show to others has these words.")
    return Card(voice("None."), (Text(said),), summary=said)


def not_for_others(voice: Voice, case: Case) -> Card:
    said = voice(
        "Challenge {n} is restricted, so it cannot be put before others. To read it yourself, ask me for it in our chat.",
        n=case.number,
    )
    return Card(voice("Restricted."), (Text(said),), summary=said)


def short(text: str, most: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1].rstrip(" .,;:–…") + "…"


def step(voice: Voice, case: Case, planned: Step, who: str) -> str:
    """One step of a challenge: what, by whom and by when. `who`: their name, as the reader may have it."""
    return voice(
        "Step {n}: {what} ({who}, by {day})",
        n=planned.position + 1,
        what=case.words_of(planned),
        who=who,
        day=planned.due_on,
    )


def lines(voice: Voice, asked: str, page: int, found: log.Found, today: date, pages: int = 0) -> Card:
    """The answer to a question about the log. `asked`: the question in words, which ask for it again; `pages`: how many
    there are, where this one is beyond them."""
    title = voice("Challenges: {asked}", asked=asked)
    if not found.lines and pages:
        said = voice(phrases("There is one page.", "There are {n} pages.", n=pages))
        return Card(title, (Text(said),), summary=f"{title}. {said}")
    if not found.lines:
        hint = voice("Try “all”, or “help” for what can be asked.")
        return Card(title, (Text(voice("None.")), Note(hint)), summary=voice("Challenges: {asked}. None.", asked=asked))
    body: list[Element] = []
    for each in found.lines:
        body.append(Text(line(voice, each, today)))
        body.append(Buttons((Button(voice("Show {n}", n=each.number), Press("show", each.id)),)))
    if found.more:
        body.append(Buttons((Button(voice("More"), Press("log.more", item=f"{asked} page {page + 1}")),)))
    count = voice(phrases("{n} challenge", "{n} challenges", n=len(found.lines)))
    return Card(title, tuple(body), summary=voice("{title}: {count}.", title=title, count=count))


def not_understood(voice: Voice, missed: asking.NotUnderstood) -> Card:
    """What was not understood is named, with what would have been."""
    return Card(
        voice("I did not understand “{word}”", word=short(missed.word, 60)),
        (
            Text(voice("These would have been understood:")),
            Items(tuple(missed.would_have_been[:12])),
            Note(voice("To look for words, put them in quotation marks: “no subs”.")),
        ),
    )


def named(voice: Voice, button: Button, what: str) -> Button:
    """A button that says what it is about, for those who hear it read among the buttons of other lines."""
    return replace(button, label=voice("{label}: {what}", label=button.label, what=what))
