"""On which platforms a story is told, and on which databases.

Each platform once, and each database: Slack on PostgreSQL, the others on the one that comes along. They share all but
the room, so of several stories about one thing the first is told in both chats and the others in one of them, in turn.
tests/conformance has the databases the other way round.
"""

from typing import Final

import pytest

_SLACK: Final = [("slack", "postgresql")]
_TEAMS: Final = [("teams", "sqlite")]
_CONSOLE: Final = [("console", "sqlite")]


def _on(*runs: tuple[str, str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("platform", "database_url"), runs, indirect=["database_url"])


ON_SLACK: Final = _on(*_SLACK)
ON_TEAMS: Final = _on(*_TEAMS)
ON_CONSOLE: Final = _on(*_CONSOLE)
IN_CHAT: Final = _on(*_SLACK, *_TEAMS)
EVERYWHERE: Final = _on(*_SLACK, *_TEAMS, *_CONSOLE)
