"""What cameras of many makes do differently: a table, each with what must become of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from agent.devices.rtp_units import Codec
from tests.agent.fake_camera import DIGEST, Before, Habits
from tests.agent.packing import (
    SOURCE,
    STEP,
    TYPE,
    Unit,
    is_set,
    kind_of,
    packed,
    packet,
    payloads,
    together,
    whole,
)

Fate = Literal["read", "gaps", "ffmpeg", "ends"]
"""Read without FFmpeg, every picture; the same, with pictures left out; left to FFmpeg at the
opening; over with a reason, once it was read."""
BOTH: Final[tuple[Codec, ...]] = ("h264", "hevc")
AVC: Final[tuple[Codec, ...]] = ("h264",)
HEVC: Final[tuple[Codec, ...]] = ("hevc",)


@dataclass(frozen=True)
class Oddity:
    """One, and its fate; `film`: settings of the encoder."""

    habits: Habits
    fate: Fate = "read"
    codecs: tuple[Codec, ...] = AVC
    film: str = ""


def every(pictures: int, data: bytes, *, after: int = 0) -> Before:
    """That before each so-many-th picture, once so many have gone by."""

    def before(number: int, framed: bytes) -> bytes:
        return data + framed if number >= after and number % pictures == 0 else framed

    return before


def framed(channel: int, data: bytes) -> bytes:
    return b"$" + bytes([channel]) + len(data).to_bytes(2) + data


def sets_together(codec: Codec, unit: Unit) -> tuple[list[bytes], Unit]:
    """Parameter sets in one packet."""
    sets = [nal for nal in unit if is_set(codec, nal)]
    return [together(codec, sets)] if sets else [], [nal for nal in unit if nal not in sets]


def small_ones_together(codec: Codec, unit: Unit) -> tuple[list[bytes], Unit]:
    """All that fits into one packet."""
    small = [nal for nal in unit if len(nal) < 700]
    is_first = small == unit[: len(small)]
    return ([together(codec, small)], unit[len(small) :]) if small and is_first else ([], unit)


def with_donl(codec: Codec, unit: Unit) -> tuple[list[bytes], Unit]:
    """Decoding order numbers in every packet (RFC 7798, 4.4)."""
    cut = []
    for nal in unit:
        for index, piece in enumerate(payloads(codec, nal)):
            head = 3 if piece[0] >> 1 & 0x3F == 49 else 2
            number = bytes(2) if index == 0 else b""
            cut.append(piece[:head] + number + piece[head:])
    return cut, []


def one_fragment(codec: Codec, unit: Unit) -> tuple[list[bytes], Unit]:
    """The first unit as a fragmented one of a single fragment."""
    (nal, *rest) = unit
    if codec == "h264":
        return [bytes([nal[0] & 0xE0 | 28, 0xC0 | nal[0] & 0x1F]) + nal[1:]], rest
    head = bytes([nal[0] & 0x81 | 49 << 1, nal[1], 0xC0 | kind_of(codec, nal)])
    return [head + nal[2:]], rest


def start_codes_inside(codec: Codec, unit: Unit) -> tuple[list[bytes], Unit]:
    """Cheap ones send a picture's units as one, start codes and all."""
    del codec
    joined = whole(unit)[4:]
    return [], [joined]


def dressed(data: bytes) -> bytes:
    """Two contributing sources, ONVIF's replay extension, three bytes of padding."""
    head = bytes([0x80 | 0x20 | 0x10 | 2]) + data[1:12]
    return head + bytes(8) + b"\xab\xac\0\3" + bytes(12) + data[12:] + b"\0\0\3"


def empty_ones(number: int, sequence: int, stamp: int) -> list[bytes]:
    """Of padding alone, as some keep a way through a firewall open."""
    del number
    data = packet(bytes(3) + b"\4", sequence, stamp)
    return [bytes([data[0] | 0x20]) + data[1:]]


def other_type(number: int, sequence: int, stamp: int) -> list[bytes]:
    return [packet(b"<tt/>", sequence, stamp, kind=TYPE + 1)] if number % 5 == 0 else []


def without_sets(codec: Codec, unit: Unit) -> Unit:
    return [nal for nal in unit if not is_set(codec, nal)]


def with_sets_twice(codec: Codec, unit: Unit) -> Unit:
    sets = [nal for nal in unit if is_set(codec, nal)]
    return sets + unit


def one_time(codec: Codec, units: Sequence[Unit]) -> Iterator[list[bytes]]:
    """All pictures of the same stamp."""
    return packed(step=0)(codec, units)


def stamps_twice(codec: Codec, units: Sequence[Unit]) -> Iterator[list[bytes]]:
    """Each tenth picture has the stamp of the one before it."""
    for number, picture in enumerate(packed()(codec, units)):
        stamp = STEP * (number - (number % 10 == 5))
        yield [data[:4] + stamp.to_bytes(4) + data[8:] for data in picture]


