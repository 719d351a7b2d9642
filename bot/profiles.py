"""What a platform says of somebody we do not know yet."""

from dataclasses import dataclass
from typing import Protocol

from handlers.request import Identity


@dataclass(frozen=True, slots=True)
class Profile:
    """Enough to welcome somebody as staff, or to refuse them politely."""

    name: str
    guest: bool = False
    foreign: bool = False
    """Of another workspace or organization."""
    bot: bool = False
    timezone: str | None = None
    locale: str | None = None
    directory_id: str = ""
    """Who they are in the directory of their organization."""
    email: str = ""
    """An address that the platform has verified; "" where it does not say."""


class Profiles(Protocol):
    async def look_up(self, identity: Identity) -> Profile | None:
        """Who this is; None when there is nobody (any more). Called outside any transaction.

        TryLaterError when the platform cannot say at the moment.
        """
        ...

    async def find(self, workspace_id: str, email: str) -> str | None:
        """The user with this verified address; None where there is none, or the platform does not tell.

        Called outside any transaction. TryLaterError when the platform cannot say at the moment.
        """
        ...
