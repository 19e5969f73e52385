"""A PMTiles archive of version 3 with one tile of the whole world, written by its specification."""

import gzip
import io
import json
import struct
from pathlib import Path

from PIL import Image

NONE, GZIP = 1, 2
"""Compressions of directories and of tiles."""
MVT, PNG = 1, 2


def write_tiles(path: Path, *, is_vector: bool, is_large: bool = False) -> Path:
    """Two layers, "land" of the whole world and "places" with one name, or one grey picture.

    `is_large`: as archives of a province are, with a leaf directory and compressed.
    """
    tile = _vector_tile() if is_vector else _picture()
    told: dict[str, object] = {"attribution": '<a href="https://map.example">© Maker</a>'}
    if is_vector:
        named = {"id": "places", "fields": {"name": "String"}}
        told["vector_layers"] = [named, {"id": "land", "fields": {}}]
    metadata = json.dumps(told).encode()
    leaf = b""
    if is_large:
        metadata = gzip.compress(metadata)
        tile = gzip.compress(tile) if is_vector else tile
        leaf = gzip.compress(_directory(run=1, size_bytes=len(tile)))
        directory = gzip.compress(_directory(run=0, size_bytes=len(leaf)))
    else:
        directory = _directory(run=1, size_bytes=len(tile))
    at_metadata = 127 + len(directory)
    at_leaf = at_metadata + len(metadata)
    at_tiles = at_leaf + len(leaf)
    places = (127, len(directory), at_metadata, len(metadata), at_leaf, len(leaf))
    numbers = (*places, at_tiles, len(tile), 1, 1, 1)
    packed = (GZIP, GZIP if is_vector else NONE) if is_large else (NONE, NONE)
    kinds = (1, *packed, MVT if is_vector else PNG, 0, 0)
    where = (-1_800_000_000, -850_000_000, 1_800_000_000, 850_000_000, 0, 0, 0)
    header = b"PMTiles\x03" + struct.pack("<11Q", *numbers) + bytes(kinds)
    header += struct.pack("<4iBii", *where)
    assert len(header) == 127
    path.write_bytes(header + directory + metadata + leaf + tile)
    return path


def _directory(*, run: int, size_bytes: int) -> bytes:
    """One entry, of the first tile: number, id, run, size, and place plus one. A run of 0 leads to
    a leaf directory."""
    return bytes([1, 0, run]) + _varint(size_bytes) + bytes([1])


def _picture() -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (256, 256), "grey").save(drawn, "PNG")
    return drawn.getvalue()


def _vector_tile() -> bytes:
    move, lines, close = 1 | 1 << 3, 2 | 3 << 3, 7 | 1 << 3
    corners = [_zigzag(n) for n in (4096, 0, 0, 4096, -4096, 0)]
    steps = (move, _zigzag(0), _zigzag(0), lines, *corners, close)
    geometry = b"".join(_varint(step) for step in steps)
    feature = _field(3, 3) + _bytes(4, geometry)
    layer = _field(15, 2) + _bytes(1, b"land") + _bytes(2, feature) + _field(5, 4096)
    spot = b"".join(_varint(step) for step in (move, _zigzag(2048), _zigzag(2048)))
    named = _bytes(2, bytes([0, 0])) + _field(3, 1) + _bytes(4, spot)
    words = _bytes(3, b"name") + _bytes(4, _bytes(1, "Tân Khai".encode()))
    places = _field(15, 2) + _bytes(1, b"places") + _bytes(2, named) + words + _field(5, 4096)
    return _bytes(3, layer) + _bytes(3, places)


def _varint(n: int) -> bytes:
    found = b""
    while n > 127:
        found += bytes([n & 127 | 128])
        n >>= 7
    return found + bytes([n])


def _zigzag(n: int) -> int:
    return n << 1 ^ n >> 31


def _field(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _bytes(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content
