"""Files with secrets: readable by owner and group only, or passed by systemd."""

import os
import re
import stat
from pathlib import Path
from typing import Final

NODE_KEY: Final = "node.key"
"""Credential in place of [broker] key_file if that file is missing (systemd-creds)."""
_LOGIN: Final = re.compile(
    r"://[^/@\s:]*:[^/@\s]*@"  # rtsp://admin:SECRET@HOST/…
    r"|://[^\s\"']*[/?&_](?:pass(?:word|wd)?|pwd)=[^&_\s\"']",  # rtsp://HOST/…password=SECRET
    re.IGNORECASE,
)


def is_open_to_all(path: Path) -> bool:
    """True if everybody on this machine can read or write `path`; raises OSError."""
    return bool(stat.S_IMODE(path.stat().st_mode) & (stat.S_IROTH | stat.S_IWOTH))


def holds_login(text: str) -> bool:
    """True if it contains an address with name and password."""
    return _LOGIN.search(text) is not None


def credential(name: str) -> Path | None:
    """File of that name among the credentials that systemd decrypted for this service, if any."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(folder) / name if folder else None
    return path if path is not None and path.is_file() else None
