"""What the journal hands out: frozen rows, units in the names."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from agent.media.frame import Instant
from agent.wire.messages import Body, Event
from agent.wire.terms import ClockSource, Stamp


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the journal may hold; what is over is dropped or forgotten, oldest first."""

    max_events: int = 100_000
    """Events not yet receipted. When it is full the oldest that is no alert goes, and an alert only
    when nothing else is left."""
    max_lesser: int = 80_000
    """Those of them that are no alerts, so that there is always room for some that are."""
    max_receipted: int = 100_000
    """Events the hub has; kept for a hub that lost its disk and asks for them."""
    keep_receipted_s: float = 7 * 86_400.0
    max_set_aside: int = 1_000


class MediaKind(StrEnum):
    """What is brought to the hub beside events; pictures go first."""

    PICTURE = "picture"
    CLIP = "clip"
    SOUND = "sound"
    """What was heard during a clip, beside it; brought only when it was asked for."""


class FootageClass(StrEnum):
    """How dear footage is, dearest first; what is held beside that is never removed."""

    ALERT = "alert"
    """Of a sighting that raised or joined an alert, as the hub says."""
    SIGHTING = "sighting"
    CONTINUOUS = "continuous"


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event the hub has not receipted."""

    event_id: UUID
    seq: int
    priority: int
    body: Body
    at: Instant
    boot_id: UUID
    source: ClockSource
    error_ms: int | None

    def spoken(self, *, node: str, spool_id: UUID, boot_id: UUID, now: Instant) -> Event:
        """The message as it goes out at `now`, by a node that runs under `boot_id`.

        The age is monotonic and so only known within the boot that saw it happen.
        """
        age_ms = (now.mono_ns - self.at.mono_ns) // 1_000_000
        return Event(
            event_id=self.event_id,
            node=node,
            spool_id=spool_id,
            seq=self.seq,
            boot_id=self.boot_id,
            stamp=Stamp(utc_us=self.at.utc_us, source=self.source, error_ms=self.error_ms),
            age_ms=max(0, age_ms) if boot_id == self.boot_id else None,
            uptime_ms=max(0, self.at.mono_ns // 1_000_000),
            body=self.body,
        )


@dataclass(frozen=True, slots=True)
class DueMedia:
    """A file whose event is at the hub, and which is not."""

    sha256: str
    kind: MediaKind
    path: Path
    size_bytes: int
    is_alerts_picture: bool = False
    """Then nothing goes before it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file the journal knows of, for the shelf to judge."""

    sha256: str
    kind: MediaKind
    path: Path
    size_bytes: int
    state: str
    """`waiting` for its event's receipt, `due`, `done`, or `refused`; `kept`: nobody was told."""
    added_utc_us: int
    footage_class: FootageClass
    is_held: bool


@dataclass(frozen=True, slots=True)
class Clip:
    """A whole clip on the node's disk."""

    clip_id: UUID
    camera: str
    path: Path
    sha256: str
    size_bytes: int
    first_frame_utc_us: int
    duration_ms: int
    sighting_ids: tuple[UUID, ...]
    clip_class: FootageClass


@dataclass(frozen=True, slots=True)
class JournalCounts:
    """Numbers since the file was born, and what is owed now."""

    spooled: int
    waiting: int
    waiting_alerts: int
    waiting_again: int
    """At the hub once, and asked for anew."""
    receipted: int
    dropped: int
    dropped_alerts: int
    refused: int
    set_aside: int
    """Refused or unreadable, and kept for a person to look at."""
    media_owed: int
    """Files not yet at the hub, whether or not their event is."""
    media_done: int
    media_refused: int
    media_evicted: int
    """Deleted from the shelf before the hub had them."""
    media_vanished: int
    """Gone from the folder without the agent's doing."""
