"""The `hvcC` payload of an MP4 file, from the parameter sets of an Annex B H.265 stream.

Fields follow ISO/IEC 14496-15 8.3.3.1 and, for fields of the stream, ITU-T H.265 7.3.2.2.
"""

import struct
from collections.abc import Sequence
from typing import Final

VPS: Final = 32
SPS: Final = 33
PPS: Final = 34
_GENERAL_BYTES: Final = 12
"""Profile, compatibility, constraints and level, as in the SPS."""


def unit_kind(unit: bytes) -> int:
    """The type of an H.265 unit."""
    return unit[0] >> 1 & 0x3F


def hevc_configuration(units: Sequence[bytes]) -> bytes | None:
    """The `hvcC` payload from units without start codes; None if one of the three sets is missing
    or broken."""
    sets = {kind: [u for u in units if u and unit_kind(u) == kind] for kind in (VPS, SPS, PPS)}
    if not all(sets.values()):
        return None
    try:
        head = _head(sets[SPS][0])
    except IndexError:
        return None
    arrays = b"".join(
        struct.pack(">BH", 0x80 | kind, len(held))
        + b"".join(struct.pack(">H", len(unit)) + unit for unit in held)
        for kind, held in sets.items()
    )
    return head + bytes([len(sets)]) + arrays


def _head(sps: bytes) -> bytes:
    bits = _Bits(_unescaped(sps[2:]))
    bits.take(4)
    further_layers, is_nested = bits.take(3), bits.take(1)
    general = bits.take(_GENERAL_BYTES * 8).to_bytes(_GENERAL_BYTES, "big")
    _skip_layers(bits, further_layers)
    bits.take_golomb()
    chroma = bits.take_golomb()
    if chroma == 3:
        bits.take(1)
    bits.take_golomb(), bits.take_golomb()
    if bits.take(1):  # a cropped window of the coded picture is shown
        for _ in range(4):
            bits.take_golomb()
    luma_bits, chroma_bits = bits.take_golomb(), bits.take_golomb()
    nature = struct.pack(">HBBBB", 0xF000, 0xFC, 0xFC | chroma & 3, 0xF8 | luma_bits & 7,
                         0xF8 | chroma_bits & 7)  # fmt: skip
    timing = struct.pack(">HB", 0, (further_layers + 1 & 7) << 3 | is_nested << 2 | 3)
    return b"\1" + general + nature + timing


def _skip_layers(bits: "_Bits", further: int) -> None:
    if not further:
        return
    present = [(bits.take(1), bits.take(1)) for _ in range(further)]
    bits.take(2 * (8 - further))
    for has_profile, has_level in present:
        bits.take(88 * has_profile + 8 * has_level)


def _unescaped(payload: bytes) -> bytes:
    """Without the emulation prevention bytes."""
    return payload.replace(b"\0\0\3", b"\0\0")


class _Bits:
    """Reads a byte string bit by bit; IndexError at its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> int:
        """The next `count` bits as a number."""
        value = 0
        for _ in range(count):
            value = value << 1 | self._data[self._at >> 3] >> (7 - self._at % 8) & 1
            self._at += 1
        return value

    def take_golomb(self) -> int:
        """Next unsigned number in Exp-Golomb code."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)
