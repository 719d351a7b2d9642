"""Somebody who uses Teams: what they do reaches the app as Teams would send it, and what they see is here to read.

What a press sends is read from the very card that was delivered. Teams has no private messages beside those of the
personal chat, so what came there in answer to something counts as the private answer to it.
"""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from tests.fakes.teams import limits
from tests.fakes.teams.keys import claims
from tests.fakes.teams.server import Account, Conversation, FakeTeams, Json, Message, Tenant
from tests.fakes.teams.shown import Shown, ShownForm, actions_of, inputs_of, is_form, read_card, words_of

THEME: Final = {"theme": "default"}
MESSAGE_ACTION: Final = "report_message"
COMPOSE_ACTION: Final = "report"
SEARCH_COMMAND: Final = "challenges"
AT_MOST: Final = 15  # choices that Teams shows of a search


@dataclass(frozen=True)
class Answer:
    """What the app answered to one request."""

    status: int
    body: Json


@dataclass
class Sheet:
    """A dialog that is open, or a form that stands in the chat."""

    title: str
    card: Json
    conversation: Conversation
    message: Message | None = None
    """The message that it stands in; None for a dialog."""
    opened: Json = field(default_factory=dict)
    """What a message extension was opened with."""
    reply_to: str = ""
    """The message whose button opened the dialog."""
    typed: dict[str, str] = field(default_factory=dict)


