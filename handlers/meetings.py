"""One occurrence of a routine as people use it: shown, added to, sent, held, missed, moved, cancelled."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from handlers import acts, agendas, owners
from handlers.cards import forms, meeting_forms, names
from handlers.cards import meetings as cards
from handlers.cards import routines as routine_cards
from handlers.cards.challenge import view
from handlers.cards.model import Card
from handlers.cards.text import Typed, Voice, Who, phrase
from handlers.errors import FormError, NotFoundError
from handlers.occurrences import add as plan_one
from handlers.occurrences import (
    doing,
    end,
    everybody,
    gives,
    is_on,
    leads,
    set_timer,
    tell_of,
    without_agenda,
)
from handlers.request import Reply, Request
from handlers.routines import known
from handlers.rules import access, kinds
from handlers.rules import routines as rules
from handlers.rules.access import Action
from handlers.telling import tell_rooms
from storage import feedback, log, occurrences
from storage.directory import Person, Routine
from storage.models import Occurrence, Record
from storage.store import Store
from storage.vocabulary import (
    ChallengeId,
    Kind,
    Lane,
    MeetingRole,
    OccurrenceStatus,
    PersonId,
    RecordField,
    TimerKind,
    new_id,
)

WITHIN: Final = timedelta(hours=24)  # minutes
MOST: Final = 10  # of somebody's meetings, in one list
ENDED: Final = MappingProxyType(
    {
        OccurrenceStatus.MISSED: Kind.OCCURRENCE_MISSED,
        OccurrenceStatus.MOVED: Kind.OCCURRENCE_MOVED,
        OccurrenceStatus.CANCELLED: Kind.OCCURRENCE_CANCELLED,
    }
)


async def show(store: Store, request: Request, now: datetime) -> Reply:
    """`/clearway meeting`: the next ones of this person; or one of them, by a button."""
    if request.item:
        row, routine = await occurrence(store, request, now, steer=False)
        return Reply(card=await agendas.whole(store, request.voice, request.actor, row, routine, now))
    return Reply(card=routine_cards.next_ones(request.voice, await next_of(store, request.actor, MOST, now), now))


async def next_of(store: Store, actor: Person, most: int, now: datetime) -> list[tuple[Occurrence, Routine]]:
    """So many of this person's meetings: what is on; what they have not said of yet whether it took place; what is next.

    However much is unanswered, there is room for the next one.
    """
    directory, today = store.directory, acts.today(store, now)
    mine = [each.id for each in directory.routines if each.running and rules.may_see(each, actor, directory, today)]
    theirs = []
    for row in await occurrences.to_come(store.connection, store.district_id, mine) if mine else ():
        routine = known(store, row.routine_id)
        there = {each.id for each in rules.invited(routine, row.team_id, directory, row.day)}
        there |= {each.person_id for each in doing(store, row)}
        if leads(store, routine, row, now).id == actor.id or (row.ends_at > now and actor.id in there):
            theirs.append((row, routine))
    theirs.sort(key=lambda each: each[0].starts_at)
    on = [each for each in theirs if each[0].starts_at <= now < each[0].ends_at]
    unanswered = [each for each in theirs if each[0].ends_at <= now]
    coming = [each for each in theirs if now < each[0].starts_at]
    return [*on, *unanswered[: max(most - len(on) - len(coming[:1]), 0)], *coming][:most]


async def add_form(store: Store, request: Request, now: datetime) -> Reply:
    row, routine = await _to_come(store, request, now, steer=False)
    return Reply(form=meeting_forms.add_form(request.voice, row, check_in=rules.is_check_in(routine, store.directory)))


async def add(store: Store, request: Request, now: datetime) -> Reply:
    """Words of one's own on the agenda, by anybody who belongs there, for all who have it."""
    row, routine = await _to_come(store, request, now, steer=False)
    words = acts.required(request, "words", "Please write what is to be on it.")
    acts.clean(store, request, "words")
    said = await _say(store, row, {RecordField.AGENDA: words}, request.actor.id, now)
    await occurrences.change(store.connection, row, version=row.version + 1)
    have = everybody(store, routine, row, now) if row.invited_at else [PersonId(row.lead_id)] if row.lead_id else []
    to = [each for each in have if each != request.actor.id]
    tell_of(store, row, Kind.OCCURRENCE_ADDED_TO, to, now, by=request.actor.id, said=said)
    return Reply(card=await agendas.whole(store, request.voice, request.actor, row, routine, now))


