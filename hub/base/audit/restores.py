"""Restores from a backup: for a time after a restore, the hub removes nothing.

A hold placed after the backup was made is not in it, so the hub cannot tell which footage such a
hold protects.
"""

from typing import Final

from sqlalchemy import Connection, func, select

from hub.base.audit.tables import audit
from hub.base.moment import Moment

RESTORED: Final = "hub.restore"
"""The act id in the audit log."""
RESTORED_S: Final = 8 * 86_400
"""Removal is off for this time after a restore: nodes resend the last seven days, and people can
place again the holds made since the backup."""


def restored_utc_us(conn: Connection) -> int | None:
    """Time of the last restore; None: never."""
    query = select(func.max(audit.c.at_utc_us)).where(audit.c.act == RESTORED)
    at_utc_us: int | None = conn.scalar(query)
    return at_utc_us


def is_just_restored(conn: Connection, now: Moment) -> bool:
    """True if the last restore was less than `RESTORED_S` ago."""
    at_utc_us = restored_utc_us(conn)
    return at_utc_us is not None and at_utc_us >= now.plus_s(-RESTORED_S).utc_us
