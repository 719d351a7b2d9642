"""The way out by SMTP, against a server on a real socket: what it answers becomes what the dispatcher knows how to mend."""

import socket
from dataclasses import replace

import pytest

from bot.email.credentials import MailServer
from bot.email.transport import EmailTransport
from bot.transport import Address, CannotTellError, OutcomeUnknownError, Place, TryLaterError, UndeliverableError
from handlers.cards.model import Card, Text
from storage.vocabulary import Platform
from tests.fakes.mail import SENDER, fake_mail

HER = Address(Platform.EMAIL, "", "dana@larkspur.example.org", "dana@larkspur.example.org")
CARD = Card("Challenge 1: news", (Text("It moved.\n.\nA line with a dot alone."),))


async def test_a_card_is_handed_in() -> None:
    async with fake_mail() as fake:
        place = await EmailTransport(fake.server).send(HER, CARD, delivery_id="d1")

        [mail] = fake.taken
        assert place == Place(Platform.EMAIL, "", HER.user_id, "d1")
        assert (mail.to, mail.subject, mail.said["From"]) == (HER.user_id, CARD.title, f"Clearway <{SENDER}>")
        assert mail.said["Message-ID"] == "<d1@larkspur.example.org>"
        assert "A line with a dot alone." in mail.text
        assert [each.split()[0] for each in fake.said] == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]


@pytest.mark.parametrize(
    ("command", "answer", "outcome"),
    [
        pytest.param("HELLO", "554 not you", TryLaterError, id="the server takes nothing from us"),
        pytest.param("MAIL", "550 sender unknown", TryLaterError, id="our sender is for the operator to mend"),
        pytest.param("MAIL", "cut", TryLaterError, id="cut before anything was said"),
        pytest.param("RCPT", "550 no such mailbox", UndeliverableError, id="nobody there"),
        pytest.param("RCPT", "450 mailbox busy", TryLaterError, id="not now"),
        pytest.param("RCPT", "421 closing", TryLaterError, id="the server goes away"),
        pytest.param("RCPT", "cut", TryLaterError, id="cut before the words"),
        pytest.param("DATA", "451 try again", TryLaterError, id="the words not now"),
        pytest.param("END", "554 refused", UndeliverableError, id="the words never"),
        pytest.param("END", "452 full", TryLaterError, id="the words not now, after all of them"),
        pytest.param("END", "cut", OutcomeUnknownError, id="cut after the words"),
    ],
)
async def test_what_the_server_answers(command: str, answer: str, outcome: type[Exception]) -> None:
    async with fake_mail() as fake:
        fake.answers[command] = answer
        with pytest.raises(outcome) as raised:
            await EmailTransport(fake.server).send(HER, CARD, delivery_id="d1")
        assert "mailbox" not in str(raised.value)  # a code, not what a server writes


@pytest.mark.parametrize(
    ("command", "outcome"),
    [("HELLO", TryLaterError), ("RCPT", TryLaterError), ("END", OutcomeUnknownError), ("QUIT", None)],
)
async def test_a_server_that_takes_too_long(command: str, outcome: type[Exception] | None) -> None:
    async with fake_mail() as fake:
        fake.answers[command] = ""
        sent = EmailTransport(fake.server, deadline_s=0.2).send(HER, CARD, delivery_id="d1")
        if outcome is None:  # it has the mail: that it says no goodbye is nothing
            await sent
        else:
            with pytest.raises(outcome):
                await sent


async def test_nothing_is_handed_in_where_anybody_could_read_it_on_the_way() -> None:
    async with fake_mail() as fake:
        elsewhere = replace(fake.server, host="127.1")  # a name that does not say that it is this machine
        with pytest.raises(TryLaterError, match="no_tls"):
            await EmailTransport(elsewhere).send(HER, CARD, delivery_id="d1")
        assert not any(each.startswith("MAIL") for each in fake.said)
        await EmailTransport(replace(elsewhere, open_line=True)).send(HER, CARD, delivery_id="d1")
        assert len(fake.taken) == 1


async def test_a_server_that_is_not_there_is_waited_for() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = MailServer("127.0.0.1", taken.getsockname()[1], SENDER)
        with pytest.raises(TryLaterError):
            await EmailTransport(nobody).send(HER, CARD, delivery_id="d1")


@pytest.mark.parametrize("address", ["", "dana", "dana@x\r\nBcc: all@x", "dánα@larkspur.example.org", "a b@c.d"])
async def test_what_is_no_address_is_refused_for_good(address: str) -> None:
    async with fake_mail() as fake:
        with pytest.raises(UndeliverableError):
            await EmailTransport(fake.server).send(Address(Platform.EMAIL, "", address), CARD, delivery_id="d1")
        assert not fake.said


async def test_nothing_is_found_or_edited_in_a_mailbox() -> None:
    transport = EmailTransport(MailServer("127.0.0.1", 1, SENDER))
    with pytest.raises(CannotTellError):
        await transport.find(HER, delivery_id="d1")
    with pytest.raises(UndeliverableError):
        await transport.edit(Place(Platform.EMAIL, "", HER.user_id, "d1"), CARD)
