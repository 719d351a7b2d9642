"""What Slack's values look like, so that one in the wrong place is named before Slack is asked. No value is quoted."""

import ipaddress
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

BOT_TOKEN: Final = "SLACK_BOT_TOKEN"  # noqa: S105  # the names of variables
APP_TOKEN: Final = "SLACK_APP_TOKEN"  # noqa: S105
SIGNING_SECRET: Final = "SLACK_SIGNING_SECRET"  # noqa: S105
API_URL: Final = "SLACK_API_URL"

WHERE: Final[Mapping[str, str]] = MappingProxyType(
    {
        BOT_TOKEN: "Copy the Bot User OAuth Token: it stands under OAuth & Permissions and begins with xoxb-",
        APP_TOKEN: "Make an app-level token with the scope connections:write: it stands under Basic Information, "
        "App-Level Tokens, and begins with xapp-",
        SIGNING_SECRET: "Copy the Signing Secret: it stands under Basic Information, App Credentials, and has 32 "
        "characters, 0 to 9 and a to f",
    }
)
SHAPES: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        BOT_TOKEN: re.compile(r"xoxb-[A-Za-z0-9-]+"),
        APP_TOKEN: re.compile(r"xapp-[A-Za-z0-9-]+"),
        SIGNING_SECRET: re.compile(r"[0-9a-f]{32}"),
    }
)
OTHERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "xoxp-": "a user token (xoxp-)",
        "xoxe": "a token that runs out (xoxe); in Slack, token rotation must be off",
        "xoxa-": "an old workspace token (xoxa-)",
        "xoxs-": "a token of a browser (xoxs-)",
        "xoxc-": "a token of a browser (xoxc-)",
    }
)
"""Slack's other tokens by how they begin, https://docs.slack.dev/authentication/tokens."""


def wrong_with(name: str, value: str) -> str | None:
    """What is wrong with the value of this variable, with the cure; None where its shape is right."""
    if value != value.strip():
        return "has a space or a line end before or after its value: delete it"
    if len(value) > 1 and value[0] in QUOTES and value[-1] in QUOTES:
        return "has quotes around its value: delete them"
    if set(value) & set(QUOTES):
        return "has a quote in its value: delete it"
    if any(each.isspace() for each in value):
        return f"has a space in its value. {WHERE.get(name, 'Delete it')}"
    return _wrong_address(value) if name == API_URL else _wrong_secret(name, value)


QUOTES: Final = "\"'“”‘’`"


def _wrong_secret(name: str, value: str) -> str | None:
    if SHAPES[name].fullmatch(value):
        return None
    if belongs := next((each for each, shape in SHAPES.items() if each != name and shape.fullmatch(value)), None):
        return f"is {KINDS[belongs]}, and belongs in {belongs}. {WHERE[name]}"
    if other := next((says for begins, says in OTHERS.items() if value.startswith(begins)), None):
        return f"is {other}. {WHERE[name]}"
    if SHAPES[name].fullmatch(value.lower()):
        return "must be in small letters: copy it anew, as Slack shows it"
    return f"is no {KINDS[name].partition(' ')[2]}. {WHERE[name]}"


KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        BOT_TOKEN: "a bot token (xoxb-)",
        APP_TOKEN: "an app-level token (xapp-)",
        SIGNING_SECRET: "a signing secret (32 characters, 0 to 9 and a to f)",
    }
)


def _wrong_address(value: str) -> str | None:
    """The token goes there with each call: over the open net only by https."""
    try:
        address = urlsplit(value)
        host, _ = address.hostname or "", address.port
    except ValueError:
        return "is no web address: delete it, unless you test with a stand-in for Slack"
    if address.scheme not in {"http", "https"} or not host:
        return "is no web address: delete it, unless you test with a stand-in for Slack"
    if address.scheme == "http" and not _is_loopback(host):
        return "must begin with https://, because the token goes there; http:// will do only for this machine itself"
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
