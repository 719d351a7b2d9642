"""People on Slack and people on Teams work on the same challenge: one record, and cards that are true on both."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from bot.transport import Address, Place, Transport
from handlers.cards.model import Card
from storage.database import Database
from storage.vocabulary import Kind, Outcome, Platform, Status
from tests.fakes.slack import SlackPerson
from tests.fakes.teams import TeamsPerson, Tenant
from tests.world import Actor, World, detroit, teams_account, world

WORDS = "No substitutes for training days at our school."
STAFFING = {"Type": "Staffing", "Where may the power to remove it sit?": "In the district"}
SCOPE = "How big is it? Who is hit, and where?"
CLOSING = "What makes you close it without an answer?"
APART = {"p-023": "slack", "p-022": "teams", "p-004": "teams", "p-010": "slack", "p-002": "teams", "p-001": "slack"}
"""The teacher and the coordinator are on Slack, the owner and the coach of the school on Teams."""


async def people(story: World, *ids: str) -> list[Actor]:
    return [await story.person(each) for each in ids]


async def test_reported_in_slack_owned_in_teams_and_confirmed_in_slack(database: Database) -> None:
    async with world(database, "slack", platforms=APART) as story:
        teacher, owner, coordinator = await people(story, "p-023", "p-004", "p-010")
        await teacher.report(WORDS, values=STAFFING)
        assert owner.last_card.title == "Challenge 1: a challenge for you"
        await owner.click("I'll take it")
        await owner.click("Question")
        await owner.submit({"Your question to those who raised it": "Which days?"})
        assert teacher.last_card.title == "Challenge 1: a question for you"
        await teacher.click("Answer")
        await teacher.submit({"Your answer": "Tuesdays and Fridays."})
        assert owner.last_card.title == "Challenge 1: your question is answered"

        await owner.click("I understand it")
        await owner.submit({SCOPE: "Six schools."})
        assert "has confirmed how big it is" in teacher.cards[0].text  # edited where it stands
        await coordinator.command("/challenges 1")
        assert "Six schools." in str(coordinator.answer)
        await owner.click("Resolved")
        await owner.submit({"What was done?": "A substitute is hired."})
        await story.wait_until(detroit("2026-10-21 12:00"))
        assert teacher.last_card.title == "Challenge 1: was it addressed?"
        await teacher.click("Yes, it was addressed")

        challenge = (await story.case()).challenge
        assert (challenge.status, challenge.outcome) == (Status.CLOSED, Outcome.CONFIRMED)
        assert "Closed: those who raised it say it was addressed." in owner.cards[0].text
        platforms = {each.kind: each.platform for each in await story.history()}
        assert (platforms[Kind.REPORTED], platforms[Kind.TAKEN]) == (Platform.SLACK, Platform.TEAMS)
        await story.promises_hold()


async def test_reported_in_teams_owned_in_slack(database: Database) -> None:
    apart = APART | {"p-023": "teams", "p-004": "slack"}
    async with world(database, "teams", platforms=apart) as story:
        teacher, owner = await people(story, "p-023", "p-004")
        await teacher.report(WORDS, values=STAFFING)
        await owner.click("I understand it")
        await owner.submit({SCOPE: "Six schools."})
        await owner.click("Resolved")
        await owner.submit({"What was done?": "A substitute is hired."})
        assert "says it is resolved" in teacher.cards[0].text
        await teacher.click("Partly")
        await teacher.submit({"What is still missing? It becomes the next step.": "No cover for Fridays."})
        assert (await story.case()).challenge.status is Status.IN_PROGRESS
        assert "No cover for Fridays." in "\n".join(map(str, owner.cards))
        await story.promises_hold()


async def on_both(story: World, person_id: str) -> tuple[Actor, Actor]:
    """Somebody who is on both platforms, at their desk with both of them open."""
    name = (await story.person(person_id)).driver.name
    assert story.tenant is not None
    return await story.person(person_id), Actor(story, TeamsPerson(story.tenant, name, teams_account(person_id)))


async def test_the_same_click_on_both_platforms_at_the_same_time_counts_once(database: Database) -> None:
    async with world(database, "slack", platforms={"p-023": "teams"}) as story:
        teacher = await story.person("p-023")
        await teacher.report(WORDS, values=STAFFING)
        slack, teams = await on_both(story, "p-004")
        await teams.command("challenges 1")
        await asyncio.gather(slack.driver.click("Still blocked"), teams.driver.click("Still blocked"))
        await story.settle()

        assert [each.kind for each in await story.history()].count(Kind.ESCALATED) == 1
        await story.promises_hold()


async def test_two_reporters_confirm_at_the_same_time_and_it_is_closed_once(database: Database) -> None:
    async with world(database, "slack", platforms=APART) as story:
        teacher, coach, owner = await people(story, "p-023", "p-022", "p-004")
        await teacher.report(WORDS, values=STAFFING)
        await coach.command("challenges 1")
        await coach.click("Me too")
        await coach.submit({"What do you see? (optional)": "Eleven visits cancelled."})
        await owner.click("I understand it")
        await owner.submit({SCOPE: "One coach."})
        await owner.click("Resolved")
        await owner.submit({"What was done?": "A substitute is hired."})
        await asyncio.gather(teacher.driver.click("Yes, it was addressed"), coach.driver.click("Yes, it was addressed"))
        await story.settle()
        kinds = [each.kind for each in await story.history()]
        assert (kinds.count(Kind.CONFIRMED), kinds.count(Kind.CLOSED)) == (2, 1)
        assert (await story.case()).challenge.outcome is Outcome.CONFIRMED
        await story.promises_hold()


async def test_who_cannot_be_reached_on_one_platform_hears_on_the_other(database: Database) -> None:
    async with world(database, "slack", platforms={"p-023": "teams"}) as story:
        assert story.slack is not None
        teacher = await story.person("p-023")
        slack, teams = await on_both(story, "p-004")
        story.slack.fail("conversations.open", error="user_disabled")
        await teacher.report(WORDS, values=STAFFING)
        assert slack.cards == []
        assert teams.last_card.title == "Challenge 1: a challenge for you"
        await teams.click("I'll take it")
        assert (await story.case()).challenge.taken_at is not None
        assert Kind.UNDELIVERABLE not in [each.kind for each in await story.history()]
        await story.promises_hold()


async def test_who_blocks_the_bot_on_teams_hears_on_slack(database: Database) -> None:
    async with world(database, "slack", platforms={"p-023": "teams"}) as story:
        teacher = await story.person("p-023")
        slack, teams = await on_both(story, "p-004")
        await slack.command("/clearway settings")
        await slack.submit({"Where shall I write to you?": "Microsoft Teams"})
        await teacher.report(WORDS, values=STAFFING)
        assert (len(slack.cards), teams.last_card.title) == (0, "Challenge 1: a challenge for you")
        await teams.driver.block()
        await teacher.report("Two more days without anybody.", values=STAFFING)
        assert slack.last_card.title == "Challenge 2: a challenge for you"
        await story.promises_hold()


async def test_all_that_somebody_holds_surfaces_once_nothing_reaches_them(database: Database) -> None:
    """They have blocked us, of which Teams tells nobody: the first message that fails brings the rest along."""
    async with world(database, "slack", platforms={"p-004": "teams"}) as story:
        teacher, owner, coordinator = await people(story, "p-023", "p-004", "p-010")
        for each in ("one", "two"):
            await teacher.report(f"{WORDS} {each}", values=STAFFING)
        assert owner.last_card.title == "Challenge 2: a challenge for you"
        await owner.driver.block()
        await teacher.report(f"{WORDS} three", values=STAFFING)
        await teacher.report(f"{WORDS} four", values=STAFFING)
        await story.wait_until(detroit("2026-10-07 09:00"))
        digest = coordinator.last_card.text
        assert [digest.count(f"Challenge {n}: a message did not arrive") for n in (1, 2, 3, 4)] == [1, 1, 1, 1]
        for n in (1, 2, 3, 4):
            lost = [each.data["person"] for each in await story.history(n) if each.kind is Kind.UNDELIVERABLE]
            assert lost.count("p-004") == 1
        await story.promises_hold()


@pytest.mark.parametrize("failure", [{"status": 500}, {"status": 504}, {"cut": True}], ids=str)
async def test_a_card_on_teams_never_stands_more_than_twice(database: Database, failure: dict[str, Any]) -> None:
    """Each time it has arrived and Teams says that it broke down: then it is the coordinator's to ask."""
    async with world(database, "slack", platforms={"p-004": "teams"}) as story:
        story.cut = True
        assert story.teams is not None
        teacher, owner = await people(story, "p-023", "p-004")
        story.teams.fail("send", times=2, done=True, **failure)
        await teacher.report(WORDS, values=STAFFING)
        assert owner.titles() == ["Challenge 1: a challenge for you"]
        await story.wait_until(story.clock.at + timedelta(hours=1))
        assert owner.titles() == ["Challenge 1: a challenge for you"] * 2
        assert Kind.UNDELIVERABLE in [each.kind for each in await story.history()]
        await story.promises_hold()


