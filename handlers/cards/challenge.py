"""The card of a challenge: one card for everybody, drawn for its reader and for how it stands now.

What a person may see and press follows from who they are and from the present state; so a card that is edited in place
is simply drawn again, and a press on an old card meets the same rules.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from handlers.cards import lists, names
from handlers.cards.model import (
    Button,
    Buttons,
    Card,
    Divider,
    Element,
    Facts,
    Heading,
    Items,
    Link,
    Note,
    Press,
    Quote,
    Text,
)
from handlers.cards.text import At, Dollars, Phrase, Voice, Who, from_json, phrase, phrases
from handlers.rules import access, cadence, lifecycle, routing
from handlers.rules.access import Action
from handlers.rules.cadence import Due, Duty, Goal
from handlers.rules.lifecycle import Move
from scheduling.calendar import Calendar
from scheduling.recurrence import SCHOOL_TEAM, next_at_venue, team_of
from storage.case import Case
from storage.directory import Directory, Person
from storage.models import Event, Reporter, Words
from storage.vocabulary import (
    ENDED,
    Answer,
    Door,
    Effect,
    Field,
    Kind,
    Outcome,
    PersonId,
    SchoolId,
    Scope,
    Status,
    Visibility,
)


@dataclass(frozen=True, slots=True)
class View:
    """A challenge as one person sees it."""

    directory: Directory
    case: Case
    voice: Voice
    reader: Person
    today: date
    facts: access.Facts
    now: datetime
    last: Event | None = None
    """The last act of a person on it, where it is shown with what they can do."""

    def may(self, action: Action) -> bool:
        return access.may(self.reader, action, self.facts, self.directory, self.today)

    def can(self, action: Action, move: Move) -> bool:
        """May, and the challenge stands so that it makes sense."""
        return lifecycle.may(self.case.challenge.status, move) and self.may(action)

    def name(self, person_id: PersonId | None) -> str:
        """A person's name; a confidential reporter's only for those who may know it."""
        if person_id is None:
            return "Clearway"
        reporter = self.case.reporter(person_id)
        if reporter and reporter.confidential and not self.sees_reporter(person_id):
            return self.voice("a reporter")
        return self.voice("{who}", who=Who(person_id))

    def discreet(self, said: Phrase) -> Phrase:
        """A reason, or a mere "by the process" where it would name, or let one guess, who reported in confidence."""

        def names(value: object) -> bool:
            match value:
                case Who(id):
                    return id in self.facts.confidential_ids and not self.sees_reporter(id)
                case Phrase():
                    return any(names(each) for each in value.params.values())
                case _:
                    return False

        return phrase("The written process decides who takes it.") if names(said) else said

    def sees_reporter(self, person_id: PersonId) -> bool:
        return person_id == self.reader.id or self.may(Action.SEE_REPORTER)


def view(
    directory: Directory, case: Case, voice: Voice, reader: Person, now: datetime, history: Sequence[Event] = ()
) -> View:
    """`history`: where what the reader did last is shown with a way to undo it."""
    last = next((each for each in reversed(history) if each.actor_id is not None), None)
    return View(directory, case, voice, reader, Calendar.of(directory).today(now), access.facts(case), now, last)


UNDO_WITHIN: Final = timedelta(minutes=10)
"""A slip is undone by its author for so long, where nobody has acted since."""
FOR_GOOD: Final = frozenset({Kind.REPORTED, Kind.JOINED, Kind.WITHDRAWN, Kind.UNDONE, Kind.SNOOZED})
"""Under these stands a way of its own to take them back, or none."""


def plain(voice: Voice, title: str, *sentences: str) -> Card:
    """A card with nothing but sentences."""
    return Card(title, tuple(Text(each) for each in sentences), summary=" ".join([title, *sentences]))


def done(voice: Voice, case: Case, said: Phrase, event: Event | None) -> Card:
    """The answer to one's own act, with a way to undo a slip."""
    buttons = [Button(voice("Show"), Press("show", case.id))]
    if event is not None:
        buttons.append(Button(voice("Undo"), Press("undo", case.id, event.id)))
    title = voice("Challenge {n}", n=case.number)
    return Card(title, (Text(voice(said)), Buttons(tuple(buttons))), summary=voice(said))


def then_of(event: Event) -> Phrase:
    """The second half of an escalation's reason: who is brought in, or leads."""
    why = from_json(event.data["why"])
    then = why.params.get("then")
    return then if isinstance(then, Phrase) else why


# ----------------------------------------------------------------------------------------------------------- the card


