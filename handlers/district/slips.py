"""Words that were meant to be others: another spelling of a known code, or a slip of the keys."""

import re
from collections.abc import Iterable


def slip_of(written: str, known: Iterable[str]) -> str | None:
    """The known code that this must have meant, if it is not one itself.

    Word by word: a code of as many words as this one, each of them the same or nearly so. So "School Couch" is
    school_coach, while "head_school_coach" is a code of somebody's own.
    """
    codes = list(known)
    if written in codes:
        return None
    words = _words(written)
    for code in codes:
        meant = code.split("_")
        if "".join(meant) == "".join(words) or sorted(meant) == sorted(words):
            return code
    for code in codes:
        meant = code.split("_")
        if len(meant) == len(words) and all(map(_alike, words, meant)):
            return code
    return None


def _words(written: str) -> list[str]:
    return [each for each in re.split(r"[\W_]+", written.casefold()) if each]


def _alike(one: str, other: str) -> bool:
    """The longer the words, the more keys may be wrong; in the shortest none."""
    letters = max(len(one), len(other))
    return one == other or _keys_between(one, other) <= (0 if letters < 4 else 1 if letters < 8 else 2)


def _keys_between(one: str, other: str) -> int:
    """How many letters to add, drop, change or swap with their neighbour to get from one word to the other."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for n, letter in enumerate(one, 1):
        former, before, row = before, row, [n]
        for m, wanted in enumerate(other, 1):
            cost = min(before[m] + 1, row[m - 1] + 1, before[m - 1] + (letter != wanted))
            if n > 1 and m > 1 and letter == other[m - 2] and one[n - 2] == wanted:
                cost = min(cost, former[m - 2] + 1)
            row.append(cost)
    return row[-1]
