"""Slack's values in the wrong place or form: each is named, with the cure, and never quoted."""

import pytest

from bot import settings
from bot.slack.credentials import wrong_with

BOT, APP, SECRET = "xoxb-12-34-canary", "xapp-1-A0-12-canary", "0123456789abcdef" * 2
NAMES = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SLACK_BOT_TOKEN", APP, "is an app-level token (xapp-), and belongs in SLACK_APP_TOKEN"),
        ("SLACK_BOT_TOKEN", SECRET, "belongs in SLACK_SIGNING_SECRET"),
        ("SLACK_BOT_TOKEN", "xoxp-canary", "is a user token (xoxp-). Copy the Bot User OAuth Token"),
        ("SLACK_BOT_TOKEN", "xoxe.xoxb-1-canary", "token rotation must be off"),
        ("SLACK_BOT_TOKEN", "xoxb-", "is no bot token (xoxb-)"),
        ("SLACK_BOT_TOKEN", "xoxb-canary…", "is no bot token (xoxb-)"),
        ("SLACK_BOT_TOKEN", "canary", "OAuth & Permissions"),
        ("SLACK_BOT_TOKEN", f'"{BOT}"', "has quotes around its value: delete them"),
        ("SLACK_BOT_TOKEN", f"'{BOT}'", "has quotes around its value"),
        ("SLACK_BOT_TOKEN", f"“{BOT}”", "has quotes around its value"),
        ("SLACK_BOT_TOKEN", f'"{BOT}', "has a quote in its value"),
        ("SLACK_BOT_TOKEN", f" {BOT}", "has a space or a line end before or after"),
        ("SLACK_BOT_TOKEN", f"{BOT}\r", "has a space or a line end before or after"),
        ("SLACK_BOT_TOKEN", "xoxb-12 canary", "has a space in its value"),
        ("SLACK_APP_TOKEN", BOT, "is a bot token (xoxb-), and belongs in SLACK_BOT_TOKEN"),
        ("SLACK_APP_TOKEN", SECRET, "belongs in SLACK_SIGNING_SECRET"),
        ("SLACK_APP_TOKEN", "A0canary", "connections:write"),
        ("SLACK_SIGNING_SECRET", BOT, "belongs in SLACK_BOT_TOKEN"),
        ("SLACK_SIGNING_SECRET", APP, "belongs in SLACK_APP_TOKEN"),
        ("SLACK_SIGNING_SECRET", SECRET[:-1], "has 32 characters"),
        ("SLACK_SIGNING_SECRET", SECRET + "0", "has 32 characters"),
        ("SLACK_SIGNING_SECRET", SECRET.upper(), "in small letters"),
        ("SLACK_SIGNING_SECRET", "g" * 32, "App Credentials"),
        ("SLACK_SIGNING_SECRET", f"'{SECRET}'", "has quotes around"),
        ("SLACK_API_URL", "http://slack.example.org/api/", "must begin with https://"),
        ("SLACK_API_URL", "http://10.0.0.7/api/", "must begin with https://"),
        ("SLACK_API_URL", "http://localhost.example.org/", "must begin with https://"),
        ("SLACK_API_URL", "slack.com/api/", "is no web address"),
        ("SLACK_API_URL", "https://", "is no web address"),
        ("SLACK_API_URL", "https://[::1/", "is no web address"),
        ("SLACK_API_URL", "https://slack.com:port/", "is no web address"),
        ("SLACK_API_URL", '"https://slack.com/api/"', "has quotes around"),
    ],
)
def test_a_value_of_the_wrong_kind_or_form(name: str, value: str, says: str) -> None:
    with pytest.raises(settings.SettingsError) as raised:
        settings.read({name: value})
    assert str(raised.value).startswith(f"{name} ")
    assert says in str(raised.value)
    assert "canary" not in str(raised.value)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLACK_BOT_TOKEN", BOT),
        ("SLACK_APP_TOKEN", APP),
        ("SLACK_SIGNING_SECRET", SECRET),
        ("SLACK_API_URL", "https://slack.com/api/"),
        ("SLACK_API_URL", "https://slack-gov.com/api/"),
        ("SLACK_API_URL", "http://127.0.0.1:8080/api/"),
        ("SLACK_API_URL", "http://localhost:8080"),
        ("SLACK_API_URL", "http://[::1]:8080/api/"),
    ],
)
def test_a_value_of_the_right_form(name: str, value: str) -> None:
    assert wrong_with(name, value) is None


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(settings.SettingsError) as raised:
        settings.read(dict.fromkeys(NAMES, "canary") | {"CLEARWAY_PORT": "0"})
    assert len(str(raised.value).splitlines()) == len(NAMES) + 1


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "not set up"),
        ({"SLACK_BOT_TOKEN": BOT, "SLACK_APP_TOKEN": APP}, "Socket Mode"),
        ({"SLACK_BOT_TOKEN": BOT, "SLACK_SIGNING_SECRET": SECRET}, "signed HTTP"),
        (dict(zip(NAMES, (BOT, APP, SECRET), strict=True)), "SLACK_SIGNING_SECRET is not needed"),
    ],
)
def test_what_is_right_is_said_too(given: dict[str, str], says: str) -> None:
    assert any(says in each for each in settings.verdicts(settings.read(given)))