async def test_a_failure_of_some_minutes_on_teams_costs_no_card(database: Database) -> None:
    async with world(database, "slack", platforms={"p-004": "teams"}) as story:
        assert story.teams is not None
        teacher, owner = await people(story, "p-023", "p-004")
        story.teams.fail("send", times=9, status=502)
        await teacher.report(WORDS, values=STAFFING)
        await story.wait_until(story.clock.at + timedelta(minutes=4))
        story.teams.recover("send")
        await story.wait_until(story.clock.at + timedelta(minutes=4))
        assert owner.titles() == ["Challenge 1: a challenge for you"]
        assert Kind.UNDELIVERABLE not in [each.kind for each in await story.history()]
        await story.promises_hold()


async def test_a_platform_that_was_not_there_for_a_while_is_still_the_preferred_one(database: Database) -> None:
    async with world(database, "slack", platforms={"p-023": "teams"}) as story:
        teacher = await story.person("p-023")
        slack, teams = await on_both(story, "p-004")
        gone = story.made.dispatcher.transports.pop(Platform.SLACK)
        await teacher.report(f"{WORDS} one", values=STAFFING)
        assert (len(slack.cards), teams.last_card.title) == (0, "Challenge 1: a challenge for you")
        story.made.dispatcher.transports[Platform.SLACK] = gone
        await teacher.report(f"{WORDS} two", values=STAFFING)
        assert slack.last_card.title == "Challenge 2: a challenge for you"


