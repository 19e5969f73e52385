"""Plain values of the seal on the arrival of a household's file."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class MarkedPart:
    """The relevant part of a file; None for its start or its end."""

    from_ms: int | None = None
    until_ms: int | None = None

    @property
    def is_none(self) -> bool:
        """True if the whole file is relevant."""
        return self.from_ms is None and self.until_ms is None


@dataclass(frozen=True, slots=True)
class SealContent:
    """Content of a seal on arrival."""

    clip_id: UUID
    request_id: UUID
    household_id: UUID
    sha256: str
    size_bytes: int
    came_sha256: str
    came_bytes: int
    cut: MarkedPart
    since_utc_us: int
    until_utc_us: int
    arrived_utc_us: int
    arrived_error_ms: int | None
    code: str


@dataclass(frozen=True, slots=True)
class ArrivalSeal:
    """The signed text, the signature, and the certificate (DER) of its key."""

    words: bytes
    signature: bytes
    certificate: bytes
