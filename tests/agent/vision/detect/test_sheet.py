"""Several parts of a picture in one look: where they lie, and whom the network finds in them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cameras.codec.scaler import rgb
from agent.vision.detect.person import PAD, NanoDet, ObjectKind
from agent.vision.detect.regions import Regions, RegionSettings
from agent.vision.detect.sheet import Part, Sheet, sheet
from agent.vision.geometry import SMALLER, WHOLE, Box
from tests.agent.helpers.vision.detect.person import Network
from tests.agent.helpers.vision.detect.regions import HD, SMALL, body
from tests.agent.rigs.vision import after, luma_frame

pytestmark = pytest.mark.promise(
    "Detection and tracking: The model runs only where something moved or was tracked."
)

WIDE = (192, 320)
sides = st.integers(1, 100)
parts_of_any_size = st.lists(st.builds(Part, st.just(WHOLE), sides, sides), max_size=8)


@given(parts=parts_of_any_size)
def test_parts_lie_apart_and_inside_the_input(parts: list[Part]) -> None:
    made = sheet(parts, WIDE)
    if made is None:
        assert sum(one.rows * one.columns for one in parts) > 0.2 * WIDE[0] * WIDE[1]
        return
    shown = np.zeros(WIDE, int)
    for one in made.parts:
        shown[one.y : one.y + one.rows, one.x : one.x + one.columns] += 1
    assert shown.max(initial=0) <= 1
    assert shown.sum() == sum(one.rows * one.columns for one in parts)


def two_corners() -> Sheet:
    """Two parts of a picture of 128×128: the top left and the bottom right, one beside the
    other."""
    return Sheet(
        (
            Part(Box(0.0, 0.0, 0.5, 0.5), 32, 32),
            Part(Box(0.5, 0.5, 1.0, 1.0), 32, 32, x=32),
        )
    )


def test_whoever_is_found_in_a_part_is_told_in_shares_of_the_whole_picture() -> None:
    middle_of_second = 1 * 8 + 5  # cell (1, 5) of stride 8: center (44, 12)
    network = Network((64, 64), {middle_of_second: (ObjectKind.PERSON, 0.9, (1, 1, 1, 1))})
    luma = np.full((128, 128), 30, np.uint8)
    luma[64:, 64:] = 220
    [found] = NanoDet(network, rgb).detect_sheet(luma_frame(luma), two_corners())
    assert (found.box.x0, found.box.x1) == pytest.approx((0.5 + 4 / 64, 0.5 + 20 / 64))
    assert (found.box.y0, found.box.y1) == pytest.approx((0.5 + 4 / 64, 0.5 + 20 / 64))
    [shown] = network.shown
    assert (shown[:32, 32:] > 200).all()
    assert (shown[:32, :32] < 100).all()
    assert (shown[32:] == PAD).all()


def test_whoever_reaches_over_the_edge_of_a_part_is_left_out() -> None:
    between = 1 * 8 + 4  # center (36, 12), from x = 28 on
    network = Network((64, 64), {between: (ObjectKind.PERSON, 0.9, (1, 1, 1, 1))})
    grey = luma_frame(np.full((128, 128), 100, np.uint8))
    assert NanoDet(network, rgb).detect_sheet(grey, two_corners()) == []


def looks(size_px: tuple[int, int], *people: Box) -> tuple[Box | Sheet, ...]:
    regions = Regions(takes_sheets=True)
    return regions.choose(after(0), size_px, input_px=WIDE, moved=(), people=people, due=people)


def test_a_far_one_and_a_near_one_are_one_look() -> None:
    near, far = body(0.2, 0.6, 300, HD), body(0.8, 0.2, 50, HD)
    [look] = looks(HD, near, far)
    assert isinstance(look, Sheet)
    for one in (near, far):
        assert any(part.inner.overlap(one) >= 0.99 * one.area for part in look.parts)
    [close] = [part for part in look.parts if part.inner.overlap(far) > 0]
    assert close.rows / (close.box.height * HD[0]) >= 24 / 50


def scale_shown(look: Box | Sheet, thing: Box) -> float:
    """At how many pixels per pixel of an HD picture a sheet shows it."""
    assert isinstance(look, Sheet)
    [part] = [part for part in look.parts if part.inner.overlap(thing) >= 0.99 * thing.area]
    return part.rows / (part.box.height * HD[0])


@pytest.mark.parametrize(
    ("width_px", "twice"), [(240, True), (700, False)], ids=["there is room", "too wide"]
)
def test_wide_motion_is_shown_twice_as_large_where_the_sheet_has_room(
    width_px: int, twice: bool
) -> None:
    """Or else who comes beside somebody known is too small until the motions part."""
    known = body(0.3, 0.5, 60, HD)
    wide = Box(0.3, 0.45, 0.3 + width_px / HD[1], 0.6)
    regions = Regions(takes_sheets=True)
    [look] = regions.choose(after(0), HD, input_px=WIDE, moved=[wide], people=[known], due=[known])
    of_whole = min(WIDE[0] / HD[0], WIDE[1] / HD[1])
    assert scale_shown(look, wide) == pytest.approx((1 + twice) * of_whole, rel=0.05)


def test_a_part_in_its_own_size_is_cut_at_whole_pixels_and_copied() -> None:
    """Scaling by a hundredth blurs a small body, and costs more than a copy."""
    sub_stream = (360, 640)
    [look] = looks(
        sub_stream, body(0.231, 0.317, 40, sub_stream), body(0.777, 0.613, 41, sub_stream)
    )
    assert isinstance(look, Sheet)
    dice = np.random.default_rng(0)
    frame = luma_frame(dice.integers(16, 235, sub_stream, np.uint8))
    network = Network(WIDE, {})
    NanoDet(network, rgb).detect_sheet(frame, look)
    whole = rgb([(frame.yuv, Part(WHOLE, *sub_stream))], (384, 640))
    for part in look.parts:
        y, x = round(part.box.y0 * 360), round(part.box.x0 * 640)
        copied = network.shown[0][part.y : part.y + part.rows, part.x : part.x + part.columns]
        assert np.array_equal(copied, whole[y : y + part.rows, x : x + part.columns])


def test_a_square_input_gets_no_sheets() -> None:
    people = [body(0.2, 0.6, 300, HD), body(0.8, 0.2, 50, HD)]
    regions = Regions(takes_sheets=True)
    found = regions.choose(after(0), HD, input_px=(320, 320), moved=(), people=people, due=people)
    assert len(found) == 2 and not any(isinstance(one, Sheet) for one in found)


def test_one_alone_or_more_than_a_sheet_holds_are_looked_at_as_before() -> None:
    assert looks(SMALL, body(0.5, 0.5, 200, SMALL)) == (WHOLE,)
    spread = [body(x, y, 90, HD) for x in (0.1, 0.5, 0.9) for y in (0.1, 0.5, 0.9)]
    assert len(looks(HD, *spread, body(0.3, 0.5, 700, HD))) > 1


@given(
    places=st.lists(st.tuples(st.floats(0.05, 0.95), st.floats(0.05, 0.95)), max_size=8),
    heights=st.lists(st.integers(20, 500), min_size=8, max_size=8),
)
def test_a_sheet_is_never_one_look_more(
    places: list[tuple[float, float]], heights: list[int]
) -> None:
    people = [body(x, y, px, HD) for (x, y), px in zip(places, heights, strict=False)]
    plain = Regions().choose(after(0), HD, input_px=WIDE, moved=(), people=people, due=people)
    packed = looks(HD, *people)
    assert len(packed) <= len(plain)
    assert (SMALLER in packed) <= (SMALLER in plain)


@given(
    size_px=st.sampled_from([(36, 64), (96, 160), (180, 320), (240, 320), (1080, 1920), (480, 34)]),
    input_px=st.sampled_from([WIDE, (320, 320)]),
    places=st.lists(
        st.tuples(*[st.floats(0, 1)] * 2, st.sampled_from((0.02, 0.1, 0.3, 0.9))), max_size=8
    ),
)
def test_whatever_the_pictures_size_everybody_lies_in_a_look_and_no_look_comes_twice(
    size_px: tuple[int, int], input_px: tuple[int, int], places: list[tuple[float, float, float]]
) -> None:
    bodies = (body(x, y, share * size_px[0], size_px) for x, y, share in places)
    people = [one for one in bodies if one.area > 0]
    regions = Regions(RegionSettings(most_looks=50), takes_sheets=True)
    made = regions.choose(after(0), size_px, input_px=input_px, moved=(), people=people, due=people)
    shown = [
        box
        for look in made
        for box in ([part.inner for part in look.parts] if isinstance(look, Sheet) else [look])
    ]
    assert all(any(box.overlap(one) >= 0.999 * one.area for box in shown) for one in people)
    assert len(set(made)) == len(made)
