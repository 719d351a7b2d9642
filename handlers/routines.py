"""Routines as people steer them: what recurs, made and changed, started and stopped, and its dates of a year.

What then falls due of them is in `occurrences`, and what is done with one occurrence in `meetings`.
"""

import re
from collections.abc import Collection
from datetime import date, datetime, time
from typing import Final

from handlers import acts, occurrences
from handlers.cards import routines as cards
from handlers.cards.model import Card, Form
from handlers.cards.text import Phrase, Voice, phrase
from handlers.errors import FormError, NotFoundError
from handlers.request import Reply, Request
from handlers.rules import access, kinds, presence
from handlers.rules import routines as rules
from handlers.telling import Told, tell
from scheduling import recurrence
from storage import occurrences as rows
from storage import people
from storage.directory import Person, Routine, Team
from storage.models import Timer
from storage.store import Store
from storage.vocabulary import Kind, MessageKind, OccurrenceStatus, RoutineKind, TeamId, TimerKind

MOST_LINES: Final = 12  # of an agenda that stands every time
MOST_QUESTIONS: Final = 8  # a form that is filled after a meeting, on a phone


async def on_due(store: Store, timer: Timer, now: datetime) -> None:
    """Each school morning: what its rule names next is planned."""
    routine = store.directory.routine(timer.about)
    if routine is None or not routine.running:
        store.set_timer(TimerKind.ROUTINE, timer.about, None)
        return
    await occurrences.plan(store, routine, now)


async def show_all(store: Store, request: Request, now: datetime) -> Reply:
    """`/clearway routines`: what recurs, when next, and whether Clearway runs it."""
    today = acts.today(store, now)
    calendar = acts.calendar(store)
    mine = [each for each in store.directory.routines if rules.may_see(each, request.actor, store.directory, today)]
    coming = await rows.to_come(store.connection, store.district_id, [each.id for each in mine])
    lines = []
    for each in mine:
        at = next((row.starts_at for row in coming if row.routine_id == each.id and row.starts_at > now), None)
        at = at or recurrence.next_occurrence(each, calendar, now)
        lines.append(cards.Listed(each, at, rules.may_steer(each, request.actor, store.directory, today)))
    watches = request.actor.id in access.coordinators(store.directory, today)
    lacking = rules.lacking(store.directory) if watches else ()
    return Reply(card=cards.all_of(request.voice, lines, makes=_may_make(store, request, now), lacking=lacking))


async def _next_at(store: Store, routine: Routine, now: datetime) -> datetime | None:
    """When it comes up next: as it is planned, else as its rule says."""
    coming = await rows.to_come(store.connection, store.district_id, [routine.id])
    at = next((row.starts_at for row in coming if row.starts_at > now), None)
    return at or recurrence.next_occurrence(routine, acts.calendar(store), now)


async def standing(store: Store, request: Request, now: datetime) -> Reply:
    """The coordinator says that the challenges stand on a team's own agenda now, so that it is not named any more (R-14)."""
    if request.actor.id not in access.coordinators(store.directory, acts.today(store, now)):
        raise acts.refuse("Only the coordinator can do that.")
    team_id = TeamId(request.item)
    if any(each.id == team_id for each in rules.lacking(store.directory)):
        await people.set_standing_item(store.connection, store.district_id, team_id)
        data = {"team": team_id, "fields": ["standing_item"]}
        store.record(None, Kind.TEAM_CHANGED, by=request.actor.id, at=now, data=data)
        await people.bump_revision(store.connection, store.district_id)
        store.directory, _ = await people.load_directory(store.connection, store.district_id)
    return await show_all(store, request, now)


async def show(store: Store, request: Request, now: datetime) -> Reply:
    """One routine: when, where, who, what is on it and what is asked after it."""
    routine = known(store, request.item)
    today = acts.today(store, now)
    if not rules.may_see(routine, request.actor, store.directory, today):
        raise _unknown()
    steers = rules.may_steer(routine, request.actor, store.directory, today)
    at = await _next_at(store, routine, now)
    removable = steers and await _removable(store, routine)
    return Reply(
        card=cards.one(
            request.voice, routine, at, steers=steers, removable=removable, outside=_outside(store, routine, now)
        )
    )


