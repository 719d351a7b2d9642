"""Somebody writes whom the district's file does not name: welcomed as staff, refused politely, or known already.

Who is known from another platform is asked once whether both accounts are theirs. What they do before they answer is
kept sealed, all of it in one draft, and then taken in as if it came now: nothing is recorded under the wrong person, and
nothing is lost.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

import structlog

from bot import crash
from bot.accounts import mail_mark
from bot.districts import Districts
from bot.profiles import Profile, Profiles
from bot.transport import TryLaterError
from handlers import registry
from handlers.cards import accounts as cards
from handlers.cards.text import Voice
from handlers.drafts import KEPT_FOR
from handlers.request import Identity, Inbound, Reply, Source
from handlers.rules import spoken
from handlers.telling import tell
from scheduling.clock import Clock
from storage import models, people, queue, registrations
from storage.store import Came, Store
from storage.vocabulary import DistrictId, Door, Kind, MessageKind, PersonId, Platform, new_id

ANSWERS: Final = frozenset({cards.MINE, cards.NOT_MINE})
NEWCOMER: Final = "newcomer"
FINDS: Final = "log.find"
"""A search in the box to write in."""

log = structlog.get_logger()


class Newcomers:
    """The door for those who have no account yet in any district that admits their workspace."""

    def __init__(self, districts: Districts, clock: Clock, profiles: Mapping[Platform, Profiles]) -> None:
        self._districts = districts
        self._clock = clock
        self._profiles = profiles

    async def welcome(self, inbound: Inbound) -> Reply | None:
        """None: they have an account now. A reply: they are refused, or asked first whether we know them."""
        identity = inbound.identity
        admitting = await self.admitting(identity)
        profiles = self._profiles.get(identity.platform)
        if not admitting or profiles is None or from_elsewhere(identity):
            return outsider()
        if inbound.action == FINDS or not identity.user_id:  # where there is no room for a question
            return Reply(card=cards.hello_first())
        profile = await profiles.look_up(identity)
        if profile is None or profile.guest or profile.foreign or profile.bot:
            return outsider()
        district_id = await self._district(inbound, admitting)
        if district_id is None:
            return Reply(card=cards.which_district(await self._districts.names(admitting), joins=True))
        elsewhere = await self._elsewhere(district_id, identity, profile)
        async with self._open("newcomer: commit", district_id, identity) as store:
            return await self._take_in(store, inbound, profile, elsewhere)

    async def answer(self, inbound: Inbound) -> list[Inbound] | Reply:
        """They have said whether both accounts are theirs: what they did before, in its order, to be done now.

        It is kept until `settle`: should we not get round to it, they can press once more.
        """
        identity = inbound.identity
        admitting = await self.admitting(identity)
        if not admitting:
            return outsider()
        district_id = await self._district(inbound, admitting) or admitting[0]
        async with self._open("newcomer: answered", district_id, identity) as store:
            author = await store.draft_author(inbound.item)
            words = await store.held(inbound.item, author) if author else None
            if author is None or words is None or not _is_of(words, identity):
                return Reply(card=cards.settled(Voice(store.directory)))
            before = [_inbound(each) for each in words["inbounds"]]
            if await registrations.accounts(store.connection, *account_of(identity), identity.directory_id):
                return before  # pressed already; what they did before was not done
            profile = Profile(**words["profile"])
            if inbound.action == cards.MINE:
                await self._link(store, identity, profile, author)
            else:
                await self._join(store, identity, profile)
            await store.flush(self._clock.now())
        return before

    async def settle(self, inbound: Inbound) -> None:
        """What they did before is done: the draft goes."""
        district_id = await self._district(inbound, await self.admitting(inbound.identity))
        if district_id is None:
            return
        async with self._open("newcomer: settled", district_id, inbound.identity) as store:
            if author := await store.draft_author(inbound.item):
                await store.drop_draft(inbound.item, author)
                await store.flush(self._clock.now())

    def _open(self, step: str, district_id: DistrictId, identity: Identity) -> AbstractAsyncContextManager[Store]:
        came = Came(Door.DIRECT_MESSAGE, identity.platform)
        return crash.around(step, self._districts.open(district_id, came, write=True))

    async def admitting(self, identity: Identity) -> list[DistrictId]:
        """The districts that take in people of this workspace."""
        async with self._districts.database.queue(write=False) as connection:
            return await registrations.admitted(connection, identity.platform, identity.workspace_id)

    async def _district(self, inbound: Inbound, admitting: Sequence[DistrictId]) -> DistrictId | None:
        """Which of these they belong to; None: they have not said so yet."""
        if len(admitting) < 2:
            return next(iter(admitting), None)
        account = account_of(inbound.identity)
        async with self._districts.database.queue(write=False) as connection:
            found = await queue.district_of(connection, admitting, "", inbound.item) or await registrations.chosen(
                connection, *account, inbound.source.conversation_id
            )
            found = found or await registrations.chosen_last(connection, *account)
        return found if found in admitting else None

    async def _elsewhere(
        self, district_id: DistrictId, identity: Identity, profile: Profile
    ) -> list[tuple[Platform, str, str]]:
        """Accounts with the same verified address on the district's other platforms, as those platforms say."""
        if not profile.email:
            return []
        async with self._districts.database.queue(write=False) as connection:
            workspaces = await registrations.workspaces_of(connection, district_id)
        asked = [
            (platform, workspace_id, profiles)
            for platform, workspace_id in workspaces
            if (platform, workspace_id) != (identity.platform, identity.workspace_id)
            and (profiles := self._profiles.get(platform)) is not None
        ]
        found = await asyncio.gather(*(self._find(profiles, where, profile.email) for _, where, profiles in asked))
        return [(platform, where, user) for (platform, where, _), user in zip(asked, found, strict=True) if user]

    @staticmethod
    async def _find(profiles: Profiles, workspace_id: str, email: str) -> str | None:
        try:
            return await profiles.find(workspace_id, email)
        except TryLaterError as error:  # they are welcome all the same; the question is only a convenience
            log.info("newcomer.not_looked_up", reason=error.reason)
            return None

    async def _take_in(
        self, store: Store, inbound: Inbound, profile: Profile, elsewhere: list[tuple[Platform, str, str]]
    ) -> Reply | None:
        identity, now = inbound.identity, self._clock.now()
        if await registrations.accounts(store.connection, *account_of(identity), identity.directory_id):
            return None  # somebody was quicker
        known = await people.known_as(
            store.connection, store.district_id, _platform_account(identity), elsewhere,
            directory_id=profile.directory_id, mail=mail_mark(store, profile.email), address=profile.email,
        )  # fmt: skip
        person = store.directory.people.get(known) if known else None
        if person is None or person.external or not person.here_on(cards.today(store.directory, now)):
            await self._join(store, identity, profile)
            await store.flush(now)
            return None
        if inbound.key and not await store.remember(f"{NEWCOMER}:{inbound.key}", now):
            return Reply()  # asked already
        draft = await self._keep(store, person.id, inbound, profile, now)
        await store.flush(now)
        return Reply(card=cards.is_it_you(Voice(store.directory), person, identity.platform, draft))

    @staticmethod
    async def _keep(store: Store, person_id: PersonId, inbound: Inbound, profile: Profile, now: datetime) -> str:
        """One draft for everything that one account does before it answers; of questions the last."""
        entry = registry.entry(inbound.action, inbound.text)
        asks = not entry.writes and not (inbound.action == spoken.FORM and inbound.text)
        new = asdict(inbound) | {"asks": asks}
        for draft, words in (await store.held_for(person_id)).items():
            if _is_of(words, inbound.identity):
                before = [each for each in words["inbounds"] if not each["asks"]]
                more = {"inbounds": [*before, new], "unsaid": words["unsaid"] and asks}
                await store.keep_in(draft, person_id, words | more)
                return draft
        words = {
            "is": NEWCOMER,
            "account": account_of(inbound.identity),
            "profile": asdict(profile),
            "inbounds": [new],
            "unsaid": asks,
        }
        return store.hold(person_id, words, now + KEPT_FOR)

    async def _join(self, store: Store, identity: Identity, profile: Profile) -> None:
        person = models.Person(
            district_id=store.district_id,
            id=PersonId(f"j-{new_id()}"),
            name=profile.name,
            role="staff",
            timezone=profile.timezone,
            locale=profile.locale,
            joined=True,
        )
        await people.add_person(
            store.connection, person, self._account(store, identity, profile, person.id, preferred=True)
        )
        store.record(None, Kind.PERSON_JOINED, by=person.id, at=self._clock.now(), data={"person": person.id})

    async def _link(self, store: Store, identity: Identity, profile: Profile, person_id: PersonId) -> None:
        """One person from now on. Who they were before hears of it there, and can say that it is not so."""
        now = self._clock.now()
        account = self._account(store, identity, profile, person_id, preferred=False)
        account.linked = True
        await people.add_account(store.connection, account)
        data = {
            "person": person_id,
            "platform": identity.platform,
            "workspace": identity.workspace_id,
            "user": identity.user_id,
        }
        event = store.record(None, Kind.ACCOUNT_LINKED, by=None, at=now, data=data)
        tell(store, [person_id], MessageKind.INFORM, event, now)

    @staticmethod
    def _account(
        store: Store, identity: Identity, profile: Profile, person_id: PersonId, *, preferred: bool
    ) -> models.Account:
        return models.Account(
            district_id=store.district_id,
            platform=identity.platform,
            workspace_id=identity.workspace_id,
            user_id=identity.user_id,
            person_id=person_id,
            preferred=preferred,
            directory_id=identity.directory_id or profile.directory_id or None,
            mail=mail_mark(store, profile.email),
        )


def _platform_account(identity: Identity) -> tuple[Platform, str]:
    return identity.platform, identity.workspace_id


def account_of(identity: Identity) -> tuple[Platform, str, str]:
    return identity.platform, identity.workspace_id, identity.user_id


def from_elsewhere(identity: Identity) -> bool:
    return identity.home_workspace_id not in {"", identity.workspace_id}


def _is_of(words: Mapping[str, Any], identity: Identity) -> bool:
    """Whether a draft keeps what this account did."""
    return words["is"] == NEWCOMER and tuple(words["account"]) == account_of(identity)


def _inbound(kept: Mapping[str, Any]) -> Inbound:
    """A request that was kept, as it came."""
    kept = {name: value for name, value in kept.items() if name != "asks"}
    identity = Identity(**kept["identity"] | {"platform": Platform(kept["identity"]["platform"])})
    return Inbound(
        **dict(kept) | {"identity": identity, "door": Door(kept["door"]), "source": Source(**kept["source"])}
    )


def outsider() -> Reply:
    return Reply(card=cards.outsider())
