"""Student information in free text: whether it is there, where, and the same words without it (R-107, R-108).

Each word becomes a letter that says what sort of word it is ("my" d, "student" s, an unknown capitalised word N), and
the rules are patterns over those letters, so a rule reads like the phrases it finds. The names of staff and schools
are known and warn of nothing. Patterns look a bounded number of words ahead: the cost grows with the text, and with
nothing in it. They are simple on purpose: an author can always say that no student can be known from their words.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from handlers.rules.crisis import is_crisis as is_crisis
from handlers.rules.wordlists import (
    ABBREVIATED,
    ACRONYMS,
    AFTER_ORDINAL,
    ALSO_SURNAMES,
    BEGINS,
    LEXICON,
    LONGEST,
    MONTHS,
    NO_NAME_ENDS_SO,
    NOT_NAMES,
    ORDINALS,
    PLACES,
    THINGS,
)


class Detail(StrEnum):
    """What some words tell about one student."""

    STUDENT_NAME = "student_name"
    INITIALS = "initials"
    STUDENT_ID = "student_id"
    BIRTH_DATE = "birth_date"
    PARENT_CONTACT = "parent_contact"
    """A parent's name, phone or e-mail."""
    HEALTH_DETAIL = "health_detail"
    PLAN_DETAIL = "disability_or_plan_detail"
    DISCIPLINE_DETAIL = "discipline_detail"
    INDIRECT = "indirect_identification"
    """Nobody is named, and yet everybody in the building knows who it is."""


