"""Rate limit on guessing a password: every attempt is counted before the password is checked; a
correct one clears the count of whoever gave it.

A live session has a count of its own, and so has a browser that has signed in to this account
before. All others are strangers: they are slowed per login and network, per login, per network and
in all, so they can neither guess nor keep out anybody who is known. A login that does not exist is
counted like one that does. The counts are in the database, the same for all processes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select

from hub.access.signin.views import SessionLimits
from hub.access.tables import sign_in_failures
from hub.base.db.columns import columns, new_id
from hub.base.moment import Moment
from hub.web.rate_limits import network_of

_NETWORK: Final = "network "


@dataclass(frozen=True, slots=True)
class Guesser:
    """Somebody who tries a password for a login."""

    login: str
    place: str
    """A stranger's network; or the browser or session that has a count of its own."""

    @property
    def is_stranger(self) -> bool:
        """True without a browser or session that knows the login."""
        return self.place.startswith(_NETWORK)


def stranger(login: str, came_from: str) -> Guesser:
    """Somebody in a browser that has not signed in to this account."""
    return Guesser(login, f"{_NETWORK}{network_of(came_from, ipv4_bits=24)}")


def in_browser(login: str, browser: str) -> Guesser:
    """Somebody in a browser that has signed in to this account before."""
    return Guesser(login, f"browser {browser}")


def in_session(login: str, session_id: UUID) -> Guesser:
    """Somebody in a live session of this account."""
    return Guesser(login, f"session {session_id}")


def wait_s(conn: Connection, who: Guesser, limits: SessionLimits, now: Moment) -> int:
    """Seconds until they may try again; 0: they may try now."""
    window_began = now.plus_s(-limits.window_s).utc_us
    row = sign_in_failures.c
    conn.execute(delete(sign_in_failures).where(row.at_utc_us <= window_began))
    # All in the window: the limits keep them few.
    query = select(row.login, row.came_from, row.at_utc_us).order_by(row.at_utc_us)
    tries = [(Guesser(login, place), at_us) for login, place, at_us in conn.execute(query)]
    free_us = window_began
    for others, most in _bounds(who, limits):
        times_us = [at_us for one, at_us in tries if others(one)]
        if len(times_us) >= most:
            free_us = max(free_us, times_us[-most])
    return -(-(free_us - window_began) // 1_000_000)


def _bounds(who: Guesser, limits: SessionLimits) -> Iterator[tuple[Callable[[Guesser], bool], int]]:
    """Each count that this attempt is part of, and its limit."""
    yield (lambda one: one == who), limits.failures
    if who.is_stranger:
        yield (lambda one: one.is_stranger and one.login == who.login), limits.login_failures
        yield (lambda one: one.place == who.place), limits.network_failures
        yield (lambda one: one.is_stranger), limits.all_failures


def count(conn: Connection, who: Guesser, *, now: Moment) -> None:
    """Count one attempt."""
    conn.execute(
        insert(sign_in_failures).values(
            id=new_id(now), login=who.login, came_from=who.place, **columns("at", now)
        )
    )


def forget(conn: Connection, who: Guesser) -> None:
    """Clear their count after a correct password; what others tried for the login stays counted."""
    theirs = (sign_in_failures.c.login == who.login, sign_in_failures.c.came_from == who.place)
    conn.execute(delete(sign_in_failures).where(*theirs))
