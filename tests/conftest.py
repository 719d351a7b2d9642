"""What every test may ask for: a database of either kind, and a browser where there is one."""

import gc
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings

from bot import logs
from storage import schema
from storage.database import Database
from tests.databases import Postgres, TestRun

# How fast an example runs says how busy the machine is, and nothing about the code.
settings.register_profile("clearway", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("clearway")

# As a server logs. Left alone, structlog colours a traceback and the value of every variable in it, for seconds.
logs.configure("console")

RUN: Final = pytest.StashKey[TestRun]()
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
A_BROWSER_EACH: Final = ("tests/bot/test_console_browser.py", "tests/bot/test_teams_browser.py")
NO_BROWSER: Final = (
    f"The browser tests were NOT run: none of {', '.join(BROWSERS)} was found. "
    'Install one ("apt-get install chromium" on Debian, as root; elsewhere Google Chrome) and run again.'
)


def pytest_collection_finish() -> None:
    """What was read stays until the end, and is not looked through for garbage again and again: a twentieth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


# -- one PostgreSQL for all processes of the run ---------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    config.stash[RUN] = TestRun()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """pytest-xdist is about to start a worker: it gets the PostgreSQL of this process, or the reason for none."""
    found = node.config.stash[RUN].postgres
    node.workerinput["postgres"] = found if isinstance(found, str) else asdict(found)


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[RUN].close()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Whoever is free takes the next test; those that share something dear are taken together, and first."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return taken_with(nodeid)

    return Scheduling(config, log)


def taken_with(nodeid: str) -> str:
    """What the tests have in common that one worker takes: a browser, what was begun on one database, or a quick file."""
    file, _, name = nodeid.partition("::")
    if file == "tests/crash/test_crash.py":
        return f"{file} on {name.partition('[')[2].partition('-')[0]}"
    return file if file in A_BROWSER_EACH or file.startswith("tests/rules/") else nodeid


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> Postgres:
    """The server; a test that needs it fails where there is none."""
    if hasattr(pytestconfig, "workerinput"):
        found = pytestconfig.workerinput["postgres"]
        found = found if isinstance(found, str) else Postgres(**found)
    else:
        found = pytestconfig.stash[RUN].postgres
    if isinstance(found, str):
        pytest.fail(found, pytrace=False)
    return found


# -- databases -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "migrated.db"
    schema.upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, sqlite_template: Path) -> Iterator[str]:
    """A migrated, empty database, of each kind in turn. On PostgreSQL its role is a plain one.

    It is the same address each time, but another database.
    """
    if request.param == "sqlite":
        file = sqlite_template.with_name("clearway.db")
        yield f"sqlite:///{shutil.copy(sqlite_template, file)}"
        for each in file.parent.glob(f"{file.name}*"):  # and what SQLite keeps beside it
            each.unlink()
    else:
        with request.getfixturevalue("postgres").copy(os.environ.get("PYTEST_XDIST_WORKER", "alone")) as url:
            yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def blank_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table, of each kind in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'blank.db'}"
    else:
        with request.getfixturevalue("postgres").database(template=None) as url:
            yield url


@pytest.fixture(scope="session")
def databases() -> dict[str, Database]:
    """By address. A statement that one test has used is not compiled again for the next one."""
    return {}


@pytest.fixture
async def database(database_url: str, databases: dict[str, Database]) -> AsyncIterator[Database]:
    if database_url not in databases:
        databases[database_url] = Database(database_url)
    database = databases[database_url]
    yield database
    await database.close()


# -- the browser -----------------------------------------------------------------------------------------------------


def find_chromium() -> str | None:
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The machine's Chromium; a test that needs it is skipped where there is none, and the last lines say so."""
    path = find_chromium()
    if path is None:
        pytest.skip(NO_BROWSER)
    return path


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if find_chromium() is None:
        terminalreporter.write_line(NO_BROWSER, yellow=True, bold=True)
