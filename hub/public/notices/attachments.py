"""Pictures and voice recordings of public notices: checked before storage, because anybody can open
them.

A picture is redrawn, which removes positions and anything that is not a picture. A voice recording
must be of a type that browsers record and play.
"""

from typing import Final, Literal

from hub.public.notices.rules import NoticeError
from hub.public.notices.views import NoticeFile
from hub.web.images import PictureError, draw_anew

MOST_BYTES: Final = 5 * 1024 * 1024

SOUNDS: Final[tuple[tuple[bytes, int, str], ...]] = (
    (b"OggS", 0, "audio/ogg"),
    (b"ID3", 0, "audio/mpeg"),
    (b"\xff\xfb", 0, "audio/mpeg"),
    (b"\xff\xfa", 0, "audio/mpeg"),
    (b"\xff\xf3", 0, "audio/mpeg"),  # at 24 kHz and below, as for voice
    (b"\xff\xf2", 0, "audio/mpeg"),
    (b"ftyp", 4, "audio/mp4"),
    (b"\x1a\x45\xdf\xa3", 0, "audio/webm"),
    (b"WAVE", 8, "audio/wav"),
)
"""Signature, its offset and the type of each."""


def notice_file(kind: Literal["picture", "sound"], content: bytes) -> NoticeFile:
    """The file to store; NoticeError if invalid."""
    if len(content) > MOST_BYTES:
        raise NoticeError("large")
    return _picture(content) if kind == "picture" else _sound(content)


def _picture(content: bytes) -> NoticeFile:
    try:
        return NoticeFile("image/jpeg", draw_anew(content).content)
    except PictureError as error:
        raise NoticeError(error.fault if error.is_final else "busy") from error


def _sound(content: bytes) -> NoticeFile:
    for mark, at, media_type in SOUNDS:
        if content[at : at + len(mark)] == mark:
            return NoticeFile(media_type, content)
    raise NoticeError("sound")