def card(seen: View, intro: str = "", *, title: str = "", quotes: Sequence[Words] = (), reminds: bool = False) -> Card:
    """The whole card. `intro` says why the reader gets it, `quotes` are the words that came with that; the rest is the
    present state. `reminds`: it reminds them of something, which they may put off."""
    voice, challenge = seen.voice, seen.case.challenge
    head = title or voice("Challenge {n}", n=seen.case.number)
    if not seen.may(Action.SEE):
        return plain(voice, head, voice("This challenge is no longer open to you."))
    body: list[Element] = []
    if intro:
        body.append(Text(intro))
    body.extend(Quote(each.text, seen.name(each.author_id)) for each in quotes if each.text)
    body.append(Quote(seen.case.said(Field.WHAT) or voice("(These words were taken out by a recorded act.)")))
    confirms = tuple(_confirms(seen))
    if confirms:  # what is asked of them comes before all that they know, or a phone shows it a screen below
        if (done := seen.case.said(Field.RESOLUTION)) and done not in {each.text for each in quotes}:
            body += [Text(voice("What was done:")), Quote(done, seen.name(challenge.owner_id))]
        body.append(Buttons(confirms))
    body.append(Facts(tuple((name, value) for name, value in _facts(seen) if value != intro)))
    body.extend(_brief(seen, but={Field.RESOLUTION} if confirms else ()))
    if challenge.asked_at is not None and (asked := seen.case.said(Field.QUESTION)):
        body.append(Text(voice("A question waits for those who raised it:")))
        body.append(Quote(asked, seen.name(challenge.owner_id)))
    for step in seen.case.open_steps:
        body.append(Text(lists.step(voice, seen.case, step, seen.name(step.owner_id))))
        if seen.may(Action.STEP_DONE) and (step.owner_id == seen.reader.id or challenge.owner_id == seen.reader.id):
            label = voice("Step {n} is done", n=step.position + 1)
            body.append(Buttons((Button(label, _press(seen, "step_done", step.id)),)))
    body.append(Note(next_line(seen)))
    if reporter := seen.case.reporter(seen.reader.id):
        body.extend(_who_sees(seen, reporter.confidential))
    if link := _link(seen):
        body.append(link)
    if buttons := (*(_later(seen) if reminds else ()), *_buttons(seen)):
        body.append(Buttons(buttons))
    summary = " ".join(filter(None, [head + ".", intro, state_line(seen)]))
    return Card(head, tuple(body), summary=summary)


def for_outsider(seen: View, intro: str, *, title: str) -> Card:
    """For somebody outside the district whom the process informs: what it is and who has it; no names, no buttons."""
    voice, challenge = seen.voice, seen.case.challenge
    facts = [(voice("Where it stands"), state_line(seen)), (voice("Who has it"), seen.name(challenge.owner_id))]
    if challenge.type:
        facts.append((voice("Type"), voice.label(challenge.type)))
    if challenge.school_id:
        facts.append((voice("School"), voice("{school}", school=At(challenge.school_id))))
    body = (Text(intro), Quote(seen.case.said(Field.WHAT) or "–"), Facts(tuple(facts)))
    return Card(title, body, summary=f"{title}. {intro}")


def _press(seen: View, action: str, item: str = "") -> Press:
    return Press(action, seen.case.id, item, seen.case.challenge.version)


def _facts(seen: View) -> Iterator[tuple[str, str]]:
    voice, challenge = seen.voice, seen.case.challenge
    yield voice("Where it stands"), state_line(seen)
    yield voice("Who has it"), seen.name(challenge.owner_id)
    yield voice("Why"), voice(seen.discreet(from_json(challenge.why))) if challenge.why else "–"
    if challenge.type:
        yield voice("Type"), ", ".join([voice.label(challenge.type), *challenge.tags])
    if challenge.scope:
        yield voice("The power to remove it sits"), voice(routing.WHERE[challenge.scope])
    if challenge.school_id:
        yield voice("School"), voice("{school}", school=At(challenge.school_id))
    yield voice("Urgency"), voice.label(challenge.urgency)
    if challenge.amount_usd:
        yield voice("Money asked for"), voice("{amount}", amount=Dollars(challenge.amount_usd))
    if challenge.effect and challenge.status not in ENDED:
        yield voice("So far"), voice(EFFECTS[challenge.effect])
    if challenge.outside_id:
        yield voice("Works with, outside"), voice("{who}", who=Who(challenge.outside_id))
    if challenge.decide_by and challenge.understood_at is None and challenge.status not in ENDED:
        yield voice("Decision due"), voice("{day}", day=challenge.decide_by)
    raised = [_raised_by(seen, each) for each in seen.case.reporters]
    yield voice("Raised by"), ", ".join(dict.fromkeys(raised))
    yield voice("Raised on"), voice("{day}", day=Calendar.of(seen.directory).today(challenge.reported_at))
    if challenge.status not in ENDED:
        yield voice("Where it is discussed"), _venue(seen)
    if challenge.visibility is Visibility.RESTRICTED:
        yield (
            voice("Who can see it"),
            voice("Restricted: the coordinator, the owner, those who raised it, and those admitted"),
        )


