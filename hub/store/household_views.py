"""Households, requests and what was given, as pages show them; times are UTC microseconds."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from hub.alerts.households import Cut


@dataclass(frozen=True, slots=True)
class HouseholdRow:
    """A household's camera; who they are is asked for apart."""

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
    """One that may be asked; None metres: nobody noted its point, or none was asked for."""

    row: HouseholdRow
    distance_m: float | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request just made; its token is known only now."""

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
    """A request as its case shows it."""

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
    """Some of a file has come."""


@dataclass(frozen=True, slots=True)
class GivenClip:
    """A film that a household gave, to who works on its case."""

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
    cut: Cut
    code: str
    stored_utc_us: int
    note: str
    is_marked: bool
    is_removed: bool


@dataclass(frozen=True, slots=True)
class Giving:
    """What a household sees behind its link."""

    request_id: UUID
    household_id: UUID
    state: str
    """open, coming, sealing, done, expired, withdrawn, consent, closed"""
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
    """What a household has in hand of what it gave."""

    code: str
    sha256: str
    size_bytes: int
    came_sha256: str
    cut: Cut
    stored_utc_us: int


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """What is known of a file that is a film."""

    form: str
    codec: str
    width: int
    height: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Arrived:
    """What a seal on arrival speaks of."""

    clip_id: UUID
    request_id: UUID
    household_id: UUID
    sha256: str
    size_bytes: int
    came_sha256: str
    came_bytes: int
    cut: Cut
    since_utc_us: int
    until_utc_us: int
    arrived_utc_us: int
    arrived_error_ms: int | None
    code: str


@dataclass(frozen=True, slots=True)
class ArrivalSeal:
    """The words that were signed, the signature, and the certificate (DER) of its key."""

    words: bytes
    signature: bytes
    certificate: bytes


SealArrival = Callable[[Arrived], ArrivalSeal]
"""Signs with the hub's evidence key; OSError, ValueError where it cannot."""
