"""Mean of the last frames: shows what stands still without the noise of a dark picture or rain."""

from dataclasses import replace
from typing import Final

import numpy as np

from agent.media.frame import Frame

MOST: Final = 32
"""After so many frames the earlier ones count half."""


class MeanFrame:
    """The mean of the last frames of one camera, which start anew with another size."""

    def __init__(self) -> None:
        self._sum = np.zeros((0, 0), np.uint16)
        self._frames = 0

    def add(self, frame: Frame) -> None:
        """Add the newest frame."""
        if self._sum.shape != frame.yuv.shape:
            self._sum, self._frames = np.zeros(frame.yuv.shape, np.uint16), 0
        if self._frames == MOST:
            self._sum >>= 1
            self._frames //= 2
        self._sum += frame.yuv
        self._frames += 1

    def at(self, frame: Frame) -> Frame:
        """The mean in place of the newest frame, which was added."""
        return replace(frame, yuv=(self._sum // self._frames).astype(np.uint8))
