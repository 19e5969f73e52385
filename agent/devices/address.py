"""Camera addresses as they may be shown: whoever reads a log line learns no password."""

import re
from typing import Final

_LOGIN: Final = re.compile(r"(?<=://)[^/?#]*@")
_SECRET: Final = re.compile(
    r"(?<=[?&])([^=&#]*(?:pass|pwd|user|auth|token|key|secret|sign)[^=&#]*)=[^&#]*", re.IGNORECASE
)


def masked(url: str) -> str:
    """The address without its login, and without what looks like one in its query."""
    return _SECRET.sub(r"\1=***", _LOGIN.sub("***@", url))
