"""The IMX500's own detector: from tensors in the metadata to the port that every detector serves.

Not yet tried on the real thing: a module. `matthan-agent check` does on a board.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.app.view import has_network
from agent.cameras.codec.scaler import rgb
from agent.cameras.masked import MaskedCamera
from agent.cameras.pi.camera import PiCamera
from agent.cameras.pi.imx500 import SensorNetwork
from agent.cameras.port import NOWHERE, CameraError
from agent.config.camera import CameraSection
from agent.media.frame import Frame, Glimpse, Plane, SensedFrame
from agent.vision.detect.person import (
    BINS,
    KINDS,
    STRIDES,
    Detection,
    DetectorSettings,
    Floats,
    NanoDet,
    ObjectKind,
    PersonDetector,
)
from agent.vision.detect.sensed import SensedPeople
from agent.vision.geometry import WHOLE, Box, Polygon
from tests.agent.rigs.hubside import now
from tests.agent.rigs.imx500 import FULL, Camera, Imx500, Intrinsics, metadata
from tests.agent.rigs.vision import luma_frame

pytestmark = pytest.mark.promise(
    "Cameras: The IMX500 sensor's detector works behind the same interface."
)

Found = tuple[ObjectKind, float, tuple[float, float, float, float]]
"""Kind, score, and the box in shares of the whole picture."""


# What every detector keeps to


class Answers:
    """A network of 64 x 64 that sees these of a picture of 64 x 64."""

    input_px = (64, 64)

    def __init__(self, found: list[Found], region: Box) -> None:
        self._found = [(k, s, _within(box, region)) for k, s, box in found]

    def infer(self, _: Plane) -> tuple[Floats, Floats]:
        cells = sum((64 // s) ** 2 for s in STRIDES)
        scores = np.zeros((cells, len(KINDS)), np.float32)
        distances = np.zeros((cells, 4, BINS), np.float32)
        for number, (kind, score, box) in enumerate(self._found):
            cell = 9 + number  # of stride 8: its middle is (12 + 8 * number, 12)
            middle = np.array([12 + 8 * number, 12] * 2)
            scores[cell, KINDS.index(kind)] = score
            sides = np.array([-1, -1, 1, 1]) * (np.array(box) * 64 - middle) / 8
            for side, steps in enumerate(sides):
                low = int(np.clip(np.floor(steps), 0, BINS - 2))
                share = float(steps) - low
                distances[cell, side] = -50.0
                distances[cell, side, low] = np.log(max(1e-6, 1 - share))
                distances[cell, side, low + 1] = np.log(max(1e-6, share))
        return scores, distances.reshape(cells, -1)


def _within(box: tuple[float, ...], region: Box) -> tuple[float, float, float, float]:
    wide, high = region.x1 - region.x0, region.y1 - region.y0
    x0, y0, x1, y1 = box
    return (
        (x0 - region.x0) / wide,
        (y0 - region.y0) / high,
        (x1 - region.x0) / wide,
        (y1 - region.y0) / high,
    )


GREY = luma_frame(np.full((64, 64), 100, np.uint8))


def by_network(found: list[Found], region: Box) -> tuple[PersonDetector, Frame]:
    return NanoDet(Answers(found, region), rgb), GREY


def by_sensor(found: list[Found], region: Box) -> tuple[PersonDetector, Frame]:
    """All the way from the tensors."""
    boxes = [(y0, x0, y1, x1) for _, _, (x0, y0, x1, y1) in found]
    names = ["person", "bicycle", "car", "motorcycle", "aeroplane", "bus", "train", "truck"]
    labels = [float(names.index(kind)) for kind, _, _ in found]
    told = metadata(boxes, [score for _, score, _ in found], labels)
    glimpses = network().glimpses(told, Camera())
    assert glimpses is not None
    return SensedPeople(), sensed(*glimpses)


def sensed(*glimpses: Glimpse) -> SensedFrame:
    return SensedFrame(GREY.index, GREY.at, GREY.yuv, GREY.width, GREY.height, glimpses)


FILE = str(Path(__file__))
"""Any file: the sensor's stand-in reads none."""


def network(sensor: Imx500 | None = None) -> SensorNetwork:
    return SensorNetwork(FILE, 0, open_sensor=lambda file: sensor or Imx500(file))


Detecting = Callable[[list[Found], Box], tuple[PersonDetector, Frame]]
every_detector = pytest.mark.parametrize("detecting", [by_network, by_sensor])
LEFT_TOP = Box(0.0, 0.0, 0.5, 0.5)
ONE: Found = (ObjectKind.PERSON, 0.9, (0.05, 0.05, 0.3, 0.4))


def detect(detecting: Detecting, found: list[Found], region: Box = WHOLE) -> list[Detection]:
    detector, frame = detecting(found, region)
    return detector.detect(frame, region)