async def lines_form(store: Store, request: Request, now: datetime) -> Reply:
    """What somebody has put on the agenda themselves, to be worded anew or taken out."""
    row, _ = await _to_come(store, request, now, steer=False)
    mine = await _own_lines(store, row, request)
    if not mine:
        raise acts.refuse("There is nothing of yours on it.")
    return Reply(form=meeting_forms.lines_form(request.voice, row, mine))


async def lines(store: Store, request: Request, now: datetime) -> Reply:
    """In the place of each line that reads otherwise there is another one, or none: what was said stays on record."""
    row, routine = await _to_come(store, request, now, steer=False)
    mine = [each for each in await _own_lines(store, row, request) if each.id in request.fields]
    texts = acts.clean(store, request, *(each.id for each in mine))
    changed = [each for each in mine if texts[each.id].strip() != each.text]
    said = [
        Record(
            district_id=store.district_id, id=new_id(), occurrence_id=row.id, field=RecordField.AGENDA,
            author_id=request.actor.id, said_at=now, question=each.id, text=texts[each.id].strip(),
        )
        for each in changed
    ]  # fmt: skip
    for each in said:
        await occurrences.say(store.connection, each)
    if said:
        await occurrences.change(store.connection, row, version=row.version + 1)
        words = [each for each in said if each.text]
        tell_of(store, row, Kind.OCCURRENCE_ADDED_TO, [], now, by=request.actor.id, said=words)
        await store.look_at_item([row.id], now)
    return Reply(card=await agendas.whole(store, request.voice, request.actor, row, routine, now))


async def _own_lines(store: Store, row: Occurrence, request: Request) -> list[Record]:
    said = await occurrences.said(store.connection, row)
    mine = [each for each in said if each.field is RecordField.AGENDA and each.author_id == request.actor.id]
    return [each for each in mine if each.text][-meeting_forms.MOST_LINES :]


async def send(store: Store, request: Request, now: datetime) -> Reply:
    """The agenda goes to everybody now, and not only on the school day before."""
    row, routine = await _to_come(store, request, now)
    if row.invited_at is None:
        roles = {str(each.role): each.person_id for each in doing(store, row)}
        await occurrences.change(
            store.connection,
            row,
            status=OccurrenceStatus.PREPARED,
            invited_at=now,
            invited_ids=everybody(store, routine, row, now),
            roles=roles,
            version=row.version + 1,
        )
        to = [each for each in await without_agenda(store, routine, row, now) if each != request.actor.id]
        event = tell_of(store, row, Kind.OCCURRENCE_INVITED, to, now, by=request.actor.id, lane=Lane.SINGLE)
        tell_rooms(store, row.team_id, event, now, item=row.id)
        set_timer(store, routine, row, now)
    return Reply(card=await agendas.whole(store, request.voice, request.actor, row, routine, now))


async def held_form(store: Store, request: Request, now: datetime) -> Reply:
    row, routine = await _asked_about(store, request, now)
    there, came = _may_have_come(store, row, routine)
    return Reply(form=meeting_forms.held_form(request.voice, row, routine, there, came))


def _may_have_come(store: Store, row: Occurrence, routine: Routine) -> tuple[list[Person], set[PersonId]]:
    """Who may have been there: who belongs there, and who does something in it or stands in for that. With those of whom
    it is to be thought: not who stands in for nobody this time, nor who has said that they are away."""
    directory = store.directory
    does = {each.person_id for each in doing(store, row)}
    team = directory.teams.get(row.team_id) if row.team_id and kinds.meets(routine) else None
    backups = [each for role in MeetingRole for each in (team.roles.get(role, ()) if team else ())]
    found = {each.id: each for each in rules.there(routine, row.team_id, directory, row.day)}
    thought = {*found, *does}
    for each in (*does, *backups):
        person = directory.people.get(each)
        if person is not None and person.here_on(row.day):
            found.setdefault(each, person)
    away = {each for each in found if directory.absence(each, row.day)}
    return list(found.values()), thought - away


