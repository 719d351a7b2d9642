"""Home in a tab of Teams: shown to whom Teams vouches for, in a real browser with Microsoft's own library."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.async_api import Route, async_playwright, expect

from bot.teams.cloud import PUBLIC
from bot.teams.signin import app_of
from bot.teams.tab import ASK_PATH, LIBRARY
from handlers.cards.accounts import hello_first
from handlers.cards.model import Button, Buttons, Card, Facts, Form, Heading, Press, Quote, Text, TextField
from handlers.request import Inbound, Reply
from scheduling.clock import SystemClock
from storage.vocabulary import Door
from tests import npm
from tests.bot.teams_stand import Stand, teams_stand
from tests.fakes.teams.keys import signing_key

OID = "0d0d0d0d-0000-4000-8000-00000000000d"
SHOUT = "<b>No subs</b> & [link](https://evil.example)"
HOME = Card(
    "Home",
    (
        Heading("With you"),
        Text(SHOUT),
        Buttons(
            (
                Button("Show 7", Press("show", "c7")),
                Button("Report a challenge", Press("challenge.form"), opens_form=True),
                Button("Withdraw", Press("withdraw", "c7", "", 3), confirm="Take challenge 7 back?"),
            )
        ),
    ),
)
SEVEN = Card("Challenge 7", (Quote("The rosters do not load.", "Ellie Marsh"), Facts((("School", "Cedar Flats"),))))


@dataclass
class Tab:
    stand: Stand
    login: str
    url: str

    def claims(self, **other: Any) -> dict[str, Any]:
        now = SystemClock().now()
        tenant, app = self.stand.tenant.id, self.stand.tenant.app_id
        said = {
            "iss": f"{self.login}/{tenant}/v2.0", "aud": f"api://clearway.example.org/botid-{app}", "tid": tenant, "oid": OID,
            "ver": "2.0", "nbf": now, "exp": now + timedelta(hours=1),
        } | other  # fmt: skip
        return {name: value for name, value in said.items() if value is not None}

    def token(self, **other: Any) -> str:
        return signing_key().sign(self.claims(**other))

    async def ask(self, token: str, **wanted: Any) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with (
            ClientSession(self.url) as session,
            session.post(ASK_PATH, json={"do": "home.show"} | wanted, headers=headers) as answer,
        ):
            return answer.status, await answer.text()


@asynccontextmanager
async def tab() -> AsyncIterator[Tab]:
    """The room, with a login that publishes its keys for each tenant."""

    async def metadata(request: web.Request) -> web.Response:
        return web.json_response({"jwks_uri": str(request.url.with_path("/keys"))})

    async def keys(_: web.Request) -> web.Response:
        return web.json_response({"keys": [signing_key().published()]})

    app = web.Application()
    app.add_routes([web.get("/{tenant}/v2.0/.well-known/openid-configuration", metadata), web.get("/keys", keys)])
    async with TestServer(app) as server:
        login = f"http://127.0.0.1:{server.port}"
        async with teams_stand(cloud=replace(PUBLIC, login_url=login, metadata_url=f"{login}/none")) as stand:
            stand.gateway.on |= {"home.show": Reply(HOME), "show": Reply(SEVEN)}
            url = stand.teams.messages_url.removesuffix("/api/messages")
            yield Tab(stand, login, url)


async def test_whoever_teams_vouches_for_is_shown_their_home() -> None:
    async with tab() as it:
        status, page = await it.ask(it.token())
        assert status == 200
        assert "With you" in page
        [inbound] = it.stand.gateway.heard
        assert (inbound.action, inbound.identity.directory_id) == ("home.show", OID)
        assert inbound.identity.workspace_id == it.stand.tenant.id


async def test_nobodys_words_are_read_as_marks() -> None:
    async with tab() as it:
        _, page = await it.ask(it.token())
        assert "&lt;b&gt;No subs&lt;/b&gt; &amp; [link](https://evil.example)" in page


async def test_who_has_never_written_is_asked_to() -> None:
    async with tab() as it:
        it.stand.gateway.on["home.show"] = Reply(hello_first())
        status, page = await it.ask(it.token())
        assert (status, "write “hello” to Clearway" in page) == (200, True)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"iss": "https://login.microsoftonline.com/other/v2.0"}, id="another issuer"),
        pytest.param({"tid": "22222222-2222-4222-8222-222222222222"}, id="another tenant"),
        pytest.param(
            {"aud": "api://clearway.example.org/botid-33333333-3333-4333-8333-333333333333"}, id="another app"
        ),
        pytest.param({"oid": None}, id="nobody"),
        pytest.param({"oid": ""}, id="an empty person"),
        pytest.param({"exp": None}, id="without an end"),
        pytest.param({"exp": 1_000_000_000}, id="expired"),
        pytest.param({"nbf": 4_000_000_000}, id="not yet"),
        pytest.param({"ver": "1.0"}, id="of the old kind"),
    ],
)
async def test_a_token_that_is_wrong_in_anything_shows_nothing(wrong: dict[str, Any]) -> None:
    async with tab() as it:
        assert (await it.ask(it.token(**wrong)))[0] == 401
        assert it.stand.gateway.heard == []


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "eyJhbGciOiJub25lIn0.e30."])
async def test_what_is_no_token_shows_nothing(token: str) -> None:
    async with tab() as it:
        async with ClientSession(it.url) as session:
            headers = {"Authorization": f"Bearer {token}".encode("latin-1", "ignore").decode("latin-1")}
            async with session.post(ASK_PATH, json={"do": "home.show"}, headers=headers) as answer:
                assert answer.status == 401
        assert it.stand.gateway.heard == []


async def test_a_token_signed_by_another_key_shows_nothing() -> None:
    async with tab() as it:
        forged = replace(signing_key(2), id=signing_key().id).sign(it.claims())
        assert (await it.ask(forged))[0] == 401


async def test_what_is_done_in_the_tab_is_one_press_of_the_page_that_showed_it() -> None:
    async with tab() as it:
        it.stand.gateway.on |= {"take": Reply()}
        status, page = await it.ask(it.token(), do="take", about="c7", version=3, once="page-1")
        assert (status, "With you" in page) == (200, True)  # what there is to say is on Home, and in the chat
        pressed, home = it.stand.gateway.heard
        assert (pressed.action, pressed.challenge_id, pressed.version) == ("take", "c7", 3)
        assert (pressed.key, pressed.door) == ("button:c7::3:take", Door.HOME)
        assert (home.action, home.key) == ("home.show", "")


async def test_a_form_of_the_tab_is_a_dialog_that_is_sent_to_the_bot() -> None:
    async with tab() as it:
        form = Form("Report a challenge", "Send", Press("report"), (TextField("what", "What is in the way?"),))
        it.stand.gateway.on |= {"challenge.form": Reply(form=form)}
        status, said = await it.ask(it.token(), do="challenge.form", once="page-1")
        opens = json.loads(said)
        assert (status, opens["title"], opens["bot"]) == (200, "Report a challenge", it.stand.tenant.app_id)
        assert json.loads(opens["card"])["type"] == "AdaptiveCard"


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param({"do": ""}, id="nothing"),
        pytest.param({"do": "take"}, id="of no page"),
        pytest.param({"do": "take", "once": "x" * 65}, id="of a page too long"),
        pytest.param({"do": "take", "once": "p", "version": "three"}, id="no version"),
        pytest.param({"do": "take", "once": "p", "version": -1}, id="a version that cannot be"),
        pytest.param({"do": "take", "once": "p", "version": 2**31}, id="a version beyond"),
    ],
)
async def test_what_no_page_of_ours_asks_for_is_not_done(wanted: dict[str, Any]) -> None:
    async with tab() as it:
        assert (await it.ask(it.token(), **wanted))[0] == 400
        assert it.stand.gateway.heard == []


def test_an_audience_names_its_app_in_either_way() -> None:
    app = "11111111-1111-4111-8111-111111111111"
    assert {app_of(app), app_of(f"api://host.example.org/botid-{app}"), app_of(f"api://{app}")} == {app}


HOST = """<!doctype html><title>Teams</title><iframe title="Clearway" src="{src}" style="width:100%;height:90vh"></iframe>
<script>
addEventListener('message', (event) => {{
  const asked = event.data, answers = {{
    'initialize': ['content', 'web', JSON.stringify({{apiVersion: 4, hostVersionsInfo: {{adaptiveCardSchemaVersion: {{majorVersion: 1, minorVersion: 5}}}}, isLegacyTeams: false, supports: {{dialog: {{card: {{bot: {{}}}}}}}}}}), '2.0.0'],
    'authentication.getAuthToken': [true, '{token}'],
  }};
  if (asked.func.startsWith('tasks.')) document.title = JSON.stringify(asked.args);
  if (asked.func in answers)
    event.source.postMessage({{id: asked.id, uuid: asked.uuid, args: answers[asked.func]}}, event.origin);
}});
</script>"""
"""As much of Teams' window as a tab speaks to: it says who has it open."""


