"""What a new version tries in its slot while the old one runs: it changes nothing of the hub."""

import pkgutil
from collections.abc import Mapping
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from psycopg.conninfo import make_conninfo
from sqlalchemy import text

import hub
from hub.app.config import HubSettings
from hub.base.db.database import Database
from hub.base.db.schema import check_schema, is_current, migrate

TRIED: Final = "matthan_tried"
"""Database on PostgreSQL for the copy."""
SOCKETS: Final = "/var/run/postgresql"
_SIZE: Final = "SELECT pg_database_size(current_database())"


def import_all() -> int:
    """Import every module of the hub; returns how many. What an import raises is the finding."""
    names = [
        found.name
        for found in pkgutil.walk_packages(hub.__path__, "hub.")
        if not found.name.endswith(".__main__")
        and ".migrations." not in found.name
        and found.name.replace(".", "").isidentifier()  # the broker's plugin is no module
    ]
    for name in names:
        import_module(name)
    return len(names)


def facts(settings: HubSettings) -> Mapping[str, Any]:
    """What the steps of an upgrade need to know of the database; DatabaseError if this version
    cannot use it.

    kind; file: of SQLite, or on PostgreSQL the beginning of the names of its copies; size_bytes;
    migrates: whether this version changes the schema. On PostgreSQL also conninfo (without the
    password), password, user; server: options of PostgreSQL's programs if it runs on this machine,
    else empty; tried, tried_url: the same for the database of a copy.
    """
    with closing(Database(settings.store.url)) as db:
        if not db.is_shared:
            file = Path(db.url.database or "").absolute()
            return {
                "kind": "sqlite",
                "file": str(file),
                "size_bytes": file.stat().st_size,
                "migrates": not is_current(db),
            }
        with db.reading() as conn:
            size_bytes = conn.scalar(text(_SIZE))
        address = dict(db.listening_address())
        address.pop("context", None)  # of the driver's, and none of the server's
        password = address.pop("password", None)
        host = str(address.get("host") or SOCKETS)
        is_here = host.startswith("/") and "," not in host
        port = str(address.get("port") or 5432)
        tried = address | {"dbname": TRIED}
        return {
            "kind": "postgresql",
            "file": str(settings.secrets.folder.absolute() / "database"),
            "size_bytes": size_bytes,
            "migrates": not is_current(db),
            "conninfo": make_conninfo("", **address),
            "password": password,
            "user": address.get("user") or "matthan",
            "server": ["-h", host, "-p", port] if is_here else [],
            "tried": make_conninfo("", **tried),
            "tried_url": db.url.set(database=TRIED).render_as_string(hide_password=True),
        }


def try_copy(url: str) -> None:
    """Migrate a copy of the database, and check its schema; any error is the finding."""
    migrate(url)
    with closing(Database(url)) as db:
        check_schema(db)
