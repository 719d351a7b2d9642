"""What Teams sends, as neutral requests: JSON in, value out. Ordinary talk in a channel is None.

An activity that is no activity is a BrokenActivityError, whatever is wrong with it, and never another exception.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, urlencode

from bot.teams.filled import Filled, filled, is_form
from bot.teams.forms import MAX_FOUND
from bot.teams.incoming import BrokenActivityError, Payload, needed, part, several, string
from bot.teams.options import THREAD
from bot.teams.render import OURS, REFRESH
from bot.teams.words import Said, words_of, words_of_payload
from handlers.cards.model import Press
from handlers.request import Identity, Inbound, Source, press_key
from handlers.rules import spoken
from storage.vocabulary import Door, Platform

MESSAGE_ACTION: Final = "report_message"
COMPOSE_ACTION: Final = "report"
SEARCH_COMMAND: Final = "challenges"
"""The ids of our commands in the app's manifest."""
FIND: Final = "log.find"
"""What a search in the box to write in asks for."""
"""How Teams names the thread of a channel, in the id of its conversation."""


def parse(activity: Payload, *, app_id: str = "") -> Inbound | None:
    """What somebody did; None where there is nothing to do: ordinary talk, our own posts, what we do not offer.

    `app_id`: the registration by whose token it came.
    """
    if not isinstance(activity, Mapping):
        raise BrokenActivityError("activity")
    match string(activity, "type"):
        case "message":
            return _pressed_or_said(activity, app_id)
        case "messageUpdate" | "messageDelete":
            return _changed(activity, app_id)
        case "messageReaction":
            return _reacted(activity, app_id)
        case "installationUpdate":
            return _installed(activity, app_id)
        case "conversationUpdate":
            return _joined(activity, app_id)
        case "invoke":
            return _invoked(activity, app_id)
        case _:
            return None


def _invoked(activity: Payload, app_id: str) -> Inbound | None:
    value = part(activity, "value")
    match string(activity, "name"):
        case "adaptiveCard/action" | "task/fetch" | "task/submit" | "composeExtension/submitAction":
            return _sent(activity, _data_of(activity), app_id)
        case "composeExtension/fetchTask":
            return _extension(activity, value, app_id)
        case "composeExtension/query":
            return _query(activity, value, app_id)
        case "application/search":
            return _search(activity, value, app_id)
        case _:
            return None


# ------------------------------------------------------------------------------------------------------ who and where


def tenant_of(activity: Payload) -> str:
    """The organization that it comes from; "" where it does not say."""
    named = string(part(part(activity, "channelData"), "tenant"), "id")
    return (named or string(part(activity, "conversation"), "tenantId")).lower()


def bot_of(activity: Payload) -> str:
    """The app whose bot it is sent to."""
    return string(part(activity, "recipient"), "id").removeprefix("28:")


def is_personal(activity: Payload) -> bool:
    """Whether it stands in the chat between one person and us."""
    conversation = part(activity, "conversation")
    kind = string(conversation, "conversationType")
    return kind == "personal" or (not kind and string(conversation, "id").startswith("a:"))


def _inbound(activity: Payload, action: str, door: Door, app_id: str, **more: Any) -> Inbound:
    sender = part(activity, "from")
    identity = Identity(
        Platform.TEAMS,
        needed("tenant", tenant_of(activity)),
        needed("from", string(sender, "id")),
        directory_id=string(sender, "aadObjectId").lower(),
    )
    return Inbound(identity, action, door, app_id=app_id or bot_of(activity), **more)


def _conversation(activity: Payload) -> tuple[str, str]:
    """The conversation, and the message whose thread of it is meant, in a channel. In the chats of others, in which
    only our message extension is used, Teams does not always name it."""
    named, _, root = string(part(activity, "conversation"), "id").partition(THREAD)
    return named, root


def _place(activity: Payload, message_id: str = "", thread_id: str = "", **more: Any) -> Source:
    """Where it was done: in this conversation, at this message. The first message of a thread is in none."""
    conversation, root = _conversation(activity)
    thread_id = thread_id or root
    direct = is_personal(activity)
    thread_id = "" if thread_id == message_id else thread_id
    return Source(conversation, message_id, thread_id, direct=direct, **more)


def _link(activity: Payload, message_id: str) -> str:
    """The address of a message. In the personal chat with a bot a message has none,
    https://learn.microsoft.com/microsoftteams/platform/concepts/build-and-test/deep-link-teams"""
    conversation, root = _conversation(activity)
    if not message_id or not conversation.startswith("19:"):
        return ""
    asked = {"tenantId": tenant_of(activity)}
    if team := part(part(activity, "channelData"), "team"):
        asked |= {"groupId": string(team, "aadGroupId"), "parentMessageId": root or message_id}
    else:
        asked |= {"context": '{"contextType":"chat"}'}
    path = "/".join(quote(each, safe=":@", errors="replace") for each in (conversation, message_id))
    query = urlencode({name: value for name, value in asked.items() if value}, errors="replace")
    return f"https://teams.microsoft.com/l/message/{path}?{query}"


