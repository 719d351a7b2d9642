"""What the coordinator can do to watch over the process."""

from storage.vocabulary import Authority, Kind, Status, Visibility
from tests.conformance.steps import (
    COORDINATOR,
    LEADER,
    OWNER,
    STAFFING,
    TEACHER,
    WHAT,
    WORDS,
    on_record,
    people,
    resolved,
    seen,
)
from tests.conformance.table import Chapter
from tests.world import World, detroit

WATCHING = Chapter("Watch over the process (the coordinator)")

WHO, REASON = "Who takes it?", "Why? It stands in the log."
RESTRICTED = "Only the coordinator, the owner, those who raised it and those admitted"


@WATCHING.shows("Sort what came without a type")
async def sort(story: World) -> None:
    teacher, coordinator = await people(story, TEACHER, COORDINATOR)
    await teacher.dm(WORDS)
    await coordinator.click("Sort it")
    await coordinator.submit(STAFFING)
    challenge = (await story.case()).challenge
    assert (challenge.status, challenge.owner_id) == (Status.ASSIGNED, OWNER)


@WATCHING.shows("Give a challenge to somebody, with a reason; people are found by a part of their name")
async def reassign(story: World) -> None:
    await on_record(story)
    coordinator, named = await people(story, COORDINATOR, "p-011")
    await coordinator.command("/challenges 1")
    await coordinator.click("Reassign")
    assert "Bea Thornquist" in await coordinator.find(WHO, "thornq")
    await coordinator.submit({WHO: "Bea Thornquist", REASON: "She ran the last search."})
    challenge = (await story.case()).challenge
    assert (challenge.owner_id, challenge.authority) == ("p-011", Authority.NAMED)
    await named.look()
    assert "Casey Lindqvist-Amara named Bea Thornquist." in named.last_card.text


@WATCHING.shows("Give several challenges at once")
async def reassign_several(story: World) -> None:
    for number in range(3):
        await on_record(story, words=f"{WORDS} {number}")
    coordinator = await story.person(COORDINATOR)
    await coordinator.command("/challenges 1")
    await coordinator.click("Reassign")
    await coordinator.submit(
        {"Which challenges? One number, or several": "1, 3", WHO: "Bea Thornquist", REASON: "Hers."}
    )
    assert [(await story.case(number)).challenge.owner_id for number in (1, 2, 3)] == ["p-011", OWNER, "p-011"]


@WATCHING.shows("Restrict who can see a challenge: it is nowhere for all others")
async def restrict(story: World) -> None:
    await on_record(story)
    coordinator, member, admitted = await people(story, COORDINATOR, "p-005", "p-006")
    await coordinator.command("/challenges 1")
    await coordinator.click("Who can see it")
    await coordinator.submit({"Challenge 1": [RESTRICTED], "Admit somebody": "Jonah Prescod"})
    assert (await story.case()).challenge.visibility is Visibility.RESTRICTED
    for person in (member, admitted):
        await person.command("/challenges all")
    assert WORDS not in seen(member)
    assert WORDS in seen(admitted)


@WATCHING.shows("Join two challenges that are one")
async def join(story: World) -> None:
    await on_record(story)
    await on_record(story, by="p-015")
    coordinator, other = await people(story, COORDINATOR, "p-015")
    await coordinator.command("/challenges 2")
    await coordinator.click("Join with another")
    await coordinator.submit({"Which challenge does it join? Its number": "1"})
    assert (await story.case(2)).challenge.status is Status.MERGED
    assert other.last_card.title == "Challenge 1: you joined"


@WATCHING.shows("Send what is no challenge to its desk; who raised it hears")
async def redirect(story: World) -> None:
    teacher, coordinator = await people(story, TEACHER, COORDINATOR)
    await teacher.dm("The new copier contract never came through for our building, ever.")
    await coordinator.click("Redirect")
    await coordinator.submit({"Where does it belong?": "Work order", "A word to those who raised it": "Walt does it."})
    assert (await story.case()).challenge.status is Status.REDIRECTED
    await story.wait_until(detroit("2026-10-07 09:00"))
    assert "Work order (Walt Grummond)" in seen(teacher)


@WATCHING.shows("Move where a challenge is discussed, with a reason")
async def move_the_venue(story: World) -> None:
    await on_record(story)
    coordinator = await story.person(COORDINATOR)
    await coordinator.command("/challenges 1")
    await coordinator.click("Move where it is discussed")
    await coordinator.submit({"Which team discusses it?": "Executive Cabinet", REASON: "It needs money."})
    assert (await story.case()).challenge.venue == "cabinet"


@WATCHING.shows("Enter a challenge for somebody who called; they get every follow-up")
async def enter_for_a_caller(story: World) -> None:
    coordinator, caller = await people(story, COORDINATOR, "p-027")
    await coordinator.command("/clearway")
    await coordinator.click("Enter for a caller")
    await coordinator.submit({"Who called?": "Carmen Duque", WHAT: WORDS, **STAFFING})
    assert [each.person_id for each in (await story.case()).reporters] == ["p-027"]
    assert caller.last_card.title == "Challenge 1 is recorded for you"


@WATCHING.shows("Put in a substitute for a time")
async def substitute(story: World) -> None:
    coordinator, substitute, teacher = await people(story, COORDINATOR, "p-011", TEACHER)
    await coordinator.command("/clearway away")
    await coordinator.submit(
        {"First day": "2026-10-06", "Last day": "2026-10-16", "Who stands in for you?": "Bea Thornquist"}
    )
    assert substitute.last_card.title == "You stand in"
    await teacher.dm("Nobody knows who orders the posters for the hallway.")
    assert (await story.case()).challenge.owner_id == "p-011"


@WATCHING.shows("Somebody's account is switched off: what they hold moves on at once")
async def account_switched_off(story: World) -> None:
    await on_record(story)
    owner, leader = await people(story, OWNER, LEADER)
    await owner.leave()
    challenge = (await story.case()).challenge
    assert challenge.owner_id == LEADER
    assert "has left" in str(challenge.why)
    assert leader.last_card.title == "Challenge 1: a challenge for you"


@WATCHING.shows("Undo a slip within ten minutes")
async def undo(story: World) -> None:
    await on_record(story)
    owner = await story.person(OWNER)
    await owner.click("Still blocked")
    assert (await story.case()).helpers
    await owner.click("Undo")
    assert not (await story.case()).helpers
    kinds = [each.kind for each in await story.history()]
    assert kinds[-2:] == [Kind.ESCALATED, Kind.UNDONE]


@WATCHING.shows("Have what is for a team posted in its channel: what was addressed, and not who raised it")
async def team_room(story: World) -> None:
    teacher, _ = await resolved(story)
    coordinator = await story.person(COORDINATOR)
    await coordinator.command("/clearway here dit", channel="dit")
    assert "News for the team comes here" in await coordinator.reads("dit")
    await teacher.click("Yes, it was addressed")
    posted = await coordinator.reads("dit")
    assert "Challenge 1 was addressed" in posted
    assert "A substitute is hired." in posted
    await coordinator.command("/clearway here off", channel="dit")
    await teacher.click("It is not gone")
    await teacher.submit({"What is still in the way? (optional)": "It came back."})
