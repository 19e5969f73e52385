"""What the store returns about one account to who may close and reopen accounts."""

from dataclasses import dataclass
from uuid import UUID

from hub.store.grant_views import GrantRow


@dataclass(frozen=True, slots=True)
class OwnCase:
    """A case that is not closed and that the person owns."""

    case_id: UUID
    number: str
    purpose: str


@dataclass(frozen=True, slots=True)
class AccountAct:
    """When an account was last closed, by whom and why."""

    at_utc_us: int
    by_name: str | None
    """None: the keeper's shell."""
    reason: str


@dataclass(frozen=True, slots=True)
class AccountPage:
    """One account; the numbers are of what ends when it is closed."""

    person_id: UUID
    login: str
    name: str
    role: str
    state: str
    """Of `hub.store.account_state`."""
    is_own: bool
    """It is the reader's."""
    sessions: int
    phones: int
    alerts: int
    """Taken by the person and not closed yet."""
    grants: tuple[GrantRow, ...]
    teams: tuple[str, ...]
    """Names of the teams and rosters that name the person."""
    cases: tuple[OwnCase, ...]
    closed: AccountAct | None
