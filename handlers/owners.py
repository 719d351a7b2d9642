"""What an owner does with a challenge: take it, understand it, ask, plan, report progress, hand it on, resolve it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from handlers import acts, moves
from handlers.cards import challenge as cards
from handlers.cards import forms
from handlers.cards.text import Who, phrase, to_json
from handlers.errors import FormError
from handlers.request import Reply, Request
from handlers.rules import access, cadence, lifecycle, presence
from handlers.rules.access import Action
from handlers.rules.lifecycle import Move
from handlers.telling import tell
from storage.case import Case
from storage.directory import SUPERINTENDENT
from storage.models import Event, Record, Step, Words
from storage.store import Store
from storage.vocabulary import (
    ENDED,
    Authority,
    Effect,
    Field,
    Kind,
    MessageKind,
    PersonId,
    Rung,
    Scope,
    Status,
    StepId,
    Visibility,
    WordsId,
    new_id,
)

MAX_STEPS = 3  # in one form; more can be planned by opening it again


def _done(request: Request, case: Case, event: Event, sentence: str, **params: Any) -> Reply:
    """The answer to one's own act: what happened, and a way to undo it."""
    return Reply(
        card=cards.done(request.voice, case, phrase(sentence, n=case.number, **params), event), challenge_id=case.id
    )


# ------------------------------------------------------------------------------------------------- taking it, or not


async def take(store: Store, request: Request, now: datetime) -> Reply:
    """The owner says: I'll take it."""
    case = await acts.case_for(store, request, Action.TAKE, now)
    challenge = case.challenge
    if challenge.taken_at is not None:
        raise acts.refuse("You have it already: challenge {n} is yours.", n=case.number)
    if challenge.status not in {Status.WITH_SCHOOL, Status.ASSIGNED}:
        lifecycle.after(challenge.status, Move.UNDERSTAND)
    event = store.record(case, Kind.TAKEN, by=request.actor.id, at=now, taken_at=now, unanswered=0)
    tell(store, [each.person_id for each in case.reporters], MessageKind.UPDATE, event, now, case=case)
    tell(store, [each.person_id for each in case.reporters], MessageKind.UPDATE, event, now, case=case)
    return _done(request, case, event, "Challenge {n} is yours. Next: confirm that you understand how big it is.")


async def understand_form(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.UNDERSTAND, now)
    lifecycle.after(case.challenge.status, Move.UNDERSTAND)
    return Reply(form=forms.understand(request.voice, case))


async def understand(store: Store, request: Request, now: datetime) -> Reply:
    """The owner confirms the scope and the options (R-26): before this nothing can be decided, planned or resolved."""
    case = await acts.case_for(store, request, Action.UNDERSTAND, now)
    challenge = case.challenge
    acts.required(request, "scope", "Please say in a sentence how big it is: who is hit, and where.")
    texts = acts.clean(store, request, "scope", "options")
    event = store.record(
        case,
        Kind.UNDERSTOOD,
        by=request.actor.id,
        at=now,
        said={Field.SCOPE: texts["scope"], Field.OPTIONS: texts["options"]},
        status=lifecycle.after(challenge.status, Move.UNDERSTAND),
        taken_at=challenge.taken_at or now,
        understood_at=now,
        understood_by_id=request.actor.id,
        unanswered=0,
    )
    tell(store, [each.person_id for each in case.reporters], MessageKind.UPDATE, event, now, case=case)
    return _done(request, case, event, "Noted: you understand challenge {n}. Next: plan steps, or resolve it.")


async def not_mine_form(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.HAND_ON, now)
    return Reply(
        form=forms.reason(
            request.voice, case, "not_mine", request.voice("Why is it not yours? (optional)"), required=False
        )
    )