@dataclass(frozen=True, slots=True)
class Span:
    """Characters from `start` up to `end` that must not reach the log."""

    start: int
    end: int
    kind: Detail


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, in order, and the text without it."""

    spans: tuple[Span, ...]
    safe_text: str

    @property
    def kinds(self) -> frozenset[Detail]:
        return frozenset(each.kind for each in self.spans)


def look(text: str, staff_names: Collection[str], known_words: Collection[str] = ()) -> Finding | None:
    """What in the text tells about one student; None where nothing does.

    `staff_names`: full names of the people of the district; `known_words`: names of schools, teams, programs.
    """
    words = _read(text, _name_words(frozenset(staff_names)), _name_words(frozenset(known_words)))
    marks = list(_marks(words))
    if not marks:
        return None
    marks += _again(words, marks)
    marks += _details(words, marks)
    merged = _merged(marks)
    spans = tuple(
        Span(words.starts[mark.first], words.ends[mark.last], kind) for mark in merged for kind in sorted(mark.kinds)
    )
    return Finding(spans, _rewritten(text, words, merged))


# --------------------------------------------------------------------------------------------------------- reading


@dataclass(slots=True)
class _Words:
    """The words of a text: where each begins and ends, what it is (in lower case), and its letter."""

    starts: list[int]
    ends: list[int]
    plain: list[str]
    letters: str


_MAIL: Final = r"(?P<E>(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4})|"
_PIECES: Final = r"""
    (?P<J>\b(?:[A-Z]\.){2,3})
    |(?P<with>\bw/o?)
    |(?P<word>[^\W\d_]+(?:['’-][^\W\d_]+)*)
    |(?P<X>\b\d{3}-\d{2}-\d{4}\b)
    |(?P<P>(?:\+?1[-.\ ])?\(?\b\d{3}\)?[-.\ ]\d{3}[-.]\d{4}\b|\b\d{3}[-.]\d{4}\b)
    |(?P<D>\b\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d{2})\b|\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}/\d{1,2}\b(?!/))
    |(?P<ordinal>\b\d{1,2}(?:st|nd|rd|th)\b)
    |(?P<section>\b\d{1,2}-?[A-Ha-h]\b)
    |(?P<number>\$?\d{1,3}(?:,\d{3})+(?!\d)|\$?\d+)
    |(?P<end>[.!?\n]+)
    |(?P<comma>[,;—–]|(?<=\s)-(?=\s))
    |(?P<open>\()|(?P<close>\))|(?P<and>[&/+])|(?P<hash>\#)|(?P<begin>[:"“*•])
"""
_WORD: Final = re.compile(_PIECES, re.VERBOSE)
_WORD_OR_MAIL: Final = re.compile(_MAIL + _PIECES, re.VERBOSE)
_NAMED: Final = (["N"], ["n"], ["A"], ["W"])
_MARKS: Final = MappingProxyType({"comma": ",", "open": "(", "close": ")", "and": "&", "hash": "Q", "end": "."})


def _read(text: str, staff: frozenset[str], known: frozenset[str]) -> _Words:
    words = _Words([], [], [], "")
    letters: list[str] = []
    begins = True  # a sentence, where a capital says nothing

    def add(start: int, end: int, plain: str, letter: str) -> None:
        words.starts.append(start)
        words.ends.append(end)
        words.plain.append(plain)
        letters.append(letter)

    for match in (_WORD_OR_MAIL if "@" in text else _WORD).finditer(text):
        sort, said = match.lastgroup or "", match[0]
        start, end = match.span()
        if sort == "begin":
            begins = True
            continue
        if (
            said == "."
            and letters
            and (words.plain[-1] in ABBREVIATED or (letters[-1] == "K" and letters[-2:-1] in _NAMED))
        ):
            words.ends[-1] = end  # "Mr.", or the initial of a name
            continue
        if sort == "word":
            stem, owns = _stem(said)
            plain, letter = _fold(stem), _sort_of(stem, begins, staff, known)
            if letter == "_" and plain in ALSO_SURNAMES and stem[0].isupper() and letters and letters[-1] in "Nn":
                letter = "N"  # "Jorvik Washington", but "Washington" by itself is a place
            add(start, start + len(stem), plain, letter)
            if owns:
                add(start + len(stem), end, "'s", "'")
        elif sort == "number":
            add(start, end, said, _sort_of_number(said))
        elif sort == "ordinal":
            add(start, end, said, "5")
        elif sort == "section":
            add(start, end, said.casefold(), "_" if said.casefold() in {"2d", "3d", "1-a"} else "g")
        elif sort == "with":
            add(start, end, said, "w" if said.endswith("/") else "_")
        else:
            add(start, end, said.casefold(), _MARKS.get(sort, sort))
        begins = sort == "end"
    return _phrases(words, letters)


def _stem(word: str) -> tuple[str, bool]:
    """The word without its possessive; "there's" and the like have none."""
    if word[-2:] in {"'s", "’s"} and _fold(word) not in LEXICON and _fold(word) not in NOT_NAMES:
        return word[:-2], True
    return word, False


def _sort_of(word: str, begins: bool, staff: frozenset[str], known: frozenset[str]) -> str:
    plain = _fold(word)
    capital = word[0].isupper()
    if len(word) == 1:
        return LEXICON.get(plain, "K" if capital else "_")
    if letter := LEXICON.get(plain):
        return letter
    if word.isupper():
        return "j" if len(word) in {2, 3} and plain not in ACRONYMS and len(word) == 2 else "_"
    parts = plain.split("-")
    if not capital or not any(each.islower() for each in word):
        return "_"
    if plain in staff or all(each in staff for each in parts):
        return "A"
    if plain in known:
        return "W"
    if plain in NOT_NAMES or all(each in NOT_NAMES for each in parts):
        return "_"
    if begins:
        return "_" if len(plain) > 6 and plain.endswith(NO_NAME_ENDS_SO) else "n"
    return "N"


def _sort_of_number(said: str) -> str:
    if not said.isdigit():
        return "u"  # an amount, or one with commas
    if len(said) == 4:
        return "u" if said.startswith(("19", "20")) else "7"
    return "9" if 5 <= len(said) <= 12 else "u"


def _phrases(words: _Words, letters: list[str]) -> _Words:
    """Joins what is one thing in several words: "feeding tube", "room 6", "3rd grader", a name's initial."""
    found = _Words([], [], [], "")
    joined: list[str] = []
    at = 0
    while at < len(letters):
        length, letter = _phrase_at(words.plain, letters, at)
        if letter == "K" and not (joined and joined[-1] in "NnAWK"):
            letter = "_"
        found.starts.append(words.starts[at])
        found.ends.append(words.ends[at + length - 1])
        found.plain.append(" ".join(words.plain[at : at + length]))
        joined.append(letter)
        at += length
    for at in range(len(joined) - 1):
        if joined[at] in "skpl" and found.plain[at + 1] in THINGS:
            joined[at] = "_"  # "student handbook", "parent night", "IEP paperwork" are about nobody
    found.letters = "".join(joined)
    return found


def _phrase_at(plain: Sequence[str], letters: Sequence[str], at: int) -> tuple[int, str]:
    word = plain[at]
    following = plain[at + 1] if at + 1 < len(plain) else ""
    if word in PLACES and following and (letters[at + 1] in "ug5" or len(following) == 1):
        return 2, "g"
    if following in AFTER_ORDINAL and (word[:1].isdigit() or word in ORDINALS):
        return 2 + (plain[at + 2 : at + 3] in (["class"], ["classroom"], ["room"])), AFTER_ORDINAL[following]
    if word in MONTHS and following[:1].isdigit() and letters[at + 1] in "u5":
        year = at + 2 + (letters[at + 2 : at + 3] == [","])
        dated = "".join(plain[year : year + 1]).startswith(("19", "20")) and letters[year] == "u"
        return (year + 1 - at if dated else 2), "D"
    if word in BEGINS:
        for length in range(min(LONGEST, len(plain) - at), 1, -1):
            if letter := LEXICON.get(" ".join(plain[at : at + length])):
                return length, letter
    if word == "504":
        return 1, "l"
    return 1, letters[at]


def _fold(word: str) -> str:
    """In lower case, without accents."""
    plain = word.casefold().replace("’", "'")
    if plain.isascii():
        return plain
    return "".join(each for each in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(each))


@lru_cache(maxsize=64)
def _name_words(names: frozenset[str]) -> frozenset[str]:
    """The single words of names, and the parts of those with a hyphen."""
    words = {_fold(word).strip(".,'") for name in names for word in name.split()}
    parts = {part for word in words for part in word.split("-")}
    return frozenset(each for each in words | parts if len(each) > 1)


# ----------------------------------------------------------------------------------------------------------- rules


@dataclass(frozen=True, slots=True)
class Rule:
    """A phrase to find. The group of its pattern says what stands there, and so what stands in its place."""

    example: str
    kinds: tuple[Detail, ...]
    pattern: re.Pattern[str]


_FULL: Final = r"(?>NK?[NAW]{1,2}|nK?N{1,2}|[AW]K?N{1,2}|[nN]K)"
_NAME: Final = rf"(?>{_FULL}|[Nn])"  # the whole name or nothing
_INNER: Final = rf"(?>{_FULL}|N)"
_FIRST: Final = r"(?<![TtdaNnAWK])"  # where a name begins: after a title it is an adult's, after an article a thing's
_DET: Final = r"(?:[tdao]_{0,2})?"
_PLACE: Final = r"(?:\([iF]?g\)|[iF][tdo]?_?g)"
_HITS: Final = r"f(?:[adeto]?_?[qskrT]|o(?=[.,;&()]|$))"
_ACTS: Final = rf"(?:_?b|_?{_HITS}|v_?Y|Y_?[u5]|v[au_]{{0,2}}R)"
_ILL: Final = r"[tao]?_{0,2}h(?:[&,]{1,2}_?h)?"
_ANY: Final = r"[tao]?_{0,2}[hHl]"
_WHO: Final = rf"(?:[do]_{{0,2}}[sk]{_PLACE}?|[ta]_{{0,2}}s{_PLACE}|[ta]_{{0,2}}k{_PLACE}?)"
_THAT_ONE: Final = rf"(?:[do]_{{0,2}}[sk]{_PLACE}?|[ta]_{{0,2}}[sk]{_PLACE})"

_N, _J, _ID = Detail.STUDENT_NAME, Detail.INITIALS, Detail.STUDENT_ID
_BORN, _KIN = Detail.BIRTH_DATE, Detail.PARENT_CONTACT
_ILLNESS, _PLAN, _DONE, _ONE = Detail.HEALTH_DETAIL, Detail.PLAN_DETAIL, Detail.DISCIPLINE_DETAIL, Detail.INDIRECT


def _rule(example: str, kinds: Detail | tuple[Detail, ...], pattern: str) -> Rule:
    return Rule(example, kinds if isinstance(kinds, tuple) else (kinds,), re.compile(pattern))


RULES: Final = (
    # a name
    _rule("My student Jorvik needs help.", _N, rf"(?<!e)(?P<student>(?:[dao]_{{0,2}})?[sk]{_NAME})(?!_?M)"),
    _rule("The student Jorvik left early.", _N, rf"(?P<student>t_?[sk]{_NAME})(?!_?M|m)"),
    _rule("The student, Jorvik, left early.", _N, rf"(?P<student>(?:[td]_?[sk]|a_?k),{_NAME})(?=,)"),
    _rule("The Tamsin boy left early.", _N, rf"(?P<student>[td]_?{_INNER}[sk])(?!_?M|m)"),
    _rule("A kid named jorvik left.", _N, rf"(?P<student>{_DET}[sk]c(?:[NnAW]K?[NAW]{{0,2}}|_))"),
    _rule("Jorvik Tamsin in 4B is late.", _N, rf"{_FIRST}(?P<student>{_FULL}(?:{_PLACE}|,?[iF]?g|,[ta]_?k))"),
    _rule("Jorvik T. (5th) is late.", _N, rf"{_FIRST}(?P<student>{_FULL}\(5\))"),
    _rule("He (Jorvik) is late.", _N, rf"r\((?P<student>{_INNER})\)"),
    _rule("Jorvik Tamsin is a 3rd grader.", _N, rf"{_FIRST}(?P<student>{_NAME})(?=v[ta]_?k)"),
    _rule("Jorvik, a 4th grader, is late.", _N, rf"{_FIRST}(?P<student>[Nn],[ta]_?k)"),
    _rule("Jorvik's mom called.", _N, rf"{_FIRST}(?P<student>{_NAME})(?='_{{0,2}}[plhb])"),
    _rule("The IEP of Jorvik is late.", _N, rf"[plRY]F(?P<student>{_INNER})"),
    _rule("Jorvik threw a chair.", (_N, _DONE), rf"{_FIRST}(?P<student>{_NAME})(?={_ACTS})"),
    _rule("Jorvik has severe asthma.", (_N, _ILLNESS), rf"{_FIRST}(?P<student>{_NAME})(?=v{_ILL})"),
    _rule("Jorvik cannot come because he uses a wheelchair.", (_N, _ILLNESS),
          rf"{_FIRST}(?P<student>{_NAME})(?!m)(?=[^.]{{1,16}}?rv{_ILL})"),
    _rule("Jorvik needs a behavior plan.", (_N, _PLAN), rf"{_FIRST}(?P<student>{_NAME})(?=v[a_o]{{0,2}}l)"),
    _rule("Jorvik Tamsin was again put on a behavior plan.", _N,
          rf"{_FIRST}(?P<student>{_FULL})(?![mi'])(?=[^.]{{0,6}}?(?:[khlbRYLB]|{_HITS}))"),
    _rule("We suspended Jorvik Tamsin.", (_N, _DONE), rf"Y(?P<student>{_FULL}|N(?=F?[u5]))"),
    _rule("They sent Jorvik home.", (_N, _DONE), rf"y(?P<student>{_INNER})(?={_PLACE}?z)"),
    _rule("Jorvik in room 6 lost his coat.", _N,
          rf"{_FIRST}(?P<student>[Nn]{_PLACE})(?!m)(?=[^.]{{0,10}}?(?:[rohlRY]|{_HITS}|b))"),
    _rule("jorvik in 4b threw a chair", (_N, _DONE), rf"(?P<student>_i[td]?g)(?={_HITS})"),
    # initials
    _rule("My student JT is out.", _J, rf"(?P<student>{_DET}[sk],?c?[Jj])(?!M)"),
    _rule("J.T. (gr 4) is out.", _J, rf"(?P<student>J{_PLACE}|j\(g\))"),
    _rule("J.T. bit another student.", (_J, _DONE), rf"(?P<student>J)(?={_ACTS})"),
    _rule("J.T. has seizures.", (_J, _ILLNESS), rf"(?P<student>J)(?=v{_ANY}|'_?[plh])"),
    # numbers
    _rule("Student 1004417 is missing there.", _ID, rf"(?P<student>{_DET}[sk](?:[IQv]{{0,3}}9|[IQ]{{1,3}}v?7))"),
    _rule("Students 1004417 and 1004418 are gone.", _ID, r"S[IQv]{0,3}(?P<number>9(?:[,&]{1,2}9){0,20})"),
    _rule("Student 1004417 and 1004418 are gone.", _ID, r"s[IQv]{0,3}9[,&]{1,2}(?P<number>9)"),
    _rule("Her lunch number is 4417.", _ID, r"C[vIQF]{0,2}(?P<number>[97])"),
    _rule("Her id is 4417.", _ID, r"oI[IQ]?v?(?P<number>[97])"),
    _rule("We got id 1004417 twice.", _ID, r"(?<![OM_WA])I[IQ]?v?(?P<number>9)"),
    _rule("1004417 shows up as enrolled.", _ID, r"(?<!O)(?<!O[IQ])(?P<number>9)(?=[^.]{1,6}?L)"),
    _rule("Jorvik Tamsin 1004417 is gone.", (_N, _ID), rf"{_FIRST}(?P<student>{_FULL}(?:\([IQ]{{0,2}}9\)|[IQ]{{0,2}}9))"),
    _rule("123-45-6789", _ID, r"(?P<number>X)"),
    _rule("His dob is 3/4/2015.", _BORN, r"(?<!S)(?<!Sv)(?P<birth>B[vFi_,]{0,3}D)(?!&V)"),
    # parents
    _rule("mom (Dana, 555-0142)", _KIN, rf"(?P<parent>{_DET}p[(,'GviFroNnAKUc]{{0,7}}[PE]\)?)"),
    _rule("555-0142 is the cell of mom", _KIN, r"(?P<parent>[PE][(,viFGot]{0,5}p\)?)"),
    _rule("the student's number is 555-0142", _KIN, r"[sk]'?[GvI(,]{0,4}(?P<contact>[PE])"),
    _rule("His mom Dana called.", _KIN, rf"(?P<parent>{_DET}pc?(?:{_NAME}|\({_NAME}\)|,{_NAME}(?=,)))(?!M)"),
    _rule("Dana, his mom, called.", _KIN, rf"{_FIRST}(?P<parent>{_NAME}(?:,[odt]p|\([odt]?p\)))"),
    # plans, health and discipline of one student, named or not
    _rule("His behavior plan is not followed.", _PLAN, r"(?P<plan>o_?l)"),
    _rule("My student's IEP is not followed.", _PLAN, r"(?P<plan>d_?[sk]'_?l|t_?k'_?l)"),
    _rule("the kindergartner with the feeding tube in room 6", (_ONE, _ILLNESS),
          rf"(?P<student>(?:[tdo]_{{0,2}}[sk]|[tdao]_{{0,2}}k){_PLACE}?[wi]{_ILL}{_PLACE}?)"),
    _rule("a student in room 6 with an IEP", (_ONE, _PLAN),
          rf"(?P<student>(?:{_THAT_ONE}|[td]_{{0,2}}k)w{_ANY}{_PLACE}?)"),
    _rule("a student with an IEP in room 6", (_ONE, _PLAN), rf"(?P<student>[tda]_{{0,2}}[sk]w{_ANY}{_PLACE})"),
    _rule("my diabetic student", (_ONE, _ILLNESS),
          rf"(?P<student>d_?h_?[sk]{_PLACE}?|[tda]_?h_?(?:k{_PLACE}?|s{_PLACE}))"),
    _rule("My 3rd grader has seizures.", (_ONE, _ILLNESS), rf"(?P<student>{_WHO})(?=v{_ANY})"),
    _rule("We have a student with a feeding tube.", (_ONE, _ILLNESS),
          rf"(?<!;)(?<!;U)(?<!FU)(?<!e)(?<!e_)v(?P<student>a_{{0,2}}[sk]{_PLACE}?w{_ANY}{_PLACE}?)"),
    _rule("One of my kids has seizures.", (_ONE, _ILLNESS), rf"(?P<student>aFd_?S{_PLACE}?)(?=[vw]{_ANY})"),
    _rule("A student needs help. He has seizures.", _ILLNESS, rf"[skS].{{0,60}}?rv?(?P<health>(?<=v){_ANY}|(?<=r)_?h)"),
    _rule("That kid in room 6 bit me.", (_ONE, _DONE), rf"(?P<student>{_THAT_ONE})(?={_ACTS})"),
)  # fmt: skip

IN_PLACE_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        "student": "a student",
        "again": "the student",
        "parent": "a parent",
        "number": "[number removed]",
        "birth": "[birth date removed]",
        "contact": "[contact removed]",
        "plan": "a student's plan",
        "health": "[details removed]",
        "details": "[details removed]",
    }
)
_RANK: Final = tuple(
    IN_PLACE_OF
)  # of two that overlap the longer says what stands in their place, else the earlier here

