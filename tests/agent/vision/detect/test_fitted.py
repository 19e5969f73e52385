"""Which network input is chosen: the smallest that loses nothing; in a crowd the largest."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.media.frame import Frame
from agent.vision.detect.fitted import SAME, fitting
from agent.vision.detect.person import Detection
from agent.vision.geometry import Box, scale


@dataclass(frozen=True)
class Net:
    """Sees nobody."""

    input_px: tuple[int, int]

    def detect(self, frame: Frame, region: Box) -> list[Detection]:
        return []


SQUARE, FLAT, WIDE, USUAL = Net((320, 320)), Net((192, 320)), Net((256, 448)), Net((288, 384))
OTHERS = [FLAT, WIDE, USUAL]
SIZES = st.tuples(st.integers(16, 4000), st.integers(16, 4000))


@pytest.mark.parametrize("size_px", [(360, 640), (1080, 1920), (288, 512), (1440, 2560)])
def test_a_wide_picture_is_shown_to_the_flat_network_and_its_crowd_to_a_larger_one(
    size_px: tuple[int, int],
) -> None:
    assert fitting(SQUARE, OTHERS, size_px) is FLAT
    assert fitting(SQUARE, OTHERS, size_px, is_crowd=True) is WIDE


@pytest.mark.parametrize("size_px", [(576, 768), (480, 640), (1536, 2048), (576, 720), (288, 352)])
def test_one_of_4_3_or_5_4_to_the_square_one_and_its_crowd_to_the_usual_one(
    size_px: tuple[int, int],
) -> None:
    assert fitting(SQUARE, OTHERS, size_px) is SQUARE
    assert fitting(SQUARE, OTHERS, size_px, is_crowd=True) is USUAL


@pytest.mark.parametrize("size_px", [(640, 360), (1000, 1000), (1920, 1080)])
def test_a_square_or_upright_one_to_the_square_network(size_px: tuple[int, int]) -> None:
    assert fitting(SQUARE, OTHERS, size_px) is SQUARE
    assert fitting(SQUARE, OTHERS, size_px, is_crowd=True) is SQUARE


def test_where_there_is_no_other_the_common_one_looks() -> None:
    assert fitting(SQUARE, [], (360, 640)) is SQUARE


@given(size_px=SIZES)
def test_no_crowd_is_shown_smaller_than_any_of_them_shows_it(size_px: tuple[int, int]) -> None:
    chosen = fitting(SQUARE, OTHERS, size_px, is_crowd=True)
    best = max(scale(one.input_px, size_px) for one in (SQUARE, *OTHERS))
    assert scale(chosen.input_px, size_px) == best


@given(size_px=SIZES)
def test_no_picture_is_shown_smaller_than_the_common_network_shows_it(
    size_px: tuple[int, int],
) -> None:
    chosen = fitting(SQUARE, OTHERS, size_px)
    assert scale(chosen.input_px, size_px) >= SAME * scale(SQUARE.input_px, size_px)
