"""What moved in one frame."""

from dataclasses import dataclass

import numpy as np

from agent.vision.geometry import Box, grid_slice
from agent.vision.motion.fields import Mask


@dataclass(frozen=True, slots=True)
class Moved:
    """Motion of one frame: rectangles around it for choosing looks, and its blocks of 8x8 pixels.

    A rectangle around a walker also covers what stands beside the walker, so what asks whether
    something moved counts blocks.
    """

    regions: tuple[Box, ...] = ()
    """Largest first. `WHOLE` alone is a change of light, or the first second: nobody's motion."""
    blocks: Mask | None = None
    """Array uint8 (rows, columns), not 0 where it moved. None: it moved nowhere."""

    def share(self, box: Box) -> float:
        """Share of the box's part inside the picture that moved, 0-1."""
        if self.blocks is None:
            return 0.0
        there = self.blocks[grid_slice(box, self.blocks.shape)]
        return float(np.mean(there != 0)) if there.size else 0.0

    def region_share(self, box: Box) -> float:
        """Share of the box in the regions, 0-1: it may have moved there, which is worth a look."""
        covered = sum(map(box.overlap, self.regions))
        return min(1.0, covered / box.area) if box.area > 0 else 0.0


NOTHING = Moved()
