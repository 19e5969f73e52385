"""Whatever bytes come: the reader goes on or ends with a reason, and keeps little meanwhile."""

import tracemalloc
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain, islice
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.devices import rtp_gather
from agent.devices.direct import Direct, Misread
from agent.devices.replay_line import play
from agent.devices.rtp_gather import Gathering, Unreadable
from agent.devices.rtp_units import START, UNIT_BYTES, Codec
from agent.devices.rtsp_talk import Talk
from agent.devices.rtsp_words import Video, video_of
from agent.devices.soap import DeviceLogin
from agent.media.archive import Archived, ArchiveError
from agent.media.frame import Instant
from tests.agent.fake_camera import DIGEST
from tests.agent.oddities import ANNOUNCE, ODDITIES, OPTIONS, REPORT, framed
from tests.agent.packing import TYPE, film, packed, packet, sdp_lines

REASONS = (OSError, EOFError, ArchiveError, Misread, Unreadable)
PACKED = [name for name, odd in ODDITIES.items() if not odd.film]
WORDS = [
    REPORT,
    OPTIONS,
    ANNOUNCE,
    b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n",
    b"RTSP/1.0 401 No\r\nCSeq: 1\r\nWWW-Authenticate: " + DIGEST.encode() + b"\r\n\r\n",
    b"\r\n",
]