async def not_mine(store: Store, request: Request, now: datetime) -> Reply:
    """ "Not mine": it climbs to whoever else has the authority, never back to the reporter, never to nobody (R-21)."""
    case = await acts.case_for(store, request, Action.HAND_ON, now)
    challenge = case.challenge
    lifecycle.after(challenge.status, Move.ASSIGN)
    texts = acts.clean(store, request, "reason")
    refused = sorted({*challenge.refused_ids, challenge.owner_id})
    said = {Field.REASON: texts["reason"]}
    watcher = presence.coordinator(store.directory, acts.today(store, now))
    at_the_top = challenge.rung is Rung.SUPERINTENDENT or request.actor.role == SUPERINTENDENT
    if at_the_top and watcher.id not in {*refused, challenge.conduct_of_id}:
        # Nobody is above them, and it never goes down by itself: somebody names who takes it.
        reason = phrase(
            "{who} says it is not theirs, and nobody is above them, so {next} names who takes it.",
            who=Who(request.actor.id), next=Who(watcher.id),
        )  # fmt: skip
        event = moves.give(
            store, case, Kind.HANDED_ON, now, by=request.actor.id, owner_id=watcher.id, authority=Authority.TRIAGE, reason=reason,
            move=Move.TO_TRIAGE, said=said, refused_ids=refused, rung=Rung.OWNER,
        )  # fmt: skip
        return _done(
            request, case, event, "Challenge {n} is no longer yours. Nobody is above you, so {who} names who takes it.",
            who=Who(watcher.id),
        )  # fmt: skip
    if challenge.rung in moves.RAISED:
        why = phrase("{who} says it is not theirs", who=Who(request.actor.id))
        event = moves.climb(store, case, now, by=request.actor.id, why=why, said=said, refused_ids=refused)
    else:
        event = moves.send(store, case, Kind.HANDED_ON, now, by=request.actor.id, said=said, refused_ids=refused)
    if challenge.owner_id == request.actor.id:
        return _done(request, case, event, "Nobody above you can take challenge {n} now, so it stays with you.")
    return _done(
        request, case, event, "Challenge {n} is no longer yours. It is now with {who}.", who=Who(challenge.owner_id)
    )


async def still_blocked(store: Store, request: Request, now: datetime) -> Reply:
    """The owner cannot move it: it goes one rung up, which never is nobody."""
    case = await acts.case_for(store, request, Action.ESCALATE, now)
    if not moves.is_unsettled(case.challenge.status):
        lifecycle.after(case.challenge.status, Move.ASSIGN)
    event = moves.climb(
        store, case, now, by=request.actor.id, why=phrase("{who} says it is still blocked", who=Who(request.actor.id))
    )
    return _done(request, case, event, "Passed up: {then}.", then=cards.then_of(event))


async def send_up_form(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.SEND_UP, now)
    return Reply(form=forms.send_up(request.voice, case))


async def send_up(store: Store, request: Request, now: datetime) -> Reply:
    """The school has tried what it can: the district takes it, with what was tried. Its clock starts now (R-02, R-03)."""
    case = await acts.case_for(store, request, Action.SEND_UP, now)
    challenge = case.challenge
    if challenge.scope is not Scope.SCHOOL:
        raise acts.refuse("Challenge {n} is with the district already.", n=case.number)
    acts.required(request, "tried", "Please say what your school has tried, so that nobody asks again.")
    texts = acts.clean(store, request, "tried")
    event = moves.send(
        store,
        case,
        Kind.SENT_UP,
        now,
        by=request.actor.id,
        said={Field.TRIED: texts["tried"]},
        scope=Scope.DISTRICT,
        dit_aware_at=now,
        decide_by=cadence.decide_by(
            challenge.urgency, challenge.school_id, store.directory, acts.process_of(store, case), acts.calendar(store),
            now,
        ),
    )  # fmt: skip
    return _done(
        request, case, event, "Challenge {n} is now with the district: {who} has it.", who=Who(challenge.owner_id)
    )


# ----------------------------------------------------------------------------------------------- question and answer


async def question_form(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.ASK, now)
    return Reply(form=forms.question(request.voice, case))