_DETAILS: Final = re.compile(rf"{_HITS}|[bRYhHlPE]|z[u5]|o_?l|,9")
_CLAUSE_ENDS: Final = re.compile(r"[.,;()]|&(?=[UtdaSe])")
_KINDS_OF: Final[Mapping[str, Detail]] = MappingProxyType(
    dict.fromkeys("fbRYz", _DONE)
    | dict.fromkeys("hH", _ILLNESS)
    | {"l": _PLAN}
    | dict.fromkeys("PE", _KIN)
    | {"9": _ID}
)


# --------------------------------------------------------------------------------------------------------- finding


@dataclass(frozen=True, slots=True)
class _Mark:
    """The words from `first` to `last`, and what stands in their place."""

    first: int
    last: int
    instead: str
    kinds: frozenset[Detail]


def _marks(words: _Words) -> Iterator[_Mark]:
    for rule in RULES:
        for match in rule.pattern.finditer(words.letters):
            for instead in match.re.groupindex:
                first, end = match.span(instead)
                if first < end:
                    yield _Mark(first, end - 1, instead, frozenset(rule.kinds))


def _again(words: _Words, marks: Sequence[_Mark]) -> list[_Mark]:
    """Every other mention of a name that was found."""
    names: set[str] = set()
    for mark in marks:
        if mark.kinds & {_N}:
            said = range(mark.first, mark.last + 1)
            names |= {words.plain[at] for at in said if words.letters[at] in "Nn"}
            if words.letters[mark.last] == "_" or words.letters[mark.first] == "_":  # typed without its capital
                names |= {words.plain[at] for at in (mark.first, mark.last) if words.letters[at] == "_"}
            for beside, joins in ((mark.first - 2, mark.first - 1), (mark.last + 2, mark.last + 1)):
                if words.letters[joins : joins + 1] == "&" and words.letters[beside : beside + 1] in {"N", "n"}:
                    names.add(words.plain[beside])  # "Odalys and Jorvik in 4B"
    names -= NOT_NAMES
    kinds = frozenset({_N})
    return [_Mark(at, at, "again", kinds) for at, plain in enumerate(words.plain) if plain in names]