async def _removable(store: Store, routine: Routine) -> bool:
    """It was made in chat, and nothing of it is on record."""
    made_here = routine.id in await rows.made_in_chat(store.connection, store.district_id)
    return made_here and not await rows.has_any(store.connection, store.district_id, routine.id)


async def start(store: Store, request: Request, now: datetime) -> Reply:
    """From now on Clearway plans, prepares and asks after it."""
    routine = _steered(store, request, now)
    if isinstance(recurrence.parse(routine.rule), recurrence.Daily):
        raise acts.refuse("That is every day. Clearway runs what people meet for less often.")
    return await _run(store, request, routine, True, now)


async def stop(store: Store, request: Request, now: datetime) -> Reply:
    """Nothing of it is planned or asked any more; what is planned stands, and waits."""
    return await _run(store, request, _steered(store, request, now), False, now)


async def _run(store: Store, request: Request, routine: Routine, running: bool, now: datetime) -> Reply:
    if await rows.set_running(store.connection, store.district_id, routine.id, running):
        kind = Kind.ROUTINE_STARTED if running else Kind.ROUTINE_STOPPED
        store.record(None, kind, by=request.actor.id, at=now, data={"routine": routine.id})
        routine = await _read_again(store, routine.id, now)
    coming = await rows.to_come(store.connection, store.district_id, [routine.id])
    next_ones, outside = [each for each in coming if each.starts_at > now][:4], _outside(store, routine, now)
    return Reply(card=cards.runs(request.voice, routine, next_ones, now, outside=outside))


def _outside(store: Store, routine: Routine, now: datetime) -> rules.Outside | None:
    """What is said of its hours, for the rest of the school year: it is not refused, but may be a slip."""
    calendar, rule = acts.calendar(store), recurrence.parse(routine.rule)
    days = rules.year(calendar, acts.today(store, now))
    return rules.outside_hours(rule, routine.start, routine.minutes, calendar, days)


async def _read_again(store: Store, routine_id: str, now: datetime) -> Routine:
    """As it stands now; what is planned of it follows, where Clearway runs it."""
    await people.bump_revision(store.connection, store.district_id)
    store.directory, _ = await people.load_directory(store.connection, store.district_id)
    routine = known(store, routine_id)
    if routine.running:
        await occurrences.plan(store, routine, now)
        for row in await rows.to_come(store.connection, store.district_id, [routine.id]):
            # While it did not run, days were closed.
            is_ahead = now < row.starts_at
            if not (is_ahead and await occurrences.off_a_closed_day(store, routine, row, acts.calendar(store), now)):
                occurrences.set_timer(store, routine, row, now)
    return routine


# -------------------------------------------------------------------------------------------------- made and changed


async def new_form(store: Store, request: Request, now: datetime) -> Reply:
    if not _may_make(store, request, now):
        raise acts.refuse("Only the coordinator, an executive leader, and who leads a team can do that.")
    return Reply(form=_edit_form(store, request, None, now, like=_planning_for(store, request, now)))


async def new(store: Store, request: Request, now: datetime) -> Reply:
    """A routine of one team or more, or of some people. It is started by a press of its own."""
    if not _may_make(store, request, now):
        raise acts.refuse("Only the coordinator, an executive leader, and who leads a team can do that.")
    values = _edited(store, request, None, now)
    taken = {each.id for each in store.directory.routines}
    values["poll"] = _polls(store, values)
    routine_id = _free_id(str(values["name"]) or "routine", taken)
    await rows.add_routine(store.connection, store.district_id, routine_id, len(taken), values)
    store.record(None, Kind.ROUTINE_CHANGED, by=request.actor.id, at=now, data={"routine": routine_id, "new": True})
    routine = await _read_again(store, routine_id, now)
    at = await _next_at(store, routine, now)
    return Reply(
        card=cards.one(request.voice, routine, at, steers=True, removable=True, outside=_outside(store, routine, now))
    )


