"""Action items: the part of an agenda, lists, one of them with its buttons, what is told of it, and its forms."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from handlers.cards import lists
from handlers.cards.forms import open_form, person_choice
from handlers.cards.model import (
    Button,
    Buttons,
    Card,
    Choice,
    DateField,
    Element,
    Facts,
    Form,
    FormField,
    Heading,
    Items,
    Note,
    NumberField,
    Option,
    Press,
    Quote,
    Text,
    TextField,
)
from handlers.cards.text import Typed, Voice, Who, phrases
from handlers.rules.actions import Goal, Question, Which
from scheduling.calendar import Calendar
from storage.directory import Person
from storage.models import ActionItem, Event, Saying
from storage.vocabulary import ActionStatus, Kind, PersonId, RecordField

IN_A_LIST: Final = 12  # on one card: a page, not the log
MOST_QUICK: Final = 3  # answers on a line of a digest: as many as are read on a phone
SAID_LAST: Final = 3  # of what was said of one item, beside its words


@dataclass(frozen=True, slots=True)
class Item:
    """One item, as its reader may see it."""

    row: ActionItem
    said: tuple[Saying, ...]
    late: bool
    mine: bool
    steers: bool
    """Leads the meeting, or watches over all of them."""
    challenge: int | None = None
    """The number of the challenge that it concerns, where the reader may see that."""

    @property
    def words(self) -> str | None:
        """None where they were taken out."""
        return next((each.text for each in self.said if each.field is RecordField.ACTION), None)


@dataclass(frozen=True, slots=True)
class Section:
    """The part of an agenda that comes first: what is open, and what has been done since the last meeting.

    `hidden`: how many are open where nobody may read which, as in a room.
    """

    open: tuple[Item, ...] = ()
    ended: tuple[Item, ...] = ()
    hidden: int = 0


# ------------------------------------------------------------------------------------------------------------- in lists


def on_agenda(voice: Voice, section: Section) -> Iterator[Element]:
    """Nothing where nothing is open and nothing was done."""
    if not (section.open or section.ended or section.hidden):
        return
    yield Heading(voice("Action items"))
    if section.hidden:
        yield Text(voice(phrases("{n} is open.", "{n} are open.", n=section.hidden)))
    yield from _lines(voice, section.open)
    if section.ended:
        yield Text(voice("Done since the last meeting:"))
        yield Items(tuple(line(voice, each) for each in section.ended))


def agreed(voice: Voice, items: Sequence[Item]) -> Iterator[Element]:
    """What a meeting that is over has agreed on."""
    if items:
        yield Text(voice("Action items agreed there:"))
        yield Items(tuple(line(voice, each) for each in items))


def concerning(voice: Voice, items: Sequence[Item]) -> Iterator[Element]:
    """What is open that concerns a challenge."""
    if items:
        yield Heading(voice("Action items"))
        yield from _lines(voice, items)


def of_plan(voice: Voice, items: Sequence[Item]) -> Iterator[Element]:
    """What is open in a private plan."""
    if items:
        yield Text(voice("Action items:"))
        yield from _lines(voice, items)


def on_home(voice: Voice, items: Sequence[Item], most: int = 3) -> tuple[Element, ...]:
    """The reader's own that are due first; nothing where there are none."""
    if not items:
        return ()
    more = voice("All of your action items: {n}", n=len(items))
    rest = (Buttons((Button(more, Press("actions.show", item=Which.MINE)),)),) if len(items) > most else ()
    return (Heading(voice("Your action items")), *_lines(voice, items[:most]), *rest)


def listed(voice: Voice, question: Question, items: Sequence[Item], ask: Sequence[Question], *, adds: bool) -> Card:
    """The answer to `/clearway actions`. `ask`: what else could be asked; `adds`: the reader may add one."""
    title = _title(voice, question)
    start = (question.page - 1) * IN_A_LIST
    shown = items[start : start + IN_A_LIST]
    body: list[Element] = list(_lines(voice, shown)) if shown else [Text(voice("None."))]
    if len(items) > start + IN_A_LIST:
        more = replace(question, page=question.page + 1)
        body.append(Buttons((Button(voice("More"), Press("actions.show", item=more.spelt())),)))
    buttons = [Button(_title(voice, each), Press("actions.show", item=each.spelt())) for each in ask]
    if adds:
        buttons.append(add_button(voice, ""))
    if buttons:
        body.append(Buttons(tuple(buttons)))
    body.append(Note(voice("They come from meetings, and stand first on the next agenda until they are done.")))
    count = voice(phrases("{n} action item", "{n} action items", n=len(items)))
    return Card(title, tuple(body), summary=voice("{title}: {count}.", title=title, count=count))


