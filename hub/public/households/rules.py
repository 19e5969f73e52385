"""Rules for household cameras, requests for their footage, and uploads.

Times are UTC microseconds; cuts are milliseconds from the start of a file.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from hub.base.errors import DomainError
from hub.cases.evidence.arrival_seal import MarkedPart
from hub.registry.shapes import Point

PLACE_CHARS: Final = 200
VIEW_CHARS: Final = 500
NAME_CHARS: Final = 120
CONTACT_CHARS: Final = 200
WHY_CHARS: Final = 300
FILE_NAME_CHARS: Final = 200

MOST_BYTES: Final = 4_000_000_000
"""Upper limit of a file, whatever is configured: an evidence package ends at 4 GiB."""
FORM_BYTES: Final = 64 * 2**20
"""Largest file in a plain form; the page's script uploads larger files in chunks."""

MOST_SPAN_US: Final = 24 * 3600 * 1_000_000
"""Longest time span of a request: one day."""
OLDEST_US: Final = 366 * 24 * 3600 * 1_000_000
MOST_ASKED: Final = 50
"""Most households in one request."""
LEAST_HOURS: Final = 1
MOST_HOURS: Final = 14 * 24
MOST_RADIUS_M: Final = 5_000
RADIUS_M: Final = 300


class HouseholdFault(StrEnum):
    """Why a household or a request was refused."""

    AREA = "area"
    PLACE = "place"
    POINT = "point"
    VIEW = "view"
    CONTACT = "contact"
    CHANNEL = "channel"
    CONSENT = "consent"
    SPAN = "span"
    AHEAD = "ahead"
    OLD = "old"
    WHY = "why"
    HOURS = "hours"
    NOBODY = "nobody"
    CLOSED = "closed"


class HouseholdError(DomainError):
    """The input is invalid; nothing was changed."""

    def __init__(self, fault: HouseholdFault) -> None:
        super().__init__(fault.value, f"household.{fault}")
        self.fault = fault


class HouseholdUploadFault(StrEnum):
    """Why an uploaded file was refused, as shown to the household."""

    ENDED = "ended"
    AGREE = "agree"
    EMPTY = "empty"
    LARGE = "large"
    LARGE_FORM = "large_form"
    ROOM = "room"
    CUT = "cut"
    NOT_VIDEO = "not_video"
    LOST = "lost"


class HouseholdUploadError(DomainError):
    """The file is refused; earlier uploads are unchanged."""

    def __init__(self, fault: HouseholdUploadFault) -> None:
        super().__init__(fault.value, f"household_upload.{fault}")
        self.fault = fault


@dataclass(frozen=True, slots=True)
class NewHousehold:
    """A household camera whose owner agreed to be asked."""

    area_id: UUID | None
    place: str
    point: Point | None
    view: str
    name: str
    contact: str
    channel: str
    """Channel for requests to the contact; empty: people contact them, not the hub."""
    language: str
    consent_version: str
    consent_text: str
    has_consent: bool


@dataclass(frozen=True, slots=True)
class RequestedFootage:
    """Footage that a case requests from households."""

    household_ids: tuple[UUID, ...]
    since_utc_us: int
    until_utc_us: int
    why: str
    hours: int
    """Lifetime of the link in hours."""


def fault_of_household(new: NewHousehold) -> HouseholdFault | None:
    """The first fault of a household entry, or None."""
    if not new.has_consent:
        return HouseholdFault.CONSENT
    if not new.place:
        return HouseholdFault.PLACE
    if not new.view:
        return HouseholdFault.VIEW
    if not new.contact:
        return HouseholdFault.CONTACT
    return None


def fault_of_wanted(wanted: RequestedFootage, *, now_utc_us: int) -> HouseholdFault | None:
    """The first fault of a request, or None."""
    span_us = wanted.until_utc_us - wanted.since_utc_us
    cannot_be = {
        HouseholdFault.NOBODY: not 0 < len(wanted.household_ids) <= MOST_ASKED,
        HouseholdFault.SPAN: not 0 < span_us <= MOST_SPAN_US,
        HouseholdFault.AHEAD: wanted.since_utc_us > now_utc_us,
        HouseholdFault.OLD: wanted.since_utc_us < now_utc_us - OLDEST_US,
        HouseholdFault.WHY: not wanted.why,
        HouseholdFault.HOURS: not LEAST_HOURS <= wanted.hours <= MOST_HOURS,
    }
    return next((fault for fault, is_so in cannot_be.items() if is_so), None)


def is_cut(cut: MarkedPart, *, duration_ms: int) -> bool:
    """True if the cut contains part of a film of this length; 0 means an unknown length."""
    from_ms, until_ms = cut.from_ms or 0, cut.until_ms
    if from_ms < 0 or (until_ms is not None and until_ms <= from_ms):
        return False
    return duration_ms == 0 or from_ms < duration_ms
