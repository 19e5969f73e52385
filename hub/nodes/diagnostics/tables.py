"""Table of diagnosis files requested from nodes."""

from sqlalchemy import Column, Index, LargeBinary, Table, Text, Uuid

from hub.base.db.columns import key, link, metadata, moment

diagnoses = Table(
    "diagnoses",
    metadata,
    key(),
    link("node_id", "nodes"),
    Column("command_id", Uuid, nullable=False, unique=True),
    link("asked_by", "people"),
    Column("state", Text, nullable=False),  # of hub.nodes.uploaded_answer.AnswerState
    Column("reason", Text, nullable=False),  # the node's reason for sending none
    Column("content", LargeBinary),  # a zip file; null: not received, or deleted
    *moment("asked"),
    *moment("until"),  # deadline for a node that is away
    *moment("sent", nullable=True),
    *moment("ended", nullable=True),
    Index("ix_diagnoses_node_id", "node_id", "id"),
    Index("ix_diagnoses_state", "state", "sent_utc_us"),
)
