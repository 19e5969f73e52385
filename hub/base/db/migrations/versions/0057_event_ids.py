"""Ids and numbers of events in a table of their own, for PostgreSQL."""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """On PostgreSQL with those of all stored events; on SQLite the table stays empty."""
    op.create_table(
        "event_ids",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("node_id", sa.Uuid(), nullable=False),
        sa.Column("spool_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event_ids"),
        sa.UniqueConstraint("node_id", "spool_id", "seq", name="uq_event_ids_node_id_spool_id_seq"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "INSERT INTO event_ids (id, node_id, spool_id, seq)"
            " SELECT id, node_id, spool_id, seq FROM events"
        )
