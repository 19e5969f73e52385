"""Sign-in and sign-out: argon2id passwords, sessions in the database, a limit on guessing."""

from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, Connection, bindparam, delete, select, update

from hub.access.account_state import MAY_SIGN_IN, OPEN, SHUT, SHUT_MARK, SUSPENDED
from hub.access.passwords import Passwords
from hub.access.rules.roles import Role
from hub.access.signin import attempts, session_rows
from hub.access.signin.attempts import Guesser
from hub.access.signin.cookies import SignedCookies
from hub.access.signin.identities import Identities
from hub.access.signin.invited import InvitationLinks
from hub.access.signin.passkeys import Passkeys
from hub.access.signin.session_rows import as_asker, hashed
from hub.access.signin.views import (
    DEFAULT_LIMITS,
    AccountShut,
    SessionLimits,
    SessionRow,
    SignedIn,
    TooManyTries,
)
from hub.access.tables import people, sessions
from hub.base.audit import log
from hub.base.audit.detail import Detail
from hub.base.audit.log import By
from hub.base.clock.clock import Clock
from hub.base.db.columns import AnyRow, columns
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.base.text.normalize import fold_login
from hub.base.text.order import by_name
from hub.web.session import Session

__all__ = [
    "DEFAULT_LIMITS",
    "AccountShut",
    "Accounts",
    "Session",
    "SessionLimits",
    "SessionRow",
    "SignedIn",
    "TooManyTries",
]

MOST_NAMES: Final = 3
SEEN_EVERY_S: Final = 60
"""Seconds; the last use of a session is stored at most this often."""


