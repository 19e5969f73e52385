"""Hours as a technician writes them, and their time zone."""

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator

from agent.vision.hours import Hours


def _readable(texts: tuple[str, ...]) -> tuple[str, ...]:
    Hours.parse(texts)
    return texts


def hours(texts: tuple[str, ...]) -> Hours | None:
    """The parsed hours; None if `texts` is empty."""
    return Hours.parse(texts) if texts else None


def _known(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"no time zone is called {name!r}: write Asia/Ho_Chi_Minh") from error
    return name


HourTexts = Annotated[tuple[str, ...], AfterValidator(_readable)]
"""Spans of the week such as "mon-fri 22:00-05:00"."""
ZoneName = Annotated[str, AfterValidator(_known)]
"""A time zone of the IANA database."""
