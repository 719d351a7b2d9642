"""botbuilder's CloudAdapter between the HTTP server and our listeners. Nothing else of ours imports the SDK.

It runs each turn in earnest, but what it would rebuild for each turn is made once: who is trusted is decided by
`tokens`, a client to speak through is not made at all (we speak through `connector`), and an activity stays the plain
dict that Teams sent. To import this module takes a good part of a second: `wiring` does it only where Teams is set up.
"""

import warnings
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.teams.tokens import Claims

SDK: Final = r"(botbuilder|botframework|msrest|msal)(\.|$)"
"""The SDK is archived: what a later Python frowns upon in it stays as it is."""

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", category=DeprecationWarning, module=SDK)
    from botbuilder.core import InvokeResponse, TurnContext
    from botbuilder.integration.aiohttp import CloudAdapter
    from botbuilder.schema import Activity, ActivityTypes
    from botframework.connector.auth import (
        AuthenticateRequestResult,
        BotFrameworkAuthentication,
        ClaimsIdentity,
        ConnectorFactory,
        UserTokenClient,
    )

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What Teams gets back at once: a status, and for an invoke a body."""

    status: int = 200
    body: Json | None = None


class Local(str):
    """In place of the header of a client on this machine, while developing: known by its type, and by no word of it.

    The SDK takes nothing but text.
    """

    __slots__ = ()


Check = Callable[[str, Json], Awaitable[Claims]]
Listener = Callable[[Claims, Json], Awaitable[Answer]]


class Adapter:
    """One for all registrations. `check` says which of them a request is for, or raises what `tokens` raises."""

    def __init__(self, check: Check, listen: Listener) -> None:
        self._cloud = CloudAdapter(_Authentication(check))
        self._listen = listen

    async def process(self, header: str, said: Json) -> Answer:
        """Takes one activity through the adapter, to the listener and back."""
        answer = Answer()

        async def on_turn(context: TurnContext) -> None:
            nonlocal answer
            identity = context.turn_state[CloudAdapter.BOT_IDENTITY_KEY]
            answer = await self._listen(identity.claims[_CLAIMS], said)
            if said["type"] == ActivityTypes.invoke:
                response = InvokeResponse(status=answer.status, body=answer.body)
                await self._cloud.send_activities(context, [_Response(response)])

        left = await self._cloud.process_activity(header, _Said(said), on_turn)
        return answer if left is None else Answer(left.status, left.body)


_CLAIMS: Final = "clearway"


class _Said(Activity):  # type: ignore[misc]  # the SDK has no types
    """An activity that is not taken apart: the adapter reads three words of it, and the rest stays in `said`."""

    def __init__(self, said: Json) -> None:
        self.said = said
        self.type = said["type"]
        self.service_url = said.get("serviceUrl")
        self.delivery_mode = None  # every answer goes by itself
        self.caller_id = None

    def __getattr__(self, name: str) -> None:
        if name not in Activity._attribute_map:
            raise AttributeError(name)


class _Response(Activity):  # type: ignore[misc]
    """The answer to an invoke, in the shape in which the adapter keeps it."""

    def __init__(self, response: InvokeResponse) -> None:
        self.type = ActivityTypes.invoke_response
        self.value = response
        self.id = None


class _Authentication(BotFrameworkAuthentication):  # type: ignore[misc]
    """The adapter's door, kept by `tokens`."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._factory = _NoClients()

    async def authenticate_request(self, activity: _Said, auth_header: str) -> AuthenticateRequestResult:
        claims = await self._check(auth_header, activity.said)
        result = AuthenticateRequestResult()
        result.claims_identity = ClaimsIdentity({"aud": claims.app_id, _CLAIMS: claims}, True)
        result.connector_factory = self._factory
        return result

    async def authenticate_streaming_request(self, auth_header: str, channel_id_header: str) -> Any:
        raise PermissionError("There is no streaming")

    def create_connector_factory(self, claims_identity: ClaimsIdentity) -> ConnectorFactory:
        return self._factory

    async def create_user_token_client(self, claims_identity: ClaimsIdentity) -> UserTokenClient | None:
        return None  # people do not sign in through the bot


class _NoClients(ConnectorFactory):  # type: ignore[misc]
    """The adapter asks for a client on each turn, and would build one anew: we speak through `connector`."""

    async def create(self, service_url: str, audience: str) -> Any:
        return self
