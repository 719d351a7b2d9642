"""Questions answered: what is open, overdue, whose, where; one challenge with its history; what happens next; help."""

import math
from dataclasses import replace
from datetime import datetime
from typing import Any

from handlers import actions, acts, compose, meetings, versions
from handlers.cards import challenge as cards
from handlers.cards import help as help_cards
from handlers.cards import lists
from handlers.cards import routines as routine_cards
from handlers.cards import versions as version_cards
from handlers.cards.model import Option
from handlers.cards.text import phrase
from handlers.errors import NotFoundError
from handlers.request import Reply, Request
from handlers.rules import access, asking, cadence
from handlers.rules.access import Action
from storage import log
from storage.case import Case
from storage.models import Words
from storage.store import Store
from storage.vocabulary import Lane, MessageState, Visibility

PAGE = 10  # lines of a list in one card: what a phone shows without scrolling far
MEETINGS = 3  # on Home


async def ask(store: Store, request: Request, now: datetime) -> Reply:
    """`/challenges [words]`: a private answer. What is not understood is named, with what would have been."""
    directory = store.directory
    today = acts.today(store, now)
    question = asking.parse(request.text, directory, directory.in_force.process.types, today)
    if isinstance(question, asking.NotUnderstood):
        return Reply(card=lists.not_understood(request.voice, question))
    if question.help:
        return Reply(card=help_cards.questions(request.voice))
    if question.number is not None:
        case = await acts.case_by_number(store, request, question.number, Action.SEE, now)
        return Reply(card=await _whole(store, request, case, now))
    return Reply(card=await _list(store, request, question, now))


async def find(store: Store, request: Request, now: datetime) -> Reply:
    """A search where somebody is writing, to put a challenge before others: by number, in the words of `/challenges`, or
    by any words of it. Only what they may see is found, and nothing that is restricted: the others would see its number
    and where it stands."""
    directory = store.directory
    today, types = acts.today(store, now), directory.in_force.process.types
    words = request.text.replace('"', " ").strip()
    question = asking.parse(words or "open", directory, types, today)
    if isinstance(question, asking.NotUnderstood) or question.help:
        question = asking.parse(f'all "{words}"', directory, types, today)
    if isinstance(question, asking.NotUnderstood):
        return Reply(card=lists.not_understood(request.voice, question))
    if question.number is not None:
        case = await acts.case_by_number(store, request, question.number, Action.SEE, now)
        if case.challenge.visibility is Visibility.RESTRICTED:
            return Reply(card=lists.not_for_others(request.voice, case))
        return Reply(found=[lists.found_case(request.voice, case, today)])
    lines = (await _find(store, request, question, now, limit=PAGE, for_others=True)).lines
    if not lines:
        return Reply(card=lists.nothing_found(request.voice))
    return Reply(found=[lists.found_line(request.voice, each, today) for each in lines])


async def more(store: Store, request: Request, now: datetime) -> Reply:
    """A question put by a button: its words stand in the button."""
    return await ask(store, replace(request, text=request.item), now)


async def _list(store: Store, request: Request, question: asking.Question, now: datetime) -> Any:
    found = await _find(store, request, question, now, limit=PAGE)
    asked = asking.spell(question, store.directory) or "open"
    pages = 0
    if not found.lines and question.page > 1:
        pages = math.ceil((await _find(store, request, replace(question, page=1), now, limit=PAGE)).total / PAGE)
    return lists.lines(request.voice, asked, question.page, found, acts.today(store, now), pages)


async def _find(
    store: Store,
    request: Request,
    question: asking.Question,
    now: datetime,
    limit: int,
    *,
    for_others: bool = False,
    soonest: bool = False,
) -> log.Found:
    """The lines that this person may see, of those that were asked for; `for_others`: and may show to anybody."""
    calendar = acts.calendar(store)
    sight = access.sight(request.actor, store.directory, calendar.today(now))
    return await log.find(
        store.connection,
        store.district_id,
        question,
        sight,
        today=calendar.today(now),
        zone=calendar.zone,
        limit=limit,
        offset=(question.page - 1) * limit,
        for_others=for_others,
        late=acts.late(store, now) if question.overdue else None,
        soonest=soonest or question.overdue,
    )


async def show(store: Store, request: Request, now: datetime) -> Reply:
    """One challenge, by a button."""
    case = await acts.case_for(store, request, Action.SEE, now)
    return Reply(card=await _whole(store, request, case, now))


async def _whole(store: Store, request: Request, case: Case, now: datetime) -> Any:
    history = await store.history(case.id)
    view = cards.view(store.directory, case, request.voice, request.actor, now, history)
    words: dict[str, Words] = (
        {each.id: each for event in history for each in await store.words_of(event)} if history else {}
    )
    items = await actions.concerning(store, request.voice, case, request.actor, now)
    return cards.with_history(view, history, words, _agenda(store, case, now), items)