async def held(store: Store, request: Request, now: datetime) -> Reply:
    """It took place: who was there, what was decided and noted, and what was not gone through.

    Everybody who belongs there gets that within a day: by itself where the next digest would be later (R-16).
    """
    row, routine = await _asked_about(store, request, now)
    questions = kinds.questions(routine)
    texts = acts.clean(store, request, "notes", *(each.name for each in questions))
    if missing := kinds.missing(routine, texts):
        sentence = "A plan needs its problem statement first: what, who, where, when and why."
        raise FormError({each: phrase(sentence) for each in missing})
    there = {each.id for each in _may_have_come(store, row, routine)[0]}
    attended = [each for each in (request.fields.get("there") or []) if each in there]
    if kinds.meets(routine) and there and not attended:
        sentence = "Please tick who was there. If nobody was, say that it did not take place."
        raise FormError({"there": phrase(sentence)})
    if kinds.meets(routine) and len(attended) < min(routine.quorum, len(there), meeting_forms.MOST_THERE):
        sentence = "It counts when {n} were there. If fewer were, say that it did not take place."
        raise FormError({"there": phrase(sentence, n=routine.quorum)})
    said = await _say(store, row, {RecordField.NOTES: texts["notes"]}, request.actor.id, now)
    for each in questions:
        asked = each.words if each.own else Voice(store.directory)(each.words)
        said += await _say(store, row, {RecordField.ANSWER: texts[each.name]}, request.actor.id, now, question=asked)
    walked_ids, left_ids = await _gone_through(store, request, row, routine, attended, now)
    await end(
        store, row, OccurrenceStatus.HELD, now, attended_ids=attended, walked_ids=walked_ids, left_ids=left_ids
    )  # fmt: skip
    hear = dict.fromkeys([*everybody(store, routine, row, now), *map(PersonId, attended)])
    to = [each for each in hear if each != request.actor.id]
    in_time = row.starts_at + WITHIN
    event = tell_of(store, row, Kind.OCCURRENCE_HELD, to, now, by=request.actor.id, said=said, before=in_time)
    tell_rooms(store, row.team_id, event, now, item=row.id)
    if routine.poll:
        tell_of(store, row, Kind.OCCURRENCE_POLLED, [PersonId(each) for each in attended], now)
    return Reply(card=await agendas.whole(store, request.voice, request.actor, row, routine, now))


async def _gone_through(
    store: Store, request: Request, row: Occurrence, routine: Routine, attended: list[PersonId], now: datetime
) -> tuple[list[str], list[ChallengeId]]:
    """What was gone through in it, and what was not (R-15). What those who belong there, or were there, have worked on
    since it began was gone through, too: nobody says of each once more that it was."""
    if not routine.log_review and not row.walked_ids:
        return row.walked_ids, []
    to_go, _ = await agendas.to_walk(store, row, routine, request.actor, now)
    people = {request.actor.id, *everybody(store, routine, row, now), *attended}
    worked_on = await log.worked_on(store.connection, store.district_id, people, row.starts_at, now)
    walked = [each.line.id for each in to_go if each.line.id in worked_on]
    return [*row.walked_ids, *walked], [each.line.id for each in to_go if each.line.id not in worked_on]


async def note_form(store: Store, request: Request, now: datetime) -> Reply:
    row, _ = await _noted(store, request, now)
    return Reply(form=meeting_forms.note_form(request.voice, row))


async def note(store: Store, request: Request, now: datetime) -> Reply:
    """Words for its minutes by anybody who belongs there, before, during or after it (R-18)."""
    row, routine = await _noted(store, request, now)
    words = acts.required(request, "words", "Please write your note.")
    return await _write_down(store, request, row, routine, RecordField.NOTES, words, Kind.OCCURRENCE_ADDED_TO, now)