def _raised_by(seen: View, reporter: Reporter) -> str:
    """Whoever sees a name that is kept from others is told so, and does not pass it on by habit."""
    name = seen.name(reporter.person_id)
    if reporter.confidential and reporter.person_id != seen.reader.id and seen.sees_reporter(reporter.person_id):
        return seen.voice("{name} (in confidence: the name is shown to you, and not to others)", name=name)
    return name


def was_it_addressed(voice: Voice, case: Case) -> Card:
    """Somebody has written about what is to be confirmed: their words are kept, and their answer is one press."""
    version = case.challenge.version

    def press(action: str) -> Press:
        return Press(action, case.id, "", version)

    return Card(
        voice("Challenge {n}: was it addressed?", n=case.number),
        (
            Text(voice("Your words are noted. Only your answer closes it, or opens it again:")),
            Buttons(
                (
                    Button(voice("Yes, it was addressed"), press("yes"), "primary"),
                    Button(voice("Partly"), press("partly.form"), opens_form=True),
                    Button(voice("No"), press("no.form"), opens_form=True),
                )
            ),
        ),
    )


EFFECTS: Final[Mapping[Effect, str]] = {
    Effect.BETTER: "It is better",
    Effect.SAME: "It is the same",
    Effect.WORSE: "It is worse",
    Effect.GONE: "It is gone",
}


def how_is_it_now(voice: Voice, case: Case, said: str, event: Event) -> Card:
    """A step is done; whether that has changed anything is another question (R-39)."""
    version = case.challenge.version
    answers = tuple(Button(voice(label), Press("effect", case.id, each, version)) for each, label in EFFECTS.items())
    undo = Button(voice("Undo"), Press("undo", case.id, event.id))
    return Card(
        voice("Challenge {n}", n=case.number),
        (Text(said), Text(voice("How is it now?")), Buttons((*answers, undo))),
        summary=said,
    )


def _venue(seen: View) -> str:
    """Where it is on the agenda, and when that meets next (R-13)."""
    challenge, directory = seen.case.challenge, seen.directory
    meets = next_at_venue(challenge.venue, challenge.school_id, directory, Calendar.of(directory), seen.now)
    named = venue_name(seen.voice, challenge.venue, challenge.school_id)
    return seen.voice("{venue}, next on {when}", venue=named, when=meets) if meets else named


def venue_name(voice: Voice, venue: str, school_id: SchoolId | None = None) -> str:
    """A venue by the name of its team, else by its label."""
    team = team_of(venue, school_id, voice.directory)
    if team is None and venue == SCHOOL_TEAM:
        return voice("The school's leadership team")
    return team.name if team else voice.label(venue)


def _brief(seen: View, but: Collection[Field] = ()) -> Iterator[Element]:
    """The brief: who is hit, what was tried, how big it is, the options (R-26). `but`: what stands elsewhere."""
    labels = (
        (Field.AFFECTED, "Who is hit, and how many"),
        (Field.TRIED, "Tried so far"),
        (Field.EVIDENCE, "Evidence"),
        (Field.SCOPE, "How big it is, in the owner's words"),
        (Field.OPTIONS, "Options"),
        (Field.RESOLUTION, "What was done"),
    )
    pairs = [(seen.voice(label), said) for part, label in labels if part not in but and (said := seen.case.said(part))]
    if question := _left_open(seen.case):
        pairs.append((seen.voice("Asked before, and not answered"), question))
    if pairs:
        yield Facts(tuple(pairs))
    for words in list(seen.case.all_said(Field.DECISION))[-2:]:
        if words.text and words.about:
            yield Text(seen.voice("Decided at {meeting}:", meeting=names.meeting(seen.voice, words.about)))
            yield Quote(words.text, seen.name(words.author_id))
    notes = list(seen.case.all_said(Field.NOTE))
    for words in notes[-2:]:
        if words.text:
            yield Quote(words.text, seen.voice("{who}, {when}", who=seen.name(words.author_id), when=words.said_at))


