"""The contract that every camera must keep, tested on recordings."""

from collections.abc import Callable, Iterator
from itertools import dropwhile, islice, pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from agent.board.clock import SystemClock
from agent.cameras.file.camera import ReplayCamera
from agent.cameras.masked import MaskedCamera
from agent.cameras.pi.camera import PiCamera
from agent.cameras.port import NOWHERE, Camera, PacketSink
from agent.cameras.rtsp.camera import NAP_S, StreamCamera
from agent.cameras.usb import UsbCamera
from agent.media.frame import Frame, Packet
from agent.recording.mp4.fragments import Mp4Track
from agent.vision.geometry import Polygon
from tests import leftovers
from tests.agent.rigs.rtsp import RtspServer
from tests.agent.rigs.videos import hevc
from tests.agent.rigs.vision import Kept, after, draw_pictures, record, record_mjpeg
from tests.rigs.picamera import virtual

pytestmark = [
    pytest.mark.promise("Cameras: RTSP cameras with H.264 or H.265 work, with one stream or two."),
    pytest.mark.promise("Cameras: A camera with one stream is decoded once."),
    pytest.mark.promise("Cameras: A recording works as a camera."),
    pytest.mark.promise("Cameras: All cameras pass the same contract tests."),
    pytest.mark.media,
    pytest.mark.usefixtures("patient_streams"),
]

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


def of_usb(folder: Path) -> Camera:
    path = record_mjpeg(folder / "usb.avi", 12)
    return UsbCamera(
        "street",
        "/dev/video0",
        clock=SystemClock().now,
        open_container=lambda *_, **__: av.open(str(path)),
    )


def of_picamera(folder: Path) -> Camera:
    """Within the rig of tests/agent/cameras/test_pi.py only; one size, since a frame is here
    compared with the stream that is announced."""
    size = (360, 640)
    clock = SystemClock().now
    return PiCamera(
        "street", 0, clock=clock, kept_px=size, seen_px=size, open_camera=virtual.camera
    )


def of_masked_video(folder: Path) -> Camera:
    window = Polygon(((0.5, 0.2), (0.9, 0.2), (0.9, 0.7)))
    return MaskedCamera(of_video_with_b_frames(folder), (window,), is_seen_apart=False)


class Streams:
    """Cameras at addresses of one server, which starts when the first is asked for."""

    server: RtspServer | None = None

    def of(self, folder: Path, mount: str, sub_mount: str = "") -> Camera:
        if self.server is None:
            h264, h265 = record(folder / "a.mp4", 50, frames_per_s=25), hevc(folder / "b.mp4")
            with leftovers.kept():
                Streams.server = RtspServer(f"/h264={h264}", f"/h265={h265}", f"/sub={h264}")
        url = self.server.url
        return StreamCamera(
            "street",
            url(mount),
            sub_url=url(sub_mount) if sub_mount else "",
            clock=SystemClock().now,
        )


def of_h264_stream(folder: Path) -> Camera:
    return Streams().of(folder, "/h264")


def of_h265_stream(folder: Path) -> Camera:
    return Streams().of(folder, "/h265")


def of_two_streams(folder: Path) -> Camera:
    return Streams().of(folder, "/h264", "/sub")


@pytest.fixture(scope="module", autouse=True)
def _stop_the_server() -> Iterator[None]:
    yield
    if Streams.server is not None:
        with Streams.server:
            Streams.server = None


in_the_rig_of_a_pi = [of_picamera] if virtual.is_here() else []
every_camera = pytest.mark.parametrize(
    "make",
    [
        of_video,
        of_video_with_b_frames,
        of_pictures,
        of_usb,
        of_masked_video,
        of_h264_stream,
        of_h265_stream,
        of_two_streams,
        *in_the_rig_of_a_pi,
    ],
)


def play(camera: Camera, sink: PacketSink = NOWHERE, *, frames: int = 12) -> list[Frame]:
    """The camera's first frames; a live one has more."""
    seen = list(islice(camera.frames(sink, never), frames))
    camera.close()
    return seen


class InOrder:
    """Keeps packets and frames in the order in which the camera gave them."""

    def __init__(self) -> None:
        self.given: list[Packet | Frame] = []

    def push(self, packet: Packet) -> None:
        self.given.append(packet)

    def wants_keyframe(self) -> bool:
        return False

    def is_calm(self) -> bool:
        return False


def never() -> bool:
    return False


@pytest.mark.promise("Cameras: Each packet comes before the frame that is decoded from it.")
@every_camera
def test_every_packet_comes_before_the_frame_decoded_from_it(make: Maker, tmp_path: Path) -> None:
    sink, camera = InOrder(), make(tmp_path)
    camera.open()
    for frame in islice(camera.frames(sink, never), 12):
        sink.given.append(frame)
    camera.close()
    packets_before = 0
    late: dict[Maker, int] = {of_two_streams: round(2 * NAP_S * 25), of_picamera: 3}
    behind = late.get(make, 0)
    for given in sink.given:
        if isinstance(given, Packet):
            packets_before += 1
        else:
            assert packets_before >= given.index - behind
    assert packets_before >= 12 - behind


@every_camera
def test_frames_count_from_one_and_instants_grow(make: Maker, tmp_path: Path) -> None:
    camera = make(tmp_path)
    camera.open()
    frames = play(camera)
    assert [frame.index for frame in frames] == list(range(1, 13))
    assert all(one.at < other.at for one, other in pairwise(frames))


@every_camera
def test_a_frame_is_i420_of_the_size_that_was_announced(make: Maker, tmp_path: Path) -> None:
    camera = make(tmp_path)
    info = camera.open()
    for frame in play(camera):
        assert (frame.width, frame.height) == (info.width, info.height)
        assert frame.yuv.shape == (info.height * 3 // 2, info.width)
        assert frame.yuv.dtype == np.uint8


@pytest.mark.promise("Clips: B-frames are kept and play.")
@every_camera
def test_packets_can_be_put_into_an_mp4_file_and_played(make: Maker, tmp_path: Path) -> None:
    sink, camera = Kept(), make(tmp_path)
    info = camera.open()
    assert len(play(camera, sink)) == 12
    packets = list(dropwhile(lambda packet: not packet.is_keyframe, sink.packets))
    path = tmp_path / "clip.mp4"
    track, last = Mp4Track(info), packets[-1]
    fragment = track.fragment(1, packets, packets[0].dts, last.dts + last.duration)
    path.write_bytes(track.beginning() + fragment)
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == len(packets) > 1


@every_camera
def test_decoding_times_of_packets_grow(make: Maker, tmp_path: Path) -> None:
    sink, camera = Kept(), make(tmp_path)
    camera.open()
    play(camera, sink)
    assert all(one.dts < other.dts for one, other in pairwise(sink.packets))


@every_camera
def test_told_to_stop_it_gives_no_further_frame(make: Maker, tmp_path: Path) -> None:
    camera, seen = make(tmp_path), list[Frame]()
    camera.open()
    for frame in camera.frames(NOWHERE, lambda: len(seen) >= 3):
        seen.append(frame)
    camera.close()
    assert len(seen) == 3


@every_camera
def test_a_camera_may_be_closed_twice(make: Maker, tmp_path: Path) -> None:
    camera = make(tmp_path)
    camera.open()
    camera.close()
    camera.close()