async def _write_down(
    store: Store, request: Request, row: Occurrence, routine: Routine, part: RecordField, words: str, kind: Kind,
    now: datetime,
) -> Reply:  # fmt: skip
    acts.clean(store, request, "words")
    said = await _say(store, row, {part: words}, request.actor.id, now)
    await occurrences.change(store.connection, row, version=row.version + 1)
    tell_of(store, row, kind, [], now, by=request.actor.id, said=said)
    return Reply(card=await agendas.whole(store, request.voice, request.actor, row, routine, now))


async def walk(store: Store, request: Request, now: datetime) -> Reply:
    """The log, or what is on the agenda of its team, is gone through one by one (R-15)."""
    row, routine = await _noted(store, request, now)
    return Reply(card=await _walk(store, request, row, routine, now))


async def walked(store: Store, request: Request, now: datetime) -> Reply:
    """This one was gone through; the next one."""
    row, routine = await occurrence(store, request, now, steer=False)
    if not agendas.decides(store, row, routine, request.actor, now):
        raise acts.refuse("Only who leads it, facilitates it or takes its notes can do that.")
    if row.status not in occurrences.TO_COME:
        raise acts.refuse("It is over: its record says what was gone through.")
    case = await acts.case_for(store, request, Action.SEE, now)
    if case.id not in row.walked_ids:
        await occurrences.change(store.connection, row, walked_ids=[*row.walked_ids, case.id])
        tell_of(store, row, Kind.OCCURRENCE_WALKED, [], now, by=request.actor.id, data={"challenge": case.id})
    return Reply(card=await _walk(store, request, row, routine, now))


async def _walk(
    store: Store, request: Request, row: Occurrence, routine: Routine, now: datetime, *, decided: int | None = None
) -> Card:  # fmt: skip
    """The next one. `decided`: the number of that on which a decision was written down just now."""
    to_go, gone = await agendas.to_walk(store, row, routine, request.actor, now)
    if not to_go:
        return cards.walked_through(request.voice, row, routine, len(gone), decided)
    walks = agendas.decides(store, row, routine, request.actor, now)
    decides = walks and _takes_decisions(row, routine, now)
    total = len(gone) + len(to_go)
    [case] = await store.cases([to_go[0].line.id])
    seen = view(store.directory, case, request.voice, request.actor, now)
    at = (len(gone), total, decided)
    return cards.walk(request.voice, row, routine, to_go[0], seen, *at, walks=walks, decides=decides)


async def left(store: Store, request: Request, now: datetime) -> Reply:
    """The rest of what was not gone through, by name: a record shows the first of it."""
    occurrence_id, _, page = request.item.partition(" ")
    row, routine = await occurrence(store, replace(request, item=occurrence_id), now, steer=False)
    lines = await agendas.left(store, row, routine, request.actor, now)
    return Reply(card=cards.left(request.voice, row, routine, lines, int(page) if page.isdecimal() else 1))


async def decide_form(store: Store, request: Request, now: datetime) -> Reply:
    if not request.challenge_id:
        row, _ = await _decided(store, request, now)
        return Reply(form=meeting_forms.decide_form(request.voice, row, None))
    case = await acts.case_for(store, request, Action.NOTE, now)
    row, _ = await _decided(store, request, now, case.challenge.owner_id)
    line = await _line(store, request, case.id, row, now)
    return Reply(form=meeting_forms.decide_form(request.voice, row, line))