async def test_who_lets_us_in_again_is_written_to_there_again(database: Database) -> None:
    async with world(database, "slack", platforms={"p-023": "teams"}) as story:
        teacher = await story.person("p-023")
        slack, teams = await on_both(story, "p-004")
        await slack.command("/clearway settings")
        await slack.submit({"Where shall I write to you?": "Microsoft Teams"})
        await teams.driver.block()
        await teacher.report(f"{WORDS} one", values=STAFFING)
        assert slack.last_card.title == "Challenge 1: a challenge for you"
        teams.driver.account.blocked = False
        await teacher.report(f"{WORDS} two", values=STAFFING)
        assert slack.last_card.title == "Challenge 2: a challenge for you"  # it is not tried at every message
        await story.wait_until(detroit("2026-10-07 10:00"))
        await teacher.report(f"{WORDS} three", values=STAFFING)
        assert teams.last_card.title == "Challenge 3: a challenge for you"


async def test_a_block_is_noticed_when_a_card_is_to_change_and_the_card_is_kept(database: Database) -> None:
    async with world(database, "slack", platforms={"p-004": "teams"}) as story:
        teacher, owner, coordinator = await people(story, "p-023", "p-004", "p-010")
        for each in ("one", "two"):
            await teacher.report(f"{WORDS} {each}", values=STAFFING)
        await owner.driver.block()
        await teacher.command("/challenges 1")
        await teacher.click("Withdraw")
        await story.settle()
        assert [each.data["person"] for each in await story.history(2) if each.kind is Kind.UNDELIVERABLE] == ["p-004"]
        owner.driver.account.blocked = False
        await story.wait_until(detroit("2026-10-08 10:00"))
        assert "Withdrawn" in owner.cards[0].text
        assert "Challenge 2: a message did not arrive" in str([each.text for each in coordinator.cards])
        await story.promises_hold()


