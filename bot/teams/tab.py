"""Home in a tab of the Teams app: what waits for whoever has it open. What is to be decided is decided in the chat.

The page knows nobody. Its script asks Teams who has it open, and then us, with the token that Teams gives for that.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final, assert_never
from urllib.parse import quote

from aiohttp import web

from bot.gateway import NotCommittedError
from bot.teams.listeners import Gateway
from bot.teams.package import TAB_PATH
from bot.teams.signin import SignIn
from bot.teams.tokens import KeysUnavailableError, NotTrustedError
from handlers.cards.model import (
    Button,
    Buttons,
    Card,
    Divider,
    Element,
    Facts,
    Heading,
    Items,
    Link,
    Note,
    Quote,
    Text,
)
from handlers.request import Inbound
from storage.vocabulary import Door

SHOWN: Final = frozenset({"home.show", "show", "log.more", "what_next", "process.show", "process.people", "help"})
"""What the tab shows itself: it changes nothing."""
ASK_PATH: Final = f"{TAB_PATH}/ask"
LIBRARY: Final = "https://res.cdn.office.net/teams-js/2.34.0/js/MicrosoftTeams.min.js"
LIBRARY_IS: Final = "sha384-brW9AazbKR2dYw2DucGgWCCcmrm2oBFV4HQidyuyZRI/TnAkmOOnTARSTdps3Hwt"
"""Microsoft's library, which a tab must load from there: the browser refuses it where it is another than this one."""
# https://learn.microsoft.com/microsoftteams/platform/tabs/how-to/tab-requirements
FRAMES: Final = (
    "https://teams.microsoft.com https://*.teams.microsoft.com https://*.cloud.microsoft https://*.office.com "
    "https://gov.teams.microsoft.us https://dod.teams.microsoft.us"
)
STYLE: Final = """
:root{color-scheme:light dark;--line:#8a8886;--link:#115ea3}
@media (prefers-color-scheme:dark){:root{--link:#62abf5}}
body{font:16px/1.5 "Segoe UI",system-ui,sans-serif;max-width:44rem;margin:1.5rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin:1.5rem 0 .25rem}p{margin:.4rem 0}
blockquote{border-left:.25rem solid var(--line);margin:.5rem 0;padding-left:.75rem;white-space:pre-wrap}
dl{display:grid;grid-template-columns:minmax(8rem,14rem) 1fr;gap:.2rem 1rem}dt{font-weight:600}dd{margin:0}
@media (max-width:30rem){dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}}
button,.chat{font:inherit;box-sizing:border-box;vertical-align:middle;min-height:2.75rem;padding:.4rem 1rem;margin:.25rem .5rem .25rem 0;border:1px solid var(--line);
border-radius:.25rem;background:transparent;color:inherit;cursor:pointer;text-decoration:none;display:inline-block}
a{color:var(--link)}:focus-visible{outline:3px solid var(--link);outline-offset:2px}.note{font-size:.875rem}
"""
SCRIPT: Final = """
const main = document.querySelector('main'), said = document.querySelector('[role=status]');
let token = '';
async function ask(press) {
  said.textContent = 'One moment …';
  try {
    token = await microsoftTeams.authentication.getAuthToken();
    const answer = await fetch(document.body.dataset.ask, {method: 'POST', body: JSON.stringify(press),
      headers: {'Authorization': 'Bearer ' + token, 'Content-Type': 'application/json'}});
    const page = answer.headers.get('Content-Type') || '';
    if (!page.startsWith('text/html')) throw new Error(answer.status);
    main.innerHTML = await answer.text();
    said.textContent = '';
    const title = main.querySelector('h1');
    if (title && press.do !== 'home.show') { title.tabIndex = -1; title.focus(); }
  } catch (failure) {
    said.textContent = 'Your Home could not be loaded just now. Write “clearway” in the chat to see it there.';
  }
}
document.addEventListener('click', (event) => {
  const pressed = event.target.closest('button[data-do]');
  if (pressed) ask({...pressed.dataset});
});
microsoftTeams.app.initialize().then(() => ask({do: 'home.show'})).catch(() => {
  said.textContent = 'This page is a tab of Clearway in Teams: open it there.';
});
"""


def _digest(inline: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}'"


HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; connect-src 'self' https://res.cdn.office.net/teams-js/; "
        f"script-src {_digest(SCRIPT)} https://res.cdn.office.net; style-src {_digest(STYLE)}; frame-ancestors {FRAMES}"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
