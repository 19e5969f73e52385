"""By which side of the picture somebody left it: by where they were last and how they moved then.

Whoever is cut by the left or right border and does not come in by it went out there, however they
walked before. All others go on as they went last: a track's speed is that of its last half second,
while its first and last place say nothing of who turned round.
"""

from enum import StrEnum
from typing import Final

from agent.vision.zones import Box

BORDER: Final = 0.01
"""A box that comes so near to a border, in shares of the picture, is cut by it."""
LEAST_SPEED: Final = 0.02
"""Whoever moved less, in shares of the picture a second, stood when they were seen last."""


class Side(StrEnum):
    """A side of the picture, or towards the camera, or away from it."""

    LEFT = "left"
    RIGHT = "right"
    TOWARDS = "towards"
    AWAY = "away"


def side_left_by(last: Box, speed: tuple[float, float]) -> Side | None:
    """`last` is where they were found last, `speed` that of its center then, in shares of the
    picture a second, right and down positive. None where it says no side: they stood, amid."""
    right, down = speed
    cut_left, cut_right = last.x0 <= BORDER, last.x1 >= 1 - BORDER
    if cut_left and not cut_right and right <= 0:
        return Side.LEFT
    if cut_right and not cut_left and right >= 0:
        return Side.RIGHT
    if max(abs(right), abs(down)) < LEAST_SPEED:
        return None
    if abs(right) >= abs(down):
        return Side.RIGHT if right > 0 else Side.LEFT
    return Side.TOWARDS if down > 0 else Side.AWAY