async def test_a_confidential_reporters_name_does_not_cross_over(database: Database) -> None:
    async with world(database, "slack", platforms=APART) as story:
        teacher, owner, leader = await people(story, "p-023", "p-004", "p-002")
        confidential = {"Your name": ["Show my name to the coordinator only"]}
        await teacher.report(WORDS, values=STAFFING | confidential)
        await owner.click("Question")
        await owner.submit({"Your question to those who raised it": "Which days?"})
        await teacher.click("Answer")
        await teacher.submit({"Your answer": "Tuesdays and Fridays."})
        await leader.command("challenges 1")
        assert "Tuesdays and Fridays." in owner.last_card.text
        assert story.teams is not None
        sent = json.dumps(story.teams.calls) + json.dumps([each.body for each in owner.driver.answers])
        assert "Ellie Marsh" not in sent
        assert "Ellie Marsh" not in str(leader.answer)
        await story.promises_hold()


async def test_a_reply_on_either_platform_is_a_note_on_the_same_challenge(database: Database) -> None:
    async with world(database, "slack", platforms=APART) as story:
        teacher, owner = await people(story, "p-023", "p-004")
        await teacher.report(WORDS, values=STAFFING)
        await teacher.reply("It happened again today.", teacher.last_card)
        await owner.reply("Two people have applied.", owner.last_card)
        notes = {each.text for each in (await story.case()).words if each.field == "note"}
        assert notes == {"It happened again today.", "Two people have applied."}
        assert await story.count() == 1
        await story.promises_hold()


# ---------------------------------------------------------------------------------------------- with good and bad days


SLACK_CALLS = ("chat.postMessage", "chat.update", "conversations.open", "conversations.history")
TEAMS_CALLS = ("create", "send", "edit", "token")


class Weather:
    """Calls of both platforms fail at random: refused, throttled, cut before or after the work was done.

    Those on Teams block the bot at times, and let it in again.
    """

    def __init__(self, story: World, seed: str) -> None:
        self.random = random.Random(seed)
        self.story = story
        self.failures = 0
        self.blocks = 0

    def turn(self) -> None:
        """Orders what the next calls meet with."""
        for call in (*SLACK_CALLS, *TEAMS_CALLS):
            if self.random.random() < 0.35:
                self._platform(call).fail(call, **self.random.choice(self._bad(call)))
                self.failures += 1
        for driver in self._on_teams():
            driver.account.blocked = self.random.random() < 0.15
            self.blocks += driver.account.blocked

    def clear_up(self) -> None:
        for call in (*SLACK_CALLS, *TEAMS_CALLS):
            self._platform(call).recover(call)
        for driver in self._on_teams():
            driver.account.blocked = False

    def _platform(self, call: str) -> Any:
        return self.story.slack if call in SLACK_CALLS else self.story.teams

    def _on_teams(self) -> list[TeamsPerson]:
        return [each.driver for each in self.story.people.values() if isinstance(each.driver, TeamsPerson)]

    @staticmethod
    def _bad(call: str) -> list[dict[str, Any]]:
        if call in SLACK_CALLS:
            return [{"status": 503}, {"status": 500}, {"cut": True}, {"cut": True, "done": True}, {"retry_after": 3}]
        return [{"status": 502}, {"status": 412}, {"status": 500, "done": True}, {"cut": True}, {"retry_after": 0.01}]


