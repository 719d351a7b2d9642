"""Messages that could not be committed: Teams may send each once more, and says not whether it will.

What somebody has been told is then true: a message whose author has heard that nothing was recorded is not taken after
all, however late it comes.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

REMEMBERED: Final = 1_000


class Untaken:
    def __init__(self) -> None:
        self._waiting: dict[str, tuple[asyncio.TimerHandle, Callable[[], None]]] = {}
        self._told: OrderedDict[str, None] = OrderedDict()

    def is_told(self, key: str) -> bool:
        """Whether its author knows that it was not taken."""
        return key in self._told

    def comes_again(self, key: str) -> bool:
        """Whether this is the delivery that was waited for; nobody is told while it is tried."""
        found = self._waiting.pop(key, None)
        if found:
            found[0].cancel()
        return found is not None

    def wait(self, key: str, tell: Callable[[], None], within_s: float) -> bool:
        """Waits for another delivery, and tells its author when none has come; False where one is waited for already."""
        if key in self._waiting:
            return False
        timer = asyncio.get_running_loop().call_later(within_s, self.tell, key, tell)
        self._waiting[key] = timer, tell
        return True

    def tell(self, key: str, tell: Callable[[], None]) -> None:
        """There is nothing more to wait for."""
        self.comes_again(key)
        self._told[key] = None
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        tell()

    def close(self) -> None:
        """Nothing comes any more: everybody who is not told yet is told now."""
        for key, (_, tell) in list(self._waiting.items()):
            self.tell(key, tell)
