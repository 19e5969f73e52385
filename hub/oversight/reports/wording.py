"""Report as text and plots, for page, file and table."""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.alerting.alerts.wording import cause_word
from hub.oversight.reports.rules import Figures, Report, Times
from hub.oversight.reports.spans import ReportSpan
from hub.web.i18n import Messages

BAR_TOP, BAR_BOTTOM, LEFT, RIGHT = 16, 150, 48, 610


@dataclass(frozen=True, slots=True)
class Tile:
    """One number, its value a week before, and the change."""

    name: str
    value: str
    before: str
    change: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One slot of a plot, in its units: bar of this span and of the one before."""

    label: str
    x: float
    width: float
    now: int
    now_y: float
    before: int
    before_y: float
    has_label: bool


@dataclass(frozen=True, slots=True)
class BarPlot:
    """Bars by hour or day, with the value at the top of the scale."""

    bars: tuple[Bar, ...]
    top: int


def duration(span_s: float, words: Messages) -> str:
    """`45 s`, `3 min 20 s`, `2 h 05 min`, in the reader's language."""
    whole = round(span_s)
    if whole < 60:
        return words.say("%(s)d s") % {"s": whole}
    if whole < 3600:
        return words.say("%(m)d min %(s)02d s") % {"m": whole // 60, "s": whole % 60}
    return words.say("%(h)d h %(m)02d min") % {"h": whole // 3600, "m": whole % 3600 // 60}


def took(found: Times | None, words: Messages) -> str:
    """The median, and the limit of nine in ten."""
    if found is None:
        return "–"
    told = {
        "median": duration(found.median_s, words),
        "most": duration(found.nine_in_ten_s, words),
    }
    return words.say("%(median)s (nine in ten: %(most)s)") % told


def tiles(report: Report, words: Messages) -> tuple[Tile, ...]:
    """Numbers of a span, each beside the week before."""
    now, before = report.now, report.before
    say = words.say
    return (
        _counted(say("Alerts"), now.alerts, before.alerts, words),
        _counted(say("Nobody answered"), now.unanswered, before.unanswered, words),
        _timed(say("Time to acknowledge"), now.answer, before.answer, words),
        _timed(say("Time to arrive"), now.arrival, before.arrival, words),
        _counted(say("False alarms"), now.false_alarms, before.false_alarms, words),
        Tile(
            say("Cameras without a picture"),
            duration(now.dark_s, words),
            duration(before.dark_s, words),
            _change(now.dark_s, before.dark_s, words),
        ),
    )


def _counted(name: str, now: int, before: int, words: Messages) -> Tile:
    return Tile(name, str(now), str(before), _change(now, before, words))


def _timed(name: str, now: Times | None, before: Times | None, words: Messages) -> Tile:
    change = "" if now is None or before is None else _change(now.median_s, before.median_s, words)
    return Tile(name, took(now, words), took(before, words), change)


def _change(now: float, before: float, words: Messages) -> str:
    """As text with a percentage; empty without a value to compare."""
    if now == before:
        return words.say("as the week before")
    if before == 0:
        return ""
    share = round(abs(now - before) / before * 100)
    more, less = words.say("%(n)d %% more"), words.say("%(n)d %% less")
    return (more if now > before else less) % {"n": share}


def slot_labels(bounds: ReportSpan, words: Messages) -> tuple[str, ...]:
    """Hours of a day, or days of a week."""
    if bounds.span == "day":
        return tuple(f"{hour:02d}" for hour in range(len(bounds.slots) - 1))
    days = [words.say("Mon"), words.say("Tue"), words.say("Wed"), words.say("Thu")]
    return (*days, words.say("Fri"), words.say("Sat"), words.say("Sun"))


def plot(now: Figures, before: Figures, labels: Sequence[str]) -> BarPlot:
    """Positions of the bars; the top of the scale is a round number above the highest."""
    pairs = list(zip(now.slots, (*before.slots, *([0] * len(now.slots))), strict=False))
    top = _round_up(max([1, *(max(pair) for pair in pairs)]))
    step = (RIGHT - LEFT) / max(1, len(pairs))
    every = 1 if len(pairs) <= 8 else 3

    def y(n: int) -> float:
        return round(BAR_BOTTOM - (BAR_BOTTOM - BAR_TOP) * n / top, 1)

    return BarPlot(
        tuple(
            Bar(
                label=labels[number] if number < len(labels) else "",
                x=round(LEFT + number * step, 1),
                width=round(step, 1),
                now=here,
                now_y=y(here),
                before=then,
                before_y=y(then),
                has_label=number % every == 0,
            )
            for number, (here, then) in enumerate(pairs)
        ),
        top,
    )


def _round_up(n: int) -> int:
    scale = 1
    while n > 10 * scale:
        scale *= 10
    return next(step * scale for step in (1, 2, 5, 10) if step * scale >= n)


def causes(found: Sequence[tuple[str | None, int]], words: Messages) -> str:
    """`con vật 3 · chưa rõ 1`."""
    unknown = words.say("not known")
    return " · ".join(
        f"{unknown if cause is None else cause_word(cause, words)} {n}" for cause, n in found
    )


def rows(report: Report, words: Messages) -> list[list[str]]:
    """The whole report as one long table of plain numbers; spans are in seconds."""
    say = words.say
    found = [
        [say("Part"), say("Figure"), say("Place"), say("Value"), say("Unit"), say("Week before")]
    ]
    for name, now, before in _numbers(report, words):
        found.append([say("All"), name, "", now[0], now[1], before])
    for area in report.areas:
        found.append([say("Area"), say("Alerts"), area.place, str(area.alerts), "", ""])
        found.append([say("Area"), say("False alarms"), area.place, str(area.false_alarms), "", ""])
        if area.answer is not None:
            median = f"{area.answer.median_s:.0f}"
            found.append([say("Area"), say("Time to acknowledge"), area.place, median, "s", ""])
        dark = f"{area.dark_s:.0f}"
        found.append([say("Area"), say("Cameras without a picture"), area.place, dark, "s", ""])
    for line in report.false_alarms:
        for cause, n in line.causes:
            what = f"{line.label}: {causes([(cause, n)], words).rpartition(' ')[0]}"
            found.append([say("False alarms"), what, line.place, str(n), "", ""])
    for part, lines in ((say("Cameras"), report.cameras), (say("Camera boxes"), report.nodes)):
        for one in lines:
            found.append([part, one.label, one.place, f"{one.dark_s:.0f}", "s", ""])
    return [[harmless(cell) for cell in row] for row in found]


def _numbers(report: Report, words: Messages) -> list[tuple[str, tuple[str, str], str]]:
    now, before, say = report.now, report.before, words.say

    def median(found: Times | None) -> str:
        return "" if found is None else f"{found.median_s:.0f}"

    return [
        (say("Alerts"), (str(now.alerts), ""), str(before.alerts)),
        (say("Nobody answered"), (str(now.unanswered), ""), str(before.unanswered)),
        (say("Time to acknowledge"), (median(now.answer), "s"), median(before.answer)),
        (say("Time to arrive"), (median(now.arrival), "s"), median(before.arrival)),
        (say("False alarms"), (str(now.false_alarms), ""), str(before.false_alarms)),
        (
            say("Cameras without a picture"),
            (f"{now.dark_s:.0f}", "s"),
            f"{before.dark_s:.0f}",
        ),
    ]


def harmless(cell: str) -> str:
    """A cell that a spreadsheet would run as a formula becomes text: camera names come from
    nodes."""
    is_formula = cell.lstrip().startswith(("=", "+", "-", "@")) or cell.startswith(("\t", "\r"))
    return f"'{cell}" if is_formula else cell
