"""The grammar of `/challenges [words]`: plain words in any order, understood whole or answered with what was not.

    open unsorted mine reported overdue waiting resolved closed new all        at <school>  type <type>  owner <name>
    older than 30 days      since <date>      "text to find"      42      page 2      help

Names match by the beginnings of their words, without regard to case or accents; quotes keep a name together.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final

from storage.directory import Directory
from storage.vocabulary import OPEN, PersonId, SchoolId, Status


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks of the log. All that is set must hold."""

    states: frozenset[Status] = OPEN
    owned_by_me: bool = False
    reported_by_me: bool = False
    overdue: bool = False
    waiting: bool = False
    new: bool = False
    school_id: SchoolId | None = None
    type: str | None = None
    owner_id: PersonId | None = None
    older_than_days: int | None = None
    since: date | None = None
    text: str | None = None
    number: int | None = None
    """Show just this one."""
    page: int = 1
    help: bool = False


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """The word (or name) that was not understood, and what would have been."""

    word: str
    would_have_been: tuple[str, ...]


STATES: Final[Mapping[str, frozenset[Status]]] = MappingProxyType(
    {
        "open": OPEN,
        "unsorted": frozenset({Status.REPORTED}),
        "resolved": frozenset({Status.RESOLVED, Status.AWAITING_CONFIRMATION}),
        "closed": frozenset({Status.CLOSED}),
        "all": frozenset(Status),
    }
)
FLAGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "mine": "owned_by_me",
        "my": "owned_by_me",
        "reported": "reported_by_me",
        "overdue": "overdue",
        "waiting": "waiting",
        "new": "new",
        "help": "help",
    }
)
LEADING: Final = ("at", "type", "owner", "older", "since", "page", "next")
"""Words that other words follow."""
FILLERS: Final = frozenset(
    {"a", "and", "are", "by", "for", "is", "list", "me", "of", "please", "show", "that", "the", "what", "which", "with"}
)
NOUNS: Final = frozenset({"challenge", "challenges"})

EXAMPLES: Final = (
    "open", "unsorted", "mine", "reported", "overdue", "waiting", "resolved", "closed", "new", "all",
    "at <school>", "type <type>", "owner <name>", "older than 30 days", "since Oct 1", '"text to find"', "42", "help",
)  # fmt: skip

MOST_WORDS: Final = 60
MOST_TEXT: Final = 200  # characters to look for
MOST_DAYS: Final = 3650
MOST_PAGES: Final = 10_000
MOST_NUMBER: Final = 2**31 - 1  # what the database's integer holds
MOST_CANDIDATES: Final = 6


def parse(words: str, directory: Directory, types: Iterable[str], today: date) -> Question | NotUnderstood:
    """What the words ask for. `types`: those of the process; `today`: the day on which it is asked."""
    reader = _Reader(_tokens(words), directory, tuple(types), today)
    try:
        return reader.question()
    except _Stuck as stuck:
        return stuck.answer


def fully_understood(
    text: str, directory: Directory | None = None, types: Iterable[str] = (), today: date | None = None
) -> bool:
    """Whether a message is a question to the log, every word of it: "challenges overdue", but not "challenges with
    subs again today". Without a directory no name is understood, and so no message with one."""
    known = directory or _NOWHERE
    said = {token.plain for token in _tokens(text)}
    asked = parse(text, known, types, today or _ANY_DAY)
    if isinstance(asked, NotUnderstood):
        return False
    plural = said & {"challenges", f"{plain(known.word)}s"}
    return bool(plural) or (asked.number is not None and bool(said & {"challenge", plain(known.word)}))


def understood(
    text: str, directory: Directory, types: Iterable[str] = (), today: date | None = None
) -> Question | None:
    """The question that the words ask, if every one of them is understood."""
    asked = parse(text, directory, types, today or _ANY_DAY)
    return asked if isinstance(asked, Question) else None


def mended(text: str, directory: Directory, types: Iterable[str] = (), today: date | None = None) -> str | None:
    """The words with each one that is not understood put right, where it is nearly a word of the grammar; else None."""
    words, known = text.split(), [*STATES, *FLAGS, *LEADING]
    for _ in words:
        asked = parse(" ".join(words), directory, types, today or _ANY_DAY)
        if isinstance(asked, Question):
            break
        near = get_close_matches(plain(asked.word)[:40], known, n=1, cutoff=0.75)
        if not near or asked.word not in words:
            return None
        words[words.index(asked.word)] = near[0]
    return " ".join(words) if understood(" ".join(words), directory, types, today) else None


