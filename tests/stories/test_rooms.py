"""A team's room: a channel or group chat in which Clearway posts what is for the team, because somebody asked it there."""

from datetime import datetime

import pytest
from sqlalchemy import select

from handlers.request import Identity, Inbound, Source
from storage import rooms as storage_rooms
from storage.database import Database
from storage.directory import Room
from storage.models import Event, Message, table
from storage.vocabulary import Door, Kind, Platform
from tests.conformance.steps import COORDINATOR, SCOPE, TEACHER, on_record, people, resolved
from tests.stories.platforms import IN_CHAT, ON_SLACK, ON_TEAMS
from tests.world import Actor, World, detroit, teams_account, world

RESTRICTED = "Only the coordinator, the owner, those who raised it and those admitted"
STILL = "What is still in the way? (optional)"


async def rooms(story: World) -> tuple[Room, ...]:
    return (await story.directory()).rooms


async def comes_to(database: Database, story: World, room: Room) -> set[tuple[str, datetime]]:
    """To whom goes what the room did not take, and when."""
    of = table(Message)
    async with database.district(story.district_id, write=False) as connection:
        rows = await connection.execute(select(of.c.person_id, of.c.send_at).where(of.c.item_id == room.id))
        return {(row.person_id, row.send_at) for row in rows}


async def addressed(story: World, **values: object) -> tuple[Actor, Actor]:
    """The DIT has a room, and a challenge on its agenda was addressed. Teacher and coordinator."""
    teacher, _ = await resolved(story, **values)
    coordinator = await story.person(COORDINATOR)
    await coordinator.command("/clearway here dit", channel="dit")
    await teacher.click("Yes, it was addressed")
    return teacher, coordinator


