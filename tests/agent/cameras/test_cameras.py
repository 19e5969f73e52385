"""`cameras`: attached devices, answers to ONVIF discovery, the streams of an address and their
faults."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.cameras.address import masked
from agent.cameras.attached import Attached, usb_devices
from agent.cameras.onvif import discovery
from agent.cameras.onvif.discovery import ProbeMatch, discover, read
from agent.cameras.probe import USUAL_PATHS, addresses_of
from agent.cli import survey
from agent.i18n import speaker
from tests.agent.helpers.app.run import agent, outcome
from tests.agent.rigs.rtsp import RtspServer
from tests.agent.rigs.videos import hevc
from tests.agent.rigs.vision import record
from tests.waiting import patience_s

pytestmark = [
    pytest.mark.promise("Cameras: `matthan-agent cameras` finds attached and network cameras."),
    pytest.mark.usefixtures("patient_streams"),
]

MATCH = """<?xml version="1.0"?>
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><s:Body><d:ProbeMatches><d:ProbeMatch>
<d:Scopes>onvif://www.onvif.org/name/C%E1%BB%95ng%20b%E1%BA%AFc onvif://www.onvif.org/hardware/X1
</d:Scopes><d:XAddrs>http://192.0.2.7/onvif/device_service</d:XAddrs>
</d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"""


@contextmanager
def responder(*answers: bytes) -> Iterator[tuple[tuple[str, int], list[bytes]]]:
    """Something on loopback that answers ONVIF's question; and what it was asked."""
    asked: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        line.settimeout(patience_s())

        def answer() -> None:
            question, who = line.recvfrom(65_507)
            asked.append(question)
            for one in answers:
                line.sendto(one, who)

        thread = threading.Thread(target=answer)
        thread.start()
        yield line.getsockname(), asked
        thread.join()


def test_a_camera_that_answers_is_named_once_by_its_own_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(discovery, "MOST_ANSWERS", 2)  # and then it listens no longer
    with responder(MATCH.encode(), MATCH.encode(), b"noise") as (whom, asked):
        found = discover(whom=whom, wait_s=patience_s())
    assert found == [ProbeMatch("192.0.2.7", "Cổng bắc", "X1")]
    assert b"NetworkVideoTransmitter" in asked[0]


def test_who_was_not_heard_the_first_time_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "MOST_ANSWERS", 1)
    monkeypatch.setattr(discovery, "ASKED_AT", [part / 1000 for part in discovery.ASKED_AT])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        line.settimeout(patience_s())

        def answer() -> None:
            questions = [line.recvfrom(65_507) for _ in range(3)]
            assert len({question for question, _ in questions}) == 3, "each is a question anew"
            line.sendto(MATCH.encode(), questions[-1][1])

        thread = threading.Thread(target=answer)
        thread.start()
        found = discover(whom=line.getsockname(), wait_s=patience_s())
        thread.join()
    assert [one.host for one in found] == ["192.0.2.7"]


OWN_NETWORK = ["unshare", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]), "--net"]


