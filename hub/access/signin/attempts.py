"""Rate limit on guessing a password: every attempt at a login is counted; a correct password clears
the count."""

from sqlalchemy import Connection, delete, func, insert, select

from hub.access.signin.views import SessionLimits
from hub.access.tables import sign_in_failures
from hub.base.db.columns import columns, new_id
from hub.base.moment import Moment


def wait_s(conn: Connection, login: str, limits: SessionLimits, now: Moment) -> int:
    """Seconds until this login may be tried again; 0: it may be tried now."""
    window_began = now.plus_s(-limits.window_s).utc_us
    at = sign_in_failures.c.at_utc_us
    conn.execute(delete(sign_in_failures).where(at <= window_began))
    number, oldest = conn.execute(
        select(func.count(), func.min(at)).where(sign_in_failures.c.login == login)
    ).one()
    if number < limits.failures:
        return 0
    return max(1, (int(oldest) - window_began) // 1_000_000)


def count(conn: Connection, login: str, *, came_from: str, now: Moment) -> None:
    """Count one sign-in attempt."""
    conn.execute(
        insert(sign_in_failures).values(
            id=new_id(now), login=login, came_from=came_from, **columns("at", now)
        )
    )


def forget(conn: Connection, login: str) -> None:
    """Clear the count after a correct password."""
    conn.execute(delete(sign_in_failures).where(sign_in_failures.c.login == login))
