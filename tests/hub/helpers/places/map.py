"""Helpers of the tests of map, used by more than one module."""

from pathlib import Path
from uuid import UUID, uuid4

from PIL import Image
from sqlalchemy import insert, select, update

from hub.base.db.columns import columns
from hub.places.map.ground import Corners
from hub.registry.tables import cameras, nodes
from tests.browser.tiny_tiles import write_tiles
from tests.hub.rigs.web_town import Town

TOWN = Corners(106.55, 11.60, 106.65, 11.50)


def place_all(town: Town) -> None:
    with town.db.writing() as conn:
        conn.execute(update(cameras).values(latitude_deg=11.54, longitude_deg=106.6))


def many_cameras(town: Town, number: int, *, lost_every: int = 50) -> list[UUID]:
    """So many cameras, on a grid over the town."""
    now, ids = town.clock.now(), [uuid4() for _ in range(number)]
    side = max(1, round(number**0.5))
    with town.db.writing() as conn:
        node_id = conn.scalar(select(nodes.c.id))
        conn.execute(
            insert(cameras),
            [
                {
                    "id": camera_id,
                    "node_id": node_id,
                    "name": f"c{n}",
                    "label": f"Camera {n:05d}",
                    "area_id": town.area_id,
                    "is_lost": n % lost_every == 0,
                    "latitude_deg": 11.5 + n // side * 0.002,
                    "longitude_deg": 106.5 + n % side * 0.002,
                    **columns("state_since", now),
                }
                for n, camera_id in enumerate(ids)
            ],
        )
    return ids


def tiles(folder: Path) -> Path:
    return write_tiles(folder / "town.pmtiles", is_vector=True)


def plan(folder: Path, size: tuple[int, int] = (40, 30)) -> Path:
    path = folder / "plan.png"
    Image.new("RGB", size, "white").save(path)
    return path