def _polls(store: Store, values: rows.Values) -> bool:
    """Those who were there are asked how it was: at a review of the log, and where a team meets that uses the process,
    whoever makes the routine (R-19, R-78)."""
    teams = (store.directory.teams[each] for each in values["team_ids"] if each in store.directory.teams)
    uses = any(rules.uses_process(each, store.directory) for each in teams)
    return bool(values["log_review"]) or (uses and kinds.TEMPLATES[values["kind"]].meets)


async def edit_form(store: Store, request: Request, now: datetime) -> Reply:
    routine = _steered(store, request, now)
    return Reply(form=_edit_form(store, request, routine, now))


async def edit(store: Store, request: Request, now: datetime) -> Reply:
    """Its days, time, place or people change; what is planned follows, and who had heard of it hears that."""
    routine = _steered(store, request, now)
    return await _changed(store, request, routine, _edited(store, request, routine, now), now)


async def agenda_form(store: Store, request: Request, now: datetime) -> Reply:
    return Reply(form=cards.agenda_form(request.voice, _steered(store, request, now)))


async def agenda(store: Store, request: Request, now: datetime) -> Reply:
    """What is on it every time, what is asked after it, how early it is prepared, and what counts as held."""
    routine = _steered(store, request, now)
    acts.clean(store, request, "agenda", "questions")
    lines, questions = (_lines(request, each) for each in ("agenda", "questions"))
    errors = {}
    if len(lines) > MOST_LINES:
        errors["agenda"] = phrase("Please keep it to {n} lines: an agenda is read on a phone.", n=MOST_LINES)
    if len(questions) > MOST_QUESTIONS:
        errors["questions"] = phrase("Please keep it to {n} questions: somebody answers them.", n=MOST_QUESTIONS)
    days, quorum = (_number(request, each) for each in ("lead_days", "quorum"))
    if request.fields.get("lead_days") and (days is None or not 1 <= days <= 60):
        errors["lead_days"] = phrase("Please give 1 to 60 school days, or leave it empty.")
    today = acts.today(store, now)
    everywhere = (
        rules.invited(routine, each, store.directory, today) for each in rules.units(routine, store.directory)
    )
    come = max((len(each) for each in everywhere), default=0)
    if request.fields.get("quorum") and (quorum is None or not 0 <= quorum <= come):
        errors["quorum"] = phrase(
            "Please give a whole number up to {n}, which is how many come, or leave it empty.", n=come
        )
    if errors:
        raise FormError(errors)
    values = {
        "agenda": list(lines) if lines != cards.own_agenda(request.voice, routine) else list(routine.agenda),
        "questions": list(questions) if questions != cards.own_questions(request.voice, routine) else
        list(routine.questions),
        "lead_days": days,
        "quorum": quorum or 0,
        "poll": "poll" in (request.fields.get("poll") or []),
    }  # fmt: skip
    return await _changed(store, request, routine, values, now)


async def _changed(store: Store, request: Request, routine: Routine, values: rows.Values, now: datetime) -> Reply:
    changes = await rows.change_routine(store.connection, store.district_id, routine.id, values)
    if changes:
        data = {"routine": routine.id, "fields": sorted(changes)}
        store.record(None, Kind.ROUTINE_CHANGED, by=request.actor.id, at=now, data=data)
        routine = await _read_again(store, routine.id, now)
    at = await _next_at(store, routine, now)
    removable = await _removable(store, routine)
    outside = _outside(store, routine, now)
    return Reply(card=cards.one(request.voice, routine, at, steers=True, removable=removable, outside=outside))


