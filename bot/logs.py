"""Logging: JSON for machines or lines for people; no secrets, and no words of anybody."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

SECRETS: Final = re.compile(
    r"wss?://\S+|xox[a-z]-[\w-]+|xapp-[\w-]+|Bearer\s+\S+|eyJ[\w-]+\.[\w-]+\.[\w-]*|https://hooks\.slack\.com/\S+"
)


def without_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Masks tokens and one-time addresses, wherever they are in a log line."""
    return {name: SECRETS.sub("…", value) if isinstance(value, str) else value for name, value in event.items()}


def configure(form: str, *, quiet: bool = False) -> None:
    """Sets up logging for a process. `quiet`: only what needs somebody."""
    level = logging.WARNING if quiet else logging.INFO
    last: Any = structlog.dev.ConsoleRenderer() if form == "console" else structlog.processors.JSONRenderer()
    # A traceback without the values of variables: those may be people's words.
    at_last: list[Any] = [structlog.processors.format_exc_info, without_secrets, last]
    stamped: list[Any] = [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *stamped, *at_last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    others = logging.StreamHandler(sys.stderr)  # what libraries say, in the same form
    others.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *stamped],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *at_last],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[others])
    for noisy in ("slack_sdk", "slack_bolt", "aiohttp.access", "apscheduler"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
