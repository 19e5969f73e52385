"""The motion benchmark measures what it prints, on few and small pictures."""

import json
import time
from itertools import cycle
from typing import Any

import cv2
import pytest

from agent.vision.motion.finder import Halver, MotionFinder
from agent.vision.tamper.tamper import Tamper
from tests.bench.agent import motion
from tests.bench.agent.__main__ import main


@pytest.mark.promise("Scene suite: Each bench command measures its reference in the same run.")
def test_finder_and_floor_are_measured_on_the_same_street(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock on which each step takes a time of its own; real times are no test."""
    gone_ns = 0

    def take(place: Any, name: str, *us: int) -> None:
        """From now on a call takes so long, in turn, whatever it calls itself."""
        work, times = getattr(place, name), cycle(us)

        def slow(*args: Any) -> Any:
            nonlocal gone_ns
            ends_ns = gone_ns + next(times) * 1000
            answer = work(*args)
            gone_ns = ends_ns
            return answer

        monkeypatch.setattr(place, name, slow)

    monkeypatch.setattr(motion, "COLD_BYTES", 2**20)
    monkeypatch.setattr(time, "thread_time_ns", lambda: gone_ns)
    take(cv2, "sumElems", 10)
    take(Halver, "means", 30)
    take(MotionFinder, "step", 70, 70, 70, 110)
    take(Tamper, "step", 20)
    street = motion.Street(180, 320)
    quiet = motion.measure(street, walkers=0, frames_of_each=60)
    busy = motion.measure(street, walkers=4, frames_of_each=60)
    assert (quiet.moved_share, busy.moved_share) == (0, 1)
    for cost in (quiet, busy):
        assert (cost.floor_us, cost.halvings_us, cost.motion_us) == (10, 30, 70)
        assert (cost.motion_mean_us, cost.tamper_mean_us, cost.times_floor) == (80, 20, 7)


@pytest.mark.promise("Scene suite: Each bench command prints JSON.")
def test_the_command_prints_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(motion, "COLD_BYTES", 2**20)
    monkeypatch.setattr(motion, "COUNTED_FRAMES", 10)
    monkeypatch.setattr(motion, "SIZES", {"small": (180, 320)})
    with pytest.raises(SystemExit) as ended:
        main(["motion", "--json"])
    assert ended.value.code == 0
    words = json.loads(capsys.readouterr().out)
    assert words.keys() == {"small, quiet", "small, busy"}
    assert words["small, busy"]["times_floor"] > 1