async def remove(store: Store, request: Request, now: datetime) -> Reply:
    """One that was made in chat, and of which nothing has come up yet; else it is stopped, and its record stays."""
    routine = _steered(store, request, now)
    if routine.id not in await rows.made_in_chat(store.connection, store.district_id):
        raise acts.refuse("It is in the district's file: take it out there, or stop it here.")
    if await rows.has_any(store.connection, store.district_id, routine.id):
        raise acts.refuse("Something of it is on record, which stays. Stop it instead.")
    await rows.remove_routine(store.connection, store.district_id, routine.id)
    store.record(None, Kind.ROUTINE_REMOVED, by=request.actor.id, at=now, data={"routine": routine.id})
    await people.bump_revision(store.connection, store.district_id)
    store.directory, _ = await people.load_directory(store.connection, store.district_id)
    return Reply(card=cards.removed(request.voice, routine))


def _planning_for(store: Store, request: Request, now: datetime) -> Routine | None:
    """What the form proposes that was opened from a session: planning time some school days before each (R-67)."""
    session = store.directory.routine(request.item)
    if session is None or not rules.may_see(session, request.actor, store.directory, acts.today(store, now)):
        return None
    return rules.planning_for(session, request.say("Planning time"), request.actor.id)


def _edit_form(
    store: Store, request: Request, routine: Routine | None, now: datetime, *, like: Routine | None = None
) -> Form:
    teams, watches = _own_teams(store, request.actor, now), _watches(store, request.actor, now)
    return cards.edit_form(request.voice, routine, teams, reviews=watches, like=like)


def _no_rule(said: str) -> Phrase:
    if not said:
        return phrase("Please say on which days, such as: second Tuesday.")
    if said.lower().startswith(("every other", "every two", "every 2")) and " from " not in said.lower():
        return phrase("Please add the date of the first one, such as: every other Wednesday from 2026-09-09.")
    return phrase("Clearway does not know that rule; {examples}", examples=recurrence.EXAMPLES)


def _edited(store: Store, request: Request, routine: Routine | None, now: datetime) -> rows.Values:
    """What the form says, checked as a whole: each mistake stands beside its field. FormError where there is one."""
    acts.clean(store, request, "name", "place")
    fields = request.fields
    errors: dict[str, Phrase] = {}
    rule, start = str(fields.get("rule") or "").strip(), clock(str(fields.get("start") or ""))
    rule, said = time_apart(rule)
    start = said if start is None and not fields.get("start") else start
    if said is not None and start is not None and said != start:
        errors["start"] = phrase(
            "With the days you say another time. The time is said here: please leave it out there."
        )
    try:
        parsed = recurrence.parse(rule)
        if isinstance(parsed, recurrence.Daily):
            errors["rule"] = phrase("That is every day. Clearway runs what people meet for less often.")
        elif next(recurrence.occurrences(parsed, start or time(0), acts.calendar(store), now), None) is None:
            errors["rule"] = phrase("None of these days is still to come.")
    except ValueError:
        errors["rule"] = _no_rule(rule)
    if start is None:
        errors["start"] = phrase("Please give a time, such as 8:30 or 3:30 pm.")
    minutes = _number(request, "minutes")
    if minutes is None or not 5 <= minutes <= 24 * 60:
        errors["minutes"] = phrase("Please give 5 minutes to 24 hours, in minutes.")
    mine = {each.id for each in _own_teams(store, request.actor, now)}
    team_ids = [each for each in (fields.get("teams") or []) if each in mine]
    own = routine.team_ids if routine else ()
    offered = set(cards.teams_offered(_own_teams(store, request.actor, now), own))
    team_ids += [each for each in own if each not in offered]  # what the form did not offer stays
    with_ = [acts.person_field(store, fields, each, now) for each in cards.WITH]
    more = (
        cards.without_a_field(routine, store.directory) if routine else ()
    )  # the form has no room for them: they stay
    person_ids = list(dict.fromkeys([*(each for each in with_ if each), *more]))
    roles = _roles(store, request, routine, now)
    if not team_ids and not person_ids and not roles:
        errors["teams"] = phrase("Please pick a team, or the people or roles that meet.")
    if roles and not team_ids and not _watches(store, request.actor, now):
        errors["teams"] = phrase("It is for a role, too: please pick a team, or ask the coordinator.")
    if not team_ids and person_ids and not (_watches(store, request.actor, now) or request.actor.id in person_ids):
        errors["who1"] = phrase("You can make a routine of people only where you are one of them.")
    name = str(fields.get("name") or "").strip()
    if routine is None and not name and not team_ids:
        errors["name"] = phrase("Please give it a name.")
    if errors or start is None or minutes is None:
        raise FormError(errors)
    kind = next((each for each in RoutineKind if each == fields.get("kind")), RoutineKind.MEETING)
    return {
        "name": name,
        "kind": kind,
        "rule": rule,
        "start": f"{start:%H:%M}",
        "minutes": minutes,
        "place": str(fields.get("place") or "").strip(),
        "team_ids": team_ids,
        "person_ids": person_ids,
        "person_roles": roles,
        "log_review": (
            "log_review" in (fields.get("log_review") or [])
            if _watches(store, request.actor, now)
            else routine is not None and routine.log_review
        ),
    }


