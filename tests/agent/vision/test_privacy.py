"""Privacy masks: no masked pixel in any frame, packet, picture or clip of any kind of camera."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.app.cameras import make_camera
from agent.board.clock import SystemClock
from agent.cameras.masked import MaskedCamera
from agent.cameras.port import NOWHERE, Camera, CameraError, PacketSink
from agent.cameras.usb import UsbCamera
from agent.config import CameraSection
from agent.journal import Journal
from agent.media.frame import Frame, Packet, StreamInfo
from agent.recording.recorder import ClipPolicy, Recorder
from agent.recording.ring.preroll import Preroll, PrerollBounds
from agent.recording.store.store import ClipStore
from agent.runtime.camera_loop import CameraLoop
from agent.vision.geometry import Polygon, inside
from agent.vision.picture import PictureStyle
from agent.vision.pipeline import Pipeline, PipelineSettings
from agent.vision.privacy import BLOCK_PX, GREY, PrivacyMask, covered
from tests.agent.helpers.vision.privacy import never, of_pictures, replayed
from tests.agent.rigs.rtsp import RtspServer
from tests.agent.rigs.secrets_behind import (
    PICTURES,
    WINDOW,
    decoded,
    lossless,
    lossy,
    mjpeg,
    pictures,
    shows_nothing,
)
from tests.agent.rigs.stage import clip_id_at
from tests.agent.rigs.vision import Kept, Seer, after, counted_ids, person

pytestmark = pytest.mark.promise("Motion: No pixel behind a privacy mask leaves the node.")

Given = tuple[StreamInfo, list[Packet], list[Frame]]


def played(camera: Camera, *, frames: int = 40) -> Given:
    """All that comes out of a camera."""
    kept = Kept()
    info = camera.open()
    seen = [replace(f, yuv=f.yuv.copy()) for f in islice(camera.frames(kept, never), frames)]
    camera.close()
    return info, kept.packets, seen


class TwoStreams:
    """A camera whose frames are not of the stream of its packets, as two files."""

    name = "cong"

    def __init__(self, main: Path, sub: Path, *, pace: bool) -> None:
        self._main, self._sub = replayed(main, pace=pace), replayed(sub)

    def open(self) -> StreamInfo:
        return self._main.open()

    def frames(self, sink: PacketSink, stop: Callable[[], bool]) -> Iterator[Frame]:
        pairs = zip(self._main.frames(sink, stop), self._sub.frames(NOWHERE, stop), strict=True)
        for whole, frame in pairs:
            yield replace(frame, at=whole.at)

    def close(self) -> None:
        self._main.close()


def of_video(folder: Path, secret: int) -> Camera:
    folder.mkdir()
    video = lossless(folder / "a.mp4", secret, width=200, height=120)
    return MaskedCamera(replayed(video), (WINDOW,), is_seen_apart=False)


def of_two(folder: Path, secret: int, codec: str = "libx264", *, pace: bool = False) -> Camera:
    folder.mkdir()
    main = lossless(folder / "main.mp4", secret, width=328, height=184, codec=codec)
    sub = lossless(folder / "sub.mp4", secret, width=128, height=72)
    return MaskedCamera(TwoStreams(main, sub, pace=pace), (WINDOW,), is_seen_apart=True)


def of_two_h265(folder: Path, secret: int) -> Camera:
    return of_two(folder, secret, "libx265")


@pytest.mark.parametrize("make", [of_pictures, of_video, of_two, of_two_h265])
def test_masked_pixels_are_flat_and_what_is_behind_changes_no_bit_of_what_leaves(
    make: Callable[[Path, int], Camera], tmp_path: Path
) -> None:
    one = played(make(tmp_path / "one", 1))
    other = played(make(tmp_path / "other", 2))
    assert len(one[1]) == len(one[2]) == len(other[1]) >= 12
    assert one[0] == other[0]
    assert [packet.data for packet in one[1]] == [packet.data for packet in other[1]]
    for frame, same in zip(one[2], other[2], strict=True):
        assert np.array_equal(frame.yuv, same.yuv)
    info, packets, frames = one
    assert all(shows_nothing(frame.yuv) for frame in frames)
    clip = decoded(info, packets)
    assert len(clip) == len(packets)
    assert all(shows_nothing(yuv) for yuv in clip)
    assert clip[0].std() > 10  # the street is there


def test_the_mask_is_what_hides_it(tmp_path: Path) -> None:
    """The same street without a mask is found out by the same question."""
    _, packets, frames = played(replayed(pictures(tmp_path / "one", 1)))
    assert not any(shows_nothing(frame.yuv) for frame in frames)
    assert packets


def test_a_usb_camera_shows_nothing_behind_the_mask(tmp_path: Path) -> None:
    path = mjpeg(tmp_path / "usb.avi", 1)
    usb = UsbCamera(
        "usb", "/dev/video0", clock=SystemClock().now, open_container=lambda *_, **__: av.open(path)
    )
    info, packets, frames = played(
        MaskedCamera(usb, (WINDOW,), is_seen_apart=False), frames=PICTURES
    )
    assert len(frames) == len(packets) == PICTURES
    assert all(shows_nothing(frame.yuv) for frame in frames)
    assert all(shows_nothing(yuv) for yuv in decoded(info, packets))


@pytest.fixture(scope="module")
def server(needs_system: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtspServer]:
    folder = tmp_path_factory.mktemp("footage")
    main = lossy(folder / "main.mp4", 1, width=328, height=184)
    sub = lossy(folder / "sub.mp4", 1, width=128, height=72)
    with RtspServer(f"/main={main}", f"/sub={sub}") as server:
        yield server


@pytest.mark.promise("Motion: A camera with privacy masks is encoded again.")
@pytest.mark.parametrize("sub", ["", "/sub"])
@pytest.mark.usefixtures("patient_streams")
def test_a_network_camera_shows_nothing_behind_the_mask(server: RtspServer, sub: str) -> None:
    section = CameraSection.model_validate(
        {
            "name": "cong",
            "url": server.url("/main"),
            "sub_url": server.url(sub) if sub else "",
            "private": [[list(corner) for corner in WINDOW.corners]],
        }
    )
    info, packets, frames = played(make_camera(section, SystemClock().now), frames=40)
    assert (info.codec, info.width, info.height) == ("h264", 328, 184)
    assert {frame.width for frame in frames} == {128 if sub else 328}
    assert all(shows_nothing(frame.yuv) for frame in frames)
    clip = decoded(info, packets)
    assert len(clip) == len(packets) > 20
    assert all(shows_nothing(yuv) for yuv in clip)


def test_pictures_and_clips_on_the_nodes_disk_show_nothing(
    tmp_path: Path, node_journal: Journal
) -> None:
    store = ClipStore(tmp_path / "clips", node_journal, max_bytes=2**40, spare_bytes=0)
    ring = Preroll(PrerollBounds())
    recorder = Recorder("cong", ring, store, policy=ClipPolicy(), new_id=clip_id_at)
    seer = Seer(lambda _: [person(0.2, 0.5, height=0.4)])
    watch = CameraLoop(
        of_two(tmp_path / "footage", 1, pace=True),
        Pipeline.for_frames(PipelineSettings(), seer, counted_ids()),
        recorder,
        store=store,
        journal=node_journal,
        now=SystemClock().now,
        style=PictureStyle(),
    )
    watch.run(threading.Event(), lambda: None)
    recorder.finish()
    clips = list((tmp_path / "clips").rglob("*.mp4"))
    jpegs = list((tmp_path / "clips").rglob("*.jpg"))
    assert clips
    assert jpegs
    for path in clips:
        with av.open(str(path)) as container:
            shown = [frame.to_ndarray(format="yuv420p") for frame in container.decode(video=0)]
        assert shown
        assert all(shows_nothing(np.asarray(yuv, np.uint8)) for yuv in shown)
    for path in jpegs:
        bgr = cv2.imread(str(path))
        assert bgr is not None
        window = inside((WINDOW,), bgr.shape[:2]).astype(bool)
        assert (abs(bgr[window].astype(int) - bgr[window].mean(axis=0)) <= 8).all()


class Liar:
    """A camera that announces one size and sends another, or sends what nobody can decode."""

    name = "cong"

    def __init__(self, folder: Path) -> None:
        self._real = replayed(lossless(folder / "a.mp4", 1, width=128, height=72))
        self.announces: StreamInfo | None = None

    def open(self) -> StreamInfo:
        info = self._real.open()
        return self.announces or info

    def frames(self, sink: PacketSink, stop: Callable[[], bool]) -> Iterator[Frame]:
        return self._real.frames(sink, stop)

    def close(self) -> None:
        self._real.close()


@pytest.mark.parametrize("is_seen_apart", [False, True])
def test_a_picture_of_another_size_is_a_lost_camera_not_a_leak(
    tmp_path: Path, is_seen_apart: bool
) -> None:
    liar = Liar(tmp_path)
    liar.announces = replace(liar.open(), width=200, height=120)
    camera = MaskedCamera(liar, (WINDOW,), is_seen_apart=is_seen_apart)
    camera.open()
    sink = Kept()
    with pytest.raises(CameraError, match="another size"):
        list(camera.frames(sink, never))
    assert sink.packets == []


class Noise(Liar):
    """Its packets are noise, ten seconds long."""

    def frames(self, sink: PacketSink, stop: Callable[[], bool]) -> Iterator[Frame]:
        for number in range(100):
            data = np.random.default_rng(number).bytes(500)
            sink.push(Packet(data, after(number / 10), number, number, 1, is_keyframe=True))
        return iter(())


def test_a_main_stream_that_cannot_be_decoded_is_a_lost_camera(tmp_path: Path) -> None:
    camera, sink = MaskedCamera(Noise(tmp_path), (WINDOW,), is_seen_apart=True), Kept()
    camera.open()
    with pytest.raises(CameraError, match="cannot be decoded"):
        list(camera.frames(sink, never))
    assert sink.packets == []


def test_nothing_is_encoded_for_nobody(tmp_path: Path) -> None:
    camera = of_two(tmp_path / "two", 1)
    camera.open()
    assert all(shows_nothing(frame.yuv) for frame in camera.frames(NOWHERE, never))
    camera.close()


part = st.floats(0, 1)
sides = st.integers(8, 60).map(lambda half: 2 * half)


@given(corners=st.lists(st.tuples(part, part), min_size=3, max_size=6), width=sides, height=sides)
def test_every_pixel_of_a_mask_is_painted_in_whole_blocks_and_no_other_block_is(
    corners: list[tuple[float, float]], width: int, height: int
) -> None:
    try:
        outline = Polygon(tuple(corners))
    except ValueError:
        return
    shown = np.random.default_rng(7).integers(0, GREY, (height * 3 // 2, width), np.uint8)
    painted = PrivacyMask((outline,)).painted(shown.copy())
    luma = painted[:height]
    assert (luma[inside((outline,), (height, width)).astype(bool)] == GREY).all()
    blocks = covered((outline,), height, width)
    whole = np.kron(blocks, np.ones((BLOCK_PX, BLOCK_PX), np.uint8))[:height, :width].astype(bool)
    assert ((luma == GREY) == whole).all()
    assert (luma[~whole] == shown[:height][~whole]).all()
    halved = whole[::2, ::2]
    before = shown[height:].reshape(2, height // 2, width // 2)
    after_it = painted[height:].reshape(2, height // 2, width // 2)
    assert (after_it[:, halved] == 128).all()
    assert (after_it[:, ~halved] == before[:, ~halved]).all()


@pytest.mark.parametrize("shape", [(7, 4), (6, 3), (3, 2)])
def test_what_is_no_picture_is_refused(shape: tuple[int, int]) -> None:
    if shape == (3, 2):  # the smallest there is
        PrivacyMask((WINDOW,)).painted(np.zeros(shape, np.uint8))
        return
    with pytest.raises(ValueError, match="no I420"):
        PrivacyMask((WINDOW,)).painted(np.zeros(shape, np.uint8))


@pytest.mark.promise("Clips: Where the agent encodes, a sighting gets its keyframe.")
@pytest.mark.parametrize("make", [of_video, of_two])
def test_a_masked_camera_makes_a_keyframe_where_one_is_wanted(
    tmp_path: Path, make: Callable[[Path, int], Camera]
) -> None:
    masked, sink = make(tmp_path / "street", 1), Kept(4, 7)
    masked.open()
    for _ in islice(masked.frames(sink, lambda: False), 12):
        pass
    masked.close()
    assert {0, 4, 7} <= {i for i, packet in enumerate(sink.packets) if packet.is_keyframe}