def spell(question: Question, directory: Directory) -> str:
    """Words that ask this question: they parse back to it, and stand on the buttons that ask it again."""
    return " ".join(_spelled(question, directory))


def _unless_said(question: Question) -> frozenset[Status]:
    """What somebody has raised they look for also when it has ended; all else is asked of what is open."""
    return STATES["all"] if question.reported_by_me and not question.overdue else OPEN


def _spelled(question: Question, directory: Directory) -> Iterator[str]:
    if question.number is not None:
        yield str(question.number)
    if question.states == _unless_said(question):
        pass
    elif question.states in (STATES["all"], OPEN):
        yield "all" if question.states == STATES["all"] else "open"
    else:
        yield from (word for word, states in STATES.items() if states <= question.states)
    yield from (word for word, name in FLAGS.items() if word != "my" and getattr(question, name))
    if question.school_id:
        yield f"at {_name(question.school_id, {each.id: each.name for each in directory.schools.values()})}"
    if question.type:
        yield f'type "{question.type}"'
    if question.owner_id:
        yield f"owner {_name(question.owner_id, _owners(directory))}"
    if question.older_than_days is not None:
        yield f"older than {question.older_than_days} days"
    if question.since:
        yield f"since {question.since.isoformat()}"
    if question.text:
        yield f'"{question.text}"'
    if question.page > 1:
        yield f"page {question.page}"


def _name(id: str, names: Mapping[Any, str]) -> str:
    """The name in quotes, or the id where the name would not lead back to it."""
    name = " ".join(names.get(id, id).translate(_QUOTES).split())
    return f'"{name}"' if '"' not in name and _matching([name], names) == [id] else f'"{id}"'


# ------------------------------------------------------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class _Token:
    said: str
    quoted: bool = False

    @property
    def plain(self) -> str:
        return "" if self.quoted else plain(self.said)


class _Stuck(Exception):
    def __init__(self, word: str, would_have_been: Iterable[str]) -> None:
        self.answer = NotUnderstood(word, tuple(would_have_been)[:MOST_CANDIDATES])


_QUOTES: Final = str.maketrans(dict.fromkeys("“”„«»", '"') | dict.fromkeys("‘’", "'"))
_TOKEN: Final = re.compile(r'"(?P<quoted>[^"]*)"?|(?P<word>[^\s",;]+)')
_NUMBER: Final = re.compile(r"#?([0-9]{1,18})")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONG_MONTHS: Final = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
                       "november", "december")  # fmt: skip
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNITS: Final = MappingProxyType(
    {"d": 1, "day": 1, "days": 1, "w": 7, "week": 7, "weeks": 7, "month": 30, "months": 30}
)


def plain(text: str) -> str:
    """Words without case, accents and the punctuation at its ends."""
    letters = unicodedata.normalize("NFKD", text.translate(_QUOTES).casefold())
    return "".join(each for each in letters if not unicodedata.combining(each)).strip(".,:;!?()'/")


def _tokens(text: str) -> list[_Token]:
    found = []
    storable = text.encode("utf-8", "replace").decode().replace("\0", " ")  # what no database takes, nobody looks for
    for match in _TOKEN.finditer(storable.translate(_QUOTES)):
        quoted, word = match["quoted"], match["word"]
        if quoted is not None and quoted.strip():
            found.append(_Token(" ".join(quoted.split())[:MOST_TEXT].strip(), quoted=True))
        elif word is not None and plain(word):
            found.append(_Token(word))
    return found


