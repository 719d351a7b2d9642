"""Words that wait for their author's consent: held sealed for 24 hours, outside the log (design §4, held drafts).

Two reasons to hold: the words look like student information, or they may be the answer to an open question as well as
a new report. The author chooses; when a draft lapses they hear that nothing was recorded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from handlers import acts, owners
from handlers.capture import Report, capture
from handlers.cards import drafts as draft_cards
from handlers.cards import forms
from handlers.cards.model import Card
from handlers.cards.text import Voice, phrase
from handlers.errors import NotFoundError
from handlers.request import Reply, Request, Source
from handlers.rules import lanes, privacy
from handlers.rules.access import Action
from handlers.telling import tell
from storage.case import Case
from storage.models import Message, Timer
from storage.store import Store
from storage.vocabulary import ChallengeId, Door, Kind, Lane, MessageKind, PersonId, Scope, TimerKind, Urgency

KEPT_FOR = timedelta(hours=24)
ASKED_AGAIN_AFTER = timedelta(hours=3)


async def hold_report(
    store: Store, request: Request, report: Report, findings: Mapping[str, privacy.Finding], now: datetime
) -> Reply:
    """Holds a report whose words look like student information, and asks its author privately, with a safe rewrite."""
    words = asdict(report) | {"is": "report", "door": request.carry.get("door") or request.door, "key": request.key}
    safe = {name: finding.safe_text for name, finding in findings.items()}
    draft = _hold(store, request, words | {"safe": safe}, now)
    if former := request.carry.get("draft"):
        await store.drop_draft(former, request.actor.id)
    if request.fields:  # it came by a form: the form itself asks, with everything that was typed
        values = (
            asdict(report) | safe | {"school": report.school_id, "amount": report.amount_usd, "door": words["door"]}
        )
        return Reply(form=forms.check_words(request.voice, store.directory, values, draft))
    kinds = sorted({kind for finding in findings.values() for kind in finding.kinds})
    return Reply(card=draft_cards.held(request.voice, draft, safe["what"], kinds, in_channel=in_channel(request)))


async def hold_note(
    store: Store, request: Request, case: Case, text: str, finding: privacy.Finding, now: datetime
) -> Reply:
    """The same for a reply to a card."""
    words = {"is": "note", "challenge_id": case.id, "what": text, "safe": {"what": finding.safe_text}}
    draft = _hold(store, request, words, now)
    kinds = sorted(finding.kinds)
    return Reply(card=draft_cards.held(request.voice, draft, finding.safe_text, kinds, in_channel=in_channel(request)))


def in_channel(request: Request) -> bool:
    """Whether it was written before others, where it goes on standing whatever we do with it."""
    return request.door is Door.MENTION and not request.source.direct


async def hold_ambiguous(
    store: Store, request: Request, report: Report, waiting: Sequence[tuple[ChallengeId, int]], now: datetime
) -> Reply:
    """A bare direct message while a question waits: the answer, or a new report?"""
    words = asdict(report) | {"is": "report", "door": request.door, "key": request.key}
    draft = _hold(store, request, words, now)
    return Reply(card=draft_cards.answer_or_report(request.voice, draft, waiting))


def _hold(store: Store, request: Request, words: Mapping[str, Any], now: datetime) -> str:
    """Keeps the words, and asks once more in a few hours, in case the first ask was not seen: a draft that nobody
    answers must not lapse because one card was lost on its way."""
    draft = store.hold(request.actor.id, words, now + KEPT_FOR)
    plan = lanes.plan(Lane.SINGLE, request.actor, acts.calendar(store), now + ASKED_AGAIN_AFTER)
    store.add(
        Message(
            district_id=store.district_id,
            once=f"{MessageKind.DRAFT_HELD}:{draft}",
            kind=MessageKind.DRAFT_HELD,
            lane=plan.lane,
            person_id=request.actor.id,
            item_id=draft,
            created_at=now,
            send_at=plan.at,
        )
    )
    return draft


async def still_held(store: Store, voice: Voice, draft: str, person_id: PersonId) -> Card | None:
    """What asks for a decision on held words, as it was asked first; None where nothing is held any more."""
    words = await store.held(draft, person_id)
    if words is None:
        return None
    if safe := words.get("safe"):
        shared = words.get("door") == Door.MENTION
        return draft_cards.held(voice, draft, str(safe.get("what") or words["what"]), (), in_channel=shared)
    return draft_cards.answer_or_report(voice, draft, await store.waiting_for(person_id))


async def _held(store: Store, request: Request) -> tuple[str, dict[str, Any]]:
    draft = request.carry.get("draft") or request.item
    words = await store.held(draft, request.actor.id)
    if words is None:
        raise NotFoundError(
            phrase("Those words are no longer held. If you have not sent them on, please report it anew.")
        )
    return draft, words


async def use_safe(store: Store, request: Request, now: datetime) -> Reply:
    """The author takes the safe rewrite: only now is it a report."""
    draft, words = await _held(store, request)
    return await _release(store, request, draft, words | words.get("safe", {}), now)


async def own_words_form(store: Store, request: Request, now: datetime) -> Reply:
    draft, words = await _held(store, request)
    return Reply(form=forms.own_words(request.voice, draft, str(words.get("safe", {}).get("what") or words["what"])))


async def own_words(store: Store, request: Request, now: datetime) -> Reply:
    """The author writes it anew; looked at again, unless they say that no student can be known from it."""
    acts.required(request, "what", "Please say in a sentence what is in the way.")
    texts = acts.clean(store, request, "what")
    draft, words = await _held(store, request)
    return await _release(store, request, draft, words | {"what": texts["what"]}, now)


async def as_report(store: Store, request: Request, now: datetime) -> Reply:
    """The held words are a new report, not the answer to a question, nor for another desk."""
    draft, words = await _held(store, request)
    _only_if_safe(words)
    return await _release(store, request, draft, words, now)


async def as_answer(store: Store, request: Request, now: datetime) -> Reply:
    """The held words are about this challenge: they answer the question that waits in it, or are a note."""
    case = await acts.case_for(store, request, Action.NOTE, now)
    draft, words = await _held(store, request)
    _only_if_safe(words)
    await store.drop_draft(draft, request.actor.id)
    return await owners.record_reply(store, request, case, str(words["what"]), now)


def _only_if_safe(words: Mapping[str, Any]) -> None:
    """Words that look like student information go no further as they stand, whatever button is made up."""
    if "safe" in words:
        raise acts.refuse("These words look like student information. Send the safe ones, or write your own.")


async def hold_other(store: Store, request: Request, report: Report, now: datetime, *, unsent: bool = False) -> str:
    """Keeps what seems to be no report, so that "report it anyway" loses nothing; returns the draft's id.

    `unsent`: it is one, and the form for it was offered; if it lapses, its author hears that nothing was recorded.
    """
    kind = "report" if unsent else "other"
    words = asdict(report) | {"is": kind, "door": request.door, "key": request.key}
    return store.hold(request.actor.id, words, now + KEPT_FOR)


async def form(store: Store, request: Request, now: datetime) -> Reply:
    """The report form, filled with the held words."""
    draft, words = await _held(store, request)
    source, door = Source(link=words.get("link") or ""), Door(words["door"])
    filled = forms.report(request.voice, store.directory, request.actor, str(words["what"]), source, door)
    return Reply(form=replace(filled, carry={**filled.carry, "draft": draft}))


async def drop(store: Store, request: Request, now: datetime) -> Reply:
    """Nothing is recorded."""
    draft, _ = await _held(store, request)
    await store.drop_draft(draft, request.actor.id)
    return Reply(card=draft_cards.dropped(request.voice))


async def _release(store: Store, request: Request, draft: str, words: Mapping[str, Any], now: datetime) -> Reply:
    await store.drop_draft(draft, request.actor.id)
    if words["is"] == "note":
        case = await acts.case_by_id(store, request, ChallengeId(words["challenge_id"]), Action.NOTE, now)
        return await owners.record_reply(store, request, case, words["what"], now)
    case = await capture(store, request.actor.id, report_from(words), now, door=Door(words["door"]))
    if came_by := words.get("key"):  # of the message that was held: its edits and its deletion concern the challenge
        await store.came_of(str(came_by), case.id)
    return Reply(challenge_id=case.id)


def report_from(words: Mapping[str, Any]) -> Report:
    """The report that a draft holds."""
    return Report(
        what=words["what"],
        affected=words.get("affected", ""),
        tried=words.get("tried", ""),
        type=words.get("type"),
        scope=Scope(words["scope"]) if words.get("scope") else None,
        school_id=words.get("school_id"),
        tags=tuple(words.get("tags") or ()),
        urgency=Urgency(words.get("urgency") or Urgency.MEDIUM),
        amount_usd=words.get("amount_usd"),
        confidential=bool(words.get("confidential")),
        link=words.get("link", ""),
    )


async def lapse(store: Store, timer: Timer, now: datetime) -> None:
    """24 hours have passed: the words go. Their author hears, in their hours, that nothing was recorded; of what
    seemed to be no report they were told so already."""
    author = await store.draft_author(timer.about)
    words = await store.held(timer.about, author) if author else None
    if author is not None:
        await store.drop_draft(timer.about, author)
    store.set_timer(TimerKind.DRAFT_LAPSES, timer.about, None)
    if author is None or words is None or words["is"] == "other" or words.get("unsaid"):
        return
    # The event holds nobody's words: it only says that something lapsed, so that the message has one to tell of.
    data = {"draft": timer.about, "private": "safe" in words, "newcomer": words["is"] == "newcomer"}
    event = store.record(None, Kind.DRAFT_LAPSED, by=None, at=now, data=data)
    tell(store, [author], MessageKind.DRAFT_LAPSED, event, now)
