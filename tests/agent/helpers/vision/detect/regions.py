"""Helpers of the tests of regions, used by more than one module."""

from agent.vision.geometry import Box

SMALL = (576, 768)
HD = (1080, 1920)


def body(x: float, y: float, height_px: float, size_px: tuple[int, int]) -> Box:
    height = height_px / size_px[0]
    width = 0.4 * height_px / size_px[1]
    return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2).clipped()
