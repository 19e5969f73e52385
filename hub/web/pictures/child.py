"""Child process that makes pictures (`hub.web.pictures.maker`): one process for each picture.

    python -m hub.web.pictures.child

It reads jobs from its standard input, one after the other: a line of JSON with `act`, `around` and
`size_bytes`, then so many bytes of the original. For each it writes a line with `fault`, `width`,
`height` and `size_bytes`, then so many bytes of the result. This process loads Pillow once and
forks for each job. The fork has little memory and time; if it breaks, nothing else does.
"""

import io
import json
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Final

# Loaded before the fork, so that a job does not pay for it.
from PIL import (
    Image,
    ImageFile,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,  # noqa: F401 - the job needs it
    WebPImagePlugin,  # noqa: F401 - the job needs it
)

MEMORY_BYTES: Final = 150 * 2**20
"""Address space of one job, this program included (30 MiB)."""
DECODED_BYTES: Final = 110 * 2**20
"""Largest need of a decoder that is tried; the rest is for the program and the result."""
CPU_S: Final = 3
"""Processor time of one job; the largest that fits takes below one second."""
TIME_S: Final = 10
"""Time of one job, also on a busy machine."""
MOST_RESULT_BYTES: Final = 4 * 2**20

PIXEL_BYTES: Final = 4
"""Pillow's bytes per pixel, also for RGB."""
MOST_PIXELS: Final = 50_000_000
"""A larger picture is refused even if it can be read at a reduced size."""
MOST_WHOLE_PIXELS: Final = 12_000_000
"""Limit for PNG and WebP, which cannot be read at a reduced size."""
FORMATS: Final = ("JPEG", "PNG", "WEBP")
COEFFICIENT_BYTES: Final = 2
"""A progressive JPEG holds so many bytes for each sample until its last scan."""

SMALL_PX: Final = 400
MEDIUM_PX: Final = 800
SMALL_BYTES: Final = 10_500
MEDIUM_BYTES: Final = 44_000
"""An alert's page loads one medium picture and six small ones: at most 120 kB before a tap."""
QUALITIES: Final = (50, 35, 20, 10)
"""The first one whose WebP is small enough is taken, else the last."""
SURROUNDINGS: Final = 1.4
"""A cut-out is so many times as large as its box: a picture may be a moment older than the box."""
LEAST_CROP_PX: Final = 96
"""Least side; a smaller cut-out would be a blur."""
SHOWN_PX: Final = 1600
PAPER_PX: Final = 1000
"""Longer side in print; the file in the package is the evidence."""

Result = tuple[Image.Image, str, tuple[int, ...], int]
"""The picture, its format, qualities to try, and the bytes at which the first is taken."""
Box = list[float]
"""Values x0, y0, x1, y1 as shares of the picture."""


class TooLargeError(Exception):
    """Decoding it would take more memory than a job has."""


def small(picture: ImageFile.ImageFile, around: Box | None) -> Result:
    """A picture for lists: the whole, or the square around a box."""
    if around is None:
        shown = _read(picture, min(picture.size), SMALL_PX)
    else:
        left, _, right, _ = _square(picture.size, around)
        _read(picture, right - left, SMALL_PX)
        shown = picture.crop(_square(picture.size, around))
    shown.thumbnail((SMALL_PX, SMALL_PX))
    return shown.convert("RGB"), "WEBP", QUALITIES, SMALL_BYTES


def medium(picture: ImageFile.ImageFile, _: Box | None) -> Result:
    """A picture for the page of an alert."""
    shown = _read(picture, min(picture.size), MEDIUM_PX)
    shown.thumbnail((MEDIUM_PX, MEDIUM_PX))
    return shown.convert("RGB"), "WEBP", QUALITIES, MEDIUM_BYTES


def redrawn(picture: ImageFile.ImageFile, _: Box | None) -> Result:
    """The visible content alone, upright: no position, no script, nothing that is not a picture."""
    shown = _read(picture, min(picture.size), SHOWN_PX)
    # Reduce first: each of the two following steps would take as much again.
    reduced = shown if shown.mode == "RGB" else shown.convert("RGB")
    reduced.thumbnail((SHOWN_PX, SHOWN_PX))
    upright = ImageOps.exif_transpose(reduced)
    clean = Image.new("RGB", upright.size)  # whatever else an image carries stays behind
    clean.paste(upright)
    return clean, "JPEG", (82,), MOST_RESULT_BYTES