@every_detector
@pytest.mark.parametrize("region", [WHOLE, LEFT_TOP])
def test_a_box_is_told_in_shares_of_the_whole_picture(detecting: Detecting, region: Box) -> None:
    (found,) = detect(detecting, [ONE], region)
    assert (found.kind, found.score) == (ObjectKind.PERSON, pytest.approx(0.9, abs=1e-3))
    box = found.box
    assert (box.x0, box.y0, box.x1, box.y1) == pytest.approx(ONE[2], abs=0.02)


@every_detector
def test_the_best_comes_first(detecting: Detecting) -> None:
    weak: Found = (ObjectKind.PERSON, 0.4, (0.2, 0.05, 0.5, 0.5))
    strong: Found = (ObjectKind.MOTORCYCLE, 0.8, (0.3, 0.1, 0.6, 0.5))
    assert [one.score for one in detect(detecting, [weak, strong])] == pytest.approx([0.8, 0.4])


@every_detector
def test_of_two_boxes_of_one_body_the_better_stays(detecting: Detecting) -> None:
    again: Found = (ObjectKind.PERSON, 0.5, (0.05, 0.05, 0.31, 0.4))
    assert [one.score for one in detect(detecting, [ONE, again])] == pytest.approx([0.9], abs=1e-3)


@every_detector
def test_what_a_border_of_the_region_cuts_inside_the_picture_is_left_out(
    detecting: Detecting,
) -> None:
    cut: Found = (ObjectKind.PERSON, 0.9, (0.05, 0.05, 0.499, 0.4))
    assert detect(detecting, [cut], LEFT_TOP) == []
    at_the_rim: Found = (ObjectKind.PERSON, 0.9, (0.0, 0.0, 0.3, 0.4))
    assert len(detect(detecting, [at_the_rim], LEFT_TOP)) == 1


@every_detector
def test_kinds_that_are_not_watched_and_weak_finds_are_passed_over(detecting: Detecting) -> None:
    car: Found = (ObjectKind.CAR, 0.9, (0.05, 0.05, 0.3, 0.4))
    faint: Found = (ObjectKind.PERSON, 0.2, (0.1, 0.05, 0.4, 0.4))
    assert detect(detecting, [car, faint]) == []


@every_detector
def test_a_frame_that_is_none_is_refused(detecting: Detecting) -> None:
    detector, frame = detecting([ONE], WHOLE)
    with pytest.raises(ValueError, match="sizes must be even"):
        detector.detect(replace(frame, width=63), WHOLE)


# The sensor's own


def test_who_is_elsewhere_is_not_in_a_region_and_a_frame_without_answer_has_nobody() -> None:
    far = Glimpse("person", 0.9, (0.6, 0.6, 0.8, 0.9))
    assert SensedPeople().detect(sensed(far), LEFT_TOP) == []
    assert len(SensedPeople().detect(sensed(far), WHOLE)) == 1
    assert SensedPeople().detect(GREY, WHOLE) == []


def test_a_lower_score_finds_more() -> None:
    faint = Glimpse("person", 0.15, (0.6, 0.6, 0.8, 0.9))
    assert len(SensedPeople(DetectorSettings(score=0.1)).detect(sensed(faint), WHOLE)) == 1


def test_boxes_in_pixels_or_with_x_first_are_read_as_the_network_says_they_are() -> None:
    sensor = Imx500(
        network_intrinsics=Intrinsics(bbox_normalization=True, bbox_order="xy", labels=["person"])
    )
    told = metadata([[32, 64, 160, 320]], [0.8], [0])
    (glimpse,) = network(sensor).glimpses(told, Camera()) or ()
    assert glimpse.box == pytest.approx((0.1, 0.2, 0.5, 1.0), abs=1e-3)