async def question(store: Store, request: Request, now: datetime) -> Reply:
    """The owner asks those who raised it; the owner's clock stops until they answer (R-26)."""
    case = await acts.case_for(store, request, Action.ASK, now)
    challenge = case.challenge
    if not moves.is_unsettled(challenge.status):
        lifecycle.after(challenge.status, Move.ASSIGN)
    acts.required(request, "question", "Please write your question.")
    texts = acts.clean(store, request, "question")
    event = store.record(
        case,
        Kind.ASKED,
        by=request.actor.id,
        at=now,
        said={Field.QUESTION: texts["question"]},
        asked_at=now,
        asked_times=1,
        prompted_at=None,
        unanswered=0,
        taken_at=challenge.taken_at or now,
    )
    tell(store, [each.person_id for each in case.reporters], MessageKind.QUESTION, event, now, case=case)
    return _done(request, case, event, "Your question is on its way. Your clock stands still until it is answered.")


async def answer_form(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.ANSWER, now)
    return Reply(form=forms.answer(request.voice, case))


async def answer(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.ANSWER, now)
    acts.required(request, "answer", "Please write your answer.")
    texts = acts.clean(store, request, "answer")
    return await record_answer(store, request, case, texts["answer"], now)


async def record_answer(store: Store, request: Request, case: Case, text: str, now: datetime) -> Reply:
    """The answer starts the owner's clock again."""
    challenge = case.challenge
    if challenge.asked_at is None:
        return await record_note(store, request, case, text, now)
    event = store.record(
        case, Kind.ANSWERED, by=request.actor.id, at=now, said={Field.ANSWER: text}, **clock_again(store, case, now)
    )
    tell(store, [challenge.owner_id], MessageKind.ANSWERED, event, now, case=case)
    return _done(request, case, event, "Thank you. Your answer to challenge {n} is with its owner.")


def clock_again(store: Store, case: Case, now: datetime) -> dict[str, Any]:
    """What changes when a question waits no longer: the owner's clock runs as many school days later as it stood still."""
    challenge, calendar = case.challenge, acts.calendar(store)
    since = challenge.asked_at or now
    stood = max(calendar.school_days_between(calendar.today(since), calendar.today(now)), 0)
    later: date | None = challenge.decide_by
    if later is not None and challenge.understood_at is None:
        later = calendar.school_days_after(later, stood)
    # With the answer it is before them again.
    return {"asked_at": None, "asked_times": 0, "prompted_at": now, "decide_by": later}


# -------------------------------------------------------------------------------------------------- steps and progress


async def plan_form(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.PLAN, now)
    lifecycle.after(case.challenge.status, Move.PLAN)
    return Reply(form=forms.plan(request.voice, store.directory, case, acts.calendar(store), acts.today(store, now)))


async def plan(store: Store, request: Request, now: datetime) -> Reply:
    """Steps, each with an owner and a date that falls on a school day (R-29, R-30)."""
    case = await acts.case_for(store, request, Action.PLAN, now)
    status = lifecycle.after(case.challenge.status, Move.PLAN)
    texts = acts.clean(store, request, *(f"step{n}" for n in range(1, MAX_STEPS + 1)))
    wanted = []
    for n in range(1, MAX_STEPS + 1):
        text = texts[f"step{n}"]
        due = acts.school_day_field(store, request.fields, f"due{n}", now)
        owner = acts.person_field(store, request.fields, f"owner{n}", now)
        if text and due is None:
            raise FormError({f"due{n}": phrase("Please pick a date for this step.")})
        if text and due:
            if owner and store.directory.people[owner].external:
                raise FormError(
                    {f"owner{n}": phrase("Please pick somebody of the district; they can work with others.")}
                )
            restricted = case.challenge.visibility is Visibility.RESTRICTED
            if (
                owner
                and restricted
                and not access.may_hear(
                    store.directory.people[owner], access.facts(case), store.directory, acts.today(store, now)
                )
            ):
                raise FormError(
                    {f"owner{n}": phrase("They cannot see this challenge. The coordinator can let them in first.")}
                )
            wanted.append((text, due, owner or case.challenge.owner_id))
    if not wanted:
        raise FormError({"step1": phrase("Please write at least one step.")})
    steps = [add_step(store, case, text, due, owner, request.actor.id, now) for text, due, owner in wanted]
    event = store.record(
        case,
        Kind.PLANNED,
        by=request.actor.id,
        at=now,
        spoken=[words for _, words in steps],
        data={"added": [label for label, _ in steps]},
        status=status,
        unanswered=0,
    )
    owners = [owner for _, _, owner in wanted]
    tell(store, owners, MessageKind.STEP, event, now, case=case)
    tell(store, [each.person_id for each in case.reporters], MessageKind.UPDATE, event, now, case=case)
    return _done(request, case, event, "The plan for challenge {n} is on record.")


