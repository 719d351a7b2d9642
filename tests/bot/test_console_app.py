"""The console over HTTP: plain forms, answered where the person is looking, and nobody else's page can press anything."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

import aiohttp
import pytest

from bot.console.guard import COOKIE, HEADERS
from bot.gateway import NotCommittedError
from handlers.cards.model import Card, Option, Text
from handlers.request import Inbound, Reply, Source
from storage.database import Database
from storage.vocabulary import Door
from tests.bot.console_stand import EVERY_ELEMENT, EVERY_FIELD, NOW, Stand, standing
from tests.fakes.console import ConsolePerson, filled, read

THANKS = Reply(card=Card("Thank you", (Text("It is recorded."),)))
FORM = Reply(form=EVERY_FIELD)


@pytest.fixture
async def stand(database: Database) -> AsyncIterator[Stand]:
    async with standing(database) as stand:
        yield stand


@pytest.fixture
async def person(stand: Stand) -> AsyncIterator[Callable[[str], Awaitable[ConsolePerson]]]:
    people: list[ConsolePerson] = []

    async def arrive(person_id: str) -> ConsolePerson:
        people.append(ConsolePerson(stand.url, person_id))
        await people[-1].open("")
        return people[-1]

    yield arrive
    for each in people:
        await each.close()


@pytest.fixture
async def tess(person: Callable[[str], Awaitable[ConsolePerson]]) -> ConsolePerson:
    return await person("teacher")


@pytest.fixture
async def ivy(person: Callable[[str], Awaitable[ConsolePerson]]) -> ConsolePerson:
    return await person("principal")


@pytest.fixture
async def browser(stand: Stand) -> AsyncIterator[aiohttp.ClientSession]:
    """A browser that follows nothing by itself."""
    async with aiohttp.ClientSession(stand.url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


# -- saying ------------------------------------------------------------------------------------------------------------


async def test_a_direct_message_reaches_the_gateway_and_stands_in_the_chat(stand: Stand, tess: ConsolePerson) -> None:
    await tess.dm("The bus is late.\nEvery day.")
    assert (stand.gateway.last.action, stand.gateway.last.text) == ("message.direct", "The bus is late.\nEvery day.")
    assert [each.text for each in tess.posts] == ["The bus is late.\nEvery day."]


async def test_an_answer_is_shown_privately_where_the_person_is(
    stand: Stand, tess: ConsolePerson, ivy: ConsolePerson
) -> None:
    stand.gateway.answers["message.mention"] = THANKS
    await tess.mention("no room for interventions", "#maple-staff")
    assert [str(each) for each in tess.ephemerals] == ["Thank you\nIt is recorded."]
    await ivy.open("maple-staff")
    assert [each.text for each in ivy.posts] == ["@Clearway no room for interventions"]
    assert not ivy.ephemerals


async def test_a_private_answer_can_be_put_away(stand: Stand, tess: ConsolePerson) -> None:
    stand.gateway.answers["log.ask"] = THANKS
    await tess.command("/challenges mine")
    await tess.put_away(tess.ephemerals[0])
    assert not tess.ephemerals


async def test_ordinary_talk_is_only_talk(stand: Stand, tess: ConsolePerson) -> None:
    await tess.say("Lovely assembly today", "Oak Staff/General")
    assert not stand.gateway.came
    assert [each.author for each in tess.posts] == ["Tess Harlow"]


async def test_nothing_at_all_is_not_said(stand: Stand, tess: ConsolePerson) -> None:
    await tess.dm("   ")
    assert not stand.gateway.came
    assert not tess.posts


async def test_a_command_is_answered_privately_and_is_no_post(stand: Stand, tess: ConsolePerson) -> None:
    stand.gateway.answers["log.ask"] = THANKS
    await tess.command("/challenges overdue", channel="#dit")
    assert (stand.gateway.last.text, stand.gateway.last.door) == ("overdue", Door.COMMAND)
    assert not tess.posts
    assert [each.title for each in tess.ephemerals] == ["Thank you"]


async def test_a_reply_to_a_card_is_said_in_its_thread(stand: Stand, tess: ConsolePerson) -> None:
    await stand.rooms.tell("@teacher", EVERY_ELEMENT, delivery_id="d1")
    await tess.look()
    await tess.reply("Since Monday it is twice a day.", tess.last_card)
    came = stand.gateway.last
    assert (came.action, came.door, came.source.thread_id) == ("message.direct", Door.THREAD, tess.last_card.post)
    await tess.reply("And on Friday.", tess.posts[0])
    assert stand.gateway.last.source.thread_id == tess.last_card.post


async def test_a_message_links_to_its_post_for_those_who_may_see_it(
    stand: Stand, tess: ConsolePerson, ivy: ConsolePerson, browser: aiohttp.ClientSession
) -> None:
    await tess.mention("no kits", "#maple-staff")
    link = stand.gateway.last.source.link
    async with browser.get(link.replace("/to/", "/as/principal/to/"), allow_redirects=False) as response:
        assert response.headers["Location"].startswith("/console/as/principal/in/maple-staff#post-")
    await tess.dm("just between us")
    async with browser.get(stand.gateway.last.source.link.replace("/to/", "/as/principal/to/")) as response:
        assert response.status == 404


async def test_an_edited_message_is_told_once_and_reads_otherwise(stand: Stand, tess: ConsolePerson) -> None:
    stand.gateway.answers["message.edited"] = THANKS
    post = await tess.dm("The bus is late")
    told = stand.gateway.last
    await tess.edit(post, "The bus is late,\nevery day")
    await tess.redeliver()
    came = stand.gateway.last
    assert (came.action, came.text, came.carry) == (
        "message.edited",
        "The bus is late,\nevery day",
        {"message_key": told.key},
    )
    assert len(stand.gateway.came) == 2
    assert [each.text for each in tess.posts] == ["The bus is late,\nevery day"]
    assert [each.title for each in tess.ephemerals] == ["Thank you"]


async def test_a_deleted_message_is_told_and_gone(stand: Stand, tess: ConsolePerson) -> None:
    post = await tess.mention("no kits")
    told = stand.gateway.last
    await tess.delete(post)
    assert (stand.gateway.last.action, stand.gateway.last.carry) == ("message.deleted", {"message_key": told.key})
    assert not tess.posts


async def test_nobody_edits_or_deletes_what_others_said(stand: Stand, tess: ConsolePerson, ivy: ConsolePerson) -> None:
    await tess.say("Hello")
    assert "Edit or delete" in tess.view.text
    await ivy.open("#dit")
    assert "Edit or delete" not in ivy.view.text
    sent = {"token": ivy.view.one("input", name="token").attrs["value"], "post": tess.posts[0].id, "text": "Bye"}
    async with aiohttp.ClientSession(stand.url, cookies={COOKIE: sent["token"]}) as session:
        for act in ("edit", "delete"):
            assert (await session.post(f"/console/as/principal/{act}", data=sent)).status == 404
    await tess.look()
    assert [each.text for each in tess.posts] == ["Hello"]


# -- forms -------------------------------------------------------------------------------------------------------------


async def test_the_global_shortcut_opens_the_form(stand: Stand, tess: ConsolePerson) -> None:
    stand.gateway.answers["challenge.form"] = FORM
    await tess.shortcut()
    assert tess.form is not None
    assert (tess.form.title, tess.form.submit, tess.form.required) == (
        "Report a challenge",
        "Send",
        ("What is in the way?",),
    )
    assert tess.form.values["By when?"] == "2026-10-30"
    assert stand.gateway.last.door is Door.GLOBAL_SHORTCUT


async def test_a_colleagues_message_becomes_a_report_of_who_presses(
    stand: Stand, tess: ConsolePerson, ivy: ConsolePerson
) -> None:
    stand.gateway.answers["challenge.form"] = FORM
    post = await tess.say("The kits are still not here", "#maple-staff")
    await ivy.report_message(post)
    came = stand.gateway.last
    assert (came.identity.user_id, came.text, came.door) == (
        "principal",
        "The kits are still not here",
        Door.MESSAGE_SHORTCUT,
    )
    assert came.source == Source("#maple-staff", post.id, link=f"/console/to/{post.id}", author_id="teacher")
    await ivy.submit()
    assert (stand.gateway.last.door, stand.gateway.last.source) == (Door.MESSAGE_SHORTCUT, came.source)


async def test_a_form_comes_in_with_what_was_filled(stand: Stand, tess: ConsolePerson) -> None:
    stand.gateway.answers |= {"challenge.form": FORM, "report": THANKS}
    await tess.command("/challenge", channel="#dit")
    await tess.fill(
        {
            "What is in the way?": "One line.\nAnother.",
            "Where is the power to remove it?": "In the district",
            "What kind is it?": "Time",
            "Is it about one of these?": ["Buses"],
            "Money asked for, in dollars": "4800",
            "By when?": "2026-11-02",
        }
    )
    await tess.submit()
    came = stand.gateway.last
    assert (came.action, came.challenge_id, came.item, came.version, came.door) == (
        "report",
        "c42",
        "item-1",
        3,
        Door.COMMAND,
    )
    assert came.fields == {
        "what": "One line.\nAnother.",
        "scope": "district",
        "type": "time",
        "owner": "",
        "tags": ["buses"],
        "amount": "4800",
        "by": "2026-11-02",
        "room": "",
    }
    assert came.carry == EVERY_FIELD.carry
    assert tess.form is None
    assert [each.title for each in tess.ephemerals] == ["Thank you"]
    assert tess.at.endswith("/in/dit")


async def test_errors_stand_beside_their_fields_and_what_was_typed_is_kept(stand: Stand, tess: ConsolePerson) -> None:
    sentence = "Please say in a sentence what is in the way."
    stand.gateway.answers |= {"challenge.form": FORM, "report": Reply(errors={"what": sentence, "": "And come back."})}
    await tess.shortcut()
    await tess.fill(
        {"Which room?": "Room 12", "Is it about one of these?": ["Labor agreement"], "What kind is it?": "Policy"}
    )
    await tess.submit()
    assert tess.status == 422
    assert tess.form is not None
    assert tess.form.errors == {"What is in the way?": sentence}
    assert (tess.form.values["Which room?"], tess.form.values["What kind is it?"]) == ("Room 12", "Policy")
    assert tess.form.values["Is it about one of these?"] == ["Labor agreement"]
    summary = tess.view.one(role="alert")
    assert "autofocus" in summary.attrs
    assert [(each.text, each.attrs["href"]) for each in summary.all("a")] == [(sentence, "#field-what")]
    assert "And come back." in summary.text


async def test_each_try_of_a_form_is_the_same_intent(stand: Stand, tess: ConsolePerson) -> None:
    stand.gateway.answers |= {"challenge.form": FORM, "report": Reply(errors={"what": "Please say it."})}
    await tess.shortcut()
    await tess.submit()
    await tess.submit()
    first, second = (each.key for each in stand.gateway.came[-2:])
    assert first == second
    assert first.startswith("form:")


async def test_a_form_that_could_not_be_recorded_says_so_and_keeps_everything(
    stand: Stand, tess: ConsolePerson
) -> None:
    stand.gateway.answers |= {"challenge.form": FORM, "report": NotCommittedError("AB12CD", busy=True)}
    await tess.shortcut()
    await tess.fill({"What is in the way?": "No substitutes"})
    await tess.submit()
    assert tess.status == 503
    assert "AB12CD" in tess.problem
    assert tess.form is not None
    assert tess.form.values["What is in the way?"] == "No substitutes"
    stand.gateway.answers["report"] = THANKS
    await tess.submit()
    assert [each.key for each in stand.gateway.came[-2:]] == [stand.gateway.last.key] * 2
    assert tess.form is None


async def test_an_open_form_outlives_a_restart(stand: Stand, tess: ConsolePerson) -> None:
    stand.gateway.answers |= {"challenge.form": FORM, "report": THANKS}
    await tess.shortcut()
    async with aiohttp.ClientSession(cookies={COOKIE: tess._sheet.one("input", name="token").attrs["value"]}) as other:
        # A form that the server no longer remembers: it comes back whole in its own page.
        address = f"{stand.url}/console/as/teacher/forms/{'f' * 22}"
        async with other.post(address, data=filled(tess._sheet)) as response:
            assert response.status == 200
    assert stand.gateway.last.key == f"form:{'f' * 22}"


async def test_people_are_found_without_a_script(stand: Stand, tess: ConsolePerson) -> None:
    stand.gateway.answers |= {"challenge.form": FORM, "people.search": Reply(options=(Option("coach", "Max Delaney"),))}
    await tess.shortcut()
    await tess.fill({"What is in the way?": "No coach", "Whose should it be?": "Ivy Thornton"})
    await tess.find("Whose should it be?", "max")
    assert (stand.gateway.last.action, stand.gateway.last.text) == ("people.search", "max")
    assert tess.form is not None
    assert (tess.form.values["What is in the way?"], tess.form.values["Whose should it be?"]) == (
        "No coach",
        "Ivy Thornton",
    )
    await tess.fill({"Whose should it be?": "Max Delaney"})
    await tess.submit()
    assert (stand.gateway.last.action, stand.gateway.last.fields["owner"]) == ("report", "coach")


async def test_a_form_that_leads_to_a_form_opens_it(stand: Stand, tess: ConsolePerson) -> None:
    stand.gateway.answers |= {
        "challenge.form": FORM,
        "report": Reply(form=replace(EVERY_FIELD, title="Check your words")),
    }
    await tess.shortcut()
    await tess.submit()
    assert tess.form is not None
    assert tess.form.title == "Check your words"


# -- buttons -----------------------------------------------------------------------------------------------------------


async def test_a_button_presses_what_the_card_says(stand: Stand, ivy: ConsolePerson) -> None:
    await stand.rooms.tell("@principal", EVERY_ELEMENT, delivery_id="d1")
    stand.gateway.answers["take"] = THANKS
    await ivy.look()
    assert ivy.last_card.buttons == ("I'll take it", "Question", "Decline")
    await ivy.click("I'll take it")
    came = stand.gateway.last
    assert (came.identity.user_id, came.action, came.challenge_id, came.version) == ("principal", "take", "c42", 3)
    assert came.source.message_id == ivy.last_card.post
    assert [each.title for each in ivy.ephemerals] == ["Thank you"]


async def test_ten_presses_at_once_are_one_intent_with_one_answer(stand: Stand, ivy: ConsolePerson) -> None:
    await stand.rooms.tell("@principal", EVERY_ELEMENT, delivery_id="d1")
    stand.gateway.answers["take"] = THANKS
    await ivy.look()
    await ivy.click("I'll take it", copies=10)
    assert len(stand.gateway.came) == 10
    assert len({each.key for each in stand.gateway.came}) == 1
    await ivy.open("")
    assert [each.title for each in ivy.ephemerals] == ["Thank you"]


async def test_a_message_sent_twice_is_one_post_and_one_intent(stand: Stand, tess: ConsolePerson) -> None:
    await tess.dm("The bus is late")
    await tess.redeliver()
    assert len(stand.gateway.came) == 2
    assert len({each.key for each in stand.gateway.came}) == 1
    assert len(tess.posts) == 1


async def test_a_message_that_could_not_be_recorded_is_not_in_the_room_and_can_be_sent_again(
    stand: Stand, tess: ConsolePerson
) -> None:
    stand.gateway.answers["message.direct"] = NotCommittedError("AB12CD", busy=False)
    await tess.dm("The bus is late")
    assert tess.status == 503
    assert "AB12CD" in tess.problem
    again = tess.view.one("form")
    assert again.one("textarea").raw.strip() == "The bus is late"
    stand.gateway.answers["message.direct"] = THANKS
    await tess._press(again.one("button"))
    assert [each.text for each in tess.posts] == ["The bus is late"]
    assert len({each.key for each in stand.gateway.came}) == 1


async def test_home_is_drawn_when_it_is_looked_at(stand: Stand, tess: ConsolePerson) -> None:
    stand.gateway.answers["home.show"] = Reply(card=EVERY_ELEMENT)
    await tess.open_home()
    assert tess.home is not None
    assert tess.home.title == "Challenge 42"
    assert stand.gateway.last.door is Door.HOME


async def test_the_answer_to_a_button_of_home_is_in_the_direct_chat(stand: Stand, tess: ConsolePerson) -> None:
    stand.gateway.answers |= {"home.show": Reply(card=EVERY_ELEMENT), "take": THANKS, "decline": Reply()}
    await tess.open_home()
    await tess.click("I'll take it")
    assert tess.at == tess.chat
    assert [each.title for each in tess.ephemerals] == ["Thank you"]
    await tess.open_home()
    await tess.click("Decline")
    assert tess.at.endswith("/home")


async def test_an_edited_card_says_so(stand: Stand, tess: ConsolePerson) -> None:
    post_id = await stand.rooms.tell("@teacher", EVERY_ELEMENT, delivery_id="d1")
    await stand.rooms.edit("@teacher", post_id, Card("Closed"))
    await tess.look()
    assert (tess.last_card.title, tess.last_card.edited) == ("Closed", True)


# -- people, clock, guide ------------------------------------------------------------------------------------------------


async def test_everybody_can_be_found_and_be_switched_to(stand: Stand, browser: aiohttp.ClientSession) -> None:
    await stand.rooms.tell("@principal", EVERY_ELEMENT, delivery_id="d1")
    async with browser.get("/console/") as response:
        page = read(await response.text())
    assert [each.text for each in page.one("main").all("h2")] == [
        "District office",
        "Oak Ridge Middle School",
        "Maple Street Elementary",
        "Outside the district",
    ]
    people = [" ".join(each.text.split()) for each in page.all("ul", kind="people") for each in each.all("a")]
    assert "IT Ivy Thornton 1 new Principal" in people
    assert "SO Signe Okonjo-Bell Director finance – away until Fri, Dec 4, 2026" in people
    assert "GH Gus Hale Counselor – left on Wed, Sep 30, 2026" in people
    assert "KF Kit Farrow ISD consultant" in people
    async with browser.get("/console/", params={"find": "teacher maple"}) as response:
        page = read(await response.text())
    found = [each.attrs["href"] for each in page.one("ul", kind="people").all("a")]
    assert found == ["/console/as/teacher/#newest", "/console/as/colleague/#newest"]
    async with browser.get("/console/be", params={"person": "principal"}, allow_redirects=False) as response:
        assert response.headers["Location"] == "/console/as/principal/#newest"


async def test_unread_posts_are_counted_until_the_room_is_opened(
    stand: Stand, tess: ConsolePerson, ivy: ConsolePerson
) -> None:
    await tess.say("Hello", "#maple-staff")
    await ivy.open("")
    rooms = [" ".join(each.text.split()) for each in ivy.view.one("div", id="rooms").all("li")]
    assert rooms == ["Clearway", "#maple-staff 1 new", "#dit", "Oak Staff/General"]
    await ivy.open("#maple-staff")
    await ivy.open("#dit")
    assert "new" not in ivy.view.one("div", id="rooms").text


async def test_the_clock_moves_to_where_the_button_says_and_a_second_press_moves_no_further(
    stand: Stand, tess: ConsolePerson
) -> None:
    clock = tess.view.one("section", id="clock")
    offered = {each.text: each for each in clock.all("button")}
    assert list(offered) == [
        "One hour Mon, Oct 12, 11:05 AM",
        "Next school day, morning Tue, Oct 13, 7:45 AM",
        "One week Mon, Oct 19, 10:05 AM",
        "To the next thing due Wed, Oct 14, 10:05 AM",
    ]
    week = offered["One week Mon, Oct 19, 10:05 AM"]
    for _ in range(2):
        await tess._press(week)
        assert stand.clock.now() == NOW + timedelta(weeks=1)
    assert "Mon, Oct 19, 2026" in tess.view.one("section", id="clock").text
    await tess._press(offered["Next school day, morning Tue, Oct 13, 7:45 AM"])
    assert stand.clock.now() == NOW + timedelta(weeks=1), "time does not go back"


async def test_a_week_is_a_week_on_the_wall_over_a_change_of_clocks(stand: Stand, tess: ConsolePerson) -> None:
    stand.clock.at, stand.clock.due = datetime(2026, 10, 29, 14, 0, tzinfo=UTC), None
    await tess.open("")
    buttons = [each.text for each in tess.view.one("section", id="clock").all("button")]
    assert buttons[1:] == ["Next school day, morning Fri, Oct 30, 7:45 AM", "One week Thu, Nov 5, 10:00 AM"]


@pytest.mark.parametrize("to", ["", "tomorrow", "2026-10-13T08:00:00", "2031-01-01T00:00:00+00:00"])
async def test_the_clock_goes_nowhere_that_no_button_says(stand: Stand, tess: ConsolePerson, to: str) -> None:
    next(tess.view.one("section", id="clock").all("button")).attrs["value"] = to
    with pytest.raises(AssertionError, match="400"):
        await tess._press(next(tess.view.one("section", id="clock").all("button")))
    assert stand.clock.now() == NOW


async def test_the_guide_shows_what_is_done_and_as_whom_to_go_on(tess: ConsolePerson) -> None:
    guide = tess.view.one("section", id="guide")
    assert "1 of 3 steps done" in guide.text
    done, current, later = guide.all("li")
    assert "Done:" in done.text
    assert current.attrs["aria-current"] == "step"
    assert (current.one("a").text, current.one("a").attrs["href"]) == (
        "Do this as Ivy Thornton",
        "/console/as/principal/#newest",
    )
    assert not list(later.all("a"))


async def test_starting_over_is_asked_first(stand: Stand, tess: ConsolePerson) -> None:
    await tess._get(f"{stand.url}/console/start-over")
    assert not stand.started_over
    await tess._press(next(tess.view.all("button")))
    assert stand.started_over == [NOW]


# -- nobody else -------------------------------------------------------------------------------------------------------

PAGES = [
    "/console/",
    "/console/as/teacher/",
    "/console/as/teacher/in/dit",
    "/console/as/teacher/home",
    "/console/as/teacher/to/unknown",
    "/console/as/teacher/forms/unknown",
    "/console/as/nobody/",
    "/console/as/teacher/in/nowhere",
    "/console/be?person=teacher",
    "/console/start-over",
    "/console/static/console.css",
    "/console/static/console.js",
    "/console/static/mark.svg",
    "/console/static/../app.py",
    "/console/static/app.py",
    "/console/to/post",
    "/console",
    "/console/nowhere",
]
POSTS = [
    "/console/clock",
    "/console/start-over",
    "/console/as/teacher/say",
    "/console/as/teacher/press",
    "/console/as/teacher/shortcut",
    "/console/as/teacher/report",
    "/console/as/teacher/edit",
    "/console/as/teacher/delete",
    "/console/as/teacher/put-away",
    f"/console/as/teacher/forms/{'a' * 22}",
]


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_has_the_headers(browser: aiohttp.ClientSession, path: str) -> None:
    async with browser.get(path, allow_redirects=False) as response:
        assert {name: response.headers.get(name) for name in HEADERS} == dict(HEADERS)
        assert response.status in {200, 303, 404, 410}


@pytest.mark.parametrize("path", POSTS)
async def test_no_post_without_the_token_does_anything(stand: Stand, browser: aiohttp.ClientSession, path: str) -> None:
    await browser.get("/console/")
    for token in ("", "a" * 43):
        async with browser.post(path, data={"token": token, "text": "forged"}) as response:
            assert response.status == 403
            assert {name: response.headers.get(name) for name in HEADERS} == dict(HEADERS)
    assert not stand.gateway.came
    assert not stand.started_over


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "clearway.elsewhere.example"},
        {"Host": "127.0.0.1.elsewhere.example"},
        {"Host": "[broken"},
    ],
    ids=str,
)
async def test_no_other_site_can_post(
    stand: Stand, tess: ConsolePerson, browser: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    sent = filled(tess.view.one("form", id="composer"))
    sent["text"] = "forged"
    cookies = {COOKIE: sent["token"]}
    async with browser.post("/console/as/teacher/say", data=sent, cookies=cookies, headers=headers) as response:
        assert response.status in {400, 403, 421}
    assert not stand.gateway.came
    async with browser.post("/console/as/teacher/say", data=sent, cookies=cookies) as response:
        assert response.status == 200
    assert len(stand.gateway.came) == 1


@pytest.mark.parametrize("path", PAGES)
async def test_only_names_of_this_machine_are_answered(browser: aiohttp.ClientSession, path: str) -> None:
    async with browser.get(path, headers={"Host": "clearway.elsewhere.example"}, allow_redirects=False) as response:
        assert response.status == 421
        assert {name: response.headers.get(name) for name in HEADERS} == dict(HEADERS)
    for name in ("localhost:3000", "127.0.0.1", "[::1]:3000"):
        async with browser.get(path, headers={"Host": name}, allow_redirects=False) as response:
            assert response.status != 421


async def test_the_token_is_for_this_browser_and_this_site_only(browser: aiohttp.ClientSession) -> None:
    async with browser.get("/console/") as response:
        cookie = response.cookies[COOKIE]
        page = read(await response.text())
    assert (cookie["samesite"], cookie["httponly"], cookie["path"]) == ("Strict", True, "/console")
    assert page.one("input", name="token").attrs["value"] == cookie.value
    async with browser.get("/console/") as response:
        assert response.cookies[COOKIE].value == cookie.value


async def test_a_direct_chat_is_its_persons_own(stand: Stand, tess: ConsolePerson, ivy: ConsolePerson) -> None:
    await tess.dm("between us")
    composer = ivy.view.one("form", id="composer")
    composer.one("input", name="room").attrs["value"] = "@teacher"
    composer.one("textarea").children = ["let me in"]
    with pytest.raises(AssertionError, match="404"):
        await ivy._press(composer.one("button"))
    assert [each.identity.user_id for each in stand.gateway.came] == ["teacher"]


async def test_what_is_too_large_is_refused_with_a_page(browser: aiohttp.ClientSession) -> None:
    form = "application/x-www-form-urlencoded"
    async with browser.post(POSTS[2], data=BytesIO(b"x" * 2_000_000), headers={"Content-Type": form}) as response:
        assert response.status == 413
        assert {name: response.headers.get(name) for name in HEADERS} == dict(HEADERS)


async def test_words_of_people_are_text_on_the_page(stand: Stand, tess: ConsolePerson) -> None:
    attack = "</textarea><script>alert(1)</script><img src=x onerror=alert(1)>"

    def echo(came: Inbound) -> Reply:
        return Reply(card=Card(came.text, (Text(came.text),)))

    stand.gateway.answers["message.direct"] = echo
    await tess.dm(attack)
    assert [each.text for each in tess.posts] == [attack]
    assert [each.title for each in tess.ephemerals] == [attack]
    assert [each.attrs for each in tess.view.all("script")] == [{"src": "/console/static/console.js", "defer": ""}]


# -- live --------------------------------------------------------------------------------------------------------------


async def test_an_open_page_hears_that_something_changed(stand: Stand, browser: aiohttp.ClientSession) -> None:
    async with browser.get("/console/live") as stream, asyncio.timeout(5):
        assert stream.content_type == "text/event-stream"
        assert {name: stream.headers.get(name) for name in HEADERS} == dict(HEADERS)
        await stream.content.readuntil(b"\n\n")
        for n in range(3):
            await stand.rooms.tell("@teacher", EVERY_ELEMENT, delivery_id=f"d{n}")
        assert await stream.content.readuntil(b"\n\n") == b"event: look\ndata: again\n\n"
