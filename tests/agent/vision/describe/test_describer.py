"""From tracks and frames to the description of a sighting: made once, from its best views."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from agent.media.frame import Frame
from agent.uplink.events import sighting_event
from agent.vision.describe.bodies import Calibration
from agent.vision.describe.describer import FIRST, MOST_VIEWS, Describer
from agent.vision.describe.description import Description, Speed, Transport
from agent.vision.detect.person import Detection, ObjectKind
from agent.vision.geometry import Box
from agent.vision.pipeline import Pipeline, PipelineSettings
from agent.vision.sightings.changes import Closed
from agent.vision.track.track import Track
from agent.wire.messages import SightingClosed
from tests.agent.rigs.painted import BODY, CLOTHES, changed, street
from tests.agent.rigs.vision import Seer, counted_ids, tracked

ID = UUID(int=1)
RED, BLUE = CLOTHES["red"], CLOTHES["blue"]


def body(box: Box = BODY, **others: Any) -> Track:
    return tracked(box, speed=(0.3, 0.0), **others)


def colours(description: Description) -> tuple[list[str], list[str]]:
    upper, lower = (
        [one.name.value for one in said] for said in (description.upper, description.lower)
    )
    return upper[:1], lower[:1]


def described(*steps: tuple[Frame, Track], describer: Describer | None = None) -> Description:
    describer = describer or Describer()
    for frame, track in steps:
        describer.see(frame, [track], {track.track_id: ID}, aspect=4 / 3)
    description = describer.describe(ID)
    assert description is not None
    return description


def over(seconds: float, track: Track, frame: Frame) -> Iterator[tuple[Frame, Track]]:
    """Ten frames a second."""
    for index in range(round(10 * seconds)):
        yield replace(frame, at=street(at_s=index / 10).at), track


def test_a_walker_is_described_by_clothes_and_pace() -> None:
    said = described(*over(3, body(), street((BODY, RED, BLUE))))
    assert colours(said) == (["red"], ["blue"])
    assert (said.transport, said.people, said.speed) == (Transport.FOOT, 1, Speed.WALKING)
    assert (said.transport_colour, said.height_m) == ((), None)


def test_one_glance_is_enough_for_colours() -> None:
    assert colours(described((street((BODY, RED, BLUE)), body()))) == (["red"], ["blue"])


def test_a_sighting_is_described_once_and_then_forgotten() -> None:
    describer = Describer()
    described((street(), body()), describer=describer)
    assert describer.describe(ID) is None


def test_larger_views_replace_the_first_ones() -> None:
    far = Box(0.1, 0.3, 0.15, 0.5)
    frames = [street((far, CLOTHES["green"], CLOTHES["white"]), at_s=n / 2) for n in range(4)]
    near = [street((BODY, RED, BLUE), at_s=2 + n / 2) for n in range(MOST_VIEWS)]
    said = described(
        *((frame, body(far)) for frame in frames), *((frame, body()) for frame in near)
    )
    assert colours(said) == (["red"], ["blue"])


def test_somebody_half_hidden_lends_nobody_their_clothes() -> None:
    frame = street((BODY, RED, BLUE))
    front = Box(BODY.x0 + 0.02, BODY.y0 + 0.05, BODY.x1 + 0.02, BODY.y1 + 0.05)
    describer = Describer()
    tracks = [body(), body(front, track_id=2)]
    describer.see(frame, tracks, {1: ID, 2: UUID(int=2)}, aspect=4 / 3)
    hidden, nearer = describer.describe(ID), describer.describe(UUID(int=2))
    assert hidden is not None and nearer is not None
    assert (hidden.upper, hidden.lower) == ((), ())
    assert nearer.upper


def test_by_night_no_colour_is_named() -> None:
    grey = changed(street((BODY, RED, BLUE)), lambda _, tints: tints.fill(128))
    said = described(*over(3, body(), grey))
    assert (said.upper, said.lower) == ((), ())
    assert said.speed is Speed.WALKING


def test_height_needs_a_calibration_and_more_than_a_glance() -> None:
    tall = Calibration(mast_height_m=2.0, horizon=0.05)
    expected = pytest.approx(2.0 * 0.6 / 0.75, abs=0.01)
    frame = street((BODY, RED, BLUE))
    assert described(*over(3, body(), frame), describer=Describer(tall)).height_m == expected
    assert described(*over(0.3, body(), frame), describer=Describer(tall)).height_m is None
    cut = body(Box(0.0, 0.2, 0.15, 0.8))
    assert described(*over(3, cut, frame), describer=Describer(tall)).height_m is None


@pytest.mark.parametrize(
    ("kind", "transport"),
    [(ObjectKind.MOTORCYCLE, Transport.MOTORBIKE), (ObjectKind.BICYCLE, Transport.BICYCLE)],
)
def test_a_rider_has_a_vehicle_with_a_colour_and_no_trousers(
    kind: ObjectKind, transport: Transport
) -> None:
    wheels = Box(0.38, 0.55, 0.57, 0.95)
    frame = street((wheels, BLUE, BLUE), (BODY, RED, BLUE))
    found = Detection(ObjectKind.PERSON, 0.7, BODY, wheels=kind, mount=wheels)
    said = described(*over(3, body(found=found), frame))
    assert said.transport is transport
    assert [one.name.value for one in said.transport_colour][:1] == ["blue"]
    assert colours(said) == (["red"], [])
    assert (said.people, said.speed, said.height_m) == (None, None, None)


def test_the_notes_of_a_long_sighting_stay_few() -> None:
    describer = Describer(Calibration(2.0, 0.05))
    frame = street((BODY, RED, BLUE))
    for index in range(3000):
        at = street(at_s=index / 10).at if index % 500 == 0 else frame.at.before(-index / 10)
        bigger = body(score=0.5 + index / 10_000)
        describer.see(replace(frame, at=at), [bigger], {1: ID}, aspect=4 / 3)
    (notes,) = describer._notes.values()
    assert len(notes.views) == MOST_VIEWS
    assert len(notes.heights_m) <= 25
    assert len(notes.people) <= 20


def test_who_stands_and_is_found_in_one_frame_a_second_is_sampled_in_those_frames() -> None:
    describer, frame = Describer(), street((BODY, RED, BLUE))
    for index in range(10 * 15):
        here = replace(frame, at=street(at_s=index / 15).at)
        if describer.is_due(here.at):
            track = body(is_seen=index % 15 == 0)
            describer.see(here, [track], {1: ID}, aspect=4 / 3)
    (notes,) = describer._notes.values()
    assert notes.samples == FIRST + 2  # one a second, then one in two


def test_the_end_of_a_sighting_carries_its_description_to_the_wire() -> None:
    def box(index: int) -> Box:
        return Box(0.1 + index / 100, 0.2, 0.25 + index / 100, 0.8)

    seer = Seer(lambda frame: [Detection(ObjectKind.PERSON, 0.8, box(frame.index))])
    pipeline = Pipeline.for_frames(PipelineSettings(), seer, counted_ids())
    last = street()
    for index in range(1, 60):
        last = street((box(index), RED, BLUE), at_s=(index - 1) / 10)
        pipeline.step(last)
    (closed,) = pipeline.finish(last.at)
    assert isinstance(closed, Closed)
    said = sighting_event(closed, camera="cam-1", picture=None)
    assert isinstance(said, SightingClosed)
    assert said.description is not None
    assert said.description.upper[0].colour == "red"
    assert said.description.lower[0].colour == "blue"
    assert (said.description.transport, said.description.people) == ("foot", 1)
    none = sighting_event(replace(closed, description=None), camera="cam-1", picture=None)
    assert "description" not in none.model_dump_json()


def test_a_crowd_and_whoever_was_not_seen_have_no_description() -> None:
    describer = Describer()
    describer.see(street((BODY, RED, BLUE)), [body()], {}, aspect=4 / 3)
    assert describer.describe(ID) is None
