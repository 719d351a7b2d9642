"""Everything that can be asked of Clearway, and everything that falls due, on one page.

A platform turns what it gets into one of these actions; nothing else decides what happens.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from handlers import (
    actions,
    calendars,
    challenges,
    closures,
    confirmation,
    coordinator,
    drafts,
    followups,
    foretelling,
    meetings,
    messages,
    occurrences,
    owners,
    people,
    plans,
    reports,
    rooms,
    routines,
    snoozes,
    versions,
)
from handlers.cards.text import Typed, phrase
from handlers.errors import NotFoundError
from handlers.request import Reply, Request
from handlers.rules import lanes, spoken
from storage.models import Timer
from storage.store import Store
from storage.vocabulary import TimerKind

Handler = Callable[[Store, Request, datetime], Awaitable[Reply]]
TimerHandler = Callable[[Store, Timer, datetime], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One action. What only reads (a form that opens, a question) runs outside any writing transaction.

    What asks nothing of the log is answered from the district as it was a moment ago: there is no transaction to wait
    for, and so a form opens while somebody's trigger still holds.
    """

    handler: Handler
    writes: bool = True
    reads: bool = True
    imagines: bool = False
    """Nothing of what it writes stays: to ask again is another question."""
    everywhere: bool = False
    """Said of an account, and so of its person in every district that they belong to."""


def _reads(handler: Handler) -> Entry:
    return Entry(handler, writes=False)


def _recalls(handler: Handler) -> Entry:
    return Entry(handler, writes=False, reads=False)


async def _said(store: Store, request: Request, now: datetime) -> Reply:
    return await messages.message(store, request, now, do=_do)


async def _do(store: Store, request: Request, now: datetime) -> Reply:
    return await entry(request.action, request.text).handler(store, request, now)


async def _foretell(store: Store, request: Request, now: datetime) -> Reply:
    return await foretelling.show(store, request, now, run=run_timer)