@dataclass
class Hands:
    """Somebody on such days: what they do reaches us in copies, or once more a little later."""

    actor: Actor
    weather: Weather

    async def write(self, words: str) -> None:
        await self.actor.driver.dm(words, copies=self._copies())
        await self._perhaps_once_more()

    async def press(self, label: str, values: Mapping[str, Any] | None = None) -> None:
        """Who does not see the button asks for the challenge: its card may be one that never was heard of again."""
        if isinstance(self.actor.driver, TeamsPerson) and self.actor.driver.account.blocked:
            return  # they have no chat with us today
        try:
            await self.actor.click(label, copies=self._copies())
        except AssertionError as error:
            if "no button" not in str(error):
                raise
            await self.actor.command("/challenges 1")
            await self.actor.click(label, copies=self._copies())
        if values is not None:
            await self.actor.submit(values, copies=self._copies())
        await self._perhaps_once_more()

    def _copies(self) -> int:
        return self.weather.random.choice((1, 1, 2, 3))

    async def _perhaps_once_more(self) -> None:
        await self.actor.world.settle()
        if self.weather.random.random() < 0.3:
            await self.actor.redeliver()


class Counted:
    """The way out to Teams, and how many cards each delivery left standing: Teams keeps no delivery id that we could ask for."""

    def __init__(self, way: Transport, tenant: Tenant) -> None:
        self._way = way
        self._tenant = tenant
        self.cards: Counter[str] = Counter()

    async def send(self, to: Address, card: Card, *, delivery_id: str) -> Place:
        chat = self._tenant.personal(to.user_id)
        before = len(self._tenant.written_in(chat))
        try:
            return await self._way.send(to, card, delivery_id=delivery_id)
        finally:  # one after the other for each person
            self.cards[delivery_id] += len(self._tenant.written_in(chat)) - before

    async def edit(self, place: Place, card: Card) -> None:
        await self._way.edit(place, card)

    async def find(self, to: Address, *, delivery_id: str) -> Place | None:
        return await self._way.find(to, delivery_id=delivery_id)


async def until(
    story: World, weather: Weather, done: Callable[[], Awaitable[bool]], act: Callable[[], Awaitable[None]]
) -> None:
    """Somebody tries until it has happened; some minutes pass in between, in which the outbox tries, too."""
    for _ in range(40):
        weather.turn()
        try:
            await act()
        except AssertionError as error:  # they do not see it yet
            if not any(each in str(error) for each in ("no button", "no form", "No card")):
                raise
        if await done():
            return
        await story.wait_until(story.clock.at + timedelta(minutes=7))
    raise AssertionError("It does not come about")


