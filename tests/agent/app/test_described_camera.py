"""The description of a camera in a birth message: its parameters when it was last opened."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from agent.app.described_camera import DescribedCamera
from agent.cameras.file.camera import ReplayCamera
from agent.cameras.port import CameraError
from agent.media.frame import Instant, StreamInfo
from tests.agent.rigs.videos import walk_past


def camera_of(path: Path) -> DescribedCamera:
    now = Instant(0, 0)
    replay = ReplayCamera("cong", path, clock=lambda: now, pace=False, loop=False)
    return DescribedCamera(replay, label="Cổng chợ")


def test_camera_that_cannot_be_opened_at_birth_is_described_once_it_can(tmp_path: Path) -> None:
    camera = camera_of(tmp_path / "walk.mp4")
    camera.glance()
    with pytest.raises(CameraError):
        camera.open()
    before = camera.words()
    assert (before.camera, before.label, before.codec) == ("cong", "Cổng chợ", "unknown")
    walk_past(tmp_path / "walk.mp4")
    camera.open()
    camera.close()
    after = camera.words()
    assert (after.codec, after.width, after.height) == ("h264", 320, 240)


def test_a_fault_nobody_thought_of_at_one_camera_does_not_keep_the_node_from_starting() -> None:
    class Broken(ReplayCamera):
        def open(self) -> StreamInfo:
            raise AttributeError("'NoneType' object has no attribute 'codec'")

    broken = Broken("cong", Path("/none"), clock=lambda: Instant(0, 0), pace=False, loop=False)
    camera = DescribedCamera(broken, label="")
    with capture_logs() as logs:
        camera.glance()
    assert [(line["event"], line["camera"]) for line in logs] == [("camera_unreadable", "cong")]
    assert camera.words().codec == "unknown"


def test_a_glance_leaves_the_camera_closed_and_known(tmp_path: Path) -> None:
    camera = camera_of(walk_past(tmp_path / "walk.mp4"))
    camera.glance()
    assert camera.words().width == 320
