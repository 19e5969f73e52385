"""The table of the log."""

from sqlalchemy import BigInteger, Column, Index, Table, Text, Uuid

from hub.base.db.columns import key, link, metadata, moment

audit = Table(
    "audit",
    metadata,
    key(),
    link("person_id", "people", nullable=True, index=True),
    link("node_id", "nodes", nullable=True),
    Column("act", Text, nullable=False),
    Column("object_kind", Text, nullable=False),
    Column("object_id", Uuid),
    Column("detail", Text, nullable=False),
    Column("came_from", Text, nullable=False),  # network address of the person
    *moment("at"),
    # Its number in the log, and the hash that links it to the line before (hub.base.hash_chain).
    Column("seq", BigInteger),
    Column("hash", Text),
    Column("data", Text),  # JSON: further fields of the act; null: none
    Index("ix_audit_at_utc_us", "at_utc_us"),
    Index("ix_audit_seq", "seq", unique=True),
)
