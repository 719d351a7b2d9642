"""A challenge comes in: captured by any door, joined by others, added to, withdrawn, or not a report at all."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from handlers import acts, drafts, moves, owners
from handlers.capture import Report, capture, join, own_school, read_report, sorted_as
from handlers.cards import challenge as cards
from handlers.cards import drafts as draft_cards
from handlers.cards import forms
from handlers.cards import help as help_cards
from handlers.cards.text import phrase
from handlers.request import Reply, Request
from handlers.rules import access, cadence, intake, lifecycle, presence, privacy
from handlers.rules.access import Action
from handlers.rules.lifecycle import Move
from handlers.telling import tell
from storage.case import Case
from storage.directory import Person
from storage.models import PostedCard
from storage.store import Store
from storage.vocabulary import (
    ChallengeId,
    Door,
    Field,
    Kind,
    MessageKind,
    PersonId,
    Status,
)

# ------------------------------------------------------------------------------------------------------------- doors


async def form(store: Store, request: Request, now: datetime) -> Reply:
    """Opens the report form, filled with what is known: the text, the person's school, a suggested type."""
    text = request.text.strip()
    process = store.directory.in_force.process
    if request.door is Door.COMMAND and text.lower() in {"help", "?"}:
        return Reply(card=help_cards.help_card(request.voice, request.actor, store.directory, acts.today(store, now)))
    if privacy.is_crisis(text):
        return Reply(card=draft_cards.crisis(request.voice, process.student_crisis_text))
    opened = forms.report(request.voice, store.directory, request.actor, text, request.source, request.door)
    if request.item == draft_cards.ANYWAY:
        opened = forms.nobody_in_danger(request.voice, opened, process.student_crisis_text)
    return Reply(form=opened)


async def submit(store: Store, request: Request, now: datetime) -> Reply:
    """The report form comes in. What looks like student information is held, and the author is asked."""
    process = store.directory.in_force.process
    texts = {name: str(request.fields.get(name) or "").strip() for name in ("what", "affected", "tried")}
    report = read_report(store, request, texts)
    if intake.asks_for_confidence(report.what) and request.carry.get("hidden") != "offered":
        report = replace(report, confidential=True)  # the words say so, whatever was ticked
    if privacy.is_crisis(" ".join(texts.values())) and not forms.says_nobody_in_danger(request.fields):
        # Nothing is stored, and nothing typed is lost: it stands in the form, below the district's text.
        again = forms.report_again(request.voice, store.directory, request.fields, request.carry)
        return Reply(form=forms.nobody_in_danger(request.voice, again, process.student_crisis_text))
    sure = "sure" in (request.fields.get("sure") or [])
    findings = {name: found for name, text in texts.items() if text and (found := acts.look(store, text))}
    if findings and not sure:
        return await drafts.hold_report(store, request, report, findings, now)
    if held := request.carry.get("draft"):
        await store.drop_draft(held, request.actor.id)
    case = await capture(store, request.actor.id, report, now, door=request.carry.get("door") or request.door)
    return Reply(challenge_id=case.id)


async def message(store: Store, request: Request, now: datetime) -> Reply:
    """A direct message, a mention, or a reply in a thread.

    It is recorded as it stands and goes to triage, unless it is a reply to a card, a bare greeting, or words that must
    not be kept. A guess never drops a report: whatever it seems to be is answered with a way to report it all the same.
    Commands in words are seen to before (handlers.messages).
    """
    text = request.text.strip()
    if not text:
        return Reply(card=help_cards.help_card(request.voice, request.actor, store.directory, acts.today(store, now)))
    if privacy.is_crisis(text):
        crisis_text = store.directory.in_force.process.student_crisis_text
        return Reply(card=draft_cards.crisis(request.voice, crisis_text, in_channel=drafts.in_channel(request)))
    if case := await thread_case(store, request, now):
        return await reply_in_thread(store, request, case, text, now)
    report = Report(
        what=text,
        school_id=own_school(request.actor),
        link=request.source.link,
        confidential=intake.asks_for_confidence(text),
    )
    finding = acts.look(store, text)
    # What may be an answer is not guessed to be something else: a bare "No" is the most important of them.
    waiting = await waits_for(store, request, now) if request.source.direct else []
    if waiting and not finding:
        return await drafts.hold_ambiguous(store, request, report, waiting, now)
    seems = intake.seems(text)
    if seems is not intake.Seems.CHALLENGE:
        keep = seems in HELD and finding is None
        held = await drafts.hold_other(store, request, report, now) if keep else ""
        return seems_other(store, request, seems, held, now)
    if finding:
        return await drafts.hold_report(store, request, report, {"what": finding}, now)
    case = await capture(store, request.actor.id, report, now, door=request.door)
    return Reply(challenge_id=case.id)


