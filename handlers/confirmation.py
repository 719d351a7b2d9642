"""The reporters hold the key: yes, partly, no; a talk entered for them; and who decides after silence (invariant 4)."""

from datetime import datetime
from typing import Any

from handlers import acts, followups, moves, owners
from handlers.cards import challenge as cards
from handlers.cards import forms
from handlers.cards.text import Who, phrase
from handlers.errors import FormError, StaleError
from handlers.request import Reply, Request
from handlers.rules import access, cadence, lifecycle
from handlers.rules.access import Action
from handlers.rules.lifecycle import Move
from handlers.telling import tell
from storage.case import Case
from storage.models import Event, Reporter
from storage.store import Store
from storage.vocabulary import Answer, Field, Kind, MessageKind, Outcome, PersonId, Status

KINDS = {Answer.YES: Kind.CONFIRMED, Answer.PARTLY: Kind.PARTLY, Answer.NO: Kind.REFUSED}


async def yes(store: Store, request: Request, now: datetime) -> Reply:
    """It was addressed sufficiently."""
    case = await acts.case_for(store, request, Action.CONFIRM, now)
    return _answered(store, request, case, _reporter(case, request.actor.id), Answer.YES, "", now)


async def partly_form(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.CONFIRM, now)
    _still_open_to_answer(case, Answer.PARTLY)
    return Reply(form=forms.comment(request.voice, case, Answer.PARTLY))


async def partly(store: Store, request: Request, now: datetime) -> Reply:
    """Partly: what is missing becomes a step."""
    case = await acts.case_for(store, request, Action.CONFIRM, now)
    acts.required(request, "comment", "Please say what is still missing: it becomes the next step.")
    texts = acts.clean(store, request, "comment")
    return _answered(store, request, case, _reporter(case, request.actor.id), Answer.PARTLY, texts["comment"], now)


async def no_form(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.CONFIRM, now)
    _still_open_to_answer(case, Answer.NO)
    return Reply(form=forms.comment(request.voice, case, Answer.NO))


async def no(store: Store, request: Request, now: datetime) -> Reply:
    """No: it reopens; a second no goes one level of authority up. Nobody overrules it."""
    case = await acts.case_for(store, request, Action.CONFIRM, now)
    texts = acts.clean(store, request, "comment")
    return _answered(store, request, case, _reporter(case, request.actor.id), Answer.NO, texts["comment"], now)


def _reporter(case: Case, person_id: PersonId) -> Reporter:
    reporter = case.reporter(person_id)
    if reporter is None:
        raise acts.refuse("Only those who raised challenge {n} can say whether it was addressed.", n=case.number)
    return reporter


def _still_open_to_answer(case: Case, answer: Answer) -> None:
    move = {Answer.YES: Move.CONFIRM, Answer.PARTLY: Move.ADD_STEP, Answer.NO: Move.REOPEN}[answer]
    lifecycle.after(case.challenge.status, move)


def _answered(
    store: Store, request: Request, case: Case, reporter: Reporter, answer: Answer, comment: str, now: datetime
) -> Reply:
    if reporter.answer is answer:
        raise StaleError(phrase("That is on record already. Thank you."))
    event = record_answer(store, case, reporter, answer, now, by=request.actor.id, comment=comment)
    sentences = {
        Answer.YES: "Thank you. Your yes is on record.",
        Answer.PARTLY: "Thank you. What is missing is now a step, and challenge {n} goes on.",
        Answer.NO: "Thank you for saying so. Challenge {n} is open again, with {who}.",
    }
    if case.challenge.status is Status.CLOSED:
        sentences[Answer.YES] = "Thank you. Your yes is on record, and challenge {n} is closed."
    said = phrase(sentences[answer], n=case.number, who=Who(case.challenge.owner_id))
    return Reply(card=cards.done(request.voice, case, said, event), challenge_id=case.id)


def record_answer(
    store: Store,
    case: Case,
    reporter: Reporter,
    answer: Answer,
    now: datetime,
    *,
    by: PersonId,
    comment: str = "",
    talk: dict[str, Any] | None = None,
) -> Event:
    """One reporter's answer, and what follows from it. `talk`: how it was heard, where somebody entered it for them."""
    _still_open_to_answer(case, answer)
    field = Field.TALK if talk else Field.COMMENT
    event = store.record(
        case,
        Kind.TALKED if talk else KINDS[answer],
        by=by,
        at=now,
        said={field: comment},
        about=reporter.person_id,
        also=[(reporter, {"answer": answer, "answered_at": now})],
        data={"reporter": reporter.person_id, "answer": answer} | ({"talk": talk} if talk else {}),
    )
    match answer:
        case Answer.YES:
            if all(each.answer is Answer.YES for each in case.reporters):
                moves.close(store, case, Outcome.CONFIRMED, now, by=by)
            else:
                tell(store, [case.challenge.owner_id], MessageKind.UPDATE, event, now, case=case)
        case Answer.PARTLY:
            _add_what_is_missing(store, case, comment, now, by=by)
        case Answer.NO:
            refusals = case.challenge.refusals + 1
            moves.reopen(store, case, now, by=by, refusals=refusals)
            followups.mend_owner(store, case, now)  # its owner may have left since
            if refusals > 1:
                why = phrase("A second “no” from those who raised it")
                moves.climb_for_authority(store, case, now, by=by, why=why)
    return event


