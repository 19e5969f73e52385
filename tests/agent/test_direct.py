"""A camera's video without FFmpeg: the same pictures, and whatever is odd is left to FFmpeg."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest

from agent.devices import direct
from agent.devices.clock import SystemClock
from agent.devices.direct import Direct, Misread, Read
from agent.devices.rtp_gather import Unreadable
from agent.devices.rtp_units import START
from agent.devices.rtsp import Received, RtspSource
from agent.devices.rtsp_words import Video
from agent.devices.stream import StreamCamera
from agent.media.frame import Instant
from tests.agent.packing import TYPE, packet
from tests.agent.rtsp import RtspServer

FRAMES = 50


def never() -> bool:
    return False


def film(file: Path, coder: str) -> Path:
    dice = np.random.default_rng(1)
    with av.open(str(file), "w") as out:
        stream = out.add_stream(coder, rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.gop_size, stream.time_base = 10, Fraction(1, 25)
        stream.options = {"bf": "0", "preset": "ultrafast", "x265-params": "log-level=none"}
        for _ in range(FRAMES):
            picture = dice.integers(0, 255, (360, 320), np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="yuv420p")))
        out.mux(stream.encode(None))
    return file


@pytest.fixture(scope="module", params=["libx264", "libx265"])
def film_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("film") / "film.mp4", request.param)


def source(url: str, *, may_be_direct: bool = False) -> RtspSource:
    return RtspSource(url, key="url", clock=SystemClock().now, may_be_direct=may_be_direct)


def received(one: RtspSource, count: int) -> list[Received]:
    packets = list(islice(one.packets(never), count))
    one.close()
    return packets


def test_it_reads_what_ffmpeg_reads_to_the_byte(film_file: Path) -> None:
    with RtspServer(f"/main={film_file}", login="guest:wr%20ong") as server:
        ours = source(server.url(login="guest:wr%2520ong"), may_be_direct=True)
        theirs = source(server.url(login="guest:wr%2520ong"))
        ours.open(for_clips=True)
        theirs.open(for_clips=True)
        assert (ours.is_direct, theirs.is_direct) == (True, False)
        read, known = received(ours, FRAMES), received(theirs, 3 * FRAMES)
    whole = {one.packet.data: one.packet.is_keyframe for one in known}
    assert read[0].packet.is_keyframe
    assert [n for n, one in enumerate(read) if one.packet.data not in whole] == []
    assert all(whole[one.packet.data] == one.packet.is_keyframe for one in read)
    steps = {b.packet.pts - a.packet.pts for a, b in pairwise(read)}
    assert steps == {3600}
    assert any(one.is_whole() for one in read[:1])


def test_a_server_that_lets_in_by_digest_alone_is_read_without_ffmpeg_too(film_file: Path) -> None:
    with RtspServer(f"/main={film_file}", login="quan ly:wr0ng", digest=True) as server:
        ours = source(server.url(login="quan%20ly:wr0ng"), may_be_direct=True)
        ours.open(for_clips=True)
        assert ours.is_direct
        assert received(ours, 10)[0].packet.is_keyframe


def test_where_sound_is_wanted_or_nobody_allows_it_ffmpeg_reads(film_file: Path) -> None:
    class Deaf:
        def hear(self, packet: object) -> None:
            del packet

    with RtspServer(f"/main={film_file}", sound=True) as server:
        heard = RtspSource(
            server.url(), key="url", clock=SystemClock().now, sound=Deaf(), may_be_direct=True
        )
        heard.open(for_clips=True)
        assert not heard.is_direct
        assert not heard.is_odd
        heard.close()


def test_a_camera_that_takes_no_second_connection_is_left_to_ffmpeg_from_then_on(
    film_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def refuse(url: str, *_: object) -> None:
        tried.append(url)
        raise Misread("it takes one")

    monkeypatch.setattr(Direct, "begun", refuse)
    with RtspServer(f"/main={film_file}") as server:
        camera = StreamCamera("cong", server.url(), clock=SystemClock().now)
        for _ in range(2):
            camera.open()
            assert next(iter(camera.frames(Nowhere(), never))).width == 320
            camera.close()
    assert len(tried) == 1


def test_it_says_now_and_then_that_it_is_there_and_reads_past_the_answers(
    film_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(direct, "KEEP_ALIVE_S", 0.1)
    with RtspServer(f"/main={film_file}") as server:
        ours = source(server.url(), may_be_direct=True)
        ours.open(for_clips=True)
        assert ours.is_direct
        assert len(received(ours, 30)) == 30


class Nowhere:
    def push(self, packet: object) -> None:
        del packet

    def wants_keyframe(self) -> bool:
        return False

    def is_calm(self) -> bool:
        return False


class Wire:
    """A connection that brings those pieces, each `apart_s` after the one before."""

    def __init__(self, *pieces: bytes, apart_s: float = 0.04) -> None:
        self.pieces = list(pieces)
        self.apart_s = apart_s
        self.now_s = 0.0
        self.said: list[str] = []

    def recv_into(self, room: memoryview) -> int:
        self.now_s += self.apart_s
        piece = self.pieces.pop(0) if self.pieces else b""
        room[: len(piece)] = piece
        return len(piece)

    def sendall(self, data: bytes) -> None:
        self.said.append(data.hex())

    def say_still_there(self) -> None:
        self.said.append("still there")

    def heard(self, head: bytes) -> None:
        self.said.append(head.decode())

    def clock(self) -> Instant:
        return Instant(round(self.now_s * 1e9), round(self.now_s * 1e6))


def direct_on(
    wire: Wire, *, keep_alive_s: float = 1e9, channels: tuple[int, int] = (0, 1)
) -> Direct:
    talk = SimpleNamespace(
        socket=wire,
        buffer=b"",
        say_still_there=wire.say_still_there,
        heard=wire.heard,
        close=lambda: wire.said.append("closed"),
    )
    video = Video("h264", TYPE, "", b"")
    return Direct(talk, video, wire.clock, keep_alive_s=keep_alive_s, channels=channels)  # type: ignore[arg-type] # a fake


def read(wire: Wire, *, keep_alive_s: float = 1e9) -> Iterator[Read]:
    return direct_on(wire, keep_alive_s=keep_alive_s).units()


def framed(number: int, *, channel: int = 0) -> bytes:
    inside = packet(b"\x65\x88" + bytes([number]) * 20, number, 3000 * number, mark=True)
    return b"$" + bytes([channel]) + len(inside).to_bytes(2) + inside


def numbers(units: Iterator[Read]) -> list[int]:
    found = []
    with pytest.raises(EOFError):
        for one in units:
            assert one.unit.data.startswith(START + b"\x65")
            found.append(one.unit.data[-1])
    return found


def test_pieces_may_end_anywhere() -> None:
    data = b"".join(framed(number) for number in range(1, 20))
    for size in (1, 7, 33, 200, len(data)):
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        assert numbers(read(Wire(*pieces))) == list(range(1, 20))


def test_words_between_packets_are_heard_and_other_channels_read_past() -> None:
    answer = b"RTSP/1.0 200 OK\r\nCSeq: 9\r\nContent-Length: 5"
    request = b"OPTIONS rtsp://cam/ RTSP/1.0\r\nCSeq: 1"
    between = answer + b"\r\n\r\n$$$$$" + framed(2) + request + b"\r\n\r\n"
    data = framed(1) + between + framed(7, channel=3) + framed(3)
    for size in (9, len(data)):
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        wire = Wire(*pieces)
        assert numbers(read(wire)) == [1, 2, 3]
        assert wire.said == [answer.decode(), request.decode()]


@pytest.mark.parametrize(
    "garbage",
    [
        b"\r\n",
        b"no words of it\r\n\r\n",
        b"$\1\1\1$$",
        b"\x01" * 20_000,
        b"$\0\0\x20\x80\x60",
        b"RTS",
    ],
    ids=["an empty line", "words", "dollars", "noise", "half a packet", "half an answer"],
)
def test_behind_garbage_it_goes_on_where_a_packet_begins_beyond_doubt(garbage: bytes) -> None:
    # What begins as a packet does takes with it as much as it says it is long.
    behind = b"".join(framed(number) for number in range(3, 250))
    data = framed(1) + framed(2) + garbage + behind
    for size in (9, 100, 9000):
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        found = numbers(read(Wire(*pieces, apart_s=0.0001)))
        assert found[0] == 1
        assert found[-1] == 249
        assert found == sorted(set(found))
        assert len(found) > 240


def test_a_packet_of_two_halves_is_no_picture() -> None:
    whole_one = framed(3)
    data = framed(1) + framed(2) + whole_one[:20] + whole_one + framed(4) + framed(5) + framed(6)
    units = read(Wire(data))
    found = [next(units).unit.data for _ in range(4)]
    assert [(one[-1], len(one)) for one in found] == [(n, 26) for n in (1, 2, 4, 5)]


@pytest.mark.parametrize(
    "noise",
    [
        b"\x01" * 70_000,
        b"$" * 7 + b"\x01" * 90_000,
        b"RTSP/1.0 200 OK\r\nContent-Length: x\r\n\r\n",
        b"RTSP/1.0 200 OK\r\n" + b"x" * 20_000,
        "RTSP/1.0 \N{SUPERSCRIPT TWO} OK\r\n\r\n".encode(),
    ],
)
def test_what_is_neither_packet_nor_words_is_said(noise: bytes) -> None:
    pieces = [noise[at : at + 1000] for at in range(0, len(noise), 1000)]
    with pytest.raises(Misread):
        list(read(Wire(framed(1), *pieces, apart_s=0.001)))


def test_what_came_whole_before_the_end_is_not_lost() -> None:
    bye = b"$\x01\x00\x04\x81\xcb\x00\x00"
    odd = packet(b"\x7d" + bytes(9), 4, 90)
    for end, why in ((bye, EOFError), (b"$\0" + len(odd).to_bytes(2) + odd, Unreadable)):
        units = read(Wire(b"".join(map(framed, range(1, 4))) + end))
        assert [next(units).unit.data[-1] for _ in range(3)] == [1, 2, 3]
        with pytest.raises(why):
            next(units)


def test_reports_alone_for_three_seconds_are_silence() -> None:
    report = b"$\x01\x00\x04\x80\xc8\x00\x00"
    units = read(Wire(framed(1), framed(2), *[report] * 10, apart_s=0.5))
    assert next(units).unit.is_keyframe
    assert next(units).unit.is_keyframe
    with pytest.raises(TimeoutError):
        next(units)


def test_pieces_of_a_picture_that_never_ends_are_silence_however_fast_they_come() -> None:
    piece = packet(b"\x65\x48" + bytes(20), 3, 9000)
    pieces = [b"$\0" + len(piece).to_bytes(2) + piece] * 10_000
    wire = Wire(framed(1), framed(2), *pieces, apart_s=0.001)
    with pytest.raises(TimeoutError):
        list(read(wire))
    assert wire.now_s < 4


def test_the_cameras_own_channels_are_read() -> None:
    data = [framed(n, channel=6) for n in range(1, 4)]
    wire = Wire(*data, framed(9, channel=0), b"$\7\x00\x04\x81\xcb\x00\x00")
    direct = direct_on(wire, channels=(6, 7), keep_alive_s=0.1)
    assert numbers(direct.units()) == [1, 2, 3]
    assert wire.said[1].startswith("2407")


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (framed(1),),
        (b"\x01" * 20_000,),
        ("RTSP/1.0 200 OK\r\nContent-Length: ²\r\n\r\n".encode(),),
    ],
    ids=["hangs up", "hangs up after one", "noise", "a length that is none"],
)
def test_what_does_not_begin_well_is_left_to_ffmpeg_and_hung_up(
    monkeypatch: pytest.MonkeyPatch, pieces: tuple[bytes, ...]
) -> None:
    wire = Wire(*pieces, apart_s=0.0)
    monkeypatch.setattr(direct, "_connected", lambda *_: direct_on(wire))
    with pytest.raises(Misread):
        Direct.begun("rtsp://cam/", "h264", wire.clock)
    assert wire.said == ["closed"]


def test_the_cameras_farewell_ends_it() -> None:
    with pytest.raises(EOFError):
        list(islice(read(Wire(framed(1), b"$\x01\x00\x04\x81\xcb\x00\x00", framed(2))), 2))


def test_it_says_by_the_cameras_own_time_that_it_is_there() -> None:
    wire = Wire(*map(framed, range(1, 40)), apart_s=1.0)
    assert len(numbers(read(wire, keep_alive_s=10.0))) == 39
    assert wire.said.count("still there") == 3


def test_once_the_cameras_clock_is_known_most_packets_are_not_waited_for() -> None:
    ends = [one.is_last for one in islice(read(Wire(*[framed(n) for n in range(1, 200)])), 190)]
    assert all(ends[2:])
    # Each that came at once, but for one in eight, which the next must be waited for after.
    eager = Wire(*[framed(n) for n in range(1, 200)], apart_s=0.0)
    ends = [one.is_last for one in islice(read(eager), 190)]
    assert not any(ends[: direct.WAIT_EVERY])
    assert sum(ends[direct.WAIT_EVERY :]) == pytest.approx(182 * 7 / 8, abs=1)
