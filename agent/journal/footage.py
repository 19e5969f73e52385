"""Footage rows: stored files, their class, and the hub's answers about them."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from uuid import UUID

from agent.journal.rows import Clip, FootageClass, MediaKind


def add_media(
    sql: sqlite3.Connection,
    *,
    sha256: str,
    kind: MediaKind,
    path: Path,
    size_bytes: int,
    event_id: UUID,
    utc_us: int,
) -> None:
    """Add a file to upload once the hub has the event that announces it."""
    sql.execute(
        "INSERT OR IGNORE INTO media (sha256, event_id, kind, path, size_bytes, state, reason,"
        " added_utc_us) VALUES (?, ?, ?, ?, ?, 'waiting', '', ?)",
        (sha256, str(event_id), str(kind), str(path), size_bytes, utc_us),
    )


def add_clip(sql: sqlite3.Connection, clip: Clip, *, utc_us: int) -> None:
    """Add a clip to the index; it belongs to an alert if one of its sightings does."""
    sightings = [str(sighting) for sighting in clip.sighting_ids]
    footage_class = clip.clip_class
    if footage_class is FootageClass.SIGHTING and _is_any_alerted(sql, sightings):
        footage_class = FootageClass.ALERT
    sql.execute(
        "INSERT INTO clips (clip_id, camera, path, sha256, size_bytes, first_frame_utc_us,"
        " duration_ms, sighting_ids, clip_class, added_utc_us)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            str(clip.clip_id),
            clip.camera,
            str(clip.path),
            clip.sha256,
            clip.size_bytes,
            clip.first_frame_utc_us,
            clip.duration_ms,
            json.dumps(sightings),
            footage_class.value,
            utc_us,
        ),
    )


def forget(sql: sqlite3.Connection, sha256: str) -> bool:
    """Remove all rows of this file; True if it was announced to the hub and not uploaded."""
    lost = sql.execute("DELETE FROM media WHERE sha256 = ? RETURNING state", (sha256,)).fetchall()
    sql.execute("DELETE FROM clips WHERE sha256 = ?", (sha256,))
    sql.execute("DELETE FROM wishes WHERE sha256 = ?", (sha256,))
    return any(state in {"waiting", "due"} for (state,) in lost)


def mark_alerted(sql: sqlite3.Connection, event_ids: Iterable[UUID], *, utc_us: int) -> None:
    """Mark these events as part of an alert at the hub, with the footage of their sightings.

    This includes footage still to be recorded.
    """
    for event_id in event_ids:
        sql.execute("UPDATE media SET footage_class = 'alert' WHERE event_id = ?", (str(event_id),))
        for sighting in _sightings_of(sql, event_id):
            sql.execute("INSERT OR IGNORE INTO alerted VALUES (?, ?)", (sighting, utc_us))
            sql.execute(
                "UPDATE clips SET clip_class = ? WHERE clip_class = ? AND EXISTS"
                " (SELECT 1 FROM json_each(sighting_ids) WHERE value = ?)",
                (FootageClass.ALERT.value, FootageClass.SIGHTING.value, sighting),
            )


def forget_alerted(sql: sqlite3.Connection, *, before_utc_us: int) -> None:
    """Forget alerted sightings that are so old that no clip of them can come any more."""
    sql.execute("DELETE FROM alerted WHERE at_utc_us < ?", (before_utc_us,))


def _is_any_alerted(sql: sqlite3.Connection, sightings: list[str]) -> bool:
    found = sql.execute(
        "SELECT 1 FROM alerted WHERE sighting_id IN (SELECT value FROM json_each(?)) LIMIT 1",
        (json.dumps(sightings),),
    )
    return found.fetchone() is not None


def _sightings_of(sql: sqlite3.Connection, event_id: UUID) -> Iterator[str]:
    """The sighting of an event, or the sightings of the clip it announces."""
    rows = sql.execute(
        "SELECT json_extract(body, '$.sighting_id'), json_extract(body, '$.sighting_ids')"
        " FROM events WHERE event_id = ? AND json_valid(body)",
        (str(event_id),),
    ).fetchall()
    for one, several in rows:
        if one is not None:
            yield str(one)
        yield from map(str, json.loads(several or "[]"))
