"""Streams as cameras send them: with sound, with broken parameter sets, and without any video."""

import socket
import subprocess
from itertools import islice
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from agent.board.clock import SystemClock
from agent.cameras.file.camera import ReplayCamera
from agent.cameras.port import Camera
from agent.cameras.rtsp.camera import StreamCamera
from agent.journal import Journal
from agent.media.frame import StreamInfo
from agent.recording.mp4.fragments import Mp4Error, Mp4Track
from agent.recording.writer import ClipWriter
from tests.agent.helpers.recording.store import Street, nothing
from tests.agent.rigs.rtsp import RtspServer
from tests.agent.rigs.stage import Stage, at
from tests.agent.rigs.vision import Kept, record
from tests.waiting import patience_s

# Sound


@pytest.fixture(scope="module")
def with_sound(needs_media: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    mute, loud = record(folder / "mute.mp4", 60, frames_per_s=25), folder / "loud.mp4"
    add = ["ffmpeg", "-v", "error", "-i", str(mute), "-f", "lavfi", "-i", "sine=duration=2"]
    subprocess.run([*add, "-c:v", "copy", "-c:a", "aac", str(loud)], check=True)
    with av.open(str(loud)) as file:
        assert len(file.streams.audio) == 1
    return loud


def kept_of(camera: Camera, clip: Path) -> int:
    """A clip made of all that a camera gives; how many packets that was."""
    sink, stream = Kept(), camera.open()
    for _ in islice(camera.frames(sink, lambda: False), 30):
        pass
    camera.close()
    writer = ClipWriter(clip, stream)
    first = next(n for n, packet in enumerate(sink.packets) if packet.is_keyframe)
    for packet in sink.packets[first:]:
        writer.write(packet)
    writer.close()
    return len(sink.packets) - first


def assert_is_mute(clip: Path, frames: int) -> None:
    with av.open(str(clip)) as file:
        assert [stream.type for stream in file.streams] == ["video"]
        assert sum(1 for _ in file.decode(video=0)) == frames


@pytest.mark.promise("Clips: Sound is off unless the owner gave a reason.")
@pytest.mark.promise("Clips: Sound in a stream is left out.")
def test_sound_of_a_recording_is_left_out(with_sound: Path, tmp_path: Path) -> None:
    camera = ReplayCamera("cam", with_sound, clock=SystemClock().now, pace=False, loop=False)
    frames = kept_of(camera, tmp_path / "clip.mp4")
    assert_is_mute(tmp_path / "clip.mp4", frames)


@pytest.mark.promise("Clips: Sound is off unless the owner gave a reason.")
@pytest.mark.promise("Clips: Sound in a stream is left out.")
@pytest.mark.system
@pytest.mark.usefixtures("patient_streams")
def test_sound_of_a_network_camera_is_not_even_asked_for(with_sound: Path, tmp_path: Path) -> None:
    with RtspServer(f"/main={with_sound.with_name('mute.mp4')}", sound=True) as server:
        assert "m=audio" in offer_of(server.url(), server.port)
        camera = StreamCamera("cam", server.url(), sub_url="", clock=SystemClock().now)
        frames = kept_of(camera, tmp_path / "clip.mp4")
    assert_is_mute(tmp_path / "clip.mp4", frames)


def offer_of(url: str, port: int) -> str:
    """Answer of the camera with its streams (SDP)."""
    with socket.create_connection(("127.0.0.1", port), timeout=patience_s()) as line:
        line.sendall(f"DESCRIBE {url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
        said = b""
        while b"m=audio" not in said and (more := line.recv(4096)):
            said += more
    return said.decode()


# Parameter sets


@pytest.mark.promise("Clips: A stream without parameter sets costs clips and nothing else.")
@given(noise=st.binary(max_size=64), codec=st.sampled_from(["h264", "hevc"]))
def test_broken_parameter_sets_are_refused_in_words_or_kept_as_they_are(
    street: Street, noise: bytes, codec: str
) -> None:
    stream = StreamInfo(codec, 320, 240, street[0].time_base, 10.0, noise)
    try:
        beginning = Mp4Track(stream).beginning()
    except Mp4Error as error:
        assert "cannot be recorded" in str(error)
    else:
        assert beginning[4:8] == b"ftyp"


@given(cut=st.integers(0, 40), where=st.integers(0, 200), bit=st.integers(0, 7))
def test_spoilt_real_parameter_sets_likewise(
    street: Street, cut: int, where: int, bit: int
) -> None:
    spoilt = bytearray(street[0].extradata[: max(0, len(street[0].extradata) - cut)])
    if spoilt:
        spoilt[where % len(spoilt)] ^= 1 << bit
    test = test_broken_parameter_sets_are_refused_in_words_or_kept_as_they_are
    test.hypothesis.inner_test(street, bytes(spoilt), "h264")


@pytest.mark.promise("Clips: A stream without parameter sets costs clips and nothing else.")
def test_a_camera_without_parameter_sets_costs_clips_said_once_and_the_rest_goes_on(
    tmp_path: Path, node_journal: Journal, street: Street
) -> None:
    info = street[0]
    bare = StreamInfo("h264", info.width, info.height, info.time_base, 10.0, b"")
    stage = Stage(tmp_path / "clips", node_journal, bare)
    with capture_logs() as logs:
        for _ in range(3):
            stage.roll(10)
            person = stage.enters()
            stage.roll(2)
            stage.leaves(person)
            stage.roll(20)
    assert stage.recorder.counts.clips_lost >= 2
    assert [line["event"] for line in logs].count("clip_lost") == 1
    stage.recorder.end_stream()
    stage.recorder.begin_stream(info)
    stage.frames = (stage.frames // 10 + 1) * 10
    stage.roll(10)
    person = stage.enters()
    stage.roll(2)
    stage.leaves(person)
    stage.roll(10)
    assert len(stage.clips()) == 1


# Nobody there


@pytest.mark.promise("Clips: While nothing happens, nothing is written to the card.")
def test_while_nothing_happens_nothing_is_written(
    tmp_path: Path, node_journal: Journal, street: Street
) -> None:
    folder = tmp_path / "clips"
    stage = Stage(folder, node_journal, street[0])
    stage.store.take_in_leftovers(nothing)
    stage.store.tidy()
    before = touched(tmp_path)
    for _ in range(10):
        stage.roll(60)
        stage.store.take_in_leftovers(nothing)
        stage.store.flush()
        stage.store.tidy()
        stage.store.answer_spans(nothing)
    assert touched(tmp_path) == before
    assert stage.ring.size_bytes > 0
    assert at(stage.now_s) > at(599)


def touched(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file and folder with the time of its last change and its size."""
    return {
        str(path): (path.stat().st_mtime_ns, path.stat().st_size)
        for path in [folder, *folder.rglob("*")]
    }
