"""Small pictures for lists, about 10 kB, and medium ones for a page, about 30 kB, for bad lines."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from PIL import Image

WIDTH: Final = 400
MEDIUM_WIDTH: Final = 800
QUALITIES: Final = (50, 35, 20, 10)
"""The first one whose picture is small enough is taken, else the last."""
MOST_BYTES: Final = {WIDTH: 12_000, MEDIUM_WIDTH: 44_000}
"""An alert's page loads one medium picture and six small ones: at most 120 kB before a tap."""
MEDIA_TYPE: Final = "image/webp"

SURROUNDINGS: Final = 1.4
"""A cut-out is so many times as large as its box: a picture may be a moment older than the box."""
LEAST_CROP: Final = 96
"""Least side in px; a smaller cut-out would be a blur."""

MOST_PIXELS: Final = 40_000_000
"""A larger picture would take more memory than a camera's picture is worth."""


class NotAPictureError(Exception):
    """The bytes cannot be made a small picture; send them as they are."""


@dataclass(frozen=True, slots=True)
class Original:
    """A stored picture: equal by hash, independent of its reader."""

    sha256: str
    load: Callable[[], bytes] = field(compare=False)


Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 as shares of the picture."""


@lru_cache(maxsize=256)
def small_picture(original: Original, around: Box | None = None, width: int = WIDTH) -> bytes:
    """The picture, at most `width` px wide and high (`WIDTH` or `MEDIUM_WIDTH`), with its
    proportions; with `around`, the square around that box. The last few are cached."""
    content = io.BytesIO(original.load())
    try:
        with Image.open(content, formats=("JPEG",)) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise NotAPictureError("too large")
            if around is None:
                picture.draft("RGB", (width, width))  # the decoder skips what is not needed
            shown = picture if around is None else picture.crop(_square(picture.size, around))
            shown.thumbnail((width, width))
            return _webp(shown.convert("RGB"), MOST_BYTES[width])
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise NotAPictureError(type(error).__name__) from error


def _webp(picture: Image.Image, most_bytes: int) -> bytes:
    for quality in QUALITIES:
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", quality=quality)
        if buffer.tell() <= most_bytes:
            break
    return buffer.getvalue()


def _square(size: tuple[int, int], around: Box) -> tuple[int, int, int, int]:
    """Left, top, right, bottom in px: the box with its surroundings, within the picture."""
    width, height = size
    x0, y0, x1, y1 = around
    wanted = SURROUNDINGS * max((x1 - x0) * width, (y1 - y0) * height)
    side = round(min(max(wanted, LEAST_CROP), width, height))
    left = min(max(0, round((x0 + x1) / 2 * width - side / 2)), width - side)
    top = min(max(0, round((y0 + y1) / 2 * height - side / 2)), height - side)
    return left, top, left + side, top + side