class Line:
    """In a socket's place: brings those pieces, takes what is said, is over with the last."""

    def __init__(self, pieces: list[bytes], *, apart_ns: int = 0) -> None:
        self.pieces = pieces
        self.apart_ns = apart_ns
        self.now_ns = 0

    def recv_into(self, room: memoryview) -> int:
        self.now_ns += self.apart_ns
        piece = self.pieces.pop(0) if self.pieces else b""
        if len(piece) > len(room):
            self.pieces.insert(0, piece[len(room) :])
        room[: len(piece)] = piece[: len(room)]
        return min(len(piece), len(room))

    def recv(self, size: int) -> bytes:
        room = memoryview(bytearray(size))
        return bytes(room[: self.recv_into(room)])

    def sendall(self, data: bytes) -> None:
        assert len(data) < 10_000

    def settimeout(self, wait_s: float) -> None:
        del wait_s

    def close(self) -> None:
        pass

    def clock(self) -> Instant:
        self.now_ns += 100_000
        return Instant(self.now_ns, self.now_ns // 1000)


def talk_on(line: Line, monkeypatch: pytest.MonkeyPatch) -> Talk:
    with monkeypatch.context() as patch:
        patch.setattr("socket.create_connection", lambda *_, **__: line)
        return Talk("rtsp://camera/", DeviceLogin("an", "b1mat"), patience_s=0.2)


@cache
def sent(codec: Codec, name: str) -> bytes:
    """Some twenty pictures of it, as they go over the line."""
    habits, units = ODDITIES[name].habits, film(codec, count=20)
    pictures = islice(habits.pack(codec, units), 20)
    return b"".join(
        habits.before(number, b"".join(framed(0, one) for one in picture))
        for number, picture in enumerate(pictures)
    )


def spoilt(draw: st.DrawFn, whole: bytes) -> list[bytes]:
    """With bytes changed, cut out, doubled or put in, in pieces of any size."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(0, 8))):
        at = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["change", "cut", "double", "put in", "words"])):
            case "change" if at < len(data):
                data[at] = draw(st.integers(0, 255))
            case "cut":
                del data[at : at + draw(st.integers(1, 3000))]
            case "double":
                data[at:at] = data[at : at + draw(st.integers(1, 3000))]
            case "words":
                data[at:at] = draw(st.sampled_from(WORDS))
            case _:
                data[at:at] = draw(st.binary(max_size=40) | st.just(START))
    size = draw(st.integers(1, 20_000))
    return [bytes(data[at : at + size]) for at in range(0, len(data), size)]


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Codec, list[bytes]]:
    """A true one, spoilt."""
    codec = cast("Codec", draw(st.sampled_from(["h264", "hevc"])))
    name = draw(st.sampled_from(PACKED))
    return codec, spoilt(draw, sent(codec, name)[: draw(st.integers(1, 60_000))])


@settings(deadline=None, max_examples=300)
@given(told=conversations())
def test_a_spoilt_conversation_is_read_on_or_ends_with_a_reason(
    told: tuple[Codec, list[bytes]],
) -> None:
    codec, pieces = told
    with pytest.MonkeyPatch.context() as patch:
        line = Line(pieces)
        talk = talk_on(line, patch)
    direct = Direct(talk, Video(codec, TYPE, "", b""), line.clock, keep_alive_s=0.01)
    with pytest.raises(REASONS):
        for read in direct.units():
            assert read.unit.data.startswith(START)
            assert len(read.unit.data) <= UNIT_BYTES


def answers(codec: Codec, *, options: bool) -> bytes:
    """All that a camera says before it sends."""
    sets = ";".join(sdp_lines(codec, film(codec, count=1)))
    name = {"h264": "H264", "hevc": "H265"}[codec]
    offer = f"m=video 0 RTP/AVP {TYPE}\r\na=rtpmap:{TYPE} {name}/90000\r\na=fmtp:{TYPE} {sets}\r\n"
    said = [f"Content-Length: {len(offer)}\r\n\r\n{offer}", f"{TRANSPORT}\r\n\r\n", "\r\n"]
    said = ["Public: OPTIONS\r\n\r\n"] * options + said
    return b"".join(
        f"RTSP/1.0 200 OK\r\nCSeq: {n}\r\n{one}".encode() for n, one in enumerate(said, start=1)
    )


APART_NS = 10_000_000
TRANSPORT = "Transport: RTP/AVP/TCP;interleaved=0-1\r\nSession: 7"


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_a_spoilt_beginning_begins_or_is_refused_with_a_reason(data: st.DataObject) -> None:
    codec = cast("Codec", data.draw(st.sampled_from(["h264", "hevc"])))
    true = answers(codec, options=True) + sent(codec, "nothing odd")[:90_000]
    line = Line(spoilt(data.draw, true), apart_ns=APART_NS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("socket.create_connection", lambda *_, **__: line)
        try:
            direct = Direct.begun("rtsp://an:b1mat@camera/", codec, line.clock)
        except Misread as odd:
            assert str(odd)
            assert "b1mat" not in str(odd)
        else:
            assert direct.pile[0].unit.is_keyframe


def at_their_time(data: bytes) -> bytes:
    """With ONVIF's extension, which says when it was recorded: some second of 2026."""
    head = bytes([data[0] | 0x10]) + data[1:12]
    seconds = 3_990_000_000 + int.from_bytes(data[4:8]) // 90_000
    return head + b"\xab\xac\0\3" + seconds.to_bytes(4) + bytes(8) + data[12:]


@cache
def recording(codec: Codec) -> bytes:
    pictures = islice(packed(dress=at_their_time)(codec, film(codec, count=20)), 20)
    return b"".join(framed(0, one) for picture in pictures for one in picture)


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_a_spoilt_recording_is_fetched_as_far_as_it_goes_or_ends_with_a_reason(
    data: st.DataObject,
) -> None:
    codec = cast("Codec", data.draw(st.sampled_from(["h264", "hevc"])))
    true = answers(codec, options=False) + recording(codec)[: data.draw(st.integers(1, 90_000))]
    line = Line(spoilt(data.draw, true))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("socket.create_connection", lambda *_, **__: line)
        try:
            for archived in fetched():
                assert archived.packet.data.startswith(START)
        except ArchiveError as error:
            assert str(error)


def fetched() -> Iterator[Archived]:
    return play("rtsp://camera/", login=None, from_utc_us=0, until_utc_us=10**16, ahead_us=0)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_what_is_not_spoilt_begins_and_is_fetched_whole(
    codec: Codec, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = answers(codec, options=True) + sent(codec, "nothing odd")
    pieces = [data[at : at + 3000] for at in range(0, len(data), 3000)]
    line = Line(pieces, apart_ns=APART_NS)
    monkeypatch.setattr("socket.create_connection", lambda *_, **__: line)
    assert Direct.begun("rtsp://camera/", codec, line.clock).pile
    line = Line([answers(codec, options=False), recording(codec)])
    assert len([*fetched()]) == 20


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_start_codes_inside_a_recorded_unit_are_no_fault(
    codec: Codec, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = [nal + START for nal in film(codec, count=1)[0]]
    picture = next(packed(dress=at_their_time)(codec, [unit]))
    line = Line([answers(codec, options=False), b"".join(framed(0, one) for one in picture)])
    monkeypatch.setattr("socket.create_connection", lambda *_, **__: line)
    assert len([*fetched()]) == 1


ANSWERS = [
    b"RTSP/1.0 200 OK\r\nCSeq: %d\r\nPublic: OPTIONS, GET_PARAMETER\r\n\r\n",
    b"RTSP/1.0 200 OK\r\nCSeq: %d\r\nContent-Base: rtsp://h/\r\nContent-Length: 9\r\n\r\nm=video 0",
    b"RTSP/1.0 200 OK\r\nCSeq: %d\r\nTransport: interleaved=0-1\r\nSession: 1;timeout=60\r\n\r\n",
    b"RTSP/1.0 401 No\r\nCSeq: %d\r\nWWW-Authenticate: Digest nonce=n, stale=true\r\n\r\n",
    b"RTSP/1.0 302 Found\r\nCSeq: %d\r\nLocation: rtsp://h/\r\n\r\n",
]


@settings(deadline=None)
@given(
    answers=st.lists(st.sampled_from(ANSWERS), max_size=6),
    noise=st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=12)), max_size=4),
)
def test_spoilt_answers_are_answers_or_a_reason(
    answers: list[bytes], noise: list[tuple[int, bytes]]
) -> None:
    data = bytearray(b"".join(one % n for n, one in enumerate(answers, start=1)))
    for at, piece in noise:
        data[at : at + len(piece)] = piece
    with pytest.MonkeyPatch.context() as patch:
        talk = talk_on(Line([bytes(data)]), patch)
    try:
        talk.learn_what_keeps_alive()
        for method in ("DESCRIBE", "SETUP", "PLAY"):
            talk.ask(method, talk.url, {})
    except ArchiveError as error:
        assert "b1mat" not in str(error)
    talk.close()


