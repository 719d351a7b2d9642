"""The console in a real browser: by keyboard alone, small and large, light and dark, live, and nothing for axe to find."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.resources import files
from pathlib import Path
from shutil import copy
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from bot.gateway import NotCommittedError
from handlers.cards.model import Card, Option, Text
from handlers.request import Inbound, Reply
from storage.database import Database
from storage.vocabulary import PersonId
from tests.bot.console_stand import EVERY_ELEMENT, EVERY_FIELD, NOW, Stand, standing

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]  # one browser for all of them

THANKS = Reply(card=Card("Thank you", (Text("It is recorded."),)))
POST = "00000000000000000001"
SIZES = {"desk": (1280, 860), "low": (1024, 600), "zoomed": (640, 430), "large phone": (390, 844), "phone": (320, 640)}

Open = Callable[..., AbstractAsyncContextManager[Page]]


@pytest_asyncio.fixture(loop_scope="module")
async def stand(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Stand]:
    database = Database(f"sqlite:///{copy(sqlite_template, tmp_path / 'clearway.db')}")
    async with standing(database) as stand:
        stand.gateway.answers |= {
            "challenge.form": Reply(form=EVERY_FIELD),
            "home.show": Reply(card=EVERY_ELEMENT),
            "message.mention": THANKS,
            "people.search": Reply(options=(Option("coach", "Max Delaney"),)),
            "report": lambda came: _reported(came),
            "take": THANKS,
        }
        await stand.rooms.tell("@teacher", EVERY_ELEMENT, delivery_id="d1")
        await stand.rooms.say("#maple-staff", PersonId("colleague"), "The kits are not here.", post_id=POST, at=NOW)
        await stand.rooms.say(
            "#maple-staff", PersonId("coach"), "Nor at our end.", post_id="r" * 20, at=NOW, thread_id=POST
        )
        await stand.rooms.answer("#maple-staff", PersonId("teacher"), EVERY_ELEMENT, post_id="a" * 20)
        yield stand
    await database.close()


def _reported(came: Inbound) -> Reply:
    if not came.fields["what"]:
        return Reply(errors={"what": "Please say in a sentence what is in the way.", "scope": "Please choose again."})
    if came.fields["what"] == "busy":
        raise NotCommittedError("AB12CD", busy=True)
    return THANKS


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser(chromium_path: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium_path, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        await browser.close()


@pytest.fixture
def opened(browser: Browser, stand: Stand) -> Open:
    """A page of a person, "" for the first one; faults of its scripts fail the test."""

    @asynccontextmanager
    async def page(path: str = "/console/as/teacher/", size: str = "desk", **options: Any) -> AsyncIterator[Page]:
        width, height = SIZES[size]
        context = await browser.new_context(
            base_url=stand.url, viewport={"width": width, "height": height}, bypass_csp=True, **options
        )
        page = await context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        await page.goto(path)
        yield page
        await context.close()
        assert not faults

    return page


# -- every state of every page -----------------------------------------------------------------------------------------


async def form(page: Page) -> None:
    await page.goto("/console/as/teacher/")
    if await page.get_by_text("rooms and people").is_visible():
        await page.get_by_text("rooms and people").click()
    await page.get_by_role("navigation").get_by_role("button", name="Report a challenge").click()


async def form_with_errors(page: Page) -> None:
    await form(page)
    await page.get_by_role("button", name="Send").click()


async def form_not_recorded(page: Page) -> None:
    await form(page)
    await page.get_by_label("What is in the way?").fill("busy")
    await page.get_by_role("button", name="Send").click()


async def form_after_a_search(page: Page) -> None:
    await form(page)
    await page.get_by_label("Search by name").fill("max")
    await page.get_by_role("button", name="Search").click()


async def everything_unfolded(page: Page) -> None:
    await page.goto("/console/as/teacher/")
    for summary in await page.locator("summary").all():
        await summary.click()


async def message_not_recorded(page: Page) -> None:
    await page.goto("/console/as/teacher/in/dit")
    await page.get_by_label("Write in #dit").fill("@Clearway busy")
    await page.get_by_role("button", name="Send").click()


async def menu(page: Page) -> None:
    await page.goto("/console/as/teacher/")
    if await page.get_by_text("rooms and people").is_visible():
        await page.get_by_text("rooms and people").click()


def at(path: str) -> Callable[[Page], Awaitable[None]]:
    async def go(page: Page) -> None:
        await page.goto(path)

    return go


STATES: dict[str, Callable[[Page], Awaitable[None]]] = {
    "everybody": at("/console/"),
    "nobody found": at("/console/?find=zebra"),
    "direct chat": at("/console/as/teacher/"),
    "empty direct chat": at("/console/as/coach/"),
    "channel with a thread and a private answer": at("/console/as/teacher/in/maple-staff"),
    "a post that a link led to": at(f"/console/as/teacher/to/{POST}"),
    "home": at("/console/as/teacher/home"),
    "start over": at("/console/start-over"),
    "no such page": at("/console/nowhere"),
    "menu": menu,
    "everything unfolded": everything_unfolded,
    "form": form,
    "form with errors": form_with_errors,
    "form not recorded": form_not_recorded,
    "form after a search": form_after_a_search,
    "message not recorded": message_not_recorded,
}


@pytest.mark.parametrize(
    ("size", "scheme"),  # colours make nothing wider: in the dark the widest and the narrowest are looked at
    [*((size, "light") for size in SIZES), ("desk", "dark"), ("phone", "dark")],
)
async def test_axe_finds_nothing_and_nothing_is_cut_off(opened: Open, stand: Stand, size: str, scheme: str) -> None:
    stand.gateway.answers["message.mention"] = NotCommittedError("AB12CD", busy=True)
    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text()
    found = []
    async with opened(size=size, color_scheme=scheme) as page:
        for state, enter in STATES.items():
            await enter(page)
            await page.wait_for_load_state()  # what it looks like has arrived, too
            if size in {"desk", "phone"}:  # between the widest and the narrowest there is nothing else to read
                await page.evaluate(axe)
                result = await page.evaluate("axe.run({resultTypes: ['violations']})")
                for each in result["violations"]:
                    wrong = (f"{node['target']} {node['failureSummary']}" for node in each["nodes"])
                    found += [f"{state}: {each['id']}: {said}" for said in wrong]
            if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{state}: scrolls sideways")
            for each in await page.evaluate(OUTSIDE):
                found.append(f"{state}: {each} is beside the window")
            for each in await page.evaluate(TOO_SMALL):
                found.append(f"{state}: {each} is too small to hit")
    assert found == []


OUTSIDE = """
    [...document.querySelectorAll("body *")]
        .filter((each) => each.checkVisibility() && !each.closest(".visually-hidden, .skip"))
        .filter((each) => { const box = each.getBoundingClientRect(); return box.left < -1 || box.right > innerWidth + 1 })
        .map((each) => each.outerHTML.slice(0, 80))
