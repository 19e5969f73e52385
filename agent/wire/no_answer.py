"""Reasons why a node uploads no file for a request: a code and a value, as the text "code: value".

The hub says it in the reader's language. A node older than the codes uploads an English sentence.
"""

import re
from enum import StrEnum
from typing import Final

_CODED: Final = re.compile(r"([a-z_]+): (.*)", re.DOTALL)


class NoAnswer(StrEnum):
    """The codes, with the meaning of their values."""

    NO_CAMERA = "no_camera"
    """Name of a camera that the node does not have."""
    FAILED = "failed"
    """Error text of the program or the system."""
    ENDED = "ended"
    """Exit code of a program that said nothing."""
    TOO_LARGE = "too_large"
    """Most bytes of a file."""
    TOO_SLOW = "too_slow"
    """Seconds within which it was to be made."""
    STOPPED = "stopped"
    """Nothing. Never uploaded: the hub asks again."""


def said(code: NoAnswer, value: object) -> str:
    """The text that the node uploads for this code and value."""
    return f"{code}: {value}"


def understood(text: str) -> tuple[NoAnswer, str] | None:
    """Code and value; None for a sentence of an older node or the code of a newer one."""
    coded = _CODED.fullmatch(text)
    if coded is None:
        return None
    try:
        return NoAnswer(coded[1]), coded[2]
    except ValueError:
        return None
