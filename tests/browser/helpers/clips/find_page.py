"""Helpers of the tests of find page, used by more than one module."""

from uuid import UUID, uuid4

from sqlalchemy import insert, select

from hub.base.db.columns import new_id
from hub.footage.tables import media
from hub.registry.tables import cameras, nodes
from tests.browser.conftest import Hub


def beside_it(hub: Hub, *, shift_s: int) -> UUID:
    """Another camera 200 m away, whose clip of the same bytes begins so much later."""
    camera_id = uuid4()
    with hub.town.db.writing() as conn:
        camera = dict(conn.execute(select(cameras)).mappings().all()[0])
        clip = dict(conn.execute(select(media).where(media.c.kind == "clip")).mappings().all()[0])
        name = f"Hẻm {shift_s}"
        row = {"id": camera_id, "name": name, "label": name, "kept_label": name}
        conn.execute(insert(cameras).values(**{**camera, **row}))
        node_id = new_id(hub.town.clock.now())
        node = dict(conn.execute(select(nodes)).mappings().all()[0])
        conn.execute(insert(nodes).values(**{**node, "id": node_id, "name": f"tram-{shift_s}"}))
        begins = clip["first_frame_utc_us"] + shift_s * 1_000_000
        said = {"id": uuid4(), "camera_id": camera_id, "node_id": node_id}
        conn.execute(insert(media).values(**{**clip, **said, "first_frame_utc_us": begins}))
    return camera_id
