"""People and what they were granted: who may see which part of the town, from when, until when.

Every change writes its line of the audit in the caller's transaction.
"""

from typing import Final
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select, update

from hub.alerts.channels import read_orders
from hub.alerts.grants import Grant
from hub.alerts.moment import Moment
from hub.store import audit
from hub.store.audit import By
from hub.store.fold import fold_login
from hub.store.passwords import MAX_CHARS, MIN_CHARS, Passwords
from hub.store.registry import RegistryError
from hub.store.tables import columns, grants, new_id, people, sessions

LANGUAGES: Final = ("vi", "en")
_SHELL: Final = By(came_from="shell")


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
    """Note a person; RegistryError for a taken login or a password that is too short."""
    login = fold_login(login)
    if not login:
        raise RegistryError("a person needs a login")
    if language not in LANGUAGES:
        raise RegistryError(f"language {language!r} is not one of {', '.join(LANGUAGES)}")
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
    audit.note(conn, _SHELL, act="person.add", object_kind="person", object_id=person_id, now=now)
    return person_id


def person_by_login(conn: Connection, login: str) -> UUID | None:
    """The person who signs in so."""
    return conn.scalar(select(people.c.id).where(people.c.login == fold_login(login)))


def set_password(
    conn: Connection, person_id: UUID, *, password: str, passwords: Passwords, now: Moment
) -> None:
    """A new password; ends all their sessions."""
    hashed = checked_password(password, passwords)
    conn.execute(update(people).where(people.c.id == person_id).values(password_hash=hashed))
    conn.execute(delete(sessions).where(sessions.c.person_id == person_id))
    audit.note(
        conn, _SHELL, act="person.password", object_kind="person", object_id=person_id, now=now
    )


def choose_channels(conn: Connection, person_id: UUID, order: str) -> None:
    """By which channel the person is told first, for each severity, as `hub.alerts.channels` says.

    An empty order is the hub's own.
    """
    try:
        read_orders(order)
    except ValueError as error:
        raise RegistryError(f"channels {order!r}: {error}") from error
    chosen = order.strip() or None
    conn.execute(update(people).where(people.c.id == person_id).values(channel_order=chosen))


def disable_person(conn: Connection, person_id: UUID, *, now: Moment) -> None:
    """The person sees nothing from now on and is signed out."""
    conn.execute(update(people).where(people.c.id == person_id).values(columns("disabled", now)))
    conn.execute(delete(sessions).where(sessions.c.person_id == person_id))
    audit.note(
        conn, _SHELL, act="person.disable", object_kind="person", object_id=person_id, now=now
    )


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
    if (grant.area_id is None) == (grant.camera_id is None):
        raise RegistryError("a grant names an area or a camera, one of the two")
    if not reason.strip():
        raise RegistryError("a grant needs a reason: somebody will ask one day")
    grant_id = new_id(now)
    conn.execute(
        insert(grants).values(
            id=grant_id,
            person_id=person_id,
            area_id=grant.area_id,
            camera_id=grant.camera_id,
            rights=int(grant.rights),
            reason=reason.strip(),
            granted_by=granted_by,
            **columns("starts", Moment(grant.starts_utc_us, now.error_ms)),
            **columns("ends", _maybe(grant.ends_utc_us)),
            **columns("history_from", _maybe(grant.history_from_utc_us)),
        )
    )
    by = By(person_id=granted_by, came_from="" if granted_by else _SHELL.came_from)
    audit.note(
        conn,
        by,
        act="grant.add",
        object_kind="grant",
        object_id=grant_id,
        detail=f"{grant.rights!r}: {reason.strip()}",
        now=now,
    )
    return grant_id


def end_grant(conn: Connection, grant_id: UUID, *, now: Moment) -> None:
    """The grant counts no more."""
    conn.execute(update(grants).where(grants.c.id == grant_id).values(columns("ends", now)))
    audit.note(conn, _SHELL, act="grant.end", object_kind="grant", object_id=grant_id, now=now)


def _maybe(utc_us: int | None) -> Moment | None:
    # A date that a person set is exact: nobody's clock took part.
    return None if utc_us is None else Moment(utc_us, 0)


def checked_password(password: str, passwords: Passwords) -> str:
    """The hash of a password that may be used; RegistryError for one too short or too long."""
    if len(password) < MIN_CHARS:
        raise RegistryError(f"a password has at least {MIN_CHARS} characters")
    if len(password) > MAX_CHARS:
        raise RegistryError(f"a password has at most {MAX_CHARS} characters")
    return passwords.hash(password)
