"""Findings of `check` about a picture, a stream and a board: plain, and only if they are true."""

from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import pytest

from agent.board.clock import SystemClock
from agent.cli.check import board as check_board
from agent.cli.check.view import Seen, findings
from agent.media.frame import Instant, Packet, StreamInfo
from agent.wire.presence import BoardWords
from agent.wire.terms import ClockSource

pytestmark = pytest.mark.promise(
    "Installing: `matthan-agent check` covers camera, disk, power, clock and line."
)

RNG = np.random.default_rng(7)
STREET = cv2.resize(RNG.integers(60, 200, (90, 160), np.uint8), (1280, 720))


def info(codec: str = "h264") -> StreamInfo:
    return StreamInfo(codec, 1280, 720, Fraction(1, 90000), 15.0, b"")


def at(seconds: float) -> Instant:
    return Instant(round(seconds * 1e9), round(seconds * 1e6))


def seen(picture=STREET, *, every_s: float = 0.1, key_every_s: float = 1.0) -> Seen:
    found = Seen()
    for number in range(50):
        found.look(at(number * every_s), picture)
    for number in range(5):
        moment = at(number * key_every_s)
        found.push(Packet(b"", moment, pts=0, dts=0, duration=0, is_keyframe=True))
    return found


def wrong(found: Seen, codec: str = "h264") -> list[str]:
    return [one.line(str) for one in findings("cong", info(codec), found)]


def test_a_street_in_focus_by_day_and_by_a_lamp_is_well() -> None:
    assert wrong(seen()) == []
    assert wrong(seen((STREET // 4 + 20).astype(np.uint8))) == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (seen(STREET // 16), "it is dark (brightness 8 of 255)"),
        (seen(np.full_like(STREET, 250)), "it is glaring"),
        (seen(cv2.GaussianBlur(STREET, (0, 0), 25)), "it is blurred"),
        (seen(every_s=0.5), "it gives 2.0 frames a second"),
        (seen(key_every_s=10.0), "its keyframes are 10.0 s apart"),
        (Seen(), "none came"),
    ],
)
def test_what_is_wrong_with_a_picture_is_one_line_with_its_cure(found: Seen, said: str) -> None:
    [line] = wrong(found)
    assert line.startswith("WRONG: picture of cong: ")
    assert said in line


def test_a_codec_that_no_phone_plays_is_told_and_h265_is_kept() -> None:
    [line] = wrong(seen(), "mjpeg")
    assert "its codec is mjpeg" in line
    assert wrong(seen(), "hevc") == []


WELL = {
    "temperature_c": 55.0,
    "is_under_voltage": False,
    "is_throttled": False,
    "was_under_voltage": False,
    "was_throttled": False,
    "disk_free_bytes": 20_000_000_000,
    "disk_size_bytes": 32_000_000_000,
    "card_wear_percent": 10,
}


def board(clock: ClockSource = ClockSource.NTP, **changed: object) -> list[str]:
    words = BoardWords.model_validate(WELL | changed)
    trust = (clock, 20 if clock is ClockSource.NTP else None)
    found = check_board.findings(words, SystemClock(lambda: trust))
    return [one.line(str) for one in found]


def test_a_board_that_is_well_says_so_and_one_that_tells_nothing_is_no_trouble() -> None:
    assert all(line.startswith("ok: ") for line in board())
    unknown = board(ClockSource.NONE, **dict.fromkeys(WELL))
    assert all(line.startswith("ok: ") for line in unknown)
    assert "ok: clock: nobody vouches for it yet; the hub goes by its own" in unknown


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"disk_free_bytes": 1_000_000}, "as good as full"),
        ({"card_wear_percent": 90}, "it will die before long"),
        ({"is_under_voltage": True}, "the voltage is too low now"),
        ({"was_under_voltage": True}, "since it was switched on"),
        ({"temperature_c": 84.0}, "so hot that it slows down"),
        ({"is_throttled": True}, "so hot that it slows down"),
    ],
)
def test_what_a_board_suffers_from_is_one_line(changed: dict[str, Any], said: str) -> None:
    [line] = [line for line in board(**changed) if line.startswith("WRONG")]
    assert said in line
