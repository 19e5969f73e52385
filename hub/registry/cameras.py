"""Facts of one camera: position, sound, whether its node is online."""

from uuid import UUID

from sqlalchemy import Connection, select

from hub.base.moment import Moment
from hub.registry.condition_queries import IS_HEARD, condition_values
from hub.registry.tables import cameras, nodes


def whereabouts(conn: Connection, camera_id: UUID) -> tuple[float | None, float | None]:
    """Latitude and longitude of a camera in degrees, if recorded."""
    query = select(cameras.c.latitude_deg, cameras.c.longitude_deg)
    row = conn.execute(query.where(cameras.c.id == camera_id)).one()
    return row.latitude_deg, row.longitude_deg


def sound_reason(conn: Connection, camera_id: UUID) -> str | None:
    """Reason for a camera's sound recording; None: no sound is recorded."""
    return conn.scalar(select(cameras.c.sound).where(cameras.c.id == camera_id))


def is_node_here(conn: Connection, camera_id: UUID, now: Moment) -> bool:
    """Whether the node of a camera is online and not silent."""
    query = select(IS_HEARD).select_from(nodes).join(cameras, cameras.c.node_id == nodes.c.id)
    return bool(conn.scalar(query.where(cameras.c.id == camera_id), condition_values(now)))
