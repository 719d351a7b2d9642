"""What a person can do with Clearway, each with a story that shows it, run unchanged on every platform.

`docs/capabilities.md` is drawn from what these stories found: `python -m tests.conformance`, or `make docs`.
"""
