"""Help by role, Home, and a word on the process."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Final

from handlers.cards import accounts, lists
from handlers.cards.challenge import venue_name
from handlers.cards.model import Button, Buttons, Card, Element, Facts, Heading, Items, Note, Press, Quote, Text
from handlers.cards.text import Role, Typed, Voice, Who, phrase, phrases
from handlers.rules import access, presence, routines, spoken
from handlers.rules.spoken import Command, Nearly
from storage import log
from storage.case import Case
from storage.directory import Directory, Person, once
from storage.vocabulary import PersonId

OPENS: Final = MappingProxyType(
    {
        "meeting.show": "Meetings",
        "actions.show": "Action items",
        "plans.show": "Private plans",
        "routines.show": "Routines",
        "calendar.show": "Calendar",
        "process.show": "The process",
    }
)
"""What help opens by a button."""
NOT_ALONE: Final = frozenset({"?", "here", "closed"})
"""Words after `/clearway` that are not offered to whoever has mistyped one: not for everybody, or not by themselves."""


def help_card(voice: Voice, actor: Person, directory: Directory, today: date) -> Card:
    """What this person can do here: everybody's first, then what their role adds."""
    leads = access.has_authority(actor, directory, today)
    watches = presence.is_coordinator(directory, actor.id, today)
    return _help(directory, voice, presence.coordinator(directory, today).id, leads=leads, watches=watches)


@once
def _help(directory: Directory, voice: Voice, contact_id: PersonId, *, leads: bool, watches: bool) -> Card:
    body: list[Element] = [
        Text(voice("Clearway makes sure that what stands in the way of the work reaches somebody who can remove it.")),
        Buttons(tuple(_home_buttons(voice, leads=leads, watches=watches))),  # first, for those who do not type
        Buttons(tuple(Button(voice(label), Press(action)) for action, label in OPENS.items())),
        Heading(voice("Everybody")),
        Items(
            (
                voice("{command} – report what is in the way. One sentence is enough.", command=Typed("/challenge")),
                voice("Or write me a direct message, mention me, or use “Report as a challenge” on any message."),
                voice(
                    "{mine}, {reported}, {one} – see how it stands.",
                    mine=Typed("/challenges mine"),
                    reported=Typed("/challenges reported"),
                    one=Typed("/challenges 42"),
                ),
                voice("Reply in the thread of a card to add a note."),
                voice(
                    "{command} – your next meetings, and what is on their agenda.", command=Typed("/clearway meeting")
                ),
                voice("{command} – your meetings in a calendar of your own.", command=Typed("/clearway calendar")),
                voice("{command} – all that recurs and concerns you.", command=Typed("/clearway routines")),
                voice(
                    "{command} – what you are to do, as your meetings have agreed.", command=Typed("/clearway actions")
                ),
                voice("{command} – private plans, seen only by those named.", command=Typed("/clearway plans")),
                voice("{command} – the district's own process, in short.", command=Typed("/clearway process")),
                voice("{command} – what I will send you next, and when.", command=Typed("/clearway next")),
                voice(
                    "{command} – when your digest comes, and where I write to you.", command=Typed("/clearway settings")
                ),
                voice(
                    "{command} – say until when you are away, and who stands in for you.",
                    command=Typed("/clearway away"),
                ),
            )
        ),
    ]
    if leads:
        body += [
            Heading(voice("When a challenge is yours")),
            Items(
                (
                    voice("Press “I'll take it”, then “I understand it”: how big it is, and what could be done."),
                    voice(
                        "Plan steps with dates; press “Progress” when something moves, “Still blocked” when it does not."
                    ),
                    voice("“Not mine” sends it to somebody else with authority. “Resolved” asks those who raised it."),
                )
            ),
        ]
    if watches:
        body += [
            Heading(voice("The coordinator")),
            Items(
                (
                    voice(
                        "{new} – what waits to be sorted. {overdue} – whom to chase.",
                        new=Typed("/challenges unsorted"),
                        overdue=Typed("/challenges overdue"),
                    ),
                    voice("{waiting} – what waits for an answer or a date.", waiting=Typed("/challenges waiting")),
                    voice("On each card: sort it, reassign, restrict, join, redirect, enter a talk."),
                    voice("{command} – start, change or make what I am to run.", command=Typed("/clearway routines")),
                    voice("{command} – a snow day: all that was due moves.", command=Typed("/clearway closed")),
                    voice(
                        "{command}, typed in a channel – what is for that team is posted there.",
                        command=Typed("/clearway here dit"),
                    ),
                )
            ),
        ]
    body.append(Note(voice("Something wrong, or an idea? Tell {who}.", who=Who(contact_id))))
    return Card(voice("Clearway: help"), tuple(body))


def _home_buttons(voice: Voice, *, leads: bool, watches: bool) -> Iterator[Button]:
    yield Button(voice("Report a challenge"), Press("challenge.form"), "primary", opens_form=True)
    if watches:
        yield Button(voice("Enter for a caller"), Press("enter.form"), opens_form=True)
        yield Button(voice("School is closed"), Press("closure.form"), opens_form=True)
    if leads:
        yield Button(voice("I am away"), Press("substitute.form"), opens_form=True)
    yield Button(voice("My settings"), Press("settings.form"), opens_form=True)
    yield accounts.what_next(voice)


