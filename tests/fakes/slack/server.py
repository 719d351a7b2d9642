"""The server: Slack's Web API on a loopback port, with the workspaces' state. Every payload is checked.

A payload that Slack would refuse is refused, and noted in `violations`: `check` then fails the test.
"""

import asyncio
import itertools
import json
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal, Self

from aiohttp import ClientSession, WSMsgType, web
from aiohttp.test_utils import TestServer

from tests.fakes.slack import limits

Json = dict[str, Any]
POST_ARGUMENTS = frozenset({"channel", "text", "blocks", "parse", "thread_ts", "unfurl_links", "unfurl_media"})
ARGUMENTS: Mapping[str, frozenset[str]] = {
    "auth.test": frozenset(),
    "apps.connections.open": frozenset(),
    "chat.getPermalink": frozenset({"channel", "message_ts"}),
    "chat.postEphemeral": frozenset({"channel", "user", "text", "blocks", "parse", "thread_ts"}),
    "chat.postMessage": POST_ARGUMENTS | {"metadata", "mrkdwn"},
    "chat.update": frozenset({"channel", "ts", "text", "blocks", "parse"}),
    "conversations.history": frozenset({"channel", "include_all_metadata", "limit", "cursor", "oldest", "latest"}),
    "conversations.open": frozenset({"users"}),
    "users.info": frozenset({"user", "include_locale"}),
    "users.lookupByEmail": frozenset({"email"}),
    "views.open": frozenset({"trigger_id", "view"}),
    "views.publish": frozenset({"user_id", "view", "hash"}),
    "views.push": frozenset({"trigger_id", "view"}),
    "views.update": frozenset({"view_id", "view", "hash"}),
}


class RefusedError(Exception):
    """An answer of Slack with `ok: false`."""


@dataclass
class Failure:
    error: str = ""
    status: int = 200
    retry_after: int | None = None
    hang: bool = False
    cut: bool = False
    done: bool = False
    """It fails after the work was done: what was sent has arrived."""


@dataclass
class Post:
    """A message where it stands."""

    workspace: "Workspace" = field(repr=False)
    channel: str
    ts: str
    user: str
    text: str = ""
    blocks: list[Json] = field(default_factory=list)
    metadata: Json | None = None
    thread_ts: str | None = None
    only_for: str | None = None
    edits: int = 0
    deleted: bool = False

    @property
    def link(self) -> str:
        link = f"{self.workspace.url}archives/{self.channel}/p{self.ts.replace('.', '')}"
        threaded = self.thread_ts and self.thread_ts != self.ts
        return f"{link}?thread_ts={self.thread_ts}&cid={self.channel}" if threaded else link

    def as_json(self) -> Json:
        ours = self.user == self.workspace.bot_user_id
        said: Json = {"type": "message", "user": self.user, "text": self.text, "ts": self.ts}
        said |= {"bot_id": self.workspace.bot_id, "app_id": self.workspace.app_id} if ours else {}
        said |= {"team": self.workspace.team_id, "blocks": self.blocks}
        said |= {"metadata": self.metadata} if self.metadata else {}
        return said | ({"thread_ts": self.thread_ts} if self.thread_ts else {})


@dataclass
class Window:
    """A modal that somebody has open."""

    id: str
    view: Json
    hash: str
    typed: dict[tuple[str, str], Any] = field(default_factory=dict)
    """What somebody put into a field, by block and action; Slack keeps it while they stay the same."""
    errors: dict[str, str] = field(default_factory=dict)


@dataclass
class Conversation:
    id: str
    name: str
    members: set[str]
    direct: bool = False
    archived: bool = False