def _left_open(case: Case) -> str | None:
    """The last question to those who raised it, where nobody waits for its answer any more: whoever has it now knows."""
    asked, answered = (
        max(case.all_said(each), key=lambda words: words.said_at, default=None)
        for each in (Field.QUESTION, Field.ANSWER)
    )
    if asked is None or case.challenge.asked_at is not None or case.challenge.status in ENDED:
        return None
    return asked.text if answered is None or answered.said_at < asked.said_at else None


def state_line(seen: View) -> str:
    """Where it stands, in one plain sentence."""
    voice, challenge = seen.voice, seen.case.challenge
    owner = seen.name(challenge.owner_id)
    day = challenge.review_on
    if challenge.asked_at is not None and challenge.status not in ENDED:
        return voice("{who} has asked a question; the clock stands still until it is answered.", who=owner)
    if day and challenge.status not in {Status.WAITING_OUTSIDE, Status.DECLINED}:
        return voice("It rests until {day}.", day=day)
    match challenge.status:
        case Status.REPORTED:
            return voice("Being sorted by {who}.", who=owner)
        case Status.WITH_SCHOOL:
            if challenge.school_id in seen.directory.people[challenge.owner_id].school_ids:
                return voice("With the school first: {who} has it.", who=owner)
            return voice("For the school to remove, and with {who} in its place.", who=owner)
        case Status.ASSIGNED if challenge.taken_at is None:
            return voice("With {who}, who has not taken it up yet.", who=owner)
        case Status.ASSIGNED:
            return voice("With {who}, who has taken it up.", who=owner)
        case Status.UNDERSTOOD:
            if seen.case.said(Field.OPTIONS):
                return voice("{who} has confirmed how big it is and what could be done.", who=owner)
            return voice("{who} has confirmed how big it is.", who=owner)
        case Status.PLANNED:
            return voice("There is a plan.")
        case Status.IN_PROGRESS:
            return voice("{who} is working on it.", who=owner)
        case Status.WAITING_OUTSIDE:
            return voice("Waiting on somebody outside the district; looked at again on {day}.", day=day)
        case Status.RESOLVED:
            return voice("{who} says it is resolved. Those who raised it will be asked.", who=owner)
        case Status.AWAITING_CONFIRMATION:
            return voice("Those who raised it are being asked whether it was addressed.")
        case Status.DECLINED:
            return voice("Declined for now by {who}; looked at again on {day}.", who=owner, day=day)
        case Status.CLOSED if challenge.outcome is Outcome.CONFIRMED:
            return voice("Closed: those who raised it say it was addressed.")
        case Status.CLOSED:
            return voice("Closed, not confirmed.")
        case Status.WITHDRAWN:
            return voice("Withdrawn by who raised it.")
        case Status.REDIRECTED:
            return voice("Not for this process: it was sent to the right desk.")
        case Status.MERGED:
            return voice("It joined another challenge.")


def next_line(seen: View) -> str:
    """When it is looked at next: what the reporter most wants to know."""
    challenge = seen.case.challenge
    if challenge.status in ENDED or challenge.next_at is None:
        if challenge.status is Status.CLOSED and seen.case.reporter(seen.reader.id):
            return seen.voice("Nothing more will happen unless you say that it is not gone.")
        return seen.voice("Nothing more will happen unless it is raised again.")
    day = Calendar.of(seen.directory).today(challenge.next_at)
    if challenge.status is Status.RESOLVED:
        return seen.voice("You will be asked on {day} whether it was addressed." if seen.case.reporter(seen.reader.id)
                          else "Those who raised it will be asked on {day}.", day=day)  # fmt: skip
    if seen.case.reporter(seen.reader.id) and challenge.review_on is None and challenge.asked_at is None:
        calendar = Calendar.of(seen.directory)
        by = cadence.told_by(seen.case, seen.directory.version(challenge.process_id).process, calendar)
        if challenge.status is not Status.AWAITING_CONFIRMATION and challenge.owner_id != seen.reader.id:
            return seen.voice(
                "You hear of each change, and by {by} at the latest how it stands. It is looked at again on {day}.",
                by=max(by, day), day=day,
            )  # fmt: skip
    return seen.voice("It is looked at again on {day} at the latest; you hear of each change.", day=day)


