"""What the coordinator does: sorts, names owners, restricts, merges, redirects, enters for a caller, is substituted."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from handlers import acts, moves
from handlers.capture import Report, brought, capture, join, read_report, sorted_as
from handlers.cards import challenge as cards
from handlers.cards import forms
from handlers.cards.model import Button, Buttons, Card, Press, Text
from handlers.cards.text import Dollars, Label, Typed, Who, phrase
from handlers.errors import FormError
from handlers.occurrences import look_again_who_does_what
from handlers.owners import add_step
from handlers.request import Reply, Request
from handlers.rules import access, cadence, lifecycle
from handlers.rules.access import Action
from handlers.rules.lifecycle import Move
from handlers.telling import tell
from storage import occurrences, people
from storage.case import Case
from storage.models import Absence, Event, Helper
from storage.store import Store, plain, unplain
from storage.vocabulary import (
    ENDED,
    Authority,
    EventId,
    Field,
    Kind,
    Lane,
    MessageKind,
    Origin,
    PersonId,
    SchoolId,
    Scope,
    Status,
    Urgency,
    Visibility,
)

ONE_DAY = timedelta(days=1)


async def sort_form(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.TRIAGE, now)
    if not moves.is_unsettled(case.challenge.status):
        lifecycle.after(case.challenge.status, Move.ASSIGN)
    return Reply(form=forms.sort(request.voice, store.directory, case))


async def sort(store: Store, request: Request, now: datetime) -> Reply:
    """Triage: type, scope, tags, school, urgency and amount are settled; the process then names the owner."""
    case = await acts.case_for(store, request, Action.TRIAGE, now)
    challenge = case.challenge
    if not moves.is_unsettled(challenge.status):
        lifecycle.after(challenge.status, Move.ASSIGN)
    fields = request.fields
    process = acts.process_of(store, case)
    acts.required(request, "type", "Please pick a type: it decides who can remove it.")
    acts.required(request, "scope", "Please say where the power to remove it sits.")
    if fields["type"] not in process.types:
        raise FormError({"type": acts.NO_SUCH_TYPE})
    school = SchoolId(str(fields.get("school") or "")) or None
    if school and school not in store.directory.schools:
        raise FormError({"school": acts.NO_SUCH_SCHOOL})
    if fields["scope"] not in set(Scope):
        raise FormError({"scope": phrase("Please pick one of the list.")})
    scope = Scope(fields["scope"])
    if scope is Scope.SCHOOL and school is None:
        raise FormError({"school": phrase("Please pick the school: its principal takes it.")})
    urgency = Urgency(fields["urgency"]) if fields.get("urgency") in set(Urgency) else challenge.urgency
    conduct = acts.person_field(store, fields, "conduct_of", now)
    origin = next((each for each in Origin if each == fields.get("origin")), None)
    if origin is challenge.origin and scope is not challenge.scope:
        origin = None  # left as it was: it follows the scope
    report = Report(
        what="", type=fields["type"], scope=scope, school_id=school, urgency=urgency,
        tags=tuple(tag for tag in fields.get("tags") or () if tag in process.tags),
        amount_usd=acts.money_field(fields, "amount"),
    )  # fmt: skip
    whole = {"school_id": school, "tags": list(report.tags), "amount_usd": report.amount_usd}  # also what is taken out
    event = moves.send(
        store, case, Kind.SORTED, now, by=request.actor.id, conduct_of_id=conduct,
        **(sorted_as(store, case, report, origin) | whole),
    )  # fmt: skip
    if conduct:
        await store.look_at_agendas(now, case.id)
    return Reply(
        card=cards.done(
            request.voice,
            case,
            phrase("Challenge {n} is sorted: {who} has it.", n=case.number, who=Who(challenge.owner_id)),
            event,
        ),
        challenge_id=case.id,
    )


async def reassign_form(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.REASSIGN, now)
    return Reply(form=forms.reassign(request.voice, store.directory, [case], acts.today(store, now)))


async def reassign(store: Store, request: Request, now: datetime) -> Reply:
    """The coordinator names the owner, with a recorded reason; one challenge, or several by their numbers."""
    person_id = acts.person_field(store, request.fields, "owner", now)
    if person_id is None:
        raise FormError({"owner": phrase("Please pick a person.")})
    if store.directory.people[person_id].external:
        raise FormError({"owner": phrase("An owner must be of the district; they can work with people outside it.")})
    acts.required(request, "reason", acts.NO_REASON)
    texts = acts.clean(store, request, "reason")
    cases = await _numbered(store, request, Action.REASSIGN, now)
    event = None
    for case in cases:
        if case.challenge.conduct_of_id == person_id:
            raise FormError(
                {"owner": phrase("Challenge {n} cannot go to them. Please pick somebody else.", n=case.number)}
            )
        if not lifecycle.may(case.challenge.status, Move.ASSIGN):
            wrong = phrase(
                "Challenge {n} cannot go to somebody else now. Where it stands: {status}.",
                n=case.number, status=Label(case.challenge.status),
            )  # fmt: skip
            raise FormError({"numbers": wrong})
        event = moves.give(
            store,
            case,
            Kind.HANDED_ON,
            now,
            by=request.actor.id,
            owner_id=person_id,
            authority=Authority.NAMED,
            reason=phrase("{by} named {who}.", by=Who(request.actor.id), who=Who(person_id)),
            said={Field.REASON: texts["reason"]},
        )
    numbers = ", ".join(str(each.number) for each in cases)
    said = phrase("{who} now has {numbers}.", who=Who(person_id), numbers=numbers)
    return Reply(card=cards.done(request.voice, cases[-1], said, event), challenge_id=cases[-1].id)


async def _numbered(store: Store, request: Request, action: Action, now: datetime) -> list[Case]:
    """The challenges of the form: the card's own, or those whose numbers were typed."""
    typed = re.sub(r"[#,;&+]|\band\b", " ", str(request.fields.get("numbers") or ""), flags=re.IGNORECASE).split()
    if not typed:
        return [await acts.case_for(store, request, action, now)]
    numbers = [acts.number(each) for each in typed]
    known = [each for each in numbers if each is not None]
    if len(known) < len(numbers):
        raise FormError({"numbers": phrase("Please give numbers only, such as 12, 15, 31.")})
    return [await acts.case_by_number(store, request, each, action, now) for each in dict.fromkeys(known)]


