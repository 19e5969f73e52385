"""Counts the contents of a clip store from outside: files, boxes, rows; decoded by ffmpeg.

Imports nothing of the agent.
"""

import hashlib
import sqlite3
import struct
import subprocess
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """Row of a file in the journal."""

    path: Path
    sha256: str
    size_bytes: int


def is_sound(path: Path) -> bool:
    """True for the file of a clip's sound, unfinished or not."""
    return ".sound.mp4" in path.name


def clip_of(sound: str) -> str:
    """The name of the clip that a file of sound lies beside."""
    return sound.removesuffix(".part").replace(".sound.mp4", ".mp4")


def strays(folder: Path, indexed: Iterable[str]) -> list[str]:
    """What lies there though no row names it, nor the clip whose sound it is."""
    names, clips = {path.name for path in folder.glob("*.mp4*")}, set(indexed)
    wrong = [f"file without a row: {name}" for name in sorted(names - clips)
             if not is_sound(folder / name)]  # fmt: skip
    sounds = [name for name in sorted(names) if is_sound(folder / name)]
    wrong += [f"sound without its clip: {name}" for name in sounds if clip_of(name) not in clips]
    return wrong + [f"sound not ended: {name}" for name in sounds if name.endswith(".part")]


def frames_in_whole_fragments(path: Path) -> int:
    """Frames of all `moof` and `mdat` pairs that are wholly there, up to the first that is not."""
    data = path.read_bytes()
    frames, at, samples = 0, 0, 0
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        if size < 8 or at + size > len(data):
            break
        if name == b"moof":
            samples = _samples(data[at : at + size])
        elif name == b"mdat":
            frames += samples
        elif name not in {b"ftyp", b"moov", b"uuid"}:
            break
        at += size
    return frames


def _samples(moof: bytes) -> int:
    """The sample count of the one track run of a fragment."""
    at = moof.index(b"trun") + 4
    return int(struct.unpack_from(">I", moof, at + 4)[0])


def decoded_frames(path: Path) -> int:
    """Frames that ffmpeg decodes, of pictures or sound; -1 when it complains of anything."""
    track = "0:a" if is_sound(path) else "0:v"
    run = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "warning", "-xerror", "-i", str(path), "-map", track,
         "-fps_mode", "passthrough", "-f", "framecrc", "-"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if run.returncode != 0 or run.stderr:
        return -1
    return sum(1 for line in run.stdout.splitlines() if line and not line.startswith("#"))


def rows(journal: Path) -> tuple[list[Row], list[Row], set[str]]:
    """The clips and the pictures that the journal names, and the hashes it holds."""
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as file:
        clips = file.execute("SELECT path, sha256, size_bytes FROM clips").fetchall()
        pictures = file.execute(
            "SELECT DISTINCT path, sha256, size_bytes FROM media WHERE kind = 'picture'"
        ).fetchall()
        owed = file.execute("SELECT DISTINCT path, sha256, size_bytes FROM media"
                            " WHERE kind = 'clip'").fetchall()  # fmt: skip
        held = {row[0] for row in file.execute("SELECT sha256 FROM holds")}
    as_row = [[Row(Path(p), s, n) for p, s, n in part] for part in (clips, [*pictures, *owed])]
    return as_row[0], as_row[1], held


def is_dangling(row: Row) -> bool:
    """The row names a file that is not there, or another one."""
    return not row.path.is_file() or row.path.stat().st_size != row.size_bytes


def has_other_bytes(row: Row) -> bool:
    """The file is not the one whose hash the row has."""
    return hashlib.sha256(row.path.read_bytes()).hexdigest() != row.sha256
