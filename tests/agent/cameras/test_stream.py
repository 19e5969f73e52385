"""A real RTSP server on loopback with every fault it can have; each is noticed within 15
seconds."""

import subprocess
import threading
import time
import traceback
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path
from statistics import median

import pytest

from agent.board.clock import SystemClock
from agent.cameras.port import NOWHERE, CameraError
from agent.cameras.rtsp.camera import StreamCamera
from agent.cameras.rtsp.errors import StreamErrors
from agent.cameras.rtsp.source import RtspSource
from tests.agent.rigs.rtsp import RtspServer, answering
from tests.agent.rigs.vision import Kept, record
from tests.waiting import busy, patience_s, until

NOTICED_S = 15.0
HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html><body>Login</body></html>"


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("footage") / "street.mp4", 60, frames_per_s=25)


@pytest.fixture
def server(needs_system: None, footage: Path) -> Iterator[RtspServer]:
    with RtspServer(f"/main={footage}", f"/sub={footage}") as server:
        yield server


def camera(url: str, sub_url: str = "") -> StreamCamera:
    return StreamCamera("cong", url, sub_url=sub_url, clock=SystemClock().now)


def never() -> bool:
    return False


class Watched:
    """A camera followed until it fails; says how long after `since_s` that was noticed."""

    def __init__(self, camera: StreamCamera) -> None:
        self.camera = camera
        self.sink = Kept()
        self.frames = 0
        self.error: CameraError | None = None
        self.failed_s = 0.0
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def _follow(self) -> None:
        try:
            self.camera.open()
            for _ in self.camera.frames(self.sink, never):
                self.frames += 1
        except CameraError as error:
            self.error = error
            self.failed_s = time.monotonic()
        finally:
            self.camera.close()

    def until_seen(self, frames: int = 10) -> None:
        until(lambda: self.frames >= frames, lambda: self.error)

    def until_over(self) -> None:
        self._thread.join(patience_s())
        assert not self._thread.is_alive()

    def end(self, since_s: float) -> CameraError:
        self._thread.join(patience_s())
        assert self.error is not None
        assert self.failed_s - since_s < NOTICED_S * busy()
        assert self.error.cure
        return self.error


def failure(url: str, sub_url: str = "") -> CameraError:
    began_s = time.monotonic()
    with pytest.raises(CameraError) as failed:
        camera(url, sub_url).open()
    assert time.monotonic() - began_s < NOTICED_S * busy()
    return failed.value


MISBEHAVIOURS = [
    ("freeze", "sent nothing for 3 s"),
    ("end", "ended the stream"),
    ("garbage", "cannot be decoded"),
]


@pytest.mark.promise("Cameras: A camera fault is noticed within 15 seconds.")
@pytest.mark.promise("Cameras: An HTML page in place of a stream is reported.")
@pytest.mark.parametrize("has_sub", [False, True], ids=["one stream", "with sub-stream"])
@pytest.mark.parametrize(("order", "said"), MISBEHAVIOURS)
def test_what_goes_wrong_is_noticed_and_said(
    server: RtspServer, order: str, said: str, *, has_sub: bool
) -> None:
    watched = Watched(camera(server.url(), server.url("/sub") if has_sub else ""))
    watched.until_seen()
    server.order(order)
    assert said in watched.end(time.monotonic()).sentence


@pytest.mark.promise("Cameras: A camera fault is noticed within 15 seconds.")
def test_garbage_on_the_stream_that_is_only_kept_is_noticed_while_the_other_is_well(
    server: RtspServer,
) -> None:
    watched = Watched(camera(server.url(), server.url("/sub")))
    watched.until_seen()
    server.order("garbage /main")
    assert "/main sends pictures that cannot be decoded" in watched.end(time.monotonic()).sentence


def test_trying_a_stream_that_is_only_kept_leaves_no_decoder_behind(server: RtspServer) -> None:
    source = RtspSource(server.url(), key="url", clock=SystemClock().now)
    source.open(for_clips=True)
    keyframe = next(one for one in source.packets(never) if one.packet.is_keyframe)
    assert keyframe.is_whole()
    assert not keyframe.known.is_open
    source.close()


@pytest.mark.promise("Cameras: A camera fault is noticed within 15 seconds.")
@pytest.mark.media
@pytest.mark.system
def test_green_pictures_are_none(tmp_path: Path) -> None:
    with RtspServer(f"/main={green(tmp_path / 'green.mp4')}") as server:
        began_s = time.monotonic()
        assert "cannot be decoded" in Watched(camera(server.url())).end(began_s).sentence


@pytest.mark.promise("Cameras: A damaged frame does no harm.")
@pytest.mark.media
@pytest.mark.system
def test_a_picture_too_small_to_see_anybody_is_refused_with_its_size(tmp_path: Path) -> None:
    with RtspServer(f"/main={green(tmp_path / 'tiny.mp4', size='24x16')}") as server:
        error = failure(server.url())
    assert "pictures of 24x16, too small" in error.sentence
    assert "at least 320x240" in error.cure


def green(path: Path, size: str = "320x240") -> Path:
    make = f"ffmpeg -v error -f lavfi -i color=green:size={size}:rate=25:duration=2 -c:v libx264"
    subprocess.run([*make.split(), "-g", "5", "-pix_fmt", "yuv420p", str(path)], check=True)
    return path


