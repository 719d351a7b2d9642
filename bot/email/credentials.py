"""What the settings of a mail server look like, so that a wrong one is named at the start. No value is quoted."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

URL: Final = "CLEARWAY_SMTP_URL"
SENDER: Final = "CLEARWAY_SMTP_FROM"
NEEDED: Final = (
    f"E-mail needs both {URL} (smtp://user:password@mail.example.org:587) and {SENDER}, the address that it comes from."
)
ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
PORTS: Final = {"smtp": 587, "smtps": 465}
"""Where no port is given: submission with STARTTLS, and over TLS from the first byte (RFC 8314)."""
OPEN: Final = "tls=off"
"""Behind the address: without TLS."""
CODED: Final = "In a password / @ : ? and # are written %2F %40 %3A %3F and %23"
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where e-mail is handed in, and from whom it comes."""

    host: str
    port: int
    sender: str
    username: str = ""
    password: str = ""
    tls: bool = False
    """From the first byte. Else the connection is raised to TLS (STARTTLS)."""
    open_line: bool = False
    """Not encrypted, as its address says: for a relay on a network of one's own."""

    @property
    def must_raise(self) -> bool:
        """Whether STARTTLS is a must: what people are written is read by nobody on the way, but within this machine."""
        return not self.tls and not self.open_line and self.host not in LOOPBACK

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port})"  # no secret in a traceback


def wrong_with(url: str) -> str:
    """What is wrong with the address of a mail server, and the cure; "" where nothing is."""
    example = "write smtp://user:password@mail.example.org:587, or smtps://… for TLS from the start"
    if url != url.strip() or url[:1] in {"'", '"'}:
        return f"has quotes or spaces around it: {example}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return f"names no port from 1 to 65535, or has a sign in its password that must be coded: {example}. {CODED}"
    if parts.scheme not in PORTS:
        return f"must begin with smtp:// or smtps://: {example}"
    if not parts.hostname or port == 0:
        return f"names no server: {example}. {CODED}"
    if parts.path.strip("/") or parts.query not in {"", OPEN} or parts.fragment:
        return f"has something after the port: {example}. {CODED}"
    if parts.query and (parts.scheme == "smtps" or (parts.password and parts.hostname not in LOOPBACK)):
        return f"has {OPEN}, which goes neither with smtps:// nor with a password, that anybody on the way could read"
    if bool(parts.username) != bool(parts.password):
        return f"has a user without a password, or the other way round: {example}"
    return ""


def wrong_with_sender(address: str) -> str:
    """The same of the address that mail comes from."""
    if not is_address(address.strip()):
        return "is not an e-mail address: write clearway@district.example.org, one that your mail server may send from"
    return ""


def is_address(address: str) -> bool:
    """Whether mail can be sent there: somebody@a.domain, of plain letters and signs (RFC 5321 §4.1.2, unquoted)."""
    return bool(ADDRESS.fullmatch(address))


def server(url: str, sender: str) -> MailServer:
    """Of settings in which nothing is wrong."""
    parts = urlsplit(url)
    return MailServer(
        host=parts.hostname or "",
        port=parts.port or PORTS[parts.scheme],
        sender=sender.strip(),
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=parts.scheme == "smtps",
        open_line=parts.query == OPEN,
    )