async def waits_for(store: Store, request: Request, now: datetime) -> list[tuple[ChallengeId, int]]:
    """The challenges that a bare message may be about: a question or a confirmation waits for this person, or it stands
    in the thread of a digest that names them."""
    asked = await store.waiting_for(request.actor.id)
    card = await _head_of_thread(store, request)
    if card is None or card.challenge_id is not None:
        return asked
    first = await store.message(card.message_id)
    named = dict.fromkeys(each.challenge_id for each in (await store.digest_of(first) if first else []))
    found = await store.cases(each for each in named if each)
    today = acts.today(store, now)
    theirs = [
        each for each in found if access.may(request.actor, Action.NOTE, access.facts(each), store.directory, today)
    ]
    return list(dict.fromkeys([*((each.id, each.number) for each in theirs), *asked]))


async def _head_of_thread(store: Store, request: Request) -> PostedCard | None:
    """The card of ours that a reply stands under."""
    source = request.source
    if not source.thread_id:
        return None
    return await store.posted_at(request.platform, source.conversation_id, source.thread_id)


async def thread_case(store: Store, request: Request, now: datetime) -> Case | None:
    """The challenge that a reply is about, if the person may add to it: its card, or the message it came of, stands at
    the head of the thread."""
    if not request.source.thread_id:
        return None
    card = await _head_of_thread(store, request)
    head = f"{request.key.rpartition(':')[0]}:{request.source.thread_id}"  # the key of the message at its head
    challenge_id = card.challenge_id if card else await store.outcome_of(head)
    case = await store.case(challenge_id) if challenge_id else None
    if case is not None and case.challenge.merged_into_id:  # what is said of the one that joined is said of the other
        case = await store.case(case.challenge.merged_into_id)
    if case is None or not access.may(
        request.actor, Action.NOTE, access.facts(case), store.directory, acts.today(store, now)
    ):
        return None
    return case


async def reply_in_thread(store: Store, request: Request, case: Case, text: str, now: datetime) -> Reply:
    """A reply to a card concerns that card: it answers the question that waits, or adds a note."""
    if finding := acts.look(store, text):
        return await drafts.hold_note(store, request, case, text, finding, now)
    return await owners.record_reply(store, request, case, text, now)


HELD: Final = frozenset({intake.Seems.WORK_ORDER, intake.Seems.CLASSROOM_QUESTION, intake.Seems.SUCCESS})
"""What may be kept for a day, so that "report it anyway" loses no word; of personnel matters nothing is kept (R-109)."""


def seems_other(store: Store, request: Request, seems: intake.Seems, held: str, now: datetime) -> Reply:
    """What does not look like a challenge is answered with the right desk, and always with "report anyway"."""
    if seems is intake.Seems.GREETING:
        return Reply(card=help_cards.greeting(request.voice, store.directory))
    desk = desk_for(store, request.actor, seems, now)
    return Reply(card=draft_cards.other_desk(request.voice, seems, desk, held))


def desk_for(store: Store, actor: Person, seems: intake.Seems, now: datetime) -> Person | None:
    """Who takes what is no challenge: the district's desks, and the school's coach for classroom questions."""
    name = {
        intake.Seems.WORK_ORDER: "work_order",
        intake.Seems.PERSONNEL: "personnel_complaint",
        intake.Seems.CLASSROOM_QUESTION: "classroom_question",
    }.get(seems)
    desk = store.directory.in_force.process.desks.get(name or "")
    today = acts.today(store, now)
    if desk == "school_coach":
        return presence.coach(store.directory, own_school(actor), today)
    if desk is None:
        return None
    return presence.standing_in(store.directory, PersonId(desk), today).person


# ------------------------------------------------------------------------------------------------- after the report


async def details_form(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.DETAIL, now)
    return Reply(form=forms.details(request.voice, store.directory, case, request.actor))


