"""The Teams app as a zip: a manifest and two icons, for one registration and one server.

Schema 1.25 is the oldest that has everything used here. A newer one would bring us nothing, and the Teams of a
government cloud learn new ones late. From 1.25 on Teams refuses an app for teams that does not declare
`supportsChannelFeatures`, although the schema lets it leave that out.
"""

import io
import json
import re
import uuid
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from bot.teams import credentials, icons

SCHEMA: Final = "1.25"
MAX_NAME: Final = 30  # https://learn.microsoft.com/microsoftteams/platform/resources/schema/manifest-schema#name
MESSAGES_PATH: Final = "/api/messages"
TAB_PATH: Final = "/teams/tab"
ABOUT_PATH: Final = "/teams/about"

FIND: Final = "challenges"
REPORT: Final = "report"
REPORT_MESSAGE: Final = "report_message"
"""What the message extension does, by the ids that bot/teams/parse.py hears."""

COMMANDS: Final = {
    "report": "Say what stands in the way of your work: report, and then your words",
    "challenges": "The open challenges that you may see; challenges help says what else can be asked",
    "challenges mine": "What you lead",
    "challenges reported": "What you raised or joined",
    "challenges overdue": "What is past one of its dates",
    "clearway": "Home: what is with you, and what you raised",
    "clearway help": "What you can do here",
}
"""What Teams offers while somebody writes to the app. The title is what is sent."""

_APPS: Final = uuid.UUID("5f0a1d0e-8c27-5b5e-9a43-6c5f5b1e7d11")
"""Where our app ids live: the same registration is the same app in Teams, however often it is packed."""


class PackageError(Exception):
    """What was given makes no package: one sentence for each thing to mend."""


@dataclass(frozen=True, slots=True)
class App:
    """What differs from one package to the next, checked."""

    app_id: str
    host: str
    name: str
    version: str

    @property
    def id(self) -> str:
        """The app's own id in Teams, which is not that of its registration."""
        return str(uuid.uuid5(_APPS, self.app_id))


def app(app_id: str, host: str, name: str, version: str) -> App:
    """Raises PackageError with everything that is wrong at once."""
    faults: list[str] = []

    def checked(check: Callable[[str], str], value: str) -> str:
        try:
            return check(value)
        except PackageError as fault:
            faults.append(str(fault))
            return ""

    made = App(checked(an_app_id, app_id), checked(_a_host, host), checked(_a_name, name), checked(_a_version, version))
    if faults:
        raise PackageError("\n".join(faults))
    return made


def package(made: App) -> bytes:
    """The zip, with its three files at the root. The same app gives the same bytes."""
    files = {
        "manifest.json": json.dumps(manifest(made), indent=2, ensure_ascii=False).encode(),
        "color.png": icons.color(),
        "outline.png": icons.outline(),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)  # dated 1980, always
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, content)
    return out.getvalue()


def manifest(made: App) -> dict[str, Any]:
    """https://learn.microsoft.com/microsoftteams/platform/resources/schema/manifest-schema"""
    server = f"https://{made.host}"
    return {
        "$schema": f"https://developer.microsoft.com/json-schemas/teams/v{SCHEMA}/MicrosoftTeams.schema.json",
        "manifestVersion": SCHEMA,
        "version": made.version,
        "id": made.id,
        "developer": {
            "name": "Clearway",
            "websiteUrl": f"{server}{ABOUT_PATH}",
            "privacyUrl": f"{server}{ABOUT_PATH}#privacy",
            "termsOfUseUrl": f"{server}{ABOUT_PATH}#terms",
        },
        "name": {"short": made.name, "full": f"{made.name}: challenges, brought to who can remove them"},
        "description": {"short": SHORT, "full": LONG},
        "icons": {"color": "color.png", "outline": "outline.png"},
        "accentColor": "#{:02x}{:02x}{:02x}".format(*icons.GROUND),
        "bots": [_bot(made)],
        "composeExtensions": [_extension(made)],
        "staticTabs": [
            {"entityId": "conversations", "scopes": ["personal"]},  # first, so that the app opens with the chat
            {
                "entityId": "home",
                "name": "Home",
                "contentUrl": f"{server}{TAB_PATH}",
                "websiteUrl": f"{server}{TAB_PATH}",
                "scopes": ["personal"],
            },
        ],
        "permissions": ["identity", "messageTeamMembers"],
        "validDomains": [made.host],
        "webApplicationInfo": {"id": made.app_id, "resource": f"api://{made.host}/botid-{made.app_id}"},
        "supportsChannelFeatures": "tier1",
        "defaultInstallScope": "personal",
        "defaultGroupCapability": {"team": "bot", "groupchat": "bot"},
    }


SHORT: Final = "Say what stands in the way of your work, and see it followed up."
LONG: Final = (
    "Clearway runs a school district's own written process for implementation challenges. Staff report what stands in "
    "the way of their work, in two taps and a sentence. Clearway finds the person who has the authority to remove it, "
    "says who that is and why, follows up on school days until it is resolved, and asks the people who raised it "
    "whether it was addressed sufficiently.\n\n"
    "Write to it directly, mention it in a channel it was added to, or choose Report as a challenge on a message. "
    "Write clearway help to begin. Please do not write names of students or anything else that could identify one."
)


