"""Pictures and voice notes of notices: looked at before they are kept, for anybody may open them.

A picture is drawn anew, so that neither where it was taken nor anything that is no picture comes
along; a voice note is one of the kinds that browsers record and play.
"""

import io
import struct
from typing import Final, Literal

from PIL import Image, ImageOps

from hub.alerts.notices import NoticeError
from hub.store.notice_views import NoticeFile

MOST_BYTES: Final = 5 * 1024 * 1024
MOST_PIXELS: Final = 50_000_000
SIDE_PX: Final = 1600

SOUNDS: Final[tuple[tuple[bytes, int, str], ...]] = (
    (b"OggS", 0, "audio/ogg"),
    (b"ID3", 0, "audio/mpeg"),
    (b"\xff\xfb", 0, "audio/mpeg"),
    (b"\xff\xfa", 0, "audio/mpeg"),
    (b"\xff\xf3", 0, "audio/mpeg"),  # at 24 kHz and below, as voices are recorded
    (b"\xff\xf2", 0, "audio/mpeg"),
    (b"ftyp", 4, "audio/mp4"),
    (b"\x1a\x45\xdf\xa3", 0, "audio/webm"),
    (b"WAVE", 8, "audio/wav"),
)
"""(mark, where it stands, what it is)."""

_BROKEN: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    struct.error,
    Image.DecompressionBombError,
)
"""What Pillow raises over bytes that are no picture, or whose notes beside it are none."""


def notice_file(kind: Literal["picture", "sound"], content: bytes) -> NoticeFile:
    """The file as it is kept; a NoticeError for what is none."""
    if len(content) > MOST_BYTES:
        raise NoticeError("large")
    return _picture(content) if kind == "picture" else _sound(content)


def _picture(content: bytes) -> NoticeFile:
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP")) as image:
            is_large = image.width * image.height > MOST_PIXELS
            upright = image if is_large else ImageOps.exif_transpose(image).convert("RGB")
    except _BROKEN as error:
        raise NoticeError("picture") from error
    if is_large:
        raise NoticeError("large")
    upright.thumbnail((SIDE_PX, SIDE_PX))
    drawn = io.BytesIO()
    upright.save(drawn, "JPEG", quality=82)
    return NoticeFile("image/jpeg", drawn.getvalue())


def _sound(content: bytes) -> NoticeFile:
    for mark, at, media_type in SOUNDS:
        if content[at : at + len(mark)] == mark:
            return NoticeFile(media_type, content)
    raise NoticeError("sound")
