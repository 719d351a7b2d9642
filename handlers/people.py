"""People come and go: a leaver owns nothing the next day (R-23)."""

from datetime import date, datetime, timedelta

from handlers import acts, followups
from handlers.request import Reply, Request
from storage import people
from storage.store import Store
from storage.vocabulary import PersonId


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
            followups.mend_owner(store, case, now)
