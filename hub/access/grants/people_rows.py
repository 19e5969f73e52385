"""Accounts of people: add one."""

from uuid import UUID

from sqlalchemy import Connection, insert

from hub.access.grants.faults import GrantError, GrantFault
from hub.access.passwords import Passwords
from hub.access.people import LANGUAGES, checked_password, person_by_login
from hub.access.rules.roles import Role
from hub.access.tables import people
from hub.base.audit import log
from hub.base.audit.log import SHELL
from hub.base.db.columns import columns, new_id
from hub.base.errors import RegistryError
from hub.base.moment import Moment
from hub.base.text.normalize import fold_login


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
    log.note(conn, SHELL, act="person.add", object_kind="person", object_id=person_id, now=now)
    return person_id