@pytest.mark.browser
async def test_home_in_a_real_browser_inside_teams(chromium_path: str) -> None:
    library = npm.install(
        "@microsoft/teams-js",
        "2.34.0",
        "sha512-3QgI5Y1ybIMxJTq58vt070iqzlImfb18oEaEy3fT4U4CJuK+X4oJjpOzY0e2xeU/re4ePSPlzS4tOh3Jiqw/Mw==",
    )
    script = (library / "dist/umd/MicrosoftTeams.min.js").read_text(encoding="utf-8")

    form = Form("Report a challenge", "Send", Press("report"), (TextField("what", "What is in the way?"),))
    async with tab() as it, async_playwright() as playwright:
        it.stand.gateway.on |= {"challenge.form": Reply(form=form), "withdraw": Reply()}
        browser = await playwright.chromium.launch(
            executable_path=chromium_path, args=["--no-sandbox", "--disable-features=LocalNetworkAccessChecks"]
        )
        page = await browser.new_page(viewport={"width": 700, "height": 800})

        async def teams(route: Route) -> None:
            host = HOST.format(src=f"{it.url}/teams/tab", token=it.token())
            await route.fulfill(body=host, content_type="text/html")

        async def content_network(route: Route) -> None:
            allowed = {"Access-Control-Allow-Origin": "*"}
            if route.request.url == LIBRARY:
                await route.fulfill(body=script, content_type="text/javascript", headers=allowed)
            else:
                await route.abort()

        await page.route("https://teams.microsoft.com/**", teams)
        await page.route("https://res.cdn.office.net/**", content_network)
        await page.goto("https://teams.microsoft.com/tab")
        shown = page.frame_locator("iframe")
        await expect(shown.get_by_role("heading", name="With you")).to_be_visible()
        await expect(shown.get_by_text(SHOUT)).to_be_visible()
        await shown.get_by_role("button", name="Report a challenge").click()
        await page.wait_for_function("document.title.startsWith('[')")
        [opened, *_] = json.loads(await page.title())
        assert (opened["title"], opened["completionBotId"]) == ("Report a challenge", it.stand.tenant.app_id)
        assert "What is in the way?" in json.dumps(opened["card"])
        it.stand.gateway.heard.clear()

        sure = shown.get_by_role("button", name="Withdraw")
        await sure.click()
        assert it.stand.gateway.heard == []
        async with page.expect_response(f"**{ASK_PATH}"):
            await shown.get_by_role("button", name="Take challenge 7 back?").click()
        await expect(shown.get_by_role("heading", name="With you")).to_be_visible()
        assert [each.action for each in it.stand.gateway.heard] == ["withdraw", "home.show"]
        it.stand.gateway.heard.clear()
        await shown.get_by_role("button", name="Show 7").click()
        await expect(shown.get_by_role("heading", name="Challenge 7")).to_be_focused()
        await expect(shown.get_by_text("The rosters do not load.")).to_be_visible()
        asked: list[Inbound] = it.stand.gateway.heard
        assert [(each.action, each.challenge_id) for each in asked] == [("show", "c7")]
        await shown.get_by_role("button", name="Home").click()
        await expect(shown.get_by_role("heading", name="With you")).to_be_visible()

        frame = page.frames[1]
        await frame.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
        found = await frame.evaluate("axe.run()")
        assert found["violations"] == []
        await browser.close()