def test_what_the_camera_crops_of_the_sensors_picture_is_counted_from_there() -> None:
    left, top = FULL[0] // 4, FULL[1] // 4
    crop = (left, top, FULL[0] // 2, FULL[1] // 2)
    told = metadata([[0.25, 0.25, 0.5, 0.5], [0, 0, 0.1, 0.1]], [0.9, 0.8], [0, 0], crop=crop)
    (glimpse,) = network().glimpses(told, Camera()) or ()
    assert glimpse.box == pytest.approx((0, 0, 0.5, 0.5), abs=2e-3)


def test_labels_of_nothing_are_counted_or_not_as_the_network_says() -> None:
    names = ["-", "aeroplane", "-", "person"]
    for ignores, label in ((None, 3), (True, 1)):
        sensor = Imx500(network_intrinsics=Intrinsics(labels=names, ignore_dash_labels=ignores))
        told = metadata([[0, 0, 0.5, 0.5]], [0.9], [label])
        found = network(sensor).glimpses(told, Camera())
        assert [one.kind for one in found or ()] == ["person"]


@pytest.mark.parametrize(
    "told",
    [
        metadata(None),
        {**metadata([[0, 0, 1, 1]], [0.9], [0]), "CnnOutputTensorInfo": [(1, 4), (1,)]},
        metadata([[0, 0, 1, 1]], [0.9, 0.8], [0]),
    ],
)
def test_an_answer_that_is_none_is_none(told: dict[str, Any]) -> None:
    assert network().glimpses(told, Camera()) is None


def test_numbers_that_are_none_are_nobody() -> None:
    nan = float("nan")
    boxes = [[nan, 0.0, 1, 1], [0.0, 0, 1, 1], [0.0, 0, 1, 1], [0.5, 0.5, 0.2, 0.2]]
    told = metadata(boxes, [0.9, nan, 0.9, 0.9], [0, 0, nan, 0])
    assert network().glimpses(told, Camera()) == ()


@pytest.mark.parametrize(
    ("sensor", "said"),
    [
        (Imx500(camera_num=1), "is camera 1, not 0"),
        (Imx500(network_intrinsics=None), "does not tell boxes by itself"),
        (Imx500(network_intrinsics=Intrinsics(task="pose estimation")), "does not tell boxes"),
        (Imx500(network_intrinsics=Intrinsics(postprocess="nanodet")), "`_pp.rpk`"),
        (Imx500(network_intrinsics=Intrinsics(labels=["dog"])), "neither people nor vehicles"),
    ],
)
def test_a_network_that_cannot_serve_is_refused_with_what_to_do(sensor: Imx500, said: str) -> None:
    with pytest.raises(CameraError) as refused:
        network(sensor)
    assert said in str(refused.value)


def test_a_missing_file_no_such_sensor_and_no_picamera2_are_each_one_sentence(
    tmp_path: Path,
) -> None:
    def fails(error: Exception) -> Callable[[str], Any]:
        def open_sensor(_: str) -> Any:
            raise error

        return open_sensor

    for error, said in (
        (RuntimeError("IMX500: Requested camera dev-node not found"), "Only an IMX500"),
        (ImportError("No module named 'picamera2'"), "apt install python3-picamera2"),
    ):
        with pytest.raises(CameraError, match=said):
            SensorNetwork(FILE, 0, open_sensor=fails(error))
    with pytest.raises(CameraError, match="apt install imx500-all"):
        SensorNetwork(str(tmp_path / "none.rpk"), 0)


# In the camera


@dataclass
class Request:
    """A picture of a Picamera2."""

    told: dict[str, Any]

    def make_array(self, _: str) -> Plane:
        return np.full((96, 64), 100, np.uint8)

    def get_metadata(self) -> dict[str, Any]:
        return self.told

    def release(self) -> None:
        pass


class Filming(Camera):
    """Gives these pictures, one after the other."""

    def __init__(self, told: list[dict[str, Any]]) -> None:
        super().__init__()
        self._told = iter(told)

    def capture_request(self, wait: float) -> Request:
        assert wait > 0
        return Request(next(self._told))

    def camera_configuration(self) -> dict[str, Any]:
        lores = {"size": (64, 64), "format": "YUV420"}
        return {**super().camera_configuration(), "lores": lores}


def filming(told: list[dict[str, Any]]) -> PiCamera:
    """A camera that is open already: what its encoder needs is a board's."""

    class NoFilm:
        def taken(self, _: object) -> tuple[()]:
            return ()

    camera = PiCamera("cong", 0, clock=now, open_sensor=network)
    camera._camera, camera._film, camera._sensor = Filming(told), NoFilm(), network()  # type: ignore[assignment]
    return camera


def test_frames_bring_what_the_sensor_found_and_the_last_answer_stands_for_a_while() -> None:
    one = metadata([[0.1, 0.1, 0.5, 0.5]], [0.9], [0])
    camera, seen = filming([one, metadata(None)]), list[Frame]()
    for frame in camera.frames(NOWHERE, lambda: len(seen) >= 2):
        seen.append(frame)
    assert [len(SensedPeople().detect(frame, WHOLE)) for frame in seen] == [1, 1]
    assert camera._glimpses(metadata(None), Filming([]), seen[0].at.before(-10.0)) == ()


def test_who_stands_behind_a_privacy_mask_was_not_seen() -> None:
    boxes = [[0.1, 0.0, 0.9, 0.4], [0.1, 0.6, 0.9, 0.9]]
    inner = filming([metadata(boxes, [0.9, 0.8], [0, 0])])
    left_half = Polygon(((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))
    camera = MaskedCamera(inner, [left_half], is_seen_apart=True)
    camera._given = camera._encoder = object()  # type: ignore[assignment]
    frame = next(iter(camera.frames(NOWHERE, lambda: False)))
    assert isinstance(frame, SensedFrame)
    assert [one.score for one in frame.glimpses] == pytest.approx([0.8])
    assert frame.luma[32, 8] != 100


def test_the_key_is_of_a_pi_camera_and_a_whole_path() -> None:
    section = CameraSection.model_validate(
        {"name": "cong", "picamera": "0", "pi": {"network": "/usr/share/imx500-models/a_pp.rpk"}}
    )
    assert has_network(section)
    for wrong in ("a_pp.rpk", "/etc/passwd"):
        with pytest.raises(ValueError, match="network"):
            CameraSection.model_validate({"name": "c", "picamera": "0", "pi": {"network": wrong}})
