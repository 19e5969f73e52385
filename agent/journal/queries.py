"""Queries of the journal: plain reads on an open connection."""

import json
import sqlite3
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from agent.journal.holds import CLIP_IS_HELD, PICTURE_IS_HELD
from agent.journal.rows import (
    Clip,
    FootageClass,
    JournalCounts,
    MediaKind,
    StoredFile,
    WaitingEvent,
)
from agent.media.frame import Instant
from agent.wire.messages import Body
from agent.wire.terms import Stamp

_BODY: Final[TypeAdapter[Body]] = TypeAdapter(Body)

_KEPT: Final = {
    MediaKind.PICTURE: f"""
        SELECT sha256, path, size_bytes, group_concat(state), min(added_utc_us),
        min(footage_class),  -- `alert` comes first in the alphabet too
        {PICTURE_IS_HELD}, min(rowid)
        FROM media WHERE kind = 'picture'
        GROUP BY sha256 ORDER BY min(rowid)""",  # noqa: S608 - our own words
    MediaKind.CLIP: f"""
        SELECT sha256, path, size_bytes,
        (SELECT group_concat(state) FROM media WHERE media.sha256 = clips.sha256),
        min(added_utc_us), min(clip_class),
        max({CLIP_IS_HELD}), min(rowid)
        FROM clips
        GROUP BY sha256 ORDER BY min(rowid)""",  # noqa: S608 - our own words
}
"""Sound is kept with its clip and judged by it."""


def waiting(sql: sqlite3.Connection, limit: int) -> tuple[list[WaitingEvent], list[int]]:
    """Waiting events, alerts first, and the numbers of unreadable rows."""
    rows = sql.execute(
        "SELECT seq, event_id, priority, body, mono_ns, utc_us, boot_id, clock_source,"
        " clock_error_ms FROM events WHERE receipted_utc_us IS NULL"
        " ORDER BY priority, seq LIMIT ?",
        (limit,),
    ).fetchall()
    good: list[WaitingEvent] = []
    unreadable: list[int] = []
    for row in rows:
        try:
            good.append(_as_waiting(row))
        except (ValueError, TypeError):  # pydantic's ValidationError is a ValueError
            unreadable.append(row[0])
    return good, unreadable


def kept(sql: sqlite3.Connection, kind: MediaKind) -> list[StoredFile]:
    """All known files of that kind, oldest first."""
    rows = sql.execute(_KEPT[kind]).fetchall()
    return [
        StoredFile(
            sha256=row[0],
            kind=kind,
            path=Path(row[1]),
            size_bytes=row[2],
            state=_most_owed(row[3]) if row[3] else "kept",
            added_utc_us=row[4],
            footage_class=FootageClass(row[5]),
            is_held=bool(row[6]),
            number=row[7],
        )
        for row in rows
    ]


def clips(sql: sqlite3.Connection) -> list[Clip]:
    """All stored clips, oldest first."""
    rows = sql.execute(
        "SELECT clip_id, camera, path, sha256, size_bytes, first_frame_utc_us, duration_ms,"
        " sighting_ids, clip_class FROM clips ORDER BY first_frame_utc_us, clip_id"
    ).fetchall()
    return [as_clip(row) for row in rows]


def sightings_between(
    sql: sqlite3.Connection, camera: str, first_utc_us: int, last_utc_us: int
) -> list[UUID]:
    """Sightings of a camera with an event in that span, in order of their first event."""
    rows = sql.execute(
        "SELECT json_extract(body, '$.sighting_id') AS sighting FROM"
        " (SELECT seq, iif(json_valid(body), body, '{}') AS body FROM events"
        " WHERE kind LIKE 'sighting_%' AND utc_us BETWEEN ? AND ?)"
        " WHERE json_extract(body, '$.camera') = ?"
        " GROUP BY sighting ORDER BY min(seq)",
        (first_utc_us, last_utc_us, camera),
    ).fetchall()
    return [UUID(row[0]) for row in rows]


def sightings_announced(sql: sqlite3.Connection, clip_id: UUID) -> list[UUID]:
    """Sightings that a clip shows, as the hub was told while the clip was recorded."""
    rows = sql.execute(
        "SELECT DISTINCT value FROM"
        " (SELECT iif(json_valid(body), body, '{}') AS body FROM events"
        " WHERE kind = 'clip_begun') AS begun, json_each(begun.body, '$.sighting_ids')"
        " WHERE json_extract(begun.body, '$.clip_id') = ?",
        (str(clip_id),),
    ).fetchall()
    return [UUID(row[0]) for row in rows]


def remembered(sql: sqlite3.Connection, name: str) -> str | None:
    """A fact stored for later runs."""
    row = sql.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def counts(sql: sqlite3.Connection) -> JournalCounts:
    """Counters since the file was created, and present queue lengths."""
    counters: dict[str, int] = dict(sql.execute("SELECT name, value FROM counters").fetchall())
    waiting_events, alerts, again = sql.execute(
        "SELECT count(*), coalesce(sum(priority = 0), 0), coalesce(sum(priority = 2), 0)"
        " FROM events WHERE receipted_utc_us IS NULL"
    ).fetchone()
    set_aside = sql.execute("SELECT count(*) FROM set_aside").fetchone()
    spooled = sql.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence").fetchone()
    owed = sql.execute(
        "SELECT count(DISTINCT sha256) FROM media WHERE state IN ('waiting', 'due')"
    ).fetchone()
    return JournalCounts(
        spooled=spooled[0],
        waiting=waiting_events,
        waiting_alerts=alerts,
        waiting_again=again,
        receipted=counters.get("receipted", 0),
        dropped=counters.get("dropped", 0),
        dropped_alerts=counters.get("dropped_alerts", 0),
        refused=counters.get("refused", 0),
        set_aside=set_aside[0],
        media_owed=owed[0],
        media_done=counters.get("media_done", 0),
        media_refused=counters.get("media_refused", 0),
        media_evicted=counters.get("media_evicted", 0),
        media_vanished=counters.get("media_vanished", 0),
    )


def _most_owed(states: str) -> str:
    """State of a file announced by several events: waiting while one of them waits."""
    return min(states.split(","), key=("due", "waiting", "done", "refused").index)


def _as_waiting(row: tuple[Any, ...]) -> WaitingEvent:
    """Raises ValueError or TypeError for a row that does not fit into a message."""
    stamp = Stamp(utc_us=row[5], source=row[7], error_ms=row[8])
    return WaitingEvent(
        seq=row[0],
        event_id=UUID(row[1]),
        priority=row[2],
        body=_BODY.validate_json(row[3]),
        at=Instant(row[4], stamp.utc_us),
        boot_id=UUID(row[6]),
        source=stamp.source,
        error_ms=stamp.error_ms,
    )


def as_clip(row: tuple[Any, ...]) -> Clip:
    """From the first nine columns of `clips` as `clips()` reads them."""
    return Clip(
        clip_id=UUID(row[0]),
        camera=row[1],
        path=Path(row[2]),
        sha256=row[3],
        size_bytes=row[4],
        first_frame_utc_us=row[5],
        duration_ms=row[6],
        sighting_ids=tuple(UUID(text) for text in json.loads(row[7])),
        clip_class=FootageClass(row[8]),
    )
