"""Read models of tips for senders and officers; times are UTC microseconds."""

from dataclasses import dataclass
from uuid import UUID

from hub.alerting.alerts.views import SeenCamera
from hub.public.tips.rules import TipTexts
from hub.public.tips.sealing import Reporter
from hub.registry.neighbours import NearbyCamera


@dataclass(frozen=True, slots=True)
class TipPicture:
    """A picture of a tip: re-encoded for display, and the original."""

    shown: bytes
    """JPEG."""
    width: int
    height: int
    original: bytes


@dataclass(frozen=True, slots=True)
class NewTip:
    """An incoming tip."""

    words: TipTexts
    pictures: tuple[TipPicture, ...]
    reporter: Reporter | None
    """None: anonymous."""
    language: str
    source: str = "form"


@dataclass(frozen=True, slots=True)
class TipAnswer:
    """An officer's answer to the sender."""

    answer: str
    at_utc_us: int


@dataclass(frozen=True, slots=True)
class FollowedTip:
    """A tip as its sender sees it."""

    received_utc_us: int
    state: str
    """A `hub.alerting.alerts.rules.lifecycle.AlertState`."""
    answers: tuple[TipAnswer, ...]
    is_removed: bool = False
    """True if the content of the tip was deleted at the end of its retention."""


@dataclass(frozen=True, slots=True)
class PictureRow:
    """A picture of a tip, without its bytes."""

    picture_id: UUID
    number: int
    width: int
    height: int
    original_sha256: str


@dataclass(frozen=True, slots=True)
class TipRow:
    """A tip as officers read it."""

    tip_id: UUID
    alert_id: UUID
    what: str
    place: str
    latitude_deg: float | None
    longitude_deg: float | None
    happened_utc_us: int
    received_utc_us: int
    source: str
    is_anonymous: bool
    case_number: str | None
    """None: in no case, or in one its reader does not work on."""
    is_of_others: bool
    """Whether it is in a case its reader does not work on; then it cannot be moved."""
    pictures: tuple[PictureRow, ...]
    answers: tuple[TipAnswer, ...]
    is_removed: bool = False
    """Past its retention: its content is deleted, and no more answers can be sent."""
    is_seen: bool = False
    """Whether its reader in a case may see its alert, too."""


@dataclass(frozen=True, slots=True)
class NearClip:
    """A clip or picture of a camera near the place, about that time."""

    media_id: UUID
    camera_label: str
    place: str
    first_frame_utc_us: int
    is_stored: bool


@dataclass(frozen=True, slots=True)
class NearSighting:
    """A sighting by a camera near the place at about that time."""

    alert_id: UUID | None
    camera_id: UUID
    camera_label: str
    place: str
    object_kind: str
    people: int
    first_seen_utc_us: int


@dataclass(frozen=True, slots=True)
class TipPage:
    """A tip with what the officer may see near its place and time."""

    tip: TipRow
    may_know: bool
    """Whether they may ask for the sender."""
    cameras: tuple[tuple[SeenCamera, NearbyCamera], ...]
    sightings: tuple[NearSighting, ...]
    clips: tuple[NearClip, ...]