class Workspace:
    """One workspace, with our app installed in it."""

    def __init__(self, slack: "FakeSlack", team_id: str, domain: str, app_id: str) -> None:
        self.slack = slack
        self.team_id, self.domain, self.app_id = team_id, domain, app_id
        self.url = f"https://{domain}.slack.com/"
        self.bot_user_id, self.bot_id = f"UBOT{team_id}", f"B{team_id}"
        self.bot_token = f"xoxb-{team_id.lower()}"
        self.app_token = f"xapp-{team_id.lower()}"
        self.signing_secret = sha256(team_id.encode()).hexdigest()[:32]
        self.users: dict[str, Json] = {}
        self.conversations: dict[str, Conversation] = {}
        self.posts: list[Post] = []
        self.homes: dict[str, Json] = {}
        self.windows: dict[str, list[Window]] = defaultdict(list)
        self.socket: web.WebSocketResponse | None = None
        self.linked = asyncio.Event()
        """The app has connected a socket."""
        self.envelopes: dict[str, asyncio.Future[Json | None]] = {}
        self.channel("general")

    def user(self, user_id: str, name: str, **more: Any) -> Json:
        """Adds an account; `more` are fields of users.info, as is_restricted."""
        known: Json = {
            "id": user_id,
            "team_id": self.team_id,
            "name": name.lower().replace(" ", "."),
            "deleted": False,
            "is_bot": False,
            "is_restricted": False,
            "is_ultra_restricted": False,
            "tz": "America/Chicago",
            "locale": "en-US",
            "profile": {"real_name": name, "display_name": name.split()[0]},
        }
        self.users[user_id] = known | more
        for conversation in self.conversations.values():
            if not conversation.direct:
                conversation.members.add(user_id)
        return self.users[user_id]

    def channel(self, name: str, *, with_bot: bool = True) -> Conversation:
        channel_id = f"C{name.upper().replace('-', '')}"
        members = {*self.users, *([self.bot_user_id] if with_bot else [])}
        return self.conversations.setdefault(channel_id, Conversation(channel_id, name, members))

    def direct(self, user_id: str) -> Conversation:
        """The direct conversation between somebody and our app."""
        channel_id = f"D{user_id}"
        conversation = Conversation(channel_id, "directmessage", {user_id, self.bot_user_id}, direct=True)
        return self.conversations.setdefault(channel_id, conversation)

    def post(self, channel: str, user: str, **more: Any) -> Post:
        self.posts.append(Post(self, channel, self.slack.new_ts(), user, **more))
        return self.posts[-1]

    def found(self, channel: str, ts: str) -> Post:
        for post in self.posts:
            if (post.channel, post.ts) == (channel, ts) and not post.deleted and post.only_for is None:
                return post
        raise RefusedError("message_not_found")


