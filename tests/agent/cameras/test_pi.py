"""A Pi's own camera: the adapter's arithmetic, and the whole of it on libcamera without a Pi.

Not yet tried on the real thing: the board's encoder, a real sensor. On a board,
`matthan-agent cameras` and `matthan-agent check` do.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from agent.cameras.pi import camera as pi
from agent.cameras.pi.camera import PiCamera, exposed, tight_i420
from agent.cameras.port import CameraError
from tests.agent.rigs.hubside import now
from tests.rigs.picamera import virtual
from tests.waiting import patience_s

pytestmark = [
    pytest.mark.promise(
        "Cameras: A Raspberry Pi camera gives a small stream for detection and packets for clips."
    ),
    pytest.mark.promise("Cameras: The Pi camera uses the hardware encoder where there is one."),
]

ROOT = Path(__file__).parents[3]
CACHE = Path(
    os.environ.get("MATTHAN_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "matthan")
)
BESIDE = """
import faulthandler, json, os, sys
faulthandler.dump_traceback_later(float(sys.argv[2]), exit=True)
from agent.cameras.port import CameraError
from agent.cameras.pi.camera import PiCamera
from tests.agent.rigs.vision import Kept
from tests.agent.rigs.hubside import now
from tests.rigs.picamera import virtual
camera, kept = PiCamera("cong", int(sys.argv[1]), clock=now, open_camera=virtual.camera), Kept()
"""


# Arithmetic


@pytest.mark.parametrize("layout", ["YUV420", "NV12"])
def test_rows_with_room_at_their_ends_become_tight_i420(layout: str) -> None:
    width, height, stride = 8, 4, 12
    luma = np.arange(32, dtype=np.uint8).reshape(4, 8)
    u, v = np.full((2, 4), 100, np.uint8), np.full((2, 4), 200, np.uint8)
    given = np.zeros((6, stride), np.uint8)
    given[:4, :8] = luma
    if layout == "NV12":
        given[4:, 0:8:2], given[4:, 1:8:2] = u, v
    else:
        half = given[4:].reshape(2, 2, 6)
        half[0, :, :4], half[1, :, :4] = u, v
    tight = tight_i420(given, (width, height), layout)
    assert tight.shape == (6, 8)
    assert (tight[:4] == luma).all()
    assert (tight[4] == 100).all()
    assert (tight[5] == 200).all()


def test_a_picture_is_as_old_as_its_sensor_says_unless_that_cannot_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at, since_boot_ns = now(), 1_000_000_000_000
    clocks = {time.CLOCK_BOOTTIME: since_boot_ns}
    monkeypatch.setattr(time, "clock_gettime_ns", clocks.__getitem__)
    assert at.seconds_since(exposed(since_boot_ns - 500_000_000, lambda: at)) == 0.5
    for nonsense_ns in (0, since_boot_ns + 3_600_000_000_000):
        assert exposed(nonsense_ns, lambda: at) == at


@pytest.mark.parametrize(
    ("has_encoder", "kind"), [(True, "H264Encoder"), (False, "LibavH264Encoder")]
)
def test_the_boards_encoder_is_taken_where_there_is_one_and_x264_elsewhere(
    has_encoder: bool, kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    device = tmp_path / "video11"
    if has_encoder:
        device.touch()
    made: list[tuple[str, dict[str, int]]] = []

    def encoder(name: str) -> Any:
        return lambda **how: made.append((name, how))

    names = ("H264Encoder", "LibavH264Encoder")
    encoders = SimpleNamespace(**{name: encoder(name) for name in names})
    monkeypatch.setitem(sys.modules, "picamera2", SimpleNamespace(encoders=encoders))
    monkeypatch.setitem(sys.modules, "picamera2.encoders", encoders)
    monkeypatch.setattr(pi, "BOARD_ENCODER", device)
    pi._encoder(4_000_000)
    rate = pi.FRAMES_PER_S
    assert made == [(kind, {"bitrate": 4_000_000, "iperiod": rate, "framerate": rate})]


def test_without_picamera2_it_is_said_what_to_install() -> None:
    def missing(_: int) -> Any:
        raise ImportError("No module named 'picamera2'")

    camera = PiCamera("cong", 0, clock=now, open_camera=missing)
    with pytest.raises(CameraError, match="apt install python3-picamera2"):
        camera.open()


# On libcamera


@pytest.fixture(scope="module")
def board(needs_system: None) -> Path:
    """Stand-in for a board, made once and kept outside the tree."""
    if sys.version_info[:2] != (3, 13) or not Path(virtual.DEBIAN, "libcamera").is_dir():
        pytest.skip("needs Debian 13's python3-libcamera and its own Python (deploy/setup.sh test)")
    place = CACHE / f"picamera-{virtual.version()}"
    if missing := virtual.make(place):
        pytest.skip(f"what stands for a board cannot be made: {missing}")
    return place


@pytest.fixture
def environment(board: Path, tmp_path: Path) -> dict[str, str]:
    """Camera 0 shows a picture that is dark above and bright below."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    picture = np.full((1080, 1920, 3), 40, np.uint8)
    picture[540:] = 200
    for number in range(4):
        cv2.imwrite(str(pictures / f"{number}.jpg"), picture)
    return virtual.environment(board, pictures, frames_per_s=15)


