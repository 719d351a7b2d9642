"""The two manifests: what Slack accepts, what our code needs, and nothing else."""

import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from bot.slack import parse
from bot.slack.app import PATH
from bot.slack.parse import COMMANDS, GLOBAL_SHORTCUT, MESSAGE_SHORTCUT
from handlers import registry

ROOT: Final = Path(__file__).parents[2]
SOCKET: Final = ROOT / "manifest.yaml"
HTTP: Final = ROOT / "docs" / "manifest-http.yaml"

# https://docs.slack.dev/reference/methods and https://docs.slack.dev/reference/events say which scope each needs.
SCOPE_OF_METHOD: Final = {
    "auth_test": None,
    "chat_postEphemeral": "chat:write",
    "chat_postMessage": "chat:write",
    "chat_update": "chat:write",
    "conversations_history": "im:history",
    "conversations_open": "im:write",
    "users_info": "users:read",
    "users_lookupByEmail": "users:read.email",
    "views_open": None,
    "views_publish": None,
    "views_push": None,
    "views_update": None,
}
SCOPE_OF_EVENT: Final = {
    "app_home_opened": None,
    "app_mention": "app_mentions:read",
    "app_uninstalled": None,
    "message.im": "im:history",
    "tokens_revoked": None,
    "user_change": "users:read",
}


@pytest.fixture(params=[SOCKET, HTTP], ids=["socket", "http"])
def manifest(request: pytest.FixtureRequest) -> Any:
    return yaml.safe_load(request.param.read_text())


def source() -> str:
    return "\n".join(file.read_text() for file in (ROOT / "bot" / "slack").glob("*.py"))


def methods_called() -> set[str]:
    """The methods of the Web API that bot/slack names."""
    return set(re.findall(r"\bclient\.((?:auth|chat|conversations|users|views|files|reactions)_\w+)", source()))


def test_every_scope_is_used_and_every_use_has_its_scope(manifest: Any) -> None:
    assert methods_called() == SCOPE_OF_METHOD.keys()
    events = set(manifest["settings"]["event_subscriptions"]["bot_events"])
    assert events == SCOPE_OF_EVENT.keys()
    used = {*SCOPE_OF_METHOD.values(), *SCOPE_OF_EVENT.values(), "commands"} - {None}
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == used
    assert manifest["oauth_config"]["scopes"].keys() == {"bot", "bot_optional"}
    assert manifest["oauth_config"]["scopes"]["bot_optional"] == ["users:read.email"]


@pytest.mark.parametrize("file", [SOCKET, HTTP], ids=["socket", "http"])
def test_every_scope_has_its_reason_beside_it(file: Path) -> None:
    scopes = yaml.safe_load(file.read_text())["oauth_config"]["scopes"]
    for scope in scopes["bot"] + scopes["bot_optional"]:
        assert re.search(rf"^ +- {scope} # \S.+$", file.read_text(), re.MULTILINE), scope


def test_every_event_that_is_heard_is_asked_for(manifest: Any) -> None:
    asked = {event.partition(".")[0] for event in manifest["settings"]["event_subscriptions"]["bot_events"]}
    heard = set(re.findall(r'{"type": "(\w+)"', inspect.getsource(parse._event))) | {"message", "app_mention"}
    assert heard == asked


def test_every_command_and_shortcut_stands_in_both(manifest: Any) -> None:
    features = manifest["features"]
    assert [each["command"] for each in features["slash_commands"]] == list(COMMANDS)
    shortcuts = {each["type"]: each["callback_id"] for each in features["shortcuts"]}
    assert shortcuts == {"global": GLOBAL_SHORTCUT, "message": MESSAGE_SHORTCUT}
    assert set(COMMANDS.values()) <= registry.ACTIONS.keys()


def test_it_keeps_to_slacks_limits(manifest: Any) -> None:
    """https://docs.slack.dev/reference/app-manifest"""
    assert set(manifest) == {"_metadata", "display_information", "features", "oauth_config", "settings"}
    shown = manifest["display_information"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert 175 <= len(shown["long_description"]) <= 4000
    assert re.fullmatch(r"#[0-9a-f]{6}", shown["background_color"])
    features = manifest["features"]
    assert len(features["bot_user"]["display_name"]) <= 80
    for shortcut in features["shortcuts"]:
        assert len(shortcut["name"]) <= 24
        assert len(shortcut["description"]) <= 150
    for command in features["slash_commands"]:
        assert re.fullmatch(r"/[a-z]{1,31}", command["command"])
        assert len(command["description"]) <= 2000
        assert len(command["usage_hint"]) <= 1000
    assert features["app_home"]["messages_tab_read_only_enabled"] is False  # people write their reports there


def test_with_socket_mode_nothing_needs_an_address() -> None:
    manifest = yaml.safe_load(SOCKET.read_text())
    assert manifest["settings"]["socket_mode_enabled"] is True
    assert [each for each in leaves(manifest) if each.startswith("http")] == []


def test_over_http_every_way_in_has_the_same_address() -> None:
    manifest = yaml.safe_load(HTTP.read_text())
    assert manifest["settings"]["socket_mode_enabled"] is False
    addresses = [each for each in leaves(manifest) if each.startswith("http")]
    assert set(addresses) == {f"https://clearway.example.org{PATH}"}
    assert len(addresses) == 6  # three commands, events, interactivity, and the menus that are searched


def test_but_for_the_addresses_they_are_the_same() -> None:
    socket, http = (yaml.safe_load(file.read_text()) for file in (SOCKET, HTTP))
    http["settings"]["socket_mode_enabled"] = True
    assert without_addresses(http) == socket


def leaves(part: Any) -> Iterator[str]:
    for each in part.values() if isinstance(part, Mapping) else part if isinstance(part, list) else ():
        yield from leaves(each)
    if isinstance(part, str):
        yield part


def without_addresses(part: Any) -> Any:
    if isinstance(part, dict):
        return {name: without_addresses(each) for name, each in part.items() if not str(each).startswith("https://")}
    return [without_addresses(each) for each in part] if isinstance(part, list) else part
