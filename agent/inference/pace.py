"""Measures the time of a look on this board, and from it how many looks a second it can take."""

import statistics
import time
from typing import Final

import numpy as np

from agent.vision.detect.person import Network

BUSY: Final = 0.7
"""Share of a processor core for looks: scaling, motion and the rest of the frame need some too."""
WARMING: Final = 2
COUNTED: Final = 5


def measured_look_s(network: Network) -> float:
    """Processor seconds of one inference, median of a few; other programs' load hardly matters."""
    picture = np.zeros((*network.input_px, 3), np.uint8)
    spent: list[float] = []
    for _ in range(WARMING + COUNTED):
        began_s = time.thread_time()
        network.infer(picture)
        spent.append(time.thread_time() - began_s)
    return statistics.median(spent[WARMING:])


def affordable_looks_per_s(look_s: float) -> float:
    """Looks a second that leave no frame waiting, at least one."""
    return max(1.0, BUSY / max(look_s, 1e-6))
