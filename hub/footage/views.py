"""Read models of pictures and clips, finished and growing, and of requests for them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Removed:
    """Reason why the hub no longer has a file: `why` is rule, full (the disk was full), lost or
    asked."""

    why: str
    at_utc_us: int
    keep_days: int | None = None
    """Days of the retention rule, with its area (None: everywhere) and its reason."""
    area: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class GrowingRow:
    """An incomplete clip of an alert; a part of it may be playable."""

    clip_id: UUID
    codec: str
    width: int
    height: int
    first_frame_utc_us: int
    is_dropped: bool
    grew_utc_us: int | None = None
    """Time of its last received bytes; None: nothing received."""


@dataclass(frozen=True, slots=True)
class ClipRequestRow:
    """A person's request to a node for a file."""

    person_name: str
    asked_utc_us: int
    answer: str | None
    """One of `coming`, `gone`. None while the node has not answered."""
    answered_utc_us: int | None


@dataclass(frozen=True, slots=True)
class MediaRow:
    """A picture or clip of an alert; `is_stored` is False while only the node has it."""

    media_id: UUID
    kind: str
    codec: str
    width: int
    height: int
    size_bytes: int
    first_frame_utc_us: int
    duration_ms: int
    is_stored: bool
    removed: Removed | None = None
    wish: ClipRequestRow | None = None
    from_recorder: bool = False
    """Whether its node got it from the camera's own recorder."""
    is_remains: bool = False
    """Whether it was salvaged from an unfinished clip after its node fell silent."""
    error_ms: int | None = None
    """Maximum error of its first frame's time; None: not verified."""


@dataclass(frozen=True, slots=True)
class AskedSpan:
    """A span requested from the camera's node; `files` is None until the node answers."""

    from_utc_us: int
    until_utc_us: int
    reason: str
    person_name: str | None
    """None: requested by a command at the hub."""
    asked_utc_us: int
    files: int | None
    with_sound: bool = False


@dataclass(frozen=True, slots=True)
class OpenMedia:
    """A file the asker may read."""

    media_id: UUID
    kind: str
    read: Callable[[int, int], Iterator[bytes]]
    """Reads a range (first byte, length) in pieces; hides where the store keeps the bytes."""
    media_type: str
    """One of `image/jpeg`, `video/mp4`."""
    size_bytes: int
    sha256: str
    """Differs for different bytes: a copy has its original's hash with a suffix."""
    node_id: UUID | None = None
    """The node that took it, of an original."""
