"""Helpers of the tests of altered clips, used by more than one module."""

from hashlib import sha256

from sqlalchemy import update

from hub.footage.tables import media
from tests.hub.rigs.web_town import Town

FREE = b"\0\0\0\x10free" + b"altered!"
"""A box that no player shows."""


def alter(town: Town, old: bytes, new: bytes) -> None:
    """By one who can write to the disk and to the database: another file, and its hash."""
    incoming = town.blobs.open_incoming(len(new))
    incoming.write(new)
    incoming.finish(sha256(new).hexdigest())
    with town.db.writing() as conn:
        this = media.c.sha256 == sha256(old).hexdigest()
        changed = {"sha256": sha256(new).hexdigest(), "size_bytes": len(new)}
        conn.execute(update(media).where(this).values(changed))