def questions(voice: Voice) -> Card:
    """What `/challenges` understands."""
    return Card(
        voice("What you can ask"),
        (
            Items(
                (
                    voice("open, unsorted, new, overdue, waiting, resolved, closed, all"),
                    voice("mine (with me), reported (by me)"),
                    voice("at Cedar Flats · type staffing · owner Ramon"),
                    voice("older than 30 days · since 2026-10-01"),
                    voice("“no subs” (words to find) · 42 (that one)"),
                )
            ),
            Note(
                voice(
                    "In any order, together: {asked}",
                    asked=Typed("/challenges overdue type staffing at Cedar Flats"),
                )
            ),
        ),
    )


def open_form(voice: Voice, title: str, press: Press) -> Card:
    """Where a command in words asks for a form, and none can be opened after a message."""
    return Card(title, (Buttons((Button(voice("Open the form"), press, "primary", opens_form=True),)),))


def report_this(voice: Voice, text: str, held: str) -> Card:
    """The same for the report form, which would be filled with the words."""
    return Card(
        voice("Report this?"),
        (
            Quote(text),
            Buttons(
                (
                    Button(voice("Fill in the form"), Press("draft.form", item=held), "primary", opens_form=True),
                    Button(voice("Report it as it stands"), Press("draft.report", item=held)),
                    Button(voice("Do not report it"), Press("draft.drop", item=held)),
                )
            ),
            Note(voice("Nothing is recorded yet. We keep your words sealed for 24 hours, for you alone.")),
        ),
    )


def or_report(voice: Voice, answer: Card, held: str) -> Card:
    """The answer to what seems to be a question, and a way to report it all the same."""
    anyway = Buttons((Button(voice("Report it as a challenge"), Press("draft.report", item=held)),))
    note = Note(voice("What you wrote was taken for a question, and not recorded."))
    return replace(answer, body=(*answer.body, note, anyway))


def nearly(voice: Voice, missed: Nearly, held: str) -> Card:
    """A message that is like a command: what would have been understood, and a way to report it all the same."""
    return Card(
        voice("I did not understand “{word}”", word=lists.short(missed.said, 60)),
        (
            Text(voice("It looks like a command, so it was not recorded. This would have been understood:")),
            Items(tuple(lists.short(voice("{words}", words=Typed(each)), 200) for each in missed.would_have_been)),
            Buttons(
                (
                    *_meant(voice, missed, held),
                    Button(voice("Report it anyway"), Press("draft.report", item=held)),
                )
            ),
        ),
    )


def _meant(voice: Voice, missed: Nearly, held: str) -> Iterator[Button]:
    """The button that does what was perhaps meant."""
    match missed.meant:
        case None:
            return
        case Command(spoken.LOG, words):
            press = Press("log.more", item=lists.short(words, 200) or "open")
        case Command(spoken.FORM, words):
            press = Press("draft.form", item=held) if words else Press(spoken.FORM)
        case Command(spoken.HOME, word):
            press = Press(spoken.SUBWORDS.get(word, spoken.HOME))
        case Command(action):
            press = Press(action)
    opens = press.action.endswith("form")
    yield Button(
        lists.short(voice("{words}", words=Typed(missed.would_have_been[0])), 60), press, "primary", opens_form=opens
    )


def greeting(voice: Voice, directory: Directory) -> Card:
    return Card(
        voice("Hello"),
        (
            Text(voice("Tell me in a sentence what is in the way, and it goes to somebody who can remove it.")),
            Buttons((Button(voice("Report a challenge"), Press("challenge.form"), "primary", opens_form=True),)),
        ),
    )


def unknown_subword(voice: Voice, word: str) -> Card:
    return Card(
        voice("I did not understand “{word}”", word=lists.short(word, 60)),
        (
            Items(
                (
                    voice("{command} – what needs you now", command=Typed("/clearway")),
                    *(
                        voice("{command}", command=Typed(f"/clearway {each}"))
                        for each in spoken.SUBWORDS
                        if each not in NOT_ALONE
                    ),
                )
            ),
        ),
    )


def process(voice: Voice, directory: Directory, more: Iterable[Element] = ()) -> Card:
    """The process in force, in short. `more`: its whole text, and the versions to come."""
    version = directory.in_force
    targets = version.process.response_targets_school_days
    return Card(
        voice("{name}, version {version}", name=version.process.name, version=version.version),
        (
            Text(
                voice(
                    "An implementation challenge is something that stops the work and that you cannot remove yourself."
                )
            ),
            Facts(
                (
                    (voice("Types"), ", ".join(voice.label(each) for each in version.process.types)),
                    (
                        voice("First answer within"),
                        voice(phrases("{n} school day", "{n} school days", n=targets.acknowledge)),
                    ),
                    (
                        voice("You are asked after it is resolved"),
                        voice(
                            phrases(
                                "{n} school day later", "{n} school days later", n=targets.follow_up_after_resolution
                            )
                        ),
                    ),
                    *((voice.label(level), meaning) for level, meaning in version.process.urgency.items()),
                    (voice("Where it is discussed"), "; ".join(_venues(voice, version.process.venues))),
                )
            ),
            Buttons((Button(voice("Who uses this process?"), Press("process.people")),)),
            *more,
        ),
    )


