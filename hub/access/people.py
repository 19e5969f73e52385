"""Rules that all accounts share: languages, the login, a valid password."""

from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select

from hub.access.passwords import MAX_CHARS, MIN_CHARS, Passwords
from hub.access.tables import people
from hub.base.errors import RegistryError
from hub.base.text.normalize import fold_login

LANGUAGES: Final = ("vi", "en")


def person_by_login(conn: Connection, login: str) -> UUID | None:
    """The person with this login."""
    return conn.scalar(select(people.c.id).where(people.c.login == fold_login(login)))


def checked_password(password: str, passwords: Passwords) -> str:
    """The hash of a valid password; RegistryError if too short or too long."""
    if len(password) < MIN_CHARS:
        raise RegistryError(f"a password has at least {MIN_CHARS} characters")
    if len(password) > MAX_CHARS:
        raise RegistryError(f"a password has at most {MAX_CHARS} characters")
    return passwords.hash(password)