def _who_sees(seen: View, confidential: bool) -> Iterator[Note]:
    voice = seen.voice
    if seen.case.challenge.visibility is Visibility.RESTRICTED:
        yield Note(
            voice("Only the coordinator, the owner, those who raised it and those admitted can see this challenge.")
        )
    else:
        yield Note(voice("The district team, your school and those who work on it can see this challenge."))
    yield Note(
        voice("Your name is shown to the coordinator only.") if confidential else voice("Your name is shown with it.")
    )
    yield Note(voice("The owners of a workspace may be able to read direct messages."))


def _link(seen: View) -> Link | None:
    """The message it came from; a confidential reporter's only for those who may know them, and a direct message only
    for its author: nobody else could open it."""
    direct = seen.case.challenge.door is Door.DIRECT_MESSAGE
    for n, reporter in enumerate(seen.case.reporters):
        if direct and n == 0 and reporter.person_id != seen.reader.id:
            continue
        if reporter.link and (not reporter.confidential or seen.sees_reporter(reporter.person_id)):
            return Link(seen.voice("The message it came from"), reporter.link)
    return None


def _confirms(seen: View) -> Iterator[Button]:
    """Whether it was addressed, asked of those who raised it."""
    voice, case = seen.voice, seen.case
    me = case.reporter(seen.reader.id)
    asked = case.challenge.status in {Status.RESOLVED, Status.AWAITING_CONFIRMATION}
    if me is None or not asked or not seen.may(Action.CONFIRM):
        return
    if me.answer is not Answer.YES:
        yield Button(voice("Yes, it was addressed"), _press(seen, "yes"), "primary")
    yield Button(voice("Partly"), _press(seen, "partly.form"), opens_form=True)
    yield Button(voice("No"), _press(seen, "no.form"), opens_form=True)


def _later(seen: View) -> Iterator[Button]:
    """To put off one's own reminders, where that may be."""
    if cadence.may_put_off(seen.case, seen.reader.id, Calendar.of(seen.directory), seen.today):
        yield Button(seen.voice("Remind me later"), _press(seen, "snooze.form"), opens_form=True)


QUICK: Final = frozenset(
    {
        "answer.form",
        "sort.form",
        "take",
        "understand.form",
        "progress.form",
        "still_blocked",
        "resolve.form",
        "talk.form",
    }
    | {"close.form", "keep_open", "yes", "partly.form", "no.form", "step_done"}
)
"""What a line of a digest can be answered with."""
MOST_QUICK: Final = 3  # on one line: with "later" and "open" as many as stand side by side on a phone


def line_buttons(seen: View, *, reminds: bool) -> tuple[Button, ...]:
    """The answers to one line of a digest, the most likely first; each with its number, for those who hear it read."""
    voice, case = seen.voice, seen.case
    if not seen.may(Action.SEE):
        return ()
    steps = [each for each in case.open_steps if each.owner_id == seen.reader.id and seen.may(Action.STEP_DONE)]
    done = [
        Button(voice("Step {n} is done", n=each.position + 1), _press(seen, "step_done", each.id)) for each in steps[:1]
    ]
    quick = [each for each in (*_confirms(seen), *done, *_buttons(seen)) if each.press.action in QUICK]
    shown = [*quick[:MOST_QUICK], *(_later(seen) if reminds else ())]
    said = [replace(each, label=voice("{label} ({n})", label=each.label, n=case.number)) for each in shown]
    return (*said, Button(voice("Open {n}", n=case.number), Press("show", case.id)))