def _venues(voice: Voice, venues: Sequence[str]) -> Iterator[str]:
    for each in venues:
        yield venue_name(voice, each)


def users(voice: Voice, directory: Directory, today: date) -> Card:
    """Who uses the process: the teams that are named in it, and who has the authority to remove what (R-12)."""
    body: list[Element] = [Heading(voice("Teams that use it"))]
    named = [each for each in directory.teams.values() if routines.uses_process(each, directory)]
    for team in named:
        members = [directory.people[each].name for each in team.member_ids if directory.people[each].here_on(today)]
        body.append(Facts(((team.name, ", ".join(members) or voice("nobody yet")),)))
    if not named:
        body.append(Text(voice("No team is named in the process yet.")))
    body.append(Heading(voice("Who can remove what")))
    deciding = [each for each in directory.people.values() if each.authority and each.here_on(today)]
    body.append(
        Facts(tuple((each.name, ", ".join(voice.label(code) for code in sorted(each.authority))) for each in deciding))
    )
    watching = presence.coordinator(directory, today)
    body.append(Note(voice("{who} watches over the process.", who=Who(watching.id))))
    return Card(voice("Who uses the process"), tuple(body))


def home_questions(voice: Voice, actor: Person, directory: Directory, today: date) -> Iterator[tuple[str, str]]:
    """What Home shows: headings, and the question whose answer stands below each."""
    if presence.is_coordinator(directory, actor.id, today):
        yield voice("Overdue"), "overdue"
        yield voice("To be sorted"), "unsorted"
        yield voice("Waiting for an answer"), "waiting"
    yield voice("With you"), "mine open"
    yield voice("Raised by you"), "reported open"


def _away(voice: Voice, actor: Person, directory: Directory, today: date) -> Iterator[Element]:
    """That they are away, or will be, and who stands in; and a way to end it."""
    now = directory.absence(actor.id, today)
    to_come = [each for each in directory.absences if each.person_id == actor.id and today < each.from_on <= each.to_on]
    absence = now or min(to_come, key=lambda each: each.from_on, default=None)
    if absence is None:
        return
    until, stand_in = absence.to_on, absence.delegate_id
    when = phrase("You are away until {until}", until=until)
    if now is None:
        when = phrase("You will be away from {first} until {until}", first=absence.from_on, until=until)
    said = voice("{when}; nobody stands in for you.", when=when)
    if stand_in:
        said = voice("{when}; {who} stands in for you.", when=when, who=Who(stand_in))
    yield Text(said)
    yield Buttons((Button(voice("I am back") if now else voice("I am there after all"), Press("back")),))


def _promised(voice: Voice, actor: Person, cases: Sequence[Case]) -> Iterator[Element]:
    """The steps that somebody has in what others lead: what they promised, and not what everybody owes."""
    if cases:
        yield Heading(voice("Steps of yours"))
    for case in cases:
        for step in case.open_steps:
            if step.owner_id == actor.id:
                what = lists.short(case.words_of(step), 110)
                yield Text(voice("{n}: {what} – by {day}", n=case.number, what=what, day=step.due_on))
        yield Buttons((Button(voice("Show {n}", n=case.number), Press("show", case.id)),))


def home(
    voice: Voice,
    actor: Person,
    directory: Directory,
    sections: Sequence[tuple[str, str, log.Found]],
    today: date,
    meetings: Sequence[Element] = (),
    promised: Sequence[Case] = (),
) -> Card:
    """What needs this person now; help is below. `promised`: challenges of others, in which they have open steps."""
    leads = access.has_authority(actor, directory, today)
    watches = presence.is_coordinator(directory, actor.id, today)
    body: list[Element] = [
        *_away(voice, actor, directory, today),
        Buttons(
            (*_home_buttons(voice, leads=leads, watches=watches), Button(voice("All I can do here"), Press("help")))
        ),
    ]
    body.extend(_promised(voice, actor, promised))
    above: set[str] = set()
    for title, words, found in sections:
        body.append(Heading(f"{title}: {found.total}" if found.total else title))
        lines = [each for each in found.lines if each.id not in above]  # once is enough
        above |= {each.id for each in lines}
        if not lines:
            body.append(Note(voice("Nothing but what stands above.") if found.lines else voice("Nothing.")))
        for each in lines:
            body.append(Text(lists.line(voice, each, today)))
            body.append(Buttons((Button(voice("Show {n}", n=each.number), Press("show", each.id)),)))
        if found.more:
            body.append(Buttons((Button(voice("All: {words}", words=words), Press("log.more", item=words)),)))
    body.extend(meetings)
    body.append(
        Note(
            voice(
                phrase(
                    "{district} · {role} · {help}",
                    district=directory.name,
                    role=Role(actor.role),
                    help=Typed("/clearway help"),
                )
            )
        )
    )
    return Card(voice("Home"), tuple(body))
