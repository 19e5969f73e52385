"""Model files of the networks: one comes with the agent, those for other input sizes are made from
it.

They are kept in the node's state folder and checked at each start, because a card may lose what was
written. Without such a folder, or if it takes no file, a network is made in memory each time.
"""

import hashlib
from pathlib import Path

import structlog

from agent.inference.manifest import Entry, ModelError
from agent.inference.regrid import RegridError, regrid
from agent.journal.durable import make_folder, write_whole

FOLDER = "grids"
"""Name of the folder for them, beside the node's journal."""

log = structlog.get_logger()


def model_file(entry: Entry, kept: Path | None) -> Path | bytes:
    """The verified file of a network, or its content; raises ModelError.

    `kept` is the folder for generated files; it need not exist.
    """
    if entry.file is not None:
        _read(entry.file, entry.sha256)
        return entry.file
    if kept is None:
        return _made(entry)
    path = kept / f"{entry.name}.tflite"
    was_there = path.exists()
    if was_there and _is_as_said(path, entry.sha256):
        return path
    content = _made(entry)
    try:
        make_folder(kept)
        write_whole(path, content, mode=0o600)
    except OSError as error:
        log.warning("grid_not_kept", path=str(path), reason=error.strerror)
        return content
    if was_there:
        log.warning("grid_made_anew", path=str(path))
    else:
        log.info("grid_made", path=str(path))
    return path


def _made(entry: Entry) -> bytes:
    """The content of a network that is made from another."""
    source = entry.source
    if source is None or source.file is None:
        raise ModelError(f"The model {entry.name} has no file.", "Install the models again.")
    content = _read(source.file, source.sha256)
    try:
        made = regrid(content, entry.input_px)
    except RegridError as error:
        raise ModelError(
            f"The model {entry.name} cannot be made from {source.file} ({error}).",
            "Install the models of this version.",
        ) from error
    _check(f"{entry.name}, made from {source.file},", made, entry.sha256)
    return made


def _read(path: Path, sha256: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"The model {path} cannot be read ({error.strerror}).", "Install the models again."
        ) from error
    _check(str(path), content, sha256)
    return content


def _check(named: str, content: bytes, sha256: str) -> None:
    digest = hashlib.sha256(content).hexdigest()
    if digest != sha256:
        raise ModelError(
            f"The model {named} is not the one the manifest names"
            f" (sha256 {digest[:12]}…, expected {sha256[:12]}…).",
            "It was damaged or replaced: install the models again.",
        )


def _is_as_said(path: Path, sha256: str) -> bool:
    """False for another content or a file that cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False
