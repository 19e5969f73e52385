"""Which network looks at a picture: the smallest that loses nothing of it."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from agent.media.frame import Frame
from agent.vision.detect.fitted import SAME, fitting, scale
from agent.vision.detect.person import Detection
from agent.vision.geometry import Box


@dataclass(frozen=True)
class Net:
    """Sees nobody."""

    input_px: tuple[int, int]

    def detect(self, frame: Frame, region: Box) -> list[Detection]:
        return []


SQUARE, FLAT, SMALL = Net((320, 320)), Net((192, 320)), Net((256, 256))


def test_a_wide_picture_is_shown_to_the_flat_network_and_any_other_to_the_common_one() -> None:
    for wide in ((360, 640), (1080, 1920), (288, 512)):
        assert fitting(SQUARE, [FLAT], wide) is FLAT
    for other in ((576, 768), (480, 640), (640, 360), (1000, 1000)):
        assert fitting(SQUARE, [FLAT], other) is SQUARE


def test_where_there_is_no_other_the_common_one_looks() -> None:
    assert fitting(SQUARE, [], (360, 640)) is SQUARE


@given(size_px=st.tuples(st.integers(16, 4000), st.integers(16, 4000)))
def test_no_picture_is_shown_smaller_than_the_common_network_shows_it(
    size_px: tuple[int, int],
) -> None:
    chosen = fitting(SQUARE, [FLAT, SMALL], size_px)
    assert scale(chosen.input_px, size_px) >= SAME * scale(SQUARE.input_px, size_px)
