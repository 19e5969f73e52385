"""H.264 and H.265 parameter sets that a camera sends inside the stream.

Unit types: H.264 (ITU-T H.264 table 7-1), H.265 (ITU-T H.265 table 7-1).
"""

from typing import Final

_START: Final = b"\0\0\1"
_SETS: Final = {"h264": frozenset({7, 8}), "hevc": frozenset({32, 33, 34})}
_ALL: Final = {"h264": 2, "hevc": 3}
_HEAD_BYTES: Final = 4096
"""Bytes searched: parameter sets stand before the picture."""


def parameter_sets(codec: str, keyframe: bytes) -> bytes:
    """The parameter sets of an Annex B access unit, with start codes; empty unless all are
    there."""
    wanted = _SETS.get(codec, frozenset())
    units = [unit.rstrip(b"\0") for unit in keyframe[:_HEAD_BYTES].split(_START)[1:]]
    found = {unit: _kind(codec, unit) for unit in units if unit}
    sets = [unit for unit, kind in found.items() if kind in wanted]
    if len({found[unit] for unit in sets}) < _ALL.get(codec, 1):
        return b""
    return b"".join(b"\0" + _START + unit for unit in sets)


def picture_settings(codec: str, sets: bytes) -> bytes:
    """The sequence parameter set: it changes when the size or profile changes."""
    kind = {"h264": 7, "hevc": 33}.get(codec)
    units = [unit.rstrip(b"\0") for unit in sets.split(_START)[1:]]
    return next((unit for unit in units if unit and _kind(codec, unit) == kind), b"")


def _kind(codec: str, unit: bytes) -> int:
    return unit[0] & 0x1F if codec == "h264" else unit[0] >> 1 & 0x3F
