"""Rows returned by the journal: frozen, units in the names."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from agent.media.frame import Instant
from agent.wire.messages import Body, Event
from agent.wire.terms import ClockSource, Stamp


@dataclass(frozen=True, slots=True)
class JournalLimits:
    """Limits of the journal; rows over them are dropped or deleted, oldest first."""

    max_events: int = 100_000
    """Events without a receipt. When it is full the oldest that is not an alert is dropped, and an
    alert only if nothing else is left."""
    max_lesser: int = 80_000
    """Most waiting events that are not alerts, so that there is always space for some alerts."""
    max_receipted: int = 100_000
    """Receipted events, kept for a hub that lost its disk."""
    keep_receipted_s: float = 7 * 86_400.0
    max_set_aside: int = 1_000


class MediaKind(StrEnum):
    """Files uploaded beside events; pictures go first."""

    PICTURE = "picture"
    CLIP = "clip"
    SOUND = "sound"
    """Sound of a clip, beside it; uploaded only on request."""


class FootageClass(StrEnum):
    """Class of footage, most important first; held footage is never removed."""

    ALERT = "alert"
    """Footage of a sighting that raised or joined an alert, as told by the hub."""
    SIGHTING = "sighting"
    CONTINUOUS = "continuous"


@dataclass(frozen=True, slots=True)
class WaitingEvent:
    """An event without a receipt."""

    event_id: UUID
    seq: int
    priority: int
    body: Body
    at: Instant
    boot_id: UUID
    source: ClockSource
    error_ms: int | None

    def message(self, *, node: str, spool_id: UUID, boot_id: UUID, now: Instant) -> Event:
        """The event as a message, as sent at `now` by a node running under `boot_id`.

        Its age is monotonic, so it is known only within the boot of the event.
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
    """A file whose event is at the hub, but not the file itself."""

    sha256: str
    kind: MediaKind
    path: Path
    size_bytes: int
    is_alerts_picture: bool = False
    """Then it goes before everything else."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A known file, for the clip store's decisions."""

    sha256: str
    kind: MediaKind
    path: Path
    size_bytes: int
    state: str
    """`waiting` for its event's receipt, `due`, `done`, or `refused`; `kept`: not announced."""
    added_utc_us: int
    footage_class: FootageClass
    is_held: bool
    number: int
    """The order in which files of its kind were added, whatever the clock said."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A complete clip on the node's disk."""

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
    """Counters since the file was created, and present queue lengths."""

    spooled: int
    waiting: int
    waiting_alerts: int
    waiting_again: int
    """Events that were at the hub before and were requested again."""
    receipted: int
    dropped: int
    dropped_alerts: int
    refused: int
    set_aside: int
    """Refused or unreadable, and kept for a person to look at."""
    media_owed: int
    """Files not yet at the hub, with or without their event."""
    media_done: int
    media_refused: int
    media_evicted: int
    """Deleted before the hub had them."""
    media_vanished: int
    """Missing from the folder, not deleted by the agent."""
