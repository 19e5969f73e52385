"""The map's background in the media store: the same for every process, on any machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import select

from hub.base.db.database import Database
from hub.base.db.rows import from_row
from hub.base.db.statements import put
from hub.base.storage.blobs import Blobs, store_file
from hub.places.map.ground import Corners, Ground, MapFiles
from hub.places.map.tables import map_ground

_ROW: Final = 1
_BLANK: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredGround(Ground):
    """A background in the media store."""

    blobs: Blobs
    sha256: str

    def read(self, first: int, size_bytes: int) -> Iterator[bytes]:
        """See `Ground`; BlobsError, and FileNotFoundError if the store has lost it."""
        yield from self.blobs.read(self.sha256, start=first, length=size_bytes)


class StoredMap(MapFiles):
    """Background of a hub with a bucket. A background in the folder applies until another is
    set."""

    def __init__(self, folder: Path, *, db: Database, blobs: Blobs) -> None:
        super().__init__(folder)
        self._db = db
        self._blobs = blobs

    def ground(self) -> Ground | None:
        """See `MapFiles`."""
        with self._db.reading() as conn:
            row = conn.execute(select(map_ground)).first()
        if row is None:
            return super().ground()
        if row.kind == _BLANK:
            return None
        where = (row.west_deg, row.north_deg, row.east_deg, row.south_deg)
        return from_row(
            StoredGround,
            row,
            corners=None if None in where else Corners(*where),
            etag=f'"{row.sha256}"',
            blobs=self._blobs,
        )

    def clear(self) -> None:
        """See `MapFiles`."""
        self._set(_BLANK, "", None)
        super().clear()

    def _put(
        self,
        source: Path,
        name: str,  # noqa: ARG002 - its name is its hash
        kind: str,
        media_type: str,
        corners: Corners | None,
    ) -> None:
        sha256 = store_file(source, self._blobs)
        self._set(kind, media_type, corners, sha256=sha256, size_bytes=source.stat().st_size)
        super().clear()

    def _set(
        self,
        kind: str,
        media_type: str,
        corners: Corners | None,
        *,
        sha256: str | None = None,
        size_bytes: int | None = None,
    ) -> None:
        row = {
            "id": _ROW,
            "kind": kind,
            "media_type": media_type,
            "sha256": sha256,
            "size_bytes": size_bytes,
            "west_deg": corners and corners.west,
            "north_deg": corners and corners.north,
            "east_deg": corners and corners.east,
            "south_deg": corners and corners.south,
        }
        with self._db.writing() as conn:
            put(conn, map_ground, row)