async def restrict_form(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.RESTRICT, now)
    return Reply(form=forms.restrict(request.voice, store.directory, case))


async def restrict(store: Store, request: Request, now: datetime) -> Reply:
    """Hides the challenge from all but the coordinator, its owner, its reporters and those admitted; or opens it up."""
    case = await acts.case_for(store, request, Action.RESTRICT, now)
    closed = "restricted" in (request.fields.get("restricted") or [])
    admitted = acts.person_field(store, request.fields, "admit", now)
    visibility = Visibility.RESTRICTED if closed else Visibility.OPEN
    added = []
    if admitted and not case.has_helper(admitted):
        added = [f"helper:{admitted}"]
        case.helpers.append(
            store.add(Helper(district_id=store.district_id, challenge_id=case.id, person_id=admitted, since=now))
        )
    stay = request.fields.get("admitted")
    leave = (
        [each for each in case.helpers if each.person_id not in {*(stay or ()), admitted}] if stay is not None else []
    )
    if leave:
        return await _taken_out(store, request, case, leave, now, added=added, visibility=visibility)
    if visibility is case.challenge.visibility and not added:
        said = phrase("Nothing has changed: challenge {n} is seen by whom it was.", n=case.number)
        return Reply(card=cards.done(request.voice, case, said, None), challenge_id=case.id)
    kind = Kind.RESTRICTED if closed else Kind.OPENED_UP
    if visibility is case.challenge.visibility:
        kind = Kind.ADMITTED
    event = store.record(case, kind, by=request.actor.id, at=now, data={"added": added}, visibility=visibility)
    if admitted:
        tell(store, [admitted], MessageKind.INFORM, event, now, case=case)
    if kind is Kind.RESTRICTED:
        await store.look_at_digests(case.id, now)
        await store.look_at_agendas(now, case.id)
    sentences = {
        Kind.RESTRICTED: "Challenge {n} is now restricted.",
        Kind.OPENED_UP: "Challenge {n} is now open to the district team.",
        Kind.ADMITTED: "{who} can see challenge {n} now.",
    }
    said = phrase(sentences[kind], n=case.number, who=Who(admitted or request.actor.id))
    return Reply(card=cards.done(request.voice, case, said, event), challenge_id=case.id)


