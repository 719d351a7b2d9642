"""Raising a challenge, and what a reporter can do with it."""

from storage.vocabulary import Door, Kind, Status
from tests.conformance.steps import (
    COLLEAGUE,
    CONFIDENTIAL,
    COORDINATOR,
    LEADER,
    OWNER,
    STAFFING,
    TEACHER,
    WHAT,
    WORDS,
    on_record,
    people,
    seen,
)
from tests.conformance.table import Chapter
from tests.world import NotOfferedError, World, detroit

DOORS = Chapter("Raise a challenge")
WITH_IT = Chapter("With a challenge that you raised")


@DOORS.shows("Report by a command: a form opens, filled with what you typed")
async def by_command(story: World) -> None:
    teacher = await story.person(TEACHER)
    await teacher.command(f"/challenge {WORDS}")
    assert teacher.form.values[WHAT] == WORDS
    await teacher.submit(STAFFING)
    challenge = (await story.case()).challenge
    assert challenge.status is Status.ASSIGNED
    assert challenge.door is Door.COMMAND


@DOORS.shows("Report from the menu of a message: its words and the link to it go in")
async def from_a_message(story: World) -> None:
    teacher, colleague = await people(story, TEACHER, COLLEAGUE)
    post = await colleague.say(WORDS, "cedar-flats-staff")
    await teacher.report_message(post)
    assert teacher.form.values[WHAT] == WORDS
    await teacher.submit()
    case = await story.case()
    assert case.challenge.door is Door.MESSAGE_SHORTCUT
    assert [each.person_id for each in case.reporters] == [TEACHER]
    assert case.reporters[0].link


@DOORS.shows("Report from anywhere, with the app's own entry of the menu")
async def from_the_menu(story: World) -> None:
    teacher = await story.person(TEACHER)
    await teacher.shortcut()
    await teacher.submit({WHAT: WORDS, **STAFFING})
    assert (await story.case()).challenge.door is Door.GLOBAL_SHORTCUT


@DOORS.shows("Report by a direct message; it is recorded as it stands, and the coordinator sorts it")
async def by_direct_message(story: World) -> None:
    teacher = await story.person(TEACHER)
    await teacher.dm(WORDS)
    case = await story.case()
    assert (case.challenge.door, case.challenge.owner_id, case.title) == (Door.DIRECT_MESSAGE, COORDINATOR, WORDS)
    assert teacher.last_card.buttons[:2] == ("Add details", "Not a report")


@DOORS.shows("The card of a report by direct message links to the message")
async def link_to_a_direct_message(story: World) -> None:
    teacher = await story.person(TEACHER)
    await teacher.dm(WORDS)
    if not (await story.case()).reporters[0].link:
        raise NotOfferedError("Nothing leads to that message")
    await teacher.command("/challenges 1")
    assert "The message it came from" in seen(teacher)


@DOORS.shows("Report by mentioning Clearway in a channel")
async def by_mention(story: World) -> None:
    teacher = await story.person(TEACHER)
    await teacher.mention(WORDS, "cedar-flats-staff")
    case = await story.case()
    assert (case.challenge.door, case.title) == (Door.MENTION, WORDS)
    assert teacher.last_card.title == "Challenge 1 is recorded"


@DOORS.shows("Get a receipt: who has it, why, and when you will hear")
async def receipt(story: World) -> None:
    teacher = await on_record(story)
    assert teacher.last_card.title == "Challenge 1 is recorded"
    for said in ("Ramon Ibarra-Keough", "process 1.0, rule", "It is looked at again on"):
        assert said in teacher.last_card.text


@DOORS.shows("Report in confidence: only the coordinator learns your name")
async def in_confidence(story: World) -> None:
    await on_record(story, **CONFIDENTIAL)
    owner, leader, coordinator = await people(story, OWNER, LEADER, COORDINATOR)
    assert owner.last_card.title == "Challenge 1: a challenge for you"
    for person in (owner, leader, coordinator):
        await person.command("/challenges 1")
    assert "Ellie Marsh" not in seen(owner) + seen(leader)
    assert "Ellie Marsh" in str(coordinator.answer)


@DOORS.shows("See what is missing inside the form; what you typed stays")
async def mistakes_in_the_form(story: World) -> None:
    teacher = await story.person(TEACHER)
    await teacher.command("/challenge")
    await teacher.submit({WHAT: WORDS, "Type": "Staffing", "Money asked for, in dollars": "99999999999"})
    assert list(teacher.form.errors) == ["Money asked for, in dollars"]
    assert (teacher.form.values[WHAT], teacher.form.values["Type"]) == (WORDS, "Staffing")
    assert await story.count() == 0
    await teacher.submit({"Money asked for, in dollars": "4800"})
    assert (await story.case()).challenge.amount_usd == 4800


STUDENT = "Jaxon Tillery in 4B threw a chair again. Nobody here can score the screener."


@DOORS.shows("Be warned before student information is recorded, and send a safe text instead")
async def student_information_in_a_message(story: World) -> None:
    teacher = await story.person("p-016")
    await teacher.dm(STUDENT)
    assert await story.count() == 0
    assert "Nothing is recorded yet" in str(teacher.reply_to_message)
    await teacher.click("Send it like this")
    assert "screener" in (await story.case()).title
    assert "Jaxon" not in (await story.case()).title


