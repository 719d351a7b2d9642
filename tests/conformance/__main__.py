"""Draws docs/capabilities.md from what the stories find: `python -m tests.conformance` runs them, and prints the page.

It exits with 1, and tells what failed, when a story finds something else than the table declares.
"""

import contextlib
import io
import sys
from pathlib import Path

import pytest

from storage.vocabulary import Platform

STORIES = Path(__file__).with_name("test_conformance.py")


class Findings:
    """What came of each story on each platform."""

    def __init__(self) -> None:
        self.as_declared: set[tuple[str, Platform]] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            told = dict(report.user_properties)
            self.as_declared.add((str(told["capability"]), Platform(str(told["platform"]))))


def main() -> int:
    findings, told = Findings(), io.StringIO()
    with contextlib.redirect_stdout(told):
        wanted = [str(STORIES), "-k", "test_a_person_can and not postgresql"]
        failed = pytest.main(["-q", "-n", "auto", "-p", "no:cacheprovider", *wanted], plugins=[findings])

    from tests.conformance.capabilities import declared, is_gap, page  # not before pytest, which rewrites what asserts

    if failed or findings.as_declared != declared().keys():
        print(told.getvalue(), file=sys.stderr)  # noqa: T201
        return 1
    print(page({each: not is_gap(*each) for each in findings.as_declared}), end="")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