@pytest.mark.slow
@pytest.mark.parametrize("silent", [False, True], ids=["answered", "silent"])
@pytest.mark.parametrize(
    "places",
    [
        ("slack", "teams", "slack"),
        ("teams", "slack", "teams"),
        ("slack", "slack", "teams"),
        ("teams", "teams", "slack"),
    ],
    ids="-".join,
)
async def test_a_whole_life_across_both_platforms_on_bad_days(
    database: Database, places: tuple[str, str, str], silent: bool
) -> None:
    """Where the reporter, the owner and the coordinator are. At the end the reporter answers, or the coordinator decides."""
    apart = APART | dict(zip(("p-023", "p-004", "p-010"), places, strict=True))
    async with world(database, "slack", platforms=apart) as story:
        story.cut = True
        assert story.tenant is not None
        assert story.workspace is not None
        weather = Weather(story, f"{places} {silent}")
        counted = Counted(story.made.dispatcher.transports[Platform.TEAMS], story.tenant)
        story.made.dispatcher.transports[Platform.TEAMS] = counted
        teacher, owner, coordinator = [Hands(each, weather) for each in await people(story, "p-023", "p-004", "p-010")]

        async def stands(*statuses: Status) -> bool:
            return await story.count() == 1 and (await story.case()).challenge.status in statuses

        async def taken() -> bool:
            return (await story.case()).challenge.taken_at is not None

        understands = partial(owner.press, "I understand it", {SCOPE: "Six schools."})
        resolves = partial(owner.press, "Resolved", {"What was done?": "A substitute is hired."})
        confirms = partial(teacher.press, "Yes, it was addressed")
        closes = partial(coordinator.press, "Close, not confirmed", {CLOSING: "The coach is back to coaching."})

        await until(story, weather, lambda: stands(Status.REPORTED), partial(teacher.write, WORDS))
        await until(story, weather, lambda: stands(Status.ASSIGNED), partial(coordinator.press, "Sort it", STAFFING))
        await story.promises_hold()
        await until(story, weather, taken, partial(owner.press, "I'll take it"))
        for again in range(2):
            await until(story, weather, lambda: stands(Status.UNDERSTOOD), understands)
            await until(story, weather, lambda: stands(Status.RESOLVED, Status.AWAITING_CONFIRMATION), resolves)
            await story.promises_hold()
            if not again:
                await until(story, weather, lambda: stands(Status.ASSIGNED), partial(teacher.press, "No", {}))
        if silent:
            for _ in range(29):
                weather.turn()
                await story.wait_until(story.clock.at + timedelta(days=1))
            await story.promises_hold()
        await until(story, weather, lambda: stands(Status.CLOSED), closes if silent else confirms)

        weather.clear_up()
        await story.wait_until(story.clock.at + timedelta(days=4))  # all that waited arrives
        assert weather.failures > 10
        assert weather.blocks or not silent
        outcome = Outcome.NOT_CONFIRMED if silent else Outcome.CONFIRMED
        assert (await story.case()).challenge.outcome is outcome
        kinds = [each.kind for each in await story.history()]
        assert [kinds.count(each) for each in (Kind.REPORTED, Kind.TAKEN, Kind.REFUSED, Kind.CLOSED)] == [1, 1, 1, 1]
        for each in (teacher, owner, coordinator):
            await each.actor.command("/challenges 1")
            assert "Closed" in str(each.actor.answer)
        assert max(counted.cards.values()) <= 2
        ours = [post.metadata for post in story.workspace.posts if post.metadata]
        assert max(Counter(each["event_payload"]["delivery_id"] for each in ours).values()) == 1
        await story.promises_hold()


async def test_who_has_written_on_teams_is_recognized_on_slack_by_their_address(database: Database) -> None:
    """Teams finds nobody by an address, so the one of an account from the district's file is noted when it is heard."""
    async with world(database, "slack", platforms={"p-013": "teams"}) as story:
        assert story.tenant is not None
        assert story.workspace is not None
        known = await story.person("p-013")
        await known.dm("challenges mine")
        await story.settle()
        mail = story.tenant.accounts[teams_account("p-013")].mail
        profile = {"real_name": "N. Okafor", "display_name": "N.", "email": mail.upper()}
        newcomer = SlackPerson(story.workspace, "N. Okafor", "U0NEW", profile=profile)
        await newcomer.dm("Nobody can score the screener at our school.")
        await story.settle()
        assert newcomer.cards[-1].title == "Are you Nadine Okafor-Stahl?"
        await newcomer.click("Yes, that is me")
        await story.settle()
        assert [each.person_id for each in (await story.case()).reporters] == ["p-013"]
        await story.wait_until(detroit("2026-10-07 09:00"))
        assert "One more account is yours" in str([each.title for each in known.cards])
