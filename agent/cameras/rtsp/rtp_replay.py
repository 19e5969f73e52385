"""Builds access units from RTP packets, with times from ONVIF's replay header extension. Pure.

H.264 by RFC 6184 (single, STAP-A, FU-A), H.265 by RFC 7798 (single, AP, FU), in the order of
sending. The extension is that of ONVIF's Streaming Specification: profile 0xABAC, three words: NTP
time, then the flags C, E, D and T, the low byte of the CSeq of the PLAY, and padding.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

REPLAY: Final = 0xABAC
NTP_TO_UNIX_S: Final = 2_208_988_800
START: Final = b"\0\0\0\1"
UNIT_BYTES: Final = 16 * 2**20
"""Limit in bytes: no camera sends a larger access unit."""

_BYE: Final = 203

Codec = Literal["h264", "hevc"]


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """A parsed RTP packet; `utc_us` is None without the replay extension."""

    sequence: int
    timestamp: int
    is_last: bool
    """The marker bit: last packet of its access unit."""
    payload: bytes
    utc_us: int | None
    is_cut: bool
    """Flag D: the recording has a gap before it."""
    is_end: bool
    """Flag T: last of the recording."""


@dataclass(frozen=True, slots=True)
class Unit:
    """An access unit in Annex B format."""

    data: bytes
    timestamp: int
    utc_us: int
    is_keyframe: bool
    is_cut: bool
    is_end: bool


def rtp_packet(data: bytes) -> RtpPacket | None:
    """The parsed packet; None if `data` is not RTP."""
    if len(data) < 12 or data[0] >> 6 != 2:
        return None
    first, second, sequence, timestamp, _ = struct.unpack_from(">BBHII", data)
    at = 12 + 4 * (first & 0x0F)
    utc_us, flags = None, 0
    if first & 0x10:
        if len(data) < at + 4:
            return None
        profile, words = struct.unpack_from(">HH", data, at)
        body = data[at + 4 : at + 4 + 4 * words]
        at += 4 + 4 * words
        if profile == REPLAY and len(body) >= 12:
            seconds, fraction, flags = struct.unpack_from(">IIB", body)
            utc_us = (seconds - NTP_TO_UNIX_S) * 1_000_000 + (fraction * 1_000_000 >> 32)
    end = len(data) - (data[-1] if first & 0x20 else 0)
    if at > end:
        return None
    return RtpPacket(
        sequence=sequence,
        timestamp=timestamp,
        is_last=bool(second & 0x80),
        payload=data[at:end],
        utc_us=utc_us,
        is_cut=bool(flags & 0x20),
        is_end=bool(flags & 0x10),
    )


class Units:
    """Assembles packets. A unit with a lost packet is dropped, and the next one is marked as
    cut."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._parts = bytearray()
        self._fragment: bytearray | None = None
        self._next: int | None = None
        self._timestamp: int | None = None
        self._utc_us: int | None = None
        self._is_cut = False
        self._is_torn = False
        self._is_keyframe = False

    def take(self, packet: RtpPacket) -> Iterator[Unit]:
        """The access units that end with this packet: one, or two if a marker was missing."""
        if self._next is not None and packet.sequence != self._next:
            self._is_torn = self._is_cut = True
        self._next = (packet.sequence + 1) & 0xFFFF
        if self._timestamp not in {None, packet.timestamp}:
            yield from self._end(is_end=False)
        self._timestamp = packet.timestamp
        if packet.utc_us is not None:
            self._utc_us = packet.utc_us
        self._is_cut |= packet.is_cut
        for nal in self._nals(packet.payload):
            if len(self._parts) + len(nal) <= UNIT_BYTES:
                self._parts += START + nal
                self._is_keyframe |= self._begins_anew(nal)
        if packet.is_last or packet.is_end:
            yield from self._end(is_end=packet.is_end)

    def _end(self, *, is_end: bool) -> Iterator[Unit]:
        if self._parts and not self._is_torn and self._utc_us is not None:
            yield Unit(
                bytes(self._parts),
                self._timestamp or 0,
                self._utc_us,
                self._is_keyframe,
                self._is_cut,
                is_end,
            )
            self._is_cut = False
        self._parts, self._fragment, self._timestamp = bytearray(), None, None
        self._is_torn = self._is_keyframe = False

    def _nals(self, payload: bytes) -> Iterator[bytes]:
        """The complete NAL units that a payload holds or ends."""
        head = 1 if self._codec == "h264" else 2
        if len(payload) <= head:
            return
        kind = payload[0] & 0x1F if self._codec == "h264" else payload[0] >> 1 & 0x3F
        together, fragment = (24, 28) if self._codec == "h264" else (48, 49)
        if kind == together:
            yield from _aggregated(payload, head)
        elif kind == fragment:
            yield from self._defragmented(payload, head)
        else:
            yield payload

    def _defragmented(self, payload: bytes, head: int) -> Iterator[bytes]:
        flags, body = payload[head], payload[head + 1 :]
        if flags & 0x80:
            if self._codec == "h264":
                start = bytes([payload[0] & 0xE0 | flags & 0x1F])
            else:
                start = bytes([payload[0] & 0x81 | (flags & 0x3F) << 1, payload[1]])
            self._fragment = bytearray(start + body)
        elif self._fragment is not None and len(self._fragment) < UNIT_BYTES:
            self._fragment += body
        if flags & 0x40 and self._fragment is not None:
            whole, self._fragment = bytes(self._fragment), None
            yield whole

    def _begins_anew(self, nal: bytes) -> bool:
        if self._codec == "h264":
            return nal[0] & 0x1F == 5
        return 16 <= nal[0] >> 1 & 0x3F <= 23


def _aggregated(payload: bytes, at: int) -> Iterator[bytes]:
    while at + 2 <= len(payload):
        (size,) = struct.unpack_from(">H", payload, at)
        nal = payload[at + 2 : at + 2 + size]
        at += 2 + size
        if size and len(nal) == size:
            yield nal


def says_bye(rtcp: bytes) -> bool:
    """Whether a report (RTCP, RFC 3550) ends the stream with BYE."""
    at = 0
    while at + 4 <= len(rtcp):
        if rtcp[at + 1] == _BYE:
            return True
        at += 4 * (int.from_bytes(rtcp[at + 2 : at + 4]) + 1)
    return False
