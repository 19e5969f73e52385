"""Each way of tampering is reported in time and by its name; no weather and no crowd is."""

from functools import partial

import pytest

from agent.media.frame import Plane
from agent.vision.tamper.judge import Tampering
from agent.vision.tamper.tamper import TamperBegan, TamperEnded, TamperSettings
from tests.bench.agent.scenes import tampering as layers
from tests.bench.agent.scenes.conditions import Condition
from tests.bench.agent.scenes.play import Scene
from tests.bench.agent.scenes.programme import Material
from tests.bench.agent.scenes.shot import Shot
from tests.bench.agent.scenes.tamper import alarmed, changes, noticed


@pytest.mark.promise("Tampering: A camera view that is taken away is reported within 30 seconds.")
def test_every_way_of_taking_a_view_is_said_within_thirty_seconds_and_nothing_else(
    stock: Material,
) -> None:
    told = list(noticed(stock))
    assert {one.what for one in told} == {what.value for what in Tampering}
    assert [one for one in told if not one.is_right] == []


@pytest.mark.promise(
    "Tampering: Each kind of tampering has its own advice, and no scene reports a false one."
)
def test_no_weather_no_night_and_no_crowd_is_said_to_be_tampering(stock: Material) -> None:
    assert [one for one in alarmed(stock) if one.said] == []


@pytest.mark.promise(
    "Tampering: Tampering is one alert, also over a restart, and its end is reported."
)
def test_what_is_over_is_said_once_more(stock: Material) -> None:
    cloth = partial(layers.covered, first_s=16.0, grey=40)

    def for_a_while(yuv: Plane, shot: Shot) -> Plane:
        return cloth(yuv, shot) if shot.t_s < 50 else yuv

    scene = Scene("cloth", stock.still, Condition("cloth", (for_a_while,)), 800)
    began, ended = changes(scene)
    assert isinstance(began, TamperBegan)
    assert isinstance(ended, TamperEnded)
    assert (ended.tamper_id, ended.what, ended.is_back) == (began.tamper_id, began.what, True)
    assert 50 <= ended.at.mono_ns / 1e9 <= 66


def test_a_camera_that_was_turned_on_purpose_is_used_to_its_view_in_the_end(
    stock: Material,
) -> None:
    aside = partial(layers.turned, first_s=16.0, by=(0.1, 0.4))
    scene = Scene("aside", stock.still, Condition("aside", (aside,)), 1200)
    began, ended = changes(scene, TamperSettings(used_to_it_s=60.0))
    assert isinstance(began, TamperBegan)
    assert isinstance(ended, TamperEnded)
    assert not ended.is_back
