"""A node that watches loads no library that only other commands need."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from agent.vision.motion import compiled as fast
from agent.wire.messages import SightingOpened
from deploy.broker import Broker
from tests.agent.rigs.hubside import FakeHub
from tests.agent.rigs.own_file import own_file
from tests.waiting import patience_s

ROOT = Path(__file__).parents[3]
SECONDS = 6
compiled = pytest.mark.skipif(fast.LIBRARY is None, reason="no library for this processor")


@pytest.fixture(scope="module")
def broker(needs_broker: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Broker(tmp_path_factory.mktemp("mqtt")) as broker:
        yield broker


def beginning_of_the_street(path: Path) -> Path:
    script = [ROOT / "deploy" / "recording.sh"]
    made = subprocess.run(script, capture_output=True, text=True, check=True).stdout.split()
    with av.open(made[-1]) as street, av.open(path, "w") as cut:
        given = street.streams.video[0]
        taken = cut.add_stream_from_template(given)
        for packet in street.demux(given):
            if packet.dts is not None and packet.dts * given.time_base < SECONDS:
                packet.stream = taken
                cut.mux(packet)
    return path


@pytest.mark.media
@compiled
def test_who_walks_by_is_told_of_with_a_picture_where_opencv_cannot_be_loaded(
    broker: Broker, tmp_path: Path
) -> None:
    """It takes 15 MiB of memory and more."""
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "cv2.py").write_text("raise SystemExit('OpenCV was loaded')")
    street = beginning_of_the_street(tmp_path / "street.mp4")
    # At its own pace: a busy machine would leave out most frames of a faster one.
    config = own_file(tmp_path, broker, f'recording = "{street}"')
    with FakeHub(broker) as hub:
        node = subprocess.run(
            [sys.executable, "-m", "agent", "run", "--once", "--drain-s", "5", "--config", config],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(tmp_path / "without")},
            capture_output=True,
            text=True,
            check=False,
            timeout=patience_s(),
        )
    assert "OpenCV" not in node.stderr
    assert any(isinstance(one.body, SightingOpened) for one in hub.heard), node.stderr
    pictures = [np.fromfile(path, np.uint8) for path in (tmp_path / "clips").rglob("*.jpg")]
    assert pictures
    for picture in pictures:
        shown = cv2.imdecode(picture, cv2.IMREAD_COLOR)
        assert shown is not None and shown.shape == (576, 768, 3)