def _roles(store: Store, request: Request, routine: Routine | None, now: datetime) -> list[str]:
    """The roles that were picked by who may name any; else, and where the form had no room, those that it has."""
    own = routine.person_roles if routine else ()
    if not _watches(store, request.actor, now):
        return list(own)
    offered = cards.roles_offered(store.directory, own)
    picked = [each for each in (request.fields.get("roles") or []) if each in offered]
    return [*picked, *(each for each in own if each not in offered)]


def clock(typed: str) -> time | None:
    """A time of day as people write it: "8:30", "15:30", "3:30 pm", "9 am"; None where it is none."""
    said = re.fullmatch(r"(\d{1,2})(?:[:.](\d\d))?\s?(am|pm|a\.m\.|p\.m\.)?", typed.strip().lower())
    if said is None or (said[2] is None and said[3] is None):
        return None
    hour, minute, half = int(said[1]), int(said[2] or 0), (said[3] or "")[:1]
    if half and not 1 <= hour <= 12:
        return None
    hour = hour % 12 + (12 if half == "p" else 0) if half else hour
    return time(hour, minute) if hour < 24 and minute < 60 else None


def time_apart(rule: str) -> tuple[str, time | None]:
    """The days of a rule and the time at its end, which people write with them: "second Tuesday at 9 am"."""
    found = re.fullmatch(
        r"(.*\S?)[\s,]+(?:at\s+)?(\d{1,2}(?:[:.]\d\d)?\s?(?:am|pm|a\.m\.|p\.m\.)?)", rule, re.IGNORECASE
    )
    said = clock(found[2]) if found else None
    if found is None or said is None:
        return rule, None
    return re.sub(r"[\s,]+(?:at[\s,]*)?$", "", found[1] + " ", flags=re.IGNORECASE), said


def _lines(request: Request, name: str) -> tuple[str, ...]:
    typed = str(request.fields.get(name) or "")
    return tuple(line for each in typed.splitlines() if (line := each.strip(" \t-•*")))


def _number(request: Request, name: str) -> int | None:
    return acts.number(str(request.fields.get(name) or "").strip())


def _free_id(name: str, taken: Collection[str]) -> str:
    slug = "-".join(re.findall(r"[a-z0-9]+", name.lower()))[:40].strip("-") or "routine"
    return next(each for n in range(1, 1000) if (each := slug if n == 1 else f"{slug}-{n}") not in taken)


# ------------------------------------------------------------------------------------------------ the dates of a year


async def dates(store: Store, request: Request, now: datetime) -> Reply:
    """Every day on which it comes up until the school year ends, with what a closed day has moved (R-16)."""
    routine = known(store, request.item)
    today = acts.today(store, now)
    if not rules.may_see(routine, request.actor, store.directory, today):
        raise _unknown()
    first, last = rules.year(acts.calendar(store), today)
    return Reply(card=cards.dates(request.voice, routine, first, last, await _coming(store, routine, first, last, now)))