async def decide(store: Store, request: Request, now: datetime) -> Reply:
    """What was decided stands in the minutes; on a challenge also there, and those concerned hear (R-63)."""
    if not request.challenge_id:
        row, routine = await _decided(store, request, now)
        return await _decide_beside(store, request, row, routine, now)
    case = await acts.case_for(store, request, Action.NOTE, now)
    row, routine = await _decided(store, request, now, case.challenge.owner_id)
    words = acts.required(request, "words", "Please write what was decided.")
    acts.clean(store, request, "words")
    [said] = await _say(store, row, {RecordField.DECISION: words}, request.actor.id, now, of=case.id)
    anew = case.id not in row.walked_ids
    walked_ids = [*row.walked_ids, case.id] if anew else row.walked_ids
    await occurrences.change(store.connection, row, walked_ids=walked_ids, version=row.version + 1)
    data = {"challenge": case.id}
    tell_of(store, row, Kind.OCCURRENCE_WALKED, [], now, by=request.actor.id, data=data, said=[said])
    owners.record_decision(store, request, case, said, names.key(row), now, walked=anew)
    if now < row.starts_at:  # it was decided from the page, which has the next one below it
        return Reply(card=await agendas.whole(store, request.voice, request.actor, row, routine, now))
    return Reply(card=await _walk(store, request, row, routine, now, decided=case.number))


async def _decide_beside(store: Store, request: Request, row: Occurrence, routine: Routine, now: datetime) -> Reply:
    """What was decided on something that is no challenge."""
    words = acts.required(request, "words", "Please write what was decided.")
    return await _write_down(store, request, row, routine, RecordField.DECISION, words, Kind.OCCURRENCE_DECIDED, now)


async def _line(store: Store, request: Request, challenge_id: ChallengeId, row: Occurrence, now: datetime) -> log.Line:
    sight = access.sight(request.actor, store.directory, acts.today(store, now))
    found = await log.items(store.connection, store.district_id, sight, [challenge_id], row.day)
    if not found:
        raise NotFoundError(phrase("That challenge is not there any more, or not for you to see."))
    return found[0].line


async def break_form(store: Store, request: Request, now: datetime) -> Reply:
    row, _ = await _on_now(store, request, now)
    return Reply(form=meeting_forms.break_form(request.voice, row))


async def call_break(store: Store, request: Request, now: datetime) -> Reply:
    """So many minutes from now on: when they are over, who called it hears so, and the room of the team (R-18)."""
    row, routine = await _on_now(store, request, now)
    minutes = str(request.fields.get("minutes") or "")
    if minutes not in meeting_forms.BREAKS:
        raise FormError({"minutes": phrase("Please pick one.")})
    return await _break_until(store, request, row, routine, now + timedelta(minutes=int(minutes)), now)


async def end_break(store: Store, request: Request, now: datetime) -> Reply:
    """Everybody is back before its time: nothing rings any more."""
    row, routine = await _on_now(store, request, now)
    return await _break_until(store, request, row, routine, now, now)


async def _break_until(
    store: Store, request: Request, row: Occurrence, routine: Routine, until: datetime, now: datetime
) -> Reply:
    store.set_timer(TimerKind.BREAK, row.id, until if until > now else None)
    data = {"until": until.isoformat()}
    pause = tell_of(store, row, Kind.OCCURRENCE_BREAK, [], now, by=request.actor.id, data=data)
    card = await agendas.whole(store, request.voice, request.actor, row, routine, now, pause=pause)
    return Reply(card=card)


async def _decided(
    store: Store, request: Request, now: datetime, owner_id: PersonId | None = None
) -> tuple[Occurrence, Routine]:  # fmt: skip
    """For who steers it, facilitates it or takes its notes, from its beginning until it is on record what became of it; for the
    superintendent from their page on. `owner_id`: who has the challenge that it is about."""
    row, routine = await _noted(store, request, now)
    if owner_id and agendas.decides_on(store, row, routine, request.actor, owner_id, now):
        return row, routine
    if not agendas.decides(store, row, routine, request.actor, now):
        raise acts.refuse("Only who leads it, facilitates it or takes its notes does that. You can add a note.")
    if not _takes_decisions(row, routine, now):
        raise acts.refuse("Decisions are written down while it is on, until it is on record. You can add a note.")
    return row, routine


def _takes_decisions(row: Occurrence, routine: Routine, now: datetime) -> bool:
    return row.status in occurrences.TO_COME and row.starts_at <= now and kinds.meets(routine)


async def _on_now(store: Store, request: Request, now: datetime) -> tuple[Occurrence, Routine]:
    row, routine = await _noted(store, request, now)
    if not kinds.meets(routine) or not is_on(row, now):
        raise acts.refuse("It is not on at the moment.")
    return row, routine