@given(noise=st.text(max_size=60), cut=st.integers(0, 120), at=st.integers(0, 120))
def test_a_spoilt_offer_is_an_offer_or_none(noise: str, cut: int, at: int) -> None:
    lines = ";".join(sdp_lines("h264", film_once()))
    begun = "v=0\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    offer = f"{begun}a=fmtp:96 {lines}\r\n"
    video = video_of(offer[:at] + noise + offer[at + cut :], "rtsp://h/")
    assert video is None or video.codec in {"h264", "hevc"}


@cache
def film_once() -> list[list[bytes]]:
    return film("h264", count=2)


KIND = {"h264": b"\x7c\x85", "hevc": b"\x62\x01\x93"}
MIDDLE = {"h264": b"\x7c\x05", "hevc": b"\x62\x01\x13"}


LARGEST = 2**18


def most_memory(monkeypatch: pytest.MonkeyPatch, codec: Codec, packets: Iterable[bytes]) -> int:
    """In bytes, while those are gathered to pictures of at most LARGEST; none of them is over."""
    monkeypatch.setattr(rtp_gather, "UNIT_BYTES", LARGEST)
    gathering = Gathering(codec, TYPE)
    tracemalloc.start()
    try:
        for one in packets:
            assert not gathering.take(bytearray(one), 0, len(one))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("body", [b"", b"x"], ids=["nothing", "one byte"])
def test_a_picture_that_never_ends_does_not_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch, codec: Codec, body: bytes
) -> None:
    first = packet(KIND[codec] + b"\x88", 0, 90)
    pieces = (packet(MIDDLE[codec] + body, number, 90) for number in range(1, 30_000))
    assert most_memory(monkeypatch, codec, chain([first], pieces)) < 3 * LARGEST


def test_small_units_without_end_do_not_either(monkeypatch: pytest.MonkeyPatch) -> None:
    units = (packet(b"\x0c\x01", number, 90) for number in range(30_000))
    assert most_memory(monkeypatch, "h264", units) < 3 * LARGEST
