"""The command line: `clearway …`. Exit 0: done, 1: found something, 2: you must mend your input."""

import asyncio
import json
import os
import shlex
import signal
import sys
from collections.abc import Coroutine
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.exc import DBAPIError

from bot import astray, logs, practice, settings, wiring
from bot.districts import Districts
from bot.settings import Settings, SettingsError
from bot.slack.app import SlackStartError
from bot.teams.commands import teams_app
from bot.terminal import FOUND, MEND, OK, fail, not_overwritten, say
from bot.terminal import read_settings as _settings
from bot.wiring import Clearway
from handlers import audit as promises
from handlers import log as record
from handlers.district import check as checking
from handlers.district import exporter, importer, school_year
from handlers.district.notes import DistrictFileError
from scheduling.clock import SystemClock
from storage import registrations, schema
from storage.database import Database
from storage.sealing import Seal, UnsealError
from storage.store import Came
from storage.vocabulary import DistrictId, Door

app = typer.Typer(
    help="Clearway: what stands in the way of the work reaches somebody who can remove it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
district_app = typer.Typer(
    help="The district's file: its people, schools, calendar and written process.", no_args_is_help=True
)
db_app = typer.Typer(help="The database.", no_args_is_help=True)
log_app = typer.Typer(help="The log of challenges.", no_args_is_help=True)
app.add_typer(district_app, name="district")
app.add_typer(db_app, name="db")
app.add_typer(log_app, name="log")
app.add_typer(teams_app, name="teams")


def main() -> None:
    """The entry point: what the operator must mend is told in sentences, not as a traceback."""
    os.umask(0o077)  # a database, an export, a file of settings: what we make is for the user that we run as
    try:
        app()
    except (SettingsError, schema.NewerDatabaseError, SlackStartError, UnsealError) as error:
        fail(str(error))
    except DBAPIError as error:
        missing = "no such table" in str(error) or "does not exist" in str(error)
        fail(NOT_MADE if missing else f"The database did not answer: {error.orig}")
    except OSError as error:
        fail(f"{error.filename or 'This'}: {error.strerror or error}.")


NO_ADDRESS = "CLEARWAY_HOST: {host} is no address of this machine. 127.0.0.1 is for itself, 0.0.0.0 for all."
NOT_MADE = "The database is not made yet: run `clearway district import FILE` (or `clearway db upgrade`) first."


def _tell_version(wanted: bool) -> None:
    if wanted:
        say(f"Clearway {version('clearway')}")
        raise typer.Exit(OK)


@app.callback()
def clearway(
    _: Annotated[
        bool, typer.Option("--version", help="Which Clearway this is.", callback=_tell_version, is_eager=True)
    ] = False,
) -> None:
    """Clearway: what stands in the way of the work reaches somebody who can remove it."""


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


# ----------------------------------------------------------------------------------------------------------- serving


@app.command()
def run(
    only: Annotated[str, typer.Option(help="Only `web` (listens) or only `worker` (beats and sends).")] = "",
) -> None:
    """Listens to the platforms, follows up and delivers: the whole of Clearway, until it is stopped."""
    if only not in {"", "web", "worker"}:
        fail("--only takes `web` or `worker`.")
    found = _settings()
    logs.configure(found.log_format)
    schema.upgrade(found.database_url)
    _run(_serve(found, only))


async def _serve(found: Settings, only: str) -> None:
    database = Database(found.database_url)
    seal = Seal(found.keys)
    clock = SystemClock()
    await Districts(database, seal).check_keys()
    slack = await wiring.slack_registrations(database, seal, found, clock)
    teams = await wiring.teams_options(database, seal, found, clock)
    made = wiring.build(
        database,
        seal,
        clock=clock,
        slack=slack,
        slack_api_url=found.slack_api_url,
        teams=teams,
        public_url=found.public_url,
        mail=found.mail_server,
    )
    if not slack and not teams:
        typer.echo(
            "No platform is set up yet. Slack: set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET (or SLACK_APP_TOKEN). "
            "Teams: see docs/teams.md.",
            err=True,
        )
    await astray.warn_of_none(database)
    for tenant in sorted({each.workspace_id for each in teams.registrations}):
        await astray.warn_of_teams(database, tenant)
    web = made.web(beats=only != "web") if only != "worker" else None
    try:
        async with wiring.running(made, web, found.host, found.port, worker=only != "web") as port:
            say(f"Clearway listens on http://{found.host}:{port}" if web else "Clearway follows up and delivers")
            await _until_stopped()
    except wiring.CannotListenError as error:
        if error.no_such_host:
            fail(NO_ADDRESS.format(host=found.host))
        fail(
            f"Port {found.port} cannot be used ({error.why}). Is the practice workspace still open, or another Clearway? "
            "Stop it, or set CLEARWAY_PORT to another number."
        )


async def _until_stopped() -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stopped.set)
    await stopped.wait()
    for each in (signal.SIGINT, signal.SIGTERM):  # who asks again does not want to wait for what is under way
        loop.remove_signal_handler(each)


