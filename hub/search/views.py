"""Read models of the footage search by camera and time."""

from dataclasses import dataclass
from uuid import UUID

from hub.footage.views import AskedSpan, MediaRow


@dataclass(frozen=True, slots=True)
class SearchedCamera:
    """A camera whose footage a person may search."""

    camera_id: UUID
    label: str
    place: str
    is_node_here: bool
    sound: str | None = None
    """Reason for its sound recording; None: no sound is recorded."""


@dataclass(frozen=True, slots=True)
class FoundFootage:
    """The clips of one camera that overlap a span, earliest first, and the requests for it."""

    clips: list[MediaRow]
    is_cut: bool
    """Whether there are more than shown."""
    asked: list[AskedSpan]
    sounds: list[MediaRow]
    """Requested sound of that span."""
