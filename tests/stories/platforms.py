"""On which platforms a story is told, and on which databases.

Slack has both databases; the others have the one that comes along, and tests/conformance has Teams on the other. What a story finds on one of them it would find on all: they share all but the room.
"""

from typing import Final

import pytest

_SLACK: Final = [("slack", "sqlite"), ("slack", "postgresql")]
_TEAMS: Final = [("teams", "sqlite")]
_CONSOLE: Final = [("console", "sqlite")]


def _on(*runs: tuple[str, str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("platform", "database_url"), runs, indirect=["database_url"])


IN_CHAT: Final = _on(*_SLACK, *_TEAMS)
ONCE_EACH: Final = _on(("slack", "postgresql"), *_TEAMS)
"""For what takes long, and has smaller stories on all of them beside it."""
EVERYWHERE: Final = _on(*_SLACK, *_TEAMS, *_CONSOLE)