@app.command(name="practice")
def practice_command(
    port: Annotated[int, typer.Option(help="The port on this machine.", min=1, max=65535)] = 3000,
    database: Annotated[Path, typer.Option(help="Where the practice database is kept.")] = Path(
        ".clearway/practice.db"
    ),
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open a browser.")] = True,
) -> None:
    """The practice workspace in a browser: a fictional district, a movable clock, no account and no token."""
    logs.configure("console", quiet=True)
    try:
        _run(practice_server(port, database, open_browser=open_browser))
    except practice.NotFictionalError as error:
        fail(str(error))
    except wiring.CannotListenError as error:
        fail(
            f"Port {port} cannot be used ({error.why}). Is the practice workspace open already? Another port: "
            f"make run PORT={port + 1}, or clearway practice --port {port + 1}"
        )


async def practice_server(port: int, file: Path, *, open_browser: bool) -> None:
    async with practice.workspace(file, port) as address:
        say(f"The practice workspace is open: {address}")
        say("Everything in it is made up, and nothing leaves this machine. Stop it with Ctrl+C.")
        if open_browser:
            practice.show(address)
        await _until_stopped()


# --------------------------------------------------------------------------------------------------------- setting up


@app.command()
def init(
    file: Annotated[Path, typer.Option(help="Where the settings are written.")] = Path(".env"),
) -> None:
    """Makes a key and a file of settings to start from; changes nothing that is there."""
    load = f"set -a; . {shlex.quote(str(file.absolute()))}; set +a"
    if file.exists():
        fail(f"{file} is there already, and Clearway does not overwrite it. To use it: {load}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(INIT.format(key=Seal.new_key()))
    file.chmod(0o600)
    say(f"{file.absolute()} is written, readable by you alone. Keep a copy of CLEARWAY_SECRET_KEYS in a safe place:")
    say("without it, what is encrypted in the database cannot be read.")
    say("Next: fill in what Slack or Teams needs, and save the file. Then:")
    say(f"  {load}")
    say("  clearway check-config")
    say("  clearway district import FILE")
    say("  clearway run")


INIT = """\
# Clearway's settings. See docs/settings.md for each of them.
CLEARWAY_SECRET_KEYS={key}
CLEARWAY_DATABASE_URL=sqlite:///clearway.db
CLEARWAY_HOST=127.0.0.1
CLEARWAY_PORT=3000
CLEARWAY_PUBLIC_URL=

# Slack: your app's Bot User OAuth Token (xoxb-…), and either an app-level token (xapp-…, Socket Mode: no way in to
# this server is needed) or the signing secret (HTTP).
SLACK_BOT_TOKEN=
SLACK_APP_TOKEN=
SLACK_SIGNING_SECRET=

# Teams: your Azure bot's ids and client secret. docs/teams.md has every step.
MICROSOFT_APP_ID=
MICROSOFT_APP_TENANT_ID=
MICROSOFT_APP_PASSWORD=
"""


@app.command(name="check-config")
def check_config() -> None:
    """Reads the environment as `run` would, prints it with secrets masked, and says what must be mended."""
    found = _settings()
    for name, value in settings.shown(found):
        say(f"{name} = {value}")
    for verdict in settings.verdicts(found):
        say(verdict)
    revision = schema.current(found.database_url)
    where = settings.database_file(found)
    if not settings.is_address(found.host):
        fail(NO_ADDRESS.format(host=found.host))
    if where and not settings.can_write(where):
        fail(f"CLEARWAY_DATABASE_URL: {where} cannot be written there. Name another place, or let this user write it.")
    if revision == schema.head():
        _run(_opens(found))
    say(f"database: {'not made yet' if revision is None else 'revision ' + revision}" + (f", {where}" if where else ""))


async def _opens(found: Settings) -> None:
    """Raises UnsealError where the keys are not those that the database was written with."""
    database = Database(found.database_url)
    try:
        await Districts(database, Seal(found.keys)).check_keys()
    finally:
        await database.close()


@db_app.command()
def upgrade() -> None:
    """Brings the database to the form that this version knows."""
    found = _settings(keys=False)
    schema.upgrade(found.database_url)
    say(f"The database is at revision {schema.head()}.")


@db_app.command()
def current() -> None:
    """The revision of the database. Exit 1 when it is not the newest that this version knows."""
    revision = schema.current(_settings(keys=False).database_url)
    say(revision or "empty")
    raise typer.Exit(OK if revision == schema.head() else FOUND)


# ------------------------------------------------------------------------------------------------------ the district


@district_app.command(name="check")
def district_check(file: Path) -> None:
    """Reads a district file and names every mistake with its line and cure; findings are told apart. Changes nothing."""
    found = checking.check(_read(file), SystemClock().now())
    for each in found.mistakes:
        say(f"{file}:{each}")
    if found.mistakes:  # what else there is to note may only follow from them
        say("Please mend the lines above, and check again.")
        raise typer.Exit(MEND)
    for finding in found.findings:
        say(f"note: {finding}")
    say(f"{file} can be imported." if not found.findings else f"{file} can be imported; see the notes above.")


@district_app.command(name="import")
def district_import(
    file: Path,
    preview: Annotated[
        bool, typer.Option("--preview", help="Only show what would change; exit 1 if anything.")
    ] = False,
) -> None:
    """Takes a district file in, whole or not at all. The same file again changes nothing."""
    found = _settings()
    if not preview:
        schema.upgrade(found.database_url)
    elif schema.current(found.database_url) != schema.head():
        fail(
            "The database is not made, or of another version: there is nothing to compare with. Run: clearway db upgrade"
        )
    text = _read(file)

    async def work() -> importer.ImportResult:
        database = Database(found.database_url)
        try:
            return await importer.import_district(
                database, Seal(found.keys), text, now=SystemClock().now(), apply=not preview
            )
        finally:
            await database.close()

    try:
        result: importer.ImportResult = _run(work())
    except DistrictFileError as error:
        for each in error.mistakes:
            typer.echo(f"{file}:{each}", err=True)
        fail("Nothing was imported. Please mend the lines above.")
    for finding in result.findings:
        say(f"note: {finding}")
    for warning in result.warnings:
        say(f"warning: {warning}")
    made = f"{'made' if result.created else 'changed'}; process {result.in_force} is in force."
    say(f"{result.name}: {made if result.changed else 'nothing to change.'}")
    for what, counts in (("added", result.added), ("changed", result.updated), ("removed", result.removed)):
        if counts:
            say(f"  {what}: " + ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())))
    if result.left:
        say(f"  no longer in the file, and marked as having left: {', '.join(result.left)}")
    if result.draft:
        say(f"  the file's rules differ from those in force under the same version, {result.in_force}.")
        say(f"  They are kept as draft {result.draft}, and DO NOT take effect.")
        say("  The coordinator can submit it in chat (/clearway process), and an executive leader approves it there.")
        say("  Were they approved elsewhere, give them a version of their own, and import the file again. For example:")
        say()
        say(result.to_paste)
    if preview:
        say("Nothing is imported yet: this is what would be.")
        raise typer.Exit(FOUND if result.changed else OK)