class TeamsPerson:
    """A person in a tenant. Everything they do may be done in `copies`: the same thing several times, all at once."""

    def __init__(self, tenant: Tenant, name: str, user_id: str = "", **account: Any) -> None:
        self.tenant = tenant
        self.teams: FakeTeams = tenant.teams
        self.name = name
        self.user_id = user_id or f"29:1{name.replace(' ', '')}"
        if account or self.user_id not in tenant.accounts:
            tenant.user(self.user_id, name, **account)
        self.last: Json = {}
        """The last activity that this person caused."""
        self.answers: list[Answer] = []
        """The answers to it: several, where it was sent in copies."""
        self.told: list[Shown] = []
        """What was said in answer to a press, in the moment and nowhere else."""
        self.dialog: Sheet | Shown | None = None
        """The dialog that is open: a form or a card."""
        self.found: list[Json] = []
        """What the search of the message extension found."""
        self._put_away: set[str] = set()
        self._typed: dict[tuple[str, str], dict[str, str]] = {}
        self._read = 0

    @property
    def account(self) -> Account:
        return self.tenant.accounts[self.user_id]

    @property
    def chat(self) -> Conversation:
        """Their personal chat with the bot."""
        return self.tenant.personal(self.user_id)

    # ----------------------------------------------------------------------------------------------------- what they do

    async def command(self, line: str, *, channel: str = "", copies: int = 1) -> Message:
        """Types a command: in the personal chat, or in a channel with the bot mentioned before it."""
        return await self.mention(line, channel, copies=copies) if channel else await self.dm(line, copies=copies)

    async def dm(self, text: str, *, copies: int = 1) -> Message:
        """Writes to the bot in the personal chat; a card in a dialog was read and closed before that."""
        if self.form is None:
            self.dialog = None
        message = self._written(self.chat, text)
        await self._message(message, copies)
        return message

    async def mention(
        self, text: str, channel: str | Conversation = "General", *, under: Message | None = None, copies: int = 1
    ) -> Message:
        """Mentions the bot in a channel or group chat: before the words, or where they say {bot}."""
        conversation = self.tenant.channel(channel) if isinstance(channel, str) else channel
        mark = f"<at>{self.tenant.bot_name}</at>"
        words = text.replace("{bot}", mark) if "{bot}" in text else f"{mark} {text}"
        message = self._written(conversation, words, root=(under.root or under.id) if under else "")
        mentioned = {"id": self.tenant.bot_id, "name": self.tenant.bot_name}
        message.activity["entities"] += [{"type": "mention", "mentioned": mentioned, "text": mark}]
        await self._message(message, copies)
        return message

    async def say(self, text: str, channel: str | Conversation = "General") -> Message:
        """Ordinary talk in a channel: Teams does not tell a bot of it."""
        return self._written(self.tenant.channel(channel) if isinstance(channel, str) else channel, text)

    async def reply(self, text: str, to: Shown | Message, *, copies: int = 1) -> Message:
        """Replies to a message in the personal chat, where it is quoted; in a channel, in its thread."""
        quoted = to if isinstance(to, Message) else to.post
        if quoted.conversation.kind == "channel":
            return await self.mention(text, quoted.conversation, under=quoted, copies=copies)
        preview = read_card(quoted.card(self.user_id) or {}).title or quoted.text
        message = self._written(quoted.conversation, f'<quoted messageId="{quoted.id}"/>\n{text}')
        sender = {"senderId": quoted.author, "senderName": self.tenant.bot_name, "preview": preview, "time": quoted.id}
        quote = {"messageId": quoted.id, **sender, "isReplyDeleted": False, "validatedMessageReference": True}
        message.activity["entities"] += [{"type": "quotedReply", "quotedReply": quote}]
        message.activity["attachments"] = [
            {
                "contentType": "text/html",
                "content": f'<blockquote itemscope="" itemtype="http://schema.skype.com/Reply" itemid="{quoted.id}">\r\n'
                f'<strong itemprop="mri" itemid="{quoted.author}">{self.tenant.bot_name}</strong>'
                f'<span itemprop="time" itemid="{quoted.id}"></span>\r\n<p itemprop="preview">{_html(preview)}</p>\r\n'
                f"</blockquote>\r\n<p>{_html(text)}</p>",
            }
        ]
        await self._message(message, copies)
        return message

    async def edit(self, message: Message, text: str) -> None:
        mark = f"<at>{self.tenant.bot_name}</at>"
        mentions = any(each["type"] == "mention" for each in message.activity["entities"])
        words = f"{mark} {text}" if mentions else text
        message.activity = message.activity | {"text": words, "attachments": _formatted(words)}
        message.edits += 1
        await self._changed(message, "messageUpdate", "editMessage")

    async def delete(self, message: Message) -> None:
        message.deleted = True
        await self._changed(message, "messageDelete", "softDeleteMessage")

    async def react(self, to: Shown | Message, kind: str = "like", *, copies: int = 1) -> None:
        """Puts a reaction on a message of the bot."""
        message = to if isinstance(to, Message) else to.post
        activity = self._activity("messageReaction", message.conversation, root=message.root)
        activity |= {"reactionsAdded": [{"type": kind}], "replyToId": message.id}
        await self._do(activity, copies)

    async def shortcut(self, *, copies: int = 1) -> None:
        """Picks the app beside the box to write in, or in the search box above."""
        value = {"commandId": COMPOSE_ACTION, "commandContext": "compose", "context": THEME}
        await self._fetch("composeExtension/fetchTask", value, self.chat, copies)

    async def report_message(self, message: Message, *, copies: int = 1) -> None:
        """Picks the action in the menu of a message."""
        author = self.tenant.accounts.get(message.author)
        user = (
            {"userIdentityType": "aadUser", "id": author.directory_id, "displayName": author.name} if author else None
        )
        application = {"applicationIdentityType": "bot", "id": self.tenant.app_id, "displayName": self.tenant.bot_name}
        payload: Json = {
            "linkToMessage": message.link,
            "id": message.id,
            "replyToId": message.root or None,
            "createdDateTime": _instant(message.id),
            "lastModifiedDateTime": None,
            "deleted": False,
            "subject": None,
            "summary": None,
            "importance": "normal",
            "locale": "en-us",
            "body": {"contentType": "html", "content": f"<div>\n<p>{_html(message.text)}</p>\n</div>"},
            "from": {"device": None, "conversation": None, "user": user, "application": None if user else application},
            "reactions": [],
            "mentions": [],
            "attachments": [],
        }
        value = {"commandId": MESSAGE_ACTION, "commandContext": "message", "messagePayload": payload, "context": THEME}
        await self._fetch("composeExtension/fetchTask", value, message.conversation, copies, root=message.root)

    async def query(self, words: str) -> list[Json]:
        """Searches with the message extension, while writing to somebody; what it finds can be inserted."""
        parameters = [{"name": "words", "value": words}] if words else [{"name": "initialRun", "value": "true"}]
        options = {"skip": 0, "count": 25}
        value = {"commandId": SEARCH_COMMAND, "parameters": parameters, "queryOptions": options, "context": THEME}
        activity = self._invoke("composeExtension/query", value, self.tenant.group_chat(with_bot=False))
        for answer in await self._do(activity, 1):
            self.teams.note("composeExtension/query", limits.faults_of_results(answer.body))
            said = answer.body.get("composeExtension") or {}
            self.found = said.get("attachments") or []
            if "text" in said:
                self._hear(said["text"])
        return self.found

    async def open_home(self) -> None:
        """Home stands in the personal chat, where it is asked for."""
        await self.command("clearway")

    async def install(self, *, action: str = "add") -> None:
        """Adds the app, or removes it ("remove")."""
        self.account.installed = not action.startswith("remove")
        await self._do(self._activity("installationUpdate", self.chat) | {"action": action}, 1)

    async def block(self) -> None:
        """Blocks the bot: Teams tells nobody, and refuses what the bot sends."""
        self.account.blocked = True

    async def click(self, label: str, on: Shown | None = None, *, copies: int = 1, old_client: bool = False) -> None:
        """Presses a button: in the open dialog, else on the newest card that shows it.

        An `old_client` does not know Action.Execute, and does what the action says for that case.
        """
        place, card, action = self._pressed(label, on)
        if old_client and action["type"] == "Action.Execute":
            action = action["fallback"]
        sheet = place if isinstance(place, Sheet) else self._standing(place, card)
        await self._press(sheet, action, copies)

    async def fill(self, values: Mapping[str, Any]) -> None:
        """Types into the open form, by label. An option may be given by its label or its value; people are searched."""
        for label, value in values.items():
            control = self._field(label)
            self._sheet().typed[control["id"]] = await self._value(control, value)

    async def find(self, label: str, words: str) -> list[Json]:
        """Types into a field whose choices are searched."""
        return await self._search(self._field(label), words)

    async def submit(self, values: Mapping[str, Any] | None = None, *, copies: int = 1) -> None:
        """Submits the open form, after filling it."""
        await self.fill(values or {})
        form, sheet = self.form, self._sheet()
        assert form is not None
        missing = [label for label in form.required if not form.values[label]]
        assert not missing, f"Teams does not submit a form with an empty {missing}"
        await self._press(sheet, _submit_of(sheet.card), copies)

    async def close_form(self) -> None:
        if self.dialog is None:
            self._put_away.add(self._sheet().message.id)  # type: ignore[union-attr]  # it is no dialog
        self.dialog = None

    async def redeliver(self, *, copies: int = 1) -> None:
        """Teams sends the last activity again."""
        await self._do(self.last, copies, same=True)

    async def look(self) -> None:
        """Opens the chat: cards that name this person as a reader ask what they show now."""
        for message in self._direct():
            card = (message.card() or {}).get("refresh") or {}
            if card and self.user_id in card.get("userIds", (self.user_id,)):  # without names, whoever is in the chat
                await self._execute(message, card["action"], {}, trigger="automatic")

    # ---------------------------------------------------------------------------------------------------- what they see

    @property
    def cards(self) -> list[Shown]:
        """What the bot has sent them directly, oldest first, as it stands now; without what answered something."""
        return [self._shown(message) for message in self._direct() if not message.answers]

    @property
    def last_card(self) -> Shown:
        assert self.cards, f"No card for {self.name}"
        return self.cards[-1]

    @property
    def ephemerals(self) -> list[Shown]:
        """The answers to what they did, oldest first: in the chat, in a dialog, or said in the moment."""
        answered = [self._shown(message) for message in self._direct() if message.answers]
        return sorted([*answered, *self.told], key=lambda shown: _order(shown.post))

    @property
    def last_answer(self) -> Shown:
        assert self.ephemerals, f"Nothing answered {self.name}"
        return self.ephemerals[-1]

    @property
    def window(self) -> Shown | None:
        """The dialog that is open, as a card."""
        if isinstance(self.dialog, Sheet):
            return read_card(self.dialog.card, title=self.dialog.title, post=self.dialog)
        return self.dialog

    @property
    def form(self) -> ShownForm | None:
        """The form that is open: in a dialog, or in the chat."""
        sheet = self._open_sheet()
        return _shown_form(sheet) if sheet else None

    @property
    def home(self) -> Shown | None:
        return next((each for each in reversed(self.ephemerals) if each.title == "Home"), None)

    def news(self) -> list[Shown]:
        """What has been sent to them, directly or privately, since this was last asked."""
        seen = sorted([*self.cards, *self.ephemerals], key=lambda shown: _order(shown.post))
        new, self._read = seen[self._read :], len(seen)
        return new

    def in_channel(self, channel: str | Conversation = "General") -> list[Message]:
        """What the bot wrote where others read it, too."""
        conversation = self.tenant.channel(channel) if isinstance(channel, str) else channel
        return [each for each in self.tenant.written_in(conversation) if each.author == self.tenant.bot_id]

    # ------------------------------------------------------------------------------------------------------- activities

    def _activity(self, kind: str, conversation: Conversation, *, root: str = "", activity_id: str = "") -> Json:
        """What every activity of Teams has."""
        activity_id = activity_id or f"f:{uuid4()}"
        now = self.teams.clock.now()
        where = conversation.as_json(self.tenant.id, root)
        data: Json = {"tenant": {"id": self.tenant.id}}
        if conversation.kind == "channel":
            data |= {"teamsChannelId": conversation.id, "teamsTeamId": conversation.team_id}
            data |= {"channel": {"id": conversation.id}, "team": {"id": conversation.team_id}}
        return {
            "type": kind,
            "id": activity_id,
            "timestamp": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond:06d}0Z",
            "localTimestamp": f"{now - timedelta(hours=4):%Y-%m-%dT%H:%M:%S}.{now.microsecond:06d}0-04:00",
            "localTimezone": "America/Detroit",
            "channelId": "msteams",
            "serviceUrl": self.teams.service_url,
            "from": {"id": self.user_id, "name": self.name, "aadObjectId": self.account.directory_id},
            "conversation": where,
            "recipient": {"id": self.tenant.bot_id, "name": self.tenant.bot_name},
            "entities": [
                {
                    "type": "clientInfo",
                    "locale": "en-US",
                    "country": "US",
                    "platform": "Web",
                    "timezone": "America/Detroit",
                }
            ],
            "channelData": data,
            "locale": "en-US",
        }

    def _invoke(self, name: str, value: Json, conversation: Conversation, **more: Any) -> Json:
        return self._activity("invoke", conversation, **more) | {"name": name, "value": value}

    def _written(self, conversation: Conversation, text: str, *, root: str = "") -> Message:
        message = self.tenant.post(conversation, self.user_id, {}, root=root)
        activity = self._activity("message", conversation, root=root or message.id, activity_id=message.id)
        message.activity = activity | {"textFormat": "plain", "text": text, "attachments": _formatted(text)}
        return message

    async def _message(self, message: Message, copies: int) -> None:
        await self._do(message.activity, copies, same=True)

    async def _changed(self, message: Message, kind: str, event: str) -> None:
        said = message.activity if kind == "messageUpdate" else {}
        activity = {name: said[name] for name in said.keys() & {"text", "textFormat", "attachments"}}
        activity |= self._activity(kind, message.conversation, root=message.root or message.id, activity_id=message.id)
        activity["channelData"]["eventType"] = event
        activity["timestamp"] = _instant(self.teams.new_id())  # a story's clock may stand still between two edits
        if said:
            activity["entities"] = said["entities"]
        await self._do(activity, 1)

    async def deliver(self, activity: Json, *, token: str | None = None, **said: Any) -> Answer:
        """One activity, with a good token, the one given, or one whose claims are changed."""
        if token is None:
            token = self.teams.keys[0].sign(self._claims(**said))
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self.teams.session.post(self.teams.messages_url, json=activity, headers=headers) as response:
            body = await response.text()
            is_json = response.content_type == "application/json"
            return Answer(response.status, json.loads(body) if is_json and body else {"text": body} if body else {})

    def _claims(self, **other: Any) -> Json:
        return claims(self.tenant.app_id, self.teams.service_url, now=self.teams.clock.now(), **other)

    async def _do(self, activity: Json, copies: int, *, same: bool = False) -> list[Answer]:
        """Sends it and waits for all that comes of it. Copies of an invoke are presses of their own, not deliveries."""
        self.last = activity
        sent = [activity if same or n == 0 else activity | {"id": f"f:{uuid4()}"} for n in range(copies)]
        token = self.teams.token(self.tenant)
        before = list(self._direct())
        self.answers = list(await asyncio.gather(*(self.deliver(each, token=token) for each in sent)))
        if self.teams.idle is not None:
            await self.teams.idle()
        if activity["conversation"]["conversationType"] != "personal":
            for message in self._direct():  # what others may not read is answered here
                message.answers = message.answers or ("" if message in before else activity["id"])
        if self.teams.settle is not None:
            await self.teams.settle()
        self.teams.check()
        return self.answers

    # ------------------------------------------------------------------------------------------------ presses and forms

    def _direct(self) -> Iterator[Message]:
        ours = self.tenant.bot_id
        return (
            each
            for each in self.tenant.messages
            if each.author == ours and each.conversation is self.chat and not each.deleted
        )

    def _shown(self, message: Message) -> Shown:
        card = message.card(self.user_id) or {"body": [{"type": "TextBlock", "text": message.text}]}
        return read_card(card, str(message.activity.get("summary") or message.text), post=message)

    def _standing(self, message: Message, card: Json) -> Sheet:
        typed = self._typed.setdefault((message.id, json.dumps(card)), {})  # another card there is another form
        return Sheet(read_card(card).title, card, message.conversation, message, typed=typed)

    def _open_sheet(self) -> Sheet | None:
        if isinstance(self.dialog, Sheet):
            return self.dialog if is_form(self.dialog.card) else None
        for message in reversed(list(self._direct())):
            card = message.card(self.user_id)
            if card and is_form(card) and message.id not in self._put_away:
                return self._standing(message, card)
        return None

    def _sheet(self) -> Sheet:
        sheet = self._open_sheet()
        assert sheet is not None, f"{self.name} has no form open"
        return sheet

    def _field(self, label: str) -> Json:
        inputs = inputs_of(self._sheet().card)
        for control in inputs:
            if control.get("label") == label or control.get("title") == label:
                return dict(control)
        raise AssertionError(f"There is no field {label!r}; there are {[each.get('label') for each in inputs]}")

    async def _value(self, control: Json, value: Any) -> str:
        match control["type"]:
            case "Input.ChoiceSet":
                wanted = list(value) if isinstance(value, list | tuple) else [value] if value else []
                assert len(wanted) <= 1 or control.get("isMultiSelect"), f"{control['label']} takes one"
                return ",".join([await self._choice(control, str(each)) for each in wanted])
            case "Input.Toggle":
                return str(control.get("valueOn", "true") if value else control.get("valueOff", "false"))
            case "Input.Text":
                most = control.get("maxLength")
                assert most is None or len(str(value)) <= most, f"Teams takes no more in {control['label']}"
                return str(value)
            case _:
                return str(value or "")

    async def _choice(self, control: Json, wanted: str) -> str:
        offered = list(control.get("choices") or ())
        if "choices.data" in control and not any(wanted in _ways(each) for each in offered):
            offered = await self._search(control, wanted)
        for each in offered:
            if wanted in _ways(each):
                return str(each["value"])
        raise AssertionError(f"{wanted!r} is not offered; there are {[each['title'] for each in offered]}")

    async def _search(self, control: Json, words: str) -> list[Json]:
        sheet, source = self._sheet(), control["choices.data"]
        value = {"queryText": words, "queryOptions": {"skip": 0, "top": AT_MOST}, "dataset": source["dataset"]}
        if source.get("associatedInputs") == "auto":
            value["data"] = self._inputs(sheet)
        activity = self._invoke("application/search", value, sheet.conversation)
        (answer,) = await self._do(activity, 1)
        self.teams.note("application/search", limits.faults_of_search(answer.body))
        self.teams.check()
        return list((answer.body.get("value") or {}).get("results") or [])

    def _pressed(self, label: str, on: Shown | None) -> tuple[Any, Json, Json]:
        """Where the button is, the card that it is on, and its action."""
        seen: list[str] = []
        for place, card in [(on.post, on.card)] if on else self._places():
            for action in actions_of(card):
                seen.append(action["title"])
                if action["title"] == label:
                    return place, card, _confirmed(action)
        raise AssertionError(f"{self.name} sees no button {label!r}; there are {seen}")

    def _places(self) -> Iterator[tuple[Any, Json]]:
        if isinstance(self.dialog, Sheet):
            yield self.dialog, self.dialog.card
        for message in reversed(list(self._direct())):
            if card := message.card(self.user_id):
                yield message, card

    def _inputs(self, sheet: Sheet) -> dict[str, str]:
        """What stands in the fields; an empty one is left out, as Teams does."""
        known = {each["id"]: sheet.typed.get(each["id"], _first(each)) for each in inputs_of(sheet.card)}
        return {name: value for name, value in known.items() if value}

    async def _press(self, sheet: Sheet, action: Json, copies: int) -> None:
        data = deepcopy(action.get("data") or {})
        inputs = {} if action.get("associatedInputs") == "none" else self._inputs(sheet)
        asked = (data.get("msteams") or {}).get("type")
        if sheet.message is None:
            assert action["type"] == "Action.Submit", f"A dialog of Teams has no {action['type']}"
            await self._send_dialog(sheet, data | inputs, copies)
        elif action["type"] == "Action.Execute":
            await self._execute(sheet.message, action, inputs, copies=copies)
        elif asked == "task/fetch":
            value = {"data": data | inputs, "context": THEME}
            await self._fetch("task/fetch", value, sheet.conversation, copies, reply_to=sheet.message.id)
        else:
            activity = self._activity("message", sheet.conversation, root=sheet.message.root)
            await self._do(activity | {"value": data | inputs, "replyToId": sheet.message.id}, copies)

    async def _execute(
        self, message: Message, action: Json, inputs: Json, *, copies: int = 1, trigger: str = "manual"
    ) -> None:
        """Action.Execute: the answer may be a card in place of this one, for this person."""
        pressed = {name: action[name] for name in action.keys() & {"type", "id", "title", "verb"}}
        value = {"action": pressed | {"data": deepcopy(action.get("data") or {}) | inputs}, "trigger": trigger}
        activity = self._invoke("adaptiveCard/action", value, message.conversation, root=message.root)
        edits = message.edits
        for answer in await self._do(activity | {"replyToId": message.id}, copies):
            if self.teams.note("adaptiveCard/action", limits.faults_of_answer(answer.status, answer.body)):
                continue
            match answer.body:
                case {"type": "application/vnd.microsoft.card.adaptive", "value": {} as card}:
                    if message.edits == edits:  # an edit that came later is newer
                        message.views[self.user_id] = card
                case {"type": "application/vnd.microsoft.activity.message", "value": str(said)}:
                    self._hear(said)
                case {"type": "application/vnd.microsoft.error", "value": {"message": str(said)}}:
                    self._hear(said)
        self.teams.check()

    async def _fetch(
        self,
        name: str,
        value: Json,
        conversation: Conversation,
        copies: int,
        *,
        root: str = "",
        reply_to: str = "",
    ) -> None:
        activity = self._invoke(name, value, conversation, root=root)
        activity |= {"replyToId": reply_to} if reply_to else {}
        opened = value if name.startswith("composeExtension/") else {}
        for answer in await self._do(activity, copies):
            self._dialog_answered(name, answer, conversation, opened, reply_to)
        self.teams.check()

    async def _send_dialog(self, sheet: Sheet, data: Json, copies: int) -> None:
        if sheet.opened:
            name, value = "composeExtension/submitAction", sheet.opened | {"data": data}
        else:
            name, value = "task/submit", {"data": data, "context": THEME}
        for answer in await self._do(self._invoke(name, value, sheet.conversation), copies):
            if self.dialog is sheet:  # an earlier copy of the same submission has not replaced it
                self._dialog_answered(name, answer, sheet.conversation, sheet.opened, sheet.reply_to)
        self.teams.check()

    def _dialog_answered(
        self, name: str, answer: Answer, conversation: Conversation, opened: Json, reply_to: str
    ) -> None:
        if self.teams.note(
            name,
            limits.faults_of_dialog(
                answer.status, answer.body, opens=name.endswith("etch") or name.endswith("fetchTask")
            ),
        ):
            return
        match answer.body.get("task"):
            case {"type": "continue", "value": {"title": str(title), "card": {"content": {} as card}}}:
                sheet = Sheet(title, card, conversation, opened=opened, reply_to=reply_to)
                self.dialog = sheet
                if not is_form(card):
                    self.told.append(read_card(card, title=title, post=self.teams.new_id()))
            case {"type": "message", "value": str(said)}:
                self.dialog = None
                self._hear(said)
            case _:
                self.dialog = None

    def _hear(self, said: str) -> None:
        self.told.append(Shown("", said, (), said, {}, self.teams.new_id()))


