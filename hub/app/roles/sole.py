"""Locks against work that two processes of one machine must not do at once: serve one SQLite file,
or make the same keys."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from hub.app.errors import StartRefusedError
from hub.app.roles.names import ROLES
from hub.base.processes.file_lock import FileLock

SUFFIX: Final = ".running"
"""Suffix of the file beside the database that a running hub keeps locked. The file itself stays."""


def refuse_a_part_on_sqlite(url: str, roles: frozenset[str]) -> None:
    """Raise StartRefusedError if roles are divided over SQLite. To be asked before the port and the
    database are touched."""
    if url.startswith("sqlite") and roles != frozenset(ROLES):
        raise StartRefusedError(
            "--roles divides the hub over processes, and SQLite (store.url) serves one "
            "process. Leave --roles out, or set store.url to a PostgreSQL database"
        )


def only_process_of(database: str) -> FileLock:
    """Lock that is held as long as this hub runs on a SQLite file; StartRefusedError if another hub
    runs on it."""
    lock = FileLock(Path(f"{database}{SUFFIX}"))
    try:
        is_only = lock.take()
    except OSError as error:
        raise StartRefusedError(
            f"the hub cannot lock its database: {error}. Give the file to the hub's user"
        ) from error
    if not is_only:
        raise StartRefusedError(
            f"a hub runs already with the database {database}, and SQLite serves one process. "
            "Stop it first, or set store.url of both to a PostgreSQL database"
        )
    return lock


@contextmanager
def starting_alone(secrets: Path) -> Iterator[None]:
    """Let the processes of one machine start one after the other: the first makes the keys that are
    missing, the others find them."""
    folder = os.open(secrets, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
