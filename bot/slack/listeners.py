"""One Slack app in one workspace, and what it does with each kind of request: one listener for each.

A listener parses, asks the gateway, and returns the acknowledgement with the answer. What is left to show after that
is work of its own, whose failures are logged.

The listeners stand in a table of ours, at the end of Bolt's middleware. Bolt's own are tried one after another, and
each is matched and called with arguments looked up by name: for a request that costs as much as all else that Bolt
does (see docs/performance.md).
"""

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

import aiohttp
import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient
from slack_sdk.webhook.webhook_response import WebhookResponse

from bot.gateway import NotCommittedError
from bot.slack import render
from bot.slack.parse import parse
from bot.slack.transport import PLAIN, code_of, status_of
from handlers.cards.model import Card
from handlers.request import Inbound, Reply

log = structlog.get_logger()

LAST_RETRY: Final = 3  # an event is delivered again up to three times, https://docs.slack.dev/apis/events-api
REMEMBERED: Final = 1000  # messages whose answer we have shown: a re-delivery is not answered twice
A_DOUBLE_CLICK_S: Final = 1.0  # from one of its two presses to the other
LONGEST_WAIT_S: Final = 60.0  # for an answer that Slack puts off
FAILURES: Final = (SlackApiError, aiohttp.ClientError, TimeoutError)
NOT_NOW: Final = frozenset(
    {"", "accesslimited", "fatal_error", "internal_error", "rate_limited", "ratelimited", "request_timeout"}
    | {"service_unavailable", "team_added_to_org"}
)
"""Refusals that pass, https://docs.slack.dev/reference/methods/auth.test#errors; "" is an answer that is not Slack's."""

NOT_INSTALLED: Final = "Clearway is not set up for this workspace. Please ask your district coordinator."
NOT_OPENED: Final = "The form could not be opened just now. Please try again in a minute. (Reference {reference})"


class Gateway(Protocol):
    """What this room asks of `bot.gateway`."""

    async def handle(self, inbound: Inbound) -> Reply: ...


class Room(Protocol):
    """What a registration asks of the room it is in."""

    gateway: Gateway
    answer_within_s: float
    again_after_s: Sequence[float]

    def later(self, work: Coroutine[Any, Any, None]) -> None: ...

    async def learned(self, registration: "SlackRegistration") -> None: ...

    async def introduced(self, *workspace_ids: str) -> None: ...


@dataclass(frozen=True, slots=True)
class SlackRegistration:
    """One Slack app in one workspace. What is empty is learned at the start, or from the first verified request."""

    app_id: str
    workspace_id: str
    bot_user_id: str
    bot_token: str = field(repr=False)
    signing_secret: str = field(repr=False)
    app_token: str | None = field(default=None, repr=False)
    workspace_url: str = ""
    id: str = ""
    """The row it was read from."""


class SlackStartError(Exception):
    """Slack does not know us: the operator must mend the token, and the sentence says how."""