class FakeSlack:
    """`async with FakeSlack() as slack:`, then `slack.workspace()`, and `slack.serve(app)` for the app under test."""

    def __init__(self) -> None:
        self.workspaces: dict[str, Workspace] = {}
        self.violations: list[str] = []
        self.calls: list[tuple[str, Json]] = []
        """Every call of a method, in order."""
        self.events_url = ""
        """Where signed requests go; `serve` sets it."""
        self.settle: Callable[[], Awaitable[None]] | None = None
        """Awaited after each thing somebody does: say, until the app has shown all it wanted to show."""
        self._failures: dict[str, deque[Failure]] = defaultdict(deque)
        self._triggers: dict[str, tuple[str, str, Literal["fresh", "used", "expired"]]] = {}
        self._urls: dict[str, tuple[Post | None, str, Workspace, str]] = {}
        self._numbers = itertools.count(1)
        self._closing = asyncio.Event()
        self._servers: list[TestServer] = []
        self.session: ClientSession

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._method)
        app.router.add_post("/response/{id}", self._response)
        app.router.add_get("/link/{team}", self._link)
        self.api_url = f"{await self._listen(app)}/api/"
        self.session = ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        await self.session.close()
        for server in self._servers:
            await server.close()

    async def serve(self, app: web.Application, url: str = "") -> str:
        """Runs the app under test on a port of its own, or has it there already; signed requests go to /slack/events."""
        url = url or await self._listen(app)
        self.events_url = f"{url}/slack/events"
        return url

    async def _listen(self, app: web.Application) -> str:
        server = TestServer(app)
        self._servers.append(server)
        await server.start_server()
        return f"http://127.0.0.1:{server.port}"

    def workspace(
        self, team_id: str = "TLARKSPUR", domain: str = "larkspur-bend", app_id: str = "ACLEARWAY"
    ) -> Workspace:
        made = Workspace(self, team_id, domain, app_id)
        self.workspaces[made.bot_token] = self.workspaces[made.app_token] = made
        return made

    def fail(self, method: str, *, times: int = 1, **failure: Any) -> None:
        """The next calls of a method fail: error=, status=, retry_after=, hang=, cut=, and done=True for "after all"."""
        self._failures[method].extend([Failure(**failure)] * times)

    def recover(self, call: str) -> None:
        """Whatever was still to fail of a method no longer does."""
        self._failures[call].clear()

    def check(self) -> None:
        """Fails when anything was sent that Slack would refuse, or that could format, mention or link."""
        assert not self.violations, "\n".join(self.violations)

    def called(self, method: str) -> list[Json]:
        return [arguments for name, arguments in self.calls if name == method]

    # -------------------------------------------------------------------------------------- what the app is handed

    def new_ts(self) -> str:
        n = next(self._numbers)
        return f"{1_790_000_000 + n}.{n:06d}"

    def new_id(self, prefix: str) -> str:
        return f"{prefix}{next(self._numbers):08d}"

    def trigger(self, workspace: Workspace, user_id: str) -> str:
        """A trigger id: it opens one window, once, within three seconds."""
        trigger_id = f"{next(self._numbers)}.{workspace.team_id}"
        self._triggers[trigger_id] = (workspace.team_id, user_id, "fresh")
        return trigger_id

    def expire_triggers(self) -> None:
        """As if three seconds had passed."""
        self._triggers = {each: (team, user, "expired") for each, (team, user, _) in self._triggers.items()}

    def response_url(self, workspace: Workspace, channel: str, user_id: str, post: Post | None) -> str:
        url_id = self.new_id("R")
        self._urls[url_id] = (post, user_id, workspace, channel)
        return self.api_url.replace("/api/", f"/response/{url_id}")

    def note(self, where: str, faults: list[str]) -> bool:
        self.violations += [f"{where}: {fault}" for fault in faults]
        return bool(faults)

    # ------------------------------------------------------------------------------------------------ the Web API

    async def _method(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        arguments = await _arguments(request)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        failure = self._failures[method].popleft() if self._failures[method] else None
        if failure is not None and not failure.done:
            return await self._failed(request, failure)
        self.calls.append((method, arguments))
        workspace = self.workspaces.get(token)
        try:
            if workspace is None:
                raise RefusedError("invalid_auth" if token else "not_authed")
            answer = self._answer(workspace, method, arguments)
        except RefusedError as refused:
            answer = {"ok": False, "error": str(refused)}
        if failure is not None:
            return await self._failed(request, failure)
        return web.json_response({"ok": True, **answer})

    async def _failed(self, request: web.Request, failure: Failure) -> web.StreamResponse:
        if failure.hang:
            await self._closing.wait()
        if failure.cut and request.transport is not None:
            request.transport.close()
        if failure.error:
            return web.json_response({"ok": False, "error": failure.error})
        status = 429 if failure.retry_after is not None else failure.status
        headers = {"Retry-After": str(failure.retry_after)} if failure.retry_after is not None else {}
        return web.Response(status=status, headers=headers, text="<html>", content_type="text/html")

    def _answer(self, workspace: Workspace, method: str, arguments: Json) -> Json:
        known = ARGUMENTS.get(method)
        if known is None:
            self.note(method, ["not among the methods that Clearway's scopes allow"])
            raise RefusedError("unknown_method")
        self.note(method, [f"argument {name}" for name in sorted(arguments.keys() - known)])
        doing = getattr(self, f"_{method.replace('.', '_')}")
        answer: Json = doing(workspace, **arguments)
        return answer

    def _auth_test(self, workspace: Workspace) -> Json:
        known = {"url": workspace.url, "team": workspace.domain, "team_id": workspace.team_id}
        return known | {"user": "clearway", "user_id": workspace.bot_user_id, "bot_id": workspace.bot_id}

    def _users_lookupByEmail(self, workspace: Workspace, email: str, **_: Any) -> Json:
        for user in workspace.users.values():
            if user["profile"].get("email") == email and not user["deleted"]:
                return {"user": user}
        raise RefusedError("users_not_found")

    def _users_info(self, workspace: Workspace, user: str, **_: Any) -> Json:
        if user not in workspace.users:
            raise RefusedError("user_not_found")
        return {"user": workspace.users[user]}

    def _conversations_open(self, workspace: Workspace, users: str) -> Json:
        if users not in workspace.users:
            raise RefusedError("user_not_found")
        if workspace.users[users]["deleted"]:
            raise RefusedError("user_disabled")
        if workspace.users[users]["is_bot"]:
            raise RefusedError("cannot_dm_bot")
        return {"channel": {"id": workspace.direct(users).id}}

    def _conversations_history(
        self, workspace: Workspace, channel: str, limit: str = "100", include_all_metadata: str = "0", **_: Any
    ) -> Json:
        conversation = self._conversation(workspace, channel)
        if not conversation.direct:
            raise RefusedError("missing_scope")  # im:history is all that the manifest asks for
        posts = [post for post in workspace.posts if post.channel == channel and not (post.deleted or post.only_for)]
        newest = [post.as_json() for post in reversed(posts)][: int(limit)]
        if include_all_metadata in {"0", "false"}:
            newest = [{name: value for name, value in post.items() if name != "metadata"} for post in newest]
        return {"messages": newest, "has_more": len(posts) > int(limit)}

    def _chat_getPermalink(self, workspace: Workspace, channel: str, message_ts: str) -> Json:
        return {"permalink": workspace.found(channel, message_ts).link}

    def _chat_postMessage(self, workspace: Workspace, channel: str, **said: Any) -> Json:
        conversation = self._conversation(workspace, channel)
        if conversation.archived:
            raise RefusedError("is_archived")
        if any(
            workspace.users.get(member, {}).get("deleted") for member in conversation.members if conversation.direct
        ):
            raise RefusedError("account_inactive")
        faults = _faults_of_post(said, mrkdwn=False, parse="none", unfurl_links=False, unfurl_media=False)
        self._refuse("chat.postMessage", faults)
        kept = {name: said.get(name) for name in ("text", "metadata", "thread_ts")}
        post = workspace.post(channel, workspace.bot_user_id, blocks=said.get("blocks", []), **kept)
        return {"channel": channel, "ts": post.ts, "message": post.as_json()}

    def _chat_postEphemeral(self, workspace: Workspace, channel: str, user: str, **said: Any) -> Json:
        conversation = self._conversation(workspace, channel)
        if user not in conversation.members:
            raise RefusedError("user_not_in_channel")
        self._refuse("chat.postEphemeral", _faults_of_post(said, parse="none"))
        return {"message_ts": self.whisper(workspace, channel, user, said).ts}

    def _chat_update(self, workspace: Workspace, channel: str, ts: str, **said: Any) -> Json:
        post = workspace.found(channel, ts)
        if post.user != workspace.bot_user_id:
            raise RefusedError("cant_update_message")
        self._refuse("chat.update", _faults_of_post(said, parse="none"))
        post.text, post.blocks, post.edits = said["text"], said.get("blocks", []), post.edits + 1
        return {"channel": channel, "ts": ts, "text": post.text}

    def _views_open(self, workspace: Workspace, trigger_id: str, view: Json) -> Json:
        user_id = self._pull(workspace, trigger_id, "views.open", view)
        workspace.windows[user_id] = [self.window(view)]
        return {"view": self.view_json(workspace, workspace.windows[user_id][-1])}

    def _views_push(self, workspace: Workspace, trigger_id: str, view: Json) -> Json:
        user_id = self._pull(workspace, trigger_id, "views.push", view)
        if not 1 <= len(workspace.windows[user_id]) <= 2:  # as after two presses one right after the other
            raise RefusedError("push_limit_reached")
        workspace.windows[user_id].append(self.window(view))
        return {"view": self.view_json(workspace, workspace.windows[user_id][-1])}

    def _views_update(self, workspace: Workspace, view_id: str, view: Json, hash: str = "") -> Json:
        self._refuse("views.update", limits.faults_of_view(view))
        for windows in workspace.windows.values():
            for window in windows:
                if window.id == view_id:
                    if hash and hash != window.hash:
                        raise RefusedError("hash_conflict")
                    self.replace(window, view)
                    return {"view": self.view_json(workspace, window)}
        raise RefusedError("not_found")

    def _views_publish(self, workspace: Workspace, user_id: str, view: Json, **_: Any) -> Json:
        self._refuse("views.publish", limits.faults_of_view(view))
        if view.get("type") != "home" or user_id not in workspace.users:
            raise RefusedError("invalid_arguments")
        workspace.homes[user_id] = view | {"id": f"V{user_id}", "hash": self.new_id("h")}
        return {"view": workspace.homes[user_id]}

    def _apps_connections_open(self, workspace: Workspace) -> Json:
        return {"url": self.api_url.replace("http:", "ws:").replace("/api/", f"/link/{workspace.team_id}")}

    def _conversation(self, workspace: Workspace, channel: str) -> Conversation:
        if channel not in workspace.conversations:
            raise RefusedError("channel_not_found")
        conversation = workspace.conversations[channel]
        if workspace.bot_user_id not in conversation.members:
            raise RefusedError("not_in_channel")
        return conversation

    def _refuse(self, method: str, faults: list[str]) -> None:
        if self.note(method, faults):
            raise RefusedError("invalid_blocks")

    def _pull(self, workspace: Workspace, trigger_id: str, method: str, view: Json) -> str:
        team_id, user_id, state = self._triggers.get(trigger_id, ("", "", "unknown"))
        if team_id != workspace.team_id:
            self.note(method, ["invalid_trigger_id"])
            raise RefusedError("invalid_trigger_id")
        if state != "fresh":
            raise RefusedError("exchanged_trigger_id" if state == "used" else "expired_trigger_id")
        self._triggers[trigger_id] = (team_id, user_id, "used")
        if view.get("type") != "modal":
            raise RefusedError("invalid_arguments")
        self._refuse(method, limits.faults_of_view(view))
        return user_id

    # --------------------------------------------------------------------------------- what people then have before them

    def window(self, view: Json) -> Window:
        return Window(self.new_id("V"), view, self.new_id("h"))

    def replace(self, window: Window, view: Json) -> None:
        """What was typed stays where block and action stay the same."""
        window.view, window.hash, window.errors = view, self.new_id("h"), {}

    def view_json(self, workspace: Workspace, window: Window) -> Json:
        known = {"id": window.id, "hash": window.hash, "team_id": workspace.team_id, "app_id": workspace.app_id}
        stack = next((each for each in workspace.windows.values() if window in each), [window])
        below = stack[: stack.index(window)]
        known |= {"root_view_id": stack[0].id, "previous_view_id": below[-1].id if below else None}
        return {"private_metadata": "", "callback_id": "", **window.view, **known}

    def whisper(self, workspace: Workspace, channel: str, user: str, said: Mapping[str, Any]) -> Post:
        return workspace.post(
            channel, workspace.bot_user_id, text=said["text"], blocks=said.get("blocks", []), only_for=user
        )

    async def _response(self, request: web.Request) -> web.Response:
        failure = self._failures["response_url"].popleft() if self._failures["response_url"] else None
        if failure is not None:
            return web.Response(status=failure.status)
        found = self._urls.get(request.match_info["id"])
        if found is None:
            return web.Response(status=404, text="used_url")
        post, user_id, workspace, channel = found
        said = await request.json()
        self.calls.append(("response_url", said))
        known = {"text", "blocks", "mrkdwn", "response_type", "replace_original"}
        faults = [f"argument {name}" for name in said.keys() - known]
        faults += _faults_of_post(
            {name: said[name] for name in said.keys() & {"text", "blocks", "mrkdwn"}}, mrkdwn=False
        )
        if self.note("response_url", faults):
            return web.Response(status=400, text="invalid_blocks")
        if said.get("replace_original") and post is not None:
            post.text, post.blocks, post.edits = said["text"], said.get("blocks", []), post.edits + 1
        else:
            self.whisper(workspace, channel, user_id, said)
        return web.Response(text="ok")

    # ------------------------------------------------------------------------------------------------- Socket Mode

    async def _link(self, request: web.Request) -> web.WebSocketResponse:
        workspace = next(each for each in self.workspaces.values() if each.team_id == request.match_info["team"])
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1})
        workspace.socket = socket
        workspace.linked.set()
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                said = json.loads(message.data)
                waiting = workspace.envelopes.pop(said["envelope_id"], None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(said.get("payload"))
        workspace.socket = None
        return socket


async def _arguments(request: web.Request) -> Json:
    if request.content_type == "application/json":
        said: Json = await request.json()
        return said
    given = {**request.query, **{name: str(value) for name, value in (await request.post()).items()}}
    return {name: json.loads(value) if name in {"view", "blocks"} else value for name, value in given.items()}


def _faults_of_post(said: Mapping[str, Any], **promised: Any) -> list[str]:
    """The faults of a message, and of what must go with it so that Slack interprets nothing."""
    faults = limits.faults_of_message(said)
    faults += [
        f"{name} is {said.get(name)!r}, not {value!r}" for name, value in promised.items() if said.get(name) != value
    ]
    metadata = said.get("metadata")
    if metadata is not None and (
        metadata.keys() != {"event_type", "event_payload"} or metadata["event_payload"].keys() != {"delivery_id"}
    ):
        faults.append(f"metadata: {metadata} has more than a delivery id, and every app can read it")
    return faults
