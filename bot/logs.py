"""Logging: JSON for machines or lines for people; no secrets, and no words of anybody."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

SECRETS: Final = re.compile(
    r"xox[a-z]-[\w-]+|xapp-[\w-]+|Bearer\s+\S+|eyJ[\w-]+\.[\w-]+\.[\w-]*|https://hooks\.slack\.com/\S+"
)


def without_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Masks tokens and one-time addresses, wherever they are in a log line."""
    return {name: SECRETS.sub("…", value) if isinstance(value, str) else value for name, value in event.items()}


def configure(form: str, *, quiet: bool = False) -> None:
    """Sets up logging for a process. `quiet`: only what needs somebody."""
    level = logging.WARNING if quiet else logging.INFO
    last: Any = structlog.dev.ConsoleRenderer() if form == "console" else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # A traceback without the values of variables: those may be people's words.
            structlog.processors.format_exc_info,
            without_secrets,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    for noisy in ("slack_sdk", "slack_bolt", "aiohttp.access", "apscheduler"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
