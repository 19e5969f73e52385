"""Files requested by the hub, and which files are uploaded at all."""

import sqlite3
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final
from uuid import UUID

from agent.journal.rows import DueMedia, MediaKind


class UploadScope(StrEnum):
    """Which pictures and clips a node uploads by itself; it always uploads pictures of alerts."""

    ALL = "all"
    ALERTS = "alerts"
    """Pictures and clips of alerts, and requested files."""
    ASKED = "asked"
    """Besides those pictures only requested files."""


_RANKS: Final = {
    UploadScope.ALL: 3,
    UploadScope.ALERTS: 1,
    UploadScope.ASKED: 0,
}
"""Last rank, see `_DUE`, uploaded without a request."""

_DUE: Final = """
SELECT sha256, kind, path, size_bytes, rank FROM (
    SELECT sha256, kind, path, size_bytes, min(added_utc_us) AS added, min(rowid) AS number,
    EXISTS (SELECT 1 FROM wishes WHERE wishes.sha256 = media.sha256) AS is_asked,
    CASE
        WHEN kind = 'picture' AND min(footage_class) = 'alert' THEN 0
        WHEN kind = 'clip' AND EXISTS (SELECT 1 FROM clips
            WHERE clips.sha256 = media.sha256 AND clip_class = 'alert') THEN 1
        WHEN kind = 'picture' THEN 2
        ELSE 3
    END AS rank
    FROM media WHERE state IN ({states}) GROUP BY sha256
)
WHERE is_asked OR rank <= ?
ORDER BY CASE WHEN rank = 0 THEN 0 WHEN is_asked THEN 1 ELSE rank + 1 END, added, number
LIMIT ?
"""


def due(sql: sqlite3.Connection, brought: UploadScope, limit: int) -> list[DueMedia]:
    """Files whose event the hub has: pictures of alerts, requested files, clips of alerts, the
    rest; oldest first among equals."""
    rows = sql.execute(_DUE.format(states="'due'"), (_RANKS[brought], limit)).fetchall()
    return [
        DueMedia(row[0], MediaKind(row[1]), Path(row[2]), row[3], is_alerts_picture=row[4] == 0)
        for row in rows
    ]


def owed(sql: sqlite3.Connection, brought: UploadScope) -> int:
    """Number of files still to upload, with or without their event at the hub."""
    rows = sql.execute(_DUE.format(states="'waiting', 'due'"), (_RANKS[brought], -1)).fetchall()
    return len(rows)


def is_wanted_growing(sql: sqlite3.Connection, event_id: UUID) -> bool:
    """True if the hub knows the growing clip and one of its sightings belongs to an alert."""
    row = sql.execute(
        "SELECT EXISTS (SELECT 1 FROM alerted, json_each(body, '$.sighting_ids')"
        " WHERE alerted.sighting_id = json_each.value)"
        " FROM events WHERE event_id = ? AND receipted_utc_us IS NOT NULL AND json_valid(body)",
        (str(event_id),),
    ).fetchone()
    return row is not None and bool(row[0])


def is_new(sql: sqlite3.Connection, command_id: UUID, *, utc_us: int) -> bool:
    """True if this command was not carried out before; from now on it counts as carried out."""
    row = sql.execute("INSERT OR IGNORE INTO commands VALUES (?, ?)", (str(command_id), utc_us))
    return row.rowcount > 0


def wish(
    sql: sqlite3.Connection, sha256s: Sequence[str], *, utc_us: int
) -> tuple[list[str], list[str]]:
    """Mark these files as wanted by somebody at the hub; returns those present and those
    missing."""
    coming, gone = [], []
    for sha256 in dict.fromkeys(sha256s):
        row = sql.execute("SELECT path FROM media WHERE sha256 = ?", (sha256,)).fetchone()
        if row is None or not Path(row[0]).is_file():
            gone.append(sha256)
            continue
        # A file the hub had, or refused, is wanted now all the same.
        again = "UPDATE media SET state = 'due' WHERE sha256 = ? AND state != 'waiting'"
        sql.execute(again, (sha256,))
        sql.execute("INSERT OR IGNORE INTO wishes VALUES (?, ?)", (sha256, utc_us))
        coming.append(sha256)
    return coming, gone


def fulfilled(sql: sqlite3.Connection, sha256: str) -> None:
    """Note that nobody waits for this file any more."""
    sql.execute("DELETE FROM wishes WHERE sha256 = ?", (sha256,))


def forget_commands(sql: sqlite3.Connection, *, before_utc_us: int) -> None:
    """Forget commands so old that the hub does not repeat them."""
    sql.execute("DELETE FROM commands WHERE at_utc_us < ?", (before_utc_us,))
