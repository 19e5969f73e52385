"""Text of an act in the log."""

from collections.abc import Mapping
from typing import Final

from hub.web.i18n import Messages

REFUSED: Final = ".refused"
"""Suffix of an act that was not allowed or not possible."""


def act_words(act: str, words: Messages, acts: Mapping[str, str]) -> str:
    """Text of an act, of `acts` (id → text); an act without a text is shown by its id."""
    plain = act.removesuffix(REFUSED)
    said = acts.get(plain, plain)
    return words.say("%(act)s – refused") % {"act": said} if act != plain else said
