"""Wording: phrases with parameters, said in the reader's language, zone and view.

Every sentence that a person reads is the message id of a phrase. Parameters are values, or references to people,
schools and dates, which become words only when the phrase is said: so history and reasons hold ids, not names.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date, format_datetime, format_time
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.numbers import format_currency

from handlers.cards import labels
from scheduling.calendar import zone_of
from storage.directory import Directory, Person
from storage.vocabulary import DistrictId, PersonId, Platform, SchoolId

LOCALES: Final = Path(__file__).parent / "locales"


@dataclass(frozen=True, slots=True)
class Who:
    """A person, by name when said."""

    id: PersonId


@dataclass(frozen=True, slots=True)
class At:
    """A school, by name when said."""

    id: SchoolId


@dataclass(frozen=True, slots=True)
class Dollars:
    amount: int


@dataclass(frozen=True, slots=True)
class Label:
    """A word of the district or of our vocabulary ("data_systems"), by its label when said."""

    code: str


@dataclass(frozen=True, slots=True)
class Role:
    """What somebody is ("isd_consultant"), by its proper words when said."""

    code: str


@dataclass(frozen=True, slots=True)
class Typed:
    """A command, as it is typed where its reader is: "/challenges mine" in Slack, "challenges mine" in Teams, where a
    slash opens a menu of Teams' own (design §5)."""

    command: str
    """With its slash."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence not yet said: the English text is its message id."""

    msgid: str
    params: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    plural: str | None = None
    """With `plural`, the parameter `n` chooses the form."""


def phrase(msgid: str, **params: Any) -> Phrase:
    return Phrase(msgid, MappingProxyType(params))


def phrases(one: str, many: str, *, n: int, **params: Any) -> Phrase:
    """A phrase with a number in it, in its singular and plural forms."""
    return Phrase(one, MappingProxyType({"n": n, **params}), plural=many)


def to_json(said: Phrase) -> dict[str, Any]:
    """A phrase as it stands in the database: ids and codes, no names."""
    return {"say": said.msgid, "with": {name: _param_to_json(value) for name, value in said.params.items()}} | (
        {"many": said.plural} if said.plural else {}
    )


def from_json(stored: Mapping[str, Any]) -> Phrase:
    params = {name: _param_from_json(value) for name, value in stored.get("with", {}).items()}
    return Phrase(stored["say"], MappingProxyType(params), plural=stored.get("many"))


def _param_to_json(value: Any) -> Any:
    match value:
        case Who(id):
            return {"person": id}
        case At(id):
            return {"school": id}
        case Label(code):
            return {"word": code}
        case Role(code):
            return {"role": code}
        case Dollars(amount):
            return {"usd": amount}
        case Typed(command):
            return {"typed": command}
        case Phrase():
            return {"phrase": to_json(value)}
        case datetime():
            return {"at": value.isoformat()}
        case date():
            return {"on": value.isoformat()}
        case _:
            return value


def _param_from_json(value: Any) -> Any:
    match value:
        case {"person": id}:
            return Who(id)
        case {"school": id}:
            return At(id)
        case {"word": code}:
            return Label(code)
        case {"role": code}:
            return Role(code)
        case {"usd": amount}:
            return Dollars(amount)
        case {"typed": command}:
            return Typed(command)
        case {"phrase": inner}:
            return from_json(inner)
        case {"at": instant}:
            return datetime.fromisoformat(instant)
        case {"on": day}:
            return date.fromisoformat(day)
        case _:
            return value


@cache
def _catalog(language: str) -> Catalog | None:
    file = LOCALES / f"{language}.po"
    if not file.exists():
        return None
    with file.open("rb") as stream:
        return read_po(stream, locale=language)


