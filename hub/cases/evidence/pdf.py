"""Summary as PDF: the same text as the page beside it, for a paper file.

The font is DejaVu Sans, embedded: it has every Vietnamese letter and comes with Debian.
"""

import io
import threading
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from PIL import Image
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    Flowable,
    KeepTogether,
    LongTable,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    TableStyle,
)
from reportlab.platypus import Image as Drawn

from hub.cases.evidence.manifest import ExportedFootage, Manifest
from hub.cases.evidence.pdf_wording import WORDS, PdfMessages
from hub.cases.evidence.summary import moment_words, span_words

FONTS: Final = Path("/usr/share/fonts/truetype/dejavu")
PACKAGE: Final = "fonts-dejavu-core"
PICTURE_PX: Final = 1000
"""Longer side in print; the file in the package is the evidence."""
MOST_PICTURES: Final = 100
"""Pictures shown; all others are listed by name, like every clip."""
MOST_PIXELS: Final = 100_000_000
_MARGIN: Final = 18 * mm
_WIDTH: Final = A4[0] - 2 * _MARGIN


class NoLettersError(Exception):
    """The font is missing: no PDF can be made."""


_ONE_AT_A_TIME: Final = threading.Lock()
"""ReportLab's fonts belong to the process and are changed by each document: two at once broke."""


def small_picture(pieces: Iterable[bytes]) -> bytes | None:
    """A picture reduced for print, JPEG; None if it is invalid or too large."""
    try:
        with Image.open(io.BytesIO(b"".join(pieces))) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return None
            shown = picture.convert("RGB")
            shown.thumbnail((PICTURE_PX, PICTURE_PX))
            kept = io.BytesIO()
            shown.save(kept, "JPEG", quality=80)
            return kept.getvalue()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def paper(
    manifest: Manifest,
    custody: Sequence[dict[str, Any]],
    pictures: Mapping[str, bytes],
    *,
    language: str,
    zone: ZoneInfo,
) -> bytes:
    """The PDF; `pictures` by path, from `small_picture`. Raises NoLettersError. For any thread."""
    with _ONE_AT_A_TIME:
        return _paper(manifest, custody, pictures, language=language, zone=zone)


def _paper(
    manifest: Manifest,
    custody: Sequence[dict[str, Any]],
    pictures: Mapping[str, bytes],
    *,
    language: str,
    zone: ZoneInfo,
) -> bytes:
    letters()
    words = WORDS[language]
    story: list[Flowable] = [
        Paragraph(_safe(words.title), _HEAD),
        _facts(manifest, words, zone),
        Paragraph(_safe(words.footage), _PART),
    ]
    for one in manifest.footage:
        copies = [copy.path for copy in manifest.redacted if copy.original == one.path]
        story.append(_shown(one, pictures.get(one.path), copies, words, zone))
    story += [Paragraph(_safe(words.custody), _PART), _custody(custody, words)]
    story += [Paragraph(_safe(words.checking), _PART), Paragraph(_safe(words.how), _TEXT)]
    story += [Paragraph(_safe(line), _CODE) for line in _lines(manifest)]
    file = io.BytesIO()
    book = SimpleDocTemplate(
        file,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=f"{words.title}, {manifest.case_number}",
        lang=language,
        invariant=1,  # same footage, same bytes
    )

    def foot(canvas: Canvas, _: object) -> None:
        canvas.setFont("DejaVu", 7)
        canvas.drawString(_MARGIN, 10 * mm, f"{manifest.package_id} · {canvas.getPageNumber()}")

    book.build(story, onFirstPage=foot, onLaterPages=foot)
    return file.getvalue()


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


