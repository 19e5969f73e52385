"""Random detections and clocks: the reported sightings always make sense."""

from dataclasses import replace
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.vision.detect.person import Detection, ObjectKind
from agent.vision.geometry import Box, Polygon
from agent.vision.hours import Hours
from agent.vision.pipeline import Pipeline, PipelineSettings
from agent.vision.rules.places import Line, Zone
from tests.agent.rigs.explained import Explained
from tests.agent.rigs.vision import Seer, after, counted_ids, followed, luma_frame
from tests.schedules import tries

pytestmark = [
    pytest.mark.promise("Detection and tracking: A sighting closes once."),
    pytest.mark.promise(
        "Detection and tracking: Tracks and sightings open and close in turn, and ids are new."
    ),
]

LEFT = Polygon(((0.0, 0.0), (0.2, 0.0), (0.2, 1.0), (0.0, 1.0)))
NIGHT = Hours.parse(["22:00-05:00"])
SETTINGS = PipelineSettings(
    ignored=(LEFT,),
    zones=(Zone(name="san", tells_entry=True, loiter_s=1.0, group=2, closed=NIGHT),),
    lines=(Line(name="rao", start=(0.5, 1.0), end=(0.5, 0.0)),),
    alert_hours=NIGHT,
)
PICTURE = np.full((96, 128), 90, np.uint8)
finds = st.builds(
    lambda kind, score, x, y, height: Detection(
        kind, score, Box(x, y, x + 0.4 * height, y + height).clipped()
    ),
    st.sampled_from((ObjectKind.PERSON, ObjectKind.PERSON, ObjectKind.MOTORCYCLE)),
    st.sampled_from((0.2, 0.34, 0.45, 0.7, 0.9)),
    st.floats(0, 0.9),
    st.floats(0, 0.9),
    st.floats(0.1, 0.95),
)


@st.composite
def streets(draw: st.DrawFn) -> list[tuple[float, list[Detection]]]:
    """Finds that stay for some frames; a clock that mostly goes on, and sometimes does not."""
    street: list[tuple[float, list[Detection]]] = []
    for _ in range(draw(st.integers(1, 5))):
        shown = draw(st.lists(finds, max_size=3))
        step_s = draw(st.sampled_from((0.1, 0.1, 0.1, 0.0, -2.0, 5.0, 4000.0)))
        street += [(step_s, shown)]
        street += [(0.1, shown)] * draw(st.sampled_from((1, 6, 20)))
    return street


@settings(max_examples=tries(60))
@given(street=streets())
def test_whatever_is_found_sightings_alternate_and_belong_to_tracks_also_when_opened_anew(
    street: list[tuple[float, list[Detection]]],
) -> None:
    pipeline = Pipeline.for_frames(
        SETTINGS, Seer(lambda frame: street[frame.index - 1][1]), counted_ids()
    )
    times = accumulate(step_s for step_s, _ in street)
    frames = [
        replace(luma_frame(PICTURE, index), at=after(at_s))
        for index, at_s in enumerate(times, start=1)
    ]
    explained, half = Explained(), len(frames) // 2
    followed(pipeline, frames[: half + 1], explained)
    followed(pipeline, frames[half + 1 :], explained)
    assert pipeline.describer._notes == {}, "of sightings that are closed"
