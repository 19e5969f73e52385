"""What a search for footage by camera and time shows."""

from dataclasses import dataclass
from uuid import UUID

from hub.store.views import MediaRow


@dataclass(frozen=True, slots=True)
class SearchedCamera:
    """A camera whose footage a person may search."""

    camera_id: UUID
    label: str
    place: str
    is_node_here: bool


@dataclass(frozen=True, slots=True)
class AskedSpan:
    """A span that somebody asked the camera's node for; `files` None until the node answers."""

    from_utc_us: int
    until_utc_us: int
    reason: str
    person_name: str | None
    """None where it was asked by a command at the hub."""
    asked_utc_us: int
    files: int | None


@dataclass(frozen=True, slots=True)
class FoundFootage:
    """The clips of one camera that overlap a span, the earliest first, and what was asked for."""

    clips: list[MediaRow]
    is_cut: bool
    """Whether there are more than are shown."""
    asked: list[AskedSpan]
