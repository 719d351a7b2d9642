"""What is Teams' own: its doors, its people and their apps, its refusals and its older clients."""

import json
from datetime import timedelta

import pytest
from aiohttp import ClientSession

from bot.gateway import LIMIT_S
from bot.teams.tab import ASK_PATH
from scheduling.clock import SystemClock
from storage import people
from storage.database import Database
from storage.vocabulary import Door, Kind, PersonId
from tests.fakes.teams import TeamsPerson
from tests.fakes.teams.keys import signing_key
from tests.world import PATIENCE_S, Actor, World, detroit, teams_account, world

WORDS = "No substitutes for training days at our school."
STAFFING = {"Type": "Staffing", "Where may the power to remove it sit?": "In the district"}
WHAT = "What is in the way?"
STAFF = "cedar-flats-staff"


async def the_teacher(story: World) -> tuple[Actor, TeamsPerson]:
    teacher = await story.person("p-023")
    assert isinstance(teacher.driver, TeamsPerson)
    return teacher, teacher.driver


@pytest.mark.parametrize("line", [f"report {WORDS}", f"Report: {WORDS}", f"/challenge {WORDS}", f"challenge: {WORDS}"])
async def test_a_report_may_begin_with_a_word_with_or_without_a_slash(database: Database, line: str) -> None:
    async with world(database, "teams") as story:
        teacher, _ = await the_teacher(story)
        await teacher.command(line)
        if teacher.form is None:  # it reads like a report, and so it is one
            assert (await story.case()).title.endswith(WORDS)
            return
        assert teacher.form.values[WHAT] == WORDS
        await teacher.submit(STAFFING)
        assert teacher.titles() == ["Challenge 1 is recorded"]
        await story.promises_hold()


@pytest.mark.parametrize("line", ["challenges reported", "/challenges reported", "Challenges reported"])
async def test_a_list_may_be_asked_for_with_or_without_a_slash(database: Database, line: str) -> None:
    async with world(database, "teams") as story:
        teacher, _ = await the_teacher(story)
        await teacher.report(WORDS, values=STAFFING)
        await teacher.command(line)
        assert WORDS in str(teacher.answer)
        assert await story.count() == 1


async def test_words_that_only_begin_like_a_command_are_a_report(database: Database) -> None:
    async with world(database, "teams") as story:
        teacher, _ = await the_teacher(story)
        await teacher.dm("Challenges with substitutes again today, nobody came.")
        assert await story.count() == 1
        assert (await story.case()).challenge.door is Door.DIRECT_MESSAGE


async def test_every_door_of_teams_makes_one_equal_entry(database: Database) -> None:
    async with world(database, "teams") as story:
        teacher, teams = await the_teacher(story)
        colleague = await story.person("p-022")
        said = await colleague.say(WORDS, STAFF)
        assert await story.count() == 0  # ordinary talk gets no reply
        assert story.tenant is not None

        await teacher.command(f"/challenge {WORDS}")
        await teacher.submit()
        await teacher.report_message(said)
        await teacher.submit()
        await teacher.shortcut()
        await teacher.submit({WHAT: WORDS})
        await teacher.dm(WORDS)
        await teacher.mention(WORDS, STAFF)
        await teams.mention(WORDS, story.tenant.group_chat("Cedar planning"))
        await story.settle()

        cases = [await story.case(number) for number in range(1, 7)]
        assert [each.challenge.door for each in cases] == [
            Door.COMMAND,
            Door.MESSAGE_SHORTCUT,
            Door.GLOBAL_SHORTCUT,
            Door.DIRECT_MESSAGE,
            Door.MENTION,
            Door.MENTION,
        ]
        assert {each.title for each in cases} == {WORDS}
        assert {each.challenge.owner_id for each in cases} == {"p-010"}
        links = [each.reporters[0].link for each in cases]
        assert [bool(link) for link in links] == [False, True, False, False, True, True]
        assert links[1] == said.link
        assert teacher.titles() == [f"Challenge {n} is recorded" for n in range(1, 7)]
        await story.promises_hold()


async def test_what_is_asked_in_a_channel_is_answered_in_a_chat_of_ones_own(database: Database) -> None:
    async with world(database, "teams") as story:
        teacher, teams = await the_teacher(story)
        await teacher.report(WORDS, values=STAFFING)
        await teacher.command("challenges 1", channel=STAFF)
        assert WORDS in str(teacher.answer)
        assert teams.in_channel(STAFF) == []


