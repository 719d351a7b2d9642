"""Opens the store of one district for whoever holds a transaction: the gateway, the loops, the command line."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import lru_cache, partial
from math import inf
from typing import Final

from storage import people, registrations
from storage.database import Database
from storage.sealing import Seal
from storage.store import Came, Store
from storage.vocabulary import DistrictId, Door

A_MOMENT_S: Final = 2.0  # so old may be what a form or a help card is made of: its people, its types


class Districts:
    """All districts of this server; each is opened by its id, and what is opened sees no other."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self.database = database
        self.seal = seal
        self.public_url = ""
        """Where this server is reached from outside; empty where nobody has said so."""
        self._open_key = lru_cache(people.DISTRICTS_CACHED)(partial(people.open_ledger_key, seal))
        self.forget()

    def forget(self) -> None:
        """What was cached is of a database that is no more (the practice workspace starts over)."""
        self._cache = people.DirectoryCache()
        self._seen: dict[DistrictId, float] = {}

    def recall(self, district_id: DistrictId, came: Came) -> Store | None:
        """The district as some transaction saw it a moment ago; None where none has. It cannot ask the database."""
        directory = self._cache.peek(district_id)
        if directory is None or _time() - self._seen.get(district_id, -inf) > A_MOMENT_S:
            return None
        return Store(None, directory, b"", None, came, self.seal, self.public_url)

    @asynccontextmanager
    async def open(
        self,
        district_id: DistrictId,
        came: Came,
        *,
        write: bool = False,
    ) -> AsyncIterator[Store]:
        """A store in a transaction of its own, committed when the block ends. A writer flushes before that.

        Raises storage.people.UnknownDistrictError.
        """
        async with self.database.district(district_id, write=write) as connection:
            at = _time()
            head = await people.revision_and_ledger(connection, district_id, lock=write)
            directory, sealed = await self._cache.get(connection, district_id, head.revision)
            self._seen[district_id] = at
            key = self._open_key(sealed, district_id)
            locked = head.ledger if write else None
            yield Store(connection, directory, key, locked, came, self.seal, self.public_url)
        if write:  # perhaps of people, or of the process
            self._seen.pop(district_id, None)

    async def names(self, district_ids: Iterable[DistrictId]) -> dict[DistrictId, str]:
        """What people call these districts."""
        names = {}
        for each in district_ids:
            async with self.open(each, Came(Door.OPERATOR)) as store:
                names[each] = store.directory.name
        return names

    async def check_keys(self) -> None:
        """Raises UnsealError where the keys do not open what is there: ask before anything is sealed anew."""
        async with self.database.queue(write=False) as connection:
            ids = await registrations.district_ids(connection)
        for district_id in ids[:1]:
            async with self.open(district_id, Came(Door.OPERATOR)):
                pass


def _time() -> float:
    return asyncio.get_running_loop().time()
