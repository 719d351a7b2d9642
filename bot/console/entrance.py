"""The way to the console's pages: from this machine's own browser only, and as somebody of the district.

What could not be recorded is not lost here: the page says so, and keeps what was sent.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from aiohttp import web
from multidict import MultiDict
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bot.console import pages
from bot.console.guard import HEADERS, is_loopback, is_ours, keep_token, token_of
from bot.console.parse import BrokenFormError, Sent
from bot.console.render import templates
from bot.console.rooms import direct
from bot.gateway import NotCommittedError
from handlers.cards.text import Voice, stranger
from handlers.request import Identity
from scheduling.clock import Clock
from storage.directory import Directory, Person
from storage.vocabulary import PersonId, Platform

THEIRS: Final = web.RequestKey("token", str)
"""The token of the browser that asks."""
SENT: Final = web.RequestKey("sent", MultiDict[str])
"""The form data of a post that came from our own pages."""
PLAIN: Final = stranger(Platform.CONSOLE)
"""The voice of pages that must come even when the district cannot be read."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class RefusedError(Exception):
    """There is no such page, or not for this person."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of one person. `sent` is the form data of a post that came from our own pages."""

    path: Mapping[str, str]
    sent: Sent
    token: str
    now: datetime
    directory: Directory
    person: Person
    say: Voice

    @property
    def who(self) -> Identity:
        return Identity(Platform.CONSOLE, self.directory.district_id, self.person.id)

    @property
    def base(self) -> str:
        return pages.base(self.person.id)

    @property
    def chat(self) -> str:
        """The room of their direct chat with Clearway."""
        return direct(self.person.id)


Page = Callable[[Visit], Awaitable[web.StreamResponse]]


class Entrance:
    """What every request passes before it comes to its page."""

    def __init__(self, directory: Callable[[], Awaitable[Directory]], clock: Clock) -> None:
        self._directory = directory
        self._clock = clock

    def guarded(self, handler: Handler) -> Handler:
        """Only for this machine's own browser, only from our own pages, always with our headers."""

        async def answer(request: web.Request) -> web.StreamResponse:
            request[THEIRS], request[SENT] = token_of(request), MultiDict[str]()
            try:
                response = await self._checked(handler, request)
            except RefusedError as refused:
                response = sorry(refused.status, refused.sentence)
            except BrokenFormError:
                response = sorry(400, "That did not come from a page of this workspace, so nothing was done.")
            except web.HTTPException as error:
                response = sorry(error.status, f"{error.reason}. Nothing was done.")
            except NotCommittedError as failed:
                response = try_again(request, failed.sentence)
            except (DBAPIError, PoolTimeoutError):
                response = try_again(
                    request, "The database did not answer in time. What was recorded already is not recorded twice."
                )
            if not response.prepared:
                response.headers.update(HEADERS)
                keep_token(response, request[THEIRS])
            return response

        return answer

    async def _checked(self, handler: Handler, request: web.Request) -> web.StreamResponse:
        if not is_loopback(request):
            raise RefusedError(421, "The practice workspace answers only under the name of this machine: localhost.")
        if request.method == "POST":
            for name, value in (await request.post()).items():
                if not isinstance(value, str):
                    raise BrokenFormError(name)
                request[SENT].add(name, value)
            if not is_ours(request, request[SENT].get("token", "")):
                raise RefusedError(403, "This page was opened too long ago, or elsewhere. Nothing was done.")
        return await handler(request)

    def visited(self, page: Page) -> Handler:
        """A page that is seen through one person's eyes."""

        async def visit(request: web.Request) -> web.StreamResponse:
            directory = await self._directory()
            person = directory.people.get(PersonId(request.match_info["person"]))
            if person is None:
                raise RefusedError(404, "Nobody by that id is in this district.")
            sent: MultiDict[str] = request[SENT]
            now, say = self._clock.now(), Voice(directory)
            return await page(Visit(request.match_info, sent, request[THEIRS], now, directory, person, say))

        return self.guarded(visit)


def html(template: str, *, status: int = 200, **context: Any) -> web.Response:
    text = templates.get_template(template).render(**context)
    return web.Response(status=status, text=text, content_type="text/html")


def go(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address})


def sorry(status: int, sentence: str) -> web.Response:
    return html("sorry.html", status=status, say=PLAIN, sentence=sentence)


def try_again(request: web.Request, sentence: str) -> web.Response:
    """It was not recorded: the page says so, and holds what was sent, to be sent again as the same act."""
    sent = [(name, value) for name, value in request[SENT].items() if name not in {"token", "text"}]
    return html(
        "try-again.html",
        status=503,
        say=PLAIN,
        sentence=sentence,
        again=request.path if request.method == "POST" else "",
        sent=sent,
        text=request[SENT].get("text"),
        token=request[THEIRS],
    )
