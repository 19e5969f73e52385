"""When the clock of a boot becomes trusted: said once, so that the hub can place what was before.

Every event carries how long its boot had lasted, which no step of a clock touches. One trusted
stamp of the same boot so places them all.
"""

import sqlite3
from typing import Final
from uuid import UUID

from agent.media.frame import Instant

STEP_US: Final = 1_000_000
"""Between an event and its writing down the clock went on by more or less than the time passed: it
was stepped in between, and nobody vouches for the older stamp."""


def has_stepped(at: Instant, now: Instant) -> bool:
    """Whether the UTC clock was set between the two."""
    return abs(at.utc_us_by(now) - at.utc_us) > STEP_US


def take_turn(sql: sqlite3.Connection, boot_id: UUID) -> bool:
    """Whether this boot has words that nobody vouches for and was not placed; then it is now."""
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
