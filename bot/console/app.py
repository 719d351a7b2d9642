"""The console's pages: what a person sees, and what becomes of what they send. Every act is a plain form."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol

from aiohttp import web

from bot.console import pages, parse, people, practice
from bot.console.entrance import SENT, THEIRS, Entrance, RefusedError, Visit, go, html
from bot.console.guard import HEADERS
from bot.console.parse import Answers, BrokenFormError, Opened
from bot.console.render import Here, Renderer
from bot.console.rooms import Post, Rooms
from bot.gateway import NotCommittedError
from handlers.cards.model import Card, Text
from handlers.cards.text import Voice
from handlers.request import Inbound, Reply, Source
from scheduling.calendar import Calendar
from scheduling.clock import Clock
from storage.directory import Directory
from storage.vocabulary import Door, PersonId, new_id

STATIC: Final = Path(__file__).with_name("static")
CONTENT_TYPES: Final[Mapping[str, str]] = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
OPEN_FORMS: Final = 500  # remembered until they are looked at; what comes back from an older one is taken all the same
PULSE_S: Final = 15.0  # how often an idle stream says that it is alive
GATHER_S: Final = 0.1  # changes that come together are one look


class Gateway(Protocol):
    """The one way in: commits what somebody did, and answers. Raises NotCommittedError when it could not."""

    async def handle(self, inbound: Inbound) -> Reply: ...


@dataclass(frozen=True, slots=True)
class Answering:
    """Where the answer to an act belongs."""

    room: str
    door: Door
    key: str = ""
    """The intent, so that an answer given twice stands once."""
    source: Source = field(default_factory=Source)
    thread_id: str | None = None
    post_id: str = ""
    """What the person looks at when there is no answer."""


class ConsoleRoom:
    """The practice workspace in the browser, for one fictional district. It answers on loopback names only."""

    def __init__(
        self,
        *,
        gateway: Gateway,
        rooms: Rooms,
        directory: Callable[[], Awaitable[Directory]],
        clock: Clock,
        steering: practice.Steering,
        guide: practice.Guide,
        start_over: Callable[[], Awaitable[None]],
        public_url: str = "",
    ) -> None:
        """`start_over` empties the practice database; `public_url` is how links to posts begin (relative where empty)."""
        self._gateway = gateway
        self._rooms = rooms
        self._directory = directory
        self._clock = clock
        self._entrance = Entrance(directory, clock)
        self._steering = steering
        self._guide = guide
        self._start_over = start_over
        self._posts_at = f"{public_url.rstrip('/')}/console/to/"
        self._opened: OrderedDict[str, Opened] = OrderedDict()
        self._moving = asyncio.Lock()
        self._closing = False

    def routes(self) -> list[web.RouteDef]:
        open_, seen = self._entrance.guarded, self._entrance.visited
        return [
            web.get("/console", open_(self._front_door)),
            web.get("/console/", open_(self._everybody)),
            web.get("/console/be", open_(self._be)),
            web.get("/console/live", open_(self._live)),
            web.get("/console/start-over", open_(self._ask_start_over)),
            web.post("/console/start-over", open_(self._start_anew)),
            web.post("/console/clock", open_(self._move_clock)),
            web.get("/console/to/{post}", open_(self._front_door)),
            web.get("/console/static/{name}", open_(self._static)),
            web.get("/console/as/{person}/", seen(self._inbox)),
            web.get("/console/as/{person}/in/{channel}", seen(self._channel)),
            web.get("/console/as/{person}/home", seen(self._home)),
            web.get("/console/as/{person}/to/{post}", seen(self._to_post)),
            web.get("/console/as/{person}/forms/{form}", seen(self._form)),
            web.post("/console/as/{person}/forms/{form}", seen(self._submit)),
            web.post("/console/as/{person}/say", seen(self._say)),
            web.post("/console/as/{person}/press", seen(self._press)),
            web.post("/console/as/{person}/shortcut", seen(self._shortcut)),
            web.post("/console/as/{person}/report", seen(self._report)),
            web.post("/console/as/{person}/edit", seen(self._edit)),
            web.post("/console/as/{person}/delete", seen(self._delete)),
            web.post("/console/as/{person}/put-away", seen(self._put_away)),
            web.route("*", "/console/{rest:.*}", open_(self._nothing)),
        ]

    async def close(self, _: web.Application | None = None) -> None:
        """Ends the live streams; for `on_shutdown`."""
        self._closing = True
        self._rooms.bell.ring()

    # -- pages for nobody in particular ------------------------------------------------------------------------------

    async def _front_door(self, _: web.Request) -> web.Response:
        return go("/console/")

    async def _nothing(self, _: web.Request) -> web.Response:
        raise RefusedError(404, "There is no such page.")

    async def _everybody(self, request: web.Request) -> web.Response:
        """Who one can be."""
        directory, now = await self._directory(), self._clock.now()
        say = Voice(directory)
        wanted = request.query.get("find", "").strip()
        found = [each for each in self._profiles(directory, now).values() if each.matches(wanted)]
        return html(
            "everybody.html",
            say=say,
            district=directory.name,
            groups=people.grouped(found),
            wanted=wanted,
            waiting=await self._rooms.waiting(),
            **await self._around(directory, now, say, request[THEIRS], "/console/"),
        )

    async def _be(self, request: web.Request) -> web.Response:
        return go(f"{pages.base(PersonId(request.query.get('person', '')))}/{pages.NEWEST}")

    async def _ask_start_over(self, request: web.Request) -> web.Response:
        return html("start-over.html", say=Voice(await self._directory()), token=request[THEIRS])

    async def _start_anew(self, _: web.Request) -> web.Response:
        async with self._moving:
            await self._start_over()
        self._opened.clear()
        self._rooms.forget()
        return go("/console/")

    async def _move_clock(self, request: web.Request) -> web.Response:
        async with self._moving:
            try:
                to = practice.destination(request[SENT].get("to", ""), self._clock.now())
            except ValueError as error:
                raise BrokenFormError("to") from error
            await self._steering.move(to)
        back = request[SENT].get("back", "")
        return go(back if back.startswith("/console/") and back.isprintable() else "/console/")

    async def _static(self, request: web.Request) -> web.Response:
        file = STATIC / request.match_info["name"]
        if file.parent != STATIC or file.suffix not in CONTENT_TYPES or not file.is_file():
            raise RefusedError(404, "There is no such file.")
        return web.Response(body=file.read_bytes(), content_type=CONTENT_TYPES[file.suffix], charset="utf-8")

    async def _live(self, request: web.Request) -> web.StreamResponse:
        """Says "look again" whenever something has changed; the page fetches itself and shows what is new."""
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8", **HEADERS})
        await stream.prepare(request)
        try:
            async with self._rooms.bell.listening() as heard:
                await stream.write(b"retry: 2000\n\n")
                while not self._closing:
                    try:
                        await asyncio.wait_for(heard.wait(), PULSE_S)
                    except TimeoutError:
                        await stream.write(b": still here\n\n")
                        continue
                    await asyncio.sleep(GATHER_S)
                    heard.clear()
                    await stream.write(b"event: look\ndata: again\n\n")
        except ConnectionResetError:
            pass  # the page was closed
        return stream

    # -- a person's pages --------------------------------------------------------------------------------------------

    async def _inbox(self, visit: Visit) -> web.Response:
        return await self._room(visit, visit.chat, visit.say("Clearway"))

    async def _channel(self, visit: Visit) -> web.Response:
        for each in people.channels(visit.directory):
            if each.slug == visit.path["channel"]:
                return await self._room(visit, each.room, each.label)
        raise RefusedError(404, "There is no such channel.")

    async def _room(self, visit: Visit, room: str, label: str) -> web.Response:
        posts = await self._rooms.seen_by(visit.person.id, room)
        self._rooms.read(visit.person.id, room, max((each.position for each in posts), default=0))
        profiles = self._profiles(visit.directory, visit.now)
        return html(
            "room.html",
            label=label,
            direct=room == visit.chat,
            posts=pages.threads(posts, profiles, self._renderer(visit, room)),
            post_id=new_id(),
            **await self._framed(visit, room),
        )

    async def _home(self, visit: Visit) -> web.Response:
        reply = await self._gateway.handle(parse.home(visit.who))
        card = self._renderer(visit, "").card(reply.card, "home", level=2) if reply.card else ""
        return html("home.html", card=card, **await self._framed(visit, ""))

    async def _to_post(self, visit: Visit) -> web.Response:
        """Follows a link to a post, for whoever may see it."""
        post = await self._rooms.post(visit.path["post"])
        if post is None or not people.may_enter(post.room, visit.person, visit.directory):
            raise RefusedError(404, "That message is gone, or in a conversation that you are not part of.")
        return go(self._address(visit, post.room, post.id))

    async def _form(self, visit: Visit) -> web.Response:
        opened = self._opened.get(visit.path["form"])
        if opened is None:
            raise RefusedError(410, "This form is not open any more. Please open it again where you found it.")
        return self._form_page(visit, opened)

    # -- what a person does ------------------------------------------------------------------------------------------

    async def _say(self, visit: Visit) -> web.Response:
        said = parse.typed(visit.sent)
        self._enter(visit, said.room)
        if not said.text:
            return go(self._address(visit, said.room))
        root = await self._rooms.post(said.thread_id) if said.thread_id else None
        said = replace(said, thread_id=(root.thread_id or root.id) if root and root.room == said.room else "")
        if said.command:
            asked = parse.command(visit.who, said)
            answering = Answering(said.room, asked.door, said.post_id, asked.source, said.thread_id or None)
            return await self._answered(visit, await self._gateway.handle(asked), answering)
        # Clearway first, then the room: what stands in the room has been recorded.
        reply = Reply()
        if said.heard:
            reply = await self._gateway.handle(parse.message(visit.who, said, self._posts_at + said.post_id))
        thread_id = said.thread_id or None
        await self._rooms.say(
            said.room, visit.person.id, said.text, post_id=said.post_id, at=visit.now, thread_id=thread_id
        )
        answering = Answering(
            said.room, Door.DIRECT_MESSAGE, f"answer:{said.post_id}", thread_id=thread_id, post_id=said.post_id
        )
        return await self._answered(visit, reply, answering)

    async def _press(self, visit: Visit) -> web.Response:
        room = visit.sent.get("room") or visit.chat
        self._enter(visit, room)
        pressed = parse.press(visit.who, visit.sent, room)
        post = await self._rooms.post(pressed.source.message_id)
        if post:
            pressed = replace(pressed, source=replace(pressed.source, thread_id=post.thread_id or ""))
        reply = await self._gateway.handle(pressed)
        if not visit.sent.get("room") and not reply.card and not reply.form:
            return go(f"{visit.base}/home")
        thread_id = post.thread_id if post else None
        answering = Answering(room, pressed.door, pressed.key, pressed.source, thread_id, post.id if post else "")
        return await self._answered(visit, reply, answering)

    async def _shortcut(self, visit: Visit) -> web.Response:
        room = visit.sent.get("room") or visit.chat
        self._enter(visit, room)
        reply = await self._gateway.handle(parse.global_shortcut(visit.who, room))
        return await self._answered(visit, reply, Answering(room, Door.GLOBAL_SHORTCUT, "shortcut"))

    async def _report(self, visit: Visit) -> web.Response:
        """ "Report as a challenge", on what somebody wrote in a channel."""
        post = await self._rooms.post(visit.sent.get("post", ""))
        if post is None or post.author_id is None or post.only_for_id:
            raise RefusedError(404, "That message is gone.")
        self._enter(visit, post.room)
        link = self._posts_at + post.id
        asked = parse.message_shortcut(visit.who, post.room, post.id, post.author_id, post.text, link)
        answering = Answering(post.room, asked.door, f"report:{post.id}", asked.source, post.thread_id, post.id)
        return await self._answered(visit, await self._gateway.handle(asked), answering)

    async def _edit(self, visit: Visit) -> web.Response:
        """Their own post reads otherwise now; Clearway is told where it was told the post."""
        post, was = await self._own_post(visit)
        said = replace(was, text=parse.text(visit.sent, "text").strip())
        if not said.text or said.text == was.text:
            return go(self._address(visit, post.room, post.id))
        asked = parse.edited(visit.who, said, parse.one_time(visit.sent.get("edit", "")))
        reply = await self._gateway.handle(asked) if was.heard or said.heard else Reply()
        await self._rooms.reword(visit.person.id, post.id, said.text)
        answering = Answering(post.room, asked.door, asked.key, asked.source, post.thread_id, post.id)
        return await self._answered(visit, reply, answering)

    async def _delete(self, visit: Visit) -> web.Response:
        post, was = await self._own_post(visit)
        asked = parse.deleted(visit.who, was)
        reply = await self._gateway.handle(asked) if was.heard else Reply()
        await self._rooms.take_back(visit.person.id, post.id)
        return await self._answered(visit, reply, Answering(post.room, asked.door, asked.key, asked.source))

    async def _own_post(self, visit: Visit) -> tuple[Post, parse.Typed]:
        post = await self._rooms.post(visit.sent.get("post", ""))
        if post is None or post.author_id != visit.person.id:
            raise RefusedError(404, "That message is gone, or is not yours.")
        return post, parse.Typed(post.room, post.text, post.id, post.thread_id or "")

    async def _submit(self, visit: Visit) -> web.Response:
        opened = parse.opened(parse.one_time(visit.path["form"]), visit.sent)
        self._enter(visit, opened.room)
        given = parse.answers(opened.form, visit.sent)
        if wanted := parse.lookup(opened.form, visit.sent):
            found = await self._gateway.handle(parse.search(visit.who, opened.form, wanted))
            chosen = str(given.get(wanted.field.name, ""))
            offering = replace(opened, form=parse.offering(opened.form, wanted, tuple(found.options), chosen))
            return self._form_page(visit, offering, given, notes={wanted.field.name: wanted.words})
        asked = parse.submission(visit.who, opened, given)
        try:
            reply = await self._gateway.handle(asked)
        except NotCommittedError as failed:
            return self._form_page(visit, opened, given, trouble=failed.sentence, status=503)
        if reply.errors:
            return self._form_page(visit, opened, given, errors=reply.errors, status=422)
        self._opened.pop(opened.id, None)
        thread_id = opened.source.thread_id or None
        return await self._answered(
            visit, reply, Answering(opened.room, opened.door, asked.key, opened.source, thread_id)
        )

    async def _put_away(self, visit: Visit) -> web.Response:
        await self._rooms.put_away(visit.person.id, visit.sent.get("post", ""))
        room = visit.sent.get("room", "")
        self._enter(visit, room)
        return go(self._address(visit, room))

    async def _answered(self, visit: Visit, reply: Reply, answering: Answering) -> web.Response:
        """Shows the answer where the person is looking: a form as its own page, a card privately in the room."""
        if reply.form:
            opened = Opened(new_id(), reply.form, answering.room, answering.door, answering.source)
            self._opened[opened.id] = opened
            while len(self._opened) > OPEN_FORMS:
                self._opened.popitem(last=False)
            return go(f"{visit.base}/forms/{opened.id}")
        post_id = answering.post_id
        card = reply.card
        if reply.errors and not card:  # of a form that is not open here
            card = Card(visit.say("That did not work"), tuple(Text(each) for each in reply.errors.values()))
        if card:
            post_id = sha256(f"{visit.person.id} {answering.key}".encode()).hexdigest()[:20]
            await self._rooms.answer(
                answering.room, visit.person.id, card, post_id=post_id, thread_id=answering.thread_id
            )
        return go(self._address(visit, answering.room, post_id))

    # -- parts of pages ----------------------------------------------------------------------------------------------

    def _enter(self, visit: Visit, room: str) -> None:
        if not people.may_enter(room, visit.person, visit.directory):
            raise RefusedError(404, "There is no such conversation, or you are not part of it.")

    def _address(self, visit: Visit, room: str, post_id: str = "") -> str:
        slugs = {each.room: each.slug for each in people.channels(visit.directory)}
        page = f"{visit.base}/in/{slugs[room]}" if room in slugs else f"{visit.base}/"
        return f"{page}#post-{post_id}" if post_id else page + pages.NEWEST

    def _profiles(self, directory: Directory, now: datetime) -> dict[PersonId, people.Profile]:
        say, today = Voice(directory), Calendar.of(directory).today(now)
        return {each.id: people.profile(each, directory, today, say) for each in directory.people.values()}

    def _renderer(self, visit: Visit, room: str) -> Renderer:
        return Renderer(Here(visit.say, visit.token, visit.person.id, visit.base, room, self._posts_at))

    def _form_page(
        self,
        visit: Visit,
        opened: Opened,
        given: Answers | None = None,
        *,
        errors: Mapping[str, str] | None = None,
        notes: Mapping[str, str] | None = None,
        trouble: str = "",
        status: int = 200,
    ) -> web.Response:
        fields = self._renderer(visit, opened.room).form(opened.form, given or {}, errors or {}, notes or {})
        return html(
            "form.html",
            status=status,
            say=visit.say,
            token=visit.token,
            profile=self._profiles(visit.directory, visit.now)[visit.person.id],
            action=f"{visit.base}/forms/{opened.id}",
            back=self._address(visit, opened.room),
            opened=opened,
            fields=fields,
            named={each.name for each in opened.form.fields if hasattr(each, "name")},
            errors=errors or {},
            trouble=trouble,
        )

    async def _framed(self, visit: Visit, room: str) -> dict[str, Any]:
        """What stands around a person's page: who they are, their rooms, the clock, the guide."""
        profiles = self._profiles(visit.directory, visit.now)
        channels = people.channels(visit.directory)
        own, others = pages.entries(visit.person, channels, await self._rooms.unread(visit.person.id), room, visit.say)
        here = f"{visit.base}/home" if not room else self._address(visit, room)
        return {
            "say": visit.say,
            "profile": profiles[visit.person.id],
            "base": visit.base,
            "room": room,
            "own": own,
            "others": others,
            "groups": people.grouped(profiles.values()),
            "waiting": await self._rooms.waiting(),
            **await self._around(visit.directory, visit.now, visit.say, visit.token, here),
        }

    async def _around(self, directory: Directory, now: datetime, say: Voice, token: str, here: str) -> dict[str, Any]:
        calendar = Calendar.of(directory)
        steps = await self._guide()
        return {
            "token": token,
            "here": here,
            "now": now,
            "day": calendar.today(now),
            "zone": directory.timezone.rpartition("/")[2].replace("_", " "),
            "moves": practice.moves(now, calendar, await self._steering.next_due(), say),
            "steps": steps,
            "current_step": next((n for n, each in enumerate(steps) if not each.done), None),
            "people": directory.people,
            "base_of": pages.base,
        }
