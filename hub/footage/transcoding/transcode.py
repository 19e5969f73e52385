"""Transcodes a clip to a small H.264 copy with ffmpeg, under limits of time, memory and priority.

The clip comes from a node that an attacker may control: ffmpeg reads it from a pipe, as MP4 only,
may open no other file or address, and is killed at a timeout.
"""

import contextlib
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

WIDTH_PX: Final = 640
"""Enough to recognise a person on a phone; the original has the full detail."""
FRAMES_PER_S: Final = 15
"""Most frames per second: the bits of left-out frames make the others sharper."""
MOST_KBIT_PER_S: Final = 400
"""Most kbit/s of a whole copy of at least four seconds, container included."""
RATE_KBIT_PER_S: Final = 320
"""Rate of the encoder, averaged over one second; it may add what it saved at the start."""
KEYFRAME_EVERY_FRAMES: Final = 30
"""Two seconds: a jump decodes at most so much."""


class NoCopyError(Exception):
    """No copy can be made of this clip; the message is a sentence with the reason."""


@dataclass(frozen=True, slots=True)
class ShrinkBounds:
    """Limits for one copy."""

    time_s: float = 600.0
    """Against one that hangs. It yields to everything else, so a busy hub needs minutes for what an
    idle one makes in five seconds."""
    cpu_s: int = 120
    memory_bytes: int = 2 * 2**30
    """Address space, several times the memory in use."""
    size_bytes: int = 64 * 2**20


def shrink(original: Iterator[bytes], copy: Path, *, bounds: ShrinkBounds | None = None) -> None:
    """Write a copy to `copy`; blocks. Raises NoCopyError, and what reading the original raises."""
    bounds = bounds or ShrinkBounds()
    if shutil.which("ffmpeg") is None:
        raise NoCopyError("ffmpeg is not installed at the hub: apt-get install ffmpeg")
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603 - our own words, and a path of our own
            _command(copy, bounds), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said
        )
        is_late = threading.Event()
        timer = threading.Timer(bounds.time_s, _kill, (process, is_late))
        timer.start()
        try:
            _feed(process, original)
            code = process.wait()
        finally:
            timer.cancel()
            process.kill()
            process.wait()
        if is_late.is_set():
            raise NoCopyError(f"ffmpeg took longer than {bounds.time_s:g} s")
        if code != 0 or copy.stat().st_size == 0:
            said.seek(0)
            last = said.read()[-400:].decode(errors="replace").strip().splitlines()[-1:]
            raise NoCopyError(f"ffmpeg ended with {code}: {' '.join(last) or 'no message'}")


def _command(copy: Path, bounds: ShrinkBounds) -> list[str]:
    limits = [
        f"--cpu={bounds.cpu_s}",
        f"--as={bounds.memory_bytes}",
        f"--fsize={bounds.size_bytes}",
    ]
    # It ends with the hub, and pages and intake have priority.
    shell = ["setpriv", "--pdeathsig", "KILL", "prlimit", *limits, "nice", "-n", "19"]
    source = ["-f", "mp4", "-protocol_whitelist", "pipe", "-i", "pipe:0"]
    picture = ["-map", "0:v:0", "-an", "-sn", "-dn", "-vf", f"scale='min({WIDTH_PX},iw)':-2"]
    coding = ["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "main", "-crf", "28"]
    shape = ["-pix_fmt", "yuv420p", "-g", str(KEYFRAME_EVERY_FRAMES), "-fpsmax", str(FRAMES_PER_S)]
    rate = ["-maxrate", f"{RATE_KBIT_PER_S}k", "-bufsize", f"{RATE_KBIT_PER_S}k"]
    threads = ["-threads", "1"]
    # The index (moov) at the front: a player can jump before it has the rest.
    into = ["-movflags", "+faststart", "-f", "mp4", "-y", str(copy)]
    ffmpeg = ["ffmpeg", "-hide_banner", "-v", "error", *threads, *source]
    return [*shell, *ffmpeg, *picture, *coding, *shape, *rate, *threads, *into]


def _feed(process: "subprocess.Popen[bytes]", original: Iterator[bytes]) -> None:
    pipe = process.stdin
    if pipe is None:
        return
    # A broken pipe means that ffmpeg ended; its exit code tells the reason.
    with contextlib.suppress(BrokenPipeError):
        for piece in original:
            pipe.write(piece)
            pipe.flush()  # so that the next piece detects its end
    with contextlib.suppress(BrokenPipeError):
        pipe.close()


def _kill(process: "subprocess.Popen[bytes]", is_late: threading.Event) -> None:
    is_late.set()
    process.kill()
