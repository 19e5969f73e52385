"""State of an account: open, suspended, closed or reopened.

The state is stored. It is never derived from a time, so setting a clock back opens nothing.
"""

from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, select

from hub.access.tables import people

OPEN: Final = "open"
CLOSED: Final = "closed"
"""The person cannot sign in, sees nothing and gets no alerts."""
REOPENED: Final = "reopened"
"""Grants may be given again. The person can sign in after an invitation has set a new password or
passkey; that makes the account open."""

SUSPENDED: Final = "suspended"
"""Like closed, but nothing of the account ends: grants, phones and duties count again when the
suspension is lifted."""
SHUT: Final = (CLOSED, SUSPENDED)

SHUT_MARK: Final = "shut:"
"""Stands before the password's and the sessions' hashes of an account that is shut. They open
nothing then, but tell its own person, who has the password or the cookie, from a stranger."""

NOT_CLOSED: Final[ColumnElement[bool]] = people.c.state.not_in(SHUT)
MAY_SIGN_IN: Final[ColumnElement[bool]] = people.c.state == OPEN


def state_of(conn: Connection, person_id: UUID) -> str | None:
    """State of this account; None if it does not exist."""
    state: str | None = conn.scalar(select(people.c.state).where(people.c.id == person_id))
    return state


def is_closed(conn: Connection, person_id: UUID) -> bool:
    """True for a closed or suspended account."""
    return state_of(conn, person_id) in SHUT