async def details(store: Store, request: Request, now: datetime) -> Reply:
    """A reporter adds what the bot could not know: to an unsorted challenge that may be all it needs to find its owner."""
    case = await acts.case_for(store, request, Action.DETAIL, now)
    texts = acts.clean(store, request, "what", "affected", "tried", "evidence")
    typed = texts["what"]
    texts["what"] = typed or "–"  # what is longer than a form can hold stands as it is, and is not looked at again
    report = read_report(store, request, texts, acts.process_of(store, case))
    texts["what"] = typed or case.said(Field.WHAT) or ""
    challenge = case.challenge
    said = {
        part: text
        for part, text in (
            (Field.WHAT, texts["what"]),
            (Field.AFFECTED, texts["affected"]),
            (Field.TRIED, texts["tried"]),
            (Field.EVIDENCE, texts["evidence"]),
        )
        if text and text != (case.said(part) or "")
    }
    reporter = case.reporter(request.actor.id)
    also = []
    if reporter and "confidential" in request.fields:
        also.append((reporter, {"confidential": report.confidential}))
    changes: dict[str, Any] = {}
    if challenge.status is Status.REPORTED:
        changes = sorted_as(store, case, report)
    elif said and challenge.understood_at is not None:
        # An edit is marked and re-confirmed, for which there is as long as for a decision that is asked now.
        again = cadence.decide_by(
            challenge.urgency, challenge.school_id, store.directory, acts.process_of(store, case), acts.calendar(store),
            now,
        )  # fmt: skip
        changes = {"understood_at": None, "understood_by_id": None, "decide_by": again}
        if challenge.status is Status.UNDERSTOOD:
            changes["status"] = Status.ASSIGNED
    event = store.record(case, Kind.DETAILED, by=request.actor.id, at=now, said=said, also=also, **changes)
    if challenge.status is Status.REPORTED:
        moves.send(store, case, Kind.SORTED, now, by=None)
    elif said:
        tell(store, [challenge.owner_id], MessageKind.UPDATE, event, now, case=case)
    return Reply(card=cards.done(request.voice, case, phrase("Your details are added."), event), challenge_id=case.id)


async def me_too(store: Store, request: Request, now: datetime) -> Reply:
    """A colleague has the same challenge: they join it, with their own facts, and get every follow-up (R-06)."""
    case = await acts.case_for(store, request, Action.JOIN, now)
    if case.reporter(request.actor.id):
        raise acts.refuse("You are already one of those who raised challenge {n}.", n=case.number)
    lifecycle_open(case)
    texts = acts.clean(store, request, "what")
    confidential = "confidential" in (request.fields.get("confidential") or [])
    event = join(
        store, case, request.actor.id, texts["what"], now, confidential=confidential, link=request.carry.get("link", "")
    )
    tell(store, [case.challenge.owner_id], MessageKind.UPDATE, event, now, case=case)
    said = phrase("You are now one of those who raised challenge {n}.", n=case.number)
    return Reply(card=cards.done(request.voice, case, said, event), challenge_id=case.id)


async def me_too_form(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.JOIN, now)
    return Reply(form=forms.me_too(request.voice, case))


def lifecycle_open(case: Case) -> None:
    if case.challenge.status in {Status.CLOSED, Status.WITHDRAWN, Status.REDIRECTED, Status.MERGED}:
        raise acts.refuse("Challenge {n} has ended. Report it anew, and say that it is back.", n=case.number)


async def withdraw(store: Store, request: Request, now: datetime) -> Reply:
    """The reporter takes it back; also "Not a report" under the receipt of a message."""
    case = await acts.case_for(store, request, Action.WITHDRAW, now)
    status = lifecycle.after(case.challenge.status, Move.WITHDRAW)
    event = store.record(
        case, Kind.WITHDRAWN, by=request.actor.id, at=now, status=status, closed_at=now, asked_at=None, review_on=None
    )
    moves.tell_involved(store, case, event, now)
    return Reply(
        card=cards.done(request.voice, case, acts.withdrawn(case), event),
        challenge_id=case.id,
    )


# ------------------------------------------------------------------------------------------------------ the message


async def message_edited(store: Store, request: Request, now: datetime) -> Reply:
    """The source message was edited: an update is offered, nothing changes on its own (design §4)."""
    if privacy.is_crisis(request.text):
        crisis_text = store.directory.in_force.process.student_crisis_text
        return Reply(card=draft_cards.crisis(request.voice, crisis_text, in_channel=drafts.in_channel(request)))
    challenge_id = await store.outcome_of(request.carry.get("message_key", ""))
    case = await store.case(challenge_id) if challenge_id else None
    if case is None or case.reporter(request.actor.id) is None or request.text.strip() == (case.said(Field.WHAT) or ""):
        return Reply()
    return Reply(card=draft_cards.edited(request.voice, case))


async def message_deleted(store: Store, request: Request, now: datetime) -> Reply:
    """The source message was deleted: the record stays, the link goes (design §4). What was held of it goes, too."""
    key = request.carry.get("message_key", "")
    for draft, words in (await store.held_for(request.actor.id)).items():
        if key and words.get("key") == key:
            await store.drop_draft(draft, request.actor.id)
    challenge_id = await store.outcome_of(key)
    case = await store.case(challenge_id) if challenge_id else None
    reporter = case.reporter(request.actor.id) if case else None
    if case is None or reporter is None or reporter.link is None:
        return Reply()
    store.record(
        case, Kind.NOTED, by=request.actor.id, at=now, also=[(reporter, {"link": None})], data={"link": "gone"}
    )
    return Reply()
