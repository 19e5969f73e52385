"""What the page of holds and rules of keeping shows, and what is entered there."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from hub.alerts.retention import FootageClass


class KeepingFault(StrEnum):
    """What is wrong with what was entered."""

    CASE = "case"
    REASON = "reason"
    SPAN = "span"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A hold that counts; times are UTC microseconds."""

    hold_id: UUID
    case_number: str
    camera_label: str
    place: str
    of: str
    """media, alert, camera: what it names."""
    from_utc_us: int
    """When that began."""
    until_utc_us: int | None
    """Of a camera's span; None: it goes on."""
    alert_id: UUID | None
    reason: str
    placed_by_name: str | None
    """None: the keeper's shell."""
    placed_utc_us: int
    files: int
    """At the hub, as many as it keeps now."""
    size_bytes: int
    node_files: int | None
    """At the camera's node; None while that has not answered, or was not asked."""


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule of keeping that counts."""

    area_id: UUID | None
    place: str
    """Empty: wherever no area has a rule."""
    footage_class: FootageClass
    keep_days: int | None
    reason: str
    made_utc_us: int
    is_theirs: bool
    """Whether the asker may set another or end it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A camera or an area that may be chosen."""

    id: UUID
    label: str


@dataclass(frozen=True, slots=True)
class KeptPage:
    """All that the page shows."""

    holds: list[HeldRow]
    rules: list[RuleRow]
    cameras: list[Choice]
    """Whose footage may be held."""
    areas: list[Choice]
    """Whose rules may be set; none for who only holds."""


@dataclass(frozen=True, slots=True)
class NewHold:
    """As it is entered: all footage of an alert, or a camera's of a span."""

    case_number: str
    reason: str
    alert_id: UUID | None = None
    camera_id: UUID | None = None
    from_utc_us: int = 0
    until_utc_us: int | None = None


@dataclass(frozen=True, slots=True)
class NewRule:
    """As it is entered; `keep_days` None: for good."""

    area_id: UUID
    footage_class: FootageClass
    keep_days: int | None
    reason: str
