"""The last hour of a running camera: masked, bounded, in memory, each camera by itself."""

import re
from base64 import b64decode
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.cameras.codec.jpeg import jpeg
from agent.cameras.file.camera import ReplayCamera
from agent.cameras.masked import MaskedCamera
from agent.cameras.port import NOWHERE
from agent.media.frame import Frame, Instant
from agent.runtime.last_hour import MOST_BYTES, LastHour
from agent.vision.detect.person import Detection
from agent.vision.geometry import Box, Polygon
from agent.vision.pipeline import Pipeline, PipelineSettings
from agent.vision.privacy import GREY
from tests.agent.helpers.runtime.last_hour import Camera, clock
from tests.agent.helpers.vision.explain.record import crowd, unsure
from tests.agent.rigs.vision import Seer, after, counted_ids, person, record

LEFT = Polygon(((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))


def pictures(page: bytes) -> list[np.ndarray]:
    found = re.findall(rb"base64,([^\"]+)", page)
    return [
        cv2.imdecode(np.frombuffer(b64decode(one), np.uint8), cv2.IMREAD_COLOR) for one in found
    ]


@pytest.mark.promise("Cameras: What a privacy mask covers is in no picture, clip or live view.")
def test_what_is_masked_is_grey_in_its_pictures(tmp_path: Path) -> None:
    """A recording with a moving square, its left half masked; the network is not sure of somebody
    there."""

    def people(_frame: Frame) -> Sequence[Detection]:
        return [person(0.3, score=0.55, height=0.24)]

    path = record(tmp_path / "street.mp4", 60)
    camera = MaskedCamera(
        ReplayCamera("cong", path, clock=lambda: Instant(0, 0), pace=False),
        [LEFT],
        is_seen_apart=False,
    )
    pipeline = Pipeline.for_frames(PipelineSettings(), Seer(people), counted_ids())
    hour = LastHour(jpeg)
    camera.open()
    last = after(0)
    for frame in camera.frames(NOWHERE, lambda: False):
        hour.note(frame, pipeline.step(frame), pipeline.sightings)
        last = frame.at
    camera.close()
    shown = pictures(hour.page("Cổng", last, language="vi", clock=clock))
    assert shown
    for one in shown:
        left, right = np.array_split(one, 2, axis=1)
        covered = np.abs(left.astype(int) - round((GREY - 16) * 255 / 219)) < 8
        assert covered.mean() > 0.6, "all but the line around the person"
        assert right.max() > 150, "the square"


@pytest.mark.promise("Agent: The last hour of missed people takes at most 8 MiB of memory.")
def test_all_cameras_of_a_node_share_eight_mebibytes() -> None:
    bounds = [LastHour(jpeg, cameras=count)._limits.most_bytes for count in (1, 4)]
    assert bounds == [MOST_BYTES, MOST_BYTES // 4]
    assert MOST_BYTES == 8 * 2**20
    assert LastHour(jpeg)._limits.most_crops == 50


def test_only_tracks_older_than_a_second_get_pictures_and_one_in_two_seconds() -> None:
    camera = Camera(LastHour(jpeg))
    camera.shows(*crowd(8), for_s=0.9)
    assert pictures(camera.page()) == []
    camera.shows(*crowd(8), for_s=6)
    assert len(pictures(camera.page())) == 3


def test_the_page_reaches_back_as_far_as_the_reader_may_see() -> None:
    camera = Camera(LastHour(jpeg))
    camera.shows(unsure(1), for_s=3)
    camera.shows(unsure(2, x=0.8), for_s=3)
    assert camera.page().count(b"<section>") == 2
    assert camera.page(span_s=2.5).count(b"<section>") == 1


def test_the_page_is_never_larger_than_the_hub_takes() -> None:
    camera = Camera(LastHour(jpeg))
    camera.shows(*crowd(40), for_s=5)
    whole = camera.page()
    cut = camera.page(most_bytes=len(whole) // 3)
    assert len(cut) <= len(whole) // 3
    assert 0 < cut.count(b"<section>") < whole.count(b"<section>") == 40
    assert re.search(rb"Dropped for lack of room: [1-9]", cut)


def test_a_body_outside_the_picture_makes_no_picture_and_no_fault() -> None:
    camera = Camera(LastHour(jpeg))
    beyond = unsure(1, box=Box(0.95, 0.9, 1.2, 1.4))
    camera.shows(beyond, for_s=3)
    for one in pictures(camera.page()):
        assert one.size > 0
