"""A mail server for tests: it speaks SMTP on a real socket, takes what it is given, and refuses what a test wants refused."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from bot.email.credentials import MailServer

SENDER = "clearway@larkspur.example.org"


@dataclass(frozen=True, slots=True)
class Mail:
    """One that was taken."""

    to: str
    said: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.said["Subject"])

    @property
    def text(self) -> str:
        part = self.said.get_body(("plain",))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")

    @property
    def html(self) -> str:
        part = self.said.get_body(("html",))
        assert part is not None
        return str(part.get_content())


@dataclass
class FakeMail:
    taken: list[Mail] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    """What it says to a command ("RCPT", "DATA", "END": after the words) in place of yes; "cut" closes the line,
    "" says nothing and lets it wait."""
    said: list[str] = field(default_factory=list)
    port: int = 0
    talks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def server(self) -> MailServer:
        return MailServer("127.0.0.1", self.port, SENDER)

    def to(self, address: str) -> list[Mail]:
        return [each for each in self.taken if each.to == address]

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to, talk = "", asyncio.current_task()
        assert talk is not None
        self.talks.add(talk)

        async def answer(command: str, yes: str) -> bool:
            reply = self.answers.get(command, yes)
            if reply not in {"cut", ""}:
                writer.write(f"{reply}\r\n".encode())
                await writer.drain()
            return reply == yes

        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await answer("HELLO", "220 fake")
            while line := (await reader.readline()).decode().strip():
                self.said.append(line)
                verb = line.split()[0].upper()
                if verb == "RCPT":
                    to = line.partition("<")[2].partition(">")[0]
                if verb == "DATA":
                    if await answer("DATA", "354 go on"):
                        words = (await reader.readuntil(b"\r\n.\r\n"))[:-5].replace(b"\r\n..", b"\r\n.")
                        mail = Mail(to, message_from_bytes(words, policy=default))  # type: ignore[arg-type]
                        if await answer("END", "250 taken") or self.answers["END"] == "cut":
                            self.taken.append(mail)
                else:
                    await answer(verb, "221 bye" if verb == "QUIT" else "250 fine")
                if verb == "QUIT" or "cut" in {
                    self.answers.get(verb),
                    self.answers.get("END") if verb == "DATA" else "",
                }:
                    break
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def fake_mail() -> AsyncIterator[FakeMail]:
    fake = FakeMail()
    server = await asyncio.start_server(fake._talk, "127.0.0.1", 0)
    fake.port = server.sockets[0].getsockname()[1]
    async with server:
        yield fake
        await asyncio.gather(*fake.talks)