def _buttons(seen: View) -> Iterator[Button]:
    """What this person can do now; the most likely first."""
    voice, challenge, case = seen.voice, seen.case.challenge, seen.case

    def button(
        label: str, action: str, *, form: bool = False, style: str = "plain", confirm: str = "", item: str = ""
    ) -> Button:
        return Button(label, _press(seen, action + (".form" if form else ""), item), style, form, confirm)  # type: ignore[arg-type]

    status = challenge.status
    unsettled = lifecycle.may(status, Move.ASSIGN) and status is not Status.DECLINED

    me = case.reporter(seen.reader.id)
    if me and status is Status.CLOSED and challenge.outcome is Outcome.NOT_CONFIRMED and me.answer is not Answer.YES:
        yield button(voice("Yes, it was addressed"), "yes")
    if me and status is Status.CLOSED and seen.may(Action.CONFIRM):
        yield button(voice("It is not gone"), "no", form=True)
    if challenge.asked_at is not None and seen.may(Action.ANSWER):
        yield button(voice("Answer"), "answer", form=True, style="primary" if me else "plain")

    if status is Status.REPORTED and seen.may(Action.TRIAGE):
        yield button(voice("Sort it"), "sort", form=True, style="primary")
    elif unsettled and seen.may(Action.TRIAGE):
        yield button(voice("Sort it anew"), "sort", form=True)
    if challenge.taken_at is None and seen.can(Action.TAKE, Move.UNDERSTAND):
        yield button(voice("I'll take it"), "take", style="primary")
    if challenge.understood_at is None and seen.can(Action.UNDERSTAND, Move.UNDERSTAND):
        yield button(
            voice("I understand it"), "understand", form=True, style="primary" if challenge.taken_at else "plain"
        )
    if seen.can(Action.PLAN, Move.PLAN):
        yield button(voice("Plan steps"), "plan", form=True)
    if unsettled and seen.may(Action.PROGRESS):
        yield button(voice("Progress"), "progress", form=True)
    if unsettled and challenge.asked_at is None and seen.may(Action.ASK):
        yield button(voice("Question"), "question", form=True)
    if unsettled and seen.may(Action.ESCALATE):
        yield button(voice("Still blocked"), "still_blocked")
    if unsettled and status is not Status.REPORTED and seen.may(Action.HAND_ON):
        yield button(voice("Not mine"), "not_mine", form=True)
    if challenge.scope is Scope.SCHOOL and unsettled and seen.may(Action.SEND_UP):
        yield button(voice("Send up"), "send_up", form=True)
    if seen.can(Action.RESOLVE, Move.RESOLVE):
        yield button(voice("Resolved"), "resolve", form=True, style="primary")
    if challenge.review_on and seen.may(Action.PAUSE):
        yield button(voice("Resume now"), "resume")
    elif unsettled and seen.may(Action.PAUSE):
        yield button(voice("Pause until"), "pause", form=True)
    if seen.can(Action.WAIT, Move.WAIT) and status is not Status.WAITING_OUTSIDE:
        yield button(voice("Waiting outside"), "wait", form=True)
    if seen.can(Action.DECLINE, Move.DECLINE):
        yield button(voice("Decline"), "decline", form=True)

    if challenge.decision_asked_at and status is Status.AWAITING_CONFIRMATION and seen.may(Action.DECIDE):
        yield button(voice("Close, not confirmed"), "close", form=True)
        yield button(voice("Keep it open"), "keep_open")
    if status in {Status.RESOLVED, Status.AWAITING_CONFIRMATION} and seen.may(Action.TALK):
        yield button(voice("Enter a talk"), "talk", form=True)
    if unsettled and seen.may(Action.REASSIGN):
        yield button(voice("Reassign"), "reassign", form=True)
    if seen.may(Action.RESTRICT):  # also when it has ended: its words still stand in the log, and in a team's room
        yield button(voice("Who can see it"), "restrict", form=True)
    if status not in ENDED and seen.may(Action.REASSIGN):
        yield button(voice("Move where it is discussed"), "venue", form=True)
        if challenge.process_id != seen.directory.in_force.id and seen.may(Action.MOVE_PROCESS):
            yield button(voice("Move to the rules in force"), "process", form=True)
    if seen.can(Action.MERGE, Move.MERGE):
        yield button(voice("Join with another"), "merge", form=True)
    if challenge.merged_into_id:
        yield Button(voice("Show the challenge that it joined"), Press("show", challenge.merged_into_id))
    if seen.can(Action.REDIRECT, Move.REDIRECT):
        yield button(voice("Redirect"), "redirect", form=True)

    if status not in ENDED and seen.may(Action.DETAIL) and unsettled:
        yield button(voice("Add details"), "details", form=True)
    if me and status not in ENDED and seen.may(Action.WITHDRAW):
        as_message = challenge.door in {Door.DIRECT_MESSAGE, Door.MENTION} and status is Status.REPORTED
        yield button(
            voice("Not a report") if as_message else voice("Withdraw"),
            "withdraw",
            confirm="" if as_message else voice("Take challenge {n} back? Nobody will follow it up.", n=case.number),
        )
    if not me and status not in ENDED and challenge.owner_id != seen.reader.id and seen.may(Action.JOIN):
        yield button(voice("Me too"), "me_too", form=True)
    last = seen.last
    if last and last.actor_id == seen.reader.id and last.kind not in FOR_GOOD and seen.now - last.at <= UNDO_WITHIN:
        yield Button(voice("Undo"), Press("undo", case.id, last.id))
    yield button(voice("What happens next"), "what_next")


# --------------------------------------------------------------------------------------------- history, what is next