@district_app.command(name="calendar")
def district_calendar(
    file: Annotated[Path, typer.Argument(help="An .ics file, or YAML as in the district's file.")],
    apply: Annotated[
        bool, typer.Option("--apply/--preview", help="Change it, or only show what would change.")
    ] = False,
    district: Annotated[str, typer.Option(help="The district's id; not needed where there is one.")] = "",
) -> None:
    """Takes in the school calendar that the district publishes. First shows what would change; exit 1 when anything would."""
    found = _settings()
    text = _read(file)

    async def work() -> school_year.Change:
        database = Database(found.database_url)
        try:
            district_id = await _which(database, district)
            return await school_year.take(
                database, Seal(found.keys), district_id, text, now=SystemClock().now(), apply=apply
            )
        finally:
            await database.close()

    try:
        change: school_year.Change = _run(work())
    except DistrictFileError as error:
        for each in error.mistakes:
            typer.echo(f"{file}:{each}", err=True)
        fail("Nothing was changed. Please mend the lines above.")
    for line in school_year.told(change, applied=apply):
        say(line)
    if change.any and not apply:
        say(f"Nothing is changed yet. To change it: clearway district calendar {shlex.quote(str(file))} --apply")
        raise typer.Exit(FOUND)


@district_app.command(name="export")
def district_export(
    file: Annotated[Path, typer.Argument(help="Where to write; - for the standard output.")],
    district: Annotated[str, typer.Option(help="The district's id; not needed where there is one.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it is there.")] = False,
) -> None:
    """Writes the district's file: importing it anew gives the same district."""
    not_overwritten(file, force=force)
    found = _settings()

    async def work() -> str:
        database = Database(found.database_url)
        try:
            return await exporter.export_district(database, await _which(database, district))
        finally:
            await database.close()

    _write(file, _run(work()))


