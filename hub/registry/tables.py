"""The tables of areas, nodes and cameras, of nodes' health reports, and of messages of nodes that
the hub set aside."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from hub.base.db.columns import key, link, metadata, moment

areas = Table(
    "areas",
    metadata,
    key(),
    link("parent_id", "areas", nullable=True, index=True),
    Column("level", Text, nullable=False),  # province, quarter, street, junction …: free text
    Column("name", Text, nullable=False),
    Column("name_folded", Text, nullable=False, index=True),  # without diacritics, lower case
    *moment("valid_from"),
    *moment("valid_until", nullable=True),
)


nodes = Table(
    "nodes",
    metadata,
    key(),
    Column("name", Text, nullable=False, unique=True),
    link("area_id", "areas"),
    Column("state", Text, nullable=False),  # never, online, offline
    Column("birth_id", Uuid),
    Column("boot_id", Uuid),
    Column("spool_id", Uuid),
    Column("software", Text),
    *moment("state_since"),
    *moment("seen", nullable=True),
    *moment("rival", nullable=True),  # when two computers last used this name
    Column("delayed_messages", Integer),  # by its rate limit, since it was last within it
    *moment("delayed", nullable=True),  # when the last of them came
    *moment("held_back", nullable=True),  # when an upload last waited: above its share of the disk
    Column("unrecorded_why", Text),  # held, room, folder: reason for no recording, if so
    *moment("unrecorded", nullable=True),
    *moment("revoked", nullable=True),  # when its access was withdrawn
    Column("revoked_why", Text),
)


cameras = Table(
    "cameras",
    metadata,
    key(),
    link("node_id", "nodes"),
    Column("name", Text, nullable=False),  # the node's name for it
    Column("label", Text, nullable=False),  # the name for people
    link("area_id", "areas", index=True),
    Column("latitude_deg", Float),
    Column("longitude_deg", Float),
    Column("bearing_deg", Float),  # viewing direction, 0 to 360, clockwise from north
    Column("codec", Text),
    Column("width", Integer),
    Column("height", Integer),
    Column("frames_per_s", Float),
    Column("sound", Text),  # reason for sound recording; null: no sound
    Column("is_lost", Boolean, nullable=False),
    Column("lost_reason", Text),
    *moment("state_since"),
    Column("kept_label", Text),  # set by the keeper: then no birth message changes the label
    UniqueConstraint("node_id", "name"),
)


camera_zones = Table(
    "camera_zones",
    metadata,
    Column("camera_id", Uuid, ForeignKey("cameras.id"), primary_key=True),
    Column("name", Text, primary_key=True),  # of a zone or line, in the node's settings
    Column("label", Text, nullable=False),  # the name for people; empty: none
)  # Those that are gone stay: old alerts and rules name them.


node_health = Table(
    "node_health",
    metadata,
    Column("node_id", Uuid, ForeignKey("nodes.id"), primary_key=True),
    *moment("received"),
    Column("body", Text, nullable=False),  # the last Health message, JSON
)


health_history = Table(
    "health_history",
    metadata,
    Column("node_id", Uuid, ForeignKey("nodes.id"), primary_key=True),
    Column("received_utc_us", BigInteger, primary_key=True, autoincrement=False),
    Column("received_error_ms", BigInteger),
    Column("body", Text, nullable=False),
)


set_aside = Table(
    "set_aside",
    metadata,
    key(),
    Column("topic", Text, nullable=False),
    Column("node_name", Text),
    Column("event_id", Uuid),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),  # the first 64 KiB
    *moment("received"),
    Index("ix_set_aside_node_name_received_utc_us", "node_name", "received_utc_us"),
)
