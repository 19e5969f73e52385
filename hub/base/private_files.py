"""Atomic writes of small files; private ones are readable by their owner only."""

import os
import secrets
import stat
from pathlib import Path

from hub.base.credentials import found


def write_private(path: Path, content: bytes) -> None:
    """Write `content` to `path` with mode 0600 from the start; atomic.

    A file readable by its group stays so: a broker running as another user reads its key that way.
    """
    group_reads = path.exists() and bool(path.stat().st_mode & stat.S_IRGRP)
    _write(path, content, mode=0o640 if group_reads else 0o600)


def write_public(path: Path, content: bytes) -> None:
    """Write `content` to `path` with mode 0644; atomic."""
    _write(path, content, mode=0o644)


def read_private(path: Path) -> bytes:
    """Content of `path`; PermissionError if others can read or write it.

    If the file is missing: the credential of its name that systemd decrypted for this service.
    """
    if (place := found(path)) != path:
        return place.read_bytes()
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise PermissionError(f"{path} is open to others (mode {mode:04o}). Run: chmod 600 {path}")
    return path.read_bytes()


def _write(path: Path, content: bytes, *, mode: int) -> None:
    """Write a temporary file, sync, rename, sync the folder: the rename is the commit."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)  # independent of the umask
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
