"""The way out to Slack: a card to a person's direct conversation, edited in place, found again by its delivery id."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.slack import render
from bot.transport import Address, CannotTellError, OutcomeUnknownError, Place, TryLaterError, UndeliverableError
from handlers.cards.model import Card
from storage.vocabulary import Platform

log = structlog.get_logger()

PLAIN: Final[dict[str, Any]] = {"mrkdwn": False, "parse": "none", "unfurl_links": False, "unfurl_media": False}
"""With every post: Slack interprets nothing and fetches nothing."""
EVENT_TYPE: Final = "clearway"
"""Of our message metadata, which every app in the workspace can read: it holds a delivery id and nothing else."""
LOOK_BACK: Final = 100  # messages of a direct conversation, newest first
REINSTATED_AFTER_S: Final = 3600.0  # when to try again with a token that was refused: somebody has to mend it

# https://docs.slack.dev/reference/methods/chat.postMessage#errors, conversations.open and chat.update
GONE: Final = frozenset(
    {
        "account_inactive",
        "cannot_dm_bot",
        "cant_update_message",
        "channel_not_found",
        "edit_window_closed",
        "is_archived",
        "message_not_found",
        "messages_tab_disabled",
        "not_in_channel",
        "restricted_action",
        "user_disabled",
        "user_not_found",
        "user_not_visible",
    }
)
LOCKED_OUT: Final = frozenset({"invalid_auth", "missing_scope", "not_authed", "token_expired", "token_revoked"})
FAILED: Final = frozenset({"fatal_error", "internal_error"})
"""Of these Slack says: it is possible that some aspect of the operation succeeded before the error was raised."""


class _FailedError(TryLaterError):
    """Slack broke down over it, and may have done it all the same."""


class SlackTransport:
    """Implements `bot.transport.Transport`. `client_of` gives the client of a workspace, if we are installed there."""

    def __init__(self, client_of: Callable[[str], AsyncWebClient | None]) -> None:
        self._client_of = client_of

    async def send(self, to: Address, card: Card, *, delivery_id: str) -> Place:
        client, channel = self._client(to.workspace_id), await self._conversation(to)
        metadata = {"event_type": EVENT_TYPE, "event_payload": {"delivery_id": delivery_id}}
        shown = render.message(card)
        try:
            posted = await ask(client.chat_postMessage(channel=channel, metadata=metadata, **shown, **PLAIN))
        except _FailedError as failed:
            return await self._perhaps_arrived(to, failed, delivery_id)
        return Place(Platform.SLACK, to.workspace_id, channel, str(posted["ts"]))

    async def edit(self, place: Place, card: Card) -> None:
        client, shown = self._client(place.workspace_id), render.message(card)
        await ask(
            client.chat_update(channel=place.conversation_id, ts=place.post_id, parse="none", **shown), again=True
        )

    async def find(self, to: Address, *, delivery_id: str) -> Place | None:
        client, channel = self._client(to.workspace_id), await self._conversation(to)
        history = client.conversations_history(channel=channel, include_all_metadata=True, limit=LOOK_BACK)
        try:
            said = await ask(history, again=True)
        except TryLaterError as refused:
            if refused.reason == "missing_scope":
                raise CannotTellError from refused
            raise
        for message in said["messages"]:
            if message.get("metadata", {}).get("event_payload", {}).get("delivery_id") == delivery_id:
                return Place(Platform.SLACK, to.workspace_id, channel, str(message["ts"]))
        return None

    async def _perhaps_arrived(self, to: Address, failed: _FailedError, delivery_id: str) -> Place:
        try:
            place = await self.find(to, delivery_id=delivery_id)
        except (TryLaterError, CannotTellError):
            raise OutcomeUnknownError(failed.reason) from failed
        if place is None:
            raise failed
        return place

    async def _conversation(self, to: Address) -> str:
        if to.conversation_id:
            return to.conversation_id
        opened = await ask(self._client(to.workspace_id).conversations_open(users=to.user_id), again=True)
        return str(opened["channel"]["id"])

    def _client(self, workspace_id: str) -> AsyncWebClient:
        client = self._client_of(workspace_id)
        if client is None:
            raise UndeliverableError("not_installed")
        return client


async def ask(call: Awaitable[AsyncSlackResponse], *, again: bool = False) -> AsyncSlackResponse:
    """Slack's answer to a call, or one of the three errors of a transport.

    `again` says that the call may be repeated without harm: then a cut line is no question, only a reason to repeat it.
    """
    try:
        return await call
    except SlackApiError as refusal:
        raise meaning(refusal) from refusal
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as failure:
        raise TryLaterError("unreachable") from failure  # nothing had left yet
    except (aiohttp.ClientError, TimeoutError) as failure:
        raise (TryLaterError if again else OutcomeUnknownError)(type(failure).__name__) from failure


def meaning(refusal: SlackApiError) -> TryLaterError | UndeliverableError:
    """What a refusal means for the message."""
    status, code = status_of(refusal), code_of(refusal)
    if status == 429 or code in {"ratelimited", "rate_limited"}:
        wait = refusal.response.headers.get("Retry-After", "")
        return TryLaterError("ratelimited", float(wait) if wait.isdigit() else None)
    if code in GONE:
        return UndeliverableError(code)
    if code in LOCKED_OUT:
        log.error("slack.locked_out", code=code)
        return TryLaterError(code, REINSTATED_AFTER_S)
    if code in FAILED or (status >= 500 and status != 503):
        return _FailedError(code or f"http_{status}")
    if status < 500 and code not in {"service_unavailable", "team_added_to_org"}:
        log.error("slack.refused", code=code, status=status)  # most likely a mistake of ours: keep it until mended
    return TryLaterError(code or f"http_{status}")


def code_of(refusal: SlackApiError) -> str:
    """Slack's word for what was wrong; empty where the answer was not Slack's JSON."""
    said: Any = getattr(refusal.response, "data", None)
    return str(said.get("error", "")) if isinstance(said, dict) else ""


def status_of(refusal: SlackApiError) -> int:
    response: Any = refusal.response
    return int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
