"""The stories stand in modules of their own: what fails in them is told as fully as in a test."""

import pytest

pytest.register_assert_rewrite(
    *(f"tests.conformance.{name}" for name in ("asking", "confirming", "owning", "raising", "watching"))
)