class _Reader:
    """Reads the tokens from left to right; each word says what may follow it."""

    def __init__(self, tokens: list[_Token], directory: Directory, types: tuple[str, ...], today: date) -> None:
        self.tokens = tokens
        self.directory = directory
        self.types = types
        self.today = today
        self.at = 0
        self.nouns = NOUNS | {plain(directory.word), f"{plain(directory.word)}s"}

    def question(self) -> Question:
        found: dict[str, Any] = {}
        states: frozenset[Status] = frozenset()
        while (token := self.next()) is not None:
            if self.at > MOST_WORDS:
                raise _Stuck(token.said, EXAMPLES)
            if token.quoted:
                found["text"] = token.said
            elif token.plain in STATES:
                states |= STATES[token.plain]
            elif token.plain in FLAGS:
                found[FLAGS[token.plain]] = True
            elif token.plain in LEADING:
                found |= self.led_by(token)
            elif number := _NUMBER.fullmatch(token.plain):
                if "number" in found:  # one at a time: neither is dropped in silence
                    raise _Stuck(token.said, [str(found["number"]), number[1]])
                found["number"] = self.bounded(token, number[1], MOST_NUMBER, "42")
            elif token.plain not in FILLERS | self.nouns:
                raise _Stuck(token.said, self.suggestions(token))
        self.alone(found, states)
        question = replace(Question(), **found)
        return replace(question, states=states or _unless_said(question))

    def alone(self, found: Mapping[str, Any], states: frozenset[Status]) -> None:
        """A number asks for that challenge, and for nothing else: what stands beside it is not dropped in silence."""
        if "number" not in found or not (states or found.keys() - {"number", "help"}):
            return
        beside = (each for each in self.tokens if each.quoted or each.plain in {*STATES, *FLAGS, *LEADING})
        raise _Stuck(next(beside).said, [str(found["number"])])

    def next(self) -> _Token | None:
        if self.at >= len(self.tokens):
            return None
        self.at += 1
        return self.tokens[self.at - 1]

    def take(self, *words: str) -> bool:
        """Whether the next word is one of these; if so, it is read."""
        if self.at < len(self.tokens) and self.tokens[self.at].plain in words:
            self.at += 1
            return True
        return False

    def led_by(self, token: _Token) -> dict[str, Any]:
        match token.plain:
            case "at":
                schools = {each.id: each.name for each in self.directory.schools.values()}
                return {"school_id": self.named(token, schools, "at")}
            case "type":
                return {"type": self.named(token, {each: each.replace("_", " ") for each in self.types}, "type")}
            case "owner":
                if self.take("me"):
                    return {"owned_by_me": True}
                return {"owner_id": self.named(token, _owners(self.directory), "owner")}
            case "older":
                return {"older_than_days": self.age(token)}
            case "since":
                return {"since": self.day(token)}
            case "page":
                following = self.next()
                number = _NUMBER.fullmatch(following.plain) if following else None
                return {"page": self.bounded(token, number[1] if number else "", MOST_PAGES, "page 2")}
            case _:
                return {"page": 2}

    def bounded(self, token: _Token, digits: str, most: int, example: str) -> int:
        if not digits or not 0 < int(digits) <= most:
            raise _Stuck(token.said, [example])
        return int(digits)

    def age(self, token: _Token) -> int:
        self.take("than")
        following = self.next()
        number = re.fullmatch(r"([0-9]{1,6})([a-z]*)", following.plain) if following else None
        unit = 1
        if number and number[2]:
            unit = _UNITS.get(number[2], 0)
        elif number and self.at < len(self.tokens) and self.tokens[self.at].plain in _UNITS:
            unit = _UNITS[self.tokens[self.at].plain]
            self.at += 1
        days = int(number[1]) * unit if number else 0
        if not 0 < days <= MOST_DAYS:
            raise _Stuck(token.said, ["older than 30 days"])
        return days

    # -- names -------------------------------------------------------------------------------------------------------

    def named(self, token: _Token, names: Mapping[Any, str], lead: str) -> Any:
        """The one that the next words name: as many of them as still match, up to a word of the grammar."""
        ahead = self.tokens[self.at : self.at + 8]
        if ahead and ahead[0].quoted:
            ahead = ahead[:1]
        else:
            ahead = ahead[:1] + list(_until_grammar(ahead[1:]))
        for length in range(len(ahead), 0, -1):
            said = [each.said for each in ahead[:length]]
            matching = _matching(said, names)
            if len(matching) == 1:
                self.at += length
                return matching[0]
            if matching:
                alike = Counter(names[each] for each in matching)
                raise _Stuck(
                    " ".join(said), [f"{lead} {names[each] if alike[names[each]] == 1 else each}" for each in matching]
                )
        word = f"{token.said} {ahead[0].said}" if ahead else token.said
        like = get_close_matches(" ".join(each.said for each in ahead)[:80], names.values(), n=3, cutoff=0.6)
        raise _Stuck(word, [f"{lead} {each}" for each in like or names.values()] or EXAMPLES)

    def suggestions(self, token: _Token) -> list[str]:
        """What would have been understood: the same word with its lead, words like it, or all there are."""
        said = [token.said]
        schools = {each.id: each.name for each in self.directory.schools.values()}
        found = [f"at {schools[each]}" for each in _matching(said, schools)]
        found += [f"type {each}" for each in _matching(said, {each: each.replace("_", " ") for each in self.types})]
        owners = _owners(self.directory)
        found += [f"owner {owners[each]}" for each in _matching(said, owners)]
        found += get_close_matches(token.plain[:40], [*STATES, *FLAGS, *LEADING], n=3, cutoff=0.6)
        return found or list(EXAMPLES)

    # -- dates -------------------------------------------------------------------------------------------------------

    def day(self, token: _Token) -> date:
        self.take("last")
        following = self.next()
        found = self.day_of(following.plain) if following else None
        if found is None:
            word = f"{token.said} {following.said}" if following else token.said
            raise _Stuck(word, [f"since {self.today.isoformat()}", "since Oct 1", "since 10/1", "since monday"])
        return found

    def day_of(self, word: str) -> date | None:
        if word == "today":
            return self.today
        if word == "yesterday":
            return self.today - timedelta(days=1)
        if word in _WEEKDAYS or word in {each[:3] for each in _WEEKDAYS}:
            weekday = next(n for n, each in enumerate(_WEEKDAYS) if each.startswith(word))
            return self.today - timedelta(days=(self.today.weekday() - weekday - 1) % 7 + 1)
        if word in _LONG_MONTHS or word in _MONTHS or word == "sept":
            return self.month_and_day(_MONTHS.index(word[:3]) + 1)
        if iso := re.fullmatch(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", word):
            return _date(int(iso[1]), int(iso[2]), int(iso[3]))
        if slashed := re.fullmatch(r"([0-9]{1,2})/([0-9]{1,2})(?:/([0-9]{4}|[0-9]{2}))?", word):
            year = int(slashed[3]) if slashed[3] else None
            return self.latest(
                int(slashed[1]), int(slashed[2]), year + 2000 if year is not None and year < 100 else year
            )
        return None

    def month_and_day(self, month: int) -> date | None:
        """ "Oct 1", "October 1st", "Oct 1, 2026"; a month alone is its first day."""
        following = self.tokens[self.at].plain if self.at < len(self.tokens) else ""
        day = re.fullmatch(r"([0-9]{1,2})(?:st|nd|rd|th)?", following)
        if day is None:
            return self.latest(month, 1, None)
        self.at += 1
        following = self.tokens[self.at].plain if self.at < len(self.tokens) else ""
        year = int(following) if re.fullmatch(r"20[0-9]{2}", following) else None
        self.at += year is not None
        return self.latest(month, int(day[1]), year)

    def latest(self, month: int, day: int, year: int | None) -> date | None:
        """That day; without a year the last one that is not to come."""
        if year is not None:
            return _date(year, month, day)
        candidates = (_date(self.today.year - back, month, day) for back in range(9) if self.today.year > back)
        return next((each for each in candidates if each and each <= self.today), None)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _until_grammar(tokens: Sequence[_Token]) -> Iterator[_Token]:
    for token in tokens:
        if token.quoted or token.plain in {*STATES, *FLAGS, *LEADING, *FILLERS}:
            return
        yield token


def _owners(directory: Directory) -> dict[PersonId, str]:
    return {each.id: each.name for each in directory.people.values() if not each.external}


def _matching(said: Sequence[str], names: Mapping[Any, str]) -> list[Any]:
    """Whom the words name: the one of that id or whole name, else all in whose name each word begins some word."""
    asked = _words_of(" ".join(said))
    whole = " ".join(said)
    exact = [id for id, name in names.items() if whole == id or asked == _words_of(name)]
    if len(exact) == 1 or not asked:
        return exact
    return [id for id, name in names.items() if _begins(asked, _words_of(name))]


def _begins(asked: Sequence[str], name: Sequence[str]) -> bool:
    return all(any(word.startswith(each) for word in name) for each in asked)


def _words_of(name: str) -> list[str]:
    return [word for each in re.split(r"[\s\-_/.]+", name) if (word := plain(each))]


_ANY_DAY: Final = date(2026, 7, 1)
_NOWHERE: Final = Directory(district_id="", name="", timezone="UTC", revision=0)  # type: ignore[arg-type]  # has nobody