def _write(file: Path, text: str, encoding: str = "utf-8") -> None:
    """To a file, or to the standard output where "-" is in its place."""
    if str(file) == "-":
        sys.stdout.write(text)
        return
    file.write_text(text, encoding=encoding, newline="")
    say(f"{file} is written.")


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}.")
    except UnicodeDecodeError:
        fail(f"{file} is not UTF-8 text. Save it as UTF-8 and try again.")


async def _which(database: Database, named: str) -> DistrictId:
    async with database.queue(write=False) as connection:
        ids = await registrations.district_ids(connection)
    if named:
        if named not in ids:
            fail(
                f"There is no district “{named}”. There is: {', '.join(ids) or 'none yet; import a district file first'}."
            )
        return DistrictId(named)
    if len(ids) != 1:
        fail(
            f"Please name the district: {', '.join(ids)}."
            if ids
            else "There is no district yet: import a district file first."
        )
    return ids[0]


# ----------------------------------------------------------------------------------------------------- the record


@app.command()
def audit(as_json: Annotated[bool, typer.Option("--json", help="For a machine.")] = False) -> None:
    """Checks every promise on the live database, history included. Exit 0, or one line for each breach and exit 1."""
    found = _settings()
    logs.configure(found.log_format)
    breaches = _run(_audit(found))
    if as_json:
        say(json.dumps([str(each) for each in breaches]))
    else:
        for each in breaches:
            say(str(each))
        if not breaches:
            say("Every promise holds.")
    raise typer.Exit(FOUND if breaches else OK)


async def _audit(found: Settings) -> list[promises.Breach]:
    made: Clearway = wiring.build(Database(found.database_url), Seal(found.keys))
    try:
        await made.districts.check_keys()
        return await promises_of(made)
    finally:
        await made.database.close()


async def promises_of(made: Clearway) -> list[promises.Breach]:
    """Every breach in every district, mended by nobody."""
    found = await made.loops.found(made.clock.now(), whole=True)
    return [each for theirs in found.values() for each in theirs]


@log_app.command(name="export")
def log_export(
    file: Annotated[Path, typer.Argument(help="Where to write; - for the standard output.")],
    form: Annotated[str, typer.Option("--format", help="`csv` or `json`.")] = "csv",
    district: Annotated[str, typer.Option(help="The district's id; not needed where there is one.")] = "",
    restricted: Annotated[bool, typer.Option(help="With restricted challenges.")] = False,
    actions: Annotated[
        bool, typer.Option("--actions", help="The action items of meetings in place of the challenges (CSV).")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it is there.")] = False,
) -> None:
    """Writes every entry of the log but restricted ones, for people without chat and for review."""
    not_overwritten(file, force=force)
    if form not in {"csv", "json"}:
        fail("--format takes `csv` or `json`.")
    if actions and form != "csv":
        fail("--actions is for a CSV file; a JSON file has both.")
    found = _settings()

    async def work() -> str:
        made = wiring.build(Database(found.database_url), Seal(found.keys))
        try:
            district_id = await _which(made.database, district)
            async with made.districts.open(district_id, Came(Door.OPERATOR)) as store:
                if actions:
                    return await record.export_actions(store, restricted_too=restricted)
                return await record.export_log(store, form, now=made.clock.now(), restricted_too=restricted)
        finally:
            await made.database.close()

    # Excel takes a CSV without this mark for one in the machine's own code page, and garbles every accent.
    _write(file, _run(work()), "utf-8-sig" if form == "csv" else "utf-8")
