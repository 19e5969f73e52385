"""Troubles: cameras, nodes, lines and the broker that give no sign, each an alert of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables beside the alerts."""
    op.create_table(
        "troubles",
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("node_id", sa.Uuid(), nullable=True),
        sa.Column("area_id", sa.Uuid(), nullable=True),
        sa.Column("boot_id", sa.Uuid(), nullable=True),
        sa.Column("over_utc_us", sa.BigInteger(), nullable=True),
        sa.Column("over_error_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_troubles_alert_id"),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name="fk_troubles_node_id"),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name="fk_troubles_area_id"),
        sa.PrimaryKeyConstraint("alert_id", name="pk_troubles"),
    )
    op.create_index("ix_troubles_over_utc_us", "troubles", ["over_utc_us"])
    op.create_table(
        "trouble_cameras",
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sa.Uuid(), nullable=False),
        sa.Column("is_dark", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_trouble_cameras_alert_id"),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name="fk_trouble_cameras_camera_id"),
        sa.PrimaryKeyConstraint("alert_id", "camera_id", name="pk_trouble_cameras"),
    )
    op.create_index("ix_trouble_cameras_camera_id", "trouble_cameras", ["camera_id"])
