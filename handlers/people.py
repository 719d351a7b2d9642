"""People come and go: a leaver owns nothing the next day (R-23)."""

from datetime import date, datetime, timedelta

from handlers import actions, acts, followups, plans, undelivered
from handlers.cards import accounts as cards
from handlers.cards.text import phrase
from handlers.errors import FormError
from handlers.request import Reply, Request
from handlers.rules import presence
from handlers.telling import tell
from storage import people
from storage.store import Store
from storage.vocabulary import EventId, Kind, MessageKind, PersonId, Platform


async def left(store: Store, request: Request, now: datetime) -> Reply:
    """The platform says that this account was deactivated: the person has left, and all they hold moves on."""
    await leave(store, request.actor.id, acts.today(store, now) - timedelta(days=1), now)
    return Reply()


async def leave(store: Store, person_id: PersonId, last_day: date, now: datetime) -> None:
    """Somebody is no longer in post after `last_day`; what they lead goes to whoever has the authority now."""
    await people.leave(store.connection, store.district_id, person_id, last_day)
    store.directory, _ = await people.load_directory(store.connection, store.district_id)
    for challenge_id in await store.open_with(person_id):
        case = await store.case(challenge_id)
        if case is not None:
            followups.mend(store, case, now)
    await plans.mend_all(store, now)
    await actions.left(store, person_id, now)


# ----------------------------------------------------------------------------------------------------- their accounts


async def account_gone(store: Store, request: Request, now: datetime) -> Reply:
    """They have removed or blocked us on this platform. Where no other account is left, what they hold surfaces to the
    coordinator, who can tell them or reassign it."""
    actor = request.actor
    await people.mark_unreachable(store.connection, store.district_id, actor.id, _where(request), now)
    await undelivered.surface_held(store, actor.id, "removed", now, running=request.running, even_none=True)
    return Reply()


async def account_back(store: Store, request: Request, now: datetime) -> Reply:
    """They have us on this platform (again): they can be reached there."""
    await people.mark_unreachable(store.connection, store.district_id, request.actor.id, _where(request), None)
    return Reply()


def _where(request: Request) -> tuple[Platform, str]:
    return request.platform, request.workspace_id


async def unlink(store: Store, request: Request, now: datetime) -> Reply:
    """An account that said it was theirs is not: it has no part in what is theirs any more. The coordinator hears."""
    event = await store.event(EventId(request.item))
    if event is None or event.kind is not Kind.ACCOUNT_LINKED or event.data.get("person") != request.actor.id:
        raise acts.refuse("Only the person whose account it was said to be can say that.")
    await people.remove_account(
        store.connection, store.district_id, Platform(event.data["platform"]), event.data["workspace"],
        event.data["user"],
    )  # fmt: skip
    undone = store.record(None, Kind.ACCOUNT_UNLINKED, by=request.actor.id, at=now, data=dict(event.data))
    watcher = presence.coordinator(store.directory, acts.today(store, now))
    tell(store, [watcher.id], MessageKind.INFORM, undone, now)
    return Reply(card=cards.unlinked(request.voice))


async def settings_form(store: Store, request: Request, now: datetime) -> Reply:
    """`/clearway settings`: where somebody on several platforms wants to hear from us."""
    platforms = await _platforms(store, request)
    if len(platforms) < 2:
        return Reply(card=cards.one_account(request.voice, platforms or [request.platform]))
    return Reply(form=cards.settings(request.voice, platforms, platforms[0]))


async def _platforms(store: Store, request: Request) -> list[Platform]:
    """Those that they have an account on, and that this Clearway is on."""
    theirs = await people.platforms_of(store.connection, store.district_id, request.actor.id)
    return [each for each in theirs if each in request.running]


async def settings(store: Store, request: Request, now: datetime) -> Reply:
    platforms = await _platforms(store, request)
    wanted = next((each for each in platforms if each == request.fields.get("platform")), None)
    if wanted is None:
        raise FormError({"platform": phrase("Please pick one of the list.")})
    await people.prefer(store.connection, store.district_id, request.actor.id, wanted)
    return Reply(card=cards.saved(request.voice, wanted))