def add_step(
    store: Store, case: Case, text: str, due: date, owner: PersonId, by: PersonId | None, now: datetime
) -> tuple[str, Words]:
    """A step, with its words: how the event that tells of it names it, and what the event is to keep a digest of."""
    step_id = StepId(new_id())
    words = store.add(
        Words(
            district_id=store.district_id,
            id=WordsId(new_id()),
            challenge_id=case.id,
            field=Field.STEP,
            about=step_id,
            author_id=by,
            said_at=now,
            text=text,
        )
    )
    case.words.append(words)
    case.steps.append(
        store.add(
            Step(
                district_id=store.district_id,
                id=step_id,
                challenge_id=case.id,
                position=len(case.steps),
                words_id=words.id,
                owner_id=owner,
                due_on=due,
            )
        )
    )
    return f"step:{step_id}", words


async def step_done(store: Store, request: Request, now: datetime) -> Reply:
    """A step is done. The challenge stays open: done is not yet gone (R-39)."""
    case = await acts.case_for(store, request, Action.STEP_DONE, now)
    step = case.step(StepId(request.item))
    if step is None:
        raise acts.refuse("That step is no longer there.")
    if step.done_at is not None:
        raise acts.refuse("That step is done already.")
    status = case.challenge.status
    if lifecycle.may(status, Move.START):
        status = lifecycle.after(status, Move.START)
    unanswered = 0 if request.actor.id == case.challenge.owner_id else case.challenge.unanswered
    event = store.record(
        case, Kind.STEP_DONE, by=request.actor.id, at=now, about=step.id, also=[(step, {"done_at": now})], data={"step": step.id},
        status=status, unanswered=unanswered,
    )  # fmt: skip
    people = [case.challenge.owner_id, *(each.person_id for each in case.reporters)]
    tell(store, people, MessageKind.UPDATE, event, now, case=case)
    said = request.voice("Done: one step fewer on challenge {n}.", n=case.number)
    return Reply(card=cards.how_is_it_now(request.voice, case, said, event), challenge_id=case.id)


async def effect(store: Store, request: Request, now: datetime) -> Reply:
    """What has come of it so far, apart from what was done (R-39). It stays open, whatever the answer."""
    case = await acts.case_for(store, request, Action.STEP_DONE, now)
    said = next((each for each in Effect if each == request.item), None)
    if said is None or case.challenge.status in ENDED:
        raise acts.refuse("Challenge {n} has moved on since. Press “Show” to see how it stands.", n=case.number)
    event = store.record(case, Kind.EFFECT, by=request.actor.id, at=now, data={"effect": said}, effect=said)
    tell(store, [each.person_id for each in case.reporters], MessageKind.UPDATE, event, now, case=case)
    return _done(request, case, event, "Thank you. It stands on challenge {n}.")


async def progress_form(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.PROGRESS, now)
    return Reply(form=forms.progress(request.voice, case))


async def progress(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.PROGRESS, now)
    acts.required(request, "note", "Please say in a sentence how it stands.")
    texts = acts.clean(store, request, "note")
    chosen = next((each for each in Effect if each == request.fields.get("effect")), case.challenge.effect)
    return await record_note(store, request, case, texts["note"], now, effect=chosen)