@pytest.mark.system
def test_server_that_is_killed_is_noticed_and_back_when_it_is(footage: Path) -> None:
    with RtspServer(f"/main={footage}") as server:
        watched = Watched(camera(server.url()))
        watched.until_seen()
        server.kill()
        killed_s = time.monotonic()
        watched.end(killed_s)
        assert "Nobody listens" in failure(server.url()).sentence
        with RtspServer(f"/main={footage}", port=server.port) as again:
            watched.camera.open()
            frames = watched.camera.frames(NOWHERE, never)
            assert len(list(islice(frames, 5))) == 5
            assert again.port == server.port
            watched.camera.close()


@pytest.mark.promise("Cameras: A camera fault is noticed within 15 seconds.")
@pytest.mark.promise("Clips: A change of codec ends the clip.")
@pytest.mark.media
def test_another_picture_size_from_here_on_is_a_new_opening(
    server: RtspServer, tmp_path: Path
) -> None:
    watched = Watched(camera(server.url(), server.url("/sub")))
    watched.until_seen()
    server.order(f"change /main {larger(tmp_path / 'larger.mp4')}")
    assert "changed its picture" in watched.end(time.monotonic()).sentence


def larger(path: Path) -> Path:
    make = "ffmpeg -v error -f lavfi -i testsrc2=size=320x240:rate=25:duration=2 -c:v libx264"
    subprocess.run([*make.split(), "-g", "5", "-pix_fmt", "yuv420p", str(path)], check=True)
    return path


@pytest.mark.promise("Cameras: A camera fault is noticed within 15 seconds.")
def test_a_camera_clock_that_runs_backwards_is_mended(server: RtspServer) -> None:
    watched = Watched(camera(server.url()))
    watched.until_seen()
    server.order("jump -1")
    seen = watched.frames
    try:
        watched.until_seen(seen + 40)
    finally:
        server.order("end")
        watched.end(time.monotonic())
    packets = watched.sink.packets
    assert all(one.dts < other.dts for one, other in pairwise(packets))
    assert all(0 < other.at.seconds_since(one.at) < 1.5 for one, other in pairwise(packets))
    assert all(packet.duration > 0 for packet in packets)


def test_the_ones_that_answer_with_a_web_page_are_named() -> None:
    with answering(HTML) as port:
        error = failure(f"rtsp://127.0.0.1:{port}/")
    assert "not as a camera does" in error.sentence
    assert "web page" in error.cure


def test_silence_at_the_other_end_is_not_waited_for(needs_clock: None) -> None:
    with answering(None) as port:
        assert "does not answer within 5 s" in failure(f"rtsp://127.0.0.1:{port}/").sentence


def test_a_path_that_is_not_there_is_named(server: RtspServer) -> None:
    error = failure(server.url("/other"))
    assert "/other has no such stream" in error.sentence
    assert "[[camera]] url" in error.cure
    assert "[[camera]] sub_url" in failure(server.url(), server.url("/other")).cure


@pytest.mark.system
def test_no_message_and_no_trace_names_the_password(
    footage: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with RtspServer(f"/main={footage}", login="guest:right") as server:
        for login in ("", "guest:wr0ng", "guest:right"):
            opened = camera(server.url(login=login))
            try:
                opened.open()
            except CameraError as error:
                said = "".join(traceback.format_exception(error)) + repr(error) + str(error)
                assert "refuses the login" in said
                assert "wr0ng" not in said
                assert error.__context__ is None
            else:
                assert login == "guest:right"
                opened.close()
    assert "wr0ng" not in "".join(capfd.readouterr())


@pytest.mark.promise("Cameras: RTSP cameras with H.264 or H.265 work, with one stream or two.")
@pytest.mark.parametrize("calm", [False, True], ids=["busy", "calm"])
def test_packets_of_the_main_stream_and_frames_of_the_sub_stream_tell_one_time(
    server: RtspServer, calm: bool
) -> None:
    sink, seen = Kept(calm=calm), camera(server.url(), server.url("/sub"))
    seen.open()
    frames = list(islice(seen.frames(sink, never), 50))
    now = SystemClock().now()
    seen.close()
    assert abs(frames[-1].at.seconds_since(sink.packets[-1].at)) < 0.3 * busy()
    assert 0 <= now.seconds_since(frames[-1].at) < 0.5 * busy()
    steps = [other.at.seconds_since(one.at) for one, other in pairwise(frames)]
    # Not their mean: on a busy machine the first come late, and the next is as much nearer.
    assert median(steps) == pytest.approx(0.04, abs=0.005)


def test_closed_from_another_thread_it_lets_go(server: RtspServer) -> None:
    watched = Watched(camera(server.url(), server.url("/sub")))
    watched.until_seen()
    watched.camera.close()
    watched.until_over()
    assert watched.error is None


def test_whatever_ffmpeg_says_of_a_read_that_was_cut_off_the_camera_was_silent() -> None:
    errors = StreamErrors("rtsp://10.0.0.9/main", "url")
    cut_off = OSError(5, "Input/output error")
    assert "sent nothing for 3 s" in errors.broken(cut_off, after_s=3.0).sentence
    assert "broke off" in errors.broken(cut_off, after_s=0.2).sentence
