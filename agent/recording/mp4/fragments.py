"""Fragmented MP4 as bytes: a start for players, then one piece per fragment.

Our own writer, because available muxers hide the end of a fragment, and a fragment must be durable
before the next is announced. Boxes follow ISO/IEC 14496-12 (file format) and 14496-15 (H.264 in
it). Pure: packets in, bytes out.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from agent.media.frame import Packet, StreamInfo
from agent.recording.mp4.hevc import hevc_configuration

TRACK = 1
SYNC_SAMPLE = 0x02000000  # independent of others
OTHER_SAMPLE = 0x01010000  # depends on others, not a sync sample
IDENTITY = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


class Mp4Error(Exception):
    """The stream does not fit into an MP4 file; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture of a fragment; times in ticks of the track's timescale."""

    data: bytes
    duration: int
    composition_offset: int
    is_keyframe: bool


class Mp4Track:
    """The only video track of a file: has the timescale and turns packets into boxes."""

    def __init__(self, stream: StreamInfo) -> None:
        self._stream = stream
        self.timescale = _timescale(stream.time_base)
        self._tick = stream.time_base * self.timescale
        self._is_annex_b = not stream.extradata.startswith(b"\1")
        self._entry = _sample_entry(stream)

    def beginning(self, duration_ticks: int = 0) -> bytes:
        """`ftyp` and `moov`; of constant length, so that the duration can be set at the end."""
        return file_start() + self._moov(duration_ticks)

    def fragment(
        self, number: int, packets: Sequence[Packet], base_dts: int, end_dts: int
    ) -> bytes:
        """`moof` and `mdat` of these packets, which play from the first until `end_dts`."""
        ends = [packet.dts for packet in packets[1:]] + [end_dts]
        samples = [
            Sample(
                data=self._payload(packet),
                duration=self._ticks(max(1, end - packet.dts)),
                composition_offset=self._ticks(packet.pts - packet.dts),
                is_keyframe=packet.is_keyframe,
            )
            for packet, end in zip(packets, ends, strict=True)
        ]
        return fragment(number, self._ticks(packets[0].dts - base_dts), samples)

    def ticks_of(self, dts_span: int) -> int:
        """A span in the stream's time base as ticks of the file."""
        return self._ticks(dts_span)

    def _ticks(self, value: int) -> int:
        return round(value * self._tick)

    def _payload(self, packet: Packet) -> bytes:
        return to_length_prefixed(packet.data) if self._is_annex_b else packet.data

    def _moov(self, duration_ticks: int) -> bytes:
        words = MediaWords(
            timescale=self.timescale,
            handler=b"vide",
            header=full_box(b"vmhd", 0, 1, b"\0" * 8),
            entry=self._entry,
            width=self._stream.width,
            height=self._stream.height,
        )
        return movie(words, duration_ticks=duration_ticks)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaWords:
    """Description of the only track; `header` and `entry` are boxes."""

    timescale: int
    handler: bytes
    header: bytes
    entry: bytes
    width: int = 0
    height: int = 0
    volume: int = 0
    """8.8 fixed point; 1 for sound."""


def movie(words: MediaWords, *, duration_ticks: int) -> bytes:
    """`moov`, of constant length."""
    times = struct.pack(">II", 0, 0)
    mvhd = full_box(b"mvhd", 0, 0, times, struct.pack(">II", words.timescale, 0),
                    struct.pack(">IHH8x", 0x10000, 0x0100, 0), IDENTITY, b"\0" * 24,
                    struct.pack(">I", TRACK + 1))  # fmt: skip
    size = struct.pack(">II", words.width << 16, words.height << 16)
    place = struct.pack(">IIi8xHHH2x", TRACK, 0, 0, 0, 0, words.volume)
    tkhd = full_box(b"tkhd", 0, 3, times, place, IDENTITY, size)
    mdhd = full_box(b"mdhd", 0, 0, times, struct.pack(">IIHH", words.timescale, 0, 0x55C4, 0))
    hdlr = full_box(b"hdlr", 0, 0, struct.pack(">4x4s12x", words.handler), _KINDS[words.handler])
    empty = [full_box(name, 0, 0, b"\0" * size) for name, size in _EMPTY_TABLES]
    stsd = full_box(b"stsd", 0, 0, struct.pack(">I", 1), words.entry)
    url = full_box(b"dref", 0, 0, struct.pack(">I", 1), full_box(b"url ", 0, 1))
    minf = box(b"minf", words.header, box(b"dinf", url), box(b"stbl", stsd, *empty))
    trak = box(b"trak", tkhd, box(b"mdia", mdhd, hdlr, minf))
    mehd = full_box(b"mehd", 1, 0, struct.pack(">Q", duration_ticks))
    trex = full_box(b"trex", 0, 0, struct.pack(">IIIII", TRACK, 1, 0, 0, 0))
    return box(b"moov", mvhd, trak, box(b"mvex", mehd, trex))


