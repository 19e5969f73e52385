"""Read models of sign-in: sessions, their limits, and the answer to too many attempts."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from hub.base.audit.asker import Asker

AGENT_CHARS: Final = 300
"""The browser's user agent is cut to this length."""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Lifetime of a session, wrong passwords per `window_s`, and validity of a re-authentication.

    A whole quarter behind one address of a carrier must be able to mistype, so a network has more
    attempts than a login has from there.
    """

    idle_s: int = 12 * 3600
    absolute_s: int = 30 * 24 * 3600
    failures: int = 10
    """For one login in one session or known browser, or by strangers in one network."""
    login_failures: int = 30
    """For one login by all strangers."""
    network_failures: int = 60
    """For all logins by strangers in one network."""
    all_failures: int = 300
    """For all logins by all strangers: this bounds the work of checking them too."""
    window_s: int = 15 * 60
    proof_s: int = 10 * 60
    """Time after a password or passkey during which no re-authentication is needed."""


DEFAULT_LIMITS: Final = SessionLimits()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session; `token` goes into the cookie and is not stored on the hub."""

    token: str
    csrf: str
    asker: Asker
    max_age_s: int


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session on its owner's page; times are UTC microseconds."""

    session_id: UUID
    agent: str
    """The browser's user agent."""
    came_from: str
    """Network address at sign-in; empty for sessions of an older hub."""
    began_utc_us: int
    seen_utc_us: int
    ends_utc_us: int
    is_this: bool


@dataclass(frozen=True, slots=True)
class AccountShut:
    """The account is closed or suspended; only its own person learns that."""

    is_suspended: bool
    ask: tuple[str, ...]
    """Names of people to ask."""


@dataclass(frozen=True, slots=True)
class TooManyTries:
    """Too many failed attempts of this kind; even the right password must wait."""

    wait_s: int


@dataclass(frozen=True, slots=True)
class Invited:
    """The person invited by a valid link."""

    person_id: UUID
    login: str
    name: str
    language: str
    is_by_provider: bool
    """True if they may link an account of the OpenID provider instead of a password or passkey."""
