"""Keys of apps that send tips: created and revoked by the keeper, stored as a hash; all in the
caller's transaction."""

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, insert, select, update

from hub.base.audit import log
from hub.base.audit.detail import plain
from hub.base.audit.log import By
from hub.base.db.columns import columns, new_id
from hub.base.db.rows import from_row
from hub.base.moment import Moment
from hub.public.tips.tables import tip_keys

NAME_CHARS: Final = 60


class TipKeyError(Exception):
    """The key was not created or revoked; the message has reason and cure."""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as listed for the keeper; the key itself is not stored."""

    name: str
    made_utc_us: int
    revoked_utc_us: int | None


def add_key(conn: Connection, name: str, now: Moment) -> str:
    """Create a key for an app; it is shown once."""
    name = name.strip()
    if not name or len(name) > NAME_CHARS or name == "form":
        raise TipKeyError(f"an app needs a name of at most {NAME_CHARS} letters, not 'form'")
    if conn.scalar(select(tip_keys.c.id).where(tip_keys.c.name == name)) is not None:
        raise TipKeyError(f"there is an app called {name} already: choose another name")
    key, key_id = secrets.token_urlsafe(32), new_id(now)
    conn.execute(
        insert(tip_keys).values(id=key_id, name=name, key_hash=_hash(key), **columns("made", now))
    )
    log.note(
        conn,
        By(),
        act="tip_key.add",
        object_kind="tip_key",
        object_id=key_id,
        detail=plain(name),
        now=now,
    )
    return key


def revoke_key(conn: Connection, name: str, now: Moment) -> None:
    """Revoke the key of this name."""
    this = (tip_keys.c.name == name.strip()) & tip_keys.c.revoked_utc_us.is_(None)
    key_id = conn.scalar(select(tip_keys.c.id).where(this))
    if key_id is None:
        raise TipKeyError(f"no app called {name} has a valid key; see: matthan-hub tips keys")
    conn.execute(update(tip_keys).where(this).values(**columns("revoked", now)))
    log.note(
        conn,
        By(),
        act="tip_key.revoke",
        object_kind="tip_key",
        object_id=key_id,
        detail=plain(name),
        now=now,
    )


def list_keys(conn: Connection) -> list[KeyRow]:
    """All keys, including revoked ones, by name."""
    rows = conn.execute(select(tip_keys).order_by(tip_keys.c.name))
    return [from_row(KeyRow, row) for row in rows]


def app_of(conn: Connection, key: str) -> str | None:
    """The name of this key's app, if the key is valid."""
    this = (tip_keys.c.key_hash == _hash(key)) & tip_keys.c.revoked_utc_us.is_(None)
    return conn.scalar(select(tip_keys.c.name).where(this))


def _hash(key: str) -> str:
    return sha256(key.encode(errors="replace")).hexdigest()
