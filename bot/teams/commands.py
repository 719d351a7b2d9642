"""`clearway teams …`: the app package, and the registrations of this server."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from getpass import getpass
from importlib.metadata import version as installed
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.districts import Districts
from bot.settings import Settings
from bot.teams import credentials
from bot.teams import package as packages
from bot.teams.package import PackageError
from bot.terminal import fail, not_overwritten, read_settings, say
from scheduling.clock import SystemClock
from storage import registrations as stored
from storage import schema
from storage.database import Database
from storage.models import Registration
from storage.sealing import Seal
from storage.vocabulary import DistrictId, Platform

Result = TypeVar("Result")

teams_app = typer.Typer(help="Microsoft Teams: the app package, and the registrations.", no_args_is_help=True)

AN_APP_ID: Final = "Its Microsoft App ID, which Azure also calls Application (client) ID."
AGAIN: Final = "A Clearway that is running takes notice when it is started again."
MAX_SECRET: Final = 500


# --------------------------------------------------------------------------------------------------------- the package


@teams_app.command()
def package(
    app_id: Annotated[str, typer.Option(help=AN_APP_ID)],
    host: Annotated[str, typer.Option(help="The server's name, as Teams reaches it: clearway.example.org.")],
    name: Annotated[str, typer.Option(help="What people see the app called; up to 30 characters.")] = "Clearway",
    out: Annotated[Path, typer.Option(help="Where the zip is written.")] = Path("clearway-teams.zip"),
    app_version: Annotated[str, typer.Option(help="Three numbers with dots. Without it, Clearway's version.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Overwrite the zip if it is there.")] = False,
) -> None:
    """Writes the Teams app of one registration: the zip that goes into the Teams admin center."""
    version = app_version or packages.version_for_teams(installed("clearway"))
    try:
        made = packages.app(app_id, host, name, version)
    except PackageError as error:
        fail(str(error))
    _may_be_written(out, force=force)
    fresh = out.with_name(f".{out.name}.new")  # an older package stays whole until the new one is
    fresh.write_bytes(packages.package(made))
    fresh.replace(out)
    say(f"{out} is written: “{made.name}”, version {made.version}, for {made.host}.")
    say("Upload it in the Teams admin center, under Teams apps, Manage apps. docs/teams.md has every step.")
    say(f"The messaging endpoint of the bot in Azure has to be https://{made.host}{packages.MESSAGES_PATH}")


def _may_be_written(out: Path, *, force: bool) -> None:
    if out.suffix.lower() != ".zip" or out.is_dir():
        fail(f"--out: {out} is no name for a zip. Give one that ends in .zip.")
    if not out.parent.is_dir():
        fail(f"--out: there is no folder {out.parent}.")
    not_overwritten(out, force=force)


# --------------------------------------------------------------------------------------------------- the registrations


class RegistrationError(Exception):
    """It cannot be done; the sentence says what can."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A registration without its secret, and the districts that admit its tenant."""

    app_id: str
    tenant: str
    districts: list[DistrictId]
    since: str
    from_environment: bool


@teams_app.command()
def register(
    app_id: Annotated[str, typer.Option(help=AN_APP_ID)],
    tenant: Annotated[str, typer.Option(help="The id of its tenant, which Azure calls Directory (tenant) ID.")],
    secret_file: Annotated[
        str, typer.Option(help="The file with its client secret; - for the standard input. Without it you are asked.")
    ] = "",
) -> None:
    """Stores a registration, its client secret encrypted. Given again, it replaces the secret."""
    found = read_settings()
    app_id, tenant = _checked(packages.an_app_id, app_id), _checked(packages.a_tenant, tenant)
    if app_id == tenant:
        fail("--tenant: this is the app id once more. Azure shows the tenant's id beside it.")
    secret = _secret(secret_file)
    schema.upgrade(found.database_url)
    new = _done(_register(found, app_id, tenant, secret))
    say(f"{'Registered' if new else 'The secret is replaced'}: app {app_id} of tenant {tenant}. It is kept encrypted.")
    if not next(each.districts for each in _done(_listed(found)) if each.app_id == app_id):
        say("No district names this tenant yet: put it into the district's file, and import that. See docs/teams.md.")
    say(AGAIN)


@teams_app.command()
def registrations(as_json: Annotated[bool, typer.Option("--json", help="For a machine.")] = False) -> None:
    """Lists the registrations of this server by their ids, and the districts that admit each one's tenant."""
    rows = _done(_listed(read_settings(keys=False)))
    if as_json:
        say(json.dumps([asdict(each) for each in rows]))
    elif not rows:
        say("No Teams app is registered. `clearway teams register` does it; docs/teams.md has every step.")
    else:
        for each in rows:
            districts = ", ".join(each.districts) or "no district names this tenant"
            follows = "; follows the environment" if each.from_environment else ""
            say(f"app {each.app_id}, tenant {each.tenant}, since {each.since}: {districts}{follows}")