async def test_who_has_not_installed_the_app_is_heard_and_others_read_nothing_of_it(database: Database) -> None:
    async with world(database, "teams") as story:
        teacher, teams = await the_teacher(story)
        coordinator = await story.person("p-010")
        teams.account.installed = False
        await teacher.command("challenges all", channel=STAFF)
        [told] = teams.in_channel(STAFF)
        assert "add Clearway to your Teams apps" in told.text
        assert "hallenge" not in told.text

        await teacher.mention(WORDS, STAFF)
        assert await story.count() == 1
        assert WORDS not in json.dumps([each.activity for each in teams.in_channel(STAFF)])
        await story.wait_until(detroit("2026-10-07 09:00"))
        assert Kind.UNDELIVERABLE in [each.kind for each in await story.history()]
        assert "did not arrive" in "\n".join(map(str, coordinator.cards))

        await teams.install()
        await teacher.report("Two more days without anybody.", values=STAFFING)
        assert teacher.last_card.title == "Challenge 2 is recorded"
        await story.promises_hold()


async def test_who_blocks_the_bot_is_noticed_and_what_is_theirs_becomes_a_task(database: Database) -> None:
    async with world(database, "teams") as story:
        teacher, _ = await the_teacher(story)
        owner, coordinator = await story.person("p-004"), await story.person("p-010")
        await owner.driver.block()
        await teacher.report(WORDS, values=STAFFING)
        await story.wait_until(detroit("2026-10-07 09:00"))
        assert Kind.UNDELIVERABLE in [each.kind for each in await story.history()]
        assert "did not arrive" in "\n".join(map(str, coordinator.cards))
        await story.promises_hold()


async def test_who_removes_the_app_is_noticed_at_once(database: Database) -> None:
    async with world(database, "teams", platforms={"p-023": "teams"}) as story:
        teacher, teams = await the_teacher(story)
        owner, coordinator = await story.person("p-004"), await story.person("p-010")
        await teacher.report(WORDS, values=STAFFING)
        await teams.install(action="remove")
        await owner.click("Question")
        await owner.submit({"Your question to those who raised it": "Which days?"})
        await story.wait_until(detroit("2026-10-07 09:00"))
        assert "did not arrive" in "\n".join(map(str, coordinator.cards))
        await teams.install()
        await teacher.command("challenges 1")
        assert "Which days?" in str(teacher.answer)
        await teacher.click("Answer")
        await teacher.submit({"Your answer": "Tuesdays and Fridays."})
        assert owner.last_card.title == "Challenge 1: your question is answered"
        await story.promises_hold()


async def test_unknown_staff_join_and_guests_and_others_are_refused(database: Database) -> None:
    async with world(database, "teams") as story:
        assert story.tenant is not None
        assert story.teams is not None
        newcomer = TeamsPerson(story.tenant, "Nia Newcomer", "29:new")
        await newcomer.dm(WORDS)
        assert newcomer.last_card.title == "Challenge 1 is recorded"
        assert any(each.name == "Nia Newcomer" for each in (await story.directory()).people.values())

        guest = TeamsPerson(story.tenant, "Gus Guest", "29:guest", guest=True)
        await guest.dm(WORDS)
        assert "district staff" in guest.last_answer.title
        other = story.teams.tenant("00000000-0000-4000-8000-0000000000bb", "c1ea4a7e-0000-4000-8000-000000000002")
        stranger = TeamsPerson(other, "Sam Stranger", "29:stranger")
        await stranger.dm(WORDS)
        assert [each.status for each in stranger.answers] == [401]
        assert await story.count() == 1
        await story.promises_hold()


async def test_a_token_for_our_app_opens_no_door_to_another_tenant(database: Database) -> None:
    async with world(database, "teams") as story:
        teacher, teams = await the_teacher(story)
        await teacher.dm(WORDS)
        elsewhere = {"tenant": {"id": "00000000-0000-4000-8000-0000000000bb"}}
        answer = await teams.deliver(teams.last | {"id": "1", "channelData": elsewhere})
        assert answer.status == 401
        assert (await teams.deliver(teams.last | {"id": "2"}, token="")).status == 401
        assert (await teams.deliver(teams.last | {"id": "3"}, exp=None)).status == 401
        assert (await teams.deliver(teams.last | {"id": "4", "serviceUrl": "https://smba.example/"})).status == 401
        assert await story.count() == 1


async def test_an_older_client_does_the_same_and_its_card_is_edited(database: Database) -> None:
    async with world(database, "teams") as story:
        teacher, _ = await the_teacher(story)
        owner = await story.person("p-004")
        await teacher.report(WORDS, values=STAFFING)
        await owner.driver.click("I'll take it", old_client=True)
        await story.settle()
        assert (await story.case()).challenge.taken_at is not None
        assert "I'll take it" not in owner.cards[0].buttons
        await owner.driver.click("Still blocked", old_client=True, copies=3)
        await story.settle()
        assert [each.kind for each in await story.history()].count(Kind.ESCALATED) == 1
        await story.promises_hold()