def _title(voice: Voice, question: Question) -> str:
    match question.which:
        case Which.MINE:
            return voice("Your action items")
        case Which.OVERDUE:
            return voice("Overdue action items")
        case Which.ALL:
            return voice("All action items")
        case Which.TEAM:
            return voice("Action items: {team}", team=question.team.name if question.team else "")


def not_understood(voice: Voice, said: str, teams: Sequence[str]) -> Card:
    words = ("/clearway actions", "/clearway actions overdue", "/clearway actions all")
    known = [voice("{command}", command=Typed(each)) for each in words]
    known += [voice("{command}", command=Typed(f"/clearway actions of {each}")) for each in teams[:6]]
    return Card(
        voice("I did not understand “{word}”", word=lists.short(said, 60)),
        (Text(voice("These would have been understood:")), Items(tuple(known))),
    )


def line(voice: Voice, item: Item) -> str:
    """What, who, and by when; or what became of it."""
    row = item.row
    words = lists.short(item.words or voice("(taken out)"), 110).rstrip(".")
    who = voice("you") if item.mine else voice("{who}", who=Who(row.owner_id))
    match row.status:
        case ActionStatus.DONE:
            return voice("{what} – done by {who}", what=words, who=Who(row.ended_by_id or row.owner_id))
        case ActionStatus.DROPPED:
            return voice("{what} – not needed any more", what=words)
        case _ if item.late:
            return voice("{what} – {who}, late: it was due on {day}", what=words, who=who, day=row.due_on)
        case _:
            return voice("{what} – {who}, by {day}", what=words, who=who, day=row.due_on)


def _lines(voice: Voice, items: Sequence[Item]) -> Iterator[Element]:
    """Each open one on a line. The reader's own come first, and are answered in place; below the others are buttons for
    who answers for them, too: not between them, so that a long list stays a page."""
    ours = sorted(items, key=lambda each: not each.mine)[:IN_A_LIST]
    for each in ours:
        if each.mine:
            done = Button(voice("Done: {what}", what=_what(voice, each)), _press("action.done", each.row), "primary")
            yield Text(line(voice, each))
            yield Buttons((done, _show(voice, each)))
    others = [each for each in ours if not each.mine]
    if others:
        yield Items(tuple(line(voice, each) for each in others))
    if steered := [each for each in others if each.steers]:
        yield Buttons(tuple(_show(voice, each) for each in steered))
    if len(items) > IN_A_LIST:
        n, all_of_them = len(items) - IN_A_LIST, Typed("/clearway actions all")
        yield Note(voice(phrases("And {n} more: {command}", "And {n} more: {command}", n=n, command=all_of_them)))


def _what(voice: Voice, item: Item) -> str:
    return lists.short(item.words or voice("(taken out)"), 30)


def _show(voice: Voice, item: Item) -> Button:
    return Button(voice("Show: {what}", what=_what(voice, item)), Press("action.show", item=item.row.id))


# ------------------------------------------------------------------------------------------------------------- one item


def whole(voice: Voice, item: Item, meeting: str, intro: str = "") -> Card:
    """One as it stands. `meeting`: where it was agreed; `intro`: why it comes now."""
    row = item.row
    body: list[Element] = [Text(intro)] if intro else []
    first = next((each for each in item.said if each.field is RecordField.ACTION), None)
    by = voice("{who}", who=Who(first.author_id)) if first else ""
    body.append(Quote(item.words or voice("(taken out)"), by))
    concerns = ((voice("Concerns"), voice("challenge {n}", n=item.challenge)),) if item.challenge is not None else ()
    pairs = (
        (voice("With"), voice("you") if item.mine else voice("{who}", who=Who(row.owner_id))),
        (voice("By"), voice("{day}, which has passed", day=row.due_on) if item.late else voice.day(row.due_on)),
        (voice("From"), meeting),
        *concerns,
    )
    body.append(Facts(pairs))
    for each in [each for each in item.said if each.field is not RecordField.ACTION and each.text][-SAID_LAST:]:
        body.append(Quote(each.text or "", voice("{who}", who=Who(each.author_id))))
    if row.status is not ActionStatus.OPEN:
        body.append(Text(_ended(voice, row)))
    if buttons := tuple(_buttons(voice, item)):
        body.append(Buttons(buttons))
    return Card(voice("Action item"), tuple(body), summary=intro or line(voice, item))


