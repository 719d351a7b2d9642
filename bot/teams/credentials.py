"""What Microsoft's values look like, so that one in the wrong place is named before Microsoft is asked. None is quoted."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bot.teams.cloud import is_secure

APP_ID: Final = "MICROSOFT_APP_ID"
PASSWORD: Final = "MICROSOFT_APP_PASSWORD"  # noqa: S105  # the names of variables
TENANT_ID: Final = "MICROSOFT_APP_TENANT_ID"
METADATA_URL: Final = "MICROSOFT_OPENID_METADATA_URL"
HOSTS: Final = "TEAMS_ALLOWED_SERVICE_HOSTS"
INSECURE_LOCAL: Final = "CLEARWAY_TEAMS_INSECURE_LOCAL"

WHERE: Final[Mapping[str, str]] = MappingProxyType(
    {
        APP_ID: "Copy the Microsoft App ID: it stands in Azure, in the Configuration of the bot",
        TENANT_ID: "Copy the App Tenant ID: it stands in Azure, in the Configuration of the bot",
        PASSWORD: "Copy the Value of a client secret: it stands in Azure, under Certificates & secrets, when it is made",
    }
)
SHAPED: Final = frozenset({*WHERE, METADATA_URL, HOSTS})
NEEDED: Final = (
    f"Teams needs {APP_ID}, {PASSWORD} and {TENANT_ID}, all three. They stand in Azure: the first and the last in the "
    "Configuration of the bot, the client secret under Certificates & secrets of its app registration."
)
NOT_WITH_REGISTRATIONS: Final = (
    "CLEARWAY_TEAMS_INSECURE_LOCAL lets whoever reaches this server be anybody, so it does not go together with a Teams "
    "app that is registered here. Take it out of the environment, or use a database without registrations "
    "(`clearway teams registrations` lists them)."
)
LOOPBACK_ONLY: Final = (
    f"{INSECURE_LOCAL} lets in whoever reaches this server, and is meant for a loopback address alone. Unset it, or set "
    "CLEARWAY_HOST to 127.0.0.1 while you develop."
)

GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
HOST: Final = re.compile(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?", re.IGNORECASE)


def wrong_with(name: str, value: str) -> str | None:
    """What is wrong with the value of this variable, with the cure; None where its shape is right."""
    match name:
        case "MICROSOFT_APP_ID" | "MICROSOFT_APP_TENANT_ID" if not GUID.fullmatch(value):
            return f"is not the id that Azure shows, which has 32 characters and four dashes. {WHERE[name]}"
        case "MICROSOFT_APP_PASSWORD" if GUID.fullmatch(value):
            return f"is the id of a client secret, and not the secret. {WHERE[name]}"
        case "MICROSOFT_APP_PASSWORD" if not value.isascii() or any(each.isspace() for each in value):
            return f"is no client secret. {WHERE[name]}"
        case "MICROSOFT_OPENID_METADATA_URL" if not is_secure(value):
            return (
                "must begin with https://, because Microsoft's keys come from there; http:// will do only for this "
                "machine itself. Delete it, unless you use a stand-in or a government cloud"
            )
        case _:
            return None


def wrong_with_host(value: str) -> str | None:
    """The same, of one of the hosts that may be given a token of ours."""
    if HOST.fullmatch(value):
        return None
    return "takes names of hosts with commas between, such as 127.0.0.1:3978: without https:// and without a path"
