"""What Slack sends, as neutral requests: JSON in, value out. Ordinary channel talk is None."""

import json
import re
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from handlers.cards.model import Press
from handlers.request import Identity, Inbound, Source, press_key
from storage.vocabulary import Door, Platform

Payload = Mapping[str, Any]

MESSAGE_SHORTCUT: Final = "report_message"
GLOBAL_SHORTCUT: Final = "report"
COMMANDS: Final[Mapping[str, str]] = {
    "/challenge": "challenge.form",
    "/challenges": "log.ask",
    "/clearway": "home.ask",
}
SPOKEN: Final = (None, "file_share", "me_message", "thread_broadcast")
"""The subtypes of messages that are somebody's words, https://docs.slack.dev/reference/events/message#subtypes."""
NAME: Final = "Clearway"
"""How our own mention reads in the middle of a sentence."""


def parse(body: Payload, *, bot_user_id: str = "", workspace_url: str = "") -> Inbound | None:
    """What somebody did; None where there is nothing to do: ordinary talk, our own posts, closed forms."""
    match body:
        case {"command": str(command)} if command in COMMANDS:
            return _command(body, COMMANDS[command])
        case {"type": "message_action", "callback_id": pressed, "message": {}} if pressed == MESSAGE_SHORTCUT:
            return _message_shortcut(body, workspace_url)
        case {"type": "shortcut", "callback_id": pressed} if pressed == GLOBAL_SHORTCUT:
            return _inbound(body, "challenge.form", Door.GLOBAL_SHORTCUT, key=f"shortcut:{body['trigger_id']}")
        case {"type": "block_actions", "actions": [{"type": "button", "value": str()} as button, *_]}:
            return _button(body, button)
        case {"type": "view_submission", "view": {"private_metadata": str()} as view}:
            return _form(body, view)
        case {"type": "block_suggestion", "action_id": str(search)}:
            return _search(body, search)
        case {"type": "event_callback", "event": {"type": "message" | "app_mention"} as event}:
            return _message(body, event, bot_user_id, workspace_url)
        case {"type": "event_callback", "event": {} as event}:
            return _event(body, event)
        case _:
            return None


# ------------------------------------------------------------------------------------------------------ who and where


def workspace_of(body: Payload) -> str:
    """The workspace where our app is installed that this came through (not always that of the person)."""
    match body:
        case {"view": {"app_installed_team_id": str(team)}}:
            return team
        case {"authorizations": [{"team_id": str(team)}, *_]}:
            return team
        case {"team": {"id": str(team)}} | {"team_id": str(team)}:
            return team
        case {"user": {"team_id": str(team)}}:  # an app installed for a whole organization has no team of its own
            return team
        case _:
            return ""


def _identity(body: Payload, user_id: str, home: str | None) -> Identity:
    workspace = workspace_of(body)
    if home and home in _organizations(body):  # Enterprise Grid names the organization in place of the workspace
        home = workspace
    return Identity(Platform.SLACK, workspace, user_id, home or "")


def _organizations(body: Payload) -> set[str | None]:
    authorization = (body.get("authorizations") or [{}])[0]
    enterprise = body.get("enterprise") or {}
    return {authorization.get("enterprise_id"), enterprise.get("id"), body.get("enterprise_id")}


def _inbound(body: Payload, action: str, door: Door, **more: Any) -> Inbound:
    """What the person of an interaction (a shortcut, a button, a form) does."""
    user = body["user"]
    identity = _identity(body, user["id"], user.get("team_id"))
    return Inbound(identity, action, door, app_id=body.get("api_app_id", ""), **more)


def _link(workspace_url: str, channel: str, ts: str, thread_ts: str | None = None) -> str:
    """A permalink, as https://docs.slack.dev/reference/methods/chat.getPermalink builds them: no call needed."""
    if not (workspace_url and channel and ts):
        return ""
    link = f"{workspace_url.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}"
    return f"{link}?thread_ts={thread_ts}&cid={channel}" if thread_ts and thread_ts != ts else link


# ------------------------------------------------------------------------------------------- commands and shortcuts


def _command(body: Payload, action: str) -> Inbound:
    harmless = action != "challenge.form"
    return Inbound(
        _identity(body, body["user_id"], None),
        action,
        Door.COMMAND,
        key="" if harmless else f"command:{body['trigger_id']}",
        text=readable(body.get("text", "")).strip(),
        source=Source(conversation_id=body.get("channel_id", "")),
        app_id=body.get("api_app_id", ""),
    )