async def roles_form(store: Store, request: Request, now: datetime) -> Reply:
    row, routine = await _not_over(store, request, now)
    there = rules.there(routine, row.team_id, store.directory, row.day)
    return Reply(form=meeting_forms.roles_form(request.voice, row, doing(store, row), there))


async def roles(store: Store, request: Request, now: datetime) -> Reply:
    """Somebody does something this time for somebody else, also when it has begun, and hears so (R-17)."""
    row, routine = await _not_over(store, request, now)
    does = {each.role: each.person_id for each in doing(store, row)}
    for role in MeetingRole:
        who = acts.person_field(store, request.fields, str(role), now)
        if who and store.directory.absence(who, row.day):
            raise FormError({str(role): phrase("{who} is away that day; please pick somebody else.", who=Who(who))})
        if who and who != does.get(role):
            await gives(store, row, role, who, now, by=request.actor.id)
    return Reply(card=cards.gives(request.voice, row, routine, doing(store, row)))


async def raise_form(store: Store, request: Request, now: datetime) -> Reply:
    """What a school has said that the district needs to do becomes a challenge, in the words it was said in (R-69)."""
    said = await occurrences.saying(store.connection, store.district_id, request.item)
    said = said if said and said.field is RecordField.ANSWER else None
    row = await occurrences.occurrence(store.connection, store.district_id, said.occurrence_id) if said else None
    routine = store.directory.routine(row.routine_id) if row else None
    if said is None or row is None or routine is None or not agendas.sees(store, row, routine, request.actor, now):
        raise NotFoundError(phrase("There is no such answer that you can see."))
    words = said.text or ""
    return Reply(form=forms.report(request.voice, store.directory, request.actor, words, request.source, request.door))


async def poll_form(store: Store, request: Request, now: datetime) -> Reply:
    row, _ = await _polled(store, request, now)
    return Reply(form=meeting_forms.poll_form(request.voice, row, _shows_from(store, row, now)))


async def poll(store: Store, request: Request, now: datetime) -> Reply:
    """How it was, once from each who was there. Who said what stands nowhere: no event, no author, no time (R-19)."""
    row, routine = await _polled(store, request, now)
    useful, respectful = (str(request.fields.get(each) or "") for each in ("useful", "respectful"))
    unsaid = {"useful": useful, "respectful": respectful}
    if errors := {
        name: phrase("Please pick one.") for name, value in unsaid.items() if value not in meeting_forms.SCALE
    }:
        raise FormError(errors)
    words = acts.clean(store, request, "words")["words"]
    await feedback.add(
        store.connection, row, useful=int(useful), respectful=int(respectful), text=words or None
    )  # fmt: skip
    await occurrences.change(store.connection, row, polled_ids=sorted([*row.polled_ids, request.actor.id]))
    return Reply(card=cards.thanks(request.voice, row, routine, _shows_from(store, row, now)))


def _shows_from(store: Store, row: Occurrence, now: datetime) -> date:
    calendar = acts.calendar(store)
    return calendar.today(rules.poll_ends(row.ended_at or now, calendar))


async def _polled(store: Store, request: Request, now: datetime) -> tuple[Occurrence, Routine]:
    row, routine = await occurrence(store, request, now, steer=False)
    if row.status is not OccurrenceStatus.HELD or request.actor.id not in row.attended_ids:
        raise acts.refuse("Only those who were there are asked how it was.")
    if request.actor.id in row.polled_ids:
        raise acts.refuse("You have said how it was. Thank you!")
    if row.ended_at and now >= rules.poll_ends(row.ended_at, acts.calendar(store)):
        raise acts.refuse("That was asked a while ago. Please say it of the next one.")
    return row, routine


async def missed_form(store: Store, request: Request, now: datetime) -> Reply:
    row, routine = await _asked_about(store, request, now)
    latest = _latest(routine, row) if routine.running else None
    return Reply(form=meeting_forms.missed_form(request.voice, row, routine, latest))


