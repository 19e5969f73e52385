"""The tables of nodes' events, of their ids, and of gaps in their numbers."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from hub.base.db.columns import key, link, metadata, moment

events = Table(
    "events",
    metadata,
    key(),  # the event id of the message
    link("node_id", "nodes"),
    Column("spool_id", Uuid, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("boot_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    link("camera_id", "cameras", nullable=True),
    Column("sighting_id", Uuid, index=True),  # its sighting or tampering, stored or not
    *moment("happened"),  # node time; if not verified: time of receipt minus age
    Column("clock_source", Text, nullable=False),
    Column("age_ms", BigInteger),
    Column("uptime_ms", BigInteger),  # of its boot, at the event
    *moment("received"),
    Column("body", Text, nullable=False),  # the body of the message, JSON
    Column("fate", Text, nullable=False),  # a hub.intake.filing.event.Fate
    Column("fate_reason", Text, nullable=False),
    UniqueConstraint("node_id", "spool_id", "seq"),
    Index("ix_events_node_id_boot_id", "node_id", "boot_id"),
)


event_ids = Table(
    "event_ids",
    metadata,
    key(),  # of events, also of one whose row is gone; PostgreSQL alone
    Column("node_id", Uuid, nullable=False),
    Column("spool_id", Uuid, nullable=False),
    Column("seq", BigInteger, nullable=False),
    UniqueConstraint("node_id", "spool_id", "seq"),
)


dropped_numbers = Table(
    "dropped_numbers",
    metadata,
    key(),
    link("node_id", "nodes"),
    Column("spool_id", Uuid, nullable=False),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    *moment("said"),
)


boot_clocks = Table(
    "boot_clocks",
    metadata,
    Column("node_id", Uuid, ForeignKey("nodes.id"), primary_key=True),
    Column("boot_id", Uuid, primary_key=True),
    Column("uptime_ms", BigInteger, nullable=False),
    *moment("said"),  # the first verified time of the boot
)


missing_numbers = Table(
    "missing_numbers",
    metadata,
    Column("node_id", Uuid, ForeignKey("nodes.id"), primary_key=True),
    Column("spool_id", Uuid, primary_key=True),
    Column("first_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("asks", Integer, nullable=False),
    *moment("noticed"),
    *moment("due", nullable=True),  # null: the limit of requests is reached
    Index("ix_missing_numbers_due_utc_us", "due_utc_us"),
)