class Desk:
    """One registration: its client, its Bolt app, and the listeners."""

    def __init__(self, room: Room, registration: SlackRegistration, api_url: str) -> None:
        self.room = room
        self.registration = registration
        self.client = AsyncWebClient(
            token=registration.bot_token,
            base_url=api_url,
            retry_handlers=[],  # by default a post would be sent again after a cut line; the outbox decides that
            logger=_quiet(),
        )
        self.verifier = SignatureVerifier(registration.signing_secret) if registration.signing_secret else None
        self.bolt = self._listening(api_url)
        self.introduced = False
        self._answered: OrderedDict[str, None] = OrderedDict()
        self._pressed: OrderedDict[str, float] = OrderedDict()

    def _listening(self, api_url: str) -> AsyncApp:
        async def authorize(team_id: str | None) -> AuthorizeResult | None:
            """From the registration: Bolt's own way would call auth.test."""
            known = self.registration
            if team_id and known.workspace_id and team_id != known.workspace_id:
                return None
            return AuthorizeResult(
                enterprise_id=None, team_id=team_id, bot_token=known.bot_token, bot_user_id=known.bot_user_id or None
            )

        bolt = AsyncApp(
            name="clearway",
            logger=_quiet(),
            process_before_response=True,  # or an event would be acknowledged before it is committed
            signing_secret=self.registration.signing_secret,
            client=AsyncWebClient(base_url=api_url, retry_handlers=[], logger=_quiet()),
            authorize=authorize,  # type: ignore[arg-type]  # Bolt takes None for "not installed", its types do not
            user_facing_authorize_error_message=NOT_INSTALLED,
            ssl_check_enabled=False,  # its middleware answers before the signature is looked at
            attaching_function_token_enabled=False,
            attaching_conversation_kwargs_enabled=False,
        )
        bolt.use(_Listeners(self))
        return bolt

    async def introduce(self) -> bool:
        """Learns who we are; False when Slack cannot be reached. Raises SlackStartError when it refuses the token."""
        known = self.registration
        try:
            me = await self.client.auth_test()
        except FAILURES as failure:
            if is_refusal(failure):
                raise SlackStartError(
                    f"Slack did not accept the bot token ({reason_of(failure)}). Copy the Bot User OAuth Token of your "
                    "app (OAuth & Permissions, it starts with xoxb-) into SLACK_BOT_TOKEN."
                ) from failure
            self._unreachable("slack.no_introduction", failure)
            return False
        workspace_id, bot_user_id = str(me["team_id"]), str(me["user_id"])
        self.registration = replace(
            known, workspace_id=workspace_id, bot_user_id=bot_user_id, workspace_url=str(me["url"])
        )
        if self.registration != known:
            await self.room.learned(self.registration)
        self.introduced = True
        await self.room.introduced(workspace_id, str(me.get("enterprise_id") or ""))
        return True

    async def socket_address(self) -> str | None:
        """Where our socket is to connect; None when Slack cannot be reached.

        Raises SlackStartError when it refuses the app-level token.
        """
        try:
            opened = await self.client.apps_connections_open(app_token=str(self.registration.app_token))
        except FAILURES as failure:
            if is_refusal(failure):
                raise SlackStartError(
                    f"Slack did not accept the app-level token ({reason_of(failure)}). Make one with the scope "
                    "connections:write for the same app (Basic Information, App-Level Tokens, it starts with xapp-), see "
                    "that Socket Mode is on for the app, and put the token into SLACK_APP_TOKEN."
                ) from failure
            self._unreachable("slack.not_connected", failure)
            return None
        return str(opened["url"])

    def _unreachable(self, event: str, failure: BaseException) -> None:
        says = (
            f"Slack cannot be reached at {self.client.base_url}. Clearway keeps trying, and follows up meanwhile. See "
            "that this server can look up that name and connect to it on port 443."
        )
        log.warning(event, workspace=self.registration.workspace_id, reason=reason_of(failure), says=says)

    def _parse(self, body: Mapping[str, Any]) -> Inbound | None:
        """Also learns the app id, which no token tells: the request is verified by now."""
        known, app_id = self.registration, body.get("api_app_id")
        if app_id and not known.app_id:
            self.registration = replace(known, app_id=app_id)
            self.room.later(self.room.learned(self.registration))
        return parse(body, bot_user_id=known.bot_user_id, workspace_url=known.workspace_url)

    # ---------------------------------------------------------------------------------------------------- listeners

    async def on_command(self, request: AsyncBoltRequest) -> BoltResponse:
        body = request.body
        by, inbound = self._by(), self._parse(body)
        card = None
        if inbound is not None:
            reply = await self._answer(inbound)
            card = _said(reply)
            if reply.form is not None:
                card = await self._open(render.view(reply.form, opened_by=inbound), body, by)
        return BoltResponse(status=200, body=render.answer(card) if card else "")

    async def on_press(self, request: AsyncBoltRequest) -> BoltResponse:
        """A button or a shortcut: a form must open at once, a card waits for the acknowledgement if it can."""
        body = request.body
        by, inbound = self._by(), self._parse(body)
        if inbound is not None:
            reply = await self._answer(inbound)
            card, under = _said(reply), body.get("view") or {}
            if self._is_double(inbound, body) and (reply.form is not None or under):
                card = None  # its window is there, or about to be
            elif reply.form is not None:
                fresh = str(under["hash"]) if _is_third(under) else ""
                card = await self._open(render.view(reply.form, opened_by=inbound, fresh=fresh), body, by)
            elif card is not None and not body.get("response_url"):
                card = card if await self._open(render.modal(card), body, by) else None
            if card is not None:
                self.room.later(self._show(card, body, inbound))
        return BoltResponse(status=200)

    async def on_form(self, request: AsyncBoltRequest) -> BoltResponse:
        inbound = self._parse(request.body)
        try:
            reply = Reply() if inbound is None else await self.room.gateway.handle(inbound)
        except NotCommittedError as failure:
            reply = Reply(errors={"": failure.sentence})
        return BoltResponse(status=200, body=_after_form(reply, inbound, request.body["view"]) or "")

    async def on_search(self, request: AsyncBoltRequest) -> BoltResponse:
        inbound = self._parse(request.body)
        reply = await self._answer(inbound) if inbound is not None else Reply()
        return BoltResponse(status=200, body={"options": render.options(reply.options)})

    async def on_event(self, request: AsyncBoltRequest) -> BoltResponse:
        """503: not committed, Slack delivers it again, until the last time."""
        inbound = self._parse(request.body)
        if inbound is None:
            return BoltResponse(status=200)
        try:
            reply = await self.room.gateway.handle(inbound)
        except NotCommittedError as failure:
            retry = request.headers.get("x-slack-retry-num", ["0"])[0]
            last = retry.isdecimal() and int(retry) >= LAST_RETRY
            if inbound.action != "home.show" and not last:
                return BoltResponse(status=503)
            log.error("slack.not_committed", action=inbound.action, reference=failure.reference)
            reply = Reply(render.sentence(failure.sentence))
        card = _said(reply)
        if card is not None and inbound.action == "home.show":
            self.room.later(self._publish(card, inbound))
        elif card is not None and inbound.source.conversation_id and self._first(inbound.key):
            self.room.later(self._tell(card, inbound))
        return BoltResponse(status=200)

    # ------------------------------------------------------------------------------------------------------ answers

    def _by(self) -> float:
        return asyncio.get_running_loop().time() + self.room.answer_within_s

    async def _answer(self, inbound: Inbound) -> Reply:
        try:
            return await self.room.gateway.handle(inbound)
        except NotCommittedError as failure:
            return Reply(render.sentence(failure.sentence))

    async def _open(self, view: dict[str, Any], body: dict[str, Any], by: float) -> Card | None:
        """Opens a window for somebody who has just pressed something; a card that says so where that fails."""
        under = body.get("view") or {}
        try:
            async with asyncio.timeout_at(by):
                if under.get("type") != "modal":
                    await self.client.views_open(trigger_id=body["trigger_id"], view=view)
                elif _is_third(under):  # Slack stacks three windows: where there is none above it, it becomes the next
                    await self.client.views_update(view_id=under["id"], hash=under["hash"], view=view)
                else:
                    await self.client.views_push(trigger_id=body["trigger_id"], view=view)
        except FAILURES as failure:
            if reason_of(failure) == "exchanged_trigger_id":  # the same press came twice: the window is there
                return None
            reference = secrets.token_hex(4)
            log.warning("slack.not_opened", reason=reason_of(failure), reference=reference)
            return render.sentence(NOT_OPENED.format(reference=reference))
        return None

    async def _show(self, card: Card, body: dict[str, Any], inbound: Inbound) -> None:
        """Where somebody pressed something: seen by them alone, below what they pressed."""
        url = body.get("response_url")
        if not url:
            await self._tell(card, inbound)
            return
        answer = {"response_type": "ephemeral", "replace_original": False, "mrkdwn": False, **render.message(card)}
        webhook = AsyncWebhookClient(
            url, session=self.client.session, proxy=self.client.proxy, logger=_quiet(), retry_handlers=[]
        )
        try:
            reason = _refusal(await webhook.send_dict(answer))
        except FAILURES as failure:
            reason = reason_of(failure)
        if reason:
            log.warning("slack.not_shown", action=inbound.action, reason=reason)

    async def _tell(self, card: Card, inbound: Inbound) -> None:
        """Where somebody wrote: in the direct conversation, or in the channel for their eyes alone."""
        for wait in (*self.room.again_after_s, None):
            try:
                await self._say(inbound, render.message(card))
                return
            except FAILURES as failure:
                log.warning("slack.not_told", action=inbound.action, reason=reason_of(failure), again=wait is not None)
                if wait is None or not _may_repeat(failure):
                    return
                await asyncio.sleep(max(wait, _asked_to_wait_s(failure)))

    async def _say(self, inbound: Inbound, shown: dict[str, Any]) -> None:
        source = inbound.source
        if source.conversation_id and not source.direct and await self._whisper(inbound, shown):
            return
        channel = source.conversation_id if source.direct else ""
        if not channel:
            opened = await self.client.conversations_open(users=inbound.identity.user_id)
            channel = opened["channel"]["id"]
        thread = source.thread_id if source.direct else ""
        await self.client.chat_postMessage(channel=channel, thread_ts=thread or None, **shown, **PLAIN)

    async def _whisper(self, inbound: Inbound, shown: dict[str, Any]) -> bool:
        source = inbound.source
        try:
            await self.client.chat_postEphemeral(
                channel=source.conversation_id,
                user=inbound.identity.user_id,
                thread_ts=source.thread_id or None,
                parse="none",
                **shown,
            )
        except SlackApiError:  # we are not in that channel: the direct conversation is always there
            return False
        return True

    async def _publish(self, card: Card, inbound: Inbound) -> None:
        try:
            await self.client.views_publish(user_id=inbound.identity.user_id, view=render.home(card))
        except FAILURES as failure:
            log.warning("slack.not_published", reason=reason_of(failure))

    def _is_double(self, inbound: Inbound, body: Mapping[str, Any]) -> bool:
        """The other press of a double click, which has a time and a trigger of its own, or the same one again."""
        at = next((float(each["action_ts"]) for each in body.get("actions") or ()), None)
        if at is None:
            return False
        key = f"{inbound.identity.user_id}:{inbound.key}"
        before, self._pressed[key] = self._pressed.pop(key, None), at
        if len(self._pressed) > REMEMBERED:
            self._pressed.popitem(last=False)
        return before is not None and abs(at - before) < A_DOUBLE_CLICK_S

    def _first(self, key: str) -> bool:
        """Whether this message has not been answered yet: Slack may deliver it again after our answer."""
        if key in self._answered:
            return False
        if key:
            self._answered[key] = None
        if len(self._answered) > REMEMBERED:
            self._answered.popitem(last=False)
        return True


