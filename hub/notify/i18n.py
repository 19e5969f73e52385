"""Translated texts of pushes, from the gettext catalogs in `hub/locale`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from hub.base.text.catalogs import translation

LONGEST_TEXT: Final = 160
"""In characters, per title or body; no phone shows more on a lock screen."""

LANGUAGES: Final = ("vi", "en")


@dataclass(frozen=True)
class PushMessages:
    """Catalog of one language: `say` translates; `count` also chooses singular or plural."""

    language: str
    say: Callable[[str], str]
    count: Callable[[str, str, int], str]


@cache
def phrases(language: str) -> PushMessages:
    """Catalog of a language; Vietnamese if the hub does not have it."""
    spoken = language if language in LANGUAGES else LANGUAGES[0]
    catalog = translation("push", spoken)
    return PushMessages(spoken, catalog.gettext, catalog.ngettext)


def short(text: str) -> str:
    """The text, shortened to the length that a lock screen shows."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