async def _taken_out(
    store: Store,
    request: Request,
    case: Case,
    leave: Sequence[Helper],
    now: datetime,
    *,
    added: Sequence[str],
    visibility: Visibility,
) -> Reply:
    """Somebody helps no longer, nor sees it by that. The history keeps who it was."""
    removed = {
        f"helper:{each.person_id}": {name: plain(value) for name, value in each.model_dump().items()} for each in leave
    }
    for each in leave:
        _take_away(store, case, each)
    event = store.record(
        case, Kind.TAKEN_OUT, by=request.actor.id, at=now, data={"removed": removed, "added": added, "to": leave[0].person_id},
        visibility=visibility,
    )  # fmt: skip
    await store.look_at_digests(case.id, now)
    await store.look_at_agendas(now, case.id)
    names = ", ".join(store.directory.people[each.person_id].name for each in leave)
    said = phrase("{names}: no longer part of challenge {n}.", names=names, n=case.number)
    return Reply(card=cards.done(request.voice, case, said, event), challenge_id=case.id)


async def merge_form(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.MERGE, now)
    return Reply(form=forms.merge(request.voice, case))


async def merge(store: Store, request: Request, now: datetime) -> Reply:
    """One challenge, one record, all who raised it (R-06): this one joins another, with its reporters and its facts."""
    case = await acts.case_for(store, request, Action.MERGE, now)
    typed = acts.required(request, "into", "Please give the number of the challenge that it joins.").lstrip("#")
    number = acts.number(typed)
    if number is None or number == case.number:
        raise FormError({"into": phrase("Please give the number of another challenge.")})
    into = await acts.case_by_number(store, request, number, Action.MERGE, now)
    if into.challenge.status in {Status.CLOSED, Status.WITHDRAWN, Status.REDIRECTED, Status.MERGED}:
        raise FormError({"into": phrase("Challenge {n} has ended; please pick one that is open.", n=into.number)})
    # A restricted challenge stays hidden from those who could not see it: it is not poured into an open one.
    if case.challenge.visibility is not into.challenge.visibility:
        raise FormError({"into": phrase("One of the two is restricted and the other is not; make them alike first.")})
    if case.challenge.conduct_of_id != into.challenge.conduct_of_id:
        raise FormError({"into": phrase("Only one of the two is about somebody's conduct, so they cannot be joined.")})
    status = lifecycle.after(case.challenge.status, Move.MERGE)
    facts = "\n".join(filter(None, map(case.said, (Field.WHAT, Field.AFFECTED, Field.TRIED, Field.EVIDENCE))))
    newcomers = [each for each in case.reporters if into.reporter(each.person_id) is None]
    for each in newcomers:
        join(
            store,
            into,
            each.person_id,
            facts,
            now,
            confidential=each.confidential,
            link=each.link or "",
            by=request.actor.id,
            came_from=case.number,
        )
        facts = ""
    if facts:
        author = case.reporters[0].person_id
        store.record(
            into, Kind.NOTED, by=request.actor.id, at=now, spoken=brought(store, into, facts, author, now),
            data={"from": case.id, "number": case.number, "author": author},
        )  # fmt: skip
    _bring_steps(store, case, into, request.actor.id, now)
    event = store.record(
        case, Kind.MERGED, by=request.actor.id, at=now, data={"into": into.id, "number": into.number},
        status=status, merged_into_id=into.id,
        closed_at=now, asked_at=None, review_on=None,
    )  # fmt: skip
    moves.tell_involved(store, case, event, now)
    return Reply(
        card=cards.done(
            request.voice,
            case,
            phrase("Challenge {n} has joined challenge {into}.", n=case.number, into=into.number),
            event,
        ),
        challenge_id=case.id,
    )


