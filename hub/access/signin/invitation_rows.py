"""Uses of invitation links: reads the invited person, signs in by the link, or refuses it."""

from typing import Final

from sqlalchemy import Connection, delete, select, update

from hub.access.account_state import NOT_CLOSED, OPEN
from hub.access.signin import session_rows
from hub.access.signin.views import SessionLimits, SignedIn
from hub.access.tables import identities, invitations, passkeys, people
from hub.base.audit import log
from hub.base.audit.detail import Detail
from hub.base.audit.log import By
from hub.base.db.columns import AnyRow, AnySelect, columns
from hub.base.moment import Moment

TOKEN_CHARS: Final = 200


def invited_person(conn: Connection, token: str, *, now: Moment) -> AnyRow | None:
    """The person invited by the link; None for an invalid link. Reading does not use the link
    up."""
    return conn.execute(_who(token, now)).first()


def use(conn: Connection, token: str, *, now: Moment) -> AnyRow | None:
    """Use the link up; returns the invited person, or None for an invalid link."""
    row = invited_person(conn, token, now=now)
    if row is None:
        return None
    this = invitations.c.token_hash == session_rows.hashed(token)
    conn.execute(update(invitations).where(this).values(columns("used", now)))
    return row


def come_in(
    conn: Connection,
    person: AnyRow,
    came_from: str,
    *,
    password_hash: str,
    agent: str,
    limits: SessionLimits,
    now: Moment,
) -> SignedIn:
    """Sign the person in here and end all other sessions; older passkeys and linked accounts become
    invalid. An empty `password_hash` sets no password. A reopened account becomes open."""
    asker = session_rows.as_asker(person, came_from)
    values = {"password_hash": password_hash, "state": OPEN}
    conn.execute(update(people).where(people.c.id == person.id).values(values))
    session_rows.end_of_person(conn, asker.person_id)
    for table in (passkeys, identities):
        conn.execute(delete(table).where(table.c.person_id == asker.person_id))
    by = By(person_id=asker.person_id, came_from=came_from)
    log.note(conn, by, act="invitation.accept", now=now)
    return session_rows.begin(conn, asker, agent=agent, limits=limits, now=now)


def refuse(conn: Connection, token: str, *, came_from: str, now: Moment) -> None:
    """Count the use of an invalid link."""
    this = invitations.c.token_hash == session_rows.hashed(token)
    conn.execute(update(invitations).where(this).values(refused=invitations.c.refused + 1))
    invitation_id = conn.scalar(select(invitations.c.id).where(this))
    log.note(
        conn,
        By(came_from=came_from),
        act="invitation.refused",
        object_kind="invitation",
        object_id=invitation_id,
        detail=None if invitation_id else Detail("invitation.no_link"),
        now=now,
    )


def _who(token: str, now: Moment) -> AnySelect:
    return (
        select(people)
        .join(invitations, invitations.c.person_id == people.c.id)
        .where(
            invitations.c.token_hash == session_rows.hashed(token),
            invitations.c.used_utc_us.is_(None),
            invitations.c.withdrawn_utc_us.is_(None),
            invitations.c.ends_utc_us > now.utc_us,
            NOT_CLOSED,
        )
    )