_TEXT: Final = ParagraphStyle("text", fontName="DejaVu", fontSize=9, leading=13, wordWrap="CJK")
"""Wraps anywhere, so that a hash or a long name stays on the page."""
_WORDS: Final = ParagraphStyle("words", parent=_TEXT, wordWrap=None)
_HASH: Final = ParagraphStyle("hash", parent=_TEXT, fontSize=7)
"""64 digits on one line, for comparison by eye."""
_CODE: Final = ParagraphStyle("code", parent=_TEXT, fontSize=8, leading=12, spaceBefore=3)
_HEAD: Final = ParagraphStyle(
    "head", parent=_WORDS, fontName="DejaVu-Bold", fontSize=18, leading=26
)
_PART: Final = ParagraphStyle(
    "part", parent=_WORDS, fontName="DejaVu-Bold", fontSize=12, leading=18, spaceBefore=12
)
_GRID: Final = TableStyle(
    [
        ("GRID", (0, 0), (-1, -1), 0.5, colors.grey),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
)


def _safe(text: str) -> str:
    """Text that the font can show: composed, without control characters and markup."""
    composed = unicodedata.normalize("NFC", text)
    kept = "".join(c if unicodedata.category(c)[0] != "C" else "\N{WHITE SQUARE}" for c in composed)
    return escape(kept)


def _facts(manifest: Manifest, words: PdfMessages, zone: ZoneInfo) -> Flowable:
    rows = [
        (words.case, manifest.case_number),
        (words.reason, manifest.reason),
        (words.exported_by, manifest.exported_by),
        (words.exported, moment_words(manifest.exported_utc_us, zone)),
        (words.package, str(manifest.package_id)),
        (words.key, manifest.key_sha256),
        (words.log, f"{manifest.log_seq}, {manifest.log_hash}"),
    ]
    if manifest.stamp is not None:
        said = manifest.stamp
        text = (words.unstamped if said.missing else words.stamped).format(said.authority)
        rows.append((words.stamp, f"{text} ({said.missing})" if said.missing else text))
    hashes = (words.key, words.log)
    cells = [
        [Paragraph(_safe(name), _WORDS), Paragraph(_safe(text), _HASH if name in hashes else _TEXT)]
        for name, text in rows
    ]
    return LongTable(cells, colWidths=[45 * mm, _WIDTH - 45 * mm], style=_GRID)


def _shown(
    one: ExportedFootage,
    picture: bytes | None,
    copies: Sequence[str],
    words: PdfMessages,
    zone: ZoneInfo,
) -> Flowable:
    clock = (
        words.clock.format(one.first_frame_error_ms)
        if one.first_frame_error_ms is not None
        else words.no_clock
        if one.node
        else words.given_clock
    )
    whose = f"{one.node}/{one.camera}" if one.node else words.given
    said = [
        f"{one.label}, {one.place} ({whose})",
        f"{moment_words(one.first_frame_utc_us, zone)}"
        + (f", {span_words(one.duration_ms)}" if one.duration_ms else "")
        + f"; {clock}",
        f"{words.seal}: {words.seal_text(one.seal)}. "
        f"{words.stored} {moment_words(one.stored_utc_us, zone)}",
        one.path,
        *(f"{words.redacted}: {path}" for path in copies),
    ]
    lines: list[Flowable] = [Paragraph(_safe(line), _TEXT) for line in said]
    if picture is not None:
        wide, high = ImageReader(io.BytesIO(picture)).getSize()
        scale = min(_WIDTH / wide, 90 * mm / high)
        lines.insert(0, Drawn(io.BytesIO(picture), wide * scale, high * scale))
    return KeepTogether([Spacer(1, 3 * mm), *lines])


def _custody(custody: Sequence[dict[str, Any]], words: PdfMessages) -> Flowable:
    names = ("seq", "at", "who", "act", "detail")
    rows = [[Paragraph(_safe(one), _WORDS) for one in words.custody_heads]]
    rows += [[Paragraph(_safe(str(line[name])), _TEXT) for name in names] for line in custody]
    widths = [16 * mm, 34 * mm, 32 * mm, 34 * mm]
    return LongTable(
        rows,
        colWidths=[*widths, _WIDTH - sum(widths)],
        repeatRows=1,
        splitInRow=1,  # an officer's note can be longer than a page
        style=_GRID,
    )


def _lines(manifest: Manifest) -> list[str]:
    lines = [
        "openssl pkeyutl -verify -pubin -inkey evidence-key.pub -rawin -in manifest.json "
        "-sigfile manifest.sig",
        "openssl x509 -in evidence-key.crt -noout -fingerprint -sha256 -pubkey",
        "sha256sum -c sha256sums.txt",
    ]
    if manifest.is_stamped:
        lines.append(
            "openssl ts -verify -data manifest.json -in manifest.tsr -CAfile stamp-authority.pem"
        )
    return lines