HISTORY: Final[Mapping[Kind, str]] = {
    Kind.REPORTED: "{who} raised it",
    Kind.JOINED: "{who} joined: me too",
    Kind.DETAILED: "{who} added details",
    Kind.SORTED: "{who} sorted it; it went to {to}",
    Kind.ASSIGNED: "it went to {to}",
    Kind.TAKEN: "{who} took it",
    Kind.UNDERSTOOD: "{who} confirmed the scope and the options",
    Kind.ASKED: "{who} asked a question",
    Kind.ANSWERED: "{who} answered",
    Kind.TOLD: "those who raised it were told how it stands",
    Kind.UNANSWERED: "nobody has answered the question, and it goes on without an answer",
    Kind.PLANNED: "{who} planned steps",
    Kind.STEP_DONE: "{who} finished a step",
    Kind.EFFECT: "{who} said how it is now",
    Kind.NOTED: "{who} added a note",
    Kind.DECIDED: "it was decided at {meeting} ({who} wrote it down)",
    Kind.PROMPTED: "Clearway asked how it stands",
    Kind.ESCALATED: "it went up the ladder: {to} leads",
    Kind.HANDED_ON: "{who} handed it on; it went to {to}",
    Kind.SENT_UP: "{who} sent it up to the district; it went to {to}",
    Kind.WAITING: "{who} waits on somebody outside",
    Kind.RESUMED: "work on it was taken up again",
    Kind.PAUSED: "{who} paused it",
    Kind.SNOOZED: "{who} put off their own reminders until {day}; all else goes on",
    Kind.RESOLVED: "{who} said it is resolved",
    Kind.CONFIRMATION_ASKED: "those who raised it were asked whether it was addressed",
    Kind.REMINDED: "a reporter was reminded",
    Kind.COLLEAGUE_ASKED: "a colleague was asked to ask a reporter",
    Kind.NOBODY_ASKED: "nobody else may know who raised it, so no colleague asked",
    Kind.DECISION_ASKED: "{to} was asked to decide after silence",
    Kind.CONFIRMED: "{who} said yes, it was addressed",
    Kind.PARTLY: "{who} said it was partly addressed",
    Kind.REFUSED: "{who} said no, it was not addressed",
    Kind.TALKED: "{who} entered a talk",
    Kind.CLOSED: "it was closed",
    Kind.REOPENED: "it was opened again",
    Kind.DECLINED: "{who} declined it for now",
    Kind.WITHDRAWN: "{who} withdrew it",
    Kind.REDIRECTED: "{who} sent it to another desk",
    Kind.MERGED: "{who} joined it with another challenge",
    Kind.VENUE_MOVED: "{who} moved where it is discussed",
    Kind.PROCESS_MOVED: "{who} moved it to another version of the process",
    Kind.RESTRICTED: "{who} restricted who can see it",
    Kind.OPENED_UP: "{who} opened it to the district team",
    Kind.ADMITTED: "{who} admitted somebody",
    Kind.TAKEN_OUT: "{who} took {to} out of it",
    Kind.UNDONE: "{who} undid a slip",
    Kind.REPAIRED: "it moved to {to}, because who had it could not act",
    Kind.HANDED_BACK: "it went back to {to}, who is there again",
    Kind.STEPS_MOVED: "the steps of somebody who has left went to {to}",
    Kind.DATES_MOVED: "a day was closed, and what was due on it is due on the next school day",
    Kind.SCHOOL_OPENED: "there is school on that day after all; what had moved off it stays where it is",
    Kind.UNDELIVERABLE: "a message could not be delivered",
    Kind.REDACTED: "{who} took words out of it",
}
WITH_ANOTHER: Final[Mapping[Kind, str]] = {
    Kind.JOINED: "{who} joined challenge {n} to it, which {author} had raised",
    Kind.NOTED: "{who} joined challenge {n} to it, which {author} had raised",
    Kind.MERGED: "{who} joined it with challenge {n}",
}
"""The same, where another challenge is part of it."""
MOST_HISTORY = 25  # lines in a card; the export has them all