@IN_CHAT
async def test_what_stands_there_is_edited_when_it_opens_again_and_when_it_is_restricted(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        teacher, coordinator = await addressed(story)
        await teacher.click("It is not gone")
        await teacher.submit({STILL: "It came back."})
        posted = await coordinator.reads("dit")
        assert "Challenge 1 is open again" in posted
        assert "A substitute is hired." not in posted
        await coordinator.command("/challenges 1")
        await coordinator.click("Who can see it")
        await coordinator.submit({"Challenge 1": [RESTRICTED]})
        posted = await coordinator.reads("dit")
        assert "not for everybody any more" in posted
        assert "Challenge 1" not in posted
        await story.promises_hold()


@ON_TEAMS
@pytest.mark.parametrize("since", [["here off"], ["here off", "here dit"], ["here dit"]], ids=", ".join)
async def test_what_is_restricted_goes_from_the_room_also_when_it_was_linked_anew(
    database: Database, platform: str, since: list[str]
) -> None:
    async with world(database, platform) as story:
        _, coordinator = await addressed(story)
        for words in since:
            await coordinator.command(f"/clearway {words}", channel="dit")
        await coordinator.command("/challenges 1")
        await coordinator.click("Who can see it")  # also when it is closed
        await coordinator.submit({"Challenge 1": [RESTRICTED]})
        posted = await coordinator.reads("dit")
        assert "not for everybody any more" in posted
        assert "A substitute is hired." not in posted


@ON_SLACK
async def test_what_is_about_the_conduct_of_somebody_is_never_posted(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher, coordinator = await people(story, TEACHER, COORDINATOR)
        await on_record(story)
        await coordinator.command("/clearway here dit", channel="dit")
        await coordinator.command("/challenges 1")
        await coordinator.click("Sort it anew")
        await coordinator.submit({"Is it about how somebody behaved? Whom?": "Theo Brackenridge"})
        owner = await story.person(str((await story.case()).challenge.owner_id))
        await owner.click("I understand it")
        await owner.submit({SCOPE: "One school."})
        await owner.click("Resolved")
        await owner.submit({"What was done?": "A talk."})
        await teacher.click("Yes, it was addressed")
        assert (await story.case()).challenge.status == "closed"
        assert "Challenge 1" not in await coordinator.reads("dit")


@ON_TEAMS
async def test_a_room_says_what_became_of_it_after_all(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher, coordinator = await addressed(story)
        await teacher.click("It is not gone")
        await teacher.submit({STILL: "It came back."})
        await teacher.command("/challenges 1")
        await teacher.click("Withdraw")
        posted = await coordinator.reads("dit")
        assert "Now it is: withdrawn" in posted
        assert "open again" not in posted


@ON_SLACK
async def test_what_is_restricted_or_closed_unconfirmed_is_never_posted(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher, _ = await resolved(story)
        coordinator = await story.person(COORDINATOR)
        await coordinator.command("/clearway here dit", channel="dit")
        await coordinator.command("/challenges 1")
        await coordinator.click("Who can see it")
        await coordinator.submit({"Challenge 1": [RESTRICTED]})
        await teacher.click("Yes, it was addressed")
        assert "Challenge 1" not in await coordinator.reads("dit")


@ON_TEAMS
async def test_in_the_evening_a_room_is_quiet(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        teacher, _ = await resolved(story)
        coordinator = await story.person(COORDINATOR)
        await coordinator.command("/clearway here dit", channel="dit")
        await story.wait_until(detroit("2026-10-06 20:00"))
        await teacher.click("Yes, it was addressed")
        assert "was addressed" not in await coordinator.reads("dit")
        await story.wait_until(detroit("2026-10-07 09:00"))
        assert "Challenge 1 was addressed" in await coordinator.reads("dit")


@ON_SLACK
async def test_a_confidential_reporter_is_not_named(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        _, coordinator = await addressed(story, **{"Your name": ["Show my name to the coordinator only"]})
        posted = await coordinator.reads("dit")
        assert "Challenge 1 was addressed" in posted
        assert "Marsh" not in posted


async def test_a_channel_that_clearway_is_not_in_is_lost_and_its_news_comes_to_who_asked(database: Database) -> None:
    """On Slack a command works in every channel, and a post only where the app was added."""
    async with world(database, "slack") as story:
        teacher, _ = await resolved(story)
        lead = await story.person(COORDINATOR)
        assert story.workspace is not None
        story.workspace.channel("elsewhere", with_bot=False)
        await lead.command("/clearway here dit", channel="elsewhere")
        await story.wait_until(detroit("2026-10-07 09:00"))
        assert "A team's room was lost" in "\n".join(str(each) for each in lead.cards)
        [room] = await rooms(story)
        assert room.lost_at is not None
        await teacher.click("Yes, it was addressed")
        assert await comes_to(database, story, room) == {("p-010", detroit("2026-10-08 07:45"))}

        await lead.command("/clearway here dit", channel="dit")  # mended
        assert "News for the team comes here" in await lead.reads("dit")
        assert [each.lost_at for each in await rooms(story)] == [None]


async def test_on_teams_a_channel_and_a_group_chat_are_known_from_verified_messages(database: Database) -> None:
    async with world(database, "teams") as story:
        assert story.tenant is not None
        lead = await story.person(COORDINATOR)
        await lead.command("clearway here dit", channel="General")
        [room] = await rooms(story)
        assert (room.platform, room.conversation_id) == (Platform.TEAMS, story.tenant.channel("General").id)
        group = story.tenant.group_chat("Planning")
        await lead.driver.mention("clearway here dit", group)
        await story.settle()
        [room] = await rooms(story)  # one for each team and platform: the last that was asked for
        assert room.conversation_id == group.id
        assert "News for the team comes here" in str([each.activity for each in lead.driver.in_channel(group)])


async def test_a_team_has_a_room_on_each_platform(database: Database) -> None:
    async with world(database, "slack", platforms={"p-002": "teams"}) as story:
        teacher, _ = await resolved(story)
        on_slack, on_teams = await people(story, COORDINATOR, "p-002")
        await on_slack.command("/clearway here dit", channel="dit")
        await on_teams.command("clearway here dit", channel="General")
        await teacher.click("Yes, it was addressed")
        assert "Challenge 1 was addressed" in await on_slack.reads("dit")
        assert "Challenge 1 was addressed" in await on_teams.reads("General")


@ON_TEAMS
async def test_who_leads_no_team_is_told_who_may_and_who_leads_one_links_that(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        teacher, principal, coordinator = await people(story, TEACHER, "p-021", COORDINATOR)
        await teacher.command("/clearway here dit", channel="dit")
        assert "Only the coordinator, an executive leader, and who leads a team" in str(teacher.answer)
        await principal.command("/clearway here dit", channel="cedar-flats-staff")
        assert "I know no team “dit” of yours." in str(principal.answer)
        await coordinator.command("/clearway here dit", channel="dit")
        await principal.command("/clearway here off", channel="dit")
        assert "is posted here still" in str(principal.answer)
        assert [each.team_id for each in await rooms(story)] == ["dit"]
        await coordinator.command("/clearway here off", channel="dit")
        await principal.command("/clearway here", channel="cedar-flats-staff")
        assert [(each.team_id, each.linked_by) for each in await rooms(story)] == [("slt-cedar", "p-021")]


@ON_SLACK
async def test_a_room_is_asked_for_in_the_room(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        coordinator = await story.person(COORDINATOR)
        await coordinator.dm("clearway here dit")
        assert "This is our own chat" in str(coordinator.reply_to_message)
        await coordinator.command("/clearway here", channel="dit")
        assert "Which team?" in str(coordinator.answer)
        await coordinator.command("/clearway here off", channel="dit")
        assert "Nothing of a team is posted here." in str(coordinator.answer)
        assert not await rooms(story)


@pytest.mark.parametrize("platform", ["slack", "teams"])
async def test_who_linked_a_room_and_when_is_in_the_history(database: Database, platform: str) -> None:
    async with world(database, platform) as story:
        coordinator = await story.person(COORDINATOR)
        await on_record(story)
        await coordinator.command("/clearway here dit", channel="dit")
        await coordinator.command("/clearway here off", channel="dit")
        of = table(Event)
        async with database.district(story.district_id, write=False) as connection:
            kinds = list(await connection.scalars(select(of.c.kind).order_by(of.c.seq)))
        assert kinds[-2:] == [Kind.ROOM_LINKED, Kind.ROOM_UNLINKED]


async def test_a_room_is_never_asked_for_by_what_a_client_has_made_up(database: Database) -> None:
    """A form of Teams says itself where it was opened; so it could name any channel that Clearway is in."""
    async with world(database, "teams") as story:
        assert story.tenant is not None
        channel = story.tenant.channel("Leaders").id
        principal = await story.person("p-021")
        identity = Identity(Platform.TEAMS, story.tenant.id, teams_account("p-021"))
        source = Source(channel, direct=False)
        for key in ("form:1", "button:::0:room.here"):
            made_up = Inbound(identity, "room.here", Door.COMMAND, key, text="here slt-cedar", source=source)
            answer = await story.made.gateway.handle(made_up)
            assert answer.card is not None
            assert "no longer in use" in answer.card.fallback()
        assert not await rooms(story)
        assert not principal.driver.in_channel("Leaders")


@ON_TEAMS
async def test_what_a_lost_room_would_have_said_keeps_to_the_hours_and_the_rights_of_its_reader(
    database: Database, platform: str
) -> None:
    async with world(database, platform) as story:
        teacher, _ = await addressed(story)
        async with database.queue() as connection:
            [room] = await rooms(story)
            await storage_rooms.mark_lost(connection, story.district_id, room.id, story.clock.now())
        await teacher.click("It is not gone")
        await teacher.submit({STILL: "It came back."})
        owner = await story.person("p-004")
        await owner.click("I understand it")
        await owner.submit({SCOPE: "One school."})
        await owner.click("Resolved")
        await owner.submit({"What was done?": "Another one is hired."})
        await story.wait_until(detroit("2026-10-06 18:00"))
        await teacher.click("Yes, it was addressed")
        await story.wait_until(detroit("2026-10-07 07:35"))
        assert await comes_to(database, story, room) == {("p-010", detroit("2026-10-07 07:45"))}


async def test_whoever_reacts_to_a_post_is_shown_its_challenge(database: Database) -> None:
    async with world(database, "teams") as story:
        await addressed(story)
        owner = await story.person("p-004")
        [*_, posted] = owner.driver.in_channel("dit")
        await owner.react(posted)
        assert "Nothing more will happen unless it is raised again." in str(owner.last_card)
