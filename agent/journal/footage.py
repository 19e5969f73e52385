"""The rows of footage: what lies on the shelf, of which class, and what the hub says of it."""

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
    """A file to be brought once the hub has the event that announces it."""
    sql.execute(
        "INSERT OR IGNORE INTO media (sha256, event_id, kind, path, size_bytes, state, reason,"
        " added_utc_us) VALUES (?, ?, ?, ?, ?, 'waiting', '', ?)",
        (sha256, str(event_id), str(kind), str(path), size_bytes, utc_us),
    )


def add_clip(sql: sqlite3.Connection, clip: Clip, *, utc_us: int) -> None:
    """A clip for the index; a sighting's is an alert's if one of its sightings is known as such."""
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
    """No row names this file any more; True if the hub was to have it and never got it."""
    lost = sql.execute("DELETE FROM media WHERE sha256 = ? RETURNING state", (sha256,)).fetchall()
    sql.execute("DELETE FROM clips WHERE sha256 = ?", (sha256,))
    sql.execute("DELETE FROM wishes WHERE sha256 = ?", (sha256,))
    return any(state in {"waiting", "due"} for (state,) in lost)


def mark_alerted(sql: sqlite3.Connection, event_ids: Iterable[UUID], *, utc_us: int) -> None:
    """These events are of an alert at the hub, and so is the footage of their sightings.

    Also what is still to be recorded of them.
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
    """Sightings so long ago that no clip of them can come any more."""
    sql.execute("DELETE FROM alerted WHERE at_utc_us < ?", (before_utc_us,))


def _is_any_alerted(sql: sqlite3.Connection, sightings: list[str]) -> bool:
    found = sql.execute(
        "SELECT 1 FROM alerted WHERE sighting_id IN (SELECT value FROM json_each(?)) LIMIT 1",
        (json.dumps(sightings),),
    )
    return found.fetchone() is not None


def _sightings_of(sql: sqlite3.Connection, event_id: UUID) -> Iterator[str]:
    """The sighting an event speaks of, or those that the clip it announces shows."""
    rows = sql.execute(
        "SELECT json_extract(body, '$.sighting_id'), json_extract(body, '$.sighting_ids')"
        " FROM events WHERE event_id = ? AND json_valid(body)",
        (str(event_id),),
    ).fetchall()
    for one, several in rows:
        if one is not None:
            yield str(one)
        yield from map(str, json.loads(several or "[]"))
