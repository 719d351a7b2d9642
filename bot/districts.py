"""Opens the store of one district for whoever holds a transaction: the gateway, the loops, the command line."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from storage import people
from storage.database import Database
from storage.sealing import Seal
from storage.store import Came, Store
from storage.vocabulary import DistrictId


class Districts:
    """All districts of this server; each is opened by its id, and what is opened sees no other."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self.database = database
        self.seal = seal
        self._cache = people.DirectoryCache()

    def forget(self) -> None:
        """What was cached is of a database that is no more (the practice workspace starts over)."""
        self._cache = people.DirectoryCache()

    @asynccontextmanager
    async def open(
        self,
        district_id: DistrictId,
        came: Came,
        *,
        write: bool = False,
        before_commit: Callable[[], None] | None = None,
    ) -> AsyncIterator[Store]:
        """A store in a transaction of its own, committed when the block ends. A writer flushes before that.

        Raises storage.people.UnknownDistrictError.
        """
        async with self.database.district(district_id, write=write) as connection:
            head = await people.revision_and_ledger(connection, district_id, lock=write)
            directory, sealed = await self._cache.get(connection, district_id, head.revision)
            key = people.open_ledger_key(self.seal, sealed, district_id)
            yield Store(connection, directory, key, head.ledger if write else None, came, self.seal)
            if before_commit:
                before_commit()