def _bring_steps(store: Store, case: Case, into: Case, by: PersonId, now: datetime) -> None:
    """What somebody has promised to do is promised still: open steps go along, with their owners and dates."""
    brought = [
        add_step(store, into, case.words_of(each), each.due_on, each.owner_id, by, now) for each in case.open_steps
    ]
    if brought:
        data = {"added": [label for label, _ in brought], "from": case.id}
        event = store.record(into, Kind.PLANNED, by=by, at=now, spoken=[words for _, words in brought], data=data)
        tell(store, [each.owner_id for each in case.open_steps], MessageKind.STEP, event, now, case=into)


async def redirect_form(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.REDIRECT, now)
    return Reply(form=forms.redirect(request.voice, store.directory, case))


async def redirect(store: Store, request: Request, now: datetime) -> Reply:
    """It is no challenge of this process: a work order, a personnel matter, classroom advice. The reporter hears where to go."""
    case = await acts.case_for(store, request, Action.REDIRECT, now)
    desk = acts.required(request, "desk", "Please pick where it belongs.")
    texts = acts.clean(store, request, "reason")
    status = lifecycle.after(case.challenge.status, Move.REDIRECT)
    event = store.record(
        case, Kind.REDIRECTED, by=request.actor.id, at=now, said={Field.REASON: texts["reason"]}, data={"desk": desk},
        status=status, closed_at=now, asked_at=None, review_on=None,
    )  # fmt: skip
    moves.tell_involved(store, case, event, now)
    return Reply(
        card=cards.done(
            request.voice,
            case,
            phrase("Challenge {n} is redirected; its reporters hear where it belongs.", n=case.number),
            event,
        ),
        challenge_id=case.id,
    )


async def venue_form(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.REASSIGN, now)
    return Reply(form=forms.venue(request.voice, store.directory, case))


async def venue(store: Store, request: Request, now: datetime) -> Reply:
    """It is discussed somewhere else from now on; who moved it, and why, stands in the log (R-13)."""
    case = await acts.case_for(store, request, Action.REASSIGN, now)
    _not_ended(case)
    to = str(request.fields.get("venue") or "")
    if to not in acts.process_of(store, case).venues:
        raise FormError({"venue": phrase("Please pick one of the list.")})
    acts.required(request, "reason", acts.NO_REASON)
    texts = acts.clean(store, request, "reason")
    event = store.record(
        case, Kind.VENUE_MOVED, by=request.actor.id, at=now, said={Field.REASON: texts["reason"]}, venue=to
    )
    tell(store, [case.challenge.owner_id], MessageKind.UPDATE, event, now, case=case)
    named = cards.venue_name(request.voice, to, case.challenge.school_id)
    said = phrase("Challenge {n} is discussed by: {venue}.", n=case.number, venue=named)
    return Reply(card=cards.done(request.voice, case, said, event), challenge_id=case.id)


async def process_form(store: Store, request: Request, now: datetime) -> Reply:
    case = await acts.case_for(store, request, Action.MOVE_PROCESS, now)
    return Reply(form=forms.move_process(request.voice, store.directory, case))


