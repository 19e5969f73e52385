"""What processes of one machine must not do at once: serve one SQLite file, make the same keys."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL

from hub.app.errors import StartRefusedError
from hub.app.roles.names import ROLES

SUFFIX: Final = ".running"
"""Of the file beside the database that a running hub keeps locked. The file itself stays."""


class SoleProcess:
    """Held until `close`, or until the process ends in whatever way."""

    def __init__(self, url: URL, roles: frozenset[str]) -> None:
        """Raises StartRefusedError for a part of the roles, and beside a hub that runs."""
        if roles != frozenset(ROLES):
            raise StartRefusedError(
                "--roles divides the hub over processes, and SQLite (store.url) serves one "
                "process. Leave --roles out, or set store.url to a PostgreSQL database"
            )
        self._file = _locked(Path(f"{url.database}{SUFFIX}"), url)

    def close(self) -> None:
        """Let the next hub start."""
        os.close(self._file)


@contextmanager
def starting_alone(secrets: Path) -> Iterator[None]:
    """Processes of one machine start one after the other: the first makes the keys that are
    missing, the others find them."""
    folder = os.open(secrets, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _locked(path: Path, url: URL) -> int:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(file)
        raise StartRefusedError(
            f"a hub runs already with the database {url.database}, and SQLite serves one process. "
            "Stop it first, or set store.url of both to a PostgreSQL database"
        ) from error
    return file
