"""Small pictures for lists, about 10 kB, and medium ones for a page, about 30 kB, for bad lines."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from hub.web.pictures.maker import MAKER, Box, Drawn, Job

MEDIA_TYPE: Final = "image/webp"


@dataclass(frozen=True, slots=True)
class Original:
    """A stored picture."""

    sha256: str
    owner: str
    """The node that took it, whose pictures are made one by one."""
    load: Callable[[], bytes]


def small_picture(original: Original, around: Box | None = None) -> "Future[Drawn]":
    """The picture, at most 400 px wide and high, with its proportions; with `around`, the square
    around that box. It is made once, also for several who ask, and so is its refusal."""
    return MAKER.ask(
        Job("small", original.owner, original.load, key=original.sha256, around=around)
    )


def medium_picture(original: Original) -> "Future[Drawn]":
    """The picture, at most 800 px wide and high; otherwise as `small_picture`."""
    return MAKER.ask(Job("medium", original.owner, original.load, key=original.sha256))
