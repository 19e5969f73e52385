"""Cameras with odd habits are read to the byte, or end with a reason; none stalls the reader."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice, pairwise
from typing import Any, Final, cast

import pytest

from agent.board.clock import SystemClock
from agent.cameras.port import CameraError
from agent.cameras.rtsp.camera import StreamCamera
from agent.cameras.rtsp.rtp_replay import Codec
from agent.cameras.rtsp.source import RtspSource, _Line
from agent.media.frame import Instant
from agent.media.sound import SoundPacket
from tests.agent.rigs.fake_camera import DIGEST, LOGIN, FakeCamera, Habits
from tests.agent.rigs.packing import (
    STEP,
    Unit,
    film,
    is_set,
    kind_of,
    packed,
    packet,
    plainly,
    whole,
)
from tests.agent.rigs.vision import Kept
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


def of_another_level(codec: Codec, unit: Unit) -> Unit:
    return [nal[:3] + b"\x29" + nal[4:] if kind_of(codec, nal) == 7 else nal for nal in unit]


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


# Beside other streams

SOUND: Final = "m=audio 0 RTP/AVP 96\r\na=rtpmap:96 {}"
LENS: Final = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000"
Beside = Callable[[int, bytes], bytes]


class Ear:
    """Takes the sound of a camera."""

    def hear(self, packet: SoundPacket) -> None:
        pass


def fast_clock() -> Instant:
    """In 0.1 s it is as late as after 100 s."""
    now = SystemClock().now()
    return Instant(now.mono_ns * 1000, now.utc_us)


def sound(number: int, framed: bytes) -> bytes:
    del framed
    heard = packet(b"\xff" * 320, number, 320 * number)
    return b"$\2" + len(heard).to_bytes(2) + heard


def second_lens(number: int, framed: bytes) -> bytes:
    """The same packets on channel 2."""
    del number
    again, at = bytearray(framed), 0
    while at < len(again):
        again[at + 1] = 2
        at += 4 + int.from_bytes(again[at + 2 : at + 4])
    return bytes(again)


def beside(other: Beside, *, pictures: int = 10**9) -> Callable[[int, bytes], bytes]:
    """So many pictures with the other stream, then that one alone."""
    return lambda number, framed: (framed if number < pictures else b"") + other(number, framed)


@pytest.mark.parametrize("pictures", [0, 40], ids=["never", "no more"])
@pytest.mark.parametrize(
    ("further", "other"),
    [(SOUND.format("PCMU/8000"), sound), (LENS, second_lens)],
    ids=["sound", "a second lens"],
)
def test_a_camera_that_sends_no_pictures_is_noticed_though_something_else_comes(
    further: str, other: Beside, pictures: int
) -> None:
    habits = Habits(further=further, before=beside(other, pictures=pictures), lasts=5000)
    with FakeCamera("h264", filmed("h264"), habits) as camera:
        source = RtspSource(camera.url(), key="url", clock=fast_clock, sound=Ear())
        with pytest.raises(CameraError, match="/cam sent no pictures"):
            source.open(for_clips=True)
            assert list(source.packets(never)) == []
        source.close()


@dataclass
class OnePacket:
    """A packet of a stream."""

    stream: object
    size: int = 1

    def __bytes__(self) -> bytes:
        return b"x"


def test_a_stream_that_nobody_wants_hides_no_pause_of_the_pictures() -> None:
    """After a picture for which the reader waited it may rest; else it wakes for each packet."""
    now_s = 0.0

    class Container:
        def demux(self) -> Iterator[OnePacket]:
            nonlocal now_s
            for stream, waited_s in [(pictures, 0.066), (metadata, 0.064), (pictures, 0.002)]:
                now_s += waited_s
                yield OnePacket(stream)

    pictures, metadata = object(), object()
    source = RtspSource(
        "rtsp://127.0.0.1/", key="url", clock=lambda: Instant(round(now_s * 1e9), 0)
    )
    line = _Line(cast("Any", Container()), cast("Any", pictures))
    assert [one.is_last for one in source._incoming(line)] == [True, True]


@pytest.mark.parametrize("name", ["TELEPHONE-EVENT/8000", "L16/6000"])
def test_sound_that_nothing_here_can_read_does_not_cost_the_pictures(name: str) -> None:
    habits = Habits(further=SOUND.format(name), before=beside(sound))
    with FakeCamera("h264", filmed("h264"), habits) as camera:
        source = RtspSource(camera.url(), key="url", clock=SystemClock().now, sound=Ear())
        source.open(for_clips=True)
        assert len(list(islice(source.packets(never), COUNT))) == COUNT
        source.close()
    assert not source.has_sound


@pytest.mark.parametrize("is_kept", [True, False], ids=["main stream", "sub-stream"])
def test_pictures_in_a_format_that_nothing_here_can_read_are_refused_in_words(
    *, is_kept: bool
) -> None:
    said = r"/cam sends its pictures in a format that is not known here\. Set the stream"
    with (
        FakeCamera("h264", filmed("h264"), Habits(called="SVAC")) as camera,
        pytest.raises(CameraError, match=said),
    ):
        source_of(camera).open(for_clips=is_kept)


# Keyframes far apart


class Counted(Kept):
    """Keeps packets, and has a clock that goes on by 40 ms with each."""

    def now(self) -> Instant:
        return Instant(len(self.packets) * 40_000_000, len(self.packets) * 40_000)


def from_the_second(codec: Codec, units: Sequence[Unit]) -> Iterator[list[bytes]]:
    """Packets of a camera with one keyframe in all its pictures, from the next picture on."""
    return plainly(codec, [*units[1:], units[0]])


def without_keyframe(codec: Codec, units: Sequence[Unit]) -> Iterator[list[bytes]]:
    return plainly(codec, units[1:])


def test_a_first_keyframe_that_comes_late_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.cameras.rtsp.source.KEYFRAME_S", -1.0)  # it is late at once
    units, clock = film("h264", count=140, gop=140), Counted()
    with FakeCamera("h264", units, Habits(pack=from_the_second)) as fake:
        camera = StreamCamera("cong", fake.url(), clock=clock.now)
        camera.open()
        assert len(list(islice(camera.frames(clock, never), 60))) == 60
        camera.close()
    assert len(clock.packets) > 6 * 25, "whether pictures can be decoded was judged"


def test_a_camera_that_sends_no_keyframe_at_all_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.cameras.rtsp.source.KEYFRAME_S", -1.0)
    clock = Counted()
    with FakeCamera("h264", filmed("h264", "keyint=40"), Habits(pack=without_keyframe)) as fake:
        camera = StreamCamera("cong", fake.url(), clock=clock.now)
        camera.open()
        with pytest.raises(CameraError, match="sent no keyframe"):
            list(camera.frames(clock, never))
        camera.close()


def test_wrong_parameter_sets_in_the_offer_are_corrected_by_the_first_keyframe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("agent.cameras.rtsp.source.WAITED_S", -1.0)  # nothing waits behind a packet
    habits = Habits(pack=from_the_middle, offers=of_another_level)
    with FakeCamera("h264", filmed("h264"), habits) as camera:
        source = source_of(camera)
        source.open(for_clips=True)
        read = list(islice(source.packets(never), COUNT))
        source.close()
    assert len(read) == COUNT
    assert read[0].packet.is_keyframe
