"""Holds as nodes were told of them, and nodes that record nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table beside the holds, and what a node says of its recording."""
    op.create_table(
        "node_holds",
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sa.Uuid(), nullable=False),
        sa.Column("command_id", sa.Uuid(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("is_release", sa.Boolean(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=True),
        sa.Column("sent_utc_us", sa.BigInteger(), nullable=False),
        sa.Column("sent_error_ms", sa.BigInteger(), nullable=True),
        sa.Column("answered_utc_us", sa.BigInteger(), nullable=True),
        sa.Column("answered_error_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["hold_id"], ["holds.id"], name="fk_node_holds_hold_id"),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name="fk_node_holds_camera_id"),
        sa.PrimaryKeyConstraint("hold_id", name="pk_node_holds"),
        sa.UniqueConstraint("command_id", name="uq_node_holds_command_id"),
    )
    op.add_column("nodes", sa.Column("unrecorded_why", sa.Text(), nullable=True))
    op.add_column("nodes", sa.Column("unrecorded_utc_us", sa.BigInteger(), nullable=True))
    op.add_column("nodes", sa.Column("unrecorded_error_ms", sa.BigInteger(), nullable=True))
