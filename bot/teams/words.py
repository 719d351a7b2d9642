"""What somebody said, from a message of Teams: its words as they would be read aloud, whom it calls, what it quotes."""

import html
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.teams.incoming import Payload, part, several, string

NAME: Final = "Clearway"
"""How our own mention reads in the middle of a sentence."""


@dataclass(frozen=True, slots=True)
class Said:
    """The words of a message."""

    text: str = ""
    """As somebody would read them aloud, without the mention that calls us."""
    addressed: bool = False
    """It mentions us."""
    quoted: str = ""
    """The message that it answers, where one is quoted."""


@dataclass(frozen=True, slots=True)
class Mention:
    name: str
    ours: bool


def words_of(activity: Payload) -> Said:
    """What was said.

    Teams sends the words twice, and the text with marks is the better one: the mere text lacks what looks like a mark,
    https://github.com/MicrosoftDocs/OfficeDocs-SkypeForBusiness/issues/4723. The mere text is taken where there is
    nothing else, or where the other does not account for every mention.
    """
    me = string(part(activity, "recipient"), "id")
    entities = [each for each in several(activity, "entities") if isinstance(each, Mapping)]
    mentions = [
        Mention(_name(string(each, "text")), bool(me) and string(part(each, "mentioned"), "id") == me)
        for each in entities
        if each.get("type") == "mention"
    ]
    marked, mere = Reader(mentions), Reader(mentions)
    for each in several(activity, "attachments"):
        if isinstance(each, Mapping) and each.get("contentType") == "text/html":
            marked.read(string(each, "content"))
    mere.read_mere(string(activity, "text"))
    best = marked if marked.met == len(mentions) and marked.text() else mere
    quotes = (string(part(each, "quotedReply"), "messageId") for each in entities if each.get("type") == "quotedReply")
    return Said(best.text(), any(each.ours for each in mentions), next(quotes, "") or marked.quoted or mere.quoted)


def words_of_payload(said: Payload, app_id: str) -> Said:
    """The words of a message on which our action was picked."""
    mentions = []
    for each in several(said, "mentions"):
        mentioned = part(each, "mentioned") if isinstance(each, Mapping) else {}
        ours = bool(app_id) and string(part(mentioned, "application"), "id") == app_id
        mentions.append(Mention(" ".join(string(each, "mentionText").split()), ours))
    reader, body = Reader(mentions), part(said, "body")
    if string(body, "contentType") == "text":
        reader.say(string(body, "content"))
    else:
        reader.read(string(body, "content"))
    return Said(reader.text(), any(each.ours for each in mentions))


# Each mark is found in one pass, and a quotation mark that is not closed ends at the next "<": no text takes long.
_ATTRIBUTES: Final = r"((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*)"
_MARK: Final = re.compile(rf"<(/?)([a-zA-Z][a-zA-Z0-9:]*){_ATTRIBUTES}>")
_MERE: Final = re.compile(rf"<(/?)(at|br|quoted)\b{_ATTRIBUTES}>", re.IGNORECASE)
_NAMED: Final = re.compile(r"([a-zA-Z][a-zA-Z0-9:-]*)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_SPACES: Final = re.compile(r"[^\S\xa0]+")
_BLOCKS: Final = frozenset({"p", "div", "ul", "ol", "li", "table", "tr", "blockquote", "pre", "hr", "codeblock"})
_BLOCKS_TOO: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "section", "article"})
_UNREAD: Final = frozenset({"script", "style", "head", "title", "attachment"})
_CALL: Final = " \n\t,:;"
"""What stands around a mention that only calls us."""
_MOST_DEEP: Final = 50  # marks inside each other; nobody gets there

Spoken = list[str | None]
"""Words, and None for each mention of us."""


@dataclass(slots=True)
class _Aside:
    """A link or a mention that is not closed yet: what it is called is known at its end."""

    mark: str
    about: Mapping[str, str]
    spoken: Spoken = field(default_factory=list)


