"""Microsoft's side, in the process that measures: key set, login, connector, and the people who write.

A request is done when it is answered and its reply has arrived here, so nobody gains by replying later.
"""

import asyncio
import gc
import json
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import unquote

from aiohttp import ClientSession

from benchmarks.load import WrongAnswerError
from benchmarks.orders import BEGINS, Teams
from scheduling.clock import SystemClock
from tests.fakes.teams.keys import claims, signing_key

END_OF_HEAD: Final = b"\r\n\r\n"
PATIENCE_S: Final = 30.0


class Side:
    """One loopback server for all that a bot asks Microsoft for. `arrived` tells who waits that a reply is here."""

    def __init__(self, app_id: str, tenant: str, secret: str) -> None:
        self._known = app_id, tenant, secret
        self.waiting: dict[str, asyncio.Future[bytes]] = {}
        self.sent = 0
        self.port = 0

    async def start(self) -> Teams:
        server = await asyncio.get_running_loop().create_server(lambda: _Served(self), "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        app_id, tenant, secret = self._known
        return Teams(app_id, tenant, secret, f"http://127.0.0.1:{self.port}")

    def answer(self, path: str, body: bytes) -> Any:
        if path.endswith("/openid"):
            return {"issuer": "https://api.botframework.com", "jwks_uri": f"http://127.0.0.1:{self.port}/keys",
                    "id_token_signing_alg_values_supported": ["RS256"]}  # fmt: skip
        if path == "/keys":
            return {"keys": [signing_key().published()]}
        if path.endswith("/token"):
            return {"token_type": "Bearer", "expires_in": 3600, "access_token": "ours"}
        conversation, _, asked = path.partition("/v3/conversations/")[2].partition("/")
        if asked.startswith("members/"):  # whoever is heard for the first time is looked up once
            return {"id": unquote(asked.partition("/")[2]), "name": "Somebody", "userRole": "user"}
        self.sent += 1
        conversation = unquote(conversation)
        waiting = self.waiting.get(conversation)
        if waiting and not waiting.done():
            waiting.set_result(body)
        return {"id": "1"}


class _Served(asyncio.Protocol):
    """HTTP as our own clients speak it: a head, a length, a body."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._got = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._got += data
        while True:
            head, found, body = self._got.partition(END_OF_HEAD)
            length = _length(head)
            if not found or len(body) < length:
                return
            path = head.split(b" ", 2)[1].decode().partition("?")[0]
            said = json.dumps(self._side.answer(path, bytes(body[:length]))).encode()
            del self._got[: len(head) + len(END_OF_HEAD) + length]
            answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(said)
            self._transport.write(answer + said)


def _length(head: bytes | bytearray) -> int:
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


@dataclass(frozen=True, slots=True)
class Turn:
    """What one server did in one turn."""

    answered: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.answered / self.seconds


@dataclass(slots=True)
class Writers:
    """People who write "help" to the bot in their own chats, one connection each."""

    side: Side
    teams: Teams
    users: tuple[str, ...]
    number: int = 0
    token: str = field(default="")

    def __post_init__(self) -> None:
        # Good by the wall's clock, which the SDK goes by, and by that of the measured application.
        until = SystemClock().now() + timedelta(days=1)
        said = claims(self.teams.app_id, f"{self.teams.url}/", now=BEGINS, exp=until)
        self.token = signing_key().sign(said)

    async def one_reply(self, port: int) -> str:
        """What the real application sends to who asks for help."""
        async with ClientSession() as session:
            await self._write(session, port, 0, time.perf_counter() + 0.2, b"")
        return self.side.waiting["a:line-0"].result().decode()

    async def run(self, port: int, *, connections: int, seconds: float, good: bytes) -> Turn:
        """WrongAnswerError where a reply is none, or does not come."""
        gc.collect()
        gc.disable()
        try:
            begun = time.perf_counter()
            async with ClientSession() as session, asyncio.timeout(seconds + PATIENCE_S):
                counts = await asyncio.gather(
                    *(self._write(session, port, n, begun + seconds, good) for n in range(connections))
                )
            return Turn(sum(counts), time.perf_counter() - begun)
        finally:
            gc.enable()

    async def _write(self, session: ClientSession, port: int, line: int, until: float, good: bytes) -> int:
        conversation, done = f"a:line-{line}", 0
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        loop = asyncio.get_running_loop()
        while time.perf_counter() < until:
            self.number += 1
            arriving = self.side.waiting[conversation] = loop.create_future()
            said = json.dumps(self._activity(conversation, self.users[line % len(self.users)])).encode()
            async with session.post(f"http://127.0.0.1:{port}/api/messages", data=said, headers=headers) as answer:
                if answer.status not in {200, 201, 202}:
                    raise WrongAnswerError(f"answered {answer.status}: {(await answer.text())[:200]}")
            if good not in await arriving:
                raise WrongAnswerError(f"The reply is another: {arriving.result()[:200]!r}")
            done += 1
        return done

    def _activity(self, conversation: str, user: str) -> dict[str, Any]:
        return {
            "type": "message",
            "id": f"{self.number:013}",
            "timestamp": "2026-10-06T14:00:00.000Z",
            "channelId": "msteams",
            "serviceUrl": f"{self.teams.url}/",
            "from": {"id": user, "name": "Somebody", "aadObjectId": f"00000000-0000-4000-8000-{user[-3:]:0>12}"},
            "conversation": {"id": conversation, "conversationType": "personal", "tenantId": self.teams.tenant},
            "recipient": {"id": f"28:{self.teams.app_id}", "name": "Clearway"},
            "channelData": {"tenant": {"id": self.teams.tenant}},
            "text": "help",
            "textFormat": "plain",
            "locale": "en-US",
        }
