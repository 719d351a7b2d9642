"""Home in a tab of the Teams app: what waits for whoever has it open, and what they can do about it.

The page knows nobody. Its script asks Teams who has it open, and then us, with the token that Teams gives for that. A
form opens as a dialog of Teams, and is sent to the bot like every other:
https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/task-modules/task-modules-tabs
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from html import escape
from typing import Any, Final, assert_never

from aiohttp import web

from bot.gateway import NotCommittedError
from bot.teams import forms
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
    Form,
    Heading,
    Items,
    Link,
    Note,
    Press,
    Quote,
    Text,
)
from handlers.request import Inbound, Reply, press_key
from storage.vocabulary import Door

HOME: Final = "home.show"
SHOWN: Final = frozenset({HOME, "show", "log.more", "what_next", "process.show", "process.people", "help"})
"""What changes nothing, however often it is asked."""
MOST_ONCE: Final = 64  # characters of what tells one page from the next
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
button{font:inherit;box-sizing:border-box;vertical-align:middle;min-height:2.75rem;padding:.4rem 1rem;margin:.25rem .5rem .25rem 0;border:1px solid var(--line);
border-radius:.25rem;background:transparent;color:inherit;cursor:pointer;text-decoration:none;display:inline-block}
a{color:var(--link)}:focus-visible{outline:3px solid var(--link);outline-offset:2px}.note{font-size:.875rem}
"""
SCRIPT: Final = """
const main = document.querySelector('main'), said = document.querySelector('[role=status]');
let token = '';
let once = '';
const forms = () => microsoftTeams.dialog.adaptiveCard.bot;
function open(form) {
  if (!forms().isSupported()) throw new Error('no dialogs');
  const size = {height: form.height, width: form.width};
  forms().open({title: form.title, size, card: form.card, completionBotId: form.bot}, () => ask({do: 'home.show'}));
}
async function ask(press) {
  said.textContent = 'One moment …';
  try {
    token = await microsoftTeams.authentication.getAuthToken();
    const answer = await fetch(document.body.dataset.ask, {method: 'POST', body: JSON.stringify(press),
      headers: {'Authorization': 'Bearer ' + token, 'Content-Type': 'application/json'}});
    const page = answer.headers.get('Content-Type') || '';
    if (answer.ok && page.startsWith('application/json')) {
      said.textContent = '';
      return open(await answer.json());
    }
    if (!page.startsWith('text/html')) throw new Error(answer.status);
    main.innerHTML = await answer.text();
    said.textContent = '';
    once = crypto.randomUUID();
    const title = main.querySelector('h1');
    if (title && press.do !== 'home.show') { title.tabIndex = -1; title.focus(); }
  } catch (failure) {
    said.textContent = 'That did not work here just now. Write “clearway” in the chat: the same stands there.';
  }
}
document.addEventListener('click', (event) => {
  const pressed = event.target.closest('button[data-do]');
  if (!pressed) return;
  const {sure, asked, ...press} = pressed.dataset;
  if (sure && !asked) {
    pressed.dataset.asked = 'yes';
    pressed.textContent = sure;
    return;
  }
  ask({...press, once});
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
        """What whoever has it open wants to see or do: HTML, or as JSON the form that opens.

        401: Teams does not vouch for them. 400: nothing to show.
        """
        try:
            identity, app_id = await self._sign_in.who(request.headers.get("Authorization", ""))
        except NotTrustedError:
            return web.Response(status=401)
        except KeysUnavailableError:
            return web.Response(status=503)
        try:
            wanted = await request.json()
            action, about, item, once = (str(wanted.get(each) or "") for each in ("do", "about", "item", "once"))
            press = Press(action, about, item, int(wanted.get("version") or 0))
        except (ValueError, TypeError, AttributeError, RecursionError, OverflowError):
            return web.Response(status=400)
        acts = action not in SHOWN
        if not action or not 0 <= press.version < 2**31 or (acts and not 0 < len(once) <= MOST_ONCE):
            return web.Response(status=400)
        key = press_key(press, f"tab:{once}") if acts else ""
        inbound = Inbound(identity, action, Door.HOME, key, about, item, press.version, app_id=app_id)
        reply = await self._answer(inbound)
        if reply.form is not None:
            return web.json_response(_dialog(reply.form, inbound), headers=NEVER_KEPT)
        if reply.errors:
            reply = Reply(Card("Home", tuple(Text(each) for each in reply.errors.values())))
        if reply.card is None and action != HOME:  # done: how it stands now says the rest
            action, reply = HOME, await self._answer(replace(inbound, action=HOME, key="", challenge_id="", item=""))
        shown = "".join(html(reply.card or Card("Home", ())))
        back = "" if action == HOME else f'<p><button type="button" data-do="{HOME}">Home</button></p>'
        return web.Response(text=shown + back, content_type="text/html", headers=NEVER_KEPT)

    async def _answer(self, inbound: Inbound) -> Reply:
        try:
            return await self._gateway.handle(inbound)
        except NotCommittedError as failure:
            return Reply(Card("Home", (Text(failure.sentence),)))


NEVER_KEPT: Final = {"Cache-Control": "no-store", **HEADERS}


def _dialog(form: Form, opened_by: Inbound) -> dict[str, Any]:
    """A form as the script hands it to Teams: the answer to it goes to the bot."""
    value = forms.dialog(form, opened_by=opened_by)["task"]["value"]
    shown = {name: value[name] for name in ("title", "height", "width")}
    return shown | {"card": json.dumps(value["card"]["content"]), "bot": opened_by.app_id}


def html(card: Card) -> Iterator[str]:
    """A card to be read. Everything in it is escaped: nobody's words format, link or run."""
    yield f"<h1>{escape(card.title)}</h1>"
    for each in card.body:
        yield from element(each)


def element(item: Element) -> Iterator[str]:
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
            yield f"<p>{''.join(map(_button, items))}</p>"
        case _:
            assert_never(item)


def _button(button: Button) -> str:
    return f"<button type=button {_data(button)}>{escape(button.label)}</button>"


def _data(button: Button) -> str:
    """What the script sends when it is pressed; `sure` is asked before that."""
    press = button.press
    said = {"do": press.action, "about": press.challenge_id, "item": press.item, "version": press.version or ""}
    said |= {"sure": button.confirm}
    return " ".join(f'data-{name}="{escape(str(value))}"' for name, value in said.items() if value)
