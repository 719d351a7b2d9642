"""Asking how things stand, and cards that tell the truth."""

from storage.vocabulary import Kind
from tests.conformance.steps import COORDINATOR, OWNER, SCOPE, TEACHER, WORDS, on_record, people, seen
from tests.conformance.table import Chapter
from tests.world import World

ASKING = Chapter("Ask how things stand")
CARDS = Chapter("Trust what you see")


@ASKING.shows("List challenges with plain words, in any order")
async def list_with_words(story: World) -> None:
    teacher = await on_record(story)
    for words, found in (("", True), ("reported type staffing", True), ("at cedar", True), ("closed", False)):
        await teacher.command(f"/challenges {words}")
        assert (WORDS in str(teacher.answer)) is found, words


@ASKING.shows("Be told which word was not understood, and which would have been")
async def not_understood(story: World) -> None:
    teacher = await story.person(TEACHER)
    await teacher.command("/challenges frobnicate")
    assert "frobnicate" in str(teacher.answer)
    assert "overdue" in str(teacher.answer)


@ASKING.shows("See one challenge by its number, with its history")
async def one_by_number(story: World) -> None:
    teacher = await on_record(story)
    await teacher.command("/challenges 1")
    for said in (WORDS, "History", "Ellie Marsh raised it", "it went to Ramon Ibarra-Keough"):
        assert said in str(teacher.answer)


@ASKING.shows("Press a line of the list to see that one")
async def show_from_the_list(story: World) -> None:
    teacher = await on_record(story)
    await teacher.command("/challenges all")
    await teacher.click("Show 1")
    assert "Ellie Marsh raised it" in seen(teacher)


@ASKING.shows("See what happens next, and when")
async def what_next(story: World) -> None:
    teacher = await on_record(story)
    await teacher.click("What happens next")
    assert "Challenge 1: what happens next" in seen(teacher)
    assert "Ramon Ibarra-Keough is asked to take it" in seen(teacher)


@ASKING.shows("Get help by role")
async def help_by_role(story: World) -> None:
    teacher, coordinator = await people(story, TEACHER, COORDINATOR)
    for person in (teacher, coordinator):
        await person.command("/clearway help")
        assert "challenge" in str(person.answer)
    assert "The coordinator" not in str(teacher.answer)
    assert "The coordinator" in str(coordinator.answer)


@ASKING.shows("Open Home: what needs you now")
async def home(story: World) -> None:
    await on_record(story)
    owner = await story.person(OWNER)
    await owner.open_home()
    assert owner.home is not None
    assert "With you" in str(owner.home)
    assert WORDS in str(owner.home)


@ASKING.shows("Read the district's process")
async def process(story: World) -> None:
    teacher = await story.person(TEACHER)
    await teacher.command("/clearway process")
    assert "District Process to Address Implementation Challenges, version 1.0" in str(teacher.answer)


@ASKING.shows("Choose where Clearway writes to you, when you are on both platforms", both=True)
async def settings(story: World) -> None:
    owner = await story.person(OWNER)  # has an account on both
    await owner.command("/clearway settings")
    await owner.submit({"Where shall I write to you?": "Slack"})
    assert "From now on I write to you in Slack." in seen(owner)


@ASKING.shows("Ask in a channel, and get the answer where nobody else reads it")
async def ask_in_a_channel(story: World) -> None:
    await on_record(story)
    teacher, colleague = await people(story, TEACHER, "p-024")
    await teacher.command("/challenges reported", channel="cedar-flats-staff")
    assert WORDS in str(teacher.answer)
    assert WORDS not in await colleague.reads("cedar-flats-staff")


@ASKING.shows("Ask in plain words in a direct message, and get a list instead of a report")
async def ask_in_a_message(story: World) -> None:
    teacher = await on_record(story)
    await teacher.dm("challenges reported")
    assert WORDS in seen(teacher)
    assert await story.count() == 1


@ASKING.shows("Find a challenge while you write to a colleague, and insert it")
async def insert_a_challenge(story: World) -> None:
    teacher = await on_record(story)
    await on_record(story, by="p-015", words="Two kits are missing.")
    found = await teacher.query("substitutes")
    assert len(found) == 1
    assert WORDS in str(found[0])


@ASKING.shows("React to a card to see its challenge")
async def react_to_a_card(story: World) -> None:
    await on_record(story)
    owner = await story.person(OWNER)
    await owner.react(owner.last_card)
    assert "Ellie Marsh raised it" in str(owner.answer)
    assert await story.count() == 1


@CARDS.shows("A card changes where it stands, when the challenge does")
async def edited_in_place(story: World) -> None:
    await on_record(story)
    teacher, owner = await people(story, TEACHER, OWNER)
    cards = len(teacher.cards)
    await owner.click("I understand it")
    await owner.submit({SCOPE: "Six schools."})
    await teacher.look()
    assert len(teacher.cards) == cards
    assert "has confirmed how big it is" in teacher.cards[0].text


@CARDS.shows("A press on a card that is no longer true tells what is true now")
async def an_old_card(story: World) -> None:
    await on_record(story)
    owner, coordinator = await people(story, OWNER, COORDINATOR)
    await coordinator.command("/challenges 1")
    await coordinator.click("Reassign")
    with story.nothing_shown():
        await coordinator.submit({"Who takes it?": "Bea Thornquist", "Why? It stands in the log.": "She knows it."})
        await owner.click("Still blocked")
    assert (await story.case()).challenge.owner_id == "p-011"
    assert "Only Bea Thornquist, who leads this challenge, can do that." in str(owner.answer)
    assert Kind.ESCALATED not in [each.kind for each in await story.history()]


@CARDS.shows("A form that is no longer true says so, and keeps what you typed")
async def an_old_form(story: World) -> None:
    await on_record(story)
    owner, coordinator = await people(story, OWNER, COORDINATOR)
    await owner.click("I understand it")
    await coordinator.command("/challenges 1")
    await coordinator.click("Reassign")
    await coordinator.submit({"Who takes it?": "Bea Thornquist", "Why? It stands in the log.": "She knows it."})
    await owner.submit({SCOPE: "A long and careful answer."})
    assert owner.form.errors
    assert owner.form.values[SCOPE] == "A long and careful answer."


@CARDS.shows("A double click, or a press that is delivered twice, counts once")
async def once(story: World) -> None:
    await on_record(story)
    owner = await story.person(OWNER)
    await owner.click("I'll take it", copies=5)
    await owner.redeliver()
    await owner.click("Still blocked", copies=5)
    kinds = [each.kind for each in await story.history()]
    assert (kinds.count(Kind.TAKEN), kinds.count(Kind.ESCALATED)) == (1, 1)


@CARDS.shows("A form that is sent twice counts once")
async def form_once(story: World) -> None:
    teacher = await story.person(TEACHER)
    await teacher.command(f"/challenge {WORDS}")
    await teacher.submit({}, copies=5)
    assert await story.count() == 1
    assert teacher.titles() == ["Challenge 1 is recorded"]