def _ended(voice: Voice, row: ActionItem) -> str:
    who = Who(row.ended_by_id or row.owner_id)
    if row.status is ActionStatus.DONE:
        return voice("Done. {who} said so.", who=who)
    return voice("Nobody needs to do it any more. {who} said so.", who=who)


def _buttons(voice: Voice, item: Item) -> Iterator[Button]:
    row = item.row
    if not (item.mine or item.steers):
        return
    if row.status is not ActionStatus.OPEN:
        yield Button(voice("It is not done"), _press("action.reopen", row))
        return
    yield Button(voice("Done"), _press("action.done", row), "primary")
    later = voice("Still working on it") if item.mine else voice("Another date")
    yield Button(later, _press("action.later.form", row), opens_form=True)
    if item.mine:
        yield Button(voice("I cannot do it"), _press("action.refuse.form", row), opens_form=True)
    yield Button(voice("Hand it on"), _press("action.hand.form", row), opens_form=True)
    if item.steers:
        yield Button(voice("Not needed any more"), _press("action.drop.form", row), opens_form=True)


def add_button(voice: Voice, occurrence_id: str) -> Button:
    return Button(voice("Add an action item"), Press("action.add.form", item=occurrence_id), opens_form=True)


def intro(voice: Voice, item: Item, event: Event) -> str:
    """Why its reader is told of it."""
    row = item.row
    match event.kind:
        case Kind.ACTION_ADDED:
            return voice("An action item for you, by {day}.", day=row.due_on)
        case Kind.ACTION_PROMPTED if not item.mine:
            n = int(event.data.get("asks", 0))
            if not n:
                return voice("{who}, who has this, is away, and it is due.", who=Who(row.owner_id))
            return voice(
                phrases(
                    "{who} has not answered how this stands, asked {n} time. You can hand it on, or end it.",
                    "{who} has not answered how this stands, asked {n} times. You can hand it on, or end it.",
                    n=n,
                    who=Who(row.owner_id),
                )
            )
        case Kind.ACTION_PROMPTED if event.data.get("goal") == Goal.REMIND:
            return voice("An action item of yours is due on {day}.", day=row.due_on)
        case Kind.ACTION_PROMPTED:
            if item.late:
                return voice("An action item of yours was due on {day}. Is it done?", day=row.due_on)
            return voice("An action item of yours is due today, {day}. Is it done?", day=row.due_on)
        case Kind.ACTION_GIVEN_BACK if event.actor_id is None:
            return voice("This action item is with you now: {who} cannot have it any more.", who=_from(event))
        case Kind.ACTION_GIVEN_BACK:
            return voice("{who} cannot do this, so it is with you now.", who=_from(event))
        case Kind.ACTION_HANDED_ON:
            return voice("{who} has handed this action item on to you.", who=Who(event.actor_id or PersonId("")))
        case Kind.ACTION_PUT_OFF if event.actor_id is None:
            return voice("There is no school on the day of this action item; it is due on {day} now.", day=row.due_on)
        case Kind.ACTION_PUT_OFF:
            return voice("An action item of yours is due on {day} now.", day=row.due_on)
        case Kind.ACTION_REOPENED:
            return voice("An action item of yours is open again.")
        case Kind.ACTION_DONE:
            return voice("{who} says that this is done.", who=Who(event.actor_id or PersonId("")))
        case _:
            return voice("An action item of yours is not needed any more.")


def digest_line(voice: Voice, item: Item, card: Card) -> Card:
    """The card as one line of a digest."""
    words = lists.short(item.words or voice("(taken out)"), 90)
    return replace(card, summary=voice("{why} “{what}”", why=card.summary, what=words))


