"""Reads a district file: YAML, with the line of everything in it.

Plainer than YAML 1.1: dates and times of day are text as they stand, only `true` and `false` are yes and no, keys are
text, and there are no anchors, merges or tags. So NO is a state, 07:30 a time, and nothing is larger than it looks.
"""

import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import yaml
from yaml.composer import Composer
from yaml.events import AliasEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.resolver import Resolver

from handlers.district.notes import Mistake

try:
    from yaml._yaml import CParser
except ImportError:  # a PyYAML that was built without it
    CParser = yaml.SafeLoader  # type: ignore[misc, assignment]

Path = tuple[str | int, ...]
"""Where something stands: ("people", 3, "leave", "from")."""


@dataclass(frozen=True, slots=True)
class Document:
    """The file as plain values, and the line of each."""

    data: dict[str, Any] = field(default_factory=dict)
    lines: Mapping[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """The line of what stands there, or of what it would stand in."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def at(self, path: Path) -> Any:
        """What stands there; None where nothing does."""
        found: Any = self.data
        for step in path:
            try:
                found = found[step]
            except (KeyError, IndexError, TypeError):
                return None
        return found

    def called(self, path: Path) -> str:
        """How a sentence names the place: "people[p-003].leave.from"; entries by their id, else by their number."""
        name = ""
        for length, step in enumerate(path, 1):
            if isinstance(step, str):
                name += f".{step}" if name else step
            elif isinstance(self.at(path[: length - 1]), list):  # an entry may stand for a list of one
                name += f"[{_label(self.at(path[:length])) or step + 1}]"
        return name or "the file"


def _label(entry: Any) -> str | None:
    return (
        next((str(entry[each]) for each in ("id", "version") if entry.get(each)), None)
        if isinstance(entry, dict)
        else None
    )


def read(text: str) -> tuple[Document, list[Mistake]]:
    """The document, and what is wrong with it as YAML. After such a mistake the document may be incomplete."""
    reading = _Reading()
    try:
        node = _composed(text.removeprefix("\ufeff"))
        if not isinstance(node, MappingNode):
            return Document(), [
                Mistake(1, 'This is not a district file: it must begin with fields such as "district:"')
            ]
        data = reading.value(node, (), 1)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return Document(), [Mistake(mark.line + 1 if mark else 1, _cure(error.problem or error.context or ""))]
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return Document(), [Mistake(line, f"A character that no one can see (#x{error.character:04x}): delete it")]
    except RecursionError:
        return Document(), [Mistake(1, "The file is nested too deeply to be a district file")]
    return Document(data, reading.lines), reading.mistakes


# A plain scalar that matches is no text. What YAML 1.1 also reads as a number, a date or a yes, we leave as it stands.
_MEANINGS: Final = {
    "bool": re.compile(r"true|True|TRUE|false|False|FALSE"),
    "null": re.compile(r"~|null|Null|NULL|"),
    "int": re.compile(r"[-+]?(0|[1-9][0-9]{0,17})"),
    "float": re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}([eE][-+][0-9]{1,2})?"),
}


# What only the parser in C lets pass: tabs, a mark of byte order within the text, a comment at once after | or >.
_TAKEN_OTHERWISE: Final = re.compile(r"[\t\ufeff]|[|>][-+0-9]*#")


def _composed(text: str) -> Node | None:
    """The file's node. The parser in C takes a tenth of the time; what it refuses is read again, for a line and a reason."""
    if not _TAKEN_OTHERWISE.search(text):
        with suppress(yaml.YAMLError):
            return _Quick(text).get_single_node()
    return _Loader(text).get_single_node()


class _Plain(Composer):
    """Nodes without what makes a file say more than a reader sees."""

    yaml_implicit_resolvers: Any = {}  # noqa: RUF012  # the parser's own name for it

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        if self.check_event(AliasEvent):  # type: ignore[attr-defined]  # of the parser beside it
            mark = self.peek_event().start_mark  # type: ignore[attr-defined]
            raise yaml.MarkedYAMLError(problem="alias", problem_mark=mark)
        return super().compose_node(parent, index)


class _Loader(_Plain, yaml.SafeLoader):
    """The parser in Python."""


class _Quick(_Plain, CParser, Resolver):
    """The parser in C."""

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        Composer.__init__(self)
        Resolver.__init__(self)


def _cure(problem: str) -> str:
    if "'\\t'" in problem:
        return "A tab: YAML is indented by spaces; replace the tab with spaces"
    if problem == "alias":
        return "An alias (*): write out what it stands for"
    if "mapping values are not allowed" in problem:
        return 'A colon where none can be: check the indentation, or put the text in quotes if it has ": " in it'
    if "expected a single document" in problem or "another document" in problem:
        return 'A second document begins here ("---"): a district file is one document'
    return (
        f"This cannot be read as YAML ({problem}): look for a missing bracket, quote, comma or space here or just above"
    )


@dataclass(slots=True)
class _Reading:
    """Turns nodes into values, and notes where each stands."""

    lines: dict[Path, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def value(self, node: Node, path: Path, line: int) -> Any:
        self.lines[path] = line
        match node:
            case MappingNode():
                return self._mapping(node, path)
            case SequenceNode():
                return [self.value(each, (*path, n), _line(each)) for n, each in enumerate(node.value)]
            case ScalarNode():
                return self._scalar(node)
        raise TypeError(f"No YAML node: {node}")

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for named, inside in node.value:
            if not isinstance(named, ScalarNode):
                self._wrong(named, "The name of a field must be a word, not a list or fields of its own")
                continue
            name = self._text(named)
            if name in found:
                first = self.lines[*path, name]
                self._wrong(named, f'"{name}" is here twice, the first time in line {first}: keep one of them')
            elif name == "<<" and not named.style:
                self._wrong(named, "A merge (<<): write out what it stands for")
            else:
                found[name] = self.value(inside, (*path, name), _line(named))
        return found

    def _scalar(self, node: ScalarNode) -> Any:
        text = self._text(node)
        if node.style:  # in quotes, or a block of text
            return text
        meaning = next((name for name, pattern in _MEANINGS.items() if pattern.fullmatch(text)), "text")
        match meaning:
            case "bool":
                return text.lower() == "true"
            case "null":
                return None
            case "int":
                return int(text)
            case "float":
                return float(text)
        return text

    def _text(self, node: ScalarNode) -> str:
        text = str(node.value)
        if node.tag != "tag:yaml.org,2002:str":
            self._wrong(node, f"A tag ({node.tag}): delete it, and put the text in quotes if it is meant as text")
        if bad := next((each for each in text if not _visible(each)), None):
            self._wrong(node, f"A character that no one can see (#x{ord(bad):04x}): delete it")
        return text

    def _wrong(self, node: Node, says: str) -> None:
        self.mistakes.append(Mistake(_line(node), says))


def _visible(character: str) -> bool:
    return character.isprintable() or character in "\n\t" or unicodedata.category(character) == "Zs"


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1
