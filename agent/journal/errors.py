"""Faults of the journal's file, each with its cure, from SQLite's errors."""

import errno
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Final

_CORRUPT: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_LOG_INDEX_BYTES: Final = 32 * 1024
_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_UNWRITTEN: Final = frozenset(
    {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR}
)


class JournalError(Exception):
    """The journal is unusable; the message says why and what to do."""

    def __init__(self, sentence: str, cure: str) -> None:
        super().__init__(f"{sentence}. {cure}")
        self.sentence = sentence
        self.cure = cure


class JournalFull(JournalError):  # noqa: N818 - names the state
    """The disk of the journal is full; the transaction was rolled back, earlier ones are safe."""


class JournalCorrupt(JournalError):  # noqa: N818 - names the state
    """The file is damaged; a restart sets it aside and starts a new one."""


class JournalBusy(JournalError):  # noqa: N818 - names the state
    """Another process holds this journal."""


class JournalReadOnly(JournalError):  # noqa: N818 - names the state
    """The disk of the journal is mounted read-only, as the system does with a dying card."""


class JournalDying(JournalError):  # noqa: N818 - names the state
    """The disk of the journal fails to read or write."""


def explained(error: sqlite3.Error | OSError, path: Path) -> JournalError:
    """The journal's error for an error of SQLite or of the system."""
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
    if _is_read_only(error, path):
        return JournalReadOnly(
            f"the journal {path} cannot be written: its disk is mounted read-only",
            "a card that dies is mounted so: see dmesg, and replace it; otherwise make it writable:"
            " mount -o remount,rw",
        )
    if _is_dying(error):
        return JournalDying(
            f"the disk under the journal {path} fails ({error})",
            "replace the card or the disk, and enrol the node anew with a code for the same name",
        )
    return JournalError(
        f"the journal {path} cannot be used ({error})",
        f"see that {path.parent} is mounted and writable for the agent's user",
    )


def is_damage(error: sqlite3.Error) -> bool:
    """True if the file itself is damaged, not the disk or a lock."""
    return _primary_code(error) in _CORRUPT


def _is_no_space(error: sqlite3.Error | OSError, path: Path) -> bool:
    if isinstance(error, OSError):
        return error.errno in _NO_SPACE
    match _primary_code(error):
        case sqlite3.SQLITE_FULL:
            return True
        case sqlite3.SQLITE_IOERR:  # also reported for a disk without space for the log's index
            return _free_bytes(path.parent) < _LOG_INDEX_BYTES
    return False


def _free_bytes(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return _LOG_INDEX_BYTES


def is_mounted_read_only(path: Path) -> bool:
    """True if the disk of `path`, or of its first existing parent, is read-only."""
    for place in (path, *path.absolute().parents):
        try:
            return bool(os.statvfs(place).f_flag & os.ST_RDONLY)
        except FileNotFoundError:
            continue
        except OSError:
            return False
    return False


def _is_read_only(error: sqlite3.Error | OSError, path: Path) -> bool:
    if isinstance(error, OSError):
        return error.errno == errno.EROFS
    return _primary_code(error) in _UNWRITTEN and is_mounted_read_only(path)


def _is_dying(error: sqlite3.Error | OSError) -> bool:
    if isinstance(error, OSError):
        return error.errno == errno.EIO
    return _primary_code(error) == sqlite3.SQLITE_IOERR


def _primary_code(error: sqlite3.Error | OSError) -> int:
    """SQLite's error code without extension bits; 0 if there is none."""
    return int(getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
