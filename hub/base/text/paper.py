"""Fonts and styles of every PDF that the hub makes.

The font is DejaVu Sans, embedded: it has every Vietnamese letter and comes with Debian.
"""

import threading
import unicodedata
from functools import cache
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.platypus import TableStyle

FONTS: Final = Path("/usr/share/fonts/truetype/dejavu")
PACKAGE: Final = "fonts-dejavu-core"
MARGIN: Final = 18 * mm
PADDING: Final = 6
"""Padding of ReportLab's frames, in points, inside each margin."""
WIDTH: Final = A4[0] - 2 * (MARGIN + PADDING)
"""Width of the text of an A4 page, in points."""


class NoLettersError(Exception):
    """The font is missing: no PDF can be made."""


ONE_AT_A_TIME: Final = threading.Lock()
"""ReportLab's fonts belong to the process and are changed by each document: two at once broke."""


@cache
def letters() -> None:
    """Register the font; NoLettersError if it is not on this machine."""
    try:
        for name, file in (("DejaVu", "DejaVuSans"), ("DejaVu-Bold", "DejaVuSans-Bold")):
            pdfmetrics.registerFont(TTFont(name, str(FONTS / f"{file}.ttf")))
        pdfmetrics.registerFontFamily("DejaVu", normal="DejaVu", bold="DejaVu-Bold")
    except (TTFError, OSError) as error:
        raise NoLettersError(
            f"the letters for the PDF are not in {FONTS}: apt install {PACKAGE}"
        ) from error


TEXT: Final = ParagraphStyle("text", fontName="DejaVu", fontSize=9, leading=13, wordWrap="CJK")
"""Wraps anywhere, so that a hash or a long name stays on the page."""
PLAIN: Final = ParagraphStyle("words", parent=TEXT, wordWrap=None)
HEAD: Final = ParagraphStyle("head", parent=PLAIN, fontName="DejaVu-Bold", fontSize=18, leading=26)
PART: Final = ParagraphStyle(
    "part", parent=PLAIN, fontName="DejaVu-Bold", fontSize=12, leading=18, spaceBefore=12
)
GRID: Final = TableStyle(
    [
        ("GRID", (0, 0), (-1, -1), 0.5, colors.grey),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
)


def safe(text: str) -> str:
    """Text that the font can show: composed, without control characters and markup."""
    composed = unicodedata.normalize("NFC", text)
    kept = "".join(c if unicodedata.category(c)[0] != "C" else "\N{WHITE SQUARE}" for c in composed)
    return escape(kept)
