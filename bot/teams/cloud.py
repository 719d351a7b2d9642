"""Microsoft's clouds: who signs what comes in, where we log in, and which hosts may be given a token of ours."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from yarl import URL

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Cloud:
    """Where one of Microsoft's clouds has what a bot needs."""

    issuer: str
    """Of the tokens that come with what people do."""
    metadata_url: str
    """The OpenID document that leads to the keys of those tokens."""
    login_url: str
    scope: str
    """Of the tokens that we log in for."""
    service_url: str
    """The connector, until an activity has named the one of its region."""


# https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication, and for the
# connectors https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/send-proactive-messages
PUBLIC: Final = Cloud(
    issuer="https://api.botframework.com",
    metadata_url="https://login.botframework.com/v1/.well-known/openidconfiguration",
    login_url="https://login.microsoftonline.com",
    scope="https://api.botframework.com/.default",
    service_url="https://smba.trafficmanager.net/teams/",
)
US_GOVERNMENT: Final = Cloud(
    issuer="https://api.botframework.us",
    metadata_url="https://login.botframework.azure.us/v1/.well-known/openidconfiguration",
    login_url="https://login.microsoftonline.us",
    scope="https://api.botframework.us/.default",
    service_url="https://smba.infra.gov.teams.microsoft.us/teams/",
)

CONNECTORS: Final = (
    "smba.trafficmanager.net",
    "*.botframework.com",
    "smba.infra.gcc.teams.microsoft.com",
    "smba.infra.gov.teams.microsoft.us",
    "smba.infra.dod.teams.microsoft.us",
    "*.botframework.azure.us",
)
"""The hosts of Microsoft's connectors, in all of its clouds."""


def cloud_at(metadata_url: str) -> Cloud:
    """The cloud whose keys are published there; the public one, with other keys, where it is a stand-in's address."""
    if not metadata_url:
        return PUBLIC
    near = US_GOVERNMENT if host_of(metadata_url).endswith(".azure.us") else PUBLIC
    return replace(near, metadata_url=metadata_url)


class Hosts:
    """The hosts that may be given a token of ours."""

    def __init__(self, more: Iterable[str] = ()) -> None:
        """`more`: other hosts, for a stand-in: `host`, `host:port`, or `*.domain`."""
        self._more = tuple(each.lower() for each in more)
        self._allowed: str | None = None

    def allow(self, url: str) -> bool:
        """Over https only, and nothing in the address but a host and a path; a stand-in on this machine may do without.

        Read by the same parser that the request is made with: two parsers may see two hosts in one address.
        """
        if url == self._allowed:  # as a rule it is the one of before
            return True
        if allowed := self._allow(url):
            self._allowed = url
        return allowed

    def _allow(self, url: str) -> bool:
        parts = _read(url)
        if parts is None or not parts.host or parts.user or parts.password or parts.query_string or parts.fragment:
            return False
        host = parts.host.lower()
        if parts.scheme == "https" and parts.port == 443 and any(_is(host, each) for each in CONNECTORS):
            return True
        named = any(_is(host, each) or _is(f"{host}:{parts.port}", each) for each in self._more)
        return named and is_secure(url)


def is_secure(url: str) -> bool:
    """Whether nobody on the way can change what comes from there."""
    parts = _read(url)
    return parts is not None and (parts.scheme == "https" or (parts.scheme == "http" and parts.host in LOOPBACK))


def host_of(url: str) -> str:
    """The host of an address; "" where it has none."""
    parts = _read(url)
    return (parts.host or "") if parts else ""


def _is(host: str, allowed: str) -> bool:
    return host.endswith(allowed[1:]) if allowed.startswith("*.") else host == allowed


def _read(url: str) -> URL | None:
    """None where it is no address, or has something in it that one reader takes for this and another for that."""
    if not url.isascii() or not url.isprintable() or "\\" in url:
        return None
    try:
        return URL(url)
    except ValueError:
        return None
