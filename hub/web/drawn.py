"""Pictures that people bring, drawn anew: so that nothing comes along but what one sees.

Neither where it was taken, nor a script, nor anything that is no picture survives being drawn.
"""

import io
import struct
import threading
from dataclasses import dataclass
from typing import Final, Literal

from PIL import Image, ImageOps

MOST_PIXELS: Final = 50_000_000
SIDE_PX: Final = 1600
FORMATS: Final = ("JPEG", "PNG", "WEBP")

_ONE_AT_A_TIME: Final = threading.Lock()
"""A large one takes 150 MB while it is drawn."""


class PictureError(Exception):
    """It is none, or too large to be drawn."""

    def __init__(self, fault: Literal["picture", "large"]) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Drawn:
    """A JPEG of at most `SIDE_PX` on its longer side."""

    jpeg: bytes
    width: int
    height: int


def draw_anew(content: bytes) -> Drawn:
    """The picture in these bytes; a PictureError for what is none."""
    try:
        with _ONE_AT_A_TIME, Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise PictureError("large")
            image.draft("RGB", (SIDE_PX, SIDE_PX))
            upright = ImageOps.exif_transpose(image).convert("RGB")
            upright.thumbnail((SIDE_PX, SIDE_PX))
    except Image.DecompressionBombError as error:
        raise PictureError("large") from error
    except (OSError, SyntaxError, ValueError, EOFError, TypeError, struct.error) as error:
        raise PictureError("picture") from error
    clean = Image.new("RGB", upright.size)  # whatever else an image carries stays behind
    clean.paste(upright)
    drawn = io.BytesIO()
    clean.save(drawn, "JPEG", quality=82)
    return Drawn(drawn.getvalue(), clean.width, clean.height)