async def test_a_card_that_is_looked_at_shows_what_is_true_for_its_reader(database: Database) -> None:
    async with world(database, "teams") as story:
        teacher, _ = await the_teacher(story)
        owner, coordinator = await story.person("p-004"), await story.person("p-010")
        await teacher.report(WORDS, values=STAFFING)
        await coordinator.command("/challenges 1")
        await coordinator.click("Reassign")
        with story.nothing_shown():
            await coordinator.submit({"Who takes it?": "Bea Thornquist", "Why? It stands in the log.": "She knows it."})
            assert "I'll take it" in owner.last_card.buttons
            await owner.look()
            assert "I'll take it" not in owner.last_card.buttons
            assert "Bea Thornquist" in owner.last_card.text


async def test_what_was_said_in_a_channel_can_be_edited_and_deleted(database: Database) -> None:
    async with world(database, "teams") as story:
        teacher, _ = await the_teacher(story)
        post = await teacher.mention(WORDS, STAFF)
        assert str((await story.case()).reporters[0].link).startswith(post.link.partition("?")[0])
        await teacher.edit(post, "No substitutes, and no coach either.")
        assert "You changed your message" in "\n".join(map(str, teacher.everything()))
        await teacher.delete(post)
        case = await story.case()
        assert (case.title, case.reporters[0].link) == (WORDS, None)
        await story.promises_hold()


@pytest.mark.parametrize("words", ["substitutes", "1"])
async def test_what_is_put_before_others_says_of_which_day_it_is_true(database: Database, words: str) -> None:
    """It stays in their conversation as it is, and would be read as how it stands today."""
    async with world(database, "teams") as story:
        teacher, _ = await the_teacher(story)
        await teacher.report(WORDS, values=STAFFING)
        await story.wait_until(detroit("2026-10-07 22:30"))
        [inserted] = await teacher.query(words)
        assert "Where it stood on Wed, Oct 7, 2026: assigned" in str(inserted["content"])


@pytest.mark.parametrize("words", ["", "all", "substitutes", "1"])
async def test_a_restricted_challenge_is_not_offered_to_be_put_before_others(database: Database, words: str) -> None:
    """Not to those either who may see it: the number and where it stands would be read by all who are there."""
    async with world(database, "teams") as story:
        teacher, _ = await the_teacher(story)
        coordinator = await story.person("p-010")
        await teacher.report(WORDS, values=STAFFING)
        assert len(await coordinator.query(words)) == 1
        await coordinator.command("challenges 1")
        await coordinator.click("Who can see it")
        await coordinator.submit(
            {"Challenge 1": ["Only the coordinator, the owner, those who raised it and those admitted"]}
        )
        for person in (coordinator, teacher):
            assert await person.query(words) == []
            said = "Challenge 1 is restricted" if words == "1" else "No challenge that you may show to others"
            assert said in person.answer.text
        await coordinator.command("challenges all")
        assert WORDS in coordinator.answer.text


async def test_a_reaction_shows_the_card_and_logs_nothing(database: Database) -> None:
    async with world(database, "teams") as story:
        teacher, teams = await the_teacher(story)
        await teacher.report(WORDS, values=STAFFING)
        before = len(await story.history())
        await teacher.react(teacher.last_card)
        assert WORDS in str(teacher.answer)
        assert len(await story.history()) == before
        theirs = await teams.dm("Thank you!")  # it is no report, and a reaction on it is none either
        count = await story.count()
        await teams.react(theirs)
        assert await story.count() == count


@pytest.mark.parametrize(
    "failure",
    [{"status": 502}, {"status": 504}, {"status": 412}, {"retry_after": 20}, {"status": 500}, {"cut": True}],
    ids=lambda failure: "-".join(map(str, *failure.items())) if len(failure) == 1 else "",
)
async def test_what_teams_does_not_take_now_arrives_later(database: Database, failure: dict[str, float]) -> None:
    async with world(database, "teams") as story:
        assert story.teams is not None
        teacher, _ = await the_teacher(story)
        owner = await story.person("p-004")
        await teacher.command(f"/challenge {WORDS}")
        story.teams.fail("send", times=2, **failure)
        await teacher.submit(STAFFING)
        await story.wait_until(story.clock.at + timedelta(minutes=10))
        assert owner.titles() == ["Challenge 1: a challenge for you"]
        assert teacher.titles() == ["Challenge 1 is recorded"]
        await story.promises_hold()


