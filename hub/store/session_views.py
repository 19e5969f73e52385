"""What signing in hands out: sessions that hold, their bounds, and a refusal to guess on."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from hub.store.views import Asker

AGENT_CHARS: Final = 300
"""A browser's word about itself is cut there."""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a session lives, how often a login may be guessed at, and how long a proof holds."""

    idle_s: int = 12 * 3600
    absolute_s: int = 30 * 24 * 3600
    failures: int = 10
    window_s: int = 15 * 60
    proof_s: int = 10 * 60
    """So long after a password or a passkey, what needs a second proof asks for none."""


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
    is_proved: bool = False
    """Whether the person gave password or passkey within `SessionLimits.proof_s`."""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """Where a person is signed in, as their own page shows it; times are UTC microseconds."""

    session_id: UUID
    agent: str
    """The browser's word about itself."""
    came_from: str
    """The network address of the signing in; empty for sessions of an older hub."""
    began_utc_us: int
    seen_utc_us: int
    ends_utc_us: int
    is_this: bool


@dataclass(frozen=True, slots=True)
class TooManyTries:
    """This login was guessed at too often; even the right password waits."""

    wait_s: int
