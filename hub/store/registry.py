"""Areas, nodes, cameras, people and grants: what is watched, by whom."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from agent.wire.messages import Birth, Death
from hub.alerts.grants import Grant
from hub.alerts.moment import Moment


class RegistryError(Exception):
    """What was asked cannot be noted: a sentence for the technician."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node as the registry has it."""

    node_id: UUID
    name: str
    state: str
    birth_id: UUID | None


def add_area(
    conn: Connection, *, name: str, level: str, parent_id: UUID | None, now: Moment
) -> UUID:
    """Note an area below `parent_id` (None: at the top)."""
    raise NotImplementedError


def area_by_name(conn: Connection, name: str) -> UUID:
    """The one area of this name, diacritics and case aside; RegistryError for none or several."""
    raise NotImplementedError


def add_node(conn: Connection, *, name: str, area_id: UUID, now: Moment) -> UUID:
    """Note a node; its cameras come with its first birth."""
    raise NotImplementedError


def node_by_name(conn: Connection, name: str) -> Node | None:
    """The node of this name."""
    raise NotImplementedError


def note_birth(conn: Connection, birth: Birth, *, now: Moment) -> bool:
    """The node is online, with these cameras; False for a node the registry does not know."""
    raise NotImplementedError


def note_death(conn: Connection, death: Death, *, now: Moment) -> bool:
    """The node is gone; False when unknown, or when another birth has come since."""
    raise NotImplementedError


def add_person(
    conn: Connection,
    *,
    login: str,
    name: str,
    language: str,
    role: str,
    password: str,
    now: Moment,
) -> UUID:
    """Note a person; RegistryError for a taken login or a password under 10 characters."""
    raise NotImplementedError


def person_by_login(conn: Connection, login: str) -> UUID | None:
    """The person who signs in so."""
    raise NotImplementedError


def set_password(conn: Connection, person_id: UUID, *, password: str) -> None:
    """A new password; ends all their sessions."""
    raise NotImplementedError


def disable_person(conn: Connection, person_id: UUID, *, now: Moment) -> None:
    """The person sees nothing from now on and is signed out."""
    raise NotImplementedError


def add_grant(
    conn: Connection,
    *,
    person_id: UUID,
    grant: Grant,
    reason: str,
    now: Moment,
    granted_by: UUID | None = None,
) -> UUID:
    """Let a person see an area with all below it, or one camera (exactly one of the two)."""
    raise NotImplementedError


def end_grant(conn: Connection, grant_id: UUID, *, now: Moment) -> None:
    """The grant counts no more."""
    raise NotImplementedError
