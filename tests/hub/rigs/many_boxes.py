"""Adds a town's worth of camera boxes to a test's town: in quarters, some of them in trouble."""

from typing import Final
from uuid import UUID

from sqlalchemy import insert, update

from hub.base.db.columns import columns, new_id
from hub.registry import health, registry
from hub.registry.tables import cameras, nodes
from tests.hub.rigs.web_town import Town
from tests.hub.rigs.wire_words import NodeVoice

QUARTERS: Final = 5


def add_boxes(town: Town, count: int, *, seen_cameras: int) -> list[UUID]:
    """`count` boxes `box-000` … with so many cameras in all, in five quarters of the town; every
    tenth is offline, every tenth but one has lost a camera, and the last was never heard of. Ids of
    the quarters."""
    now = town.clock.now()
    top = town.top
    with town.db.writing() as conn:
        quarters = [
            registry.add_area(
                conn, name=f"Khu phố {n + 1}", level="quarter", now=now, parent_id=top
            )
            for n in range(QUARTERS)
        ]
        for n in range(count):
            name = f"box-{n:03}"
            area_id = registry.add_area(
                conn,
                name=f"Ngã tư {n + 1}",
                level="junction",
                now=now,
                parent_id=quarters[n % QUARTERS],
            )
            node_id = registry.add_node(conn, name=name, area_id=area_id, now=now)
            each = range(seen_cameras * n // count, seen_cameras * (n + 1) // count)
            for camera in each:
                conn.execute(
                    insert(cameras).values(
                        id=new_id(now),
                        node_id=node_id,
                        name=f"cam-{camera}",
                        label=f"Camera {camera}",
                        area_id=area_id,
                        is_lost=n % 10 == 1 and camera == each[0],
                        **columns("state_since", now),
                    )
                )
            if n == count - 1:
                continue
            state = "offline" if n % 10 == 0 else "online"
            told = {"state": state, "software": f"matthan 0.2.{n % 3}", **columns("seen", now)}
            conn.execute(update(nodes).where(nodes.c.id == node_id).values(told))
            health.note(conn, node_id, NodeVoice(name).health(), now=now)
    return quarters