def _bot(made: App) -> dict[str, Any]:
    scopes = ["personal", "team", "groupChat"]
    offered = [{"title": title, "description": description} for title, description in COMMANDS.items()]
    return {
        "botId": made.app_id,
        "scopes": scopes,
        "isNotificationOnly": False,
        "supportsFiles": False,
        "supportsCalling": False,
        "supportsVideo": False,
        "commandLists": [{"scopes": [scope], "commands": offered} for scope in scopes],
    }


def _extension(made: App) -> dict[str, Any]:
    return {
        "botId": made.app_id,
        "commands": [
            {
                "id": REPORT_MESSAGE,
                "type": "action",
                "title": "Report as a challenge",
                "description": "Report what this message is about; you see the form before anything is recorded",
                "context": ["message"],
                "fetchTask": True,
            },
            {
                "id": REPORT,
                "type": "action",
                "title": "Report a challenge",
                "description": "Say what stands in the way of your work; you see the form before anything is recorded",
                "context": ["compose", "commandBox"],
                "fetchTask": True,
            },
            {
                "id": FIND,
                "type": "query",
                "title": "Find a challenge",
                "description": "Find a challenge that you may see, and put it into your message",
                "context": ["compose", "commandBox"],
                "initialRun": True,
                "parameters": [
                    {
                        "name": "words",
                        "title": "What to look for",
                        "description": "A number, a school, a type, or words of the report",
                        "inputType": "text",
                    }
                ],
            },
        ],
    }


# ------------------------------------------------------------------------------------------------- what may be given

EXAMPLE_HOST: Final = "clearway.example.org"
_INWARD: Final = ("localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp")
"""Endings of names that mean something on the inside of a network only."""


def an_app_id(value: str) -> str:
    """The id of a registration, in small letters; raises PackageError."""
    return _an_id("--app-id", credentials.APP_ID, value)


def a_tenant(value: str) -> str:
    """The id of a tenant, in small letters; raises PackageError."""
    return _an_id("--tenant", credentials.TENANT_ID, value)


def _an_id(option: str, variable: str, value: str) -> str:
    """It is held to the same as the variable of the environment that can give it, and not quoted either."""
    if wrong := credentials.wrong_with(variable, value.strip()):
        raise PackageError(f"{option} {wrong}.")
    return value.strip().lower()


def _a_host(value: str) -> str:
    given = value.strip()
    host = given.lower()
    if not re.fullmatch(r"[a-z0-9.-]+", host):
        raise PackageError(f"--host: {_not_a_name(given)}")
    labels = host.split(".")
    well_made = all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", each) for each in labels)
    if not well_made or len(host) > 253:
        raise PackageError(f"--host: “{given}” is no host name; one looks like {EXAMPLE_HOST}.")
    if labels[-1].isdigit():
        raise PackageError(
            f"--host: “{given}” is an address in numbers. Teams wants the server's name, for which it has a certificate."
        )
    if len(labels) == 1 or labels[-1] in _INWARD:
        raise PackageError(
            f"--host: “{given}” cannot be reached from outside your network, and Microsoft's servers must reach it. "
            f"Give the name by which they do, such as {EXAMPLE_HOST}."
        )
    return host


def _not_a_name(given: str) -> str:
    """What is wrong with something that has more in it than a host name may."""
    try:
        meant = urlsplit(given if "://" in given else f"//{given}").hostname or ""
    except ValueError:
        meant = ""
    if meant and meant != given.lower() and re.fullmatch(r"[a-z0-9.-]+", meant):
        return f"“{given}” has more in it than a name. Leave out https://, the port and the path: did you mean {meant}?"
    if not given.isascii() and re.fullmatch(r"[\w.-]+", given):
        return f"“{given}” has letters beyond a to z. Give the form of the name that begins with xn--."
    return f"“{given}” is no host name; one looks like {EXAMPLE_HOST}."


def _a_name(value: str) -> str:
    name = value.strip()
    if not name.isprintable() or not any(each.isalnum() for each in name):
        raise PackageError("--name: the app needs a name that can be read, on one line.")
    if (length := len(name.encode("utf-16-le")) // 2) > MAX_NAME:
        raise PackageError(f"--name: Teams takes names of up to {MAX_NAME} characters; this one has {length}.")
    return name


def _a_version(value: str) -> str:
    if not re.fullmatch(r"(0|[1-9]\d{0,8})(\.(0|[1-9]\d{0,8})){2}", value.strip(), re.ASCII):
        raise PackageError(f"--app-version: “{value}” is no version: write three numbers with dots, such as 1.0.3.")
    return value.strip()


def version_for_teams(version: str) -> str:
    """Three numbers, as Teams wants them, of a version of Python's kind: 0.2.0rc1 is 0.2.0."""
    numbers = re.match(r"\d+(?:\.\d+)*", version)
    parts = [str(int(each)) for each in numbers[0].split(".")] if numbers else ["0"]
    return ".".join([*parts, "0", "0"][:3])
