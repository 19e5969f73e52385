"""From the network's output to people in the picture; and input that is not a picture."""

import numpy as np
import pytest

from agent.cameras.codec.scaler import rgb
from agent.media.frame import Frame
from agent.vision.detect.person import (
    PAD,
    Detection,
    DetectorSettings,
    NanoDet,
    ObjectKind,
    suppress,
)
from agent.vision.geometry import SMALLER, WHOLE, Box
from agent.wire.terms import ObjectKind as WireKind
from tests.agent.helpers.vision.detect.person import Network
from tests.agent.rigs.vision import after, luma_frame, person

ONE = {3 * 8 + 2: (ObjectKind.PERSON, 0.9, (1, 2, 1, 2))}
"""Cell (3, 2) of stride 8: center (20, 28); from (12, 12) to (28, 44) in network pixels."""


def grey(width: int, height: int) -> Frame:
    return luma_frame(np.full((height, width), 100, np.uint8))


def test_a_cell_is_read_from_its_middle() -> None:
    (found,) = NanoDet(Network((64, 64), ONE), rgb).detect(grey(64, 64), WHOLE)
    assert found.kind is ObjectKind.PERSON
    assert found.score == pytest.approx(0.9)
    box = found.box
    assert (box.x0, box.y0, box.x1, box.y1) == pytest.approx((12 / 64, 12 / 64, 28 / 64, 44 / 64))


def test_a_wide_picture_sits_in_the_top_left_and_the_rest_is_grey() -> None:
    network = Network((64, 64), ONE)
    (found,) = NanoDet(network, rgb).detect(grey(128, 64), WHOLE)
    assert found.box.y1 == 1.0  # 44 of the 32 rows that hold the picture: clipped
    assert found.box.x1 == pytest.approx(28 / 64)
    assert (network.shown[0][32:] == PAD).all()
    assert (network.shown[0][:32] != PAD).all()


def test_a_box_in_a_region_is_told_in_shares_of_the_whole_picture() -> None:
    region = Box(0.5, 0.5, 1.0, 1.0)
    (found,) = NanoDet(Network((64, 64), ONE), rgb).detect(grey(128, 128), region)
    assert found.box.x0 == pytest.approx(0.5 + 0.5 * 12 / 64)
    assert found.box.y1 == pytest.approx(0.5 + 0.5 * 44 / 64)


def test_a_region_twice_as_large_shows_all_of_the_picture_at_half_its_size() -> None:
    network = Network((64, 64), ONE)
    (found,) = NanoDet(network, rgb).detect(grey(128, 128), SMALLER)
    assert (found.box.x0, found.box.x1) == pytest.approx((12 / 32, 28 / 32))
    assert (network.shown[0][:32, :32] != PAD).all()
    assert (network.shown[0][32:] == PAD).all()
    assert (network.shown[0][:, 32:] == PAD).all()


def test_the_network_sees_only_the_region() -> None:
    luma = np.full((128, 128), 30, np.uint8)
    luma[64:, 64:] = 220
    network = Network((64, 64), {})
    NanoDet(network, rgb).detect(luma_frame(luma), Box(0.5, 0.5, 1.0, 1.0))
    assert (network.shown[0] > 200).all()


AT_EDGE = {0: (ObjectKind.PERSON, 0.9, (1, 1, 1, 1))}
"""Reaches over the top left corner of what the network sees."""


def test_what_is_found_in_the_grey_beside_the_picture_is_nobody() -> None:
    below = {6 * 8 + 2: (ObjectKind.PERSON, 0.9, (1, 1, 1, 1))}  # below row 44 of 32
    assert NanoDet(Network((64, 64), below), rgb).detect(grey(128, 64), WHOLE) == []


def test_a_body_cut_by_a_border_inside_the_picture_is_left_out() -> None:
    network = Network((64, 64), AT_EDGE)
    assert NanoDet(network, rgb).detect(grey(128, 128), Box(0.5, 0.5, 1.0, 1.0)) == []


def test_a_body_cut_by_the_border_of_the_picture_counts() -> None:
    network = Network((64, 64), AT_EDGE)
    assert len(NanoDet(network, rgb).detect(grey(128, 128), Box(0.0, 0.0, 0.5, 0.5))) == 1


def test_kinds_that_are_not_watched_are_passed_over() -> None:
    network = Network((64, 64), {30: (ObjectKind.CAR, 0.9, (1, 1, 1, 1))})
    assert NanoDet(network, rgb).detect(grey(64, 64), WHOLE) == []
    watched = DetectorSettings(kinds=frozenset({ObjectKind.CAR}))
    assert len(NanoDet(network, rgb, watched).detect(grey(64, 64), WHOLE)) == 1