def _message_shortcut(body: Payload, workspace_url: str) -> Inbound:
    message, channel, team = body["message"], body["channel"]["id"], body.get("team") or {}
    url = workspace_url or (f"https://{team['domain']}.slack.com" if team.get("domain") else "")
    ts, thread_ts = message["ts"], message.get("thread_ts")
    return _inbound(
        body,
        "challenge.form",
        Door.MESSAGE_SHORTCUT,
        key=f"shortcut:{body['trigger_id']}",
        text=readable(message.get("text", "")).strip(),
        source=Source(
            conversation_id=channel,
            message_id=ts,
            thread_id=_thread(message),
            link=_link(url, channel, ts, thread_ts),
            author_id=message.get("user", ""),
        ),
    )


# ----------------------------------------------------------------------------------------------- buttons and forms


def _button(body: Payload, button: Payload) -> Inbound:
    press = press_of(button["action_id"], button["value"])
    view, container, message = body.get("view") or {}, body.get("container") or {}, body.get("message") or {}
    channel = (body.get("channel") or {}).get("id") or container.get("channel_id", "")
    ts = message.get("ts") or container.get("message_ts", "")
    return _inbound(
        body,
        press.action,
        Door.HOME if view.get("type") == "home" else Door.BUTTON,
        key=press_key(press, ts or f"{view.get('id', '')}:{view.get('hash', '')}"),  # in place, it is another card
        challenge_id=press.challenge_id,
        item=press.item,
        version=press.version,
        carry=_metadata(view).get("carry", {}),
        source=Source(channel, ts, _thread(message), direct=channel.startswith("D")),
    )


def _form(body: Payload, view: Payload) -> Inbound:
    kept = _metadata(view)
    return _inbound(
        body,
        kept.get("do", ""),
        Door(kept.get("door", Door.BUTTON)),
        # A form that answers a form stands in the same view: Slack changes the hash with each of them.
        key=f"form:{view['id']}:{view.get('hash', '')}",
        challenge_id=kept.get("about", ""),
        item=kept.get("item", ""),
        version=kept.get("version", 0),
        fields={
            field_of(block_id): _value(element)
            for block_id, elements in view["state"]["values"].items()
            for element in elements.values()
        },
        carry=kept.get("carry", {}),
        source=Source(**kept.get("from", {})),
    )


def _search(body: Payload, search: str) -> Inbound:
    kept = _metadata(body.get("view") or {})
    return _inbound(
        body,
        search,
        Door.BUTTON,
        challenge_id=kept.get("about", ""),
        text=readable(body.get("value", "")).strip(),
        carry=kept.get("carry", {}),
    )


def press_of(action_id: str, value: str) -> Press:
    """The press that `render` wrote into a button."""
    challenge_id, _, rest = value.partition("|")
    item, _, version = rest.rpartition("|")
    return Press(action_id.partition("#")[0], challenge_id, item, int(version) if version.isdecimal() else 0)


def field_of(block_id: str) -> str:
    """The field of a block: what follows the tilde only makes the block a new one."""
    return block_id.partition("~")[0]


def _metadata(view: Payload) -> dict[str, Any]:
    """What `render` put into the view: an action, ids and the form's carry."""
    kept = json.loads(view.get("private_metadata") or "{}")
    return kept if isinstance(kept, dict) else {}


def _value(element: Payload) -> str | list[str]:
    match element:
        case {"selected_options": list(chosen)}:
            return [option["value"] for option in chosen]
        case {"selected_option": chosen}:
            return str(chosen["value"]) if chosen else ""
        case {"selected_date": day}:
            return day or ""
        case {"type": "checkboxes" | "multi_static_select"}:
            return []
        case _:
            return str(element.get("value") or "").strip()


# ---------------------------------------------------------------------------------------------------------- events


