"""Signing in and out: argon2id passwords, sessions kept here, a bound on guessing."""

from dataclasses import dataclass
from uuid import UUID

from hub.store.clock import Clock
from hub.store.database import Database
from hub.store.views import Asker


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a session lives, and how often a login may be guessed at."""

    idle_s: int = 12 * 3600
    absolute_s: int = 30 * 24 * 3600
    failures: int = 10
    window_s: int = 15 * 60


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
        limits: SessionLimits = SessionLimits(),
    ) -> None:
        self._db = db
        self._clock = clock
        self._limits = limits

    def sign_in(
        self, login: str, password: str, *, came_from: str
    ) -> SignedIn | TooManyTries | None:
        """A session, or None for a wrong login or password (the same answer, in the same time)."""
        raise NotImplementedError

    def session_by_token(self, token: str, *, came_from: str) -> Session | None:
        """The session this cookie names, while it holds and its person is not disabled."""
        raise NotImplementedError

    def sign_out(self, token: str, *, came_from: str) -> None:
        """End this session; nothing happens when it has ended already."""
        raise NotImplementedError
