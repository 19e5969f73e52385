"""A recorder that sends any bytes: replay goes on, or ends with a reason."""

from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.cameras.login import DeviceLogin
from agent.cameras.onvif.replay import play
from agent.cameras.rtsp.connection import RtspConnection
from agent.cameras.rtsp.protocol import video_of
from agent.cameras.rtsp.rtp_replay import START, Codec
from agent.media.archive import Archived, ArchiveError
from tests.agent.rigs.packing import TYPE, film, packed, sdp_lines
from tests.schedules import tries

WORDS = [
    b"$\1\0\x1c" + bytes.fromhex("80c80006000000070102030405060708000000010000000200000003"),
    b"OPTIONS rtsp://camera/ RTSP/1.0\r\nCSeq: 5\r\nSession: 7E4A\r\n\r\n",
    b"ANNOUNCE * RTSP/1.0\r\nCSeq: 6\r\nContent-Length: 12\r\n\r\nv=0\r\n$\0\0\5s=0",
    b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n",
    b'RTSP/1.0 401 No\r\nCSeq: 1\r\nWWW-Authenticate: Digest realm="r", nonce="n"\r\n\r\n',
    b"\r\n",
]


class Line:
    """In a socket's place: brings those pieces, and closes after the last."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces

    def recv(self, size: int) -> bytes:
        piece = self.pieces.pop(0) if self.pieces else b""
        if len(piece) > size:
            self.pieces.insert(0, piece[size:])
        return piece[:size]

    def sendall(self, data: bytes) -> None:
        assert len(data) < 10_000

    def settimeout(self, wait_s: float) -> None:
        del wait_s

    def close(self) -> None:
        pass


def framed(data: bytes) -> bytes:
    """A packet of pictures inside the connection."""
    return b"$\0" + len(data).to_bytes(2) + data


def talk_on(line: Line, monkeypatch: pytest.MonkeyPatch) -> RtspConnection:
    with monkeypatch.context() as patch:
        patch.setattr("socket.create_connection", lambda *_, **__: line)
        return RtspConnection("rtsp://camera/", DeviceLogin("an", "b1mat"), patience_s=0.2)


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


def answers(codec: Codec) -> bytes:
    """All that a recorder says before it sends."""
    sets = ";".join(sdp_lines(codec, film(codec, count=1)))
    name = {"h264": "H264", "hevc": "H265"}[codec]
    offer = f"m=video 0 RTP/AVP {TYPE}\r\na=rtpmap:{TYPE} {name}/90000\r\na=fmtp:{TYPE} {sets}\r\n"
    said = [f"Content-Length: {len(offer)}\r\n\r\n{offer}", f"{TRANSPORT}\r\n\r\n", "\r\n"]
    return b"".join(
        f"RTSP/1.0 200 OK\r\nCSeq: {n}\r\n{one}".encode() for n, one in enumerate(said, start=1)
    )


TRANSPORT = "Transport: RTP/AVP/TCP;interleaved=0-1\r\nSession: 7"


def at_their_time(data: bytes) -> bytes:
    """With ONVIF's extension, which says when it was recorded: some second of 2026."""
    head = bytes([data[0] | 0x10]) + data[1:12]
    seconds = 3_990_000_000 + int.from_bytes(data[4:8]) // 90_000
    return head + b"\xab\xac\0\3" + seconds.to_bytes(4) + bytes(8) + data[12:]


@cache
def recording(codec: Codec) -> bytes:
    pictures = islice(packed(dress=at_their_time)(codec, film(codec, count=20)), 20)
    return b"".join(framed(one) for picture in pictures for one in picture)


@settings(deadline=None, max_examples=tries(100))
@given(data=st.data())
def test_a_spoilt_recording_is_fetched_as_far_as_it_goes_or_ends_with_a_reason(
    data: st.DataObject,
) -> None:
    codec = cast("Codec", data.draw(st.sampled_from(["h264", "hevc"])))
    true = answers(codec) + recording(codec)[: data.draw(st.integers(1, 90_000))]
    line = Line(spoilt(cast("st.DrawFn", data.draw), true))
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
def test_what_is_not_spoilt_is_fetched_whole(codec: Codec, monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line([answers(codec), recording(codec)])
    monkeypatch.setattr("socket.create_connection", lambda *_, **__: line)
    assert len([*fetched()]) == 20


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_start_codes_inside_a_recorded_unit_are_no_fault(
    codec: Codec, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = [nal + START for nal in film(codec, count=1)[0]]
    picture = next(packed(dress=at_their_time)(codec, [unit]))
    line = Line([answers(codec), b"".join(framed(one) for one in picture)])
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
        for method in ("OPTIONS", "DESCRIBE", "SETUP", "PLAY"):
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
