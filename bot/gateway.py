"""From a platform's request to a committed answer: who is it, which district, one short transaction, one handler.

Acknowledged means committed (design 1.6): what is not committed within two seconds is rolled back, and the person is
told so. Nothing here speaks to a platform but the look-up of somebody we do not know yet, outside any transaction.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from math import inf
from typing import Any, Final

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bot import crash
from bot.districts import Districts
from bot.newcomers import ANSWERS, Newcomers, account_of, from_elsewhere, outsider
from bot.profiles import Profiles
from bot.transport import TryLaterError
from handlers import registry
from handlers.cards import accounts as account_cards
from handlers.cards import challenge as cards
from handlers.cards import drafts as draft_cards
from handlers.cards.model import Card, Text
from handlers.cards.text import Voice, Who, stranger
from handlers.errors import FormError, NotFoundError, UserError
from handlers.request import PRESSED, SENT, Identity, Inbound, Reply, Request
from handlers.rules import presence, privacy
from scheduling.calendar import Calendar
from scheduling.clock import Clock
from storage import queue, registrations
from storage.directory import Directory, Person
from storage.store import Came, Store
from storage.vocabulary import ChallengeId, DistrictId, Door, PersonId, Platform

LIMIT_S: Final = 2.0  # platforms wait three seconds; a second is left for the way there and back
REMEMBERED_FOR_S: Final = 60.0
REMEMBERED_MOST: Final = 10_000

log = structlog.get_logger()

REVOKED: Final = "registration.revoked"
EVENTS: Final = frozenset({"person.left", "account.gone", "account.back", REVOKED})
"""What a platform tells us, and no button says: a client that makes up a press of it is not heard."""
TYPED: Final = frozenset({"room.here"})
"""What is asked for in the words of a message or command, in the very place that it is about, and by no button."""
MADE_BY_HAND: Final = (PRESSED, SENT)
OWN: Final = ANSWERS | {account_cards.CHOOSE, REVOKED}
"""What the gateway does itself: it is asked before anybody knows which person of which district this is."""

Member = tuple[DistrictId, PersonId]
Account = tuple[Platform, str, str, str]


class NotCommittedError(Exception):
    """Nothing was recorded. `sentence` says so to the person; `reference` finds the log entry."""

    def __init__(self, reference: str, *, busy: bool) -> None:
        super().__init__(reference)
        self.reference = reference
        self.sentence = stranger()(
            "Clearway is very busy, or cannot get at its records just now, so nothing was recorded. Please try again in "
            "a minute. ({reference})"
            if busy
            else "Something went wrong on our side, and nothing was recorded. Please try again; if it stays, give your "
            "coordinator this reference: {reference}",
            reference=reference,
        )


class Gateway:
    """The one way in, for every platform."""

    def __init__(
        self,
        districts: Districts,
        clock: Clock,
        profiles: Mapping[Platform, Profiles],
        *,
        console: bool = False,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        """`console`: whether people of the console are who they say (practice only). `wake`: there is work to do."""
        self._districts = districts
        self._clock = clock
        self.profiles = dict(profiles)
        self.mails = False
        """Whether this Clearway can send e-mail."""
        self._newcomers = Newcomers(districts, clock, self.profiles)
        self._console = console
        self.wake = wake
        self.limit_s = LIMIT_S
        """How long a request may take until it is rolled back."""
        self._members: dict[Account, tuple[float, list[Member]]] = {}

    async def handle(self, inbound: Inbound) -> Reply:
        """Does what was asked, in one transaction; raises NotCommittedError when nothing was committed.

        What the person can mend comes back in the reply.
        """
        try:
            if by_heart := self._by_heart(inbound):
                return await self._in_district(*by_heart, inbound, writes=False)
            async with asyncio.timeout(self.limit_s) as limit:
                reply = await self._handle(inbound, limit)
        except UserError as error:
            return self._refused(error, None, inbound.identity.platform)
        except (TimeoutError, PoolTimeoutError, DBAPIError, OSError, TryLaterError) as error:
            reference = self._report(inbound, error)
            raise NotCommittedError(reference, busy=True) from error
        except Exception as error:
            reference = self._report(inbound, error)
            raise NotCommittedError(reference, busy=False) from error
        return reply

    def _report(self, inbound: Inbound, error: Exception) -> str:
        """A bug, or a database in trouble, goes to the log with a short reference; no words of anybody go with it."""
        reference = secrets.token_hex(3).upper()
        log.error("request.failed", reference=reference, action=inbound.action, door=inbound.door,
                  error=type(error).__name__, exc_info=error)  # fmt: skip
        return reference

    async def _handle(self, inbound: Inbound, limit: asyncio.Timeout) -> Reply:
        match inbound.action:
            case account_cards.CHOOSE:
                return await self.choose(inbound)
            case action if action in ANSWERS:
                return await self._answered(inbound, limit)
            case action if action == REVOKED and not inbound.key.startswith(MADE_BY_HAND):
                return await self._revoked(inbound)
            case _:
                pass
        if inbound.action in EVENTS | TYPED and inbound.key.startswith(MADE_BY_HAND):
            raise NotFoundError(registry.NO_SUCH_BUTTON)
        entry = registry.entry(inbound.action, inbound.text)
        members = await self._who(inbound.identity)
        if not members:
            limit.reschedule(None)  # asking the platform who it is takes as long as it takes
            if entry.everywhere:  # it is told of somebody we never heard of
                return Reply()
            if privacy.is_crisis(inbound.text) and (ids := await self._newcomers.admitting(inbound.identity)):
                return await self._crisis(ids, inbound)
            refusal = await self._newcomers.welcome(inbound)
            if refusal:
                return refusal
            limit.reschedule(asyncio.get_running_loop().time() + self.limit_s)
            members = await self._who(inbound.identity)
        if from_elsewhere(inbound.identity):
            return outsider()
        if entry.everywhere and len(members) > 1:
            for member in members:
                reply = await self._once(inbound, entry, member, limit)
            return reply
        chosen = await self._district(inbound, members)
        if isinstance(chosen, Reply):
            in_danger = bool(members) and privacy.is_crisis(inbound.text)
            return await self._crisis([each for each, _ in members], inbound) if in_danger else chosen
        return await self._once(inbound, entry, chosen, limit)

    async def _answered(self, inbound: Inbound, limit: asyncio.Timeout) -> Reply:
        """A newcomer has said whether we know them: what they did before is done now; the last answer is shown."""
        before = await self._newcomers.answer(inbound)
        if isinstance(before, Reply):
            return before
        shown = Reply()
        for each in before:
            reply = await self._handle(each, limit)
            shown = reply if reply != Reply() else shown
        await self._newcomers.settle(inbound)
        return shown

    async def _once(self, inbound: Inbound, entry: registry.Entry, member: Member, limit: asyncio.Timeout) -> Reply:
        district_id, person_id = member
        came = Came(inbound.door, inbound.identity.platform)
        opened = self._districts.open(district_id, came, write=entry.writes)
        async with crash.around("request: commit", opened) as store:
            reply = await self._in_district(store, person_id, inbound, writes=entry.writes)
            limit.reschedule(None)  # what is left is the commit; it is not cut short
        if entry.writes:
            self.wake()
        if inbound.action.startswith("account."):  # whose account it is may be another now
            self._members.clear()
        return reply

    def _by_heart(self, inbound: Inbound) -> tuple[Store, PersonId] | None:
        """The district and the person where both are remembered, for an action that needs no more and waits for nothing."""
        members = self._remembered(inbound.identity)
        if len(members) != 1 or from_elsewhere(inbound.identity) or inbound.action in OWN:
            return None
        if registry.entry(inbound.action, inbound.text).reads:
            return None
        [(district_id, person_id)] = members
        store = self._districts.recall(district_id, Came(inbound.door, inbound.identity.platform))
        return (store, person_id) if store else None

    async def _in_district(self, store: Store, person_id: PersonId, inbound: Inbound, *, writes: bool) -> Reply:
        now = self._clock.now()
        actor = store.directory.people.get(person_id)
        if actor is None or not actor.here_on(Calendar.of(store.directory).today(now)):
            return _left(Voice(store.directory))
        voice = Voice(store.directory, actor, inbound.identity.platform)
        if actor.external and privacy.is_crisis(inbound.text):
            text = store.directory.in_force.process.student_crisis_text
            return Reply(card=draft_cards.crisis(voice, text, in_channel=_before_others(inbound), staff=False))
        if actor.external:
            return _external(store, voice, now=self._clock)
        try:
            return await self._act(store, inbound, actor, voice, now, writes=writes)
        except UserError as error:
            # The transaction must not be committed, and the reader's language is known only here.
            refused = self._refused(error, voice, inbound.identity.platform, next(iter(inbound.fields), ""))
            raise _RefusedError(refused) from error

    def _running(self) -> frozenset[Platform]:
        """The platforms that people are reached on; in the practice workspace everybody is in the browser."""
        chats = frozenset(Platform) - {Platform.EMAIL} if self._console else frozenset(self.profiles)
        return chats | ({Platform.EMAIL} if self.mails else frozenset())

    async def _act(
        self, store: Store, inbound: Inbound, actor: Person, voice: Voice, now: datetime, *, writes: bool
    ) -> Reply:
        key = "" if registry.entry(inbound.action, inbound.text).imagines else _key(inbound, actor.id)
        if writes and key and not await store.remember(key, now):
            return Reply(challenge_id=await store.outcome_of(key))
        request = Request(
            actor=actor,
            voice=voice,
            action=inbound.action,
            door=inbound.door,
            platform=inbound.identity.platform,
            running=self._running(),
            public_url=self._districts.public_url,
            workspace_id=inbound.identity.workspace_id,
            key=key,
            challenge_id=ChallengeId(inbound.challenge_id),
            item=inbound.item,
            version=inbound.version,
            text=_storable(inbound.text),
            fields={name: _storable(value) for name, value in inbound.fields.items()},
            carry=inbound.carry,
            source=inbound.source,
        )
        reply = await registry.act(store, request, now)
        if writes:
            await store.flush(now)
            if key and reply.challenge_id:
                await store.came_of(key, reply.challenge_id)
        return reply

    @staticmethod
    def _refused(error: UserError, voice: Voice | None, platform: Platform, first_field: str = "") -> Reply:
        """The answer to what cannot be done. In a form it stands beside the first field: what was typed stays there."""
        if isinstance(error, _RefusedError):
            return error.reply
        say = voice or stranger(platform)
        if isinstance(error, FormError):
            return Reply(errors={name: say(sentence) for name, sentence in error.errors.items()})
        if first_field:
            return Reply(errors={first_field: say(error.phrase)})
        return Reply(card=Card(say("That did not work"), (Text(say(error.phrase)),), summary=say(error.phrase)))

    # -- who is it ---------------------------------------------------------------------------------------------------

    async def _who(self, identity: Identity) -> list[Member]:
        """The person this account belongs to, in each district; remembered for a minute."""
        if identity.platform is Platform.CONSOLE:
            return [(DistrictId(identity.workspace_id), PersonId(identity.user_id))] if self._console else []
        if remembered := self._remembered(identity):
            return remembered
        at = asyncio.get_running_loop().time()
        async with self._districts.database.queue(write=False) as connection:
            found = await registrations.accounts(connection, *account_of(identity), identity.directory_id)
        if found:
            if len(self._members) >= REMEMBERED_MOST:
                self._members.clear()
            self._members[_remembered_as(identity)] = (at, found)
        return found

    def _remembered(self, identity: Identity) -> list[Member]:
        at, found = self._members.get(_remembered_as(identity), (-inf, []))
        return found if asyncio.get_running_loop().time() - at < REMEMBERED_FOR_S else []

    async def _district(self, inbound: Inbound, members: list[Member]) -> Member | Reply:
        """The district that is meant. Somebody in several is asked once per conversation."""
        if not members:
            return outsider()
        if len(members) == 1:
            return members[0]
        identity, where = inbound.identity, inbound.source.conversation_id
        async with self._districts.database.queue(write=False) as connection:
            # What is about something says itself whose it is, whatever was chosen for the conversation.
            chosen = await queue.district_of(
                connection, [district_id for district_id, _ in members], inbound.challenge_id, inbound.item
            ) or await registrations.chosen(connection, *account_of(identity), where)
            if chosen is None and not where:  # a search, or a page of its own: as they said last, wherever that was
                chosen = await registrations.chosen_last(connection, *account_of(identity))
        if found := next((each for each in members if each[0] == chosen), None):
            return found
        names = await self._districts.names([district_id for district_id, _ in members])
        return Reply(card=account_cards.which_district(names))

    async def _crisis(self, district_ids: Sequence[DistrictId], inbound: Inbound) -> Reply:
        """Somebody may be in danger: the text of each district that it may be, before we ask who writes and for whom."""
        texts = {}
        for each in district_ids:
            async with self._districts.open(each, Came(inbound.door)) as store:
                texts[store.directory.in_force.process.student_crisis_text] = Voice(store.directory)
        voice = next(iter(texts.values()))
        said = " ".join(texts)
        return Reply(card=draft_cards.crisis(voice, said, in_channel=_before_others(inbound), staff=False))

    async def choose(self, inbound: Inbound) -> Reply:
        """Their answer to that question."""
        identity, district_id = inbound.identity, DistrictId(inbound.item)
        members = dict(await self._who(identity))
        if district_id not in (members or await self._newcomers.admitting(identity)):
            return outsider()
        async with crash.around("district: chosen", self._districts.database.queue()) as connection:
            await registrations.choose_district(
                connection, *account_of(identity), inbound.source.conversation_id, district_id, self._clock.now()
            )
        return Reply(card=account_cards.district_chosen())

    async def _revoked(self, inbound: Inbound) -> Reply:
        """Our app is no longer installed in that workspace: nobody can be reached there, until it is again."""
        identity = inbound.identity
        async with crash.around("workspace: revoked", self._districts.database.queue()) as connection:
            lost = await registrations.mark_all_unreachable(
                connection, identity.platform, identity.workspace_id, self._clock.now()
            )
        log.error("registration.revoked", platform=identity.platform, workspace=identity.workspace_id, accounts=lost)
        return Reply()


class _RefusedError(UserError):
    """Carries an answer out of the transaction, so that it is rolled back."""

    def __init__(self, reply: Reply) -> None:
        Exception.__init__(self, "refused")
        self.reply = reply


def _remembered_as(identity: Identity) -> Account:
    """Whoever looks at a tab is known by their directory id alone: both ids tell people apart."""
    return *account_of(identity), identity.directory_id


def _key(inbound: Inbound, person_id: PersonId) -> str:
    """The inbox key: of a press it is the person's, on whichever platform they press."""
    return f"{person_id}:{inbound.key}" if inbound.key.startswith(PRESSED) else inbound.key


def _before_others(inbound: Inbound) -> bool:
    """Whether it was written where others read it, and goes on standing there."""
    return inbound.door is Door.MENTION and not inbound.source.direct


def _storable(said: Any) -> Any:
    """What was typed, as every database takes it: without null characters and halves of characters (a cut emoji)."""
    if isinstance(said, str):
        return said.replace("\0", "").encode("utf-8", "ignore").decode()
    return [_storable(each) for each in said] if isinstance(said, list | tuple) else said


def _left(voice: Voice) -> Reply:
    return Reply(
        card=cards.plain(
            voice,
            voice("This is for district staff"),
            voice("Our record says that you have left the district. Please ask the coordinator if that is wrong."),
        )
    )


def _external(store: Store, voice: Voice, *, now: Clock) -> Reply:
    directory: Directory = store.directory
    who = presence.coordinator(directory, Calendar.of(directory).today(now.now()))
    said = voice(
        "Thank you for writing. Only staff of the district can report here; please tell {who}, who can enter it for you.",
        who=Who(who.id),
    )
    return Reply(card=cards.plain(voice, voice("This is for district staff"), said))
