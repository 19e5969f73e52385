"""tflite-runtime for real, as older Pi systems have it: Python 3.11 and numpy 1."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("tflite-runtime==2.14.0", "numpy==1.26.4", "opencv-python-headless==4.11.0.86")
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
    """An environment outside the tree with the older runtime alone, made once."""
    python = shutil.which("python3.11")
    if python is None or subprocess.run([python, "-c", ""], check=False).returncode != 0:
        pytest.skip("tflite-runtime needs Python 3.11, which is not here")
    place = CACHE / f"older-runtime-{hashlib.sha256(' '.join(PACKAGES).encode()).hexdigest()[:16]}"
    if not (place / "ready").exists():
        subprocess.run([python, "-m", "venv", "--clear", place], check=True)
        install = [place / "bin" / "pip", "install", "--quiet", *PACKAGES]
        done = subprocess.run(install, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode != 0:
            pytest.skip(f"tflite-runtime cannot be installed: {done.stderr.splitlines()[-1]}")
        (place / "ready").touch()
    return place / "bin" / "python"


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
