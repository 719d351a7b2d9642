"""`clearway run` in a process of its own."""

import asyncio
import os
import sys
from pathlib import Path

PATIENCE_S = 60  # of a busy machine


async def started(folder: Path, environment: dict[str, str]) -> asyncio.subprocess.Process:
    """On its way up, with these settings beside those of this process."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from bot.cli import main; main()", "run",
        cwd=folder, env=dict(os.environ) | environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip


async def stopped(server: asyncio.subprocess.Process) -> int | None:
    """What it returns once it is told to stop, having finished what was under way."""
    server.terminate()
    try:
        await asyncio.wait_for(server.communicate(), PATIENCE_S)
    except TimeoutError:
        server.kill()
        raise
    return server.returncode


async def until_it_listens(server: asyncio.subprocess.Process) -> list[bytes]:
    """The lines up to the one that says so."""
    assert server.stdout is not None
    lines = [await asyncio.wait_for(server.stdout.readline(), PATIENCE_S)]
    while lines[-1] and b"listens" not in lines[-1]:
        lines.append(await asyncio.wait_for(server.stdout.readline(), PATIENCE_S))
    return lines
