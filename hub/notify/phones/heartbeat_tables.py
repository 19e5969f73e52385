"""Table of the daily phone checks; like `hub.base.db.columns`, the same on both databases."""

from sqlalchemy import Column, Index, Integer, Table, Text, UniqueConstraint

from hub.base.db.columns import key, link, metadata, moment

phone_checks = Table(
    "phone_checks",
    metadata,
    key(),
    link("phone_id", "phones"),
    Column("day", Text, nullable=False),  # ISO, local time
    Column("state", Text, nullable=False),  # owed, sent, failed
    Column("reason", Text, nullable=False),  # of the last failed attempt
    Column("attempts", Integer, nullable=False),
    *moment("asked"),
    *moment("due"),
    *moment("lease_until", nullable=True),
    *moment("answer_by"),
    UniqueConstraint("phone_id", "day"),
    Index("ix_phone_checks_state_due", "state", "due_utc_us"),
)
