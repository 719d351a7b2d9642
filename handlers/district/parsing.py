"""From the document to what it says: every entry checked by itself, its mistakes in plain words, all of them at once.

What the file leaves out of the process comes from the starter process.
"""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from handlers.district import STARTER, reader
from handlers.district.model import (
    SECTIONS,
    CalendarEntry,
    DistrictEntry,
    DistrictFile,
    Entry,
    PersonEntry,
    RoutineEntry,
    SchoolEntry,
    TeamEntry,
    VersionEntry,
    Whole,
)
from handlers.district.notes import Mistake
from handlers.district.reader import Document, Path
from storage.process import Part, Process

Model = TypeVar("Model", bound=BaseModel)
VERSIONS: Final[Path] = ("process_document", "versions")


@cache
def starter() -> Mapping[str, Any]:
    """The starter process, as a district file without a district."""
    document, _ = reader.read(STARTER.read_text("utf-8"))
    return document.data


def parse(document: Document) -> tuple[DistrictFile, list[Mistake]]:
    """What the file says, and what of it cannot be understood."""
    data = document.data
    parsing = _Parsing(document)
    rules, from_starter = _filled_up(data)
    beside = {name: value for name, value in data.items() if name not in SECTIONS}
    for name in beside:
        if like := _like(name, SECTIONS):
            parsing.wrong((name,), f'Clearway does not know "{name}": did you mean "{like}"?')
    if not isinstance(data.get("process_document", {}), dict):
        parsing.wrong(("process_document",), _FIELDS)
    process, broken = parsing.process(rules)
    file = DistrictFile(
        document=document,
        whole=parsing.one(Whole, beside, ()) or Whole(),
        district=parsing.one(DistrictEntry, data.get("district"), ("district",))
        or DistrictEntry(id="unknown", name="unknown", timezone="UTC"),
        calendar=parsing.one(CalendarEntry, data.get("calendar", {}), ("calendar",)) or CalendarEntry(),
        schools=parsing.each(SchoolEntry, ("schools",)),
        people=parsing.each(PersonEntry, ("people",)),
        teams=parsing.each(TeamEntry, ("teams",)),
        routines=parsing.each(RoutineEntry, ("routines",)),
        versions=parsing.each(VersionEntry, VERSIONS) if document.at(VERSIONS) else {0: starter_version()},
        process=process,
        rules=rules,
        from_starter=from_starter,
        broken=broken,
        unknown=tuple(parsing.unknown),
    )
    parsing.other_rules(file.versions)
    return file, parsing.mistakes


def calendar_alone(document: Document) -> tuple[CalendarEntry, list[Mistake], tuple[Path, ...]]:
    """A document that is a district's calendar and nothing else, or has it under `calendar`; what is wrong with it, and
    which of its fields Clearway does not know."""
    path: Path = ("calendar",) if "calendar" in document.data else ()
    parsing = _Parsing(document)
    entry = parsing.one(CalendarEntry, document.at(path), path) or CalendarEntry()
    return entry, parsing.mistakes, tuple(parsing.unknown)


@cache
def starter_version() -> VersionEntry:
    return VersionEntry.model_validate(starter()["process_document"]["versions"][0])


FIXED: Final = frozenset(
    {
        "response_targets_school_days",
        "message_hours",
        "cadence_school_days",
        "confirmation",
        "urgency_targets",
        "urgency",
    }
)
"""Parts of the process with fixed names inside: each is filled up by itself."""


