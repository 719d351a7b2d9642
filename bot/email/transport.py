"""The way out by SMTP: a card becomes a mail that is handed in to the district's mail server.

What it answers is said as of any platform (RFC 5321 §4.2.1): 4xx is refused for now, 5xx for good; where the line breaks
once the words are on their way, nobody knows. A mailbox cannot be read, so nothing is found or edited there.
"""

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

TIMEOUT_S: Final = 30.0
REST_S: Final = 60.0
"""So long everybody's mail rests after the server itself refused us: it is down, or its settings are wrong."""
UNAVAILABLE: Final = 421  # the server closes the connection, whatever it was asked, RFC 5321 §3.8

log = structlog.get_logger()


class EmailTransport:
    """Hands each mail in by a connection of its own: there are few, and none is kept waiting by another."""

    def __init__(self, server: MailServer, *, timeout_s: float = TIMEOUT_S) -> None:
        self._server = server
        self._timeout_s = timeout_s

    async def send(self, to: Address, card: Card, *, delivery_id: str) -> Place:
        if not is_address(to.user_id):
            raise UndeliverableError("no_address")
        mail = render.message(card, sender=self._server.sender, to=to.user_id, delivery_id=delivery_id)
        client = await self._connected()
        try:
            await self._hand_in(client, to.user_id, mail.as_bytes())
            with suppress(SMTPException, OSError):  # it has the mail, whatever becomes of the goodbye
                await client.quit()
        finally:
            client.close()
        return Place(to.platform, to.workspace_id, to.user_id, delivery_id)

    async def edit(self, place: Place, card: Card) -> None:
        raise UndeliverableError("sent_as_it_was")

    async def find(self, to: Address, *, delivery_id: str) -> Place | None:
        raise CannotTellError

    async def _connected(self) -> aiosmtplib.SMTP:
        """Signed in where there is a password. Whatever goes wrong here lies with the server, and not with a reader."""
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.tls,
            start_tls=False if server.tls else True if server.must_raise else None,
            timeout=self._timeout_s,
        )
        try:
            await client.connect()
            if server.username:
                await client.login(server.username, server.password)
        except SMTPException as error:
            client.close()
            reason = _reason(error)
            log.warning("email.server", host=server.host, port=server.port, reason=reason)
            raise TryLaterError(reason, REST_S) from None
        except OSError as error:  # no such host, a certificate that is not its own
            client.close()
            log.warning("email.server", host=server.host, port=server.port, reason=type(error).__name__)
            raise TryLaterError(type(error).__name__, REST_S) from None
        return client

    async def _hand_in(self, client: aiosmtplib.SMTP, to: str, words: bytes) -> None:
        try:
            await client.mail(self._server.sender)
        except (SMTPException, OSError) as error:  # it takes nothing from our sender: that is for the operator to mend
            log.warning("email.server", host=self._server.host, port=self._server.port, reason=_reason(error))
            raise TryLaterError(_reason(error), REST_S) from None
        try:
            await client.rcpt(to)
        except SMTPResponseException as error:
            raise _refused(error) from None
        except (SMTPException, OSError) as error:
            raise TryLaterError(_reason(error), REST_S) from None
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
