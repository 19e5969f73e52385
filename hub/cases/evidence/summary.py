"""Pages for readers of a package: the summary in both languages and the verification page."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hub.cases.evidence.manifest import Manifest
from hub.cases.evidence.pdf_wording import WORDS

LANGUAGES: Final = ("vi", "en")
_HERE: Final = Path(__file__).parent / "templates"
_pages: Final = Environment(
    loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def summary(
    manifest: Manifest, custody: Sequence[dict[str, Any]], *, language: str, zone: ZoneInfo
) -> bytes:
    """A page beside the footage; `files` in `manifest` does not have the summaries yet. Acts and
    people of `custody` are in the words of the language."""
    page = _pages.get_template(f"summary.{language}.html")
    text = page.render(
        manifest=manifest,
        custody=custody,
        moment=lambda utc_us: moment_words(utc_us, zone),
        span=span_words,
        seal=WORDS[language].seal_text,
    )
    return text.encode()


def verifier_page() -> bytes:
    """Page that verifies a package in a browser, without a network."""
    return (_HERE / "verify.html").read_bytes()


def moment_words(utc_us: int, zone: ZoneInfo) -> str:
    """A moment in local time with its offset from UTC."""
    moment = datetime.fromtimestamp(utc_us / 1e6, zone)
    return f"{moment:%d/%m/%Y %H:%M:%S} (UTC{moment:%z})"


def span_words(duration_ms: int) -> str:
    """Text of a duration."""
    return f"{duration_ms / 1000:.1f} s"