def _message(body: Payload, event: Payload, bot_user_id: str, workspace_url: str) -> Inbound | None:
    match event:
        case {"subtype": "message_changed", "message": {"subtype": "tombstone"}, "previous_message": {} as said}:
            action, text = "message.deleted", ""
        case {"subtype": "message_changed", "message": {} as said, "previous_message": {} as before}:
            if said.get("text") == before.get("text"):  # a link got its preview, a thread its first reply
                return None
            action, text = "message.edited", said.get("text", "")
        case {"subtype": "message_deleted", "previous_message": {} as said}:
            action, text = "message.deleted", ""
        case _ if event.get("subtype") in SPOKEN:
            said, action, text = event, "", event.get("text", "")
        case _:
            return None
    user, channel, ts = said.get("user", ""), event.get("channel", ""), said.get("ts", "")
    if not user or user == bot_user_id or said.get("bot_id") or said.get("subtype") not in SPOKEN:
        return None

    direct = event.get("channel_type") == "im" or channel.startswith("D")
    if not direct and event["type"] != "app_mention" and not _mentions(said.get("text", ""), bot_user_id):
        return None
    door = Door.DIRECT_MESSAGE if direct else Door.MENTION
    if direct and _thread(said):
        door = Door.THREAD
    identity = _identity(body, user, said.get("user_team") or said.get("source_team") or said.get("team"))
    key = f"message:{identity.workspace_id}:{channel}:{ts}"
    return Inbound(
        identity,
        action or ("message.direct" if direct else "message.mention"),
        door,
        key=f"{key}:{action}:{event.get('ts') or body.get('event_id', '')}" if action else key,
        text=readable(_without_address(text, bot_user_id)).strip(),
        source=Source(
            conversation_id=channel,
            message_id=ts,
            thread_id=_thread(said),
            link=_link(workspace_url, channel, ts, said.get("thread_ts")),
            direct=direct,
        ),
        carry={"message_key": key} if action else {},
        app_id=body.get("api_app_id", ""),
    )


def _event(body: Payload, event: Payload) -> Inbound | None:
    key, app_id = f"event:{body.get('event_id', '')}", body.get("api_app_id", "")
    match event:
        case {"type": "app_home_opened", "tab": "home", "user": str(user)}:
            return Inbound(_identity(body, user, None), "home.show", Door.HOME, app_id=app_id)
        case {"type": "user_change", "user": {"id": str(user), "deleted": True} as left}:
            return Inbound(
                _identity(body, user, left.get("team_id")), "person.left", Door.OPERATOR, key=key, app_id=app_id
            )
        case {"type": "app_uninstalled"} | {"type": "tokens_revoked", "tokens": {"bot": [_, *_]}}:
            return Inbound(_identity(body, "", None), "registration.revoked", Door.OPERATOR, key=key, app_id=app_id)
        case _:
            return None


def _thread(message: Payload) -> str:
    thread_ts = str(message.get("thread_ts") or "")
    return "" if thread_ts == message.get("ts") else thread_ts


# ------------------------------------------------------------------------------------------------------------ words

# User, channel, special mentions and links, https://docs.slack.dev/messaging/formatting-message-text#advanced
_CONTROL: Final = re.compile(r"<([@#!][^<>]*|(?:https?|ftp|mailto|tel|slack):[^<>]*)>")


_CALL: Final = " \n\t,:;"
"""What stands around a mention that only calls us."""


def readable(text: str) -> str:
    """Slack's markup as somebody would read it aloud. Mentions without a label name nobody."""
    return _CONTROL.sub(_spoken, text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _spoken(match: re.Match[str]) -> str:
    target, _, label = match[1].partition("|")
    if target.startswith("@"):
        return f"@{label}" if label else "a colleague"
    if target.startswith("#"):
        return f"#{label}" if label else "a channel"
    if target.startswith(("!subteam", "!date")):
        return label or "a group"
    if target.startswith("!"):
        return f"@{target[1:]}"
    if target.startswith(("mailto:", "tel:")):
        return label or target.partition(":")[2]
    return target if not label or label in target else f"{label} ({target})"


def _mention(bot_user_id: str) -> re.Pattern[str]:
    return re.compile(rf"<@{re.escape(bot_user_id)}(?:\|[^<>]*)?>")


def _mentions(text: str, bot_user_id: str) -> bool:
    return bool(bot_user_id and _mention(bot_user_id).search(text))


def _without_address(text: str, bot_user_id: str) -> str:
    """The words without the mention that calls us, at the start or at the end; elsewhere it becomes our name."""
    if not _mentions(text, bot_user_id):
        return text
    parts = deque(_mention(bot_user_id).split(text))
    while len(parts) > 1 and not parts[0].strip(_CALL):
        parts.popleft()
        parts[0] = parts[0].lstrip(_CALL)
    while len(parts) > 1 and not parts[-1].strip(_CALL):
        parts.pop()
        parts[-1] = parts[-1].rstrip(_CALL)
    return NAME.join(parts)
