"""Somebody who uses Slack: what they do reaches the app as Slack would send it, and what they see is here to read."""

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import urlencode

from slack_sdk.signature import Clock, SignatureVerifier

from tests.fakes.slack import limits
from tests.fakes.slack.server import Json, Post, Window, Workspace
from tests.fakes.slack.shown import Shown, ShownForm, buttons_of, read_card, words_of

Kind = Literal["slash_commands", "interactive", "events_api"]
PATIENCE_S: Final = 5.0
"""Of a socket: how long an acknowledgement may take before it counts as none."""


@dataclass(frozen=True)
class Sent:
    """One request of Slack, as it can be sent again."""

    kind: Kind
    body: Json

    def encoded(self) -> tuple[str, str]:
        """The body over HTTP, and its content type."""
        if self.kind == "events_api":
            return json.dumps(self.body), "application/json"
        fields = self.body if self.kind == "slash_commands" else {"payload": json.dumps(self.body)}
        return urlencode(fields), "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    """What the app answered. Over a socket, 0 stands for no acknowledgement."""

    status: int
    body: Json


class SlackPerson:
    """A person in a workspace. Everything they do may be done in `copies`: the same request, all at once."""

    def __init__(self, workspace: Workspace, name: str, user_id: str = "", **account: Any) -> None:
        self.workspace = workspace
        self.slack = workspace.slack
        self.name = name
        self.user_id = user_id or f"U{name.upper().replace(' ', '')}"
        workspace.user(self.user_id, name, **account)
        self.last: Sent
        """The last request that this person caused."""
        self.answers: list[Answer] = []
        """The answers to it: several, where it was sent in copies."""
        self._read = 0

    # ----------------------------------------------------------------------------------------------------- what they do

    async def command(self, line: str, *, channel: str = "general", copies: int = 1) -> None:
        """Types a command: "/challenge The printer is broken"."""
        command, _, text = line.partition(" ")
        conversation = self.workspace.channel(channel)
        body = {
            "team_id": self.workspace.team_id,
            "team_domain": self.workspace.domain,
            "channel_id": conversation.id,
            "channel_name": conversation.name,
            "user_id": self.user_id,
            "user_name": self.workspace.users[self.user_id]["name"],
            "command": command,
            "text": _escaped(text),
            "api_app_id": self.workspace.app_id,
            "is_enterprise_install": "false",
            "response_url": self.slack.response_url(self.workspace, conversation.id, self.user_id, None),
            "trigger_id": self.slack.trigger(self.workspace, self.user_id),
        }
        for answer in await self._do(Sent("slash_commands", body), copies):
            if answer.status == 200 and answer.body:
                self._answered_command(answer.body, conversation.id)
        await self._settled()

    async def shortcut(self, callback_id: str = "report", *, copies: int = 1) -> None:
        """Picks the global shortcut."""
        await self._interact({"type": "shortcut", "callback_id": callback_id, **self._triggered()}, copies)

    async def report_message(self, post: Post, callback_id: str = "report_message", *, copies: int = 1) -> None:
        """Picks the shortcut in the menu of a message."""
        conversation = self.workspace.conversations[post.channel]
        body = {
            "type": "message_action",
            "callback_id": callback_id,
            "message_ts": post.ts,
            "channel": {"id": conversation.id, "name": conversation.name},
            "message": post.as_json(),
            "response_url": self.slack.response_url(self.workspace, conversation.id, self.user_id, None),
            **self._triggered(),
        }
        await self._interact(body, copies)

    async def dm(self, text: str, *, copies: int = 1, **more: Any) -> Post:
        """Writes to the app directly."""
        post = self.workspace.post(self._direct, self.user_id, text=_escaped(text))
        await self._message(post, copies, **more)
        return post

    async def reply(self, text: str, to: Shown | Post, *, copies: int = 1) -> Post:
        """Replies in the thread of a card or message."""
        under = to if isinstance(to, Post) else to.post
        post = self.workspace.post(
            under.channel, self.user_id, text=_escaped(text), thread_ts=under.thread_ts or under.ts
        )
        await self._message(post, copies)
        return post

    async def mention(
        self,
        text: str,
        channel: str = "general",
        *,
        under: Post | None = None,
        also_message: bool = False,
        copies: int = 1,
    ) -> Post:
        """Mentions the app in a channel: before the words, or where they say {bot}."""
        mark = f"<@{self.workspace.bot_user_id}>"
        words = _escaped(text)
        words = words.replace("{bot}", mark) if "{bot}" in words else f"{mark} {words}"
        post = self.workspace.post(
            self.workspace.channel(channel).id, self.user_id, text=words, thread_ts=under.ts if under else None
        )
        if also_message:
            await self._message(post, copies)
        await self._message(post, copies, type="app_mention")
        return post

    async def say(self, text: str, channel: str = "general", *, copies: int = 1) -> Post:
        """Ordinary talk in a channel; delivered as if the app had asked for channel messages."""
        post = self.workspace.post(self.workspace.channel(channel).id, self.user_id, text=_escaped(text))
        await self._message(post, copies)
        return post

    async def edit(self, post: Post, text: str) -> None:
        before = post.as_json()
        post.text, post.edits = _escaped(text), post.edits + 1
        now = post.as_json() | {"edited": {"user": self.user_id, "ts": self.slack.new_ts()}}
        await self._changed(post, {"subtype": "message_changed", "message": now, "previous_message": before})

    async def delete(self, post: Post) -> None:
        post.deleted = True
        gone = {"subtype": "message_deleted", "deleted_ts": post.ts, "previous_message": post.as_json()}
        await self._changed(post, gone)

    async def open_home(self) -> None:
        event = {"type": "app_home_opened", "user": self.user_id, "channel": self._direct, "tab": "home"}
        await self._event(event)

    async def leave(self) -> None:
        """The account is deactivated."""
        self.workspace.users[self.user_id]["deleted"] = True
        await self._event({"type": "user_change", "user": self.workspace.users[self.user_id]})

    async def click(self, label: str, on: Shown | None = None, *, copies: int = 1) -> None:
        """Presses a button: in the open window, else on the newest card that shows it, else on Home."""
        body, button = self._pressed(label, on)
        action = {"type": "button", "block_id": "b", "action_ts": self.slack.new_ts(), **button}
        await self._interact(body | {"type": "block_actions", "actions": [action], **self._triggered()}, copies)

    async def fill(self, values: Mapping[str, Any]) -> None:
        """Types into the open form, by label. An option may be given by its label or its value."""
        for label, value in values.items():
            block = self._field(label)
            window, element = self._window(), block["element"]
            window.typed[block["block_id"], element["action_id"]] = await self._typed(block, value)

    async def find(self, label: str, words: str) -> list[Json]:
        """Types into a menu whose options are searched; what is offered."""
        return await self._search(self._field(label), words)

    async def submit(self, values: Mapping[str, Any] | None = None, *, copies: int = 1) -> None:
        """Submits the open form, after filling it."""
        await self.fill(values or {})
        window = self._window()
        missing = [label for label in self._open_form().required if not self._open_form().values[label]]
        assert not missing, f"Slack does not submit a form with an empty {missing}"
        window.errors = {}
        view = self.slack.view_json(self.workspace, window) | {"state": {"values": self._state(window)}}
        await self._interact({"type": "view_submission", "view": view, **self._triggered()}, copies)

    async def close_form(self) -> None:
        self.workspace.windows[self.user_id].pop()

    async def redeliver(self, retry: int | None = 1, *, reason: str = "http_error", copies: int = 1) -> None:
        """Slack sends the last request again; `retry=None` leaves out the header that says so."""
        headers = {} if retry is None else {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": reason}
        await self._do(self.last, copies, headers)
        await self._settled()

    # ---------------------------------------------------------------------------------------------------- what they see

    @property
    def cards(self) -> list[Shown]:
        """What the app has sent them directly, oldest first, as it stands now."""
        return [read_card(_payload(post), post) for post in self._visible(direct_only=True)]

    @property
    def last_card(self) -> Shown:
        return self.cards[-1]

    @property
    def ephemerals(self) -> list[Shown]:
        """The private answers, wherever they stood."""
        return [read_card(_payload(post), post) for post in self._visible() if post.only_for == self.user_id]

    @property
    def last_answer(self) -> Shown:
        return self.ephemerals[-1]

    @property
    def window(self) -> Shown | None:
        """The window that is open: a card, or a form as a card."""
        windows = self.workspace.windows[self.user_id]
        return read_card(windows[-1].view, windows[-1]) if windows else None

    @property
    def form(self) -> ShownForm | None:
        """The form that is open."""
        windows = self.workspace.windows[self.user_id]
        return self._open_form() if windows and "submit" in windows[-1].view else None

    @property
    def home(self) -> Shown | None:
        home = self.workspace.homes.get(self.user_id)
        return read_card(home, home) if home else None

    def news(self) -> list[Shown]:
        """What has been sent to them, directly or privately, since this was last asked."""
        seen = [read_card(_payload(post), post) for post in self._visible()]
        new, self._read = seen[self._read :], len(seen)
        return new

    # --------------------------------------------------------------------------------------------------------- requests

    async def deliver(self, sent: Sent, headers: Mapping[str, str] | None = None, **signed: Any) -> Answer:
        """One request, signed (or as `signed` says), over the socket if the app has connected one."""
        if self.workspace.socket is not None:
            return await self._by_socket(sent, headers or {})
        body, content_type = sent.encoded()
        stamped = sign(self.workspace.signing_secret, body, **signed)
        stamped |= {"Content-Type": content_type, **(headers or {})}
        async with self.slack.session.post(self.slack.events_url, data=body.encode(), headers=stamped) as response:
            said = await response.text()
            is_json = response.content_type == "application/json"
            return Answer(response.status, json.loads(said) if is_json else {"text": said} if said else {})

    async def _by_socket(self, sent: Sent, headers: Mapping[str, str]) -> Answer:
        envelope_id = self.slack.new_id("E")
        waiting = self.workspace.envelopes[envelope_id] = asyncio.get_running_loop().create_future()
        envelope: Json = {"type": sent.kind, "envelope_id": envelope_id, "payload": sent.body}
        envelope["accepts_response_payload"] = sent.kind != "events_api"
        if "X-Slack-Retry-Num" in headers:
            envelope["retry_attempt"] = int(headers["X-Slack-Retry-Num"])
            envelope["retry_reason"] = headers["X-Slack-Retry-Reason"]
        assert self.workspace.socket is not None
        await self.workspace.socket.send_json(envelope)
        try:
            async with asyncio.timeout(PATIENCE_S):
                return Answer(200, await waiting or {})
        except TimeoutError:
            return Answer(0, {})

    async def _do(self, sent: Sent, copies: int, headers: Mapping[str, str] | None = None) -> list[Answer]:
        self.last = sent
        self.answers = list(await asyncio.gather(*(self.deliver(sent, headers) for _ in range(copies))))
        return self.answers

    async def _settled(self) -> None:
        if self.slack.settle is not None:
            await self.slack.settle()
        self.slack.check()

    async def _interact(self, body: Json, copies: int) -> None:
        known = {
            "team": {"id": self.workspace.team_id, "domain": self.workspace.domain},
            "user": {
                "id": self.user_id,
                "username": self.name,
                "team_id": self.workspace.users[self.user_id]["team_id"],
            },
            "api_app_id": self.workspace.app_id,
            "is_enterprise_install": False,
            "enterprise": None,
        }
        for answer in await self._do(Sent("interactive", known | body), copies):
            if answer.status == 200 and body["type"] == "view_submission":
                self._answered_form(answer.body, body["view"]["id"])
            elif answer.status == 200 and answer.body:
                self.slack.note(body["type"], [f"answered with {answer.body}: Slack takes an empty answer"])
        await self._settled()

    async def _message(self, post: Post, copies: int, **more: Any) -> None:
        conversation = self.workspace.conversations[post.channel]
        event = post.as_json() | {"channel": post.channel, "event_ts": post.ts}
        event |= {"channel_type": "im" if conversation.direct else "channel"} | more
        if more.get("type") == "app_mention":
            del event["channel_type"]
        await self._event(event, copies)

    async def _changed(self, post: Post, change: Json) -> None:
        direct = self.workspace.conversations[post.channel].direct
        ts = self.slack.new_ts()
        event = {"type": "message", "channel": post.channel, "ts": ts, "event_ts": ts, "hidden": True, **change}
        await self._event(event | {"channel_type": "im" if direct else "channel"})

    async def _event(self, event: Json, copies: int = 1) -> None:
        body = {
            "type": "event_callback",
            "team_id": self.workspace.team_id,
            "api_app_id": self.workspace.app_id,
            "event": event,
            "event_id": self.slack.new_id("Ev"),
            "event_time": 1_790_000_000,
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": self.workspace.team_id,
                    "user_id": self.workspace.bot_user_id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
        }
        await self._do(Sent("events_api", body), copies)
        await self._settled()

    def _triggered(self) -> Json:
        return {"trigger_id": self.slack.trigger(self.workspace, self.user_id)}

    # ---------------------------------------------------------------------------------------------------------- answers

    def _answered_command(self, said: Json, channel: str) -> None:
        known = {"response_type", "mrkdwn", "text", "blocks"}
        faults = [f"argument {name}" for name in said.keys() - known] + limits.faults_of_message(said)
        faults += (
            []
            if said.get("mrkdwn") is False and said.get("response_type") == "ephemeral"
            else ["not private and plain"]
        )
        if not self.slack.note("answer to a command", faults):
            self.workspace.post(
                channel,
                self.workspace.bot_user_id,
                text=said["text"],
                blocks=said.get("blocks", []),
                only_for=self.user_id,
            )

    def _answered_form(self, said: Json, view_id: str) -> None:
        windows = self.workspace.windows[self.user_id]
        if not windows or windows[-1].id != view_id:  # an earlier copy of the same submission has closed it
            return
        match said:
            case {"response_action": "errors", "errors": dict(errors)}:
                ids = {block["block_id"] for block in windows[-1].view["blocks"] if block["type"] == "input"}
                self.slack.note("view errors", [f"{each} is no input" for each in errors.keys() - ids])
                windows[-1].errors = errors
            case {"response_action": "update", "view": dict(view)}:
                if not self.slack.note("view update", limits.faults_of_view(view)):
                    self.slack.replace(windows[-1], view)
            case {"response_action": "push", "view": dict(view)}:
                faults = limits.faults_of_view(view) + (["three windows are open"] if len(windows) > 2 else [])
                if not self.slack.note("view push", faults):
                    windows.append(self.slack.window(view))
            case {}:
                if said:
                    self.slack.note("answer to a form", [f"{said} is not understood"])
                else:
                    windows.pop()

    # ------------------------------------------------------------------------------------------------- forms and buttons

    @property
    def _direct(self) -> str:
        return self.workspace.direct(self.user_id).id

    def _visible(self, *, direct_only: bool = False) -> Iterator[Post]:
        for post in self.workspace.posts:
            ours = post.user == self.workspace.bot_user_id and not post.deleted
            private = post.only_for == self.user_id and not direct_only
            if ours and (private or (post.channel == self._direct and post.only_for is None)):
                yield post

    def _pressed(self, label: str, on: Shown | None) -> tuple[Json, Json]:
        """Where the button is, as an interaction says it, and the button."""
        places: list[Any] = [on.post] if on is not None else list(self._places())
        for place in places:
            blocks = (
                place.blocks
                if isinstance(place, Post)
                else (place.view if isinstance(place, Window) else place)["blocks"]
            )
            for button in buttons_of(blocks):
                if label in {button["text"]["text"], button.get("accessibility_label")}:
                    pressed = {name: button[name] for name in ("action_id", "text", "value")}
                    return self._container(place), pressed
        raise AssertionError(f"{self.name} sees no button {label!r}; there are {list(self._labels(places))}")

    def _labels(self, places: Iterable[Any]) -> Iterator[str]:
        for place in places:
            blocks = (
                place.blocks
                if isinstance(place, Post)
                else (place.view if isinstance(place, Window) else place)["blocks"]
            )
            yield from (button["text"]["text"] for button in buttons_of(blocks))

    def _places(self) -> Iterator[Any]:
        yield from self.workspace.windows[self.user_id][-1:]
        yield from sorted(self._visible(), key=lambda post: post.ts, reverse=True)
        yield from filter(None, [self.workspace.homes.get(self.user_id)])

    def _container(self, place: Any) -> Json:
        if isinstance(place, Post):
            channel = self.workspace.conversations[place.channel]
            known: Json = {
                "container": {
                    "type": "message",
                    "message_ts": place.ts,
                    "channel_id": place.channel,
                    "is_ephemeral": place.only_for is not None,
                },
                "channel": {"id": channel.id, "name": channel.name},
                "response_url": self.slack.response_url(self.workspace, place.channel, self.user_id, place),
                "state": {"values": {}},
            }
            return known | ({} if place.only_for else {"message": place.as_json()})
        if isinstance(place, Window):
            view = self.slack.view_json(self.workspace, place) | {"state": {"values": self._state(place)}}
        else:
            view = place
        return {"container": {"type": "view", "view_id": view["id"]}, "view": view}

    def _window(self) -> Window:
        windows = self.workspace.windows[self.user_id]
        assert windows, f"{self.name} has no form open"
        return windows[-1]

    def _field(self, label: str) -> Json:
        inputs = [block for block in self._window().view["blocks"] if block["type"] == "input"]
        for block in inputs:
            if block["label"]["text"] == label:
                return dict(block)
        raise AssertionError(f"There is no field {label!r}; there are {[each['label']['text'] for each in inputs]}")

    async def _typed(self, block: Json, value: Any) -> Any:
        element = block["element"]
        match element["type"]:
            case "static_select":
                return _option(element, value)
            case "external_select":
                return _option({"options": await self._search(block, str(value))}, value) if value else None
            case "checkboxes" | "multi_static_select":
                return [_option(element, each) for each in value]
            case "plain_text_input":
                assert len(str(value)) <= element.get("max_length", 3000), (
                    f"Slack takes no more in {block['label']['text']}"
                )
                return str(value)
            case _:
                return str(value) if value else ""

    async def _search(self, block: Json, text: str) -> list[Json]:
        window = self._window()
        body = {
            "type": "block_suggestion",
            "action_id": block["element"]["action_id"],
            "block_id": block["block_id"],
            "value": text,
            "team": {"id": self.workspace.team_id, "domain": self.workspace.domain},
            "user": {"id": self.user_id, "name": self.name, "team_id": self.workspace.team_id},
            "api_app_id": self.workspace.app_id,
            "container": {"type": "view", "view_id": window.id},
            "view": self.slack.view_json(self.workspace, window),
        }
        (answer,) = await self._do(Sent("interactive", body), 1)
        found = answer.body.get("options", [])
        if found:
            self.slack.note("options", list(limits.several(limits.OPTION, 100)(found, "options")))
        self.slack.check()
        return list(found)

    def _state(self, window: Window) -> Json:
        """The values of all fields, as Slack reports them."""
        return {
            block["block_id"]: {block["element"]["action_id"]: self._value(window, block)}
            for block in window.view["blocks"]
            if block["type"] == "input"
        }

    def _value(self, window: Window, block: Json) -> Json:
        element = block["element"]
        kind, key = element["type"], (block["block_id"], element["action_id"])
        name, first = {
            "static_select": ("selected_option", element.get("initial_option")),
            "external_select": ("selected_option", element.get("initial_option")),
            "checkboxes": ("selected_options", element.get("initial_options", [])),
            "multi_static_select": ("selected_options", element.get("initial_options", [])),
            "datepicker": ("selected_date", element.get("initial_date")),
        }.get(kind, ("value", element.get("initial_value")))
        return {"type": kind, name: window.typed.get(key, first) or ([] if name == "selected_options" else None)}

    def _open_form(self) -> ShownForm:
        window = self._window()
        inputs = [block for block in window.view["blocks"] if block["type"] == "input"]
        labels = {block["block_id"]: block["label"]["text"] for block in inputs}
        state = self._state(window)
        lines = [line for block in window.view["blocks"] for line in words_of(block)]
        return ShownForm(
            title=read_card(window.view).title,
            submit=window.view["submit"]["text"],
            labels=tuple(labels.values()),
            values={label: _plain(next(iter(state[block_id].values()))) for block_id, label in labels.items()},
            errors={labels[block_id]: said for block_id, said in window.errors.items()},
            text="\n".join(lines),
            required=tuple(block["label"]["text"] for block in inputs if not block["optional"]),
        )


def sign(secret: str, body: str, *, timestamp: int | None = None, signature: str | None = None) -> dict[str, str]:
    """The headers with which Slack signs a request."""
    stamp = str(int(Clock().now()) if timestamp is None else timestamp)
    made = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body) or ""
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": made if signature is None else signature}


def _escaped(text: str) -> str:
    """What somebody typed, as Slack passes it on."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _payload(post: Post) -> Json:
    return {"text": post.text, "blocks": post.blocks}


def _option(element: Mapping[str, Any], wanted: str) -> Json | None:
    offered = [
        *element.get("options", ()),
        *(each for group in element.get("option_groups", ()) for each in group["options"]),
    ]
    for each in offered:
        if wanted in {each["text"]["text"], each["value"]}:
            return dict(each)
    assert not wanted, f"{wanted!r} is not offered; there are {[each['text']['text'] for each in offered]}"
    return None


def _plain(value: Mapping[str, Any]) -> Any:
    """A field's value as somebody sees it: the labels of what was chosen."""
    if "selected_options" in value:
        return [each["text"]["text"] for each in value["selected_options"]]
    if "selected_option" in value:
        return value["selected_option"]["text"]["text"] if value["selected_option"] else ""
    return value.get("value") or value.get("selected_date") or ""
