"""The motion benchmark measures what it prints, on few and small pictures."""

import json

import pytest

from agent.__main__ import main
from agent.bench import motion


@pytest.mark.promise("Scene suite: Each bench command measures its reference in the same run.")
def test_finder_and_floor_are_measured_on_the_same_street(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(motion, "COLD_BYTES", 2**20)
    street = motion.Street(180, 320)
    quiet = motion.measure(street, walkers=0, frames_of_each=60)
    busy, *more = (motion.measure(street, walkers=4, frames_of_each=60) for _ in range(3))
    assert 0 < quiet.floor_us < quiet.halvings_us < quiet.motion_us
    assert quiet.moved_share == 0
    assert busy.moved_share == 1
    # A mean contains the pauses of a busy machine, the least of three hardly any.
    least_motion_us = min(one.motion_mean_us for one in (busy, *more))
    assert 0 < min(one.tamper_mean_us for one in (busy, *more)) < least_motion_us
    assert busy.motion_us > quiet.motion_us
    assert busy.times_floor == busy.motion_us / busy.floor_us


@pytest.mark.promise("Scene suite: Each bench command prints JSON.")
def test_the_command_prints_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(motion, "COLD_BYTES", 2**20)
    monkeypatch.setattr(motion, "COUNTED_FRAMES", 10)
    monkeypatch.setattr(motion, "SIZES", {"small": (180, 320)})
    with pytest.raises(SystemExit) as ended:
        main(["bench", "motion", "--json"])
    assert ended.value.code == 0
    words = json.loads(capsys.readouterr().out)
    assert words.keys() == {"small, quiet", "small, busy"}
    assert words["small, busy"]["times_floor"] > 1
