"""Commands in words: what a message to Clearway asks for, where it is no report. The same on every platform.

A command has a slash, or it is a message that could hardly be anything else: the bare word, or words that the command
understands to the last. "Challenges mine" asks for a list; "Challenges with the bus schedule make us late" is a report.
What comes close to a command is answered with what was perhaps meant, and is never dropped.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from handlers.rules import asking
from handlers.rules.intake import SHORT
from storage.directory import Directory

FORM, LOG, HOME, HELP = "challenge.form", "log.ask", "home.ask", "help"
"""The actions that commands do."""
COMMANDS: Final = ("/challenge", "/challenges", "/clearway", "/clearway help")

SUBWORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "help": "help",
        "?": "help",
        "process": "process.show",
        "people": "process.people",
        "away": "substitute.form",
        "settings": "settings.form",
        "next": "next.show",
        "here": "room.here",
        "closed": "closure.form",
        "routines": "routines.show",
        "meeting": "meeting.show",
        "actions": "actions.show",
        "plans": "plans.show",
        "calendar": "calendar.show",
    }
)
"""What `/clearway` and a word asks for; alone, or with "home", it is Home."""
WITH_MORE: Final = frozenset({"here", "actions"})
"""Words after which something else may stand: `/clearway here dit`."""


def subword(text: str) -> str | None:
    """The action that the words after `/clearway` ask for; None where they are none of ours."""
    said = text.strip().lower()
    first = said.partition(" ")[0]
    return SUBWORDS.get(first if first in WITH_MORE else said)


@dataclass(frozen=True, slots=True)
class Command:
    """A command in words."""

    action: str
    text: str = ""
    sure: bool = True
    """It begins with the word of the command. A question that does not may also be a report."""


@dataclass(frozen=True, slots=True)
class Nearly:
    """Not a command, and like one: what was not understood, and what would have been."""

    said: str
    meant: Command | None
    would_have_been: tuple[str, ...]


def command_in(
    text: str, directory: Directory, types: Iterable[str] = (), today: date | None = None
) -> Command | Nearly | None:
    """The command that the message is, or nearly is; None where it is for somebody to read."""
    types = tuple(types)
    found = _MESSAGE.fullmatch(text.strip())
    if found is None:
        return None
    message = _Message(found["word"], found["mark"], found["rest"].strip(), directory, types, today)
    match found["slash"]:
        case None:
            return message.without_slash()
        case "/":
            return message.with_slash() or message.nearest()
        case _:  # "/ and so on"
            return message.with_slash()


def certain(text: str) -> Command | None:
    """A command that only asks, and is one in every district: with a slash, or the bare word "help" or "clearway".

    Platforms without commands of their own tell it from its words, before anybody knows the district; and so it is
    answered without a transaction.
    """
    found = _MESSAGE.fullmatch(text.strip())
    if found is None or found["slash"] not in {None, "/"}:
        return None
    word, rest, slash = asking.plain(found["word"]) or found["word"], found["rest"].strip(), found["slash"] == "/"
    if slash and word == "challenges":
        return Command(LOG, rest)
    if word == "clearway" and (slash or not rest):
        return Command(HOME, rest)
    return Command(HELP) if word in {"help", "?"} and not rest else None


_MESSAGE: Final = re.compile(r"(?P<slash>/ ?)?(?P<word>[^\W\d_][\w'’-]*|\?)(?P<mark>[:,.!?]*)(?P<rest>.*)", re.DOTALL)

ALIKE: Final = 0.85  # of 1: "chalenges" is like "challenges", "changes" is not

_GOES_ON: Final = frozenset(
    {
        "about", "after", "and", "are", "around", "as", "at", "because", "before", "between", "by", "during", "for", "from", "had",
        "has", "have", "here", "in", "is", "of", "on", "or", "since", "that", "there", "to", "was", "were", "when", "where",
        "while", "with", "without", "card", "cards", "writing",
    }
)  # fmt: skip
"""What follows "challenge" or "report" where it is a word of a sentence: "report cards are late"."""


@dataclass(frozen=True, slots=True)
class _Message:
    """The first word of a message, and what comes after it."""

    said: str
    mark: str
    rest: str
    directory: Directory
    types: tuple[str, ...]
    today: date | None

    @property
    def word(self) -> str:
        return asking.plain(self.said) or self.said

    @property
    def one(self) -> frozenset[str]:
        return frozenset({"challenge", "report", asking.plain(self.directory.word)})

    @property
    def many(self) -> frozenset[str]:
        return frozenset({"challenges", f"{asking.plain(self.directory.word)}s"})

    def with_slash(self) -> Command | None:
        if self.word in self.many:
            return Command(LOG, self.rest)
        if self.word in self.one:
            return Command(FORM, self.rest)
        if self.word == "clearway":
            return Command(HOME, self.rest)
        return Command(HELP) if self.word == "help" else None

    def without_slash(self) -> Command | Nearly | None:
        if self.word in self.many:
            return self.asked() or self.nearly_asked()
        if self.word in self.one:
            return self.asked() if self.rest and self.word != "report" and self.asks(self.rest) else self.to_report()
        if self.word == "clearway":
            return self.of_clearway()
        if self.word in {"help", "?"}:
            return None if self.rest else Command(HELP)
        if self.rest and self.asks(self.rest) and get_close_matches(self.word, self.many, n=1, cutoff=ALIKE):
            return Nearly(self.said, Command(LOG, self.rest), (f"/challenges {self.rest}",))
        whole = self.whole
        if asking.fully_understood(whole, self.directory, self.types, self.today):
            return Command(LOG, whole, sure=False)
        return None

    @property
    def whole(self) -> str:
        return f"{self.said}{self.mark} {self.rest}".strip()

    def asks(self, words: str) -> bool:
        return asking.understood(words, self.directory, self.types, self.today) is not None

    def asked(self) -> Command | None:
        return Command(LOG, self.rest) if self.asks(self.rest) else None

    def nearly_asked(self) -> Nearly | None:
        """Each word that is not understood is nearly one of the grammar's: "challenges overdu"."""
        if words := asking.mended(self.rest, self.directory, self.types, self.today):
            return Nearly(self.whole, Command(LOG, words), (f"/challenges {words}",))
        return None

    def to_report(self) -> Command | None:
        """The bare word, or the word and what to report. After a colon, or as a sentence, it is the report itself."""
        if not self.rest:
            return None if self.mark.startswith(":") else Command(FORM)
        following = asking.plain(self.rest.split()[0])
        sentence = following in _GOES_ON or following.endswith("ing") or len(self.rest.split()) > SHORT
        no_word = not any(each.isalnum() for each in following)  # "challenge - no subs"
        return None if self.mark or sentence or no_word else Command(FORM, self.rest)

    def of_clearway(self) -> Command | Nearly | None:
        word = asking.plain(self.rest) or self.rest
        if not word or word == "home" or subword(word):
            return Command(HOME, word)
        if " " in word or "\n" in word:
            return None
        near = get_close_matches(word, SUBWORDS, n=1, cutoff=0.6)
        meant = Command(HOME, near[0]) if near else None
        return Nearly(self.whole, meant, (f"/clearway {near[0]}",) if near else COMMANDS[2:])

    def nearest(self) -> Nearly:
        """A slash and a word that is no command."""
        said = f"/{self.said}"
        if self.asks(self.whole):  # "/overdue"
            return Nearly(said, Command(LOG, self.whole), (f"/challenges {self.whole}",))
        known = [*self.many, *self.one, "clearway", "help"]
        near = get_close_matches(self.word, sorted(known), n=1, cutoff=0.7)
        meant = _Message(near[0], "", self.rest, self.directory, self.types, self.today).with_slash() if near else None
        if meant is None:
            return Nearly(said, None, COMMANDS)
        words = asking.mended(meant.text, self.directory, self.types, self.today) if meant.action == LOG else None
        meant = Command(meant.action, words or meant.text)
        return Nearly(said, meant, (f"{SPELLED[meant.action]} {meant.text}".strip(),))


SPELLED: Final[Mapping[str, str]] = MappingProxyType(
    {FORM: "/challenge", LOG: "/challenges", HOME: "/clearway", HELP: "/clearway help"}
)
