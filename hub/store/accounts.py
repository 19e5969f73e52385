"""Signing in and out: argon2id passwords, sessions kept here, a bound on guessing."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from hub.alerts.moment import Moment
from hub.store import audit
from hub.store.audit import By
from hub.store.clock import Clock
from hub.store.database import Database
from hub.store.fold import fold_login
from hub.store.passwords import Passwords
from hub.store.staff import LANGUAGES
from hub.store.tables import columns, new_id, people, sessions, sign_in_failures
from hub.store.views import Asker

SEEN_EVERY_S: Final = 60
"""A session's last use is written down no more often than this."""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a session lives, and how often a login may be guessed at."""

    idle_s: int = 12 * 3600
    absolute_s: int = 30 * 24 * 3600
    failures: int = 10
    window_s: int = 15 * 60


DEFAULT_LIMITS: Final = SessionLimits()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session; `token` goes into the cookie and is kept nowhere on the hub."""

    token: str
    csrf: str
    asker: Asker
    max_age_s: int


@dataclass(frozen=True, slots=True)
class Session:
    """A session that holds."""

    session_id: UUID
    csrf: str
    asker: Asker


@dataclass(frozen=True, slots=True)
class TooManyTries:
    """This login was guessed at too often; even the right password waits."""

    wait_s: int


class Accounts:
    """For any thread; one sign-in takes about 0.1-0.2 s of processor by design."""

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

    def sign_in(
        self, login: str, password: str, *, came_from: str
    ) -> SignedIn | TooManyTries | None:
        """A session, or None for a wrong login or password (the same answer, in the same time)."""
        login, now = fold_login(login), self._clock.now()
        # The try is counted before the password is checked, or a hundred guesses sent at once
        # would all be checked before the first was counted.
        with self._db.writing() as conn:
            wait_s = self._wait_s(conn, login, now)
            if wait_s > 0:
                _note(conn, "session.blocked", login=login, came_from=came_from, now=now)
                return TooManyTries(wait_s)
            _count_failure(conn, login, came_from=came_from, now=now)
            person = _able_person(conn, login, now)
        is_right = self._passwords.is_right(password, person.password_hash if person else None)
        with self._db.writing() as conn:
            if person is None or not is_right:
                _note(conn, "session.refused", login=login, came_from=came_from, now=now)
                return None
            conn.execute(delete(sign_in_failures).where(sign_in_failures.c.login == login))
            return self._open(conn, _asker(person, came_from), now)

    def session_by_token(self, token: str, *, came_from: str) -> Session | None:
        """The session this cookie names, while it holds and its person is not disabled."""
        now = self._clock.now()
        with self._db.reading() as conn:
            row = conn.execute(
                select(
                    sessions.c.id.label("session_id"),
                    sessions.c.csrf,
                    sessions.c.seen_utc_us,
                    people,
                )
                .join(people, people.c.id == sessions.c.person_id)
                .where(
                    sessions.c.token_hash == _hashed(token),
                    sessions.c.ends_utc_us > now.utc_us,
                    sessions.c.seen_utc_us > now.plus_s(-self._limits.idle_s).utc_us,
                    _is_able(now),
                )
            ).first()
        if row is None:
            return None
        if row.seen_utc_us < now.plus_s(-SEEN_EVERY_S).utc_us:
            this = sessions.c.id == row.session_id
            with self._db.writing() as conn:
                conn.execute(update(sessions).where(this).values(columns("seen", now)))
        return Session(row.session_id, row.csrf, _asker(row, came_from))

    def sign_out(self, token: str, *, came_from: str) -> None:
        """End this session; nothing happens when it has ended already."""
        now = self._clock.now()
        with self._db.writing() as conn:
            person_id = conn.scalar(
                delete(sessions)
                .where(sessions.c.token_hash == _hashed(token))
                .returning(sessions.c.person_id)
            )
            if person_id is not None:
                by = By(person_id=person_id, came_from=came_from)
                audit.note(conn, by, act="session.end", now=now)

    def set_language(self, asker: Asker, language: str) -> None:
        """Speak this language to the person from now on, on pages and on phones."""
        if language not in LANGUAGES:
            raise ValueError(f"the hub speaks {', '.join(LANGUAGES)}, not {language!r}")
        with self._db.writing() as conn:
            person = people.c.id == asker.person_id
            conn.execute(update(people).where(person).values(language=language))
            by = By(person_id=asker.person_id, came_from=asker.came_from)
            audit.note(conn, by, act="person.language", detail=language, now=self._clock.now())

    def _wait_s(self, conn: Connection, login: str, now: Moment) -> int:
        """How long until this login may be tried again, seconds; 0: now."""
        window_began = now.plus_s(-self._limits.window_s).utc_us
        at = sign_in_failures.c.at_utc_us
        conn.execute(delete(sign_in_failures).where(at <= window_began))
        number, oldest = conn.execute(
            select(func.count(), func.min(at)).where(sign_in_failures.c.login == login)
        ).one()
        if number < self._limits.failures:
            return 0
        return max(1, (int(oldest) - window_began) // 1_000_000)

    def _open(self, conn: Connection, asker: Asker, now: Moment) -> SignedIn:
        token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        ended = or_(
            sessions.c.ends_utc_us <= now.utc_us,
            sessions.c.seen_utc_us <= now.plus_s(-self._limits.idle_s).utc_us,
        )
        conn.execute(delete(sessions).where(ended))
        conn.execute(
            insert(sessions).values(
                id=new_id(now),
                token_hash=_hashed(token),
                csrf=csrf,
                person_id=asker.person_id,
                **columns("created", now),
                **columns("seen", now),
                **columns("ends", now.plus_s(self._limits.absolute_s)),
            )
        )
        by = By(person_id=asker.person_id, came_from=asker.came_from)
        audit.note(conn, by, act="session.begin", now=now)
        return SignedIn(token, csrf, asker, self._limits.absolute_s)


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _is_able(now: Moment) -> Any:
    return or_(people.c.disabled_utc_us.is_(None), people.c.disabled_utc_us > now.utc_us)


def _able_person(conn: Connection, login: str, now: Moment) -> Row[*tuple[Any, ...]] | None:
    return conn.execute(select(people).where(people.c.login == login, _is_able(now))).first()


def _asker(row: Row[*tuple[Any, ...]], came_from: str) -> Asker:
    return Asker(
        person_id=row.id,
        login=row.login,
        name=row.name,
        role=row.role,
        language=row.language,
        came_from=came_from,
    )


def _count_failure(conn: Connection, login: str, *, came_from: str, now: Moment) -> None:
    conn.execute(
        insert(sign_in_failures).values(
            id=new_id(now), login=login, came_from=came_from, **columns("at", now)
        )
    )


def _note(conn: Connection, act: str, *, login: str, came_from: str, now: Moment) -> None:
    audit.note(conn, By(came_from=came_from), act=act, detail=f"login {login!r}", now=now)
