"""The table of the map's background in the media store."""

from sqlalchemy import BigInteger, Column, Connection, Float, Integer, Table, Text, select

from hub.base.db.columns import metadata

# One row, of hubs with a bucket; none before the background was first set there.
map_ground = Table(
    "map_ground",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),  # tiles, plan; empty: none
    Column("media_type", Text, nullable=False),
    Column("sha256", Text),  # of the file in the media store
    Column("size_bytes", BigInteger),
    # Of a plan, in degrees, north up.
    Column("west_deg", Float),
    Column("north_deg", Float),
    Column("east_deg", Float),
    Column("south_deg", Float),
)


def is_ground(conn: Connection, sha256: str) -> bool:
    """True if the background is this file."""
    return conn.scalar(select(map_ground.c.id).where(map_ground.c.sha256 == sha256)) is not None
