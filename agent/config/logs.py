"""Structured logs on stderr: for people on a terminal, JSON lines elsewhere."""

import logging
import sys
from typing import Final

import structlog
from structlog.typing import Processor

from agent.config.sections import LogSection

_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def set_up_logs(section: LogSection) -> None:
    """Set up all logging of this process: lines from `section.level` up, to stderr."""
    # Not the variables of each call: they may hold secrets.
    plain = structlog.dev.plain_traceback
    shape: list[Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=plain)]
        if sys.stderr.isatty()
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *shape,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[section.level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
