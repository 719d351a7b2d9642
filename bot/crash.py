"""Named points at which a test kills the process, to prove that nothing acknowledged is lost and nothing is done twice.

`CLEARWAY_CRASH_AT` names one; without it `at` does nothing.
"""

import os
from typing import Final

POINTS: Final = (
    "request: before commit",
    "request: after commit",
    "timer: before commit",
    "timer: after commit",
    "outbox: before send",
    "outbox: after send",
    "outbox: before mark",
    "outbox: after mark",
    "card: before edit",
    "card: after edit",
)

_AT: Final = os.environ.get("CLEARWAY_CRASH_AT", "")


def at(point: str) -> None:
    """Ends the process on the spot, as a pulled plug would, if this is the point that was named."""
    if point == _AT:
        os._exit(137)
