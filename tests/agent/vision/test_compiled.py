"""The compiled motion detection gives what numpy and OpenCV give, to the bit."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.media.frame import Frame, Instant
from agent.vision.motion import compiled as fast
from agent.vision.motion import plain
from agent.vision.motion.background import Background, BackgroundSettings
from agent.vision.motion.fields import Fields, Limits, Mask, Region, Rule
from agent.vision.motion.finder import EVERYTHING, Halver, MotionFinder
from agent.vision.motion.moved import Moved
from tests.bench.agent.motion import Street
from tests.schedules import tries

pytestmark = pytest.mark.promise(
    "Motion: The compiled motion kernel gives the same boxes as numpy and OpenCV."
)

FOLDER = Path(fast.__file__).parent
LIBRARY = fast.LIBRARY
compiled = pytest.mark.skipif(LIBRARY is None, reason="no library for this processor")
LIMITS = Limits(0.75, 1.5, 3.0, 6.0, 0.3, 230, 15)
LEARNED = ("mean", "flicker", "limit", "learned", "mean8", "limit8", "lamp_from")
WITHOUT_OPENCV = """
import sys
import numpy as np
from agent.media.frame import Frame, Instant
from agent.vision.motion.finder import MotionFinder
from agent.vision.geometry import WHOLE, Polygon

corner = Polygon(((0.0, 0.0), (0.2, 0.0), (0.2, 0.2), (0.0, 0.2)))
street = np.random.default_rng(1).integers(40, 180, (45, 80)).repeat(8, 0).repeat(8, 1)
finder, seen = MotionFinder(ignored=(corner,)), set()
for index in range(100):
    luma = street * (1.3 if 40 <= index < 60 else 1.0)
    luma[80:160, 4 * index : 4 * index + 40] = 20 if index % 2 else 250
    yuv = np.full((540, 640), 128, np.uint8)
    yuv[:360] = np.clip(luma, 0, 255)
    frame = Frame(index + 1, Instant(index * 66_000_000, 0), yuv, 640, 360)
    seen |= set(finder.step(frame).regions)
print("boxes", len(seen - {WHOLE}) > 20, "opencv", "cv2" in sys.modules)
"""


def test_a_processor_without_a_library_does_without() -> None:
    assert fast.load("riscv64") is None


@pytest.mark.parametrize("lacking", sorted(fast.NEEDS))
def test_a_processor_that_lacks_what_the_library_may_use_does_without(
    tmp_path: Path, lacking: str
) -> None:
    flags = " ".join(sorted(fast.NEEDS - {lacking}))
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nflags\t\t: fpu {flags} sse2\n\nprocessor\t: 1\n")
    assert fast.load("x86_64", str(cpuinfo)) is None
    assert fast.load("x86_64", str(tmp_path / "none")) is None


@pytest.mark.promise("Motion: With the compiled kernel, motion does not load OpenCV.")
@pytest.mark.system
@compiled
def test_where_the_compiled_form_runs_finding_motion_never_loads_opencv() -> None:
    """In a fresh interpreter: a street, walkers, another light, a lamp, learning."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_OPENCV], capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["boxes", "True", "opencv", "False"], done.stderr


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
def test_what_is_of_another_size_than_the_background_is_refused() -> None:
    street = np.zeros((9, 9), np.uint8)
    fine, _ = _both(Fields(street, 5, None), Fields(street, 5, None))
    fine.publish(LIMITS)
    small, scattered = np.zeros((4, 5), np.uint8), np.zeros((9, 18), np.uint8)[:, ::2]
    with pytest.raises(ValueError, match="are known, row by row"):
        fine.see(Halver(32, 40, LIBRARY).halving, np.zeros((32, 40), np.uint8), 0)
    for wrong in (small, scattered):
        with pytest.raises(ValueError, match="are known, row by row"):
            fine.unlit(wrong, 0)
        with pytest.raises(ValueError, match="are known, row by row"):
            fine.follow(wrong, down=-0.1, up=0.2, highest=30.0)
        with pytest.raises(ValueError, match="are known, row by row"):
            fine.take_in(street, wrong, share=0.1, step=1.0)
        with pytest.raises(ValueError, match="are known, row by row"):
            Background(street, BackgroundSettings(), wrong, LIBRARY)


