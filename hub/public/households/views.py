"""Views of households, requests and household clips; times are UTC microseconds."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from hub.cases.evidence.arrival_seal import ArrivalSeal, MarkedPart, SealContent


@dataclass(frozen=True, slots=True)
class HouseholdRow:
    """A household's camera; name and contact are read separately."""

    household_id: UUID
    area_id: UUID
    area: str
    place: str
    latitude_deg: float | None
    longitude_deg: float | None
    view: str
    channel: str
    language: str
    consent_version: str
    consent_text: str
    consented_utc_us: int
    recorded_by_name: str
    withdrawn_utc_us: int | None
    withdrawn_by_name: str | None
    """None and withdrawn: by the household itself."""
    open_requests: int


@dataclass(frozen=True, slots=True)
class NearHousehold:
    """A household that may be asked. None metres: its location is not stored, or no point was
    given."""

    row: HouseholdRow
    distance_m: float | None


@dataclass(frozen=True, slots=True)
class MadeRequest:
    """A new request to a household; its token is known only now."""

    request_id: UUID
    household_id: UUID
    place: str
    token: str
    channel: str
    address: str
    language: str
    expires_utc_us: int


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request to a household, for the page of its case."""

    request_id: UUID
    place: str
    why: str
    since_utc_us: int
    until_utc_us: int
    asked_utc_us: int
    asked_by_name: str
    expires_utc_us: int
    ended_utc_us: int | None
    ended_why: str
    is_under_way: bool
    """True if part of a file has come."""


@dataclass(frozen=True, slots=True)
class HouseholdClip:
    """A household clip, for people who work on its case."""

    clip_id: UUID
    place: str
    since_utc_us: int
    until_utc_us: int
    name: str
    form: str
    codec: str
    width: int
    height: int
    duration_ms: int
    size_bytes: int
    sha256: str
    came_sha256: str
    came_bytes: int
    cut: MarkedPart
    code: str
    stored_utc_us: int
    note: str
    is_marked: bool
    is_removed: bool


@dataclass(frozen=True, slots=True)
class HouseholdLink:
    """Content of a household's link."""

    request_id: UUID
    household_id: UUID
    state: str
    """One of `open`, `coming`, `sealing`, `done`, `expired`, `withdrawn`, `consent`, `closed`."""
    asked_by_name: str
    why: str
    since_utc_us: int
    until_utc_us: int
    expires_utc_us: int
    language: str
    consent_version: str
    consent_text: str
    came_bytes: int
    size_bytes: int
    name: str
    mark: str
    upload_id: UUID | None
    wrong: str
    receipt: "Receipt | None"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The household's receipt for its clip."""

    code: str
    sha256: str
    size_bytes: int
    came_sha256: str
    cut: MarkedPart
    stored_utc_us: int


SealArrival = Callable[[SealContent], ArrivalSeal]
"""Signs with the hub's evidence key; raises OSError, ValueError if it cannot."""
