"""Texts as Teams may have them: nothing unseen in them, cut where they must be, and without Markdown where it is read."""

import re
from collections.abc import Mapping
from typing import Final

MAX_TEXT: Final = 3000  # characters in one block: our choice; longer words go on in the next


# Controls, marks that turn the reading direction, and characters without width: nobody needs them, and they can make
# one text look like another. The two joiners stay: Persian words, Indic letters and many emoji are spelt with them.
_UNSEEN: Final[Mapping[int, str | None]] = {
    **dict.fromkeys((0x85, 0x2028, 0x2029), "\n"),
    **dict.fromkeys((*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0x85), *range(0x86, 0xA0), 0xAD, 0x61C, 0x180E)),
    **dict.fromkeys((0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2070), *range(0xD800, 0xE000))),
    **dict.fromkeys((0xFEFF, *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0080))),
}
_TAME: Final = re.compile(r"(?:[^\W_]|[ ,;:.!?¿¡'’‘“”„«»…–—()/%$&+•·-])*")
_MEANT: Final = re.compile(
    r"^[ ]*(?:[-+](?=\s|$)|\d+[.)])"  # a list
    r"|(?<=[^\W_])\.(?=[^\W\d_])|(?<=[^\W\d_]):(?=[^\W\d_]|/)|//"  # an address, which some clients make a link
    r"|&(?=#?\w+;)"  # a character by its name
    r"|:(?=\w+:)",  # an emoji by its name
    re.MULTILINE,
)
MOMENT: Final = re.compile(r"(?<=\{)(?=\{(?:DATE|TIME)\()")
"""Inside what https://learn.microsoft.com/adaptive-cards/authoring-cards/text-features makes a date of, even in a run."""
_WIDE: Final = {mark: mark + 0xFEE0 for mark in map(ord, "*_[]<>`~#\\{}|^=@")}
_WIDER: Final = _WIDE | {mark: mark + 0xFEE0 for mark in map(ord, "-+.):/&")}


def clean(text: str) -> str:
    """The text without what cannot be seen."""
    if text.isprintable():  # as most are; nothing of _UNSEEN is
        return text.strip()
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_UNSEEN).strip()


def shorten(text: str, most: int) -> str:
    text = clean(text)
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def mere(text: str, most: int) -> str:
    """A text for where no run can stand and Markdown is not read: only a moment in it is, so it is parted by a space."""
    return MOMENT.sub(" ", shorten(text, most))


def pieces(text: str, most: int = MAX_TEXT) -> list[str]:
    """The text in parts that fit, cut between paragraphs, lines or words where that can be; nothing is left out."""
    text, parts = clean(text), []
    while len(text) > most:
        cut = next((at for mark in ("\n\n", "\n", " ") if (at := text.rfind(mark, most // 2, most)) > 0), most)
        parts.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*parts, text] if text else parts


def is_tame(text: str) -> bool:
    """Whether there is nothing in it that Markdown could be made of, on any of Teams' clients.

    Escaping would not do: some of the clients drop a backslash, others show it.
    """
    return bool(_TAME.fullmatch(text)) and not _MEANT.search(text)


def harmless(text: str) -> str:
    """The text for where Markdown is read and runs cannot stand: what could be Markdown in its wide form (＊)."""
    if is_tame(text):
        return text
    return _MEANT.sub(lambda found: found[0].translate(_WIDER), text.translate(_WIDE))