class _Listeners(AsyncMiddleware):
    """The last of an app's middleware: what has come so far is verified and authorized."""

    def __init__(self, desk: Desk) -> None:
        self._on: Mapping[str, Callable[[AsyncBoltRequest], Awaitable[BoltResponse]]] = {
            "command": desk.on_command,
            "block_actions": desk.on_press,
            "shortcut": desk.on_press,
            "message_action": desk.on_press,
            "view_submission": desk.on_form,
            "block_suggestion": desk.on_search,
            "event_callback": desk.on_event,
        }

    async def async_process(
        self, *, req: AsyncBoltRequest, resp: BoltResponse, next: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse:
        kind = "command" if "command" in req.body else req.body.get("type", "")
        return await (self._on[kind](req) if kind in self._on else next())  # Bolt answers 404 to what is left


def _said(reply: Reply) -> Card | None:
    """What there is to say where no form is open that could show errors."""
    return reply.card or (render.sentence(" ".join(reply.errors.values())) if reply.errors else None)


def _is_third(window: Mapping[str, Any]) -> bool:
    """The window stands on one that stands on another."""
    return window.get("previous_view_id") not in (None, window.get("root_view_id"))


def _after_form(reply: Reply, inbound: Inbound | None, shown: dict[str, Any]) -> dict[str, Any] | None:
    """What becomes of the form: it keeps what was typed and shows errors, turns into something else, or closes."""
    if reply.errors:
        if placed := render.errors(reply.errors, shown):
            return {"response_action": "errors", "errors": placed}
        told = render.sentence(" ".join(reply.errors.values()))  # a form without a field cannot show an error
        return {"response_action": "update" if _is_third(shown) else "push", "view": render.modal(told)}
    if reply.form is not None:
        view = render.view(reply.form, opened_by=inbound, fresh=shown.get("hash") or shown["id"])
        return {"response_action": "update", "view": view}
    if reply.card is not None:
        return {"response_action": "update", "view": render.modal(reply.card)}
    return None


def _may_repeat(failure: BaseException) -> bool:
    """Whether Slack has said that it did not take it; after a cut line it may have, and nobody is told twice."""
    if isinstance(failure, SlackApiError):
        status = status_of(failure)
        return status == 429 or status >= 500 or code_of(failure) in {"ratelimited", "service_unavailable"}
    return isinstance(failure, aiohttp.ClientConnectorError)


def _asked_to_wait_s(failure: BaseException) -> float:
    if not isinstance(failure, SlackApiError):
        return 0.0
    wait = failure.response.headers.get("Retry-After", "")
    return min(float(wait), LONGEST_WAIT_S) if wait.isdigit() else 0.0


def _refusal(answer: WebhookResponse) -> str:
    return "" if answer.status_code == 200 else f"http_{answer.status_code}"


def is_refusal(failure: BaseException) -> bool:
    """Whether Slack said no, and will say it again; not when it was out of reach, out of order, or too busy."""
    return isinstance(failure, SlackApiError) and code_of(failure) not in NOT_NOW


def reason_of(failure: BaseException) -> str:
    """A code for the log: never the message of an exception, which may quote what was sent."""
    code = code_of(failure) if isinstance(failure, SlackApiError) else ""
    return code or type(failure).__name__


def _quiet() -> logging.Logger:
    """The logger of the SDK: at INFO it quotes the bodies of requests."""
    logger = logging.getLogger("clearway.slack")
    logger.setLevel(logging.ERROR)
    return logger
