"""View of one account for people who may close and reopen accounts."""

from dataclasses import dataclass
from uuid import UUID

from hub.access.grants.views import GrantRow


@dataclass(frozen=True, slots=True)
class OwnCase:
    """A case owned by the person that is not closed."""

    case_id: UUID
    number: str
    purpose: str


@dataclass(frozen=True, slots=True)
class AccountAct:
    """The last closing or suspension: when, by whom, and why."""

    at_utc_us: int
    by_name: str | None
    """None: the keeper's shell."""
    reason: str


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A place where the person is signed in."""

    session_id: UUID
    agent: str
    """The browser's user agent; empty: not known."""
    seen_utc_us: int


@dataclass(frozen=True, slots=True)
class LivingPhone:
    """A phone or browser that gets the person's notifications."""

    phone_id: UUID
    label: str
    heard_utc_us: int | None


@dataclass(frozen=True, slots=True)
class AccountPage:
    """One account; the numbers say how much ends when it is closed."""

    person_id: UUID
    login: str
    name: str
    role: str
    state: str
    """One of `hub.access.account_state`."""
    is_own: bool
    """True if it is the reader's own account."""
    sessions: tuple[OpenSession, ...]
    """Last used first."""
    phones: tuple[LivingPhone, ...]
    alerts: int
    """Alerts taken by the person and not closed yet."""
    grants: tuple[GrantRow, ...]
    ending_grants: int
    """The person's grants, and the grants made from them."""
    teams: tuple[str, ...]
    """Names of the teams and rosters that include the person."""
    cases: tuple[OwnCase, ...]
    closed: AccountAct | None
    """Act that closed or suspended the account; None for an open one."""
