"""Summary as PDF: the same text as the page beside it, for a paper file."""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    Flowable,
    KeepTogether,
    LongTable,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
)
from reportlab.platypus import Image as Drawn

from hub.base.text.paper import (
    GRID,
    HEAD,
    MARGIN,
    ONE_AT_A_TIME,
    PART,
    PLAIN,
    TEXT,
    WIDTH,
    letters,
    safe,
)
from hub.cases.evidence.manifest import ExportedFootage, Manifest
from hub.cases.evidence.pdf_wording import WORDS, PdfMessages
from hub.cases.evidence.seal_rules import ClipSeal
from hub.cases.evidence.seal_wording import LIMITS_HEAD, say
from hub.cases.evidence.summary import limits, moment_words, seal_words, span_words, verdict
from hub.web.pictures.maker import MAKER, Job, PictureError

MOST_PICTURES: Final = 100
"""Pictures shown; all others are listed by name, like every clip."""
_HASH: Final = ParagraphStyle("hash", parent=TEXT, fontSize=7)
"""64 digits on one line, for comparison by eye."""
_CODE: Final = ParagraphStyle("code", parent=TEXT, fontSize=8, leading=12, spaceBefore=3)


def small_picture(pieces: Iterable[bytes]) -> bytes | None:
    """A picture reduced for print, JPEG; None if it is invalid or too large. Blocks."""
    try:
        return MAKER.ask(Job("printed", "officers", lambda: b"".join(pieces))).result().content
    except PictureError:
        return None


def paper(
    manifest: Manifest,
    custody: Sequence[dict[str, Any]],
    pictures: Mapping[str, bytes],
    seals: Mapping[str, ClipSeal],
    *,
    language: str,
    zone: ZoneInfo,
) -> bytes:
    """The PDF; `pictures` by path, from `small_picture`. Raises NoLettersError. For any thread."""
    with ONE_AT_A_TIME:
        return _paper(manifest, custody, pictures, seals, language=language, zone=zone)


def _paper(
    manifest: Manifest,
    custody: Sequence[dict[str, Any]],
    pictures: Mapping[str, bytes],
    seals: Mapping[str, ClipSeal],
    *,
    language: str,
    zone: ZoneInfo,
) -> bytes:
    letters()
    words = WORDS[language]
    story: list[Flowable] = [
        Paragraph(safe(words.title), HEAD),
        Paragraph(f"<b>{safe(verdict(seals, language))}.</b>", TEXT),
        *(
            Paragraph(safe(f"{say(LIMITS_HEAD, language)}: {one}."), TEXT)
            for one in limits(seals, language)
        ),
        Spacer(1, 3 * mm),
        _facts(manifest, words, zone),
        Paragraph(safe(words.footage), PART),
    ]
    for one in manifest.footage:
        copies = [copy.path for copy in manifest.redacted if copy.original == one.path]
        told = f"{words.seal}: {seal_words(one, seals, language)}"
        story.append(_shown(one, pictures.get(one.path), copies, told, words, zone))
    story += [Paragraph(safe(words.custody), PART), _custody(custody, words)]
    story += [Paragraph(safe(words.checking), PART), Paragraph(safe(words.how), TEXT)]
    story += [Paragraph(safe(line), _CODE) for line in _lines(manifest)]
    file = io.BytesIO()
    book = SimpleDocTemplate(
        file,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=f"{words.title}, {manifest.case_number}",
        lang=language,
        invariant=1,  # same footage, same bytes
    )

    def foot(canvas: Canvas, _: object) -> None:
        canvas.setFont("DejaVu", 7)
        canvas.drawString(MARGIN, 10 * mm, f"{manifest.package_id} · {canvas.getPageNumber()}")

    book.build(story, onFirstPage=foot, onLaterPages=foot)
    return file.getvalue()


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
        [Paragraph(safe(name), PLAIN), Paragraph(safe(text), _HASH if name in hashes else TEXT)]
        for name, text in rows
    ]
    return LongTable(cells, colWidths=[45 * mm, WIDTH - 45 * mm], style=GRID)


def _shown(
    one: ExportedFootage,
    picture: bytes | None,
    copies: Sequence[str],
    seal: str,
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
        f"{seal}. {words.stored} {moment_words(one.stored_utc_us, zone)}",
        one.path,
        *(f"{words.redacted}: {path}" for path in copies),
    ]
    lines: list[Flowable] = [Paragraph(safe(line), TEXT) for line in said]
    if picture is not None:
        wide, high = ImageReader(io.BytesIO(picture)).getSize()
        scale = min(WIDTH / wide, 90 * mm / high)
        lines.insert(0, Drawn(io.BytesIO(picture), wide * scale, high * scale))
    return KeepTogether([Spacer(1, 3 * mm), *lines])


def _custody(custody: Sequence[dict[str, Any]], words: PdfMessages) -> Flowable:
    names = ("seq", "at", "who", "act", "detail")
    rows = [[Paragraph(safe(one), PLAIN) for one in words.custody_heads]]
    rows += [[Paragraph(safe(str(line[name])), TEXT) for name in names] for line in custody]
    widths = [16 * mm, 34 * mm, 32 * mm, 34 * mm]
    return LongTable(
        rows,
        colWidths=[*widths, WIDTH - sum(widths)],
        repeatRows=1,
        splitInRow=1,  # an officer's note can be longer than a page
        style=GRID,
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
