"""Rows of sessions: started, listed, re-authenticated, ended; each in the caller's transaction."""

import hashlib
import secrets
from typing import Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    insert,
    literal,
    or_,
    select,
    update,
)

from hub.access.account_state import SHUT_MARK
from hub.access.signin.views import AGENT_CHARS, SessionLimits, SessionRow, SignedIn
from hub.access.tables import sessions
from hub.base.audit import log
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail
from hub.base.audit.log import By
from hub.base.db.bounds import text
from hub.base.db.columns import AnyRow, columns, new_id
from hub.base.db.rows import from_row
from hub.base.moment import Moment

NOT_SHUT: Final[ColumnElement[bool]] = sessions.c.token_hash.not_like(f"{SHUT_MARK}%")
"""SQL condition for sessions that were not ended with their account."""


def hashed(token: str) -> str:
    """Hash under which a secret token is stored."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def as_asker(row: AnyRow, came_from: str) -> Asker:
    """The person in a row with the columns of `people`, as the asker of a request."""
    return from_row(Asker, row, person_id=row.id, came_from=came_from)


def begin(
    conn: Connection,
    asker: Asker,
    *,
    agent: str,
    limits: SessionLimits,
    now: Moment,
    is_proved: bool = True,
    detail: Detail | None = None,
) -> SignedIn:
    """Start a session; removes ended ones. `is_proved`: the person has just authenticated."""
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    idle = sessions.c.seen_utc_us <= now.plus_s(-limits.idle_s).utc_us
    ended = or_(sessions.c.ends_utc_us <= now.utc_us, and_(idle, NOT_SHUT))
    conn.execute(delete(sessions).where(ended))
    conn.execute(
        insert(sessions).values(
            id=new_id(now),
            token_hash=hashed(token),
            csrf=csrf,
            person_id=asker.person_id,
            agent=text(agent, AGENT_CHARS),
            came_from=asker.came_from,
            **columns("created", now),
            **columns("seen", now),
            **(columns("proved", now) if is_proved else {}),
            **columns("ends", now.plus_s(limits.absolute_s)),
        )
    )
    by = By(person_id=asker.person_id, came_from=asker.came_from)
    log.note(conn, by, act="session.begin", detail=detail, now=now)
    return SignedIn(token, csrf, asker, limits.absolute_s)


def of_person(
    conn: Connection, person_id: UUID, *, this: UUID, limits: SessionLimits, now: Moment
) -> list[SessionRow]:
    """Sessions of the person, last used first."""
    query = (
        select(sessions)
        .where(
            sessions.c.person_id == person_id,
            sessions.c.ends_utc_us > now.utc_us,
            sessions.c.seen_utc_us > now.plus_s(-limits.idle_s).utc_us,
        )
        .order_by(sessions.c.seen_utc_us.desc(), sessions.c.id.desc())
    )
    return [
        SessionRow(
            session_id=row.id,
            agent=row.agent or "",
            came_from=row.came_from or "",
            began_utc_us=row.created_utc_us,
            seen_utc_us=row.seen_utc_us,
            ends_utc_us=row.ends_utc_us,
            is_this=row.id == this,
        )
        for row in conn.execute(query)
    ]


def prove(conn: Connection, session_id: UUID, now: Moment) -> None:
    """Record that the person has just re-authenticated."""
    this = sessions.c.id == session_id
    conn.execute(update(sessions).where(this).values(columns("proved", now)))


def shut_of_person(conn: Connection, person_id: UUID) -> None:
    """End all sessions of the person, whose account is shut. Their cookies are known still: the
    page can say so until the sessions would have ended."""
    theirs = (sessions.c.person_id == person_id, NOT_SHUT)
    marked = literal(SHUT_MARK) + sessions.c.token_hash
    conn.execute(update(sessions).where(*theirs).values(token_hash=marked))


def end_of_person(
    conn: Connection, person_id: UUID, *, only: UUID | None = None, but: UUID | None = None
) -> int:
    """End the person's sessions, or only one, or all but one; returns their number."""
    which = [sessions.c.person_id == person_id]
    if only is not None:
        which.append(sessions.c.id == only)
    if but is not None:
        which.append(sessions.c.id != but)
    return conn.execute(delete(sessions).where(*which)).rowcount
