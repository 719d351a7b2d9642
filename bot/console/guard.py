"""What keeps the console to the person at this machine: loopback names only, no forged posts, strict headers.

The practice workspace asks for no sign-in, so a page of some other site must not be able to read or press anything
here: not by posting to us, and not by a name that it lets point at this machine (DNS rebinding).
"""

import re
import secrets
from collections.abc import Mapping
from typing import Final

from aiohttp import web
from yarl import URL

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
COOKIE: Final = "clearway_console"
TOKEN: Final = re.compile(r"[\w-]{43}", re.ASCII)


def is_loopback(request: web.Request) -> bool:
    """Whether the page was asked for by a name that can only mean this machine."""
    try:
        return URL(f"http://{request.host}").host in LOOPBACK
    except ValueError:
        return False


def token_of(request: web.Request) -> str:
    """The token of this browser; a new one where it has none."""
    kept = request.cookies.get(COOKIE, "")
    return kept if TOKEN.fullmatch(kept) else secrets.token_urlsafe(32)


def keep_token(response: web.StreamResponse, token: str) -> None:
    response.set_cookie(COOKIE, token, path="/console", httponly=True, samesite="Strict")


def is_ours(request: web.Request, sent_token: str) -> bool:
    """Whether a post comes from one of our own pages, in the browser that has it."""
    kept = request.cookies.get(COOKIE, "")
    if not TOKEN.fullmatch(kept) or not secrets.compare_digest(kept, sent_token):
        return False
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("Origin", "null")  # "null": our own pages send no referrer, and so no origin
    return origin in {"null", f"{request.scheme}://{request.host}"}
