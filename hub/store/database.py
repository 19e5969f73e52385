"""One database, SQLite or PostgreSQL: reading, and writing one at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection


class DatabaseError(Exception):
    """The database cannot be used: what, why and the cure in a sentence."""


class Database:
    """For any thread. `sqlite:////path/hub.db` or `postgresql+psycopg://user@host/name`."""

    def __init__(self, url: str) -> None:
        self._url = url

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one consistent state and cannot write."""
        raise NotImplementedError

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: committed durably on leaving, rolled back on an exception."""
        raise NotImplementedError

    def close(self) -> None:
        """Close all connections."""
        raise NotImplementedError


def migrate(url: str) -> None:
    """Bring the database at `url` to this version's schema; DatabaseError when it is newer."""
    raise NotImplementedError


def check_schema(url: str) -> None:
    """DatabaseError unless the database has exactly this version's schema."""
    raise NotImplementedError