# ----------------------------------------------------------------------------------------------------------- messages


def _pressed_or_said(activity: Payload, app_id: str) -> Inbound | None:
    """A client that does not know Action.Execute sends a message with the data of the button in it."""
    return _sent(activity, _data_of(activity), app_id) or _said(activity, app_id)


def _said(activity: Payload, app_id: str) -> Inbound | None:
    sender, direct = string(part(activity, "from"), "id"), is_personal(activity)
    if not sender or sender.startswith("28:") or sender == string(part(activity, "recipient"), "id"):
        return None
    words = words_of(activity)
    if not direct and not words.addressed:
        return None
    message_id = needed("id", string(activity, "id"))
    key = _key(activity, message_id)
    source = _place(activity, message_id, words.quoted, link=_link(activity, message_id))
    if command := spoken.certain(words.text):
        where = replace(source, message_id="", link="")
        return _inbound(activity, command.action, Door.COMMAND, app_id, text=command.text, source=where)
    door = Door.MENTION
    if direct:
        door = Door.THREAD if source.thread_id else Door.DIRECT_MESSAGE
    action = "message.direct" if direct else "message.mention"
    return _inbound(activity, action, door, app_id, key=key, text=words.text, source=source)


def _changed(activity: Payload, app_id: str) -> Inbound | None:
    """Somebody edited or deleted what they had said. Of what was deleted Teams tells no words, and so not whether it
    was said to us: nothing is known under its key then."""
    action = {"editMessage": "message.edited", "softDeleteMessage": "message.deleted"}.get(
        string(part(activity, "channelData"), "eventType")
    )
    sender, direct = string(part(activity, "from"), "id"), is_personal(activity)
    if action is None or not sender or sender.startswith("28:"):
        return None
    words = words_of(activity) if action == "message.edited" else Said()
    if action == "message.edited" and not direct and not words.addressed:
        return None
    message_id = needed("id", string(activity, "id"))
    key = _key(activity, message_id)
    source = _place(activity, message_id, words.quoted, link=_link(activity, message_id))
    door = Door.MENTION
    if direct:
        door = Door.THREAD if source.thread_id else Door.DIRECT_MESSAGE
    return _inbound(
        activity,
        action,
        door,
        app_id,
        key=f"{key}:{action}:{string(activity, 'timestamp')}",
        text=words.text,
        source=source,
        carry={"message_key": key},
    )


def _key(activity: Payload, message_id: str) -> str:
    return f"message:{tenant_of(activity)}:{needed('conversation', _conversation(activity)[0])}:{message_id}"


def _reacted(activity: Payload, app_id: str) -> Inbound | None:
    """A reaction on a message of ours: the room knows which challenge it shows."""
    added = [each for each in several(activity, "reactionsAdded") if isinstance(each, Mapping)]
    message_id = string(activity, "replyToId")
    if not added or not message_id or string(part(activity, "from"), "id").startswith("28:"):
        return None
    return _inbound(activity, "show", Door.EMOJI, app_id, source=_place(activity, message_id))


# -------------------------------------------------------------------------------------------- they come, and they go


def _installed(activity: Payload, app_id: str) -> Inbound | None:
    return _membership(activity, string(activity, "action").partition("-")[0], app_id)


def _joined(activity: Payload, app_id: str) -> Inbound | None:
    me = string(part(activity, "recipient"), "id")
    for name, what in (("membersAdded", "add"), ("membersRemoved", "remove")):
        if me and any(isinstance(each, Mapping) and each.get("id") == me for each in several(activity, name)):
            return _membership(activity, what, app_id)
    return None


def _membership(activity: Payload, what: str, app_id: str) -> Inbound | None:
    """Our app, for one person: what happens in teams and group chats makes nobody unreachable."""
    action = {"add": "account.back", "remove": "account.gone"}.get(what)
    sender = string(part(activity, "from"), "id")
    if action is None or not is_personal(activity) or not sender or sender.startswith("28:"):
        return None
    event = string(activity, "id") or string(activity, "timestamp")
    return _inbound(activity, action, Door.OPERATOR, app_id, key=f"event:{event}:{action}", source=_place(activity))


# --------------------------------------------------------------------------------------------------- message extension


