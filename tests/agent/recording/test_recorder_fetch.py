"""A camera's own recorder: asked by ONVIF, played by time, stored as sealed clips of the node."""

import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import ValidationError

from agent.app.recorders import make_recorder, read_login
from agent.cameras.login import DeviceLogin
from agent.cameras.onvif.recorder import OnvifRecorder, at_host_of
from agent.cameras.onvif.soap import read
from agent.cameras.rtsp.protocol import Credentials, clock_range, video_of
from agent.cameras.rtsp.rtp_replay import Units, rtp_packet
from agent.cli.check.recorder import recorder_finding
from agent.config.camera import CameraSection
from agent.journal import Clip, FootageClass, Journal
from agent.media.archive import Archived, ArchiveError
from agent.recording.recorder_fetch import TRIES, RecorderFetch, uncovered
from agent.recording.store.store import ClipStore
from agent.wire.answers import BringSpan
from agent.wire.messages import ClipReady, MediaAnswered
from agent.wire.seal_check import State, judge
from tests.agent.rigs.sealing import Office, office
from tests.agent.rigs.stage import clip_id_at, decoded_frames
from tests.rigs.recorder import Film, Recorder
from tests.waiting import until

pytestmark = pytest.mark.promise("Clips: Continuous recording is a footage class of its own.")