async def record_reply(store: Store, request: Request, case: Case, text: str, now: datetime) -> Reply:
    """What somebody says of a challenge in a thread, or in answer to "which one?": it answers the question that waits,
    else it is a note. Words are no answer to "was it addressed?": that is asked again, below them."""
    reporter = case.reporter(request.actor.id)
    if case.challenge.asked_at is not None and reporter:
        return await record_answer(store, request, case, text, now)
    noted = await record_note(store, request, case, text, now)
    asked = case.challenge.status in {Status.RESOLVED, Status.AWAITING_CONFIRMATION}
    if asked and reporter and reporter.answer is None:
        return replace(noted, card=cards.was_it_addressed(request.voice, case))
    return noted


async def record_note(store: Store, request: Request, case: Case, text: str, now: datetime, **changes: Any) -> Reply:
    """Progress, or what somebody adds in the thread of a card: time and author stand with it."""
    event = _record_words(store, request, case, Kind.NOTED, {Field.NOTE: text}, now, **changes)
    return _done(request, case, event, "Noted on challenge {n}.")


def record_decision(
    store: Store, request: Request, case: Case, decided: Record, meeting: str, now: datetime, *, walked: bool
) -> None:
    """What a meeting has decided on it. `decided`: the line of its minutes, which stands for as long as these words do:
    they have its id. `meeting`: the key by which it stands in the history. `walked`: by this it was gone through.
    """
    words = Words(
        district_id=store.district_id, challenge_id=case.id, id=WordsId(decided.id), field=Field.DECISION, about=meeting,
        author_id=decided.author_id, said_at=decided.said_at, text=decided.text,
    )  # fmt: skip
    case.words.append(store.add(words))
    data = {"meeting": meeting, "occurrence": decided.occurrence_id, "walked": walked}
    _record_words(store, request, case, Kind.DECIDED, {}, now, spoken=[words], data=data)


def _record_words(
    store: Store, request: Request, case: Case, kind: Kind, said: Mapping[Field, str], now: datetime, **changes: Any
) -> Event:
    """Its owner and those who raised it hear; the owner has acted on it who says it."""
    challenge = case.challenge
    by_owner = request.actor.id == challenge.owner_id
    if by_owner:
        changes["unanswered"] = 0
        changes["taken_at"] = challenge.taken_at or now
        if lifecycle.may(challenge.status, Move.START):
            changes["status"] = lifecycle.after(challenge.status, Move.START)
    event = store.record(case, kind, by=request.actor.id, at=now, said=said, **changes)
    people = [challenge.owner_id, *(each.person_id for each in case.reporters)]
    tell(store, people, MessageKind.UPDATE, event, now, case=case)
    return event


# ------------------------------------------------------------------------------------------------------- waiting


async def pause_form(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.PAUSE, now)
    return Reply(form=forms.until(request.voice, case, "pause"))


async def pause(store: Store, request: Request, now: datetime) -> Reply:
    """Follow-up is paused until a date, with a reason; it never stops (invariant 3)."""
    case = await acts.case_for(store, request, Action.PAUSE, now)
    return await _until(
        store, request, case, Kind.PAUSED, now, "Challenge {n} rests until {day}. Then we look at it again."
    )


async def wait_form(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.WAIT, now)
    lifecycle.after(case.challenge.status, Move.WAIT)
    return Reply(form=forms.until(request.voice, case, "wait"))


async def wait(store: Store, request: Request, now: datetime) -> Reply:
    """An outside party must act: the inside owner keeps it, and looks again on the review date (R-04)."""
    case = await acts.case_for(store, request, Action.WAIT, now)
    status = lifecycle.after(case.challenge.status, Move.WAIT)
    return await _until(
        store,
        request,
        case,
        Kind.WAITING,
        now,
        "Challenge {n} waits on others. You look at it again on {day}.",
        status=status,
    )


async def decline_form(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.DECLINE, now)
    _understood_first(case)
    return Reply(form=forms.until(request.voice, case, "decline"))


