"""Several of our Teams apps may be set up in one tenant, and somebody may have only one of them: by which to reach them."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from bot.teams.connector import Connector
from bot.transport import UndeliverableError

Result = TypeVar("Result")

REMEMBERED: Final = 20_000
OF_STRANGERS: Final = frozenset({"BadArgument", "BotNotInConversationRoster", "ConversationNotFound"})
"""How an app is refused that never was in the conversation. What another one is told says more: blocked, or deleted."""


class Ways:
    """The connectors of a tenant, in the order in which to try them: the one that worked last comes first."""

    def __init__(self, of: Callable[[str], Sequence[Connector]]) -> None:
        """`of`: all the connectors of a tenant; none where we are not set up."""
        self._of = of
        self._worked: OrderedDict[tuple[str, str], Connector] = OrderedDict()

    def worked(self, connector: Connector, workspace_id: str, *known: str) -> None:
        """People or conversations that were reached, or heard, by this one. It is not kept over a restart."""
        for each in known:
            self._worked[workspace_id, each] = connector
            self._worked.move_to_end((workspace_id, each))
        while len(self._worked) > REMEMBERED:
            self._worked.popitem(last=False)

    async def go(self, workspace_id: str, known: Sequence[str], by: Callable[[Connector], Awaitable[Result]]) -> Result:
        """What came of the first one that is not refused for good.

        UndeliverableError where each is. Any other error ends it: it may pass, or the thing may have been done.
        """
        refusals: list[UndeliverableError] = []
        for connector in self._in_turn(workspace_id, known):
            try:
                return await by(connector)
            except UndeliverableError as refused:
                refusals.append(refused)
        if not refusals:
            raise UndeliverableError("not_installed")
        raise min(refusals, key=lambda refused: refused.reason in OF_STRANGERS)

    def _in_turn(self, workspace_id: str, known: Sequence[str]) -> list[Connector]:
        worked = [self._worked.get((workspace_id, each)) for each in known]
        first = next((each for each in worked if each is not None), None)
        return sorted(self._of(workspace_id), key=lambda each: each is not first)