def from_the_middle(codec: Codec, units: Sequence[Unit]) -> Iterator[list[bytes]]:
    """As a camera that makes no keyframe for who comes."""
    return packed()(codec, [*units[4:], *units[:4]])


def lost(every_so_many: int) -> Before:
    """The second packet of such a picture is gone."""

    def before(number: int, data: bytes) -> bytes:
        if number % every_so_many != 7:
            return data
        first = 4 + int.from_bytes(data[2:4])
        second = first + 4 + int.from_bytes(data[first + 2 : first + 4])
        return data[:first] + data[second:]

    return before


def half_again(number: int, data: bytes) -> bytes:
    """What a careless camera does when a connection takes no more just now."""
    return data[:300] + data if number % 25 == 7 else data


def another_source(number: int, data: bytes) -> bytes:
    """From the 40th picture on; the numbers go on."""
    old, new = SOURCE.to_bytes(4), (SOURCE + 1).to_bytes(4)
    return data if number < 40 else data.replace(old, new)


def set_back(codec: Codec, units: Sequence[Unit]) -> Iterator[list[bytes]]:
    """The camera's clock is set back by half a second, once."""
    for number, picture in enumerate(packed(start=10**6)(codec, units)):
        stamp = 10**6 + STEP * number - (45_000 if number >= 30 else 0)
        yield [data[:4] + stamp.to_bytes(4) + data[8:] for data in picture]


FORMER: Final = framed(0, packet(b"\x41\x9a" + bytes(99), 900, 10**9, source=SOURCE + 1))
REPORT: Final = framed(1, bytes.fromhex("80c80006000000070102030405060708000000010000000200000003"))
BYE: Final = framed(1, bytes.fromhex("81cb000100000007"))
OPTIONS: Final = b"OPTIONS rtsp://camera/ RTSP/1.0\r\nCSeq: 5\r\nSession: 7E4A\r\n\r\n"
ANNOUNCE: Final = (
    b"ANNOUNCE rtsp://camera/ RTSP/1.0\r\nCSeq: 6\r\nContent-Type: application/sdp\r\n"
    b"Content-Length: 12\r\n\r\nv=0\r\n$\0\0\5s=0"
)
REDIRECT: Final = b"REDIRECT rtsp://camera/ RTSP/1.0\r\nCSeq: 7\r\nLocation: rtsp://h/\r\n\r\n"
OVER: Final = b"ANNOUNCE rtsp://camera/ RTSP/1.0\r\nCSeq: 8\r\nx-notice: 2101 End-of-Stream\r\n\r\n"