BEGAN_US = (time.time_ns() // 1000 - 3_600_000_000) // 1_000_000 * 1_000_000
"""When the film begins: an hour ago, to the second."""
LENGTH_S = 20


def utc_us() -> int:
    return time.time_ns() // 1000


@pytest.fixture(scope="module")
def film(needs_media: None, tmp_path_factory: pytest.TempPathFactory) -> Film:
    """Twenty seconds at 10 frames a second, a keyframe each second."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    make = f"ffmpeg -v error -f lavfi -i testsrc2=size=320x240:rate=10:duration={LENGTH_S}"
    coded = "-c:v libx264 -g 10 -bf 0 -sc_threshold 0 -pix_fmt yuv420p"
    subprocess.run([*make.split(), *coded.split(), str(path)], check=True)
    return Film.of(str(path), began_utc_us=BEGAN_US)


@pytest.fixture
def there(film: Film) -> Iterator[Recorder]:
    with Recorder(film) as recorder:
        yield recorder


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return office(tmp_path_factory.mktemp("town") / "ca")


def asked(
    recorder: Recorder, *, token: str = "", login: tuple[str, str] | None = None
) -> OnvifRecorder:
    name, password = login or recorder.login
    return OnvifRecorder(
        recorder.address,
        login=lambda: DeviceLogin(name, password),
        utc_us=utc_us,
        token=token,
    )


def played(recorder: Recorder, from_s: float, until_s: float, *, token: str = "") -> list[Archived]:
    span = (BEGAN_US + round(from_s * 1e6), BEGAN_US + round(until_s * 1e6))
    return list(asked(recorder, token=token).play(*span))


def seconds_of(units: list[Archived]) -> list[float]:
    return [round((one.packet.at.utc_us - BEGAN_US) / 1e6, 2) for one in units]


# By ONVIF and RTSP


def test_a_span_is_played_from_its_keyframe_on_with_the_recorders_times(there: Recorder) -> None:
    units = played(there, 5.5, 8)
    assert seconds_of(units) == pytest.approx([n / 10 for n in range(50, 81)], abs=0.01)
    assert units[0].packet.is_keyframe
    assert (units[0].stream.codec, units[0].stream.width, units[0].stream.height) == (
        "h264",
        320,
        240,
    )
    assert not any(one.is_cut for one in units)
    [said] = there.ranges
    assert said == clock_range(BEGAN_US + 5_500_000, BEGAN_US + 8_000_000)
    until(lambda: there.asked[-1] == "TEARDOWN")  # it is heard after we have hung up


@pytest.mark.parametrize("ahead_s", [-7200, 90])
def test_a_recorder_whose_clock_is_wrong_is_asked_and_heard_by_its_own(
    film: Film, ahead_s: int
) -> None:
    with Recorder(film, ahead_s=ahead_s) as recorder:
        units = played(recorder, 5, 12)
    assert len(units) >= 10
    assert seconds_of(units)[0] == pytest.approx(5, abs=4)


@pytest.mark.parametrize("ends_with", ["flag", "bye"])
def test_it_knows_where_the_recording_ends(film: Film, ends_with: str) -> None:
    with Recorder(film, ends_with=ends_with) as recorder:
        assert seconds_of(played(recorder, 18, 60))[-1] == pytest.approx(19.9)


def test_nothing_of_that_time_is_said_in_words(film: Film) -> None:
    with (
        Recorder(film, ends_with="bye") as recorder,
        pytest.raises(ArchiveError, match="no video with recording times"),
    ):
        played(recorder, -500, -400)


@pytest.mark.parametrize("what", ["present", "reports", "moment"])
def test_a_recorder_that_never_ends_and_does_not_go_on_is_given_up(
    film: Film, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.cameras.onvif.replay.STANDS_S", 0.5)
    with (
        Recorder(film, never_ends_with=what, ends_with="") as recorder,
        pytest.raises(ArchiveError, match="no further video of its recording"),
    ):
        played(recorder, 0, 4)


def test_where_the_recorder_says_that_something_lacks_it_goes_on_from_the_next_keyframe(
    film: Film,
) -> None:
    with Recorder(film, cuts_at=(14,)) as recorder:
        units = played(recorder, 0, 4)
    assert seconds_of(units)[:14] == pytest.approx([n / 10 for n in range(14)], abs=0.01)
    assert [seconds_of(units)[n] for n, one in enumerate(units) if one.is_cut] == [2.0]


def test_one_of_several_recordings_is_chosen_by_its_token(film: Film) -> None:
    with Recorder(film, recordings=("front", "yard")) as recorder:
        assert [one.name for one in asked(recorder).recordings()] == ["Camera front", "Camera yard"]
        with pytest.raises(ArchiveError, match="front, yard"):
            played(recorder, 0, 1)
        assert played(recorder, 0, 1, token="yard")


def test_a_wrong_login_is_said_without_it(there: Recorder) -> None:
    with pytest.raises(ArchiveError) as refused:
        asked(there, login=("lan", "another secret")).recordings()
    assert "not Authorized" in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.loopback
def test_nobody_there_is_said_in_words() -> None:
    recorder = OnvifRecorder("http://127.0.0.1:9/onvif", login=lambda: None, utc_us=utc_us)
    with pytest.raises(ArchiveError, match="does not answer"):
        recorder.recordings()


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("http://192.0.2.7:8000/onvif/search", "http://10.0.0.5:8000/onvif/search"),
        ("rtsp://root:pw@192.0.2.7/replay?t=1", "rtsp://10.0.0.5/replay?t=1"),
    ],
)
def test_no_answer_leads_to_another_host(said: str, meant: str) -> None:
    assert at_host_of("http://10.0.0.5/onvif/device_service", said) == meant


def test_a_redirection_is_not_followed_to_another_host(there: Recorder) -> None:
    moved = b"HTTP/1.0 302 Found\r\nLocation: " + there.address.encode() + b"\r\n\r\n<a/>"
    with saying(moved) as address, pytest.raises(ArchiveError, match="answers 302"):
        OnvifRecorder(address, login=lambda: None, utc_us=utc_us).recordings()
    assert there.asked == []


@pytest.mark.loopback
@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"no HTTP at all\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.0 500 Oh\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.0 500 Oh\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b'HTTP/1.0 401 No\r\nWWW-Authenticate: Odd realm="a"\r\n\r\n',
    ],
)
def test_whatever_answers_is_said_in_one_line(said: bytes) -> None:
    with saying(said) as address, pytest.raises(ArchiveError) as refused:
        OnvifRecorder(
            address, login=lambda: DeviceLogin("lan", "secret"), utc_us=utc_us
        ).recordings()
    assert address.split("/")[2] in str(refused.value)
    assert "\n" not in str(refused.value)


@contextmanager
def saying(answer: bytes) -> Iterator[str]:
    """The address of somebody who gives that answer to whatever is asked, and hangs up."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            size = 0
            while (line := self.rfile.readline()) not in {b"", b"\r\n"}:
                name, _, value = line.partition(b":")
                size = int(value) if name.lower() == b"content-length" else size
            self.rfile.read(size)
            self.wfile.write(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/onvif/device_service"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("said", ["file:///etc/passwd", "", "http://[", "gopher://10.0.0.5/"])
def test_an_address_that_is_none_is_refused(said: str) -> None:
    with pytest.raises(ArchiveError, match="address"):
        at_host_of("http://10.0.0.5/onvif/device_service", said)


@pytest.mark.parametrize(
    "said",
    [
        *(b"", b"<a/>", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"<a", b"x" * 10),
        b'<?xml version="1.0" encoding="GB2312"?><a/>',
        b'<?xml version="1.0" encoding="none-of-all"?><a/>',
    ],
)
def test_an_answer_that_is_none_is_refused(said: bytes) -> None:
    with pytest.raises(ArchiveError):
        read(said, "http://10.0.0.5/onvif")


def test_an_answer_to_a_challenge_is_that_of_rfc_2617() -> None:
    credentials = Credentials(DeviceLogin("Mufasa", "Circle Of Life"))
    assert credentials.challenged(
        'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    )
    said = credentials.header("GET", "/dir/index.html")["Authorization"]
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in said


@pytest.mark.parametrize("data", [b"", b"\x80" * 11, b"\x10" * 40, b"\x9f" + b"\xff" * 20])
def test_what_is_no_packet_is_none(data: bytes) -> None:
    packet = rtp_packet(data)
    assert packet is None or list(Units("h264").take(packet)) == []


def test_an_sdp_without_pictures_offers_none() -> None:
    assert video_of("v=0\r\nm=audio 0 RTP/AVP 0\r\n", "rtsp://h/a") is None


# On the shelf


@pytest.fixture
def store(tmp_path: Path, node_journal: Journal, town: Office) -> ClipStore:
    return ClipStore(
        tmp_path / "clips",
        node_journal,
        max_bytes=2**40,
        spare_bytes=0,
        sealer=town.sealer(),
    )


def fetching(recorder: Recorder, store: ClipStore, journal: Journal) -> RecorderFetch:
    return RecorderFetch("cam", asked(recorder), store, journal, new_id=clip_id_at)


def want(journal: Journal, from_s: float, until_s: float) -> None:
    span = BringSpan(
        camera="cam",
        from_utc_us=BEGAN_US + round(from_s * 1e6),
        until_utc_us=BEGAN_US + round(until_s * 1e6),
    )
    journal.want_span(uuid4(), span)


def go(service: RecorderFetch, store: ClipStore) -> None:
    store.answer_spans(lambda: None)
    service.advance(threading.Event(), lambda: None)
    store.answer_spans(lambda: None)


def told(journal: Journal) -> list[object]:
    return [one.body for one in journal.waiting(100)]


def test_what_the_hub_asks_for_is_fetched_sealed_marked_and_brought(
    there: Recorder, store: ClipStore, node_journal: Journal, town: Office
) -> None:
    service = fetching(there, store, node_journal)
    want(node_journal, 5, 9)
    go(service, store)
    ready, answer = told(node_journal)
    assert isinstance(ready, ClipReady)
    assert isinstance(answer, MediaAnswered)
    assert answer.coming == (ready.sha256,)
    assert (ready.from_recorder, ready.is_sealed, ready.codec) == (True, True, "h264")
    assert ready.first_frame_utc_us == pytest.approx(BEGAN_US + 5_000_000, abs=1_200_000)
    assert ready.duration_ms == pytest.approx(4000, abs=1200)
    [clip] = node_journal.clips()
    assert clip.clip_class is FootageClass.CONTINUOUS
    assert decoded_frames(clip.path) >= 35
    verdict = judge(clip.path.read_bytes(), town.sealer().holds)
    assert verdict.state is State.INTACT
    assert verdict.claims is not None
    assert verdict.claims.fetched_utc_us == node_journal.now().utc_us


def test_a_span_is_answered_only_when_its_recorder_was_asked(
    there: Recorder, store: ClipStore, node_journal: Journal
) -> None:
    service = fetching(there, store, node_journal)
    want(node_journal, 5, 9)
    store.answer_spans(lambda: None)
    assert told(node_journal) == []
    go(service, store)
    assert len(told(node_journal)) == 2


def test_what_was_fetched_before_is_not_fetched_again(
    there: Recorder, store: ClipStore, node_journal: Journal
) -> None:
    service = fetching(there, store, node_journal)
    for span in ((4, 9), (5, 8), (1, 12)):
        want(node_journal, *span)
        go(service, store)
    assert len(there.ranges) == 3, "the first, and both ends of the last"
    assert len(node_journal.clips()) == 3


def test_a_recorder_that_hangs_up_is_asked_again_for_the_rest_and_then_answered_with_what_came(
    film: Film, store: ClipStore, node_journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.recording.recorder_fetch.TRY_AGAIN_S", 0.0)
    with Recorder(film, hangs_up_after=40) as recorder:
        service = fetching(recorder, store, node_journal)
        want(node_journal, 0, 10)
        for _ in range(TRIES):
            go(service, store)
    bodies = told(node_journal)
    assert isinstance(bodies[-1], MediaAnswered)
    assert 1 <= len(bodies[-1].coming) <= TRIES
    assert all(one.duration_ms > 2000 for one in node_journal.clips())


@pytest.mark.loopback
def test_nobody_there_is_answered_with_nothing_after_three_tries(
    store: ClipStore, node_journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.recording.recorder_fetch.TRY_AGAIN_S", 0.0)
    nobody = OnvifRecorder("http://127.0.0.1:9/onvif", login=lambda: None, utc_us=utc_us)
    service = RecorderFetch("cam", nobody, store, node_journal, new_id=clip_id_at)
    want(node_journal, 0, 10)
    for _ in range(TRIES):
        assert told(node_journal) == []
        go(service, store)
    [answer] = told(node_journal)
    assert isinstance(answer, MediaAnswered)
    assert answer.coming == ()
    assert service.counts.failures == TRIES


class Empty:
    """A recorder that has nothing of any span, and says so at once."""

    def play(self, from_utc_us: int, until_utc_us: int) -> Iterator[Archived]:
        return iter(())


def test_the_shelf_may_ask_what_is_due_while_spans_come_to_their_end(
    store: ClipStore, node_journal: Journal
) -> None:
    service = RecorderFetch("cam", Empty(), store, node_journal, new_id=clip_id_at)
    for _ in range(300):
        want(node_journal, 0, 10)
    *_, last = node_journal.spans_wanted()
    fetched = threading.Thread(target=service.advance, args=(threading.Event(), lambda: None))
    between_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        fetched.start()
        while fetched.is_alive():
            service.is_due(last)
    finally:
        sys.setswitchinterval(between_s)
        fetched.join()
    assert not any(service.is_due(span) for span in node_journal.spans_wanted())


def test_what_is_left_of_a_killed_fetch_is_known_as_the_recorders(
    there: Recorder, store: ClipStore, node_journal: Journal, town: Office
) -> None:
    service = fetching(there, store, node_journal)
    want(node_journal, 5, 9)
    go(service, store)
    [clip] = node_journal.clips()
    with node_journal.transaction() as tx:
        tx.remove_media(clip.sha256, "a killed run")
    again = ClipStore(store.folder, node_journal, max_bytes=2**40, spare_bytes=0)
    again.take_in_leftovers(lambda: None)
    [found] = node_journal.clips()
    assert (found.path, found.clip_class) == (clip.path, FootageClass.CONTINUOUS)


def clip_at(path: str, from_s: float, until_s: float) -> Clip:
    return Clip(
        clip_id=uuid4(),
        camera="cam",
        path=Path(path),
        sha256="ab" * 32,
        size_bytes=1,
        first_frame_utc_us=round(from_s * 1e6),
        duration_ms=round((until_s - from_s) * 1000),
        sighting_ids=(),
        clip_class=FootageClass.CONTINUOUS,
    )


@pytest.mark.parametrize(
    ("clips", "gaps"),
    [
        ([], [(0, 60)]),
        ([("a.all.mp4", 0, 60)], [(0, 60)]),
        ([("a.rec.mp4", 0, 60)], []),
        ([("a.rec.mp4", 20, 30)], [(0, 20), (30, 60)]),
        ([("a.rec.mp4", 30, 90), ("b.rec.mp4", -5, 31)], []),
        ([("a.rec.mp4", 1, 59)], []),
    ],
)
def test_only_what_lacks_is_asked_for(
    clips: list[tuple[str, float, float]], gaps: list[tuple[float, float]]
) -> None:
    found = uncovered((0, 60_000_000), [clip_at(*one) for one in clips])
    assert [(begin / 1e6, end / 1e6) for begin, end in found] == gaps


def test_a_moment_is_asked_for_as_a_stretch() -> None:
    assert uncovered((5, 5), []) == [(5, 2_000_005)]


# In the configuration


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"recorder": "rtsp://10.0.0.5/"}, "http://HOST/PATH"),
        ({"recorder": "http://lan:pw@10.0.0.5/onvif"}, "without a login"),
        ({"recorder_token": "a"}, "give it recorder too"),
        (
            {"recorder": "http://10.0.0.5/onvif", "private": [[[0, 0], [1, 0], [1, 1]]]},
            "knows no privacy masks",
        ),
    ],
)
def test_a_recorder_that_cannot_be_is_refused(keys: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        CameraSection(name="cam", url="rtsp://10.0.0.5/a", **keys)  # as a file says


def own_file(path: Path, line: str) -> None:
    """That nobody else may read."""
    path.write_text(line, encoding="utf-8")
    path.chmod(0o600)


def section(recorder: Recorder, folder: Path, line: str) -> CameraSection:
    own_file(folder / "login", line)
    return CameraSection(
        name="cam",
        url="rtsp://10.0.0.5/a",
        recorder=recorder.address,
        recorder_login_file=str(folder / "login"),
    )


def test_check_says_what_the_recorder_has_or_what_to_do(there: Recorder, tmp_path: Path) -> None:
    good = section(there, tmp_path, ":".join(there.login) + "\n")
    found = recorder_finding(good, utc_us)
    assert found.is_ok, found.line(str)
    wrong = section(there, tmp_path, "lan:no")
    assert "cannot be asked" in recorder_finding(wrong, utc_us).line(str)
    there.recordings = ("front", "yard")
    several = recorder_finding(section(there, tmp_path, ":".join(there.login)), utc_us)
    assert "yard (Camera yard)" in several.line(str)
    chosen = replace_token(good, "yard")
    assert recorder_finding(chosen, utc_us).is_ok is False, "the login is another one by now"


def replace_token(one: CameraSection, token: str) -> CameraSection:
    return one.model_copy(update={"recorder_token": token, "recorder_login_file": ""})


@pytest.mark.parametrize("line", ["", "lan", ":pw", "a:b\nc:d"])
def test_a_login_that_is_none_is_refused_without_being_shown(tmp_path: Path, line: str) -> None:
    own_file(tmp_path / "login", line)
    with pytest.raises(ArchiveError, match="NAME:PASSWORD"):
        read_login(str(tmp_path / "login"))
    with pytest.raises(ArchiveError, match="cannot be read"):
        read_login(str(tmp_path / "none"))
    assert make_recorder(
        CameraSection(name="cam", url="rtsp://10.0.0.5/a", recorder="http://10.0.0.5/onvif"), utc_us
    )
