"""Zones and lines of cameras, with their labels for people."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty: each node reports its zones when it connects."""
    op.create_table(
        "camera_zones",
        sa.Column("camera_id", sa.Uuid(), sa.ForeignKey("cameras.id"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("camera_id", "name", name="pk_camera_zones"),
    )
