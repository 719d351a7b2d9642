"""The settings of e-mail: what is wrong is named at the start, with the cure, and nothing secret is quoted."""

import pytest

from bot import settings
from bot.email.credentials import MailServer

FROM = "clearway@larkspur.example.org"


def read(url: str, sender: str = FROM) -> settings.Settings:
    return settings.read({"CLEARWAY_SMTP_URL": url, "CLEARWAY_SMTP_FROM": sender})


@pytest.mark.parametrize(
    ("url", "server", "must_raise"),
    [
        ("smtp://me:p%40ss@mail.example.org", MailServer("mail.example.org", 587, FROM, "me", "p@ss"), True),
        ("smtps://me:x@mail.example.org", MailServer("mail.example.org", 465, FROM, "me", "x", tls=True), False),
        ("smtp://relay.example.org:25", MailServer("relay.example.org", 25, FROM), True),
        ("smtp://relay.example.org:25?tls=off", MailServer("relay.example.org", 25, FROM, open_line=True), False),
        ("smtp://me:x@localhost:2525/", MailServer("localhost", 2525, FROM, "me", "x"), False),
    ],
)
def test_a_mail_server(url: str, server: MailServer, must_raise: bool) -> None:
    found = read(url).mail_server
    assert found == server
    assert found.must_raise is must_raise
    assert "p@ss" not in repr(found)


def test_there_need_be_none() -> None:
    assert settings.read({}).mail_server is None


@pytest.mark.parametrize(
    ("url", "sender", "says"),
    [
        ("mail.example.org", FROM, "must begin with smtp:// or smtps://"),
        ("http://mail.example.org", FROM, "must begin with smtp:// or smtps://"),
        ("smtp://me:se/cret@mail.example.org", FROM, "%2F"),
        ("smtp://me:se#cret@mail.example.org", FROM, "%23"),
        ("smtp://me@mail.example.org", FROM, "a user without a password"),
        ("smtp://", FROM, "names no server"),
        ("smtp://me:secret@mail.example.org?tls=off", FROM, "nor with a password, that anybody on the way could read"),
        ("smtps://mail.example.org?tls=off", FROM, "goes neither with smtps://"),
        ("smtp://mail.example.org?tls=no", FROM, "has something after the port"),
        ("smtp://mail.example.org:99999", FROM, "names no port"),
        (' smtp://mail.example.org"', FROM, "has quotes or spaces around it"),
        ("smtp://mail.example.org", "", "needs both CLEARWAY_SMTP_URL"),
        ("", FROM, "needs both CLEARWAY_SMTP_URL"),
        ("smtp://mail.example.org", "Clearway", "CLEARWAY_SMTP_FROM is not an e-mail address"),
    ],
)
def test_what_is_wrong_is_named_with_its_cure(url: str, sender: str, says: str) -> None:
    with pytest.raises(settings.SettingsError) as raised:
        read(url, sender)
    assert says in str(raised.value)
    assert "cret" not in str(raised.value).replace("secret", "")


def test_the_password_is_not_shown() -> None:
    found = read("smtp://me:hidden@mail.example.org")
    assert "hidden" not in str(settings.shown(found))
    assert "hidden" not in " ".join(settings.verdicts(found))
    assert "mail.example.org, port 587" in " ".join(settings.verdicts(found))
    assert "the server must offer (STARTTLS)" in " ".join(settings.verdicts(found))
    assert "not encrypted" in " ".join(settings.verdicts(read("smtp://relay.example.org:25?tls=off")))
