"""Helpers of the tests of person, used by more than one module."""

import numpy as np

from agent.media.frame import Plane
from agent.vision.detect.person import (
    BINS,
    KINDS,
    STRIDES,
    Floats,
    ObjectKind,
)


class Network:
    """Answers as told: {cell: (kind, score, four distances in strides)}."""

    def __init__(
        self,
        input_px: tuple[int, int],
        answers: dict[int, tuple[ObjectKind, float, tuple[int, int, int, int]]],
    ) -> None:
        self.input_px = input_px
        self.answers = answers
        self.shown: list[Plane] = []

    def infer(self, rgb: Plane) -> tuple[Floats, Floats]:
        self.shown.append(rgb.copy())
        cells = sum(self.input_px[0] // s * (self.input_px[1] // s) for s in STRIDES)
        scores = np.zeros((cells, len(KINDS)), np.float32)
        distances = np.zeros((cells, 4, BINS), np.float32)
        for cell, (kind, score, sides) in self.answers.items():
            scores[cell, KINDS.index(kind)] = score
            for side, steps in enumerate(sides):
                distances[cell, side, steps] = 50.0
        return scores, distances.reshape(cells, -1)