"""
TOO_SMALL = """
    [...document.querySelectorAll("a, button, summary, select, input:not([type=hidden]), textarea")]
        .filter((each) => each.tabIndex >= 0 && each.checkVisibility() && getComputedStyle(each).display !== "inline")
        .filter((each) => { const box = each.getBoundingClientRect(); return box.width < 24 || box.height < 24 })
        .map((each) => each.outerHTML.slice(0, 80))
"""


@pytest.mark.parametrize("size", ["desk", "phone"])
async def test_the_text_may_be_twice_as_large(opened: Open, size: str) -> None:
    async with opened(size=size) as page:
        for path in ("/console/", "/console/as/teacher/", "/console/as/teacher/in/maple-staff"):
            await page.goto(path)
            await page.add_style_tag(content="html { font-size: 200% }")
            assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth"), path


async def test_a_room_opens_where_its_newest_message_begins_and_its_frame_stays(opened: Open, stand: Stand) -> None:
    for n in range(12):
        await stand.rooms.answer("@teacher", PersonId("teacher"), EVERY_ELEMENT, post_id=f"{n:020}")
    async with opened("/console/as/teacher/#newest") as page:
        await expect(page.locator("#posts > li").last.locator(".card-title")).to_be_in_viewport()
        await expect(page.get_by_role("banner")).to_be_in_viewport()
        await expect(page.get_by_label("Write to Clearway")).to_be_in_viewport()
        assert await page.evaluate("document.documentElement.scrollHeight <= innerHeight")
        await page.locator("#posts > li").first.scroll_into_view_if_needed()
        await page.get_by_role("link", name="Go to the newest message").click()
        await expect(page.locator("#posts > li").last.locator(".card-title")).to_be_in_viewport()
        await expect(page.get_by_role("link", name="Go to the newest message")).to_be_hidden()


# -- by keyboard alone ---------------------------------------------------------------------------------------------------


async def tab_to(page: Page, name: str) -> None:
    """Presses Tab until the control of this name has the focus, which must be seen at each stop."""
    for _ in range(80):
        await page.keyboard.press("Tab")
        where = await page.evaluate(FOCUSED)
        assert where is not None, f"The focus is lost on the way to {name!r}"
        assert where["seen"], f"The focus on {where['name']!r} cannot be seen"
        if where["name"].startswith(name):
            return
    raise AssertionError(f"Tab does not reach {name!r}")


FOCUSED = """(() => {
    const each = document.activeElement;
    if (each === document.body) return null;
    const label = each.labels?.[0]?.textContent ?? each.getAttribute("aria-label") ?? each.textContent;
    const style = getComputedStyle(each);
    return { name: label.trim().replace(/\\s+/g, " "), seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 };
})()"""


async def test_a_challenge_is_reported_by_keyboard_alone(opened: Open, stand: Stand) -> None:
    async with opened("/console/") as page:
        await tab_to(page, "Find by name")
        await page.keyboard.type("tess harlow maple")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**find=*")
        await tab_to(page, "TH Tess Harlow")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Clearway")

        await page.keyboard.press("Shift+Tab")
        await page.goto("/console/as/teacher/")
        await page.keyboard.press("Tab")
        assert (await page.evaluate(FOCUSED))["name"] == "Skip to the main part"
        await page.keyboard.press("Enter")
        await tab_to(page, "Write to Clearway")
        await page.keyboard.type("/challenge")
        await tab_to(page, "Send")
        await page.keyboard.press("Enter")

        await expect(page.get_by_role("heading", level=1)).to_have_text("Report a challenge")
        await tab_to(page, "Which room?")
        await page.keyboard.type("12")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_be_focused()
        await tab_to(page, "Please say in a sentence")
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("What is in the way?")).to_be_focused()
        await page.keyboard.type("No substitutes")
        await tab_to(page, "At the school")
        await page.keyboard.press("ArrowDown")
        await tab_to(page, "Buses")
        await page.keyboard.press("Space")
        await tab_to(page, "Send")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("It is recorded.")).to_be_visible()
    fields = stand.gateway.last.fields
    assert (fields["what"], fields["scope"], fields["tags"], fields["room"]) == (
        "No substitutes",
        "district",
        ["buses"],
        "12",
    )


async def test_a_card_is_answered_by_keyboard_alone_also_where_it_asks_first(opened: Open, stand: Stand) -> None:
    async with opened() as page:
        await tab_to(page, "I'll take it")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("It is recorded.")).to_be_visible()
        assert stand.gateway.last.action == "take"
        await page.goto("/console/as/teacher/")
        await tab_to(page, "Decline…")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Decline it for this year?")).to_be_visible()
        await tab_to(page, "Decline")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/console/as/teacher/#*")
        assert stand.gateway.last.action == "decline"


async def test_the_rooms_open_and_close_on_a_phone(opened: Open) -> None:
    async with opened(size="phone") as page:
        rooms = page.get_by_role("navigation")
        await expect(rooms).to_be_hidden()
        await tab_to(page, "Tess Harlow – rooms")
        await page.keyboard.press("Enter")
        await expect(rooms).to_be_visible()
        await tab_to(page, "Home")
        await page.keyboard.press("Escape")
        await expect(rooms).to_be_hidden()


@pytest.mark.parametrize("size", ["large phone", "phone"])
@pytest.mark.parametrize("path", ["/console/", "/console/as/teacher/#newest", "/console/as/teacher/home"])
async def test_the_guide_stays_in_the_window_of_a_phone(opened: Open, stand: Stand, size: str, path: str) -> None:
    for n in range(12):
        await stand.rooms.answer("@teacher", PersonId("teacher"), EVERY_ELEMENT, post_id=f"{n:020}")
    async with opened(path, size=size) as page:
        guide, open_guide = page.locator("#guide"), page.get_by_role("button", name="Clock and guide")
        await expect(guide).to_be_hidden()
        if path != "/console/":
            await page.locator("main > :last-child").scroll_into_view_if_needed()
        await expect(open_guide).to_be_in_viewport(ratio=1)
        await open_guide.click()
        await expect(page.locator("#around")).to_be_in_viewport(ratio=1)
        await page.get_by_role("link", name="Do this as Ivy Thornton").scroll_into_view_if_needed()
        await expect(page.get_by_role("link", name="Do this as Ivy Thornton")).to_be_in_viewport(ratio=1)
        await page.locator("#around").get_by_role("button", name="Close").click()
        await expect(guide).to_be_hidden()
        if path == "/console/":
            await page.get_by_role("button", name="Follow the guide").click()
            await expect(guide).to_be_visible()


@pytest.mark.parametrize("size", ["desk", "low"])
async def test_the_guide_stays_beside_a_long_room(opened: Open, stand: Stand, size: str) -> None:
    for n in range(12):
        await stand.rooms.answer("@teacher", PersonId("teacher"), EVERY_ELEMENT, post_id=f"{n:020}")
    async with opened("/console/as/teacher/#newest", size=size) as page:
        await page.locator("main > :last-child").scroll_into_view_if_needed()
        await expect(page.locator("#around")).to_be_in_viewport(ratio=0.95)
        await page.get_by_role("link", name="Do this as Ivy Thornton").scroll_into_view_if_needed()
        await expect(page.locator("#composer")).to_be_in_viewport()
        await expect(page.get_by_role("button", name="Clock and guide")).to_be_hidden()


# -- live, and without scripts -------------------------------------------------------------------------------------------


async def test_what_comes_in_appears_without_touching_what_is_typed(opened: Open, stand: Stand) -> None:
    async with opened() as page:
        await page.get_by_label("Write to Clearway").fill("Half a sent")
        await stand.rooms.tell("@teacher", Card("A question for you"), delivery_id="d2")
        await stand.rooms.say("#maple-staff", PersonId("colleague"), "Hello", post_id="b" * 20, at=NOW)
        await expect(page.get_by_role("heading", name="A question for you")).to_be_attached()
        await expect(page.get_by_role("status")).to_have_text("New from Clearway: A question for you")
        await expect(page.get_by_role("link", name="#maple-staff 3 new")).to_be_visible()
        await expect(page.get_by_label("Write to Clearway")).to_be_focused()
        await expect(page.get_by_label("Write to Clearway")).to_have_value("Half a sent")
        await page.keyboard.type("ence")
        await page.keyboard.press("Control+Enter")
        await expect(page.locator("p", has_text="Half a sentence")).to_be_visible()


async def test_a_card_changes_in_place_and_the_focus_stays_on_its_button(opened: Open, stand: Stand) -> None:
    async with opened() as page:
        (post,) = await stand.rooms.seen_by(PersonId("teacher"), "@teacher")
        await page.get_by_role("button", name="Question").focus()
        await page.locator("summary", has_text="Reply").click()
        await page.get_by_label("Your reply in this thread").fill("Typed in the thread")
        await page.get_by_role("button", name="Question").focus()
        await stand.rooms.edit("@teacher", post.id, Card("Challenge 42, changed", EVERY_ELEMENT.body))
        await expect(page.get_by_role("heading", name="Challenge 42, changed")).to_be_attached()
        await expect(page.get_by_role("button", name="Question")).to_be_focused()
        await expect(page.get_by_label("Your reply in this thread")).to_have_value("Typed in the thread")
        await stand.rooms.edit("@teacher", post.id, Card("Closed"))
        await expect(page.get_by_role("heading", name="Closed")).to_be_attached()
        await expect(page.get_by_role("article")).to_be_focused()


async def test_a_page_that_nobody_sees_holds_no_connection(opened: Open, stand: Stand) -> None:
    async with opened() as page:
        await page.wait_for_timeout(200)
        listening = stand.rooms.bell._listening
        assert len(listening) == 1
        await page.evaluate(
            "Object.defineProperty(document, 'hidden', {value: true}); document.dispatchEvent(new Event('visibilitychange'))"
        )
        async with asyncio.timeout(5):
            while listening:
                stand.rooms.bell.ring()
                await asyncio.sleep(0.05)


async def test_everything_works_without_scripts(opened: Open, stand: Stand) -> None:
    async with opened(java_script_enabled=False) as page:
        await page.get_by_role("button", name="Report a challenge").click()
        await page.get_by_label("What is in the way?").fill("No substitutes")
        await page.get_by_role("button", name="Send").click()
        await expect(page.get_by_text("It is recorded.")).to_be_visible()
        await stand.rooms.tell("@teacher", Card("A question for you"), delivery_id="d2")
        await page.get_by_role("button", name="Look for new messages").click()
        await expect(page.get_by_role("heading", name="A question for you")).to_be_visible()
        await page.get_by_role("button", name="One week").click()
        await expect(page.locator("#clock")).to_contain_text("Mon, Oct 19, 2026")
        await page.get_by_label("Be someone else").select_option("principal")
        await page.get_by_role("button", name="Switch").click()
        await expect(page.get_by_text("Between Ivy Thornton and Clearway")).to_be_visible()


async def test_the_policy_lets_no_inline_script_run(browser: Browser, stand: Stand) -> None:
    context = await browser.new_context(base_url=stand.url)
    page = await context.new_page()
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text))
    await page.goto("/console/as/teacher/")
    await page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))"
    )
    assert await page.evaluate("window.ran") is None
    assert any("Content Security Policy" in each for each in refused)
    await context.close()
