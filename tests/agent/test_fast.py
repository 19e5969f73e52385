"""The compiled form of finding motion says what numpy and OpenCV say, to the bit."""

import hashlib
import mmap
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.bench.motion import Street
from agent.media.frame import Frame, Instant, Plane
from agent.vision import fast
from agent.vision.ground import Ground, GroundSettings
from agent.vision.motion import Halver, MotionFinder, connected

FOLDER = Path(fast.__file__).parent
LIBRARY = fast.LIBRARY
compiled = pytest.mark.skipif(LIBRARY is None, reason="no library for this processor")


@pytest.mark.parametrize("processor", ["x86_64", "aarch64"])
def test_the_libraries_are_made_of_the_source_beside_them(processor: str) -> None:
    made_of = hashlib.sha256((FOLDER / "fast.c").read_bytes()).hexdigest()
    library = (FOLDER / f"fast-{processor}.so").read_bytes()
    assert made_of.encode() in library, "run deploy/fast.sh"


def test_a_processor_without_a_library_does_without() -> None:
    assert fast.load("riscv64") is None


@compiled
@pytest.mark.parametrize(("height", "width"), [(8, 8), (46, 66), (360, 640), (480, 854), (270, 90)])
def test_means_are_the_same_whatever_the_size_and_however_long_the_rows(
    height: int, width: int
) -> None:
    picture = np.random.default_rng(height).integers(0, 256, (height, width + 40), np.uint8)
    luma = picture[:, 16 : 16 + width]
    fine, plain = Halver(height, width, LIBRARY), Halver(height, width, None)
    assert np.array_equal(fine.means(luma), plain.means(luma))
    assert np.array_equal(fine.last.quarters, plain.last.quarters)


@compiled
def test_of_the_last_row_of_a_picture_nothing_beyond_its_end_is_read() -> None:
    """The last page of memory ends with the picture: a byte more would end the program."""
    pages = mmap.mmap(-1, 8 * 512)
    luma = np.frombuffer(pages, np.uint8).reshape(8, 512)
    assert LIBRARY is not None
    assert (Halver(8, 512, LIBRARY).means(luma) == 0).all()


@compiled
def test_a_picture_that_is_smaller_than_said_or_no_row_of_bytes_is_refused() -> None:
    halver = Halver(64, 64, LIBRARY)
    for wrong in (
        np.zeros((56, 64), np.uint8),
        np.zeros((64, 128), np.uint8)[:, ::2],
        np.zeros((64, 64), np.uint16),
    ):
        with pytest.raises(ValueError, match="8x8 blocks"):
            halver.means(wrong)  # type: ignore[arg-type]


@compiled
@settings(deadline=None)
@given(
    rows=st.integers(1, 40),
    columns=st.integers(1, 50),
    density=st.floats(0, 0.6),
    seed=st.integers(0, 2**32 - 1),
)
def test_pieces_are_the_same_in_whatever_moved(
    rows: int, columns: int, density: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    found = (random.random((rows, columns)) < density).astype(np.uint8)
    over = (random.random((rows, columns)) < 0.8).astype(np.uint8) * 9
    assert _pieces(found, over) == _contours(found, over)


@compiled
def test_who_stands_in_a_ring_is_a_part_of_it_and_who_stands_in_a_bay_is_not() -> None:
    found = np.zeros((40, 40), np.uint8)
    cv2.rectangle(found, (3, 3), (34, 34), 1)
    found[18:21, 18:20] = 1
    assert len(_pieces(found, found)) == 1
    found[3:35, 14:24] = 0
    found[18:21, 18:20] = 1
    assert len(_pieces(found, found)) == 3
    assert _pieces(found, found) == _contours(found, found)


@compiled
@settings(deadline=None, max_examples=60)
@given(
    rows=st.integers(2, 60),
    columns=st.integers(2, 60),
    change=st.sampled_from([0, 4, 20, 120]),
    seed=st.integers(0, 2**32 - 1),
)
def test_what_light_does_not_explain_is_the_same(
    rows: int, columns: int, change: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    street = random.integers(0, 256, (rows, columns)).astype(np.uint8)
    grounds = [Ground(street, GroundSettings(), library=one) for one in (LIBRARY, None)]
    for _ in range(6):
        moved = random.random((rows, columns)) < 0.2
        blocks = np.clip(street + moved * random.integers(-change, change + 1), 0, 255)
        blocks = blocks.astype(np.uint8)
        fine, plain = (ground.unexplained(blocks) for ground in grounds)
        assert grounds[0].differing == grounds[1].differing
        assert (fine is None) == (plain is None)
        if fine is not None and plain is not None:
            assert np.array_equal(fine, plain)
        for ground in grounds:
            ground.learn(blocks, None, elapsed_s=0.25, age_s=3.0)


@compiled
@pytest.mark.parametrize("seed", range(5))
def test_where_a_new_light_explains_all_neither_finds_anything(seed: int) -> None:
    random = np.random.default_rng(seed)
    street = random.integers(40, 180, (45, 80)).astype(np.uint8)
    grounds = [Ground(street, GroundSettings(), library=one) for one in (LIBRARY, None)]
    relit = street * 1.3
    relit[10:14, 10:14] += 45  # the old light does not explain these
    for blocks in (np.clip(relit, 0, 255).astype(np.uint8), street):
        for ground in grounds:
            found = ground.unexplained(blocks)
            assert ground.differing == 0
            assert found is not None
            assert not found.any()


@compiled
@pytest.mark.parametrize("gain", [1.0, 1.3])
def test_the_boxes_are_the_same_on_a_street_with_walkers_and_when_its_light_changes(
    gain: float,
) -> None:
    fine, plain = MotionFinder(library=LIBRARY), MotionFinder(library=None)
    seen = 0
    for frame in _street(gain):
        boxes = fine.step(frame)
        assert boxes == plain.step(frame)
        seen += len(boxes)
    assert seen > 100


def _street(gain: float) -> Iterator[Frame]:
    street = Street(368, 650)
    for index in range(75):
        frame = street.frame(index, walkers=4 if index % 25 < 20 else 0)
        if 30 <= index < 50:
            frame = frame.showing(np.clip(frame.yuv * gain, 0, 255).astype(np.uint8))
        yield Frame(index + 1, Instant(index * 66_000_000, 0), frame.yuv, 650, 368)


def _pieces(found: Plane, over: Plane) -> list[list[int]]:
    assert LIBRARY is not None
    spread, moved, joined = (np.empty_like(found) for _ in range(3))
    return fast.Pieces(LIBRARY, over=over, spread=spread, moved=moved, joined=joined).step(found)


def _contours(found: Plane, over: Plane) -> list[list[int]]:
    spread = cv2.dilate(found, np.ones((3, 3), np.uint8))
    moved = np.asarray(cv2.min(spread, over), np.uint8)
    return [list(piece) for piece in connected(moved, np.empty_like(moved))]
