"""Tips as senders and officers see them; times are UTC microseconds."""

from dataclasses import dataclass
from uuid import UUID

from hub.alerts.neighbours import Near
from hub.alerts.tips import Words
from hub.store.tip_box import Reporter
from hub.store.views import SeenCamera


@dataclass(frozen=True, slots=True)
class TipPicture:
    """A picture that came with a tip: drawn anew for showing, and as it came."""

    shown: bytes
    """JPEG."""
    width: int
    height: int
    original: bytes


@dataclass(frozen=True, slots=True)
class NewTip:
    """A tip that comes in."""

    words: Words
    pictures: tuple[TipPicture, ...]
    reporter: Reporter | None
    """None: anonymous."""
    language: str
    source: str = "form"


@dataclass(frozen=True, slots=True)
class TipAnswer:
    """What officers said to the sender."""

    answer: str
    at_utc_us: int


@dataclass(frozen=True, slots=True)
class FollowedTip:
    """What a sender sees of their tip."""

    received_utc_us: int
    state: str
    """Of `hub.alerts.alert.State`."""
    answers: tuple[TipAnswer, ...]
    is_removed: bool = False
    """It was kept as long as it may be."""


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
    """None: it is in none, or in one that its reader is not in."""
    is_of_others: bool
    """Whether it is in a case that its reader is not in, and stays there."""
    pictures: tuple[PictureRow, ...]
    answers: tuple[TipAnswer, ...]
    is_removed: bool = False
    """Kept as long as it may be: its words are gone, and nothing more is said to its sender."""
    is_seen: bool = False
    """Whether who reads it in a case sees its alert, too."""


@dataclass(frozen=True, slots=True)
class NearClip:
    """A clip or picture of a camera near the place, about that time."""

    media_id: UUID
    camera_label: str
    first_frame_utc_us: int
    is_stored: bool


@dataclass(frozen=True, slots=True)
class NearSighting:
    """Somebody whom a camera near the place saw about that time."""

    alert_id: UUID | None
    camera_id: UUID
    camera_label: str
    object_kind: str
    people: int
    first_seen_utc_us: int


@dataclass(frozen=True, slots=True)
class TipPage:
    """A tip with what the officer may see near its place and time."""

    tip: TipRow
    may_know: bool
    """Whether they may ask who sent it."""
    cameras: tuple[tuple[SeenCamera, Near], ...]
    sightings: tuple[NearSighting, ...]
    clips: tuple[NearClip, ...]