async def process(store: Store, request: Request, now: datetime) -> Reply:
    """The version in force holds for it from now on, by a recorded act (invariant 10); it is routed anew where an owner
    has yet to take it up."""
    case = await acts.case_for(store, request, Action.MOVE_PROCESS, now)
    _not_ended(case)
    version = store.directory.in_force
    if case.challenge.process_id == version.id:
        raise acts.refuse("It runs under the rules in force already.")
    acts.required(request, "reason", acts.NO_REASON)
    texts = acts.clean(store, request, "reason")
    was = store.directory.version(case.challenge.process_id).version
    event = store.record(
        case, Kind.PROCESS_MOVED, by=request.actor.id, at=now, said={Field.REASON: texts["reason"]},
        data={"from": was, "version": version.version}, process_id=version.id,
    )  # fmt: skip
    if case.challenge.taken_at is None and lifecycle.may(case.challenge.status, Move.ASSIGN):
        moves.send(store, case, Kind.ASSIGNED, now, by=request.actor.id)
    said = phrase("Challenge {n} runs under version {version} now.", n=case.number, version=version.version)
    return Reply(card=cards.done(request.voice, case, said, event), challenge_id=case.id)


def _not_ended(case: Case) -> None:
    if case.challenge.status in ENDED:
        raise acts.refuse("Challenge {n} has ended.", n=case.number)


# ------------------------------------------------------------------------------------------------ caller, substitute


async def enter_form(store: Store, request: Request, now: datetime) -> Reply:
    access.require(request.actor, Action.ENTER_FOR, None, store.directory, acts.today(store, now))
    return Reply(form=forms.enter_for(request.voice, store.directory, request.actor, request.text))


async def enter(store: Store, request: Request, now: datetime) -> Reply:
    """The coordinator enters a challenge for a caller, who is its reporter and gets every follow-up."""
    access.require(request.actor, Action.ENTER_FOR, None, store.directory, acts.today(store, now))
    caller = acts.person_field(store, request.fields, "caller", now)
    if caller is None:
        raise FormError({"caller": phrase("Please pick who called.")})
    if store.directory.people[caller].external:
        raise FormError(
            {"caller": phrase("Please pick somebody of the district, who can be asked later whether it was addressed.")}
        )
    sure = "sure" in (request.fields.get("sure") or [])
    texts = acts.clean(store, request, "what", "affected", "tried", sure=sure)
    report = read_report(store, request, texts)
    case = await capture(store, caller, report, now, entered_by=request.actor.id)
    return Reply(
        card=cards.done(
            request.voice,
            case,
            phrase("Challenge {n} is on record for {who}.", n=case.number, who=Who(caller)),
            next(each for each in store.recorded if each.kind is Kind.REPORTED),
        ),
        challenge_id=case.id,
    )


async def substitute_form(store: Store, request: Request, now: datetime) -> Reply:
    return Reply(form=forms.away(request.voice, request.actor, store.directory, acts.today(store, now)))


async def substitute(store: Store, request: Request, now: datetime) -> Reply:
    """Away from a day to a day, with somebody in one's place: the coordinator's substitute, or any owner's delegate.

    What they hold moves when the first day comes, with the reason, and no ladder skips anybody for it.
    """
    stand_in = acts.person_field(store, request.fields, "delegate", now)
    first = acts.day_field(request.fields, "from")
    last = acts.day_field(request.fields, "to")
    today = acts.today(store, now)
    errors = {}
    if stand_in is None or stand_in == request.actor.id:
        errors["delegate"] = phrase("Please pick somebody else, who stands in for you.")
    elif store.directory.people[stand_in].external:
        errors["delegate"] = phrase("Please pick somebody of the district.")
    if first is None or first < today:
        errors["from"] = phrase("Please pick the first day, today or later.")
    limit = acts.money_field(request.fields, "limit")
    if limit is not None and limit > (request.actor.spend_limit_usd or 0):
        errors["limit"] = phrase(
            "You can pass on no more than your own limit, {own}.", own=Dollars(request.actor.spend_limit_usd or 0)
        )
    if last is None or (first and last < first):
        errors["to"] = phrase("Please pick the last day, not before the first.")
    for name, day in (("from", first), ("to", last)):
        if day and day > today + cadence.A_YEAR:
            errors[name] = phrase("Please pick a day within a year.")
    if errors or stand_in is None or first is None or last is None:  # what is None stands in errors
        raise FormError(errors)
    absence = Absence(
        district_id=store.district_id,
        person_id=request.actor.id,
        from_on=first,
        to_on=last,
        delegate_id=stand_in,
        delegate_limit_usd=limit,
    )
    replaced = await _cut_short(store, request.actor.id, first, last)
    await people.add_absence(store.connection, absence)
    await store.look_again(now)
    await look_again_who_does_what(store, request.actor.id, first, last, now)
    event = store.record(
        None, Kind.SUBSTITUTED, by=request.actor.id, at=now,
        data={
            "absence": absence.id, "delegate": stand_in, "from": first.isoformat(), "to": last.isoformat(),
            "replaced": replaced,
        },
    )  # fmt: skip
    tell(store, [stand_in], MessageKind.INFORM, event, now, lane=Lane.SINGLE)
    voice = request.voice
    said = voice("{who} stands in for you from {first} to {last}.", who=Who(stand_in), first=first, last=last)
    undo_it = Button(voice("Undo"), Press("undo", item=event.id))
    return Reply(card=Card(voice("You are away"), (Text(said), Buttons((undo_it,))), summary=said))


