"""Tells whether a picture shows true colours: not by night, infrared, orange lamps or fog."""

from typing import Final

import numpy as np

from agent.media.frame import Frame

LEAST_BRIGHTNESS: Final = 75.0
"""Mean luma (0-255). Streets by day have 90 and more; in the dark, noise and lamps give the
colour."""
LEAST_SPREAD: Final = 4.5
"""Standard deviation of U plus that of V. Streets by day have 7 and more; an infrared picture has
only noise, also one with a tint."""
MOST_RED: Final = 139.0
"""Mean V (128: neutral) above which the light itself is orange, like sodium lamps."""
MOST_VEIL: Final = 62.0
"""Luma of the darkest hundredth; above it fog or glare lies over the picture, and black looks grey.
Streets by day have up to 53."""


def shows_colours(frame: Frame) -> bool:
    """True if the colours of this picture can be named; judged by samples."""
    luma = frame.luma[::8, ::8]
    dark = np.count_nonzero(luma <= MOST_VEIL)
    if luma.mean() < LEAST_BRIGHTNESS or 100 * dark < luma.size:
        return False
    u, v = (tint[::4, ::8].astype(np.float32) for tint in frame.tints)
    return bool(u.std() + v.std() >= LEAST_SPREAD and v.mean() <= MOST_RED)