ACTIONS: Final[Mapping[str, Entry]] = MappingProxyType(
    {
        # Raising a challenge
        "challenge.form": _recalls(challenges.form),
        "report": Entry(challenges.submit),
        "message.direct": Entry(_said),
        "message.mention": Entry(_said),
        "message.edited": Entry(challenges.message_edited),
        "message.deleted": Entry(challenges.message_deleted),
        "draft.safe": Entry(drafts.use_safe),
        "draft.own.form": _reads(drafts.own_words_form),
        "draft.own": Entry(drafts.own_words),
        "draft.form": _reads(drafts.form),
        "draft.report": Entry(drafts.as_report),
        "draft.answer": Entry(drafts.as_answer),
        "draft.drop": Entry(drafts.drop),
        "details.form": _reads(challenges.details_form),
        "details": Entry(challenges.details),
        "me_too.form": _reads(challenges.me_too_form),
        "me_too": Entry(challenges.me_too),
        "withdraw": Entry(challenges.withdraw),
        # Owning it
        "take": Entry(owners.take),
        "understand.form": _reads(owners.understand_form),
        "understand": Entry(owners.understand),
        "not_mine.form": _reads(owners.not_mine_form),
        "not_mine": Entry(owners.not_mine),
        "question.form": _reads(owners.question_form),
        "question": Entry(owners.question),
        "answer.form": _reads(owners.answer_form),
        "answer": Entry(owners.answer),
        "plan.form": _reads(owners.plan_form),
        "plan": Entry(owners.plan),
        "step_done": Entry(owners.step_done),
        "effect": Entry(owners.effect),
        "progress.form": _reads(owners.progress_form),
        "progress": Entry(owners.progress),
        "still_blocked": Entry(owners.still_blocked),
        "send_up.form": _reads(owners.send_up_form),
        "send_up": Entry(owners.send_up),
        "pause.form": _reads(owners.pause_form),
        "pause": Entry(owners.pause),
        "wait.form": _reads(owners.wait_form),
        "wait": Entry(owners.wait),
        "decline.form": _reads(owners.decline_form),
        "decline": Entry(owners.decline),
        "resume": Entry(owners.resume),
        "snooze.form": _reads(snoozes.form),
        "snooze": Entry(snoozes.snooze),
        "resolve.form": _reads(owners.resolve_form),
        "resolve": Entry(owners.resolve),
        # Confirming it
        "yes": Entry(confirmation.yes),
        "partly.form": _reads(confirmation.partly_form),
        "partly": Entry(confirmation.partly),
        "no.form": _reads(confirmation.no_form),
        "no": Entry(confirmation.no),
        "talk.form": _reads(confirmation.talk_form),
        "talk": Entry(confirmation.talk),
        "close.form": _reads(confirmation.close_form),
        "close": Entry(confirmation.close),
        "keep_open": Entry(confirmation.keep_open),
        # Watching over it
        "sort.form": _reads(coordinator.sort_form),
        "sort": Entry(coordinator.sort),
        "reassign.form": _reads(coordinator.reassign_form),
        "reassign": Entry(coordinator.reassign),
        "restrict.form": _reads(coordinator.restrict_form),
        "restrict": Entry(coordinator.restrict),
        "merge.form": _reads(coordinator.merge_form),
        "merge": Entry(coordinator.merge),
        "redirect.form": _reads(coordinator.redirect_form),
        "redirect": Entry(coordinator.redirect),
        "venue.form": _reads(coordinator.venue_form),
        "venue": Entry(coordinator.venue),
        "process.form": _reads(coordinator.process_form),
        "process": Entry(coordinator.process),
        "enter.form": _recalls(coordinator.enter_form),
        "enter": Entry(coordinator.enter),
        "substitute.form": _recalls(coordinator.substitute_form),
        "substitute": Entry(coordinator.substitute),
        "back": Entry(coordinator.back),
        "undo": Entry(coordinator.undo),
        # Asking
        "log.ask": _reads(reports.ask),
        "log.more": _reads(reports.more),
        "log.find": _reads(reports.find),
        "show": _reads(reports.show),
        "what_next": _reads(reports.what_next),
        "card.refresh": _reads(reports.refresh),
        "digest.more": _reads(reports.rest_of_digest),
        "next.show": Entry(_foretell, imagines=True),
        "home.ask": _reads(reports.home),
        "home.show": _reads(reports.home),
        "help": _recalls(reports.help_by_role),
        "process.show": _reads(reports.process),
        "process.people": _recalls(reports.process_users),
        "people.search": _recalls(reports.people),
        # Versions of the written process
        "version.show": _reads(versions.show),
        "version.text": _reads(versions.text),
        "version.practised": Entry(versions.practised),
        "version.submit": Entry(versions.submit),
        "version.take_back": Entry(versions.take_back),
        "version.approve": Entry(versions.approve),
        "version.return.form": _reads(versions.return_form),
        "version.return": Entry(versions.give_back),
        "version.enact": Entry(versions.enact),
        # The rooms of teams
        "room.here": Entry(rooms.here),
        # The calendar
        "closure.form": _recalls(closures.form),
        "closure": Entry(closures.close),
        "closure.back": Entry(closures.take_back),
        "calendar.show": _reads(calendars.show),
        "calendar.make": Entry(calendars.make),
        "calendar.end": Entry(calendars.end),
        # Routines, and their occurrences
        "routines.show": _reads(routines.show_all),
        "routine.start": Entry(routines.start),
        "routine.stop": Entry(routines.stop),
        "routine.standing": Entry(routines.standing),
        "routine.show": _reads(routines.show),
        "routine.new.form": _recalls(routines.new_form),
        "routine.new": Entry(routines.new),
        "routine.edit.form": _reads(routines.edit_form),
        "routine.edit": Entry(routines.edit),
        "routine.agenda.form": _reads(routines.agenda_form),
        "routine.agenda": Entry(routines.agenda),
        "routine.dates": _reads(routines.dates),
        "routine.remove": Entry(routines.remove),
        "meeting.show": _reads(meetings.show),
        "meeting.add.form": _reads(meetings.add_form),
        "meeting.add": Entry(meetings.add),
        "meeting.lines.form": _reads(meetings.lines_form),
        "meeting.lines": Entry(meetings.lines),
        "meeting.send": Entry(meetings.send),
        "meeting.note.form": _reads(meetings.note_form),
        "meeting.note": Entry(meetings.note),
        "meeting.walk": _reads(meetings.walk),
        "meeting.walked": Entry(meetings.walked),
        "meeting.left": _reads(meetings.left),
        "meeting.decide.form": _reads(meetings.decide_form),
        "meeting.decide": Entry(meetings.decide),
        "meeting.roles.form": _reads(meetings.roles_form),
        "meeting.roles": Entry(meetings.roles),
        "meeting.break.form": _reads(meetings.break_form),
        "meeting.break": Entry(meetings.call_break),
        "meeting.break.end": Entry(meetings.end_break),
        "meeting.raise.form": _reads(meetings.raise_form),
        "meeting.poll.form": _reads(meetings.poll_form),
        "meeting.poll": Entry(meetings.poll),
        "meeting.held.form": _reads(meetings.held_form),
        "meeting.held": Entry(meetings.held),
        "meeting.missed.form": _reads(meetings.missed_form),
        "meeting.missed": Entry(meetings.missed),
        "meeting.move.form": _reads(meetings.move_form),
        "meeting.move": Entry(meetings.move),
        "meeting.cancel.form": _reads(meetings.cancel_form),
        "meeting.cancel": Entry(meetings.cancel),
        "meeting.back": Entry(closures.move_back),
        "meeting.again.form": _reads(closures.again_form),
        "meeting.again": Entry(closures.again),
        # What meetings agree that somebody does
        "actions.show": _reads(actions.show_all),
        "action.show": _reads(actions.show),
        "action.add.form": _reads(actions.add_form),
        "action.add": Entry(actions.add),
        "action.done": Entry(actions.done),
        "action.later.form": _reads(actions.later_form),
        "action.later": Entry(actions.later),
        "action.refuse.form": _reads(actions.refuse_form),
        "action.refuse": Entry(actions.refuse),
        "action.hand.form": _reads(actions.hand_form),
        "action.hand": Entry(actions.hand),
        "action.drop.form": _reads(actions.drop_form),
        "action.drop": Entry(actions.drop),
        "action.reopen": Entry(actions.reopen),
        # Private plans
        "plans.show": _reads(plans.show_all),
        "plan.show": _reads(plans.show),
        "plan.make.form": _reads(plans.make_form),
        "plan.make": Entry(plans.make),
        "plan.review.form": _reads(plans.review_form),
        "plan.review": Entry(plans.review),
        "plan.named.form": _reads(plans.named_form),
        "plan.named": Entry(plans.named),
        "plan.end": Entry(plans.end),
        # People come and go
        "person.left": Entry(people.left, everywhere=True),
        # Their accounts
        "account.gone": Entry(people.account_gone, everywhere=True),
        "account.back": Entry(people.account_back, everywhere=True),
        "account.unlink": Entry(people.unlink),
        "settings.form": _reads(people.settings_form),
        "settings": Entry(people.settings),
    }
)

