"""Files with secrets: open to nobody but their owner and group, or handed over by systemd."""

import os
import re
import stat
from pathlib import Path
from typing import Final

NODE_KEY: Final = "node.key"
"""The credential that stands for [broker] key_file where that file is gone (systemd-creds)."""
_LOGIN: Final = re.compile(r"://[^/@\s:]*:[^/@\s]*@")


def is_open_to_all(path: Path) -> bool:
    """Whether everybody on this machine may read or write `path`; raises OSError."""
    return bool(stat.S_IMODE(path.stat().st_mode) & (stat.S_IROTH | stat.S_IWOTH))


def holds_login(text: str) -> bool:
    """Whether an address with name and password stands in it."""
    return _LOGIN.search(text) is not None


def credential(name: str) -> Path | None:
    """The file of that name among those that systemd decrypted for this service, if it did."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(folder) / name if folder else None
    return path if path is not None and path.is_file() else None
