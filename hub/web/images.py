"""Redraws uploaded pictures, so that only the visible content remains.

Redrawing removes positions, scripts, and anything that is not a picture.
"""

import io
import struct
import threading
from dataclasses import dataclass
from typing import Final, Literal

from PIL import Image, ImageOps

MOST_PIXELS: Final = 50_000_000
MOST_WHOLE_PIXELS: Final = 20_000_000
"""Limit for PNG and WebP, which cannot be decoded at a reduced size."""
SIDE_PX: Final = 1600
FORMATS: Final = ("JPEG", "PNG", "WEBP")

_ONE_AT_A_TIME: Final = threading.Lock()
"""The largest takes 480 MB while it is drawn: a panorama of 50 million pixels as a progressive
JPEG, too low for a reduced size."""

_FROM_THE_PUBLIC: Final = threading.Semaphore(3)
"""Each picture that waits holds one of the twelve threads for pages: the public may hold three."""


class PictureError(Exception):
    """The bytes are not a picture, or it is too large, or too many others wait."""

    def __init__(self, fault: Literal["picture", "large", "busy"]) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class DrawnImage:
    """A JPEG of at most `SIDE_PX` on its longer side."""

    jpeg: bytes
    width: int
    height: int


def draw_unless_busy(content: bytes) -> DrawnImage:
    """As `draw_anew`, for the public; PictureError at once if three others wait or are drawn."""
    if not _FROM_THE_PUBLIC.acquire(blocking=False):
        raise PictureError("busy")
    try:
        return draw_anew(content)
    finally:
        _FROM_THE_PUBLIC.release()


def draw_anew(content: bytes) -> DrawnImage:
    """The picture in these bytes; PictureError if there is none."""
    try:
        with _ONE_AT_A_TIME, Image.open(io.BytesIO(content), formats=FORMATS) as image:
            most_pixels = MOST_PIXELS if image.format == "JPEG" else MOST_WHOLE_PIXELS
            if image.width * image.height > most_pixels:
                raise PictureError("large")
            image.draft("RGB", (SIDE_PX, SIDE_PX))
            # Reduce first: each of the two following steps would take as much again.
            small = image if image.mode == "RGB" else image.convert("RGB")
            small.thumbnail((SIDE_PX, SIDE_PX))
            upright = ImageOps.exif_transpose(small)
    except Image.DecompressionBombError as error:
        raise PictureError("large") from error
    except (OSError, SyntaxError, ValueError, EOFError, TypeError, struct.error) as error:
        raise PictureError("picture") from error
    clean = Image.new("RGB", upright.size)  # whatever else an image carries stays behind
    clean.paste(upright)
    drawn = io.BytesIO()
    clean.save(drawn, "JPEG", quality=82)
    return DrawnImage(drawn.getvalue(), clean.width, clean.height)