async def missed(store: Store, request: Request, now: datetime) -> Reply:
    """It did not take place: that shows, and the coordinator hears, an executive leader where the coordinator says it; a
    new date in the same week or month may be given (R-15, R-63)."""
    row, routine = await _asked_about(store, request, now)
    to = _new_day(store, request, routine, row, now)
    watcher = rules.asked_last(request.actor, store.directory, acts.today(store, now))
    hear = [watcher.id, *(everybody(store, routine, row, now) if to else ())]
    begins = acts.calendar(store).at(to, routine.start) if to else None
    return await _ends(store, request, row, routine, OccurrenceStatus.MISSED, to, hear, now, before=begins)


async def move_form(store: Store, request: Request, now: datetime) -> Reply:
    row, routine = await _to_come(store, request, now)
    must_run(routine)
    return Reply(form=meeting_forms.move_form(request.voice, row))


async def move(store: Store, request: Request, now: datetime) -> Reply:
    """To another school day, with a reason; everybody who belongs there hears at once."""
    row, routine = await _to_come(store, request, now)
    must_run(routine)
    to = acts.school_day_field(store, request.fields, "day", now)
    if to is None or to == row.day or acts.calendar(store).at(to, routine.start) <= now:
        raise FormError({"day": phrase("Please pick another day, which is still to come.")})
    hear = everybody(store, routine, row, now)
    return await _ends(store, request, row, routine, OccurrenceStatus.MOVED, to, hear, now, lane=Lane.SINGLE)


async def cancel_form(store: Store, request: Request, now: datetime) -> Reply:
    row, routine = await _to_come(store, request, now)
    latest = _latest(routine, row) if routine.running else None
    return Reply(form=meeting_forms.cancel_form(request.voice, row, latest))


async def cancel(store: Store, request: Request, now: datetime) -> Reply:
    """It will not take place, with a reason; a new date in the same week or month is asked for (R-16)."""
    row, routine = await _to_come(store, request, now)
    to = _new_day(store, request, routine, row, now)
    hear = everybody(store, routine, row, now)
    return await _ends(store, request, row, routine, OccurrenceStatus.CANCELLED, to, hear, now, lane=Lane.SINGLE)


async def _ends(
    store: Store, request: Request, row: Occurrence, routine: Routine, status: OccurrenceStatus, to: date | None,
    hear: list[PersonId], now: datetime, *, lane: Lane | None = None, before: datetime | None = None,
) -> Reply:  # fmt: skip
    """It is missed, moved or cancelled, with its reason; where there is a day for it, another comes in its place.

    `hear`: the people who hear of it; so do the rooms of its team, without the reason.
    """
    reason = acts.required(request, "reason", "Please say in a sentence why: those who hear of it will read it.")
    acts.clean(store, request, "reason")
    said = await _say(store, row, {RecordField.REASON: reason}, request.actor.id, now)
    await end(store, row, status, now)
    data: dict[str, Any] = {"from": row.day.isoformat()}
    new = None
    if to:
        await must_be_free(store, row, to)
        new = await plan_one(
            store, routine, row.team_id, row.planned_on, to, now, in_place_of=row, chosen=True, heard=hear
        )
        data |= {"to": new.day.isoformat(), "new": new.id}
    event = tell_of(
        store, row, ENDED[status], hear, now, by=request.actor.id, data=data, said=said, lane=lane, before=before
    )
    if new or status is not OccurrenceStatus.MISSED:  # a room is for what it can act on
        tell_rooms(store, row.team_id, event, now, item=row.id)
    shown = new if new and status is OccurrenceStatus.MOVED else row
    return Reply(card=await agendas.whole(store, request.voice, request.actor, shown, routine, now))


