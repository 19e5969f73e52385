"""Small pictures for lists: about 10 kB, so that an inbox loads on a bad line."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from PIL import Image

WIDTH: Final = 400
QUALITY: Final = 50
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
def small_picture(original: Original, around: Box | None = None) -> bytes:
    """The picture, at most `WIDTH` px wide and high, with its proportions; with `around`, the
    square around that box. The last few are cached."""
    content = io.BytesIO(original.load())
    try:
        with Image.open(content, formats=("JPEG",)) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise NotAPictureError("too large")
            if around is None:
                picture.draft("RGB", (WIDTH, WIDTH))  # the decoder skips what is not needed
            shown = picture if around is None else picture.crop(_square(picture.size, around))
            shown.thumbnail((WIDTH, WIDTH))
            buffer = io.BytesIO()
            shown.convert("RGB").save(buffer, "WEBP", quality=QUALITY)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise NotAPictureError(type(error).__name__) from error
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
