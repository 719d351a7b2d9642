"""What every command of the command line needs: to say, to fail with a sentence, to read the environment.

Exit 0: done, 1: found something, 2: you must mend your input.
"""

from pathlib import Path
from typing import Final, NoReturn

import typer

from bot import settings
from bot.settings import Settings

OK: Final = 0
FOUND: Final = 1
MEND: Final = 2


def say(line: str = "") -> None:
    typer.echo(line)


def fail(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise SystemExit(MEND)


def not_overwritten(file: Path, *, force: bool) -> None:
    """Fails where the file is there already; "-" is the standard output."""
    if str(file) != "-" and file.exists() and not force:
        fail(f"{file} is there already, and nothing is overwritten without --force.")


def read_settings(*, keys: bool = True) -> Settings:
    """The environment's settings; warns of misspelt names, and fails where a key is needed and there is none."""
    found = settings.read()
    for name in settings.unknown_names():
        typer.echo(f"Warning: {name} means nothing to Clearway; is it misspelt?", err=True)
    if keys and not found.secret_keys:
        fail(
            "CLEARWAY_SECRET_KEYS is not set. If there is an .env file already: set -a; . ./.env; set +a. If not, run "
            "`clearway init`: it makes a key and an .env file to start from."
        )
    return found
