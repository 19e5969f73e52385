"""A conversation with a recorder: its answers, its time limits, and the login."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cameras.login import DeviceLogin
from agent.cameras.rtsp.connection import HEAD_BYTES, RtspConnection
from agent.cameras.rtsp.protocol import Credentials, head_of, length_of, video_of, whole_of
from agent.media.archive import ArchiveError
from tests.agent.rigs.fake_camera import DIGEST, FakeCamera, Habits
from tests.agent.rigs.packing import film
from tests.waiting import until

DIGESTS = [
    'Digest realm="r", nonce="n", algorithm=MD5',
    'Digest realm="r", nonce="n", algorithm="SHA-256"',
    'digest realm = "r" , nonce = "n"',
]
UNKNOWN = 'Digest realm="r", nonce="n", algorithm=SHA-512-256'
PLAIN = 'Basic realm="Digest cam"'


def signed(challenge: str) -> str:
    known = Credentials(DeviceLogin("an", "b1mat"))
    assert known.challenged(challenge)
    return known.header("DESCRIBE", "rtsp://cam/")["Authorization"]


@pytest.mark.parametrize("digest", DIGESTS)
@pytest.mark.parametrize("is_first", [True, False])
def test_who_offers_a_digest_is_not_told_the_password_plainly(digest: str, is_first: bool) -> None:
    both = f"{digest}, {PLAIN}" if is_first else f"{PLAIN}, {digest}"
    assert signed(both).startswith("Digest")
    assert 'realm="r"' in signed(both)


def test_of_two_digests_the_first_that_is_known_is_answered() -> None:
    assert 'algorithm="SHA-256"' in signed(f"{UNKNOWN}, {DIGESTS[1]}, {DIGESTS[0]}")
    assert 'algorithm="MD5"' in signed(f"{DIGESTS[0]}, {DIGESTS[1]}")
    assert not Credentials(DeviceLogin("an", "b1mat")).challenged(UNKNOWN)


def test_all_challenges_of_an_answer_are_read() -> None:
    told = head_of(b"RTSP/1.0 401 No\r\nWWW-Authenticate: Digest a\r\nWWW-Authenticate: Basic b")
    assert told == (401, {"www-authenticate": "Digest a, Basic b"})


@given(st.binary(max_size=80), st.sampled_from([b"", b"RTSP/1.0 ", b"RTSP/1.0 200 OK\r\n"]))
def test_whatever_a_head_holds_it_is_one_or_none(noise: bytes, begun: bytes) -> None:
    told = head_of(begun + noise)
    assert told is None or 0 <= told[0] <= 999


@pytest.mark.parametrize("said", ["\N{SUPERSCRIPT TWO}", "9" * 5000, "-1", "1 2", "0x9"])
def test_numbers_that_are_none_are_no_lengths_and_no_statuses(said: str) -> None:
    assert length_of({"content-length": said}) is None
    assert head_of(f"RTSP/1.0 {said} OK\r\n".encode()) is None
    assert video_of(f"m=video 0\na=rtpmap:{said} H264/90000", "rtsp://h/") is None


@pytest.mark.parametrize(
    ("base", "whole", "control", "expected"),
    [
        ("rtsp://h/a/", "*", "trackID=1", "rtsp://h/a/trackID=1"),
        ("rtsp://h/a", "*", "/trackID=1", "rtsp://h/a/trackID=1"),
        ("rtsp://h/a?channel=1&subtype=0/", "*", "trackID=0", "rtsp://h/a?channel=1&subtype=0/trackID=0"),
        ("rtsp://h/a/", "rtsp://h/b/", "trackID=1", "rtsp://h/b/trackID=1"),
        ("rtsp://h/a/", "rtsp://h/b/", "rtsp://h/c/1?p=2", "rtsp://h/c/1?p=2"),
        ("rtsp://h/a/", "*", "*", "rtsp://h/a/"),
    ],
)  # fmt: skip
def test_addresses_of_streams_are_those_that_players_ask_for(
    base: str, whole: str, control: str, expected: str
) -> None:
    offer = f"v=0\r\na=control:{whole}\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 h264/90000\r\n"
    video = video_of(f"{offer}a=control:{control}\r\n", base)
    assert video is not None
    assert video.control == expected
    assert whole_of(offer, base) == (base if whole == "*" else whole)


@contextmanager
def dripping(drop: bytes, apart_s: float = 0.01) -> Iterator[int]:
    """A port at which that comes again and again, and nothing else."""
    is_over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            line, _ = server.accept()
            with line:
                while not is_over.wait(apart_s):
                    try:
                        line.sendall(drop)
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            is_over.set()
            thread.join()


@pytest.mark.loopback
@pytest.mark.parametrize("drop", [b"R", b"$\0\0\1x", b"RTSP/1.0 200 OK\r\nCSeq: 99\r\n\r\n"])
def test_a_camera_that_answers_by_drops_is_not_waited_for(drop: bytes) -> None:
    with dripping(drop) as port:
        talk = RtspConnection(f"rtsp://127.0.0.1:{port}/", None, patience_s=0.3)
        with pytest.raises(ArchiveError, match="it is silent"):
            talk.ask("OPTIONS", talk.url, {})
        talk.close()


@pytest.mark.loopback
def test_a_head_without_end_is_no_answer() -> None:
    with dripping(b"R" * HEAD_BYTES, apart_s=0.0001) as port:
        talk = RtspConnection(f"rtsp://127.0.0.1:{port}/", None, patience_s=10)
        with pytest.raises(ArchiveError, match="not in RTSP"):
            talk.ask("OPTIONS", talk.url, {})
        talk.close()


@pytest.mark.loopback
def test_a_password_is_tried_once_because_devices_lock_an_account() -> None:
    with FakeCamera("h264", film("h264", count=10), Habits(challenges=(DIGEST,))) as camera:
        talk = RtspConnection(camera.url(), DeviceLogin("quan ly", "wrong"))
        with pytest.raises(ArchiveError, match="refuses the login"):
            talk.ask("OPTIONS", talk.url, {})
        talk.close()
        assert len(camera.seen.signed) == 1


@pytest.mark.loopback
def test_it_says_that_it_hangs_up() -> None:
    with FakeCamera("h264", film("h264", count=10), Habits()) as camera:
        with RtspConnection(camera.url(), None) as talk:
            talk.session = talk.ask("OPTIONS", talk.url, {}).headers.get("session", "7E4A")
        until(lambda: [method for method, _ in camera.seen.requests] == ["OPTIONS", "TEARDOWN"])
