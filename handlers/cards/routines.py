"""Routines in lists: what recurs, when next, and the next meetings of somebody."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from handlers.cards import lists, names
from handlers.cards.forms import open_form, person_choice, sure
from handlers.cards.model import (
    Button,
    Buttons,
    Card,
    Choice,
    Choices,
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
    Text,
    TextField,
)
from handlers.cards.text import Role, Typed, Voice, phrases
from handlers.rules import kinds
from handlers.rules import routines as rules
from handlers.rules.routines import Planned
from storage.directory import Directory, Routine, Team
from storage.models import Occurrence
from storage.vocabulary import PersonId, RoutineKind, TeamId

WITH: Final = ("who1", "who2", "who3", "who4")
"""The fields for people of a routine without a team."""
MOST_TEAMS: Final = 100  # options of a menu
MOST_ROLES: Final = 100
MOST_DATES: Final = 60
MOST_HALF: Final = 3  # half days named where school is over before it ends
MOST_LACKING: Final = 5  # buttons; the next come up once these are pressed
KINDS: Final = MappingProxyType(
    {
        RoutineKind.MEETING: "A meeting",
        RoutineKind.COACH_CHECK_IN: "A check-in with the coaches of the schools",
        RoutineKind.PLANNING: "Planning time with the regional agency",
        RoutineKind.PLAN_REVIEW: "A review of the implementation plan",
        RoutineKind.SCHOOL_REVIEW: "What follows from a school's data review",
        RoutineKind.DATA_ANALYSIS: "A data analysis",
        RoutineKind.WHOLE_DAY: "A whole day: learning, then work",
        RoutineKind.REMINDER: "A reminder: nobody meets",
    }
)


@dataclass(frozen=True, slots=True)
class Listed:
    """One routine in a list: when it comes up next, and whether the reader may start or stop it."""

    routine: Routine
    at: datetime | None
    steers: bool


# --------------------------------------------------------------------------------------------------------- lists


def all_of(voice: Voice, listed: Sequence[Listed], *, makes: bool, lacking: Sequence[Team] = ()) -> Card:
    """`makes`: the reader may make another; `lacking`: teams whose agenda lacks the standing item."""
    title = voice("Routines")
    make = (Buttons((Button(voice("New routine"), Press("routine.new.form"), opens_form=True),)),) if makes else ()
    if not listed:
        said = voice("You belong to no routine that Clearway knows.")
        return Card(title, (Text(said), *make), summary=title)
    body: list[Element] = []
    for each in listed:
        routine = each.routine
        state = voice("Clearway runs it") if routine.running else voice("not run by Clearway")
        when = voice("next {when}", when=each.at) if each.at else voice("no date to come")
        called = names.routine(voice, routine)
        body.append(
            Text(voice("{name}: {rule}, {state}; {when}", name=called, rule=routine.rule, state=state, when=when))
        )
        show = Button(voice("Show: {name}", name=lists.short(called, 40)), Press("routine.show", item=routine.id))
        if each.steers:
            action, label = ("routine.stop", voice("Stop")) if routine.running else ("routine.start", voice("Start"))
            spelt = voice("{do}: {name}", do=label, name=lists.short(called, 40))
            body.append(Buttons((Button(spelt, Press(action, item=routine.id)), show)))
        else:
            body.append(Buttons((show,)))
    if lacking:
        names_ = ", ".join(each.name for each in lacking)
        said = voice(
            "These teams use the process, and their own agenda lacks “Implementation challenges”: {names}. Where Clearway "
            "runs the meeting, it is on the agenda.",
            names=names_,
        )
        body.append(Text(said))
        buttons = (
            Button(
                voice("On their agenda now: {name}", name=lists.short(each.name, 40)),
                Press("routine.standing", item=each.id),
            )
            for each in lacking[:MOST_LACKING]
        )
        body.append(Buttons(tuple(buttons)))
    note = voice(
        "Of what it runs, Clearway plans the dates, sends the agenda, asks whether it took place, and keeps the record."
    )
    return Card(title, (*body, *make, Note(note)), summary=title)


def _hours(voice: Voice, outside: rules.Outside | None) -> tuple[Note, ...]:
    """It may be meant so, and may be a slip: 9 pm for 9 am."""
    if outside is None:
        return ()
    hours = voice.directory.in_force.process.message_hours
    opens, closes, half = map(voice.time_of_day, (hours.opens, hours.closes, hours.half_day_until))
    if not outside.half_days:
        return (
            Note(
                voice(
                    "This is not within the hours in which people are written to, {opens} to {closes}.",
                    opens=opens,
                    closes=closes,
                )
            ),
        )
    days = "; ".join(voice("{day}", day=each) for each in outside.half_days[:MOST_HALF])
    return (Note(voice("School is over at {half} on some of its days, before it ends: {days}", half=half, days=days)),)


def one(
    voice: Voice, routine: Routine, at: datetime | None, *,
    steers: bool, removable: bool, outside: rules.Outside | None = None,
) -> Card:  # fmt: skip
    """One routine as it stands, with what may be done with it. `at`: when it comes up next."""
    title = names.routine(voice, routine)
    state = voice("Clearway runs it.") if routine.running else voice("Clearway does not run it.")
    facts = [
        (voice("When"), voice("{rule}, {start}", rule=routine.rule, start=voice.time_of_day(routine.start))),
        (voice("Takes"), voice(phrases("{n} minute", "{n} minutes", n=routine.minutes))),
    ]
    if who := _who(voice, routine):
        facts.insert(0, (voice("Who"), who))
    if routine.kind is not RoutineKind.MEETING:
        facts.insert(0, (voice("What it is"), voice(KINDS[routine.kind])))
    if routine.place:
        facts.append((voice("Where"), routine.place))
    if at:
        facts.append((voice("Next"), voice("{when}", when=at)))
    if routine.quorum:
        facts.append((voice("Counts when"), voice(phrases("{n} was there", "{n} were there", n=routine.quorum))))
    body: list[Element] = [Text(state), Facts(tuple(facts)), *_hours(voice, outside)]
    for words, lines in (
        ("On its agenda every time:", own_agenda(voice, routine)),
        ("Asked after it:", own_questions(voice, routine)),
    ):
        if lines:
            body += [Text(voice(words)), Items(lines)]
    buttons = []
    if steers:
        runs, label = ("routine.stop", voice("Stop it")) if routine.running else ("routine.start", voice("Start it"))
        buttons.append(Button(label, Press(runs, item=routine.id), "plain" if routine.running else "primary"))
    buttons.append(Button(voice("Dates of the year"), Press("routine.dates", item=routine.id)))
    if steers:
        buttons += [
            Button(voice("Change it"), Press("routine.edit.form", item=routine.id), opens_form=True),
            Button(voice("What is on it"), Press("routine.agenda.form", item=routine.id), opens_form=True),
        ]
    if removable:
        sure = voice("Take this routine out?")
        buttons.append(Button(voice("Take it out"), Press("routine.remove", item=routine.id), "danger", confirm=sure))
    return Card(title, (*body, Buttons(tuple(buttons))), summary=f"{title}. {state}")


def _who(voice: Voice, routine: Routine) -> str:
    """Its teams, its people, and the roles of which everybody comes."""
    teams = (voice.directory.teams[each].name for each in routine.team_ids if each in voice.directory.teams)
    people = (voice.directory.people[each].name for each in routine.person_ids if each in voice.directory.people)
    held = Counter(each.role for each in voice.directory.people.values() if not each.external and each.left_on is None)
    roles = (voice("everybody who is {role} ({n} now)", role=Role(each), n=held[each]) for each in routine.person_roles)
    return "; ".join((*teams, *people, *roles))


def removed(voice: Voice, routine: Routine) -> Card:
    said = voice("It is taken out.")
    return Card(names.routine(voice, routine), (Text(said),), summary=said)


def dates(
    voice: Voice, routine: Routine, first: date, last: date, planned: Sequence[Planned], *, proposed: bool = False
) -> Card:
    """Its days between two days; where a day is closed, that too. `proposed`: they are of a calendar not made yet."""
    title = voice("Dates: {name}", name=names.routine(voice, routine))
    said = voice("From {first} to {last}: {rule}.", first=first, last=last, rule=routine.rule)
    asked: tuple[Element, ...] = ()
    if proposed and not planned:
        said = voice(
            "Its days are a list, and none of them is in the next school year. Which days are they to be then?"
        )
        form = Press("routine.edit.form", item=routine.id)
        asked = (Buttons((Button(voice("Change it"), form, opens_form=True),)),)
    elif proposed:
        said = voice(
            "By its rule ({rule}) it comes up on these days of the next school year. Whoever makes the calendar may want to "
            "keep them free; what is closed then, Clearway moves.",
            rule=routine.rule,
        )
    lines = []
    for each in planned[:MOST_DATES]:
        if each.day == each.planned_on:
            lines.append(voice.day(each.planned_on))
        elif each.day:
            lines.append(voice("{day} (for {planned})", day=each.day, planned=each.planned_on))
        else:
            lines.append(
                voice("none for {planned}: no school day is left in its month or week", planned=each.planned_on)
            )
    if not lines:
        lines.append(voice("No day to come."))
    left = len(planned) - MOST_DATES
    more = (Note(voice(phrases("And {n} more.", "And {n} more.", n=left))),) if left > 0 else ()
    return Card(title, (Text(said), Items(tuple(lines)), *more, *asked), summary=f"{title}. {said}")


def own_agenda(voice: Voice, routine: Routine) -> tuple[str, ...]:
    """What is on it every time: as its district has written it, else what its kind has."""
    return routine.agenda or tuple(voice(each) for each in kinds.TEMPLATES[routine.kind].agenda)


def own_questions(voice: Voice, routine: Routine) -> tuple[str, ...]:
    return tuple(each.words if each.own else voice(each.words) for each in kinds.questions(routine))


def runs(
    voice: Voice, routine: Routine, coming: Sequence[Occurrence], now: datetime, *, outside: rules.Outside | None = None
) -> Card:  # fmt: skip
    """The answer to who starts or stops one: `coming`, each to be opened."""
    if not routine.running:
        said = voice("Clearway plans and asks nothing more of it. What is planned stands.")
        return Card(names.routine(voice, routine), (Text(said),), summary=said)
    said = voice("Clearway runs it from now on. Whoever leads it gets each agenda first.")
    if not kinds.meets(routine):
        said = voice("Clearway runs it from now on. Whoever leads it is asked each time whether it is done.")
    lines = _each(voice, [(each, routine) for each in coming], now)
    return Card(names.routine(voice, routine), (Text(said), *_hours(voice, outside), *lines), summary=said)


def next_ones(voice: Voice, coming: Sequence[tuple[Occurrence, Routine]], now: datetime) -> Card:
    title = voice("Your next meetings")
    if not coming:
        hint = voice("None that Clearway runs. {command} shows them all.", command=Typed("/clearway routines"))
        return Card(title, (Text(hint),), summary=hint)
    return Card(title, tuple(_each(voice, coming, now)), summary=title)


def on_home(voice: Voice, coming: Sequence[tuple[Occurrence, Routine]], now: datetime) -> tuple[Element, ...]:
    """The next ones, on Home; nothing where there are none."""
    return (Heading(voice("Your next meetings")), *_each(voice, coming, now)) if coming else ()


def _each(voice: Voice, coming: Sequence[tuple[Occurrence, Routine]], now: datetime) -> Iterator[Element]:
    for row, routine in coming:
        called = names.routine(voice, routine, row.team_id)
        if now < row.starts_at:
            said = voice("{name}: {when}", name=called, when=row.starts_at)
        elif not kinds.meets(routine):
            said = voice("{name}: {when}. Is it done?", name=called, when=row.starts_at)
        elif now < row.ends_at:
            said = voice("{name}: {when}. It is on now.", name=called, when=row.starts_at)
        else:
            said = voice("{name}: {when}. Did it take place?", name=called, when=row.starts_at)
        yield Text(said)
        yield Buttons((Button(voice("Show {day}", day=row.day), Press("meeting.show", item=row.id)),))


# ---------------------------------------------------------------------------------------------------------- forms


def teams_offered(teams: Sequence[Team], own: Sequence[TeamId]) -> tuple[TeamId, ...]:
    """The teams that a form offers: those that it has first, and no more than a menu takes."""
    return tuple(each.id for each in sorted(teams, key=lambda each: each.id not in own)[:MOST_TEAMS])


def roles_offered(directory: Directory, own: Sequence[str]) -> tuple[str, ...]:
    """The roles that a form offers: those that it has first, then those that somebody of the district has."""
    held = {each.role for each in directory.people.values() if not each.external}
    return (*own, *sorted(held - {*own}))[:MOST_ROLES]


def with_a_field(routine: Routine, directory: Directory) -> tuple[PersonId, ...]:
    """The people of a routine whom its form shows: as many of the district as it has fields for."""
    here = (each for each in routine.person_ids if each in directory.people and not directory.people[each].external)
    return tuple(here)[: len(WITH)]


def without_a_field(routine: Routine, directory: Directory) -> tuple[PersonId, ...]:
    """The others: who is of the outside, or for whom there is no room."""
    shown = with_a_field(routine, directory)
    return tuple(each for each in routine.person_ids if each not in shown)


def edit_form(
    voice: Voice, routine: Routine | None, teams: Sequence[Team], *, reviews: bool, like: Routine | None = None
) -> Form:
    """A new routine, or one that is changed: who, when and where. `reviews`: the reader says where the log is reviewed,
    and may name roles. `like`: what is proposed for a new one."""
    new, routine = routine is None, routine or like
    with_ = with_a_field(routine, voice.directory) if routine else ()
    offered = teams_offered(teams, routine.team_ids if routine else ())
    options = tuple(Option(each, voice.directory.teams[each].name) for each in offered)
    chosen = tuple(each for each in (routine.team_ids if routine else ()) if each in {each.value for each in options})
    own_roles = routine.person_roles if routine else ()
    roles = tuple(Option(each, voice.role(each)) for each in roles_offered(voice.directory, own_roles))
    known = tuple(Option(kind, voice(words)) for kind, words in KINDS.items())
    fields: tuple[FormField, ...] = (
        TextField(
            "name",
            voice("Name"),
            routine.name if routine else "",
            most=80,
            hint=voice("Empty: that of its team, where one meets."),
        ),
        Choice("kind", voice("What is it?"), known, routine.kind if routine else RoutineKind.MEETING, required=True),
        Choices("teams", voice("Which teams? Each meets by itself."), options, chosen),
        *(
            person_choice(
                voice,
                voice.directory,
                each,
                voice("Which people, with them or by themselves?") if n == 0 else voice("And?"),
                value=with_[n] if n < len(with_) else "",
            )
            for n, each in enumerate(WITH)
        ),
        *((_by_role(voice, roles, own_roles),) if reviews else ()),
        TextField(
            "rule",
            voice("On which days?"),
            routine.rule if routine else "",
            required=True,
            placeholder=voice("second Tuesday"),
            hint=voice(
                "Such as: second Tuesday; every Monday; every other Wednesday from 2026-09-09; 3 school days after first "
                "Monday; or dates with commas."
            ),
        ),
        TextField(
            "start", voice("At what time?"), voice.time_of_day(routine.start) if routine else "", required=True, most=12
        ),
        NumberField("minutes", voice("How many minutes?"), str(routine.minutes if routine else 60), required=True),
        TextField("place", voice("Where, or by which link? (optional)"), routine.place if routine else "", most=200),
    )
    if reviews:
        box = (Option("log_review", voice("The whole log is reviewed in it")),)
        ticked = ("log_review",) if routine and routine.log_review else ()
        fields = (*fields, Choices("log_review", voice("The log"), box, ticked))
    fields = (*fields, sure(voice))
    if new or routine is None:
        return Form(voice("New routine"), voice("Save"), Press("routine.new"), fields)
    return Form(voice("Change it"), voice("Save"), Press("routine.edit", item=routine.id), fields)


def _by_role(voice: Voice, roles: tuple[Option, ...], chosen: tuple[str, ...]) -> Choices:
    hint = voice("Whoever has that role then. With the team of a school, those of that school.")
    return Choices("roles", voice("Everybody of which roles?"), roles, chosen, hint)


def agenda_form(voice: Voice, routine: Routine) -> Form:
    """What is on it, what is asked after it, and when it counts."""
    usual = bool(kinds.TEMPLATES[routine.kind].agenda or kinds.TEMPLATES[routine.kind].questions)
    agenda_hint = voice("One on each line. The challenges come by themselves.")
    questions_hint = voice("One on each line.")
    if usual:
        agenda_hint = voice("One on each line. Empty: what is usual for it. The challenges come by themselves.")
        questions_hint = voice("One on each line. Empty: what is usual for it.")
    return open_form(
        voice,
        voice("What is on it"),
        voice("Save"),
        Press("routine.agenda", item=routine.id),
        (
            TextField(
                "agenda",
                voice("On its agenda every time"),
                "\n".join(own_agenda(voice, routine)),
                multiline=True,
                hint=agenda_hint,
            ),
            TextField(
                "questions",
                voice("What is asked after it"),
                "\n".join(own_questions(voice, routine)),
                multiline=True,
                hint=questions_hint,
            ),
            NumberField(
                "lead_days",
                voice("Prepared how many school days before?"),
                str(routine.lead_days or ""),
                hint=voice("Empty: five, or two where it is every week or every other."),
            ),
            NumberField(
                "quorum",
                voice("It counts when so many were there"),
                str(routine.quorum or ""),
                hint=voice("Empty: however few."),
            ),
            Choices(
                "poll",
                voice("Afterwards"),
                (Option("poll", voice("Ask those who were there how it was, without names")),),
                ("poll",) if routine.poll else (),
            ),
        ),
    )
