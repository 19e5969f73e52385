"""The table of the progress of calls."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Uuid

from hub.base.db.columns import metadata, moment

escalations = Table(
    "escalations",
    metadata,
    Column("alert_id", Uuid, ForeignKey("alerts.id"), primary_key=True),
    Column("number", Integer, nullable=False),  # of the last call made, counting all repetitions
    Column("wait_s", Integer),  # from that call to the next
    *moment("due", nullable=True),  # of the next call; null: none
    Index("ix_escalations_due_utc_us", "due_utc_us"),
)
