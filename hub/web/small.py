"""Small pictures for lists: about 10 kB, so that an inbox opens over a bad line."""

import io
from functools import lru_cache
from pathlib import Path
from typing import Final

from PIL import Image

WIDTH: Final = 400
QUALITY: Final = 50
MEDIA_TYPE: Final = "image/webp"

MOST_PIXELS: Final = 40_000_000
"""A larger picture would cost the hub more memory than any camera's is worth."""


class NotAPictureError(Exception):
    """These bytes cannot be made smaller; send them as they are."""


def small_picture(path: Path, *, sha256: str) -> bytes:
    """The picture at most `WIDTH` px wide and as high, in its own shape; the last few are kept."""
    return _shrunk(str(path), sha256)


@lru_cache(maxsize=256)
def _shrunk(path: str, sha256: str) -> bytes:  # noqa: ARG001  the hash is what makes the key true
    try:
        with Image.open(path, formats=("JPEG",)) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise NotAPictureError("too large")
            picture.draft("RGB", (WIDTH, WIDTH))  # the decoder skips what is not needed
            picture.thumbnail((WIDTH, WIDTH))
            buffer = io.BytesIO()
            picture.convert("RGB").save(buffer, "WEBP", quality=QUALITY)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise NotAPictureError(type(error).__name__) from error
    return buffer.getvalue()