@compiled
@given(
    rows=st.integers(1, 40),
    columns=st.one_of(st.integers(1, 50), st.sampled_from([63, 64, 65, 127, 128, 129, 200])),
    density=st.floats(0, 0.6),
    sure=st.integers(1, 60),
    lasts=st.integers(1, 12),
    seed=st.integers(0, 2**32 - 1),
)
def test_regions_are_the_same_in_whatever_moved(
    rows: int, columns: int, density: float, sure: int, lasts: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    found = (random.random((3, rows, columns)) < density).astype(np.uint8)
    over = (random.random((rows, columns)) < 0.8).astype(np.uint8) * 9
    fine, simple = _forms(found, over)
    limits = (1, EVERYTHING), (sure, EVERYTHING), (EVERYTHING, lasts), (sure, lasts)
    for has_oldest, is_lasting in ((True, True), (True, False), (False, True), (False, False)):
        for sure_, lasts_ in limits:
            rule = Rule(has_oldest, is_lasting, sure_, lasts_)
            assert fine.regions(2, rule) == simple.regions(2, rule)
            assert np.array_equal(fine.spread(), simple.spread())
            assert np.array_equal(fine.moved(), simple.moved())


@compiled
@pytest.mark.parametrize("form", [0, 1])
@pytest.mark.parametrize(
    ("sure", "lasts", "told"),
    [
        (1, EVERYTHING, ["large", "new", "old"]),
        (12, EVERYTHING, ["large"]),
        (13, EVERYTHING, []),
        (12, 6, ["large", "old"]),
        (12, 7, ["large"]),
        (EVERYTHING, 12, ["large"]),
    ],
)
def test_the_largest_region_is_told_first_and_one_that_is_neither_large_nor_lasts_is_not(
    form: int, sure: int, lasts: int, told: list[str]
) -> None:
    """Of equals the last in reading order is told first."""
    found = np.zeros((3, 40, 80), np.uint8)
    found[:, 5:7, 60:63] = found[:, 10:14, 10:13] = found[2, 20:22, 70:73] = 1
    rule = Rule(has_oldest=True, is_lasting=False, sure=sure, lasts=lasts)
    names = {5: "old", 10: "large", 20: "new"}
    regions = _forms(found, found[2])[form].regions(2, rule)
    assert [names[round(y0 * 40)] for _, y0, _, _ in regions] == told


@compiled
def test_who_stands_in_a_ring_is_a_part_of_it_and_who_stands_in_a_bay_is_not() -> None:
    found = np.zeros((40, 80), np.uint8)
    cv2.rectangle(found, (53, 3), (74, 34), 1)
    found[18:21, 63:65] = 1
    assert len(_regions(found)) == 1
    found[3:35, 60:70] = 0
    found[18:21, 63:65] = 1
    assert len(_regions(found)) == 3


@compiled
@settings(max_examples=tries(60))
@given(
    rows=st.integers(1, 60),
    columns=st.one_of(st.integers(1, 60), st.sampled_from([63, 64, 65, 128, 130])),
    change=st.sampled_from([0, 4, 20, 120]),
    seed=st.integers(0, 2**32 - 1),
)
def test_what_light_does_not_explain_is_the_same(
    rows: int, columns: int, change: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    street = random.integers(0, 256, (rows, columns)).astype(np.uint8)
    ignored = (random.random((rows, columns)) < 0.1).astype(np.uint8)
    fine, simple = _both(Fields(street, 5, ignored), Fields(street, 5, ignored))
    for turn in (0, 1, 2, 0, 1, 2):
        has_moved = random.random((rows, columns)) < 0.2
        blocks = np.clip(street + has_moved * random.integers(-change, change + 1), 0, 255)
        blocks = blocks.astype(np.uint8)
        moved = has_moved.astype(np.uint8) if random.random() < 0.5 else None
        for form in (fine, simple):
            form.publish(LIMITS)
        assert fine.unlit(blocks, turn) == simple.unlit(blocks, turn)
        assert np.array_equal(fast.unpacked(fine.found[turn], columns), simple.found[turn])
        for form in (fine, simple):
            form.take_in(blocks, moved, share=0.1, step=1.0)
            form.follow(blocks, down=-0.1, up=0.2, highest=30.0)


@compiled
@settings(max_examples=tries(60))
@given(
    rows=st.integers(1, 60),
    columns=st.integers(1, 90),
    side=st.sampled_from([5, 7, 15, 27]),
    seed=st.integers(0, 2**32 - 1),
)
def test_all_that_is_learned_is_the_same_to_the_bit(
    rows: int, columns: int, side: int, seed: int
) -> None:
    """Black places too, where a mean nears 0 for ever, and flicker beyond what a limit can say."""
    random = np.random.default_rng(seed)
    street = random.integers(0, 256, (rows, columns)).astype(np.uint8)
    street[random.random((rows, columns)) < 0.3] = 0
    ignored = (random.random((rows, columns)) < 0.1).astype(np.uint8)
    fields = [Fields(street, side, ignored if seed % 2 else None) for _ in range(2)]
    forms = _both(*fields)
    for _ in range(12):
        change = random.integers(-30, 31, (rows, columns))
        blocks = np.where(street == 0, 0, np.clip(street + change, 0, 255)).astype(np.uint8)
        moved = (random.random((rows, columns)) < 0.3).astype(np.uint8)
        share, step = random.random(), random.random() * 9
        for form in forms:
            form.take_in(blocks, moved if step > 3 else None, share=share, step=step)
            form.follow(blocks, down=-0.3 * step, up=0.7 * step, highest=30.0)
            form.publish(LIMITS)
        for name in LEARNED:
            fine, simple = (np.asarray(getattr(one, name)) for one in fields)
            assert fine.tobytes() == simple.tobytes(), name
        (times, off), (plus, limit) = forms[1].times, forms[1].plus
        for place, simple in enumerate((forms[1].local, times, plus, off, limit)):
            fine = forms[0].light[:, :, place].reshape(rows, -1)[:, :columns]
            assert fine.tobytes() == simple.tobytes(), place


@compiled
@pytest.mark.parametrize("seed", range(5))
def test_where_a_new_light_explains_all_neither_finds_anything(seed: int) -> None:
    random = np.random.default_rng(seed)
    street = random.integers(40, 180, (45, 80)).astype(np.uint8)
    grounds = [Background(street, BackgroundSettings(), library=one) for one in (LIBRARY, None)]
    relit = street * 1.3
    relit[10:14, 10:14] += 45  # the old light does not explain these
    for blocks in (np.clip(relit, 0, 255).astype(np.uint8), street):
        for ground in grounds:
            ground.look(blocks)
            assert (ground.differing, ground.found, ground.again) == (0, 0, 0)


@compiled
@pytest.mark.parametrize("gain", [1.0, 1.3])
def test_what_moved_is_the_same_on_a_street_with_walkers_and_when_its_light_changes(
    gain: float,
) -> None:
    fine, plain = MotionFinder(library=LIBRARY), MotionFinder(library=None)
    seen, blocks = 0, 0
    for frame in _street(gain):
        moved, same = fine.step(frame), plain.step(frame)
        assert moved.regions == same.regions
        assert np.array_equal(_places(moved), _places(same))
        seen += len(moved.regions)
        blocks += int(np.count_nonzero(_places(moved)))
    assert seen > 100
    assert blocks > 1000


def _places(moved: Moved) -> Mask:
    """Its blocks, none if there are none."""
    return np.zeros((46, 81), np.uint8) if moved.blocks is None else moved.blocks


def _street(gain: float) -> Iterator[Frame]:
    street = Street(368, 650)
    for index in range(75):
        frame = street.frame(index, walkers=4 if index % 25 < 20 else 0)
        if 30 <= index < 50:
            frame = frame.showing(np.clip(frame.yuv * gain, 0, 255).astype(np.uint8))
        yield Frame(index + 1, Instant(index * 66_000_000, 0), frame.yuv, 650, 368)


def _both(fine: Fields, simple: Fields) -> tuple[fast.Steps, plain.Steps]:
    assert LIBRARY is not None
    return fast.Steps(LIBRARY, fine), plain.Steps(simple)


def _forms(found: NDArray[np.uint8], over: Mask) -> tuple[fast.Steps, plain.Steps]:
    """Both, where so much differs now and so much was found in each turn."""
    fields = Fields(over, 5, None)
    fine, simple = _both(fields, fields)
    for bits, mask in zip([fine.over, *fine.found], [over, *found], strict=True):
        packed = np.packbits(mask != 0, axis=1, bitorder="little")
        bits.view(np.uint8)[:, : packed.shape[1]] = packed
    for into, mask in zip([simple.over, *simple.found], [over, *found], strict=True):
        np.copyto(into, mask)
    return fine, simple


def _regions(found: Mask) -> list[Region]:
    """Regions of a mask, on which both implementations must agree."""
    forms = _forms(np.stack([found] * 3), found)
    rule = Rule(has_oldest=True, is_lasting=False, sure=1, lasts=1)
    fine, simple = (form.regions(2, rule) for form in forms)
    assert fine == simple
    return fine
