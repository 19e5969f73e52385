"""Bodies of the street in clothes of any colour, so that two people dress alike or differently.

Face, hair and shoes stay as recorded. The folds of the recorded clothes stay too, but a dark jacket
shows few of them in a bright colour.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from agent.vision.detect.clothes import Clothes, unlikeness
from tests.bench.agent.scenes.crowd import walks
from tests.bench.agent.scenes.footage import Street
from tests.bench.agent.scenes.near import Body, body_of

GARMENTS: Final = (
    (190, 128, 128),  # white
    (35, 128, 128),  # black
    (105, 128, 128),  # grey
    (85, 108, 190),  # red
    (75, 165, 108),  # blue
    (40, 145, 122),  # navy
    (90, 112, 108),  # green
    (175, 62, 148),  # yellow
    (75, 112, 148),  # brown
    (145, 116, 138),  # beige
    (140, 125, 165),  # pink
    (65, 150, 150),  # purple
)
"""Colours as Y, U, V (0-255)."""
UPPER: Final = (0.15, 0.5)
LOWER: Final = (0.5, 0.87)
"""First and last row of both garments, in shares of the body's height."""
FOLDS: Final = (0.8, 0.4, 0.4)
"""Share of the recorded clothes' variation that stays, in Y, U and V."""
DIFFERS: Final = 20.0
"""Clothes with at least this `unlikeness` are visibly others."""
SHADE: Final = (6.0, 2.0, 2.0)
"""Like clothes differ by a standard deviation of so much in Y, U and V."""
LEAST_PX: Final = 65
"""Least height of a body of the street that is dressed."""
STEPS: Final = 8


def outfit(lot: Generator) -> Clothes:
    """The colours of an upper and a lower garment."""
    upper, lower = (GARMENTS[int(n)] for n in lot.integers(len(GARMENTS), size=2))
    return (*upper, *lower)


def other_outfit(than: Clothes, lot: Generator) -> Clothes:
    """One that differs visibly from `than`."""
    while unlikeness(than, found := outfit(lot)) < DIFFERS:
        pass
    return found


def like_outfit(one: Clothes, lot: Generator) -> Clothes:
    """The same colours in other shades."""
    a = [float(n) for n in np.array(one) + lot.normal(0.0, 2 * SHADE)]
    return a[0], a[1], a[2], a[3], a[4], a[5]


def dressed(body: Body, clothes: Clothes) -> Body:
    """The body in these clothes."""
    out = body.yuv.astype(np.float32)
    shows = body.mask > 127
    for (first, last), colour in ((UPPER, clothes[:3]), (LOWER, clothes[3:])):
        share = _band(shows.shape[0], first, last)
        mean = out[shows & (share[:, None] > 0.5)].mean(axis=0)
        new = np.array(colour, np.float32) + np.array(FOLDS, np.float32) * (out - mean)
        out += share[:, None, None] * (new - out)
    return replace(body, yuv=np.clip(np.rint(out), 16, 240).astype(np.uint8))


@lru_cache(maxsize=1)
def cast(street: Street) -> dict[int, tuple[Body, ...]]:
    """Some steps of everybody of the street who is tall enough, by their number in the truth."""
    found = dict[int, tuple[Body, ...]]()
    for person, first, length in walks(street):
        tall = street.shown(first).people[person].height
        if tall >= LEAST_PX and person not in found:
            indexes = range(first, first + length, 3)[:STEPS]
            found[person] = tuple(body_of(street, person, index) for index in indexes)
    return found


def _band(rows: int, first: float, last: float) -> NDArray[np.float32]:
    """1 between these rows, falling to 0 over two hundredths of the height."""
    at = (np.arange(rows, dtype=np.float32) + 0.5) / rows
    return np.clip(np.minimum(at - first, last - at) / 0.02 + 0.5, 0, 1).astype(np.float32)
