"""Tells which stored files are needed although no row of `media` names them."""

from typing import Final

from sqlalchemy import Connection

from hub.base.storage.tables import is_piece
from hub.footage.media_rows import is_file
from hub.footage.retention.remover import BlobOwner
from hub.nodes.desired_state import release_rows
from hub.places.map.tables import is_ground
from hub.public.households import rows

BLOB_OWNERS: Final[tuple[BlobOwner, ...]] = (
    rows.is_needed,
    release_rows.is_bundle,
    is_ground,
    is_piece,
)


def is_needed(conn: Connection, sha256: str) -> bool:
    """True if anything needs the stored file with this SHA-256."""
    return is_file(conn, sha256) or any(needs(conn, sha256) for needs in BLOB_OWNERS)