class Reader:
    """Reads a message aloud: what it says, whom it mentions, what it quotes."""

    def __init__(self, mentions: Sequence[Mention]) -> None:
        self._mentions = mentions
        self._unmet = list(range(len(mentions)))
        self._spoken: Spoken = []
        self._asides: list[_Aside] = []
        self.quoted = ""

    @property
    def met(self) -> int:
        """How many of the mentions it has come upon."""
        return len(self._mentions) - len(self._unmet)

    def text(self) -> str:
        """The words without the mention that calls us, at the start or at the end; elsewhere it becomes our name."""
        left = deque(map(_tidy, _between(self._spoken)))
        while len(left) > 1 and not left[0].strip(_CALL):
            left.popleft()
            left[0] = left[0].lstrip(_CALL)
        while len(left) > 1 and not left[-1].strip(_CALL):
            left.pop()
            left[-1] = left[-1].rstrip(_CALL)
        return NAME.join(left).strip()

    def say(self, *words: str | None) -> None:
        (self._asides[-1].spoken if self._asides else self._spoken).extend(words)

    # ------------------------------------------------------------------------------------------------ text with marks

    def read(self, marked: str) -> None:
        at, unread, depth = 0, "", 0
        for mark in _MARK.finditer(marked):
            closing, name, attributes = mark[1] == "/", mark[2].lower(), mark[3]
            if not unread:
                self._say_between(marked[at : mark.start()])
                unread, depth = self._read_mark(name, closing, attributes), 1
            elif name == unread and not attributes.endswith("/"):
                depth += -1 if closing else 1
                unread = unread if depth else ""
            at = mark.end()
        if not unread:
            self._say_between(marked[at:])
        while self._asides:
            self._close(self._asides.pop())

    def _say_between(self, words: str) -> None:
        self.say(html.unescape(_SPACES.sub(" ", words)).replace("\xa0", " "))

    def _read_mark(self, name: str, closing: bool, attributes: str) -> str:
        """Takes in one mark; answers its name where what it encloses is not to be read."""
        about = _about(attributes)
        kind = about.get("itemtype", "").rpartition("/")[2]
        if name == "blockquote" and kind == "Reply" and not closing:
            self.quoted = self.quoted or about.get("itemid", "")
            return name
        if name in _UNREAD and not closing:
            return "" if attributes.endswith("/") else name
        match name:
            case "a" | "at" | "span" if not closing:
                if len(self._asides) < _MOST_DEEP and not attributes.endswith("/"):
                    self._asides.append(_Aside(name, about))
            case "a" | "at" | "span":
                if self._asides and self._asides[-1].mark == name:
                    self._close(self._asides.pop())
            case "emoji" | "img" if not closing:
                self.say(about.get("alt", "") if name == "emoji" or kind == "Emoji" else "")
            case "quoted":
                self.quoted = self.quoted or about.get("messageid", "")
            case "br":
                self.say("\n")
            case "td" | "th" if not closing:
                self.say(" ")
            case "li":
                self.say("" if closing else "\n- ")
            case _ if name in _BLOCKS or name in _BLOCKS_TOO:
                self.say("\n")
        return ""

    def _close(self, aside: _Aside) -> None:
        if aside.mark == "a":
            self.say(_link(_flat(aside.spoken), aside.about.get("href", "")))
        elif aside.mark == "at" or aside.about.get("itemtype", "").endswith("/Mention"):
            self._mention(_flat(aside.spoken), aside.about.get("itemid") or aside.about.get("id", ""))
        else:
            self.say(*aside.spoken)

    def _mention(self, label: str, number: str = "") -> None:
        """A mention by its number among all of them, or else the first of this name."""
        label = " ".join(label.split())
        named = [n for n in self._unmet if self._mentions[n].name == label]
        found = next((n for n in named if str(n) == number), next(iter(named), None))
        if found is not None:
            self._unmet.remove(found)
        self.say(None if found is not None and self._mentions[found].ours else label)

    # -------------------------------------------------------------------------------------------------- the mere text

    def read_mere(self, said: str) -> None:
        """Words as they were typed, with mentions in `<at>`."""
        at, inside = 0, False
        for mark in _MERE.finditer(said):
            closing, name = mark[1] == "/", mark[2].lower()
            words = html.unescape(said[at : mark.start()]).replace("\xa0", " ")
            at = mark.end()
            if name == "at" and closing and inside:
                self._mention(words)
            else:
                self.say(words)
            if name == "br":
                self.say("\n")
            elif name == "quoted":
                self.quoted = self.quoted or _about(mark[3]).get("messageid", "")
            inside = name == "at" and not closing
        self.say(html.unescape(said[at:]).replace("\xa0", " "))


def _about(attributes: str) -> dict[str, str]:
    return {each[1].lower(): html.unescape(each[2] or each[3] or "") for each in _NAMED.finditer(attributes)}


def _link(label: str, url: str) -> str:
    label = label.strip()
    if not url.startswith(("https://", "http://")) or url.rstrip("/") in {label, f"https://{label}", f"http://{label}"}:
        return label
    return url if label in url else f"{label} ({url})"


def _name(mention: str) -> str:
    """The name in `<at>name</at>`."""
    return " ".join(html.unescape(_MERE.sub("", mention)).split())


def _flat(spoken: Spoken) -> str:
    return "".join(NAME if each is None else each for each in spoken)


def _between(spoken: Spoken) -> Iterator[str]:
    """The words between the mentions of us."""
    words: list[str] = []
    for each in spoken:
        if each is None:
            yield "".join(words)
            words = []
        else:
            words.append(each)
    yield "".join(words)


def _tidy(words: str) -> str:
    """Without spaces at the ends of lines, and with one empty line at most between two."""
    words = "\n".join(line.strip(" \t\r") for line in words.split("\n")) if "\n" in words else words
    return re.sub(r"\n{3,}", "\n\n", words)