def _details(words: _Words, marks: Sequence[_Mark]) -> Iterator[_Mark]:
    """What the rest of the sentence tells about a student who was named or can be known, clause by clause."""
    letters = words.letters
    taken = {at for mark in marks if mark.instead in {"student", "again"} for at in range(mark.first, mark.last + 1)}
    told_until = 0
    for known in sorted(taken):
        if known < told_until:
            continue
        stop = letters.find(".", known)
        told_until = stop if stop >= 0 else len(letters)
        free_from = known + 1
        for match in _DETAILS.finditer(letters, free_from, told_until):
            if match.start() < free_from or not taken.isdisjoint(range(*match.span())):
                continue
            clause = _CLAUSE_ENDS.search(letters, match.end(), told_until)
            free_from = clause.start() if clause else told_until
            free_from = next((at for at in range(match.end(), free_from) if at in taken), free_from)
            said = letters[match.start() : free_from]
            kinds = frozenset(_KINDS_OF[each] for each in said if each in _KINDS_OF)
            yield _Mark(match.start(), free_from - 1, "contact" if said[0] in "PE" else "details", kinds)


def _merged(marks: Sequence[_Mark]) -> list[_Mark]:
    """In order; what overlaps, or is two halves of a name, becomes one."""
    merged: list[_Mark] = []
    for mark in sorted(marks, key=lambda each: (each.first, -each.last)):
        before = merged[-1] if merged else None
        halves = before and {before.instead, mark.instead} <= {"student", "again"} and mark.first == before.last + 1
        if before and (mark.first <= before.last or halves):
            longer = max(before, mark, key=lambda each: (each.last - each.first, -_RANK.index(each.instead)))
            merged[-1] = _Mark(before.first, max(before.last, mark.last), longer.instead, before.kinds | mark.kinds)
        else:
            merged.append(mark)
    return merged


def _rewritten(text: str, words: _Words, marks: Sequence[_Mark]) -> str:
    parts, at = [], 0
    for mark in marks:
        start = words.starts[mark.first]
        instead = IN_PLACE_OF[mark.instead]
        before = words.letters[mark.first - 1 : mark.first]
        if before == "'" and instead.startswith("a "):
            instead = instead.removeprefix("a ")  # "the student's parent"
        if before in {"", "."} and text[start].isupper():
            instead = instead[0].upper() + instead[1:]
        parts += [text[at:start], instead]
        at = words.ends[mark.last]
    return "".join([*parts, text[at:]])
