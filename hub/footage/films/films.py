"""Untrusted video files: recognised by their first bytes, read and cut by a limited child process.

The child has little time, memory and priority, and no other file; it ends with the hub. A bad file
ends the child, and nothing else.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """Facts of a video file."""

    form: str
    codec: str
    width: int
    height: int
    duration_ms: int


FORMS: Final = {"mp4": "mov", "mkv": "matroska", "avi": "avi", "ts": "mpegts"}
"""File extension → name of its demuxer."""
HEAD_BYTES: Final = 4096
TS_PACKET_BYTES: Final = 188
FIRST_BOXES: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})


class NoFilmError(Exception):
    """The file is no readable video; the text gives the reason for the log."""


@dataclass(frozen=True, slots=True)
class FilmBounds:
    """Limits for reading or cutting one file."""

    time_s: float = 900.0
    cpu_s: int = 600
    memory_bytes: int = 2**30
    """Address space; 8K takes 600 MiB. Together with the hub it stays below the unit's MemoryMax,
    which would end the whole hub."""


def form_of(path: Path) -> str | None:
    """Format by the first bytes: mp4 (and the variants of phones), mkv, avi, ts; None for all
    else."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head[4:8] in FIRST_BOXES:
        return "mp4"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "mkv"
    if head[:4] == b"RIFF" and head[8:11] == b"AVI":
        return "avi"
    starts = head[: 8 * TS_PACKET_BYTES : TS_PACKET_BYTES]
    return "ts" if len(starts) == 8 and set(starts) == {0x47} else None


def read_film(path: Path, *, bounds: FilmBounds | None = None) -> FilmFacts:
    """Facts of the file; raises NoFilmError. Blocks."""
    form = form_of(path)
    if form is None:
        raise NoFilmError("its first bytes match no known video format")
    said = _run(["probe", FORMS[form], str(path)], bounds or FilmBounds(), size_bytes=0)
    try:
        facts = json.loads(said)
        return FilmFacts(
            form=form,
            codec=str(facts["codec"])[:40],
            width=_pixels(facts["width"]),
            height=_pixels(facts["height"]),
            duration_ms=min(int(facts["duration_ms"]), 2**53),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise NoFilmError(f"its facts are invalid: {error}") from error


def cut_film(
    path: Path,
    into: Path,
    *,
    form: str,
    from_ms: int,
    until_ms: int | None,
    bounds: FilmBounds | None = None,
) -> None:
    """Cut a part without transcoding, from the keyframe before; raises NoFilmError. Blocks."""
    end_ms = -1 if until_ms is None else until_ms
    words = ["cut", FORMS[form], str(path), str(into), str(from_ms), str(end_ms)]
    size_bytes = path.stat().st_size + 2**20
    _run(words, bounds or FilmBounds(), size_bytes=size_bytes)
    if not into.exists() or into.stat().st_size == 0:
        raise NoFilmError("the cut is empty")


def _pixels(said: object) -> int:
    value = int(str(said))
    if not 0 < value <= 65_536:
        raise ValueError(f"{value} pixels")
    return value


def _run(words: list[str], bounds: FilmBounds, *, size_bytes: int) -> bytes:
    limits = [f"--cpu={bounds.cpu_s}", f"--as={bounds.memory_bytes}", f"--fsize={size_bytes}"]
    command = ["setpriv", "--pdeathsig", "KILL", "prlimit", *limits, "nice", "-n", "15"]
    command += [sys.executable, "-m", "hub.footage.films.film_child", *words]
    home = str(Path(__file__).parents[3])
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": home, "LANG": "C.UTF-8"}
    environment["OPENBLAS_NUM_THREADS"] = "1"  # each thread takes address space
    try:
        done = subprocess.run(  # noqa: S603 - our own words, and paths of our own
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=bounds.time_s,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired as error:
        raise NoFilmError(f"reading it took longer than {bounds.time_s:g} s") from error
    if done.returncode != 0:
        last = done.stderr[-400:].decode(errors="replace").strip().splitlines()[-1:]
        raise NoFilmError(f"the reader ended with {done.returncode}: {' '.join(last)}")
    return done.stdout