@teams_app.command()
def unregister(app_id: Annotated[str, typer.Option(help=AN_APP_ID)]) -> None:
    """Forgets a registration and its secret. What was reported by it stays."""
    found = read_settings(keys=False)
    app_id = _checked(packages.an_app_id, app_id)
    _done(_unregister(found, app_id))
    say(f"Forgotten: app {app_id} and its secret.")
    say(AGAIN)


def _done(work: Coroutine[Any, Any, Result]) -> Result:
    try:
        return asyncio.run(work)
    except RegistrationError as error:
        fail(str(error))


async def _register(found: Settings, app_id: str, tenant: str, secret: str) -> bool:
    """Whether it is a new one. Raises RegistrationError, and UnsealError where the keys are not those of before."""
    seal = Seal(found.keys)
    async with _database(found) as database:
        await Districts(database, seal).check_keys()
        sealed = seal.seal({"password": secret}, purpose="registration")
        async with database.queue() as connection:
            there = await _of(connection, app_id)
            if there is None:
                now = SystemClock().now()
                new = Registration(
                    platform=Platform.TEAMS, app_id=app_id, workspace_id=tenant, secrets=sealed, created_at=now
                )
                await stored.insert_registration(connection, new)
                return True
            _require_ours(found, there)
            if there.workspace_id.lower() != tenant:
                raise RegistrationError(
                    f"This app is registered for tenant {there.workspace_id}, and an app belongs to one tenant. If that "
                    f"was a mistake: clearway teams unregister --app-id {app_id}, then register it anew."
                )
            await stored.update_registration(connection, there.id, secrets=sealed, seeded=False)
            return False


async def _unregister(found: Settings, app_id: str) -> None:
    async with _database(found) as database, database.queue() as connection:
        there = await _of(connection, app_id)
        if there is None:
            raise RegistrationError(f"There is no app {app_id}. `clearway teams registrations` lists those there are.")
        _require_ours(found, there)
        await stored.delete_registration(connection, there.id)


async def _listed(found: Settings) -> list[Listed]:
    async with _database(found) as database, database.queue(write=False) as connection:
        return [
            Listed(
                each.app_id,
                each.workspace_id,
                await stored.admitted(connection, Platform.TEAMS, each.workspace_id),
                each.created_at.date().isoformat(),
                each.seeded,
            )
            for each in await stored.registrations(connection, Platform.TEAMS)
        ]


async def _of(connection: AsyncConnection, app_id: str) -> Registration | None:
    rows = await stored.registrations(connection, Platform.TEAMS)
    return next((each for each in rows if each.app_id.lower() == app_id), None)


def _require_ours(found: Settings, row: Registration) -> None:
    """What the environment names is set anew from there at each start: it is changed there."""
    if row.seeded and found.microsoft_app_id.lower() == row.app_id.lower():
        raise RegistrationError(
            "This registration follows the environment. Change MICROSOFT_APP_PASSWORD there, or take MICROSOFT_APP_ID, "
            "MICROSOFT_APP_PASSWORD and MICROSOFT_APP_TENANT_ID out of it first."
        )


@asynccontextmanager
async def _database(found: Settings) -> AsyncIterator[Database]:
    database = Database(found.database_url)
    try:
        yield database
    finally:
        await database.close()


def _checked(check: Callable[[str], str], value: str) -> str:
    try:
        return check(value)
    except PackageError as error:
        fail(str(error))


# ---------------------------------------------------------------------------------------------------------- the secret


def _secret(file: str) -> str:
    """From a file, the standard input, or a question that does not show it: never from the command line."""
    if file == "-":
        given = sys.stdin.read()
    elif file:
        given = _read(Path(file))
    elif sys.stdin.isatty():
        given = getpass("The client secret (it is not shown): ")
    else:
        fail("Give the client secret with --secret-file: the name of a file, or - for the standard input.")
    secret = given.strip()
    if not secret:
        fail("The client secret is empty.")
    wrong = credentials.wrong_with(credentials.PASSWORD, secret)
    if wrong or len(secret) > MAX_SECRET:
        fail(f"The client secret {wrong or 'is far too long: put nothing else into the file'}.")
    return secret


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        fail(f"{file} is not a text file. Put nothing but the client secret into it, as UTF-8.")