ODDITIES: Final[dict[str, Oddity]] = {
    "nothing odd": Oddity(Habits(), codecs=BOTH),
    "digest": Oddity(Habits(challenges=(DIGEST,))),
    "digest, all quoted and spaced": Oddity(
        Habits(challenges=(DIGEST + ' , opaque="", algorithm="MD5", stale="FALSE"',))
    ),
    "digest with a quality of protection": Oddity(
        Habits(challenges=(DIGEST + ', qop="auth-int, auth"',))
    ),
    "digest, then the plain way": Oddity(
        Habits(challenges=(DIGEST + ', stale="FALSE"', 'Basic realm="IP Camera(F1)"'))
    ),
    "digest whose number grows old": Oddity(
        Habits(challenges=(DIGEST,), stale_after=5, session="7E4A;timeout=2", silent_s=2)
    ),
    "the plain way alone": Oddity(Habits(challenges=('Basic realm="cam"',))),
    "absolute control address": Oddity(Habits(control="{base}/trackID=1")),
    "absolute addresses of all and one": Oddity(
        Habits(
            content_base="",
            control="{base}/trackID=1?profile=main",
            whole="{base}/all/",
            setup_at="{base}/trackID=1?profile=main",
            play_at="{base}/all/",
        )
    ),
    "no base": Oddity(Habits(content_base="", play_at="{base}")),
    "track as a stream": Oddity(Habits(control="stream=0", setup_at="{base}/stream=0")),
    "redirected": Oddity(Habits(redirects=True), "ffmpeg"),
    "one connection alone": Oddity(Habits(takes=1), "ffmpeg"),
    "hangs up when nobody speaks": Oddity(Habits(session="7E4A;timeout=2", silent_s=2)),
    "a session said with blanks": Oddity(Habits(session="7E4A ; timeout = 2", silent_s=2)),
    "stands no GET_PARAMETER": Oddity(
        Habits(
            public="OPTIONS, DESCRIBE, SETUP, PLAY",
            hangs_up_at="GET_PARAMETER",
            session="7E4A;timeout=2",
            silent_s=2,
        )
    ),
    "knows GET_PARAMETER in words alone": Oddity(
        Habits(ignores="GET_PARAMETER", session="7E4A;timeout=2", silent_s=3.5)
    ),
    "names no channels": Oddity(Habits(transport="RTP/AVP/TCP;unicast")),
    "says its source before its channels": Oddity(
        Habits(transport="RTP/AVP/TCP;ssrc=22345684;interleaved=0-1")
    ),
    "packets of a former connection between": Oddity(Habits(before=every(3, FORMER, after=30))),
    "half a packet, then again": Oddity(Habits(before=half_again), "gaps", codecs=BOTH),
    "channels of its own choice": Oddity(
        Habits(transport="RTP/AVP/TCP;unicast;interleaved=4-5", channels=(4, 5))
    ),
    "other channels between": Oddity(Habits(before=every(1, framed(2, b"<MetadataStream/>")))),
    "a report before each picture": Oddity(Habits(before=every(1, REPORT))),
    "an empty line between": Oddity(Habits(before=every(3, b"\r\n"))),
    "asks whether we are there": Oddity(Habits(before=every(9, OPTIONS))),
    "announces another offer": Oddity(Habits(before=every(9, ANNOUNCE))),
    "sends us elsewhere": Oddity(Habits(before=every(60, REDIRECT, after=1), lasts=61), "ends"),
    "says that it is over": Oddity(Habits(before=every(60, OVER, after=1)), "ends"),
    "says farewell": Oddity(Habits(before=every(60, BYE, after=1)), "ends"),
    "becomes unreadable": Oddity(
        Habits(before=every(60, framed(0, packet(b"\x79" + bytes(20), 0, 0)), after=1)), "ends"
    ),
    "interlaced": Oddity(Habits(), film="tff=1"),
    "a stamp twice now and then": Oddity(Habits(pack=stamps_twice)),
    "ten pictures a second": Oddity(Habits(pack=packed(step=9000)), codecs=BOTH),
    "one picture a second": Oddity(Habits(pack=packed(step=90_000)), codecs=BOTH),
    "ten a second in another order": Oddity(
        Habits(pack=packed(step=9000)), "ffmpeg", film="bframes=2"
    ),
    "begins long before a keyframe": Oddity(
        Habits(pack=from_the_middle), film="keyint=40:min-keyint=40"
    ),
    "begins between two keyframes": Oddity(Habits(pack=from_the_middle), codecs=BOTH),
    "hangs up": Oddity(Habits(lasts=60), "ends"),
    "pictures before the answer to PLAY": Oddity(Habits(sends_early=True)),
    "pieces of any size": Oddity(Habits(piece=97)),
    "no marks": Oddity(Habits(pack=packed(marks="none")), codecs=BOTH),
    "a mark on every packet": Oddity(Habits(pack=packed(marks="all")), film="slices=3"),
    "a mark on every packet, one slice": Oddity(Habits(pack=packed(marks="all")), codecs=BOTH),
    "pictures in several slices": Oddity(Habits(), film="slices=3"),
    "slices of one packet each": Oddity(Habits(), film="slice-max-size=450"),
    "numbers and clock about to turn": Oddity(
        Habits(pack=packed(start=2**32 - STEP * 12)), codecs=BOTH
    ),
    "sources, extension and padding": Oddity(Habits(pack=packed(dress=dressed)), codecs=BOTH),
    "parameter sets in one packet": Oddity(Habits(pack=packed(begin=sets_together)), codecs=BOTH),
    "what is small in one packet": Oddity(
        Habits(pack=packed(begin=small_ones_together)), codecs=BOTH, film="aud=1"
    ),
    "one fragment alone": Oddity(Habits(pack=packed(begin=one_fragment)), codecs=BOTH),
    "a delimiter before each picture": Oddity(Habits(), codecs=BOTH, film="aud=1"),
    "parameter sets twice": Oddity(Habits(change=with_sets_twice), codecs=BOTH),
    "parameter sets in the offer alone": Oddity(Habits(change=without_sets), codecs=BOTH),
    "parameter sets in the stream alone": Oddity(Habits(has_sets=False), codecs=BOTH),
    "keyframes by recovery points": Oddity(Habits(), film="intra-refresh=1"),
    "pictures in another order": Oddity(Habits(), "ffmpeg", film="bframes=2"),
    "decoding order numbers": Oddity(
        Habits(fmtp="sprop-max-don-diff=2;", pack=packed(begin=with_donl)), "ffmpeg", HEVC
    ),
    "units of another order": Oddity(Habits(fmtp="packetization-mode=2;"), "ffmpeg"),
    "packets of padding alone": Oddity(Habits(pack=packed(add=empty_ones))),
    "packets of another kind between": Oddity(Habits(pack=packed(add=other_type))),
    "all pictures of one time": Oddity(Habits(pack=one_time), "ffmpeg"),
    "a clock that is set back": Oddity(Habits(pack=set_back)),
    "another source from here on": Oddity(Habits(before=another_source)),
    "a packet is lost": Oddity(Habits(before=lost(10)), "gaps", codecs=BOTH),
    "garbage between": Oddity(Habits(before=every(25, b"\1\2\3" * 50, after=1)), "gaps"),
    "start codes inside": Oddity(
        Habits(pack=packed(begin=start_codes_inside)), "ffmpeg", codecs=BOTH
    ),
}
