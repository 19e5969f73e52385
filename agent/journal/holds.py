"""Legal holds: files by hash, and time spans of a camera."""

import sqlite3
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from agent.wire.answers import HoldFootage

OPEN_END_UTC_US: Final = 253_402_300_799_999_999
"""Last microsecond of the year 9999."""

_SHOWS_SPAN: Final = """
    span_holds.camera = clips.camera
    AND clips.first_frame_utc_us <= span_holds.until_utc_us
    AND clips.first_frame_utc_us + clips.duration_ms * 1000 >= span_holds.from_utc_us"""
CLIP_IS_HELD: Final = f"""
    (EXISTS (SELECT 1 FROM holds WHERE holds.sha256 = clips.sha256)
    OR EXISTS (SELECT 1 FROM span_holds WHERE {_SHOWS_SPAN}))"""  # noqa: S608 - our own words
_FILES: Final = f"""
    WITH named AS (SELECT sha256 FROM holds WHERE hold_id = :hold)
    SELECT count(*) FROM (
        SELECT sha256 FROM media WHERE sha256 IN named
        UNION SELECT sha256 FROM clips WHERE sha256 IN named
        UNION SELECT clips.sha256 FROM clips JOIN span_holds ON {_SHOWS_SPAN}
        WHERE span_holds.hold_id = :hold)"""  # noqa: S608 - our own words
PICTURE_IS_HELD: Final = "EXISTS (SELECT 1 FROM holds WHERE holds.sha256 = media.sha256)"


_IS_HELD: Final = f"""
    SELECT EXISTS (SELECT 1 FROM holds WHERE sha256 = :file)
    OR EXISTS (SELECT 1 FROM clips WHERE sha256 = :file AND {CLIP_IS_HELD})"""  # noqa: S608 - our own words


def held(sql: sqlite3.Connection, sha256s: Iterable[str]) -> set[str]:
    """The files among these that are under any hold now."""
    return {one for one in sha256s if sql.execute(_IS_HELD, {"file": one}).fetchone()[0]}


def hold(sql: sqlite3.Connection, wanted: HoldFootage, *, utc_us: int) -> int:
    """Protect the footage named by `wanted` until `release`; returns the number of files present.

    Replaces an earlier hold with the same id.
    """
    release(sql, wanted.hold_id)
    hold_id, why = str(wanted.hold_id), (wanted.case_number, wanted.reason, utc_us)
    sql.executemany(
        "INSERT OR IGNORE INTO holds VALUES (?, ?, ?, ?, ?)",
        [(hold_id, sha256, *why) for sha256 in wanted.sha256s],
    )
    until_utc_us = OPEN_END_UTC_US if wanted.until_utc_us is None else wanted.until_utc_us
    sql.execute(
        "INSERT INTO span_holds VALUES (?, ?, ?, ?, ?, ?, ?)",
        (hold_id, wanted.camera, wanted.from_utc_us, until_utc_us, *why),
    )
    return _files(sql, hold_id)


def release(sql: sqlite3.Connection, hold_id: UUID) -> None:
    """End this hold; files under other holds stay protected."""
    sql.execute("DELETE FROM holds WHERE hold_id = ?", (str(hold_id),))
    sql.execute("DELETE FROM span_holds WHERE hold_id = ?", (str(hold_id),))


def _files(sql: sqlite3.Connection, hold_id: str) -> int:
    """Number of present files under this hold."""
    row = sql.execute(_FILES, {"hold": hold_id}).fetchone()
    return int(row[0])
