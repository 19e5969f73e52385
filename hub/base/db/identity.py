"""Tells one database from another."""

from hashlib import sha256
from pathlib import Path
from typing import Final

from sqlalchemy import text

from hub.base.db.database import Database

ID_BYTES: Final = 8
_MACHINE: Final = Path("/etc/machine-id")
_WHICH_DATABASE: Final = (
    "SELECT system_identifier, oid FROM pg_control_system(), pg_database"
    " WHERE datname = current_database()"
)


def database_id(db: Database) -> bytes:
    """Eight bytes that are the same for all processes of one database and differ for another
    database, also for a copy. They come from server and database, or from machine and file."""
    if db.is_shared:
        with db.reading() as conn:
            found = conn.execute(text(_WHICH_DATABASE)).one()
        which = f"{found.system_identifier}/{found.oid}"
    else:
        file = Path(db.url.database or "").stat()
        machine = _MACHINE.read_text().strip() if _MACHINE.exists() else ""
        which = f"{machine}/{file.st_dev}/{file.st_ino}"
    return sha256(which.encode()).digest()[:ID_BYTES]
