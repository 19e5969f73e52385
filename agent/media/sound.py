"""Sound beside the pictures: AAC, as it goes into an MP4 file. Only where an owner asked for it."""

from dataclasses import dataclass

from agent.media.frame import Instant


@dataclass(frozen=True, slots=True)
class SoundInfo:
    """What a decoder and an MP4 file need to know of it."""

    rate_hz: int
    channels: int
    configuration: bytes
    """AAC's AudioSpecificConfig (ISO/IEC 14496-3)."""


@dataclass(frozen=True, slots=True)
class SoundPacket:
    """One AAC frame without a header of its own; `at` is when its first sample was heard."""

    data: bytes
    at: Instant
    info: SoundInfo
