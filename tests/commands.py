"""The command line in processes of their own, which need not read all of Python's modules again.

A server that has read them is forked for each command: what a command does, it does in a process with its own
environment, folder, output and exit code. That a fresh interpreter can start it, too, `tests/served.py` shows.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bot import cli

PATIENCE_S: Final = 180.0
FORKED: Final = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload([__name__])


def clearway(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`clearway …`, run in a folder, with none of our settings but those that are given."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(("CLEARWAY_", "SLACK_"))}
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process: Any = FORKED.Process(target=_run, args=(arguments, cwd, known | environment, out, err))
        process.start()
        process.join(PATIENCE_S)
        if process.is_alive():
            process.kill()
            raise subprocess.TimeoutExpired(["clearway", *arguments], PATIENCE_S)
        said = out.read_text("utf-8"), err.read_text("utf-8")
        return subprocess.CompletedProcess(["clearway", *arguments], process.exitcode, *said)


def _run(arguments: tuple[str, ...], cwd: Path, environment: Mapping[str, str], out: Path, err: Path) -> None:
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    for stream, file in ((sys.stdout, out), (sys.stderr, err)):
        stream.flush()
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), stream.fileno())
    sys.stdout, sys.stderr = open(1, "w", encoding="utf-8"), open(2, "w", encoding="utf-8")  # noqa: SIM115
    sys.argv = ["clearway", *arguments]
    code: Any = 0
    try:
        cli.main()
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1 if code else 0)