_KINDS = {b"vide": b"video\0", b"soun": b"sound\0"}
_EMPTY_TABLES = ((b"stts", 4), (b"stsc", 4), (b"stsz", 8), (b"stco", 4))


def to_length_prefixed(data: bytes) -> bytes:
    """Annex B (start codes) to length-prefixed units, the form of MP4."""
    return b"".join(struct.pack(">I", len(unit)) + unit for unit in annex_b_units(data))


def annex_b_units(data: bytes) -> list[bytes]:
    """The units between start codes, without trailing zeros."""
    units = []
    for part in data.split(b"\0\0\1")[1:]:
        unit = part.rstrip(b"\0")
        if unit:
            units.append(unit)
    return units


def avc_configuration(extradata: bytes) -> bytes:
    """The `avcC` payload: as given, or made from the parameter sets of an Annex B stream."""
    if extradata.startswith(b"\1"):
        return extradata
    units = annex_b_units(extradata)
    sequence = [unit for unit in units if unit[0] & 0x1F == 7]
    picture = [unit for unit in units if unit[0] & 0x1F == 8]
    if not sequence or not picture:
        raise Mp4Error("the stream has no parameter sets (SPS, PPS): it cannot be recorded")
    head = bytes([1, sequence[0][1], sequence[0][2], sequence[0][3], 0xFF, 0xE0 | len(sequence)])
    body = b"".join(struct.pack(">H", len(unit)) + unit for unit in sequence)
    tail = b"".join(struct.pack(">H", len(unit)) + unit for unit in picture)
    return head + body + bytes([len(picture)]) + tail


def _hevc_configuration(extradata: bytes) -> bytes:
    if extradata.startswith(b"\1"):
        return extradata
    made = hevc_configuration(annex_b_units(extradata))
    if made is None:
        raise Mp4Error("the stream has no parameter sets (VPS, SPS, PPS): it cannot be recorded")
    return made


def _sample_entry(stream: StreamInfo) -> bytes:
    match stream.codec:
        case "h264":
            name, configuration = b"avc1", box(b"avcC", avc_configuration(stream.extradata))
        case "hevc":
            name, configuration = b"hvc1", box(b"hvcC", _hevc_configuration(stream.extradata))
        case _:
            raise Mp4Error(
                f"no way to put a {stream.codec} stream into a clip (H.264 and H.265 go)"
            )
    head = struct.pack(">6xH16xHHIIIH", 1, stream.width, stream.height, 72 << 16, 72 << 16, 0, 1)
    return box(name, head, b"\0" * 32, struct.pack(">Hh", 24, -1), configuration)


def _timescale(time_base: Fraction) -> int:
    """Ticks per second: the stream's own if it is a whole number, else the usual 90 kHz."""
    return time_base.denominator if time_base.numerator == 1 else 90_000


def file_start() -> bytes:
    """`ftyp`: the file type."""
    return box(b"ftyp", b"iso6", struct.pack(">I", 0), b"iso6", b"mp42", b"cmfc")


def fragment(number: int, decode_time: int, samples: Sequence[Sample]) -> bytes:
    mdat = box(b"mdat", *(sample.data for sample in samples))
    moof_size = len(_moof(number, decode_time, samples, 0))
    return _moof(number, decode_time, samples, moof_size + 8) + mdat


def _moof(number: int, decode_time: int, samples: Sequence[Sample], data_offset: int) -> bytes:
    default_base_is_moof, all_fields = 0x020000, 0x000F01
    tfhd = full_box(b"tfhd", 0, default_base_is_moof, struct.pack(">I", TRACK))
    tfdt = full_box(b"tfdt", 1, 0, struct.pack(">Q", decode_time))
    rows = b"".join(
        struct.pack(
            ">IIIi",
            sample.duration,
            len(sample.data),
            SYNC_SAMPLE if sample.is_keyframe else OTHER_SAMPLE,
            sample.composition_offset,
        )
        for sample in samples
    )
    trun = full_box(b"trun", 1, all_fields, struct.pack(">Ii", len(samples), data_offset), rows)
    mfhd = full_box(b"mfhd", 0, 0, struct.pack(">I", number))
    return box(b"moof", mfhd, box(b"traf", tfhd, tfdt, trun))


def box(name: bytes, *parts: bytes) -> bytes:
    """One box: size, name, content."""
    size = 8 + sum(map(len, parts))
    return struct.pack(">I4s", size, name) + b"".join(parts)


def full_box(name: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """A box with version and flags."""
    return box(name, struct.pack(">I", version << 24 | flags), *parts)
