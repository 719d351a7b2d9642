"""The forms. They ask only what Clearway cannot know, and keep what was typed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from handlers.cards.challenge import EFFECTS, venue_name
from handlers.cards.model import (
    Choice,
    Choices,
    DateField,
    Form,
    FormField,
    NumberField,
    Option,
    Press,
    TextField,
    Words,
)
from handlers.cards.text import Voice
from handlers.request import Source
from handlers.rules import access, intake
from scheduling.calendar import Calendar
from storage.case import Case
from storage.directory import Directory, Person
from storage.process import Process
from storage.vocabulary import Answer, Door, Field, Origin, Scope, Status, Urgency, Visibility

MOST = 3000  # characters that a form's field holds
FIRST_PEOPLE = 100  # options offered before somebody searches


def _press(action: str, case: Case, item: str = "") -> Press:
    return Press(action, case.id, item, case.challenge.version)


# ------------------------------------------------------------------------------------------------------- reporting


def report(voice: Voice, directory: Directory, actor: Person, text: str, source: Source, door: Door) -> Form:
    """The report form: one sentence is enough, everything else is optional and prefilled where it can be known."""
    process = directory.in_force.process
    school = actor.school_ids[0] if len(actor.school_ids) == 1 else ""
    values: dict[str, Any] = {
        "what": text,
        "school": school,
        "type": intake.suggest_type(text, process.types) or "",
        "amount": str(intake.guess_money(text) or ""),
        "confidential": intake.asks_for_confidence(text),
    }
    hidden = {"hidden": "offered"} if values["confidential"] else {}  # who takes the tick away means it
    return Form(
        voice("Report a challenge"),
        voice("Send"),
        Press("report"),
        tuple(_report_fields(voice, directory, values)),
        {"door": str(door)} | ({"link": source.link} if source.link else {}) | hidden,
    )


def _report_fields(
    voice: Voice, directory: Directory, values: Mapping[str, Any], process: Process | None = None
) -> Iterator[FormField]:
    """`process`: the rules that the challenge runs under; those in force for a new one."""
    process = process or directory.in_force.process
    yield TextField(
        "what",
        voice("What is in the way?"),
        str(values.get("what") or ""),
        hint=voice("A sentence is enough. No student names or details, please."),
        multiline=True,
        required=True,
    )
    yield school_choice(voice, directory, str(values.get("school") or ""))
    yield type_choice(voice, process, str(values.get("type") or ""))
    yield TextField("affected", voice("Who is hit, and how many?"), str(values.get("affected") or ""), multiline=True)
    yield TextField("tried", voice("What has your team tried?"), str(values.get("tried") or ""), multiline=True)
    yield urgency_choice(voice, process, str(values.get("urgency") or Urgency.MEDIUM))
    yield scope_choice(voice, str(values.get("scope") or ""))
    if process.tags:
        yield tag_choices(voice, process, tuple(values.get("tags") or ()))
    yield NumberField("amount", voice("Money asked for, in dollars"), str(values.get("amount") or ""))
    yield Choices(
        "confidential",
        voice("Your name"),
        (Option("confidential", voice("Show my name to the coordinator only")),),
        ("confidential",) if values.get("confidential") else (),
    )
    yield Words(
        voice(
            "The district team, your school and those who work on it will see this report. "
            "Once it was addressed, what it was and what was done may be posted in a team's channel, without your name. "
            "The owners of a workspace may be able to read direct messages. Files are not copied."
        )
    )


NOBODY: Final = "nobody"


def nobody_in_danger(voice: Voice, form: Form, crisis_text: str) -> Form:
    """The report form below the district's own crisis text, for who writes about the work all the same (design §4): a
    guess never drops a report."""
    warning = Words(
        voice("{text} Nobody is watching this form, and nothing of it is recorded yet.", text=crisis_text), "warning"
    )
    box = Choices(
        NOBODY,
        voice("If nobody is in danger"),
        (Option(NOBODY, voice("Nobody is in danger now; this is about the work")),),
    )
    return replace(form, title=voice("Someone may be in danger"), fields=(warning, box, *form.fields))


def says_nobody_in_danger(fields: Mapping[str, Any]) -> bool:
    return NOBODY in (fields.get(NOBODY) or [])


def report_again(voice: Voice, directory: Directory, typed: Mapping[str, Any], carry: Mapping[str, str]) -> Form:
    """The report form with what was typed into it, as it was typed."""
    fields = tuple(_report_fields(voice, directory, typed))
    return Form(voice("Report a challenge"), voice("Send"), Press("report"), fields, dict(carry))


def check_words(voice: Voice, directory: Directory, values: Mapping[str, Any], draft: str) -> Form:
    """The report form again, when its words look like student information: all is kept, and the words made safe."""
    warning = Words(
        voice(
            "Your words look like information about one student. That must stay out of the log, so nothing is recorded "
            "yet. Below they stand without it; please check them, or write it in your own way."
        ),
        tone="warning",
    )
    *fields, seen_by = _report_fields(voice, directory, values)
    carry = {"draft": draft} | {name: str(values[name]) for name in ("link", "door") if values.get(name)}
    return Form(
        voice("Check your words"), voice("Send"), Press("report"), (warning, *fields, sure(voice), seen_by), carry
    )


def own_words(voice: Voice, draft: str, safe: str) -> Form:
    return Form(
        voice("In your own words"),
        voice("Send"),
        Press("draft.own", item=draft),
        (
            TextField("what", voice("What is in the way?"), safe, multiline=True, required=True),
            sure(voice),
        ),
        {"draft": draft},
    )


def sure(voice: Voice) -> Choices:
    return Choices(
        "sure",
        voice("If it looks like student information but is not"),
        (Option("sure", voice("No student can be known from these words")),),
        hint=voice("Only if Clearway holds your words back, and you know better."),
    )


def details(voice: Voice, directory: Directory, case: Case, actor: Person) -> Form:
    challenge = case.challenge
    process = directory.version(challenge.process_id).process
    reporter = case.reporter(actor.id)
    values = {
        "what": case.said(Field.WHAT),
        "affected": case.said(Field.AFFECTED),
        "tried": case.said(Field.TRIED),
        "school": challenge.school_id,
        "type": challenge.type or intake.suggest_type(case.said(Field.WHAT) or "", process.types),
        "urgency": challenge.urgency,
        "scope": challenge.scope,
        "tags": challenge.tags,
        "amount": challenge.amount_usd,
        "confidential": bool(reporter and reporter.confidential),
    }
    settled = set() if challenge.status is Status.REPORTED else {"school", "type", "urgency", "scope", "tags", "amount"}
    hidden = settled if reporter else settled | {"confidential"}
    if len(case.said(Field.WHAT) or "") > MOST:
        hidden.add("what")  # longer than a form can hold: it stands as it is
    fields = [each for each in _report_fields(voice, directory, values, process) if each_name(each) not in hidden]
    evidence = TextField(
        "evidence", voice("What shows it? Numbers, dates, examples"), case.said(Field.EVIDENCE) or "", multiline=True
    )
    return Form(
        voice("Add details"), voice("Save"), _press("details", case), (*fields[:-1], evidence, sure(voice), fields[-1])
    )


def open_form(voice: Voice, title: str, submit: str, press: Press, fields: tuple[FormField, ...]) -> Form:
    """A form. Where people write freely, what is wrongly taken for student information can be sent all the same."""
    free = any(isinstance(each, TextField) and each.multiline for each in fields)
    asked = any(each_name(each) == "sure" for each in fields)
    return Form(title, submit, press, (*fields, sure(voice)) if free and not asked else fields)


def each_name(part: FormField) -> str:
    return "" if isinstance(part, Words) else part.name


def me_too(voice: Voice, case: Case) -> Form:
    return Form(
        voice("Me too"),
        voice("Join"),
        _press("me_too", case),
        (
            Words(voice("You join challenge {n} and hear of everything that happens to it.", n=case.number)),
            TextField(
                "what",
                voice("What do you see? (optional)"),
                multiline=True,
                hint=voice("No student names or details, please."),
            ),
            Choices(
                "confidential",
                voice("Your name"),
                (Option("confidential", voice("Show my name to the coordinator only")),),
            ),
            sure(voice),
        ),
    )


# --------------------------------------------------------------------------------------------------------- choices


def school_choice(voice: Voice, directory: Directory, value: str, *, required: bool = False) -> Choice:
    options = tuple(Option(each.id, each.name) for each in directory.schools.values())
    return Choice("school", voice("School"), options, value, required=required)


def origin_choice(voice: Voice, value: str) -> Choice:
    options = (
        Option(Origin.INTERNAL, voice("Inside the district")),
        Option(Origin.EXTERNAL, voice("Outside it: the state, the ISD, a vendor, the law")),
    )
    return Choice("origin", voice("Where does it come from?"), options, value)


def type_choice(voice: Voice, process: Process, value: str, *, required: bool = False) -> Choice:
    options = tuple(Option(each, voice.label(each)) for each in process.types)
    return Choice(
        "type",
        voice("Type"),
        options,
        value,
        required=required,
        hint="" if required else voice("Leave it empty if you are not sure."),
    )


def urgency_choice(voice: Voice, process: Process, value: str) -> Choice:
    options = tuple(Option(each, voice.label(each), process.urgency.get(each, "")) for each in Urgency)
    return Choice("urgency", voice("Urgency"), options, value)


def scope_choice(voice: Voice, value: str, *, required: bool = False) -> Choice:
    options = (
        Option(Scope.SCHOOL, voice("In our school")),
        Option(Scope.DISTRICT, voice("In the district")),
        Option(Scope.EXTERNAL, voice("Outside the district")),
    )
    label = voice("Where may the power to remove it sit?")
    return Choice(
        "scope",
        label,
        options,
        value,
        required=required,
        hint=voice("Leave it empty if you are not sure.") if not required else "",
    )


def tag_choices(voice: Voice, process: Process, values: tuple[str, ...]) -> Choices:
    return Choices(
        "tags",
        voice("Is it about one of these?"),
        tuple(Option(each, voice.label(each)) for each in process.tags),
        values,
    )


def person_choice(
    voice: Voice,
    directory: Directory,
    name: str,
    label: str,
    *,
    today: date | None = None,
    value: str = "",
    required: bool = False,
    hint: str = "",
    but: str = "",
) -> Choice:
    people = [
        each
        for each in directory.people.values()
        if not each.external and (today is None or each.here_on(today)) and each.id != but
    ]
    people.sort(key=lambda each: each.id != value)  # who is chosen already is among the first, which are shown
    options = tuple(Option(each.id, each.name, voice.role(each.role)) for each in people[:FIRST_PEOPLE])
    return Choice(name, label, options, value, hint, required, search="people")


# ------------------------------------------------------------------------------------------------------ the owner's


def understand(voice: Voice, case: Case) -> Form:
    return open_form(
        voice,
        voice("I understand it"),
        voice("Confirm"),
        _press("understand", case),
        (
            Words(case.said(Field.WHAT) or ""),
            TextField("scope", voice("How big is it? Who is hit, and where?"), case.said(Field.SCOPE) or case.said(Field.AFFECTED) or "", multiline=True, required=True),
            TextField("options", voice("What could be done? Two options, with cost and effect"), case.said(Field.OPTIONS) or "", multiline=True),
        ),
    )  # fmt: skip


def reason(voice: Voice, case: Case, action: str, label: str, *, required: bool = True) -> Form:
    title = {"not_mine": "Not mine: challenge {n}", "close": "Close challenge {n}"}.get(action, "Challenge {n}")
    return open_form(
        voice,
        voice(title, n=case.number),
        voice("Send"),
        _press(action, case),
        (TextField("reason", label, multiline=True, required=required),),
    )


def send_up(voice: Voice, case: Case) -> Form:
    tried = TextField(
        "tried", voice("What has your school tried?"), case.said(Field.TRIED) or "", multiline=True, required=True
    )
    return open_form(voice, voice("Send up"), voice("Send"), _press("send_up", case), (tried,))


def question(voice: Voice, case: Case) -> Form:
    asked = TextField(
        "question",
        voice("Your question to those who raised it"),
        multiline=True,
        required=True,
        hint=voice("Your clock stands still until they answer."),
    )
    return open_form(voice, voice("Question"), voice("Ask"), _press("question", case), (asked,))


def answer(voice: Voice, case: Case) -> Form:
    asked = case.said(Field.QUESTION)
    answer_ = TextField(
        "answer",
        voice("Your answer"),
        multiline=True,
        required=True,
        hint=voice("No student names or details, please."),
    )
    return open_form(
        voice, voice("Answer"), voice("Send"), _press("answer", case), (*((Words(asked),) if asked else ()), answer_)
    )


def plan(voice: Voice, directory: Directory, case: Case, calendar: Calendar, today: date) -> Form:
    fields: list[FormField] = []
    for n in range(1, 4):
        due = calendar.school_days_after(today, 5 * n) if n == 1 else None
        fields += [
            TextField(f"step{n}", voice("Step {n}: what will be done?", n=n), multiline=True, required=n == 1),
            DateField(
                f"due{n}",
                voice("Step {n}: by when?", n=n),
                due,
                hint=voice("Within a year. A day without school moves to the next school day."),
            ),
            person_choice(
                voice,
                directory,
                f"owner{n}",
                voice("Step {n}: by whom?", n=n),
                today=today,
                value=case.challenge.owner_id if n == 1 else "",
            ),
        ]
    return open_form(voice, voice("Plan steps"), voice("Save"), _press("plan", case), tuple(fields))


def progress(voice: Voice, case: Case) -> Form:
    return open_form(
        voice,
        voice("Progress"),
        voice("Save"),
        _press("progress", case),
        (
            TextField("note", voice("How does it stand?"), multiline=True, required=True),
            Choice(
                "effect",
                voice("How is it now, for those who raised it?"),
                tuple(Option(each, voice(label)) for each, label in EFFECTS.items()),
                case.challenge.effect or "",
            ),
        ),
    )


def until(voice: Voice, case: Case, action: str) -> Form:
    titles = {"pause": voice("Pause until"), "wait": voice("Waiting outside"), "decline": voice("Decline for now")}
    return open_form(
        voice,
        titles[action],
        voice("Save"),
        _press(action, case),
        (
            TextField("reason", voice("Why? Those who raised it will read this."), multiline=True, required=True),
            DateField(
                "until", voice("When should it be looked at again?"), required=True, hint=voice("Within a year.")
            ),
        ),
    )


def resolve(voice: Voice, case: Case) -> Form:
    done = TextField(
        "resolution",
        voice("What was done?"),
        multiline=True,
        required=True,
        hint=voice("Those who raised it read this, and say whether it was enough."),
    )
    return open_form(voice, voice("Resolved"), voice("Save"), _press("resolve", case), (done,))


# ---------------------------------------------------------------------------------------------------- confirmation


PARTLY: Final = "Partly: challenge {n}"
NO: Final = "Not gone: challenge {n}"


def comment(voice: Voice, case: Case, answer: Answer) -> Form:
    if answer is Answer.PARTLY:
        label, action, title = voice("What is still missing? It becomes the next step."), "partly", PARTLY
    else:
        label, action, title = voice("What is still in the way? (optional)"), "no", NO
    field = TextField("comment", label, multiline=True, required=answer is Answer.PARTLY)
    return open_form(voice, voice(title, n=case.number), voice("Send"), _press(action, case), (field,))


def talk(voice: Voice, directory: Directory, case: Case, actor: Person, today: date, item: str) -> Form:
    """A talk with a reporter. Somebody who may not know a confidential reporter is not offered their name."""
    facts = access.facts(case)
    people = [each for each in case.reporters if access.may_know(actor, each.person_id, facts, directory, today)]
    options = tuple(Option(each.person_id, directory.people[each.person_id].name) for each in people)
    return open_form(
        voice,
        voice("Enter a talk"),
        voice("Save"),
        _press("talk", case),
        (
            Choice("reporter", voice("With whom?"), options, item or (options[0].value if len(options) == 1 else ""), required=True),
            DateField("on", voice("When?"), today),
            Choice("how", voice("How?"), (Option("call", voice("By phone")), Option("visit", voice("On a visit")), Option("chat", voice("In a chat"))), "call"),
            Choice(
                "outcome",
                voice("Do they say it was addressed sufficiently?"),
                (
                    Option(Answer.YES, voice("Yes")),
                    Option(Answer.PARTLY, voice("Partly")),
                    Option(Answer.NO, voice("No")),
                    Option("open", voice("They did not say")),
                ),
                required=True,
            ),
            TextField("said", voice("What was said?"), multiline=True, required=True),
        ),
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------ the coordinator's


def sort(voice: Voice, directory: Directory, case: Case) -> Form:
    challenge = case.challenge
    process = directory.version(challenge.process_id).process
    text = case.said(Field.WHAT) or ""
    tags = tuple(challenge.tags) or tuple(intake.suggest_tags(text, process.tags))
    fields: list[FormField] = [
        Words(text),
        type_choice(voice, process, challenge.type or intake.suggest_type(text, process.types) or "", required=True),
        scope_choice(voice, challenge.scope or "", required=True),
        origin_choice(voice, challenge.origin),
        school_choice(voice, directory, challenge.school_id or ""),
        urgency_choice(voice, process, challenge.urgency),
    ]
    if process.tags:
        fields.append(tag_choices(voice, process, tags))
    fields += [
        NumberField("amount", voice("Money asked for, in dollars"), str(challenge.amount_usd or intake.guess_money(text) or "")),
        person_choice(
            voice, directory, "conduct_of", voice("Is it about how somebody behaved? Whom?"), value=challenge.conduct_of_id or "",
            hint=voice("They will not see it. Needing their action is not meant here."),
        ),
    ]  # fmt: skip
    return open_form(
        voice, voice("Sort challenge {n}", n=case.number), voice("Save"), _press("sort", case), tuple(fields)
    )


def reassign(voice: Voice, directory: Directory, cases: Sequence[Case], today: date) -> Form:
    return open_form(
        voice,
        voice("Reassign"),
        voice("Save"),
        _press("reassign", cases[0]),
        (
            TextField(
                "numbers",
                voice("Which challenges? One number, or several"),
                ", ".join(str(each.number) for each in cases),
                required=True,
            ),
            person_choice(voice, directory, "owner", voice("Who takes it?"), today=today, required=True),
            TextField("reason", voice("Why? It stands in the log."), multiline=True, required=True),
        ),
    )


def restrict(voice: Voice, directory: Directory, case: Case) -> Form:
    closed = case.challenge.visibility is Visibility.RESTRICTED
    let_in = tuple(Option(each.person_id, directory.people[each.person_id].name) for each in case.helpers)
    admitted = Choices("admitted", voice("Who helps, or was admitted"), let_in, tuple(each.value for each in let_in))
    return open_form(
        voice,
        voice("Who can see it"),
        voice("Save"),
        _press("restrict", case),
        (
            Choices(
                "restricted",
                voice("Challenge {n}", n=case.number),
                (
                    Option(
                        "restricted", voice("Only the coordinator, the owner, those who raised it and those admitted")
                    ),
                ),
                ("restricted",) if closed else (),
            ),
            *((admitted,) if let_in else ()),
            person_choice(voice, directory, "admit", voice("Admit somebody")),
        ),
    )


def merge(voice: Voice, case: Case) -> Form:
    into = TextField(
        "into",
        voice("Which challenge does it join? Its number"),
        required=True,
        hint=voice("Those who raised this one are kept, with their facts."),
    )
    return open_form(voice, voice("Join with another"), voice("Join"), _press("merge", case), (into,))


def venue(voice: Voice, directory: Directory, case: Case) -> Form:
    challenge = case.challenge
    venues = directory.version(challenge.process_id).process.venues
    options = tuple(Option(each, venue_name(voice, each, challenge.school_id)) for each in venues)
    return open_form(
        voice,
        voice("Where it is discussed"),
        voice("Save"),
        _press("venue", case),
        (
            Choice("venue", voice("Which team discusses it?"), options, challenge.venue, required=True),
            TextField("reason", voice("Why? It stands in the log."), multiline=True, required=True),
        ),
    )


def move_process(voice: Voice, directory: Directory, case: Case) -> Form:
    version = directory.in_force.version
    return open_form(
        voice,
        voice("The rules in force"),
        voice("Move it"),
        _press("process", case),
        (
            Words(
                voice(
                    "This challenge runs under the version it was raised under. Version {version} is in force now; its "
                    "routing, targets and dates will hold for it from now on.",
                    version=version,
                )
            ),
            TextField("reason", voice("Why? It stands in the log."), multiline=True, required=True),
        ),
    )


def redirect(voice: Voice, directory: Directory, case: Case) -> Form:
    desks = directory.version(case.challenge.process_id).process.desks
    options = tuple(Option(each, voice.label(each)) for each in desks) or (Option("other", voice("Another desk")),)
    return open_form(
        voice,
        voice("Redirect"),
        voice("Save"),
        _press("redirect", case),
        (
            Choice("desk", voice("Where does it belong?"), options, required=True),
            TextField("reason", voice("A word to those who raised it"), multiline=True),
        ),
    )


def enter_for(voice: Voice, directory: Directory, actor: Person, text: str) -> Form:
    fields = list(_report_fields(voice, directory, {"what": text}))
    caller = person_choice(voice, directory, "caller", voice("Who called?"), required=True)
    return open_form(
        voice,
        voice("Enter for a caller"),
        voice("Save"),
        Press("enter"),
        (caller, *fields[:-1], sure(voice), fields[-1]),
    )


def away(voice: Voice, actor: Person, directory: Directory, today: date) -> Form:
    return open_form(
        voice,
        voice("I am away"),
        voice("Save"),
        Press("substitute"),
        (
            DateField("from", voice("First day"), today, required=True),
            DateField("to", voice("Last day"), required=True, hint=voice("Within a year.")),
            person_choice(
                voice,
                directory,
                "delegate",
                voice("Who stands in for you?"),
                today=today,
                required=True,
                but=actor.id,
                hint=voice("They decide what you decide, and see what you see. What you hold comes to them."),
            ),
            NumberField("limit", voice("Up to how many dollars may they approve?")),
        ),
    )
