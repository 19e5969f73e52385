"""tflite-runtime for real, as older Pi systems have it: Python 3.11 and numpy 1."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CACHE = Path(
    os.environ.get("MATTHAN_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "matthan")
)
RECORDING = CACHE / "vtest.mp4"
FRAME = 100
SURE = 0.5
"""Whom one runtime finds with this score the other must find too, with the least score at least."""


@pytest.fixture(scope="module")
def older_python() -> Path:
    """An environment outside the tree with the older runtime alone; the set-up has made it."""
    made = subprocess.run(
        [ROOT / "deploy" / "older_runtime.sh"],
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    if made.returncode != 0:
        pytest.skip(made.stderr.splitlines()[-1])
    return Path(made.stdout.strip())


def look(python: Path | str) -> dict[str, Any]:
    done = subprocess.run(
        [python, "-m", "tests.agent.one_look", RECORDING, str(FRAME)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def is_same_person(one: list[float], other: list[float]) -> bool:
    """Every side of the box within a tenth of its height."""
    height = one[4] - one[2]
    return all(abs(a - b) < height / 10 for a, b in zip(one[1:], other[1:], strict=True))


def test_both_runtimes_find_the_same_people_in_a_frame_of_the_street(older_python: Path) -> None:
    if not RECORDING.is_file():
        pytest.skip("the recording is not there: run deploy/recording.sh")
    newer, older = look(sys.executable), look(older_python)
    assert newer["runtime"] == ["ai_edge_litert.interpreter"]
    assert older["runtime"] == ["tflite_runtime.interpreter"]
    for mine, theirs in (newer["people"], older["people"]), (older["people"], newer["people"]):
        sure = [person for person in mine if person[0] >= SURE]
        assert sure
        assert all(any(is_same_person(one, other) for other in theirs) for one in sure)
