"""The way out by SMTP: a card becomes a mail that is handed in to the district's mail server.

What it answers is said as of any platform (RFC 5321 §4.2.1): 4xx is refused for now, 5xx for good; where the line breaks
once the words are on their way, nobody knows. A mailbox cannot be read, so nothing is found or edited there.
"""

import asyncio
from contextlib import suppress
from typing import Final

import aiosmtplib
import structlog
from aiosmtplib import SMTPException, SMTPResponseException

from bot.email import render
from bot.email.credentials import MailServer, is_address
from bot.transport import (
    Address,
    CannotTellError,
    OutcomeUnknownError,
    Place,
    TryLaterError,
    UndeliverableError,
)
from handlers.cards.model import Card

DEADLINE_S: Final = 20.0
"""For one mail, from the first word to the last: a server that takes longer is one that is down."""
GOODBYE_S: Final = 2.0
REST_S: Final = 60.0
"""So long everybody's mail rests after the server itself refused us: it is down, or its settings are wrong."""
NO_TLS: Final = (
    "The mail server offers no encrypted connection (STARTTLS), so nothing is handed in. Use smtps://, or a server that "
    "does; for a relay on a network of your own, ?tls=off behind the address hands in without."
)
UNAVAILABLE: Final = 421  # the server closes the connection, whatever it was asked, RFC 5321 §3.8

log = structlog.get_logger()


class EmailTransport:
    """Hands each mail in by a connection of its own: there are few, and none is kept waiting by another."""

    def __init__(self, server: MailServer, *, deadline_s: float = DEADLINE_S) -> None:
        self._server = server
        self._deadline_s = deadline_s

    async def send(self, to: Address, card: Card, *, delivery_id: str) -> Place:
        if not is_address(to.user_id):
            raise UndeliverableError("no_address")
        mail = render.message(card, sender=self._server.sender, to=to.user_id, delivery_id=delivery_id)
        client = self._client()
        on_its_way = False
        try:
            async with asyncio.timeout(self._deadline_s):
                await self._connect(client)
                await self._offer(client, to.user_id)
                on_its_way = True
                await self._hand_in(client, mail.as_bytes())
            with suppress(SMTPException, OSError):  # it has the mail, whatever becomes of the goodbye
                async with asyncio.timeout(GOODBYE_S):
                    await client.quit()
        except TimeoutError:
            self._refused_us("deadline")
            if on_its_way:
                raise OutcomeUnknownError("deadline") from None
            raise TryLaterError("deadline", REST_S) from None
        finally:
            client.close()
        return Place(to.platform, to.workspace_id, to.user_id, delivery_id)

    async def edit(self, place: Place, card: Card) -> None:
        raise UndeliverableError("sent_as_it_was")

    async def find(self, to: Address, *, delivery_id: str) -> Place | None:
        raise CannotTellError

    def _client(self) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.tls,
            start_tls=False,  # `_connect` says what is to be said
            timeout=self._deadline_s,
        )

    async def _connect(self, client: aiosmtplib.SMTP) -> None:
        """Signed in where there is a password. Whatever goes wrong here lies with the server, and not with a reader."""
        server = self._server
        try:
            await client.connect()
            if not server.tls and not server.open_line:
                await client.ehlo()
                if client.supports_extension("starttls"):
                    await client.starttls()
                elif server.must_raise:
                    self._refused_us("no_tls", NO_TLS)
                    raise TryLaterError("no_tls", REST_S)
            if server.username:
                await client.login(server.username, server.password)
        except (SMTPException, OSError) as error:  # or no such host, or a certificate that is not its own
            self._refused_us(_reason(error))
            raise TryLaterError(_reason(error), REST_S) from None

    def _refused_us(self, reason: str, says: str = "") -> None:
        more = {"says": says} if says else {}
        log.warning("email.server", host=self._server.host, port=self._server.port, reason=reason, **more)

    async def _offer(self, client: aiosmtplib.SMTP, to: str) -> None:
        try:
            await client.mail(self._server.sender)
        except (SMTPException, OSError) as error:  # it takes nothing from our sender: that is for the operator to mend
            self._refused_us(_reason(error))
            raise TryLaterError(_reason(error), REST_S) from None
        try:
            await client.rcpt(to)
        except SMTPResponseException as error:
            raise _refused(error) from None
        except (SMTPException, OSError) as error:
            raise TryLaterError(_reason(error), REST_S) from None

    async def _hand_in(self, client: aiosmtplib.SMTP, words: bytes) -> None:
        try:
            await client.data(words)
        except SMTPResponseException as error:
            raise _refused(error) from None
        except (SMTPException, OSError) as error:
            raise OutcomeUnknownError(_reason(error)) from None


def _refused(error: SMTPResponseException) -> Exception:
    if error.code == UNAVAILABLE:
        return TryLaterError(_reason(error), REST_S)
    if 500 <= error.code < 600:
        return UndeliverableError(_reason(error))
    return TryLaterError(_reason(error), whole=False)


def _reason(error: Exception) -> str:
    """A code, never what the server wrote: that may quote an address."""
    return f"smtp_{error.code}" if isinstance(error, SMTPResponseException) else type(error).__name__
