"""Actions on one's own account: re-authentication, password change, end of sessions."""

from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select, update

from hub.store import audit, guesses, session_rows
from hub.store.asker import Asker
from hub.store.audit import By
from hub.store.clock import Clock
from hub.store.database import Database
from hub.store.identities import Identities
from hub.store.invitations import Invitations
from hub.store.passkeys import Passkeys
from hub.store.passwords import Passwords
from hub.store.session import Session
from hub.store.session_views import DEFAULT_LIMITS, SessionLimits, SessionRow, TooManyTries
from hub.store.signin_tables import people
from hub.store.staff import LANGUAGES, checked_password


class OwnAccount:
    """For any thread."""

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock,
        passwords: Passwords,
        limits: SessionLimits = DEFAULT_LIMITS,
    ) -> None:
        self._db = db
        self._clock = clock
        self._passwords = passwords
        self._limits = limits
        self.invitations: Final = Invitations(db, clock=clock, passwords=passwords, limits=limits)
        self.passkeys: Final = Passkeys(db, clock=clock, limits=limits)
        self.identities: Final = Identities(db, clock=clock, limits=limits)

    def prove(self, session: Session, password: str) -> bool | TooManyTries:
        """Whether it is their password; if so, the session counts as re-authenticated for
        `proof_s`.

        A wrong password counts as a failed sign-in attempt, so an unattended session does not help
        to guess it.
        """
        asker, now = session.asker, self._clock.now()
        with self._db.writing() as conn:
            wait_s = guesses.wait_s(conn, asker.login, self._limits, now)
            if wait_s > 0:
                _note(conn, asker, "proof.blocked", self._clock)
                return TooManyTries(wait_s)
            guesses.count(conn, asker.login, came_from=asker.came_from, now=now)
            stored = conn.scalar(
                select(people.c.password_hash).where(people.c.id == asker.person_id)
            )
        is_right = self._passwords.is_right(password, stored)
        with self._db.writing() as conn:
            if is_right:
                guesses.forget(conn, asker.login)
                session_rows.prove(conn, session.session_id, now)
            _note(conn, asker, "proof.password" if is_right else "proof.refused", self._clock)
        return is_right

    def change_password(self, session: Session, *, old: str, new: str) -> bool | TooManyTries:
        """Whether the old password was right; if so, set the new one and end all other sessions.

        A person without a password (signed in with a passkey) needs a re-authenticated session
        instead. RegistryError if the new password is too short or too long.
        """
        hashed = checked_password(new, self._passwords)
        is_first = session.is_proved and not self.has_password(session)
        proved = is_first or self.prove(session, old)
        if proved is not True:
            return proved
        self._put_password(session, hashed)
        return True

    def has_password(self, session: Session) -> bool:
        """Whether the person can sign in with a password."""
        this = people.c.id == session.asker.person_id
        with self._db.reading() as conn:
            return bool(conn.scalar(select(people.c.password_hash).where(this)))

    def _put_password(self, session: Session, hashed: str) -> None:
        asker = session.asker
        with self._db.writing() as conn:
            this = people.c.id == asker.person_id
            conn.execute(update(people).where(this).values(password_hash=hashed))
            session_rows.end_of_person(conn, asker.person_id, but=session.session_id)
            _note(conn, asker, "person.password", self._clock)

    def sessions(self, session: Session) -> list[SessionRow]:
        """Sessions of this person, last used first."""
        with self._db.reading() as conn:
            return session_rows.of_person(
                conn,
                session.asker.person_id,
                this=session.session_id,
                limits=self._limits,
                now=self._clock.now(),
            )

    def end_session(self, session: Session, session_id: UUID) -> bool:
        """End another session of the same person; False if it is not theirs or has ended."""
        with self._db.writing() as conn:
            who = session.asker.person_id
            is_ended = session_rows.end_of_person(conn, who, only=session_id) > 0
            act = "session.end" if is_ended else "session.end.refused"
            _note(conn, session.asker, act, self._clock)
        return is_ended

    def end_other_sessions(self, session: Session) -> int:
        """End all other sessions of the person; returns their number."""
        with self._db.writing() as conn:
            who = session.asker.person_id
            ended = session_rows.end_of_person(conn, who, but=session.session_id)
            _note(conn, session.asker, "session.end_others", self._clock, detail=f"{ended} ended")
        return ended

    def set_language(self, asker: Asker, language: str) -> None:
        """Set the person's language for pages and notifications."""
        if language not in LANGUAGES:
            raise ValueError(f"the hub speaks {', '.join(LANGUAGES)}, not {language!r}")
        with self._db.writing() as conn:
            person = people.c.id == asker.person_id
            conn.execute(update(people).where(person).values(language=language))
            _note(conn, asker, "person.language", self._clock, detail=language)


def _note(conn: Connection, asker: Asker, act: str, clock: Clock, *, detail: str = "") -> None:
    by = By(person_id=asker.person_id, came_from=asker.came_from)
    audit.note(conn, by, act=act, detail=detail, now=clock.now())
