"""What every camera must keep to, tried on the recordings that stand in for one."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from agent.clips.mp4 import Mp4Track
from agent.devices.camera import NOWHERE, Camera
from agent.devices.replay import ReplayCamera
from agent.media.frame import Frame, Packet
from tests.agent.eyes import Kept, after, draw_pictures, record

Maker = Callable[[Path], Camera]


def of_video(folder: Path) -> Camera:
    path = record(folder / "street.mp4", 12)
    return ReplayCamera("street", path, clock=lambda: after(0), pace=False)


def of_video_with_b_frames(folder: Path) -> Camera:
    path = record(folder / "street.mp4", 12, b_frames=2)
    return ReplayCamera("street", path, clock=lambda: after(0), pace=False)


def of_pictures(folder: Path) -> Camera:
    path = draw_pictures(folder / "street", range(1, 13))
    return ReplayCamera("street", path, clock=lambda: after(0), pace=False)


every_camera = pytest.mark.parametrize("make", [of_video, of_video_with_b_frames, of_pictures])


class InOrder:
    """Keeps packets and frames in the order in which the camera gave them."""

    def __init__(self) -> None:
        self.given: list[Packet | Frame] = []

    def push(self, packet: Packet) -> None:
        self.given.append(packet)


def never() -> bool:
    return False


@every_camera
def test_every_packet_comes_before_the_frame_decoded_from_it(make: Maker, tmp_path: Path) -> None:
    sink, camera = InOrder(), make(tmp_path)
    camera.open()
    for frame in camera.frames(sink, never):
        sink.given.append(frame)
    packets_before = 0
    for given in sink.given:
        if isinstance(given, Packet):
            packets_before += 1
        else:
            assert packets_before >= given.index
    assert packets_before == 12


@every_camera
def test_frames_count_from_one_and_instants_grow(make: Maker, tmp_path: Path) -> None:
    camera = make(tmp_path)
    camera.open()
    frames = list(camera.frames(NOWHERE, never))
    assert [frame.index for frame in frames] == list(range(1, 13))
    assert all(one.at < other.at for one, other in pairwise(frames))


@every_camera
def test_a_frame_is_i420_of_the_size_that_was_announced(make: Maker, tmp_path: Path) -> None:
    camera = make(tmp_path)
    info = camera.open()
    for frame in camera.frames(NOWHERE, never):
        assert (frame.width, frame.height) == (info.width, info.height)
        assert frame.yuv.shape == (info.height * 3 // 2, info.width)
        assert frame.yuv.dtype == np.uint8


@every_camera
def test_packets_can_be_put_into_an_mp4_file_and_played(make: Maker, tmp_path: Path) -> None:
    sink, camera = Kept(), make(tmp_path)
    info = camera.open()
    assert len(list(camera.frames(sink, never))) == 12
    assert sink.packets[0].is_keyframe
    path = tmp_path / "clip.mp4"
    track, last = Mp4Track(info), sink.packets[-1]
    fragment = track.fragment(1, sink.packets, sink.packets[0].dts, last.dts + last.duration)
    path.write_bytes(track.beginning() + fragment)
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 12


@every_camera
def test_decoding_times_of_packets_grow(make: Maker, tmp_path: Path) -> None:
    sink, camera = Kept(), make(tmp_path)
    camera.open()
    list(camera.frames(sink, never))
    assert all(one.dts < other.dts for one, other in pairwise(sink.packets))


@every_camera
def test_told_to_stop_it_gives_no_further_frame(make: Maker, tmp_path: Path) -> None:
    camera, seen = make(tmp_path), []
    camera.open()
    for frame in camera.frames(NOWHERE, lambda: len(seen) >= 3):
        seen.append(frame)
    assert len(seen) == 3


@every_camera
def test_a_camera_may_be_closed_twice(make: Maker, tmp_path: Path) -> None:
    camera = make(tmp_path)
    camera.open()
    camera.close()
    camera.close()