def _new_day(store: Store, request: Request, routine: Routine, row: Occurrence, now: datetime) -> date | None:
    """A date in its place, in the same week or month: in its own, or in that to which it was moved; FormError where it is
    not."""
    to = acts.school_day_field(store, request.fields, "day", now)
    if to is None:
        return None
    if not routine.running:
        raise FormError({"day": phrase("Clearway does not run it at the moment: leave this empty, or start it first.")})
    first, last = rules.period(routine, row.planned_on, row.day)
    if not first <= to <= last:
        raise FormError({"day": phrase("Please pick a school day from {first} to {last}.", first=first, last=last)})
    if acts.calendar(store).at(to, routine.start) <= now:
        raise FormError({"day": phrase("That is past by now; please pick a later day.")})
    return to


async def must_be_free(store: Store, row: Occurrence, day: date) -> None:
    """Nobody meets twice for the same on one day. FormError where there is another of it."""
    others = await occurrences.to_come(store.connection, store.district_id, [row.routine_id])
    if any(each.day == day and each.team_id == row.team_id and each.id != row.id for each in others):
        raise FormError({"day": phrase("There is one of it on that day already; please pick another.")})


def must_run(routine: Routine) -> None:
    """Another date is a promise to prepare it, tell of it and ask after it: only for what Clearway runs."""
    if not routine.running:
        said = "Clearway does not run it at the moment. Start it with {command} first, and then give it a date."
        raise acts.refuse(said, command=Typed("/clearway routines"))


def _latest(routine: Routine, row: Occurrence) -> date:
    return rules.period(routine, row.planned_on, row.day)[1]


async def _say(
    store: Store, row: Occurrence, words: dict[RecordField, str], by: PersonId, now: datetime, *,
    question: str = "", of: ChallengeId | None = None,
) -> list[Record]:  # fmt: skip
    said = [
        Record(
            district_id=store.district_id, id=new_id(), occurrence_id=row.id, field=field, author_id=by, said_at=now,
            challenge_id=of, question=question, text=text,
        )
        for field, text in words.items()
        if text
    ]  # fmt: skip
    for each in said:
        await occurrences.say(store.connection, each)
    return said


async def occurrence(store: Store, request: Request, now: datetime, *, steer: bool) -> tuple[Occurrence, Routine]:
    row = await occurrences.occurrence(store.connection, store.district_id, request.item)
    routine = store.directory.routine(row.routine_id) if row else None
    if row is None or routine is None or not agendas.sees(store, row, routine, request.actor, now):
        raise NotFoundError(phrase("There is no such meeting that you can see."))
    if steer and not agendas.steers(store, row, routine, request.actor, now):
        raise acts.refuse("Only who leads it, the coordinator or an executive leader can do that.")
    return row, routine


async def _to_come(
    store: Store, request: Request, now: datetime, *, steer: bool = True
) -> tuple[Occurrence, Routine]:  # fmt: skip
    row, routine = await occurrence(store, request, now, steer=steer)
    if row.status not in occurrences.TO_COME or row.starts_at <= now:
        raise acts.refuse("It has begun, or is over; say whether it took place instead.")
    return row, routine


async def _not_over(store: Store, request: Request, now: datetime) -> tuple[Occurrence, Routine]:
    row, routine = await occurrence(store, request, now, steer=True)
    if row.status not in occurrences.TO_COME:
        raise acts.refuse("That is on record already.")
    if not kinds.meets(routine):
        raise acts.refuse("Nobody meets for it, so nobody facilitates or records it.")
    return row, routine


async def _asked_about(store: Store, request: Request, now: datetime) -> tuple[Occurrence, Routine]:
    row, routine = await occurrence(store, request, now, steer=True)
    if row.starts_at > now:
        raise acts.refuse("It is still to come.")
    if row.status not in occurrences.TO_COME:
        raise acts.refuse("That is on record already.")
    return row, routine


async def _noted(store: Store, request: Request, now: datetime) -> tuple[Occurrence, Routine]:
    """For who belongs there: what is to come, or took place lately enough for its minutes."""
    row, routine = await occurrence(store, request, now, steer=False)
    if not agendas.belongs(store, row, routine, request.actor, now):
        raise acts.refuse("Only who belongs there can do that.")
    if row.status not in {*occurrences.TO_COME, OccurrenceStatus.HELD}:
        raise acts.refuse("It did not take place.")
    return row, routine