def printed(picture: ImageFile.ImageFile, _: Box | None) -> Result:
    """A picture for paper."""
    shown = _read(picture, min(picture.size), PAPER_PX).convert("RGB")
    shown.thumbnail((PAPER_PX, PAPER_PX))
    return shown, "JPEG", (80,), MOST_RESULT_BYTES


ACTS: Final[Mapping[str, Callable[[ImageFile.ImageFile, Box | None], Result]]] = {
    "small": small,
    "medium": medium,
    "redrawn": redrawn,
    "printed": printed,
}


def _read(picture: ImageFile.ImageFile, side: int, wanted_px: int) -> Image.Image:
    """Decode, at a reduced size if `side` pixels of the original then still are `wanted_px`.
    TooLargeError by the header, before anything is decoded."""
    width, height = picture.size
    samples = 0.0
    if isinstance(picture, JpegImagePlugin.JpegImageFile):
        if picture.info.get("progressive"):
            samples = width * height * _samples_per_pixel(picture)
        scale = max(1, side // wanted_px)
        picture.draft("RGB", (max(1, width // scale), max(1, height // scale)))
    elif width * height > MOST_WHOLE_PIXELS:
        raise TooLargeError
    needed = picture.width * picture.height * PIXEL_BYTES + samples * COEFFICIENT_BYTES
    if width * height > MOST_PIXELS or needed > DECODED_BYTES:
        raise TooLargeError
    picture.load()
    return picture


def _samples_per_pixel(picture: JpegImagePlugin.JpegImageFile) -> float:
    """1.5 for the usual halved colours, 3 for full ones."""
    shares = [one[1] * one[2] for one in picture.layer]
    return sum(shares) / max(shares, default=1)


def _square(size: tuple[int, int], around: Box) -> tuple[int, int, int, int]:
    """Left, top, right, bottom in px: the box with its surroundings, within the picture."""
    width, height = size
    x0, y0, x1, y1 = around
    wanted = SURROUNDINGS * max((x1 - x0) * width, (y1 - y0) * height)
    side = round(min(max(wanted, LEAST_CROP_PX), width, height))
    left = min(max(0, round((x0 + x1) / 2 * width - side / 2)), width - side)
    top = min(max(0, round((y0 + y1) / 2 * height - side / 2)), height - side)
    return left, top, left + side, top + side


def made(job: Mapping[str, Any], original: bytes) -> tuple[dict[str, object], bytes]:
    """The answer to a job: its line, and the result."""
    try:
        with Image.open(io.BytesIO(original), formats=FORMATS) as picture:
            shown, form, qualities, enough_bytes = ACTS[job["act"]](picture, job["around"])
        for quality in qualities:
            result = io.BytesIO()
            shown.save(result, form, quality=quality)
            if result.tell() <= enough_bytes:
                break
    except (TooLargeError, MemoryError, Image.DecompressionBombError):
        return {"fault": "large"}, b""
    except (OSError, SyntaxError, ValueError, EOFError, TypeError, struct.error):
        return {"fault": "picture"}, b""
    return {"fault": "", "width": shown.width, "height": shown.height}, result.getvalue()


def _bounded(job: Mapping[str, Any], original: bytes) -> tuple[dict[str, object], bytes]:
    """`made`, in a fork with little memory and time."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            for not_its in (read_end, sys.stdin.fileno(), sys.stdout.fileno()):
                os.close(not_its)
            _limit()
            _put(write_end, *made(job, original))
            os._exit(0)
        finally:
            os._exit(1)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        answer = pipe.read(MOST_RESULT_BYTES)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
        line, _, result = answer.partition(b"\n")
        return json.loads(line), result
    is_late = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM
    return {"fault": "slow" if is_late else "large"}, b""


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    for nothing in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(nothing, (0, 0))
    signal.alarm(TIME_S)  # nothing handles it: it ends the process


def _put(descriptor: int, said: Mapping[str, object], result: bytes) -> None:
    line = json.dumps({**said, "size_bytes": len(result)}).encode()
    with os.fdopen(descriptor, "wb", closefd=False) as pipe:
        pipe.write(line + b"\n" + result)


def serve(jobs: BinaryIO) -> None:
    """Answer jobs until there are no more."""
    while line := jobs.readline():
        job = json.loads(line)
        _put(sys.stdout.fileno(), *_bounded(job, jobs.read(job["size_bytes"])))


if __name__ == "__main__":
    os.nice(5)  # alerts have priority
    serve(sys.stdin.buffer)