# ----------------------------------------------------------------------------------------------------------------------


def _shown_form(sheet: Sheet) -> ShownForm:
    controls = inputs_of(sheet.card)
    labels = {each["id"]: str(each.get("label") or each.get("title")) for each in controls}
    values = {labels[each["id"]]: _plain(each, sheet.typed.get(each["id"], _first(each))) for each in controls}
    return ShownForm(
        title=sheet.title,
        submit=_submit_of(sheet.card)["title"],
        labels=tuple(labels.values()),
        values=values,
        errors={labels[name]: said for name, said in limits.errors_in(sheet.card).items()},
        text="\n".join(line for each in sheet.card.get("body", []) for line in words_of(each)),
        required=tuple(labels[each["id"]] for each in controls if each.get("isRequired")),
    )


def _submit_of(card: Json) -> Json:
    sends = [each for each in actions_of(card) if each["type"] in {"Action.Submit", "Action.Execute"}]
    assert sends, "The form cannot be sent"
    return dict(sends[0])


def _confirmed(action: Mapping[str, Any]) -> Json:
    """The action, or the one that says yes where it asks first."""
    if action["type"] != "Action.ShowCard":
        return dict(action)
    return dict(next(each for each in actions_of(action["card"]) if each["type"] != "Action.ToggleVisibility"))


