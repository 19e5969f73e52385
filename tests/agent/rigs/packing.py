"""Elementary streams, and the ways in which cameras pack them into RTP."""

import base64
import struct
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Final

import av
import numpy as np

from agent.cameras.rtsp.rtp_replay import START, Codec

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
    """The access unit as Annex B."""
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


def packet(payload: bytes, number: int, stamp: int, *, mark: bool = False) -> bytes:
    head = 0x80, mark << 7 | TYPE, number % 2**16, stamp % 2**32, SOURCE
    return struct.pack(">BBHII", *head) + payload


def payloads(codec: Codec, nal: bytes) -> list[bytes]:
    """Whole, or in fragments."""
    if len(nal) <= MOST:
        return [nal]
    head = 1 if codec == "h264" else 2
    body = nal[head:]
    pieces = [body[at : at + MOST] for at in range(0, len(body), MOST)]
    cut = []
    for index, piece in enumerate(pieces):
        edge = (0x80 if index == 0 else 0) | (0x40 if index == len(pieces) - 1 else 0)
        if codec == "h264":
            cut.append(bytes([nal[0] & 0xE0 | 28, edge | nal[0] & 0x1F]) + piece)
        else:
            kind = kind_of(codec, nal)
            cut.append(bytes([nal[0] & 0x81 | 49 << 1, nal[1], edge | kind]) + piece)
    return cut


def packed(
    *,
    start: int = 0,
    stamps: Callable[[int], int] = lambda number: STEP * number,
    dress: Callable[[bytes], bytes] = bytes,
) -> Pack:
    """A way of packing: numbers and stamps begin at `start`, `stamps` says what picture of which
    number is stamped with, `dress` changes each packet."""

    def pack(codec: Codec, units: Sequence[Unit]) -> Iterator[list[bytes]]:
        sequence, number = start, 0
        while True:
            cut = [piece for nal in units[number % len(units)] for piece in payloads(codec, nal)]
            out, stamp = [], start + stamps(number)
            for index, payload in enumerate(cut):
                mark = index == len(cut) - 1
                out.append(dress(packet(payload, sequence, stamp, mark=mark)))
                sequence += 1
            yield out
            number += 1

    return pack


plainly: Final = packed()
