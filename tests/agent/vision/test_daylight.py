"""Day and night: when it is night, and which thresholds apply."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config import CameraSection
from agent.media.frame import Frame
from agent.vision.hours import Hours
from agent.vision.motion.daylight import Daylight, DaylightSettings, Sensitivity
from agent.vision.pipeline import Pipeline, PipelineSettings
from tests.agent.rigs.vision import Seer, after, counted_ids, luma_frame, person

pytestmark = pytest.mark.promise(
    "Zones and rules: Zones, hours and night values of a camera apply."
)

DAY, NIGHT = Sensitivity(6.0, 0.25), Sensitivity(40.0, 0.5)
LASTS_S = DaylightSettings().lasts_s
AT_NIGHT, BY_DAY = datetime(2026, 11, 23, 23, tzinfo=UTC), datetime(2026, 11, 23, 12, tzinfo=UTC)


def shown(brightness: int, at_s: float = 0, *, colour: int = 20) -> Frame:
    frame = luma_frame(np.full((48, 64), brightness, np.uint8))
    frame.yuv[48:] = 128 + colour
    return replace(frame, at=after(at_s))


def auto() -> Daylight:
    return Daylight(DAY, NIGHT)


@pytest.mark.parametrize(
    ("brightness", "colour", "enough"),
    [(120, 20, DAY), (20, 20, NIGHT), (120, 0, NIGHT), (55, 20, DAY)],
)
def test_the_first_picture_tells(brightness: int, colour: int, enough: Sensitivity) -> None:
    assert auto().at(shown(brightness, colour=colour), None) == enough


def test_a_lorry_before_the_lens_is_no_night_and_dusk_is() -> None:
    daylight = auto()
    said = [daylight.at(shown(120 if i < 10 else 20, i), None) for i in range(60)]
    assert said.index(NIGHT) == 10 + LASTS_S
    assert daylight.at(shown(120, 60), None) == NIGHT
    assert daylight.at(shown(20, 61), None) == NIGHT


def test_light_between_dark_and_bright_changes_nothing() -> None:
    for first, enough in ((120, DAY), (20, NIGHT)):
        daylight = auto()
        assert daylight.at(shown(first), None) == enough
        assert {daylight.at(shown(55, 1 + i), None) for i in range(100)} == {enough}


def test_hours_that_are_set_overrule_the_picture_while_the_clock_is_sure() -> None:
    daylight = Daylight(DAY, NIGHT, Hours.parse(["18:00-06:00"]))
    assert daylight.asks_for_the_hour
    assert daylight.at(shown(120), AT_NIGHT) == NIGHT
    assert daylight.at(shown(20, 1), BY_DAY) == DAY
    assert daylight.at(shown(20, 2), None) == NIGHT


def test_a_misshapen_frame_decides_nothing() -> None:
    daylight, dark = auto(), shown(20)
    cut = Frame(1, dark.at, dark.yuv[:-3], dark.width, dark.height)
    with pytest.raises(ValueError, match="frame 1"):
        daylight.at(cut, None)
    assert daylight.at(shown(120), None) == DAY
    assert daylight.at(shown(20, 1), None) == DAY


def test_without_a_night_of_its_own_nothing_is_measured() -> None:
    daylight = Daylight(DAY)
    assert not daylight.asks_for_the_hour
    assert daylight.at(shown(5, colour=0), None) == DAY


@given(st.lists(st.tuples(st.floats(-1, 30), st.integers(0, 255)), max_size=60))
def test_it_changes_only_after_it_has_looked_so_for_a_while(
    looks: list[tuple[float, int]],
) -> None:
    daylight, at_s, changes = auto(), 0.0, []
    for index, (step_s, brightness) in enumerate(looks):
        at_s += step_s
        before = daylight.is_night
        daylight.at(shown(brightness, at_s), None)
        if index and daylight.is_night != before:
            changes.append(at_s)
            assert (brightness < 45) == daylight.is_night or 45 <= brightness <= 65


def test_a_find_that_is_enough_by_day_is_not_by_night() -> None:
    street = np.full((240, 320), 90, np.uint8)
    for hours, is_told in ((None, True), (Hours.parse(["00:00-24:00"]), False)):
        pipeline = Pipeline.for_frames(
            PipelineSettings(by_day=DAY, by_night=NIGHT if hours else None, night_hours=hours),
            Seer(lambda _: [person(0.5, score=0.45)]),
            counted_ids(),
            None,
            lambda _: AT_NIGHT,
        )
        looks = [pipeline.step(luma_frame(street, index)) for index in range(1, 20)]
        assert any(look.detections for look in looks) is is_told


def test_what_moves_a_little_has_moved_by_day_and_not_by_night() -> None:
    street = np.full((96, 128), 90, np.uint8)
    faint = street.copy()
    faint[32:80, 40:64] += 25
    for by_night, has_moved in ((None, True), (NIGHT, False)):
        pipeline = Pipeline.for_frames(
            PipelineSettings(
                by_day=DAY, by_night=by_night, night_hours=Hours.parse(["00:00-24:00"])
            ),
            Seer(lambda _: []),
            counted_ids(),
            None,
            lambda _: AT_NIGHT,
        )
        for index in range(1, 30):
            pipeline.step(luma_frame(street, index))
        looks = [pipeline.step(luma_frame(faint, index)) for index in range(30, 34)]
        assert any(look.moved for look in looks) is has_moved


def test_a_camera_without_keys_for_the_night_has_none() -> None:
    plain = CameraSection.model_validate({"name": "c", "recording": "/r.mp4"})
    assert plain.by_night(0.25) is None
    dim = CameraSection.model_validate(
        {"name": "c", "recording": "/r.mp4", "least_change": 8, "night_score": 0.4}
    )
    assert dim.by_day(0.25) == Sensitivity(8.0, 0.25)
    assert dim.by_night(0.25) == Sensitivity(8.0, 0.4)
