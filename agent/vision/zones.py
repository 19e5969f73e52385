"""Boxes in the picture, normalised: (0, 0) is the top left corner, (1, 1) the bottom right."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """An upright box; x0 <= x1 and y0 <= y1, all 0-1."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        """Share of the picture's width."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Share of the picture's height."""
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        """Share of the picture's area."""
        return self.width * self.height

    @property
    def center(self) -> tuple[float, float]:
        """The middle (x, y)."""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    def overlap(self, other: "Box") -> float:
        """Area shared with `other`, as a share of the picture."""
        width = min(self.x1, other.x1) - max(self.x0, other.x0)
        height = min(self.y1, other.y1) - max(self.y0, other.y0)
        return max(0.0, width) * max(0.0, height)

    def iou(self, other: "Box") -> float:
        """Intersection over union, 0-1."""
        shared = self.overlap(other)
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0

    def clipped(self) -> "Box":
        """The part inside the picture."""
        return Box(_clip(self.x0), _clip(self.y0), _clip(self.x1), _clip(self.y1))

    def grown(self, by_x: float, by_y: float) -> "Box":
        """Larger by `by_x` and `by_y` (shares of the picture) on every side, clipped."""
        return Box(self.x0 - by_x, self.y0 - by_y, self.x1 + by_x, self.y1 + by_y).clipped()


WHOLE = Box(0.0, 0.0, 1.0, 1.0)
"""All of the picture."""


def _clip(value: float) -> float:
    return min(1.0, max(0.0, value))
