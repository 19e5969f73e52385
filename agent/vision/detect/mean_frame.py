"""Mean of the last frames: shows what stands still without the noise of a dark picture or rain."""

from typing import Final

import numpy as np

from agent.media.frame import Frame, Instant

MOST: Final = 32
"""After so many frames the earlier ones count half."""
PAUSE_S: Final = 1.0
"""Longest time between two frames of one mean: later the street may look otherwise."""


class MeanFrame:
    """The mean of the last frames of one camera. After a pause, a step of the clock or with
    another size it starts anew."""

    def __init__(self) -> None:
        self._sum = np.zeros((0, 0), np.uint16)
        self._frames = 0
        self._last: Instant | None = None

    def add(self, frame: Frame) -> None:
        """Add the newest frame."""
        pause_s = frame.at.seconds_since(self._last) if self._last else 0.0
        if self._sum.shape != frame.yuv.shape or not 0 <= pause_s <= PAUSE_S:
            self._sum, self._frames = np.zeros(frame.yuv.shape, np.uint16), 0
        if self._frames == MOST:
            self._sum >>= 1
            self._frames //= 2
        self._sum += frame.yuv
        self._frames += 1
        self._last = frame.at

    def at(self, frame: Frame) -> Frame:
        """The mean in place of the newest frame, which was added."""
        return frame.showing((self._sum // self._frames).astype(np.uint8))
