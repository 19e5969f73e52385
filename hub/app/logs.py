"""Output and format of log lines; lines of libraries get the same format."""

import logging
import sys
from typing import Any

import structlog

from hub.app.config import LogSection


def set_up(settings: LogSection) -> None:
    """Write the log to stderr: for people on a terminal, as JSON lines elsewhere."""
    is_for_people = sys.stderr.isatty()
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Not the variables of each call: they may hold secrets.
    plain = structlog.dev.plain_traceback
    renderer: Any = structlog.dev.ConsoleRenderer(exception_formatter=plain)
    if not is_for_people:
        shared.append(structlog.processors.format_exc_info)
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=True)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _dress_libraries(level, shared, renderer)


def _dress_libraries(level: int, shared: list[Any], renderer: Any) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    # Libraries report each request or statement at "info"; the hub says what matters itself.
    root.setLevel(max(level, logging.WARNING))
