"""A USB camera with a stand-in for the device: missing devices are reported, hanging ones
noticed."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import av
import av.error
import pytest

from agent.board.clock import SystemClock
from agent.cameras.port import NOWHERE, CameraError
from agent.cameras.usb import UsbCamera, wait_not
from tests.agent.rigs.vision import Kept, SteppedClock, record_mjpeg

pytestmark = pytest.mark.promise("Cameras: USB cameras work.")

DEVICE = "/dev/video9"


def never() -> bool:
    return False


def camera(container: object, clock: SteppedClock | None = None) -> UsbCamera:
    def opened(*_: object, **__: object) -> object:
        if isinstance(container, Exception):
            raise container
        return container

    if clock is None:
        return UsbCamera("usb", DEVICE, clock=SystemClock().now, open_container=opened)  # type: ignore[arg-type]  # a container, or what stands for one
    return UsbCamera("usb", DEVICE, clock=clock, open_container=opened, sleep=clock.sleep)  # type: ignore[arg-type]  # a container, or what stands for one


REFUSALS = [
    (errno.ENOENT, "is not there", "Plug the camera in"),
    (errno.EACCES, "may not be opened", "group video"),
    (errno.EBUSY, "is used by another program", "Stop that program"),
    (errno.ENOTTY, "is no camera", "Take another"),
]


@pytest.mark.promise("Cameras: A missing, doubled or busy camera is reported with the cure.")
@pytest.mark.parametrize(("code", "said", "cure"), REFUSALS)
def test_a_device_that_cannot_be_opened_says_why(code: int, said: str, cure: str) -> None:
    with pytest.raises(CameraError) as refused:
        camera(OSError(code, "words")).open()
    assert f"{DEVICE} {said}" in refused.value.sentence
    assert cure in refused.value.cure


def test_a_device_that_is_really_missing_says_so_too() -> None:
    with pytest.raises(CameraError, match="is not there"):
        UsbCamera("usb", "/dev/none", clock=SystemClock().now).open()


def test_a_way_the_camera_does_not_know_is_followed_by_the_next(tmp_path: Path) -> None:
    tried: list[dict[str, str]] = []

    def opened(device: str, *, format: str, options: dict[str, str]) -> object:
        tried.append(options)
        if "input_format" in options:
            raise av.error.ArgumentError(errno.EINVAL, "Invalid argument")
        return av.open(str(record_mjpeg(tmp_path / "usb.avi", 3)))

    usb = UsbCamera("usb", DEVICE, clock=SystemClock().now, open_container=opened)  # type: ignore[arg-type]  # a container, or what stands for one
    assert usb.open().codec == "h264"
    assert len(tried) == 2
    usb.close()


def test_nothing_is_encoded_for_nobody_and_a_keyframe_comes_each_second(tmp_path: Path) -> None:
    path, sink = record_mjpeg(tmp_path / "usb.avi", 31), Kept()
    usb = camera(av.open(str(path)))
    usb.open()
    with pytest.raises(CameraError, match="sends no further picture"):
        list(usb.frames(sink, never))
    assert [i for i, packet in enumerate(sink.packets) if packet.is_keyframe] == [0, 10, 20, 30]


@pytest.mark.promise("Clips: Where the agent encodes, a sighting gets its keyframe.")
def test_a_keyframe_comes_where_one_is_wanted(tmp_path: Path) -> None:
    path, sink = record_mjpeg(tmp_path / "usb.avi", 31), Kept(4, 17)
    usb = camera(av.open(str(path)))
    usb.open()
    with pytest.raises(CameraError, match="sends no further picture"):
        list(usb.frames(sink, never))
    keyframes = [i for i, packet in enumerate(sink.packets) if packet.is_keyframe]
    assert {0, 4, 17} <= set(keyframes)


class Hanging:
    """A device that is open and gives nothing, or breaks off."""

    def __init__(self, failure: Exception, path: Path) -> None:
        self._file = av.open(str(path))
        self.streams = self._file.streams
        self._failure = failure

    def demux(self, stream: object) -> Iterator[SimpleNamespace]:
        raise self._failure
        yield

    def close(self) -> None:
        self._file.close()


def test_a_device_that_hangs_is_noticed_within_seconds(tmp_path: Path) -> None:
    clock = SteppedClock()
    nothing = av.error.BlockingIOError(errno.EAGAIN, "nothing yet")
    usb = camera(Hanging(nothing, record_mjpeg(tmp_path / "usb.avi", 3)), clock)
    usb.open()
    with pytest.raises(CameraError, match="sent no picture for 3 s"):
        list(usb.frames(NOWHERE, never))
    assert sum(clock.slept_s) < 4
    usb.close()


def test_a_device_that_is_pulled_out_is_gone(tmp_path: Path) -> None:
    pulled = OSError(errno.ENODEV, "No such device")
    usb = camera(Hanging(pulled, record_mjpeg(tmp_path / "usb.avi", 3)))
    usb.open()
    with pytest.raises(CameraError, match=r"video9 is gone \(No such device\)"):
        list(usb.frames(NOWHERE, never))
    usb.close()


def test_reads_of_the_open_device_do_not_wait(tmp_path: Path) -> None:
    device, other = tmp_path / "video0", tmp_path / "other"
    for path in (device, other):
        os.mkfifo(path)
    with device.open("rb+", buffering=0) as opened, other.open("rb+", buffering=0) as left:
        wait_not(str(device))
        assert not os.get_blocking(opened.fileno())
        assert os.get_blocking(left.fileno())
