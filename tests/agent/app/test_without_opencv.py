"""Scaling and colours without OpenCV give what OpenCV gives, except for rounding."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.media.frame import Plane
from agent.vision.geometry import GRID, Area, Box, Polygon, inside
from agent.vision.privacy import grown
from agent.vision.tamper import scenery

SIZES = st.tuples(st.integers(1, 30), st.integers(1, 30))
CORNER = Polygon(((0.1, 0.2), (0.7, 0.1), (0.9, 0.8), (0.3, 0.6)))


def noise(height: int, width: int) -> Plane:
    return np.random.default_rng(height * 1000 + width).integers(0, 256, (height, width), np.uint8)


@given(SIZES)
def test_structure_is_the_mean_of_nine_blocks_less_that_of_eighty_one(
    size: tuple[int, int],
) -> None:
    blocks = noise(*size)
    ours = scenery.structure(blocks)
    theirs = cv2.boxFilter(blocks, cv2.CV_32F, (3, 3)) - cv2.boxFilter(blocks, cv2.CV_32F, (9, 9))
    assert ours.shape == blocks.shape
    assert ours.dtype == np.float32
    assert np.abs(ours - theirs).max() < 1e-3


@given(SIZES)
def test_curvature_is_a_laplacian(size: tuple[int, int]) -> None:
    picture = noise(*size)
    assert np.array_equal(scenery.curvature(picture), cv2.Laplacian(picture, cv2.CV_16S))


@given(SIZES)
def test_a_mask_grows_by_the_pixels_beside_it(size: tuple[int, int]) -> None:
    mask = (noise(*size) > 200).astype(np.uint8)
    assert np.array_equal(grown(mask), cv2.dilate(mask, np.ones((3, 3), np.uint8)))


@pytest.mark.parametrize("box", [Box(0, 0, 1, 1), Box(0.2, 0.2, 0.5, 0.4), Box(0.6, 0.5, 1, 1)])
def test_the_share_of_a_box_that_is_covered_is_counted_cell_by_cell(box: Box) -> None:
    rows, columns = GRID
    cells = inside((CORNER,), GRID)[
        int(box.y0 * rows) : int(np.ceil(box.y1 * rows)),
        int(box.x0 * columns) : int(np.ceil(box.x1 * columns)),
    ]
    assert Area((CORNER,)).share_of(box) == pytest.approx(float(cells.mean()))
