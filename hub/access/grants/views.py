"""Views for people who look after grants."""

from dataclasses import dataclass
from uuid import UUID

from hub.access.account_state import OPEN
from hub.access.rules.ended import HowEnded
from hub.access.rules.grants import Grant, Right


@dataclass(frozen=True, slots=True)
class GrantRow:
    """One grant for a page."""

    grant_id: UUID
    person_id: UUID
    person_name: str
    role: str
    grant: Grant
    reason: str
    granted_by_name: str | None
    """None: the keeper's shell."""
    is_delegated: bool
    """True if it ends with the grant it was made from."""
    camera_label: str | None
    """None: the grant is for the whole area."""
    place: str
    """The area with its parents: "Ngã tư 1, Tân Khai"."""
    may_end: bool
    """True if the reader may revoke it."""


@dataclass(frozen=True, slots=True)
class GrantArea:
    """An area the reader looks after, with the grants made directly for it."""

    area_id: UUID
    name: str
    level: str
    depth: int
    """Depth below the topmost area they look after."""
    grants: tuple[GrantRow, ...]


@dataclass(frozen=True, slots=True)
class GrantsPage:
    """All grants in the areas the reader looks after."""

    tree: tuple[GrantArea, ...]
    """Each area before its children."""
    above: tuple[GrantRow, ...]
    """Grants of areas above: these people also see the reader's areas."""
    may_give: bool
    may_set_roles: bool
    people: tuple["GrantPerson", ...]
    closed: tuple["GrantPerson", ...] = ()
    """Closed and suspended accounts, for readers who may reopen them."""


@dataclass(frozen=True, slots=True)
class GrantPerson:
    """A person who may get a grant."""

    person_id: UUID
    name: str
    role: str
    state: str = OPEN
    """One of `hub.access.account_state`."""


@dataclass(frozen=True, slots=True)
class GrantPlace:
    """Place of a grant: an area, or one camera."""

    area_id: UUID | None
    camera_id: UUID | None
    name: str


@dataclass(frozen=True, slots=True)
class GrantForm:
    """Choices for a new grant."""

    people: tuple[GrantPerson, ...]
    places: tuple[GrantPlace, ...]
    gives_for_good: bool
    """True if the grant may have no end, and may outlast the giver's own."""


@dataclass(frozen=True, slots=True)
class NewGrant:
    """Entry of a new grant; without rights, it gets the usual rights of its person's role."""

    person_id: UUID
    grant: Grant
    reason: str
    ends_with_mine: bool


@dataclass(frozen=True, slots=True)
class EndedRow:
    """A place where the reader had rights a short time ago."""

    place: str
    """The area with its parents."""
    camera_label: str | None
    """None: the whole area."""
    rights: Right
    """Rights that no other grant gives the person there."""
    ended_utc_us: int
    how: HowEnded
    ask: tuple[str, ...]
    """Names of the people who can give them again; empty: nobody looks after that place."""


@dataclass(frozen=True, slots=True)
class EndedGrants:
    """Grants of the reader that ended within the last weeks, last ended first."""

    rows: tuple[EndedRow, ...]
    watches: bool
    """False if no alert can reach them: they see, hear of and look after nothing now."""
