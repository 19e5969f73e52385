"""Masks camera addresses for display, so that no password gets into a log."""

import re
from typing import Final

_LOGIN: Final = re.compile(r"(?<=://)[^/?#]*@")
_SECRET: Final = re.compile(
    r"(?<=[?&])([^=&#]*(?:pass|pwd|user|auth|token|key|secret|sign)[^=&#]*)=[^&#]*", re.IGNORECASE
)
_IN_PATH: Final = re.compile(
    r"(?<=[/_])(user(?:name)?|pass(?:word|wd)?|pwd)=.*?(?=[_&][a-z]+=|[?#]|$)", re.IGNORECASE
)
"""A login in the path: many cheap cameras want `/user=admin_password=SECRET_channel=1`."""


def masked(url: str) -> str:
    """The address without its login and without values that look like a login."""
    return _IN_PATH.sub(r"\1=***", _SECRET.sub(r"\1=***", _LOGIN.sub("***@", url)))
