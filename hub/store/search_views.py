"""What a search for footage by camera and time shows."""

from dataclasses import dataclass
from uuid import UUID

from hub.store.views import AskedSpan, MediaRow


@dataclass(frozen=True, slots=True)
class SearchedCamera:
    """A camera whose footage a person may search."""

    camera_id: UUID
    label: str
    place: str
    is_node_here: bool
    sound: str | None = None
    """Why its sound is recorded too; None where it is not."""


@dataclass(frozen=True, slots=True)
class FoundFootage:
    """The clips of one camera that overlap a span, the earliest first, and what was asked for."""

    clips: list[MediaRow]
    is_cut: bool
    """Whether there are more than are shown."""
    asked: list[AskedSpan]
    sounds: list[MediaRow]
    """What was heard meanwhile, where somebody asked for it."""
