"""What the door hands to those who look after what people may see."""

from dataclasses import dataclass
from uuid import UUID

from hub.alerts.grants import Grant


@dataclass(frozen=True, slots=True)
class GrantRow:
    """One grant as a page shows it."""

    grant_id: UUID
    person_id: UUID
    person_name: str
    role: str
    grant: Grant
    reason: str
    granted_by_name: str | None
    """None: the keeper's shell."""
    is_delegated: bool
    """It ends with the grant that it was given out of."""
    camera_label: str | None
    """None: it is of the whole area."""
    place: str
    """The area with those above it: "Ngã tư 1, Tân Khai"."""
    may_end: bool
    """The reader may revoke it."""


@dataclass(frozen=True, slots=True)
class GrantArea:
    """An area that the reader looks after, with what is granted right there."""

    area_id: UUID
    name: str
    level: str
    depth: int
    """From the topmost that they look after."""
    grants: tuple[GrantRow, ...]


@dataclass(frozen=True, slots=True)
class GrantsPage:
    """Who may see what until when, of the areas that the reader looks after."""

    tree: tuple[GrantArea, ...]
    """Each area before those in it."""
    above: tuple[GrantRow, ...]
    """Of areas above theirs: these people see what is in theirs as well."""
    may_give: bool
    may_set_roles: bool
    people: tuple["GrantPerson", ...]
    closed: tuple["GrantPerson", ...] = ()
    """Closed accounts, for who may reopen them."""


@dataclass(frozen=True, slots=True)
class GrantPerson:
    """Whom something may be granted to."""

    person_id: UUID
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class GrantPlace:
    """Where it may be granted: an area, or one camera."""

    area_id: UUID | None
    camera_id: UUID | None
    name: str


@dataclass(frozen=True, slots=True)
class GrantForm:
    """What may be chosen for a new grant."""

    people: tuple[GrantPerson, ...]
    places: tuple[GrantPlace, ...]
    gives_for_good: bool
    """It need not end, and may outlast the giver's own."""


@dataclass(frozen=True, slots=True)
class NewGrant:
    """A grant as somebody would give it; without rights, what its person's role usually has."""

    person_id: UUID
    grant: Grant
    reason: str
    ends_with_mine: bool
