"""Near people in frames of any size, colour and time: nothing crashes, and the reports make sense.

The network is a node's own, because near people depend on how it sees them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.media.frame import Frame, Plane
from agent.replay.sight import Sight, sight
from agent.vision.pipeline import Pipeline, PipelineSettings
from tests.agent.rigs.explained import Explained
from tests.agent.rigs.vision import after, counted_ids, followed
from tests.bench.agent.scenes.near import FILLS, Manner, family
from tests.bench.agent.scenes.play import Scene
from tests.bench.agent.scenes.programme import Material
from tests.schedules import tries

MODELS = Path(__file__).parents[2] / "models"
SIZES = ((8, 8), (10, 34), (362, 638), (640, 36), (720, 1278))
"""Heights and widths, all even: an odd size is refused."""


@dataclass(frozen=True)
class Piece:
    """Some frames of a near scene, from `first` on."""

    first: int
    frames: int
    step_s: float
    size: tuple[int, int] | None
    """Height and width to which they are pulled; None: their own."""
    colour: int | None
    """None: the picture itself; else one colour everywhere."""


pieces = st.builds(
    Piece,
    st.sampled_from((0, 20, 30, 40)),
    st.integers(1, 8),
    st.sampled_from((0.1, 0.1, 0.1, 0.0, -2.0, 0.7, 4000.0)),
    st.sampled_from((None, None, None, *SIZES)),
    st.sampled_from((None, None, None, 0, 128, 255)),
)


@cache
def seers() -> Sight:
    return sight(MODELS / "manifest.toml")


def pulled(yuv: Plane, height: int, width: int) -> Plane:
    """An I420 picture in another size."""
    bgr = cv2.cvtColor(yuv, cv2.COLOR_YUV2BGR_I420)
    return np.asarray(cv2.cvtColor(cv2.resize(bgr, (width, height)), cv2.COLOR_BGR2YUV_I420))


def frames_of(scene: Scene, street: list[Piece]) -> Iterator[Frame]:
    at_s, index = 0.0, 0
    for piece in street:
        for number in range(piece.frames):
            at_s, index = at_s + piece.step_s, index + 1
            shown = scene.frame(min(piece.first + number, scene.length - 1))
            yuv, (height, width) = shown.yuv, (shown.height, shown.width)
            if piece.size is not None:
                height, width = piece.size
                yuv = pulled(yuv, height, width)
            if piece.colour is not None:
                yuv = np.full_like(yuv, piece.colour)
            yield Frame(index, after(at_s), yuv, width, height)


@settings(max_examples=tries(25))
@given(
    number=st.integers(0, len(Manner) * 2 * len(FILLS) - 1),
    street=st.lists(pieces, min_size=1, max_size=5),
)
def test_whatever_becomes_of_a_near_scene_sightings_alternate_and_belong_to_tracks(
    stock: Material, number: int, street: list[Piece]
) -> None:
    scene = list(family(stock.street))[number]
    pipeline = Pipeline.for_frames(
        PipelineSettings(),
        seers().common,
        counted_ids(),
        fitted=seers().fitted,
    )
    followed(pipeline, frames_of(scene, street), Explained())


@pytest.mark.parametrize("size", [(7, 8), (8, 7), (2, 2), (361, 638)])
def test_a_frame_of_an_odd_size_or_none_is_refused_and_the_next_one_is_seen(
    stock: Material, size: tuple[int, int]
) -> None:
    scene = next(family(stock.street))
    pipeline = Pipeline.for_frames(PipelineSettings(), seers().common, counted_ids())
    height, width = size
    odd = Frame(1, after(0), np.zeros((height * 3 // 2, width), np.uint8), width, height)
    with pytest.raises(ValueError, match="frame"):
        pipeline.step(odd)
    assert pipeline.step(scene.frame(0)).inferences == 1
    assert pipeline.step(scene.frame(1)).inferences > 0
