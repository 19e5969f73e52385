"""What an evidence package takes from elsewhere."""

from dataclasses import dataclass
from uuid import UUID

from hub.cases.evidence.arrival_seal import ArrivalSeal


@dataclass(frozen=True, slots=True)
class ExportedHouseholdFile:
    """A household's video file in an export."""

    clip_id: UUID
    request_id: UUID
    sha256: str
    size_bytes: int
    form: str
    place: str
    area: str
    since_utc_us: int
    duration_ms: int
    stored_utc_us: int
    seal: ArrivalSeal