def _extension(activity: Payload, value: Payload, app_id: str) -> Inbound | None:
    command, said = string(value, "commandId"), part(value, "messagePayload")
    event = string(value, "requestId") or string(activity, "id")
    if command == MESSAGE_ACTION and said:
        return _reported(activity, said, f"shortcut:{event}", app_id)
    if command == COMPOSE_ACTION:
        key, source = f"shortcut:{event}", _place(activity)
        return _inbound(activity, "challenge.form", Door.GLOBAL_SHORTCUT, app_id, key=key, source=source)
    return None


def _reported(activity: Payload, said: Payload, key: str, app_id: str) -> Inbound:
    """ "Report as a challenge", on somebody's message."""
    message_id = string(said, "id")
    link = string(said, "linkToMessage")
    source = _place(
        activity,
        message_id,
        string(said, "replyToId"),
        link=link if link.startswith("https://") else _link(activity, message_id),
        author_id=string(part(part(said, "from"), "user"), "id"),
    )
    text = words_of_payload(said, app_id or bot_of(activity)).text
    return _inbound(activity, "challenge.form", Door.MESSAGE_SHORTCUT, app_id, key=key, text=text, source=source)


def _query(activity: Payload, value: Payload, app_id: str) -> Inbound | None:
    if string(value, "commandId") != SEARCH_COMMAND:
        return None
    given = [each for each in several(value, "parameters") if isinstance(each, Mapping)]
    words = " ".join(string(each, "value") for each in given if each.get("name") != "initialRun")
    return _inbound(activity, FIND, Door.GLOBAL_SHORTCUT, app_id, text=words.strip(), source=_anywhere(activity))


def _search(activity: Payload, value: Payload, app_id: str) -> Inbound | None:
    asked = string(value, "dataset")
    if not asked.endswith(".search"):
        return None
    text = string(value, "queryText").strip()
    return _inbound(activity, asked, Door.BUTTON, app_id, text=text, source=_anywhere(activity))


def _anywhere(activity: Payload) -> Source:
    """A search may stand in a window of its own, which is in no conversation."""
    return _place(activity) if string(part(activity, "conversation"), "id") else Source()


def wanted(activity: Payload) -> tuple[int, int]:
    """Which of the options of a search Teams asks for: how many to leave out, and how many to give."""
    value = part(activity, "value")
    asked = part(value, "queryOptions")
    skip, top = asked.get("skip"), asked.get("top", asked.get("count"))
    return (
        skip if isinstance(skip, int) and 0 <= skip < 10_000 else 0,
        top if isinstance(top, int) and 0 < top <= MAX_FOUND else MAX_FOUND,
    )


# --------------------------------------------------------------------------------------------------- presses and forms


def _sent(activity: Payload, data: Payload, app_id: str) -> Inbound | None:
    """What a button or a form of ours sends, by whichever way."""
    if OURS not in data:
        return None
    return _form(activity, data, app_id) if is_form(data) else _press(activity, press_of(data), app_id)


def press_of(data: Payload) -> Press:
    """The press that `render` wrote into a button."""
    kept = part(data, OURS)
    version = kept.get("version", 0)
    if not isinstance(version, int) or isinstance(version, bool) or not 0 <= version < 2**31:
        raise BrokenActivityError("version")
    return Press(needed("do", string(kept, "do")), string(kept, "about"), string(kept, "item"), version)


def _press(activity: Payload, press: Press, app_id: str) -> Inbound:
    post_id = string(activity, "replyToId")
    return _inbound(
        activity,
        press.action,
        Door.BUTTON,
        app_id,
        key="" if press.action == REFRESH else press_key(press, post_id),
        challenge_id=press.challenge_id,
        item=press.item,
        version=press.version,
        source=_place(activity, post_id),
    )


def _form(activity: Payload, data: Payload, app_id: str) -> Inbound:
    sent = filled(data)
    press = sent.form.press
    return _inbound(
        activity,
        press.action,
        sent.door,
        app_id,
        key=f"form:{sent.once}",
        challenge_id=press.challenge_id,
        item=press.item,
        version=press.version,
        fields=sent.fields,
        carry=sent.form.carry,
        source=sent.source or _place(activity),
    )


def form_of(activity: Payload) -> Filled | None:
    """The form that was sent, as it was filled in, to be shown again; None where something else came."""
    data = _data_of(activity)
    return filled(data) if is_form(data) else None


def _data_of(activity: Payload) -> Payload:
    value = activity.get("value")
    if string(activity, "type") == "message":
        return value if isinstance(value, Mapping) else {}
    if string(activity, "name") == "adaptiveCard/action":
        return part(part(value, "action"), "data")
    return part(value, "data")