async def _cut_short(store: Store, person_id: PersonId, first: date, last: date) -> dict[str, str]:
    """What somebody has said before of the same days holds no longer; by its id, the last day that each had."""
    replaced = {}
    for each in await people.absences_of(store.connection, store.district_id, person_id, first):
        if each.from_on <= last:
            replaced[each.id] = each.to_on.isoformat()
            ends = min(max(first, each.from_on), each.to_on + ONE_DAY) - ONE_DAY
            await people.end_absence(store.connection, store.district_id, each.id, ends)
    return replaced


async def back(store: Store, request: Request, now: datetime) -> Reply:
    """ "I am back": the absence of today, or else the next one, ends. What the stand-in has not begun on comes back."""
    today = acts.today(store, now)
    said = await people.absences_of(store.connection, store.district_id, request.actor.id, today)
    covering = [each for each in said if each.from_on <= today]
    ended = covering or sorted(said, key=lambda each: each.from_on)[:1]
    if not ended:
        raise acts.refuse("You are not away, and have not said that you will be.")
    for each in ended:
        ends = max(each.from_on, today) - ONE_DAY
        await people.end_absence(store.connection, store.district_id, each.id, ends)
    await store.look_again(now)
    data = {"ended": {each.id: each.to_on.isoformat() for each in ended}}
    event = store.record(None, Kind.BACK, by=request.actor.id, at=now, data=data)
    tell(store, _stand_ins(ended), MessageKind.INFORM, event, now, lane=Lane.SINGLE)
    voice = request.voice
    words = voice(
        "Nobody stands in for you any more. What you had comes back to you, but for what your stand-in has begun on."
    )
    undo_it = Button(voice("Undo"), Press("undo", item=event.id))
    return Reply(card=Card(voice("You are back"), (Text(words), Buttons((undo_it,))), summary=words))


def _stand_ins(absences: Sequence[Absence]) -> list[PersonId]:
    return [each.delegate_id for each in absences if each.delegate_id]


async def _undo_back(store: Store, request: Request, target: Event, now: datetime) -> Reply:
    """They are away after all, as they had said."""
    today = acts.today(store, now)
    for absence_id, last in target.data["ended"].items():
        await people.end_absence(store.connection, store.district_id, absence_id, date.fromisoformat(last))
    again = await people.absences_of(store.connection, store.district_id, request.actor.id, today)
    again = [each for each in again if each.id in target.data["ended"]]
    await store.look_again(now)
    event = store.record(None, Kind.UNDONE, by=request.actor.id, at=now, data={"undone": [target.id], "away": True})
    if not await store.forget_messages([target.id]):
        tell(store, _stand_ins(again), MessageKind.INFORM, event, now, lane=Lane.SINGLE)
    voice = request.voice
    return Reply(card=cards.plain(voice, voice("Undone"), voice("You are away, as you had said.")))


# ------------------------------------------------------------------------------------------------------------ slips


