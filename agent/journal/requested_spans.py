"""Time spans requested by the hub, until the clip store has answered."""

import sqlite3
from dataclasses import dataclass
from uuid import UUID

from agent.journal.queries import as_clip
from agent.journal.rows import Clip
from agent.wire.answers import BringSpan


@dataclass(frozen=True, slots=True)
class SpanRequest:
    """Requested time span of a camera, both ends included, microseconds UTC."""

    command_id: UUID
    camera: str
    from_utc_us: int
    until_utc_us: int
    with_sound: bool = False


def want(sql: sqlite3.Connection, command_id: UUID, span: BringSpan) -> None:
    """Store a request for a time span."""
    sql.execute(
        "INSERT OR IGNORE INTO spans_wanted"
        " (command_id, camera, from_utc_us, until_utc_us, with_sound) VALUES (?, ?, ?, ?, ?)",
        (
            str(command_id),
            span.camera,
            span.from_utc_us,
            span.until_utc_us,
            bool(span.with_sound),
        ),
    )


def wanted(sql: sqlite3.Connection) -> list[SpanRequest]:
    """All requests without an answer."""
    rows = sql.execute("SELECT * FROM spans_wanted ORDER BY command_id").fetchall()
    return [SpanRequest(UUID(row[0]), row[1], row[2], row[3], bool(row[4])) for row in rows]


def answered(sql: sqlite3.Connection, command_id: UUID) -> None:
    """Remove the request: it is answered."""
    sql.execute("DELETE FROM spans_wanted WHERE command_id = ?", (str(command_id),))


def clips_of(sql: sqlite3.Connection, span: SpanRequest, *, limit: int) -> list[tuple[Clip, bool]]:
    """Clips that overlap the span, oldest first, and whether each was announced to the hub."""
    rows = sql.execute(
        "SELECT clip_id, camera, path, sha256, size_bytes, first_frame_utc_us, duration_ms,"
        " sighting_ids, clip_class,"
        " EXISTS (SELECT 1 FROM media WHERE media.sha256 = clips.sha256)"
        " FROM clips WHERE camera = ? AND first_frame_utc_us <= ?"
        " AND first_frame_utc_us + duration_ms * 1000 >= ?"
        " ORDER BY first_frame_utc_us, clip_id LIMIT ?",
        (span.camera, span.until_utc_us, span.from_utc_us, limit),
    ).fetchall()
    return [(as_clip(row), bool(row[9])) for row in rows]