@pytest.mark.parametrize(("down", "kinds"), [(2, ["person", "car"]), (1, ["person"])])
def test_vehicles_are_found_beside_a_near_person_alone(down: int, kinds: list[str]) -> None:
    """Also weak ones, because they only speak against the person."""
    someone = {3 * 8 + 2: (ObjectKind.PERSON, 0.9, (1, 0, 1, down))}
    car = {3 * 8 + 5: (ObjectKind.CAR, 0.2, (1, 1, 1, 1))}
    found = NanoDet(Network((64, 64), someone | car), rgb).detect(grey(64, 64), WHOLE)
    assert [one.kind.value for one in found] == kinds


def test_a_vehicle_that_a_crop_cuts_counts_and_a_person_does_not() -> None:
    """It lies around the part that is shown."""
    answers = {
        3 * 8 + 2: (ObjectKind.PERSON, 0.9, (1, 2, 1, 2)),
        3 * 8 + 3: (ObjectKind.BUS, 0.5, (5, 5, 5, 5)),
        4 * 8 + 3: (ObjectKind.PERSON, 0.5, (5, 5, 5, 5)),
    }
    network = Network((64, 64), answers)
    found = NanoDet(network, rgb).detect(grey(128, 128), Box(0.25, 0.25, 0.75, 0.75))
    assert [one.kind.value for one in found] == ["person", "bus"]


def test_of_two_boxes_of_one_body_the_better_stays() -> None:
    better, worse = person(0.5, score=0.8), person(0.505, score=0.6)
    assert suppress([worse, better], 0.6) == [better]


def test_a_person_on_a_motorcycle_is_two_finds() -> None:
    rider = person(0.5)
    motorcycle = Detection(ObjectKind.MOTORCYCLE, 0.5, rider.box)
    assert suppress([rider, motorcycle], 0.6) == [rider, motorcycle]


@pytest.mark.parametrize(
    ("shape", "width", "height"),
    [
        ((0, 0), 0, 0),
        ((96, 65), 65, 64),
        ((95, 64), 64, 63),
        ((90, 64), 64, 64),  # cut short
        ((96, 60), 64, 64),
    ],
)
def test_a_frame_that_is_not_what_it_says_is_refused(
    shape: tuple[int, int], width: int, height: int
) -> None:
    frame = Frame(7, after(0), np.zeros(shape, np.uint8), width, height)
    with pytest.raises(ValueError, match="frame 7"):
        NanoDet(Network((64, 64), {}), rgb).detect(frame, WHOLE)


def test_a_frame_of_another_type_is_refused() -> None:
    yuv = np.zeros((96, 64), np.float32)
    frame = Frame(7, after(0), yuv, 64, 64)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(ValueError, match="float32"):
        NanoDet(Network((64, 64), {}), rgb).detect(frame, WHOLE)


@pytest.mark.parametrize("region", [Box(0.5, 0.5, 0.5, 0.5), Box(1.0, 1.0, 1.0, 1.0)])
def test_a_region_without_area_is_looked_at_as_two_pixels(region: Box) -> None:
    assert NanoDet(Network((64, 64), {}), rgb).detect(grey(64, 64), region) == []


def test_eyes_and_wire_have_the_same_words_for_kinds() -> None:
    assert {str(kind) for kind in ObjectKind} == {str(kind) for kind in WireKind}


@pytest.mark.promise("Detection and tracking: A dark picture is made brighter for the model.")
def test_a_dark_picture_is_shown_to_the_network_brighter() -> None:
    network = Network((64, 64), {})
    dark = luma_frame(np.full((64, 64), 55, np.uint8))
    NanoDet(network, rgb).detect(dark, WHOLE)
    assert 85 <= network.shown[0].mean() <= 95


def test_what_is_black_is_not_made_grey() -> None:
    network = Network((64, 64), {})
    NanoDet(network, rgb).detect(luma_frame(np.full((64, 64), 18, np.uint8)), WHOLE)
    assert network.shown[0].mean() < 20


def test_a_bright_picture_is_shown_as_it_is() -> None:
    network = Network((64, 64), {})
    NanoDet(network, rgb).detect(luma_frame(np.full((64, 64), 80, np.uint8)), WHOLE)
    as_it_is = network.shown[0].mean()
    NanoDet(network, rgb, DetectorSettings(dark=0.0)).detect(
        luma_frame(np.full((64, 64), 80, np.uint8)), WHOLE
    )
    assert network.shown[1].mean() == as_it_is