async def _coming(
    store: Store, routine: Routine, first: date, last: date, now: datetime
) -> tuple[rules.Planned, ...]:  # fmt: skip
    """As it is planned, for its first team, with what was moved; further on as its rule says."""
    calendar, rule = acts.calendar(store), recurrence.parse(routine.rule)
    unit = next(iter(rules.units(routine, store.directory)), TeamId(""))
    begins, _ = rule.period(first)
    standing = await rows.since(store.connection, store.district_id, [routine.id], calendar.at(begins, time(0)))
    mine = [each for each in standing if each.team_id == unit]
    coming = [
        rules.Planned(each.planned_on, each.day)
        for each in mine
        if each.status in rows.TO_COME and each.starts_at > now
    ]
    known = {each.planned_on for each in mine if not each.dropped}
    stand = (each for each in mine if each.status in {*rows.TO_COME, OccurrenceStatus.HELD})
    taken = {rule.period(each.planned_on) for each in stand} if rules.keeps_one(rule) else set()
    by_rule = (
        each for each in rules.named(routine, calendar, first, last)
        if each.planned_on not in known and rule.period(each.planned_on) not in taken
    )  # fmt: skip
    return tuple(sorted((*coming, *by_rule), key=lambda each: each.day or each.planned_on))


async def propose(store: Store, timer: Timer, now: datetime) -> None:
    """In spring, once: the dates of the next school year, to who steers it, while its calendar is being made."""
    routine = store.directory.routine(timer.about)
    if routine is None or not routine.running:
        store.set_timer(TimerKind.PROPOSAL, timer.about, None)
        return
    today = acts.today(store, now)
    at = rules.proposes_at(
        acts.calendar(store), now, await rows.proposed(store.connection, store.district_id, routine.id)
    )
    if at > now:
        store.set_timer(TimerKind.PROPOSAL, routine.id, at)
        return
    await rows.set_proposed(store.connection, store.district_id, routine.id, today.year)
    store.set_timer(TimerKind.PROPOSAL, routine.id, rules.proposes_at(acts.calendar(store), now, today.year))
    event = store.record(None, Kind.ROUTINE_PROPOSED, by=None, at=now, data={"routine": routine.id, "year": today.year})
    watcher = presence.coordinator(store.directory, today)
    tell(store, [watcher.id], MessageKind.ROUTINE, event, now, item=routine.id)


async def compose(store: Store, message: Told, now: datetime) -> Card | None:
    """What a message about a routine says."""
    routine = store.directory.routine(message.item_id or "")
    reader = store.directory.people.get(message.person_id)
    if routine is None or reader is None or not routine.running:
        return None
    calendar = acts.calendar(store)
    first, last = rules.next_year(calendar, acts.today(store, now))
    voice = Voice(store.directory, reader)
    return cards.dates(voice, routine, first, last, tuple(rules.named(routine, calendar, first, last)), proposed=True)


# --------------------------------------------------------------------------------------------------- who may do it


def known(store: Store, routine_id: str) -> Routine:
    routine = store.directory.routine(routine_id)
    if routine is None:
        raise _unknown()
    return routine


def _unknown() -> NotFoundError:
    return NotFoundError(phrase("There is no such routine that you can see."))


def _steered(store: Store, request: Request, now: datetime) -> Routine:
    routine = known(store, request.item)
    if not rules.may_steer(routine, request.actor, store.directory, acts.today(store, now)):
        raise acts.refuse("Only the coordinator, an executive leader, and who leads the team can do that.")
    return routine


def _own_teams(store: Store, actor: Person, now: datetime) -> list[Team]:
    """The teams that somebody may make a routine for: their own, or all of them."""
    every = list(store.directory.teams.values())
    if _watches(store, actor, now):
        return every
    return [each for each in every if each.lead_id == actor.id]


def _may_make(store: Store, request: Request, now: datetime) -> bool:
    return not request.actor.external and bool(_own_teams(store, request.actor, now))


def _watches(store: Store, actor: Person, now: datetime) -> bool:
    """The coordinator and executive leaders: they speak for every routine, and say where the log is reviewed."""
    return actor.id in access.coordinators(store.directory, acts.today(store, now)) or presence.is_executive(actor)
