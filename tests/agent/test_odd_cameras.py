"""Each oddity of `oddities` against the real reader: to the byte, or FFmpeg's; never a stall, never
a wrong picture."""

import time
from functools import cache
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from agent.devices import rtsp
from agent.devices.camera import CameraError
from agent.devices.clock import SystemClock
from agent.devices.rtp_units import Codec
from agent.devices.rtsp import RtspSource
from tests.agent.fake_camera import LOGIN, FakeCamera, Habits
from tests.agent.oddities import ODDITIES, Oddity
from tests.agent.packing import Unit, film, whole

COUNT = 75
"""Pictures that are read: some more than go by before what happens once."""
SPEAKING = {"digest whose number grows old", "hangs up when nobody speaks"} | {
    "a session said with blanks",
    "stands no GET_PARAMETER",
    "knows GET_PARAMETER in words alone",
}
"""Those that hang up after two to four seconds of silence: they are read for longer."""


@cache
def filmed(codec: Codec, settings: str) -> list[Unit]:
    return film(codec, more=settings)


def never() -> bool:
    return False


CASES = [
    pytest.param(name, odd, codec, id=f"{name} ({codec})")
    for name, odd in ODDITIES.items()
    for codec in odd.codecs
]


@pytest.mark.parametrize(("name", "odd", "codec"), CASES)
def test_an_odd_camera_is_read_to_the_byte_or_left_to_ffmpeg(
    name: str, odd: Oddity, codec: Codec
) -> None:
    units = filmed(codec, odd.film)
    with FakeCamera(codec, units, odd.habits) as camera:
        login = LOGIN if odd.habits.challenges else ""
        source = RtspSource(
            camera.url(login=login), key="url", clock=SystemClock().now, may_be_direct=True
        )
        source.open(for_clips=True)
        assert source.is_direct == (odd.fate != "ffmpeg")
        count = 550 if name in SPEAKING else COUNT
        read, is_over = read_so_many(source, count)
        source.close()
        until = time.monotonic() + 5
        while camera.seen.open and time.monotonic() < until:
            time.sleep(0.01)
        assert camera.seen.open == 0  # nothing is left connected
        if odd.habits.challenges and not odd.habits.challenges[0].startswith("Basic"):
            assert camera.seen.signed
            assert not [one for one in camera.seen.signed if one.startswith("Basic")]
    assert is_over == (odd.fate == "ends")
    if odd.fate != "ffmpeg":
        sent = [whole(unit) for unit in odd.habits.sent(codec, units)]
        assert_are(read, sent, may_lack=odd.fate == "gaps")
    assert len(read) >= (40 if is_over else count)


@pytest.mark.parametrize("name", ["becomes unreadable", "hangs up"])
@pytest.mark.parametrize("proven_s", [0.0, 300.0], ids=["an old one", "a young one"])
def test_what_cannot_be_read_on_is_ffmpegs_from_then_on_and_what_broke_off_while_young(
    name: str, proven_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rtsp, "PROVEN_S", proven_s)
    with FakeCamera("h264", filmed("h264", ""), ODDITIES[name].habits) as camera:
        source = RtspSource(camera.url(), key="url", clock=SystemClock().now, may_be_direct=True)
        source.open(for_clips=True)
        with capture_logs() as logs:
            read_so_many(source, COUNT)
    is_left = name == "becomes unreadable" or proven_s > 0
    assert source.is_odd == is_left
    assert [line["why"] for line in logs] == is_left * [
        "H.264 packets of type 25" if name == "becomes unreadable" else "it broke off"
    ]


def test_a_camera_that_sends_by_udp_alone_is_told_what_to_switch_on() -> None:
    habits = Habits(sends_over_tcp=False)
    with FakeCamera("h264", filmed("h264", ""), habits) as camera:
        source = RtspSource(camera.url(), key="url", clock=SystemClock().now)
        with pytest.raises(CameraError, match=r"/cam does not send its pictures over TCP\. Switch"):
            source.open(for_clips=True)


def read_so_many(source: RtspSource, count: int) -> tuple[list[tuple[bytes, bool]], bool]:
    """Pictures and whether they are keyframes, and whether it ended before there were as many."""
    read: list[tuple[bytes, bool]] = []
    try:
        for one in source.packets(never):
            read.append((one.packet.data, one.packet.is_keyframe))
            if len(read) == count:
                return read, False
    except CameraError:
        return read, True
    raise AssertionError("ended without a reason")


def assert_are(read: list[tuple[bytes, bool]], sent: list[bytes], *, may_lack: bool) -> None:
    """From one on all that was sent, in that order."""
    assert read[0][1]
    places = {data: place for place, data in enumerate(sent)}
    assert len(places) == len(sent)
    for (before, _), (after, _) in pairwise(read):
        assert before in places
        assert after in places
        step = (places[after] - places[before]) % len(sent)
        assert step == 1 or (may_lack and 1 < step < 5)
