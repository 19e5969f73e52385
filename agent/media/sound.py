"""Sound: AAC packets for an MP4 file, only if the owner asked for sound."""

from dataclasses import dataclass

from agent.media.frame import Instant


@dataclass(frozen=True, slots=True)
class SoundInfo:
    """Stream parameters for a decoder and an MP4 file."""

    rate_hz: int
    channels: int
    configuration: bytes
    """AAC's AudioSpecificConfig (ISO/IEC 14496-3)."""


@dataclass(frozen=True, slots=True)
class SoundPacket:
    """One AAC frame without its own header; `at` is the time of its first sample."""

    data: bytes
    at: Instant
    info: SoundInfo
