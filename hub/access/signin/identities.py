"""Accounts at the OpenID provider, linked to accounts here.

A sign-in there never creates an account. An account exists here because a keeper invited its
person. The person links the provider's account by that invitation, or later in a session with fresh
re-authentication.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, update

from hub.access.account_state import MAY_SIGN_IN, REOPENED
from hub.access.rules.oidc import ProviderPerson
from hub.access.signin import invitation_rows, session_rows
from hub.access.signin.challenges import spend
from hub.access.signin.views import SessionLimits, SignedIn
from hub.access.tables import identities, passkeys, people
from hub.base.audit import log
from hub.base.audit.detail import Detail, plain
from hub.base.audit.log import By
from hub.base.clock.clock import Clock
from hub.base.db.columns import columns, new_id
from hub.base.db.database import Database
from hub.base.db.rows import from_row
from hub.base.moment import Moment
from hub.web.session import Session

WAY_HOLDS_S: Final = 900
"""Seconds allowed at the provider: it may ask for more than a password."""
MOST: Final = 5
"""Largest number of linked accounts per person."""


@dataclass(frozen=True, slots=True)
class IdentityRow:
    """A linked account for its owner's page; times are UTC microseconds."""

    identity_id: UUID
    issuer: str
    label: str
    created_utc_us: int
    used_utc_us: int | None


class Identities:
    """Links accounts and signs in by them. Thread-safe. Each round trip to the provider counts
    once, by its `state`."""

    def __init__(self, db: Database, *, clock: Clock, limits: SessionLimits) -> None:
        self._db = db
        self._clock = clock
        self._limits = limits

    def spend(self, state: str) -> bool:
        """Record the answer to this state; False if it came before."""
        with self._db.writing() as conn:
            way = f"oidc {state}".encode()
            return spend(conn, way, self._clock.now(), holds_s=WAY_HOLDS_S)

    def refuse(self, came_from: str, why: Detail | None) -> None:
        """Log a refused answer of the provider."""
        with self._db.writing() as conn:
            _note(conn, "session.refused", By(came_from=came_from), self._clock.now(), why)

    def of(self, session: Session) -> list[IdentityRow]:
        """The person's linked accounts, newest first."""
        mine = identities.c.person_id == session.asker.person_id
        query = select(identities).where(mine).order_by(identities.c.id.desc())
        with self._db.reading() as conn:
            return [
                from_row(IdentityRow, row, identity_id=row.id, label=row.label or row.subject)
                for row in conn.execute(query)
            ]

    def link(self, session: Session, known: ProviderPerson) -> bool:
        """Link an account of the provider to this person. False, with a log line, if it is linked
        to another person, if this person has `MOST`, or if the session's re-authentication is too
        old."""
        asker, now = session.asker, self._clock.now()
        by = By(person_id=asker.person_id, came_from=asker.came_from)
        with self._db.writing() as conn:
            if _owner(conn, known) == asker.person_id:
                return True
            is_new = session.is_proved and _add(conn, asker.person_id, known, now=now)
            _note(conn, "identity.link" if is_new else "identity.link.refused", by, now, _of(known))
        return is_new

    def unlink(self, session: Session, identity_id: UUID) -> bool | None:
        """Remove a linked account; False if the person has no other way to sign in, None if it is
        not theirs."""
        asker, now = session.asker, self._clock.now()
        by = By(person_id=asker.person_id, came_from=asker.came_from)
        which = (identities.c.id == identity_id, identities.c.person_id == asker.person_id)
        with self._db.writing() as conn:
            row = conn.execute(select(identities).where(*which)).first()
            is_gone: bool | None = None
            if row is not None:
                is_gone = _has_another_way(conn, asker.person_id, but=identity_id)
            if is_gone:
                conn.execute(delete(identities).where(*which))
            detail = plain(f"{row.issuer} {row.subject}") if row else None
            act = "identity.unlink" if is_gone else "identity.unlink.refused"
            _note(conn, act, by, now, detail)
        return is_gone

    def sign_in(self, known: ProviderPerson, *, came_from: str, agent: str = "") -> SignedIn | None:
        """A session for the person to whom the provider's account is linked; None, with a log line,
        for an unknown or closed account.

        It counts as re-authenticated if the provider asked the person within `proof_s`.
        """
        now = self._clock.now()
        with self._db.writing() as conn:
            person = conn.execute(
                select(people)
                .join(identities, identities.c.person_id == people.c.id)
                .where(_is(known), MAY_SIGN_IN)
            ).first()
            if person is None:
                _note(conn, "session.refused", By(came_from=came_from), now, _of(known))
                return None
            _used(conn, known, now)
            return session_rows.begin(
                conn,
                session_rows.as_asker(person, came_from),
                agent=agent,
                limits=self._limits,
                now=now,
                is_proved=self._is_proof(known, now),
                detail=_of(known),
            )

    def prove(self, session: Session, known: ProviderPerson) -> bool:
        """True if the provider's account is linked to the session's person; then the session counts
        as re-authenticated."""
        asker, now = session.asker, self._clock.now()
        with self._db.writing() as conn:
            mine = (_is(known), identities.c.person_id == asker.person_id)
            row = conn.execute(select(identities.c.id).where(*mine)).first()
            is_theirs = row is not None and self._is_proof(known, now)
            if is_theirs:
                _used(conn, known, now)
                session_rows.prove(conn, session.session_id, now)
            by = By(person_id=asker.person_id, came_from=asker.came_from)
            _note(conn, "proof.provider" if is_theirs else "proof.refused", by, now, _of(known))
        return is_theirs

    def accept(
        self, token: str, known: ProviderPerson, *, came_from: str, agent: str = ""
    ) -> SignedIn | None:
        """Accept an invitation without a password; None, and counted, if the link is invalid. None,
        and the link stays valid, if the provider's account is another person's, or if the
        account here is reopened: that needs a new password or passkey first."""
        now = self._clock.now()
        with self._db.writing() as conn:
            person = invitation_rows.invited_person(conn, token, now=now)
            if person is None:
                invitation_rows.refuse(conn, token, came_from=came_from, now=now)
                return None
            if person.state == REOPENED or _owner(conn, known) not in (None, person.id):
                by = By(came_from=came_from)
                _note(conn, "identity.link.refused", by, now, _of(known))
                return None
            invitation_rows.use(conn, token, now=now)
            new = invitation_rows.come_in(
                conn, person, came_from, password_hash="", agent=agent, limits=self._limits, now=now
            )
            _add(conn, person.id, known, now=now)
            by = By(person_id=person.id, came_from=came_from)
            _note(conn, "identity.link", by, now, _of(known))
            return new

    def _is_proof(self, known: ProviderPerson, now: Moment) -> bool:
        asked = known.authenticated_utc_s
        return asked is not None and asked * 1e6 > now.plus_s(-self._limits.proof_s).utc_us


