"""Plots of a node's last week as SVG: no script, no picture file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from agent.wire.presence import Health
from hub.registry.health import LastHealth
from hub.web.calendar import Calendar
from hub.web.i18n import Messages

LEFT, RIGHT, TOP, BOTTOM = 48.0, 610.0, 16.0, 116.0
"""Plot area in a drawing of 620 by 140."""
GAP_S: Final = 2700.0
"""Samples come every quarter of an hour: after three missing ones the line is broken."""
DAY_US: Final = 86_400_000_000
WEEK_US: Final = 7 * DAY_US

Sample = tuple[int, float]
"""Time (UTC, µs) and value."""


@dataclass(frozen=True, slots=True)
class WeekPlot:
    """One line over a week."""

    title: str
    path: str
    """SVG path; empty without samples."""
    top: str
    bottom: str
    """Values at its upper and lower edge."""
    days: tuple[tuple[float, str], ...]
    """Start of each day, and its date."""
    summary: str
    """The line described in text."""


def plots(history: Sequence[LastHealth], calendar: Calendar) -> list[WeekPlot]:
    """Temperature, frame rate, waiting events and disk, as far as reported."""
    say = calendar.words.say
    wanted: list[tuple[str, str, bool, Callable[[Health], float | None]]] = [
        (say("Temperature, °C"), "%.0f", False, lambda said: said.board.temperature_c),
        (say("Frames looked at each second, slowest camera"), "%.1f", True, _slowest),
        (say("Waiting at the box: events and files"), "%.0f", True, _waiting),
        (say("Disk free, GiB"), "%.1f", True, _disk),
    ]
    found = []
    for title, form, from_zero, measure in wanted:
        samples = [
            (one.received_utc_us, value)
            for one in history
            if (value := measure(one.said)) is not None
        ]
        if samples:
            found.append(_plot(title, samples, calendar, form=form, from_zero=from_zero))
    return found


def _plot(
    title: str, samples: Sequence[Sample], calendar: Calendar, *, form: str, from_zero: bool
) -> WeekPlot:
    until_us = calendar.now_utc_us
    values = [value for _, value in samples]
    low, high = (0.0 if from_zero else min(values)), max(values)
    if high - low < 1:
        low, high = (low if from_zero else low - 0.5), low + 1
    return WeekPlot(
        title=title,
        path=path(samples, from_us=until_us - WEEK_US, low=low, high=high),
        top=form % high,
        bottom=form % low,
        days=_days(calendar),
        summary=_summary(values, form, calendar.words),
    )


def path(samples: Sequence[Sample], *, from_us: int, low: float, high: float) -> str:
    """Samples of the week from `from_us` as an SVG path, broken where they are missing."""
    words: list[str] = []
    before_us: int | None = None
    for at_us, value in samples:
        share = (at_us - from_us) / WEEK_US
        if not 0 <= share <= 1:
            continue
        x = LEFT + share * (RIGHT - LEFT)
        y = BOTTOM - (value - low) / (high - low) * (BOTTOM - TOP)
        goes_on = before_us is not None and at_us - before_us <= GAP_S * 1_000_000
        words.append(f"{'L' if goes_on else 'M'}{x:.1f} {y:.1f}" + ("" if goes_on else "h.1"))
        before_us = at_us
    return "".join(words)


def _days(calendar: Calendar) -> tuple[tuple[float, str], ...]:
    began_us, from_us = calendar.today_began_utc_us(), calendar.now_utc_us - WEEK_US
    days = [began_us - back * DAY_US for back in range(7)]
    return tuple(
        (
            round(LEFT + (day - from_us) / WEEK_US * (RIGHT - LEFT), 1),
            f"{calendar.local(day):%d/%m}",
        )
        for day in days
        if day >= from_us
    )


def _summary(values: Sequence[float], form: str, words: Messages) -> str:
    told = {"low": form % min(values), "high": form % max(values), "last": form % values[-1]}
    return words.say("lowest %(low)s, highest %(high)s, last %(last)s") % told


def _slowest(said: Health) -> float | None:
    return min((one.frames_per_s for one in said.cameras), default=None)


def _waiting(said: Health) -> float | None:
    owing = said.owing
    return float(owing.alerts + owing.others + owing.again + owing.files)


def _disk(said: Health) -> float | None:
    free = said.board.disk_free_bytes
    return None if free is None else free / 2**30