def _ways(choice: Mapping[str, Any]) -> set[str]:
    """The ways to name a choice: its title, without the hint after it, and its value."""
    return {choice["title"], choice["title"].split(" – ")[0], choice["value"]}


def _first(control: Mapping[str, Any]) -> str:
    if control["type"] == "Input.Toggle":
        return str(control.get("value", control.get("valueOff", "false")))
    return str(control.get("value") if control.get("value") is not None else "")


def _plain(control: Mapping[str, Any], value: str) -> Any:
    """A field's value as somebody sees it: the labels of what was chosen."""
    if control["type"] != "Input.ChoiceSet":
        return value
    names = {each["value"]: each["title"] for each in control.get("choices") or ()}
    chosen = [names.get(each, each) for each in value.split(",") if each]
    return chosen if control.get("isMultiSelect") else next(iter(chosen), "")


def _order(post: Any) -> str:
    return str(post.id if isinstance(post, Message) else post)


def _instant(message_id: str) -> str:
    return datetime.fromtimestamp(int(message_id) / 1000, UTC).isoformat().replace("+00:00", "Z")


def _formatted(text: str) -> list[Json]:
    """The same words with their format, as Teams attaches them; a mention is a mark there, too."""
    parts = re.split(r"(</?at>)", text)
    words = "".join(_MARKS.get(each) or _html(each) for each in parts)
    return [{"contentType": "text/html", "content": f"<p>{words}</p>"}]


_MARKS: Final = {
    "<at>": '<span itemtype="http://schema.skype.com/Mention" itemscope="" itemid="0">',
    "</at>": "</span>",
}


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
