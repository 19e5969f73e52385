"""The tables of retention rules and holds."""

from sqlalchemy import Boolean, Column, ForeignKey, Integer, Table, Text, Uuid

from hub.base.db.columns import key, link, metadata, moment

retention_rules = Table(
    "retention_rules",
    metadata,
    key(),
    link("area_id", "areas", nullable=True),  # null: all areas without a rule
    Column("footage_class", Text, nullable=False),  # sighting, alert
    Column("keep_days", Integer),  # null: forever
    Column("reason", Text, nullable=False),
    *moment("made"),
    *moment("ended", nullable=True),
)


holds = Table(
    "holds",
    metadata,
    key(),
    Column("case_number", Text, nullable=False, index=True),
    link("media_id", "media", nullable=True),  # one of the three
    link("alert_id", "alerts", nullable=True),
    link("camera_id", "cameras", nullable=True),
    *moment("from", nullable=True),  # of a camera's footage
    *moment("until", nullable=True),
    Column("reason", Text, nullable=False),
    link("placed_by", "people", nullable=True),  # null: the keeper's shell
    *moment("placed"),
    link("ended_by", "people", nullable=True),
    Column("end_reason", Text),
    *moment("ended", nullable=True),
)


node_holds = Table(
    "node_holds",
    metadata,
    Column("hold_id", Uuid, ForeignKey("holds.id"), primary_key=True),
    link("camera_id", "cameras"),
    Column("command_id", Uuid, nullable=False, unique=True),  # of the message; new at each change
    Column("said", Text, nullable=False),  # content of the message, JSON
    Column("is_release", Boolean, nullable=False),
    Column("files", Integer),  # number of files under hold, as the node reports
    *moment("sent"),  # when it was last sent or checked
    *moment("answered", nullable=True),
)
