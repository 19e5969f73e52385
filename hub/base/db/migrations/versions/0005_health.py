"""How each node is, and how it was."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The last state of each node, and a sample of those before."""
    op.create_table(
        "node_health",
        sa.Column("node_id", sa.Uuid(), nullable=False),
        sa.Column("received_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("received_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name="fk_node_health_node_id"),
        sa.PrimaryKeyConstraint("node_id", name="pk_node_health"),
    )
    op.create_table(
        "health_history",
        sa.Column("node_id", sa.Uuid(), nullable=False),
        sa.Column("received_utc_us", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("received_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name="fk_health_history_node_id"),
        sa.PrimaryKeyConstraint("node_id", "received_utc_us", name="pk_health_history"),
    )