@DOORS.shows("The same in a form, which stays open for other words")
async def student_information_in_a_form(story: World) -> None:
    teacher = await story.person("p-016")
    await teacher.command("/challenge")
    await teacher.submit({WHAT: STUDENT, **STAFFING})
    assert teacher.form.title == "Check your words"
    assert "Jaxon" not in str(teacher.form.values)
    await teacher.submit({WHAT: "Nobody here can score the screener."})
    assert (await story.case()).title == "Nobody here can score the screener."


@DOORS.shows("Hear that held words are gone, when a day has passed without an answer")
async def held_words_lapse(story: World) -> None:
    teacher = await story.person("p-016")
    await teacher.dm(STUDENT)
    await story.wait_until(detroit("2026-10-07 17:00"))
    assert await story.count() == 0
    assert "Nothing was recorded" in seen(teacher)


@DOORS.shows("Get the district's crisis text at once when a student may be in danger; nothing is stored")
async def crisis_text(story: World) -> None:
    teacher = await story.person("p-016")
    await teacher.dm("One of my students says she wants to kill herself")
    assert "Call the building office and follow the crisis card now" in str(teacher.reply_to_message)
    assert "Nobody is watching this chat" in str(teacher.reply_to_message)
    assert await story.count() == 0


@DOORS.shows("Be shown the right desk for what is none, and report it anyway")
async def another_desk(story: World) -> None:
    teacher = await story.person("p-019")
    await teacher.dm("heater in rm 114 is making that noise again")
    assert await story.count() == 0
    assert "Walt Grummond" in str(teacher.reply_to_message)
    await teacher.click("Report it anyway")
    assert (await story.case()).title == "heater in rm 114 is making that noise again"


@DOORS.shows("Be asked, while a question waits for you, whether a message answers it or reports something new")
async def answer_or_report(story: World) -> None:
    teacher, owner = await people(story, TEACHER, OWNER)
    await on_record(story)
    await owner.click("Question")
    await owner.submit({"Your question to those who raised it": "Which days?"})
    await teacher.dm("Tuesdays and Fridays, every week.")
    assert await story.count() == 1
    await teacher.click("It is about challenge 1")
    assert owner.last_card.title == "Challenge 1: your question is answered"


@WITH_IT.shows("Add details")
async def add_details(story: World) -> None:
    teacher = await story.person(TEACHER)
    await teacher.dm(WORDS)
    await teacher.click("Add details")
    await teacher.submit({"What has your team tried?": "We swapped planning periods.", **STAFFING})
    case = await story.case()
    assert (case.challenge.status, case.challenge.owner_id) == (Status.ASSIGNED, OWNER)
    assert "We swapped planning periods." in [each.text for each in case.words]


@WITH_IT.shows("Say that a message was no report")
async def not_a_report(story: World) -> None:
    teacher = await story.person(TEACHER)
    await teacher.dm("Lunch was great today, the new menu is a hit with everybody.")
    await teacher.click("Not a report")
    assert (await story.case()).challenge.status is Status.WITHDRAWN


@WITH_IT.shows("Withdraw it, after being asked once whether you are sure")
async def withdraw(story: World) -> None:
    teacher = await on_record(story)
    await teacher.click("Withdraw")
    assert (await story.case()).challenge.status is Status.WITHDRAWN


@WITH_IT.shows("Join a colleague's challenge: “Me too”")
async def me_too(story: World) -> None:
    await on_record(story)
    colleague = await story.person(COLLEAGUE)
    await colleague.command("/challenges 1")
    await colleague.click("Me too")
    await colleague.submit({"What do you see? (optional)": "Eleven visits cancelled."})
    assert [each.person_id for each in (await story.case()).reporters] == [TEACHER, COLLEAGUE]
    assert colleague.last_card.title == "Challenge 1: you joined"


@WITH_IT.shows("Reply to a card to add a note")
async def reply_to_a_card(story: World) -> None:
    teacher = await on_record(story)
    await teacher.reply("One box came today, still short one section.", teacher.last_card)
    case = await story.case()
    assert await story.count() == 1
    assert [each.text for each in case.words if each.field == "note"] == [
        "One box came today, still short one section."
    ]


@WITH_IT.shows("Change your message: you are offered to let the change go in")
async def edit_the_message(story: World) -> None:
    teacher = await story.person(TEACHER)
    post = await teacher.dm(WORDS)
    await teacher.edit(post, "No substitutes, and no coach either.")
    assert (await story.case()).title == WORDS
    assert "You changed your message" in seen(teacher)


@WITH_IT.shows("Delete your message: the challenge stays, without a link to it")
async def delete_the_message(story: World) -> None:
    teacher = await story.person(TEACHER)
    post = await teacher.dm(WORDS)
    await teacher.delete(post)
    case = await story.case()
    assert (case.title, case.reporters[0].link) == (WORDS, None)
    assert "The message it came from" not in seen(teacher)


@WITH_IT.shows("Answer the owner's question, whose clock stands still until then")
async def question_and_answer(story: World) -> None:
    teacher, owner = await people(story, TEACHER, OWNER)
    await on_record(story)
    await owner.click("Question")
    await owner.submit({"Your question to those who raised it": "Which days?"})
    assert teacher.last_card.title == "Challenge 1: a question for you"
    assert "Which days?" in teacher.last_card.text
    await teacher.click("Answer")
    await teacher.submit({"Your answer": "Tuesdays and Fridays."})
    assert (await story.case()).challenge.asked_at is None
    assert "Tuesdays and Fridays." in owner.last_card.text
    assert Kind.ANSWERED in [each.kind for each in await story.history()]