class Accounts:
    """Signs people in and out. Thread-safe; one sign-in takes about 0.1-0.2 s of processor time by
    design."""

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock,
        passwords: Passwords,
        limits: SessionLimits = DEFAULT_LIMITS,
        passkey_key: bytes | None = None,
        cookie_key: bytes | None = None,
    ) -> None:
        """`passkey_key`: see `Passkeys`; `cookie_key`: see `SignedCookies`."""
        self._db = db
        self._clock = clock
        self._passwords = passwords
        self._limits = limits
        self.invited: Final = InvitationLinks(db, clock=clock, passwords=passwords, limits=limits)
        self.passkeys: Final = Passkeys(db, clock=clock, limits=limits, key=passkey_key)
        self.cookies: Final = SignedCookies(cookie_key)
        self.identities: Final = Identities(db, clock=clock, limits=limits)

    def sign_in(
        self, login: str, password: str, *, came_from: str, agent: str = "", browser: str = ""
    ) -> SignedIn | TooManyTries | AccountShut | None:
        """A session, or None for a wrong login or password (the same answer, in the same time).
        AccountShut only with the right password.

        `agent` is the browser's User-Agent, for the person's list of sessions; `browser` the cookie
        by which the hub may know it, see `browser_cookie`.
        """
        login, now = fold_login(login), self._clock.now()
        # The attempt is counted before the password is checked. Otherwise a hundred guesses sent at
        # once would all be checked before the first was counted.
        with self._db.writing() as conn:
            person = _known_person(conn, login)
            who = self._guesser(login, person, browser=browser, came_from=came_from, now=now)
            wait_s = attempts.wait_s(conn, who, self._limits, now)
            if wait_s > 0:
                _note(conn, "session.blocked", login=login, came_from=came_from, now=now)
                return TooManyTries(wait_s)
            attempts.count(conn, who, now=now)
        stored = person.password_hash.removeprefix(SHUT_MARK) or None if person else None
        is_right = self._passwords.is_right(password, stored)
        with self._db.writing() as conn:
            # Otherwise a person whose password was changed or whose account was closed during the
            # check would get one session more.
            person = _known_person(conn, login) if is_right else None
            if person is None or person.password_hash.removeprefix(SHUT_MARK) != stored:
                _note(conn, "session.refused", login=login, came_from=came_from, now=now)
                return None
            if person.state != OPEN or person.password_hash.startswith(SHUT_MARK):
                _note(conn, "session.refused", login=login, came_from=came_from, now=now)
                return _shut(conn, person.state)
            attempts.forget(conn, who)
            asker = as_asker(person, came_from)
            return session_rows.begin(conn, asker, agent=agent, limits=self._limits, now=now)

    def _guesser(
        self,
        login: str,
        person: AnyRow | None,
        *,
        browser: str,
        came_from: str,
        now: Moment,
    ) -> Guesser:
        person_id, password_hash = None, ""
        if person is not None and person.state == OPEN:
            person_id, password_hash = person.id, person.password_hash
        known = self.cookies.knows(browser, person_id, password_hash, now)
        if known is None:
            return attempts.stranger(login, came_from)
        return attempts.in_browser(login, known)

    def browser_cookie(self, carried: str, person_id: UUID) -> str:
        """The cookie of a browser in which this person has just signed in or set a password;
        `carried`: its earlier one."""
        query = select(people.c.password_hash).where(people.c.id == person_id)
        with self._db.reading() as conn:
            password_hash = conn.scalar(query) or ""
        return self.cookies.remember(carried, person_id, password_hash, self._clock.now())

    def session_by_token(self, token: str, *, came_from: str) -> Session | None:
        """The session of this cookie, if it is valid and its person's account is open."""
        now = self._clock.now()
        asked = {
            "this_hash": hashed(token),
            "now_utc_us": now.utc_us,
            "idle_since_utc_us": now.plus_s(-self._limits.idle_s).utc_us,
        }
        with self._db.reading() as conn:
            row = conn.execute(_SESSION, asked).first()
        if row is None:
            return None
        if row.seen_utc_us < now.plus_s(-SEEN_EVERY_S).utc_us:
            this = sessions.c.id == row.session_id
            with self._db.writing() as conn:
                conn.execute(update(sessions).where(this).values(columns("seen", now)))
        proof_since_us = now.plus_s(-self._limits.proof_s).utc_us
        is_proved = row.proved_utc_us is not None and row.proved_utc_us > proof_since_us
        return Session(row.session_id, row.csrf, as_asker(row, came_from), is_proved)

    def shut_account(self, token: str) -> AccountShut | None:
        """The account of this cookie's former session, if it was shut since."""
        if not token:
            return None
        query = (
            select(people.c.state)
            .join(sessions, sessions.c.person_id == people.c.id)
            .where(
                sessions.c.token_hash == SHUT_MARK + hashed(token),
                sessions.c.ends_utc_us > self._clock.now().utc_us,
            )
        )
        with self._db.reading() as conn:
            state = conn.scalar(query)
            return None if state is None else _shut(conn, state)

    def sign_out(self, token: str, *, came_from: str) -> None:
        """End this session; does nothing if it has ended already."""
        now = self._clock.now()
        with self._db.writing() as conn:
            person_id = conn.scalar(
                delete(sessions)
                .where(sessions.c.token_hash == hashed(token))
                .returning(sessions.c.person_id)
            )
            if person_id is not None:
                by = By(person_id=person_id, came_from=came_from)
                log.note(conn, by, act="session.end", now=now)


# Built once: every request runs it, and building costs more than its execution.
_SESSION: Final = (
    select(
        sessions.c.id.label("session_id"),
        sessions.c.csrf,
        sessions.c.seen_utc_us,
        sessions.c.proved_utc_us,
        people,
    )
    .join(people, people.c.id == sessions.c.person_id)
    .where(
        sessions.c.token_hash == bindparam("this_hash"),
        sessions.c.ends_utc_us > bindparam("now_utc_us", type_=BigInteger),
        sessions.c.seen_utc_us > bindparam("idle_since_utc_us", type_=BigInteger),
        MAY_SIGN_IN,
    )
)


def _known_person(conn: Connection, login: str) -> AnyRow | None:
    return conn.execute(select(people).where(people.c.login == login)).first()


def _shut(conn: Connection, state: str) -> AccountShut | None:
    """What a person may learn of their own account that is not open; None for one that waits for
    its invitation."""
    if state not in SHUT:
        return None
    keepers = select(people.c.name).where(people.c.role == Role.KEEPER, MAY_SIGN_IN)
    names = sorted(conn.scalars(keepers), key=by_name)
    return AccountShut(state == SUSPENDED, tuple(names[:MOST_NAMES]))


def _note(conn: Connection, act: str, *, login: str, came_from: str, now: Moment) -> None:
    log.note(
        conn, By(came_from=came_from), act=act, detail=Detail("session.login", login=login), now=now
    )
