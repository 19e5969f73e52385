"""Report as text and plots, for page, file, table and paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from hub.alerting.alerts.wording import cause_word
from hub.oversight.reports.rules import AreaLine, Figures, Report, Times
from hub.oversight.reports.spans import ReportSpan, Span
from hub.web.i18n import Messages

BAR_TOP, BAR_BOTTOM, LEFT, RIGHT = 16, 150, 48, 610
PLOT_WIDTH, PLOT_HEIGHT = 620, 176


@dataclass(frozen=True, slots=True)
class Tile:
    """One number, its value in the span for comparison, and the change."""

    name: str
    value: str
    before: str
    change: str
    figure: str
    """The value in short, to be read at a glance."""
    rest: str
    """Rest of the value's text; empty if there is none."""
    figure_before: str


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
    """`45 s`, `3 min 20 s`, `2 h 05 min`, `12 d 9 h`, in the reader's language."""
    whole = round(span_s)
    if whole < 60:
        return words.say("%(s)d s") % {"s": whole}
    if whole < 3600:
        return words.say("%(m)d min %(s)02d s") % {"m": whole // 60, "s": whole % 60}
    if whole < 172_800:
        return words.say("%(h)d h %(m)02d min") % {"h": whole // 3600, "m": whole % 3600 // 60}
    return words.say("%(d)d d %(h)d h") % {"d": whole // 86_400, "h": whole % 86_400 // 3600}


def took(found: Times | None, words: Messages) -> str:
    """Response time in words: the median, and the value that nine in ten do not exceed."""
    if found is None:
        return "–"
    told = {
        "median": duration(found.median_s, words),
        "most": duration(found.nine_in_ten_s, words),
    }
    return words.say("%(median)s (nine in ten: %(most)s)") % told


def dark(cameras: int, dark_s: float, words: Messages) -> str:
    """Outages in words, such as `3 cameras · 2 h 05 min`; the time is the sum over all cameras."""
    if not cameras:
        return "0"
    many = words.count("%(n)d camera", "%(n)d cameras", cameras) % {"n": cameras}
    return f"{many} · {duration(dark_s, words)}"


def heading(where: ReportSpan, words: Messages) -> str:
    """Heading of the report, such as `Report · Month 11/2026`."""
    named = f"{words.say('Report')} · {title(where.span, words)}"
    return f"{named} {where.first:%m/%Y}" if where.span == "month" else named


def title(span: Span, words: Messages) -> str:
    """Name of the span."""
    names = {"day": words.say("Day"), "week": words.say("Week"), "month": words.say("Month")}
    return names[span]


def before_words(span: Span, words: Messages) -> str:
    """Name of the span for comparison."""
    return words.say("month before") if span == "month" else words.say("week before")


def dates(bounds: ReportSpan, seen_until: date, words: Messages) -> str:
    """The days of the report and those for comparison; of a month that is not over, until now."""
    other = bounds.compared
    first, last = bounds.first, bounds.last
    other_last = other.last
    if bounds.span == "month" and first <= seen_until < last:
        last = seen_until
        other_last = min(other_last, other.first + (last - first))
    return words.say("%(span)s, beside %(other)s") % {
        "span": _days(first, last),
        "other": _days(other.first, other_last),
    }


def _days(first: date, last: date) -> str:
    return f"{first:%d/%m/%Y}" if first == last else f"{first:%d/%m/%Y} – {last:%d/%m/%Y}"


def tiles(report: Report, span: Span, words: Messages) -> tuple[Tile, ...]:
    """Numbers of a span, each beside its value in the span for comparison."""
    now, before = report.now, report.before
    say = words.say

    def counted(name: str, here: int, then: int) -> Tile:
        change = _change(here, then, span, words)
        return Tile(name, str(here), str(then), change, str(here), "", str(then))

    def timed(name: str, here: Times | None, then: Times | None) -> Tile:
        change = rest = ""
        if here is not None:
            rest = say("nine in ten: %(most)s") % {"most": duration(here.nine_in_ten_s, words)}
        if here is not None and then is not None:
            change = _change(here.median_s, then.median_s, span, words)
        short = _median_words(here, words), rest, _median_words(then, words)
        return Tile(name, took(here, words), took(then, words), change, *short)

    return (
        counted(say("Alerts"), now.alerts, before.alerts),
        counted(say("Nobody answered"), now.unanswered, before.unanswered),
        timed(say("Time to acknowledge"), now.answer, before.answer),
        timed(say("Time to arrive"), now.arrival, before.arrival),
        counted(say("False alarms"), now.false_alarms, before.false_alarms),
        Tile(
            say("Cameras without a picture"),
            dark(now.dark_cameras, now.dark_s, words),
            dark(before.dark_cameras, before.dark_s, words),
            _change(now.dark_s, before.dark_s, span, words),
            str(now.dark_cameras),
            duration(now.dark_s, words) if now.dark_cameras else "",
            dark(before.dark_cameras, before.dark_s, words),
        ),
    )


def _median_words(found: Times | None, words: Messages) -> str:
    return "–" if found is None else duration(found.median_s, words)


def _change(now: float, before: float, span: Span, words: Messages) -> str:
    """The change as text with a percentage; empty without a value to compare."""
    if now == before:
        is_month = span == "month"
        return words.say("as the month before") if is_month else words.say("as the week before")
    if before == 0:
        return ""
    share = round(abs(now - before) / before * 100)
    more, less = words.say("%(n)d %% more"), words.say("%(n)d %% less")
    return (more if now > before else less) % {"n": share}


def slot_labels(bounds: ReportSpan, words: Messages) -> tuple[str, ...]:
    """Hours of a day, or days of a week or month."""
    if bounds.span == "month":
        return tuple(str(day) for day in range(1, bounds.days + 1))
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


def cells(area: AreaLine, words: Messages) -> tuple[tuple[str, str], ...]:
    """Figures of an area, each beside its value in the span for comparison: alerts, time, false,
    outages."""
    then = area.before or AreaLine(area.place, 0, 0, None, 0.0, 0)
    return (
        (str(area.alerts), str(then.alerts)),
        (_median_words(area.answer, words), _median_words(then.answer, words)),
        (str(area.false_alarms), str(then.false_alarms)),
        (
            dark(area.dark_cameras, area.dark_s, words),
            dark(then.dark_cameras, then.dark_s, words),
        ),
    )


def causes(found: Sequence[tuple[str | None, int]], words: Messages) -> str:
    """Causes with their numbers, such as `con vật 3 · chưa rõ 1`."""
    unknown = words.say("not known")
    return " · ".join(
        f"{unknown if cause is None else cause_word(cause, words)} {n}" for cause, n in found
    )


def rows(report: Report, span: Span, words: Messages) -> list[list[str]]:
    """The whole report as one long table of plain numbers; spans are in seconds."""
    say = words.say
    before_name = say("Month before") if span == "month" else say("Week before")
    found = [[say("Part"), say("Figure"), say("Place"), say("Value"), say("Unit"), before_name]]
    for name, now, before in _numbers(report, words):
        found.append([say("All"), name, "", now[0], now[1], before])
    for area in report.areas:
        then = area.before or AreaLine(area.place, 0, 0, None, 0.0, 0)
        for name, here, unit, was in (
            (say("Alerts"), str(area.alerts), "", str(then.alerts)),
            (say("False alarms"), str(area.false_alarms), "", str(then.false_alarms)),
            (say("Time to acknowledge"), _median(area.answer), "s", _median(then.answer)),
            (say("Cameras without a picture"), f"{area.dark_s:.0f}", "s", f"{then.dark_s:.0f}"),
        ):
            found.append([say("Area"), name, area.place, here, unit, was])
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
    return [
        (say("Alerts"), (str(now.alerts), ""), str(before.alerts)),
        (say("Nobody answered"), (str(now.unanswered), ""), str(before.unanswered)),
        (say("Time to acknowledge"), (_median(now.answer), "s"), _median(before.answer)),
        (say("Time to arrive"), (_median(now.arrival), "s"), _median(before.arrival)),
        (say("False alarms"), (str(now.false_alarms), ""), str(before.false_alarms)),
        (
            say("Cameras without a picture"),
            (f"{now.dark_s:.0f}", "s"),
            f"{before.dark_s:.0f}",
        ),
    ]


def _median(found: Times | None) -> str:
    return "" if found is None else f"{found.median_s:.0f}"


def harmless(cell: str) -> str:
    """The text of a cell that a spreadsheet cannot run as a formula: camera names come from
    nodes."""
    is_formula = cell.lstrip().startswith(("=", "+", "-", "@")) or cell.startswith(("\t", "\r"))
    return f"'{cell}" if is_formula else cell
