"""Clips during their recording: received from the node as they grow, shown to people with the
right.

The received bytes are a part (`hub.base.storage.partial_files`). When the clip is complete, its
node announces it by hash. The part then becomes the start of that file, with its first bytes
rewritten (only they differ: they contain the length), and the node uploads the rest. The complete
file is checked like any other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select

from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import Clock
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.base.storage.partial_files import (
    GROWING,
    PartialFiles,
    PartReader,
    PartWriter,
    Whereabouts,
)
from hub.footage.growing.rows import held_growing, touch_alerts
from hub.footage.retention.rows import held
from hub.footage.tables import growing_clips, media
from hub.registry.tables import nodes

LARGEST_BYTES: Final = 256 * 2**20
AWAITED_S: Final = 30.0
"""For so many seconds after an alert the page and its player expect the first clip: the clip begins
with the alert, and its first part arrives within a second or two."""
SILENT_AFTER_S: Final = 30.0
"""Seconds; a clip without growth for longer has lost its node, whatever the broker says."""


class NoSuchClipError(Exception):
    """This node has no such clip in recording (any more)."""


@dataclass(frozen=True, slots=True)
class GrowingClip:
    """A clip in recording."""

    clip_id: UUID
    node_id: UUID
    media_id: UUID | None
    is_stored: bool
    is_dropped: bool
    is_node_here: bool
    remains_id: UUID | None
    """Id of the file salvaged from it after its node fell silent, if any."""

    @property
    def part(self) -> str:
        """Name of the partial file of the clip."""
        return part_of(self.clip_id)


def part_of(clip_id: UUID) -> str:
    """Name of the partial file of a clip in recording."""
    return f"{clip_id}{GROWING}"


class GrowingUpload:
    """More bytes of a clip in recording. Call `write` for each piece, then `finish`."""

    def __init__(self, clips: "GrowingClips", clip: GrowingClip, part: PartWriter) -> None:
        self._clips = clips
        self._clip = clip
        self._part = part
        self._is_first = part.size_bytes == 0

    @property
    def offset_bytes(self) -> int:
        """Bytes received so far."""
        return self._part.size_bytes

    def write(self, chunk: bytes) -> None:
        """Append a piece; raises NoSuchClipError if it is too long for a clip, NoSpaceError,
        SupersededError."""
        if self._part.size_bytes + len(chunk) > LARGEST_BYTES:
            raise NoSuchClipError(f"a clip has at most {LARGEST_BYTES} bytes")
        self._part.write(chunk)

    def finish(self) -> int:
        """Make the received bytes durable; returns their number. With the first bytes, the clip
        appears in its alerts."""
        self._part.close()
        if self._is_first and self._part.size_bytes > 0:
            self._clips.show(self._clip)
        return self._part.size_bytes


def protect(parts: PartialFiles, db: Database) -> None:
    """Tell the store what a hold may need, so that it removes none of it, and which files began as
    clips in recording."""
    parts.is_held = partial(_is_held, db)
    parts.is_grown = partial(_is_grown, db)


def _is_held(db: Database, node_id: UUID, part: str) -> bool:
    """True if a hold may need the part of a clip or file."""
    name = UUID(part.removesuffix(GROWING))
    if part.endswith(GROWING):
        query = select(growing_clips.c.id).where(
            growing_clips.c.id == name, growing_clips.c.node_id == node_id, held_growing()
        )
    else:
        query = select(media.c.id).where(
            media.c.id == name,
            media.c.node_id == node_id,
            media.c.stored_utc_us.is_(None),
            held(),
        )
    with db.reading() as conn:
        return conn.scalar(query) is not None


def _is_grown(db: Database, node_id: UUID, part: str) -> bool:
    """True if this part of a file began as a clip in recording."""
    query = select(growing_clips.c.id).where(
        growing_clips.c.media_id == UUID(part),
        growing_clips.c.node_id == node_id,
        growing_clips.c.beginning.is_not(None),  # else nothing was handed over
    )
    with db.reading() as conn:
        return conn.scalar(query) is not None


class GrowingClips:
    """Clips in recording; thread-safe."""

    def __init__(
        self,
        db: Database,
        *,
        parts: PartialFiles,
        clock: Clock,
        change_signal: ChangeSignal,
        check_share: Callable[[UUID], None] = lambda _node_id: None,
    ) -> None:
        """`check_share` raises for a node that has to wait."""
        self._check_share = check_share
        self._db = db
        self._parts = parts
        self._clock = clock
        self._change_signal = change_signal

    def status(self, node_name: str, clip_id: UUID) -> int:
        """Number of bytes received of the clip; raises NoSuchClipError."""
        clip = self._under_way(node_name, clip_id)
        return self._parts.size_bytes(clip.node_id, clip.part)

    def open(self, node_name: str, clip_id: UUID) -> GrowingUpload:
        """Start or continue the upload of a clip in recording; raises NoSuchClipError,
        NoSpaceError."""
        clip = self._under_way(node_name, clip_id)
        self._check_share(clip.node_id)
        part = self._parts.open(clip.node_id, clip.part, room_bytes=0)
        return GrowingUpload(self, clip, part)

    def hand_over(self, node_id: UUID, media_id: UUID, *, part: str) -> None:
        """Make the bytes received during recording the beginning of this file."""
        with self._db.reading() as conn:
            row = conn.execute(
                select(growing_clips.c.id, growing_clips.c.beginning).where(
                    growing_clips.c.media_id == media_id
                )
            ).first()
        if row is None or not row.beginning:
            return
        self._parts.hand_over(node_id, part_of(row.id), to=part, beginning=row.beginning)

    def forget(self, node_id: UUID, media_id: UUID) -> None:
        """Drop the bytes received during recording: the whole file is stored."""
        with self._db.reading() as conn:
            clip_id = conn.scalar(
                select(growing_clips.c.id).where(growing_clips.c.media_id == media_id)
            )
        if clip_id is not None:
            self._parts.drop(node_id, part_of(clip_id))

    def watch(self, clip_id: UUID) -> "GrowingReader | None":
        """Open the growing clip; None if there are no bytes of it. The caller has checked the
        right."""
        clip = self.find(clip_id)
        if clip is None or clip.is_stored:
            return None
        part = self._parts.reader(clip.node_id, lambda: self._where(clip_id))
        return GrowingReader(self, clip_id, part) if part is not None else None

    def _where(self, clip_id: UUID) -> Whereabouts:
        query = (
            select(growing_clips.c.media_id, media.c.sha256, media.c.size_bytes)
            .add_columns(media.c.stored_utc_us)
            .outerjoin(media, media.c.id == growing_clips.c.media_id)
            .where(growing_clips.c.id == clip_id)
        )
        with self._db.reading() as conn:
            row = conn.execute(query).first()
        if row is None or row.media_id is None:
            return [part_of(clip_id)], None
        stored = (row.sha256, row.size_bytes) if row.stored_utc_us is not None else None
        return [part_of(clip_id), str(row.media_id)], stored

    def find(self, clip_id: UUID) -> GrowingClip | None:
        """Present state of the clip."""
        with self._db.reading() as conn:
            row = conn.execute(
                select(
                    growing_clips.c.id,
                    growing_clips.c.node_id,
                    growing_clips.c.media_id,
                    growing_clips.c.dropped,
                    growing_clips.c.remains_id,
                    media.c.stored_utc_us,
                    nodes.c.state,
                )
                .join(nodes, nodes.c.id == growing_clips.c.node_id)
                .outerjoin(media, media.c.id == growing_clips.c.media_id)
                .where(growing_clips.c.id == clip_id)
            ).first()
        if row is None:
            return None
        return GrowingClip(
            clip_id=row.id,
            node_id=row.node_id,
            media_id=row.media_id,
            is_stored=row.stored_utc_us is not None,
            is_dropped=row.dropped is not None,
            is_node_here=row.state == "online",
            remains_id=row.remains_id,
        )

    def grew_utc_us(
        self, conn: Connection, node_id: UUID, clip_id: UUID, media_id: UUID | None
    ) -> int | None:
        """Time of the last bytes of a clip, under its own name or the name of its whole file."""
        grew = self._parts.grew_utc_us(node_id, part_of(clip_id), conn)
        if grew is None and media_id is not None:
            grew = self._parts.grew_utc_us(node_id, str(media_id), conn)
        return grew

    def show(self, clip: GrowingClip) -> None:
        """Show in its alerts that the clip can be watched now."""
        with self._db.writing() as conn:
            touch_alerts(conn, clip.clip_id, now=self._clock.now())
            self._change_signal.ring_after(conn)

    def now(self) -> Moment:
        """Time by the hub's clock."""
        return self._clock.now()

    def _under_way(self, node_name: str, clip_id: UUID) -> GrowingClip:
        clip = self.find(clip_id)
        if clip is None or clip.media_id or clip.is_dropped or clip.remains_id:
            raise NoSuchClipError(f"clip {clip_id} is not in recording")
        with self._db.reading() as conn:
            name = conn.scalar(select(nodes.c.name).where(nodes.c.id == clip.node_id))
        if name != node_name:
            raise NoSuchClipError(f"{node_name} has no clip {clip_id} in recording")
        return clip


class GrowingReader:
    """Reader of a growing clip; for one thread at a time. Close it."""

    def __init__(self, clips: GrowingClips, clip_id: UUID, part: PartReader) -> None:
        self._clips = clips
        self._clip_id = clip_id
        self._part = part
        self._read_utc_us = clips.now().utc_us

    def read(self, size_bytes: int) -> bytes:
        """The next bytes; empty if none have come yet."""
        piece = self._part.read(size_bytes)
        if piece:
            self._read_utc_us = self._clips.now().utc_us
        return piece

    def is_over(self) -> bool:
        """True if nothing more will come: the clip is complete, dropped, or its node is gone."""
        clip = self._clips.find(self._clip_id)
        if clip is None or clip.is_stored or clip.is_dropped or not clip.is_node_here:
            return True
        silent_us = self._clips.now().utc_us - self._read_utc_us
        return silent_us > SILENT_AFTER_S * 1_000_000

    def close(self) -> None:
        """Close the reader."""
        self._part.close()
