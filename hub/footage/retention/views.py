"""Views and entries of the page of holds and retention rules."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from hub.footage.retention.rules import FootageClass


class RetentionFault(StrEnum):
    """Reasons to refuse an entry."""

    CASE = "case"
    REASON = "reason"
    SPAN = "span"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class HeldRow:
    """An active hold; times are UTC microseconds."""

    hold_id: UUID
    case_number: str
    camera_label: str
    place: str
    of: str
    """Kind of object held: media, alert, camera."""
    from_utc_us: int
    """Start of the object's time."""
    until_utc_us: int | None
    """End of a camera's time span; None: open."""
    alert_id: UUID | None
    reason: str
    placed_by_name: str | None
    """None: the keeper's shell."""
    placed_utc_us: int
    files: int
    """Number of files at the hub now."""
    size_bytes: int
    node_files: int | None
    """Number at the camera's node; None without an answer or a question."""


@dataclass(frozen=True, slots=True)
class RetentionRuleRow:
    """An active retention rule."""

    area_id: UUID | None
    place: str
    """Empty: for all areas without a rule."""
    footage_class: FootageClass
    keep_days: int | None
    reason: str
    made_utc_us: int
    is_theirs: bool
    """True if the asker may replace or end it."""


@dataclass(frozen=True, slots=True)
class RetentionChoice:
    """One camera or area that the form's select offers."""

    id: UUID
    label: str


@dataclass(frozen=True, slots=True)
class RetentionPage:
    """Data of the page of holds and rules."""

    holds: list[HeldRow]
    rules: list[RetentionRuleRow]
    cameras: list[RetentionChoice]
    """Cameras whose footage may be held."""
    areas: list[RetentionChoice]
    """Areas whose rules may be set; none for people who may only hold."""


@dataclass(frozen=True, slots=True)
class NewHold:
    """Entry of a hold: all footage of an alert, or of a camera's time span."""

    case_number: str
    reason: str
    alert_id: UUID | None = None
    camera_id: UUID | None = None
    from_utc_us: int = 0
    until_utc_us: int | None = None


@dataclass(frozen=True, slots=True)
class NewRetentionRule:
    """Entry of a rule; `keep_days` None: for ever."""

    area_id: UUID
    footage_class: FootageClass
    keep_days: int | None
    reason: str