def _add_what_is_missing(store: Store, case: Case, comment: str, now: datetime, *, by: PersonId) -> None:
    challenge = case.challenge
    calendar = acts.calendar(store)
    targets = acts.process_of(store, case).response_targets_school_days
    due = calendar.school_days_after(calendar.today(now), targets.assign)
    label, words = owners.add_step(store, case, comment, due, challenge.owner_id, by, now)
    event = store.record(
        case,
        Kind.PLANNED,
        by=by,
        at=now,
        spoken=[words],
        data={"added": [label], "partly": True},
        also=moves.ask_anew(case),
        status=lifecycle.after(challenge.status, Move.ADD_STEP),
        resolved_at=None,
        decision_asked_at=None,
        unanswered=0,
        prompted_at=now,  # the step tells the owner that it goes on
    )
    tell(store, [challenge.owner_id], MessageKind.STEP, event, now, case=case)
    tell(store, [each.person_id for each in case.reporters], MessageKind.UPDATE, event, now, case=case)


# --------------------------------------------------------------------------------------------------- talks, decisions


async def talk_form(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.TALK, now)
    return Reply(
        form=forms.talk(request.voice, store.directory, case, request.actor, acts.today(store, now), request.item)
    )


async def talk(store: Store, request: Request, now: datetime) -> Reply:
    """A talk by phone, on a visit or in passing, entered by whoever had it (R-38). A "no" in it counts like any other."""
    case = await acts.case_for(store, request, Action.TALK, now)
    reporter = case.reporter(PersonId(str(request.fields.get("reporter") or request.carry.get("reporter") or "")))
    today = acts.today(store, now)
    if reporter and not access.may_know(request.actor, reporter.person_id, access.facts(case), store.directory, today):
        reporter = None  # who may not know them cannot have been told by them
    if reporter is None:
        raise FormError({"reporter": phrase("Please pick whom you talked with.")})
    outcome = str(request.fields.get("outcome") or "")
    day = acts.day_field(request.fields, "on") or acts.today(store, now)
    if day > acts.today(store, now):
        raise FormError({"on": phrase("That day is still to come; please pick the day of the talk.")})
    said = acts.required(request, "said", "Please say in a sentence what was said.")
    texts = acts.clean(store, request, "said")
    how = {"on": day.isoformat(), "how": str(request.fields.get("how") or "call"), "by": request.actor.id}
    if outcome in set(Answer):
        event = record_answer(
            store, case, reporter, Answer(outcome), now, by=request.actor.id, comment=texts["said"], talk=how
        )
    else:
        event = store.record(
            case,
            Kind.TALKED,
            by=request.actor.id,
            at=now,
            said={Field.TALK: said},
            about=reporter.person_id,
            data={"reporter": reporter.person_id, "talk": how},
        )
    return Reply(card=cards.done(request.voice, case, phrase("The talk is on record."), event), challenge_id=case.id)


async def close_form(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.DECIDE, now)
    _decidable(store, case, now)
    return Reply(
        form=forms.reason(request.voice, case, "close", request.voice("What makes you close it without an answer?"))
    )


async def close(store: Store, request: Request, now: datetime) -> Reply:
    """After silence: closed, not confirmed, and read out at the next DIT meeting. A "no" is never overruled."""
    case = await acts.case_for(store, request, Action.DECIDE, now)
    _decidable(store, case, now)
    acts.required(request, "reason", acts.NO_REASON)
    texts = acts.clean(store, request, "reason")
    event = moves.close(
        store, case, Outcome.NOT_CONFIRMED, now, by=request.actor.id, said={Field.REASON: texts["reason"]}
    )
    return Reply(
        card=cards.done(
            request.voice,
            case,
            phrase("Challenge {n} is closed, not confirmed. It is read out at the next DIT meeting.", n=case.number),
            event,
        ),
        challenge_id=case.id,
    )


async def keep_open(store: Store, request: Request, now: datetime) -> Reply:
    """After silence: it is not taken as done, and goes back to its owner."""
    case = await acts.case_for(store, request, Action.DECIDE, now)
    _decidable(store, case, now)
    event = moves.reopen(store, case, now, by=request.actor.id)
    followups.mend_owner(store, case, now)
    return Reply(
        card=cards.done(
            request.voice,
            case,
            phrase("Challenge {n} is open again, with {who}.", n=case.number, who=Who(case.challenge.owner_id)),
            event,
        ),
        challenge_id=case.id,
    )


def _decidable(store: Store, case: Case, now: datetime) -> None:
    """Silence can be decided only once everybody has had every ask that the process prescribes."""
    waits = case.challenge.status is Status.AWAITING_CONFIRMATION and case.challenge.decision_asked_at is not None
    if not waits or not cadence.all_asked(case, store.directory, acts.today(store, now)):
        lifecycle.after(case.challenge.status, Move.CLOSE)
        raise acts.refuse(
            "Those who raised challenge {n} are still being asked. You decide once they have had every ask.",
            n=case.number,
        )
