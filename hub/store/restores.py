"""Whether this hub came back from a backup, and when: what it then cannot know, it does not remove.

A hold that was placed after the backup is not in it, and nobody can tell which footage it was of.
"""

from typing import Final

from sqlalchemy import Connection, func, select

from hub.alerts.moment import Moment
from hub.store.tables import audit

RESTORED: Final = "hub.restore"
"""The act in the log."""
RESTORED_S: Final = 8 * 86_400
"""So long after a restore nothing is removed: nodes tell again of what they sent in the last seven
days, and people place again the holds that they placed since the backup."""


def restored_utc_us(conn: Connection) -> int | None:
    """When this hub was restored last; None: never."""
    query = select(func.max(audit.c.at_utc_us)).where(audit.c.act == RESTORED)
    at_utc_us: int | None = conn.scalar(query)
    return at_utc_us


def is_just_restored(conn: Connection, now: Moment) -> bool:
    """Whether that was less than `RESTORED_S` ago."""
    at_utc_us = restored_utc_us(conn)
    return at_utc_us is not None and at_utc_us >= now.plus_s(-RESTORED_S).utc_us
