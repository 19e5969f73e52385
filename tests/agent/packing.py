"""Elementary streams, and the ways in which cameras put them into RTP packets."""

import base64
import struct
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Final

import av
import numpy as np

from agent.devices.rtp_units import START, Codec

TYPE: Final = 96
STEP: Final = 3600
SOURCE: Final = 7
MOST: Final = 500

Unit = list[bytes]
"""The NAL units of one picture, without start codes."""
Pack = Callable[[Codec, Sequence[Unit]], Iterator[list[bytes]]]
"""The packets of each picture, over and over."""
CODERS: Final = {"h264": "libx264", "hevc": "libx265"}
SETS: Final = {"h264": {7: "", 8: ""}, "hevc": {32: "sprop-vps", 33: "sprop-sps", 34: "sprop-pps"}}


def film(codec: Codec, *, count: int = 40, gop: int = 10, more: str = "") -> list[Unit]:
    """Pictures of noise; `more`: settings of the encoder's own."""
    dice = np.random.default_rng(1)
    coder = av.CodecContext.create(CODERS[codec], "w")
    assert isinstance(coder, av.VideoCodecContext)
    coder.width, coder.height, coder.pix_fmt = 160, 128, "yuv420p"
    coder.time_base, coder.framerate, coder.gop_size = Fraction(1, 25), Fraction(25), gop
    settings = f"repeat-headers=1:annexb=1:bframes=0:scenecut=0:keyint={gop}:min-keyint={gop}"
    settings += (
        ":log-level=none:pools=none:frame-threads=1"
        if codec == "hevc"
        else ":log=-1:sliced-threads=0"
    )
    settings += f":{more}" if more else ""
    if codec == "h264":
        coder.thread_count = 1
    coder.options = {"preset": "ultrafast", f"{CODERS[codec][3:]}-params": settings}
    ground = dice.integers(0, 255, (192, 160), np.uint8)
    packets = []
    for number in range(count):
        picture = np.roll(ground, 3 * number, axis=1)
        packets += coder.encode(av.VideoFrame.from_ndarray(picture, format="yuv420p"))
    packets += coder.encode(None)
    return [nals_of(bytes(packet)) for packet in packets]


def nals_of(data: bytes) -> Unit:
    return [one.rstrip(b"\0") for one in data.split(START[1:])[1:]]


def whole(unit: Unit) -> bytes:
    """As Annex B."""
    return b"".join(START + nal for nal in unit)


def kind_of(codec: Codec, nal: bytes) -> int:
    return nal[0] & 0x1F if codec == "h264" else nal[0] >> 1 & 0x3F


def is_set(codec: Codec, nal: bytes) -> bool:
    return kind_of(codec, nal) in SETS[codec]


def sdp_lines(codec: Codec, units: Sequence[Unit]) -> list[str]:
    """The parameter sets as an offer says them."""
    sets = {kind_of(codec, nal): base64.b64encode(nal).decode() for nal in units[0]}
    if codec == "h264":
        return ["packetization-mode=1", f"sprop-parameter-sets={sets[7]},{sets[8]}"]
    return [f"{name}={sets[kind]}" for kind, name in SETS[codec].items() if name]


def packet(
    payload: bytes,
    number: int,
    stamp: int,
    *,
    mark: bool = False,
    kind: int = TYPE,
    source: int = SOURCE,
) -> bytes:
    head = 0x80, mark << 7 | kind, number % 2**16, stamp % 2**32, source
    return struct.pack(">BBHII", *head) + payload


def payloads(codec: Codec, nal: bytes, most: int = MOST) -> list[bytes]:
    """Whole, or in fragments."""
    if len(nal) <= most:
        return [nal]
    head = 1 if codec == "h264" else 2
    body = nal[head:]
    pieces = [body[at : at + most] for at in range(0, len(body), most)]
    cut = []
    for index, piece in enumerate(pieces):
        edge = (0x80 if index == 0 else 0) | (0x40 if index == len(pieces) - 1 else 0)
        if codec == "h264":
            cut.append(bytes([nal[0] & 0xE0 | 28, edge | nal[0] & 0x1F]) + piece)
        else:
            kind = kind_of(codec, nal)
            cut.append(bytes([nal[0] & 0x81 | 49 << 1, nal[1], edge | kind]) + piece)
    return cut


def together(codec: Codec, nals: Sequence[bytes]) -> bytes:
    """Several in one packet."""
    head = b"\x78" if codec == "h264" else bytes([48 << 1, 1])
    return head + b"".join(len(nal).to_bytes(2) + nal for nal in nals)


def as_they_are(codec: Codec, unit: Unit) -> tuple[list[bytes], Unit]:
    del codec
    return [], unit


def nothing_more(number: int, sequence: int, stamp: int) -> list[bytes]:
    del number, sequence, stamp
    return []


def packed(
    *,
    start: int = 0,
    marks: str = "last",
    step: int = STEP,
    begin: Callable[[Codec, Unit], tuple[list[bytes], Unit]] = as_they_are,
    most: int = MOST,
    dress: Callable[[bytes], bytes] = bytes,
    add: Callable[[int, int, int], list[bytes]] = nothing_more,
) -> Pack:
    """A way of packing: numbers and stamps begin at `start`; `begin` takes what it packs in its
    own way off a unit; `dress` changes each packet; `add` puts packets behind a picture's."""

    def pack(codec: Codec, units: Sequence[Unit]) -> Iterator[list[bytes]]:
        sequence, number = start, 0
        while True:
            first, rest = begin(codec, units[number % len(units)])
            cut = [*first, *(piece for nal in rest for piece in payloads(codec, nal, most))]
            out, stamp = [], start + step * number
            for index, payload in enumerate(cut):
                mark = marks == "all" or (marks == "last" and index == len(cut) - 1)
                out.append(dress(packet(payload, sequence, stamp, mark=mark)))
                sequence += 1
            more = add(number, sequence, stamp)
            sequence += len(more)
            yield out + more
            number += 1

    return pack


plainly: Final = packed()
