"""The environment (design §5), read once. A bad value stops the start with a sentence that names the cure."""

import os
import socket
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from cryptography.fernet import Fernet
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from bot.email import credentials as mail
from bot.slack import credentials
from bot.teams import credentials as microsoft
from bot.teams.cloud import LOOPBACK

FILE: Final = "_FILE"


class SettingsError(Exception):
    """The operator must mend the environment; each line names the variable and the cure."""


class Settings(BaseSettings):
    """Every variable that Clearway reads, each also as `<NAME>_FILE`: the path of a file that holds the value."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True, env_ignore_empty=True)

    database_url: str = Field("sqlite:///clearway.db", alias="CLEARWAY_DATABASE_URL")
    """Where the record is kept: sqlite:///file.db, or postgresql://user:password@host/name."""
    host: str = Field("127.0.0.1", alias="CLEARWAY_HOST")
    port: int = Field(3000, ge=1, le=65535, alias="CLEARWAY_PORT")
    public_url: str = Field("", alias="CLEARWAY_PUBLIC_URL")
    """How this server is reached from outside, for links: https://clearway.example.org."""
    secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field((), alias="CLEARWAY_SECRET_KEYS")
    """Fernet keys, separated by commas; the first encrypts, all decrypt. `clearway init` makes one."""
    log_format: Literal["json", "console"] = Field("json", alias="CLEARWAY_LOG_FORMAT")

    smtp_url: SecretStr | None = Field(None, alias="CLEARWAY_SMTP_URL")
    """Set: e-mail is sent by this server, smtp://user:password@host:587 or smtps://…"""
    smtp_from: str = Field("", alias="CLEARWAY_SMTP_FROM")

    slack_bot_token: SecretStr | None = Field(None, alias="SLACK_BOT_TOKEN")
    slack_signing_secret: SecretStr | None = Field(None, alias="SLACK_SIGNING_SECRET")
    slack_app_token: SecretStr | None = Field(None, alias="SLACK_APP_TOKEN")
    """Set: Socket Mode, which needs no way in to this server."""
    slack_api_url: str = Field("https://slack.com/api/", alias="SLACK_API_URL")

    microsoft_app_id: str = Field("", alias="MICROSOFT_APP_ID")
    microsoft_app_password: SecretStr | None = Field(None, alias="MICROSOFT_APP_PASSWORD")
    microsoft_app_tenant_id: str = Field("", alias="MICROSOFT_APP_TENANT_ID")
    microsoft_openid_metadata_url: str = Field("", alias="MICROSOFT_OPENID_METADATA_URL")
    """Where Microsoft's keys are published: for a government cloud, or a stand-in."""
    teams_allowed_service_hosts: Annotated[tuple[str, ...], NoDecode] = Field((), alias="TEAMS_ALLOWED_SERVICE_HOSTS")
    """Hosts beside Microsoft's own that may be given a token of ours, for a stand-in."""
    teams_insecure_local: bool = Field(False, alias="CLEARWAY_TEAMS_INSECURE_LOCAL")

    @field_validator("secret_keys", "teams_allowed_service_hosts", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(each.strip() for each in value.split(",") if each.strip())
        return value

    @field_validator("secret_keys")
    @classmethod
    def _are_keys(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for each in value:
            try:
                Fernet(each.get_secret_value())
            except ValueError as error:
                raise ValueError("is not a key; make one with `clearway init`") from error
        return value

    @field_validator("database_url")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql://", "postgres://")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        value = value.replace("postgres://", "postgresql://", 1)
        try:
            there = make_url(value).database
        except (ArgumentError, ValueError):
            raise ValueError("cannot be read: write postgresql://user:password@host/name") from None
        if not there and value.startswith("sqlite"):
            raise ValueError(
                "names no file: write sqlite:///clearway.db for one in the working directory, or, with four slashes, "
                "sqlite:////var/lib/clearway/clearway.db for one at a fixed place"
            )
        if not there:
            raise ValueError("names no database: write postgresql://user:password@host/name")
        return value

    @field_validator("smtp_url", mode="before")
    @classmethod
    def _is_a_mail_server(cls, value: Any) -> Any:
        if isinstance(value, str) and (wrong := mail.wrong_with(value)):
            raise ValueError(wrong)
        return value

    @field_validator("smtp_from")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value and (wrong := mail.wrong_with_sender(value)):
            raise ValueError(wrong)
        return value.strip()

    @field_validator("slack_bot_token", "slack_app_token", "slack_signing_secret", "slack_api_url", mode="before")
    @classmethod
    def _is_what_slack_gives(cls, value: Any, about: ValidationInfo) -> Any:
        if isinstance(value, str) and (
            wrong := credentials.wrong_with(str(cls.model_fields[str(about.field_name)].alias), value)
        ):
            raise ValueError(wrong)
        return value

    @field_validator(
        "microsoft_app_id", "microsoft_app_password", "microsoft_app_tenant_id", "microsoft_openid_metadata_url",
        mode="before",
    )  # fmt: skip
    @classmethod
    def _is_what_azure_shows(cls, value: Any, about: ValidationInfo) -> Any:
        if not isinstance(value, str) or not value:
            return value
        name = str(cls.model_fields[str(about.field_name)].alias)
        if wrong := microsoft.wrong_with(name, value.strip()):
            raise ValueError(wrong)
        return value.strip().lower() if name in {microsoft.APP_ID, microsoft.TENANT_ID} else value.strip()

    @field_validator("teams_allowed_service_hosts")
    @classmethod
    def _are_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            if wrong := microsoft.wrong_with_host(each):
                raise ValueError(wrong)
        return value

    @property
    def mail_server(self) -> mail.MailServer | None:
        """Where e-mail is handed in; None where there is none."""
        return mail.server(self.smtp_url.get_secret_value(), self.smtp_from) if self.smtp_url else None

    @property
    def keys(self) -> list[str]:
        return [each.get_secret_value() for each in self.secret_keys]


KNOWN: Final = frozenset(str(each.alias) for each in Settings.model_fields.values())
LATER: Final = frozenset({"SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"})
"""Of the contract, and not read yet: this version has no installing for many workspaces."""


def read(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this environment (the process's own, by default); raises SettingsError with every fault at once."""
    given = dict(os.environ if environment is None else environment)
    values = _with_files(given)
    try:
        settings = Settings.model_validate({name: values[name] for name in KNOWN if values.get(name)})
    except ValidationError as error:
        raise SettingsError("\n".join(_faults(error))) from None  # its text would quote what was given
    slack = (settings.slack_bot_token, settings.slack_signing_secret or settings.slack_app_token)
    if any(slack) and not all(slack):
        raise SettingsError(
            "Slack needs both SLACK_BOT_TOKEN and either SLACK_SIGNING_SECRET (HTTP) or SLACK_APP_TOKEN (Socket Mode)."
        )
    teams = (settings.microsoft_app_id, settings.microsoft_app_password, settings.microsoft_app_tenant_id)
    if any(teams) and not all(teams):
        raise SettingsError(microsoft.NEEDED)
    if bool(settings.smtp_url) != bool(settings.smtp_from):
        raise SettingsError(mail.NEEDED)
    if settings.teams_insecure_local and settings.host not in LOOPBACK:
        raise SettingsError(microsoft.LOOPBACK_ONLY)
    return settings


def verdicts(settings: Settings) -> Iterator[str]:
    """How each platform will be reached with these values, in a sentence. Only `run` asks it whether it takes them."""
    yield _of_slack(settings)
    if settings.microsoft_app_id and settings.microsoft_app_password:
        yield "Teams' values have the right form. Microsoft reaches it at /api/messages."
    else:
        yield "Teams is not set up here: set the three MICROSOFT_APP_… values, or register apps (docs/teams.md)."
    if server := settings.mail_server:
        yield (
            f"E-mail has the right form. It is handed in at {server.host}, port {server.port}, from {server.sender}, "
            f"{_secrecy(server)}."
        )
    else:
        yield "E-mail is not set up here: people without a chat account are not reached (CLEARWAY_SMTP_URL)."


def _secrecy(server: mail.MailServer) -> str:
    if server.tls:
        return "over TLS"
    if server.must_raise:
        return "over TLS, which the server must offer (STARTTLS)"
    return (
        "not encrypted, as its address says" if server.open_line else "over TLS where this machine's server offers it"
    )


def _of_slack(settings: Settings) -> str:
    if not settings.slack_bot_token:
        return (
            "Slack is not set up, which is right where everybody is on Teams. For Slack set SLACK_BOT_TOKEN, and "
            "SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP)."
        )
    way = "Socket Mode, with no way in" if settings.slack_app_token else "signed HTTP, at /slack/events"
    spare = ""
    if settings.slack_app_token and settings.slack_signing_secret:
        spare = " SLACK_SIGNING_SECRET is not needed for it."
    return f"Slack's values have the right form. It is reached by {way}.{spare}"


def _with_files(given: dict[str, str]) -> dict[str, str]:
    for name in KNOWN:
        path = given.get(name + FILE)
        if path:
            try:
                given[name] = Path(path).read_text().strip()
            except OSError as error:
                raise SettingsError(f"{name}{FILE}: {path} cannot be read ({error.strerror}).") from error
            except UnicodeDecodeError:
                raise SettingsError(f"{name}{FILE}: {path} is not UTF-8 text. Save it as UTF-8.") from None
    return given


TAKES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "CLEARWAY_PORT": "takes a number from 1 to 65535, such as 3000",
        "CLEARWAY_LOG_FORMAT": "takes json or console",
        "CLEARWAY_TEAMS_INSECURE_LOCAL": "takes 1, or is not set",
    }
)
"""What may stand in those that are more than words."""


def _faults(error: ValidationError) -> Iterator[str]:
    for fault in error.errors():
        name = str(fault["loc"][0])
        says = str(fault["ctx"]["error"]) if fault["type"] == "value_error" else TAKES.get(name, "has no such value")
        yield f"{name} {says}."


ALIKE: Final = 0.9  # of 1: SLACK_BOT_TOKN is like SLACK_BOT_TOKEN; SLACK_CHANNEL_ID is somebody else's


def unknown_names(environment: Mapping[str, str] | None = None) -> list[str]:
    """CLEARWAY_… names that mean nothing here, and others that are nearly one of ours: misspelt, most likely."""
    given = os.environ if environment is None else environment
    known = KNOWN | {each + FILE for each in KNOWN} | {"CLEARWAY_CRASH_AT", "CLEARWAY_TEST_POSTGRES_URL"}
    others = [each for each in known if not each.startswith("CLEARWAY_")]

    def misspelt(name: str) -> bool:
        return name.startswith("CLEARWAY_") or bool(get_close_matches(name, others, n=1, cutoff=ALIKE))

    return sorted(each for each in given if each not in known and misspelt(each))


def is_address(host: str) -> bool:
    """Whether this machine can make anything of it."""
    try:
        socket.getaddrinfo(host, None)
    except (OSError, UnicodeError):
        return False
    return True


def can_write(file: Path) -> bool:
    """Whether this user may write the file, which may not be there yet, nor the folders that it is to be in."""
    there = next(each for each in (file, *file.parents) if each.exists())
    return os.access(there, os.W_OK)


def database_file(settings: Settings) -> Path | None:
    """Where the database is on this machine; None where a server has it."""
    url = make_url(settings.database_url)
    return Path(url.database).absolute() if url.get_backend_name() == "sqlite" and url.database else None


def shown(settings: Settings) -> list[tuple[str, str]]:
    """Each variable with its value, secrets masked."""
    lines = []
    for name, info in Settings.model_fields.items():
        value = getattr(settings, name)
        secret = isinstance(value, SecretStr) or name == "secret_keys"
        text = (
            ("set" if value else "not set")
            if secret or "secret" in name or "token" in name
            else ", ".join(value)
            if isinstance(value, tuple) and value
            else str(value or "not set")
        )
        if name == "database_url":
            text = make_url(value).render_as_string(hide_password=True)
        lines.append((str(info.alias), text))
    return lines
