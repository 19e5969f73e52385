"""The port of the hub's keys, and its adapter for one machine: files.

The path of its file names a key. The other adapter, for several machines over one database, is
`hub.base.secret_store.sealed`; `tests/hub/base/test_secret_store.py` tests both.
"""

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import Connection

from hub.base.credentials import found
from hub.base.private_files import read_private, write_private, write_public

PUBLIC: Final = ".crt"
"""Suffix of files that everybody may read."""


class SecretStore(Protocol):
    """Keys by the path of their file; for any thread. All methods may raise OSError."""

    def has(self, path: Path) -> bool:
        """True if the key is there."""
        ...

    def read(self, path: Path, *, group_reads: bool = False) -> bytes:
        """The content of the key; FileNotFoundError, PermissionError if others can read the file.

        `group_reads`: its group may.
        """
        ...

    def make(self, path: Path, new: Callable[[], bytes], *, group_reads: bool = False) -> bytes:
        """The content of the key; `new` makes it if it is missing."""
        ...

    def write(self, path: Path, content: bytes, *, conn: Connection | None = None) -> None:
        """Store the key, durably and completely or not at all; `conn`: for a store in the database,
        the transaction to use."""
        ...

    def find(self, folder: Path, pattern: str) -> list[Path]:
        """Paths of the keys in this folder that match `pattern` (`*`), in the order of their
        names."""
        ...


class SecretFiles:
    """Plain files, and systemd's credentials in place of missing ones."""

    def has(self, path: Path) -> bool:
        """See `SecretStore`."""
        return found(path).exists()

    def read(self, path: Path, *, group_reads: bool = False) -> bytes:
        """See `SecretStore`."""
        if path.suffix == PUBLIC:
            return path.read_bytes()
        if group_reads and (place := found(path)).exists():
            if stat.S_IMODE(place.stat().st_mode) & 0o007:
                raise PermissionError(f"{path} is open to everybody. Run: chmod o= {path}")
            return place.read_bytes()
        return read_private(path)

    def make(self, path: Path, new: Callable[[], bytes], *, group_reads: bool = False) -> bytes:
        """See `SecretStore`. Processes of one machine start one after the other
        (`hub.app.roles.sole`), so that only one makes it."""
        if not self.has(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.write(path, new())
        return self.read(path, group_reads=group_reads)

    def write(
        self,
        path: Path,
        content: bytes,
        *,
        conn: Connection | None = None,  # noqa: ARG002 - a file belongs to no transaction
    ) -> None:
        """See `SecretStore`."""
        (write_public if path.suffix == PUBLIC else write_private)(path, content)

    def find(self, folder: Path, pattern: str) -> list[Path]:
        """See `SecretStore`."""
        return sorted(folder.glob(pattern))


FILES: Final[SecretStore] = SecretFiles()
