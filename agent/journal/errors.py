"""What can be wrong with the journal's file, each with its cure, from SQLite's own words."""

import errno
import shutil
import sqlite3
from pathlib import Path
from typing import Final

_CORRUPT: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_LOG_INDEX_BYTES: Final = 32 * 1024
_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class JournalError(Exception):
    """The journal cannot be used as it is: a sentence, and what to do about it."""

    def __init__(self, sentence: str, cure: str) -> None:
        super().__init__(f"{sentence}. {cure}")
        self.sentence = sentence
        self.cure = cure


class JournalFull(JournalError):  # noqa: N818 - names the state
    """The disk under the journal is full; the transaction was undone, earlier ones stand."""


class JournalCorrupt(JournalError):  # noqa: N818 - names the state
    """The file is damaged; a restart keeps it aside and begins a new one."""


class JournalBusy(JournalError):  # noqa: N818 - names the state
    """Another process holds this journal."""


def explained(error: sqlite3.Error | OSError, path: Path) -> JournalError:
    """The journal's own error for one of SQLite's or of the system's."""
    if _is_no_space(error, path):
        return JournalFull(
            f"the journal {path} cannot grow: the disk is full",
            f"free space below {path.parent}, or lower [clips] max_bytes",
        )
    if _primary_code(error) in _CORRUPT:
        return JournalCorrupt(
            f"the journal {path} is damaged ({error})",
            "restart the agent: it keeps the file aside and begins a new one",
        )
    return JournalError(
        f"the journal {path} cannot be used ({error})",
        f"see that {path.parent} is mounted and writable for the agent's user",
    )


def is_damage(error: sqlite3.Error) -> bool:
    """True when the file itself is at fault, not the disk or a lock."""
    return _primary_code(error) in _CORRUPT


def _is_no_space(error: sqlite3.Error | OSError, path: Path) -> bool:
    if isinstance(error, OSError):
        return error.errno in _NO_SPACE
    match _primary_code(error):
        case sqlite3.SQLITE_FULL:
            return True
        case sqlite3.SQLITE_IOERR:  # so it calls a disk with no room for the log's index
            return _free_bytes(path.parent) < _LOG_INDEX_BYTES
    return False


def _free_bytes(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return _LOG_INDEX_BYTES


def _primary_code(error: sqlite3.Error | OSError) -> int:
    """SQLite's code without its extension bits; 0 when it gave none."""
    return int(getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