def _agenda(store: Store, case: Case, now: datetime) -> list[cadence.Due]:
    calendar = acts.calendar(store)
    return cadence.agenda(case, store.directory, acts.process_of(store, case), calendar, calendar.today(now))


async def refresh(store: Store, request: Request, now: datetime) -> Reply:
    """The card that stands there, as it would be sent now; nothing where it may stay as it is."""
    source = request.source
    posted = await store.posted_at(request.platform, source.conversation_id, source.message_id)
    message = await store.message(posted.message_id) if posted else None
    if posted is None or message is None:
        return Reply()
    if message.room_id and posted.challenge_id:  # it is there for everybody: each is shown what they may see of it
        return await show(store, replace(request, challenge_id=posted.challenge_id), now)
    if posted.person_id != request.actor.id:
        return Reply()
    known = await compose.about(store, posted.challenge_id) if posted.challenge_id else None
    if known is None:
        return Reply()
    return Reply(card=await compose.redraw(store, posted, message, now, known))


async def rest_of_digest(store: Store, request: Request, now: datetime) -> Reply:
    """The next page of a digest of theirs. The button names the message that the last line before it tells."""
    last = await store.message(request.item)
    if last is None or last.person_id != request.actor.id or last.lane is not Lane.DIGEST or last.room_id is not None:
        raise NotFoundError(phrase("There is no such digest of yours."))
    if last.state is not MessageState.SENT:  # it stands there, and that is being written down
        raise acts.refuse("This digest has only just come. Please press it once more in a moment.")
    return Reply(card=await compose.rest_of_digest(store, last, now))


async def what_next(store: Store, request: Request, now: datetime) -> Reply:
    """What happens next to this challenge, and when."""
    case = await acts.case_for(store, request, Action.SEE, now)
    view = cards.view(store.directory, case, request.voice, request.actor, now)
    return Reply(card=cards.what_next(view, _agenda(store, case, now)))


async def home(store: Store, request: Request, now: datetime) -> Reply:
    """`/clearway`: what needs this person now."""
    directory = store.directory
    today = acts.today(store, now)
    word = request.text.strip().lower()
    if word and word not in {"home"}:
        return Reply(card=help_cards.unknown_subword(request.voice, word))
    sections = []
    for title, words in help_cards.home_questions(request.voice, request.actor, directory, today):
        question = asking.parse(words, directory, directory.in_force.process.types, today)
        if isinstance(question, asking.NotUnderstood):
            continue
        found = await _find(store, request, question, now, limit=5, soonest=True)
        sections.append((title, words, found))
    coming = routine_cards.on_home(request.voice, await meetings.next_of(store, request.actor, MEETINGS, now), now)
    waiting = version_cards.on_home(request.voice, versions.waiting_for(request.actor, directory, today), today)
    beside = (*waiting, *await actions.on_home(store, request.voice, request.actor, now), *coming)
    promised = [
        each
        for each in await store.cases(await store.promised(request.actor.id, limit=5))
        if access.may(request.actor, Action.SEE, access.facts(each), directory, today)
    ]
    return Reply(card=help_cards.home(request.voice, request.actor, directory, sections, today, beside, promised))


async def help_by_role(store: Store, request: Request, now: datetime) -> Reply:
    """`/clearway help`: what this person can do here."""
    return Reply(card=help_cards.help_card(request.voice, request.actor, store.directory, acts.today(store, now)))


async def process(store: Store, request: Request, now: datetime) -> Reply:
    """`/clearway process`: the process in force, in short; and the versions to come, for those who work on them."""
    directory, today = store.directory, acts.today(store, now)
    to_come = versions.to_come(request.actor, directory, today)
    more = version_cards.listed(request.voice, to_come, directory, today)
    return Reply(card=help_cards.process(request.voice, directory, more))


async def process_users(store: Store, request: Request, now: datetime) -> Reply:
    """`/clearway people`: who uses the process, and who can remove what."""
    return Reply(card=help_cards.users(request.voice, store.directory, acts.today(store, now)))


async def people(store: Store, request: Request, now: datetime) -> Reply:
    """Options for a field that searches people: those in post, by any part of their name."""
    today = acts.today(store, now)
    wanted = request.text.strip().lower()
    found = [
        Option(each.id, each.name, request.voice.role(each.role))
        for each in store.directory.people.values()
        if each.here_on(today) and not each.external and wanted in each.name.lower()
    ]
    return Reply(options=sorted(found, key=lambda option: option.label)[:100])
