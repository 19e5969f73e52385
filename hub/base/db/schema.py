"""The schema version of a database, and its migration to this program's version."""

from functools import cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from hub.base.db.database import Database, DatabaseError

MIGRATIONS: Final = Path(__file__).parent / "migrations"


def migrate(url: str) -> bool:
    """Migrate the database at `url` to this version's schema, in one transaction; True if it was
    empty.

    DatabaseError if the database is newer than this program or not a hub's.
    """
    db = Database(url)
    try:
        with db.writing() as conn:
            _refuse_foreign(conn)
            is_new = _version(conn) is None
            upgrade(conn, "head")
            return is_new
    finally:
        db.close()


def upgrade(conn: Connection, revision: str) -> None:
    """Migrate the database of this transaction to a revision."""
    config = _config()
    config.attributes["connection"] = conn
    command.upgrade(config, revision)


def schema_now(conn: Connection) -> str:
    """Revision of the database; empty if it has none."""
    return _version(conn) or ""


def check_schema(db: Database) -> None:
    """DatabaseError unless the database has exactly this version's schema."""
    with db.reading() as conn:
        _refuse_foreign(conn)
        here, wanted = _version(conn), _script().get_current_head()
    if here != wanted:
        raise DatabaseError(
            f"the database is at schema {here or 'none'}, this hub needs {wanted}. "
            "Run: matthan-hub migrate"
        )


def is_current(db: Database) -> bool:
    """False if this version would migrate the database; DatabaseError as `migrate`."""
    with db.reading() as conn:
        _refuse_foreign(conn)
        return _version(conn) == _script().get_current_head()


def _refuse_foreign(conn: Connection) -> None:
    here = _version(conn)
    if here is None:
        tables = set(inspect(conn).get_table_names()) - {"alembic_version"}
        if tables:
            raise DatabaseError(
                f"the database holds tables that are not a hub's ({min(tables)}, ...). "
                "Give the hub a database of its own in store.url"
            )
    elif here not in {script.revision for script in _script().walk_revisions()}:
        raise DatabaseError(
            f"the database was written by a newer hub (schema {here}). "
            "Install that version again, or restore a backup from before it"
        )


def _version(conn: Connection) -> str | None:
    return MigrationContext.configure(conn).get_current_revision()


def _config() -> Config:
    config = Config()
    # ConfigParser reads % as the start of a variable.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@cache
def _script() -> ScriptDirectory:
    """Reads every migration, which takes longer than most commands; the files stay as they are."""
    return ScriptDirectory.from_config(_config())
