"""The parts of an activity. What is no activity is one kind of error, whatever is wrong with it."""

from collections.abc import Mapping, Sequence
from typing import Any

Payload = Mapping[str, Any]


class BrokenActivityError(ValueError):
    """This is not an activity as Teams sends them. The message names the part, and quotes nothing."""


def part(of: Any, name: str) -> Payload:
    """An object in it; an empty one where there is none."""
    found = of.get(name) if isinstance(of, Mapping) else None
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise BrokenActivityError(name)
    return found


def string(of: Any, name: str) -> str:
    found = of.get(name) if isinstance(of, Mapping) else None
    if found is None:
        return ""
    if not isinstance(found, str):
        raise BrokenActivityError(name)
    return found


def several(of: Payload, name: str) -> Sequence[Any]:
    found = of.get(name)
    if found is None:
        return ()
    if not isinstance(found, list | tuple):
        raise BrokenActivityError(name)
    return found


def needed(name: str, found: str) -> str:
    if not found:
        raise BrokenActivityError(name)
    return found
