"""Measures the time of a look on this board."""

import statistics
import time
from collections.abc import Callable
from typing import Final

WARMING: Final = 2
COUNTED: Final = 5


def measured_look_s(look: Callable[[], object]) -> float:
    """Processor seconds of `look`, median of a few; other programs' load hardly matters."""
    spent: list[float] = []
    for _ in range(WARMING + COUNTED):
        began_s = time.thread_time()
        look()
        spent.append(time.thread_time() - began_s)
    return statistics.median(spent[WARMING:])
