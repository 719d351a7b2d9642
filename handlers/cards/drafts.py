"""What we say of words that are not (yet) a report: held, lapsed, a crisis, another desk."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from handlers.cards.model import Button, Buttons, Card, Note, Press, Quote, Text
from handlers.cards.text import Voice, phrase
from handlers.rules.intake import Seems
from storage.case import Case
from storage.directory import Person
from storage.vocabulary import ChallengeId

ANYWAY: Final = "anyway"
REWRITE_SHOWN = 600  # characters of a rewrite inside an error: enough to copy from, short enough to read


def shortened(text: str, most: int = REWRITE_SHOWN) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def still_there(voice: Voice) -> str:
    return voice("Your message still stands in the channel, for everybody there to read. Please edit it or delete it.")


def crisis(voice: Voice, text: str, *, in_channel: bool = False, staff: bool = True) -> Card:
    """The district's own crisis text, at once. Nothing is logged, and the card says that nobody is watching.

    `staff`: whether they are known to be, and so can report a challenge all the same.
    """
    anyway = Buttons(
        (
            Button(voice("That is not what I meant"), Press("challenge.form", item=ANYWAY), opens_form=True),
            Button(voice("Report a challenge anyway"), Press("challenge.form", item=ANYWAY), opens_form=True),
        )
    )
    return Card(
        voice("Someone may be in danger"),
        (
            Text(text),
            Text(voice("Nobody is watching this chat. Nothing of what you wrote was recorded.")),
            *([Text(still_there(voice))] if in_channel else []),
            *([anyway] if staff else []),
        ),
        summary=text,
    )


def held(voice: Voice, draft: str, safe: str, kinds: Sequence[str], *, in_channel: bool = False) -> Card:
    """A private, kind warning with a safe rewrite; nothing is recorded until the author chooses."""
    return Card(
        voice("Before this is recorded"),
        (
            Text(
                voice(
                    "Thank you for writing. Your words look like information about one student, which must stay out of "
                    "the log. Nothing is recorded yet. Without it, it reads like this; if that no longer says what is in the "
                    "way, write it your own way:"
                )
            ),
            Quote(safe),
            *([Text(still_there(voice))] if in_channel else []),
            Buttons(
                (
                    Button(voice("Send it like this"), Press("draft.safe", item=draft), "primary"),
                    Button(voice("Write it my way"), Press("draft.own.form", item=draft), opens_form=True),
                    Button(voice("Do not report it"), Press("draft.drop", item=draft)),
                )
            ),
            Note(voice("We keep your words sealed for 24 hours, for you alone. Then they are gone.")),
        ),
    )


def answer_or_report(voice: Voice, draft: str, waiting: Sequence[tuple[ChallengeId, int]]) -> Card:
    """A direct message while a question is open."""
    answers = tuple(
        Button(voice("It is about challenge {n}", n=number), Press("draft.answer", challenge_id, draft), "primary")
        for challenge_id, number in waiting[:5]
    )
    return Card(
        voice("An answer, or a new report?"),
        (
            Text(
                voice(
                    "Something is waiting for your answer. Is what you wrote about that, or something new? Nothing is "
                    "recorded before you choose."
                )
            ),
            Buttons(
                (
                    *answers,
                    Button(voice("It is a new report"), Press("draft.report", item=draft)),
                    Button(voice("Neither"), Press("draft.drop", item=draft)),
                )
            ),
        ),
    )


def dropped(voice: Voice) -> Card:
    return Card(voice("Nothing was recorded"), (Text(voice("Your words are gone. You can report at any time.")),))


def lapsed(voice: Voice, why_held: Mapping[str, Any]) -> Card:
    """The held words went unread. `why_held`: what the event says of it."""
    if why_held.get("private"):
        why = voice(
            "What you wrote waited a day for you to check it, because it looked like information about a student."
        )
    elif why_held.get("newcomer"):
        why = voice(
            "Somebody wrote to me from another account with your address, and did not say within a day whether it "
            "was you."
        )
    else:
        why = voice("What you wrote waited a day for you to say what was to become of it.")
    return Card(
        voice("Nothing was recorded"),
        (
            Text(why),
            Text(voice("It is gone now, and nothing of it was recorded.")),
            Buttons((Button(voice("Report a challenge"), Press("challenge.form"), opens_form=True),)),
        ),
    )


def other_desk(voice: Voice, seems: Seems, desk: Person | None, held: str) -> Card:
    """It looks like something for another desk; a guess, and always with a way to report it all the same."""
    who = desk.name if desk else voice("your principal")
    sentences = {
        Seems.WORK_ORDER: phrase("This looks like a repair. {who} takes work orders.", who=who),
        Seems.PERSONNEL: phrase(
            "This looks like a matter about a person. {who} takes those, in private. Nothing of it was recorded here.",
            who=who,
        ),
        Seems.CLASSROOM_QUESTION: phrase("This looks like a question about teaching. {who} can help.", who=who),
        Seems.SUCCESS: phrase("That is good to hear! Nothing needs to be done, so nothing was recorded."),
    }
    # A personnel matter is reported "without the person": the form opens empty, and says so.
    anyway = Press("draft.report", item=held) if held else Press("challenge.form", item=seems)
    return Card(
        voice("Good to hear") if seems is Seems.SUCCESS else voice("Is this for another desk?"),
        (
            Text(voice(sentences.get(seems, phrase("This does not look like a challenge.")))),
            Buttons((Button(voice("Report it anyway"), anyway, opens_form=not held),)),
            *((Note(voice("We keep your words sealed for 24 hours, for you alone. Then they are gone.")),) if held else ()),
            *((Note(voice("If something is in the way of the work, report that, without the person. Your words were not kept: copy from above what is about the work.")),) if seems is Seems.PERSONNEL else ()),
        ),
    )  # fmt: skip


def edited(voice: Voice, case: Case) -> Card:
    """The source message was edited: an update is offered."""
    return Card(
        voice("You changed your message"),
        (
            Text(voice("Challenge {n} still has your first words. Shall the change go in?", n=case.number)),
            Buttons(
                (
                    Button(
                        voice("Add details"),
                        Press("details.form", case.id, version=case.challenge.version),
                        opens_form=True,
                    ),
                )
            ),
        ),
    )