@cache
def _locale(code: str | None) -> Locale:
    try:
        return Locale.parse((code or "en_US").replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_US")


WORD: Final = "challenge"
_WORDS: Final = re.compile(r"(?<![\w/{-])([Cc])hallenge(s?)(?![\w}])")


@lru_cache(maxsize=4096)
def _in_their_word(template: str, word: str) -> str:
    """A sentence of ours with the district's own word for a challenge ("barrier"). Commands keep their names."""

    def said(found: re.Match[str]) -> str:
        own = _several(word) if found[2] else word
        return own[:1].upper() + own[1:] if found[1] == "C" else own

    return _WORDS.sub(said, template)


def _several(word: str) -> str:
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    return word + ("es" if re.search(r"(?:s|x|z|ch|sh)$", word) else "s")


class Voice:
    """Says phrases to one reader: in their language and zone, with the names of their district.

    Two voices are equal that say everything in the same words.
    """

    def __init__(self, directory: Directory, person: Person | None = None, platform: Platform | None = None) -> None:
        """`platform`: where the reader is, if that is known; it decides how commands are written."""
        self.directory = directory
        self.slash = "" if platform is Platform.TEAMS else "/"
        self.person = person
        self.locale = _locale((person and person.locale) or directory.locale)
        self.zone = zone_of(person.timezone if person else None, ZoneInfo(directory.timezone))
        self._own_word = directory.word != WORD and self.language == "en"
        self._says_as = (
            id(directory),
            id(self.locale),
            self.zone.key,
            self.slash,
        )  # _locale makes one locale of each kind

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Voice) and self._says_as == other._says_as

    def __hash__(self) -> int:
        return hash(self._says_as)

    @property
    def language(self) -> str:
        return str(self.locale.language)

    def __call__(self, said: Phrase | str, **params: Any) -> str:
        """The sentence. Give a Phrase, or a message id with its parameters."""
        if isinstance(said, str):
            said = Phrase(said, params)
        template = (
            _in_their_word(self._translated(said), self.directory.word) if self._own_word else self._translated(said)
        )
        return template.format_map({name: self._word(value) for name, value in said.params.items()})

    def _translated(self, said: Phrase) -> str:
        catalog = _catalog(self.language)
        found = catalog.get(said.msgid) if catalog else None
        if said.plural is None:
            return str(found.string) if found and found.string else said.msgid
        n = int(said.params["n"])
        if catalog and found and isinstance(found.string, tuple | list):
            chosen = found.string[catalog_plural(catalog, n)]
            if chosen:
                return str(chosen)
        return said.msgid if n == 1 else said.plural

    def _word(self, value: Any) -> Any:
        match value:
            case Who(id):
                person = self.directory.people.get(id)
                return person.name if person else self("somebody")
            case At(id):
                school = self.directory.schools.get(id)
                return school.name if school else self("a school")
            case Label(code):
                return self.label(code)
            case Role(code):
                return self.role(code)
            case Dollars(amount):
                return self.money(amount)
            case Typed(command):
                return self.slash + command.removeprefix("/")
            case Phrase():
                return self(value)
            case datetime():
                return self.moment(value)
            case date():
                return self.day(value)
            case _:
                return value

    def label(self, code: str) -> str:
        """The label of a code: "data_systems" is "Data systems"."""
        return self._named(labels.of_code(code))

    def role(self, code: str) -> str:
        """The words of a role: "isd_consultant" is "ISD consultant"; a district's own as it writes it."""
        return self._named(labels.of_role(code))

    def _named(self, words: str) -> str:
        """Words that may be a district's own: braces in them stand for nothing."""
        return self._translated(Phrase(words))

    def day(self, day: date) -> str:
        """Mon, Oct 12, 2026 (short, with the weekday: school people plan by it)."""
        return str(format_date(day, "EEE, MMM d, y", locale=self.locale))

    def short_day(self, day: date) -> str:
        """Oct 12: beside a longer form of it, or where there is little room."""
        return str(format_date(day, "MMM d", locale=self.locale))

    def time_of_day(self, at: time) -> str:
        """A time of day, on the district's clock."""
        return str(format_time(at, "h:mm a", locale=self.locale))

    def moment(self, instant: datetime) -> str:
        """An instant in the reader's zone."""
        return str(format_datetime(instant, "EEE, MMM d, h:mm a", tzinfo=self.zone, locale=self.locale))

    def clock(self, instant: datetime) -> str:
        return str(format_time(instant, "short", tzinfo=self.zone, locale=self.locale))

    def hour(self, clock: time) -> str:
        """A time of day, whatever the zone."""
        return str(format_time(clock, "short", locale=self.locale))

    def money(self, amount: int) -> str:
        return str(format_currency(amount, "USD", locale=self.locale, currency_digits=False, format="¤#,##0"))


@cache
def stranger(platform: Platform | None = None) -> Voice:
    """Says things to somebody of whom we do not know yet which district they are of, nor which language they read."""
    return Voice(Directory(DistrictId(""), "", "UTC", 0), None, platform)


def catalog_plural(catalog: Catalog, n: int) -> int:
    """Which plural form `n` takes. English and Spanish, the languages we ship, have two."""
    return 0 if n == 1 or catalog.num_plurals < 2 else 1
