"""The databases and the length of random lives."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from tests.databases import Postgres
from tests.lives.life import settle_in
from tests.lives.machine import NewDatabase

COMMON: Final = settings(deadline=None, suppress_health_check=list(HealthCheck), database=None, print_blob=True)
PROFILES: Final = {
    "ci": settings(COMMON, derandomize=True, max_examples=6, stateful_step_count=20),
    "thorough": settings(COMMON, max_examples=200, stateful_step_count=50),
}


@pytest.fixture(scope="session")
def lives() -> settings:
    """How many lives, and how long; HYPOTHESIS_PROFILE=thorough is for those who change what follows from what."""
    return PROFILES[os.environ.get("HYPOTHESIS_PROFILE", "ci")]


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewDatabase]:
    """Makes databases, of each kind in turn, into which both districts have settled."""
    if request.param == "sqlite":
        folder = tmp_path_factory.mktemp("lives")
        settled = folder / "settled.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), settled)
        asyncio.run(settle_in(f"sqlite:///{settled}"))

        @contextmanager
        def copy() -> Iterator[str]:
            file = folder / f"{uuid4().hex}.db"
            shutil.copy(settled, file)
            yield f"sqlite:///{file}"
            for each in folder.glob(f"{file.name}*"):
                each.unlink()

        yield copy
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        with postgres.copy() as settled_url:
            asyncio.run(settle_in(settled_url))
            name = Path(settled_url.split("?")[0]).name
            yield lambda: postgres.database(template=name)
