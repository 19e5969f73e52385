"""Text of an act in the log."""

from collections.abc import Mapping
from typing import Final

from hub.web.i18n import Messages

REFUSED: Final = ".refused"
"""Suffix of an act that was not allowed or not possible."""
ENDINGS: Final = (REFUSED, ".again", ".held")


def plain_act(act: str) -> str:
    """The act's id without the ending that says why the act was not done."""
    for ending in ENDINGS:
        act = act.removesuffix(ending)
    return act


def act_words(act: str, words: Messages, acts: Mapping[str, str]) -> str:
    """Text of an act, of `acts` (id → text); an act without a text is shown by its id."""
    endings = {
        "": "%(act)s",
        REFUSED: words.say("%(act)s – refused"),
        ".again": words.say("%(act)s – done before"),
        ".held": words.say("%(act)s – somebody else was first"),
    }
    for ending, told in endings.items():
        plain = act.removesuffix(ending)
        if plain in acts and f"{plain}{ending}" == act:
            return told % {"act": acts[plain]}
    return act
