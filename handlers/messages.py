"""What is said to Clearway in a message: a command in words does what the command does, all else may be a report."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from handlers import acts, challenges, drafts
from handlers.capture import Report, own_school
from handlers.cards import help as help_cards
from handlers.cards.model import Press
from handlers.request import Reply, Request
from handlers.rules import privacy, spoken
from handlers.rules.spoken import FORM, Command, Nearly
from storage.store import Store
from storage.vocabulary import Door

Do = Callable[[Store, Request, datetime], Awaitable[Reply]]
"""Does what a command asks for, as if it had come as one."""


async def message(store: Store, request: Request, now: datetime, *, do: Do) -> Reply:
    """A direct message, or a mention. In a thread whose card they may add to it concerns the card, whatever it says."""
    text = request.text.strip()
    if not text or privacy.is_crisis(text) or await challenges.thread_case(store, request, now):
        return await challenges.message(store, request, now)
    types = store.directory.in_force.process.types
    match spoken.command_in(text, store.directory, types, acts.today(store, now)):
        case Command() as command:
            return await _command(store, request, command, now, do)
        case Nearly() as nearly:
            return await _ask(store, request, nearly, now)
        case None:
            return await challenges.message(store, request, now)


async def _command(store: Store, request: Request, command: Command, now: datetime, do: Do) -> Reply:
    to_report = command.text if command.action == FORM else ""
    if to_report and acts.look(store, to_report):  # a safe rewrite is offered first
        return await challenges.message(store, replace(request, text=to_report), now)
    reply = await do(store, replace(request, action=command.action, text=command.text, door=Door.COMMAND), now)
    if to_report and reply.form:
        held = await _hold(store, request, to_report, now, unsent=True)
        form = replace(reply.form, carry={**reply.form.carry, "draft": held, "door": str(Door.COMMAND)})
        return Reply(form=form, card=help_cards.report_this(request.voice, to_report, held))
    if reply.form:
        opens = spoken.subword(command.text) or command.action
        return replace(reply, card=help_cards.open_form(request.voice, reply.form.title, Press(opens)))
    if reply.card and not command.sure and not acts.look(store, request.text):
        held = await _hold(store, request, request.text.strip(), now)
        return replace(reply, card=help_cards.or_report(request.voice, reply.card, held))
    return reply


async def _ask(store: Store, request: Request, nearly: Nearly, now: datetime) -> Reply:
    """It was no command, though like one: what would have been, and a way to report it all the same."""
    if acts.look(store, request.text):
        return await challenges.message(store, request, now)
    meant = nearly.meant
    to_report = meant.text if meant and meant.action == FORM else ""
    held = await _hold(store, request, to_report or request.text.strip(), now)
    return Reply(card=help_cards.nearly(request.voice, nearly, held))


async def _hold(store: Store, request: Request, text: str, now: datetime, *, unsent: bool = False) -> str:
    """Keeps the words for "report it anyway". `unsent`: they were meant as a report, so their author hears if they lapse."""
    report = Report(what=text, school_id=own_school(request.actor), link=request.source.link)
    came = replace(request, door=Door.COMMAND) if unsent else request
    return await drafts.hold_other(store, came, report, now, unsent=unsent)
