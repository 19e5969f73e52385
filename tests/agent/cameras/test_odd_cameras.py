"""Cameras with odd habits are read to the byte, or end with a reason; none stalls the reader."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Final

import pytest

from agent.board.clock import SystemClock
from agent.cameras.port import CameraError
from agent.cameras.rtsp.rtp_replay import Codec
from agent.cameras.rtsp.source import RtspSource
from tests.agent.rigs.fake_camera import DIGEST, LOGIN, FakeCamera, Habits
from tests.agent.rigs.packing import STEP, Unit, film, is_set, packed, plainly, whole
from tests.waiting import until

pytestmark = [
    pytest.mark.promise("Cameras: RTSP cameras with H.264 or H.265 work, with one stream or two."),
    pytest.mark.usefixtures("patient_streams"),
]

COUNT: Final = 75
"""Pictures read from each camera."""
BOTH: Final[tuple[Codec, ...]] = ("h264", "hevc")
AVC: Final[tuple[Codec, ...]] = ("h264",)


@dataclass(frozen=True)
class Oddity:
    """One habit; `film` holds settings of the encoder, `lacks` allows pictures to be missing."""

    habits: Habits
    codecs: tuple[Codec, ...] = AVC
    film: str = ""
    lacks: bool = False


def without_sets(codec: Codec, unit: Unit) -> Unit:
    return [nal for nal in unit if not is_set(codec, nal)]


def from_the_middle(codec: Codec, units: Sequence[Unit]) -> Iterator[list[bytes]]:
    """Packets like from a camera that makes no keyframe for a new viewer."""
    return plainly(codec, [*units[4:], *units[:4]])


def one_lost(number: int, data: bytes) -> bytes:
    """The second packet of each tenth picture is gone."""
    if number % 10 != 7:
        return data
    first = 4 + int.from_bytes(data[2:4])
    second = first + 4 + int.from_bytes(data[first + 2 : first + 4])
    return data[:first] + data[second:]


def garbage(number: int, data: bytes) -> bytes:
    return b"\1\2\3" * 50 + data if number and number % 25 == 0 else data


ODDITIES: Final = {
    "nothing odd": Oddity(Habits(), BOTH),
    "digest": Oddity(Habits(challenges=(DIGEST,))),
    "digest, then the plain way": Oddity(Habits(challenges=(DIGEST, 'Basic realm="IP Camera"'))),
    "redirected": Oddity(Habits(redirects=True)),
    "one connection alone": Oddity(Habits(takes=1)),
    "begins between two keyframes": Oddity(Habits(pack=from_the_middle), BOTH),
    "parameter sets in the offer alone": Oddity(Habits(change=without_sets), BOTH),
    "parameter sets in the stream alone": Oddity(Habits(has_sets=False), BOTH),
    "pictures in another order": Oddity(Habits(), film="bframes=2"),
    "pictures in several slices": Oddity(Habits(), film="slices=3"),
    "keyframes by recovery points": Oddity(Habits(), film="intra-refresh=1"),
    "one picture a second": Oddity(Habits(pack=packed(stamps=lambda number: 90_000 * number))),
    "all pictures of one time": Oddity(Habits(pack=packed(stamps=lambda _: 0))),
    "a stamp twice now and then": Oddity(
        Habits(pack=packed(stamps=lambda number: STEP * (number - (number % 10 == 5))))
    ),
    "a clock that is set back": Oddity(
        Habits(pack=packed(start=10**6, stamps=lambda n: STEP * n - 45_000 * (n >= 30)))
    ),
    "numbers and clock about to turn": Oddity(Habits(pack=packed(start=2**32 - STEP * 12)), BOTH),
    "a packet is lost": Oddity(Habits(before=one_lost), BOTH, lacks=True),
    "garbage between": Oddity(Habits(before=garbage), lacks=True),
}
CASES: Final = [
    pytest.param(odd, codec, id=f"{name} ({codec})")
    for name, odd in ODDITIES.items()
    for codec in odd.codecs
]


@cache
def filmed(codec: Codec, settings: str = "") -> list[Unit]:
    return film(codec, more=settings)


def never() -> bool:
    return False


def source_of(camera: FakeCamera, login: str = "") -> RtspSource:
    return RtspSource(camera.url(login=login), key="url", clock=SystemClock().now)


@pytest.mark.parametrize(("odd", "codec"), CASES)
def test_an_odd_camera_is_read_to_the_byte(odd: Oddity, codec: Codec) -> None:
    units = filmed(codec, odd.film)
    with FakeCamera(codec, units, odd.habits) as camera:
        source = source_of(camera, LOGIN if odd.habits.challenges else "")
        source.open(for_clips=True)
        read = [one for one, _ in zip(source.packets(never), range(COUNT), strict=False)]
        source.close()
        until(lambda: camera.seen.open == 0)
    places = {whole(unit): place for place, unit in enumerate(odd.habits.sent(codec, units))}
    found = [places.get(one.packet.data) for one in read]
    true = [(b - a) % len(places) == 1 for a, b in pairwise(found) if None not in {a, b}]
    assert all(true) if not odd.lacks else sum(true) > COUNT / 2
    assert odd.lacks or None not in found
    assert any(one.packet.is_keyframe for one in read)
    assert all(a.packet.dts < b.packet.dts for a, b in pairwise(read))
    assert bool(camera.seen.signed) == bool(odd.habits.challenges)
    assert not [one for one in camera.seen.signed if one.startswith("Basic")]


def test_a_wrong_password_is_tried_once_because_cameras_lock_an_account() -> None:
    with FakeCamera("h264", filmed("h264"), Habits(challenges=(DIGEST,))) as camera:
        with pytest.raises(CameraError, match="refuses the login"):
            source_of(camera, "quan%20ly:wrong").open(for_clips=True)
        assert len(camera.seen.signed) == 1


def test_a_camera_that_hangs_up_ends_the_stream_after_its_last_picture() -> None:
    with FakeCamera("h264", filmed("h264"), Habits(lasts=60)) as camera:
        source, read = source_of(camera), []
        source.open(for_clips=True)
        with pytest.raises(CameraError, match="ended the stream"):
            for one in source.packets(never):
                read.append(one)
    assert len(read) == 60


def test_a_camera_that_sends_by_udp_alone_is_told_what_to_switch_on() -> None:
    said = r"/cam does not send its pictures over TCP\. Switch"
    habits = Habits(sends_over_tcp=False)
    with (
        FakeCamera("h264", filmed("h264"), habits) as camera,
        pytest.raises(CameraError, match=said),
    ):
        source_of(camera).open(for_clips=True)
