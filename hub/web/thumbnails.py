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

MOST_PIXELS: Final = 40_000_000
"""A larger picture would take more memory than a camera's picture is worth."""


class NotAPictureError(Exception):
    """These bytes cannot be reduced; send them as they are."""


@dataclass(frozen=True, slots=True)
class Original:
    """A stored picture: equal by hash, independent of its reader."""

    sha256: str
    load: Callable[[], bytes] = field(compare=False)


@lru_cache(maxsize=256)
def small_picture(original: Original) -> bytes:
    """The picture, at most `WIDTH` px wide and high, in its own shape; the last few are cached."""
    content = io.BytesIO(original.load())
    try:
        with Image.open(content, formats=("JPEG",)) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise NotAPictureError("too large")
            picture.draft("RGB", (WIDTH, WIDTH))  # the decoder skips what is not needed
            picture.thumbnail((WIDTH, WIDTH))
            buffer = io.BytesIO()
            picture.convert("RGB").save(buffer, "WEBP", quality=QUALITY)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise NotAPictureError(type(error).__name__) from error
    return buffer.getvalue()
