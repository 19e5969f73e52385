"""Report as a PDF of one page, for a leader's desk: figures, alerts by day, quarters.

If it does not fit, everything is made smaller; of a long list the paper has only the busiest lines.
"""

import io
from collections.abc import Sequence
from typing import Final

from reportlab.graphics.shapes import Drawing, Line, Rect, String
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepInFrame, Paragraph, SimpleDocTemplate, Spacer, Table

from hub.base.text.paper import (
    GRID,
    HEAD,
    MARGIN,
    ONE_AT_A_TIME,
    PART,
    PLAIN,
    WIDTH,
    letters,
    safe,
)
from hub.oversight.reports import wording
from hub.oversight.reports.rules import Report
from hub.oversight.reports.spans import ReportSpan, today
from hub.web.calendar import Calendar
from hub.web.i18n import Messages

MOST_AREAS: Final = 24
MOST_CAMERAS: Final = 5
_HEIGHT: Final = A4[1] - 2 * MARGIN - 12  # a frame has six points of padding at each end
_NOW: Final = "#1f4e8c"
_SMALL: Final = ParagraphStyle("small", parent=PLAIN, fontSize=8, leading=10)


def paper(found: Report, where: ReportSpan, *, calendar: Calendar, reader: str) -> bytes:
    """The PDF, made for `reader`. Raises NoLettersError. For any thread."""
    with ONE_AT_A_TIME:
        letters()
        file = io.BytesIO()
        title = wording.heading(where, calendar.words)
        book = SimpleDocTemplate(
            file,
            pagesize=A4,
            leftMargin=MARGIN,
            rightMargin=MARGIN,
            topMargin=MARGIN,
            bottomMargin=MARGIN,
            title=title,
            lang=calendar.words.language,
        )
        story = [Paragraph(safe(title), HEAD), *_story(found, where, calendar)]
        made = {"name": reader, "time": calendar.full(calendar.now_utc_us)}
        said = calendar.words.say("Made for %(name)s at %(time)s.") % made
        story += [Spacer(1, 3 * mm), Paragraph(safe(said), _SMALL)]
        book.build([KeepInFrame(WIDTH, _HEIGHT, story, mode="shrink")])
        return file.getvalue()


def _story(found: Report, where: ReportSpan, calendar: Calendar) -> list[Flowable]:
    words = calendar.words
    say = words.say
    is_month = where.span == "month"
    by_slot = say("Alerts by hour") if where.span == "day" else say("Alerts by day")
    return [
        Paragraph(safe(wording.dates(where, today(calendar), words)), PLAIN),
        Paragraph(safe(say("as far as your own grants reach")), _SMALL),
        Spacer(1, 3 * mm),
        _tiles(found, where, words),
        Paragraph(safe(by_slot), PART),
        _bars(found, where, words),
        _legend(where, words),
        Paragraph(safe(say("By quarter") if is_month else say("By area")), PART),
        *_areas(found, where, words),
        Paragraph(safe(say("Cameras with the most false alarms")), PART),
        *_lines(
            [
                f"{one.label}, {one.place}: {say('False alarms')} {one.false_alarms}, "
                f"{say('Alerts')} {one.alerts} ({wording.causes(one.causes, words)})"
                for one in found.false_alarms
            ],
            words,
        ),
        Paragraph(safe(say("Cameras longest without a picture")), PART),
        *_lines(
            [
                f"{one.label}, {one.place}: {wording.duration(one.dark_s, words)}"
                + (f" ({say('still dark')})" if one.is_dark else "")
                for one in found.cameras
            ],
            words,
        ),
    ]


def _tiles(found: Report, where: ReportSpan, words: Messages) -> Flowable:
    heads = ("", words.say("this"), wording.before_words(where.span, words), "")
    tiles = wording.tiles(found, where.span, words)
    rows = [heads, *((one.name, one.value, one.before, one.change) for one in tiles)]
    return _table(rows, [48 * mm, 48 * mm, 48 * mm])


def _areas(found: Report, where: ReportSpan, words: Messages) -> list[Flowable]:
    say = words.say
    if not found.areas:
        return [Paragraph(safe(say("Nothing happened.")), _SMALL)]
    heads = (
        say("Quarter") if where.span == "month" else say("Area"),
        say("Alerts"),
        say("Time to acknowledge"),
        say("False alarms"),
        say("Cameras without a picture"),
    )
    lines = [
        (one.place, *(f"{now} ({then})" for now, then in wording.cells(one, words)))
        for one in found.areas[:MOST_AREAS]
    ]
    below = say("In brackets: %(before)s.") % {"before": wording.before_words(where.span, words)}
    left = len(found.areas) - MOST_AREAS
    if left > 0:
        below += " " + words.count("%(n)d more on the page.", "%(n)d more on the page.", left) % {
            "n": left
        }
    table = _table([heads, *lines], [44 * mm, 18 * mm, 53 * mm, 18 * mm])
    return [table, Spacer(1, 1 * mm), Paragraph(safe(below), _SMALL)]


def _lines(lines: list[str], words: Messages) -> list[Flowable]:
    shown = lines[:MOST_CAMERAS] or [words.say("None.")]
    return [Paragraph(safe(line), _SMALL) for line in shown]


def _table(rows: Sequence[Sequence[str]], widths: list[float]) -> Flowable:
    cells = [[Paragraph(safe(text), _SMALL) for text in row] for row in rows]
    return Table(cells, colWidths=[*widths, WIDTH - sum(widths)], style=GRID, hAlign="LEFT")


def _bars(found: Report, where: ReportSpan, words: Messages) -> Flowable:
    """The plot of the page, in its units, drawn from below as paper is."""
    plot = wording.plot(found.now, found.before, wording.slot_labels(where, words))
    scale = WIDTH / wording.PLOT_WIDTH
    drawing = Drawing(WIDTH, wording.PLOT_HEIGHT * scale)
    drawing.scale(scale, scale)
    base = wording.PLOT_HEIGHT - wording.BAR_BOTTOM
    top = wording.PLOT_HEIGHT - wording.BAR_TOP
    for value, y in ((plot.top, top), (0, base)):
        drawing.add(Line(wording.LEFT, y, wording.RIGHT, y, strokeColor=colors.grey))
        drawing.add(_text(str(value), wording.LEFT - 6, y - 4, "end"))
    for bar in plot.bars:
        then, now = wording.BAR_BOTTOM - bar.before_y, wording.BAR_BOTTOM - bar.now_y
        drawing.add(
            Rect(
                bar.x + bar.width * 0.12,
                base,
                bar.width * 0.34,
                then,
                fillColor=None,
                strokeColor=colors.grey,
            )
        )
        drawing.add(
            Rect(
                bar.x + bar.width * 0.5,
                base,
                bar.width * 0.38,
                now,
                fillColor=colors.HexColor(_NOW),
                strokeColor=None,
            )
        )
        if bar.has_label:
            drawing.add(_text(bar.label, bar.x + bar.width / 2, base - 16, "middle"))
    return drawing


def _legend(where: ReportSpan, words: Messages) -> Flowable:
    """Which bar is which."""
    now, then = safe(words.say("this")), safe(wording.before_words(where.span, words))
    return Paragraph(f'<font color="{_NOW}">■</font> {now} &nbsp; □ {then}', _SMALL)


def _text(text: str, x: float, y: float, anchor: str) -> String:
    return String(x, y, text, textAnchor=anchor, fontName="DejaVu", fontSize=11)
