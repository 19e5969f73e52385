"""Masks camera addresses for display, so that no password gets into a log."""

import re
from typing import Final

_LOGIN: Final = re.compile(r"(?<=://)[^/?#]*@")
_SECRET: Final = re.compile(
    r"(?<=[?&])([^=&#]*(?:pass|pwd|user|auth|token|key|secret|sign)[^=&#]*)=[^&#]*", re.IGNORECASE
)


def masked(url: str) -> str:
    """The address without its login and without query values that look like a login."""
    return _SECRET.sub(r"\1=***", _LOGIN.sub("***@", url))
