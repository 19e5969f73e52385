"""Pages for readers of a package: the summary in both languages and the verification page."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hub.cases.evidence.manifest import ExportedFootage, Manifest
from hub.cases.evidence.pdf_wording import WORDS
from hub.cases.evidence.seal_rules import ClipSeal
from hub.cases.evidence.seal_wording import (
    APART,
    HEADS,
    LIMITS_HEAD,
    REASONS,
    VERDICTS,
    head_id,
    reason_text,
    say,
    verdict_text,
)

LANGUAGES: Final = ("vi", "en")
_TEXTS: Final = '"TEXTS"'
"""Its place in the page is taken by the texts."""
_HERE: Final = Path(__file__).parent / "templates"
_pages: Final = Environment(
    loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def summary(
    manifest: Manifest,
    custody: Sequence[dict[str, Any]],
    seals: Mapping[str, ClipSeal],
    *,
    language: str,
    zone: ZoneInfo,
) -> bytes:
    """A page beside the footage; `files` in `manifest` does not have the summaries yet. Acts and
    people of `custody` are in the words of the language; `seals` by path."""
    page = _pages.get_template(f"summary.{language}.html")
    text = page.render(
        manifest=manifest,
        custody=custody,
        moment=lambda utc_us: moment_words(utc_us, zone),
        span=span_words,
        verdict=verdict(seals, language),
        limits=limits(seals, language),
        limits_head=say(LIMITS_HEAD, language),
        seal=lambda one: seal_words(one, seals, language),
    )
    return text.encode()


def verifier_page() -> bytes:
    """Page that verifies a package in a browser, without a network."""
    page = (_HERE / "verify.html").read_text(encoding="utf-8")
    texts = {
        "heads": HEADS,
        "verdicts": VERDICTS,
        "reasons": REASONS,
        "limits": LIMITS_HEAD,
        "apart": APART,
    }
    return page.replace(_TEXTS, json.dumps(texts, ensure_ascii=False)).encode()


def verdict(seals: Mapping[str, ClipSeal], language: str) -> str:
    """The one verdict on the clips of a package, at its export."""
    head, count = head_id(seals.values())
    told = say(HEADS[head], language, count)
    return told[0].upper() + told[1:]


def limits(seals: Mapping[str, ClipSeal], language: str) -> list[str]:
    """What is not proven, each once."""
    found = (reason_text(one, language) for seal in seals.values() for one in seal.limits)
    return list(dict.fromkeys(found))


def seal_words(one: ExportedFootage, seals: Mapping[str, ClipSeal], language: str) -> str:
    """Text of the seal of one file."""
    if one.path in seals:
        return verdict_text(seals[one.path], language)
    return WORDS[language].seal_text(one.seal)


def moment_words(utc_us: int, zone: ZoneInfo) -> str:
    """A moment in local time with its offset from UTC."""
    moment = datetime.fromtimestamp(utc_us / 1e6, zone)
    return f"{moment:%d/%m/%Y %H:%M:%S} (UTC{moment:%z})"


def span_words(duration_ms: int) -> str:
    """Text of a duration."""
    return f"{duration_ms / 1000:.1f} s"
