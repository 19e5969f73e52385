"""Keys of apps that bring tips: made and revoked by the keeper, kept as a hash, all in the caller's
transaction."""

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, insert, select, update

from hub.alerts.moment import Moment
from hub.store import audit
from hub.store.audit import By
from hub.store.tables import columns, new_id
from hub.store.tip_tables import tip_keys

NAME_CHARS: Final = 60


class TipKeyError(Exception):
    """Why no key was made or revoked, and the cure."""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as the keeper sees it; of the key itself nothing is left."""

    name: str
    made_utc_us: int
    revoked_utc_us: int | None


def add_key(conn: Connection, name: str, now: Moment) -> str:
    """A new key for an app; shown once."""
    name = name.strip()
    if not name or len(name) > NAME_CHARS or name == "form":
        raise TipKeyError(f"an app needs a name of at most {NAME_CHARS} letters, not 'form'")
    if conn.scalar(select(tip_keys.c.id).where(tip_keys.c.name == name)) is not None:
        raise TipKeyError(f"there is an app called {name} already: choose another name")
    key, key_id = secrets.token_urlsafe(32), new_id(now)
    conn.execute(
        insert(tip_keys).values(id=key_id, name=name, key_hash=_hash(key), **columns("made", now))
    )
    audit.note(
        conn,
        By(),
        act="tip_key.add",
        object_kind="tip_key",
        object_id=key_id,
        detail=name,
        now=now,
    )
    return key


def revoke_key(conn: Connection, name: str, now: Moment) -> None:
    """It opens nothing from now on."""
    this = (tip_keys.c.name == name.strip()) & tip_keys.c.revoked_utc_us.is_(None)
    key_id = conn.scalar(select(tip_keys.c.id).where(this))
    if key_id is None:
        raise TipKeyError(f"no app called {name} has a key that counts; see: matthan-hub tips keys")
    conn.execute(update(tip_keys).where(this).values(**columns("revoked", now)))
    audit.note(
        conn,
        By(),
        act="tip_key.revoke",
        object_kind="tip_key",
        object_id=key_id,
        detail=name,
        now=now,
    )


def list_keys(conn: Connection) -> list[KeyRow]:
    """All there ever were, by name."""
    rows = conn.execute(select(tip_keys).order_by(tip_keys.c.name))
    return [KeyRow(row.name, row.made_utc_us, row.revoked_utc_us) for row in rows]


def app_of(conn: Connection, key: str) -> str | None:
    """The name of the app that this key was made for, while it counts."""
    this = (tip_keys.c.key_hash == _hash(key)) & tip_keys.c.revoked_utc_us.is_(None)
    return conn.scalar(select(tip_keys.c.name).where(this))


def _hash(key: str) -> str:
    return sha256(key.encode(errors="replace")).hexdigest()