@pytest.mark.system
@pytest.mark.parametrize("manner", [[], ["--at-once"]], ids=["as the standard asks", "at once"])
def test_every_one_of_the_towns_436_cameras_on_one_wire_is_found(manner: list[str]) -> None:
    has_own = subprocess.run([*OWN_NETWORK, "ip", "link"], check=False, capture_output=True)
    if has_own.returncode:
        pytest.skip("a network of its own needs Linux's namespaces and iproute2")
    rig = [sys.executable, "-m", "tests.rigs.onvif_wire", "--cameras", "436", *manner]
    ended = subprocess.run([*OWN_NETWORK, *rig], check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    told = json.loads(ended.stdout)
    assert (told["found"], told["hear_the_question"], told["strangers"]) == (436, 436, 0)


BAD = [
    b"",
    b"<html><body>camera</body></html>",
    b"<a" * 1000,
    b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + MATCH.encode()[22:],
    MATCH.replace("http://192.0.2.7/onvif", "http://[").encode(),
    MATCH.replace("http://192.0.2.7/onvif/device_service", "").encode(),
    b'<?xml version="1.0" encoding="GB2312"?><a/>',
    b'<?xml version="1.0" encoding="none-of-all"?><a/>',
]


@pytest.mark.parametrize("data", BAD)
def test_an_answer_that_is_none_is_passed_over(data: bytes) -> None:
    assert read(data) == []


def test_a_name_cannot_steer_the_terminal() -> None:
    (answer,) = read(MATCH.replace("C%E1", "%1B[2JC%E1").encode())
    assert answer.name == "[2JCổng bắc"


def test_of_a_usb_camera_the_device_that_gives_pictures_is_named(tmp_path: Path) -> None:
    for number, index in (("0", "0"), ("1", "1"), ("10", "0"), ("2", "0")):
        folder = tmp_path / f"video{number}"
        folder.mkdir()
        (folder / "name").write_text(f"Camera {number}\n")
        (folder / "index").write_text(f"{index}\n")
    assert usb_devices(tmp_path) == [
        Attached(f"Camera {n}", f"/dev/video{n}") for n in ("0", "2", "10")
    ]
    assert usb_devices(tmp_path / "none") == []


def test_an_address_with_a_path_is_tried_as_it_is_and_a_host_by_the_usual_paths() -> None:
    assert addresses_of("rtsp://h/a?b=1") == [("rtsp://h/a?b=1", "")]
    tried = addresses_of("guest:pw@h:8554")
    assert tried[0][0] == "rtsp://guest:pw@h:8554/Streaming/Channels/101"
    assert len(tried) == len(USUAL_PATHS)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://guest:se@cret@h/a", "rtsp://***@h/a"),
        (
            "rtsp://h:554/a?user=u&password=p&channel=1",
            "rtsp://h:554/a?user=***&password=***&channel=1",
        ),
        ("rtsp://h/a@b", "rtsp://h/a@b"),
        (
            "rtsp://h/user=admin_password=tl_J&w_channel=1_stream=0.sdp?real_stream",
            "rtsp://h/user=***_password=***_channel=1_stream=0.sdp?real_stream",
        ),
        (
            "rtsp://h/user=admin&password=p/q&channel=1&stream=0.sdp",
            "rtsp://h/user=***&password=***&channel=1&stream=0.sdp",
        ),
        ("rtsp://h/user=admin_password=", "rtsp://h/user=***_password=***"),
        ("rtsp://h/users/bypass=1", "rtsp://h/users/bypass=1"),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert masked(url) == shown


def bad_habits(path: Path) -> Path:
    """A large H.264 stream with B-frames and a keyframe every five seconds."""
    make = "ffmpeg -v error -f lavfi -i testsrc2=size=1280x720:rate=10:duration=15 -c:v libx264"
    options = "-preset ultrafast -g 50 -keyint_min 50 -sc_threshold 0 -bf 2 -pix_fmt yuv420p -y"
    subprocess.run([*make.split(), *options.split(), str(path)], check=True)
    return path


def lines(address: str, seconds: float) -> list[str]:
    shown: list[str] = []
    found = survey.survey_address(address, seconds=seconds)
    survey.show_all(survey.words_of_address(found), shown.append, speaker("en"))
    return shown


@pytest.mark.promise("Cameras: `matthan-agent cameras` says what to change in a camera's settings.")
@pytest.mark.media
@pytest.mark.system
def test_a_camera_with_bad_habits_is_told_what_to_change(tmp_path: Path) -> None:
    with RtspServer(f"/stream1={bad_habits(tmp_path / 'bad.mp4')}") as server:
        shown = lines(f"127.0.0.1:{server.port}", seconds=11)
    assert "/stream1: h264 1280x720" in shown[0]
    for line, word in zip(shown[1:], ("keyframe distance", "B-frames", "sub-stream"), strict=True):
        assert word in line


@pytest.mark.media
@pytest.mark.system
def test_main_and_sub_stream_of_a_camera_are_found_at_the_usual_paths(tmp_path: Path) -> None:
    sub = record(tmp_path / "sub.mp4", 50, frames_per_s=25)
    with RtspServer(f"/stream1={hevc(tmp_path / 'main.mp4')}", f"/stream2={sub}") as server:
        main, note, small = lines(f"127.0.0.1:{server.port}", seconds=2.5)
    assert re.search(r"/stream1: hevc 320x240, 2[45](\.\d)? frames/s", main)
    assert "H.265" in note
    assert re.search(r"/stream2: h264 128x96, 2[45](\.\d)? frames/s", small)
    assert "a keyframe every 0.2 s" in small


@pytest.mark.system
def test_a_login_that_is_refused_is_said_and_not_shown(tmp_path: Path) -> None:
    street = record(tmp_path / "street.mp4", 20)
    with RtspServer(f"/main={street}", login="guest:right") as server:
        shown = lines(f"guest:wr0ng@127.0.0.1:{server.port}", seconds=1)
    assert "/main refuses the login." in shown[0]
    assert "wr0ng" not in "".join(shown)


@pytest.mark.system
def test_the_command_says_all_of_it_for_people_and_for_machines(tmp_path: Path) -> None:
    with responder(MATCH.encode()) as ((host, port), _):
        code, out, _ = outcome(agent("cameras", "--ask", f"{host}:{port}"))
    assert code == 0
    assert "192.0.2.7 Cổng bắc X1" in out
    street = record(tmp_path / "street.mp4", 50, frames_per_s=25)
    with RtspServer(f"/main={street}") as server:
        code, out, _ = outcome(
            agent("cameras", "--address", server.url(), "--seconds", "2", "--json")
        )
    (stream,) = json.loads(out)["streams"]
    assert (code, stream["codec"], stream["width"], stream["change"]) == (0, "h264", 128, [])
    code, out, _ = outcome(agent("cameras", "--address", "127.0.0.1:1"))
    assert (code, "Không có gì trả lời" in out) == (1, True)
