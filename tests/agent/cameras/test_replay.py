"""A recording as a camera: times to the microsecond, loops without a seam, and clear refusals."""

from itertools import islice, pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from agent.cameras.file.camera import ReplayCamera
from agent.cameras.file.reel import i420
from agent.cameras.port import NOWHERE, CameraError
from agent.media.frame import Frame
from tests.agent.rigs.vision import Kept, SteppedClock, after, draw_pictures, record

pytestmark = pytest.mark.promise("Cameras: A recording works as a camera.")


def never() -> bool:
    return False


def camera(path: Path, *, loop: bool = False) -> ReplayCamera:
    return ReplayCamera("street", path, clock=lambda: after(0), pace=False, loop=loop)


def test_flat_out_a_frame_carries_its_time_in_the_recording(tmp_path: Path) -> None:
    frames = list(camera(record(tmp_path / "a.mp4", 10)).frames(NOWHERE, never))
    assert [frame.at for frame in frames] == [after(i / 10) for i in range(10)]


def test_times_never_go_back_in_a_file_that_exchanges_those_of_neighbours(tmp_path: Path) -> None:
    with (
        av.open(str(record(tmp_path / "a.mp4", 8))) as good,
        av.open(str(tmp_path / "exchanged.mp4"), "w") as bad,
    ):
        stream = bad.add_stream_from_template(good.streams.video[0])
        packets = [one for one in good.demux(video=0) if one.pts is not None]
        gap = packets[1].pts - packets[0].pts
        for number, packet in enumerate(packets):
            packet.dts = (number - 3) * gap
            packet.pts = (number + (number == 4) - (number == 5)) * gap
            packet.stream = stream
            bad.mux(packet)
    frames = list(camera(tmp_path / "exchanged.mp4").frames(NOWHERE, never))
    assert len(frames) == 8
    assert all(one.at.mono_ns < other.at.mono_ns for one, other in pairwise(frames))
    assert [frame.at for frame in frames][:5] == [after(i / 10) for i in (0, 1, 2, 3, 5)]
    assert frames[6].at == after(0.6)


@pytest.mark.promise("Agent: `replay --pace` runs in real time.")
def test_paced_it_waits_until_each_frame_is_due(tmp_path: Path) -> None:
    clock = SteppedClock()
    replay = ReplayCamera(
        "street", record(tmp_path / "a.mp4", 10), clock=clock, pace=True, sleep=clock.sleep
    )
    for frame in replay.frames(NOWHERE, never):
        assert clock().seconds_since(frame.at) == pytest.approx(0, abs=1e-6)
    assert sum(clock.slept_s) == pytest.approx(0.9)


def test_paced_it_hands_no_packet_out_before_its_time(tmp_path: Path) -> None:
    clock = SteppedClock()
    replay = ReplayCamera(
        "street", record(tmp_path / "a.mp4", 10), clock=clock, pace=True, sleep=clock.sleep
    )

    class Punctual:
        def push(self, packet: object) -> None:
            assert clock().seconds_since(packet.at) >= -1e-6  # type: ignore[attr-defined]  # a Packet

        def wants_keyframe(self) -> bool:
            return False

        def is_calm(self) -> bool:
            return False

    assert len(list(replay.frames(Punctual(), never))) == 10


def test_while_it_waits_it_hears_that_it_shall_stop(tmp_path: Path) -> None:
    clock = SteppedClock()
    path = draw_pictures(tmp_path / "slow", [1, 2])
    replay = ReplayCamera(
        "street", path, clock=clock, pace=True, pictures_per_s=0.01, sleep=clock.sleep
    )
    frames = list(replay.frames(NOWHERE, lambda: sum(clock.slept_s) > 1))
    assert len(frames) == 1
    assert sum(clock.slept_s) < 1.2


@pytest.mark.parametrize("b_frames", [0, 2])
def test_loops_go_on_in_time_and_number(tmp_path: Path, b_frames: int) -> None:
    sink = Kept()
    replay = camera(record(tmp_path / "a.mp4", 10, b_frames=b_frames), loop=True)
    frames = list(islice(replay.frames(sink, never), 25))
    assert [frame.index for frame in frames] == list(range(1, 26))
    assert [frame.at for frame in frames] == [after(i / 10) for i in range(25)]
    assert all(one.dts < other.dts for one, other in pairwise(sink.packets))
    assert sorted(p.pts for p in sink.packets[:20]) == [
        frame_ticks * sink.packets[0].duration for frame_ticks in range(20)
    ]


def test_pictures_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    folder = draw_pictures(tmp_path / "street", [10, 9, 100])
    shown = [int(f.luma[0, 0]) for f in camera(folder).frames(NOWHERE, never)]
    assert shown == sorted(shown)


def test_pictures_of_an_odd_size_are_cut_to_an_even_one(tmp_path: Path) -> None:
    folder = draw_pictures(tmp_path / "street", [1, 2], shape=(97, 129))
    info = camera(folder).open()
    assert (info.width, info.height) == (128, 96)


def test_a_frame_of_an_odd_size_or_another_format_becomes_even_i420() -> None:
    odd = av.VideoFrame.from_ndarray(np.full((97, 129, 3), 50, np.uint8), format="rgb24")
    assert i420(odd).shape == (96 * 3 // 2, 128)


def refusal(path: Path) -> CameraError:
    with pytest.raises(CameraError) as refused:
        camera(path).open()
    return refused.value


@pytest.mark.promise("Bad input: A missing recording is named.")
def test_a_missing_file_is_named(tmp_path: Path) -> None:
    error = refusal(tmp_path / "gone.mp4")
    assert "gone.mp4 is not there" in error.sentence
    assert error.cure


@pytest.mark.promise("Bad input: A recording that is not a video is named.")
@pytest.mark.parametrize("content", [b"", b"no video at all", bytes(range(256)) * 40])
def test_a_file_that_is_no_video_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.mp4"
    path.write_bytes(content)
    assert "is not a video that can be read" in refusal(path).sentence


def test_a_video_without_a_picture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        sound.rate = 8000
        container.mux(stream.encode(sound))
    assert "holds no video stream" in refusal(path).sentence


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("no picture")
    assert "holds no numbered pictures" in refusal(tmp_path).sentence


def test_a_broken_picture_is_named(tmp_path: Path) -> None:
    folder = draw_pictures(tmp_path / "street", [1, 2])
    (folder / "view_2.png").write_bytes(b"not a picture")
    frames: list[Frame] = []
    with pytest.raises(CameraError, match=r"view_2\.png is not a picture"):
        frames.extend(camera(folder).frames(NOWHERE, never))


@pytest.mark.promise("Bad input: A truncated recording is named.")
def test_a_file_cut_short_gives_its_frames_and_then_says_where_it_ended(tmp_path: Path) -> None:
    whole = record(tmp_path / "whole.mp4", 60, faststart=True).read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    frames = []
    with pytest.raises(CameraError, match=r"cut short: it ends at frame \d+ of 60") as refused:
        for frame in camera(cut).frames(NOWHERE, never):
            frames.append(frame)
    assert 10 < len(frames) < 60
    assert f"frame {len(frames)} " in refused.value.sentence or len(frames) > 10