TIMERS: Final[Mapping[TimerKind, TimerHandler]] = MappingProxyType(
    {
        TimerKind.FOLLOW_UP: followups.on_due,
        TimerKind.DRAFT_LAPSES: drafts.lapse,
        TimerKind.ROUTINE: routines.on_due,
        TimerKind.PROPOSAL: routines.propose,
        TimerKind.OCCURRENCE: occurrences.on_due,
        TimerKind.BREAK: occurrences.ring,
        TimerKind.VERSION: versions.on_due,
        TimerKind.ACTION_ITEM: actions.on_due,
        TimerKind.PLAN: plans.on_due,
    }
)


NO_SUCH_BUTTON: Final = phrase(
    "That button is no longer in use. Type {command} to see how things stand.", command=Typed("/challenges")
)


def entry(action: str, text: str = "") -> Entry:
    """The action of that name, or of the word after `/clearway`.

    NotFoundError where there is none (an old card, or a made-up press).
    """
    if action == "home.ask":
        action = spoken.subword(text) or action
    if action not in ACTIONS:
        raise NotFoundError(NO_SUCH_BUTTON)
    return ACTIONS[action]


settle = followups.settle


async def act(store: Store, request: Request, now: datetime) -> Reply:
    """Does what was asked, and sees to it that what it touched is dated. The gateway commits."""
    reply = await _do(store, request, now)
    followups.settle(store, now)
    return reply


async def run_timer(store: Store, timer: Timer, now: datetime) -> None:
    """Does what has fallen due. The loop commits, with a savepoint for each timer."""
    store.late = now - timer.due_at > lanes.LATE_AFTER
    await TIMERS[timer.kind](store, timer, now)
    followups.settle(store, now)
