"""The page that the app's manifest names for what it is, who sees what, and what it is for. It shows nothing of anybody."""

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from typing import Final

from aiohttp import web

from bot.teams.package import ABOUT_PATH

STYLE: Final = (
    ":root{color-scheme:light dark}"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}"
    "h1{font-size:1.5rem}h2{font-size:1.15rem}"
)
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "public, max-age=3600",
}

ABOUT: Final = """
<h1>Clearway</h1>
<p>Clearway runs your district's own written process for what stands in the way of the work in schools. Staff report it.
Clearway brings it to a named person who has the authority to remove it, follows up on school days until it is resolved,
and then asks those who raised it whether it was addressed.</p>
<h2 id="privacy">Who can see what</h2>
<ul>
<li>Clearway runs on a server of your district, or of somebody your district has chosen. It keeps what you report, and what
was done about it, in its database there, and sends nothing to anybody else but Microsoft Teams, and Slack where your
district uses it.</li>
<li>A report is seen by the district's team, by the people of its school, and by those who work on it. Once it was
addressed, what it was and what was done may be posted in the channel of a team, without your name. The form says so before
you send it. You can have your name shown to the coordinator only: that is confidential, and not anonymous.</li>
<li>What you write in Teams is in Teams. Who administers your organization there may be able to search and keep it.</li>
<li>Please write nothing that could identify a student.</li>
</ul>
<h2 id="terms">What to use it for</h2>
<p>It is for staff of the district, for challenges to the district's work. It is not watched around the clock: where
somebody is in danger, call 911. Your district's own rules for the use of its systems hold here, too. Questions go to your
district's coordinator.</p>
"""


def routes() -> list[web.RouteDef]:
    return [web.get(ABOUT_PATH, about)]


async def about(_: web.Request) -> web.Response:
    """What Teams links to where it shows the app: what it does, who sees what, what it is for."""
    return _page("About Clearway", ABOUT)


def _page(title: str, body: str) -> web.Response:
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><main>{body}</main></body></html>"
    )
    return web.Response(text=text, content_type="text/html", headers=HEADERS)