async def undo(store: Store, request: Request, now: datetime) -> Reply:
    """A slip is undone by its author within ten minutes, if nobody has acted since: a compensating event, nothing erased.

    What was done to several at once is undone for all of them.
    """
    if not request.challenge_id:
        return await _undo_absence(store, request, now)
    # By their own act they may have lost sight of it.
    target = await store.event(EventId(request.item))
    case = await store.case(request.challenge_id)
    if case is None or target is None or target.actor_id != request.actor.id or target.challenge_id != case.id:
        raise acts.refuse("Only who did it can undo it.")
    if now - target.at > cards.UNDO_WITHIN:
        raise acts.refuse("That was more than ten minutes ago. Tell the coordinator what should change.")
    act = await store.act_of(target)
    cases = await store.cases(dict.fromkeys(each.challenge_id for each in act if each.challenge_id))
    for each in cases:
        await _may_be_undone(store, each, act)
    if any(each.kind is Kind.REPORTED for each in act):
        return await _take_back(store, request, case, now)
    for each in cases:
        await _compensate(store, each, [event for event in act if event.challenge_id == each.id], request, now)
    numbers = sorted(each.number for each in cases)
    said = request.voice("Challenge {n} stands as it did before.", n=numbers[0])
    if len(numbers) > 1:
        several = ", ".join(map(str, numbers[:-1]))
        said = request.voice(
            "Challenges {several} and {last} stand as they did before.", several=several, last=numbers[-1]
        )
    return Reply(card=cards.plain(request.voice, request.voice("Undone"), said))


async def _may_be_undone(store: Store, case: Case, act: Sequence[Event]) -> None:
    """Raises UserError where somebody has acted on it since, or something of it has moved by itself."""
    last = max(each.seq for each in act if each.challenge_id == case.id)
    since = [each for each in await store.history(case.id) if each.seq > last]
    if any(each.actor_id is not None or _moved(each) for each in since):
        raise acts.refuse(
            "It has moved on since, so that cannot be undone. Type {command} to see how it stands.",
            command=Typed(f"/challenges {case.number}"),
        )
    entered_for_another = act[0].kind is Kind.REPORTED and case.reporter(act[0].actor_id or PersonId("")) is None
    if any(each.kind is Kind.REPORTED for each in act) and not entered_for_another:
        raise acts.refuse("A report is not undone but withdrawn: press Withdraw under it.")
    if any(each.kind is Kind.UNDONE for each in act):
        raise acts.refuse("That cannot be undone here. Tell the coordinator what should change.")


def _moved(event: Event) -> bool:
    """Whether an event of Clearway's own has changed more than when it looked, and whom it asked."""
    changed = set(event.data.get("changes", {}).get("challenge", {}))
    return bool(changed - {"version", "prompted_at", "unanswered", "updated_at"})


async def _take_back(store: Store, request: Request, case: Case, now: datetime) -> Reply:
    """What was entered for the wrong caller is withdrawn by who entered it; the caller is told, if they were before."""
    status = lifecycle.after(case.challenge.status, Move.WITHDRAW)
    event = store.record(
        case, Kind.WITHDRAWN, by=request.actor.id, at=now, status=status, closed_at=now, asked_at=None, review_on=None
    )
    moves.tell_involved(store, case, event, now)
    said = request.voice(acts.withdrawn(case))
    return Reply(card=cards.plain(request.voice, request.voice("Undone"), said), challenge_id=case.id)


