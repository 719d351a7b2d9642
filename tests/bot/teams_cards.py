"""The cards and forms that people meet most, composed by the handlers' own wording from a small made-up district.

People's words in them try to format, link and mention: wherever they are shown, they must read as they were typed.
"""

from datetime import date, timedelta
from typing import Final

from handlers.cards import challenge as cards
from handlers.cards import digests, drafts, lists
from handlers.cards import forms as form_cards
from handlers.cards import help as help_cards
from handlers.cards.model import Button, Card, Form, Press
from handlers.cards.text import Voice, phrase, to_json
from handlers.request import Source
from scheduling.calendar import Calendar
from storage import log
from storage.case import Case
from storage.vocabulary import ChallengeId, Door, Field, Kind, PersonId, Scope, Status, Urgency
from tests import builders
from tests.builders import MAPLE, NOW, TODAY

WHAT: Final = (
    "The **coach** covers classes [every day](https://evil.example), so there is _no_ coaching.\n"
    "<at>Ivy Thornton</at> knows it: see www.evil.example & {{DATE(2026-10-12T08:00:00Z, SHORT)}}"
)
TRIED: Final = "- Swapped duties\n- Asked for a <b>substitute</b>, twice"
SAID: Final = [
    (Field.AFFECTED, "Two grades, about 140 students and their six teachers."),
    (Field.TRIED, TRIED),
    (Field.EVIDENCE, "Since September, 3 of 22 planned visits took place."),
    (Field.SCOPE, "Both elementary schools share one pool of substitutes; it was empty on 14 days of September."),
    (Field.OPTIONS, "1. A shared substitute for coaching days: $18,000.\n2. Coaching moves to the afternoon: no cost."),
    (Field.NOTE, "I have talked to `finance`; they look for a line in the budget."),
]
DISTRICT: Final = builders.district()
STATED: Final = to_json(phrase("{type} goes to the principal.", type="Staffing"))


def case(status: Status = Status.ASSIGNED, *, owner: str = "principal", **changes: object) -> Case:
    made = builders.case(
        WHAT,
        said=SAID,
        steps=[("Write to the union about <i>afternoons</i>", "principal", date(2026, 10, 20))],
        number=42,
        status=status,
        owner_id=PersonId(owner),
        type="staffing",
        scope=Scope.SCHOOL,
        urgency=Urgency.HIGH,
        amount_usd=18_000,
        why=STATED,
        next_at=NOW + timedelta(days=2),
        decide_by=date(2026, 10, 14),
        version=3,
        **changes,
    )
    made.reporters[0].link = "https://teams.microsoft.com/l/message/19:maple@thread.tacv2/1790000000001"
    return made


def view(made: Case, reader: str) -> cards.View:
    person = DISTRICT.people[PersonId(reader)]
    return cards.view(DISTRICT, made, Voice(DISTRICT, person), person, NOW)


def receipt() -> Card:
    made = case(Status.REPORTED, owner="coordinator")
    return cards.card(
        view(made, "teacher"), "Thank you. Nothing you report here is lost.", title="Challenge 42 is recorded"
    )


def assignment() -> Card:
    """The owner's card, with the whole brief."""
    return cards.card(
        view(case(), "principal"), "Staffing goes to the principal.", title="Challenge 42: a challenge for you"
    )


def coordinators() -> Card:
    """The one with the most buttons."""
    return cards.card(view(case(), "coordinator"))


def confirmation() -> Card:
    made = case(Status.AWAITING_CONFIRMATION)
    said = "Ivy Thornton says it is resolved. Was it addressed sufficiently?"
    return cards.card(view(made, "teacher"), said, title="Challenge 42: was it addressed?")


def history() -> Card:
    made = case()
    events = [
        builders.happened(made, Kind.REPORTED, seq=1, by="teacher"),
        builders.happened(made, Kind.ASSIGNED, seq=2, to="principal"),
        builders.happened(made, Kind.NOTED, seq=3, by="principal", said=[made.words[-2]]),
    ]
    return cards.with_history(view(made, "principal"), events, {each.id: each for each in made.words}, [])


def digest() -> Card:
    voice = Voice(DISTRICT, DISTRICT.people[PersonId("principal")])
    found = [
        digests.Line(
            digests.Place(n, NOW, n, f"m{n}"),
            f"Challenge {n}: {why} – {lists.short(WHAT, 90)}. {then}",
            (Button(f"Open {n}", Press("show", f"c{n}")),),
        )
        for n, why, then in (
            (42, "a challenge for you", "Staffing goes to the principal."),
            (31, "how does it stand?", "One press is enough: progress, still blocked, or resolved."),
            (17, "for your information", "The process has you informed of this."),
        )
    ]
    return digests.page(voice, found, TODAY)


def found(*numbers: int) -> log.Found:
    made = [
        log.Line(
            ChallengeId(f"c{n}"), n, WHAT, Status.ASSIGNED, None, "staffing", Urgency.HIGH, MAPLE, PersonId("principal"),
            NOW, None, None, NOW, NOW, date(2026, 10, 9), None, case().challenge.visibility,
        )
        for n in numbers
    ]  # fmt: skip
    return log.Found(tuple(made), len(made), more=True)


def listed() -> Card:
    return lists.lines(Voice(DISTRICT), "overdue type staffing", 1, found(42, 31, 17), TODAY)


def helped() -> Card:
    return help_cards.help_card(Voice(DISTRICT), DISTRICT.people[PersonId("principal")], DISTRICT, TODAY)


def home() -> Card:
    voice, actor = Voice(DISTRICT), DISTRICT.people[PersonId("coordinator")]
    sections = [("To be sorted", "new", found(42, 43)), ("Overdue", "overdue", log.Found((), 0, more=False))]
    return help_cards.home(voice, actor, DISTRICT, sections, TODAY)


def held() -> Card:
    return drafts.held(Voice(DISTRICT), "d1", WHAT, ["name"])


CARDS: Final = {
    each.__name__: each
    for each in (receipt, assignment, coordinators, confirmation, history, digest, listed, helped, home, held)
}


# ---------------------------------------------------------------------------------------------------------------- forms


def report() -> Form:
    voice, actor = Voice(DISTRICT), DISTRICT.people[PersonId("teacher")]
    return form_cards.report(voice, DISTRICT, actor, WHAT, Source(), Door.COMMAND)


def plan() -> Form:
    return form_cards.plan(Voice(DISTRICT), DISTRICT, case(), Calendar.of(DISTRICT), TODAY)


def details() -> Form:
    return form_cards.details(Voice(DISTRICT), DISTRICT, case(Status.REPORTED), DISTRICT.people[PersonId("teacher")])


def understand() -> Form:
    return form_cards.understand(Voice(DISTRICT), case())


def checked() -> Form:
    return form_cards.check_words(Voice(DISTRICT), DISTRICT, {"what": WHAT}, "d1")


FORMS: Final = {each.__name__: each for each in (report, plan, details, understand, checked)}