async def test_a_token_that_has_run_out_and_keys_that_were_changed_are_no_trouble(database: Database) -> None:
    async with world(database, "teams") as story:
        assert story.teams is not None
        teacher, _ = await the_teacher(story)
        await teacher.report(WORDS, values=STAFFING)
        story.teams.revoke_tokens()
        await teacher.command("challenges 1")
        assert WORDS in str(teacher.answer)
        assert len(story.teams.called("token")) == 2


async def test_what_cannot_be_committed_is_not_acknowledged_and_taken_when_it_comes_again(database: Database) -> None:
    async with world(database, "teams") as story:
        assert story.teams is not None
        teacher, teams = await the_teacher(story)
        await teacher.command(f"/challenge {WORDS}")
        async with database.district(story.district_id) as connection:
            if not database.is_sqlite:
                await people.revision_and_ledger(connection, story.district_id, lock=True)
            story.teams.settle = None
            story.made.gateway.limit_s = LIMIT_S
            await teams.submit({})
            assert "nothing was recorded" in str(teams.form.errors if teams.form else "")
            assert teams.form is not None
            assert teams.form.values[WHAT] == WORDS
            await teams.dm("The printer of the training room is gone.")
            assert teams.answers[0].status == 503

        story.teams.settle = story.settle
        story.made.gateway.limit_s = PATIENCE_S
        await teams.redeliver()
        assert await story.count() == 1
        assert (await story.case()).title == "The printer of the training room is gone."
        await story.promises_hold()


async def test_a_form_is_answered_in_place_and_stays_answered(database: Database) -> None:
    async with world(database, "teams") as story:
        teacher, teams = await the_teacher(story)
        await teacher.command(f"/challenge {WORDS}")
        await teacher.submit(STAFFING)
        assert teams.form is None
        form = teams.ephemerals[0]
        assert form.buttons == ()
        assert form.post.edits == 1  # for every client of theirs, and for good
        await story.promises_hold()


async def test_help_shows_commands_as_they_are_typed_there(database: Database) -> None:
    """A slash would open Teams' own menu."""
    async with world(database, "teams") as story:
        coordinator = await story.person("p-010")
        for asked in ("help", "challenges help", "chalenges mine"):
            await coordinator.dm(asked)
            assert "challenges" in str(coordinator.answer)
            assert "/challenge" not in str(coordinator.answer)
        await coordinator.open_home()
        assert "/clearway" not in str(coordinator.home)


async def in_the_tab(story: World, person_id: str, **wanted: object) -> str:
    """What somebody is shown who has Home open in Teams, and presses there."""
    assert story.teams is not None
    assert story.tenant is not None
    now = SystemClock().now()
    tenant, app = story.tenant.id, story.tenant.app_id
    said = {
        "iss": f"{story.teams.login_url}/{tenant}/v2.0", "aud": f"api://clearway.example.org/botid-{app}", "tid": tenant,
        "oid": story.tenant.accounts[teams_account(person_id)].directory_id, "ver": "2.0", "nbf": now - timedelta(days=400),
        "exp": now + timedelta(days=400),
    }  # fmt: skip  # the story's clock stands in another month than ours
    headers = {"Authorization": f"Bearer {signing_key().sign(said)}"}
    url = story.teams.messages_url.replace("/api/messages", ASK_PATH)
    async with ClientSession() as session, session.post(url, json=wanted, headers=headers) as answer:
        assert answer.status == 200
        await story.settle()
        return await answer.text()


async def test_what_waits_is_done_on_home(database: Database) -> None:
    """The director takes it in the tab; the card in the chat shows it, and a second press of the same page does nothing."""
    async with world(database, "teams") as story:
        teacher, _ = await the_teacher(story)
        owner = await story.person("p-004")
        await owner.dm("challenges mine")  # who has never written is asked to say hello first
        await teacher.report(WORDS, values=STAFFING)
        home = await in_the_tab(story, "p-004", do="home.show")
        assert WORDS in home
        case = await story.case()
        shown = await in_the_tab(story, "p-004", do="show", about=case.id)
        assert "I&#x27;ll take it" in shown
        press = {"do": "take", "about": case.id, "version": case.challenge.version, "once": "page-1"}
        for _ in range(2):
            assert "With you" in await in_the_tab(story, "p-004", **press) or (await story.case()).challenge.taken_at
        assert [each.kind for each in await story.history()].count(Kind.TAKEN) == 1
        assert "I'll take it" not in owner.cards[0].buttons
        dialog = json.loads(await in_the_tab(story, "p-004", do="understand.form", about=case.id, once="page-2"))
        assert dialog["bot"] == story.tenant.app_id  # type: ignore[union-attr]
        for made_up in ("person.left", "account.gone", "registration.revoked"):
            await in_the_tab(story, "p-004", do=made_up, once="page-3")
        assert (await story.directory()).people[PersonId("p-004")].left_on is None
        await story.promises_hold()
