"""Translated texts of the pages, from the gettext catalogs in `hub/locale`.

Message ids are English. Vietnamese is the default: a reader who asked for no language gets it.
"""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from babel.messages.extract import extract
from babel.numbers import format_decimal

from hub.base.text.catalogs import translation

LANGUAGES: Final[tuple[str, ...]] = ("vi", "en")
"""Languages of the catalogs, the first one for readers who asked for neither."""

SCRIPTS_FOLDER: Final = Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True)
class Messages:
    """Texts of one language. `say` translates; `count` also chooses singular or plural."""

    language: str
    say: Callable[[str], str]
    count: Callable[[str, str, int], str]


@cache
def words(language: str) -> Messages:
    """Texts of a language; Vietnamese if the hub does not have it."""
    spoken = language if language in LANGUAGES else LANGUAGES[0]
    catalog = translation("hub", spoken)
    return Messages(language=spoken, say=catalog.gettext, count=catalog.ngettext)


def one_decimal(value: float, words: Messages) -> str:
    """A number with one decimal: `1,234.5`, in Vietnamese `1.234,5`."""
    return format_decimal(value, format="#,##0.0", locale=words.language)


def asked_language(accept_language: str) -> str:
    """The language of the hub that a browser's Accept-Language prefers; Vietnamese if none
    matches."""
    liked: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept_language.split(",")):
        name, _, weight = part.partition(";q=")
        language = name.strip().split("-")[0].lower()
        if language in LANGUAGES:
            liked.append((-_weight(weight), place, language))
    return min(liked)[2] if liked else LANGUAGES[0]


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0


@cache
def script_words(scripts: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Every message id that these scripts translate with `_()`; of all scripts if none is named."""
    found: set[str] = set()
    paths = [SCRIPTS_FOLDER / "js" / name for name in scripts]
    for script in paths or sorted(SCRIPTS_FOLDER.glob("js/*.js")):
        source = io.BytesIO(script.read_bytes())
        for _, message, _, _ in extract("javascript", source, keywords={"_": None}):
            found.add(message if isinstance(message, str) else message[0])
    return tuple(sorted(found))


@cache
def script_catalog(language: str, scripts: tuple[str, ...] = ()) -> Mapping[str, str]:
    """Translation of each message id of these scripts; of all scripts if none is named."""
    say = words(language).say
    return {message: say(message) for message in script_words(scripts)}


@cache
def script_catalog_json(language: str, scripts: tuple[str, ...] = ()) -> str:
    """The catalog of `script_catalog` as JSON that is safe inside an HTML element."""
    told = json.dumps(script_catalog(language, scripts), ensure_ascii=False)
    return told.replace("<", "\\u003c")