def event_line(seen: View, event: Event) -> str:
    """One line of history, in words."""
    told = HISTORY.get(event.kind, event.kind.value)
    to, number, author = (event.data.get(each) for each in ("to", "number", "author"))
    if number is not None:
        told = WITH_ANOTHER.get(event.kind, told)
    match event.kind:
        case Kind.REPORTED if event.data.get("for"):
            told, to = "{who} entered it for {to}", event.data["for"]
        case Kind.PLANNED if event.data.get("partly"):
            told = "{who} added a step: what is still missing"
        case Kind.PLANNED if event.data.get("from"):
            told = "{who} brought along the steps of the challenge that joined it"
        case Kind.ESCALATED if event.data.get("with"):
            told, author = (
                "it went up the ladder: {author} was brought in to help, and {to} still leads",
                event.data["with"],
            )
    return seen.voice(
        told,
        who=seen.name(event.actor_id),
        to=seen.name(PersonId(to)) if to else "–",
        n=number,
        author=seen.name(PersonId(author)) if author else "–",
        day=date.fromisoformat(event.data["until"]) if event.data.get("until") else "–",
        meeting=names.meeting(seen.voice, event.data["meeting"]) if event.data.get("meeting") else "–",
    )


def with_history(
    seen: View,
    history: Sequence[Event],
    words: Mapping[str, Words],
    agenda: Sequence[Due],
    items: Sequence[Element] = (),
) -> Card:
    """The challenge with its history and what is next. `items`: what meetings have agreed on that concerns it."""
    voice = seen.voice
    drawn = card(seen)
    if not seen.may(Action.SEE):
        return drawn
    *above, buttons = drawn.body  # the buttons stay last
    body = list(above)
    body += [
        Divider(),
        Heading(voice("What happens next")),
        Items(tuple(due_line(seen, due) for due in agenda[:3]) or (next_line(seen),)),
        *items,
    ]
    lines = []
    for event in history[-MOST_HISTORY:]:
        said = "; ".join(words[each].text or voice("(taken out)") for each in event.words if each in words)
        line = voice("{when}: {what}", when=event.at, what=event_line(seen, event))
        lines.append(f"{line} – {said}" if said and event.kind is not Kind.REPORTED else line)
    body += [Heading(voice("History")), Items(tuple(lines))]
    if len(history) > MOST_HISTORY:
        earlier = phrases(
            "{n} earlier line is in the log.", "{n} earlier lines are in the log.", n=len(history) - MOST_HISTORY
        )
        body.append(Note(voice(earlier)))
    return Card(drawn.title, (*body, buttons), summary=drawn.summary)


def what_next(seen: View, agenda: Sequence[Due]) -> Card:
    """What happens next, and when."""
    voice = seen.voice
    title = voice("Challenge {n}: what happens next", n=seen.case.number)
    if not agenda:
        return plain(voice, title, next_line(seen))
    lines = tuple(due_line(seen, due) for due in agenda)
    return Card(title, (Text(state_line(seen)), Items(lines)), summary=f"{title}. {lines[0]}")


GOALS: Final[Mapping[Goal, str]] = {
    Goal.SORT: "{who} is asked to sort it (due {by})",
    Goal.TAKE: "{who} is asked to take it (due {by})",
    Goal.DECIDE: "{who} is asked for a decision (due {by})",
    Goal.UPDATE: "{who} is asked for a first update (due {by})",
    Goal.STEP: "{who} is asked about a step (due {by})",
    Goal.MOVE: "{who} is asked how it stands",
}


def due_line(seen: View, due: Due) -> str:
    """One date to come, in words."""
    voice = seen.voice
    who = seen.name(due.person_id)
    when = voice("{day}", day=Calendar.of(seen.directory).today(due.at))
    what: str
    match due.duty:
        case Duty.PROMPT | Duty.STEP:
            what = voice(GOALS[due.goal], who=who, by=due.by or "–")
        case Duty.TELL:
            what = voice("those who raised it hear how it stands")
        case Duty.ASK_AGAIN:
            what = voice("those who raised it are asked again for an answer")
        case Duty.REVIEW:
            what = voice("it is looked at again by {who}", who=who)
        case Duty.COVER if due.person_id == seen.case.challenge.owner_id:
            what = voice("{who} goes on leave, and it goes to whoever may act for them", who=who)
        case Duty.COVER:
            what = voice("it goes to {who}, who stands in", who=who)
        case Duty.RETURN:
            what = voice("it goes back to {who}, who is there again", who=who)
        case Duty.CONFIRM:
            what = voice("those who raised it are asked whether it was addressed")
        case Duty.REMIND:
            what = voice("{who} is reminded of the question whether it was addressed", who=who)
        case Duty.COLLEAGUE:
            what = voice("a colleague asks {who} whether it was addressed", who=who)
        case Duty.DECIDE:
            what = voice("somebody decides after the silence")
    return voice("{when}: {what}", when=when, what=what)
