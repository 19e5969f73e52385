"""People and their grants: who may see which part of the town, from when, until when.

Every change writes its audit line in the caller's transaction.
"""

from typing import Final
from uuid import UUID

from sqlalchemy import Connection, insert, select, update

from hub.alerts.channels import read_orders
from hub.alerts.errors import RegistryError
from hub.alerts.grants import Grant
from hub.alerts.moment import Moment
from hub.alerts.roles import Role
from hub.store import audit, grant_rows
from hub.store.audit import SHELL, By
from hub.store.fold import fold_login
from hub.store.grant_faults import GrantError, GrantFault
from hub.store.passwords import MAX_CHARS, MIN_CHARS, Passwords
from hub.store.signin_tables import people
from hub.store.tables import columns, new_id

LANGUAGES: Final = ("vi", "en")


def add_person(
    conn: Connection,
    *,
    login: str,
    name: str,
    language: str,
    role: str,
    password: str,
    passwords: Passwords,
    now: Moment,
) -> UUID:
    """Add a person; RegistryError for a taken login or a too short password."""
    login = fold_login(login)
    if not login:
        raise RegistryError("a person needs a login")
    if language not in LANGUAGES:
        raise RegistryError(f"language {language!r} is not one of {', '.join(LANGUAGES)}")
    if role not in set(Role):
        raise GrantError(GrantFault.UNKNOWN_ROLE)
    if person_by_login(conn, login) is not None:
        raise RegistryError(f"the login {login!r} is taken")
    person_id = new_id(now)
    conn.execute(
        insert(people).values(
            id=person_id,
            login=login,
            name=name.strip() or login,
            role=role,
            language=language,
            password_hash=checked_password(password, passwords),
            **columns("created", now),
        )
    )
    audit.note(conn, SHELL, act="person.add", object_kind="person", object_id=person_id, now=now)
    return person_id


def person_by_login(conn: Connection, login: str) -> UUID | None:
    """The person with this login."""
    return conn.scalar(select(people.c.id).where(people.c.login == fold_login(login)))


def choose_channels(conn: Connection, person_id: UUID, order: str) -> None:
    """Set the order of channels for the person, by severity, in the form of `hub.alerts.channels`.

    An empty order means the hub's default.
    """
    try:
        read_orders(order)
    except ValueError as error:
        raise RegistryError(f"channels {order!r}: {error}") from error
    chosen = order.strip() or None
    conn.execute(update(people).where(people.c.id == person_id).values(channel_order=chosen))


def add_grant(
    conn: Connection,
    *,
    person_id: UUID,
    grant: Grant,
    reason: str,
    now: Moment,
    granted_by: UUID | None = None,
) -> UUID:
    """Grant a person access to an area with all below it, or to one camera (exactly one of the
    two). Without `granted_by` the keeper's shell is the author. GrantError if their role does
    not allow it."""
    by = By(person_id=granted_by, came_from="" if granted_by else SHELL.came_from)
    return grant_rows.write(conn, person_id=person_id, grant=grant, reason=reason, now=now, by=by)


def end_grant(conn: Connection, grant_id: UUID, *, now: Moment) -> None:
    """End the grant and the grants that its person delegated from it."""
    grant_rows.end(conn, grant_id, by=SHELL, now=now)


def checked_password(password: str, passwords: Passwords) -> str:
    """The hash of a valid password; RegistryError if too short or too long."""
    if len(password) < MIN_CHARS:
        raise RegistryError(f"a password has at least {MIN_CHARS} characters")
    if len(password) > MAX_CHARS:
        raise RegistryError(f"a password has at most {MAX_CHARS} characters")
    return passwords.hash(password)
