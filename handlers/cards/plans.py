"""Private plans: a list, one of them, what is asked of those named, and the forms. Titles are safe on a locked screen."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from handlers.cards import actions as action_cards
from handlers.cards import lists
from handlers.cards.forms import open_form, person_choice
from handlers.cards.model import (
    Button,
    Buttons,
    Card,
    Choice,
    Choices,
    DateField,
    Element,
    Facts,
    Form,
    Heading,
    Note,
    Option,
    Press,
    Quote,
    Text,
    TextField,
)
from handlers.cards.text import Voice, Who
from storage.directory import Person
from storage.models import Plan, Saying
from storage.vocabulary import PersonId, PlanKind, RecordField

LABELS = {RecordField.GOAL: "What is to come of it:", RecordField.SUPPORT: "What is done for it:"}
NOTES_SHOWN = 5  # of the last looks


def name(voice: Voice, row: Plan) -> str:
    if row.kind is PlanKind.LEARNING:
        return voice("Learning plan for {who}", who=Who(row.person_id))
    return voice("Support plan for {who}", who=Who(row.person_id))


def listed(voice: Voice, rows: Sequence[Plan]) -> Card:
    title = voice("Private plans")
    body: list[Element] = [] if rows else [Text(voice("You are named on none."))]
    for row in rows:
        body.append(Text(voice("{name}, to be looked at on {day}", name=name(voice, row), day=row.review_on)))
        body.append(Buttons((Button(voice("Show: {name}", name=name(voice, row)), Press("plan.show", item=row.id)),)))
    body.append(Buttons((Button(voice("Make a plan"), Press("plan.make.form"), opens_form=True),)))
    body.append(
        Note(voice("Only those named on a plan know that it is there. The coordinator sees none by their post."))
    )
    return Card(title, tuple(body), summary=title)


def whole(
    voice: Voice, row: Plan, said: Sequence[Saying], items: Sequence[action_cards.Item], reader: Person, today: date,
    intro: str = "",
) -> Card:  # fmt: skip
    body: list[Element] = [Text(intro)] if intro else []
    body.append(Heading(name(voice, row)))
    for field, label in LABELS.items():
        body += [
            part for each in said if each.field is field and each.text for part in _said(voice, voice(label), each)
        ]
    notes = [each for each in said if each.field is RecordField.NOTES and each.text]
    body += [Quote(each.text or "", voice("{who}", who=Who(each.author_id))) for each in notes[-NOTES_SHOWN:]]
    names = ", ".join(voice("{who}", who=Who(PersonId(each))) for each in row.named_ids)
    review = voice("It has ended.") if row.ended_at else voice.day(row.review_on)
    if row.ended_at is None and row.review_on < today:
        review = voice("{day}, which has passed", day=row.review_on)
    body.append(Facts(((voice("Seen by"), names), (voice("Looked at again"), review))))
    body += action_cards.of_plan(voice, items)
    if row.ended_at is None:
        body.append(Buttons(_buttons(voice, row, reader)))
    return Card(voice("A private plan"), tuple(body), summary=intro or voice("A private plan"))


def _said(voice: Voice, label: str, each: Saying) -> tuple[Element, ...]:
    return Text(label), Quote(each.text or "", voice("{who}", who=Who(each.author_id)))


def _buttons(voice: Voice, row: Plan, reader: Person) -> tuple[Button, ...]:
    def press(action: str) -> Press:
        return Press(action, item=row.id, version=row.version)

    buttons = [
        Button(voice("Looked at"), press("plan.review.form"), "primary", opens_form=True),
        action_cards.add_button(voice, row.id),
    ]
    if reader.id == row.keeper_id:
        sure = voice("End this plan? What is still open in it ends with it.")
        buttons.append(Button(voice("Who sees it"), press("plan.named.form"), opens_form=True))
        buttons.append(Button(voice("End the plan"), press("plan.end"), confirm=sure))
    return tuple(buttons)


def line_buttons(voice: Voice, row: Plan) -> tuple[Button, ...]:
    """The answers to its line of a digest, which says no more of it either than that there is one."""
    looked = Button(voice("Looked at"), Press("plan.review.form", item=row.id, version=row.version), opens_form=True)
    shown = (looked, Button(voice("Show"), Press("plan.show", item=row.id)))
    return tuple(lists.named(voice, each, voice("a private plan")) for each in shown)


def gone(voice: Voice) -> Card:
    said = voice("This is not for you to see any more.")
    return Card(voice("A private plan"), (Text(said),), summary=said)


# ---------------------------------------------------------------------------------------------------------------- forms


def make_form(voice: Voice, actor: Person, today: date, *, for_others: bool) -> Form:
    kinds = (
        Option(PlanKind.LEARNING, voice("What somebody will learn")),
        *((Option(PlanKind.SUPPORT, voice("How somebody is supported")),) if for_others else ()),
    )
    whom = person_choice(
        voice, voice.directory, "person", voice("For whom?"), today=today, value=actor.id, required=True
    )
    return open_form(
        voice,
        voice("Make a plan"),
        voice("Save"),
        Press("plan.make"),
        (
            Choice("kind", voice("What is it?"), kinds, kinds[0].value, required=True),
            *((whom,) if for_others else ()),
            TextField("goal", voice("What is to come of it?"), multiline=True, required=True),
            TextField("support", voice("What is done for it, and by whom?"), multiline=True),
            *_more(voice, voice("Who sees it, beside its keeper?"), actor.id, today),
            _review(voice),
        ),
    )


MORE: Final = ("more_1", "more_2", "more_3")
"""Fields for people who are to be named: a district has hundreds, so each is searched for."""


def named_form(voice: Voice, row: Plan, named: Sequence[Person], today: date) -> Form:
    """`named`: who sees it beside its keeper."""
    options = tuple(Option(each.id, each.name, voice.role(each.role)) for each in named)
    kept = Choices(
        "named",
        voice("Who sees it, beside its keeper?"),
        options,
        tuple(each.value for each in options),
        voice("Take the tick away from who is not to see it any more."),
    )
    return open_form(
        voice,
        voice("Who sees it"),
        voice("Save"),
        Press("plan.named", item=row.id, version=row.version),
        ((kept,) if named else ()) + _more(voice, voice("Who else is to see it?"), row.keeper_id, today),
    )


def review_form(voice: Voice, row: Plan) -> Form:
    notes = TextField("notes", voice("How does it go? (optional)"), multiline=True)
    press = Press("plan.review", item=row.id, version=row.version)
    return open_form(voice, voice("Looked at"), voice("Save"), press, (notes, _review(voice)))


def _review(voice: Voice) -> DateField:
    return DateField("review", voice("When should it be looked at next?"), required=True, hint=voice("Within a year."))


def _more(voice: Voice, first: str, keeper_id: PersonId, today: date) -> tuple[Choice, ...]:
    """`first`: what is asked by the first of these fields."""
    hint = voice("They and nobody else see it. Whom a support plan is for sees it only if named here.")
    labels = (first, voice("And who else?"), voice("And who besides?"))
    return tuple(
        person_choice(voice, voice.directory, name, label, today=today, hint="" if n else hint, but=keeper_id)
        for n, (name, label) in enumerate(zip(MORE, labels, strict=True))
    )