def _filled_up(data: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The rules of the file's process, with what they lack from the starter; and the names of that."""
    document = data.get("process_document")
    own = {name: value for name, value in document.items() if name != "versions"} if isinstance(document, dict) else {}
    if "authority_matrix" in data:
        own["authority_matrix"] = data["authority_matrix"]
    rules, from_starter = dict(own), []
    for name, ours in _starter_rules().items():
        if name not in own:
            rules[name] = ours
            from_starter.append(name)
        elif name in FIXED and isinstance(own[name], dict):
            rules[name] = own[name] | {part: value for part, value in ours.items() if part not in own[name]}
            from_starter += [f"{name}.{part}" for part in ours if part not in own[name]]
    return rules, tuple(from_starter)


def _starter_rules() -> dict[str, Any]:
    document = {name: value for name, value in starter()["process_document"].items() if name != "versions"}
    return document | {"authority_matrix": starter()["authority_matrix"]}


@dataclass(slots=True)
class _Parsing:
    """Parses the parts of one document, and collects what is wrong."""

    document: Document
    mistakes: list[Mistake] = field(default_factory=list)
    unknown: list[Path] = field(default_factory=list)

    def one(self, model: type[Model], value: Any, path: Path) -> Model | None:
        """The part as its model, without those of its fields that are wrong; None where it cannot be without them."""
        if not isinstance(value, dict):
            self.wrong(path[:-1] if value is None else path, _LACKS.format(path[-1]) if value is None else _FIELDS)
            return None
        for stray, like in _strays(model, value, path):
            if like:
                self.wrong(stray, f'Clearway does not know "{stray[-1]}": did you mean "{like}"?')
            elif _is_digits(str(stray[-1])):
                self.wrong(stray, _CUT.format(stray[-1]))
            else:
                self.unknown.append(stray)
        try:
            return model.model_validate_json(json.dumps(value), strict=True)
        except ValidationError as error:
            for each in error.errors():
                self._failed(each, path)
            wrong = {each["loc"][0] for each in error.errors() if each["loc"]}
        try:  # what is left of it is checked, too, so that every mistake is named at once
            sound = {name: each for name, each in value.items() if name not in wrong}
            return model.model_validate_json(json.dumps(sound), strict=True)
        except ValidationError:
            return None

    def each(self, model: type[Model], path: Path) -> dict[int, Model]:
        """The entries of a list, but those of which too little can be understood."""
        entries = self.document.at(path)
        if entries is None:
            return {}
        if not isinstance(entries, list):
            self.wrong(path, _LIST)
            return {}
        found = ((n, self.one(model, entry or {}, (*path, n))) for n, entry in enumerate(entries))
        return {n: each for n, each in found if each is not None}

    def process(self, rules: dict[str, Any]) -> tuple[Process, frozenset[str]]:
        """The rules as a process, and the parts of it that have a mistake; the starter's stand in for these."""
        errors = self._not_a_process(rules)
        broken = frozenset(str(each["loc"][0]) for each in errors)
        for each in errors:
            self._failed(each, () if each["loc"][0] == "authority_matrix" else ("process_document",))
        sound = {name: value for name, value in rules.items() if name not in broken}
        return Process.model_validate(_starter_rules() | sound), broken

    def other_rules(self, versions: Mapping[int, VersionEntry]) -> None:
        """The rules that versions give for themselves must be whole."""
        for n, version in versions.items():
            for each in self._not_a_process(version.rules) if version.rules is not None else ():
                self._failed(each, (*VERSIONS, n, "rules"))

    def _not_a_process(self, rules: dict[str, Any]) -> list[ErrorDetails]:
        try:
            Process.model_validate_json(json.dumps(rules), strict=True)
        except ValidationError as error:
            return error.errors()
        return []

    def _failed(self, error: ErrorDetails, within: Path) -> None:
        path = (*within, *(each for each in error["loc"] if each != "[key]"))
        match error["type"]:
            case "missing":
                self.wrong(path[:-1], _LACKS.format(path[-1]))
            case "extra_forbidden" if _is_digits(str(path[-1])):
                self.wrong(path, _CUT.format(path[-1]))
            case "extra_forbidden":
                like = _like(str(path[-1]), _process_words())
                self.wrong(
                    path,
                    f'Clearway does not know "{path[-1]}"' + (f': did you mean "{like}"?' if like else ": delete it"),
                )
            case "value_error":
                self.wrong(path, str(error["ctx"]["error"]))
            case "enum":
                like = _like(str(error["input"]), re.findall("'([^']+)'", error["ctx"]["expected"]))
                hint = f': did you mean "{like}"?' if like else ""
                self.wrong(path, f'"{error["input"]}" must be {error["ctx"]["expected"]}{hint}')
            case kind:
                self.wrong(path, _SAYS.get(kind) or error["msg"].replace("Input should be", "must be"))

    def wrong(self, path: Path, says: str) -> None:
        self.mistakes.append(Mistake(self.document.line(path), f"{self.document.called(path)}: {says}"))


_LACKS: Final = 'lacks "{}": add it'
_LIST: Final = "must be a list: one entry per line, each with a dash before it"
_FIELDS: Final = "must have fields of its own, such as {name: …}"
_CUT: Final = (
    '"{}" is no field, but the rest of a number that a comma has cut: write the number without commas, as 25000'
)
_SAYS: Final = {
    "int_type": "must be a whole number, without quotes or commas",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false, without quotes",
    "string_type": "must be text: put it in quotes",
    "time_type": 'must be a time of day in quotes, such as "07:30"',
    "tuple_type": _LIST,
    "list_type": _LIST,
    "dict_type": _FIELDS,
    "mapping_type": _FIELDS,
    "model_type": _FIELDS,
}


def _strays(model: type[BaseModel], value: Any, path: Path) -> Iterator[tuple[Path, str | None]]:
    """Fields that the model does not know, each with the one of its fields that it looks like."""
    if isinstance(value, list):
        for n, each in enumerate(value):
            yield from _strays(model, each, (*path, n))
    elif isinstance(value, dict):
        fields = {known.alias or name: known.annotation for name, known in model.model_fields.items()}
        for name, inside in value.items():
            if name in fields:
                for inner in (fields[name], *get_args(fields[name])):
                    if isinstance(inner, type) and issubclass(inner, Entry):
                        yield from _strays(inner, inside, (*path, name))
            elif name not in getattr(model, "keeps", ()):
                yield (*path, name), _like(name, fields)


def _is_digits(name: str) -> bool:
    """Between braces YAML reads 25,000 as the number 25 and a field of the name 000."""
    return bool(re.fullmatch(r"[0-9][0-9.,_ ]*", name))


def _like(name: str, known: Iterable[str]) -> str | None:
    """The known name that this one is a slip of, if it looks like one."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.82)
    turned = [each for each in known if sorted(each) == sorted(name)]
    return next(iter([*close, *turned]), None)


@cache
def _process_words() -> frozenset[str]:
    parts: list[type[Part]] = [Process, *Part.__subclasses__()]
    return frozenset(known.alias or name for part in parts for name, known in part.model_fields.items())
