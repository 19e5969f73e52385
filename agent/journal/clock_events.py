"""Reports once when the clock of a boot becomes trusted, so that the hub can date earlier events.

Every event has the uptime of its boot, which no clock step changes. So one trusted stamp of the
same boot dates them all.
"""

import sqlite3
from typing import Final
from uuid import UUID

from agent.media.frame import Instant

STEP_US: Final = 1_000_000
"""Between an event and its storage the clock moved by more or less than the time passed: it was
stepped in between, and the older stamp is not trusted."""


def has_stepped(at: Instant, now: Instant) -> bool:
    """True if the UTC clock was set between these two moments."""
    return abs(at.utc_us_by(now) - at.utc_us) > STEP_US


def take_turn(sql: sqlite3.Connection, boot_id: UUID) -> bool:
    """True if this boot has events with an untrusted clock that were not dated yet; from now on
    they count as dated."""
    placed = sql.execute("SELECT value FROM meta WHERE name = 'placed_boot'").fetchone()
    if placed is not None and placed[0] == str(boot_id):
        return False
    doubtful = sql.execute(
        "SELECT 1 FROM events WHERE boot_id = ? AND clock_error_ms IS NULL LIMIT 1",
        (str(boot_id),),
    ).fetchone()
    if doubtful is None:
        return False
    sql.execute("INSERT OR REPLACE INTO meta VALUES ('placed_boot', ?)", (str(boot_id),))
    return True