def beside(environment: dict[str, str], script: str, *, number: int = 0) -> str:
    """In a process of its own, since libcamera hangs with its process."""
    done = subprocess.run(
        [sys.executable, "-c", BESIDE + script, str(number), str(0.9 * patience_s())],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=patience_s(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.promise("Cameras: All cameras pass the same contract tests.")
def test_it_keeps_to_the_contract_that_every_camera_keeps_to(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-k", "of_picamera", "-p", "no:cacheprovider"),
            *(
                "-W",
                "ignore::DeprecationWarning",
                "tests/agent/cameras/test_camera.py",
            ),  # Picamera2's own
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=patience_s(),
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "7 passed" in done.stdout


def test_large_packets_and_small_frames_are_of_one_time_and_of_what_is_to_be_seen(
    environment: dict[str, str],
) -> None:
    beside(
        environment,
        """
info, frames = camera.open(), []
assert (info.width, info.height, info.codec) == (1920, 1080, "h264"), info
for frame in camera.frames(kept, lambda: len(frames) >= 30):
    frames.append(frame)
camera.close()
last = frames[-1]
assert (last.width, last.height) == (640, 360)
assert abs(last.luma[:150].mean() - 40) < 8 and abs(last.luma[210:].mean() - 200) < 8
assert kept.packets[0].is_keyframe
assert sum(packet.is_keyframe for packet in kept.packets) >= 2
times = [packet.at.mono_ns for packet in kept.packets]
both = [f.at.mono_ns for f in frames if times[0] <= f.at.mono_ns <= times[-1]]
assert len(both) >= 10  # a busy machine passes over frames, never packets
for time_ns in both:
    assert min(abs(time_ns - other) for other in times) < 5_000_000
""",
    )


def test_a_sink_that_wants_a_keyframe_does_not_end_the_filming(environment: dict[str, str]) -> None:
    beside(
        environment,
        """
camera.open()
seen = []
kept.wants_keyframe = lambda: len(seen) == 6
for frame in camera.frames(kept, lambda: len(seen) >= 14):
    seen.append(frame)
camera.close()
assert len(kept.packets) >= 10
""",
    )


def test_a_camera_that_hangs_is_given_up_after_three_seconds(
    environment: dict[str, str], tmp_path: Path
) -> None:
    said = beside(
        environment,
        f"""
from pathlib import Path
camera.open()
began = None
try:
    for frame in camera.frames(kept, lambda: False):
        if frame.index == 5:
            Path({str(virtual.mood_of(tmp_path / "pictures"))!r}).write_text("hang")
except CameraError as error:
    print(error, flush=True)
os._exit(0)  # its stop would hang with it
""",
    )
    assert "The Pi camera 0 gave no picture for 3 s." in said


def test_a_number_without_a_camera_is_one_sentence(environment: dict[str, str]) -> None:
    said = beside(
        environment,
        """
try:
    camera.open()
except CameraError as error:
    print(error)
""",
        number=2,
    )
    assert said.startswith("The Pi camera 2 cannot be had (")