async def _compensate(store: Store, case: Case, act: Sequence[Event], request: Request, now: datetime) -> None:
    """Everything that one act has changed is as it was before; the history keeps the act, and that it was undone."""
    rows: dict[str, Any] = {f"reporter:{each.person_id}": each for each in case.reporters}
    rows |= {f"step:{each.id}": each for each in case.steps}
    rows |= {f"helper:{each.person_id}": each for each in case.helpers}
    retracted = [*case.challenge.retracted_ids, *(each for event in act for each in event.words)]
    restored: dict[str, Any] = {"retracted_ids": retracted}
    removed: dict[str, Any] = {}
    also: dict[str, dict[str, Any]] = {}
    for event in reversed(act):
        for label, changed in event.data.get("changes", {}).items():
            before = {name: pair[0] for name, pair in changed.items() if name not in {"version", "updated_at"}}
            if label == "challenge":
                restored |= store_values(case.challenge, before)
            elif label in rows:
                also.setdefault(label, {}).update(store_values(rows[label], before))
        for label in event.data.get("added", []):
            if label in rows:
                removed[label] = {name: plain(value) for name, value in rows[label].model_dump().items()}
                _take_away(store, case, rows[label])
        if event.kind is Kind.TAKEN_OUT:
            back = (Helper(**_unplained(Helper, values)) for values in event.data["removed"].values())
            case.helpers += [store.add(each) for each in back if not case.has_helper(each.person_id)]
    store.record(
        case, Kind.UNDONE, by=request.actor.id, at=now, data={"undone": [each.id for each in act], "removed": removed},
        also=[(rows[label], values) for label, values in also.items()], **restored,
    )  # fmt: skip
    await store.forget_messages([each.id for each in act])
    for event in act:
        if event.kind is Kind.DECIDED:
            await _not_decided(store, case, event, now)


async def _not_decided(store: Store, case: Case, event: Event, now: datetime) -> None:
    """The minutes of a meeting have that decision no more, and it goes through the challenge once more."""
    row = await occurrences.occurrence(store.connection, store.district_id, event.data["occurrence"])
    if row is None:
        return
    left = [each for each in row.walked_ids if each != case.id or not event.data["walked"]]
    await occurrences.change(store.connection, row, walked_ids=left, version=row.version + 1)
    await store.look_at_item([row.id], now)


async def _undo_absence(store: Store, request: Request, now: datetime) -> Reply:
    """They are not away after all. What has moved to their stand-in comes back, where nobody has acted on it since."""
    target = await store.event(EventId(request.item))
    if target is None or target.actor_id != request.actor.id or target.kind not in {Kind.SUBSTITUTED, Kind.BACK}:
        raise acts.refuse("Only who did it can undo it.")
    if now - target.at > cards.UNDO_WITHIN:
        raise acts.refuse("That was more than ten minutes ago. Tell the coordinator what should change.")
    if target.kind is Kind.BACK:
        return await _undo_back(store, request, target, now)
    if not await people.remove_absence(store.connection, store.district_id, target.data["absence"]):
        raise acts.refuse("That is undone already.")
    for absence_id, last in target.data.get("replaced", {}).items():
        await people.end_absence(store.connection, store.district_id, absence_id, date.fromisoformat(last))
    store.directory, _ = await people.load_directory(store.connection, store.district_id)
    for case in await store.cases(await store.open_with(target.data["delegate"])):
        history = await store.history(case.id)
        act = [each for each in history if each.data.get("act") == history[-1].data.get("act")]
        moved = act[-1].data.get("changes", {}).get("challenge", {}).get("owner_id")
        if act[-1].actor_id is None and moved == [request.actor.id, target.data["delegate"]]:
            await _compensate(store, case, act, request, now)
    await store.look_again(now)
    data = {"undone": [target.id], **{name: target.data[name] for name in ("absence", "delegate", "from", "to")}}
    event = store.record(None, Kind.UNDONE, by=request.actor.id, at=now, data=data)
    if not await store.forget_messages([target.id]):
        tell(store, [target.data["delegate"]], MessageKind.INFORM, event, now, lane=Lane.SINGLE)
    voice = request.voice
    return Reply(card=cards.plain(voice, voice("Undone"), voice("You are not away. Nobody stands in for you.")))


def _take_away(store: Store, case: Case, row: Any) -> None:
    store.remove(row)
    groups: tuple[list[Any], ...] = (case.reporters, case.steps, case.helpers)
    for rows in groups:
        rows[:] = [each for each in rows if each is not row]


def store_values(row: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Plain values of an event, as the row's columns have them."""
    return _unplained(type(row), values)


def _unplained(model: Any, values: dict[str, Any]) -> dict[str, Any]:
    return {name: unplain(model, name, value) for name, value in values.items()}
