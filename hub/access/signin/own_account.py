"""Acts of a person on their own account: re-authentication, password change, end of sessions."""

from uuid import UUID

from sqlalchemy import select, update

from hub.access.passwords import Passwords
from hub.access.people import LANGUAGES, checked_password
from hub.access.signin import attempts, session_rows
from hub.access.signin.views import DEFAULT_LIMITS, SessionLimits, SessionRow, TooManyTries
from hub.access.tables import people
from hub.base.audit.acting import Acting
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail
from hub.base.clock.clock import Clock
from hub.base.db.database import Database
from hub.web.session import Session


class OwnAccountService:
    """Acts of a person on their own account. For any thread. Reading one's own sessions leaves
    no line in the log."""

    def __init__(
        self,
        acting: Acting,
        *,
        db: Database,
        clock: Clock,
        passwords: Passwords,
        limits: SessionLimits = DEFAULT_LIMITS,
    ) -> None:
        self._acting = acting
        self._db = db
        self._clock = clock
        self._passwords = passwords
        self._limits = limits

    def prove(self, session: Session, password: str) -> bool | TooManyTries:
        """True if this is the person's password; then the session counts as re-authenticated for
        `proof_s`.

        Wrong ones are counted for this session alone: an unattended session does not help to guess
        it, and nobody outside can use up its attempts.
        """
        asker, now = session.asker, self._clock.now()
        who = attempts.in_session(asker.login, session.session_id)
        # Counted before the password is checked, as at sign-in, and apart from the line.
        with self._db.writing() as conn:
            wait_s = attempts.wait_s(conn, who, self._limits, now)
            if wait_s <= 0:
                attempts.count(conn, who, now=now)
            this = people.c.id == asker.person_id
            stored = conn.scalar(select(people.c.password_hash).where(this))
        if wait_s > 0:
            self._acting.note(asker, "proof.blocked")
            return TooManyTries(wait_s)
        is_right = self._passwords.is_right(password, stored)
        with self._acting.changing(asker, "proof") as change:
            if not is_right:
                change.refuse()
                return False
            attempts.forget(change.conn, who)
            session_rows.prove(change.conn, session.session_id, change.now)
            change.note("proof.password")
        return True

    def change_password(self, session: Session, *, old: str, new: str) -> bool | TooManyTries:
        """Set a new password and end all other sessions; True if the old password was right.

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
        """True if the person can sign in with a password."""
        this = people.c.id == session.asker.person_id
        with self._db.reading() as conn:
            return bool(conn.scalar(select(people.c.password_hash).where(this)))

    def _put_password(self, session: Session, hashed: str) -> None:
        with self._acting.changing(session.asker, "person.password") as change:
            who = session.asker.person_id
            this = update(people).where(people.c.id == who)
            change.conn.execute(this.values(password_hash=hashed))
            session_rows.end_of_person(change.conn, who, but=session.session_id)
            change.done()

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
        with self._acting.changing(session.asker, "session.end") as change:
            who = session.asker.person_id
            is_ended = session_rows.end_of_person(change.conn, who, only=session_id) > 0
            change.answer(is_ended)
        return is_ended

    def end_other_sessions(self, session: Session) -> int:
        """End all other sessions of the person; returns their number."""
        with self._acting.changing(session.asker, "session.end_others") as change:
            who = session.asker.person_id
            ended = session_rows.end_of_person(change.conn, who, but=session.session_id)
            change.done(Detail("sessions.ended", n=ended))
        return ended

    def set_language(self, asker: Asker, language: str) -> None:
        """Set the person's language for pages and notifications."""
        if language not in LANGUAGES:
            raise ValueError(f"the hub speaks {', '.join(LANGUAGES)}, not {language!r}")
        with self._acting.changing(asker, "person.language") as change:
            this = update(people).where(people.c.id == asker.person_id)
            change.conn.execute(this.values(language=language))
            change.done(Detail("person.language", language=language))
