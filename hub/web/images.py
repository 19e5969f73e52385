"""Redraws uploaded pictures, so that only the visible content remains.

Redrawing removes positions, scripts, and anything that is not a picture.
"""

from typing import Final

from hub.web.pictures.maker import MAKER, Drawn, Job, PictureError

__all__ = ["PictureError", "draw_anew", "draw_unless_busy"]

FROM_THE_PUBLIC: Final = 3
"""Each picture that waits holds one of the twelve threads for pages: the public may hold three."""


def draw_unless_busy(content: bytes) -> Drawn:
    """As `draw_anew`, for the public; PictureError at once if three others wait or are drawn."""
    job = Job("redrawn", "public", lambda: content)
    return MAKER.ask(job, most=FROM_THE_PUBLIC).result()


def draw_anew(content: bytes) -> Drawn:
    """The picture in these bytes, a JPEG of at most 1600 px on its longer side; PictureError if
    there is none."""
    return MAKER.ask(Job("redrawn", "officers", lambda: content)).result()