def _understood_first(case: Case) -> None:
    """No decision is recorded before somebody is shown to understand what it is about (R-26)."""
    if moves.is_unsettled(case.challenge.status) and not lifecycle.may(case.challenge.status, Move.DECLINE):
        raise acts.refuse(
            "Before challenge {n} is declined, its owner must confirm how big it is and what could be done: press "
            "“I understand it”, or ask a question.",
            n=case.number,
        )


async def decline(store: Store, request: Request, now: datetime) -> Reply:
    """An executive leader says no for now, with a reason that the reporters read, and a date to look again (R-25)."""
    case = await acts.case_for(store, request, Action.DECLINE, now)
    _understood_first(case)
    status = lifecycle.after(case.challenge.status, Move.DECLINE)
    why = phrase("{who} has declined it for now.", who=Who(request.actor.id))
    return await _until(
        store, request, case, Kind.DECLINED, now, "Declined for now. Challenge {n} is looked at again on {day}.",
        status=status, owner_id=request.actor.id, authority=Authority.EXECUTIVE, why=to_json(why), asked_at=None,
    )  # fmt: skip


async def _until(
    store: Store, request: Request, case: Case, kind: Kind, now: datetime, sentence: str, **changes: Any
) -> Reply:
    if not moves.is_unsettled(case.challenge.status) and kind is not Kind.DECLINED:
        lifecycle.after(case.challenge.status, Move.ASSIGN)
    acts.required(request, "reason", "Please give a reason: the people who raised it will read it.")
    texts = acts.clean(store, request, "reason")
    day = acts.school_day_field(store, request.fields, "until", now)
    if day is None or day <= acts.today(store, now):
        raise FormError({"until": phrase("Please pick a day after today.")})
    former = case.challenge.owner_id
    event = store.record(
        case, kind, by=request.actor.id, at=now, said={Field.REASON: texts["reason"]}, data={"until": day.isoformat()},
        review_on=day, unanswered=0, **changes,
    )  # fmt: skip
    moves.tell_involved(store, case, event, now, also=[former])
    return _done(request, case, event, sentence, day=day)


async def resume(store: Store, request: Request, now: datetime) -> Reply:
    """Back to work before the date."""
    case = await acts.case_for(store, request, Action.PAUSE, now)
    if case.challenge.review_on is None:
        raise acts.refuse("Challenge {n} is not resting.", n=case.number)
    event = store.record(case, Kind.RESUMED, by=request.actor.id, at=now, **awake(case, now))
    tell(store, [each.person_id for each in case.reporters], MessageKind.UPDATE, event, now, case=case)
    return _done(request, case, event, "Challenge {n} is being worked on again.")


def awake(case: Case, now: datetime) -> Mapping[str, Any]:
    """What changes when a pause, a wait or a decline is over."""
    status = case.challenge.status
    if status is Status.WAITING_OUTSIDE:
        status = lifecycle.after(status, Move.RESUME)
    elif status is Status.DECLINED:
        status = lifecycle.after(status, Move.ASSIGN)
    return {"status": status, "review_on": None, "unanswered": 0, "prompted_at": now}


async def resolve_form(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.RESOLVE, now)
    lifecycle.after(case.challenge.status, Move.RESOLVE)
    return Reply(form=forms.resolve(request.voice, case))


async def resolve(store: Store, request: Request, now: datetime) -> Reply:
    """The owner says it is removed. Those who raised it will be asked; their answer decides (invariant 4)."""
    case = await acts.case_for(store, request, Action.RESOLVE, now)
    status = lifecycle.after(case.challenge.status, Move.RESOLVE)
    acts.required(request, "resolution", "Please say in a sentence what was done.")
    texts = acts.clean(store, request, "resolution")
    event = store.record(
        case, Kind.RESOLVED, by=request.actor.id, at=now, said={Field.RESOLUTION: texts["resolution"]}, also=moves.ask_anew(case),
        status=status, resolved_at=now, unanswered=0, asked_at=None, review_on=None, prompted_at=None, decision_asked_at=None,
    )  # fmt: skip
    moves.tell_involved(store, case, event, now)
    return _done(
        request, case, event, "Thank you. Those who raised challenge {n} will be asked whether it was addressed."
    )
