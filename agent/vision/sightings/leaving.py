"""Side of the picture by which a person left, from their last place and movement.

A person cut by the left or right border who is not walking in went out there, however they walked
before. All others continue their last movement: a track's speed over its last half second. The
first and last place alone are wrong for a person who turned round.
"""

from enum import StrEnum
from typing import Final

from agent.vision.geometry import BORDER, Box

LEAST_SPEED: Final = 0.02
"""Below this speed, in shares of the picture per second, a person stood when last seen."""


class LeavingSide(StrEnum):
    """The way a person left: by a side of the picture, towards the camera, or away from it."""

    LEFT = "left"
    RIGHT = "right"
    TOWARDS = "towards"
    AWAY = "away"


def side_left_by(last: Box, speed: tuple[float, float]) -> LeavingSide | None:
    """The side by which a person left; None if they stood inside the picture. `last` is the last
    box, `speed` that of its centre in shares of the picture per second, right and down positive."""
    right, down = speed
    cut_left, cut_right = last.x0 <= BORDER, last.x1 >= 1 - BORDER
    if cut_left and not cut_right and right <= 0:
        return LeavingSide.LEFT
    if cut_right and not cut_left and right >= 0:
        return LeavingSide.RIGHT
    if max(abs(right), abs(down)) < LEAST_SPEED:
        return None
    if abs(right) >= abs(down):
        return LeavingSide.RIGHT if right > 0 else LeavingSide.LEFT
    return LeavingSide.TOWARDS if down > 0 else LeavingSide.AWAY


def has_left(last: Box, speed: tuple[float, float]) -> bool:
    """True if a person last seen in `last` with this speed was walking out of the picture: within
    half a second a side or the upper border cuts them, or the lower one does and they go down."""
    right, down = (0.5 * one for one in speed)
    ahead = Box(last.x0 + right, last.y0 + down, last.x1 + right, last.y1 + down)
    return not is_inside(ahead) or (last.y1 >= 1 - BORDER and speed[1] >= LEAST_SPEED)


def reachable_from(box: Box) -> Box:
    """The area in which a person last seen in `box` may reappear: one step to either side."""
    return box.grown(by_x=1.5 * box.width, by_y=0.25 * box.height)


def is_inside(box: Box) -> bool:
    """True if `box` is not at the left, right or upper border of the picture, where people leave
    instead of being hidden. Unlike for `geometry.is_whole`, the lower border does not count."""
    return box.x0 > BORDER and box.x1 < 1 - BORDER and box.y0 > BORDER