def _is(known: ProviderPerson) -> ColumnElement[bool]:
    return and_(identities.c.issuer == known.issuer, identities.c.subject == known.subject)


def _owner(conn: Connection, known: ProviderPerson) -> UUID | None:
    return conn.scalar(select(identities.c.person_id).where(_is(known)))


def _of(known: ProviderPerson) -> Detail | None:
    return plain(f"{known.issuer} {known.subject}")


def _used(conn: Connection, known: ProviderPerson, now: Moment) -> None:
    said = {"label": known.label} if known.label else {}
    conn.execute(update(identities).where(_is(known)).values(**columns("used", now), **said))


def _add(conn: Connection, person_id: UUID, known: ProviderPerson, *, now: Moment) -> bool:
    """False if another person has it already, or the person has `MOST`."""
    mine = identities.c.person_id == person_id
    number = conn.scalar(select(func.count()).select_from(identities).where(mine)) or 0
    if number >= MOST or _owner(conn, known) is not None:
        return False
    conn.execute(
        insert(identities).values(
            id=new_id(now),
            person_id=person_id,
            issuer=known.issuer,
            subject=known.subject,
            label=known.label,
            **columns("created", now),
        )
    )
    return True


def _has_another_way(conn: Connection, person_id: UUID, *, but: UUID) -> bool:
    if conn.scalar(select(people.c.password_hash).where(people.c.id == person_id)):
        return True
    mine = (identities.c.person_id == person_id, identities.c.id != but)
    others = (
        select(passkeys.c.id).where(passkeys.c.person_id == person_id),
        select(identities.c.id).where(*mine),
    )
    return any(conn.execute(one.limit(1)).first() is not None for one in others)


def _note(conn: Connection, act: str, by: By, now: Moment, detail: Detail | None) -> None:
    log.note(conn, by, act=act, detail=detail, now=now)
