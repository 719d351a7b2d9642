"""The server: Microsoft's side of Teams on a loopback port, with the tenants' state. Every payload and token is checked.

It publishes the keys with which activities are signed, hands out tokens, and is the Bot Connector of several tenants,
each with our bot registered in it. What Teams would refuse is refused, and noted in `violations`: `check` then fails
the test. So does a call that nobody thought of.
"""

import asyncio
import itertools
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, Self
from uuid import NAMESPACE_URL, uuid5

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from scheduling.clock import Clock, SystemClock
from tests.fakes.teams import limits
from tests.fakes.teams.keys import ISSUER, LIVES, SigningKey, claims, signing_key

Json = dict[str, Any]
Kind = Literal["personal", "groupChat", "channel"]

SCOPE: Final = "https://api.botframework.com/.default"
CARD: Final = "application/vnd.microsoft.card.adaptive"
THREAD: Final = ";messageid="
PER_THREAD: Final = ((7, 1), (8, 2), (60, 30), (1800, 3600))
"""Messages in seconds, https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit"""
BLOCKED: Final = {
    "errorCode": 209,
    "message": '{\r\n  "subCode": "MessageWritesBlocked",\r\n  "details": "Thread is blocked from message writes."\r\n}',
}


class RefusedError(Exception):
    """An answer of the connector that is no success."""

    def __init__(self, status: int, code: str, message: str = "", body: Json | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.body = body or {"error": {"code": code, "message": message or code}}


@dataclass
class Failure:
    status: int = 500
    retry_after: float | None = None
    hang: bool = False
    cut: bool = False
    done: bool = False
    """It fails after the work was done: what was sent has arrived."""
    code: str = "ServiceError"


@dataclass
class Account:
    """Somebody in a tenant's directory."""

    id: str
    """As the bot knows them: "29:..."."""
    directory_id: str
    name: str
    mail: str = ""
    guest: bool = False
    installed: bool = True
    """The app is installed for them, in personal scope."""
    blocked: bool = False
    """They have blocked the bot."""
    gone: bool = False
    """The account was removed."""

    def as_json(self, tenant_id: str) -> Json:
        """As the connector tells of a member."""
        first, _, last = self.name.partition(" ")
        known = {"id": self.id, "name": self.name, "givenName": first, "surname": last}
        known |= {"objectId": self.directory_id, "aadObjectId": self.directory_id, "tenantId": tenant_id}
        known |= {"userRole": "guest" if self.guest else "user"}
        return known | ({"email": self.mail, "userPrincipalName": self.mail} if self.mail else {})


@dataclass
class Conversation:
    id: str
    kind: Kind
    name: str = ""
    team_id: str = ""
    members: set[str] = field(default_factory=set)
    with_bot: bool = True

    def as_json(self, tenant_id: str, root: str = "") -> Json:
        """As an activity names it; `root` is the message whose thread it is in."""
        where = f"{self.id}{THREAD}{root}" if root and self.kind == "channel" else self.id
        known: Json = {"conversationType": self.kind, "tenantId": tenant_id, "id": where}
        return known if self.kind == "personal" else {"isGroup": True, **known}


@dataclass
class Message:
    """A message where it stands."""

    tenant: "Tenant" = field(repr=False)
    conversation: Conversation
    id: str
    author: str
    activity: Json
    root: str = ""
    """The message whose thread it is in."""
    answers: str = ""
    """The activity that it was sent in answer to."""
    edits: int = 0
    deleted: bool = False
    views: dict[str, Json] = field(default_factory=dict)
    """What somebody sees in place of its card: the answer to what they pressed, until the message is edited."""

    @property
    def text(self) -> str:
        return str(self.activity.get("text") or "")

    @property
    def link(self) -> str:
        if self.conversation.kind == "channel":
            root = self.root or self.id
            return f"https://teams.microsoft.com/l/message/{self.conversation.id}/{self.id}?parentMessageId={root}"
        return f"https://teams.microsoft.com/l/message/{self.conversation.id}/{self.id}"

    def card(self, user_id: str = "") -> Json | None:
        """Its card, as somebody sees it."""
        cards = [each["content"] for each in self.activity.get("attachments") or () if each["contentType"] == CARD]
        return self.views.get(user_id) or next(iter(cards), None)


class Tenant:
    """One organization, with one registration of our bot."""

    def __init__(self, teams: "FakeTeams", tenant_id: str, app_id: str) -> None:
        self.teams = teams
        self.id, self.app_id = tenant_id, app_id
        self.password = f"secret-of-{app_id}"
        self.bot_id, self.bot_name = f"28:{app_id}", "Clearway"
        self.accounts: dict[str, Account] = {}
        self.conversations: dict[str, Conversation] = {}
        self.messages: list[Message] = []

    def user(self, user_id: str, name: str, **more: Any) -> Account:
        """Adds an account; `more` are fields of `Account`."""
        known = {"directory_id": str(uuid5(NAMESPACE_URL, f"{self.id}/{user_id}")), "mail": _mail(name)}
        self.accounts[user_id] = Account(user_id, name=name, **{**known, **more})
        for conversation in self.conversations.values():
            if conversation.kind != "personal":
                conversation.members.add(user_id)
        return self.accounts[user_id]

    def channel(self, name: str = "General", *, with_bot: bool = True) -> Conversation:
        """A channel of a team, by its name, with everybody in it."""
        return self._shared("channel", name, f"19:{_slug(name)}@thread.tacv2", with_bot)

    def group_chat(self, name: str = "Planning", *, with_bot: bool = True) -> Conversation:
        return self._shared("groupChat", name, f"19:{_slug(name)}@thread.v2", with_bot)

    def _shared(self, kind: Kind, name: str, conversation_id: str, with_bot: bool) -> Conversation:
        team_id = "19:team@thread.tacv2" if kind == "channel" else ""
        made = Conversation(conversation_id, kind, name, team_id, set(self.accounts), with_bot)
        return self.conversations.setdefault(conversation_id, made)

    def personal(self, user_id: str) -> Conversation:
        """The chat between somebody and our bot."""
        conversation_id = f"a:1{uuid5(NAMESPACE_URL, f'{self.app_id}/{user_id}').hex}"
        made = Conversation(conversation_id, "personal", members={user_id})
        return self.conversations.setdefault(conversation_id, made)

    def post(self, conversation: Conversation, author: str, activity: Json, **more: Any) -> Message:
        self.messages.append(Message(self, conversation, self.teams.new_id(), author, activity, **more))
        return self.messages[-1]

    def found(self, conversation_id: str, message_id: str) -> Message | None:
        for message in self.messages:
            if (message.conversation.id, message.id) == (conversation_id, message_id) and not message.deleted:
                return message
        return None

    def by(self, named: str) -> Account | None:
        """The account by its id, or its id in the directory."""
        for account in self.accounts.values():
            if named in {account.id, account.directory_id} and not account.gone:
                return account
        return None

    def written_in(self, conversation: Conversation) -> list[Message]:
        return [each for each in self.messages if each.conversation is conversation and not each.deleted]


class FakeTeams:
    """`async with FakeTeams() as teams:`, then `teams.tenant()`, and `teams.serve(app)` for the app under test."""

    def __init__(self, clock: Clock | None = None) -> None:
        """`clock`: by which tokens are good, and activities have their time."""
        self.clock = clock or SystemClock()
        self.tenants: dict[str, Tenant] = {}
        self.violations: list[str] = []
        self.calls: list[tuple[str, Json]] = []
        """Every call, in order: `token`, `keys`, `create`, `send`, `reply`, `edit`, `delete`, `member`, `members`."""
        self.messages_url = ""
        """Where signed activities go; `serve` sets it."""
        self.idle: Callable[[], Awaitable[None]] | None = None
        """Awaited after each thing somebody does: until the app has answered it."""
        self.settle: Callable[[], Awaitable[None]] | None = None
        """Awaited after that: say, until the app has shown all it wanted to show."""
        self.keys: list[SigningKey] = [signing_key()]
        """Those that are published; the first signs."""
        self.token_lives_s = 3600
        self.throttles = False
        """Whether the limits of each thread hold."""
        self._issued: dict[str, Tenant] = {}
        self._tokens: dict[tuple[str, str], tuple[datetime, str]] = {}
        self._failures: dict[str, deque[Failure]] = defaultdict(deque)
        self._sent_at: dict[str, deque[float]] = defaultdict(deque)
        self._numbers = itertools.count(1)
        self._closing = asyncio.Event()
        self._servers: list[TestServer] = []
        self.session: ClientSession

    async def __aenter__(self) -> Self:
        app = web.Application()
        conversation = "/amer/v3/conversations/{conversation}"
        app.add_routes(
            [
                web.get("/v1/.well-known/openidconfiguration", self._metadata),
                web.get("/v1/.well-known/keys", self._key_set),
                web.get("/login/{tenant}/v2.0/.well-known/openid-configuration", self._metadata),
                web.post("/login/{tenant}/oauth2/v2.0/token", self._login),
                web.post("/amer/v3/conversations", self._doing("create", self._create)),
                web.post(f"{conversation}/activities", self._doing("send", self._send)),
                web.post(f"{conversation}/activities/{{activity}}", self._doing("reply", self._send)),
                web.put(f"{conversation}/activities/{{activity}}", self._doing("edit", self._edit)),
                web.delete(f"{conversation}/activities/{{activity}}", self._doing("delete", self._delete)),
                web.get(f"{conversation}/members/{{member}}", self._doing("member", self._member)),
                web.get(f"{conversation}/pagedmembers", self._doing("members", self._members)),
                web.route("*", "/{anything:.*}", self._unexpected),
            ]
        )
        self.url = await self._listen(app)
        self.host = self.url.removeprefix("http://")
        self.openid_metadata_url = f"{self.url}/v1/.well-known/openidconfiguration"
        self.login_url = f"{self.url}/login"
        self.service_url = f"{self.url}/amer/"
        self.session = ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        await self.session.close()
        for server in self._servers:
            await server.close()

    async def serve(self, app: web.Application, url: str = "") -> str:
        """Runs the app under test on a port of its own, or has it there already; activities go to /api/messages."""
        url = url or await self._listen(app)
        self.messages_url = f"{url}/api/messages"
        return url

    async def _listen(self, app: web.Application) -> str:
        server = TestServer(app)
        self._servers.append(server)
        await server.start_server()
        return f"http://127.0.0.1:{server.port}"

    def tenant(
        self,
        tenant_id: str = "00000000-0000-4000-8000-0000000000aa",
        app_id: str = "c1ea4a7e-0000-4000-8000-000000000001",
    ) -> Tenant:
        made = self.tenants[app_id] = Tenant(self, tenant_id, app_id)
        return made

    def fail(self, call: str, *, times: int = 1, **failure: Any) -> None:
        """The next calls of a kind fail: status=, retry_after=, hang=, cut=, and done=True for "after all"."""
        self._failures[call].extend([Failure(**failure)] * times)

    def recover(self, call: str) -> None:
        """Whatever was still to fail of a kind no longer does."""
        self._failures[call].clear()

    def check(self) -> None:
        """Fails when anything was sent that Teams would refuse, or that could format, mention or link."""
        assert not self.violations, "\n".join(self.violations)

    def called(self, call: str) -> list[Json]:
        return [said for name, said in self.calls if name == call]

    def revoke_tokens(self) -> None:
        """As if every token had run out."""
        self._issued.clear()

    def rotate_keys(self, *, keep: bool = True) -> None:
        """Microsoft signs with another key from now on; the former one is still published, or no longer."""
        number = len(self.keys) + 1
        self.keys = [signing_key(number), *(self.keys if keep else [])]

    def token(self, tenant: Tenant) -> str:
        """The token that comes with activities for a bot: the same for most of an hour, as Microsoft's are."""
        key, now = self.keys[0], self.clock.now()
        signed_at, token = self._tokens.get((tenant.app_id, key.id), (now - LIVES, ""))
        if abs(now - signed_at) > LIVES / 2:
            token = key.sign(claims(tenant.app_id, self.service_url, now=now))
            self._tokens[tenant.app_id, key.id] = now, token
        return token

    def new_id(self, prefix: str = "") -> str:
        return f"{prefix}{1_790_000_000_000 + next(self._numbers)}"

    def note(self, where: str, faults: list[str]) -> bool:
        self.violations += [f"{where}: {fault}" for fault in faults]
        return bool(faults)

    # ------------------------------------------------------------------------------------------- keys and tokens

    async def _metadata(self, request: web.Request) -> web.StreamResponse:
        if failed := await self._fails_at_once("metadata", request):
            return failed
        self.calls.append(("metadata", {}))
        return web.json_response(
            {
                "issuer": ISSUER,
                "authorization_endpoint": "https://invalid.botframework.com",
                "jwks_uri": f"{self.url}/v1/.well-known/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            }
        )

    async def _key_set(self, request: web.Request) -> web.StreamResponse:
        if failed := await self._fails_at_once("keys", request):
            return failed
        self.calls.append(("keys", {}))
        return web.json_response({"keys": [key.published() for key in self.keys]})

    async def _login(self, request: web.Request) -> web.StreamResponse:
        if failed := await self._fails_at_once("token", request):
            return failed
        said = {name: str(value) for name, value in (await request.post()).items()}
        self.calls.append(("token", {"tenant": request.match_info["tenant"], **said}))
        expected = {"grant_type": "client_credentials", "scope": SCOPE}
        faults = [f"{name} is {said.get(name)!r}" for name, value in expected.items() if said.get(name) != value]
        faults += [f"argument {name}" for name in said.keys() - {*expected, "client_id", "client_secret"}]
        if self.note("token", faults):
            return web.json_response({"error": "invalid_request"}, status=400)
        tenant = self.tenants.get(said.get("client_id", ""))
        if tenant is None or tenant.id != request.match_info["tenant"]:
            told = "AADSTS700016: Application was not found in the directory."
            return web.json_response({"error": "unauthorized_client", "error_description": told}, status=400)
        if said.get("client_secret") != tenant.password:
            told = "AADSTS7000215: Invalid client secret provided."
            return web.json_response({"error": "invalid_client", "error_description": told}, status=401)
        token = self.new_id(f"token-{tenant.app_id}-")
        self._issued[token] = tenant
        return web.json_response({"token_type": "Bearer", "expires_in": self.token_lives_s, "access_token": token})

    # --------------------------------------------------------------------------------------------- the connector

    def _doing(
        self, call: str, answer: Callable[[Tenant, web.Request, Json], Json]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            said: Json = await request.json() if request.can_read_body else {}
            failure = self._failures[call].popleft() if self._failures[call] else None
            if failure is not None and not failure.done:
                return await self._failed(request, failure)
            self.calls.append((call, said))
            try:
                answered = answer(self._bearer(call, request), request, said)
            except RefusedError as refused:
                headers = {"Retry-After": "1"} if refused.status == 429 else {}
                return web.json_response(refused.body, status=refused.status, headers=headers)
            if failure is not None:
                return await self._failed(request, failure)
            return web.json_response(answered, status=201 if request.method == "POST" else 200)

        return handle

    async def _unexpected(self, request: web.Request) -> web.StreamResponse:
        self.note(f"{request.method} {request.path}", ["nothing of ours calls this"])
        return web.json_response({"message": "No HTTP resource was found that matches the request URI."}, status=404)

    async def _fails_at_once(self, call: str, request: web.Request) -> web.StreamResponse | None:
        return await self._failed(request, self._failures[call].popleft()) if self._failures[call] else None

    async def _failed(self, request: web.Request, failure: Failure) -> web.StreamResponse:
        if failure.hang:
            await self._closing.wait()
        if failure.cut and request.transport is not None:
            request.transport.close()
        status = 429 if failure.retry_after is not None and failure.status == 500 else failure.status
        headers = {"Retry-After": str(failure.retry_after)} if failure.retry_after is not None else {}
        return web.json_response({"error": {"code": failure.code, "message": ""}}, status=status, headers=headers)

    def _bearer(self, call: str, request: web.Request) -> Tenant:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self._issued:
            if not token.startswith("token-"):  # one that has run out is nobody's mistake
                self.note(call, ["without a token of ours"])
            message = "Authorization has been denied for this request."
            raise RefusedError(401, "Unauthorized", body={"message": message})
        return self._issued[token]

    def _create(self, tenant: Tenant, request: web.Request, said: Json) -> Json:
        """A chat with one member, or a new thread of a channel."""
        known = {"bot", "members", "isGroup", "tenantId", "channelData", "activity"}
        faults = [f"argument {name}" for name in said.keys() - known]
        data = said.get("channelData") or {}
        named = said.get("tenantId") or (data.get("tenant") or {}).get("id")
        faults += [] if named == tenant.id else [f"for the tenant {named!r}"]
        faults += [] if (said.get("bot") or {}).get("id") in {tenant.bot_id, None} else ["for another bot"]
        self._refuse("create", faults)
        if channel := (data.get("channel") or {}).get("id"):
            posted = self._posted(tenant, self._conversation(tenant, channel), said.get("activity") or {})
            return {"id": f"{channel}{THREAD}{posted.id}", "activityId": posted.id}
        members = said.get("members") or []
        self._refuse("create", [] if len(members) == 1 and not said.get("isGroup") else ["not one member"])
        account = tenant.by(members[0].get("id", ""))
        if account is None:
            raise RefusedError(404 if "-" in members[0].get("id", "") else 400, "BadArgument", "Unknown user")
        conversation = tenant.personal(account.id)
        self._may_write(tenant, conversation)
        return {"id": conversation.id}

    def _send(self, tenant: Tenant, request: web.Request, said: Json) -> Json:
        conversation_id, _, root = request.match_info["conversation"].partition(THREAD)
        conversation = self._conversation(tenant, conversation_id)
        answers = request.match_info.get("activity", "") or said.get("replyToId", "")
        if conversation.kind == "channel" and not root:
            answered = tenant.found(conversation_id, answers)
            root = (answered.root or answered.id) if answered else ""
        return {"id": self._posted(tenant, conversation, said, root=root, answers=answers).id}

    def _edit(self, tenant: Tenant, request: web.Request, said: Json) -> Json:
        message = self._ours(tenant, request)
        self._may_write(tenant, message.conversation)
        self._refuse("edit", limits.faults_of_message(said))
        message.activity, message.edits = said, message.edits + 1
        message.views.clear()
        return {"id": message.id}

    def _delete(self, tenant: Tenant, request: web.Request, said: Json) -> Json:
        self._ours(tenant, request).deleted = True
        return {}

    def _member(self, tenant: Tenant, request: web.Request, said: Json) -> Json:
        conversation = self._conversation(tenant, request.match_info["conversation"].partition(THREAD)[0])
        account = tenant.by(request.match_info["member"])
        if account is None or account.id not in conversation.members:
            raise RefusedError(404, "MemberNotFoundInConversation", "The member was not found in the conversation.")
        return account.as_json(tenant.id)

    def _members(self, tenant: Tenant, request: web.Request, said: Json) -> Json:
        conversation = self._conversation(tenant, request.match_info["conversation"].partition(THREAD)[0])
        members = [each for each in tenant.accounts.values() if each.id in conversation.members and not each.gone]
        at, size = int(request.query.get("continuationToken") or 0), int(request.query.get("pageSize", 200))
        page: Json = {"members": [each.as_json(tenant.id) for each in members[at : at + size]]}
        return page | ({"continuationToken": str(at + size)} if at + size < len(members) else {})

    def _posted(self, tenant: Tenant, conversation: Conversation, activity: Json, **more: Any) -> Message:
        self._may_write(tenant, conversation)
        self._throttle(conversation.id + more.get("root", ""))
        self._refuse("send", limits.faults_of_message(activity))
        return tenant.post(conversation, tenant.bot_id, activity, **more)

    def _conversation(self, tenant: Tenant, conversation_id: str) -> Conversation:
        if conversation_id not in tenant.conversations:
            raise RefusedError(404, "ConversationNotFound", "Conversation not found.")
        return tenant.conversations[conversation_id]

    def _may_write(self, tenant: Tenant, conversation: Conversation) -> None:
        if not conversation.with_bot:
            raise RefusedError(403, "BotNotInConversationRoster", "The bot is not part of the conversation roster.")
        if conversation.kind != "personal":
            return
        for account in self._people(tenant, conversation):
            if account.gone:
                raise RefusedError(404, "ConversationNotFound", "Conversation not found.")
            if not account.installed:
                raise RefusedError(403, "BotNotInConversationRoster", "The bot is not part of the conversation roster.")
            if account.blocked:
                raise RefusedError(403, "MessageWritesBlocked", body=BLOCKED)

    def _people(self, tenant: Tenant, conversation: Conversation) -> Iterator[Account]:
        return (tenant.accounts[each] for each in conversation.members)

    def _ours(self, tenant: Tenant, request: web.Request) -> Message:
        conversation = self._conversation(tenant, request.match_info["conversation"].partition(THREAD)[0])
        message = tenant.found(conversation.id, request.match_info["activity"])
        if message is None:
            raise RefusedError(404, "ActivityNotFoundInConversation", "The activity was not found.")
        if message.author != tenant.bot_id:
            raise RefusedError(403, "Forbidden", "The bot may change its own messages only.")
        return message

    def _refuse(self, call: str, faults: list[str]) -> None:
        if self.note(call, faults):
            raise RefusedError(400, "BadSyntax", "; ".join(faults))

    def _throttle(self, thread: str) -> None:
        now, sent = asyncio.get_running_loop().time(), self._sent_at[thread]
        if self.throttles and any(sum(at > now - seconds for at in sent) >= most for most, seconds in PER_THREAD):
            raise RefusedError(429, "Throttled", "Too many requests")
        sent.append(now)


def _mail(name: str) -> str:
    return f"{_slug(name).replace('-', '.')}@larkspur-bend.example"


def _slug(name: str) -> str:
    return "-".join("".join(each if each.isalnum() else " " for each in name.lower()).split())