def line_buttons(voice: Voice, item: Item) -> tuple[Button, ...]:
    """The answers to its line of a digest, the most likely first; each with its words, for those who hear it read."""
    answers = [lists.named(voice, each, _what(voice, item)) for each in _buttons(voice, item)]
    return (*answers[:MOST_QUICK], _show(voice, item))


def _from(event: Event) -> Who:
    return Who(PersonId(event.data.get("from") or ""))


def gone(voice: Voice) -> Card:
    """In place of one that its reader may not see any more."""
    said = voice("This is not for you to see any more.")
    return Card(voice("Action item"), (Text(said),), summary=said)


def _press(action: str, row: ActionItem) -> Press:
    return Press(action, item=row.id, version=row.version)


# ---------------------------------------------------------------------------------------------------------------- forms


def add_form(
    voice: Voice,
    meetings: Sequence[Option],
    of_id: str,
    owner_id: PersonId,
    calendar: Calendar,
    today: date,
    named: Sequence[Person] | None = None,
) -> Form:
    """`of_id`: the meeting or private plan; `meetings`: those to choose from where it is not said which. `named`: who is
    named on the plan, and no one else can do it."""
    read_by = voice("Everybody who belongs to the meeting can read it. No student names or details, please.")
    concerns: tuple[FormField, ...] = (
        NumberField("challenge", voice("Which challenge does it concern? Its number (optional)")),
    )
    if named is not None:
        read_by = voice("Only those named on the plan can read it. No student names or details, please.")
        concerns = ()
    which: tuple[FormField, ...] = ()
    if not of_id:
        value = meetings[0].value if len(meetings) == 1 else ""
        which = (Choice("meeting", voice("Which meeting agreed on it?"), tuple(meetings), value, required=True),)
    return open_form(
        voice,
        voice("Add an action item"),
        voice("Save"),
        Press("action.add", item=of_id),
        (
            *which,
            TextField(
                "words",
                voice("What is to be done?"),
                multiline=True,
                required=True,
                hint=read_by,
            ),
            _who(voice, voice("Who does it?"), today, named, value=owner_id),
            DateField(
                "due",
                voice("By when?"),
                calendar.school_days_after(today, 5),
                required=True,
                hint=voice("Within a year. A day without school moves to the next school day."),
            ),
            *concerns,
        ),
    )


def _who(
    voice: Voice, label: str, today: date, named: Sequence[Person] | None, value: str = "", but: str = ""
) -> Choice:
    """Who does it: anybody of the district, or one of those named on the plan."""
    if named is None:
        return person_choice(voice, voice.directory, "owner", label, today=today, value=value, required=True, but=but)
    options = tuple(Option(each.id, each.name) for each in named if each.id != but)
    return Choice("owner", label, options, value, required=True)


def later_form(voice: Voice, item: Item, calendar: Calendar, today: date) -> Form:
    return open_form(
        voice,
        voice("Still working on it"),
        voice("Save"),
        _press("action.later", item.row),
        (
            DateField("due", voice("By when now?"), calendar.school_days_after(today, 5), required=True),
            TextField("notes", voice("How does it stand? (optional)"), multiline=True),
        ),
    )


def refuse_form(voice: Voice, item: Item, to: PersonId) -> Form:
    hint = voice("It goes to {who}, who reads this.", who=Who(to))
    why = TextField("reason", voice("Why?"), multiline=True, required=True, hint=hint)
    return open_form(voice, voice("I cannot do it"), voice("Send"), _press("action.refuse", item.row), (why,))


def hand_form(voice: Voice, item: Item, today: date, named: Sequence[Person] | None = None) -> Form:
    return open_form(
        voice,
        voice("Hand it on"),
        voice("Save"),
        _press("action.hand", item.row),
        (
            _who(voice, voice("To whom?"), today, named, but=item.row.owner_id),
            TextField("notes", voice("A word to them (optional)"), multiline=True),
        ),
    )


def drop_form(voice: Voice, item: Item) -> Form:
    why = TextField(
        "reason", voice("Why?"), multiline=True, required=True, hint=voice("It is said at the next meeting.")
    )
    return open_form(voice, voice("Not needed any more"), voice("Save"), _press("action.drop", item.row), (why,))
