"""The map's background: none, vector tiles, or an image of a plan.

There is one background at a time, in its own folder. A file is checked before it is stored, so that
a wrong file is refused at the keeper's shell and does not fail in front of an officer at night.
"""

import json
import shutil
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

PMTILES: Final = b"PMTiles\x03"
"""First bytes of a PMTiles archive, version 3."""
HEADER: Final = struct.Struct("<8s11Q6B4i")
"""Header of a PMTiles file. It begins with pairs of place and size, the fourth of which is the
tiles'. Counts, kinds, and the bounds in 1e-7 degrees follow. Source:
https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md."""
DRAWN_KINDS: Final = range(1, 6)
"""Kinds of tiles that a browser draws: MVT, PNG, JPEG, WebP, AVIF."""
UNPACKED_KINDS: Final = (1, 2)
"""Compressions that a browser undoes: none, gzip."""
MOST_PLAN_PIXELS: Final = 64_000_000
CHUNK_BYTES: Final = 256 * 1024


class MapFileError(ValueError):
    """The file cannot be the map's background; the message gives fault and cure."""


@dataclass(frozen=True, slots=True)
class Corners:
    """Position of an image: degrees, north up."""

    west: float
    north: float
    east: float
    south: float


@dataclass(frozen=True, slots=True)
class Ground:
    """The current background; only a plan has `corners`."""

    kind: str
    """One of `tiles`, `plan`."""
    size_bytes: int
    media_type: str
    corners: Corners | None = None
    path: Path = Path()
    etag: str = ""
    """Changes with the file: a browser must not join parts of two archives."""

    def read(self, first: int, size_bytes: int) -> Iterator[bytes]:
        """`size_bytes` bytes of the file from `first` on, in pieces."""
        with self.path.open("rb") as file:
            file.seek(first)
            left = size_bytes
            while left > 0 and (chunk := file.read(min(left, CHUNK_BYTES))):
                left -= len(chunk)
                yield chunk


def check_tiles(source: Path) -> None:
    """Raise MapFileError unless a browser can draw this PMTiles archive."""
    with source.open("rb") as file:
        head = file.read(HEADER.size)
    if not head.startswith(PMTILES) or len(head) < HEADER.size:
        raise MapFileError(
            f"{source} is no PMTiles archive of version 3. Make one with: pmtiles convert"
        )
    numbers = HEADER.unpack(head)[1:]
    places, kinds, (west, south, east, north) = numbers[:8], numbers[11:17], numbers[17:]
    size_bytes = source.stat().st_size
    whole_bytes = max(
        first + length for first, length in zip(places[::2], places[1::2], strict=True)
    )
    if size_bytes < whole_bytes:
        raise MapFileError(
            f"{source} is not whole: it has {size_bytes} bytes of {whole_bytes}. Copy it again"
        )
    root_bytes, tiles_bytes = places[1], places[7]
    if not root_bytes or not tiles_bytes or west >= east or south >= north:
        raise MapFileError(f"{source} holds no tiles. Cut it anew with a wider --bbox")
    _, inner, packed, kind = kinds[:4]
    if kind not in DRAWN_KINDS:
        raise MapFileError(
            f"{source} has tiles of kind {kind}, which a browser does not draw. Use one with MVT "
            "(vector), PNG, JPEG, WebP or AVIF"
        )
    if inner not in UNPACKED_KINDS or packed not in UNPACKED_KINDS:
        raise MapFileError(
            f"{source} is compressed in a way that a browser does not undo. Make one with gzip"
        )


class MapFiles:
    """The folder of the background; for any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ground(self) -> Ground | None:
        """The current background; None: there is none."""
        try:
            stored = json.loads((self._folder / "ground.json").read_text(encoding="utf-8"))
            path = self._folder / Path(stored["file"]).name
            corners = Corners(*stored["corners"]) if stored["corners"] else None
            found = path.stat()
            etag = f'"{found.st_mtime_ns:x}-{found.st_size:x}"'
            return Ground(stored["kind"], found.st_size, stored["media_type"], corners, path, etag)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put_tiles(self, source: Path) -> None:
        """Store a PMTiles archive; MapFileError if it is not one, is incomplete, or cannot be
        drawn."""
        check_tiles(source)
        self._put(source, "ground.pmtiles", "tiles", "application/octet-stream", None)

    def put_plan(self, source: Path, corners: Corners) -> None:
        """Store an image of a plan, north up; MapFileError for a wrong image or position."""
        if not (-180 <= corners.west < corners.east <= 180):
            raise MapFileError("west is not west of east: write --corners WEST NORTH EAST SOUTH")
        if not (-85 <= corners.south < corners.north <= 85):
            raise MapFileError("south is not south of north: write --corners WEST NORTH EAST SOUTH")
        try:
            with Image.open(source) as image:
                image.verify()
                kind, pixels = image.format, image.width * image.height
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise MapFileError(f"{source} is no image: {error}. Use PNG or JPEG") from error
        if kind not in ("PNG", "JPEG") or pixels > MOST_PLAN_PIXELS:
            raise MapFileError(
                f"{source} is {kind} of {pixels} pixels. Use PNG or JPEG of at most "
                f"{MOST_PLAN_PIXELS // 1_000_000} million"
            )
        name = f"ground.{kind.lower()}"
        self._put(source, name, "plan", f"image/{kind.lower()}", corners)

    def clear(self) -> None:
        """Remove the background."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _put(
        self, source: Path, name: str, kind: str, media_type: str, corners: Corners | None
    ) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._folder / f"{name}.new"
        try:
            shutil.copyfile(source, draft)
            draft.replace(self._folder / name)
        finally:
            draft.unlink(missing_ok=True)  # a part of a large map would keep a full disk full
        where = [corners.west, corners.north, corners.east, corners.south] if corners else None
        stored = {"file": name, "kind": kind, "media_type": media_type, "corners": where}
        new = self._folder / "ground.json.new"
        new.write_text(json.dumps(stored), encoding="utf-8")
        new.replace(self._folder / "ground.json")
        for path in self._folder.iterdir():
            if path.name not in (name, "ground.json"):
                path.unlink()
