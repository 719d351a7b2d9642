"""What the Teams room is set up with. Light to import: the room itself brings the SDK."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.teams.cloud import PUBLIC, Cloud

Windows = Sequence[tuple[int, float]]

PER_CONVERSATION: Final[Windows] = ((7, 1.0), (8, 2.0), (60, 30.0), (1800, 3600.0))
PER_TENANT: Final[Windows] = ((30, 1.0),)
"""How many in how many seconds, https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit"""


@dataclass(frozen=True, slots=True)
class TeamsRegistration:
    """One Azure bot of ours and the tenant that it is for."""

    app_id: str
    workspace_id: str
    """The tenant."""
    password: str = field(repr=False)
    service_url: str = ""
    """The connector of its region; learned from the first verified activity."""
    id: str = ""
    """The row it was read from."""

    @property
    def bot_id(self) -> str:
        """How Teams names the bot in a conversation."""
        return f"28:{self.app_id}"


@dataclass(frozen=True, slots=True)
class TeamsOptions:
    registrations: tuple[TeamsRegistration, ...] = ()
    cloud: Cloud = PUBLIC
    allowed_hosts: tuple[str, ...] = ()
    """Hosts beside Microsoft's own that may be given a token of ours: `host`, `host:port` or `*.domain`."""
    insecure_local: bool = False
    """Whether a local client without tokens is let in, while developing. Only for a server on a loopback address."""
    per_conversation: Windows = PER_CONVERSATION
    per_tenant: Windows = PER_TENANT
    timeout_s: float = 10.0
    """Of a call to Microsoft that nobody is waiting for."""

    def __bool__(self) -> bool:
        """Whether there is anything to listen for."""
        return bool(self.registrations) or self.insecure_local


THREAD: Final = ";messageid="
"""What stands between the conversation of a channel and the message whose thread of it is meant."""