PAGE: Final = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Home</title>'
    f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
    f'<body data-ask="{ASK_PATH}"><main><h1>Home</h1></main><p role="status">One moment …</p>'
    "<noscript><p>Write “clearway” in the chat: it shows the same.</p></noscript>"
    f'<script src="{LIBRARY}" integrity="{LIBRARY_IS}" crossorigin="anonymous"></script><script>{SCRIPT}</script>'
    "</body></html>"
)


class Tab:
    """The tab of every registration."""

    def __init__(self, gateway: Gateway, sign_in: SignIn) -> None:
        self._gateway = gateway
        self._sign_in = sign_in

    def routes(self) -> list[web.RouteDef]:
        return [web.get(TAB_PATH, self.page), web.post(ASK_PATH, self.ask)]

    async def page(self, _: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html", headers=HEADERS)

    async def ask(self, request: web.Request) -> web.Response:
        """What whoever has it open wants to see, as HTML. 401: Teams does not vouch for them. 400: nothing to show."""
        try:
            identity, app_id = await self._sign_in.who(request.headers.get("Authorization", ""))
        except NotTrustedError:
            return web.Response(status=401)
        except KeysUnavailableError:
            return web.Response(status=503)
        try:
            wanted = await request.json()
            action, about, item = (str(wanted.get(each) or "") for each in ("do", "about", "item"))
        except (ValueError, AttributeError, RecursionError):
            return web.Response(status=400)
        if action not in SHOWN:
            return web.Response(status=400)
        inbound = Inbound(identity, action, Door.HOME, challenge_id=about, item=item, app_id=app_id)
        try:
            card = (await self._gateway.handle(inbound)).card
        except NotCommittedError as failure:
            card = Card("Home", (Text(failure.sentence),))
        shown = "".join(html(card or Card("Home", ()), chat_with(app_id)))
        back = "" if action == "home.show" else '<p><button type="button" data-do="home.show">Home</button></p>'
        return web.Response(
            text=shown + back, content_type="text/html", headers={"Cache-Control": "no-store", **HEADERS}
        )


def chat_with(app_id: str) -> str:
    """The address of the chat with the bot, https://learn.microsoft.com/microsoftteams/platform/concepts/build-and-test/deep-link-teams"""
    return f"https://teams.microsoft.com/l/chat/0/0?users={quote(f'28:{app_id}')}"


def html(card: Card, chat: str) -> Iterator[str]:
    """A card to be read. Everything in it is escaped: nobody's words format, link or run."""
    yield f"<h1>{escape(card.title)}</h1>"
    for each in card.body:
        yield from element(each, chat)


def element(item: Element, chat: str) -> Iterator[str]:
    match item:
        case Text(body):
            yield f"<p>{escape(body)}</p>"
        case Heading(body):
            yield f"<h2>{escape(body)}</h2>"
        case Quote(body, by):
            signed = f"<p class=note>— {escape(by)}</p>" if by else ""
            yield f"<blockquote>{escape(body)}</blockquote>{signed}"
        case Note(body):
            yield f"<p class=note>{escape(body)}</p>"
        case Facts(pairs):
            yield f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{escape(value)}</dd>' for name, value in pairs)}</dl>"
        case Items(lines):
            yield f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"
        case Link(label, url):
            yield f'<p><a href="{escape(url)}" target="_blank" rel="noopener">{escape(label)}</a></p>'
        case Divider():
            yield "<hr>"
        case Buttons(items):
            yield f"<p>{''.join(_buttons(items, chat))}</p>"
        case _:
            assert_never(item)


def _buttons(items: tuple[Button, ...], chat: str) -> Iterator[str]:
    """What only shows something is shown here; the rest is done in the chat, where one link leads."""
    here = [each for each in items if each.press.action in SHOWN]
    for each in here:
        yield f"<button type=button {_data(each)}>{escape(each.label)}</button>"
    if elsewhere := [each.label for each in items if each not in here]:
        yield f'<a class=chat href="{escape(chat)}" target="_blank" rel="noopener">In the chat: {escape(", ".join(elsewhere))}</a>'


def _data(button: Button) -> str:
    press: dict[str, Any] = {"do": button.press.action, "about": button.press.challenge_id, "item": button.press.item}
    return " ".join(f'data-{name}="{escape(str(value))}"' for name, value in press.items() if value)
